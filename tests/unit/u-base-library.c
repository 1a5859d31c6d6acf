/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <string.h>

#include "libmv/base/library.h"

static void test_base_library__functions_are_found(void **state)
{
	static const char *const name[] = { "cos", "fabs" };
	double (*cosine)(double) = NULL, (*absolute)(double) = NULL;
	void **to[] = { (void **)&cosine, (void **)&absolute };
	void *handle = NULL;
	struct mv_err err;

	(void)state;
	assert_int_equal(mv_library_open(&handle, "libm.so.6", 0, NULL, name,
					 to, 2, &err), 0);
	assert_true(cosine(0) > 0.5 && absolute(-2) > 1.5);
	dlclose(handle);
}

static void test_base_library__what_is_not_there_is_said(void **state)
{
	static const char *const name[] = { "cos", "no_such_function" };
	void *found[2], **to[] = { &found[0], &found[1] };
	void *handle = NULL;
	struct mv_err err;

	(void)state;
	assert_int_equal(mv_library_open(&handle, "libnone.so.0", 0,
					 "install none", name, to, 2, &err),
			 MV_ENOTSUP);
	assert_null(handle);
	assert_string_equal(err.msg,
			    "libnone.so.0 cannot be loaded: install none");
	assert_int_equal(mv_library_open(&handle, "libnone.so.0", 0, NULL,
					 name, to, 2, &err), MV_ENOTSUP);
	assert_string_equal(err.msg, "libnone.so.0 cannot be loaded");
	assert_int_equal(mv_library_open(&handle, "libm.so.6", 0, NULL, name,
					 to, 2, &err), MV_ENOTSUP);
	assert_string_equal(err.msg, "libm.so.6 has no no_such_function");
	assert_non_null(handle);
	dlclose(handle);
}

static int is_loaded(const char *soname)
{
	void *handle = dlopen(soname, RTLD_NOW | RTLD_NOLOAD);

	return handle && !dlclose(handle);
}

static void test_base_library__stays_only_for_good(void **state)
{
	static const char soname[] = "libarchive.so.13";
	void *handle = NULL;

	(void)state;
	assert_false(is_loaded(soname));
	assert_int_equal(mv_library_open(&handle, soname, 0, NULL, NULL, NULL,
					 0, NULL), 0);
	assert_true(is_loaded(soname));
	dlclose(handle);
	assert_false(is_loaded(soname));
	assert_int_equal(mv_library_open(&handle, soname, MV_LIBRARY_FOR_GOOD,
					 NULL, NULL, NULL, 0, NULL), 0);
	dlclose(handle);
	assert_true(is_loaded(soname));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base_library__functions_are_found),
		cmocka_unit_test(test_base_library__what_is_not_there_is_said),
		cmocka_unit_test(test_base_library__stays_only_for_good),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
