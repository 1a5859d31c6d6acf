/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>

#include "libmv/meta/evidence.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/ledger.h"
#include "libmv/meta/record.h"

/* What the records of one content add up to. */

void mv_evidence_release(struct mv_evidence *e)
{
	for (size_t i = 0; i < e->count; i++)
		mv_record_release(&e->records[i]);
	free(e->records);
	mv_facts_release(&e->params);
	mv_facts_release(&e->metrics);
	mv_facts_release(&e->tags);
	memset(e, 0, sizeof(*e));
}

/*
 * A record and its line. What orders them is, first, whether they were made
 * for a file of the same bytes that is no artifact, when one was asked for;
 * then a moment: the writer's clock, or that of
 * the latest record that it supersedes, of which it is then so many steps
 * ahead; then the bytes.
 */
struct read_line {
	struct mv_record record;
	const char *line;
	int copy;
	const char *moment;
	size_t ahead;
};

static int by_moment(const struct read_line *a, const struct read_line *b)
{
	int cmp = strcmp(a->moment, b->moment);

	return cmp ? cmp : (a->ahead > b->ahead) - (a->ahead < b->ahead);
}

static int oldest_first(const void *va, const void *vb)
{
	const struct read_line *a = va, *b = vb;
	int cmp = b->copy - a->copy;

	if (!cmp)
		cmp = by_moment(a, b);
	return cmp ? cmp : strcmp(a->line, b->line);
}

/* -- who supersedes whom -------------------------------------------------- */

struct edge {
	uint32_t old, new;	/* places of the records */
};

static int by_id(const void *va, const void *vb)
{
	const struct read_line *const *a = va, *const *b = vb;
	const char *x = (*a)->record.id, *y = (*b)->record.id;

	return strcmp(x ? x : "", y ? y : "");
}

static int by_old(const void *va, const void *vb)
{
	const struct edge *a = va, *b = vb;

	return a->old < b->old ? -1 : a->old > b->old;
}

