/* SPDX-License-Identifier: MIT */
#ifndef MV_LOOK_COMPARING_H
#define MV_LOOK_COMPARING_H

#include "libmv/git/history.h"
#include "libmv/look/priv.h"
#include "libmv/meta/project.h"
#include "libmv/meta/registry.h"
#include "libmv/report/views.h"

/*
 * One comparison on its way: which revisions (base.c), which files of theirs
 * may differ (items.c), which artifacts these are (compare-artifacts.c), what
 * content stands there on both sides (compare-pairs.c), how the base is called
 * (compare-stage.c), and what changed (compare.c). Private to look.
 */

struct mv_compared {
	char *old_path, *new_path;	/* NULL: not there */
	char *old_blob, *new_blob;	/* hex; NULL: by path, or not there */
	char *old_commit;		/* when it is not the general base */
	int old_odd, new_odd;		/* a link or submodule: no content */
	int directory;
	int dropped;
};

struct mv_comparing {
	struct mv_repo *repo;
	struct mv_comparison *out;
	unsigned flags;
	const char *head;		/* NULL: the index */
	char head_hex[65], base_hex[65];
	int has_base;			/* else only stages are compared */
	const char *stage;		/* NULL: none */
	int stage_only;			/* it was asked for by name */
	struct mv_project base_project;
	struct mv_look_names names, base_names;
	struct mv_registry registry;
	const char **paths;		/* that git named, sorted */
	size_t path_count;
	struct mv_compared *items;
	size_t count, alloc;
	size_t general;			/* pairs whose base no stage holds */
};

/* -- items.c -------------------------------------------------------------- */
/* One more, all zeros; NULL: no memory. */
struct mv_compared *mv_look_comparing_add(struct mv_comparing *w,
					  struct mv_err *err);

/* A mv_git_delta_fn whose payload is the comparison. */
int mv_look_comparing_delta(void *payload, const struct mv_git_delta *d,
			    struct mv_err *err);

void mv_look_compared_release(struct mv_compared *item);

/* What differs between a commit and the index. */
int mv_look_comparing_index(struct mv_comparing *w, const char *base,
			    struct mv_err *err);

/* Does anything of ours? */
int mv_look_comparing_index_differs(int *differs, struct mv_comparing *w,
				    const char *hex, struct mv_err *err);

/* -- compare-artifacts.c -------------------------------------------------- */
/* One item for each file or artifact that may differ; `held`: how many have
   what holds the stage as their base. */
int mv_look_comparing_artifacts(struct mv_comparing *w, size_t *held,
				struct mv_err *err);

/* -- compare-pairs.c ------------------------------------------------------ */
/* The items that are contents become pairs of the comparison. */
int mv_look_comparing_pairs(struct mv_comparing *w, struct mv_err *err);

/* -- compare-stage.c ------------------------------------------------------ */
/* The commit of what holds the stage, unless that is what we look at. */
const char *mv_look_comparing_holder(const struct mv_comparing *w,
				     const char *artifact);

/* The base is named once it is known what is compared. */
int mv_look_comparing_say_stage(struct mv_comparing *w, size_t held,
				struct mv_err *err);

/* -- base.c --------------------------------------------------------------- */
/* From what was asked for (NULL: not said): head, base, stage, and their names. */
int mv_look_comparing_choose(struct mv_comparing *w, const char *base,
			     const char *head, const char *stage, int symmetric,
			     struct mv_err *err);

#endif
