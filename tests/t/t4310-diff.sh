#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='git model diff: what got better, what got worse, what changed'

. ./lib-test.sh
. "$TEST_DIR/lib-look.sh"

# commit <message>: all of repo
commit () {
	test_tick &&
	git -C repo add -A &&
	git -C repo commit -q -m "$1"
}

# pairs <json>: path, old path, status of each artifact
pairs () {
	json "$1" 'join " ", map { "$_->{path}:" . ($_->{old_path} || "") .
		":$_->{status}" } @{$j->{artifacts}}'
}

model () {
	(cd repo && git model "$@")
}

test_expect_success 'set up: a model, a dataset folder, directions' '
	git init -q repo &&
	(cd repo && git model install --local &&
		git model track "*.st" "*.csv") &&
	mkdir repo/.gitmodel repo/data &&
	cat >repo/.gitmodel/config <<-\EOF &&
	[artifact "fraud"]
	path = fraud.st
	[artifact "set"]
	path = data
	type = dataset
	[metric "auc"]
	direction = up
	[metric "loss"]
	direction = down
	EOF
	mv-test safetensors repo/fraud.st bf16 300k 1 &&
	mv-test random 3000 2 >repo/data/a.csv &&
	mv-test random 3000 3 >repo/data/b.csv &&
	echo "print(1)" >repo/train.py &&
	commit one &&
	one=$(git -C repo rev-parse HEAD) &&
	note HEAD:fraud.st "\"artifact\":\"fraud\"" \
		"\"metrics\":{\"auc\":0.9,\"loss\":0.5,\"n\":7}" \
		"\"params\":{\"lr\":0.1,\"opt\":\"adam\"}" \
		"\"environment\":{\"python\":\"3.10\"}"
'

test_expect_success 'the first commit has nothing before it: says so' '
	test_expect_code 128 model diff 2>err &&
	test_grep "first commit" err
'

test_expect_success 'on the default branch: the commit before' '
	mv-test safetensors repo/fraud.st f32 400k 2 &&
	commit two &&
	note HEAD:fraud.st "\"artifact\":\"fraud\"" \
		"\"metrics\":{\"auc\":0.95,\"loss\":0.6,\"n\":8}" \
		"\"params\":{\"lr\":0.01,\"opt\":\"adam\"}" \
		"\"environment\":{\"python\":\"3.11\"}" &&
	model diff >diff &&
	test_grep "the commit before" diff &&
	test_grep "auc .*0.9 .*0.95 .*better" diff &&
	test_grep "loss .*0.5 .*0.6 .*worse" diff &&
	test_grep "lr .*0.1 .*0.01" diff &&
	test_grep ! "adam" diff &&
	test_grep "python .*3.10 .*3.11" diff &&
	test_grep "^ *n .*7 .*8" diff &&
	test_grep ! "^ *n .*\(better\|worse\)" diff
'

test_expect_success 'what changed in the file itself' '
	test_grep "tensors: .*removed.*reshaped.*retyped" diff &&
	test_grep "model.embed_tokens.weight BF16 .* -> F32" diff &&
	model diff --no-content >plain &&
	test_grep ! "tensors:" plain
'

test_expect_success 'JSON as DVC has it, and all the rest' '
	model diff --json HEAD~1 HEAD >json &&
	test "$(json json "\$j->{metrics}{q(fraud.st)}{auc}{old}")" = 0.9 &&
	test "$(json json "\$j->{metrics}{q(fraud.st)}{auc}{new}")" = 0.95 &&
	test "$(json json "\$j->{params}{q(fraud.st)}{lr}{new}")" = 0.01 &&
	test "$(json json "\$j->{base}{commit}")" = $one &&
	test "$(json json "\$j->{better} . \$j->{worse}")" = 11 &&
	test "$(pairs json)" = "fraud.st::changed"
'

test_expect_success 'two revisions, A..B and A...B are the same here' '
	model diff HEAD~1 HEAD >expect &&
	model diff HEAD~1..HEAD >actual &&
	test_cmp expect actual &&
	model diff HEAD~1.. >actual &&
	test_cmp expect actual &&
	model diff --json HEAD~1...HEAD >json &&
	test "$(json json "\$j->{base}{commit}")" = $one
'

