/* SPDX-License-Identifier: MIT */
#include "libmv/git/git.h"
#include "libmv/git/history.h"
#include "libmv/git/priv.h"
#include "libmv/git/refs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * What differs between two trees, and the history of one path, in git's own
 * raw format with NUL behind each field: ":<modes> <blobs> <status>", then
 * one path, or two of a rename. Paths may hold anything, but their place
 * says what they are. Only regular files are files here, unless somebody
 * asks for the odd ones, too.
 */
#define FIELD_MAX (1 << 20)

struct raw {
	unsigned old_mode, new_mode;
	char old_blob[MV_GIT_HEX_MAX], new_blob[MV_GIT_HEX_MAX];
	char status;
	struct mv_buf path[2];	/* the same one twice but in a rename */
};

static void raw_init(struct raw *r)
{
	memset(r, 0, sizeof(*r));
	mv_buf_init(&r->path[0], FIELD_MAX);
	mv_buf_init(&r->path[1], FIELD_MAX);
}

static void raw_release(struct raw *r)
{
	mv_buf_release(&r->path[0]);
	mv_buf_release(&r->path[1]);
}

static int garbled(const struct mv_git_child *child, struct mv_err *err)
{
	return mv_fail(err, MV_EIO, "cannot understand what git %s says",
		       child->what);
}

static int next_field(struct mv_git_child *child, struct mv_buf *field,
		      struct mv_err *err)
{
	int end = 0;
	int rc;

	mv_buf_clear(field);
	rc = mv_git_child_until(child, '\0', field, &end, err);
	return rc || !end ? rc : garbled(child, err);
}

static int take_mode(unsigned *mode, const char **p)
{
	char *end;

	*mode = (unsigned)strtoul(*p, &end, 8);
	if (end == *p || *end != ' ')
		return -1;
	*p = end + 1;
	return 0;
}

static int take_blob(char *hex, const char **p, size_t hex_len)
{
	if (strspn(*p, "0123456789abcdef") != hex_len || (*p)[hex_len] != ' ')
		return -1;
	memcpy(hex, *p, hex_len);
	hex[hex_len] = '\0';
	*p += hex_len + 1;
	return 0;
}

/* "<modes> <blobs> <status>": of each parent (what is old), then the new. */
static int parse_raw(struct raw *r, const char *p, size_t parents,
		     size_t hex_len)
{
	if (!parents || take_mode(&r->old_mode, &p))
		return -1;
	for (size_t i = 0; i < parents; i++)
		if (take_mode(&r->new_mode, &p))
			return -1;
	if (take_blob(r->old_blob, &p, hex_len))
		return -1;
	for (size_t i = 0; i < parents; i++)
		if (take_blob(r->new_blob, &p, hex_len))
			return -1;
	r->status = *p;
	return *p ? 0 : -1;
}

/*
 * The rest of an entry, of which `head` is the first field. It has a colon
 * for each parent; only those of one parent have a second path.
 */
static int take_raw(struct raw *r, struct mv_git_child *child,
		    const char *head, size_t hex_len, struct mv_err *err)
{
	const size_t parents = strspn(head, ":");
	int rc;

	if (parse_raw(r, head + parents, parents, hex_len))
		return garbled(child, err);
	rc = next_field(child, &r->path[0], err);
	if (rc)
		return rc;
	if (parents == 1 && (r->status == 'R' || r->status == 'C'))
		return next_field(child, &r->path[1], err);
	mv_buf_clear(&r->path[1]);
	return mv_buf_addstr(&r->path[1], r->path[0].data) ? mv_nomem(err) : 0;
}

static int is_file(unsigned mode)
{
	return (mode & 0170000) == 0100000;
}

/* -- two trees ------------------------------------------------------------ */

static int tree_of(char *hex, struct mv_git *git, const char *rev,
		   struct mv_err *err)
{
	static const char *const empty[] = {
		"4b825dc642cb6eb9a060e54bf8d69288fbee4904",
		"6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc"
		"5321"
	};
	char type[8] = "";
	char *spec;
	int rc;

