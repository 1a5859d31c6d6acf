/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"
#include "libmv/git/refs.h"
#include "libmv/meta/holding.h"
#include "libmv/meta/priv.h"
#include "libmv/meta/project.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"
#include "libmv/meta/version.h"

/*
 * From the names of tags to what holds now. Sorted once when it is loaded;
 * questions are binary searches after that. Dates are never looked at, and
 * no tag object is read: 20,000 tags are two sorts of names.
 */
#define TAGS "refs/tags/"
#define REFS_MAX 5000000u

/* Answers, ready: pointers into mv_registry.v, each list sorted. */
struct top {
	char *artifact;
	int64_t counter;
};
struct mv_registry_index {
	struct mv_registry_list active;	/* artifact, version */
	struct mv_registry_list at;	/* the same: artifact, commit, version */
	struct mv_registry_list holders;	/* artifact, stage */
	struct mv_registry_list deprecated;	/* artifact */
	struct top *tops;	/* greatest counters; lightweight tags count,
				   because their names are taken, too */
	size_t top_count;
};

/* -- collecting ----------------------------------------------------------- */

/* Marks what is left out, until it is dropped. */
#define LEFT_OUT SIZE_MAX

struct collect {
	struct mv_registry *r;
	const char *artifact;
	size_t alloc;
};

static void event_release(struct mv_event *e)
{
	mv_tag_release(&e->tag);
	free(e->ref);
	free(e->oid);
	free(e->commit);
}

static int registry_grow(struct collect *c, struct mv_err *err)
{
	if (c->r->count == c->alloc && c->alloc > REFS_MAX)
		return mv_fail(err, MV_ENOMEM, "too many tags of versions and "
			       "stages");
	return MV_GROW(c->r->v, c->alloc, c->r->count + 1, err);
}

/* "rf#prod#99999999999999999999": no event for us, but one for others. */
static int parse_numbered(struct mv_tag *tag, const char *name)
{
	const char *hash = strrchr(name, '#');
	char *text;
	int rc = MV_ENOENT;

	if (!hash || hash == name || strspn(hash + 1, "0123456789") < 19 ||
	    hash[1 + strspn(hash + 1, "0123456789")])
		return MV_ENOENT;
	text = strndup(name, (size_t)(hash - name));
	if (!text)
		return MV_ENOMEM;
	rc = mv_tag_parse(tag, text, NULL);
	if (!rc && tag->counter >= 0) {
		mv_tag_release(tag);
		rc = MV_ENOENT;
	} else if (!rc) {
		tag->counter = MV_COUNTER_MAX;
	}
	free(text);
	return rc;
}

static int registry_take(void *payload, const struct mv_git_ref *ref,
			 struct mv_err *err)
{
	struct collect *c = payload;
	struct mv_event *e;
	struct mv_tag tag;
	int rc, too_large = 0;

	if (strncmp(ref->name, TAGS, strlen(TAGS)))
		return 0;
	rc = mv_tag_parse(&tag, ref->name + strlen(TAGS), NULL);
	if (rc == MV_ENOENT) {
		rc = parse_numbered(&tag, ref->name + strlen(TAGS));
		too_large = !rc;
	}
	if (rc == MV_ENOENT)
		return 0;
	if (!rc && c->artifact && strcmp(tag.artifact, c->artifact)) {
		mv_tag_release(&tag);
		return 0;
	}
	rc = rc ? mv_nomem(err) : registry_grow(c, err);
	if (rc) {
		mv_tag_release(&tag);
		return rc;
	}
	e = &c->r->v[c->r->count++];
	e->tag = tag;
	e->ref = strdup(ref->name);
	e->oid = strdup(ref->oid);
	e->commit = strdup(ref->commit);
	e->order = too_large || strcmp(ref->type, "tag") || !*ref->commit ?
		   LEFT_OUT : 0;
	return e->ref && e->oid && e->commit ? 0 : mv_nomem(err);
}

/* -- the index ------------------------------------------------------------ */

static int cmp_artifact(const struct mv_event *a, const struct mv_event *b)
{
	return strcmp(a->tag.artifact, b->tag.artifact);
}

static int cmp_artifact_version(const struct mv_event *a,
				const struct mv_event *b)
{
	int d = cmp_artifact(a, b);

	return d ? d : mv_registry_cmp_version(a, b);
}

static int cmp_artifact_commit(const struct mv_event *a,
			       const struct mv_event *b)
{
	int d = cmp_artifact(a, b);

	return d ? d : mv_registry_cmp_commit(a, b);
}

