/* SPDX-License-Identifier: MIT */
#include "libmv/git/files.h"
#include "libmv/git/git.h"
#include "libmv/git/notes.h"
#include "libmv/git/refs.h"
#include "tests/unit/pace.h"
#include "tests/unit/u-git-help.h"

#include <sys/wait.h>

#define REF "refs/notes/model"

/* What git itself says of a note, one way or the other. */
#define GIT_NOTE "git notes --ref=model show "

static void name_of(struct repo *r, char *hex, const char *text)
{
	assert_int_equal(mv_git_blob_name(r->git, hex, text, strlen(text),
					  &r->err), 0);
}

/* Where the ref is now; "" when it is not there. */
static void tip_of(struct repo *r, char *hex)
{
	int rc = mv_git_ref_get(hex, r->git, REF, &r->err);

	assert_true(!rc || rc == MV_ENOENT);
	if (rc)
		*hex = '\0';
}

static int write_one(struct repo *r, const char *object, const char *text)
{
	struct mv_git_note note = { object, text, strlen(text) };
	char tip[65];

	tip_of(r, tip);
	return mv_git_notes_write(r->git, REF, tip, NULL, &note, 1, "test",
				  &r->err);
}

static int add_note(void *payload, size_t i, const char *object,
		    const void *data, size_t len, struct mv_err *err)
{
	(void)err;
	assert_true(strlen(object) == 40 || strlen(object) == 64);
	assert_true(data || !len);
	if (data)
		assert_int_equal(((const char *)data)[len], '\0');
	return mv_buf_addf(payload, "%zu=%.*s;", i, data ? (int)len : 1,
			   data ? (const char *)data : "-");
}

static int read_notes(struct repo *r, const char *ref, size_t max_len,
		      const char *const *objects, size_t count,
		      struct mv_buf *out)
{
	mv_buf_init(out, 1 << 20);
	return mv_git_notes_read(r->git, ref, objects, count, max_len,
				 add_note, out, &r->err);
}

static void assert_notes(struct repo *r, const char *const *objects,
			 size_t count, const char *expected)
{
	struct mv_buf out;
	int rc = read_notes(r, REF, 1 << 20, objects, count, &out);

	if (rc)
		fail_msg("%s", r->err.msg);
	assert_string_equal(out.data, expected);
	mv_buf_release(&out);
}

static int add_each(void *payload, const char *object, const char *blob,
		    struct mv_err *err)
{
	(void)err;
	return mv_buf_addf(payload, "%s %s\n", blob, object);
}

/* Ours, in the order of names, are what `git notes list` says. */
static void assert_list(struct repo *r)
{
	struct mv_buf out;
	char *list = sh(r, "git notes --ref=model list | sort -k 2");

	mv_buf_init(&out, 8 << 20);
	assert_int_equal(mv_git_notes_each(r->git, REF, add_each, &out,
					   &r->err), 0);
	assert_string_equal(out.data, list);
	mv_buf_release(&out);
	free(list);
}

static void check_roundtrip(const char *init)
{
	char a[65], b[65], c[65];
	const char *const all[] = { c, a, b, a };
	struct mv_git_note two[2];
	struct repo r;
	char tip[65];

	repo_new(&r, init);
	repo_open(&r, NULL);
	name_of(&r, a, "a");
	name_of(&r, b, "b");
	name_of(&r, c, "c");
	assert_notes(&r, all, 4, "0=-;1=-;2=-;3=-;");
	assert_notes(&r, all, 0, "");
	assert_int_equal(write_one(&r, a, "first\n"), 0);
	assert_notes(&r, all, 4, "0=-;1=first\n;2=-;3=first\n;");
	assert_prints(&r, "first\n", GIT_NOTE "%s", a);
	two[0] = (struct mv_git_note){ b, "B", 1 };
	two[1] = (struct mv_git_note){ a, "A\nA\n", 4 };
	tip_of(&r, tip);
	assert_int_equal(mv_git_notes_write(r.git, REF, tip, NULL, two, 2,
					    "two at once", &r.err), 0);
	assert_notes(&r, all, 4, "0=-;1=A\nA\n;2=B;3=A\nA\n;");
	assert_prints(&r, "2\ntwo at once\nC c@example.org 1700000000\n",
		      "git rev-list --count " REF "; git log -1 "
		      "--format='%%s%%n%%cn %%ce %%ct' " REF);
	assert_list(&r);
	assert_prints(&r, REF "\n", "git for-each-ref --format='%%(refname)'");
	run(&r, "git fsck --strict");
	repo_drop(&r);
}

