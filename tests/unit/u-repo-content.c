/* SPDX-License-Identifier: MIT */
/* repo/content.h: where content is, and bytes that wait. */
#include "libmv/repo/content.h"
#include "libmv/repo/state.h"
#include "libmv/store/pointer.h"
#include "libmv/store/store.h"
#include "libmv/store/tx.h"
#include "tests/unit/u-world.h"

/* These bytes, in our store. */
static struct mv_pointer put(struct world *w, const char *data)
{
	struct mv_mem_reader mem = { data, strlen(data), 0 };
	struct mv_reader in = mv_reader_mem(&mem);
	struct mv_pointer p = { .canonical = 1 };
	struct mv_store *store;
	struct mv_tx *tx;

	assert_ok(w, mv_repo_store(&store, w->repo, &w->err));
	assert_ok(w, mv_tx_begin(&tx, store, &w->err));
	assert_ok(w, mv_tx_put(&p.oid, &p.size, tx, &in, mem.len, &w->err));
	assert_ok(w, mv_tx_commit(tx, NULL, &w->err));
	return p;
}

static void test_repo_content__a_store_is_made_by_who_needs_one(void **state)
{
	struct mv_store *store = NULL, *again;
	struct world w;

	(void)state;
	world_new(&w, "");
	assert_int_equal(mv_repo_store_if_any(&store, w.repo, &w.err),
			 MV_ENOENT);
	run(&w.r, "test ! -e .git/model");
	assert_ok(&w, mv_repo_store(&store, w.repo, &w.err));
	run(&w.r, "test -f .git/model/format");
	assert_ok(&w, mv_repo_store(&again, w.repo, &w.err));
	assert_ptr_equal(store, again);
	assert_ok(&w, mv_repo_store_if_any(&again, w.repo, &w.err));
	assert_ptr_equal(store, again);
	world_drop(&w);
}

static void test_repo_content__a_store_without_its_format(void **state)
{
	struct mv_store *store;
	struct mv_pointer p;
	struct world w;

	(void)state;
	world_new(&w, "");
	p = put(&w, "content");
	mv_repo_close(w.repo);
	w.repo = NULL;
	run(&w.r, "rm .git/model/format");
	world_open(&w, NULL);
	assert_int_equal(mv_repo_store_if_any(&store, w.repo, &w.err),
			 MV_ECORRUPT);
	assert_int_equal(mv_repo_has(w.repo, &p, &w.err), MV_ECORRUPT);
	assert_ok(&w, mv_repo_store_mend(&store, w.repo, &w.err));
	assert_ok(&w, mv_repo_has(w.repo, &p, &w.err));
	world_drop(&w);
}

static void test_repo_content__an_unreadable_store_is_not_an_empty_one(
							void **state)
{
	struct mv_store *store;
	struct mv_pointer p;
	struct world w;
	int rc;

	(void)state;
	world_new(&w, "");
	p = put(&w, "content");
	mv_repo_close(w.repo);
	w.repo = NULL;
	run(&w.r, "mv .git/model ../gone; ln -s nowhere .git/model");
	world_open(&w, NULL);
	rc = mv_repo_has(w.repo, &p, &w.err);
	assert_int_not_equal(rc, 0);
	assert_int_not_equal(mv_repo_store(&store, w.repo, &w.err), 0);
	run(&w.r, "test ! -e .git/nowhere");
	world_drop(&w);
}

