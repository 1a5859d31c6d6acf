/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "libmv/base/grow.h"
#include "libmv/base/path.h"
#include "libmv/base/worktree.h"
#include "libmv/import/priv.h"
#include "libmv/meta/curves.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/project.h"
#include "libmv/meta/record.h"
#include "libmv/repo/files.h"

/*
 * Which contents a run of MLflow is about: those of its artifacts, and of the
 * models that it logged, that are contents here. MLflow keeps them
 *
 *	<experiment>/<run>/artifacts/...
 *	<experiment>/models/<model>/artifacts/...	(MLflow 3)
 *
 * below its own folder, or wherever `artifact_location` says. That is read
 * only where the user has named it: in the store, below --artifacts, in the
 * work tree. A run writes what it was made from beside what it made; a metric
 * says nothing of train.csv, so data is noted as data.
 */
#define DEPTH_MAX 16
#define ARTIFACTS_MAX 100000
#define MODELS_MAX 10000

/* By step, then time, then value: so MLflow chooses. */
static int latest(struct mv_facts *out, const struct mv_curves *curves,
		  struct mv_err *err)
{
	struct mv_curves one = { .count = 0 };
	int rc = 0;

	for (size_t i = 0; i < curves->count && !rc; i++) {
		const struct mv_series *s = &curves->series[i];
		const struct mv_point *best = &s->points[0];

		for (size_t j = 1; j < s->count; j++) {
			const struct mv_point *p = &s->points[j];

			if (p->step > best->step || (p->step == best->step &&
			    (p->ms > best->ms || (p->ms == best->ms &&
			     p->value > best->value))))
				best = p;
		}
		rc = mv_curves_add(&one, s->name, best->step, best->ms,
				   best->value, err);
	}
	if (!rc)
		rc = mv_curves_last(out, &one, err);
	mv_curves_release(&one);
	return rc;
}

/* -- what lies there ------------------------------------------------------ */

struct found {
	struct mv_subject s;
	int is_data;
};

struct artifacts {
	struct mv_importing *im;
	struct mv_import_run *run;
	struct found *found;
	size_t count, alloc;
	size_t seen;		/* entries of folders */
	int places;		/* folders that were there */
};

struct place {
	struct artifacts *all;
	int root;
	const char *dir;
	int depth;
};

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* By what the team says of it, else by its name. */
static int is_data(struct artifacts *a, const struct mv_subject *s,
		   const char *path)
{
	static const char *const ends[] = {
		".csv", ".tsv", ".parquet", ".jsonl", ".ndjson", ".arrow",
		".feather", ".orc", ".avro", ".txt", ".tfrecord", ".xlsx"
	};
	const struct mv_project *p = NULL;
	const struct mv_artifact *artifact = NULL;
	const char *dot = strrchr(base_of(path), '.');

	if (s->path && !mv_subject_project_at(&p, a->im->repo, NULL, NULL) && p)
		artifact = mv_project_by_path(p, s->path);
	if (artifact && artifact->type && *artifact->type)
		return !strcmp(artifact->type, "dataset");
	for (size_t i = 0; dot && i < sizeof(ends) / sizeof(*ends); i++)
		if (!strcasecmp(dot, ends[i]))
			return 1;
	return 0;
}

/* Takes the subject. */
static int match_keep(struct artifacts *a, struct mv_subject *s,
		      const char *path,
		      struct mv_err *err)
{
	for (size_t i = 0; i < a->count; i++)
		if (mv_oid_eq(&a->found[i].s.pointer.oid, &s->pointer.oid)) {
			mv_subject_release(s);
			return 0;
		}
	if (MV_GROW(a->found, a->alloc, a->count + 1, err) < 0) {
		mv_subject_release(s);
		return MV_ENOMEM;
	}
	a->found[a->count].is_data = is_data(a, s, path);
	a->found[a->count++].s = *s;
	return 0;
}

/*
 * Only a file that could be one of ours is read: its size or its name must
 * be that of a file in the index. One with the name of ours may be an older
 * version, which the history knows by its id; one that nobody knows is some
 * other content, and is said to be.
 */
