/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/json-read.h"
#include "libmv/base/json.h"
#include "libmv/base/time.h"
#include "libmv/base/utf8.h"
#include "libmv/meta/compare.h"
#include "libmv/meta/curves.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/project.h"
#include "libmv/meta/record.h"
#include "libmv/report/json.h"
#include "libmv/report/parts.h"
#include "libmv/report/views.h"
#include "libmv/report/weights.h"

/* The members are documented in docs/format/json.md, which promises that
   they stay. Builders need no checks: a failure shows when it is printed. */

/* Left out where there is nothing. */
static void set_str(struct mv_json *o, const char *key, const char *s)
{
	if (s)
		mv_json_set(o, key, mv_json_str(s));
}

/* A path that is not UTF-8 is also given exactly. */
static void set_path(struct mv_json *o, const char *key, const char *path)
{
	char *hex, *name;

	set_str(o, key, path);
	if (!path || mv_utf8_ok(path, strlen(path)))
		return;
	hex = malloc(2 * strlen(path) + 1);
	name = mv_strf("%s_hex", key);
	mv_json_set(o, name ? name : key, hex ?
		    mv_json_str(mv_hex(hex, (const uint8_t *)path,
				       strlen(path))) : NULL);
	free(name);
	free(hex);
}

static void set_date(struct mv_json *o, const char *key, int64_t ms)
{
	char text[32];

	if (ms)
		mv_json_set(o, key, mv_json_str(mv_time_print(text, ms)));
}

static void set_size(struct mv_json *o, const char *key, uint64_t size)
{
	if (size <= INT64_MAX)
		mv_json_set(o, key, mv_json_int((int64_t)size));
}

static void set_count(struct mv_json *o, const char *key, size_t n)
{
	mv_json_set(o, key, mv_json_int((int64_t)n));
}

static void set_oid(struct mv_json *o, const char *key,
		    const struct mv_oid *oid)
{
	char hex[MV_OID_HEX + 1];

	mv_json_set(o, key, mv_json_str(mv_oid_hex(hex, oid)));
}

/* "production, staging" */
static void set_list(struct mv_json *o, const char *key, const char *list)
{
	struct mv_json *array = mv_json_array();

	while (list && *list) {
		size_t len = strcspn(list, ",");

		mv_json_push(array, mv_json_strn(list, len));
		list += len;
		list += strspn(list, ", ");
	}
	mv_json_set(o, key, array);
}

/* A list is a list here, not its text as in a record. */
static struct mv_json *value_json(const struct mv_value *v)
{
	struct mv_json *list;

	if (v->type == MV_VALUE_LIST &&
	    !mv_json_parse(&list, v->text, strlen(v->text), NULL))
		return list;
	return mv_value_to_json(v);
}

static struct mv_json *facts_json(const struct mv_facts *facts)
{
	struct mv_json *o = mv_json_object();

	for (size_t i = 0; i < facts->count; i++)
		mv_json_set(o, facts->v[i].key,
			    value_json(&facts->v[i].value));
	return o;
}

/* -- references and runs -------------------------------------------------- */

static struct mv_json *ref_json(const struct mv_ref *ref)
{
	struct mv_json *o = mv_json_object();

	if (ref->role && *ref->role)
		set_str(o, "role", ref->role);
	set_str(o, "name", ref->name);
	set_path(o, "path", ref->path);
	if (ref->has_oid)
		set_oid(o, "oid", &ref->oid);
	set_str(o, "digest", ref->digest);
	set_size(o, "size", ref->size);
	return o;
}

static struct mv_json *refs_json(const struct mv_refs *refs)
{
	struct mv_json *array = mv_json_array();

	for (size_t i = 0; i < refs->count; i++)
		mv_json_push(array, ref_json(&refs->v[i]));
	return array;
}

static struct mv_json *run_json(const struct mv_execution *run)
{
	struct mv_json *o = mv_json_object(), *command = mv_json_array();

