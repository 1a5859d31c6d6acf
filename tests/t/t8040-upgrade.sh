#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='a store that an older git-model wrote: nothing opens it but
git model fsck --upgrade, and then all of it is there'

. ./lib-test.sh
. "$TEST_DIR/../helper/sweep.sh"

names () {
	sed -n 's/^oid sha256://p' ./*.bin
}

test_expect_success 'a repository whose store is of the first format' '
	mkdir w && cd w && upgrade_make && cd r &&
	test_must_fail git model checkout 2>err &&
	test_grep "written by an older git-model" err &&
	test_grep "git model fsck --upgrade" err && test -n "$(names)"
'

test_expect_success 'every command says so, and touches nothing' '
	cd w/r && cp -R .git/model ../was &&
	mv-test random 200000 3 >new.bin &&
	for c in "git model add new.bin" "git add new.bin" "git model fsck" \
		"git model fsck --repair" "git model gc" "git model du" \
		"git model fetch" "git model cat $(names | head -n 1)"
	do
		$c >out 2>&1
		test $? != 0 || { cat out; echo "succeeded: $c"; return 1; }
		test_grep "git model fsck --upgrade" out || { echo "$c"; return 1; }
	done &&
	rm new.bin && diff -r .git/model ../was
'

test_expect_success 'the doctor knows what to do' '
	cd w/r && test_must_fail git model doctor >out 2>&1 &&
	test_grep "git model fsck --upgrade" out
'

test_expect_success 'fsck --upgrade: then all of it is there' '
	cd w/r && names >../names && git model fsck --upgrade >out &&
	test_grep "^repaired: .*is one of this version now" out &&
	test_grep "everything is as it should be" out &&
	test "$(cat .git/model/format)" = "git-model store 2" &&
	git model checkout && sha256sum *.bin | cut -d" " -f1 | sort >have &&
	sort ../names | test_cmp - have && rm have &&
	test "$(ls .git/model/packs | wc -l)" = 1 &&
	test -z "$(ls -A .git/model/tmp)" && git model fsck
'

test_expect_success 'once more changes nothing' '
	cd w/r && rm -rf ../was && cp -R .git/model ../was &&
	git model fsck --upgrade >out && test_grep ! repaired out &&
	diff -r .git/model ../was
'

test_expect_success 'gc takes what nobody points to' '
	cd w/r && git model gc --grace 0 && git model fsck &&
	for oid in $(cat ../names)
	do
		test "$(git model cat $oid | sha256sum)" = "$oid  -" || return 1
	done
'

test_expect_success 'a folder that is a remote can be brought along' '
	team=$PWD/team && cd w/r && git model remote add team "$team" &&
	rm -rf "$team" && old_store "$team" && test_must_fail git model push team 2>err &&
	test_grep "git model fsck --upgrade" err &&
	git -c model.store="$team" model fsck --upgrade >out &&
	test_grep "is one of this version now" out &&
	git model push team && rm -rf .git/model &&
	git model fetch team && git model fsck
'

test_expect_success 'a damaged one gives what is good in it, and keeps the rest' '
	rm -rf w && mkdir w && cd w && upgrade_make && cd r &&
	pack=$(echo .git/model/packs/*.pack) && rm .git/model/tmp/* &&
	mv-test flip $pack $(($(stat -c %s $pack) / 2)) &&
	test_expect_code 1 git model fsck --upgrade >out &&
	test_grep "^damaged file" out &&
	test_path_is_file .git/model/bad/${pack##*/} &&
	rm -f ../good && for oid in $(names)
	do
		git model cat $oid 2>/dev/null | sha256sum >got &&
		test "$(cat got)" != "$oid  -" || echo $oid >>../good
	done &&
	test "$(wc -l <../good)" -ge 4
'

test_expect_success 'with its format gone: --repair, then --upgrade' '
	rm -rf w && mkdir w && cd w && upgrade_make && cd r &&
	rm .git/model/format && test_must_fail git model fsck --upgrade 2>err &&
	test_grep "git model fsck --repair" err &&
	test_must_fail git model fsck --repair 2>err &&
	test_grep "git model fsck --upgrade" err &&
	git model fsck --upgrade && git model checkout && git model fsck
'

if unshare -m true 2>/dev/null
then
	test_expect_success 'where nothing can be written it is not upgraded, and that is an error' '
		rm -rf ro && git init -q ro && cp -R "$TEST_DIR/../golden/v1/store" ro/.git/model && cd ro &&
		test_expect_code 128 unshare -m sh -c "mount --bind .git/model .git/model && mount -o remount,ro,bind .git/model &&
		git model fsck --upgrade" >../out 2>&1 &&
		test_grep "Read-only file system" ../out &&
		test_grep "store 1" .git/model/format && git model fsck --upgrade
	'
fi

test_done
