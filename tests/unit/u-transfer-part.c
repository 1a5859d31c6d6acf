/* SPDX-License-Identifier: MIT */
/* transfer/part.h: some bytes of a content, here or from a remote. */
#include "libmv/repo/content.h"
#include "libmv/store/pointer.h"
#include "libmv/transfer/part.h"
#include "libmv/transfer/transfer.h"
#include "libmv/work/work.h"
#include "tests/unit/u-world.h"

#define SIZE ((size_t)1500000)

/* a.bin of SIZE is at the remote ../b.git, and here only a pointer. */
static void begin(struct world *w, struct mv_pointer *p)
{
	static const char *const paths[] = { "a.bin", NULL };
	static const char *const head[] = { "HEAD", NULL };
	const struct mv_add_options options = { 0 };
	struct mv_transfer_stats stats;

	world_new(w, "");
	run(&w->r, "echo '*.bin filter=model' >.gitattributes;"
	    "git config filter.model.clean cat; seq 1 300000 | head -c %zu >a.bin;"
	    "git init -q --bare ../b.git; git remote add origin ../b.git",
	    SIZE);
	world_open(w, NULL);
	assert_ok(w, mv_work_add(w->repo, paths, &options, NULL, &w->err));
	run(&w->r, "git add .gitattributes; git commit -qm a");
	world_open(w, NULL);
	assert_ok(w, mv_transfer_push(w->repo, NULL, head, &stats, &w->err));
	assert_int_equal(stats.contents, 1);
	assert_ok(w, mv_transfer_resolve(p, w->repo, "HEAD:a.bin", &w->err));
}

static void lose_store(struct world *w)
{
	mv_repo_close(w->repo);
	w->repo = NULL;
	run(&w->r, "rm -rf .git/model");
	world_open(w, NULL);
}

static struct mv_transfer_part *part_of(struct world *w,
					const struct mv_pointer *p,
					const char *remote, unsigned flags)
{
	struct mv_transfer_part *part;

	assert_ok(w, mv_transfer_part_open(&part, w->repo, p, remote, flags,
					   &w->err));
	return part;
}

/* The numbers that seq prints, from a place that is known. */
static int try_read(struct world *w, struct mv_transfer_part *part,
		    uint64_t off)
{
	char have[12] = "";
	size_t got = 9;
	int rc = mv_transfer_part_read_at(part, off, have, 7, &got, &w->err);

	assert_int_equal(mv_transfer_part_failed(part), rc);
	if (rc) {
		assert_int_equal(got, 0);
		return rc;
	}
	assert_int_equal(got, 7);
	if (!off)
		assert_string_equal(have, "1\n2\n3\n4");
	return 0;
}

static void test_transfer_part__comes_step_by_step_and_stays(void **state)
{
	const struct mv_range last = { SIZE - 10, 10 };
	struct mv_transfer_part_state now;
	struct mv_transfer_part *part;
	struct mv_pointer p;
	struct world w;
	uint64_t size;

	(void)state;
	begin(&w, &p);
	lose_store(&w);
	part = part_of(&w, &p, NULL, MV_PART_FETCH);
	assert_int_equal(try_read(&w, part, 0), 0);
	mv_transfer_part_state(&now, part);
	assert_int_equal(now.whole, 0);
	assert_int_equal(now.vouched, 0);
	/* No more than what is beside those 7 bytes. */
	assert_true(now.tx.new_chunks >= 1);
	assert_true(now.tx.new_raw <= SIZE / 2);
	assert_int_equal(mv_repo_has(w.repo, &p, NULL), MV_ENOENT);
	mv_transfer_part_close(part);

	/* Without asking anybody: what came, and no more. */
	run(&w.r, "mv ../b.git ../away.git");
	part = part_of(&w, &p, NULL, 0);
	assert_int_equal(try_read(&w, part, 0), 0);
	assert_int_equal(try_read(&w, part, SIZE - 10), MV_ENOENT);
	assert_int_equal(mv_transfer_part_bring(part, &last, 1, &w.err),
			 MV_ENOENT);
	mv_transfer_part_close(part);
	part = part_of(&w, &p, NULL, MV_PART_FETCH);
	assert_int_equal(mv_transfer_part_bring(part, &last, 1, &w.err),
			 MV_ENOENT);
	mv_transfer_part_close(part);
	run(&w.r, "mv ../away.git ../b.git");

	/* The rest: then it is whole, and proven. */
	part = part_of(&w, &p, "origin", MV_PART_FETCH);
	assert_ok(&w, mv_transfer_part_bring(part, &last, 1, &w.err));
	assert_int_equal(try_read(&w, part, SIZE - 10), 0);
	assert_ok(&w, mv_transfer_part_size(&size, part, &w.err));
	assert_int_equal(size, SIZE);
	mv_transfer_part_close(part);
	world_drop(&w);
}

