/* SPDX-License-Identifier: MIT */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/grow.h"
#include "libmv/look/priv.h"
#include "libmv/meta/curves.h"
#include "libmv/meta/project.h"
#include "libmv/report/pages.h"
#include "libmv/report/views.h"
#include "libmv/subject/subject.h"

/*
 * What a report shows, gathered: a card for each artifact, the rows of all
 * of them, curves and lineage; and the pages, written so that whoever looks
 * meanwhile sees the old one or the new one.
 */
enum {
	NAMELESS_MAX = 500,	/* files of ours without a name: cards */
	NAMELESS_FEW = 20,	/* of them without evidence, too: cards */
	HISTORIES_MAX = 20,	/* of them: with a history */
	HISTORY_MAX = 100,	/* rows of one */
	ROWS_MAX = 5000,	/* where there are no versions */
	OVERLAID_MAX = 6,	/* versions whose curves are laid over */
	PLOT_LINES_MAX = 200,
	LINEAGES_MAX = 100
};

/* -- which artifacts ------------------------------------------------------ */

struct gathering {
	struct mv_repo *repo;
	struct mv_report *out;
	char **specs;			/* of each card */
	size_t card_alloc, spec_alloc;
	const struct mv_project *project;
};

/* As mv_subject_find() takes it, whatever folder we were started in. */
static char *spec_of_path(const struct mv_repo *repo, const char *path)
{
	return repo->info->work_tree ?
	       mv_strf("%s/%s", repo->info->work_tree, path) :
	       mv_strf("HEAD:%s", path);
}

static int add_card(struct gathering *g, char *take_spec, const char *name,
		    struct mv_err *err)
{
	size_t n = g->out->site.card_count;
	struct mv_err why = { MV_OK, "" };
	int rc = 0;

	if (!take_spec ||
	    MV_GROW(g->out->cards, g->card_alloc, n + 1, NULL) < 0 ||
	    MV_GROW(g->specs, g->spec_alloc, n + 1, NULL) < 0) {
		free(take_spec);
		return mv_nomem(err);
	}
	mv_progress_update(g->repo->progress, "Reading artifacts", n, 0);
	if (!mv_look_card(&g->out->cards[n], g->repo, take_spec, &why)) {
		g->specs[n] = take_spec;
		g->out->site.card_count++;
		return 0;
	}
	free(take_spec);
	if (why.code == MV_ENOENT || why.code == MV_EINVALID)
		mv_repo_warn(g->repo, "'%s' is left out: %s", name, why.msg);
	else
		rc = mv_fail(err, why.code, "%s", why.msg);
	return rc;
}

/*
 * Files without a name have a page each when something is recorded of them,
 * or when they are few; else they are counted by folder.
 */
static int nameless(struct gathering *g, struct mv_err *err)
{
	struct mv_report *r = g->out;
	struct mv_plain plain;
	size_t left = 0;
	int few, rc = mv_look_plain_files(&plain, g->repo, g->project, err);

	if (rc)
		return rc;
	few = plain.bare <= NAMELESS_FEW;
	for (size_t i = 0, n = 0; !rc && i < plain.count; i++) {
		const struct mv_plain_file *f = &plain.v[i];

		if (!few && !f->noted)
			continue;
		if (n++ < NAMELESS_MAX)
			rc = add_card(g, spec_of_path(g->repo, f->path),
				      f->path, err);
		else
			left++;
	}
	if (!rc && !few)
		rc = mv_look_plain_groups(&r->groups, &r->site.group_count,
					  &plain,
					  err);
	r->site.groups = r->groups;
	if (!rc && left)
		mv_repo_warn(g->repo, "%zu files without a name in "
			     ".gitmodel/config are left out", left);
	mv_look_plain_release(&plain);
	return rc;
}

static int cards(struct gathering *g, struct mv_err *err)
{
	const struct mv_project *p = g->project;
	int rc = 0;

	for (size_t i = 0; !rc && i < p->artifact_count; i++)
		rc = add_card(g, strdup(p->artifacts[i].name),
			      p->artifacts[i].name, err);
	if (!rc)
		rc = nameless(g, err);
	g->out->site.cards = g->out->cards;
	return rc;
}

/* -- rows ----------------------------------------------------------------- */

static int same_artifact(const struct mv_row *a, const struct mv_row *b)
{
	if (a->artifact || b->artifact)
		return a->artifact && b->artifact &&
		       !strcmp(a->artifact, b->artifact);
	return !strcmp(a->path, b->path);
}

