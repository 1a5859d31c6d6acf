/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/meta/facts.h"
#include "libmv/meta/record.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define T "{\"t\":\"2026-11-21T08:15:00.123Z\""
#define EVIDENCE T ",\"kind\":\"evidence\""
#define CONTENT ",\"content\":\"sha256:" A64 "\""

static int parse(struct mv_record *r, const char *line, struct mv_err *err)
{
	return mv_record_parse(r, line, strlen(line), err);
}

/* As it is printed; yours. */
static char *print(const struct mv_record *r)
{
	struct mv_buf out;
	struct mv_err err;

	mv_buf_init(&out, 1 << 20);
	if (mv_record_print(&out, r, &err) < 0)
		fail_msg("%s", err.msg);
	return mv_buf_detach(&out);
}

static struct mv_oid oid_of(char digit)
{
	struct mv_oid oid;
	char hex[65];

	memset(hex, digit, 64);
	assert_int_equal(mv_oid_parse(&oid, hex, 64), 0);
	return oid;
}

static void set(struct mv_facts *facts, const char *arg)
{
	assert_int_equal(mv_facts_set_arg(facts, arg, NULL), 0);
}

static char *dup(const char *s)
{
	char *copy = strdup(s);

	assert_non_null(copy);
	return copy;
}

static void begin(struct mv_record *r, const char *kind)
{
	memset(r, 0, sizeof(*r));
	r->t = dup("2026-11-21T08:15:00.123Z");
	r->kind = dup(kind);
	r->content = oid_of('a');
}

static void add_ref(struct mv_refs *refs, const char *role, const char *name,
		    const char *path, char digit, uint64_t size,
		    const char *digest)
{
	struct mv_ref ref = { (char *)role, (char *)name, (char *)path,
			      { { 0 } }, size, digit != 0, (char *)digest };

	if (digit)
		ref.oid = oid_of(digit);
	assert_int_equal(mv_refs_add(refs, &ref, NULL), 0);
}

static void set_run(struct mv_execution *run)
{
	run->id = dup("00000000000000ff");
	run->name = dup("first try");
	run->command = calloc(4, sizeof(*run->command));
	assert_non_null(run->command);
	run->command[0] = dup("python3");
	run->command[1] = dup("train.py");
	run->command[2] = dup("");
	run->cwd = dup("a/b");
	run->started_ms = 1764000000001;
	run->duration_ms = 65000;
	run->exit_code = 137;
	run->peak_bytes = 1 << 30;
	add_ref(&run->inputs, "", NULL, "data.csv", 'b', 5, NULL);
	add_ref(&run->outputs, "", NULL, "model.pt", 'a', 6, NULL);
	add_ref(&run->files, "metrics", NULL, "m.json", 'c', 0, NULL);
}