static void test_git_notes__what_is_written_is_read(void **state)
{
	(void)state;
	check_roundtrip("");
	check_roundtrip("--object-format=sha256");
	check_roundtrip("--bare");
}

static void test_git_notes__git_notes_are_ours(void **state)
{
	char a[65];
	const char *const all[] = { a };
	struct repo r;

	(void)state;
	repo_new(&r, "");
	repo_open(&r, NULL);
	name_of(&r, a, "a");
	run(&r, "printf a | git hash-object -w --stdin;"
	    "git notes --ref=model add -m one %s", a);
	assert_notes(&r, all, 1, "0=one\n;");
	assert_int_equal(write_one(&r, a, "two\n"), 0);
	run(&r, "git notes --ref=model append -m three %s", a);
	assert_notes(&r, all, 1, "0=two\n\nthree\n;");
	repo_drop(&r);
}

/* -- a ref that has moved ------------------------------------------------- */

static void test_git_notes__a_moved_ref_is_not_overwritten(void **state)
{
	struct mv_git_note note = { NULL, "x", 1 };
	char a[65], first[65], second[65], now[65];
	struct repo r;

	(void)state;
	repo_new(&r, "");
	repo_open(&r, NULL);
	name_of(&r, a, "a");
	note.object = a;
	assert_int_equal(write_one(&r, a, "1"), 0);
	tip_of(&r, first);
	/* It is there, and should not be. */
	assert_int_equal(mv_git_notes_write(r.git, REF, "", NULL, &note, 1,
					    "m", &r.err), MV_EEXISTS);
	assert_int_equal(write_one(&r, a, "2"), 0);
	tip_of(&r, second);
	assert_int_equal(mv_git_notes_write(r.git, REF, first, NULL, &note, 1,
					    "m", &r.err), MV_EEXISTS);
	/* Moved back: a child of `second` would bring it all again. */
	run(&r, "git update-ref " REF " %s", first);
	assert_int_equal(mv_git_notes_write(r.git, REF, second, NULL, &note, 1,
					    "m", &r.err), MV_EEXISTS);
	run(&r, "git update-ref -d " REF);
	assert_int_equal(mv_git_notes_write(r.git, REF, first, NULL, &note, 1,
					    "m", &r.err), MV_EEXISTS);
	tip_of(&r, now);
	assert_string_equal(now, "");
	assert_int_equal(mv_git_notes_write(r.git, REF, "", NULL, &note, 1,
					    "m", &r.err), 0);
	repo_drop(&r);
}

/* The same, when it moves between the first look and the last step. */
static void test_git_notes__the_last_step_compares(void **state)
{
	char a[65], tip[65];
	char old[65], new[65];
	struct repo r;

	(void)state;
	repo_new(&r, "");
	repo_open(&r, NULL);
	name_of(&r, a, "a");
	assert_int_equal(write_one(&r, a, "1"), 0);
	tip_of(&r, old);
	assert_int_equal(write_one(&r, a, "2"), 0);
	tip_of(&r, new);
	assert_int_equal(mv_git_ref_set(r.git, REF, old, old, "why", &r.err),
			 MV_EEXISTS);
	assert_int_equal(mv_git_ref_set(r.git, REF, new, "", "why", &r.err),
			 MV_EEXISTS);
	assert_int_equal(mv_git_ref_set(r.git, REF, "", old, "why", &r.err),
			 MV_EEXISTS);
	tip_of(&r, tip);
	assert_string_equal(tip, new);
	assert_int_equal(mv_git_ref_set(r.git, REF, old, new, "why", &r.err),
			 0);
	tip_of(&r, tip);
	assert_string_equal(tip, old);
	assert_prints(&r, "why\n", "git log -g -1 --format=%%gs " REF);
	assert_int_equal(mv_git_ref_set(r.git, REF, "", old, "", &r.err), 0);
	tip_of(&r, tip);
	assert_string_equal(tip, "");
	assert_int_equal(mv_git_ref_set(r.git, REF, new, "", "", &r.err), 0);
	tip_of(&r, tip);
	assert_string_equal(tip, new);
	repo_drop(&r);
}

