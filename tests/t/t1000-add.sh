#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='git model add: the bulk way in'
. ./lib-test.sh
. "$TEST_DIR/lib-filter.sh"

oid_of () { sha256sum <"$1" | cut -d' ' -f1; }

test_expect_success 'stores files, stages their pointers, leaves them alone' '
	git init -q r && cd r &&
	git model track "*.bin" &&
	mv-test random 3M 1 >big.bin &&
	mv-test random 3000 2 >small.bin &&
	: >empty.bin && echo text >text &&
	cp big.bin ../big &&
	git model add . >../out &&
	test_grep "3 files added" ../out &&
	cat >../expect <<-EOF &&
	git-model/1
	oid sha256:$(oid_of big.bin)
	size 3145728
	EOF
	git cat-file blob :big.bin >../actual &&
	test_cmp ../expect ../actual &&
	test "$(git rev-parse :empty.bin)" = $(git hash-object -t blob /dev/null) &&
	git cat-file blob :text >../actual && test_cmp text ../actual &&
	cmp big.bin ../big
'

test_expect_success 'git add stages the same' '
	git -C r ls-files -s >expect &&
	rm r/.git/index &&
	git -C r add .gitattributes big.bin empty.bin small.bin text &&
	git -C r ls-files -s >actual &&
	test_cmp expect actual
'

test_expect_success 'git status asks for no file that is old enough' '
	cd r && touch -d "1 minute ago" *.bin && sleep 1.1 &&
	git model add . && git commit -qm one &&
	filter_log git status --porcelain &&
	test_must_be_empty "$TRASH/requests" &&
	git diff --quiet
'

test_expect_success 'an unchanged file is not read again' '
	cd r && git model add --json . >out &&
	test_grep "\"unchanged\": *3" out &&
	strace -f -o "$TRASH/strace" -e trace=pread64,read,openat2 -P big.bin \
		git-model add big.bin >out &&
	test_grep "0 files added (0 B" out &&
	test_grep ! "read(\|pread64(" "$TRASH/strace"
'

test_expect_success 'marks in the index are the user'\''s' '
	git init -q marks && cd marks && git model track "*.bin" &&
	for f in a b c
	do
		mv-test random 3000 $((n += 1)) >$f.bin || return 1
	done &&
	git add . && git commit -qm one &&
	git update-index --assume-unchanged a.bin &&
	git update-index --skip-worktree b.bin &&
	echo more >>a.bin && echo more >>b.bin && touch c.bin &&
	: >empty.bin && git add -N empty.bin &&
	git model add . && git ls-files -v >out &&
	test_grep "^h a.bin" out && test_grep "^S b.bin" out &&
	test_grep "^H c.bin" out &&
	git diff --cached --name-status >out && echo "A	empty.bin" >want &&
	test_cmp want out && git model add a.bin 2>err &&
	test_grep "a.bin. is marked assume-unchanged" err &&
	git ls-files -v a.bin >out && test_grep "^h a.bin" out &&
	git diff --cached --quiet -- a.bin b.bin c.bin
'

test_expect_success 'a change is staged, and only what is new is stored' '
	cd r && mv-test edit big.bin 1000000 10 7 &&
	git model add --json big.bin >out &&
	test_grep "\"files\": *1" out &&
	new=$(sed -n "s/.*\"new_bytes\": *\([0-9]*\).*/\1/p" out) &&
	test "$new" -gt 0 && test "$new" -le 524288 &&
	git cat-file blob :big.bin | grep $(oid_of big.bin)
'

test_expect_success 'the executable bit is staged' '
	cd r && chmod +x big.bin && git model add big.bin &&
	git ls-files -s big.bin >out && test_grep ^100755 out &&
	chmod -x big.bin && git model add big.bin &&
	git ls-files -s big.bin >out && test_grep ^100644 out
'

test_expect_success 'a removed file leaves the index' '
	cd r && rm small.bin && git model add . >out &&
	test_grep "1 file removed" out &&
	git ls-files small.bin >out && test_must_be_empty out
'

test_expect_success 'a pointer is never made into the pointer of a pointer' '
	cd r && git cat-file blob :big.bin >p.bin &&
	git model add p.bin &&
	test $(git rev-parse :p.bin) = $(git rev-parse :big.bin) &&
	git rm -qf --cached p.bin && rm p.bin
'

test_expect_success 'a pointer with conflict markers is refused by name' '
	cd r && before=$(git rev-parse :big.bin) &&
	{
		echo "<<<<<<< ours" && git cat-file blob :big.bin &&
		echo ======= && git cat-file blob :big.bin &&
		echo ">>>>>>> theirs"
	} >torn.bin &&
	test_expect_code 128 git model add . 2>err &&
	test_grep "torn.bin" err && test_grep "conflict" err &&
	git ls-files torn.bin >out && test_must_be_empty out &&
	test_must_fail git add torn.bin 2>err &&
	test_grep "torn.bin.*conflict" err &&
	rm torn.bin