	set_str(o, "id", run->id);
	set_str(o, "name", run->name);
	for (size_t i = 0; run->command && run->command[i]; i++)
		mv_json_push(command, mv_json_str(run->command[i]));
	mv_json_set(o, "command", command);
	set_str(o, "cwd", run->cwd);
	set_date(o, "started", run->started_ms);
	mv_json_set(o, "duration_ms", mv_json_int(run->duration_ms));
	mv_json_set(o, "exit", mv_json_int(run->exit_code));
	if (run->peak_bytes)
		mv_json_set(o, "peak_bytes", mv_json_int(run->peak_bytes));
	mv_json_set(o, "inputs", refs_json(&run->inputs));
	mv_json_set(o, "outputs", refs_json(&run->outputs));
	return o;
}

static struct mv_json *record_json(const struct mv_record *record)
{
	struct mv_json *o = mv_json_object();

	set_str(o, "t", record->t);
	set_str(o, "kind", record->kind);
	set_str(o, "id", record->id);
	set_str(o, "by", record->by);
	set_str(o, "commit", record->commit);
	set_str(o, "dirty", record->dirty);
	return o;
}

static void set_evidence(struct mv_json *o, const struct mv_evidence *e)
{
	mv_json_set(o, "metrics", facts_json(&e->metrics));
	mv_json_set(o, "params", facts_json(&e->params));
	mv_json_set(o, "tags", facts_json(&e->tags));
}

/* -- a card --------------------------------------------------------------- */

static struct mv_json *curves_json(const struct mv_card *card)
{
	struct mv_json *o = mv_json_object();

	for (size_t i = 0; i < card->curve_count; i++) {
		const struct mv_series *s = &card->curves[i];
		struct mv_json *curve = mv_json_object();

		set_count(curve, "points", s->count);
		if (s->count) {
			mv_json_set(curve, "first_step",
				    mv_json_int(s->points[0].step));
			mv_json_set(curve, "last_step",
				    mv_json_int(s->points[s->count - 1].step));
		}
		mv_json_set(o, s->name, curve);
	}
	return o;
}

static void set_identity(struct mv_json *o, const struct mv_card *card)
{
	set_str(o, "title", card->title);
	set_str(o, "artifact", card->artifact);
	set_path(o, "path", card->path);
	set_str(o, "type", card->type);
	set_str(o, "description", card->description);
	set_str(o, "version", card->version);
	set_list(o, "stages", card->stages);
	set_oid(o, "oid", &card->oid);
	set_size(o, "size", card->logical);
	mv_json_set(o, "here", mv_json_bool(card->stored != UINT64_MAX));
	if (card->stored != UINT64_MAX)
		set_size(o, "stored", card->stored);
	mv_json_set(o, "directory", mv_json_bool(card->is_directory));
	if (card->is_directory)
		set_count(o, "members", card->members);
	set_str(o, "format", card->format);
	set_str(o, "commit", card->commit);
	set_str(o, "subject", card->subject_line);
	set_str(o, "author", card->author);
	set_date(o, "date", card->when * 1000);
}

struct mv_json *mv_card_json(const struct mv_card *card)
{
	const struct mv_evidence *e = &card->evidence;
	struct mv_json *o = mv_json_object(), *list;

	set_identity(o, card);
	set_evidence(o, e);
	list = e->data ? refs_json(&e->data->data) : mv_json_array();
	mv_json_set(o, "data", list);
	mv_json_set(o, "environment", e->environment ?
		    facts_json(&e->environment->environment) :
		    mv_json_object());
	mv_json_set(o, "run", e->run ? run_json(&e->run->run) :
		    mv_json_null());
	mv_json_set(o, "curves", curves_json(card));
	list = mv_json_array();
	for (size_t i = 0; card->verified && card->verified[i]; i++)
		mv_json_push(list, mv_json_str(card->verified[i]));
	mv_json_set(o, "verified", list);
	list = mv_json_array();
	for (size_t i = 0; i < e->count; i++)
		mv_json_push(list, record_json(&e->records[i]));
	mv_json_set(o, "records", list);
	set_count(o, "skipped_lines", e->skipped);
	return o;
}

