/* SPDX-License-Identifier: MIT */
#include "libmv/policy/priv.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/config.h"
#include "libmv/base/near.h"
#include "libmv/meta/tags.h"
#include "libmv/meta/version.h"

/*
 * The grammar of every rule: a table of keys, and a parser for each shape of
 * value. Values are words with one space between; what is left over is an
 * error, as is everything that is not understood.
 */
enum { WORDS_MAX = 64 };

struct words {
	char *text;		/* cut up in place */
	char *v[WORDS_MAX];
	size_t count, at;
	const char *value;	/* as it stood, for messages */
	struct mv_err *err;
};

static int rules_bad(const struct words *w, const char *expected)
{
	return mv_fail(w->err, MV_EINVALID, "'%s': expected %s", w->value,
		       expected);
}

static int rules_split(struct words *w, const char *value, struct mv_err *err)
{
	char *s, *save = NULL;

	memset(w, 0, sizeof(*w));
	w->value = value;
	w->err = err;
	w->text = strdup(value);
	if (!w->text)
		return mv_nomem(err);
	for (s = strtok_r(w->text, " ", &save); s;
	     s = strtok_r(NULL, " ", &save)) {
		if (w->count == WORDS_MAX)
			return rules_bad(w, "fewer words");
		w->v[w->count++] = s;
	}
	return 0;
}

static const char *peek(const struct words *w)
{
	return w->at < w->count ? w->v[w->at] : "";
}

static const char *next(struct words *w)
{
	return w->at < w->count ? w->v[w->at++] : "";
}

static int rules_take(struct words *w, const char *word)
{
	if (strcmp(peek(w), word))
		return 0;
	w->at++;
	return 1;
}

/* A finite decimal number and nothing else; "0x", "nan" and "inf" are not. */
static int number_of(double *out, const char *s)
{
	char *end;

	if (!*s || s[strspn(s, "0123456789+-.eE")])
		return -1;
	errno = 0;
	*out = strtod(s, &end);
	return *end || end == s || !isfinite(*out) ? -1 : 0;
}

static int count_of(uint64_t *out, const char *s)
{
	uint64_t v = 0;

	if (!*s || strlen(s) > 9 || s[strspn(s, "0123456789")])
		return -1;
	for (; *s; s++)
		v = v * 10 + (uint64_t)(*s - '0');
	*out = v;
	return 0;
}

/* -- shapes of values ----------------------------------------------------- */

typedef int (*shape_fn)(struct mv_rule_args *a, struct words *w);

static int op_of(enum mv_op *op, const char *s)
{
	static const char *const text[] = { "<", "<=", "==", "!=", ">=", ">" };

	for (int i = MV_OP_LT; i <= MV_OP_GT; i++)
		if (!strcmp(s, text[i])) {
			*op = i;
			return 0;
		}
	return -1;
}

/* "0..0.2" */
static int range_of(struct mv_rule_args *a, char *s)
{
	char *dots = strstr(s, "..");

	if (!dots)
		return -1;
	*dots = '\0';
	return number_of(&a->a, s) || number_of(&a->b, dots + 2) ||
	       a->a > a->b ? -1 : 0;
}

/* KEY OP NUMBER, or KEY in A..B */
static int threshold(struct mv_rule_args *a, struct words *w)
{
	int rc = mv_set_str(&a->metric, next(w), w->err);

	if (rc)
		return rc;
	if (rules_take(w, "in")) {
		a->op = MV_OP_IN;
		if (w->at == w->count || range_of(a, w->v[w->at++]))
			return rules_bad(w, "KEY in NUMBER..NUMBER");
		return 0;
	}
	if (op_of(&a->op, next(w)) || number_of(&a->a, next(w)))
		return rules_bad(w, "KEY OPERATOR NUMBER, such as auc >= 0.92");
	return 0;
}

