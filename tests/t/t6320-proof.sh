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
	finds "BAD records" "took [0-9]* lines out of the records of $(echo "$note" | cut -c 1-10)" &&
	git model audit --json >../out && test_grep "took [0-9]* lines out" ../out &&
	notes_tree "/$note/d" "and away" &&
	finds "BAD records" "BAD promotion .*#1" &&
	git notes --ref=model add -m "{}" "$note" && finds "BAD records"
'

test_expect_success 'so it is where it became a submodule, and where it comes back as a file later' '
	attacked mode2 && note=$(blob HEAD~1) &&
	git ls-tree refs/notes/model >../notes &&
	notes_tree "/$note/s/.*	/160000 commit $(git rev-parse HEAD)	/" "tidy up" &&
	finds "BAD records" &&
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

test_done
