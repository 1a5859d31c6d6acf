#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='verify: what looks like nothing is found, what is honest stays good'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"
unset GIT_AUTHOR_DATE GIT_COMMITTER_DATE

if ! have_faketime
then
	skip_all='no faketime here'
	test_done
fi

. "$TEST_DIR/lib-proof.sh"

# notes_tree <sed script> <message>: the notes' tree, edited as ls-tree prints it
notes_tree () {
	notes_tree=$(git ls-tree refs/notes/model | sed "$1" | git mktree) &&
	git update-ref refs/notes/model "$(git commit-tree "$notes_tree" \
		-p refs/notes/model -m "$2")"
}

test_expect_success 'two promotions hold' '
	setup && version 1 02 0.90 && promote 1 02 &&
	version 2 03 0.91 && promote 2 03 && holds
'

# -- records ------------------------------------------------------------------------

test_expect_success 'a note of which only the mode changed is taken out, and then it is replaced' '
	attacked mode && note=$(blob HEAD~1) &&
	notes_tree "/$note/s/^100644 blob/120000 blob/" "tidy up" &&
	test_must_fail git model verify >../out 2>../err && test_grep ! "all of them hold" ../out &&
	notes_tree "/$note/d" "and away" &&
	finds "BAD records" "took [0-9]* lines out of the records of $(echo "$note" | cut -c 1-10)" \
		"BAD promotion .*#1" &&
	git model audit --json >../out && test_grep "took [0-9]* lines out" ../out &&
	git notes --ref=model add -m "{}" "$note" && finds "BAD records"
'

test_expect_success 'so it is where it became a submodule, and where it comes back as a file later' '
	attacked mode2 && note=$(blob HEAD~1) &&
	git ls-tree refs/notes/model >../notes &&
	notes_tree "/$note/s/.*	/160000 commit $(git rev-parse HEAD)	/" "tidy up" &&
	test_must_fail git model verify >../out 2>../err && test_grep ! "all of them hold" ../out &&
	git update-ref refs/notes/model "$(git commit-tree "$(git mktree <../notes)" -p refs/notes/model -m back)" &&
	finds "BAD records"
'

test_expect_success 'a file that may be run is the same note' '
	attacked exec && notes_tree "s/^100644/100755/" "chmod" && holds
'

# -- tags without a number -------------------------------------------------------------

test_expect_success 'a version that GTO takes back later was there when it was promoted' '
	attacked uncounted && at "05 10:00" alice git tag -a -m "Deregister" fraud@v1.0.0! HEAD~1 &&
	holds && git model versions fraud >../out && test_grep ! "v1.0.0" ../out &&
	git model which "fraud#production" >../out && test_grep "v2.0.0" ../out
'

test_expect_success 'and the artifact that it deprecates' '
	cd uncounted && at "05 10:01" alice git tag -a -m "Deprecate" fraud@deprecated HEAD && holds
'

test_expect_success 'a stage without a number, assigned or taken back, is not before what was promoted' '
	attacked uncounted2 && at "05 10:00" alice git tag -a -m "Unassign" "fraud#production!" HEAD~1 &&
	test_expect_code 1 git model verify >../out &&
	test_grep "ok  promotion .*#1" ../out && test_grep "ok  promotion .*#2" ../out && git model which "fraud#production" >../out && test_grep "v2.0.0" ../out &&
	at "05 10:01" alice git tag -a -m "Assign" "fraud#production" HEAD~1 &&
	test_expect_code 1 git model verify >../out &&
	test_grep "BAD promotion .*fraud#production .*" ../out && test_grep "no record of a decision" ../out &&
	test_grep "ok  promotion .*#1" ../out && test_grep "ok  promotion .*#2" ../out
'

# -- what the trusted branch held ---------------------------------------------------

# merge_at <when> <first parent> <second parent>: main becomes it, with its tree
merge_at () {
	merge_at=$(at "$1" alice git commit-tree "main^{tree}" -p "$2" -p "$3" -m "Merge") &&
	git update-ref refs/heads/main $merge_at && push main
}

