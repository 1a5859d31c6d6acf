#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='every command block of the README, exactly as it stands there'
. ./lib-test.sh

top=$(cd "$TEST_DIR/../.." && pwd)
blocks="$TEST_DIR/../helper/blocks.pl"

# An empty HOME, and a git that nobody has told anything.
mkdir reader && ln -s "$top" reader/git-model || exit 1
as_reader () {
	env -u XDG_CONFIG_HOME -u GIT_AUTHOR_NAME -u GIT_AUTHOR_EMAIL \
		-u GIT_AUTHOR_DATE -u GIT_COMMITTER_NAME \
		-u GIT_COMMITTER_EMAIL -u GIT_COMMITTER_DATE \
		-u GIT_MERGE_AUTOEDIT HOME="$TRASH/work/reader" "$@"
}

test_expect_success 'the README runs from its first line to its last' '
	cd reader &&
	if ! as_reader perl "$blocks" git-model/README.md >../tap
	then
		grep -v "^ok" ../tap
		return 1
	fi &&
	test_line_count -ge 40 ../tap
'

test_expect_success 'what is no session names goals of make that there are' '
	perl "$blocks" --plain "$top/README.md" >plain &&
	sed "s/ *#.*//" plain >actual &&
	cat >expect <<-\EOT &&
	make demo
	make test
	make && sudo make install
	EOT
	test_cmp expect actual &&
	for goal in demo test all install
	do
		make -n -s -C "$top" B="$B" DESTDIR="$TRASH/dest" $goal \
			>/dev/null || return 1
	done
'

# -- the runner itself ----------------------------------------------------------

# refuses <line>...: is a text with this block not in order?
refuses () {
	{ echo text && echo && printf "    %s\n" "$@"; } >t.md &&
	test_must_fail perl "$blocks" t.md >out &&
	test_grep "^not ok" out
}
accepts () {
	{ echo text && echo && printf "    %s\n" "$@"; } >t.md &&
	perl "$blocks" t.md >out && test_grep ! "^not ok" out
}

test_expect_success 'other output, a failure and a success that should be none are seen' '
	accepts "$ echo one two" "one" "two" &&
	refuses "$ echo one two" "one" &&
	refuses "$ echo one" "two" &&
	refuses "$ false" &&
	accepts "$ echo fatal: no; false" "fatal: no" &&
	refuses "$ echo fatal: no" "fatal: no" &&
	accepts "$ echo a; echo b; echo c" "a" "..." "c" &&
	refuses "$ echo a; echo b; echo c" "a" "..." "d" &&
	accepts "$ echo 2027-01-02 0123456789a" "2026-11-21 c0a8c12" &&
	refuses "$ echo 2027-01-02 zz" "2026-11-21 c0a8c12" &&
	accepts "$ cat <<EOT" "a" "EOT" "a" "$ x=1" "$ echo \$x" "1" &&
	accepts "$ echo a \\" "   b" "a b" &&
	refuses "$ exit 3" "$ echo never"
'

test_done
