/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libmv/base/grow.h"
#include "libmv/base/pull.h"
#include "libmv/base/time.h"
#include "libmv/meta/curves.h"
#include "libmv/meta/priv.h"

/*
 * Tables of metrics by step: CSV as RFC 4180 has it, TSV the same with tabs.
 * One row is held at a time; its cells are unquoted into one buffer.
 */
#define COLUMNS_MAX 10000
#define CELL_MAX (1u << 20)
#define ROW_MAX (2 * CELL_MAX)		/* as it is written, with quotes */

enum role { ROLE_METRIC, ROLE_STEP, ROLE_TIME };

struct column {
	char *name;		/* of the metric: with the prefix */
	enum role role;
};

struct table {
	const char *name, *prefix;
	const struct mv_source *in;
	struct mv_pull pull;
	const char *at, *end;	/* of the row */
	char separator;
	size_t line, row_line;	/* where we are, where the row began */
	struct mv_buf text;	/* the row's cells, each with a NUL behind */
	size_t *cells;		/* where they begin */
	size_t cell_count, cell_alloc;
	struct column *columns;
	size_t column_count;
	int has_step;
	int restarts;		/* steps that go back begin anew */
	int64_t row, last;	/* the last step, after the first row */
	size_t skipped;
	struct mv_curves *curves;
	struct mv_err *err;
};

static int table_fail_at(const struct table *t, const char *what)
{
	return mv_fail(t->err, MV_EINVALID, "%s:%zu: %s", t->name, t->row_line,
		       what);
}

/* -- cells ---------------------------------------------------------------- */

static int begin_cell(struct table *t)
{
	if (t->cell_count == COLUMNS_MAX)
		return table_fail_at(t, "too many columns");
	if (MV_GROW(t->cells, t->cell_alloc, t->cell_count + 1, t->err) < 0)
		return MV_ENOMEM;
	t->cells[t->cell_count++] = t->text.len;
	return 0;
}

static int meta_table_add(struct table *t, const char *s, size_t len)
{
	if (memchr(s, '\0', len))
		return table_fail_at(t, "NUL byte");
	return mv_buf_add(&t->text, s, len) ?
	       table_fail_at(t, "the row is too long") : 0;
}

/* Blanks that a person or a program lined cells up with. */
static const char *skip_blanks(const struct table *t, const char *s)
{
	while (s < t->end && (*s == ' ' || (*s == '\t' && t->separator != '\t')))
		s++;
	return s;
}

static int read_quoted(struct table *t)
{
	const char *s = t->at + 1;
	int rc = 0;

	while (!rc) {
		const char *quote = memchr(s, '"', (size_t)(t->end - s));

		if (!quote)
			return table_fail_at(t, "a quote that does not end");
		for (const char *p = s; p < quote; p++)
			t->line += *p == '\n';
		rc = meta_table_add(t, s, (size_t)(quote - s));
		s = quote + 1;
		if (s == t->end || *s != '"')
			break;
		rc = rc ? rc : meta_table_add(t, "\"", 1);
		s++;
	}
	s = skip_blanks(t, s);
	t->at = s;
	if (!rc && s < t->end && *s != t->separator && *s != '\n' &&
	    *s != '\r')
		return table_fail_at(t, "text behind a closing quote");
	return rc;
}

static int read_plain(struct table *t)
{
	const char *start = t->at, *s = start;
	size_t len;

	while (s < t->end && *s != t->separator && *s != '\n')
		s++;
	t->at = s;
	len = (size_t)(s - start);
	if (len && s[-1] == '\r' && (s == t->end || *s == '\n'))
		len--;
	while (len && (start[len - 1] == ' ' ||
		       (start[len - 1] == '\t' && t->separator != '\t')))
		len--;
	if (memchr(start, '"', len))
		return table_fail_at(t, "a quote inside of a cell");
	return meta_table_add(t, start, len);
}

static int need(struct table *t, size_t len)
{
	int rc = mv_pull_need(&t->pull, len, t->err);

	return rc == MV_ENOMEM && mv_pull_len(&t->pull) ?
	       table_fail_at(t,
			     "the row is too long, or a quote does not end") : rc;
}

/* Blank lines are no rows. */
static int skip_blank_lines(struct table *t)
{
	int rc;

	while (!(rc = need(t, 1)) && mv_pull_len(&t->pull)) {
		const char c = *mv_pull_data(&t->pull);

		if (c != '\n' && c != '\r')
			break;
		t->line += c == '\n';
		mv_pull_skip(&t->pull, 1);
	}
	t->row_line = t->line;
	return rc;
}

