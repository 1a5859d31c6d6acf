/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/fs.h"
#include "libmv/meta/meta.h"
#include "libmv/remote/remote.h"
#include "libmv/repo-internal.h"
#include "libmv/store/lfsdir.h"

/*
 * Which store goes with which git remote, and moving content there and back.
 *
 * A git remote that is a path on this machine needs no configuration: its
 * store is <its common dir>/model, or what model.store in its own
 * configuration says. Its Git LFS objects are in <its common dir>/lfs.
 */

/* -- where a git remote is ------------------------------------------------- */

/* The path of "file:///x" or of a plain path; NULL for anything with a host.
   "host:path" is one unless a slash comes before the colon, as in git. */
static char *local_path(struct mv_repo *repo, const char *url)
{
	const char *colon, *slash;
	const char *top = repo->info->work_tree ? repo->info->work_tree
						: repo->info->git_dir;

	if (!strncmp(url, "file://", 7))
		return url[7] == '/' ? strdup(url + 7) : NULL;
	if (url[0] == '/')
		return strdup(url);
	colon = strchr(url, ':');
	slash = strchr(url, '/');
	if (colon && (!slash || colon < slash))
		return NULL;
	return mv_path_join(top, url);
}

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

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char *candidate = mv_strf("%s%s", path, suffixes[i]);
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

/* What `git remote get-url` ends with then. */
#define NO_SUCH_REMOTE 2

/* It knows insteadOf; a name may also be a URL itself. */
static int git_remote_url(char **out, struct mv_repo *repo, const char *name,
			  struct mv_err *err)
{
	const char *args[] = { "remote", "get-url", "--", name, NULL };
	struct mv_buf text;
	int rc, status;

	if (strchr(name, '/') || strchr(name, ':')) {
		*out = strdup(name);
		return *out ? 0 : mv_nomem(err);
	}
	mv_buf_init(&text, 64 * 1024);
	rc = mv_git_ask(&status, repo->git, args, NO_SUCH_REMOTE, &text, err);
	if (!rc && status == NO_SUCH_REMOTE) {
		rc = mv_fail(err, MV_ENOENT, "there is no remote '%s'", name);
	} else if (!rc && status) {
		rc = mv_fail(err, MV_EIO, "git remote get-url failed with "
			     "exit code %d", status);
	} else if (!rc) {
		while (text.len && text.data[text.len - 1] == '\n')
			text.data[--text.len] = '\0';
		*out = mv_buf_detach(&text);
		if (!*out)
			rc = mv_nomem(err);
	}
	mv_buf_release(&text);
	return rc;
}

int mv_repo_remote_git_dir(char **out, struct mv_repo *repo, const char *name,
			   struct mv_err *err)
{
	char *url = NULL, *path = NULL;
	int rc = git_remote_url(&url, repo, name, err);

	if (rc)
		return rc;
	path = local_path(repo, url);
	*out = path ? git_dir_at(path) : NULL;
	if (!*out)
		rc = mv_fail(err, MV_ENOENT,
			     "git remote '%s' is not a path on this machine: say where its content goes with 'git model remote add %s PATH'",
			     name, name);
	free(path);
	free(url);
	return rc;
}

/*
 * What that repository's own configuration calls its store. One that cannot
 * be asked has not said that it is the usual one: content would be put where
 * nobody looks for it.
 */
static int store_of(char **store, struct mv_repo *repo, const char *git_dir,
		    struct mv_err *err)
{
	char *config = mv_path_join(git_dir, "config");
	const char *args[] = { "config", "--file", config, "--get",
			       "model.store", NULL };
	struct mv_buf text;
	int status, rc;

	mv_buf_init(&text, 64 * 1024);
	rc = config ? mv_git_ask(&status, repo->git, args, 1, &text, err) :
		      mv_nomem(err);
	while (!rc && text.len && text.data[text.len - 1] == '\n')
		text.data[--text.len] = '\0';
	if (!rc)
		*store = text.data[0] == '/' ? strdup(text.data) :
			 mv_path_join(git_dir, text.len ? text.data : "model");
	mv_buf_release(&text);
	free(config);
	return rc ? rc : *store ? 0 : mv_nomem(err);
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

int mv_repo_remote_url(char **out, struct mv_repo *repo, const char *name,
		       struct mv_err *err)
{
	const char *url, *fallback;
	char *git_dir;
	int rc = mv_git_config(&fallback, repo->git, "model.remote", err);

