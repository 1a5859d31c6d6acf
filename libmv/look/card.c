/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/time.h"
#include "libmv/evidence/evidence.h"
#include "libmv/format/format.h"
#include "libmv/gate/gate.h"
#include "libmv/gate/judge.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"
#include "libmv/look/priv.h"
#include "libmv/meta/curves.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/manifest.h"
#include "libmv/meta/project.h"
#include "libmv/meta/record.h"
#include "libmv/meta/registry.h"
#include "libmv/repo/files.h"
#include "libmv/report/views.h"
#include "libmv/store/store.h"
#include "libmv/subject/release.h"
#include "libmv/subject/subject.h"

/*
 * Everything that `git model show` says. It is the command that people wait
 * for: nothing is asked of git that was not asked for, tags are read of one
 * artifact only, and nothing is fetched.
 */
struct making {
	struct mv_repo *repo;
	struct mv_card *card;
	struct mv_subject s;
};

static int identity(struct making *m, struct mv_err *err)
{
	struct mv_card *c = m->card;
	const struct mv_artifact *a;
	char hex[MV_OID_HEX + 1];
	int failed = 0, rc;

	rc = mv_subject_project(&c->project, m->repo, m->s.commit, err);
	if (rc)
		return rc;
	a = m->s.artifact ? mv_project_by_name(&c->project, m->s.artifact) :
			    NULL;
	c->title = mv_look_dup(m->s.artifact ? m->s.artifact :
			       m->s.path ? m->s.path :
			       mv_oid_hex(hex, &m->s.pointer.oid), &failed);
	c->artifact = mv_look_dup(m->s.artifact, &failed);
	c->path = mv_look_dup(m->s.path, &failed);
	c->type = mv_look_dup(a ? a->type : NULL, &failed);
	c->description = mv_look_dup(a ? a->description : NULL, &failed);
	c->oid = m->s.pointer.oid;
	c->logical = m->s.pointer.size;
	c->is_directory = m->s.is_directory;
	c->members = m->s.members.count;
	if (m->s.is_directory)
		c->logical = 0;
	for (size_t i = 0; m->s.is_directory && i < m->s.members.count; i++)
		if (m->s.members.v[i].kind == MV_MEMBER_FILE)
			c->logical += m->s.members.v[i].size;
	return failed ? mv_nomem(err) : 0;
}

/* -- what it takes, and what is inside ------------------------------------ */

static int add_chunk(void *payload, const struct mv_oid *chunk, uint32_t raw,
		     uint32_t stored, struct mv_err *err)
{
	(void)chunk;
	(void)raw;
	(void)err;
	*(uint64_t *)payload += stored;
	return 0;
}

static int stored_size(uint64_t *out, struct mv_repo *repo,
		       const struct mv_pointer *p)
{
	struct mv_store *store;

	*out = 0;
	if (!mv_repo_store_if_any(&store, repo, NULL) &&
	    !mv_store_each_chunk(store, &p->oid, add_chunk, out, NULL))
		return 0;
	*out = p->size;		/* as a file: an alternate's, or of LFS */
	return mv_repo_has(repo, p, NULL);
}

/* A directory takes what its members take; UINT64_MAX when one is missing. */
static void sizes(struct making *m)
{
	struct mv_card *c = m->card;
	const struct mv_manifest *members = &m->s.members;
	uint64_t one;

	c->stored = 0;
	if (!c->is_directory) {
		if (stored_size(&c->stored, m->repo, &m->s.pointer))
			c->stored = UINT64_MAX;
		return;
	}
	for (size_t i = 0; i < members->count; i++) {
		const struct mv_pointer p = { .oid = members->v[i].oid,
					      .size = members->v[i].size };

		if (members->v[i].kind != MV_MEMBER_FILE)
			continue;
		if (members->v[i].in_git) {
			c->stored += p.size;
			continue;
		}
		if (p.size && stored_size(&one, m->repo, &p)) {
			c->stored = UINT64_MAX;
			return;
		}
		c->stored += p.size ? one : 0;
	}
}

