/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/meta/compare.h"
#include "libmv/meta/curves.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/project.h"
#include "libmv/report/parts.h"
#include "libmv/report/views.h"

static void free_strings(char **v)
{
	for (size_t i = 0; v && v[i]; i++)
		free(v[i]);
	free(v);
}

void mv_card_release(struct mv_card *card)
{
	free(card->title);
	free(card->artifact);
	free(card->path);
	free(card->type);
	free(card->description);
	free(card->commit);
	free(card->subject_line);
	free(card->author);
	free(card->version);
	free(card->stages);
	free(card->format);
	mv_evidence_release(&card->evidence);
	mv_project_release(&card->project);
	for (size_t i = 0; i < card->curve_count; i++) {
		free(card->curves[i].name);
		free(card->curves[i].points);
	}
	free(card->curves);
	free_strings(card->verified);
	memset(card, 0, sizeof(*card));
}

static void pair_release(struct mv_pair *pair)
{
	free(pair->path);
	free(pair->old_path);
	free(pair->artifact);
	/* Changes borrow rules, never evidence: any order will do. */
	mv_changes_release(&pair->metrics);
	mv_changes_release(&pair->params);
	mv_changes_release(&pair->environment);
	mv_evidence_release(&pair->old_evidence);
	mv_evidence_release(&pair->new_evidence);
	free(pair->content);
	if (pair->weights)
		mv_tensor_diff_release(pair->weights);
	free(pair->weights);
	mv_curves_release(&pair->curves);
}

void mv_comparison_release(struct mv_comparison *c)
{
	free(c->base);
	free(c->head);
	free(c->base_name);
	free(c->head_name);
	free(c->base_version);
	free(c->head_version);
	free(c->why);
	for (size_t i = 0; i < c->count; i++)
		pair_release(&c->v[i]);
	free(c->v);
	mv_project_release(&c->project);
	memset(c, 0, sizeof(*c));
}

static void row_release(struct mv_row *row)
{
	free(row->label);
	free(row->artifact);
	free(row->path);
	free(row->commit);
	free(row->subject_line);
	free(row->author);
	free(row->version);
	free(row->stages);
	free(row->run);
	mv_evidence_release(&row->evidence);
}

void mv_board_release(struct mv_board *b)
{
	for (size_t i = 0; i < b->count; i++)
		row_release(&b->v[i]);
	free(b->v);
	mv_project_release(&b->project);
	memset(b, 0, sizeof(*b));
}

void mv_board_keep(struct mv_board *b, const unsigned char *keep)
{
	size_t n = 0;

	for (size_t i = 0; i < b->count; i++) {
		if (keep[i])
			b->v[n++] = b->v[i];
		else
			row_release(&b->v[i]);
	}
	b->count = n;
}

void mv_board_first(struct mv_board *b, size_t count)
{
	while (b->count > count)
		row_release(&b->v[--b->count]);
}

void mv_lineage_release(struct mv_lineage *l)
{
	for (size_t i = 0; i < l->node_count; i++) {
		free(l->nodes[i].id);
		free(l->nodes[i].label);
		free(l->nodes[i].role);
	}
	free(l->nodes);
	for (size_t i = 0; i < l->edge_count; i++)
		free(l->edges[i].label);
	free(l->edges);
	memset(l, 0, sizeof(*l));
}

void mv_plot_release(struct mv_plot *p)
{
	free(p->title);
	free(p->x_label);
	free(p->y_label);
	for (size_t i = 0; i < p->count; i++) {
		free(p->v[i].label);
		free(p->v[i].metric);
		free(p->v[i].points);
	}
	free(p->v);
	memset(p, 0, sizeof(*p));
}
