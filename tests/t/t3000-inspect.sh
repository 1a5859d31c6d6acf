#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='git model inspect: what is inside a model file'
. ./lib-test.sh

DATA=$TEST_DIR/../data

# le64 <number>: eight bytes
le64 () {
	printf "$(printf '\\%03o\\%03o\\%03o\\%03o\\0\\0\\0\\0' \
		$(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) \
		$(($1 >> 24 & 255)))"
}

# safetensors <json> <bytes of data>
safetensors () {
	le64 "$(printf %s "$1" | wc -c)" &&
	printf %s "$1" &&
	head -c "$2" /dev/zero
}

test_expect_success 'safetensors, outside of a repository' '
	git model inspect "$DATA/tiny-final-bf16.safetensors" >out &&
	test_grep "^size: 748.4 KiB (766320 bytes)$" out &&
	test_grep "^format: safetensors$" out &&
	test_grep "^tensors: 30$" out &&
	test_grep "^parameters: 381600$" out &&
	test_grep "^dtypes: BF16 381600 (30 tensors)$" out &&
	test_grep "^metadata: step = 1500$" out &&
	test_grep "^lm_head.weight  *BF16  \[256, 96\]  48.0 KiB$" out &&
	test_line_count = 38 out
'

test_expect_success 'the columns of the table stand below each other' '
	sed 1,/^$/d out >table &&
	sed "s/  .*//" table | awk "{ print length }" | sort -n | tail -1 >name &&
	test_line_count = 30 table &&
	cut -c"$(($(cat name) + 3))-" table | sed "s/ .*//" | sort -u >dtypes &&
	echo BF16 >want &&
	test_cmp want dtypes
'

test_expect_success 'GGUF, NPY and NPZ' '
	git model inspect "$DATA/tiny-final-Q8_0.gguf" >out &&
	test_grep "^dtypes: Q8_0 380928 (23 tensors), F32 672 (7 tensors)$" out &&
	test_grep "^metadata: general.architecture = llama$" out &&
	test_grep "^architecture: llama$" out &&
	git model inspect "$DATA/f8-big-endian.npy" >out &&
	test_grep "^array  F64(big-endian)  \[70, 10\]  5.5 KiB$" out &&
	git model inspect "$DATA/object.npy" >out &&
	test_grep "^note: holds pickled Python objects$" out &&
	git model inspect "$DATA/small.npz" >out &&
	test_grep "^format: npz$" out &&
	test_grep "^w  *F32   \[32, 64\]  8.0 KiB$" out
'

test_expect_success 'PyTorch, ONNX, tar, Parquet, and an index of shards' '
	git model inspect "$DATA/checkpoint.pt" >out &&
	test_grep "^format: pytorch$" out &&
	test_grep "^metadata: epoch = 3$" out &&
	test_grep "^model.bf  *BF16  \[64, 48\]  *6.0 KiB$" out &&
	git model inspect "$DATA/external.onnx" >out &&
	test_grep "^metadata: opset ai.onnx = 17$" out &&
	git model inspect "$DATA/samples.tar" >out &&
	test_grep "^members: 4$" out &&
	test_grep "^tensors: 1$" out &&
	git model inspect "$DATA/rows.parquet" >out &&
	test_grep "^metadata: rows = 2000$" out &&
	test_grep "^1/word  BYTE_ARRAY SNAPPY  \[1000\]" out &&
	git model inspect "$DATA/model.safetensors.index.json" >out &&
	test_grep "^metadata: model-00001-of-00002.safetensors = 2 tensors$" out &&
	git model inspect "$DATA/old.pt" >out &&
	test_grep "^format: pickle$" out &&
	test_grep ! "^tensors" out
'

