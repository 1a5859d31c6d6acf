/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/json.h"
#include "libmv/base/yaml.h"

static void gives(const char *text, const char *json)
{
	struct mv_json *v = NULL;
	struct mv_err err = { MV_OK, "" };
	struct mv_buf b;

	if (mv_yaml_parse(&v, text, strlen(text), &err))
		fail_msg("%s: %s", text, err.msg);
	mv_buf_init(&b, 1u << 20);
	assert_int_equal(mv_json_print(&b, v, 0, NULL), 0);
	assert_string_equal(b.data, json);
	mv_buf_release(&b);
	mv_json_free(v);
}

static void rejects_n(const char *text, size_t len, const char *what)
{
	struct mv_json *v = (struct mv_json *)1;
	struct mv_err err = { MV_OK, "" };
	int rc = mv_yaml_parse(&v, text, len, &err);

	if (rc != MV_EINVALID)
		fail_msg("%s: %d", text, rc);
	assert_null(v);
	if (!strstr(err.msg, what))
		fail_msg("'%s' is not in '%s'", what, err.msg);
}

static void rejects(const char *text, const char *what)
{
	rejects_n(text, strlen(text), what);
}

static void test_base_yaml__structure_is_as_in_json(void **state)
{
	(void)state;
	gives("a:\n  b: 1\n  c:\n  - x\n  - {d: [1, 2]}\ne: |\n  two\n  lines\n",
	      "{\"a\":{\"b\":1,\"c\":[\"x\",{\"d\":[1,2]}]},"
	      "\"e\":\"two\\nlines\\n\"}");
	gives("{\"json\": [true, null]}", "{\"json\":[true,null]}");
	gives("", "null");
	gives("# nothing\n", "null");
	gives("---\n...\n", "null");
	gives("\xef\xbb\xbf%YAML 1.2\n---\na: 1\n", "{\"a\":1}");
	gives("a: \"line\\nbreak \\u00e9\"",
	      "{\"a\":\"line\\nbreak \xc3\xa9\"}");
}

static void test_base_yaml__plain_scalars_have_core_types(void **state)
{
	(void)state;
	gives("[~, null, Null, NULL, '', ]", "[null,null,null,null,\"\"]");
	gives("[true, True, FALSE, yes, on, n]",
	      "[true,true,false,\"yes\",\"on\",\"n\"]");
	gives("[0, -7, +12, 007, 0x1F, 0o17, 0x, 1_000]",
	      "[0,-7,12,7,31,15,\"0x\",\"1_000\"]");
	gives("[1e-3, 1., .5, -1.5E+2, ., 1e, +.5]",
	      "[0.001,1.0,0.5,-150.0,\".\",\"1e\",0.5]");
	gives("[.nan, .inf, -.INF, +.inf, nan]",
	      "[{\"number\":\"nan\"},{\"number\":\"inf\"},"
	      "{\"number\":\"-inf\"},{\"number\":\"inf\"},\"nan\"]");
	gives("[9223372036854775807, 9223372036854775808, 1e999, "
	      "0x8000000000000000]",
	      "[9223372036854775807,{\"number\":\"9223372036854775808\"},"
	      "{\"number\":\"1e999\"},\"0x8000000000000000\"]");
	gives("['1', \"true\", !!str 2.5, !!float 3, ! x, 12:30:45, 2026-11-21]",
	      "[\"1\",\"true\",\"2.5\",3,\"x\",\"12:30:45\",\"2026-11-21\"]");
}

static void test_base_yaml__keys_are_text(void **state)
{
	(void)state;
	gives("1: a\ntrue: b\n? c\n: d\n\"e\\nf\": g\n\"\\x01number\": nan\n",
	      "{\"1\":\"a\",\"true\":\"b\",\"c\":\"d\",\"e\\nf\":\"g\","
	      "\"\\u0001number\":\"nan\"}");
	rejects("? [a]\n: b\n", "line 1 column 3");
	rejects("? {a: b}\n: c\n", "no scalar");
	rejects("a: &x 1\n*x : 2\n", "alias as a key");
	rejects("!!int 1: 2\n", "tag");
}

