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

# -- the push that makes the branch ----------------------------------------------------

# first <refs>...: to a server that has nothing yet
first () {
	rm -rf ../first.git && server ../first.git &&
	git push --no-verify ../first.git "$@" >../push 2>&1
}

test_expect_success 'the first push is judged step by step, too' '
	git clone -q srv.git moved && cd moved && git model install --local && git fetch -q origin refs/notes/model:refs/notes/model &&
	first main refs/notes/model && test_must_fail first main && test_grep "push that together with the branch" ../push &&
	sed -i "s/^approvals = 1 from leads/max-size = 1GiB/" .gitmodel/policy && git commit -qam easier &&
	git revert --no-edit HEAD >/dev/null && test_must_fail first main refs/notes/model &&
	test_grep "$(git rev-parse --short=10 HEAD~1).*policy-approvals" ../push &&
	test_expect_code 1 git model verify --trusted HEAD >../out && git reset -q --hard origin/main
'

test_expect_success 'with two beginnings, the server must know which one is true' '
	cd moved && root=$(git rev-list --max-parents=0 main) && git checkout -q --orphan other &&
	git commit -qm other && git checkout -q main && git merge -q --allow-unrelated-histories -s ours -m both other &&
	test_must_fail first main refs/notes/model && test_grep "begins twice" ../push &&
	git config --global model.policyRoot "$root" && first main refs/notes/model &&
	git config --global --unset model.policyRoot
'

test_done
