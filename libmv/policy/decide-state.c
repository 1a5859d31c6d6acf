/* SPDX-License-Identifier: MIT */
#include "libmv/policy/priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "libmv/base/config.h"
#include "libmv/format/format.h"
#include "libmv/meta/version.h"

/* Rules about the file, the history of stages, and the moment. */

static void decide_state_unknown(struct mv_found *f, const char *what)
{
	mv_actual(f, "%s is not known", what);
	mv_found_set(f, MV_RESULT_UNKNOWN);
}

static const char *duration(char *text, int64_t s)
{
	if (s >= 2 * 86400)
		snprintf(text, 32, "%" PRId64 " days", s / 86400);
	else if (s >= 7200)
		snprintf(text, 32, "%" PRId64 " hours", s / 3600);
	else
		snprintf(text, 32, "%" PRId64 " s", s);
	return text;
}

/* Yes when the answer is above 0. */
static void yes_no(const struct mv_deciding *d, const char *word,
		   const char *rest, const char *yes, const char *no,
		   struct mv_found *f)
{
	const struct mv_answer *a = mv_known(d->facts, word, rest);

	if (!a) {
		decide_state_unknown(f, rest ? rest : word);
		return;
	}
	mv_actual(f, "%s%s%s", a->number > 0 ? yes : no, a->text ? ": " : "",
		  a->text ? a->text : "");
	if (a->number <= 0)
		mv_found_set(f, MV_RESULT_NO);
}

/* -- the file ------------------------------------------------------------- */

static void format(const struct mv_deciding *d, const struct mv_rule *rule,
		   struct mv_found *f)
{
	const struct mv_answer *a = mv_known(d->facts, "format", NULL);
	int listed = 0;

	if (!a || !a->text || !*a->text) {
		decide_state_unknown(f, "the file's format");
		return;
	}
	mv_actual(f, "%s", a->text);
	/* what forbids zips forbids all that are one */
	for (char **word = rule->args->words; *word; word++)
		listed |= rule->kind == MV_RULE_FORMAT ?
			!strcasecmp(*word, a->text) :
			mv_format_is(a->text, *word);
	if (listed != (rule->kind == MV_RULE_FORMAT))
		mv_found_set(f, MV_RESULT_NO);
}

static void max_size(const struct mv_deciding *d, const struct mv_rule *rule,
		     struct mv_found *f)
{
	char text[32];

	mv_expected(f, "at most %s", mv_print_size(text, rule->args->number));
	if (d->facts->size == UINT64_MAX) {
		decide_state_unknown(f, "the size");
		return;
	}
	mv_actual(f, "%s", mv_print_size(text, d->facts->size));
	if (d->facts->size > rule->args->number)
		mv_found_set(f, MV_RESULT_NO);
}

static void max_params(const struct mv_deciding *d, const struct mv_rule *rule,
		       struct mv_found *f)
{
	const struct mv_answer *a = mv_known(d->facts, "parameters", NULL);

	if (!a || a->number < 0) {
		decide_state_unknown(f, "the number of parameters");
		return;
	}
	mv_actual(f, "%" PRId64 " parameters", a->number);
	if ((double)a->number > rule->args->a)
		mv_found_set(f, MV_RESULT_NO);
}

static void card(const struct mv_deciding *d, const struct mv_rule *rule,
		 struct mv_found *f)
{
	const char *file = rule->args->text;
	char question[512];

	yes_no(d, "card", file, "it is there", "there is none", f);
	for (char **s = rule->args->words; s && *s; s++) {
		snprintf(question, sizeof(question), "%s %s", file, *s);
		yes_no(d, "card-section", question, *s, "no section", f);
	}
}

/* -- stages --------------------------------------------------------------- */

static void require_stage(const struct mv_deciding *d, const char *stage,
			  struct mv_found *f)
{
	char what[MV_WHAT_MAX];

	yes_no(d, "held", stage, "it held the stage",
	       "it never held the stage", f);
	if (f->result == MV_RESULT_NO)
		mv_advice(f, "git model promote %s %s",
			  mv_record_what(what, d->facts), stage);
}

static void requires_holder(const struct mv_deciding *d, const char *stage,
			    struct mv_found *f)
{
	yes_no(d, "holder", stage, "held", "nobody holds it", f);
	if (f->result == MV_RESULT_NO)
		mv_advice(f, "somebody promotes a version to %s first", stage);
}

static void reachable(const struct mv_deciding *d, const char *ref,
		      struct mv_found *f)
{
	yes_no(d, "reachable-from", ref, "it is", "it is not", f);
	if (f->result == MV_RESULT_NO)
		mv_advice(f, "merge its commit into %s, and git fetch that",
			  ref);
}

/* A whole number of days, hours or minutes; never less than is needed. */
static void advise_wait(struct mv_found *f, int64_t s)
{
	if (s >= 2 * 86400)
		mv_advice(f, "wait %" PRId64 " more days", s / 86400 + 1);
	else if (s >= 7200)
		mv_advice(f, "wait %" PRId64 " more hours", s / 3600 + 1);
	else
		mv_advice(f, "wait %" PRId64 " more minutes", s / 60 + 1);
}

