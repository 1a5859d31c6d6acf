/* SPDX-License-Identifier: MIT */
#include "libmv/git/priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "libmv/base/bytes.h"
#include "libmv/base/hash.h"
#include "libmv/base/worktree.h"
#include "libmv/git/config.h"
#include "libmv/git/files.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"

/*
 * Staging without git reading a file: name the blobs, hand git the missing
 * ones as one pack stream (loose for a few, kept as a pack for many, which
 * is what `git fetch` does), put the names into the index, and then patch
 * the stat data that `git update-index --index-info` has no field for.
 */
#define LOOSE_MAX 100		/* git's fetch.unpackLimit */
#define BUSY_MS 1000

struct item {
	const struct mv_git_stage *s;
	char hex[MV_GIT_HEX_MAX];
	int executable;
};

int mv_git_blob_name(struct mv_git *git, char *hex, const void *data,
		     size_t len, struct mv_err *err)
{
	return mv_git_name_of(git, hex, MV_GIT_BLOB, data, len, err);
}

static int by_hex(const void *a, const void *b)
{
	const struct item *x = *(const struct item *const *)a;
	const struct item *y = *(const struct item *const *)b;

	return strcmp(x->hex, y->hex);
}

static int stage_by_path(const void *a, const void *b)
{
	const struct item *x = a;
	const struct item *y = b;

	return strcmp(x->s->path, y->s->path);
}

/* -- objects -------------------------------------------------------------- */

/* One entry of a pack: type and size, 4 + 7 + 7 ... bits; then the bytes. */
static int pack_blob(struct mv_buf *pack, z_stream *z, const void *data,
		     size_t len)
{
	uint8_t head[16];
	size_t n = 0, rest = len >> 4;
	size_t bound;

	head[0] = (uint8_t)(MV_GIT_BLOB << 4 | (len & 15));
	while (rest) {
		head[n++] |= 0x80;
		head[n] = (uint8_t)(rest & 0x7f);
		rest >>= 7;
	}
	if (len > UINT32_MAX || deflateReset(z) != Z_OK)
		return MV_ENOMEM;
	bound = deflateBound(z, len);
	if (mv_buf_add(pack, head, n + 1) || mv_buf_reserve(pack, bound))
		return MV_ENOMEM;
	z->next_in = (Bytef *)(uintptr_t)data;
	z->avail_in = (uInt)len;
	z->next_out = (Bytef *)pack->data + pack->len;
	z->avail_out = (uInt)bound;
	if (deflate(z, Z_FINISH) != Z_STREAM_END)
		return MV_ENOMEM;
	pack->len += bound - z->avail_out;
	return 0;
}

static int write_pack(struct mv_buf *pack, struct item *const *item,
		      size_t count, int sha256, struct mv_err *err)
{
	uint8_t head[12] = "PACK";
	uint8_t digest[32];
	z_stream z = { 0 };
	int rc;

	mv_put_be32(head + 4, 2);
	mv_put_be32(head + 8, (uint32_t)count);
	/* Small windows: a pointer is 100 bytes, and resets must be cheap. */
	if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, 10, 1,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return mv_nomem(err);
	rc = mv_buf_add(pack, head, sizeof(head));
	for (size_t i = 0; !rc && i < count; i++)
		rc = pack_blob(pack, &z, item[i]->s->data, item[i]->s->len);
	deflateEnd(&z);
	if (rc)
		return mv_nomem(err);
	rc = mv_hash(digest, sha256 ? MV_HASH_SHA256 : MV_HASH_SHA1, pack->data,
		     pack->len, err);
	if (!rc && mv_buf_add(pack, digest, sha256 ? 32 : 20))
		rc = mv_nomem(err);
	return rc;
}

/*
 * Each name once, and without those that are here already: only asked from
 * libgit2, because in a partial clone the git program would look for every
 * missing one at the remote. A few are not worth the asking: unpack-objects
 * looks before it writes.
 */
static size_t pick_new(struct mv_git *git, struct item **list, size_t count)
{
	struct mv_git_libgit2 *lib = NULL;
	size_t n = 0;

	if (count)
		qsort(list, count, sizeof(*list), by_hex);
	for (size_t i = 0; i < count; i++)
		if (!n || strcmp(list[n - 1]->hex, list[i]->hex))
			list[n++] = list[i];
	if (n <= LOOSE_MAX || mv_git_libgit2_get(&lib, git, NULL))
		return n;
	mv_git_libgit2_refresh(lib);
	count = n;
	n = 0;
	for (size_t i = 0; i < count; i++)
		if (!mv_git_libgit2_has(lib, list[i]->hex))
			list[n++] = list[i];
	return n;
}

static int write_objects(struct mv_git *git, struct item *item, size_t count,
			 struct mv_err *err)
{
	static const char *const loose[] = { "unpack-objects", "-q", NULL };
	static const char *const packed[] = { "index-pack", "--stdin", NULL };
	struct item **list = malloc(count * sizeof(*list));
	struct mv_buf pack, out;
	size_t n = 0;
	int rc = 0;

	mv_buf_init(&pack, MV_GIT_OUT_MAX);
	mv_buf_init(&out, 1 << 16);
	if (!list) {
		rc = mv_nomem(err);
		goto out;
	}
	for (size_t i = 0; i < count; i++)
		if (!item[i].s->remove && !item[i].s->same)
			list[n++] = &item[i];
	n = pick_new(git, list, n);
	if (!n)
		goto out;
	rc = write_pack(&pack, list, n, git->info.sha256, err);
	if (!rc)
		rc = mv_git_run(git, n <= LOOSE_MAX ? loose : packed,
				pack.data, pack.len, &out, err);
out:
	mv_buf_release(&pack);
	mv_buf_release(&out);
	free(list);
	return rc;
}

