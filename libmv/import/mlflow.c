/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/json-read.h"
#include "libmv/base/json.h"
#include "libmv/base/pull.h"
#include "libmv/base/time.h"
#include "libmv/base/yaml.h"
#include "libmv/import/priv.h"
#include "libmv/meta/facts.h"

/*
 * MLflow's file store, `mlruns/`, and what both of its stores mean. The
 * layout is not written down anywhere but in MLflow's own source:
 *
 *	<experiment>/meta.yaml
 *	<experiment>/datasets/<id>/meta.yaml
 *	<experiment>/<run>/meta.yaml
 *	<experiment>/<run>/{params,tags,metrics}/<name, maybe with slashes>
 *	<experiment>/<run>/inputs/<id>/meta.yaml
 *	<experiment>/<run>/artifacts/...
 *	<experiment>/<run>/outputs/<model>/meta.yaml	(MLflow 3)
 *	<experiment>/models/<model>/{meta.yaml,metrics/...,artifacts/...}
 *	models/<name>/{aliases/<alias>,version-<n>/{meta.yaml,tags/<name>}}
 */
#define META_MAX (1u << 20)
#define TEXT_MAX (64u << 10)
#define LINE_BYTES 1024		/* of a point */
#define DEPTH_MAX 16

/* -- what it means -------------------------------------------------------- */

/* -- the file store ------------------------------------------------------- */

struct store {
	struct mv_importing *im;
	int root;
	const char *experiment;		/* folder's name */
	char *experiment_name;
	struct mv_import_run *run;
	const char *dir, *key;		/* of params, tags, metrics */
	int depth;
	struct mv_buf text;
	size_t seen;			/* runs that were asked for */
	/* Of the run: the models that it logged. */
	struct mv_mlflow_model *models;
	size_t model_count;
	struct mv_buf words;		/* of a registered version */
};

/* A meta.yaml; NULL when it is not there, or is broken, which is told. */
static struct mv_json *read_meta(struct store *s, const char *rel)
{
	struct mv_err why = { MV_OK, "" };
	struct mv_json *meta = NULL;
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, META_MAX);
	rc = mv_import_read(&text, s->root, rel, &why);
	if (!rc)
		rc = mv_yaml_parse(&meta, text.data, text.len, &why);
	if (!rc && mv_json_type(meta) != MV_JSON_OBJECT)
		rc = mv_fail(&why, MV_EINVALID, "not a mapping");
	if (rc && rc != MV_ENOENT)
		mv_import_tell(s->im, 1, "'%.200s': %s", rel, why.msg);
	if (rc) {
		mv_json_free(meta);
		meta = NULL;
	}
	mv_buf_release(&text);
	return meta;
}

/* Text of a scalar; NULL for anything else. `number` has room for 32. */
static const char *scalar(char *number, const struct mv_json *object,
			  const char *key)
{
	const struct mv_json *v = mv_json_get(object, key);
	size_t len;

	if (mv_json_type(v) != MV_JSON_INT)
		return mv_json_get_str(v, &len);
	snprintf(number, 32, "%lld", (long long)mv_json_get_int(v));
	return number;
}

/* Files hold what they hold, but the line break behind it. */
static void chomp(struct mv_buf *text)
{
	if (text->len && text->data[text->len - 1] == '\n')
		text->data[--text->len] = '\0';
}

/* "<ms> <value> [<step> [...]]"; 0, or -1. */
static int parse_metric(int64_t *ms, double *value, int64_t *step, char *line)
{
	char *at = line, *end;

	*step = 0;
	*ms = strtoll(at, &end, 10);
	if (end == at || *end != ' ')
		return -1;
	at = end + 1;
	*value = strtod(at, &end);
	if (end == at || (*end && *end != ' '))
		return -1;
	if (!*end)
		return 0;
	at = end + 1;
	*step = strtoll(at, &end, 10);
	return end == at || (*end && *end != ' ') ? -1 : 0;
}

