#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='policy: lint, test, show, init'
. ./lib-test.sh

policy () {
	git model policy "$@"
}

setup () {
	git init -q "$1" && cd "$1" && mkdir .gitmodel &&
	printf '%s\n' '[metric "auc"]' 'direction = up' >.gitmodel/config &&
	cat >.gitmodel/policy
}

# -- init -------------------------------------------------------------------------

test_expect_success 'init without a key to sign with says how to make one' '
	git init -q keyless && cd keyless &&
	test_expect_code 128 git model policy init 2>../err && test_grep ! "x0a" ../err && test_grep "ssh-keygen -t ed25519 -f ~/.ssh/id_ed25519 && git config" ../err &&
	test_grep "ssh-keygen -t ed25519" ../err &&
	test_grep "git config --global user.signingkey" ../err &&
	test ! -e .gitmodel &&
	policy init --no-key 2>../err && test_grep "allowed_signers" ../err &&
	test ! -e .gitmodel/allowed_signers
'

test_expect_success 'a key where ssh-keygen puts it is found, and git must be told' '
	mkdir -p "$HOME/.ssh" &&
	ssh-keygen -q -t ed25519 -N "" -C me -f "$HOME/.ssh/id_ed25519" &&
	key=$(cut -d " " -f 1,2 "$HOME/.ssh/id_ed25519.pub") &&
	git init -q found && cd found && policy init >../out 2>../err &&
	test_grep "wrote .*allowed_signers" ../out &&
	test_grep "user.signingkey ~/.ssh/id_ed25519.pub" ../err &&
	echo "committer@example.com namespaces=\"git,git-model-approval@v1\" $key" \
		>../expect &&
	test_cmp ../expect .gitmodel/allowed_signers &&
	policy lint >../out && test_grep "nothing to complain of" ../out
'

test_expect_success 'the key that git signs with is taken, however it is named' '
	ssh-keygen -q -t ed25519 -N "" -C other -f "$TRASH/work/otherkey" &&
	key=$(cut -d " " -f 1,2 otherkey.pub) &&
	for named in "$TRASH/work/otherkey" "$TRASH/work/otherkey.pub" "key::$key" \
		"$key other"
	do
		rm -rf named && git init -q named &&
		git -C named config gpg.format ssh &&
		git -C named config user.signingkey "$named" &&
		(cd named && policy init 2>../err) &&
		test_grep ! user.signingkey err &&
		test_grep -F "$key" named/.gitmodel/allowed_signers || return 1
	done &&
	rm -rf named/.gitmodel && cd named &&
	git config user.signingkey "$TRASH/work/gone" &&
	test_expect_code 128 git model policy init 2>../err &&
	test_grep "no public key .*gone.pub" ../err && test ! -e .gitmodel &&
	git config gpg.format openpgp &&
	test_expect_code 128 git model policy init 2>../err &&
	test_grep "allowed_gpg" ../err && test ! -e .gitmodel
'

test_expect_success '--key names another; a list that is there stays' '
	git init -q mine && cd mine &&
	policy init --member bo@example.com --key ../otherkey.pub &&
	test_grep "^bo@example.com .* $(cut -d " " -f 2 ../otherkey.pub)$" \
		.gitmodel/allowed_signers &&
	cp .gitmodel/allowed_signers ../list && rm .gitmodel/policy &&
	policy init && test_cmp ../list .gitmodel/allowed_signers &&
	rm -r .gitmodel && echo "no key" >../bad.pub &&
	test_expect_code 128 git model policy init --key ../bad.pub 2>../err &&
	test_grep "is no public key" ../err && test ! -e .gitmodel
'

test_expect_success 'init writes a policy that lint accepts, with you in it' '
	git init -q new && cd new &&
	policy init >../out 2>../err && test_grep "wrote .gitmodel/policy" ../out &&
	test_grep "git model policy lint" ../err &&
	test_grep "^member = committer@example.com$" .gitmodel/policy &&
	policy lint >../out && test_grep "nothing to complain of" ../out
'

test_expect_success 'and an id of the repository, another each time' '
	id=$(sed -n "s/^id = //p" new/.gitmodel/config) &&
	echo "$id" | grep -Eq "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$" &&
	git init -q other && cd other && policy init --member bob@example.com &&
	test_grep "^member = bob@example.com$" .gitmodel/policy &&
	test "$id" != "$(sed -n "s/^id = //p" .gitmodel/config)"
'

