#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='which branch is trusted, in clones that have only some'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"

person alice mallory

# A server, whose main asks for a metric; the branch pr has another policy,
# without it, and a version.
test_expect_success 'a repository, and a branch that would rather be judged by itself' '
	governed maker alice <<-\EOT &&
	[stage "production"]
	metric = auc >= 0.9
	EOT
	new_version 2 v1.0.0 0.5 && main=$(git rev-parse HEAD) &&
	git checkout -qb pr && echo "[stage \"production\"]" >.gitmodel/policy &&
	by_dora git commit -qam "no rule" && git init -q --bare -b main ../server &&
	git remote add origin ../server &&
	git push -q origin main pr fraud@v1.0.0 refs/notes/model &&
	git branch master && git push -q origin master && cd .. &&
	url=file://$PWD/server
'

# Everything that needs to know says the same, and nothing is yes.
cannot_tell () {
	test_expect_code 128 git model check fraud@v1.0.0 production >../out 2>../err &&
	test_grep "$1" ../err && test_must_be_empty ../out &&
	test_expect_code 128 git model promote fraud@v1.0.0 production 2>../err &&
	test_grep "$1" ../err && test -z "$(git tag -l "fraud#*")" &&
	test_expect_code 128 git model policy show 2>../err &&
	test_grep "$1" ../err &&
	test_expect_code 128 git model verify 2>../err && test_grep "$1" ../err &&
	test_expect_code 128 git model audit 2>../err && test_grep "$1" ../err &&
	test_expect_code 128 git model check main..HEAD 2>../err
}

# The command that the message names, run as it stands there.
fetch_as_told () {
	git model check fraud@v1.0.0 production 2>../err
	sed -n "s/^.*: run: \(git .*\)$/\1/p" ../err >../run && test_line_count = 1 ../run &&
	sh ../run
}

# one_clone <option>...: a clone that has pr, and cannot tell before it was told how
one_clone () {
	git clone -q "$@" "$url" clone 2>err && cd clone &&
	git fetch -q origin "refs/notes/*:refs/notes/*" "refs/tags/*:refs/tags/*" &&
	cannot_tell "which branch of .origin. is trusted .*: run: git fetch origin" &&
	fetch_as_told && says_no "auc = 0.5" git model check fraud@v1.0.0 production &&
	test_expect_code 1 git model promote fraud@v1.0.0 production &&
	git model policy show >../out && test_grep "policy of origin/main" ../out &&
	cd .. && rm -rf clone
}

test_expect_success 'a clone of one branch' 'one_clone --branch pr --single-branch'
test_expect_success 'of some commits' 'one_clone --branch pr --depth 1'
test_expect_success 'of one whose name is often that of a trusted one' '
	one_clone --branch master --single-branch
'
test_expect_success 'and of its own name for it' '
	test_when_finished "git config --global init.defaultBranch main" &&
	git config --global init.defaultBranch pr && one_clone --branch pr --single-branch
'

test_expect_success 'of the trusted branch alone: nothing is missing' '
	git clone -q --single-branch --depth 1 "$url" narrow && cd narrow &&
	git fetch -q origin "refs/notes/*:refs/notes/*" "refs/tags/*:refs/tags/*" &&
	says_no "auc = 0.5" git model check fraud@v1.0.0 production
'

test_expect_success 'a checkout of CI: no branches at all, and a detached HEAD' '
	for how in "--depth=1" ""
	do
		rm -rf ci && git init -q ci && cd ci && git remote add origin "$url" &&
		git fetch -q --no-tags $how origin "+refs/heads/pr:refs/remotes/pull/1/merge" &&
		git checkout -q --detach refs/remotes/pull/1/merge &&
		git fetch -q origin "refs/notes/*:refs/notes/*" "refs/tags/*:refs/tags/*" &&
		cannot_tell "which branch of .origin. is trusted" && fetch_as_told &&
		says_no "auc = 0.5" git model check fraud@v1.0.0 production && cd .. || return 1
	done
'

