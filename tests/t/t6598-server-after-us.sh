#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='a push is judged as a whole: what git or hooks of others would
refuse of it afterwards, ref by ref, refuses all of it'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"
. "$TEST_DIR/lib-server.sh"

person alice bob mallory
SERVER="$TRASH/work/srv.git"

# hook <name>: of the server, by others
hook () {
	cat >"$SERVER/hooks/$1" && chmod +x "$SERVER/hooks/$1"
}
# better: a record that makes v2.0.0 better than it is, and mallory's promotion
# by it: $tag
better () {
	git model record fraud@v2.0.0 --metric auc=0.99 >/dev/null &&
	tag=$(as mallory git model promote fraud@v2.0.0 staging | sed -n "s/^\(fraud#.*\)/\1/p") && test -n "$tag"
}
undone () {
	git tag -d "$tag" >/dev/null && git update-ref refs/notes/model "$before"
}

test_expect_success 'a team, and a version that is not good enough' '
	server srv.git && team work ../srv.git alice bob && new_version 3 v2.0.0 0.1 && share &&
	accepted refs/notes/model && before=$(git rev-parse refs/notes/model) && server_refs >../start
'

test_expect_success 'an update hook that refuses the notes: no promotion by them comes in' '
	cd work && hook update <<-\EOF && better && refused "no notes today" "$tag" refs/notes/model &&
	#!/bin/sh
	case $1 in refs/notes/*) echo "no notes today"; exit 1;; esac
	EOF
	refused "update" refs/notes/model "$tag" && undone
'

test_expect_success 'what it allows comes in, also without "#!", and one ref alone is its own affair' '
	cd work && hook update <<-\EOF && : >$SERVER/no-notes && better &&
	case $1 in refs/notes/*) test ! -e no-notes || exit 1;; esac
	echo "$@" >>asked
	EOF
	test_must_fail git push --no-verify origin refs/notes/model 2>../err && test_grep "hook declined" ../err &&
	test_grep ! "pre-receive" ../err && undone && rm -f $SERVER/asked $SERVER/no-notes && git commit -q --allow-empty -m next && new_version 4 v3.0.0 0.8 &&
	accepted main refs/notes/model fraud@v3.0.0 && test_line_count = 6 $SERVER/asked &&
	test_grep " $(git rev-parse main)$" $SERVER/asked && before=$(git rev-parse refs/notes/model)
'

test_expect_success 'one that is not executable, or only watches as the server says, is not asked' '
	cd work && hook update <<-\EOF && git --git-dir=$SERVER config model.hooksObserve true &&
	#!/bin/sh
	echo "$@" >>asked
	EOF
	rm -f $SERVER/asked && new_version 5 v4.0.0 0.8 && accepted main refs/notes/model fraud@v4.0.0 &&
	test_line_count = 3 $SERVER/asked && git --git-dir=$SERVER config --unset model.hooksObserve &&
	chmod -x $SERVER/hooks/update && new_version 6 v5.0.0 0.8 && accepted main refs/notes/model fraud@v5.0.0 &&
	test_line_count = 3 $SERVER/asked && rm $SERVER/hooks/update && before=$(git rev-parse refs/notes/model)
'

test_expect_success 'a reference-transaction hook: nobody knows before, so one ref after the other' '
	cd work && hook reference-transaction <<-\EOF && better && refused "reference-transaction" "$tag" refs/notes/model &&
	#!/bin/sh
	test $1 != prepared || ! grep refs/notes/
	EOF
	refused "model.hooksObserve" "$tag" refs/notes/model && undone &&
	git commit -q --allow-empty -m alone && accepted main && rm $SERVER/hooks/reference-transaction
'

test_expect_success 'a proc-receive hook: likewise, where a ref is one of its own' '
	cd work && better && git --git-dir=$SERVER config --add receive.procReceiveRefs refs/for &&
	git --git-dir=$SERVER config --add receive.procReceiveRefs ad:refs/notes &&
	refused "procReceiveRefs" "$tag" refs/notes/model && undone &&
	git --git-dir=$SERVER config --unset-all receive.procReceiveRefs &&
	git --git-dir=$SERVER config --add receive.procReceiveRefs refs/for &&
	new_version 7 v6.0.0 0.8 && accepted main refs/notes/model fraud@v6.0.0 && before=$(git rev-parse refs/notes/model) &&
	git --git-dir=$SERVER config receive.procReceiveRefs "!:refs/for" && better &&
	refused "procReceiveRefs" "$tag" refs/notes/model && undone &&
	git --git-dir=$SERVER config --unset-all receive.procReceiveRefs
'

test_expect_success 'what receive.deny... would refuse of it' '
	cd work && git push -q --no-verify origin main:refs/heads/topic && git commit -q --allow-empty -m more &&
	git --git-dir=$SERVER config receive.denyDeletes true &&
	refused "receive.denyDeletes" main :refs/heads/topic &&
	git --git-dir=$SERVER config --unset receive.denyDeletes &&
	git --git-dir=$SERVER config receive.denyNonFastForwards true &&
	refused "receive.denyNonFastForwards" main +main~2:refs/heads/topic &&
	git --git-dir=$SERVER config --unset receive.denyNonFastForwards &&
	git --git-dir=$SERVER config model.trustedBranch main && git --git-dir=$SERVER symbolic-ref HEAD refs/heads/topic &&
	refused "receive.denyDeleteCurrent" main :refs/heads/topic &&
	git --git-dir=$SERVER symbolic-ref HEAD refs/heads/main && git --git-dir=$SERVER config --unset model.trustedBranch &&
	accepted main :refs/heads/topic
'

test_expect_success 'a branch that is checked out in a work tree beside it' '
	cd work && git --git-dir=$SERVER worktree add -q ../beside main && new_version 8 v7.0.0 0.8 &&
	refused "the branch is checked out" main refs/notes/model fraud@v7.0.0 &&
	for word in updateInstead refuse true nonsense
	do
		git --git-dir=$SERVER config receive.denyCurrentBranch $word &&
		test_must_fail git push --no-verify origin main refs/notes/model fraud@v7.0.0 2>../err || return 1
	done && server_refs >../after && test_cmp "$TRASH/tmp/before" ../after &&
	git --git-dir=$SERVER config receive.denyCurrentBranch ignore &&
	accepted main refs/notes/model fraud@v7.0.0 && before=$(git rev-parse refs/notes/model) &&
	git --git-dir=$SERVER config --unset receive.denyCurrentBranch &&
	git -C ../beside checkout -q --detach && new_version 9 v8.0.0 0.8 && : >$SERVER/worktrees/beside/BISECT_LOG &&
	refused "rebase or bisect" main refs/notes/model fraud@v8.0.0 && rm $SERVER/worktrees/beside/BISECT_LOG &&
	accepted main refs/notes/model fraud@v8.0.0 && git --git-dir=$SERVER worktree remove --force ../beside
'

test_expect_success 'a repository with a work tree is no server, unless it names its branch' '
	git init -q tree && git -C tree commit -q --allow-empty -m one &&
	test_expect_code 128 git model install --no-receipt-key --server tree 2>err &&
	test_grep "has a work tree" err && test_grep "model.trustedBranch" err &&
	test_path_is_missing tree/.git/hooks/pre-receive && test_expect_code 1 git -C tree config model.server &&
	git -C tree config model.trustedBranch main &&
	git model install --no-receipt-key --server tree >out 2>&1 && test_grep "receive.denyCurrentBranch" out &&
	test -x tree/.git/hooks/pre-receive && (cd tree && git model doctor >../out || :) &&
	test_grep "^warn repository: .*receive.denyCurrentBranch" out &&
	git -C tree config --unset model.trustedBranch && (cd tree && test_expect_code 1 git model doctor >../out) &&
	test_grep "^bad  repository: .*whoever switches" out && git model uninstall --server tree >out
'

test_expect_success 'such a server judges like others' '
	git -C tree config model.trustedBranch main && git model install --no-receipt-key --server tree >out 2>&1 &&
	git clone -q tree guest && cd guest && git tag "fraud@v1.0.0" && git commit -q --allow-empty -m two &&
	test_must_fail git push --no-verify origin "fraud@v1.0.0" 2>../err && test_grep "pre-receive hook declined" ../err &&
	git tag -d fraud@v1.0.0 && git push -q --no-verify origin HEAD:refs/heads/topic &&
	test_must_fail git push --no-verify origin HEAD:main 2>../err && test_grep "checked out" ../err
'

test_expect_success 'install and doctor say what hooks of others mean for a push' '
	cd "$SERVER" && for row in "ok  update" "warn reference-transaction"
	do
		name=${row#* } && name=${name# } && hook $name <<-\EOF &&
		#!/bin/sh
		EOF
		git model install --no-receipt-key --server . >out 2>&1 && test_grep "$name" out &&
		{ git model doctor >out || :; } && test_grep "^${row%% *} .*hooks: .*$name" out && rm hooks/$name || return 1
	done && { git model doctor >out || :; } && test_grep ! "^warn hooks" out && rm out
'

# -- a folder of hooks that is not the repository'\''s own ----------------------------------

test_expect_success 'core.hooksPath with scripts of others: ours hears what is pushed, and theirs, too' '
	mkdir shared && printf "#!/bin/sh\ncat >>\"%s\"\n" "$TRASH/tmp/pre" >shared/pre-receive &&
	printf "#!/bin/sh\ncat >>\"%s\"\n" "$TRASH/tmp/post" >shared/post-receive && chmod +x shared/* &&
	git init -q --bare other.git && git -C other.git config core.hooksPath "$PWD/shared" &&
	git model install --no-receipt-key --server other.git >out &&
	cd guest && git remote add other ../other.git && git push -q --no-verify other HEAD:refs/heads/main &&
	test_grep " refs/heads/main$" "$TRASH/tmp/pre" && test_cmp "$TRASH/tmp/pre" "$TRASH/tmp/post" &&
	git tag fraud@v1.0.0 && test_must_fail git push --no-verify other fraud@v1.0.0 2>../err &&
	test_grep "pre-receive hook declined" ../err && test_grep ! fraud "$TRASH/tmp/pre"
'

test_expect_success 'and without the program nothing is pushed unjudged' '
	sed "s,$B/git-model,/nowhere/git-model,g" shared/pre-receive >changed && ! cmp -s changed shared/pre-receive &&
	cat changed >shared/pre-receive && cd guest && git commit -q --allow-empty -m three &&
	test_must_fail git push --no-verify other HEAD:refs/heads/main 2>../err && test_grep "git-model is not" ../err
'

test_done
