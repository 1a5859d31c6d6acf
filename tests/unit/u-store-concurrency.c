/* SPDX-License-Identifier: MIT */
#include "libmv/store/store.h"
#include "libmv/store/tx.h"
#include "tests/unit/pace.h"
#include "tests/unit/store.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#define KIB ((size_t)1024)

static size_t seed_len(uint64_t seed)
{
	return 1 + (size_t)(seed * 7919) % (40 * TINY);
}

/* -- threads -------------------------------------------------------------- */

struct worker {
	struct mv_store *store;
	struct mv_tx *tx;
	unsigned number;
	int failed;
};

enum { THREADS = 6, EACH = MV_PACE > 10 ? 10 : 20 };

static void run_threads(void *(*fn)(void *), struct mv_store *store,
			struct mv_tx *tx)
{
	pthread_t thread[THREADS];
	struct worker w[THREADS];

	for (unsigned i = 0; i < THREADS; i++) {
		w[i] = (struct worker){ store, tx, i, 0 };
		assert_int_equal(pthread_create(&thread[i], NULL, fn, &w[i]),
				 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		assert_int_equal(w[i].failed, 0);
	}
}

/* Contents that overlap between threads; some large ones use the pool. */
static void *put_some(void *arg)
{
	struct worker *w = arg;

	for (unsigned i = 0; i < EACH && !w->failed; i++) {
		uint64_t seed = w->number / 2 * EACH + i;
		size_t len = i % 10 == 3 ? 1100 * KIB : seed_len(seed);
		uint8_t *data = make_data(len, seed);
		struct mv_oid oid;

		w->failed = try_put(&oid, w->tx, data, len, NULL);
		if (!w->failed)
			w->failed = mv_tx_has(w->tx, &oid, NULL, NULL);
		if (!w->failed && i % 7 == 0)
			w->failed = mv_tx_flush(w->tx, i % 14 ? 0 : MV_TX_SYNC,
						NULL);
		free(data);
	}
	return NULL;
}

static void *read_some(void *arg)
{
	struct worker *w = arg;

	for (unsigned i = 0; i < EACH && !w->failed; i++) {
		uint64_t seed = (w->number / 2 * EACH + i + 5) %
				(THREADS / 2 * EACH);
		size_t len = seed % EACH % 10 == 3 ? 1100 * KIB
						   : seed_len(seed);
		struct mv_oid oid;

		name_seed(&oid, len, seed);
		w->failed = try_seed(w->store, &oid, len, seed);
	}
	return NULL;
}

static void test_store_concurrency__threads_share_a_transaction(void **state)
{
	struct mv_store_options options = { .flags = MV_STORE_CREATE,
					    .pack_size = 200 * KIB };
	struct mv_store *store;
	struct mv_tx *tx;

	(void)state;
	assert_ok(mv_pool_new(&options.pool, 2, err));
	store = open_with("s", options);
	tx = begin(store);
	run_threads(put_some, store, tx);
	assert_ok(mv_tx_commit(tx, NULL, err));
	run_threads(read_some, store, NULL);
	check_clean(store);
	mv_store_close(store);
	mv_pool_free(options.pool);
	remove_tree("s");
}

/* One thread publishes all the time while others read what was there. */
static void *read_while_writing(void *arg)
{
	struct worker *w = arg;

	for (unsigned i = 0; i < EACH && !w->failed; i++) {
		if (!w->number) {
			struct mv_tx *tx;
			uint8_t *data = make_data(500, 1000 + i);
			struct mv_oid oid;

			w->failed = mv_tx_begin(&tx, w->store, NULL);
			if (!w->failed) {
				w->failed = try_put(&oid, tx, data, 500, NULL);
				w->failed |= mv_tx_commit(tx, NULL, NULL);
			}
			free(data);
		} else {
			struct mv_oid oid;

			name_seed(&oid, 30 * TINY, i % 4);
			w->failed = try_seed(w->store, &oid, 30 * TINY, i % 4);
			w->failed |= mv_store_refresh(w->store, NULL);
		}
	}
	return NULL;
}

static void test_store_concurrency__threads_read_while_one_commits(void **state)
{
	struct mv_store *store = open_tiny("s", 1000, NULL);
	struct mv_oid oid;

	(void)state;
	for (uint64_t i = 0; i < 4; i++)
		add_seed(&oid, store, 30 * TINY, i);
	run_threads(read_while_writing, store, NULL);
	check_clean(store);
	mv_store_close(store);
	remove_tree("s");
}

/*
 * Small puts as pool jobs, all workers busy with them, while a large put
 * needs the same pool and somebody wants to publish: nobody may wait for
 * ever. (An alarm ends the test if they do.)
 */
struct small_job {
	struct mv_tx *tx;
	uint64_t seed;
};

static int put_small(void *arg, unsigned worker, struct mv_err *err)
{
	struct small_job *job = arg;
	size_t len = seed_len(job->seed);
	uint8_t *data = make_data(len, job->seed);
	struct mv_oid oid;
	int rc = try_put(&oid, job->tx, data, len, err);

	(void)worker;
	free(data);
	free(job);
	return rc;
}

static void *put_large(void *arg)
{
	struct worker *w = arg;
	uint8_t *data = make_data(6000 * KIB, 77);
	struct mv_oid oid;

	w->failed = try_put(&oid, w->tx, data, 6000 * KIB, NULL);
	free(data);
	return NULL;
}

static void *flush_often(void *arg)
{
	struct worker *w = arg;

	for (int i = 0; i < 30 && !w->failed; i++)
		w->failed = mv_tx_flush(w->tx, i % 3 ? 0 : MV_TX_SYNC, NULL);
	return NULL;
}

static void test_store_concurrency__small_and_large_puts_do_not_block(void **state)
{
	struct mv_store_options options = { .flags = MV_STORE_CREATE };
	struct worker large, flusher;
	pthread_t thread[2];
	struct mv_group *group;
	struct mv_store *store;
	struct mv_oid oid;
	struct mv_tx *tx;

	(void)state;
	alarm(120);
	assert_ok(mv_pool_new(&options.pool, 2, err));
	store = open_with("s", options);
	tx = begin(store);
	large = flusher = (struct worker){ store, tx, 0, 0 };
	assert_int_equal(pthread_create(&thread[0], NULL, put_large, &large),
			 0);
	assert_int_equal(pthread_create(&thread[1], NULL, flush_often,
					&flusher), 0);
	assert_ok(mv_group_new(&group, options.pool, err));
	for (uint64_t i = 0; i < 300; i++) {
		struct small_job *job = malloc(sizeof(*job));

		assert_non_null(job);
		job->tx = tx;
		job->seed = i;
		mv_group_submit(group, put_small, free, job);
	}
	assert_ok(mv_group_wait(group, err));
	mv_group_free(group);
	pthread_join(thread[0], NULL);
	pthread_join(thread[1], NULL);
	assert_int_equal(large.failed, 0);
	assert_int_equal(flusher.failed, 0);
	assert_ok(mv_tx_commit(tx, NULL, err));
	name_seed(&oid, 6000 * KIB, 77);
	check_seed(store, &oid, 6000 * KIB, 77);
	check_clean(store);
	mv_store_close(store);
	mv_pool_free(options.pool);
	remove_tree("s");
	alarm(0);
}

enum { CROWD = 16 * 1024 };

static void copy_crowded(struct mv_store *store, const struct mv_oid *oid,
			 size_t len, const struct mv_oid *small)
{
	struct mv_store *to = open_with("to", (struct mv_store_options){
		.flags = MV_STORE_CREATE, .plan = tiny_runs,
		.publish_after = CROWD });
	struct mv_tx *tx = begin(to);

	assert_ok(mv_tx_copy(tx, store, oid, 1, NULL, err));
	assert_true(count_files("to/index") >= 2);
	assert_ok(mv_tx_copy(tx, store, small, 1, NULL, err));
	assert_ok(mv_tx_commit(tx, NULL, err));
	check_seed(to, oid, len, 5);
	check_seed(to, small, 30 * TINY, 6);
	mv_store_close(to);
	remove_tree("to");
}

/*
 * So many chunks that the large put publishes on the way, more than once,
 * while others put small things; and then a copy that does so.
 */
static void test_store_concurrency__a_crowded_transaction_publishes(void **state)
{
	size_t len = (size_t)(MV_PACE > 10 ? 40 : 80) * 1000 * TINY;
	struct mv_store_options options = { .flags = MV_STORE_CREATE,
					    .plan = tiny_runs,
					    .publish_after = CROWD };
	struct mv_store *store;
	struct mv_group *group;
	struct mv_oid oid, small;
	struct mv_tx *tx;

	(void)state;
	alarm(250);
	assert_ok(mv_pool_new(&options.pool, 2, err));
	store = open_with("s", options);
	tx = begin(store);
	assert_ok(mv_group_new(&group, options.pool, err));
	for (uint64_t i = 0; i < 4; i++) {
		struct small_job *job = malloc(sizeof(*job));

		assert_non_null(job);
		job->tx = tx;
		job->seed = i;
		mv_group_submit(group, put_small, free, job);
	}
	put_seed(&oid, tx, len, 5);
	put_seed(&small, tx, 30 * TINY, 6);
	assert_ok(mv_group_wait(group, err));
	mv_group_free(group);
	assert_true(count_files("s/index") >= 2);	/* already */
	assert_ok(mv_tx_commit(tx, NULL, err));
	check_seed(store, &oid, len, 5);
	check_seed(store, &small, 30 * TINY, 6);

	if (MV_PACE < 10)	/* u-store-copy has copying threads */
		copy_crowded(store, &oid, len, &small);
	mv_store_close(store);
	mv_pool_free(options.pool);
	remove_tree("s");
	alarm(0);
}

/* -- processes ------------------------------------------------------------ */

static void test_store_concurrency__many_create_one_store(void **state)
{
	enum { N = 8 };
	struct mv_store *store;
	struct mv_oid oid;

	(void)state;
	for (int round = 0; round < 5; round++) {
		for (unsigned i = 0; i < N; i++)
			if (!fork()) {
				store = open_tiny("a/b/s", 0, NULL);
				add_seed(&oid, store, 500, i / 2);
				mv_store_close(store);
				_exit(0);
			}
		for (unsigned i = 0; i < N; i++) {
			int status;

			wait(&status);
			assert_int_equal(status, 0);
		}
		store = open_tiny("a/b/s", 0, NULL);
		for (unsigned i = 0; i < N; i++) {
			name_seed(&oid, 500, i / 2);
			check_seed(store, &oid, 500, i / 2);
		}
		check_clean(store);
		mv_store_close(store);
		remove_tree("a");
	}
}

/*
 * Writers, each with a list of what it was told is safe (a file per content,
 * as git's pointers are); some kill themselves; and gc all the time, with
 * no grace at all, whose roots are those lists. Nothing named may be lost.
 */
enum { ROUNDS = MV_PACE > 10 ? 2 : 8 };

static void name_content(unsigned writer, unsigned round, uint64_t seed)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "named/%u-%u-%llu", writer, round,
		 (unsigned long long)seed);
	fd = open(name, O_WRONLY | O_CREAT, 0600);
	if (fd < 0)
		_exit(9);
	close(fd);
}

