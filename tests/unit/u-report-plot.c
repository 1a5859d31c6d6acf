/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "libmv/meta/curves.h"
#include "libmv/report/text.h"
#include "libmv/report/views.h"
#include "report-views.h"

static void init_plot(struct mv_plot *p, size_t lines, size_t points)
{
	memset(p, 0, sizeof(*p));
	p->v = zeroed(lines, sizeof(*p->v));
	p->count = lines;
	p->title = dup("fraud");
	p->y_label = dup("loss");
	for (size_t i = 0; i < lines; i++) {
		p->v[i].label = dup(i ? "HEAD" : "v1.2.0");
		p->v[i].metric = dup("loss");
		p->v[i].points = zeroed(points + 1, sizeof(struct mv_point));
		p->v[i].count = points;
		for (size_t j = 0; j < points; j++) {
			p->v[i].points[j].step = (int64_t)j * 10;
			p->v[i].points[j].value =
				1.0 / (double)(1 + j * (i + 1));
		}
	}
}

static void print(struct mv_buf *out, struct mv_plot *p, int height,
		  int width, unsigned flags)
{
	struct mv_style style = { .flags = flags, .width = width };

	mv_buf_init(out, 1 << 20);
	assert_int_equal(mv_plot_text(out, p, height, &style, NULL), 0);
	mv_plot_release(p);
}

static void test_report_plot__one_curve_in_braille(void **state)
{
	struct mv_plot p;
	struct mv_buf out;

	(void)state;
	init_plot(&p, 1, 21);
	p.v[0].points[10].value = NAN;		/* a gap */
	print(&out, &p, 8, 50, MV_STYLE_UNICODE);
	check_text(&out,
		   "fraud\n"
		   "loss\n"
		   "1.0 ┤⢣\n"
		   "    │⠘⡄\n"
		   "    │ ⢣\n"
		   "0.5 ┤ ⠘⡄\n"
		   "    │  ⠑⢄\n"
		   "    │    ⠑⠤⣀⡀\n"
		   "    │       ⠈⠑⠒⠤⠤⢄⣀⣀⣀⣀\n"
		   "  0 ┤                 ⠉⠉⠉⠁   ⠈⠑⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠢⠤\n"
		   "    └┬─────────────────────┬─────────────────────┬\n"
		   "     0                    100                   200  step\n"
		   "  ── v1.2.0  last 0.047619\n");
}

static void test_report_plot__several_by_their_marks(void **state)
{
	struct mv_plot p;
	struct mv_buf out;

	(void)state;
	init_plot(&p, 2, 21);
	print(&out, &p, 6, 50, 0);
	check_text(&out,
		   "fraud\n"
		   "loss\n"
		   "1.0 ++\n"
		   "    | +\n"
		   "0.5 + +\n"
		   "    |  +***\n"
		   "    |   +++++++*********\n"
		   "  0 +          +++++++++++++++++++++++++++++++++++\n"
		   "    ++---------------------+---------------------+\n"
		   "     0                    100                   200  step\n"
		   "  * v1.2.0  last 0.047619\n"
		   "  + HEAD  last 0.0243902\n");
}

static void test_report_plot__several_in_colours(void **state)
{
	struct mv_plot p;
	struct mv_buf out;

	(void)state;
	init_plot(&p, 2, 3);
	print(&out, &p, 3, 24, MV_STYLE_UNICODE | MV_STYLE_COLOR);
	check_text(&out,
		   "\033[1mfraud\033[m\n"
		   "loss\n"
		   "1.0 ┤\033[33m⠉⠒⠢⢤⣀\033[m\033[36m⣀\033[m\n"
		   "0.5 ┤     \033[33m⠉⠙⠳⠶⣤⣤⣤\033[m\033[36m⠤⠤⣀⣀⣀⣀⣀\033[m\n"
		   "  0 ┤            \033[33m⠉⠉⠉⠉⠑⠒⠒\033[m\n"
		   "    └┬─────────────────┬\n"
		   "     0                 20  step\n"
		   "  \033[36m──\033[m v1.2.0\033[2m  last 0.333333\033[m\n"
		   "  \033[33m──\033[m HEAD\033[2m  last 0.2\033[m\n");
}