/*
 * From at to end: all of the next row. It ends with a line that does not end
 * within quotes, of which there is an even number then: those of a cell are
 * doubled. Of a row that has them wrongly it may be more than the row, and
 * that is refused before its end is reached.
 */
static int find_row(struct table *t)
{
	size_t i = 0;
	int quoted = 0;
	int rc = skip_blank_lines(t);

	while (!rc) {
		const char *s = mv_pull_data(&t->pull);
		const size_t len = mv_pull_len(&t->pull);

		for (; i < len && (quoted || s[i] != '\n'); i++)
			quoted ^= s[i] == '"';
		if (i < len || t->pull.ended) {
			i += i < len;
			break;
		}
		rc = need(t, len + 1);
	}
	t->at = mv_pull_data(&t->pull);
	t->end = t->at + i;
	mv_pull_skip(&t->pull, i);
	return rc;
}

/* 1, or 0 at the end. */
static int next_row(struct table *t)
{
	int rc = find_row(t);

	t->cell_count = 0;
	mv_buf_clear(&t->text);
	if (rc || t->at == t->end)
		return rc;
	for (;;) {
		rc = begin_cell(t);
		t->at = skip_blanks(t, t->at);
		if (!rc)
			rc = t->at < t->end && *t->at == '"' ?
			     read_quoted(t) : read_plain(t);
		if (!rc && mv_buf_add(&t->text, "", 1))
			rc = table_fail_at(t, "the row is too long");
		if (rc)
			return rc;
		if (t->at < t->end && *t->at == '\r')
			t->at++;
		if (t->at == t->end)
			return 1;
		if (*t->at == '\n') {
			t->at++;
			t->line++;
			return 1;
		}
		if (*t->at != t->separator)
			return table_fail_at(t, "text behind a cell");
		t->at++;
	}
}

static const char *cell(const struct table *t, size_t i)
{
	return t->text.data + t->cells[i];
}

/* -- the header ----------------------------------------------------------- */

static int is_any(const char *s, const char *const *words)
{
	for (; *words; words++)
		if (!strcasecmp(s, *words))
			return 1;
	return 0;
}

int mv_table_is_time(const char *name)
{
	static const char *const times[] = {
		"timestamp", "time", "_timestamp", NULL
	};

	return is_any(name, times);
}

static int add_column(struct table *t, const char *name)
{
	struct column *c = &t->columns[t->column_count];

	for (size_t i = 0; i < t->column_count; i++)
		if (!strcmp(t->columns[i].name + strlen(t->prefix), name))
			return mv_fail(t->err, MV_EINVALID, "%s:%zu: column "
				       "'%.80s' occurs twice", t->name,
				       t->row_line, name);
	c->name = mv_strf("%s%s", t->prefix, name);
	if (!c->name)
		return mv_nomem(t->err);
	c->role = mv_table_is_time(name) ? ROLE_TIME : ROLE_METRIC;
	t->column_count++;
	return 0;
}

/* The first of these names that a column has is the step. */
const char *const mv_step_names[] = {
	"step", "_step", "global_step", "iteration", "epoch", NULL
};

static void choose_step(struct table *t)
{
	for (const char *const *name = mv_step_names; *name; name++)
		for (size_t i = 0; i < t->column_count; i++)
			if (!strcasecmp(cell(t, i), *name)) {
				t->columns[i].role = ROLE_STEP;
				t->has_step = 1;
				return;
			}
}

static int read_header(struct table *t)
{
	int rc = next_row(t);

	if (!rc)
		return table_fail_at(t, "no header");
	if (rc < 0)
		return rc;
	t->columns = calloc(t->cell_count, sizeof(*t->columns));
	if (!t->columns)
		return mv_nomem(t->err);
	rc = 0;
	for (size_t i = 0; i < t->cell_count && !rc; i++)
		rc = add_column(t, cell(t, i));
	if (!rc)
		choose_step(t);
	return rc;
}

/* -- rows ----------------------------------------------------------------- */

static int read_real(double *out, const char *s)
{
	char *end;

	/* strtod() reads hexadecimal and blanks in front, too. */
	if (!*s || strchr(" \t\n\v\f\r", *s) || strpbrk(s, "xX"))
		return -1;
	*out = strtod(s, &end);
	return *end ? -1 : 0;
}

static int read_step(int64_t *out, const char *s)
{
	char *end;
	double r;

	errno = 0;
	*out = strtoll(s, &end, 10);
	if (*s && !*end && !errno)
		return 0;
	if (read_real(&r, s) || !(r >= -9e15 && r <= 9e15) || r != floor(r))
		return -1;
	*out = (int64_t)r;
	return 0;
}