/* The lock lasts until the store is closed: so the name is there by then. */
static void writer(unsigned number)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct mv_store *store = open_tiny("s", 2000, NULL);
		struct mv_tx *tx;
		uint64_t seed = (number * 5 + round * 3) % 40;
		struct mv_oid oid;
		uint8_t *data = make_data(seed_len(seed), seed);

		if (mv_tx_begin(&tx, store, NULL) ||
		    try_put(&oid, tx, data, seed_len(seed), NULL))
			_exit(3);
		if (number % 8 == 7 && round == ROUNDS - 1) {
			if (mv_tx_flush(tx, 0, NULL))
				_exit(4);
			name_content(number, round, seed);
			kill(getpid(), SIGKILL);
		}
		if (mv_tx_commit(tx, NULL, NULL))
			_exit(5);
		name_content(number, round, seed);
		if (mv_store_has(store, &oid, NULL, NULL) ||
		    try_read(store, &oid, data, seed_len(seed), NULL))
			_exit(6);
		mv_store_close(store);
		free(data);
	}
	_exit(0);
}

static int named_roots(void *payload,
		       int (*add)(void *sink, const struct mv_oid *oid),
		       void *sink, struct mv_err *err)
{
	DIR *d = opendir("named");
	struct dirent *e;
	int rc = 0;

	(void)payload;
	(void)err;
	while (!rc && (e = readdir(d))) {
		const char *dash = strrchr(e->d_name, '-');
		struct mv_oid oid;
		uint64_t seed;

		if (!dash)
			continue;
		seed = strtoull(dash + 1, NULL, 10);
		name_seed(&oid, seed_len(seed), seed);
		rc = add(sink, &oid);
	}
	closedir(d);
	return rc;
}

