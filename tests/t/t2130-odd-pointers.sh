#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='pointers and bytes that are not as we would write them'
. ./lib-test.sh
. "$TEST_DIR/lib-filter.sh"

git config --global filter.lfs.process "git-model filter-process --lfs" &&
git config --global filter.lfs.required true || exit 1

v='version https://git-lfs.github.com/spec/v1'
oid_of () {
	sha256sum "$1" | cut -d' ' -f1
}
# lfs_store <file>: as git-lfs would keep it
lfs_store () {
	o=$(oid_of "$1") && d=.git/lfs/objects/$(echo $o | cut -c1-2)/$(
		echo $o | cut -c3-4) &&
	mkdir -p $d && cp "$1" $d/$o
}
# commit_text <path> <file>: a blob as it is, whatever the filter
commit_text () {
	blob=$(git hash-object -w --no-filters "$2") &&
	git update-index --add --cacheinfo "100644,$blob,$1" &&
	git commit -q -m "$1"
}

# -- pointers of git-lfs that it does not write itself -------------------------

test_expect_success 'a Git LFS pointer written otherwise is checked out' '
	git init -q odd && cd odd &&
	echo "*.bin filter=lfs -text" >.gitattributes && git add . &&
	mv-test random 3000 1 >../content && lfs_store ../content &&
	printf "%s\noid sha256:%s\nsize 03000\302\240" "$v" \
		$(oid_of ../content) >../text &&
	commit_text a.bin ../text && git checkout -q -- a.bin &&
	cmp a.bin ../content
'

test_expect_success 'and not rewritten by add, renormalize, status or commit' '
	cd odd && touch a.bin && git status --porcelain >../out &&
	test_must_be_empty ../out &&
	git add a.bin && git add --renormalize . && git diff --cached --quiet &&
	cp ../text a.bin && git add a.bin && git diff --cached --quiet &&
	git model checkout && cmp a.bin ../content &&
	touch a.bin && git model add a.bin && git diff --cached --quiet &&
	git cat-file -p :a.bin | cmp - ../text
'

test_expect_success 'changed content gets a pointer as git-lfs writes it' '
	cd odd && mv-test random 3000 2 >a.bin && git add a.bin &&
	git cat-file -p :a.bin >../out && test_line_count = 3 ../out &&
	test_grep "^size 3000\$" ../out && git reset -q --hard
'

test_expect_success 'ext- lines: the pointer is left, with one warning' '
	cd odd && printf "%s\next-0-case sha256:%s\noid sha256:%s\nsize 3000\n" \
		"$v" $(oid_of ../text) $(oid_of ../content) >../ext &&
	commit_text e.bin ../ext && commit_text e2.bin ../ext &&
	git checkout -q -- e.bin e2.bin 2>../err &&
	cmp e.bin ../ext && cmp e2.bin ../ext &&
	grep -c "of a Git LFS extension" ../err >../count &&
	test "$(cat ../count)" = 1
'

test_expect_success 'its lines stay, whatever reads it' '
	cd odd && touch e.bin && git status --porcelain >../out &&
	test_must_be_empty ../out && git add e.bin &&
	git model checkout && cmp e.bin ../ext &&
	git model add e.bin && git diff --cached --quiet &&
	cp e.bin ../e.copy && cp ../e.copy f.bin && git add f.bin &&
	git cat-file -p :f.bin | cmp - ../ext && git rm -q --cached f.bin &&
	rm f.bin && git diff HEAD~ >../out
'

test_expect_success 'its stored bytes are not given out for the file' '
	cd odd && test_must_fail git model cat HEAD:e.bin >../out 2>../err &&
	test_must_be_empty ../out && test_grep "extension" ../err
'

# -- what git-lfs is told not to write -----------------------------------------

test_expect_success 'GIT_LFS_SKIP_SMUDGE leaves pointers' '
	git init -q lfs && cd lfs &&
	echo "*.bin filter=lfs -text" >.gitattributes &&
	mkdir big && mv-test random 9M 3 >big/l.bin &&
	mv-test random 3000 4 >s.bin && git add . && git commit -q -m one &&
	rm s.bin big/l.bin && GIT_LFS_SKIP_SMUDGE=1 git checkout -q -- . &&
	test_grep "^$v" s.bin && test_grep "^$v" big/l.bin &&
	git status --porcelain >../out && test_must_be_empty ../out &&
	git model checkout && test $(test_file_size s.bin) = 3000 &&
	test $(test_file_size big/l.bin) = 9437184
