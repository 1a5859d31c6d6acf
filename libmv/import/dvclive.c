/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/json-read.h"
#include "libmv/base/json.h"
#include "libmv/base/path.h"
#include "libmv/base/yaml.h"
#include "libmv/evidence/evidence.h"
#include "libmv/import/priv.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/record.h"

/*
 * A folder of DVCLive: metrics.json, plots/metrics/<name>.tsv, params.yaml.
 * It is one run. The artifacts that were logged are named by dvc.yaml in it
 * or, from DVCLive 3 on, by one where it ran: the nearest above, within the
 * work tree, that names this folder's metrics or plots. No link is followed.
 */
#define PLOTS_DEEP 16	/* folders in each other, as evidence/facts.c reads */
#define SPEC_MAX (1u << 20)
#define FACTS_MAX ((size_t)64 << 20)

struct live {
	struct mv_importing *im;
	struct mv_import_run run;
	const char *dir;
	const char *base;	/* where its dvc.yaml is */
	int root;
	struct mv_err *err;
};

/* -- what it is about: artifacts: {name: {path: ../model.pt}} ------------- */

static int about(void *payload, const char *name,
		 const struct mv_json *artifact)
{
	struct live *l = payload;
	const char *top = l->im->repo->info->work_tree;
	size_t len;
	const char *path = mv_json_get_str(mv_json_get(artifact, "path"),
					   &len);
	char *full = path ? mv_strf("%s/%s", l->base, path) : NULL;
	char *real = full ? realpath(full, NULL) : NULL;
	char *top_real = top ? realpath(top, NULL) : NULL;
	const char *rest = NULL;
	const struct mv_import_file *f = NULL;
	int rc = 0;

	if (real && top_real)
		rest = mv_path_below(real, top_real);
	if (rest)
		f = mv_import_by_path(l->im, rest);
	if (f)
		rc = mv_import_about_file(l->im, &l->run, f, l->err);
	else
		mv_import_unmapped(l->im, &l->run, "artifact '%.80s' is no "
				   "file of git-model", name);
	free(top_real);
	free(real);
	free(full);
	return rc;
}

static int read_spec(struct mv_json **spec, struct live *l, int root,
		     struct mv_err *err)
{
	struct mv_err why = { MV_OK, "" };
	struct mv_buf text;
	int rc;

	*spec = NULL;
	mv_buf_init(&text, SPEC_MAX);
	rc = mv_import_read(&text, root, "dvc.yaml", &why);
	if (!rc)
		rc = mv_yaml_parse(spec, text.data, text.len, &why);
	mv_buf_release(&text);
	if (rc && rc != MV_ENOENT)
		mv_import_unmapped(l->im, &l->run, "dvc.yaml: %s", why.msg);
	return rc == MV_ENOMEM ? mv_nomem(err) : 0;
}

/* "dvclive/metrics.json", or "dvclive/plots/metrics: {x: step}"? */
struct naming {
	const char *rel;
	int yes;
};

static int see_entry(void *payload, const char *key,
		     const struct mv_json *value)
{
	struct naming *n = payload;
	const char *rest;

	(void)value;
	if (!strncmp(key, "./", 2))
		key += 2;
	rest = mv_path_below(key, n->rel);
	n->yes |= rest && *rest;
	return 0;
}

static int names_us(const struct mv_json *spec, const char *rel)
{
	static const char *const lists[] = { "metrics", "plots" };
	struct naming n = { rel, 0 };

	for (size_t i = 0; i < 2; i++) {
		const struct mv_json *list = mv_json_get(spec, lists[i]);

		if (mv_json_type(list) == MV_JSON_OBJECT)
			(void)mv_json_each(list, see_entry, &n);
		for (size_t j = 0; mv_json_type(list) == MV_JSON_ARRAY &&
		     j < mv_json_size(list); j++) {
			const struct mv_json *v = mv_json_at(list, j);
			size_t len;
			const char *s = mv_json_get_str(v, &len);

			if (s)
				(void)see_entry(&n, s, NULL);
			else
				(void)mv_json_each(v, see_entry, &n);
		}
	}
	return n.yes;
}

/* dvc.yaml of a folder above; *base is cut to it. */
static int find_above(struct mv_json **spec, struct live *l, char *base,
		      const char *top, struct mv_err *err)
{
	const size_t end = strlen(top);
	char *full = strdup(base);
	int fd, rc = full ? 0 : mv_nomem(err);

	while (!rc && !*spec && strlen(base) > end) {
		*strrchr(base, '/') = '\0';
		rc = mv_import_open(&fd, *base ? base : "/", err);
		if (rc)
			break;
		rc = read_spec(spec, l, fd, err);
		close(fd);
		if (*spec && !names_us(*spec, full + strlen(base) + 1)) {
			mv_json_free(*spec);
			*spec = NULL;
		}
	}
	free(full);
	return rc;
}

static int find_subjects(struct live *l, struct mv_err *err)
{
	const char *work_tree = l->im->repo->info->work_tree;
	char *top = work_tree ? realpath(work_tree, NULL) : NULL;
	char *base = realpath(l->dir, NULL);
	struct mv_json *spec = NULL;
	int rc = read_spec(&spec, l, l->root, err);

	l->base = l->dir;
	if (!rc && !spec && top && base && strcmp(base, top) &&
	    mv_path_below(base, top)) {
		rc = find_above(&spec, l, base, top, err);
		l->base = base;
	}
	l->err = err;
	if (!rc)
		rc = mv_json_each(mv_json_get(spec, "artifacts"), about, l);
	mv_json_free(spec);
	free(base);
	free(top);
	return rc;
}

