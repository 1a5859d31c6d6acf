/* SPDX-License-Identifier: MIT */
#ifndef MV_REPO_POLICY_H
#define MV_REPO_POLICY_H

#include "libmv/policy/policy.h"
#include "libmv/repo.h"

/*
 * The policy for who writes it: as it stands in the work tree (that is what
 * is being edited), in a file, or in a revision; with the config, the example
 * cases and the lists of signers beside it. What counts in a decision is
 * another question, which repo-gate.h answers.
 */
struct mv_policy_draft {
	char *name;		/* as messages call it: ".gitmodel/policy",
				   "main:.gitmodel/policy", or the file */
	struct mv_policy policy;
	char *cases;		/* of policy-tests; NULL: there are none */
	size_t cases_len;
	char **principals;	/* of the lists of signers; NULL-terminated;
				   NULL: there are no such lists */
};
void mv_policy_draft_release(struct mv_policy_draft *draft);
/*
 * `where` NULL: the work tree; a file that exists (with the work tree's
 * config beside it), else a revision. MV_ENOENT: no policy there.
 * MV_EINVALID: with file and line.
 */
int mv_policy_draft_read(struct mv_policy_draft *out, struct mv_repo *repo,
			 const char *where, struct mv_err *err);
/*
 * A policy to begin with, with `member` in its one group, in the work tree;
 * and an id for the repository in .gitmodel/config when it has none.
 * MV_EEXISTS: there is a policy already.
 */
int mv_policy_draft_init(struct mv_repo *repo, const char *member,
			 struct mv_err *err);

#endif
