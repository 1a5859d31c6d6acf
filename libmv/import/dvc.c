/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/grow.h"
#include "libmv/base/json-read.h"
#include "libmv/base/json.h"
#include "libmv/base/path.h"
#include "libmv/base/yaml.h"
#include "libmv/git/files.h"
#include "libmv/git/objects.h"
#include "libmv/import/dvc.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/record.h"

/*
 * DVC: dvc.lock says what each stage was made from and made, by MD5; dvc.yaml
 * says which files hold metrics. One stage is one run. It is about those of
 * its outputs that are files of ours with the same bytes; a stage that has
 * none, as one that evaluates, is about what it was given by the stage that
 * stands furthest down the pipeline.
 */
#define STAGES_MAX 10000

/* -- the folder ----------------------------------------------------------- */

/* Where the folder is, seen from the top of the work tree. */
static int find_prefix(struct mv_dvc *d, const char *dir, struct mv_err *err)
{
	const char *top = d->im->repo->info->work_tree;
	char *real = realpath(dir, NULL);
	char *top_real = top ? realpath(top, NULL) : NULL;
	const char *rest = real && top_real ? mv_path_below(real, top_real) :
					      NULL;
	int rc = 0;

	if (!real)
		rc = mv_fail(err, MV_ENOENT, "there is no '%s'", dir);
	else if (rest && *rest)
		d->prefix = mv_strf("%s/", rest);
	else
		d->prefix = strdup("");
	if (!rc && !d->prefix)
		rc = mv_nomem(err);
	free(top_real);
	free(real);
	return rc;
}

/* -- what git has and we have not: code ----------------------------------- */

static int keep_plain(void *payload, const struct mv_git_entry *e,
		      struct mv_err *err)
{
	struct mv_dvc *d = payload;

	if (mv_import_by_path(d->im, e->path))
		return 0;
	if (MV_GROW(d->plain, d->plain_alloc, d->plain_count + 1, err) < 0)
		return MV_ENOMEM;
	d->plain[d->plain_count] = strdup(e->path);
	return d->plain[d->plain_count++] ? 0 : mv_nomem(err);
}

static int is_plain(const struct mv_dvc *d, const char *path)
{
	for (size_t i = 0; i < d->plain_count; i++)
		if (!strcmp(d->plain[i], path))
			return 1;
	return 0;
}

static int about_path(struct mv_dvc *d, struct mv_import_run *run,
		      const char *path, struct mv_err *err)
{
	struct mv_subject s;
	int rc = mv_subject_find_at(&s, d->im->repo, NULL, path, err);

	return rc ? rc : mv_import_add_subject(run, &s, err);
}

/* -- the pipeline --------------------------------------------------------- */

static struct mv_dvc_stage *producer(struct mv_dvc *d, const char *path)
{
	for (size_t i = 0; i < d->count; i++) {
		const struct mv_json *outs = mv_json_get(d->stages[i].lock,
							 "outs");

		for (size_t j = 0; j < mv_json_size(outs); j++) {
			char *full = mv_import_dvc_path(d->stages[i].prefix,
							mv_json_at(outs, j));
			int found = full && !strcmp(full, path);

			free(full);
			if (found)
				return &d->stages[i];
		}
	}
	return NULL;
}

static int depth_of(struct mv_dvc *d, struct mv_dvc_stage *s)
{
	const struct mv_json *deps = mv_json_get(s->lock, "deps");
	int most = 0;

	if (s->depth == -2)
		return 0;		/* a circle, which DVC would refuse */
	if (s->depth >= 0)
		return s->depth;
	s->depth = -2;
	for (size_t i = 0; i < mv_json_size(deps); i++) {
		char *full = mv_import_dvc_path(s->prefix,
							mv_json_at(deps, i));
		struct mv_dvc_stage *from = full ? producer(d, full) : NULL;
		int depth = from ? depth_of(d, from) + 1 : 0;

		most = depth > most ? depth : most;
		free(full);
	}
	return s->depth = most;
}

/* -- one stage ------------------------------------------------------------ */

