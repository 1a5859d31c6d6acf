# SPDX-License-Identifier: MIT
#
# Sourced by bench.sh: what files of models take in a store of their own, and
# how much of a file is new that says nearly the same as one there.

# weights <type> <name> <limit>: SIZE bytes of weights of that type
weights () {
	mv-test safetensors weights "$1" "$SIZE" 3 || die "no data"
	share "stored / raw: $2" weights "$(one weights)" "$3"
	rm -rf one weights
}

# also <file>: the bytes that are new when it is there, too
also () {
	before=$(stored one)
	cp "$1" one/m.dat && git -C one add m.dat >>hyperfine.log 2>&1 ||
		die "cannot add $1"
	new=$(($(stored one) - before))
}

# little <measure> <limit>
little () {
	met=no
	is "$new <= $2" && met=yes
	row "$1" "<= $2" "$new" $met
}

weights f32 fp32 0.832
weights f16 fp16 0.852
weights f8 fp8 0.825

echo "two files, tensor by tensor"
mv-test safetensors old bf16 "$SIZE" 3 && cp old same &&
mv-test safetensors new bf16 "$SIZE" 4 || die "no data"
new_repo one model
timed cmp "$RUNS" true cmp old same
timed diff-tensors "$RUNS" true git -C one model diff --tensors ../old ../new
peaks diff-tensors git -C one model diff --tensors ../old ../new
ratio "diff --tensors of two files, of cmp reading both" diff-tensors '<=' 2 cmp
rm -rf one old same new

echo "the same weights in other files"
like=$bytes
test "$like" -le 268435456 || like=268435456
mv-test safetensors f32 f32 $like 9 && mkdir other &&
rows=$(python3 "$HERE/containers.py" f32 other) || die "no containers"
raw=$(stat -c %s f32) all=$(one f32)
alone=$all
for name in npz pt onnx gguf
do
	also other/m.$name
	all=$((all + new))
done
met=no
is "$all / $alone <= 1.02" && met=yes
row "safetensors, npz, pt, onnx and gguf of the same weights" "<= 1.02 x" \
	"$(calc "$all / $alone") x of one ($all : $alone)" $met
also other/edited.safetensors
little "other metadata: new bytes" $((raw / 2000))
also other/reordered.safetensors
little "tensors in another order: new bytes" $((raw / 2000))
also other/rows.safetensors
little "64 rows more: new bytes" $((rows * 11 / 10 + 262144))
rm -rf one other f32
