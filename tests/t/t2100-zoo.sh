#!/bin/sh

test_description='one life of a model in every kind of repository there is'

. ./lib-test.sh
. "$TEST_DIR/lib-filter.sh"

git config --global model.smudgeLimit 16k &&
git config --global protocol.file.allow always || exit 1

# Two contents: `small` goes through git, `big` is written when the filter
# ends, by all threads together.
mv-test random 3000 1 >"$TRASH/small.1" &&
mv-test random 3000 2 >"$TRASH/small.2" &&
mv-test random 1100000 3 >"$TRASH/big.1" &&
cp "$TRASH/big.1" "$TRASH/big.2" &&
mv-test edit "$TRASH/big.2" 500000 3000 4 || exit 1

# bytes <version of small> <version of big>: these lie there, and git agrees.
bytes () {
	cmp "$TRASH/small.$1" small.bin && cmp "$TRASH/big.$2" big.bin &&
	git status --porcelain >"$TRASH/status" &&
	test_must_be_empty "$TRASH/status" && no_temporaries
}

# holds <version of small> <version of big>: and git does not ask for the big
# one, which was written behind its back, but in the same second.
holds () {
	holds_index=$(index_time) && filter_log git status --porcelain >"$TRASH/status" &&
	test_must_be_empty "$TRASH/status" &&
	asked_for_no_old $holds_index && bytes "$1" "$2"
}

# Once no file is as young as the index, git asks nothing any more.
silent () {
	git ls-files -z "*.bin" | xargs -0 touch -c -d "2 minutes ago" &&
	git status --porcelain >"$TRASH/status" &&
	test_must_be_empty "$TRASH/status" &&
	filter_log git status --porcelain >"$TRASH/status" &&
	test_must_be_empty "$TRASH/status" &&
	test_must_be_empty "$TRASH/requests"
}

commit () {
	test_tick && git commit -q -m "$1"
}

# The same blobs and modes, whoever adds: git or git model.
both_ways_in () {
	cp "$TRASH/small.1" small.bin && cp "$TRASH/big.1" big.bin &&
	git add . && git ls-files -s "*.bin" >"$TRASH/by-git" &&
	test_line_count = 2 "$TRASH/by-git" &&
	git rm -q --cached "*.bin" && rm -f "$(git rev-parse --git-dir)/model-stat" &&
	git model add . && git ls-files -s "*.bin" >"$TRASH/by-us" &&
	test_cmp "$TRASH/by-git" "$TRASH/by-us" &&
	git cat-file -p :./big.bin >"$TRASH/pointer" && is_pointer "$TRASH/pointer"
}

# In the top of a work tree, on a branch.
short_life () {
	git model track "*.bin" && both_ways_in && commit one && silent &&
	git switch -q -c zoo-side &&
	cp "$TRASH/big.2" big.bin && git model add big.bin && commit side &&
	bytes 1 2 &&
	git checkout -q - && holds 1 1 &&
	cp "$TRASH/big.2" big.bin && git stash -q && holds 1 1 &&
	git stash pop -q && cmp "$TRASH/big.2" big.bin &&
	git add big.bin && git diff --quiet &&
	git reset -q --hard && holds 1 1 && silent &&
	git model fsck
}

# A kind that differs from others in little: long in the soak.
a_life () {
	$(test_few short_life long_life)
}

