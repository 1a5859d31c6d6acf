#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='check: one promotion, or what a branch brings; by the policy of the base'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"

person alice mallory

check () {
	git model check --stage production "$@"
}

# -- one promotion --------------------------------------------------------------------

test_expect_success 'without a policy: says so, and yes' '
	governed none alice </dev/null && git rm -q -f .gitmodel/policy &&
	by_dora git commit -qm "no policy" && new_version 2 v1.0.0 &&
	check fraud@v1.0.0 >../out 2>../err &&
	test_grep "^ungoverned: promote fraud@v1.0.0 to production" ../out &&
	test_grep "there is no policy in main" ../err
'

test_expect_success 'a stage of which the policy says nothing: says so' '
	governed r alice <<-\EOT &&
	[stage "production"]
	metric = auc >= 0.9
	metric = loss <= 0.5
	max-size = 1MiB
	EOT
	new_version 2 v1.0.0 &&
	test_expect_code 128 git model check --stage staging fraud@v1.0.0 2>../err &&
	test_grep "knows no stage .staging." ../err &&
	git model promote --new-stage fraud@v1.0.0 staging && git model demote "fraud#staging" &&
	git model check --stage staging fraud@v1.0.0 >../out 2>../err &&
	test_grep "^ungoverned: " ../out &&
	test_grep "says nothing of staging" ../err
'

test_expect_success 'missing evidence is inconclusive: 3, and says what to do' '
	cd r && test_expect_code 3 check fraud@v1.0.0 >../out &&
	test_grep "^unknown: promote fraud@v1.0.0 to production" ../out &&
	test_grep "expected: auc >= 0.9" ../out &&
	test_grep "actual:   auc is not recorded" ../out &&
	test_grep "do:       .*git model record" ../out &&
	test_grep ! max-size ../out
'

test_expect_success 'one no among unknowns is a no: 1' '
	cd r && git model record fraud --metric auc=0.5 &&
	test_expect_code 1 check fraud@v1.0.0 >../out &&
	test_grep "^no: " ../out && test_grep "actual:   auc = 0.5" ../out
'

test_expect_success 'NaN and infinity are no' '
	cd r && new_version 3 v1.1.0 nan && git model record fraud --metric loss=0.1 &&
	test_must_fail check fraud@v1.1.0 >../out &&
	test_grep "auc" ../out && test_grep ! "^yes" ../out &&
	new_version 4 v1.2.0 inf && git model record fraud --metric loss=0.1 &&
	test_must_fail check fraud@v1.2.0 >../out && test_grep ! "^yes" ../out
'

test_expect_success 'yes: 0; --explain says what every rule rests on' '
	cd r && new_version 5 v1.3.0 0.95 && git model record fraud --metric loss=0.1 &&
	check fraud@v1.3.0 >../out && test_line_count = 1 ../out &&
	check --explain fraud@v1.3.0 >../out && test_grep "max-size = 1MiB" ../out &&
	test_grep "auc = 0.95" ../out && test_grep "rests on: [0-9a-f]\{16\}" ../out &&
	check fraud@latest >../out && test_grep "fraud@v1.3.0" ../out
'

test_expect_success '--promoter: who would do it' '
	cd r && printf "%s\n" "[group \"ops\"]" "member = alice@example.com" \
		"[stage \"live\"]" "promoter = ops" >>.gitmodel/policy &&
	by_dora git commit -qam ops &&
	test_expect_code 1 git model check --stage live fraud@v1.3.0 &&
	git model check --stage live --promoter alice@example.com fraud@v1.3.0
'

test_expect_success 'warn and evaluate decide nothing, and say what they see' '
	cd r && printf "%s\n" "[stage \"beta\"]" "mode = warn" "metric = auc >= 0.99" \
		>>.gitmodel/policy && by_dora git commit -qam beta &&
	git model check --stage beta fraud@v1.3.0 >../out &&
	test_grep "^yes: " ../out && test_grep "only a warning" ../out
'

test_expect_success 'the policy of another revision, when told' '
	cd r && old=$(git rev-parse HEAD) && sed -i "s/auc >= 0.9$/auc >= 0.99/" .gitmodel/policy &&
	by_dora git commit -qam stricter && test_expect_code 1 check fraud@v1.3.0 &&
	check --policy $old fraud@v1.3.0
'

test_expect_success 'a policy that cannot be read is no absent one' '
	cd r && echo "metric == nonsense" >>.gitmodel/policy &&
	by_dora git commit -qam broken &&
	test_expect_code 128 check fraud@v1.3.0 2>../err &&
	test_grep "main .*policy:.*" ../err && git reset -q --hard HEAD~1
'

