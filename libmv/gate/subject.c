/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libmv/gate/gate.h"
#include "libmv/gate/judge.h"
#include "libmv/meta/project.h"
#include "libmv/repo/state.h"
#include "libmv/subject/subject.h"

int mv_gate_subject(struct mv_subject *out, struct mv_gate *gate,
		    const char *artifact, const char *commit,
		    struct mv_err *err)
{
	struct mv_project project;
	const struct mv_artifact *a;
	int rc = mv_subject_project(&project, gate->repo, commit, err);

	memset(out, 0, sizeof(*out));
	if (rc)
		return rc;
	a = mv_project_by_name(&project, artifact);
	rc = a ? mv_subject_find_at(out, gate->repo, commit, a->path, err) :
	       mv_fail(err, MV_ENOENT,
		       "'%s' is no artifact of .gitmodel/config "
		       "at %.10s", artifact, commit);
	if (!rc && out->beyond) {
		rc = mv_fail(err, MV_EINVALID, "what '%s' is at %.10s is not "
			     "known: %s; put the files themselves there",
			     artifact, commit, out->beyond);
		mv_subject_release(out);
	}
	mv_project_release(&project);
	return rc;
}
