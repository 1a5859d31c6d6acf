/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/fs.h"
#include "libmv/meta/meta.h"
#include "libmv/remote/remote.h"
#include "libmv/repo-internal.h"
#include "libmv/repo-lfs.h"
#include "libmv/repo-transfer.h"

/*
 * Which store goes with which git remote, and moving content there and back.
 *
 * A git remote that is a path on this machine needs no configuration: its
 * store is <its common dir>/model, or what model.store in its own
 * configuration says. Its Git LFS objects are in <its common dir>/lfs.
 */

/* -- where a git remote is ------------------------------------------------- */

static int is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static int is_git_dir(const char *path)
{
	char *objects = mv_path_join(path, "objects");
	char *head = mv_path_join(path, "HEAD");
	int yes = objects && head && is_dir(objects) && !access(head, F_OK);

	free(objects);
	free(head);
	return yes;
}

/* First line of a small file, after `prefix`; NULL when it is not there. */
static char *read_line(const char *path, const char *prefix)
{
	struct mv_buf text;
	char *line = NULL, *end;

	mv_buf_init(&text, 64 * 1024);
	if (!mv_read_file(&text, path, NULL) &&
	    !strncmp(text.data, prefix, strlen(prefix))) {
		end = strchr(text.data, '\n');
		if (end)
			*end = '\0';
		line = strdup(text.data + strlen(prefix));
	}
	mv_buf_release(&text);
	return line;
}

/* The common dir behind a git dir that may belong to a linked work tree. */
static char *common_of(char *git_dir)
{
	char *file = mv_path_join(git_dir, "commondir");
	char *line = file ? read_line(file, "") : NULL;
	char *common = NULL;

	free(file);
	if (!line)
		return git_dir;
	common = line[0] == '/' ? strdup(line) : mv_path_join(git_dir, line);
	free(line);
	free(git_dir);
	return common;
}

/* The places that git itself tries for a path, in its order. */
static char *git_dir_at(const char *path)
{
	static const char *const suffixes[] = { "/.git", "", ".git/.git",
						".git" };
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char *candidate = mv_strf("%.*s%s", (int)len, path,
					  suffixes[i]);
		char *line, *target;

		if (!candidate)
			return NULL;
		if (is_git_dir(candidate))
			return common_of(candidate);
		line = read_line(candidate, "gitdir: ");
		if (line) {
			target = line[0] == '/' ? strdup(line)
						: mv_path_join(path, line);
			free(line);
			free(candidate);
			return target ? common_of(target) : NULL;
		}
		free(candidate);
	}
	return NULL;
}

/*
 * Git takes such a path from where it stands: at the top of the work tree, but
 * where it was told of a repository (--git-dir) or has no work tree, wherever
 * it was called. What is not there may be meant from the top all the same.
 */
static char *relative_path(struct mv_repo *repo, const char *url)
{
	const char *top = repo->info->work_tree ? repo->info->work_tree
						: repo->info->git_dir;
	char *here = *repo->info->prefix ? NULL : getcwd(NULL, 0);
	char *path = here ? mv_path_join(here, url) : NULL;
	char *git_dir = path ? git_dir_at(path) : NULL;

	if (!git_dir) {
		free(path);
		path = mv_path_join(top, url);
	}
	free(git_dir);
	free(here);
	return path;
}

/* The path of "file:///x" (where %20 is a blank, as for git) or of a plain
   path; NULL for anything with a host. "host:path" is one unless a slash comes
   before the colon, as in git. */
static char *local_path(struct mv_repo *repo, const char *url)
{
	const char *colon, *slash;
	char *path;

	if (!strncasecmp(url, "file:", 5))
		return mv_remote_file_path(&path, url, NULL) ? NULL : path;
	if (url[0] == '/')
		return strdup(url);
	if (url[0] == '~')
		return mv_repo_expand_path(&path, repo, ".", "url", url,
					   NULL) ? NULL : path;
	colon = strchr(url, ':');
	slash = strchr(url, '/');
	if (colon && (!slash || colon < slash))
		return NULL;
	return relative_path(repo, url);
}

/* What `git remote get-url` ends with then. */
#define NO_SUCH_REMOTE 2

/* `git push bare1`: a name that no remote has is a path, for git too. */
static int is_repository(struct mv_repo *repo, const char *name)
{
	char *path = local_path(repo, name);
	char *git_dir = path ? git_dir_at(path) : NULL;
	int yes = git_dir != NULL;

	free(git_dir);
	free(path);
	return yes;
}

