/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/git/objects.h"
#include "libmv/git/refs.h"
#include "libmv/look/look.h"
#include "libmv/look/mentions.h"
#include "libmv/meta/project.h"
#include "libmv/meta/record.h"
#include "libmv/repo/files.h"
#include "libmv/repo/state.h"
#include "libmv/report/views.h"
#include "libmv/subject/subject.h"

/*
 * Lineage goes by content ids, so that neither renames nor branches matter.
 * Which records speak of one is asked of mentions.h. From what was asked for the walk goes up (what it was made of) and down
 * (what was made of it), never up and down again: that would be everything
 * that ever shared a data set.
 */
#define NODES_MAX 10000u
#define EDGES_MAX 100000u
#define MARK "sha256:"
#define MARK_LEN (sizeof(MARK) - 1)

enum direction { UP = 1, DOWN = 2 };

/* What is known of a node besides what is shown. */
struct extra {
	struct mv_oid oid;
	int has_oid;
	unsigned seen;		/* directions it was reached in */
	int made, used;		/* by something, in something */
	int by_run;		/* a run that made it is recorded */
	int named;		/* its label is the best there is */
};

struct step {
	size_t node;
	enum direction direction;
};

struct walk {
	struct mv_repo *repo;
	struct mv_lineage *out;
	struct mv_mentions *mentions;
	struct extra *extras;
	size_t node_alloc, edge_alloc;
	size_t *table;		/* node + 1 by hash of id */
	size_t table_size;
	struct step *steps;
	size_t step_count, step_alloc, step_at;
};

/* -- nodes and edges ------------------------------------------------------ */

static size_t slot_of(const struct walk *w, const char *id)
{
	size_t i = (size_t)mv_checksum64(id, strlen(id), 0) %
		   w->table_size;

	while (w->table[i] &&
	       strcmp(w->out->nodes[w->table[i] - 1].id, id))
		i = (i + 1) % w->table_size;
	return i;
}

/* The node of this id, made when there is none; MV_ENOENT: there are as many
   as we show. */
static int node_of(size_t *out, struct walk *w, enum mv_node_kind kind,
		   const char *id, struct mv_err *err)
{
	struct mv_lineage *l = w->out;
	size_t slot = slot_of(w, id);
	struct mv_node *node;

	if (w->table[slot]) {
		*out = w->table[slot] - 1;
		return 0;
	}
	if (l->node_count == NODES_MAX) {
		l->truncated = 1;
		return MV_ENOENT;
	}
	node = &l->nodes[l->node_count];
	memset(node, 0, sizeof(*node));
	memset(&w->extras[l->node_count], 0, sizeof(*w->extras));
	node->kind = kind;
	node->id = strdup(id);
	if (!node->id)
		return mv_nomem(err);
	*out = l->node_count++;
	w->table[slot] = l->node_count;
	return 0;
}

static int set_label(struct walk *w, size_t i, const char *label,
		     struct mv_err *err)
{
	struct mv_node *node = &w->out->nodes[i];

	if (node->label || !label || !*label)
		return 0;
	node->label = strdup(label);
	return node->label ? 0 : mv_nomem(err);
}

static int content_node(size_t *out, struct walk *w, const struct mv_oid *oid,
			const char *label, struct mv_err *err)
{
	char id[MARK_LEN + MV_OID_HEX + 1] = MARK;
	int rc;

	mv_oid_hex(id + MARK_LEN, oid);
	rc = node_of(out, w, MV_NODE_CONTENT, id, err);
	if (rc)
		return rc;
	w->extras[*out].oid = *oid;
	w->extras[*out].has_oid = 1;
	return set_label(w, *out, label, err);
}

/* MV_ENOENT: it names nothing that can be followed, or there are too many. */
static int ref_node(size_t *out, struct walk *w, const struct mv_ref *ref,
		    struct mv_err *err)
{
	const char *label = ref->name ? ref->name : ref->path;
	int rc;

	if (ref->has_oid)
		return content_node(out, w, &ref->oid, label, err);
	if (!ref->digest)
		return MV_ENOENT;
	rc = node_of(out, w, MV_NODE_CONTENT, ref->digest, err);
	return rc ? rc : set_label(w, *out, label, err);
}

static int add_edge(struct walk *w, size_t from, size_t to,
		    const char *label, struct mv_err *err)
{
	struct mv_lineage *l = w->out;
	struct mv_edge *e;

	if (l->edge_count == EDGES_MAX) {
		l->truncated = 1;
		return 0;
	}
	if (MV_GROW(l->edges, w->edge_alloc, l->edge_count + 1, err) < 0)
		return MV_ENOMEM;
	e = &l->edges[l->edge_count];
	e->from = from;
	e->to = to;
	e->label = strdup(label);
	if (!e->label)
		return mv_nomem(err);
	l->edge_count++;
	w->extras[from].used = 1;
	w->extras[to].made = 1;
	return 0;
}