/* -- what was measured ---------------------------------------------------- */

static int read_facts(struct live *l, struct mv_err *err)
{
	struct mv_record record;
	struct mv_err why = { MV_OK, "" };
	char *params = mv_path_join(l->dir, "params.yaml");
	struct stat st;
	size_t skipped = 0;
	int rc = params ? 0 : mv_nomem(err);

	memset(&record, 0, sizeof(record));
	if (!rc)
		rc = mv_evidence_read_facts(&record, &l->run.curves, l->dir, 1,
					    &skipped, err);
	if (!rc && !lstat(params, &st) &&
	    (!S_ISREG(st.st_mode) ?
	     mv_fail(&why, MV_EDENIED, "params.yaml is a link") :
	     mv_evidence_read_facts(&record, NULL, params, 0, NULL, &why)))
		mv_import_unmapped(l->im, &l->run, "%s", why.msg);
	if (!rc && skipped)
		mv_import_unmapped(l->im, &l->run, "%zu value%s: no number",
				   skipped, skipped == 1 ? "" : "s");
	if (!rc) {
		l->run.metrics = record.metrics;
		l->run.params = record.params;
		memset(&record.metrics, 0, sizeof(record.metrics));
		memset(&record.params, 0, sizeof(record.params));
	}
	mv_record_release(&record);
	free(params);
	return rc;
}

static int tell_plot(void *payload, const char *name,
		     enum mv_import_kind kind, struct mv_err *err)
{
	struct live *l = payload;

	(void)kind;
	(void)err;
	if (strcmp(name, "metrics"))
		mv_import_unmapped(l->im, &l->run, "plots/%.80s", name);
	return 0;
}

struct below {
	struct live *l;
	const char *rel;
	int depth;
};

/* Links and the like may lead anywhere, so reading passes over them. */
static int tell_odd(void *payload, const char *name, enum mv_import_kind kind,
		    struct mv_err *err)
{
	struct below *b = payload, inner = *b;
	char *rel = mv_strf("%s/%s", b->rel, name);
	int rc = rel ? 0 : mv_nomem(err);

	inner.rel = rel;
	inner.depth++;
	if (!rc && kind == MV_IMPORT_OTHER)
		mv_import_unmapped(b->l->im, &b->l->run, "%.160s is a link, or "
				   "no file", rel);
	else if (!rc && kind == MV_IMPORT_FOLDER && b->depth < PLOTS_DEEP)
		rc = mv_import_each(b->l->root, rel, tell_odd, &inner, err);
	free(rel);
	return rc;
}

static int set_id(struct live *l, struct mv_err *err)
{
	struct mv_json *both = mv_json_array();
	struct mv_hasher *h = NULL;
	struct mv_buf text;
	uint8_t sum[32];
	char hex[65];
	int rc;

	mv_json_push(both, mv_facts_to_json(&l->run.metrics));
	mv_json_push(both, mv_facts_to_json(&l->run.params));
	mv_buf_init(&text, FACTS_MAX);
	rc = mv_json_print_canonical(&text, both, NULL, err);
	if (!rc)
		rc = mv_hasher_new(&h, MV_HASH_SHA256, err);
	if (!rc)
		rc = mv_hasher_update(h, text.data, text.len, err);
	if (!rc)
		rc = mv_import_hash_curves(h, &l->run.curves, err);
	if (!rc)
		rc = mv_hasher_final(sum, h, err);
	if (!rc) {
		free(l->run.id);
		l->run.id = strndup(mv_hex(hex, sum, 32), 16);
		rc = l->run.id ? 0 : mv_nomem(err);
	}
	mv_hasher_free(h);
	mv_buf_release(&text);
	mv_json_free(both);
	return rc;
}

static int import_folder(struct live *l, struct mv_err *err)
{
	struct below odd = { l, "plots/metrics", 0 };
	int rc = mv_import_open(&l->root, l->dir, err);

	l->run.tool = "dvclive";
	l->run.keep_commit = 1;
	l->run.id = strdup(l->dir);
	if (!rc && !l->run.id)
		rc = mv_nomem(err);
	if (!rc)
		rc = read_facts(l, err);
	if (!rc)
		rc = set_id(l, err);
	if (!rc)
		rc = mv_import_each(l->root, "plots", tell_plot, l, err);
	if (!rc)
		rc = mv_import_each(l->root, odd.rel, tell_odd, &odd, err);
	if (!rc && !l->im->has_onto)
		rc = find_subjects(l, err);
	if (!rc)
		rc = mv_import_take(l->im, &l->run, err);
	return rc;
}

int mv_import_dvclive(struct mv_repo *repo,
		      const struct mv_import *import,
		      struct mv_import_stats *stats, struct mv_err *err)
{
	struct mv_importing im;
	struct live l = { .im = &im, .dir = import->path, .root = -1 };
	int rc = mv_import_begin(&im, repo, import, stats, err);

	if (!rc)
		rc = import_folder(&l, err);
	if (!rc)
		rc = mv_import_end(&im, err);
	mv_import_run_release(&l.run);
	if (l.root >= 0)
		close(l.root);
	mv_import_release(&im);
	return rc;
}
