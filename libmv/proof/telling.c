/* SPDX-License-Identifier: MIT */
#include "libmv/proof/telling.h"

#include "libmv/git/objects.h"

int mv_proof_tell(const struct telling *t, const struct mv_proof *p,
		  struct mv_verified *v, struct mv_err *err)
{
	static const char *const none[] = { NULL };

	v->state = p->state;
	v->problems = p->problem_count ? (const char *const *)p->problems :
					 none;
	return t->fn(t->payload, v, err);
}

int mv_proof_take_author(void *payload, size_t i,
			 const struct mv_git_object_info *commit,
			 struct mv_err *err)
{
	struct mv_proof *p = payload;

	(void)i;
	return commit ? mv_gate_set(&p->promoter, commit->committer.email,
				    err) : 0;
}