long_life () {
	short_life &&
	rm big.bin && git restore big.bin && holds 1 1 &&
	git restore --source=zoo-side big.bin && cmp "$TRASH/big.2" big.bin &&
	git checkout -q -- . && holds 1 1 &&
	cp "$TRASH/small.2" small.bin && git add . && commit small &&
	git merge -q --no-edit zoo-side && holds 2 2 &&
	git reset -q --hard HEAD~1 && holds 2 1 &&
	test_tick && git cherry-pick zoo-side >/dev/null && holds 2 2 &&
	git reset -q --hard HEAD~1 &&
	zoo_main=$(git symbolic-ref --short HEAD) &&
	git switch -q zoo-side && holds 1 2 &&
	git rebase -q "$zoo_main" && holds 2 2 && silent &&
	git switch -q "$zoo_main" && holds 2 1 &&
	rm -rf "$TRASH/work/zoo.clone" "$TRASH/work/zoo.tree" &&
	zoo_prefix=$(git rev-parse --show-prefix) &&
	git clone -q "$(git rev-parse --show-toplevel)" "$TRASH/work/zoo.clone" &&
	(cd "$TRASH/work/zoo.clone/$zoo_prefix" && holds 2 1 && silent) &&
	git worktree add -q "$TRASH/work/zoo.tree" zoo-side &&
	(cd "$TRASH/work/zoo.tree/$zoo_prefix" && holds 2 2 && silent) &&
	git worktree remove "$TRASH/work/zoo.tree"
}

# one_clear_line <file>: what a person is told is one line.
one_clear_line () {
	test_line_count = 1 "$1" && test_grep "^fatal: " "$1"
}

# -- object formats, index formats, extensions ----------------------------------

test_expect_success 'an ordinary repository' '
	git init -q plain && cd plain && long_life
'

test_expect_success 'SHA-256' '
	git init -q --object-format=sha256 sha256 && cd sha256 && long_life &&
	git model ls -l >out && test_line_count = 3 out &&
	git model cat HEAD:big.bin | cmp - "$TRASH/big.1"
'

test_expect_success 'index version 4' '
	git init -q v4 && cd v4 && git config index.version 4 && a_life
'

test_expect_success 'split index' '
	git init -q split && cd split && git config core.splitIndex true &&
	git update-index --split-index && long_life &&
	test -n "$(ls .git/sharedindex.* )"
'

test_expect_success 'untracked cache' '
	git init -q untracked && cd untracked &&
	git config core.untrackedCache true &&
	git update-index --force-untracked-cache && a_life &&
	grep -a UNTR .git/index >/dev/null
'

test_expect_success 'index without a checksum' '
	git init -q skiphash && cd skiphash &&
	git config index.skipHash true && short_life
'

test_expect_success 'worktreeConfig extension' '
	git init -q wtconfig && cd wtconfig &&
	git config core.repositoryFormatVersion 1 &&
	git config extensions.worktreeConfig true &&
	git config --worktree model.smudgeLimit 10k &&
	a_life
'

test_expect_success 'preciousObjects extension' '
	git init -q precious && cd precious &&
	git config core.repositoryFormatVersion 1 &&
	git config extensions.preciousObjects true && short_life
'

test_expect_success 'reftable, which this git does not know: one clear line' '
	git init -q reftable && cd reftable &&
	git config core.repositoryFormatVersion 1 &&
	git config extensions.refStorage reftable &&
	echo content >a.bin &&
	for verb in status ls fsck gc "add a.bin" "track *.bin" checkout
	do
		test_expect_code 128 git-model $verb 2>err &&
		one_clear_line err &&
		test_grep -i "refstorage" err || return 1
	done &&
	test_path_is_missing .git/model
'

# -- sparse ---------------------------------------------------------------------

# A repository with big and small in `in` and in `out`, and at the top.
test_expect_success 'a repository to be checked out in part' '
	git init -q whole && cd whole && git model track "*.bin" &&
	for d in . in out
	do
		mkdir -p $d && cp "$TRASH/small.1" $d/small.bin &&
		cp "$TRASH/big.1" $d/big.bin || return 1
	done &&
	git model add . && git add . && commit one &&
	git switch -q -c side && cp "$TRASH/big.2" in/big.bin &&
	cp "$TRASH/big.2" out/big.bin && git add . && commit two &&
	git switch -q main
'

