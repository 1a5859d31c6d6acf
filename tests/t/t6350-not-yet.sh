#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='what is not there yet, what cannot be told, and what nobody vouches for are three answers'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"
. "$TEST_DIR/lib-server.sh"

person alice bob mallory

# plain_policy: one stage, and who must agree when .gitmodel/ changes
plain_policy () {
	printf "%s\n" "policy-approvals = 1 from leads" "[group \"leads\"]" "member = alice@example.com" \
		"[stage \"production\"]" "reachable-from = release"
}

# verifies <code> <words>: all of it, here
verifies () {
	test_expect_code "$1" git model verify --all >"$TRASH/tmp/out" 2>"$TRASH/tmp/err" || { cat "$TRASH/tmp/out" "$TRASH/tmp/err"; return 1; }
	cat "$TRASH/tmp/err" >>"$TRASH/tmp/out" && test_grep "$2" "$TRASH/tmp/out"
}

# fetch: records and tags; no server here has contents
fetch () {
	test_expect_code 1 git model fetch >"$TRASH/tmp/fetched" 2>&1
}

# quiet_push <refs>...: the server takes it, and our own hook has nothing to say
quiet_push () {
	as alice git push origin "$@" >"$TRASH/tmp/out" 2>&1 || { cat "$TRASH/tmp/out"; return 1; }
	test_grep ! "error\|advice\|warning" "$TRASH/tmp/out"
}

# -- no version yet ---------------------------------------------------------------------------

test_expect_success 'a policy and no version yet: nothing was promoted, so nothing is unproven' '
	plain_policy >p && governed r alice bob <p && verifies 0 "nothing was promoted yet" &&
	git model verify fraud && git model verify --json >../out && test_grep "\"tagless\": false" ../out
'

test_expect_success 'a clone does not know before it asked, and then it does' '
	cd "$TRASH/work" && git clone -q --bare r srv.git && git clone -q srv.git c && cd c &&
	verifies 3 "nothing was proved" && test_grep "git model fetch brings tags" ../../tmp/out &&
	fetch && verifies 0 "nothing was promoted yet"
'

test_expect_success 'of another remote it does not know; and one that has tags now says so' '
	cd c && git remote set-url origin "$TRASH/work/other.git" && verifies 3 "nothing was proved" &&
	git remote set-url origin "$TRASH/work/srv.git" && verifies 0 "nothing was promoted yet" &&
	git -C ../srv.git tag -a -m x fraud@v0.1.0 main && git -C ../srv.git tag other main && fetch && git tag -d fraud@v0.1.0 &&
	verifies 3 "nothing was proved" && git -C ../srv.git tag -d fraud@v0.1.0 && fetch && verifies 0 "yet"
'

test_expect_success 'what was cut off may have had some' '
	cd "$TRASH/work" && git -C r commit -q --allow-empty -m two && git clone -q --depth 1 "file://$TRASH/work/r" cut && cd cut &&
	git remote rm origin && test_expect_code 3 git model verify --trusted HEAD
'

# -- a name that nothing knows ----------------------------------------------------------------

test_expect_success 'no such artifact is one answer, whatever else is here' '
	cd "$TRASH/work" && git init -q none && for where in r c none
	do
		(cd $where && test_expect_code 128 git model verify ghost 2>../err && test_grep "no artifact .ghost." ../err) || return 1
	done &&
	cd r && new_version 2 v1.0.0 0.95 && git tag "fraud#dev#9" && test_expect_code 128 git model verify ghost 2>../err &&
	test_grep "no artifact .ghost." ../err && test_expect_code 128 git model verify fraud ghost && git tag -d "fraud#dev#9"
'

# -- a push of a branch and of what was decided on it -----------------------------------------

test_expect_success 'a branch that is pushed counts as it will be, under the name that it will have' '
	cd "$TRASH/work" && SERVER=$TRASH/work/judge.git && server "$SERVER" && cp -r r push && cd push &&
	git remote add origin "$SERVER" && git push -q origin main && git fetch -q origin && git remote set-head origin main &&
	git branch release && as alice git model promote fraud@v1.0.0 production && git branch -m release mine &&
	quiet_push mine:release refs/tags/fraud@v1.0.0 "refs/tags/fraud#production#1" refs/notes/model
'

test_expect_success 'one that is not pushed counts as it is there' '
	cd push && git branch release HEAD~1 && new_version 3 v1.1.0 0.96 && git push -q origin main:release && git fetch -q origin &&
	as alice git model promote fraud@v1.1.0 production &&
	quiet_push refs/tags/fraud@v1.1.0 "refs/tags/fraud#production#2" refs/notes/model
'