/*
 * `git remote get-url` knows insteadOf; a name may also be a URL itself. With
 * `push`, every place that `git push <name>` would go to, one a line.
 */
static int git_remote_urls(char **out, struct mv_repo *repo, const char *name,
			   int push, struct mv_err *err)
{
	const char *fetch[] = { "remote", "get-url", "--", name, NULL };
	const char *all[] = { "remote", "get-url", "--push", "--all", "--",
			      name, NULL };
	struct mv_buf text;
	int rc, status;

	if (strchr(name, '/') || strchr(name, ':')) {
		*out = strdup(name);
		return *out ? 0 : mv_nomem(err);
	}
	mv_buf_init(&text, 64 * 1024);
	rc = mv_git_ask(&status, repo->git, push ? all : fetch, NO_SUCH_REMOTE,
			&text, err);
	if (!rc && status == NO_SUCH_REMOTE) {
		mv_buf_clear(&text);
		if (!is_repository(repo, name))
			rc = mv_fail(err, MV_ENOENT, "there is no remote '%s'",
				     name);
		else if (mv_buf_addstr(&text, name))
			rc = mv_nomem(err);
	} else if (!rc && status) {
		rc = mv_fail(err, MV_EIO, "git remote get-url failed with "
			     "exit code %d", status);
	}
	if (!rc) {
		while (text.len && text.data[text.len - 1] == '\n')
			text.data[--text.len] = '\0';
		*out = mv_buf_detach(&text);
		if (!*out)
			rc = mv_nomem(err);
	}
	mv_buf_release(&text);
	return rc;
}

/* The repository that a URL reaches on this machine; MV_ENOENT. */
static int git_dir_of(char **out, struct mv_repo *repo, const char *name,
		      const char *url, struct mv_err *err)
{
	char *path = local_path(repo, url);
	int rc = 0;

	*out = path ? git_dir_at(path) : NULL;
	if (!*out)
		rc = mv_fail(err, MV_ENOENT,
			     "git remote '%s' is not a path on this machine: say where its content goes with 'git model remote add %s PATH'",
			     name, name);
	free(path);
	return rc;
}

int mv_repo_remote_git_dir(char **out, struct mv_repo *repo, const char *name,
			   struct mv_err *err)
{
	char *url = NULL;
	int rc = git_remote_urls(&url, repo, name, 0, err);

	if (!rc)
		rc = git_dir_of(out, repo, name, url, err);
	free(url);
	return rc;
}

int mv_repo_git_dir_at(char **out, struct mv_repo *repo, const char *remote,
		       const char *url, struct mv_err *err)
{
	return url ? git_dir_of(out, repo, remote, url, err) :
		     mv_repo_remote_git_dir(out, repo, remote, err);
}

/*
 * What that repository's own configuration calls its store. One that cannot
 * be asked has not said that it is the usual one: content would be put where
 * nobody looks for it.
 */
int mv_repo_store_of(char **out, struct mv_repo *repo, const char *git_dir,
		     struct mv_err *err)
{
	char *config = mv_path_join(git_dir, "config");
	const char *args[] = { "config", "--file", config, "--get",
			       "model.store", NULL };
	char *host = NULL;
	struct mv_buf text;
	int status = 0, rc;

	mv_buf_init(&text, 64 * 1024);
	rc = config ? mv_git_ask(&status, repo->git, args, 1, &text, err) :
		      mv_nomem(err);
	if (!rc && status)
		rc = mv_repo_host(&host, repo, git_dir, git_dir, err);
	while (!rc && text.len && text.data[text.len - 1] == '\n')
		text.data[--text.len] = '\0';
	if (!rc && !status)
		rc = mv_repo_expand_path(out, repo, git_dir, "model.store",
					 text.data, err);
	else if (!rc && host)
		rc = mv_repo_store_of(out, repo, host, err);
	else if (!rc && !(*out = mv_path_join(git_dir, "model")))
		rc = mv_nomem(err);
	if (rc)
		mv_err_prefix(err, "cannot tell where '%s' has its content",
			      git_dir);
	mv_buf_release(&text);
	free(host);
	free(config);
	return rc;
}

/* modelremote.<name>.url, borrowed, or NULL; git lower-cases only the outer
   parts. */
