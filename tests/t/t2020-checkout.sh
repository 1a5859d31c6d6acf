#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='git model checkout: content in the place of pointers'
. ./lib-test.sh
. "$TEST_DIR/lib-filter.sh"

# What a clone without our filter has: pointers in the work tree.
pointers () {
	rm -f *.bin d/*.bin &&
	git -c filter.model.process= -c filter.model.required=false \
		checkout -q -f HEAD -- .
}

test_expect_success 'pointers become files; git status stays clean, and then asks nothing' '
	git init -q r && cd r && git model track "*.bin" &&
	mv-test random 3M 1 >big.bin && mv-test random 3000 2 >small.bin &&
	: >empty.bin && mkdir d && mv-test random 2M 3 >d/exe.bin &&
	chmod +x d/exe.bin && echo text >text && mkdir ../keep &&
	cp -r . ../keep && git add . && git commit -qm one && pointers &&
	is_pointer big.bin && is_pointer small.bin && is_pointer d/exe.bin &&
	git model checkout >../out && test_grep "3 files written (5.0 MiB)" ../out &&
	for f in big.bin small.bin empty.bin d/exe.bin
	do
		cmp $f ../keep/$f || return 1
	done &&
	test -x d/exe.bin && test ! -x big.bin &&
	git status --porcelain >../out && test_must_be_empty ../out &&
	nothing_is_read
'

test_expect_success 'a second time there is nothing to write' '
	cd r && git model checkout >../out && test_grep "nothing to write" ../out
'

test_expect_success 'paths, patterns and subfolders' '
	cd r && pointers && git model checkout d >../out &&
	test_grep "1 file written" ../out && is_pointer big.bin &&
	cmp d/exe.bin ../keep/d/exe.bin &&
	git model checkout "sm*" && cmp small.bin ../keep/small.bin &&
	is_pointer big.bin && cd d && git model checkout ../big.bin &&
	cmp ../big.bin ../../keep/big.bin
'

test_expect_success 'what the user has changed or removed is left alone' '
	cd r && pointers && echo mine >big.bin && rm small.bin &&
	git model checkout --json >../out && test_grep "\"files\": *1" ../out &&
	echo mine >../expect && test_cmp ../expect big.bin &&
	test_path_is_missing small.bin
'

test_expect_success '-f also writes files that are missing, with their folders' '
	cd r && rm -r d && git model checkout -f && cmp small.bin ../keep/small.bin &&
	cmp d/exe.bin ../keep/d/exe.bin && test -x d/exe.bin &&
	echo mine >../expect && test_cmp ../expect big.bin &&
	git checkout -q -- big.bin && git diff --quiet
'

test_expect_success 'a staged, uncommitted pointer counts' '
	cd r && git cat-file blob :big.bin >../p && cp ../p new.bin &&
	git add new.bin && git model checkout new.bin && cmp new.bin ../keep/big.bin &&
	git rm -qf new.bin
'

test_expect_success 'missing content: the others are written, the exit code says no' '
	cd r && printf "git-model/1\noid sha256:%064d\nsize 99\n" 7 >gone.bin &&
	cp gone.bin ../p && git add gone.bin && git commit -qm gone && pointers &&
	test_expect_code 1 git model checkout >../out 2>../err &&
	test_grep "3 files written" ../out &&
	test_grep "content of 1 file is not here" ../err &&
	test_grep "git model remote add" ../err && cmp gone.bin ../p &&
	test_expect_code 1 git model checkout --json >../out &&
	test_grep "\"missing\": *1" ../out && git rm -qf gone.bin && git commit -qm x
'

test_expect_success 'a damaged store: no wrong byte reaches the work tree' '
	git clone -q r damaged && cd damaged && git model checkout && pointers &&
	for pack in .git/model/packs/*.pack
	do
		chmod u+w $pack && size=$(test_file_size $pack) &&
		mv-test flip $pack $((size / 2)) || return 1
	done &&
	{ git model checkout >../out 2>../err; test $? = 1; } &&
	test_grep "is left as a pointer" ../err &&
	for f in big.bin small.bin d/exe.bin
	do
		is_pointer $f || cmp $f ../keep/$f || return 1
	done && no_temporaries
'

test_expect_success 'a name that nothing has is an error' '
	cd r && git checkout -q -f HEAD -- . && pointers &&
	test_expect_code 128 git model checkout nosuch.bin 2>../err &&
	test_grep "nosuch.bin" ../err &&
	is_pointer small.bin &&
	test_expect_code 128 git model checkout small.bin nosuch.bin 2>../err &&
	is_pointer small.bin &&
	test_expect_code 128 git model checkout -f "*.nosuch" &&
	: >untracked && test_expect_code 128 git model checkout untracked &&
	rm untracked && cd d &&
	test_expect_code 128 git model checkout small.bin 2>../../err &&
	git model checkout . && cd .. && git model checkout
'

test_expect_success 'so is one that was deleted' '
	cd r && rm small.bin &&
	test_expect_code 128 git model checkout small.bin 2>../err &&
	test_grep "small.bin.* is deleted" ../err &&
	test_expect_code 128 git model checkout "small*" &&
	(cd d && test_expect_code 128 git model checkout ../small.bin) &&
	git model checkout . && test_path_is_missing small.bin &&
	git model checkout -f small.bin && cmp small.bin ../keep/small.bin &&
	rm -r d && test_expect_code 128 git model checkout d &&
	test_expect_code 128 git model checkout d/ &&
	git model checkout -f d && git diff --quiet &&
	rm .gitattributes && git checkout -q -- .gitattributes &&
	echo x >plain && git add plain && rm plain &&
	test_expect_code 128 git model checkout plain &&
	test_expect_code 128 git model checkout -f plain &&
	git rm -q --cached plain
'

test_expect_success 'and one outside of a sparse checkout' '
	cd r && git sparse-checkout set --no-cone /big.bin /d/ &&
	test_expect_code 128 git model checkout small.bin 2>../err &&
	test_grep "outside of the sparse checkout" ../err &&
	git sparse-checkout disable && git diff --quiet
'

test_expect_success 'unmerged files and files outside of a sparse checkout are left alone' '
	cd r && git sparse-checkout set --no-cone /big.bin &&
	git model checkout -f && test_path_is_missing small.bin &&
	git sparse-checkout disable && git diff --quiet
'

test_expect_success 'hostile names are refused, and nothing outside is touched' '
	git init -q evil && cd evil && mkdir ../victim &&
	git -C ../r cat-file blob HEAD:big.bin >../p &&
	blob=$(git hash-object -w --no-filters ../p) && cp -r ../r/.git/model .git/ &&
	echo "* filter=model -text" >.gitattributes && git add .gitattributes &&
	git update-index --add --cacheinfo 100644,$blob,link2/x.bin &&
	ln -s ../victim link2 && cp ../p ../victim/x.bin &&
	{ git model checkout -f >../out 2>&1 || :; } &&
	cmp ../p ../victim/x.bin && test "$(ls ../victim)" = x.bin
'

test_expect_success 'hard links to the pointer keep the pointer' '
	cd r && pointers && cp big.bin ../p && ln big.bin ../hard &&
	git model checkout && cmp ../hard ../p && cmp big.bin ../keep/big.bin
'

test_expect_success 'two at once do each file once, and both succeed' '
	cd r && pointers && { git model checkout >../out1 2>&1 & } && pid=$! &&
	git model checkout >../out2 2>&1 && wait $pid &&
	work_tree_is_real
'

test_expect_success 'wrong calls' '
	cd r && test_expect_code 129 git model checkout --nosuch 2>../err &&
	git model checkout -h >../out && test_grep "usage: git model checkout" ../out &&
	git init -q --bare ../bare.git && cd ../bare.git &&
	test_expect_code 128 git model checkout 2>../err && test_line_count = 1 ../err
'

test_expect_success '3000 small files: one process, no file forgotten' '
	git init -q many && cd many && git model track "*.bin" &&
	for i in $(seq 3000); do echo $i >$i.bin || return 1; done &&
	git model add . && git commit -qm many && rm *.bin &&
	strace -f -c -o "$TRASH/strace" -e trace=execve git-model checkout -f &&
	test $(awk "/execve/ { print \$4 }" "$TRASH/strace") -lt 10 &&
	for i in 1 77 1500 3000; do test $(cat $i.bin) = $i || return 1; done &&
	test $(ls *.bin | wc -l) = 3000 &&
	git status --porcelain >../out && test_must_be_empty ../out &&
	nothing_is_read
'

test_done
