#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='install and doctor say what acts here: another configuration,
the hooks of git-lfs, and what a bare repository needs'

. ./lib-test.sh

# says <folder> <level> <check> <regex>
says () {
	(cd "$1" && git-model doctor >"$TRASH/tmp/out" 2>&1)
	status=$?
	test_grep -E "^$2 +$3: .*$4" "$TRASH/tmp/out"
}
# silent <folder> <regex>: doctor has no word of it
silent () {
	(cd "$1" && git-model doctor >"$TRASH/tmp/out" 2>&1)
	status=$?
	test_grep ! -E "$2" "$TRASH/tmp/out"
}
# mended <folder>: what doctor says of configuration, done word for word
mended () {
	sed -n "s/^bad  configuration: .* -> mend: //p" "$TRASH/tmp/out" >"$TRASH/tmp/mend" &&
	test -s "$TRASH/tmp/mend" && (cd "$1" && sh -e "$TRASH/tmp/mend" >/dev/null)
}

test_expect_success 'set up' '
	git init -q --bare origin.git && git init -q repo &&
	git -C repo remote add origin ../origin.git &&
	(cd repo && git model install && git model track "*.dat") >/dev/null &&
	mv-test random 5000 1 >repo/a.dat && git -C repo add . && git -C repo commit -q -m one &&
	git -C repo push -q origin main && says repo ok configuration "are set"
'

# -- another configuration ----------------------------------------------------------

test_expect_success 'install says which filter acts, where the repository has its own' '
	cd repo && git config filter.lfs.process "git-lfs filter-process" &&
	git model install --lfs >../out 2>&1 && test_grep "global configuration: written" ../out &&
	test_grep "filter.lfs.process is .git-lfs filter-process. here.*local configuration" ../out &&
	test "$(git config --global filter.lfs.process)" = "git-model filter-process --lfs" &&
	git model install --lfs >../out 2>&1 && test_grep "local configuration" ../out
'

test_expect_success 'so does doctor, and what it says mends it' '
	cd repo && echo "*.bin filter=lfs diff=lfs merge=lfs -text" >>.gitattributes && cd .. &&
	says repo warn git-lfs "served by .git-lfs filter-process. \(local configuration\), and not by git-model" &&
	test_grep "git config --local --unset-all filter.lfs.process" "$TRASH/tmp/out" &&
	git -C repo config --local --unset-all filter.lfs.process &&
	says repo ok git-lfs "served by git-model \(global configuration\)" && test $status = 0
'

test_expect_success 'the other way: ours here alone, and git-lfs everywhere else' '
	cd repo && git config --global filter.lfs.process "git-lfs filter-process" &&
	git model install --lfs --local >../out 2>&1 && test_grep ! "configuration: that" ../out &&
	cd .. && says repo ok git-lfs "served by git-model \(local configuration\)" &&
	git -C repo model uninstall --lfs --local >out 2>&1 &&
	says repo ok git-lfs "served by .git-lfs filter-process. \(global configuration\)" &&
	git config --global --remove-section filter.lfs && git config --global --remove-section model.replaced
'

test_expect_success 'uninstall --lfs says that another one still gives them to us' '
	cd repo && git model install --lfs >/dev/null && git model uninstall --lfs --local >../out 2>&1 &&
	test_grep "filter.lfs.process is .git-model filter-process --lfs. here.*global configuration" ../out &&
	git model uninstall --lfs >../out 2>&1 && test_grep ! "here" ../out
'

test_expect_success 'a filter of git-lfs without a process is one' '
	git config --global filter.lfs.clean "git-lfs clean -- %f" &&
	git config --global filter.lfs.smudge "git-lfs smudge -- %f" &&
	says repo ok git-lfs "served by .git-lfs clean -- %f." && test $status = 0 &&
	git config --global --remove-section filter.lfs && git model install --lfs >out
'

test_expect_success 'our own settings, hidden by another scope: told, and mended as told' '
	cd repo && git config extensions.worktreeConfig true && git config filter.model.required false &&
	git config --worktree merge.model.driver true &&
	git model install >../out 2>&1 && test_grep "filter.model.required is .false. here.*local configuration" ../out &&
	test_grep "merge.model.driver is .true. here.*worktree configuration" ../out && cd .. &&
	says repo bad configuration "filter.model.required is" && test $status = 1 && mended repo &&
	says repo ok configuration "are set" && test $status = 0
'

test_expect_success 'a value on the command line or in the environment is nobody'\''s file' '
	cd repo && test_expect_code 1 git -c filter.model.required=false model doctor >../out &&
	test_grep "filter.model.required is .false." ../out && test_grep ! "unset-all" ../out &&
	test_grep "mend: .*command line or the environment" ../out &&
	GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=filter.model.process GIT_CONFIG_VALUE_0=cat \
		git model install >../out 2>&1 && test_grep "filter.model.process is .cat. here.*command" ../out
