/* SPDX-License-Identifier: MIT */
#include "libmv/repo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/config.h"
#include "libmv/base/fs.h"
#include "libmv/base/words.h"
#include "libmv/format/format.h"
#include "libmv/remote/remote.h"
#include "libmv/repo-clients.h"
#include "libmv/repo-internal.h"
#include "libmv/repo-lfs.h"
#include "libmv/repo-transfer.h"
#include "libmv/store/lfsdir.h"

/*
 * The store knows of one content only. Writing into the work tree, it is
 * one of many: the bytes of those before are added. Storing is counted by
 * those who read the files.
 */
static void part_of_whole(void *payload, const char *what, uint64_t done,
			  uint64_t total)
{
	const struct mv_repo *repo = payload;

	if (!strcmp(what, "Storing"))
		return;
	if (!strcmp(what, "Writing") && repo->progress_total) {
		done += repo->progress_base;
		total = repo->progress_total;
	}
	mv_progress_update(repo->progress, what, done, total);
}

/* -- opening --------------------------------------------------------------- */

int mv_repo_open(struct mv_repo **out, const struct mv_repo_options *options,
		 struct mv_err *err)
{
	struct mv_repo *repo = calloc(1, sizeof(*repo));
	int rc;

	*out = NULL;
	if (!repo)
		return mv_nomem(err);
	repo->root_fd = -1;
	pthread_rwlock_init(&repo->guard, NULL);
	pthread_mutex_init(&repo->clock_lock, NULL);
	repo->env = options->env;
	repo->progress = options->progress;
	repo->warn = options->warn;
	repo->warn_payload = options->warn_payload;
	repo->threads = options->threads;
	repo->attended = options->attended;
	repo->store_progress.update = part_of_whole;
	repo->store_progress.payload = repo;
	rc = options->reads ?
	     mv_git_open_to_read(&repo->git, options->dir, &repo->env, err) :
	     mv_git_open(&repo->git, options->dir, &repo->env, err);
	if (rc) {
		pthread_rwlock_destroy(&repo->guard);
		pthread_mutex_destroy(&repo->clock_lock);
		free(repo);
		return rc;
	}
	repo->info = mv_git_info(repo->git);
	*out = repo;
	return 0;
}

void mv_repo_close(struct mv_repo *repo)
{
	if (!repo)
		return;
	mv_git_hang_up(repo->git);
	mv_repo_filter_release(repo);
	mv_repo_team_release(repo);
	mv_repo_projects_release(repo);
	mv_repo_moment_release(repo);
	mv_repo_lfs_release(repo);
	mv_statcache_close(repo->cache);
	for (size_t i = 0; i < repo->alternate_count; i++)
		mv_store_close(repo->alternates[i]);
	for (size_t i = 0; i < repo->lfs_count; i++)
		free(repo->lfs_dirs[i]);
	free(repo->alternates);
	free(repo->lfs_dirs);
	mv_store_close(repo->store);
	mv_pool_free(repo->pool);
	if (repo->root_fd >= 0)
		close(repo->root_fd);
	mv_git_close(repo->git);
	pthread_rwlock_destroy(&repo->guard);
	pthread_mutex_destroy(&repo->clock_lock);
	free(repo);
}

struct mv_git *mv_repo_git(struct mv_repo *repo)
{
	return repo->git;
}

void mv_repo_warn(struct mv_repo *repo, const char *fmt, ...)
{
	char message[2048];
	va_list ap;

	if (!repo->warn)
		return;
	va_start(ap, fmt);
	mv_vwords(message, sizeof(message), fmt, ap);
	va_end(ap);
	repo->warn(repo->warn_payload, message);
}

int mv_repo_config_size(uint64_t *out, struct mv_repo *repo, const char *key,
			uint64_t otherwise, struct mv_err *err)
{
	const char *text;
	int rc = mv_git_config(&text, repo->git, key, err);

	*out = otherwise;
	if (rc || !text)
		return rc;
	rc = mv_parse_size(out, text, err);
	if (rc)
		mv_err_prefix(err, "configuration '%s'", key);
	return rc;
}

