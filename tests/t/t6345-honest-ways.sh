#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='what honest people do, and must not be refused or accused for'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"
. "$TEST_DIR/lib-server.sh"


test_expect_success 'a change of the policy, approved from a folder below the top' '
	person alice bob mallory && server srv.git && SERVER=$PWD/srv.git &&
	team w ../srv.git alice bob && mkdir sub && echo x >sub/x &&
	git add sub && git commit -qm sub && git push -q origin main &&
	echo "# once more" >>.gitmodel/policy && as alice git commit -qam policy &&
	(cd sub && as bob git model approve --policy) &&
	share && test "$(git --git-dir="$SERVER" rev-parse main)" = "$(git rev-parse main)"
'

test_expect_success 'check, verify and audit say below the top what they say at the top' '
	cd w && git model verify --all >../top && (cd sub && git model verify --all) >../below &&
	test_cmp ../top ../below && test_grep ! BAD ../top &&
	git model audit >../top && (cd sub && git model audit) >../below &&
	test_cmp ../top ../below &&
	git checkout -q -b proposal && echo "# and again" >>.gitmodel/policy &&
	as alice git commit -qam again &&
	test_expect_code 1 git model check --branch=main main..proposal >../top &&
	(cd sub && test_expect_code 1 git model check --branch=main main..proposal) >../below &&
	test_cmp ../top ../below && git checkout -q main
'

test_expect_success 'the branch and what is decided on it in one push, where the one must be reachable' '
	cd w && sed "s/^\[stage \"staging\"\]/&\nreachable-from = refs\/heads\/main/" \
		.gitmodel/policy >../p && cp ../p .gitmodel/policy &&
	as alice git commit -qam reachable && as bob git model approve --policy >/dev/null && share &&
	new_version 7 v7.0.0 0.96 && tag=$(promoted v7.0.0 staging) && test -n "$tag" &&
	git model push origin >/dev/null 2>&1 &&
	accepted main fraud@v7.0.0 "$tag" && git fetch -q && git model verify --all >../out
'

test_expect_success 'two servers with a key each: records with receipts of the one go to the other' '
	git init -q --bare one.git && git init -q --bare two.git &&
	git model install --server one.git >/dev/null 2>&1 &&
	git model install --server two.git >/dev/null 2>&1 &&
	git clone -q --mirror srv.git whole && git -C whole push -q --no-verify ../one.git "refs/*:refs/*" &&
	git -C whole push -q --no-verify ../two.git "refs/*:refs/*" &&
	git clone -q one.git both && cd both && git model install --local >/dev/null &&
	git remote add two ../two.git && git config user.name alice && git config user.email alice@example.com &&
	{ git model fetch >/dev/null 2>&1 || :; } &&
	new_version 8 v8.0.0 0.97 && git push -q origin main fraud@v8.0.0 &&
	tag=$(promoted v8.0.0 staging) && git push -q origin "$tag" &&
	{ git model fetch >/dev/null 2>&1 || :; } &&
	git notes --ref=model list >../notes && git log -p refs/notes/model | grep -q "\"kind\":\"receipt\"" &&
	{ git model push two >../pushed 2>&1 || :; } && test_grep "uploaded records" ../pushed &&
	test_grep ! "not pushed" ../pushed && git push -q two main fraud@v8.0.0 "$tag" &&
	git --git-dir=../two.git merge-base --is-ancestor $(git rev-parse refs/notes/model) refs/notes/model
'

test_done
