#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='slips of the pen in names, versions and stages'
. ./lib-test.sh

test_expect_success 'a version without @ is no revision' '
	git init -q r && cd r && git model install --local >/dev/null && git model track "*.bin" &&
	mkdir .gitmodel && printf "[artifact \"fraud\"]\npath = m.bin\n" >.gitmodel/config &&
	mv-test random 10K 1 >m.bin && git add . && git commit -qm one &&
	test_expect_code 129 git model register fraud v1.0.0 2>../err &&
	test_grep "a version is written with @: git model register fraud @v1.0.0" ../err &&
	git tag v1.0.0 && test_expect_code 129 git model register fraud v1.0.0 &&
	test_expect_code 129 git model register --bump minor fraud v1.0.0 && test -z "$(git tag -l "fraud@*")" &&
	git model register fraud @v1.0.0 && git model register --force fraud @v1.1.0 refs/tags/v1.0.0
'

test_expect_success 'the nearest artifact and version' '
	cd r && for command in "promote froud@v1.0.0 staging" "check froud@v1.0.0 staging" "demote froud staging" \
		"rollback froud staging" "approve froud@v1.0.0 staging" "register froud"
	do
		test_expect_code 128 git model $command 2>../err && test_grep "did you mean .fraud.?" ../err || return 1
	done &&
	test_expect_code 128 git model promote fraud@v1.0.9 staging 2>../err &&
	test_grep "not registered; did you mean .v1.0.0.?" ../err &&
	test_expect_code 128 git model promote other@v1.0.0 staging 2>../err && test_grep ! "did you mean" ../err
'

test_expect_success 'nearly a stage that there is, with no policy' '
	cd r && git model promote fraud@v1.0.0 staging && git model promote fraud@v1.0.0 production &&
	test_expect_code 128 git model promote fraud@v1.1.0 produciton 2>../err &&
	test_grep "did you mean .production.? git model promote --new-stage" ../err &&
	test_expect_code 128 git model check fraud@v1.1.0 Staging && test_expect_code 128 git model demote fraud stagin &&
	test -z "$(git tag -l "fraud#produciton*")" && git model promote --new-stage fraud@v1.1.0 produciton &&
	git model promote fraud@v1.0.0 produciton && git model promote fraud@v1.0.0 canary
'

test_expect_success 'of another artifact, too; and with a policy that speaks of branches alone' '
	cd r && mv-test random 10K 2 >n.bin && printf "[artifact \"spam\"]\npath = n.bin\n" >>.gitmodel/config &&
	printf "[branch \"main\"]\nmax-size = 1MiB\n" >.gitmodel/policy && git add . && git commit -qm two &&
	git model register spam && test_expect_code 128 git model promote spam@v0.0.1 canari 2>../err &&
	test_grep "did you mean .canary.?" ../err && git model promote spam@v0.0.1 canary
'

test_done
