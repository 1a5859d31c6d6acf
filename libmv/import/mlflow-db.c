/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/grow.h"
#include "libmv/base/sqlite.h"
#include "libmv/base/time.h"
#include "libmv/base/words.h"
#include "libmv/import/priv.h"
#include "libmv/meta/curves.h"

/*
 * MLflow's database (SQLAlchemy's tables, in its dbmodels/models.py). Where
 * artifacts are is not taken from the database, which may name any folder:
 * they are looked for where MLflow puts them, beside the database.
 */
#define RUNS_MAX 1000000

struct db {
	struct mv_importing *im;
	struct mv_sqlite *db;
	int root;		/* the folder that the database is in */
	struct row *rows;
	size_t count, alloc;
	struct mv_import_run *run;
	size_t bad;		/* rows that could not be read */
	struct mv_mlflow_model *models;	/* that the run logged */
	size_t model_count;
};

/* Runs are listed first: a query at a time. */
struct row {
	char *id, *name, *user, *status, *version, *experiment_id, *experiment;
	char *location;
	int64_t started, ended;
	int deleted;
};

static int copy_texts(struct row *r, const struct mv_sqlite_cell *c,
		      struct mv_err *err)
{
	char **const to[] = { &r->id, &r->name, &r->user, &r->status, NULL,
			      NULL, &r->version, &r->experiment_id,
			      &r->experiment, NULL, &r->location };
	int rc = 0;

	for (size_t i = 0; i < sizeof(to) / sizeof(*to) && !rc; i++)
		if (to[i] && c[i].text && *c[i].text)
			rc = mv_set_str(to[i], c[i].text, err);
	return rc;
}

static int keep_row(void *payload, const struct mv_sqlite_cell *c,
		    size_t columns, struct mv_err *err)
{
	struct db *d = payload;
	struct row *r;

	(void)columns;
	if (d->count == RUNS_MAX)
		return mv_fail(err, MV_EINVALID, "more than %d runs",
			       RUNS_MAX);
	if (!c[0].text || !mv_import_is_name(c[0].text)) {
		mv_import_tell(d->im, 1, "a run without an id");
		return 0;
	}
	if (MV_GROW(d->rows, d->alloc, d->count + 1, err) < 0)
		return MV_ENOMEM;
	r = &d->rows[d->count++];
	memset(r, 0, sizeof(*r));
	r->started = c[4].i;
	r->ended = c[5].i;
	r->deleted = c[9].text && !strcmp(c[9].text, "deleted");
	return copy_texts(r, c, err);
}

static int list_runs(struct db *d, struct mv_err *err)
{
	const struct mv_import *import = d->im->import;
	const char *args[] = { import->run ? import->run : "",
			       import->experiment ? import->experiment : "",
			       NULL };
	char *sql;
	int rc, has_names;

	rc = mv_sqlite_has(d->db, "runs", "run_uuid", err);
	if (rc > 0)
		rc = mv_sqlite_has(d->db, "experiments", "experiment_id",
				   err);
	if (rc < 0)
		return rc;
	if (!rc)
		return mv_fail(err, MV_EINVALID, "'%s' is a database, but not "
			       "MLflow's", import->path);
	has_names = mv_sqlite_has(d->db, "runs", "name", err);
	if (has_names < 0)
		return has_names;
	sql = mv_strf("select r.run_uuid, %s, r.user_id, r.status, "
		      "r.start_time, r.end_time, r.source_version, "
		      "r.experiment_id, e.name, r.lifecycle_stage, "
		      "r.artifact_uri "
		      "from runs r left join experiments e "
		      "on e.experiment_id = r.experiment_id "
		      "where (?1 = '' or r.run_uuid = ?1) and (?2 = '' or "
		      "cast(r.experiment_id as text) = ?2 or e.name = ?2) "
		      "order by r.start_time, r.run_uuid",
		      has_names ? "r.name" : "null");
	if (!sql)
		return mv_nomem(err);
	rc = mv_sqlite_each(d->db, sql, args, keep_row, d, err);
	free(sql);
	return rc;
}

/* -- one run -------------------------------------------------------------- */

