#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='approve, reject, revoke, override: who, on what, for how long'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"

person alice bob carol mallory && gpg_person gina

# The policy that most of these tests have; more lines from the arguments.
two_of_three () {
	cat <<-\EOT
	policy-approvals = 1 from governance
	[group "leads"]
	member = alice@example.com
	member = bob@example.com
	member = gina@example.com
	[group "governance"]
	member = carol@example.com
	[stage "production"]
	metric = auc >= 0.9
	approvals = 2 from leads
	veto = 1 from leads
	EOT
	for line
	do
		echo "$line"
	done
}

check () {
	git model check --stage production "$@"
}

# note <version>: the lines of that version's content
note () {
	git notes --ref=model show "$(git rev-parse "fraud@$1:models/fraud.bin")"
}

# add_line <version> <line>: as somebody does who may write notes, and no more
add_line () {
	printf '%s\n' "$2" | git notes --ref=model append -F - \
		"$(git rev-parse "fraud@$1:models/fraud.bin")"
}

start () {
	name=$1 && shift &&
	two_of_three "$@" | sed "s/^.stage .production.*/[stage \"staging\"]\nmax-size = 1GiB\n&/" >"$TRASH/tmp/policy" &&
	governed "$name" alice bob carol <"$TRASH/tmp/policy" &&
	gpg_signers gina >.gitmodel/allowed_gpg &&
	gpg_keys gina >.gitmodel/gpg_keys && git add . &&
	by_dora git commit -qm "gpg" && new_version 2 v1.0.0 0.95
}

test_expect_success 'two people with SSH keys: one is not enough, two are' '
	start r && says_no "0 of 2" check fraud@v1.0.0 &&
	as alice git model approve --stage production fraud@v1.0.0 >../out 2>../err &&
	test_grep "^alice@example.com approved fraud@v1.0.0 for production" ../out &&
	test_grep "git push origin refs/notes/model" ../err &&
	says_no "1 of 2" check fraud@v1.0.0 &&
	as bob git model approve --stage production fraud@v1.0.0 &&
	check fraud@v1.0.0 >../out && test_grep "^yes: " ../out &&
	check --explain fraud@v1.0.0 >../out && test_grep "2 of 2" ../out
'

test_expect_success 'one person twice is one person' '
	start twice && as alice git model approve --stage production fraud@v1.0.0 &&
	as alice git model approve --stage production fraud@v1.0.0 &&
	says_no "1 of 2" check fraud@v1.0.0
'

test_expect_success 'an OpenPGP key is as good' '
	cd twice && as gina git model approve --stage production --reason "looked at it" \
		fraud@v1.0.0 >../out && test_grep "^gina@example.com approved" ../out &&
	check fraud@v1.0.0
'

test_expect_success 'JSON says what was signed, with everything it is bound to' '
	cd r && as alice git model approve --json --stage production --expires 14d \
		--reason "because ünd" fraud@v1.0.0 >../json &&
	python3 - ../json "$(git rev-parse fraud@v1.0.0^{commit})" <<-\EOT
	import json, sys
	d = json.load(open(sys.argv[1]))
	assert d["decision"] == "approve" and d["signer"] == "alice@example.com"
	assert d["artifact"] == "fraud" and d["version"] == "v1.0.0"
	assert d["stage"] == "production" and d["reason"] == "because ünd"
	assert d["commit"] == sys.argv[2] and len(d["nonce"]) == 32
	for k in "content", "policy", "records":
	    assert d[k].startswith("sha256:") and len(d[k]) == 71, d[k]
	assert d["not_after"] > d["issued_at"]
	EOT
'

test_expect_success 'whose key nobody knows is told which line to add, and nothing is written' '
	cd r && git rev-parse refs/notes/model >../before &&
	test_expect_code 128 as mallory git model approve --stage production \
		fraud@v1.0.0 2>../err &&
	key=$(cut -d " " -f 1,2 "$PEOPLE/mallory.pub") &&
	test_grep "allowed_signers there: mallory@example.com namespaces=\"git-model-approval@v1\" $key" ../err &&
	git rev-parse refs/notes/model >../after && test_cmp ../before ../after
