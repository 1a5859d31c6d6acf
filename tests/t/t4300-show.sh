#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='git model show: what is known about one content'

. ./lib-test.sh
. "$TEST_DIR/lib-look.sh"

test_expect_success 'set up: two versions, two tags, records' '
	git init -q repo &&
	(cd repo && git model install --local && git model track "*.st") &&
	mkdir repo/.gitmodel repo/models &&
	cat >repo/.gitmodel/config <<-\EOF &&
	[artifact "fraud"]
	path = models/fraud.st
	type = model
	description = finds fraud
	[metric "auc"]
	direction = up
	EOF
	mv-test safetensors repo/models/fraud.st bf16 300k 1 &&
	git -C repo add . &&
	git -C repo commit -q -m "the first" &&
	git -C repo tag -a -m v1 fraud@v1.0.0 &&
	git -C repo tag -a -m p "fraud#production#1" &&
	note HEAD:models/fraud.st "\"artifact\":\"fraud\"" \
		"\"metrics\":{\"auc\":0.90123456789}" \
		"\"params\":{\"lr\":0.1,\"name\":\"adam\"}" \
		"\"environment\":{\"python\":\"3.11\"}" &&
	test_tick &&
	mv-test safetensors repo/models/fraud.st f32 400k 2 &&
	git -C repo commit -q -a -m "the second" &&
	git -C repo tag -a -m v2 fraud@v1.1.0 &&
	note HEAD:models/fraud.st "\"artifact\":\"fraud\"" \
		"\"metrics\":{\"auc\":0.95}"
'

test_expect_success 'by name: what, version, size, header, metrics, who' '
	(cd repo && git model show fraud) >show &&
	test_grep "^fraud .*models/fraud.st" show &&
	test_grep "v1.1.0" show &&
	test_grep ! "production" show &&
	test_grep "finds fraud" show &&
	test_grep "F32" show &&
	test_grep "$(oid_at HEAD:models/fraud.st)" show &&
	test_grep "auc .*0.95" show &&
	test_grep "A U Thor" show
'

