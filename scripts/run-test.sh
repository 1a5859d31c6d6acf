#!/bin/sh
# SPDX-License-Identifier: MIT
#
# prove calls this with the build folder and one test: a script of tests/t,
# which runs in its own folder, or a program, which runs in the top folder.
cd "$(dirname "$0")/.." || exit 1
build=${1:?usage: run-test.sh <build> <test>} test=${2:?} && shift 2
B=$(cd "$build" && pwd) || exit 1
export B

# A test that runs make is nobody's part of a parallel make: it has no
# jobserver, and would say so on its standard error.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

# A finding of a sanitizer is a crash; replay.c keeps the input then.
ASAN_OPTIONS=abort_on_error=1:detect_leaks=1:${ASAN_OPTIONS-}
UBSAN_OPTIONS=abort_on_error=1:print_stacktrace=1:${UBSAN_OPTIONS-}
TSAN_OPTIONS=abort_on_error=1:halt_on_error=1:${TSAN_OPTIONS-}
export ASAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS

case "$test" in
*.sh)
	cd "$(dirname "$test")" &&
	exec timeout 900 sh "./$(basename "$test")" "$@" ;;
*/*)
	exec timeout 300 "$test" "$@" ;;
*)
	exec timeout 300 "./$test" "$@" ;;
esac
