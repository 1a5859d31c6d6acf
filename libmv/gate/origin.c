/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/gate/priv.h"
#include "libmv/git/git.h"
#include "libmv/git/history.h"
#include "libmv/git/objects.h"

/*
 * Whose a change of .gitmodel/ is. Who pulls, or presses the button of a forge,
 * makes a merge that has what one side had: that is no decision of theirs. The
 * decision is that side's commit, as long as it is new; a merge that goes back
 * to what the branch had once is one of its own, and so is one that has what no
 * side has.
 */
enum { STEPS_MAX = 64, PARENTS_MAX = 16 };

/* The newest of the first parents of `tip`, and not behind `old`, that changed
   .gitmodel/; "": none did. */
static int newest_change(char *out, struct mv_git *git, const char *tip,
			 const char *old, struct mv_err *err)
{
	char not_old[66];
	const char *args[] = { "rev-list", "-1", "--first-parent", tip,
			       not_old, "--", ":(top).gitmodel", NULL };
	const char *all[] = { "rev-list", "-1", "--first-parent", tip, "--",
			      ":(top).gitmodel", NULL };
	struct mv_buf text;
	int rc;

	snprintf(not_old, sizeof(not_old), "^%.64s", old);
	mv_buf_init(&text, 4096);
	rc = mv_git_run(git, *old ? args : all, NULL, 0, &text, err);
	*out = '\0';
	if (!rc && text.len) {
		text.data[strcspn(text.data, "\n")] = '\0';
		snprintf(out, 65, "%s", text.data);
	}
	mv_buf_release(&text);
	return rc;
}

struct merge {
	char parents[PARENTS_MAX][65];
	size_t count;
};

static int take_parents(void *payload, size_t i,
			const struct mv_git_object_info *commit,
			struct mv_err *err)
{
	struct merge *m = payload;

	(void)i;
	(void)err;
	for (size_t k = 0; commit && k < commit->parent_count; k++)
		if (m->count < PARENTS_MAX)
			snprintf(m->parents[m->count++], 65, "%s",
				 commit->parents[k]);
	return 0;
}

/* What stands in .gitmodel/ of a commit, in git's words: "" for nothing. */
static int folder_of(struct mv_buf *out, struct mv_git *git,
		     const char *commit, struct mv_err *err)
{
	const char *args[] = { "ls-tree", "--full-tree", commit, "--",
			       ".gitmodel", NULL };

	mv_buf_clear(out);
	return mv_git_run(git, args, NULL, 0, out, err);
}

/* The other parent of a merge that it has .gitmodel/ from, when that side is
   new; "": there is none. */
static int came_from(char *out, struct mv_git *git, const char *merge,
		     const char *old, struct mv_err *err)
{
	struct merge m = { .count = 0 };
	struct mv_buf is, was;
	int rc = mv_git_objects(git, &merge, 1, take_parents, &m, err);

	*out = '\0';
	mv_buf_init(&is, 4096);
	mv_buf_init(&was, 4096);
	if (!rc && m.count > 1)
		rc = folder_of(&is, git, merge, err);
	for (size_t k = 1; !rc && k < m.count && !*out; k++) {
		int known = 0;

		rc = folder_of(&was, git, m.parents[k], err);
		if (rc || mv_buf_cmp(&is, &was))
			continue;
		if (*old)
			known = mv_git_is_ancestor(git, m.parents[k], old,
						   err);
		if (known < 0)
			rc = known;
		else if (!known)
			memcpy(out, m.parents[k], sizeof(m.parents[k]));
	}
	mv_buf_release(&is);
	mv_buf_release(&was);
	return rc;
}

int mv_gate_policy_origin(char *out, struct mv_gate *gate, const char *old,
			  const char *new, struct mv_err *err)
{
	struct mv_git *git = mv_repo_git(gate->repo);
	char at[65], change[65], side[65];
	int rc = 0;

	snprintf(out, 65, "%s", new);
	snprintf(at, sizeof(at), "%s", new);
	for (int i = 0; i < STEPS_MAX && !rc; i++) {
		rc = newest_change(change, git, at, old, err);
		if (rc || !*change)
			return rc;
		memcpy(out, change, sizeof(change));
		rc = came_from(side, git, change, old, err);
		if (rc || !*side)
			return rc;
		memcpy(at, side, sizeof(side));
	}
	return rc;
}
