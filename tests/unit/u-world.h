/* SPDX-License-Identifier: MIT */
#ifndef MV_U_WORLD_H
#define MV_U_WORLD_H

#include "libmv/repo/repo.h"
#include "tests/unit/u-git-help.h"

/*
 * A repository as a part of the library is handed it: real git below, and
 * what was warned of kept for looking at.
 */
struct world {
	struct repo r;
	struct mv_repo *repo;
	char warned[4096];	/* one warning a line */
	struct mv_err err;
};

__attribute__((unused))
static void world_warn(void *payload, const char *message)
{
	struct world *w = payload;
	size_t len = strlen(w->warned);

	snprintf(w->warned + len, sizeof(w->warned) - len, "%s\n", message);
}

/* Opened anew, in `dir` (NULL: the top of the work tree); what was warned of
   before is forgotten. */
__attribute__((unused))
static void world_open(struct world *w, const char *dir)
{
	struct mv_repo_options options = { 0 };
	int rc;

	mv_repo_close(w->repo);
	w->repo = NULL;
	*w->warned = '\0';
	options.dir = dir ? dir : w->r.dir;
	options.env = w->r.env;
	options.warn = world_warn;
	options.warn_payload = w;
	options.threads = 1;
	rc = mv_repo_open(&w->repo, &options, &w->err);
	if (rc)
		fprintf(stderr, "# %s\n", w->err.msg);
	assert_int_equal(rc, 0);
}

/* `init`: options for git init; there is one commit without files. */
__attribute__((unused))
static void world_new(struct world *w, const char *init)
{
	memset(w, 0, sizeof(*w));
	repo_new(&w->r, init);
	run(&w->r, "git commit -q --allow-empty -m one");
	world_open(w, NULL);
}

__attribute__((unused))
static void world_drop(struct world *w)
{
	mv_repo_close(w->repo);
	repo_drop(&w->r);
}

/* Did it succeed? Says why it did not. */
#define assert_ok(w, call) do { \
	const int ok_ = (call); \
	if (ok_) \
		fprintf(stderr, "# %d: %s\n", ok_, (w)->err.msg); \
	assert_int_equal(ok_, 0); \
} while (0)

#endif