static int add_grouped(struct mv_buf *out, uint64_t n)
{
	char digits[24];
	size_t len = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, n);
	int bad = 0;

	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			bad |= mv_buf_addch(out, ',');
		bad |= mv_buf_addch(out, digits[i]);
	}
	return bad;
}

static int add_counts(struct mv_buf *out, const struct mv_layout *layout)
{
	size_t members = mv_layout_members(layout);
	size_t tensors = layout->count - members;
	int bad = 0;

	if (members)
		bad |= mv_buf_addf(out, ": %zu member%s", members,
				   members == 1 ? "" : "s");
	if (layout->not_listed || (members && !tensors))
		return bad;
	bad |= mv_buf_addstr(out, members ? ", " : ": ");
	bad |= add_grouped(out, mv_layout_elements(layout));
	return bad | mv_buf_addf(out, " parameters in %zu tensor%s", tensors,
				 tensors == 1 ? "" : "s");
}

/* "safetensors: 3,148,032 parameters in 44 tensors, F32" */
static int inside(struct making *m, struct mv_err *err)
{
	struct mv_dtype_sum sums[MV_DTYPE_SUMS];
	struct mv_layout layout;
	struct mv_buf text;
	size_t n;
	int bad;

	if (m->card->is_directory || m->card->stored == UINT64_MAX ||
	    mv_look_layout(&layout, m->repo, &m->s.pointer, NULL))
		return 0;
	mv_buf_init(&text, 64 << 10);
	n = mv_layout_dtypes(sums, MV_DTYPE_SUMS, &layout);
	bad = mv_buf_addstr(&text, layout.format ? layout.format : "unknown");
	bad |= add_counts(&text, &layout);
	for (size_t i = 0; i < n && i < 4; i++)
		bad |= mv_buf_addf(&text, ", %s", sums[i].name);
	bad |= n > 4 ? mv_buf_addstr(&text, ", ...") : 0;
	m->card->format = bad ? NULL : mv_buf_detach(&text);
	mv_buf_release(&text);
	mv_layout_release(&layout);
	return m->card->format ? 0 : mv_nomem(err);
}

/* -- versions and stages -------------------------------------------------- */

/* A tag speaks of what its commit has at our path: is that this content? */
static int here(char *is_here, struct making *m,
		const struct mv_event *const *v, size_t n, struct mv_err *err)
{
	struct mv_look_blob *blobs = calloc(n + 1, sizeof(*blobs));
	char **specs = calloc(n + 1, sizeof(*specs));
	int rc = blobs && specs ? 0 : mv_nomem(err);

	for (size_t i = 0; !rc && i < n && !m->s.is_directory; i++) {
		specs[i] = mv_strf("%s:%s", v[i]->commit, m->s.path);
		if (!specs[i])
			rc = mv_nomem(err);
	}
	if (!rc && !m->s.is_directory)
		rc = mv_look_blobs(blobs, m->repo, (const char *const *)specs,
				   n, err);
	for (size_t i = 0; !rc && i < n; i++)
		is_here[i] = !strcmp(blobs[i].hex, m->s.blob) ||
			     (m->s.commit && !strcmp(v[i]->commit,
						     m->s.commit));
	for (size_t i = 0; specs && i < n; i++)
		free(specs[i]);
	free(specs);
	free(blobs);
	return rc;
}

static int decided_by(struct making *m, const struct mv_event *const *v,
		      size_t n, int stages, struct mv_err *err)
{
	char *is_here = n ? calloc(n, 1) : NULL;
	int rc = 0;

	if (n)
		rc = is_here ? here(is_here, m, v, n, err) : mv_nomem(err);
	for (size_t i = 0; !rc && i < n; i++) {
		if (!is_here[i])
			continue;
		rc = stages ? mv_look_join(&m->card->stages, v[i]->tag.stage,
					   err) :
		     mv_look_join(&m->card->version, v[i]->tag.version, err);
	}
	free(is_here);
	return rc;
}

