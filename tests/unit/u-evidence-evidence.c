/* SPDX-License-Identifier: MIT */
#include "libmv/evidence/evidence.h"
#include "libmv/subject/subject.h"
#include "tests/unit/u-world.h"

/* Records on real pointers, in the notes of real repositories. */
#define NOW 1700000000000LL

/* A pointer of ours at `path`, staged; the content is nowhere. */
static void put_pointer(struct world *w, const char *path, char digit)
{
	char text[160], oid[65];

	memset(oid, digit, 64);
	oid[64] = '\0';
	snprintf(text, sizeof(text), "git-model/1\noid sha256:%s\nsize 1000\n",
		 oid);
	put_file(&w->r, path, text, strlen(text));
	run(&w->r, "git add '%s'", path);
}

static void begin(struct world *w)
{
	world_new(w, "");
	put_pointer(w, "m.bin", '1');
	run(&w->r, "mkdir .gitmodel && printf '[artifact \"fraud\"]\\npath = "
	    "m.bin\\n' >.gitmodel/config && git add . && git commit -qm two");
	world_open(w, NULL);
}

static void find(struct mv_subject *s, struct world *w, const char *spec)
{
	assert_ok(w, mv_subject_find(s, w->repo, spec, &w->err));
}

static void set_metric(struct world *w, struct mv_record *r, const char *key,
		       const char *text)
{
	struct mv_value v = { .type = MV_VALUE_REAL, .r = strtod(text, NULL),
			      .text = (char *)text };

	assert_ok(w, mv_facts_set(&r->metrics, key, &v, 0, &w->err));
}

static void record(struct world *w, const char *spec, int64_t now,
		   const char *key, const char *text)
{
	struct mv_subject s;
	struct mv_record r;

	find(&s, w, spec);
	assert_ok(w, mv_evidence_record_begin(&r, w->repo, &s, now, &w->err));
	set_metric(w, &r, key, text);
	assert_ok(w, mv_evidence_record(w->repo, &s, &r, 1, "recorded",
					&w->err));
	mv_record_release(&r);
	mv_subject_release(&s);
}

static int evidence_of(struct mv_evidence *e, struct world *w,
		       const char *spec)
{
	struct mv_subject s;
	struct mv_known_as of;
	int rc;

	find(&s, w, spec);
	of = (struct mv_known_as){ s.blob, &s.pointer.oid, s.artifact };
	rc = mv_evidence_of(e, w->repo, &of, 1, &w->err);
	mv_subject_release(&s);
	return rc;
}

/* -- records -------------------------------------------------------------- */

static void test_evidence_record__says_who_when_and_what(void **state)
{
	struct mv_subject s;
	struct mv_record r;
	struct world w;

	(void)state;
	begin(&w);
	find(&s, &w, "fraud");
	assert_ok(&w, mv_evidence_record_begin(&r, w.repo, &s, NOW, &w.err));
	assert_string_equal(r.t, "2023-11-14T22:13:20.000Z");
	assert_string_equal(r.by, "C <c@example.org>");
	assert_string_equal(r.artifact, "fraud");
	assert_string_equal(r.path, "m.bin");
	assert_int_equal(strlen(r.id), 16);
	assert_int_equal(r.for_path, 0);
	assert_null(r.dirty);
	assert_true(mv_oid_eq(&r.content, &s.pointer.oid));
	assert_int_equal(r.size, 1000);
	assert_prints(&w.r, "", "test $(git rev-parse HEAD) = %s", r.commit);
	mv_record_release(&r);
	mv_subject_release(&s);
	/* Code that changed and is no content of ours. */
	run(&w.r, "echo x >code && git add code");
	put_pointer(&w, "other.bin", '2');
	world_open(&w, NULL);
	find(&s, &w, "other.bin");
	assert_ok(&w, mv_evidence_record_begin(&r, w.repo, &s, NOW, &w.err));
	assert_null(r.artifact);
	assert_int_equal(r.for_path, 1);
	assert_non_null(r.dirty);
	mv_record_release(&r);
	mv_subject_release(&s);
	world_drop(&w);
}

static void test_evidence_record__hangs_on_its_pointer_and_is_read(void **state)
{
	struct mv_evidence e;
	struct world w;

	(void)state;
	begin(&w);
	record(&w, "fraud", NOW, "auc", "0.9");
	record(&w, "fraud", NOW + 1000, "auc", "0.8");
	assert_prints(&w.r, "2\n", "git notes --ref=model show "
		      "$(git rev-parse HEAD:m.bin) | wc -l");
	assert_ok(&w, evidence_of(&e, &w, "m.bin"));
	assert_int_equal(e.count, 2);
	assert_int_equal(e.metrics.count, 1);
	assert_string_equal(e.metrics.v[0].value.text, "0.8");
	mv_evidence_release(&e);
	assert_string_equal(w.warned, "");
	world_drop(&w);
}

