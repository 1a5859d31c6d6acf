#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `make bench` calls this: git-model beside git-lfs, plain git, cp and
# openssl, measured by hyperfine in one run on this machine; medians, and
# the ratios of medians, beside what they must reach. Figures of different
# runs or machines do not compare; ratios nearly do.
#
#	SIZE=1g FILES=20000 RUNS=5 B=build tests/bench/bench.sh
#	COMMITS=10000 ARTIFACTS=1000 NOTES=100000, too (evidence.sh)
#	TAGS=20000 (gate.sh), PEERS='borg restic casync' (peers.sh)
#	DELTA_STEPS=10, FAMILY=folder (deltas.sh)
#
# SIZE is that of the large file, FILES the number of small ones, RUNS how
# often each command runs (the slow ones less often). Ten times SIZE must
# fit on the disk. All is done in $BENCH/work (build/bench/work), with a HOME
# of its own, and removed in the end; result.txt and result.json beside it
# stay.
SIZE=${SIZE:-1g} FILES=${FILES:-20000} RUNS=${RUNS:-5}
SLOW=$((RUNS < 3 ? RUNS : 3)) FAST=$((RUNS * 4))
HERE=$(cd "$(dirname "$0")" && pwd) || exit 1
TOP=$(cd "$HERE/../.." && pwd) || exit 1
B=$(cd "$TOP" && cd "${B:-build}" && pwd) || exit 1
OUT=${BENCH:-$B/bench}

die () {
	echo "bench: $*" >&2
	exit 1
}

for tool in git git-lfs hyperfine openssl perl python3 ssh-keygen "${CC:=gcc}"
do
	command -v "$tool" >/dev/null || die "$tool is missing: make deps"
done
test -x "$B/git-model" && test -x "$B/mv-test" || die "not built: make bench"

mkdir -p "$OUT" && OUT=$(cd "$OUT" && pwd) && W=$OUT/work || exit 1
unset $(env | sed -n 's/^\(GIT_[A-Z0-9_]*\)=.*/\1/p')
HOME=$W/home XDG_CONFIG_HOME=$W/home/.config TMPDIR=$W/tmp PATH=$B:$PATH
LC_ALL=C TZ=UTC GIT_CONFIG_NOSYSTEM=1
GIT_AUTHOR_NAME=bench GIT_AUTHOR_EMAIL=bench@example.com
GIT_COMMITTER_NAME=bench GIT_COMMITTER_EMAIL=bench@example.com
export HOME XDG_CONFIG_HOME TMPDIR PATH LC_ALL TZ GIT_CONFIG_NOSYSTEM
export GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL

clean_up () {
	cd "$TOP" && rm -rf "$W"
}
clean_up && rm -f "$OUT"/result.*
trap clean_up EXIT
trap 'exit 130' INT TERM
mkdir -p "$HOME/template" "$TMPDIR" "$W/time" && cd "$W" || exit 1
$CC -O2 -std=c11 -D_GNU_SOURCE -o peaks "$HERE/peaks.c" || die "no peaks"
git config --global init.defaultBranch main
git config --global init.templateDir "$HOME/template"
git config --global gc.auto 0
git config --global maintenance.auto false
git config --global advice.detachedHead false
git config --global core.safecrlf false
step="sh $HERE/step.sh"

# -- measuring --------------------------------------------------------------

ms () {
	awk -v s="$1" 'BEGIN { printf s < 0.1 ? "%.1f ms" : "%.3f s",
		s < 0.1 ? s * 1000 : s }'
}
med () {
	awk -F , 'END { print $4 }' "$W/time/$1.csv"
}

# timed <name> <runs> <prepare> <command>...: each word of it is one word
timed () {
	name=$1 runs=$2 prepare=$3 && shift 3
	hyperfine -N --style basic -r "$runs" -p "$prepare" -n "$name" \
		--export-csv "time/$name.csv" "$*" >>hyperfine.log 2>&1 || {
		tail -n 20 hyperfine.log >&2
		die "cannot measure $name: $*"
	}
	printf '  %-22s %10s  %s\n' "$name" "$(ms "$(med "$name")")" "$*"
}

