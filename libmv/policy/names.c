/* SPDX-License-Identifier: MIT */
#include "libmv/policy/priv.h"

#include <string.h>

/* Iterative, so that a hostile pattern costs no more than |p| * |s|. */
int mv_glob(const char *p, const char *s)
{
	const char *star = NULL, *back = NULL;

	while (*s) {
		if (*p == '*') {
			star = ++p;
			back = s;
		} else if (*p == *s) {
			p++;
			s++;
		} else if (star) {
			p = star;
			s = ++back;
		} else {
			return 0;
		}
	}
	while (*p == '*')
		p++;
	return !*p;
}

int mv_section_applies(const struct mv_section *s, const char *kind,
		       const char *artifact, const char *name)
{
	const char *hash;
	char pattern[64];
	size_t len;

	if (strcmp(s->kind, kind))
		return 0;
	if (strcmp(kind, "stage"))
		return !*kind || mv_glob(s->name, name);
	hash = strrchr(s->name, '#');
	if (!hash)
		return !strcmp(s->name, name);
	len = (size_t)(hash - s->name);
	if (strcmp(hash + 1, name) || len >= sizeof(pattern) || !artifact)
		return 0;
	memcpy(pattern, s->name, len);
	pattern[len] = '\0';
	return mv_glob(pattern, artifact);
}

const char *mv_policy_stage_of(const struct mv_section *s)
{
	const char *hash = strrchr(s->name, '#');

	if (strcmp(s->kind, "stage"))
		return NULL;
	return hash ? hash + 1 : s->name;
}

const struct mv_rule *mv_section_rule(const struct mv_section *s,
				      enum mv_rule_kind kind)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->rules[i].kind == (int)kind)
			return &s->rules[i];
	return NULL;
}

const struct mv_rule *mv_next_rule(const struct mv_deciding *d,
				   struct mv_cursor *at)
{
	const struct mv_policy *p = d->policy;

	/* Place 0 is the section's own; the others follow from 1. */
	for (; at->section <= p->section_count; at->section++, at->rule = 0) {
		const struct mv_section *s = at->section ?
			&p->sections[at->section - 1] : d->section;

		if (at->section &&
		    (s == d->section || s->mode != MV_MODE_ENFORCE ||
		     !mv_section_applies(s, d->kind, d->facts->artifact,
					 d->name)))
			continue;
		if (at->rule < s->count)
			return &s->rules[at->rule++];
	}
	return NULL;
}

const struct mv_rule *mv_next_setting(const struct mv_deciding *d,
				      enum mv_rule_kind kind,
				      struct mv_cursor *at)
{
	const struct mv_rule *r;

	do {
		r = mv_next_rule(d, at);
	} while (r && r->kind != (int)kind);
	return r;
}

const struct mv_policy_group *mv_policy_group(const struct mv_policy *p,
					      const char *name)
{
	for (size_t i = 0; i < p->group_count; i++)
		if (!strcmp(p->groups[i].name, name))
			return &p->groups[i];
	return NULL;
}

int mv_policy_member(const struct mv_policy *p, const char *group,
		     const char *principal)
{
	const struct mv_policy_group *g;

	if (!principal)
		return 0;
	if (!group)
		return 1;
	g = mv_policy_group(p, group);
	for (size_t i = 0; g && i < g->count; i++)
		if (!strcmp(g->members[i], principal))
			return 1;
	return 0;
}

int mv_dismissed_by(const struct mv_section *s, const char *cause)
{
	const struct mv_rule *r = mv_section_rule(s, MV_RULE_DISMISS_ON);

	if (!r)
		return 1;
	for (char **word = r->args->words; *word; word++)
		if (!strcmp(*word, cause))
			return 1;
	return 0;
}

const char *mv_plain_name(const char *name)
{
	if (!name)
		return "";
	return strncmp(name, "refs/heads/", 11) ? name : name + 11;
}

const char *mv_action_kind(const char *action)
{
	if (!strcmp(action, "change"))
		return "branch";
	return !strcmp(action, "policy") ? "" : "stage";
}

int mv_policy_governs(const struct mv_policy *p, const char *kind,
		      const char *artifact, const char *name)
{
	for (size_t i = 0; i < p->section_count; i++)
		if (mv_section_applies(&p->sections[i], kind, artifact,
				       mv_plain_name(name)))
			return 1;
	return 0;
}

/* The first rule of that kind in any section; NULL: there is none. */
static const struct mv_rule *any_rule(const struct mv_policy *p,
				      enum mv_rule_kind kind)
{
	const struct mv_rule *r = NULL;

	for (size_t i = 0; !r && i < p->section_count; i++)
		r = mv_section_rule(&p->sections[i], kind);
	return r;
}

int64_t mv_policy_clock_skew(const struct mv_policy *p)
{
	const struct mv_rule *r = any_rule(p, MV_RULE_MAX_CLOCK_SKEW);

	return r ? r->args->seconds : MV_CLOCK_SKEW;
}

int mv_policy_asks_moments(const struct mv_policy *p)
{
	return any_rule(p, MV_RULE_MIN_SOAK) ||
	       any_rule(p, MV_RULE_MIN_INTERVAL) ||
	       any_rule(p, MV_RULE_ROLLBACK);
}