# -- a change of .gitmodel/ that is in force --------------------------------------------------

test_expect_success 'the first policy is nobodys to judge' '
	cd r && test_expect_code 128 as alice git model approve --policy HEAD 2>../err && test_grep "in force already" ../err
'

test_expect_success 'who changed it where there is no remote can have it approved, by who could before' '
	cd r && sed "s/alice@/mallory@/" .gitmodel/policy >p && mv p .gitmodel/policy && signers mallory >>.gitmodel/allowed_signers &&
	as mallory git commit -qam mine && verifies 1 "without what the policy before it asks for" &&
	test_grep "git model approve --policy $(git rev-parse --short=10 HEAD)" ../../tmp/out &&
	test_expect_code 128 as mallory git model approve --policy HEAD 2>../err && test_grep "does not know your key" ../err &&
	as bob git model approve --policy HEAD && verifies 1 "0 of 1" && as alice git model approve --policy HEAD && verifies 0 "holds"
'

test_expect_success 'not once something was decided by it; and only the last step' '
	cd r && echo "# more" >>.gitmodel/policy && as mallory git commit -qam more && git branch -f release &&
	as mallory git model promote fraud@v1.0.0 production && verifies 1 "0 of 1" &&
	echo "# and more" >>.gitmodel/policy && as mallory git commit -qam and-more && as mallory git model approve --policy HEAD &&
	verifies 1 "0 of 1" && test_grep "1 promotion verified, 1 thing does not hold" ../../tmp/out &&
	test_grep ! "approve --policy" ../../tmp/out
'

# -- lines that nobody vouches for ------------------------------------------------------------

test_expect_success 'a receipt and an approval by keys that no list names change nothing' '
	cd "$TRASH/work" && git init -q --bare alien.git && git model install --server alien.git >/dev/null 2>&1 &&
	printf "[stage \"production\"]\n" >p && governed alien mallory <p && git remote add origin ../alien.git && git push -q origin main &&
	new_version 2 v1.0.0 0.95 && as mallory git model approve fraud@v1.0.0 --stage production &&
	as mallory git model promote fraud@v1.0.0 production && git push -q origin main --tags && git fetch -q origin &&
	git model fetch && git notes --ref=model show HEAD:models/fraud.bin | grep -c "kind\":\"\(receipt\|approval\)" >../n && echo 2 >../two && test_cmp ../two ../n &&
	cd .. && : >p && governed lone alice <p && sed -i "s/fraud\"/other\"/" .gitmodel/config && by_dora git commit -qam other && verifies 0 "yet" &&
	git fetch -q ../alien refs/notes/model:refs/notes/model && verifies 0 "yet" &&
	test_expect_code 128 git model verify fraud
'

test_expect_success 'by keys that a list names they say that there were tags' '
	cd lone && signers mallory >>.gitmodel/allowed_signers && by_dora git commit -qam mallory && verifies 3 "nothing was proved" &&
	test_expect_code 3 git model verify --json >../out && test_grep "\"tagless\": true" ../out && sed -i "s/6b7a1f0e/another/" .gitmodel/config &&
	by_dora git commit -qam another && verifies 0 "yet"
'

# -- a tag of the server that is none ---------------------------------------------------------

test_expect_success 'what was decided before cannot be told: the server does not judge by the event before that' '
	cd "$TRASH/work" && SERVER=$TRASH/work/odd.git && server "$SERVER" && team odd "$SERVER" alice bob &&
	tag=$(promoted v1.0.0 staging) && accepted refs/tags/$tag refs/notes/model &&
	new_version 4 v1.2.0 0.97 && two=$(promoted v1.2.0 staging) && git model push origin >/dev/null 2>&1 && third="${two%2}3" &&
	git cat-file tag "$two" | sed "s/^tag .*/tag $third/" | git hash-object -t tag -w --stdin --literally >../oid &&
	git update-ref "refs/tags/$third" $(cat ../oid) && git rev-parse "$two" >../two && git tag -d "$two" &&
	git --git-dir="$SERVER" update-ref "refs/tags/$two" main &&
	refused "$two. is no annotated tag" main refs/tags/fraud@v1.2.0 "refs/tags/$third" refs/notes/model &&
	git fetch -q origin "refs/tags/$two:refs/tags/$two" && test_expect_code 3 git model verify >../out &&
	test_grep "$two. is no annotated tag" ../out && test_grep ! BAD ../out &&
	git --git-dir="$SERVER" update-ref -d "refs/tags/$two" && git update-ref "refs/tags/$two" $(cat ../two) &&
	accepted main refs/tags/fraud@v1.2.0 "refs/tags/$two" refs/notes/model
'

test_done
