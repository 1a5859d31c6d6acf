/* SPDX-License-Identifier: MIT */
#ifndef MV_IMPORT_DVC_H
#define MV_IMPORT_DVC_H

#include "libmv/import/priv.h"

struct mv_json;

/* What the files of the import from DVC share; nobody else includes this. */
#define MV_DVC_FILE_MAX (16u << 20)	/* a tree of it is many times as large */

/* -- DVC's MD5s ----------------------------------------------------------- */
struct mv_import_dvc_md5 {
	char raw[33], lf[33];	/* hex; of the bytes, and as DVC 2 had it */
};

int mv_import_dvc_md5(struct mv_import_dvc_md5 *out, struct mv_repo *repo,
		      const struct mv_pointer *pointer, struct mv_err *err);

int mv_import_dvc_md5_bytes(struct mv_import_dvc_md5 *out, const void *data,
			    size_t len,
			    struct mv_err *err);

/* Of a folder: "<md5>.dir" (room for 37) of its files, sorted by path. */
struct mv_dvc_entry {
	const char *path, *md5;
};

int mv_import_dvc_md5_list(char *hex, const struct mv_dvc_entry *entries,
			   size_t count, struct mv_err *err);

/* -- a pipeline ----------------------------------------------------------- */
struct mv_dvc_stage {
	const char *name;
	const struct mv_json *lock;	/* its part of dvc.lock */
	const struct mv_json *spec;	/* of dvc.yaml; or NULL */
	char *prefix;			/* its wdir, from the top */
	char *below;			/* its wdir, from dvc.lock's folder */
	int depth;			/* -1: not known yet, -2: being asked */
};

struct mv_dvc {
	struct mv_importing *im;
	int root;			/* the folder of dvc.lock */
	char *prefix;			/* where that is: "" or "a/b/" */
	struct mv_json *lock, *spec;
	struct mv_dvc_stage *stages;
	size_t count;
	struct mv_import_dvc_md5 *md5;	/* of im->files; "" not known,
					   "-" none */
	char **plain;			/* paths that git has and we have not */
	size_t plain_count, plain_alloc;
	struct mv_err *err;
};

/* -- one entry of its files ----------------------------------------------- */
/* "a/b/" and "../c" are "a/c", yours; NULL: it leads out, or no memory. */
char *mv_import_dvc_join(const char *prefix, const char *path);

/* NULL: there is none, or it is no text. */
const char *mv_import_dvc_text(const struct mv_json *object, const char *key);

/* Its `path`, joined. */
char *mv_import_dvc_path(const char *prefix, const struct mv_json *entry);

/* Of a list: `- metrics.json` or `- metrics.json: {cache: false}`; or NULL. */
const char *mv_import_dvc_entry_path(const struct mv_json *list, size_t i);

int mv_import_dvc_has_sum(const struct mv_import_dvc_md5 *sum,
			  const struct mv_json *entry, const char *md5);

/* Is this path, a file or a folder of ours, what the entry says? `why` is for
   a person when it is there but is not. */
int mv_import_dvc_is_same(struct mv_dvc *d, const char *path,
			  const struct mv_json *entry, struct mv_err *why);

/* -- what a stage measured ------------------------------------------------ */
void mv_import_dvc_take_metrics(struct mv_dvc *d, struct mv_import_run *run,
				const struct mv_dvc_stage *s);

#endif