#define LIMIT_MAX_S (7 * 24 * 3600)

/* A duration of the configuration, in ms, within an int. */
static int config_ms(int *ms, struct mv_repo *repo, const char *key,
		     int64_t otherwise_s, struct mv_err *err)
{
	int64_t seconds = otherwise_s;
	const char *text;
	int rc = mv_git_config(&text, repo->git, key, err);

	if (!rc && text) {
		rc = mv_parse_duration(&seconds, text, err);
		if (rc)
			mv_err_prefix(err, "configuration '%s'", key);
	}
	*ms = seconds > LIMIT_MAX_S ? LIMIT_MAX_S * 1000 : (int)seconds * 1000;
	return rc;
}

int mv_repo_program_limit(int *ms, struct mv_repo *repo, struct mv_err *err)
{
	return config_ms(ms, repo, "model.programtimeout", 60, err);
}

int mv_repo_sign_limit(int *ms, struct mv_repo *repo, struct mv_err *err)
{
	*ms = 0;
	return repo->attended ? 0 :
	       config_ms(ms, repo, "model.signtimeout", 600, err);
}

int mv_repo_fetch_limit(int *ms, struct mv_repo *repo, struct mv_err *err)
{
	return config_ms(ms, repo, "model.fetchtimeout", 3600, err);
}

int mv_repo_talk(struct mv_repo *repo, const char *const *args,
		 struct mv_buf *out, struct mv_err *err)
{
	int limit;
	int rc = config_ms(&limit, repo, "model.remotetimeout", 600, err);

	if (rc)
		return rc;
	mv_git_limit(repo->git, limit);
	rc = mv_git_run(repo->git, args, NULL, 0, out, err);
	mv_git_limit(repo->git, 0);
	if (rc == MV_EBUSY)
		mv_err_prefix(err, "git %s", args[0]);
	return rc;
}

struct mv_pool *mv_repo_pool(struct mv_repo *repo, struct mv_err *err)
{
	uint64_t threads = repo->threads;

	if (repo->pool)
		return repo->pool;
	if (!threads && mv_repo_config_size(&threads, repo, "model.threads", 0,
					    err))
		return NULL;
	if (threads > 1024)
		threads = 1024;
	if (mv_pool_new(&repo->pool, (unsigned)threads, err))
		return NULL;
	return repo->pool;
}

int mv_repo_root(int *fd, struct mv_repo *repo, struct mv_err *err)
{
	const char *top = repo->info->work_tree;

	if (!top)
		return mv_fail(err, MV_EINVALID,
			       "this needs a work tree, but '%s' is bare",
			       repo->info->git_dir);
	if (repo->root_fd < 0)
		repo->root_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (repo->root_fd < 0)
		return mv_fail_errno(err, errno, "cannot open '%s'", top);
	*fd = repo->root_fd;
	return 0;
}

int mv_repo_cache(struct mv_statcache **out, struct mv_repo *repo,
		  struct mv_err *err)
{
	char *path;
	int rc = 0;

	if (!repo->cache) {
		path = mv_path_join(repo->info->git_dir, "model-stat");
		rc = path ? mv_statcache_open(&repo->cache, path, err) :
			    mv_nomem(err);
		free(path);
	}
	*out = repo->cache;
	return rc;
}

void mv_repo_cache_save(struct mv_repo *repo)
{
	if (repo->cache)
		mv_statcache_save(repo->cache, NULL);
}

/* -- where is the store? ---------------------------------------------------- */

static const char *home_of(const struct mv_repo *repo)
{
	for (char *const *e = repo->env.env; e && *e; e++)
		if (!strncmp(*e, "HOME=", 5))
			return *e + 5;
	return NULL;
}

