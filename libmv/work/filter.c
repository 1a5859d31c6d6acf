/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/config.h"
#include "libmv/base/grow.h"
#include "libmv/base/statcache.h"
#include "libmv/base/worktree.h"
#include "libmv/filter/filter.h"
#include "libmv/git/config.h"
#include "libmv/git/files.h"
#include "libmv/git/objects.h"
#include "libmv/store/lfsdir.h"
#include "libmv/store/store.h"
#include "libmv/store/tx.h"
#include "libmv/transfer/lfs.h"
#include "libmv/transfer/transfer.h"
#include "libmv/work/priv.h"

#define LARGE		(1024u * 1024)	/* synced before it is acknowledged */
#define UNSYNCED_MAX	(8u * 1024 * 1024)
#define SMUDGE_LIMIT	(8u * 1024 * 1024)
/* Git holds what is smudged in memory, and so do we. */
#define SMUDGE_LIMIT_MAX (32u * 1024 * 1024)

/* A pointer that was answered to smudge; its content is written at the end. */
struct mv_repo_pending {
	char *path;
	char blob[MV_OID_HEX + 1];
	struct mv_pointer pointer;
	size_t order;
};

/* -- clean ---------------------------------------------------------------- */

/* `in` again, with the bytes in front that were read to look at them. */
struct headed {
	const char *head;
	size_t len, pos;
	struct mv_reader *in;
};

static int headed_read(void *payload, void *data, size_t len, size_t *got,
		       struct mv_err *err)
{
	struct headed *h = payload;

	if (h->pos == h->len)
		return h->in->read(h->in->payload, data, len, got, err);
	*got = h->len - h->pos < len ? h->len - h->pos : len;
	memcpy(data, h->head + h->pos, *got);
	h->pos += *got;
	return 0;
}

/* Forget what the filter remembered. */
static void filter_release(struct mv_repo *repo)
{
	struct mv_repo_filter *f = &repo->filter;

	mv_tx_abort(f->tx);
	mv_work_kept_release(repo);
	for (size_t i = 0; i < f->count; i++)
		free(f->pending[i].path);
	free(f->pending);
	memset(f, 0, sizeof(*f));
}

static int filter_tx(struct mv_tx **out, struct mv_repo *repo,
		     struct mv_err *err)
{
	struct mv_store *store;
	int rc = 0;

	if (!repo->filter.tx) {
		mv_repo_at_close(repo, filter_release);
		rc = mv_repo_store(&store, repo, err);
		if (!rc)
			rc = mv_tx_begin(&repo->filter.tx, store, err);
	}
	*out = repo->filter.tx;
	return rc;
}

/*
 * What was answered to git may be committed by it a moment later. Small
 * content is left to the kernel: a killed process loses nothing, and git
 * itself does not sync its small objects either.
 */
static int filter_settle(struct mv_repo *repo, uint64_t size,
			 struct mv_err *err)
{
	struct mv_repo_filter *f = &repo->filter;
	int sync;

	f->unsynced += size;
	sync = size >= LARGE || f->unsynced >= UNSYNCED_MAX;
	if (sync)
		f->unsynced = 0;
	return mv_tx_flush(f->tx, sync ? MV_TX_SYNC : 0, err);
}

/*
 * Does git only look, where we may only read? Somebody else's store, a disk
 * that is mounted read-only: `git status` and `git diff` want a name, and
 * nothing is recorded of it.
 */
static int is_frozen(struct mv_repo *repo)
{
	struct mv_repo_filter *f = &repo->filter;
	struct mv_store *store;
	char *tmp;

	if (!(f->asker & MV_ASKER_LOOKS) || f->frozen)
		return f->frozen > 0;
	f->frozen = -1;
	if (mv_repo_store_if_any(&store, repo, NULL))
		return 0;
	tmp = mv_path_join(mv_store_dir(store), "tmp");
	if (tmp && access(tmp, W_OK) && (errno == EACCES || errno == EROFS))
		f->frozen = 1;
	free(tmp);
	return f->frozen > 0;
}

/* The name of the bytes, and nothing else. */
static int name_only(struct mv_pointer *out, struct mv_reader *in,
		     struct mv_err *err)
{
	struct mv_hasher *hasher = NULL;
	char *block = malloc(LARGE);
	size_t got = 0;
	int rc = block ? mv_hasher_new(&hasher, MV_HASH_SHA256, err) :
			 mv_nomem(err);

