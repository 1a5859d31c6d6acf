/* SPDX-License-Identifier: MIT */
/* transfer/transfer.h: which remote is meant, and content on its way. */
#include "libmv/store/pointer.h"
#include "libmv/transfer/transfer.h"
#include "libmv/work/work.h"
#include "tests/unit/u-world.h"

static void config(struct world *w, const char *lines)
{
	run(&w->r, "%s", lines);
	world_open(w, NULL);
}

static void assert_default(struct world *w, const char *want)
{
	char *name;

	assert_ok(w, mv_transfer_default_remote(&name, w->repo, &w->err));
	if (want)
		assert_string_equal(name, want);
	else
		assert_null(name);
	free(name);
}

static void test_transfer_transfer__the_default_remote(void **state)
{
	struct world w;
	char *name;

	(void)state;
	world_new(&w, "");
	assert_default(&w, NULL);
	assert_ok(&w, mv_transfer_choose_remote(&name, w.repo, &w.err));
	assert_null(name);
	config(&w, "git remote add one ../one.git");
	assert_default(&w, "one");
	/* Two places of one remote are one remote. */
	config(&w, "git remote set-url --add one ../more.git");
	assert_default(&w, "one");
	config(&w, "git remote add 'two.x' ../two.git");
	assert_default(&w, NULL);
	assert_int_equal(mv_transfer_choose_remote(&name, w.repo, &w.err),
			 MV_EINVALID);
	assert_null(name);
	assert_non_null(strstr(w.err.msg, "one, two.x"));
	assert_non_null(strstr(w.err.msg, "model.remote"));
	config(&w, "git config model.remote two.x");
	assert_default(&w, "two.x");
	/* A store alone is no git remote, but a remote. */
	config(&w, "git config modelremote.disk.url /mnt; "
	       "git config model.remote disk");
	assert_default(&w, NULL);
	config(&w, "git remote add origin ../o.git");
	assert_default(&w, "origin");
	config(&w, "git config model.remote nosuch");
	assert_int_equal(mv_transfer_default_remote(&name, w.repo, &w.err),
			 MV_EINVALID);
	assert_non_null(strstr(w.err.msg, "model.remote is 'nosuch'"));
	world_drop(&w);
}

static void test_transfer_transfer__very_many_remotes(void **state)
{
	struct world w;
	char *name;

	(void)state;
	world_new(&w, "");
	config(&w, "for i in 1 2 3 4 5 6 7 8 9; do for k in 1 2 3 4 5; do "
	       "printf '[remote \"a-rather-long-name-%s%s\"]\\n\\turl = x\\n' "
	       "$i $k; done; done >>.git/config");
	assert_int_equal(mv_transfer_choose_remote(&name, w.repo, &w.err),
			 MV_EINVALID);
	assert_non_null(strstr(w.err.msg, "There are 45"));
	assert_non_null(strstr(w.err.msg, "..."));
	assert_non_null(strstr(w.err.msg, "model.remote"));
	world_drop(&w);
}

static void test_transfer_transfer__where_notes_travel(void **state)
{
	struct mv_git_peer peer;
	struct world w;
	char *name;

	(void)state;
	world_new(&w, "");
	config(&w, "git remote add up ../up.git; "
	       "git config remote.up.pushurl ../push.git;"
	       "git config remote.fd.url fd::7;"
	       "git config 'remote.odd name.url' ../odd.git;"
	       "git config modelremote.disk.url /mnt");
	assert_ok(&w, mv_transfer_peer_find(&peer, w.repo, "up", &w.err));
	assert_string_equal(peer.name, "up");
	assert_string_equal(peer.from, "../push.git");
	assert_string_equal(peer.tracking, "refs/notes/model-remotes/up");
	mv_transfer_peer_release(&peer);
	assert_ok(&w, mv_transfer_peer_find(&peer, w.repo, "odd name",
					    &w.err));
	assert_string_equal(peer.name, "odd name");
	assert_null(peer.tracking);
	mv_transfer_peer_release(&peer);
	/* A URL; a store; a descriptor of somebody else. */
	assert_ok(&w, mv_transfer_peer(&name, w.repo, "../x.git", &w.err));
	assert_string_equal(name, "../x.git");
	free(name);
	assert_ok(&w, mv_transfer_peer(&name, w.repo, "disk", &w.err));
	assert_null(name);
	assert_ok(&w, mv_transfer_peer(&name, w.repo, "fd", &w.err));
	assert_null(name);
	assert_ok(&w, mv_transfer_peer(&name, w.repo, "fd::7", &w.err));
	assert_null(name);
	assert_int_equal(mv_transfer_peer(&name, w.repo, "--upload-pack=x",
					  &w.err), MV_EINVALID);
	assert_int_equal(mv_transfer_peer(&name, w.repo, "", &w.err),
			 MV_EINVALID);
	world_drop(&w);
}