'

test_expect_success 'lfs.fetchexclude and lfs.fetchinclude do' '
	cd lfs && rm s.bin big/l.bin &&
	git -c lfs.fetchexclude="x,big" checkout -q -- . &&
	test $(test_file_size s.bin) = 3000 && test_grep "^$v" big/l.bin &&
	rm s.bin && git -c lfs.fetchinclude="/big" checkout -q -- . &&
	test_grep "^$v" s.bin &&
	git -c lfs.fetchexclude=s.bin model checkout &&
	test_grep "^$v" s.bin && test $(test_file_size big/l.bin) = 9437184 &&
	git -c lfs.fetchexclude=s.bin model checkout s.bin &&
	test $(test_file_size s.bin) = 3000
'

test_expect_success 'so does .lfsconfig, unless the configuration says more' '
	cd lfs && git config --file .lfsconfig lfs.fetchexclude "*.bin" &&
	rm s.bin big/l.bin && git checkout -q -- . &&
	test_grep "^$v" s.bin && test_grep "^$v" big/l.bin &&
	rm s.bin && git -c lfs.fetchexclude=nothing checkout -q -- . &&
	test $(test_file_size s.bin) = 3000 &&
	git add .lfsconfig && git commit -q -m config && rm .lfsconfig s.bin &&
	git checkout -q -- s.bin && test_grep "^$v" s.bin &&
	git checkout -q -- . && git model checkout s.bin big/l.bin
'

test_expect_success 'a .lfsconfig that git cannot read is said' '
	cd lfs && echo "[lfs" >.lfsconfig && rm s.bin &&
	test_must_fail git checkout -q -- s.bin 2>../err &&
	test_grep "lfsconfig" ../err &&
	git checkout -q -- . && git model checkout
'

test_expect_success 'bytes of a damaged LFS object are not looked at either' '
	cd lfs && mv-test safetensors m.safetensors bf16 300000 5 &&
	echo "*.safetensors filter=lfs -text" >>.gitattributes &&
	git add . && git commit -q -m m &&
	git model inspect HEAD:m.safetensors >../before &&
	o=$(oid_of m.safetensors) &&
	object=$(find .git/lfs/objects -name $o) && chmod u+w $object &&
	mv-test flip $object 200000 &&
	test_must_fail git model inspect HEAD:m.safetensors >../out 2>../err &&
	test_grep "damaged" ../err
'

# -- line ends -------------------------------------------------------------------

test_expect_success 'core.autocrlf without -text: files are real and clean' '
	git init -q crlf && cd crlf && git config core.autocrlf true &&
	echo "*.bin filter=model" >.gitattributes &&
	mv-test random 9M 6 >l.bin && mv-test random 3000 7 >s.bin &&
	cp l.bin s.bin .. &&
	git add . 2>/dev/null && git commit -q -m one &&
	rm l.bin s.bin && git checkout -q -- . &&
	cmp l.bin ../l.bin && cmp s.bin ../s.bin &&
	git status --porcelain >../out && test_must_be_empty ../out &&
	git clone -q -c core.autocrlf=true . ../crlf2 &&
	cmp l.bin ../crlf2/l.bin
'

test_expect_success 'a pointer with CR LF in the work tree is read' '
	cd crlf && git cat-file -p :s.bin | sed "s/\$/\r/" >../p &&
	cp ../p s.bin && git add s.bin 2>../err && git diff --cached --quiet &&
	git status --porcelain >../out && test_must_be_empty ../out
'

# -- conflicts in pointers ----------------------------------------------------------

for filter in model lfs
do
	test_expect_success "pointers with conflict markers stop no reset and no diff ($filter)" '
		git init -q c-$filter && cd c-$filter &&
		echo "*.bin filter=$filter merge=text-$filter -text" >.gitattributes &&
		mv-test random 3000 8 >a.bin && git add . && git commit -q -m one &&
		git switch -q -c side && mv-test random 3001 9 >a.bin &&
		git commit -q -a -m two && git switch -q main &&
		mv-test random 3002 10 >a.bin && git commit -q -a -m three &&
		test_expect_code 1 git merge side &&
		test_grep "^<<<<<<<" a.bin &&
		git diff >../out && git status >../out &&
		test_must_fail git add a.bin 2>../err &&
		test_grep "conflict marker" ../err &&
		git reset -q && test_grep "^<<<<<<<" a.bin &&
		git diff >../out && git diff --stat >../out &&
		test_must_fail git commit -q -a -m broken &&
		git reset -q --hard && test $(test_file_size a.bin) = 3002
	'