static int cmp_artifact_stage(const struct mv_event *a,
			      const struct mv_event *b)
{
	int d = cmp_artifact(a, b);

	return d ? d : strcmp(a->tag.stage, b->tag.stage);
}

#define BY(name, cmp, last) \
static int name(const void *a, const void *b) \
{ \
	const struct mv_event *x = *(const struct mv_event *const *)a; \
	const struct mv_event *y = *(const struct mv_event *const *)b; \
	int d = cmp(x, y); \
	return d ? d : last(x, y); \
}
BY(by_version_then_order, cmp_artifact_version, mv_registry_by_order)
BY(by_commit_then_version, cmp_artifact_commit, mv_registry_cmp_version)
BY(by_stage_then_order, cmp_artifact_stage, mv_registry_by_order)

static void registry_add(struct mv_registry_list *list,
			 const struct mv_event *e)
{
	list->v[list->count++] = e;
}

static int is_version_event(const struct mv_event *e)
{
	return e->tag.version != NULL;
}

static int is_stage_event(const struct mv_event *e)
{
	return e->tag.stage != NULL;
}

/* What is left of these events of one version: see the header. */
static const struct mv_event *fold_version(const struct mv_event *const *e,
					   size_t count)
{
	const struct mv_event *active = NULL;

	for (size_t i = 0; i < count; i++) {
		if (e[i]->tag.kind == MV_EVENT_DEREGISTER)
			active = NULL;
		else if (!active)
			active = e[i];
	}
	return active;
}

static const struct mv_event *fold_stage(const struct mv_event *const *e,
					 size_t count)
{
	const struct mv_event *holder = NULL;

	for (size_t i = 0; i < count; i++) {
		if (e[i]->tag.kind == MV_EVENT_ASSIGN)
			holder = e[i];
		else if (holder && !mv_registry_cmp_commit(holder, e[i]))
			holder = NULL;
	}
	return holder;
}

/* Sort the events of a kind and fold those that `cmp` finds alike. */
static void registry_fold(struct mv_registry_list *out,
			  const struct mv_registry *r,
			  int (*wanted)(const struct mv_event *e),
			  mv_registry_cmp_fn cmp,
			  int (*sort)(const void *a, const void *b),
			  const struct mv_event *(*fn)(const struct mv_event *const *e,
						       size_t count))
{
	const struct mv_event *left;
	size_t n, count = 0;

	for (size_t i = 0; i < r->count; i++)
		if (wanted(&r->v[i]))
			out->v[count++] = &r->v[i];
	if (count)
		qsort(out->v, count, sizeof(*out->v), sort);
	out->count = 0;
	for (size_t i = 0; i < count; i += n) {
		for (n = 1; i + n < count && !cmp(out->v[i], out->v[i + n]);)
			n++;
		left = fn(out->v + i, n);
		if (left)	/* overwrites only what was folded already */
			registry_add(out, left);
	}
}

static const struct mv_event *fold_deprecated(const struct mv_event *e,
					      size_t count)
{
	const struct mv_event *found = NULL;

	for (size_t i = 0; i < count; i++) {
		if (e[i].tag.kind == MV_EVENT_DEPRECATE)
			found = &e[i];
		else if (e[i].tag.counter >= 0 &&
			 (e[i].tag.kind == MV_EVENT_REGISTER ||
			  e[i].tag.kind == MV_EVENT_ASSIGN))
			found = NULL;
	}
	return found;
}

static int list_alloc(struct mv_registry_list *list, size_t count,
		      struct mv_err *err)
{
	list->v = calloc(count + 1, sizeof(*list->v));
	return list->v ? 0 : mv_nomem(err);
}

/* Of a stage whose newest tag is left out nobody can say who holds it. */
static void drop_doubtful(struct mv_registry *r)
{
	struct mv_registry_list *list = &r->index->holders;
	size_t kept = 0;

	for (size_t i = 0; r->ignored_count && i < list->count; i++)
		if (!mv_registry_ignored(r, list->v[i]->tag.artifact,
					 list->v[i]->tag.stage, NULL))
			list->v[kept++] = list->v[i];
	if (r->ignored_count)
		list->count = kept;
}

