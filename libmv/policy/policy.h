/* SPDX-License-Identifier: MIT */
#ifndef MV_POLICY_POLICY_H
#define MV_POLICY_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"
#include "libmv/base/hash.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/project.h"
#include "libmv/trust/trust.h"

/*
 * Is this allowed? Rules from `.gitmodel/policy`, facts in, findings out, by
 * one pure function that the hooks, the gate in CI and `git model verify`
 * call unchanged. It hides the rules' grammar and their evaluation. It reads
 * nothing: who collects the facts (libmv/gate/gate.c) looks at
 * mv_policy_each_question() to know which ones it will be asked for.
 *
 * The one principle: what is not known is no. A fact that is missing, NaN, a
 * rule that cannot be read, a list that does not say so: no, and the finding
 * says what was missing. Taking an approval away never turns no into yes.
 */

/* -- the policy ----------------------------------------------------------- */

enum mv_mode { MV_MODE_ENFORCE, MV_MODE_WARN, MV_MODE_EVALUATE };
struct mv_rule {
	int kind;		/* private */
	char *key, *value;	/* as they stand: "metric", "auc >= 0.92" */
	int line;
	/* the rest is private: parsed arguments */
	struct mv_rule_args *args;
};
/* A [stage "x"], [stage "fraud#x"], [stage "*-eu#x"] or [branch "main"]
   section, or the top level (keys before the first section). */
struct mv_section {
	char *kind;		/* "stage", "branch", "" */
	char *name;
	enum mv_mode mode;
	struct mv_rule *rules;
	size_t count;
	int line;
	int mode_line;		/* 0: not said, so "enforce" */
};
struct mv_policy {
	struct mv_section *sections;
	size_t section_count;
	struct mv_policy_group {
		char *name;
		char **members;		/* principals */
		size_t count;
		int line;
	} *groups;
	size_t group_count;
	struct mv_project project;	/* of the config beside it: directions */
	char digest[72];		/* "sha256:..." over both files' bytes */
};
void mv_policy_release(struct mv_policy *p);
/*
 * Policy and config come from the same trusted commit; NULL config: none.
 * MV_EINVALID with file and line: anything that is not understood, unknown
 * sections, keys, groups, rules that contradict each other.
 */
int mv_policy_parse(struct mv_policy *out, const char *policy,
		    size_t policy_len, const char *config, size_t config_len,
		    struct mv_err *err);
/*
 * More than parsing: groups nobody uses or with nobody in it, thresholds
 * that cannot both hold, approvals that demand more people than the group
 * has, metrics without a direction used by no-regression, stages nobody
 * can reach, principals that no list of signers names (`principals`
 * NULL-terminated; NULL: not known). One call per complaint.
 */
typedef int (*mv_lint_fn)(void *payload, int line, int serious,
			  const char *message, struct mv_err *err);
int mv_policy_lint(const struct mv_policy *p, const char *const *principals,
		   mv_lint_fn fn, void *payload, struct mv_err *err);
/*
 * Names in rules that are nowhere else: stages that neither a section nor one
 * of `stages` (those that tags have; NULL-terminated) has, metrics that the
 * config has not. What is nearly the name of something, and for which a rule
 * would never apply, is serious.
 */
int mv_policy_lint_names(const struct mv_policy *p, const char *const *stages,
			 mv_lint_fn fn, void *payload, struct mv_err *err);
/* Keys and sections of .gitmodel/config that nobody reads, and a smudge-limit
   that nobody can. MV_EINVALID. */
int mv_policy_lint_config(const char *data, size_t len, mv_lint_fn fn,
			  void *payload, struct mv_err *err);

/* "production" of [stage "production"] and [stage "fraud#production"]; NULL:
   the section is no stage's. */
const char *mv_policy_stage_of(const struct mv_section *s);

/* Is the stage (of this artifact) or branch governed by any section? */
int mv_policy_governs(const struct mv_policy *p, const char *kind,
		      const char *artifact, const char *name);
/* MV_EINVALID: no section lets anybody override rules of this stage, or a word of
   `rules` (blanks between) is no rule's key; says the nearest. */
int mv_policy_check_override(const struct mv_policy *p, const char *artifact,
			     const char *stage, const char *rules,
			     struct mv_err *err);
/*
 * How far dates of what is pushed may be from a server's clock, in seconds:
 * max-clock-skew, or MV_CLOCK_SKEW where the policy says nothing.
 */
#define MV_CLOCK_SKEW INT64_C(600)
int64_t mv_policy_clock_skew(const struct mv_policy *p);
/* Does an eval-on rule name the path, or a folder that it is in? */
int mv_policy_measures_on(const struct mv_policy *p, const char *path);
/* Does any rule ask how long ago a stage was assigned? */
int mv_policy_asks_moments(const struct mv_policy *p);

/* -- facts ---------------------------------------------------------------- */

