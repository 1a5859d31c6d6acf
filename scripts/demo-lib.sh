# SPDX-License-Identifier: MIT
#
# Sourced by demo.sh and walk.sh, which set TOP, B and W (where it happens)
# before: commands are shown before they run, results are checked, and what
# git knows of you is not read or written.
name=$(basename "$0" .sh) checks=0 bold= plain=
test ! -t 1 || bold=$(printf '\033[1m') plain=$(printf '\033[0m')

fail () {
	echo "$name: $*" >&2
	exit 1
}
say () {
	printf '\n%s# %s%s\n' "$bold" "$*" "$plain"
}
# Show a command, run it in this shell.
run () {
	printf '%s$ %s%s\n' "$bold" "$1" "$plain"
	eval "$1" || fail "this failed: $1"
}
# Show a command that must fail.
refused () {
	printf '%s$ %s%s\n' "$bold" "$1" "$plain"
	if eval "$1"
	then
		fail "this was not refused: $1"
	fi
}
# check <what holds> <command>...
check () {
	what=$1 && shift
	"$@" || fail "it does not hold that $what"
	checks=$((checks + 1))
	echo "  ok: $what"
}
same () {
	cmp -s "$1" "$2"
}
# The lines of a command's output that say something.
says () {
	test "$(eval "$2" 2>&1)" = "$1"
}
has () {
	eval "$2" 2>&1 | grep -q -e "$1"
}

test -x "$B/git-model" || fail "$B/git-model is not built: make"
unset $(env | sed -n 's/^\(GIT_[A-Z0-9_]*\)=.*/\1/p')
test -n "$W" && rm -rf "$W" && mkdir -p "$W/home" && cd "$W" || exit 1
HOME=$W/home XDG_CONFIG_HOME=$W/home/.config GIT_CONFIG_NOSYSTEM=1
GIT_CEILING_DIRECTORIES=${W%/*} GIT_PAGER=cat PATH=$B:$PATH LC_ALL=C
export HOME XDG_CONFIG_HOME GIT_CONFIG_NOSYSTEM GIT_CEILING_DIRECTORIES
export GIT_PAGER PATH LC_ALL
git config --global user.name Demo &&
git config --global user.email demo@example.com &&
git config --global init.defaultBranch main &&
git config --global advice.detachedHead false || exit 1
exec </dev/null
