# SPDX-License-Identifier: MIT
#
# Sourced by bench.sh: what versions of a model take together after gc, and how
# long the newest and the oldest take to come back. A series is made of files of
# a sixteenth of SIZE; DELTA_STEPS says how many steps it has (10), FAMILY is a
# folder with real checkpoints, whose rows are left out without it.
DELTA_STEPS=${DELTA_STEPS:-10} SPARSE_STEPS=$((2 * ${DELTA_STEPS:-10} + 1))
small=$((bytes / 16))

# series <repository> <verb> <steps>: a commit each; the numbers are the branches
series () {
	new_repo "$1" model
	mv-test safetensors start bf16 $small 11 || die "no data"
	for k in $(seq "$3")
	do
		mv-test "$2" start "$1/m.dat" "$k" 12 &&
			git -C "$1" add m.dat >>hyperfine.log 2>&1 &&
			commit_as "$1" "$k" || die "no series"
	done
	rm -f start
}

# gc_of <repository> [<option>]: and the bytes that the store takes then
gc_of () {
	git -C "$1" model gc $2 >>hyperfine.log 2>&1 || die "cannot gc $1"
	stored "$1"
}

# part <measure> <limit in percent> <bytes> <of bytes>
part () {
	met=no
	is "$3 <= $2 / 100 * $4" && met=yes
	row "$1" "<= $2 %" "$(calc "100 * $3 / $4" | sed 's/..$//') %" $met
}

echo "versions of a model"
series tuned tune "$DELTA_STEPS"
sum=$((DELTA_STEPS * $(stat -c %s tuned/m.dat)))
before=$(stored tuned)
cp -al tuned/.git tuned.git
timed gc-deltas 1 sync git -C tuned model gc
part "$DELTA_STEPS bf16 fine-tune steps after gc" 27 "$(stored tuned)" $sum
row "the same before gc" - "$(calc "100 * $before / $sum" | sed 's/..$//') %" -
row "gc that makes them: MB/s, $(nproc) cores" ">= 250 each" \
	"$(calc "$sum / 1000000 / $(med gc-deltas)" | sed 's/..$//')" -
timed gc-again "$RUNS" sync git -C tuned model gc
row "gc that finds nothing new" - "$(ms "$(med gc-again)")" -
last=$DELTA_STEPS
timed small-cp "$RUNS" "$step remove . copy" cp tuned/m.dat copy
rm -f copy
timed newest "$RUNS" "$step switch tuned $((last - 1))" \
	git -C tuned switch -q "$last"
timed oldest "$RUNS" "$step switch tuned $((last - 1))" \
	git -C tuned switch -q 1
ratio "git switch to the newest of them, of cp" newest '<=' 1.3 small-cp
ratio "git switch to the oldest of them, of cp" oldest '<=' 4 small-cp
rm -rf tuned/.git && cp -al tuned.git tuned/.git
peaks gc-deltas git -C tuned model gc
rm -rf tuned/.git && mv tuned.git tuned/.git
peaks gc-aggressive git -C tuned model gc --aggressive
part "$DELTA_STEPS bf16 fine-tune steps after gc --aggressive" 24 \
	"$(stored tuned)" $sum
rm -rf tuned

series sparse few "$SPARSE_STEPS"
each=$(stat -c %s sparse/m.dat)
after=$(gc_of sparse)
rm -rf alone && new_repo alone model && cp sparse/m.dat alone &&
	git -C alone add m.dat >>hyperfine.log 2>&1 || die "cannot add"
part "$((SPARSE_STEPS - 1)) sparse steps after gc, each of a whole" 4 \
	$(((after - $(stored alone)) / (SPARSE_STEPS - 1))) $each
rm -rf sparse alone

# pair <measure> <limit> <file> <file>: two versions of one path
pair () {
	test -n "$FAMILY" && test -f "$FAMILY/$3" || return 0
	new_repo pair model
	for file in "$3" "$4"
	do
		cp -f "$FAMILY/$file" pair/m.dat && chmod u+w pair/m.dat &&
			git -C pair add m.dat >>hyperfine.log 2>&1 &&
			git -C pair commit -q -m "$file" || die "no pair"
	done
	part "$1" "$2" "$(gc_of pair)" \
		$(($(stat -Lc %s "$FAMILY/$3") + $(stat -Lc %s "$FAMILY/$4")))
	rm -rf pair
}
pair "a bf16 base and its fine-tune after gc" 50 \
	base-final-bf16.safetensors ft-kjv-lr2e-5-bf16.safetensors
pair "two fp32 checkpoints after gc" 74 \
	base-ckpt5-step1600.safetensors base-ckpt6-step1800.safetensors