static void test_evidence_record__a_later_date_is_superseded(void **state)
{
	struct mv_evidence e;
	struct world w;

	(void)state;
	begin(&w);
	record(&w, "fraud", NOW + 1000000, "auc", "0.9");
	record(&w, "fraud", NOW, "auc", "0.8");
	assert_non_null(strstr(w.warned, "has a later date than now"));
	assert_ok(&w, evidence_of(&e, &w, "fraud"));
	assert_string_equal(e.metrics.v[0].value.text, "0.8");
	mv_evidence_release(&e);
	world_drop(&w);
}

static void test_evidence_record__not_of_nothing(void **state)
{
	struct mv_subject s = { .spec = (char *)"nothing" };
	struct mv_record r = { 0 };
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(mv_evidence_record(w.repo, &s, &r, 1, "x", &w.err),
			 MV_EINVALID);
	assert_non_null(strstr(w.err.msg, "nothing"));
	run(&w.r, "! git rev-parse -q --verify refs/notes/model");
	world_drop(&w);
}

/* Notes that cannot be read are not none. */
static void test_evidence_of__what_cannot_be_read_is_an_error(void **state)
{
	struct mv_evidence e;
	struct mv_subject s;
	struct mv_record r;
	struct world w;

	(void)state;
	begin(&w);
	assert_ok(&w, evidence_of(&e, &w, "fraud"));
	assert_int_equal(e.count, 0);
	mv_evidence_release(&e);
	record(&w, "fraud", NOW, "auc", "0.9");
	run(&w.r, "t=$(git rev-parse refs/notes/model^{tree}) && rm -f "
	    ".git/objects/$(echo $t | cut -c1-2)/$(echo $t | cut -c3-)");
	world_open(&w, NULL);
	assert_int_not_equal(evidence_of(&e, &w, "fraud"), 0);
	assert_true(*w.err.msg);
	find(&s, &w, "fraud");
	assert_ok(&w, mv_evidence_record_begin(&r, w.repo, &s, NOW, &w.err));
	assert_int_not_equal(mv_evidence_record(w.repo, &s, &r, 1, "x",
						&w.err), 0);
	mv_record_release(&r);
	mv_subject_release(&s);
	world_drop(&w);
}

/* -- what is attached ----------------------------------------------------- */

static void test_evidence_attach__comes_back_and_is_there_once(void **state)
{
	struct mv_record r = { 0 };
	struct mv_writer to;
	struct mv_buf text;
	struct world w;

	(void)state;
	begin(&w);
	for (int i = 0; i < 2; i++)
		assert_ok(&w, mv_evidence_attach(w.repo, &r, "packages",
						 "numpy\n", 6, &w.err));
	assert_int_equal(r.attached.count, 1);
	mv_buf_init(&text, 1024);
	to = mv_writer_buf(&text);
	assert_ok(&w, mv_evidence_attached(&to, w.repo, &r, "packages",
					   &w.err));
	assert_string_equal(text.data, "numpy\n");
	assert_int_equal(mv_evidence_attached(&to, w.repo, &r, "curves",
					      &w.err), MV_ENOENT);
	assert_non_null(strstr(w.err.msg, "curves"));
	/* Named, and nowhere. */
	r.attached.v[0].oid.b[0] ^= 1;
	assert_int_equal(mv_evidence_attached(&to, w.repo, &r, "packages",
					      &w.err), MV_ENOENT);
	assert_non_null(strstr(w.err.msg, "packages"));
	mv_buf_release(&text);
	mv_record_release(&r);
	world_drop(&w);
}

/* -- what --data names ---------------------------------------------------- */

static int ref(struct mv_ref *out, struct world *w, const char *spec)
{
	return mv_evidence_ref(out, w->repo, NULL, "eval", NULL, spec,
			       &w->err);
}