/* A signed statement that was found in the notes, checked. */
struct mv_vote {
	struct mv_statement statement;
	struct mv_signature signature;
	size_t order;		/* position in the note; decides nothing: who
				   can write can order lines as they like */
	int malformed;		/* nothing of the above can be used */
	char line_digest[72];	/* names it in findings */
};
/* Answers to questions about files, commits, tags (see _each_question). */
struct mv_answer {
	char *question;		/* "reachable-from refs/heads/main" */
	int known;
	int64_t number;		/* yes/no, seconds, bytes, a count */
	char *text;		/* what is printed as "actual"; or NULL */
};
/* Another version's evidence that a rule compares with. */
struct mv_other {
	char *name;		/* "current", "staging", "v1.2.0", "merge-base" */
	int nobody;		/* proven: nobody ever held it (not only now) */
	int same_content;	/* it is the candidate's content itself */
	char *version;
	struct mv_evidence evidence;
};
struct mv_policy_facts {
	/* what is to be done */
	const char *action;	/* "promote", "demote", "change" (of a branch),
				   "policy" (of what stands in .gitmodel) */
	int hypothetical;	/* no tag yet: who would sign it is `promoter` */
	char *repo, *artifact, *version, *path, *commit, *pointer, *stage,
		*from_stage, *branch, *displaces, *records;
	struct mv_oid content;
	uint64_t size;
	/* what is known */
	struct mv_evidence evidence;
	struct mv_other *others;
	size_t other_count;
	struct mv_vote *votes;
	size_t vote_count;
	int no_records;		/* none are here, and there may be elsewhere:
				   that nobody said no is not known */
	struct mv_signature tag_signature;	/* of the promotion's tag */
	/* principals or e-mail addresses; NULL: not known */
	char *author, *committer, *pusher, *runner, *promoter;
	struct mv_answer *answers;
	size_t answer_count;
};
void mv_policy_facts_release(struct mv_policy_facts *facts);
int mv_policy_answer(struct mv_policy_facts *facts, const char *question,
		     int known, int64_t number, const char *text,
		     struct mv_err *err);

/*
 * What decide() will ask about this action on this artifact and stage (or
 * branch), each once: "other current", "reachable-from REF", "format",
 * "parameters", "card FILE", "soak STAGE" ... The grammar of questions is in
 * docs/design/policy.md. So collecting is bounded by what the policy uses.
 */
typedef int (*mv_question_fn)(void *payload, const char *question,
			      struct mv_err *err);
int mv_policy_each_question(const struct mv_policy *p, const char *action,
			    const char *artifact, const char *name,
			    mv_question_fn fn, void *payload,
			    struct mv_err *err);

/* -- the decision --------------------------------------------------------- */

enum mv_result {
	MV_RESULT_YES, MV_RESULT_NO,
	MV_RESULT_UNKNOWN,	/* a fact is missing: counts as no in a gate */
	MV_RESULT_OVERRIDDEN	/* no, but a valid override covers it */
};
struct mv_finding {
	enum mv_result result;
	enum mv_mode mode;	/* of its section: only ENFORCE decides */
	char *section;		/* "stage production" */
	char *rule;		/* "approvals = 2 from ml-leads" */
	int line;		/* in .gitmodel/policy; 0: built in */
	char *expected, *actual;
	char *evidence;		/* id of the record, digest of the approval,
				   fingerprint: what it rests on; or NULL */
	char *advice;		/* what to do about a no; or NULL */
};
struct mv_verdict {
	enum mv_result result;	/* NO before UNKNOWN before OVERRIDDEN */
	struct mv_finding *v;	/* as the rules stand in the policy */
	size_t count;
	int governed;		/* 0: no section speaks of this; result YES */
};
void mv_verdict_release(struct mv_verdict *verdict);
/*
 * Pure: the same facts, policy and `now` (s since 1970) give the same
 * verdict, on every machine. Fails only for lack of memory.
 */
int mv_decide(struct mv_verdict *out, const struct mv_policy_facts *facts,
	      const struct mv_policy *policy, int64_t now,
	      struct mv_err *err);
const char *mv_result_name(enum mv_result result);

/*
 * Example cases beside the policy (`.gitmodel/policy-tests`, INI):
 *
 *	[case "a worse model is refused"]
 *	artifact = fraud	stage = production	expect = no
 *	metric = auc 0.91	current.metric = auc 0.93	size = 2MiB
 *	approval = alice@example.com		now = 2026-11-21
 *	because = no-regression		(the rule that must say so)
 *
 * docs/format/policy.md has all keys. `fn` is told of each case.
 */
typedef int (*mv_case_fn)(void *payload, const char *name, int line,
			  int passed, const struct mv_verdict *verdict,
			  const char *message, struct mv_err *err);
int mv_policy_run_cases(const struct mv_policy *p, const char *name,
			const char *data, size_t len, mv_case_fn fn,
			void *payload, struct mv_err *err);

#endif