/* -- a comparison --------------------------------------------------------- */

static void set_sides(struct mv_json *o, const struct mv_change *change)
{
	int64_t diff;

	mv_json_set(o, "old", change->has_old ? value_json(&change->old) :
		    mv_json_null());
	mv_json_set(o, "new", change->has_new ? value_json(&change->new) :
		    mv_json_null());
	if (!change->has_diff)
		return;
	if (change->old.type == MV_VALUE_INT &&
	    change->new.type == MV_VALUE_INT &&
	    !__builtin_sub_overflow(change->new.i, change->old.i, &diff))
		mv_json_set(o, "diff", mv_json_int(diff));
	else
		mv_json_set(o, "diff", mv_json_real(change->diff));
}

/* As DVC has it: by path, by key, {"old":,"new":,"diff":}. */
static void set_as_dvc(struct mv_json *all, const char *path,
		       const struct mv_changes *changes)
{
	struct mv_json *o;

	if (!changes->count || !path)
		return;
	o = mv_json_object();
	for (size_t i = 0; i < changes->count; i++) {
		struct mv_json *sides = mv_json_object();

		set_sides(sides, &changes->v[i]);
		mv_json_set(o, changes->v[i].key, sides);
	}
	mv_json_set(all, path, o);
}

static struct mv_json *side_json(const char *name, const char *version,
				 const char *commit)
{
	struct mv_json *o = mv_json_object();

	mv_json_set(o, "commit", mv_json_str(commit));
	set_str(o, "name", name);
	set_str(o, "version", version);
	return o;
}

static struct mv_json *pointer_json(int there, const struct mv_pointer *p,
				    const char *blob)
{
	struct mv_json *o;

	if (!there)
		return mv_json_null();
	o = mv_json_object();
	set_oid(o, "oid", &p->oid);
	set_size(o, "size", p->size);
	if (*blob)
		set_str(o, "blob", blob);
	return o;
}

static void set_measured_on(struct mv_json *o, const char *key,
			    const struct mv_evidence *e, const char *metric)
{
	const struct mv_fact *f = mv_fact_find(&e->metrics, metric);
	struct mv_buf buf;

	mv_buf_init(&buf, 1 << 20);
	if (f && f->from < e->count && !mv_evidence_eval_data(&buf, e, f))
		mv_json_set(o, key, mv_json_strn(buf.data, buf.len));
	mv_buf_release(&buf);
}

static struct mv_json *metric_json(const struct mv_pair *pair,
				   const struct mv_change *change)
{
	static const char *const words[] = {
		[MV_JUDGE_SAME] = "same", [MV_JUDGE_BETTER] = "better",
		[MV_JUDGE_WORSE] = "worse"
	};
	static const char *const directions[] = {
		[MV_DIRECTION_NONE] = "none", [MV_DIRECTION_UP] = "up",
		[MV_DIRECTION_DOWN] = "down"
	};
	struct mv_json *o = mv_json_object();

	set_str(o, "key", change->key);
	set_sides(o, change);
	if (change->has_diff && change->relative == change->relative)
		mv_json_set(o, "relative", mv_json_real(change->relative));
	mv_json_set(o, "judgement", change->judgement == MV_JUDGE_NONE ?
		    mv_json_null() : mv_json_str(words[change->judgement]));
	if (change->rule) {
		set_str(o, "direction", directions[change->rule->direction]);
		set_str(o, "unit", change->rule->unit);
	}
	mv_json_set(o, "incomparable", mv_json_bool(change->incomparable));
	if (change->incomparable) {
		set_measured_on(o, "old_eval_data", &pair->old_evidence,
				change->key);
		set_measured_on(o, "new_eval_data", &pair->new_evidence,
				change->key);
	}
	return o;
}

static struct mv_json *changes_json(const struct mv_changes *changes)
{
	struct mv_json *array = mv_json_array();