int mv_repo_expand_path(char **out, struct mv_repo *repo,
			const char *common_dir, const char *key,
			const char *path, struct mv_err *err)
{
	const char *home;

	if (path[0] == '~' && (path[1] == '/' || !path[1])) {
		home = home_of(repo);
		if (!home || !*home)
			return mv_fail(err, MV_EINVALID, "configuration '%s' is "
				       "'%s', but HOME is not set", key, path);
		*out = mv_strf("%s%s", home, path + 1);
	} else if (path[0] == '/') {
		*out = strdup(path);
	} else if (!*path) {
		return mv_fail(err, MV_EINVALID, "configuration '%s' is empty",
			       key);
	} else {
		*out = mv_path_join(common_dir, path);
	}
	return *out ? 0 : mv_nomem(err);
}

static int expand_path(char **out, struct mv_repo *repo, const char *key,
		       const char *path, struct mv_err *err)
{
	return mv_repo_expand_path(out, repo, repo->info->common_dir, key,
				   path, err);
}

/*
 * A store outside of the repository that was there and is not now is on a disk
 * that is away: another one in its place would hide it for good. So is one in
 * the repository whose folder is a mount point or a link.
 */
static int check_seen(const char *common_dir, const char *dir, int shared,
		      struct mv_err *err)
{
	char *format = mv_path_join(dir, "format");
	int seen = 0, rc = format ? 0 : mv_nomem(err);

	if (!rc && access(format, F_OK))
		rc = shared ? mv_store_was_seen(&seen, common_dir, dir, err) :
			      mv_store_is_away(&seen, common_dir, dir, err);
	if (!rc && seen)
		rc = mv_fail(err, MV_EDENIED, "the store '%s' was there before "
			     "and is not now: is its disk mounted? If it is "
			     "gone for good, remove '%s/" MV_STORE_SEEN "'",
			     dir, common_dir);
	free(format);
	return rc;
}

/* Who only reads may be somebody who may not write there. */
static int register_client(struct mv_repo *repo, const char *dir, int writes,
			   struct mv_err *err)
{
	const char *common = repo->info->common_dir;
	struct mv_err why;
	int rc = mv_client_register(dir, common, &why);

	if (!rc)
		rc = mv_store_note_seen(common, dir, &why);
	if (!rc || !writes)
		return 0;
	return mv_fail(err, rc, "%s", why.msg);
}

/* Where it is, and whose: `shared` with others, who know us as a client. */
struct where {
	char *dir;
	char *host;	/* common directory of who has it for us, or NULL */
	int shared;
	char owner[MV_OWNER_HEX + 1];	/* of what we write, or "" */
};

static int find_hosted(struct where *w, struct mv_repo *repo,
		       struct mv_err *err)
{
	size_t len = strlen(w->host);
	int rc = mv_repo_store_of(&w->dir, repo, w->host, err);

	w->shared = 1;
	/* Its own folder's store has packs without a word. */
	if (!rc && (strncmp(w->dir, w->host, len) ||
		    strcmp(w->dir + len, "/model")))
		rc = mv_client_name(w->owner, w->host, err);
	return rc;
}

static int find_store(struct where *w, struct mv_repo *repo,
		      struct mv_err *err)
{
	const char *named;
	int rc = mv_git_config(&named, repo->git, "model.store", err);

	memset(w, 0, sizeof(*w));
	if (!rc && named) {
		w->shared = 1;
		rc = expand_path(&w->dir, repo, "model.store", named, err);
		return rc ? rc : mv_client_name(w->owner,
						repo->info->common_dir, err);
	}
	if (!rc)
		rc = mv_repo_host(&w->host, repo, repo->info->common_dir,
				  repo->info->work_tree, err);
	if (!rc && w->host)
		return find_hosted(w, repo, err);
	if (!rc && !(w->dir = mv_path_join(repo->info->common_dir, "model")))
		rc = mv_nomem(err);
	return rc;
}

