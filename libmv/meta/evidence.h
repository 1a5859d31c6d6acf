/* SPDX-License-Identifier: MIT */
#ifndef MV_META_EVIDENCE_H
#define MV_META_EVIDENCE_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"
#include "libmv/base/hash.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/ledger.h"
#include "libmv/meta/record.h"

/*
 * evidence: what the records of one content add up to.
 *
 * All bytes from notes, tags and files are hostile: bounded, escaped by who
 * prints them. Structs are plain; each _release() frees what is inside and
 * leaves an empty struct. Not for use by two threads at once.
 */
/*
 * For each key the newest record's word counts: the one with the greatest
 * "t" (then the line's bytes), but one that names another as superseded is
 * newer than that one, whatever the clocks said. `records` are the lines that
 * could be read, oldest first; facts say in `from` which of them they come
 * from. data, run, environment and commit are those of the newest record that
 * has any.
 */
struct mv_evidence {
	struct mv_record *records;
	size_t count;
	size_t skipped;		/* lines that could not be read */
	size_t elsewhere;	/* records about another content */
	struct mv_facts params, metrics, tags;
	const struct mv_record *data, *run, *environment;	/* or NULL */
};
void mv_evidence_release(struct mv_evidence *e);
int mv_evidence_fold(struct mv_evidence *out, const struct mv_lines *lines,
		     struct mv_err *err);
/*
 * The same, but only of records that speak of this content (NULL: all), and of
 * this artifact or of none (`artifact` NULL: all). A note is on the pointer to
 * a content, but anybody can write a line about another one into it: that is
 * nobody's evidence. Identical content shares one note. Those that were
 * made for a path that is no artifact speak of a copy of the bytes: they count
 * as older than all others.
 */
int mv_evidence_fold_for(struct mv_evidence *out, const struct mv_lines *lines,
			 const struct mv_oid *content, const char *artifact,
			 struct mv_err *err);
/* What a metric was measured on: entries of role "eval" of its record, else
   those without a role; sorted oids joined with "+" into `out`, "" when the
   record does not say. */
int mv_evidence_eval_data(struct mv_buf *out, const struct mv_evidence *e,
			  const struct mv_fact *metric);

#endif
