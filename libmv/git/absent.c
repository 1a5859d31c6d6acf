/* SPDX-License-Identifier: MIT */
#include "libmv/git/priv.h"

#include <stdlib.h>
#include <string.h>

#include "libmv/base/fs.h"
#include "libmv/git/git.h"

/*
 * "missing" is what cat-file says of a name that leads nowhere, and also of
 * one that leads to something which it could not read: a damaged object, one
 * that was promised and cannot be fetched, too many open files. Whoever asks
 * for a policy or for a no must not take the second for the first. So a
 * missing name that begins at a ref or at a commit is looked into, step by
 * step; that costs something where the answer is no, which is rare.
 */
#define TREE_MAX ((size_t)512 << 20)

/* -- refs ----------------------------------------------------------------- */

/* Nothing of this name could be read. 0: because it is not there. */
static int absent_ref(struct mv_git *git, const char *ref, struct mv_err *err)
{
	char hex[MV_GIT_HEX_MAX];
	int rc = mv_git_ref_strict(hex, git, ref, err);

	if (rc == MV_ENOENT)
		return 0;
	return rc ? rc : mv_fail(err, MV_ECORRUPT, "what '%s' names cannot be "
				 "read; see git fsck", ref);
}

/* -- paths in trees ------------------------------------------------------- */

/* The entry `name` (not terminated) of a tree. 1, 0: none, or an error. */
static int find_entry(unsigned *mode, char *hex, struct mv_git *git,
		      const char *tree, const char *name, size_t len,
		      struct mv_err *err)
{
	struct mv_git_tree_entry e = { 0 };
	struct mv_buf data;
	const char *p, *end;
	int rc, found = 0;

	mv_buf_init(&data, TREE_MAX);
	rc = mv_git_tree(git, tree, &data, err);
	p = data.data;
	end = p + data.len;
	while (!rc && !found && p < end) {
		if (mv_git_parse_tree(&e, &p, end, git->info.hex_len / 2))
			rc = mv_fail(err, MV_ECORRUPT, "tree '%s' is damaged; "
				     "see git fsck", tree);
		else
			found = strlen(e.name) == len &&
				!memcmp(e.name, name, len);
	}
	if (!rc && found) {
		*mode = e.mode;
		mv_hex(hex, e.oid, git->info.hex_len / 2);
	}
	mv_buf_release(&data);
	return rc ? rc : found;
}

static int absent_below(struct mv_git *git, const char *tree, const char *path,
			const char *spec, struct mv_err *err)
{
	char at[MV_GIT_HEX_MAX], next[MV_GIT_HEX_MAX];
	unsigned mode = 040000;
	int rc;

	memcpy(at, tree, sizeof(at));
	while (*path) {
		size_t n = strcspn(path, "/");

		if ((mode & 0170000) != 040000)
			return 0;
		rc = find_entry(&mode, next, git, at, path, n, err);
		if (rc <= 0)
			return rc;
		memcpy(at, next, sizeof(at));
		path += n + (path[n] == '/');
	}
	/* A submodule's commit is somebody else's. */
	if ((mode & 0170000) == 0160000)
		return 0;
	return mv_fail(err, MV_ECORRUPT, "'%s' is there, but object '%s' of it "
		       "cannot be read; see git fsck", spec, at);
}

/* What "REV:PATH" begins with could not be read. 0: there is no such REV. */
static int absent_rev(struct mv_git *git, const char *rev, struct mv_err *err)
{
	char hex[MV_GIT_HEX_MAX], type[8];
	char *spec;
	int rc;

	if (mv_git_is_ref(rev))
		return absent_ref(git, rev, err);
	if (mv_is_hex(rev, git->info.hex_len))
		return mv_fail(err, MV_ECORRUPT, "object '%s' is not in the "
			       "repository; see git fsck", rev);
	spec = mv_strf("%s^{}", rev);
	rc = spec ? mv_git_batch_name(git, hex, type, spec, err) :
		    mv_nomem(err);
	free(spec);
	if (rc == MV_ENOENT)
		return 0;
	return rc ? rc : mv_fail(err, MV_ECORRUPT, "what '%s' names cannot be "
				 "read; see git fsck", rev);
}

static int absent_path(struct mv_git *git, const char *spec,
		       struct mv_err *err)
{
	const char *colon = strchr(spec, ':');
	char *rev = strndup(spec, (size_t)(colon - spec));
	char *root = rev ? mv_strf("%s^{tree}", rev) : NULL;
	char tree[MV_GIT_HEX_MAX], type[8];
	int rc;

	rc = root ? mv_git_batch_name(git, tree, type, root, err) :
		    mv_nomem(err);
	if (rc == MV_ENOENT)
		rc = absent_rev(git, rev, err);
	else if (!rc && strcmp(type, "tree"))
		rc = mv_fail(err, MV_EIO, "cannot understand what git "
			     "cat-file says");
	else if (!rc)
		rc = absent_below(git, tree, colon + 1, spec, err);
	free(root);
	free(rev);
	return rc;
}

/* -- either --------------------------------------------------------------- */

/* "HEAD" of "HEAD^{tree}", in fresh memory. */
static char *peel(const char *spec)
{
	const char *end = strstr(spec, "^{");

	return end && !strchr(spec, ':') ? strndup(spec, (size_t)(end - spec)) :
					   strdup(spec);
}

int mv_git_is_absent(struct mv_git *git, const char *spec, struct mv_err *err)
{
	const char *colon = strchr(spec, ':');
	char *name;
	int rc = 0;

	if (git->confirming || strchr(spec, '\n'))
		return 0;
	name = peel(spec);
	if (!name)
		return mv_nomem(err);
	git->confirming = 1;
	/* Not of searches ("HEAD^{/a:b}", ":/a"), nor of what is relative. */
	if (!colon && mv_git_is_ref(name))
		rc = absent_ref(git, name, err);
	else if (colon && colon != spec && !strchr(spec, '{') &&
		 strncmp(colon, ":./", 3) && strncmp(colon, ":../", 4))
		rc = absent_path(git, spec, err);
	git->confirming = 0;
	free(name);
	return rc;
}
