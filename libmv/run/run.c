/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/words.h"
#include "libmv/evidence/evidence.h"
#include "libmv/git/git.h"
#include "libmv/meta/curves.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/record.h"
#include "libmv/run/job.h"
#include "libmv/run/priv.h"
#include "libmv/subject/subject.h"
#include "libmv/work/work.h"

/*
 * A run is looked at from outside: what stands there before it, what it does
 * to files, how it ends. What is asked of the repository before (commit,
 * uncommitted changes, inputs) is what the command got to see; afterwards
 * its outputs are stored and staged, and every one of them gets a record.
 * A file that cannot be read afterwards costs a warning, never the record:
 * the training may have taken days.
 */
#define FACTS_MAX ((off_t)10 << 20)	/* a larger file holds no params */
#define SHARED_OUTPUTS 64u	/* so many are listed in each one's record */

void mv_run_result_release(struct mv_run_result *r)
{
	mv_record_release(&r->record);
	memset(r, 0, sizeof(*r));
}

static void job_release(struct mv_job *job)
{
	for (size_t i = 0; i < job->before_count; i++) {
		free(job->before[i].path);
		mv_record_release(&job->before[i].facts);
	}
	free(job->before);
	for (size_t i = 0; i < job->output_count; i++) {
		free(job->outputs[i].path);
		mv_subject_release(&job->outputs[i].subject);
	}
	free(job->outputs);
	free(job->attributes);
	mv_curves_release(&job->curves);
	mv_record_release(&job->record);
	mv_run_watch_release(&job->watch);
}

static char *typed(const struct mv_job *job, const char *path)
{
	return mv_run_path_from(job->repo->info->prefix, path);
}

/* -- before --------------------------------------------------------------- */

static int check_outputs(const struct mv_job *job, struct mv_err *err)
{
	const char *const *out = job->options->outputs;
	int rc = 0;

	for (; !rc && out && *out; out++) {
		char *path = mv_repo_path_to_top(job->repo, *out);

		if (!path)
			return mv_nomem(err);
		if (!*path)
			rc = mv_fail(err, MV_EINVALID, "'%s' is the whole work "
				     "tree; name what the command writes",
				     *out);
		else if (*path == '/')
			rc = mv_fail(err, MV_EINVALID, "output '%s' is outside "
				     "of the work tree '%s'", *out,
				     job->repo->info->work_tree);
		free(path);
	}
	return rc;
}

/* Facts of a file into an empty record. */
static int read_facts(struct mv_job *job, struct mv_record *into,
		      const char *path, int metrics, struct mv_err *err)
{
	char *name = typed(job, path);
	size_t skipped = 0;
	int rc = name ? mv_evidence_read_facts(into, &job->curves, name,
					       metrics,
					       &skipped, err) : mv_nomem(err);

	job->skipped += skipped;
	free(name);
	return rc;
}

static int run_remember(struct mv_job *job, const struct mv_watched *f,
			struct mv_err *err)
{
	struct mv_job_before *b = &job->before[job->before_count];
	struct mv_err local;
	int rc;

	memset(b, 0, sizeof(*b));
	rc = read_facts(job, &b->facts, f->path, 0, &local);
	if (rc) {
		mv_record_release(&b->facts);
		if (f->roles & MV_WATCH_GIVEN)
			return mv_fail(err, local.code, "%s", local.msg);
		mv_repo_warn(job->repo, "params are not recorded: %s",
			     local.msg);
		return 0;
	}
	b->path = strdup(f->path);
	if (!b->path) {
		mv_record_release(&b->facts);
		return mv_nomem(err);
	}
	job->before_count++;
	return 0;
}

static int counts_unchanged(const struct mv_watched *f)
{
	return f->roles & MV_WATCH_PARAMS &&
	       f->roles & (MV_WATCH_GIVEN | MV_WATCH_NEAR);
}

