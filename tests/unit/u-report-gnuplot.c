/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "libmv/report/pages.h"
#include "libmv/report/views.h"
#include "report-views.h"

static void init_plot(struct mv_plot *p, const char *name, double value)
{
	memset(p, 0, sizeof(*p));
	p->title = dup(name);
	p->x_label = dup(name);
	p->y_label = dup(name);
	p->v = zeroed(1, sizeof(*p->v));
	p->count = 1;
	p->v[0].label = dup(name);
	p->v[0].metric = dup("loss");
	p->v[0].points = zeroed(3, sizeof(*p->v[0].points));
	p->v[0].count = 3;
	p->v[0].points[0].step = 1;
	p->v[0].points[0].value = 0.5;
	p->v[0].points[1].step = 2;
	p->v[0].points[1].value = value;
	p->v[0].points[2].step = 3;
	p->v[0].points[2].value = 0.25;
}

static void print(struct mv_buf *out, struct mv_plot *p)
{
	struct mv_err err = { MV_OK, "" };

	mv_buf_init(out, 1 << 20);
	if (mv_plot_gnuplot(out, p, 640, 400, &err))
		fail_msg("%s", err.msg);
	mv_plot_release(p);
}

/* What stands outside of single quotes. */
static char *outside(const char *script)
{
	char *text = zeroed(strlen(script) + 1, 1), *to = text;
	int quoted = 0;

	for (; *script; script++) {
		if (*script == '\'')
			quoted = !quoted;
		else if (!quoted)
			*to++ = *script;
		else
			assert_int_not_equal(*script, '\n');
	}
	assert_false(quoted);
	return text;
}

static void test_report_gnuplot__no_name_is_a_command(void **state)
{
	static const char *const names[] = {
		"'\nsystem('touch x')\n'", "`touch x`", "x'; system 'touch x",
		"\"`touch x`\"", "a\\", "'", "''", "@system", "# $d0 << EOD",
		"EOD\nplot sin(x)", "a\x01\x1b[2J"
	};
	struct mv_plot p;
	struct mv_buf out;
	char *rest, *first = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		init_plot(&p, names[i], 0.3);
		print(&out, &p);
		rest = outside(out.data);
		/* The same script, whatever the names are. */
		if (first)
			assert_string_equal(rest, first);
		else
			first = dup(rest);
		free(rest);
		mv_buf_release(&out);
	}
	assert_null(strstr(first, "touch"));
	free(first);
}

static void test_report_gnuplot__numbers_and_gaps(void **state)
{
	struct mv_plot p;
	struct mv_buf out;

	(void)state;
	init_plot(&p, "v1", NAN);
	print(&out, &p);
	assert_non_null(strstr(out.data, "$d0 << EOD\n1 0.5\n\n3 0.25\nEOD\n"));
	assert_non_null(strstr(out.data, "set terminal svg size 640,400 "
			       "noenhanced"));
	assert_non_null(strstr(out.data, "noenhanced title 'v1  loss'\n"));
	mv_buf_release(&out);
}

static void test_report_gnuplot__nothing_to_draw_is_a_frame(void **state)
{
	struct mv_plot p = { 0 };
	struct mv_buf out;

	(void)state;
	print(&out, &p);
	assert_non_null(strstr(out.data, "plot NaN notitle\n"));
	mv_buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report_gnuplot__no_name_is_a_command),
		cmocka_unit_test(test_report_gnuplot__numbers_and_gaps),
		cmocka_unit_test(test_report_gnuplot__nothing_to_draw_is_a_frame),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
