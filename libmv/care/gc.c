/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/grow.h"
#include "libmv/base/worktree.h"
#include "libmv/care/care.h"
#include "libmv/care/lean.h"
#include "libmv/evidence/evidence.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"
#include "libmv/repo/clients.h"
#include "libmv/repo/files.h"
#include "libmv/repo/state.h"
#include "libmv/store/store.h"
#include "libmv/store/tx.h"
#include "libmv/transfer/lfs.h"
#include "libmv/transfer/transfer.h"

/*
 * What may be dropped? Nothing that git still has a pointer to, reachable or
 * not: stash, reflog, other work trees, the index and commits that somebody
 * may yet rescue are all covered by asking for every blob that exists. So
 * content lives as long as its pointer: `git gc` prunes that, we follow.
 *
 * A store shared by several clones knows them by its clients/ folder. One
 * that cannot be read stops gc: its pointers are unknown, not absent. What was
 * written on behalf of a repository that is not there (store/owners.c) stays.
 */

struct roots {
	struct mv_repo *repo;
	int (*add)(void *sink, const struct mv_oid *oid);
	void *sink;
	struct mv_proc_env env;		/* for the others */
	size_t asked;
};

static int add_blob(void *payload, const char *hex, const char *path,
		    const void *data, size_t len, struct mv_err *err)
{
	struct roots *r = payload;
	struct mv_pointer p;

	(void)hex;
	(void)path;
	(void)err;
	return mv_pointer_parse(&p, data, len, NULL) ? 0
						     : r->add(r->sink, &p.oid);
}

static int add_attached(void *payload, const char *role,
			const struct mv_pointer *pointer, struct mv_err *err)
{
	struct roots *r = payload;

	(void)role;
	(void)err;
	return r->add(r->sink, &pointer->oid);
}

static int add_repository(struct roots *r, struct mv_git *git,
			  struct mv_err *err)
{
	int rc = mv_git_each_small_blob(git, NULL, MV_POINTER_MAX - 1,
					add_blob, r, err);

	return rc ? rc : mv_repo_each_attached_anywhere(git, add_attached, r,
							err);
}

/* Our own first: it is open already. */
static int add_client(void *payload, const char *path, const char *file,
		      struct mv_err *err)
{
	struct roots *r = payload;
	struct mv_git *git = NULL;
	int rc;

	if (!r->asked++)
		return add_repository(r, r->repo->git, err);
	/* An experiment that DVC has taken away: what it gave back, the
	   repository around it has. */
	if (file && mv_repo_host_is_over(path)) {
		(void)!unlink(file);
		return 0;
	}
	rc = mv_git_open(&git, path, &r->env, err);
	if (!rc)
		rc = add_repository(r, git, err);
	if (rc) {
		mv_err_prefix(err, "nothing was dropped, because the clone at "
			      "'%s' shares this store and cannot be read%s%s%s",
			      path, file ? "; if it is gone for good, remove '" :
			      "", file ? file : "", file ? "'" : "");
		rc = MV_EDENIED;	/* not the folder's ENOENT */
	}
	mv_git_close(git);
	return rc;
}

static int find_roots(void *payload,
		      int (*add)(void *sink, const struct mv_oid *oid),
		      void *sink, struct mv_err *err)
{
	struct roots r = { .repo = payload, .add = add, .sink = sink };
	struct mv_store *store;
	int rc = mv_repo_store(&store, r.repo, err);

	if (!rc)
		rc = mv_repo_client_env(&r.env, &r.repo->env, err);
	if (!rc)
		rc = mv_repo_each_client(mv_store_dir(store),
					 r.repo->info->common_dir, add_client, &r,
					 err);
	free(r.env.env == r.repo->env.env ? NULL :
	     (void *)(uintptr_t)r.env.env);
	return rc;
}