	out->size = 0;
	while (!rc) {
		rc = mv_read_full(in, block, LARGE, &got, err);
		if (rc || !got)
			break;
		rc = mv_hasher_update(hasher, block, got, err);
		out->size += got;
	}
	if (!rc)
		rc = mv_hasher_final(out->oid.b, hasher, err);
	mv_hasher_free(hasher);
	free(block);
	return rc;
}

static int filter_put(struct mv_pointer *out, struct mv_repo *repo,
		      struct mv_reader *in, uint64_t hint, struct mv_err *err)
{
	struct mv_tx *tx;
	const char *lfs;
	int rc;

	if (is_frozen(repo))
		return name_only(out, in, err);
	if (out->dialect == MV_DIALECT_LFS) {
		rc = mv_repo_lfs_dir(&lfs, repo, err);
		return rc ? rc : mv_lfsdir_put(&out->oid, &out->size, lfs, in,
					       err);
	}
	rc = filter_tx(&tx, repo, err);
	if (!rc)
		rc = mv_tx_put(&out->oid, &out->size, tx, in, hint, err);
	if (!rc)
		rc = filter_settle(repo, out->size, err);
	return rc;
}

/*
 * Does the stat cache know better than what was read just now? Then it is
 * wrong: a page that was mapped and dirty was written again, or a clock was
 * set back. No later question may get that answer.
 */
static void correct_cache(struct mv_statcache *cache, const char *path,
			  const struct stat *st, const struct mv_oid *oid)
{
	struct mv_oid known;

	if (!mv_statcache_get(&known, cache, path, st) &&
	    !mv_oid_eq(&known, oid))
		mv_statcache_forget(cache, path);
}

/* The text in the index, if it could be a pointer. */
static int staged_text(struct mv_buf *out, struct mv_repo *repo,
		       const char *path)
{
	char *spec = *path ? mv_strf(":0:%s", path) : NULL;
	int rc = spec ? mv_git_read_blob(repo->git, spec, out, NULL, NULL) :
			MV_ENOENT;

	free(spec);
	return rc;
}

/*
 * What is staged, if it is as long as the file and lies in a store that we
 * only borrow from: it would be a pity to store it again.
 */
static int is_borrowed(struct mv_pointer *staged, struct mv_repo *repo,
		       const char *path, uint64_t size)
{
	struct mv_buf text;
	struct mv_tx *tx;
	uint64_t own;
	int yes;

	mv_buf_init(&text, MV_POINTER_MAX);
	yes = !staged_text(&text, repo, path) &&
	      !mv_pointer_parse(staged, text.data, text.len, NULL) &&
	      staged->dialect == MV_DIALECT_NATIVE && staged->size == size &&
	      !filter_tx(&tx, repo, NULL) &&
	      mv_tx_has(tx, &staged->oid, &own, NULL) == MV_ENOENT &&
	      !mv_repo_has(repo, staged, NULL);
	mv_buf_release(&text);
	return yes;
}

/* 1: `in` was what is staged. 0: it was not, and can be read again. */
static int was_borrowed(struct mv_spool *spool, struct mv_repo *repo,
			const struct mv_pointer *staged,
			struct mv_reader *in, struct mv_err *err)
{
	struct mv_hasher *hasher = NULL;
	struct mv_oid oid;
	int rc = mv_hasher_new(&hasher, MV_HASH_SHA256, err);

	if (!rc)
		rc = mv_repo_spool_fill(spool, repo, in, hasher, err);
	if (!rc)
		rc = mv_hasher_final(oid.b, hasher, err);
	mv_hasher_free(hasher);
	return rc ? rc : mv_oid_eq(&oid, &staged->oid) &&
			 mv_repo_spool_size(spool) == staged->size;
}

/* Hash and store, or only hash what is stored where we borrow. */
static int take_in(struct mv_pointer *out, struct mv_repo *repo,
		   const char *path, struct mv_reader *in, uint64_t hint,
		   struct mv_err *err)
{
	struct mv_pointer staged;
	struct mv_spool spool;
	struct mv_reader again;
	int rc;

	if (is_frozen(repo) || out->dialect != MV_DIALECT_NATIVE ||
	    hint == UINT64_MAX || hint < LARGE ||
	    !is_borrowed(&staged, repo, path, hint))
		return filter_put(out, repo, in, hint, err);
	mv_repo_spool_init(&spool);
	rc = was_borrowed(&spool, repo, &staged, in, err);
	if (rc > 0) {
		out->oid = staged.oid;
		out->size = staged.size;
		rc = 0;
	} else if (!rc) {
		again = mv_repo_spool_reader(&spool);
		rc = filter_put(out, repo, &again, mv_repo_spool_size(&spool),
				err);
	}
	mv_repo_spool_release(&spool);
	return rc;
}