'

test_expect_success 'the name is that of the key, whatever address git has' '
	cd r && GIT_COMMITTER_EMAIL=mallory@example.com \
		GIT_CONFIG_GLOBAL="$PEOPLE/alice.gitconfig" \
		git model approve --json --stage production fraud@v1.0.0 >../json &&
	test_grep "\"signer\": \"alice@example.com\"" ../json
'

test_expect_success 'without a signing key it says which settings to make' '
	cd r && test_expect_code 128 git model approve --stage production \
		fraud@v1.0.0 2>../err && test_grep "user.signingkey" ../err
'

test_expect_success 'a key that may only sign commits signs no approval' '
	two_of_three >"$TRASH/tmp/policy" &&
	governed onlygit alice bob carol <"$TRASH/tmp/policy" &&
	sed -i "/^alice/s/namespaces=\"[^\"]*\"/namespaces=\"git\"/" \
		.gitmodel/allowed_signers &&
	by_dora git commit -qam "alice signs commits only" && new_version 2 v1.0.0 0.95 &&
	test_expect_code 128 as alice git model approve --stage production \
		fraud@v1.0.0 2>../err &&
	test_grep "may not sign approvals" ../err
'

test_expect_success 'an approval for staging is none for production' '
	start stage && as alice git model approve --stage staging fraud@v1.0.0 &&
	as bob git model approve --stage production fraud@v1.0.0 &&
	says_no "given for another stage" check fraud@v1.0.0
'

test_expect_success 'replay: the line copied to the note of another version' '
	start replay && as alice git model approve --stage production fraud@v1.0.0 &&
	as bob git model approve --stage production fraud@v1.0.0 &&
	note v1.0.0 | grep approval >../lines &&
	new_version 3 v1.1.0 0.96 && check fraud@v1.0.0 &&
	while read -r line
	do
		add_line v1.1.0 "$line" || return 1
	done <../lines &&
	says_no "0 of 2" check fraud@v1.1.0
'

test_expect_success 'replay: the same with the content of the line changed' '
	cd replay && a=$(git cat-file blob fraud@v1.0.0:models/fraud.bin | sed -n "s/^oid //p") &&
	b=$(git cat-file blob fraud@v1.1.0:models/fraud.bin | sed -n "s/^oid //p") &&
	sed "s/$a/$b/" ../lines >../forged && ! cmp -s ../lines ../forged &&
	while read -r line
	do
		add_line v1.1.0 "$line" || return 1
	done <../forged &&
	says_no "0 of 2" check fraud@v1.1.0 &&
	test_grep "cannot be read" "$TRASH/tmp/said"
'

test_expect_success 'replay: a second version of the same content' '
	cd replay && git model register --force fraud @v1.0.1 fraud@v1.0.0 &&
	check fraud@v1.0.0 && says_no "given for another version" check fraud@v1.0.1
'

test_expect_success 'replay: into another repository' '
	sed -i "s/6b7a1f0e/ffffffff/" replay/.gitmodel/config && cd replay &&
	by_dora git commit -qam "another one" &&
	says_no "given in another repository" check fraud@v1.0.0 &&
	git revert --no-edit HEAD >/dev/null && check fraud@v1.0.0
'

test_expect_success 'another policy voids it' '
	cd replay && sed -i "s/auc >= 0.9/auc >= 0.8/" .gitmodel/policy &&
	by_dora git commit -qam "lower" &&
	says_no "the policy has changed since" check fraud@v1.0.0 &&
	git revert --no-edit HEAD >/dev/null && check fraud@v1.0.0
'

test_expect_success 'other evidence voids it' '
	cd replay && git model record fraud@v1.0.0 --metric auc=0.99 &&
	says_no "the evidence has changed since" check fraud@v1.0.0