# The same of what needs a shell, whose own time hyperfine takes off.
timed_in_shell () {
	name=$1 runs=$2 && shift 2
	hyperfine -w 3 --style basic -r "$runs" -n "$name" \
		--export-csv "time/$name.csv" "$*" >>hyperfine.log 2>&1 ||
		die "cannot measure $name: $*"
	printf '  %-22s %10s  %s\n' "$name" "$(ms "$(med "$name")")" "$*"
}

# Peaks of all processes are gathered by step: "step KiB name".
peaks () {
	name=$1 && shift
	./peaks peaks.out "$@" >>hyperfine.log 2>&1 ||
		die "cannot run for its memory: $*"
	sed "s/^/$name /" peaks.out >>peaks.all
}

calc () {
	awk "BEGIN { printf \"%.4f\", $* }"
}
is () {
	awk "BEGIN { exit !($*) }"
}

# row <measure> <must reach> <measured> <yes | no | ->
row () {
	printf '%s\t%s\t%s\t%s\n' "$@" >>rows
}

# ratio <measure> <name> <'<=' | '>='> <factor> <of which name>
ratio () {
	value=$(calc "$(med "$2") / $(med "$5")") met=no
	is "$value $3 $4" && met=yes
	row "$1" "$3 $4 x" "$(printf '%.2f x (%s : %s)' "$value" \
		"$(ms "$(med "$2")")" "$(ms "$(med "$5")")")" $met
}

# share <measure> <file> <stored bytes> <limit of stored / raw>
share () {
	raw=$(stat -c %s "$2") met=no
	is "$3 / $raw <= $4" && met=yes
	row "$1" "<= $(calc "100 * $4" | sed 's/..$//') %" "$(awk \
		-v s="$3" -v r="$raw" -v e="$(mv-test entropy "$2")" 'BEGIN {
		printf "%.2f %%, entropy %.2f %%", 100 * s / r, 100 * e }')" \
		$met
}

# Every byte that the repository's store takes on the disk.
stored () {
	find "$1/.git/model" -type f -printf '%s\n' |
		awk '{ n += $1 } END { printf "%.0f", n }'
}

# -- repositories ------------------------------------------------------------

new_repo () {
	git init -q "$1" || exit 1
	case "$2" in
	model)
		(cd "$1" && git model install --local) >>hyperfine.log 2>&1 ||
			die "cannot install in $1" ;;
	lfs)
		(cd "$1" && git lfs install --local) >>hyperfine.log 2>&1 ||
			die "cannot install git-lfs in $1" ;;
	esac
	case "$2" in
	model | lfs)
		echo "*.dat filter=$2 diff=$2 merge=$2 -text" ;;
	*)
		echo '*.dat -text -diff' ;;
	esac >"$1/.gitattributes"
	git -C "$1" add .gitattributes &&
	git -C "$1" commit -q -m attributes || exit 1
}
commit_as () {
	git -C "$1" commit -q -m "$2" && git -C "$1" branch -f "$2" ||
		die "cannot commit in $1"
}

echo "bench: $SIZE, $FILES files, $RUNS runs; in $W"
for repo in model lfs plain
do
	new_repo $repo $repo
done
mv-test safetensors v1 bf16 "$SIZE" 1 || die "no data"
bytes=$(stat -c %s v1)
mid=$((bytes / 2)) changed=$((bytes / 100))
cp v1 v2 && mv-test edit v2 $mid $changed 2 || die "no data"

echo "a new file"
for repo in model lfs plain
do
	cp v1 $repo/m.dat && $step save $repo new
