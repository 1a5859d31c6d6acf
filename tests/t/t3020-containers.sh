#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='the same tensors in other containers are found again'
. ./lib-test.sh

DATA=$TEST_DIR/../data

packed () {
	cat .git/model/packs/*.pack | wc -c
}

# new_bytes <file>: what storing it took
new_bytes () {
	before=$(packed) &&
	git model add "$1" >/dev/null &&
	echo $(($(packed) - before))
}

test_expect_success 'set up: the weights as safetensors' '
	git init repo && cd repo &&
	git model install &&
	git model track "*.safetensors" "*.npz" "*.onnx" "*.pt" "*.tar" &&
	cp "$DATA"/stored.* "$DATA"/samples.tar . && rm -f *.layout *.runs &&
	git model add stored.safetensors &&
	test "$(packed)" -gt 18000
'

test_expect_success 'NPZ, ONNX and PyTorch share their chunks' '
	cd repo &&
	for f in stored.npz stored.onnx stored.pt
	do
		n=$(new_bytes $f) &&
		echo "$f: $n of $(test_file_size $f)" &&
		test "$n" -lt 2500 || return 1
	done
'

# One tensor of it, in a GGUF and in a shard of its own, and its place.
test_expect_success 'GGUF and another layout of shards do, too' '
	cd repo &&
	python3 - <<-\EOT &&
	import struct
	whole = open("stored.safetensors", "rb").read()
	data = whole[296:296 + 16384]
	name = b"layer.0.weight"
	head = b"GGUF" + struct.pack("<IQQ", 3, 1, 0)
	head += struct.pack("<Q", len(name)) + name
	head += struct.pack("<IQQIQ", 2, 64, 64, 0, 0)
	open("one.gguf", "wb").write(head + bytes(-len(head) % 32) + data)
	text = b"{\"%s\":{\"dtype\":\"F32\",\"shape\":[64,64]," % name
	text += b"\"data_offsets\":[0,16384]}}"
	open("shard.safetensors", "wb").write(
	    struct.pack("<Q", len(text)) + text + data)
	EOT
	git model track "*.gguf" &&
	for f in one.gguf shard.safetensors
	do
		git model inspect $f &&
		n=$(new_bytes $f) &&
		echo "$f: $n of $(test_file_size $f)" &&
		test "$n" -lt 900 || return 1
	done
'

test_expect_success 'a tar shares its array, and pays for the rest' '
	cd repo &&
	n=$(new_bytes samples.tar) &&
	test "$n" -gt 10000 && test "$n" -lt 12500
'

test_expect_success 'a file and a pipe of it are stored alike' '
	cd repo &&
	before=$(packed) &&
	for f in stored.npz stored.onnx stored.pt samples.tar
	do
		git hash-object -w --path=$f --stdin <$f >oid &&
		git rev-parse :$f >want &&
		test_cmp want oid || return 1
	done &&
	test "$before" = "$(packed)"
'

# A header that lies is no reason to refuse a file, and all of it comes back.
test_expect_success 'what is malformed is stored and restored exactly' '
	cd repo &&
	for f in stored.npz stored.onnx stored.pt samples.tar
	do
		for at in 9 27 100 400 600 20000
		do
			{ head -c $at "$DATA/$f" &&
			printf "\\377\\377\\377\\377\\377\\377\\377\\377" &&
			tail -c +$((at + 9)) "$DATA/$f"; } >bad-$at-$f || return 1
		done &&
		head -c 21000 "$DATA/$f" >bad-short-$f || return 1
	done &&
	git model add bad-* &&
	git commit -qm bad &&
	mkdir ../kept && cp bad-* ../kept &&
	rm bad-* &&
	git checkout -q . &&
	for f in bad-*
	do
		cmp $f ../kept/$f || return 1
	done &&
	git model fsck
'

test_done