'

test_expect_success 'a file that is named is tracked, and told about' '
	cd r && mv-test random 2M 5 >"a [1]*.dat" &&
	git model add "a [1]*.dat" 2>err &&
	test_grep "is tracked now" err &&
	git check-attr filter "a [1]*.dat" >out && test_grep "filter: model" out &&
	git check-attr filter "a 1x.dat" >out && test_grep ! "filter: model" out &&
	git cat-file blob ":a [1]*.dat" | grep $(oid_of "a [1]*.dat") &&
	git diff --cached --name-only >out && test_grep .gitattributes out
'

test_expect_success 'but one that is found in a folder is not' '
	cd r && mkdir dir && echo hello >dir/readme && git model add dir &&
	echo hello >expect && git cat-file blob :dir/readme >actual &&
	test_cmp expect actual
'

test_expect_success 'names with anything in them' '
	cd r && mkdir odd && n=$(printf "new\nline\twith \\351 and \"quotes\".bin") &&
	echo 1 >"odd/$n" && echo 2 >"odd/-n.bin" && echo 3 >"odd/ space .bin" &&
	echo 4 >"odd/:(top)x.bin" && echo 5 >"odd/*.bin" &&
	git model add odd &&
	git ls-files -z odd >out && test $(tr -cd "\000" <out | wc -c) = 5 &&
	git cat-file blob ":odd/$n" | grep ^size.2$ &&
	cd odd && echo 66 >-n.bin && git model add -- -n.bin &&
	git cat-file blob ":odd/-n.bin" | grep ^size.3$
'

test_expect_success 'works from a subfolder, with paths relative to it' '
	cd r && mkdir -p sub/deep && echo 1 >sub/deep/x.bin && echo 2 >sub/y.bin &&
	cd sub/deep && git model add x.bin ../y.bin "$PWD/x.bin" &&
	git ls-files --full-name .. >out &&
	test_grep ^sub/deep/x.bin$ out && test_grep ^sub/y.bin$ out
'

test_expect_success 'says which pathspec matches nothing' '
	cd r && test_expect_code 128 git model add nothere.bin 2>err &&
	test_grep "pathspec .nothere.bin. did not match any files" err &&
	test_expect_code 128 git model add "*.nothere" 2>err &&
	test_grep "did not match" err &&
	test_expect_code 129 git model add 2>err
'

test_expect_success 'an ignored file needs -f' '
	cd r && echo "*.ign" >.gitignore && mkdir only && echo x >only/x.ign &&
	echo secret >a.ign &&
	test_expect_code 128 git model add a.ign 2>err && test_grep ignored err &&
	test_expect_code 128 git model add only/x.ign 2>err &&
	git model add . && git ls-files a.ign >out && test_must_be_empty out &&
	git model add -f a.ign && git ls-files a.ign >out && test_grep a.ign out
'

test_expect_success 'a dry run says it and does nothing' '
	cd r && git ls-files -s >before && mv-test random 2M 99 >dry.bin &&
	packs=$(ls .git/model/packs | wc -l) &&
	git model add -n . >out && test_grep "add .dry.bin." out &&
	git ls-files -s >after && test_cmp before after &&
	test $packs = $(ls .git/model/packs | wc -l) && rm dry.bin before after
'

test_expect_success 'symbolic links and submodules go to git add' '
	cd r && ln -s big.bin link.bin && git init -q nested.bin &&
	git -C nested.bin commit -q --allow-empty -m x &&
	git model add . && git ls-files -s link.bin >out &&
	test_grep ^120000 out &&
	git ls-files -s nested.bin >out && test_grep ^160000 out &&
	rm -rf nested.bin link.bin && git rm -q --cached nested.bin link.bin
'

test_expect_success 'an unmerged file is resolved by adding it' '
	git init -q m && cd m && git model track "*.bin" && echo 0 >f.bin &&
	git model add . && git commit -qm 0 && git checkout -qb other &&
	echo 1 >f.bin && git model add . && git commit -qm 1 &&
	git checkout -q main && echo 2 >f.bin && git model add . &&
	git commit -qm 2 && test_must_fail git merge other &&
	test $(git ls-files -u | wc -l) = 3 &&
	echo 12 >f.bin && git model add f.bin &&
	git ls-files -u >out && test_must_be_empty out &&
	git cat-file blob :f.bin | grep ^size.3$
'

test_expect_success 'filter=lfs: an LFS pointer, and the object where git-lfs has it' '
	git init -q lfs && cd lfs &&
	echo "*.bin filter=lfs diff=lfs merge=lfs -text" >.gitattributes &&
	mv-test random 2M 3 >l.bin && echo small >s.bin && git model add . &&
	oid=$(oid_of l.bin) &&
	cat >expect <<-EOF &&
	version https://git-lfs.github.com/spec/v1
	oid sha256:$oid
	size 2097152
	EOF
	git cat-file blob :l.bin >actual && test_cmp expect actual &&
	cmp l.bin .git/lfs/objects/$(echo $oid | cut -c1-2)/$(echo $oid | cut -c3-4)/$oid &&
	git model add --json . >out && test_grep "\"unchanged\": *2" out