'

# -- lockable ------------------------------------------------------------------------

if ! git lfs version >/dev/null 2>&1
then
	test_skip 'lockable files' 'git-lfs is missing'
else
test_expect_success 'lockable files that nobody makes read-only: install and doctor say it' '
	cd repo && mv-test random 6000 2 >one.bin && echo "*.bin filter=lfs diff=lfs merge=lfs -text lockable" >>.gitattributes &&
	git model install --lfs >../out 2>&1 && test_grep ! lockable ../out &&
	git add . && git commit -q -m lfs && git model install --lfs >../out 2>&1 &&
	test_grep "one.bin.* lockable.*git lfs update --force" ../out && cd .. &&
	says repo warn git-lfs "1 file is lockable .*one.bin" && test $status = 0 &&
	test_grep "git lfs update --force" "$TRASH/tmp/out" && test -w repo/one.bin
'

test_expect_success 'with the hooks of git-lfs they are, and nobody complains' '
	cd repo && git lfs update --force >/dev/null && git model install --lfs >../out 2>&1 &&
	test_grep ! lockable ../out && cd .. && silent repo lockable && test $status = 0 &&
	git -C repo checkout -q --detach HEAD~ && git -C repo checkout -q main &&
	test "$(stat -c %A repo/one.bin | cut -c 3)" = -
'

test_expect_success 'one of them that is missing, or cannot run, is enough' '
	chmod -x repo/.git/hooks/post-merge && says repo warn git-lfs "lockable" &&
	rm repo/.git/hooks/post-merge && says repo warn git-lfs "lockable" &&
	git -C repo config lfs.setlockablereadonly false && silent repo lockable &&
	git -C repo config --unset lfs.setlockablereadonly && git -C repo checkout -q --detach HEAD~1 &&
	silent repo lockable && git -C repo checkout -q main && git -C repo model uninstall --lfs >out
'
fi

# -- bare repositories ----------------------------------------------------------------

test_expect_success 'a bare repository that pushes nowhere needs no hook of ours' '
	says origin.git ok hooks "pushes nowhere" && test $status = 0 &&
	test_grep ! -E "^(bad|warn)" "$TRASH/tmp/out" && test_grep ! "pre-commit" "$TRASH/tmp/out" &&
	says origin.git ok remote "brought by pushes"
'

test_expect_success 'nor where nobody told git of our filter: that is a warning' '
	(HOME=$TRASH/tmp && GIT_CONFIG_GLOBAL=/dev/null && export HOME GIT_CONFIG_GLOBAL && cd origin.git &&
		git model doctor >"$TRASH/tmp/out") &&
	test_grep "^warn configuration: filter.model.process is not set" "$TRASH/tmp/out" &&
	test_grep "git archive" "$TRASH/tmp/out" && test_grep ! "^bad" "$TRASH/tmp/out"
'

test_expect_success 'a server needs those of a server' '
	git init -q --bare server.git && git model install --server server.git >out &&
	says server.git ok hooks "pre-receive" && test_grep "post-receive" "$TRASH/tmp/out" &&
	test_grep ! -E "^bad|pre-push|pre-commit" "$TRASH/tmp/out" && test $status = 0 &&
	rm server.git/hooks/pre-receive &&
	says server.git bad hooks "no pre-receive hook" && test $status = 1
'

test_expect_success 'a clone that may push: a warning; one that does push: bad' '
	git clone -q --bare origin.git bare.git &&
	says bare.git warn hooks "no pre-push hook.*brings no content" && test $status = 0 &&
	test_grep ! "pre-commit" "$TRASH/tmp/out" &&
	git clone -q --mirror origin.git mirror.git && says mirror.git warn hooks "no pre-push hook" &&
	git init -q --bare pusher.git && git -C pusher.git remote add --mirror=push up ../origin.git &&
	says pusher.git bad hooks "no pre-push hook" && test $status = 1 &&
	for key in "push refs/heads/*:refs/heads/*" "pushurl ../origin.git"
	do
		git -C bare.git config remote.origin.$key && says bare.git bad hooks "no pre-push hook" &&
		git -C bare.git config --unset-all remote.origin.${key%% *} || return 1
	done
'

test_expect_success 'and after install it has what it needs' '
	(cd pusher.git && git model install >/dev/null) && says pusher.git ok hooks "pre-push: " &&
	test $status = 0 && git -C pusher.git config core.hooksPath /dev/null &&
	says pusher.git bad hooks "runs no hooks"
'

test_expect_success 'a bare repository with a work tree beside it is one that people commit in' '
	git -C bare.git worktree add -q ../beside 2>/dev/null && rm -f bare.git/hooks/pre-* &&
	says bare.git bad hooks "no pre-push hook" && says beside bad hooks "no pre-push hook" &&
	git -C bare.git worktree remove --force ../beside
'

test_done