static void test_meta_record__prints_what_the_format_says(void **state)
{
	static const char expected[] = T ",\"kind\":\"run\","
		"\"artifact\":\"fraud\","
		"\"attached\":[{\"content\":\"sha256:" B64 "\","
		"\"role\":\"curves\",\"size\":77}],"
		"\"by\":\"A <a@example.org>\",\"commit\":\""
		"0123456789012345678901234567890123456789\","
		"\"content\":\"sha256:" A64 "\",\"data\":["
		"{\"content\":\"sha256:" B64 "\",\"name\":\"d1\","
		"\"path\":\"data/x.csv\",\"role\":\"train\",\"size\":0},"
		"{\"digest\":\"md5:00\",\"role\":\"eval\"}],"
		"\"dirty\":\"sha256:" B64 "\","
		"\"environment\":{\"os\":\"linux\"},"
		"\"id\":\"0123456789abcdef\","
		"\"metrics\":{\"a.b\":1,\"loss\":0.5,\"z\":{\"number\":\"nan\"}"
		"},\"params\":{\"lr\":0.1,\"on\":true},\"path\":\"m.pt\","
		"\"run\":{\"command\":[\"python3\",\"train.py\",\"\"],"
		"\"cwd\":\"a/b\",\"duration_ms\":65000,\"exit\":137,"
		"\"files\":[{\"content\":\"sha256:"
		"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
		"\",\"path\":\"m.json\",\"role\":\"metrics\",\"size\":0}],"
		"\"id\":\"00000000000000ff\",\"inputs\":[{\"content\":\"sha256:"
		B64 "\",\"path\":\"data.csv\",\"size\":5}],"
		"\"name\":\"first try\",\"outputs\":[{\"content\":\"sha256:" A64
		"\",\"path\":\"model.pt\",\"size\":6}],\"peak_bytes\":1073741824,"
		"\"started\":\"2025-11-24T16:00:00.001Z\"},\"size\":123,"
		"\"source\":{\"tool\":\"mlflow\"},\"tags\":{\"k\":\"v\"}}";
	struct mv_record r, back;
	char *line, *again;

	(void)state;
	begin(&r, "run");
	r.id = dup("0123456789abcdef");
	r.by = dup("A <a@example.org>");
	r.artifact = dup("fraud");
	r.path = dup("m.pt");
	r.size = 123;
	r.commit = dup("0123456789012345678901234567890123456789");
	r.dirty = dup("sha256:" B64);
	set(&r.params, "on=true");
	set(&r.params, "lr=0.1");
	set(&r.metrics, "loss=0.5");
	set(&r.metrics, "z=nan");
	set(&r.metrics, "a.b=1");
	set(&r.tags, "k=v");
	set(&r.environment, "os=linux");
	set(&r.source, "tool=mlflow");
	add_ref(&r.data, "train", "d1", "data/x.csv", 'b', 0, NULL);
	add_ref(&r.data, "eval", NULL, NULL, 0, UINT64_MAX, "md5:00");
	add_ref(&r.attached, "curves", NULL, NULL, 'b', 77, NULL);
	set_run(&r.run);
	line = print(&r);
	assert_string_equal(line, expected);
	assert_int_equal(parse(&back, line, NULL), 0);
	again = print(&back);
	assert_string_equal(again, line);
	assert_string_equal(back.run.command[2], "");
	assert_null(back.run.command[3]);
	assert_int_equal(back.run.exit_code, 137);
	assert_true(back.run.started_ms == 1764000000001);
	assert_true(back.data.v[1].size == UINT64_MAX);
	assert_int_equal(back.data.v[0].size, 0);
	assert_int_equal(back.data.v[1].has_oid, 0);
	assert_string_equal(back.attached.v[0].role, "curves");
	assert_string_equal(back.run.inputs.v[0].role, "");
	free(line);
	free(again);
	mv_record_release(&r);
	mv_record_release(&back);
}

static void test_meta_record__canonical_lines_come_back(void **state)
{
	static const char *const lines[] = {
		EVIDENCE CONTENT "}",
		EVIDENCE ",\"by\":\"\xc3\xa9\\n\\u202E\"" CONTENT "}",
		EVIDENCE CONTENT ",\"metrics\":{\"big\":{\"number\":\"123456789012345678901\"},"
			"\"inf\":{\"number\":\"inf\"},\"int\":-9223372036854775"
			"808,\"list\":{\"list\":\"[64,32]\"},\"n\":null,"
			"\"real\":1e-05,\"s\":\"1\",\"t\":false,"
			"\"\xc3\xa9\":-0.0}}",
		EVIDENCE CONTENT ",\"size\":9223372036854775807}",
		T ",\"kind\":\"run\"" CONTENT ",\"run\":{\"command\":[\"x\"],"
			"\"duration_ms\":0,\"exit\":0,"
			"\"started\":\"1970-01-01T00:00:00.000Z\"}}",
		T ",\"kind\":\"run\"" CONTENT ",\"run\":{\"command\":[\"x\"],"
			"\"duration_ms\":-1,\"exit\":-1,"
			"\"started\":\"0000-01-01T00:00:00.000Z\"}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct mv_record r;
		struct mv_err err;
		char *line;

		if (parse(&r, lines[i], &err) < 0)
			fail_msg("%s: %s", lines[i], err.msg);
		line = print(&r);
		assert_string_equal(line, lines[i]);
		free(line);
		mv_record_release(&r);
	}
}