test_expect_success '--fail-on regression: worse is 1, better is 0' '
	test_expect_code 1 model diff --fail-on regression &&
	test_expect_code 0 model diff &&
	test_expect_code 1 model diff --fail-on regression --json >json &&
	test_expect_code 129 model diff --fail-on nothing
'

test_expect_success '--fail-on regression: missing or of other data is 3' '
	git -C repo branch base &&
	mv-test random 5000 9 >repo/fraud.st &&
	commit three &&
	note HEAD:fraud.st "\"artifact\":\"fraud\"" \
		"\"metrics\":{\"auc\":0.99}" &&
	test_expect_code 3 model diff --fail-on regression base HEAD >diff 2>err &&
	test_grep "loss.* of .fraud. .*: it is missing" err &&
	test_grep "loss .*0.6" diff &&
	mv-test random 5000 10 >repo/fraud.st &&
	commit four &&
	data="\"data\":[{\"content\":\"sha256:$(printf %064d 1)\",\"role\":\"eval\",\"size\":3}]" &&
	note HEAD:fraud.st "\"artifact\":\"fraud\"" \
		"\"metrics\":{\"auc\":0.99,\"loss\":0.1}" "$data" &&
	test_expect_code 3 model diff --fail-on regression base HEAD >diff &&
	test_grep "not measured on the same" diff &&
	model diff --json base HEAD >json &&
	test "$(json json "\$j->{incomparable}")" = 2 &&
	mv-test random 5000 8 >repo/fraud.st &&
	commit five &&
	note HEAD:fraud.st "\"metrics\":{\"auc\":0.5,\"loss\":0.1}" "$data" &&
	test_expect_code 1 model diff --fail-on regression base HEAD
'

test_expect_success 'a branch: where it left the default one' '
	git -C repo switch -q -c work base &&
	mv-test random 5000 11 >repo/fraud.st &&
	commit work &&
	echo 2 >repo/train.py &&
	commit code &&
	model diff --json >json &&
	test "$(json json "\$j->{base}{commit}")" = $(git -C repo rev-parse base) &&
	model diff >diff &&
	test_grep "left .main." diff &&
	test "$(pairs json)" = "fraud.st::changed"
'

test_expect_success 'what is staged, when nothing else is named' '
	mv-test random 5000 12 >repo/fraud.st &&
	git -C repo add fraud.st &&
	model diff >diff &&
	test_grep "index" diff &&
	test_grep "left .main." diff &&
	model diff HEAD >diff &&
	test_grep "fraud.st" diff &&
	model diff --json HEAD >json &&
	test "$(pairs json)" = "fraud.st::changed" &&
	git -C repo reset -q --hard &&
	echo "print(3)" >repo/train.py &&
	git -C repo add train.py &&
	model diff >diff &&
	test_grep ! "index" diff &&
	git -C repo reset -q --hard
'

test_expect_success 'never a thing with itself, in silence' '
	model diff HEAD HEAD >diff 2>err &&
	test_must_be_empty diff &&
	test_grep "the same commit" err &&
	model diff --json work HEAD >json 2>err &&
	test_grep "the same commit" err &&
	test "$(pairs json)" = ""
'

test_expect_success 'a stage has its own base for each artifact' '
	git -C repo tag -a -m v fraud@v1.0.0 $one &&
	git -C repo tag -a -m p "fraud#production#1" $one &&
	model diff >diff &&
	test_grep "what holds .production." diff &&
	test_grep "v1.0.0" diff &&
	test_grep "auc .*0.9" diff &&
	mv-test random 100 5 >repo/data/a.csv &&
	commit data &&
	model diff --json >json &&
	test "$(pairs json)" = "data::changed fraud.st::changed" &&
	test "$(json json "\$j->{artifacts}[1]{old}{oid}")" = \
		$(oid_at $one:fraud.st | cut -d : -f 2) &&
	model diff --stage production >diff &&
	test_grep "fraud" diff &&
	test_grep "^production (v1.0.0, $(printf %.7s $one)) \.\. HEAD" diff &&
	model diff --json --stage production work >json &&
	test "$(json json "\$j->{artifacts}[-1]{old}{oid}")" = \
		$(oid_at $one:fraud.st | cut -d : -f 2)
'

