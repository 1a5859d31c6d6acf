/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libmv/base/grow.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"

/*
 * Tags are files in many clones, and where a file system does not tell `Prod`
 * from `prod` one of two such names is not there, or is read as the other one.
 * A name is compared as a path is: letter by letter up to its last part, which
 * is compared without case.
 */
struct part {
	char *text;		/* "fraud", "team/fraud#prod" */
	size_t head;		/* so many bytes of it are before the part */
	int new;
};
struct parts {
	struct part *v;
	size_t count, alloc;
};

static void parts_release(struct parts *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->v[i].text);
	free(p->v);
}

static int twins_add(struct parts *p, const char *artifact, size_t len,
		     char sign,
		     const char *word, int new)
{
	char *text;

	if (MV_GROW(p->v, p->alloc, p->count + 1, NULL) < 0)
		return -1;
	text = word ? mv_strf("%s%c%s", artifact, sign, word) :
		      strndup(artifact, len);
	if (!text)
		return -1;
	p->v[p->count++] = (struct part){ text, word ? len + 1 : 0, new };
	return 0;
}

/* Of "team/fraud#prod": "team/", "team/fraud" and the whole. */
static int add_tag(struct parts *p, const struct mv_tag *t, int new)
{
	const char *a = t->artifact;
	size_t len = strlen(a), from = 0;
	int bad = 0;

	for (size_t i = 0; i <= len && !bad; i++) {
		if (a[i] && a[i] != '/')
			continue;
		bad = twins_add(p, a, i + (a[i] != '\0'), 0, NULL, new);
		if (!bad)
			p->v[p->count - 1].head = from;
		from = i + 1;
	}
	if (!bad && t->stage)
		bad = twins_add(p, a, len, '#', t->stage, new);
	if (!bad && t->version)
		bad = twins_add(p, a, len, '@', t->version, new);
	return bad;
}

/* Zero: one place, and names that differ in case at most. */
static int by_place(const struct part *x, const struct part *y)
{
	size_t n = x->head < y->head ? x->head : y->head;
	int d = memcmp(x->text, y->text, n);

	if (!d)
		d = (x->head > y->head) - (x->head < y->head);
	return d ? d : strcasecmp(x->text + x->head, y->text + y->head);
}

/* In one place, those that are there already come first. */
static int twins_compare(const void *a, const void *b)
{
	const struct part *x = a, *y = b;
	int d = by_place(x, y);

	if (!d)
		d = x->new - y->new;
	return d ? d : strcmp(x->text, y->text);
}

static int by_text(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	return strcmp(x->text, y->text);
}

/* Of one place: each new spelling beside the first one, told once. */
static int twins_tell(const struct part *v, size_t count, mv_twin_fn fn,
		      void *payload, struct mv_err *err)
{
	size_t old = 0;
	int rc = 0;

	while (old < count && !v[old].new)
		old++;
	for (size_t i = old; i < count && !rc; i++)
		if (i && by_text(&v[i], &v[i - 1]) && by_text(&v[i], &v[0]) &&
		    !(old && bsearch(&v[i], v, old, sizeof(*v), by_text)))
			rc = fn(payload, v[i].text, v[0].text, err);
	return rc;
}

int mv_registry_twins(const struct mv_registry *before,
		      const struct mv_tag *const *tags, size_t count,
		      mv_twin_fn fn, void *payload, struct mv_err *err)
{
	struct parts p = { .count = 0 };
	size_t end;
	int rc = 0;

	for (size_t i = 0; i < before->count && !rc; i++)
		rc = add_tag(&p, &before->v[i].tag, 0);
	for (size_t i = 0; i < count && !rc; i++)
		rc = add_tag(&p, tags[i], 1);
	if (rc)
		rc = mv_nomem(err);
	if (p.count)
		qsort(p.v, p.count, sizeof(*p.v), twins_compare);
	for (size_t i = 0; i < p.count && !rc; i = end) {
		for (end = i + 1; end < p.count &&
		     !by_place(&p.v[i], &p.v[end]); end++)
			;
		rc = twins_tell(p.v + i, end - i, fn, payload, err);
	}
	parts_release(&p);
	return rc;
}
