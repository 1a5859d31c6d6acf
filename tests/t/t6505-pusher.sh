#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='who pushes does not approve: promoted, pushed, and proven later'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"
. "$TEST_DIR/lib-server.sh"

person alice bob
SERVER="$TRASH/work/srv.git"

pusher_policy () {
	cat <<-\EOT
	[group "leads"]
	member = alice@example.com
	member = bob@example.com
	[stage "production"]
	approvals = 1 from leads
	forbid-self-approval = pusher
	EOT
}
# pushes_as <person> <refusal, or nothing> <ref>...: the server is told who
pushes_as () {
	REMOTE_USER=$1@example.com && export REMOTE_USER && shift &&
	if test -n "$1"
	then
		refused "$@"
	else
		shift && accepted "$@"
	fi
	pushed=$?
	unset REMOTE_USER
	return $pushed
}

test_expect_success 'whoever promotes is taken for who will push' '
	git init -q --bare srv.git && git model install --server srv.git >out &&
	pusher_policy >policy && governed work alice bob <policy &&
	printf "server namespaces=\"git-model-receipt@v1\" %s\n" "$(
		cut -d " " -f 1,2 ../srv.git/model/receipt_key.pub)" \
		>>.gitmodel/allowed_signers && git commit -qam server &&
	git remote add origin ../srv.git && git push -q origin main && git fetch -q &&
	new_version 2 v1.0.0 && share &&
	as bob git model approve fraud@v1.0.0 --stage production >/dev/null &&
	git model push >/dev/null 2>&1 &&
	test_expect_code 1 as bob git model promote fraud@v1.0.0 production >out 2>&1 &&
	test_grep "not counted: bob@example.com (it is their own)" out &&
	tag=$(promoted v1.0.0 production) && test -n "$tag"
'

test_expect_success 'the server knows who it is' '
	cd work && pushes_as bob "approvals = 1 from leads" "$tag" &&
	refused "not known whose own this is" "$tag" &&
	pushes_as alice "" "$tag"
'

test_expect_success 'a clone proves it by the receipt, which says who pushed' '
	cd work && git model pull >/dev/null 2>&1 && git model verify fraud >../out &&
	test_grep "^  ok  promotion .*production#1" ../out &&
	git update-ref refs/notes/model "$(git rev-parse refs/notes/model^)" &&
	test_must_fail git model verify fraud >../out &&
	test_grep "approvals = 1 from leads.*not known whose own" ../out
'

test_done