test_expect_success 'another base is only spoken of where something has it' '
	model diff >diff &&
	test_grep "where nothing does" diff &&
	test_grep "^production v1.0.0 ($(printf %.7s $one)), else [^(]* ([0-9a-f]*)" diff &&
	test_grep ! "(v1.0.0, " diff &&
	git -C repo checkout -q --detach main &&
	mv-test random 5000 88 >repo/fraud.st &&
	commit other &&
	model diff >diff &&
	test_grep "^base: what holds .production.\$" diff &&
	test_grep "^production (v1.0.0, $(printf %.7s $one)) \.\. HEAD" diff &&
	git -C repo checkout -q work
'

test_expect_success 'a stage that nothing holds; what holds it is looked at' '
	test_expect_code 128 model diff --stage nosuch 2>err &&
	test_grep "nosuch" err &&
	test_expect_code 128 model diff --stage production $one 2>err &&
	test_grep "itself" err &&
	test_expect_code 129 model diff --stage production HEAD~1 HEAD
'

test_expect_success 'a directory is one artifact, and says which files' '
	mv-test random 100 6 >repo/data/c.csv &&
	git -C repo rm -q --cached data/b.csv && rm repo/data/b.csv &&
	commit dir &&
	model diff HEAD~1 HEAD >diff &&
	test_grep "files: 1 added, 1 removed" diff &&
	test_grep "+ c.csv" diff &&
	test_grep "\- b.csv" diff &&
	model diff --json HEAD~1 HEAD >json &&
	test "$(pairs json)" = "data::changed"
'

test_expect_success 'renames, by git or in .gitmodel/config only' '
	git -C repo mv fraud.st new.st &&
	sed -i "s/path = fraud.st/path = new.st/" repo/.gitmodel/config &&
	commit renamed &&
	model diff --json HEAD~1 HEAD >json &&
	test "$(pairs json)" = "new.st:fraud.st:same" &&
	mv-test random 7000 20 >repo/other.st &&
	sed -i "s/path = new.st/path = other.st/" repo/.gitmodel/config &&
	commit "another file" &&
	model diff --json HEAD~1 HEAD >json &&
	test "$(json json "\$j->{artifacts}[0]{path} . q( ) . \$j->{artifacts}[0]{old_path}")" = \
		"other.st new.st" &&
	test "$(json json "scalar @{\$j->{artifacts}}")" = 1
'

test_expect_success 'added and removed' '
	mv-test random 7000 21 >repo/more.st &&
	git -C repo rm -q new.st &&
	commit "come and go" &&
	model diff --json HEAD~1 HEAD >json &&
	test "$(pairs json)" = "more.st::added new.st::removed" &&
	test_expect_code 0 model diff --fail-on regression HEAD~1 HEAD &&
	model diff HEAD~1 HEAD >diff &&
	test_grep "more.st" diff
'

test_expect_success 'a merge commit' '
	git -C repo switch -q -c side HEAD~1 &&
	mv-test random 7000 22 >repo/side.st &&
	commit side &&
	git -C repo merge -q -m merged work &&
	model diff --json HEAD~1 HEAD >json &&
	test "$(pairs json)" = "more.st::added new.st::removed" &&
	model diff --json HEAD^2 HEAD >json &&
	test "$(pairs json)" = "side.st::added" &&
	git -C repo switch -q work
'

test_expect_success '--all: also what is the same' '
	model diff --json --all HEAD~1 HEAD >json &&
	test "$(pairs json)" = \
		"data::same more.st::added new.st::removed other.st::same"
'

test_expect_success 'what git held itself, and then we: says so' '
	mv-test random 9000 30 >repo/plain.bin &&
	commit plain &&
	git -C repo rm -q --cached plain.bin &&
	(cd repo && git model track "*.bin") &&
	commit tracked &&
	model diff HEAD~1 HEAD >diff &&
	test_grep "plain.bin" diff &&
	test_grep "held by git itself" diff
'

test_expect_success 'LFS pointers, whose content is not here' '
	for i in 1 2
	do
		printf "version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 1234$i\n" $i >m &&
		blob=$(git -C repo hash-object -w ../m) &&
		git -C repo update-index --add --cacheinfo 100644,$blob,l.lfs &&
		git -C repo commit -q -m "lfs $i" || return 1
	done &&
	model diff --json HEAD~1 HEAD >json &&
	test "$(pairs json)" = "l.lfs::changed" &&
	model diff HEAD~1 HEAD >diff &&
	test_grep "l.lfs" diff