'

test_expect_success 'another holder of the stage voids it' '
	start holder && new_version 3 v1.1.0 0.96 &&
	for v in v1.0.0 v1.1.0
	do
		as alice git model approve --stage production fraud@$v &&
		as bob git model approve --stage production fraud@$v || return 1
	done &&
	check fraud@v1.0.0 && check fraud@v1.1.0 &&
	git model promote fraud@v1.1.0 production &&
	says_no "another version holds the stage now" check fraud@v1.0.0
'

test_expect_success 'one does not approve ones own' '
	start own "forbid-self-approval = author committer promoter" &&
	as alice git model approve --stage production fraud@v1.0.0 &&
	as bob git model approve --stage production fraud@v1.0.0 &&
	as carol git model check --stage production fraud@v1.0.0 &&
	says_no "alice@example.com (it is their own)" \
		as alice git model check --stage production fraud@v1.0.0 &&
	mv-test random 100K 9 >models/fraud.bin &&
	as bob git commit -qam "by bob" && git model register fraud @v2.0.0 &&
	git model record fraud --metric auc=0.95 &&
	as alice git model approve --stage production fraud@v2.0.0 &&
	as bob git model approve --stage production fraud@v2.0.0 &&
	says_no "bob@example.com (it is their own)" \
		as carol git model check --stage production fraud@v2.0.0
'

test_expect_success 'who promotes one own approval: seen by the signature of the tag' '
	cd own && says_no "alice@example.com (it is their own)" \
		env GIT_COMMITTER_EMAIL=carol@example.com \
		GIT_CONFIG_GLOBAL="$PEOPLE/alice.gitconfig" \
		git model promote fraud@v1.0.0 production &&
	test -z "$(git tag -l "*#production*")"
'

test_expect_success 'revoke takes back ones own newest; by nonce any of ones own' '
	start revoke && as alice git model approve --stage production fraud@v1.0.0 &&
	as bob git model approve --json --stage production fraud@v1.0.0 >../json &&
	check fraud@v1.0.0 &&
	nonce=$(sed -n "s/.*\"nonce\": \"\(.*\)\".*/\1/p" ../json) &&
	test_expect_code 128 as alice git model revoke --nonce $nonce \
		--stage production fraud@v1.0.0 2>../err &&
	test_grep "alice@example.com signed nothing" ../err &&
	as alice git model revoke --stage production --reason "I was wrong" fraud@v1.0.0 &&
	says_no "it was revoked" check fraud@v1.0.0 &&
	as alice git model approve --stage production fraud@v1.0.0 &&
	check fraud@v1.0.0 &&
	as bob git model revoke --nonce $nonce --stage production fraud@v1.0.0 &&
	says_no "it was revoked" check fraud@v1.0.0 &&
	test_expect_code 128 as bob git model revoke --stage production \
		fraud@v1.0.0 2>../err
'

test_expect_success 'a revoked approval does not come back under another time' '
	start again && as alice git model approve --stage production fraud@v1.0.0 &&
	as bob git model approve --stage production fraud@v1.0.0 &&
	note v1.0.0 | grep approval >../lines &&
	as bob git model revoke --stage production fraud@v1.0.0 &&
	sed "s/\"t\":\"2[^\"]*\"/\"t\":\"2099-01-01T00:00:00.000Z\"/" ../lines >../later &&
	! cmp -s ../lines ../later &&
	while read -r line
	do
		add_line v1.0.0 "$line" || return 1
	done <../later &&
	says_no "it was revoked" check fraud@v1.0.0
'