static int has_version(const struct mv_board *b, const struct mv_row *row)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->v[i].version && same_artifact(&b->v[i], row))
			return 1;
	return 0;
}

/* Move the rows for which `wanted` holds to the end of `to`. */
static int move_rows(struct mv_board *to, struct mv_board *from,
		     int (*wanted)(const struct mv_board *to,
				   const struct mv_row *row),
		     struct mv_err *err)
{
	struct mv_row *v = realloc(to->v, (to->count + from->count + 1) *
				   sizeof(*v));
	size_t kept = 0, count = to->count;
	struct mv_board known = *to;

	if (!v)
		return mv_nomem(err);
	to->v = known.v = v;
	for (size_t i = 0; i < from->count; i++) {
		if (!wanted(&known, &from->v[i])) {
			from->v[kept++] = from->v[i];
			continue;
		}
		to->skipped_lines += from->v[i].evidence.skipped;
		v[count++] = from->v[i];
	}
	from->count = kept;
	to->count = count;
	return 0;
}

static int is_unversioned(const struct mv_board *to, const struct mv_row *row)
{
	return !has_version(to, row);
}

static int any_row(const struct mv_board *to, const struct mv_row *row)
{
	(void)to;
	(void)row;
	return 1;
}

static int left_out(struct gathering *g, const char *what, const char *name,
		    const struct mv_err *why, struct mv_err *err)
{
	if (why->code == MV_ENOMEM)
		return mv_nomem(err);
	mv_repo_warn(g->repo, "%s of '%s' is left out: %s", what, name,
		     why->msg);
	return 0;
}

/* Of files without a name. */
static int histories(struct gathering *g, struct mv_err *err)
{
	struct mv_err why = { MV_OK, "" };
	struct mv_board more;
	int rc = 0;

	for (size_t i = 0, n = 0; !rc && i < g->out->site.card_count &&
	     n < HISTORIES_MAX; i++) {
		if (g->out->cards[i].artifact)
			continue;
		n++;
		if (mv_look_board(&more, g->repo, g->specs[i],
				  MV_BOARD_FOLLOW, HISTORY_MAX, &why)) {
			rc = left_out(g, "the history",
				      g->out->cards[i].title, &why, err);
			continue;
		}
		rc = move_rows(&g->out->board, &more, any_row, err);
		mv_board_release(&more);
	}
	return rc;
}

/* Versions; of what has none, every commit and run. */
static int rows(struct gathering *g, struct mv_err *err)
{
	struct mv_board *b = &g->out->board, more;
	int by_card = !g->project->artifact_count &&
		      g->out->site.group_count;
	int bare = 0, rc;
	char head[65];

	g->out->site.board = b;
	rc = mv_look_head(head, g->repo, err);
	if (rc == MV_ENOENT)
		return 0;		/* nothing is committed yet */
	/* Without names, "everything" would be every file that was counted. */
	if (!rc && !by_card)
		rc = mv_look_board(b, g->repo, NULL, 0, 0, err);
	for (size_t i = 0; !rc && i < b->count; i++)
		bare |= !has_version(b, &b->v[i]);
	if (!rc && bare) {
		rc = mv_look_board(&more, g->repo, NULL, MV_BOARD_ALL,
				   ROWS_MAX, err);
		if (rc)
			return rc;
		rc = move_rows(b, &more, is_unversioned, err);
		mv_board_release(&more);
	}
	/* Files beside named artifacts are not in that. */
	if (!rc && (g->project->artifact_count || by_card))
		rc = histories(g, err);
	return rc;
}

/* -- curves --------------------------------------------------------------- */

static int is_row_of(const struct mv_row *row, const struct mv_card *card)
{
	if (card->artifact)
		return row->artifact && !strcmp(row->artifact, card->artifact);
	return !row->artifact && card->path && row->path &&
	       !strcmp(row->path, card->path);
}

static int site_add_line(struct mv_plot *plot, const char *label,
			 const struct mv_series *s)
{
	struct mv_plot_line *l = MV_GROW_ONE(plot->v, plot->count, NULL);

	if (!l)
		return MV_ENOMEM;
	l->label = strdup(label);
	l->metric = strdup(s->name);
	l->points = calloc(s->count + 1, sizeof(*l->points));
	if (!l->label || !l->metric || !l->points)
		return MV_ENOMEM;
	memcpy(l->points, s->points, s->count * sizeof(*l->points));
	l->count = s->count;
	return 0;
}

