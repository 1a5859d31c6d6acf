/* SPDX-License-Identifier: MIT */
#include "libmv/git/git.h"
#include "libmv/git/history.h"
#include "libmv/git/priv.h"

#include <stdlib.h>
#include <string.h>

/*
 * How much would a walk see? A dozen trees that name each other can stand for
 * more paths than anybody can walk, and empty ones at the bottom for a walk
 * that never says a word. So each tree is read once, what it holds is
 * remembered, and nothing is walked before the sum is known.
 */
#define TREE_MAX ((size_t)512 << 20)
#define DEPTH_MAX 512

struct counting {
	struct mv_git *git;
	size_t oid_len;
	uint64_t max;
	struct mv_git_oidmap known;
	const char *commit;	/* for messages */
};

static int is_tree(const struct mv_git_tree_entry *e)
{
	return (e->mode & 0170000) == 0040000;
}

/* In git's order, in which a folder's name ends with a slash. */
static int count_by_name(const struct mv_git_tree_entry *a,
			 const struct mv_git_tree_entry *b)
{
	size_t n = strlen(a->name), m = strlen(b->name);
	int d = memcmp(a->name, b->name, n < m ? n : m);
	unsigned char x = is_tree(a) ? '/' : 0, y = is_tree(b) ? '/' : 0;

	if (d)
		return d;
	if (n > m)
		x = (unsigned char)a->name[m];
	if (m > n)
		y = (unsigned char)b->name[n];
	return (x > y) - (x < y);
}

static int too_many(const struct counting *c, struct mv_err *err)
{
	return mv_fail(err, MV_EINVALID, "%.10s has more than %llu paths that "
		       "would have to be looked at", c->commit,
		       (unsigned long long)c->max);
}

static int read_tree(struct mv_buf *data, struct counting *c,
		     const uint8_t *oid, struct mv_err *err)
{
	char hex[MV_GIT_HEX_MAX];
	int rc = mv_git_object(c->git, mv_hex(hex, oid, c->oid_len),
			       MV_GIT_TREE, data, err);

	/* There, but of another kind, or too large: no tree that we walk. */
	return rc == MV_ENOENT || rc == MV_EINVALID ?
		mv_fail(err, MV_ECORRUPT, "tree '%s' cannot be read", hex) :
		rc;
}

/* A cursor over the old tree's entries, beside the new one's. */
struct beside {
	const char *p, *end;
	struct mv_git_tree_entry e;
	int has;
};

static const struct mv_git_tree_entry *
find_beside(struct beside *b, const struct mv_git_tree_entry *e,
	    size_t oid_len)
{
	for (;;) {
		if (!b->has && (b->p >= b->end ||
				mv_git_parse_tree(&b->e, &b->p, b->end,
						  oid_len)))
			return NULL;
		b->has = 1;
		if (count_by_name(&b->e, e) >= 0)
			break;
		b->has = 0;
	}
	return count_by_name(&b->e, e) ? NULL : &b->e;
}

static int count_tree(struct counting *c, uint64_t *out, const uint8_t *new,
		      const uint8_t *old, unsigned depth, struct mv_err *err);

static int count_entries(struct counting *c, uint64_t *sum,
			 const struct mv_buf *new, const struct mv_buf *old,
			 unsigned depth, struct mv_err *err)
{
	const char *p = new->data, *end = p + new->len;
	struct beside b = { old->data, old->data + old->len,
			    { 0, NULL, NULL }, 0 };
	int rc = 0;

	while (!rc && p < end) {
		const struct mv_git_tree_entry *was;
		struct mv_git_tree_entry e;
		uint64_t below = 0;

		if (mv_git_parse_tree(&e, &p, end, c->oid_len))
			return mv_fail(err, MV_ECORRUPT, "a tree of %.10s is "
				       "damaged", c->commit);
		was = find_beside(&b, &e, c->oid_len);
		if (was && was->mode == e.mode &&
		    !memcmp(was->oid, e.oid, c->oid_len))
			continue;
		if (is_tree(&e)) {
			rc = count_tree(c, &below, e.oid, was ? was->oid :
					NULL, depth + 1, err);
		}
		if (!rc && (*sum += below + 1) > c->max)
			rc = too_many(c, err);
	}
	return rc;
}

