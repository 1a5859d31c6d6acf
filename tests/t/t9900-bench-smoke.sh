#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='make bench runs and prints every row; no time is judged'
. ./lib-test.sh

if ! command -v hyperfine >/dev/null || ! command -v git-lfs >/dev/null
then
	skip_all='hyperfine or git-lfs is missing: make deps'
	test_done
fi

test_expect_success 'the bench runs with small sizes' '
	BENCH="$TRASH/bench" SIZE=16m FILES=60 RUNS=1 \
		COMMITS=200 ARTIFACTS=20 NOTES=300 TAGS=200 PEERS=nobody \
		DELTA_STEPS=4 \
		sh "$TEST_DIR/../bench/bench.sh" >out
'

# Is each line of the input a row of the table, with a number?
shows_all () {
	while IFS= read -r row
	do
		test_grep "^$row  .*[0-9]" out || return 1
	done
}

test_expect_success 'every row of the table is there, with a measure' '
	cat >rows <<-\EOF &&
	new 16m bf16: git model add, of openssl
	new 16m bf16: plain git add, of openssl
	new 16m bf16: git-lfs add, of git model add
	new 16m bf16: git-lfs add, of git add
	new 16m bf16: plain git add, of git model add
	1 % changed: git model add, of openssl
	1 % changed: new bytes
	git switch to another version, of cp
	git checkout of another version, of cp
	git-lfs switch, of git switch
	git status right after a switch, beyond plain git
	git status of an unchanged file, beyond plain git
	git-lfs status right after, unchanged
	filters started by status: after, unchanged, touched
	nobody: the same file
	stored / raw: bf16
	stored / raw: Q8_0
	stored / raw: random
	100 bytes inserted: new bytes
	stored / raw: fp32
	stored / raw: fp16
	stored / raw: fp8
	diff --tensors of two files, of cmp reading both
	safetensors, npz, pt, onnx and gguf of the same weights
	other metadata: new bytes
	tensors in another order: new bytes
	64 rows more: new bytes
	4 bf16 fine-tune steps after gc
	the same before gc
	gc that makes them: MB/s, [0-9]* cores
	gc that finds nothing new
	git switch to the newest of them, of cp
	git switch to the oldest of them, of cp
	4 bf16 fine-tune steps after gc --aggressive
	8 sparse steps after gc, each of a whole
	60 small files: git model add, of plain git
	60 small files: git checkout, of plain git
	60 small files: git-lfs add, of git model add
	60 small files: git-lfs checkout, of git checkout
	60 small files: git add, of plain git
	start-up: filter handshake
	start-up: git model version
	git-lfs handshake; git version alone
	start-up: git model show, of git rev-parse
	show with 300 notes, of git notes show
	log over 200 commits, of git log --raw
	diff of 20 artifacts, of git log --raw
	log of 200 versions, of git log --raw
	diff of 20 artifacts in 1 commit, of git log --raw
	check with 300 notes, 200 tags
	check, each signature more
	peak memory: model-add
	peak memory: filter-add
	peak memory: model-readd
	peak memory: model-switch
	peak memory: status
	peak memory: insert
	peak memory: diff-tensors
	peak memory: gc-deltas
	peak memory: gc-aggressive
	peak memory: model-add-many
	peak memory: filter-add-many
	peak memory: model-checkout-many
	peak memory: lfs-add
	peak memory: lfs-switch
	EOF
	shows_all <rows
'

test_expect_success 'what does not depend on the machine is met' '
	sed -n "/: new bytes/p; /^filters started/p; /^stored .*:/p;
		/^safetensors/p" out >sure &&
	test_line_count = 13 sure &&
	test_grep ! " no  " sure
'

test_expect_success 'the same rows are in the JSON' '
	n=$(grep -c "\"measure\":" "$TRASH/bench/result.json") &&
	test $n = $(wc -l <rows) &&
	perl -MJSON::PP -e "
		my \$r = decode_json(join q(), <>);
		@{\$r->{rows}} == $n && \$r->{seconds}{q(model-add)}{median} > 0 &&
			\$r->{seconds}{version}{median} > 0 or die" \
		"$TRASH/bench/result.json"
'

test_expect_success 'it leaves nothing but its result' '
	ls "$TRASH/bench" >left &&
	printf "result.json\nresult.txt\n" >expected &&
	test_cmp expected left
'

test_done
