/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "libmv/meta/evidence.h"
#include "libmv/report/text.h"
#include "libmv/report/views.h"
#include "report-views.h"

static void print(struct mv_buf *out, struct mv_comparison *c, unsigned flags)
{
	struct mv_style style = { .flags = flags, .width = 80 };

	mv_buf_init(out, 1 << 20);
	assert_int_equal(mv_comparison_text(out, c, &style, NULL), 0);
	mv_comparison_release(c);
}

static void test_report_comparison_text__says_everything_once(void **state)
{
	struct mv_comparison c;
	struct mv_buf out;

	(void)state;
	init_full(&c);
	print(&out, &c, 0);
	check_text(&out,
		   "production (v1.2.0, 3f2a91c) .. HEAD (9b1c2d3)\n"
		   "base: what holds the stage production\n"
		   "1 metric worse, 1 better, in 1 artifact; 3 not measured on "
		   "the same data\n"
		   "\n"
		   "fraud  models/fraud.safetensors  12.0 MiB -> 12.5 MiB\n"
		   "  Metric        production    HEAD   Change  Relative  "
		   "Verdict\n"
		   "  auc               0.9120  0.9310  +0.0190     +2.1%  better "
		   "(other data)\n"
		   "  latency (ms)          12      14       +2    +16.7%  worse "
		   "(other data)\n"
		   "  note                  ok  better                     (other "
		   "data)\n"
		   "  recall                 -     0.5                     new\n"
		   "  ! not measured on the same evaluation data: auc, latency, "
		   "note: holdout (aaaaaaa) against holdout (bbbbbbb)\n"
		   "\n"
		   "  Param   production  HEAD\n"
		   "  epochs  -           20\n"
		   "  lr      0.01        0.003\n"
		   "\n"
		   "  Data  Name     production        HEAD\n"
		   "  eval  holdout  aaaaaaa  2.0 KiB  bbbbbbb  2.0 KiB\n"
		   "\n"
		   "  Environment  production  HEAD\n"
		   "  python       3.10        3.11\n"
		   "\n"
		   "  Content\n"
		   "    + head.bias  F32 [2]\n"
		   "    ~ head.weight  F32 [2, 64] -> F32 [2, 128]\n"
		   "\n"
		   "models/tiny.bin  new, 900 B\n");
}

static void test_report_comparison_text__colours_what_words_say(void **state)
{
	struct mv_comparison c;
	struct mv_buf out;

	(void)state;
	init_comparison(&c, 1);
	init_pair(&c.v[0], "fraud", "fraud.bin");
	add_facts(&c.v[0].old_evidence.metrics, "auc=0.5", "loss=1", "x=1",
		  NULL);
	add_facts(&c.v[0].new_evidence.metrics, "auc=0.75", "loss=2", "x=3",
		  NULL);
	compare_pair(&c, 0);
	print(&out, &c, MV_STYLE_COLOR | MV_STYLE_UNICODE);
	check_text(&out,
		   "\033[1mproduction\033[m (v1.2.0, 3f2a91c) .. "
		   "\033[1mHEAD\033[m (9b1c2d3)\n"
		   "\033[2mbase: what holds the stage production\033[m\n"
		   "\033[31m1 metric worse, 1 better, in 1 artifact\033[m\n"
		   "\n"
		   "\033[1mfraud\033[m\033[2m  fraud.bin  12.0 MiB → 12.5 "
		   "MiB\033[m\n"
		   "  \033[2mMetric\033[m  \033[2mproduction\033[m    "
		   "\033[2mHEAD\033[m   \033[2mChange\033[m  "
		   "\033[2mRelative\033[m  \033[2mVerdict\033[m\n"
		   "  auc         0.5000  0.7500  \033[32m+0.2500\033[m    "
		   "\033[32m+50.0%\033[m  \033[32mbetter\033[m\n"
		   "  loss             1       2       \033[31m+1\033[m     "
		   "\033[31m+100%\033[m  \033[31mworse\033[m\n"
		   "  x                1       3       +2     +200%\n");
}

static void test_report_comparison_text__nan_and_unknown_are_not_judged(void **state)
{
	struct mv_comparison c;
	struct mv_buf out;

	(void)state;
	init_comparison(&c, 1);
	free(c.head_name);
	free(c.head);
	free(c.why);
	c.head_name = c.head = c.why = NULL;
	init_pair(&c.v[0], NULL, "m.bin");
	set_oid(&c.v[0].new.oid, 1);
	add_facts(&c.v[0].old_evidence.metrics, "unknown=1", "zero=0",
		  "big=1000", "gone=1", NULL);
	add_facts(&c.v[0].new_evidence.metrics, "unknown=2", "zero=0.5",
		  "big=9000000", NULL);
	add_real(&c.v[0].old_evidence.metrics, "inf", INFINITY);
	add_real(&c.v[0].new_evidence.metrics, "inf", -INFINITY);
	add_real(&c.v[0].old_evidence.metrics, "nan", 0.5);
	add_real(&c.v[0].new_evidence.metrics, "nan", NAN);
	compare_pair(&c, 0);
	c.skipped_lines = 1;
	print(&out, &c, 0);
	check_text(&out,
		   "production (v1.2.0, 3f2a91c) .. the index\n"
		   "1 artifact differs, 6 metrics changed, none judged\n"
		   "\n"
		   "m.bin  same content, 12.5 MiB\n"
		   "  Metric   production  the index    Change  Relative  "
		   "Verdict\n"
		   "  big            1000    9000000  +8999000   >+9999%\n"
		   "  gone              1          -                      gone\n"
		   "  inf             inf       -inf\n"
		   "  nan             0.5        nan\n"
		   "  unknown           1          2        +1     +100%\n"
		   "  zero              0        0.5      +0.5\n"
		   "\n"
		   "1 line of the notes could not be read\n");
}