static int count_tree(struct counting *c, uint64_t *out, const uint8_t *new,
		      const uint8_t *old, unsigned depth, struct mv_err *err)
{
	const uint64_t *known = old ? NULL :
		mv_git_oidmap_get(&c->known, new, c->oid_len);
	struct mv_buf a, b;
	int rc;

	*out = known ? *known : 0;
	if (known || (old && !memcmp(new, old, c->oid_len)))
		return 0;
	if (depth > DEPTH_MAX)
		return mv_fail(err, MV_EINVALID, "%.10s has folders more than "
			       "%d deep", c->commit, DEPTH_MAX);
	mv_buf_init(&a, TREE_MAX);
	mv_buf_init(&b, TREE_MAX);
	rc = read_tree(&a, c, new, err);
	if (!rc && old)
		rc = read_tree(&b, c, old, err);
	if (!rc)
		rc = count_entries(c, out, &a, &b, depth, err);
	if (!rc && !old)
		rc = mv_git_oidmap_put(&c->known, new, c->oid_len, *out, err);
	mv_buf_release(&a);
	mv_buf_release(&b);
	return rc;
}

/* Room for 32. MV_ENOENT: no such revision; MV_ECORRUPT: it is there, and its
   tree is not. */
static int tree_of(uint8_t *oid, struct mv_git *git, const char *rev,
		   struct mv_err *err)
{
	char *spec = mv_strf("%s^{tree}", rev);
	char hex[MV_GIT_HEX_MAX], type[8] = "";
	int rc = spec ? mv_git_batch_name(git, hex, type, spec, err) :
		mv_nomem(err);

	free(spec);
	if (rc == MV_ENOENT && !mv_git_batch_name(git, hex, type, rev, NULL))
		return mv_fail(err, MV_ECORRUPT, "the tree of '%s' cannot be "
			       "read; see git fsck", rev);
	if (rc == MV_ENOENT || (!rc && strcmp(type, "tree")))
		return mv_fail(err, MV_ENOENT, "'%s' has no tree", rev);
	if (!rc)
		mv_unhex(oid, hex, git->info.hex_len / 2);
	return rc;
}

int mv_git_bound_paths(struct mv_git *git, const char *const *revs,
		       size_t count, const char *base, uint64_t max,
		       struct mv_err *err)
{
	struct counting c = { .git = git, .oid_len = git->info.hex_len / 2,
			      .max = max };
	uint8_t new[32], old[32];
	int rc = *base ? tree_of(old, git, base, err) : 0;

	for (size_t i = 0; !rc && i < count; i++) {
		uint64_t paths;

		c.commit = revs[i];
		rc = tree_of(new, git, revs[i], err);
		if (!rc)
			rc = count_tree(&c, &paths, new, *base ? old : NULL,
					0, err);
	}
	mv_git_oidmap_release(&c.known);
	return rc;
}

/* -- what came and went again --------------------------------------------- */

enum { LIST_MAX = 256 << 20 };	/* bytes of names */

/* A commit and its parents, as git rev-list has them in a line. */
static int count_commit(struct counting *c, uint64_t *paths, char *line,
			const char *base, struct mv_err *err)
{
	char *parent = strchr(line, ' ');
	uint8_t new[32], old[32];
	int rc;

	if (parent)
		*parent++ = '\0';
	if (parent)
		parent[strcspn(parent, " ")] = '\0';
	c->commit = line;
	rc = tree_of(new, c->git, line, err);
	if (!rc && (parent || *base))
		rc = tree_of(old, c->git, parent ? parent : base, err);
	return rc ? rc : count_tree(c, paths, new, parent || *base ? old : NULL,
				    0, err);
}

static int list_commits(struct mv_buf *out, struct mv_git *git,
			const char *tip, const char *old, const char *base,
			struct mv_err *err)
{
	const char *args[8] = { "rev-list", "--parents", tip };
	size_t n = 3;