/*
 * What git hands over is what is hashed and stored, always: no stamp says
 * what these bytes are. They come from the work tree in most cases, but not
 * always, and git never says which. So a large file is compared with them on
 * the way; where both are equal and the file was quiet, the stat cache
 * learns what is in it, for those who ask about files.
 */
static int clean_content(struct mv_pointer *out, struct mv_repo *repo,
			 const char *path, struct mv_reader *in,
			 struct mv_err *err)
{
	struct mv_twin twin = { .fd = -1 };
	struct mv_statcache *cache;
	struct mv_repo_seen seen;
	struct mv_reader reader;
	uint64_t hint = UINT64_MAX;
	int rootfd, fd = -1, rc;

	if (!mv_repo_root(&rootfd, repo, NULL) &&
	    !mv_wt_open_read(&fd, &seen.st, rootfd, path, NULL)) {
		rc = mv_repo_see(&seen, repo, fd, path, 0, err);
		if (rc)
			goto out;
		hint = (uint64_t)seen.st.st_size;
	}
	rc = mv_work_twin_init(&twin, in, fd >= 0 && hint >= LARGE ? fd : -1,
			       &seen.st, path, err);
	if (rc)
		goto out;
	reader = mv_work_twin_reader(&twin);
	rc = take_in(out, repo, path, &reader, hint, err);
	if (!rc && fd >= 0 && !mv_repo_cache(&cache, repo, NULL)) {
		correct_cache(cache, path, &seen.st, &out->oid);
		if (mv_work_twin_equal(&twin))
			mv_statcache_put(cache, path, &seen.st, &out->oid,
					 &seen.clock);
	}
out:
	mv_work_twin_release(&twin);
	if (fd >= 0)
		close(fd);
	return rc;
}

/*
 * Is this very text in the index already? Then git only asks whether the
 * file changed, and a no would make every `git status` fail in a clone of
 * what somebody else committed.
 */
static int is_staged(struct mv_repo *repo, const char *path, const char *text,
		     size_t len)
{
	struct mv_buf staged;
	int same;

	mv_buf_init(&staged, MV_POINTER_MAX);
	same = !staged_text(&staged, repo, path) && staged.len == len &&
	       !memcmp(staged.data, text, len);
	mv_buf_release(&staged);
	return same;
}

/*
 * Others write Git LFS pointers in their own ways. Where the content is still
 * the one that is staged, its text stays: it is no change.
 */
static int print_lfs(struct mv_buf *out, struct mv_repo *repo,
		     const char *path, const struct mv_pointer *pointer,
		     struct mv_err *err)
{
	struct mv_pointer p;
	struct mv_buf staged;
	int rc, same;

	mv_buf_init(&staged, MV_POINTER_MAX);
	same = !staged_text(&staged, repo, path) &&
	       !mv_pointer_parse(&p, staged.data, staged.len, NULL) &&
	       p.dialect == MV_DIALECT_LFS && !p.extended &&
	       p.size == pointer->size && mv_oid_eq(&p.oid, &pointer->oid);
	if (same)
		rc = mv_buf_add(out, staged.data, staged.len) ? mv_nomem(err) :
								0;
	else
		rc = mv_pointer_print(out, pointer, err);
	mv_buf_release(&staged);
	return rc;
}

static int clean_bytes(struct mv_repo *repo, const char *path,
		       enum mv_dialect dialect, struct mv_reader *in,
		       struct mv_buf *out, struct mv_err *err)
{
	struct mv_pointer pointer = { .dialect = dialect, .canonical = 1 };
	int rc = mv_work_keep_bytes(repo, path, in, err);

	if (rc)
		return rc > 0 ? MV_FILTER_KEPT : rc;
	rc = clean_content(&pointer, repo, path, in, err);
	mv_work_kept_release(repo);
	if (rc)
		return rc;
	return dialect == MV_DIALECT_LFS ?
	       print_lfs(out, repo, path, &pointer, err) :
	       mv_pointer_print(out, &pointer, err);
}

int mv_work_clean(struct mv_repo *repo, const char *path,
		  enum mv_dialect dialect, struct mv_reader *in,
		  struct mv_buf *out, struct mv_err *err)
{
	char head[MV_POINTER_MAX];
	struct headed headed = { head, 0, 0, in };
	struct mv_reader whole = { headed_read, &headed };
	struct mv_pointer pointer;
	int rc;