	if (!rc)
		rc = choose_remote(&name, repo, name, err);
	if (rc)
		return rc;
	if (name[0] == '-')
		return mv_fail(err, MV_EINVALID,
			       "'%s' is not the name of a remote", name);
	rc = find_url(&url, repo, name, fallback, err);
	if (rc)
		return rc;
	if (url) {
		*out = local_path(repo, url);
		if (!*out)
			*out = strdup(url);
		return *out ? 0 : mv_nomem(err);
	}
	rc = mv_repo_remote_git_dir(&git_dir, repo, name, err);
	if (rc)
		return rc;
	rc = store_of(out, repo, git_dir, err);
	free(git_dir);
	return rc;
}

/* -- which contents -------------------------------------------------------- */

struct wanted {
	struct mv_pointer *p;
	size_t count, alloc;
};

static int by_pointer(const void *a, const void *b)
{
	const struct mv_pointer *x = a, *y = b;

	if (x->dialect != y->dialect)
		return x->dialect < y->dialect ? -1 : 1;
	return mv_oid_cmp(&x->oid, &y->oid);
}

/* Sort, natives first, and drop doubles. */
static void settle(struct wanted *w)
{
	size_t n = 0;

	if (w->count)
		qsort(w->p, w->count, sizeof(*w->p), by_pointer);
	for (size_t i = 0; i < w->count; i++)
		if (!n || by_pointer(&w->p[n - 1], &w->p[i]))
			w->p[n++] = w->p[i];
	w->count = n;
}

static int want(struct wanted *w, const struct mv_pointer *p,
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
	return want(payload, &p, err);
}

static int want_file(void *payload, const struct mv_file *file,
		     struct mv_err *err)
{
	struct mv_buf text;
	int rc;

	if (file->state == MV_FILE_RAW || file->state == MV_FILE_CONFLICT)
		return 0;
	mv_buf_init(&text, MV_POINTER_MAX);
	rc = mv_pointer_print(&text, &file->pointer, err);
	if (!rc)
		rc = want_blob(payload, file->blob, file->path, text.data,
			       text.len, err);
	mv_buf_release(&text);
	return rc;
}

static int find_wanted(struct wanted *w, struct mv_repo *repo,
		       const char *const *revs, struct mv_err *err)
{
	int rc;

	if (revs)
		rc = mv_git_each_small_blob(repo->git, revs,
					    MV_POINTER_MAX - 1, want_blob, w,
					    err);
	else
		rc = mv_repo_ls(repo, NULL, want_file, w, err);
	settle(w);
	return rc;
}

static size_t natives(const struct wanted *w)
{
	size_t n = 0;

	while (n < w->count && w->p[n].dialect == MV_DIALECT_NATIVE)
		n++;
	return n;
}

/* -- Git LFS objects, file by file ------------------------------------------ */

struct pipe_state {
	struct mv_repo *repo;
	const char *from;		/* an lfs directory, or NULL: the repo */
	const struct mv_pointer *pointer;
	uint64_t pos;
};

static int pipe_read(void *payload, void *data, size_t len, size_t *got,
		     struct mv_err *err)
{
	struct pipe_state *s = payload;
	int rc;

	rc = s->from ? mv_lfsdir_read_at(s->from, &s->pointer->oid, s->pos,
					 data, len, got, err)
		     : mv_repo_read_at(s->repo, s->pointer, s->pos, data, len,
				       got, err);
	if (!rc)
		s->pos += *got;
	return rc;
}

/* put() hashes what arrives; a wrong hash leaves nothing behind the oid. */
static int copy_lfs(struct mv_repo *repo, const char *to, const char *from,
		    const struct mv_pointer *p, struct mv_err *err)
{
	struct pipe_state state = { repo, from, p, 0 };
	struct mv_reader in = { pipe_read, &state };
	struct mv_oid oid;
	uint64_t size;
	int rc = mv_lfsdir_put(&oid, &size, to, &in, err);

	if (!rc && !mv_oid_eq(&oid, &p->oid))
		rc = mv_fail(err, MV_ECORRUPT,
			     "a Git LFS object arrived with other bytes than its name says");
	return rc;
}

static int push_lfs(struct mv_repo *repo, const char *remote,
		    const struct wanted *w, size_t first,
		    struct mv_transfer_stats *stats, struct mv_err *err)
{
	char *git_dir = NULL, *to;
	int rc;

