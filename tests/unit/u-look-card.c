/* SPDX-License-Identifier: MIT */
#include "tests/unit/look-world.h"

static double metric(const struct mv_evidence *e, const char *key)
{
	const struct mv_value *v = mv_facts_get(&e->metrics, key);

	return v ? v->r : -1;
}

static void test_look_card__says_what_is_known(void **state)
{
	struct mv_curves curves;
	struct mv_card c;
	struct world w;

	(void)state;
	look_world(&w);
	look_curve(&curves, "loss", 5);
	look_record(&w, "fraud", "f1=0.5", &curves);
	mv_curves_release(&curves);
	assert_ok(&w, mv_look_card(&c, w.repo, "fraud", &w.err));
	assert_string_equal(c.title, "fraud");
	assert_string_equal(c.artifact, "fraud");
	assert_string_equal(c.path, "m.bin");
	assert_string_equal(c.type, "model");
	assert_int_equal(c.logical, 4);
	assert_true(c.stored != UINT64_MAX);
	assert_false(c.is_directory);
	assert_null(c.version);
	assert_null(c.format);
	assert_int_equal(c.evidence.count, 2);
	assert_true(metric(&c.evidence, "auc") == 0.9);
	assert_int_equal(c.curve_count, 1);
	assert_string_equal(c.curves[0].name, "loss");
	assert_string_equal(c.subject_line, "second model");
	assert_string_equal(c.author, "A <a@example.org>");
	assert_int_equal(c.when, 1700000000);
	mv_card_release(&c);
	world_drop(&w);
}

/* By its tag, its path, its content: what is the same of it. */
static void test_look_card__of_a_version(void **state)
{
	struct mv_card c;
	struct world w;
	char oid[80], hex[MV_OID_HEX + 1];

	(void)state;
	look_world(&w);
	look_tag(&w, "fraud@v2.0.0");
	look_tag(&w, "fraud#production#1");
	world_open(&w, NULL);
	assert_ok(&w, mv_look_card(&c, w.repo, "fraud@v1.0.0", &w.err));
	assert_string_equal(c.version, "v1.0.0");
	assert_null(c.stages);
	assert_string_equal(c.subject_line, "first model");
	assert_true(metric(&c.evidence, "auc") == 0.8);
	mv_card_release(&c);
	assert_ok(&w, mv_look_card(&c, w.repo, "m.bin", &w.err));
	assert_string_equal(c.version, "v2.0.0");
	assert_string_equal(c.stages, "production");
	snprintf(oid, sizeof(oid), "sha256:%s", mv_oid_hex(hex, &c.oid));
	mv_card_release(&c);
	assert_ok(&w, mv_look_card(&c, w.repo, oid, &w.err));
	assert_null(c.path);
	assert_string_equal(c.title, hex);
	assert_null(c.version);
	assert_null(c.commit);
	assert_true(metric(&c.evidence, "auc") == 0.9);
	mv_card_release(&c);
	world_drop(&w);
}

static void test_look_card__of_a_directory(void **state)
{
	struct mv_card c;
	struct world w;

	(void)state;
	world_new(&w, "");
	look_config(&w, "[artifact \"set\"]\n\tpath = d\n\ttype = dataset\n");
	look_add(&w, "d/a.bin", "1234");
	look_add(&w, "d/b.bin", "123456");
	look_commit(&w, "data");
	look_record(&w, "set", "rows=3", NULL);
	assert_ok(&w, mv_look_card(&c, w.repo, "set", &w.err));
	assert_true(c.is_directory);
	assert_int_equal(c.members, 2);
	assert_int_equal(c.logical, 10);
	assert_true(c.stored != UINT64_MAX && c.stored > 0);
	assert_int_equal(c.evidence.count, 1);
	mv_card_release(&c);
	look_drop_store(&w);
	assert_ok(&w, mv_look_card(&c, w.repo, "set", &w.err));
	assert_true(c.stored == UINT64_MAX);
	assert_int_equal(c.members, 2);
	mv_card_release(&c);
	world_drop(&w);
}

