#!/bin/sh

test_description='git model gc'

. ./lib-test.sh

size () { du -sk .git/model/packs | cut -f1; }

test_expect_success 'a repository with a branch that goes away' '
	git config --global filter.model.process "git-model filter-process" &&
	git config --global filter.model.required true &&
	git init -q r &&
	cd r &&
	git model track "*.bin" &&
	mv-test random 2000000 1 >keep.bin &&
	git add . && git commit -q -m keep &&
	git switch -q -c away &&
	mv-test random 3000000 2 >drop.bin &&
	git add . && git commit -q -m drop &&
	git switch -q main && git branch -q -D away
'

test_expect_success 'git model gc keeps what git still has, reachable or not' '
	cd r &&
	git model gc --grace 0 --json >actual &&
	grep "\"freed\": *0" actual &&
	git switch -q -c rescued "HEAD@{1}" &&
	test $(wc -c <drop.bin) = 3000000 &&
	git switch -q main && git branch -q -D rescued
'

test_expect_success 'and within the grace period also what git has not' '
	cd r &&
	git reflog expire --expire=now --all && git gc -q --prune=now &&
	git model gc --json >actual &&
	grep "\"freed\": *0" actual &&
	grep "\"kept_young\": *3[0-9]*" actual
'

test_expect_success 'a dry run says and does nothing' '
	cd r &&
	before=$(ls .git/model/packs) &&
	git model gc -n --grace 0 --json >actual &&
	grep "\"freed\": *3[0-9]\{6\}" actual &&
	test "$before" = "$(ls .git/model/packs)"
'

test_expect_success 'then it is dropped, and the rest is whole' '
	cd r &&
	before=$(size) &&
	git model gc --grace 0 >actual &&
	grep "^freed 2.9 MiB" actual &&
	test $(size) -lt $((before - 2500)) &&
	git model fsck &&
	rm keep.bin && git checkout -q keep.bin && test $(wc -c <keep.bin) = 2000000
'

test_expect_success 'what is only in the index is kept' '
	cd r &&
	mv-test random 1000000 5 >staged.bin &&
	git model add staged.bin &&
	git model gc --grace 0 &&
	git model cat :staged.bin | cmp - staged.bin
'

test_expect_success 'what is only in the stash is kept' '
	cd r &&
	cp staged.bin copy && git commit -q -m staged &&
	mv-test random 900000 6 >staged.bin && cp staged.bin stashed &&
	git stash -q && cmp staged.bin copy &&
	git model gc --grace 0 &&
	git stash pop -q && cmp staged.bin stashed &&
	git checkout -q staged.bin
'

test_expect_success 'a shared store keeps what the other clone needs' '
	git config --global model.store "$PWD/shared" &&
	git init -q one && git init -q two &&
	(cd one && git model track "*.bin" && mv-test random 1500000 7 >x.bin) &&
	(cd two && git model track "*.bin" && mv-test random 1500000 8 >x.bin) &&
	git -C one add . && git -C one commit -q -m x &&
	git -C two add . && git -C two commit -q -m x &&
	ls shared/clients >clients && test $(wc -l <clients) = 2 &&
	git -C one model gc --grace 0 --json >actual &&
	grep "\"freed\": *0" actual &&
	git -C two model fsck
'

test_expect_success 'a clone that cannot be read stops gc' '
	mv two two.away &&
	test_expect_code 128 git -C one model gc --grace 0 2>err &&
	grep "shares this store" err &&
	mv two.away two &&
	git -C one model gc --grace 0
'

test_done
