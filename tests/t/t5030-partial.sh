#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='a partial clone that pushes to another place brings the content
of all that goes there, also of what it has never fetched itself'

. ./lib-test.sh

# next <repo> <seed>: another version of a.bin
next () {
	mv-test random 20000 "$2" >"$1/a.bin" &&
	cp "$1/a.bin" "$TRASH/a.$2" &&
	git -C "$1" add . && git -C "$1" commit -q -m "version $2"
}

# partial <name> <filter> [<option>...]: a clone of t.git
partial () {
	name=$1 filter=$2 && shift 2 &&
	git clone -q "$@" --filter=$filter "file://$PWD/t.git" $name &&
	git init -q --bare $name.git && git -C $name remote add u ../$name.git
}


# has <bare> <version>...: their bytes are in its store
has () {
	bare=$1 && shift &&
	for n; do
		(cd $bare && git model cat \
			"$(sha256sum <"$TRASH/a.$n" | cut -c 1-64)") >out &&
		cmp out "$TRASH/a.$n" || return 1
	done
}

test_expect_success 'set up' '
	git model install && git config --global protocol.file.allow always &&
	git init -q --bare t.git && git -C t.git config uploadpack.allowFilter true &&
	git init -q r && mkdir r/sub && echo text >r/sub/text &&
	echo "*.bin filter=model diff=model merge=model -text" >r/.gitattributes &&
	next r 1 && next r 2 && next r 3 && git -C r remote add origin ../t.git &&
	git -C r push -q origin main && has t.git 1 2 3
'


# absent <repo>: how many objects it has not fetched
absent () {
	git -C $1 rev-list --objects --all --missing=print | grep -c "^?"
}

test_expect_success 'one without blobs' '
	partial noblobs blob:none && test $(absent noblobs) -ge 2 &&
	git -C noblobs push -q u main 2>err &&
	test_grep "uploaded 3 contents" err && has noblobs.git 1 2 3
'

test_expect_success 'one without trees, and from a linked work tree of it' '
	partial notrees tree:0 --no-checkout && (cd notrees && git model install) &&
	git -C notrees push -q u main 2>err &&
	test_grep "uploaded 3 contents" err && has notrees.git 1 2 3 &&
	partial linked tree:0 &&
	git -C linked worktree add -q -b side ../linked.wt HEAD~1 &&
	git -C linked.wt push -q u side && has linked.git 1 2
'

test_expect_success 'a bare one, one with a limit, one that is shallow, too' '
	partial bare blob:none --bare && (cd bare && git model install) &&
	git -C bare push -q u main && has bare.git 1 2 3 &&
	partial limit blob:limit=10 && git -C limit push -q u main &&
	has limit.git 1 2 3 &&
	partial shallow blob:none --depth 2 && git -C shallow.git config \
		receive.shallowUpdate true &&
	git -C shallow push -q u main && has shallow.git 2 3
'

test_expect_success 'by a path, to a place that has a part' '
	partial part blob:none && git -C r push -q --no-verify ../part.git main~2:refs/heads/main &&
	git -C part push -q ../part.git main 2>err && has part.git 2 3 &&
	test_path_is_missing part/.git/refs/remotes/u
'

test_expect_success 'nothing to push, or a push that brings nothing old, mends what was left' '
	partial later blob:none && git -C later push -q --no-verify u main &&
	test_path_is_missing later.git/model &&
	git -C later push -q u main 2>err && has later.git 1 2 3 &&
	rm -rf later.git/model && rm -rf later/.git/model &&
	next later 4 && git -C later push -q u main && has later.git 1 2 3 4
'

test_expect_success 'git model push and fetch' '
	partial asked blob:none && git -C r push -q --no-verify ../asked.git main &&
	(cd asked && git model push u main) && has asked.git 1 2 3 &&
	partial got blob:none && (cd got && git model fetch --all >../out) &&
	test_grep "downloaded 2 contents" out
'

test_expect_success 'two that promised, each a part' '
	partial two blob:none && git init -q --bare other.git &&
	git -C other.git config uploadpack.allowFilter true &&
	git clone -q t.git o && next o 5 && git -C o push -q ../other.git main &&
	cd two && git config remote.other.url "file://$PWD/../other.git" &&
	git config remote.other.promisor true &&
	git config remote.other.partialCloneFilter blob:none &&
	git config remote.other.fetch "+refs/heads/*:refs/remotes/other/*" &&
	git fetch -q other && cd .. && test $(absent two) -gt 2 &&
	git -C two push -q u other/main:refs/heads/main && has two.git 1 2 3 5
'

test_expect_success 'where it was fetched from nothing is fetched for a push' '
	partial home blob:none && n=$(absent home) && next home 6 &&
	git -C home push -q origin main:refs/heads/new 2>err &&
	test_grep "uploaded 1 content," err && test $n = $(absent home) &&
	has t.git 6
'

test_expect_success 'objects of Git LFS, too' '
	git init -q --bare lt.git && git -C lt.git config uploadpack.allowFilter true &&
	git init -q l && (cd l && git model install --local --lfs) &&
	echo "*.bin filter=lfs diff=lfs merge=lfs -text" >l/.gitattributes &&
	next l 7 && next l 8 && git -C l push -q ../lt.git main &&
	git clone -q --no-checkout --filter=blob:none "file://$PWD/lt.git" lc &&
	(cd lc && git model install --local --lfs) && git -C lc checkout -q &&
	git init -q --bare lu.git && git -C lc push -q ../lu.git main &&
	for n in 7 8; do
		oid=$(sha256sum <"$TRASH/a.$n" | cut -c 1-64) &&
		find lu.git/lfs/objects -name $oid | xargs cmp "$TRASH/a.$n" ||
		return 1
	done
'

test_expect_success 'an origin that does not answer: nothing is pushed' '
	partial alone blob:none && mv t.git away.git &&
	test_must_fail git -C alone push -q u main 2>err &&
	test_grep "partial clone" err && test -z "$(git -C alone.git for-each-ref)" &&
	(cd alone && test_must_fail git model push u main 2>../err) &&
	test_grep "partial clone" err && mv away.git t.git &&
	git -C alone push -q u main && has alone.git 1 2 3
'

test_done
