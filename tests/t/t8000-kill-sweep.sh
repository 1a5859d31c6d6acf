#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='killed (-9) at places all over every command that writes:
nothing acknowledged is lost, and the same command again ends as if nothing
had been. A sample; tests/soak/kill-sweep.sh covers every system call.'

. ./lib-test.sh
. "$TEST_DIR/../helper/sweep.sh"

mv-fault kill all 0 true 2>/dev/null || {
	skip_all='ptrace is not permitted here' && test_done
}

test_expect_success 'the helper kills before the call that it was told' '
	test_expect_code 137 mv-fault -o hit kill mkdir 2 mkdir one two three &&
	test_path_is_dir one && test_path_is_missing two &&
	echo "2 mkdir $PWD/two" >expect && test_cmp expect hit &&
	mv-fault -o hit kill mkdir 0 mkdir -p x/y/z && test_path_is_dir x/y/z
'

test_expect_success 'and what is lost, or half written, would be seen' '
	sweep_prepare checkout && sweep_fresh &&
	rm -rf "$sweep_dir/run/r/.git/model/packs" &&
	printf half >"$sweep_dir/run/r/big.bin" &&
	sweep_look >actual &&
	test_grep "^lost: " actual &&
	test_grep "^half-written: " actual && test_grep "^fsck:" actual &&
	sweep_fresh && : >"$sweep_dir/run/r/.git-model-leftover.tmp" &&
	sweep_rerun >actual && test_grep "^state: " actual
'

test_expect_success 'git model add' 'sweep_kill add 2 changing'
test_expect_success 'git add' 'sweep_kill clean 2 changing'
test_expect_success 'git switch' 'sweep_kill switch 2 changing'
test_expect_success 'git model checkout' 'sweep_kill checkout 2 changing'
test_expect_success 'git model gc' 'sweep_kill gc 2 changing'
test_expect_success 'git model push' 'sweep_kill push 2 changing'
test_expect_success 'git push' 'sweep_kill gitpush 2 changing'
test_expect_success 'git model fetch' 'sweep_kill fetch 2 changing'
test_expect_success 'git model pull' 'sweep_kill pull 2 changing'
test_expect_success 'git model fsck --repair' 'sweep_kill repair 2 changing'
test_expect_success 'git model fsck --upgrade' 'sweep_kill upgrade 2 changing'
test_expect_success 'git switch, and git is killed, too' '
	sweep_kill switch 2 changing killall
'
sed 's/^/# /' "$SWEEP/covered"
test_done
