#!/bin/sh
# SPDX-License-Identifier: MIT
#
# usage: top-functions.sh [<count>]
#
# The longest functions: numbers to look again, not limits.
cd "$(dirname "$0")/.." || exit 1
find libmv cmd filters hooks -name '*.c' | sort |
xargs awk '
	FNR == 1 { start = 0 }
	/^[a-z].*\(/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
	/^{/ { start = FNR }
	/^}/ && start { print FNR - start + 1, name, FILENAME ":" start; start = 0 }
' | sort -rn | head -n "${1:-20}"
