/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/gate/priv.h"
#include "libmv/git/config.h"
#include "libmv/git/git.h"
#include "libmv/git/history.h"
#include "libmv/git/objects.h"
#include "libmv/git/refs.h"

/*
 * The policies that the trusted branch held, one after the other, from what
 * its history says. That is its first parents, but for two things. Who pulls
 * and pushes makes what the branch was the second parent: what stood there is
 * believed when it is the same as what stood on the line. And a merge can have
 * a first parent that the branch never was, with the branch's own tree: there
 * the line goes on where the merge has its .gitmodel/ from.
 */
#define OUT_MAX ((size_t)1 << 30)
#define FOLDER ".gitmodel"

/* Where history is cut off a no is not known; who asks says so by `shallow`. */
static int is_behind(const struct mv_past *past, struct mv_git *git,
		     const char *old, const char *new, struct mv_err *err)
{
	int yes = mv_git_is_ancestor(git, old, new, err);

	return yes == MV_ENOTSUP && past->shallow ? 0 : yes;
}

/* -- names of what stands in commits -------------------------------------- */

/* Hex of each spec ("<commit>^2", "<commit>:.gitmodel"), one after the other
   in `out`; "" for what is not there. Ask for nothing with a newline in it. */
static int resolve(char (*out)[65], struct mv_git *git, char *const *specs,
		   size_t count, struct mv_err *err)
{
	const char *args[] = { "cat-file",
			       "--batch-check=%(objectname) %(objecttype)",
			       NULL };
	char *save = NULL, *line;
	struct mv_buf in, text;
	size_t i = 0;
	int rc = 0;

	mv_buf_init(&in, OUT_MAX);
	mv_buf_init(&text, OUT_MAX);
	for (size_t k = 0; k < count && !rc; k++)
		rc = mv_buf_addf(&in, "%s\n", specs[k]) ? mv_nomem(err) : 0;
	if (!rc && count)
		rc = mv_git_run(git, args, in.data, in.len,
				&text, err);
	for (line = rc ? NULL : strtok_r(text.data, "\n", &save);
	     line && i < count; line = strtok_r(NULL, "\n", &save)) {
		size_t n = strspn(line, "0123456789abcdef");

		out[i][0] = '\0';
		if ((n == 40 || n == 64) && line[n] == ' ')
			snprintf(out[i], 65, "%.*s", (int)n, line);
		i++;
	}
	if (!rc && i < count)
		rc = mv_fail(err, MV_EIO, "cannot understand what git "
			     "cat-file says");
	mv_buf_release(&in);
	mv_buf_release(&text);
	return rc;
}

/* `path` of commit, as a spec for resolve(); parent 0: of the commit itself. */
static char *spec_of(const char *commit, const char *path)
{
	return path ? mv_strf("%s:%s", commit, path) : strdup(commit);
}

static void free_specs(char **specs, size_t count)
{
	for (size_t i = 0; specs && i < count; i++)
		free(specs[i]);
	free(specs);
}

/* What stands at `path` in each of `count` commits. */
static int resolve_path(char (*out)[65], struct mv_git *git,
			const char *const *commits, size_t count,
			const char *path, struct mv_err *err)
{
	char **specs = calloc(count + 1, sizeof(*specs));
	int rc = specs ? 0 : mv_nomem(err);

	for (size_t i = 0; i < count && !rc; i++) {
		specs[i] = spec_of(commits[i], path);
		rc = specs[i] ? 0 : mv_nomem(err);
	}
	if (!rc)
		rc = resolve(out, git, specs, count, err);
	free_specs(specs, count);
	return rc;
}

/* -- where the policy begins ---------------------------------------------- */

static int add_beginning(struct mv_past *past, const char *hex,
			 struct mv_err *err)
{
	char *name = MV_GROW_ONE(past->beginnings, past->beginning_count, err);

	if (!name)
		return MV_ENOMEM;
	mv_gate_past_name(name, hex);
	return 0;
}

/* Newest first: what descends from one that is behind it is no beginning, but
   a policy that came back. */
static int keep_first(struct mv_past *past, struct mv_git *git,
		      struct mv_err *err)
{
	size_t kept = 0;

	for (size_t i = 0; i < past->beginning_count; i++) {
		int later = 0;

		for (size_t k = 0; k < past->beginning_count && !later; k++) {
			if (k == i)
				continue;
			later = is_behind(past, git, past->beginnings[k],
						   past->beginnings[i], err);
			if (later < 0)
				return later;
		}
		if (!later)
			memcpy(past->beginnings[kept++], past->beginnings[i],
			       65);
	}
	past->beginning_count = kept;
	return 0;
}