test_expect_success 'an orphan with a weak policy as the first parent of a merge never was the branch' '
	attacked orphan && git checkout -q --orphan weak && policy "metric = auc >= 0.1" >.gitmodel/policy &&
	git add -A && at "05 09:00" alice git commit -qm weak && root=$(git rev-parse HEAD) &&
	git checkout -q main && model 4 && git add -A && at "05 10:00" alice git commit -qm v4 && push main &&
	at "05 10:01" alice git model register fraud@v4.0.0 &&
	at "05 10:02" alice git model record fraud --metric auc=0.2 &&
	merge_at "05 11:00" $root main &&
	test_expect_code 128 at "05 12:00" alice git model promote --policy $root fraud@v4.0.0 production 2>../err &&
	test_grep "never was origin/main" ../err &&
	at "05 12:00" alice git model promote --force --policy $root fraud@v4.0.0 production &&
	finds "BAD promotion .*#3" "decided by the policy of $(echo $root | cut -c 1-10), which never was origin/main" \
		"BAD policy" "the policy of origin/main begins twice" &&
	git config model.policyRoot $(git rev-list --max-parents=0 "fraud@v1.0.0") &&
	finds "BAD promotion .*#3" "never was origin/main" && test_grep ! "begins twice" "$TRASH/tmp/out"
'

test_expect_success 'so it is when what stands on the orphan is the policy of today' '
	attacked orphan2 && true=$(git rev-list --max-parents=0 main) &&
	git checkout -q --orphan weak && policy "metric = auc >= 0.1" >.gitmodel/policy &&
	git add -A && at "01 09:00" alice git commit -qm weak && root=$(git rev-parse HEAD) &&
	git checkout -q main -- .gitmodel && at "05 09:00" alice git commit -qm same && top=$(git rev-parse HEAD) &&
	git checkout -q main && version 4 05 0.2 &&
	merge_at "05 11:00" $top main &&
	at "01 12:00" alice git model promote --force --policy $root fraud@v4.0.0 production &&
	finds "the policy of origin/main begins twice" &&
	git config model.policyRoot $true && finds "BAD promotion .*#3" "never was origin/main" &&
	test_grep "first of them $(echo $true | cut -c 1-10)" "$TRASH/tmp/out" &&
	git tag -d "fraud#production#3" && holds
'

test_expect_success 'a side branch whose policy no merge took never was the branch' '
	attacked side && git checkout -q -b side && policy "metric = auc >= 0.1" >.gitmodel/policy &&
	at "05 09:00" alice git commit -qam weak && side=$(git rev-parse HEAD) && git checkout -q main &&
	version 4 05 0.2 && merge_at "05 11:00" main side &&
	at "05 12:00" alice git model promote --force --policy side fraud@v4.0.0 production &&
	finds "BAD promotion .*#3" "never was origin/main"
'

test_expect_success 'and one that is an old commit grown further, as first parent' '
	attacked grown && git checkout -q -b side HEAD~1 && policy "metric = auc >= 0.1" >.gitmodel/policy &&
	at "05 09:00" alice git commit -qam weak && git checkout -q main &&
	version 4 05 0.2 && merge_at "05 11:00" side main &&
	at "05 12:00" alice git model promote --force --policy side fraud@v4.0.0 production &&
	finds "BAD promotion .*#3" "never was origin/main"
'

test_expect_success 'a pull that makes the branch the second parent takes nothing from what was promoted' '
	attacked pull && git clone -q ../pull.git ../mate && git -C ../mate model install --local &&
	(cd ../mate && echo note >note && git add note && at "04 09:00" bob git commit -qm note) &&
	policy "metric = auc >= 0.85" "approvals = 1 from leads" >.gitmodel/policy &&
	at "05 09:00" alice git commit -qam stricter && push main &&
	version 4 05 0.95 && at "05 10:04" alice git model promote fraud@v4.0.0 production &&
	version 5 06 0.96 && at "06 10:04" alice git model promote fraud@v5.0.0 production && holds &&
	(cd ../mate && at "07 10:00" bob git -c pull.rebase=false pull -q --no-edit && git push -q --no-verify origin main) &&
	git fetch -q && git merge -q --ff-only origin/main &&
	test "$(git rev-parse main^2)" = "$(git rev-parse "fraud@v5.0.0^{}")" && holds &&
	version 6 08 0.97 && at "08 10:04" alice git model promote fraud@v6.0.0 production && holds
'

test_expect_success 'a policy that came by a merge was not in force before it' '
	attacked merged && git checkout -q -b stricter && policy "metric = auc >= 0.8" "approvals = 1 from leads" "max-size = 1MiB" \
		>.gitmodel/policy && at "05 09:00" alice git commit -qam "draft" && git checkout -q main &&
	version 4 05 0.95 && at "05 10:04" alice git model promote fraud@v4.0.0 production &&
	at "06 09:00" alice git merge -q --no-ff -m "Merge" stricter && push main && holds &&
	version 5 07 0.96 && at "07 10:04" alice git model promote fraud@v5.0.0 production && holds
'

test_done
