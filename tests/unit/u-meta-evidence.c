/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/meta/evidence.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/ledger.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C64 "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define T(n) "{\"t\":\"2026-11-21T08:15:00.00" #n "Z\",\"kind\":\"evidence\""
#define CONTENT ",\"content\":\"sha256:" A64 "\""

static int fold(struct mv_evidence *e, const char *const *v, size_t count,
		const char *artifact)
{
	struct mv_lines lines = { (const char **)v, count, NULL };
	struct mv_err err;
	int rc = mv_evidence_fold_for(e, &lines, NULL, artifact, &err);

	if (rc < 0)
		fail_msg("%s", err.msg);
	return rc;
}

#define FOLD(e, v) fold(e, v, sizeof(v) / sizeof(*(v)), NULL)

static void assert_fact(const struct mv_facts *facts, const char *key,
			const char *text, uint32_t from)
{
	for (size_t i = 0; i < facts->count; i++) {
		if (strcmp(facts->v[i].key, key))
			continue;
		assert_string_equal(facts->v[i].value.text, text);
		assert_int_equal(facts->v[i].from, from);
		return;
	}
	fail_msg("no %s", key);
}

static void test_meta_evidence__the_newest_word_counts(void **state)
{
	/* As bytes the last one is the first: "kind" before "t". */
	static const char *const lines[] = {
		"{\"kind\":\"evidence\",\"t\":\"2026-11-21T08:15:00.009Z\""
			CONTENT ",\"tags\":{\"k\":\"newest\"}}",
		T(1) CONTENT ",\"metrics\":{\"auc\":1,\"loss\":10},"
			"\"params\":{\"lr\":1},\"tags\":{\"k\":\"old\"}}",
		T(2) CONTENT ",\"metrics\":{\"acc\":2,\"auc\":2}}",
		T(3) CONTENT ",\"metrics\":{\"auc\":\"x\"}}",
	};
	struct mv_evidence e;

	(void)state;
	FOLD(&e, lines);
	assert_int_equal(e.count, 4);
	assert_int_equal(e.skipped, 0);
	assert_string_equal(e.records[0].t, "2026-11-21T08:15:00.001Z");
	assert_string_equal(e.records[3].t, "2026-11-21T08:15:00.009Z");
	assert_int_equal(e.metrics.count, 3);
	assert_fact(&e.metrics, "acc", "2", 1);
	assert_fact(&e.metrics, "auc", "x", 2);
	assert_fact(&e.metrics, "loss", "10", 0);
	assert_int_equal(e.params.count, 1);
	assert_fact(&e.params, "lr", "1", 0);
	assert_int_equal(e.tags.count, 1);
	assert_fact(&e.tags, "k", "newest", 3);
	assert_non_null(mv_facts_get(&e.metrics, "auc"));
	mv_evidence_release(&e);
}

static void test_meta_evidence__equal_times_go_by_bytes(void **state)
{
	static const char *const lines[] = {
		T(1) CONTENT ",\"metrics\":{\"auc\":1}}",
		T(1) CONTENT ",\"metrics\":{\"auc\":2}}",
	};
	static const char *const turned[] = {
		T(1) CONTENT ",\"metrics\":{\"auc\":2}}",
		T(1) CONTENT ",\"metrics\":{\"auc\":1}}",
	};
	struct mv_evidence e;

	(void)state;
	FOLD(&e, lines);
	assert_fact(&e.metrics, "auc", "2", 1);
	mv_evidence_release(&e);
	FOLD(&e, turned);
	assert_fact(&e.metrics, "auc", "2", 1);
	mv_evidence_release(&e);
}

static void test_meta_evidence__bad_lines_are_counted(void **state)
{
	static const char *const lines[] = {
		"", "<<<<<<< HEAD", "Reviewed-by: nobody",
		T(1) CONTENT ",\"metrics\":{\"auc\":1}}",
		"{\"t\":\"2026-11-21T08:15:00.002Z\",\"kind\":\"approval\"}",
		"{\"t\":\"tomorrow\",\"kind\":\"evidence\"" CONTENT "}",
		"\xff\x01",
	};
	struct mv_evidence e;

	(void)state;
	FOLD(&e, lines);
	assert_int_equal(e.skipped, 5);
	assert_int_equal(e.count, 2);
	assert_string_equal(e.records[1].kind, "approval");
	assert_fact(&e.metrics, "auc", "1", 0);
	mv_evidence_release(&e);
	assert_int_equal(fold(&e, NULL, 0, NULL), 0);
	assert_int_equal(e.count, 0);
	assert_null(e.data);
	mv_evidence_release(&e);
}

static void test_meta_evidence__another_artifact_is_left_out(void **state)
{
	static const char *const lines[] = {
		T(1) ",\"artifact\":\"a\"" CONTENT ",\"metrics\":{\"m\":1}}",
		T(2) CONTENT ",\"metrics\":{\"n\":2},\"environment\":{\"os\":"
			"\"x\"}}",
		T(3) ",\"artifact\":\"b\"" CONTENT ",\"metrics\":{\"m\":3,"
			"\"n\":3}}",
		"x",
	};
	struct mv_evidence e;

	(void)state;
	fold(&e, lines, 4, "a");
	assert_int_equal(e.count, 2);
	assert_int_equal(e.skipped, 1);
	assert_fact(&e.metrics, "m", "1", 0);
	assert_fact(&e.metrics, "n", "2", 1);
	assert_ptr_equal(e.environment, &e.records[1]);
	mv_evidence_release(&e);
	fold(&e, lines, 4, NULL);
	assert_fact(&e.metrics, "m", "3", 2);
	assert_fact(&e.metrics, "n", "3", 2);
	mv_evidence_release(&e);
}

static void test_meta_evidence__a_copy_does_not_count_before_the_artifact(
	void **state)
{
	static const char *const lines[] = {
		T(1) ",\"artifact\":\"a\"" CONTENT ",\"metrics\":{\"m\":1}}",
		T(2) CONTENT ",\"for\":\"path\",\"metrics\":{\"m\":2,\"n\":2},"
			"\"path\":\"copy\"}",
		T(3) CONTENT ",\"for\":\"what is not known\",\"metrics\":{"
			"\"o\":3},\"path\":\"copy\"}",
	};
	struct mv_evidence e;

	(void)state;
	fold(&e, lines, 3, "a");
	assert_fact(&e.metrics, "m", "1", 1);
	assert_fact(&e.metrics, "n", "2", 0);
	assert_fact(&e.metrics, "o", "3", 2);
	mv_evidence_release(&e);
	fold(&e, lines, 3, NULL);
	assert_fact(&e.metrics, "m", "2", 1);
	mv_evidence_release(&e);
}

#define ID(n) ",\"id\":\"000000000000000" #n "\""
#define AFTER(n) ",\"supersedes\":[\"000000000000000" #n "\"]"

static void test_meta_evidence__supersession_comes_before_time(void **state)
{
	static const char *const lines[] = {
		T(9) CONTENT ID(1) ",\"metrics\":{\"m\":9}}",
		T(1) CONTENT ID(2) ",\"metrics\":{\"m\":1}" AFTER(1) "}",
		/* What supersedes a correction is later than both. */
		T(2) CONTENT ID(3) ",\"metrics\":{\"n\":2,\"m\":2}" AFTER(2)
			"}",
		/* Each other: their clocks are what is left. */
		T(3) CONTENT ID(4) ",\"metrics\":{\"p\":3}" AFTER(5) "}",
		T(4) CONTENT ID(5) ",\"metrics\":{\"p\":4}" AFTER(4) "}",
		/* One that is not there, and itself. */
		T(5) CONTENT ID(6) ",\"metrics\":{\"q\":5}" AFTER(7) "}",
		T(6) CONTENT ID(8) ",\"metrics\":{\"q\":6}" AFTER(8) "}",
	};
	struct mv_evidence e;

	(void)state;
	FOLD(&e, lines);
	assert_int_equal(e.count, 7);
	assert_fact(&e.metrics, "m", "2", 6);
	assert_fact(&e.metrics, "n", "2", 6);
	assert_string_equal(e.records[5].id, "0000000000000002");
	assert_string_equal(e.records[4].id, "0000000000000001");
	assert_fact(&e.metrics, "p", "4", 1);
	assert_fact(&e.metrics, "q", "6", 3);
	mv_evidence_release(&e);
}

static void test_meta_evidence__data_run_environment_are_the_newest(
	void **state)
{
	static const char *const lines[] = {
		T(1) CONTENT ",\"data\":[{\"name\":\"old\"}],\"environment\":"
			"{\"os\":\"x\"}}",
		T(2) CONTENT ",\"data\":[{\"name\":\"new\"}]}",
		T(3) CONTENT ",\"run\":{\"command\":[\"x\"]}}",
		T(4) CONTENT "}",
	};
	struct mv_evidence e;

	(void)state;
	FOLD(&e, lines);
	assert_ptr_equal(e.data, &e.records[1]);
	assert_ptr_equal(e.run, &e.records[2]);
	assert_ptr_equal(e.environment, &e.records[0]);
	mv_evidence_release(&e);
}

static void assert_measured(const char *data, const char *expected)
{
	struct mv_evidence e;
	struct mv_buf line, out;
	const char *v[1];

	mv_buf_init(&line, 1 << 16);
	mv_buf_init(&out, 1 << 16);
	mv_buf_addf(&line, "%s,\"data\":%s,\"metrics\":{\"m\":1}}",
		    T(1) CONTENT, data);
	v[0] = line.data;
	fold(&e, v, 1, NULL);
	assert_int_equal(e.skipped, 0);
	assert_int_equal(mv_evidence_eval_data(&out, &e, &e.metrics.v[0]), 0);
	assert_string_equal(out.data, expected);
	mv_evidence_release(&e);
	mv_buf_release(&line);
	mv_buf_release(&out);
}

#define REF(role, oid) "{\"content\":\"sha256:" oid "\",\"role\":\"" role "\"}"

static void test_meta_evidence__what_a_metric_was_measured_on(void **state)
{
	(void)state;
	assert_measured("[]", "");
	assert_measured("[" REF("train", B64) "]", "");
	assert_measured("[" REF("", B64) "," REF("", A64) "]",
			A64 "+" B64);
	assert_measured("[" REF("", B64) "," REF("eval", C64) "]", C64);
	assert_measured("[" REF("eval", C64) "," REF("train", B64) ","
			REF("eval", A64) "," REF("eval", C64) "]",
			A64 "+" C64);
	assert_measured("[{\"digest\":\"md5:0\",\"role\":\"eval\"}]",
			"md5:0");
	/* A name alone tells nobody which data it was. */
	assert_measured("[{\"name\":\"mnist\",\"role\":\"eval\"}]", "");
	assert_measured("[" REF("eval", C64) ",{\"role\":\"eval\"}]", "");
}

static void test_meta_evidence__measured_stays_below_its_maximum(void **state)
{
	static const char *const lines[] = {
		T(1) CONTENT ",\"data\":[" REF("", B64) "],\"metrics\":"
			"{\"m\":1}}",
	};
	struct mv_fact stray = { NULL, { 0 }, 7 };
	struct mv_evidence e;
	struct mv_buf out;

	(void)state;
	FOLD(&e, lines);
	mv_buf_init(&out, 10);
	assert_int_equal(mv_evidence_eval_data(&out, &e, &e.metrics.v[0]),
			 MV_ENOMEM);
	assert_int_equal(mv_evidence_eval_data(&out, &e, &stray), 0);
	assert_int_equal(out.len, 0);
	mv_evidence_release(&e);
	mv_buf_release(&out);
}

/* Also of one whose name is all zeros, which is what no content has. */
static void test_meta_evidence__of_another_content_is_nobodys(void **state)
{
	static const char zeros[] = "0000000000000000000000000000000000000000"
				    "000000000000000000000000";
	const char *v[] = {
		T(1) CONTENT ",\"metrics\":{\"auc\":0.5}}",
		T(2) ",\"content\":\"sha256:" B64 "\",\"metrics\":{\"auc\":1}}",
		NULL,
		"{\"t\":\"2026-11-21T08:15:00.004Z\",\"kind\":\"later\"}",
		"no record"
	};
	struct mv_lines lines = { v, 5, NULL };
	char *zero = mv_strf(T(3) ",\"content\":\"sha256:%s\","
			     "\"metrics\":{\"auc\":2}}", zeros);
	struct mv_evidence e;
	struct mv_oid a;

	(void)state;
	v[2] = zero;
	assert_int_equal(mv_oid_parse(&a, A64, MV_OID_HEX), 0);
	assert_int_equal(mv_evidence_fold_for(&e, &lines, &a, NULL, NULL), 0);
	assert_fact(&e.metrics, "auc", "0.5", 0.5);
	assert_int_equal(e.count, 2);
	assert_int_equal(e.elsewhere, 2);
	assert_int_equal(e.skipped, 1);
	mv_evidence_release(&e);
	free(zero);
}

/* Ten thousand records, all with the same and with other keys. */
static void test_meta_evidence__many_records_are_no_work(void **state)
{
	enum { MANY = 10000 };
	char **lines = calloc(MANY, sizeof(*lines));
	struct mv_evidence e;
	char key[32];

	(void)state;
	assert_non_null(lines);
	for (int i = 0; i < MANY; i++) {
		lines[i] = mv_strf("{\"t\":\"2026-11-21T%02d:%02d:%02d.000Z\","
				   "\"kind\":\"evidence\"" CONTENT
				   ",\"metrics\":{\"k%d\":%d,\"same\":%d}}",
				   i / 3600, i / 60 % 60, i % 60,
				   (i * 7919) % MANY, i, i);
		assert_non_null(lines[i]);
	}
	fold(&e, (const char *const *)lines, MANY, NULL);
	assert_int_equal(e.metrics.count, MANY + 1);
	assert_fact(&e.metrics, "same", "9999", 9999);
	snprintf(key, sizeof(key), "k%d", 77 * 7919 % MANY);
	assert_fact(&e.metrics, key, "77", 77);
	mv_evidence_release(&e);
	for (int i = 0; i < MANY; i++)
		free(lines[i]);
	free(lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meta_evidence__the_newest_word_counts),
		cmocka_unit_test(test_meta_evidence__equal_times_go_by_bytes),
		cmocka_unit_test(test_meta_evidence__bad_lines_are_counted),
		cmocka_unit_test(test_meta_evidence__another_artifact_is_left_out),
		cmocka_unit_test(test_meta_evidence__a_copy_does_not_count_before_the_artifact),
		cmocka_unit_test(test_meta_evidence__supersession_comes_before_time),
		cmocka_unit_test(test_meta_evidence__data_run_environment_are_the_newest),
		cmocka_unit_test(test_meta_evidence__what_a_metric_was_measured_on),
		cmocka_unit_test(test_meta_evidence__measured_stays_below_its_maximum),
		cmocka_unit_test(test_meta_evidence__of_another_content_is_nobodys),
		cmocka_unit_test(test_meta_evidence__many_records_are_no_work),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
