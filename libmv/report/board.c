/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/near.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/project.h"
#include "libmv/meta/version.h"
#include "libmv/report/parts.h"
#include "libmv/report/views.h"

/* -- what a row says to a key --------------------------------------------- */

static const char *const row_names[] = {
	"version", "stage", "artifact", "path", "author", "label", "branch",
	"run", "commit", "subject", "date", NULL
};

static const char *row_text(const struct mv_row *row, const char *key)
{
	const struct {
		const char *name, *text;
	} known[] = {
		{ "version", row->version }, { "stage", row->stages },
		{ "artifact", row->artifact }, { "path", row->path },
		{ "author", row->author }, { "label", row->label },
		{ "branch", row->label }, { "run", row->run },
		{ "commit", row->commit }, { "subject", row->subject_line }
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(known[i].name, key))
			return known[i].text ? known[i].text : "";
	return NULL;
}

static const struct mv_facts *facts_of(const struct mv_row *row,
				       const char **key)
{
	const struct {
		const char *prefix;
		const struct mv_facts *facts;
	} known[] = {
		{ "metrics.", &row->evidence.metrics },
		{ "params.", &row->evidence.params },
		{ "tags.", &row->evidence.tags }
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		size_t len = strlen(known[i].prefix);

		if (!strncmp(*key, known[i].prefix, len)) {
			*key += len;
			return known[i].facts;
		}
	}
	return NULL;
}

const struct mv_value *mv_row_value(const struct mv_row *row, const char *key,
				    struct mv_value *scratch)
{
	const struct mv_facts *facts;
	const struct mv_value *v;
	const char *rest = key, *text = row_text(row, key);

	if (text) {
		memset(scratch, 0, sizeof(*scratch));
		scratch->type = MV_VALUE_STRING;
		scratch->text = (char *)text;
		return *text ? scratch : NULL;
	}
	facts = facts_of(row, &rest);
	v = facts ? mv_facts_get(facts, rest) : NULL;
	if (!v)
		v = mv_facts_get(&row->evidence.metrics, key);
	if (!v)
		v = mv_facts_get(&row->evidence.params, key);
	return v ? v : mv_facts_get(&row->evidence.tags, key);
}

const char *mv_row_metric(const struct mv_row *row, const char *key)
{
	const char *rest = key;
	const struct mv_facts *facts;

	if (row_text(row, key))
		return NULL;
	facts = facts_of(row, &rest);
	if (facts)
		return facts == &row->evidence.metrics ? rest : NULL;
	return mv_facts_get(&row->evidence.metrics, key) ? key : NULL;
}

/* -- is it a key at all? -------------------------------------------------- */

static void try_facts(struct mv_nearest *n, const struct mv_facts *facts)
{
	for (size_t i = 0; i < facts->count; i++)
		mv_nearest_try(n, facts->v[i].key);
}

int mv_board_knows_key(const struct mv_board *b, const char *key,
		       struct mv_err *err)
{
	static const struct mv_row empty;
	const char *rest = key;
	struct mv_nearest near = MV_NEAREST_INIT(NULL);
	struct mv_value scratch;

	if (!b->count || !strcmp(key, "date") || row_text(&empty, key))
		return 0;
	for (size_t i = 0; i < b->count; i++)
		if (mv_row_value(&b->v[i], key, &scratch))
			return 0;
	(void)facts_of(&empty, &rest);
	if (mv_project_metric(&b->project, mv_board_artifact(b), rest))
		return 0;
	near.word = rest;
	for (size_t i = 0; i < b->count; i++) {
		try_facts(&near, &b->v[i].evidence.metrics);
		try_facts(&near, &b->v[i].evidence.params);
		try_facts(&near, &b->v[i].evidence.tags);
	}
	for (const char *const *name = row_names; *name; name++)
		mv_nearest_try(&near, *name);
	return mv_fail(err, MV_ENOENT, "no version has a metric, param or tag "
		       "'%s'%s%s%s", key, near.best ? "; did you mean '" : "",
		       near.best ? near.best : "", near.best ? "'?" : "");
}