static int match(const struct place *p, const char *path, struct mv_err *err)
{
	const struct mv_import_file *same_name = NULL, *same_size = NULL, *f;
	struct artifacts *a = p->all;
	char hex[MV_OID_HEX + 1];
	struct mv_err why = { MV_OK, "" };
	struct mv_subject s;
	struct mv_oid oid;
	struct stat st;
	uint64_t size;
	int fd, rc;

	if (mv_wt_open_read(&fd, &st, p->root, path, &why))
		return 0;
	for (size_t i = 0; i < a->im->file_count; i++) {
		f = &a->im->files[i];
		if (f->pointer.size && f->pointer.size == (uint64_t)st.st_size)
			same_size = f;
		if (!strcmp(base_of(f->path), base_of(path)))
			same_name = f;
	}
	if (!st.st_size || (!same_name && !same_size)) {
		close(fd);
		return 0;
	}
	rc = mv_repo_hash_file(&oid, &size, fd, path, err);
	close(fd);
	if (rc)
		return rc;
	for (size_t i = 0; i < a->im->file_count; i++) {
		f = &a->im->files[i];
		if (!mv_oid_eq(&f->pointer.oid, &oid))
			continue;
		rc = mv_subject_find_at(&s, a->im->repo, NULL, f->path, err);
		return rc ? rc : match_keep(a, &s, path, err);
	}
	if (!same_name)
		return 0;
	if (!mv_subject_find(&s, a->im->repo, mv_oid_hex(hex, &oid), &why))
		return match_keep(a, &s, path, err);
	if (a->run->why)
		return 0;
	a->run->why = mv_strf("its artifact '%s' has the name of '%s' but is "
			      "no content known here", base_of(path),
			      same_name->path);
	return a->run->why ? 0 : mv_nomem(err);
}

static int match_walk(struct place *p, struct mv_err *err);

static int match_walk_entry(void *payload, const char *name,
			    enum mv_import_kind kind, struct mv_err *err)
{
	struct place *p = payload, inner = *p;
	struct artifacts *a = p->all;
	char *path = mv_strf("%s/%s", p->dir, name);
	int rc = path ? 0 : mv_nomem(err);

	inner.dir = path;
	inner.depth++;
	if (++a->seen == ARTIFACTS_MAX)
		mv_import_unmapped(a->im, a->run, "more than %d artifacts",
				   ARTIFACTS_MAX);
	if (rc || a->seen >= ARTIFACTS_MAX)
		;
	else if (kind == MV_IMPORT_FILE)
		rc = match(p, path, err);
	else if (kind == MV_IMPORT_FOLDER && p->depth < DEPTH_MAX)
		rc = match_walk(&inner, err);
	else
		mv_import_unmapped(a->im, a->run, "artifact '%.200s' is a "
				   "link, or nested too deep", path);
	free(path);
	return rc;
}

static int match_walk(struct place *p, struct mv_err *err)
{
	struct mv_err why = { MV_OK, "" };
	int rc = mv_import_each(p->root, p->dir, match_walk_entry, p, &why);

	if (rc == MV_ENOMEM)
		return mv_nomem(err);
	if (rc)
		mv_import_unmapped(p->all->im, p->all->run, "%s", why.msg);
	return 0;
}

/* -- where ---------------------------------------------------------------- */

/* "file:///a/b" or "/a/b" as a path of this machine; NULL: neither. */
static const char *local_path(const char *uri)
{
	if (uri && !strncmp(uri, "file:///", 8))
		uri += 7;
	return uri && *uri == '/' && !strstr(uri, "/../") ? uri : NULL;
}

static int walk_place(struct artifacts *a, int root, const char *dir,
		      struct mv_err *err)
{
	struct place p = { a, root, dir, 0 };
	size_t before = a->seen;
	int rc = match_walk(&p, err);

	a->places += a->seen > before;
	return rc;
}

static int walk_in(struct artifacts *a, int root, const char *prefix,
		   const char *part, struct mv_err *err)
{
	char *dir = mv_strf("%s%s%s/artifacts", prefix, *prefix ? "/" : "",
			    part);
	int rc = dir ? walk_place(a, root, dir, err) : mv_nomem(err);

	free(dir);
	return rc;
}

/* One run, or one model, wherever its folder may be. */
static int walk_all(struct artifacts *a, const struct mv_mlflow_store *store,
		    const char *part, const char *location, struct mv_err *err)
{
	const char *const named[] = { "", store->experiment };
	const char *top = a->im->repo->info->work_tree;
	const char *path = local_path(location);
	const char *rel = top && path ? mv_path_below(path, top) : NULL;
	int root, fd = -1, rc = 0;

	for (size_t i = 0; !rc && store->prefixes[i]; i++)
		rc = walk_in(a, store->root, store->prefixes[i], part, err);
	if (!rc && a->im->import->artifacts)
		rc = mv_import_open(&fd, a->im->import->artifacts, err);
	for (size_t i = 0; !rc && fd >= 0 && i < 2; i++)
		rc = walk_in(a, fd, named[i], part, err);
	if (fd >= 0)
		close(fd);
	if (rc || !rel || !*rel || a->im->import->artifacts)
		return rc;
	rc = mv_repo_root(&root, a->im->repo, err);
	return rc ? rc : walk_place(a, root, rel, err);
}

/* -- what the run is about ------------------------------------------------ */

