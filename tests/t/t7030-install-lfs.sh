#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='install --lfs and uninstall --lfs, in any order and scope'
. ./lib-test.sh

# A system configuration of our own; lib-test.sh keeps away the machine's.
unset GIT_CONFIG_NOSYSTEM
GIT_CONFIG_SYSTEM="$TRASH/system"
export GIT_CONFIG_SYSTEM
: >"$GIT_CONFIG_SYSTEM"

ours='git-model filter-process --lfs'

# What `git lfs install` writes, in any scope.
as_git_lfs () {
	git config "$1" filter.lfs.clean "git-lfs clean -- %f" &&
	git config "$1" filter.lfs.smudge "git-lfs smudge -- %f" &&
	git config "$1" filter.lfs.process "git-lfs filter-process" &&
	git config "$1" filter.lfs.required true
}
forget () {
	git config "$1" --remove-section filter.lfs
	git config "$1" --remove-section filter.model
	git config "$1" --remove-section model.replaced
	:
}
# lfs_of <scope> <file>: all that a scope says of filter.lfs
lfs_of () {
	git config "$1" --get-regexp "^filter\.lfs\." >"$2.raw"
	sort "$2.raw" >"$2"
}
nothing_saved () {
	test_expect_code 1 git config "$1" --get-regexp "^model\.replaced"
}

test_expect_success 'a repository' '
	git init -q repo
'

for scope in --local --global --system
do
	test_expect_success "uninstall --lfs $scope takes back --lfs and no more" '
		cd repo &&
		git model install $scope &&
		git config $scope --list | sort >../before &&
		git model install --lfs $scope &&
		test "$(git config $scope filter.lfs.process)" = "$ours" &&
		git model uninstall --lfs $scope &&
		git config $scope --list | sort >../after &&
		test_cmp ../before ../after &&
		test -x .git/hooks/pre-push && test -x .git/hooks/pre-commit &&
		test "$(git config filter.model.process)" = \
			"git-model filter-process" &&
		git model uninstall $scope &&
		test_path_is_missing .git/hooks/pre-push
	'

	test_expect_success "what git-lfs had comes back ($scope)" '
		cd repo && as_git_lfs $scope && lfs_of $scope ../before &&
		git model install --lfs $scope &&
		git model install --lfs $scope &&
		test "$(git config $scope filter.lfs.process)" = "$ours" &&
		test "$(git config $scope filter.lfs.clean)" = \
			"git-lfs clean -- %f" &&
		git model uninstall --lfs $scope &&
		lfs_of $scope ../after && test_cmp ../before ../after &&
		nothing_saved $scope &&
		git model uninstall $scope && forget $scope
	'

	test_expect_success "with uninstall alone, too ($scope)" '
		cd repo && as_git_lfs $scope && lfs_of $scope ../before &&
		git model install --lfs $scope &&
		git model uninstall $scope &&
		lfs_of $scope ../after && test_cmp ../before ../after &&
		nothing_saved $scope &&
		test_expect_code 1 git config $scope --get-regexp "model" &&
		test_path_is_missing .git/hooks/pre-push &&
		forget $scope
	'

	test_expect_success "a value of somebody else comes back ($scope)" '
		cd repo &&
		git config $scope filter.lfs.process "/opt/lfs/git-lfs filter-process --skip" &&
		git config $scope filter.lfs.required false &&
		lfs_of $scope ../before &&
		git model install --lfs $scope &&
		git model uninstall --lfs $scope &&
		lfs_of $scope ../after && test_cmp ../before ../after &&
		git model uninstall $scope && forget $scope
	'
done

test_expect_success 'each scope gets back its own' '
	cd repo &&
	as_git_lfs --global && as_git_lfs --local &&
	lfs_of --local ../before &&
	git model install --lfs --global &&
	git model install --lfs --local &&
	git model uninstall --lfs --local &&
	lfs_of --local ../after && test_cmp ../before ../after &&
	test "$(git config --global filter.lfs.process)" = "$ours" &&
	git model uninstall --lfs --global &&
	lfs_of --global ../after && test_cmp ../before ../after &&
	forget --local && forget --global
'

test_expect_success 'ours in one scope is not removed by another' '
	cd repo &&
	git model install --lfs --global &&
	git model uninstall --lfs --local &&
	test "$(git config filter.lfs.process)" = "$ours" &&
	git model uninstall --lfs --global &&
	test_expect_code 1 git config --get-regexp "^filter\.lfs" &&
	git model uninstall
'

test_expect_success 'uninstall --lfs where nothing of it was installed' '
	cd repo && as_git_lfs --global && cp "$HOME/.gitconfig" ../before &&
	git model uninstall --lfs &&
	cmp ../before "$HOME/.gitconfig" &&
	forget --global
'

test_expect_success 'git lfs install on top of ours stays' '
	cd repo &&
	git model install --lfs && as_git_lfs --global &&
	lfs_of --global ../before &&
	git model uninstall --lfs &&
	lfs_of --global ../after && test_cmp ../before ../after &&
	nothing_saved --global && git model uninstall && forget --global
'

test_expect_success 'what an older git-model wrote without a note of it' '
	cd repo &&
	as_git_lfs --global && lfs_of --global ../before &&
	git config --global filter.lfs.process "$ours" &&
	git model uninstall --lfs &&
	lfs_of --global ../after && test_cmp ../before ../after &&
	forget --global &&
	git config --global filter.lfs.process "$ours" &&
	git config --global filter.lfs.required true &&
	git model uninstall --lfs &&
	test_expect_code 1 git config --global --get-regexp "^filter\.lfs"
'

test_expect_success 'after uninstall --lfs our own files are still pointers' '
	git init -q kept && cd kept && git model install --local &&
	git model track "*.bin" && git model install --lfs --local &&
	git model uninstall --lfs --local &&
	mv-test random 5000 1 >a.bin && git add . &&
	git cat-file -p :a.bin >../pointer &&
	test_grep "^git-model/1" ../pointer
'

test_done