/* A file that is broken is said so now, not after days. */
static int read_params(struct mv_job *job, struct mv_err *err)
{
	int rc = 0;

	job->before = calloc(job->watch.count + 1, sizeof(*job->before));
	if (!job->before)
		return mv_nomem(err);
	for (size_t i = 0; !rc && i < job->watch.count; i++) {
		const struct mv_watched *f = &job->watch.v[i];

		if (!counts_unchanged(f))
			continue;
		if (!f->was && f->roles & MV_WATCH_GIVEN)
			rc = mv_fail(err, MV_ENOENT, "there is no params file "
				     "'%s'", f->path);
		else if (f->roles & MV_WATCH_GIVEN ||
			 f->before.st_size <= FACTS_MAX)
			rc = run_remember(job, f, err);
	}
	return rc;
}

static int add_input(struct mv_job *job, const char *spec, struct mv_err *err)
{
	struct mv_ref ref = { 0 };
	char *path = mv_repo_path_to_top(job->repo, spec);
	char *full = path ? mv_run_job_full_path(job, path) : NULL;
	char *said;
	int rc;

	if (!full) {
		free(path);
		return mv_nomem(err);
	}
	rc = mv_evidence_ref(&ref, job->repo, &job->record, "", NULL, spec,
			     err);
	if (!rc) {
		said = ref.path;
		if (!access(full, F_OK))
			ref.path = path;	/* from the top */
		rc = mv_refs_add(&job->record.run.inputs, &ref, err);
		ref.path = said;
	}
	mv_evidence_ref_release(&ref);
	free(full);
	free(path);
	return rc;
}

static int describe_run(struct mv_job *job, struct mv_err *err)
{
	struct mv_execution *run = &job->record.run;
	const char *prefix = job->repo->info->prefix;
	size_t len = strlen(prefix);
	char id[17];
	int rc = mv_record_id(id, err);

	if (rc)
		return rc;
	run->id = strdup(id);
	run->command = mv_run_mask_command(job->options->command);
	run->cwd = strndup(prefix, len ? len - 1 : 0);
	if (job->options->name)
		run->name = strdup(job->options->name);
	return run->id && run->command && run->cwd &&
	       (run->name || !job->options->name) ? 0 : mv_nomem(err);
}

/* What the repository says before the command can change it. */
/* Asked before, as all that it sees: what will be measured on it. */
static int add_eval(struct mv_job *job, const char *spec, struct mv_err *err)
{
	struct mv_ref ref;
	int rc = mv_evidence_ref(&ref, job->repo, &job->record, "eval", NULL,
				 spec,
				 err);

	if (rc) {
		mv_err_prefix(err, "'--eval-data'");
		return rc;
	}
	rc = mv_refs_add(&job->record.data, &ref, err);
	mv_evidence_ref_release(&ref);
	return rc;
}

static int look_before(struct mv_job *job, struct mv_err *err)
{
	const char *const *eval = job->options->eval_data;
	const char *const *in = job->options->inputs;
	struct mv_subject nobody = { 0 };
	int rc;

	rc = check_outputs(job, err);
	if (!rc)
		rc = mv_evidence_record_begin(&job->record, job->repo, &nobody,
					      job->options->hooks.now(), err);
	if (!rc)
		rc = describe_run(job, err);
	for (; !rc && in && *in; in++)
		rc = add_input(job, *in, err);
	for (; !rc && eval && *eval; eval++)
		rc = add_eval(job, *eval, err);
	if (!rc)
		rc = mv_run_watch_begin(&job->watch, job->repo, job->options,
					err);
	return rc ? rc : read_params(job, err);
}

/* -- the command ---------------------------------------------------------- */

