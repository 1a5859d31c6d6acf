#!/bin/sh
# SPDX-License-Identifier: MIT
#
# prove calls this with the build folder and one test: a script of tests/t,
# which runs in its own folder, or a program, which runs in the top folder.
cd "$(dirname "$0")/.." || exit 1
build=${1:?usage: run-test.sh <build> <test>} test=${2:?} && shift 2
B=$(cd "$build" && pwd) || exit 1
export B
case "$test" in
*.sh)
	cd "$(dirname "$test")" && exec sh "./$(basename "$test")" "$@" ;;
*)
	exec "$test" "$@" ;;
esac
