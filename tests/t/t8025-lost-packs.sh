#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='packs that are gone, or cut, while their indexes stay: nobody believes the index'

. ./lib-test.sh

# mk <repository> [<seed>]: one content of several chunks, one of a single one
mk () {
	git init -q "$1" && echo "*.bin filter=model diff=model merge=model -text" >"$1/.gitattributes" &&
	mv-test random 700K "${2:-1}" >"$1/m.bin" && mv-test random 3000 "${2:-1}" >"$1/s.bin" &&
	git -C "$1" add . && git -C "$1" commit -q -m one
}

cut_packs () { for p in "$1"/packs/*.pack; do chmod u+w $p && truncate -s -1 $p || return 1; done; }
drop_packs () { rm -f "$1"/packs/*; }

real () { cmp r/m.bin "$1/m.bin" && cmp r/s.bin "$1/s.bin"; }

test_expect_success 'of a remote: doctor says so, push brings all of it again' '
	git model install && mk r &&
	for hurt in drop_packs cut_packs
	do
		rm -rf t.git c && git init -q --bare t.git && git -C r config remote.origin.url ../t.git &&
		git -C r push -q origin main && git -C r fetch -q origin "+refs/heads/*:refs/remotes/origin/*" &&
		$hurt t.git/model && { git -C r model doctor >out; test $? = 1; } &&
		test_grep "bad  remote: 2 contents" out && git -C r model push --all origin >out 2>&1 &&
		test_grep "uploaded 2 contents" out && git clone -q t.git c && real c || return 1
	done
'

test_expect_success 'here: whoever still has the bytes adds them again' '
	for hurt in drop_packs cut_packs
	do
		rm -rf a && mk a && cd a && $hurt .git/model && cp m.bin copy.bin && cp s.bin small.bin &&
		git model add copy.bin small.bin && git commit -q -m two && cd .. && rm -rf c && git clone -q a c &&
		real c || { echo "$hurt" >&7; return 1; }
	done
'

test_expect_success 'the same through git add, and of the very files' '
	rm -rf a && mk a && cd a && drop_packs .git/model && touch m.bin s.bin && git model add m.bin s.bin &&
	git model cat :m.bin | cmp - m.bin && drop_packs .git/model && cp m.bin copy.bin && cp s.bin small.bin &&
	git add copy.bin small.bin && git model cat :copy.bin | cmp - m.bin && git model cat :small.bin | cmp - s.bin
'

test_expect_success 'content is not sent that is not there, nor counted as sent' '
	rm -rf a && mk a && cd a && drop_packs .git/model && git init -q --bare ../u.git &&
	test_must_fail git push -q ../u.git main 2>../err && test_grep "m.bin\|content" ../err &&
	test -z "$(git -C ../u.git for-each-ref)"
'

test_expect_success 'of two packs of one content one is gone: the recipe alone proves nothing' '
	git init -q d && cp r/.gitattributes d && mv-test random 2M 3 >d/x.bin && git -C d add . && git -C d commit -q -m x &&
	old=$(ls d/.git/model/packs) && { cat d/x.bin && mv-test random 3000 4; } >d/y.bin && git -C d add . &&
	git -C d commit -q -m y && git init -q --bare t2.git && git -C d push -q ../t2.git main &&
	test $(ls d/.git/model/packs | wc -l) = 2 && cp -R d/.git/model/packs keep &&
	rm -f d/.git/model/packs/$old && (cd d && cp y.bin z.bin && git model add z.bin &&
	git model cat :z.bin | cmp - y.bin) &&
	rm -f d/.git/model/packs/* && cp keep/* d/.git/model/packs && rm -f d/.git/model/packs/$old &&
	git init -q --bare t3.git && (cd d && test_must_fail git model push --all ../t3.git) &&
	test_must_fail git -C d push -q ../t3.git main && test -z "$(git -C t3.git for-each-ref)"
'

test_expect_success 'one of them is cut: the length that the index has tells' '
	git init -q f && cp r/.gitattributes f && mv-test random 2M 3 >f/x.bin && git -C f add . && git -C f commit -q -m x &&
	old=f/.git/model/packs/$(ls f/.git/model/packs) && { cat f/x.bin && mv-test random 3000 4; } >f/y.bin &&
	git -C f add . && git -C f commit -q -m y && git init -q --bare t4.git && git -C f config remote.origin.url ../t4.git &&
	(cd f && git model doctor && mkdir ../away && mv *.bin ../away) && chmod u+w $old && truncate -s -1 $old &&
	(cd f && test_expect_code 1 git model doctor >../out && test_must_fail git model push --all) &&
	test_grep "bad  store: 1 pack of it is cut short" out &&
	test_must_fail git -C f push -q origin main && test -z "$(git -C t4.git for-each-ref)" && cd f &&
	cp ../away/y.bin z.bin && git model add z.bin && git model cat :z.bin | cmp - z.bin && test_must_fail git model fsck &&
	git model fsck --repair && git model doctor && git model fsck && git model push --all && git -C ../t4.git model fsck
'

test_expect_success 'many small commits later, merged indexes lead to the pack that is there' '
	rm -rf a && mk a && cd a && drop_packs .git/model && mv-test random 900 9 >other.bin &&
	cp s.bin s2.bin && git model add s2.bin other.bin &&
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14
	do
		mv-test random 200 $i >n$i.bin && git model add n$i.bin || return 1
	done &&
	test $(ls .git/model/index | wc -l) -lt 14 && git model cat :s2.bin | cmp - s.bin
'

test_expect_success 'doctor knows packs of its own store that are gone' '
	rm -rf a && mk a && cd a && git model doctor >../out && drop_packs .git/model && test_expect_code 1 git model doctor >../out &&
	test_grep "bad  store: 1 pack of it is missing" ../out && git model fsck --repair >../out 2>&1 &&
	git model doctor && git model cat :m.bin | cmp - m.bin
'

test_expect_success 'doctor counts what is there, contents of one chunk too' '
	git init -q g && cp r/.gitattributes r/s.bin g && cd g && git add . && git commit -q -m s && git model doctor >../out &&
	test_grep "ok   store: 1 chunk in 3.* KiB at" ../out
'

test_expect_success 'folders without files that a copy left out are made again' '
	rm -rf a t.git && mk a && git init -q --bare t.git && git -C a push -q ../t.git main && cd a &&
	rmdir .git/model/tmp ../t.git/model/tmp && git model doctor >../out &&
	test_grep "warn store: the folder .*/model/tmp. is missing" ../out && git model fsck && git model gc &&
	mv-test random 5000 7 >new.bin && rm -rf .git/model/tmp && git model add new.bin && git commit -q -m two &&
	git model push --all ../t.git && git -C ../t.git model fsck && test -d .git/model/tmp && test -d ../t.git/model/tmp &&
	git init -q ../e && cd ../e && cp ../r/.gitattributes . && echo >a.bin && git model add a.bin && rm -rf .git/model/packs .git/model/index \
	.git/model/tmp && cp ../r/s.bin . && git model add s.bin && git model cat :s.bin | cmp - s.bin && git model fsck
'

test_done
