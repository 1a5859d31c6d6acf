/* SPDX-License-Identifier: MIT */
#ifndef MV_BASE_PATH_H
#define MV_BASE_PATH_H

/* Paths as text; nothing is asked of any file system. */

/* "<a>/<b>" in fresh memory; NULL when there is none. */
char *mv_path_join(const char *a, const char *b);
/* Where `path` goes on below `folder` ("": the top of all): "" when it is the
   folder itself, NULL when it is not below it. Points into `path`. */
const char *mv_path_below(const char *path, const char *folder);

#endif
