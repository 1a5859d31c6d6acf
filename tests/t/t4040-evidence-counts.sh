#!/bin/sh

test_description='which record counts: clocks, copies, directions, what is missing'

. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"

# auc <spec>: the value that show has
auc () {
	git model show --json "$1" >"$TRASH/json" &&
	sed -n "s/.*\"auc\": \([0-9.]*\).*/\1/p" "$TRASH/json"
}

# dated <moment> <file> <members>: a record by another clock
dated () {
	id=$(git rev-parse "HEAD:$2") && oid=$(git cat-file blob $id | sed -n "s/^oid //p") &&
	echo "{\"t\":\"$1\",\"kind\":\"evidence\",$3\"content\":\"$oid\",\"id\":\"$(echo "$1$3" | sha256sum | cut -c1-16)\"}" >line &&
	{ git notes --ref=model show $id 2>/dev/null; cat line; } >note &&
	git notes --ref=model add -f -F note $id 2>/dev/null
}

test_expect_success 'a right clock corrects a wrong one, and says so' '
	person alice && governed r alice <<-\EOT &&
	[stage "production"]
	metric = auc >= 0.95
	[stage "steady"]
	no-regression = auc
	[stage "voted"]
	approvals = 1
	EOT
	git model register fraud @v1.0.0 &&
	dated 2099-01-01T00:00:00.000Z models/fraud.bin "\"artifact\":\"fraud\",\"metrics\":{\"auc\":0.99}," &&
	test "$(auc fraud)" = 0.99 &&
	test_expect_code 3 git model check --stage production fraud@v1.0.0 >out &&
	test_grep "after the moment of deciding" out &&
	git model record fraud --metric auc=0.91 2>err &&
	test_grep "a record of .fraud. has a later date than now (2099" err &&
	test "$(auc fraud)" = 0.91 &&
	git notes --ref=model show $(git rev-parse HEAD:models/fraud.bin) >lines &&
	test_grep "\"supersedes\":\[\"[0-9a-f]\{16\}\"\]" lines &&
	says_no "auc = 0.91" git model check --stage production fraud@v1.0.0 &&
	git model record fraud --metric auc=0.96 2>err && test_must_be_empty err &&
	test "$(auc fraud)" = 0.96 && git model check --stage production fraud@v1.0.0
'

test_expect_success 'a record on a copy of the bytes does not count before the artifact' '
	cd r && cp models/fraud.bin copy.bin && git add . && git commit -qm copy &&
	git model record copy.bin --metric auc=0.1 --metric other=1 2>err &&
	test_grep "are the artifact .fraud." err && test "$(auc fraud)" = 0.96 &&
	git model check --stage production fraud@v1.0.0 &&
	git model show --json fraud >json && test_grep "\"other\": 1" json &&
	git model record $(git cat-file blob HEAD:copy.bin | sed -n "s/^oid sha256://p") --metric other=2 2>err &&
	test_grep "artifact .fraud.: this counts there, too" err &&
	git model show --json fraud >json && test_grep "\"other\": 2" json
'

test_expect_success 'data alone does not change what metrics were measured on, and says so' '
	cd r && seq 9 >hold.csv && git add hold.csv &&
	git model record fraud --eval-data hold.csv 2>err &&
	test_grep "does not change that.*--metric auc=0.96" err &&
	test_grep "eval-data hold.csv" err
'

test_expect_success 'what voids an approval says so before' '
	cd r && as alice git model approve fraud@v1.0.0 --stage voted >/dev/null &&
	git model check --stage voted fraud@v1.0.0 &&
	git model record fraud --data hold.csv 2>err &&
	test_grep "voids the approval of fraud@v1.0.0 for .voted. by alice@example.com" err &&
	git model record fraud --data hold.csv 2>err && test_grep ! "voids" err
'

test_expect_success 'an approval that a promotion has used is not asked for again, one given since is' '
	cd r && as alice git model approve fraud@v1.0.0 --stage voted >/dev/null &&
	git model promote fraud@v1.0.0 voted && git model record fraud --data hold.csv 2>err &&
	test_grep ! "voids" err &&
	as alice git model approve fraud@v1.0.0 --stage voted >/dev/null &&
	git model record fraud --data hold.csv 2>err && test_grep "voids" err
'