static int is_nan(const struct mv_value *v)
{
	return v->type == MV_VALUE_REAL && isnan(v->r);
}

/* -- lists of keys -------------------------------------------------------- */

struct keys {
	char *text;
	char *v[MV_BOARD_KEYS_MAX];
	int down[MV_BOARD_KEYS_MAX];
	size_t count;
};

static int parse_keys(struct keys *keys, const char *text, struct mv_err *err)
{
	char *at, *end;

	memset(keys, 0, sizeof(*keys));
	keys->text = strdup(text);
	if (!keys->text)
		return mv_nomem(err);
	for (at = keys->text; at; at = end) {
		end = strchr(at, ',');
		if (end)
			*end++ = '\0';
		at += strspn(at, " \t");
		if (keys->count == MV_BOARD_KEYS_MAX)
			return mv_fail(err, MV_EINVALID,
				       "more than %d keys in one list",
				       MV_BOARD_KEYS_MAX);
		if (*at == '-')
			keys->down[keys->count] = 1;
		if (*at == '-' || *at == '+')
			at++;
		at[strcspn(at, " \t")] = '\0';
		if (!*at)
			return mv_fail(err, MV_EINVALID,
				       "a key is missing in '%s'", text);
		keys->v[keys->count++] = at;
	}
	return 0;
}

int mv_board_knows(const struct mv_board *b, const char *text,
		   struct mv_err *err)
{
	struct keys keys;
	int rc = parse_keys(&keys, text, err);

	for (size_t i = 0; !rc && i < keys.count; i++)
		rc = mv_board_knows_key(b, keys.v[i], err);
	free(keys.text);
	return rc;
}

/* -- sorting -------------------------------------------------------------- */

struct order {
	const struct mv_board *board;
	const struct keys *keys;
};

static int cmp_dates(const struct mv_row *a, const struct mv_row *b, int down)
{
	if (!a->when || !b->when)
		return !a->when - !b->when;
	return ((a->when > b->when) - (a->when < b->when)) * (down ? -1 : 1);
}

static int cmp_by(const struct mv_row *a, const struct mv_row *b,
		  const char *key, int down)
{
	struct mv_value sa, sb;
	const struct mv_value *va, *vb;
	int cmp;

	if (!strcmp(key, "date"))
		return cmp_dates(a, b, down);
	va = mv_row_value(a, key, &sa);
	vb = mv_row_value(b, key, &sb);
	if (!va || !vb || is_nan(va) || is_nan(vb))
		return (!va || is_nan(va)) - (!vb || is_nan(vb));
	if (!strcmp(key, "version") && mv_version_ok(va->text) &&
	    mv_version_ok(vb->text))
		cmp = mv_version_cmp(va->text, vb->text);
	/* Text among numbers is the last, whichever way they go. */
	else if (mv_value_is_number(va) != mv_value_is_number(vb))
		return mv_value_is_number(va) ? -1 : 1;
	else
		cmp = mv_value_cmp(va, vb);
	return down ? -cmp : cmp;
}

static int cmp_rows(const void *pa, const void *pb, void *payload)
{
	const struct order *o = payload;
	size_t a = *(const size_t *)pa, b = *(const size_t *)pb;

	for (size_t i = 0; i < o->keys->count; i++) {
		int cmp = cmp_by(&o->board->v[a], &o->board->v[b],
				 o->keys->v[i], o->keys->down[i]);

		if (cmp)
			return cmp;
	}
	return (a > b) - (a < b);
}

