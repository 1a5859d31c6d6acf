/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/grow.h"
#include "libmv/evidence/evidence.h"
#include "libmv/meta/curves.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/record.h"
#include "libmv/repo/state.h"

/*
 * Files of params and metrics that a person names: what they are is told
 * from their suffix, what they hold is read by meta. Of those by step a row
 * or a record is in memory at a time, others are read whole.
 */
#define FLAT_MAX ((size_t)4 << 20)	/* a tree of it is many times as large,
					   and a record takes a part of that */
#define DEPTH_MAX 16

struct facts {
	struct mv_record *record;
	struct mv_curves *curves;
	size_t *skipped;
	int inside;		/* of a folder: links may lead out of it */
};

static int has_suffix(const char *path, const char *suffix)
{
	size_t len = strlen(path), n = strlen(suffix);

	return len > n && !strcasecmp(path + len - n, suffix);
}

/* Files of metrics by step, and who reads them. */
typedef int (*read_fn)(struct mv_curves *curves, const char *name,
		       const char *prefix, const struct mv_source *in,
		       size_t *skipped, struct mv_err *err);

static read_fn reader_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (has_suffix(path, ".csv") || has_suffix(path, ".tsv"))
		return mv_curves_read_table;
	if (has_suffix(path, ".jsonl") || has_suffix(path, ".ndjson"))
		return mv_curves_read_lines;
	/* "events.out.tfevents.1700000000.host.123.0" */
	return strstr(slash ? slash + 1 : path, "tfevents") ?
	       mv_curves_read_events : NULL;
}

static int is_table(const char *path)
{
	return reader_of(path) != NULL;
}

/* Symbolic links are followed where the user named them. */
static int slurp(struct mv_buf *out, const struct facts *f, const char *path,
		 struct mv_err *err)
{
	char *real = f->inside ? NULL : realpath(path, NULL);
	int rc = mv_read_file(out, real ? real : path, err);

	if (rc == MV_ENOMEM)
		rc = mv_fail(err, MV_EINVALID, "'%s' is too large for a file "
			     "of params or metrics, which is read whole: at "
			     "most 4 MiB, and a record takes a part of that; "
			     "metrics by step may be longer as CSV or JSON "
			     "Lines (.jsonl)", path);
	free(real);
	return rc;
}

/* Python's text of what JSON has no number for; 0: it is a word. */
static double number_word(const char *text)
{
	static const char *const words[] = {
		"nan", "inf", "+inf", "-inf", "infinity", "+infinity",
		"-infinity"
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcasecmp(text, words[i]))
			return strtod(text, NULL);
	return 0;
}

int mv_evidence_number_words(struct mv_facts *metrics, struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < metrics->count && !rc; i++) {
		const struct mv_value *v = &metrics->v[i].value;
		struct mv_value number = { .type = MV_VALUE_REAL };

		if (v->type != MV_VALUE_STRING || !v->text)
			continue;
		number.r = number_word(v->text);
		number.text = (char *)(isnan(number.r) ? "nan" :
				       number.r < 0 ? "-inf" : "inf");
		if (number.r != 0)
			rc = mv_facts_set(metrics, metrics->v[i].key, &number,
					  metrics->v[i].from, err);
	}
	return rc;
}

static int read_flat(struct facts *f, const char *path, int metrics,
		     struct mv_err *err)
{
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, FLAT_MAX);
	rc = slurp(&text, f, path, err);
	if (!rc)
		rc = mv_facts_read(metrics ? &f->record->metrics :
				   &f->record->params, path, text.data,
				   text.len, metrics, f->skipped, err);
	if (!rc && metrics)
		rc = mv_evidence_number_words(&f->record->metrics, err);
	mv_buf_release(&text);
	return rc;
}

static int read_table(struct facts *f, const char *path, const char *prefix,
		      struct mv_err *err)
{
	char *real = f->inside ? NULL : realpath(path, NULL);
	struct mv_file_source state = { -1, 0, path };
	struct mv_source in = mv_source_file(&state);
	int rc = mv_open_read(&state.fd, NULL, real ? real : path, err);

	if (!rc) {
		rc = reader_of(path)(f->curves, path, prefix, &in, f->skipped,
				     err);
		close(state.fd);
	}
	free(real);
	return rc;
}

/* -- DVCLive: metrics.json, plots/metrics/train/loss.tsv ------------------ */

struct folder {
	struct facts *facts;
	const char *dir;
	const char *prefix;	/* "train." */
	int depth;
	size_t *found;
};

static int read_plots(struct folder *f, struct mv_err *err);

