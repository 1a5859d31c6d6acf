#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='no records here: that nobody said no is known only where there are none to be had'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"

person alice bob

# a server, and a policy that asks for nothing but that nobody says no
test_expect_success 'a repository that has never had a record, and its server' '
	git init -q --bare srv.git && git init -q r && cd r && git model install --local && git model track "*.bin" && mkdir .gitmodel &&
	printf "[repository]\nid = one\n[artifact \"fraud\"]\npath = fraud.bin\n" >.gitmodel/config &&
	printf "[group \"leads\"]\nmember = alice@example.com\nmember = bob@example.com\n\n[stage \"production\"]\nveto = 1 from leads\n" >.gitmodel/policy &&
	signers alice bob >.gitmodel/allowed_signers &&
	mv-test random 2K 1 >fraud.bin && git add . && git commit -qm one && git model register fraud@v1.0.0 &&
	test_must_fail git rev-parse -q --verify refs/notes/model
'

test_expect_success 'without a remote there are none: yes' '
	cd r && git model check fraud@v1.0.0 production
'

unknown() {
	test_expect_code 3 git model check "$@" fraud@v1.0.0 production >../out && test_grep "there are no records here" ../out &&
	test_grep "do: *git model fetch brings the records" ../out
}

test_expect_success 'with one that was not asked it is not known; asked, it has none' '
	cd r && git remote add origin ../srv.git && git push -q origin main --tags && git remote set-head origin main && unknown &&
	test_must_fail git model promote fraud@v1.0.0 production && test_must_fail git rev-parse -q --verify "refs/tags/fraud#production#1" &&
	git model fetch && git model check fraud@v1.0.0 production
'

test_expect_success 'another remote, or another place of it, was not asked' '
	cp -r r elsewhere && cd elsewhere && git init -q --bare ../other.git && git push -q ../other.git main &&
	git config remote.origin.url ../other.git && unknown && git model fetch && git model check fraud@v1.0.0 production &&
	git remote add two ../srv.git && git config model.remote two && test_expect_code 3 git model check fraud@v1.0.0 production
'

test_expect_success 'the server itself knows' '
	cp -r srv.git asked.git && git -C asked.git config remote.origin.url ../nowhere.git && git model install --server asked.git &&
	cp -r r pushing && cd pushing && git remote set-url origin ../asked.git && git model fetch &&
	git model promote fraud@v1.0.0 production && git push -q origin "fraud#production#1"
'

test_expect_success 'somebody said no: a clone without records does not say yes' '
	rm -rf srv.git && git init -q --bare srv.git && (cd r && git push -q origin main fraud@v1.0.0) &&
	git clone -q srv.git bo && cd bo && git model install --local && as bob git model reject fraud@v1.0.0 production --reason "it leaks" && as bob git model push &&
	cd .. && git clone -q srv.git cl && cd cl && test_must_fail git rev-parse -q --verify refs/notes/model && unknown &&
	test_must_fail as alice git model promote fraud@v1.0.0 production && test_must_fail git rev-parse -q --verify "refs/tags/fraud#production#1" &&
	git model fetch && says_no "it leaks" git model check fraud@v1.0.0 production
'

test_expect_success 'what was fetched once and is gone, or leads nowhere, is not none' '
	cd cl && tip=$(git rev-parse refs/notes/model) && git update-ref -d refs/notes/model && unknown &&
	git symbolic-ref refs/notes/model refs/notes/nothing && test_must_fail git model check fraud@v1.0.0 production &&
	git symbolic-ref -d refs/notes/model && git model fetch && says_no "it leaks" git model check fraud@v1.0.0 production &&
	cd ../r && git model check fraud@v1.0.0 production && git model fetch && says_no "it leaks" git model check fraud@v1.0.0 production &&
	git update-ref -d refs/notes/model && unknown && git update-ref -d refs/notes/model-remotes/origin && unknown
'

test_done