int mv_board_sort(struct mv_board *b, const char *text, struct mv_err *err)
{
	struct keys keys;
	struct order order = { b, &keys };
	struct mv_row *sorted = NULL;
	size_t *index = NULL;
	int rc = parse_keys(&keys, text, err);

	if (rc || b->count < 2)
		goto out;
	index = reallocarray(NULL, b->count, sizeof(*index));
	sorted = reallocarray(NULL, b->count, sizeof(*sorted));
	if (!index || !sorted) {
		rc = mv_nomem(err);
		goto out;
	}
	for (size_t i = 0; i < b->count; i++)
		index[i] = i;
	qsort_r(index, b->count, sizeof(*index), cmp_rows, &order);
	for (size_t i = 0; i < b->count; i++)
		sorted[i] = b->v[index[i]];
	memcpy(b->v, sorted, b->count * sizeof(*sorted));
out:
	free(sorted);
	free(index);
	free(keys.text);
	return rc;
}

/* -- the front ------------------------------------------------------------ */

const char *mv_board_artifact(const struct mv_board *b)
{
	const char *one = b->count ? b->v[0].artifact : NULL;

	for (size_t i = 1; one && i < b->count; i++)
		if (!b->v[i].artifact || strcmp(one, b->v[i].artifact))
			return NULL;
	return one;
}

static int find_directions(int *up, const struct mv_board *b,
			   struct keys *keys, struct mv_err *err)
{
	const struct mv_metric_rule *rule;

	for (size_t i = 0; i < keys->count; i++) {
		if (!strncmp(keys->v[i], "metrics.", 8))
			keys->v[i] += 8;
		rule = mv_project_metric(&b->project, mv_board_artifact(b),
					 keys->v[i]);
		if (!rule || rule->direction == MV_DIRECTION_NONE)
			return mv_fail(err, MV_EINVALID, "which way '%s' is "
				       "better is not known: give it a "
				       "direction in .gitmodel/config",
				       keys->v[i]);
		up[i] = rule->direction == MV_DIRECTION_UP;
	}
	return 0;
}

static const struct mv_value *metric_of(const struct mv_row *row,
					const char *key)
{
	const struct mv_value *v = mv_facts_get(&row->evidence.metrics, key);

	return v && mv_value_is_number(v) && !is_nan(v) ? v : NULL;
}

static int has_all(const struct mv_row *row, const struct keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		if (!metric_of(row, keys->v[i]))
			return 0;
	return 1;
}

/* As good in everything, better in something; on the same data. */
static int beats(const struct mv_row *a, const struct mv_row *b,
		 const struct keys *keys, const int *up)
{
	int better = 0;

	for (size_t i = 0; i < keys->count; i++) {
		int cmp = mv_value_cmp(metric_of(a, keys->v[i]),
				       metric_of(b, keys->v[i]));

		if (!up[i])
			cmp = -cmp;
		if (cmp < 0)
			return 0;
		better |= cmp > 0;
	}
	for (size_t i = 0; better && i < keys->count; i++)
		better = mv_rows_same_data(a, b, keys->v[i]);
	return better;
}

/* Against the front so far only: what a row outside it beats, a row of the
   front beats, too. */
static void try_row(unsigned char *front, const struct mv_board *b, size_t i,
		    const struct keys *keys, const int *up)
{
	for (size_t j = 0; j < i; j++)
		if (front[j] && beats(&b->v[j], &b->v[i], keys, up))
			return;
	for (size_t j = 0; j < i; j++)
		if (front[j] && beats(&b->v[i], &b->v[j], keys, up))
			front[j] = 0;
	front[i] = 1;
}

int mv_board_pareto(struct mv_board *b, const char *text, struct mv_err *err)
{
	int up[MV_BOARD_KEYS_MAX];
	unsigned char *front = NULL;
	struct keys keys;
	int rc = parse_keys(&keys, text, err);

	if (!rc)
		rc = find_directions(up, b, &keys, err);
	if (rc)
		goto out;
	front = calloc(b->count + 1, 1);
	if (!front) {
		rc = mv_nomem(err);
		goto out;
	}
	for (size_t i = 0; i < b->count; i++)
		if (has_all(&b->v[i], &keys))
			try_row(front, b, i, &keys, up);
	for (size_t i = 0; i < b->count; i++)
		b->v[i].pareto = front[i];
	mv_board_keep(b, front);
out:
	free(front);
	free(keys.text);
	return rc;
}