static int shape_metric(struct mv_rule_args *a, struct words *w)
{
	int rc = threshold(a, w);

	if (!rc)
		a->optional = rules_take(w, "optional");
	return rc;
}

/* KEY [margin NUMBER[%]] [vs OTHER] */
static int change(struct mv_rule_args *a, struct words *w)
{
	int rc = mv_set_str(&a->metric, next(w), w->err);
	size_t len;

	if (!rc && strchr(a->metric, '*'))
		return rules_bad(w, "the name of one metric, without '*'");
	if (!rc && rules_take(w, "margin")) {
		char *s = w->at < w->count ? w->v[w->at++] : NULL;

		len = s ? strlen(s) : 0;
		a->percent = len && s[len - 1] == '%';
		if (a->percent)
			s[len - 1] = '\0';
		if (!len || number_of(&a->a, s) || a->a < 0)
			return rules_bad(w,
					 "margin NUMBER or margin NUMBER%, not "
					 "below 0");
	}
	if (!rc && rules_take(w, "vs")) {
		if (!*peek(w))
			return rules_bad(w, "vs current, a stage, a version or "
					 "merge-base");
		rc = mv_set_str(&a->vs, next(w), w->err);
		return rc || mv_stage_ok(a->vs) || mv_version_ok(a->vs) ?
			rc : rules_bad(w, "vs current, a stage, a version or "
				       "merge-base");
	}
	return rc ? rc : mv_set_str(&a->vs, "current", w->err);
}

static int shape_change(struct mv_rule_args *a, struct words *w)
{
	int rc = *peek(w) ? change(a, w) : rules_bad(w, "KEY margin NUMBER");

	if (!rc)
		a->optional = rules_take(w, "optional");
	return rc;
}

/* Alternatives with " | " between: thresholds, or improvements. */
static int shape_any(struct mv_rule_args *a, struct words *w)
{
	for (;;) {
		const char *second = w->at + 1 < w->count ? w->v[w->at + 1] : "";
		int rc;

		a->improve = !strcmp(second, "margin") ||
			     !strcmp(second, "vs") || !strcmp(second, "|") ||
			     !*second;
		if (!*peek(w))
			return rules_bad(w,
					 "KEY margin NUMBER | KEY >= NUMBER ...");
		rc = a->improve ? change(a, w) : threshold(a, w);
		if (rc || !rules_take(w, "|"))
			return rc;
		a->next = calloc(1, sizeof(*a->next));
		if (!a->next)
			return mv_nomem(w->err);
		a = a->next;
		a->seconds = -1;
	}
}

static int shape_word(struct mv_rule_args *a, struct words *w)
{
	return *peek(w) ? mv_set_str(&a->text, next(w), w->err) :
			  rules_bad(w, "one word");
}

/* Inside of the repository, and nothing that a program takes for an option. */
static int path_ok(const char *s)
{
	if (!*s || *s == '/' || *s == '-')
		return 0;
	for (;;) {
		size_t n = strcspn(s, "/");

		if (!n || (n == 1 && *s == '.') || (n == 2 && !strncmp(s, "..",
								       2)))
			return 0;
		if (!s[n])
			return 1;
		s += n + 1;
	}
}

static int shape_path(struct mv_rule_args *a, struct words *w)
{
	int rc = shape_word(a, w);

	return rc || path_ok(a->text) ? rc :
		rules_bad(w, "a path inside of the repository");
}

/* PATH or sha256:<64 hex digits> */
static int shape_data(struct mv_rule_args *a, struct words *w)
{
	const char *hex = peek(w) + 7;

	if (strncmp(peek(w), "sha256:", 7))
		return shape_path(a, w);
	if (!mv_is_hex(hex, MV_OID_HEX))
		return rules_bad(w, "sha256: and 64 hex digits");
	return shape_word(a, w);
}

static int shape_stage(struct mv_rule_args *a, struct words *w)
{
	int rc = shape_word(a, w);

	return rc || mv_stage_ok(a->text) ? rc :
		rules_bad(w, "the name of a stage");
}

