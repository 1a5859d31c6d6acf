/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libmv/meta/curves.h"
#include "libmv/meta/facts.h"
#include "tests/unit/curves-text.h"

static void are(struct mv_curves *c, const char *text)
{
	struct mv_buf b;

	mv_curves_sort(c);
	mv_buf_init(&b, 1u << 20);
	assert_int_equal(curves_print(&b, c), 0);
	assert_string_equal(b.data, text);
	mv_buf_release(&b);
}

static void test_meta_curves__print_and_parse_are_inverse(void **state)
{
	static const char text[] =
		"{\"metric\":\"acc\",\"points\":[[-9223372036854775808,0,1.0],"
		"[9223372036854775807,1795248900123,-0.1]]}\n"
		"{\"metric\":\"lo\\\"ss\\n\",\"points\":[[0,0,{\"number\":\"nan\"}],"
		"[1,0,{\"number\":\"inf\"}],[2,0,{\"number\":\"-inf\"}]]}\n";
	struct mv_curves c = { .count = 0 }, d;

	(void)state;
	assert_int_equal(mv_curves_add(&c, "lo\"ss\n", 2, 0, -INFINITY, NULL), 0);
	assert_int_equal(mv_curves_add(&c, "lo\"ss\n", 0, 0, NAN, NULL), 0);
	assert_int_equal(mv_curves_add(&c, "acc", INT64_MAX, 1795248900123,
				       -0.1, NULL), 0);
	assert_int_equal(mv_curves_add(&c, "lo\"ss\n", 1, 0, INFINITY, NULL), 0);
	assert_int_equal(mv_curves_add(&c, "acc", INT64_MIN, 0, 1, NULL), 0);
	are(&c, text);
	assert_int_equal(curves_parse(&d, text, strlen(text), NULL), 0);
	are(&d, text);
	assert_true(d.series[0].points[0].step == INT64_MIN);
	assert_true(isnan(d.series[1].points[0].value));
	mv_curves_release(&d);
	mv_curves_release(&c);
	assert_int_equal(mv_curves_add(&c, "", 0, 0, 1, NULL), MV_EINVALID);
	assert_int_equal(mv_curves_add(&c, "\xff", 0, 0, 1, NULL), MV_EINVALID);
	assert_int_equal(c.count, 0);
	mv_curves_release(&c);
	assert_int_equal(curves_parse(&d, "", 0, NULL), 0);
	assert_int_equal(d.count, 0);
}

static void test_meta_curves__sorting_is_stable(void **state)
{
	struct mv_curves c = { .count = 0 };

	(void)state;
	for (int i = 0; i < 5000; i++)
		assert_int_equal(mv_curves_add(&c, "m", i * 37 % 100, i, i,
					       NULL), 0);
	mv_curves_sort(&c);
	for (size_t i = 1; i < c.series[0].count; i++) {
		const struct mv_point *p = &c.series[0].points[i];

		assert_true(p[-1].step < p->step ||
			    (p[-1].step == p->step && p[-1].ms < p->ms));
	}
	mv_curves_release(&c);
}

static void test_meta_curves__a_growing_file_keeps_its_beginning(void **state)
{
	struct mv_curves c = { .count = 0 }, d;
	struct mv_buf before, after;
	size_t lines = 0;

	(void)state;
	mv_buf_init(&before, 1u << 20);
	mv_buf_init(&after, 1u << 20);
	for (int i = 0; i < 2000; i++)
		mv_curves_add(&c, "m", i, 0, i / 3.0, NULL);
	assert_int_equal(curves_print(&before, &c), 0);
	mv_curves_add(&c, "m", 2000, 0, 1, NULL);
	assert_int_equal(curves_print(&after, &c), 0);
	assert_memory_equal(before.data, after.data, before.len);
	for (size_t i = 0; i < after.len; i++)
		lines += after.data[i] == '\n';
	assert_int_equal(lines, 3);
	assert_int_equal(curves_parse(&d, after.data, after.len, NULL), 0);
	assert_int_equal(d.count, 1);
	assert_int_equal(d.series[0].count, 2001);
	mv_curves_release(&d);
	mv_curves_release(&c);
	mv_buf_release(&after);
	mv_buf_release(&before);
}