'

test_expect_success 'other formats' '
	model diff --format md base~1 base >md &&
	test_grep "<!-- git-model:" md &&
	test_grep "loss" md &&
	model diff --format html base~1 base >html &&
	test_grep -i "<!doctype html>" html &&
	test_grep "loss" html &&
	model diff --format junit base~1 base >junit &&
	test_grep "<failure" junit &&
	model diff --format annotations base~1 base >annotations &&
	test_grep "^::error" annotations &&
	test_expect_code 129 model diff --format nosuch
'

test_expect_success 'an unknown revision; a detached HEAD' '
	test_expect_code 128 model diff nosuch HEAD 2>err &&
	test_grep "nosuch" err &&
	git -C repo checkout -q --detach base &&
	model diff --json HEAD~1 >json &&
	test "$(pairs json)" = "fraud.st::changed" &&
	git -C repo switch -q work
'

test_expect_success 'an empty repository' '
	git init -q empty &&
	(cd empty && test_expect_code 128 git model diff) 2>err &&
	test_grep "nothing is committed" err
'

test_expect_success 'a shallow clone says what to bring' '
	git clone -q --depth 1 --no-tags -b work "file://$PWD/repo" shallow &&
	(cd shallow && test_expect_code 128 git model diff) 2>err &&
	test_grep "git fetch --" err &&
	(cd shallow && test_expect_code 128 git model diff $one HEAD) 2>err &&
	test_grep "git fetch --unshallow" err
'

test_expect_success 'malformed notes: one warning with a count' '
	git clone -q -b base repo broken &&
	git -C broken fetch -q origin refs/notes/model:refs/notes/model &&
	for rev in HEAD HEAD~1
	do
		blob=$(git -C broken rev-parse $rev:fraud.st) &&
		{ git -C broken notes --ref=model show $blob && echo "{oops"; } >l &&
		git -C broken notes --ref=model add -f -F ../l $blob || return 1
	done &&
	(cd broken && git model diff HEAD~1 HEAD) >diff 2>err &&
	test $(grep -c warning err) = 1 &&
	test_grep "2 lines" err &&
	test_grep "auc .*better" diff
'

test_expect_success 'a pointer that git lost is not an artifact that is gone' '
	rm -rf lost && git init -q lost && cd lost &&
	git model install --local >/dev/null && git model track "*.st" &&
	for n in 1 2
	do
		mv-test random 5000 $n >m.st && git model add m.st &&
		git add . && git commit -q -m $n || return 1
	done &&
	git model diff --fail-on regression HEAD~1 HEAD &&
	git model log m.st >log && test $(wc -l <log) -ge 2 &&
	blob=$(git rev-parse HEAD:m.st) &&
	rm -f .git/objects/$(echo $blob | sed "s|..|&/|") &&
	test_expect_code 128 git model diff --fail-on regression \
		HEAD~1 HEAD >out 2>err &&
	test_grep "$blob.* is missing" err &&
	test_grep "git fsck" err &&
	test_expect_code 128 git model log m.st >out 2>err &&
	test_grep "$blob.* is missing" err
'

test_expect_success 'names from strangers never reach the terminal raw' '
	git -C repo switch -q -c evil base &&
	name=$(printf "e\033[2J\007\342\200\256.st") &&
	mv-test random 5000 41 >"repo/$name" &&
	commit evil1 &&
	mv-test random 5000 43 >"repo/$name" &&
	git -C repo branch -f before HEAD &&
	test_tick && git -C repo add -A &&
	git -C repo commit -q -m "$(printf "s\033[31m\007")" &&
	for rev in HEAD HEAD~1
	do
		note "$rev:$name" \
			"\"metrics\":{\"a\\u001b[2J\\u202e\":$note_nr}" \
			"\"params\":{\"p\\u009b\":\"v\\u001b\\u0007$note_nr\"}" ||
			return 1
	done &&
	for format in text json md html junit annotations
	do
		model diff --format $format HEAD~1 HEAD >out &&
		is_safe out || return 1
	done &&
	model diff HEAD~1 HEAD >out &&
	test_grep "a.x1b" out
'

test_done
