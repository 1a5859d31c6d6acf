/* SPDX-License-Identifier: MIT */
#ifndef MV_EVIDENCE_H
#define MV_EVIDENCE_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/meta/curves.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/ledger.h"
#include "libmv/meta/record.h"
#include "libmv/store/store.h"

/*
 * evidence: what is known about a content? Records are written as git notes on
 * its pointer, read, united with those of others, fetched and pushed. The
 * library asks no clock: `now` is milliseconds since 1970, from the door.
 * What notes look like: docs/format/records.md; why: docs/design/notes.md.
 */
struct mv_curves;
struct mv_evidence;
struct mv_facts;
struct mv_lines;
struct mv_record;
struct mv_ref;
struct mv_repo;
struct mv_subject;

/* Are there notes that this remote is not known to have? The remote is not
   asked. `since` (room for 65) gets what it is known to have, or "". */
int mv_evidence_notes_unpushed(int *yes, char *since, struct mv_repo *repo,
			       const char *remote, struct mv_err *err);

/* Where those who write notes wait for each other; yours. */
int mv_evidence_notes_lock(char **out, struct mv_repo *repo,
			   struct mv_err *err);

/* fsck's part for notes: ours and those of remotes. */
int mv_evidence_fsck(struct mv_repo *repo, int repair, mv_fsck_fn fn,
		     void *payload, uint64_t *bad, struct mv_err *err);

/* -- writing -------------------------------------------------------------- */

/*
 * Fill in what every record has (t, id, by, content, artifact, path, commit,
 * dirty) for `subject`; the caller adds what it knows.
 */
int mv_evidence_record_begin(struct mv_record *out, struct mv_repo *repo,
			     const struct mv_subject *subject, int64_t now,
			     struct mv_err *err);

/*
 * Append records to the ledger, in one commit. `subjects[i]` is what
 * `records[i]` speaks of. Pointer blobs of manifests and attached contents
 * are in git and in the store before that. A record that would name empty
 * content is MV_EINVALID.
 *
 * Each names as superseded what is dated later than it on its content. What a
 * person should know before is warned of: that, approvals that become void
 * and were not used yet, and what the record will not change.
 */
int mv_evidence_record(struct mv_repo *repo, const struct mv_subject *subjects,
		       struct mv_record *records, size_t count,
		       const char *message, struct mv_err *err);

/* Store bytes as content and add a reference to `record->attached`. */
int mv_evidence_attach(struct mv_repo *repo, struct mv_record *record,
		       const char *role, const void *data, size_t len,
		       struct mv_err *err);

/* The same of sorted curves, as "curves"; a run of them is in memory. */
int mv_evidence_attach_curves(struct mv_repo *repo, struct mv_record *record,
			      const struct mv_curves *curves, struct mv_err *err);

/* Bytes of attached content, piece by piece; MV_ENOENT says where it was
   looked for. */
int mv_evidence_attached(struct mv_writer *to, struct mv_repo *repo,
			 const struct mv_record *record, const char *role,
			 struct mv_err *err);

/*
 * What --data, --in, --out name: a PATH (file or directory, ours or not) or
 * an oid. What lies in the work tree comes first, as it is now. A file that
 * is not ours is hashed; of a directory, the manifest is attached to `record`
 * (may be NULL). "md5:<hex>" and the like become a digest that is only kept.
 */
int mv_evidence_ref(struct mv_ref *out, struct mv_repo *repo,
		    struct mv_record *record, const char *role, const char *name,
		    const char *spec, struct mv_err *err);

void mv_evidence_ref_release(struct mv_ref *ref);

/* A params or metrics file by its suffix; csv and tsv files and DVCLive
   folders (metrics only) add to curves and, with their last values, to the
   metrics. Those are read row by row; others are read whole, up to 4 MiB. `path`
   as given; messages name it. */
int mv_evidence_read_facts(struct mv_record *record, struct mv_curves *curves,
			   const char *path, int metrics, size_t *skipped,
			   struct mv_err *err);

/* "nan", "-inf" and the like, as DVCLive writes them, become numbers. */
int mv_evidence_number_words(struct mv_facts *metrics, struct mv_err *err);

/* -- reading -------------------------------------------------------------- */

/* One whose evidence is asked for. */
struct mv_known_as {
	const char *blob;		/* its pointer: hex, or "" */
	const struct mv_oid *content;	/* that it leads to */
	const char *artifact;		/* limits it; may be NULL */
};

/* Evidence of each of them. One round trip for all. */
int mv_evidence_of(struct mv_evidence *out, struct mv_repo *repo,
		   const struct mv_known_as *of, size_t count,
		   struct mv_err *err);

/*
 * Notes of a remote: fetch them to their tracking ref and unite them with
 * ours; push ours (fetch, unite, push, again when somebody was faster, at
 * most 10 times). `remote`: a name or a URL; NULL: the default one. *moved
 * (may be NULL) says whether anything changed. A remote without notes, one
 * that git does not know and no remote at all are fine. Contents that records have attached go with
 * mv_transfer_push().
 */
int mv_evidence_notes_fetch(struct mv_repo *repo, const char *remote,
			    int *moved,
			    struct mv_err *err);

int mv_evidence_notes_push(struct mv_repo *repo, const char *remote, int *moved,
			   struct mv_err *err);

/* Contents that the records here have attached (curves, manifests, lists of
   packages) and that are not here: fetched from wherever they are to be had.
   How many came, and how many did not. */
int mv_evidence_fetch_attached(struct mv_repo *repo, size_t *brought,
			       size_t *missing, struct mv_err *err);

/* What to say where no records are found, because a clone brings none; NULL
   when there are some, or nowhere to get them from. */
const char *mv_evidence_notes_hint(struct mv_repo *repo);

/*
 * Where no notes are here: may there be some elsewhere? Not where there is no
 * remote, nor when the default one was asked (mv_evidence_notes_fetch) and had
 * none; but always when some were fetched before.
 */
int mv_evidence_notes_missing(int *missing, struct mv_repo *repo,
			      struct mv_err *err);

/*
 * What the lines of a note are to a decision about `content`, and what
 * approvals speak of: all its evidence in one digest.
 */
enum mv_evidence_line_kind { MV_LINE_OTHER, MV_LINE_EVIDENCE, MV_LINE_STATEMENT };

int mv_evidence_line_kind(enum mv_evidence_line_kind *kind, const char *line,
			  const struct mv_oid *content, struct mv_err *err);

/* "sha256:<hex>". `kind`: of each line; `out` has room for MV_DIGEST_TEXT. */
#define MV_DIGEST_TEXT 72u
int mv_evidence_digest_lines(char *out, const struct mv_lines *lines,
			     const enum mv_evidence_line_kind *kind, struct mv_err *err);

#endif
