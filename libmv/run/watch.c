/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/grow.h"
#include "libmv/git/files.h"
#include "libmv/git/objects.h"
#include "libmv/meta/record.h"
#include "libmv/repo/files.h"
#include "libmv/run/priv.h"

/*
 * What a command did is seen by the files' stat data before and after it.
 * Nothing is intercepted: a file that somebody else wrote meanwhile counts as
 * the command's.
 */
#define CANDIDATES 1000u
enum { DEPTH = 64 };

void mv_run_watch_release(struct mv_watch *w)
{
	for (size_t i = 0; i < w->count; i++)
		free(w->v[i].path);
	free(w->v);
	memset(w, 0, sizeof(*w));
}

/* -- paths ---------------------------------------------------------------- */

char *mv_run_path_from(const char *prefix, const char *path)
{
	size_t common = 0, up = 0, i;
	char *out;

	if (*path == '/')
		return strdup(path);
	for (i = 0; prefix[i] && prefix[i] == path[i]; i++)
		if (prefix[i] == '/')
			common = i + 1;
	for (i = common; prefix[i]; i++)
		up += prefix[i] == '/';
	out = malloc(3 * up + strlen(path + common) + 1);
	if (!out)
		return NULL;
	for (i = 0; i < up; i++)
		memcpy(out + 3 * i, "../", 3);
	memcpy(out + 3 * up, path + common, strlen(path + common) + 1);
	return out;
}

int mv_run_ref_of_file(struct mv_ref *out, const char *file, struct mv_err *err)
{
	struct stat st;
	int fd, rc;

	rc = mv_open_read(&fd, &st, file, err);
	if (rc)
		return rc;
	rc = mv_repo_hash_file(&out->oid, &out->size, fd, file, err);
	out->has_oid = !rc;
	close(fd);
	return rc;
}

/* -- what names suggest --------------------------------------------------- */

static int has_suffix(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n > m && !strcasecmp(name + n - m, suffix);
}

/* "config" in "train-config.json", but not in "tsconfig.json". */
static int watch_has_word(const char *name, const char *word)
{
	const char *hit = strcasestr(name, word);

	return hit && (hit == name || !isalpha((unsigned char)hit[-1]));
}

static int is_hidden(const char *path)
{
	return *path == '.' || strstr(path, "/.");
}

char *mv_run_live_folder(const char *path)
{
	static const char name[] = "dvclive/";
	const char *p = path;

	while ((p = strstr(p, name))) {
		if (p == path || p[-1] == '/')
			return strndup(path, (size_t)(p - path) +
					     sizeof(name) - 2);
		p++;
	}
	return NULL;
}

unsigned mv_run_watch_roles(const char *path)
{
	static const char *const measured[] = {
		"metric", "result", "eval", "score"
	};
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	int table = has_suffix(name, ".csv") || has_suffix(name, ".tsv");
	int tree = has_suffix(name, ".json") || has_suffix(name, ".yaml") ||
		   has_suffix(name, ".yml");
	char *folder;

	if ((!table && !tree) || is_hidden(path))
		return 0;
	if (tree && (strcasestr(name, "param") || watch_has_word(name,
								 "config")))
		return MV_WATCH_PARAMS;
	for (size_t i = 0; i < sizeof(measured) / sizeof(measured[0]); i++)
		if (strcasestr(name, measured[i]))
			return MV_WATCH_METRICS;
	folder = mv_run_live_folder(path);
	free(folder);
	return folder ? MV_WATCH_METRICS : 0;
}

/* -- the list ------------------------------------------------------------- */

struct listing {
	struct mv_watch *w;
	struct mv_repo *repo;
	const struct mv_run_options *options;
};