/* -- the index ------------------------------------------------------------ */

/* Where core.fileMode is off, the present entry knows better. */
static int keep_mode(void *payload, const struct mv_git_entry *e,
		     struct mv_err *err)
{
	struct item *const *range = payload;
	struct mv_git_stage s = { .path = e->path };
	struct item key = { .s = &s };
	struct item *hit = bsearch(&key, range[0],
				   (size_t)(range[1] - range[0]),
				   sizeof(key), stage_by_path);

	(void)err;
	if (hit && (e->mode & 0170000) == 0100000)
		hit->executable = !!(e->mode & 0100);
	return 0;
}

static int choose_modes(struct mv_git *git, struct item *item, size_t count,
			struct mv_err *err)
{
	struct item *range[2] = { item, item + count };
	int counts, rc = mv_git_config_bool(&counts, git, "core.filemode", 1,
					    err);

	if (rc)
		return rc;
	for (size_t i = 0; i < count; i++)
		item[i].executable = item[i].s->executable;
	if (counts)
		return 0;
	for (size_t i = 0; i < count; i++)
		item[i].executable = 0;
	return mv_git_ls(git, MV_GIT_LS_CACHED, NULL, keep_mode, range, err);
}

static void pause_ms(int ms)
{
	const struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

/*
 * git does not wait for index.lock; an editor that runs `git status` beside
 * us should not make an add of an hour fail. The lock's name is in git's
 * message in every language.
 */
static int update_index(struct mv_git *git, const struct mv_buf *lines,
			struct mv_err *err)
{
	static const char *const args[] = {
		"update-index", "-z", "--index-info", NULL
	};
	struct mv_err own = { 0 };
	int waited = 0;
	int rc;

	for (int ms = 1;; ms = ms < 64 ? ms * 2 : ms) {
		rc = mv_git_run(git, args, lines->data, lines->len, NULL,
				&own);
		if (rc != MV_EIO || !strstr(own.msg, ".lock"))
			break;
		rc = MV_EBUSY;
		if (waited >= BUSY_MS)
			break;
		pause_ms(ms);
		waited += ms;
	}
	return rc ? mv_fail(err, rc, "%s", own.msg) : 0;
}

static int write_index(struct mv_git *git, const struct item *item,
		       size_t count, struct mv_err *err)
{
	const int hex_len = (int)git->info.hex_len;
	struct mv_buf lines;
	int rc = 0;

	mv_buf_init(&lines, MV_GIT_OUT_MAX);
	for (size_t i = 0; !rc && i < count; i++) {
		const struct item *it = &item[i];

		if (it->s->same)
			continue;
		if (it->s->remove)
			rc = mv_buf_addf(&lines, "0 %0*d\t%s", hex_len, 0,
					 it->s->path);
		else
			rc = mv_buf_addf(&lines, "%s %s\t%s",
					 it->executable ? "100755" : "100644",
					 it->hex, it->s->path);
		if (!rc)
			rc = mv_buf_add(&lines, "", 1);
	}
	if (rc)
		rc = mv_nomem(err);
	else if (lines.len)
		rc = update_index(git, &lines, err);
	mv_buf_release(&lines);
	return rc;
}

/*
 * A file that was changed in the second in which it was read can change
 * again without its stamps showing it. git asks the content as long as the
 * index is no younger than the mtime; but an mtime that was set back says
 * nothing of that. Then git is told nothing, and asks.
 */
static int can_be_told(const struct mv_git_stage *s)
{
	return s->settled || s->st.st_mtim.tv_sec >= s->st.st_ctim.tv_sec;
}

/*
 * By now everything is staged. An entry that moved on meanwhile, and all of
 * them when the lock cannot be had, only cost the next `git status` one run
 * of the clean filter each.
 */
static int patch_stats(struct mv_git *git, const struct item *item,
		       size_t count, struct mv_err *err)
{
	struct mv_git_patch *patch = NULL;
	int rc = mv_git_patch_open(&patch, git, BUSY_MS, err);

	if (rc == MV_EBUSY || rc == MV_ENOTSUP)
		return 0;
	for (size_t i = 0; !rc && i < count; i++) {
		if (item[i].s->remove || !can_be_told(item[i].s))
			continue;
		rc = mv_git_patch_set(patch, item[i].s->path, item[i].hex,
				      &item[i].s->st, item[i].s->settled, err);
		if (rc == MV_ENOENT)
			rc = 0;
	}
	if (!rc)
		rc = mv_git_patch_commit(patch, err);
	mv_git_patch_close(patch);
	return rc;
}

int mv_git_stage(struct mv_git *git, const struct mv_git_stage *entries,
		 size_t count, struct mv_err *err)
{
	struct item *item;
	int rc = 0;

	if (!count)
		return 0;
	item = calloc(count, sizeof(*item));
	if (!item)
		return mv_nomem(err);
	for (size_t i = 0; !rc && i < count; i++) {
		item[i].s = &entries[i];
		if (entries[i].remove)
			continue;
		/* update-index ignores such paths and calls it success. */
		rc = mv_wt_check_path(entries[i].path, err);
		if (!rc)
			rc = mv_git_blob_name(git, item[i].hex, entries[i].data,
					      entries[i].len, err);
	}
	if (!rc)
		rc = write_objects(git, item, count, err);
	if (!rc) {
		qsort(item, count, sizeof(*item), stage_by_path);
		rc = choose_modes(git, item, count, err);
	}
	if (!rc)
		rc = write_index(git, item, count, err);
	if (!rc)
		rc = patch_stats(git, item, count, err);
	free(item);
	return rc;
}