/* One line of a metric's file; *bad counts those that cannot be read. */
static int mlflow_take_line(struct store *s, const char *key, const char *line,
			    size_t len, size_t *bad, struct mv_err *err)
{
	char text[LINE_BYTES + 1];
	int64_t ms, step;
	double value;

	if (len > LINE_BYTES || memchr(line, '\0', len)) {
		++*bad;
		return 0;
	}
	memcpy(text, line, len);
	text[len] = '\0';
	if (!parse_metric(&ms, &value, &step, text))
		return mv_import_mlflow_point(s->im, s->run, key, step, ms,
					      value,
					      err);
	*bad += len > 0;
	return 0;
}

static int take_metric(struct store *s, const char *path, const char *key,
		       struct mv_err *err)
{
	struct mv_err why = { MV_OK, "" };
	struct mv_file_source state;
	struct mv_pull pull;
	const char *line;
	size_t len, bad = 0;
	int more = mv_import_stream(&state, s->root, path, &why), rc = 0;

	mv_pull_init(&pull, mv_source_file(&state).in, TEXT_MAX);
	if (!more) {
		while (!rc && (more = mv_pull_line(&line, &len, &pull,
						   &why)) > 0)
			rc = mlflow_take_line(s, key, line, len, &bad, err);
		close(state.fd);
	}
	mv_pull_release(&pull);
	if (more < 0)
		mv_import_unmapped(s->im, s->run, "metrics/%.80s: %s", key,
				   why.msg);
	if (bad)
		mv_import_unmapped(s->im, s->run, "%zu line%s of metric "
				   "'%.80s' cannot be read", bad,
				   bad == 1 ? "" : "s", key);
	return rc;
}

static int take_file(struct store *s, const char *path, const char *key,
		     struct mv_err *err)
{
	struct mv_err why = { MV_OK, "" };
	int rc;

	if (!strcmp(s->dir, "metrics"))
		return take_metric(s, path, key, err);
	rc = mv_import_read(&s->text, s->root, path, &why);
	if (!rc && memchr(s->text.data, '\0', s->text.len))
		rc = mv_fail(&why, MV_EINVALID, "a NUL byte");
	if (rc) {
		mv_import_unmapped(s->im, s->run, "%s/%.80s: %s", s->dir, key,
				   why.msg);
		return 0;
	}
	chomp(&s->text);
	return (!strcmp(s->dir,
			"params") ? mv_import_mlflow_param : mv_import_mlflow_tag)(
		s->im, s->run, key, s->text.data, err);
}

static int take_values(struct store *s, const char *dir, const char *key,
		       int depth, struct mv_err *err);

static int take_value(void *payload, const char *name,
		      enum mv_import_kind kind, struct mv_err *err)
{
	struct store *s = payload;
	char *key = mv_strf("%s%s%s", s->key, *s->key ? "/" : "", name);
	char *path = mv_strf("%s/%s/%s/%s", s->experiment, s->run->id, s->dir,
			     key ? key : "");
	int rc = 0;

	if (!key || !path)
		rc = mv_nomem(err);
	else if (kind == MV_IMPORT_FILE)
		rc = take_file(s, path, key, err);
	else if (kind == MV_IMPORT_FOLDER && s->depth < DEPTH_MAX)
		rc = take_values(s, s->dir, key, s->depth + 1, err);
	else
		mv_import_unmapped(s->im, s->run, "%s/%.80s is a link, or "
				   "nested too deep", s->dir, key);
	free(path);
	free(key);
	return rc;
}

static int take_values(struct store *s, const char *dir, const char *key,
		       int depth, struct mv_err *err)
{
	const char *was_dir = s->dir, *was_key = s->key;
	char *path = mv_strf("%s/%s/%s%s%s", s->experiment, s->run->id, dir,
			     *key ? "/" : "", key);
	struct mv_err why = { MV_OK, "" };
	int was_depth = s->depth, rc;

	if (!path)
		return mv_nomem(err);
	s->dir = dir;
	s->key = key;
	s->depth = depth;
	rc = mv_import_each(s->root, path, take_value, s, &why);
	s->dir = was_dir;
	s->key = was_key;
	s->depth = was_depth;
	free(path);
	if (rc == MV_ENOMEM)
		return mv_nomem(err);
	if (rc)
		mv_import_unmapped(s->im, s->run, "%s", why.msg);
	return 0;
}