static int go(struct walk *w, size_t node, enum direction direction,
	      struct mv_err *err)
{
	struct extra *x = &w->extras[node];

	if (!x->has_oid || x->seen & direction)
		return 0;
	if (MV_GROW(w->steps, w->step_alloc, w->step_count + 1, err) < 0)
		return MV_ENOMEM;
	x->seen |= direction;
	w->steps[w->step_count++] = (struct step){ node, direction };
	return 0;
}

/* -- what a record says --------------------------------------------------- */

static int has_oid(const struct mv_refs *refs, const struct mv_oid *oid)
{
	for (size_t i = 0; i < refs->count; i++)
		if (refs->v[i].has_oid && mv_oid_eq(&refs->v[i].oid, oid))
			return 1;
	return 0;
}

/* A run that names no outputs was recorded on what it made. */
static int is_output(const struct mv_record *r, const struct mv_oid *oid)
{
	if (has_oid(&r->run.outputs, oid))
		return 1;
	return !r->run.outputs.count && mv_oid_eq(&r->content, oid) &&
	       !has_oid(&r->run.inputs, oid);
}

static int run_label(struct walk *w, size_t node,
		     const struct mv_execution *run, struct mv_err *err)
{
	struct mv_buf text;
	int rc = 0;

	if (run->name || w->out->nodes[node].label)
		return set_label(w, node, run->name, err);
	mv_buf_init(&text, MV_RECORD_MAX);
	for (size_t i = 0; !rc && run->command[i] && text.len < 80; i++)
		rc = mv_buf_addf(&text, "%s%s", i ? " " : "",
				 run->command[i]);
	rc = rc ? mv_nomem(err) : set_label(w, node, text.data, err);
	mv_buf_release(&text);
	return rc;
}

static int run_node(size_t *out, struct walk *w, const struct mv_record *r,
		    struct mv_err *err)
{
	const char *id = r->run.id ? r->run.id : r->id;
	int rc = id ? node_of(out, w, MV_NODE_RUN, id, err) : MV_ENOENT;

	return rc ? rc : run_label(w, *out, &r->run, err);
}

static int code_of(struct walk *w, size_t node, const struct mv_record *r,
		   struct mv_err *err)
{
	size_t code;
	int rc;

	if (!r->commit)
		return 0;
	rc = node_of(&code, w, MV_NODE_COMMIT, r->commit, err);
	return rc ? rc : add_edge(w, code, node, "code", err);
}

/* Each of the refs as an edge to, or from, the node, and on from there. */
static int lineage_follow(struct walk *w, size_t node,
			  const struct mv_refs *refs,
			  enum direction direction, const char *label,
			  struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < refs->count; i++) {
		const char *role = refs->v[i].role;
		size_t other;

		rc = ref_node(&other, w, &refs->v[i], err);
		if (rc == MV_ENOENT) {
			rc = 0;
			continue;
		}
		if (!rc)
			rc = add_edge(w, direction == UP ? other : node,
				      direction == UP ? node : other,
				      role && *role ? role : label, err);
		if (!rc)
			rc = go(w, other, direction, err);
	}
	return rc;
}

static int run_up(struct walk *w, size_t node, const struct mv_record *r,
		  struct mv_err *err)
{
	size_t run;
	int rc = run_node(&run, w, r, err);

	if (!rc)
		rc = add_edge(w, run, node, "output", err);
	if (!rc)
		rc = lineage_follow(w, run, &r->run.inputs, UP, "input", err);
	return rc ? rc : code_of(w, run, r, err);
}

static int run_down(struct walk *w, size_t node, const struct mv_record *r,
		    struct mv_err *err)
{
	size_t run, other;
	int rc = run_node(&run, w, r, err);

	if (!rc)
		rc = add_edge(w, node, run, "input", err);
	if (!rc)
		rc = lineage_follow(w, run, &r->run.outputs, DOWN, "output",
				    err);
	if (rc || !is_output(r, &r->content) || r->run.outputs.count)
		return rc;
	rc = content_node(&other, w, &r->content, r->path, err);
	if (!rc)
		rc = add_edge(w, run, other, "output", err);
	return rc ? rc : go(w, other, DOWN, err);
}

static int says_how_made(const struct mv_record *r)
{
	return r->params.count || r->metrics.count || r->data.count;
}

static int up(struct walk *w, size_t node, const struct mv_record *r,
	      struct mv_err *err)
{
	const struct mv_oid oid = w->extras[node].oid;
	int rc = 0;