static int add_data(struct mv_import_run *run, const struct mv_subject *s,
		    struct mv_err *err)
{
	struct mv_ref ref = { .role = (char *)"", .path = s->path,
			      .size = s->pointer.size, .has_oid = 1 };

	ref.oid = s->pointer.oid;
	return mv_refs_add(&run->data, &ref, err);
}

/* What was found goes onto the run: all of it, or only what is no data. */
static int match_settle(struct artifacts *a, int has_models, struct mv_err *err)
{
	int others = has_models, rc = 0;

	for (size_t i = 0; i < a->count; i++)
		others |= !a->found[i].is_data;
	for (size_t i = 0; i < a->count && !rc; i++) {
		struct found *f = &a->found[i];

		if (others && f->is_data) {
			rc = add_data(a->run, &f->s, err);
			mv_import_tell(a->im, 0, "run %.70s: %.200s is data "
				       "that it kept, not what it made",
				       a->run->id, f->s.path ? f->s.path :
				       f->s.spec);
		} else {
			rc = mv_import_add_subject(a->run, &f->s, err);
		}
	}
	return rc;
}

static void artifacts_release(struct artifacts *a)
{
	for (size_t i = 0; i < a->count; i++)
		mv_subject_release(&a->found[i].s);
	free(a->found);
}

/* All models of a run, and which contents have a record of their own. */
struct models {
	struct mv_mlflow_model *m;
	size_t count;
	struct mv_oid *taken;
	size_t taken_count, taken_alloc;
	int found;
};

/* Was this metric given to a model? Then it is no other one's. */
static int is_linked(const struct models *models, const char *metric)
{
	for (size_t i = 0; i < models->count; i++)
		for (size_t j = 0; j < models->m[i].curves.count; j++)
			if (!metric || !strcmp(metric, models->m[i].curves
					       .series[j].name))
				return 1;
	return 0;
}

static int add_series(struct mv_curves *out, const struct mv_series *s,
		      struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < s->count && !rc; i++)
		rc = mv_curves_add(out, s->name, s->points[i].step,
				   s->points[i].ms, s->points[i].value, err);
	return rc;
}

/* What was measured of this model, and of none in particular. */
static int metrics_of(struct mv_import_run *part,
		      const struct mv_import_run *run,
		      const struct models *models,
		      const struct mv_mlflow_model *model, struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < run->curves.count && !rc; i++)
		if (!is_linked(models, run->curves.series[i].name))
			rc = add_series(&part->curves, &run->curves.series[i],
					err);
	for (size_t i = 0; i < model->curves.count && !rc; i++)
		rc = add_series(&part->curves, &model->curves.series[i], err);
	return rc ? rc : latest(&part->metrics, &part->curves, err);
}

static int part_of(struct mv_import_run *part, const struct mv_import_run *run,
		   const struct models *models,
		   const struct mv_mlflow_model *model, struct mv_err *err)
{
	int rc = mv_set_str(&part->id, run->id, err);

	part->tool = run->tool;
	part->started = run->started;
	part->is_part = 1;
	if (!rc)
		rc = mv_set_str(&part->name, run->name, err);
	if (!rc)
		rc = mv_set_str(&part->state, run->state, err);
	if (!rc)
		rc = mv_set_str(&part->commit, run->commit, err);
	if (!rc)
		rc = mv_import_copy_facts(&part->params, &run->params, err);
	if (!rc)
		rc = mv_import_copy_facts(&part->tags, &run->tags, err);
	if (!rc)
		rc = mv_import_copy_facts(&part->source, &run->source, err);
	for (size_t i = 0; i < run->data.count && !rc; i++)
		rc = mv_refs_add(&part->data, &run->data.v[i], err);
	return rc ? rc : metrics_of(part, run, models, model, err);
}

static int note_taken(struct models *models, const struct artifacts *a,
		      struct mv_err *err)
{
	if (MV_GROW(models->taken, models->taken_alloc,
		    models->taken_count + a->count, err) < 0)
		return MV_ENOMEM;
	for (size_t i = 0; i < a->count; i++)
		models->taken[models->taken_count++] =
			a->found[i].s.pointer.oid;
	return 0;
}

static int take_part(struct artifacts *a, struct models *models,
		     const struct mv_mlflow_model *model, struct mv_err *err)
{
	const struct mv_import_run *run = a->run;
	struct mv_import_run part;
	int rc;

	memset(&part, 0, sizeof(part));
	rc = part_of(&part, run, models, model, err);
	if (!rc)
		rc = mv_import_fact(a->im, &part, &part.source, "model",
				    model->id, 0, err);
	if (!rc)
		rc = note_taken(models, a, err);
	a->run = &part;
	if (!rc)
		rc = match_settle(a, 0, err);
	if (!rc)
		rc = mv_import_take(a->im, &part, err);
	mv_import_run_release(&part);
	return rc;
}