static void test_git_notes__a_locked_ref_is_told(void **state)
{
	char a[65], tip[65];
	struct repo r;

	(void)state;
	repo_new(&r, "");
	repo_open(&r, NULL);
	name_of(&r, a, "a");
	assert_int_equal(write_one(&r, a, "1"), 0);
	tip_of(&r, tip);
	run(&r, "git config core.filesRefLockTimeout 1;"
	    ": >.git/" REF ".lock");
	assert_int_equal(write_one(&r, a, "2"), MV_EBUSY);
	assert_non_null(strstr(r.err.msg, ".lock"));
	run(&r, "rm .git/" REF ".lock");
	assert_int_equal(write_one(&r, a, "2"), 0);
	assert_prints(&r, "2", GIT_NOTE "%s", a);
	repo_drop(&r);
}

/* -- many at once --------------------------------------------------------- */

#define WRITERS (MV_PACE > 1 ? 8 : 32)	/* git does most of it */

/* A writer appends its line, and again when somebody was faster. */
static int writer(struct repo *r, const char *object, int me)
{
	struct mv_buf out;
	char text[4096];
	int rc = MV_EEXISTS;

	r->git = NULL;
	repo_open(r, NULL);
	for (int i = 0; i < 500 && (rc == MV_EEXISTS || rc == MV_EBUSY); i++) {
		struct mv_git_note note = { object, text, 0 };
		char tip[65];

		tip_of(r, tip);
		rc = read_notes(r, *tip ? tip : REF, 4000, &object, 1, &out);
		/* "0=<text>;" or "0=-;" */
		if (!rc) {
			snprintf(text, sizeof(text), "%.*s%d\n",
				 out.data[2] == '-' ? 0 : (int)out.len - 3,
				 out.data + 2, me);
			note.len = strlen(text);
			rc = mv_git_notes_write(r->git, REF, tip, NULL, &note,
						1, "w", &r->err);
		}
		mv_buf_release(&out);
	}
	mv_git_close(r->git);
	return rc;
}

static void test_git_notes__writers_lose_nothing(void **state)
{
	pid_t child[WRITERS];
	char a[65];
	struct repo r;
	char *n;

	(void)state;
	repo_new(&r, "");
	repo_open(&r, NULL);
	name_of(&r, a, "a");
	for (int i = 0; i < WRITERS; i++) {
		child[i] = fork();
		if (!child[i])
			_exit(writer(&r, a, i) ? 1 : 0);
	}
	for (int i = 0; i < WRITERS; i++) {
		int status = -1;

		assert_int_equal(waitpid(child[i], &status, 0), child[i]);
		assert_int_equal(status, 0);
	}
	n = sh(&r, "seq 0 %d", WRITERS - 1);
	assert_prints(&r, n, GIT_NOTE "%s | sort -n", a);
	free(n);
	n = sh(&r, "echo %d", WRITERS);
	assert_prints(&r, n, "git rev-list --count " REF);
	free(n);
	repo_drop(&r);
}

/* -- fan-out -------------------------------------------------------------- */

struct many {
	struct mv_git_note *note;
	char (*hex)[65];
	size_t count;
};

