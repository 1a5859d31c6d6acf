#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='the checks that keep the house in order, and that they can fail'

. ./lib-test.sh

top=$(cd "$TEST_DIR/../.." && pwd)

# -- the tree is in order --

test_expect_success 'layers' '
	"$top/scripts/check-layers.sh"
'
test_expect_success 'symbols' '
	"$top/scripts/check-symbols.sh" "$B/libmv.a"
'
test_expect_success 'circles' '
	"$top/scripts/check-circles.sh" "$B"
'
test_expect_success 'names' '
	"$top/scripts/check-names.sh"
'
test_expect_success 'commands' '
	"$top/scripts/check-commands.sh"
'
test_expect_success 'headers' '
	"$top/scripts/check-headers.sh"
'
test_expect_success 'docs' '
	"$top/scripts/check-docs.sh" "$B/git-model"
'

# -- and would not be with a fault in it --

test_expect_success 'a copy of the tree passes, too' '
	mkdir tree &&
	(
		cd "$top" &&
		find Makefile scripts libmv cmd filters hooks docs/man \
			tests/t -type f ! -path "*/trash.*" |
		tar cf - -T -
	) | tar xf - -C tree &&
	mkdir -p tree/filters tree/hooks &&
	tree/scripts/check-layers.sh &&
	tree/scripts/check-commands.sh &&
	tree/scripts/check-docs.sh "$B/git-model" version
'

# with_line <file of the copy> <line> <command>...: run it while the line
# stands second in that file
with_line () {
	cp "tree/$1" saved &&
	sed "1a\\
$2" saved >"tree/$1" &&
	with_file=tree/$1 && shift 2 &&
	"$@"
	with_status=$?
	mv saved "$with_file" && return $with_status
}

# refuses_include <file> <include>: check-layers must name file and line
refuses_include () {
	with_line "$1" "$2" test_must_fail tree/scripts/check-layers.sh >out &&
	test_grep -F "$1:2:" out &&
	test_line_count = 1 out
}

test_expect_success 'layers: base includes nothing above' '
	refuses_include libmv/base/buf.c "#include \"libmv/store/store.h\""
'
test_expect_success 'layers: a part includes no other that its row lacks' '
	refuses_include libmv/store/store.h "#include \"libmv/git/git.h\""
'
test_expect_success 'layers: the library includes no door' '
	refuses_include libmv/base/buf.c "#include \"cmd/out.h\""
'
test_expect_success 'layers: a lower part does not know a higher one' '
	refuses_include libmv/store/store.h "#include \"libmv/repo/repo.h\"" &&
	refuses_include libmv/repo/store.c "#include \"libmv/work/work.h\"" &&
	refuses_include libmv/proof/audit.c "#include \"libmv/hook/hook.h\""
'
test_expect_success 'layers: a part of the library includes no door' '
	refuses_include libmv/hook/hook.h "#include \"cmd/cmd.h\""
'
test_expect_success 'layers: a private header is not for others' '
	refuses_include cmd/out.c "#include \"libmv/store/pack.h\"" &&
	refuses_include libmv/proof/audit.c "#include \"libmv/gate/priv.h\""
'
test_expect_success 'layers: the inside of a part is not for commands' '
	refuses_include cmd/out.c "#include \"libmv/repo/state.h\""
'
test_expect_success 'layers: what is open to all is allowed' '
	with_line cmd/out.c "#include \"libmv/store/pointer.h\"" \
		tree/scripts/check-layers.sh &&
	with_line libmv/store/store.h "#include \"libmv/base/fs.h\"" \
		tree/scripts/check-layers.sh
'
test_expect_success 'layers: includes are written from the root' '
	refuses_include cmd/out.c "#include \"cmd.h\""
'
test_expect_success 'layers: each library has one door' '
	refuses_include cmd/out.c "#include <git2.h>" &&
	refuses_include libmv/base/buf.c "#include <jansson.h>" &&
	refuses_include libmv/store/store.h "# include <zstd.h>" &&
	refuses_include libmv/store/store.h "#include <openssl/evp.h>" &&
	refuses_include libmv/store/store.h "#include <archive.h>" &&
	refuses_include cmd/out.c "#include <ini.h>" &&
	refuses_include cmd/out.c "#include <zlib.h>"
