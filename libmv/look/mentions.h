/* SPDX-License-Identifier: MIT */
#ifndef MV_LOOK_MENTIONS_H
#define MV_LOOK_MENTIONS_H

#include "libmv/meta/record.h"

struct mv_err;
struct mv_mentions;
struct mv_oid;
struct mv_record;
struct mv_repo;

/*
 * Which records speak of a content? All notes are read once, but only the
 * lines that mention what is asked for are parsed: a scan that knows no more of
 * JSON than strings and depth notes who is mentioned where. What it gets wrong
 * in a malformed line does not matter, because that will not be parsed either.
 * Of the text nothing is kept but that of the last note: one that is needed
 * again is read again. Private to look.
 */

/* Free it, whatever is returned. *truncated becomes 1 when there are more
   notes, lines or mentions than are held. */
int mv_look_mentions_read(struct mv_mentions **out, struct mv_repo *repo,
			  int *truncated, struct mv_err *err);
void mv_look_mentions_free(struct mv_mentions *mentions);	/* NULL is fine */

/*
 * Each record that mentions it as made (what it is about, or an output of the
 * run) or, with `made` 0, as used (data or an input); and some that mention
 * what begins like it. `fn` stops with what is not 0, which is returned; it may
 * ask for others. The record lives until it returns.
 */
typedef int (*mv_mention_fn)(void *payload, const struct mv_record *r,
			     struct mv_err *err);
int mv_look_mentions_each(struct mv_mentions *mentions,
			  const struct mv_oid *oid,
			  unsigned made, mv_mention_fn fn, void *payload,
			  struct mv_err *err);

#endif
