/* SPDX-License-Identifier: MIT */
#ifndef MV_REPO_CI_H
#define MV_REPO_CI_H

#include <stddef.h>

#include "libmv/repo.h"

/*
 * What a clone made by a CI system lacks (repo-ci.c). Those are shallow: one
 * commit or a few, no tags, no notes; a comparison needs the records, the
 * registry's tags, both commits and where they parted.
 *
 * History is deepened in growing steps until the two meet, and never past
 * `max_depth`. Nothing that is here is taken away: `git fetch --depth` on a
 * clone that has more would cut it off, so it is used only for commits that
 * are not here, and only where history is cut off already. Needs a server
 * that gives commits by their id (protocol 2: git 2.18 and later, GitHub,
 * GitLab); from others, what `remote.<name>.fetch` says is deepened.
 */
#define MV_CI_DEPTH 10000
/* Where the two commits are found afterwards, whatever they were called. */
#define MV_CI_BASE "refs/model-ci/base"
#define MV_CI_HEAD "refs/model-ci/head"

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
void mv_ci_fetched_release(struct mv_ci_fetched *f);
/*
 * Does nothing, and asks the remote for its refs only, when all is here.
 * MV_ENOENT: no remote, no such commit there, or no common history within
 * the bounds; the message says what to do.
 */
int mv_repo_ci_fetch(struct mv_ci_fetched *out, struct mv_repo *repo,
		     const struct mv_ci_fetch *fetch, struct mv_err *err);

#endif