'

# refuses_symbol <C source> <pattern>
refuses_symbol () {
	printf "%s\n" "#include <stdio.h>" "#include <stdlib.h>" \
		"#include <string.h>" "$1" >planted.c &&
	rm -f planted.a planted.o &&
	gcc -O2 -fPIE -fno-common -D_FORTIFY_SOURCE=2 -c planted.c &&
	ar rcs planted.a planted.o &&
	test_must_fail "$top/scripts/check-symbols.sh" planted.a >out &&
	test_grep -e "$2" out
}

test_expect_success 'symbols: a library without faults passes' '
	cat >fine.c <<-\EOD &&
	#include <string.h>
	extern const char *const mv_names[];
	const char *const mv_names[] = { "a", "b" };
	size_t mv_fine(const char *s);
	size_t mv_fine(const char *s) { return strlen(s); }
	EOD
	gcc -O2 -fPIE -c fine.c &&
	ar rcs fine.a fine.o &&
	"$top/scripts/check-symbols.sh" fine.a
'
test_expect_success 'symbols: the library does not print' '
	refuses_symbol "void mv_f(void) { puts(\"x\"); }" "must not print" &&
	refuses_symbol "void mv_f(int i) { printf(\"%d\", i); }" "must not print" &&
	refuses_symbol "void mv_f(int i) { fprintf(stderr, \"%d\", i); }" \
		"must not print"
'
test_expect_success 'symbols: it does not exit or read the environment' '
	refuses_symbol "void mv_f(void) { exit(1); }" "must not" &&
	refuses_symbol "void mv_f(void) { abort(); }" "must not" &&
	refuses_symbol "char *mv_f(void) { return getenv(\"HOME\"); }" "must not"
'
test_expect_success 'symbols: it exports only mv_ names' '
	refuses_symbol "int f(void) { return 1; }" "only mv_ names"
'
test_expect_success 'symbols: it exports each name once' '
	echo "int mv_f(int i); int mv_f(int i) { return i; }" >planted.c &&
	rm -f planted.a one.o two.o &&
	gcc -c -o one.o planted.c &&
	gcc -c -o two.o planted.c &&
	ar rcs planted.a one.o &&
	"$top/scripts/check-symbols.sh" planted.a &&
	ar rcs planted.a one.o two.o &&
	test_must_fail "$top/scripts/check-symbols.sh" planted.a >out &&
	test_grep "two files define the same name" out
'
test_expect_success 'symbols: it has no mutable globals' '
	refuses_symbol "static int n; int mv_f(void) { return ++n; }" \
		"no mutable globals" &&
	refuses_symbol "static int n = 3; int mv_f(void) { return ++n; }" \
		"no mutable globals" &&
	refuses_symbol "static __thread int n; int mv_f(void) { return ++n; }" \
		"no mutable globals" &&
	refuses_symbol "int mv_f(void) { static int n; return ++n; }" \
		"no mutable globals"
'
test_expect_success 'symbols: no function that cannot be used well' '
	refuses_symbol "char *mv_f(char *s) { return strtok(s, \" \"); }" \
		"better function" &&
	refuses_symbol "void mv_f(char *s, const char *t) { strcpy(s, t); }" \
		"better function"
'
test_expect_success 'symbols: no library is no success' '
	test_must_fail "$top/scripts/check-symbols.sh" nowhere.a
'

# objects <folder> <name> <C source> [<name> <C source>...]: a house of its own
objects () {
	house=$1 && shift &&
	rm -rf $house && mkdir -p $house/scripts &&
	cp "$top/scripts/check-circles.sh" $house/scripts/ &&
	echo "whole: libmv/hall" >$house/scripts/layers.txt &&
	while test $# -gt 0
	do
		mkdir -p $house/$(dirname $1) $house/build/$(dirname $1) &&
		printf "%s\n" "$2" >$house/$1.c &&
		gcc -c -o $house/build/$1.o $house/$1.c || return
		shift 2
	done
}