int mv_care_gc(struct mv_repo *repo, unsigned flags, int64_t grace_s,
	       int64_t now, struct mv_gc_stats *stats, struct mv_err *err)
{
	struct mv_gc_options options = {
		.dry_run = !!(flags & MV_CARE_GC_DRY_RUN),
		.aggressive = !!(flags & MV_CARE_GC_AGGRESSIVE),
		.grace_s = grace_s, .now = now, .roots = find_roots,
		.leans = flags & MV_CARE_GC_NO_DELTA ? NULL : mv_care_leans,
		.payload = repo
	};
	struct mv_store *store;
	int rc;

	memset(stats, 0, sizeof(*stats));
	rc = mv_repo_store_if_any(&store, repo, err);
	if (rc)
		return rc == MV_ENOENT ? 0 : rc;
	return mv_store_gc(store, &options, stats, err);
}

/* -- fsck ----------------------------------------------------------------- */

struct check {
	struct mv_repo *repo;
	int repair;
	mv_fsck_fn fn;
	void *payload;
	uint64_t bad;
	struct mv_pointer *missing;
	char **path;
	size_t count, alloc, path_alloc;
	char (*broken)[65];		/* pointers in git that are none */
	size_t broken_count, broken_alloc;
};

static void gc_tell(struct check *c, enum mv_fsck_kind kind,
		    const char *subject,
		    const char *message)
{
	if (c->fn)
		c->fn(c->payload, kind, subject, message);
}

static int note_missing(struct check *c, const struct mv_pointer *p,
			const char *path, struct mv_err *err)
{
	if (MV_GROW(c->missing, c->alloc, c->count + 1, err) ||
	    MV_GROW(c->path, c->path_alloc, c->count + 1, err))
		return MV_ENOMEM;
	c->path[c->count] = path ? strdup(path) : NULL;
	c->missing[c->count++] = *p;
	return 0;
}

/* What is committed stays so: the next commit can have a good one. */
static int tell_broken(struct check *c, const char *hex, const char *path,
		       const char *why, struct mv_err *err)
{
	char *text = mv_strf("%s; no repair knows what it stood for: 'git "
			     "model add' the file, or 'git rm' it, and commit "
			     "(older commits keep it)",
			     why);

	if (!text)
		return mv_nomem(err);
	c->bad++;
	gc_tell(c, MV_FSCK_BROKEN, path ? path : hex, text);
	free(text);
	if (MV_GROW(c->broken, c->broken_alloc, c->broken_count + 1, err))
		return MV_ENOMEM;
	snprintf(c->broken[c->broken_count++], sizeof(*c->broken), "%s", hex);
	return 0;
}

static int check_blob(void *payload, const char *hex, const char *path,
		      const void *data, size_t len, struct mv_err *err)
{
	struct check *c = payload;
	struct mv_err why;
	struct mv_pointer p;
	int rc = mv_pointer_parse(&p, data, len, &why);

	if (rc == MV_ECORRUPT)
		return tell_broken(c, hex, path, why.msg, err);
	if (rc || !p.size)
		return 0;
	/* git-lfs's own keep the form that they have. */
	if (!p.canonical && p.dialect == MV_DIALECT_NATIVE)
		gc_tell(c, MV_FSCK_TEMPORARY, path ? path : hex,
			"a pointer that is not written as it should be; 'git add --renormalize' mends it");
	rc = mv_repo_has(c->repo, &p, &why);
	if (rc && rc != MV_ENOENT) {
		c->bad++;
		gc_tell(c, MV_FSCK_BAD_CONTENT, path ? path : hex, why.msg);
		return 0;
	}
	return rc ? note_missing(c, &p, path, err) : 0;
}

/* Named by what it is: it has no path that it could be stored from. */
static int check_attached(void *payload, const char *role,
			  const struct mv_pointer *p, struct mv_err *err)
{
	struct check *c = payload;
	char hex[MV_OID_HEX + 1], *name;
	struct mv_err why;
	int rc = mv_repo_has(c->repo, p, &why);

	if (!rc)
		return 0;
	for (size_t i = 0; i < c->count; i++)
		if (mv_oid_eq(&c->missing[i].oid, &p->oid))
			return 0;
	name = mv_strf("%s of a record, %s", *role ? role : "attachment",
		       mv_oid_hex(hex, &p->oid));
	if (!name)
		return mv_nomem(err);
	if (rc != MV_ENOENT) {
		c->bad++;
		gc_tell(c, MV_FSCK_BAD_CONTENT, name, why.msg);
		rc = 0;
	} else {
		rc = note_missing(c, p, name, err);
	}
	free(name);
	return rc;
}

