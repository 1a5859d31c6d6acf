#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='the dispatcher and what all commands have in common'

. ./lib-test.sh

commands=$("$TEST_DIR/../../scripts/commands.sh")
all_commands=$("$TEST_DIR/../../scripts/commands.sh" --all)

test_expect_success 'git model X and git-model-X are one command' '
	git model version >one &&
	git-model-version >two &&
	git-model version >three &&
	test_grep "^git-model version [0-9]*\.[0-9]*\.[0-9]*$" one &&
	test_cmp one two &&
	test_cmp one three
'

test_expect_success '--version is version' '
	git model version >expect &&
	git model --version >actual &&
	test_cmp expect actual
'

test_expect_success 'help names every command, and none that git calls' '
	git model help >help &&
	git model -h >short &&
	test_cmp help short &&
	test_expect_code 129 git model >alone &&
	test_cmp help alone &&
	for c in $commands
	do
		test_grep "^   $c " help || return 1
	done &&
	for c in $all_commands
	do
		echo "$commands" | grep -qx -e "$c" ||
		test_grep ! "^   $c " help || return 1
	done
'

test_expect_success '-h of every command works outside a repository' '
	for c in $all_commands
	do
		test_expect_code 0 git-model $c -h >help 2>err &&
		test_grep "^usage: git model $c" help &&
		test_must_be_empty err || return 1
	done
'

test_expect_success 'without a repository help is given, and nothing else' '
	test_expect_code 0 git-model track --above -h >help &&
	test_grep "^usage: git model track" help &&
	test_expect_code 128 git-model track -- -h 2>err &&
	test_grep "^fatal: not a git repository" err
'

test_expect_success 'help X is X -h' '
	for c in $all_commands
	do
		git-model $c -h >expect &&
		git-model help $c >actual &&
		test_cmp expect actual || return 1
	done
'

test_expect_success 'an unknown option of every command is a usage error' '
	git init -q repo &&
	test_when_finished rm -rf repo &&
	for c in $all_commands
	do
		(cd repo && test_expect_code 129 git-model $c \
			--no-such-option) >out 2>err &&
		test_grep "unknown option .--no-such-option" err &&
		test_grep "^usage: git model $c" err &&
		test_must_be_empty out || return 1
	done
'

test_expect_success 'an unknown command is a usage error' '
	test_expect_code 129 git-model nonsense >out 2>err &&
	test_grep "is not a git model command" err &&
	test_grep ! "did you mean" err &&
	test_must_be_empty out &&
	test_expect_code 129 git-model help nonsense
'

test_expect_success 'a mistyped command is answered by the nearest' '
	test_expect_code 129 git model vresion 2>err &&
	test_grep "did you mean .git model version" err
'

test_expect_success 'what a stranger says is made safe for the terminal' '
	test_expect_code 129 git-model "$(printf "a\033[31mb")" 2>err &&
	test_grep "a.x1[bB]\[31mb" err &&
	test_grep ! "$(printf "\033")" err
'

test_expect_success 'a full disk is not success' '
	test_expect_code 128 git-model version >/dev/full 2>err &&
	test_grep "^fatal: cannot write to standard output" err &&
	test_expect_code 128 git-model version -h >/dev/full &&
	test_expect_code 128 git-model help >/dev/full
'

test_expect_success 'a closed pipe ends it as it ends git, without a word' '
	{ git-model version 2>err; echo $? >code; } | : &&
	for i in 1 2 3 4 5 6 7 8 9
	do
		{ sleep 0.1; git-model version 2>err; echo $? >code; } | : ||
		return 1
	done &&
	echo 141 >expect &&
	test_cmp expect code &&
	test_must_be_empty err
'

test_expect_success 'version --json' '
	git model version --json >actual &&
	test_grep "\"version\": \"$(git model version | sed "s/.* //")\"" \
		actual &&
	test_grep ! libzstd actual
'

test_expect_success 'version --build names the libraries' '
	git model version --build >actual &&
	for lib in libzstd libcrypto jansson inih libxxhash libblake3 libgit2 \
		libarchive
	do
		test_grep "^$lib [0-9]" actual || return 1
	done &&
	git model version --build --json >json &&
	test_grep "\"libgit2\": \"[0-9]" json
'

test_expect_success 'options: flags, negation, order, --' '
	git model version --json >expect &&
	git model version --no-json --json >actual &&
	test_cmp expect actual &&
	git model version >expect &&
	git model version --json --no-json >actual &&
	test_cmp expect actual &&
	git model version --json -- >json &&
	test_expect_code 129 git model version -- --json 2>err &&
	test_grep ! "unknown option" err &&
	test_expect_code 129 git model version --json=yes 2>err &&
	test_grep "takes no value" err &&
	test_expect_code 129 git model version -x 2>err &&
	test_grep "unknown option .-x" err
'

test_expect_success 'libgit2 and libarchive are not loaded at the start' '
	ldd "$B/git-model" >libs &&
	test_grep "libjansson" libs &&
	test_grep ! -E "libgit2|libarchive|libssh|libicu" libs
'

test_done