sparse_life () {
	test_path_is_missing out/big.bin && holds 1 1 &&
	cmp in/big.bin "$TRASH/big.1" &&
	git model checkout && test_path_is_missing out/big.bin &&
	git model checkout --force && test_path_is_missing out/big.bin &&
	git model add . && git diff --cached --quiet && holds 1 1 &&
	git model status >out.status && test_grep ! "deleted" out.status &&
	rm out.status &&
	git switch -q side && cmp in/big.bin "$TRASH/big.2" && holds 1 1 &&
	test_path_is_missing out/big.bin &&
	cp "$TRASH/small.2" in/small.bin && git model add in &&
	git diff --quiet && commit three &&
	test $(git ls-tree -r HEAD | wc -l) = 7 &&
	git sparse-checkout disable && cmp out/big.bin "$TRASH/big.2" &&
	holds 1 1 && silent
}

test_expect_success 'sparse checkout, cones' '
	git clone -q whole cone && cd cone &&
	git branch side origin/side &&
	git sparse-checkout set --cone in && sparse_life
'

test_expect_success 'sparse checkout, patterns' '
	git clone -q whole nocone && cd nocone &&
	git branch side origin/side &&
	git sparse-checkout set --no-cone "/*" "!/out/" && sparse_life
'

test_expect_success 'sparse index' '
	git clone -q whole sparseindex && cd sparseindex &&
	git branch side origin/side &&
	git sparse-checkout set --cone --sparse-index in &&
	git ls-files --sparse -s >sparse && test_grep "^040000" sparse &&
	rm sparse && sparse_life
'

test_expect_success 'a sparse checkout that grows gets the real bytes' '
	git clone -q --sparse whole grows && cd grows &&
	test_path_is_missing in/big.bin && holds 1 1 &&
	git sparse-checkout add in && cmp in/big.bin "$TRASH/big.1" &&
	git sparse-checkout reapply && holds 1 1 && silent
'

# -- clones that lack something ---------------------------------------------------

test_expect_success 'shallow clone' '
	git clone -q --depth 1 "file://$TRASH/work/whole" shallow &&
	cd shallow && test_path_is_file .git/shallow && holds 1 1 && silent &&
	git model ls >list && test_line_count = 6 list && rm list &&
	git model du -s >/dev/null && git model gc && git model fsck &&
	cp "$TRASH/big.2" big.bin && git model add big.bin &&
	commit two && git reset -q --hard HEAD~1 && holds 1 1
'

test_expect_success 'partial clone' '
	git -C whole config uploadpack.allowFilter true &&
	git clone -q --filter=blob:none "file://$TRASH/work/whole" partial &&
	cd partial && holds 1 1 && silent &&
	git model ls >list && test_line_count = 6 list && rm list &&
	git model fsck && git model gc --grace 0s && git model status &&
	git model fsck && holds 1 1 &&
	git switch -q side && cmp in/big.bin "$TRASH/big.2" && holds 1 1 &&
	cp "$TRASH/big.2" big.bin && git model add big.bin &&
	commit three && git reset -q --hard HEAD~1 && holds 1 1
'

test_expect_success 'a shallow, partial, sparse clone' '
	git clone -q --filter=blob:none --depth 1 --sparse \
		"file://$TRASH/work/whole" least && cd least &&
	holds 1 1 && test_path_is_missing in &&
	git sparse-checkout set in && cmp in/big.bin "$TRASH/big.1" &&
	holds 1 1
'

# -- no work tree, no commit, no branch ---------------------------------------------

test_expect_success 'bare: looking works, the rest says what is missing' '
	git clone -q --bare whole bare.git && cd bare.git &&
	git model ls HEAD >out && test_line_count = 6 out &&
	git model cat HEAD:big.bin | cmp - "$TRASH/big.1" &&
	git model du -s >/dev/null && git model fsck --repair &&
	git model fsck && git model gc &&
	for verb in status "add x.bin" checkout "track *.bin" pull
	do
		test_expect_code 128 git-model $verb 2>err &&
		one_clear_line err && test_grep "work tree" err || return 1
	done
