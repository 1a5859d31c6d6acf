#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='artifacts whose file was moved: their versions are still found'

. ./lib-test.sh
. "$TEST_DIR/lib-look.sh"

# A repository of one artifact with one registered version, in a.st.
one () {
	git init -q "$1" &&
	mkdir "$1/.gitmodel" &&
	printf "[artifact \"fraud\"]\npath = a.st\n" >"$1/.gitmodel/config" &&
	mv-test random 5000 1 >"$1/a.st" &&
	(
		cd "$1" && git model install --local &&
		git model track "*.st" && git add -A && test_tick &&
		git commit -q -m first && git model register fraud@v1.0.0
	)
}

# Everything that names the version finds it.
finds () {
	git model log fraud >out && test_grep "v1.0.0 .*first" out &&
	git model log fraud@v1.0.0 >out && test_grep first out &&
	git model show fraud@v1.0.0 >out && test_grep a.st out &&
	git model which fraud@v1.0.0 &&
	git model cat fraud@v1.0.0 >out && mv-test random 5000 1 | cmp - out &&
	git model record fraud@v1.0.0 --metric auc=0.9 &&
	git model compare fraud >out && test_grep "v1.0.0 .*0.9" out &&
	git model plot --over versions fraud >out && test_grep auc out
}

test_expect_success 'moved, and the config names the old path' '
	one old &&
	(
		cd old && git mv a.st b.st &&
		test_must_fail git model show fraud 2>err &&
		test_grep "a.st.* not in the index" err &&
		test_grep "path = b.st.*\.gitmodel/config" err &&
		test_tick && git commit -q -m move &&
		finds &&
		git model log fraud 2>err && test_grep "\.gitmodel/config" err &&
		test_must_fail git model show fraud 2>err &&
		test_grep "path = b.st.*\.gitmodel/config" err &&
		test_must_fail git model register fraud@v2.0.0 2>err &&
		test_grep "moved" err
	)
'

test_expect_success 'moved, and the config names the new path' '
	one new &&
	(
		cd new && git mv a.st b.st &&
		git config -f .gitmodel/config artifact.fraud.path b.st &&
		finds && test_tick && git commit -q -a -m move && finds &&
		git model show fraud >out && test_grep b.st out
	)
'

test_expect_success 'the config came later than the version, and knows the new path alone' '
	one later &&
	(
		cd later && git mv a.st b.st && test_tick &&
		git commit -q -m move &&
		git checkout -q --orphan other && git rm -q -r --cached . &&
		git config -f .gitmodel/config artifact.fraud.path b.st &&
		git add -A && test_tick && git commit -q -m other &&
		v=$(
			GIT_INDEX_FILE=x && export GIT_INDEX_FILE &&
			git read-tree main~1 &&
			git rm -q -f --cached .gitmodel/config &&
			git commit-tree -m bare $(git write-tree)
		) &&
		rm x &&
		oid=$(git cat-file blob main~1:a.st | sed -n "s/^oid //p") &&
		git tag -a -m "Register fraud v1.1.0

Model-Artifact: fraud
Model-Version: v1.1.0
Model-Path: a.st
Model-Content: $oid
Model-Size: 5000" fraud@v1.1.0 $v &&
		git model show fraud@v1.1.0 >out && test_grep a.st out &&
		git model checkout fraud@v1.1.0 && test -f a.st &&
		git model compare fraud >out && test_grep v1.1.0 out &&
		git model compare fraud >out && test_grep v1.0.0 out
	)
'

test_expect_success 'a tag without words: the names that the path went by' '
	git init -q gto &&
	(
		cd gto && git model install --local &&
		git model track "*.st" && mv-test random 5000 1 >a.st &&
		git add -A && test_tick && git commit -q -m first &&
		git tag -a -m v fraud@v1.0.0 &&
		git mv a.st b.st && mkdir .gitmodel &&
		git config -f .gitmodel/config artifact.fraud.path b.st &&
		git add -A && test_tick && git commit -q -m move && finds
	)
'

test_expect_success 'no config at all any more' '
	one none &&
	(
		cd none && git mv a.st b.st && git rm -q .gitmodel/config &&
		test_tick && git commit -q -m gone && finds
	)
'

test_expect_success 'what is nowhere is an error still' '
	(
		cd old && git config -f .gitmodel/config artifact.none.path n.st &&
		test_must_fail git model log none 2>err && test_grep none err &&
		test_must_fail git model show none@v1.0.0 &&
		test_must_fail git model compare none &&
		test_must_fail git model show none 2>err &&
		test_grep "n.st.* not in the index" err &&
		test_grep ! "path = " err
	)
'

test_expect_success 'status lists what git rm removed, and what git mv left' '
	one rm &&
	(
		cd rm && mkdir sub && : >empty.st && : >__init__.py &&
		mv-test random 5000 2 >sub/b.st && echo plain >p.txt &&
		git add -A && test_tick && git commit -q -m more &&
		git rm -q a.st empty.st __init__.py p.txt && git mv sub/b.st c.st &&
		git model status >out &&
		cat >expect <<-\END &&
		staged c.st
		staged a.st
		staged empty.st
		staged sub/b.st
		END
		sed -n "s/^[a-z]*  *staged/staged/p" out >actual &&
		test_cmp expect actual &&
		test $(grep -c "^deleted  *staged" out) = 3 &&
		test_grep "1 of 4 unchanged, 4 staged" out &&
		git model status a.st >out && test_grep "^deleted.*a.st" out &&
		test_grep ! b.st out &&
		git model status --json >j &&
		test "$(json j "join q(,), map { \$_->{path} } grep { \$_->{state} eq q(deleted) && \$_->{staged} } @\$j")" = \
			a.st,empty.st,sub/b.st &&
		mkdir -p sub && cd sub && git config diff.relative true &&
		git model status . >out && test_grep "^deleted.* sub/b.st" out &&
		test_grep ! "a.st" out &&
		git model status >out && test_grep "^deleted.* a.st" out
	)
'

test_expect_success 'removed from the index alone, and before any commit' '
	one keep &&
	(
		cd keep && git rm -q --cached a.st && git model status >out &&
		test_grep "^deleted  *staged a.st" out
	) &&
	git init -q fresh &&
	(cd fresh && git model status >out && test_grep "no file" out)
'

test_done