	for (size_t i = 0; i < changes->count; i++) {
		struct mv_json *o = mv_json_object();

		set_str(o, "key", changes->v[i].key);
		set_sides(o, &changes->v[i]);
		mv_json_push(array, o);
	}
	return array;
}

static struct mv_json *lines_json(const char *text)
{
	struct mv_json *array;

	if (!text)
		return mv_json_null();
	array = mv_json_array();
	while (*text) {
		size_t len = strcspn(text, "\n");

		mv_json_push(array, mv_json_strn(text, len));
		text += len + (text[len] == '\n');
	}
	return array;
}

static struct mv_json *data_json(const struct mv_evidence *e)
{
	return e->data ? refs_json(&e->data->data) : mv_json_array();
}

static const char *status_of(const struct mv_pair *pair)
{
	struct mv_tally t = { 0 };

	if (!pair->has_old)
		return "added";
	if (!pair->has_new)
		return "removed";
	mv_pair_count(&t, pair);
	return t.differ ? "changed" : "same";
}

static struct mv_json *pair_json(const struct mv_pair *pair, size_t top)
{
	struct mv_json *o = mv_json_object(), *metrics = mv_json_array();
	struct mv_tally t = { 0 };

	mv_pair_count(&t, pair);
	set_path(o, "path", pair->path);
	set_path(o, "old_path", pair->old_path);
	set_str(o, "artifact", pair->artifact);
	set_str(o, "status", status_of(pair));
	mv_json_set(o, "old", pointer_json(pair->has_old, &pair->old,
					   pair->old_blob));
	mv_json_set(o, "new", pointer_json(pair->has_new, &pair->new,
					   pair->new_blob));
	for (size_t i = 0; i < pair->metrics.count; i++)
		mv_json_push(metrics, metric_json(pair, &pair->metrics.v[i]));
	mv_json_set(o, "metrics", metrics);
	mv_json_set(o, "params", changes_json(&pair->params));
	mv_json_set(o, "environment", changes_json(&pair->environment));
	mv_json_set(o, "data_changed", mv_json_bool(pair->data_changed));
	mv_json_set(o, "old_data", data_json(&pair->old_evidence));
	mv_json_set(o, "new_data", data_json(&pair->new_evidence));
	mv_json_set(o, "content", lines_json(pair->content));
	if (pair->weights)
		mv_json_set(o, "weights", mv_weights_json(pair->weights, top));
	set_count(o, "better", t.better);
	set_count(o, "worse", t.worse);
	set_count(o, "incomparable", t.incomparable);
	return o;
}

struct mv_json *mv_comparison_json(const struct mv_comparison *c)
{
	struct mv_json *o = mv_json_object();
	struct mv_json *metrics = mv_json_object();
	struct mv_json *params = mv_json_object();
	struct mv_json *artifacts = mv_json_array();
	struct mv_tally t;

	mv_comparison_count(&t, c);
	for (size_t i = 0; i < c->count; i++) {
		set_as_dvc(metrics, c->v[i].path, &c->v[i].metrics);
		set_as_dvc(params, c->v[i].path, &c->v[i].params);
		mv_json_push(artifacts, pair_json(&c->v[i], c->top));
	}
	mv_json_set(o, "base", side_json(c->base_name, c->base_version,
					 c->base));
	mv_json_set(o, "head", side_json(c->head_name, c->head_version,
					 c->head));
	set_str(o, "why", c->why);
	mv_json_set(o, "metrics", metrics);
	mv_json_set(o, "params", params);
	mv_json_set(o, "artifacts", artifacts);
	set_count(o, "better", t.better);
	set_count(o, "worse", t.worse);
	set_count(o, "incomparable", t.incomparable);
	set_count(o, "skipped_lines", c->skipped_lines);
	return o;
}

/* -- a board, a lineage, a plot ------------------------------------------- */

/* Metrics of this row whose values are on other data than the others'. */
static struct mv_json *other_json(const struct mv_row *row,
				  const struct mv_facts *other)
{
	struct mv_json *list = mv_json_array();

	for (size_t i = 0; i < other->count; i++)
		if (mv_facts_get(&row->evidence.metrics, other->v[i].key))
			mv_json_push(list, mv_json_str(other->v[i].key));
	return list;
}

