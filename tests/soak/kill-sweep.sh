#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every command that writes, killed (-9) before each of its system calls;
# what must hold then is told in tests/helper/sweep.sh. Takes long:
#
#	B=build tests/soak/kill-sweep.sh			all of them
#	B=build CALLS=changing tests/soak/kill-sweep.sh add gc	some
#
# CALLS=changing leaves out calls between which nothing outside the process
# changes: those places cannot be told apart by what is left.

test_description='killed before every system call'
names=${*:-add clean switch checkout gc push gitpush fetch pull repair upgrade}
set --
cd "$(dirname "$0")/../.." && B=$(cd "${B:-build}" && pwd) && cd tests/t &&
. ./lib-test.sh || exit 1
. "$TEST_DIR/../helper/sweep.sh"

mv-fault kill all 0 true || exit 1
for name in $names
do
	test_expect_success "$name" "sweep_kill $name all ${CALLS:-all}"
	test_expect_success "$name, and all that it started" "
		sweep_kill $name all changing killall
	"
	tail -n 2 "$SWEEP/covered" | sed 's/^/# /'
done
test_done