static void test_meta_record__what_it_supersedes(void **state)
{
	static const char line[] = "{\"t\":\"2026-11-21T08:15:00.123Z\","
		"\"kind\":\"evidence\",\"content\":\"sha256:"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"\",\"for\":\"path\",\"path\":\"p\",\"supersedes\":"
		"[\"00000000000000aa\",\"00000000000000ab\"]}";
	static const char *const bad[] = {
		"\"00000000000000aa\"", "[1]", "[\"aa\"]",
		"[\"00000000000000AA\"]", "{}", "[[]]",
	};
	struct mv_record r;
	struct mv_buf out;
	char id[17];

	(void)state;
	mv_buf_init(&out, 2 * MV_RECORD_MAX);
	assert_int_equal(mv_record_parse(&r, line, strlen(line), NULL), 0);
	assert_int_equal(r.for_path, 1);
	assert_string_equal(r.supersedes[1], "00000000000000ab");
	assert_null(r.supersedes[2]);
	assert_int_equal(mv_record_supersede(&r, "00000000000000aa", NULL), 0);
	assert_int_equal(mv_record_print(&out, &r, NULL), 0);
	assert_string_equal(out.data, line);
	for (int i = 2; i < MV_SUPERSEDES_MAX; i++) {
		snprintf(id, sizeof(id), "%016x", i);
		assert_int_equal(mv_record_supersede(&r, id, NULL), 0);
	}
	assert_int_equal(mv_record_supersede(&r, "00000000000000ff", NULL),
			 MV_EINVALID);
	mv_record_release(&r);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		mv_buf_clear(&out);
		assert_int_equal(mv_buf_addf(&out, "{\"t\":\"2026-11-21T08:15:"
			"00.123Z\",\"kind\":\"evidence\",\"content\":"
			"\"sha256:%064d\",\"supersedes\":%s}", 0, bad[i]), 0);
		assert_int_equal(mv_record_parse(&r, out.data, out.len, NULL),
				 MV_EINVALID);
	}
	mv_buf_release(&out);
}

static void test_meta_record__other_spellings_become_canonical(void **state)
{
	static const char line[] = " { \"kind\" : \"evidence\", \"size\":0,"
		"\"zzz\":[{}], \"content\":\"sha256:" A64 "\",\"path\":\"\","
		"\"params\":{\"b\":{\"c\":1,\"a\":2},\"a\":1.50},\"data\":[],"
		"\"metrics\":{},\"t\":\"2026-11-21T08:15:00.123Z\" }\r";
	struct mv_record r;
	char *text;

	(void)state;
	assert_int_equal(parse(&r, line, NULL), 0);
	assert_null(r.path);
	text = print(&r);
	assert_string_equal(text, EVIDENCE CONTENT ",\"params\":{\"a\":1.5,"
			    "\"b.a\":2,\"b.c\":1}}");
	free(text);
	mv_record_release(&r);
}

static void test_meta_record__names_that_are_not_text(void **state)
{
	struct mv_record r, back;
	char *line;

	(void)state;
	begin(&r, "run");
	r.path = dup("caf\xe9");
	add_ref(&r.data, "", "n\xff", "\xed\xa0\x80", 'b', 1, NULL);
	set_run(&r.run);
	free(r.run.command[1]);
	r.run.command[1] = dup("\xfe");
	line = print(&r);
	assert_non_null(strstr(line, "\"path\":\"caf\xef\xbf\xbd\","
			       "\"path_hex\":\"636166e9\""));
	assert_non_null(strstr(line, "\"command_hex\":[\"707974686f6e33\","
			       "\"fe\",\"\"]"));
	assert_int_equal(parse(&back, line, NULL), 0);
	assert_string_equal(back.path, r.path);
	assert_string_equal(back.data.v[0].name, "n\xff");
	assert_string_equal(back.data.v[0].path, "\xed\xa0\x80");
	assert_string_equal(back.run.command[0], "python3");
	assert_string_equal(back.run.command[1], "\xfe");
	assert_string_equal(back.run.command[2], "");
	mv_record_release(&r);
	mv_record_release(&back);
	free(line);
}

static void test_meta_record__other_kinds_are_read_by_the_head(void **state)
{
	static const char line[] = T ",\"kind\":\"approval\",\"artifact\":"
		"\"fraud\",\"by\":\"B\"" CONTENT ",\"id\":\"0123456789abcdef\","
		"\"metrics\":[1],\"path\":5,\"size\":-1}";
	struct mv_oid a = oid_of('a');
	struct mv_record r;

	(void)state;
	assert_int_equal(parse(&r, line, NULL), 0);
	assert_string_equal(r.kind, "approval");
	assert_string_equal(r.artifact, "fraud");
	assert_string_equal(r.by, "B");
	assert_string_equal(r.id, "0123456789abcdef");
	assert_true(mv_oid_eq(&r.content, &a));
	assert_null(r.path);
	assert_int_equal(r.size, 0);
	mv_record_release(&r);
	assert_int_equal(parse(&r, T ",\"kind\":\"x\"}", NULL), 0);
	mv_record_release(&r);
}