test_expect_success '--tensors says where, and what it hashes to' '
	for f in safetensors npz onnx pt
	do
		git model inspect --tensors "$DATA/stored.$f" >out &&
		sed -n "s/^layer.0.weight .*  \([0-9]*+16384  .*\)/\1/p" out >place &&
		test_line_count = 1 place &&
		IFS=" +" read at len sha <place &&
		tail -c +"$((at + 1))" "$DATA/stored.$f" | head -c "$len" |
			openssl dgst -sha256 -r | sed "s/ .*//" >want &&
		echo $sha >got &&
		test_cmp want got || return 1
	done &&
	git model inspect --tensors "$DATA/small.npz" >out &&
	test_grep "^w .*  -+8192  -$" out &&
	git model inspect --tensors "$DATA/external.onnx" >out &&
	test_grep "16384+6144  in external.bin$" out &&
	git model inspect --tensors --json "$DATA/checkpoint.pt" >out &&
	jq -e ".tensors[] | select(.name == \"model.turned\") |
		.stride == [1, 64] and .offset == 1024 and
		(.sha256 | length) == 64" out
'

test_expect_success 'a container that lies is refused, with its reason' '
	LC_ALL=C sed "0,\\,stored/data/0,s,,stored/DATA/0," "$DATA/stored.pt" >lie.pt &&
	test_expect_code 128 git model inspect lie.pt 2>err &&
	test_grep "another name in its own header" err &&
	head -c 20000 "$DATA/stored.onnx" >cut.onnx &&
	test_expect_code 128 git model inspect cut.onnx 2>err &&
	test_grep "longer than what it is in" err &&
	head -c 20000 "$DATA/rows.parquet" >cut.parquet &&
	test_expect_code 128 git model inspect cut.parquet 2>err &&
	test_grep "footer is malformed" err &&
	head -c 3000 "$DATA/samples.tar" >cut.tar &&
	test_expect_code 128 git model inspect cut.tar 2>err &&
	test_grep "ends behind the file" err
'

test_expect_success 'a file of another format has a size' '
	printf "a,b\n1,2\n" >table.csv &&
	git model inspect table.csv >out &&
	printf "size: 8 B (8 bytes)\nformat: unknown format\n" >want &&
	test_cmp want out &&
	: >empty &&
	git model inspect empty >out &&
	test_grep "^format: unknown format$" out &&
	git model inspect --json table.csv >out &&
	test_grep "\"format\": null" out
'

test_expect_success 'a header that does not fit its file is an error' '
	cp "$DATA/tiny-final-bf16.safetensors" long &&
	echo >>long &&
	test_expect_code 128 git model inspect long 2>err &&
	test_grep "^fatal: .long.: there are bytes behind the last tensor$" err &&
	head -c 100000 "$DATA/tiny-final-Q8_0.gguf" >short &&
	test_expect_code 128 git model inspect short 2>err &&
	test_grep "file ends before its tensors do" err &&
	head -c 1000 "$DATA/small.npz" >cut.npz &&
	test_expect_code 128 git model inspect --json cut.npz 2>err >out &&
	test_grep "archive is damaged" err &&
	test_must_be_empty out
'

test_expect_success 'what the file says cannot reach the terminal' '
	safetensors "{\"\\u001b[31mred\\n\\u202e\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}" 2 >evil &&
	git model inspect evil >out &&
	LC_ALL=C test_grep ! "[^ -~]" out &&
	test_grep "x1b\[31mred" out &&
	safetensors "{\"\\u001b[31mred\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,2]}}" 2 >evil &&
	test_expect_code 128 git model inspect evil 2>err &&
	LC_ALL=C test_grep ! "[^ -~]" err
'

test_expect_success 'JSON' '
	safetensors "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]},\"__metadata__\":{\"k\":\"v\"}}" 8 >small &&
	git model inspect --json small >out &&
	tr -d " \n" <out >line &&
	head=$(($(test_file_size small) - 8)) &&
	cat >want <<-EOF &&
	{"size":$((head + 8)),"format":"safetensors","parameters":2,"dtypes":[{"dtype":"F32","tensors":1,"parameters":2,"size":8}],"metadata":[{"name":"k","value":"v"}],"notes":[],"tensors":[{"name":"a","dtype":"F32","shape":[2,1],"offset":$head,"size":8}]}
	EOF
	echo >>line &&
	test_cmp want line
