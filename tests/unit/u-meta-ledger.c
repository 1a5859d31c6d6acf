/* SPDX-License-Identifier: MIT */
#include "tests/unit/pace.h"
#include "tests/unit/u-git-help.h"

#include <sys/wait.h>

#include "libmv/base/fs.h"
#include "libmv/git/git.h"
#include "libmv/meta/ledger.h"

#define PATIENCE 30000		/* ms; what is tested is never slow */

/* -- lines ---------------------------------------------------------------- */

static void assert_union(const char *a, size_t a_len, const char *b,
			 size_t b_len, const char *expected, size_t len)
{
	struct mv_buf out;

	mv_buf_init(&out, 1000);
	assert_int_equal(mv_lines_unite(&out, a, a_len, b, b_len, NULL), 0);
	assert_int_equal(out.len, len);
	assert_memory_equal(out.data, expected, len);
	/* Once more, and the other way round, is the same. */
	mv_buf_clear(&out);
	assert_int_equal(mv_lines_unite(&out, b, b_len, expected, len, NULL),
			 0);
	assert_int_equal(out.len, len);
	assert_memory_equal(out.data, expected, len);
	mv_buf_release(&out);
}

#define UNION(a, b, expected) \
	assert_union(a, sizeof(a) - 1, b, sizeof(b) - 1, expected, \
		     sizeof(expected) - 1)

static void test_meta_ledger__lines_are_a_set_of_bytes(void **state)
{
	(void)state;
	UNION("", "", "");
	UNION("\n\n\n", "\n", "");
	UNION("b\na", "", "a\nb\n");
	UNION("a\nb\n", "a\nc\n", "a\nb\nc\n");
	UNION("a\n\nb\n\n", "b", "a\nb\n");
	/* A record in CRLF is another line than one in LF; both stay. */
	UNION("a\r\n\r\n", "a\n", "\r\na\na\r\n");
	UNION("a\0z\na\n", "a\1b\n", "a\na\0z\na\1b\n");
	UNION("\xff\n\x80\n", "~\n", "~\n\x80\n\xff\n");
	UNION("ab\na\n", "abc\n", "a\nab\nabc\n");
}

static void test_meta_ledger__a_union_too_large_is_none(void **state)
{
	struct mv_buf out;

	(void)state;
	mv_buf_init(&out, 5);
	mv_buf_addstr(&out, "x");
	assert_int_equal(mv_lines_unite(&out, "a\n", 2, "bc", 2, NULL),
			 MV_ENOMEM);
	assert_string_equal(out.data, "x");
	assert_int_equal(mv_lines_unite(&out, "a\n", 2, "b", 1, NULL), 0);
	assert_string_equal(out.data, "xa\nb\n");
	mv_buf_release(&out);
}

static void assert_missing(const char *a, size_t a_len, const char *b,
			   size_t b_len, size_t count, const char *first)
{
	struct mv_missing m;

	assert_int_equal(mv_lines_missing(&m, a, a_len, b, b_len, NULL), 0);
	assert_int_equal(m.count, count);
	assert_int_equal(m.first != NULL, first != NULL);
	if (first) {
		assert_true(m.first_len >= strlen(first));
		assert_memory_equal(m.first, first, strlen(first));
		assert_true(m.first + m.first_len == a + a_len ||
			    m.first[m.first_len] == '\n');
	}
}

#define MISSING(a, b, count, first) \
	assert_missing(a, sizeof(a) - 1, b, sizeof(b) - 1, count, first)

static void test_meta_ledger__lines_that_are_missing(void **state)
{
	(void)state;
	MISSING("", "", 0, NULL);
	MISSING("\n\n", "", 0, NULL);
	MISSING("a\nb\n", "b\na\n\nc", 0, NULL);
	MISSING("b\na", "", 2, "b");
	MISSING("c\nb\na\n", "b\n", 2, "c");
	/* A part of a line is another line, and so are other bytes. */
	MISSING("ab\n", "abc\nxab\na\n", 1, "ab");
	MISSING("a\n", "a\r\n", 1, "a");
	MISSING("a\0b\n", "a\1b\na\n", 1, "a");
	MISSING("\xff\n", "\x7f\n\x80\n", 1, "\xff");
}