static int add_file(struct listing *l, const char *path, unsigned roles,
		    int named, struct mv_err *err)
{
	struct mv_watch *w = l->w;
	struct mv_watched *f;
	char *full;

	if (MV_GROW(w->v, w->alloc, w->count + 1, err) < 0)
		return MV_ENOMEM;
	f = &w->v[w->count];
	memset(f, 0, sizeof(*f));
	f->roles = roles;
	f->named = named;
	f->path = strdup(path);
	full = mv_run_full_path(l->repo->info->work_tree, path);
	if (!f->path || !full) {
		free(f->path);
		free(full);
		return mv_nomem(err);
	}
	f->was = !lstat(full, &f->before) && S_ISREG(f->before.st_mode);
	free(full);
	w->count++;
	return 0;
}

/* Params that count although the command leaves them alone. */
static int is_near(const struct listing *l, const char *path)
{
	const char *prefix = l->repo->info->prefix;
	const char *slash = strrchr(path, '/');
	size_t folder = slash ? (size_t)(slash - path) + 1 : 0;
	char *typed;
	int near = !folder || (strlen(prefix) == folder &&
			       !strncmp(prefix, path, folder));

	typed = near ? NULL : mv_run_path_from(prefix, path);
	for (const char *const *arg = l->options->command;
	     typed && !near && *arg; arg++)
		near = strstr(*arg, typed) != NULL;
	free(typed);
	return near;
}

static int note_candidate(void *payload, const struct mv_git_entry *e,
			  struct mv_err *err)
{
	struct listing *l = payload;
	unsigned roles;

	if (e->stage || e->skip_worktree ||
	    (e->mode && (e->mode & S_IFMT) != S_IFREG))
		return 0;
	roles = mv_run_watch_roles(e->path);
	if (!roles)
		return 0;
	if (l->w->count == CANDIDATES) {
		l->w->ignored++;
		return 0;
	}
	if (roles & MV_WATCH_PARAMS && is_near(l, e->path))
		roles |= MV_WATCH_NEAR;
	return add_file(l, e->path, roles, -1, err);
}

static int note_output(void *payload, const struct mv_git_entry *e,
		       struct mv_err *err)
{
	if (e->stage || e->skip_worktree ||
	    (e->mode && (e->mode & S_IFMT) != S_IFREG))
		return 0;
	return add_file(payload, e->path, MV_WATCH_OUTPUT, -1, err);
}

struct folder {
	struct listing *l;
	const char *path;	/* from the top */
	int named, depth;
};

static int note_entry(void *payload, const char *name, struct mv_err *err);

static int note_named(struct listing *l, const char *path, int named,
		      int depth, struct mv_err *err)
{
	struct folder folder = { l, path, named, depth };
	char *full = mv_run_full_path(l->repo->info->work_tree, path);
	struct stat st;
	int rc;

	if (!full)
		return mv_nomem(err);
	if (lstat(full, &st) || !S_ISDIR(st.st_mode))
		rc = add_file(l, path, MV_WATCH_OUTPUT | MV_WATCH_GIVEN, named,
			      err);
	else if (depth == DEPTH)
		rc = mv_fail(err, MV_ENOTSUP, "'%s' is too deep", path);
	else
		rc = mv_each_entry(full, note_entry, &folder, err);
	free(full);
	return rc;
}

static int note_entry(void *payload, const char *name, struct mv_err *err)
{
	struct folder *folder = payload;
	char *path;
	int rc;

	if (!strcmp(name, ".git"))
		return 0;
	path = mv_path_join(folder->path, name);
	rc = path ? note_named(folder->l, path, folder->named,
			       folder->depth + 1, err) : mv_nomem(err);
	free(path);
	return rc;
}

static int note_given(struct listing *l, const char *const *files,
		      unsigned role, struct mv_err *err)
{
	int rc = 0;

	for (; !rc && files && *files; files++) {
		char *path = mv_repo_path_to_top(l->repo, *files);

		rc = path ? add_file(l, path, role | MV_WATCH_GIVEN, -1, err) :
			    mv_nomem(err);
		free(path);
	}
	return rc;
}

static int watch_by_path(const void *a, const void *b)
{
	return strcmp(((const struct mv_watched *)a)->path,
		      ((const struct mv_watched *)b)->path);
}

