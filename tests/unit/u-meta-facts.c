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

#include "libmv/base/json-read.h"
#include "libmv/base/json.h"
#include "libmv/meta/facts.h"
#include "tests/unit/pace.h"

/* Facts as one text: their JSON. */
static void are(const struct mv_facts *facts, const char *json)
{
	struct mv_json *v = mv_facts_to_json(facts);
	struct mv_buf b;

	mv_buf_init(&b, 1u << 20);
	assert_int_equal(mv_json_print(&b, v, 0, NULL), 0);
	assert_string_equal(b.data, json);
	mv_buf_release(&b);
	mv_json_free(v);
}

static void reads(const char *name, const char *text, int metrics,
		  size_t skipped, const char *json)
{
	struct mv_facts facts = MV_FACTS_INIT;
	struct mv_err err = { MV_OK, "" };
	size_t left = 0;

	if (mv_facts_read(&facts, name, text, strlen(text), metrics, &left,
			  &err))
		fail_msg("%s", err.msg);
	are(&facts, json);
	assert_int_equal(left, skipped);
	mv_facts_release(&facts);
}

static void rejects_n(const char *name, const char *text, size_t len,
		      int code, const char *what)
{
	struct mv_facts facts = MV_FACTS_INIT;
	struct mv_err err = { MV_OK, "" };
	int rc = mv_facts_read(&facts, name, text, len, 0, NULL, &err);

	if (rc != code)
		fail_msg("%s: %d %s", text, rc, err.msg);
	if (!strstr(err.msg, what))
		fail_msg("'%s' is not in '%s'", what, err.msg);
	/* Nothing of a bad file is taken. */
	assert_int_equal(facts.count, 0);
	mv_facts_release(&facts);
}

static void rejects(const char *name, const char *text, const char *what)
{
	rejects_n(name, text, strlen(text), MV_EINVALID, what);
}

static void test_meta_facts__arguments_are_typed_by_their_look(void **state)
{
	static const char *const args[] = {
		"int=-7", "real=0.1", "exp=1e-3", "dot=.5", "yes=true",
		"no=false", "none=null", "nan=NaN", "inf=-inf",
		"big=12345678901234567890", "huge=1e999", "plus=+5",
		"quoted=\"5\"", "zip=007", "eq=a=b", "empty=", "hex=0x10",
		"text=abc", "version=1.2.3", "a.b=1"
	};
	struct mv_facts f = MV_FACTS_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(args) / sizeof(*args); i++)
		assert_int_equal(mv_facts_set_arg(&f, args[i], NULL), 0);
	are(&f, "{\"a.b\":1,\"big\":{\"number\":\"12345678901234567890\"},"
	    "\"dot\":0.5,\"empty\":\"\",\"eq\":\"a=b\",\"exp\":0.001,"
	    "\"hex\":\"0x10\",\"huge\":{\"number\":\"1e999\"},"
	    "\"inf\":{\"number\":\"-inf\"},\"int\":-7,"
	    "\"nan\":{\"number\":\"nan\"},\"no\":false,\"none\":null,"
	    "\"plus\":5,\"quoted\":\"5\",\"real\":0.1,\"text\":\"abc\","
	    "\"version\":\"1.2.3\",\"yes\":true,\"zip\":\"007\"}");
	assert_true(isnan(mv_facts_get(&f, "nan")->r));
	assert_true(isinf(mv_facts_get(&f, "huge")->r));
	assert_true(mv_facts_get(&f, "big")->r == 12345678901234567890.0);
	assert_true(mv_facts_get(&f, "int")->r == -7);
	assert_string_equal(mv_facts_get(&f, "real")->text, "0.1");
	assert_null(mv_facts_get(&f, "gone"));
	mv_facts_release(&f);
	assert_int_equal(mv_facts_set_arg(&f, "novalue", NULL), MV_EINVALID);
	assert_int_equal(mv_facts_set_arg(&f, "=1", NULL), MV_EINVALID);
	assert_int_equal(mv_facts_set_arg(&f, "k\xff=1", NULL), MV_EINVALID);
	assert_int_equal(mv_facts_set_arg(&f, "k=\xff", NULL), MV_EINVALID);
	assert_int_equal(f.count, 0);
}