static int about_outs(struct mv_dvc *d, struct mv_import_run *run,
		      const struct mv_dvc_stage *s, struct mv_err *err)
{
	const struct mv_json *outs = mv_json_get(s->lock, "outs");
	int rc = 0;

	for (size_t i = 0; i < mv_json_size(outs) && !rc; i++) {
		const struct mv_json *out = mv_json_at(outs, i);
		char *full = mv_import_dvc_path(s->prefix, out);
		struct mv_err why = { MV_OK, "" };

		if (full && mv_import_dvc_is_same(d, full, out, &why))
			rc = about_path(d, run, full, err);
		else if (why.code)
			mv_import_unmapped(d->im, run, "%s", why.msg);
		free(full);
	}
	return rc;
}

/* The dependency that stands furthest down, yours; NULL: none is ours. */
static char *deepest(struct mv_dvc *d, struct mv_import_run *run,
		     const struct mv_dvc_stage *s)
{
	const struct mv_json *deps = mv_json_get(s->lock, "deps");
	char *best = NULL;
	int most = -1;

	for (size_t i = 0; i < mv_json_size(deps); i++) {
		const struct mv_json *dep = mv_json_at(deps, i);
		char *full = mv_import_dvc_path(s->prefix, dep);
		struct mv_dvc_stage *from = full ? producer(d, full) : NULL;
		struct mv_err why = { MV_OK, "" };

		if (from && mv_import_dvc_is_same(d, full, dep, &why) &&
		    depth_of(d, from) > most) {
			most = depth_of(d, from);
			free(best);
			best = full;
			full = NULL;
		}
		if (from && why.code)
			mv_import_unmapped(d->im, run, "%s", why.msg);
		free(full);
	}
	return best;
}

static int add_dep(struct mv_dvc *d, struct mv_import_run *run,
		   const char *full, const struct mv_json *dep, int evaluates,
		   struct mv_err *err)
{
	const char *md5 = mv_import_dvc_text(dep, "md5");
	const struct mv_json *size = mv_json_get(dep, "size");
	struct mv_ref ref = { .size = UINT64_MAX };
	const struct mv_import_file *f = mv_import_by_path(d->im, full);
	struct mv_err why = { MV_OK, "" };
	int rc;

	ref.role = (char *)(evaluates ? "eval" : "");
	ref.path = (char *)full;
	if (f && mv_import_dvc_is_same(d, full, dep, &why)) {
		for (size_t i = 0; i < run->subject_count; i++)
			if (mv_oid_eq(&run->subjects[i].pointer.oid,
				      &f->pointer.oid))
				return 0;
		ref.oid = f->pointer.oid;
		ref.size = f->pointer.size;
		ref.has_oid = 1;
		return mv_refs_add(&run->data, &ref, err);
	}
	if (!md5 || strlen(md5) > 64 ||
	    md5[strspn(md5, "0123456789abcdef.dir")]) {
		mv_import_unmapped(d->im, run, "dependency '%.200s' has no "
				   "MD5", full);
		return 0;
	}
	if (mv_json_type(size) == MV_JSON_INT && mv_json_get_int(size) >= 0)
		ref.size = (uint64_t)mv_json_get_int(size);
	ref.digest = mv_strf("md5:%s", md5);
	rc = ref.digest ? mv_refs_add(&run->data, &ref, err) : mv_nomem(err);
	free(ref.digest);
	return rc;
}

static int take_deps(struct mv_dvc *d, struct mv_import_run *run,
		     const struct mv_dvc_stage *s, int evaluates,
		     struct mv_err *err)
{
	const struct mv_json *deps = mv_json_get(s->lock, "deps");
	int rc = 0;

	for (size_t i = 0; i < mv_json_size(deps) && !rc; i++) {
		const struct mv_json *dep = mv_json_at(deps, i);
		const char *path = mv_import_dvc_text(dep, "path");
		char *full = mv_import_dvc_path(s->prefix, dep);

		if (!full)
			mv_import_unmapped(d->im, run, "dependency '%.200s' "
					   "is outside of the repository",
					   path ? path : "?");
		else if (!is_plain(d, full))	/* code: the commit has it */
			rc = add_dep(d, run, full, dep, evaluates, err);
		free(full);
	}
	return rc;
}

