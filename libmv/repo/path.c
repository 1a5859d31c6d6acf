/* SPDX-License-Identifier: MIT */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "libmv/git/git.h"
#include "libmv/repo/files.h"
#include "libmv/repo/repo.h"
#include "libmv/repo/state.h"

/* What a person typed, as a path from the top of the work tree. */

char *mv_repo_from_top(struct mv_repo *repo, const char *typed)
{
	const struct mv_git_info *info = repo->info;
	size_t top = info->work_tree ? strlen(info->work_tree) : 0, len = 0, n;
	const char *p = typed;
	char *out;

	if (*p == '/') {
		if (!top || strncmp(p, info->work_tree, top) ||
		    (p[top] && p[top] != '/'))
			return NULL;
		p += top;
		out = calloc(1, strlen(p) + 2);
	} else {
		out = calloc(1, strlen(info->prefix) + strlen(p) + 2);
		len = strlen(info->prefix);
		if (out)
			memcpy(out, info->prefix, len);
	}
	if (!out || *typed == ':')
		goto no;
	while (*p) {
		n = strcspn(p, "/");
		if (n == 2 && p[0] == '.' && p[1] == '.') {
			if (!len)
				goto no;
			len--;
			while (len && out[len - 1] != '/')
				len--;
		} else if (n && !(n == 1 && p[0] == '.')) {
			memcpy(out + len, p, n);
			len += n;
			out[len++] = '/';
		}
		p += n;
		p += *p == '/';
	}
	if (len)
		len--;
	out[len] = '\0';
	return out;
no:
	free(out);
	return NULL;
}

char *mv_repo_path_to_top(struct mv_repo *repo, const char *typed)
{
	char *path = mv_repo_from_top(repo, typed);

	if (path)
		return path;
	return *typed == '/' ? strdup(typed) :
	       mv_strf("%s/%s%s", repo->info->work_tree, repo->info->prefix,
		       typed);
}

const char *mv_repo_getenv(const struct mv_repo *repo, const char *name)
{
	return mv_proc_getenv(&repo->env, name);
}
