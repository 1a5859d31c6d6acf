/* SPDX-License-Identifier: MIT */
/* evidence/merged.h: how a content came to be that a merge made. */
#include "libmv/evidence/evidence.h"
#include "libmv/evidence/merged.h"
#include "libmv/subject/subject.h"
#include "tests/unit/u-world.h"

#define NOW 1700000000000LL

static struct mv_pointer pointer(int byte)
{
	struct mv_pointer p = { .size = 1000, .canonical = 1 };

	memset(p.oid.b, byte, sizeof(p.oid.b));
	return p;
}

static struct mv_evidence_merge merge(const char *path, const char *rule,
				      const char *list)
{
	const struct mv_evidence_merge m = {
		.path = path, .result = pointer(4), .base = pointer(1),
		.ours = pointer(2), .theirs = pointer(3), .rule = rule,
		.same = 7, .from_ours = 2, .from_theirs = 1, .averaged = 0,
		.ruled = 1, .list = list
	};

	return m;
}

static void begin(struct world *w)
{
	world_new(w, "");
	run(&w->r, "mkdir .gitmodel && printf '[artifact \"fraud\"]\\npath = "
	    "m.bin\\n' >.gitmodel/config && git add . && git commit -qm two");
	world_open(w, NULL);
}

static const struct mv_ref *ref_of(const struct mv_refs *refs,
				   const char *role)
{
	for (size_t i = 0; i < refs->count; i++)
		if (!strcmp(refs->v[i].role, role))
			return &refs->v[i];
	return NULL;
}

static void test_evidence_merged__says_from_what_and_how(void **state)
{
	struct mv_evidence_merge m = merge("m.bin", "ours", "ours\tq\n");
	char *note, blob[65] = "";
	struct mv_record r;
	struct world w;

	(void)state;
	begin(&w);
	assert_ok(&w, mv_evidence_merged(w.repo, &m, NOW, &w.err));
	note = sh(&w.r, "git notes --ref=model list | cut -d ' ' -f 2");
	snprintf(blob, sizeof(blob), "%.40s", note);
	free(note);
	/* It hangs on the pointer, which is an object now. */
	assert_prints(&w.r, "git-model/1\n", "git cat-file -p %s | head -n 1",
		      blob);
	note = sh(&w.r, "git notes --ref=model show %s", blob);
	assert_ok(&w, mv_record_parse(&r, note, strcspn(note, "\n"), &w.err));
	assert_string_equal(r.artifact, "fraud");
	assert_string_equal(r.path, "m.bin");
	assert_true(mv_oid_eq(&r.content, &m.result.oid));
	assert_true(mv_oid_eq(&ref_of(&r.data, "ours")->oid, &m.ours.oid));
	assert_true(mv_oid_eq(&ref_of(&r.data, "theirs")->oid,
			      &m.theirs.oid));
	assert_true(mv_oid_eq(&ref_of(&r.data, "base")->oid, &m.base.oid));
	assert_int_equal(ref_of(&r.attached, "log")->size, 7);
	assert_non_null(strstr(note, "\"rule\":\"ours\""));
	assert_non_null(strstr(note, "\"tensors.by-rule\":1"));
	assert_non_null(strstr(note, "\"tensors.same\":7"));
	mv_record_release(&r);
	free(note);
	world_drop(&w);
}

static void test_evidence_merged__a_path_without_a_name_and_no_list(void **state)
{
	struct mv_evidence_merge m = merge("d/other.bin", NULL, "");
	struct world w;
	char *note;

	(void)state;
	begin(&w);
	assert_ok(&w, mv_evidence_merged(w.repo, &m, NOW, &w.err));
	note = sh(&w.r, "git notes --ref=model show $(git notes --ref=model "
		  "list | cut -d ' ' -f 2)");
	assert_non_null(strstr(note, "\"for\":\"path\""));
	assert_non_null(strstr(note, "\"rule\":\"none\""));
	assert_null(strstr(note, "attached"));
	assert_null(strstr(note, "fraud"));
	free(note);
	world_drop(&w);
}

static void test_evidence_merged__a_broken_config_is_an_error(void **state)
{
	struct mv_evidence_merge m = merge("m.bin", NULL, "");
	struct world w;

	(void)state;
	begin(&w);
	run(&w.r, "echo '[artifact' >.gitmodel/config; git commit -qam broken");
	world_open(&w, NULL);
	assert_int_equal(mv_evidence_merged(w.repo, &m, NOW, &w.err),
			 MV_EINVALID);
	run(&w.r, "test -z \"$(git notes --ref=model list)\"");
	world_drop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_evidence_merged__says_from_what_and_how),
		cmocka_unit_test(test_evidence_merged__a_path_without_a_name_and_no_list),
		cmocka_unit_test(test_evidence_merged__a_broken_config_is_an_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
