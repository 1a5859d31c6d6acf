#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='model.trustedBranch that names nothing lets nothing in, and that is said'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"
. "$TEST_DIR/lib-server.sh"

person alice
SERVER="$TRASH/work/srv.git"

srv () {
	git --git-dir="$SERVER" "$@"
}

# nothing <words>: no promotion, no branch, no notes come in, and it is said why
nothing () {
	for nothing_ref in "$forced" main~0:refs/heads/aside worse:refs/heads/main
	do
		refused "$1" "$nothing_ref" || return 1
	done
}

# doctor <level> <words>
doctor () {
	(cd "$SERVER" && git model doctor >"$TRASH/tmp/doctor" 2>&1 || :) && test_grep "^$1 .*$2" "$TRASH/tmp/doctor"
}

test_expect_success 'a server, and what its policy refuses' '
	server srv.git && team work ../srv.git alice &&
	{ as alice git model promote --sign --force fraud@v1.0.0 production >/dev/null 2>&1 || :; } &&
	forced=$(git tag -l "fraud#production*") && test -n "$forced" && git checkout -q -b worse &&
	sed -i "s/>= 0.9/>= 0.1/" .gitmodel/policy && git commit -qam easier && git checkout -q main &&
	refused "approvals = 1 from leads" "$forced" && srv config model.trustedBranch main && doctor ok . &&
	refused "approvals = 1 from leads" "$forced" && accepted main~0:refs/heads/side
'

for value in "" "refs/heads/" "refs/tags/main" "refs/heads/refs/heads/main" "ma in" "main/" "a..b" "main.lock"
do
	test_expect_success "'$value' is no branch" '
		cd work && srv config --replace-all model.trustedBranch "$value" &&
		nothing "model.trustedBranch is .*names no branch.*git config model.trustedBranch NAME" &&
		doctor bad "model.trustedBranch is .*names no branch" &&
		test_must_fail git model install --no-receipt-key --server "$SERVER" >../out 2>&1 && test_grep "names no branch" ../out
	'
done

test_expect_success 'a branch that is not there, where that of HEAD has a policy: nobody makes it by a push' '
	cd work && srv config --replace-all model.trustedBranch master && nothing "model.trustedBranch is master, which is not there" &&
	refused "git branch master COMMIT" worse:refs/heads/master && refused "trustedBranch" worse:refs/heads/master "$forced" &&
	doctor bad "names refs/heads/master, which is not there: pushes are refused" &&
	git model install --no-receipt-key --server "$SERVER" >../out 2>&1 && test_grep "nothing is taken until" ../out &&
	srv config --add model.trustedBranch main && refused "approvals = 1 from leads" "$forced" &&
	srv config --replace-all model.trustedBranch master && srv update-ref --no-deref HEAD main && nothing "not there" &&
	srv symbolic-ref HEAD refs/heads/main && srv branch master main && refused "approvals = 1 from leads" "$forced"
'

test_expect_success 'a new server takes its first push, and then what makes the branch' '
	git init -q --bare new.git && git -C new.git config model.trustedBranch trunk && SERVER="$TRASH/work/new.git" &&
	git model install --no-receipt-key --server new.git >out 2>&1 && test_grep "names refs/heads/trunk, which is not there yet" out &&
	doctor warn "not there yet" && cd work && git remote set-url origin ../new.git && git checkout -q --orphan bare &&
	git rm -rqf . && echo text >text && git add text && git commit -qm text && git checkout -q main &&
	accepted bare && refused "trunk, which is not there: push that first" bare:refs/heads/other &&
	refused "push that first" "$forced" && { git model push origin >/dev/null 2>&1 || :; } &&
	accepted main:refs/heads/trunk refs/notes/model fraud@v1.0.0 && refused "approvals = 1 from leads" "$forced" && accepted bare:refs/heads/other
'

test_done
