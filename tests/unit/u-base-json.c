/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/json-read.h"
#include "libmv/base/json.h"

/* jansson's, for making allocations fail; its header has one door only. */
void json_set_alloc_funcs(void *(*alloc)(size_t), void (*release)(void *));

static void prints(struct mv_json *v, int indent, const char *expected)
{
	struct mv_buf b;

	mv_buf_init(&b, 10000);
	assert_int_equal(mv_json_print(&b, v, indent, NULL), 0);
	assert_string_equal(b.data, expected);
	mv_buf_release(&b);
	mv_json_free(v);
}

static struct mv_json *sample(void)
{
	struct mv_json *o = mv_json_object();
	struct mv_json *a = mv_json_array();
	struct mv_json *last = mv_json_object();

	mv_json_set(o, "z", mv_json_int(INT64_MIN));
	mv_json_set(o, "a", a);
	mv_json_push(a, mv_json_bool(1));
	mv_json_push(a, mv_json_null());
	mv_json_push(a, mv_json_str("x\"\n"));
	mv_json_push(a, last);
	mv_json_set(last, "k", mv_json_null());
	mv_json_set(o, "m", mv_json_real(0.5));
	return o;
}

#define SAMPLE "{\"z\":-9223372036854775808,\"a\":[true,null,\"x\\\"\\n\"," \
	"{\"k\":null}]," \
	"\"m\":0.5}"

static void test_base_json__prints_in_the_order_set(void **state)
{
	struct mv_json *o = mv_json_object();

	(void)state;
	prints(sample(), 0, SAMPLE);
	mv_json_set(o, "k", mv_json_int(1));
	mv_json_set(o, "k", mv_json_int(2));
	prints(o, 2, "{\n  \"k\": 2\n}");
	prints(mv_json_str("scalar"), 0, "\"scalar\"");
	prints(mv_json_real(NAN), 0, "null");
	prints(mv_json_real(INFINITY), 0, "null");
	prints(mv_json_str(NULL), 0, "null");
	prints(mv_json_strn("a\0b", 3), 0, "\"a\\u0000b\"");
}

static void test_base_json__bad_text_becomes_replacement(void **state)
{
	struct mv_json *o = mv_json_object();

	(void)state;
	mv_json_set(o, "k\xff", mv_json_str("\xc3\xbc\xfe\xed\xa0\x80"));
	prints(o, 0, "{\"k\xef\xbf\xbd\":\"\xc3\xbc\xef\xbf\xbd\xef\xbf\xbd"
	       "\xef\xbf\xbd\xef\xbf\xbd\"}");
}

static void test_base_json__printed_text_cannot_drive_a_terminal(void **state)
{
	struct mv_json *o = mv_json_object();
	struct mv_buf b;

	(void)state;
	mv_json_set(o, "\x7f", mv_json_str("\x1b[2J\xc2\x9b\xe2\x80\xae"
					   "\xd8\x9c\xe2\x80\x94"));
	mv_buf_init(&b, 1000);
	assert_int_equal(mv_buf_addstr(&b, "\x7f "), 0);
	assert_int_equal(mv_json_print(&b, o, 0, NULL), 0);
	/* What stood in the buffer before is not ours to change. */
	assert_string_equal(b.data, "\x7f {\"\\u007F\":\"\\u001B[2J\\u009B"
			    "\\u202E\\u061C\xe2\x80\x94\"}");
	mv_buf_release(&b);
	mv_json_free(o);
}

static void test_base_json__print_failure_leaves_the_buffer(void **state)
{
	struct mv_json *o = sample();
	struct mv_json *escaped = mv_json_str("\x7f\x7f");
	struct mv_err err;
	struct mv_buf b;

	(void)state;
	mv_buf_init(&b, strlen(SAMPLE) + 1);
	assert_int_equal(mv_buf_addstr(&b, "ab"), 0);
	assert_int_equal(mv_json_print(&b, o, 0, &err), MV_ENOMEM);
	assert_string_equal(b.data, "ab");
	assert_int_equal(mv_json_print(&b, NULL, 0, &err), MV_ENOMEM);
	assert_string_equal(b.data, "ab");
	mv_buf_release(&b);
	mv_buf_init(&b, 6);
	assert_int_equal(mv_json_print(&b, escaped, 0, &err), MV_ENOMEM);
	assert_string_equal(b.data, "");
	mv_buf_release(&b);
	mv_json_free(escaped);
	mv_json_free(o);
	mv_json_free(NULL);
}