/* Seconds or milliseconds since 1970, or RFC 3339; 0: not known. */
int64_t mv_table_time(const char *s)
{
	int64_t ms;
	double r;

	if (!mv_time_parse(&ms, s, NULL))
		return ms;
	if (read_real(&r, s) || !(r > 0 && r < 1e15))
		return 0;
	return (int64_t)(r < 1e11 ? r * 1000 : r);
}

static int take_row(struct table *t)
{
	int64_t step = t->row, ms = 0;
	int rc = 0;

	if (t->cell_count != t->column_count)
		return mv_fail(t->err, MV_EINVALID, "%s:%zu: %zu cells, but "
			       "%zu columns", t->name, t->row_line,
			       t->cell_count, t->column_count);
	for (size_t i = 0; i < t->column_count; i++) {
		if (t->columns[i].role == ROLE_TIME)
			ms = mv_table_time(cell(t, i));
		if (t->columns[i].role == ROLE_STEP &&
		    read_step(&step, cell(t, i)))
			return table_fail_at(t, "the step is no whole number");
	}
	if (t->restarts && t->row && step < t->last)
		mv_curves_restart(t->curves, step);
	t->last = step;
	for (size_t i = 0; i < t->column_count && !rc; i++) {
		double value;

		if (t->columns[i].role != ROLE_METRIC || !*cell(t, i))
			continue;
		if (read_real(&value, cell(t, i))) {
			t->skipped++;
			continue;
		}
		rc = mv_curves_add(t->curves, t->columns[i].name, step, ms,
				   value, t->err);
		if (rc == MV_EINVALID)
			mv_err_prefix(t->err, "%s:%zu", t->name, t->row_line);
	}
	return rc;
}

static int read_table(struct table *t)
{
	int rc = read_header(t);

	while (!rc) {
		rc = next_row(t);
		if (rc <= 0)
			return rc;
		rc = take_row(t);
		t->row++;
	}
	return rc;
}

/* The step of a row, if it has one that can be read. */
static int row_step(int64_t *step, const struct table *t)
{
	for (size_t i = 0; i < t->column_count && i < t->cell_count; i++)
		if (t->columns[i].role == ROLE_STEP)
			return read_step(step, cell(t, i));
	return -1;
}

/* To the beginning, and behind the mark that says UTF-8. */
static int table_begin(struct table *t)
{
	int rc;

	t->in->rewind(t->in->in.payload);
	mv_pull_reset(&t->pull);
	rc = need(t, 3);
	if (!rc && mv_pull_len(&t->pull) >= 3 &&
	    !memcmp(mv_pull_data(&t->pull), "\xef\xbb\xbf", 3))
		mv_pull_skip(&t->pull, 3);
	return rc;
}

static int rewind_table(struct table *t)
{
	t->line = 1;
	t->row = 0;
	for (size_t i = 0; i < t->column_count; i++)
		free(t->columns[i].name);
	free(t->columns);
	t->columns = NULL;
	t->column_count = 0;
	t->has_step = 0;
	return table_begin(t);
}

/* Looks at the steps alone; what is malformed the second reading says. */
static int find_restarts(struct table *t)
{
	struct mv_err *err = t->err, why;
	size_t rows = 0, back = 0;
	int64_t last = 0, step;
	int rc;

	t->err = &why;
	rc = read_header(t);
	while (!rc && t->has_step && (rc = next_row(t)) == 1) {
		rc = 0;
		if (row_step(&step, t))
			break;
		back += rows && step < last;
		last = step;
		rows++;
	}
	t->err = err;
	t->restarts = mv_steps_go_back(rows, back);
	return rc == MV_ENOMEM ? mv_nomem(err) : rewind_table(t);
}

int mv_curves_read_table(struct mv_curves *curves, const char *name,
			 const char *prefix, const struct mv_source *in,
			 size_t *skipped, struct mv_err *err)
{
	const char *dot = strrchr(name, '.');
	struct table t = { .name = name, .prefix = prefix, .in = in,
			   .line = 1, .curves = curves, .err = err };
	int rc;

	t.separator = dot && !strcasecmp(dot, ".tsv") ? '\t' : ',';
	mv_buf_init(&t.text, CELL_MAX);
	mv_pull_init(&t.pull, in->in, ROW_MAX);
	rc = table_begin(&t);
	if (!rc)
		rc = find_restarts(&t);
	if (!rc)
		rc = read_table(&t);
	if (!rc && skipped)
		*skipped += t.skipped;
	for (size_t i = 0; i < t.column_count; i++)
		free(t.columns[i].name);
	free(t.columns);
	free(t.cells);
	mv_buf_release(&t.text);
	mv_pull_release(&t.pull);
	return rc;
}