done
timed cp "$RUNS" "$step remove . copy" cp v1 copy
timed openssl "$RUNS" sync openssl dgst -sha256 v1
timed model-add "$RUNS" "$step restore model new" git -C model model add m.dat
timed filter-add "$RUNS" "$step restore model new" git -C model add m.dat
timed lfs-add "$RUNS" "$step restore lfs new" git -C lfs add m.dat
timed plain-add 1 "$step restore plain new" git -C plain add m.dat
rm -f copy
$step restore model new
peaks model-add git -C model model add m.dat
one=$(stored model)
$step restore model new
peaks filter-add git -C model add m.dat
$step restore lfs new
peaks lfs-add git -C lfs add m.dat
what="new $SIZE bf16:"
ratio "$what git model add, of openssl" model-add '<=' 1.35 openssl
ratio "$what plain git add, of openssl" filter-add '<=' 1.5 openssl
ratio "$what git-lfs add, of git model add" lfs-add '>=' 4.5 model-add
ratio "$what git-lfs add, of git add" lfs-add '>=' 4 filter-add
row "$what plain git add, of git model add" - "$(calc "$(med plain-add) / \
	$(med model-add)" | sed 's/..$//') x ($(ms "$(med plain-add)"))" -

echo "1 % changed in the middle"
for repo in model lfs plain
do
	commit_as $repo v1
	$step save $repo v1
	cp v2 $repo/m.dat
done
timed model-readd "$RUNS" "$step restore model v1" \
	git -C model model add m.dat
timed filter-readd "$RUNS" "$step restore model v1" git -C model add m.dat
timed lfs-readd "$SLOW" "$step restore lfs v1" git -C lfs add m.dat
$step restore model v1
before=$(stored model)
peaks model-readd git -C model model add m.dat
ratio "1 % changed: git model add, of openssl" model-readd '<=' 1.1 openssl
new=$(($(stored model) - before)) met=no
limit=$((changed * 13 / 10 + 262144))
test $new -le $limit && met=yes
row "1 % changed: new bytes" "<= $limit" "$new, $changed changed" $met

echo "to another version"
$step restore lfs v1
git -C lfs add m.dat
git -C plain -c core.compression=0 add m.dat
for repo in model lfs plain
do
	commit_as $repo v2
	git -C $repo switch -q v1 || die "cannot switch in $repo"
done
timed cp-again "$RUNS" "$step remove . copy" cp v1 copy
timed model-switch "$RUNS" "$step switch model v1" git -C model switch -q v2
cmp v2 model/m.dat || die "git switch did not bring the right bytes"
timed model-checkout "$RUNS" "$step switch model v1" \
	git -C model checkout -q v2
timed lfs-switch "$RUNS" "$step switch lfs v1" git -C lfs switch -q v2
cmp v2 lfs/m.dat || die "git-lfs did not bring the right bytes"
rm -f copy
$step switch model v1
peaks model-switch git -C model switch -q v2
$step switch lfs v1
peaks lfs-switch git -C lfs switch -q v2
ratio "git switch to another version, of cp" model-switch '<=' 1.3 cp-again
ratio "git checkout of another version, of cp" model-checkout '<=' 1.3 \
	cp-again
ratio "git-lfs switch, of git switch" lfs-switch '>=' 8 model-switch

echo "git status"
# Without filters git would read a file that is as young as its index.
git -C plain switch -q v2 && touch -d yesterday plain/m.dat &&
git -C plain status >>hyperfine.log || die "no status in plain"
timed plain-status "$FAST" "git -C plain status" git -C plain status
timed status-unchanged "$FAST" "git -C model status" git -C model status
timed lfs-status-unchanged "$FAST" "git -C lfs status" git -C lfs status
# From v1 to v2 and back: so that each run comes right after a switch.
timed status-after "$RUNS" "sh $HERE/there-and-back.sh model" \
	git -C model status
timed lfs-status-after "$SLOW" "sh $HERE/there-and-back.sh lfs" \
	git -C lfs status
for name in after unchanged
do
	test $name = after && what="right after a switch" ||
		what="of an unchanged file"
	name=status-$name
	more=$(calc "1000 * ($(med $name) - $(med plain-status))") met=no
	is "$more <= 20" && met=yes
	row "git status $what, beyond plain git" "<= 20 ms" \
		"$(printf '%.1f ms (%s : %s)' "$more" "$(ms "$(med $name)")" \
		"$(ms "$(med plain-status)")")" $met