static int shape_ref(struct mv_rule_args *a, struct words *w)
{
	int rc = shape_word(a, w);

	return rc || (*a->text != '-' && !strstr(a->text, "..") &&
		      !strpbrk(a->text, "~^:?*[\\@{")) ? rc :
		rules_bad(w, "a branch or a full ref");
}

static int shape_words(struct mv_rule_args *a, struct words *w)
{
	size_t left = w->count - w->at, n = 0;

	if (!left)
		return rules_bad(w, "one word or more");
	/* It would let what the comment speaks of through. */
	for (size_t i = w->at; i < w->count; i++)
		if (*w->v[i] == '#')
			return rules_bad(w, "words; '#' behind a value begins "
					 "no comment, put it on a line of its "
					 "own");
	a->words = calloc(left + 1, sizeof(*a->words));
	if (!a->words)
		return mv_nomem(w->err);
	while (w->at < w->count)
		if (mv_set_str(&a->words[n++], next(w), w->err))
			return MV_ENOMEM;
	return 0;
}

static int shape_bool(struct mv_rule_args *a, struct words *w)
{
	a->number = rules_take(w, "true");
	return a->number || rules_take(w, "false") ? 0 : rules_bad(w,
								   "true or false");
}

static int shape_count(struct mv_rule_args *a, struct words *w)
{
	return count_of(&a->number, next(w)) || !a->number ?
		rules_bad(w, "a number from 1") : 0;
}

/* NUMBER [from GROUP] */
static int shape_people(struct mv_rule_args *a, struct words *w)
{
	if (count_of(&a->number, next(w)) || !a->number)
		return rules_bad(w, "NUMBER [from GROUP], NUMBER from 1");
	if (!rules_take(w, "from"))
		return 0;
	return *peek(w) ? mv_set_str(&a->text, next(w), w->err) :
			  rules_bad(w, "a group after 'from'");
}

/* NUMBER [from GROUP] ttl DURATION */
static int shape_override(struct mv_rule_args *a, struct words *w)
{
	int rc = shape_people(a, w);

	if (rc)
		return rc;
	if (!rules_take(w, "ttl") || mv_parse_duration(&a->seconds, next(w),
						       NULL) ||
	    a->seconds <= 0)
		return rules_bad(w, "NUMBER [from GROUP] ttl DURATION");
	return 0;
}

static int shape_duration(struct mv_rule_args *a, struct words *w)
{
	return mv_parse_duration(&a->seconds, next(w), NULL) ?
		rules_bad(w, "a duration, such as 14d or 72h") : 0;
}

static int shape_size(struct mv_rule_args *a, struct words *w)
{
	int rc = mv_parse_size(&a->number, w->value, NULL);

	w->at = w->count;
	return rc ? rules_bad(w, "a size, such as 2GiB") : 0;
}

static int shape_real(struct mv_rule_args *a, struct words *w)
{
	return number_of(&a->a, next(w)) || a->a < 0 ?
		rules_bad(w, "a number, such as 7e9") : 0;
}

/* KEY median|mean|min|max */
static int shape_aggregate(struct mv_rule_args *a, struct words *w)
{
	static const char *const how[] = { "median", "mean", "min", "max" };
	int rc = *peek(w) ? mv_set_str(&a->metric, next(w), w->err) :
			    rules_bad(w, "KEY median|mean|min|max");

	if (rc)
		return rc;
	for (size_t i = 0; i < sizeof(how) / sizeof(how[0]); i++)
		if (!strcmp(peek(w), how[i]))
			return mv_set_str(&a->text, next(w), w->err);
	return rules_bad(w, "KEY median|mean|min|max");
}

/* FILE [sections A B ...] */
static int shape_card(struct mv_rule_args *a, struct words *w)
{
	int rc = shape_path(a, w);

	if (rc || !rules_take(w, "sections"))
		return rc;
	return shape_words(a, w);
}

