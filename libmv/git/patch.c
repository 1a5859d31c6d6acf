/* SPDX-License-Identifier: MIT */
#include "libmv/git/priv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libmv/base/fs.h"
#include "libmv/base/hash.h"
#include "libmv/git/index.h"
#include "libmv/git/files.h"
#include "libmv/git/git.h"

/*
 * One change of stat data, from index.lock to rename. The lock file is the
 * new index, as with git, and so nobody else writes while we hold it; what
 * was read after taking it stays true until the rename.
 */
struct mv_git_patch {
	struct mv_git *git;
	char *path;		/* of the index, symlinks resolved */
	char *lock;
	int fd;			/* of the lock; -1: not held */
	struct stat st;		/* of the index, as read */
	struct timespec locked;	/* when, by the clock of the file system */
	mv_git_vouch_fn vouch;
	void *payload;
	struct mv_git_index index;
	struct mv_git_split split;
	int is_split;
};

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int take_lock(struct mv_git_patch *p, int timeout_ms,
		     struct mv_err *err)
{
	const int64_t until = now_ms() + timeout_ms;

	for (int ms = 1;; ms = ms < 32 ? ms * 2 : ms) {
		const struct timespec ts = { 0, ms * 1000000L };

		p->fd = open(p->lock, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
			     0666);
		if (p->fd >= 0)
			return 0;
		if (errno == EINTR)
			continue;
		if (errno != EEXIST)
			return mv_fail_errno(err, errno, "cannot make '%s'",
					     p->lock);
		if (now_ms() >= until)
			return mv_fail(err, MV_EBUSY, "'%s' exists: another "
				       "git process works on the index, or "
				       "one crashed and it can be removed",
				       p->lock);
		nanosleep(&ts, NULL);
	}
}

static char *base_path(const struct mv_git_patch *p, const void *hash)
{
	char hex[MV_GIT_HEX_MAX];

	mv_hex(hex, hash, p->index.hash_len);
	return mv_strf("%s/sharedindex.%s", p->git->info.git_dir, hex);
}

/* A split index without a base (all zero) is an ordinary one. */
static int read_base(struct mv_git_patch *p, struct mv_err *err)
{
	static const char zeros[32];
	const char *hash = p->index.bytes.data + p->index.link;
	struct mv_git_index *base = &p->split.base;
	const size_t n = p->index.hash_len;
	char *path;
	int rc;

	if (!p->index.link || !memcmp(hash, zeros, n))
		return 0;
	path = base_path(p, hash);
	if (!path)
		return mv_nomem(err);
	rc = mv_read_file(&base->bytes, path, err);
	if (!rc)
		rc = mv_git_index_parse(base, err);
	if (!rc && (base->nameless || base->link ||
		    memcmp(base->bytes.data + base->bytes.len - n, hash, n)))
		rc = mv_fail(err, MV_ECORRUPT, "'%s' is not what its name "
			     "says", path);
	if (!rc)
		rc = mv_git_split_map(&p->split, &p->index, err);
	p->is_split = !rc;
	free(path);
	return rc;
}

static int read_index(struct mv_git_patch *p, struct mv_err *err)
{
	struct stat lock;
	int rc;

	/* No race: whoever wants to replace it needs the lock that we hold. */
	if (stat(p->path, &p->st))
		return mv_fail_errno(err, errno, "cannot read '%s'", p->path);
	if (fstat(p->fd, &lock))
		return mv_fail_errno(err, errno, "cannot stat '%s'", p->lock);
	p->locked = lock.st_mtim;
	rc = mv_read_file(&p->index.bytes, p->path, err);
	if (!rc)
		rc = mv_git_index_parse(&p->index, err);
	return rc ? rc : read_base(p, err);
}

int mv_git_patch_open(struct mv_git_patch **out, struct mv_git *git,
		      int timeout_ms, struct mv_err *err)
{
	struct mv_git_patch *p = calloc(1, sizeof(*p));
	int rc = 0;

	*out = NULL;
	if (!p)
		return mv_nomem(err);
	p->git = git;
	p->fd = -1;
	mv_git_index_init(&p->index, git->info.hex_len / 2);
	mv_git_split_init(&p->split, git->info.hex_len / 2);
	p->path = realpath(git->info.index_path, NULL);
	if (!p->path)
		rc = mv_fail_errno(err, errno, "cannot read '%s'",
				   git->info.index_path);
	if (!rc && !(p->lock = mv_strf("%s.lock", p->path)))
		rc = mv_nomem(err);
	if (!rc)
		rc = take_lock(p, timeout_ms, err);
	if (!rc)
		rc = read_index(p, err);
	if (rc)
		mv_git_patch_close(p);
	else
		*out = p;
	return rc;
}

