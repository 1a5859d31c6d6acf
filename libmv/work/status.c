/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/grow.h"
#include "libmv/base/worktree.h"
#include "libmv/git/files.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"
#include "libmv/repo/state.h"
#include "libmv/transfer/lfs.h"
#include "libmv/work/work.h"

/*
 * Looking: what of ours is in the index, in a revision, in history. What
 * changed is asked from `git status` itself, so that our answer is git's;
 * we add what only we know, whether a pointer or the bytes lie there.
 */

/* -- what git says of each path ------------------------------------------- */

struct change {
	const char *path;	/* into text */
	char x, y;		/* staged, in the work tree */
};

struct changes {
	struct mv_buf text;
	struct change *c;
	size_t count;
};

static int status_by_path(const void *a, const void *b)
{
	return strcmp(((const struct change *)a)->path,
		      ((const struct change *)b)->path);
}

static void changes_release(struct changes *ch)
{
	mv_buf_release(&ch->text);
	free(ch->c);
}

/* "XY path NUL", and for renames a second path. */
static int parse_changes(struct changes *ch, struct mv_err *err)
{
	size_t pos = 0, alloc = 0;

	while (pos + 3 < ch->text.len) {
		const char *line = ch->text.data + pos;
		size_t len = strlen(line);

		if (MV_GROW(ch->c, alloc, ch->count + 1, err))
			return MV_ENOMEM;
		if (len < 4)
			return mv_fail(err, MV_EINVALID,
				       "cannot read the answer of git status");
		ch->c[ch->count].x = line[0];
		ch->c[ch->count].y = line[1];
		ch->c[ch->count++].path = line + 3;
		pos += len + 1;
		if (line[0] == 'R' || line[0] == 'C')
			pos += strlen(ch->text.data + pos) + 1;
	}
	if (ch->count)
		qsort(ch->c, ch->count, sizeof(*ch->c), status_by_path);
	return 0;
}

static int read_changes(struct changes *ch, struct mv_repo *repo,
			struct mv_err *err)
{
	const char *args[] = { "--no-optional-locks", "status",
			       "--porcelain=v1", "-z", "--untracked-files=no",
			       "--ignore-submodules=all", "--no-renames", NULL };
	int rc;

	mv_buf_init(&ch->text, SIZE_MAX / 2);
	ch->c = NULL;
	ch->count = 0;
	rc = mv_git_run(repo->git, args, NULL, 0, &ch->text, err);
	return rc ? rc : parse_changes(ch, err);
}

static const struct change *find_change(const struct changes *ch,
					const char *path)
{
	struct change key = { path, 0, 0 };

	return ch->count ? bsearch(&key, ch->c, ch->count, sizeof(*ch->c),
				   status_by_path) : NULL;
}

/* -- one entry ------------------------------------------------------------ */

/* Does a pointer, and which one, lie in the work tree? */
static int lies_there(struct mv_pointer *out, struct mv_repo *repo,
		      const char *path, const struct stat *st)
{
	char text[MV_POINTER_MAX];
	ssize_t n = -1;
	int root, fd;
	struct stat now;

	if (st->st_size >= MV_POINTER_MAX || !st->st_size ||
	    mv_repo_root(&root, repo, NULL) ||
	    mv_wt_open_read(&fd, &now, root, path, NULL))
		return MV_ENOENT;
	n = read(fd, text, sizeof(text));
	close(fd);
	return n > 0 ? mv_pointer_parse(out, text, (size_t)n, NULL)
		     : MV_ENOENT;
}