static void test_base_yaml__aliases_and_merges(void **state)
{
	(void)state;
	gives("a: &x {b: [1, .nan], c: s}\nd: *x\n",
	      "{\"a\":{\"b\":[1,{\"number\":\"nan\"}],\"c\":\"s\"},"
	      "\"d\":{\"b\":[1,{\"number\":\"nan\"}],\"c\":\"s\"}}");
	gives("a: &x 1\nb: &x 2\nc: *x\n", "{\"a\":1,\"b\":2,\"c\":2}");
	gives("base: &b {lr: 0.1, n: 1}\nrun:\n  <<: *b\n  lr: 0.2\n",
	      "{\"base\":{\"lr\":0.1,\"n\":1},\"run\":{\"lr\":0.2,\"n\":1}}");
	gives("p: &p {a: 1}\nq: &q {a: 2, b: 3}\nr: {<<: [*p, *q], c: 4}\n",
	      "{\"p\":{\"a\":1},\"q\":{\"a\":2,\"b\":3},"
	      "\"r\":{\"c\":4,\"a\":1,\"b\":3}}");
	/* An anchor inside of what was merged. */
	gives("r: {<<: {a: &in [1]}}\ns: *in\n",
	      "{\"r\":{\"a\":[1]},\"s\":[1]}");
	gives("'<<': 1\n", "{\"<<\":1}");
	rejects("<<: 1\n", "takes mappings");
	rejects("<<: [{a: 1}, 2]\n", "takes mappings");
	rejects("<<: {a: 1}\n<<: {b: 1}\n", "occurs twice");
	rejects("a: *gone\n", "no anchor 'gone'");
	rejects("a: &a [*a]\n", "what it is in");
}

static void test_base_yaml__aliases_cannot_grow_without_bound(void **state)
{
	char text[4096], *at = text;

	(void)state;
	at += sprintf(at, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 10; i++)
		at += sprintf(at, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,"
			      "*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1, i - 1,
			      i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1,
			      i - 1);
	rejects(text, "more than 100000 nodes");
}

static void test_base_yaml__depth_and_anchors_are_bounded(void **state)
{
	struct mv_json *v;
	char text[16384], *at = text;

	(void)state;
	memset(text, '[', 63);
	memset(text + 63, ']', 63);
	assert_int_equal(mv_yaml_parse(&v, text, 126, NULL), 0);
	mv_json_free(v);
	memset(text, '[', 64);
	memset(text + 64, ']', 64);
	rejects_n(text, 128, "line 1 column 64: nested deeper");
	/* Nor by aliases. */
	at = text + sprintf(text, "a: &a ");
	memset(at, '[', 40);
	memset(at + 40, ']', 40);
	at += 80;
	at += sprintf(at, "\nb: ");
	memset(at, '[', 40);
	at += 40;
	at += sprintf(at, "*a ");
	memset(at, ']', 40);
	rejects_n(text, (size_t)(at + 40 - text), "nested deeper");
	at = text;
	for (int i = 0; i < 1001; i++)
		at += sprintf(at, "- &a%d 1\n", i);
	rejects(text, "line 1001 column 3: more than 1000 anchors");
}

static void test_base_yaml__refuses_with_line_and_column(void **state)
{
	(void)state;
	rejects("a: 1\nb: 2\na: 3\n", "YAML line 3 column 1: key 'a' occurs");
	rejects("{a: {x: 1, x: 2}}", "line 1 column 12");
	rejects("a: b: c\n", "line 1 column 5");
	rejects("a: [1,\n  2\nb: 3", "line 3");
	rejects("\ta: 1\n", "line 1");
	rejects("a: 1\n---\nb: 2\n", "line 2 column 1: a second document");
	rejects("a: !!python/object:os.system x\n", "python/object:os.system");
	rejects("a: !mine x\n", "'!mine'");
	rejects("a: !!set {x}\n", "set");
	rejects("a: !!int x\n", "int");
	rejects("a: \"\\0\"\n", "NUL");
	rejects("\"a\\0\": 1\n", "NUL");
	rejects_n("a: \0b\n", 6, "YAML line");
	rejects("a: \xff\n", "UTF-8");
	rejects("a: \x1b[2J\n", "YAML line");
	rejects_n("\xff\xfe" "a\0:\0", 6, "UTF-8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base_yaml__structure_is_as_in_json),
		cmocka_unit_test(test_base_yaml__plain_scalars_have_core_types),
		cmocka_unit_test(test_base_yaml__keys_are_text),
		cmocka_unit_test(test_base_yaml__aliases_and_merges),
		cmocka_unit_test(test_base_yaml__aliases_cannot_grow_without_bound),
		cmocka_unit_test(test_base_yaml__depth_and_anchors_are_bounded),
		cmocka_unit_test(test_base_yaml__refuses_with_line_and_column)
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
