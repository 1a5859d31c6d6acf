/* SPDX-License-Identifier: MIT */
#include "libmv/policy/priv.h"

#include <stdio.h>
#include <string.h>

/*
 * What to do about a no (or what cannot be told) of which the rule itself knows no more: what would be
 * a yes, and who may say so all the same.
 */

/* People copy what is advised into a shell, and a path is a stranger's. */
static const char *plain(const char *path)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-";

	return path && *path && *path != '-' && !path[strspn(path, safe)] ?
	       path : "PATH";
}

/* Another content, and how it comes to be judged. */
static void another(const struct mv_deciding *d, const char *first,
		    struct mv_found *f)
{
	const struct mv_policy_facts *facts = d->facts;
	int version = facts->version && *facts->version;

	mv_advice(f, "%s: git model add %s, git commit%s%s", first,
		  plain(facts->path),
		  version ? ", git model register " : "",
		  version && facts->artifact ? facts->artifact : "");
}

/* "v1.2.0" of v1.2.0-rc.1, at the same commit. */
static void release_of(const struct mv_deciding *d, struct mv_found *f)
{
	const struct mv_policy_facts *facts = d->facts;
	const char *v = facts->version ? facts->version : "";

	mv_advice(f, "register it as what it is to be: git model register "
		  "--force %s @%.*s %.12s", facts->artifact ? facts->artifact :
		  "NAME", (int)strcspn(v, "-+"), v, facts->commit ?
		  facts->commit : "");
}

static void about_rule(const struct mv_deciding *d, const struct mv_rule *rule,
		       struct mv_found *f)
{
	char what[MV_WHAT_MAX];

	mv_record_what(what, d->facts);
	switch ((enum mv_rule_kind)rule->kind) {
	case MV_RULE_FORMAT:
	case MV_RULE_FORBID_FORMAT:
		another(d, "save it in a format that is allowed", f);
		break;
	case MV_RULE_MAX_SIZE:
	case MV_RULE_MAX_PARAMS:
		another(d, "make it smaller", f);
		break;
	case MV_RULE_CARD:
		mv_advice(f, "write that into %s, commit it, and register a "
			  "version that has it: git model register %s",
			  plain(rule->args->text), d->facts->artifact ?
			  d->facts->artifact : "NAME");
		break;
	case MV_RULE_FREEZE:
		mv_advice(f, "wait until it is over; git model check %s "
			  "--stage %s says whether it is", what,
			  d->facts->stage ? d->facts->stage : "STAGE");
		break;
	case MV_RULE_PRERELEASE:
		release_of(d, f);
		break;
	case MV_RULE_LICENSE:
		mv_advice(f, "if it has another one, record that: git model "
			  "record %s --tag license=NAME", what);
		break;
	case MV_RULE_EVAL_MAX_AGE:
		mv_advice(f, "measure it again, and record it: git model "
			  "record %s --metric NAME=VALUE", what);
		break;
	case MV_RULE_MIN_RUNS:
		mv_advice(f, "train it again with other seeds (git model run), "
			  "or record each run: git model record %s", what);
		break;
	case MV_RULE_METRIC:
	case MV_RULE_ANY:
	case MV_RULE_IMPROVE:
	case MV_RULE_NO_REGRESSION:
		another(d, "make one that measures better", f);
		break;
	case MV_RULE_APPROVALS:		/* of what has no version nobody can */
		break;
	default:
		mv_advice(f, "whoever looks after .gitmodel/policy can change "
			  "the rule; git model policy show prints it");
		break;
	}
}

/* Who wrote the rule may change it. */
static void about_people(const struct mv_deciding *d,
			 const struct mv_rule *over,
			 const struct mv_rule *rule, struct mv_found *f)
{
	const struct mv_policy_facts *facts = d->facts;
	const char *group = over ? over->args->text : NULL;
	char what[MV_WHAT_MAX];

	if (!over || !mv_may_override(rule->kind) || !facts->version ||
	    !*facts->version)
		return;
	mv_advice_more(f, "%s%llu%s%s may overrule it: git model override "
		       "--rules %s --reason WHY %s --stage %s",
		       f->advice.len ? "or " : "",
		       (unsigned long long)over->args->number,
		       group ? " of " : " of all signers",
		       group ? group : "", rule->key,
		       mv_record_what(what, facts),
		       facts->stage ? facts->stage : "STAGE");
}

void mv_advise(const struct mv_deciding *d, const struct mv_rule *over,
	       const struct mv_rule *rule, struct mv_found *f)
{
	int known = f->result == MV_RESULT_NO;

	if ((!known && f->result != MV_RESULT_UNKNOWN) || f->advice.len)
		return;
	/* A file whose format nobody knows is asked for in another one, too;
	   of what else is not known, only who may overrule it is. */
	if (known || rule->kind == MV_RULE_FORMAT ||
	    rule->kind == MV_RULE_FORBID_FORMAT)
		about_rule(d, rule, f);
	about_people(d, over, rule, f);
}
