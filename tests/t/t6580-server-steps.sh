#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='what a push brings on the way: each step is judged, not only where it ends'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"
. "$TEST_DIR/lib-server.sh"

person alice bob
SERVER="$TRASH/work/srv.git"

test_expect_success 'a team' '
	server srv.git && team work ../srv.git alice bob
'

test_expect_success 'a policy that is weakened and put back in one push: refused' '
	cd work && sed -i "s/^approvals = 1 from leads/max-size = 1GiB/" .gitmodel/policy &&
	git commit -qam "easier" && git commit -q --allow-empty -m between &&
	git revert --no-edit HEAD~1 >/dev/null &&
	git diff --quiet origin/main HEAD -- .gitmodel &&
	refused "$(git rev-parse --short=10 HEAD~2).*policy-approvals.*squash them" main &&
	git model verify --trusted origin/main >../out &&
	git reset -q --hard origin/main
'

test_expect_success 'beside the branch, in a merge that leaves .gitmodel/ alone: taken' '
	cd work && git checkout -q -b side && echo "# aside" >>.gitmodel/policy &&
	git commit -qam "aside" && git revert --no-edit HEAD >/dev/null &&
	git checkout -q main && git merge -q --no-ff -m merge side &&
	accepted main && git fetch -q && git model verify >../out
'

test_expect_success 'one that was approved: taken, and verify agrees' '
	cd work && echo "# one" >>.gitmodel/policy && git commit -qam one &&
	as alice git model approve --policy HEAD >../out 2>&1 &&
	accepted refs/notes/model main && git fetch -q &&
	git model verify >../out
'

test_expect_success 'more of them than anybody reads: refused' '
	cd work && for i in $(seq 65)
	do
		echo "# $i" >>.gitmodel/policy && git commit -qam $i || return 1
	done && refused "65 commits that change .gitmodel/ at once.*squash them" main &&
	git reset -q --hard origin/main
'

test_done
