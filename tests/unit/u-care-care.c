/* SPDX-License-Identifier: MIT */
/* care/care.h: what takes room, what may go, and what is not as it should be. */
#include "libmv/care/care.h"
#include "libmv/care/lean.h"
#include "libmv/repo/content.h"
#include "libmv/store/codec-numbers.h"
#include "libmv/store/tx.h"
#include "libmv/work/work.h"
#include "tests/unit/u-world.h"

/* Ten names for what is below, `levels` times: 10^levels paths. */
#define BOMB "t=$(git mktree </dev/null); for l in 1 2 3 4 5 6 7 8 9; do " \
	"t=$(for i in 0 1 2 3 4 5 6 7 8 9; do " \
	"printf '040000 tree %%s\\t%%s\\n' $t $i; done | git mktree); done; "

enum { SIZE = 70000 };

/* `name` with bytes that only this seed has, staged as a pointer. */
static void add(struct world *w, const char *name, unsigned seed)
{
	const char *const paths[] = { name, NULL };
	const struct mv_add_options options = { 0 };
	static unsigned char bytes[SIZE];

	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (unsigned char)((seed = seed * 1103515245u +
					    12345u) >> 16);
	put_file(&w->r, name, bytes, SIZE);
	assert_ok(w, mv_work_add(w->repo, paths, &options, NULL, &w->err));
}

/* Two versions of one file, committed. */
static void two_versions(struct world *w)
{
	world_new(w, "");
	run(&w->r, "echo '*.bin filter=model' >.gitattributes;"
	    "git config filter.model.clean cat");
	world_open(w, NULL);
	add(w, "a.bin", 1);
	run(&w->r, "git add .gitattributes; git commit -qm first");
	add(w, "a.bin", 2);
	run(&w->r, "git commit -qm second");
}

static int note_version(void *payload, const struct mv_du_version *v,
			struct mv_err *err)
{
	(void)err;
	assert_int_equal(v->logical, SIZE);
	assert_int_equal(v->added_raw, SIZE);
	assert_true(v->added_stored > 0);
	return mv_buf_addf(payload, "%s %s\n", v->subject, v->path);
}

static void test_care_du__each_version_once_and_oldest_first(void **state)
{
	struct mv_du_total total;
	struct mv_buf out;
	struct world w;

	(void)state;
	two_versions(&w);
	run(&w.r, "git mv a.bin b.bin; git commit -qm moved");
	mv_buf_init(&out, 4096);
	assert_ok(&w, mv_care_du(w.repo, note_version, &out, &total, &w.err));
	assert_string_equal(out.data, "first a.bin\nsecond a.bin\n");
	assert_int_equal(total.versions, 2);
	assert_int_equal(total.logical, 2 * SIZE);
	assert_int_equal(total.unique, 2 * SIZE);
	assert_int_equal(total.missing, 0);
	assert_true(total.disk >= total.stored && total.stored > 0);
	mv_buf_release(&out);
	world_drop(&w);
}

static int stop(void *payload, const struct mv_du_version *v,
		struct mv_err *err)
{
	(void)payload;
	(void)v;
	return mv_fail(err, MV_ECANCELLED, "enough");
}

static void test_care_du__without_content_and_when_told_to_stop(void **state)
{
	struct mv_du_total total;
	struct world w;

	(void)state;
	two_versions(&w);
	assert_int_equal(mv_care_du(w.repo, stop, NULL, &total, &w.err),
			 MV_ECANCELLED);
	mv_repo_close(w.repo);
	w.repo = NULL;
	run(&w.r, "rm -r .git/model");
	world_open(&w, NULL);
	assert_ok(&w, mv_care_du(w.repo, NULL, NULL, &total, &w.err));
	assert_int_equal(total.versions, 2);
	assert_int_equal(total.missing, 2);
	assert_int_equal(total.disk, 0);
	run(&w.r, "test ! -e .git/model");
	world_drop(&w);
}