done
row "git-lfs status right after, unchanged" - \
	"$(ms "$(med lfs-status-after)"), $(ms "$(med lfs-status-unchanged)")" -
# No filter is even started; a touched file shows that we would see it.
asked=
for when in after unchanged touched
do
	case $when in
	after) sh "$HERE/there-and-back.sh" model ;;
	# What was written in the second of the look may be read once more.
	unchanged) sleep 1.1; git -C model status >/dev/null ;;
	touched) touch model/m.dat ;;
	esac
	n=$(GIT_TRACE=1 git -C model status 2>&1 |
		grep -c 'run_command:.*filter-process')
	asked="$asked$n"
done
met=no
case $asked in 001|101) met=yes ;; esac
# A file of the last second may be read once more; one that is so large that
# waiting is shorter was waited for by the switch.
row "filters started by status: after, unchanged, touched" "<= 1, 0, 1" \
	"$(echo $asked | sed 's/./&, /g; s/, $//')" $met
peaks status git -C model status
rm -rf model model.* lfs lfs.* plain plain.*
. "$HERE/peers.sh"
rm -f v2

# one <file> <type>: what it takes in a repository of its own
one () {
	new_repo one model
	cp "$1" one/m.dat
	git -C one model add m.dat >>hyperfine.log 2>&1 || die "cannot add $1"
	stored one
}

echo "stored / raw"
share "stored / raw: bf16" v1 "$one" 0.663
rm -f v1
sh "$HERE/data.sh" q8 q8 $((bytes / 4))
share "stored / raw: Q8_0" q8 "$(one q8)" 1.001
rm -rf one q8
mv-test random "$SIZE" 4 >random
share "stored / raw: random" random "$(one random)" 1.001

echo "100 bytes inserted near the front, no known format"
before=$(stored one)
mv-test insert one/m.dat 1000 100 5
peaks insert git -C one model add m.dat
new=$(($(stored one) - before)) met=no
test $new -le 524288 && met=yes
row "100 bytes inserted: new bytes" "<= 524288" "$new" $met
rm -rf one random
. "$HERE/models.sh"
. "$HERE/deltas.sh"

echo "$FILES small files"
sh "$HERE/data.sh" small many "$FILES" || die "no small files"
for repo in model lfs plain
do
	new_repo $repo $repo
	git -C $repo branch none
	cp -a many $repo/many && $step save $repo new
done
timed model-add-many "$RUNS" "$step restore model new" \
	git -C model model add many
timed filter-add-many "$RUNS" "$step restore model new" \
	git -C model add many
timed lfs-add-many "$SLOW" "$step restore lfs new" git -C lfs add many
timed plain-add-many "$RUNS" "$step restore plain new" git -C plain add many
$step restore model new
peaks model-add-many git -C model model add many
$step restore model new
peaks filter-add-many git -C model add many
for repo in model lfs plain
do
	commit_as $repo all
	timed $repo-checkout-many \
		"$(test $repo = lfs && echo "$SLOW" || echo "$RUNS")" \
		"$step switch $repo none" git -C $repo checkout -q all
	diff -r many $repo/many >>hyperfine.log ||
		die "$repo did not bring the right files"
done
$step switch model none
peaks model-checkout-many git -C model checkout -q all
what="$FILES small files:"
ratio "$what git model add, of plain git" model-add-many '<=' 1 \
	plain-add-many
ratio "$what git checkout, of plain git" model-checkout-many '<=' 1 \
	plain-checkout-many
ratio "$what git-lfs add, of git model add" lfs-add-many '>=' 5 \
	model-add-many
ratio "$what git-lfs checkout, of git checkout" lfs-checkout-many '>=' 5 \
	model-checkout-many
row "$what git add, of plain git" - "$(calc "$(med filter-add-many) / \
	$(med plain-add-many)" | sed 's/..$//') x" -
rm -rf model model.* lfs lfs.* plain plain.* many

