#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='everyday work on a repository of git-lfs, served by us'
. ./lib-test.sh

mine='git-model filter-process --lfs'

is_clean () {
	git status --porcelain >"$TRASH/tmp/status" &&
	test_must_be_empty "$TRASH/tmp/status"
}

test_expect_success 'a repository of git-lfs with two branches' '
	git init -q --bare origin.git &&
	git init -q made && cd made &&
	git lfs install --local && git lfs track "*.bin" &&
	mv-test random 9000000 1 >a.bin && mv-test random 40000 2 >b.bin &&
	git add . && git commit -q -m one &&
	git branch side &&
	mv-test edit a.bin 100 5000 3 && git commit -q -a -m two &&
	git switch -q side &&
	mv-test edit b.bin 100 500 4 && git commit -q -a -m three &&
	git switch -q main &&
	git remote add origin "file://$TRASH/work/origin.git" &&
	git push -q origin main side
'

test_expect_success 'ours is cloned' '
	git clone -q -c filter.lfs.process="$mine" \
		-c filter.lfs.required=true origin.git ours &&
	cd ours && git model install --lfs --local &&
	cmp a.bin ../made/a.bin && is_clean
'

test_expect_success 'merge, rebase, cherry-pick' '
	cd ours &&
	git merge -q --no-edit origin/side && is_clean &&
	cmp a.bin ../made/a.bin &&
	git -C ../made show side:b.bin | git -C ../made lfs smudge |
		cmp - b.bin &&
	git switch -q -c picked origin/side && git cherry-pick main~ &&
	is_clean && cmp a.bin ../made/a.bin &&
	git switch -q -c rebased origin/side &&
	git commit -q --allow-empty -m empty && git rebase -q origin/main &&
	is_clean && cmp a.bin ../made/a.bin &&
	git switch -q main
'

test_expect_success 'stash and reset' '
	cd ours &&
	mv-test edit a.bin 7000000 100 5 && cp a.bin ../changed &&
	git stash -q && cmp a.bin ../made/a.bin && is_clean &&
	git stash pop -q && cmp a.bin ../changed &&
	git reset -q --hard && cmp a.bin ../made/a.bin && is_clean
'

test_expect_success 'a linked worktree and a clone with --reference' '
	cd ours &&
	git worktree add -q ../linked origin/side &&
	git -C ../made show main~:a.bin | git -C ../made lfs smudge |
		cmp - ../linked/a.bin &&
	git clone -q --reference . -c filter.lfs.process="$mine" \
		-c filter.lfs.required=true "file://$TRASH/work/origin.git" \
		../referring &&
	cmp ../made/a.bin ../referring/a.bin
'

test_expect_success 'lfs.storage is where git-lfs and we look' '
	git clone -q -c filter.lfs.process="$mine" -c lfs.storage=elsewhere \
		-c filter.lfs.required=true origin.git moved &&
	cd moved &&
	cmp a.bin ../made/a.bin &&
	git lfs env >../env &&
	dir=$(sed -n "s/^LocalMediaDir=//p" ../env) &&
	mv-test random 50000 6 >c.bin && git add c.bin &&
	oid=$(sha256sum <c.bin | cut -c 1-64) &&
	find "$dir" -name $oid >../found &&
	test_line_count = 1 ../found
'

test_expect_success 'git lfs prune drops what it pushed, we fetch it again' '
	cd ours &&
	git lfs push --all origin && git push -q --no-verify origin main &&
	git -c lfs.pruneoffsetdays=0 -c lfs.fetchrecentrefsdays=0 \
		-c lfs.fetchrecentcommitsdays=0 lfs prune &&
	git lfs fsck &&
	git switch -q --detach main~2 && git model pull &&
	git -C ../made show main~:a.bin | git -C ../made lfs smudge |
		cmp - a.bin &&
	is_clean && git switch -q main && is_clean
'

test_expect_success 'damaged objects never reach the work tree' '
	git clone -q -c filter.lfs.process="$mine" \
		-c filter.lfs.required=true --no-checkout origin.git hurt &&
	cd hurt && git model fetch origin origin/main &&
	find .git/lfs/objects -type f >../objects &&
	test_line_count -ge 2 ../objects &&
	mv ../origin.git/lfs ../origin.git/hidden &&
	test_when_finished "mv ../origin.git/hidden ../origin.git/lfs" &&
	while read -r object
	do
		chmod u+w "$object" && mv-test flip "$object" 1000
	done <../objects &&
	{ git checkout -q main || :; } &&
	cat a.bin b.bin >../seen &&
	test_grep "^version https://git-lfs" ../seen &&
	test_line_count = 6 ../seen
'

test_expect_success 'git lfs migrate makes a repository that we serve' '
	git init -q plain && cd plain &&
	mv-test random 70000 7 >m.bin && cp m.bin ../m1 &&
	git add . && git commit -q -m one &&
	mv-test edit m.bin 10 10 8 && git commit -q -a -m two && cp m.bin ../m2 &&
	git lfs migrate import --everything --include="*.bin" --yes &&
	git model install --lfs --local &&
	git switch -q --detach main~ && cmp m.bin ../m1 && is_clean &&
	git switch -q main && cmp m.bin ../m2 && is_clean
'

test_done