/* Each commit that has a policy where none of its parents has one. */
static int read_beginnings(struct mv_past *past, struct mv_git *git,
			   const char *tip, struct mv_err *err)
{
	const char *args[] = { "log", "--full-history", "--topo-order",
			       "--root", "--diff-filter=A", "--format=%H",
			       "--no-renames", "--no-ext-diff", tip, "--",
			       ":(top)" FOLDER "/policy", NULL };
	struct mv_buf text;
	char *save = NULL, *line;
	int rc;

	mv_buf_init(&text, OUT_MAX);
	rc = mv_git_run(git, args, NULL, 0, &text, err);
	for (line = rc ? NULL : strtok_r(text.data, "\n", &save);
	     line && !rc; line = strtok_r(NULL, "\n", &save))
		rc = add_beginning(past, line, err);
	mv_buf_release(&text);
	return rc || past->beginning_count < 2 ? rc :
		keep_first(past, git, err);
}

static int name_beginning(struct mv_past *past, struct mv_git *git,
			  struct mv_err *err)
{
	const char *pin;
	char hex[65];
	int rc = mv_git_config(&pin, git, "model.policyroot", err);

	if (rc)
		return rc;
	if (pin && *pin) {
		rc = mv_git_commit_sure(hex, git, pin, err);
		if (rc == MV_ENOENT)
			return mv_fail(err, MV_EINVALID, "model.policyRoot "
				       "names '%s', which is no commit here",
				       pin);
		mv_gate_past_name(past->root, rc ? "" : hex);
		past->pinned = 1;
	} else if (past->beginning_count == 1) {
		mv_gate_past_name(past->root, past->beginnings[0]);
	}
	return rc;
}

/* -- one piece of the line ------------------------------------------------ */

static int take_parents(void *payload, size_t i,
			const struct mv_git_object_info *commit,
			struct mv_err *err)
{
	char ***parents = payload;
	size_t n = commit ? commit->parent_count : 0;

	parents[i] = calloc(n + 1, sizeof(**parents));
	if (!parents[i])
		return mv_nomem(err);
	for (size_t k = 0; k < n; k++) {
		parents[i][k] = strdup(commit->parents[k]);
		if (!parents[i][k])
			return mv_nomem(err);
	}
	return 0;
}

static void free_parents(char ***parents, size_t count)
{
	for (size_t i = 0; parents && i < count; i++) {
		for (size_t k = 0; parents[i] && parents[i][k]; k++)
			free(parents[i][k]);
		free(parents[i]);
	}
	free(parents);
}

/*
 * Did the first parent of a merge hold what the merge threw away? A branch
 * that others were merged into stands where they began (`base`) when the merge
 * takes .gitmodel/ from them; else what it had was never the branch's.
 */
static int was_thrown_away(int *yes, const struct mv_past *past,
			   struct mv_git *git, const char *first,
			   const char *other, const char *folder,
			   struct mv_err *err)
{
	char base[65], then[1][65];
	const char *names[] = { base };
	int rc = mv_git_merge_base(base, git, first, other, err);

	*yes = rc == MV_ENOENT && !past->shallow;
	if (rc)
		return rc == MV_ENOENT ? 0 : rc;
	rc = resolve_path(then, git, names, 1, FOLDER, err);
	*yes = !rc && strcmp(then[0], folder);
	return rc;
}

/* Of a merge that changed .gitmodel/: the parent from which the line goes on,
   when that is not the first; else "". */
static int turn(char *to, const struct mv_past *past, struct mv_git *git,
		const char *merge, char *const *parents, struct mv_err *err)
{
	enum { MOST = 16 };
	const char *names[MOST + 1] = { merge };
	char folder[MOST + 1][65];
	size_t n = 0;
	int yes = 0, rc;

	*to = '\0';
	while (parents[n] && n < MOST) {
		names[n + 1] = parents[n];
		n++;
	}
	if (n < 2)
		return 0;
	rc = resolve_path(folder, git, names, n + 1, FOLDER, err);
	if (rc || !strcmp(folder[0], folder[1]))
		return rc;
	for (size_t k = 2; k <= n && !yes && !rc; k++) {
		if (strcmp(folder[k], folder[0]))
			continue;
		rc = was_thrown_away(&yes, past, git, names[1], names[k],
				     folder[1], err);
		if (!rc && yes)
			mv_gate_past_name(to, names[k]);
	}
	return rc;
}

