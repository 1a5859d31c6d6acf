/* SPDX-License-Identifier: MIT */

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libmv/base/json-read.h"
#include "libmv/base/json.h"
#include "libmv/base/pull.h"
#include "libmv/meta/curves.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/priv.h"

/* JSON Lines of metrics by step: an object a line. */
#define LINE_BYTES ((size_t)1 << 20)

struct reading {
	const char *name, *prefix;
	struct mv_curves *curves;
	size_t line, skipped;
	int64_t row, last;
	int restarts;
	struct mv_err *err;
};

/* The step of a line: of its members, else its row. MV_EINVALID. */
static int step_of(int64_t *step, const struct mv_facts *facts, int64_t row,
		   const char **key)
{
	*step = row;
	*key = NULL;
	for (const char *const *name = mv_step_names; *name; name++)
		for (size_t i = 0; i < facts->count; i++) {
			const struct mv_value *v = &facts->v[i].value;

			if (strcasecmp(facts->v[i].key, *name))
				continue;
			*key = facts->v[i].key;
			if (v->type == MV_VALUE_INT) {
				*step = v->i;
				return 0;
			}
			if (v->type != MV_VALUE_REAL ||
			    !(v->r >= -9e15 && v->r <= 9e15) ||
			    v->r != floor(v->r))
				return MV_EINVALID;
			*step = (int64_t)v->r;
			return 0;
		}
	return 0;
}

static int take_facts(struct reading *r, const struct mv_facts *facts)
{
	const char *key;
	int64_t step, ms = 0;
	int rc = 0;

	if (step_of(&step, facts, r->row, &key))
		return mv_fail(r->err, MV_EINVALID, "%s:%zu: the step is no "
			       "whole number", r->name, r->line);
	for (size_t i = 0; i < facts->count; i++)
		if (mv_table_is_time(facts->v[i].key))
			ms = mv_table_time(facts->v[i].value.text);
	if (r->restarts && r->row && step < r->last)
		mv_curves_restart(r->curves, step);
	r->last = step;
	r->row++;
	for (size_t i = 0; i < facts->count && !rc; i++) {
		const struct mv_fact *f = &facts->v[i];
		char *name;

		if (f->key == key || mv_table_is_time(f->key) ||
		    f->value.type == MV_VALUE_NULL)
			continue;
		if (!mv_value_is_number(&f->value)) {
			r->skipped++;
			continue;
		}
		name = mv_strf("%s%s", r->prefix, f->key);
		rc = name ? mv_curves_add(r->curves, name, step, ms,
					  f->value.r, r->err) :
			     mv_nomem(r->err);
		free(name);
	}
	return rc;
}

static int lines_read_line(struct mv_facts *facts, const char *s, size_t len,
			   struct mv_err *err)
{
	struct mv_json *v;
	int rc = mv_json_parse_loose(&v, s, len, err);

	memset(facts, 0, sizeof(*facts));
	if (rc)
		return rc;
	rc = mv_json_type(v) == MV_JSON_OBJECT ?
	     mv_facts_from_json(facts, v, "", 0, NULL, err) :
	     mv_fail(err, MV_EINVALID, "no object");
	mv_json_free(v);
	return rc;
}

/* Calls `fn` with each line that is not blank. */
static int each_line(struct reading *r, const struct mv_source *in,
		     int (*fn)(struct reading *r, const struct mv_facts *f,
			       void *payload), void *payload)
{
	struct mv_pull pull;
	const char *line;
	size_t n;
	int rc = 0;

	in->rewind(in->in.payload);
	mv_pull_init(&pull, in->in, LINE_BYTES);
	for (r->line = 1; !rc; r->line++) {
		struct mv_facts facts;

		rc = mv_pull_line(&line, &n, &pull, r->err);
		if (rc <= 0)
			break;
		while (n && strchr(" \t\r", line[n - 1]) && line[n - 1])
			n--;
		rc = 0;
		if (!n)
			continue;
		rc = lines_read_line(&facts, line, n, r->err);
		if (rc)
			mv_err_prefix(r->err, "%s:%zu", r->name, r->line);
		else
			rc = fn(r, &facts, payload);
		mv_facts_release(&facts);
	}
	if (rc == MV_ENOMEM && mv_pull_len(&pull) >= LINE_BYTES)
		rc = mv_fail(r->err, MV_EINVALID, "%s:%zu: the line is too "
			     "long", r->name, r->line);
	mv_pull_release(&pull);
	return rc;
}

struct steps {
	size_t rows, back;
	int64_t last;
};

static int count_step(struct reading *r, const struct mv_facts *facts,
		      void *payload)
{
	struct steps *s = payload;
	const char *key;
	int64_t step;

	(void)r;
	if (step_of(&step, facts, (int64_t)s->rows, &key))
		return 0;
	s->back += s->rows && step < s->last;
	s->last = step;
	s->rows++;
	return 0;
}

static int lines_take_line(struct reading *r, const struct mv_facts *facts,
			   void *payload)
{
	(void)payload;
	return take_facts(r, facts);
}

int mv_curves_read_lines(struct mv_curves *curves, const char *name,
			 const char *prefix, const struct mv_source *in,
			 size_t *skipped, struct mv_err *err)
{
	struct reading r = { .name = name, .prefix = prefix,
			     .curves = curves, .err = err };
	struct steps steps = { 0, 0, 0 };
	int rc = each_line(&r, in, count_step, &steps);

	r.restarts = mv_steps_go_back(steps.rows, steps.back);
	if (!rc)
		rc = each_line(&r, in, lines_take_line, NULL);
	if (!rc && skipped)
		*skipped += r.skipped;
	return rc;
}