static struct mv_json *row_json(const struct mv_row *row,
				const struct mv_facts *other)
{
	struct mv_json *o = mv_json_object();

	set_str(o, "label", row->label);
	set_str(o, "artifact", row->artifact);
	set_path(o, "path", row->path);
	set_str(o, "version", row->version);
	set_list(o, "stages", row->stages);
	set_str(o, "run", row->run);
	set_str(o, "commit", row->commit);
	set_str(o, "subject", row->subject_line);
	set_str(o, "author", row->author);
	set_date(o, "date", row->when * 1000);
	set_oid(o, "oid", &row->pointer.oid);
	set_size(o, "size", row->pointer.size);
	if (*row->blob)
		set_str(o, "blob", row->blob);
	set_evidence(o, &row->evidence);
	if (other->count)
		mv_json_set(o, "other_eval_data", other_json(row, other));
	if (row->head)
		mv_json_set(o, "head", mv_json_bool(1));
	if (row->pareto)
		mv_json_set(o, "pareto", mv_json_bool(1));
	return o;
}

/* other[i]: what row i has of it, as mv_rows_other_data() says. */
static int find_other(struct mv_facts *other, const struct mv_board *b)
{
	const struct mv_row **rows = calloc(b->count + 1, sizeof(*rows));
	unsigned char *marks = calloc(b->count + 1, 1);
	struct mv_facts seen = MV_FACTS_INIT;
	int rc = rows && marks ? 0 : MV_ENOMEM;

	for (size_t i = 0; !rc && i < b->count; i++)
		rows[i] = &b->v[i];
	for (size_t i = 0; !rc && i < b->count; i++) {
		const struct mv_facts *m = &b->v[i].evidence.metrics;

		for (size_t j = 0; !rc && j < m->count; j++) {
			const struct mv_fact *f = &m->v[j];

			if (mv_facts_get(&seen, f->key))
				continue;
			rc = mv_facts_set(&seen, f->key, &f->value, 0, NULL);
			if (!rc)
				rc = mv_rows_other_data(marks, rows, b->count,
							f->key);
			for (size_t k = 0; !rc && k < b->count; k++)
				if (marks[k])
					rc = mv_facts_set(&other[k], f->key,
							  &f->value, 0, NULL);
		}
	}
	mv_facts_release(&seen);
	free(marks);
	free(rows);
	return rc;
}

struct mv_json *mv_board_json(const struct mv_board *b)
{
	struct mv_json *o = mv_json_object(), *rows = mv_json_array();
	struct mv_facts *other = calloc(b->count + 1, sizeof(*other));

	if (!other || find_other(other, b)) {
		mv_json_free(o);
		mv_json_free(rows);
		o = rows = NULL;
	}
	for (size_t i = 0; o && i < b->count; i++)
		mv_json_push(rows, row_json(&b->v[i], &other[i]));
	for (size_t i = 0; other && i < b->count; i++)
		mv_facts_release(&other[i]);
	free(other);
	if (!o)
		return NULL;
	mv_json_set(o, "rows", rows);
	set_count(o, "skipped_lines", b->skipped_lines);
	return o;
}

struct mv_json *mv_lineage_json(const struct mv_lineage *l)
{
	static const char *const kinds[] = {
		[MV_NODE_CONTENT] = "content", [MV_NODE_COMMIT] = "commit",
		[MV_NODE_RUN] = "run"
	};
	struct mv_json *o = mv_json_object(), *nodes = mv_json_array();
	struct mv_json *edges = mv_json_array();