static int prepare_new(struct mv_store_options *options,
		       const struct where *w, struct mv_repo *repo,
		       struct mv_err *err)
{
	int rc = w->host ? mv_repo_share_of(&options->share, repo, w->host,
					    err) :
			   mv_repo_share(&options->share, repo, err);

	return rc ? rc : check_seen(w->host ? w->host : repo->info->common_dir,
				    w->dir, w->shared, err);
}

static int open_store(struct mv_repo *repo, unsigned flags, struct mv_err *err)
{
	struct mv_store_options options = { 0 };
	struct where w;
	int rc = find_store(&w, repo, err);

	options.flags = flags;
	if (!rc && flags & MV_STORE_CREATE)
		rc = prepare_new(&options, &w, repo, err);
	if (*w.owner)
		options.owner = w.owner;
	if (rc)
		goto out;
	options.plan = mv_format_runs;
	options.progress = &repo->store_progress;
	/* Threads cost nothing when there turns out to be no store. */
	if (!(flags & MV_STORE_CREATE) && access(w.dir, F_OK)) {
		rc = mv_fail(err, MV_ENOENT, "there is no store at '%s'",
			     w.dir);
		goto out;
	}
	options.pool = mv_repo_pool(repo, err);
	rc = options.pool ? mv_store_open(&repo->store, w.dir, &options, err) :
			    (err ? err->code : MV_ENOMEM);
	if (!rc && w.shared)
		rc = register_client(repo, mv_store_dir(repo->store),
				     !!(flags & MV_STORE_CREATE), err);
	/* Who may not write there notes nothing, and may go on. */
	if (!rc && !w.shared)
		(void)mv_store_note_apart(repo->info->common_dir, w.dir, NULL);
	if (rc && repo->store) {
		mv_store_close(repo->store);
		repo->store = NULL;
	}
out:
	free(w.host);
	free(w.dir);
	return rc;
}

int mv_repo_store(struct mv_store **out, struct mv_repo *repo,
		  struct mv_err *err)
{
	int rc = repo->store ? 0 : open_store(repo, MV_STORE_CREATE, err);

	*out = repo->store;
	return rc;
}

int mv_repo_store_if_any(struct mv_store **out, struct mv_repo *repo,
			 struct mv_err *err)
{
	int rc = repo->store ? 0 : open_store(repo, 0, err);

	*out = repo->store;
	return rc;
}

int mv_repo_store_mend(struct mv_store **out, struct mv_repo *repo,
		       struct mv_err *err)
{
	int rc = repo->store ? 0 : open_store(repo, MV_STORE_MEND, err);

	*out = repo->store;
	return rc;
}

/* -- what can be borrowed ---------------------------------------------------- */

static int add_lfs_dir(struct mv_repo *repo, char *dir, struct mv_err *err)
{
	char **grown;

	if (!dir)
		return mv_nomem(err);
	grown = realloc(repo->lfs_dirs, (repo->lfs_count + 1) * sizeof(*grown));
	if (!grown) {
		free(dir);
		return mv_nomem(err);
	}
	grown[repo->lfs_count++] = dir;
	repo->lfs_dirs = grown;
	return 0;
}

int mv_repo_lfs_dir(const char **out, struct mv_repo *repo, struct mv_err *err)
{
	const char *storage;
	char *dir = NULL;
	int rc = 0;

	if (!repo->lfs_count) {
		rc = mv_git_config(&storage, repo->git, "lfs.storage", err);
		if (!rc && storage && *storage)
			rc = expand_path(&dir, repo, "lfs.storage", storage,
					 err);
		else if (!rc)
			dir = mv_path_join(repo->info->common_dir, "lfs");
		if (!rc)
			rc = add_lfs_dir(repo, dir, err);
	}
	*out = rc ? NULL : repo->lfs_dirs[0];
	return rc;
}

static int add_alternate(void *payload, const char *objects_dir,
			 struct mv_err *err)
{
	struct mv_repo *repo = payload;
	struct mv_store_options options = { 0 };
	struct mv_store *store = NULL, **grown;
	struct mv_err local;
	char *dir = mv_strf("%s/../model", objects_dir);
	int rc;