	if (mv_oid_eq(&r->content, &oid)) {
		rc = set_label(w, node, r->artifact ? r->artifact : r->path,
			       err);
		if (!rc)
			rc = lineage_follow(w, node, &r->data, UP, "data", err);
		/* A run knows the commit better than who measured later. */
		if (!rc && !w->extras[node].by_run && says_how_made(r))
			rc = code_of(w, node, r, err);
	}
	if (!rc && r->run.command && is_output(r, &oid))
		rc = run_up(w, node, r, err);
	return rc;
}

static int down(struct walk *w, size_t node, const struct mv_record *r,
		struct mv_err *err)
{
	const struct mv_oid oid = w->extras[node].oid;
	const char *label = r->artifact ? r->artifact : r->path;
	const char *role = "data";
	size_t other;
	int rc = 0;

	for (size_t i = 0; i < r->data.count; i++)
		if (r->data.v[i].has_oid && mv_oid_eq(&r->data.v[i].oid,
						      &oid) &&
		    r->data.v[i].role && *r->data.v[i].role)
			role = r->data.v[i].role;
	if (has_oid(&r->data, &oid) && !mv_oid_eq(&r->content, &oid)) {
		rc = content_node(&other, w, &r->content, label, err);
		if (!rc)
			rc = add_edge(w, node, other, role, err);
		if (!rc)
			rc = go(w, other, DOWN, err);
	}
	if (!rc && r->run.command && has_oid(&r->run.inputs, &oid))
		rc = run_down(w, node, r, err);
	return rc;
}

static int is_full(const struct walk *w)
{
	return w->out->truncated && w->out->node_count == NODES_MAX;
}

struct taking {
	struct walk *w;
	const struct step *step;
};

/* 1: a run that made it is recorded. */
static int is_run_made(void *payload, const struct mv_record *r,
		       struct mv_err *err)
{
	const struct taking *t = payload;

	(void)err;
	return r->run.command && is_output(r, &t->w->extras[t->step->node].oid);
}

static int take_record(void *payload, const struct mv_record *r,
		       struct mv_err *err)
{
	const struct taking *t = payload;
	const int rc = t->step->direction == UP ?
		       up(t->w, t->step->node, r, err) :
		       down(t->w, t->step->node, r, err);

	/* A run without an id. */
	return rc == MV_ENOENT && !is_full(t->w) ? 0 : rc;
}

/* MV_ENOENT: there is no room for more. */
static int take_step(struct walk *w, const struct step *s, struct mv_err *err)
{
	const struct mv_oid oid = w->extras[s->node].oid;
	struct taking t = { w, s };
	int rc = 0;

	if (s->direction == UP) {
		rc = mv_look_mentions_each(w->mentions, &oid, 1, is_run_made,
					   &t,
					   err);
		w->extras[s->node].by_run = rc > 0;
	}
	return rc < 0 ? rc : mv_look_mentions_each(w->mentions, &oid,
						      s->direction == UP,
						      take_record, &t, err);
}

/* -- names ---------------------------------------------------------------- */

struct naming {
	struct walk *w;
	const struct mv_project *project;
};

static int name_file(void *payload, const struct mv_file *file,
		     struct mv_err *err)
{
	struct naming *n = payload;
	char id[MARK_LEN + MV_OID_HEX + 1] = MARK;
	const struct mv_artifact *a;
	struct mv_node *node;
	char *label;
	size_t slot;

	if (file->state == MV_FILE_CONFLICT || file->state == MV_FILE_RAW)
		return 0;
	mv_oid_hex(id + MARK_LEN, &file->pointer.oid);
	slot = slot_of(n->w, id);
	if (!n->w->table[slot])
		return 0;
	node = &n->w->out->nodes[n->w->table[slot] - 1];
	a = mv_project_by_path(n->project, file->path);
	if (a && a->type && !node->role)
		node->role = strdup(a->type);
	if (n->w->extras[n->w->table[slot] - 1].named)
		return 0;
	n->w->extras[n->w->table[slot] - 1].named = 1;
	label = strdup(a && !strcmp(a->path, file->path) ? a->name :
							   file->path);
	if (!label)
		return mv_nomem(err);
	free(node->label);
	node->label = label;
	return 0;
}

struct commits {
	struct walk *w;
	size_t *nodes;
};

static int name_commit(void *payload, size_t i,
		       const struct mv_git_object_info *info,
		       struct mv_err *err)
{
	struct commits *c = payload;
	char *line;
	int rc;

	if (!info || !info->message)
		return 0;
	line = strndup(info->message, strcspn(info->message, "\n"));
	rc = line ? set_label(c->w, c->nodes[i], line, err) : mv_nomem(err);
	free(line);
	return rc;
}

