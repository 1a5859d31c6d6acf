/* SPDX-License-Identifier: MIT */
/* repo/files.h: files of ours in the index and in commits, and typed paths. */
#include "libmv/repo/files.h"
#include "libmv/repo/state.h"
#include "tests/unit/u-world.h"

#define POINTER "git-model/1\\noid sha256:" \
	"1111111111111111111111111111111111111111111111111111111111111111" \
	"\\nsize 5\\n"

static void assert_from_top(struct world *w, const char *typed,
			    const char *want)
{
	char *got = mv_repo_from_top(w->repo, typed);

	if (want)
		assert_string_equal(got, want);
	else
		assert_null(got);
	free(got);
}

static void test_repo_files__typed_paths(void **state)
{
	struct world w;
	char path[300], *got;

	(void)state;
	world_new(&w, "");
	run(&w.r, "mkdir -p a/b");
	world_open(&w, at(&w.r, path, sizeof(path), "a/b"));
	assert_from_top(&w, "x", "a/b/x");
	assert_from_top(&w, "./x", "a/b/x");
	assert_from_top(&w, "../x//y/", "a/x/y");
	assert_from_top(&w, "../..", "");
	assert_from_top(&w, ".", "a/b");
	assert_from_top(&w, "../../..", NULL);
	assert_from_top(&w, "../../../r/x", NULL);
	assert_from_top(&w, ":(top)x", NULL);
	assert_from_top(&w, ":/", NULL);
	assert_from_top(&w, "...", "a/b/...");
	assert_from_top(&w, "/etc/passwd", NULL);
	snprintf(path, sizeof(path), "%s/a/./x", mv_git_info(
			mv_repo_git(w.repo))->work_tree);
	assert_from_top(&w, path, "a/x");
	/* A folder whose name only begins so. */
	snprintf(path, sizeof(path), "%s2/x", mv_git_info(
			mv_repo_git(w.repo))->work_tree);
	assert_from_top(&w, path, NULL);
	got = mv_repo_path_to_top(w.repo, "../y");
	assert_string_equal(got, "a/y");
	free(got);
	got = mv_repo_path_to_top(w.repo, "/etc/passwd");
	assert_string_equal(got, "/etc/passwd");
	free(got);
	world_drop(&w);
}

static void test_repo_files__the_environment_that_was_handed_in(void **state)
{
	struct world w;

	(void)state;
	world_new(&w, "");
	assert_string_equal(mv_repo_getenv(w.repo, "HOME"), w.r.root);
	assert_null(mv_repo_getenv(w.repo, "HOM"));
	assert_null(mv_repo_getenv(w.repo, "HOME="));
	assert_null(mv_repo_getenv(w.repo, "NO_SUCH_VARIABLE"));
	world_drop(&w);
}

static int note(void *payload, const struct mv_file *f, struct mv_err *err)
{
	(void)err;
	return mv_buf_addf(payload, "%d %s\n", (int)f->state, f->path);
}

static int stop(void *payload, const struct mv_file *f, struct mv_err *err)
{
	(void)payload;
	(void)f;
	return mv_fail(err, MV_ECANCELLED, "enough");
}

static void assert_lists(struct world *w, const char *rev, const char *want)
{
	struct mv_buf out;

	mv_buf_init(&out, 65536);
	assert_ok(w, mv_repo_ls(w->repo, rev, note, &out, &w->err));
	assert_string_equal(out.data, want);
	mv_buf_release(&out);
}

/* One pointer whose content is nowhere, bytes under the filter, a stray. */
static void make_files(struct world *w)
{
	world_new(w, "");
	run(&w->r, "git config filter.model.clean cat; mkdir d;"
	    "printf '" POINTER "' >d/p.bin; echo bytes >raw.bin;"
	    "printf '" POINTER "' >stray.txt; cp stray.txt meant.txt;"
	    "printf '%%s\\n' '*.bin filter=model' 'meant.txt -filter' "
	    ">.gitattributes; git add .; git commit -qm files");
	world_open(w, NULL);
}

static void test_repo_files__pointers_of_index_and_commit(void **state)
{
	struct world w;

	(void)state;
	make_files(&w);
	assert_lists(&w, NULL, "3 d/p.bin\n6 raw.bin\n");
	/* Attributes of a commit are not asked: whatever is a pointer. */
	assert_lists(&w, "HEAD", "3 d/p.bin\n3 meant.txt\n3 stray.txt\n");
	assert_lists(&w, "HEAD:d", "3 p.bin\n");
	assert_int_equal(mv_repo_ls(w.repo, "HEAD", stop, NULL, &w.err),
			 MV_ECANCELLED);
	assert_int_equal(mv_repo_ls(w.repo, "nosuch", note, NULL, &w.err),
			 MV_ENOENT);
	assert_int_equal(mv_repo_ls(w.repo, "HEAD:no", note, NULL, &w.err),
			 MV_ENOENT);
	assert_int_equal(mv_repo_ls(w.repo, "-x", note, NULL, &w.err),
			 MV_EINVALID);
	world_drop(&w);
}

