/* SPDX-License-Identifier: MIT */
/* work/filter.h: what git is answered, and what is put beside a conflict. */
#include "libmv/filter/filter.h"
#include "libmv/repo/content.h"
#include "libmv/work/priv.h"
#include "tests/unit/u-world.h"

#define SMALL "one\n"
#define LARGE "as large as the limit"	/* that begin() sets */
#define NOWHERE "git-model/1\n" \
	"oid sha256:" \
	"0000000000000000000000000000000000000000000000000000000000000001\n" \
	"size 5\n"

static void anew(struct world *w, const char *lines)
{
	run(&w->r, "%s", lines);
	world_open(w, NULL);
}

static void begin(struct world *w)
{
	world_new(w, "");
	anew(w, "printf '*.bin filter=model -text\n' >.gitattributes;"
	     "git config filter.model.clean cat; git add .gitattributes;"
	     "git config model.smudgeLimit 21; git commit -qm attributes");
}

static int clean(struct world *w, const char *path, enum mv_dialect dialect,
		 const char *text, struct mv_buf *out)
{
	struct mv_mem_reader mem = { text, strlen(text), 0 };
	struct mv_reader in = mv_reader_mem(&mem);

	mv_buf_init(out, 4096);
	return mv_work_clean(w->repo, path, dialect, &in, out, &w->err);
}

static int smudge(struct world *w, const char *path, const char *text,
		  struct mv_buf *out)
{
	struct mv_mem_reader mem = { text, strlen(text), 0 };
	struct mv_reader in = mv_reader_mem(&mem);
	struct mv_writer to;

	mv_buf_init(out, 4096);
	to = mv_writer_buf(out);
	return mv_work_smudge(w->repo, path, NULL, &in, &to, &w->err);
}

#define assert_text(buf, want) do { \
	assert_int_equal((buf)->len, strlen(want)); \
	assert_memory_equal((buf)->len ? (buf)->data : "", want, \
			    strlen(want)); \
	mv_buf_release(buf); \
} while (0)

#define assert_smudged(w, path, text, want) do { \
	struct mv_buf out_; \
	assert_ok(w, smudge(w, path, text, &out_)); \
	assert_text(&out_, want); \
} while (0)

/* The pointer of `text`, which is stored. */
static char *stored(struct world *w, const char *path, const char *text)
{
	struct mv_buf out;

	assert_ok(w, clean(w, path, MV_DIALECT_NATIVE, text, &out));
	assert_ok(w, mv_work_filter_finish(w->repo, &w->err));
	return mv_buf_detach(&out);
}

/* -- clean ----------------------------------------------------------------- */

static void test_work_filter__clean_stores_what_it_is_given(void **state)
{
	struct mv_pointer p;
	struct mv_buf out;
	struct world w;

	(void)state;
	begin(&w);
	/* What stands in the work tree is another matter. */
	run(&w.r, "echo other >a.bin");
	assert_ok(&w, clean(&w, "a.bin", MV_DIALECT_NATIVE, SMALL, &out));
	assert_ok(&w, mv_pointer_parse(&p, out.data, out.len, &w.err));
	assert_int_equal(p.size, strlen(SMALL));
	assert_int_equal(p.dialect, MV_DIALECT_NATIVE);
	assert_int_equal(p.canonical, 1);
	mv_buf_release(&out);
	assert_ok(&w, mv_work_filter_finish(w.repo, &w.err));
	world_open(&w, NULL);
	assert_ok(&w, mv_repo_has(w.repo, &p, &w.err));
	assert_ok(&w, clean(&w, "b.bin", MV_DIALECT_LFS, SMALL, &out));
	assert_ok(&w, mv_pointer_parse(&p, out.data, out.len, &w.err));
	assert_int_equal(p.dialect, MV_DIALECT_LFS);
	mv_buf_release(&out);
	run(&w.r, "test $(find .git/lfs/objects -type f | wc -l) = 1");
	/* No file: what other programs than git ask. */
	assert_ok(&w, clean(&w, "", MV_DIALECT_NATIVE, "no file", &out));
	assert_ok(&w, mv_pointer_parse(&p, out.data, out.len, &w.err));
	mv_buf_release(&out);
	world_drop(&w);
}

