# SPDX-License-Identifier: MIT
#
# Sourced by every t*.sh, which says `test_description='...'` before, its
# tests after, and `test_done` at the end:
#
#	test_expect_success 'what holds' '
#		git model version >actual &&
#		test_grep "git-model version" actual
#	'
#
# The body is a chain of && in which every command counts; it runs in the
# script's own shell, in a folder of its own ($TRASH/work), which is no git
# repository. git knows nothing of the user: HOME is $TRASH/home, who and
# when are fixed. Content comes from mv-test (tests/helper/mv-test.c). The
# folder stays when a test failed. `sh ./tNNNN-name.sh -v` shows all output;
# `make B=... t SCRIPTS=tests/t/t0000-basic.sh` builds first.

test_nr=0 test_bad=0 test_cleanup=: test_verbose=
test "$1" != -v || test_verbose=1
TEST_DIR=$(pwd)
B=$(cd "${B:-$TEST_DIR/../../build}" && pwd) || exit 1
test -x "$B/git-model" && test -x "$B/mv-test" || {
	echo "Bail out! $B has no git-model or no mv-test; run make t"
	exit 1
}
TRASH="$B/trash.$(basename "$0" .sh)"
if test -e "$TRASH"
then
	chmod -R u+rwx "$TRASH" && rm -rf "$TRASH" || exit 1
fi
mkdir -p "$TRASH/home" "$TRASH/tmp" "$TRASH/work" && cd "$TRASH/work" ||
	exit 1

unset $(env | sed -n 's/^\(GIT_[A-Z0-9_]*\)=.*/\1/p') VISUAL CDPATH
PATH="$B:$PATH"
HOME="$TRASH/home" XDG_CONFIG_HOME="$TRASH/home/.config" TMPDIR="$TRASH/tmp"
LC_ALL=C TZ=UTC TERM=dumb EDITOR=: PAGER=cat
GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0 GIT_MERGE_AUTOEDIT=no
GIT_CEILING_DIRECTORIES="$TRASH:$B"
GIT_AUTHOR_NAME='A U Thor' GIT_AUTHOR_EMAIL=author@example.com
GIT_COMMITTER_NAME='C O Mitter' GIT_COMMITTER_EMAIL=committer@example.com
export B PATH HOME XDG_CONFIG_HOME TMPDIR LC_ALL TZ TERM EDITOR PAGER
export GIT_CONFIG_NOSYSTEM GIT_TERMINAL_PROMPT GIT_MERGE_AUTOEDIT
export GIT_CEILING_DIRECTORIES
export GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL
umask 022
exec 7>&2
git config --global init.defaultBranch main &&
git config --global gc.auto 0 &&
git config --global maintenance.auto false &&
git config --global advice.detachedHead false || exit 1

# A minute later.
test_tick () {
	test_now=$((${test_now:-1700000000} + 60))
	GIT_AUTHOR_DATE="$test_now +0000" GIT_COMMITTER_DATE="$test_now +0000"
	export GIT_AUTHOR_DATE GIT_COMMITTER_DATE
}
test_tick

# The first line of a body that is never true: whatever of the body runs
# then is not part of the chain, and its failure would go unseen.
test_chain_holds () {
	(eval "(exit 117) && $1") >/dev/null 2>&1 7>&1
	test $? = 117
}

# A function of its own, so that `return` in a body ends the body only.
test_body () {
	eval "$1"
}

test_run () {
	test_cleanup=:
	test_body "$1"
	test_status=$?
	eval "$test_cleanup" || {
		echo "the clean-up failed: $test_cleanup"
		test_status=1
	}
	return $test_status
}