static int fill_index(struct mv_registry *r, struct mv_err *err)
{
	struct mv_registry_index *x = r->index;
	const struct mv_event *found;
	size_t end;

	if (list_alloc(&x->active, r->count, err) ||
	    list_alloc(&x->at, r->count, err) ||
	    list_alloc(&x->holders, r->count, err) ||
	    list_alloc(&x->deprecated, r->count, err))
		return MV_ENOMEM;
	registry_fold(&x->active, r, is_version_event, cmp_artifact_version,
		      by_version_then_order, fold_version);
	registry_fold(&x->holders, r, is_stage_event, cmp_artifact_stage,
		      by_stage_then_order, fold_stage);
	drop_doubtful(r);
	x->at.count = x->active.count;
	if (x->at.count) {
		memcpy(x->at.v, x->active.v, x->at.count * sizeof(*x->at.v));
		qsort(x->at.v, x->at.count, sizeof(*x->at.v),
		      by_commit_then_version);
	}
	for (size_t i = 0; i < r->count; i = end) {
		end = mv_registry_group_end(r, i);
		found = fold_deprecated(r->v + i, end - i);
		if (found)
			registry_add(&x->deprecated, found);
	}
	return 0;
}

static int is_lightweight(const struct mv_event *e)
{
	struct mv_tag tag;

	if (mv_tag_parse(&tag, e->ref + strlen(TAGS), NULL))
		return 0;
	mv_tag_release(&tag);
	return 1;
}

/* Before anything is left out; events are artifact by artifact. */
static int fill_tops(struct mv_registry *r, struct mv_err *err)
{
	struct mv_registry_index *x = r->index;
	struct top *top;
	size_t end;

	x->tops = calloc(r->count + 1, sizeof(*x->tops));
	if (!x->tops)
		return mv_nomem(err);
	for (size_t i = 0; i < r->count; i = end) {
		end = mv_registry_group_end(r, i);
		top = &x->tops[x->top_count];
		top->artifact = strdup(r->v[i].tag.artifact);
		if (!top->artifact)
			return mv_nomem(err);
		x->top_count++;
		for (size_t k = i; k < end; k++)
			if (r->v[k].tag.counter > top->counter &&
			    (r->v[k].order != LEFT_OUT ||
			     is_lightweight(&r->v[k])))
				top->counter = r->v[k].tag.counter;
	}
	return 0;
}

static int drop_left_out(struct mv_registry *r, struct mv_err *err)
{
	size_t kept = 0, n = 0;

	for (size_t i = 0; i < r->count; i++)
		n += r->v[i].order == LEFT_OUT;
	r->ignored = calloc(n + 1, sizeof(*r->ignored));
	if (!r->ignored)
		return mv_nomem(err);
	for (size_t i = 0; i < r->count; i++) {
		if (r->v[i].order == LEFT_OUT) {
			r->lightweight += (size_t)is_lightweight(&r->v[i]);
			r->ignored[r->ignored_count++] = r->v[i];
		} else {
			r->v[kept++] = r->v[i];
		}
	}
	r->count = kept;
	return 0;
}

static int registry_finish(struct mv_registry *r, struct mv_err *err)
{
	int rc;

	r->index = calloc(1, sizeof(*r->index));
	if (!r->index)
		return mv_nomem(err);
	mv_registry_rank(r);
	rc = fill_tops(r, err);
	if (rc)
		return rc;
	rc = drop_left_out(r, err);
	if (!rc)
		rc = mv_registry_order(r, err);
	return rc ? rc : fill_index(r, err);
}

/* -- loading -------------------------------------------------------------- */

void mv_registry_release(struct mv_registry *r)
{
	for (size_t i = 0; i < r->count; i++)
		event_release(&r->v[i]);
	free(r->v);
	for (size_t i = 0; i < r->ignored_count; i++)
		event_release(&r->ignored[i]);
	free(r->ignored);
	if (r->index) {
		for (size_t i = 0; i < r->index->top_count; i++)
			free(r->index->tops[i].artifact);
		free(r->index->tops);
		free(r->index->active.v);
		free(r->index->at.v);
		free(r->index->holders.v);
		free(r->index->deprecated.v);
		free(r->index);
	}
	memset(r, 0, sizeof(*r));
}

/* "refs/tags/dir=name@" */
static char *prefix_of(const char *artifact, char sign)
{
	char *out = mv_strf(TAGS "%s%c", artifact, sign);
	char *colon = out ? strchr(out, ':') : NULL;

	if (colon)
		*colon = '=';
	return out;
}

void mv_registry_ahead(struct mv_git *git, const char *artifact)
{
	char *at = prefix_of(artifact, '@'), *hash = prefix_of(artifact, '#');
	const char *prefixes[3] = { at, hash, NULL };

	if (at && hash)
		mv_git_ahead_refs(git, prefixes);
	free(at);
	free(hash);
}