	if (!dir)
		return mv_nomem(err);
	options.flags = MV_STORE_READ_ONLY;
	options.progress = &repo->store_progress;
	options.pool = mv_repo_pool(repo, err);
	rc = options.pool ? mv_store_open(&store, dir, &options, &local) :
			    MV_ENOMEM;
	if (rc && rc != MV_ENOENT && options.pool)
		mv_repo_warn(repo, "not borrowing from '%s': %s", dir,
			     local.msg);
	free(dir);
	if (!options.pool)
		return rc;
	if (store) {
		grown = realloc(repo->alternates, (repo->alternate_count + 1) *
						  sizeof(struct mv_store *));
		if (!grown) {
			mv_store_close(store);
			return mv_nomem(err);
		}
		repo->alternates = grown;
		repo->alternates[repo->alternate_count++] = store;
	}
	return add_lfs_dir(repo, mv_strf("%s/../lfs", objects_dir), err);
}

/* Asked at the first miss only: most repositories never get here. */
static int know_alternates(struct mv_repo *repo, struct mv_err *err)
{
	const char *own;
	int rc;

	if (repo->alternates_known)
		return 0;
	rc = mv_repo_lfs_dir(&own, repo, err);
	if (!rc)
		rc = mv_git_each_alternate(repo->git, add_alternate, repo, err);
	repo->alternates_known = !rc;
	return rc;
}

/* -- content ----------------------------------------------------------------- */

/* Where a content was found: one of the two. */
struct source {
	struct mv_store *store;
	const char *lfs_dir;
};

static int check_size(const struct mv_pointer *pointer, uint64_t size,
		      struct mv_err *err)
{
	char hex[MV_OID_HEX + 1];

	if (pointer->size == UINT64_MAX || pointer->size == size)
		return 0;
	return mv_fail(err, MV_ECORRUPT, "the pointer says that content %s has "
		       "%llu bytes, but it has %llu",
		       mv_oid_hex(hex, &pointer->oid),
		       (unsigned long long)pointer->size,
		       (unsigned long long)size);
}

/* Look where we know to look already; does not change `repo`. */
static int locate(struct source *out, const struct mv_repo *repo,
		  const struct mv_pointer *pointer, struct mv_err *err)
{
	char hex[MV_OID_HEX + 1];
	uint64_t size;
	int rc = MV_ENOENT;

	out->store = NULL;
	out->lfs_dir = NULL;
	if (pointer->dialect == MV_DIALECT_LFS)
		for (size_t i = 0; i < repo->lfs_count; i++) {
			rc = mv_lfsdir_has(repo->lfs_dirs[i], &pointer->oid,
					   &size, err);
			if (rc == MV_ENOENT)
				continue;
			out->lfs_dir = repo->lfs_dirs[i];
			return rc ? rc : check_size(pointer, size, err);
		}
	for (size_t i = 0; i <= repo->alternate_count; i++) {
		out->store = i ? repo->alternates[i - 1] : repo->store;
		if (!out->store)
			continue;
		rc = mv_store_has(out->store, &pointer->oid, &size, err);
		if (rc != MV_ENOENT)
			return rc ? rc : check_size(pointer, size, err);
	}
	out->store = NULL;
	return mv_fail(err, MV_ENOENT, "content %s is not here",
		       mv_oid_hex(hex, &pointer->oid));
}

/* The same, opening what may hold it. */
static int find(struct source *out, struct mv_repo *repo,
		const struct mv_pointer *pointer, struct mv_err *err)
{
	struct mv_store *store;
	const char *lfs;
	int rc = mv_repo_store_if_any(&store, repo, err);

	if (rc && rc != MV_ENOENT)
		return rc;
	if (pointer->dialect == MV_DIALECT_LFS) {
		rc = mv_repo_lfs_dir(&lfs, repo, err);
		if (rc)
			return rc;
	}
	rc = locate(out, repo, pointer, err);
	if (rc != MV_ENOENT || repo->alternates_known)
		return rc;
	rc = know_alternates(repo, err);
	return rc ? rc : locate(out, repo, pointer, err);
}