static void test_repo_content__here_or_not(void **state)
{
	struct mv_content_source source;
	struct mv_pointer p, other = { .size = 7, .canonical = 1 };
	const struct mv_pointer empty = { .size = 0 };
	struct mv_writer out;
	struct mv_buf text;
	struct world w;
	char path[300];
	int fd;

	(void)state;
	world_new(&w, "");
	memset(other.oid.b, 7, sizeof(other.oid.b));
	assert_int_equal(mv_repo_has(w.repo, &other, &w.err), MV_ENOENT);
	assert_ok(&w, mv_repo_has(w.repo, &empty, &w.err));
	p = put(&w, "some content\n");
	assert_ok(&w, mv_repo_has(w.repo, &p, &w.err));
	assert_int_equal(mv_repo_find(&source, w.repo, &other, &w.err),
			 MV_ENOENT);
	assert_ok(&w, mv_repo_find(&source, w.repo, &p, &w.err));
	assert_non_null(source.store);
	assert_null(source.lfs_dir);
	mv_buf_init(&text, 4096);
	out = mv_writer_buf(&text);
	assert_ok(&w, mv_repo_write_content(&source, &p, &out, &w.err));
	assert_string_equal(text.data, "some content\n");
	mv_buf_release(&text);
	for (int parallel = 0; parallel < 2; parallel++) {
		at(&w.r, path, sizeof(path), parallel ? "many" : "one");
		fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0666);
		assert_true(fd >= 0);
		assert_ok(&w, mv_repo_write_to(w.repo, &p, fd, path, parallel,
					       &w.err));
		assert_int_equal(mv_repo_write_to(w.repo, &other, fd, path,
						  parallel, &w.err),
				 MV_ENOENT);
		close(fd);
	}
	assert_prints(&w.r, "some content\nsome content\n", "cat one many");
	world_drop(&w);
}

/* What a borrowed store has is here. */
static void test_repo_content__alternates_are_looked_at(void **state)
{
	struct mv_pointer p;
	struct world w;
	char dir[300];

	(void)state;
	world_new(&w, "");
	p = put(&w, "lent");
	run(&w.r, "git clone -q -s . ../b");
	snprintf(dir, sizeof(dir), "%s/b", w.r.root);
	world_open(&w, dir);
	assert_ok(&w, mv_repo_has(w.repo, &p, &w.err));
	run(&w.r, "test ! -e ../b/.git/model");
	world_drop(&w);
}

static void test_repo_content__objects_of_git_lfs(void **state)
{
	struct mv_pointer p = { .size = 4, .dialect = MV_DIALECT_LFS,
				.canonical = 1 };
	struct mv_content_source source;
	const char *dir;
	struct world w;
	char hex[MV_OID_HEX + 1];

	(void)state;
	world_new(&w, "");
	assert_ok(&w, mv_sha256(&p.oid, "lfs\n", 4, &w.err));
	assert_int_equal(mv_repo_has(w.repo, &p, &w.err), MV_ENOENT);
	assert_ok(&w, mv_repo_lfs_dir(&dir, w.repo, &w.err));
	assert_non_null(strstr(dir, "/.git/lfs"));
	mv_oid_hex(hex, &p.oid);
	run(&w.r, "d=.git/lfs/objects/%.2s/%.2s; mkdir -p $d; echo lfs >$d/%s",
	    hex, hex + 2, hex);
	assert_ok(&w, mv_repo_find(&source, w.repo, &p, &w.err));
	assert_non_null(source.lfs_dir);
	/* It is the pointer's dialect that says where. */
	p.dialect = MV_DIALECT_NATIVE;
	assert_int_equal(mv_repo_has(w.repo, &p, &w.err), MV_ENOENT);
	world_drop(&w);
}

static void test_repo_content__paths_of_the_configuration(void **state)
{
	struct world w;
	char want[300], *got;

	(void)state;
	world_new(&w, "");
	assert_ok(&w, mv_repo_expand_path(&got, w.repo, "/c", "model.store",
					  "/abs/s", &w.err));
	assert_string_equal(got, "/abs/s");
	free(got);
	assert_ok(&w, mv_repo_expand_path(&got, w.repo, "/c", "model.store",
					  "~/s", &w.err));
	snprintf(want, sizeof(want), "%s/s", w.r.root);
	assert_string_equal(got, want);
	free(got);
	assert_ok(&w, mv_repo_expand_path(&got, w.repo, "/c", "model.store",
					  "../s", &w.err));
	assert_string_equal(got, "/c/../s");
	free(got);
	assert_int_equal(mv_repo_expand_path(&got, w.repo, "/c", "model.store",
					     "", &w.err), MV_EINVALID);
	assert_non_null(strstr(w.err.msg, "model.store"));
	world_drop(&w);
}