static void test_meta_ledger__lines_that_are_there(void **state)
{
	const char *v[] = { "a", "ab", "b", "\x80", "\xff" };
	const struct mv_lines lines = { v, 5, NULL }, none = { NULL, 0, NULL };

	(void)state;
	for (size_t i = 0; i < lines.count; i++)
		assert_true(mv_lines_have(&lines, v[i]));
	assert_false(mv_lines_have(&lines, ""));
	assert_false(mv_lines_have(&lines, "abc"));
	assert_false(mv_lines_have(&lines, "\x81"));
	assert_false(mv_lines_have(&none, "a"));
}

/* -- a repository with pointers ------------------------------------------- */

#define BLOBS 6

struct place {
	struct repo r;
	char lock[300];
	char blob[BLOBS][65];
};

static void place_new(struct place *p)
{
	struct repo *r = &p->r;
	char *hex;

	repo_new(r, "");
	snprintf(p->lock, sizeof(p->lock), "%s/.git/notes.lock", r->dir);
	hex = sh(r, "for i in $(seq 0 %d); do echo pointer $i >.git/$i; "
		 "echo .git/$i; done | git hash-object -w --stdin-paths",
		 BLOBS - 1);
	assert_int_equal(strlen(hex), 41 * BLOBS);
	for (int i = 0; i < BLOBS; i++) {
		memcpy(p->blob[i], hex + 41 * i, 40);
		p->blob[i][40] = '\0';
	}
	free(hex);
	repo_open(r, NULL);
}

static int append(struct place *p, const char *blob, const char *line)
{
	struct mv_entry entry = { blob, line };

	return mv_ledger_append(p->r.git, p->lock, &entry, 1, "notes: test",
				PATIENCE, &p->r.err);
}

static void assert_appended(struct place *p, int i, const char *line)
{
	if (append(p, p->blob[i], line) < 0)
		fail_msg("%s", p->r.err.msg);
}

static void assert_merged(struct place *p, const char *other, int moved)
{
	int changed = -1;

	if (mv_ledger_merge(p->r.git, p->lock, other, &changed, PATIENCE,
			    &p->r.err) < 0)
		fail_msg("%s", p->r.err.msg);
	assert_int_equal(changed, moved);
}

/* The lines of one blob, joined with "|". */
static void assert_lines(struct place *p, const char *ref, int i,
			 const char *expected)
{
	const char *blobs[] = { p->blob[i] };
	struct mv_lines lines;
	struct mv_buf text;

	mv_buf_init(&text, 1 << 20);
	if (mv_ledger_read(&lines, p->r.git, ref, blobs, 1, &p->r.err) < 0)
		fail_msg("%s", p->r.err.msg);
	for (size_t k = 0; k < lines.count; k++) {
		mv_buf_addstr(&text, k ? "|" : "");
		mv_buf_addstr(&text, lines.v[k]);
	}
	assert_string_equal(text.data, expected);
	mv_lines_release(&lines);
	mv_buf_release(&text);
}

static char *tip(struct place *p)
{
	return sh(&p->r, "git rev-parse --verify -q " MV_NOTES_REF " || :");
}

/* -- appending ------------------------------------------------------------ */

static void test_meta_ledger__what_is_appended_is_read(void **state)
{
	struct place p;

	(void)state;
	place_new(&p);
	assert_lines(&p, MV_NOTES_REF, 0, "");
	assert_appended(&p, 0, "b");
	assert_appended(&p, 0, "a");
	assert_appended(&p, 1, "c");
	assert_lines(&p, MV_NOTES_REF, 0, "a|b");
	assert_lines(&p, MV_NOTES_REF, 1, "c");
	assert_lines(&p, MV_NOTES_REF, 2, "");
	assert_lines(&p, "refs/notes/none", 0, "");
	assert_prints(&p.r, "a\nb\n", "git notes --ref=model show %s",
		      p.blob[0]);
	assert_prints(&p.r, "3\n", "git rev-list --count " MV_NOTES_REF);
	repo_drop(&p.r);
}