/* Object i is the blob "<from + i>", and its note says "note <from + i>". */
static void many_new(struct many *m, struct repo *r, size_t from, size_t count)
{
	m->note = calloc(count, sizeof(*m->note));
	m->hex = calloc(count, sizeof(*m->hex));
	m->count = count;
	for (size_t i = 0; i < count; i++) {
		char *text = mv_strf("note %zu\n", from + i);
		char name[32];

		snprintf(name, sizeof(name), "%zu", from + i);
		name_of(r, m->hex[i], name);
		m->note[i] = (struct mv_git_note){ m->hex[i], text,
						   strlen(text) };
	}
}

static void many_free(struct many *m)
{
	for (size_t i = 0; i < m->count; i++)
		free((char *)(uintptr_t)m->note[i].data);
	free(m->note);
	free(m->hex);
}

static void write_many(struct repo *r, size_t from, size_t count)
{
	struct many m;
	char tip[65];

	many_new(&m, r, from, count);
	tip_of(r, tip);
	assert_int_equal(mv_git_notes_write(r->git, REF, tip, NULL, m.note,
					    count, "many", &r->err), 0);
	many_free(&m);
}

static int check_text(void *payload, size_t i, const char *object,
		      const void *data, size_t len, struct mv_err *err)
{
	const struct many *m = payload;

	(void)err;
	assert_string_equal(object, m->hex[i]);
	assert_int_equal(len, m->note[i].len);
	assert_memory_equal(data, m->note[i].data, len);
	return 0;
}

static void assert_many(struct repo *r, size_t from, size_t count)
{
	const char **object = calloc(count, sizeof(*object));
	struct many m;

	many_new(&m, r, from, count);
	for (size_t i = 0; i < count; i++)
		object[i] = m.hex[i];
	assert_int_equal(mv_git_notes_read(r->git, REF, object, count, 100,
					   check_text, &m, &r->err), 0);
	many_free(&m);
	free(object);
}

/* Paths by their number of folders, "<depth>:<count> ..." */
static void assert_depths(struct repo *r, const char *expected)
{
	assert_prints(r, expected, "git ls-tree -r --name-only " REF " |"
		      "tr -cd '/\\n' | sort | uniq -c |"
		      "awk '{ printf \"%%d:%%d \", length($2), $1 }'");
}

static void check_fan(const char *init)
{
	struct repo r;

	repo_new(&r, init);
	repo_open(&r, NULL);
	write_many(&r, 0, 200);
	assert_depths(&r, "0:200 ");
	/* Too many for a flat tree: the new ones stand in folders. */
	write_many(&r, 200, 100);
	assert_depths(&r, "0:200 1:100 ");
	/* The old ones keep their place when they are rewritten. */
	write_many(&r, 100, 300);
	assert_depths(&r, "0:200 1:200 ");
	assert_many(&r, 0, 400);
	assert_list(&r);
	/* From nothing. */
	run(&r, "git update-ref -d " REF);
	write_many(&r, 0, 300);
	assert_depths(&r, "1:300 ");
	write_many(&r, 300, 1);
	assert_depths(&r, "1:301 ");
	assert_list(&r);
	repo_drop(&r);
}

static void test_git_notes__fan_out(void **state)
{
	(void)state;
	check_fan("");
	check_fan("--object-format=sha256");
}

/* Where git has made folders, new notes go as deep; git reads it all. */
static void test_git_notes__gits_fan_out_is_kept(void **state)
{
	struct repo r;

	(void)state;
	repo_new(&r, "");
	repo_open(&r, NULL);
	run(&r, "{ echo 'blob\nmark :1\ndata 2\nx\n';"
	    "echo 'commit " REF "\ncommitter A <a> 1 +0000\ndata 1\nm';"
	    "awk 'BEGIN { for (i = 0; i < 1200; i++) printf "
	    "\"M 100644 :1 %%02x/%%02x/%%036x\\n\", i %% 256, i * 7 %% 256,"
	    "i }'; } | git fast-import --quiet");
	assert_depths(&r, "2:1200 ");
	write_many(&r, 0, 50);
	assert_depths(&r, "2:1250 ");
	assert_prints(&r, "50\n", "git notes --ref=model list |"
		      "cut -d ' ' -f 1 | git cat-file --batch |"
		      "grep -c ^note");
	assert_many(&r, 0, 50);
	assert_list(&r);
	repo_drop(&r);
}