/* It came with one commit and went with the next: no walk says so. */
static void test_care_du__trees_that_name_each_other(void **state)
{
	struct mv_du_total total;
	struct world w;

	(void)state;
	world_new(&w, "");
	run(&w.r, BOMB "b=$(git commit-tree -p HEAD -m bomb $t); "
	    "git update-ref HEAD "
	    "$(git commit-tree -p $b -m gone 'HEAD^{tree}')");
	world_open(&w, NULL);
	assert_int_equal(mv_care_du(w.repo, NULL, NULL, &total, &w.err),
			 MV_EINVALID);
	assert_non_null(strstr(w.err.msg, "more than 10000000 paths"));
	world_drop(&w);
}

/* -- which tensors lean ----------------------------------------------------- */

#define TENSOR(name_, dtype_, off_, len_) \
	{ .name = name_, .dtype = dtype_, .unit = 2, .rank = 1, \
	  .shape = shape_##len_, .offset = off_, .length = len_ }

static void test_care_lean__same_name_type_and_shape(void **state)
{
	static char a[] = "a", b[] = "b", c[] = "c", d[] = "d", e[] = "e";
	static uint64_t shape_100[] = { 50 }, shape_60[] = { 30 };
	struct mv_tensor of[] = {
		TENSOR(a, MV_DTYPE_BF16, 1000, 100),
		TENSOR(b, MV_DTYPE_BF16, 1100, 100),	/* next to it in both */
		TENSOR(c, MV_DTYPE_F16, 1200, 100),	/* another type there */
		TENSOR(d, MV_DTYPE_F32, 1300, 60),	/* elsewhere there */
		TENSOR(e, MV_DTYPE_I32, 1360, 60),	/* not there */
	};
	struct mv_tensor base[] = {
		TENSOR(d, MV_DTYPE_F32, 8, 60),
		TENSOR(a, MV_DTYPE_BF16, 500, 100),
		TENSOR(b, MV_DTYPE_BF16, 600, 100),
		TENSOR(c, MV_DTYPE_BF16, 700, 100),
	};
	struct mv_layout x = { .tensors = of, .count = 5 };
	struct mv_layout y = { .tensors = base, .count = 4 };
	struct mv_lean_run *runs;
	uint64_t bytes;
	size_t count;

	(void)state;
	assert_int_equal(mv_care_lean_runs(&runs, &count, &bytes, &x, &y,
					   NULL), 0);
	assert_int_equal(count, 2);
	assert_int_equal(bytes, 260);
	assert_int_equal(runs[0].off, 1000);
	assert_int_equal(runs[0].base_off, 500);
	assert_int_equal(runs[0].len, 200);
	assert_int_equal(runs[0].numbers, MV_NUMBERS_BF16);
	assert_int_equal(runs[1].off, 1300);
	assert_int_equal(runs[1].base_off, 8);
	assert_int_equal(runs[1].numbers, MV_NUMBERS_F32);
	free(runs);
	/* Compressed, or in another file: its bytes do not lie there. */
	base[1].offset = 0;
	of[1].elsewhere = "other.bin";
	of[3].big_endian = base[0].big_endian = 1;
	assert_int_equal(mv_care_lean_runs(&runs, &count, &bytes, &x, &y,
					   NULL), 0);
	assert_int_equal(count, 0);
	free(runs);
	/* Two of one storage: the first speaks for both. */
	of[1] = of[0];
	base[1].offset = 500;
	assert_int_equal(mv_care_lean_runs(&runs, &count, &bytes, &x, &y,
					   NULL), 0);
	assert_int_equal(count, 1);
	assert_int_equal(bytes, 100);
	free(runs);
}

/* -- explain ---------------------------------------------------------------- */

struct explained {
	unsigned versions, missing;
	uint64_t own, shared;
};

static int count_explained(void *payload, const struct mv_explain_version *v,
			   struct mv_err *err)
{
	struct explained *x = payload;

	(void)err;
	x->versions++;
	x->missing += (unsigned)v->missing;
	for (int i = 0; i < MV_HELD_KINDS; i++)
		x->own += v->held[i].raw;
	x->shared += v->shared.raw;
	assert_int_equal(v->on_count, 0);
	return 0;
}

static void test_care_explain__every_byte_is_held_somehow(void **state)
{
	struct explained x = { 0 };
	struct mv_du_total total;
	struct world w;

	(void)state;
	two_versions(&w);
	assert_ok(&w, mv_care_du(w.repo, NULL, NULL, &total, &w.err));
	assert_ok(&w, mv_care_explain(w.repo, "a.bin", count_explained, &x,
				      &w.err));
	assert_int_equal(x.versions, 2);
	assert_int_equal(x.missing, 0);
	assert_int_equal(x.own + x.shared, total.logical);
	assert_int_equal(mv_care_explain(w.repo, "nothing", count_explained,
					 &x, &w.err), MV_ENOENT);
	mv_repo_close(w.repo);
	w.repo = NULL;
	run(&w.r, "rm -r .git/model");
	world_open(&w, NULL);
	memset(&x, 0, sizeof(x));
	assert_ok(&w, mv_care_explain(w.repo, "a.bin", count_explained, &x,
				      &w.err));
	assert_int_equal(x.missing, 2);
	world_drop(&w);
}

/* -- gc -------------------------------------------------------------------- */

static void test_care_gc__keeps_what_git_has_a_pointer_of(void **state)
{
	struct mv_gc_stats stats;
	struct world w;
	char *now;

	(void)state;
	two_versions(&w);
	now = sh(&w.r, "date +%%s");
	assert_ok(&w, mv_care_gc(w.repo, 0, 0, atoll(now) + 60, &stats,
				 &w.err));
	assert_int_equal(stats.dropped_chunks, 0);
	/* On no branch any more, but git has the blob. */
	run(&w.r, "git reset -q --hard HEAD~1");
	assert_ok(&w, mv_care_gc(w.repo, 0, 0, atoll(now) + 60, &stats,
				 &w.err));
	assert_int_equal(stats.dropped_chunks, 0);
	run(&w.r, "git reflog expire --expire=now --all; git prune");
	world_open(&w, NULL);
	assert_ok(&w, mv_care_gc(w.repo, MV_CARE_GC_DRY_RUN, 0, atoll(now) + 60, &stats,
				 &w.err));
	assert_int_equal(stats.dropped_chunks, 1);
	assert_ok(&w, mv_care_gc(w.repo, 0, 0, atoll(now) + 60, &stats,
				 &w.err));
	assert_int_equal(stats.dropped_chunks, 1);
	assert_true(stats.freed > 0);
	free(now);
	world_drop(&w);
}

/* Opening its store enters it there. */
static void other_uses_it(struct world *w)
{
	struct mv_store *store;
	char dir[300];

	snprintf(dir, sizeof(dir), "%s/other", w->r.root);
	world_open(w, dir);
	assert_ok(w, mv_repo_store(&store, w->repo, &w->err));
}

static void test_care_gc__nothing_goes_when_one_cannot_be_asked(void **state)
{
	struct mv_gc_stats stats;
	struct world w;
	char *now;

	(void)state;
	world_new(&w, "");
	assert_ok(&w, mv_care_gc(w.repo, 0, 0, 1, &stats, &w.err));
	assert_int_equal(stats.dropped_chunks, 0);
	run(&w.r, "git config --global model.store \"$ROOT/shared\";"
	    "echo '*.bin filter=model' >.gitattributes;"
	    "git config --global filter.model.clean cat;"
	    "git init -q ../other; echo '*.bin filter=model' "
	    ">../other/.gitattributes");
	world_open(&w, NULL);
	add(&w, "a.bin", 3);
	run(&w.r, "git rm -qf --cached a.bin; git prune --expire=now");
	/* Another who shares it comes, and is damaged. */
	other_uses_it(&w);
	now = sh(&w.r, "date +%%s");
	run(&w.r, "mv ../other/.git/HEAD ../other/.git/gone");
	world_open(&w, NULL);
	assert_int_equal(mv_care_gc(w.repo, 0, 0, atoll(now) + 60, &stats,
				    &w.err), MV_EDENIED);
	assert_non_null(strstr(w.err.msg, "nothing was dropped"));
	run(&w.r, "mv ../other/.git/gone ../other/.git/HEAD");
	assert_ok(&w, mv_care_gc(w.repo, 0, 0, atoll(now) + 60, &stats,
				 &w.err));
	assert_int_equal(stats.dropped_chunks, 1);
	free(now);
	world_drop(&w);
}

/* -- fsck ------------------------------------------------------------------ */

static void note(void *payload, enum mv_fsck_kind kind, const char *subject,
		 const char *message)
{
	mv_buf_addf(payload, "%d %s: %s\n", (int)kind, subject, message);
}

static void test_care_fsck__what_is_missing_and_mended(void **state)
{
	struct mv_buf out;
	struct world w;
	uint64_t bad;

	(void)state;
	two_versions(&w);
	mv_buf_init(&out, 65536);
	assert_ok(&w, mv_care_fsck(w.repo, 0, note, &out, &bad, &w.err));
	assert_int_equal(bad, 0);
	assert_string_equal(out.data, "");
	mv_repo_close(w.repo);
	w.repo = NULL;
	run(&w.r, "rm -r .git/model");
	world_open(&w, NULL);
	assert_ok(&w, mv_care_fsck(w.repo, 0, note, &out, &bad, &w.err));
	assert_int_equal(bad, 2);
	assert_non_null(strstr(out.data, "--repair looks for it"));
	/* The second version still lies in the work tree. */
	mv_buf_clear(&out);
	assert_ok(&w, mv_care_fsck(w.repo, 1, note, &out, &bad, &w.err));
	assert_int_equal(bad, 1);
	assert_non_null(strstr(out.data, "stored again from the work tree"));
	assert_non_null(strstr(out.data, "nowhere that could be asked"));
	mv_buf_release(&out);
	world_drop(&w);
}

static void test_care_fsck__a_pointer_that_is_damaged_is_bad(void **state)
{
	struct mv_buf out;
	struct world w;
	uint64_t bad;

	(void)state;
	two_versions(&w);
	run(&w.r, "{ echo '<<<<<<< ours'; git cat-file -p HEAD:a.bin; "
	    "echo '======='; git cat-file -p HEAD~1:a.bin; "
	    "echo '>>>>>>> theirs'; } >m; h=$(git hash-object -w m);"
	    "git update-index --add --cacheinfo 100644,$h,m.bin");
	world_open(&w, NULL);
	mv_buf_init(&out, 65536);
	assert_ok(&w, mv_care_fsck(w.repo, 0, note, &out, &bad, &w.err));
	assert_int_equal(bad, 1);
	assert_non_null(strstr(out.data, "m.bin"));
	mv_buf_release(&out);
	world_drop(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_care_du__each_version_once_and_oldest_first),
		cmocka_unit_test(
			test_care_du__without_content_and_when_told_to_stop),
		cmocka_unit_test(test_care_du__trees_that_name_each_other),
		cmocka_unit_test(test_care_lean__same_name_type_and_shape),
		cmocka_unit_test(
			test_care_explain__every_byte_is_held_somehow),
		cmocka_unit_test(
			test_care_gc__keeps_what_git_has_a_pointer_of),
		cmocka_unit_test(
			test_care_gc__nothing_goes_when_one_cannot_be_asked),
		cmocka_unit_test(test_care_fsck__what_is_missing_and_mended),
		cmocka_unit_test(
			test_care_fsck__a_pointer_that_is_damaged_is_bad),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
