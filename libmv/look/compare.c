/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/evidence/evidence.h"
#include "libmv/look/comparing.h"
#include "libmv/meta/compare.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/project.h"
#include "libmv/meta/record.h"
#include "libmv/meta/registry.h"
#include "libmv/report/views.h"
#include "libmv/subject/subject.h"

/*
 * Two revisions, side by side. First it is decided what is compared with
 * what (compare-artifacts.c), then all pointers are read in one go
 * (compare-pairs.c), then all notes in one go, and only then is anything
 * compared: what changed.
 */

static int compare_by_path(const void *a, const void *b)
{
	const struct mv_pair *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static int read_evidence(struct mv_comparing *w, struct mv_err *err)
{
	struct mv_comparison *c = w->out;
	size_t n = 2 * c->count;
	struct mv_known_as *of = calloc(n + 1, sizeof(*of));
	struct mv_evidence **to = calloc(n + 1, sizeof(*to));
	struct mv_evidence *got = calloc(n + 1, sizeof(*got));
	size_t asked = 0;
	int rc = of && to && got ? 0 : mv_nomem(err);

	for (size_t i = 0; !rc && i < c->count; i++) {
		struct mv_pair *p = &c->v[i];
		const char *old = mv_look_name_at(&w->base_names, p->old_path ?
					  p->old_path : p->path);

		if (p->has_old) {
			of[asked] = (struct mv_known_as){ p->old_blob,
				&p->old.oid, old ? old : p->artifact };
			to[asked++] = &p->old_evidence;
		}
		if (p->has_new) {
			of[asked] = (struct mv_known_as){ p->new_blob,
				&p->new.oid, p->artifact };
			to[asked++] = &p->new_evidence;
		}
	}
	if (!rc && asked)
		rc = mv_evidence_of(got, w->repo, of, asked, err);
	for (size_t i = 0; !rc && i < asked; i++) {
		*to[i] = got[i];
		c->skipped_lines += got[i].skipped;
	}
	free(of);
	free(to);
	free(got);
	return rc;
}

static int ref_cmp(const void *a, const void *b)
{
	const struct mv_ref *const *x = a, *const *y = b;
	int cmp = strcmp((*x)->role ? (*x)->role : "",
			 (*y)->role ? (*y)->role : "");

	if (!cmp)
		cmp = memcmp((*x)->oid.b, (*y)->oid.b, sizeof((*x)->oid.b));
	if (!cmp)
		cmp = strcmp((*x)->digest ? (*x)->digest : "",
			     (*y)->digest ? (*y)->digest : "");
	if (!cmp && !(*x)->has_oid && !(*x)->digest)
		cmp = strcmp((*x)->name ? (*x)->name : "",
			     (*y)->name ? (*y)->name : "");
	return cmp;
}

static const struct mv_ref **sorted_refs(const struct mv_refs *refs)
{
	const struct mv_ref **v = calloc(refs->count + 1, sizeof(*v));

	for (size_t i = 0; v && i < refs->count; i++)
		v[i] = &refs->v[i];
	if (v && refs->count)
		qsort(v, refs->count, sizeof(*v), ref_cmp);
	return v;
}

/* Other contents in other roles; that one was renamed is no change. */
static int data_differs(int *out, const struct mv_record *old,
			const struct mv_record *new, struct mv_err *err)
{
	const struct mv_refs none = { NULL, 0, 0 };
	const struct mv_refs *a = old ? &old->data : &none;
	const struct mv_refs *b = new ? &new->data : &none;
	const struct mv_ref **x = sorted_refs(a), **y = sorted_refs(b);

	*out = a->count != b->count;
	for (size_t i = 0; x && y && !*out && i < a->count; i++)
		*out = !!ref_cmp(&x[i], &y[i]);
	free(x);
	free(y);
	return x && y ? 0 : mv_nomem(err);
}

static void look_compare_judge(struct mv_comparison *c, struct mv_pair *p)
{
	for (size_t i = 0; i < p->metrics.count; i++) {
		const struct mv_change *m = &p->metrics.v[i];

		p->incomparable |= m->incomparable;
		c->incomparable += !!m->incomparable;
		p->better += m->judgement == MV_JUDGE_BETTER;
		p->worse += m->judgement == MV_JUDGE_WORSE;
	}
	c->better += p->better;
	c->worse += p->worse;
}

static int compare_pair(struct mv_comparing *w, struct mv_pair *p,
			struct mv_err *err)
{
	static const struct mv_facts none = MV_FACTS_INIT;
	const struct mv_evidence *a = &p->old_evidence, *b = &p->new_evidence;
	int all = !!(w->flags & MV_COMPARE_ALL);
	int rc = mv_compare_metrics(&p->metrics, a, b, &w->out->project,
				    p->artifact, all, err);

	if (!rc)
		rc = mv_compare_facts(&p->params, &a->params, &b->params, all,
				      err);
	if (!rc)
		rc = mv_compare_facts(&p->environment, a->environment ?
				      &a->environment->environment : &none,
				      b->environment ?
				      &b->environment->environment : &none,
				      all, err);
	if (!rc && p->has_old && p->has_new)
		rc = data_differs(&p->data_changed, a->data, b->data, err);
	if (!rc)
		look_compare_judge(w->out, p);
	return rc;
}

/* "A..B" and "A...B" in one word; an empty side is HEAD. */
static int split_range(char **base, char **head, int *symmetric,
		       const char *text, struct mv_err *err)
{
	const char *dots = strstr(text, "..");
	const char *right = dots + 2;

	*symmetric = *right == '.';
	right += *symmetric;
	*base = dots == text ? strdup("HEAD") :
			       strndup(text, (size_t)(dots - text));
	*head = strdup(*right ? right : "HEAD");
	return *base && *head ? 0 : mv_nomem(err);
}

static int compare_compare(struct mv_comparing *w, struct mv_err *err)
{
	struct mv_comparison *c = w->out;
	size_t held = 0;
	int failed = 0, rc;

	rc = mv_subject_project(&c->project, w->repo, w->head, err);
	if (!rc && w->has_base)
		rc = mv_subject_project(&w->base_project, w->repo, w->base_hex,
					err);
	if (!rc)
		rc = mv_look_names_init(&w->names, &c->project, err);
	if (!rc)
		rc = mv_look_names_init(&w->base_names, &w->base_project, err);
	if (!rc)
		rc = mv_look_comparing_artifacts(w, &held, err);
	if (!rc)
		rc = mv_look_comparing_pairs(w, err);
	if (!rc && c->count)
		qsort(c->v, c->count, sizeof(*c->v), compare_by_path);
	if (!rc)
		rc = read_evidence(w, err);
	for (size_t i = 0; !rc && i < c->count; i++)
		rc = compare_pair(w, &c->v[i], err);
	c->base = mv_look_dup(w->has_base ? w->base_hex : NULL, &failed);
	c->head = mv_look_dup(w->head, &failed);
	if (!rc && failed)
		rc = mv_nomem(err);
	return rc ? rc : mv_look_comparing_say_stage(w, held, err);
}

int mv_look_compare(struct mv_comparison *out, struct mv_repo *repo,
		    const char *base, const char *head, const char *stage,
		    unsigned flags, struct mv_err *err)
{
	struct mv_comparing w = { .repo = repo, .out = out, .flags = flags };
	char *left = NULL, *right = NULL;
	int symmetric = 0, rc = 0;

	memset(out, 0, sizeof(*out));
	if (base && !head && strstr(base, "..")) {
		rc = split_range(&left, &right, &symmetric, base, err);
		base = left;
		head = right;
	}
	if (!rc && base && stage)
		rc = mv_fail(err, MV_EINVALID, "either a base or a stage");
	if (!rc)
		rc = mv_look_comparing_choose(&w, base, head, stage, symmetric,
					      err);
	if (!rc)
		rc = compare_compare(&w, err);
	for (size_t i = 0; i < w.count; i++)
		mv_look_compared_release(&w.items[i]);
	free(w.items);
	free(w.paths);
	mv_look_names_release(&w.names);
	mv_look_names_release(&w.base_names);
	mv_project_release(&w.base_project);
	mv_registry_release(&w.registry);
	free(left);
	free(right);
	if (rc)
		mv_comparison_release(out);
	return rc;
}