/* The newest of the changes at which the line leaves the first parents. */
static int find_turn(size_t *at, char *to, const struct mv_past *past,
		     struct mv_git *git, const struct mv_past_list *changes,
		     struct mv_err *err)
{
	const char **names = calloc(changes->count + 1, sizeof(*names));
	char ***parents = calloc(changes->count + 1, sizeof(*parents));
	int rc = names && parents ? 0 : mv_nomem(err);

	*to = '\0';
	for (size_t i = 0; i < changes->count && !rc; i++)
		names[i] = changes->v[i].hex;
	if (!rc && changes->count)
		rc = mv_git_objects(git, names, changes->count, take_parents,
				    parents, err);
	for (*at = 0; *at < changes->count && !rc; ++*at) {
		rc = turn(to, past, git, names[*at], parents[*at], err);
		if (rc || *to)
			break;
	}
	free_parents(parents, changes->count);
	free(names);
	return rc;
}

/* With a root that somebody named, or the only one: the oldest commit of the
   list that has it behind it. What is older never was the branch when it has
   a beginning of its own. */
static int find_root(size_t *at, char *to, struct mv_past *past,
		     struct mv_git *git, const struct mv_past_list *line,
		     struct mv_err *err)
{
	size_t lo = 0, hi = line->count;
	const char *name;
	char **parents[1] = { NULL };
	int rc = 0, other = 0;

	*to = '\0';
	while (lo < hi && rc >= 0) {	/* v[lo - 1] has it, v[hi] has not */
		size_t mid = lo + (hi - lo) / 2;

		rc = is_behind(past, git, past->root, line->v[mid].hex,
					err);
		if (rc > 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (rc < 0)
		return rc;
	if (!lo || lo == line->count)
		return 0;
	for (size_t i = 0; i < past->beginning_count && !other; i++) {
		other = is_behind(past, git, past->beginnings[i],
					   line->v[lo].hex, err);
		if (other < 0)
			return other;
	}
	if (!other)
		return 0;	/* there is no policy in it */
	*at = lo - 1;
	name = line->v[*at].hex;
	rc = mv_git_objects(git, &name, 1, take_parents, parents, err);
	for (size_t k = 1; !rc && parents[0][0] && parents[0][k] && !*to;
	     k++) {
		int has = is_behind(past, git, past->root, parents[0][k],
					     err);

		if (has < 0)
			rc = has;
		else if (has)
			mv_gate_past_name(to, parents[0][k]);
	}
	for (size_t k = 0; parents[0] && parents[0][k]; k++)
		free(parents[0][k]);
	free(parents[0]);
	return rc;
}

/* -- the whole line ------------------------------------------------------- */

static int past_line_append(struct mv_past_list *to,
			    const struct mv_past_list *from,
			    size_t count, struct mv_err *err)
{
	struct mv_past_commit *v = realloc(to->v, (to->count + count + 1) *
					   sizeof(*v));

	if (!v)
		return mv_nomem(err);
	to->v = v;
	for (size_t i = 0; i < count; i++) {
		v[to->count] = from->v[i];
		v[to->count].at = to->count;
		v[to->count].parents = v[to->count].parent_count = 0;
		to->count++;
	}
	return 0;
}

static size_t place_in(const struct mv_past_list *list, const char *hex)
{
	const struct mv_past_commit *c = mv_gate_past_find(list, hex);

	return c ? c->at : list->count;
}

/* From `from` on by first parents; *to: where the line goes on instead. */
static int add_piece(struct mv_past *past, char *to, struct mv_git *git,
		     const char *from, struct mv_err *err)
{
	const char *all[] = { "rev-list", "--first-parent", "--timestamp",
			      from, "--", NULL };
	const char *some[] = { "rev-list", "--first-parent", "--timestamp",
			       from, "--", ":(top)" FOLDER, NULL };
	struct mv_past_list line = { 0 }, changes = { 0 };
	size_t end, at = 0, changed, turned;
	char other[65];
	char stands[1][65];
	const char *names[] = { from };
	int rc = mv_gate_past_list_read(&line, git, all, err);

	if (!rc)
		rc = mv_gate_past_list_read(&changes, git, some, err);
	/* A commit is on its own line, and what stands there came somehow. */
	if (!rc)
		rc = resolve_path(stands, git, names, 1, FOLDER, err);
	if (!rc && (!line.count || (!changes.count && **stands)))
		rc = mv_fail(err, MV_EIO, "git rev-list does not say how "
			     "%.10s came to be", from);
	if (!rc)
		rc = find_turn(&changed, to, past, git, &changes, err);
	/* A merge at which the line turns has what the line has: no change. */
	turned = rc || !*to ? line.count :
		place_in(&line, changes.v[changed].hex);
	end = turned < line.count ? turned + 1 : line.count;
	if (!rc && *past->root && past->beginning_count > 1) {
		rc = find_root(&at, other, past, git, &line, err);
		if (!rc && *other && at + 1 < end) {
			end = at + 1;
			mv_gate_past_name(to, other);
		}
	}
	for (changed = 0; !rc && changed < changes.count; changed++) {
		size_t place = place_in(&line, changes.v[changed].hex);

		if (place >= end || place == turned)
			break;
	}
	if (!rc)
		rc = past_line_append(&past->branch, &line, end, err);
	if (!rc)
		rc = past_line_append(&past->changes, &changes, changed, err);
	mv_gate_past_list_release(&line);
	mv_gate_past_list_release(&changes);
	return rc;
}

int mv_gate_past_read_branch(struct mv_past *past, struct mv_git *git,
			     const char *tip, struct mv_err *err)
{
	char from[65], to[65];
	int rc;

	if (!*tip)
		return 0;
	mv_gate_past_name(from, tip);
	rc = read_beginnings(past, git, tip, err);
	if (!rc)
		rc = name_beginning(past, git, err);
	while (!rc && *from) {
		rc = add_piece(past, to, git, from, err);
		memcpy(from, to, sizeof(from));
	}
	if (!rc)
		rc = mv_gate_past_list_sort(&past->branch, err);
	return rc ? rc : mv_gate_past_list_sort(&past->changes, err);
}

/* -- what stood beside the line ------------------------------------------- */

/* The oldest commit of the line that has `commit` behind it; NULL: none. */
static int brought_by(const struct mv_past_commit **out,
		      const struct mv_past *past, struct mv_git *git,
		      const char *commit, struct mv_err *err)
{
	const struct mv_past_list *l = &past->branch;
	size_t lo = 0, hi = l->count;

	*out = NULL;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int has = is_behind(past, git, commit, l->v[mid].hex, err);

		if (has < 0)
			return has;
		if (has)
			lo = mid + 1;
		else
			hi = mid;
	}
	*out = lo ? &l->v[lo - 1] : NULL;
	return 0;
}

/* Is what decides, of .gitmodel/ and of `paths`, the same in both? */
static int looks_like(int *yes, struct mv_git *git, const char *commit,
		      const char *other, const char *const *paths,
		      struct mv_err *err)
{
	const char *both[] = { commit, other };
	char stands[2][65];
	int rc = resolve_path(stands, git, both, 2, FOLDER, err);