struct params {
	struct mv_dvc *dvc;
	struct mv_import_run *run;
	struct mv_err *err;
};

static int take_params_of(void *payload, const char *file,
			  const struct mv_json *values)
{
	struct params *p = payload;
	struct mv_err why = { MV_OK, "" };
	int rc = mv_facts_from_json(&p->run->params, values, "", 0, NULL,
				    &why);

	if (rc == MV_ENOMEM)
		return mv_nomem(p->err);
	if (rc)
		mv_import_unmapped(p->dvc->im, p->run, "params of %.80s: %s",
				   file, why.msg);
	return 0;
}

static int print_facts(struct mv_buf *out, const struct mv_facts *facts,
		       struct mv_err *err)
{
	struct mv_json *v = mv_facts_to_json(facts);
	int rc = mv_json_print_canonical(out, v, NULL, err);

	mv_json_free(v);
	return rc;
}

/* What was measured and what was noted: another state is another run. */
static int set_id(struct mv_import_run *run, const struct mv_dvc_stage *s,
		  struct mv_err *err)
{
	char hex[MV_OID_HEX + 1];
	struct mv_buf text;
	struct mv_oid oid;
	int rc;

	mv_buf_init(&text, 4u * MV_DVC_FILE_MAX);
	rc = mv_json_print_canonical(&text, s->lock, NULL, err);
	if (!rc)
		rc = print_facts(&text, &run->metrics, err);
	if (!rc)
		rc = mv_sha256(&oid, text.data, text.len, err);
	if (!rc) {
		free(run->id);
		run->id = mv_strf("%s:%.16s", s->name, mv_oid_hex(hex, &oid));
		rc = run->id ? 0 : mv_nomem(err);
	}
	mv_buf_release(&text);
	return rc;
}

static int take_command(struct mv_dvc *d, struct mv_import_run *run,
			const struct mv_dvc_stage *s, struct mv_err *err)
{
	const struct mv_json *cmd = mv_json_get(s->lock, "cmd");
	struct mv_buf text;
	int rc;

	if (mv_json_type(cmd) == MV_JSON_STRING)
		return mv_import_fact(d->im, run, &run->source, "command",
				      mv_import_dvc_text(s->lock, "cmd"), 0,
				      err);
	if (mv_json_type(cmd) != MV_JSON_ARRAY)
		return 0;
	mv_buf_init(&text, MV_DVC_FILE_MAX);
	rc = mv_json_print_canonical(&text, cmd, NULL, err);
	if (!rc)
		rc = mv_import_fact(d->im, run, &run->source, "command",
				    text.data, 0, err);
	mv_buf_release(&text);
	return rc;
}

static int take_stage(struct mv_dvc *d, const struct mv_dvc_stage *s,
		      struct mv_err *err)
{
	struct mv_import_run run = { .tool = "dvc", .id = strdup(s->name),
				     .name = strdup(s->name),
				     .keep_commit = 1 };
	struct params params = { d, &run, err };
	char *from = NULL;
	int evaluates = 0, rc = run.id && run.name ? 0 : mv_nomem(err);

	if (!rc)
		rc = about_outs(d, &run, s, err);
	if (!rc && !run.subject_count)
		from = deepest(d, &run, s);
	if (from) {
		evaluates = 1;
		rc = about_path(d, &run, from, err);
	}
	free(from);
	if (!rc)
		rc = mv_json_each(mv_json_get(s->lock, "params"),
				  take_params_of, &params);
	if (!rc)
		rc = take_command(d, &run, s, err);
	if (!rc)
		mv_import_dvc_take_metrics(d, &run, s);
	if (!rc)
		rc = take_deps(d, &run, s, evaluates, err);
	if (!rc)
		rc = set_id(&run, s, err);
	if (!rc && !run.subject_count) {
		run.why = strdup("neither its outputs nor what it was given "
				 "are files of git-model as DVC knows them");
		rc = run.why ? 0 : mv_nomem(err);
	}
	if (!rc)
		rc = mv_import_take(d->im, &run, err);
	mv_import_run_release(&run);
	return rc;
}