static int add_lines(struct mv_plot *plot, const char *label,
		     const struct mv_series *series, size_t count)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < count; i++)
		if (series[i].count && plot->count < PLOT_LINES_MAX)
			rc = site_add_line(plot, label, &series[i]);
	return rc;
}

/* Of rows with the same content, the first one speaks. */
static int was_drawn(const struct mv_row *const *drawn, size_t count,
		     const struct mv_row *row)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(drawn[i]->blob, row->blob))
			return 1;
	return 0;
}

static int draw_row(struct gathering *g, struct mv_plot *plot,
		    const struct mv_row *row, struct mv_err *err)
{
	const char *label = row->version ? row->version :
			    row->label ? row->label : row->commit;
	struct mv_curves curves;
	int rc = mv_look_curves(&curves, g->repo, &row->evidence, NULL, err);

	if (rc)
		return rc;
	if (add_lines(plot, label ? label : "", curves.series, curves.count))
		rc = mv_nomem(err);
	mv_curves_release(&curves);
	return rc;
}

/* What stands in the index when that is no version, and the newest. */
static int plot_one(struct gathering *g, size_t i, struct mv_err *err)
{
	const struct mv_row *drawn[OVERLAID_MAX];
	const struct mv_card *card = &g->out->cards[i];
	const struct mv_board *b = &g->out->board;
	struct mv_plot *plot = &g->out->plots[i];
	size_t n = 0;
	int known = 0, rc = 0;

	for (size_t j = 0; j < b->count && !known; j++)
		known = is_row_of(&b->v[j], card) &&
			mv_oid_eq(&b->v[j].pointer.oid, &card->oid);
	if (!known && add_lines(plot, "now", card->curves, card->curve_count))
		return mv_nomem(err);
	for (size_t j = 0; j < b->count && !rc && n < OVERLAID_MAX; j++) {
		const struct mv_row *row = &b->v[j];

		if (!is_row_of(row, card) || was_drawn(drawn, n, row))
			continue;
		drawn[n++] = row;
		rc = draw_row(g, plot, row, err);
	}
	return rc;
}

int mv_look_compare_curves(struct mv_comparison *c, struct mv_repo *repo,
			   struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < c->count; i++)
		if (c->v[i].new_evidence.count && !c->v[i].curves.count)
			rc = mv_look_curves(&c->v[i].curves, repo,
					    &c->v[i].new_evidence, NULL, err);
	return rc;
}

/* -- all of it ------------------------------------------------------------ */

static int curves_and_lineages(struct gathering *g, struct mv_err *err)
{
	struct mv_report *r = g->out;
	size_t count = r->site.card_count;
	struct mv_err why = { MV_OK, "" };
	int rc = 0;

	r->plots = calloc(count + 1, sizeof(*r->plots));
	r->lineages = calloc(count + 1, sizeof(*r->lineages));
	if (!r->plots || !r->lineages)
		return mv_nomem(err);
	r->site.plots = r->plots;
	r->site.lineages = r->lineages;
	for (size_t i = 0; !rc && i < count; i++) {
		mv_progress_update(g->repo->progress, "Reading curves", i,
				   count);
		rc = plot_one(g, i, err);
		if (!rc && i < LINEAGES_MAX &&
		    mv_look_lineage(&r->lineages[i], g->repo, g->specs[i],
				    &why))
			rc = left_out(g, "the lineage", r->cards[i].title,
				      &why, err);
	}
	if (count > LINEAGES_MAX)
		mv_repo_warn(g->repo, "the lineage of %zu artifacts is left "
			     "out", count - LINEAGES_MAX);
	return rc;
}

static char *title_of(const struct mv_repo *repo)
{
	const char *dir = repo->info->work_tree ? repo->info->work_tree :
						  repo->info->common_dir;
	const char *name = dir ? strrchr(dir, '/') : NULL;
	size_t len;

	name = name && name[1] ? name + 1 : "models";
	len = strlen(name);
	if (!repo->info->work_tree && len > 4 &&
	    !strcmp(name + len - 4, ".git"))
		len -= 4;
	return strndup(name, len);
}

