#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='a policy that is approved after its commit: good until it is made use of, and not later'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"
unset GIT_AUTHOR_DATE GIT_COMMITTER_DATE

if ! have_faketime
then
	skip_all='no faketime here'
	test_done
fi

. "$TEST_DIR/lib-proof.sh"

# ruled <lines of the stage>...: the policy, and who may change it
ruled () {
	{ echo "policy-approvals = 1 from leads" && policy "$@"; } >.gitmodel/policy
}

# stricter <day>: a commit at 09:00 that changes the policy
stricter () {
	ruled "metric = auc >= 0.85" "approvals = 1 from leads" &&
	at "$1 09:00" alice git commit -qam stricter
}

approve_policy () {
	at "$1" bob git model approve --policy HEAD >/dev/null
}

test_expect_success 'a server, and a version that was promoted' '
	setup && ruled "metric = auc >= 0.8" "approvals = 1 from leads" && git add -A &&
	at "01 09:30" alice git commit -qm "who may change it" && push main &&
	version 1 02 0.90 && promote 1 02 && holds &&
	push main --tags refs/notes/model
'

test_expect_success 'approved half an hour after the commit, and pushed alone: taken, and good' '
	attacked after && git model install --no-receipt-key --server ../after.git >/dev/null &&
	git --git-dir=../after.git config model.requireContent false && stricter 03 &&
	test_must_fail at "03 09:20" alice git push --no-verify origin main &&
	approve_policy "03 09:30" && at "03 09:40" alice git push --no-verify origin refs/notes/model main &&
	holds && at "03 10:00" alice git model verify --all &&
	version 2 03 0.95 && promote 2 03 && holds && at "03 10:05" alice git push --no-verify origin main --tags refs/notes/model &&
	git clone -q ../after.git ../after-clone && cd ../after-clone &&
	git fetch -q origin refs/notes/model:refs/notes/model && holds
'

# used <name> <day hh:mm>: the change is approved then, wherever the notes were
# when it was used, at 10:04 of the third
used () {
	attacked "$1" && stricter 03 && used_before=$(git rev-parse refs/notes/model) &&
	approve_policy "$2" && used_with=$(git rev-parse refs/notes/model) &&
	git update-ref refs/notes/model $used_before && push main &&
	version 2 03 0.95 && promote 2 03 &&
	at "05 10:00" alice git notes --ref=model merge -q -s cat_sort_uniq $used_with
}

test_expect_success 'where no server looked: until the first decision by it' '
	used u1 "03 09:00" && holds && used u2 "03 09:50" && holds &&
	used u3 "03 10:03" && holds && used u4 "03 08:58" && holds
'

test_expect_success 'and no later' '
	for when in "03 10:30" "04 10:00"
	do
		used "l${when%% *}" "$when" && finds "BAD policy" "0 of 1" &&
		test_grep "ok  promotion" "$TRASH/tmp/out" || return 1
	done
'

test_expect_success 'as long as nobody made use of it there is time, and then it is there' '
	attacked unused && stricter 03 && approve_policy "20 10:00" && push main && holds &&
	test_expect_code 1 at "10 10:00" alice git model verify >../out &&
	test_grep "BAD policy" ../out && test_grep "0 of 1" ../out
'

test_expect_success 'never approved: bad, whenever' '
	attacked none && stricter 03 && push main && finds "BAD policy" "0 of 1"
'

test_done