	rc = mv_read_full(in, head, sizeof(head), &headed.len, err);
	if (rc)
		return rc;
	mv_pointer_of_empty(&pointer, dialect);
	if (!headed.len)
		return mv_pointer_print(out, &pointer, err);
	if (repo->filter.asker & MV_ASKER_BLAMES &&
	    mv_work_is_diff_text(head, headed.len))
		return mv_work_keep(repo, &whole, err);
	rc = MV_ENOENT;
	if (headed.len < sizeof(head))
		rc = mv_pointer_parse(&pointer, head, headed.len, err);
	if (rc == MV_ENOENT)
		return clean_bytes(repo, path, dialect, &whole, out, err);
	if (!rc && pointer.dialect == MV_DIALECT_NATIVE)
		return mv_pointer_print(out, &pointer, err);
	/* Pointers of others stay as they are, and so does what is broken
	   where git only compares. */
	if (rc == MV_ECORRUPT && (repo->filter.asker & MV_ASKER_LOOKS ||
				  is_staged(repo, path, head, headed.len)))
		rc = 0;
	if (!rc && mv_buf_add(out, head, headed.len))
		rc = mv_nomem(err);
	return rc;
}

/* -- smudge --------------------------------------------------------------- */

static int pass_through(struct mv_repo *repo, struct mv_reader *in,
			struct mv_writer *out, struct mv_err *err)
{
	struct mv_spool spool;
	int rc;

	mv_repo_spool_init(&spool);
	rc = mv_repo_spool_fill(&spool, repo, in, NULL, err);
	if (!rc)
		rc = mv_repo_spool_drain(&spool, out, err);
	mv_repo_spool_release(&spool);
	return rc;
}

static int by_path_and_order(const void *a, const void *b)
{
	const struct mv_repo_pending *x = a, *y = b;
	int cmp = strcmp(x->path, y->path);

	if (cmp)
		return cmp;
	return (x->order > y->order) - (x->order < y->order);
}

/* Only the last state of a path counts: a rebase checks out many. */
static void compact(struct mv_repo_filter *f)
{
	size_t kept = 0;

	if (f->count)
		qsort(f->pending, f->count, sizeof(*f->pending),
		      by_path_and_order);
	for (size_t i = 0; i < f->count; i++) {
		if (i + 1 < f->count &&
		    !strcmp(f->pending[i].path, f->pending[i + 1].path))
			free(f->pending[i].path);
		else
			f->pending[kept++] = f->pending[i];
	}
	/* The order goes on from here; positions are in order already. */
	for (size_t i = 0; i < kept; i++)
		f->pending[i].order = 0;
	f->count = f->compacted = kept;
}

static int filter_remember(struct mv_repo *repo, const char *path,
			   const struct mv_pointer *pointer, const char *text,
			   size_t len, struct mv_err *err)
{
	struct mv_repo_filter *f = &repo->filter;
	struct mv_repo_pending *p;
	int rc;

	if (f->count == f->alloc) {
		if (f->count > 2 * f->compacted + 1000)
			compact(f);
		mv_repo_at_close(repo, filter_release);
		rc = MV_GROW(f->pending, f->alloc, f->count + 1, err);
		if (rc)
			return rc;
	}
	p = &f->pending[f->count];
	rc = mv_git_blob_name(repo->git, p->blob, text, len, err);
	if (rc)
		return rc;
	p->path = strdup(path);
	if (!p->path)
		return mv_nomem(err);
	p->pointer = *pointer;
	p->order = ++f->count;
	return 0;
}

/* The team's limit. A broken file must not keep anybody from checking out
   the commit that mends it: here it is a warning only. */
static uint64_t team_limit(struct mv_repo *repo)
{
	uint64_t limit = SMUDGE_LIMIT;
	struct mv_err err;

	if (!mv_repo_team_limit(&limit, repo, &err))
		return limit;
	mv_repo_warn(repo, "%s", err.msg);
	return SMUDGE_LIMIT;
}

static int smudge_limit(uint64_t *out, struct mv_repo *repo,
			struct mv_err *err)
{
	struct mv_repo_filter *f = &repo->filter;
	int rc = 0;

	if (!f->limit_known)
		rc = mv_repo_config_size(&f->limit, repo, "model.smudgelimit",
					 team_limit(repo), err);
	f->limit_known = !rc;
	if (f->limit > SMUDGE_LIMIT_MAX)
		f->limit = SMUDGE_LIMIT_MAX;
	*out = f->limit;
	return rc;
}