test_expect_success 'nor is one that git does not have, or a link, or a folder' '
	cp -r r lost && cd lost && blob=$(git rev-parse HEAD:.gitmodel/policy) &&
	obj=.git/objects/$(echo $blob | cut -c 1-2)/$(echo $blob | cut -c 3-) &&
	test_path_is_file $obj && rm -f $obj &&
	test_expect_code 128 check fraud@v1.3.0 2>../err &&
	test_grep "policy" ../err && cd .. &&
	cp -r r link && cd link && git rm -q --cached .gitmodel/policy &&
	mv .gitmodel/policy real && ln -s ../real .gitmodel/policy &&
	git add . && by_dora git commit -qm link &&
	test_expect_code 128 check fraud@v1.3.0 2>../err &&
	test_grep "policy is no regular file" ../err && cd .. &&
	cp -r r dir && cd dir && git rm -q .gitmodel/policy && mkdir .gitmodel/policy &&
	echo >.gitmodel/policy/x && git add . && by_dora git commit -qm dir &&
	test_expect_code 128 check fraud@v1.3.0 2>../err &&
	test_grep "policy is no regular file" ../err && cd .. &&
	cp -r r file && cd file && git rm -q -r .gitmodel && echo >.gitmodel &&
	git add . && by_dora git commit -qm file &&
	test_expect_code 128 check fraud@v1.3.0 2>../err &&
	test_grep "gitmodel is no folder" ../err
'

test_expect_success 'what is no version, or no stage' '
	cd r && test_expect_code 128 check fraud@v7.0.0 2>../err &&
	test_grep "not registered" ../err &&
	test_expect_code 129 git model check fraud@v1.3.0 &&
	test_expect_code 129 check fraud &&
	test_expect_code 129 check --format yaml fraud@v1.3.0 2>../err &&
	test_grep "no format .yaml" ../err
'

# -- formats ---------------------------------------------------------------------------

test_expect_success 'json, junit and sarif parse; md and annotations say what is wrong' '
	cd r && git model record fraud --metric auc=0.5 &&
	for f in json junit sarif md annotations text
	do
		test_expect_code 1 check --format $f fraud@v1.3.0 >../out.$f || return 1
	done &&
	python3 - <<-\EOT &&
	import json, xml.dom.minidom
	d = json.load(open("../out.json"))
	assert d[0]["result"] == "no" and d[0]["subject"].endswith("to production")
	assert any(f["actual"] == "auc = 0.5" for f in d[0]["findings"])
	x = xml.dom.minidom.parse("../out.junit")
	assert x.getElementsByTagName("failure")
	s = json.load(open("../out.sarif"))
	assert s["version"] == "2.1.0" and s["runs"][0]["results"]
	EOT
	test_grep "auc = 0.5" ../out.md && test_grep "auc = 0.5" ../out.annotations
'

# -- what a branch brings -----------------------------------------------------------------

branches () {
	governed "$1" alice <<-\EOT &&
	policy-approvals = 1 from governance
	[group "governance"]
	member = alice@example.com
	[branch "main"]
	metric = auc >= 0.9
	no-regression = auc vs current
	same-eval = false
	EOT
	git model record fraud --metric auc=0.95 && git checkout -qb change
}

# brings <seed> [<auc>]
brings () {
	mv-test random 100K "$1" >models/fraud.bin && by_dora git commit -qam "$1" &&
	{ test -z "$2" || git model record fraud --metric auc="$2"; }
}

test_expect_success 'a branch that changes no model: yes, and says that there was nothing' '
	branches b && echo code >code.c && git add . && by_dora git commit -qm code &&
	git model check main..change >../out 2>../err && test_must_be_empty ../out &&
	test_grep "nothing that the policy of main speaks of" ../err
'

test_expect_success 'a better model, a worse one, one of which nothing is known' '
	cd b && brings 2 0.96 && git model check main..change >../out &&
	test_grep "^yes: change fraud on main" ../out &&
	brings 3 0.94 && test_expect_code 1 git model check main..change >../out &&
	test_grep "no-regression" ../out &&
	brings 4 && test_expect_code 3 git model check main..change
'

test_expect_success 'only the named branch is judged; the base says how' '
	cd b && git model check --branch other main..change 2>../err &&
	test_expect_code 3 git model check main...change &&
	sed -i /auc/d .gitmodel/policy && by_dora git commit -qam "no bar" &&
	test_expect_code 1 git model check main..change >../out &&
	test_grep "change .gitmodel" ../out && test_grep "unknown: change fraud" ../out
'

test_expect_success 'news of the base are not the doing of a branch that left before' '
	branches behind && echo code >code.c && git add . && by_dora git commit -qm code &&
	git checkout -q main && brings 5 0.97 && git model check main..change >../out &&
	test_must_be_empty ../out
'

