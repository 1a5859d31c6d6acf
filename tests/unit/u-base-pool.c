/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "libmv/base/pool.h"

/* Jobs run in workers, where cmocka's assertions must not: they only note. */
struct seen {
	atomic_int run, skipped, bad;
	atomic_int open;		/* 0: jobs wait at the gate */
	atomic_int submitted;
	int order[100];
};

static struct mv_pool *pool_of(unsigned threads)
{
	struct mv_pool *pool;

	assert_int_equal(mv_pool_new(&pool, threads, NULL), 0);
	return pool;
}

static struct mv_group *group_of(struct mv_pool *pool)
{
	struct mv_group *group;

	assert_int_equal(mv_group_new(&group, pool, NULL), 0);
	return group;
}

static void nap(void)
{
	const struct timespec t = { 0, 1000000 };

	nanosleep(&t, NULL);
}

static int count_job(void *arg, unsigned worker, struct mv_err *err)
{
	struct seen *s = arg;
	sigset_t set;

	(void)err;
	if (worker >= 3)
		s->bad++;
	pthread_sigmask(SIG_BLOCK, NULL, &set);
	if (!sigismember(&set, SIGINT) || !sigismember(&set, SIGTERM) ||
	    sigismember(&set, SIGSEGV))
		s->bad++;
	s->run++;
	return 0;
}

static void test_base_pool__runs_every_job_once(void **state)
{
	struct mv_pool *pool = pool_of(3);
	struct mv_group *group = group_of(pool);
	struct seen s = { 0 };
	sigset_t before, after;

	(void)state;
	pthread_sigmask(SIG_BLOCK, NULL, &before);
	assert_int_equal(mv_pool_threads(pool), 3);
	for (int i = 0; i < 2000; i++)
		mv_group_submit(group, count_job, NULL, &s);
	assert_int_equal(mv_group_wait(group, NULL), 0);
	assert_int_equal(s.run, 2000);
	assert_int_equal(s.bad, 0);
	assert_int_equal(mv_group_wait(group, NULL), 0);
	mv_group_free(group);
	mv_group_free(NULL);
	mv_pool_free(pool);
	mv_pool_free(NULL);
	pthread_sigmask(SIG_BLOCK, NULL, &after);
	assert_int_equal(sigismember(&before, SIGINT),
			 sigismember(&after, SIGINT));
}

struct numbered {
	struct seen *s;
	int number;
};

static int order_job(void *arg, unsigned worker, struct mv_err *err)
{
	struct numbered *n = arg;

	(void)worker;
	(void)err;
	n->s->order[n->s->run++] = n->number;
	return 0;
}

static void test_base_pool__keeps_the_order(void **state)
{
	struct mv_pool *pool = pool_of(1);
	struct mv_group *group = group_of(pool);
	struct numbered n[100];
	struct seen s = { 0 };

	(void)state;
	for (int i = 0; i < 100; i++) {
		n[i] = (struct numbered){ &s, i };
		mv_group_submit(group, order_job, NULL, &n[i]);
	}
	mv_group_wait(group, NULL);
	for (int i = 0; i < 100; i++)
		assert_int_equal(s.order[i], i);
	mv_group_free(group);
	mv_pool_free(pool);
}

static int gate_job(void *arg, unsigned worker, struct mv_err *err)
{
	struct seen *s = arg;

	(void)worker;
	(void)err;
	while (!s->open)
		nap();
	s->run++;
	return 0;
}

static void *submit_twenty(void *arg)
{
	void **v = arg;
	struct seen *s = v[1];

	for (int i = 0; i < 20; i++) {
		mv_group_submit(v[0], gate_job, NULL, s);
		s->submitted++;
	}
	return NULL;
}

static void test_base_pool__submitting_blocks_at_twice_the_threads(void **state)
{
	struct mv_pool *pool = pool_of(2);
	struct mv_group *group = group_of(pool);
	struct seen s = { 0 };
	void *v[] = { group, &s };
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, submit_twenty, v), 0);
	while (s.submitted < 6)
		nap();
	for (int i = 0; i < 20; i++)
		nap();
	/* 2 run, 4 wait; the seventh is held back. */
	assert_int_equal(s.submitted, 6);
	s.open = 1;
	pthread_join(thread, NULL);
	assert_int_equal(mv_group_wait(group, NULL), 0);
	assert_int_equal(s.run, 20);
	mv_group_free(group);
	mv_pool_free(pool);
}

static int failing_job(void *arg, unsigned worker, struct mv_err *err)
{
	struct seen *s = arg;

	(void)worker;
	while (!s->open)
		nap();
	return mv_fail(err, MV_ECORRUPT, "first");
}