test_expect_success 'one that was fetched by address, with and without a remote' '
	rm -rf ci && git init -q ci && cd ci && git remote add origin "$url" &&
	git fetch -q --no-tags "$url" pr && git checkout -qb pr FETCH_HEAD &&
	git fetch -q "$url" "refs/notes/*:refs/notes/*" "refs/tags/*:refs/tags/*" &&
	cannot_tell "which branch of .origin. is trusted" && git remote remove origin &&
	git checkout -q --detach && cannot_tell "no branch that could be trusted" &&
	cd .. && rm -rf ci && git init -q ci && cd ci && git fetch -q --depth=1 "$url" pr &&
	git checkout -qB main FETCH_HEAD &&
	git fetch -q "$url" "refs/notes/*:refs/notes/*" "refs/tags/*:refs/tags/*" &&
	cannot_tell "no branch that could be trusted"
'

test_expect_success 'where the remote has its branch, and it went away here' '
	git clone -q "$url" gone && cd gone && git update-ref -d refs/remotes/origin/main &&
	git fetch -q origin "refs/notes/*:refs/notes/*" &&
	cannot_tell "which branch of .origin. is trusted" && fetch_as_told &&
	says_no "auc = 0.5" git model check fraud@v1.0.0 production
'

test_expect_success 'what git model ci fetch brings will do' '
	git init -q ci2 && cd ci2 && git remote add origin "$url" &&
	git fetch -q --no-tags --depth=1 origin "+refs/heads/pr:refs/remotes/pull/1/merge" &&
	git checkout -q --detach refs/remotes/pull/1/merge && git model ci fetch origin/main HEAD &&
	says_no "auc = 0.5" git model check fraud@v1.0.0 production
'

test_expect_success 'before the first push it is the one here, whatever it is called' '
	cp -r maker first && cd first && git checkout -q main && git tag -l | xargs git tag -d &&
	git remote remove origin && git remote add origin ../empty && git init -q --bare ../empty &&
	new_version 7 v2.0.0 0.5 && says_no "auc = 0.5" git model check fraud@v2.0.0 production &&
	git branch -q -D pr master && git branch -m trunk &&
	says_no "auc = 0.5" git model check fraud@v2.0.0 production
'

test_expect_success 'another branch was pushed first: says that this one can be, too' '
	cd first && git branch -m main && git checkout -qb work && git push -q origin work &&
	test_expect_code 128 git model check fraud@v2.0.0 production 2>../err &&
	test_grep "git push origin main" ../err && git push -q origin main &&
	says_no "auc = 0.5" git model check fraud@v2.0.0 production
'

test_expect_success 'on a server it is what its HEAD says' '
	git init -q --bare -b trunk bare && cd maker && git checkout -q main &&
	git push -q ../bare main:trunk pr:main pr:master --tags refs/notes/model && cd ../bare &&
	says_no "auc = 0.5" git model check fraud@v1.0.0 production
'

test_expect_success 'what is only shown is shown, and says so' '
	git clone -q --single-branch --branch pr "$url" seen && cd seen &&
	git model install --local >/dev/null &&
	git fetch -q origin "refs/notes/*:refs/notes/*" "refs/tags/*:refs/tags/*" &&
	git model show fraud && git model diff >../out 2>&1 &&
	test_grep "the commit before, because .*trusted branch is not here" ../out &&
	git model report --html ../pages && git model log fraud
'

# -- a tag with the name of a branch ---------------------------------------------------------

test_expect_success 'is neither compared with, nor registered, nor recorded on' '
	cd maker && git checkout -q pr && mv-test random 100K 9 >models/fraud.bin &&
	by_dora git commit -qam worse && git tag main pr && git tag origin/main pr &&
	for command in "diff main" "diff origin/main..HEAD" "diff main...HEAD" \
		"diff --format json HEAD main" "report --format md main..HEAD" \
		"register fraud @v9.0.0 main" "record fraud@main --metric auc=1" \
		"record main:models/fraud.bin --metric auc=1" "show fraud@main" "plot fraud@main" \
		"policy test main" "approve --policy main" "lineage fraud@main"
	do
		test_expect_code 128 git model $command >../out 2>../err || return 1
		test_grep "is the name of a tag and of a branch: say which" ../err || return 1
		test_must_be_empty ../out || return 1
	done &&
	test -z "$(git tag -l fraud@v9.0.0)" &&
	git model diff refs/heads/main >../out && test_grep "fraud" ../out &&
	git model show fraud@refs/heads/main && git tag -d main origin/main
'

test_expect_success 'a tag alone, as ever' '
	cd maker && git tag before HEAD~1 && git model diff before >../out && test_grep fraud ../out &&
	git model show fraud@before && git model show "before:models/fraud.bin"
'

test_done