'

# No tree is made of the whole header, nor of the whole answer.
test_expect_success 'many tensors are listed in little memory' '
	awk "BEGIN {
		printf \"{\"
		for (i = 0; i < 100000; i++)
			printf \"%s\\\"t%d\\\":{\\\"dtype\\\":\\\"U8\\\",\\\"shape\\\":[0],\\\"data_offsets\\\":[0,0]}\", i ? \",\" : \"\", i
		print \"}\"
	}" >json &&
	{ le64 "$(test_file_size json)" && cat json; } >many &&
	(ulimit -v 60000 && git model inspect --json many >out) &&
	test_grep "^      .name.: .t99999.,$" out &&
	(ulimit -v 60000 && git model inspect many >out) &&
	test_grep "^tensors: 100000$" out
'

test_expect_success 'a name that is not UTF-8 is exact in JSON' '
	{ printf "GGUF\003\0\0\0" && le64 0 && le64 1 && le64 1 &&
	printf "k\010\0\0\0" && le64 2 && printf "a\377"; } >bytes.gguf &&
	git model inspect --json bytes.gguf >out &&
	test_grep "\"value_hex\": \"61ff\"" out &&
	test_grep ! "name_hex" out
'

test_expect_success 'what cannot be inspected' '
	test_expect_code 128 git model inspect missing 2>err &&
	test_grep "cannot open .missing.: No such file" err &&
	mkdir dir &&
	test_expect_code 128 git model inspect dir 2>err &&
	test_grep "not a regular file" err &&
	mkfifo pipe &&
	test_expect_code 128 git model inspect pipe 2>err &&
	test_grep "not a regular file" err &&
	test_expect_code 128 git model inspect HEAD:x 2>err &&
	test_grep "is no file here" err &&
	test_expect_code 129 git model inspect 2>err &&
	test_expect_code 129 git model inspect a b 2>err
'

test_expect_success 'an unreadable file is named' '
	: >secret &&
	chmod 000 secret &&
	if test "$(id -u)" != 0
	then
		test_expect_code 128 git model inspect secret 2>err &&
		test_grep "cannot open .secret." err
	fi
'

test_expect_success 'content of a repository: REV:PATH, :PATH, oid' '
	git init repo && cd repo &&
	cp "$DATA/tiny-final-Q8_0.gguf" m.gguf &&
	git model add m.gguf &&
	git commit -m first &&
	oid=$(git cat-file blob HEAD:m.gguf | sed -n "s/^oid sha256://p") &&
	git model inspect m.gguf >want &&
	for spec in HEAD:m.gguf :m.gguf $oid sha256:$oid
	do
		git model inspect $spec >out && test_cmp want out || return 1
	done &&
	git cat-file blob HEAD:m.gguf >pointer &&
	git model inspect pointer >out &&
	test_cmp want out
'

test_expect_success 'a file goes before a revision of the same name' '
	cd repo &&
	cp "$DATA/f4-2x3.npy" HEAD:m.gguf &&
	test_when_finished "rm HEAD:m.gguf" &&
	git model inspect HEAD:m.gguf >out &&
	test_grep "^format: npy$" out
'

test_expect_success 'content that is not there' '
	cd repo &&
	test_expect_code 128 git model inspect HEAD:nothing 2>err &&
	test_grep "nothing" err &&
	test_expect_code 128 git model inspect "$(printf %064d 0)" 2>err &&
	test_grep "not here" err &&
	printf "git-model/1\noid sha256:%064d\nsize 5\n" 0 >lost &&
	test_expect_code 128 git model inspect lost 2>err >out &&
	test_must_be_empty out &&
	echo text >plain && git add plain &&
	test_expect_code 128 git model inspect :plain 2>err &&
	test_grep "not a pointer" err &&
	cd .. &&
	cp repo/pointer . &&
	test_expect_code 128 git model inspect pointer 2>err &&
	test_grep "is a pointer" err
'

test_done
