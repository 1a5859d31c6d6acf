/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "libmv/git/config.h"
#include "libmv/git/git.h"
#include "libmv/store/lfsdir.h"
#include "libmv/store/pointer.h"
#include "libmv/transfer/priv.h"
#include "libmv/transfer/server.h"

/*
 * Git LFS objects, there and back. Where a git remote is a path on this
 * machine they are files in its LFS directory; LFS servers are spoken to by
 * lfs-server.c and those beside it.
 */

/* -- file by file --------------------------------------------------------- */

struct stored {
	struct mv_repo *repo;
	const struct mv_pointer *pointer;
	uint64_t pos;
};

static int stored_read(void *payload, void *data, size_t len, size_t *got,
		       struct mv_err *err)
{
	struct stored *s = payload;
	int rc = mv_transfer_read_at(s->repo, s->pointer, s->pos, data, len,
				     got,
				     err);

	if (!rc)
		s->pos += *got;
	return rc;
}

/* `from`: a folder of objects; NULL: wherever we have it. */
static int copy_object(struct mv_repo *repo, const char *to, const char *from,
		       const struct mv_pointer *p, struct mv_err *err)
{
	/* What is stored, whatever an extension makes of it. */
	const struct mv_pointer pointer = { .oid = p->oid, .size = p->size,
					    .dialect = p->dialect };
	struct stored state = { repo, &pointer, 0 };
	struct mv_reader in = { stored_read, &state };

	return from ? mv_transfer_lfs_copy(to, from, p, err) :
		      mv_transfer_lfs_put(to, &in, p, err);
}

/* -- to a server ---------------------------------------------------------- */

/* Uploads read files of our own LFS directory, and of good ones only. */
static int bring_home(struct mv_repo *repo, const char *own,
		      const struct mv_pointer *p, struct mv_err *err)
{
	int rc = mv_lfsdir_has(own, &p->oid, NULL, NULL);

	if (rc == MV_ENOENT)
		return copy_object(repo, own, NULL, p, err);
	return rc ? rc : mv_transfer_lfs_verify(repo, own, &p->oid, err);
}

/* What is not here must be at the server. */
static int lfs_push_choose(struct mv_transfer_item *items, struct mv_repo *repo,
			   const struct mv_pointer *p, size_t count,
			   struct mv_err *err)
{
	const char *own;
	int rc = mv_repo_lfs_dir(&own, repo, err);

	for (size_t i = 0; i < count && !rc; i++) {
		items[i] = (struct mv_transfer_item){ .pointer = &p[i],
						      .dir = own, .index = i };
		rc = mv_repo_has(repo, &p[i], err);
		if (rc == MV_ENOENT) {
			items[i].dir = NULL;
			rc = 0;
			continue;
		}
		if (!rc)
			rc = bring_home(repo, own, &p[i], err);
	}
	return rc;
}

int mv_transfer_lfs_may_lack(int *yes, struct mv_repo *repo, struct mv_err *err)
{
	const char *value = NULL;
	int rc = mv_git_config_bool(yes, repo->git,
				    "model.allowincompletepush", 0, err);

	if (!rc && !*yes)
		rc = mv_transfer_lfs_setting(&value, repo,
					     "lfs.allowincompletepush", err);
	if (!rc && value && mv_git_parse_bool(yes, value))
		rc = mv_fail(err, MV_EINVALID, "lfs.allowincompletepush is "
			     "'%s', neither yes nor no", value);
	return rc;
}

/* Nothing is left behind, but what somebody has said may be. */
static int judge_push(struct mv_repo *repo, const struct mv_transfer_item *items,
		      size_t count, struct mv_transfer_stats *stats,
		      struct mv_err *err)
{
	const struct mv_transfer_item *lost = NULL, *failed = NULL;
	char hex[MV_OID_HEX + 1];
	size_t missing = 0, bad = 0;
	int lenient = 0, rc = 0;

	for (size_t i = 0; i < count; i++) {
		if (items[i].done) {
			stats->contents += items[i].sent;
			stats->skipped += !items[i].sent;
			stats->tx.new_stored += items[i].sent ?
						items[i].pointer->size : 0;
			continue;
		}
		if (!items[i].dir && items[i].err.code == MV_ENOENT) {
			lost = missing++ ? lost : &items[i];
			continue;
		}
		failed = bad++ ? failed : &items[i];
	}
	stats->missing += missing;
	if (failed)
		return mv_fail(err, failed->err.code ? failed->err.code :
			       MV_ENETWORK, "%zu Git LFS object%s not be "
			       "uploaded, the first is %s: %s", bad,
			       bad == 1 ? " could" : "s could",
			       mv_oid_hex(hex, &failed->pointer->oid),
			       failed->err.code ? failed->err.msg :
			       "nothing came of it");
	if (missing)
		rc = mv_transfer_lfs_may_lack(&lenient, repo, err);
	if (!rc && missing && !lenient)
		rc = mv_fail(err, MV_ENOENT, "%zu Git LFS object%s neither "
			     "here nor at the LFS server, the first is %s; "
			     "`git model fetch` from where %s", missing,
			     missing == 1 ? " is" : "s are",
			     mv_oid_hex(hex, &lost->pointer->oid),
			     missing == 1 ? "it is" : "they are");
	return rc;
}

