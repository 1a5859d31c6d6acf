#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='the server'\''s own clock, its receipts, and what only looks like the artifact'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"
. "$TEST_DIR/lib-server.sh"

person alice bob
SERVER="$TRASH/work/srv.git"

# dated <days ago> <command>...
dated () {
	dated_at="$(($(date +%s) - 86400 * $1)) +0000" && shift &&
	(GIT_COMMITTER_DATE=$dated_at && export GIT_COMMITTER_DATE && "$@")
}

soak_policy () {
	cat <<-\EOT
	[stage "staging"]
	metric = auc >= 0.5
	[stage "production"]
	require-stage = staging
	min-soak = 3d
	EOT
}

test_expect_success 'install --server makes a key for receipts, unless there is one or it is told not to' '
	git init -q --bare key.git && git model install --server key.git >out &&
	key=$(git -C key.git config model.receiptKey) && test -f "$key" &&
	ssh-keygen -y -f "$key" >/dev/null && test_grep "receipt@v1.* ssh-ed25519 " out &&
	cp "$key" was && git model install --server key.git >out &&
	test_cmp was "$key" && git init -q --bare none.git &&
	git model install --server none.git --no-receipt-key >out &&
	test_must_fail git -C none.git config model.receiptKey &&
	! test -e none.git/model/receipt_key &&
	git init -q --bare own.git && git -C own.git config model.receiptKey "$PWD/was" &&
	git model install --server own.git >out &&
	test "$(git -C own.git config model.receiptKey)" = "$PWD/was"
'

test_expect_success 'with it a promotion gets a receipt that counts once it is on the list' '
	SERVER="$PWD/key.git" && soak_policy >policy && governed keyed alice <policy &&
	printf "server namespaces=\"git-model-receipt@v1\" %s\n" "$(
		cut -d " " -f 1,2 ../key.git/model/receipt_key.pub)" \
		>>.gitmodel/allowed_signers && git commit -qam server &&
	git remote add origin ../key.git && git push -q origin main && git fetch -q &&
	new_version 2 v1.0.0 0.95 && share && tag=$(promoted v1.0.0 staging) &&
	accepted "$tag" && ! grep "no receipt" "$TRASH/tmp/push" &&
	git model pull >/dev/null 2>&1 && git model verify fraud >../out &&
	! grep "promotion.*not witnessed" ../out
'
SERVER="$TRASH/work/srv.git"

test_expect_success 'a stage that was assigned days ago, and is pushed now: refused where that counts' '
	server srv.git && soak_policy >policy && governed soak alice <policy &&
	git remote add origin ../srv.git && dated 9 git commit -q --amend --no-edit &&
	git push -q origin main && git fetch -q && dated 8 new_version 2 v1.0.0 0.95 &&
	share && tag=$(dated 4 promoted v1.0.0 staging) && test -n "$tag" &&
	refused "$tag is dated .*decide again" "$tag" &&
	git tag -d "$tag" && tag=$(promoted v1.0.0 staging) && accepted "$tag" &&
	prod=$(as alice git model promote --force fraud@v1.0.0 production | grep "^fraud#") &&
	refused "min-soak = 3d" "$prod" && git tag -d "$prod"
'

test_expect_success 'one from tomorrow: refused' '
	cd soak && new_version 3 v1.1.0 0.96 && share && tag=$(promoted v1.1.0 staging) &&
	git tag -d "$tag" && git tag -a -F - "$tag" HEAD <<-EOT &&
	x

	Model-Version: v1.1.0
	EOT
	dated -2 git tag -f -a -m x "$tag" HEAD && refused "$tag is dated " "$tag" &&
	git tag -d "$tag"
'

test_expect_success 'how far they may be apart says the policy' '
	cd soak && sed -i "1i max-clock-skew = 5d" .gitmodel/policy &&
	git commit -qam skew && accepted main && git fetch -q &&
	dated 4 new_version 4 v1.2.0 0.97 && git model push >/dev/null 2>&1 &&
	git push -q --tags && git push -q origin main && git fetch -q &&
	git model policy lint >/dev/null
'

test_expect_success 'a deprecation or deregistration needs a number' '
	cd soak && git tag -a -m x fraud@deprecated HEAD &&
	refused "fraud@deprecated needs a counter" fraud@deprecated &&
	git tag -d fraud@deprecated && git tag -a -m x "fraud@v1.0.0!" "fraud@v1.0.0^{}" &&
	refused "fraud@v1.0.0! needs a counter" "fraud@v1.0.0!" &&
	git tag -d "fraud@v1.0.0!"
'

test_expect_success 'one that is there all the same can be deleted, as register says' '
	cd soak && git tag -a -m x fraud@deprecated HEAD &&
	git push -q --no-verify origin fraud@deprecated^{}:refs/heads/aside &&
	git bundle create -q ../d.bundle fraud@deprecated &&
	git --git-dir=../srv.git fetch -q ../d.bundle "refs/tags/*:refs/tags/*" &&
	test_must_fail git model register fraud @v9.0.0 2>../err &&
	test_grep "delete that tag first" ../err &&
	accepted :refs/tags/fraud@deprecated && git tag -d fraud@deprecated
'

test_expect_success 'on another branch the artifact is somewhere else: not promoted' '
	cd soak && git checkout -q -b side && mkdir elsewhere &&
	cp models/fraud.bin elsewhere/good.bin && mv-test random 100K 77 >models/fraud.bin &&
	sed -i "s,^path = .*,path = elsewhere/good.bin," .gitmodel/config && git add . &&
	by_dora git commit -qm remapped && git model register fraud @v6.6.6 >/dev/null 2>&1 &&
	git model push >/dev/null 2>&1 && git push -q --no-verify origin side fraud@v6.6.6 &&
	test_must_fail git model promote fraud@v6.6.6 staging 2>../err &&
	test_grep "never had; merge that first" ../err && git checkout -q main
'

test_expect_success 'one that has moved on the branch itself is what it is' '
	cd soak && git mv models/fraud.bin models/moved.bin &&
	sed -i "s,^path = .*,path = models/moved.bin," .gitmodel/config && git add . &&
	by_dora git commit -qm moved && accepted main && git fetch -q &&
	git model check fraud@v1.0.0 --stage staging >../out
'

# ahead <seconds> <command>...: by a clock that is fast
ahead () {
	ahead_at="$(($(date +%s) + $1)) +0000" && shift &&
	(GIT_COMMITTER_DATE=$ahead_at && export GIT_COMMITTER_DATE && "$@")
}

test_expect_success 'a clock that is eight minutes fast is within what is allowed, for the server and for verify' '
	SERVER="$TRASH/work/fast.git" && server fast.git && soak_policy >policy && governed fast alice <policy &&
	git remote add origin ../fast.git && git push -q origin main && git fetch -q && new_version 2 v1.0.0 0.95 && share &&
	tag=$(ahead 480 promoted v1.0.0 staging) && test -n "$tag" && accepted "$tag" &&
	git model verify >../out && test_grep "all of them hold" ../out && new_version 3 v1.1.0 0.96 && share &&
	tag=$(ahead 660 promoted v1.1.0 staging) && refused "$tag is dated " "$tag" && git tag -d "$tag"
'

if have_faketime
then
	test_expect_success 'and so is a record: what the server takes, the policy counts' '
		cd fast && new_version 4 v1.2.0 && share && later "+8 minutes" git model record fraud --metric auc=0.93 &&
		accepted refs/notes/model && git model check fraud@v1.2.0 staging >../out &&
		later "+11 minutes" git model record fraud --metric auc=0.94 && refused "has not been yet" refs/notes/model
	'
fi

test_done
