/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "cmd/out.h"
#include "cmd/registry.h"
#include "libmv/subject/subject.h"
#include "libmv/tensor/tensor.h"
#include "libmv/transfer/part.h"
#include "libmv/transfer/transfer.h"

static const char *const usage[] = {
	"git model cat [--] <what> | <name> <stage>",
	"git model cat --tensor <name> [--npy] [--widen] [--] <what>",
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

/* -- one tensor ----------------------------------------------------------- */

static int cat_form(enum mv_tensor_form *out, int npy, int widen)
{
	*out = MV_TENSOR_RAW;
	if (widen && !npy)
		return 0;
	if (npy)
		*out = widen ? MV_TENSOR_NPY_FLOAT32 : MV_TENSOR_NPY;
	return 1;
}

/* What can be done instead, where NumPy has no such numbers. */
static void cat_hint(const struct mv_tensor *t, enum mv_tensor_form form,
		     int rc)
{
	struct mv_err none;

	if (rc != MV_ENOTSUP || mv_tensor_readable(t, &none))
		return;
	if (form == MV_TENSOR_NPY)
		out_hint("without --npy its bytes are written as they are; "
			 "--npy --widen writes bf16 and float8 as float32, "
			 "which has all of their values");
	else if (form == MV_TENSOR_NPY_FLOAT32)
		out_hint("--npy without --widen keeps its dtype, no --npy "
			 "its bytes");
}

static int cat_write(struct mv_transfer_part *part, uint64_t size,
		     const char *name, enum mv_tensor_form form,
		     struct mv_err *err)
{
	int fd = 1;
	struct mv_writer out = mv_writer_fd(&fd);
	const struct mv_tensor *t;
	struct mv_layout layout;
	struct mv_range range;
	int rc = mv_format_parse_at(&layout, mv_transfer_part_read_at, part,
				    size, err);

	if (!rc)
		rc = mv_tensor_find(&t, &layout, name, err);
	if (!rc)
		rc = mv_tensor_readable(t, err);
	if (!rc) {
		range.off = t->offset;
		range.len = t->length;
		rc = mv_transfer_part_bring(part, &range, 1, err);
	}
	if (!rc) {
		rc = mv_tensor_write(&out, t, form, mv_transfer_part_read_at,
				     part, err);
		cat_hint(t, form, rc);
	}
	mv_layout_release(&layout);
	return rc;
}

/* A part that came alone is no proof. */
static void cat_say(struct mv_transfer_part *part)
{
	struct mv_transfer_part_state state;

	mv_transfer_part_state(&state, part);
	if (!state.vouched)
		out_note("git-model: only a part of this content is here. Each "
			 "chunk is what its list says; that the list is of "
			 "this content is what the remote says, until `git "
			 "model fetch` has brought all of it");
}

static int cat_tensor(struct cmd_env *env, const char *spec,
		      const struct mv_pointer *pointer, const char *name,
		      enum mv_tensor_form form, struct mv_err *err)
{
	struct mv_transfer_part *part;
	uint64_t size;
	int rc = mv_transfer_part_open(&part, env->repo, pointer, NULL,
				       MV_PART_FETCH, err);

	if (rc)
		return rc;
	rc = mv_transfer_part_size(&size, part, err);
	if (!rc)
		rc = cat_write(part, size, name, form, err);
	if (rc)
		mv_err_prefix(err, "'%s'", spec);
	else
		cat_say(part);
	mv_transfer_part_close(part);
	return rc;
}

static int cat_whole(struct cmd_env *env, const struct mv_pointer *pointer,
		     struct mv_err *err)
{
	int fd = 1;
	struct mv_writer out = mv_writer_fd(&fd);

	return pointer->size ? mv_transfer_read(env->repo, pointer, &out,
						err) : 0;
}

int cmd_cat(int argc, const char **argv, struct cmd_env *env)
{
	const char *tensor = NULL;
	int npy = 0, widen = 0;
	const struct opt opts[] = {
		OPT_STRING(0, "tensor", &tensor, "name",
			   "only this tensor of it, row after row"),
		OPT_BOOL(0, "npy", &npy, "as a .npy file"),
		OPT_BOOL(0, "widen", &widen,
			 "with --npy: its numbers as float32"),
		OPT_END
	};
	enum mv_tensor_form form;
	struct mv_pointer pointer;
	struct mv_err err;
	char *spec;
	int status, rc;

	argc = opt_parse(argc, argv, opts, usage);
	if (!cat_form(&form, npy, widen))
		return opt_usage_error(opts, usage, "--widen is for --npy");
	if (npy && !tensor)
		return opt_usage_error(opts, usage, "--npy is for --tensor");
	status = registry_spec(&spec, argc, argv, opts, usage);
	if (status)
		return status;
	rc = cat_find(&pointer, env->repo, spec, &err);
	if (!rc)
		rc = tensor ? cat_tensor(env, spec, &pointer, tensor, form,
					 &err) :
			      cat_whole(env, &pointer, &err);
	if (rc) {
		out_pipe_gone();
		status = out_fatal(&err);
	}
	free(spec);
	return status;
}
