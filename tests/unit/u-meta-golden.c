/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/fs.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/ledger.h"
#include "libmv/meta/manifest.h"
#include "libmv/meta/record.h"

/*
 * A note and a manifest of format 1 as they were written once, and what they
 * meant then (tests/golden/README.md). Whoever has to change these files has
 * changed what people's records say.
 */
#define GOLDEN "tests/golden/v1-records/"

static void read_golden(struct mv_buf *out, const char *name)
{
	struct mv_err err;
	char path[100];

	mv_buf_init(out, 1 << 20);
	snprintf(path, sizeof(path), GOLDEN "%s", name);
	if (mv_read_file(out, path, &err) < 0)
		fail_msg("%s", err.msg);
}

/* The lines of a text, which is cut up. */
static void cut_lines(struct mv_lines *lines, struct mv_buf *text)
{
	*lines = (struct mv_lines){ calloc(64, sizeof(*lines->v)), 0, NULL };
	assert_non_null(lines->v);
	for (char *s = text->data; *s; ) {
		char *lf = strchr(s, '\n');

		assert_non_null(lf);
		assert_true(lines->count < 64);
		lines->v[lines->count++] = s;
		*lf = '\0';
		s = lf + 1;
	}
}

static void say_facts(struct mv_buf *out, const char *what,
		      const struct mv_facts *facts)
{
	static const char *const types[] = { "string", "int", "real", "bool",
					     "null", "number", "list" };

	for (size_t i = 0; i < facts->count; i++)
		mv_buf_addf(out, "%s %s = %s %s, record %u\n", what,
			    facts->v[i].key, types[facts->v[i].value.type],
			    facts->v[i].value.text, facts->v[i].from);
}

static void say_refs(struct mv_buf *out, const char *what,
		     const struct mv_refs *refs)
{
	char hex[65];

	for (size_t i = 0; i < refs->count; i++) {
		const struct mv_ref *r = &refs->v[i];

		mv_buf_addf(out, "%s role=%s name=%s path=%s %s size=%lld\n",
			    what, r->role, r->name ? r->name : "-",
			    r->path ? r->path : "-", r->has_oid ?
			    mv_oid_hex(hex, &r->oid) : r->digest,
			    (long long)r->size);
	}
}

static void say_run(struct mv_buf *out, const struct mv_execution *run)
{
	mv_buf_addf(out, "run %s %s cwd=%s started=%lld duration=%lld "
		    "exit=%d peak=%lld:", run->id, run->name, run->cwd,
		    (long long)run->started_ms, (long long)run->duration_ms,
		    run->exit_code, (long long)run->peak_bytes);
	for (size_t i = 0; run->command[i]; i++)
		mv_buf_addf(out, " '%s'", run->command[i]);
	mv_buf_addstr(out, "\n");
	say_refs(out, "input", &run->inputs);
	say_refs(out, "output", &run->outputs);
	say_refs(out, "file", &run->files);
}

/* Everything that the note means, as text. */
static void say(struct mv_buf *out, const struct mv_lines *lines,
		const char *artifact)
{
	struct mv_evidence e;
	char hex[65];

	mv_buf_addf(out, "== %s\n", artifact ? artifact : "all");
	assert_int_equal(mv_evidence_fold_for(&e, lines, NULL, artifact, NULL),
			 0);
	for (size_t i = 0; i < e.count; i++) {
		const struct mv_record *r = &e.records[i];

		mv_buf_addf(out, "record %zu %s %s id=%s by=%s artifact=%s "
			    "path=%s commit=%s dirty=%s content=%s size=%llu\n",
			    i, r->t, r->kind, r->id, r->by ? r->by : "-",
			    r->artifact ? r->artifact : "-",
			    r->path ? r->path : "-",
			    r->commit ? r->commit : "-",
			    r->dirty ? r->dirty : "-",
			    mv_oid_hex(hex, &r->content),
			    (unsigned long long)r->size);
		say_refs(out, "data", &r->data);
		say_refs(out, "attached", &r->attached);
		say_facts(out, "environment", &r->environment);
		say_facts(out, "source", &r->source);
		if (r->run.command)
			say_run(out, &r->run);
	}
	mv_buf_addf(out, "skipped %zu\n", e.skipped);
	say_facts(out, "param", &e.params);
	say_facts(out, "metric", &e.metrics);
	say_facts(out, "tag", &e.tags);
	for (size_t i = 0; i < e.metrics.count; i++) {
		mv_buf_addf(out, "%s was measured on ", e.metrics.v[i].key);
		assert_int_equal(mv_evidence_eval_data(out, &e,
						       &e.metrics.v[i]), 0);
		mv_buf_addstr(out, "\n");
	}
	mv_evidence_release(&e);
}

static void test_meta_golden__a_note_means_what_it_meant(void **state)
{
	struct mv_buf note, expected, out;
	struct mv_lines lines;

	(void)state;
	read_golden(&note, "note");
	read_golden(&expected, "note.means");
	mv_buf_init(&out, 1 << 20);
	cut_lines(&lines, &note);
	say(&out, &lines, NULL);
	say(&out, &lines, "fraud");
	assert_string_equal(out.data, expected.data);
	free(lines.v);
	mv_buf_release(&note);
	mv_buf_release(&expected);
	mv_buf_release(&out);
}

static void test_meta_golden__its_lines_are_written_the_same(void **state)
{
	struct mv_buf note, united;
	struct mv_lines lines;
	size_t written = 0;

	(void)state;
	read_golden(&note, "note");
	mv_buf_init(&united, 1 << 20);
	assert_int_equal(mv_lines_unite(&united, note.data, note.len, "", 0,
					NULL), 0);
	assert_string_equal(united.data, note.data);
	cut_lines(&lines, &note);
	for (size_t i = 0; i < lines.count; i++) {
		struct mv_record r;

		if (mv_record_parse(&r, lines.v[i], strlen(lines.v[i]),
				    NULL) < 0)
			continue;
		mv_buf_clear(&united);
		assert_int_equal(mv_record_print(&united, &r, NULL), 0);
		if (!strcmp(r.kind, "evidence") || !strcmp(r.kind, "run")) {
			assert_string_equal(united.data, lines.v[i]);
			written++;
		}
		mv_record_release(&r);
	}
	assert_int_equal(written, 4);
	free(lines.v);
	mv_buf_release(&note);
	mv_buf_release(&united);
}

static void test_meta_golden__a_manifest_is_the_same(void **state)
{
	static const char *const paths[] = { "a b", "back\\slash",
					     "d/new\nline", "d/\xc3\xa9" };
	struct mv_buf text, out;
	struct mv_manifest m;

	(void)state;
	read_golden(&text, "manifest");
	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_manifest_parse(&m, text.data, text.len, NULL), 0);
	assert_int_equal(m.count, 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(m.v[i].path, paths[i]);
	assert_int_equal(m.v[0].size, 0);
	assert_true(m.v[2].size == INT64_MAX);
	assert_int_equal(m.v[1].oid.b[0], 0xbb);
	assert_int_equal(mv_manifest_print(&out, &m, NULL), 0);
	assert_string_equal(out.data, text.data);
	mv_manifest_release(&m);
	mv_buf_release(&text);
	mv_buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meta_golden__a_note_means_what_it_meant),
		cmocka_unit_test(test_meta_golden__its_lines_are_written_the_same),
		cmocka_unit_test(test_meta_golden__a_manifest_is_the_same),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
