/* SPDX-License-Identifier: MIT */
#include "libmv/base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/*
 * One mutex guards the queue and all groups: jobs are large (a chunk, a
 * file), so nobody waits for it. The queue is a ring of 2 * threads jobs.
 */
#define THREADS_MAX 1024

struct job {
	struct mv_group *group;
	mv_job_fn run;
	void (*skip)(void *arg);
	void *arg;
};

struct worker {
	struct mv_pool *pool;
	pthread_t thread;
	unsigned index;
};

struct mv_pool {
	pthread_mutex_t mutex;
	pthread_cond_t filled;		/* a job came, or the pool closes */
	pthread_cond_t drained;		/* there is room for a job again */
	struct worker *worker;
	unsigned threads;		/* asked for; started: `started` */
	unsigned started;
	struct job *ring;
	unsigned size, head, count;
	int closing;
};

struct mv_group {
	struct mv_pool *pool;
	pthread_cond_t idle;
	size_t unfinished;
	int failed;			/* the code of the first error, or 0 */
	struct mv_err err;
};

static void pool_finish(struct mv_group *group, int rc,
			const struct mv_err *err)
{
	if (rc && !group->failed) {
		group->failed = rc;
		group->err = *err;
	}
	if (!--group->unfinished)
		pthread_cond_broadcast(&group->idle);
}

static void run_one(struct mv_pool *pool, const struct job *job,
		    unsigned worker)
{
	struct mv_err err = { MV_OK, "" };
	int skip = job->group->failed;
	int rc = 0;

	pthread_mutex_unlock(&pool->mutex);
	if (!skip)
		rc = job->run(job->arg, worker, &err);
	else if (job->skip)
		job->skip(job->arg);
	pthread_mutex_lock(&pool->mutex);
	pool_finish(job->group, rc, &err);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct mv_pool *pool = w->pool;

	pthread_mutex_lock(&pool->mutex);
	for (;;) {
		struct job job;

		while (!pool->count && !pool->closing)
			pthread_cond_wait(&pool->filled, &pool->mutex);
		if (!pool->count)
			break;
		job = pool->ring[pool->head];
		pool->head = (pool->head + 1) % pool->size;
		pool->count--;
		pthread_cond_signal(&pool->drained);
		run_one(pool, &job, w->index);
	}
	pthread_mutex_unlock(&pool->mutex);
	return NULL;
}

static unsigned processors(void)
{
	cpu_set_t set;
	int n;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	n = CPU_COUNT(&set);
	return n > 0 ? (unsigned)n : 1;
}

/*
 * A signal handler of the program must not run in a worker. Those that
 * report a fault of the very thread stay open: blocked, they would kill
 * without a trace.
 */
static void block_signals(sigset_t *old)
{
	sigset_t all;

	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	pthread_sigmask(SIG_SETMASK, &all, old);
}

static int start(struct mv_pool *pool, struct mv_err *err)
{
	sigset_t old;
	int e = 0;

	block_signals(&old);
	while (pool->started < pool->threads) {
		struct worker *w = &pool->worker[pool->started];

		w->pool = pool;
		w->index = pool->started;
		e = pthread_create(&w->thread, NULL, work, w);
		if (e)
			break;
		pool->started++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return e ? mv_fail_errno(err, e, "cannot start a thread") : 0;
}

int mv_pool_new(struct mv_pool **out, unsigned threads, struct mv_err *err)
{
	struct mv_pool *pool;
	int rc;

	*out = NULL;
	if (!threads)
		threads = processors();
	if (threads > THREADS_MAX)
		threads = THREADS_MAX;
	pool = calloc(1, sizeof(*pool));
	if (!pool)
		return mv_nomem(err);
	pthread_mutex_init(&pool->mutex, NULL);
	pthread_cond_init(&pool->filled, NULL);
	pthread_cond_init(&pool->drained, NULL);
	pool->threads = threads;
	pool->size = 2 * threads;
	pool->worker = calloc(threads, sizeof(*pool->worker));
	pool->ring = calloc(pool->size, sizeof(*pool->ring));
	rc = pool->worker && pool->ring ? start(pool, err) : mv_nomem(err);
	if (rc < 0)
		mv_pool_free(pool);
	else
		*out = pool;
	return rc;
}

void mv_pool_free(struct mv_pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->mutex);
	pool->closing = 1;
	pthread_cond_broadcast(&pool->filled);
	pthread_mutex_unlock(&pool->mutex);
	for (unsigned i = 0; i < pool->started; i++)
		pthread_join(pool->worker[i].thread, NULL);
	pthread_cond_destroy(&pool->drained);
	pthread_cond_destroy(&pool->filled);
	pthread_mutex_destroy(&pool->mutex);
	free(pool->worker);
	free(pool->ring);
	free(pool);
}

unsigned mv_pool_threads(const struct mv_pool *pool)
{
	return pool->threads;
}

int mv_group_new(struct mv_group **out, struct mv_pool *pool,
		 struct mv_err *err)
{
	struct mv_group *group = calloc(1, sizeof(*group));

	*out = group;
	if (!group)
		return mv_nomem(err);
	group->pool = pool;
	pthread_cond_init(&group->idle, NULL);
	return 0;
}

void mv_group_submit(struct mv_group *group, mv_job_fn run,
		     void (*skip)(void *arg), void *arg)
{
	struct mv_pool *pool = group->pool;

	pthread_mutex_lock(&pool->mutex);
	group->unfinished++;
	while (pool->count == pool->size)
		pthread_cond_wait(&pool->drained, &pool->mutex);
	pool->ring[(pool->head + pool->count) % pool->size] =
		(struct job){ group, run, skip, arg };
	pool->count++;
	pthread_cond_signal(&pool->filled);
	pthread_mutex_unlock(&pool->mutex);
}

int mv_group_failed(struct mv_group *group)
{
	int failed;

	pthread_mutex_lock(&group->pool->mutex);
	failed = group->failed != 0;
	pthread_mutex_unlock(&group->pool->mutex);
	return failed;
}

int mv_group_wait(struct mv_group *group, struct mv_err *err)
{
	int rc;

	pthread_mutex_lock(&group->pool->mutex);
	while (group->unfinished)
		pthread_cond_wait(&group->idle, &group->pool->mutex);
	rc = group->failed;
	if (rc && err)
		*err = group->err;
	group->failed = 0;
	pthread_mutex_unlock(&group->pool->mutex);
	return rc;
}

void mv_group_free(struct mv_group *group)
{
	if (!group)
		return;
	mv_group_wait(group, NULL);
	pthread_cond_destroy(&group->idle);
	free(group);
}