static const char *context_of(const struct mv_json *edge)
{
	const struct mv_json *tags = mv_json_get(edge, "tags");
	size_t len;

	/* A mapping, or a list of {key, value}. */
	if (mv_json_type(tags) != MV_JSON_ARRAY)
		return mv_json_get_str(mv_json_get(tags, "mlflow.data.context"),
				       &len);
	for (size_t i = 0; i < mv_json_size(tags); i++) {
		const struct mv_json *t = mv_json_at(tags, i);
		const char *key = mv_json_get_str(mv_json_get(t, "key"), &len);

		if (key && !strcmp(key, "mlflow.data.context"))
			return mv_json_get_str(mv_json_get(t, "value"), &len);
	}
	return NULL;
}

static int take_dataset(struct store *s, const struct mv_json *edge,
			const char *id, struct mv_err *err)
{
	char *path = mv_strf("%s/datasets/%s/meta.yaml", s->experiment, id);
	struct mv_json *meta = NULL;
	char a[32], b[32], c[32];
	int rc = path ? 0 : mv_nomem(err);

	if (!rc)
		meta = read_meta(s, path);
	if (!rc && meta) {
		const struct mv_import_mlflow_dataset dataset = {
			scalar(a, meta, "name"), scalar(b, meta, "digest"),
			scalar(c, meta, "source"), context_of(edge)
		};

		rc = mv_import_mlflow_dataset(s->im, s->run, &dataset, err);
	} else if (!rc) {
		mv_import_unmapped(s->im, s->run, "dataset '%.80s' is not "
				   "described", id);
	}
	mv_json_free(meta);
	free(path);
	return rc;
}

static int take_input(void *payload, const char *name,
		      enum mv_import_kind kind, struct mv_err *err)
{
	struct store *s = payload;
	char *path = mv_strf("%s/%s/inputs/%s/meta.yaml", s->experiment,
			     s->run->id, name);
	struct mv_json *edge = NULL;
	char text[32];
	const char *id;
	int rc = path ? 0 : mv_nomem(err);

	if (!rc && kind == MV_IMPORT_FOLDER)
		edge = read_meta(s, path);
	id = scalar(text, edge, "source_id");
	if (!rc && id && mv_import_is_name(id))
		rc = take_dataset(s, edge, id, err);
	else if (!rc)
		mv_import_unmapped(s->im, s->run, "input '%.80s' names no "
				   "dataset", name);
	mv_json_free(edge);
	free(path);
	return rc;
}

/* Each entry of a folder of the run's; one that cannot be read is told. */
static int take_each(struct store *s, const char *folder, mv_import_fn fn,
		     struct mv_err *err)
{
	char *path = mv_strf("%s/%s/%s", s->experiment, s->run->id, folder);
	struct mv_err why = { MV_OK, "" };
	int rc = path ? mv_import_each(s->root, path, fn, s, &why) :
		 MV_ENOMEM;

	free(path);
	if (rc && rc != MV_ENOMEM)
		mv_import_unmapped(s->im, s->run, "%s", why.msg);
	return rc == MV_ENOMEM ? mv_nomem(err) : 0;
}

static const char *status_of(char *text, const struct mv_json *meta)
{
	static const char *const names[] = {
		NULL, "RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"
	};
	const struct mv_json *v = mv_json_get(meta, "status");
	int64_t n = mv_json_get_int(v);

	if (mv_json_type(v) == MV_JSON_INT && n >= 1 && n <= 5)
		return names[n];
	return scalar(text, meta, "status");
}

static int set_moment(struct store *s, const char *key, int64_t ms,
		      struct mv_err *err)
{
	char text[32];