/*
 * 0: written. MV_ENOENT: not here, or it cannot be had whole: the pointer
 * stays, and the end of the process tries again with everything it can do.
 */
static int smudge_small(struct mv_repo *repo, const struct mv_pointer *pointer,
			struct mv_writer *out, struct mv_err *err)
{
	struct mv_writer into;
	struct mv_buf content;
	int rc = mv_repo_has(repo, pointer, NULL);

	if (rc)
		return MV_ENOENT;
	/* Git asks for one after the other and waits for each. */
	if (repo->store)
		(void)mv_store_read_ahead(repo->store, NULL);
	for (size_t i = 0; i < repo->alternate_count; i++)
		(void)mv_store_read_ahead(repo->alternates[i], NULL);
	mv_buf_init(&content, (size_t)pointer->size + 1);
	into = mv_writer_buf(&content);
	if (mv_buf_reserve(&content, (size_t)pointer->size) ||
	    mv_transfer_read(repo, pointer, &into, NULL) ||
	    content.len != pointer->size)
		rc = MV_ENOENT;
	else
		rc = out->write(out->payload, content.data, content.len, err);
	mv_buf_release(&content);
	return rc;
}

static int smudge_raw(struct mv_repo *repo, const char *path,
		      struct mv_reader *in, struct mv_writer *out,
		      const char *why, struct mv_err *err)
{
	if (!repo->filter.raw++)
		mv_repo_warn(repo, "'%s' %s; it is given out as it is. "
			     "`git model add` and a commit mend that", path,
			     why);
	return pass_through(repo, in, out, err);
}

/*
 * A pointer as git has it. Where nobody said -text, git has put CR before each
 * LF by now.
 */
static int undo_crlf(struct mv_repo *repo, char *text, size_t *len,
		     const char *blob, struct mv_err *err)
{
	char name[65], lean[MV_POINTER_MAX];
	size_t n = 0;
	int rc = 0;

	if (!memchr(text, '\r', *len))
		return 0;
	if (blob)
		rc = mv_git_blob_name(repo->git, name, text, *len, err);
	if (rc || (blob && !strcmp(name, blob)))
		return rc;
	for (size_t i = 0; i < *len; i++)
		if (text[i] != '\r' || i + 1 == *len || text[i + 1] != '\n')
			lean[n++] = text[i];
	memcpy(text, lean, n);
	*len = n;
	return 0;
}

/* Why a pointer is given out although bytes were asked for, once. */
static void tell_odd(struct mv_repo *repo, const char *path, const char *why)
{
	if (!repo->filter.odd_told++)
		mv_repo_warn(repo, "'%s' %s", path, why);
}

/*
 * Is the pointer itself the answer, for good? git-lfs runs a program for those
 * with ext- lines; their stored bytes are not the file's.
 */
static int stays_pointer(int *stays, struct mv_repo *repo, const char *path,
			 const struct mv_pointer *pointer, struct mv_err *err)
{
	int wanted = 1, rc = 0;

	*stays = pointer->extended;
	if (pointer->extended)
		tell_odd(repo, path, "is a pointer of a Git LFS extension; "
			 "git-model does not run these, so the pointer is "
			 "left. `git lfs smudge` makes the file");
	else if (pointer->dialect == MV_DIALECT_LFS && *path)
		rc = mv_transfer_lfs_wants(&wanted, repo, path, err);
	*stays |= !wanted;
	return rc;
}

/* Straight through, whatever the size: memory stays constant here. */
static int export(struct mv_repo *repo, const char *path,
		  const struct mv_pointer *pointer, const char *text,
		  size_t len, struct mv_writer *out, struct mv_err *err)
{
	int pointers = 0, rc;

	rc = mv_git_config_bool(&pointers, repo->git, "model.exportpointers",
				0, err);
	if (rc)
		return rc;
	if (!pointers)
		rc = mv_transfer_read(repo, pointer, out, err);
	if (rc && *path)
		mv_err_prefix(err, "cannot give out its bytes (with `git -c "
			      "model.exportPointers=true` the pointer is "
			      "given)");
	if (rc && !*path && rc == MV_ENOENT) {
		tell_odd(repo, "a file", "is given out as a pointer: its "
			 "content is not here");
		pointers = 1;
		rc = 0;
	}
	return rc || !pointers ? rc : out->write(out->payload, text, len, err);
}