int mv_repo_has(struct mv_repo *repo, const struct mv_pointer *pointer,
		struct mv_err *err)
{
	struct source source;

	return pointer->size ? find(&source, repo, pointer, err) : 0;
}

static int write_source(const struct source *source,
			const struct mv_pointer *pointer,
			struct mv_writer *out, struct mv_err *err)
{
	if (source->lfs_dir)
		return mv_lfsdir_read(source->lfs_dir, &pointer->oid, out, err);
	return mv_store_read(source->store, &pointer->oid, out, err);
}

int mv_repo_write_to(struct mv_repo *repo, const struct mv_pointer *pointer,
		     int fd, const char *path, int parallel,
		     struct mv_err *err)
{
	struct mv_writer out = mv_writer_fd(&fd);
	struct source source;
	int rc;

	if (!pointer->size)
		return 0;
	rc = locate(&source, repo, pointer, err);
	if (rc)
		return rc;
	if (source.store && parallel)
		return mv_store_restore(source.store, &pointer->oid, fd, path,
					err);
	rc = write_source(&source, pointer, &out, err);
	if (rc)
		mv_err_prefix(err, "cannot write '%s'", path);
	return rc;
}

/* -- fetching what is missing -------------------------------------------------- */

static int fetch_from(struct mv_repo *repo, const char *url,
		      const struct mv_oid *oids, size_t count,
		      struct mv_tx_stats *stats, struct mv_err *err)
{
	struct mv_store_options options = { 0 };
	struct mv_remote *remote = NULL;
	struct mv_tx_stats got = { 0 };
	struct mv_store *store;
	struct mv_tx *tx = NULL;
	int rc;

	options.pool = mv_repo_pool(repo, err);
	if (!options.pool)
		return MV_ENOMEM;
	rc = mv_remote_open(&remote, url, MV_REMOTE_READ, &options, err);
	if (!rc)
		rc = mv_repo_store(&store, repo, err);
	if (!rc)
		rc = mv_tx_begin(&tx, store, err);
	if (!rc)
		rc = mv_remote_fetch(remote, tx, oids, count, NULL, err);
	if (!rc) {
		rc = mv_tx_commit(tx, &got, err);
		tx = NULL;
	}
	if (!rc && stats)
		mv_tx_stats_add(stats, &got);
	mv_tx_abort(tx);
	mv_remote_close(remote);
	return rc;
}

/* A content that is here, but not as the pointer says, is not present. */
static int look(struct mv_repo *repo, const struct mv_pointer *pointer,
		uint8_t *present, struct mv_err *err)
{
	int rc = mv_repo_has(repo, pointer, err);

	*present = !rc;
	if (rc == MV_ECORRUPT && err)
		mv_repo_warn(repo, "%s", err->msg);
	return rc == MV_ENOENT || rc == MV_ECORRUPT ? 0 : rc;
}

static int fetch_missing(struct mv_repo *repo,
			 const struct mv_pointer *pointers, size_t count,
			 uint8_t *present, struct mv_tx_stats *stats,
			 struct mv_err *err)
{
	struct mv_sources urls = { NULL, 0 };
	struct mv_oid *oids = NULL;
	struct mv_err local;
	size_t missing;
	int rc;

	rc = mv_repo_sources(&urls, repo, err);
	if (!rc && urls.count && !(oids = calloc(count, sizeof(*oids))))
		rc = mv_nomem(err);
	for (size_t u = 0; !rc && u < urls.count; u++) {
		missing = 0;
		for (size_t i = 0; i < count; i++)
			if (!present[i])
				oids[missing++] = pointers[i].oid;
		if (!missing)
			break;
		rc = fetch_from(repo, urls.url[u], oids, missing, stats,
				&local);
		if (rc && rc != MV_ENOENT)
			mv_repo_warn(repo, "cannot fetch from '%s': %s",
				     urls.url[u], local.msg);
		rc = 0;
		for (size_t i = 0; !rc && i < count; i++)
			if (!present[i])
				rc = look(repo, &pointers[i], &present[i], err);
	}
	free(oids);
	mv_sources_release(&urls);
	return rc;
}

