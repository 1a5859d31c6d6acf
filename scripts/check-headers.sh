#!/bin/sh
# SPDX-License-Identifier: MIT
#
# usage: check-headers.sh [<compiler flag>...]
#
# Every header compiles alone, and twice, under each compiler that is here.
cd "$(dirname "$0")/.." || exit 1
compilers=
for cc in gcc clang
do
	! command -v $cc >/dev/null || compilers="$compilers $cc"
done
test -n "$compilers" || { echo "check-headers: no compiler"; exit 1; }

folders=
for d in libmv cmd filters hooks
do
	test ! -d $d || folders="$folders $d"
done
try='
header=$1 && shift
for cc in $compilers
do
	printf "#include \"%s\"\n#include \"%s\"\n" "$header" "$header" |
	$cc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -I. "$@" \
		-fsyntax-only -x c - || {
		echo "check-headers: $header does not compile alone ($cc)"
		exit 1
	}
done
'
export compilers
find $folders -name '*.h' | sort |
xargs -P "$(nproc)" -I '{}' sh -c "$try" sh '{}' "$@"