/* Not those whose version was taken back: what else is at that commit does not
   hold the stage. */
static int held(struct making *m, const struct mv_registry *r,
		struct mv_err *err)
{
	const struct mv_event **v = NULL;
	struct mv_holders holders;
	size_t n = 0;
	int rc = mv_subject_holders(&holders, m->repo, r, m->s.artifact, err);

	if (!rc && holders.count) {
		v = calloc(holders.count, sizeof(*v));
		rc = v ? 0 : mv_nomem(err);
	}
	for (size_t i = 0; !rc && i < holders.count; i++)
		if (holders.v[i].stands)
			v[n++] = holders.v[i].event;
	if (!rc)
		rc = decided_by(m, v, n, 1, err);
	free(v);
	mv_subject_holders_release(&holders);
	return rc;
}

static int decided(struct making *m, struct mv_err *err)
{
	struct mv_registry r = MV_REGISTRY_INIT;
	const struct mv_event *const *v;
	size_t n = 0;
	int rc;

	if (!m->s.artifact || !m->s.path)
		return 0;
	rc = mv_registry_load(&r, m->repo->git, m->s.artifact, err);
	if (!rc) {
		v = mv_registry_versions(&r, m->s.artifact, &n);
		rc = decided_by(m, v, n, 0, err);
	}
	if (!rc)
		rc = held(m, &r, err);
	mv_registry_release(&r);
	return rc;
}

/* -- who and when --------------------------------------------------------- */

enum { PARENTS = 16 };		/* of an octopus nothing is said */

struct commit {
	char hex[65], parent[PARENTS][65];
	size_t parents;
	int there;
};

static int take_parents(void *payload, size_t i,
			const struct mv_git_object_info *info,
			struct mv_err *err)
{
	struct commit *c = payload;

	(void)i;
	(void)err;
	if (!info || info->parent_count > PARENTS)
		return 0;
	mv_look_hex(c->hex, info->hex);
	for (; c->parents < info->parent_count; c->parents++)
		mv_look_hex(c->parent[c->parents], info->parents[c->parents]);
	c->there = 1;
	return 0;
}

static int count_missing(void *payload, size_t i,
			 const struct mv_git_object_info *info,
			 struct mv_err *err)
{
	(void)i;
	(void)err;
	*(size_t *)payload += !info;
	return 0;
}

/*
 * Did this commit bring our content to our path? Yes only when it has it, and
 * its parents are here and none of them has it.
 */
static int brought_in(int *yes, struct making *m, struct commit *c,
		      const char *rev, struct mv_err *err)
{
	struct mv_look_blob blobs[PARENTS + 1];
	const char *parents[PARENTS + 1];
	char *specs[PARENTS + 1] = { NULL };
	size_t n, missing = 0;
	struct mv_err why;
	int cut, rc;

	memset(c, 0, sizeof(*c));
	*yes = 0;
	rc = mv_git_objects(m->repo->git, &rev, 1, take_parents, c, err);
	if (rc || !c->there)
		return rc;
	n = c->parents + 1;
	for (size_t i = 0; !rc && i < n; i++) {
		parents[i] = c->parent[i];
		specs[i] = mv_strf("%s:%s", i ? c->parent[i - 1] : c->hex,
				   m->s.path);
		if (!specs[i])
			rc = mv_nomem(&why);
	}
	if (!rc)
		rc = mv_look_blobs(blobs, m->repo, (const char *const *)specs,
				   n, &why);
	/* Where history is cut off, the parents are not here: nobody knows. */
	cut = rc && rc != MV_ENOMEM &&
	      mv_git_is_shallow(m->repo->git, NULL) == 1;
	if (rc && !cut)
		mv_fail(err, rc, "%s", why.msg);
	*yes = !rc && !strcmp(blobs[0].hex, m->s.blob);
	for (size_t i = 1; !rc && i < n; i++)
		*yes &= !!strcmp(blobs[i].hex, m->s.blob);
	if (!rc && *yes && c->parents)
		rc = mv_git_objects(m->repo->git, parents, c->parents,
				    count_missing, &missing, err);
	*yes &= !missing;
	for (size_t i = 0; i < n; i++)
		free(specs[i]);
	return cut ? 0 : rc;
}