static void test_meta_facts__set_keeps_them_sorted_and_single(void **state)
{
	struct mv_value v = { MV_VALUE_INT, 1, 1, (char *)"1" };
	struct mv_facts f = MV_FACTS_INIT;
	char key[600];

	(void)state;
	assert_int_equal(mv_facts_set(&f, "b", &v, 3, NULL), 0);
	assert_int_equal(mv_facts_set(&f, "a", &v, 4, NULL), 0);
	assert_int_equal(mv_facts_set(&f, "\xc3\xa9", &v, 4, NULL), 0);
	assert_int_equal(mv_facts_set(&f, "c\n\"", &v, 4, NULL), 0);
	v.i = 2;
	v.text = (char *)"2";
	assert_int_equal(mv_facts_set(&f, "b", &v, 5, NULL), 0);
	are(&f, "{\"a\":1,\"b\":2,\"c\\n\\\"\":1,\"\xc3\xa9\":1}");
	assert_int_equal(f.v[1].from, 5);
	memset(key, 'k', sizeof(key));
	key[512] = '\0';
	assert_int_equal(mv_facts_set(&f, key, &v, 0, NULL), 0);
	key[512] = 'k';
	key[513] = '\0';
	assert_int_equal(mv_facts_set(&f, key, &v, 0, NULL), MV_EINVALID);
	assert_int_equal(mv_facts_set(&f, "", &v, 0, NULL), MV_EINVALID);
	mv_facts_release(&f);
}

static struct mv_value value(const char *arg)
{
	struct mv_facts f = MV_FACTS_INIT;
	struct mv_value v;
	char text[100];

	snprintf(text, sizeof(text), "k=%s", arg);
	assert_int_equal(mv_facts_set_arg(&f, text, NULL), 0);
	v = f.v[0].value;
	free(f.v[0].key);
	free(f.v);
	return v;
}

static void compares(const char *a, const char *b, int cmp)
{
	struct mv_value x = value(a), y = value(b);
	int got = mv_value_cmp(&x, &y);

	if ((got > 0) - (got < 0) != cmp)
		fail_msg("%s and %s: %d", a, b, got);
	got = mv_value_cmp(&y, &x);
	assert_int_equal((got > 0) - (got < 0), -cmp);
	free(x.text);
	free(y.text);
}

static void equal(const char *a, const char *b, int expected)
{
	struct mv_value x = value(a), y = value(b);

	assert_int_equal(mv_value_eq(&x, &y), expected);
	free(x.text);
	free(y.text);
}

static void test_meta_facts__values_have_an_order(void **state)
{
	(void)state;
	compares("1", "2", -1);
	compares("10", "9", 1);
	compares("1", "1.0", 0);
	compares("1", "1.5", -1);
	compares("-1", "-1.5", 1);
	compares("9007199254740993", "9007199254740992.0", 1);
	compares("9223372036854775807", "9223372036854775808.0", -1);
	compares("12345678901234567890", "5", 1);
	compares("1e999", "inf", 0);
	compares("nan", "inf", 1);
	compares("nan", "nan", 0);
	compares("nan", "text", -1);
	compares("abc", "abd", -1);
	compares("true", "zebra", -1);
	equal("nan", "nan", 1);
	equal("1", "1.0", 0);
	equal("1", "\"1\"", 0);
	equal("0.10", "0.1", 1);
	equal("12345678901234567890", "12345678901234567891", 0);
}

static void test_meta_facts__json_is_flattened(void **state)
{
	(void)state;
	reads("m.json", "{\"train\":{\"loss\":0.1,\"n\":{\"x\":1}},\"a\":NaN,"
	      "\"big\":1e999,\"s\":\"x\\ny\",\"k\\n\":true}", 1, 0,
	      "{\"a\":{\"number\":\"nan\"},\"big\":{\"number\":\"1e999\"},"
	      "\"k\\n\":true,\"s\":\"x\\ny\",\"train.loss\":0.1,"
	      "\"train.n.x\":1}");
	reads("m.json", "{\"l\":[1,NaN,{\"b\":1,\"a\":2}],\"n\":null,\"e\":{},"
	      "\"z\":1}", 0, 0,
	      "{\"l\":{\"list\":\"[1,{\\\"number\\\":\\\"nan\\\"},"
	      "{\\\"a\\\":2,\\\"b\\\":1}]\"},\"n\":null,\"z\":1}");
	reads("m.json", "{\"l\":[1],\"n\":null,\"z\":1}", 1, 2, "{\"z\":1}");
	/* In a file these are what they look like, not our notation. */
	reads("p.json", "{\"x\":{\"number\":\"nan\"},\"y\":{\"list\":\"[]\"}}",
	      0, 0, "{\"x.number\":\"nan\",\"y.list\":\"[]\"}");
	reads("empty.json", "{}", 0, 0, "{}");
	rejects("d/m.json", "{\"a\":1,\n\"b\":tru}", "d/m.json:2:");
	rejects("m.json", "{\"a\":1,\"a\":2}", "m.json:1:");
	rejects("m.json", "{\"a\":{\"b\":1},\"a.b\":2}",
		"m.json: key 'a.b' occurs twice");
	rejects("m.json", "[1]", "not a list");
	rejects("m.json", "0.9", "not a single value");
	rejects("m.json", "{\"\":1}", "without a name");
}