done

# -- bytes in history ----------------------------------------------------------------

test_expect_success 'commits that hold bytes under the filter' '
	git init -q raw && cd raw &&
	mv-test random 2M 11 >a.bin && mv-test random 300 12 >b.bin &&
	cp a.bin b.bin .. && git add . && git commit -q -m bytes &&
	echo "*.bin filter=model diff=model merge=model -text" >.gitattributes &&
	git add .gitattributes && git commit -q -m tracked &&
	git model add a.bin b.bin && git commit -q -m mended &&
	for i in 1 2 3 4
	do
		echo $i >f && git add f && git commit -q -m $i || return 1
	done &&
	git cat-file -p HEAD:a.bin >../p && test_grep "^git-model/1" ../p
'

test_expect_success 'are entered and left by switch, with one warning' '
	cd raw && git switch -q --detach main~5 2>../err &&
	cmp a.bin ../a.bin &&
	touch a.bin b.bin && git switch -q --detach main~4 2>../err &&
	grep -c "a.bin.*is in git as the bytes\|b.bin.*is in git as the bytes" \
		../err >../count &&
	test "$(cat ../count)" = 1 &&
	git switch -q main~5 --detach && git switch -q main && cmp a.bin ../a.bin &&
	git diff --quiet
'

test_expect_success 'by rebase, pull, bisect, reset and stash' '
	cd raw && git switch -q -c topic main~5 && touch a.bin &&
	echo t >t && git add t && git commit -q -m t &&
	touch a.bin && git rebase -q main && cmp a.bin ../a.bin &&
	git diff --quiet && git switch -q -c pulled main~5 && touch a.bin &&
	git pull -q . main && cmp a.bin ../a.bin && git diff --quiet &&
	git switch -q main && git bisect start main main~6 &&
	git bisect run sh -c "touch a.bin b.bin; test ! -e f" >../out &&
	test_grep "is the first bad commit" ../out && git bisect reset &&
	git reset -q --hard main~5 && touch a.bin &&
	git reset -q --hard ORIG_HEAD && git diff --quiet
'

test_expect_success 'what was changed there is still seen as changed' '
	cd raw && git switch -q --detach main~5 &&
	mv-test edit a.bin 5 5 13 && cp a.bin ../edited &&
	test_must_fail git switch -q main 2>../err && cmp a.bin ../edited &&
	git checkout -q -- . && git switch -q main
'

test_expect_success 'and git add makes a pointer of it' '
	cd raw && git switch -q --detach main~5 && touch a.bin &&
	git add a.bin && git cat-file -p :a.bin >../p &&
	test_grep "^git-model/1" ../p && git reset -q --hard &&
	git switch -q main
'

# -- bytes for somebody else ----------------------------------------------------------

test_expect_success 'git archive gives the bytes of large files' '
	git init -q given && cd given && git model track "*.bin" &&
	mv-test random 12M 14 >l.bin && mv-test random 3000 15 >s.bin &&
	git add . && git commit -q -m one && cp l.bin s.bin .. &&
	git archive HEAD >../a.tar && mkdir ../a && tar -x -C ../a -f ../a.tar &&
	cmp ../a/l.bin l.bin && cmp ../a/s.bin s.bin &&
	git clone -q --bare . ../given.git &&
	git --git-dir=../given.git archive HEAD >../b.tar &&
	mkdir ../b && tar -x -C ../b -f ../b.tar && cmp ../b/l.bin l.bin
'

test_expect_success 'so do cat-file --filters, checkout-index and difftool' '
	cd given && git cat-file --filters HEAD:l.bin | cmp - l.bin &&
	git checkout-index --prefix=../export/ -a && cmp ../export/l.bin l.bin &&
	git checkout-index --temp l.bin >../temp &&
	cmp "$(cut -f1 ../temp)" l.bin && rm -f .merge_file_* &&
	git mv l.bin m.bin && git commit -q -m moved &&
	mv-test edit m.bin 100 100 16 && git commit -q -a -m two &&
	cat >../tool <<-\EOF &&
	#!/bin/sh
	cp "$1" "$TRASH/work/left" && cp "$2" "$TRASH/work/right"
	EOF
	chmod +x ../tool && export TRASH &&
	git difftool -y -x ../tool HEAD~ HEAD -- m.bin &&
	cmp ../left ../l.bin && cmp ../right m.bin &&
	rm ../left ../right && cat >../dirtool <<-\EOF &&
	#!/bin/sh
	cp "$1/m.bin" "$TRASH/work/left" && cp "$2/m.bin" "$TRASH/work/right"
	EOF
	chmod +x ../dirtool && git difftool -d -y -x ../dirtool HEAD~ HEAD &&
	cmp ../left ../l.bin && cmp ../right m.bin
