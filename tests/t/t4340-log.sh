#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='git model log: versions of an artifact, newest first'

. ./lib-test.sh
. "$TEST_DIR/lib-look.sh"

commit () {
	test_tick &&
	git -C repo add -A &&
	git -C repo commit -q -m "$1"
}

model () {
	(cd repo && git model "$@")
}

# Subjects of the rows, in order.
subjects () {
	model log --json "$@" >json &&
	json json 'join ",", map { $_->{subject} } @{$j->{rows}}'
}

test_expect_success 'set up: three versions, a rename, other commits between' '
	git init -q repo &&
	(cd repo && git model install --local && git model track "*.st") &&
	mkdir repo/.gitmodel &&
	printf "[artifact \"fraud\"]\npath = a.st\n[metric \"auc\"]\ndirection = up\n" \
		>repo/.gitmodel/config &&
	for i in 1 2
	do
		mv-test random 5000 $i >repo/a.st &&
		commit "v$i" &&
		note HEAD:a.st "\"metrics\":{\"auc\":0.$i,\"n\":$i}" \
			"\"params\":{\"lr\":0.0$i}" &&
		echo $i >repo/code && commit "code $i" || return 1
	done &&
	git -C repo tag -a -m v fraud@v0.2.0 &&
	git -C repo tag -a -m p "fraud#staging#1" HEAD~1 &&
	git -C repo mv a.st b.st &&
	sed -i "s/a.st/b.st/" repo/.gitmodel/config &&
	commit rename &&
	mv-test random 5000 3 >repo/b.st &&
	commit v3 &&
	note HEAD:b.st "\"metrics\":{\"auc\":0.3}"
'

test_expect_success 'newest first, across the rename' '
	test "$(subjects fraud)" = "v3,rename,v2,v1" &&
	model log fraud >log &&
	test $(sed -n "/v3/=" log) -lt $(sed -n "/v1/=" log) &&
	test_grep "v3 .*0.3" log &&
	test_grep "v1 .*0.1" log
'

test_expect_success 'a version stands at what its tag has' '
	test "$(subjects fraud)" = "v3,rename,v2,v1" &&
	test "$(json json "join q(,), map { \$_->{version} || q(-) } @{\$j->{rows}}")" = \
		"-,v0.2.0,-,-" &&
	test "$(json json "join q(,), grep { \$_ } map { \$_->{stages} && @{\$_->{stages}} } @{\$j->{rows}}")" = \
		staging
'

test_expect_success 'by path, of another revision, of one that is gone' '
	test "$(subjects b.st)" = "v3,rename,v2,v1" &&
	test "$(subjects fraud@HEAD~1)" = "rename,v2,v1" &&
	test "$(subjects a.st)" = "v2,v1"
'

test_expect_success 'as many as asked for, and which columns' '
	test "$(subjects -n 2 fraud)" = "v3,rename" &&
	model log --columns auc fraud >log &&
	test_grep "auc" log &&
	test_grep ! " n" log &&
	model log --columns n,params.lr fraud >log &&
	test_grep "lr" log &&
	test_grep "0.02" log
'

test_expect_success '--all: other branches, too; merges' '
	git -C repo switch -q -c side HEAD~1 &&
	mv-test random 5000 4 >repo/b.st &&
	commit side &&
	git -C repo switch -q main &&
	test "$(subjects fraud)" = "v3,rename,v2,v1" &&
	test "$(subjects --all fraud)" = "side,v3,rename,v2,v1" &&
	git -C repo merge -q -s ours -m merged side &&
	test "$(subjects --all fraud)" = "side,v3,rename,v2,v1"
'

test_expect_success 'a deleted artifact, and one that git itself held' '
	git -C repo rm -q b.st &&
	commit deleted &&
	test "$(subjects b.st)" = "side,v3,rename,v2,v1" &&
	mv-test random 900 5 >repo/raw.bin &&
	commit raw &&
	(cd repo && git model track "*.bin" && git rm -q --cached raw.bin) &&
	commit "now ours" &&
	test "$(subjects raw.bin)" = "now ours"
'

