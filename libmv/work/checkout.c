/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "libmv/base/config.h"
#include "libmv/base/grow.h"
#include "libmv/base/statcache.h"
#include "libmv/base/worktree.h"
#include "libmv/git/config.h"
#include "libmv/git/files.h"
#include "libmv/git/objects.h"
#include "libmv/repo/repo.h"
#include "libmv/subject/subject.h"
#include "libmv/transfer/lfs.h"
#include "libmv/transfer/transfer.h"
#include "libmv/work/priv.h"

#define LARGE (1024u * 1024)		/* restored by all threads together */
#define BATCH_FILES 8192u
#define BATCH_BYTES ((uint64_t)4 << 30)
#define JOB_FILES 16u			/* small files in one job */
#define WARNINGS_MAX 20u
#define WHAT "Writing"

/*
 * One file on its way. A temporary exists while file.tmp is set; it is made,
 * renamed and removed under the repo's guard, so that whoever interrupts us
 * finds all of them.
 */
enum state { WAITING, READY, SKIPPED, FAILED, WRITTEN };
struct mv_repo_job {
	const struct mv_materialize *m;
	struct mv_wt_file file;
	enum state state;
	int in_index;
	struct stat st;			/* of what was WRITTEN */
	struct mv_err err;
};

struct written {
	const struct mv_materialize *m;
	struct stat st;
};

struct work {
	struct mv_repo *repo;
	struct mv_checkout_stats *stats;
	int rootfd;
	int lock_ms;
	unsigned warnings;
	uint64_t total;
	atomic_uint_fast64_t done;
	struct written *written;
	size_t written_count, written_alloc;
};

/* A few are of use to a person; thousands are not. */
static void complain(struct work *w, const char *path,
		     const struct mv_err *err)
{
	if (w->warnings++ < WARNINGS_MAX)
		mv_repo_warn(w->repo, "'%s' is left as a pointer: %s", path,
			     err->msg);
}

static void discard(struct work *w, struct mv_repo_job *job)
{
	pthread_rwlock_rdlock(&w->repo->guard);
	mv_wt_discard(&job->file);
	pthread_rwlock_unlock(&w->repo->guard);
}

/* -- is it still ours to write? ------------------------------------------- */

/*
 * (Called from the pool, too: mv_git_blob_name() is a pure function.)
 * Exactly the pointer that the index has, byte for byte: its blob name is
 * compared, so that pointers that others wrote in their own way count, too.
 */
static enum state expected(struct work *w, struct mv_repo_job *job)
{
	char text[MV_POINTER_MAX], blob[MV_OID_HEX + 1];
	size_t len;
	int rc;

	rc = mv_wt_current(&job->file, text, sizeof(text), &len, NULL,
			   &job->err);
	if (rc == MV_ENOENT)
		return job->m->absent_ok ? READY : SKIPPED;
	if (rc == MV_EDENIED || len >= sizeof(text))
		return SKIPPED;
	if (!rc)
		rc = mv_git_blob_name(w->repo->git, blob, text, len,
				      &job->err);
	if (rc)
		return FAILED;
	return strcmp(blob, job->m->blob) ? SKIPPED : READY;
}

/* Cheap, and before anything is fetched: could it be our pointer at all? */
static int may_be_expected(struct work *w, const struct mv_materialize *m)
{
	struct stat st;

	if (fstatat(w->rootfd, m->path, &st, AT_SYMLINK_NOFOLLOW))
		return (errno == ENOENT || errno == ENOTDIR) && m->absent_ok;
	return S_ISREG(st.st_mode) && st.st_size < MV_POINTER_MAX;
}

/* -- preparing: new files beside the old ones ----------------------------- */

static int is_small(const struct mv_repo_job *job)
{
	return job->m->pointer.size < LARGE;
}