int mv_look_report(struct mv_report *out, struct mv_repo *repo,
		   const struct mv_comparison *comparison, int64_t now,
		   struct mv_err *err)
{
	struct gathering g = { .repo = repo, .out = out };
	struct mv_project project;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = mv_subject_project(&project, repo, NULL, err);
	if (rc)
		return rc;
	g.project = &project;
	out->title = title_of(repo);
	out->site.title = out->title;
	out->site.now = now;
	out->site.comparison = comparison;
	rc = out->title ? cards(&g, err) : mv_nomem(err);
	if (!rc)
		rc = rows(&g, err);
	if (!rc)
		rc = curves_and_lineages(&g, err);
	for (size_t i = 0; i < out->site.card_count; i++)
		free(g.specs[i]);
	free(g.specs);
	mv_project_release(&project);
	if (rc)
		mv_look_report_release(out);
	return rc;
}

void mv_look_report_release(struct mv_report *r)
{
	for (size_t i = 0; i < r->site.card_count; i++) {
		mv_card_release(&r->cards[i]);
		if (r->plots)
			mv_plot_release(&r->plots[i]);
		if (r->lineages)
			mv_lineage_release(&r->lineages[i]);
	}
	free(r->cards);
	free(r->plots);
	free(r->lineages);
	free(r->title);
	mv_look_plain_groups_release(r->groups, r->site.group_count);
	mv_board_release(&r->board);
	memset(r, 0, sizeof(*r));
}

#define MARK "<meta name=\"generator\" content=\"git-model report\">"

/* -- pages in a directory ------------------------------------------------- */

struct writing {
	const char *dir;
	char **names;
	size_t count;
};

static int write_page(void *payload, const char *name, const char *data,
		      size_t len, struct mv_err *err)
{
	struct writing *w = payload;
	char *path = mv_path_join(w->dir, name), **own;
	int rc = path ? 0 : mv_nomem(err);

	/* What can be made again need not survive a power cut. */
	if (!rc)
		rc = mv_write_file(path, data, len, 0644, MV_TMP_NO_SYNC, err);
	free(path);
	if (rc)
		return rc;
	own = MV_GROW_ONE(w->names, w->count, err);
	if (!own)
		return MV_ENOMEM;
	*own = strdup(name);
	return *own ? 0 : mv_nomem(err);
}

static int site_is_ours(const char *dir, const char *name)
{
	char *path = mv_path_join(dir, name), head[8192];
	size_t len = 0;
	int fd = -1;

	if (path && !mv_open_read(&fd, NULL, path, NULL)) {
		if (mv_pread_full(fd, head, sizeof(head) - 1, 0, &len, path,
				  NULL))
			len = 0;
		close(fd);
	}
	free(path);
	head[len] = '\0';
	return strstr(head, MARK) != NULL;
}

static int not_empty(void *payload, const char *name, struct mv_err *err)
{
	(void)name;
	(void)err;
	*(int *)payload = 1;
	return 1;
}

static int check_dir(const char *dir, int force, struct mv_err *err)
{
	int some = 0, rc = mv_mkdirs(dir, err);

	if (rc || force || site_is_ours(dir, "index.html"))
		return rc;
	rc = mv_each_entry(dir, not_empty, &some, err);
	if (some)
		return mv_fail(err, MV_EEXISTS, "'%s' is not empty and no "
			       "report of ours; --force writes into it", dir);
	return rc;
}

/* A page of an artifact that is gone, or has another number now. */
static int remove_old(void *payload, const char *name, struct mv_err *err)
{
	struct writing *w = payload;
	char *path;

	(void)err;
	if (fnmatch("artifact-[0-9]*.html", name, 0) &&
	    strcmp(name, "compare.html"))
		return 0;
	for (size_t i = 0; i < w->count; i++)
		if (!strcmp(w->names[i], name))
			return 0;
	if (!site_is_ours(w->dir, name))
		return 0;
	path = mv_path_join(w->dir, name);
	if (path)
		unlink(path);
	free(path);
	return 0;
}

int mv_look_report_write(size_t *pages, const struct mv_report *report,
			 const char *dir, int force, struct mv_err *err)
{
	struct writing w = { .dir = dir };
	int rc = check_dir(dir, force, err);

	if (!rc)
		rc = mv_site_html(&report->site, write_page, &w, err);
	if (!rc)
		rc = mv_each_entry(dir, remove_old, &w, err);
	*pages = w.count;
	for (size_t i = 0; i < w.count; i++)
		free(w.names[i]);
	free(w.names);
	return rc;
}