int mv_run_start(struct mv_execution *run, const char *const *argv,
		 const char *dir, const struct mv_proc_env *env,
		 const struct mv_run_hooks *hooks, struct mv_err *err)
{
	int64_t began = hooks->now();
	int rc;

	if (hooks->running)
		hooks->running(hooks->payload, 1);
	rc = mv_proc_pass(&run->exit_code, &run->peak_bytes, argv, dir, env,
			  hooks->stdout_to_stderr ? MV_PROC_TO_STDERR : 0,
			  err);
	if (hooks->running)
		hooks->running(hooks->payload, 0);
	run->started_ms = began;
	run->duration_ms = hooks->now() - began;
	if (run->duration_ms < 0)	/* somebody set the clock */
		run->duration_ms = 0;
	return rc;
}

/* -- files of params and metrics ------------------------------------------ */

static int add_file_ref(struct mv_job *job, const char *path, const char *role,
			struct mv_err *err)
{
	struct mv_ref ref = { .size = UINT64_MAX };
	char *full = mv_run_job_full_path(job, path);
	int rc;

	ref.role = (char *)(uintptr_t)role;
	ref.path = (char *)(uintptr_t)path;
	if (!full)
		return mv_nomem(err);
	rc = mv_run_ref_of_file(&ref, full, NULL);
	free(full);
	return rc ? 0 : mv_refs_add(&job->record.run.files, &ref, err);
}

static int take_facts(struct mv_facts *to, const struct mv_facts *from,
		      struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < from->count; i++)
		rc = mv_facts_set(to, from->v[i].key, &from->v[i].value, 0,
				  err);
	return rc;
}

static struct mv_job_before *find_before(struct mv_job *job, const char *path)
{
	for (size_t i = 0; i < job->before_count; i++)
		if (!strcmp(job->before[i].path, path))
			return &job->before[i];
	return NULL;
}

static int add_params(struct mv_job *job, const struct mv_watched *f,
		      struct mv_err *err)
{
	struct mv_job_before *b = find_before(job, f->path);
	struct mv_record now = { 0 };
	struct mv_err local;
	int changed = mv_run_watch_changed(f) && f->is, rc = 0;

	if (!changed && !b)
		return 0;
	if (changed && b)
		mv_repo_warn(job->repo, "'%s' changed while the command ran; "
			     "it is recorded as it is now", f->path);
	if (changed && f->after.st_size <= FACTS_MAX &&
	    read_facts(job, &now, f->path, 0, &local)) {
		mv_repo_warn(job->repo, "%s", local.msg);
		changed = 0;
	}
	if (changed || b)
		rc = take_facts(&job->record.params,
				changed ? &now.params : &b->facts.params, err);
	if (!rc && f->is)
		rc = add_file_ref(job, f->path, "params", err);
	mv_record_release(&now);
	return rc;
}

/* One file, or the DVCLive folder that it is in, which is read once. */
static int add_metrics(struct mv_job *job, const struct mv_watched *f,
		       char **live, struct mv_err *err)
{
	char *folder = f->roles & MV_WATCH_GIVEN ? NULL :
						    mv_run_live_folder(f->path);
	struct mv_record now = { 0 };
	struct mv_err local;
	int rc = 0;

	if (folder && *live && !strcmp(*live, folder)) {
		free(folder);
		return add_file_ref(job, f->path, "metrics", err);
	}
	if (read_facts(job, &now, folder ? folder : f->path, 1, &local))
		mv_repo_warn(job->repo, "metrics are not recorded: %s",
			     local.msg);
	else
		rc = take_facts(&job->record.metrics, &now.metrics, err);
	/* A DVCLive folder has params, too. */
	if (!rc)
		rc = take_facts(&job->record.params, &now.params, err);
	if (!rc && f->is)
		rc = add_file_ref(job, f->path, "metrics", err);
	mv_record_release(&now);
	if (folder) {
		free(*live);
		*live = folder;
	}
	return rc;
}

static int is_measured(const struct mv_job *job, const struct mv_watched *f)
{
	int given = f->roles & MV_WATCH_GIVEN;

	if (!(f->roles & MV_WATCH_METRICS))
		return 0;
	if (f->is && mv_run_watch_changed(f))
		return given || f->after.st_size <= FACTS_MAX;
	if (given && mv_run_job_is_folder(job, f->path))
		return 1;
	if (given)
		mv_repo_warn(job->repo, "metrics file '%s' was not written by "
			     "the command; it is not recorded", f->path);
	return 0;
}

