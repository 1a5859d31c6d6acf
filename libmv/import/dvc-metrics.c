/* SPDX-License-Identifier: MIT */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/json-read.h"
#include "libmv/base/json.h"
#include "libmv/evidence/evidence.h"
#include "libmv/import/dvc.h"
#include "libmv/meta/facts.h"

/*
 * What a stage measured: the files that dvc.yaml calls its metrics, as long as
 * they are what dvc.lock says that they were.
 */

static const char *path_at(const struct mv_json *outs, size_t i)
{
	return mv_import_dvc_text(mv_json_at(outs, i), "path");
}

/* DVC's own note of a file's MD5, when it made it; NULL. */
static const struct mv_json *noted(const struct mv_dvc_stage *s,
				   const char *path)
{
	const struct mv_json *outs = mv_json_get(s->lock, "outs");

	for (size_t i = 0; i < mv_json_size(outs); i++) {
		const char *out = path_at(outs, i);

		if (out && !strcmp(out, path))
			return mv_json_at(outs, i);
	}
	return NULL;
}

static int differs(const struct mv_buf *text, const struct mv_json *out)
{
	const char *md5 = mv_import_dvc_text(out, "md5");
	struct mv_import_dvc_md5 sum = { "", "" };

	return md5 && (mv_import_dvc_md5_bytes(&sum, text->data, text->len,
					       NULL) ||
		       !mv_import_dvc_has_sum(&sum, out, md5));
}

static void take_metrics_file(struct mv_dvc *d, struct mv_import_run *run,
			      const struct mv_dvc_stage *s, const char *path)
{
	char *below = mv_import_dvc_join(s->below, path);
	struct mv_err why = { MV_OK, "" };
	struct mv_buf text;
	size_t skipped = 0;
	int rc;

	mv_buf_init(&text, MV_DVC_FILE_MAX);
	rc = below ? mv_import_read(&text, d->root, below, &why) :
	     mv_fail(&why, MV_EINVALID, "'%.200s' is outside of the folder",
		     path);
	if (!rc && differs(&text, noted(s, path)))
		rc = mv_fail(&why, MV_EINVALID, "'%.200s' changed since DVC "
			     "wrote it down", path);
	if (!rc)
		rc = mv_facts_read(&run->metrics, path, text.data, text.len,
				   1, &skipped, &why);
	if (!rc)
		rc = mv_evidence_number_words(&run->metrics, &why);
	if (rc)
		mv_import_unmapped(d->im, run, "metrics: %s", why.msg);
	if (skipped)
		mv_import_unmapped(d->im, run, "%zu value%s of '%.200s': a "
				   "list or null", skipped,
				   skipped == 1 ? "" : "s", path);
	mv_buf_release(&text);
	free(below);
}

/* "m-${item}.json" as a pattern of fnmatch(3): "m-*.json". Yours. */
static char *template_glob(const char *path)
{
	char *glob = calloc(1, 2 * strlen(path) + 1), *to = glob;

	while (glob && *path) {
		const char *end = strncmp(path, "${", 2) ? NULL :
				  strchr(path, '}');

		if (end) {
			*to++ = '*';
			path = end + 1;
			continue;
		}
		if (strchr("*?[\\", *path))
			*to++ = '\\';
		*to++ = *path++;
	}
	return glob;
}

/* How much of it is said: of two that match, the one that says more is meant. */
static int says(const char *glob, const char *path)
{
	int n = 0;

	if (fnmatch(glob, path, 0))
		return -1;
	for (; *glob; glob++)
		n += *glob != '*';
	return n;
}

/* The entry of this list that fits an output best; -1: none does. */
static int best_fit(const struct mv_json *list, const char *out)
{
	int best = -1;

	for (size_t i = 0; i < mv_json_size(list); i++) {
		const char *path = mv_import_dvc_entry_path(list, i);
		char *glob = path ? template_glob(path) : NULL;
		int fit = glob ? says(glob, out) : -1;

		best = fit > best ? fit : best;
		free(glob);
	}
	return best;
}

/* dvc.yaml has a template; dvc.lock has what came of it. */
static void take_templated(struct mv_dvc *d, struct mv_import_run *run,
			   const struct mv_dvc_stage *s, const char *path)
{
	const struct mv_json *outs = mv_json_get(s->lock, "outs");
	char *glob = template_glob(path);
	int found = 0;

	for (size_t i = 0; glob && i < mv_json_size(outs); i++) {
		const char *out = path_at(outs, i);
		int fit = out ? says(glob, out) : -1;

		if (fit < 0 || fit < best_fit(mv_json_get(s->spec, "outs"),
					      out) ||
		    fit < best_fit(mv_json_get(s->spec, "plots"), out) ||
		    fit < best_fit(mv_json_get(s->spec, "metrics"), out))
			continue;
		found = 1;
		take_metrics_file(d, run, s, out);
	}
	if (!found)
		mv_import_unmapped(d->im, run, "metrics: no output in dvc.lock "
				   "is '%.200s'", path);
	free(glob);
}

/* Metrics at the top of dvc.yaml that this stage wrote. */
static void take_top_metrics(struct mv_dvc *d, struct mv_import_run *run,
			     const struct mv_dvc_stage *s)
{
	const struct mv_json *list = mv_json_get(d->spec, "metrics");
	const struct mv_json *outs = mv_json_get(s->lock, "outs");

	for (size_t i = 0; i < mv_json_size(list); i++) {
		const char *path = mv_import_dvc_entry_path(list, i);
		char *full = path ? mv_import_dvc_join(d->prefix, path) : NULL;

		for (size_t j = 0; full && j < mv_json_size(outs); j++) {
			const char *out = path_at(outs, j);
			char *other = out ? mv_import_dvc_join(s->prefix, out) :
				      NULL;

			if (other && !strcmp(other, full))
				take_metrics_file(d, run, s, out);
			free(other);
		}
		free(full);
	}
}

void mv_import_dvc_take_metrics(struct mv_dvc *d, struct mv_import_run *run,
				const struct mv_dvc_stage *s)
{
	const struct mv_json *list = mv_json_get(s->spec, "metrics");

	for (size_t i = 0; i < mv_json_size(list); i++) {
		const char *path = mv_import_dvc_entry_path(list, i);

		if (path && strstr(path, "${"))
			take_templated(d, run, s, path);
		else if (path)
			take_metrics_file(d, run, s, path);
	}
	take_top_metrics(d, run, s);
	if (mv_json_size(mv_json_get(s->spec, "plots")))
		mv_import_unmapped(d->im, run, "its plots");
}