static void test_evidence_ref__the_work_tree_comes_first(void **state)
{
	char hex[MV_OID_HEX + 1];
	struct mv_ref r;
	struct world w;

	(void)state;
	begin(&w);
	put_file(&w.r, "m.bin", "other\n", 6);
	assert_ok(&w, ref(&r, &w, "m.bin"));
	assert_string_equal(mv_oid_hex(hex, &r.oid),
			    "7e4fa2eb8c7ac089739d5defc4489fad68a100d9"
			    "2082ca35c6b40a4524821f87");
	assert_int_equal(r.size, 6);
	assert_string_equal(r.path, "m.bin");
	assert_string_equal(r.name, "fraud");
	assert_string_equal(r.role, "eval");
	mv_evidence_ref_release(&r);
	run(&w.r, "rm m.bin");
	assert_ok(&w, ref(&r, &w, "m.bin"));
	assert_int_equal(r.size, 1000);
	mv_evidence_ref_release(&r);
	world_drop(&w);
}

/* What git has of it is another thing. */
static void test_evidence_ref__what_cannot_be_looked_at_is_not_in_git(void **state)
{
	struct mv_ref r;
	struct world w;

	(void)state;
	begin(&w);
	run(&w.r, "rm m.bin && ln -s m.bin m.bin");
	assert_int_equal(ref(&r, &w, "m.bin"), MV_EIO);
	assert_non_null(strstr(w.err.msg, "m.bin"));
	world_drop(&w);
}

static void test_evidence_ref__a_digest_is_only_kept(void **state)
{
	struct mv_ref r;
	struct world w;

	(void)state;
	begin(&w);
	assert_ok(&w, ref(&r, &w, "md5:0123456789abcdef0123456789abcdef"));
	assert_int_equal(r.has_oid, 0);
	assert_string_equal(r.digest, "md5:0123456789abcdef0123456789abcdef");
	mv_evidence_ref_release(&r);
	assert_int_equal(ref(&r, &w, "nothing"), MV_ENOENT);
	assert_int_equal(ref(&r, &w, "md5:zz"), MV_ENOENT);
	assert_int_equal(ref(&r, &w, "MD5:0123456789abcdef"), MV_ENOENT);
	run(&w.r, "mkdir empty");
	assert_int_equal(ref(&r, &w, "empty"), MV_EINVALID);
	world_drop(&w);
}

static void test_evidence_ref__the_manifest_of_a_folder_is_attached(void **state)
{
	struct mv_record r = { 0 };
	struct mv_ref ref;
	struct world w;

	(void)state;
	begin(&w);
	run(&w.r, "mkdir d && echo a >d/a && echo b >d/b");
	assert_ok(&w, mv_evidence_ref(&ref, w.repo, &r, NULL, "set", "d",
				      &w.err));
	assert_string_equal(ref.name, "set");
	assert_int_equal(r.attached.count, 1);
	assert_string_equal(r.attached.v[0].role, "manifest");
	assert_true(mv_oid_eq(&r.attached.v[0].oid, &ref.oid));
	mv_evidence_ref_release(&ref);
	mv_record_release(&r);
	world_drop(&w);
}

/* -- files of facts ------------------------------------------------------- */

static int facts(struct mv_record *r, struct world *w, const char *name,
		 int metrics)
{
	struct mv_curves curves = { 0 };
	char path[600];
	size_t skipped = 0;
	int rc;

	memset(r, 0, sizeof(*r));
	rc = mv_evidence_read_facts(r, &curves, at(&w->r, path, sizeof(path),
						   name), metrics, &skipped,
				    &w->err);
	mv_curves_release(&curves);
	return rc;
}

static void test_evidence_facts__by_the_suffix_of_the_file(void **state)
{
	struct mv_record r;
	struct world w;

	(void)state;
	world_new(&w, "");
	run(&w.r, "echo '{\"auc\": 0.5, \"loss\": \"nan\"}' >m.json;"
	    "echo 'lr: 0.1' >p.yaml; echo '{' >bad.json; mkdir none live;"
	    "echo '{\"f1\": 1}' >live/metrics.json;"
	    "ln -s ../m.json none/metrics.json;"
	    "head -c 5000000 /dev/zero | tr '\\0' ' ' >large.json");
	assert_ok(&w, facts(&r, &w, "m.json", 1));
	assert_int_equal(r.metrics.count, 2);
	assert_int_equal(r.metrics.v[1].value.type, MV_VALUE_REAL);
	mv_record_release(&r);
	assert_ok(&w, facts(&r, &w, "p.yaml", 0));
	assert_int_equal(r.params.count, 1);
	mv_record_release(&r);
	assert_ok(&w, facts(&r, &w, "live", 1));
	assert_string_equal(r.metrics.v[0].key, "f1");
	mv_record_release(&r);
	assert_int_equal(facts(&r, &w, "bad.json", 1), MV_EINVALID);
	mv_record_release(&r);
	assert_int_equal(facts(&r, &w, "large.json", 1), MV_EINVALID);
	mv_record_release(&r);
	/* A link may lead out of the folder that was named. */
	assert_int_equal(facts(&r, &w, "none", 1), MV_EDENIED);
	mv_record_release(&r);
	assert_int_equal(facts(&r, &w, "no.json", 1), MV_ENOENT);
	mv_record_release(&r);
	world_drop(&w);
}

