/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/config.h"
#include "libmv/base/statcache.h"
#include "libmv/base/words.h"
#include "libmv/git/config.h"
#include "libmv/git/git.h"
#include "libmv/repo/repo.h"
#include "libmv/repo/state.h"
#include "libmv/store/store.h"

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

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

/* -- opening -------------------------------------------------------------- */

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

static void add_once(mv_repo_end_fn *list, size_t room, mv_repo_end_fn fn)
{
	for (size_t i = 0; i < room; i++) {
		if (list[i] && list[i] != fn)
			continue;
		list[i] = fn;
		return;
	}
}

/* What was begun last ends first. */
static void call_all(struct mv_repo *repo, mv_repo_end_fn *list, size_t room)
{
	while (room--)
		if (list[room])
			list[room](repo);
}

void mv_repo_at_close(struct mv_repo *repo, mv_repo_end_fn fn)
{
	add_once(repo->at_close, COUNT(repo->at_close), fn);
}

void mv_repo_at_interrupt(struct mv_repo *repo, mv_repo_end_fn fn)
{
	add_once(repo->at_interrupt, COUNT(repo->at_interrupt), fn);
}

void mv_repo_interrupt(struct mv_repo *repo)
{
	/* Never given back: nobody may go on. */
	pthread_rwlock_wrlock(&repo->guard);
	call_all(repo, repo->at_interrupt, COUNT(repo->at_interrupt));
}

void mv_repo_close(struct mv_repo *repo)
{
	if (!repo)
		return;
	mv_git_hang_up(repo->git);
	call_all(repo, repo->at_close, COUNT(repo->at_close));
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
	va_list ap;

	va_start(ap, fmt);
	mv_vtell(repo->warn, repo->warn_payload, fmt, ap);
	va_end(ap);
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
