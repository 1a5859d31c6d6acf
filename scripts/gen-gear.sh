#!/bin/sh
# SPDX-License-Identifier: MIT
# Print libmv/store/gear.h. The table is part of the store's format: entry i
# is the first 8 bytes, little-endian, of the SHA-256 of the 16 ASCII bytes
# "git-model gear 1" followed by the one byte i. Anybody can make it again.
set -e

cat <<'END'
/* SPDX-License-Identifier: MIT */
#ifndef MV_STORE_GEAR_H
#define MV_STORE_GEAR_H

#include <stdint.h>

/*
 * Made by scripts/gen-gear.sh; never to be changed (docs/format/chunking.md).
 * Entry i: the first 8 bytes, little-endian, of
 * SHA-256("git-model gear 1" followed by the byte i).
 */
static const uint64_t gear[256] = {
END
i=0
while test $i -lt 256
do
	hex=$({ printf 'git-model gear 1'; printf "\\$(printf %03o $i)"; } |
		sha256sum)
	hex=$(expr "$hex" : '\(................\)' |
		sed 's/\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)/\8\7\6\5\4\3\2\1/')
	case $((i % 3)) in
	0) printf '\t0x%s' "$hex" ;;
	*) printf ' 0x%s' "$hex" ;;
	esac
	if test $i -lt 255
	then
		printf ','
	fi
	if test $((i % 3)) -eq 2 || test $i -eq 255
	then
		printf '\n'
	fi
	i=$((i + 1))
done
cat <<'END'
};

#endif
END
