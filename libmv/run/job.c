/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/run/job.h"

/* What run.c and outputs.c both need of a job. */

char *mv_run_full_path(const char *folder, const char *path)
{
	return *path == '/' ? strdup(path) : mv_path_join(folder, path);
}

char *mv_run_job_full_path(const struct mv_job *job, const char *path)
{
	return mv_run_full_path(job->repo->info->work_tree, path);
}

int mv_run_job_is_folder(const struct mv_job *job, const char *path)
{
	char *full = mv_run_job_full_path(job, path);
	struct stat st;
	int is = full && !stat(full, &st) && S_ISDIR(st.st_mode);

	free(full);
	return is;
}

int mv_run_job_add_output(struct mv_job *job, const char *path,
			  int is_directory,
			  struct mv_err *err)
{
	struct mv_output *o = MV_GROW_ONE(job->outputs, job->output_count, err);

	if (!o)
		return MV_ENOMEM;
	o->is_directory = is_directory;
	return mv_set_str(&o->path, path, err);
}
