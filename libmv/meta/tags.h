/* SPDX-License-Identifier: MIT */
#ifndef MV_META_TAGS_H
#define MV_META_TAGS_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"
#include "libmv/meta/facts.h"

/*
 * tags: what the name and the message of a tag of the registry say, in GTO's
 * grammar (docs/format/tags.md).
 *
 * All bytes from notes, tags and files are hostile: bounded, escaped by who
 * prints them. Structs are plain; each _release() frees what is inside and
 * leaves an empty struct. Not for use by two threads at once.
 */
enum mv_event_kind {
	MV_EVENT_REGISTER, MV_EVENT_DEREGISTER, MV_EVENT_ASSIGN,
	MV_EVENT_UNASSIGN, MV_EVENT_DEPRECATE, MV_EVENT_CREATE
};
/* What a tag's name says; pure. Strings are copies. */
struct mv_tag {
	enum mv_event_kind kind;
	char *artifact;		/* "dir:name" for a monorepo ("=" in the tag) */
	char *version;		/* "v1.2.3" or NULL */
	char *stage;		/* or NULL */
	int64_t counter;	/* -1: none; at most MV_COUNTER_MAX */
};
#define MV_COUNTER_MAX INT64_C(999999999999999999)
#define MV_TAG_MAX 1024		/* bytes of a tag's name */
void mv_tag_release(struct mv_tag *tag);
/* `name` without "refs/tags/". MV_ENOENT: not such a tag. */
int mv_tag_parse(struct mv_tag *out, const char *name, struct mv_err *err);
/* MV_EINVALID: there is no tag that says this. */
int mv_tag_print(struct mv_buf *out, const struct mv_tag *tag,
		 struct mv_err *err);
/* Is it a stage ("production")? The same letters as a name without dir. */
int mv_stage_ok(const char *stage);
/* GTO's words: "registration", "unassignment" ... */
const char *mv_event_word(enum mv_event_kind kind);

/*
 * Our trailers in a tag's message: lines "Model-<key>: <value>" of the last
 * paragraph, when that is not the first and has nothing but trailers. As
 * facts of type STRING, under their whole name ("Model-Version"); none is
 * fine. MV_EINVALID: one stands there twice, is empty, or goes on in a second
 * line. `out` must be empty.
 */
int mv_tag_trailers(struct mv_facts *out, const char *message,
		    struct mv_err *err);

#endif