'

test_expect_success 'inside .git there is no work tree' '
	cd whole/.git && test_expect_code 128 git model status 2>err &&
	one_clear_line err && rm err
'

test_expect_success 'not a repository: one clear line each' '
	mkdir nothing && cd nothing && echo content >a.bin &&
	for verb in status ls du fsck gc "add a.bin" "track *.bin" track \
		checkout "cat HEAD:a" push fetch pull
	do
		test_expect_code 128 git-model $verb >out 2>err &&
		test_must_be_empty out && one_clear_line err &&
		test_grep "not a git repository" err || return 1
	done
'

test_expect_success 'a repository of somebody else: refused in the words of git' '
	git init -q foreign && cd foreign && echo content >a.bin &&
	for verb in status ls "add a.bin" "track *.bin" gc
	do
		test_expect_code 128 env GIT_TEST_ASSUME_DIFFERENT_OWNER=1 \
			git-model $verb 2>err &&
		test_grep "^fatal: .*dubious ownership" err &&
		test_grep "safe.directory" err || return 1
	done &&
	test_path_is_missing .git/model && test_path_is_missing .gitattributes &&
	test_when_finished "git config --global --unset-all safe.directory" &&
	git config --global safe.directory "$TRASH/work/foreign" &&
	GIT_TEST_ASSUME_DIFFERENT_OWNER=1 git model track "*.bin" &&
	GIT_TEST_ASSUME_DIFFERENT_OWNER=1 git model add . &&
	GIT_TEST_ASSUME_DIFFERENT_OWNER=1 git cat-file -p :a.bin >pointer &&
	is_pointer pointer
'

test_expect_success 'an empty repository, an unborn branch' '
	git init -q empty && cd empty &&
	git model status >out && git model ls >out && test_must_be_empty out &&
	git model du >/dev/null && git model fsck && git model gc &&
	git model checkout && git model track && rm out &&
	git switch -q --orphan other && a_life &&
	git switch -q --orphan empty-again && git model status &&
	test_path_is_missing big.bin && git model ls >out &&
	test_must_be_empty out && rm out &&
	git switch -q other && holds $(test_few 1 2) 1
'

test_expect_success 'a detached HEAD' '
	git init -q detached && cd detached && echo start >text &&
	git add text && commit zero && git checkout -q --detach &&
	short_life &&
	git checkout -q zoo-side~0 && holds 1 2 &&
	git checkout -q - && holds 1 1
'

# -- where things are -----------------------------------------------------------------

test_expect_success 'two linked worktrees, one store' '
	git clone -q whole linked && cd linked &&
	git worktree add -q -b a ../linked.a origin/side &&
	git worktree add -q -b b ../linked.b main &&
	holds 1 1 && (cd ../linked.b && holds 1 1 && silent) &&
	cd ../linked.a && cmp in/big.bin "$TRASH/big.2" && holds 1 1 &&
	mv-test random 50000 77 >only.bin && git model add only.bin &&
	commit only && git model status && cd ../linked.b &&
	git merge -q a && test_path_is_file only.bin && holds 1 1 && silent &&
	test -d ../linked/.git/model &&
	test -z "$(find ../linked/.git/worktrees -name model -o -name "*.pack")" &&
	cd ../linked && git model gc --grace 0s && git model fsck &&
	git model cat a:only.bin | cmp - ../linked.a/only.bin
'

test_expect_success 'gc spares what only the index of another worktree has' '
	cd linked.b && mv-test random 60000 78 >staged.bin &&
	git model add staged.bin && cd ../linked &&
	git model gc --grace 0s && cd ../linked.b && rm staged.bin &&
	git restore staged.bin && mv-test random 60000 78 | cmp - staged.bin
'

