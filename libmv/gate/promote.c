/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/gate/priv.h"
#include "libmv/git/git.h"
#include "libmv/git/refs.h"
#include "libmv/meta/holding.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"
#include "libmv/release/release.h"

/*
 * Promotions, demotions and rollbacks: decide, and make the tag that says so.
 * The tag follows exactly what was looked at: the registry is compared again
 * under the tag's compare-and-swap, and where a policy asks who promotes, the
 * signature that git made is judged before anybody is told of the tag.
 */
#define TAGS "refs/tags/"

/* -- the verdict in one word ---------------------------------------------- */

/* What was found, not how it was worded: "3 days in staging" is another text
   a second later, and the tag's signature is not there yet. */
static int verdict_digest(char *out, const struct mv_verdict *v,
			  struct mv_err *err)
{
	struct mv_buf text;
	int rc = 0;

	mv_buf_init(&text, SIZE_MAX);
	for (size_t i = 0; i < v->count && !rc; i++) {
		const struct mv_finding *f = &v->v[i];

		rc = mv_buf_addf(&text, "%s\t%d\t%s\t%s\t%d\n", f->section,
				 f->line, f->rule, mv_result_name(f->result),
				 (int)f->mode);
	}
	if (rc)
		rc = mv_nomem(err);
	else
		rc = mv_gate_digest(out, text.data, text.len, err);
	mv_buf_release(&text);
	return rc;
}

static int is_yes(const struct mv_verdict *v)
{
	return v->result == MV_RESULT_YES ||
	       v->result == MV_RESULT_OVERRIDDEN;
}

/* -- must it be signed? --------------------------------------------------- */

static int promote_has_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *s = text; (s = strstr(s, word)); s += n)
		if ((s == text || s[-1] == ' ') && (!s[n] || s[n] == ' '))
			return 1;
	return 0;
}

static int asks_who(const struct mv_rule *r)
{
	if (!strcmp(r->key, "promoter"))
		return 1;
	if (!strcmp(r->key, "require-signature"))
		return promote_has_word(r->value, "tag");
	return !strcmp(r->key, "forbid-self-approval") &&
	       promote_has_word(r->value, "promoter");
}

/* Does any section of this stage, or the top level, ask who promotes? To sign
   where another artifact's section asks does no harm. */
static int must_sign(const struct mv_gate *gate, const char *stage)
{
	const struct mv_policy *p = &gate->policy;

	for (size_t i = 0; gate->has_policy && i < p->section_count; i++) {
		const struct mv_section *s = &p->sections[i];
		const char *of = mv_policy_stage_of(s);

		if (!strcmp(s->kind, "branch") || (of && strcmp(of, stage)))
			continue;
		for (size_t j = 0; j < s->count; j++)
			if (asks_who(&s->rules[j]))
				return 1;
	}
	return 0;
}

/* -- the tag -------------------------------------------------------------- */

struct promoting {
	struct mv_gate *gate;
	const struct mv_promotion *promotion;
	const struct mv_promote_options *options;
	struct mv_verdict *verdict;
	struct mv_policy_facts facts;
	int checked;		/* facts and verdict are there */
};

static void forget(struct promoting *x)
{
	if (x->checked) {
		mv_policy_facts_release(&x->facts);
		mv_verdict_release(x->verdict);
	}
	x->checked = 0;
}

static int promote_refuse(const struct promoting *x, struct mv_err *err)
{
	const struct mv_promotion *p = x->promotion;

	return mv_fail(err, MV_EDENIED, "the policy of %s says no to %s %s@%s "
		       "%s %s", x->gate->trusted_name, p->called ? p->called :
		       p->action, p->artifact,
		       p->version, strcmp(p->action, "demote") ? "to" : "from",
		       p->stage);
}

/*
 * A policy that somebody names must be one that the branch held, or the tag
 * would be BAD for everybody else.
 */
