/* SPDX-License-Identifier: MIT */
#ifndef MV_IMPORT_PRIV_H
#define MV_IMPORT_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/import/import.h"
#include "libmv/meta/curves.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/record.h"
#include "libmv/repo/state.h"
#include "libmv/subject/subject.h"

struct mv_hasher;
struct mv_import_known;

/*
 * What the importers share; nobody else includes this.
 *
 *	mv_import_begin()
 *	for each run: fill a struct mv_import_run; say what it is about by
 *		mv_import_about_file(); mv_import_take()
 *	mv_import_end()		writes all records in one commit
 *
 * What is read comes from strangers: nothing is opened outside of the folder
 * that the user named, no link is followed in it, sizes are bounded, and what
 * cannot be read is told and passed over.
 */
struct mv_import_file {
	char *path;
	struct mv_pointer pointer;
};

struct mv_importing {
	struct mv_repo *repo;
	const struct mv_import *import;
	struct mv_import_stats *stats;
	struct mv_import_file *files;	/* of ours, in the index, by path */
	size_t file_count, file_alloc;
	struct mv_subject onto;
	int has_onto;
	/* What is to be written, and what it is about. */
	struct mv_subject *subjects;
	struct mv_record *records;
	int64_t *started;
	size_t count, alloc;
	struct mv_import_known *known;	/* evidence that was asked for */
	size_t known_count;
};

struct mv_import_run {
	const char *tool;
	char *id, *name;	/* name may be NULL */
	char *state;		/* a run that went on since is news; or NULL */
	char *commit;		/* that it says it was made from; or NULL */
	int keep_commit;	/* made from what is checked out now */
	int64_t started;	/* ms; 0: not known */
	struct mv_facts params, metrics, tags, source;
	struct mv_refs data;
	struct mv_curves curves;
	struct mv_oid curves_oid;	/* of their text (mv_import_take) */
	int has_curves;
	struct mv_subject *subjects;
	size_t subject_count;
	int is_part;		/* of a run that is counted by itself */
	char *why;		/* why no content was found, for a person */
};

int mv_import_begin(struct mv_importing *im, struct mv_repo *repo,
		    const struct mv_import *import,
		    struct mv_import_stats *stats, struct mv_err *err);

int mv_import_end(struct mv_importing *im, struct mv_err *err);

void mv_import_release(struct mv_importing *im);

void mv_import_run_release(struct mv_import_run *run);

/* The run is about it; twice is once. Takes what the subject holds. */
int mv_import_add_subject(struct mv_import_run *run, struct mv_subject *s,
			  struct mv_err *err);

__attribute__((format(printf, 3, 4)))
void mv_import_tell(struct mv_importing *im, int unmapped, const char *fmt,
		    ...);

/* Of one run: "run <id>: ..." */
__attribute__((format(printf, 3, 4)))
void mv_import_unmapped(struct mv_importing *im,
			const struct mv_import_run *run, const char *fmt, ...);

const struct mv_import_file *mv_import_by_path(const struct mv_importing *im,
					       const char *path);

/* The run is about this file of the index; twice is once. */
int mv_import_about_file(struct mv_importing *im, struct mv_import_run *run,
			 const struct mv_import_file *file,
			 struct mv_err *err);

/* Queue its records, or say why there are none. Releases the run. */
int mv_import_take(struct mv_importing *im, struct mv_import_run *run,
		   struct mv_err *err);

/* A fact; what cannot be one is told. With `guess`, numbers, booleans and
   None are told from text as Python prints them. */
int mv_import_fact(struct mv_importing *im, struct mv_import_run *run,
		   struct mv_facts *facts, const char *key, const char *text,
		   int guess, struct mv_err *err);

int mv_import_copy_facts(struct mv_facts *out, const struct mv_facts *in,
			 struct mv_err *err);

/* Into a digest: the bytes that they are stored as. */
int mv_import_hash_curves(struct mv_hasher *h, const struct mv_curves *curves,
			  struct mv_err *err);

/* -- files below a folder that is held open ------------------------------- */
/* A stream of a regular file of any size; errors as below. `fd` is in the
   state, yours to close when 0 was returned. */
int mv_import_stream(struct mv_file_source *state, int root, const char *rel,
		     struct mv_err *err);

int mv_import_open(int *fd, const char *path, struct mv_err *err);

/* MV_ENOENT; MV_EDENIED: a link, or no regular file; MV_ENOMEM: larger than
   the buffer may be. */
int mv_import_read(struct mv_buf *out, int root, const char *rel,
		   struct mv_err *err);

enum mv_import_kind { MV_IMPORT_FILE, MV_IMPORT_FOLDER, MV_IMPORT_OTHER };

typedef int (*mv_import_fn)(void *payload, const char *name,
			    enum mv_import_kind kind, struct mv_err *err);

/* Entries of a folder ("." for the root), sorted; a missing one has none. */
int mv_import_each(int root, const char *rel, mv_import_fn fn, void *payload,
		   struct mv_err *err);

/* May this be one component of a path? */
int mv_import_is_name(const char *s);

/* -- MLflow: how it is kept differs, what it means does not --------------- */
/* import/mlflow.c: text of a param, a tag, a point of a metric. */
int mv_import_mlflow_param(struct mv_importing *im, struct mv_import_run *run,
			   const char *key, const char *value, struct mv_err *err);

int mv_import_mlflow_tag(struct mv_importing *im, struct mv_import_run *run,
			 const char *key, const char *value, struct mv_err *err);

int mv_import_mlflow_point(struct mv_importing *im, struct mv_import_run *run,
			   const char *key, int64_t step, int64_t ms, double value,
			   struct mv_err *err);

struct mv_import_mlflow_dataset {
	const char *name, *digest, *source, *context;	/* each may be NULL */
};

int mv_import_mlflow_dataset(struct mv_importing *im, struct mv_import_run *run,
			     const struct mv_import_mlflow_dataset *dataset,
			     struct mv_err *err);

/* -- import/match.c: which contents are they? */
struct mv_mlflow_store {
	int root;			/* the folder, held open */
	const char *const *prefixes;	/* of the experiment's folders in it */
	const char *experiment;		/* its id */
};

/* A model that was logged for itself; metrics that name it are its own. */
struct mv_mlflow_model {
	char *id, *name, *location;	/* the last two may be NULL */
	struct mv_curves curves;
};

int mv_import_mlflow_add_model(struct mv_mlflow_model **models, size_t *count,
			       const char *id, const char *name, const char *location,
			       struct mv_err *err);

void mv_import_mlflow_models_release(struct mv_mlflow_model *models,
				     size_t count);

/* A run that failed, which nobody asked for: told, and 1. */
int mv_import_mlflow_is_bad(struct mv_importing *im, const char *id,
			    const char *state);

/* After all points: latest values, and which contents its artifacts are.
   `location`: where the run says that they are, or NULL. Takes the run. */
int mv_import_mlflow_take(struct mv_importing *im, struct mv_import_run *run,
			  const struct mv_mlflow_store *store, const char *location,
			  struct mv_mlflow_model *models, size_t count,
			  struct mv_err *err);

/* import/mlflow-db.c */
int mv_import_mlflow_import_db(struct mv_importing *im, const char *path,
			       struct mv_err *err);

#endif
