/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/report/parts.h"
#include "libmv/report/text.h"
#include "libmv/report/views.h"

/*
 * Where something comes from and where it went, as two trees. The graph may
 * have cycles and shared parts: what was told once is "above" the second
 * time, so the text is never longer than the graph.
 */
enum { DEPTH_MAX = 64 };

/* Edges by one of their ends: those of node n are
   edges[start[n]] .. edges[start[n + 1] - 1]. */
struct index {
	size_t *start, *edges;
};
struct walk {
	struct mv_pen *pen;
	const struct mv_lineage *l;
	struct index index;
	int up;			/* to what it was made of */
	unsigned char *told;	/* by node */
	unsigned char last[DEPTH_MAX + 1];
};

static int in_range(const struct mv_lineage *l, const struct mv_edge *e)
{
	return e->from < l->node_count && e->to < l->node_count;
}

static int index_init(struct index *x, const struct mv_lineage *l, int up)
{
	size_t sum = 0;

	x->start = calloc(l->node_count + 2, sizeof(*x->start));
	x->edges = calloc(l->edge_count + 1, sizeof(*x->edges));
	if (!x->start || !x->edges)
		return MV_ENOMEM;
	/* Counted one further up, so that filling moves each to its place. */
	for (size_t i = 0; i < l->edge_count; i++)
		if (in_range(l, &l->edges[i]))
			x->start[(up ? l->edges[i].to :
				  l->edges[i].from) + 2]++;
	for (size_t n = 0; n < l->node_count + 2; n++)
		x->start[n] = sum += x->start[n];
	for (size_t i = 0; i < l->edge_count; i++)
		if (in_range(l, &l->edges[i]))
			x->edges[x->start[(up ? l->edges[i].to :
					   l->edges[i].from) + 1]++] = i;
	return 0;
}

static void index_release(struct index *x)
{
	free(x->start);
	free(x->edges);
}

/* -- text ----------------------------------------------------------------- */

static void put_id(struct mv_pen *pen, const struct mv_node *node)
{
	const char *id = node->id ? node->id : "";

	if (!strncmp(id, "sha256:", 7))
		id += 7;
	mv_words_commit(pen, id);
}

static void put_node(struct mv_pen *pen, const struct mv_node *node)
{
	if (node->kind == MV_NODE_RUN)
		mv_pen_str(pen, "run ");
	else if (node->kind == MV_NODE_COMMIT)
		mv_pen_str(pen, "commit ");
	if (node->label && *node->label) {
		mv_pen_begin(pen, MV_TONE_BOLD);
		mv_pen_safe_cut(pen, node->label, 72);
		mv_pen_end(pen, MV_TONE_BOLD);
		mv_pen_str(pen, "  ");
	}
	mv_pen_begin(pen, MV_TONE_DIM);
	put_id(pen, node);
	if (node->role && *node->role) {
		mv_pen_str(pen, "  ");
		mv_pen_safe_cut(pen, node->role, 20);
	}
	mv_pen_end(pen, MV_TONE_DIM);
}

static void put_branches(struct walk *w, int depth)
{
	for (int d = 0; d < depth; d++) {
		if (w->last[d])
			mv_pen_str(w->pen, "   ");
		else
			mv_pen_glyph(w->pen, MV_GLYPH_BAR);
	}
	mv_pen_glyph(w->pen, w->last[depth] ? MV_GLYPH_ELBOW : MV_GLYPH_TEE);
}

static size_t children(const struct walk *w, size_t node)
{
	return w->index.start[node + 1] - w->index.start[node];
}

static void put_below(struct walk *w, size_t node, int depth)
{
	size_t first = w->index.start[node], n = children(w, node);

	w->told[node] = 1;
	for (size_t i = 0; i < n && !w->pen->failed; i++) {
		const struct mv_edge *e =
			&w->l->edges[w->index.edges[first + i]];
		size_t next = w->up ? e->from : e->to;
		int more = children(w, next) > 0;

		w->last[depth] = i + 1 == n;
		put_branches(w, depth);
		if (e->label && *e->label) {
			mv_pen_safe_cut(w->pen, e->label, 20);
			mv_pen_str(w->pen, ": ");
		}
		put_node(w->pen, &w->l->nodes[next]);
		if (more && w->told[next])
			mv_pen_str(w->pen, "  (above)");
		else if (more && depth + 1 >= DEPTH_MAX)
			mv_pen_str(w->pen, "  (deeper: --json)");
		mv_pen_str(w->pen, "\n");
		if (more && !w->told[next] && depth + 1 < DEPTH_MAX)
			put_below(w, next, depth + 1);
	}
}