'

test_expect_success 'a shared store, and its list of clones' '
	mkdir shared && git init -q s1 && git init -q s2 &&
	for r in s1 s2
	do
		git -C $r config model.store ../../shared/store &&
		git -C $r model track "*.bin" && mv-test random 2M 1 >$r/x.bin &&
		git -C $r model add --json . >out || return 1
	done &&
	test_grep "\"new_bytes\": *0" out &&
	test_path_is_missing s1/.git/model &&
	cat shared/store/clients/* | sort >actual &&
	printf "%s\n" "$PWD/s1/.git" "$PWD/s2/.git" >expect &&
	test_cmp expect actual
'

test_expect_success 'a file that changes while it is read is not staged' '
	git init -q moving && cd moving && git model track "*.bin" &&
	mv-test random 64M 1 >x.bin &&
	{ while echo x >>x.bin && test ! -e stop; do :; done & } && pid=$! &&
	test_when_finished "touch stop; wait $pid" &&
	test_expect_code 128 git model add x.bin 2>err &&
	test_grep "x.bin.*changed while it was being read" err &&
	git ls-files x.bin >out && test_must_be_empty out
'

test_expect_success 'not in a repository, or in a bare one: said in one line' '
	test_expect_code 128 git model add x 2>err && test_line_count = 1 err &&
	git init -q --bare bare.git && cd bare.git &&
	test_expect_code 128 git model add x 2>err && test_line_count = 1 err &&
	test_grep "work tree" err
'

test_expect_success 'SHA-256 repository, split index, index version 4' '
	for i in "--object-format=sha256" "" "-c core.splitIndex=true" \
		"-c index.version=4"
	do
		rm -rf v && case "$i" in
		-c*) git init -q v && git -C v config ${i#-c } 2>/dev/null ||
			git -C v config $(echo "${i#-c }" | tr = " ") ;;
		*) git init -q $i v ;;
		esac &&
		git -C v model track "*.bin" && mv-test random 2M 1 >v/x.bin &&
		touch -d "1 minute ago" v/x.bin && git -C v model add . &&
		git -C v commit -qm x && (cd v && work_tree_is_real) || return 1
	done
'

test_expect_success 'no file is handed over before its content is on the disk' '
	git init -q order && cd order && git model track "*.bin" &&
	mv-test random 2M 1 >x.bin &&
	strace -f -y -o "$TRASH/strace" \
		-e trace=%file,fsync,fdatasync \
		git-model add x.bin &&
	grep -n "\(rename\|link\).*\.idx" "$TRASH/strace" | tail -n 1 |
	cut -d: -f1 >renamed &&
	grep -n "update-index" "$TRASH/strace" | head -n 1 | cut -d: -f1 >staged &&
	test $(cat renamed) -lt $(cat staged) &&
	grep -q "fsync.*packs" "$TRASH/strace"
'

test_expect_success 'an ignored file by a pathspec with magic, when forced' '
	git init -q magic && cd magic && git model track "*.bin" &&
	echo "ign*" >.gitignore && echo x >ign.bin &&
	test_expect_code 128 git model add ":(literal)ign.bin" 2>../err &&
	test_expect_code 128 git model add -f ":(literal)none.bin" 2>../err &&
	git model add -f ":(literal)ign.bin" &&
	git cat-file blob :ign.bin >../actual && test_grep git-model/1 ../actual
'

test_expect_success 'what the team says is read before anything is staged' '
	git init -q team && cd team && git model track "*.bin" &&
	git add . && git commit -q -m track && mkdir .gitmodel &&
	printf "[artifact \"x y\"]\npath = m.bin\n" >.gitmodel/config &&
	mv-test random 5000 1 >m.bin &&
	test_must_fail git model add m.bin --metric auc=1 2>err &&
	test_grep "gitmodel/config" err &&
	git diff --cached --quiet
'

test_expect_success 'a pointer to content that nobody has is taken, and told' '
	git init -q claimed && cd claimed && git model track "*.bin" &&
	mv-test random 9000 1 >a.bin && git model add . && git commit -q -m a &&
	git cat-file -p :a.bin >a.bin && git model add a.bin 2>err &&
	test_grep ! "pointer" err &&
	git cat-file -p :a.bin |
	sed "s/sha256:.\{8\}/sha256:00000000/" >a.bin &&
	git model add a.bin >out 2>err &&
	test_grep "a.bin. is the text of a pointer, and the content" err &&
	test_grep ! "had all of it" out &&
	git checkout HEAD -- a.bin && mv-test random 9000 1 | cmp - a.bin
'

test_done
