/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "libmv/base/err.h"

static void test_base_err__code_and_message_are_set_together(void **state)
{
	struct mv_err err = { MV_OK, "" };

	(void)state;
	assert_int_equal(mv_fail(&err, MV_ECORRUPT, "pack '%s'", "p"),
			 MV_ECORRUPT);
	assert_int_equal(err.code, MV_ECORRUPT);
	assert_string_equal(err.msg, "pack 'p'");
	assert_int_equal(mv_nomem(&err), MV_ENOMEM);
	assert_int_equal(err.code, MV_ENOMEM);
}

static void test_base_err__null_gives_the_code(void **state)
{
	(void)state;
	assert_int_equal(mv_fail(NULL, MV_EBUSY, "x"), MV_EBUSY);
	assert_int_equal(mv_fail_errno(NULL, ENOENT, "x"), MV_ENOENT);
	mv_err_prefix(NULL, "x");
	assert_int_equal(mv_nomem(NULL), MV_ENOMEM);
}

static void test_base_err__errno_chooses_the_code(void **state)
{
	static const struct { int e; enum mv_code code; } t[] = {
		{ ENOENT, MV_ENOENT }, { EEXIST, MV_EEXISTS },
		{ EACCES, MV_EDENIED }, { EPERM, MV_EDENIED },
		{ EROFS, MV_EDENIED }, { ENOMEM, MV_ENOMEM },
		{ EAGAIN, MV_EBUSY }, { ENOSPC, MV_EIO }, { EIO, MV_EIO }
	};
	struct mv_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(mv_fail_errno(&err, t[i].e, "cannot"),
				 t[i].code);
		assert_int_equal(err.code, t[i].code);
	}
	mv_fail_errno(&err, ENOSPC, "cannot write '%s'", "f");
	assert_string_equal(err.msg,
			    "cannot write 'f': No space left on device");
}

static void test_base_err__prefix_keeps_code_and_message(void **state)
{
	struct mv_err err;

	(void)state;
	mv_fail(&err, MV_EINVALID, "bad");
	mv_err_prefix(&err, "file '%s'", "f");
	assert_int_equal(err.code, MV_EINVALID);
	assert_string_equal(err.msg, "file 'f': bad");
	/* An argument may be the message itself. */
	mv_err_prefix(&err, "(%s)", err.msg);
	assert_string_equal(err.msg, "(file 'f': bad): file 'f': bad");
	mv_fail(&err, MV_EIO, "again %s", err.msg);
	assert_string_equal(err.msg, "again (file 'f': bad): file 'f': bad");
}

static void test_base_err__long_messages_are_cut(void **state)
{
	char text[2000];
	struct mv_err err;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	mv_fail(&err, MV_EIO, "%s", text);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	assert_non_null(strstr(err.msg, "xxx..."));
	/* Why it failed is not what is left off. */
	mv_fail_errno(&err, EIO, "%s", text);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	assert_non_null(strstr(err.msg, "xxx...: Input/output error"));
	mv_fail(&err, MV_EIO, "the reason");
	mv_err_prefix(&err, "%s", text);
	assert_non_null(strstr(err.msg, "xxx...: the reason"));
	mv_fail(&err, MV_EIO, "%s", text);
	mv_err_prefix(&err, "%s", text);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	assert_non_null(strstr(err.msg, "xxx...: xxx"));
}

static void test_base_err__a_word_is_whole_or_left_off(void **state)
{
	char text[2000];
	struct mv_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = i % 7 ? 'x' : ' ';
	text[sizeof(text) - 1] = '\0';
	mv_fail(&err, MV_EIO, "%s", text);
	assert_string_equal(err.msg + strlen(err.msg) - 10, " xxxxxx...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base_err__code_and_message_are_set_together),
		cmocka_unit_test(test_base_err__null_gives_the_code),
		cmocka_unit_test(test_base_err__errno_chooses_the_code),
		cmocka_unit_test(test_base_err__prefix_keeps_code_and_message),
		cmocka_unit_test(test_base_err__long_messages_are_cut),
		cmocka_unit_test(test_base_err__a_word_is_whole_or_left_off)
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