test_expect_success 'a no counts until it is taken back, and an old yes written later does not undo it' '
	start veto && as alice git model approve --stage production fraud@v1.0.0 &&
	as bob git model approve --stage production fraud@v1.0.0 &&
	note v1.0.0 | grep approval >../lines &&
	as alice git model reject --stage production --reason "it leaks" fraud@v1.0.0 &&
	says_no "alice@example.com: it leaks" check fraud@v1.0.0 &&
	sed "s/\"t\":\"2[^\"]*\"/\"t\":\"2099-01-01T00:00:00.000Z\"/" ../lines >../later &&
	while read -r line
	do
		add_line v1.0.0 "$line" || return 1
	done <../later &&
	says_no "alice@example.com: it leaks" check fraud@v1.0.0 &&
	as alice git model revoke --stage production fraud@v1.0.0 &&
	says_no "1 of 2" check fraud@v1.0.0 &&
	as alice git model approve --stage production fraud@v1.0.0 &&
	check fraud@v1.0.0
'

test_expect_success 'an approval that ends, ends' '
	start ends && as alice git model approve --stage production fraud@v1.0.0 &&
	as bob git model approve --stage production --expires 1d fraud@v1.0.0 &&
	check fraud@v1.0.0 &&
	if have_faketime
	then
		later "+2 days" git model check --stage production fraud@v1.0.0 \
			>../out
		test $? = 1 && test_grep "bob@example.com (it has expired)" ../out
	fi
'

test_expect_success 'and what the policy takes for too old, too; nothing comes from the future' '
	start old "approval-max-age = 7d" &&
	as alice git model approve --stage production fraud@v1.0.0 &&
	if have_faketime
	then
		as bob later "+30 days" git model approve --stage production fraud@v1.0.0 &&
		says_no "bob@example.com (it is from the future)" check fraud@v1.0.0 &&
		says_no "alice@example.com (it is too old)" \
			later "+30 days" git model check --stage production fraud@v1.0.0
	fi
'

test_expect_success 'a key that ended signs nothing any more' '
	two_of_three >"$TRASH/tmp/policy" &&
	governed ended alice bob carol <"$TRASH/tmp/policy" &&
	{ signers -o "valid-before=\"20200101\"" alice && signers bob carol; } \
		>.gitmodel/allowed_signers &&
	by_dora git commit -qam "alice left" && new_version 2 v1.0.0 0.95 &&
	test_expect_code 128 as alice git model approve --stage production \
		fraud@v1.0.0 2>../err && test_grep "would not count" ../err
'

test_expect_success 'a revoked key counts for nothing, also for what it signed before' '
	start krl && as alice git model approve --stage production fraud@v1.0.0 &&
	as bob git model approve --stage production fraud@v1.0.0 && check fraud@v1.0.0 &&
	cp "$PEOPLE/bob.pub" .gitmodel/revoked_keys && git add . &&
	by_dora git commit -qm "bob lost his key" &&
	says_no "revoked" check fraud@v1.0.0
'

test_expect_success 'a signature over something else is none' '
	start forge && as alice git model approve --stage production fraud@v1.0.0 &&
	as bob git model approve --stage staging fraud@v1.0.0 &&
	note v1.0.0 | grep approval >../lines &&
	python3 - ../lines >../forged <<-\EOT &&
	import base64, json, sys
	l = [json.loads(x) for x in open(sys.argv[1])]
	for r in l:
	    p = json.loads(base64.b64decode(r["payload"]))
	    if p["stage"] != "staging":
	        continue
	    p["stage"] = "production"
	    r["payload"] = base64.b64encode(json.dumps(p, sort_keys=True,
	        separators=(",", ":")).encode()).decode()
	    print(json.dumps(r, separators=(",", ":")))
	EOT
	test -s ../forged && add_line v1.0.0 "$(cat ../forged)" &&
	says_no "1 of 2" check fraud@v1.0.0
'