static void test_report_plot__flat_single_and_none(void **state)
{
	struct mv_plot p;
	struct mv_buf out;

	(void)state;
	init_plot(&p, 1, 1);
	print(&out, &p, 3, 40, 0);
	check_text(&out,
		   "fraud\n"
		   "loss\n"
		   "1.2 +\n"
		   "1.0 +                 *\n"
		   "0.8 +\n"
		   "    ++----------------+----------------+\n"
		   "     -1               0                1  step\n"
		   "  * v1.2.0  last 1\n");
	init_plot(&p, 1, 2);
	p.v[0].points[1].value = 1;
	print(&out, &p, 3, 40, 0);
	check_text(&out,
		   "fraud\n"
		   "loss\n"
		   "1.2 +\n"
		   "1.0 +***********************************\n"
		   "0.8 +\n"
		   "    ++----------------+----------------+\n"
		   "     0                5                10  step\n"
		   "  * v1.2.0  last 1\n");
	init_plot(&p, 1, 1);
	p.v[0].points[0].value = NAN;
	print(&out, &p, 3, 40, 0);
	check_text(&out, "fraud\nloss\nno points to draw\n");
	init_plot(&p, 1, 0);
	print(&out, &p, 3, 40, 0);
	check_text(&out, "fraud\nloss\nno points to draw\n");
}

/* Whatever the numbers are, there is a picture, with every line as wide as
   it may be. */
static void test_report_plot__extreme_numbers(void **state)
{
	static const double values[] = {
		0, 1, -1, 1e308, -1e308, 1e-320, INFINITY, -INFINITY,
		1.0000000000000002, 1e17
	};
	static const int64_t steps[] = {
		0, 1, -1, INT64_MAX, INT64_MIN, 1000000007
	};
	struct mv_plot p;
	struct mv_buf out;
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < 10; i++)
		for (size_t j = 0; j < 10; j++)
			for (size_t k = 0; k < 36; k++) {
				init_plot(&p, 1, 2);
				p.v[0].points[0].value = values[i];
				p.v[0].points[1].value = values[j];
				p.v[0].points[0].step = steps[k / 6];
				p.v[0].points[1].step = steps[k % 6];
				print(&out, &p, 4, 40, 0);
				n += strstr(out.data, "last") != NULL;
				assert_true(strlen(out.data) < 2000);
				mv_buf_release(&out);
			}
	assert_int_equal(n, 3600 - 4 * 36);
}

static void test_report_plot__strangers_stay_on_their_line(void **state)
{
	struct mv_plot p;
	struct mv_buf out;

	(void)state;
	init_plot(&p, 1, 2);
	free(p.title);
	free(p.y_label);
	free(p.v[0].label);
	p.title = dup("t\nt");
	p.y_label = dup("y\033[2J");
	p.x_label = dup("x\r");
	p.v[0].label = dup("\xe2\x80\xae");
	print(&out, &p, 3, 40, 0);
	check_text(&out,
		   "t\\x0at\n"
		   "y\\x1b[2J\n"
		   "1.0 +*********\n"
		   "    |         *****************\n"
		   "0.5 +                          *********\n"
		   "    ++----------------+----------------+\n"
		   "     0                5                10  x\\x0d\n"
		   "  * \\u{202e}  last 0.5\n");
}

static void spark(const double *values, size_t count, int width,
		  const char *expected)
{
	struct mv_point points[64];
	struct mv_buf out;

	for (size_t i = 0; i < count; i++)
		points[i].value = values[i];
	mv_buf_init(&out, 1000);
	assert_int_equal(mv_sparkline(&out, points, count, width), 0);
	check_text(&out, expected);
}

static void test_report_plot__sparklines(void **state)
{
	static const double up[] = { 0, 1, 2, 3, 4, 5, 6, 7 };
	static const double odd[] = { NAN, 1, 1, NAN, INFINITY };
	static const double none[] = { NAN, NAN };

	(void)state;
	spark(up, 8, 8, "▁▂▃▄▅▆▇█");
	spark(up, 8, 20, "▁▂▃▄▅▆▇█");
	spark(up, 8, 4, "▁▃▆█");
	spark(up, 8, 1, "▄");
	spark(up, 8, 0, "");
	spark(up, 8, -1, "");
	spark(up, 0, 8, "");
	spark(odd, 5, 8, " ▄▄  ");
	spark(none, 2, 8, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report_plot__one_curve_in_braille),
		cmocka_unit_test(test_report_plot__several_by_their_marks),
		cmocka_unit_test(test_report_plot__several_in_colours),
		cmocka_unit_test(test_report_plot__flat_single_and_none),
		cmocka_unit_test(test_report_plot__extreme_numbers),
		cmocka_unit_test(test_report_plot__strangers_stay_on_their_line),
		cmocka_unit_test(test_report_plot__sparklines),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