static int smudge_pointer(struct mv_repo *repo, const char *path,
			  const struct mv_pointer *pointer, const char *text,
			  size_t len, struct mv_writer *out,
			  struct mv_err *err)
{
	uint64_t limit;
	int stays, rc;

	rc = stays_pointer(&stays, repo, path, pointer, err);
	if (rc)
		return rc;
	if (!stays && (repo->filter.asker & MV_ASKER_EXPORTS || !*path))
		return export(repo, path, pointer, text, len, out, err);
	if (!stays) {
		rc = smudge_limit(&limit, repo, err);
		if (rc)
			return rc;
		if (pointer->size < limit) {
			rc = smudge_small(repo, pointer, out, err);
			if (rc != MV_ENOENT)
				return rc;
		}
		rc = filter_remember(repo, path, pointer, text, len, err);
	}
	return rc ? rc : out->write(out->payload, text, len, err);
}

int mv_work_smudge(struct mv_repo *repo, const char *path, const char *blob,
		   struct mv_reader *in, struct mv_writer *out,
		   struct mv_err *err)
{
	char head[MV_POINTER_MAX];
	struct headed headed = { head, 0, 0, in };
	struct mv_reader whole = { headed_read, &headed };
	struct mv_pointer pointer;
	struct mv_err local;
	int rc;

	rc = mv_read_full(in, head, sizeof(head), &headed.len, err);
	if (rc || !headed.len)
		return rc;
	rc = MV_ENOENT;
	if (headed.len < sizeof(head))
		rc = mv_pointer_parse(&pointer, head, headed.len, &local);
	if (rc == MV_ENOENT)
		return smudge_raw(repo, path, &whole, out, "is no pointer: git "
				  "holds the bytes themselves", err);
	if (rc)
		return smudge_raw(repo, path, &whole, out, local.msg, err);
	if (!pointer.size)
		return 0;
	rc = undo_crlf(repo, head, &headed.len, blob, err);
	return rc ? rc : smudge_pointer(repo, path, &pointer, head,
					headed.len, out, err);
}

void mv_work_filter_asker(struct mv_repo *repo, unsigned asker)
{
	repo->filter.asker = asker;
}

int mv_work_has_external_diff(struct mv_repo *repo)
{
	static const char *const keys[] = { "diff.external",
					    "diff.model.command" };
	const char *value = NULL;

	for (size_t i = 0; i < 2 && (!value || !*value); i++)
		if (mv_git_config(&value, repo->git, keys[i], NULL))
			return 0;
	return value && *value;
}

/* -- the end -------------------------------------------------------------- */

static int commit(struct mv_repo *repo, struct mv_err *err)
{
	struct mv_tx *tx = repo->filter.tx;

	repo->filter.tx = NULL;
	return tx ? mv_tx_commit(tx, NULL, err) : 0;
}

static int write_pending(struct mv_repo *repo, struct mv_err *err)
{
	struct mv_repo_filter *f = &repo->filter;
	struct mv_checkout_stats stats = { 0 };
	struct mv_materialize *m;
	int rc;

	compact(f);
	if (!f->count || !repo->info->work_tree)
		return 0;
	/* .lfsconfig may be there only now. */
	mv_transfer_lfs_release(repo);
	m = calloc(f->count, sizeof(*m));
	if (!m)
		return mv_nomem(err);
	for (size_t i = 0; i < f->count; i++) {
		m[i].path = f->pending[i].path;
		m[i].blob = f->pending[i].blob;
		m[i].pointer = f->pending[i].pointer;
		m[i].executable = -1;
	}
	rc = mv_work_materialize(repo, m, f->count, &stats, err);
	free(m);
	if (!rc && stats.missing)
		mv_repo_warn(repo, "%llu file%s left as %s because the content "
			     "is not here; run `git model fetch` and "
			     "`git model checkout`",
			     (unsigned long long)stats.missing,
			     stats.missing == 1 ? " is" : "s are",
			     stats.missing == 1 ? "a pointer" : "pointers");
	return rc;
}

int mv_work_filter_finish(struct mv_repo *repo, struct mv_err *err)
{
	struct mv_err local;
	int rc = commit(repo, err);

	if (repo->filter.raw > 1)
		mv_repo_warn(repo, "%llu files in all are no pointers though "
			     "their attributes say so",
			     (unsigned long long)repo->filter.raw);
	if (write_pending(repo, &local))
		mv_repo_warn(repo,
			     "pointers are left in the work tree: %s; run "
			     "`git model checkout`", local.msg);
	mv_repo_cache_save(repo);
	mv_work_sweep_offers(repo);
	return rc;
}