static int configured_url(const char **url, struct mv_repo *repo,
			  const char *name, struct mv_err *err)
{
	char *key = mv_strf("modelremote.%s.url", name);
	int rc = key ? mv_git_config(url, repo->git, key, err) : mv_nomem(err);

	free(key);
	return rc;
}

/* The one that was named, model.remote, or "origin"; borrowed. */
static int choose_remote(const char **name, struct mv_repo *repo,
			 const char *said, struct mv_err *err)
{
	int rc = 0;

	*name = said;
	if (!said)
		rc = mv_git_config(name, repo->git, "model.remote", err);
	if (!rc && !*name)
		*name = "origin";
	return rc;
}

/* What was configured for this one or, where nothing was, for model.remote. */
static int find_url(const char **url, struct mv_repo *repo, const char *name,
		    const char *fallback, struct mv_err *err)
{
	int rc = configured_url(url, repo, name, err);

	if (!rc && !*url && fallback)
		rc = configured_url(url, repo, fallback, err);
	return rc;
}

void mv_destination_release(struct mv_destination *d)
{
	free(d->store);
	free(d->git_dir);
	memset(d, 0, sizeof(*d));
}

/*
 * A path that is a git repository means that repository's own store: in its
 * root nobody would look for one. Any other is a store itself, and `remote
 * add` has made it.
 */
static int configured_place(struct mv_destination *out, struct mv_repo *repo,
			    const char *url, struct mv_err *err)
{
	char *path = local_path(repo, url);

	if (path)
		out->git_dir = git_dir_at(path);
	if (out->git_dir) {
		free(path);
		return mv_repo_store_of(&out->store, repo, out->git_dir, err);
	}
	out->store = path ? path : strdup(url);
	return out->store ? 0 : mv_nomem(err);
}

/*
 * `url`: of the push that is under way, which may be one of several, or of no
 * remote at all; NULL: ask git what it is.
 */
static int find_place(struct mv_destination *out, struct mv_repo *repo,
		      const char *name, const char *url, struct mv_err *err)
{
	const char *configured, *fallback;
	char *asked = NULL;
	int rc = mv_git_config(&fallback, repo->git, "model.remote", err);

	if (!rc)
		rc = choose_remote(&name, repo, name, err);
	if (rc)
		return rc;
	if (name[0] == '-')
		return mv_fail(err, MV_EINVALID,
			       "'%s' is not the name of a remote", name);
	rc = find_url(&configured, repo, name, fallback, err);
	if (rc)
		return rc;
	if (configured) {
		out->configured = 1;
		return configured_place(out, repo, configured, err);
	}
	if (!url)
		rc = git_remote_urls(&asked, repo, name, 0, err);
	if (!rc)
		rc = git_dir_of(&out->git_dir, repo, name, url ? url : asked,
				err);
	if (!rc)
		rc = mv_repo_store_of(&out->store, repo, out->git_dir, err);
	free(asked);
	return rc;
}

int mv_repo_remote_make(struct mv_repo *repo, const char *url,
			struct mv_err *err)
{
	struct mv_destination place = { NULL, NULL, 1 };
	struct mv_remote *remote = NULL;
	int rc = configured_place(&place, repo, url, err);

	if (!rc && !place.git_dir)
		rc = mv_remote_open(&remote, place.store, MV_REMOTE_MAKE, NULL,
				    err);
	mv_remote_close(remote);
	mv_destination_release(&place);
	return rc;
}

int mv_repo_destination(struct mv_destination *out, struct mv_repo *repo,
			const char *name, const char *url, struct mv_err *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	rc = find_place(out, repo, name, url, err);
	if (rc)
		mv_destination_release(out);
	return rc;
}

int mv_repo_push_urls(char **out, struct mv_repo *repo, const char *name,
		      struct mv_err *err)
{
	const char *configured, *fallback;
	int rc = mv_git_config(&fallback, repo->git, "model.remote", err);

	*out = NULL;
	if (!rc)
		rc = choose_remote(&name, repo, name, err);
	if (!rc)
		rc = find_url(&configured, repo, name, fallback, err);
	/* What is wrong with the name, finding its place will say. */
	if (rc || configured || name[0] == '-')
		return rc;
	return git_remote_urls(out, repo, name, 1, err);
}

int mv_repo_remote_url(char **out, struct mv_repo *repo, const char *name,
		       struct mv_err *err)
{
	struct mv_destination d;
	int rc = mv_repo_destination(&d, repo, name, NULL, err);