	if (first == w->count)
		return 0;
	rc = choose_remote(&remote, repo, remote, err);
	if (!rc)
		rc = mv_repo_remote_git_dir(&git_dir, repo, remote, err);
	if (rc == MV_ENOENT) {
		/* git-lfs and its server look after those. */
		stats->skipped += w->count - first;
		return 0;
	}
	if (rc)
		return rc;
	to = mv_path_join(git_dir, "lfs");
	for (size_t i = first; to && !rc && i < w->count; i++) {
		if (!mv_lfsdir_has(to, &w->p[i].oid, NULL, NULL)) {
			stats->skipped++;
		} else if (mv_repo_has(repo, &w->p[i], NULL)) {
			stats->missing++;
		} else {
			rc = copy_lfs(repo, to, NULL, &w->p[i], err);
			stats->contents += !rc;
		}
	}
	if (!to)
		rc = mv_nomem(err);
	free(to);
	free(git_dir);
	return rc;
}

int mv_repo_fetch_lfs(struct mv_repo *repo, const char *remote,
		      const struct mv_pointer *p, struct mv_err *err)
{
	char *git_dir = NULL, *from;
	const char *to;
	int rc;

	rc = choose_remote(&remote, repo, remote, err);
	if (!rc)
		rc = mv_repo_remote_git_dir(&git_dir, repo, remote, err);
	if (rc)
		return rc;
	from = mv_path_join(git_dir, "lfs");
	rc = from ? mv_lfsdir_has(from, &p->oid, NULL, err) : mv_nomem(err);
	if (!rc)
		rc = mv_repo_lfs_dir(&to, repo, err);
	if (!rc)
		rc = copy_lfs(repo, to, from, p, err);
	free(from);
	free(git_dir);
	return rc;
}

/* -- push -------------------------------------------------------------------- */

/* Those of `has` == 0 that are here; the others are counted as missing. */
static int choose_uploads(struct mv_oid *oids, size_t *count,
			  struct mv_repo *repo, const struct wanted *w,
			  size_t n, const uint8_t *has, int lenient,
			  struct mv_transfer_stats *stats, struct mv_err *err)
{
	char hex[MV_OID_HEX + 1];
	int first_missing = -1, allow = 0, rc;

	*count = 0;
	for (size_t i = 0; i < n; i++) {
		if (has[i]) {
			stats->skipped++;
			continue;
		}
		rc = mv_repo_has(repo, &w->p[i], err);
		if (rc && rc != MV_ENOENT && rc != MV_ECORRUPT)
			return rc;
		if (rc) {
			stats->missing++;
			first_missing = first_missing < 0 ? (int)i
							  : first_missing;
		} else {
			oids[(*count)++] = w->p[i].oid;
		}
	}
	if (!stats->missing || lenient)
		return 0;
	rc = mv_git_config_bool(&allow, repo->git, "model.allowincompletepush",
				0, err);
	if (rc || allow)
		return rc;
	return mv_fail(err, MV_ENOENT,
		       "%llu contents are neither here nor at the remote, the first is %s; 'git model fetch' from where they are, or set model.allowIncompletePush",
		       (unsigned long long)stats->missing,
		       mv_oid_hex(hex, &w->p[first_missing].oid));
}

/* Contents may come from borrowed stores: bring them into ours first. */
static int gather(struct mv_store **out, struct mv_repo *repo,
		  const struct mv_oid *oids, size_t count, struct mv_err *err)
{
	struct mv_tx *tx = NULL;
	int rc = mv_repo_store(out, repo, err);

	for (size_t i = 0; !rc && i < repo->alternate_count; i++) {
		rc = mv_tx_begin(&tx, *out, err);
		if (!rc)
			rc = mv_tx_copy(tx, repo->alternates[i], oids, count,
					NULL, err);
		if (rc)
			mv_tx_abort(tx);
		else
			rc = mv_tx_commit(tx, NULL, err);
	}
	return rc;
}

static int push_natives(struct mv_repo *repo, const char *remote_name,
			const struct wanted *w, size_t n, int lenient,
			struct mv_transfer_stats *stats, struct mv_err *err)
{
	struct mv_store_options options = { .progress = repo->progress };
	struct mv_remote *remote = NULL;
	struct mv_oid *oids = NULL, *up = NULL;
	struct mv_store *store;
	uint8_t *has = NULL;
	char *url = NULL;
	size_t count;
	int rc;

	rc = mv_repo_remote_url(&url, repo, remote_name, err);
	if (rc)
		return rc;
	options.pool = mv_repo_pool(repo, err);
	oids = calloc(n, sizeof(*oids));
	up = calloc(n, sizeof(*up));
	has = calloc(n, 1);
	if (!options.pool || !oids || !up || !has) {
		rc = mv_nomem(err);
		goto out;
	}
	for (size_t i = 0; i < n; i++)
		oids[i] = w->p[i].oid;
	rc = mv_remote_open(&remote, url, 1, &options, err);
	if (!rc)
		rc = mv_remote_has(remote, oids, n, has, err);
	if (!rc)
		rc = choose_uploads(up, &count, repo, w, n, has, lenient,
				    stats, err);
	if (!rc && count) {
		rc = gather(&store, repo, up, count, err);
		if (!rc)
			rc = mv_remote_push(remote, store, up, count,
					    &stats->tx, err);
		if (!rc)
			stats->contents += count;
	}
out:
	mv_remote_close(remote);
	free(has);
	free(up);
	free(oids);
	free(url);
	return rc;
}

int mv_repo_push_revs(struct mv_repo *repo, const char *remote,
		      const char *const *revs,
		      struct mv_transfer_stats *stats, struct mv_err *err)
{
	struct wanted w = { NULL, 0, 0 };
	size_t n;
	int rc;

