#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every error that a disk has, at every call that can meet it; what must hold
# then is told in tests/helper/sweep.sh. Takes long:
#
#	B=build tests/soak/disk-faults.sh		all commands
#	B=build tests/soak/disk-faults.sh add gc	some

test_description='every error at every call'
names=${*:-add clean switch checkout gc push gitpush fetch pull repair upgrade}
set --
cd "$(dirname "$0")/../.." && B=$(cd "${B:-build}" && pwd) && cd tests/t &&
. ./lib-test.sh || exit 1
. "$TEST_DIR/../helper/sweep.sh"

mv-fault kill all 0 true || exit 1
for name in $names
do
	test_expect_success "$name" "sweep_faults $name all"
done
sed 's/^/# /' "$SWEEP/covered"
test_done
