/* SPDX-License-Identifier: MIT */
#include "tests/unit/look-world.h"

static int report(struct mv_report *r, struct world *w)
{
	memset(&w->err, 0, sizeof(w->err));
	return mv_look_report(r, w->repo, NULL, 1700000000000, &w->err);
}

static size_t lines_of(const struct mv_report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->site.card_count; i++)
		n += r->plots[i].count;
	return n;
}

static void test_look_report__everything_that_there_is(void **state)
{
	struct mv_curves curves;
	struct mv_report r;
	struct world w;

	(void)state;
	look_world(&w);
	look_curve(&curves, "loss", 4);
	look_record(&w, "fraud@v1.0.0", "f1=0.1", &curves);
	look_record(&w, "fraud", "f1=0.1", &curves);
	mv_curves_release(&curves);
	look_add(&w, "n.bin", "nameless");
	look_add(&w, "staged/o.bin", "not committed");
	assert_ok(&w, report(&r, &w));
	assert_string_equal(r.title, "r");
	assert_int_equal(r.site.now, 1700000000000);
	assert_int_equal(r.site.card_count, 3);
	assert_string_equal(r.cards[0].title, "fraud");
	assert_string_equal(r.cards[1].path, "n.bin");
	assert_string_equal(r.cards[2].path, "staged/o.bin");
	assert_int_equal(r.site.group_count, 0);
	/* Versions and HEAD; of what is not committed no row. */
	assert_int_equal(r.board.count, 2);
	assert_int_equal(lines_of(&r), 2);
	assert_int_equal(r.lineages[0].node_count > 0, 1);
	assert_string_equal(w.warned, "");
	mv_look_report_release(&r);
	assert_null(r.cards);
	world_drop(&w);
}

/* Too many without a name and a record: counted, by folder. */
static void test_look_report__many_files_are_counted(void **state)
{
	const struct mv_add_options options = { .flags = MV_ADD_FORCE };
	const char *paths[] = { "a", NULL };
	struct mv_add_stats stats;
	struct mv_report r;
	struct world w;

	(void)state;
	world_new(&w, "");
	run(&w.r, "mkdir -p a/b; echo '*.bin filter=model -text' "
	    ">.gitattributes; for i in $(seq 15); do echo $i >a/$i.bin; "
	    "echo b$i >a/b/$i.bin; done");
	assert_ok(&w, mv_work_add(w.repo, paths, &options, &stats, &w.err));
	look_commit(&w, "many");
	look_record(&w, "a/3.bin", "rows=3", NULL);
	assert_ok(&w, report(&r, &w));
	assert_int_equal(r.site.card_count, 1);
	assert_string_equal(r.cards[0].path, "a/3.bin");
	assert_int_equal(r.site.group_count, 2);
	assert_string_equal(r.groups[0].folder, "a/");
	assert_int_equal(r.groups[0].files, 14);
	assert_string_equal(r.groups[1].folder, "a/b/");
	assert_int_equal(r.groups[1].files, 15);
	mv_look_report_release(&r);
	world_drop(&w);
}

static void test_look_report__what_cannot_be_shown_is_said(void **state)
{
	struct mv_report r;
	struct world w;

	(void)state;
	look_world(&w);
	look_config(&w, FRAUD "[artifact \"gone\"]\n\tpath = gone.bin\n");
	look_commit(&w, "a name without a file");
	assert_ok(&w, report(&r, &w));
	assert_int_equal(r.site.card_count, 1);
	assert_non_null(strstr(w.warned, "'gone' is left out"));
	mv_look_report_release(&r);
	world_drop(&w);
}

/* Nothing here is no report that says "nothing there". */
static void test_look_report__notes_and_git(void **state)
{
	struct mv_report r;
	struct world w;

	(void)state;
	look_world(&w);
	look_add(&w, "n.bin", "nameless");
	look_commit(&w, "third");
	look_lose(&w, NOTES "^{tree}");
	assert_int_not_equal(report(&r, &w), 0);
	assert_int_not_equal(w.err.code, MV_ENOENT);
	mv_look_report_release(&r);
	look_mute(&w);
	assert_int_not_equal(report(&r, &w), 0);
	assert_int_not_equal(w.err.code, MV_ENOENT);
	world_drop(&w);
}

