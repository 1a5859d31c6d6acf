#!/bin/sh

test_description='files of git-model under a git that does not call it: said, with what to run'

. ./lib-test.sh

warns () {
	"$@" 2>err && test_grep "git does not call git-model yet: .git add. would put the bytes themselves" err &&
	test_grep "git model install" err && test $(grep -c "not call git-model" err) = 1
}

test_expect_success 'track, add, status and checkout say it once, and no more after install' '
	git init -q r && cd r && mv-test random 5000 1 >a.bin && mv-test random 5000 2 >b.bin && echo t >t &&
	git model status 2>err && test_must_be_empty err &&
	warns git model track "*.bin" "*.st" && warns git model add . && warns git model status && warns git model status --json &&
	git commit -qm one && rm a.bin && warns git model checkout --force a.bin &&
	git model install --local >out && git model track "*.npy" 2>err && test_must_be_empty err &&
	git model status 2>err && test_must_be_empty err && git model add . 2>err && test_must_be_empty err &&
	rm a.bin && git model checkout --force a.bin 2>err && test_must_be_empty err
'

test_expect_success 'a clean filter without the process is one, too' '
	git clone -q r old 2>err && cd old && git config filter.model.clean "git-model clean %f" &&
	git model status 2>err && test_grep ! "not call" err
'

test_expect_success 'uninstall: what still needs it, on the terminal' '
	cd r && git model uninstall --local >out 2>err &&
	test_grep "gives files to it in 3 lines, and git holds 2 pointers" err &&
	test_grep "git model untrack <pattern>. and .git add --renormalize" err &&
	git init -q ../none && cd ../none && git model install --local >out && git model uninstall --local >out 2>err && test_must_be_empty err
'

test_expect_success 'not where another configuration still calls it, and not of --lfs' '
	cd r && git model install >out && git model install --local >out && git model uninstall --local >out 2>err &&
	test_must_be_empty err && git model uninstall --lfs >out 2>err && test_must_be_empty err &&
	git model uninstall >out 2>err && test_grep "still need git-model" err && git model install --local >out
'

test_expect_success 'untrack names what stays a pointer, and what puts the bytes there' '
	cd r && for i in 1 2 3 4
	do
		mv-test random 3000 $i >$i.st || return 1
	done && git model add . && git commit -qm two &&
	git model untrack "*.st" >out 2>err && test_grep "git holds a pointer of .1.st." err && test_grep "and of 1 more" err &&
	test_grep "git add --renormalize <path>" err && git model untrack "*.npy" "*.bin" >out 2>err &&
	git add --renormalize . && git add .gitattributes && git commit -qm plain 2>err &&
	for f in 1.st 4.st a.bin b.bin
	do
		git cat-file blob HEAD:$f | cmp - $f || return 1
	done &&
	git model track "*.bin" >out && git model untrack "*.bin" >out 2>err && test_must_be_empty err &&
	test_expect_code 1 git model untrack "*.bin" 2>err && test_grep ! pointer err
'

test_expect_success 'after uninstall the way that it names leads out' '
	git init -q w && cd w && git model install --local >out && git model track "*.bin" && mv-test random 5000 1 >a.bin &&
	git add . && git commit -qm one && git model uninstall --local >out 2>err &&
	git model untrack "*.bin" >out 2>err && git add --renormalize . && git add .gitattributes && git commit -qm two &&
	git cat-file blob HEAD:a.bin | cmp - a.bin && git clone -q . ../w2 && cmp a.bin ../w2/a.bin
'

test_done