static int read_plot(void *payload, const char *name, struct mv_err *err)
{
	struct folder *f = payload;
	struct folder inner = *f;
	char *path = mv_path_join(f->dir, name), *prefix = NULL;
	struct stat st;
	int rc = 0;

	if (!path)
		return mv_nomem(err);
	if (lstat(path, &st))
		goto out;
	if (S_ISDIR(st.st_mode) && f->depth < DEPTH_MAX) {
		prefix = mv_strf("%s%s.", f->prefix, name);
		inner.dir = path;
		inner.prefix = prefix;
		inner.depth++;
		rc = prefix ? read_plots(&inner, err) : mv_nomem(err);
	} else if (S_ISREG(st.st_mode) && is_table(name)) {
		++*f->found;
		rc = read_table(f->facts, path, f->prefix, err);
	}
out:
	free(prefix);
	free(path);
	return rc;
}

static int read_plots(struct folder *f, struct mv_err *err)
{
	int rc = mv_each_entry(f->dir, read_plot, f, err);

	return rc == MV_ENOENT ? 0 : rc;
}

/* 1, 0 when it is not there, or MV_EDENIED: a link, or something odd. */
static int is_inside(const char *dir, const char *name, mode_t kind,
		     struct mv_err *err)
{
	char *path = mv_path_join(dir, name);
	struct stat st;
	int rc = path ? !lstat(path, &st) : mv_nomem(err);

	if (rc > 0 && (st.st_mode & S_IFMT) != kind)
		rc = mv_fail(err, MV_EDENIED, "'%s' is a link or something "
			     "else that may lead out of the folder, so it is "
			     "not read", path);
	free(path);
	return rc;
}

/* -- TensorBoard: a folder of event files, of restarts one each ----------- */

struct events {
	const char *dir;
	char **path;
	size_t count;
};

static int find_events(void *payload, const char *name, struct mv_err *err)
{
	struct events *e = payload;
	char **path;

	if (reader_of(name) != mv_curves_read_events)
		return 0;
	path = MV_GROW_ONE(e->path, e->count, err);
	if (!path)
		return MV_ENOMEM;
	*path = mv_path_join(e->dir, name);
	return *path ? 0 : mv_nomem(err);
}

static int facts_by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Their names begin with the moment at which they were begun. */
static int read_events(struct facts *f, const char *path, size_t *found,
		       struct mv_err *err)
{
	struct events e = { path, NULL, 0 };
	int rc = mv_each_entry(path, find_events, &e, err);

	if (!rc && e.count)
		qsort(e.path, e.count, sizeof(*e.path), facts_by_name);
	for (size_t i = 0; !rc && i < e.count; i++, ++*found)
		rc = read_table(f, e.path[i], "", err);
	for (size_t i = 0; i < e.count; i++)
		free(e.path[i]);
	free(e.path);
	return rc;
}

static int read_dvclive(struct facts *f, const char *path, struct mv_err *err)
{
	char *json = mv_path_join(path, "metrics.json");
	char *plots = mv_path_join(path, "plots/metrics");
	size_t found = 0;
	struct folder folder = { f, plots, "", 0, &found };
	int rc = json && plots ? is_inside(path, "plots", S_IFDIR, err) :
		 mv_nomem(err);

	f->inside = 1;
	if (rc > 0)
		rc = is_inside(path, "plots/metrics", S_IFDIR, err);
	if (rc > 0)
		rc = read_plots(&folder, err);
	if (!rc && !found)
		rc = read_events(f, path, &found, err);
	if (!rc && found) {
		mv_curves_sort(f->curves);
		rc = mv_curves_last(&f->record->metrics, f->curves, err);
	}
	/* The summary has the last word: it may be of the best step. */
	if (!rc)
		rc = is_inside(path, "metrics.json", S_IFREG, err);
	if (rc > 0) {
		found++;
		rc = read_flat(f, json, 1, err);
	}
	if (!rc && !found)
		rc = mv_fail(err, MV_EINVALID, "'%s' is a folder, but not one "
			     "of DVCLive or TensorBoard: neither metrics.json "
			     "nor plots/metrics/*.tsv nor *tfevents* is in it",
			     path);
	free(json);
	free(plots);
	return rc;
}

int mv_evidence_read_facts(struct mv_record *record, struct mv_curves *curves,
			   const char *path, int metrics, size_t *skipped,
			   struct mv_err *err)
{
	struct mv_curves own = { .count = 0 };
	size_t none = 0;
	struct facts f = { record, curves ? curves : &own,
			   skipped ? skipped : &none, 0 };
	struct stat st;
	int is_dir = !stat(path, &st) && S_ISDIR(st.st_mode);
	int rc;

	if (!metrics && (is_dir || is_table(path)))
		rc = mv_fail(err, MV_EINVALID, "'%s' is a %s: that holds "
			     "metrics, not params", path,
			     is_dir ? "folder" : "table");
	else if (is_dir)
		rc = read_dvclive(&f, path, err);
	else if (!is_table(path))
		rc = read_flat(&f, path, metrics, err);
	else if (!(rc = read_table(&f, path, "", err))) {
		mv_curves_sort(f.curves);
		rc = mv_curves_last(&record->metrics, f.curves, err);
	}
	mv_curves_release(&own);
	return rc;
}
