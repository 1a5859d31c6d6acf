/* SPDX-License-Identifier: MIT */
#ifndef MV_RUN_PRIV_H
#define MV_RUN_PRIV_H

#include <stddef.h>
#include <sys/stat.h>

#include "libmv/meta/record.h"
#include "libmv/repo/state.h"
#include "libmv/run/run.h"

/* What the files of run share. */

/* -- secrets -------------------------------------------------------------- */

#define MV_MASK "***"

/*
 * A copy of the command in which what looks like a secret is "***": values
 * of options and variables whose names say so, the user's part of URLs,
 * tokens of known shapes. NULL when out of memory. Free each and the list.
 */
char **mv_run_mask_command(const char *const *argv);

/* The same for text of many lines (a list of packages). */
int mv_run_mask_text(struct mv_buf *out, const char *text, size_t len);

void mv_run_strings_free(char **list);	/* NULL-terminated; NULL is fine */

/* -- the environment ------------------------------------------------------ */

/* Programs that are asked while the command runs. */
struct mv_probe {
	struct mv_proc python, conda, gpu;
	int begun;
};

/* Starts what there is to be asked; what is not there is not. */
void mv_run_probe_begin(struct mv_probe *probe, struct mv_repo *repo);

/* Collect the answers (os, kernel, cpu, cpus, memory, gpu, python, packages,
   image ...) into record->environment and attach the packages. */
int mv_run_probe_end(struct mv_probe *probe, struct mv_repo *repo,
		     struct mv_record *record, struct mv_err *err);

/* Nobody wants to know any more. */
void mv_run_probe_drop(struct mv_probe *probe);

/* -- what the command does to files --------------------------------------- */

enum mv_watch_role {
	MV_WATCH_PARAMS = 1 << 0,
	MV_WATCH_METRICS = 1 << 1,
	MV_WATCH_OUTPUT = 1 << 2,
	MV_WATCH_GIVEN = 1 << 3,	/* named by the person */
	MV_WATCH_NEAR = 1 << 4		/* params that count unchanged, too */
};

struct mv_watched {
	char *path;		/* from the top of the work tree, or absolute */
	unsigned roles;
	struct stat before, after;
	int was, is;		/* a regular file, then and now */
	int named;		/* of an output: index in `outputs`, else -1 */
};

struct mv_watch {
	struct mv_watched *v;	/* sorted by path */
	size_t count, alloc;
	size_t ignored;		/* candidates beyond the most we read */
};

void mv_run_watch_release(struct mv_watch *w);

/* What `options` name and what the file names suggest, as it stands now. */
int mv_run_watch_begin(struct mv_watch *out, struct mv_repo *repo,
		       const struct mv_run_options *options, struct mv_err *err);

/* The same when the command has ended: new files are added. */
int mv_run_watch_end(struct mv_watch *w, struct mv_repo *repo,
		     const struct mv_run_options *options, struct mv_err *err);

int mv_run_watch_changed(const struct mv_watched *f);

/* Does a file of this name hold params or metrics (MV_WATCH_...), or 0?
   Pure. */
unsigned mv_run_watch_roles(const char *path);

/* "a/dvclive" of "a/dvclive/plots/x.tsv"; NULL: it is in no such folder (or
   there is no memory). Yours. */
char *mv_run_live_folder(const char *path);

/* `path` as the person would type it in `prefix` ("", "a/b/"); yours. */
char *mv_run_path_from(const char *prefix, const char *path);

/* Where the path, below the folder or absolute, is on disk; yours. */
char *mv_run_full_path(const char *folder, const char *path);

/* sha256 and size of a file, wherever it is. */
int mv_run_ref_of_file(struct mv_ref *out, const char *file,
		       struct mv_err *err);

/* -- one run, as reproduce does it again ---------------------------------- */

/* Run it in `dir`; fills status, times and peak of `run`. */
int mv_run_start(struct mv_execution *run, const char *const *argv,
		 const char *dir, const struct mv_proc_env *env,
		 const struct mv_run_hooks *hooks, struct mv_err *err);

#endif