	return ms > 0 ? mv_import_fact(s->im, s->run, &s->run->source, key,
				       mv_time_print(text, ms), 0, err) : 0;
}

static int take_meta(struct store *s, const struct mv_json *meta,
		     struct mv_err *err)
{
	struct mv_facts *source = &s->run->source;
	char text[32];
	const char *name = scalar(text, meta, "run_name");
	const char *state = NULL;
	int rc = 0;

	s->run->started = mv_json_get_int(mv_json_get(meta, "start_time"));
	if (name && *name)
		rc = mv_set_str(&s->run->name, name, err);
	state = status_of(text, meta);
	if (!rc && state)
		rc = mv_set_str(&s->run->state, state, err);
	name = scalar(text, meta, "user_id");
	if (!rc && name && *name)
		rc = mv_import_fact(s->im, s->run, source, "user", name, 0,
				    err);
	name = scalar(text, meta, "source_version");
	if (!rc && name && *name)
		rc = mv_set_str(&s->run->commit, name, err);
	if (!rc)
		rc = mv_import_fact(s->im, s->run, source, "experiment",
				    s->experiment_name, 0, err);
	if (!rc)
		rc = set_moment(s, "started", s->run->started, err);
	if (!rc)
		rc = set_moment(s, "ended", mv_json_get_int(
				mv_json_get(meta, "end_time")), err);
	return rc;
}

/* -- logged models -------------------------------------------------------- */

static int take_model_metric(void *payload, const char *name,
			     enum mv_import_kind kind, struct mv_err *err)
{
	struct store *s = payload;
	struct mv_mlflow_model *m = &s->models[s->model_count - 1];
	struct mv_import_run run = { .id = m->id, .curves = m->curves };
	struct mv_import_run *was = s->run;
	char *path = mv_strf("%s/models/%s/metrics/%s", s->experiment, m->id,
			     name);
	int rc = path ? 0 : mv_nomem(err);

	/* "<ms> <value> <step> <run> [...]" */
	s->run = &run;
	s->dir = "metrics";
	if (!rc && kind == MV_IMPORT_FILE)
		rc = take_file(s, path, name, err);
	s->run = was;
	m->curves = run.curves;
	free(path);
	return rc;
}

static int take_model(struct store *s, const char *id, struct mv_err *err)
{
	char *rel = mv_strf("%s/models/%s/meta.yaml", s->experiment, id);
	char *metrics = mv_strf("%s/models/%s/metrics", s->experiment, id);
	struct mv_json *meta = rel && metrics ? read_meta(s, rel) : NULL;
	struct mv_err why = { MV_OK, "" };
	char a[32], b[32], c[32];
	const char *stage = scalar(a, meta, "lifecycle_stage");
	int rc = rel && metrics ? 0 : mv_nomem(err);

	if (!rc && !meta) {
		mv_import_unmapped(s->im, s->run, "the model '%.80s' that it "
				   "logged is not described", id);
	} else if (!rc && (!stage || strcmp(stage, "deleted"))) {
		rc = mv_import_mlflow_add_model(&s->models, &s->model_count, id,
						scalar(b, meta, "name"),
						scalar(c, meta,
						       "artifact_location"),
						err);
		if (!rc)
			rc = mv_import_each(s->root, metrics,
					    take_model_metric, s, &why);
		if (rc && rc != MV_ENOMEM) {
			mv_import_unmapped(s->im, s->run, "%s", why.msg);
			rc = 0;
		}
	}
	mv_json_free(meta);
	free(metrics);
	free(rel);
	return rc == MV_ENOMEM ? mv_nomem(err) : rc;
}

static int take_output(void *payload, const char *name,
		       enum mv_import_kind kind, struct mv_err *err)
{
	/* The folder has the model's id, which its meta.yaml repeats. */
	return kind == MV_IMPORT_FOLDER ? take_model(payload, name, err) : 0;
}