/* Which entry of which file is the one of that name? */
static int locate(struct mv_git_patch *p, struct mv_git_index **in, size_t *i,
		  const char *path)
{
	uint32_t slot;

	*in = &p->index;
	*i = mv_git_index_find(&p->index, path);
	if (*i != MV_GIT_INDEX_NONE)
		return 0;
	if (!p->is_split)
		return MV_ENOENT;
	*i = mv_git_index_find(&p->split.base, path);
	if (*i == MV_GIT_INDEX_NONE)
		return MV_ENOENT;
	slot = p->split.slot[*i];
	if (slot == MV_GIT_SPLIT_GONE)
		return MV_ENOENT;
	*in = slot ? &p->index : &p->split.base;
	*i = slot ? slot - 1 : *i;
	return 0;
}

int mv_git_patch_set(struct mv_git_patch *patch, const char *path,
		     const char *blob, const struct stat *st, int settled,
		     struct mv_err *err)
{
	const size_t n = patch->index.hash_len;
	struct mv_git_index *in;
	uint8_t oid[32];
	size_t i;

	if (strlen(blob) != 2 * n || mv_unhex(oid, blob, n))
		return mv_fail(err, MV_EINVALID, "'%s' is no object name",
			       blob);
	if (locate(patch, &in, &i, path) || !mv_git_index_is_blob(in, i, oid))
		return mv_fail(err, MV_ENOENT, "'%s' is not in the index as "
			       "expected", path);
	if (st)
		mv_git_index_set_stat(in, i, st, settled);
	return 0;
}

void mv_git_patch_vouch(struct mv_git_patch *patch, mv_git_vouch_fn fn,
			void *payload)
{
	patch->vouch = fn;
	patch->payload = payload;
}

/* -- what time the index gets --------------------------------------------- */

/*
 * git believes an entry whose mtime is older than the index file, in whole
 * seconds. `low` is the index's time until now; `high` is the highest that
 * it may get: nothing that changed since can look older.
 */
struct dating {
	struct mv_git_patch *p;
	int64_t low, high;
	uint64_t gain;		/* bytes that would be believed, */
	uint64_t cost;		/* and that must be read for it */
};

typedef int (*entry_fn)(struct dating *d, const struct mv_git_index *ix,
			size_t i, const char *name);

/* Every entry that counts; those without a name borrow that of the base. */
static int each_entry(struct dating *d, entry_fn fn)
{
	const struct mv_git_index *ix = &d->p->index;
	const struct mv_git_index *base = &d->p->split.base;
	const uint32_t *slot = d->p->split.slot;
	int rc = 0;

	for (size_t i = ix->nameless; !rc && i < ix->count; i++)
		rc = fn(d, ix, i, mv_git_index_name(ix, i));
	for (size_t i = 0; !rc && d->p->is_split && i < base->count; i++) {
		const char *name = mv_git_index_name(base, i);

		if (!slot[i])
			rc = fn(d, base, i, name);
		else if (slot[i] != MV_GIT_SPLIT_GONE)
			rc = fn(d, ix, slot[i] - 1, name);
	}
	return rc;
}

static int bound(struct dating *d, const struct mv_git_index *ix, size_t i,
		 const char *name)
{
	struct mv_git_index_look look;

	(void)name;
	mv_git_index_look(&look, ix, i);
	if (!ix->entry[i].set || ix->entry[i].settled)
		return 0;
	if (look.mtime < d->high)
		d->high = look.mtime;
	return 0;
}

/* Not believed until now, and it would be. */
static int is_at_stake(const struct dating *d,
		       const struct mv_git_index_look *look)
{
	return look->mtime >= d->low && look->mtime < d->high &&
	       !look->ignored && !look->stage && look->size &&
	       (look->mode & 0170000) != 0160000;
}

#define OPENING_COSTS (64 * 1024)	/* a file, in bytes read */

static int weigh(struct dating *d, const struct mv_git_index *ix, size_t i,
		 const char *name)
{
	struct mv_git_index_look look;

	(void)name;
	mv_git_index_look(&look, ix, i);
	if (!is_at_stake(d, &look))
		return 0;
	if (ix->entry[i].set)
		d->gain += look.size;
	else
		d->cost += look.size + OPENING_COSTS;
	return 0;
}

