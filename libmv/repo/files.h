/* SPDX-License-Identifier: MIT */
#ifndef MV_REPO_FILES_H
#define MV_REPO_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "libmv/base/fs.h"
#include "libmv/store/pointer.h"

/*
 * The files of ours in the index and in commits, and what one looks like in
 * the work tree at a moment: the stamps, the clock of its file system, the
 * path that a person typed. Reads; nothing is written.
 */
struct mv_repo;

/* -- looking -------------------------------------------------------------- */

enum mv_file_state {
	MV_FILE_OK,		/* the bytes are there, stat says unchanged */
	MV_FILE_MODIFIED,	/* the work tree differs from the index */
	MV_FILE_POINTER,	/* a pointer lies there; content is in the store */
	MV_FILE_MISSING,	/* a pointer lies there; content is not here */
	MV_FILE_DELETED,	/* not in the work tree */
	MV_FILE_CONFLICT,	/* unmerged */
	MV_FILE_RAW		/* git holds the bytes themselves, not a pointer */
};

struct mv_file {
	const char *path;
	const char *blob;
	struct mv_pointer pointer;	/* not for CONFLICT and RAW */
	enum mv_file_state state;
	int staged;			/* differs from HEAD */
	int stored;			/* the staged content is in the store */
	int outside;			/* of the sparse checkout: not looked at */
	int left_out;			/* MISSING, as git-lfs was told to */
	unsigned mode;			/* 0: removed from the index; the blob
					   and pointer are HEAD's */
};

typedef int (*mv_file_fn)(void *payload, const struct mv_file *file,
			  struct mv_err *err);

/*
 * Pointers in the index at paths that no line of any .gitattributes speaks
 * of (`git mv` out of a pattern, untrack): clones get the pointer, and the
 * next commit the bytes. By the files of the work tree, or with `staged` of
 * the index. A line "-filter" says that it is meant.
 */
int mv_repo_strays(struct mv_repo *repo, int staged,
		   const char *const *pathspecs, mv_file_fn fn, void *payload,
		   struct mv_err *err);

/* The pointers of a revision (NULL: the index); state says OK or MISSING by
   whether the content is in the store. MV_EINVALID: it has more paths than
   anybody can walk (MV_GIT_PATHS_MAX). */
int mv_repo_ls(struct mv_repo *repo, const char *rev, mv_file_fn fn,
	       void *payload, struct mv_err *err);

/*
 * Pointer blobs by their names in git: begins as zeros; free() k.
 */
struct mv_known_pointer {
	char hex[65];
	struct mv_pointer pointer;
};

struct mv_pointer_set {
	struct mv_known_pointer *k;
	size_t count, alloc;
};

/* All that rev-list finds with these arguments. */
int mv_repo_pointer_set_read(struct mv_pointer_set *set, struct mv_repo *repo,
			     const char *const *args, struct mv_err *err);

const struct mv_pointer *mv_repo_pointer_set_find(const struct mv_pointer_set *set,
						  const char *hex);

/* The pointer behind a blob; MV_ENOENT when the blob is no pointer. */
int mv_repo_blob_pointer(struct mv_pointer *out, struct mv_repo *repo,
			 const char *blob, struct mv_err *err);

/* The same file, unchanged? */
int mv_repo_same_stat(const struct stat *a, const struct stat *b);

/*
 * What time it is on the work tree's file system, or was at most half a
 * second ago. Without a repository (NULL) or a work tree it is not known.
 */
void mv_repo_clock(struct mv_fs_clock *out, struct mv_repo *repo);

/*
 * Wait for the next second of that clock, at which what was written until
 * now has become quiet, if that takes less long than to read so many bytes
 * once more. Did it?
 */
int mv_repo_outwait(struct mv_repo *repo, uint64_t bytes);

/*
 * What an open file looks like before it is read, and what time it was then:
 * what the stat cache and the index want to know. When `patient`, a large
 * file that was written in this second is waited for as above.
 */
struct mv_repo_seen {
	struct stat st;
	struct mv_fs_clock clock;
};

int mv_repo_see(struct mv_repo_seen *out, struct mv_repo *repo, int fd,
		const char *path, int patient, struct mv_err *err);

/*
 * "./x", "../y", "/top/z" as a path from the top of the work tree, in fresh
 * memory. NULL: leads out of it, or is no plain path; git will
 * judge.
 */
char *mv_repo_from_top(struct mv_repo *repo, const char *typed);

/* The content of an open file. */
int mv_repo_hash_file(struct mv_oid *oid, uint64_t *size, int fd,
		      const char *file, struct mv_err *err);

/* The reverse: what was typed, from the top; absolute when outside of it.
   NULL: no memory. */
char *mv_repo_path_to_top(struct mv_repo *repo, const char *typed);

/* A variable of the environment that the door handed in; NULL. */
const char *mv_repo_getenv(const struct mv_repo *repo, const char *name);

#endif