static int second_failure(void *arg, unsigned worker, struct mv_err *err)
{
	(void)arg;
	(void)worker;
	return mv_fail(err, MV_EIO, "second");
}

static void skip_job(void *arg)
{
	((struct seen *)arg)->skipped++;
}

static void test_base_pool__after_a_failure_jobs_are_skipped(void **state)
{
	struct mv_pool *pool = pool_of(1);
	struct mv_group *group = group_of(pool), *other = group_of(pool);
	struct seen s = { 0 };
	struct mv_err err;

	(void)state;
	mv_group_submit(group, failing_job, skip_job, &s);
	mv_group_submit(group, count_job, skip_job, &s);
	mv_group_submit(other, second_failure, NULL, NULL);
	assert_false(mv_group_failed(group));
	s.open = 1;
	for (int i = 0; i < 10; i++)
		mv_group_submit(group, second_failure, skip_job, &s);
	mv_group_submit(group, count_job, NULL, &s);
	while (!mv_group_failed(group))
		nap();
	assert_int_equal(mv_group_wait(group, &err), MV_ECORRUPT);
	assert_string_equal(err.msg, "first");
	assert_int_equal(s.skipped, 11);
	assert_int_equal(s.run, 0);
	/* Groups do not disturb each other, and can be used again. */
	assert_int_equal(mv_group_wait(other, &err), MV_EIO);
	assert_false(mv_group_failed(group));
	mv_group_submit(group, count_job, skip_job, &s);
	assert_int_equal(mv_group_wait(group, &err), 0);
	assert_int_equal(s.run, 1);
	mv_group_free(group);
	mv_group_free(other);
	mv_pool_free(pool);
}

/* Fails when another job of its group has. */
static int late_failure(void *arg, unsigned worker, struct mv_err *err)
{
	(void)worker;
	while (!mv_group_failed(arg))
		nap();
	return mv_fail(err, MV_EIO, "second");
}

static int early_failure(void *arg, unsigned worker, struct mv_err *err)
{
	(void)arg;
	(void)worker;
	return mv_fail(err, MV_ECORRUPT, "first");
}

static void test_base_pool__keeps_the_first_error(void **state)
{
	struct mv_pool *pool = pool_of(2);
	struct mv_group *group = group_of(pool);
	struct mv_err err;

	(void)state;
	mv_group_submit(group, late_failure, NULL, group);
	mv_group_submit(group, early_failure, NULL, NULL);
	assert_int_equal(mv_group_wait(group, &err), MV_ECORRUPT);
	assert_string_equal(err.msg, "first");
	mv_group_free(group);
	mv_pool_free(pool);
}

static void *use_own_group(void *arg)
{
	struct mv_pool *pool = arg;
	struct mv_group *group;
	struct seen s = { 0 };

	if (mv_group_new(&group, pool, NULL))
		return (void *)1;
	for (int i = 0; i < 500; i++)
		mv_group_submit(group, count_job, NULL, &s);
	mv_group_free(group);
	return s.run == 500 && !s.bad ? NULL : (void *)1;
}

static void test_base_pool__is_shared_between_threads(void **state)
{
	struct mv_pool *pool = pool_of(3);
	pthread_t thread[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL,
						use_own_group, pool), 0);
	for (int i = 0; i < 4; i++) {
		void *bad;

		pthread_join(thread[i], &bad);
		assert_null(bad);
	}
	mv_pool_free(pool);
}

static void test_base_pool__zero_means_the_processors_we_may_use(void **state)
{
	cpu_set_t all, one;
	struct mv_pool *pool;
	int cpu = 0;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	pool = pool_of(0);
	assert_int_equal(mv_pool_threads(pool), CPU_COUNT(&all));
	mv_pool_free(pool);
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	pool = pool_of(0);
	assert_int_equal(mv_pool_threads(pool), 1);
	mv_pool_free(pool);
	sched_setaffinity(0, sizeof(all), &all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base_pool__runs_every_job_once),
		cmocka_unit_test(test_base_pool__keeps_the_order),
		cmocka_unit_test(test_base_pool__submitting_blocks_at_twice_the_threads),
		cmocka_unit_test(test_base_pool__after_a_failure_jobs_are_skipped),
		cmocka_unit_test(test_base_pool__keeps_the_first_error),
		cmocka_unit_test(test_base_pool__is_shared_between_threads),
		cmocka_unit_test(test_base_pool__zero_means_the_processors_we_may_use)
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