test_expect_success 'the bytes themselves instead of a pointer are no way around' '
	branches raw && printf "models/fraud.bin -filter\n" >>.gitattributes &&
	mv-test random 100K 6 >models/fraud.bin && git add . &&
	by_dora git commit -qm raw &&
	test_must_fail git model check main..change >../out &&
	test_grep "change fraud on main" ../out
'

test_expect_success 'nor is a link in its place' '
	branches linked && mv-test random 100K 7 >other.dat && rm models/fraud.bin &&
	ln -s ../other.dat models/fraud.bin && git add . && by_dora git commit -qm link &&
	test_must_fail git model check main..change >../out &&
	test_grep "change fraud on main" ../out
'

test_expect_success 'nor another path for the name' '
	branches moved && git checkout -q main && mv-test random 100K 8 >models/weak.bin &&
	git add . && by_dora git commit -qm weak && git model record models/weak.bin \
		--metric auc=0.1 && git checkout -q change && git rebase -q main &&
	sed -i "s/fraud.bin/weak.bin/" .gitmodel/config && by_dora git commit -qam "other path" &&
	test_expect_code 1 git model check main..change >../out &&
	test_grep "no: change fraud on main" ../out && test_grep "no: change .gitmodel" ../out
'

test_expect_success 'a file that is gone from a directory is a change of it' '
	branches folder && git checkout -q main && mkdir llm && for i in 1 2
	do
		mv-test random 5K 2$i >llm/$i.bin || return 1
	done &&
	printf "[artifact \"llm\"]\npath = llm\n" >>.gitmodel/config && git add . &&
	by_dora git commit -qm llm && git model record llm --metric auc=0.95 &&
	git checkout -q change && git merge -q main && git rm -q llm/2.bin &&
	by_dora git commit -qm "one less" &&
	test_expect_code 3 git model check main..change >../out &&
	test_grep "change llm on main" ../out &&
	git rm -q -r llm && by_dora git commit -qm "all of it" &&
	git model check main..change >../out && test_must_be_empty ../out
'

test_expect_success 'a link in .gitmodel is seen, though no diff of files shows it' '
	branches sneak && printf "%s" "$(signers mallory)" >../target &&
	ln -s "$(cat ../target)" .gitmodel/allowed_gpg && git add . &&
	by_dora git commit -qm sneak &&
	test_must_fail git model check main..change 2>../err &&
	test_grep "no regular file" ../err
'

test_expect_success 'taking .gitmodel away needs approval, too' '
	branches away && git rm -q -r .gitmodel && by_dora git commit -qm away &&
	test_expect_code 1 git model check main..change >../out &&
	test_grep "no: change .gitmodel" ../out
'

test_expect_success 'a pointer in the place of an approved list is not that list' '
	branches posing && echo "# a comment" >>.gitmodel/policy && by_dora git commit -qam comment &&
	as alice git model approve --policy && git model check main..change &&
	oid=$(sha256sum <.gitmodel/policy | cut -c 1-64) &&
	printf "git-model/1\noid sha256:%s\nsize %s\n" $oid $(stat -c %s .gitmodel/policy) >p &&
	mv p .gitmodel/policy && by_dora git commit --no-verify -qam pose &&
	test_expect_code 1 git model check main..change >../out &&
	test_grep "no: change .gitmodel" ../out
'

# -- whose name it is -----------------------------------------------------------------------

test_expect_success 'a tag with the name of a branch decides nothing' '
	branches named && git commit -q --allow-empty -m x && git rm -q .gitmodel/policy &&
	by_dora git commit -qm mallory && evil=$(git rev-parse HEAD) &&
	git update-ref refs/remotes/origin/main main &&
	test_expect_code 1 git model check origin/main..change &&
	git tag main $evil && git tag origin/main $evil &&
	for base in main origin/main origin/main~1
	do
		test_expect_code 128 git model check --branch main $base..change 2>../err &&
		test_grep "is the name of a tag and of a branch: say which, refs/" ../err || return 1
	done &&
	test_expect_code 128 git model policy show --policy origin/main 2>../err &&
	test_grep "say which, refs/remotes/origin/main" ../err &&
	test_expect_code 128 git model verify --trusted origin/main 2>../err &&
	test_grep "say which, refs/remotes/origin/main" ../err &&
	test_expect_code 1 git model check refs/remotes/origin/main..change
'

test_expect_success 'nor does one in the place of a branch that is not here' '
	cd named && git update-ref -d refs/remotes/origin/main && git branch -q -D main &&
	git config remote.origin.url ../nowhere &&
	for base in main origin/main refs/heads/main heads/main
	do
		git tag -f $base $evil && test_expect_code 128 git model check --branch main $base..change || return 1
	done &&
	git tag v1 change~1 && git model check --branch main v1..v1
'

test_done
