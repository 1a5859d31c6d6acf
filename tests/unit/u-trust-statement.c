/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/trust/priv.h"

static void fill(struct mv_statement *s)
{
	memset(s, 0, sizeof(*s));
	s->decision = MV_DECISION_APPROVE;
	s->repo = strdup("root:0123");
	s->artifact = strdup("fraud");
	s->version = strdup("v1.2.0");
	s->path = strdup("m/\"fraud\".bin");
	s->commit = strdup("0123456789012345678901234567890123456789");
	s->stage = strdup("production");
	s->signer = strdup("alice@example.com");
	s->reason = strdup("gut genug \xc3\xbc");
	s->nonce = strdup("00112233445566778899aabbccddeeff");
	s->size = 12345;
	s->issued_at = 1795248000;
	s->not_after = 1795334400;
	memset(&s->content, 0xab, sizeof(s->content));
}

static char *printed(const struct mv_statement *s)
{
	struct mv_buf out;
	struct mv_err err;

	mv_buf_init(&out, 1 << 20);
	if (mv_statement_print(&out, s, &err))
		fail_msg("%s", err.msg);
	return mv_buf_detach(&out);
}

static int parses(const char *text)
{
	struct mv_statement s;
	int rc = mv_statement_parse(&s, text, strlen(text), NULL);

	if (!rc)
		mv_statement_release(&s);
	else
		assert_null(s.artifact);
	return rc;
}

static void test_trust_statement__has_one_form_only(void **state)
{
	static const char golden[] =
		"{\"artifact\":\"fraud\",\"commit\":"
		"\"0123456789012345678901234567890123456789\",\"content\":"
		"{\"oid\":\"sha256:abababababababababababababababab"
		"abababababababababababababababab\",\"size\":12345},\"decision\":"
		"\"approve\",\"displaces\":\"\",\"from_stage\":\"\","
		"\"issued_at\":1795248000,\"nonce\":"
		"\"00112233445566778899aabbccddeeff\",\"not_after\":1795334400,"
		"\"path\":\"m/\\\"fraud\\\".bin\",\"pointer\":\"\","
		"\"policy\":\"\",\"reason\":\"gut genug \xc3\xbc\","
		"\"records\":\"\",\"repo\":\"root:0123\",\"revokes\":\"\","
		"\"rules\":\"\",\"signer\":\"alice@example.com\",\"stage\":"
		"\"production\",\"tag\":\"\",\"v\":1,\"version\":\"v1.2.0\"}";
	struct mv_statement s;
	char *text;

	(void)state;
	fill(&s);
	text = printed(&s);
	assert_string_equal(text, golden);
	mv_statement_release(&s);
	assert_int_equal(mv_statement_parse(&s, text, strlen(text), NULL), 0);
	assert_string_equal(s.reason, "gut genug \xc3\xbc");
	assert_string_equal(s.pointer, "");
	assert_int_equal(s.size, 12345);
	assert_int_equal(s.not_after, 1795334400);
	mv_statement_release(&s);
	free(text);
}

/* Each is what some JSON parser takes for the same statement. */
static void test_trust_statement__refuses_second_spellings(void **state)
{
	static const struct {
		const char *from, *to;
	} edits[] = {
		{ "{\"artifact\"", "{ \"artifact\"" },
		{ "\"size\":12345", "\"size\":12345.0" }, { "\"size\":12345", "\"size\":1.2345e4" },
		{ "\"size\":12345", "\"size\":012345" }, { "\"size\":12345", "\"size\":-12345" },
		{ "\"size\":12345", "\"size\":\"12345\"" },
		{ "gut", "\\u0067ut" }, { "\xc3\xbc", "\\u00fc" },
		{ "m/\\\"", "m\\/\\\"" },
		{ "\"v\":1", "\"v\":2" }, { ",\"v\":1", "" },
		{ "\"v\":1", "\"u\":1,\"v\":1" },
		{ "\"stage\":\"production\",", "" },
		{ "\"stage\":", "\"stage\":\"staging\",\"stage\":" },
		{ "approve", "Approve" }, { "approve", "promote" },
		{ "sha256:abab", "sha256:ABAB" }, { "sha256:abab", "sha1:abab" },
		{ "1795334400", "-1" }, { "1795334400", "null" },
		{ "1795334400", "99999999999999999999" },
		{ "production", "produc\\u0000tion" },
		{ "production", "produc\\u202etion" },
		{ "production", "produc\xe2\x80\xaetion" },
		{ "production", "produc\x1btion" },
		{ "production", "produc\xfftion" },
		{ "v1.2.0\"}", "v1.2.0\"}\n" }, { "v1.2.0\"}", "v1.2.0\"} " },
		{ "v1.2.0\"}", "v1.2.0\"}{}" }, { "v1.2.0\"}", "v1.2.0\"" },
	};
	struct mv_statement s;
	char *text;

	(void)state;
	fill(&s);
	text = printed(&s);
	mv_statement_release(&s);
	assert_int_equal(parses(text), 0);
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		char *at = strstr(text, edits[i].from), *edited;

		assert_non_null(at);
		edited = mv_strf("%.*s%s%s", (int)(at - text), text,
				 edits[i].to, at + strlen(edits[i].from));
		if (parses(edited) != MV_EINVALID)
			fail_msg("%s", edited);
		free(edited);
	}
	free(text);
}