test_expect_success 'circles: what stands on others that do not need it passes' '
	objects house libmv/low/a "int mv_a(void) { return 1; }" \
		libmv/low/b "int mv_a(void); int mv_b(void) { return mv_a(); }" \
		libmv/high/a "int mv_b(void); int mv_c(void) { return mv_b(); }" &&
	house/scripts/check-circles.sh "$PWD/house/build"
'
test_expect_success 'circles: of two files in one part, and of three in several' '
	objects house libmv/p/a "int mv_b(void); int mv_a(void) { return mv_b(); }" \
		libmv/p/b "int mv_a(void); int mv_b(void) { return mv_a(); }" &&
	test_must_fail house/scripts/check-circles.sh "$PWD/house/build" >out &&
	test_grep "libmv/p/a" out && test_grep "libmv/p/b" out &&
	objects house libmv/p/a "int mv_b(void); int mv_a(void) { return mv_b(); }" \
		libmv/q/b "int mv_c(void); int mv_b(void) { return mv_c(); }" \
		libmv/r/c "extern int mv_a(void); int (*mv_c(void))(void); int (*mv_c(void))(void) { return mv_a; }" &&
	test_must_fail house/scripts/check-circles.sh "$PWD/house/build" >out &&
	test_grep "libmv/p/a" out && test_grep "libmv/q/b" out &&
	test_grep "libmv/r/c" out
'
test_expect_success 'circles: what counts as one is one, and nothing looked at is no success' '
	objects house libmv/hall-a "int mv_b(void); int mv_a(void) { return mv_b(); }" \
		libmv/hall-b "int mv_a(void); int mv_b(void) { return mv_a(); }" \
		libmv/q "int mv_a(void); int mv_q(void) { return mv_a(); }" &&
	house/scripts/check-circles.sh "$PWD/house/build" &&
	objects house libmv/hall-a "int mv_q(void); int mv_a(void) { return mv_q(); }" \
		libmv/q "int mv_a(void); int mv_q(void) { return mv_a(); }" &&
	test_must_fail house/scripts/check-circles.sh "$PWD/house/build" >out &&
	test_grep "libmv/hall" out &&
	test_must_fail house/scripts/check-circles.sh "$PWD/nowhere"
'

# refuses_name <file of the copy> <lines to add> <pattern>
refuses_name () {
	cp "tree/$1" saved &&
	{ cat saved && printf "%s\n" "$2"; } >"tree/$1" &&
	test_must_fail tree/scripts/check-names.sh >out
	name_status=$?
	mv saved "tree/$1" && test $name_status = 0 &&
	test_grep -e "$3" out && test_line_count = 1 out
}

test_expect_success 'names: a public header has few functions' '
	tree/scripts/check-names.sh &&
	for i in 1 2 3 4 5 6 7
	do
		printf "int mv_more_%s(int a,\n\t int (*fn)(void *), int b);\n" $i
	done >more &&
	refuses_name libmv/meta/curves.h "$(cat more)" \
		"^libmv/meta/curves.h: 2[1-9] functions"
'
test_expect_success 'names: a function says its part' '
	refuses_name libmv/gate/priv.h "int mv_judge(struct mv_gate *gate);" \
		"^libmv/gate/priv.h: mv_judge() does not begin with mv_gate_" &&
	refuses_name libmv/repo/repo.h "static inline int mv_nul(void)
{
	return 0;
}" "^libmv/repo/repo.h: mv_nul() does not begin with mv_repo_"
'
test_expect_success 'names: a static function can be found' '
	for file in cmd/out.c libmv/base/buf.c libmv/gate/gate.c
	do
		echo "static int sown(void) { return 0; }" >>tree/$file || return
	done &&
	tree/scripts/check-names.sh &&
	refuses_name hooks/hook.c "static int sown(void)
{
	return 0;
}" "^sown() is static in .*libmv/gate/gate.c"
'
test_expect_success 'names: no header is no success' '
	mkdir -p bare/scripts bare/libmv &&
	cp "$top/scripts/check-names.sh" bare/scripts/ &&
	: >bare/scripts/layers.txt &&
	test_must_fail bare/scripts/check-names.sh