test_expect_success 'what is there already stays as it is' '
	cd new && cp .gitmodel/policy ../p && cp .gitmodel/config ../c &&
	test_expect_code 128 git model policy init 2>../err &&
	test_grep "already" ../err &&
	test_cmp ../p .gitmodel/policy && test_cmp ../c .gitmodel/config &&
	rm .gitmodel/policy && policy init && test_cmp ../c .gitmodel/config
'

test_expect_success 'a config without an id gets one at its end' '
	git init -q had && cd had && mkdir .gitmodel &&
	printf "[metric \"auc\"]\ndirection = up" >.gitmodel/config &&
	policy init && head -n 2 .gitmodel/config >../out &&
	printf "[metric \"auc\"]\ndirection = up\n" >../expect &&
	test_cmp ../expect ../out && test_grep "^id = " .gitmodel/config &&
	policy lint
'

test_expect_success 'nothing is written where it would not be understood' '
	git init -q odd && cd odd && mkdir .gitmodel &&
	echo "[repository]" >.gitmodel/config &&
	test_expect_code 128 git model policy init 2>../err &&
	test_grep "without .id." ../err && test ! -e .gitmodel/policy &&
	echo "[repo" >.gitmodel/config &&
	test_expect_code 128 git model policy init 2>../err &&
	test_grep "config:1" ../err && test ! -e .gitmodel/policy &&
	rm .gitmodel/config &&
	test_expect_code 128 git model policy init --member "a b" 2>../err &&
	test_grep "no principal" ../err && test ! -e .gitmodel/config
'

test_expect_success 'nor through a link to elsewhere' '
	git init -q linked && cd linked && mkdir ../elsewhere &&
	ln -s ../elsewhere .gitmodel &&
	test_expect_code 128 git model policy init &&
	test -z "$(ls ../elsewhere)"
'

# -- lint -------------------------------------------------------------------------

test_expect_success 'lint: 0 with warnings, 1 with errors, with file and line' '
	setup lint <<-\EOT &&
	[stage "production"]
	metric = auc >= 0.9
	EOT
	policy lint >../out &&
	test_grep "^.gitmodel/policy:1: warning: .*protect itself" ../out &&
	echo "metric = auc < 0.9" >>.gitmodel/policy &&
	test_expect_code 1 git model policy lint >../out &&
	test_grep "^.gitmodel/policy:3: error: .*contradicts line 2" ../out
'

test_expect_success 'what cannot be read is an answer, too' '
	cd lint && echo "metrik = auc > 1" >>.gitmodel/policy &&
	test_expect_code 1 git model policy lint >../out &&
	test_grep "^.gitmodel/policy:4: .metrik. is no rule" ../out &&
	test_expect_code 1 git model policy lint --json >../out &&
	test_grep "policy:4" ../out && test_grep "\"serious\": *true" ../out
'

test_expect_success 'lint looks at the work tree, a revision or a file' '
	cd lint && git add . && git commit -qm broken &&
	printf "%s\n" "policy-approvals = 1" >.gitmodel/policy &&
	policy lint && test_expect_code 1 git model policy lint HEAD &&
	printf "%s\n" "[stage \"s\"]" "no-regression = f1" >../file &&
	test_expect_code 1 git model policy lint ../file >../out &&
	test_grep "../file:2: error: .*f1" ../out &&
	printf "%s\n" "[stage \"s\"]" "no-regression = auc" >../file &&
	policy lint ../file &&
	test_expect_code 128 git model policy lint nowhere
'

test_expect_success 'lint knows who can sign' '
	cd lint && ssh-keygen -q -t ed25519 -N "" -f ../key &&
	printf "%s namespaces=\"git,git-model-approval@v1\" %s\n" alice@example.com \
		"$(cut -d" " -f 1,2 ../key.pub)" >.gitmodel/allowed_signers &&
	printf "%s\n" "policy-approvals = 1 from g" "[group \"g\"]" \
		"member = alice@example.com" >.gitmodel/policy && policy lint &&
	echo "member = bob@example.com" >>.gitmodel/policy &&
	test_expect_code 1 git model policy lint >../out &&
	test_grep "bob@example.com.*on no list of signers" ../out
'

test_expect_success 'without a policy there is nothing to lint' '
	git init -q none && cd none &&
	test_expect_code 128 git model policy lint 2>../err &&
	test_grep "policy init" ../err
'

# -- test -------------------------------------------------------------------------