static int take_run(struct store *s, const char *id,
		    const struct mv_json *meta, struct mv_err *err)
{
	struct mv_import_run run = { .tool = "mlflow", .id = strdup(id) };
	const char *const prefixes[] = { s->experiment, NULL };
	const struct mv_mlflow_store store = { s->root, prefixes,
					       s->experiment };
	char text[32];
	int rc = run.id ? 0 : mv_nomem(err);

	s->run = &run;
	s->models = NULL;
	s->model_count = 0;
	if (!rc)
		rc = take_meta(s, meta, err);
	if (!rc && mv_import_mlflow_is_bad(s->im, id, run.state))
		goto out;
	if (!rc)
		rc = take_values(s, "params", "", 0, err);
	if (!rc)
		rc = take_values(s, "metrics", "", 0, err);
	if (!rc)
		rc = take_values(s, "tags", "", 0, err);
	if (!rc)
		rc = take_each(s, "inputs", take_input, err);
	if (!rc)
		rc = take_each(s, "outputs", take_output, err);
	if (!rc)
		rc = mv_import_mlflow_take(s->im, &run, &store,
					   scalar(text, meta, "artifact_uri"),
					   s->models, s->model_count, err);
out:
	mv_import_mlflow_models_release(s->models, s->model_count);
	mv_import_run_release(&run);
	s->run = NULL;
	s->models = NULL;
	return rc;
}

/* A model that no run logged cannot be brought: nothing was measured. */
static int each_model(void *payload, const char *name,
		      enum mv_import_kind kind, struct mv_err *err)
{
	struct store *s = payload;
	char *rel = mv_strf("%s/models/%s/meta.yaml", s->experiment, name);
	struct mv_json *meta = NULL;
	char text[32];
	const char *run;

	if (!rel)
		return mv_nomem(err);
	if (kind == MV_IMPORT_FOLDER)
		meta = read_meta(s, rel);
	run = scalar(text, meta, "source_run_id");
	if (!run || !*run)
		mv_import_tell(s->im, 1, "experiment %.80s: the model '%.80s' "
			       "was logged by no run", s->experiment, name);
	mv_json_free(meta);
	free(rel);
	return 0;
}

/* -- registered models ---------------------------------------------------- */

static int mlflow_add_word(struct store *s, const char *before,
			   const char *word,
			   struct mv_err *err)
{
	return mv_buf_addf(&s->words, ", %s '%.120s'", before, word) ?
	       mv_nomem(err) : 0;
}

struct version {
	struct store *s;
	const char *model, *number;
};

static int add_alias(void *payload, const char *name,
		     enum mv_import_kind kind, struct mv_err *err)
{
	struct version *v = payload;
	char *path = mv_strf("models/%s/aliases/%s", v->model, name);
	struct mv_buf text;
	int rc = path ? 0 : mv_nomem(err);

	mv_buf_init(&text, TEXT_MAX);
	if (!rc && kind == MV_IMPORT_FILE &&
	    !mv_import_read(&text, v->s->root, path, NULL)) {
		chomp(&text);
		if (!strcmp(text.data, v->number))
			rc = mlflow_add_word(v->s, "alias", name, err);
	}
	mv_buf_release(&text);
	free(path);
	return rc;
}

static int add_version_tag(void *payload, const char *name,
			   enum mv_import_kind kind, struct mv_err *err)
{
	struct version *v = payload;
	char *path = mv_strf("models/%s/version-%s/tags/%s", v->model,
			     v->number, name), *word = NULL;
	struct mv_buf text;
	int rc = path ? 0 : mv_nomem(err);

	mv_buf_init(&text, TEXT_MAX);
	if (!rc && kind == MV_IMPORT_FILE &&
	    !mv_import_read(&text, v->s->root, path, NULL)) {
		chomp(&text);
		word = mv_strf("%.60s=%.60s", name, text.data);
		rc = word ? mlflow_add_word(v->s, "tag", word,
					    err) : mv_nomem(err);
	}
	mv_buf_release(&text);
	free(word);
	free(path);
	return rc;
}