static int check_chosen(const struct promoting *x, struct mv_err *err)
{
	struct mv_git *git = mv_repo_git(x->gate->repo);
	const struct mv_past_commit *place = NULL;
	struct mv_past past;
	char *branch = NULL, tip[65];
	const char *name, *slash;
	int rc;

	if (!x->gate->chosen || x->options->force || !*x->gate->trusted)
		return 0;
	rc = mv_git_default_branch(&branch, git, err);
	if (!rc)
		rc = mv_git_commit(tip, git, branch, err);
	if (!rc)
		rc = mv_gate_past_read_lines(&past, x->gate, tip, err);
	if (rc) {
		free(branch);
		return rc == MV_ENOENT ? 0 : rc;
	}
	rc = mv_gate_past_place(&place, &past, git, x->gate->trusted, NULL,
				err);
	slash = strncmp(branch, "refs/", 5) ? NULL : strchr(branch + 5, '/');
	name = slash ? slash + 1 : branch;
	if (!rc && !place)
		rc = mv_fail(err, MV_EDENIED, "the policy of %.10s never was "
			     "%s, so nobody would believe the tag; --force "
			     "makes it all the same", x->gate->trusted, name);
	mv_gate_past_release(&past);
	free(branch);
	return rc;
}

/* What holds the stage now must fit what is to be done. */
static int check_holder(const struct promoting *x, struct mv_err *err)
{
	const struct mv_promotion *p = x->promotion;
	int held = !strcmp(x->facts.displaces, p->version);
	const char *holder = *x->facts.displaces ? x->facts.displaces :
						   "nothing";

	if (!strcmp(p->action, "demote")) {
		if (held)
			return 0;
		return mv_fail(err, MV_ENOENT, "%s@%s does not hold %s; %s "
			       "does", p->artifact, p->version, p->stage,
			       holder);
	}
	if (!held || x->options->force)
		return 0;
	return mv_fail(err, MV_EEXISTS, "%s@%s holds %s already", p->artifact,
		       p->version, p->stage);
}

static int check(struct promoting *x, struct mv_err *err)
{
	int rc;

	forget(x);
	rc = mv_gate_check(x->verdict, &x->facts, x->gate, x->promotion, err);
	if (rc)
		return rc;
	x->checked = 1;
	rc = check_holder(x, err);
	if (!rc && !is_yes(x->verdict) && !x->options->force)
		rc = promote_refuse(x, err);
	return rc;
}

/* Are the artifact's events the ones that were looked at? Both are in the
   registry's order. */
static int same_events(const struct mv_registry *a,
		       const struct mv_registry *b, const char *artifact)
{
	size_t i = 0, j = 0;

	for (;;) {
		while (i < a->count && strcmp(a->v[i].tag.artifact, artifact))
			i++;
		while (j < b->count && strcmp(b->v[j].tag.artifact, artifact))
			j++;
		if (i == a->count || j == b->count)
			return i == a->count && j == b->count;
		if (strcmp(a->v[i].ref, b->v[j].ref) ||
		    strcmp(a->v[i].oid, b->v[j].oid))
			return 0;
		i++;
		j++;
	}
}

static int reload(struct mv_gate *gate, const char *artifact,
		  struct mv_err *err)
{
	mv_registry_release(&gate->registry);
	return mv_registry_load(&gate->registry, mv_repo_git(gate->repo),
				artifact, err);
}

static int trailer(struct mv_tag_event *event, const char *key,
		   const char *value, struct mv_err *err)
{
	if (!value || !*value)
		return 0;
	return mv_release_tag_trailer(event, key, value, err);
}

static int add_verdict(struct mv_tag_event *event, const struct promoting *x,
		       struct mv_err *err)
{
	char digest[72], text[96] = "ungoverned";
	int rc = 0;

	if (x->verdict->governed) {
		rc = verdict_digest(digest, x->verdict, err);
		snprintf(text, sizeof(text), "%s %s", is_yes(x->verdict) ?
			 mv_result_name(x->verdict->result) : "no", digest);
	}
	return rc ? rc : trailer(event, "Model-Verdict", text, err);
}

static int add_trailers(struct mv_tag_event *event, const struct promoting *x,
			struct mv_err *err)
{
	const struct mv_policy_facts *f = &x->facts;
	const struct mv_gate *g = x->gate;
	char content[MV_OID_NAME], size[32];
	const struct { const char *key, *value; } all[] = {
		{ "Model-Artifact", f->artifact },
		{ "Model-Version", f->version },
		{ "Model-Stage", f->stage },
		{ "Model-Path", f->path },
		{ "Model-Content", content },
		{ "Model-Size", size },
		{ "Model-Records", f->records },
		{ "Model-Notes", g->notes },
		{ "Model-Policy", g->has_policy ? g->policy.digest : NULL },
		{ "Model-Policy-Commit", g->trusted },
		{ "Model-From", f->displaces },
	};
	int rc = 0;

