/* SPDX-License-Identifier: MIT */
#include "libmv/policy/priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libmv/base/config.h"
#include "libmv/base/grow.h"
#include "libmv/meta/project.h"
#include "libmv/meta/tags.h"

#define POLICY_NAME ".gitmodel/policy"
#define CONFIG_NAME ".gitmodel/config"
enum { SECTIONS_MAX = 256, RULES_MAX = 256, MEMBERS_MAX = 1024 };

struct parse {
	struct mv_policy *policy;
	struct mv_policy_group *group;	/* the section we are in is one */
	struct mv_section *section;	/* else this */
};

static int parse_bad(struct mv_err *err, int line, const char *why,
		     const char *what)
{
	return mv_fail(err, MV_EINVALID, POLICY_NAME ":%d: %s '%s'", line, why,
		       what);
}

/* -- sections ------------------------------------------------------------- */

static int begin_group(struct parse *p, const char *name, int line,
		       struct mv_err *err)
{
	struct mv_policy_group *g;

	if (!*name || strchr(name, ' '))
		return parse_bad(err, line,
				 "a group needs a name of one word, not",
				 name);
	if (p->policy->group_count == SECTIONS_MAX)
		return parse_bad(err, line, "too many groups, with", name);
	g = MV_GROW_ONE(p->policy->groups, p->policy->group_count, err);
	if (!g)
		return MV_ENOMEM;
	p->group = g;
	p->section = NULL;
	g->line = line;
	return mv_set_str(&g->name, name, err);
}

static int stage_name_ok(const char *name)
{
	const char *hash = strrchr(name, '#');

	return hash ? hash != name && mv_stage_ok(hash + 1) :
		      mv_stage_ok(name);
}

static int begin_rules(struct parse *p, const char *kind, const char *name,
		       int line, struct mv_err *err)
{
	struct mv_section *s;

	if (!strcmp(kind, "stage") && !stage_name_ok(name))
		return parse_bad(err, line,
				 "a stage is named like production or "
				 "fraud#production, not", name);
	if (!strcmp(kind, "branch") && (!*name || !strncmp(name, "refs/", 5)))
		return parse_bad(err, line,
				 "a branch is named without refs/heads/, "
				 "not", name);
	if (p->policy->section_count == SECTIONS_MAX)
		return parse_bad(err, line, "too many sections, with", name);
	s = MV_GROW_ONE(p->policy->sections, p->policy->section_count, err);
	if (!s)
		return MV_ENOMEM;
	p->section = s;
	p->group = NULL;
	s->line = line;
	s->kind = strdup(kind);
	s->name = strdup(name);
	return s->kind && s->name ? 0 : mv_nomem(err);
}

static int parse_begin(struct parse *p, const char *section, const char *name,
		       int line, struct mv_err *err)
{
	if (!strcmp(section, "group"))
		return begin_group(p, name, line, err);
	if (!strcmp(section, "stage") || !strcmp(section, "branch"))
		return begin_rules(p, section, name, line, err);
	if (!strcmp(section, "metric"))
		return parse_bad(err, line, "directions of metrics belong into "
				 CONFIG_NAME ", not", name);
	return parse_bad(err, line, "unknown section", section);
}

/* -- pairs ---------------------------------------------------------------- */

static int add_member(struct mv_policy_group *g, const char *key,
		      const char *value, int line, struct mv_err *err)
{
	char **member;

	if (strcmp(key, "member"))
		return parse_bad(err, line, "a group has members, not", key);
	if (!*value || strpbrk(value, " \t*?,"))
		return parse_bad(err, line,
				 "a member is one principal, such as "
				 "alice@example.com, not", value);
	/* Mail knows no case: two spellings are one person. */
	for (size_t i = 0; i < g->count; i++)
		if (!strcasecmp(g->members[i], value))
			return parse_bad(err, line, "twice in this group:",
					 value);
	if (g->count == MEMBERS_MAX)
		return parse_bad(err, line, "too many members, with", value);
	member = MV_GROW_ONE(g->members, g->count, err);
	return member ? mv_set_str(member, value, err) : MV_ENOMEM;
}

static int set_mode(struct mv_section *s, const char *value, int line,
		    struct mv_err *err)
{
	if (!strcmp(value, "enforce"))
		s->mode = MV_MODE_ENFORCE;
	else if (!strcmp(value, "warn"))
		s->mode = MV_MODE_WARN;
	else if (!strcmp(value, "evaluate"))
		s->mode = MV_MODE_EVALUATE;
	else
		return parse_bad(err, line,
				 "mode is enforce, warn or evaluate, not",
				 value);
	return 0;
}

/* Can only one of the two be meant? */
static int contradicts(const struct mv_rule *a, const struct mv_rule *b)
{
	if (a->kind != b->kind)
		return 0;
	return mv_rule_once(b) ||
	       (b->kind == MV_RULE_AGGREGATE &&
		!strcmp(a->args->metric, b->args->metric));
}

