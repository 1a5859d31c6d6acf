/* SPDX-License-Identifier: MIT */
#include "tests/unit/format.h"

#include "libmv/format/parts.h"

static void test_format_layout__hostile_text_is_escaped(void **state)
{
	struct mv_layout l = { .format = "npy" };
	struct mv_tensor *t;
	struct mv_buf out;
	struct mv_err err;

	(void)state;
	t = mv_layout_add(&l, 2);
	assert_non_null(t);
	t->name = mv_layout_strn(&l, "a\n\x1b[2J\xff", 7);
	t->dtype_name = "F\t32";
	t->shape[0] = 2;
	t->shape[1] = 3;
	t->length = 24;
	assert_int_equal(mv_layout_meta(&l, "k\r", 2, "\xe2\x80\xae", 3, &err),
			 0);
	mv_buf_init(&out, 10000);
	assert_int_equal(mv_layout_print(&out, &l, &err), 0);
	for (size_t i = 0; i < out.len; i++)
		assert_true(out.data[i] == '\n' ||
			    (out.data[i] >= 0x20 && out.data[i] < 0x7f));
	assert_non_null(strstr(out.data, "tensors: 1\nparameters: 6\n"));
	assert_non_null(strstr(out.data, "[2, 3] 24\n"));
	mv_buf_release(&out);
	mv_buf_init(&out, 20);
	assert_int_equal(mv_layout_print(&out, &l, &err), MV_ENOMEM);
	mv_buf_release(&out);
	mv_layout_release(&l);
}

static void test_format_layout__elements_saturate(void **state)
{
	struct mv_layout l = { .format = "npy" };
	struct mv_tensor *t;

	(void)state;
	t = mv_layout_add(&l, 0);
	assert_int_equal(mv_tensor_elements(t), 1);
	t = mv_layout_add(&l, 3);
	t->shape[0] = UINT64_MAX;
	t->shape[1] = 2;
	t->shape[2] = 1;
	assert_true(mv_tensor_elements(t) == UINT64_MAX);
	assert_true(mv_layout_elements(&l) == UINT64_MAX);
	t->shape[2] = 0;
	assert_int_equal(mv_tensor_elements(t), 0);
	assert_int_equal(mv_layout_elements(&l), 1);
	mv_layout_release(&l);
}

static void test_format_layout__long_values_are_cut(void **state)
{
	struct mv_layout l = { .format = "npy" };
	char text[300];
	struct mv_err err;

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(mv_layout_meta(&l, "a", 1, text, 240, &err), 0);
	assert_int_equal(mv_layout_meta(&l, "b", 1, text, 241, &err), 0);
	assert_int_equal(mv_layout_meta(&l, "c", 1, "a\0b", 3, &err), 0);
	assert_int_equal(mv_layout_meta(&l, "", 0, "", 0, &err), 0);
	assert_int_equal(strlen(l.meta_values[0]), 240);
	assert_null(strchr(l.meta_values[0], '.'));
	assert_int_equal(strlen(l.meta_values[1]), 240);
	assert_string_equal(l.meta_values[1] + 236, "x...");
	assert_string_equal(l.meta_values[2], "a...");
	assert_string_equal(l.meta_values[3], "");
	mv_layout_release(&l);
}

static void test_format_layout__metadata_has_a_limit(void **state)
{
	struct mv_layout l = { .format = "npy" };
	struct mv_err err;

	(void)state;
	for (unsigned i = 0; i < MV_META_MAX + 10; i++)
		assert_int_equal(mv_layout_meta(&l, "k", 1, "v", 1, &err), 0);
	assert_int_equal(l.meta_count, MV_META_MAX);
	assert_int_equal(l.note_count, 1);
	mv_layout_release(&l);
	mv_layout_release(&l);	/* twice is fine */
}

static void test_format_layout__finds_names_that_are_there_twice(void **state)
{
	struct mv_name n[] = {
		{ "b", 1 }, { "a", 1 }, { "ab", 2 }, { "", 0 }, { "b", 1 }
	};

	(void)state;
	assert_null(mv_names_twice(n, 0));
	assert_null(mv_names_twice(n, 4));
	n[4] = (struct mv_name){ "ab", 2 };
	assert_memory_equal(mv_names_twice(n, 5)->s, "ab", 2);
}

static void test_format_layout__names_are_shown_tame(void **state)
{
	char out[MV_SHOWN], text[200];

	(void)state;
	memset(text, 'y', sizeof(text));
	assert_string_equal(mv_name_shown(out, "a\x1b\n\x80", 4), "a???");
	assert_int_equal(strlen(mv_name_shown(out, text, 60)), 60);
	assert_int_equal(strlen(mv_name_shown(out, text, 61)), 63);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format_layout__hostile_text_is_escaped),
		cmocka_unit_test(test_format_layout__elements_saturate),
		cmocka_unit_test(test_format_layout__long_values_are_cut),
		cmocka_unit_test(test_format_layout__metadata_has_a_limit),
		cmocka_unit_test(test_format_layout__finds_names_that_are_there_twice),
		cmocka_unit_test(test_format_layout__names_are_shown_tame),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