static void test_report_comparison_text__long_text_leaves_room_for_numbers(void **state)
{
	struct mv_comparison c;
	struct mv_buf out;

	(void)state;
	init_comparison(&c, 1);
	init_pair(&c.v[0], NULL, "m.bin");
	set_oid(&c.v[0].new.oid, 1);
	add_facts(&c.v[0].old_evidence.metrics, "loss=2", NULL);
	add_facts(&c.v[0].new_evidence.metrics, "loss=1", NULL);
	add_text(&c.v[0].old_evidence.metrics, "digest",
		 "0123456789012345678901234567890123456789012345678901");
	add_text(&c.v[0].new_evidence.metrics, "digest",
		 "9876543210987654321098765432109876543210987654321098");
	compare_pair(&c, 0);
	print(&out, &c, 0);
	assert_non_null(strstr(out.data, "HEAD  Change  Rel"));
	assert_non_null(strstr(out.data, "  01234567890123"));
	assert_non_null(strstr(out.data, "  98765432109876"));
	assert_non_null(strstr(out.data, "-1"));
	mv_buf_release(&out);
}

static void test_report_comparison_text__nothing_differs(void **state)
{
	struct mv_comparison c;
	struct mv_buf out;

	(void)state;
	init_comparison(&c, 0);
	print(&out, &c, 0);
	check_text(&out,
		   "production (v1.2.0, 3f2a91c) .. HEAD (9b1c2d3)\n"
		   "base: what holds the stage production\n"
		   "no artifact differs\n");
}

static void test_report_comparison_text__strangers_stay_on_their_line(void **state)
{
	struct mv_comparison c;
	struct mv_buf out;
	struct mv_pair *p;

	(void)state;
	init_comparison(&c, 1);
	p = &c.v[0];
	init_pair(p, "a\033[2Jb", "p\nq\xff");
	p->old_path = dup("\xe2\x80\xae" "evil");
	init_evidence(&p->old_evidence, "data\r\n::error::x", 1);
	init_evidence(&p->new_evidence, "d\x07", 2);
	add_facts(&p->old_evidence.metrics, "k\ney=1", NULL);
	add_facts(&p->new_evidence.metrics, "k\ney=2", NULL);
	add_text(&p->old_evidence.params, "p\tq", "v\n1");
	add_text(&p->new_evidence.params, "p\tq", "\xc2\x9b" "2J");
	p->data_changed = 1;
	p->content = dup("+ t\033ensor\n");
	free(c.why);
	c.why = dup("w\nhy");
	free(c.base_name);
	c.base_name = dup("b\nase");
	compare_pair(&c, 0);
	print(&out, &c, 0);
	check_text(&out,
		   "b\\x0aase (v1.2.0, 3f2a91c) .. HEAD (9b1c2d3)\n"
		   "base: w\\x0ahy\n"
		   "1 artifact differs, 1 metric changed, none judged; 1 not "
		   "measured on the same data\n"
		   "\n"
		   "a\\x1b[2Jb  p\\x0aq\\xff  (was \\u{202e}evil)  12.0 MiB -> "
		   "12.5 MiB\n"
		   "  Metric   b\\x0aase  HEAD  Change  Relative  Verdict\n"
		   "  k\\x0aey         1     2      +1     +100%  (other data)\n"
		   "  ! not measured on the same evaluation data: k\\x0aey: "
		   "data\\x0d\\x0a::error::x (0101010) against d\\x07 "
		   "(0202020)\n"
		   "\n"
		   "  Param   b\\x0aase  HEAD\n"
		   "  p\\x09q  v\\x0a1    \\u{009b}2J\n"
		   "\n"
		   "  Data  Name                    b\\x0aase          HEAD\n"
		   "  eval  data\\x0d\\x0a::error::x  0101010  2.0 KiB  -\n"
		   "  eval  d\\x07                   -                 0202020  "
		   "2.0 KiB\n"
		   "\n"
		   "  Content\n"
		   "    + t\\x1bensor\n");
}

/* How many times `what` is in it. */
static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