static int upload(struct mv_repo *repo, const char *remote, const char *url,
		  const struct mv_pointer *p, size_t count,
		  struct mv_transfer_stats *stats, struct mv_err *err)
{
	struct mv_transfer_item *items = calloc(count + 1, sizeof(*items));
	struct mv_transfer_server server = { 0 };
	int rc = items ? lfs_push_choose(items, repo, p, count, err) :
			 mv_nomem(err);

	if (!rc)
		rc = mv_transfer_server_open(&server, repo, remote, url, 1,
					     err);
	if (!rc)
		rc = mv_transfer_server_put(&server, items, count, err);
	if (rc)
		mv_err_prefix(err, "Git LFS objects could not be uploaded");
	else
		rc = judge_push(repo, items, count, stats, err);
	for (size_t i = 0; items && i < count; i++)
		mv_transfer_item_release(&items[i]);
	mv_transfer_server_close(&server);
	free(items);
	return rc;
}

/* To the LFS server. GIT_LFS_SKIP_PUSH is the user's own word. */
static int push_to_server(struct mv_repo *repo, const char *remote,
			  const char *url, const struct mv_pointer *p,
			  size_t count, struct mv_transfer_stats *stats,
			  struct mv_err *err)
{
	if (mv_transfer_lfs_variable_on(repo, "GIT_LFS_SKIP_PUSH")) {
		mv_repo_warn(repo, "%zu Git LFS object%s not uploaded: "
			     "GIT_LFS_SKIP_PUSH is set", count,
			     count == 1 ? " was" : "s were");
		return 0;
	}
	return upload(repo, remote, url, p, count, stats, err);
}

/* -- push ----------------------------------------------------------------- */

static int push_to_dir(struct mv_repo *repo, const char *to,
		       const struct mv_pointer *p, size_t count,
		       struct mv_wanted_list *absent,
		       struct mv_transfer_stats *stats, struct mv_err *err)
{
	const char *own, *from;
	int rc = mv_repo_lfs_dir(&own, repo, err);

	for (size_t i = 0; !rc && i < count; i++) {
		if (!mv_lfsdir_has(to, &p[i].oid, NULL, NULL)) {
			stats->skipped++;
			continue;
		}
		rc = mv_repo_has(repo, &p[i], err);
		if (rc == MV_ENOENT) {
			rc = absent ? mv_transfer_wanted_add(absent, &p[i],
							     err) : 0;
			stats->missing += !absent;
			continue;
		}
		from = mv_lfsdir_has(own, &p[i].oid, NULL, NULL) ? NULL : own;
		if (!rc)
			rc = copy_object(repo, to, from, &p[i], err);
		stats->contents += !rc;
	}
	return rc;
}

int mv_transfer_lfs_push(struct mv_repo *repo, const char *remote,
			 const char *url,
			 const struct mv_wanted_list *w, size_t first,
			 const char *const *newer, struct mv_wanted_list *absent,
			 struct mv_transfer_stats *stats, struct mv_err *err)
{
	struct mv_wanted_list fresh = { NULL, 0, 0 };
	char *dir = NULL, *name = NULL;
	int rc = 0;

	if (first == w->count)
		return 0;
	if (!remote || !*remote)
		rc = mv_transfer_default_remote(&name, repo, err);
	if (!rc && (!remote || !*remote))
		remote = name;
	if (!rc && !remote)
		rc = mv_fail(err, MV_ENOENT, "no remote to push Git LFS "
			     "objects to");
	if (!rc)
		rc = mv_transfer_lfs_find_dir(&dir, repo, remote, url, 1, err);
	if (!rc && dir) {
		rc = push_to_dir(repo, dir, w->p + first, w->count - first,
				 absent, stats, err);
		goto out;
	}
	/* A server is asked for what is new, as git-lfs does. */
	if (!rc && newer) {
		rc = mv_transfer_wanted_find(&fresh, repo, newer, err);
		w = &fresh;
		first = mv_transfer_wanted_natives(w);
	}
	if (!rc && first < w->count)
		rc = push_to_server(repo, remote, url, w->p + first,
				    w->count - first, stats, err);
out:
	free(fresh.p);
	free(name);
	free(dir);
	return rc;
}