/* Files that a person named last: what they say counts. */
static int collect_facts(struct mv_job *job, struct mv_err *err)
{
	char *live = NULL;
	int rc = 0;

	for (int given = 0; given < 2; given++)
		for (size_t i = 0; !rc && i < job->watch.count; i++) {
			const struct mv_watched *f = &job->watch.v[i];

			if (!!(f->roles & MV_WATCH_GIVEN) != given)
				continue;
			if (f->roles & MV_WATCH_PARAMS)
				rc = add_params(job, f, err);
			if (!rc && is_measured(job, f))
				rc = add_metrics(job, f, &live, err);
		}
	free(live);
	if (job->watch.ignored)
		mv_repo_warn(job->repo, "%zu more files look like params or "
			     "metrics; name those that count with "
			     "--params-file and --metrics-file",
			     job->watch.ignored);
	return rc;
}

static int attach_curves(struct mv_job *job, struct mv_err *err)
{
	mv_curves_sort(&job->curves);
	return job->curves.count ?
	       mv_evidence_attach_curves(job->repo, &job->record, &job->curves,
					 err) : 0;
}

/* -- outputs -------------------------------------------------------------- */

/* Nothing came out: then it is something about what went in. */
static int resolve_inputs(struct mv_job *job, struct mv_err *err)
{
	const struct mv_refs *in = &job->record.run.inputs;
	int rc = 0;

	for (size_t i = 0; !rc && i < in->count; i++) {
		struct mv_output *o;

		if (!in->v[i].path)
			continue;
		rc = mv_run_job_add_output(job, in->v[i].path, 0, err);
		if (rc)
			break;
		o = &job->outputs[job->output_count - 1];
		if (!mv_subject_find_at(&o->subject, job->repo, NULL, o->path,
					NULL) &&
		    mv_oid_eq(&o->subject.pointer.oid, &in->v[i].oid) &&
		    o->subject.pointer.size)
			continue;
		mv_subject_release(&o->subject);
		free(o->path);
		job->output_count--;
	}
	return rc;
}

/* -- recording ------------------------------------------------------------ */

/* Most of it is the same for all records, shared, and belongs to the job;
   each has its own manifest attached. */
static int share(struct mv_record *to, const struct mv_job *job, size_t i,
		 struct mv_err *err)
{
	const struct mv_record *common = &job->record;
	int rc = 0;

	for (size_t j = 0; !rc && j < common->attached.count; j++)
		rc = mv_refs_add(&to->attached, &common->attached.v[j], err);
	for (size_t j = 0; !rc && j < common->data.count; j++)
		rc = mv_refs_add(&to->data, &common->data.v[j], err);
	free(to->kind);
	free(to->commit);
	free(to->dirty);
	to->kind = common->kind;
	to->commit = common->commit;
	to->dirty = common->dirty;
	to->params = common->params;
	to->metrics = common->metrics;
	to->environment = common->environment;
	to->run = common->run;
	if (common->run.outputs.count > SHARED_OUTPUTS) {
		to->run.outputs.v = common->run.outputs.v + i;
		to->run.outputs.count = 1;
	}
	return rc;
}

static void take_back(struct mv_record *r)
{
	const struct mv_facts none = MV_FACTS_INIT;

	r->kind = r->commit = r->dirty = NULL;
	r->params = r->metrics = r->environment = none;
	memset(&r->run, 0, sizeof(r->run));
}