static void test_meta_ledger__a_batch_is_one_commit(void **state)
{
	struct mv_entry entries[BLOBS * 2 + 1];
	const char *blobs[BLOBS];
	struct mv_lines lines[BLOBS];
	struct place p;
	size_t n = 0;

	(void)state;
	place_new(&p);
	assert_appended(&p, 3, "early");
	for (int i = 0; i < BLOBS; i++)
		entries[n++] = (struct mv_entry){ p.blob[i], "z" };
	for (int i = BLOBS - 1; i >= 0; i--)
		entries[n++] = (struct mv_entry){ p.blob[i], "y" };
	entries[n++] = (struct mv_entry){ p.blob[0], "z" };
	assert_int_equal(mv_ledger_append(p.r.git, p.lock, entries, n, "why",
					  PATIENCE, &p.r.err), 0);
	assert_prints(&p.r, "2\n", "git rev-list --count " MV_NOTES_REF);
	assert_prints(&p.r, "why\n", "git log -1 --format=%%s " MV_NOTES_REF);
	for (int i = 0; i < BLOBS; i++)
		blobs[i] = p.blob[BLOBS - 1 - i];
	assert_int_equal(mv_ledger_read(lines, p.r.git, MV_NOTES_REF, blobs,
					BLOBS, &p.r.err), 0);
	for (int i = 0; i < BLOBS; i++) {
		assert_int_equal(lines[i].count, i == 2 ? 3 : 2);
		assert_string_equal(lines[i].v[0], i == 2 ? "early" : "y");
		assert_string_equal(lines[i].v[lines[i].count - 1], "z");
		mv_lines_release(&lines[i]);
	}
	assert_int_equal(mv_ledger_append(p.r.git, p.lock, NULL, 0, "none",
					  PATIENCE, &p.r.err), 0);
	assert_prints(&p.r, "2\n", "git rev-list --count " MV_NOTES_REF);
	repo_drop(&p.r);
}

static void test_meta_ledger__a_line_that_is_there_changes_nothing(
	void **state)
{
	char *before, *after;
	struct place p;

	(void)state;
	place_new(&p);
	/* Not even how somebody else wrote the note. */
	run(&p.r, "git notes --ref=model append -m b %s; "
	    "git notes --ref=model append -m a %s", p.blob[0], p.blob[0]);
	before = tip(&p);
	assert_appended(&p, 0, "a");
	after = tip(&p);
	assert_string_equal(before, after);
	assert_prints(&p.r, "b\n\na\n", "git notes --ref=model show %s",
		      p.blob[0]);
	free(before);
	free(after);
	repo_drop(&p.r);
}

static void test_meta_ledger__foreign_lines_survive_as_bytes(void **state)
{
	static const char note[] = "z\r\n\n\n<<<<<<<\n{\"t\":\nnul\0nul\n"
		"\xff\xfe\nlast";
	static const char united[] = "<<<<<<<\nlast\nnew\nnul\0nul\nz\r\n"
		"{\"t\":\n\xff\xfe\n";
	struct mv_buf out;
	struct place p;

	(void)state;
	place_new(&p);
	put_file(&p.r, "note", note, sizeof(note) - 1);
	run(&p.r, "git notes --ref=model add -C $(git hash-object -w note) "
	    "%s", p.blob[0]);
	assert_lines(&p, MV_NOTES_REF, 0, "<<<<<<<|last|nul\1nul|z\r|{\"t\":|"
		     "\xff\xfe");
	assert_appended(&p, 0, "new");
	run(&p.r, "git cat-file blob $(git notes --ref=model list %s) >out",
	    p.blob[0]);
	get_file(&p.r, "out", &out);
	assert_int_equal(out.len, sizeof(united) - 1);
	assert_memory_equal(out.data, united, out.len);
	mv_buf_release(&out);
	repo_drop(&p.r);
}

static void test_meta_ledger__objects_must_exist(void **state)
{
	static const char none[] = "1234567890123456789012345678901234567890";
	struct mv_entry entries[2];
	char *commit, *after;
	struct place p;

	(void)state;
	place_new(&p);
	entries[0] = (struct mv_entry){ p.blob[0], "x" };
	entries[1] = (struct mv_entry){ none, "x" };
	assert_int_equal(mv_ledger_append(p.r.git, p.lock, entries, 2, "m",
					  PATIENCE, &p.r.err), MV_ENOENT);
	assert_non_null(strstr(p.r.err.msg, none));
	run(&p.r, "git commit -q --allow-empty -m x");
	commit = sh(&p.r, "git rev-parse HEAD");
	commit[40] = '\0';
	assert_int_equal(append(&p, commit, "x"), MV_ENOENT);
	after = tip(&p);
	assert_string_equal(after, "");
	free(commit);
	free(after);
	/* One larger than any pointer exists all the same. */
	commit = sh(&p.r, "head -c 5000 /dev/zero | git hash-object -w "
		    "--stdin");
	commit[40] = '\0';
	assert_int_equal(append(&p, commit, "x"), 0);
	free(commit);
	repo_drop(&p.r);
}