	memset(stats, 0, sizeof(*stats));
	rc = find_wanted(&w, repo, revs, err);
	n = natives(&w);
	if (!rc && n)
		rc = push_natives(repo, remote, &w, n, 0, stats, err);
	if (!rc)
		rc = push_lfs(repo, remote, &w, n, stats, err);
	free(w.p);
	return rc;
}

/* -- what records have attached ----------------------------------------------- */

static int want_attached(void *payload, const char *role,
			 const struct mv_pointer *pointer, struct mv_err *err)
{
	(void)role;
	return want(payload, pointer, err);
}

static void add_stats(struct mv_transfer_stats *to,
		      const struct mv_transfer_stats *s)
{
	to->contents += s->contents;
	to->skipped += s->skipped;
	to->tx.contents += s->tx.contents;
	to->tx.logical += s->tx.logical;
	to->tx.new_chunks += s->tx.new_chunks;
	to->tx.new_raw += s->tx.new_raw;
	to->tx.new_stored += s->tx.new_stored;
}

/*
 * Curves and lists that are missing make a record poorer, not wrong, and may
 * be somebody else's: nobody is kept from pushing for them.
 */
void mv_repo_push_attached(struct mv_repo *repo, const char *remote,
			   const char *since,
			   struct mv_transfer_stats *stats)
{
	struct mv_transfer_stats own = { 0 };
	struct wanted w = { NULL, 0, 0 };
	struct mv_err why;
	int rc;

	rc = mv_repo_each_attached(repo->git, MV_NOTES_REF, since,
				   want_attached, &w, &why);
	settle(&w);
	if (!rc && w.count)
		rc = push_natives(repo, remote, &w, w.count, 1, &own, &why);
	if (rc)
		mv_repo_warn(repo, "what records have attached was not "
			     "uploaded: %s", why.msg);
	else if (own.missing)
		mv_repo_warn(repo, "%llu content%s that records have attached "
			     "%s neither here nor at the remote",
			     (unsigned long long)own.missing,
			     own.missing == 1 ? "" : "s",
			     own.missing == 1 ? "is" : "are");
	if (!rc)
		add_stats(stats, &own);
	free(w.p);
}

int mv_repo_push(struct mv_repo *repo, const char *remote,
		 const char *const *revs, struct mv_transfer_stats *stats,
		 struct mv_err *err)
{
	int rc = mv_repo_push_revs(repo, remote, revs, stats, err);

	if (!rc)
		mv_repo_push_attached(repo, remote, NULL, stats);
	return rc;
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
	rc = options.pool ? mv_remote_open(&remote, url, 0, &options, err)
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
static int fetch_anywhere(struct mv_repo *repo, const struct wanted *w,
			  struct mv_transfer_stats *stats, struct mv_err *err)
{
	uint8_t *before = calloc(2 * w->count + 1, 1);
	uint8_t *after = before + w->count;
	int rc = 0;

	if (!before)
		return mv_nomem(err);
	for (size_t i = 0; i < w->count; i++)
		before[i] = !mv_repo_has(repo, &w->p[i], NULL);
	rc = mv_repo_need(repo, w->p, w->count, after, err);
	for (size_t i = 0; !rc && i < w->count; i++) {
		stats->skipped += before[i];
		stats->contents += !before[i] && after[i];
		stats->missing += !after[i];
	}
	free(before);
	return rc;
}

int mv_repo_fetch(struct mv_repo *repo, const char *remote,
		  const char *const *revs, struct mv_transfer_stats *stats,
		  struct mv_err *err)
{
	struct wanted w = { NULL, 0, 0 };
	struct mv_oid *oids = NULL;
	size_t count = 0, n;
	int rc;

	memset(stats, 0, sizeof(*stats));
	rc = find_wanted(&w, repo, revs, err);
	if (!remote) {
		if (!rc)
			rc = fetch_anywhere(repo, &w, stats, err);
		free(w.p);
		return rc;
	}
	n = natives(&w);
	oids = calloc(n ? n : 1, sizeof(*oids));
	if (!rc && !oids)
		rc = mv_nomem(err);
	for (size_t i = 0; !rc && i < w.count; i++) {
		if (!mv_repo_has(repo, &w.p[i], NULL))
			stats->skipped++;
		else if (i < n)
			oids[count++] = w.p[i].oid;
		else if (mv_repo_fetch_lfs(repo, remote, &w.p[i], NULL))
			stats->missing++;
		else
			stats->contents++;
	}
	if (!rc && count)
		rc = fetch_natives(repo, remote, oids, count, stats, err);
	free(oids);
	free(w.p);
	return rc;
}