test_expect_success 'a submodule with models' '
	git init -q super && cd super &&
	git submodule add -q "$TRASH/work/whole" sub && commit sub &&
	cd sub && holds 1 1 && test_path_is_file .git && cd .. &&
	git clone -q --recurse-submodules "$TRASH/work/super" ../super.clone &&
	cd ../super.clone && cd sub && holds 1 1 && silent &&
	cp "$TRASH/big.2" big.bin && git model add big.bin &&
	commit two && git branch two && git checkout -q --detach origin/main &&
	holds 1 1 && test -d ../.git/modules/sub/model && cd .. &&
	git status --porcelain >out && test_line_count = 1 out && rm out &&
	git model status && git model ls >out && test_must_be_empty out &&
	rm out && (cd sub && git checkout -q two && holds 1 2) &&
	git add sub && commit two && git checkout -q HEAD~1 &&
	git submodule update -q && (cd sub && holds 1 1) &&
	git checkout -q --recurse-submodules main && (cd sub && holds 1 2) &&
	git model add . && git diff --cached --quiet
'

test_expect_success 'git model add does not reach into a submodule' '
	cd super.clone && echo x >sub/new.bin &&
	test_must_fail git model add sub/new.bin 2>err &&
	test_grep "submodule" err && rm sub/new.bin err
'

test_expect_success 'GIT_DIR and GIT_WORK_TREE' '
	mkdir apart && (
		GIT_DIR="$TRASH/work/apart.git" GIT_WORK_TREE="$TRASH/work/apart"
		export GIT_DIR GIT_WORK_TREE
		git init -q && cd apart && short_life &&
		mkdir deep && cd deep && cp "$TRASH/big.2" x.bin &&
		git model add x.bin && git cat-file -p :deep/x.bin >pointer &&
		is_pointer pointer && cd "$TRASH" &&
		git model status >status && test_grep "deep/x.bin" status
	) && test -d apart.git/model && test_path_is_missing apart/.git
'

test_expect_success 'a relative GIT_DIR' '
	git clone -q whole relative && cd relative && mv .git dot &&
	(
		GIT_DIR=dot GIT_WORK_TREE=. && export GIT_DIR GIT_WORK_TREE &&
		echo dot >dot/info/exclude && holds 1 1 &&
		cp "$TRASH/big.2" big.bin && git model add big.bin &&
		commit two && git reset -q --hard HEAD~1 && holds 1 1 &&
		cd in && GIT_DIR=../dot GIT_WORK_TREE=.. git model status
	)
'

test_expect_success 'GIT_INDEX_FILE' '
	git clone -q whole otherindex && cd otherindex &&
	sha256sum .git/index >before &&
	(
		GIT_INDEX_FILE="$TRASH/work/otherindex/.git/other" &&
		export GIT_INDEX_FILE &&
		git read-tree HEAD && cp "$TRASH/big.2" big.bin &&
		git model add big.bin &&
		git cat-file -p :big.bin >pointer && is_pointer pointer &&
		test_grep "$(sha256sum <"$TRASH/big.2" | cut -c1-64)" pointer &&
		git checkout-index -f big.bin && cmp "$TRASH/big.2" big.bin &&
		rm pointer
	) &&
	sha256sum -c before && rm before && git reset -q --hard && holds 1 1
'

test_expect_success 'a path with spaces, quotes, dollars and UTF-8' '
	p=$(printf "a b\047c\"d\$HOME\\\\e \303\251 #;") && mkdir "$p" && cd "$p" &&
	git init -q r && cd r && a_life && git model fsck
'

test_expect_success 'a path with a newline and with invalid UTF-8' '
	p=$(printf "a\nb\377c") && mkdir "$p" && cd "$p" &&
	git init -q r && cd r && short_life && git model fsck
'

