/* SPDX-License-Identifier: MIT */
#ifndef MV_GIT_OBJECTS_H
#define MV_GIT_OBJECTS_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/git/git.h"

/*
 * objects: blobs, trees, commits and tags as bytes; those that are not here in a
 * partial clone are only fetched where it is said. Hostile all of them.
 *
 * Object names are hex, 40 or 64 digits; paths are relative to the top of the
 * work tree, any bytes but NUL.
 */
struct mv_git_entry {
	const char *path;
	const char *blob;	/* hex; "" when not in the index */
	unsigned mode;		/* 0100644, 0100755, 0120000, 0160000, or 0:
				   untracked */
	int stage;		/* 0, or 1..3 in a conflict */
	int skip_worktree;	/* sparse checkout: not in the work tree */
	int assume_unchanged;	/* git looks at no file that is marked so */
};
typedef int (*mv_git_entry_fn)(void *payload, const struct mv_git_entry *e,
			       struct mv_err *err);

/*
 * "HEAD:path", ":path", a blob's hex ... MV_ENOENT expected: it is not there,
 * which is never said of what a ref or a tree names and git cannot read
 * (MV_ECORRUPT; of a bare hex it is all that can be said). MV_EINVALID:
 * not a blob; MV_ENOMEM: larger than the buffer's maximum. The bytes are
 * checked against their name. `hex` (room for 65, may be NULL) gets it.
 */
int mv_git_read_blob(struct mv_git *git, const char *spec, struct mv_buf *out,
		     char *hex, struct mv_err *err);
/*
 * All that is below a commit or tree: files, links, and of a submodule its
 * place (0160000, with its commit as `blob`); stage is 0. The names are
 * whatever somebody put there. MV_ENOENT: `rev` is no revision; MV_EINVALID,
 * before any is told: no tree, or more than MV_GIT_PATHS_MAX (git/history.h).
 */
int mv_git_walk_tree(struct mv_git *git, const char *rev, mv_git_entry_fn fn,
		     void *payload, struct mv_err *err);
/*
 * What stands at a path (from the top) of a commit or tree: a mode as above,
 * or 0040000. A blob's name does not tell a file from a link. MV_ENOENT.
 */
int mv_git_mode_at(unsigned *mode, struct mv_git *git, const char *rev,
		   const char *path, struct mv_err *err);

/*
 * Blobs of 1..max_len bytes with their contents. `args` are rev-list
 * arguments, e.g. { "HEAD", "--not", "--remotes=origin", NULL } and
 * limit it to what those reach; NULL means every object that the repository
 * has, reachable or not (gc's roots). `path` is one path it was seen at, cut
 * at a newline by git, or NULL. Promised objects that are not here are not
 * fetched; any other that cannot be read is an error.
 */
typedef int (*mv_git_blob_fn)(void *payload, const char *hex,
			      const char *path, const void *data, size_t len,
			      struct mv_err *err);
int mv_git_each_small_blob(struct mv_git *git, const char *const *args,
			   size_t max_len, mv_git_blob_fn fn, void *payload,
			   struct mv_err *err);

/*
 * Blobs of more than `limit` bytes that these rev-list arguments reach, and
 * one path each was seen at (as above; "" when there is none). Where there
 * are none, which is the rule, it costs one walk and reads no content.
 */
typedef int (*mv_git_large_fn)(void *payload, const char *path, uint64_t size,
			       struct mv_err *err);
int mv_git_each_large_blob(struct mv_git *git, const char *const *args,
			   uint64_t limit, mv_git_large_fn fn, void *payload,
			   struct mv_err *err);

/*
 * What a partial clone was promised (promised.c): the remotes that promised,
 * none in any other repository; how many objects these rev-list arguments
 * reach that are not here; and those, fetched all together. MV_EIO with git's
 * words: one of them is not to be had. Nothing else is fetched, no ref moves.
 */
struct mv_git_promisors {
	char **name;
	size_t count;
};
int mv_git_promisors(struct mv_git_promisors *out, struct mv_git *git,
		     struct mv_err *err);
void mv_git_promisors_release(struct mv_git_promisors *p);
int mv_git_count_promised(size_t *count, struct mv_git *git,
			  const char *const *args, struct mv_err *err);
int mv_git_fetch_promised(struct mv_git *git,
			  const struct mv_git_promisors *from,
			  const char *const *args, struct mv_err *err);

/* Directories of alternates' objects, one call each, absolute. */
int mv_git_each_alternate(struct mv_git *git,
			  int (*fn)(void *payload, const char *objects_dir,
				    struct mv_err *err),
			  void *payload, struct mv_err *err);

struct mv_git_person {
	char *name, *email;
	int64_t when;		/* seconds since 1970 */
	int tz;			/* minutes east of Greenwich */
};
/*
 * A commit or an annotated tag, parsed from its bytes (hostile). Of a tag:
 * `author` is the tagger, `target` what it points to, `name` its own name.
 * `payload_len` bytes of `raw` are what a signature is over, `signature` is
 * its armour or NULL. Everything belongs to the struct.
 */
struct mv_git_object_info {
	char *raw;
	size_t raw_len;
	char hex[65], target[65], tree[65];
	char *name;
	char **parents;
	size_t parent_count;
	struct mv_git_person author, committer;
	char *message;		/* without a signature that stands in it */
	char *payload, *signature;
	size_t payload_len;
};
/* Several in one process; fn gets each in order, or NULL for one missing, of
   another type (not commit or tag), larger than 8 MiB, or not made as git
   makes them. Never NULL: name (of a tag), names, emails, message, payload. */
typedef int (*mv_git_info_fn)(void *payload, size_t i,
			      const struct mv_git_object_info *info,
			      struct mv_err *err);
int mv_git_objects(struct mv_git *git, const char *const *names, size_t count,
		   mv_git_info_fn fn, void *payload, struct mv_err *err);
/* Blobs by spec ("HEAD:a", hex), many in one process; data NULL: missing or
   not a blob (then hex is ""), or larger than max_len (then len is its
   size). The callback may ask this repository again. */
typedef int (*mv_git_data_fn)(void *payload, size_t i, const char *hex,
			      const void *data, size_t len,
			      struct mv_err *err);
int mv_git_read_many(struct mv_git *git, const char *const *specs,
		     size_t count, size_t max_len, mv_git_data_fn fn,
		     void *payload, struct mv_err *err);

/* Write a blob object; `hex` has room for 65. */
int mv_git_write_blob(char *hex, struct mv_git *git, const void *data,
		      size_t len, struct mv_err *err);

#endif
