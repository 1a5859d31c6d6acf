/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/grow.h"
#include "libmv/format/format.h"
#include "libmv/git/config.h"
#include "libmv/git/files.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"
#include "libmv/repo/clients.h"
#include "libmv/repo/priv.h"
#include "libmv/repo/repo.h"
#include "libmv/repo/state.h"
#include "libmv/store/lfsdir.h"
#include "libmv/store/pointer.h"
#include "libmv/store/store.h"

/* Which store is ours, what is in it, and what alternates have. */

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
			return mv_fail(err, MV_EINVALID,
				       "configuration '%s' is "
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
		rc = shared ? mv_repo_store_was_seen(&seen, common_dir, dir,
						     err) :
			      mv_repo_store_is_away(&seen, common_dir, dir,
						    err);
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
	int rc = mv_repo_client_register(dir, common, &why);

	if (!rc)
		rc = mv_repo_store_note_seen(common, dir, &why);
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
		rc = mv_repo_client_name(w->owner, w->host, err);
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
		return rc ? rc : mv_repo_client_name(w->owner,
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
	if (!options.pool) {
		rc = err ? err->code : MV_ENOMEM;
		goto out;
	}
	rc = mv_store_open(&repo->store, w.dir, &options, err);
	if (!rc && w.shared)
		rc = register_client(repo, mv_store_dir(repo->store),
				     !!(flags & MV_STORE_CREATE), err);
	/* Who may not write there notes nothing, and may go on. */
	if (!rc && !w.shared)
		(void)mv_repo_store_note_apart(repo->info->common_dir, w.dir,
					       NULL);
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

int mv_repo_store_upgrade(struct mv_store **out, struct mv_repo *repo,
			  struct mv_err *err)
{
	int rc = repo->store ? 0 : open_store(repo, MV_STORE_UPGRADE, err);

	*out = repo->store;
	return rc;
}

static int add_lfs_dir(struct mv_repo *repo, char *dir, struct mv_err *err)
{
	char **added;

	if (!dir)
		return mv_nomem(err);
	added = MV_GROW_ONE(repo->lfs_dirs, repo->lfs_count, err);
	if (!added) {
		free(dir);
		return MV_ENOMEM;
	}
	*added = dir;
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
	struct mv_store *store = NULL, **added;
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
		added = MV_GROW_ONE(repo->alternates, repo->alternate_count,
				    err);
		if (!added) {
			mv_store_close(store);
			return MV_ENOMEM;
		}
		*added = store;
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
static int locate(struct mv_content_source *out, const struct mv_repo *repo,
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
int mv_repo_find(struct mv_content_source *out, struct mv_repo *repo,
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
	struct mv_content_source source;

	return pointer->size ? mv_repo_find(&source, repo, pointer, err) : 0;
}

int mv_repo_write_content(const struct mv_content_source *source,
			  const struct mv_pointer *pointer, struct mv_writer *out,
			  struct mv_err *err)
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
	struct mv_content_source source;
	int rc;

	if (!pointer->size)
		return 0;
	rc = locate(&source, repo, pointer, err);
	if (rc)
		return rc;
	if (source.store && parallel)
		return mv_store_restore(source.store, &pointer->oid, fd, path,
					err);
	rc = mv_repo_write_content(&source, pointer, &out, err);
	if (rc)
		mv_err_prefix(err, "cannot write '%s'", path);
	return rc;
}

int mv_repo_pointer_blob(char *hex, struct mv_repo *repo,
			 const struct mv_pointer *pointer, int write,
			 struct mv_err *err)
{
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, MV_POINTER_MAX);
	rc = mv_pointer_print(&text, pointer, err);
	if (!rc)
		rc = write ? mv_git_write_blob(hex, repo->git, text.data,
					       text.len, err) :
			     mv_git_blob_name(repo->git, hex, text.data,
					      text.len, err);
	mv_buf_release(&text);
	return rc;
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
