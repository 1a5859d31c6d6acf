#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Who may include whom.
#
# 1. Includes are written from the root: a dependency is one grep.
# 2. A part of libmv includes only the parts that layers.txt allows it, and
#    nothing from above: not libmv/repo.h, not cmd/, filters/ or hooks/.
# 3. From outside, a part is its public header <part>/<part>.h only, and what
#    the line "open:" of layers.txt names. libmv/repo-internal.h is for
#    libmv/repo*.c. Tests may look inside.
# 4. Each third-party library has one door.
cd "$(dirname "$0")/.." || exit 1
open=$(sed -n 's/^open: //p' scripts/layers.txt)
folders=
for d in libmv cmd filters hooks
do
	test ! -d $d || folders="$folders $d"
done

# file:line:#include ... of every include of that shape
includes () {
	grep -rnE --include='*.[ch]' "^[[:space:]]*#[[:space:]]*include[[:space:]]*$1" $folders
}

# One line per finding.
findings () {
	includes '"' | grep -vE '"(libmv|cmd|filters|hooks)/[^"]*"' |
	sed 's/$/	(not written from the root)/'

	includes '"' |
	sed -nE 's/^([^:]*):([0-9]*):[^"]*"([^"]*)".*/\1 \2 \3/p' |
	while read -r file line inc
	do
		from=$(expr "$file" : 'libmv/\([a-z]*\)/')
		to=$(expr "$inc" : 'libmv/\([a-z]*\)/')
		case "$file" in
		libmv/*) inside=1 ;;
		*) inside= ;;
		esac
		test -n "$to" && test "$from" = "$to" && continue

		if test -n "$from"
		then
			grep -qE "^$from:(.* )?$to( |$)" scripts/layers.txt &&
			test -n "$to" || {
				echo "$file:$line: $from may not include $inc"
				continue
			}
		elif test -n "$inside" && expr "$inc" : '[chf]' >/dev/null
		then
			echo "$file:$line: the library may not include $inc"
		fi
		case " $open " in
		*" $to/ "*|*" ${inc#libmv/} "*) continue ;;
		esac
		case "$inc" in
		libmv/repo-internal.h)
			case "$file" in
			libmv/repo*) ;;
			*) echo "$file:$line: $inc is private to libmv/repo*.c" ;;
			esac ;;
		"libmv/$to/$to.h") ;;
		libmv/*/*) echo "$file:$line: $inc is private to $to" ;;
		esac
	done

	while read -r pattern door
	do
		includes "<($pattern)" | grep -vE "^$door" |
		sed "s|\$|	(only $door may)|"
	done <<\EOD
git2|zlib\.h libmv/git/
archive libmv/format/archive\.c
ini\.h libmv/base/config\.c
jansson libmv/base/json\.c
yaml libmv/base/yaml\.c
sqlite3 libmv/base/sqlite\.c
openssl/|xxhash libmv/base/hash\.c
zstd|zdict libmv/store/codec[a-z-]*\.c
EOD
}

found=$(findings)
test -z "$found" || {
	printf '%s\n' "$found"
	exit 1
}
