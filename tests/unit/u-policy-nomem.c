/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy-world.h"

/*
 * Each allocation of a decision fails once. Then the decision fails, or says
 * the same as ever, or says no; never does a no become a yes. (Not under the
 * sanitizers, which have their own allocator.)
 */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
	defined(__GLIBC__) && !defined(__clang__)
#define INJECT 1
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void __libc_free(void *p);

static long until_failure = -1;		/* -1: never */
static long alive;			/* blocks that nobody freed yet */

static int fails(void)
{
	return until_failure >= 0 && until_failure-- == 0;
}

static void *taken(void *p)
{
	alive += p != NULL;
	return p;
}

void *malloc(size_t size)
{
	return taken(fails() ? NULL : __libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
	return taken(fails() ? NULL : __libc_calloc(count, size));
}

void *realloc(void *old, size_t size)
{
	void *p = fails() ? NULL : __libc_realloc(old, size);

	return old ? p : taken(p);
}

void free(void *p)
{
	alive -= p != NULL;
	__libc_free(p);
}

static const char policy_text[] =
	"[stage \"production\"]\n"
	"eval-on = " HOLDOUT "\nmetric = auc >= 0.9\nmetric = a* >= 0.9\n"
	"aggregate = loss mean\nmin-runs = 1\nmetric = loss <= 9\n"
	"no-regression = auc\nany = auc margin 0.5 | auc >= 0.9\n"
	"eval-max-age = 10d\napprovals = 2 from leads\n"
	"override = 1 from risk ttl 1d\nmax-size = 10\nveto = 1 from leads\n"
	"require-signature = tag\npromoter = leads\n"
	"rollback = previously-held within 9d approvals 1\n"
	"monotonic = true\nrequire-clean = false\ncard = C.md sections a\n"
	"[group \"leads\"]\nmember = alice@example.com\n"
	"member = bob@example.com\n"
	"[group \"risk\"]\nmember = carol@example.com\n";

static void fill(struct world *w, struct mv_policy *policy)
{
	static const char metrics[] = "\"metrics\":{\"auc\":0.95,\"loss\":1},"
		"\"data\":[{\"content\":\"" HOLDOUT "\",\"role\":\"eval\","
		"\"size\":1}],\"run\":{\"command\":[\"t\"],\"cwd\":\"\","
		"\"duration_ms\":1,\"exit\":0,\"id\":\"000000000000000a\","
		"\"started\":\"2026-11-21T00:00:00.000Z\"}";

	world_init(w);
	parse(policy, policy_text);
	record(w, metrics);
	/* An older one of another run, so that there is something to join. */
	record_at(w, DAY, "\"metrics\":{\"loss\":2},\"data\":[{\"content\":"
		  "\"" HOLDOUT "\",\"role\":\"eval\",\"size\":1}],"
		  "\"source\":{\"id\":\"b\"}");
	base_record(w, metrics);
	fold(&w->f.evidence, w->lines, w->line_count);
	fold(&other(w, "current")->evidence, w->base, w->base_count);
	answer(w, "card C.md", 1, NULL);
	vote(w, MV_DECISION_APPROVE, "alice@example.com");
	vote(w, MV_DECISION_APPROVE, "carol@example.com");
	set(&vote(w, MV_DECISION_OVERRIDE, "carol@example.com")
	    ->statement.rules, "max-size");
	vote(w, MV_DECISION_REJECT, "bob@example.com");
	for (size_t i = 0; i < w->f.vote_count; i++)
		set(&w->f.votes[i].statement.policy, policy->digest);
}

/* Why a vote did not count is said, unless nobody was counted at all. */
static int says_why(const struct mv_finding *good, const struct mv_finding *f)
{
	const char *why = "not counted: carol@example.com (not in the group)";

	return !strstr(good->actual, why) || strstr(f->actual, why) ||
	       !strcmp(f->actual, "0 of 2");
}

static int is_yes(enum mv_result r)
{
	return r == MV_RESULT_YES || r == MV_RESULT_OVERRIDDEN;
}

/* Returns whether it failed. */
static int check_failing(const struct world *w, const struct mv_policy *policy,
			 const struct mv_verdict *good, long after)
{
	struct mv_verdict v;
	struct mv_err err = { MV_OK, "" };
	long before = alive;
	int rc;

	memset(&v, 0xff, sizeof(v));
	until_failure = after;
	rc = mv_decide(&v, &w->f, policy, NOW, &err);
	until_failure = -1;
	if (rc) {
		assert_int_equal(rc, MV_ENOMEM);
		assert_int_equal(err.code, MV_ENOMEM);
		assert_null(v.v);
		assert_int_equal(v.count, 0);
		assert_int_equal(alive, before);
		return 1;
	}
	assert_int_equal(v.count, good->count);
	for (size_t i = 0; i < v.count; i++) {
		assert_true(is_yes(good->v[i].result) ||
			    !is_yes(v.v[i].result));
		assert_non_null(v.v[i].section);
		assert_non_null(v.v[i].rule);
		assert_non_null(v.v[i].expected);
		assert_non_null(v.v[i].actual);
		assert_string_equal(v.v[i].expected, good->v[i].expected);
		assert_true(says_why(&good->v[i], &v.v[i]));
	}
	mv_verdict_release(&v);
	assert_null(v.v);
	assert_int_equal(v.count, 0);
	assert_int_equal(alive, before);
	return 0;
}

static void test_policy_nomem__never_a_yes_for_lack_of_memory(void **state)
{
	struct mv_policy policy;
	struct mv_verdict good;
	struct world w;
	long after, failed = 0;

	(void)state;
	fill(&w, &policy);
	assert_int_equal(mv_decide(&good, &w.f, &policy, NOW, NULL), 0);
	assert_int_equal(good.result, MV_RESULT_NO);
	assert_int_equal(good.count, 17);
	assert_non_null(strstr(good.v[8].actual, "not counted: carol"));
	/* Far more than it takes. */
	for (after = 0; after < 2000; after++)
		failed += check_failing(&w, &policy, &good, after);
	assert_in_range(failed, 100, 1000);
	mv_verdict_release(&good);
	mv_policy_release(&policy);
	world_release(&w);
}

/* What is not named is a no, or a failure. */
static void test_policy_nomem__what_is_not_named(void **state)
{
	struct mv_policy policy;
	struct mv_verdict good;
	struct world w;
	long failed = 0;

	(void)state;
	fill(&w, &policy);
	set(&w.f.stage, NULL);
	assert_int_equal(mv_decide(&good, &w.f, &policy, NOW, NULL), 0);
	for (long after = 0; after < 20; after++)
		failed += check_failing(&w, &policy, &good, after);
	assert_int_equal(failed, 5);
	mv_verdict_release(&good);
	mv_policy_release(&policy);
	world_release(&w);
}
#endif

int main(void)
{
#ifdef INJECT
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policy_nomem__never_a_yes_for_lack_of_memory),
		cmocka_unit_test(test_policy_nomem__what_is_not_named)
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
#else
	/* cmocka's own way to skip is "not ok", which prove takes for a no. */
	puts("1..0 # SKIP a sanitizer has an allocator of its own");
	return 0;
#endif
}