static void test_meta_record__malformed_lines(void **state)
{
	static const char *const lines[] = {
		"", "x", "{}", "[]", "null", "1", "\"t\"", "{\"t\":1}",
		EVIDENCE CONTENT, EVIDENCE "}", EVIDENCE CONTENT "}{}",
		EVIDENCE CONTENT "}\n" EVIDENCE CONTENT "}",
		"{\"t\":\"2026-11-21T08:15:00Z\",\"kind\":\"x\"}",
		"{\"t\":\"2026-11-21T08:15:00.123+00:00\",\"kind\":\"x\"}",
		"{\"t\":\"2026-13-21T08:15:00.123Z\",\"kind\":\"x\"}",
		"{\"t\":\"2026-11-21T08:15:00.1234Z\",\"kind\":\"x\"}",
		"{\"t\":\"\",\"kind\":\"x\"}", T "}", T ",\"kind\":\"\"}",
		T ",\"kind\":null}", T ",\"kind\":\"x\",\"kind\":\"x\"}",
		T ",\"kind\":\"x\",\"id\":\"0123456789ABCDEF\"}",
		T ",\"kind\":\"x\",\"id\":\"0123\"}",
		T ",\"kind\":\"x\",\"by\":7}",
		T ",\"kind\":\"x\",\"content\":\"" A64 "\"}",
		T ",\"kind\":\"x\",\"content\":\"sha256:" A64 "a\"}",
		T ",\"kind\":\"x\",\"content\":\"sha256:aa\"}",
		EVIDENCE CONTENT ",\"commit\":\"abc\"}",
		EVIDENCE CONTENT ",\"size\":-1}",
		EVIDENCE CONTENT ",\"size\":1.0}",
		EVIDENCE CONTENT ",\"size\":\"1\"}",
		EVIDENCE CONTENT ",\"size\":9223372036854775808}",
		EVIDENCE CONTENT ",\"params\":[]}",
		EVIDENCE CONTENT ",\"metrics\":\"x\"}",
		EVIDENCE CONTENT ",\"metrics\":{\"\":1}}",
		EVIDENCE CONTENT ",\"metrics\":{\"a.b\":1,\"a\":{\"b\":2}}}",
		EVIDENCE CONTENT ",\"data\":{}}",
		EVIDENCE CONTENT ",\"data\":[1]}",
		EVIDENCE CONTENT ",\"data\":[{\"size\":-1}]}",
		EVIDENCE CONTENT ",\"data\":[{\"content\":\"md5:x\"}]}",
		EVIDENCE CONTENT ",\"attached\":[{\"role\":1}]}",
		EVIDENCE CONTENT ",\"path\":\"a\\u0000b\"}",
		EVIDENCE CONTENT ",\"path\":\"a\",\"path_hex\":\"61\"}",
		EVIDENCE CONTENT ",\"path\":\"a\xef\xbf\xbd\",\"path_hex\":"
			"\"62ff\"}",
		EVIDENCE CONTENT ",\"path\":\"\xef\xbf\xbd\",\"path_hex\":"
			"\"ff00\"}",
		EVIDENCE CONTENT ",\"path\":\"\xef\xbf\xbd\",\"path_hex\":"
			"\"f\"}",
		EVIDENCE CONTENT ",\"path\":\"\xff\"}",
		EVIDENCE CONTENT ",\"run\":[]}",
		EVIDENCE CONTENT ",\"run\":{}}",
		EVIDENCE CONTENT ",\"run\":{\"command\":[]}}",
		EVIDENCE CONTENT ",\"run\":{\"command\":[1]}}",
		EVIDENCE CONTENT ",\"run\":{\"command\":\"ls\"}}",
		EVIDENCE CONTENT ",\"run\":{\"command\":[\"x\"],"
			"\"command_hex\":[\"78\"]}}",
		EVIDENCE CONTENT ",\"run\":{\"command\":[\"x\",\"\xef\xbf\xbd\""
			"],\"command_hex\":[\"79\",\"ff\"]}}",
		EVIDENCE CONTENT ",\"run\":{\"command\":[\"\xef\xbf\xbd\"],"
			"\"command_hex\":[\"ff\",\"ff\"]}}",
		EVIDENCE CONTENT ",\"run\":{\"command\":[\"x\"],"
			"\"exit\":2147483648}}",
		EVIDENCE CONTENT ",\"run\":{\"command\":[\"x\"],"
			"\"started\":1}}",
		EVIDENCE CONTENT ",\"run\":{\"command\":[\"x\"],"
			"\"id\":\"1\"}}",
		EVIDENCE CONTENT ",\"run\":{\"command\":[\"x\"],"
			"\"inputs\":[[]]}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct mv_record r, none = { 0 };
		struct mv_err err = { 0 };

		if (parse(&r, lines[i], &err) != MV_EINVALID)
			fail_msg("taken: %s", lines[i]);
		assert_memory_equal(&r, &none, sizeof(r));
		assert_true(*err.msg);
	}
}