test_expect_success 'a symbolic link on the way to the repository' '
	git clone -q whole target && ln -s target link && cd link && holds 1 1 &&
	cd in && cp "$TRASH/big.2" big.bin && git model add big.bin &&
	cd "$TRASH/work/link" && commit two && git reset -q --hard HEAD~1 &&
	holds 1 1 && git model add "$PWD/in/big.bin" &&
	git model add "$TRASH/work/link/big.bin"
'

test_expect_success 'from a folder below the top' '
	git init -q below && cd below && mkdir -p a/b && cd a/b &&
	long_life && test_path_is_file .gitattributes && cd .. &&
	mv-test random 99 5 >b/big.bin && git model status >out &&
	test_grep "b/big.bin" out && git restore b/big.bin &&
	git model ls >out && test_line_count = 2 out &&
	git model checkout b && git model add b/big.bin ../a/b &&
	test_must_fail git model add ../../x 2>err && test_grep "x" err
'

# -- settings ---------------------------------------------------------------------------

test_expect_success 'core.autocrlf' '
	git init -q crlf && cd crlf && git config core.autocrlf true &&
	printf "text\r\nmore\r\n" | tee t1.bin >t2.bin &&
	git model track "*.bin" && git add t1.bin && git model add t2.bin &&
	test $(git rev-parse :t1.bin) = $(git rev-parse :t2.bin) &&
	rm *.bin && git checkout -q -- . &&
	printf "text\r\nmore\r\n" | cmp - t1.bin && cmp t1.bin t2.bin &&
	printf "text\nmore\n" >t1.bin && git add t1.bin && rm t1.bin &&
	git checkout -q -- . && printf "text\nmore\n" | cmp - t1.bin &&
	rm -f *.bin && git rm -q --cached *.bin && short_life
'

test_expect_success 'core.eol and a text attribute do not touch models' '
	git init -q eol && cd eol && git config core.eol crlf &&
	echo "* text=auto eol=crlf" >.gitattributes && short_life &&
	printf "a\nb\n" >lines.bin && git add lines.bin && rm lines.bin &&
	git checkout -q -- lines.bin && printf "a\nb\n" | cmp - lines.bin
'

test_expect_success 'core.ignoreCase' '
	git init -q icase && cd icase && git config core.ignoreCase true &&
	short_life
'

test_expect_success 'core.fileMode off, core.trustctime off, checkStat minimal' '
	git init -q nomode && cd nomode && git config core.fileMode false &&
	git config core.trustctime false && git config core.checkStat minimal &&
	short_life && chmod +x big.bin && git model add big.bin &&
	git diff --cached --quiet
'

# A file system gives the number of a removed file to the next new one.
# Within one second nothing else may be different.
test_expect_success 'two other versions in the same second are still others' '
	git init -q quick && cd quick && git model track "*.bin" &&
	for i in 1 2 3 4
	do
		mv-test random 40000 $i >a.bin && git add . && commit $i &&
		git branch v$i || return 1
	done &&
	git switch -q v1 && for minimal in false true
	do
		if test $minimal = true
		then
			git config core.trustctime false &&
			git config core.checkStat minimal
		fi &&
		for i in 2 3 4 2 3 4
		do
			git restore --source=v$i a.bin &&
			git status --porcelain >"$TRASH/out" &&
			test_grep "^ M a.bin" "$TRASH/out" || return 1
		done &&
		git restore a.bin && git diff --quiet &&
		mv-test random 40000 1 | cmp - a.bin || return 1
	done
'

test_expect_success 'core.symlinks off: a link is a file with a name in it' '
	git init -q nolinks && cd nolinks && ln -s big.bin link.bin &&
	git add link.bin && commit zero && git config core.symlinks false &&
	rm link.bin && git checkout -q -- link.bin &&
	test_path_is_file link.bin && git model track "*.bin" &&
	git model add link.bin 2>err && test_grep "link.bin. is a symb" err &&
	git model add . && git ls-files -s link.bin >out && rm err &&
	test_grep "^120000 " out && git model checkout && git model status &&
	test "$(cat link.bin)" = big.bin &&
	git cat-file -p :link.bin >out && test "$(cat out)" = big.bin &&
	rm out