static void restore(struct work *w, struct mv_repo_job *job, int parallel)
{
	const struct mv_pointer *p = &job->m->pointer;
	struct stat st;
	int rc;

	if (parallel) {
		w->repo->progress_base = atomic_load(&w->done);
		w->repo->progress_total = w->total;
	}
	rc = mv_repo_write_to(w->repo, p, job->file.fd, job->m->path, parallel,
			      &job->err);
	if (!rc && fstat(job->file.fd, &st))
		rc = mv_fail_errno(&job->err, errno, "cannot stat '%s'",
				   job->m->path);
	if (!rc && (uint64_t)st.st_size != p->size)
		rc = mv_fail(&job->err, MV_ECORRUPT, "its content has %lld "
			     "bytes, the pointer says %llu",
			     (long long)st.st_size,
			     (unsigned long long)p->size);
	if (rc)
		job->state = FAILED;
	mv_progress_update(w->repo->progress, WHAT,
			   atomic_fetch_add(&w->done, p->size) + p->size,
			   w->total);
}

/* The new file; with its bytes already, if they are few. */
static void prepare(struct work *w, struct mv_repo_job *job)
{
	const struct mv_materialize *m = job->m;
	struct stat st;
	int executable = m->executable;
	int rc;

	if (executable < 0)
		executable = !fstatat(w->rootfd, m->path, &st,
				      AT_SYMLINK_NOFOLLOW) &&
			     st.st_mode & S_IXUSR;
	pthread_rwlock_rdlock(&w->repo->guard);
	rc = mv_wt_replace(&job->file, w->rootfd, m->path, executable,
			   m->absent_ok, &job->err);
	pthread_rwlock_unlock(&w->repo->guard);
	if (rc) {
		job->state = FAILED;
		return;
	}
	job->state = expected(w, job);
	if (job->state != READY)
		discard(w, job);
	else if (is_small(job))
		restore(w, job, 0);
}

/* Rename; the caller holds the guard and the index lock. */
static void put_in_place(struct work *w, struct mv_repo_job *job)
{
	if (job->state != READY)
		return;
	job->state = expected(w, job);
	if (job->state != READY)
		mv_wt_discard(&job->file);
	else if (mv_wt_commit(&job->file, &job->st, &job->err))
		job->state = FAILED;
	else
		job->state = WRITTEN;
}

/* -- many at once --------------------------------------------------------- */

struct bundle {
	struct work *w;
	struct mv_repo_job *jobs;
	size_t count;
	void (*step)(struct work *w, struct mv_repo_job *job);
};

/* One file's failure is its own: never that of the group. */
static int run_bundle(void *arg, unsigned worker, struct mv_err *err)
{
	struct bundle *b = arg;

	(void)worker;
	(void)err;
	for (size_t i = 0; i < b->count; i++)
		b->step(b->w, &b->jobs[i]);
	free(b);
	return 0;
}

static int each_job(struct work *w, struct mv_repo_job *jobs, size_t count,
		    void (*step)(struct work *w, struct mv_repo_job *job),
		    struct mv_err *err)
{
	struct mv_pool *pool = mv_repo_pool(w->repo, err);
	struct mv_group *group = NULL;
	struct bundle *b;
	int rc;

	if (!pool)
		return MV_ENOMEM;
	rc = mv_group_new(&group, pool, err);
	for (size_t i = 0; !rc && i < count; i += JOB_FILES) {
		b = malloc(sizeof(*b));
		if (!b) {
			rc = mv_nomem(err);
			break;
		}
		b->w = w;
		b->jobs = jobs + i;
		b->count = count - i < JOB_FILES ? count - i : JOB_FILES;
		b->step = step;
		mv_group_submit(group, run_bundle, free, b);
	}
	if (group && !rc)
		rc = mv_group_wait(group, err);
	mv_group_free(group);
	return rc;
}

/* -- putting them in place, under the index lock -------------------------- */

/*
 * Waits without the guard, so that an interrupt need not wait for us; both
 * are held on success.
 */
static int lock_index(struct mv_git_patch **out, struct work *w,
		      struct mv_err *err)
{
	const struct timespec pause = { 0, 20 * 1000 * 1000 };
	int rc;

	for (int waited = 0;; waited += 20) {
		pthread_rwlock_rdlock(&w->repo->guard);
		rc = mv_git_patch_open(out, w->repo->git, 0, err);
		if (!rc)
			return 0;
		pthread_rwlock_unlock(&w->repo->guard);
		if (rc != MV_EBUSY || waited >= w->lock_ms)
			return rc;
		nanosleep(&pause, NULL);
	}
}

