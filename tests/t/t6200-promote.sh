#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='promote, demote and rollback: decided, then tagged'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"

person alice bob mallory

# trailer <tag> <key>
trailer () {
	git cat-file tag "$1" | sed -n "s/^Model-$2: //p"
}

test_expect_success 'without a policy everything may be promoted, and that is said' '
	governed free alice </dev/null && rm .gitmodel/policy &&
	by_dora git commit -qam "no policy" && new_version 2 v1.0.0 &&
	git model promote fraud@v1.0.0 production >../out 2>../err &&
	test_grep "^fraud#production#1$" ../out &&
	test_grep "no policy in main: nothing was checked" ../err &&
	test_grep "git push origin .fraud@v1.0.0. .fraud#production#1." ../err &&
	test "$(trailer fraud#production#1 Verdict)" = ungoverned &&
	test -z "$(trailer fraud#production#1 Policy)"
'

# all_holds: verify --all into out and verr; what it says otherwise is shown
all_holds () {
	git model verify --all >../out 2>../verr || { cat ../out ../verr >&7 && return 1; }
}

test_expect_success 'nor does verify call anything a policy then; where one was taken out, it says that' '
	cd free && all_holds && test_grep "ok  policy" ../out &&
	test_grep "no .gitmodel/policy on the trusted branch any more" ../verr && cd .. &&
	git init -q never && cd never && mkdir .gitmodel && printf "[artifact \"m\"]\npath = m.bin\n" >.gitmodel/config &&
	by_dora git add . && by_dora git commit -qm config && all_holds &&
	test_grep "ok  config " ../out && test_grep ! policy ../out && test_grep "nothing was asked for" ../verr &&
	git model verify --json | grep "\"has_policy\": false"
'

test_expect_success 'what the hint says to type brings the version and the stage' '
	cd free && git init -q --bare ../shared.git && git remote add origin ../shared.git &&
	sed -n "s/^hint: to share it.*: \(git push origin .*\)/\1/p" ../err >../command &&
	test_line_count = 1 ../command && sh -e ../command &&
	git -C ../shared.git tag >../actual &&
	printf "%s\n" "fraud#production#1" fraud@v1.0.0 >../expect && test_cmp ../expect ../actual &&
	git model demote fraud production 2>../err && test_grep "git push origin .fraud#production!#2." ../err &&
	git remote remove origin
'

test_expect_success 'the tag says what was decided, on what, and by which policy' '
	governed r alice bob <<-\EOT &&
	[group "leads"]
	member = alice@example.com
	member = bob@example.com
	[stage "staging"]
	metric = auc >= 0.5
	[stage "production"]
	metric = auc >= 0.9
	no-regression = auc margin 0.002 vs current
	same-eval = false
	promoter = leads
	EOT
	new_version 2 v1.0.0 0.95 &&
	as alice git model promote fraud@v1.0.0 staging >../out 2>../err &&
	test_grep "^yes: promote fraud@v1.0.0 to staging" ../out &&
	test_grep "refs/notes/model" ../err &&
	oid=$(sha256sum <models/fraud.bin | cut -c 1-64) &&
	tag="fraud#staging#1" &&
	test "$(trailer $tag Content)" = "sha256:$oid" &&
	test "$(trailer $tag Size)" = 102400 &&
	test "$(trailer $tag Version)" = v1.0.0 &&
	test "$(trailer $tag Stage)" = staging &&
	test "$(trailer $tag Path)" = models/fraud.bin &&
	test "$(trailer $tag Notes)" = "$(git rev-parse refs/notes/model)" &&
	test "$(trailer $tag Policy-Commit)" = "$(git rev-parse main)" &&
	trailer $tag Policy >../policy && trailer $tag Records >../records &&
	trailer $tag Verdict >../verdict &&
	test_grep -x "sha256:[0-9a-f]\{64\}" ../policy &&
	test_grep -x "sha256:[0-9a-f]\{64\}" ../records &&
	test_grep -x "yes sha256:[0-9a-f]\{64\}" ../verdict &&
	test -z "$(trailer $tag From)" &&
	! git cat-file tag $tag | grep -q SIGNATURE
'

test_expect_success 'where the policy asks who, the tag is signed without being told to' '
	cd r && as alice git model promote fraud@v1.0.0 production >../out &&
	git cat-file tag "fraud#production#2" >../tag &&
	test_grep "BEGIN SSH SIGNATURE" ../tag &&
	test_grep "^tagger alice" ../tag
'