static int each_in(struct version *v, const char *what, mv_import_fn fn,
		   struct mv_err *err)
{
	char *dir = mv_strf("models/%s/%s", v->model, what);
	int rc = dir ? mv_import_each(v->s->root, dir, fn, v, err) :
		 mv_nomem(err);

	free(dir);
	return rc;
}

static int each_version(void *payload, const char *name,
			enum mv_import_kind kind, struct mv_err *err)
{
	struct version *from = payload;
	struct version v = { from->s, from->model, name + 8 };
	struct store *s = from->s;
	const char *wanted = s->im->import->run, *run;
	struct mv_json *meta;
	char text[32], *path, *tags;
	int rc;

	if (kind != MV_IMPORT_FOLDER || strncmp(name, "version-", 8))
		return 0;
	mv_buf_clear(&s->words);
	path = mv_strf("models/%s/%s/meta.yaml", v.model, name);
	tags = mv_strf("%s/tags", name);
	meta = path ? read_meta(s, path) : NULL;
	run = scalar(text, meta, "run_id");
	rc = path && tags ? each_in(&v, "aliases", add_alias, err) :
	     mv_nomem(err);
	if (!rc)
		rc = each_in(&v, tags, add_version_tag, err);
	if (!rc && (!wanted || (run && !strcmp(run, wanted))))
		mv_import_tell(s->im, 1, "version %.20s of the registered "
			       "model '%.80s' is of run %.80s%s: tag that here",
			       v.number, v.model, run && *run ? run : "(none)",
			       s->words.len ? s->words.data : "");
	mv_json_free(meta);
	free(tags);
	free(path);
	return rc;
}

static int each_registered(void *payload, const char *name,
			   enum mv_import_kind kind, struct mv_err *err)
{
	struct version v = { payload, name, NULL };

	return kind == MV_IMPORT_FOLDER ? each_in(&v, "", each_version, err) :
	       0;
}

/* -- runs and experiments ------------------------------------------------- */

static int each_run(void *payload, const char *name, enum mv_import_kind kind,
		    struct mv_err *err)
{
	static const char *const reserved[] = {
		"meta.yaml", "tags", "datasets", "traces"
	};
	struct store *s = payload;
	struct mv_json *meta = NULL;
	char text[32], *path;
	const char *stage;
	int rc;

	for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
		if (!strcmp(name, reserved[i]))
			return 0;
	if (s->im->import->run && strcmp(s->im->import->run, name))
		return 0;
	if (!strcmp(name, "models")) {
		path = mv_strf("%s/models", s->experiment);
		rc = path ? mv_import_each(s->root, path, each_model, s,
					   err) : mv_nomem(err);
		free(path);
		return rc;
	}
	if (kind != MV_IMPORT_FOLDER) {
		mv_import_tell(s->im, 1, "'%.80s/%.80s' is no folder",
			       s->experiment, name);
		return 0;
	}
	path = mv_strf("%s/%s/meta.yaml", s->experiment, name);
	rc = path ? 0 : mv_nomem(err);
	if (!rc)
		meta = read_meta(s, path);
	free(path);
	stage = scalar(text, meta, "lifecycle_stage");
	if (!rc && !meta) {
		mv_import_tell(s->im, 1, "'%.80s/%.80s' is no run: it has no "
			       "meta.yaml that can be read", s->experiment,
			       name);
	} else if (!rc && stage && !strcmp(stage, "deleted")) {
		mv_import_tell(s->im, 1, "run %.80s is deleted in MLflow",
			       name);
		s->seen++;
	} else if (!rc) {
		s->seen++;
		rc = take_run(s, name, meta, err);
	}
	mv_json_free(meta);
	return rc;
}

static int each_experiment(void *payload, const char *name,
			   enum mv_import_kind kind, struct mv_err *err)
{
	struct store *s = payload;
	const char *wanted = s->im->import->experiment, *label;
	struct mv_json *meta = NULL;
	char text[32], *path;
	int rc;

