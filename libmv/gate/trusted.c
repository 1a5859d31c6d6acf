/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/gate/gate.h"
#include "libmv/git/config.h"
#include "libmv/git/git.h"
#include "libmv/git/refs.h"
#include "libmv/repo/state.h"

#define HEADS "refs/heads/"

/*
 * model.trustedBranch. A setting that names nothing is no setting that is
 * missing: who wrote it wanted a policy to count, and without one everything
 * would be let in.
 */
int mv_gate_trusted_setting(char **ref, struct mv_git *git, struct mv_err *err)
{
	const char *said, *name;
	const char *args[] = { "check-ref-format", NULL, NULL };
	int status = 0;
	int rc = mv_git_config(&said, git, "model.trustedbranch", err);

	*ref = NULL;
	if (rc || !said)
		return rc;
	name = !strncmp(said, HEADS, strlen(HEADS)) ? said + strlen(HEADS) :
	       said;
	*ref = mv_strf(HEADS "%s", name);
	if (!*ref)
		return mv_nomem(err);
	args[1] = *ref;
	if (strncmp(name, "refs/", 5) && *name)
		rc = mv_git_ask(&status, git, args, 1, NULL, err);
	else
		status = 1;
	if (!rc && status)
		rc = mv_fail(err, MV_EINVALID, "model.trustedBranch is '%s', "
			     "which names no branch; on the server: git "
			     "config model.trustedBranch NAME, or git config "
			     "--unset-all model.trustedBranch for that of "
			     "HEAD", said);
	if (rc) {
		free(*ref);
		*ref = NULL;
	}
	return rc;
}

/* Would a policy count, if the setting were not there? One that cannot be read
   would refuse everything, so it counts. */
static int head_has_policy(int *yes, struct mv_repo *repo, struct mv_err *err)
{
	struct mv_gate_options o = { .artifact = "none", .now = 1 };
	struct mv_gate gate;
	struct mv_err why;
	char hex[65];
	int rc = mv_git_commit(hex, mv_repo_git(repo), "HEAD", &why);

	*yes = 0;
	if (rc == MV_ENOENT)
		return 0;
	if (rc)
		return mv_fail(err, rc, "%s", why.msg);
	o.trusted = hex;
	rc = mv_gate_open(&gate, repo, &o, &why);
	*yes = rc || gate.has_policy;
	if (!rc)
		mv_gate_close(&gate);
	return rc == MV_ENOMEM ? mv_nomem(err) : 0;
}

static int saw_ref(void *payload, const struct mv_git_ref *ref,
		   struct mv_err *err)
{
	(void)ref;
	(void)err;
	*(int *)payload = 1;
	return 0;
}

int mv_gate_trusted_absent(enum mv_trusted_absence *out, struct mv_repo *repo,
			   struct mv_err *err)
{
	static const char *const prefixes[] = { HEADS, NULL };
	int governed, others = 0;
	int rc = head_has_policy(&governed, repo, err);

	if (!rc)
		rc = mv_git_each_ref(mv_repo_git(repo), prefixes, saw_ref,
				     &others, err);
	if (governed)
		*out = MV_TRUSTED_INSTEAD;
	else if (others)
		*out = MV_TRUSTED_LATE;
	else
		*out = MV_TRUSTED_FRESH;
	return rc;
}