static void collector(const char *stop)
{
	struct mv_gc_options options = { .roots = named_roots };

	while (access(stop, F_OK)) {
		struct mv_store *store = open_tiny("s", 2000, NULL);
		struct mv_gc_stats stats;
		struct mv_err why = { 0 };
		int rc;

		options.now = time(NULL) + 10;
		rc = mv_store_gc(store, &options, &stats, &why);
		if (rc && rc != MV_EBUSY) {
			fprintf(stderr, "# gc: %d %s\n", rc, why.msg);
			_exit(7);
		}
		mv_store_close(store);
		usleep(2000);
	}
	_exit(0);
}

static void reader(const char *stop)
{
	while (access(stop, F_OK)) {
		struct mv_store *store = open_tiny("s", 2000, NULL);

		for (uint64_t seed = 0; seed < 40; seed++) {
			struct mv_oid oid;
			int rc;

			/* It may come and go, but is never wrong. */
			name_seed(&oid, seed_len(seed), seed);
			rc = try_seed(store, &oid, seed_len(seed), seed);
			if (rc && rc != MV_ENOENT && rc != MV_ECORRUPT)
				_exit(8);
		}
		mv_store_close(store);
	}
	_exit(0);
}

static void check_named(void)
{
	struct mv_store *store = open_tiny("s", 2000, NULL);
	DIR *d = opendir("named");
	struct dirent *e;
	unsigned n = 0;

	while ((e = readdir(d))) {
		const char *dash = strrchr(e->d_name, '-');
		struct mv_oid oid;
		uint64_t seed;

		if (!dash)
			continue;
		seed = strtoull(dash + 1, NULL, 10);
		name_seed(&oid, seed_len(seed), seed);
		check_seed(store, &oid, seed_len(seed), seed);
		n++;
	}
	closedir(d);
	assert_int_equal(n, 32 * ROUNDS);
	fsck(store, MV_FSCK_REPAIR);
	check_clean(store);
	assert_int_equal(count_files("s/tmp"), 0);
	mv_store_close(store);
}

