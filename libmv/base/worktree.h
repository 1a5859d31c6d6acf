/* SPDX-License-Identifier: MIT */
#ifndef MV_BASE_WORKTREE_H
#define MV_BASE_WORKTREE_H

#include <stddef.h>
#include <sys/stat.h>

#include "libmv/base/err.h"

/*
 * The one door to files of the work tree. Their names come from git, that
 * is from strangers, and other processes may move things while we write.
 *
 * A path is relative to the root, '/'-separated, and refused with MV_EDENIED
 * when it is empty, absolute, has an empty, "." or ".." component, or one
 * that any file system could take for ".git" (case folded, with HFS+
 * ignorable code points, "git~1", trailing dots, spaces or an alternate data
 * stream). No symbolic link is followed in any component:
 * openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS),
 * or a walk with O_NOFOLLOW where the kernel has no openat2.
 *
 * Replacing a file: the new bytes go to an O_EXCL temporary in the same
 * folder (held by descriptor, so that a folder swapped meanwhile does not
 * matter) and are renamed over the old name. Nothing is ever truncated or
 * written in place, so hard links to the old file keep the old bytes.
 */

/* Is the path one we would ever write? 0 or MV_EDENIED. Pure. */
int mv_wt_check_path(const char *path, struct mv_err *err);

/*
 * Open a regular file for reading below `rootfd`. Expected: MV_ENOENT (also
 * when a parent is missing), MV_EDENIED (symlink, or not a regular file).
 */
int mv_wt_open_read(int *fd, struct stat *st, int rootfd, const char *path,
		    struct mv_err *err);

struct mv_wt_file {
	int dirfd;
	int fd;			/* write the new bytes here */
	char *name;		/* last component */
	char *tmp;		/* name of the temporary in dirfd */
};
#define MV_WT_FILE_INIT { -1, -1, NULL, NULL }

/*
 * Begin replacing `path` with a file of mode 0666 & ~umask, plus the execute
 * bits when `executable`. `mkdirs` makes missing parent folders (mode 0777 &
 * ~umask).
 */
int mv_wt_replace(struct mv_wt_file *out, int rootfd, const char *path,
		  int executable, int mkdirs, struct mv_err *err);

/*
 * Read what stands at the path now, through the held folder, no symlink
 * followed; for "is it still the pointer that we expect?". At most `max`
 * bytes; `*len` is the file's real size. MV_ENOENT, MV_EDENIED as above.
 */
int mv_wt_current(const struct mv_wt_file *file, char *data, size_t max,
		  size_t *len, struct stat *st, struct mv_err *err);

/*
 * Rename the temporary over the name; `st` gets the stat of the file that is
 * now there. Its mtime is that moment, not the one when its bytes were
 * prepared: whoever built something from the old file meanwhile (make) built
 * it before the new one came.
 */
int mv_wt_commit(struct mv_wt_file *file, struct stat *st,
		 struct mv_err *err);
void mv_wt_discard(struct mv_wt_file *file);	/* an empty one is fine */
/* All of it at once: begin, write, commit. Parent folders are made. */
int mv_wt_write(int rootfd, const char *path, int executable, const void *data,
		size_t len, struct mv_err *err);

/*
 * Remove what killed processes left in the folder of `path`: a temporary is
 * locked (flock) by its writer as long as that lives. For what cannot be
 * looked at or removed nothing is done.
 */
void mv_wt_sweep(int rootfd, const char *path);
/* Is the path's last part a name that mv_wt_replace() gives to what it writes
   before it has its own? */
int mv_wt_is_tmp(const char *path);

#endif