	*out = NULL;
	if (!rc) {
		*out = d.store;
		d.store = NULL;
		mv_destination_release(&d);
	}
	return rc;
}

int mv_repo_pushed_dir(char **out, struct mv_repo *repo, const char *name,
		       const char *url, struct mv_err *err)
{
	struct mv_err why;
	int rc = choose_remote(&name, repo, name, err);

	*out = NULL;
	if (rc)
		return rc;
	rc = url ? git_dir_of(out, repo, name, url, &why) :
		   mv_repo_remote_git_dir(out, repo, name, &why);
	if (rc && rc != MV_ENOENT)
		return mv_fail(err, rc, "%s", why.msg);
	return 0;
}

int mv_repo_store_beside(char **out, struct mv_repo *repo, const char *url,
			 struct mv_err *err)
{
	char *git_dir = NULL;
	int rc = git_dir_of(&git_dir, repo, url, url, err);

	if (!rc)
		rc = mv_repo_store_of(out, repo, git_dir, err);
	free(git_dir);
	return rc;
}

/* -- which contents -------------------------------------------------------- */

static int by_pointer(const void *a, const void *b)
{
	const struct mv_pointer *x = a, *y = b;

	if (x->dialect != y->dialect)
		return x->dialect < y->dialect ? -1 : 1;
	return mv_oid_cmp(&x->oid, &y->oid);
}

/* Sort, natives first, and drop doubles. */
void mv_wanted_settle(struct mv_wanted_list *w)
{
	size_t n = 0;

	if (w->count)
		qsort(w->p, w->count, sizeof(*w->p), by_pointer);
	for (size_t i = 0; i < w->count; i++)
		if (!n || by_pointer(&w->p[n - 1], &w->p[i]))
			w->p[n++] = w->p[i];
	w->count = n;
}

int mv_wanted_add(struct mv_wanted_list *w, const struct mv_pointer *p,
		struct mv_err *err)
{
	if (w->count == w->alloc) {
		size_t alloc = w->alloc ? 2 * w->alloc : 64;
		struct mv_pointer *grown = realloc(w->p,
						   alloc * sizeof(*grown));

		if (!grown)
			return mv_nomem(err);
		w->p = grown;
		w->alloc = alloc;
	}
	w->p[w->count++] = *p;
	return 0;
}

static int want_blob(void *payload, const char *hex, const char *path,
		     const void *data, size_t len, struct mv_err *err)
{
	struct mv_pointer p;

	(void)hex;
	(void)path;
	if (mv_pointer_parse(&p, data, len, NULL) || !p.size)
		return 0;
	return mv_wanted_add(payload, &p, err);
}

struct of_index {
	struct mv_wanted_list *w;
	struct mv_repo *repo;
};

/* What git-lfs is told to leave out of the work tree is not wanted, nor what a
   sparse checkout leaves out. */
static int want_file(void *payload, const struct mv_file *file,
		     struct mv_err *err)
{
	struct of_index *of = payload;
	int wanted = 1, rc = 0;

	if (file->state == MV_FILE_RAW || file->state == MV_FILE_CONFLICT ||
	    !file->pointer.size || file->outside)
		return 0;
	if (file->pointer.dialect == MV_DIALECT_LFS)
		rc = mv_repo_lfs_wants(&wanted, of->repo, file->path, err);
	return rc || !wanted ? rc : mv_wanted_add(of->w, &file->pointer, err);
}

int mv_wanted_find(struct mv_wanted_list *w, struct mv_repo *repo,
		       const char *const *revs, struct mv_err *err)
{
	struct of_index of = { w, repo };
	int rc;

	if (revs)
		rc = mv_git_each_small_blob(repo->git, revs,
					    MV_POINTER_MAX - 1, want_blob, w,
					    err);
	else
		rc = mv_repo_ls(repo, NULL, want_file, &of, err);
	mv_wanted_settle(w);
	return rc;
}

size_t mv_wanted_natives(const struct mv_wanted_list *w)
{
	size_t n = 0;

	while (n < w->count && w->p[n].dialect == MV_DIALECT_NATIVE)
		n++;
	return n;
}

/* -- fetch ------------------------------------------------------------------- */

static int fetch_natives(struct mv_repo *repo, const char *remote_name,
			 const struct mv_oid *oids, size_t count,
			 struct mv_transfer_stats *stats, struct mv_err *err)
{
	struct mv_store_options options = { .progress = repo->progress };
	uint8_t *found = calloc(count, 1);
	struct mv_remote *remote = NULL;
	struct mv_tx *tx = NULL;
	struct mv_store *store;
	char *url = NULL;
	int rc;

