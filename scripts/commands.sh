#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The names of the commands, one a line, as the table in cmd/git-model.c has
# them; hidden ones (plumbing that git calls) only with --all.
cd "$(dirname "$0")/.." || exit 1
sed -n '/^\t{ "[a-z-]*", cmd_/p' cmd/git-model.c 2>/dev/null |
if test "$1" = --all
then
	cat
else
	grep -v CMD_HIDDEN
fi |
sed 's/^\t{ "\([a-z-]*\)".*/\1/'
