/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libmv/meta/ledger.h"
#include "libmv/proof/proving.h"

/* Which records an event was decided on, and what was added or lost since. */
int mv_proof_check_notes(struct proving *x)
{
	const char *commit = mv_proof_said(&x->trailers, "Model-Notes");

	if (!*commit)
		return 0;
	if (!mv_proof_is_name(commit))
		return BAD(x, "Model-Notes is no name of a commit");
	if (!*x->gates->today->notes)
		return UNKNOWN(x, "there are no records here; git model fetch "
			       "brings them");
	x->notes = mv_gate_past_find(&x->past->notes, commit);
	if (!x->notes && x->past->shallow)
		return UNKNOWN(x,
			       "the history of the records is cut off before "
			       "%.10s; git fetch --unshallow brings it",
			       commit);
	if (!x->notes)
		return BAD(x, "the records that it was decided on (%.10s) are "
			   "not in the history of today's: notes were "
			   "rewritten, or not all are here (git model fetch)",
			   commit);
	mv_gate_past_name(x->p->notes, commit);
	return mv_proof_check_date(x, x->notes->when, "records");
}

/* Notes only grow: every line that was there is there today. */
int mv_proof_check_grown(struct proving *x, const char *blob,
			 struct mv_err *err)
{
	struct mv_git *git = mv_repo_git(x->gates->repo);
	struct mv_lines then = { NULL, 0, NULL }, now = { NULL, 0, NULL };
	size_t gone = 0, first = 0;
	int rc;

	if (!x->notes)
		return 0;
	rc = mv_ledger_read(&then, git, x->notes->hex, &blob, 1, err);
	if (!rc)
		rc = mv_ledger_read(&now, git, x->gates->today->notes, &blob,
				    1, err);
	for (size_t i = 0; i < then.count && !rc; i++)
		if (!mv_lines_have(&now, then.v[i]))
			first = gone++ ? first : i;
	if (!rc && gone)
		rc = BAD(x, "%zu line%s that it was decided on %s not in the "
			 "records any more, such as %.60s...", gone,
			 gone == 1 ? "" : "s", gone == 1 ? "is" : "are",
			 then.v[first]);
	mv_lines_release(&then);
	mv_lines_release(&now);
	return rc;
}

/* Has the note of today anything that the one of then had not? */
int mv_proof_has_more(struct proving *x, const char *blob, struct mv_err *err)
{
	struct mv_git *git = mv_repo_git(x->gates->repo);
	static const char word[] = "\"kind\":\"approval\"";
	struct mv_lines then = { NULL, 0, NULL }, now = { NULL, 0, NULL };
	int more = 0;
	int rc = x->notes ? mv_ledger_read(&then, git, x->notes->hex, &blob,
					   1, err) : 0;

	if (!rc && *x->gates->today->notes)
		rc = mv_ledger_read(&now, git, x->gates->today->notes, &blob,
				    1, err);
	for (size_t i = 0; i < now.count && !rc && !more; i++)
		more = strstr(now.v[i], word) && !mv_lines_have(&then,
								now.v[i]);
	mv_lines_release(&then);
	mv_lines_release(&now);
	return rc ? rc : more;
}