static void test_meta_curves__parse_refuses(void **state)
{
	static const char *const bad[] = {
		"x", "[]", "{}", "\n", "{\"metric\":\"m\"}",
		"{\"metric\":\"m\",\"points\":[]}",
		"{\"metric\":\"\",\"points\":[[0,0,1]]}",
		"{\"metric\":1,\"points\":[[0,0,1]]}",
		"{\"metric\":\"m\",\"points\":[[0,0]]}",
		"{\"metric\":\"m\",\"points\":[[0,0,1,2]]}",
		"{\"metric\":\"m\",\"points\":[[0.5,0,1]]}",
		"{\"metric\":\"m\",\"points\":[[0,0,\"1\"]]}",
		"{\"metric\":\"m\",\"points\":[[0,0,{\"number\":\"x\"}]]}",
		"{\"metric\":\"m\",\"points\":{\"a\":1}}"
	};
	struct mv_curves c;
	struct mv_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (curves_parse(&c, bad[i], strlen(bad[i]), &err) !=
		    MV_EINVALID)
			fail_msg("accepted %s", bad[i]);
		assert_int_equal(c.count, 0);
		assert_non_null(strstr(err.msg, "line 1"));
	}
}

static void table(const char *name, const char *prefix, const char *text,
		  size_t skipped, const char *expected)
{
	struct mv_curves c = { .count = 0 };
	struct mv_err err = { MV_OK, "" };
	struct mv_mem_reader mem = { text, strlen(text), 0 };
	struct mv_source in = source_mem(&mem);
	size_t left = 0;

	if (mv_curves_read_table(&c, name, prefix, &in, &left, &err))
		fail_msg("%s", err.msg);
	are(&c, expected);
	assert_int_equal(left, skipped);
	mv_curves_release(&c);
}

static void rejects(const char *text, const char *what)
{
	struct mv_curves c = { .count = 0 };
	struct mv_err err = { MV_OK, "" };
	struct mv_mem_reader mem = { text, strlen(text), 0 };
	struct mv_source in = source_mem(&mem);

	assert_int_equal(mv_curves_read_table(&c, "d/t.csv", "", &in, NULL,
					      &err), MV_EINVALID);
	if (!strstr(err.msg, what))
		fail_msg("'%s' is not in '%s'", what, err.msg);
	mv_curves_release(&c);
}

static void test_meta_curves__tables(void **state)
{
	(void)state;
	table("a/loss.tsv", "train.", "timestamp\tstep\tloss\n"
	      "1795248900123\t0\t0.7\n1795248901\t1\t5e-1\n", 0,
	      "{\"metric\":\"train.loss\",\"points\":[[0,1795248900123,0.7],"
	      "[1,1795248901000,0.5]]}\n");
	table("t.csv", "", "\xef\xbb\xbf\"a \"\"x\"\"\",b,note\r\n"
	      "1,nan,hi\r\n\r\n2,,\"multi\r\nline, too\"\r\n-inf,3,\r\n", 2,
	      "{\"metric\":\"a \\\"x\\\"\",\"points\":[[0,0,1.0],[1,0,2.0],"
	      "[2,0,{\"number\":\"-inf\"}]]}\n"
	      "{\"metric\":\"b\",\"points\":[[0,0,{\"number\":\"nan\"}],"
	      "[2,0,3.0]]}\n");
	/* Only one column is the step. */
	table("t.csv", "", "epoch,Step,l\n0,10,1\n0,20,2", 0,
	      "{\"metric\":\"epoch\",\"points\":[[10,0,0.0],[20,0,0.0]]}\n"
	      "{\"metric\":\"l\",\"points\":[[10,0,1.0],[20,0,2.0]]}\n");
	table("t.csv", "", "epoch,time,l\n3.0,2026-11-21T08:15:00Z,1\n", 0,
	      "{\"metric\":\"l\",\"points\":[[3,1795248900000,1.0]]}\n");
	table("t.csv", "", "l\n0x10\n 1 \n1e999\n", 1,
	      "{\"metric\":\"l\",\"points\":[[1,0,1.0],"
	      "[2,0,{\"number\":\"inf\"}]]}\n");
	/* Begun anew at 1; and in no order. */
	table("t.csv", "", " step ,l\n0,1\n1,2\n 2 ,3\n1,4\n", 0,
	      "{\"metric\":\"l\",\"points\":[[0,0,1.0],[1,0,4.0]]}\n");
	table("t.csv", "", "step,l\n2,1\n1,2\n0,3\n", 0,
	      "{\"metric\":\"l\",\"points\":[[0,0,3.0],[1,0,2.0],"
	      "[2,0,1.0]]}\n");
	rejects("", "d/t.csv:1: no header");
	rejects("a,a\n1,2\n", "d/t.csv:1: column 'a' occurs twice");
	rejects("a,b\n1\n", "d/t.csv:2: 1 cells, but 2 columns");
	rejects("a,\"b\nc\"\n1,2\n\n1,2,3\n", "d/t.csv:5: 3 cells");
	rejects("a\n\"x\n", "d/t.csv:2: a quote");
	rejects("a\nx\"y\n", "d/t.csv:2: a quote inside");
	rejects("a\n\"x\"y\n", "d/t.csv:2: text behind");
	rejects("step,a\n1.5,1\n", "d/t.csv:2: the step");
	rejects("step,a\n99999999999999999999,1\n", "d/t.csv:2: the step");
	rejects(",b\n1,2\n", "d/t.csv:2: a metric's name");
	rejects("b\xff\n1\n", "not UTF-8");
}