int mv_repo_need(struct mv_repo *repo, const struct mv_pointer *pointers,
		 size_t count, uint8_t *present, struct mv_err *err)
{
	return mv_repo_need_counted(repo, pointers, count, present, NULL, err);
}

int mv_repo_need_counted(struct mv_repo *repo,
			 const struct mv_pointer *pointers, size_t count,
			 uint8_t *present, struct mv_tx_stats *stats,
			 struct mv_err *err)
{
	struct mv_err local;
	uint8_t *seen = present;
	size_t missing = 0;
	int rc = 0;

	if (!err)
		err = &local;
	if (!seen && count && !(seen = calloc(count, 1)))
		return mv_nomem(err);
	for (size_t i = 0; !rc && i < count; i++) {
		rc = look(repo, &pointers[i], &seen[i], err);
		missing += !seen[i];
	}
	if (!rc && missing)
		rc = fetch_missing(repo, pointers, count, seen, stats, err);
	if (!rc && missing)
		rc = mv_repo_fetch_lfs(repo, NULL, pointers, count, seen, err);
	if (seen != present)
		free(seen);
	return rc;
}

static int ask_remote(struct mv_repo *repo, const char *url,
		      const struct mv_oid *oids, size_t count, uint8_t *has,
		      struct mv_err *err)
{
	struct mv_store_options options = { 0 };
	struct mv_remote *remote = NULL;
	int rc;

	options.pool = mv_repo_pool(repo, err);
	if (!options.pool)
		return MV_ENOMEM;
	rc = mv_remote_open(&remote, url, MV_REMOTE_READ, &options, err);
	if (!rc)
		rc = mv_remote_has(remote, oids, count, has, err);
	mv_remote_close(remote);
	return rc;
}

int mv_repo_elsewhere(struct mv_repo *repo, const struct mv_pointer *pointers,
		      size_t count, uint8_t *elsewhere, struct mv_err *err)
{
	struct mv_sources urls = { NULL, 0 };
	struct mv_oid *oids = calloc(count + 1, sizeof(*oids));
	uint8_t *has = calloc(count + 1, 1);
	int rc = oids && has ? 0 : mv_nomem(err);

	for (size_t i = 0; !rc && i < count; i++)
		oids[i] = pointers[i].oid;
	if (!rc)
		rc = mv_repo_sources(&urls, repo, err);
	for (size_t u = 0; !rc && u < urls.count; u++) {
		if (ask_remote(repo, urls.url[u], oids, count, has, NULL))
			continue;
		for (size_t i = 0; i < count; i++)
			elsewhere[i] |= has[i];
	}
	mv_sources_release(&urls);
	free(oids);
	free(has);
	return rc;
}

/* find(), fetching when it must. */
static int find_or_fetch(struct source *out, struct mv_repo *repo,
			 const struct mv_pointer *pointer, struct mv_err *err)
{
	char hex[MV_OID_HEX + 1];
	uint8_t present = 0;
	int rc = find(out, repo, pointer, err);

	if (rc != MV_ENOENT)
		return rc;
	rc = mv_repo_need(repo, pointer, 1, &present, err);
	if (!rc && present)
		return find(out, repo, pointer, err);
	if (rc)
		return rc;
	return mv_fail(err, MV_ENOENT, "content %s is not in the store, nor in "
		       "what it borrows from, nor at a remote that answers; "
		       "`git model remote` shows where it is looked for, "
		       "`git model fetch` gets what is missing",
		       mv_oid_hex(hex, &pointer->oid));
}

