/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/evidence/priv.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/ledger.h"
#include "libmv/meta/record.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"
#include "libmv/subject/release.h"
#include "libmv/subject/subject.h"
#include "libmv/trust/trust.h"

/*
 * What a new record meets on its content, looked at before it is written:
 * records that are dated later than it, which it supersedes by name (who
 * records now has seen them, whatever the clocks say); records that it will
 * not count beside; approvals that were given on the evidence as it was.
 */

static const char *named(const struct mv_record *r)
{
	return r->artifact ? r->artifact : r->path ? r->path : "it";
}

/*
 * Records come in the order in which they count, so the last one is enough:
 * of those that name an artifact, and of those that name none, which are not
 * all seen by everybody who sees the new one. One that superseded others
 * itself is as late as they are.
 */
static int supersede_later(struct mv_record *r, const struct mv_evidence *e,
			   struct mv_repo *repo, struct mv_err *err)
{
	int seen[2] = { 0, 0 };
	int rc = 0;

	for (size_t i = e->count; !rc && i-- > 0;) {
		const struct mv_record *old = &e->records[i];
		const int group = old->artifact != NULL;
		const int later = strcmp(old->t, r->t);

		if (seen[group]++ || !old->id ||
		    (later < 0 && !old->supersedes))
			continue;
		rc = mv_record_supersede(r, old->id, err);
		if (!rc && later > 0)
			mv_repo_warn(repo, "a record of '%s' has a later date "
				     "than now (%s, by %s): it is superseded "
				     "by this one. One of the clocks is wrong",
				     named(r), old->t, old->by ? old->by :
				     "nobody named");
	}
	return rc;
}

/* Made for an artifact, and the new one is made for none. */
static void warn_of_artifacts(const struct mv_record *r,
			      const struct mv_evidence *e,
			      struct mv_repo *repo)
{
	if (r->artifact || !r->metrics.count)
		return;
	for (size_t i = e->count; i-- > 0;) {
		const struct mv_record *old = &e->records[i];

		if (!old->artifact || !old->metrics.count)
			continue;
		if (r->for_path)
			mv_repo_warn(repo, "the same bytes are the artifact "
				     "'%s', and what is recorded there counts "
				     "before this: name it to record on it",
				     old->artifact);
		else
			mv_repo_warn(repo, "these bytes are the artifact '%s': "
				     "this counts there, too", old->artifact);
		return;
	}
}

/* Data without metrics says nothing of those that are there. */
static void warn_of_data(const struct mv_record *r,
			 const struct mv_evidence *e, struct mv_repo *repo)
{
	const struct mv_ref *eval = NULL;
	struct mv_buf keys;

	for (size_t i = 0; !eval && i < r->data.count; i++)
		if (r->data.v[i].role && !strcmp(r->data.v[i].role, "eval"))
			eval = &r->data.v[i];
	if (!eval || r->metrics.count || !e->metrics.count)
		return;
	mv_buf_init(&keys, 4096);
	for (size_t i = 0; i < e->metrics.count && i < 4; i++)
		if (mv_buf_addf(&keys, "%s%s=%s", i ? " --metric " : "",
				e->metrics.v[i].key,
				e->metrics.v[i].value.text))
			break;
	mv_repo_warn(repo, "the metrics that '%s' has were not measured on "
		     "this, as far as anybody said: this record does not "
		     "change that. If they were, record them with it: "
		     "--metric %s%s --eval-data %s", named(r), keys.data,
		     e->metrics.count > 4 ? " ..." : "",
		     eval->path ? eval->path : "...");
	mv_buf_release(&keys);
}

/* Does that version hold the stage, put there on this evidence? Then the
   approval has done what it was for. The clocks of two people say nothing. */
static int was_used(int *used, struct mv_repo *repo,
		    const struct mv_statement *s, struct mv_err *err)
{
	const struct mv_event *e;
	struct mv_events events;
	int rc;

	*used = 0;
	if (!mv_artifact_name_ok(s->artifact))
		return 0;
	rc = mv_subject_events(&events, repo, s->artifact, err);
	if (rc)
		return rc;
	e = mv_registry_holder(&events.registry, s->artifact, s->stage);
	if (e) {
		const struct mv_event_info *info = &events.info[e->order];
		const struct mv_value *seen = mv_facts_get(&info->trailers,
							   "Model-Records");

		*used = info->active && !strcmp(info->version, s->version) &&
			seen && seen->text && !strcmp(seen->text, s->records);
	}
	mv_subject_events_release(&events);
	return 0;
}

/* An approval of what the evidence was, which is to change. */
static int warn_of_approval(struct mv_repo *repo, const struct mv_statement *s,
			    const char *now, struct mv_err *err)
{
	int used, rc;

	if (s->decision != MV_DECISION_APPROVE || strcmp(s->records, now))
		return 0;
	rc = was_used(&used, repo, s, err);
	if (!rc && !used)
		mv_repo_warn(repo, "this voids the approval of %s@%s for '%s' "
			     "by %s, who saw other evidence (unless the "
			     "policy's dismiss-on leaves out metrics): ask "
			     "for it again", s->artifact, s->version, s->stage,
			     s->signer);
	return rc;
}

/* Whose evidence will be other evidence. */
static int warn_of_approvals(const struct mv_record *r,
			     const struct mv_lines *lines,
			     struct mv_repo *repo, struct mv_err *err)
{
	char now[MV_DIGEST_TEXT];
	int rc = mv_evidence_digest(now, lines, &r->content, err);

	for (size_t i = 0; !rc && i < lines->count; i++) {
		struct mv_statement s;
		struct mv_buf payload, sig;

		if (!strstr(lines->v[i], "approval"))
			continue;
		mv_buf_init(&payload, MV_RECORD_MAX);
		mv_buf_init(&sig, MV_RECORD_MAX);
		if (!mv_statement_from_line(&s, &payload, &sig, lines->v[i],
					    strlen(lines->v[i]), NULL)) {
			rc = warn_of_approval(repo, &s, now, err);
			mv_statement_release(&s);
		}
		mv_buf_release(&payload);
		mv_buf_release(&sig);
	}
	return rc;
}

static int before_one(struct mv_repo *repo, struct mv_record *r,
		      const struct mv_lines *lines, struct mv_err *err)
{
	struct mv_evidence e;
	int rc = mv_evidence_fold_for(&e, lines, &r->content, r->artifact, err);

	if (rc)
		return rc;
	rc = supersede_later(r, &e, repo, err);
	if (!rc) {
		warn_of_artifacts(r, &e, repo);
		warn_of_data(r, &e, repo);
		rc = warn_of_approvals(r, lines, repo, err);
	}
	mv_evidence_release(&e);
	return rc;
}

int mv_evidence_record_before(struct mv_repo *repo,
			      const struct mv_subject *subjects,
			      struct mv_record *records, size_t count,
			      struct mv_err *err)
{
	struct mv_lines *lines = calloc(count, sizeof(*lines));
	const char **blobs = calloc(count, sizeof(*blobs));
	int rc = lines && blobs ? 0 : mv_nomem(err);

	for (size_t i = 0; !rc && i < count; i++)
		blobs[i] = subjects[i].blob;
	if (!rc)
		rc = mv_ledger_read(lines, repo->git, MV_NOTES_REF, blobs,
				    count, err);
	for (size_t i = 0; !rc && i < count; i++)
		if (lines[i].count)
			rc = before_one(repo, &records[i], &lines[i], err);
	for (size_t i = 0; lines && i < count; i++)
		mv_lines_release(&lines[i]);
	free(lines);
	free(blobs);
	return rc;
}