static void test_work_filter__clean_leaves_a_pointer_as_it_is(void **state)
{
	static const char lfs[] = "version https://git-lfs.github.com/spec/v1\n"
		"oid sha256:00000000000000000000000000000000"
		"00000000000000000000000000000001\nsize 5\n";
	struct mv_buf out;
	struct world w;

	(void)state;
	begin(&w);
	assert_ok(&w, clean(&w, "a.bin", MV_DIALECT_NATIVE, NOWHERE, &out));
	assert_text(&out, NOWHERE);
	assert_ok(&w, clean(&w, "a.bin", MV_DIALECT_NATIVE, lfs, &out));
	assert_text(&out, lfs);
	assert_ok(&w, clean(&w, "a.bin", MV_DIALECT_NATIVE, "", &out));
	assert_text(&out, "");
	assert_ok(&w, clean(&w, "a.bin", MV_DIALECT_LFS, "", &out));
	assert_text(&out, "");
	run(&w.r, "test ! -e .git/model && test ! -e .git/lfs");
	world_drop(&w);
}

static void test_work_filter__a_damaged_pointer_is_not_stored(void **state)
{
	static const char bad[] = "git-model/1\nno more\n";
	struct mv_buf out;
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(clean(&w, "a.bin", MV_DIALECT_NATIVE, bad, &out),
			 MV_ECORRUPT);
	assert_int_equal(out.len, 0);
	/* Who only compares is told that it is no other; so is `git status`
	   where somebody has committed it. */
	mv_work_filter_asker(w.repo, MV_ASKER_LOOKS);
	assert_ok(&w, clean(&w, "a.bin", MV_DIALECT_NATIVE, bad, &out));
	assert_text(&out, bad);
	mv_work_filter_asker(w.repo, 0);
	anew(&w, "printf 'git-model/1\nno more\n' >a.bin; git add a.bin");
	assert_ok(&w, clean(&w, "a.bin", MV_DIALECT_NATIVE, bad, &out));
	assert_text(&out, bad);
	assert_int_equal(clean(&w, "b.bin", MV_DIALECT_NATIVE, bad, &out),
			 MV_ECORRUPT);
	world_drop(&w);
}

/* A store that cannot be reached is no empty one: git is not given a pointer
   of what nobody has. */
static void test_work_filter__clean_fails_where_the_store_is_away(void **state)
{
	struct mv_buf out;
	struct world w;

	(void)state;
	begin(&w);
	anew(&w, "ln -s nowhere/model .git/model");
	assert_true(clean(&w, "a.bin", MV_DIALECT_NATIVE, SMALL, &out) < 0);
	assert_int_equal(out.len, 0);
	assert_smudged(&w, "a.bin", NOWHERE, NOWHERE);
	world_drop(&w);
}

static void test_work_filter__bytes_that_git_has_are_kept(void **state)
{
	struct mv_writer to;
	struct mv_buf out;
	struct world w;

	(void)state;
	begin(&w);
	anew(&w, "printf 'one\n' >a.bin; git add a.bin; git commit -qm raw");
	mv_work_filter_asker(w.repo, MV_ASKER_MOVES);
	assert_int_equal(clean(&w, "a.bin", MV_DIALECT_NATIVE, SMALL, &out),
			 MV_FILTER_KEPT);
	assert_int_equal(out.len, 0);
	to = mv_writer_buf(&out);
	assert_ok(&w, mv_work_clean_kept(w.repo, &to, &w.err));
	assert_text(&out, SMALL);
	run(&w.r, "test ! -e .git/model");
	/* Other bytes, and somebody who adds. */
	assert_ok(&w, clean(&w, "a.bin", MV_DIALECT_NATIVE, "two\n", &out));
	mv_buf_release(&out);
	mv_work_filter_asker(w.repo, 0);
	assert_ok(&w, clean(&w, "a.bin", MV_DIALECT_NATIVE, SMALL, &out));
	mv_buf_release(&out);
	/* What textconv said of a file is no file. */
	mv_work_filter_asker(w.repo, MV_ASKER_BLAMES);
	assert_int_equal(clean(&w, "a.bin", MV_DIALECT_NATIVE,
			       MV_DIFF_BROKEN "why\n", &out), MV_FILTER_KEPT);
	to = mv_writer_buf(&out);
	assert_ok(&w, mv_work_clean_kept(w.repo, &to, &w.err));
	assert_text(&out, MV_DIFF_BROKEN "why\n");
	world_drop(&w);
}

