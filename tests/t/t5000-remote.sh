#!/bin/sh

test_description='git model remote, push, fetch, pull: a directory as remote'

. ./lib-test.sh

test_expect_success 'a repository' '
	git config --global filter.model.process "git-model filter-process" &&
	git config --global filter.model.required true &&
	git init -q r &&
	cd r &&
	git model track "*.bin" &&
	mv-test random 9000000 1 >large.bin &&
	mv-test random 200000 2 >small.bin &&
	git add "*.bin" .gitattributes && git commit -q -m one
'

test_expect_success 'git model remote add, list, remove' '
	cd r &&
	git model remote 2>err >actual && ! test -s actual &&
	grep "no remote yet" err &&
	git model remote add team ../team-store &&
	git model remote >actual &&
	grep "^team  .*/team-store (configured)$" actual &&
	test_expect_code 128 git model remote add team ../x 2>err &&
	grep "already" err &&
	git model remote remove team &&
	test_expect_code 128 git model remote remove team &&
	test_expect_code 128 git model remote add -- -x ../y 2>err &&
	test_expect_code 128 git model remote add s3 s3://bucket/x 2>err &&
	grep "directory" err &&
	test_expect_code 128 git model remote add ssh host:path 2>err &&
	test_grep "directory" err &&
	git model remote add team ../team-store &&
	: "it is made now, and not by some push into an empty mount point" &&
	test_path_is_file ../team-store/format &&
	git model remote add team ../team-store
'

test_expect_success 'git model push to it, and what is there is not sent again' '
	cd r &&
	git model push --json team >actual &&
	grep "\"uploaded\": *2" actual &&
	git model push --json team >actual &&
	grep "\"uploaded\": *0" actual &&
	grep "\"present\": *2" actual
'

test_expect_success 'only new chunks travel' '
	cd r &&
	mv-test random 100000 3 >>large.bin &&
	git add "*.bin" .gitattributes && git commit -q -m two &&
	git model push --json team >actual &&
	bytes=$(sed -n "s/.*\"bytes\": *\([0-9]*\).*/\1/p" actual) &&
	test "$bytes" -lt 700000
'

test_expect_success 'a clone without content fetches it by name' '
	git init -q --bare plain.git &&
	git -C r push -q --no-verify ../plain.git main &&
	git clone -q plain.git c 2>err &&
	cd c &&
	git model status >actual 2>err &&
	grep "^missing .*large.bin" actual &&
	git model remote add team ../team-store &&
	git model fetch --json team >json &&
	grep "\"downloaded\": *2" json &&
	git model status >actual 2>/dev/null &&
	grep "^pointer .*large.bin" actual &&
	git model checkout &&
	cmp large.bin ../r/large.bin && cmp small.bin ../r/small.bin &&
	git status --porcelain -uno >out && ! test -s out
'

test_expect_success 'git model pull does both' '
	rm -rf c &&
	git clone -q plain.git c 2>/dev/null &&
	cd c &&
	git model remote add origin ../team-store &&
	git model pull &&
	cmp large.bin ../r/large.bin &&
	git status --porcelain -uno >out && ! test -s out
'

test_expect_success 'a git remote that is a path needs nothing: push, clone' '
	cd r &&
	git init -q --bare ../b.git &&
	git remote add origin ../b.git &&
	git model remote >actual &&
	grep "^origin  .*b.git/model (beside the git remote)$" actual &&
	git model push origin &&
	git push -q origin main &&
	cd .. &&
	git clone -q b.git d &&
	cmp d/large.bin r/large.bin && cmp d/small.bin r/small.bin &&
	git -C d status --porcelain -uno >out && ! test -s out
'