/*
 * An allocator that fails once. It keeps what it gave: without memory the
 * builders let go of a little, rather than free what is still in use.
 */
static struct {
	void *given[1000];
	int count;
	int until_failure;
} memory;

static void *failing_malloc(size_t len)
{
	if (memory.until_failure-- == 0)
		return NULL;
	assert_true(memory.count < 1000);
	memory.given[memory.count] = malloc(len);
	return memory.given[memory.count++];
}

static void tracked_free(void *p)
{
	for (int i = 0; p && i < memory.count; i++)
		if (memory.given[i] == p)
			memory.given[i] = NULL;
	free(p);
}

static void test_base_json__no_memory_never_means_less_text(void **state)
{
	int failed = 1;

	(void)state;
	json_set_alloc_funcs(failing_malloc, tracked_free);
	for (int i = 0; failed; i++) {
		struct mv_json *o;
		struct mv_buf b;
		int rc;

		assert_true(i < 1000);
		memory.until_failure = i;
		o = sample();
		failed = memory.until_failure < 0;
		memory.until_failure = -1;
		mv_buf_init(&b, 1000);
		rc = mv_json_print(&b, o, 0, NULL);
		assert_int_equal(rc, failed ? MV_ENOMEM : 0);
		assert_string_equal(b.data, failed ? "" : SAMPLE);
		mv_buf_release(&b);
		mv_json_free(o);
		while (memory.count)
			free(memory.given[--memory.count]);
	}
	json_set_alloc_funcs(malloc, free);
}

static int collect(void *payload, const char *key, const struct mv_json *value)
{
	mv_buf_addf(payload, "%s:%d ", key, (int)mv_json_type(value));
	return !strcmp(key, "stop") ? 42 : 0;
}

static void test_base_json__reads_what_was_printed(void **state)
{
	static const char text[] =
		" {\"s\":\"x\",\"i\":-7,\"r\":1.5,\"t\":true,\"n\":null,"
		"\"a\":[1,[2]],\"stop\":{},\"late\":0}\n";
	struct mv_json *v;
	struct mv_buf b;
	size_t len;

	(void)state;
	assert_int_equal(mv_json_parse(&v, text, sizeof(text) - 1, NULL), 0);
	assert_string_equal(mv_json_get_str(mv_json_get(v, "s"), &len), "x");
	assert_int_equal(len, 1);
	assert_true(mv_json_get_int(mv_json_get(v, "i")) == -7);
	assert_true(mv_json_get_real(mv_json_get(v, "r")) == 1.5);
	assert_true(mv_json_get_real(mv_json_get(v, "i")) == -7);
	assert_true(mv_json_get_bool(mv_json_get(v, "t")));
	assert_int_equal(mv_json_size(v), 8);
	assert_int_equal(mv_json_size(mv_json_get(v, "a")), 2);
	assert_true(mv_json_get_int(mv_json_at(mv_json_at(mv_json_get(v, "a"),
							  1), 0)) == 2);
	mv_buf_init(&b, 1000);
	assert_int_equal(mv_json_each(v, collect, &b), 42);
	assert_string_equal(b.data, "s:2 i:3 r:4 t:5 n:6 a:1 stop:0 ");
	mv_buf_release(&b);
	mv_json_free(v);
}

static void test_base_json__missing_and_wrong_types_are_nothing(void **state)
{
	struct mv_json *v = mv_json_str("x");
	size_t len = 9;

	(void)state;
	assert_null(mv_json_get(NULL, "k"));
	assert_null(mv_json_get(v, "k"));
	assert_null(mv_json_at(v, 0));
	assert_int_equal(mv_json_size(v), 0);
	assert_null(mv_json_get_str(NULL, &len));
	assert_int_equal(len, 0);
	assert_true(mv_json_get_int(v) == 0);
	assert_true(mv_json_get_real(v) == 0);
	assert_false(mv_json_get_bool(v));
	assert_int_equal(mv_json_type(NULL), MV_JSON_NULL);
	assert_int_equal(mv_json_each(v, collect, NULL), 0);
	mv_json_set(v, "k", mv_json_int(1));
	mv_json_push(v, mv_json_int(1));
	mv_json_set(NULL, "k", mv_json_str("freed"));
	mv_json_push(NULL, mv_json_str("freed"));
	mv_json_free(v);
}