'

refuses_command () {
	test_must_fail tree/scripts/check-commands.sh >out 2>&1 &&
	test_grep -e "$1" out
}

# away <file of the copy>: gone for this test
away () {
	test_when_finished "mv gone \"tree/$1\"" &&
	mv "tree/$1" gone
}

row='	{ "sown", cmd_sown, 0, "x" },'

test_expect_success 'commands: a row has source, manual and test' '
	test_when_finished "mv saved tree/cmd/git-model.c" &&
	cp tree/cmd/git-model.c saved &&
	sed "s/^	{ \"version\", .*/&\\n$row/" saved >tree/cmd/git-model.c &&
	refuses_command "sown: no cmd/sown.c" &&
	refuses_command "sown: no manual" &&
	refuses_command "sown: no function cmd_sown" &&
	refuses_command "sown: not in docs/man/git-model.adoc" &&
	refuses_command "sown: no test"
'
test_expect_success 'commands: a hidden one has a source and a test' '
	test_when_finished "mv saved tree/cmd/git-model.c" &&
	cp tree/cmd/git-model.c saved &&
	sed "s/^	{ \"version\", .*/&\\n$row/" saved |
	sed "s/cmd_sown, 0/cmd_sown, CMD_HIDDEN/" >tree/cmd/git-model.c &&
	refuses_command "sown: no function cmd_sown" &&
	refuses_command "sown: no test" &&
	test_line_count = 2 out
'
test_expect_success 'commands: no source without a row' '
	test_when_finished rm -f tree/cmd/planted.c &&
	echo "int cmd_planted(void);" >tree/cmd/planted.c &&
	refuses_command "cmd/planted.c: not in the table"
'
test_expect_success 'commands: no manual without a command' '
	test_when_finished rm -f tree/docs/man/git-model-planted.adoc &&
	echo "= git-model-planted(1)" >tree/docs/man/git-model-planted.adoc &&
	refuses_command "git-model-planted.adoc: no such command"
'
test_expect_success 'commands: a missing manual is found' '
	away docs/man/git-model-version.adoc &&
	refuses_command "version: no manual"
'
test_expect_success 'commands: an empty table is no success' '
	away cmd/git-model.c &&
	: >tree/cmd/git-model.c &&
	refuses_command "no commands found"
'

test_expect_success 'headers: each one compiles alone' '
	mkdir -p planted/scripts planted/libmv &&
	cp "$top/scripts/check-headers.sh" planted/scripts &&
	echo "struct mv_fine { int a; };" >planted/libmv/guarded.h &&
	sed -i -e "1i#ifndef G" -e "1i#define G" -e "\$a#endif" \
		planted/libmv/guarded.h &&
	planted/scripts/check-headers.sh &&
	echo "size_t mv_planted(void);" >planted/libmv/bare.h &&
	test_must_fail planted/scripts/check-headers.sh 2>&1 >out &&
	test_grep "libmv/bare.h does not compile alone" out
'
test_expect_success 'headers: each one has a guard' '
	echo "struct mv_planted { int a; };" >planted/libmv/bare.h &&
	test_must_fail planted/scripts/check-headers.sh 2>&1 >out &&
	test_grep "libmv/bare.h does not compile alone" out
'

page=tree/docs/man/git-model-version.adoc

# refuses_docs <sed script that spoils the page> <pattern>
refuses_docs () {
	test_when_finished "mv saved $page" &&
	cp $page saved &&
	sed -i "$1" $page &&
	! cmp -s saved $page &&
	test_must_fail tree/scripts/check-docs.sh "$B/git-model" version >out &&
	test_grep -e "$2" out
}

test_expect_success 'docs: the synopsis is the usage' '
	refuses_docs "s/^git model version .*/git model version/" \
		"version: usage and synopsis differ"