/*
 * The commit that was asked for. Of what is in the index, the one that brought
 * it in, where that is HEAD or the one that was checked out when it was
 * recorded; to look further would be a walk over the history. A commit that
 * has something else there is never shown: records say where they were made.
 */
static int find_commit(char *hex, struct making *m, struct mv_err *err)
{
	const struct mv_evidence *e = &m->card->evidence;
	const char *revs[2] = { "HEAD", NULL };
	struct commit c;
	int yes = 0, rc = 0;

	*hex = '\0';
	if (m->s.commit)
		mv_look_hex(hex, m->s.commit);
	if (m->s.commit || !m->s.path || m->s.is_directory)
		return 0;
	for (size_t i = e->count; !revs[1] && i-- > 0;)
		revs[1] = e->records[i].commit;
	for (size_t i = 0; !rc && !yes && i < 2 && revs[i]; i++)
		rc = brought_in(&yes, m, &c, revs[i], err);
	if (yes)
		mv_look_hex(hex, c.hex);
	return rc;
}

static int committed(struct making *m, struct mv_err *err)
{
	struct mv_card *c = m->card;
	struct mv_look_commit info;
	char found[65];
	const char *hex = found;
	int failed = 0, rc;

	rc = find_commit(found, m, err);
	if (rc || !*found)
		return rc;
	rc = mv_look_commits(&info, m->repo, &hex, 1, err);
	if (rc)
		return rc;
	c->commit = mv_look_dup(hex, &failed);
	c->subject_line = info.subject;
	c->author = info.author;
	c->when = info.when;
	return failed ? mv_nomem(err) : 0;
}

enum { LINES = 20 };	/* of statements and records that others read */

static int card_is_statement(const struct mv_record *r)
{
	return r->kind && (!strcmp(r->kind, "approval") ||
			   !strcmp(r->kind, "receipt"));
}

static int card_add_line(char **lines, size_t *n, char *line,
			 struct mv_err *err)
{
	if (!line)
		return mv_nomem(err);
	lines[(*n)++] = line;
	return 0;
}

static const char *signature_words(const struct mv_vote *v)
{
	const char *signer = v->statement.signer;

	if (v->signature.state != MV_SIGNATURE_GOOD)
		return *v->signature.why ? v->signature.why :
			mv_signature_state_name(v->signature.state);
	return v->signature.principal && signer &&
	       !strcmp(v->signature.principal, signer) ?
	       "good signature" : "signed by somebody else";
}

static char *vote_line(const struct mv_vote *v)
{
	const struct mv_statement *s = &v->statement;
	char when[32];

	if (v->malformed)
		return strdup("a statement that cannot be read");
	mv_time_print(when, s->issued_at * 1000);
	return mv_strf("%s of %s%s%s for %s by %s, %s, %s",
		       mv_decision_name(s->decision), s->artifact,
		       *s->version ? "@" : "", s->version, s->stage,
		       s->signer, when, signature_words(v));
}

/* By the trusted lists of today, as everybody who decides asks. */
static int add_votes(struct making *m, char **lines, size_t *n,
		     struct mv_err *err)
{
	const struct mv_gate_options o = { .artifact = "x",
					   .now = mv_now_ms() };
	struct mv_vote *votes = NULL;
	struct mv_gate gate;
	struct mv_err why;
	size_t count = 0;
	int rc = mv_gate_open(&gate, m->repo, &o, &why);

	if (rc)
		return rc == MV_ENOMEM ? mv_nomem(err) :
			card_add_line(lines, n, mv_strf("signatures are not "
							"checked: %s", why.msg),
				      err);
	rc = mv_gate_votes(&votes, &count, &gate, m->s.blob, &why);
	if (rc)
		rc = rc == MV_ENOMEM ? mv_nomem(err) :
			card_add_line(lines, n, mv_strf("signatures are not "
							"checked: %s", why.msg),
				      err);
	for (size_t i = count; i-- > 0 && *n < LINES && !rc;)
		rc = card_add_line(lines, n, vote_line(&votes[i]), err);
	mv_gate_votes_release(votes, count);
	mv_gate_close(&gate);
	return rc;
}

