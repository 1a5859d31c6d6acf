/* SPDX-License-Identifier: MIT */
#include "libmv/evidence/merged.h"

#include <stdio.h>
#include <string.h>

#include "libmv/evidence/evidence.h"
#include "libmv/repo/content.h"
#include "libmv/subject/subject.h"

/* It is in no index and in no commit yet: its names are those of the path. */
static int merged_subject(struct mv_subject *out, struct mv_repo *repo,
			  const struct mv_evidence_merge *m,
			  struct mv_err *err)
{
	const struct mv_artifact *a;
	struct mv_project project;
	int rc = mv_subject_project(&project, repo, "HEAD", err);

	memset(out, 0, sizeof(*out));
	if (rc)
		return rc;
	a = mv_project_by_path(&project, m->path);
	out->pointer = m->result;
	rc = mv_set_str(&out->path, m->path, err);
	if (!rc && a && !strcmp(a->path, m->path))
		rc = mv_set_str(&out->artifact, a->name, err);
	if (!rc)
		rc = mv_repo_pointer_blob(out->blob, repo, &m->result, 1, err);
	mv_project_release(&project);
	return rc;
}

static int add_side(struct mv_record *r, const char *role,
		    const struct mv_pointer *p, const char *path,
		    struct mv_err *err)
{
	const struct mv_ref ref = {
		.role = (char *)(uintptr_t)role, .oid = p->oid,
		.path = (char *)(uintptr_t)path, .size = p->size, .has_oid = 1
	};

	return mv_refs_add(&r->data, &ref, err);
}

static int add_text(struct mv_record *r, const char *key, const char *text,
		    struct mv_err *err)
{
	const struct mv_value value = { .type = MV_VALUE_STRING,
					.text = (char *)(uintptr_t)text };

	return mv_facts_set(&r->source, key, &value, 0, err);
}

static int add_count(struct mv_record *r, const char *key, size_t n,
		     struct mv_err *err)
{
	char text[32];
	const struct mv_value value = { .type = MV_VALUE_INT, .i = (int64_t)n,
					.r = (double)n, .text = text };

	snprintf(text, sizeof(text), "%zu", n);
	return mv_facts_set(&r->source, key, &value, 0, err);
}

static int add_facts(struct mv_record *r, const struct mv_evidence_merge *m,
		     struct mv_err *err)
{
	const struct {
		const char *key;
		size_t n;
	} counts[] = {
		{ "tensors.average", m->averaged },
		{ "tensors.by-rule", m->ruled },
		{ "tensors.ours", m->from_ours },
		{ "tensors.same", m->same },
		{ "tensors.theirs", m->from_theirs }
	};
	int rc = add_text(r, "tool", "git-model merge", err);

	if (!rc)
		rc = add_text(r, "rule", m->rule ? m->rule : "none", err);
	for (size_t i = 0; !rc && i < sizeof(counts) / sizeof(*counts); i++)
		rc = add_count(r, counts[i].key, counts[i].n, err);
	return rc;
}

static int merged_fill(struct mv_record *r, struct mv_repo *repo,
		       const struct mv_evidence_merge *m, struct mv_err *err)
{
	int rc = add_side(r, "base", &m->base, m->path, err);

	if (!rc)
		rc = add_side(r, "ours", &m->ours, m->path, err);
	if (!rc)
		rc = add_side(r, "theirs", &m->theirs, m->path, err);
	if (!rc)
		rc = add_facts(r, m, err);
	return rc || !*m->list ? rc :
	       mv_evidence_attach(repo, r, "log", m->list, strlen(m->list),
				  err);
}

int mv_evidence_merged(struct mv_repo *repo,
		       const struct mv_evidence_merge *merge, int64_t now,
		       struct mv_err *err)
{
	struct mv_record record = { .t = NULL };
	struct mv_subject subject;
	int rc = merged_subject(&subject, repo, merge, err);

	if (!rc)
		rc = mv_evidence_record_begin(&record, repo, &subject, now,
					      err);
	if (!rc)
		rc = merged_fill(&record, repo, merge, err);
	if (!rc)
		rc = mv_evidence_record(repo, &subject, &record, 1,
					"merged tensor by tensor", err);
	mv_record_release(&record);
	mv_subject_release(&subject);
	return rc;
}