	mv_oid_name(content, &f->content);
	snprintf(size, sizeof(size), "%llu", (unsigned long long)f->size);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]) && !rc; i++)
		rc = trailer(event, all[i].key, all[i].value, err);
	return rc ? rc : add_verdict(event, x, err);
}

static int decide(void *payload, struct mv_tag_event *event,
		  const struct mv_registry *registry, struct mv_err *err)
{
	struct promoting *x = payload;
	const char *artifact = x->promotion->artifact;
	int rc = 0;

	if (!same_events(&x->gate->registry, registry, artifact)) {
		rc = reload(x->gate, artifact, err);
		if (!rc)
			rc = check(x, err);
	}
	return rc ? rc : add_trailers(event, x, err);
}

/* -- the tag as it was made ----------------------------------------------- */

static const struct mv_event *find_tag(const struct mv_gate *gate,
				       const char *name)
{
	for (size_t i = 0; i < gate->registry.count; i++)
		if (!strcmp(gate->registry.v[i].ref + strlen(TAGS), name))
			return &gate->registry.v[i];
	return NULL;
}

/* Nobody has seen it yet. */
static int take_away(struct mv_gate *gate, const char *name,
		     const struct mv_event *tag, struct mv_err *err)
{
	char *ref = mv_strf(TAGS "%s", name);
	int rc = ref ? mv_git_ref_set(mv_repo_git(gate->repo), ref, "",
				      tag->oid, "not what the policy asks for",
				      err) : mv_nomem(err);

	free(ref);
	return rc;
}

/* Who signed is known only now; so it is judged as others will judge it. */
static int check_tag(struct promoting *x, const char *name,
		     struct mv_err *err)
{
	struct mv_promotion p = *x->promotion;
	int rc = reload(x->gate, p.artifact, err);

	p.tag = rc ? NULL : find_tag(x->gate, name);
	if (!rc && !p.tag)
		return mv_fail(err, MV_EEXISTS, "tag '%s' was taken away by "
			       "somebody else", name);
	forget(x);
	if (!rc)
		rc = mv_gate_check(x->verdict, &x->facts, x->gate, &p, err);
	if (rc)
		return rc;
	x->checked = 1;
	if (is_yes(x->verdict) || x->options->force)
		return 0;
	rc = take_away(x->gate, name, p.tag, err);
	return rc ? rc : promote_refuse(x, err);
}

static int promote_begin(struct mv_tag_event *event, const struct promoting *x,
			 int sign, struct mv_err *err)
{
	const struct mv_promotion *p = x->promotion;
	const struct mv_promote_options *o = x->options;
	const char *message = o->message ? o->message : o->reason;
	int rc;

	mv_release_tag_init(event);
	event->tag.kind = strcmp(p->action, "demote") ? MV_EVENT_ASSIGN :
							MV_EVENT_UNASSIGN;
	event->tag.counter = 0;
	event->flags = sign ? MV_TAG_SIGN : 0;
	rc = mv_gate_set(&event->tag.artifact, p->artifact, err);
	if (!rc)
		rc = mv_gate_set(&event->tag.stage, p->stage, err);
	if (!rc)
		rc = mv_gate_set(&event->commit, p->commit, err);
	if (!rc && message)
		rc = mv_gate_set(&event->message, message, err);
	return rc;
}

int mv_gate_promote(char **tag, struct mv_verdict *verdict,
		    struct mv_gate *gate, const struct mv_promotion *promotion,
		    const struct mv_promote_options *options,
		    struct mv_err *err)
{
	struct promoting x = { .gate = gate, .promotion = promotion,
			       .options = options, .verdict = verdict };
	int asked = must_sign(gate, promotion->stage);
	int sign = options->sign < 0 ? asked : options->sign;
	struct mv_tag_event event;
	int rc;

	*tag = NULL;
	memset(verdict, 0, sizeof(*verdict));
	rc = check_chosen(&x, err);
	if (!rc)
		rc = check(&x, err);
	if (rc)
		goto out;
	rc = promote_begin(&event, &x, sign, err);
	if (!rc)
		rc = mv_release_tag(tag, gate->repo, &event, decide, &x,
				    err);
	mv_release_tag_clear(&event);
	if (!rc && asked)
		rc = check_tag(&x, *tag, err);
	if (rc) {
		free(*tag);
		*tag = NULL;
	}
out:
	if (x.checked)
		mv_policy_facts_release(&x.facts);
	return rc;
}