echo "start-up"
{
	printf '0016git-filter-client\n000eversion=2\n0000'
	printf '0015capability=clean\n0016capability=smudge\n0000'
} >handshake
new_repo model model
timed_in_shell handshake $((FAST * 5)) \
	"git -C model model filter-process <handshake"
timed_in_shell lfs-handshake $((FAST * 5)) \
	"git -C model lfs filter-process <handshake"
timed version $((FAST * 5)) true git model version
timed git-version $((FAST * 5)) true git version
# started <what> <name> <ms>
started () {
	met=no
	is "$(med "$2") <= $3 / 1000" && met=yes
	row "start-up: $1" "<= $3 ms" "$(ms "$(med "$2")")" $met
}
started "filter handshake" handshake 5
started "git model version" version 3
row "git-lfs handshake; git version alone" - \
	"$(ms "$(med lfs-handshake)"); $(ms "$(med git-version)")" -

. "$HERE/evidence.sh"
. "$HERE/gate.sh"

# -- memory: the largest process of each step ---------------------------------

limit=$((128 + 8 * $(nproc)))
for name in model-add filter-add model-readd model-switch status insert \
	diff-tensors gc-deltas gc-aggressive model-add-many filter-add-many \
	model-checkout-many lfs-add lfs-switch
do
	row "$(sort -k 2nr peaks.all | awk -v step=$name -v limit=$limit '
		$1 != step { next }
		{
			kib = $2
			$1 = $2 = ""
			sub(/^ +/, "")
			if (seen[$0]++)
				next
			if (kib > most)
				most = kib
			if (n++ < 3)
				text = text (n > 1 ? ", " : "") \
					sprintf("%s %.0f MiB", $0, kib / 1024)
		}
		END {
			lfs = step ~ /^lfs/
			printf "peak memory: %s\t%s\t%s\t%s", step,
				lfs ? "-" : "<= " limit " MiB", text,
				lfs ? "-" : most <= limit * 1024 ? "yes" : "no"
		}')"
done

# -- the table ------------------------------------------------------------------

version () {
	"$@" 2>&1 | head -n 1 | tr -d '"\\'
}
sed -i '/^\t*$/d' rows
{
	printf '\n%s; %s; %s; %s; %s processors, %s\n\n' \
		"$(version git model version)" "$(version git --version)" \
		"$(version git lfs version)" "$(version openssl version)" \
		"$(nproc)" "$(sed -n 's/^model name.*: //p' /proc/cpuinfo |
		head -n 1)"
	awk -F '\t' '
		function line(a, b, c, d) {
			printf "%-58s %-12s %-4s %s\n", a, b, d, c
		}
		BEGIN { line("measure", "must reach", "measured", "met") }
		{ line($1, $2, $3, $4); n[$4]++ }
		END { printf "\n%d met, %d not met\n",
			n["yes"], n["no"] }' rows
} >"$OUT/result.txt"
{
	printf '{\n"date": "%s",\n"size": %s, "files": %s, "runs": %s,\n' \
		"$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$bytes" "$FILES" "$RUNS"
	printf '"processors": %s,\n"versions": ["%s", "%s", "%s", "%s"],\n' \
		"$(nproc)" "$(version git model version)" \
		"$(version git --version)" "$(version git lfs version)" \
		"$(version openssl version)"
	echo '"seconds": {'
	awk -F , 'FNR == 2 {
		printf "%s\"%s\": {\"median\": %s, \"min\": %s, " \
			"\"max\": %s}", n++ ? ",\n" : "", $1, $4, $7, $8
	}' time/*.csv
	printf '\n},\n"rows": [\n'
	awk -F '\t' '{
		printf "%s{\"measure\": \"%s\", \"target\": \"%s\", " \
			"\"measured\": \"%s\", \"met\": %s}", n++ ? ",\n" : "",
			$1, $2, $3,
			$4 == "yes" ? "true" : $4 == "no" ? "false" : "null"
	}' rows
	printf '\n]}\n'
} >"$OUT/result.json"
cat "$OUT/result.txt"