/* -- notes of others ------------------------------------------------------ */

static void test_evidence_notes__go_to_a_remote_and_come_back(void **state)
{
	char since[65];
	struct mv_evidence e;
	struct world w;
	size_t brought, missing;
	int moved, yes;

	(void)state;
	begin(&w);
	run(&w.r, "git init -q --bare ../o && git remote add origin ../o && "
	    "git push -q origin main");
	world_open(&w, NULL);
	assert_ok(&w, mv_evidence_notes_unpushed(&yes, since, w.repo, "origin",
						 &w.err));
	assert_int_equal(yes, 0);
	record(&w, "fraud", NOW, "auc", "0.9");
	assert_ok(&w, mv_evidence_notes_unpushed(&yes, since, w.repo, "origin",
						 &w.err));
	assert_int_equal(yes, 1);
	assert_string_equal(since, "");
	assert_ok(&w, mv_evidence_notes_push(w.repo, "origin", &moved,
					     &w.err));
	assert_int_equal(moved, 1);
	assert_ok(&w, mv_evidence_notes_unpushed(&yes, since, w.repo, "origin",
						 &w.err));
	assert_int_equal(yes, 0);
	assert_ok(&w, mv_evidence_notes_push(w.repo, "origin", &moved,
					     &w.err));
	assert_int_equal(moved, 0);
	/* Somebody else, who has none yet and something of his own to say. */
	run(&w.r, "git update-ref -d refs/notes/model");
	world_open(&w, NULL);
	record(&w, "fraud", NOW + 5, "f1", "0.7");
	assert_ok(&w, mv_evidence_notes_fetch(w.repo, NULL, &moved, &w.err));
	assert_int_equal(moved, 1);
	assert_ok(&w, evidence_of(&e, &w, "fraud"));
	assert_int_equal(e.count, 2);
	mv_evidence_release(&e);
	assert_ok(&w, mv_evidence_fetch_attached(w.repo, &brought, &missing,
						 &w.err));
	assert_int_equal(brought + missing, 0);
	world_drop(&w);
}

/* "It cannot be told" is no "there are none". */
static void test_evidence_notes__that_cannot_be_looked_at_are_not_pushed(void **state)
{
	char since[65];
	struct world w;
	int yes;

	(void)state;
	begin(&w);
	run(&w.r, "git init -q --bare ../o && git remote add origin ../o");
	world_open(&w, NULL);
	record(&w, "fraud", NOW, "auc", "0.9");
	run(&w.r, "echo nonsense >.git/refs/notes/model");
	assert_int_not_equal(mv_evidence_notes_unpushed(&yes, since, w.repo,
							"origin", &w.err), 0);
	assert_int_equal(yes, 0);
	assert_int_not_equal(mv_evidence_notes_push(w.repo, "origin", NULL,
						    &w.err), 0);
	assert_null(mv_evidence_notes_hint(w.repo));
	world_drop(&w);
}

static void test_evidence_notes__missing_where_nobody_has_asked(void **state)
{
	struct world w;
	int missing;

	(void)state;
	begin(&w);
	assert_ok(&w, mv_evidence_notes_missing(&missing, w.repo, &w.err));
	assert_int_equal(missing, 0);
	assert_null(mv_evidence_notes_hint(w.repo));
	/* None at all, and a remote that git does not know, are fine. */
	assert_ok(&w, mv_evidence_notes_fetch(w.repo, NULL, NULL, &w.err));
	assert_ok(&w, mv_evidence_notes_push(w.repo, NULL, NULL, &w.err));
	run(&w.r, "git init -q --bare ../o && git remote add origin ../o");
	world_open(&w, NULL);
	assert_ok(&w, mv_evidence_notes_missing(&missing, w.repo, &w.err));
	assert_int_equal(missing, 1);
	assert_non_null(mv_evidence_notes_hint(w.repo));
	assert_ok(&w, mv_evidence_notes_fetch(w.repo, "origin", NULL, &w.err));
	assert_ok(&w, mv_evidence_notes_missing(&missing, w.repo, &w.err));
	assert_int_equal(missing, 0);
	world_drop(&w);
}