/* The bytes may still lie in the work tree: store them again. */
static int from_work_tree(struct check *c, size_t i, struct mv_err *err)
{
	struct mv_reader in;
	struct mv_store *store;
	struct mv_tx *tx = NULL;
	struct mv_oid oid;
	struct stat st;
	uint64_t size;
	int root, fd = -1, rc;

	if (!c->path[i] || c->missing[i].dialect != MV_DIALECT_NATIVE)
		return MV_ENOENT;
	rc = mv_repo_root(&root, c->repo, err);
	if (!rc)
		rc = mv_wt_open_read(&fd, &st, root, c->path[i], err);
	if (rc)
		return MV_ENOENT;
	if ((uint64_t)st.st_size != c->missing[i].size) {
		close(fd);
		return MV_ENOENT;
	}
	in = mv_reader_fd(&fd);
	rc = mv_repo_store(&store, c->repo, err);
	if (!rc)
		rc = mv_tx_begin(&tx, store, err);
	if (!rc)
		rc = mv_tx_put(&oid, &size, tx, &in, (uint64_t)st.st_size, err);
	if (!rc && mv_oid_eq(&oid, &c->missing[i].oid)) {
		rc = mv_tx_commit(tx, NULL, err);
		tx = NULL;
	} else if (!rc) {
		rc = MV_ENOENT;	/* other bytes: nothing of it is kept */
	}
	mv_tx_abort(tx);
	close(fd);
	return rc;
}

/* Thousands in a fresh clone: one line for all. */
static void tell_elsewhere(struct check *c, const uint8_t *elsewhere)
{
	char count[64];
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++)
		n += elsewhere[i];
	if (!n)
		return;
	snprintf(count, sizeof(count), "%zu content%s", n, n == 1 ? "" : "s");
	gc_tell(c, MV_FSCK_ELSEWHERE, count, "not here but at a remote; "
		"'git model fetch --all' gets what any ref reaches");
}

static int heal(struct check *c, size_t i, const uint8_t *present,
		struct mv_err *err)
{
	char hex[MV_OID_HEX + 1];
	const char *subject = c->path[i] ? c->path[i]
			      : mv_oid_hex(hex, &c->missing[i].oid);
	int rc;

	if (present[i]) {
		gc_tell(c, MV_FSCK_REPAIRED, subject, "content fetched again");
		return 0;
	}
	rc = c->repair ? from_work_tree(c, i, err) : MV_ENOENT;
	if (!rc) {
		gc_tell(c, MV_FSCK_REPAIRED, subject,
			"content stored again from the work tree");
		return 0;
	}
	c->bad++;
	gc_tell(c, MV_FSCK_BAD_CONTENT, subject,
		c->repair ? "content is nowhere that could be asked: 'git "
			    "model fetch' from where it is, or 'git model add' "
			    "the file again"
			  : "content is missing here; --repair looks for it");
	return rc == MV_ENOENT ? 0 : rc;
}

static int check_pointers(struct check *c, struct mv_err *err)
{
	static const char *const all[] = { "--all", "--reflog",
					   "--indexed-objects", NULL };
	uint8_t *present;
	int rc;

	rc = mv_git_each_small_blob(c->repo->git, all, MV_POINTER_MAX - 1,
				    check_blob, c, err);
	if (!rc)
		rc = mv_repo_each_attached_anywhere(c->repo->git,
						    check_attached, c, err);
	if (rc || !c->count)
		return rc;
	present = calloc(c->count, 1);
	if (!present)
		return mv_nomem(err);
	if (c->repair)
		rc = mv_transfer_need(c->repo, c->missing, c->count, present,
				      err);
	else
		rc = mv_transfer_elsewhere(c->repo, c->missing, c->count,
					   present,
					   err);
	if (!rc && !c->repair)
		rc = mv_transfer_lfs_elsewhere(c->repo, c->missing, c->count,
					       present, err);
	if (!rc && !c->repair)
		tell_elsewhere(c, present);
	for (size_t i = 0; !rc && i < c->count; i++)
		if (c->repair || !present[i])
			rc = heal(c, i, present, err);
	free(present);
	return rc;
}

