#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A command is in four places or in none: table, source, manual, test. One
# that only git calls (CMD_HIDDEN) has no manual, and its source may be in
# filters/ or hooks/.
cd "$(dirname "$0")/.." || exit 1
bad=0
complain () { echo "check-commands: $1"; bad=1; }

public=$(scripts/commands.sh)
all=$(scripts/commands.sh --all)
test -n "$public" || complain "no commands found in cmd/git-model.c"

for name in $public
do
	test -f "cmd/$name.c" || complain "$name: no cmd/$name.c"
	test -f "docs/man/git-model-$name.adoc" || complain "$name: no manual"
	grep -q "git-model-$name(1)" docs/man/git-model.adoc ||
	complain "$name: not in docs/man/git-model.adoc"
done
# "git model name", once each, of all that the tests call
called=$(grep -hoE "git[ -]model[ -][a-z-]+" tests/t/t[0-9]*.sh |
	sed 's/^git.model.//' | sort -u)
functions=$(grep -hoE "^int cmd_[a-z_]+\(" cmd/*.c filters/*.c hooks/*.c \
	2>/dev/null)

has () {
	case "
$1
" in
	*"
$2
"*) return 0 ;;
	esac
	return 1
}
for name in $all
do
	function=cmd_$(echo "$name" | tr - _)
	has "$functions" "int $function(" ||
	complain "$name: no function $function"
	has "$called" "$name" ||
	complain "$name: no test"
done

for f in cmd/*.c
do
	name=$(basename "$f" .c)
	case "$name" in evidence|examples|gate|git-model|interrupt|look|newer|opt|out|registry|setup|table|transfer) continue ;; esac
	has "$all" "$name" || complain "$f: not in the table"
done
# git-model-config is about configuration: a manual without a command.
for f in docs/man/git-model-*.adoc
do
	name=$(basename "$f" .adoc)
	name=${name#git-model-}
	test "$name" = config || has "$public" "$name" ||
	complain "$f: no such command"
done
exit $bad