/* -- strange trees -------------------------------------------------------- */

#define COMMIT_TREE "git update-ref " REF " $(git commit-tree -m x $T)"

static void test_git_notes__several_depths_are_one_text(void **state)
{
	char a[65], b[65];
	const char *const all[] = { a, b };
	struct repo r;

	(void)state;
	repo_new(&r, "");
	repo_open(&r, NULL);
	name_of(&r, a, "a");
	name_of(&r, b, "b");
	run(&r, "one=$(printf one | git hash-object -w --stdin);"
	    "two=$(printf 'two\\n' | git hash-object -w --stdin);"
	    "tre=$(printf three | git hash-object -w --stdin); A=%s;"
	    "{ echo \"100644 blob $one\t$A\";"
	    "echo \"100644 blob $two\t$(echo $A | sed 's,^..,&/,')\";"
	    "echo \"100644 blob $tre\t$(echo $A | sed 's,^..,&/,;"
	    "s,/..,&/,')\"; } |"
	    "git update-index --add --index-info; T=$(git write-tree);"
	    COMMIT_TREE, a);
	assert_notes(&r, all, 2, "0=one\ntwo\nthree;1=-;");
	assert_int_equal(mv_git_notes_check(r.git, REF, 9, &r.err),
			 MV_ECORRUPT);
	assert_non_null(strstr(r.err.msg, "two notes"));
	/* Written, it stands once. */
	assert_int_equal(write_one(&r, a, "new"), 0);
	assert_notes(&r, all, 2, "0=new;1=-;");
	assert_depths(&r, "0:1 ");
	assert_int_equal(mv_git_notes_check(r.git, REF, 9, &r.err), 0);
	assert_int_equal(write_one(&r, b, "B"), 0);
	assert_notes(&r, all, 2, "0=new;1=B;");
	repo_drop(&r);
}

/* Put the note of `a` somewhere else, by a command that knows $A and $B. */
static void misplace(struct repo *r, const char *a, const char *lines)
{
	run(r, "A=%s; B=$(printf note | git hash-object -w --stdin);"
	    "T=$({ %s; } | git mktree --missing); " COMMIT_TREE, a, lines);
}

static int saw_entry(void *payload, const char *path, const char *object,
		     const char *blob, int proper, struct mv_err *err)
{
	struct mv_buf *out = payload;

	(void)path;
	(void)blob;
	return mv_buf_addf(out, "%.4s%s ", object, proper ? "!" : "?") ?
		mv_nomem(err) : 0;
}

/*
 * Nothing but notes: readers say so, a server that asks for all of it does,
 * and who mends sees what is there.
 */
