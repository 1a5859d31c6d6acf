/* SPDX-License-Identifier: MIT */
#ifndef MV_POLICY_PRIV_H
#define MV_POLICY_PRIV_H

#include <stdlib.h>

#include "libmv/meta/evidence.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/record.h"
#include "libmv/policy/policy.h"

/*
 * What the files of this part share: the rules' parsed form (rules.c makes
 * it, decide*.c evaluate it, questions.c says what facts it takes). A rule
 * is a row of the table in rules.c and a function in decide*.c.
 */
enum mv_rule_kind {
	MV_RULE_METRIC, MV_RULE_NO_REGRESSION, MV_RULE_IMPROVE, MV_RULE_ANY,
	MV_RULE_EVAL_ON, MV_RULE_SAME_EVAL, MV_RULE_EVAL_MAX_AGE,
	MV_RULE_MIN_RUNS, MV_RULE_AGGREGATE,
	MV_RULE_APPROVALS, MV_RULE_APPROVAL_MAX_AGE, MV_RULE_DISMISS_ON,
	MV_RULE_VETO, MV_RULE_FORBID_SELF, MV_RULE_REQUIRE_SIGNATURE,
	MV_RULE_PROMOTER, MV_RULE_OVERRIDE, MV_RULE_ROLLBACK,
	MV_RULE_REQUIRE_STAGE, MV_RULE_MIN_SOAK, MV_RULE_MIN_INTERVAL,
	MV_RULE_REQUIRES_HOLDER, MV_RULE_REACHABLE_FROM,
	MV_RULE_REQUIRE_LINEAGE, MV_RULE_REQUIRE_CLEAN, MV_RULE_DATA_IN_REPO,
	MV_RULE_FORMAT, MV_RULE_FORBID_FORMAT, MV_RULE_MAX_SIZE,
	MV_RULE_MAX_PARAMS, MV_RULE_LICENSE, MV_RULE_CARD,
	MV_RULE_FREEZE, MV_RULE_MONOTONIC,
	MV_RULE_PRERELEASE,
	/* top level */
	MV_RULE_POLICY_APPROVALS, MV_RULE_IMMUTABLE_TAGS,
	MV_RULE_APPEND_ONLY, MV_RULE_MAX_CLOCK_SKEW
};

enum mv_op { MV_OP_LT, MV_OP_LE, MV_OP_EQ, MV_OP_NE, MV_OP_GE, MV_OP_GT,
	     MV_OP_IN };

struct mv_rule_args {
	char *metric;		/* key, may have "*" in a threshold */
	enum mv_op op;
	double a, b;		/* the threshold; both ends of IN; the margin */
	int percent;		/* the margin is a percentage of the base */
	int improve;		/* of an alternative of ANY: improve, not op */
	char *vs;		/* "current", a stage, a version, "merge-base" */
	char *text;		/* path, ref, group, stage: the one word */
	char **words;		/* a list; NULL-terminated */
	uint64_t number;	/* a count, bytes, yes or no */
	int64_t seconds;	/* a duration; -1: not said */
	int optional;		/* a missing fact is fine */
	struct mv_window *window;	/* of FREEZE */
	struct mv_rule_args *next;	/* further alternatives of ANY */
};
void mv_rule_args_free(struct mv_rule_args *args);
/* `where` is the section's kind. MV_EINVALID without file and line. */
int mv_rule_parse(struct mv_rule *rule, const char *where, const char *key,
		  const char *value, struct mv_err *err);
/* May it stand only once in a section? */
int mv_rule_once(const struct mv_rule *rule);
/* Does the key of a metric match what a rule names ("*" spans anything)? */
int mv_glob(const char *pattern, const char *text);

/* -- freeze windows (window.c) -------------------------------------------- */
/*
 *	2026-12-20..2027-01-03				days, both included
 *	2026-12-20T18:00..2026-12-21T06:00 [ZONE]
 *	Fri 16:00..Mon 08:00 [ZONE]			every week
 * ZONE is UTC (so it is without) or a name of the tz database; what that is
 * at the moment is a fact ("utc-offset Europe/Berlin"), so that deciding
 * stays pure. Times are local there: seconds since 1970 plus the offset.
 */