test_expect_success 'a directory has a row for each commit that changed it' '
	mkdir repo/set &&
	mv-test random 900 6 >repo/set/a.st &&
	mv-test random 900 7 >repo/set/b.st &&
	commit set1 &&
	mv-test random 900 8 >repo/set/a.st &&
	mv-test random 900 9 >repo/set/c.st &&
	commit set2 &&
	test "$(subjects set)" = "set2,set1"
'

test_expect_success 'a folder that was moved is followed, with the config or before it' '
	printf "[artifact \"many\"]\npath = set\n" >>repo/.gitmodel/config && commit named &&
	git -C repo tag -a -m v many@v1.0.0 && mkdir repo/deep &&
	git -C repo mv set deep/set2 && commit moved &&
	sed -i "s,path = set$,path = deep/set2," repo/.gitmodel/config && commit config &&
	test "$(subjects many)" = "moved,set2,set1" && test "$(subjects deep/set2)" = "moved,set2,set1" &&
	test "$(subjects --all many)" = "moved,set2,set1" && test "$(subjects -n 2 many)" = "moved,set2" &&
	subjects many >/dev/null &&
	test "$(json json "join q(,), map { \$_->{version} || q(-) } @{\$j->{rows}}")" = "v1.0.0,-,-" &&
	git -C repo mv deep/set2 set3 && sed -i "s,deep/set2,set3," repo/.gitmodel/config &&
	mv-test random 900 3 >repo/set3/d.st && commit again &&
	test "$(subjects many)" = "again,moved,set2,set1" && test "$(subjects --all many)" = "again,moved,set2,set1" &&
	mkdir repo/other && mv-test random 900 4 >repo/other/x.st &&
	git -C repo mv set3/a.st other/a.st && commit gathered && test "$(subjects other)" = gathered
'

test_expect_success 'what is wrongly asked' '
	test_expect_code 129 git -C repo model log &&
	test_expect_code 128 git -C repo model log nosuch 2>err &&
	test_grep "nosuch" err &&
	oid=$(oid_at HEAD:raw.bin) &&
	(cd repo && test_expect_code 128 git model log $oid) 2>err &&
	test_grep "content" err &&
	git init -q empty &&
	(cd empty && test_expect_code 128 git model log x) 2>err
'

test_expect_success 'a shallow clone lists what is here; Markdown' '
	git clone -q --depth 1 "file://$PWD/repo" shallow &&
	(cd shallow && git model log raw.bin) >log 2>err &&
	test_grep "hint: .*git model fetch" err &&
	model log --format md raw.bin >md &&
	test_grep "^|" md
'

test_expect_success 'names from strangers never reach the terminal raw' '
	name=$(printf "e\033[2J\007\342\200\256.st") &&
	mv-test random 5000 41 >"repo/$name" &&
	test_tick && git -C repo add -A &&
	git -C repo -c i18n.commitEncoding=utf-8 commit -q \
		-m "$(printf "s\033[31m\007\342\200\256")" \
		--author "$(printf "E\033[31m\007 <e@x>")" &&
	note "HEAD:$name" "\"metrics\":{\"a\\u001b[2J\\u202e\":1}" \
		"\"params\":{\"p\\u009b\":\"v\\u001b\\u0007\"}" &&
	for format in text json md
	do
		model log --format $format "$name" >out &&
		is_safe out || return 1
	done &&
	model log "$name" >out &&
	test_grep "a.x1b" out &&
	test_grep "s.x1b" out
'

# A terminal of its own, as script(1) makes one.
if command -v script >/dev/null
then
test_expect_success 'on a terminal: the pager of git, its exit, colours' '
	cat >pager <<-\EOF &&
	#!/bin/sh
	echo "LESS=$LESS" >"$TRASH/paged" && cat >>"$TRASH/paged"
	EOF
	chmod +x pager &&
	export TRASH &&
	(cd repo && unset PAGER &&
		TERM=xterm GIT_PAGER="$PWD/../pager" script -qec \
		"git model log raw.bin" /dev/null) >typescript &&
	test_grep "LESS=FRX" "$TRASH/paged" &&
	test_grep "now ours" "$TRASH/paged" &&
	test_grep ! "now ours" typescript &&
	(cd repo && TERM=xterm GIT_PAGER=cat script -qec \
		"git model log raw.bin" /dev/null) >typescript &&
	test_grep "now ours" typescript
'
else
	test_skip 'on a terminal: the pager of git' 'there is no script(1)'
fi

test_done
