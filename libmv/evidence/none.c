/* SPDX-License-Identifier: MIT */
#include "libmv/evidence/evidence.h"
#include "libmv/git/refs.h"
#include "libmv/meta/ledger.h"
#include "libmv/repo/state.h"
#include "libmv/transfer/asked.h"

/*
 * A clone brings no notes. So where there are none, nobody can say that nobody
 * said no, unless there is no other place that may have some, or the one there
 * is was asked and has none. What was fetched once leaves its tracking ref, and
 * then none are not "none yet".
 */
static int any_ref(void *payload, const struct mv_git_ref *ref,
		   struct mv_err *err)
{
	(void)ref;
	(void)err;
	*(int *)payload = 1;
	return 0;
}

int mv_evidence_notes_missing(int *missing, struct mv_repo *repo,
			      struct mv_err *err)
{
	static const char *const fetched[] = { MV_NOTES_REMOTES, NULL };
	int had = 0;
	int rc = mv_git_each_ref(repo->git, fetched, any_ref, &had, err);

	*missing = had;
	return rc || had ? rc :
		mv_transfer_may_have(missing, repo, MV_ASKED_RECORDS, err);
}