/* previously-held within DURATION [approvals NUMBER [from GROUP]] */
static int shape_rollback(struct mv_rule_args *a, struct words *w)
{
	if (!rules_take(w, "previously-held") || !rules_take(w, "within") ||
	    mv_parse_duration(&a->seconds, next(w), NULL) || a->seconds <= 0)
		return rules_bad(w, "previously-held within DURATION "
				 "[approvals NUMBER [from GROUP]]");
	return rules_take(w, "approvals") ? shape_people(a, w) : 0;
}

static int shape_window(struct mv_rule_args *a, struct words *w)
{
	w->at = w->count;
	return mv_window_parse(&a->window, w->value, w->err);
}

/* -- the table ------------------------------------------------------------ */

enum where { STAGE = 1 << 0, BRANCH = 1 << 1, TOP = 1 << 2 };
static const char *const people[] = { "author", "committer", "pusher",
				      "runner", "promoter", NULL };
static const char *const signatures[] = { "approval", "tag", NULL };
static const char *const causes[] = { "content", "metrics", "policy",
				      "holder", NULL };
static const char *const lineage[] = { "data", "code", "params", "env",
				       "run", NULL };

static const struct row {
	const char *key;
	enum mv_rule_kind kind;
	unsigned where;
	int once;		/* twice in a section would be a contradiction */
	shape_fn shape;
	const char *const *words;	/* the only ones allowed */
} rows[] = {
	{ "metric", MV_RULE_METRIC, STAGE | BRANCH, 0, shape_metric, NULL },
	{ "no-regression", MV_RULE_NO_REGRESSION, STAGE | BRANCH, 0,
	  shape_change, NULL },
	{ "improve", MV_RULE_IMPROVE, STAGE | BRANCH, 0, shape_change, NULL },
	{ "any", MV_RULE_ANY, STAGE | BRANCH, 0, shape_any, NULL },
	{ "eval-on", MV_RULE_EVAL_ON, STAGE | BRANCH, 0, shape_data, NULL },
	{ "same-eval", MV_RULE_SAME_EVAL, STAGE | BRANCH, 1, shape_bool, NULL },
	{ "eval-max-age", MV_RULE_EVAL_MAX_AGE, STAGE | BRANCH, 1,
	  shape_duration, NULL },
	{ "min-runs", MV_RULE_MIN_RUNS, STAGE | BRANCH, 1, shape_count, NULL },
	{ "aggregate", MV_RULE_AGGREGATE, STAGE | BRANCH, 0, shape_aggregate,
	  NULL },
	{ "approvals", MV_RULE_APPROVALS, STAGE, 0, shape_people, NULL },
	{ "approval-max-age", MV_RULE_APPROVAL_MAX_AGE, STAGE | TOP, 1,
	  shape_duration, NULL },
	{ "dismiss-on", MV_RULE_DISMISS_ON, STAGE, 1, shape_words, causes },
	{ "veto", MV_RULE_VETO, STAGE, 0, shape_people, NULL },
	{ "forbid-self-approval", MV_RULE_FORBID_SELF, STAGE | TOP, 1,
	  shape_words, people },
	{ "require-signature", MV_RULE_REQUIRE_SIGNATURE, STAGE, 1,
	  shape_words, signatures },
	{ "promoter", MV_RULE_PROMOTER, STAGE, 0, shape_word, NULL },
	{ "override", MV_RULE_OVERRIDE, STAGE, 1, shape_override, NULL },
	{ "rollback", MV_RULE_ROLLBACK, STAGE, 1, shape_rollback, NULL },
	{ "require-stage", MV_RULE_REQUIRE_STAGE, STAGE, 0, shape_stage,
	  NULL },
	{ "min-soak", MV_RULE_MIN_SOAK, STAGE, 1, shape_duration, NULL },
	{ "min-interval", MV_RULE_MIN_INTERVAL, STAGE, 1, shape_duration,
	  NULL },
	{ "requires-holder", MV_RULE_REQUIRES_HOLDER, STAGE, 0, shape_stage,
	  NULL },
	{ "reachable-from", MV_RULE_REACHABLE_FROM, STAGE, 0, shape_ref,
	  NULL },
	{ "require-lineage", MV_RULE_REQUIRE_LINEAGE, STAGE | BRANCH, 1,
	  shape_words, lineage },
	{ "require-clean", MV_RULE_REQUIRE_CLEAN, STAGE | BRANCH, 1,
	  shape_bool, NULL },
	{ "data-in-repo", MV_RULE_DATA_IN_REPO, STAGE | BRANCH, 1, shape_bool,
	  NULL },
	{ "format", MV_RULE_FORMAT, STAGE | BRANCH, 1, shape_words, NULL },
	{ "forbid-format", MV_RULE_FORBID_FORMAT, STAGE | BRANCH, 1,
	  shape_words, NULL },
	{ "max-size", MV_RULE_MAX_SIZE, STAGE | BRANCH, 1, shape_size, NULL },
	{ "max-params", MV_RULE_MAX_PARAMS, STAGE | BRANCH, 1, shape_real,
	  NULL },
	{ "license", MV_RULE_LICENSE, STAGE | BRANCH, 1, shape_words, NULL },
	{ "card", MV_RULE_CARD, STAGE | BRANCH, 1, shape_card, NULL },
	{ "freeze", MV_RULE_FREEZE, STAGE, 0, shape_window, NULL },
	{ "monotonic", MV_RULE_MONOTONIC, STAGE, 1, shape_bool, NULL },
	{ "prerelease", MV_RULE_PRERELEASE, STAGE, 1, shape_bool, NULL },
	{ "policy-approvals", MV_RULE_POLICY_APPROVALS, TOP, 0, shape_people,
	  NULL },
	{ "immutable-tags", MV_RULE_IMMUTABLE_TAGS, TOP, 1, shape_bool, NULL },
	{ "append-only", MV_RULE_APPEND_ONLY, TOP, 1, shape_bool, NULL },
	{ "max-clock-skew", MV_RULE_MAX_CLOCK_SKEW, TOP, 1, shape_duration,
	  NULL },
};