test_expect_success 'a run says what its metrics are measured on: no-regression can be met' '
	cd r && git model run --eval-data hold.csv --out models/fraud.bin --metrics-file m.json -- \
		sh -c "mv-test random 100K 31 >models/fraud.bin; echo {\\\"auc\\\":0.9} >m.json" &&
	git add . && git commit -qm run && git model register fraud @v2.0.0 &&
	git model promote fraud@v2.0.0 steady &&
	git model run --eval-data hold.csv --out models/fraud.bin --metrics-file m.json -- \
		sh -c "mv-test random 100K 32 >models/fraud.bin; echo {\\\"auc\\\":0.92} >m.json" &&
	git add . && git commit -qm run && git model register fraud @v3.0.0 &&
	git model check --stage steady fraud@v3.0.0 &&
	git model show --json fraud >json && test_grep "\"role\": \"eval\"" json &&
	test_expect_code 128 git model run --eval-data nothing.csv -- touch ran 2>err &&
	test_grep "eval-data" err && test_path_is_missing ran
'

test_expect_success 'a direction for one artifact alone' '
	git init -q d && cd d && git model install --local >/dev/null && git model track "*.st" && mkdir .gitmodel &&
	cat >.gitmodel/config <<-\EOT &&
	[artifact "team-a"]
	path = a.st
	[artifact "team-b"]
	path = b.st
	[artifact "team-b/x:err"]
	path = c.st
	[metric "err.score"]
	direction = up
	[metric "team-b:err.score"]
	direction = down
	[metric "team-b/x:err.score"]
	direction = down
	EOT
	for n in 1 2
	do
		for f in a b c
		do
			mv-test random 2000 $n$(printf %d "\"$f") >$f.st || return 1
		done && git add . && git commit -qm $n || return 1
		git model record team-a --metric err.score=$n &&
		git model record team-b --metric err.score=$n &&
		git model record team-b/x:err --metric score=$n || return 1
	done &&
	git model diff --json HEAD~1 HEAD >json && tr -d " \n" <json >one &&
	test_grep "\"better\":1,\"worse\":2" one &&
	git model show team-b >out && test_grep "err.score.*1\|err.score.*2" out &&
	printf "[metric \"team-b/x:err:score\"]\ndirection = up\n" >>.gitmodel/config &&
	test_expect_code 128 git model show team-b 2>err && test_grep "twice" err
'

test_expect_success '--fail-on regression: no record is no yes' '
	git init -q e && cd e && git model install --local >/dev/null && git model track "*.st" && mkdir .gitmodel &&
	printf "[artifact \"m\"]\npath = m.st\n[metric \"auc\"]\ndirection = up\n" >.gitmodel/config &&
	for n in 1 2
	do
		mv-test random 2000 $n >m.st && git add . && git commit -qm $n &&
		git model record m --metric auc=0.$((10 - n * 4)) || return 1
	done &&
	test_expect_code 1 git model diff --fail-on regression HEAD~1 HEAD &&
	git update-ref refs/saved refs/notes/model && git update-ref -d refs/notes/model &&
	test_expect_code 3 git model diff --fail-on regression HEAD~1 HEAD 2>err &&
	test_grep "as it is now.*refs/notes/model.*git model fetch URL" err &&
	git model record m --metric auc=0.9 &&
	test_expect_code 3 git model diff --fail-on regression HEAD~1 HEAD 2>err &&
	test_grep "as it was" err &&
	test_expect_code 3 git model report --fail-on regression HEAD~1 HEAD &&
	git update-ref refs/notes/model refs/saved &&
	test_expect_code 1 git model diff --fail-on regression HEAD~1 HEAD &&
	mv-test random 2000 3 >m.st && git add . && git commit -qm 3 &&
	test_expect_code 3 git model diff --fail-on regression HEAD~1 HEAD &&
	printf "[artifact \"m\"]\npath = m.st\ntype = dataset\n[metric \"auc\"]\ndirection = up\n" >.gitmodel/config &&
	git commit -qam data && git update-ref -d refs/notes/model &&
	git model diff --fail-on regression HEAD~2 HEAD
'

test_expect_success 'the records of a fork come by its URL' '
	git clone -q e f 2>/dev/null && cd f && git -C ../e update-ref refs/notes/model refs/saved &&
	git remote rm origin && git model fetch ../e &&
	test_expect_code 1 git model diff --fail-on regression HEAD~3 HEAD~2
'

test_done
