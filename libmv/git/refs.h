/* SPDX-License-Identifier: MIT */
#ifndef MV_GIT_REFS_H
#define MV_GIT_REFS_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/git/git.h"

/*
 * refs: what a name leads to, listing refs and moving them. One that git cannot
 * read and passes over is an error, not absent (docs/design/git.md).
 *
 * Object names are hex, 40 or 64 digits; paths are relative to the top of the
 * work tree, any bytes but NUL.
 */
/*
 * What a revision names, peeled to a commit: "HEAD", a branch, a tag,
 * "HEAD~2", hex. MV_ENOENT is expected (also for an unborn HEAD).
 */
int mv_git_commit(char *hex, struct mv_git *git, const char *rev,
		  struct mv_err *err);
/*
 * The same of a revision that is to be trusted (sure.c): a short name that is
 * a tag's and a branch's, or a tag's in the place of a branch that is not
 * here, is MV_EINVALID, and the message says how to name it in full.
 */
int mv_git_commit_sure(char *hex, struct mv_git *git, const char *rev,
		       struct mv_err *err);
/* The object a ref holds, not peeled; full ref name. MV_ENOENT expected. */
int mv_git_ref_get(char *hex, struct mv_git *git, const char *ref,
		   struct mv_err *err);
/*
 * Refs below any of these full prefixes ("refs/tags/fraud@"; NULL: all), in
 * the order of their names. `commit` is what the ref leads to when that is a
 * commit, else "". The message of an annotated tag is not read here.
 * MV_ECORRUPT: one is there that git cannot read and passes over (loose.c);
 * `fn` may have had others before that.
 */
struct mv_git_ref {
	const char *name;	/* "refs/tags/fraud@v1.0.0" */
	const char *oid;
	const char *type;	/* of oid: "commit", "tag", "blob", "tree" */
	const char *commit;
};
typedef int (*mv_git_ref_fn)(void *payload, const struct mv_git_ref *ref,
			     struct mv_err *err);
int mv_git_each_ref(struct mv_git *git, const char *const *prefixes,
		    mv_git_ref_fn fn, void *payload, struct mv_err *err);

/*
 * Full name of the branch others merge into; *out is yours. Where there is a
 * remote: its HEAD, else init.defaultBranch, main or master of its branches.
 * In a bare repository its own HEAD. Without a remote, and before anything was
 * pushed or fetched, the one of these names that is here; MV_ENOENT: there is
 * none. MV_ENOTSUP: this clone was made without the branch, or is cut off, so
 * it cannot be told; the message ends with what to run.
 */
int mv_git_default_branch(char **out, struct mv_git *git, struct mv_err *err);
/* Full name of the branch that HEAD is on, born or not; *out is yours.
   MV_ENOENT: it is on none. */
int mv_git_head_branch(char **out, struct mv_git *git, struct mv_err *err);

/*
 * Could all of these be done now, together? They are tried, up to the point
 * where git has every lock and has looked at every old value, and taken back;
 * of one that is not to be there, `old` is all zeros, and so is `new` of one
 * that goes. MV_EDENIED: no, in git's words. Hooks of transactions do not run.
 */
struct mv_git_move {
	const char *ref, *old, *new;
};
MV_GIT_MUST_LOOK
int mv_git_try_moves(struct mv_git *git, const struct mv_git_move *v,
		     size_t count, struct mv_err *err);
/* Move a ref from `old` ("": must not exist) to `new` ("": delete);
   MV_EEXISTS as above. */
int mv_git_ref_set(struct mv_git *git, const char *ref, const char *new,
		   const char *old, const char *why, struct mv_err *err);

#endif
