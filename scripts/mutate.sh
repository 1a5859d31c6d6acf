#!/bin/sh
# SPDX-License-Identifier: MIT
#
# usage: B=<build> mutate.sh [<n> [<file>...]]
#
# Would the tests notice? Changes one small thing in what decides (mutate.awk
# says which things), builds the unit tests of policy with it, and runs them
# until one fails. Of all mutants (0), or of <n> that are spread evenly over
# them; of what decides, or of the files that are named (libmv/policy/x.c).
# Prints those that no test noticed, and the share of those that one did; less
# than 95 % is a failure. Mutants that mean the same as the original stand in
# mutate.equivalent, each with its reason, and are left out.
if test "$1" = --one
then
	# file, line, kind; the changed line is in the environment
	id=$2 file=$3 line=$4
	d=$WORK/m.$id && mkdir "$d" || exit 255
	awk -v n="$line" 'NR == n { print ENVIRON["MUTANT"]; next } { print }' \
		"$file" >"$d/mutant.c"
	if ! $CC $FLAGS -c -o "$d/mutant.o" "$d/mutant.c" 2>/dev/null
	then
		echo "invalid $id"
		rm -rf "$d"
		exit 0
	fi
	own=$(basename "$file" .c) verdict=survived
	objects=
	for o in "$WORK"/*.o
	do
		test "$o" = "$WORK/$own.o" || objects="$objects $o"
	done
	# shellcheck disable=SC2086
	$CC $LINK -pie -pthread -o "$d/test" "$WORK"/t/*.o "$d/mutant.o" \
		$objects "$B/libmv.a" $BLAKE3 -lcmocka $LIBS || exit 255
	for t in "u-policy-$own" $TESTS
	do
		test -e "$WORK/t/$t.o" || continue
		(ulimit -v 4000000; ulimit -c 0; TMPDIR=$d
		 exec timeout 5 "$d/test" "$t") >/dev/null 2>&1 ||
			{ verdict=killed; break; }
	done
	echo "$verdict $id"
	rm -rf "$d"
	exit 0
fi

cd "$(dirname "$0")/.." || exit 1
: "${B:=build}" "${CC:=gcc}"
want=${1:-0}
only=
test $# -le 1 || { shift; only=$*; }
WORK=$(mktemp -d) || exit 1
trap 'rm -rf "$WORK"' EXIT
FLAGS="-std=c11 -D_GNU_SOURCE -I. -O0 -w -fPIE -Werror=int-conversion"
FLAGS="$FLAGS $(pkg-config --cflags jansson inih libcrypto)"
LIBS="$(pkg-config --libs libzstd libcrypto jansson inih libxxhash zlib \
	yaml-0.1) -ldl -lm"
# The one that looks at everything last: it takes longest.
TESTS="u-policy-decide u-policy-decide-people u-policy-decide-metric
	u-policy-decide-evidence u-policy-decide-state u-policy-advise
	u-policy-cases u-policy-nomem u-policy-enumerate"
LINK=
! ld.gold --version >/dev/null 2>&1 || LINK=-fuse-ld=gold
# Built beside the library where the distribution has none.
BLAKE3=$B/blake3.a
test -e "$BLAKE3" || BLAKE3=$(pkg-config --libs libblake3)
export WORK FLAGS LIBS LINK TESTS B CC BLAKE3

test -e "$B/libmv.a" || { echo "mutate: build '$B/libmv.a' first" >&2; exit 1; }
mkdir "$WORK/t"
for f in libmv/policy/*.c
do
	$CC $FLAGS -c -o "$WORK/$(basename "$f" .c).o" "$f" || exit 1
done
# All tests in one program, which is called with the name of one: linking is
# what takes longest.
{
	echo '#include <string.h>'
	for t in $TESTS
	do
		test -e "tests/unit/$t.c" || continue
		main=main_$(echo "$t" | tr - _)
		$CC $FLAGS -DMOST_VOTES=3 -Dmain="$main" -c \
			-o "$WORK/t/$t.o" "tests/unit/$t.c" || exit 1
		echo "int $main(void);"
		calls="$calls if (!strcmp(v[1], \"$t\")) return $main();"
	done
	echo "int main(int c, char **v) { (void)c; $calls return 99; }"
} >"$WORK/t/all.c"
$CC $FLAGS -c -o "$WORK/t/all.o" "$WORK/t/all.c" || exit 1

# <id> <file> <line> <kind> <text>, tabs between; the text may have some, too
for f in ${only:-libmv/policy/decide*.c libmv/policy/found.c}
do
	awk -f scripts/mutate.awk "$f" |
	awk -v f="$f" -F '\t' '
	BEGIN {
		while ((getline line <"scripts/mutate.equivalent") > 0)
			if (line !~ /^#/ && split(line, p, ": ") > 1)
				same[line] = 1
	}
	{
		text = substr($0, length($1 $2) + 3)
		name = f
		trimmed = text
		sub(/.*\//, "", name)
		gsub(/^[ \t]+|[ \t]+$/, "", trimmed)
		if (!((name ": " trimmed) in same))
			printf "%s\t%s\t%s\t%s\n", f, $1, $2, text
	}'
done | awk '{ printf "%d\t%s\n", NR, $0 }' >"$WORK/all"
total=$(wc -l <"$WORK/all")
if test "$want" -gt 0 && test "$want" -lt "$total"
then
	awk -v want="$want" -v total="$total" '
		int(NR * want / total) > int((NR - 1) * want / total)' \
		"$WORK/all" >"$WORK/list"
else
	cp "$WORK/all" "$WORK/list"
fi

run () {
	tab=$(printf '\t')
	while IFS= read -r entry
	do
		rest=$entry
		id=${rest%%"$tab"*} rest=${rest#*"$tab"}
		file=${rest%%"$tab"*} rest=${rest#*"$tab"}
		line=${rest%%"$tab"*} rest=${rest#*"$tab"}
		MUTANT=${rest#*"$tab"}
		export MUTANT
		sh scripts/mutate.sh --one "$id" "$file" "$line" || exit 1
	done
}
# Two halves at once.
awk 'NR % 2' "$WORK/list" | run >"$WORK/result.1" &
awk 'NR % 2 == 0' "$WORK/list" | run >"$WORK/result.2"
wait
cat "$WORK/result.1" "$WORK/result.2" >"$WORK/result"

killed=$(grep -c ^killed "$WORK/result")
survived=$(grep -c ^survived "$WORK/result")
invalid=$(grep -c ^invalid "$WORK/result")
sed -n 's/^survived //p' "$WORK/result" | sort -n |
while read -r id
do
	awk -F '\t' -v id="$id" '$1 == id {
		text = substr($0, length($1 $2 $3 $4) + 5)
		sub(/^[ \t]+/, "", text)
		printf "%s:%s: %s: %s\n", $2, $3, $4, text
	}' "$WORK/list"
done
test $((killed + survived + invalid)) = "$(wc -l <"$WORK/list")" ||
	{ echo "mutate: some could not be tried" >&2; exit 1; }
test $((killed + survived)) -gt 0 || exit 1
echo "$killed of $((killed + survived)) killed," \
	"$((1000 * killed / (killed + survived)))/1000" \
	"($invalid did not compile)"
test $((100 * killed)) -ge $((95 * (killed + survived)))
