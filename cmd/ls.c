/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cmd/opt.h"
#include "cmd/out.h"
#include "cmd/table.h"
#include "libmv/base/config.h"
#include "libmv/base/json.h"
#include "libmv/repo/files.h"
#include "libmv/report/text.h"

static const char *const usage[] = {
	"git model ls [-l] [-z] [--json] [<revision>]",
	NULL
};

static const struct mv_list_column head[] = {
	{ "Content", MV_LIST_CUT }, { "Here", MV_LIST_LATE },
	{ "Size", MV_LIST_RIGHT }, { "Path", MV_LIST_PATH | MV_LIST_LATE }
};
struct show {
	int detail, zero;
	struct table table;		/* with --long */
	struct mv_json *files;		/* with --json */
};

static int has_pointer(const struct mv_file *file)
{
	return file->state == MV_FILE_OK || file->state == MV_FILE_MISSING;
}

static void ls_push_json(struct show *show, const struct mv_file *file)
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

static void add_detail(struct table *table, const struct mv_file *file)
{
	char hex[MV_OID_HEX + 1], size[32];
	int known = has_pointer(file);

	table_add(table, known ? mv_oid_hex(hex, &file->pointer.oid) :
		  file->state == MV_FILE_CONFLICT ? "(conflict)" :
		  "(no pointer)");
	table_add(table, file->stored && known ? "*" : NULL);
	table_add(table, known ? mv_print_size(size, file->pointer.size) :
			 NULL);
	table_add_path(table, file->path, "");
}

/* With -z: as it is, for programs. */
static void print_detail(const struct show *show, const struct mv_file *file)
{
	char hex[MV_OID_HEX + 1], size[32];

	if (show->detail && has_pointer(file))
		out_raw("%s %c %10s ", mv_oid_hex(hex, &file->pointer.oid),
			file->stored ? '*' : '-',
			mv_print_size(size, file->pointer.size));
	else if (show->detail)
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
		ls_push_json(show, file);
	} else if (show->detail && !show->zero) {
		add_detail(&show->table, file);
	} else if (show->zero) {
		print_detail(show, file);
		out_bytes(file->path, strlen(file->path) + 1);
	} else {
		out_path(file->path);
		out_raw("\n");
	}
	return 0;
}

int cmd_ls(int argc, const char **argv, struct cmd_env *env)
{
	struct show show = { .table = TABLE_INIT(head) };
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
	int failed;

	argc = opt_parse(argc, argv, opts, usage);
	if (opt_count(argc, argv, 0, 1, opts, usage))
		return CMD_USAGE;
	if (json)
		show.files = mv_json_array();
	failed = mv_repo_ls(env->repo, argc ? argv[0] : NULL, show_file, &show,
			    &err);
	if (!failed && json)
		return out_json(show.files);
	mv_json_free(show.files);
	/* What was found before it failed helps, too. */
	if (table_print(&show.table, 0, env))
		return CMD_FATAL;
	return failed ? out_fatal(&err) : CMD_OK;
}
