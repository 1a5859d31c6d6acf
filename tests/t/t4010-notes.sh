#!/bin/sh

test_description='records travel: push, fetch, pull, install, the pre-push hook'

. ./lib-test.sh
. "$TEST_DIR/lib-filter.sh"

LIVE=refs/notes/model
TRACK=refs/notes/model-remotes/origin

note () {
	git notes --ref=model show "$(git rev-parse ":$1")"
}

tip () {
	git -C "$1" rev-parse --verify -q "${2:-$LIVE}"
}

# Calls of git by what runs, in which this word comes.
count_git () {
	word=$1 && shift &&
	GIT_TRACE="$TRASH/git-trace" "$@" 2>/dev/null &&
	grep "built-in: git $word" "$TRASH/git-trace" | wc -l &&
	rm "$TRASH/git-trace"
}

test_expect_success 'a repository with a remote' '
	git init -q --bare hub.git &&
	git init -q one && cd one &&
	git model track "*.bin" &&
	git remote add origin ../hub.git &&
	mv-test random 5000 1 >a.bin && mv-test random 5000 2 >b.bin &&
	git model add . && git commit -q -m one && git push -q origin main &&
	git model install --local
'

test_expect_success 'a push without records asks for none' '
	cd one &&
	git commit -q --allow-empty -m empty &&
	test "$(count_git ls-remote git push -q origin main)" = 0 &&
	test_must_fail tip ../hub.git
'

test_expect_success 'git push takes them along, once' '
	cd one &&
	git model record a.bin --metric auc=0.9 &&
	git commit -q --allow-empty -m next &&
	git push -q --dry-run origin main && test_must_fail tip ../hub.git &&
	test "$(count_git ls-remote git push -q origin main)" = 1 &&
	test "$(tip ../hub.git)" = "$(tip .)" &&
	test "$(tip . $TRACK)" = "$(tip .)" &&
	git commit -q --allow-empty -m again &&
	test "$(count_git ls-remote git push -q origin main)" = 0
'

test_expect_success 'a clone has none; fetch, pull and install bring them' '
	git clone -q hub.git two && cd two &&
	test_must_fail tip . &&
	git model fetch >out && test_grep "downloaded records, too" out &&
	test "$(tip .)" = "$(tip ../hub.git)" &&
	note a.bin >line && test_grep "\"auc\":0.9" line &&
	git model fetch >out && test_grep ! "records" out &&
	git clone -q ../hub.git ../three && cd ../three &&
	git model pull --json >out && test_grep "\"records\": true" out &&
	tip . &&
	git clone -q ../hub.git ../four && cd ../four &&
	git model install --local >out && test_grep "fetched the records" out &&
	test "$(tip .)" = "$(tip ../hub.git)"
'

test_expect_success 'two record at once: both push, both have all' '
	git -C one model record a.bin --tag who=one &&
	git -C two model record a.bin --tag who=two &&
	git -C two model record b.bin --tag who=two &&
	git -C one model push origin >out && test_grep "uploaded records, too" out &&
	git -C two model push origin >out && test_grep "uploaded records, too" out &&
	git -C one model fetch origin &&
	test "$(tip one)" = "$(tip two)" &&
	test "$(tip one)" = "$(tip hub.git)" &&
	cd one && note a.bin >lines && test_line_count = 3 lines &&
	note b.bin >lines && test_line_count = 1 lines
'

test_expect_success 'many push at once' '
	for i in 1 2 3 4 5 6
	do
		git clone -q hub.git c$i && git -C c$i model record a.bin --tag n=$i || return 1
	done &&
	for i in 1 2 3 4 5 6
	do
		git -C c$i model push >c$i.out 2>&1 &
	done &&
	wait &&
	git -C one model fetch && cd one &&
	note a.bin >lines && test_line_count = 9 lines
'

test_expect_success 'the popular refspec in the configuration overwrites nothing' '
	cd two &&
	git config --add remote.origin.fetch "+refs/notes/*:refs/notes/*" &&
	git model record b.bin --tag local=yes &&
	git -C ../one model record b.bin --tag remote=yes && git -C ../one model push &&
	git model fetch &&
	note b.bin >lines &&
	test_grep "\"local\":\"yes\"" lines && test_grep "\"remote\":\"yes\"" lines &&
	git config --unset-all remote.origin.fetch "notes" && git model push
'

