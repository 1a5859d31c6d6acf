/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/meta/priv.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"
#include "libmv/meta/version.h"

/*
 * In which order tags were made, as far as their names say it. Those with a
 * counter stand by it; those without are put where they change the least.
 */

/* Segments of one artifact before its order is known; see the header. */
enum order_rank { PLAIN_REGISTRATION, PLAIN_CREATION, PLAIN_ASSIGNMENT, NUMBERED,
		     PLAIN_DEPRECATION, PLAIN_CANCEL };

static enum order_rank order_rank(const struct mv_event *e)
{
	if (e->tag.counter >= 0)
		return NUMBERED;
	switch (e->tag.kind) {
	case MV_EVENT_REGISTER:
		return PLAIN_REGISTRATION;
	case MV_EVENT_CREATE:
		return PLAIN_CREATION;
	case MV_EVENT_ASSIGN:
		return PLAIN_ASSIGNMENT;
	case MV_EVENT_DEPRECATE:
		return PLAIN_DEPRECATION;
	case MV_EVENT_DEREGISTER:
	case MV_EVENT_UNASSIGN:
		break;
	}
	return PLAIN_CANCEL;
}

static int takes(const struct mv_event *e)
{
	return e->tag.kind == MV_EVENT_DEREGISTER ||
	       e->tag.kind == MV_EVENT_UNASSIGN ||
	       e->tag.kind == MV_EVENT_DEPRECATE;
}

static int by_rank(const void *a, const void *b)
{
	const struct mv_event *x = a, *y = b;
	int d = strcmp(x->tag.artifact, y->tag.artifact);

	if (!d)
		d = (int)order_rank(x) - (int)order_rank(y);
	if (!d && order_rank(x) == PLAIN_REGISTRATION)
		d = mv_version_cmp(x->tag.version, y->tag.version);
	if (!d && order_rank(x) == NUMBERED)
		d = (x->tag.counter > y->tag.counter) -
		    (x->tag.counter < y->tag.counter);
	if (!d && order_rank(x) == NUMBERED)
		d = takes(x) - takes(y);
	return d ? d : strcmp(x->ref, y->ref);
}

void mv_registry_rank(struct mv_registry *r)
{
	if (r->count)
		qsort(r->v, r->count, sizeof(*r->v), by_rank);
}

int mv_registry_by_order(const void *a, const void *b)
{
	const struct mv_event *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return strcmp(x->ref, y->ref);
}

/* Plain registrations by commit; they stand in the array by version. */
static int by_commit(const void *a, const void *b)
{
	const struct mv_event *x = *(const struct mv_event *const *)a;
	const struct mv_event *y = *(const struct mv_event *const *)b;
	int d = strcmp(x->commit, y->commit);

	return d ? d : (x > y) - (x < y);
}

static const char *word(const struct mv_event *e)
{
	return e->tag.version ? e->tag.version :
	       e->tag.stage ? e->tag.stage : "";
}

/* What a deregistration or unassignment can take back: versions first, then
   stages at a commit. */
static int cmp_given(const struct mv_event *x, const struct mv_event *y)
{
	int d = !x->tag.version - !y->tag.version;

	if (!d)
		d = strcmp(word(x), word(y));
	if (!d && !x->tag.version)
		d = strcmp(x->commit, y->commit);
	return d;
}

static int by_given(const void *a, const void *b)
{
	const struct mv_event *x = *(const struct mv_event *const *)a;
	const struct mv_event *y = *(const struct mv_event *const *)b;
	int d = cmp_given(x, y);

	return d ? d : mv_registry_by_order(x, y);
}