static void test_repo_content__the_store_of_another_repository(void **state)
{
	struct world w;
	char dir[300], want[320], *got = NULL;

	(void)state;
	world_new(&w, "");
	run(&w.r, "git init -q --bare ../b.git");
	snprintf(dir, sizeof(dir), "%s/b.git", w.r.root);
	assert_ok(&w, mv_repo_store_of(&got, w.repo, dir, &w.err));
	snprintf(want, sizeof(want), "%s/model", dir);
	assert_string_equal(got, want);
	free(got);
	run(&w.r, "git -C ../b.git config model.store /elsewhere");
	assert_ok(&w, mv_repo_store_of(&got, w.repo, dir, &w.err));
	assert_string_equal(got, "/elsewhere");
	free(got);
	/* One that cannot be asked has not said that it is the usual one. */
	run(&w.r, "echo '[broken' >../b.git/config");
	assert_int_not_equal(mv_repo_store_of(&got, w.repo, dir, &w.err), 0);
	assert_non_null(strstr(w.err.msg, dir));
	world_drop(&w);
}

static void test_repo_content__the_blob_of_a_pointer(void **state)
{
	char hex[65], written[65];
	struct mv_pointer p;
	struct world w;

	(void)state;
	world_new(&w, "");
	p = put(&w, "content");
	assert_ok(&w, mv_repo_pointer_blob(hex, w.repo, &p, 0, &w.err));
	run(&w.r, "! git cat-file -e %s", hex);
	assert_ok(&w, mv_repo_pointer_blob(written, w.repo, &p, 1, &w.err));
	assert_string_equal(hex, written);
	run(&w.r, "git cat-file blob %s | grep -q '^git-model/1$'", hex);
	world_drop(&w);
}

/* -- what waits ------------------------------------------------------------ */

/* All of it comes back, in memory and from a file, and as often as one asks. */
static void test_repo_content__a_spool_gives_what_it_got(void **state)
{
	static const size_t sizes[] = { 0, 1, 1048575, 1048576, 1048577,
					3000000 };
	struct world w;

	(void)state;
	world_new(&w, "");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct mv_mem_reader mem = { NULL, sizes[i], 0 };
		char *bytes = malloc(sizes[i] + 1);
		struct mv_oid oid, want;
		struct mv_hasher *hasher;
		struct mv_spool spool;
		struct mv_reader in;
		struct mv_writer out;
		struct mv_buf all;

		for (size_t k = 0; k < sizes[i]; k++)
			bytes[k] = (char)(k * 7 + k / 251);
		mem.data = bytes;
		in = mv_reader_mem(&mem);
		assert_ok(&w, mv_hasher_new(&hasher, MV_HASH_SHA256, &w.err));
		mv_repo_spool_init(&spool);
		assert_ok(&w, mv_repo_spool_fill(&spool, w.repo, &in, hasher,
						 &w.err));
		assert_int_equal(mv_repo_spool_size(&spool), sizes[i]);
		assert_ok(&w, mv_hasher_final(oid.b, hasher, &w.err));
		assert_ok(&w, mv_sha256(&want, bytes, sizes[i], &w.err));
		assert_true(mv_oid_eq(&oid, &want));
		for (int twice = 0; twice < 2; twice++) {
			mv_buf_init(&all, 1 << 24);
			out = mv_writer_buf(&all);
			assert_ok(&w, mv_repo_spool_drain(&spool, &out,
							  &w.err));
			assert_int_equal(all.len, sizes[i]);
			assert_memory_equal(all.data, bytes, sizes[i]);
			mv_buf_release(&all);
		}
		mv_repo_spool_release(&spool);
		mv_hasher_free(hasher);
		free(bytes);
		/* An unlinked file: nothing is left, nor was to be seen. */
		run(&w.r, "test -z \"$(ls .git | grep smudge)\"");
	}
	world_drop(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_repo_content__a_store_is_made_by_who_needs_one),
		cmocka_unit_test(
			test_repo_content__a_store_without_its_format),
		cmocka_unit_test(
		test_repo_content__an_unreadable_store_is_not_an_empty_one),
		cmocka_unit_test(test_repo_content__here_or_not),
		cmocka_unit_test(
			test_repo_content__alternates_are_looked_at),
		cmocka_unit_test(test_repo_content__objects_of_git_lfs),
		cmocka_unit_test(
			test_repo_content__paths_of_the_configuration),
		cmocka_unit_test(
			test_repo_content__the_store_of_another_repository),
		cmocka_unit_test(test_repo_content__the_blob_of_a_pointer),
		cmocka_unit_test(
			test_repo_content__a_spool_gives_what_it_got),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
