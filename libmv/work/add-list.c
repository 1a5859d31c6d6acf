/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/base/path.h"
#include "libmv/work/adding.h"

#define OUT_MAX ((size_t)4 << 30)

/* -- what was asked for --------------------------------------------------- */

static int add_item(struct mv_adding *add, const char *path,
		    struct mv_adding_item **out)
{
	if (MV_GROW(add->items, add->alloc, add->count + 1, NULL))
		return -1;
	*out = &add->items[add->count];
	memset(*out, 0, sizeof(**out));
	(*out)->path = strdup(path);
	if (!(*out)->path)
		return -1;
	add->count++;
	return 0;
}

static int add_collect(void *payload, const struct mv_git_entry *e,
		       struct mv_err *err)
{
	struct mv_adding_item *item;

	/* Outside of a sparse checkout: as if it were not there. */
	if (e->skip_worktree)
		return 0;
	if (add_item(payload, e->path, &item))
		return mv_nomem(err);
	item->mode = e->mode;
	item->unmerged = e->stage != 0;
	item->assumed = e->assume_unchanged;
	if (e->blob && !e->stage && strlen(e->blob) < sizeof(item->blob))
		memcpy(item->blob, e->blob, strlen(e->blob) + 1);
	return 0;
}

static unsigned list_flags(const struct mv_adding *add)
{
	return MV_GIT_LS_CACHED | MV_GIT_LS_OTHERS |
	       (add->options->flags & MV_ADD_TYPED ? MV_GIT_LS_TYPED : 0);
}

static int run_listing(const struct mv_adding *add, const char *const *args,
		       struct mv_buf *out, struct mv_err *err)
{
	int rc;

	mv_git_typed(add->repo->git, !!(add->options->flags & MV_ADD_TYPED));
	rc = mv_git_run(add->repo->git, args, NULL, 0, out, err);
	mv_git_typed(add->repo->git, 0);
	return rc;
}

/* mv_git_ls() lists no ignored files; with --force they count. */
static int collect_ignored(struct mv_adding *add, const char *const *paths,
			   struct mv_err *err)
{
	const char *head[] = {
		"ls-files", "-z", "--others", "--ignored",
		"--exclude-standard", "--full-name", "--"
	};
	const size_t fixed = sizeof(head) / sizeof(*head);
	const char **args;
	struct mv_buf out;
	struct mv_adding_item *item;
	size_t n = 0;
	int rc;

	while (paths[n])
		n++;
	args = calloc(fixed + n + 1, sizeof(*args));
	if (!args)
		return mv_nomem(err);
	memcpy(args, head, sizeof(head));
	memcpy(args + fixed, paths, n * sizeof(*args));
	mv_buf_init(&out, OUT_MAX);
	rc = run_listing(add, args, &out, err);
	for (size_t i = 0; !rc && i < out.len; i += strlen(out.data + i) + 1)
		if (add_item(add, out.data + i, &item))
			rc = mv_nomem(err);
	mv_buf_release(&out);
	free(args);
	return rc;
}

static int add_by_path(const void *a, const void *b)
{
	const struct mv_adding_item *x = a, *y = b;

	return strcmp(x->path, y->path);
}

/* Unmerged files are listed once for each side. */
static void sort_items(struct mv_adding *add)
{
	size_t kept = 0;

	if (add->count)
		qsort(add->items, add->count, sizeof(*add->items), add_by_path);
	for (size_t i = 0; i < add->count; i++) {
		if (kept && !strcmp(add->items[kept - 1].path,
				    add->items[i].path))
			free(add->items[i].path);
		else
			add->items[kept++] = add->items[i];
	}
	add->count = kept;
}

