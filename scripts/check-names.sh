#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A name says where it lives.
#
# 1. A public header has at most 20 functions: what is more is two questions.
# 2. A function of a part from repo upwards begins with mv_<part>_, in its
#    private headers, too.
# 3. A static function's word is that of three files at most, so that a grep
#    for it finds it.
cd "$(dirname "$0")/.." || exit 1
open=$(sed -n 's/^open: //p' scripts/layers.txt)

# "header function" for each that headers declare (no bodies, no comments)
declared () {
	perl -0777 -ne '
		s{/\*.*?\*/}{}gs;
		s{^[ \t]*#.*(?:\\\n.*)*}{}gm;
		1 while s{\{[^{}]*\}}{;}gs;
		while (/^[A-Za-z_][\w\s*]*?\b(\w+)\s*\((?!\*)[^;]*?\)[^;(]*(?:\([^;]*\))?\s*;/mg) {
			print "$ARGV $1\n" unless $1 eq "typedef";
		}' "$@"
}

# "file function" for each static one that is defined
statics () {
	perl -0777 -ne '
		s{/\*.*?\*/}{}gs;
		while (/^static\b[^;={}()]*?\b(\w+)\s*\([^;{}]*\)\s*\{/mg) {
			print "$ARGV $1\n";
		}' "$@"
}

public () {
	for part in libmv/*/
	do
		part=${part%/}
		test ! -e "$part/${part##*/}.h" || echo "$part/${part##*/}.h"
	done
	for name in $open
	do
		case $name in
		*/) ls libmv/$name*.h ;;
		*) echo "libmv/$name" ;;
		esac
	done
}

findings () {
	declared $(public | sort -u) | awk '{ n[$1]++ }
		END { for (h in n) if (n[h] > 20)
			print h ": " n[h] " functions, 20 are enough" }'

	for part in $(sed -n '/^repo: /,$s/^\([a-z]*\): .*/\1/p' scripts/layers.txt)
	do
		case $part in open|inside|whole) continue ;; esac
		test ! -d "libmv/$part" ||
		declared libmv/$part/*.h | grep -v " mv_${part}_" |
		sed "s/ \(.*\)/: \1() does not begin with mv_${part}_/"
	done

	statics $(find libmv cmd hooks filters -name "*.c") | sort -u |
	awk '{ n[$2]++; where[$2] = where[$2] " " $1 }
		END { for (s in n) if (n[s] > 3)
			print s "() is static in" where[s] }'
}

test -n "$(public)" || { echo "check-names: no header found"; exit 1; }
found=$(findings)
test -z "$found" || {
	printf '%s\n' "$found"
	exit 1
}
