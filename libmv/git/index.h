/* SPDX-License-Identifier: MIT */
#ifndef MV_GIT_INDEX_H
#define MV_GIT_INDEX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"

/*
 * An index file of git as bytes in memory, whose fixed-size fields can be
 * overwritten and which is sealed again afterwards. Nothing is ever added,
 * removed or moved, so whatever an extension says stays true.
 *
 * Versions 2, 3 and 4, SHA-1 and SHA-256. Extensions that git would have to
 * understand (lower case) are refused unless their meaning is known here.
 *
 *	offset  size  header
 *	0       4     "DIRC"
 *	4       4     version
 *	8       4     number of entries
 *	              entry
 *	0       40    ctime s, ns; mtime s, ns; dev; ino; mode; uid; gid; size
 *	40      H     blob (H is 20 or 32)
 *	40+H    2     flags: 0x4000 extended, 0x3000 stage, 0x0fff length
 *	42+H    2     more flags, when extended
 *	...           v2, v3: name, then 1-8 NUL up to a multiple of 8
 *	              v4: varint of bytes to drop of the name before, rest, NUL
 *	              extension: signature 4, length 4, bytes
 *	end-H   H     hash of all before, or zeros (index.skipHash)
 */
struct mv_git_index_entry {
	size_t at;		/* of its 40 bytes of stat data */
	size_t name;		/* in names (v4) or bytes */
	uint32_t len;
	int set;		/* stat data given by us */
	int settled;		/* and of a file that was quiet then */
};

struct mv_git_index {
	struct mv_buf bytes;
	size_t hash_len;
	struct mv_git_index_entry *entry;
	size_t count;
	size_t nameless;	/* split index: so many first ones have none */
	struct mv_buf names;	/* v4 only */
	size_t link;		/* payload of the "link" extension, or 0 */
	size_t link_len;
	int unhashed;		/* index.skipHash */
	int dirty;
};

#define MV_GIT_INDEX_NONE SIZE_MAX

/* Parse what the caller put into ix->bytes. MV_ECORRUPT, MV_ENOTSUP. */
void mv_git_index_init(struct mv_git_index *ix, size_t hash_len);
int mv_git_index_parse(struct mv_git_index *ix, struct mv_err *err);
void mv_git_index_release(struct mv_git_index *ix);

/* The stage-0 entry of that name, or MV_GIT_INDEX_NONE. */
size_t mv_git_index_find(const struct mv_git_index *ix, const char *path);
const char *mv_git_index_name(const struct mv_git_index *ix, size_t i);
int mv_git_index_is_blob(const struct mv_git_index *ix, size_t i,
			 const uint8_t *oid);
void mv_git_index_set_stat(struct mv_git_index *ix, size_t i,
			   const struct stat *st, int settled);
/* What git looks at when it asks whether a file changed. */
struct mv_git_index_look {
	int64_t mtime;		/* seconds */
	uint32_t size;		/* the low 32 bits; 0: the content decides */
	unsigned mode;
	int stage;
	int ignored;		/* assume-unchanged, skip-worktree */
};
void mv_git_index_look(struct mv_git_index_look *out,
		       const struct mv_git_index *ix, size_t i);
/* Its blob's name, hash_len bytes inside of ix->bytes. */
const uint8_t *mv_git_index_blob(const struct mv_git_index *ix, size_t i);
/* Hash again; `hash` (32 bytes, may be NULL) gets the new trailer. */
int mv_git_index_seal(struct mv_git_index *ix, uint8_t *hash,
		      struct mv_err *err);

/* -- split index: split.c ------------------------------------------------- */
/*
 * The shared file that `main` refers to, and what became of its entries:
 * slot[i] is 0 (as it stands), MV_GIT_SPLIT_GONE, or 1 + the number of the
 * nameless entry of `main` that replaces it.
 */
#define MV_GIT_SPLIT_GONE UINT32_MAX
struct mv_git_split {
	struct mv_git_index base;
	uint32_t *slot;
};
void mv_git_split_init(struct mv_git_split *split, size_t hash_len);
/* `split->base` is parsed; read the bitmaps of `main`'s link extension. */
int mv_git_split_map(struct mv_git_split *split,
		     const struct mv_git_index *main_index, struct mv_err *err);
void mv_git_split_release(struct mv_git_split *split);

#endif