static void rejects(const char *text, const char *what)
{
	struct mv_json *v = (struct mv_json *)1;
	struct mv_err err;

	assert_int_equal(mv_json_parse(&v, text, strlen(text), &err),
			 MV_EINVALID);
	assert_null(v);
	if (!strstr(err.msg, what))
		fail_msg("'%s' is not in '%s'", what, err.msg);
}

static void test_base_json__refuses_what_is_ambiguous(void **state)
{
	(void)state;
	rejects("", "line 1");
	rejects("{\"a\":1,\n\"a\":2}", "line 2 column 3");
	rejects("{} x", "line 1 column 4");
	rejects("[9223372036854775808]", "line 1");
	rejects("[-9223372036854775809]", "line 1");
	rejects("[1e999]", "line 1");
	rejects("[NaN]", "line 1");
	rejects("[\"\\u0000\"]", "line 1");
	rejects("{\"\\u0000\":1}", "line 1");
	rejects("[\"\xff\"]", "line 1");
	rejects("[\"\\ud800\"]", "line 1");
	rejects("[1,]", "line 1 column 4");
	rejects("[01]", "line 1");
	/* The text around the error comes back without escapes. */
	rejects("\n\n[\x1b[2J]", "line 3 column 2");
	rejects("[\x1b[2J]", "\\x1b");
}

static void test_base_json__depth_is_bounded(void **state)
{
	struct mv_json *v;
	struct mv_err err;
	char text[200001];

	(void)state;
	memset(text, '[', 64);
	memset(text + 64, ']', 64);
	assert_int_equal(mv_json_parse(&v, text, 128, &err), 0);
	mv_json_free(v);
	assert_int_equal(mv_json_parse_loose(&v, text, 128, &err),
			 MV_EINVALID);
	assert_int_equal(mv_json_parse_loose(&v, text + 1, 126, &err), 0);
	mv_json_free(v);
	memset(text, '[', 65);
	memset(text + 65, ']', 65);
	assert_int_equal(mv_json_parse(&v, text, 130, &err), MV_EINVALID);
	assert_non_null(strstr(err.msg, "line 1 column 65"));
	memset(text, '[', sizeof(text));
	assert_int_equal(mv_json_parse(&v, text, sizeof(text), &err),
			 MV_EINVALID);
	/* Brackets inside strings are text. */
	memset(text, '[', 200);
	text[0] = '"';
	memcpy(text + 100, "\\\"\\\\", 4);
	text[199] = '"';
	assert_int_equal(mv_json_parse(&v, text, 200, &err), 0);
	mv_json_free(v);
}

static void prints_real(double v, const char *expected)
{
	char text[32];

	assert_string_equal(mv_print_real(text, v), expected);
	prints(mv_json_real(v), 0, expected);
	assert_true(strtod(text, NULL) == v);
}

static void test_base_json__reals_are_as_short_as_they_can_be(void **state)
{
	char text[32];

	(void)state;
	prints_real(0.1, "0.1");
	prints_real(1, "1.0");
	prints_real(-0.0, "-0.0");
	prints_real(1e-5, "1e-05");
	prints_real(1e22, "1e+22");
	prints_real(123456789012345680.0, "1.2345678901234568e+17");
	prints_real(0.1 + 0.2, "0.30000000000000004");
	prints_real(1.0 / 3, "0.3333333333333333");
	prints_real(5e-324, "5e-324");
	prints_real(2.2250738585072014e-308, "2.2250738585072014e-308");
	prints_real(1.7976931348623157e308, "1.7976931348623157e+308");
	assert_string_equal(mv_print_real(text, NAN), "nan");
	assert_string_equal(mv_print_real(text, INFINITY), "inf");
	assert_string_equal(mv_print_real(text, -INFINITY), "-inf");
}