static void test_meta_curves__last_values_are_facts(void **state)
{
	struct mv_curves c = { .count = 0 };
	struct mv_facts f = MV_FACTS_INIT;

	(void)state;
	mv_curves_add(&c, "m", 2, 0, NAN, NULL);
	mv_curves_add(&c, "m", 1, 0, 5, NULL);
	mv_curves_add(&c, "n", 1, 0, 0.5, NULL);
	mv_curves_sort(&c);
	assert_int_equal(mv_curves_last(&f, &c, NULL), 0);
	assert_int_equal(f.count, 2);
	assert_string_equal(mv_facts_get(&f, "m")->text, "nan");
	assert_string_equal(mv_facts_get(&f, "n")->text, "0.5");
	mv_facts_release(&f);
	mv_curves_release(&c);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void test_meta_curves__many_points_are_no_trouble(void **state)
{
	enum { POINTS = 200000 };
	struct mv_curves c = { .count = 0 }, d;
	double times[4];
	struct mv_buf b;

	(void)state;
	mv_buf_init(&b, 256u << 20);
	times[0] = seconds();
	for (int i = 0; i < POINTS; i++)
		mv_curves_add(&c, i % 2 ? "a" : "b", POINTS - i,
			      1795248900123 + i, 1.0 / (i + 1), NULL);
	mv_curves_sort(&c);
	times[1] = seconds();
	assert_int_equal(curves_print(&b, &c), 0);
	times[2] = seconds();
	assert_int_equal(curves_parse(&d, b.data, b.len, NULL), 0);
	times[3] = seconds();
	print_message("# %d points, %zu bytes: build %.2f s, print %.2f s, "
		      "parse %.2f s\n", POINTS, b.len, times[1] - times[0],
		      times[2] - times[1], times[3] - times[2]);
	assert_int_equal(d.series[0].count, POINTS / 2);
	assert_true(d.series[1].points[0].value == c.series[1].points[0].value);
	mv_curves_release(&d);
	mv_curves_release(&c);
	mv_buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meta_curves__print_and_parse_are_inverse),
		cmocka_unit_test(test_meta_curves__sorting_is_stable),
		cmocka_unit_test(test_meta_curves__a_growing_file_keeps_its_beginning),
		cmocka_unit_test(test_meta_curves__parse_refuses),
		cmocka_unit_test(test_meta_curves__tables),
		cmocka_unit_test(test_meta_curves__last_values_are_facts),
		cmocka_unit_test(test_meta_curves__many_points_are_no_trouble)
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