test_expect_success 'override: the rules it names, with a reason, for a while' '
	start over "override = 1 from governance ttl 48h" &&
	test_expect_code 129 as carol git model override --stage production \
		--rules approvals fraud@v1.0.0 &&
	as carol git model override --stage production --rules "min-soak approvals" \
		--reason "fire" fraud@v1.0.0 &&
	check fraud@v1.0.0 >../out && test_grep "^overridden: " ../out &&
	git model promote fraud@v1.0.0 production &&
	git cat-file tag "fraud#production#1" >../tag &&
	test_grep "^Model-Verdict: overridden sha256:" ../tag &&
	new_version 3 v1.1.0 0.5 &&
	as carol git model override --stage production --rules approvals \
		--reason "fire" fraud@v1.1.0 &&
	says_no "metric = auc" check fraud@v1.1.0 &&
	if have_faketime
	then
		later "+3 days" git model check --stage production fraud@v1.0.0 >../out
		test $? = 1 && test_grep "approvals = 2" ../out
	fi
'

test_expect_success 'override: of no rule, or where none may be, it is not signed' '
	start over-what "override = 1 from governance ttl 48h" &&
	test_expect_code 128 as carol git model override --stage production \
		--rules "metric aprovals" --reason fire fraud@v1.0.0 2>../err &&
	test_grep "aprovals. is no rule.*did you mean .approvals.?" ../err &&
	test_expect_code 128 as carol git model override --stage production \
		--rules " " --reason fire fraud@v1.0.0 &&
	for rule in veto promoter require-signature
	do
		test_expect_code 128 as carol git model override --stage production \
			--rules "metric $rule" --reason fire fraud@v1.0.0 2>../err &&
		test_grep "nobody can override .$rule." ../err || return 1
	done &&
	start over-none &&
	test_expect_code 128 as carol git model override --stage production \
		--rules approvals --reason fire fraud@v1.0.0 >../out 2>../err &&
	test_grep "lets nobody override rules of .fraud#production" ../err &&
	test_must_be_empty ../out &&
	{ note v1.0.0 >../notes || :; } && test_grep ! override ../notes
'

test_expect_success 'the policy is changed by those whom the old one names' '
	start policy && git checkout -qb change &&
	{ cat .gitmodel/policy && echo "max-size = 1GiB"; } >../new &&
	cp ../new .gitmodel/policy && by_dora git commit -qam "a limit" &&
	says_no "policy-approvals = 1 from governance" git model check main..change &&
	as alice git model approve --policy change &&
	says_no "alice@example.com (not in the group)" git model check main..change &&
	GIT_LITERAL_PATHSPECS=1 as carol git model approve --policy &&
	for how in LITERAL GLOB NOGLOB ICASE
	do
		env "GIT_${how}_PATHSPECS=1" git model check main..change || return 1
	done &&
	git model check main..change >../out && test_grep "^yes: change .gitmodel" ../out
'

test_expect_success 'an approval of a policy survives a rebase, and no other change' '
	cd policy && git commit -q --amend -m "reworded" && git model check main..change &&
	signers mallory >>.gitmodel/allowed_signers &&
	by_dora git commit -qam "and by the way" &&
	says_no "0 of 1" git model check main..change
'

test_expect_success 'a change of the policy in between voids it: no way back to an old list' '
	cd policy && git reset -q --hard HEAD~1 && git checkout -q main &&
	git merge -q --ff-only change && git checkout -qb lists &&
	signers mallory >>.gitmodel/allowed_signers && by_dora git commit -qam "mallory comes" &&
	as carol git model approve --policy && git model check main..lists &&
	git checkout -q main && git merge -q --ff-only lists &&
	git checkout -qb leaves && sed -i /mallory/d .gitmodel/allowed_signers &&
	by_dora git commit -qam "mallory leaves" &&
	as carol git model approve --policy && git model check main..leaves &&
	git checkout -q main && git merge -q --ff-only leaves &&
	git checkout -qb back && signers mallory >>.gitmodel/allowed_signers &&
	by_dora git commit -qam "mallory is back" &&
	says_no "0 of 1" git model check main..back
'

test_expect_success 'what is in force already needs no approval' '
	cd policy && git checkout -q main && test_expect_code 128 as carol git model \
		approve --policy 2>../err && test_grep "in force already" ../err
'

gpg_people_done
test_done