int mv_registry_load(struct mv_registry *out, struct mv_git *git,
		     const char *artifact, struct mv_err *err)
{
	struct collect c = { out, artifact, 0 };
	const char *prefixes[3] = { TAGS, NULL, NULL };
	char *at = NULL, *hash = NULL;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if (artifact && !mv_artifact_name_ok(artifact))
		return mv_fail(err, MV_EINVALID, "'%s' cannot be the name of "
			       "an artifact", artifact);
	if (artifact) {
		prefixes[0] = at = prefix_of(artifact, '@');
		prefixes[1] = hash = prefix_of(artifact, '#');
		if (!at || !hash)
			rc = mv_nomem(err);
	}
	if (!rc)
		rc = mv_git_each_ref(git, prefixes, registry_take, &c, err);
	/* No tags at all would be no history, and nobody who holds a stage: what
	   git says by saying nothing it is asked twice. */
	if (!rc && !out->count && !out->ignored_count)
		rc = mv_git_each_ref(git, prefixes, registry_take, &c, err);
	if (!rc)
		rc = registry_finish(out, err);
	if (rc)
		mv_registry_release(out);
	free(at);
	free(hash);
	return rc;
}

int mv_registry_from_refs(struct mv_registry *out,
			  const struct mv_git_ref *refs, size_t count,
			  const char *artifact, struct mv_err *err)
{
	struct collect c = { out, artifact, 0 };
	int rc = 0;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; !rc && i < count; i++)
		rc = registry_take(&c, &refs[i], err);
	if (!rc)
		rc = registry_finish(out, err);
	if (rc)
		mv_registry_release(out);
	return rc;
}

/* -- questions ------------------------------------------------------------ */

/* A key to search with; the strings are only looked at. */
static struct mv_event key(const char *artifact, const char *version,
			   const char *stage, const char *commit)
{
	struct mv_event e;

	memset(&e, 0, sizeof(e));
	e.tag.artifact = (char *)(uintptr_t)artifact;
	e.tag.version = (char *)(uintptr_t)version;
	e.tag.stage = (char *)(uintptr_t)stage;
	e.commit = (char *)(uintptr_t)commit;
	return e;
}

/* The last of `list` that is like `key`; NULL. */
static const struct mv_event *last_like(const struct mv_registry_list *list,
					const struct mv_event *k,
					mv_registry_cmp_fn cmp)
{
	size_t i = mv_registry_bound(list, k, cmp, 1);

	return i && !cmp(list->v[i - 1], k) ? list->v[i - 1] : NULL;
}

static const struct mv_event *const *range(const struct mv_registry_list *list,
					   const char *artifact,
					   size_t *count)
{
	struct mv_event k = key(artifact, NULL, NULL, NULL);
	size_t from = 0, to = list->count;

	if (artifact) {
		from = mv_registry_bound(list, &k, cmp_artifact, 0);
		to = mv_registry_bound(list, &k, cmp_artifact, 1);
	}
	*count = to - from;
	return list->v + from;
}

const struct mv_event *mv_registry_version(const struct mv_registry *r,
					   const char *artifact,
					   const char *version)
{
	struct mv_event k = key(artifact, version, NULL, NULL);

	if (!r->index)
		return NULL;
	return last_like(&r->index->active, &k, cmp_artifact_version);
}

const struct mv_event *mv_registry_greatest(const struct mv_registry *r,
					    const char *artifact)
{
	struct mv_event k = key(artifact, NULL, NULL, NULL);

	if (!r->index)
		return NULL;
	return last_like(&r->index->active, &k, cmp_artifact);
}

const struct mv_event *const *mv_registry_versions(const struct mv_registry *r,
						   const char *artifact,
						   size_t *count)
{
	*count = 0;
	return r->index ? range(&r->index->active, artifact, count) : NULL;
}

const struct mv_event *mv_registry_holder(const struct mv_registry *r,
					  const char *artifact,
					  const char *stage)
{
	struct mv_event k = key(artifact, NULL, stage, NULL);

	if (!r->index)
		return NULL;
	return last_like(&r->index->holders, &k, cmp_artifact_stage);
}

const struct mv_event *const *mv_registry_holders(const struct mv_registry *r,
						  const char *artifact,
						  size_t *count)
{
	*count = 0;
	return r->index ? range(&r->index->holders, artifact, count) : NULL;
}