static void test_meta_ledger__requests_that_make_no_sense(void **state)
{
	struct place p;
	char upper[41];

	(void)state;
	place_new(&p);
	assert_int_equal(append(&p, p.blob[0], ""), MV_EINVALID);
	assert_int_equal(append(&p, p.blob[0], "a\nb"), MV_EINVALID);
	assert_int_equal(append(&p, "1234", "a"), MV_EINVALID);
	assert_int_equal(append(&p, "HEAD", "a"), MV_EINVALID);
	memset(upper, 'A', 40);
	upper[40] = '\0';
	assert_int_equal(append(&p, upper, "a"), MV_EINVALID);
	assert_int_equal(mv_ledger_merge(p.r.git, p.lock, "refs/notes/none",
					 NULL, 0, &p.r.err), MV_ENOENT);
	repo_drop(&p.r);
}

/* -- limits --------------------------------------------------------------- */

static void test_meta_ledger__ten_thousand_lines_and_no_more(void **state)
{
	static const char vote[] =
		"{\"t\":\"2026-01-01T00:00:00.000Z\",\"kind\":\"approval\"}";
	char *before, *after;
	struct place p;

	(void)state;
	place_new(&p);
	run(&p.r, "seq 10000 19998 >note; git notes --ref=model add -C "
	    "$(git hash-object -w note) %s", p.blob[0]);
	assert_int_equal(append(&p, p.blob[0], "no vote"), MV_ENOMEM);
	assert_appended(&p, 0, vote);
	before = tip(&p);
	assert_int_equal(append(&p, p.blob[0], "too many"), MV_ENOMEM);
	assert_non_null(strstr(p.r.err.msg, p.blob[0]));
	assert_appended(&p, 0, vote);
	after = tip(&p);
	assert_string_equal(before, after);
	free(before);
	free(after);
	repo_drop(&p.r);
}

/* A note over the limit is said to be, never cut. */
static void assert_oversized(const char *make)
{
	char *before, *after;
	struct mv_lines lines[2];
	const char *blobs[2];
	struct place p;

	place_new(&p);
	assert_appended(&p, 1, "fine");
	run(&p.r, "%s >note; git notes --ref=model add -C "
	    "$(git hash-object -w note) %s", make, p.blob[0]);
	before = tip(&p);
	blobs[0] = p.blob[1];
	blobs[1] = p.blob[0];
	assert_int_equal(mv_ledger_read(lines, p.r.git, MV_NOTES_REF, blobs,
					2, &p.r.err), MV_ENOMEM);
	assert_non_null(strstr(p.r.err.msg, p.blob[0]));
	assert_null(lines[0].v);
	assert_int_equal(append(&p, p.blob[0], "more"), MV_ENOMEM);
	assert_non_null(strstr(p.r.err.msg, p.blob[0]));
	after = tip(&p);
	assert_string_equal(before, after);
	assert_appended(&p, 1, "more");
	assert_lines(&p, MV_NOTES_REF, 1, "fine|more");
	free(before);
	free(after);
	repo_drop(&p.r);
}

static void test_meta_ledger__an_oversized_note_is_named(void **state)
{
	(void)state;
	assert_oversized("seq 10000 20000");
	assert_oversized("head -c 1048577 /dev/zero | tr '\\0' 'a'");
}

/* A line of 4 KiB, of a kind; no two are alike. */
static const char *line_of(char line[4096], const char *kind, int number)
{
	memset(line, 'b', 4095);
	line[snprintf(line, 4096, "{\"t\":\"2026-01-01T00:00:00.000Z\","
		      "\"kind\":\"%s\",\"n\":\"%d", kind, number)] = 'b';
	memcpy(line + 4093, "\"}", 3);
	return line;
}