	if (!*rev) {
		memcpy(hex, empty[git->info.sha256], git->info.hex_len + 1);
		return 0;
	}
	/* "HEAD:folder" is a whole name; a tag needs to be followed. */
	spec = mv_strf("%s%s", rev, strchr(rev, ':') ? "" : "^{}");
	if (!spec)
		return mv_nomem(err);
	rc = strchr(rev, '\n') ? MV_ENOENT :
				 mv_git_batch_name(git, hex, type, spec, err);
	free(spec);
	if (!rc && !strcmp(type, "commit")) {
		char root[MV_GIT_HEX_MAX + 8];

		snprintf(root, sizeof(root), "%s^{tree}", hex);
		rc = mv_git_batch_name(git, hex, type, root, err);
		if (rc == MV_ENOENT)
			rc = mv_fail(err, MV_ECORRUPT, "the tree of '%s' is "
				     "not here or is damaged; see git fsck",
				     rev);
	}
	if (!rc && strcmp(type, "tree"))
		rc = MV_ENOENT;
	if (rc == MV_ENOENT)
		rc = mv_fail(err, rc, "'%s' is not a revision", rev);
	return rc;
}

static int give_delta(const struct raw *r, unsigned flags, mv_git_delta_fn fn,
		      void *payload, struct mv_err *err)
{
	struct mv_git_delta d = { NULL, NULL, NULL, NULL, 0, 0 };
	const int odd = !!(flags & MV_GIT_DIFF_ODD);

	/* Mode 0 is no side at all. */
	if (is_file(r->old_mode) || (odd && r->old_mode)) {
		d.old_path = r->path[0].data;
		d.old_blob = r->old_blob;
		d.old_odd = !is_file(r->old_mode);
	}
	if (is_file(r->new_mode) || (odd && r->new_mode)) {
		d.new_path = r->path[1].data;
		d.new_blob = r->new_blob;
		d.new_odd = !is_file(r->new_mode);
	}
	return d.old_path || d.new_path ? fn(payload, &d, err) : 0;
}

static int stream_deltas(struct mv_git *git, const char *const *args,
			 unsigned flags, mv_git_delta_fn fn, void *payload,
			 struct mv_err *err)
{
	struct mv_git_child child = MV_GIT_CHILD_INIT;
	struct mv_buf field;
	struct raw r;
	int end = 0;
	int rc = mv_git_child_open(&child, git, args, err);

	raw_init(&r);
	mv_buf_init(&field, FIELD_MAX);
	if (!rc)
		mv_git_child_eof(&child);
	while (!rc) {
		mv_buf_clear(&field);
		rc = mv_git_child_until(&child, '\0', &field, &end, err);
		if (rc || end)
			break;
		rc = take_raw(&r, &child, field.data, git->info.hex_len, err);
		if (!rc)
			rc = give_delta(&r, flags, fn, payload, err);
	}
	if (!rc)
		rc = mv_git_child_finish(&child, err);
	mv_git_child_abort(&child);
	mv_buf_release(&field);
	raw_release(&r);
	return rc;
}

int mv_git_diff(struct mv_git *git, const char *old, const char *new,
		unsigned flags, const char *const *pathspecs,
		mv_git_delta_fn fn, void *payload, struct mv_err *err)
{
	char from[MV_GIT_HEX_MAX], to[MV_GIT_HEX_MAX];
	const char *const head[] = {
		"diff-tree", "-r", "-z", "--raw",
		"--no-abbrev", "--no-relative",
		flags & MV_GIT_DIFF_RENAMES ? "-M" : "--no-renames", from, to,
		"--"
	};
	const size_t n = sizeof(head) / sizeof(*head);
	const char **args;
	size_t m = 0;
	int rc = tree_of(from, git, old, err);

	if (!rc)
		rc = tree_of(to, git, new, err);
	if (rc)
		return rc;
	while (pathspecs && pathspecs[m])
		m++;
	args = calloc(n + m + 1, sizeof(*args));
	if (!args)
		return mv_nomem(err);
	memcpy(args, head, sizeof(head));
	if (m)
		memcpy(args + n, pathspecs, m * sizeof(*args));
	rc = stream_deltas(git, args, flags, fn, payload, err);
	free(args);
	return rc;
}

/* -- one path ------------------------------------------------------------- */

/*
 * Of a merge (-c) only what is in none of its parents is a change.
 *
 * A commit is "\1<hex>", its time, its author, its subject; entries follow,
 * the first with a newline in front.
 */
