/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"

#include <string.h>

#include "cmd/opt.h"
#include "cmd/out.h"
#include "libmv/base/config.h"
#include "libmv/repo.h"

static const char *const usage[] = {
	"git model ls [-l] [-z] [--json] [<revision>]",
	NULL
};

struct show {
	int detail, zero;
	struct mv_json *files;		/* with --json */
};

static int has_pointer(const struct mv_file *file)
{
	return file->state == MV_FILE_OK || file->state == MV_FILE_MISSING;
}

static void push_json(struct show *show, const struct mv_file *file)
{
	struct mv_json *o = mv_json_object();
	char hex[MV_OID_HEX + 1];

	mv_json_set(o, "path", mv_json_str(file->path));
	if (has_pointer(file)) {
		mv_json_set(o, "oid", mv_json_str(mv_oid_hex(hex,
						  &file->pointer.oid)));
		mv_json_set(o, "size",
			    mv_json_int((int64_t)file->pointer.size));
		mv_json_set(o, "dialect",
			    mv_json_str(file->pointer.dialect ==
					MV_DIALECT_LFS ? "lfs" : "native"));
		mv_json_set(o, "stored", mv_json_bool(file->stored));
	}
	mv_json_set(o, "pointer", mv_json_bool(has_pointer(file)));
	mv_json_push(show->files, o);
}

/* oid, "*" when the content is here, size, path */
static void print_detail(const struct mv_file *file)
{
	char hex[MV_OID_HEX + 1], size[32];

	if (has_pointer(file))
		out_raw("%s %c %10s ", mv_oid_hex(hex, &file->pointer.oid),
			file->stored ? '*' : '-',
			mv_print_size(size, file->pointer.size));
	else
		out_raw("%-64s %c %10s ",
			file->state == MV_FILE_CONFLICT ? "(conflict)"
							: "(no pointer)",
			'-', "");
}

static int show_file(void *payload, const struct mv_file *file,
		     struct mv_err *err)
{
	struct show *show = payload;

	(void)err;
	if (show->files) {
		push_json(show, file);
		return 0;
	}
	if (show->detail)
		print_detail(file);
	if (show->zero) {
		out_bytes(file->path, strlen(file->path) + 1);
	} else {
		out_path(file->path);
		out_raw("\n");
	}
	return 0;
}

int cmd_ls(int argc, const char **argv, struct cmd_env *env)
{
	struct show show = { 0 };
	int json = 0;
	const struct opt opts[] = {
		OPT_BOOL('l', "long", &show.detail,
			 "show oid, '*' if the content is here, and size"),
		OPT_BOOL('z', "null", &show.zero,
			 "end names with NUL, unquoted"),
		OPT_JSON(&json),
		OPT_END
	};
	struct mv_err err;

	argc = opt_parse(argc, argv, opts, usage);
	if (opt_count(argc, argv, 0, 1, opts, usage))
		return CMD_USAGE;
	if (json)
		show.files = mv_json_array();
	if (mv_repo_ls(env->repo, argc ? argv[0] : NULL, show_file, &show,
		       &err)) {
		mv_json_free(show.files);
		return out_fatal(&err);
	}
	return json ? out_json(show.files) : CMD_OK;
}
