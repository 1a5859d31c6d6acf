/* SPDX-License-Identifier: MIT */
#ifndef MV_EVIDENCE_PRIV_H
#define MV_EVIDENCE_PRIV_H

#include <stddef.h>

#include "libmv/evidence/evidence.h"
#include "libmv/meta/ledger.h"
#include "libmv/meta/record.h"
#include "libmv/repo/state.h"

/* What the files of evidence share. */
struct mv_lines;
struct mv_pointer;
struct mv_record;
struct mv_subject;

/* What the records meet there: superseded, and said. */
int mv_evidence_record_before(struct mv_repo *repo,
			      const struct mv_subject *subjects,
			      struct mv_record *records, size_t count,
			      struct mv_err *err);

/* Unite another ref with our notes. */
int mv_evidence_notes_merge(struct mv_repo *repo, const char *other,
			    int *changed,
			    struct mv_err *err);

/* What approvals are bound to: the digest of the evidence lines about this
   content. `out` has room for MV_DIGEST_TEXT. */
int mv_evidence_digest(char *out, const struct mv_lines *lines,
		       const struct mv_oid *content, struct mv_err *err);

#endif
