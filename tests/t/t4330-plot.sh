#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='git model plot: training curves, and metrics over versions'

. ./lib-test.sh
. "$TEST_DIR/lib-look.sh"

commit () {
	test_tick &&
	git -C repo add -A &&
	git -C repo commit -q -m "$1"
}

model () {
	(cd repo && git model "$@")
}

# "<label>/<metric>:<points>" of each line.
lines () {
	json json 'join " ", map { "$_->{label}/$_->{metric}:" .
		scalar @{$_->{points}} } @{$j->{lines}}'
}

test_expect_success 'set up: two versions with curves' '
	git init -q repo &&
	(cd repo && git model install --local && git model track "*.st") &&
	mkdir repo/.gitmodel &&
	printf "[artifact \"fraud\"]\npath = a.st\n" >repo/.gitmodel/config &&
	for i in 1 2
	do
		mv-test random 5000 $i >repo/a.st &&
		commit "v$i" &&
		git -C repo tag -a -m v fraud@v0.$i.0 &&
		{
			echo step,loss,acc &&
			for s in 1 2 3 4 5
			do
				echo "$s,$((10 - s * i)),0.$s"
			done
		} >curve.csv &&
		model record fraud --metrics-file "$PWD/curve.csv" || return 1
	done
'

test_expect_success 'the curves of one content' '
	model plot --json fraud >json &&
	test "$(lines)" = "fraud/acc:5 fraud/loss:5" &&
	model plot fraud >plot &&
	test_grep "loss" plot &&
	test_grep "acc" plot &&
	test_grep "step" plot
'

test_expect_success 'versions over each other, one metric' '
	model plot --json --metric loss fraud@v0.1.0 fraud@v0.2.0 >json &&
	test "$(lines)" = "fraud@v0.1.0/loss:5 fraud@v0.2.0/loss:5" &&
	model plot --metric loss fraud@v0.1.0 fraud@v0.2.0 >plot &&
	test_grep "fraud@v0.1.0" plot &&
	test_grep "fraud@v0.2.0" plot &&
	model plot --json --metric loss --metric acc fraud >json &&
	test "$(lines)" = "fraud/acc:5 fraud/loss:5"
'

test_expect_success 'metrics over versions' '
	model plot --json --over versions fraud >json &&
	test "$(lines)" = "fraud/acc:2 fraud/loss:2" &&
	model plot --over versions --metric loss fraud >plot &&
	test_grep "version" plot &&
	test_grep "loss" plot
'

test_expect_success 'as wide as COLUMNS, in ASCII without a locale that has more' '
	COLUMNS=50 LC_ALL=C git -C repo model plot fraud >plot &&
	! LC_ALL=C grep -n "[^ -~]" plot &&
	test $(awk "length > m { m = length } END { print m }" plot) -le 50 &&
	LC_ALL=C.UTF-8 git -C repo model plot fraud >plot &&
	LC_ALL=C grep -q "[^ -~]" plot
'

test_expect_success 'as a page, and into a file' '
	model plot --html --metric loss fraud >page &&
	test_grep -i "<!doctype html>" page &&
	test_grep "loss" page &&
	test_grep ! "src=.http" page &&
	model plot --html --metric loss --output out.html fraud >nothing &&
	test_must_be_empty nothing &&
	test_cmp page repo/out.html &&
	model plot --output out.txt fraud &&
	model plot fraud >expect &&
	test_cmp expect repo/out.txt &&
	test_expect_code 129 model plot --html --terminal fraud &&
	test_expect_code 129 model plot --svg fraud 2>err &&
	test_grep "unknown option.*--svg" err
'

test_expect_success 'curves that are not here are said to be fetched' '
	git clone -q --bare repo there.git &&
	git -C repo push -q --no-verify ../there.git refs/notes/model &&
	git clone -q "file://$PWD/there.git" clone &&
	git -C clone fetch -q origin refs/notes/model:refs/notes/model &&
	(cd clone && test_expect_code 128 git model plot fraud) 2>err &&
	test_grep "git model fetch" err
'

test_expect_success 'nothing to draw; what is wrongly asked' '
	test_expect_code 128 model plot --metric nosuch fraud 2>err &&
	test_grep "no curves" err &&
	mv-test random 500 3 >repo/b.st &&
	commit b &&
	test_expect_code 128 model plot b.st 2>err &&
	test_grep "over versions" err &&
	test_expect_code 128 model plot --over versions b.st 2>err &&
	test_expect_code 128 model plot nosuch 2>err &&
	test_expect_code 129 model plot &&
	test_expect_code 129 model plot --over years fraud
'

test_expect_success 'names from strangers never reach the terminal raw' '
	printf "step,l\033[2J\007\342\200\256\n1,2\n2,3\n" >evil.csv &&
	model record b.st --metrics-file "$PWD/evil.csv" &&
	model plot b.st >out &&
	is_safe out &&
	test_grep "x1b" out &&
	model plot --json b.st >out &&
	is_safe out &&
	model plot --html b.st >out &&
	is_safe out
'

test_done