	if (*old || *base)
		args[n++] = "--not";
	if (*old)
		args[n++] = old;
	if (*base)
		args[n++] = base;
	args[n++] = "--";
	args[n] = NULL;
	return mv_git_run(git, args, NULL, 0, out, err);
}

int mv_git_bound_history(struct mv_git *git, const char *tip, const char *old,
			 const char *base, uint64_t max, struct mv_err *err)
{
	struct counting c = { .git = git, .oid_len = git->info.hex_len / 2,
			      .max = max };
	const uint64_t all = max > UINT64_MAX / MV_GIT_HISTORY_PATHS ?
		UINT64_MAX : MV_GIT_HISTORY_PATHS * max;
	uint64_t sum = 0;
	struct mv_buf list;
	int rc;

	mv_buf_init(&list, LIST_MAX);
	rc = list_commits(&list, git, tip, old, base, err);
	for (char *line = list.data, *end; !rc && line && *line; line = end) {
		uint64_t paths = 0;

		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		rc = count_commit(&c, &paths, line, base, err);
		sum += paths;
		if (!rc && sum > all)
			rc = mv_fail(err, MV_EINVALID,
				     "the commits up to %.10s "
				     "change more than %llu paths together; "
				     "push less at once", tip,
				     (unsigned long long)all);
	}
	mv_git_oidmap_release(&c.known);
	mv_buf_release(&list);
	return rc;
}

/* -- what differs, both ways ---------------------------------------------- */

/* `old` may be NULL: nothing. */
static int count_both(struct counting *c, uint64_t *sum, const uint8_t *new,
		      const uint8_t *old, struct mv_err *err)
{
	uint64_t came = 0, went = 0;
	int rc = count_tree(c, &came, new, old, 0, err);

	if (!rc && old)
		rc = count_tree(c, &went, old, new, 0, err);
	*sum += came + went;
	return rc;
}

int mv_git_bound_diff(struct mv_git *git, const char *old, const char *new,
		      uint64_t max, struct mv_err *err)
{
	struct counting c = { .git = git, .oid_len = git->info.hex_len / 2,
			      .max = max, .commit = new };
	uint8_t is[32], was[32];
	uint64_t sum = 0;
	int rc = tree_of(is, git, new, err);

	if (!rc && *old)
		rc = tree_of(was, git, old, err);
	if (!rc)
		rc = count_both(&c, &sum, is, *old ? was : NULL, err);
	mv_git_oidmap_release(&c.known);
	return rc;
}

/* "<commit> <parent>...", the parents that are here; of a shallow clone git
   names no others. */
static int count_changes(struct counting *c, uint64_t *sum, char *line,
			 struct mv_err *err)
{
	char *save = NULL, *name = strtok_r(line, " ", &save);
	uint8_t new[32], old[32];
	size_t parents = 0;
	int rc;

	c->commit = name;
	rc = tree_of(new, c->git, name, err);
	while (!rc && (name = strtok_r(NULL, " ", &save))) {
		parents++;
		rc = tree_of(old, c->git, name, err);
		if (!rc)
			rc = count_both(c, sum, new, old, err);
	}
	return rc || parents ? rc : count_both(c, sum, new, NULL, err);
}

int mv_git_bound_changes(struct mv_git *git, const char *const *args,
			 uint64_t max, struct mv_err *err)
{
	static const char *const head[] = { "rev-list", "--parents", NULL };
	struct counting c = { .git = git, .oid_len = git->info.hex_len / 2,
			      .max = max };
	const char **list = mv_git_join(head, args);
	char *save = NULL;
	uint64_t sum = 0;
	struct mv_buf out;
	int rc;

	mv_buf_init(&out, LIST_MAX);
	rc = list ? mv_git_run(git, list, NULL, 0, &out, err) : mv_nomem(err);
	for (char *line = out.len ? strtok_r(out.data, "\n", &save) : NULL;
	     !rc && line; line = strtok_r(NULL, "\n", &save)) {
		rc = count_changes(&c, &sum, line, err);
		if (!rc && sum / MV_GIT_HISTORY_PATHS > max)
			rc = too_many(&c, err);
	}
	mv_git_oidmap_release(&c.known);
	mv_buf_release(&out);
	free(list);
	return rc;
}