static void test_repo_files__strays(void **state)
{
	static const char *const below[] = { "d", NULL };
	struct mv_buf out;
	struct world w;

	(void)state;
	make_files(&w);
	mv_buf_init(&out, 65536);
	assert_ok(&w, mv_repo_strays(w.repo, 0, NULL, note, &out, &w.err));
	assert_string_equal(out.data, "3 stray.txt\n");
	mv_buf_clear(&out);
	assert_ok(&w, mv_repo_strays(w.repo, 0, below, note, &out, &w.err));
	assert_string_equal(out.data, "");
	/* The next commit has no pattern for it any more, the work tree has. */
	run(&w.r, "cp .gitattributes keep; echo >.gitattributes;"
	    "git add .gitattributes; mv keep .gitattributes");
	world_open(&w, NULL);
	assert_ok(&w, mv_repo_strays(w.repo, 0, NULL, note, &out, &w.err));
	assert_string_equal(out.data, "3 stray.txt\n");
	mv_buf_clear(&out);
	assert_ok(&w, mv_repo_strays(w.repo, 1, NULL, note, &out, &w.err));
	assert_string_equal(out.data, "3 d/p.bin\n3 meant.txt\n3 stray.txt\n");
	mv_buf_release(&out);
	world_drop(&w);
}

static void test_repo_files__blobs_that_are_pointers(void **state)
{
	static const char *const all[] = { "--all", NULL };
	struct mv_pointer_set set = { NULL, 0, 0 };
	const struct mv_pointer *found;
	struct mv_pointer p;
	struct world w;
	char *hex, *raw;

	(void)state;
	make_files(&w);
	hex = sh(&w.r, "git rev-parse HEAD:d/p.bin | tr -d '\\n'");
	raw = sh(&w.r, "git rev-parse HEAD:raw.bin | tr -d '\\n'");
	assert_ok(&w, mv_repo_blob_pointer(&p, w.repo, hex, &w.err));
	assert_int_equal(p.size, 5);
	assert_int_equal(mv_repo_blob_pointer(&p, w.repo, raw, &w.err),
			 MV_ENOENT);
	assert_ok(&w, mv_repo_pointer_set_read(&set, w.repo, all, &w.err));
	assert_int_equal(set.count, 1);
	found = mv_repo_pointer_set_find(&set, hex);
	assert_non_null(found);
	assert_int_equal(found->size, 5);
	assert_null(mv_repo_pointer_set_find(&set, raw));
	free(set.k);
	free(hex);
	free(raw);
	world_drop(&w);
}

static void test_repo_files__hash_of_an_open_file(void **state)
{
	struct mv_oid oid, want;
	struct world w;
	uint64_t size;
	char path[300];
	int fd;

	(void)state;
	world_new(&w, "");
	put_file(&w.r, "f", "hello", 5);
	fd = open(at(&w.r, path, sizeof(path), "f"), O_RDONLY);
	assert_true(fd >= 0);
	assert_ok(&w, mv_repo_hash_file(&oid, &size, fd, path, &w.err));
	assert_ok(&w, mv_sha256(&want, "hello", 5, &w.err));
	assert_true(mv_oid_eq(&oid, &want));
	assert_int_equal(size, 5);
	close(fd);
	assert_int_equal(mv_repo_hash_file(&oid, &size, fd, path, &w.err),
			 MV_EIO);
	assert_non_null(strstr(w.err.msg, path));
	world_drop(&w);
}

/* Git cannot be asked: never "there is nothing". */
static void test_repo_files__without_an_answer_of_git(void **state)
{
	struct mv_buf out;
	struct world w;

	(void)state;
	make_files(&w);
	mv_buf_init(&out, 65536);
	run(&w.r, "printf broken >.git/index");
	assert_int_not_equal(mv_repo_ls(w.repo, NULL, note, &out, &w.err), 0);
	assert_int_not_equal(mv_repo_strays(w.repo, 0, NULL, note, &out,
					    &w.err), 0);
	assert_string_equal(out.data, "");
	mv_buf_release(&out);
	world_drop(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_repo_files__typed_paths),
		cmocka_unit_test(
			test_repo_files__the_environment_that_was_handed_in),
		cmocka_unit_test(
			test_repo_files__pointers_of_index_and_commit),
		cmocka_unit_test(test_repo_files__strays),
		cmocka_unit_test(test_repo_files__blobs_that_are_pointers),
		cmocka_unit_test(test_repo_files__hash_of_an_open_file),
		cmocka_unit_test(test_repo_files__without_an_answer_of_git),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
