#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='a version that holds a stage, taken back by force'
. ./lib-test.sh

# Two versions at one commit, of which the first is on production.
test_expect_success 'before: the stage is where it is' '
	git init -q r && cd r && git model install --local >/dev/null && git model track "*.bin" &&
	mkdir .gitmodel && printf "[artifact \"m\"]\npath = m.bin\n" >.gitmodel/config &&
	mv-test random 10K 1 >m.bin && git add . && git commit -qm one &&
	git model record m --metric auc=0.5 && git model register m @v1.0.0 && test_tick &&
	git model register --force m @v2.0.0 && test_tick && git model promote m@v1.0.0 production &&
	test_tick && git model log m >../out && test_grep "v1.0.0, v2.0.0 .*production" ../out &&
	git model show m >../out && test_grep "v1.0.0, v2.0.0  production" ../out && cp -r . ../two &&
	test_must_fail git model deregister m@v1.0.0 && git model deregister --force m@v1.0.0 && cp -r . ../gone
'

test_expect_success 'afterwards nobody shows the other version on it' '
	cd r && for command in "show m" "show m@v2.0.0" "show m --json" "log m" "log m --json" "compare m" \
		"compare m --json" "compare m --format csv"
	do
		git model $command >../out && test_grep v2.0.0 ../out && test_grep ! production ../out || return 1
	done &&
	git model stages m >../out && test_grep "production  *- " ../out &&
	test_expect_code 128 git model which "m#production" 2>../err && test_grep "git model demote .m#production" ../err &&
	mv-test random 10K 2 >m.bin && git add . && git commit -qm two && git model diff >../out &&
	test_grep production ../out && test_grep ! v2.0.0 ../out
'

test_expect_success 'it can be taken off the stage; the other one cannot' '
	cd r && test_expect_code 128 git model demote m@v2.0.0 production 2>../err &&
	test_grep "does not hold production; v1.0.0 does" ../err &&
	test_expect_code 128 git model demote m@v7.0.0 production &&
	test_expect_code 128 git model rollback m production 2>../err &&
	test_grep "git model promote puts one there, and git model demote" ../err &&
	git model demote "m#production" >../out && test_grep "demote m@v1.0.0" ../out &&
	test_expect_code 1 git model stages m && test_expect_code 1 git model which "m#production" &&
	git model verify m >../out && test_grep "demotion .*v1.0.0" ../out &&
	cd ../gone && git model demote m@v1.0.0 production >../out && test_grep "m#production!#3" ../out
'

test_expect_success 'another takes its place, or the one before it comes back' '
	cd two && mv-test random 10K 3 >m.bin && git add . && git commit -qm three && git model register m @v3.0.0 &&
	test_tick && git model promote m@v3.0.0 production && test_tick && git model deregister --force m@v3.0.0 &&
	test_tick && git model rollback m production >../out && test_grep "rollback m@v1.0.0 to production" ../out &&
	git model which "m#production" >../out && test_grep m@v1.0.0 ../out
'

test_expect_success 'a place that was taken back is none to come back to' '
	cd two && git checkout -q HEAD && mv-test random 10K 4 >m.bin && git add . && git commit -qm four &&
	git model register m @v4.0.0 && test_tick && git model promote m@v4.0.0 production && test_tick &&
	mv-test random 10K 5 >m.bin && git add . && git commit -qm five && git model register m @v5.0.0 &&
	test_tick && git model promote m@v5.0.0 production && test_tick && git model deregister m@v4.0.0 && test_tick &&
	git model rollback m production >../out && test_grep "rollback m@v1.0.0 to production" ../out
'

test_done