static void init_long(struct mv_comparison *c)
{
	char arg[32];

	init_comparison(c, 1);
	init_pair(&c->v[0], NULL, "m.bin");
	for (int i = 0; i < 40; i++) {
		snprintf(arg, sizeof(arg), "p%02d=%d", i, i);
		add_facts(&c->v[0].new_evidence.params, arg, NULL);
	}
	c->v[0].content = dup("l\nl\nl\nl\nl\nl\nl\nl\nl\nl\nl\nl\nl\nl");
	compare_pair(c, 0);
}

static void test_report_comparison_text__long_lists_are_cut_but_with_all(void **state)
{
	struct mv_comparison c;
	struct mv_buf out;

	(void)state;
	init_long(&c);
	print(&out, &c, 0);
	assert_int_equal(count(out.data, "\n  p"), 12);
	assert_int_equal(count(out.data, "\n    l"), 12);
	assert_int_equal(count(out.data, "\n  (28 more; --all)\n"), 1);
	assert_int_equal(count(out.data, "\n  (2 more; --all)\n"), 1);
	mv_buf_release(&out);
	init_long(&c);
	print(&out, &c, MV_STYLE_ALL);
	assert_int_equal(count(out.data, "\n  p"), 40);
	assert_int_equal(count(out.data, "\n    l"), 14);
	assert_null(strstr(out.data, "more"));
	mv_buf_release(&out);
}

static void test_report_comparison_text__metrics_share_their_warning(void **state)
{
	struct mv_comparison c;
	struct mv_buf out;
	struct mv_pair *p;

	(void)state;
	init_comparison(&c, 1);
	p = &c.v[0];
	init_pair(p, "a", "a.bin");
	init_evidence(&p->old_evidence, "holdout", 1);
	init_evidence(&p->new_evidence, NULL, 0);
	add_facts(&p->old_evidence.metrics, "a=1", "b=1", "c=1", "d=1", "e=1",
		  "f=1", "g=1", "h=1", "i=1", NULL);
	add_facts(&p->new_evidence.metrics, "a=2", "b=2", "c=2", "d=2", "e=2",
		  "f=2", "g=2", "h=2", "i=2", NULL);
	compare_pair(&c, 0);
	print(&out, &c, 0);
	assert_int_equal(count(out.data, "not measured on the same"), 2);
	assert_non_null(strstr(out.data, "\n  ! not measured on the same "
			       "evaluation data: a, b, c, d, e, f, g, h and 1 "
			       "more: holdout (0101010) against nobody said "
			       "which\n"));
	mv_buf_release(&out);
}

static void test_report_comparison_text__each_two_sides_have_their_warning(void **state)
{
	struct mv_comparison c;
	struct mv_evidence two, *e;
	struct mv_buf out;

	(void)state;
	init_comparison(&c, 1);
	init_pair(&c.v[0], "a", "a.bin");
	e = &c.v[0].old_evidence;
	init_evidence(e, "day", 1);
	init_evidence(&two, "night", 2);
	e->records = realloc(e->records, 2 * sizeof(*e->records));
	assert_non_null(e->records);
	e->records[1] = two.records[0];
	free(two.records);
	e->count = 2;
	e->data = &e->records[1];
	init_evidence(&c.v[0].new_evidence, "all", 3);
	add_facts(&e->metrics, "a=1", "b=1", "c=1", NULL);
	e->metrics.v[1].from = 1;
	add_facts(&c.v[0].new_evidence.metrics, "a=2", "b=2", "c=2", NULL);
	compare_pair(&c, 0);
	print(&out, &c, 0);
	assert_non_null(strstr(out.data, "data: a, c: day (0101010) against "
			       "all (0303030)\n"));
	assert_non_null(strstr(out.data, "data: b: night (0202020) against "
			       "all (0303030)\n"));
	mv_buf_release(&out);
}

static void test_report_comparison_text__a_full_buffer_is_as_it_was(void **state)
{
	struct mv_comparison c;
	struct mv_err err = { MV_OK, "" };
	struct mv_buf out;

	(void)state;
	init_full(&c);
	for (size_t max = 6; max < 900; max += 7) {
		mv_buf_init(&out, max);
		mv_buf_addstr(&out, "before");
		assert_int_equal(mv_comparison_text(&out, &c, NULL, &err),
				 MV_ENOMEM);
		assert_string_equal(out.data, "before");
		mv_buf_release(&out);
	}
	mv_comparison_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report_comparison_text__says_everything_once),
		cmocka_unit_test(test_report_comparison_text__colours_what_words_say),
		cmocka_unit_test(test_report_comparison_text__nan_and_unknown_are_not_judged),
		cmocka_unit_test(test_report_comparison_text__nothing_differs),
		cmocka_unit_test(test_report_comparison_text__strangers_stay_on_their_line),
		cmocka_unit_test(test_report_comparison_text__long_lists_are_cut_but_with_all),
		cmocka_unit_test(test_report_comparison_text__metrics_share_their_warning),
		cmocka_unit_test(test_report_comparison_text__long_text_leaves_room_for_numbers),
		cmocka_unit_test(test_report_comparison_text__each_two_sides_have_their_warning),
		cmocka_unit_test(test_report_comparison_text__a_full_buffer_is_as_it_was),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
