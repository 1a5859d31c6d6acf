/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/git/config.h"
#include "libmv/repo/state.h"
#include "libmv/transfer/asked.h"
#include "libmv/transfer/transfer.h"

/* What a remote has none of, in a file of the clone: "<name>\n<URL>\n". */
#define SAID_MAX ((size_t)64 << 10)

static char *file_of(const struct mv_repo *repo, const char *what)
{
	return mv_strf("%s/model/no-%s", repo->info->common_dir, what);
}

static int said_by(struct mv_buf *out, struct mv_repo *repo, const char *name,
		   struct mv_err *err)
{
	char *key = mv_strf("remote.%s.url", name);
	const char *url = NULL;
	int rc = key ? mv_git_config(&url, repo->git, key, err) : mv_nomem(err);

	if (!rc && mv_buf_addf(out, "%s\n%s\n", name, url ? url : ""))
		rc = mv_nomem(err);
	free(key);
	return rc;
}

int mv_transfer_asked(struct mv_repo *repo, const char *what,
		      const char *remote, int none, struct mv_err *err)
{
	char *path = file_of(repo, what);
	char *dir = mv_path_join(repo->info->common_dir, "model");
	struct mv_buf text;
	int rc = path && dir ? 0 : mv_nomem(err);

	mv_buf_init(&text, SAID_MAX);
	if (!rc && !none) {
		if (unlink(path) && errno != ENOENT)
			rc = mv_fail_errno(err, errno, "cannot remove '%s'",
					   path);
		goto out;
	}
	if (!rc)
		rc = said_by(&text, repo, remote, err);
	if (!rc)
		rc = mv_mkdirs(dir, err);
	if (!rc)
		rc = mv_write_file(path, text.data, text.len, 0666, 0, err);
out:
	mv_buf_release(&text);
	free(path);
	free(dir);
	return rc;
}

static int any_remote(void *payload, const char *key, const char *value,
		      struct mv_err *err)
{
	const size_t len = strlen(key);

	(void)value;
	(void)err;
	if (len > 11 && !strncmp(key, "remote.", 7) &&
	    (!strcmp(key + len - 4, ".url") ||
	     (len > 15 && !strcmp(key + len - 8, ".pushurl"))))
		*(int *)payload = 1;
	return 0;
}

/* Did the default remote say that it has none? */
static int was_said(int *yes, struct mv_repo *repo, const char *what,
		    struct mv_err *err)
{
	char *path = file_of(repo, what);
	char *name = NULL;
	struct mv_buf is, want;
	int rc = path ? mv_transfer_default_remote(&name, repo, err) :
			mv_nomem(err);

	*yes = 0;
	mv_buf_init(&is, SAID_MAX);
	mv_buf_init(&want, SAID_MAX);
	if (!rc && name)
		rc = said_by(&want, repo, name, err);
	if (!rc && name)
		rc = mv_read_file(&is, path, err);
	if (!rc && name)
		*yes = is.len == want.len && !memcmp(is.data, want.data,
						     is.len);
	mv_buf_release(&is);
	mv_buf_release(&want);
	free(name);
	free(path);
	return rc == MV_ENOENT ? 0 : rc;
}

int mv_transfer_may_have(int *yes, struct mv_repo *repo, const char *what,
			 struct mv_err *err)
{
	int remotes = 0, said = 0;
	int rc = mv_git_config_each(repo->git, any_remote, &remotes, err);

	if (!rc && remotes)
		rc = was_said(&said, repo, what, err);
	*yes = remotes && !said;
	return rc;
}
