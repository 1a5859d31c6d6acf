/* SPDX-License-Identifier: MIT */
#ifndef MV_META_MANIFEST_H
#define MV_META_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"
#include "libmv/base/hash.h"

/*
 * manifest: what a directory is, as one content (docs/format/manifest.md).
 *
 * All bytes from notes, tags and files are hostile: bounded, escaped by who
 * prints them. Structs are plain; each _release() frees what is inside and
 * leaves an empty struct. Not for use by two threads at once.
 */
/*
 * The content id of a directory is the SHA-256 of its manifest, which is
 * itself a content that can be stored:
 *
 *	git-model-manifest/1 LF
 *	<64 hex> SP <size> SP <path> LF	... sorted by the paths' bytes
 *
 * paths are relative to the directory, '\' and bytes below 0x20 as \ooo.
 * One with links or submodules in it is of version 2, where those lines begin
 * with "link " or "module ".
 */
enum mv_member_kind {
	MV_MEMBER_FILE,
	MV_MEMBER_LINK,		/* symbolic: oid and size are its target's text */
	MV_MEMBER_MODULE	/* of its commit's full name, in hex */
};
struct mv_member {
	char *path;
	struct mv_oid oid;
	uint64_t size;
	enum mv_member_kind kind;
	int in_git;		/* for who read it from git, and not of the text:
				   git holds the bytes themselves */
};
struct mv_manifest {
	struct mv_member *v;
	size_t count, alloc;
};
void mv_manifest_release(struct mv_manifest *m);
int mv_manifest_add(struct mv_manifest *m, const char *path,
		    const struct mv_oid *oid, uint64_t size,
		    struct mv_err *err);
int mv_manifest_add_kind(struct mv_manifest *m, enum mv_member_kind kind,
			 const char *path, const struct mv_oid *oid,
			 uint64_t size, struct mv_err *err);
/*
 * Does a link at `path` of a directory lead to something in that directory,
 * whatever else in it is a link? Only what climbs no further than to the top
 * of it, and never again after going down, does.
 */
int mv_manifest_link_stays(const char *path, const char *target);
/* Sorts; MV_EINVALID when a path occurs twice. */
int mv_manifest_print(struct mv_buf *out, struct mv_manifest *m,
		      struct mv_err *err);
int mv_manifest_parse(struct mv_manifest *out, const char *data, size_t len,
		      struct mv_err *err);
/* Do these bytes begin like one? */
int mv_manifest_is(const char *data, size_t len);
/* Members that differ; old or new NULL where there is none. */
typedef int (*mv_member_fn)(void *payload, const struct mv_member *old,
			    const struct mv_member *new, struct mv_err *err);
int mv_manifest_diff(const struct mv_manifest *old,
		     const struct mv_manifest *new, mv_member_fn fn,
		     void *payload, struct mv_err *err);

#endif