/* -- the files ------------------------------------------------------------ */

static int read_yaml(struct mv_json **out, struct mv_dvc *d, const char *name,
		     struct mv_err *err)
{
	struct mv_buf text;
	int rc;

	*out = NULL;
	mv_buf_init(&text, MV_DVC_FILE_MAX);
	rc = mv_import_read(&text, d->root, name, err);
	if (!rc) {
		rc = mv_yaml_parse(out, text.data, text.len, err);
		if (rc)
			mv_err_prefix(err, "%s", name);
	}
	mv_buf_release(&text);
	return rc;
}

static int add_stage(void *payload, const char *name,
		     const struct mv_json *lock)
{
	struct mv_dvc *d = payload;
	const struct mv_json *specs = mv_json_get(d->spec, "stages");
	struct mv_dvc_stage *s = &d->stages[d->count];
	const char *at = strchr(name, '@'), *wdir;
	char *base;

	if (mv_json_type(lock) != MV_JSON_OBJECT)
		return 0;
	s->name = name;
	s->lock = lock;
	s->depth = -1;
	s->spec = mv_json_get(specs, name);
	if (!s->spec && at) {		/* of foreach or matrix */
		base = strndup(name, (size_t)(at - name));
		s->spec = base ? mv_json_get(specs, base) : NULL;
		free(base);
		if (mv_json_get(s->spec, "do"))
			s->spec = mv_json_get(s->spec, "do");
	}
	wdir = mv_import_dvc_text(s->spec, "wdir");
	s->below = mv_strf("%s%s", wdir ? wdir : "", wdir ? "/" : "");
	s->prefix = s->below ? mv_strf("%s%s", d->prefix, s->below) : NULL;
	d->count++;
	return s->prefix ? 0 : mv_nomem(d->err);
}

static int list_stages(struct mv_dvc *d, struct mv_err *err)
{
	const struct mv_json *stages = mv_json_get(d->lock, "stages");
	size_t count;

	/* Schema 1.0 had the stages at the top. */
	if (!stages && !mv_json_get(d->lock, "schema"))
		stages = d->lock;
	count = mv_json_size(stages);
	if (mv_json_type(stages) != MV_JSON_OBJECT || !count)
		return mv_fail(err, MV_EINVALID, "dvc.lock has no stages");
	if (count > STAGES_MAX)
		return mv_fail(err, MV_EINVALID, "dvc.lock has more than %d "
			       "stages", STAGES_MAX);
	d->stages = calloc(count, sizeof(*d->stages));
	d->md5 = calloc(d->im->file_count + 1, sizeof(*d->md5));
	if (!d->stages || !d->md5)
		return mv_nomem(err);
	d->err = err;
	return mv_json_each(stages, add_stage, d);
}

static int take_stages(struct mv_dvc *d, struct mv_err *err)
{
	const char *wanted = d->im->import->run;
	size_t seen = 0;
	int rc = 0;

	for (size_t i = 0; i < d->count && !rc; i++) {
		if (wanted && strcmp(wanted, d->stages[i].name))
			continue;
		seen++;
		rc = take_stage(d, &d->stages[i], err);
	}
	if (!rc && !seen)
		rc = mv_fail(err, MV_ENOENT, "dvc.lock has no stage '%s'",
			     wanted);
	return rc;
}

