/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/git/objects.h"
#include "libmv/git/refs.h"
#include "libmv/hook/priv.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"

/*
 * What a tag says of itself. An event of a stage that a policy guards says all
 * that `git model promote` writes, as it is: what it leaves out would be found
 * by other means later, and those a later push can change. And no version is
 * registered where an earlier event that names none would mean that one then.
 */
static const char *said(const struct mv_facts *trailers, const char *key)
{
	const struct mv_value *v = mv_facts_get(trailers, key);

	return v && v->text ? v->text : "";
}

/* -- of a stage event ----------------------------------------------------- */

static int is_digest(const char *s)
{
	return !strncmp(s, "sha256:", 7) &&
	       strspn(s + 7, "0123456789abcdef") == 64 && !s[7 + 64];
}

/* A word and a digest. Which word, the verdict says (check_verdict in
   proof/event-decide.c). */
static int is_verdict(const char *s)
{
	size_t n = strcspn(s, " ");

	return n && s[n] && is_digest(s + n + 1);
}

/* A commit by its whole name, that is here. */
static int is_commit(struct mv_push *push, const char *s)
{
	char hex[65];

	return strspn(s, "0123456789abcdef") == strlen(s) &&
	       !mv_git_commit(hex, push->git, s, NULL) && !strcmp(hex, s);
}

struct claim {
	const char *key;
	const char *is;		/* NULL: not known word for word */
	int well_formed;
};

static int refuse_missing(struct mv_push *push, const char *name,
			  const struct mv_facts *trailers,
			  const struct claim *v, size_t count,
			  struct mv_err *err)
{
	struct mv_buf missing;
	int rc = 0;

	mv_buf_init(&missing, 4096);
	for (size_t i = 0; !rc && i < count; i++)
		if (!*said(trailers, v[i].key))
			rc = mv_buf_addf(&missing, "%s%s", missing.len ?
					 ", " : "", v[i].key);
	if (rc)
		rc = mv_nomem(err);
	else if (missing.len)
		mv_hook_refuse(push, "%s does not say %s, so nobody could "
			       "prove it later: it was made by hand, or before "
			       "there was a policy; delete the tag, git fetch, and "
			       "decide again by git model promote, demote or "
			       "rollback", name, missing.data);
	mv_buf_release(&missing);
	return rc;
}

int mv_hook_check_claims(struct mv_push *push, const struct mv_event *e,
			 const struct mv_facts *trailers,
			 const struct mv_policy_facts *f, struct mv_err *err)
{
	const char *name = e->ref + strlen(TAGS);
	const char *commit = said(trailers, "Model-Policy-Commit");
	char content[MV_OID_NAME], size[32];
	const struct claim claims[] = {
		{ "Model-Artifact", f->artifact, 1 },
		{ "Model-Version", f->version, 1 },
		{ "Model-Stage", f->stage, 1 },
		{ "Model-Path", f->path, 1 },
		{ "Model-Content", content, 1 },
		{ "Model-Size", size, 1 },
		{ "Model-Records", NULL,
		  is_digest(said(trailers, "Model-Records")) },
		{ "Model-Policy", NULL,
		  is_digest(said(trailers, "Model-Policy")) },
		{ "Model-Verdict", NULL,
		  is_verdict(said(trailers, "Model-Verdict")) },
		/* Where the policy is a file on the server there is none. */
		{ "Model-Policy-Commit", NULL, is_commit(push, commit) },
	};
	const size_t count = sizeof(claims) / sizeof(claims[0]) -
			     !*push->gate.trusted;
	int rc;

	mv_oid_name(content, &f->content);
	snprintf(size, sizeof(size), "%llu", (unsigned long long)f->size);
	rc = refuse_missing(push, name, trailers, claims, count, err);
	for (size_t i = 0; !rc && i < count; i++) {
		const struct claim *c = &claims[i];
		const char *text = said(trailers, c->key);

		if (*text && c->is && strcmp(text, c->is))
			mv_hook_refuse(push, "%s says %s: %s, and it is %s",
				       name, c->key, text, c->is);
		else if (*text && !c->well_formed)
			mv_hook_refuse(push, "%s: %s: %s is nothing that git "
				       "model writes there", name, c->key,
				       text);
	}
	return rc;
}

/* -- what earlier events mean --------------------------------------------- */

struct nameless {
	const struct mv_event *const *v;	/* that are asked */
	const struct mv_event *found;		/* the first that names none */
};

static int take_nameless(void *payload, size_t i,
			 const struct mv_git_object_info *tag,
			 struct mv_err *err)
{
	struct nameless *x = payload;
	struct mv_facts trailers = MV_FACTS_INIT;
	struct mv_err why;
	int rc = tag ? mv_tag_trailers(&trailers, tag->message, &why) : 0;

	if (rc == MV_ENOMEM)
		return mv_nomem(err);
	if (!x->found && !*said(&trailers, "Model-Version"))
		x->found = x->v[i];
	mv_facts_release(&trailers);
	return 0;
}

/*
 * An assignment that names no version (GTO's) means the greatest at its
 * commit. Another one there would be as if it had been before it, and what was
 * decided on that would not hold any more.
 */
int mv_hook_check_meanings(struct mv_push *push,
			   const struct mv_registry *before,
			   const struct mv_tag *tag, const char *commit,
			   const char *name, struct mv_err *err)
{
	const struct mv_event **v = calloc(before->count + 1, sizeof(*v));
	const char **oids = calloc(before->count + 1, sizeof(*oids));
	struct nameless x = { v, NULL };
	size_t n = 0;
	int rc = v && oids ? 0 : mv_nomem(err);

	for (size_t i = 0; !rc && i < before->count; i++) {
		const struct mv_event *e = &before->v[i];

		if (!e->tag.stage || strcmp(e->tag.artifact, tag->artifact) ||
		    strcmp(e->commit, commit))
			continue;
		v[n] = e;
		oids[n++] = e->oid;
	}
	if (!rc && n)
		rc = mv_git_objects(push->git, oids, n, take_nameless, &x,
				    err);
	if (!rc && x.found)
		mv_hook_refuse(push, "%s: %s of this commit does not say which "
			       "version it means, and would mean this one: "
			       "register it at a commit of its own (git commit "
			       "--allow-empty)", name,
			       x.found->ref + strlen(TAGS));
	free(oids);
	free(v);
	return rc;
}