static void put_tree(struct mv_pen *pen, const struct mv_lineage *l, int up)
{
	struct walk w = { .pen = pen, .l = l, .up = up };

	w.told = calloc(l->node_count, 1);
	if (!w.told || index_init(&w.index, l, up)) {
		pen->failed = 1;
	} else if (children(&w, 0)) {
		mv_pen_str(pen, up ? "made from\n" : "used for\n");
		put_below(&w, 0, 0);
	}
	index_release(&w.index);
	free(w.told);
}

int mv_lineage_text(struct mv_buf *out, const struct mv_lineage *l,
		    const struct mv_style *style, struct mv_err *err)
{
	struct mv_pen pen;
	size_t before;

	mv_pen_init(&pen, out, style);
	if (l->node_count) {
		put_node(&pen, &l->nodes[0]);
		mv_pen_str(&pen, "\n");
		before = out->len;
		put_tree(&pen, l, 1);
		put_tree(&pen, l, 0);
		if (out->len == before)
			mv_pen_str(&pen, "no record says what it was made "
				   "from or used for\n");
	}
	if (l->truncated)
		mv_pen_str(&pen, "(cut: more than 10,000 nodes, or 2,000,000 mentions of contents)\n");
	return mv_pen_done(&pen, err);
}

/* -- Graphviz ------------------------------------------------------------- */

/* Inside double quotes: dot reads \N, \G, \l and the like in labels, so a
   backslash is doubled, too. */
static void put_quoted(struct mv_pen *pen, const char *s)
{
	size_t from = pen->out->len, len;
	char *safe;

	mv_pen_safe_cut(pen, s, 72);
	if (pen->failed)
		return;
	len = pen->out->len - from;
	safe = strndup(pen->out->data + from, len);
	if (!safe) {
		pen->failed = 1;
		return;
	}
	pen->out->len = from;
	for (size_t i = 0; i < len; i++) {
		if (safe[i] == '"' || safe[i] == '\\')
			mv_pen_str(pen, "\\");
		pen->failed |= mv_buf_addch(pen->out, safe[i]) != 0;
	}
	free(safe);
}

static void put_dot_node(struct mv_pen *pen, const struct mv_lineage *l,
			 size_t i)
{
	static const char *const shapes[] = {
		[MV_NODE_CONTENT] = "box", [MV_NODE_COMMIT] = "note",
		[MV_NODE_RUN] = "ellipse"
	};
	const struct mv_node *node = &l->nodes[i];

	mv_pen_f(pen, "\tn%zu [shape=%s%s label=\"", i, shapes[node->kind],
		 i ? "" : " penwidth=2");
	if (node->label && *node->label) {
		put_quoted(pen, node->label);
		mv_pen_str(pen, "\\n");
	}
	put_id(pen, node);
	if (node->role && *node->role) {
		mv_pen_str(pen, " ");
		put_quoted(pen, node->role);
	}
	mv_pen_str(pen, "\"]\n");
}

int mv_lineage_dot(struct mv_buf *out, const struct mv_lineage *l,
		   struct mv_err *err)
{
	struct mv_style style = { .flags = MV_STYLE_UNICODE };
	struct mv_pen pen;

	mv_pen_init(&pen, out, &style);
	mv_pen_str(&pen, "digraph lineage {\n\trankdir=LR\n"
		   "\tnode [fontname=\"sans-serif\"]\n");
	for (size_t i = 0; i < l->node_count && !pen.failed; i++)
		put_dot_node(&pen, l, i);
	for (size_t i = 0; i < l->edge_count && !pen.failed; i++) {
		const struct mv_edge *e = &l->edges[i];

		if (!in_range(l, e))
			continue;
		mv_pen_f(&pen, "\tn%zu -> n%zu [label=\"", e->from, e->to);
		put_quoted(&pen, e->label);
		mv_pen_str(&pen, "\"]\n");
	}
	mv_pen_str(&pen, "}\n");
	return mv_pen_done(&pen, err);
}