/* git-lfs makes the file of such a pointer by a program of the user's. */
static int refuse_extended(const struct mv_pointer *pointer,
			   struct mv_err *err)
{
	if (!pointer->extended)
		return 0;
	return mv_fail(err, MV_EINVALID, "this is a pointer of a Git LFS "
		       "extension, and what is stored is not the file; `git "
		       "lfs smudge` makes it");
}

int mv_repo_read(struct mv_repo *repo, const struct mv_pointer *pointer,
		 struct mv_writer *out, struct mv_err *err)
{
	struct source source;
	int rc;

	if (!pointer->size)
		return 0;
	rc = refuse_extended(pointer, err);
	if (!rc)
		rc = find_or_fetch(&source, repo, pointer, err);
	return rc ? rc : write_source(&source, pointer, out, err);
}

int mv_repo_read_at(struct mv_repo *repo, const struct mv_pointer *pointer,
		    uint64_t off, void *data, size_t len, size_t *got,
		    struct mv_err *err)
{
	struct source source;
	int rc;

	*got = 0;
	if (!pointer->size)
		return 0;
	rc = refuse_extended(pointer, err);
	if (!rc)
		rc = find_or_fetch(&source, repo, pointer, err);
	/* A part proves nothing: the whole object is looked at, once. */
	if (!rc && source.lfs_dir)
		rc = mv_repo_lfs_verify(repo, source.lfs_dir, &pointer->oid,
					err);
	if (rc)
		return rc;
	if (source.lfs_dir)
		return mv_lfsdir_read_at(source.lfs_dir, &pointer->oid, off,
					 data, len, got, err);
	return mv_store_read_at(source.store, &pointer->oid, off, data, len,
				got, err);
}

/* -- names of content ------------------------------------------------------------ */

/* The size of a content known by oid only; UINT64_MAX when it is not here. */
static int size_of(struct mv_pointer *pointer, struct mv_repo *repo,
		   struct mv_err *err)
{
	struct source source;
	int rc;

	pointer->size = UINT64_MAX;
	rc = find(&source, repo, pointer, err);
	if (rc == MV_ENOENT) {
		/* Perhaps git-lfs has it. */
		pointer->dialect = MV_DIALECT_LFS;
		rc = find(&source, repo, pointer, err);
	}
	if (rc == MV_ENOENT) {
		pointer->dialect = MV_DIALECT_NATIVE;
		return 0;
	}
	if (rc)
		return rc;
	if (source.lfs_dir)
		return mv_lfsdir_has(source.lfs_dir, &pointer->oid,
				     &pointer->size, err);
	return mv_store_has(source.store, &pointer->oid, &pointer->size, err);
}

int mv_repo_resolve(struct mv_pointer *out, struct mv_repo *repo,
		    const char *spec, struct mv_err *err)
{
	const char *hex = spec;
	struct mv_err local;
	struct mv_buf text;
	int rc;

	if (!strncmp(hex, "sha256:", 7))
		hex += 7;
	memset(out, 0, sizeof(*out));
	if (strlen(hex) == MV_OID_HEX &&
	    !mv_oid_parse(&out->oid, hex, MV_OID_HEX)) {
		out->canonical = 1;
		return size_of(out, repo, err);
	}
	mv_buf_init(&text, MV_POINTER_MAX - 1);
	rc = mv_git_read_blob(repo->git, spec, &text, NULL, &local);
	if (!rc && !text.len)
		mv_pointer_of_empty(out, MV_DIALECT_NATIVE);
	else if (!rc)
		rc = mv_pointer_parse(out, text.data, text.len, &local);
	else if (rc == MV_ENOENT)
		goto fail;
	if (rc == MV_ENOENT || rc == MV_ENOMEM)
		rc = mv_fail(&local, MV_EINVALID, "'%s' is not a pointer: git "
			     "holds the bytes themselves", spec);
fail:
	if (rc)
		rc = mv_fail(err, rc, "%s", local.msg);
	mv_buf_release(&text);
	return rc;
}
