/* SPDX-License-Identifier: MIT */
#ifndef MV_IMPORT_H
#define MV_IMPORT_H

#include <stddef.h>
#include <stdint.h>

/*
 * import: what do other tools know about contents that we have? DVC, DVCLive
 * and MLflow; what matches no content of ours is told, not guessed.
 */
struct mv_err;
struct mv_repo;

/* -- bringing it from elsewhere ------------------------------------------- */

struct mv_import {
	const char *path;	/* mlruns/, mlflow.db, a folder with dvc.lock,
				   a DVCLive folder */
	const char *run;	/* only this run's id; or NULL */
	const char *experiment;	/* id or name; or NULL */
	const char *onto;	/* PATH|NAME|oid that it is about; NULL: found by
				   digest or path, else said so */
	const char *artifacts;	/* a folder in which artifacts of MLflow may be
				   looked for, beside the store; or NULL */
	int failed;		/* runs that failed or were killed, too */
	int64_t timeout_ms;	/* for a database; 0: a minute */
	int dry_run;
	int64_t now;
	/* Each run that was read, what became of it; and each thing that could
	   not be mapped. */
	void (*tell)(void *payload, int unmapped, const char *message);
	void *payload;
};

struct mv_import_stats {
	size_t runs, recorded, unmapped;
	size_t known;		/* recorded before, on the same content */
	size_t lost;		/* runs whose content is not known */
};

int mv_import_mlflow(struct mv_repo *repo, const struct mv_import *import,
		     struct mv_import_stats *stats, struct mv_err *err);

int mv_import_dvc(struct mv_repo *repo, const struct mv_import *import,
		  struct mv_import_stats *stats, struct mv_err *err);

int mv_import_dvclive(struct mv_repo *repo,
		      const struct mv_import *import,
		      struct mv_import_stats *stats, struct mv_err *err);

#endif