static void test_meta_facts__yaml_and_toml(void **state)
{
	(void)state;
	reads("params.yaml", "train:\n  lr: 1e-3\n  layers: [64, 32]\n", 0, 0,
	      "{\"train.layers\":{\"list\":\"[64,32]\"},\"train.lr\":0.001}");
	reads("d.x/params", "a: .nan\n", 0, 0, "{\"a\":{\"number\":\"nan\"}}");
	reads("empty.yml", "", 0, 0, "{}");
	rejects("p.yaml", "a: 1\nb: [\n", "p.yaml:3:");
	rejects("p.yaml", "a: 1\na: 2\n", "p.yaml:2:1: key 'a' occurs twice");
	rejects_n("p.toml", "", 0, MV_ENOTSUP, "convert it to JSON or YAML");
	rejects_n("p.txt", "", 0, MV_ENOTSUP, "p.txt");
}

static void test_meta_facts__key_value_files(void **state)
{
	(void)state;
	reads(".env", "\xef\xbb\xbf# c\r\nexport LR=0.1 # rate\r\nN = 3\n"
	      "S='it # is\\n'\nT=\"a\\n\\\"b\\\" \\x\" ; c\nURL=http://x/#a\n"
	      "exported=1\nE=\nQ=\"5\"", 0, 0,
	      "{\"E\":\"\",\"LR\":0.1,\"N\":3,\"Q\":\"5\","
	      "\"S\":\"it # is\\\\n\",\"T\":\"a\\n\\\"b\\\" \\\\x\","
	      "\"URL\":\"http://x/#a\",\"exported\":1}");
	reads("a.ini", "top = 1\n[ train ]\nlr: 0.1\n; c\nf = a b\n"
	      "[eval.x]\nlr = true\n", 0, 0,
	      "{\"eval.x.lr\":true,\"top\":1,\"train.f\":\"a b\","
	      "\"train.lr\":0.1}");
	reads("a.properties", "! c\na.b=x # y\n  c : 2\nd=\"q\"\n", 0, 0,
	      "{\"a.b\":\"x # y\",\"c\":2,\"d\":\"\\\"q\\\"\"}");
	reads(".env.local", "a=null\nb=1\n", 1, 1, "{\"b\":1}");
	rejects(".env", "A=1\n  B\n", ".env:2:3: neither");
	rejects(".env", "A='x\n", ".env:1:3: a quote");
	rejects(".env", "A='x' y\n", ".env:1:7: text behind");
	rejects(".env", "A=1\nB=2\nA=3\n", ".env:3:1: key 'A' occurs twice");
	rejects(".env", "A=1\n=2\n", ".env:2:1: a value without");
	rejects("a.ini", "a = 1\n  b = 2\n", "a.ini:2:3: an indented line");
	rejects("a.ini", "[x\n", "a.ini:1:1");
	rejects("a.ini", "[]\n", "without a name");
	rejects("a.properties", "a = b\\\nc\n", "a.properties:1:6: continued");
	rejects("a.ini", "a = \xff\n", "a.ini:1:1: value of 'a' is not UTF-8");
	rejects_n(".env", "A=1\nB=\0\n", 8, MV_EINVALID, ".env:2:3: NUL");
}

