#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Who may include whom.
#
# 1. Includes are written from the root: a dependency is one grep.
# 2. A part of libmv includes only the parts that layers.txt allows it, and
#    nothing from above: not cmd/, filters/ or hooks/.
# 3. From outside, a part is its public header <part>/<part>.h only, and what
#    the line "open:" of layers.txt names; what "inside:" names is for other
#    parts of the library, never for a door. Tests may look inside.
# 4. Each third-party library has one door.
cd "$(dirname "$0")/.." || exit 1
open=$(sed -n 's/^open: //p' scripts/layers.txt)
inside=$(sed -n 's/^inside: //p' scripts/layers.txt)
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
	awk -v open=" $open " -v inside=" $inside " '
	# A folder right below libmv/ is a part.
	function part(path) {
		if (match(path, "^libmv/[a-z]*/"))
			return substr(path, 7, RLENGTH - 7)
		return ""
	}
	function say(what) {
		print file ":" $2 ": " what
	}
	FNR == NR {
		if (sub(":", " "))
			row[$1] = $0 " "
		next
	}
	{
		file = $1
		inc = $3
		from = part(file)
		to = part(inc)
	}
	to != "" && from == to { next }
	from != "" && (to == "" || !index(row[from], " " to " ")) {
		say(from " may not include " inc)
		next
	}
	from == "" && file ~ "^libmv/" && inc ~ "^[chf]" {
		say("the library may not include " inc)
	}
	{
		short = inc
		sub("^libmv/", "", short)
	}
	index(open, " " to "/ ") || index(open, " " short " ") { next }
	index(inside, " " short " ") {
		if (file !~ "^libmv/")
			say(inc " is for the library alone")
		next
	}
	inc == "libmv/" to "/" to ".h" { next }
	inc ~ "^libmv/.*/" { say(inc " is private to " to) }
	' scripts/layers.txt - || echo 'what is included could not be looked at'

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
curl/ libmv/http/curl\.c
sqlite3 libmv/base/sqlite\.c
openssl/|xxhash|blake3 libmv/base/hash\.c
zstd|zdict libmv/store/codec[a-z-]*\.[ch]
EOD
}

found=$(findings)
test -z "$found" || {
	printf '%s\n' "$found"
	exit 1
}
