/* SPDX-License-Identifier: MIT */
#ifndef MV_RUN_JOB_H
#define MV_RUN_JOB_H

#include "libmv/meta/curves.h"
#include "libmv/meta/record.h"
#include "libmv/run/priv.h"
#include "libmv/subject/subject.h"

/*
 * One `git model run` from beginning to end, as run.c (what is recorded of it)
 * and outputs.c (what it wrote) share it. Paths are from the top. Private to
 * run.
 */

/* Params as they stood before the command ran. */
struct mv_job_before {
	char *path;
	struct mv_record facts;
};

struct mv_output {
	char *path;		/* from the top */
	int is_directory;
	struct mv_subject subject;
};

struct mv_job {
	struct mv_repo *repo;
	const struct mv_run_options *options;
	struct mv_watch watch;
	struct mv_record record;	/* what all records have in common */
	struct mv_curves curves;
	struct mv_job_before *before;
	size_t before_count;
	struct mv_output *outputs;
	size_t output_count;
	char *attributes;	/* where a folder was tracked; or NULL */
	size_t skipped;		/* values that are no metrics */
};

/* Where the path is on disk; yours. */
char *mv_run_job_full_path(const struct mv_job *job, const char *path);

int mv_run_job_is_folder(const struct mv_job *job, const char *path);

/* One more; what it is then is resolved later. */
int mv_run_job_add_output(struct mv_job *job, const char *path,
			  int is_directory,
			  struct mv_err *err);

/* -- outputs.c, in this order --------------------------------------------- */
/* What was named and written, and what the watch saw written. */
int mv_run_job_find_outputs(struct mv_job *job, struct mv_err *err);

/* Track, store and stage them. */
int mv_run_job_add_outputs(struct mv_job *job, struct mv_err *err);

/* What each of them is now: its subject. */
int mv_run_job_resolve_outputs(struct mv_job *job, struct mv_err *err);

#endif
