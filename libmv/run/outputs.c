/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/words.h"
#include "libmv/evidence/evidence.h"
#include "libmv/git/files.h"
#include "libmv/meta/record.h"
#include "libmv/run/job.h"
#include "libmv/subject/subject.h"
#include "libmv/work/work.h"

/* What the command wrote: found, tracked, staged, and what it is then. */
#define ARGS_MAX ((size_t)512 << 10)	/* of one command line */

/* One --out: was it written? */
static int add_named(struct mv_job *job, int named, struct mv_err *err)
{
	const char *name = job->options->outputs[named];
	char *path = mv_repo_path_to_top(job->repo, name);
	int exists = 0, changed = 0, directory, rc = 0;

	if (!path)
		return mv_nomem(err);
	directory = mv_run_job_is_folder(job, path);
	for (size_t i = 0; i < job->watch.count; i++) {
		const struct mv_watched *f = &job->watch.v[i];

		if (f->named != named)
			continue;
		exists |= f->is;
		changed |= mv_run_watch_changed(f);
	}
	if (exists && changed)
		rc = mv_run_job_add_output(job, path, directory, err);
	else
		mv_repo_warn(job->repo, exists ?
			     "output '%s' was not written by the command" :
			     "output '%s' is not there", name);
	free(path);
	return rc;
}

int mv_run_job_find_outputs(struct mv_job *job, struct mv_err *err)
{
	const char *const *named = job->options->outputs;
	int rc = 0;

	for (int i = 0; !rc && named && named[i]; i++)
		rc = add_named(job, i, err);
	if (named && *named)
		return rc;
	for (size_t i = 0; !rc && i < job->watch.count; i++) {
		const struct mv_watched *f = &job->watch.v[i];

		if (f->roles & MV_WATCH_OUTPUT && f->is &&
		    mv_run_watch_changed(f))
			rc = mv_run_job_add_output(job, f->path, 0, err);
	}
	return rc;
}

/* What is to be added, and whose it is. */
struct adding {
	const struct mv_job *job;
	const char **paths;	/* into the watch */
	const char **foreign;
	size_t count, foreign_count;
};

static int note_filter(void *payload, size_t i, const char *filter,
		       struct mv_err *err)
{
	struct adding *a = payload;

	(void)err;
	if (!*filter)
		a->foreign[a->foreign_count++] = a->paths[i];
	return 0;
}

static int is_in(const struct mv_output *o, const char *path)
{
	size_t n = strlen(o->path);

	return !strncmp(path, o->path, n) &&
	       path[n] == (o->is_directory ? '/' : '\0');
}

/* By a pattern in the .gitattributes of the folder where we were started. */
static int track_folder(struct mv_job *job, struct adding *a, const char *path,
			struct mv_err *err)
{
	const struct mv_run_hooks *hooks = &job->options->hooks;
	const char *prefix = job->repo->info->prefix;
	struct mv_buf pattern;
	int changed, rc;

	mv_buf_init(&pattern, 65536);
	rc = mv_buf_addch(&pattern, '/');
	for (const char *p = path + strlen(prefix); !rc && *p; p++) {
		if (strchr("*?[\\", *p))
			rc = mv_buf_addch(&pattern, '\\');
		if (!rc)
			rc = mv_buf_addch(&pattern, *p);
	}
	if (!rc)
		rc = mv_buf_addstr(&pattern, "/**");
	rc = rc ? mv_nomem(err) : mv_work_track(job->repo, pattern.data,
						&changed, err);
	if (!rc)
		mv_tell(hooks->tell, hooks->payload,
			"'%s' is tracked now (.gitattributes)", pattern.data);
	mv_buf_release(&pattern);
	if (!rc && !job->attributes)
		job->attributes = mv_strf("%s.gitattributes", prefix);
	if (!rc && !job->attributes)
		rc = mv_nomem(err);
	if (!rc)
		a->paths[a->count++] = job->attributes;
	return rc;
}

