/* SPDX-License-Identifier: MIT */
#include "cmd/opt.h"
#include "cmd/out.h"
#include "cmd/setup.h"
#include "libmv/base/json.h"
#include "libmv/subject/subject.h"
#include "libmv/work/work.h"

static const char *const usage[] = {
	"git model status [-a] [--json] [--] [<path>...]",
	NULL
};

struct show {
	int all;
	struct mv_json *files;		/* with --json */
	uint64_t count[MV_FILE_RAW + 1];
	uint64_t staged, not_stored, strays, left_out;
};

static const char *const words[] = {
	"unchanged", "modified", "pointer", "missing", "deleted", "conflict",
	"raw"
};

static void status_push_json(struct show *show, const struct mv_file *file,
			     const char *word)
{
	struct mv_json *o = mv_json_object();
	char hex[MV_OID_HEX + 1];

	mv_json_set(o, "path", mv_json_str(file->path));
	mv_json_set(o, "state", mv_json_str(word));
	mv_json_set(o, "staged", mv_json_bool(file->staged));
	if (file->state != MV_FILE_CONFLICT && file->state != MV_FILE_RAW) {
		mv_json_set(o, "oid", mv_json_str(mv_oid_hex(hex,
						  &file->pointer.oid)));
		mv_json_set(o, "size",
			    mv_json_int((int64_t)file->pointer.size));
		mv_json_set(o, "stored", mv_json_bool(file->stored));
	}
	mv_json_push(show->files, o);
}

/* On a narrow terminal a long path has a line of its own. */
static int print_row(const char *word, int staged, const char *path,
		     struct mv_err *err)
{
	struct mv_buf line;
	int bad;

	mv_buf_init(&line, 1 << 20);
	bad = mv_buf_addf(&line, "%-9s %s ", word,
			  staged ? "staged" : "      ") ||
	      out_quote_path(&line, path) || mv_buf_addch(&line, '\n');
	if (!bad)
		out_text(&line);
	mv_buf_release(&line);
	return bad ? mv_nomem(err) : 0;
}

static int show_file(void *payload, const struct mv_file *file,
		     struct mv_err *err)
{
	struct show *show = payload;

	show->count[file->state]++;
	show->staged += file->staged != 0;
	show->left_out += file->left_out != 0;
	/* Outside of a sparse checkout content need not be here. */
	if (file->state == MV_FILE_OK && !file->outside)
		show->not_stored += !file->stored;
	if (show->files) {
		status_push_json(show, file, words[file->state]);
		return 0;
	}
	if (!show->all && file->state == MV_FILE_OK && !file->staged &&
	    (file->stored || file->outside))
		return 0;
	return print_row(words[file->state], file->staged, file->path, err);
}

/* A pointer in git at a path that no pattern speaks of. */
static int show_stray(void *payload, const struct mv_file *file,
		      struct mv_err *err)
{
	struct show *show = payload;

	show->strays++;
	if (show->files) {
		status_push_json(show, file, "stray");
		return 0;
	}
	return print_row("stray", 0, file->path, err);
}

/* What to do, for each thing that is not as it should be. */
static void print_hints(const struct show *show)
{
	if (show->count[MV_FILE_POINTER])
		out_hint("a pointer lies where the content should be: "
			 "'git model checkout' writes the content");
	if (show->count[MV_FILE_MISSING] > show->left_out)
		out_hint("the content of a pointer is not here: "
			 "'git model pull' gets and writes it");
	if (show->left_out)
		out_hint("%llu left out by lfs.fetchinclude or "
			 "lfs.fetchexclude: 'git model checkout <path>' gets "
			 "and writes one all the same",
			 (unsigned long long)show->left_out);
	if (show->count[MV_FILE_MODIFIED])
		out_hint("'git model add <path>' stores what was modified");
	if (show->count[MV_FILE_CONFLICT])
		out_hint("choose a side with 'git checkout --ours <path>' or "
			 "'--theirs', then 'git model add <path>'");
	if (show->count[MV_FILE_RAW])
		out_hint("git holds the bytes themselves, not a pointer: "
			 "'git model add <path>' and commit mends it");
	if (show->strays)
		out_hint("git holds a pointer, but no pattern gives the file "
			 "to git-model: 'git model track <path>' gives it "
			 "back; 'git add --renormalize <path>' puts the bytes "
			 "into git; a line '<path> -filter' says that it is "
			 "meant");
	if (show->not_stored)
		out_hint("%llu of the staged contents %s not in the store: "
			 "'git model fsck --repair' stores what is there "
			 "again", (unsigned long long)show->not_stored,
			 show->not_stored == 1 ? "is" : "are");
}

int cmd_status(int argc, const char **argv, struct cmd_env *env)
{
	struct show show = { 0 };
	int json = 0;
	const struct opt opts[] = {
		OPT_BOOL('a', "all", &show.all, "list unchanged files, too"),
		OPT_JSON(&json),
		OPT_END
	};
	struct mv_err err;
	uint64_t total = 0;

	argc = opt_parse(argc, argv, opts, usage);
	if (json)
		show.files = mv_json_array();
	if (mv_subject_paths_exist(env->repo, argc ? argv : NULL, &err) ||
	    mv_work_status(env->repo, argc ? argv : NULL, 1, show_file, &show,
			   &err) ||
	    mv_repo_strays(env->repo, 0, argc ? argv : NULL, show_stray,
			   &show, &err)) {
		mv_json_free(show.files);
		return out_fatal(&err);
	}
	for (size_t i = 0; i <= MV_FILE_RAW; i++)
		total += show.count[i];
	if (total)
		setup_warn_filterless(env->repo);
	if (json)
		return out_json(show.files);
	if (!total && !show.strays && argc)
		out_line("nothing of that is tracked by git-model; "
			 "'git model track <pattern>' changes that");
	else if (!total && !show.strays)
		out_line("no file here is tracked by git-model; "
			 "'git model track <pattern>' changes that");
	else if (total)
		out_line("%llu of %llu unchanged, %llu staged",
			 (unsigned long long)show.count[MV_FILE_OK],
			 (unsigned long long)total,
			 (unsigned long long)show.staged);
	print_hints(&show);
	return CMD_OK;
}