/* An old version that git has lost: its history cannot be shown. */
static void test_look_report__history_that_is_broken(void **state)
{
	struct mv_report r;
	struct world w;

	(void)state;
	world_new(&w, "");
	look_config(&w, FRAUD);
	look_add(&w, "m.bin", "one");
	look_add(&w, "n.bin", "first");
	look_commit(&w, "first");
	look_tag(&w, "fraud@v1.0.0");
	look_add(&w, "n.bin", "second");
	look_commit(&w, "second");
	look_add(&w, "n.bin", "third");
	look_commit(&w, "third");
	look_lose(&w, "HEAD~2:n.bin");
	assert_ok(&w, report(&r, &w));
	assert_int_equal(r.site.card_count, 2);
	assert_non_null(strstr(w.warned, "the history of 'n.bin' is left out"));
	assert_non_null(strstr(w.warned, "missing"));
	mv_look_report_release(&r);
	world_drop(&w);
}

static void test_look_report__nothing_is_committed(void **state)
{
	struct mv_report r;
	struct world w;

	(void)state;
	memset(&w, 0, sizeof(w));
	repo_new(&w.r, "");
	world_open(&w, NULL);
	assert_ok(&w, report(&r, &w));
	assert_int_equal(r.site.card_count, 0);
	assert_int_equal(r.board.count, 0);
	mv_look_report_release(&r);
	world_drop(&w);
}

static void test_look_report__a_bare_repository_is_as_head(void **state)
{
	struct mv_report r;
	struct world w;
	char dir[300];

	(void)state;
	look_world(&w);
	run(&w.r, "git clone -q --mirror . ../models.git");
	snprintf(dir, sizeof(dir), "%s/models.git", w.r.root);
	world_open(&w, dir);
	assert_ok(&w, report(&r, &w));
	assert_string_equal(r.title, "models");
	assert_int_equal(r.site.card_count, 1);
	assert_int_equal(r.board.count, 2);
	mv_look_report_release(&r);
	world_drop(&w);
}

/* -- pages ---------------------------------------------------------------- */

static int write_to(size_t *pages, struct world *w, struct mv_report *r,
		    const char *dir, int force)
{
	char path[600];

	memset(&w->err, 0, sizeof(w->err));
	return mv_look_report_write(pages, r, at(&w->r, path, sizeof(path),
						 dir), force, &w->err);
}

static void test_look_report__pages_of_a_directory(void **state)
{
	struct mv_report r;
	struct world w;
	size_t pages = 0;

	(void)state;
	look_world(&w);
	look_add(&w, "n.bin", "nameless");
	look_commit(&w, "third");
	assert_ok(&w, report(&r, &w));
	assert_ok(&w, write_to(&pages, &w, &r, "../out/site", 0));
	assert_int_equal(pages, 3);
	assert_prints(&w.r, "artifact-1-fraud.html\nartifact-2-n-bin.html\n"
		      "index.html\n", "ls ../out/site");
	mv_look_report_release(&r);
	/* Over an older one: what is not in it any more goes, and only that. */
	run(&w.r, "echo mine >../out/site/artifact-9-mine.html; "
	    "echo mine >../out/site/notes.txt; "
	    "cp ../out/site/artifact-2-n-bin.html ../out/site/keep.html; "
	    "git rm -qf n.bin");
	look_commit(&w, "fourth");
	assert_ok(&w, report(&r, &w));
	assert_ok(&w, write_to(&pages, &w, &r, "../out/site", 0));
	assert_int_equal(pages, 2);
	assert_prints(&w.r, "artifact-1-fraud.html\nartifact-9-mine.html\n"
		      "index.html\nkeep.html\nnotes.txt\n", "ls ../out/site");
	/* Into what is something else only by force. */
	run(&w.r, "mkdir ../other; echo mine >../other/index.html");
	assert_int_equal(write_to(&pages, &w, &r, "../other", 0), MV_EEXISTS);
	assert_int_equal(pages, 0);
	assert_non_null(strstr(w.err.msg, "--force"));
	assert_prints(&w.r, "mine\n", "cat ../other/index.html");
	assert_ok(&w, write_to(&pages, &w, &r, "../other", 1));
	assert_int_equal(pages, 2);
	/* A file is in the way. */
	run(&w.r, "echo x >../file");
	assert_int_not_equal(write_to(&pages, &w, &r, "../file", 1), 0);
	assert_int_equal(pages, 0);
	mv_look_report_release(&r);
	world_drop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_look_report__everything_that_there_is),
		cmocka_unit_test(test_look_report__many_files_are_counted),
		cmocka_unit_test(
			test_look_report__what_cannot_be_shown_is_said),
		cmocka_unit_test(test_look_report__notes_and_git),
		cmocka_unit_test(test_look_report__history_that_is_broken),
		cmocka_unit_test(test_look_report__nothing_is_committed),
		cmocka_unit_test(
			test_look_report__a_bare_repository_is_as_head),
		cmocka_unit_test(test_look_report__pages_of_a_directory),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