static int take_pair(struct db *d, const struct mv_sqlite_cell *c,
		     int (*take)(struct mv_importing *im,
				 struct mv_import_run *run, const char *key,
				 const char *value, struct mv_err *err),
		     struct mv_err *err)
{
	if (!c[0].text || !c[1].text) {
		d->bad++;
		return 0;
	}
	return take(d->im, d->run, c[0].text, c[1].text, err);
}

static int take_param(void *payload, const struct mv_sqlite_cell *c,
		      size_t columns, struct mv_err *err)
{
	(void)columns;
	return take_pair(payload, c, mv_import_mlflow_param, err);
}

static int mlflow_db_take_tag(void *payload, const struct mv_sqlite_cell *c,
			      size_t columns, struct mv_err *err)
{
	(void)columns;
	return take_pair(payload, c, mv_import_mlflow_tag, err);
}

/* MLflow writes the largest double for an infinity. */
static double mlflow_db_value_of(const struct mv_sqlite_cell *value,
				 const struct mv_sqlite_cell *is_nan)
{
	if (is_nan->i)
		return NAN;
	if (value->r >= 1.7976931348623157e308)
		return INFINITY;
	return value->r <= -1.7976931348623157e308 ? -INFINITY : value->r;
}

static int take_point(void *payload, const struct mv_sqlite_cell *c,
		      size_t columns, struct mv_err *err)
{
	struct db *d = payload;

	(void)columns;
	if (!c[0].text || (c[1].type != MV_SQLITE_REAL &&
			   c[1].type != MV_SQLITE_INT) ||
	    c[3].type == MV_SQLITE_TEXT) {
		d->bad++;
		return 0;
	}
	return mv_import_mlflow_point(d->im, d->run, c[0].text, c[3].i, c[2].i,
				      mlflow_db_value_of(&c[1], &c[4]), err);
}

static int take_dataset(void *payload, const struct mv_sqlite_cell *c,
			size_t columns, struct mv_err *err)
{
	struct db *d = payload;
	const struct mv_import_mlflow_dataset dataset = {
		c[0].text, c[1].text, c[2].text, c[3].text
	};

	(void)columns;
	return mv_import_mlflow_dataset(d->im, d->run, &dataset, err);
}

static int take_version(void *payload, const struct mv_sqlite_cell *c,
			size_t columns, struct mv_err *err)
{
	struct db *d = payload;
	char said[400];

	(void)columns;
	(void)err;
	mv_words(said, sizeof(said), "%s", c[2].text ? c[2].text : "");
	mv_import_unmapped(d->im, d->run, "it is version %.20s of the "
			   "registered model '%.80s'%s: tag that here",
			   c[1].text ? c[1].text : "?",
			   c[0].text ? c[0].text : "?", said);
	return 0;
}

/* Tables that this version of MLflow does not have are no trouble. */
static int query(struct db *d, const char *table, const char *sql,
		 mv_sqlite_fn fn, struct mv_err *err)
{
	const char *args[] = { d->run->id, NULL };
	struct mv_err why = { MV_OK, "" };
	int rc = mv_sqlite_has(d->db, table, NULL, err);

	if (rc <= 0)
		return rc;
	d->bad = 0;
	rc = mv_sqlite_each(d->db, sql, args, fn, d, &why);
	if (rc == MV_ECORRUPT) {
		mv_import_unmapped(d->im, d->run, "%s: %s", table, why.msg);
		return 0;
	}
	if (d->bad)
		mv_import_unmapped(d->im, d->run, "%zu row%s of %s cannot be "
				   "read", d->bad, d->bad == 1 ? "" : "s",
				   table);
	return rc ? mv_fail(err, (enum mv_code)rc, "%s", why.msg) : 0;
}

static int take_model(void *payload, const struct mv_sqlite_cell *c,
		      size_t columns, struct mv_err *err)
{
	struct db *d = payload;

	(void)columns;
	if (!c[0].text || !mv_import_is_name(c[0].text)) {
		d->bad++;
		return 0;
	}
	return mv_import_mlflow_add_model(&d->models, &d->model_count,
					  c[0].text,
					  c[1].text, c[2].text, err);
}