'

test_expect_success 'umask 077' '
	(
		umask 077 && git init -q umask && cd umask && short_life &&
		test "$(stat -c %a big.bin)" = 600 &&
		test -z "$(find .git/model -type f -perm /077 ! -name format)"
	)
'

test_expect_success 'umask 002 and core.sharedRepository: others may join in' '
	(
		umask 002 && git init -q --shared=group shared && cd shared &&
		short_life && test "$(stat -c %a big.bin)" = 664 &&
		test -z "$(find .git/model -type d ! -perm -070)"
	)
'

test_expect_success 'executables stay executable' '
	git init -q exec && cd exec && git model track "*.bin" && both_ways_in &&
	chmod +x big.bin && git model add big.bin && chmod +x small.bin &&
	git add small.bin && git ls-files -s "*.bin" >out &&
	test $(grep -c ^100755 out) = 2 && rm out && commit one &&
	rm big.bin small.bin && git checkout -q -- . && test -x big.bin &&
	test -x small.bin && holds 1 1 &&
	chmod -x big.bin && git add big.bin && commit two &&
	git checkout -q HEAD~1 && test -x big.bin && holds 1 1 &&
	git checkout -q - && test ! -x big.bin && holds 1 1 &&
	chmod +x big.bin && git status --porcelain >"$TRASH/out" &&
	test_line_count = 1 "$TRASH/out" && git model add . &&
	git diff --cached >"$TRASH/out" && test_grep "^new mode 100755" "$TRASH/out"
'

test_expect_success 'git -c: the driver and settings of this one command' '
	git init -q minusc && cd minusc &&
	echo "*.bin filter=other" >.gitattributes && cp "$TRASH/big.1" big.bin &&
	git -c filter.other.process="git-model filter-process" \
		-c filter.other.required=true \
		-c model.store="$TRASH/work/minusc.store" add . &&
	git cat-file -p :big.bin >"$TRASH/out" && is_pointer "$TRASH/out" &&
	test_path_is_dir ../minusc.store && test_path_is_missing .git/model &&
	rm big.bin &&
	git -c filter.other.process="git-model filter-process" \
		-c model.store="$TRASH/work/minusc.store" checkout -q -- . &&
	cmp big.bin "$TRASH/big.1"
'

# -- a store for two ------------------------------------------------------------------------

# Files of its own, so that two lives in one work folder cannot meet.
busy_life () {
	git model track "*.bin" && for i in 1 2 3 4 5 6 7 8
	do
		mv-test random 200000 $1$i >$i.bin &&
		{ test $((i % 2)) = 0 || git add .; } && git model add . &&
		git model gc && git commit -q -m $i && rm $i.bin &&
		git checkout -q -- $i.bin &&
		mv-test random 200000 $1$i | cmp - $i.bin || return 1
	done
}

test_expect_success 'two clones with one store, at once' '
	git init -q one && git init -q two &&
	git -C one config model.store "$TRASH/work/store" &&
	git -C two config model.store "$TRASH/work/store" &&
	{ (cd one && busy_life 1) >"$TRASH/one.log" 2>&1 7>&1 & } &&
	test_pid=$! &&
	{ (cd two && busy_life 2) || { wait $test_pid; false; }; } &&
	{ wait $test_pid || { cat "$TRASH/one.log"; false; }; } &&
	test_path_is_missing one/.git/model && cd one && git model fsck &&
	cd ../two && git model fsck
'

test_expect_success 'gc of one clone spares what the other has' '
	cd one && git model gc --grace 0s && cd ../two &&
	rm *.bin && git checkout -q -- . &&
	for i in 1 2 3 4 5 6 7 8
	do
		mv-test random 200000 2$i | cmp - $i.bin || return 1
	done &&
	git model fsck
'

test_done