static void test_meta_record__nul_and_depth_are_malformed(void **state)
{
	static const char nul[] = EVIDENCE CONTENT "}\0";
	struct mv_record r;
	struct mv_buf line;

	(void)state;
	assert_int_equal(mv_record_parse(&r, nul, sizeof(nul) - 1, NULL),
			 MV_EINVALID);
	assert_int_equal(mv_record_parse(&r, nul, sizeof(nul) - 2, NULL), 0);
	mv_record_release(&r);
	mv_buf_init(&line, 1 << 20);
	mv_buf_addstr(&line, EVIDENCE CONTENT ",\"params\":");
	for (int i = 0; i < 100000; i++)
		mv_buf_addstr(&line, "[");
	assert_int_equal(mv_record_parse(&r, line.data, line.len, NULL),
			 MV_EINVALID);
	mv_buf_release(&line);
}

static void test_meta_record__a_line_has_a_limit(void **state)
{
	struct mv_record r;
	struct mv_buf out;
	struct mv_err err;
	char path[32];
	char *line;

	(void)state;
	mv_buf_init(&out, 1 << 20);
	mv_buf_addstr(&out, "x");
	begin(&r, "evidence");
	for (int i = 0; i < 3000; i++) {
		snprintf(path, sizeof(path), "d%d", i);
		add_ref(&r.data, "", NULL, path, 'b', 1, NULL);
	}
	assert_int_equal(mv_record_print(&out, &r, &err), MV_ENOMEM);
	assert_non_null(strstr(err.msg, "256 KiB, most of it in 'data': name "
			       "a folder"));
	assert_string_equal(out.data, "x");
	mv_refs_release(&r.data);

	r.path = malloc(MV_RECORD_MAX);
	assert_non_null(r.path);
	memset(r.path, 'p', MV_RECORD_MAX);
	r.path[0] = '\0';
	mv_buf_clear(&out);
	assert_int_equal(mv_record_print(&out, &r, &err), 0);
	r.path[0] = 'p';
	/* Exactly as much as there may be, then one more. */
	r.path[MV_RECORD_MAX - out.len - strlen(",\"path\":\"\"")] = '\0';
	line = print(&r);
	assert_int_equal(strlen(line), MV_RECORD_MAX);
	mv_record_release(&r);
	assert_int_equal(parse(&r, line, NULL), 0);
	r.size = 1;
	assert_int_equal(mv_record_print(&out, &r, &err), MV_ENOMEM);
	mv_record_release(&r);
	mv_buf_clear(&out);
	mv_buf_addstr(&out, line);
	mv_buf_addstr(&out, " ");
	assert_int_equal(mv_record_parse(&r, out.data, out.len, &err),
			 MV_EINVALID);
	free(line);
	mv_buf_release(&out);
}