size_t mv_registry_bound(const struct mv_registry_list *list,
			 const struct mv_event *key, mv_registry_cmp_fn cmp,
			 int after)
{
	size_t lo = 0, hi = list->count, mid;
	int d;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		d = cmp(list->v[mid], key);
		if (d < 0 || (after && !d))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

int mv_registry_cmp_commit(const struct mv_event *a, const struct mv_event *b)
{
	return strcmp(a->commit, b->commit);
}

int mv_registry_cmp_version(const struct mv_event *a, const struct mv_event *b)
{
	return mv_version_cmp(a->tag.version, b->tag.version);
}

/*
 * How many of the plain registrations (by version in `v`, by commit in
 * `commits`) must stand before `e`?
 */
static size_t needs(const struct mv_registry_list *v,
		    const struct mv_registry_list *commits,
		    const struct mv_event *e)
{
	size_t i;

	switch (e->tag.kind) {
	case MV_EVENT_REGISTER:
	case MV_EVENT_DEREGISTER:
		i = mv_registry_bound(v, e, mv_registry_cmp_version, 1);
		return i && !mv_registry_cmp_version(v->v[i - 1], e) ? i : 0;
	case MV_EVENT_ASSIGN:
	case MV_EVENT_UNASSIGN:
		i = mv_registry_bound(commits, e, mv_registry_cmp_commit, 1);
		if (!i || mv_registry_cmp_commit(commits->v[i - 1], e))
			return 0;
		return (size_t)(commits->v[i - 1] - v->v[0]) + 1;
	case MV_EVENT_DEPRECATE:
		return v->count;
	case MV_EVENT_CREATE:
		break;
	}
	return 0;
}

/* Registrations without a counter as late as they can be, among the rest. */
static void merge(struct mv_event *e, size_t plain, size_t count,
		  const struct mv_event **tmp)
{
	struct mv_registry_list v = { tmp, plain };
	struct mv_registry_list commits = { tmp + plain, plain };
	size_t order = 0, next = 0, need;

	for (size_t i = 0; i < plain; i++)
		v.v[i] = commits.v[i] = &e[i];
	if (plain)
		qsort(commits.v, plain, sizeof(*commits.v), by_commit);
	for (size_t i = plain; i < count; i++) {
		for (need = needs(&v, &commits, &e[i]); next < need; next++)
			e[next].order = order += 2;
		e[i].order = order += 2;
	}
	for (; next < plain; next++)
		e[next].order = order += 2;
}

/*
 * When a tag without a counter was made, nobody can tell. So it takes back the
 * first thing that it can, as late as that can be: what was decided in between
 * stays as it was decided. It is before what gives the same again.
 */
static size_t place_of(const struct mv_registry_list *given,
		       const struct mv_event *cancel, size_t last)
{
	size_t n = mv_registry_bound(given, cancel, cmp_given, 0);

	if (n == given->count || cmp_given(given->v[n], cancel))
		return 1;
	if (n + 1 < given->count && !cmp_given(given->v[n + 1], cancel))
		return given->v[n + 1]->order - 1;
	return last + 1;
}

static void order_place(struct mv_event *e, size_t given,
			   struct mv_event *cancels,
			   size_t count, const struct mv_event **tmp)
{
	struct mv_registry_list list = { tmp, 0 };
	size_t last = 0;

	if (!count)
		return;
	for (size_t i = 0; i < given; i++) {
		if (e[i].order > last)
			last = e[i].order;
		if (e[i].tag.kind == MV_EVENT_REGISTER ||
		    e[i].tag.kind == MV_EVENT_ASSIGN)
			list.v[list.count++] = &e[i];
	}
	if (list.count)
		qsort(list.v, list.count, sizeof(*list.v), by_given);
	for (size_t i = 0; i < count; i++)
		cancels[i].order = place_of(&list, &cancels[i], last);
}

/* All events of one artifact, sorted by rank. */
static void order_group(struct mv_event *e, size_t count,
			const struct mv_event **tmp)
{
	size_t plain = 0, given;

	while (plain < count && order_rank(&e[plain]) == PLAIN_REGISTRATION)
		plain++;
	for (given = count; given && order_rank(&e[given - 1]) == PLAIN_CANCEL;
	     given--)
		;
	merge(e, plain, given, tmp);
	order_place(e, given, e + given, count - given, tmp);
	qsort(e, count, sizeof(*e), mv_registry_by_order);
}

size_t mv_registry_group_end(const struct mv_registry *r, size_t start)
{
	size_t end = start + 1;

	while (end < r->count &&
	       !strcmp(r->v[end].tag.artifact, r->v[start].tag.artifact))
		end++;
	return end;
}

int mv_registry_order(struct mv_registry *r, struct mv_err *err)
{
	const struct mv_event **tmp;
	size_t end;

	if (!r->count)
		return 0;
	tmp = malloc(2 * r->count * sizeof(*tmp));
	if (!tmp)
		return mv_nomem(err);
	for (size_t i = 0; i < r->count; i = end) {
		end = mv_registry_group_end(r, i);
		order_group(r->v + i, end - i, tmp);
	}
	free(tmp);
	for (size_t i = 0; i < r->count; i++)
		r->v[i].order = i;
	return 0;
}