static int patch_ask(struct dating *d, const struct mv_git_index *ix, size_t i,
		     const char *name)
{
	struct mv_git_index_look look;
	char hex[MV_GIT_HEX_MAX];
	struct mv_git_racy racy = { name, hex, 0 };

	mv_git_index_look(&look, ix, i);
	if (ix->entry[i].set || !is_at_stake(d, &look))
		return 0;
	mv_hex(hex, mv_git_index_blob(ix, i), ix->hash_len);
	racy.mode = look.mode;
	return !d->p->vouch(d->p->payload, &racy);
}

/* By the rules that git.h states. Seconds are all that git compares. */
static struct timespec date_index(struct mv_git_patch *p)
{
	struct dating d = { .p = p, .low = p->st.st_mtim.tv_sec };

	d.high = p->locked.tv_sec;
	each_entry(&d, bound);
	if (d.high < d.low)
		return (struct timespec){ d.high, 0 };
	each_entry(&d, weigh);
	if (!p->vouch || !d.gain || d.cost > d.gain || each_entry(&d,
								  patch_ask))
		return (struct timespec){ d.low, 0 };
	return (struct timespec){ d.high, 0 };
}

/* It must be no later than that; whoever cannot be told is not believed. */
static int set_time(struct mv_git_patch *p, const struct timespec *when,
		    struct mv_err *err)
{
	const struct timespec t[2] = { { 0, UTIME_OMIT }, *when };
	struct stat st;

	if (futimens(p->fd, t) || fstat(p->fd, &st))
		return mv_fail_errno(err, errno, "cannot set the time of '%s'",
				     p->lock);
	if (st.st_mtim.tv_sec > when->tv_sec)
		return mv_fail(err, MV_ENOTSUP, "'%s' does not keep the time "
			       "that it is given", p->lock);
	return 0;
}

/* A shared file never changes: a patched one is a new one. */
static int write_base(struct mv_git_patch *p, struct mv_err *err)
{
	struct mv_git_index *base = &p->split.base;
	uint8_t hash[32];
	char *path;
	int rc;

	if (!p->is_split || !base->dirty)
		return 0;
	rc = mv_git_index_seal(base, hash, err);
	if (rc)
		return rc;
	path = base_path(p, hash);
	if (!path)
		return mv_nomem(err);
	rc = mv_write_file(path, base->bytes.data, base->bytes.len,
			   p->st.st_mode & 0777, 0, err);
	if (!rc) {
		memcpy(p->index.bytes.data + p->index.link, hash,
		       base->hash_len);
		p->index.dirty = 1;
	}
	free(path);
	return rc;
}

static int write_index(struct mv_git_patch *p, const struct timespec *when,
		       struct mv_err *err)
{
	int rc = mv_git_index_seal(&p->index, NULL, err);

	if (!rc)
		rc = mv_write_full(p->fd, p->index.bytes.data,
				   p->index.bytes.len, p->lock, err);
	/* Sharing (core.sharedRepository) is kept; failing that, umask's. */
	if (!rc)
		(void)!fchmod(p->fd, p->st.st_mode & 0777);
	if (!rc)
		rc = set_time(p, when, err);
	if (!rc && close(p->fd) < 0) {
		p->fd = -1;
		unlink(p->lock);
		return mv_fail_errno(err, errno, "cannot write '%s'", p->lock);
	}
	if (rc)
		return rc;
	p->fd = -1;
	if (rename(p->lock, p->path)) {
		rc = mv_fail_errno(err, errno, "cannot rename '%s'", p->lock);
		unlink(p->lock);
	}
	return rc;
}

int mv_git_patch_commit(struct mv_git_patch *patch, struct mv_err *err)
{
	struct timespec when;
	int rc;

	if (patch->fd < 0)
		return mv_fail(err, MV_EINVALID, "the index is not locked");
	if (!patch->index.dirty && !patch->split.base.dirty)
		return 0;
	when = date_index(patch);
	rc = write_base(patch, err);
	return rc ? rc : write_index(patch, &when, err);
}

void mv_git_patch_close(struct mv_git_patch *patch)
{
	if (!patch)
		return;
	if (patch->fd >= 0) {
		unlink(patch->lock);
		close(patch->fd);
	}
	mv_git_index_release(&patch->index);
	mv_git_split_release(&patch->split);
	free(patch->path);
	free(patch->lock);
	free(patch);
}
