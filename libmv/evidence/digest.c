/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/evidence/priv.h"
#include "libmv/meta/ledger.h"
#include "libmv/meta/record.h"

/* What approvals speak of: all evidence of a content, in one digest. */

/* A line about another content is of no interest, whatever it says. One that
   there was no memory to read may be a no. */
int mv_evidence_line_kind(enum mv_evidence_line_kind *kind, const char *line,
			  const struct mv_oid *oid, struct mv_err *err)
{
	struct mv_record r;
	int rc = mv_record_parse(&r, line, strlen(line), err);

	*kind = MV_LINE_OTHER;
	if (rc)
		return rc == MV_ENOMEM ? rc : 0;
	if (!mv_oid_eq(&r.content, oid))
		*kind = MV_LINE_OTHER;
	else if (!strcmp(r.kind, "approval") || !strcmp(r.kind, "receipt"))
		*kind = MV_LINE_STATEMENT;
	else
		*kind = MV_LINE_EVIDENCE;
	mv_record_release(&r);
	return 0;
}

int mv_evidence_digest_lines(char *out, const struct mv_lines *lines,
			     const enum mv_evidence_line_kind *kind, struct mv_err *err)
{
	struct mv_hasher *h = NULL;
	struct mv_oid oid;
	char hex[MV_OID_HEX + 1];
	int rc = mv_hasher_new(&h, MV_HASH_SHA256, err);

	for (size_t i = 0; i < lines->count && !rc; i++) {
		if (kind[i] != MV_LINE_EVIDENCE)
			continue;
		rc = mv_hasher_update(h, lines->v[i], strlen(lines->v[i]),
				      err);
		if (!rc)
			rc = mv_hasher_update(h, "\n", 1, err);
	}
	if (!rc)
		rc = mv_hasher_final(oid.b, h, err);
	mv_hasher_free(h);
	if (!rc)
		snprintf(out, MV_DIGEST_TEXT, "sha256:%s", mv_oid_hex(hex, &oid));
	return rc;
}

int mv_evidence_digest(char *out, const struct mv_lines *lines,
		       const struct mv_oid *content, struct mv_err *err)
{
	enum mv_evidence_line_kind *kind = calloc(lines->count + 1,
						  sizeof(*kind));
	int rc = kind ? 0 : mv_nomem(err);

	for (size_t i = 0; !rc && i < lines->count; i++)
		rc = mv_evidence_line_kind(&kind[i], lines->v[i], content, err);
	if (!rc)
		rc = mv_evidence_digest_lines(out, lines, kind, err);
	free(kind);
	return rc;
}