'
test_expect_success 'docs: every option is explained' '
	refuses_docs "/^--json::/d" "^---json"
'
test_expect_success 'docs: no option is explained that is not there' '
	refuses_docs "s/^--json::/--yaml::\\n\\n&/" "^+--yaml"
'
test_expect_success 'docs: a page without synopsis is found' '
	refuses_docs "/^----/d" "version: usage and synopsis differ"
'

# -- the driver of the fuzzers --

test_expect_success 'replay: a crash is not ok, and its input is kept' '
	mkdir corpus &&
	echo "harmless" >corpus/a &&
	cat >fuzz-planted.c <<-\EOD &&
	#include <stdint.h>
	#include <stdlib.h>
	#include <string.h>
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
	{
		if (size >= 4 && !memcmp(data, "BAD!", 4))
			abort();
		return 0;
	}
	EOD
	gcc -O1 -D_GNU_SOURCE -o fuzz-planted fuzz-planted.c \
		-I "$top" "$top/tests/fuzz/replay.c" &&
	./fuzz-planted corpus >out &&
	test_grep "^ok 1 - corpus/a" out &&
	test_grep "^1\.\.1$" out &&
	echo "BAD!input" >corpus/b &&
	test_expect_code 134 ./fuzz-planted corpus >out &&
	test_grep "^Bail out" out &&
	test_grep ! "^ok 2" out &&
	cmp corpus/b "$TMPDIR/crash-planted"
'
test_expect_success 'replay: near misses of the corpus are run, too' '
	rm "$TMPDIR/crash-planted" &&
	printf "BAD " >corpus/b &&
	test_expect_code 134 ./fuzz-planted -n 20000 corpus >out &&
	printf "BAD!" >expect &&
	head -c 4 "$TMPDIR/crash-planted" >actual &&
	cmp expect actual
'
test_expect_success 'replay: an empty corpus is no success' '
	mkdir empty &&
	test_must_fail ./fuzz-planted empty
'

# -- the harness itself --

cat >t-planted.sh <<'EOD'
test_description='planted'
. "$TEST_LIB"
test_expect_success 'planted' "$PLANTED"
test_done
EOD

# harness <body>: run a script with that one test
harness () {
	(
		sed "s|^TEST_DIR=.*|TEST_DIR=$TEST_DIR|" \
			"$TEST_DIR/lib-test.sh" >lib.sh &&
		PLANTED=$1 TEST_LIB=./lib.sh sh ./t-planted.sh
	)
}

test_expect_success 'the harness: true is ok, false is not' '
	harness true >out &&
	test_grep "^ok 1 - planted" out &&
	test_must_fail harness false >out &&
	test_grep "^not ok 1 - planted" out
'
test_expect_success 'the harness: a broken chain of && is found' '
	test_must_fail harness "false
		true" >out &&
	test_grep "chain of && is broken" out
'
test_expect_success 'the harness: a crash is no failure that one may expect' '
	harness "test_must_fail false" >out &&
	test_must_fail harness "test_must_fail sh -c \"kill -SEGV \\\$\\\$\"" >out &&
	test_grep "died of signal 11" out &&
	test_must_fail harness "test_must_fail no-such-program" >out &&
	test_must_fail harness "test_must_fail true" >out
'
test_expect_success 'the harness: clean-up runs, and its failure counts' '
	test_must_fail harness \
		"test_when_finished touch \"$TRASH/cleaned\" && false" >out &&
	test_path_is_file "$TRASH/cleaned" &&
	test_must_fail harness "test_when_finished false && true" >out
'
test_expect_success 'the harness: git knows nothing of the user' '
	GIT_DIR=/nowhere GIT_AUTHOR_NAME=Me harness "
		test_must_fail git rev-parse --git-dir 2>err &&
		test_grep \"not a git repository\" err &&
		git init -q repo &&
		git -C repo commit -q --allow-empty -m x &&
		test \"\$(git -C repo log --format=%an%at)\" = \
			\"A U Thor1700000060\"
	"
'

test_done