	if (!strcmp(name, ".trash"))
		return 0;
	if (!strcmp(name, "models")) {
		return wanted ? 0 : mv_import_each(s->root, "models",
						   each_registered, s, err);
	}
	if (kind != MV_IMPORT_FOLDER) {
		mv_import_tell(s->im, 1, "'%.80s' is no folder", name);
		return 0;
	}
	path = mv_strf("%s/meta.yaml", name);
	rc = path ? 0 : mv_nomem(err);
	if (!rc)
		meta = read_meta(s, path);
	free(path);
	label = scalar(text, meta, "name");
	if (rc || !meta) {
		if (!rc)
			mv_import_tell(s->im, 1, "'%.80s' is no experiment: it "
				       "has no meta.yaml that can be read",
				       name);
		return rc;
	}
	if (!wanted || !strcmp(wanted, name) ||
	    (label && !strcmp(wanted, label))) {
		s->experiment = name;
		s->experiment_name = strdup(label ? label : name);
		rc = s->experiment_name ? mv_import_each(s->root, name,
					each_run, s, err) : mv_nomem(err);
		free(s->experiment_name);
	}
	mv_json_free(meta);
	return rc;
}

static int import_store(struct mv_importing *im, const char *path,
			struct mv_err *err)
{
	struct store s = { .im = im, .root = -1 };
	int rc = mv_import_open(&s.root, path, err);

	mv_buf_init(&s.text, TEXT_MAX);
	mv_buf_init(&s.words, TEXT_MAX);
	if (!rc)
		rc = mv_import_each(s.root, ".", each_experiment, &s, err);
	if (!rc && !s.seen)
		rc = im->import->run || im->import->experiment ?
		     mv_fail(err, MV_ENOENT, "no such run or experiment in "
			     "'%s'", path) :
		      mv_fail(err, MV_EINVALID, "no run of MLflow in '%s'",
			      path);
	if (s.root >= 0)
		close(s.root);
	mv_buf_release(&s.text);
	mv_buf_release(&s.words);
	return rc;
}

/* -- either store --------------------------------------------------------- */

/* mlruns/ itself, mlflow.db itself, or the folder that has one of them. */
static int import_either(struct mv_importing *im, struct mv_err *err)
{
	const char *path = im->import->path;
	char *db = mv_strf("%s/mlflow.db", path);
	char *runs = mv_strf("%s/mlruns", path);
	char *other = mv_strf("%s/mlruns/0/meta.yaml", path);
	struct stat st;
	int rc;

	if (!db || !runs)
		rc = mv_nomem(err);
	else if (stat(path, &st))
		rc = mv_fail(err, MV_ENOENT, "there is no '%s'", path);
	else if (!S_ISDIR(st.st_mode))
		rc = mv_import_mlflow_import_db(im, path, err);
	else if (!stat(db, &st)) {
		/* Where an older MLflow wrote before it had a database. */
		if (other && !stat(other, &st))
			mv_import_tell(im, 1, "'%.300s' beside the database "
				       "is a store of its own: import it, "
				       "too", runs);
		rc = mv_import_mlflow_import_db(im, db, err);
	} else if (!lstat(runs, &st) && !S_ISDIR(st.st_mode))
		rc = mv_fail(err, MV_EDENIED, "'%s' is a link or no folder: "
			     "name the folder itself", runs);
	else
		rc = import_store(im, !stat(runs, &st) ? runs : path, err);
	free(other);
	free(runs);
	free(db);
	return rc;
}

int mv_import_mlflow(struct mv_repo *repo, const struct mv_import *import,
		     struct mv_import_stats *stats, struct mv_err *err)
{
	struct mv_importing im;
	int rc = mv_import_begin(&im, repo, import, stats, err);

	if (!rc)
		rc = import_either(&im, err);
	if (!rc)
		rc = mv_import_end(&im, err);
	mv_import_release(&im);
	return rc;
}