static void test_transfer_part__of_what_is_here_whole(void **state)
{
	const struct mv_range all = { 0, SIZE }, one = { 3, 1 };
	struct mv_transfer_part_state now;
	struct mv_transfer_part *part;
	struct mv_pointer p;
	struct mv_buf names;
	struct world w;

	(void)state;
	begin(&w, &p);
	part = part_of(&w, &p, NULL, 0);
	assert_int_equal(try_read(&w, part, 0), 0);
	assert_ok(&w, mv_transfer_part_bring(part, &all, 1, &w.err));
	mv_buf_init(&names, 1 << 20);
	assert_ok(&w, mv_transfer_part_names(&names, part, &one, &w.err));
	assert_int_equal(names.len, 8 + 32);
	mv_buf_release(&names);
	mv_transfer_part_state(&now, part);
	assert_int_equal(now.whole, 1);
	assert_int_equal(now.vouched, 1);
	assert_int_equal(now.tx.new_chunks, 0);
	mv_transfer_part_close(part);
	lose_store(&w);
	part = part_of(&w, &p, NULL, MV_PART_FETCH);	/* all of it comes */
	assert_ok(&w, mv_transfer_part_bring(part, &all, 1, &w.err));
	mv_transfer_part_state(&now, part);
	assert_int_equal(now.whole, 1);
	assert_ok(&w, mv_repo_has(w.repo, &p, &w.err));
	mv_transfer_part_close(part);
	world_drop(&w);
}

static void test_transfer_part__a_pointer_of_another_size(void **state)
{
	struct mv_transfer_part *part;
	struct mv_pointer p;
	struct world w;
	uint64_t size;

	(void)state;
	begin(&w, &p);
	lose_store(&w);
	p.size = UINT64_MAX;		/* known by its oid alone */
	part = part_of(&w, &p, NULL, MV_PART_FETCH);
	assert_ok(&w, mv_transfer_part_size(&size, part, &w.err));
	assert_int_equal(size, SIZE);
	mv_transfer_part_close(part);
	p.size = SIZE - 1;		/* a part of more bytes is here */
	part = part_of(&w, &p, NULL, MV_PART_FETCH);
	assert_int_equal(try_read(&w, part, 0), MV_ECORRUPT);
	mv_transfer_part_close(part);
	lose_store(&w);			/* nothing is, and nothing comes */
	part = part_of(&w, &p, "origin", MV_PART_FETCH);
	assert_int_equal(try_read(&w, part, 0), MV_ECORRUPT);
	mv_transfer_part_close(part);
	part = part_of(&w, &p, NULL, MV_PART_FETCH);
	assert_int_equal(try_read(&w, part, 0), MV_ENOENT);
	mv_transfer_part_close(part);
	world_drop(&w);
}

static void test_transfer_part__of_git_lfs(void **state)
{
	struct mv_transfer_part *part;
	struct mv_pointer p;
	struct world w;

	(void)state;
	begin(&w, &p);
	lose_store(&w);
	p.dialect = MV_DIALECT_LFS;
	assert_int_equal(mv_transfer_part_open(&part, w.repo, &p, NULL,
					       MV_PART_FETCH, &w.err),
			 MV_EINVALID);
	assert_null(part);
	assert_int_equal(mv_transfer_part_open(&part, w.repo, &p, NULL, 0,
					       &w.err), MV_ENOENT);
	p.extended = 1;
	assert_int_equal(mv_transfer_part_open(&part, w.repo, &p, NULL, 0,
					       &w.err), MV_EINVALID);
	world_drop(&w);
}

static int note_path(void *payload, const char *path,
		     const struct mv_pointer *pointer, struct mv_err *err)
{
	(void)pointer;
	return mv_buf_addf(payload, "%s ", path) ? mv_nomem(err) : 0;
}

static void test_transfer_part__each_content_once(void **state)
{
	static const char *const head[] = { "HEAD", NULL };
	struct mv_pointer p;
	struct mv_buf text;
	struct world w;

	(void)state;
	begin(&w, &p);
	run(&w.r, "git cat-file -p :a.bin >../p; cp ../p b.bin; cp ../p z.bin; "
	    "git add b.bin z.bin; echo text >c.txt; git add c.txt");
	world_open(&w, NULL);
	mv_buf_init(&text, 1000);
	assert_ok(&w, mv_transfer_part_each(w.repo, NULL, note_path, &text,
					    &w.err));
	assert_string_equal(text.data, "a.bin ");
	mv_buf_clear(&text);
	assert_ok(&w, mv_transfer_part_each(w.repo, head, note_path, &text,
					    &w.err));
	assert_string_equal(text.data, "a.bin ");
	mv_buf_release(&text);
	world_drop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_transfer_part__comes_step_by_step_and_stays),
		cmocka_unit_test(test_transfer_part__of_what_is_here_whole),
		cmocka_unit_test(test_transfer_part__a_pointer_of_another_size),
		cmocka_unit_test(test_transfer_part__of_git_lfs),
		cmocka_unit_test(test_transfer_part__each_content_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