/* What is not here is unknown: its size, its inside; not the card. */
static void test_look_card__of_what_is_not_here(void **state)
{
	struct mv_curves curves;
	struct mv_card c;
	struct world w;

	(void)state;
	look_world(&w);
	look_curve(&curves, "loss", 5);
	look_record(&w, "fraud", "f1=0.5", &curves);
	mv_curves_release(&curves);
	look_drop_store(&w);
	assert_ok(&w, mv_look_card(&c, w.repo, "fraud", &w.err));
	assert_true(c.stored == UINT64_MAX);
	assert_int_equal(c.logical, 4);
	assert_int_equal(c.curve_count, 0);
	assert_int_equal(c.evidence.count, 2);
	mv_card_release(&c);
	world_drop(&w);
}

static void test_look_card__of_nothing(void **state)
{
	struct mv_card c;
	struct world w;

	(void)state;
	look_world(&w);
	assert_int_equal(mv_look_card(&c, w.repo, "frau", &w.err), MV_ENOENT);
	assert_non_null(strstr(w.err.msg, "fraud"));
	assert_int_equal(mv_look_card(&c, w.repo, "fraud@v9.0.0", &w.err),
			 MV_ENOENT);
	assert_int_equal(mv_look_card(&c, w.repo, ".gitattributes", &w.err),
			 MV_EINVALID);
	world_drop(&w);
}

/* None, not to be read, and not to be asked: three answers. */
static void test_look_card__notes_missing_and_unreadable(void **state)
{
	struct mv_card c;
	struct world w;

	(void)state;
	look_world(&w);
	run(&w.r, "git update-ref refs/keep " NOTES "; "
	    "git update-ref -d " NOTES);
	world_open(&w, NULL);
	assert_ok(&w, mv_look_card(&c, w.repo, "fraud", &w.err));
	assert_int_equal(c.evidence.count, 0);
	mv_card_release(&c);
	run(&w.r, "git update-ref " NOTES " refs/keep");
	look_lose(&w, NOTES "^{tree}");
	memset(&w.err, 0, sizeof(w.err));
	assert_int_not_equal(mv_look_card(&c, w.repo, "fraud", &w.err), 0);
	assert_int_not_equal(w.err.code, MV_ENOENT);
	assert_true(*w.err.msg);
	world_drop(&w);
}

static void test_look_card__git_says_no(void **state)
{
	static const char *const specs[] = { "fraud", "m.bin", "fraud@v1.0.0" };
	struct mv_card c;
	struct world w;

	(void)state;
	look_world(&w);
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		look_mute(&w);
		memset(&w.err, 0, sizeof(w.err));
		assert_int_not_equal(mv_look_card(&c, w.repo, specs[i],
						  &w.err), 0);
		if (w.err.code == MV_ENOENT)
			fail_msg("%s: %s", specs[i], w.err.msg);
		run(&w.r, "mv .git/HEAD.away .git/HEAD");
	}
	world_drop(&w);
}

/* Where history is cut off, nobody knows who brought it. */
static void test_look_card__of_a_shallow_clone(void **state)
{
	struct mv_card c;
	struct world w;
	char dir[300];

	(void)state;
	look_world(&w);
	run(&w.r, "git clone -q --depth=1 file://$PWD ../clone");
	snprintf(dir, sizeof(dir), "%s/clone", w.r.root);
	world_open(&w, dir);
	assert_ok(&w, mv_look_card(&c, w.repo, "fraud", &w.err));
	assert_null(c.commit);
	assert_true(c.stored == UINT64_MAX);
	mv_card_release(&c);
	world_drop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_look_card__says_what_is_known),
		cmocka_unit_test(test_look_card__of_a_version),
		cmocka_unit_test(test_look_card__of_a_directory),
		cmocka_unit_test(test_look_card__of_what_is_not_here),
		cmocka_unit_test(test_look_card__of_nothing),
		cmocka_unit_test(test_look_card__notes_missing_and_unreadable),
		cmocka_unit_test(test_look_card__git_says_no),
		cmocka_unit_test(test_look_card__of_a_shallow_clone),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
