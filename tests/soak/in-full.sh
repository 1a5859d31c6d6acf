#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The scripts of tests/t that take some of a sweep (they say test_few), with all
# of it. Half an hour.
#
#	B=build tests/soak/in-full.sh			all of them
#	B=build tests/soak/in-full.sh t8020-damage.sh	some
cd "$(dirname "$0")/../.." && B=$(cd "${B:-build}" && pwd) && cd tests/t ||
	exit 1
TEST_FULL=1
export B TEST_FULL
test $# -gt 0 || set -- $(grep -l "test_few" t[0-9]*.sh)
test $# -gt 0 || { echo "no script says test_few" && exit 1; }
for script
do
	echo "# $script" && sh "./$script" || exit 1
done
