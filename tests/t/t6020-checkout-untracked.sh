#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='git model checkout NAME@V takes nothing away that is not tracked'
. ./lib-test.sh

test_expect_success 'a version with a file in a folder, and one that is a directory with a link' '
	git init -q r && cd r && git model install --local && git model track "*.bin" &&
	mkdir -p .gitmodel models/deep dir &&
	printf "[artifact \"fraud\"]\npath = models/deep/fraud.bin\n[artifact \"dir\"]\npath = dir\n" >.gitmodel/config &&
	mv-test random 20K 1 >models/deep/fraud.bin && mv-test random 20K 2 >dir/a.bin && ln -s a.bin dir/link &&
	git add . && git commit -qm one && git model register fraud@v1.0.0 && git model register dir@v1.0.0 &&
	git rm -rq models dir && git commit -qm gone && cp -a . ../clean
'

# in_the_way <artifact> <command> <file that must stay>: refused, and all is as it was
in_the_way () {
	rm -rf "$TRASH/work/x" && cp -a "$TRASH/work/clean" "$TRASH/work/x" && cd "$TRASH/work/x" &&
	rm -rf models dir && eval "$2" && tar cf ../before models dir 2>/dev/null; git status --porcelain >../status &&
	test_expect_code 128 git model checkout "$1@v1.0.0" 2>../err && test_grep -- "--force" ../err &&
	tar cf ../after models dir 2>/dev/null; cmp ../before ../after &&
	git status --porcelain | cmp - ../status && test -n "$(ls -d $3)"
}

test_expect_success 'a file, a link, a link to a folder where a folder has to be' '
	in_the_way fraud "echo notes >models" models && test_grep "models. is in the way of" ../err &&
	in_the_way fraud "mkdir models && echo notes >models/deep" models/deep &&
	in_the_way fraud "mkdir ../else -p && ln -s ../else models" models &&
	in_the_way fraud "mkdir models && ln -s nowhere models/deep" models/deep &&
	in_the_way dir "echo notes >dir" dir
'

test_expect_success 'a file, a link, a folder with something in it at the path' '
	in_the_way fraud "mkdir -p models/deep && echo mine >models/deep/fraud.bin" models/deep/fraud.bin &&
	in_the_way fraud "mkdir -p models/deep && ln -s nowhere models/deep/fraud.bin" models/deep/fraud.bin &&
	in_the_way fraud "mkdir -p models/deep/fraud.bin/sub && echo mine >models/deep/fraud.bin/sub/f" models/deep/fraud.bin/sub/f &&
	in_the_way dir "mkdir dir && echo mine >dir/link" dir/link &&
	in_the_way dir "mkdir -p dir/a.bin && echo mine >dir/a.bin/f" dir/a.bin/f
'

test_expect_success 'a folder of untracked and ignored files where a tracked file was' '
	cd r && git checkout -q HEAD~1 -- models dir && git commit -qm back &&
	rm models/deep/fraud.bin && mkdir models/deep/fraud.bin && echo "fraud.bin/" >.git/info/exclude &&
	echo mine >models/deep/fraud.bin/results &&
	test_expect_code 128 git model checkout fraud@v1.0.0 2>../err && test_grep "is a folder here, with something in it" ../err &&
	test "$(cat models/deep/fraud.bin/results)" = mine &&
	git model checkout --force fraud@v1.0.0 && test -f models/deep/fraud.bin
'

test_expect_success 'what is in nobodys way stays, and an empty folder is nothing' '
	cd "$TRASH/work/clean" && mkdir -p models/deep/fraud.bin dir && echo mine >models/mine && echo mine >dir/mine &&
	git model checkout fraud@v1.0.0 dir@v1.0.0 && test -f models/deep/fraud.bin && test -L dir/link &&
	test "$(cat models/mine dir/mine)" = "$(printf "mine\nmine")" && git model checkout dir@v1.0.0
'

test_expect_success 'links that are members: written and counted; those that lead out are refused' '
	git init -q "$TRASH/work/l" && cd "$TRASH/work/l" && git model install --local &&
	git model track "*.bin" && mkdir -p .gitmodel dir/sub && echo mine >outside &&
	printf "[artifact \"dir\"]\npath = dir\n" >.gitmodel/config && mv-test random 9K 1 >dir/a.bin &&
	ln -s a.bin dir/link && ln -s ../a.bin dir/sub/up && git add . && git commit -qm one &&
	git model register dir@v1.0.0 && ln -sfn nowhere dir/link && rm dir/sub/up &&
	git commit -qam two && git model checkout dir@v1.0.0 >out &&
	test_grep "^3 files written" out && test "$(readlink dir/link)" = a.bin &&
	test "$(readlink dir/sub/up)" = ../a.bin && git reset -q --hard &&
	ln -sfn ../outside dir/link && git commit -qam three && git tag -a -m x dir@v2.0.0 &&
	git checkout -q HEAD~1 && git status --porcelain >../before &&
	test_expect_code 128 git model checkout dir@v2.0.0 2>err && test_grep "link.*--force" err &&
	rm err out && test "$(readlink dir/link)" = nowhere &&
	git model checkout --force dir@v2.0.0 && test "$(readlink dir/link)" = ../outside &&
	test "$(cat outside)" = mine
'

test_done