/* What a person said of a file counts, not its name. */
static unsigned unite_roles(unsigned a, unsigned b)
{
	const unsigned facts = MV_WATCH_PARAMS | MV_WATCH_METRICS;
	unsigned given = (a & MV_WATCH_GIVEN ? a & facts : 0) |
			 (b & MV_WATCH_GIVEN ? b & facts : 0);

	return given ? ((a | b) & ~facts) | given : a | b;
}

/* One of each path, with all that it is. */
static void sort(struct mv_watch *w)
{
	size_t kept = 0;

	if (w->count)
		qsort(w->v, w->count, sizeof(*w->v), watch_by_path);
	for (size_t i = 0; i < w->count; i++) {
		struct mv_watched *last = kept ? &w->v[kept - 1] : NULL;

		if (!last || strcmp(last->path, w->v[i].path)) {
			w->v[kept++] = w->v[i];
			continue;
		}
		if (w->v[i].named >= 0)
			last->named = w->v[i].named;
		last->roles = unite_roles(last->roles, w->v[i].roles);
		free(w->v[i].path);
	}
	w->count = kept;
}

static int watch_list(struct mv_watch *w, struct mv_repo *repo,
		      const struct mv_run_options *options, struct mv_err *err)
{
	struct listing l = { w, repo, options };
	const unsigned all = MV_GIT_LS_CACHED | MV_GIT_LS_OTHERS;
	int rc, named = options->outputs && options->outputs[0];

	rc = mv_git_ls(repo->git, all, NULL, note_candidate, &l, err);
	if (!rc && !named)
		rc = mv_git_ls(repo->git, all | MV_GIT_LS_FILTERED, NULL,
			       note_output, &l, err);
	for (int i = 0; !rc && named && options->outputs[i]; i++) {
		char *path = mv_repo_path_to_top(repo, options->outputs[i]);

		rc = path ? note_named(&l, path, i, 0, err) : mv_nomem(err);
		free(path);
	}
	if (!rc)
		rc = note_given(&l, options->params_files, MV_WATCH_PARAMS,
				err);
	if (!rc)
		rc = note_given(&l, options->metrics_files, MV_WATCH_METRICS,
				err);
	sort(w);
	return rc;
}

int mv_run_watch_begin(struct mv_watch *out, struct mv_repo *repo,
		       const struct mv_run_options *options, struct mv_err *err)
{
	memset(out, 0, sizeof(*out));
	return watch_list(out, repo, options, err);
}

int mv_run_watch_changed(const struct mv_watched *f)
{
	if (!f->was || !f->is)
		return f->was != f->is;
	return !mv_repo_same_stat(&f->before, &f->after);
}

/* Takes `now`, in which `before` is how things stand. */
static int unite(struct mv_watch *w, struct mv_watch *now, struct mv_err *err)
{
	size_t old = w->count;

	if (MV_GROW(w->v, w->alloc, w->count + now->count, err) < 0)
		return MV_ENOMEM;
	for (size_t i = 0; i < now->count; i++) {
		struct mv_watched *f = &now->v[i];
		struct mv_watched *hit = old ? bsearch(f, w->v, old,
						       sizeof(*f), watch_by_path) :
					       NULL;

		if (!hit) {
			hit = &w->v[w->count++];
			*hit = *f;
			f->path = NULL;
			hit->was = 0;
		}
		hit->roles |= f->roles;
		hit->named = hit->named < 0 ? f->named : hit->named;
		hit->after = f->before;
		hit->is = f->was;
	}
	qsort(w->v, w->count, sizeof(*w->v), watch_by_path);
	return 0;
}

int mv_run_watch_end(struct mv_watch *w, struct mv_repo *repo,
		     const struct mv_run_options *options, struct mv_err *err)
{
	struct mv_watch now = { NULL, 0, 0, 0 };
	int rc = watch_list(&now, repo, options, err);

	if (!rc && now.count)
		rc = unite(w, &now, err);
	mv_run_watch_release(&now);
	return rc;
}
