/* SPDX-License-Identifier: MIT */
#include "tests/unit/u-world.h"

#include "libmv/hook/hook.h"
#include "libmv/hook/priv.h"
#include "libmv/transfer/transfer.h"

/* pre-push and pre-commit, as a person's git calls them. */
#define ZERO "0000000000000000000000000000000000000000"
#define POINTER "version https://git-lfs.github.com/spec/v1\n" \
		"oid sha256:" \
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n" \
		"size 9\n"

static struct world w;

/* A remote with what is there now; main is at what was the first commit. */
static void begin(void)
{
	world_new(&w, "-b main");
	run(&w.r, "git init -q --bare \"$ROOT/o.git\" && "
	    "git remote add origin \"$ROOT/o.git\" && "
	    "git push -q origin main && git fetch -q");
	world_open(&w, NULL);
}

static char *head(void)
{
	char *hex = sh(&w.r, "git rev-parse HEAD");

	hex[strcspn(hex, "\n")] = '\0';
	return hex;
}

/* `line`: "%s" is the commit that HEAD is at. */
static int push(const char *line, struct mv_transfer_stats *stats)
{
	char *hex = head(), *text = mv_strf("refs/heads/main %s %s\n", hex,
					    line);
	int rc = mv_hook_pre_push(w.repo, "origin", "../o.git", text,
				  strlen(text), stats, &w.err);

	free(text);
	free(hex);
	return rc;
}

static void commit_pointer(void)
{
	put_file(&w.r, "m.bin", POINTER, strlen(POINTER));
	run(&w.r, "echo '*.bin filter=model' >.gitattributes && "
	    "git config filter.model.clean cat && git add . && "
	    "git commit -qm pointer");
	world_open(&w, NULL);
}

/* -- pre-push ------------------------------------------------------------- */

static void test_hook_client__what_git_never_says_stops_a_push(void **state)
{
	static const char *const bad[] = {
		"nonsense\n", "refs/heads/main\n", "a b c\n", "\n",
		"refs/heads/main " ZERO " refs/heads/main " ZERO,
		"refs/heads/main " ZERO "00 refs/heads/main " ZERO "00\n",
		"refs/heads/main " ZERO "000000000000000000000000 refs/heads/m "
			ZERO "000000000000000000000000\n",
	};
	struct mv_transfer_stats stats;

	(void)state;
	begin();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&stats, 0x55, sizeof(stats));
		if (mv_hook_pre_push(w.repo, "origin", "../o.git", bad[i],
				     strlen(bad[i]), &stats, &w.err) !=
		    MV_EINVALID)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(stats.contents, 0);
	}
	world_drop(&w);
}

/* `git push origin 'HEAD^{/fix the bug}:refs/heads/x'` */
static void test_hook_client__a_local_name_may_have_blanks(void **state)
{
	struct mv_transfer_stats stats;
	char *hex, *text;

	(void)state;
	begin();
	run(&w.r, "git commit -q --allow-empty -m 'fix the bug'");
	hex = head();
	text = mv_strf("HEAD^{/fix the bug} %s refs/heads/x " ZERO "\n", hex);
	assert_ok(&w, mv_hook_pre_push(w.repo, "origin", "../o.git", text,
				       strlen(text), &stats, &w.err));
	assert_int_equal(stats.contents, 0);
	free(text);
	free(hex);
	world_drop(&w);
}

static void test_hook_client__a_deletion_needs_nothing(void **state)
{
	static const char gone[] = "(delete) " ZERO " refs/heads/x " ZERO "\n";
	struct mv_transfer_stats stats;

	(void)state;
	begin();
	commit_pointer();
	run(&w.r, "rm -rf \"$ROOT/o.git\"");
	assert_ok(&w, mv_hook_pre_push(w.repo, "origin", "../o.git", gone,
				       strlen(gone), &stats, &w.err));
	world_drop(&w);
}

/* Pointers whose content is nowhere are no push; who allows that is obeyed. */
static void test_hook_client__content_that_is_nowhere_stops_it(void **state)
{
	struct mv_transfer_stats stats;

	(void)state;
	begin();
	commit_pointer();
	assert_int_equal(push("refs/heads/main " ZERO, &stats), MV_ENOENT);
	assert_non_null(strstr(w.err.msg, "0123456789abcdef0123456789abcdef"));
	run(&w.r, "git config model.allowIncompletePush true");
	world_open(&w, NULL);
	assert_ok(&w, push("refs/heads/main " ZERO, &stats));
	assert_int_equal(stats.contents, 0);
	world_drop(&w);
}