/* The first item whose path is not before this one. */
static size_t lower_bound(const struct mv_adding *add, const char *path)
{
	size_t lo = 0, hi = add->count, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (strcmp(add->items[mid].path, path) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct mv_adding_item *mv_work_adding_find(const struct mv_adding *add,
					   const char *path)
{
	size_t i = lower_bound(add, path);

	return i < add->count && !strcmp(add->items[i].path, path) ?
	       &add->items[i] : NULL;
}

/* -- named paths ---------------------------------------------------------- */

static int count_one(void *payload, const struct mv_git_entry *e,
		     struct mv_err *err)
{
	(void)e;
	(void)err;
	++*(size_t *)payload;
	return 0;
}

/* The same of ignored files, which count with --force. */
static int count_ignored(size_t *n, struct mv_adding *add, const char *typed,
			 struct mv_err *err)
{
	const char *const args[] = {
		"ls-files", "-z", "--others", "--ignored",
		"--exclude-standard", "--", typed, NULL
	};
	struct mv_buf out;
	int rc;

	mv_buf_init(&out, OUT_MAX);
	rc = run_listing(add, args, &out, err);
	*n += out.len;
	mv_buf_release(&out);
	return rc;
}

/* A glob or magic pathspec: does it match anything by itself? */
static int check_pattern(struct mv_adding *add, const char *typed,
			 struct mv_err *err)
{
	const char *const one[] = { typed, NULL };
	size_t n = 0;
	int rc;

	rc = mv_git_ls(add->repo->git, list_flags(add), one, count_one, &n,
		       err);
	if (!rc && !n && add->options->flags & MV_ADD_FORCE)
		rc = count_ignored(&n, add, typed, err);
	if (!rc && !n)
		rc = mv_fail(err, MV_ENOENT,
			     "pathspec '%s' did not match any files", typed);
	return rc;
}

static int has_below(const struct mv_adding *add, const char *folder)
{
	char *first = mv_strf("%s/", folder);
	size_t i;

	if (!first)
		return 0;
	i = lower_bound(add, first);
	free(first);
	return i < add->count && mv_path_below(add->items[i].path, folder);
}

/* Mark the item, or say why there is none. `unseen` collects for later. */
static int check_named(struct mv_adding *add, const char *typed,
		       struct mv_buf *unseen, struct mv_err *err)
{
	char *path = mv_repo_from_top(add->repo, typed);
	struct mv_adding_item *item;
	struct stat st;
	int rc = 0;

	if (!path)
		return check_pattern(add, typed, err);
	item = mv_work_adding_find(add, path);
	if (item)
		item->named = 1;
	else if (!*path || has_below(add, path))
		rc = 0;
	else if (fstatat(add->rootfd, path, &st, AT_SYMLINK_NOFOLLOW))
		rc = check_pattern(add, typed, err);
	else if (mv_buf_add(unseen, typed, strlen(typed) + 1))
		rc = mv_nomem(err);
	free(path);
	return rc;
}

/* They exist, but git does not list them: ignored, or empty folders. */
static int check_ignored(struct mv_adding *add, const struct mv_buf *unseen,
			 struct mv_err *err)
{
	static const char *const args[] = {
		"check-ignore", "-z", "--stdin", NULL
	};
	struct mv_buf out;
	int rc = 0;

	if (!unseen->len || add->options->flags & MV_ADD_FORCE)
		return 0;
	mv_buf_init(&out, OUT_MAX);
	/* It fails when nothing is ignored. */
	if (!mv_git_run(add->repo->git, args, unseen->data, unseen->len, &out,
			NULL) && out.len)
		rc = mv_fail(err, MV_EDENIED, "'%s' is ignored by one of your "
			     ".gitignore files; use -f if you really want to "
			     "add it", out.data);
	mv_buf_release(&out);
	return rc;
}

/* Of what is no file, link or folder; NULL: it is one. */
static const char *odd_kind(mode_t mode)
{
	return S_ISFIFO(mode) ? "a named pipe (FIFO)" :
	       S_ISSOCK(mode) ? "a socket" :
	       S_ISCHR(mode) || S_ISBLK(mode) ? "a device" : NULL;
}

/* Neither listed nor ignored, but no empty folder: not of this repository. */
static int check_foreign(struct mv_adding *add, const struct mv_buf *unseen,
			 struct mv_err *err)
{
	const char *typed;
	struct stat st;
	char *path;
	int there;

	for (size_t i = 0; i < unseen->len; i += strlen(typed) + 1) {
		typed = unseen->data + i;
		path = mv_repo_from_top(add->repo, typed);
		there = path && !mv_work_adding_find(add, path) &&
			!fstatat(add->rootfd, path, &st, AT_SYMLINK_NOFOLLOW);
		free(path);
		if (there && odd_kind(st.st_mode))
			return mv_fail(err, MV_EDENIED, "'%s' is %s, and git "
				       "holds files and links only", typed,
				       odd_kind(st.st_mode));
		if (there && !S_ISDIR(st.st_mode))
			return mv_fail(err, MV_EDENIED, "'%s' belongs to a "
				       "submodule or lies beyond a symbolic "
				       "link", typed);
	}
	return 0;
}

int mv_work_adding_list(struct mv_adding *add, const char *const *paths,
			struct mv_err *err)
{
	struct mv_buf unseen;
	int rc;

	rc = mv_git_ls(add->repo->git, list_flags(add), paths, add_collect, add,
		       err);
	if (!rc && add->options->flags & MV_ADD_FORCE)
		rc = collect_ignored(add, paths, err);
	if (rc)
		return rc;
	sort_items(add);
	mv_buf_init(&unseen, OUT_MAX);
	for (size_t i = 0; !rc && paths[i]; i++)
		rc = check_named(add, paths[i], &unseen, err);
	if (!rc)
		rc = check_ignored(add, &unseen, err);
	if (!rc)
		rc = check_foreign(add, &unseen, err);
	mv_buf_release(&unseen);
	return rc;
}