static void test_git_notes__anything_else_is_refused(void **state)
{
	static const char *const odd[] = {
		/* <3 digits>/<37 digits>: git keeps it, nobody reads it */
		"printf '040000 tree %s\\t%s\\n' $(printf "
		"'100644 blob %s\\t%s\\n' $B ${A#???} | git mktree) "
		"$(echo $A | cut -c 1-3)",
		"printf '100644 blob %s\\tREADME\\n' $B",
		"printf '120000 blob %s\\t%s\\n' $B $A",
		"printf '160000 commit %s\\t%s\\n' $A $A",
		"printf '100644 blob %s\\t%s\\n' $B $(echo $A | tr a-f A-F)A",
		"printf '100644 blob %s\\t%s\\n' $B $(echo $A | cut -c 1-2)",
		"printf '040000 tree %s\\t%s\\n' $(git mktree </dev/null) zz",
	};
	char a[65], b[65];
	const char *const all[] = { a, b };
	struct mv_buf out;
	struct repo r;

	(void)state;
	repo_new(&r, "");
	repo_open(&r, NULL);
	name_of(&r, a, "a");
	name_of(&r, b, "b");
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		misplace(&r, a, odd[i]);
		assert_int_equal(read_notes(&r, REF, 99, all, 2, &out),
				 MV_ECORRUPT);
		assert_non_null(strstr(r.err.msg, "is no note"));
		assert_non_null(strstr(r.err.msg, "fsck --repair"));
		mv_buf_release(&out);
		mv_buf_init(&out, 4096);
		assert_int_equal(mv_git_notes_each(r.git, REF, add_each, &out,
						   &r.err), MV_ECORRUPT);
		mv_buf_release(&out);
		assert_int_equal(write_one(&r, b, "x"), MV_ECORRUPT);
		assert_int_equal(mv_git_notes_check(r.git, REF, 99, &r.err),
				 MV_ECORRUPT);
		mv_buf_init(&out, 4096);
		assert_int_equal(mv_git_notes_entries(r.git, REF, saw_entry,
						      &out, &r.err), 0);
		assert_null(strchr(out.data, '!'));
		mv_buf_release(&out);
	}
	/* Below a folder, too, where only its own objects are in doubt. */
	misplace(&r, a, "printf '040000 tree %s\\t%s\\n' $(printf "
		 "'100644 blob %s\\t%s\\n' $B x${A#???} | git mktree) "
		 "$(echo $A | cut -c 1-2)");
	assert_int_equal(read_notes(&r, REF, 99, all, 1, &out), MV_ECORRUPT);
	mv_buf_release(&out);
	mv_buf_init(&out, 4096);
	assert_int_equal(mv_git_notes_each(r.git, REF, add_each, &out,
					   &r.err), MV_ECORRUPT);
	mv_buf_release(&out);
	repo_drop(&r);
}

static void test_git_notes__check_bounds_sizes_and_sharing(void **state)
{
	char a[65];
	struct repo r;

	(void)state;
	repo_new(&r, "");
	repo_open(&r, NULL);
	name_of(&r, a, "a");
	assert_int_equal(write_one(&r, a, "12345"), 0);
	assert_int_equal(mv_git_notes_check(r.git, REF, 5, &r.err), 0);
	assert_int_equal(mv_git_notes_check(r.git, REF, 4, &r.err),
			 MV_ECORRUPT);
	assert_non_null(strstr(r.err.msg, "more than 4 bytes"));
	/* Four trees that would list 256 * 256 * 256 notes. */
	run(&r, "L=$(printf '100644 blob %%s\t' $(printf x | git hash-object "
	    "-w --stdin); printf '%%034d\n' 0); T=$(echo \"$L\" | git mktree);"
	    "for l in 1 2 3; do T=$(i=0; while test $i -lt 256; do "
	    "printf '040000 tree %%s\t%%02x\n' $T $i; i=$((i + 1)); done |"
	    "git mktree); done; " COMMIT_TREE);
	assert_int_equal(mv_git_notes_check(r.git, REF, 5, &r.err),
			 MV_ECORRUPT);
	assert_non_null(strstr(r.err.msg, "stands somewhere else"));
	repo_drop(&r);
}

static void test_git_notes__check_names_a_note_that_is_not_here(void **state)
{
	char a[65], b[65];
	struct repo r;

	(void)state;
	repo_new(&r, "");
	repo_open(&r, NULL);
	name_of(&r, a, "a");
	assert_int_equal(write_one(&r, a, "12345"), 0);
	run(&r, "B=$(printf 12345 | git hash-object --stdin); rm -f "
	    ".git/objects/$(echo $B | cut -c1-2)/$(echo $B | cut -c3-)");
	repo_open(&r, NULL);
	assert_int_equal(mv_git_notes_check(r.git, REF, 9, &r.err), MV_EIO);
	name_of(&r, b, "12345");
	if (!strstr(r.err.msg, a + 2) || !strstr(r.err.msg, b) ||
	    !strstr(r.err.msg, "git cat-file"))
		fail_msg("%s", r.err.msg);
	repo_drop(&r);
}

