/* SPDX-License-Identifier: MIT */
#ifndef MV_REPO_PLAIN_H
#define MV_REPO_PLAIN_H

#include "libmv/repo-look.h"
#include "libmv/report/report.h"

/*
 * Files of ours that no artifact of .gitmodel/config names, for a report:
 * which of them have evidence, and the others by their folders
 * (repo-plain.c). For repo-report.c only.
 */
struct mv_plain_file {
	char *path;		/* from the work tree's top */
	char blob[65];		/* of the pointer */
	uint64_t size;		/* of the content */
	int noted;		/* something is recorded on it */
};
struct mv_plain {
	struct mv_plain_file *v;	/* in the order of the index */
	size_t count, alloc;
	size_t bare;		/* how many have no note */
};
/* Of the index, or of HEAD where there is no work tree. */
int mv_plain_files(struct mv_plain *out, struct mv_repo *repo,
		   const struct mv_project *project, struct mv_err *err);
void mv_plain_release(struct mv_plain *p);

/* Those without a note, by folder; yours. */
int mv_plain_groups(struct mv_file_group **out, size_t *count,
		    const struct mv_plain *p, struct mv_err *err);
void mv_plain_groups_release(struct mv_file_group *groups, size_t count);

#endif