static struct mv_json *loose(const char *text)
{
	struct mv_json *v = NULL;
	struct mv_err err = { MV_OK, "" };

	if (mv_json_parse_loose(&v, text, strlen(text), &err))
		fail_msg("%s: %s", text, err.msg);
	return v;
}

static void rejects_loose(const char *text, const char *what)
{
	struct mv_json *v = (struct mv_json *)1;
	struct mv_err err;

	assert_int_equal(mv_json_parse_loose(&v, text, strlen(text), &err),
			 MV_EINVALID);
	assert_null(v);
	if (!strstr(err.msg, what))
		fail_msg("'%s' is not in '%s'", what, err.msg);
}

static void test_base_json__loose_keeps_numbers_json_cannot(void **state)
{
	static const char text[] =
		"\xef\xbb\xbf{\"a\":NaN,\"b\":[1,Infinity,-Infinity,{\"c\":"
		"12345678901234567890,\"d\":2.5}],\"NaN\":\"NaN \\\" NaN\","
		"\"e\":-1e999,\"f\":9223372036854775807,\"g\":1e-999}";
	struct mv_json *v = loose(text);
	const struct mv_json *a = mv_json_get(v, "a");
	struct mv_json *again;
	struct mv_buf b;

	(void)state;
	assert_int_equal(mv_json_type(a), MV_JSON_NUMBER);
	assert_int_equal(mv_json_size(a), 0);
	assert_int_equal(mv_json_each(a, collect, NULL), 0);
	assert_string_equal(mv_json_number_text(a), "nan");
	assert_null(mv_json_number_text(mv_json_get(v, "f")));
	assert_true(mv_json_get_int(mv_json_get(v, "f")) == INT64_MAX);
	mv_buf_init(&b, 1000);
	assert_int_equal(mv_json_print(&b, v, 0, NULL), 0);
	assert_string_equal(b.data,
		"{\"a\":{\"number\":\"nan\"},\"b\":[1,{\"number\":\"inf\"},"
		"{\"number\":\"-inf\"},{\"c\":{\"number\":"
		"\"12345678901234567890\"},\"d\":2.5}],"
		"\"NaN\":\"NaN \\\" NaN\",\"e\":{\"number\":\"-1e999\"},"
		"\"f\":9223372036854775807,\"g\":0.0}");
	/* What is read back is no box, but the same number. */
	assert_int_equal(mv_json_parse(&again, b.data, b.len, NULL), 0);
	assert_int_equal(mv_json_type(mv_json_get(again, "a")),
			 MV_JSON_OBJECT);
	assert_string_equal(mv_json_number_text(mv_json_get(again, "a")),
			    "nan");
	mv_json_free(again);
	mv_buf_release(&b);
	mv_json_free(v);
	v = loose("NaN");
	assert_string_equal(mv_json_number_text(v), "nan");
	mv_json_free(v);
	prints(mv_json_number("1e999"), 2, "{\n  \"number\": \"1e999\"\n}");
}

static void test_base_json__nobody_else_makes_such_a_number(void **state)
{
	struct mv_json *v = mv_json_object();

	(void)state;
	mv_json_set(v, "", mv_json_str("nan"));
	assert_int_equal(mv_json_type(v), MV_JSON_OBJECT);
	assert_null(mv_json_number_text(v));
	mv_json_free(v);
	rejects_loose("{\"\\u0000number\":\"nan\"}", "line 1");
	v = mv_json_number("nan");
	mv_json_set(v, "k", mv_json_int(1));
	assert_int_equal(mv_json_type(v), MV_JSON_NUMBER);
	mv_json_free(v);
	v = loose("{\"number\":\"nan\",\"x\":1}");
	assert_null(mv_json_number_text(v));
	mv_json_free(v);
}