static void test_git_notes__a_failed_import_leaves_no_report(void **state)
{
	static const char none[] = "1111111111111111111111111111111111111111";
	struct mv_git_note note = { NULL, "x", 1 };
	char a[65], tip[65];
	struct repo r;

	(void)state;
	repo_new(&r, "");
	repo_open(&r, NULL);
	name_of(&r, a, "a");
	note.object = a;
	assert_int_equal(write_one(&r, a, "12345"), 0);
	tip_of(&r, tip);
	assert_int_equal(mv_git_notes_write(r.git, REF, tip, none, &note, 1,
					    "test", &r.err), MV_EIO);
	assert_non_null(strstr(r.err.msg, "fast_import_crash_"));
	run(&r, "! ls .git | grep fast_import");
	tip_of(&r, a);
	assert_string_equal(a, tip);
	repo_drop(&r);
}

static void test_git_notes__bounds_and_bad_names(void **state)
{
	char a[65];
	const char *const all[] = { a };
	const char *const bad[] = { "HEAD", "" };
	struct mv_git_note note = { "HEAD", "x", 1 };
	struct mv_buf out;
	struct repo r;

	(void)state;
	repo_new(&r, "");
	repo_open(&r, NULL);
	name_of(&r, a, "a");
	assert_int_equal(write_one(&r, a, "12345"), 0);
	assert_int_equal(read_notes(&r, REF, 5, all, 1, &out), 0);
	mv_buf_release(&out);
	assert_int_equal(read_notes(&r, REF, 4, all, 1, &out), MV_ENOMEM);
	assert_non_null(strstr(r.err.msg, a));
	mv_buf_release(&out);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(read_notes(&r, REF, 9, &bad[i], 1, &out),
				 MV_EINVALID);
		mv_buf_release(&out);
	}
	assert_int_equal(mv_git_notes_write(r.git, REF, "", NULL, &note, 1,
					    "m", &r.err), MV_EINVALID);
	note.object = a;
	assert_int_equal(mv_git_notes_write(r.git, "refs/notes/a\nreset x",
					    "", NULL, &note, 1, "m", &r.err),
			 MV_EINVALID);
	assert_int_equal(mv_git_notes_write(r.git, "refs/notes/x", "HEAD",
					    NULL, &note, 1, "m", &r.err),
			 MV_EINVALID);
	/* Several parts that only together are too long. */
	run(&r, "git rm -q --cached . -r --ignore-unmatch;"
	    "b=$(printf 123 | git hash-object -w --stdin); A=%s;"
	    "{ echo \"100644 blob $b\t$A\"; echo \"100644 blob $b\t"
	    "$(echo $A | sed 's,^..,&/,')\"; } |"
	    "git update-index --add --index-info; T=$(git write-tree);"
	    COMMIT_TREE, a);
	assert_int_equal(read_notes(&r, REF, 7, all, 1, &out), 0);
	assert_string_equal(out.data, "0=123\n123;");
	mv_buf_release(&out);
	assert_int_equal(read_notes(&r, REF, 6, all, 1, &out), MV_ENOMEM);
	mv_buf_release(&out);
	repo_drop(&r);
}

/* Contents and messages are never commands. */
static void test_git_notes__nothing_is_a_command(void **state)
{
	static const char text[] = "x\ndone\nreset refs/heads/evil\n\0y";
	char a[65];
	const char *const all[] = { a };
	struct mv_git_note note = { a, text, sizeof(text) };
	struct mv_buf out;
	struct repo r;

	(void)state;
	repo_new(&r, "");
	repo_open(&r, NULL);
	name_of(&r, a, "a");
	assert_int_equal(mv_git_notes_write(r.git, REF, "", NULL, &note, 1,
					    "m\nfrom x\n\nreset y\n", &r.err),
			 0);
	assert_int_equal(read_notes(&r, REF, 100, all, 1, &out), 0);
	mv_buf_release(&out);
	assert_prints(&r, "m\nfrom x\n\nreset y\n\n",
		      "git log -1 --format=%%B " REF);
	assert_prints(&r, "32\n", GIT_NOTE "%s | wc -c", a);
	assert_prints(&r, REF "\n", "git for-each-ref --format='%%(refname)'");
	repo_drop(&r);
}