static void test_store_concurrency__gc_beside_32_writers_loses_nothing(void **state)
{
	enum { WRITERS = 32 };
	pid_t pid[WRITERS], helper[2];
	int status;

	(void)state;
	alarm(250);
	mkdir("named", 0700);
	mv_store_close(open_tiny("s", 2000, NULL));
	for (unsigned i = 0; i < 2; i++) {
		helper[i] = fork();
		if (!helper[i])
			i ? collector("stop") : reader("stop");
	}
	for (unsigned i = 0; i < WRITERS; i++) {
		pid[i] = fork();
		if (!pid[i])
			writer(i);
	}
	for (unsigned i = 0; i < WRITERS; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		if (i % 8 == 7)
			assert_true(WIFSIGNALED(status) &&
				    WTERMSIG(status) == SIGKILL);
		else
			assert_int_equal(status, 0);
	}
	close(open("stop", O_CREAT | O_WRONLY, 0600));
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(waitpid(helper[i], &status, 0), helper[i]);
		assert_int_equal(status, 0);
	}
	check_named();
	remove_tree("s");
	remove_tree("named");
	alarm(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store_concurrency__threads_share_a_transaction),
		cmocka_unit_test(test_store_concurrency__threads_read_while_one_commits),
		cmocka_unit_test(test_store_concurrency__small_and_large_puts_do_not_block),
		cmocka_unit_test(test_store_concurrency__a_crowded_transaction_publishes),
		cmocka_unit_test(test_store_concurrency__many_create_one_store),
		cmocka_unit_test(test_store_concurrency__gc_beside_32_writers_loses_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("store_concurrency", tests,
					   store_enter, tmp_leave);
}