static void test_transfer_transfer__which_store_goes_with_it(void **state)
{
	struct world w;
	char *url = NULL, want[300];

	(void)state;
	world_new(&w, "");
	assert_int_equal(mv_transfer_remote_url(&url, w.repo, NULL, &w.err),
			 MV_ENOENT);
	assert_null(url);
	config(&w, "git init -q --bare ../b.git; "
	       "git remote add origin ../b.git;"
	       "git remote add far https://example.org/x.git");
	assert_ok(&w, mv_transfer_remote_url(&url, w.repo, NULL, &w.err));
	snprintf(want, sizeof(want), "%s/../b.git/model", w.r.dir);
	assert_string_equal(url, want);
	free(url);
	assert_int_equal(mv_transfer_remote_url(&url, w.repo, "far", &w.err),
			 MV_ENOENT);
	assert_non_null(strstr(w.err.msg, "git model remote add"));
	assert_int_equal(mv_transfer_remote_url(&url, w.repo, "-x", &w.err),
			 MV_EINVALID);
	config(&w, "git config modelremote.far.url file:///mnt/a%20b");
	assert_ok(&w, mv_transfer_remote_url(&url, w.repo, "far", &w.err));
	assert_string_equal(url, "/mnt/a b");
	free(url);
	/* The one that is chosen is for those which say nothing themselves. */
	config(&w, "git config model.remote far");
	assert_ok(&w, mv_transfer_remote_url(&url, w.repo, "origin",
					     &w.err));
	assert_string_equal(url, "/mnt/a b");
	free(url);
	world_drop(&w);
}

/* r has a.bin as a pointer, staged; its remote is ../b.git. */
static void with_content(struct world *w)
{
	static const char *const paths[] = { "a.bin", NULL };
	const struct mv_add_options options = { 0 };

	world_new(w, "");
	config(w, "echo '*.bin filter=model' >.gitattributes;"
	       "git config filter.model.clean cat; echo content >a.bin;"
	       "git init -q --bare ../b.git; git remote add origin ../b.git");
	assert_ok(w, mv_work_add(w->repo, paths, &options, NULL, &w->err));
	config(w, "git add .gitattributes; git commit -qm a");
}

static void lose_store(struct world *w)
{
	mv_repo_close(w->repo);
	w->repo = NULL;
	config(w, "rm -rf .git/model");
}

static void test_transfer_transfer__there_and_back(void **state)
{
	static const char *const head[] = { "HEAD", NULL };
	struct mv_transfer_stats stats;
	struct mv_writer out;
	struct mv_pointer p;
	struct mv_buf text;
	struct world w;
	uint8_t there = 0;

	(void)state;
	with_content(&w);
	assert_ok(&w, mv_transfer_resolve(&p, w.repo, "HEAD:a.bin", &w.err));
	assert_ok(&w, mv_transfer_elsewhere(w.repo, &p, 1, &there, &w.err));
	assert_int_equal(there, 0);
	assert_ok(&w, mv_transfer_push(w.repo, NULL, head, &stats, &w.err));
	assert_int_equal(stats.contents, 1);
	assert_ok(&w, mv_transfer_push(w.repo, "origin", head, &stats,
				       &w.err));
	assert_int_equal(stats.contents, 0);
	assert_int_equal(stats.skipped, 1);
	assert_ok(&w, mv_transfer_elsewhere(w.repo, &p, 1, &there, &w.err));
	assert_int_equal(there, 1);
	lose_store(&w);
	assert_ok(&w, mv_transfer_fetch(w.repo, NULL, NULL, &stats, &w.err));
	assert_int_equal(stats.contents, 1);
	assert_int_equal(stats.missing, 0);
	lose_store(&w);
	/* Reading fetches by itself. */
	mv_buf_init(&text, 4096);
	out = mv_writer_buf(&text);
	assert_ok(&w, mv_transfer_read(w.repo, &p, &out, &w.err));
	assert_string_equal(text.data, "content\n");
	mv_buf_release(&text);
	world_drop(&w);
}

static void test_transfer_transfer__what_is_nowhere(void **state)
{
	static const char *const head[] = { "HEAD", NULL };
	struct mv_transfer_stats stats;
	struct mv_writer out;
	struct mv_pointer p;
	struct mv_buf text;
	struct world w;
	uint8_t present = 9;

	(void)state;
	with_content(&w);
	lose_store(&w);
	assert_ok(&w, mv_transfer_resolve(&p, w.repo, "HEAD:a.bin", &w.err));
	assert_ok(&w, mv_transfer_need(w.repo, &p, 1, &present, &w.err));
	assert_int_equal(present, 0);
	mv_buf_init(&text, 4096);
	out = mv_writer_buf(&text);
	assert_int_equal(mv_transfer_read(w.repo, &p, &out, &w.err),
			 MV_ENOENT);
	assert_int_equal(text.len, 0);
	assert_ok(&w, mv_transfer_places(&text, w.repo, NULL, &w.err));
	assert_non_null(strstr(text.data, "b.git/model' (no store there)"));
	assert_ok(&w, mv_transfer_fetch(w.repo, NULL, NULL, &stats, &w.err));
	assert_int_equal(stats.missing, 1);
	assert_ok(&w, mv_transfer_push(w.repo, NULL, head, &stats, &w.err));
	assert_int_equal(stats.missing, 1);
	assert_int_equal(stats.contents, 0);
	assert_int_equal(mv_transfer_fetch(w.repo, "nosuch", NULL, &stats,
					   &w.err), MV_ENOENT);
	assert_int_equal(mv_transfer_fetch(w.repo, "-x", NULL, &stats,
					   &w.err), MV_EINVALID);
	mv_buf_release(&text);
	world_drop(&w);
}