test_expect_success 'test: cases come out as expected, or it says what was found' '
	setup cases <<-\EOT &&
	[group "leads"]
	member = alice@example.com
	[stage "production"]
	metric = auc >= 0.9
	no-regression = auc
	approvals = 1 from leads
	EOT
	cat >.gitmodel/policy-tests <<-\EOT &&
	[case "a good one"]
	artifact = fraud
	stage = production
	metric = auc 0.95
	current.metric = auc 0.94
	approval = alice@example.com
	expect = yes
	[case "a worse one"]
	artifact = fraud
	stage = production
	metric = auc 0.92
	current.metric = auc 0.94
	approval = alice@example.com
	expect = no
	because = no-regression
	EOT
	policy test >../out &&
	printf "%s\n" "ok: a good one" "ok: a worse one" "2 of 2 cases as expected" >../expect &&
	test_cmp ../expect ../out
'

test_expect_success 'a looser policy fails its cases' '
	cd cases && git add . && git commit -qm good &&
	sed "s/^no-regression = auc/& margin 0.5/" .gitmodel/policy >../p &&
	cp ../p .gitmodel/policy &&
	test_expect_code 1 git model policy test >../out &&
	test_grep "^failed: a worse one: expected no, got yes" ../out &&
	test_grep "1 of 2 cases" ../out &&
	test_expect_code 1 git model policy test --json >../out &&
	test_grep "\"passed\": *false" ../out && policy test HEAD
'

test_expect_success 'a stricter one, too: it says what was found' '
	cd cases && sed "s/0.9$/0.99/" ../p >.gitmodel/policy &&
	test_expect_code 1 git model policy test >../out &&
	test_grep "actual: *auc = 0.95" ../out
'

test_expect_success 'no cases: 3; cases that say nothing: 128 with file and line' '
	cd cases && mv .gitmodel/policy-tests ../tests &&
	test_expect_code 3 git model policy test 2>../err &&
	test_grep "no cases" ../err &&
	printf "%s\n" "[case \"x\"]" "colour = red" >.gitmodel/policy-tests &&
	test_expect_code 128 git model policy test 2>../err &&
	test_grep "policy-tests:2: a case cannot say .colour." ../err
'

# -- show -------------------------------------------------------------------------

test_expect_success 'show: what counts is what the default branch has' '
	setup show <<-\EOT &&
	policy-approvals = 1 from leads
	[group "leads"]
	member = alice@example.com
	[stage "production"]
	metric = auc >= 0.9
	[stage "fraud#production"]
	mode = warn
	metric = auc >= 0.95
	[stage "sp*#production"]
	max-size = 1MiB
	[stage "staging"]
	max-size = 2MiB
	[branch "main"]
	max-size = 3MiB
	EOT
	test_expect_code 1 git model policy show 2>../err &&
	test_grep "there is no policy" ../err &&
	git add . && git commit -qm one && echo "metric = f1 > 1" >>.gitmodel/policy &&
	policy show >../out && test_grep "policy of main" ../out &&
	test_grep "sha256:" ../out && test_grep "alice@example.com" ../out &&
	test_grep "5 *metric = auc >= 0.9$" ../out && test_grep ! "f1 >" ../out
'

test_expect_success 'of one artifact and stage: all sections that speak of it' '
	cd show && policy show --stage production fraud >../out &&
	test_grep "\[stage \"production\"\] line 4, enforce" ../out &&
	test_grep "\[stage \"fraud#production\"\] line 6, warn" ../out &&
	test_grep ! MiB ../out && test_grep ! alice ../out &&
	policy show spam >../out && test_grep "1MiB" ../out &&
	test_grep "2MiB" ../out && test_grep ! "3MiB" ../out && test_grep ! 0.95 ../out &&
	policy show --stage staging >../out && test_grep 2MiB ../out &&
	test_expect_code 1 git model policy show --stage nosuch 2>../err && test_grep "no rule .* speaks of the stage .nosuch" ../err &&
	test_grep ! 1MiB ../out
'

test_expect_success 'as JSON, and of another revision' '
	cd show && git commit -qam two && policy show --json --policy HEAD^ >../out &&
	python3 - ../out <<-\EOT
	import json, sys
	d = json.load(open(sys.argv[1]))
	assert d["digest"].startswith("sha256:"), d
	assert d["groups"] == {"leads": ["alice@example.com"]}, d
	assert [s["kind"] for s in d["sections"]] == [
	    "repository", "stage", "stage", "stage", "stage", "branch"], d
	assert d["sections"][2]["mode"] == "warn"
	assert d["sections"][1]["rules"] == [
	    {"key": "metric", "value": "auc >= 0.9", "line": 5}]
	EOT
'

# -- called wrongly ------------------------------------------------------------------

test_expect_success 'called wrongly: 129' '
	cd show && for args in "" "nothing" "lint a b" "lint --stage x" "init x" \
		"init --json" "test --member x" "show --member x" "show a b"
	do
		test_expect_code 129 git model policy $args || return 1
	done
'

test_done