/* Rules of policies elsewhere, so that the message can say more. */
static const char *const statistical[] = {
	"ci", "better-than", "not-worse-than", "slice", "gap"
};

static const struct row *row_of(const char *key)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(rows[i].key, key))
			return &rows[i];
	return NULL;
}

static int rules_unknown(const char *key, struct mv_err *err)
{
	for (size_t i = 0; i < sizeof(statistical) / sizeof(statistical[0]);
	     i++)
		if (!strcmp(statistical[i], key))
			return mv_fail(err, MV_EINVALID, "rule '%s' needs "
				       "statistics that this version does not "
				       "have; use no-regression or metric",
				       key);
	return mv_fail(err, MV_EINVALID, "'%s' is no rule that this version "
		       "knows; see git-model-policy(1)", key);
}

static int check_words(const struct row *row, const struct mv_rule_args *a,
		       struct mv_err *err)
{
	for (size_t i = 0; row->words && a->words[i]; i++) {
		size_t j = 0;

		while (row->words[j] && strcmp(row->words[j], a->words[i]))
			j++;
		if (!row->words[j])
			return mv_fail(err, MV_EINVALID, "'%s' is not known "
				       "in %s", a->words[i], row->key);
	}
	return 0;
}

static unsigned where_of(const char *where)
{
	return !strcmp(where, "stage") ? STAGE :
	       !strcmp(where, "branch") ? BRANCH : TOP;
}

static int parse_args(struct mv_rule *rule, const struct row *row,
		      struct mv_err *err)
{
	struct words w;
	int rc = rules_split(&w, rule->value, err);