struct follow {
	size_t hex_len;
	char commit[MV_GIT_HEX_MAX];
	int64_t when;
	struct mv_buf author, subject;
	mv_git_step_fn fn;
	void *payload;
};

static int difftree_take_commit(struct follow *f, struct mv_git_child *log,
				struct mv_buf *field, struct mv_err *err)
{
	int rc;

	if (!mv_is_hex(field->data + 1, f->hex_len))
		return garbled(log, err);
	memcpy(f->commit, field->data + 1, f->hex_len + 1);
	rc = next_field(log, field, err);
	if (!rc) {
		f->when = strtoll(field->data, NULL, 10);
		rc = next_field(log, &f->author, err);
	}
	return rc ? rc : next_field(log, &f->subject, err);
}

static int take_step(struct follow *f, struct mv_git_child *log,
		     const struct mv_buf *field, struct raw *r,
		     struct mv_err *err)
{
	int rc;

	if (!*f->commit)
		return garbled(log, err);
	rc = take_raw(r, log, field->data + (*field->data == '\n'),
		      f->hex_len, err);
	if (rc)
		return rc;
	return f->fn(f->payload, f->commit, f->when, f->author.data,
		     f->subject.data, r->path[1].data,
		     is_file(r->new_mode) ? r->new_blob : "", err);
}

static int stream_steps(struct follow *f, struct mv_git *git,
			const char *const *args, struct mv_err *err)
{
	struct mv_git_child log = MV_GIT_CHILD_INIT;
	struct mv_buf field;
	struct raw r;
	int end = 0;
	int rc = mv_git_child_open(&log, git, args, err);

	raw_init(&r);
	mv_buf_init(&field, FIELD_MAX);
	if (!rc)
		mv_git_child_eof(&log);
	while (!rc) {
		mv_buf_clear(&field);
		rc = mv_git_child_until(&log, '\0', &field, &end, err);
		if (rc || end)
			break;
		if (*field.data == '\1')
			rc = difftree_take_commit(f, &log, &field, err);
		else if (field.len)
			rc = take_step(f, &log, &field, &r, err);
	}
	if (!rc)
		rc = mv_git_child_finish(&log, err);
	mv_git_child_abort(&log);
	mv_buf_release(&field);
	raw_release(&r);
	return rc;
}

/* HEAD is one's own history; among all refs are those of anybody. Asked once
   for all paths. */
static int bound_all(struct mv_git *git, struct mv_err *err)
{
	static const char *const all[] = { "--exclude=refs/notes/*", "--all",
					   NULL };
	int rc = git->all_bounded ? 0 :
		 mv_git_bound_changes(git, all, MV_GIT_PATHS_MAX, err);

	git->all_bounded = !rc;
	return rc;
}

int mv_git_follow(struct mv_git *git, const char *rev, const char *path,
		  mv_git_step_fn fn, void *payload, struct mv_err *err)
{
	struct follow f = { .hex_len = git->info.hex_len, .fn = fn,
			    .payload = payload };
	const int all = rev && !strcmp(rev, "--all");
	char *spec = mv_strf(":(top,literal)%s", path);
	char hex[MV_GIT_HEX_MAX];
	/* Notes speak of objects: no path of ours is ever in their trees. */
	const char *const args[] = {
		"-c", "diff.orderFile=/dev/null", "log", "-z", "--follow",
		"-M", "-c", "--raw", "--root", "--no-abbrev", "--no-relative",
		"--no-color",
		"--no-show-signature", "--no-notes", "--no-decorate",
		"--ignore-submodules=none", "--encoding=UTF-8",
		"--format=%x01%H%x00%ct%x00%an <%ae>%x00%s",
		all ? "--exclude=refs/notes/*" : hex, all ? "--all" : "--",
		all ? "--" : spec, all ? spec : NULL, NULL
	};
	int rc = 0;

	mv_buf_init(&f.author, FIELD_MAX);
	mv_buf_init(&f.subject, FIELD_MAX);
	if (!spec)
		rc = mv_nomem(err);
	if (!rc && all)
		rc = bound_all(git, err);
	else if (!rc)
		rc = mv_git_commit(hex, git, rev ? rev : "HEAD", err);
	if (!rc)
		rc = stream_steps(&f, git, args, err);
	mv_buf_release(&f.author);
	mv_buf_release(&f.subject);
	free(spec);
	return rc;
}