test_expect_success 'who is in no group cannot promote, and no tag is made' '
	cd r && new_version 3 v1.1.0 0.96 &&
	git for-each-ref refs/tags >../before &&
	says_no "not known who promotes: unknown signer" as mallory git model promote \
		fraud@v1.1.0 production &&
	git for-each-ref refs/tags >../after && test_cmp ../before ../after
'

test_expect_success 'an address alone makes nobody a promoter: the key counts' '
	cd r && git for-each-ref refs/tags >../before &&
	says_no "it is not known who promotes" \
		env GIT_COMMITTER_EMAIL=alice@example.com \
		GIT_COMMITTER_NAME=alice \
		GIT_CONFIG_GLOBAL="$PEOPLE/mallory.gitconfig" \
		git model promote fraud@v1.1.0 production &&
	git for-each-ref refs/tags >../after && test_cmp ../before ../after
'

test_expect_success '--no-sign where a signature is asked for is a no' '
	cd r && git for-each-ref refs/tags >../before &&
	says_no "make the tag with git model promote --sign" \
		as alice git model promote --no-sign fraud@v1.1.0 production &&
	git for-each-ref refs/tags >../after && test_cmp ../before ../after
'

test_expect_success 'a worse model is refused, with reasons and as JSON' '
	cd r && new_version 4 v1.2.0 0.91 &&
	says_no "no-regression = auc margin 0.002 vs current" \
		as alice git model promote fraud@v1.2.0 production &&
	test_expect_code 1 as alice git model promote --json fraud@v1.2.0 \
		production >../json &&
	python3 - ../json <<-\EOT
	import json, sys
	d = json.load(open(sys.argv[1]))
	assert d["tag"] is None and d["version"] == "v1.2.0"
	bad = [f["rule"] for f in d["verdict"]["findings"]
	       if f["result"] != "yes"]
	assert bad == ["no-regression = auc margin 0.002 vs current"], bad
	EOT
'

test_expect_success '--force makes the tag, and the tag says that the verdict was no' '
	cd r && as alice git model promote --force fraud@v1.2.0 production >../out &&
	trailer "fraud#production#3" Verdict >../verdict &&
	test_grep "^no sha256:" ../verdict &&
	test "$(trailer "fraud#production#3" From)" = v1.0.0
'

test_expect_success 'what holds the stage already is not promoted again' '
	cd r && test_expect_code 128 as alice git model promote fraud@v1.2.0 \
		production 2>../err &&
	test_grep "holds production already" ../err
'

test_expect_success 'demote: by version or by stage; only what holds it' '
	cd r && test_expect_code 128 as alice git model demote fraud@v1.0.0 \
		production 2>../err &&
	test_grep "v1.0.0 does not hold production; v1.2.0 does" ../err &&
	says_no "promoter = leads" as mallory git model demote fraud#production &&
	as alice git model demote fraud#production >../out &&
	test_grep "^fraud#production!#4$" ../out &&
	git model stages --plain fraud >../stages &&
	test_grep ! production ../stages &&
	as alice git model promote --force fraud@v1.2.0 production &&
	as alice git model demote fraud@v1.2.0 production >../out &&
	test_grep "^fraud#production!#6$" ../out
'

test_expect_success 'taking a version off makes the next one no first' '
	cd r && new_version 5 v1.3.0 0.90 &&
	says_no "no-regression" as alice git model promote fraud@v1.3.0 production
'

test_expect_success 'a version that is taken back does not make the next one a first' '
	cd r && git model deregister fraud@v1.2.0 >/dev/null &&
	says_no "no-regression" as alice git model promote fraud@v1.3.0 production
'

test_expect_success 'rollback goes one back, a second one goes one further' '
	governed back alice <<-\EOT &&
	[stage "production"]
	metric = auc >= 0.5
	EOT
	for i in 1 2 3
	do
		new_version 2$i v1.$i.0 0.9 &&
		git model promote fraud@v1.$i.0 production || return 1
	done &&
	git model rollback fraud production >../out &&
	test_grep "rollback fraud@v1.2.0 to production" ../out &&
	test "$(git model which --json fraud#production | grep -c v1.2.0)" != 0 &&
	test "$(trailer "fraud#production#4" From)" = v1.3.0 &&
	git model rollback fraud production >../out &&
	test_grep "rollback fraud@v1.1.0 to production" ../out &&
	test_expect_code 128 git model rollback fraud production 2>../err &&
	test_grep "no other version" ../err &&
	git model rollback --to v1.3.0 fraud production >../out &&
	test_grep "rollback fraud@v1.3.0 to production" ../out &&
	new_version 29 v2.0.0 0.9 &&
	test_expect_code 128 git model rollback --to v2.0.0 fraud production 2>../err &&
	test_grep "never held production" ../err