/* Losing one loses only time. */
static void note_written(struct work *w, const struct mv_repo_job *job)
{
	if (MV_GROW(w->written, w->written_alloc, w->written_count + 1, NULL))
		return;
	w->written[w->written_count].m = job->m;
	w->written[w->written_count++].st = job->st;
}

static int put_all_in_place(struct work *w, struct mv_repo_job *jobs,
			    size_t count, struct mv_err *err)
{
	struct mv_git_patch *patch = NULL;
	struct mv_err patch_err;
	int patched = 0, rc = lock_index(&patch, w, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < count; i++)
		jobs[i].in_index = jobs[i].state == READY &&
				   !mv_git_patch_set(patch, jobs[i].m->path,
						     jobs[i].m->blob, NULL, 0,
						     NULL);
	rc = each_job(w, jobs, count, put_in_place, err);
	for (size_t i = 0; i < count; i++) {
		if (jobs[i].state != WRITTEN)
			continue;
		w->stats->files++;
		w->stats->bytes += jobs[i].m->pointer.size;
		note_written(w, &jobs[i]);
		if (jobs[i].in_index)
			mv_git_patch_set(patch, jobs[i].m->path,
					 jobs[i].m->blob, &jobs[i].st, 0,
					 NULL);
	}
	patched = !mv_git_patch_commit(patch, &patch_err);
	mv_git_patch_close(patch);
	pthread_rwlock_unlock(&w->repo->guard);
	if (!patched)
		mv_repo_warn(w->repo, "the index could not be updated: %s; git "
			     "will show these files as modified until "
			     "`git model add` has seen them", patch_err.msg);
	return rc;
}

/* -- one batch ------------------------------------------------------------ */

/*
 * Prepare first, lock late: the index is locked for as long as some renames
 * take, not for as long as the bytes take.
 */
static int run_batch(struct work *w, struct mv_repo_job *jobs, size_t count,
		     struct mv_err *err)
{
	size_t ready = 0;
	int rc = each_job(w, jobs, count, prepare, err);

	for (size_t i = 0; !rc && i < count; i++) {
		if (jobs[i].state == READY && !is_small(&jobs[i]))
			restore(w, &jobs[i], 1);
		ready += jobs[i].state == READY;
	}
	if (ready && !rc)
		rc = put_all_in_place(w, jobs, count, err);
	for (size_t i = 0; i < count; i++) {
		discard(w, &jobs[i]);
		if (jobs[i].state == FAILED) {
			w->stats->failed++;
			complain(w, jobs[i].m->path, &jobs[i].err);
		}
		w->stats->skipped += jobs[i].state == SKIPPED;
	}
	return rc;
}

/* Two descriptors a file, and some for everybody else. */
static size_t batch_files(void)
{
	struct rlimit limit;
	size_t files = 64;

	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur > 256)
		files = ((size_t)limit.rlim_cur - 128) / 2;
	return files < BATCH_FILES ? files : BATCH_FILES;
}

static void remove_temporaries(struct mv_repo *repo)
{
	for (size_t i = 0; i < repo->job_count; i++)
		if (repo->jobs[i].file.tmp)
			unlinkat(repo->jobs[i].file.dirfd,
				 repo->jobs[i].file.tmp, 0);
}

static void set_jobs(struct mv_repo *repo, struct mv_repo_job *jobs,
		     size_t count)
{
	pthread_rwlock_rdlock(&repo->guard);
	mv_repo_at_interrupt(repo, remove_temporaries);
	repo->jobs = jobs;
	repo->job_count = count;
	pthread_rwlock_unlock(&repo->guard);
}

static int run_batches(struct work *w, const struct mv_materialize *m,
		       const uint8_t *wanted, size_t count, struct mv_err *err)
{
	const struct mv_wt_file none = MV_WT_FILE_INIT;
	const size_t most = batch_files();
	struct mv_repo_job *jobs = calloc(most, sizeof(*jobs));
	uint64_t bytes;
	size_t n, i = 0;
	int rc = 0;

	if (!jobs)
		return mv_nomem(err);
	while (!rc && i < count) {
		bytes = 0;
		for (n = 0; i < count && n < most && bytes < BATCH_BYTES; i++) {
			if (!wanted[i])
				continue;
			jobs[n].m = &m[i];
			jobs[n].file = none;
			jobs[n].state = WAITING;
			jobs[n++].err.code = MV_OK;
			bytes += m[i].pointer.size;
		}
		set_jobs(w->repo, jobs, n);
		rc = run_batch(w, jobs, n, err);
		set_jobs(w->repo, NULL, 0);
	}
	free(jobs);
	return rc;
}