	for (size_t i = 0; i < l->node_count; i++) {
		struct mv_json *node = mv_json_object();

		set_str(node, "kind", kinds[l->nodes[i].kind]);
		set_str(node, "id", l->nodes[i].id);
		set_str(node, "label", l->nodes[i].label);
		set_str(node, "role", l->nodes[i].role);
		mv_json_push(nodes, node);
	}
	for (size_t i = 0; i < l->edge_count; i++) {
		struct mv_json *edge = mv_json_object();

		set_count(edge, "from", l->edges[i].from);
		set_count(edge, "to", l->edges[i].to);
		set_str(edge, "label", l->edges[i].label);
		mv_json_push(edges, edge);
	}
	mv_json_set(o, "nodes", nodes);
	mv_json_set(o, "edges", edges);
	mv_json_set(o, "truncated", mv_json_bool(l->truncated));
	return o;
}

static struct mv_json *point_json(const struct mv_point *point)
{
	struct mv_json *pair = mv_json_array();
	char text[32];

	mv_json_push(pair, mv_json_int(point->step));
	if (point->value - point->value == 0)	/* finite */
		mv_json_push(pair, mv_json_real(point->value));
	else
		mv_json_push(pair, mv_json_number(mv_print_real(text,
							point->value)));
	return pair;
}

/* -- a plot, piece by piece ----------------------------------------------- */

enum { PIECE = 64 << 10 };	/* bytes that are handed on together */

struct putting {
	struct mv_writer *to;
	struct mv_buf text;
};

/* Our own text, and a value behind it (NULL: none), which is let go. */
static int put(struct putting *p, const char *text, struct mv_json *value,
	       struct mv_err *err)
{
	int rc = mv_buf_addstr(&p->text, text) ? mv_nomem(err) : 0;

	if (!rc && value)
		rc = mv_json_print(&p->text, value, 0, err);
	mv_json_free(value);
	if (!rc && p->text.len >= PIECE) {
		rc = p->to->write(p->to->payload, p->text.data, p->text.len,
				  err);
		mv_buf_clear(&p->text);
	}
	return rc;
}

/* Left out where there is nothing. */
static int put_str(struct putting *p, const char *key, const char *s,
		   struct mv_err *err)
{
	int rc = s ? put(p, key, mv_json_str(s), err) : 0;

	return s && !rc ? put(p, ",\n", NULL, err) : rc;
}

static int put_line(struct putting *p, const struct mv_plot_line *line,
		    struct mv_err *err)
{
	int rc = put(p, "    {\n", NULL, err);

	if (!rc)
		rc = put_str(p, "      \"label\": ", line->label, err);
	if (!rc)
		rc = put_str(p, "      \"metric\": ", line->metric, err);
	if (!rc)
		rc = put(p, "      \"points\": [", NULL, err);
	for (size_t i = 0; !rc && i < line->count; i++)
		rc = put(p, i ? ",\n        " : "\n        ",
			 point_json(&line->points[i]), err);
	return rc ? rc : put(p, line->count ? "\n      ]\n    }" :
			     "]\n    }", NULL, err);
}

int mv_plot_json(struct mv_writer *to, const struct mv_plot *plot,
		 struct mv_err *err)
{
	struct putting p = { .to = to };
	int rc;

	mv_buf_init(&p.text, SIZE_MAX / 2);
	rc = put(&p, "{\n", NULL, err);
	if (!rc)
		rc = put_str(&p, "  \"title\": ", plot->title, err);
	if (!rc)
		rc = put_str(&p, "  \"x_label\": ", plot->x_label, err);
	if (!rc)
		rc = put_str(&p, "  \"y_label\": ", plot->y_label, err);
	if (!rc)
		rc = put(&p, "  \"lines\": [", NULL, err);
	for (size_t i = 0; !rc && i < plot->count; i++) {
		rc = put(&p, i ? ",\n" : "\n", NULL, err);
		if (!rc)
			rc = put_line(&p, &plot->v[i], err);
	}
	if (!rc)
		rc = put(&p, plot->count ? "\n  ]\n}\n" : "]\n}\n", NULL,
			 err);
	if (!rc && p.text.len)
		rc = to->write(to->payload, p.text.data, p.text.len, err);
	mv_buf_release(&p.text);
	return rc;
}