/* Three quarters of it are for all that is no vote: most of it for records, and
   what is left for receipts. */
static void test_meta_ledger__a_note_full_of_records(void **state)
{
	char line[4096];
	struct place p;

	(void)state;
	place_new(&p);
	run(&p.r, "for i in $(seq 1000 1174); do printf '%%s' $i; "
	    "head -c 4091 /dev/zero | tr '\\0' 'a'; echo; done >note; "
	    "git notes --ref=model add -C $(git hash-object -w note) %s",
	    p.blob[0]);
	memset(line, 'b', sizeof(line));
	line[4095] = '\0';
	assert_appended(&p, 0, line);
	assert_prints(&p.r, "720896\n", "git notes --ref=model show %s | "
		      "wc -c", p.blob[0]);
	assert_int_equal(append(&p, p.blob[0], "c"), MV_ENOMEM);
	for (int i = 0; i < 16; i++)
		assert_appended(&p, 0, line_of(line, "receipt", i));
	assert_int_equal(append(&p, p.blob[0], line_of(line, "receipt", 99)),
			 MV_ENOMEM);
	assert_int_equal(append(&p, p.blob[0], "c"), MV_ENOMEM);
	assert_appended(&p, 0, line_of(line, "approval", 1));
	repo_drop(&p.r);
}

/* -- at once -------------------------------------------------------------- */

enum { RECORDS = 2 };

/* A writer of its own process, as another command would be. */
static void writer(const struct place *p, int who, int own_lock)
{
	struct mv_git *git = NULL;
	char lock[320], line[64];
	int rc;

	snprintf(lock, sizeof(lock), "%s%d", p->lock, own_lock ? who : 0);
	rc = mv_git_open(&git, p->r.dir, &p->r.env, NULL);
	for (int i = 0; !rc && i < RECORDS; i++) {
		struct mv_entry entry = { p->blob[(who + i) % BLOBS], line };

		snprintf(line, sizeof(line), "writer %02d record %d", who, i);
		rc = mv_ledger_append(git, lock, &entry, 1, "notes: race",
				      PATIENCE, NULL);
	}
	mv_git_close(git);
	_exit(rc ? 1 : 0);
}