static void test_base_json__loose_errors_are_where_they_are(void **state)
{
	(void)state;
	rejects_loose("{\"a\":NaN,\n\"b\":-Infinity x}", "line 2 column 15");
	rejects_loose("[NaN, Nan]", "line 1 column 9");
	rejects_loose("[NaNNaN]", "line 1");
	rejects_loose("[-NaN]", "line 1");
	rejects_loose("[+Infinity]", "line 1");
	rejects_loose("[1NaN]", "line 1");
	rejects_loose("[012345678901234567890]", "line 1");
	rejects_loose("[NaN NaN]", "line 1 column 6");
	rejects_loose("{NaN:1}", "line 1 column 2");
	rejects_loose("{\"a\":NaN,\"a\":1}", "line 1");
}

static void test_base_json__nul_bytes_are_refused(void **state)
{
	struct mv_json *v;
	struct mv_err err;

	(void)state;
	assert_int_equal(mv_json_parse(&v, "12\0", 3, &err), MV_EINVALID);
	assert_non_null(strstr(err.msg, "line 1 column 3"));
	assert_int_equal(mv_json_parse(&v, "[1]\n\0\0", 6, &err), MV_EINVALID);
	assert_non_null(strstr(err.msg, "line 2 column 1"));
	assert_int_equal(mv_json_parse(&v, "\"\\\0\"", 4, &err), MV_EINVALID);
	assert_int_equal(mv_json_parse_loose(&v, "12\0", 3, &err),
			 MV_EINVALID);
	assert_null(v);
}

static void canonical(const char *text, const char *const *first,
		      const char *expected)
{
	struct mv_json *v = loose(text);
	struct mv_buf b;

	mv_buf_init(&b, 1000);
	assert_int_equal(mv_json_print_canonical(&b, v, first, NULL), 0);
	assert_string_equal(b.data, expected);
	mv_buf_release(&b);
	mv_json_free(v);
}

static void test_base_json__canonical_is_sorted_by_bytes(void **state)
{
	static const char *const first[] = { "t", "kind", "gone", NULL };
	static const char text[] = "{\"b\": [ {\"z\":1,\"kind\":2} ],"
		"\"\xc3\xa9\":0, \"B\":NaN, \"kind\":\"k\", \"ba\":{},"
		"\"t\":[]}";

	(void)state;
	canonical(text, NULL, "{\"B\":{\"number\":\"nan\"},\"b\":[{"
		  "\"kind\":2,\"z\":1}],\"ba\":{},\"kind\":\"k\",\"t\":[],"
		  "\"\xc3\xa9\":0}");
	canonical(text, first, "{\"t\":[],\"kind\":\"k\",\"B\":{\"number\":"
		  "\"nan\"},\"b\":[{\"kind\":2,\"z\":1}],\"ba\":{},"
		  "\"\xc3\xa9\":0}");
}

static void test_base_json__ok_is_memory_for_all(void **state)
{
	struct mv_json *v = sample();

	(void)state;
	assert_true(mv_json_ok(v));
	mv_json_set(v, "missing", NULL);
	assert_false(mv_json_ok(v));
	mv_json_free(v);
	assert_false(mv_json_ok(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base_json__prints_in_the_order_set),
		cmocka_unit_test(test_base_json__bad_text_becomes_replacement),
		cmocka_unit_test(test_base_json__printed_text_cannot_drive_a_terminal),
		cmocka_unit_test(test_base_json__print_failure_leaves_the_buffer),
		cmocka_unit_test(test_base_json__no_memory_never_means_less_text),
		cmocka_unit_test(test_base_json__reads_what_was_printed),
		cmocka_unit_test(test_base_json__missing_and_wrong_types_are_nothing),
		cmocka_unit_test(test_base_json__refuses_what_is_ambiguous),
		cmocka_unit_test(test_base_json__depth_is_bounded),
		cmocka_unit_test(test_base_json__reals_are_as_short_as_they_can_be),
		cmocka_unit_test(test_base_json__loose_keeps_numbers_json_cannot),
		cmocka_unit_test(test_base_json__nobody_else_makes_such_a_number),
		cmocka_unit_test(test_base_json__loose_errors_are_where_they_are),
		cmocka_unit_test(test_base_json__nul_bytes_are_refused),
		cmocka_unit_test(test_base_json__canonical_is_sorted_by_bytes),
		cmocka_unit_test(test_base_json__ok_is_memory_for_all)
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