static void test_meta_record__what_could_not_be_read_is_not_printed(
	void **state)
{
	struct mv_record r;
	struct mv_buf out;
	struct mv_err err;

	(void)state;
	mv_buf_init(&out, 1 << 20);
	begin(&r, "run");
	r.t[10] = ' ';
	assert_int_equal(mv_record_print(&out, &r, &err), MV_EINVALID);
	r.t[10] = 'T';
	r.id = dup("xyz");
	assert_int_equal(mv_record_print(&out, &r, &err), MV_EINVALID);
	strcpy(r.id, "");
	r.commit = dup("HEAD");
	assert_int_equal(mv_record_print(&out, &r, &err), MV_EINVALID);
	strcpy(r.commit, "");
	r.size = UINT64_MAX;
	assert_int_equal(mv_record_print(&out, &r, &err), MV_EINVALID);
	r.size = 0;
	set_run(&r.run);
	r.run.started_ms = INT64_MAX;
	assert_int_equal(mv_record_print(&out, &r, &err), MV_EINVALID);
	r.run.started_ms = 0;
	r.run.id[0] = 'x';
	assert_int_equal(mv_record_print(&out, &r, &err), MV_EINVALID);
	r.run.id[0] = '0';
	free(r.run.command[0]);
	r.run.command[0] = NULL;
	assert_int_equal(mv_record_print(&out, &r, &err), MV_EINVALID);
	r.run.command[0] = r.run.command[1];
	r.run.command[1] = r.run.command[2];
	r.run.command[2] = NULL;
	assert_int_equal(out.len, 0);
	assert_int_equal(mv_record_print(&out, &r, &err), 0);
	mv_record_release(&r);
	mv_buf_release(&out);
}

/* -- any record: what is printed is read as the same ---------------------- */

static uint64_t next(uint64_t *seed)
{
	uint64_t z = (*seed += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* Any bytes but NUL; NULL now and then. */
static char *any_text(uint64_t *seed)
{
	size_t len = next(seed) % 12;
	char *s = len ? calloc(1, len + 1) : NULL;

	for (size_t i = 0; i < len && s; i++)
		s[i] = (char)(1 + next(seed) % (next(seed) % 2 ? 255 : 120));
	return s;
}

static void any_refs(struct mv_refs *refs, uint64_t *seed)
{
	for (uint64_t n = next(seed) % 3; n; n--) {
		struct mv_ref ref = { any_text(seed), any_text(seed),
				      any_text(seed), oid_of('c'),
				      next(seed) % 2 ? UINT64_MAX :
				      next(seed) >> 1, (int)(next(seed) % 2),
				      any_text(seed) };

		assert_int_equal(mv_refs_add(refs, &ref, NULL), 0);
		free(ref.role);
		free(ref.name);
		free(ref.path);
		free(ref.digest);
	}
}

static void any_facts(struct mv_facts *facts, uint64_t *seed)
{
	static const char *const args[] = {
		"a=1", "b=-1.5e300", "c=nan", "d=-inf", "e=true", "f=null",
		"g=\"1\"", "h=x\ny", "i=123456789012345678901234567890",
		"k.l=0.1", "m\x01=\xc3\xa9", "n=",
	};

	for (size_t i = 0; i < sizeof(args) / sizeof(*args); i++)
		if (next(seed) % 4 == 0)
			set(facts, args[i]);
}

static int same_text(const char *a, const char *b)
{
	return !a || !b ? a == b : !strcmp(a, b);
}

static void assert_same_refs(const struct mv_refs *a, const struct mv_refs *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		const struct mv_ref *x = &a->v[i], *y = &b->v[i];

		assert_true(same_text(x->role, y->role));
		assert_true(same_text(x->name, y->name));
		assert_true(same_text(x->path, y->path));
		assert_true(same_text(x->digest, y->digest));
		assert_int_equal(x->has_oid, y->has_oid);
		assert_true(x->size == y->size);
		assert_true(!x->has_oid || mv_oid_eq(&x->oid, &y->oid));
	}
}

static void assert_same_facts(const struct mv_facts *a,
			      const struct mv_facts *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		assert_string_equal(a->v[i].key, b->v[i].key);
		assert_true(mv_value_eq(&a->v[i].value, &b->v[i].value));
	}
}

static void assert_same_run(const struct mv_execution *a,
			    const struct mv_execution *b)
{
	assert_int_equal(a->command != NULL, b->command != NULL);
	if (!a->command)
		return;
	for (size_t i = 0; a->command[i] || b->command[i]; i++)
		assert_true(same_text(a->command[i], b->command[i]));
	assert_true(same_text(a->id, b->id) && same_text(a->name, b->name));
	assert_true(same_text(a->cwd ? a->cwd : "", b->cwd));
	assert_true(a->started_ms == b->started_ms &&
		    a->duration_ms == b->duration_ms &&
		    a->exit_code == b->exit_code &&
		    a->peak_bytes == b->peak_bytes);
	assert_same_refs(&a->inputs, &b->inputs);
	assert_same_refs(&a->outputs, &b->outputs);
	assert_same_refs(&a->files, &b->files);
}

