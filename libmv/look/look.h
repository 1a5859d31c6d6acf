/* SPDX-License-Identifier: MIT */
#ifndef MV_LOOK_H
#define MV_LOOK_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/report/pages.h"
#include "libmv/report/views.h"

/*
 * look: how is it shown? Collects what a card, a comparison, a board, a plot,
 * a lineage or a site shows, as the views of report/views.h, which prints
 * them. Reads only; what is not here is said to be unknown, never left out.
 */
struct mv_repo;

/* The card of one subject: everything that `git model show` says. */
int mv_look_card(struct mv_card *out, struct mv_repo *repo, const char *spec,
		 struct mv_err *err);

/* -- two revisions, side by side ------------------------------------------ */

enum mv_compare_flags {
	MV_COMPARE_ALL = 1 << 0,	/* unchanged facts and artifacts, too */
	MV_COMPARE_CONTENT = 1 << 1,	/* read headers of changed files that
					   are here */
	MV_COMPARE_FETCH = 1 << 2,	/* the same, and fetch them first; of what
					   is not to be had it is warned */
	MV_COMPARE_WEIGHTS = 1 << 3	/* read all tensors that differ, and say
					   by how much */
};

/*
 * `base` NULL: what holds the stage (`stage` not NULL, or the first of
 * `production`, `staging` that is held), else the merge base with the default
 * branch, else HEAD~1 when that is HEAD itself; never HEAD with itself
 * (MV_EINVALID says what to name); what holds no stage has the next of these
 * as its base. `head` NULL: HEAD, or the index when it differs from HEAD and
 * the base is HEAD or was not named. "A..B" and "A...B" as `base` alone name
 * both. A base and head named as one commit give an empty comparison whose
 * `why` says so. MV_EINVALID, too: more than MV_GIT_PATHS_MAX files differ, or with
 * MV_COMPARE_ALL are there, as a few trees of a stranger's can say.
 */
int mv_look_compare(struct mv_comparison *out, struct mv_repo *repo,
		    const char *base, const char *head, const char *stage,
		    unsigned flags, struct mv_err *err);

/*
 * The tensors of two contents: files as they lie there, or what `git model cat`
 * takes; of a folder those of all its files. MV_ENOENT: `old` names no content
 * (perhaps it is a revision); MV_EINVALID: `new` does not, or one of them cannot
 * be read.
 */
int mv_look_weights(struct mv_tensor_diff *out, struct mv_repo *repo,
		    const char *old, const char *new, unsigned flags,
		    struct mv_err *err);

/* -- tables over versions ------------------------------------------------- */

enum mv_board_flags {
	MV_BOARD_BRANCHES = 1 << 0,	/* tips of all branches */
	MV_BOARD_ALL = 1 << 1,		/* every commit, and every run */
	MV_BOARD_FOLLOW = 1 << 2	/* history of one path, newest first */
};

/* `spec` NULL: every artifact. Without flags: versions, and HEAD. */
int mv_look_board(struct mv_board *out, struct mv_repo *repo,
		  const char *spec, unsigned flags, size_t limit,
		  struct mv_err *err);

/* -- curves over each other ----------------------------------------------- */

enum mv_plot_flags {
	MV_PLOT_VERSIONS = 1 << 0	/* a metric over versions, not steps */
};

/*
 * Training curves that records of these subjects have attached, or metrics
 * over their histories. `metrics` (NULL-terminated) chooses; NULL: all. Only
 * what is here is read; of what is not drawn beside the rest it is warned.
 * MV_ENOENT: there is nothing to draw, and why.
 */
int mv_look_plot(struct mv_plot *out, struct mv_repo *repo,
		 const char *const *specs, size_t count,
		 const char *const *metrics, unsigned flags,
		 struct mv_err *err);

/* -- where it comes from -------------------------------------------------- */

/* Ancestors and descendants, by the records of all notes; cycles are fine. */
int mv_look_lineage(struct mv_lineage *out, struct mv_repo *repo,
		    const char *spec, struct mv_err *err);

/* The recorded curves of each new side, where they are here. */
int mv_look_compare_curves(struct mv_comparison *c, struct mv_repo *repo,
			   struct mv_err *err);

/* -- all of it in pages --------------------------------------------------- */

struct mv_report {
	struct mv_site site;	/* for mv_site_html(); borrows from the rest */
	char *title;		/* the repository's folder */
	struct mv_board board;
	struct mv_card *cards;
	struct mv_plot *plots;
	struct mv_lineage *lineages;
	struct mv_file_group *groups;
};

void mv_look_report_release(struct mv_report *r);

/*
 * Every artifact of .gitmodel/config, and the files of ours without a name
 * there of which something is recorded (at most 500) or which are few; others
 * are counted by folder. As the index has them; all versions, or where there is
 * none every commit and run; curves that are here; lineage. What cannot be
 * shown is left out with a warning. `comparison` is borrowed; or NULL.
 */
int mv_look_report(struct mv_report *out, struct mv_repo *repo,
		   const struct mv_comparison *comparison, int64_t now,
		   struct mv_err *err);

/*
 * Its pages into a directory, which is made; each appears complete, the
 * overview last, and pages of an older report that are in it no more go.
 * MV_EEXISTS: there is something else in it, and no `force`.
 */
int mv_look_report_write(size_t *pages, const struct mv_report *report,
			 const char *dir, int force, struct mv_err *err);

struct mv_ci_fetch {
	const char *remote;	/* name or URL; NULL: the default one */
	/* Revisions that are here, else ids or branches of the remote;
	   "origin/main" is asked for anew, as a clone may be an old one. base
	   NULL: no history is looked at; head NULL: HEAD. */
	const char *base, *head;
	unsigned max_depth;	/* in commits; 0: MV_CI_DEPTH */
	int whole;		/* all of history */
	void (*tell)(void *payload, const char *message);	/* each step */
	void *payload;
};

struct mv_ci_fetched {
	char *remote;
	char base[65], head[65], merge_base[65];	/* "" without base */
	size_t tags;		/* of the registry, that were not here */
	size_t differing;	/* tags that are something else there: left alone */
	int records;		/* did the notes change? */
	int commits;		/* how many of base and head were not here,
				   or not as they are at the remote */
	unsigned deepened;	/* by so many commits */
	int shallow;		/* is history cut off, still? */
};

void mv_look_ci_fetched_release(struct mv_ci_fetched *f);

/*
 * Does nothing, and asks the remote for its refs only, when all is here.
 * MV_ENOENT: no remote, no such commit there, or no common history within
 * the bounds; the message says what to do.
 */
int mv_look_ci_fetch(struct mv_ci_fetched *out, struct mv_repo *repo,
		     const struct mv_ci_fetch *fetch, struct mv_err *err);

#endif