static int take_model_point(void *payload, const struct mv_sqlite_cell *c,
			    size_t columns, struct mv_err *err)
{
	struct db *d = payload;

	(void)columns;
	for (size_t i = 0; c[0].text && c[1].text && i < d->model_count; i++) {
		struct mv_mlflow_model *m = &d->models[i];
		struct mv_err why = { MV_OK, "" };

		if (!strcmp(m->id, c[0].text) &&
		    (c[2].type == MV_SQLITE_REAL ||
		     c[2].type == MV_SQLITE_INT) &&
		    mv_curves_add(&m->curves, c[1].text, c[4].i, c[3].i,
				  c[2].r, &why) == MV_ENOMEM)
			return mv_nomem(err);
	}
	return 0;
}

/* Those that the run made, and what was measured of each. */
static int query_models(struct db *d, struct mv_err *err)
{
	int rc = query(d, "logged_models", "select model_id, name, "
		       "artifact_location from logged_models "
		       "where source_run_id = ?1 and coalesce("
		       "lifecycle_stage, 'active') <> 'deleted' "
		       "order by creation_timestamp_ms, model_id", take_model,
		       err);

	return rc ? rc : query(d, "logged_model_metrics", "select m.model_id,"
			       " m.metric_name, m.metric_value, "
			       "m.metric_timestamp_ms, m.metric_step "
			       "from logged_model_metrics m "
			       "join logged_models l "
			       "on l.model_id = m.model_id "
			       "where l.source_run_id = ?1 "
			       "order by m.model_id, m.metric_name, "
			       "m.metric_timestamp_ms, m.metric_step", take_model_point, err);
}

/* Aliases and tags in one text, where this MLflow has them. */
#define ALIASES "coalesce((select group_concat(', alias ' || " \
	"quote(a.alias), '') from registered_model_aliases a " \
	"where a.name = v.name and a.version = v.version), '')"
#define TAGS "coalesce((select group_concat(', tag ' || " \
	"quote(t.key || '=' || coalesce(t.value, '')), '') " \
	"from model_version_tags t where t.name = v.name " \
	"and t.version = v.version), '')"

static int query_versions(struct db *d, struct mv_err *err)
{
	int aliases = mv_sqlite_has(d->db, "registered_model_aliases", NULL,
				    err);
	int tags = aliases < 0 ? aliases :
		   mv_sqlite_has(d->db, "model_version_tags", NULL, err);
	char *sql;
	int rc;

	if (tags < 0)
		return tags;
	sql = mv_strf("select v.name, v.version, %s || %s from model_versions "
		      "v where v.run_id = ?1 order by v.name, v.version",
		      aliases ? ALIASES : "''", tags ? TAGS : "''");
	if (!sql)
		return mv_nomem(err);
	rc = query(d, "model_versions", sql, take_version, err);
	free(sql);
	return rc;
}

static int query_all(struct db *d, struct mv_err *err)
{
	int datasets = mv_sqlite_has(d->db, "datasets", NULL, err), rc;
	int contexts = datasets <= 0 ? datasets :
		       mv_sqlite_has(d->db, "input_tags", NULL, err);

	if (contexts < 0)
		return contexts;

	rc = query(d, "params", "select key, value from params "
		   "where run_uuid = ?1 order by key", take_param, err);
	if (!rc)
		rc = query(d, "metrics", "select key, value, timestamp, step, "
			   "is_nan from metrics where run_uuid = ?1 "
			   "order by key, timestamp, step", take_point, err);
	if (!rc)
		rc = query(d, "tags", "select key, value from tags "
			   "where run_uuid = ?1 order by key", mlflow_db_take_tag, err);
	if (!rc && contexts)
		rc = query(d, "inputs", "select s.name, s.digest, "
			   "s.dataset_source, t.value "
			   "from inputs i join datasets s "
			   "on s.dataset_uuid = i.source_id "
			   "left join input_tags t "
			   "on t.input_uuid = i.input_uuid "
			   "and t.name = 'mlflow.data.context' "
			   "where i.destination_id = ?1 order by s.name",
			   take_dataset, err);
	if (!rc)
		rc = query_versions(d, err);
	if (!rc)
		rc = query_models(d, err);
	return rc;
}

static int set(char **to, const char *s, struct mv_err *err)
{
	if (!s)
		return 0;
	*to = strdup(s);
	return *to ? 0 : mv_nomem(err);
}