test_expect_success 'clone --reference borrows without copying' '
	git clone -q --reference d b.git e &&
	ls e/.git/model/packs/*.pack 2>/dev/null | wc -l >packs &&
	grep "^0" packs &&
	cmp e/large.bin r/large.bin &&
	git -C e status --porcelain -uno >out && ! test -s out
'

test_expect_success 'a push of content that is nowhere fails and says which' '
	cd r &&
	cp -R .git/model ../saved &&
	mv-test random 80000 7 >gone.bin && git add "*.bin" .gitattributes && git commit -q -m gone &&
	rm -rf .git/model && mv ../saved .git/model &&
	test_must_fail git push -q origin main 2>err &&
	grep "neither here nor at the remote" err &&
	grep "model.allowIncompletePush" err &&
	for no in off NO 0 "" 0x0
	do
		test_must_fail git -c "model.allowIncompletePush=$no" \
			push -q origin main || return 1
	done &&
	test_must_fail git -c model.allowIncompletePush=perhaps push -q origin main 2>err &&
	test_grep "model.allowincompletepush. is .perhaps., but it must be true or false" err &&
	for yes in true on True 2
	do
		git -c "model.allowIncompletePush=$yes" \
			push -q origin main:ok-$yes || return 1
	done &&
	git -c model.allowIncompletePush push -q origin main
'

test_expect_success 'a damaged remote is noticed, nothing wrong arrives' '
	git clone -q plain.git f 2>/dev/null &&
	cp -R team-store evil &&
	for p in evil/packs/*.pack; do
		chmod u+w $p && mv-test flip $p 60000 || return 1
	done &&
	git -C f model remote add team "$PWD/evil" &&
	test_must_fail git -C f model fetch team 2>err &&
	grep "damaged" err &&
	git -C f model ls -l >out && ! grep " \* " out &&
	git -C f model fsck >out && grep "^elsewhere: [0-9]* content" out &&
	test_must_fail git -C f model fsck --repair &&
	test $(wc -c <f/large.bin) -lt 1024
'

test_expect_success 'several git remotes, none of them origin: it says so, and does not choose' '
	git init -q --bare one.git && git init -q --bare two.git && git init -q many && cd many &&
	git model track "*.bin" && mv-test random 20000 60 >m.bin && git add . && git commit -qm one &&
	git remote add one ../one.git && git remote add two ../two.git &&
	git push -q one main && git push -q two main && git model record m.bin --metric auc=0.5 &&
	git model push one && git notes --ref=model list >../notes && test -s ../notes &&
	git update-ref -d refs/notes/model &&
	test_expect_code 128 git model fetch 2>err && test_grep "one, two" err &&
	test_grep "model.remote" err && test_must_fail git rev-parse -q --verify refs/notes/model &&
	test_expect_code 128 git model pull 2>err && test_grep "one, two" err &&
	test_expect_code 128 git model push 2>err && test_grep "one, two" err &&
	git model fetch one && git rev-parse -q --verify refs/notes/model &&
	git update-ref -d refs/notes/model && git config model.remote one && git model fetch &&
	git rev-parse -q --verify refs/notes/model
'

test_expect_success 'model.remote that names no remote is an error that says so' '
	cd many && git config model.remote on && for what in fetch pull push
	do
		test_expect_code 128 git model $what 2>err && test_grep "model.remote is .on." err || return 1
	done &&
	git remote add origin ../one.git && test_expect_code 128 git model fetch 2>err &&
	test_grep "model.remote is .on." err && git model fetch one
'

test_expect_success 'who clones and is not told of the store is told where it was looked for' '
	git init -q --bare apart.git && git init -q from && cd from && git model track "*.bin" &&
	mv-test random 20000 61 >m.bin && git add . && git commit -qm one &&
	git remote add origin "file://$TRASH/work/apart.git" &&
	git model remote add origin "file://$TRASH/work/apart-store" && git push -q origin main && cd .. &&
	git clone -q "file://$TRASH/work/apart.git" to && cd to &&
	for what in checkout fetch pull
	do
		test_expect_code 1 git model $what 2>err && test_grep "apart.git/model. (no store there)" err &&
		test_grep "git model remote add" err || return 1
	done &&
	git model remote add origin "file://$TRASH/work/apart-store" && git model pull && cmp m.bin ../from/m.bin
'

test_done
