#!/bin/sh
# SPDX-License-Identifier: MIT
#
# usage: check-circles.sh <build folder>
#
# No two files of the library need each other, not through others either:
# what a file stands on can be read before it. What a file defines and needs
# is what its object says to the linker. What the line "whole:" of layers.txt
# names (beginnings of paths) counts as one file each.
build=${1:?usage: check-circles.sh <build folder>}
cd "$(dirname "$0")/.." || exit 1
LC_ALL=C
export LC_ALL
sources=$(find libmv -name "*.c")
whole=$(sed -n 's/^whole: //p' scripts/layers.txt)

# "file other" for each name that the one needs and the other defines
needs () {
	for source in $sources
	do
		echo "$build/${source%.c}.o"
	done | xargs nm -A |
	sed -nE "s|^.*/(libmv/[^:]*)\.o: *[0-9a-f]* +([A-Zu]) ([^ ]*)\$|\1 \2 \3|p" |
	awk -v whole="$whole" '
	function of(file, i) {
		for (i = 1; i <= n; i++)
			if (index(file, part[i]) == 1)
				return part[i]
		return file
	}
	BEGIN { n = split(whole, part, " ") }
	$2 == "U" { needed[of($1) " " $3]; next }
	{ at[$3] = of($1) }
	END {
		for (pair in needed) {
			split(pair, p, " ")
			if (p[2] in at && at[p[2]] != p[1])
				print p[1], at[p[2]]
		}
	}' | sort -u
}

edges=$(needs)
test -n "$edges" || { echo "check-circles: '$build' has no objects"; exit 1; }
# tsort names the members of each circle that it finds, a line each.
circles=$(printf '%s\n' "$edges" | tsort 2>&1 >/dev/null |
	sed -e 's/^tsort: -: input contains a loop:$/these files need each other:/' \
		-e 's/^tsort: /	/')
test -z "$circles" && exit 0
printf '%s\n' "$circles"
exit 1
