/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/report/html.h"
#include "libmv/report/views.h"

/*
 * Where something comes from and where it went, as nested lists: screen
 * readers say them, and they need no picture. What was told once is "above"
 * the second time.
 */
enum { DEPTH_MAX = 32, NODES_MAX = 400 };

struct walk {
	struct mv_html *h;
	const struct mv_lineage *l;
	int up;			/* to what it was made of */
	unsigned char *told;	/* by node */
	size_t count;
};

static void put_node(struct mv_html *h, const struct mv_node *node,
		     const char *by)
{
	static const char *const kinds[] = {
		[MV_NODE_CONTENT] = "content", [MV_NODE_COMMIT] = "commit",
		[MV_NODE_RUN] = "run"
	};
	const char *id = node->id ? node->id : "";
	const char *digits = strchr(id, ':');

	mv_html_raw(h, "<span class=\"node\">");
	mv_html_name(h, node->label && *node->label ? node->label : id);
	mv_html_f(h, " <span class=\"kind\">%s", kinds[node->kind]);
	if (node->role && *node->role) {
		mv_html_raw(h, ", ");
		mv_html_text(h, node->role);
	}
	if (by && *by && (!node->role || strcmp(by, node->role))) {
		mv_html_raw(h, ", ");
		mv_html_text(h, by);
	}
	mv_html_raw(h, " <code>");
	mv_pen_safe_cut(mv_html_words(h), digits ? digits + 1 : id, 10);
	mv_html_say(h);
	mv_html_raw(h, "</code></span></span>");
}

static void put_next(struct walk *w, size_t node, int depth);

static void put_edge(struct walk *w, const struct mv_edge *e, int depth)
{
	size_t to = w->up ? e->from : e->to;

	w->count++;
	mv_html_raw(w->h, "<li>");
	put_node(w->h, &w->l->nodes[to], e->label);
	if (w->told[to]) {
		mv_html_raw(w->h, " <span class=\"kind\">(above)</span>");
	} else {
		w->told[to] = 1;
		put_next(w, to, depth + 1);
	}
	mv_html_raw(w->h, "</li>\n");
}

static void put_next(struct walk *w, size_t node, int depth)
{
	const struct mv_lineage *l = w->l;
	int any = 0, cut = 0;

	for (size_t i = 0; i < l->edge_count && !w->h->pen.failed; i++) {
		const struct mv_edge *e = &l->edges[i];

		if (e->from >= l->node_count || e->to >= l->node_count ||
		    (w->up ? e->to : e->from) != node)
			continue;
		cut = depth > DEPTH_MAX || w->count >= NODES_MAX;
		if (!any++)
			mv_html_raw(w->h, "\n<ul>\n");
		if (cut)
			break;
		put_edge(w, e, depth);
	}
	if (cut)
		mv_html_raw(w->h, "<li class=\"kind\">and more</li>\n");
	if (any)
		mv_html_raw(w->h, "</ul>\n");
}

static int has(const struct mv_lineage *l, int up)
{
	for (size_t i = 0; i < l->edge_count; i++)
		if (!(up ? l->edges[i].to : l->edges[i].from))
			return 1;
	return 0;
}

static void put_tree(struct mv_html *h, const struct mv_lineage *l, int up)
{
	struct walk w = { .h = h, .l = l, .up = up };

	if (!has(l, up))
		return;
	w.told = calloc(l->node_count, 1);
	if (!w.told) {
		h->pen.failed = 1;
		return;
	}
	w.told[0] = 1;
	mv_html_f(h, "<div><h3>%s</h3>\n<ul class=\"tree\"><li>",
		  up ? "Made of" : "Made of it");
	put_node(h, &l->nodes[0], NULL);
	put_next(&w, 0, 0);
	mv_html_raw(h, "</li></ul></div>\n");
	free(w.told);
}

void mv_html_lineage(struct mv_html *h, const struct mv_lineage *l)
{
	if (!l->node_count || !l->edge_count)
		return;
	mv_html_raw(h, "<section aria-labelledby=\"lineage\">\n"
		    "<h2 id=\"lineage\">Lineage</h2>\n<div class=\"cols\">\n");
	put_tree(h, l, 1);
	put_tree(h, l, 0);
	mv_html_raw(h, "</div>\n");
	if (l->truncated)
		mv_html_raw(h, "<p class=\"more\">There is more than was looked "
			    "at.</p>\n");
	mv_html_raw(h, "</section>\n");
}