/* All records of that id: nobody promises that ids are unique. */
static size_t add_edges(struct edge *edges, struct read_line *v,
			struct read_line *const *ids, size_t count,
			const char *id, uint32_t new, size_t room)
{
	size_t low = 0, high = count, n = 0;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const char *s = ids[mid]->record.id;

		if (strcmp(s ? s : "", id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < count && n < room && ids[low]->record.id &&
	     !strcmp(ids[low]->record.id, id); low++) {
		uint32_t old = (uint32_t)(ids[low] - v);

		if (old != new)
			edges[n++] = (struct edge){ old, new };
	}
	return n;
}

static size_t superseded_by(const struct mv_record *r)
{
	size_t n = 0;

	while (r->supersedes && r->supersedes[n])
		n++;
	return n;
}

/* What came before is settled before what comes after it; those that
   supersede each other in a circle are left with their clocks. */
static void evidence_settle(struct read_line *v, size_t count,
			    const struct edge *edges, size_t edge_count,
			    uint32_t *waits, uint32_t *queue)
{
	size_t head = 0, tail = 0;

	for (size_t i = 0; i < edge_count; i++)
		waits[edges[i].new]++;
	for (size_t i = 0; i < count; i++)
		if (!waits[i])
			queue[tail++] = (uint32_t)i;
	while (head < tail) {
		const uint32_t old = queue[head++];
		size_t low = 0, high = edge_count;

		while (low < high) {
			size_t mid = low + (high - low) / 2;

			if (edges[mid].old < old)
				low = mid + 1;
			else
				high = mid;
		}
		for (; low < edge_count && edges[low].old == old; low++) {
			struct read_line *new = &v[edges[low].new];

			if (by_moment(new, &v[old]) <= 0) {
				new->moment = v[old].moment;
				new->ahead = v[old].ahead + 1;
			}
			if (!--waits[edges[low].new])
				queue[tail++] = edges[low].new;
		}
	}
}

static int supersede(struct read_line *v, size_t count, struct mv_err *err)
{
	const size_t max = (size_t)MV_NOTE_LINES * MV_SUPERSEDES_MAX;
	size_t named = 0, n = 0, room;
	struct read_line **ids;
	struct edge *edges;
	uint32_t *waits;

	for (size_t i = 0; i < count; i++) {
		v[i].moment = v[i].record.t;
		v[i].ahead = 0;
		named += superseded_by(&v[i].record);
	}
	if (!named)
		return 0;
	/* Ids are unique but for somebody's mischief. */
	room = named + count < max ? named + count : max;
	ids = calloc(count, sizeof(*ids));
	edges = calloc(room, sizeof(*edges));
	waits = calloc(2 * count, sizeof(*waits));
	if (ids && edges && waits) {
		for (size_t i = 0; i < count; i++)
			ids[i] = &v[i];
		qsort(ids, count, sizeof(*ids), by_id);
		for (size_t i = 0; i < count; i++)
			for (char **id = v[i].record.supersedes; id && *id;
			     id++)
				n += add_edges(edges + n, v, ids, count, *id,
					       (uint32_t)i, room - n);
		qsort(edges, n, sizeof(*edges), by_old);
		evidence_settle(v, count, edges, n, waits, waits + count);
	}
	named = ids && edges && waits;
	free(ids);
	free(edges);
	free(waits);
	return named ? 0 : mv_nomem(err);
}

static int is_elsewhere(const struct mv_record *record,
			const struct mv_oid *content)
{
	return content && record->has_content &&
	       !mv_oid_eq(&record->content, content);
}

static int speaks_of(const struct mv_record *record, const char *artifact)
{
	return !artifact || !record->artifact ||
	       !strcmp(record->artifact, artifact);
}

/* Those that can be read and speak of the content and the artifact, into `v`,
   in order; the others are counted in `out`. */
static int read_lines(struct read_line *v, size_t *count,
		      struct mv_evidence *out, const struct mv_lines *lines,
		      const struct mv_oid *content, const char *artifact,
		      struct mv_err *err)
{
	for (size_t i = 0; i < lines->count; i++) {
		struct read_line *r = &v[*count];
		const char *line = lines->v[i];
		struct mv_err why;
		int rc = mv_record_parse(&r->record, line, strlen(line),
					 &why);

		if (rc == MV_EINVALID) {
			out->skipped++;
			continue;
		}
		if (rc < 0)
			return mv_fail(err, why.code, "%s", why.msg);
		r->line = line;
		r->copy = artifact && !r->record.artifact &&
			  r->record.for_path;
		if (!is_elsewhere(&r->record, content) &&
		    speaks_of(&r->record, artifact)) {
			++*count;
			continue;
		}
		out->elsewhere += (size_t)is_elsewhere(&r->record, content);
		mv_record_release(&r->record);
	}
	if (*count) {
		int rc = supersede(v, *count, err);

		if (rc)
			return rc;
		qsort(v, *count, sizeof(*v), oldest_first);
	}
	return 0;
}

/* -- folding -------------------------------------------------------------- */

/*
 * One fact of one record, to be sorted by key. Adding them to the result
 * newest word by newest word in the order of keys only ever appends, so that
 * thousands of records with thousands of keys do not take thousands squared.
 */
struct word {
	const struct mv_fact *fact;
	uint32_t from;
};

static int by_key_newest_first(const void *va, const void *vb)
{
	const struct word *a = va, *b = vb;
	int cmp = strcmp(a->fact->key, b->fact->key);

	if (cmp)
		return cmp;
	return a->from < b->from ? 1 : -(a->from > b->from);
}

static const struct mv_facts *facts_at(const struct mv_record *record,
				       size_t offset)
{
	return (const struct mv_facts *)((const char *)record + offset);
}

/* Of the member of all records that is at `offset`. */
static int fold_facts(struct mv_facts *out, const struct mv_evidence *e,
		      size_t offset, struct mv_err *err)
{
	struct word *words;
	size_t count = 0, n = 0;
	int rc = 0;

	for (size_t i = 0; i < e->count; i++)
		count += facts_at(&e->records[i], offset)->count;
	if (!count)
		return 0;
	words = calloc(count, sizeof(*words));
	if (!words)
		return mv_nomem(err);
	for (size_t i = 0; i < e->count; i++) {
		const struct mv_facts *f = facts_at(&e->records[i], offset);

		for (size_t k = 0; k < f->count; k++)
			words[n++] = (struct word){ &f->v[k], (uint32_t)i };
	}
	qsort(words, count, sizeof(*words), by_key_newest_first);
	for (size_t i = 0; i < count && !rc; i++)
		if (!i || strcmp(words[i - 1].fact->key, words[i].fact->key))
			rc = mv_facts_set(out, words[i].fact->key,
					  &words[i].fact->value,
					  words[i].from, err);
	free(words);
	return rc;
}

static void find_newest(struct mv_evidence *e)
{
	for (size_t i = 0; i < e->count; i++) {
		const struct mv_record *r = &e->records[i];

		if (r->data.count)
			e->data = r;
		if (r->run.command)
			e->run = r;
		if (r->environment.count)
			e->environment = r;
	}
}

int mv_evidence_fold_for(struct mv_evidence *out, const struct mv_lines *lines,
			 const struct mv_oid *content, const char *artifact,
			 struct mv_err *err)
{
	struct read_line *v;
	size_t count = 0;
	int rc;

	memset(out, 0, sizeof(*out));
	if (!lines->count)
		return 0;
	v = calloc(lines->count, sizeof(*v));
	if (!v)
		return mv_nomem(err);
	rc = read_lines(v, &count, out, lines, content, artifact, err);
	out->records = count ? calloc(count, sizeof(*out->records)) : NULL;
	if (!rc && count && !out->records)
		rc = mv_nomem(err);
	for (size_t i = 0; i < count; i++) {
		if (rc < 0)
			mv_record_release(&v[i].record);
		else
			out->records[out->count++] = v[i].record;
	}
	free(v);
	if (!rc)
		rc = fold_facts(&out->params, out,
				offsetof(struct mv_record, params), err);
	if (!rc)
		rc = fold_facts(&out->metrics, out,
				offsetof(struct mv_record, metrics), err);
	if (!rc)
		rc = fold_facts(&out->tags, out,
				offsetof(struct mv_record, tags), err);
	if (rc < 0)
		mv_evidence_release(out);
	else
		find_newest(out);
	return rc;
}

int mv_evidence_fold(struct mv_evidence *out, const struct mv_lines *lines,
		     struct mv_err *err)
{
	return mv_evidence_fold_for(out, lines, NULL, NULL, err);
}

/* -- what a metric was measured on ---------------------------------------- */

static int by_text(const void *va, const void *vb)
{
	return strcmp(*(char *const *)va, *(char *const *)vb);
}

/* What identifies the content, in fresh memory. */
static char *identity(const struct mv_ref *ref)
{
	char hex[MV_OID_HEX + 1];

	return strdup(ref->has_oid ? mv_oid_hex(hex, &ref->oid) :
				     ref->digest);
}

static int evidence_join(struct mv_buf *out, char **ids, size_t count)
{
	int rc = 0;

	qsort(ids, count, sizeof(*ids), by_text);
	for (size_t i = 0; i < count && !rc; i++) {
		if (i && !strcmp(ids[i - 1], ids[i]))
			continue;
		rc = i ? mv_buf_addch(out, '+') : 0;
		if (!rc)
			rc = mv_buf_addstr(out, ids[i]);
	}
	return rc;
}

/* All entries of the role, if there are any and each can be told apart. */
static int add_role(struct mv_buf *out, const struct mv_refs *data,
		    const char *role)
{
	size_t count = 0, n = 0;
	char **ids;
	int rc = 0;

	for (size_t i = 0; i < data->count; i++)
		count += !strcmp(data->v[i].role, role);
	if (!count)
		return 0;
	ids = calloc(count, sizeof(*ids));
	if (!ids)
		return MV_ENOMEM;
	for (size_t i = 0; i < data->count && !rc; i++) {
		const struct mv_ref *ref = &data->v[i];

		if (strcmp(ref->role, role))
			continue;
		if (!ref->has_oid && !ref->digest)
			break;		/* a name says nothing */
		ids[n] = identity(ref);
		rc = ids[n] ? 0 : MV_ENOMEM;
		n += !rc;
	}
	if (!rc && n == count)
		rc = evidence_join(out, ids, n);
	while (n)
		free(ids[--n]);
	free(ids);
	return rc;
}

int mv_evidence_eval_data(struct mv_buf *out, const struct mv_evidence *e,
			  const struct mv_fact *metric)
{
	const struct mv_refs *data;
	const char *role = "";

	if (metric->from >= e->count)
		return 0;
	data = &e->records[metric->from].data;
	for (size_t i = 0; i < data->count; i++)
		if (!strcmp(data->v[i].role, "eval"))
			role = "eval";
	return add_role(out, data, role);
}
