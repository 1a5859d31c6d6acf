/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "libmv/report/text.h"
#include "libmv/report/views.h"
#include "report-views.h"

static void init_board(struct mv_board *b)
{
	static const char *const labels[] = { "v1.2.0", "main", "train-7" };

	memset(b, 0, sizeof(*b));
	b->v = zeroed(3, sizeof(*b->v));
	b->count = 3;
	for (size_t i = 0; i < 3; i++) {
		b->v[i].label = dup(labels[i]);
		b->v[i].artifact = dup("fraud");
		b->v[i].path = dup("models/fraud.bin");
		b->v[i].subject_line = dup("train with more data");
		b->v[i].when = 1763632800 - (int64_t)i * 86400;
		init_evidence(&b->v[i].evidence, NULL, 0);
		add_facts(&b->v[i].evidence.params, "opt=adam", NULL);
		add_facts(&b->v[i].evidence.metrics, "same=1", NULL);
	}
	b->v[0].version = dup("v1.2.0");
	b->v[0].stages = dup("production");
	b->v[1].version = dup("v1.3.0");
	add_facts(&b->v[0].evidence.metrics, "auc=0.912", "latency=12", NULL);
	add_facts(&b->v[1].evidence.metrics, "auc=0.95", "latency=15", NULL);
	add_real(&b->v[2].evidence.metrics, "auc", NAN);
	add_facts(&b->v[0].evidence.params, "lr=0.01", NULL);
	add_facts(&b->v[1].evidence.params, "lr=0.003", NULL);
	init_project(&b->project);
}

static void print(struct mv_buf *out, struct mv_board *b,
		  const char *const *columns, int log, int width,
		  unsigned flags)
{
	struct mv_style style = { .flags = flags, .width = width };

	mv_buf_init(out, 1 << 20);
	assert_int_equal(mv_board_text(out, b, columns, log, &style, NULL), 0);
	mv_board_release(b);
}

static void test_report_board_text__shows_metrics_and_params_that_differ(void **state)
{
	struct mv_board b;
	struct mv_buf out;

	(void)state;
	init_board(&b);
	print(&out, &b, NULL, 0, 80, 0);
	check_text(&out,
		   "Version      Stage           auc  latency (ms)  same     lr\n"
		   "v1.2.0       production  0.9120            12*     1   0.01\n"
		   "main v1.3.0  -           0.9500*           15      1  0.003\n"
		   "train-7      -              nan             -      1      -\n"
		   "* best of its column\n");
}

static void test_report_board_text__the_best_is_green_and_starred(void **state)
{
	static const char *const columns[] = { "auc", NULL };
	struct mv_board b;
	struct mv_buf out;

	(void)state;
	init_board(&b);
	print(&out, &b, columns, 0, 80, MV_STYLE_COLOR);
	assert_non_null(strstr(out.data, "\033[32m0.9500*\033[m\n"));
	assert_null(strstr(out.data, "nan*"));
	mv_buf_release(&out);
}

static void test_report_board_text__a_log_has_dates_and_subjects(void **state)
{
	static const char *const columns[] = {
		"auc", "params.lr", "nothing", NULL
	};
	struct mv_board b;
	struct mv_buf out;

	(void)state;
	init_board(&b);
	b.skipped_lines = 3;
	print(&out, &b, columns, 1, 80, 0);
	check_text(&out,
		   "Version      Date        Stage       Subject             "
		   "auc  params.lr  nothing\n"
		   "v1.2.0       2025-11-20  production  train with ...  0.9120 "
		   "       0.01        -\n"
		   "main v1.3.0  2025-11-19  -           train with ...  "
		   "0.9500*      0.003        -\n"
		   "train-7      2025-11-18  -           train with ...     nan "
		   "          -        -\n"
		   "* best of its column\n"
		   "(3 lines of the notes could not be read)\n");
}

static void test_report_board_text__a_sign_that_is_not_there_is_not_explained(void **state)
{
	static const char *const columns[] = { "same", "auc", NULL };
	struct mv_board b;
	struct mv_buf out;

	(void)state;
	init_board(&b);
	print(&out, &b, columns, 0, 36, 0);
	assert_non_null(strstr(out.data, "auc"));
	assert_non_null(strstr(out.data, "best of its column"));
	mv_buf_release(&out);
	init_board(&b);
	print(&out, &b, columns, 0, 26, 0);
	assert_null(strstr(out.data, "auc"));
	assert_null(strstr(out.data, "best of its column"));
	mv_buf_release(&out);
}

static void test_report_board_text__columns_without_room_are_counted(void **state)
{
	struct mv_board b;
	struct mv_buf out;

	(void)state;
	init_board(&b);
	print(&out, &b, NULL, 0, 40, MV_STYLE_UNICODE);
	check_text(&out,
		   "Version   Stage         auc  latency (m…\n"
		   "v1.2.0    product…  0.9120           12*\n"
		   "main v1…  -         0.9500*          15\n"
		   "train-7   -            nan            -\n"
		   "* best of its column\n"
		   "(2 more columns: a wider terminal, or --json)\n");
}

static void test_report_board_text__artifacts_only_where_there_are_several(void **state)
{
	static const char *const columns[] = { "auc", NULL };
	struct mv_board b;
	struct mv_buf out;

	(void)state;
	init_board(&b);
	free(b.v[1].artifact);
	b.v[1].artifact = dup("other");
	free(b.v[2].label);
	b.v[2].label = dup("run\n1");
	print(&out, &b, columns, 0, 80, 0);
	check_text(&out,
		   "Version      Artifact  Stage           auc\n"
		   "v1.2.0       fraud     production  0.9120\n"
		   "main v1.3.0  other     -           0.9500*\n"
		   "run\\x0a1     fraud     -              nan\n"
		   "* best of its column\n");
}

static void test_report_board_text__nothing(void **state)
{
	struct mv_board b;
	struct mv_buf out;

	(void)state;
	memset(&b, 0, sizeof(b));
	print(&out, &b, NULL, 1, 80, 0);
	check_text(&out, "nothing to show\n");
}

static void test_report_board_text__thousands_of_params(void **state)
{
	struct mv_board b;
	struct mv_buf out;
	char arg[32];

	(void)state;
	init_board(&b);
	for (int i = 0; i < 3000; i++) {
		snprintf(arg, sizeof(arg), "p%04d=1", i);
		add_facts(&b.v[0].evidence.params, arg, NULL);
	}
	print(&out, &b, NULL, 0, 100000, 0);
	assert_non_null(strstr(out.data, "\n(2964 more columns: a wider "
			       "terminal, or --json)\n"));
	mv_buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report_board_text__shows_metrics_and_params_that_differ),
		cmocka_unit_test(test_report_board_text__the_best_is_green_and_starred),
		cmocka_unit_test(test_report_board_text__a_log_has_dates_and_subjects),
		cmocka_unit_test(test_report_board_text__a_sign_that_is_not_there_is_not_explained),
		cmocka_unit_test(test_report_board_text__columns_without_room_are_counted),
		cmocka_unit_test(test_report_board_text__artifacts_only_where_there_are_several),
		cmocka_unit_test(test_report_board_text__nothing),
		cmocka_unit_test(test_report_board_text__thousands_of_params),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
