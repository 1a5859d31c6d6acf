#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='verify and check in a clone whose branches lie behind'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"
unset GIT_AUTHOR_DATE GIT_COMMITTER_DATE

if ! have_faketime
then
	skip_all='no faketime here'
	test_done
fi

. "$TEST_DIR/lib-proof.sh"

# The contents themselves were pushed nowhere.
fetch () {
	test_expect_code 1 git model fetch >../fetched 2>&1
}

test_expect_success 'a colleague, and then another policy by which something is promoted' '
	setup && version 1 02 0.90 && promote 1 02 &&
	push main --tags refs/notes/model && cd .. &&
	git clone -q server.git bo && (
		cd bo && git model install --local && fetch && holds
	) &&
	cd w && policy "metric = auc >= 0.85" "approvals = 1 from leads" \
		"reachable-from = refs/heads/main" >.gitmodel/policy &&
	at "03 10:00" alice git commit -qam stricter && push main &&
	version 2 04 0.91 && promote 2 04 && holds && version 3 05 0.92 &&
	push main --tags refs/notes/model
'

test_expect_success 'git model fetch brings the branch of what was decided, too' '
	cd bo && old=$(git rev-parse refs/heads/main) &&
	fetch &&
	test "$(git rev-parse origin/main)" = "$(git -C ../w rev-parse main)" &&
	test "$(git rev-parse refs/heads/main)" = $old &&
	holds && test_grep "2 promotions verified" "$TRASH/tmp/out"
'

test_expect_success 'where a commit is reachable from: the branch here, or as it was fetched' '
	cd bo && git model check fraud@v3.0.0 production >../out &&
	git checkout -q --detach && git branch -q -D main &&
	git model check fraud@v3.0.0 production >../out && holds &&
	git branch -q main origin/main &&
	git update-ref refs/remotes/origin/main $(git rev-parse origin/main~1) &&
	git model check fraud@v3.0.0 production >../out
'

test_expect_success 'and from neither it is not' '
	cd w && git checkout -q -b side && model 9 && git add -A &&
	at "06 10:00" alice git commit -qm side &&
	at "06 10:01" alice git model register fraud@v9.0.0 &&
	at "06 10:02" alice git model record fraud --metric auc=0.99 &&
	test_expect_code 1 git model check fraud@v9.0.0 production >../out &&
	test_grep "reachable-from" ../out
'

test_expect_success 'verify is not told by a branch that somebody made here' '
	cd w && git checkout -q side && at "06 10:03" bob git model approve fraud@v9.0.0 --stage production &&
	test_expect_code 1 at "06 10:04" alice git model promote fraud@v9.0.0 production &&
	at "06 10:05" alice git model promote --force fraud@v9.0.0 production &&
	finds "BAD promotion .*#3" && git branch -q -f main side && finds "BAD promotion .*#3" &&
	git branch -q -f main origin/main && git tag -d "fraud#production#3"
'

test_expect_success 'a branch that is gone there is said, and no reason to fail' '
	cd bo && git remote set-head origin main && git fetch -q &&
	git -C ../server.git symbolic-ref HEAD refs/heads/other &&
	git -C ../server.git update-ref -d refs/heads/main &&
	git -C ../w tag -f -a -m x fraud@v4.0.0 &&
	git -C ../w push -q --no-verify origin fraud@v4.0.0 &&
	fetch &&
	test_grep "refs/remotes/origin/main is as it was" ../fetched
'

test_done