static enum mv_file_state work_tree_state(struct mv_repo *repo,
					  const struct mv_file *file,
					  const struct change *change)
{
	struct mv_pointer lies;
	struct stat st;
	int root;

	if (change && change->y == 'D')
		return MV_FILE_DELETED;
	if (mv_repo_root(&root, repo, NULL) ||
	    fstatat(root, file->path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return MV_FILE_DELETED;
	if (!lies_there(&lies, repo, file->path, &st) &&
	    mv_oid_eq(&lies.oid, &file->pointer.oid))
		return file->stored ? MV_FILE_POINTER : MV_FILE_MISSING;
	return change && change->y != ' ' ? MV_FILE_MODIFIED : MV_FILE_OK;
}

struct status {
	struct mv_repo *repo;
	struct changes changes;
	mv_file_fn fn;
	void *payload;
	char *conflict;		/* the path that was told last */
};

static int status_conflict(struct status *s, struct mv_file *file,
			   struct mv_err *err)
{
	if (s->conflict && !strcmp(s->conflict, file->path))
		return 0;	/* one line for all its stages */
	free(s->conflict);
	s->conflict = strdup(file->path);
	file->state = MV_FILE_CONFLICT;
	return s->fn(s->payload, file, err);
}

static int status_entry(void *payload, const struct mv_git_entry *e,
			struct mv_err *err)
{
	struct status *s = payload;
	const struct change *change = find_change(&s->changes, e->path);
	struct mv_file file = { .path = e->path, .blob = e->blob,
				.mode = e->mode };
	int wanted = 0, rc;

	if ((e->mode & 0170000) != 0100000)
		return 0;
	file.staged = change && change->x != ' ';
	if (e->stage)
		return status_conflict(s, &file, err);
	rc = mv_repo_blob_pointer(&file.pointer, s->repo, e->blob, err);
	if (rc == MV_ENOENT || rc == MV_ECORRUPT) {
		file.state = MV_FILE_RAW;
		return s->fn(s->payload, &file, err);
	}
	if (rc)
		return rc;
	file.stored = !file.pointer.size ||
		      !mv_repo_has(s->repo, &file.pointer, NULL);
	file.outside = e->skip_worktree;
	file.state = e->skip_worktree ? MV_FILE_OK
		     : work_tree_state(s->repo, &file, change);
	if (file.state == MV_FILE_MISSING &&
	    file.pointer.dialect == MV_DIALECT_LFS) {
		rc = mv_transfer_lfs_wants(&wanted, s->repo, e->path, err);
		file.left_out = !wanted;
	}
	return rc ? rc : s->fn(s->payload, &file, err);
}

/* -- what was removed from the index -------------------------------------- */

struct removed {
	struct status *s;
	const char **path, **blob;	/* into the answer of git */
	size_t count;
};

/* ":<mode> <mode> <blob> <blob> D" NUL path NUL; of plain files. */
static int parse_removed(struct removed *r, struct mv_buf *text, size_t hex,
			 struct mv_err *err)
{
	char *p = text->data, *end = p + text->len;

	r->path = calloc(text->len / 2 + 1, sizeof(*r->path));
	r->blob = calloc(text->len / 2 + 1, sizeof(*r->blob));
	if (!r->path || !r->blob)
		return mv_nomem(err);
	while (p < end) {
		char *path = p + strlen(p) + 1;

		if (*p != ':' || path >= end || (size_t)(path - p) < 17 + hex)
			return mv_fail(err, MV_EIO, "cannot understand the "
				       "list of git diff-index");
		p[15 + hex] = '\0';
		if (!strncmp(p + 1, "100", 3)) {
			r->path[r->count] = path;
			r->blob[r->count++] = p + 15;
		}
		p = path + strlen(path) + 1;
	}
	return 0;
}

/* A pointer; and an empty file where it would be one of ours. */
static int tell_removed(void *payload, size_t i, const char *filter,
			struct mv_err *err)
{
	struct removed *r = payload;
	struct mv_repo *repo = r->s->repo;
	struct mv_file file = { .path = r->path[i], .blob = r->blob[i],
				.state = MV_FILE_DELETED, .staged = 1 };
	int rc = mv_repo_blob_pointer(&file.pointer, repo, file.blob, err);

	if (rc == MV_ENOENT || rc == MV_ECORRUPT)
		return 0;
	if (rc || (!file.pointer.size && !*filter))
		return rc;
	file.stored = !file.pointer.size ||
		      !mv_repo_has(repo, &file.pointer, NULL);
	return r->s->fn(r->s->payload, &file, err);
}

static int any_removed(const struct changes *ch)
{
	for (size_t i = 0; i < ch->count; i++)
		if (ch->c[i].x == 'D')
			return 1;
	return 0;
}

/* The index does not list what `git rm` took out of it. */
static int status_removed(struct status *s, const char *const *specs,
			  int typed, struct mv_err *err)
{
	static const char *const head[] = {
		"diff-index", "--cached", "--raw", "-z", "--no-abbrev",
		"--no-renames", "--no-relative", "--diff-filter=D",
		"--ignore-submodules=all", "HEAD", "--"
	};
	const size_t fixed = sizeof(head) / sizeof(head[0]);
	struct removed r = { .s = s };
	struct mv_buf text;
	const char **args;
	size_t n = 0;
	int rc;

	if (!any_removed(&s->changes))
		return 0;
	while (specs && specs[n])
		n++;
	args = calloc(fixed + n + 1, sizeof(*args));
	if (!args)
		return mv_nomem(err);
	memcpy(args, head, sizeof(head));
	if (n)
		memcpy(args + fixed, specs, n * sizeof(*args));
	mv_buf_init(&text, SIZE_MAX / 2);
	mv_git_typed(s->repo->git, typed);
	rc = mv_git_run(s->repo->git, args, NULL, 0, &text, err);
	mv_git_typed(s->repo->git, 0);
	if (!rc)
		rc = parse_removed(&r, &text, s->repo->info->hex_len, err);
	if (!rc)
		rc = mv_git_filters(s->repo->git, r.path, r.count,
				    tell_removed, &r, err);
	mv_buf_release(&text);
	free(args);
	free(r.path);
	free(r.blob);
	return rc;
}

int mv_work_status(struct mv_repo *repo, const char *const *pathspecs,
		   int typed, mv_file_fn fn, void *payload, struct mv_err *err)
{
	struct status s = { .repo = repo, .fn = fn, .payload = payload };
	int rc;

	rc = read_changes(&s.changes, repo, err);
	if (!rc)
		rc = mv_git_ls(repo->git, MV_GIT_LS_CACHED | MV_GIT_LS_FILTERED |
			       (typed ? MV_GIT_LS_TYPED : 0), pathspecs,
			       status_entry, &s, err);
	if (!rc)
		rc = status_removed(&s, pathspecs, typed, err);
	free(s.conflict);
	changes_release(&s.changes);
	return rc;
}