/* -- until git may believe it --------------------------------------------- */

/*
 * What was written in this second could be written again without its stamps
 * showing that. So git reads such a file once more, and the stat cache does
 * not know it; unless that takes longer than waiting for the next second.
 * What still has the stamps that we gave it then is what we wrote.
 */
static int is_settled(struct work *w, const struct written *x,
		      const struct mv_fs_clock *clock)
{
	struct stat st;

	return !fstatat(w->rootfd, x->m->path, &st, AT_SYMLINK_NOFOLLOW) &&
	       mv_repo_same_stat(&st, &x->st) && mv_is_quiet(&st, clock) &&
	       /* Where only seconds are kept, they do not show it. */
	       st.st_mtim.tv_nsec;
}

/* Whatever goes wrong here costs git a look at the file. */
static void checkout_settle(struct work *w)
{
	struct mv_statcache *cache = NULL;
	struct mv_git_patch *patch;
	struct mv_fs_clock clock;
	uint64_t bytes = 0;

	for (size_t i = 0; i < w->written_count; i++)
		bytes += w->written[i].m->pointer.size;
	if (!bytes || !mv_repo_outwait(w->repo, bytes) ||
	    lock_index(&patch, w, NULL))
		return;
	mv_repo_clock(&clock, w->repo);
	mv_repo_cache(&cache, w->repo, NULL);
	for (size_t i = 0; i < w->written_count; i++) {
		const struct written *x = &w->written[i];

		if (!is_settled(w, x, &clock))
			continue;
		if (cache)
			mv_statcache_put(cache, x->m->path, &x->st,
					 &x->m->pointer.oid, &clock);
		mv_git_patch_set(patch, x->m->path, x->m->blob, &x->st, 1,
				 NULL);
	}
	mv_git_patch_vouch(patch, mv_work_vouch, w->repo);
	(void)mv_git_patch_commit(patch, NULL);
	mv_git_patch_close(patch);
	pthread_rwlock_unlock(&w->repo->guard);
}

/* -- the verb ------------------------------------------------------------- */

static int lock_timeout(int *ms, struct mv_repo *repo, struct mv_err *err)
{
	const char *text;
	int64_t seconds = 5;
	int rc = mv_git_config(&text, repo->git, "model.locktimeout", err);

	if (rc)
		return rc;
	if (text && (rc = mv_parse_duration(&seconds, text, err))) {
		mv_err_prefix(err, "configuration 'model.lockTimeout'");
		return rc;
	}
	*ms = seconds > 3600 ? 3600 * 1000 : (int)seconds * 1000;
	return 0;
}

/* Temporaries of processes that were killed lie beside what they wrote. */
static void sweep(struct work *w, const struct mv_materialize *m, size_t count)
{
	const char *last = NULL, *slash;
	size_t len, last_len = 0;

	for (size_t i = 0; i < count; i++) {
		slash = strrchr(m[i].path, '/');
		len = slash ? (size_t)(slash - m[i].path) : 0;
		if (last && len == last_len && !memcmp(last, m[i].path, len))
			continue;
		mv_wt_sweep(w->rootfd, m[i].path);
		last = m[i].path;
		last_len = len;
	}
}

#define TMP_LINE ".git-model-*.tmp\n"

/*
 * So that `git add -A` passes over what a killed process leaves: a line in
 * info/exclude, which is this repository's own. Who cannot write there, or has
 * a file that is no list of patterns, goes without.
 */
