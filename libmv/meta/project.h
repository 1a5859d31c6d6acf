/* SPDX-License-Identifier: MIT */
#ifndef MV_META_PROJECT_H
#define MV_META_PROJECT_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/err.h"

/*
 * project: artifacts' names and metrics' rules in .gitmodel/config
 * (docs/format/config.md).
 *
 * All bytes from notes, tags and files are hostile: bounded, escaped by who
 * prints them. Structs are plain; each _release() frees what is inside and
 * leaves an empty struct. Not for use by two threads at once.
 */
enum mv_direction { MV_DIRECTION_NONE, MV_DIRECTION_UP, MV_DIRECTION_DOWN };
struct mv_metric_rule {
	char *name;		/* a key, or with "*" a glob over keys */
	char *artifact;		/* of which alone it holds; NULL: of all */
	enum mv_direction direction;
	char *unit;		/* or NULL */
	int precision;		/* digits; -1: not said */
	int line;
};
struct mv_artifact {
	char *name, *path;	/* path: file or directory, from the top */
	char *type;		/* "model", "dataset", ...; or NULL */
	char *description;	/* or NULL */
	char *merge;		/* of tensors that both sides changed: "ours",
				   "theirs", "average"; or NULL */
	char **labels;		/* NULL-terminated */
	int line;
};
/*
 *	[artifact "fraud"]	path= type= description= label= (repeated)
 *			merge=ours|theirs|average
 *	[metric "loss"]		direction=up|down|none unit= precision=0..17
 *	[metric "fraud:loss"]	the same, of the artifact fraud alone
 *
 * Names are GTO's (docs/format/tags.md). Other sections and keys are not
 * looked at here. MV_EINVALID with file and line.
 */
struct mv_project {
	struct mv_artifact *artifacts;	/* as they stand in the file */
	size_t artifact_count;
	struct mv_metric_rule *metrics;
	size_t metric_count;
};
void mv_project_release(struct mv_project *p);
int mv_project_parse(struct mv_project *out, const char *name,
		     const char *data, size_t len, struct mv_err *err);
const struct mv_artifact *mv_project_by_name(const struct mv_project *p,
					     const char *name);
/* By path; for a path inside a directory artifact, that one. */
const struct mv_artifact *mv_project_by_path(const struct mv_project *p,
					     const char *path);
/*
 * Of the sections for this artifact, if it is one (NULL: none), the exact name
 * first, then the longest glob; then the same of those for all. NULL: nothing
 * is known.
 */
const struct mv_metric_rule *mv_project_metric(const struct mv_project *p,
					       const char *artifact,
					       const char *key);
/*
 * Is it one of the keys of the file, those that others read included? *near:
 * what is nearly so called, or NULL; static.
 */
enum mv_known { MV_KNOWN, MV_UNKNOWN_KEY, MV_UNKNOWN_SECTION };
enum mv_known mv_project_knows(const char **near, const char *section,
			       const char *subname, const char *key);
/* Is it a name in GTO's grammar ("fraud", "models/nn:fraud")? */
int mv_artifact_name_ok(const char *name);

#endif
