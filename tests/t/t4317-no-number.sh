#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='diff --fail-on regression and a rule no-regression say the same of one change, of whole numbers and of what is no number'
. ./lib-test.sh

test_expect_success 'an artifact with a metric, and a branch with a rule' '
	git init -q r && cd r && git model install --local && git model track "*.bin" && mkdir .gitmodel &&
	printf "[artifact \"a\"]\npath = a.bin\n\n[metric \"err\"]\ndirection = down\n" >.gitmodel/config &&
	printf "[branch \"main\"]\nno-regression = err vs merge-base\n" >.gitmodel/policy && echo 1 >hold.csv && git add . && git commit -qm config
'

# both <exit status of diff> <of check> <before> <now>
seed=0
both() {
	git checkout -q -B base main && seed=$((seed + 2)) && mv-test random 2K $seed >a.bin &&
	git model add a.bin --eval-data hold.csv --metric err="$3" >/dev/null && git commit -qam base && git branch -f main && git checkout -q -B pr &&
	mv-test random 2K $((seed + 1)) >a.bin && git model add a.bin --eval-data hold.csv --metric err="$4" >/dev/null && git commit -qam pr &&
	test_expect_code "$1" git model diff --fail-on regression main pr >../out 2>../err && test_expect_code "$2" git model check main..pr >../said
}

test_expect_success 'whole numbers are compared exactly by both, others up to what binary fractions lose' '
	cd r && both 1 1 9007199254740992 9007199254740993 && both 0 0 9007199254740993 9007199254740992 &&
	both 0 0 9007199254740993 9007199254740993 && both 0 0 0.3 0.30000000000000004 && both 1 1 3 4
'
test_expect_success 'what is no number on both sides is no "not worse", nor is one without end a better one' '
	cd r && both 3 1 nan nan && test_grep "err. of .a. cannot say so: it is no number" ../err && both 3 1 inf inf && both 3 1 true true &&
	both 3 1 1 -inf && test_grep ! better ../out && both 1 1 1 inf && both 1 1 1 nan && both 3 3 inf 1
'

test_done