static void hide_temporaries(struct mv_repo *repo)
{
	char *dir = mv_path_join(repo->info->common_dir, "info");
	char *path = dir ? mv_path_join(dir, "exclude") : NULL;
	struct mv_buf text;
	struct stat st;
	int fd, there, rc;

	mv_buf_init(&text, 1024 * 1024);
	rc = path ? mv_read_file(&text, path, NULL) : MV_ENOMEM;
	there = !rc && strstr(text.data, TMP_LINE);
	if ((!rc || rc == MV_ENOENT) && !there && !mv_mkdirs(dir, NULL) &&
	    (lstat(path, &st) || S_ISREG(st.st_mode)) &&
	    (fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
		       O_NOFOLLOW, 0666)) >= 0) {
		const char *line = !rc && text.len &&
				   text.data[text.len - 1] != '\n' ?
					   "\n" TMP_LINE : TMP_LINE;

		(void)mv_write_full(fd, line, strlen(line), path, NULL);
		close(fd);
	}
	mv_buf_release(&text);
	free(path);
	free(dir);
}

/* Which of them have to be written, and can be? */
static int checkout_choose(uint8_t *wanted, struct work *w,
			   const struct mv_materialize *m, size_t count,
			   struct mv_err *err)
{
	struct mv_pointer *pointers = calloc(count, sizeof(*pointers));
	uint8_t *present = calloc(count, 1);
	size_t n = 0;
	int rc = pointers && present ? 0 : mv_nomem(err);

	for (size_t i = 0; !rc && i < count; i++) {
		wanted[i] = (uint8_t)(may_be_expected(w, &m[i]) &&
				      !m[i].pointer.extended);
		w->stats->skipped += !wanted[i];
		if (wanted[i])
			pointers[n++] = m[i].pointer;
	}
	if (!rc)
		rc = mv_transfer_need(w->repo, pointers, n, present, err);
	n = 0;
	for (size_t i = 0; !rc && i < count; i++) {
		if (!wanted[i])
			continue;
		wanted[i] = present[n++];
		w->stats->missing += !wanted[i];
		if (wanted[i])
			w->total += m[i].pointer.size;
	}
	free(pointers);
	free(present);
	return rc;
}

int mv_work_materialize(struct mv_repo *repo, const struct mv_materialize *m,
			size_t count, struct mv_checkout_stats *stats,
			struct mv_err *err)
{
	struct mv_checkout_stats own = { 0 };
	struct work w = { .repo = repo, .stats = stats ? stats : &own };
	uint8_t *wanted = NULL;
	struct mv_err local;
	int rc;

	if (!count)
		return 0;
	rc = mv_repo_root(&w.rootfd, repo, err);
	if (!rc)
		rc = lock_timeout(&w.lock_ms, repo, err);
	if (!rc && !(wanted = calloc(count, 1)))
		rc = mv_nomem(err);
	if (!rc) {
		hide_temporaries(repo);
		sweep(&w, m, count);
		rc = checkout_choose(wanted, &w, m, count, err);
	}
	if (!rc)
		rc = run_batches(&w, m, wanted, count, err ? err : &local);
	if (!rc)
		checkout_settle(&w);
	if (w.warnings > WARNINGS_MAX)
		mv_repo_warn(repo, "%u more files are left as pointers",
			     w.warnings - WARNINGS_MAX);
	free(w.written);
	free(wanted);
	return rc;
}

/* -- checkout ------------------------------------------------------------- */

struct listing {
	struct mv_repo *repo;
	struct mv_checkout_stats *stats;
	struct mv_materialize *m;
	size_t count, alloc, others;
	int rootfd, force;
	int named;			/* these paths, by a person */
};

/* The pointer in the work tree, if it is the one of the index. */
static int pointer_on_disk(struct mv_pointer *out, struct listing *l,
			   const struct mv_git_entry *e, struct mv_err *err)
{
	char text[MV_POINTER_MAX], blob[MV_OID_HEX + 1];
	struct mv_reader r;
	struct stat st;
	size_t len = 0;
	int fd, rc;

	rc = mv_wt_open_read(&fd, &st, l->rootfd, e->path, err);
	if (rc)
		return rc;
	r = mv_reader_fd(&fd);
	rc = mv_read_full(&r, text, sizeof(text), &len, err);
	close(fd);
	if (rc)
		mv_err_prefix(err, "cannot read '%s'", e->path);
	if (!rc && len == sizeof(text))
		return MV_ENOENT;
	if (!rc)
		rc = mv_git_blob_name(l->repo->git, blob, text, len, err);
	if (rc)
		return rc;
	if (strcmp(blob, e->blob))
		return MV_ENOENT;
	return mv_pointer_parse(out, text, len, NULL);
}