struct mv_window {
	int weekly;
	int64_t from, to;	/* s; weekly: since Monday 00:00; `to` is the
				   first moment that is outside */
	char *zone;		/* NULL: UTC */
};
int mv_window_parse(struct mv_window **out, const char *text,
		    struct mv_err *err);
void mv_window_free(struct mv_window *w);
int mv_window_covers(const struct mv_window *w, int64_t local);

/* -- which sections speak of this (names.c) ------------------------------- */
/* [stage "production"], [stage "fraud#production"], [stage "*-eu#x"],
   [branch "main"], [branch "v*"]. */
int mv_section_applies(const struct mv_section *s, const char *kind,
		       const char *artifact, const char *name);
/* The first rule of this kind in the section, or NULL. */
const struct mv_rule *mv_section_rule(const struct mv_section *s,
				      enum mv_rule_kind kind);
const struct mv_policy_group *mv_policy_group(const struct mv_policy *p,
					      const char *name);
/* Is this person in the group (NULL group: yes)? */
int mv_policy_member(const struct mv_policy *p, const char *group,
		     const char *principal);
/* Does a change of this make votes void? Of everything that dismiss-on can
   name, when the section has no such rule. */
int mv_dismissed_by(const struct mv_section *s, const char *cause);
/* A branch without "refs/heads/"; NULL is "". */
const char *mv_plain_name(const char *name);
/* "promote" and "demote" are about a stage, "change" about a branch, "policy"
   about the top level. */
const char *mv_action_kind(const char *action);

/* -- evaluating (decide*.c) ----------------------------------------------- */
struct mv_deciding {
	const struct mv_policy *policy;
	const struct mv_policy_facts *facts;
	const char *kind, *name;	/* of what is decided: "stage", which */
	const struct mv_section *section;
	int64_t now;
	int fast;	/* a rollback's fast path is open: see ROLLBACK */
};
/*
 * What one rule found. Text that does not fit into memory makes the whole
 * decision fail; so additions are not checked one by one but remembered.
 */
enum { MV_FOUND_MAX = 64 << 10 };	/* bytes of each text */

struct mv_found {
	enum mv_result result;
	struct mv_buf expected, actual, evidence, advice;
	int missing;	/* unknown, because nobody recorded it anywhere */
	int nomem;
};
/*
 * Rules that narrow what counts for other rules (eval-on, approval-max-age,
 * forbid-self-approval ...) hold beyond their section: one of [stage "x"]
 * must not be got around by a threshold in [stage "fraud#x"]. So the next
 * rule of this kind is looked for in the section itself, then in every
 * enforced one that speaks of the same thing. NULL: no more.
 */
struct mv_cursor {
	size_t section, rule;	/* begins as { 0, 0 } */
};
const struct mv_rule *mv_next_setting(const struct mv_deciding *d,
				      enum mv_rule_kind kind,
				      struct mv_cursor *at);
/* The same for rules of every kind. */
const struct mv_rule *mv_next_rule(const struct mv_deciding *d,
				   struct mv_cursor *at);
/* Zeroed; NULL means that there is no memory, also for none at all. */
static inline void *mv_zeroed(size_t count, size_t size)
{
	return calloc(count ? count : 1, size);
}
/* now - then, however far apart they are. */
int64_t mv_seconds_since(int64_t now, int64_t then);
/* The version that holds the stage, or did last; *first: none ever did. NULL
   otherwise: it is not known. */
const char *mv_last_version(const struct mv_policy_facts *facts, int *first);

/* Each sets found->result and says what it saw. */
void mv_decide_metric(const struct mv_deciding *d, const struct mv_rule *rule,
		      struct mv_found *f);
void mv_decide_evidence(const struct mv_deciding *d,
			const struct mv_rule *rule, struct mv_found *f);
void mv_decide_people(const struct mv_deciding *d, const struct mv_rule *rule,
		      struct mv_found *f);
void mv_decide_state(const struct mv_deciding *d, const struct mv_rule *rule,
		     struct mv_found *f);

