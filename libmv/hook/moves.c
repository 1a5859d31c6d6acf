/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "libmv/git/refs.h"
#include "libmv/hook/priv.h"
#include "libmv/meta/ledger.h"
#include "libmv/meta/tags.h"

/*
 * A push is judged as one state, but git moves its refs one by one after us,
 * and who pushes need not ask for --atomic: one that git then cannot move (it
 * is not what the push says that it was, its name is too long for a file,
 * another one is in its way) leaves a promotion without the notes, the
 * version or the branch that it was judged by. So git is asked first.
 */

/*
 * What is judged, or what others are judged by: of branches those that were
 * there before, which a rule may name. Another ref may fail as it likes, and
 * a folder of branches may take the place of one, which git does in two steps.
 */
static int counts(const struct mv_push *push, const struct mv_ref_update *u)
{
	const char *ref = u->ref;
	struct mv_tag tag;
	int rc;

	if (!strncmp(ref, MV_NOTES_REF, strlen(MV_NOTES_REF)) ||
	    !strcmp(ref, push->branch) || mv_hook_is_protected(push, ref) ||
	    (!mv_hook_is_zero(u->old) && !strncmp(ref, HEADS, strlen(HEADS))))
		return 1;
	if (strncmp(ref, TAGS, strlen(TAGS)))
		return 0;
	rc = mv_tag_parse(&tag, ref + strlen(TAGS), NULL);
	if (!rc)
		mv_tag_release(&tag);
	return !rc || rc == MV_ENOMEM;
}

int mv_hook_check_moves(struct mv_push *push, struct mv_err *err)
{
	const struct mv_ref_update *u = push->own ? push->targets :
					push->updates;
	size_t left = 0, n = push->own ? push->target_count : push->count;
	struct mv_git_move *v;
	struct mv_err why;
	int rc = 0;

	if (push->advice)
		return 0;
	v = calloc(n + 1, sizeof(*v));
	if (!v)
		return mv_nomem(err);
	for (size_t i = 0; i < n; i++) {
		/* Taking away what is not there is nothing, to git as well. */
		if ((mv_hook_is_zero(u[i].old) && mv_hook_is_zero(u[i].new)) ||
		    !counts(push, &u[i]))
			continue;
		v[left].ref = u[i].ref;
		v[left].old = u[i].old;
		v[left++].new = u[i].new;
	}
	if (left)
		rc = mv_git_try_moves(push->git, v, left, &why);
	if (!rc)
		rc = mv_hook_check_after(push, v, left, &why);
	else if (rc == MV_EDENIED)
		rc = mv_hook_refuse(push, "git could not do all of this "
				    "push, which is judged as a whole: %s",
				    why.msg);
	free(v);
	return rc ? mv_fail(err, rc, "%s", why.msg) : 0;
}