static int pointer_in_git(struct mv_pointer *out, struct listing *l,
			  const struct mv_git_entry *e, struct mv_err *err)
{
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, MV_POINTER_MAX - 1);
	rc = mv_git_read_blob(l->repo->git, e->blob, &text, NULL, err);
	if (rc == MV_ENOMEM)	/* too long for one */
		rc = MV_ENOENT;
	if (!rc && !text.len)
		mv_pointer_of_empty(out, MV_DIALECT_NATIVE);
	else if (!rc)
		rc = mv_pointer_parse(out, text.data, text.len, err);
	mv_buf_release(&text);
	return rc;
}

static int add_job(struct listing *l, const struct mv_git_entry *e,
		   const struct mv_pointer *pointer, int absent)
{
	struct mv_materialize *m;

	if (MV_GROW(l->m, l->alloc, l->count + 1, NULL))
		return -1;
	m = &l->m[l->count];
	memset(m, 0, sizeof(*m));
	m->path = strdup(e->path);
	m->blob = strdup(e->blob);
	m->pointer = *pointer;
	m->executable = e->mode == 0100755;
	m->absent_ok = absent;
	l->count++;
	return m->path && m->blob ? 0 : -1;
}

static int look_at(void *payload, const struct mv_git_entry *e,
		   struct mv_err *err)
{
	struct listing *l = payload;
	struct mv_pointer pointer;
	struct stat st;
	int absent, rc;

	if (e->stage || e->skip_worktree || !S_ISREG(e->mode))
		return 0;
	absent = fstatat(l->rootfd, e->path, &st, AT_SYMLINK_NOFOLLOW) &&
		 (errno == ENOENT || errno == ENOTDIR);
	if (absent && l->force)
		rc = pointer_in_git(&pointer, l, e, err);
	else if (!absent && S_ISREG(st.st_mode) && st.st_size &&
		 st.st_size < MV_POINTER_MAX)
		rc = pointer_on_disk(&pointer, l, e, err);
	else
		rc = MV_ENOENT;
	if (rc == MV_ENOMEM || rc == MV_EIO)
		return rc;
	if (!rc && !l->named && pointer.dialect == MV_DIALECT_LFS) {
		int wanted;

		rc = mv_transfer_lfs_wants(&wanted, l->repo, e->path, err);
		if (rc)
			return rc;
		rc = wanted ? 0 : MV_ENOENT;
	}
	if (rc) {
		l->stats->skipped++;
		l->others += !absent;
		return 0;
	}
	return add_job(l, e, &pointer, absent) ? mv_nomem(err) : 0;
}

int mv_work_checkout(struct mv_repo *repo, const char *const *pathspecs,
		     unsigned flags, struct mv_checkout_stats *stats,
		     struct mv_err *err)
{
	struct mv_checkout_stats own = { 0 };
	struct listing l = { .repo = repo, .stats = stats ? stats : &own };
	int lock_ms, rc;

	memset(l.stats, 0, sizeof(*l.stats));
	l.force = !!(flags & MV_CHECKOUT_FORCE);
	l.named = pathspecs && *pathspecs;
	rc = mv_repo_root(&l.rootfd, repo, err);
	if (!rc)
		rc = mv_subject_check_named(repo, pathspecs, !l.force, err);
	if (!rc)
		rc = mv_git_ls(repo->git, MV_GIT_LS_CACHED |
			       MV_GIT_LS_FILTERED | MV_GIT_LS_TYPED,
			       pathspecs, look_at, &l, err);
	if (!rc)
		rc = mv_work_materialize(repo, l.m, l.count, l.stats, err);
	if (!rc && l.others)
		rc = lock_timeout(&lock_ms, repo, err);
	if (!rc && l.others)
		rc = mv_work_mend(repo, lock_ms, err);
	if (!rc)
		mv_repo_cache_save(repo);
	/* What is still away is no file of ours. */
	if (!rc && l.force && !l.stats->missing && !l.stats->failed)
		rc = mv_subject_check_named(repo, pathspecs, 1, err);
	for (size_t i = 0; i < l.count; i++) {
		free((char *)(uintptr_t)l.m[i].path);
		free((char *)(uintptr_t)l.m[i].blob);
	}
	free(l.m);
	return rc;
}