static void test_meta_facts__records_read_back_exactly(void **state)
{
	static const char text[] =
		"{\"a\":{\"number\":\"nan\"},\"b\":{\"number\":\"-inf\"},"
		"\"c\":{\"number\":\"12345678901234567890\"},"
		"\"d\":{\"list\":\"[1,{\\\"x\\\":[2.5]}]\"},\"e.f\":0.1,"
		"\"g\":null,\"h\":false,\"i\":\"nan\",\"j\":1.0,"
		"\"k.list\":\"[]\",\"l.number\":\"nan\"}";
	struct mv_facts f = MV_FACTS_INIT, g = MV_FACTS_INIT;
	struct mv_json *v;

	(void)state;
	assert_int_equal(mv_json_parse(&v, text, strlen(text), NULL), 0);
	assert_int_equal(mv_facts_from_json(&f, v, "", 0, NULL, NULL), 0);
	mv_json_free(v);
	are(&f, text);
	assert_int_equal(mv_facts_get(&f, "a")->type, MV_VALUE_REAL);
	assert_int_equal(mv_facts_get(&f, "c")->type, MV_VALUE_NUMBER);
	assert_int_equal(mv_facts_get(&f, "d")->type, MV_VALUE_LIST);
	assert_string_equal(mv_facts_get(&f, "d")->text, "[1,{\"x\":[2.5]}]");
	assert_int_equal(mv_facts_get(&f, "j")->type, MV_VALUE_REAL);
	/* And without the detour over text. */
	v = mv_facts_to_json(&f);
	assert_int_equal(mv_facts_from_json(&g, v, "", 0, NULL, NULL), 0);
	are(&g, text);
	/* Newer values replace, others stay. */
	mv_json_free(v);
	assert_int_equal(mv_json_parse(&v, "{\"h\":1,\"aa\":2}", 14, NULL), 0);
	assert_int_equal(mv_facts_from_json(&g, v, "", 0, NULL, NULL), 0);
	assert_int_equal(mv_facts_from_json(&g, v, "p.q", 0, NULL, NULL), 0);
	assert_int_equal(g.count, f.count + 3);
	assert_true(mv_facts_get(&g, "h")->i == 1);
	assert_true(mv_facts_get(&g, "p.q.aa")->i == 2);
	mv_json_free(v);
	mv_facts_release(&g);
	mv_facts_release(&f);
}

static void test_meta_facts__foreign_notation_is_no_number(void **state)
{
	static const char text[] = "{\"a\":{\"number\":\"12\"},"
		"\"b\":{\"number\":\"x\"},\"c\":{\"list\":\"{}\"},"
		"\"d\":{\"list\":\"[\"},\"e\":{\"number\":1}}";
	struct mv_facts f = MV_FACTS_INIT;
	struct mv_json *v;

	(void)state;
	assert_int_equal(mv_json_parse(&v, text, strlen(text), NULL), 0);
	assert_int_equal(mv_facts_from_json(&f, v, "", 0, NULL, NULL), 0);
	mv_json_free(v);
	are(&f, "{\"a.number\":\"12\",\"b.number\":\"x\",\"c.list\":\"{}\","
	    "\"d.list\":\"[\",\"e.number\":1}");
	mv_facts_release(&f);
}

static void large(const char *name, const char *begin, const char *pair,
		  const char *end)
{
	enum { KEYS = MV_PACE > 1 ? 60000 : 300000 };
	struct mv_facts f = MV_FACTS_INIT;
	struct timespec a, b;
	struct mv_buf text;

	mv_buf_init(&text, 64u << 20);
	mv_buf_addstr(&text, begin);
	for (unsigned i = 0; i < KEYS; i++) {
		/* Every number below 2^20 once, in no order. */
		if (i)
			mv_buf_addstr(&text, *begin == '{' ? ",\n" : "\n");
		mv_buf_addf(&text, "%s%05x%s0.%u",
			    *begin == '{' ? "\"key.of.metric." :
			    "key.of.metric.", i * 2654435u & 0xfffff, pair, i);
	}
	mv_buf_addstr(&text, end);
	clock_gettime(CLOCK_MONOTONIC, &a);
	assert_int_equal(mv_facts_read(&f, name, text.data, text.len, 1, NULL,
				       NULL), 0);
	clock_gettime(CLOCK_MONOTONIC, &b);
	print_message("# %s of %zu bytes: %.2f s\n", name, text.len,
		      (double)(b.tv_sec - a.tv_sec) +
		      (double)(b.tv_nsec - a.tv_nsec) / 1e9);
	assert_int_equal(f.count, KEYS);
	for (size_t i = 1; i < f.count; i++)
		assert_true(strcmp(f.v[i - 1].key, f.v[i].key) < 0);
	mv_buf_release(&text);
	mv_facts_release(&f);
}

/* Inserted one by one, these would take minutes. */
static void test_meta_facts__many_keys_are_no_trouble(void **state)
{
	(void)state;
	large("m.json", "{", "\":", "}");
	large("m.env", "", "=", "\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meta_facts__arguments_are_typed_by_their_look),
		cmocka_unit_test(test_meta_facts__set_keeps_them_sorted_and_single),
		cmocka_unit_test(test_meta_facts__values_have_an_order),
		cmocka_unit_test(test_meta_facts__json_is_flattened),
		cmocka_unit_test(test_meta_facts__yaml_and_toml),
		cmocka_unit_test(test_meta_facts__key_value_files),
		cmocka_unit_test(test_meta_facts__records_read_back_exactly),
		cmocka_unit_test(test_meta_facts__foreign_notation_is_no_number),
		cmocka_unit_test(test_meta_facts__many_keys_are_no_trouble)
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