static void test_hook_client__more_refs_than_arguments_are_all(void **state)
{
	struct mv_transfer_stats stats;
	struct mv_buf text;
	char *hex;

	(void)state;
	begin();
	hex = head();
	mv_buf_init(&text, 64 << 20);
	for (int i = 0; i < 8200; i++)
		assert_int_equal(mv_buf_addf(&text, "refs/heads/b%d %s "
					     "refs/heads/b%d " ZERO "\n", i,
					     hex, i), 0);
	assert_ok(&w, mv_hook_pre_push(w.repo, "origin", "../o.git", text.data,
				       text.len, &stats, &w.err));
	commit_pointer();
	assert_true(mv_hook_pre_push(w.repo, "origin", "../o.git", text.data,
				     text.len, &stats, &w.err) < 0);
	mv_buf_release(&text);
	free(hex);
	world_drop(&w);
}

static void test_hook_client__a_name_of_a_remote(void **state)
{
	static const char *const names[] = { "origin", "a/b", "ünlü", "x-1" };
	static const char *const others[] = {
		"", "../o.git", "/srv/o.git", "./o", "~/o", "https://h/o.git",
		"git@h:o.git", "o*", "o?", "o[a]", "a\\b"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_true(mv_hook_is_remote_name(names[i]));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(mv_hook_is_remote_name(others[i]));
}

/* -- pre-commit ----------------------------------------------------------- */

static void on_refused(void *payload, const char *path, const char *why)
{
	char *said = payload;
	size_t len = strlen(said);

	snprintf(said + len, 4096 - len, "%s: %s\n", path, why);
}

static const char *refused(void)
{
	static char said[4096];

	*said = '\0';
	world_open(&w, NULL);
	assert_ok(&w, mv_hook_pre_commit(w.repo, on_refused, said, &w.err));
	return said;
}

static void test_hook_client__each_staged_path_and_why(void **state)
{
	static const char conflict[] = POINTER "<<<<<<< HEAD\n";
	const char *said;

	(void)state;
	world_new(&w, "-b main");
	run(&w.r, "git config filter.model.clean cat && "
	    "echo '*.bin filter=model' >.gitattributes && : >empty.bin && "
	    "echo bytes >raw.bin && echo text >text && ln -s raw.bin link.bin");
	put_file(&w.r, "good.bin", POINTER, strlen(POINTER));
	put_file(&w.r, "odd\nname.bin", conflict, strlen(conflict));
	run(&w.r, "git add .");
	said = refused();
	assert_non_null(strstr(said, "raw.bin: the bytes themselves"));
	assert_non_null(strstr(said, "odd\nname.bin: it is a broken pointer"));
	assert_null(strstr(said, "good.bin"));
	assert_null(strstr(said, "empty.bin"));
	assert_null(strstr(said, "text: "));
	assert_null(strstr(said, "link.bin"));
	run(&w.r, "git rm -q --cached -f -- *.bin text");
	assert_string_equal(refused(), "");
	world_drop(&w);
}

/* The same content under two sizes: half of each side of a merge. */
static void test_hook_client__half_of_each_side_is_refused(void **state)
{
	(void)state;
	world_new(&w, "-b main");
	commit_pointer();
	run(&w.r, "sed 's/^size 9/size 10/' m.bin >m && mv m m.bin && "
	    "git add m.bin");
	assert_non_null(strstr(refused(), "m.bin: its size is not that"));
	world_drop(&w);
}

static void test_hook_client__an_index_that_cannot_be_read_is_a_no(void **state)
{
	char said[4096] = "";

	(void)state;
	world_new(&w, "-b main");
	run(&w.r, "echo x >x && git add x");
	world_open(&w, NULL);
	put_file(&w.r, ".git/index", "DIRCjunk", 8);
	assert_true(mv_hook_pre_commit(w.repo, on_refused, said, &w.err) < 0);
	assert_string_equal(said, "");
	world_drop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hook_client__what_git_never_says_stops_a_push),
		cmocka_unit_test(test_hook_client__a_local_name_may_have_blanks),
		cmocka_unit_test(test_hook_client__a_deletion_needs_nothing),
		cmocka_unit_test(test_hook_client__content_that_is_nowhere_stops_it),
		cmocka_unit_test(test_hook_client__more_refs_than_arguments_are_all),
		cmocka_unit_test(test_hook_client__a_name_of_a_remote),
		cmocka_unit_test(test_hook_client__each_staged_path_and_why),
		cmocka_unit_test(test_hook_client__half_of_each_side_is_refused),
		cmocka_unit_test(test_hook_client__an_index_that_cannot_be_read_is_a_no),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
