#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every git process of the hooks and commands of t8030, in every way in which
# it can go wrong; t8030 itself takes some. Minutes.
#
#	B=build tests/soak/git-faults.sh
cd "$(dirname "$0")/../.." && B=$(cd "${B:-build}" && pwd) && cd tests/t ||
	exit 1
export B
BADGIT_EVERY=1 exec sh ./t8030-git-faults.sh
