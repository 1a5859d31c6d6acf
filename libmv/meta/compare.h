/* SPDX-License-Identifier: MIT */
#ifndef MV_META_COMPARE_H
#define MV_META_COMPARE_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/err.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/project.h"

/*
 * compare: what changed between the evidence of two contents, and is it better?
 * What is allowed to change is policy's question.
 *
 * All bytes from notes, tags and files are hostile: bounded, escaped by who
 * prints them. Structs are plain; each _release() frees what is inside and
 * leaves an empty struct. Not for use by two threads at once.
 */
enum mv_judgement {
	MV_JUDGE_NONE,		/* no direction known, or not numbers */
	MV_JUDGE_SAME, MV_JUDGE_BETTER, MV_JUDGE_WORSE
};
struct mv_change {
	char *key;
	struct mv_value old, new;	/* text NULL on the side without one */
	int has_old, has_new;
	double diff;		/* new - old, when both are finite numbers */
	double relative;	/* diff / |old|; NaN where old is 0 */
	int has_diff;
	enum mv_judgement judgement;
	int incomparable;	/* measured on different evaluation data, or
				   on one side nobody said which */
	const struct mv_metric_rule *rule;	/* borrowed; or NULL */
};
struct mv_changes {
	struct mv_change *v;	/* sorted by key */
	size_t count;
};
void mv_changes_release(struct mv_changes *c);
/*
 * Are two finite values of a metric the same? Up to what binary fractions
 * lose (1e-12 of the greater) and, where the project says with how many
 * digits the metric is shown, to these digits: what prints the same is the
 * same. `rule` may be NULL. What is not finite is the same as nothing. Comparisons and the policy's rules ask this.
 */
int mv_metric_same(const struct mv_metric_rule *rule, double a, double b);
/* With `all`, equal ones too. `project` gives directions (of `artifact`, or
   those of all when NULL); NULL: none. */
int mv_compare_metrics(struct mv_changes *out, const struct mv_evidence *old,
		       const struct mv_evidence *new,
		       const struct mv_project *project, const char *artifact,
		       int all, struct mv_err *err);
int mv_compare_facts(struct mv_changes *out, const struct mv_facts *old,
		     const struct mv_facts *new, int all, struct mv_err *err);

#endif