/* -- smudge and the end ---------------------------------------------------- */

static void test_work_filter__smudge_small_and_large(void **state)
{
	char *small, *large;
	struct world w;

	(void)state;
	begin(&w);
	small = stored(&w, "s.bin", SMALL);
	large = stored(&w, "l.bin", LARGE);
	world_open(&w, NULL);
	assert_smudged(&w, "s.bin", small, SMALL);
	assert_smudged(&w, "s.bin", "", "");
	/* As git writes it then; the end writes the bytes. */
	put_file(&w.r, "l.bin", large, strlen(large));
	run(&w.r, "git add l.bin");
	assert_smudged(&w, "l.bin", large, large);
	assert_ok(&w, mv_work_filter_finish(w.repo, &w.err));
	assert_prints(&w.r, LARGE, "cat l.bin");
	assert_string_equal(w.warned, "");
	/* Without a path there is no file that the end could write. */
	assert_smudged(&w, "", large, LARGE);
	free(small);
	free(large);
	world_drop(&w);
}

static void test_work_filter__what_somebody_wrote_stays(void **state)
{
	struct world w;
	char *large;

	(void)state;
	begin(&w);
	large = stored(&w, "l.bin", LARGE);
	put_file(&w.r, "l.bin", large, strlen(large));
	anew(&w, "git add l.bin");
	assert_smudged(&w, "l.bin", large, large);
	run(&w.r, "echo mine >l.bin");
	assert_ok(&w, mv_work_filter_finish(w.repo, &w.err));
	assert_prints(&w.r, "mine\n", "cat l.bin");
	free(large);
	world_drop(&w);
}

static void test_work_filter__content_that_is_not_here(void **state)
{
	struct mv_buf out;
	struct world w;

	(void)state;
	begin(&w);
	put_file(&w.r, "a.bin", NOWHERE, strlen(NOWHERE));
	anew(&w, "git add a.bin");
	assert_smudged(&w, "a.bin", NOWHERE, NOWHERE);
	assert_ok(&w, mv_work_filter_finish(w.repo, &w.err));
	assert_non_null(strstr(w.warned, "1 file is left as a pointer because "
			       "the content is not here"));
	/* Somebody else is not given a pointer for bytes, unless told to. */
	world_open(&w, NULL);
	mv_work_filter_asker(w.repo, MV_ASKER_EXPORTS);
	assert_int_equal(smudge(&w, "a.bin", NOWHERE, &out), MV_ENOENT);
	assert_int_equal(out.len, 0);
	assert_non_null(strstr(w.err.msg, "model.exportPointers"));
	anew(&w, "git config model.exportPointers true");
	mv_work_filter_asker(w.repo, MV_ASKER_EXPORTS);
	assert_smudged(&w, "a.bin", NOWHERE, NOWHERE);
	world_drop(&w);
}

static void test_work_filter__smudge_of_what_is_no_pointer(void **state)
{
	static const char bad[] = "git-model/1\nno more\n";
	struct world w;

	(void)state;
	begin(&w);
	assert_smudged(&w, "a.bin", "bytes", "bytes");
	assert_non_null(strstr(w.warned, "'a.bin' is no pointer"));
	assert_smudged(&w, "b.bin", bad, bad);
	assert_null(strstr(w.warned, "b.bin"));
	assert_ok(&w, mv_work_filter_finish(w.repo, &w.err));
	assert_non_null(strstr(w.warned, "2 files in all are no pointers"));
	world_open(&w, NULL);
	assert_smudged(&w, "b.bin", bad, bad);
	assert_non_null(strstr(w.warned, "'b.bin'"));
	world_drop(&w);
}

/* -- beside a conflict ----------------------------------------------------- */