/* -- merging -------------------------------------------------------------- */

static void test_git_notes__a_second_parent(void **state)
{
	struct mv_git_note note = { NULL, "both", 4 };
	char a[65], b[65], other[65], tip[65];
	const char *const all[] = { a, b };
	struct repo r;

	(void)state;
	repo_new(&r, "");
	repo_open(&r, NULL);
	name_of(&r, a, "a");
	name_of(&r, b, "b");
	note.object = b;
	assert_int_equal(write_one(&r, a, "theirs"), 0);
	tip_of(&r, other);
	run(&r, "git update-ref -d " REF);
	/* Only theirs: the tree still is what we said. */
	assert_int_equal(mv_git_notes_write(r.git, REF, "", other, &note, 1,
					    "m", &r.err), 0);
	assert_notes(&r, all, 2, "0=-;1=both;");
	run(&r, "git update-ref -d " REF);
	assert_int_equal(write_one(&r, a, "ours"), 0);
	tip_of(&r, tip);
	assert_int_equal(mv_git_notes_write(r.git, REF, tip, other, &note, 1,
					    "merge", &r.err), 0);
	assert_notes(&r, all, 2, "0=ours;1=both;");
	snprintf(r.err.msg, sizeof(r.err.msg), "%s %s\n", tip, other);
	{
		char *parents = sh(&r, "git log -1 --format=%%P " REF);

		assert_string_equal(parents, r.err.msg);
		free(parents);
	}
	/* Nothing new at all, but they are one history now. */
	tip_of(&r, tip);
	assert_int_equal(mv_git_notes_write(r.git, REF, tip, other, NULL, 0,
					    "again", &r.err), 0);
	assert_notes(&r, all, 2, "0=ours;1=both;");
	repo_drop(&r);
}

static void test_git_notes__unreadable_is_not_none(void **state)
{
	char a[65];
	const char *const all[] = { a };
	struct mv_buf out;
	struct repo r;

	(void)state;
	repo_new(&r, "");
	repo_open(&r, NULL);
	name_of(&r, a, "a");
	assert_int_equal(write_one(&r, a, "text"), 0);
	run(&r, "rm -f .git/objects/$(printf text | git hash-object --stdin |"
	    "sed 's,^..,&/,')");
	repo_open(&r, NULL);
	assert_int_equal(read_notes(&r, REF, 9, all, 1, &out), MV_ECORRUPT);
	assert_non_null(strstr(r.err.msg, a));
	mv_buf_release(&out);
	run(&r, "git update-ref " REF " $(echo b | git hash-object -w "
	    "--stdin)");
	assert_int_equal(read_notes(&r, REF, 9, all, 1, &out), MV_ECORRUPT);
	mv_buf_release(&out);
	repo_drop(&r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_git_notes__what_is_written_is_read),
		cmocka_unit_test(test_git_notes__git_notes_are_ours),
		cmocka_unit_test(
			test_git_notes__a_moved_ref_is_not_overwritten),
		cmocka_unit_test(test_git_notes__the_last_step_compares),
		cmocka_unit_test(test_git_notes__a_locked_ref_is_told),
		cmocka_unit_test(test_git_notes__writers_lose_nothing),
		cmocka_unit_test(test_git_notes__fan_out),
		cmocka_unit_test(test_git_notes__gits_fan_out_is_kept),
		cmocka_unit_test(test_git_notes__several_depths_are_one_text),
		cmocka_unit_test(test_git_notes__anything_else_is_refused),
		cmocka_unit_test(test_git_notes__a_failed_import_leaves_no_report),
		cmocka_unit_test(test_git_notes__check_names_a_note_that_is_not_here),
		cmocka_unit_test(test_git_notes__check_bounds_sizes_and_sharing),
		cmocka_unit_test(test_git_notes__bounds_and_bad_names),
		cmocka_unit_test(test_git_notes__nothing_is_a_command),
		cmocka_unit_test(test_git_notes__a_second_parent),
		cmocka_unit_test(test_git_notes__unreadable_is_not_none),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