test_expect_success 'by version, stage, path, revision and oid: the same content' '
	oid=$(oid_at HEAD~1:models/fraud.st) &&
	hex=${oid#sha256:} &&
	for spec in fraud@v1.0.0 "fraud#production" models/fraud.st@HEAD~1 \
		fraud@HEAD~1 HEAD~1:models/fraud.st \
		$oid $hex $(echo $hex | cut -c 1-12)
	do
		(cd repo && git model show --json "$spec") >json &&
		test "$(json json "\$j->{oid}")" = $hex || {
			echo "wrong: $spec" && cat json && return 1
		}
	done
'

test_expect_success 'a version says which, and that it is in production' '
	(cd repo && git model show fraud@v1.0.0) >show &&
	test_grep "v1.0.0" show &&
	test_grep "production" show &&
	test_grep "the first" show &&
	test_grep "BF16" show &&
	test_grep "python .*3.11" show
'

test_expect_success 'JSON keeps every digit and type' '
	(cd repo && git model show --json fraud@v1.0.0) >json &&
	test "$(json json "\$j->{metrics}{auc}")" = 0.90123456789 &&
	test "$(json json "\$j->{params}{name}")" = adam &&
	test "$(json json "\$j->{version}")" = v1.0.0
'

test_expect_success 'a path is relative to where one stands' '
	(cd repo/models && git model show fraud.st) >show &&
	test_grep "^fraud " show
'

test_expect_success 'Markdown' '
	(cd repo && git model show --format md fraud) >md &&
	test_grep "|.*auc" md
'

test_expect_success 'no colour in a pipe; colour when asked' '
	(cd repo && git model show fraud) >plain &&
	(cd repo && git model show --color always fraud) >colour &&
	test_grep ! "$(printf "\033")" plain &&
	test_grep "$(printf "\033")" colour &&
	(cd repo && NO_COLOR=1 git model show --color=auto fraud) >auto &&
	test_cmp plain auto
'

test_expect_success 'what is wrongly asked' '
	test_expect_code 129 git -C repo model show &&
	test_expect_code 129 git -C repo model show --format xml fraud &&
	test_expect_code 129 git -C repo model show --color maybe fraud &&
	test_expect_code 129 git -C repo model show --json --format md fraud &&
	test_expect_code 128 git -C repo model show nosuch 2>err &&
	test_grep "nosuch" err &&
	test_expect_code 128 git -C repo model show fraud@v9.9.9 2>err
'

test_expect_success 'a bare clone without notes: how to fetch them' '
	git clone -q --bare repo bare.git &&
	git clone -q repo clone &&
	(cd clone && git model show fraud) >show 2>err &&
	test_grep "git model fetch" err &&
	(cd bare.git && git model show fraud@HEAD) >show &&
	test_grep "models/fraud.st" show
'

test_expect_success 'malformed notes: one warning with a count, nothing lost' '
	git clone -q repo broken &&
	git -C broken fetch -q origin refs/notes/model:refs/notes/model &&
	blob=$(git -C broken rev-parse HEAD:models/fraud.st) &&
	{
		git -C broken notes --ref=model show $blob &&
		printf "hello\n{\"t\":1}\n"
	} >lines &&
	git -C broken notes --ref=model add -f -F ../lines $blob &&
	(cd broken && git model show fraud) >show 2>err &&
	test_grep "auc .*0.95" show &&
	test $(grep -c warning err) = 1 &&
	test_grep "2 lines" err &&
	(cd broken && git model show --json fraud) >json 2>err &&
	test "$(json json "\$j->{metrics}{auc}")" = 0.95
'

test_expect_success 'the commit that a record names is not here' '
	git clone -q repo gone &&
	mv-test random 5000 3 >gone/x.st &&
	(cd gone && git model install --local && git add x.st &&
		git commit -q -m x) &&
	mv repo aside && mv gone repo &&
	test_when_finished "mv repo gone && mv aside repo" &&
	note HEAD:x.st "\"metrics\":{\"auc\":1}" \
		"\"commit\":\"1111111111111111111111111111111111111111\"" &&
	(cd repo && git model show x.st) >show &&
	test_grep "auc .*1" show
'

test_expect_success 'the commit shown is the one that brought the content in' '
	git init -q came &&
	(cd came && git model install --local && git model track "*.st" &&
		mkdir .gitmodel && echo "# none" >.gitmodel/config &&
		git add . && git commit -q -m "before it") &&
	mv-test random 5000 5 >came/x.st &&
	(cd came && git model add x.st --metric auc=1 &&
		git model show x.st) >show &&
	test_grep "at $(git -C came rev-parse --short HEAD)" show &&
	test_grep ! "before it" show &&
	git -C came commit -q -m "brings it" &&
	(cd came && git model show x.st) >show &&
	test_grep "commit .*: brings it" show &&
	(cd came && git model record x.st --metric loss=2 &&
		echo 1 >other && git add other && git commit -q -m "after it" &&
		git model show x.st) >show &&
	test_grep "commit .*: brings it" show &&
	test_grep ! "after it" show &&
	(cd came && git model show x.st@HEAD) >show &&
	test_grep "commit .*: after it" show &&
	: staged over it &&
	mv-test random 5000 6 >came/x.st &&
	(cd came && git model add x.st --metric auc=3) &&
	(cd came && git model show --json x.st) >json &&
	test "$(json json "defined \$j->{commit} ? 1 : 0")" = 0 &&
	test "$(json json "\$j->{records}[0]{commit}")" = \
		"$(git -C came rev-parse HEAD)"
'

test_expect_success 'where history is cut off, nobody brought anything in' '
	git -C came reset -q --hard HEAD~1 &&
	git clone -q --depth 1 "file://$PWD/came" cut &&
	test_grep . cut/.git/shallow &&
	(cd cut && git model show x.st) >show &&
	test_grep "^x.st" show &&
	test_grep ! "commit .*:" show
'

test_expect_success 'an empty repository' '
	git init -q empty &&
	(cd empty && test_expect_code 128 git model show fraud) 2>err &&
	test_grep "fraud" err
'

test_expect_success 'names from strangers never reach the terminal raw' '
	git clone -q repo evil &&
	esc=$(printf "\033[2J\007") &&
	bidi=$(printf "\342\200\256") &&
	mv-test random 5000 4 >evil/e.st &&
	(cd evil && git model install --local &&
		git add e.st &&
		git -c user.name="x" commit -q -m "subject $esc $bidi" \
			--author "Evil $esc $bidi <e@example.com>") &&
	mv repo aside && mv evil repo &&
	test_when_finished "mv repo evil && mv aside repo" &&
	note HEAD:e.st "\"metrics\":{\"a\\u001b[2J\\u0007\\u202e\":1}" \
		"\"params\":{\"p\\u009b\":\"v\\u001b]0;x\\u0007\\u202e\"}" \
		"\"tags\":{\"t\\n\\u001b\":\"x\"}" &&
	for format in text json md
	do
		(cd repo && git model show --format $format e.st@HEAD) \
			>$format && is_safe $format || return 1
	done &&
	test_grep "a.x1b\[2J.x07.*1" text &&
	test_grep "subject" text
'

test_expect_success 'git show --raw of what was LFS: a pointer of that dialect' '
	git init -q lfs &&
	(cd lfs && echo "*.bin filter=lfs diff=lfs merge=lfs -text" >.gitattributes &&
		printf "version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 12345\n" 7 >m &&
		blob=$(git hash-object -w m) &&
		git update-index --add --cacheinfo 100644,$blob,m.bin &&
		git add .gitattributes && git commit -q -m lfs &&
		git model show m.bin) >show &&
	test_grep "m.bin" show &&
	test_grep "not here" show
'

test_done
