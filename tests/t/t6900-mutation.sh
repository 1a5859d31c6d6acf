#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='the tests of what decides notice when it is changed'
. ./lib-test.sh

scripts=$TEST_DIR/../../scripts
export B

# The mutator itself: which changes it makes, and where it makes none.
test_expect_success 'a mutant changes one thing, not in comments or strings' '
	tr @ "\t" >x.c <<-\EOF &&
	/* a < b && c */
	static int f(int a)
	{
	@if (a < 2 && !g("a < b"))
	@@return 0;
	@call(a);
	@return MV_RESULT_NO;
	}
	EOF
	awk -f "$scripts/mutate.awk" x.c | sed "s/\t\t*/ /g" >actual &&
	cat >expect <<-\EOF &&
	4 relation if (a <= 2 && !g("a < b"))
	4 relation if (a >= 2 && !g("a < b"))
	4 logic if (a < 2 || !g("a < b"))
	4 not if (a < 2 && g("a < b"))
	4 constant if (a < 3 && !g("a < b"))
	4 constant if (a < 1 && !g("a < b"))
	5 constant return 1;
	6 delete if (0) call(a);
	7 constant return MV_RESULT_YES;
	7 constant return MV_RESULT_UNKNOWN;
	EOF
	test_cmp expect actual
'

# One that is no mutant any more leaves nothing out, and says nothing either.
test_expect_success 'what is listed as meaning the same is a mutant still' '
	for f in "$scripts"/../libmv/policy/decide*.c "$scripts"/../libmv/policy/found.c
	do
		awk -f "$scripts/mutate.awk" "$f" >mutants &&
		awk -v f="${f##*/}" "{ sub(/^[0-9]*\t[a-z]*\t[ \t]*/, \"\"); sub(/[ \t]*\$/, \"\"); print f \": \" \$0 }" mutants ||
			return 1
	done >all &&
	grep "^[a-z-]*\.c: " "$scripts/mutate.equivalent" >same &&
	test_expect_code 1 grep -vxFf all same
'

# A sample of what `make mutate` does with all of them.
test_expect_success 'at least 95 % of 24 mutants of what decides are noticed' '
	"$scripts/mutate.sh" 24 2>err && test_grep ! "mutate:" err
'

test_done