static int take_model(struct models *models, struct mv_importing *im,
		      struct mv_import_run *run,
		      const struct mv_mlflow_store *store,
		      const struct mv_mlflow_model *model, struct mv_err *err)
{
	struct artifacts a = { .im = im, .run = run };
	char *where = mv_strf("models/%s", model->id);
	int rc = where ? walk_all(&a, store, where, model->location, err) :
		 mv_nomem(err);
	int elsewhere = !a.places && model->location;

	models->found |= a.count > 0;
	if (!rc && !a.count)
		mv_import_unmapped(im, run, "the model '%.80s' (%.60s) that it "
				   "logged has no file here that could be "
				   "compared%s%.200s", model->name ?
				   model->name : "", model->id,
				   elsewhere ? "; it is at " : "",
				   elsewhere ? model->location : "");
	else if (!rc && is_linked(models, NULL))
		rc = take_part(&a, models, model, err);
	else if (!rc)
		rc = match_settle(&a, 0, err);
	artifacts_release(&a);
	free(where);
	return rc;
}

/* What a model has a record of is not recorded on again. */
static void drop_taken(struct artifacts *a, const struct models *models)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->count; i++) {
		int taken = 0;

		for (size_t j = 0; j < models->taken_count; j++)
			taken |= mv_oid_eq(&models->taken[j],
					   &a->found[i].s.pointer.oid);
		if (taken)
			mv_subject_release(&a->found[i].s);
		else
			a->found[kept++] = a->found[i];
	}
	a->count = kept;
}

static int why_none(struct mv_import_run *run, const struct artifacts *a,
		    const char *location, struct mv_err *err)
{
	if (run->subject_count || run->why)
		return 0;
	if (!a->places && location && !a->im->import->artifacts)
		run->why = mv_strf("its artifacts are at '%s', and nothing is "
				   "read there unless --artifacts FOLDER "
				   "names it", location);
	else if (!a->seen)
		run->why = strdup("it has no artifacts here that could be "
				  "compared");
	else
		return 0;
	return run->why ? 0 : mv_nomem(err);
}

int mv_import_mlflow_take(struct mv_importing *im, struct mv_import_run *run,
			  const struct mv_mlflow_store *store, const char *location,
			  struct mv_mlflow_model *models, size_t count,
			  struct mv_err *err)
{
	struct artifacts a = { .im = im, .run = run };
	struct models all = { .m = models, .count = count };
	int rc = latest(&run->metrics, &run->curves, err);

	for (size_t i = 0; i < count && !rc && !im->has_onto; i++)
		rc = take_model(&all, im, run, store, &models[i], err);
	if (!rc && !im->has_onto)
		rc = walk_all(&a, store, run->id, location, err);
	drop_taken(&a, &all);
	if (!rc)
		rc = match_settle(&a, all.found, err);
	if (!rc)
		rc = why_none(run, &a, location, err);
	artifacts_release(&a);
	free(all.taken);
	/* All that it is about is recorded already. */
	if (!rc && all.taken_count && !run->subject_count) {
		im->stats->runs++;
		mv_import_run_release(run);
		return 0;
	}
	if (!rc)
		return mv_import_take(im, run, err);
	mv_import_run_release(run);
	return rc;
}

void mv_import_mlflow_models_release(struct mv_mlflow_model *models,
				     size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(models[i].id);
		free(models[i].name);
		free(models[i].location);
		mv_curves_release(&models[i].curves);
	}
	free(models);
}

int mv_import_mlflow_add_model(struct mv_mlflow_model **models, size_t *count,
			       const char *id, const char *name, const char *location,
			       struct mv_err *err)
{
	struct mv_mlflow_model *m;

	if (*count == MODELS_MAX)
		return mv_fail(err, MV_EINVALID, "more than %d logged models "
			       "in one run", MODELS_MAX);
	m = mv_grow_one(models, count, sizeof(*m), err);
	if (!m)
		return MV_ENOMEM;
	if (mv_set_str(&m->id, id, err) || mv_set_str(&m->name, name, err) ||
	    mv_set_str(&m->location, location, err))
		return MV_ENOMEM;
	return 0;
}

int mv_import_mlflow_is_bad(struct mv_importing *im, const char *id,
			    const char *state)
{
	if (!state || (strcmp(state, "FAILED") && strcmp(state, "KILLED")) ||
	    im->import->failed || im->import->run)
		return 0;
	mv_import_tell(im, 1, "run %.80s %s: what it measured would stand in "
		       "the place of good values; --failed, or --run, brings "
		       "it", id, state);
	return 1;
}