static int add_rule(struct mv_section *s, const char *key, const char *value,
		    int line, struct mv_err *err)
{
	struct mv_rule *rule;
	int rc;

	if (s->count == RULES_MAX)
		return parse_bad(err, line, "too many rules, with", key);
	rule = MV_GROW_ONE(s->rules, s->count, err);
	if (!rule)
		return MV_ENOMEM;
	rule->line = line;
	rc = mv_rule_parse(rule, s->kind, key, value, err);
	if (rc == MV_EINVALID)
		mv_err_prefix(err, POLICY_NAME ":%d", line);
	if (rc)
		return rc;
	for (size_t i = 0; i + 1 < s->count; i++)
		if (contradicts(&s->rules[i], rule))
			return parse_bad(err, line, "twice in this section:",
					 key);
	return 0;
}

/* What is said before the first section is said of the whole repository. */
static int top_section(struct parse *p, int line, struct mv_err *err)
{
	return p->section ? 0 : begin_rules(p, "", "", line, err);
}

static int parse_on_pair(void *payload, const char *section,
			 const char *subname,
			 const char *key, const char *value, int line,
			 struct mv_err *err)
{
	struct parse *p = payload;
	int rc = 0;

	if (!key)
		return parse_begin(p, section, subname, line, err);
	if (p->group)
		return add_member(p->group, key, value, line, err);
	if (!*section)
		rc = top_section(p, line, err);
	if (rc)
		return rc;
	if (!strcmp(key, "mode") && *section) {
		if (p->section->mode_line)
			return parse_bad(err, line, "twice in this section:",
					 key);
		p->section->mode_line = line;
		return set_mode(p->section, value, line, err);
	}
	return add_rule(p->section, key, value, line, err);
}

/* -- the whole ------------------------------------------------------------ */

static int check_groups(const struct mv_policy *p, struct mv_err *err)
{
	for (size_t i = 0; i < p->section_count; i++)
		for (size_t j = 0; j < p->sections[i].count; j++) {
			const struct mv_rule *r = &p->sections[i].rules[j];
			const char *group = r->args->text;
			int takes_one = r->kind == MV_RULE_APPROVALS ||
				r->kind == MV_RULE_VETO ||
				r->kind == MV_RULE_PROMOTER ||
				r->kind == MV_RULE_OVERRIDE ||
				r->kind == MV_RULE_ROLLBACK ||
				r->kind == MV_RULE_POLICY_APPROVALS;

			if (takes_one && group && !mv_policy_group(p, group))
				return parse_bad(err, r->line,
						 "there is no group",
						 group);
		}
	return 0;
}

/* Both files, with their lengths between them, so that no byte can move from
   one to the other. */
static int digest(char *out, const char *policy, size_t policy_len,
		  const char *config, size_t config_len, struct mv_err *err)
{
	struct mv_hasher *h = NULL;
	struct mv_oid oid;
	char head[64], hex[MV_OID_HEX + 1];
	int rc = mv_hasher_new(&h, MV_HASH_SHA256, err);

	snprintf(head, sizeof(head), "git-model-policy/1\n%zu %zu\n",
		 policy_len, config_len);
	if (!rc)
		rc = mv_hasher_update(h, head, strlen(head), err);
	if (!rc)
		rc = mv_hasher_update(h, policy, policy_len, err);
	if (!rc && config)
		rc = mv_hasher_update(h, config, config_len, err);
	if (!rc)
		rc = mv_hasher_final(oid.b, h, err);
	mv_hasher_free(h);
	if (!rc)
		snprintf(out, 72, "sha256:%s", mv_oid_hex(hex, &oid));
	return rc;
}

int mv_policy_parse(struct mv_policy *out, const char *policy,
		    size_t policy_len, const char *config, size_t config_len,
		    struct mv_err *err)
{
	struct parse p = { out, NULL, NULL };
	int rc;

	memset(out, 0, sizeof(*out));
	rc = mv_config_parse_with(POLICY_NAME, policy, policy_len,
				  MV_CONFIG_TOP | MV_CONFIG_HEADS, parse_on_pair,
				  &p, err);
	if (!rc)
		rc = check_groups(out, err);
	if (!rc && config)
		rc = mv_project_parse(&out->project, CONFIG_NAME, config,
				      config_len, err);
	if (!rc)
		rc = digest(out->digest, policy, policy_len, config,
			    config ? config_len : 0, err);
	if (rc)
		mv_policy_release(out);
	return rc;
}

static void release_section(struct mv_section *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->rules[i].key);
		free(s->rules[i].value);
		mv_rule_args_free(s->rules[i].args);
	}
	free(s->rules);
	free(s->kind);
	free(s->name);
}

void mv_policy_release(struct mv_policy *p)
{
	for (size_t i = 0; i < p->section_count; i++)
		release_section(&p->sections[i]);
	free(p->sections);
	for (size_t i = 0; i < p->group_count; i++) {
		struct mv_policy_group *g = &p->groups[i];

		for (size_t j = 0; j < g->count; j++)
			free(g->members[j]);
		free(g->members);
		free(g->name);
	}
	free(p->groups);
	mv_project_release(&p->project);
	memset(p, 0, sizeof(*p));
}