static void race(int writers, int own_lock)
{
	const char *blobs[BLOBS];
	struct mv_lines lines[BLOBS];
	pid_t pid[64];
	struct place p;
	size_t total = 0;
	char line[64];

	place_new(&p);
	mv_git_close(p.r.git);
	p.r.git = NULL;
	for (int i = 0; i < writers; i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (!pid[i])
			writer(&p, i, own_lock);
	}
	for (int i = 0; i < writers; i++) {
		int status = -1;

		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
	repo_open(&p.r, NULL);
	for (int i = 0; i < BLOBS; i++)
		blobs[i] = p.blob[i];
	assert_int_equal(mv_ledger_read(lines, p.r.git, MV_NOTES_REF, blobs,
					BLOBS, &p.r.err), 0);
	for (int who = 0; who < writers; who++)
		for (int i = 0; i < RECORDS; i++) {
			const struct mv_lines *l = &lines[(who + i) % BLOBS];
			int found = 0;

			snprintf(line, sizeof(line), "writer %02d record %d",
				 who, i);
			for (size_t k = 0; k < l->count; k++)
				found += !strcmp(l->v[k], line);
			if (found != 1)
				fail_msg("%d times: %s", found, line);
		}
	for (int i = 0; i < BLOBS; i++) {
		total += lines[i].count;
		mv_lines_release(&lines[i]);
	}
	assert_int_equal(total, writers * RECORDS);
	snprintf(line, sizeof(line), "%d\n", writers * RECORDS);
	assert_prints(&p.r, line, "git rev-list --count " MV_NOTES_REF);
	repo_drop(&p.r);
}

static void test_meta_ledger__thirty_two_writers_lose_nothing(void **state)
{
	(void)state;
	race(MV_PACE > 1 ? 8 : 32, 0);	/* git does most of it */
}

/* Nothing but compare-and-swap between them, as between machines. */
static void test_meta_ledger__without_a_common_lock_neither(void **state)
{
	(void)state;
	race(6, 1);
}

static void test_meta_ledger__waits_for_its_turn_no_longer_than_told(
	void **state)
{
	struct mv_entry entry;
	struct mv_lock lock = MV_LOCK_INIT;
	struct place p;

	(void)state;
	place_new(&p);
	entry = (struct mv_entry){ p.blob[0], "x" };
	assert_int_equal(mv_lock_take(&lock, p.lock, MV_LOCK_EXCLUSIVE, 0,
				      &p.r.err), 0);
	assert_int_equal(mv_ledger_append(p.r.git, p.lock, &entry, 1, "m", 20,
					  &p.r.err), MV_EBUSY);
	mv_lock_drop(&lock);
	assert_int_equal(mv_ledger_append(p.r.git, p.lock, &entry, 1, "m", 20,
					  &p.r.err), 0);
	repo_drop(&p.r);
}

/* -- merging -------------------------------------------------------------- */

#define TRACKING MV_NOTES_REMOTES "origin"

static void test_meta_ledger__merge_with_nothing_is_a_fast_forward(
	void **state)
{
	struct place p;

	(void)state;
	place_new(&p);
	run(&p.r, "git notes --ref=model-remotes/origin add -m theirs %s",
	    p.blob[0]);
	assert_merged(&p, TRACKING, 1);
	assert_prints(&p.r, "", "git diff " MV_NOTES_REF " " TRACKING
		      "; test $(git rev-parse " MV_NOTES_REF ") = "
		      "$(git rev-parse " TRACKING ")");
	assert_merged(&p, TRACKING, 0);
	/* They go on, we follow; we go on, they have nothing new. */
	run(&p.r, "git notes --ref=model-remotes/origin add -m more %s",
	    p.blob[1]);
	assert_merged(&p, TRACKING, 1);
	assert_prints(&p.r, "2\n", "git rev-list --count " MV_NOTES_REF);
	assert_lines(&p, MV_NOTES_REF, 1, "more");
	assert_appended(&p, 1, "ours");
	assert_merged(&p, TRACKING, 0);
	repo_drop(&p.r);
}

static void test_meta_ledger__merge_unites_line_by_line(void **state)
{
	struct place p;

	(void)state;
	place_new(&p);
	assert_appended(&p, 0, "base");
	assert_appended(&p, 4, "quiet");
	run(&p.r, "git update-ref " TRACKING " " MV_NOTES_REF "; "
	    "git notes --ref=model-remotes/origin append -m theirs %s; "
	    "git notes --ref=model-remotes/origin add -m 'only theirs' %s",
	    p.blob[0], p.blob[1]);
	assert_appended(&p, 0, "ours");
	assert_appended(&p, 2, "only ours");
	assert_merged(&p, TRACKING, 1);
	assert_lines(&p, MV_NOTES_REF, 0, "base|ours|theirs");
	assert_lines(&p, MV_NOTES_REF, 1, "only theirs");
	assert_lines(&p, MV_NOTES_REF, 2, "only ours");
	assert_lines(&p, MV_NOTES_REF, 4, "quiet");
	/* Both are its parents, ours first. */
	assert_prints(&p.r, "", "git merge-base --is-ancestor " TRACKING " "
		      MV_NOTES_REF "^2");
	assert_prints(&p.r, "only ours\n", "git notes --ref=model show %s",
		      p.blob[2]);
	assert_prints(&p.r, "base\nours\ntheirs\n",
		      "git notes --ref=model show %s", p.blob[0]);
	assert_merged(&p, TRACKING, 0);
	repo_drop(&p.r);
}

/* Their history comes after ours, but they took a line and a note away. */
static void test_meta_ledger__merge_never_drops_a_line_of_ours(void **state)
{
	struct place p;

	(void)state;
	place_new(&p);
	assert_appended(&p, 0, "one");
	assert_appended(&p, 0, "two");
	assert_appended(&p, 1, "three");
	run(&p.r, "git update-ref " TRACKING " " MV_NOTES_REF "; "
	    "git notes --ref=model-remotes/origin add -f -m two %s; "
	    "git notes --ref=model-remotes/origin remove %s 2>&1; "
	    "git notes --ref=model-remotes/origin add -m new %s", p.blob[0],
	    p.blob[1], p.blob[2]);
	assert_merged(&p, TRACKING, 1);
	assert_lines(&p, MV_NOTES_REF, 0, "one|two");
	assert_lines(&p, MV_NOTES_REF, 1, "three");
	assert_lines(&p, MV_NOTES_REF, 2, "new");
	assert_prints(&p.r, "", "git merge-base --is-ancestor " TRACKING " "
		      MV_NOTES_REF);
	repo_drop(&p.r);
}

static void test_meta_ledger__two_clones_end_up_alike(void **state)
{
	struct place a, b;

	(void)state;
	place_new(&a);
	b = a;
	b.r.git = NULL;
	snprintf(b.r.dir, sizeof(b.r.dir), "%s/b", a.r.root);
	snprintf(b.lock, sizeof(b.lock), "%s/.git/notes.lock", b.r.dir);
	run(&a.r, "cp -R . ../b");
	repo_open(&b.r, b.r.dir);
	assert_appended(&a, 0, "a0");
	assert_appended(&a, 1, "both");
	assert_appended(&a, 2, "a2");
	assert_appended(&b, 0, "b0");
	assert_appended(&b, 1, "both");
	assert_appended(&b, 3, "b3");
	run(&a.r, "git fetch -q ../b " MV_NOTES_REF ":" TRACKING);
	run(&b.r, "git fetch -q ../r " MV_NOTES_REF ":" TRACKING);
	assert_merged(&a, TRACKING, 1);
	assert_merged(&b, TRACKING, 1);
	assert_prints(&a.r, "", "test $(git rev-parse " MV_NOTES_REF "^{tree})"
		      " = $(git -C ../b rev-parse " MV_NOTES_REF "^{tree})");
	assert_lines(&b, MV_NOTES_REF, 0, "a0|b0");
	assert_lines(&b, MV_NOTES_REF, 1, "both");
	assert_lines(&b, MV_NOTES_REF, 2, "a2");
	assert_lines(&b, MV_NOTES_REF, 3, "b3");
	/* What one of them publishes, the other one needs only follow. */
	run(&b.r, "git fetch -q ../r +" MV_NOTES_REF ":" TRACKING);
	assert_merged(&b, TRACKING, 1);
	run(&a.r, "git fetch -q ../b +" MV_NOTES_REF ":" TRACKING);
	assert_merged(&a, TRACKING, 1);
	assert_prints(&a.r, "", "test $(git rev-parse " MV_NOTES_REF ")"
		      " = $(git -C ../b rev-parse " MV_NOTES_REF ")");
	mv_git_close(b.r.git);
	repo_drop(&a.r);
}

/* Many notes stand in folders, few do not: the same note at other paths. */
static void test_meta_ledger__merge_across_depths_of_folders(void **state)
{
	struct place p;

	(void)state;
	place_new(&p);
	assert_appended(&p, 0, "base");
	assert_appended(&p, 1, "ours");
	run(&p.r, "(echo commit " TRACKING "; echo 'committer A <a@b> 1 +0000';"
	    "echo 'data 0'; echo from " MV_NOTES_REF "~1; echo deleteall;"
	    "printf 'M 100644 inline %.2s/%s\ndata 5\nbase\n\n';"
	    "printf 'M 100644 inline %.2s/%.2s/%s\ndata 7\ntheirs\n\n';"
	    "printf 'M 100644 inline %.2s/%s\ndata 4\nnew\n\n') | "
	    "git fast-import --quiet", p.blob[0], p.blob[0] + 2, p.blob[1],
	    p.blob[1] + 2, p.blob[1] + 4, p.blob[2], p.blob[2] + 2);
	assert_merged(&p, TRACKING, 1);
	assert_lines(&p, MV_NOTES_REF, 0, "base");
	assert_lines(&p, MV_NOTES_REF, 1, "ours|theirs");
	assert_lines(&p, MV_NOTES_REF, 2, "new");
	/* What was the same is not written again. */
	assert_prints(&p.r, "2\n", "git diff --name-only " MV_NOTES_REF
		      "^ " MV_NOTES_REF " | wc -l");
	assert_merged(&p, TRACKING, 0);
	repo_drop(&p.r);
}

/* Not even where it loses nothing that was a note. */
static void test_meta_ledger__merge_takes_only_notes(void **state)
{
	struct place p;

	(void)state;
	place_new(&p);
	assert_appended(&p, 0, "base");
	run(&p.r, "git rev-parse " MV_NOTES_REF " >.git/was; (echo commit "
	    TRACKING "; echo 'committer A <a@b> 1 +0000';"
	    "echo 'data 0'; echo from " MV_NOTES_REF "^0;"
	    "printf 'M 100644 inline xyz/%s\ndata 4\nodd\n\n') | "
	    "git fast-import --quiet", p.blob[3] + 2);
	assert_int_equal(mv_ledger_merge(p.r.git, p.lock, TRACKING, NULL,
					 PATIENCE, &p.r.err), MV_ECORRUPT);
	assert_non_null(strstr(p.r.err.msg, "xyz"));
	assert_prints(&p.r, "", "git rev-parse " MV_NOTES_REF
		      " | diff - .git/was");
	repo_drop(&p.r);
}

static void test_meta_ledger__merge_of_equal_notes_joins_histories(
	void **state)
{
	struct place p;

	(void)state;
	place_new(&p);
	assert_appended(&p, 0, "same");
	run(&p.r, "git notes --ref=model-remotes/origin add -m same %s",
	    p.blob[0]);
	assert_merged(&p, TRACKING, 1);
	assert_prints(&p.r, "", "git merge-base --is-ancestor " TRACKING " "
		      MV_NOTES_REF);
	assert_lines(&p, MV_NOTES_REF, 0, "same");
	repo_drop(&p.r);
}

static void test_meta_ledger__sha256_repositories_too(void **state)
{
	struct place p;
	char *hex;

	(void)state;
	place_new(&p);
	run(&p.r, "rm -rf .git; git init -q --object-format=sha256 .");
	hex = sh(&p.r, "echo x | git hash-object -w --stdin");
	memcpy(p.blob[0], hex, 64);
	p.blob[0][64] = '\0';
	free(hex);
	repo_open(&p.r, NULL);
	assert_appended(&p, 0, "ours");
	run(&p.r, "git notes --ref=model-remotes/origin add -m theirs %s",
	    p.blob[0]);
	assert_merged(&p, TRACKING, 1);
	assert_lines(&p, MV_NOTES_REF, 0, "ours|theirs");
	repo_drop(&p.r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meta_ledger__lines_are_a_set_of_bytes),
		cmocka_unit_test(test_meta_ledger__a_union_too_large_is_none),
		cmocka_unit_test(test_meta_ledger__lines_that_are_missing),
		cmocka_unit_test(test_meta_ledger__lines_that_are_there),
		cmocka_unit_test(test_meta_ledger__what_is_appended_is_read),
		cmocka_unit_test(test_meta_ledger__a_batch_is_one_commit),
		cmocka_unit_test(test_meta_ledger__a_line_that_is_there_changes_nothing),
		cmocka_unit_test(test_meta_ledger__foreign_lines_survive_as_bytes),
		cmocka_unit_test(test_meta_ledger__objects_must_exist),
		cmocka_unit_test(test_meta_ledger__requests_that_make_no_sense),
		cmocka_unit_test(test_meta_ledger__ten_thousand_lines_and_no_more),
		cmocka_unit_test(test_meta_ledger__an_oversized_note_is_named),
		cmocka_unit_test(test_meta_ledger__a_note_full_of_records),
		cmocka_unit_test(test_meta_ledger__thirty_two_writers_lose_nothing),
		cmocka_unit_test(test_meta_ledger__without_a_common_lock_neither),
		cmocka_unit_test(test_meta_ledger__waits_for_its_turn_no_longer_than_told),
		cmocka_unit_test(test_meta_ledger__merge_with_nothing_is_a_fast_forward),
		cmocka_unit_test(test_meta_ledger__merge_unites_line_by_line),
		cmocka_unit_test(test_meta_ledger__merge_never_drops_a_line_of_ours),
		cmocka_unit_test(test_meta_ledger__two_clones_end_up_alike),
		cmocka_unit_test(test_meta_ledger__merge_across_depths_of_folders),
		cmocka_unit_test(test_meta_ledger__merge_takes_only_notes),
		cmocka_unit_test(test_meta_ledger__merge_of_equal_notes_joins_histories),
		cmocka_unit_test(test_meta_ledger__sha256_repositories_too),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