static void test_work_filter__what_was_offered_beside(void **state)
{
	static const struct {
		const char *path, *of;
	} rows[] = {
		{ "big.bin.theirs", "big.bin" }, { "d/b.base", "d/b" },
		{ "big.bin.theirs.2", "big.bin" }, { "b.base.12", "b" },
		{ "big.bin", NULL }, { "d/.theirs", NULL }, { ".base", NULL },
		{ "b.ours", NULL }, { "theirs.2", NULL }, { "12", NULL },
		{ "", NULL }, { "b.theirs.x", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *of = mv_work_offered_beside(rows[i].path);

		if (rows[i].of)
			assert_string_equal(of, rows[i].of);
		else
			assert_null(of);
		free(of);
	}
}

/* Theirs, whose bytes are here, and a base that is bytes itself. */
static void make_offers(struct world *w, struct mv_merge_result *out,
			const char *path)
{
	struct mv_pointer p;
	char *text = stored(w, "t.bin", SMALL), file[600];
	struct mv_offer theirs = { .file = file, .pointer = &p };
	struct mv_offer base = { .file = file };

	assert_ok(w, mv_pointer_parse(&p, text, strlen(text), &w->err));
	free(text);
	put_file(&w->r, "../base", "base", 4);
	base.fd = open(at(&w->r, file, sizeof(file), "../base"), O_RDONLY);
	assert_true(base.fd >= 0);
	theirs.fd = base.fd;
	mv_work_offer(out, w->repo, path, &theirs, &base);
	close(base.fd);
}

static void test_work_filter__sides_are_offered_and_swept(void **state)
{
	struct mv_merge_result out = { 0 };
	struct world w;

	(void)state;
	begin(&w);
	/* Nobody merges into the index: there is no conflict to choose in. */
	make_offers(&w, &out, "d/a.bin");
	assert_null(out.theirs);
	run(&w.r, "test ! -e .git/model-conflict; : >.git/index.lock");
	make_offers(&w, &out, "d/a.bin");
	assert_non_null(out.theirs);
	assert_non_null(out.base);
	assert_int_equal(out.theirs_missing, 0);
	assert_prints(&w.r, SMALL, "cat '%s'", out.theirs);
	assert_prints(&w.r, "base", "cat '%s'", out.base);
	mv_work_merge_release(&out);
	/* While the index is being written nobody knows what is in conflict. */
	mv_work_sweep_offers(w.repo);
	run(&w.r, "test -f .git/model-conflict/d/a.bin.theirs;"
	    "rm .git/index.lock; b=$(echo x | git hash-object -w --stdin);"
	    "printf \"100644 $b %%s\\td/a.bin\\n\" 1 2 3 |"
	    "git update-index --index-info;"
	    ": >.git/model-conflict/d/other.theirs");
	mv_work_sweep_offers(w.repo);
	run(&w.r, "test -f .git/model-conflict/d/a.bin.theirs;"
	    "test -f .git/model-conflict/d/a.bin.base;"
	    "test ! -e .git/model-conflict/d/other.theirs;"
	    "git rm -q --cached d/a.bin");
	mv_work_sweep_offers(w.repo);
	run(&w.r, "test ! -e .git/model-conflict");
	world_drop(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_work_filter__clean_stores_what_it_is_given),
		cmocka_unit_test(
			test_work_filter__clean_leaves_a_pointer_as_it_is),
		cmocka_unit_test(
			test_work_filter__a_damaged_pointer_is_not_stored),
		cmocka_unit_test(
			test_work_filter__clean_fails_where_the_store_is_away),
		cmocka_unit_test(test_work_filter__bytes_that_git_has_are_kept),
		cmocka_unit_test(test_work_filter__smudge_small_and_large),
		cmocka_unit_test(test_work_filter__what_somebody_wrote_stays),
		cmocka_unit_test(test_work_filter__content_that_is_not_here),
		cmocka_unit_test(
			test_work_filter__smudge_of_what_is_no_pointer),
		cmocka_unit_test(test_work_filter__what_was_offered_beside),
		cmocka_unit_test(test_work_filter__sides_are_offered_and_swept),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
