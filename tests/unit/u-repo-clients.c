/* SPDX-License-Identifier: MIT */
/* repo/clients.h: who shares a store. */
#include "libmv/repo/clients.h"
#include "libmv/repo/state.h"
#include "libmv/store/store.h"
#include "tests/unit/u-world.h"

/* A path below the root of the test. */
static const char *below(struct world *w, char *buf, const char *name)
{
	snprintf(buf, 300, "%s/%s", w->r.root, name);
	return buf;
}

static int note(void *payload, const char *common_dir, const char *file,
		struct mv_err *err)
{
	const char *last = strrchr(common_dir, '/');

	(void)err;
	if (last && !strcmp(last, "/.git"))
		while (last > common_dir && *--last != '/')
			;
	return mv_buf_addf(payload, "%s%s\n", last ? last + 1 : common_dir,
			   file ? " by its entry" : "");
}

static void assert_clients(struct world *w, const char *store,
			   const char *common_dir, const char *want)
{
	struct mv_buf out;

	mv_buf_init(&out, 65536);
	assert_ok(w, mv_repo_each_client(store, common_dir, note, &out,
					 &w->err));
	assert_string_equal(out.data, want);
	mv_buf_release(&out);
}

static void test_repo_clients__each_once_and_ones_own_first(void **state)
{
	char store[300], own[300], other[300], link[300];
	struct world w;

	(void)state;
	world_new(&w, "");
	run(&w.r, "git init -q ../b; mkdir ../s; ln -s b ../l");
	below(&w, store, "s");
	below(&w, own, "r/.git");
	assert_clients(&w, store, own, "r/.git\n");
	assert_ok(&w, mv_repo_client_register(store, own, &w.err));
	assert_ok(&w, mv_repo_client_register(store, below(&w, other,
							   "b/.git"),
					      &w.err));
	/* The same by another name, and again. */
	assert_ok(&w, mv_repo_client_register(store, below(&w, link,
							   "l/.git"),
					      &w.err));
	assert_prints(&w.r, "2\n", "ls ../s/clients | wc -l");
	assert_clients(&w, store, own, "r/.git\nb/.git by its entry\n");
	assert_clients(&w, store, link, "b/.git\nr/.git by its entry\n");
	/* One that is gone is asked, too: its pointers are not known. */
	run(&w.r, "rm -r ../b ../l");
	assert_clients(&w, store, own, "r/.git\nb/.git by its entry\n");
	world_drop(&w);
}

static void test_repo_clients__that_around_a_store_and_copies(void **state)
{
	char store[300], own[300];
	struct world w;

	(void)state;
	world_new(&w, "");
	run(&w.r, "git init -q ../around; mkdir ../around/.git/model");
	below(&w, store, "around/.git/model");
	below(&w, own, "r/.git");
	assert_clients(&w, store, own, "r/.git\naround/.git\n");
	/* A copy has its note of the store, and enters nowhere itself. */
	assert_ok(&w, mv_repo_store_note_seen(own, store, &w.err));
	run(&w.r, "cp -R . ../copy");
	assert_clients(&w, store, own, "r/.git\naround/.git\ncopy/.git\n");
	assert_clients(&w, store, own,
		       "r/.git\naround/.git\ncopy/.git by its entry\n");
	world_drop(&w);
}

static int stop(void *payload, const char *common_dir, const char *file,
		struct mv_err *err)
{
	(void)payload;
	(void)common_dir;
	(void)file;
	return mv_fail(err, MV_ECANCELLED, "enough");
}

/* What cannot be listed or read is no store without clients. */
static void test_repo_clients__what_cannot_be_read(void **state)
{
	char store[300], own[300];
	struct mv_buf out;
	struct world w;

	(void)state;
	world_new(&w, "");
	run(&w.r, "mkdir ../s; echo file >../s/clients");
	below(&w, store, "s");
	below(&w, own, "r/.git");
	mv_buf_init(&out, 4096);
	assert_int_equal(mv_repo_each_client(store, own, stop, NULL, &w.err),
			 MV_ECANCELLED);
	assert_int_not_equal(mv_repo_each_client(store, own, note, &out,
						 &w.err), 0);
	run(&w.r, "rm ../s/clients; mkdir -p ../s/clients/folder");
	assert_int_not_equal(mv_repo_each_client(store, own, note, &out,
						 &w.err), 0);
	mv_buf_release(&out);
	world_drop(&w);
}

static void test_repo_clients__a_store_that_was_seen(void **state)
{
	char store[300], own[300];
	struct world w;
	int yes;

	(void)state;
	world_new(&w, "");
	below(&w, store, "s");
	below(&w, own, "r/.git");
	assert_ok(&w, mv_repo_store_was_seen(&yes, own, store, &w.err));
	assert_int_equal(yes, 0);
	assert_ok(&w, mv_repo_store_note_seen(own, store, &w.err));
	assert_ok(&w, mv_repo_store_was_seen(&yes, own, store, &w.err));
	assert_int_equal(yes, 1);
	assert_ok(&w, mv_repo_store_was_seen(&yes, own, "/other", &w.err));
	assert_int_equal(yes, 0);
	world_drop(&w);
}

