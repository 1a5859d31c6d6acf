#!/bin/sh

test_description='what merges put beside a file once is not pushed by its name'

. ./lib-test.sh

# An earlier git-model put "w.bin.theirs" into the work tree, and `git add -A`
# with a rebase took it along.
test_expect_success 'offers that were committed as bytes: the push is refused, and nothing is there' '
	git init -q --bare hub.git && git init -q r && cd r && git remote add origin ../hub.git &&
	git model install --local >/dev/null && git model track "*.bin" && mv-test random 5000 1 >w.bin &&
	git add . && git commit -qm one && git push -q origin main && mkdir d &&
	mv-test random 20000 2 >d/w.bin.theirs && git add d && git commit -q --no-verify -m offers &&
	test_must_fail git push -q origin main 2>err &&
	test_grep "d/w.bin.theirs. was put beside .d/w.bin. by a merge" err &&
	test_grep "git rm --cached" err && test_grep "commit --amend" err && test_grep ! "uploaded" err &&
	test $(git -C ../hub.git rev-parse main) = $(git rev-parse HEAD~1)
'

test_expect_success 'a later commit that removes it does not take it out of history' '
	cd r && git rm -q d/w.bin.theirs && git commit -qm gone && test_must_fail git push -q origin main 2>err &&
	test_grep "rebase -i" err && git reset -q --hard HEAD~1
'

test_expect_success 'the way that the message names' '
	cd r && git rm -q --cached d/w.bin.theirs && rm d/w.bin.theirs && git commit -q --allow-empty --amend -m none &&
	git push -q origin main 2>err && test $(git -C ../hub.git rev-parse main) = $(git rev-parse HEAD)
'

test_expect_success 'a second one, a base, and small ones' '
	cd r && for f in w.bin.theirs.2 w.bin.base w.bin.theirs
	do
		echo few >$f && git add -f $f && git commit -q --no-verify -m $f &&
		test_must_fail git push -q origin main 2>err && test_grep "$f. was put beside .w.bin." err &&
		git reset -q --hard HEAD~1 || return 1
	done
'

test_expect_success 'what only has such a name is no offer; what is meant is said' '
	cd r && for f in notes.theirs .theirs w.theirs.bin a.txt.base w.bin.theirs.md
	do
		mv-test random 3000 3 >$f || return 1
	done && git add . && git commit -qm names && git push -q origin main &&
	echo "w.bin.theirs -filter" >>.gitattributes && mv-test random 3000 4 >w.bin.theirs &&
	git add . && git commit -q -m meant 2>err && test_must_be_empty err && git push -q origin main &&
	test $(git -C ../hub.git rev-parse main) = $(git rev-parse HEAD)
'

test_done