static int source(struct db *d, const char *key, const char *text,
		  struct mv_err *err)
{
	return text ? mv_import_fact(d->im, d->run, &d->run->source, key, text,
				     0, err) : 0;
}

static int moment(struct db *d, const char *key, int64_t ms,
		  struct mv_err *err)
{
	char text[32];

	return ms > 0 ? source(d, key, mv_time_print(text, ms), err) : 0;
}

static int take_row(struct db *d, const struct row *r, struct mv_err *err)
{
	struct mv_import_run run = { .tool = "mlflow",
				     .started = r->started };
	char *dirs[3] = { NULL, NULL, NULL };
	struct mv_mlflow_store store = { d->root, (const char *const *)dirs,
					 r->experiment_id ? r->experiment_id :
					 "" };
	int rc = set(&run.id, r->id, err);

	d->run = &run;
	d->models = NULL;
	d->model_count = 0;
	if (!rc)
		rc = set(&run.name, r->name, err);
	if (!rc)
		rc = set(&run.state, r->status, err);
	if (!rc)
		rc = set(&run.commit, r->version, err);
	if (!rc)
		rc = source(d, "user", r->user, err);
	if (!rc)
		rc = source(d, "experiment", r->experiment, err);
	if (!rc)
		rc = moment(d, "started", r->started, err);
	if (!rc)
		rc = moment(d, "ended", r->ended, err);
	if (!rc)
		rc = query_all(d, err);
	if (!rc && r->experiment_id && mv_import_is_name(r->experiment_id)) {
		dirs[0] = mv_strf("mlruns/%s", r->experiment_id);
		dirs[1] = mv_strf("mlartifacts/%s", r->experiment_id);
		if (!dirs[0] || !dirs[1])
			rc = mv_nomem(err);
	}
	if (!rc)
		rc = mv_import_mlflow_take(d->im, &run, &store, r->location,
					   d->models, d->model_count, err);
	mv_import_mlflow_models_release(d->models, d->model_count);
	mv_import_run_release(&run);
	free(dirs[0]);
	free(dirs[1]);
	return rc;
}

static void release_rows(struct db *d)
{
	for (size_t i = 0; i < d->count; i++) {
		struct row *r = &d->rows[i];

		free(r->id);
		free(r->name);
		free(r->user);
		free(r->status);
		free(r->version);
		free(r->experiment_id);
		free(r->experiment);
		free(r->location);
	}
	free(d->rows);
}

static int import_rows(struct db *d, struct mv_err *err)
{
	int rc = list_runs(d, err);

	if (!rc && !d->count)
		rc = d->im->import->run || d->im->import->experiment ?
		     mv_fail(err, MV_ENOENT, "no such run or experiment in "
			     "'%s'", d->im->import->path) :
		      mv_fail(err, MV_EINVALID, "no run of MLflow in '%s'",
			      d->im->import->path);
	for (size_t i = 0; i < d->count && !rc; i++) {
		if (d->rows[i].deleted)
			mv_import_tell(d->im, 1, "run %.80s is deleted in "
				       "MLflow", d->rows[i].id);
		else if (!mv_import_mlflow_is_bad(d->im, d->rows[i].id,
						  d->rows[i].status))
			rc = take_row(d, &d->rows[i], err);
	}
	return rc;
}

int mv_import_mlflow_import_db(struct mv_importing *im, const char *path,
			       struct mv_err *err)
{
	struct db d = { .im = im, .root = -1 };
	const char *slash = strrchr(path, '/');
	char *dir = slash ? strndup(path, (size_t)(slash - path) + 1) :
			    strdup(".");
	int rc = dir ? mv_import_open(&d.root, dir, err) : mv_nomem(err);

	if (!rc)
		rc = mv_sqlite_open(&d.db, path, err);
	if (!rc && im->import->timeout_ms)
		mv_sqlite_set_timeout(d.db, im->import->timeout_ms);
	if (!rc)
		rc = import_rows(&d, err);
	release_rows(&d);
	mv_sqlite_close(d.db);
	if (d.root >= 0)
		close(d.root);
	free(dir);
	return rc;
}