static char *message_of(const struct mv_execution *run)
{
	struct mv_buf text;
	char *out;
	int rc = 0;

	mv_buf_init(&text, MV_RECORD_MAX);
	if (run->name)
		rc = mv_buf_add_safe(&text, run->name, strlen(run->name));
	for (size_t i = 0; !rc && !run->name && run->command[i] &&
	     text.len < 60; i++)
		rc = mv_buf_addstr(&text, i ? " " : "") ||
		     mv_buf_add_safe(&text, run->command[i],
				     strlen(run->command[i]));
	out = rc ? NULL : mv_strf("run: %.200s", text.data);
	mv_buf_release(&text);
	return out;
}

static int record_all(struct mv_job *job, struct mv_run_result *out,
		      struct mv_err *err)
{
	size_t n = job->output_count, begun = 0;
	int64_t now = job->options->hooks.now();
	struct mv_record *records = calloc(n + 1, sizeof(*records));
	struct mv_subject *subjects = calloc(n + 1, sizeof(*subjects));
	char *message = message_of(&job->record.run);
	int rc = records && subjects && message ? 0 : mv_nomem(err);

	for (; !rc && begun < n; begun++) {
		subjects[begun] = job->outputs[begun].subject;	/* borrowed */
		rc = mv_evidence_record_begin(&records[begun], job->repo,
					      &subjects[begun], now, err);
		if (rc)
			break;
		rc = share(&records[begun], job, begun, err);
	}
	if (!rc)
		rc = mv_evidence_record(job->repo, subjects, records, n,
					message,
					err);
	if (!rc) {	/* the first leaves with what was shared */
		out->recorded = n;
		out->record = records[0];
		out->record.run.outputs = job->record.run.outputs;
		take_back(&job->record);
	}
	for (size_t i = 0; i < begun; i++) {
		take_back(&records[i]);
		if (rc || i)
			mv_record_release(&records[i]);
	}
	free(records);
	free(subjects);
	free(message);
	return rc;
}

static int look_after(struct mv_job *job, struct mv_probe *probe,
		      struct mv_err *err)
{
	int rc;

	rc = mv_run_watch_end(&job->watch, job->repo, job->options, err);
	if (!rc)
		rc = collect_facts(job, err);
	if (!rc)
		rc = attach_curves(job, err);
	if (!rc && probe->begun)
		rc = mv_run_probe_end(probe, job->repo, &job->record, err);
	if (!rc)
		rc = mv_run_job_find_outputs(job, err);
	if (!rc && job->output_count)
		rc = mv_run_job_add_outputs(job, err);
	if (!rc)
		rc = mv_run_job_resolve_outputs(job, err);
	if (!rc && !job->output_count)
		rc = resolve_inputs(job, err);
	return rc;
}

static int set_kind(struct mv_record *r, struct mv_err *err)
{
	free(r->kind);
	r->kind = strdup("run");
	return r->kind ? 0 : mv_nomem(err);
}

int mv_run_execute(struct mv_run_result *out, struct mv_repo *repo,
		   const struct mv_run_options *options, struct mv_err *err)
{
	struct mv_job job = { .repo = repo, .options = options };
	struct mv_probe probe = { .begun = 0 };
	int rc;

	memset(out, 0, sizeof(*out));
	if (!options->command || !options->command[0])
		return mv_fail(err, MV_EINVALID, "there is no command to run");
	rc = look_before(&job, err);
	if (!rc)
		rc = set_kind(&job.record, err);
	if (!rc && !options->no_environment)
		mv_run_probe_begin(&probe, repo);
	mv_git_rest(repo->git);
	if (!rc)
		rc = mv_run_start(&job.record.run, options->command, NULL,
				  &repo->env, &options->hooks, err);
	if (rc)
		goto out;
	out->exit_code = job.record.run.exit_code;
	rc = look_after(&job, &probe, err);
	if (!rc && job.output_count)
		rc = record_all(&job, out, err);
	else if (!rc)
		mv_repo_warn(repo, "nothing is recorded, because the command "
			     "wrote nothing that is tracked; name what it "
			     "writes with --out, or what it reads with --in");
out:
	mv_run_probe_drop(&probe);
	job_release(&job);
	return rc;
}