'

test_expect_success 'in constant memory on our side' '
	cd given && mv-test random 100M 17 >h.bin && git model add h.bin &&
	git commit -q -m h && mkdir ../spy && cat >../spy/git-model <<-EOF &&
	#!/bin/sh
	exec mv-test maxrss "$TRASH/work/peak" "$B/git-model" "\$@"
	EOF
	chmod +x ../spy/git-model &&
	PATH="$TRASH/work/spy:$PATH" git archive HEAD h.bin >../h.tar &&
	tar -x -O -f ../h.tar h.bin | cmp - h.bin && rm ../h.tar &&
	test $(cat ../peak) -lt 81920
'

test_expect_success 'what is not here is a failure, unless pointers are asked for' '
	git clone -q given nothing && cd nothing && rm -rf .git/model &&
	mv ../given/.git/model ../hidden &&
	test_when_finished "mv ../hidden ../given/.git/model" &&
	test_must_fail git archive HEAD 2>../err >/dev/null &&
	test_grep "model.exportPointers" ../err &&
	test_must_fail git cat-file --filters HEAD:m.bin >/dev/null &&
	git -c model.exportPointers=true cat-file --filters HEAD:m.bin >../p &&
	test_grep "^git-model/1" ../p
'

# -- clones by programs that know no filter ------------------------------------------

# What pygit2, JGit and gitoxide do: no filter, no hook.
bare_git () {
	git -c filter.model.process= -c filter.model.required=false \
		-c core.hooksPath=/dev/null "$@"
}

test_expect_success 'bytes that such a program committed are found' '
	git init -q --bare shared.git && git init -q seen && cd seen &&
	git model install --local && git model track "*.bin" &&
	mv-test random 5000 20 >a.bin && mv-test random 200 21 >b.bin &&
	git add . && git commit -q -m one &&
	git remote add origin ../shared.git && git push -q origin main &&
	mv-test random 5000 22 >a.bin && mv-test random 200 23 >b.bin &&
	bare_git commit -q -a -m foreign && git switch -q -c more &&
	echo plain >x && git add x && git commit -q -m x &&
	git push origin more 2>../err &&
	test_grep "bytes themselves of 2 files.* first is .a.bin" ../err &&
	test_expect_code 1 git model doctor >../out && test_grep "raw bytes" ../out
'

test_expect_success 'once pushed they are not said again, and add mends them' '
	cd seen && echo y >y && git add y && git commit -q -m y &&
	git push origin more 2>../err && test_grep ! "bytes themselves" ../err &&
	touch a.bin b.bin && git model add a.bin b.bin && git commit -q -m mended &&
	git push origin more 2>../err && test_grep ! "bytes themselves" ../err &&
	{ git model doctor >../out || :; } && test_grep ! "raw bytes" ../out
'

test_expect_success 'pointers that such a clone shows are found and filled' '
	git clone -q -c filter.model.process= -c filter.model.required=false \
		-c filter.model.smudge= -c filter.model.clean= \
		shared.git shown -b more && cd shown &&
	git config --local --unset filter.model.process &&
	git config --local --unset filter.model.required &&
	test_grep "^git-model/1" a.bin && git model install --local &&
	{ git model doctor >../out || :; } &&
	test_grep "not here\|pointers lie" ../out &&
	git model pull && cmp a.bin ../seen/a.bin
'

test_expect_success 'a sparse index: what is outside needs no content' '
	git init -q wide && cd wide && git model track "*.bin" &&
	mkdir -p in out/a && mv-test random 3000 24 >in/a.bin &&
	mv-test random 3000 25 >out/a/b.bin && git add . && git commit -q -m w &&
	cd .. && git clone -q --no-checkout wide narrow && cd narrow &&
	git sparse-checkout set --cone --sparse-index in && git checkout -q &&
	test_path_is_missing out && git model status >../out 2>&1 &&
	test_grep ! "not in the store" ../out && test_grep ! "out/a" ../out &&
	git status --porcelain >../out && test_must_be_empty ../out &&
	git sparse-checkout disable && cmp out/a/b.bin ../wide/out/a/b.bin
'

test_done