'

test_expect_success 'a rollback is judged as a promotion is' '
	cd back && sed -i "s/0.5/0.95/" .gitmodel/policy &&
	by_dora git commit -qam stricter &&
	says_no "metric = auc >= 0.95" git model rollback --to v1.1.0 fraud production
'

test_expect_success 'decided on what is there when the tag is made: a race is lost cleanly' '
	governed race alice <<-\EOT &&
	[stage "production"]
	no-regression = auc vs current
	same-eval = false
	EOT
	new_version 31 v1.0.0 0.90 && new_version 32 v1.1.0 0.95 &&
	new_version 33 v1.2.0 0.92 &&
	for v in v1.1.0 v1.2.0
	do
		{ git model promote fraud@$v production >../out.$v 2>&1; echo $? >../rc.$v; } &
	done && wait &&
	git model history --plain fraud | cut -f 7 >../events &&
	case "$(cat ../rc.v1.1.0) $(cat ../rc.v1.2.0)" in
	"0 0")	# the worse one was first
		test "$(trailer "fraud#production#1" Version)" = v1.2.0 &&
		test "$(trailer "fraud#production#2" From)" = v1.2.0 ;;
	"0 1")
		test_grep "no-regression" ../out.v1.2.0 ;;
	*)
		cat ../out.* && false ;;
	esac
'

test_expect_success 'a version of another commit, an unknown one, a bad stage' '
	cd back && test_expect_code 128 git model promote fraud@v9.9.9 production 2>../err &&
	test_grep "is not registered" ../err &&
	test_expect_code 128 git model promote fraud@v1.1.0 "a..b" 2>../err &&
	test_grep "cannot be the name of a stage" ../err &&
	test_expect_code 129 git model promote fraud production 2>../err &&
	test_expect_code 129 git model rollback fraud@v1.1.0 production 2>../err
'

test_expect_success 'whose policy: the remote as last fetched, not what is being worked on' '
	git init -q --bare srv.git && governed two alice <<-\EOT &&
	[stage "production"]
	metric = auc >= 0.9
	EOT
	git remote add origin ../srv.git && git push -q origin main &&
	git remote set-head origin main &&
	new_version 41 v1.0.0 0.5 && sed -i "s/0.9/0.1/" .gitmodel/policy &&
	by_dora git commit -qam "lower the bar" &&
	says_no "auc >= 0.9" git model promote fraud@v1.0.0 production &&
	test_expect_code 128 git model promote --policy HEAD fraud@v1.0.0 production 2>../err &&
	test_grep "never was origin/main" ../err &&
	git model promote --force --policy HEAD fraud@v1.0.0 production
'

test_expect_success 'how long it was in staging says the server, not the tagger' '
	. "$TEST_DIR/lib-server.sh" && server soak.git &&
	governed soak alice <<-\EOT &&
	[stage "staging"]
	metric = auc >= 0.5
	[stage "production"]
	require-stage = staging
	min-soak = 72h
	EOT
	ssh-keygen -q -t ed25519 -N "" -f ../receipts -C server &&
	printf "server namespaces=\"git-model-receipt@v1\" %s\n" \
		"$(cut -d " " -f 1,2 ../receipts.pub)" >>.gitmodel/allowed_signers &&
	by_dora git commit -qam "the server signs receipts" &&
	git remote add origin ../soak.git && git push -q origin main &&
	git fetch -q && new_version 51 v1.0.0 0.9 &&
	says_no "it never held the stage" git model promote fraud@v1.0.0 production &&
	GIT_COMMITTER_DATE="$(($(date +%s) - 345600)) +0000" git model promote fraud@v1.0.0 staging &&
	git model check --stage production --explain fraud@v1.0.0 >../out &&
	test_grep "days in staging" ../out &&
	git --git-dir=../soak.git config model.receiptKey "$PWD/../receipts" &&
	git push -q origin main && git model push origin &&
	test_must_fail git push origin --tags 2>../err && test_grep "fraud#staging#1 is dated" ../err &&
	git tag -d "fraud#staging#1" && git model promote fraud@v1.0.0 staging &&
	git push -q origin --tags &&
	git fetch -q origin refs/notes/model:refs/notes/theirs &&
	git notes --ref=model merge -q -s cat_sort_uniq theirs &&
	says_no "[0-9]* s in staging" git model promote fraud@v1.0.0 production
'

test_done