	if (!found)
		return mv_nomem(err);
	rc = mv_repo_remote_url(&url, repo, remote_name, err);
	if (rc)
		goto out;
	options.pool = mv_repo_pool(repo, err);
	rc = options.pool ? mv_remote_open(&remote, url, MV_REMOTE_READ, &options, err)
			  : MV_ENOMEM;
	if (!rc)
		rc = mv_repo_store(&store, repo, err);
	if (!rc)
		rc = mv_tx_begin(&tx, store, err);
	if (!rc)
		rc = mv_remote_fetch(remote, tx, oids, count, found, err);
	if (!rc) {
		rc = mv_tx_commit(tx, &stats->tx, err);
		tx = NULL;
	}
	for (size_t i = 0; !rc && i < count; i++) {
		stats->contents += found[i];
		stats->missing += !found[i];
	}
out:
	mv_tx_abort(tx);
	mv_remote_close(remote);
	free(url);
	free(found);
	return rc;
}

/* No remote named: ask all, the default one first. */
static int fetch_anywhere(struct mv_repo *repo, const struct mv_wanted_list *w,
			  struct mv_transfer_stats *stats, struct mv_err *err)
{
	uint8_t *before = calloc(2 * w->count + 1, 1);
	uint8_t *after = before + w->count;
	int rc = 0;

	if (!before)
		return mv_nomem(err);
	for (size_t i = 0; i < w->count; i++)
		before[i] = !mv_repo_has(repo, &w->p[i], NULL);
	rc = mv_repo_need_counted(repo, w->p, w->count, after, &stats->tx, err);
	for (size_t i = 0; !rc && i < w->count; i++) {
		stats->skipped += before[i];
		stats->contents += !before[i] && after[i];
		stats->missing += !after[i];
	}
	free(before);
	return rc;
}

/*
 * A name that nobody has (a branch, a revision) is no place to fetch from,
 * even when nothing has to come, and whatever else model.remote has. A URL or
 * a path is asked by those who fetch.
 */
static int check_remote(struct mv_repo *repo, const char *name,
			struct mv_err *err)
{
	const char *configured = NULL;
	char *url = NULL;
	int rc;

	if (!*name || *name == '-')
		return mv_fail(err, MV_EINVALID,
			       "'%s' is not the name of a remote", name);
	rc = configured_url(&configured, repo, name, err);
	if (!rc && !configured)
		rc = git_remote_urls(&url, repo, name, 0, err);
	free(url);
	return rc;
}

int mv_repo_fetch(struct mv_repo *repo, const char *remote,
		  const char *const *revs, struct mv_transfer_stats *stats,
		  struct mv_err *err)
{
	struct mv_wanted_list w = { NULL, 0, 0 };
	struct mv_oid *oids = NULL;
	uint8_t *here = NULL;
	size_t count = 0, still = 0, n;
	int rc;

	memset(stats, 0, sizeof(*stats));
	rc = remote ? check_remote(repo, remote, err) : 0;
	if (!rc && revs)
		rc = mv_repo_bring(repo, NULL, revs, err);
	if (!rc)
		rc = mv_wanted_find(&w, repo, revs, err);
	if (!remote) {
		if (!rc)
			rc = fetch_anywhere(repo, &w, stats, err);
		free(w.p);
		return rc;
	}
	n = mv_wanted_natives(&w);
	oids = calloc(n ? n : 1, sizeof(*oids));
	here = calloc(w.count + 1, 1);
	if (!rc && (!oids || !here))
		rc = mv_nomem(err);
	for (size_t i = 0; !rc && i < w.count; i++) {
		here[i] = !mv_repo_has(repo, &w.p[i], NULL);
		stats->skipped += here[i];
		if (!here[i] && i < n)
			oids[count++] = w.p[i].oid;
		else if (!here[i])
			stats->missing++;
	}
	if (!rc && stats->missing)
		rc = mv_repo_fetch_lfs(repo, remote, w.p + n, w.count - n,
				       here + n, err);
	for (size_t i = n; !rc && i < w.count; i++)
		still += !here[i];
	stats->contents = stats->missing - still;
	stats->missing = still;
	if (!rc && count)
		rc = fetch_natives(repo, remote, oids, count, stats, err);
	free(here);
	free(oids);
	free(w.p);
	return rc;
}