test_expect_success 'a remote that refuses notes: the branch is pushed, with a warning' '
	cat >hub.git/hooks/update <<-\EOF &&
	#!/bin/sh
	case "$1" in refs/notes/*) seq -s " word" 1000 2000; echo no notes here; exit 1 ;; esac
	EOF
	chmod +x hub.git/hooks/update &&
	cd one &&
	git model fetch &&
	git model record a.bin --tag refused=yes &&
	git commit -q --allow-empty -m branch &&
	git push -q origin main 2>err &&
	test_grep "records were not pushed" err &&
	test "$(git rev-parse main)" = "$(tip ../hub.git main)" &&
	git model push 2>err && grep "records were not pushed" err >line &&
	test_grep " word[0-9]\{4\}\.\.\." line &&
	rm ../hub.git/hooks/update &&
	git push -q origin main:refs/heads/later 2>err && test_must_be_empty err &&
	test "$(tip ../hub.git)" = "$(tip .)"
'

test_expect_success 'no hook calls itself: notes pushed by name, deletions, URLs' '
	cd one &&
	git model record a.bin --tag by=name &&
	git push -q origin $LIVE 2>err && test_must_be_empty err &&
	test "$(tip ../hub.git)" = "$(tip .)" &&
	git push -q origin :refs/heads/later &&
	git model record a.bin --tag by=url &&
	git commit -q --allow-empty -m url &&
	git push -q "file://$TRASH/work/hub.git" main 2>err &&
	test "$(tip ../hub.git)" = "$(tip .)" &&
	git for-each-ref refs/notes/model-incoming >refs && test_must_be_empty refs
'

test_expect_success 'remotes with odd names' '
	cd one &&
	git config "remote.odd name.url" ../hub.git &&
	git config "remote.a..b.url" ../hub.git &&
	git -C ../two model fetch && git -C ../two model record a.bin --tag odd=1 &&
	git -C ../two model push &&
	git model fetch "odd name" && git model fetch a..b &&
	note a.bin >lines && test_grep "\"odd\":1" lines &&
	git for-each-ref --format="%(refname)" refs/notes >refs &&
	printf "%s\n" $LIVE $TRACK >want && test_cmp want refs &&
	test_expect_code 128 git model fetch -- -x 2>err && test_grep "not the name of a remote" err
'

test_expect_success 'a remote of content only, and no remote at all' '
	cd one &&
	git model remote add team ../team-store &&
	git model push team >out 2>err && test_must_be_empty err &&
	git model remote remove team &&
	git init -q ../alone && cd ../alone &&
	git model fetch >out 2>err && test_must_be_empty err
'

test_expect_success 'a remote that is not there is an error, also when all content is here' '
	cd one &&
	mv ../hub.git ../gone.git &&
	for verb in fetch "fetch origin" pull "pull origin"
	do
		test_expect_code 128 git model $verb 2>err >out &&
		test_grep "tags of versions and stages were not fetched" err &&
		test_grep "records were not fetched" err || return 1
	done &&
	mv ../gone.git ../hub.git && git model fetch && git model pull
'

test_expect_success 'an argument that is no remote, URL or path of a repository is an error' '
	cd one && git branch side/branch &&
	for verb in fetch pull
	do
		for name in nosuch main HEAD~1 side/branch ./nosuch ""
		do
			test_expect_code 128 git model $verb "$name" 2>err >out &&
			test_grep "fatal:\|error:" err || return 1
		done
	done &&
	git config model.remote team && git model remote add team ../team-store &&
	test_expect_code 128 git model fetch nosuch 2>err &&
	test_grep "there is no remote .nosuch" err &&
	git model fetch team && git config --unset model.remote &&
	git model remote remove team &&
	git model fetch ../hub.git && git model fetch "file://$TRASH/work/hub.git"
'

test_expect_success 'a shallow clone reads and writes' '
	git clone -q --depth 1 "file://$TRASH/work/hub.git" shallow && cd shallow &&
	git remote set-url origin ../hub.git &&
	git model fetch && note a.bin >before &&
	git model record a.bin --tag from=shallow && git model push &&
	test "$(tip .)" = "$(tip ../hub.git)" &&
	test "$(git rev-parse --is-shallow-repository)" = true &&
	git -C ../one model fetch && cd ../one && note a.bin >lines &&
	test_grep "\"from\":\"shallow\"" lines
'

test_expect_success 'fetched from one place, pushed to another' '
	git init -q --bare fork.git && cd one &&
	git -C ../two model fetch &&
	git remote add tri ../hub.git && git config remote.tri.pushurl ../fork.git &&
	git model record a.bin --tag tri=1 &&
	git -C ../two push -q ../fork.git main &&
	git -C ../two model record b.bin --tag fork=1 &&
	git -C ../two push -q ../fork.git $LIVE &&
	git model push tri &&
	test "$(tip ../fork.git)" = "$(tip .)" &&
	note b.bin >lines && test_grep "\"fork\":1" lines
'

test_expect_success 'attached contents survive gc, and are pushed' '
	cd one &&
	printf "step,loss\n1,0.5\n" >log.csv &&
	git model record a.bin --metrics-file log.csv &&
	note a.bin | grep attached | tail -1 >line &&
	oid=$(sed "s/.*\"attached\":\[{\"content\":\"sha256:\([0-9a-f]*\)\".*/\1/" line) &&
	echo $oid >../oid &&
	git gc -q --prune=now && git model gc --grace 0 &&
	git model cat $oid >curves && test_grep loss curves &&
	git commit -q --allow-empty -m att && git push -q origin main 2>err &&
	git model push --json origin >out && test_grep "\"uploaded\": 0" out &&
	cd ../two && git model fetch &&
	git model gc --grace 0 &&
	git model cat $oid >curves && test_grep loss curves
'

test_expect_success 'gc keeps what only fetched notes name' '
	cd two && oid=$(cat ../oid) &&
	git model cat $oid >/dev/null &&
	git update-ref -d $LIVE && git model gc --grace 0 &&
	mv ../hub.git ../away.git &&
	git model cat $oid >curves && test_grep loss curves &&
	mv ../away.git ../hub.git && git model fetch
'

test_expect_success 'fsck names an attached content that is nowhere' '
	git clone -q hub.git broken && cd broken && oid=$(cat ../oid) &&
	git model fetch && git remote remove origin && rm -rf .git/model &&
	test_must_fail git model fsck >out 2>&1 && test_grep "curves of a record, $oid" out
'

test_done
