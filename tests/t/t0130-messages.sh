#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='messages that say what to do: newer bytes, curves, numbers, wrong calls'
. ./lib-test.sh

test_expect_success 'set up: an artifact with curves, then without' '
	git init -q repo && cd repo && git model install --local >/dev/null &&
	git model track "*.bin" >/dev/null && mkdir .gitmodel &&
	printf "[artifact \"m\"]\npath = m.bin\n" >.gitmodel/config &&
	printf "step,loss\n1,3\n2,2\n3,1\n" >curve.csv &&
	mv-test random 20K 1 >m.bin &&
	git model add m.bin --metric auc=0.9 --curves curve.csv >/dev/null &&
	git add . && git commit -qm one && git model register m >/dev/null
'

test_expect_success 'record says that the work tree has newer bytes, and what takes them' '
	cd repo && git model record m.bin --param a=1 >/dev/null 2>../err &&
	test_must_be_empty ../err &&
	mv-test random 20K 2 >m.bin &&
	git model record m --param a=1 >/dev/null 2>../err &&
	test_grep "^warning: .*m.bin.* in the work tree; .*.git model add m.bin., and record again$" ../err &&
	git model record m@HEAD --param a=2 >/dev/null 2>../err &&
	test_must_be_empty ../err &&
	git model add m.bin >/dev/null &&
	git model record m.bin --param a=1 >/dev/null 2>../err &&
	test_must_be_empty ../err
'

test_expect_success 'register says that what is staged, or lies there, is another' '
	cd repo && git model register -f m >/dev/null 2>../err &&
	test_grep "^warning: .* staged at .m.bin.; to take that: .git commit., and register again$" ../err &&
	mv-test random 20K 3 >m.bin &&
	git model register -f m >/dev/null 2>../err &&
	test_grep "^warning: .* in the work tree; .*.git model add m.bin., .git commit., and register again$" ../err &&
	git model register -f m HEAD >/dev/null 2>../err &&
	test_grep ! "^warning" ../err &&
	git model add m.bin >/dev/null && git commit -qm two &&
	git model register m >/dev/null 2>../err && test_grep ! "^warning" ../err
'

test_expect_success 'a folder counts by its files' '
	cd repo && mkdir d && mv-test random 9K 7 >d/a.bin && mv-test random 9K 8 >d/b.bin &&
	printf "[artifact \"d\"]\npath = d\n" >>.gitmodel/config &&
	git add . && git commit -qm folder &&
	git model record d --param a=1 >/dev/null 2>../err && test_must_be_empty ../err &&
	mv-test random 9K 9 >d/b.bin &&
	git model register d >/dev/null 2>../err &&
	test_grep "^warning: .*git model add d., .git commit." ../err &&
	git checkout -q d
'

test_expect_success 'plot without curves names the versions that have some' '
	cd repo && test_expect_code 128 git model plot m 2>../err &&
	test_grep "versions that have some: m@v0.0.1$" ../err &&
	git model plot m@v0.0.1 >../out && test_grep "loss" ../out &&
	test_expect_code 128 git model plot m@v0.0.1 --metric auc 2>../err &&
	test_grep "there are curves of .loss.$" ../err &&
	test_expect_code 128 git model plot d 2>../err &&
	test_grep "no curves are recorded; --over versions" ../err
'

test_expect_success 'two values for one key are an error, not the last of them' '
	cd repo && for o in metric param tag
	do
		test_expect_code 128 git model record m --$o k=1 --$o k=2 2>../err &&
		test_grep "^fatal: .--$o.: .k. is given twice: .k=1. and .k=2.$" ../err ||
		return 1
	done &&
	git model record m --metric k=1 --param k=2 >/dev/null
'

test_expect_success '-n 0 is none, as with git log' '
	cd repo && git model log -n 0 m >../out && test_must_be_empty ../out &&
	git model compare -n 0 m >../out && test_must_be_empty ../out &&
	git model log -n 0 --json m >../out && test_grep "\"rows\": \[\]" ../out &&
	git model log -n 1 m >../out && test_line_count = 2 ../out
'

test_expect_success 'there is no init: what there is instead' '
	test_expect_code 129 git model init 2>err &&
	test_grep "^hint: .*git model install.*git model track" err
'

test_expect_success 'a signing key that is not there is named, on one clean line' '
	cd repo && test_expect_code 128 git -c gpg.format=ssh -c user.signingkey=/nowhere/k.pub \
		model approve m@v0.0.1 production --reason x 2>../err &&
	test_grep "^fatal: .*/nowhere/k.pub.*user.signingKey" ../err &&
	test_grep ! "x0d" ../err
'

test_expect_success 'memory of an environment is a size for people, bytes for programs' '
	cd repo && git model run --out m.bin -- \
		sh -c "mv-test random 20K 5 >m.bin" >/dev/null 2>../err &&
	git model show m >../out && test_grep "memory  *[0-9.]* [MGT]iB" ../out &&
	git model show m --format md >../out && test_grep "memory.*[MGT]iB" ../out &&
	git model show m --json >../out &&
	test_grep "\"memory\": [0-9]*[0-9][0-9][0-9][0-9][0-9][0-9]" ../out &&
	git model report --html ../pages >/dev/null &&
	grep -l "[0-9] [MGT]iB" ../pages/artifact-*m.html >../found
'

test_done
