#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='who holds a stage: a tag that is no event is not passed over, and all tags come'
. ./lib-test.sh

# two versions, the second one on production; a server that has all of it
test_expect_success 'a repository with two versions, and its server' '
	git init -q --bare srv.git && git init -q r && cd r && git model install --local &&
	git model track "*.bin" && mkdir .gitmodel &&
	printf "[artifact \"fraud\"]\npath = fraud.bin\n" >.gitmodel/config &&
	mv-test random 20K 1 >fraud.bin && git add . && git commit -qm one &&
	git remote add origin ../srv.git && git push -q origin main && git remote set-head origin main &&
	git model register fraud@v1.0.0 && git model promote fraud@v1.0.0 production &&
	git checkout -q -b side && mv-test random 20K 2 >fraud.bin && git commit -qam two &&
	git model register fraud@v2.0.0 && git model promote fraud@v2.0.0 production &&
	git push -q origin main --tags && git model push origin &&
	git checkout -q main && git merge -q --squash side && git commit -qm squashed && git push -q origin main &&
	git branch -q -D side && test "$(git model which "fraud#production")" = "fraud@v2.0.0"
'

test_expect_success 'a stage tag as a bare commit: which, checkout, verify and promote say so' '
	git clone -q srv.git ci && cd ci && git model install --local && git model fetch && new=$(git rev-parse "fraud#production#2^{}") &&
	git tag -d "fraud#production#2" && git fetch -q --no-tags origin "+$new:refs/tags/fraud#production#2" &&
	test_expect_code 128 git model which "fraud#production" >../out 2>../err && test_must_be_empty ../out &&
	test_grep "fraud#production#2. is no annotated tag here .*git model fetch brings it" ../err &&
	test_expect_code 128 git model checkout "fraud#production" 2>../err && test_grep "no annotated tag" ../err &&
	test_expect_code 3 git model verify --all >../out && test_grep "no annotated tag here" ../out &&
	test_grep ! "all of them hold" ../out &&
	test_expect_code 128 git model promote fraud@v1.0.0 production 2>../err && test_grep "no annotated tag" ../err &&
	git model which fraud@v1.0.0
'

test_expect_success 'git model fetch brings the tag itself, and git model ci fetch' '
	cd ci && git model fetch 2>../err && test_grep "1 tag of the registry" ../err &&
	test "$(git model which "fraud#production")" = "fraud@v2.0.0" && git model verify --all &&
	git update-ref "refs/tags/fraud#production#2" "fraud#production#2^{}" &&
	git model ci fetch main >../out 2>&1 &&
	test "$(git model which "fraud#production")" = "fraud@v2.0.0"
'

test_expect_success 'a tag object that is another one is left alone, and said' '
	cp -r ci other && cd other && git tag -d "fraud#production#2" && git tag -a -m mine "fraud#production#2" HEAD &&
	git rev-parse "fraud#production#2" >../before && git model fetch 2>../err &&
	test_grep "is not what it is at" ../err && git rev-parse "fraud#production#2" >../after && test_cmp ../before ../after
'

test_expect_success 'after a squash-merge git pull brings no tag of it: git model pull and fetch do' '
	git clone -q --no-tags srv.git mate && cd mate && git model install --local && git config remote.origin.tagOpt "" &&
	test -z "$(git tag)" && test_expect_code 1 git model which "fraud#production" &&
	git model pull && test "$(git model which "fraud#production")" = "fraud@v2.0.0" &&
	git tag -d "fraud#production#2" fraud@v2.0.0 && git pull -q &&
	git model fetch && test "$(git model which "fraud#production")" = "fraud@v2.0.0"
'

test_expect_success 'a greater version as a bare commit hides the latest; a number that is too large its stage' '
	cp -r ci versions && cd versions && git tag fraud@v3.0.0 HEAD &&
	test_expect_code 128 git model which fraud@latest 2>../err && test_grep "fraud@v3.0.0. is no annotated tag" ../err &&
	test_expect_code 128 git model which fraud@v3.0.0 2>../err && test_grep "is no annotated tag" ../err &&
	git model which fraud@v2.0.0 && git tag -d fraud@v3.0.0 && git tag fraud@v0.1.0 HEAD && git model which fraud@latest &&
	git tag -a -m x "fraud#production#99999999999999999999" HEAD &&
	test_expect_code 128 git model which "fraud#production" 2>../err && test_grep "a number that is too large" ../err &&
	git tag -d "fraud#production#99999999999999999999" && git tag "fraud#production#1x" HEAD &&
	git tag "fraud#staging#7" HEAD && git model which "fraud#production"
'

test_done
