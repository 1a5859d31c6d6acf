/* SPDX-License-Identifier: MIT */
/* report/weights.h: which tensors are others, for people and programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libmv/report/pages.h"
#include "libmv/report/weights.h"
#include "tests/unit/report-views.h"

static struct mv_tensor_form_of form(const char *dtype, uint64_t rows,
				     uint64_t columns)
{
	struct mv_tensor_form_of f = { dup(dtype), 2,
				       zeroed(3, sizeof(uint64_t)), 64 };

	f.shape[0] = rows;
	f.shape[1] = columns;
	return f;
}

static struct mv_number_delta delta(double step)
{
	const struct mv_number_delta d = {
		.count = 1000, .changed = 125, .finite = 1000,
		.max_abs = 4 * step, .sum_abs = 125 * step,
		.sum_sq = step * step, .sum_aa = 1, .sum_bb = 1, .sum_ab = 1
	};

	return d;
}

static void make(struct mv_tensor_diff *d, int brief)
{
	memset(d, 0, sizeof(*d));
	d->old_count = 5;
	d->new_count = 5;
	d->same = 2;
	d->changed = d->added = d->removed = d->unknown = 1;
	d->brief = brief;
	d->v = zeroed(4, sizeof(*d->v));
	d->count = 4;
	d->v[0] = (struct mv_tensor_change){ .kind = MV_TENSOR_ADDED,
		.name = dup("m.a\x1b[31m"), .new = form("F32", 2, 3) };
	d->v[1] = (struct mv_tensor_change){ .kind = MV_TENSOR_REMOVED,
		.name = dup("m.b"), .old = form("F32", 2, 3) };
	d->v[2] = (struct mv_tensor_change){ MV_TENSOR_UNKNOWN, dup("m.c"),
		form("F32", 2, 3), form("F32", 2, 3), "packed", 0, { 0 } };
	d->v[3] = (struct mv_tensor_change){ MV_TENSOR_CHANGED,
		dup("model.layers.17.self_attn.q_proj.weight"),
		form("BF16", 4096, 4096), form("BF16", 4096, 4096), NULL,
		!brief, delta(0.01) };
	d->v[3].delta.nan[1] = 3;
	d->delta = d->v[3].delta;
	d->layers = zeroed(3, sizeof(*d->layers));
	d->layer_count = 3;
	d->layers[0] = (struct mv_tensor_layer){ dup("model.layers.16"), 4, 0,
		{ 0 } };
	d->layers[1] = (struct mv_tensor_layer){ dup("model.layers.17"), 4, 1,
		delta(0.01) };
	d->layers[2] = (struct mv_tensor_layer){ dup("<b>\""), 1, 1,
		delta(0.5) };
}

static void text(struct mv_buf *out, const struct mv_tensor_diff *d,
		 size_t top, int width)
{
	struct mv_style style = { .width = width };
	struct mv_err err;

	mv_buf_init(out, 1 << 20);
	if (mv_weights_text(out, d, top, &style, &err))
		fail_msg("%s", err.msg);
}

static void fits(const char *s, size_t width)
{
	for (s = strstr(s, "\n\n"); *s; s += strcspn(s, "\n") + 1)
		assert_true(*s == '(' || strcspn(s, "\n") <= width);
}

static void test_report_weights__a_line_and_a_table(void **state)
{
	struct mv_tensor_diff d;
	struct mv_buf out;

	(void)state;
	make(&d, 0);
	text(&out, &d, 0, 80);
	assert_memory_equal(out.data, "1 of 5 tensors changed (relative L2 0.01"
			    ", cosine 1, at most 0.04), 1 added, 1 removed, "
			    "1 not comparable, 2 the same\n"
			    "NaN: 0 before, 3 after\n\n", 122);
	assert_non_null(strstr(out.data, "12.5%"));
	assert_non_null(strstr(out.data, "0 -> 3"));
	assert_non_null(strstr(out.data, "packed"));
	assert_null(strchr(out.data, '\x1b'));
	fits(out.data, 80);
	mv_buf_release(&out);
	text(&out, &d, 0, 40);
	fits(out.data, 40);
	assert_non_null(strstr(out.data, "proj.weight"));
	assert_non_null(strstr(out.data, "0.01"));
	mv_buf_release(&out);
	text(&out, &d, 2, 200);
	assert_non_null(strstr(out.data, "(2 more; --top)"));
	assert_null(strstr(out.data, "q_proj"));
	mv_buf_release(&out);
	mv_tensor_diff_release(&d);
}

static void test_report_weights__nothing_changed(void **state)
{
	const struct mv_tensor_diff none = { .old_count = 3, .new_count = 3,
					     .same = 3 };
	struct mv_buf out;

	(void)state;
	text(&out, &none, 0, 80);
	assert_string_equal(out.data, "all 3 tensors are the same\n");
	mv_buf_release(&out);
}

static void test_report_weights__for_programs(void **state)
{
	struct mv_tensor_diff d;
	struct mv_json *json;
	struct mv_buf out;

	(void)state;
	make(&d, 0);
	json = mv_weights_json(&d, 0);
	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_json_print(&out, json, 2, NULL), 0);
	assert_non_null(strstr(out.data, "\"relative_l2\""));
	assert_non_null(strstr(out.data, "\"new_nan\""));
	assert_non_null(strstr(out.data, "m.b"));
	mv_json_free(json);
	mv_buf_clear(&out);
	json = mv_weights_json(&d, 1);
	assert_int_equal(mv_json_print(&out, json, 2, NULL), 0);
	assert_null(strstr(out.data, "m.b"));
	assert_non_null(strstr(out.data, "layers.17"));
	mv_json_free(json);
	mv_buf_release(&out);
	mv_tensor_diff_release(&d);
}

static void test_report_weights__a_strip_of_layers(void **state)
{
	struct mv_comparison c = { .count = 1 };
	struct mv_buf out;
	struct mv_err err;

	(void)state;
	c.v = zeroed(1, sizeof(*c.v));
	c.v->path = dup("m.safetensors");
	c.v->has_old = c.v->has_new = 1;
	set_oid(&c.v->new.oid, 1);
	c.v->weights = zeroed(1, sizeof(*c.v->weights));
	make(c.v->weights, 0);
	mv_buf_init(&out, 16u << 20);
	if (mv_comparison_html(&out, &c, &err))
		fail_msg("%s", err.msg);
	assert_non_null(strstr(out.data, "<h3>Weights</h3>"));
	assert_non_null(strstr(out.data, "<li class=\"heat0\" title=\""
			       "model.layers.16: 0 of 4 tensors changed\""));
	assert_non_null(strstr(out.data, "<li class=\"heat6\" title=\""
			       "model.layers.17: 1 of 4 tensors changed, "
			       "relative L2 0.01\""));
	assert_non_null(strstr(out.data, "heat9\" title=\"&#60;b&#62;&#34;"));
	assert_null(strstr(out.data, "<b>\""));
	assert_non_null(strstr(out.data, "NaN: 0 before, 3 after"));
	mv_buf_release(&out);
	mv_comparison_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report_weights__a_line_and_a_table),
		cmocka_unit_test(test_report_weights__nothing_changed),
		cmocka_unit_test(test_report_weights__for_programs),
		cmocka_unit_test(test_report_weights__a_strip_of_layers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