/* What dvc.yaml says that is of no stage. */
static void tell_metrics(struct mv_dvc *d, const char *path)
{
	char *full = mv_import_dvc_join(d->prefix, path), *folder = NULL;

	if (full && producer(d, full)) {
		free(full);
		return;
	}
	/* An output may be the folder that it is in. */
	for (char *slash = full ? strrchr(full, '/') : NULL; slash && !folder;
	     slash = strrchr(full, '/')) {
		*slash = '\0';
		if (producer(d, full))
			folder = full;
	}
	if (folder)
		mv_import_tell(d->im, 1, "metrics '%.200s' are in the folder "
			       "'%.200s' that a stage made, whose MD5 does "
			       "not say what they were: git model import "
			       "dvclive, or record --metrics-file", path,
			       folder);
	else
		mv_import_tell(d->im, 1, "metrics '%.200s' are of no stage: "
			       "git model record --metrics-file", path);
	free(full);
}

static int tell_artifact(void *payload, const char *name,
			 const struct mv_json *artifact)
{
	struct mv_dvc *d = payload;
	const char *type = mv_import_dvc_text(artifact, "type");
	char *full = mv_import_dvc_path(d->prefix, artifact);

	mv_import_tell(d->im, 1, "artifact '%.80s' is '%.200s'%s%.40s: name it "
		       "in .gitmodel/config", name, full ? full : "?",
		       type ? ", of type " : "", type ? type : "");
	free(full);
	return 0;
}

static void tell_rest(struct mv_dvc *d)
{
	const struct mv_json *metrics = mv_json_get(d->spec, "metrics");

	for (size_t i = 0; i < mv_json_size(metrics); i++) {
		const char *path = mv_import_dvc_entry_path(metrics, i);

		if (path)
			tell_metrics(d, path);
	}
	if (mv_json_size(mv_json_get(d->spec, "plots")))
		mv_import_tell(d->im, 1, "plots of dvc.yaml: git model import "
			       "dvclive brings those of DVCLive");
	(void)mv_json_each(mv_json_get(d->spec, "artifacts"), tell_artifact,
			   d);
}

static void dvc_release(struct mv_dvc *d)
{
	for (size_t i = 0; i < d->count; i++) {
		free(d->stages[i].prefix);
		free(d->stages[i].below);
	}
	for (size_t i = 0; i < d->plain_count; i++)
		free(d->plain[i]);
	free(d->plain);
	free(d->stages);
	free(d->md5);
	free(d->prefix);
	mv_json_free(d->lock);
	mv_json_free(d->spec);
	if (d->root >= 0)
		close(d->root);
}

static int import_folder(struct mv_dvc *d, const char *dir, struct mv_err *err)
{
	struct mv_err why = { MV_OK, "" };
	int rc = mv_import_open(&d->root, dir, err);

	if (!rc)
		rc = find_prefix(d, dir, err);
	if (!rc)
		rc = read_yaml(&d->lock, d, "dvc.lock", err);
	if (rc)
		mv_err_prefix(err, "'%s'", dir);
	if (!rc && read_yaml(&d->spec, d, "dvc.yaml", &why))
		mv_import_tell(d->im, 1, "metrics: %s", why.msg);
	if (!rc)
		rc = mv_git_ls(d->im->repo->git, MV_GIT_LS_CACHED, NULL,
			       keep_plain, d, err);
	if (!rc)
		rc = list_stages(d, err);
	if (!rc)
		rc = take_stages(d, err);
	if (!rc)
		tell_rest(d);
	return rc;
}

int mv_import_dvc(struct mv_repo *repo, const struct mv_import *import,
		  struct mv_import_stats *stats, struct mv_err *err)
{
	const char *slash = strrchr(import->path, '/');
	const char *base = slash ? slash + 1 : import->path;
	struct mv_importing im;
	struct mv_dvc d = { .im = &im, .root = -1 };
	char *dir;
	int rc;

	/* dvc.lock itself means the folder that it is in. */
	if (strcmp(base, "dvc.lock"))
		dir = strdup(import->path);
	else
		dir = slash ? strndup(import->path, (size_t)(slash -
				      import->path) + 1) : strdup(".");
	rc = mv_import_begin(&im, repo, import, stats, err);
	if (!rc)
		rc = dir ? import_folder(&d, dir, err) : mv_nomem(err);
	if (!rc)
		rc = mv_import_end(&im, err);
	dvc_release(&d);
	mv_import_release(&im);
	free(dir);
	return rc;
}
