/* SPDX-License-Identifier: MIT */
#include "libmv/base/path.h"

#include <string.h>

#include "libmv/base/buf.h"

char *mv_path_join(const char *a, const char *b)
{
	size_t len = strlen(a);

	if (len && a[len - 1] == '/')
		return mv_strf("%s%s", a, b);
	return mv_strf("%s/%s", a, b);
}

const char *mv_path_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	if (strncmp(path, folder, len))
		return NULL;
	if (!len || !path[len] || folder[len - 1] == '/')
		return path + len;
	return path[len] == '/' ? path + len + 1 : NULL;
}