static void test_trust_statement__is_bounded(void **state)
{
	struct mv_statement s;
	struct mv_buf out;
	char *big = malloc(20001);

	(void)state;
	memset(big, 'x', 20000);
	big[20000] = '\0';
	fill(&s);
	free(s.reason);
	s.reason = big;
	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_statement_print(&out, &s, NULL), MV_EINVALID);
	big[2049] = '\0';
	assert_int_equal(mv_statement_print(&out, &s, NULL), MV_EINVALID);
	big[2048] = '\0';
	assert_int_equal(mv_statement_print(&out, &s, NULL), 0);
	s.issued_at = -1;
	assert_int_equal(mv_statement_print(&out, &s, NULL), MV_EINVALID);
	mv_statement_release(&s);
	mv_buf_release(&out);
}

/* -- lines ---------------------------------------------------------------- */

static int reads(const char *line)
{
	struct mv_statement s;
	struct mv_buf payload, sig;
	int rc;

	mv_buf_init(&payload, 1 << 16);
	mv_buf_init(&sig, 1 << 16);
	rc = mv_statement_from_line(&s, &payload, &sig, line, strlen(line),
				    NULL);
	if (!rc) {
		assert_int_equal(sig.len, 4);
		assert_memory_equal(sig.data, "SIG\0", 4);
		assert_string_equal(s.artifact, "fraud");
		mv_statement_release(&s);
	}
	mv_buf_release(&payload);
	mv_buf_release(&sig);
	return rc;
}

static char *line_of(enum mv_decision decision)
{
	struct mv_statement s;
	struct mv_buf line;

	fill(&s);
	s.decision = decision;
	mv_buf_init(&line, 1 << 20);
	assert_int_equal(mv_statement_line(&line, 1795248000123, &s, "SIG\0",
					   4, NULL), 0);
	mv_statement_release(&s);
	return mv_buf_detach(&line);
}

static char *replace(const char *line, const char *from, const char *to)
{
	const char *at = strstr(line, from);

	assert_non_null(at);
	return mv_strf("%.*s%s%s", (int)(at - line), line, to,
		       at + strlen(from));
}

static void test_trust_statement__line_says_only_what_is_signed(void **state)
{
	static const struct {
		const char *from, *to;
		int rc;
	} edits[] = {
		/* the moment of writing is the writer's claim */
		{ "08:00:00.123Z", "09:00:00.123Z", 0 },
		{ "08:00:00.123Z", "08:00:00Z", MV_EINVALID },
		{ "08:00:00.123Z", "soon", MV_EINVALID },
		{ "sha256:ab", "sha256:cd", MV_EINVALID },
		{ "\"approval\"", "\"receipt\"", MV_EINVALID },
		{ "\"approval\"", "\"evidence\"", MV_ENOENT },
		{ "\"sig\"", "\"seen\":1,\"sig\"", MV_EINVALID },
		{ ",\"sig\":", ", \"sig\":", MV_EINVALID },
		{ "U0lHAA==", "U0lHAB==", MV_EINVALID },
		{ "U0lHAA==", "U0lHAA", MV_EINVALID },
		{ "U0lHAA==", "U0lH\\nAA==", MV_EINVALID },
		{ ".v1+json", ".v2+json", MV_EINVALID },
	};
	char *line = line_of(MV_DECISION_APPROVE), *receipt;

	(void)state;
	assert_int_equal(reads(line), 0);
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		char *edited = replace(line, edits[i].from, edits[i].to);

		if (reads(edited) != edits[i].rc)
			fail_msg("%s", edited);
		free(edited);
	}
	receipt = line_of(MV_DECISION_RECEIPT);
	assert_non_null(strstr(receipt, "\"kind\":\"receipt\""));
	assert_int_equal(reads(receipt), 0);
	assert_int_equal(reads(""), MV_EINVALID);
	assert_int_equal(reads("[]"), MV_ENOENT);
	free(line);
	free(receipt);
}

static void test_trust_statement__pae_is_that_of_dsse(void **state)
{
	struct mv_buf out;

	(void)state;
	mv_buf_init(&out, 1024);
	assert_int_equal(mv_dsse_pae(&out, "http://example.com/HelloWorld",
				     "hello world", 11), 0);
	/* The test vector of the specification. */
	assert_string_equal(out.data, "DSSEv1 29 http://example.com/HelloWorld "
			    "11 hello world");
	mv_buf_release(&out);
}

static void test_trust_statement__nonces_differ(void **state)
{
	char a[33], b[33];

	(void)state;
	assert_int_equal(mv_statement_nonce(a, NULL), 0);
	assert_int_equal(mv_statement_nonce(b, NULL), 0);
	assert_int_equal(strspn(a, "0123456789abcdef"), 32);
	assert_string_not_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trust_statement__has_one_form_only),
		cmocka_unit_test(test_trust_statement__refuses_second_spellings),
		cmocka_unit_test(test_trust_statement__is_bounded),
		cmocka_unit_test(
			test_trust_statement__line_says_only_what_is_signed),
		cmocka_unit_test(test_trust_statement__pae_is_that_of_dsse),
		cmocka_unit_test(test_trust_statement__nonces_differ),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