static void test_transfer_transfer__what_a_spec_stands_for(void **state)
{
	struct mv_pointer p, same;
	char spec[80] = "sha256:";
	struct world w;

	(void)state;
	with_content(&w);
	assert_ok(&w, mv_transfer_resolve(&p, w.repo, ":a.bin", &w.err));
	assert_int_equal(p.size, 8);
	mv_oid_hex(spec + 7, &p.oid);
	assert_ok(&w, mv_transfer_resolve(&same, w.repo, spec, &w.err));
	assert_true(mv_oid_eq(&p.oid, &same.oid));
	assert_int_equal(same.size, 8);
	assert_ok(&w, mv_transfer_resolve(&same, w.repo, spec + 7, &w.err));
	assert_int_equal(mv_transfer_resolve(&same, w.repo,
					     "HEAD:.gitattributes", &w.err),
			 MV_EINVALID);
	assert_int_equal(mv_transfer_resolve(&same, w.repo, "HEAD:no",
					     &w.err), MV_ENOENT);
	assert_int_equal(mv_transfer_resolve(&same, w.repo, "nosuch:a.bin",
					     &w.err), MV_ENOENT);
	world_drop(&w);
}

static void test_transfer_transfer__parts_of_a_content(void **state)
{
	struct mv_pointer p;
	struct world w;
	char part[4];
	size_t got;

	(void)state;
	with_content(&w);
	assert_ok(&w, mv_transfer_resolve(&p, w.repo, ":a.bin", &w.err));
	assert_ok(&w, mv_transfer_read_at(w.repo, &p, 3, part, 4, &got,
					  &w.err));
	assert_int_equal(got, 4);
	assert_memory_equal(part, "tent", 4);
	assert_ok(&w, mv_transfer_read_at(w.repo, &p, 100, part, 4, &got,
					  &w.err));
	assert_int_equal(got, 0);
	p.extended = 1;
	assert_int_equal(mv_transfer_read_at(w.repo, &p, 0, part, 4, &got,
					     &w.err), MV_EINVALID);
	world_drop(&w);
}

static void test_transfer_transfer__what_a_push_left_behind(void **state)
{
	struct mv_push_gaps gaps;
	struct world w;

	(void)state;
	with_content(&w);
	config(&w, "git push -q --no-verify origin HEAD; git fetch -q");
	assert_ok(&w, mv_transfer_push_gaps(&gaps, w.repo, "origin", &w.err));
	assert_int_equal(gaps.here, 1);
	assert_int_equal(gaps.nowhere, 0);
	lose_store(&w);
	assert_ok(&w, mv_transfer_push_gaps(&gaps, w.repo, "origin", &w.err));
	assert_int_equal(gaps.here, 0);
	assert_int_equal(gaps.nowhere, 1);
	world_drop(&w);
}

/* An empty folder may be the mount point of a disk that is away. */
static void test_transfer_transfer__a_store_is_made_by_remote_add(void **state)
{
	static const char *const head[] = { "HEAD", NULL };
	struct mv_transfer_stats stats;
	struct world w;
	char path[300];

	(void)state;
	with_content(&w);
	config(&w, "mkdir ../disk; git config modelremote.origin.url "
	       "\"$ROOT/disk\"");
	assert_int_equal(mv_transfer_push(w.repo, NULL, head, &stats, &w.err),
			 MV_EDENIED);
	run(&w.r, "rmdir ../disk");
	snprintf(path, sizeof(path), "%s/disk", w.r.root);
	assert_ok(&w, mv_transfer_remote_make(w.repo, path, &w.err));
	assert_ok(&w, mv_transfer_push(w.repo, NULL, head, &stats, &w.err));
	assert_int_equal(stats.contents, 1);
	world_drop(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_transfer_transfer__the_default_remote),
		cmocka_unit_test(test_transfer_transfer__very_many_remotes),
		cmocka_unit_test(test_transfer_transfer__where_notes_travel),
		cmocka_unit_test(
			test_transfer_transfer__which_store_goes_with_it),
		cmocka_unit_test(test_transfer_transfer__there_and_back),
		cmocka_unit_test(test_transfer_transfer__what_is_nowhere),
		cmocka_unit_test(
			test_transfer_transfer__what_a_spec_stands_for),
		cmocka_unit_test(test_transfer_transfer__parts_of_a_content),
		cmocka_unit_test(
			test_transfer_transfer__what_a_push_left_behind),
		cmocka_unit_test(
			test_transfer_transfer__a_store_is_made_by_remote_add),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
