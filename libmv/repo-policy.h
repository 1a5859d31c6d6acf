/* SPDX-License-Identifier: MIT */
#ifndef MV_REPO_POLICY_H
#define MV_REPO_POLICY_H

#include "libmv/policy/policy.h"
#include "libmv/repo.h"
#include "libmv/trust/trust.h"

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
	char *config;		/* .gitmodel/config; NULL: there is none */
	size_t config_len;
	char **stages;		/* that tags have, here; NULL-terminated */
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
 * an id for the repository in .gitmodel/config when it has none; and, with a
 * public key ("ssh-ed25519 AAAA..."), the list of signers where there is none
 * yet, so that the member's commits and approvals count. MV_EEXISTS: there is
 * a policy already.
 */
int mv_policy_draft_init(struct mv_repo *repo, const char *member,
			 const char *key, struct mv_err *err);

/* -- the key that a person signs with (repo-signer.c) -- */
/* What git's configuration says; the strings are its own. */
int mv_signer_key(struct mv_signing_key *key, struct mv_git *git,
		  struct mv_err *err);
/*
 * The public half, "<type> <base64>", of a key as user.signingkey names it:
 * the key itself, or the path of either half; yours. MV_ENOENT: no such file.
 */
int mv_signer_public(char **out, struct mv_repo *repo, const char *key,
		     struct mv_err *err);
/*
 * The same of the key that git is set to sign with or, where it is set to
 * none, of the one that ssh-keygen made: then *from is its file ("~/.ssh/..."),
 * and git must still be told. Both yours. MV_ENOENT says how to make one;
 * MV_ENOTSUP: it is an OpenPGP key.
 */
int mv_signer_find(char **public, char **from, struct mv_repo *repo,
		   struct mv_err *err);

#endif