static int name_commits(struct walk *w, struct mv_err *err)
{
	struct mv_lineage *l = w->out;
	const char **names = calloc(l->node_count + 1, sizeof(*names));
	struct commits c = { w, calloc(l->node_count + 1, sizeof(size_t)) };
	size_t n = 0;
	int rc = names && c.nodes ? 0 : mv_nomem(err);

	for (size_t i = 0; !rc && i < l->node_count; i++)
		if (l->nodes[i].kind == MV_NODE_COMMIT) {
			c.nodes[n] = i;
			names[n++] = l->nodes[i].id;
		}
	if (!rc && n)
		rc = mv_git_objects(w->repo->git, names, n, name_commit, &c,
				    err);
	free(names);
	free(c.nodes);
	return rc;
}

/* What nobody named is known by the beginning of its id. */
static int finish_nodes(struct walk *w, struct mv_err *err)
{
	struct mv_lineage *l = w->out;
	char text[13];

	for (size_t i = 0; i < l->node_count; i++) {
		struct mv_node *node = &l->nodes[i];
		const char *id = node->id;

		if (!strncmp(id, MARK, MARK_LEN))
			id += MARK_LEN;
		snprintf(text, sizeof(text), "%s", id);
		if (set_label(w, i, text, err))
			return MV_ENOMEM;
		if (node->role || node->kind != MV_NODE_CONTENT)
			continue;
		node->role = strdup(w->extras[i].made || !w->extras[i].used ?
				    "model" : "data");
		if (!node->role)
			return mv_nomem(err);
	}
	return 0;
}

static int name_nodes(struct walk *w, struct mv_err *err)
{
	struct mv_project project = { 0 };
	struct naming n = { w, &project };
	char head[65];
	int rc;

	/* A project file that cannot be read costs the names only. */
	if (mv_subject_project(&project, w->repo, NULL, NULL))
		memset(&project, 0, sizeof(project));
	rc = mv_repo_ls(w->repo, NULL, name_file, &n, err);
	if (!rc && !mv_git_commit(head, w->repo->git, "HEAD", NULL))
		rc = mv_repo_ls(w->repo, "HEAD", name_file, &n, err);
	if (!rc)
		rc = name_commits(w, err);
	mv_project_release(&project);
	return rc ? rc : finish_nodes(w, err);
}

/* -- all together --------------------------------------------------------- */

static int by_ends(const void *a, const void *b)
{
	const struct mv_edge *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	return strcmp(x->label, y->label);
}

/* Several records may say the same. */
static void sort_edges(struct mv_lineage *l)
{
	size_t kept = 0;

	if (l->edge_count)
		qsort(l->edges, l->edge_count, sizeof(*l->edges), by_ends);
	for (size_t i = 0; i < l->edge_count; i++)
		if (kept && !by_ends(&l->edges[kept - 1], &l->edges[i]))
			free(l->edges[i].label);
		else
			l->edges[kept++] = l->edges[i];
	l->edge_count = kept;
}

static int prepare(struct walk *w, struct mv_err *err)
{
	w->table_size = 4 * NODES_MAX + 1;
	w->table = calloc(w->table_size, sizeof(*w->table));
	w->extras = calloc(NODES_MAX, sizeof(*w->extras));
	w->out->nodes = calloc(NODES_MAX, sizeof(*w->out->nodes));
	return w->table && w->extras && w->out->nodes ? 0 : mv_nomem(err);
}

static void walk_release(struct walk *w)
{
	mv_look_mentions_free(w->mentions);
	free(w->extras);
	free(w->table);
	free(w->steps);
}

int mv_look_lineage(struct mv_lineage *out, struct mv_repo *repo,
		    const char *spec, struct mv_err *err)
{
	struct walk w = { .repo = repo, .out = out };
	struct mv_subject subject = { 0 };
	size_t first;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = mv_subject_find(&subject, repo, spec, err);
	if (!rc)
		rc = prepare(&w, err);
	if (!rc)
		rc = mv_look_mentions_read(&w.mentions, repo, &out->truncated,
					   err);
	if (!rc)
		rc = content_node(&first, &w, &subject.pointer.oid,
				  subject.artifact ? subject.artifact :
				  subject.path, err);
	if (!rc)
		rc = go(&w, first, UP, err);
	if (!rc)
		rc = go(&w, first, DOWN, err);
	while (!rc && w.step_at < w.step_count) {
		struct step s = w.steps[w.step_at++];

		rc = take_step(&w, &s, err);
	}
	if (rc == MV_ENOENT && is_full(&w))
		rc = 0;
	if (!rc) {
		/* Its own name is that by which it was asked for. */
		w.extras[first].named = subject.artifact || subject.path;
		rc = name_nodes(&w, err);
	}
	sort_edges(out);
	mv_subject_release(&subject);
	walk_release(&w);
	if (rc)
		mv_lineage_release(out);
	return rc;
}