static void test_evidence_notes__a_remote_that_is_gone_is_an_error(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	run(&w.r, "git remote add origin ../gone");
	world_open(&w, NULL);
	record(&w, "fraud", NOW, "auc", "0.9");
	assert_int_not_equal(mv_evidence_notes_fetch(w.repo, "origin", NULL,
						     &w.err), 0);
	assert_int_not_equal(mv_evidence_notes_push(w.repo, "origin", NULL,
						    &w.err), 0);
	assert_int_equal(mv_evidence_notes_fetch(w.repo, "-x", NULL, &w.err),
			 MV_EINVALID);
	world_drop(&w);
}

/* -- the digest that approvals speak of ----------------------------------- */

static void test_evidence_digest__is_of_evidence_about_this_content(void **state)
{
	static const char about[] = "\"content\":\"sha256:11111111111111111111"
		"11111111111111111111111111111111111111111111\"";
	char line[4][256], one[MV_DIGEST_TEXT], two[MV_DIGEST_TEXT];
	const char *v[4] = { line[0], line[1], line[2], line[3] };
	enum mv_evidence_line_kind kind[4];
	struct mv_lines lines = { v, 4, NULL };
	struct mv_oid oid;
	struct mv_err err;

	(void)state;
	memset(oid.b, 0x11, sizeof(oid.b));
	snprintf(line[0], 256, "{\"t\":\"2023-11-14T22:13:20.000Z\",\"kind\":"
		 "\"evidence\",%s,\"id\":\"0123456789abcdef\"}", about);
	snprintf(line[1], 256, "{\"t\":\"2023-11-14T22:13:20.000Z\",\"kind\":"
		 "\"approval\",%s,\"id\":\"0123456789abcdef\"}", about);
	snprintf(line[2], 256, "nonsense");
	snprintf(line[3], 256, "%s", line[0]);
	memset(strstr(line[3], "111"), '2', 64);
	for (int i = 0; i < 4; i++)
		assert_int_equal(mv_evidence_line_kind(&kind[i], v[i], &oid,
						       &err), 0);
	assert_int_equal(kind[0], MV_LINE_EVIDENCE);
	assert_int_equal(kind[1], MV_LINE_STATEMENT);
	assert_int_equal(kind[2], MV_LINE_OTHER);
	assert_int_equal(kind[3], MV_LINE_OTHER);
	assert_int_equal(mv_evidence_digest_lines(one, &lines, kind, &err), 0);
	lines.count = 1;
	assert_int_equal(mv_evidence_digest_lines(two, &lines, kind, &err), 0);
	assert_string_equal(one, two);
	assert_int_equal(strlen(one), 7 + MV_OID_HEX);
	lines.count = 0;
	assert_int_equal(mv_evidence_digest_lines(two, &lines, kind, &err), 0);
	assert_string_not_equal(one, two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_evidence_record__says_who_when_and_what),
		cmocka_unit_test(
			test_evidence_record__hangs_on_its_pointer_and_is_read),
		cmocka_unit_test(
			test_evidence_record__a_later_date_is_superseded),
		cmocka_unit_test(test_evidence_record__not_of_nothing),
		cmocka_unit_test(
			test_evidence_of__what_cannot_be_read_is_an_error),
		cmocka_unit_test(
			test_evidence_attach__comes_back_and_is_there_once),
		cmocka_unit_test(test_evidence_ref__the_work_tree_comes_first),
		cmocka_unit_test(
		     test_evidence_ref__what_cannot_be_looked_at_is_not_in_git),
		cmocka_unit_test(test_evidence_ref__a_digest_is_only_kept),
		cmocka_unit_test(
		       test_evidence_ref__the_manifest_of_a_folder_is_attached),
		cmocka_unit_test(
			test_evidence_facts__by_the_suffix_of_the_file),
		cmocka_unit_test(
			test_evidence_notes__go_to_a_remote_and_come_back),
		cmocka_unit_test(
		  test_evidence_notes__that_cannot_be_looked_at_are_not_pushed),
		cmocka_unit_test(
			test_evidence_notes__missing_where_nobody_has_asked),
		cmocka_unit_test(
			test_evidence_notes__a_remote_that_is_gone_is_an_error),
		cmocka_unit_test(
		       test_evidence_digest__is_of_evidence_about_this_content)
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
