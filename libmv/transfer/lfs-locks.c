/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/git/config.h"
#include "libmv/git/git.h"
#include "libmv/transfer/priv.h"

/* Locks of Git LFS. */

/* "lfs.locksverify", or "lfs.<url>.locksverify". */
static int asks_for_locks(void *payload, const char *key, const char *value,
			  struct mv_err *err)
{
	static const char tail[] = ".locksverify";
	const size_t len = strlen(key);
	int *yes = payload, on = 0;

	(void)err;
	if (strncmp(key, "lfs.", 4) || len < sizeof(tail) ||
	    strcmp(key + len - (sizeof(tail) - 1), tail))
		return 0;
	if (!mv_git_parse_bool(&on, value) && on)
		*yes = 1;
	return 0;
}

static int wants_locks(int *yes, struct mv_repo *repo, struct mv_err *err)
{
	const char *value = NULL;
	int rc = mv_git_config_each(repo->git, asks_for_locks, yes, err);

	/* .lfsconfig may say it for all. */
	if (!rc && !*yes)
		rc = mv_transfer_lfs_setting(&value, repo, "lfs.locksverify",
					     err);
	if (!rc && value && mv_git_parse_bool(yes, value))
		*yes = 1;
	return rc;
}

/* git-lfs prints the files, a line each, and then why. */
static int say_locked(struct mv_buf *out, struct mv_err *err)
{
	struct mv_err why = *err;
	size_t len;

	for (char *c = out->data; out->len && *c; c++)
		if (*c == '\n')
			*c = ' ';
	while (out->len && out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
	len = out->len < 600 ? out->len : 600;
	return mv_fail(err, MV_EDENIED, "git-lfs refuses this push: %.*s%s%s",
		       (int)len, out->len ? out->data : "",
		       out->len ? "; " : "", why.msg);
}

int mv_transfer_lfs_check_locks(struct mv_repo *repo, const char *remote,
				const char *url, const char *text, size_t len,
				struct mv_err *err)
{
	const char *args[] = { "lfs", "pre-push", remote, url, NULL };
	char *dir = NULL;
	struct mv_buf out;
	int wanted = 0;
	int rc = len ? wants_locks(&wanted, repo, err) : 0;

	if (rc || !wanted ||
	    mv_transfer_lfs_variable_on(repo, "GIT_LFS_SKIP_PUSH"))
		return rc;
	rc = mv_transfer_lfs_find_dir(&dir, repo, remote, url, 1, err);
	if (rc || dir) {
		free(dir);
		return rc;	/* a folder knows no locks */
	}
	if (!mv_transfer_lfs_has_program(repo)) {
		mv_repo_warn(repo, "lfs.locksverify is set, and git-lfs, which "
			     "asks for the locks, is not installed: nobody "
			     "looked whether others have locked what you push");
		return 0;
	}
	mv_buf_init(&out, 64 * 1024);
	rc = mv_git_run(repo->git, args, text, len, &out, err);
	if (rc)
		rc = say_locked(&out, err);
	mv_buf_release(&out);
	return rc;
}
