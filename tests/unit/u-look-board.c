/* SPDX-License-Identifier: MIT */
#include "tests/unit/look-world.h"

static int board(struct mv_board *b, struct world *w, const char *spec,
		 unsigned flags, size_t limit)
{
	memset(&w->err, 0, sizeof(w->err));
	return mv_look_board(b, w->repo, spec, flags, limit, &w->err);
}

#define assert_board(b, w, ...) assert_ok(w, board(b, w, __VA_ARGS__))

/* "label label ...": the rows. */
static void assert_rows(const struct mv_board *b, const char *expected)
{
	char text[400] = "";

	for (size_t i = 0; i < b->count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%s%s", i ? " " : "", b->v[i].label);
	assert_string_equal(text, expected);
}

static double auc(const struct mv_row *row)
{
	const struct mv_value *v = mv_facts_get(&row->evidence.metrics, "auc");

	return v ? v->r : -1;
}

static void test_look_board__versions_and_head(void **state)
{
	struct mv_board b;
	struct world w;

	(void)state;
	look_world(&w);
	assert_board(&b, &w, "fraud", 0, 0);
	assert_rows(&b, "HEAD v1.0.0");
	assert_false(b.mixed);
	assert_string_equal(mv_board_artifact(&b), "fraud");
	assert_string_equal(b.v[0].subject_line, "second model");
	assert_string_equal(b.v[0].path, "m.bin");
	assert_true(auc(&b.v[0]) == 0.9 && auc(&b.v[1]) == 0.8);
	assert_null(b.v[0].version);
	mv_board_release(&b);
	/* HEAD is a row only where it is no version. */
	look_tag(&w, "fraud@v1.10.0");
	look_tag(&w, "fraud#production#1");
	world_open(&w, NULL);
	assert_board(&b, &w, NULL, 0, 0);
	assert_rows(&b, "v1.10.0 v1.0.0");
	assert_true(b.mixed);
	assert_true(b.v[0].head && !b.v[1].head);
	assert_string_equal(b.v[0].stages, "production");
	assert_null(b.v[1].stages);
	mv_board_release(&b);
	assert_board(&b, &w, "fraud", 0, 1);
	assert_rows(&b, "v1.10.0");
	mv_board_release(&b);
	world_drop(&w);
}

static void test_look_board__branches(void **state)
{
	struct mv_board b;
	struct world w;

	(void)state;
	look_world(&w);
	run(&w.r, "git branch old HEAD~1; git branch before HEAD~2;"
	    "git update-ref refs/remotes/origin/main HEAD;"
	    "git update-ref refs/remotes/origin/old2 HEAD~1");
	world_open(&w, NULL);
	assert_board(&b, &w, "fraud", MV_BOARD_BRANCHES, 0);
	/* One has no content there; those of remotes that are ours are not
	   said twice. */
	assert_rows(&b, "main old");
	mv_board_release(&b);
	world_drop(&w);
}

static void test_look_board__history(void **state)
{
	struct mv_board b;
	struct world w;

	(void)state;
	look_world(&w);
	run(&w.r, "git mv m.bin k.bin; sed -i s/m.bin/k.bin/ .gitmodel/config "
	    ".gitattributes");
	look_commit(&w, "moved");
	look_add(&w, "k.bin", "three");
	look_commit(&w, "third model");
	assert_board(&b, &w, "fraud", MV_BOARD_FOLLOW, 0);
	assert_int_equal(b.count, 4);
	assert_string_equal(b.v[0].subject_line, "third model");
	assert_string_equal(b.v[3].subject_line, "first model");
	assert_string_equal(b.v[3].path, "m.bin");
	assert_string_equal(b.v[3].version, "v1.0.0");
	mv_board_release(&b);
	assert_board(&b, &w, "fraud", MV_BOARD_FOLLOW, 2);
	assert_int_equal(b.count, 2);
	assert_string_equal(b.v[1].subject_line, "moved");
	mv_board_release(&b);
	/* What is gone still has a history, of what git ever had there. */
	assert_board(&b, &w, "m.bin", MV_BOARD_FOLLOW, 0);
	assert_int_equal(b.count, 2);
	mv_board_release(&b);
	assert_board(&b, &w, "never.bin", MV_BOARD_FOLLOW, 0);
	assert_int_equal(b.count, 0);
	mv_board_release(&b);
	world_drop(&w);
}

/* So many rows of ours: what git held itself is none, and takes no place. */
static void test_look_board__a_limit_counts_rows_that_are_shown(void **state)
{
	struct mv_board b;
	struct world w;

	(void)state;
	look_world(&w);
	run(&w.r, "echo raw >m.bin; mv .gitattributes ..; git add -f m.bin;"
	    "git commit -qm raw; echo more >>m.bin; git commit -qam more;"
	    "mv ../.gitattributes .");
	look_commit(&w, "attributes");
	assert_board(&b, &w, "m.bin", MV_BOARD_FOLLOW, 0);
	assert_int_equal(b.count, 2);
	mv_board_release(&b);
	assert_board(&b, &w, "m.bin", MV_BOARD_FOLLOW, 1);
	assert_int_equal(b.count, 1);
	assert_string_equal(b.v[0].subject_line, "second model");
	mv_board_release(&b);
	world_drop(&w);
}

/* Every commit, and of a commit with several runs each. */
static void test_look_board__every_commit_and_run(void **state)
{
	struct mv_board b;
	struct world w;

	(void)state;
	look_world(&w);
	run(&w.r, "git checkout -qf -b side HEAD~1");
	world_open(&w, NULL);
	look_add(&w, "m.bin", "other");
	look_commit(&w, "on the side");
	run(&w.r, "git checkout -qf main");
	world_open(&w, NULL);
	assert_board(&b, &w, "fraud", MV_BOARD_ALL, 0);
	assert_int_equal(b.count, 3);
	mv_board_release(&b);
	assert_board(&b, &w, NULL, MV_BOARD_ALL, 2);
	assert_int_equal(b.count, 2);
	mv_board_release(&b);
	world_drop(&w);
}

static void run_record(struct world *w, const char *id, const char *name)
{
	struct mv_subject s;
	struct mv_record r;

	assert_ok(w, mv_subject_find(&s, w->repo, "fraud", &w->err));
	assert_ok(w, mv_evidence_record_begin(&r, w->repo, &s, 1700000000000,
					      &w->err));
	free(r.kind);
	r.kind = strdup("run");
	r.run.id = strdup(id);
	r.run.name = strdup(name);
	r.run.command = calloc(2, sizeof(*r.run.command));
	r.run.command[0] = strdup("true");
	r.run.cwd = strdup("");
	r.run.started_ms = 1700000000000;
	assert_ok(w, mv_evidence_record(w->repo, &s, &r, 1, "x", &w->err));
	mv_record_release(&r);
	mv_subject_release(&s);
}

/* A commit with one run is that run; several have a row each. */
static void test_look_board__runs_go_by_their_names(void **state)
{
	struct mv_board b;
	struct world w;

	(void)state;
	look_world(&w);
	run_record(&w, "0000000000000001", "calm");
	assert_board(&b, &w, "m.bin", 0, 0);
	assert_null(b.v[0].run);
	mv_board_release(&b);
	assert_board(&b, &w, NULL, MV_BOARD_ALL, 0);
	assert_rows(&b, "v1.0.0 calm");
	assert_string_equal(b.v[1].run, "0000000000000001");
	mv_board_release(&b);
	run_record(&w, "0000000000000002", "wild");
	assert_board(&b, &w, NULL, MV_BOARD_ALL, 0);
	assert_int_equal(b.count, 4);
	assert_null(b.v[1].run);
	assert_string_equal(b.v[2].label, "calm");
	assert_string_equal(b.v[3].label, "wild");
	mv_board_release(&b);
	world_drop(&w);
}

static void test_look_board__refusals(void **state)
{
	struct mv_board b;
	struct world w;
	char oid[80], hex[MV_OID_HEX + 1];
	struct mv_card c;

	(void)state;
	look_world(&w);
	assert_int_equal(board(&b, &w, "frau", 0, 0), MV_ENOENT);
	assert_non_null(strstr(w.err.msg, "fraud"));
	mv_board_release(&b);
	assert_ok(&w, mv_look_card(&c, w.repo, "fraud", &w.err));
	snprintf(oid, sizeof(oid), "sha256:%s", mv_oid_hex(hex, &c.oid));
	mv_card_release(&c);
	assert_int_equal(board(&b, &w, oid, 0, 0), MV_EINVALID);
	assert_int_equal(board(&b, &w, ".gitattributes", 0, 0), MV_EINVALID);
	world_drop(&w);
}

static void test_look_board__nothing_is_committed(void **state)
{
	struct mv_board b;
	struct world w;

	(void)state;
	memset(&w, 0, sizeof(w));
	repo_new(&w.r, "");
	world_open(&w, NULL);
	assert_int_equal(board(&b, &w, NULL, 0, 0), MV_ENOENT);
	assert_non_null(strstr(w.err.msg, "nothing is committed"));
	look_config(&w, FRAUD);
	look_add(&w, "m.bin", "one");
	assert_int_equal(board(&b, &w, "fraud", MV_BOARD_FOLLOW, 0), MV_ENOENT);
	assert_non_null(strstr(w.err.msg, "nothing is committed"));
	assert_board(&b, &w, "fraud", 0, 0);
	assert_int_equal(b.count, 0);
	mv_board_release(&b);
	assert_board(&b, &w, NULL, MV_BOARD_ALL, 0);
	assert_int_equal(b.count, 0);
	mv_board_release(&b);
	world_drop(&w);
}

static void test_look_board__notes_and_git(void **state)
{
	static const unsigned how[] = { 0, MV_BOARD_FOLLOW, MV_BOARD_ALL,
					MV_BOARD_BRANCHES };
	struct mv_board b;
	struct world w;

	(void)state;
	look_world(&w);
	run(&w.r, "git update-ref refs/keep " NOTES "; "
	    "git update-ref -d " NOTES);
	world_open(&w, NULL);
	assert_board(&b, &w, NULL, 0, 0);
	assert_int_equal(b.count, 2);
	assert_int_equal(b.v[0].evidence.count, 0);
	mv_board_release(&b);
	run(&w.r, "git update-ref " NOTES " refs/keep");
	look_lose(&w, NOTES "^{tree}");
	for (size_t i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
		assert_int_not_equal(board(&b, &w, "fraud", how[i], 0), 0);
		assert_int_not_equal(w.err.code, MV_ENOENT);
		mv_board_release(&b);
	}
	for (size_t i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
		look_mute(&w);
		assert_int_not_equal(board(&b, &w, NULL, how[i], 0), 0);
		if (w.err.code == MV_ENOENT)
			fail_msg("%u: %s", how[i], w.err.msg);
		mv_board_release(&b);
		run(&w.r, "mv .git/HEAD.away .git/HEAD");
	}
	world_drop(&w);
}

static void test_look_board__a_pointer_is_missing(void **state)
{
	struct mv_board b;
	struct world w;

	(void)state;
	look_world(&w);
	look_lose(&w, "HEAD~1:m.bin");
	assert_int_equal(board(&b, &w, "fraud", MV_BOARD_FOLLOW, 0),
			 MV_ECORRUPT);
	assert_non_null(strstr(w.err.msg, "missing"));
	mv_board_release(&b);
	assert_int_not_equal(board(&b, &w, "fraud", 0, 0), 0);
	assert_int_not_equal(w.err.code, MV_ENOENT);
	world_drop(&w);
}

/* A version that was registered of another path. */
static void test_look_board__a_version_is_where_it_was(void **state)
{
	struct mv_board b;
	struct world w;

	(void)state;
	look_world(&w);
	run(&w.r, "git mv m.bin k.bin; sed -i s/m.bin/k.bin/ .gitmodel/config "
	    ".gitattributes");
	look_commit(&w, "moved");
	look_tag(&w, "fraud@v2.0.0");
	world_open(&w, NULL);
	assert_board(&b, &w, "fraud", 0, 0);
	assert_rows(&b, "v2.0.0 v1.0.0");
	assert_string_equal(b.v[0].path, "k.bin");
	assert_string_equal(b.v[1].path, "m.bin");
	assert_true(auc(&b.v[1]) == 0.8);
	mv_board_release(&b);
	world_drop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_look_board__versions_and_head),
		cmocka_unit_test(test_look_board__branches),
		cmocka_unit_test(test_look_board__history),
		cmocka_unit_test(
			test_look_board__a_limit_counts_rows_that_are_shown),
		cmocka_unit_test(test_look_board__every_commit_and_run),
		cmocka_unit_test(test_look_board__runs_go_by_their_names),
		cmocka_unit_test(test_look_board__refusals),
		cmocka_unit_test(test_look_board__nothing_is_committed),
		cmocka_unit_test(test_look_board__notes_and_git),
		cmocka_unit_test(test_look_board__a_pointer_is_missing),
		cmocka_unit_test(test_look_board__a_version_is_where_it_was),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