const struct mv_event *mv_registry_version_at(const struct mv_registry *r,
					      const char *artifact,
					      const char *commit)
{
	struct mv_event k = key(artifact, NULL, NULL, commit);

	if (!r->index)
		return NULL;
	return last_like(&r->index->at, &k, cmp_artifact_commit);
}

const struct mv_event *mv_registry_assigned(const struct mv_registry *r,
					    const struct mv_event *assignment,
					    const char *version)
{
	const char *artifact = assignment->tag.artifact;
	const struct mv_event *e;

	if (!version)
		return mv_registry_version_at(r, artifact,
					      assignment->commit);
	e = mv_registry_version(r, artifact, version);
	return e && !mv_registry_cmp_commit(e, assignment) ? e : NULL;
}

const struct mv_event *mv_registry_deprecated(const struct mv_registry *r,
					      const char *artifact)
{
	struct mv_event k = key(artifact, NULL, NULL, NULL);

	if (!r->index)
		return NULL;
	return last_like(&r->index->deprecated, &k, cmp_artifact);
}

/* Events are artifact by artifact. */
int mv_registry_knows(const struct mv_registry *r, const char *artifact)
{
	size_t lo = 0, hi = r->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int d = strcmp(r->v[mid].tag.artifact, artifact);

		if (!d)
			return 1;
		if (d < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return 0;
}

int64_t mv_registry_next(const struct mv_registry *r, const char *artifact)
{
	const struct top *tops = r->index ? r->index->tops : NULL;
	size_t lo = 0, hi = r->index ? r->index->top_count : 0, mid;
	int d;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		d = strcmp(tops[mid].artifact, artifact);
		if (!d)
			return tops[mid].counter < MV_COUNTER_MAX ?
			       tops[mid].counter + 1 : -1;
		if (d < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return 1;
}

static int is_of_stage(const struct mv_event *e, const char *artifact,
		       const char *stage)
{
	return e->tag.stage && !strcmp(e->tag.stage, stage) &&
	       !strcmp(e->tag.artifact, artifact);
}

/* Of a stage, among the first `count` events; -1: no counter, -2: no event at
   all. */
static int64_t last_counter(const struct mv_registry *r, size_t count,
			    const char *artifact, const char *stage)
{
	int64_t last = -2;

	for (size_t i = 0; i < count; i++)
		if (is_of_stage(&r->v[i], artifact, stage) &&
		    r->v[i].tag.counter > last)
			last = r->v[i].tag.counter;
	return last;
}

static int hides_version(const struct mv_registry *r,
			 const struct mv_event *e, const char *artifact,
			 const char *version)
{
	const struct mv_event *best = mv_registry_greatest(r, artifact);

	if (e->tag.kind != MV_EVENT_REGISTER ||
	    strcmp(e->tag.artifact, artifact))
		return 0;
	if (version)
		return !strcmp(e->tag.version, version) &&
		       !mv_registry_version(r, artifact, version);
	return !best || mv_version_cmp(e->tag.version, best->tag.version) > 0;
}

const struct mv_event *mv_registry_ignored(const struct mv_registry *r,
					   const char *artifact,
					   const char *stage,
					   const char *version)
{
	const struct mv_event *found = NULL;
	int64_t last = stage && r->ignored_count ?
		       last_counter(r, r->count, artifact, stage) : 0;

	for (size_t i = 0; i < r->ignored_count; i++) {
		const struct mv_event *e = &r->ignored[i];

		if (stage ? is_of_stage(e, artifact, stage) &&
			    e->tag.counter > last :
			    hides_version(r, e, artifact, version))
			found = !found || e->tag.counter >= found->tag.counter ?
				e : found;
	}
	return found;
}

const struct mv_event *mv_registry_ignored_before(const struct mv_registry *r,
						  const char *stage,
						  const struct mv_event *tag)
{
	const char *artifact = tag->tag.artifact;
	const struct mv_event *found = NULL;
	int64_t last;

	if (!r->ignored_count)
		return NULL;
	last = last_counter(r, tag->order, artifact, stage);
	for (size_t i = 0; i < r->ignored_count; i++) {
		const struct mv_event *e = &r->ignored[i];

		if (is_of_stage(e, artifact, stage) && e->tag.counter > last &&
		    e->tag.counter <= tag->tag.counter &&
		    (!found || e->tag.counter >= found->tag.counter))
			found = e;
	}
	return found;
}

int mv_event_is(const struct mv_event *event,
		const struct mv_git_object_info *info)
{
	return info->name && !strcmp(event->ref + strlen(TAGS), info->name);
}
