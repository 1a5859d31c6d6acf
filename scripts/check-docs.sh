#!/bin/sh
# SPDX-License-Identifier: MIT
#
# usage: check-docs.sh <git-model> [<command>...]
#
# A command's manual says what its -h says: the SYNOPSIS (between the lines
# of four dashes) is the usage, word for word, OPTIONS explains every option
# that there is, and no other, and EXAMPLES has each example of -h, of which
# every command has one.
program=$(realpath "${1:?usage: check-docs.sh <git-model>}") || exit 1
shift
cd "$(dirname "$0")/.." || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
bad=0
unset COLUMNS

# compare <command> <what it is about>: $tmp/help and $tmp/manual
compare () {
	diff -u "$tmp/help" "$tmp/manual" >"$tmp/diff" && return
	echo "check-docs: $1: $2 differ (-h: -, manual: +)"
	sed 1,2d "$tmp/diff"
	bad=1
}

test $# -gt 0 || set -- $(scripts/commands.sh)
test $# -gt 0 || { echo "check-docs: no command found"; exit 1; }
for name
do
	page=docs/man/git-model-$name.adoc
	test -f "$page" || { echo "check-docs: no $page"; bad=1; continue; }
	"$program" "$name" -h >"$tmp/out" 2>&1 || {
		echo "check-docs: 'git model $name -h' fails"
		bad=1
		continue
	}
	sed -n -e '/^usage: /,/^$/s/^.......//p' "$tmp/out" >"$tmp/help"
	sed -n '/^== SYNOPSIS$/,/^== DESCRIPTION$/p' "$page" |
	sed -e '1,/^----$/d' -e '/^----$/,$d' >"$tmp/manual"
	compare "$name" "usage and synopsis"

	# "    -n, --name <value>    text" and "-n, --name <value>::"
	sed -n 's/^    \(-\(., --\)\{0,1\}[a-z-]*\( <[^>]*>\)\{0,1\}\).*/\1/p' \
		"$tmp/out" | sort >"$tmp/help"
	sed -n '/^== OPTIONS$/,/^== [^O]/s/^\(-.*\)::$/\1/p' "$page" |
	sort >"$tmp/manual"
	compare "$name" "options"

	sed -n '/^examples:$/,$s/^    //p' "$tmp/out" >"$tmp/help"
	test -s "$tmp/help" || {
		echo "check-docs: 'git model $name -h' has no example"
		bad=1
	}
	sed -n '/^== EXAMPLES$/,/^== [^E]/p' "$page" |
	grep -xFf "$tmp/help" | sort -u >"$tmp/manual"
	sort -u -o "$tmp/help" "$tmp/help"
	compare "$name" "examples"
done
exit $bad