static int tell_stray(void *payload, const struct mv_file *file,
		      struct mv_err *err)
{
	(void)err;
	gc_tell(payload, MV_FSCK_STRAY, file->path,
		"git holds a pointer, but no "
		"pattern gives the file to git-model: git model track it");
	return 0;
}

static int tell_raw(void *payload, const struct mv_file *file,
		    struct mv_err *err)
{
	struct check *c = payload;

	(void)err;
	for (size_t i = 0; i < c->broken_count; i++)
		if (!strcmp(c->broken[i], file->blob))
			return 0;	/* that is said */
	if (file->state == MV_FILE_RAW)
		gc_tell(c, MV_FSCK_RAW, file->path, "git holds the bytes "
			"themselves under our filter: git model add it");
	return 0;
}

/* Nothing is lost so, but somebody should know. */
static int check_index(struct check *c, struct mv_err *err)
{
	int rc;

	if (!c->repo->info->work_tree)
		return 0;
	rc = mv_repo_strays(c->repo, 0, NULL, tell_stray, c, err);
	return rc ? rc : mv_repo_ls(c->repo, NULL, tell_raw, c, err);
}

/* Without its format a store opens for nobody: that comes first. */
static int open_to_check(struct check *c, struct mv_store **store,
			 struct mv_err *err)
{
	struct mv_err why;
	int rc = mv_repo_store_if_any(store, c->repo, &why);

	if (rc != MV_ECORRUPT || !c->repair)
		return rc ? mv_fail(err, rc, "%s", why.msg) : 0;
	rc = mv_repo_store_mend(store, c->repo, err);
	if (!rc)
		gc_tell(c, MV_FSCK_REPAIRED, mv_store_dir(*store),
			"its format was missing or damaged; written again");
	return rc;
}

static int upgrade(struct check *c, uint64_t *bad, struct mv_err *err)
{
	struct mv_store *store;
	int rc = mv_repo_store_upgrade(&store, c->repo, err);

	if (rc)
		return rc == MV_ENOENT ? 0 : rc;
	return mv_store_upgrade(store, c->fn, c->payload, bad, err);
}

/* None is a store without damage. */
static int check_store(struct check *c, uint64_t *bad, struct mv_err *err)
{
	struct mv_store *store;
	int rc = open_to_check(c, &store, err);

	if (rc)
		return rc == MV_ENOENT ? 0 : rc;
	return mv_store_fsck(store, c->repair ? MV_FSCK_REPAIR : 0, c->fn,
			     c->payload, bad, err);
}

int mv_care_fsck(struct mv_repo *repo, unsigned flags, mv_fsck_fn fn,
		 void *payload, uint64_t *bad, struct mv_err *err)
{
	const int repair = !!(flags & MV_CARE_REPAIR);
	struct check c = { .repo = repo, .repair = repair, .fn = fn,
			   .payload = payload };
	struct mv_store *store;
	uint64_t stored_bad = 0, after = 0, notes_bad = 0, old_bad = 0;
	int rc = flags & MV_CARE_UPGRADE ? upgrade(&c, &old_bad, err) : 0;

	if (!rc)
		rc = mv_evidence_fsck(repo, repair, fn, payload, &notes_bad,
				      err);
	if (!rc)
		rc = check_store(&c, &stored_bad, err);
	/* What records have attached cannot be known from bad notes. */
	if (!rc && !notes_bad)
		rc = check_pointers(&c, err);
	if (!rc)
		rc = check_index(&c, err);
	/* What was fetched or stored again heals contents found damaged. */
	if (!rc && repair && stored_bad &&
	    !mv_repo_store_if_any(&store, repo, NULL))
		rc = mv_store_fsck(store, 0, NULL, NULL, &after, err);
	else
		after = stored_bad;
	*bad = after + c.bad + notes_bad + old_bad;
	for (size_t i = 0; i < c.count; i++)
		free(c.path[i]);
	free(c.path);
	free(c.missing);
	free(c.broken);
	return rc;
}