	if (!rc)
		rc = row->shape(rule->args, &w);
	if (!rc && w.at < w.count)
		rc = mv_fail(err, MV_EINVALID, "'%s': '%s' is too much",
			     rule->value, w.v[w.at]);
	if (!rc)
		rc = check_words(row, rule->args, err);
	free(w.text);
	return rc;
}

int mv_rule_parse(struct mv_rule *rule, const char *where, const char *key,
		  const char *value, struct mv_err *err)
{
	const struct row *row = row_of(key);

	if (!row)
		return rules_unknown(key, err);
	if (!(row->where & where_of(where)))
		return mv_fail(err, MV_EINVALID, "'%s' does not belong into a "
			       "[%s] section", key, *where ? where : "top");
	rule->kind = row->kind;
	rule->key = strdup(key);
	rule->value = strdup(value);
	rule->args = calloc(1, sizeof(*rule->args));
	if (!rule->key || !rule->value || !rule->args)
		return mv_nomem(err);
	rule->args->seconds = -1;
	return parse_args(rule, row, err);
}

int mv_rule_once(const struct mv_rule *rule)
{
	return row_of(rule->key)->once;
}

void mv_rule_args_free(struct mv_rule_args *a)
{
	while (a) {
		struct mv_rule_args *next_one = a->next;

		free(a->metric);
		free(a->vs);
		free(a->text);
		for (size_t i = 0; a->words && a->words[i]; i++)
			free(a->words[i]);
		free(a->words);
		mv_window_free(a->window);
		free(a);
		a = next_one;
	}
}

/* -- what an override may name -------------------------------------------- */

int mv_may_override(enum mv_rule_kind kind)
{
	return kind != MV_RULE_REQUIRE_SIGNATURE && kind != MV_RULE_VETO &&
	       kind != MV_RULE_PROMOTER && kind != MV_RULE_POLICY_APPROVALS;
}

static int rules_check_key(const char *key, struct mv_err *err)
{
	const struct row *row = row_of(key);
	struct mv_nearest near = MV_NEAREST_INIT(key);

	if (row && !mv_may_override(row->kind))
		return mv_fail(err, MV_EINVALID, "nobody can override '%s': it "
			       "says who decides", key);
	if (row && row->where & STAGE)
		return 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].where & STAGE)
			mv_nearest_try(&near, rows[i].key);
	return mv_fail(err, MV_EINVALID, "'%s' is no rule of a stage%s%s%s; an "
		       "override names the keys of rules, with blanks between",
		       key, near.best ? "; did you mean '" : "",
		       near.best ? near.best : "", near.best ? "'?" : "");
}

static int check_keys(const char *rules, struct mv_err *err)
{
	char *copy = strdup(rules), *rest = NULL;
	char *key = copy ? strtok_r(copy, " ", &rest) : NULL;
	int rc = 0;

	if (!copy)
		return mv_nomem(err);
	if (!key)
		rc = mv_fail(err, MV_EINVALID, "an override names the keys of "
			     "rules; '%s' has none", rules);
	for (; key && !rc; key = strtok_r(NULL, " ", &rest))
		rc = rules_check_key(key, err);
	free(copy);
	return rc;
}

int mv_policy_check_override(const struct mv_policy *p, const char *artifact,
			     const char *stage, const char *rules,
			     struct mv_err *err)
{
	int any = 0;

	for (size_t i = 0; i < p->section_count && !any; i++)
		any = mv_section_applies(&p->sections[i], "stage", artifact,
					 stage) &&
		      mv_section_rule(&p->sections[i], MV_RULE_OVERRIDE);
	if (!any)
		return mv_fail(err, MV_EINVALID, "the policy lets nobody "
			       "override rules of '%s#%s': no [stage] section "
			       "of it has a rule 'override'", artifact, stage);
	return check_keys(rules, err);
}