	*yes = !rc && !strcmp(stands[0], stands[1]);
	for (; paths && *paths && !rc && *yes; paths++) {
		rc = resolve_path(stands, git, both, 2, *paths, err);
		*yes = !rc && !strcmp(stands[0], stands[1]);
	}
	return rc;
}

int mv_gate_past_place(const struct mv_past_commit **out,
		       const struct mv_past *past, struct mv_git *git,
		       const char *commit, const char *const *paths,
		       struct mv_err *err)
{
	const struct mv_past_commit *by, *places[2] = { NULL, NULL };
	char hex[65];
	int yes = 0, rc;

	*out = mv_gate_past_find(&past->branch, commit);
	if (*out || !past->branch.count)
		return 0;
	rc = mv_git_commit(hex, git, commit, err);
	if (rc)
		return rc == MV_ENOENT ? 0 : rc;
	rc = brought_by(&by, past, git, hex, err);
	if (rc || !by)
		return rc;
	places[0] = by;
	if (by->at + 1 < past->branch.count)
		places[1] = &past->branch.v[by->at + 1];
	for (size_t i = 0; i < 2 && places[i] && !rc && !yes; i++) {
		rc = looks_like(&yes, git, hex, places[i]->hex, paths, err);
		if (!rc && yes)
			*out = places[i];
	}
	return rc;
}

int mv_gate_past_brought(const struct mv_past_commit **out,
			 const struct mv_past *past, struct mv_git *git,
			 const char *commit, struct mv_err *err)
{
	char hex[65];
	int rc;

	*out = NULL;
	if (!past->branch.count)
		return 0;
	rc = mv_git_commit(hex, git, commit, err);
	if (rc)
		return rc == MV_ENOENT ? 0 : rc;
	return brought_by(out, past, git, hex, err);
}