/* The first of each is kept when it is called twice. */
__attribute__((format(printf, 2, 3)))
void mv_expected(struct mv_found *f, const char *fmt, ...);
/* What follows adds up, with "; " between. */
__attribute__((format(printf, 2, 3)))
void mv_actual(struct mv_found *f, const char *fmt, ...);
void mv_rests_on(struct mv_found *f, const char *what);
__attribute__((format(printf, 2, 3)))
void mv_advice(struct mv_found *f, const char *fmt, ...);
/* The same, behind what is there. */
__attribute__((format(printf, 2, 3)))
void mv_advice_more(struct mv_found *f, const char *fmt, ...);
/* A no without advice gets some; `over`: the section's override, or NULL
   (advise.c). */
void mv_advise(const struct mv_deciding *d, const struct mv_rule *over,
	       const struct mv_rule *rule, struct mv_found *f);
/* What a record is to be made of: "fraud@v1.2.0", or a name, or "PATH". */
enum { MV_WHAT_MAX = 256 };
const char *mv_record_what(char text[MV_WHAT_MAX],
			   const struct mv_policy_facts *facts);
/* Sets the result, unless there is a worse one (NO over UNKNOWN over YES). */
void mv_found_set(struct mv_found *f, enum mv_result result);
/* From yes, which is 0, to no. */
int mv_severity(enum mv_result result);

/* "<word> <rest>"; NULL: nobody answered, or it is not known. */
const struct mv_answer *mv_known(const struct mv_policy_facts *facts,
				 const char *word, const char *rest);
const struct mv_other *mv_other_of(const struct mv_policy_facts *facts,
				   const char *name);

/*
 * A metric of a content as the section wants it: from the newest record that
 * has it and was measured on exactly the data that `eval-on` names, or
 * aggregated over the runs. *eval gets what it was measured on.
 */
struct mv_reading {
	double value;
	const struct mv_value *whole;	/* the same, when it has no fraction */
	const struct mv_record *record;	/* NULL: there is none */
	int number;			/* 0: it is there, but no number */
	size_t runs;			/* that were aggregated; else 0 */
	int few;			/* less of them than min-runs asks for */
	const char *ahead;		/* the moment of one that was read, where
					   that is after the decision; or NULL */
};
/* Is a moment (s) later than that which is decided at, by more than clocks
   may differ (max-clock-skew)? What a server takes is none such. */
int mv_is_future(const struct mv_deciding *d, int64_t when);
/* Is the record dated so? */
int mv_is_ahead(const struct mv_deciding *d, const struct mv_record *r);
void mv_read_metric(struct mv_reading *out, const struct mv_deciding *d,
		    const struct mv_evidence *e, const char *key,
		    struct mv_buf *eval);

/* The content id that an eval-on rule means, as evidence spells it: 64 hex
   digits. NULL: it is not known. */
const char *mv_eval_content(const struct mv_deciding *d,
			    const struct mv_rule *rule);
/* Do the joined content ids name what the eval-on rules demand, and nothing
   else? Without such rules: yes. */
int mv_measured_as_demanded(const struct mv_deciding *d, const char *eval);
/* The run that a record is of, or NULL. */
const char *mv_run_id(const struct mv_record *r);

/*
 * Distinct people with a valid vote: the greatest number of votes that can be
 * chosen so that no person and no key occurs twice. Says who, and why others
 * do not count. `f` may be NULL.
 */
size_t mv_count_approvals(const struct mv_deciding *d, const char *group,
			  struct mv_found *f);
/* Not what says who decides (rules.c). */
int mv_may_override(enum mv_rule_kind kind);
/* An override of this rule (its key) by enough people; adds who to `f`. */
int mv_is_overridden(const struct mv_deciding *d, const struct mv_rule *over,
		     const char *key, struct mv_found *f);

/* Who is told what lint finds, until they stop it. */
struct mv_complaints {
	mv_lint_fn fn;
	void *payload;
	struct mv_err *err;
	int rc;
};
__attribute__((format(printf, 4, 5)))
void mv_complain(struct mv_complaints *c, int line, int serious,
		 const char *fmt, ...);

#endif