/* -- rollback ------------------------------------------------------------- */

static int no_target(const struct mv_stage *h, const struct mv_gate *gate,
		     const char *artifact, const char *stage,
		     struct mv_err *err)
{
	char words[MV_NEAREST_WORDS];

	if (!h->count)
		return mv_fail(err, MV_ENOENT, "no version of '%s' was ever on "
			       "the stage '%s'%s", artifact, stage,
			       mv_registry_near_stage(words, &gate->registry,
						      artifact, stage));
	return mv_fail(err, MV_ENOENT, "no other version of '%s' held %s "
		       "before: git model promote puts one there, and git model "
		       "demote '%s#%s' takes this one off", artifact, stage,
		       artifact, stage);
}

/*
 * As people undo: each new version goes on a pile, and coming back to one
 * takes off what lies above it. So a second rollback goes one further back,
 * and not to where the first one came from. What was taken back since is no
 * place to go to.
 */
static const char *under_the_top(const struct mv_stage *h,
				 const struct mv_gate *gate,
				 const char *artifact, const char **pile)
{
	size_t n = 0, at;

	for (size_t i = 0; i < h->count; i++) {
		const char *v = h->v[i].version;

		if (h->v[i].event->tag.kind != MV_EVENT_ASSIGN || !*v)
			continue;
		for (at = 0; at < n && strcmp(pile[at], v); at++)
			;
		pile[at] = v;
		n = at + 1;
	}
	/* When nobody holds it any more, the last one did. */
	for (n -= n && h->holder; n; n--)
		if (mv_registry_version(&gate->registry, artifact,
					pile[n - 1]))
			return pile[n - 1];
	return NULL;
}

static int held_by(const struct mv_stage *h, const char *version)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->v[i].event->tag.kind == MV_EVENT_ASSIGN &&
		    !strcmp(h->v[i].version, version))
			return 1;
	return 0;
}

static int promote_choose(char **version, const struct mv_stage *h,
			  const struct mv_gate *gate, const char *artifact,
			  const char *stage, const char *to, struct mv_err *err)
{
	const char **pile = calloc(h->count + 1, sizeof(*pile));
	const char *target = to;
	int rc;

	if (!pile)
		return mv_nomem(err);
	if (!to)
		target = under_the_top(h, gate, artifact, pile);
	if (!target)
		rc = no_target(h, gate, artifact, stage, err);
	else if (!held_by(h, target))
		rc = mv_fail(err, MV_EINVALID, "%s@%s never held %s; git "
			     "model promote puts it there", artifact, target,
			     stage);
	else
		rc = mv_gate_set(version, target, err);
	free(pile);
	return rc;
}

int mv_gate_rollback_target(char **version, struct mv_gate *gate,
			    const char *artifact, const char *stage,
			    const char *to, struct mv_err *err)
{
	struct mv_stage h;
	int rc = mv_gate_stage(&h, gate, artifact, stage, NULL, NULL,
			       err);

	*version = NULL;
	if (rc)
		return rc;
	rc = promote_choose(version, &h, gate, artifact, stage, to, err);
	mv_gate_stage_release(&h);
	return rc;
}

/* -- what is there now ---------------------------------------------------- */

int mv_gate_stage_holder(char **version, char **commit, struct mv_gate *gate,
			 const char *artifact, const char *stage,
			 struct mv_err *err)
{
	struct mv_stage h;
	char words[MV_NEAREST_WORDS];
	int rc = mv_gate_stage(&h, gate, artifact, stage, NULL, NULL, err);

	*version = *commit = NULL;
	if (rc)
		return rc;
	if (!h.holder)
		rc = mv_fail(err, MV_ENOENT, "nothing of '%s' holds %s%s",
			     artifact, stage,
			     mv_registry_near_stage(words, &gate->registry,
						    artifact, stage));
	else if (!*h.holder->version)
		rc = mv_fail(err, MV_ENOENT, "tag '%s' puts nothing on %s that "
			     "was registered then; git model promote puts a "
			     "version there", h.holder->event->ref +
			     strlen(TAGS), stage);
	if (!rc)
		rc = mv_gate_set(version, h.holder->version, err);
	if (!rc)
		rc = mv_gate_set(commit, h.holder->event->commit, err);
	if (rc) {
		free(*version);
		*version = NULL;
	}
	mv_gate_stage_release(&h);
	return rc;
}