/* These of one output are not to be tracked by themselves. */
static size_t take_out(struct adding *a, const struct mv_output *o,
		       int from_add)
{
	size_t n = 0;

	for (size_t j = 0; j < a->foreign_count; j++) {
		if (!a->foreign[j] || !is_in(o, a->foreign[j]))
			continue;
		for (size_t k = 0; from_add && k < a->count; k++)
			if (a->paths[k] == a->foreign[j])
				a->paths[k] = NULL;
		a->foreign[j] = NULL;
		n++;
	}
	return n;
}

/*
 * Outputs are content, so what no attribute gives to us is tracked: a folder
 * by a pattern, files by a line each. Of a folder that has some of ours, the
 * rest was left out on purpose; git would take it as it is, so it is not
 * added.
 */
static int track_outputs(struct mv_job *job, struct adding *a,
			 struct mv_err *err)
{
	const struct mv_run_hooks *hooks = &job->options->hooks;
	const char *prefix = job->repo->info->prefix;
	size_t kept = 0, changed, left = 0;
	int rc = 0;

	for (size_t i = 0; !rc && i < job->output_count; i++) {
		const struct mv_output *o = &job->outputs[i];
		size_t all = 0, foreign = 0;

		if (!o->is_directory)
			continue;
		for (size_t j = 0; j < a->count; j++)
			all += a->paths[j] && is_in(o, a->paths[j]);
		for (size_t j = 0; j < a->foreign_count; j++)
			foreign += a->foreign[j] && is_in(o, a->foreign[j]);
		if (!foreign)
			continue;
		if (foreign < all)
			left += take_out(a, o, 1);
		else if (!strncmp(o->path, prefix, strlen(prefix)) &&
			 take_out(a, o, 0))
			rc = track_folder(job, a, o->path, err);
	}
	if (left)
		mv_repo_warn(job->repo, "%zu files in output folders are not "
			     "tracked; `git model track` or `git add` takes "
			     "them", left);
	for (size_t j = 0; j < a->foreign_count; j++)
		if (a->foreign[j])
			a->foreign[kept++] = a->foreign[j];
	if (rc || !kept)
		return rc;
	rc = mv_work_track_paths(job->repo, a->foreign, kept, &changed, err);
	if (!rc)
		mv_tell(hooks->tell, hooks->payload, kept == 1 ?
			"%zu output is tracked now (.gitattributes)" :
			"%zu outputs are tracked now (.gitattributes)", kept);
	if (!rc && changed)
		a->paths[a->count++] = ".gitattributes";
	return rc;
}

/* Names are anybody's: no path is a pattern. But git is asked about each
   pathspec with magic by itself, so most have none. */
static char *pathspec(const struct mv_job *job, const char *path)
{
	char *plain = mv_run_path_from(job->repo->info->prefix, path);

	if (!plain || (*plain != ':' && !plain[strcspn(plain, "*?[\\")]))
		return plain;
	free(plain);
	return mv_strf(":(top,literal)%s", path);
}

/* As many as fit on a command line; *next is behind them. */
static int stage_some(struct mv_job *job, const struct adding *a, size_t *next,
		      struct mv_err *err)
{
	const struct mv_add_options options = { .flags = MV_ADD_FORCE };
	char **specs = calloc(a->count + 1, sizeof(*specs));
	struct mv_add_stats stats;
	size_t n = 0, bytes = 0;
	int rc = specs ? 0 : mv_nomem(err);

	for (; !rc && *next < a->count && bytes < ARGS_MAX; ++*next) {
		if (!a->paths[*next])
			continue;
		specs[n] = pathspec(job, a->paths[*next]);
		if (!specs[n])
			rc = mv_nomem(err);
		else
			bytes += strlen(specs[n++]) + sizeof(*specs) + 1;
	}
	if (!rc && n)
		rc = mv_work_add(job->repo, (const char *const *)specs,
				 &options, &stats, err);
	mv_run_strings_free(specs);
	return rc;
}

static int stage(struct mv_job *job, const struct adding *a, struct mv_err *err)
{
	size_t next = 0;
	int rc = 0;

	while (!rc && next < a->count)
		rc = stage_some(job, a, &next, err);
	return rc;
}