# test_expect_success <title> <body>
test_expect_success () {
	test_nr=$((test_nr + 1))
	if ! test_chain_holds "$2"
	then
		echo "the chain of && is broken" >"$TRASH/log"
		test_status=1
	elif test -n "$test_verbose"
	then
		echo "# $1"
		: >"$TRASH/log"
		test_run "$2" 7>&1 </dev/null
	else
		test_run "$2" >"$TRASH/log" 2>&1 7>&1 </dev/null
	fi
	if test $test_status = 0
	then
		echo "ok $test_nr - $1"
	else
		echo "not ok $test_nr - $1"
		printf '%s\n' "$2" | sed 's/^/# /'
		sed 's/^/# | /' "$TRASH/log"
		test_bad=$((test_bad + 1))
	fi
	cd "$TRASH/work"
}

# test_skip <title> <reason>: for a test that cannot run here
test_skip () {
	test_nr=$((test_nr + 1))
	echo "ok $test_nr - $1 # SKIP $2"
}

# At the end; or right after skip_all='reason', before any test.
test_done () {
	if test -n "$skip_all"
	then
		echo "1..0 # SKIP $skip_all"
	else
		echo "1..$test_nr"
	fi
	cd "$TEST_DIR" || exit 1
	test $test_bad = 0 || exit 1
	chmod -R u+rwx "$TRASH" && rm -rf "$TRASH"
	exit 0
}

# -- for use in bodies; what they say goes to the log, wherever 1 and 2 go --

# test_few <some> <all>: how much of a sweep. The suite takes <some>, the soak
# (tests/soak/in-full.sh sets TEST_FULL) <all>: a suite that takes too long is
# not run.
test_few () {
	test -n "$TEST_FULL" && echo "$2" || echo "$1"
}

# Run at the end of this test, whatever comes; the last first.
test_when_finished () {
	test_cleanup="{ $*; } && $test_cleanup"
}

# test_expect_code <code> <command>...
test_expect_code () {
	test_want=$1 && shift
	"$@"
	test_got=$?
	test $test_got = "$test_want" && return
	echo "exit code $test_got, not $test_want: $*" >&7
	return 1
}

# Fails, but neither by a signal nor because there is no such command.
test_must_fail () {
	"$@"
	test_got=$?
	case $test_got in
	0)
		echo "did not fail: $*" >&7 ;;
	126|127)
		echo "no such command: $*" >&7 ;;
	128|129)
		return 0 ;;
	1[3-9]?|2??)
		echo "died of signal $((test_got - 128)): $*" >&7 ;;
	*)
		return 0 ;;
	esac
	return 1
}

test_path_is_file () {
	test -f "$1" && test ! -L "$1" && return
	echo "no regular file: $1" >&7
	ls -ld "$1" >&7 2>&1
	return 1
}

test_path_is_dir () {
	test -d "$1" && return
	echo "no folder: $1" >&7
	return 1
}

test_path_is_missing () {
	test ! -e "$1" && test ! -L "$1" && return
	echo "is there: $1" >&7
	ls -ld "$1" >&7 2>&1
	return 1
}

# test_cmp <expected> <actual>; text. Big content: cmp.
test_cmp () {
	diff -u "$1" "$2" >&7 2>&1
}

test_must_be_empty () {
	test_path_is_file "$1" && test ! -s "$1" && return
	echo "not empty: $1" >&7
	cat "$1" >&7
	return 1
}

# test_grep [!] <grep's arguments>... <file>
test_grep () {
	test_not=
	test "$1" != '!' || { test_not=1 && shift; }
	for test_file
	do
		:
	done
	test_path_is_file "$test_file" || return 1
	if grep "$@" >/dev/null
	then
		test -z "$test_not" && return
		echo "found: $*" >&7
	else
		test -n "$test_not" && return
		echo "not found: $*" >&7
	fi
	echo "in:" >&7 && cat "$test_file" >&7
	return 1
}

# test_line_count <operator> <number> <file>
test_line_count () {
	test $(wc -l <"$3") "$1" "$2" && return
	echo "lines: $(wc -l <"$3"), wanted $1 $2; in:" >&7 && cat "$3" >&7
	return 1
}

test_file_size () {
	stat -c %s "$1"
}