/* The default place: a link whose disk is away, and a folder like any other. */
static void test_repo_clients__a_disk_that_is_away(void **state)
{
	char store[300], own[300];
	struct world w;
	int away;

	(void)state;
	world_new(&w, "");
	below(&w, own, "r/.git");
	below(&w, store, "r/.git/model");
	assert_ok(&w, mv_repo_store_is_away(&away, own, store, &w.err));
	assert_int_equal(away, 0);
	run(&w.r, "mkdir .git/model");
	assert_ok(&w, mv_repo_store_note_apart(own, store, &w.err));
	assert_ok(&w, mv_repo_store_is_away(&away, own, store, &w.err));
	assert_int_equal(away, 0);
	run(&w.r, "rmdir .git/model; mkdir ../disk; echo >../disk/format;"
	    "ln -s ../../disk .git/model");
	assert_ok(&w, mv_repo_store_note_apart(own, store, &w.err));
	assert_ok(&w, mv_repo_store_is_away(&away, own, store, &w.err));
	assert_int_equal(away, 0);
	run(&w.r, "rm ../disk/format");
	assert_ok(&w, mv_repo_store_is_away(&away, own, store, &w.err));
	assert_int_equal(away, 1);
	run(&w.r, "rmdir ../disk");
	assert_ok(&w, mv_repo_store_is_away(&away, own, store, &w.err));
	assert_int_equal(away, 1);
	world_drop(&w);
}

static void test_repo_clients__rights_of_others(void **state)
{
	static const struct {
		const char *says;
		int share;
	} rows[] = {
		{ "umask", 0 }, { "group", 0060 }, { "all", 0064 },
		{ "world", 0064 }, { "true", 0060 }, { "false", 0 },
		{ "1", 0060 }, { "2", 0064 }, { "0640", 0040 },
		{ "0660", 0060 }, { "EveryBody", 0064 },
	};
	struct world w;
	char own[300];
	mode_t share;

	(void)state;
	world_new(&w, "");
	below(&w, own, "b.git");
	run(&w.r, "git init -q --bare ../b.git");
	assert_ok(&w, mv_repo_share_of(&share, w.repo, own, &w.err));
	assert_int_equal(share, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		run(&w.r, "printf '[core]\\n\\tbare = true\\n"
		    "\\tsharedRepository = %s\\n' >../b.git/config",
		    rows[i].says);
		assert_ok(&w, mv_repo_share_of(&share, w.repo, own, &w.err));
		assert_int_equal(share, rows[i].share);
	}
	run(&w.r, "printf '[core]\\n\\tsharedRepository = some\\n' "
	    ">../b.git/config");
	assert_int_equal(mv_repo_share_of(&share, w.repo, own, &w.err),
			 MV_EINVALID);
	run(&w.r, "echo '[broken' >../b.git/config");
	assert_int_not_equal(mv_repo_share_of(&share, w.repo, own, &w.err),
			     0);
	world_drop(&w);
}

static void test_repo_clients__the_environment_of_another_one(void **state)
{
	static char var[][32] = {
		"A=1", "GIT_DIR=/x", "GIT_DIRX=kept", "GIT_INDEX_FILE=i",
		"GIT_OBJECT_DIRECTORY=o", "GIT_QUARANTINE_PATH=q", "B=2"
	};
	static char *list[] = {
		var[0], var[1], var[2], var[3], var[4], var[5], var[6], NULL
	};
	const struct mv_proc_env env = { "/bin", list };
	const struct mv_proc_env none = { "/bin", NULL };
	struct mv_proc_env out;
	struct mv_err err;

	(void)state;
	assert_int_equal(mv_repo_client_env(&out, &env, &err), 0);
	assert_string_equal(out.search_path, "/bin");
	assert_string_equal(out.env[0], "A=1");
	assert_string_equal(out.env[1], "GIT_DIRX=kept");
	assert_string_equal(out.env[2], "B=2");
	assert_null(out.env[3]);
	free((void *)(uintptr_t)out.env);
	assert_int_equal(mv_repo_client_env(&out, &none, &err), 0);
	assert_null(out.env[0]);
	free((void *)(uintptr_t)out.env);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_repo_clients__each_once_and_ones_own_first),
		cmocka_unit_test(
			test_repo_clients__that_around_a_store_and_copies),
		cmocka_unit_test(test_repo_clients__what_cannot_be_read),
		cmocka_unit_test(test_repo_clients__a_store_that_was_seen),
		cmocka_unit_test(test_repo_clients__a_disk_that_is_away),
		cmocka_unit_test(test_repo_clients__rights_of_others),
		cmocka_unit_test(
			test_repo_clients__the_environment_of_another_one),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
