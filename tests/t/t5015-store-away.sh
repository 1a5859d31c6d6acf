#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='model/ is a mount point or a link, and its disk is away: no other store in its place'

. ./lib-test.sh

mk () {
	git init -q "$1" && echo "*.bin filter=model diff=model merge=model -text" >"$1/.gitattributes" &&
	mv-test random 30000 "${2:-1}" >"$1/a.bin" && git -C "$1" add . && git -C "$1" commit -q -m one
}
next () { mv-test random 30000 "$2" >"$1/a.bin" && git -C "$1" add a.bin && git -C "$1" commit -q -m "$2"; }

test_expect_success 'a link in a bare repository whose disk is away' '
	git model install && mk r && mkdir disk && git init -q --bare l.git && ln -s "$PWD/disk" l.git/model &&
	git -C r push -q ../l.git main && test -d disk/packs && mv disk away && next r 2 &&
	test_must_fail git -C r push -q ../l.git main 2>err && test_grep "was there before and is not now" err &&
	mkdir disk && test_must_fail git -C r push -q ../l.git main 2>err && test_grep "remove .*l.git/model-store" err &&
	test -z "$(ls disk)" && test_must_fail git -C r model push --all ../l.git && rmdir disk && mv away disk &&
	git -C r push -q ../l.git main && git clone -q l.git c && cmp r/a.bin c/a.bin
'

test_expect_success 'gone for good: without the mark, or without the link, a new one is made' '
	rm -rf disk && mkdir disk && rm l.git/model-store && git -C r model push --all ../l.git && test -d disk/packs &&
	rm -rf disk l.git/model && git -C r model push --all ../l.git && test -d l.git/model/packs
'

test_expect_success 'the same for ones own' '
	mk own 5 && mv own/.git/model disk && ln -s "$PWD/disk" own/.git/model && next own 6 && mv disk away &&
	mv-test random 30000 7 >own/a.bin && test_must_fail git -C own add a.bin 2>err &&
	test_grep "was there before and is not now" err && mkdir disk && test_must_fail git -C own model add a.bin &&
	test_must_fail git -C own model fetch && test -z "$(ls disk)" && rmdir disk && mv away disk && next own 8
'

test_expect_success 'a folder like any other may be emptied, and has no mark' '
	mk plain 9 && test_path_is_missing plain/.git/model-store && rm -rf plain/.git/model && next plain 10 &&
	rm -rf plain/.git/model/* && next plain 11 && test_path_is_missing plain/.git/model-store
'

if unshare -m true 2>/dev/null
then
	test_expect_success 'a mount point, of the same file system, too' '
		mkdir bound && git init -q --bare m.git && mkdir m.git/model &&
		unshare -m sh -c "mount --bind bound m.git/model && git -C r push -q ../m.git main" &&
		test -d bound/packs && test -f m.git/model-store && next r 20 &&
		test_must_fail git -C r push -q ../m.git main 2>err && test_grep "is its disk mounted" err &&
		test -z "$(ls m.git/model)" &&
		unshare -m sh -c "mount --bind bound m.git/model && git -C r push -q ../m.git main"
	'
else
	test_skip 'a mount point, of the same file system, too' 'nothing can be mounted here'
fi

test_done