int mv_run_job_add_outputs(struct mv_job *job, struct mv_err *err)
{
	struct adding a = { .job = job };
	size_t most = job->watch.count + job->output_count + 2;
	int rc = 0;

	a.paths = calloc(most, sizeof(*a.paths));
	a.foreign = calloc(most, sizeof(*a.foreign));
	if (!a.paths || !a.foreign)
		rc = mv_nomem(err);
	for (size_t i = 0; !rc && i < job->watch.count; i++)
		for (size_t j = 0; j < job->output_count; j++)
			if (job->watch.v[i].is &&
			    is_in(&job->outputs[j], job->watch.v[i].path)) {
				a.paths[a.count++] = job->watch.v[i].path;
				break;
			}
	if (!rc && a.count)
		rc = mv_git_filters(job->repo->git, a.paths, a.count,
				    note_filter, &a, err);
	if (!rc)
		rc = track_outputs(job, &a, err);
	if (!rc && a.count)
		rc = stage(job, &a, err);
	free(a.paths);
	free(a.foreign);
	return rc;
}

static int by_subject(const void *a, const void *b)
{
	return strcmp(((const struct mv_subject *)a)->path,
		      ((const struct mv_subject *)b)->path);
}

/* Files among the outputs from *next on, with one question for many. */
static int resolve_some(struct mv_job *job, size_t *next, struct mv_err *err)
{
	size_t first = *next, n = 0, bytes = 0, count = 0;
	char **specs = calloc(job->output_count + 1, sizeof(*specs));
	struct mv_subject *found = NULL, key = { 0 }, *hit;
	int rc = specs ? 0 : mv_nomem(err);

	for (; !rc && *next < job->output_count && bytes < ARGS_MAX;
	     ++*next) {
		const struct mv_output *o = &job->outputs[*next];

		if (o->is_directory)
			continue;
		specs[n] = mv_strf(":(top,literal)%s", o->path);
		if (!specs[n])
			rc = mv_nomem(err);
		else
			bytes += strlen(specs[n++]) + sizeof(*specs) + 1;
	}
	if (!rc && n)
		rc = mv_subject_list(&found, &count, job->repo,
				     (const char *const *)specs, 0, err);
	if (!rc && count)
		qsort(found, count, sizeof(*found), by_subject);
	for (size_t i = first; !rc && count && i < *next; i++) {
		key.path = job->outputs[i].path;
		hit = bsearch(&key, found, count, sizeof(*found), by_subject);
		if (!hit || job->outputs[i].is_directory)
			continue;
		job->outputs[i].subject = *hit;
		memset(hit, 0, sizeof(*hit));
		/* It stays findable for others. */
		hit->path = strdup(key.path);
		if (!hit->path)
			rc = mv_nomem(err);
	}
	mv_subject_list_release(found, count);
	mv_run_strings_free(specs);
	return rc;
}

/* Those that are not found so get their own answer why. */
static int resolve_many(struct mv_job *job, struct mv_err *err)
{
	size_t next = 0;
	int rc = 0;

	while (!rc && next < job->output_count)
		rc = resolve_some(job, &next, err);
	return rc;
}

/* What they are now; those that there can be no record on are left out. */
int mv_run_job_resolve_outputs(struct mv_job *job, struct mv_err *err)
{
	size_t kept = 0;
	int rc = resolve_many(job, err);

	for (size_t i = 0; i < job->output_count; i++) {
		struct mv_output *o = &job->outputs[i];
		struct mv_ref ref = { .role = NULL, .has_oid = 1 };
		struct mv_err local;

		if (!rc && !o->subject.path &&
		    mv_subject_find_at(&o->subject, job->repo, NULL, o->path,
				       &local))
			mv_repo_warn(job->repo, "nothing is recorded on '%s': "
				     "%s", o->path, local.msg);
		else if (!rc && !o->subject.pointer.size)
			mv_repo_warn(job->repo, "output '%s' is empty; nothing "
				     "is recorded on it", o->path);
		else if (!rc) {
			ref.path = o->path;
			ref.oid = o->subject.pointer.oid;
			ref.size = o->subject.pointer.size;
			rc = mv_refs_add(&job->record.run.outputs, &ref, err);
			job->outputs[kept++] = *o;
			continue;
		}
		mv_subject_release(&o->subject);
		free(o->path);
	}
	job->output_count = kept;
	return rc;
}
