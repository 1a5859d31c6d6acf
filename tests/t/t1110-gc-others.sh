#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='git model gc leaves alone what others need: bare repositories with
one store, a store that is the content remote of another team, copies'

. ./lib-test.sh

# make_repo <name> <seed>: a.bin of its own in a commit
make_repo () {
	git init -q "$1" &&
	echo "*.bin filter=model diff=model merge=model -text" \
		>"$1/.gitattributes" &&
	mv-test random 300000 "$2" >"$1/a.bin" &&
	git -C "$1" add . && git -C "$1" commit -q -m one
}

# forget <repo>: all of its branches and what they led to
forget () {
	git -C "$1" for-each-ref --format="delete %(refname)" |
		git -C "$1" update-ref --stdin &&
	git -C "$1" reflog expire --expire=now --all &&
	git -C "$1" gc -q --prune=now
}

arrived () {
	rm -rf probe && git clone -q "$1" probe 2>clone-err &&
	cmp probe/a.bin "$2/a.bin"
}

freed () {
	sed -n "s/.*\"freed\": *\([0-9]*\).*/\1/p" "$1"
}

test_expect_success 'two bare repositories with one store, filled by pushes alone' '
	git model install && make_repo r1 1 && make_repo r2 2 &&
	for n in 1 2; do
		git init -q --bare b$n.git &&
		git -C b$n.git config model.store "$PWD/both" &&
		git -C r$n push -q "$PWD/b$n.git" main || return 1
	done &&
	ls both/clients >clients && test_line_count = 2 clients &&
	(cd b1.git && git model gc --grace 0 --json >../json) &&
	test "$(freed json)" = 0 && arrived b2.git r2 &&
	(cd b2.git && git model gc --grace 0 --json >../json) &&
	test "$(freed json)" = 0 && arrived b1.git r1
'

test_expect_success 'what one of them drops is dropped, the rest stays' '
	forget b1.git && (cd b2.git && git model gc --grace 0 --json >../json) &&
	test "$(freed json)" -gt 290000 && arrived b2.git r2 &&
	(cd b2.git && git model fsck)
'

test_expect_success 'GIT_DIR is of this repository and not of the others' '
	git -C r1 push -q "$PWD/b1.git" main &&
	git --git-dir=b2.git model gc --grace 0 --json >json &&
	test "$(freed json)" = 0 && arrived b1.git r1 &&
	(GIT_DIR="$PWD/b1.git" && export GIT_DIR && git-model gc --grace 0 --json >json) &&
	test "$(freed json)" = 0 && arrived b2.git r2
'

test_expect_success 'the store of one team is the content remote of another' '
	git init -q --bare own.git && make_repo own 3 && git -C own push -q "$PWD/own.git" main &&
	for how in own.git own.git/model; do
		git init -q --bare guest.git && make_repo guest 4 &&
		git -C guest remote add origin ../guest.git &&
		(cd guest && git model remote add origin ../$how) &&
		git -C guest push -q origin main && test_path_is_missing guest.git/model &&
		(cd own.git && git model gc --grace 0 --json >../json) &&
		test "$(freed json)" = 0 && test_grep ! "\"kept_foreign\": *0" json &&
		rm -rf got && git clone -q -c modelremote.origin.url="$PWD/own.git" guest.git got &&
		cmp got/a.bin guest/a.bin && rm -rf guest guest.git || return 1
	done
'

test_expect_success 'and what both have stays when the owner drops it' '
	git init -q --bare same.git && cp -R own same && rm -rf same/.git && make_repo same 3 &&
	git -C same remote add origin ../same.git &&
	(cd same && git model remote add origin ../own.git) &&
	git -C same push -q origin main &&
	mv-test random 300000 5 >own/a.bin && git -C own commit -q -a -m only-ours &&
	git -C own push -q "$PWD/own.git" main:other &&
	forget own.git && (cd own.git && git model gc --grace 0 --json >../json) &&
	test "$(freed json)" -gt 290000 &&
	rm -rf got && git clone -q -c modelremote.origin.url="$PWD/own.git" same.git got &&
	cmp got/a.bin same/a.bin &&
	(cd own.git && git model fsck && git model gc --grace 0 --json >../json) &&
	test "$(freed json)" = 0
'

test_expect_success 'a clone that uses the store of a repository does not clean that one away' '
	git init -q --bare host.git && make_repo hosted 6 &&
	git -C hosted push -q "$PWD/host.git" main &&
	git init -q lodger && git -C lodger config model.store "$PWD/host.git/model" &&
	cp hosted/.gitattributes lodger && mv-test random 300000 7 >lodger/a.bin &&
	git -C lodger add . && git -C lodger commit -q -m one &&
	(cd lodger && git model gc --grace 0 --json >../json) &&
	test "$(freed json)" = 0 && arrived host.git hosted &&
	(cd host.git && git model gc --grace 0 --json >../json) &&
	test "$(freed json)" = 0 && (cd lodger && git model fsck)
'

test_expect_success 'a copy of a clone has not entered itself: it is found beside it' '
	git init -q first && git -C first config model.store "$PWD/outside" &&
	cp hosted/.gitattributes first && mv-test random 300000 8 >first/a.bin &&
	cp first/a.bin keep &&
	git -C first add . && git -C first commit -q -m one &&
	cp -r first copy && forget first && git -C first rm -q --cached a.bin &&
	git -C first gc -q --prune=now &&
	(cd first && git model gc --grace 0 --json >../json) &&
	test "$(freed json)" = 0 &&
	rm copy/a.bin && git -C copy checkout -q a.bin && cmp copy/a.bin keep &&
	rm -rf copy && rm -rf first/copies && : "one that is gone stops gc as ever" &&
	(cd first && test_expect_code 128 git model gc --grace 0) 2>err &&
	test_grep "if it is gone for good, remove" err
'

test_expect_success 'packs that gc and repair write anew keep their owners' '
	git init -q --bare g2.git && make_repo g2 9 && git -C g2 remote add origin ../g2.git &&
	git init -q --bare big.git && make_repo big 10 &&
	(cd g2 && git model remote add origin ../big.git) &&
	for i in 11 12 13 14 15 16 17 18 19 20; do
		mv-test random 30000 $i >g2/a.bin && git -C g2 commit -q -a -m $i &&
		git -C g2 push -q origin main || return 1
	done &&
	(cd big.git && git model gc --grace 0) &&
	p=$(ls big.git/model/packs/*.pack | head -n 1) &&
	chmod u+w "$p" && mv-test flip "$p" 3 &&
	(cd big.git && git model fsck --repair >/dev/null; git model gc --grace 0) &&
	rm -rf got && git clone -q -c modelremote.origin.url="$PWD/big.git" g2.git got &&
	cmp got/a.bin g2/a.bin && (cd got && git model fetch --all) &&
	ls big.git/model/owners >owners && test -s owners
'

test_done
