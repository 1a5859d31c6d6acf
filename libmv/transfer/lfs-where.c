/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/git/git.h"
#include "libmv/store/lfsdir.h"
#include "libmv/store/pointer.h"
#include "libmv/transfer/priv.h"
#include "libmv/transfer/server.h"

/* Where a remote has its objects of Git LFS, and putting one there. */

/* Its own lfs.storage counts. One that cannot be read may name any place. */
int mv_transfer_lfs_dir_of(char **out, struct mv_repo *repo,
			   const char *git_dir,
			   struct mv_err *err)
{
	static const char key[] = "lfs.storage\n";
	char *config = mv_path_join(git_dir, "config");
	const char *args[] = { "config", "--file", config, "--null", "--list",
			       NULL };
	const char *named = NULL;
	struct mv_buf list;
	int rc = config ? 0 : mv_nomem(err);

	mv_buf_init(&list, (size_t)16 << 20);
	if (!rc && !access(config, F_OK))
		rc = mv_git_run(repo->git, args, NULL, 0, &list, err);
	for (size_t at = 0; !rc && at < list.len;
	     at += strlen(list.data + at) + 1)
		if (!strncmp(list.data + at, key, sizeof(key) - 1))
			named = list.data + at + sizeof(key) - 1;
	if (!rc && named && *named)
		rc = mv_repo_expand_path(out, repo, git_dir, "lfs.storage",
					 named, err);
	else if (!rc && !(*out = mv_path_join(git_dir, "lfs")))
		rc = mv_nomem(err);
	if (rc)
		mv_err_prefix(err, "cannot tell where '%s' has its Git LFS "
			      "objects", git_dir);
	mv_buf_release(&list);
	free(config);
	return rc;
}

/* *dir is NULL where an LFS server has them. */
int mv_transfer_lfs_find_dir(char **dir, struct mv_repo *repo,
			     const char *remote,
			     const char *url, int push, struct mv_err *err)
{
	char *git_dir = NULL;
	const char *server;
	struct mv_err local;
	int by_file, rc;

	*dir = NULL;
	rc = mv_transfer_server_named(&server, &by_file, repo, remote, push,
				      err);
	if (rc || server)
		return rc;
	rc = mv_transfer_git_dir_at(&git_dir, repo, remote, url, &local);
	if (rc == MV_ENOENT)
		return 0;
	if (rc)
		return mv_fail(err, rc, "%s", local.msg);
	rc = mv_transfer_lfs_dir_of(dir, repo, git_dir, err);
	free(git_dir);
	return rc;
}

int mv_transfer_lfs_has_dir(int *yes, struct mv_repo *repo, const char *remote,
			    const char *url, struct mv_err *err)
{
	char *dir = NULL, *objects = NULL;
	const char *own;
	int rc;

	*yes = 0;
	rc = mv_repo_lfs_dir(&own, repo, err);
	if (!rc && !(objects = mv_path_join(own, "objects")))
		rc = mv_nomem(err);
	if (!rc && !access(objects, F_OK))
		rc = mv_transfer_lfs_find_dir(&dir, repo, remote, url, 1, err);
	*yes = dir != NULL;
	free(objects);
	free(dir);
	return rc;
}

int mv_transfer_lfs_has_program(const struct mv_repo *repo)
{
	char *path = NULL;
	int yes = !mv_proc_find(&path, "git-lfs", repo->env.search_path,
				NULL);

	free(path);
	return yes;
}

int mv_transfer_lfs_put(const char *to, struct mv_reader *in,
			const struct mv_pointer *p, struct mv_err *err)
{
	struct mv_oid oid;
	uint64_t size;
	int rc = mv_lfsdir_put(&oid, &size, to, in, err);

	if (!rc && !mv_oid_eq(&oid, &p->oid))
		rc = mv_fail(err, MV_ECORRUPT,
			     "a Git LFS object arrived with other bytes than its name says");
	return rc;
}

struct object {
	const char *dir;
	const struct mv_oid *oid;
	uint64_t pos;
};

static int object_read(void *payload, void *data, size_t len, size_t *got,
		       struct mv_err *err)
{
	struct object *o = payload;
	int rc = mv_lfsdir_read_at(o->dir, o->oid, o->pos, data, len, got,
				   err);

	if (!rc)
		o->pos += *got;
	return rc;
}

int mv_transfer_lfs_copy(const char *to, const char *from,
			 const struct mv_pointer *p,
			 struct mv_err *err)
{
	struct object object = { from, &p->oid, 0 };
	struct mv_reader in = { object_read, &object };

	return mv_transfer_lfs_put(to, &in, p, err);
}
