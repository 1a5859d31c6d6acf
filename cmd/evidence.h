/* SPDX-License-Identifier: MIT */
#ifndef CMD_EVIDENCE_H
#define CMD_EVIDENCE_H

#include <stddef.h>

#include "cmd/opt.h"
#include "libmv/base/json.h"
#include "libmv/meta/record.h"
#include "libmv/subject/subject.h"

/*
 * What `git model add` and `git model record` are told about content: the
 * same options, read the same way.
 *
 * 1. opt_parse() with EVIDENCE_OPTIONS(&evidence) among the options;
 * 2. evidence_read(): every file is read and everything is checked, before
 *    the command changes anything;
 * 3. evidence_record(): one record on each subject, in one commit of notes.
 */
struct evidence {
	struct opt_list params, metrics, tags;
	struct opt_list params_files, metrics_files, curves;
	struct opt_list data;	/* --data, --eval-data, --dataset */
	const char *artifact;
	struct mv_record facts;	/* what was read */
};

#define EVIDENCE_OPTIONS(e) \
	OPT_LIST(0, "param", &(e)->params, "key=value", \
		 "a parameter that it was made with"), \
	OPT_LIST(0, "metric", &(e)->metrics, "key=value", \
		 "a number that was measured on it"), \
	OPT_LIST(0, "tag", &(e)->tags, "key=value", \
		 "anything else worth knowing"), \
	OPT_LIST(0, "params-file", &(e)->params_files, "file", \
		 "parameters from JSON, YAML or INI"), \
	OPT_LIST(0, "metrics-file", &(e)->metrics_files, "file", \
		 "metrics from such a file, CSV, TSV or DVCLive"), \
	OPT_LIST(0, "curves", &(e)->curves, "file", \
		 "metrics by step, without their last values"), \
	OPT_LIST(0, "data", &(e)->data, "path|oid", \
		 "data that it was made from"), \
	OPT_LIST(0, "eval-data", &(e)->data, "path|oid", \
		 "data that the metrics were measured on"), \
	OPT_LIST(0, "dataset", &(e)->data, "name", \
		 "the name of the data that follow")

void evidence_release(struct evidence *e);
/* Was anything said at all? */
int evidence_given(const struct evidence *e);
/* With `dry_run` nothing is stored, either. */
int evidence_read(struct evidence *e, struct mv_repo *repo, int dry_run,
		  struct mv_err *err);
/*
 * Record it on each of these, and say so: a line each, or an object each
 * into `list` (may be NULL). Those of no bytes are left out with a warning,
 * unless there are no others.
 */
int evidence_record(struct evidence *e, struct mv_repo *repo,
		    const struct mv_subject *subjects, size_t count,
		    struct mv_json *list, struct mv_err *err);

#endif
