/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "cmd/out.h"
#include "cmd/registry.h"
#include "libmv/subject/subject.h"
#include "libmv/transfer/transfer.h"

static const char *const usage[] = {
	"git model cat [--] <what> | <name> <stage>",
	NULL
};

/* What show knows by that name; else what git calls so: ":2:model.bin", or a
   path with a line feed in it, which cannot be asked for among others. */
static int cat_find(struct mv_pointer *out, struct mv_repo *repo,
		    const char *spec, struct mv_err *err)
{
	struct mv_subject s;
	struct mv_err other;
	int rc = mv_subject_find(&s, repo, spec, err);

	if (rc && !mv_transfer_resolve(out, repo, spec, &other))
		return 0;
	if (rc)
		return rc;
	*out = s.pointer;
	/* By its own id a folder is the list of its files. */
	if (s.is_directory && s.path)
		rc = mv_fail(err, MV_EINVALID,
			     "'%s' is a folder of %zu file%s; "
			     "name one of them", spec, s.members.count,
			     out_s(s.members.count));
	mv_subject_release(&s);
	return rc;
}

int cmd_cat(int argc, const char **argv, struct cmd_env *env)
{
	const struct opt opts[] = { OPT_END };
	int fd = 1;
	struct mv_writer out = mv_writer_fd(&fd);
	struct mv_pointer pointer;
	struct mv_err err;
	char *spec;
	int status;

	argc = opt_parse(argc, argv, opts, usage);
	status = registry_spec(&spec, argc, argv, opts, usage);
	if (status)
		return status;
	if (cat_find(&pointer, env->repo, spec, &err) ||
	    (pointer.size && mv_transfer_read(env->repo, &pointer, &out,
					      &err))) {
		out_pipe_gone();
		status = out_fatal(&err);
	}
	free(spec);
	return status;
}
