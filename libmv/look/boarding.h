/* SPDX-License-Identifier: MIT */
#ifndef MV_LOOK_BOARDING_H
#define MV_LOOK_BOARDING_H

#include "libmv/look/priv.h"
#include "libmv/meta/registry.h"
#include "libmv/report/views.h"

/*
 * One board on its way: of which artifacts (board.c), its rows as they are
 * gathered, each a commit and a path or blob (board-rows.c), and what they
 * say (board-fill.c). Private to look.
 */

struct mv_board_target {
	char *artifact, *path;	/* artifact NULL: a path without a name */
	char *commit;		/* where to begin; NULL: HEAD */
	int directory;
};

struct mv_boarding {
	struct mv_repo *repo;
	struct mv_board *out;
	unsigned flags;
	size_t limit;
	size_t row_alloc, of_alloc;
	struct mv_board_target *targets;
	size_t target_count, target_alloc;
	size_t *of;		/* row's target; parallel to out->v */
	struct mv_registry registry;
	int stopped;		/* enough rows */
	size_t current;		/* target that rows are gathered for */
	const char *folder;	/* what it was called before, and the commit */
	const char *moved;	/* that moved it; or NULL */
};

/* -- board-rows.c --------------------------------------------------------- */
/* One more, of that target; NULL: no memory. */
struct mv_row *mv_look_board_row(struct mv_boarding *t, size_t target,
				 const char *commit, const char *path,
				 struct mv_err *err);

int mv_look_board_label(struct mv_row *row, const char *text,
			struct mv_err *err);

/* Of all targets, as the flags say; no more than the limit where they come
   newest first (then `stopped`). `all`: of everything there is. */
int mv_look_board_gather(struct mv_boarding *t, int all, struct mv_err *err);

/* -- board-fill.c --------------------------------------------------------- */
/* The pointers of the rows; what turns out to be none of ours (deleted, or
   held by git itself) is dropped. */
int mv_look_board_pointers(struct mv_boarding *t, struct mv_err *err);

/* Who and when, evidence, versions and stages, names and runs. */
int mv_look_board_fill(struct mv_boarding *t, struct mv_err *err);

#endif
