/* SPDX-License-Identifier: MIT */
#ifndef MV_PROOF_TELLING_H
#define MV_PROOF_TELLING_H

#include "libmv/proof/priv.h"

/* What verify finds out, told piece by piece to who asked. */
struct mv_git_object_info;

struct telling {
	struct mv_gate *gate;
	const struct mv_past *past;
	const struct mv_verify_options *options;
	mv_verify_fn fn;
	void *payload;
};

/* `v` with the proof's state and problems. */
int mv_proof_tell(const struct telling *t, const struct mv_proof *p,
		  struct mv_verified *v, struct mv_err *err);

/* For mv_git_objects() of one commit: its committer is the proof's promoter. */
int mv_proof_take_author(void *payload, size_t i,
			 const struct mv_git_object_info *commit,
			 struct mv_err *err);

/* Each change of .gitmodel/, the oldest first. `proofs` is as the registry. */
int mv_proof_tell_changes(const struct telling *t,
			  const struct mv_proof *proofs, struct mv_err *err);

#endif
