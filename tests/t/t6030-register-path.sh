#!/bin/sh

test_description='git model register NAME PATH: a name for a file, in .gitmodel/config'

. ./lib-test.sh
. "$TEST_DIR/lib-filter.sh"

test_expect_success 'from nothing: the name, a commit, the version' '
	git init -q r && cd r && git model install --local >/dev/null && git model track "*.st" && mkdir -p d/sub &&
	mv-test random 3000 1 >m.st && mv-test random 3000 2 >d/a.st && mv-test random 3000 3 >d/sub/b.st && echo t >t.txt &&
	mv-test random 3000 4 >new.st && git add .gitattributes m.st d t.txt && git commit -qm one &&
	git model register fraud m.st >out 2>err && test_grep "fraud. is the name of .m.st. now" out && test_grep "git model register fraud" err &&
	printf "[artifact \"fraud\"]\npath = m.st\n" >want && test_cmp want .gitmodel/config && git tag >out && test_must_be_empty out &&
	git add .gitmodel && git commit -qm named && git model register fraud >out && test_grep "^fraud@v0.0.1$" out
'

test_expect_success 'another file keeps what is there, also without a line break at its end; a folder; from below' '
	cd r && printf "# ours\n[artifact \"fraud\"]\npath = m.st\n[metric \"auc\"]\ndirection = up" >.gitmodel/config && cp .gitmodel/config before &&
	git model register --json set/all:x ./d >out && test_grep "\"artifact\": \"set/all:x\"" out &&
	{ cat before && printf "\n\n[artifact \"set/all:x\"]\npath = d\n"; } >want && test_cmp want .gitmodel/config &&
	(cd d/sub && git model register deep b.st >out && rm out) && printf "\n[artifact \"deep\"]\npath = d/sub/b.st\n" >>want &&
	test_cmp want .gitmodel/config && git add .gitmodel && git commit -qm two && git model register deep && git model register set/all:x
'

test_expect_success 'refused, and nothing is written' '
	cd r && cp .gitmodel/config want && for what in "fraud d/a.st" "other m.st" "other t.txt" "other new.st" "other nothing" "bad..name d/a.st" "other@v1.0.0 d/a.st" "--bump minor other d/a.st" "-m text other d/a.st" "fraud@v9.9.9 d/a.st"
	do
		test_must_fail git model register $what 2>err && test_cmp want .gitmodel/config || return 1
	done &&
	test_must_fail git model register fraud d/a.st 2>err && test_grep "fraud. is .m.st. in .gitmodel/config already" err &&
	test_must_fail git model register other m.st 2>err && test_grep "m.st. has the name .fraud. in .gitmodel/config already" err &&
	test_must_fail git model register other ../out 2>err && git tag >out && test_line_count = 3 out
'

test_expect_success 'a name with just this path is registered; a revision stays a revision' '
	cd r && git commit -q --allow-empty -m three && git model register fraud m.st >out && test_grep "^fraud@v0.0.2$" out &&
	git commit -q --allow-empty -m four && git model register fraud @v2.0.0 m.st >out && test_grep "^fraud@v2.0.0$" out &&
	git commit -q --allow-empty -m five && git branch m.st && git commit -q --allow-empty -m six &&
	git model register fraud m.st >out && test "$(git rev-parse "fraud@v2.0.1^{}")" = $(git rev-parse refs/heads/m.st)
'

test_expect_success 'what is both is said' '
	cd r && git branch d && test_must_fail git model register what d 2>err && test_grep "d. is a revision and a path; .\./d. means the path" err
'

test_expect_success 'a path that the file has no grammar for' '
	cd r && mv-test random 3000 7 >"a ;b.st" && git add "a ;b.st" && cp .gitmodel/config want &&
	test_must_fail git model register semi "a ;b.st" 2>err && test_cmp want .gitmodel/config && test_grep ".gitmodel/config" err
'

test_expect_success 'the file is not written through a link' '
	git init -q link && cd link && git model track "*.st" && mv-test random 3000 1 >m.st && git add . && mkdir .gitmodel &&
	echo keep >../keep && ln -s ../../keep .gitmodel/config && test_must_fail git model register x m.st 2>err &&
	echo keep >want && test_cmp want ../keep
'

test_done
