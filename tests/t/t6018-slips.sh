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

test_expect_success 'the nearest stage, whatever is asked about it, and only advice that helps there' '
	cd r && git config gpg.format ssh &&
	for command in "demote fraud#prod" "rollback fraud prod" "approve fraud@v1.0.0 prod" \
		"reject fraud@v1.0.0 prod --reason x" "override fraud@v1.0.0 prod --rules metric --reason x" \
		"revoke fraud@v1.0.0 prod" "which fraud#prod" "show fraud#prod" "cat fraud prod" "log fraud prod" \
		"lineage fraud#prod" "checkout fraud#prod" "checkout --stage prod"
	do
		git model $command >../out 2>../err && echo "$command: 0" && return 1
		test_grep "did you mean .production.?" ../err && test_grep ! "new-stage" ../err || return 1
	done &&
	for command in check promote
	do
		test_expect_code 128 git model $command fraud@v1.1.0 prod 2>../err &&
		test_grep "did you mean .production.? git model promote --new-stage" ../err || return 1
	done &&
	test_expect_code 128 git model cat fraud@v1.0.9 2>../err && test_grep "not registered; did you mean .v1.0.0.?" ../err
'

test_expect_success 'with a policy, too; and a stage on which nothing ever was' '
	cd r && printf "[stage \"production\"]\nmax-size = 1\n" >.gitmodel/policy && git commit -qam policy &&
	for command in demote rollback
	do
		test_expect_code 128 git model $command fraud prod 2>../err &&
		test_grep "knows no stage .prod.; did you mean .production.?$" ../err &&
		test_expect_code 128 git model $command fraud gamma 2>../err &&
		test_grep "no stage .gamma.; git model stages lists .*git model policy show" ../err || return 1
	done &&
	git model stages >../out && git model policy show >../out &&
	test_expect_code 128 git model promote fraud@v1.0.0 gamma 2>../err && test_grep "promote --new-stage" ../err &&
	test_expect_code 128 git model rollback spam production 2>../err &&
	test_grep "no version of .spam. was ever on the stage .production." ../err
'

test_expect_success 'a stage of another artifact is not the stage that is meant, and no name is suggested for itself' '
	cd r && printf "[stage \"spam#production\"]\nmax-size = 1\n[stage \"staging\"]\nmax-size = 1\n" >.gitmodel/policy &&
	git commit -qam other && git model stages >../out &&
	for command in "check fraud@v1.0.0" "promote fraud@v1.0.0"
	do
		test_expect_code 128 git model $command alpha 2>../err && test_grep "knows no stage .alpha." ../err &&
		test_grep ! "did you mean" ../err || return 1
	done &&
	printf "[stage \"spam#alpha\"]\nmax-size = 1\n[stage \"staging\"]\nmax-size = 1\n" >.gitmodel/policy && git commit -qam another &&
	for command in "check fraud@v1.0.0" "promote fraud@v1.0.0" "approve fraud@v1.0.0 --stage"
	do
		test_expect_code 128 git model $command alpha 2>../err && test_grep ! "did you mean" ../err &&
		test_grep "knows no stage .alpha. of .fraud., only .stage .spam#alpha" ../err &&
		test_expect_code 128 git model $command alpah 2>../err && test_grep ! "did you mean" ../err || return 1
	done &&
	git reset -q --hard HEAD~2
'

test_expect_success 'a rollback that is refused is called a rollback' '
	cd r && git model promote --force fraud@v1.1.0 production >../out &&
	test_expect_code 1 git model rollback fraud production >../out 2>../err &&
	test_grep "^no: rollback fraud@v1.0.0 to production" ../out && test_grep "says no to rollback fraud@v1.0.0" ../err
'

test_expect_success 'a revision that there is not: one line says so' '
	cd r && for rev in nosuch HEAD:nosuch nosuch:x HEAD:m.bin
	do
		test_expect_code 128 git model ls "$rev" 2>../err && test_line_count = 1 ../err &&
		test_grep "^fatal: .$rev. is not a revision" ../err || return 1
	done && git model ls HEAD: >../out && test_grep m.bin ../out
'

test_expect_success 'another case of letters is no new name; an old one goes on' '
	cd r && git tag -a -m x "fraud#Lab#6" HEAD && git model promote --new-stage spam@v0.0.1 lab &&
	test_expect_code 128 git model promote --new-stage fraud@v1.0.0 lab 2>../err &&
	test_grep "fraud#lab. differs from .fraud#Lab.* only in the case of letters.*write .fraud#Lab." ../err &&
	git model promote --new-stage fraud@v1.0.0 Lab &&
	git model register --force fraud @v2.0.0-rc1 HEAD && test_expect_code 128 git model register --force fraud @v2.0.0-RC1 2>../err &&
	test_grep "only in the case of letters" ../err && cp m.bin o.bin && git add o.bin &&
	test_expect_code 128 git model register FRAUD o.bin 2>../err && test_grep "differs from .fraud. in .*config" ../err &&
	printf "[artifact \"Fraud\"]\npath = o.bin\n" >>.gitmodel/config && git add . && git commit -qm other &&
	test_expect_code 128 git model register Fraud 2>../err && test_grep "Fraud. differs from .fraud." ../err
'

test_done