static void any_run(struct mv_execution *run, uint64_t *seed)
{
	size_t words = 1 + next(seed) % 3;

	run->command = calloc(words + 1, sizeof(*run->command));
	for (size_t i = 0; i < words; i++) {
		run->command[i] = any_text(seed);
		if (!run->command[i])
			run->command[i] = dup("");
	}
	run->id = next(seed) % 2 ? dup("0123456789abcdef") : NULL;
	run->name = any_text(seed);
	run->cwd = any_text(seed);
	run->started_ms = (int64_t)(next(seed) % 250000000000000);
	run->duration_ms = (int64_t)next(seed);
	run->exit_code = (int)next(seed);
	run->peak_bytes = (int64_t)next(seed);
	any_refs(&run->inputs, seed);
	any_refs(&run->outputs, seed);
	any_refs(&run->files, seed);
}

static void any_record(struct mv_record *r, uint64_t *seed)
{
	begin(r, next(seed) % 2 ? "run" : "evidence");
	r->id = next(seed) % 2 ? dup("0123456789abcdef") : NULL;
	r->by = any_text(seed);
	r->artifact = any_text(seed);
	r->path = any_text(seed);
	r->dirty = any_text(seed);
	r->size = next(seed) % 2 ? next(seed) >> 1 : 0;
	any_facts(&r->params, seed);
	any_facts(&r->metrics, seed);
	any_facts(&r->tags, seed);
	any_facts(&r->environment, seed);
	any_facts(&r->source, seed);
	any_refs(&r->data, seed);
	any_refs(&r->attached, seed);
	if (next(seed) % 2)
		any_run(&r->run, seed);
}

static void test_meta_record__everything_comes_back(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (int i = 0; i < 500; i++) {
		struct mv_record r, b;
		struct mv_err err;
		char *line, *again;

		any_record(&r, &seed);
		line = print(&r);
		if (parse(&b, line, &err) < 0)
			fail_msg("%s: %s", line, err.msg);
		assert_true(same_text(r.t, b.t) && same_text(r.kind, b.kind) &&
			    same_text(r.id, b.id) && same_text(r.by, b.by) &&
			    same_text(r.artifact, b.artifact) &&
			    same_text(r.path, b.path) &&
			    same_text(r.dirty, b.dirty));
		assert_true(r.size == b.size);
		assert_true(mv_oid_eq(&r.content, &b.content));
		assert_same_facts(&r.params, &b.params);
		assert_same_facts(&r.metrics, &b.metrics);
		assert_same_facts(&r.tags, &b.tags);
		assert_same_facts(&r.environment, &b.environment);
		assert_same_facts(&r.source, &b.source);
		assert_same_refs(&r.data, &b.data);
		assert_same_refs(&r.attached, &b.attached);
		assert_same_run(&r.run, &b.run);
		again = print(&b);
		assert_string_equal(line, again);
		free(line);
		free(again);
		mv_record_release(&r);
		mv_record_release(&b);
	}
}

static void test_meta_record__ids_are_random(void **state)
{
	char a[17], b[17];

	(void)state;
	assert_int_equal(mv_record_id(a, NULL), 0);
	assert_int_equal(mv_record_id(b, NULL), 0);
	assert_int_equal(strlen(a), 16);
	assert_int_equal(strspn(a, "0123456789abcdef"), 16);
	assert_string_not_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meta_record__prints_what_the_format_says),
		cmocka_unit_test(test_meta_record__canonical_lines_come_back),
		cmocka_unit_test(test_meta_record__what_it_supersedes),
		cmocka_unit_test(test_meta_record__other_spellings_become_canonical),
		cmocka_unit_test(test_meta_record__names_that_are_not_text),
		cmocka_unit_test(test_meta_record__other_kinds_are_read_by_the_head),
		cmocka_unit_test(test_meta_record__malformed_lines),
		cmocka_unit_test(test_meta_record__nul_and_depth_are_malformed),
		cmocka_unit_test(test_meta_record__a_line_has_a_limit),
		cmocka_unit_test(test_meta_record__what_could_not_be_read_is_not_printed),
		cmocka_unit_test(test_meta_record__everything_comes_back),
		cmocka_unit_test(test_meta_record__ids_are_random),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