/* Statements with their signatures checked; of records of kinds that others
   read that they are there: what those are worth is for those to say. */
static int other_records(struct making *m, struct mv_err *err)
{
	const struct mv_evidence *e = &m->card->evidence;
	char **lines = calloc(LINES + 1, sizeof(*lines));
	size_t n = 0;
	int signed_ones = 0, rc = lines ? 0 : mv_nomem(err);

	for (size_t i = 0; i < e->count; i++)
		signed_ones |= card_is_statement(&e->records[i]);
	if (!rc && signed_ones && *m->s.blob)
		rc = add_votes(m, lines, &n, err);
	for (size_t i = e->count; i-- > 0 && n < LINES && !rc;) {
		const struct mv_record *r = &e->records[i];

		if (!r->kind || !strcmp(r->kind, "evidence") ||
		    !strcmp(r->kind, "run") || card_is_statement(r))
			continue;
		rc = card_add_line(lines, &n,
				   mv_strf("%s recorded %s by %s, not "
						      "verified here", r->kind,
						      r->t ? r->t : "?",
						      r->by ? r->by :
						      "nobody named"), err);
	}
	if (!rc && n) {
		m->card->verified = lines;
		return 0;
	}
	while (n-- > 0)
		free(lines[n]);
	free(lines);
	return rc;
}

static int known(struct making *m, struct mv_err *err)
{
	struct mv_card *c = m->card;
	const struct mv_known_as of = { m->s.blob, &m->s.pointer.oid,
					m->s.artifact };
	struct mv_curves curves = { .count = 0 };
	int rc = 0;

	if (*of.blob)
		rc = mv_evidence_of(&c->evidence, m->repo, &of, 1, err);
	if (!rc)
		rc = mv_look_curves(&curves, m->repo, &c->evidence, NULL, err);
	if (!rc) {
		c->curves = curves.series;
		c->curve_count = curves.count;
	}
	return rc ? rc : other_records(m, err);
}

/*
 * Most of the time goes into starting git. Which artifact it will be can be
 * guessed from the present names, so that its tags are listed meanwhile; where
 * the store is will be asked in any case.
 */
static void ask_ahead(struct mv_repo *repo, const char *spec)
{
	const struct mv_artifact *a = NULL;
	const struct mv_project *project;
	const char *path = strchr(spec, ':');
	char *name, *from_top;

	mv_git_ahead_config(repo->git);
	if (mv_subject_project_at(&project, repo, NULL, NULL))
		return;
	name = strndup(spec, strcspn(spec, "@#"));
	a = name ? mv_project_by_name(project, name) : NULL;
	if (!a && name) {
		from_top = mv_repo_from_top(repo, path ? path + 1 : name);
		a = from_top ? mv_project_by_path(project, from_top) : NULL;
		free(from_top);
	}
	if (a)
		mv_registry_ahead(repo->git, a->name);
	free(name);
}

int mv_look_card(struct mv_card *out, struct mv_repo *repo, const char *spec,
		 struct mv_err *err)
{
	struct making m = { .repo = repo, .card = out };
	int rc;

	memset(out, 0, sizeof(*out));
	ask_ahead(repo, spec);
	rc = mv_subject_find(&m.s, repo, spec, err);
	if (rc)
		return rc;
	rc = identity(&m, err);
	if (!rc)
		rc = known(&m, err);
	if (!rc)
		rc = decided(&m, err);
	if (!rc)
		rc = committed(&m, err);
	if (!rc) {
		sizes(&m);
		rc = inside(&m, err);
	}
	mv_subject_release(&m.s);
	if (rc)
		mv_card_release(out);
	return rc;
}