static void min_soak(const struct mv_deciding *d, const struct mv_rule *rule,
		     struct mv_found *f)
{
	struct mv_cursor at = { 0, 0 };
	const struct mv_rule *r;
	size_t stages = 0;
	char text[32];

	while ((r = mv_next_setting(d, MV_RULE_REQUIRE_STAGE, &at))) {
		const struct mv_answer *a;

		stages++;
		a = mv_known(d->facts, "soak", r->args->text);
		if (!a || a->number < 0) {
			decide_state_unknown(f, r->args->text);
			continue;
		}
		mv_actual(f, "%s in %s", duration(text, a->number),
			  r->args->text);
		if (a->number >= rule->args->seconds)
			continue;
		mv_found_set(f, MV_RESULT_NO);
		advise_wait(f, rule->args->seconds - a->number);
	}
	if (!stages)
		decide_state_unknown(f, "the stage to soak in (require-stage)");
}

static void min_interval(const struct mv_deciding *d,
			 const struct mv_rule *rule, struct mv_found *f)
{
	const struct mv_answer *a = mv_known(d->facts, "since-last-event",
					     NULL);
	char text[32];

	if (!a) {
		decide_state_unknown(f, "when this stage changed last");
		return;
	}
	if (a->number < 0) {
		mv_actual(f, "first");
		return;
	}
	mv_actual(f, "%s since the last change", duration(text, a->number));
	if (a->number >= rule->args->seconds)
		return;
	mv_found_set(f, MV_RESULT_NO);
	advise_wait(f, rule->args->seconds - a->number);
}

static void freeze(const struct mv_deciding *d, const struct mv_rule *rule,
		   struct mv_found *f)
{
	const struct mv_window *w = rule->args->window;
	int64_t local = d->now;

	mv_expected(f, "not in %s", rule->value);
	if (w->zone) {
		const struct mv_answer *a = mv_known(d->facts, "utc-offset",
						     w->zone);

		if (!a) {
			decide_state_unknown(f, w->zone);
			return;
		}
		/* A day is more than any zone is away. */
		if (a->number < -86400 || a->number > 86400 ||
		    __builtin_add_overflow(d->now, a->number, &local)) {
			decide_state_unknown(f, w->zone);
			return;
		}
	}
	if (!mv_window_covers(w, local)) {
		mv_actual(f, "outside of it");
		return;
	}
	mv_actual(f, "inside of it");
	mv_found_set(f, MV_RESULT_NO);
}

static void monotonic(const struct mv_deciding *d, struct mv_found *f)
{
	const char *version = d->facts->version, *before;
	int first;

	mv_expected(f, "a greater version than the last one");
	before = mv_last_version(d->facts, &first);
	if (first) {
		mv_actual(f, "first");
		return;
	}
	if (!version || !mv_version_ok(version) || !before ||
	    !mv_version_ok(before)) {
		decide_state_unknown(f, "which version came before");
		return;
	}
	mv_actual(f, "%s after %s", version, before);
	if (mv_version_cmp(version, before) > 0)
		return;
	mv_found_set(f, MV_RESULT_NO);
	mv_advice(f, "register it by a number above %s: git model register "
		  "--force", before);
}

/* The "-rc.1" of v1.2.0-rc.1; a "-" behind a "+" is build metadata. */
static void prerelease(const struct mv_deciding *d, struct mv_found *f)
{
	const char *v = d->facts->version;
	size_t n;

	if (!v || !mv_version_ok(v)) {
		decide_state_unknown(f, "the version");
		return;
	}
	n = strcspn(v, "-+");
	mv_expected(f, "no pre-release");
	mv_actual(f, "%s", v);
	if (v[n] == '-')
		mv_found_set(f, MV_RESULT_NO);
}

void mv_decide_state(const struct mv_deciding *d, const struct mv_rule *rule,
		     struct mv_found *f)
{
	const char *text = rule->args->text;

	switch ((enum mv_rule_kind)rule->kind) {
	case MV_RULE_FORMAT:
	case MV_RULE_FORBID_FORMAT:
		format(d, rule, f);
		break;
	case MV_RULE_MAX_SIZE:
		max_size(d, rule, f);
		break;
	case MV_RULE_MAX_PARAMS:
		max_params(d, rule, f);
		break;
	case MV_RULE_CARD:
		card(d, rule, f);
		break;
	case MV_RULE_REQUIRE_STAGE:
		require_stage(d, text, f);
		break;
	case MV_RULE_MIN_SOAK:
		min_soak(d, rule, f);
		break;
	case MV_RULE_MIN_INTERVAL:
		min_interval(d, rule, f);
		break;
	case MV_RULE_REQUIRES_HOLDER:
		requires_holder(d, text, f);
		break;
	case MV_RULE_REACHABLE_FROM:
		reachable(d, text, f);
		break;
	case MV_RULE_FREEZE:
		freeze(d, rule, f);
		break;
	case MV_RULE_MONOTONIC:
		if (rule->args->number)
			monotonic(d, f);
		break;
	case MV_RULE_PRERELEASE:
		if (!rule->args->number)
			prerelease(d, f);
		break;
	default:
		/* A rule that nobody evaluates must not pass. */
		decide_state_unknown(f, rule->key);
		break;
	}
}
