/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cmd/evidence.h"
#include "cmd/out.h"
#include "libmv/base/json.h"
#include "libmv/base/time.h"
#include "libmv/evidence/evidence.h"
#include "libmv/meta/curves.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/project.h"
#include "libmv/meta/record.h"
#include "libmv/subject/subject.h"

void evidence_release(struct evidence *e)
{
	opt_list_release(&e->params);
	opt_list_release(&e->metrics);
	opt_list_release(&e->tags);
	opt_list_release(&e->params_files);
	opt_list_release(&e->metrics_files);
	opt_list_release(&e->curves);
	opt_list_release(&e->data);
	mv_record_release(&e->facts);
}

int evidence_given(const struct evidence *e)
{
	return e->params.count || e->metrics.count || e->tags.count ||
	       e->params_files.count || e->metrics_files.count ||
	       e->curves.count || e->data.count;
}

/* -- reading -------------------------------------------------------------- */

/* Which of two values was meant, nobody can tell. */
static int refuse_twice(const struct opt_list *args, size_t at,
			struct mv_err *err)
{
	const char *arg = args->v[at];
	size_t len = strcspn(arg, "=");

	for (size_t i = 0; i < at; i++)
		if (strcspn(args->v[i], "=") == len &&
		    !memcmp(args->v[i], arg, len))
			return mv_fail(err, MV_EINVALID, "'%.*s' is given "
				       "twice: '%.100s' and '%.100s'",
				       (int)(len > 200 ? 200 : len), arg,
				       args->v[i], arg);
	return 0;
}

static int read_args(struct mv_facts *facts, const struct opt_list *args,
		     const char *option, struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < args->count; i++) {
		rc = refuse_twice(args, i, err);
		if (!rc)
			rc = mv_facts_set_arg(facts, args->v[i], err);
		if (rc)
			mv_err_prefix(err, "'--%s'", option);
	}
	return rc;
}

/* For curves alone: their last values are nobody's metrics. */
static int read_curves(struct mv_curves *curves, const char *path,
		       size_t *skipped, struct mv_err *err)
{
	struct mv_record none = { .t = NULL };
	size_t before = curves->count;
	int rc = mv_evidence_read_facts(&none, curves, path, 1, skipped, err);

	if (!rc && curves->count == before && !before)
		rc = mv_fail(err, MV_EINVALID, "'%s' has no metrics by step",
			     path);
	mv_record_release(&none);
	return rc;
}

/* Files first: what is typed has the last word. */
static int read_files(struct evidence *e, struct mv_curves *curves,
		      struct mv_err *err)
{
	size_t skipped = 0;
	int rc = 0;

	for (size_t i = 0; !rc && i < e->params_files.count; i++)
		rc = mv_evidence_read_facts(&e->facts, curves,
					    e->params_files.v[i], 0, &skipped,
					    err);
	for (size_t i = 0; !rc && i < e->metrics_files.count; i++)
		rc = mv_evidence_read_facts(&e->facts, curves,
					    e->metrics_files.v[i], 1, &skipped,
					    err);
	for (size_t i = 0; !rc && i < e->curves.count; i++)
		rc = read_curves(curves, e->curves.v[i], &skipped, err);
	if (!rc && curves->restarts)
		out_warn("the steps begin anew %zu time%s: what an abandoned "
			 "run measured from there on is left out",
			 curves->restarts, curves->restarts == 1 ? "" : "s");
	if (!rc && skipped)
		out_warn("%zu value%s in those files cannot be metrics and %s "
			 "left out", skipped, skipped == 1 ? "" : "s",
			 skipped == 1 ? "was" : "were");
	return rc;
}

/* --dataset names what comes after it; one that nothing comes after names
   what came before and has no name. */
static const char *dataset_of(const struct opt_list *data, size_t i)
{
	const char *name = NULL;
	size_t last = data->count;

	for (size_t at = 0; at < i; at++)
		if (!strcmp(data->by[at], "dataset"))
			name = data->v[at];
	if (name)
		return name;
	while (last && strcmp(data->by[last - 1], "dataset"))
		last--;
	return last && last == data->count ? data->v[last - 1] : NULL;
}

static int read_data(struct evidence *e, struct mv_repo *repo, int dry_run,
		     struct mv_err *err)
{
	size_t named = 0;
	int rc = 0;

	for (size_t i = 0; !rc && i < e->data.count; i++) {
		const char *by = e->data.by[i];
		struct mv_ref ref;

		if (!strcmp(by, "dataset"))
			continue;
		named++;
		rc = mv_evidence_ref(&ref, repo, dry_run ? NULL : &e->facts,
				     strcmp(by, "eval-data") ? "" : "eval",
				     dataset_of(&e->data,
						i), e->data.v[i], err);
		if (rc) {
			mv_err_prefix(err, "'--%s'", by);
			break;
		}
		rc = mv_refs_add(&e->facts.data, &ref, err);
		mv_evidence_ref_release(&ref);
	}
	if (!rc && e->data.count && !named)
		rc = mv_fail(err, MV_EINVALID, "'--dataset' names data, and "
			     "there are none: use --data or --eval-data");
	return rc;
}

static int is_empty(const struct mv_record *r)
{
	return !r->params.count && !r->metrics.count && !r->tags.count &&
	       !r->data.count;
}

/* Text has no size: it cannot be compared, judged or drawn. */
static void warn_of_text(const struct mv_facts *metrics)
{
	for (size_t i = 0; i < metrics->count; i++) {
		const struct mv_value *v = &metrics->v[i].value;

		if (v->type == MV_VALUE_STRING)
			out_warn("the metric '%s' is text, \"%s\", and no "
				 "number%s", metrics->v[i].key, v->text,
				 strchr(v->text, ',') ? "; numbers have a "
				 "decimal point" : "");
	}
}

/* What the team says of metrics is needed to record them, later. */
static int read_team(struct mv_repo *repo, struct mv_err *err)
{
	struct mv_project project = { 0 };
	int rc = mv_subject_project(&project, repo, NULL, err);

	mv_project_release(&project);
	return rc;
}

int evidence_read(struct evidence *e, struct mv_repo *repo, int dry_run,
		  struct mv_err *err)
{
	struct mv_curves curves = { .count = 0 };
	int rc;

	if (e->artifact && !mv_artifact_name_ok(e->artifact))
		return mv_fail(err, MV_EINVALID, "'%s' cannot be the name of "
			       "an artifact", e->artifact);
	rc = read_team(repo, err);
	if (!rc)
		rc = read_files(e, &curves, err);
	if (!rc)
		rc = read_args(&e->facts.params, &e->params, "param", err);
	if (!rc)
		rc = read_args(&e->facts.metrics, &e->metrics, "metric", err);
	if (!rc)
		warn_of_text(&e->facts.metrics);
	if (!rc)
		rc = read_args(&e->facts.tags, &e->tags, "tag", err);
	if (!rc)
		rc = read_data(e, repo, dry_run, err);
	if (!rc && !curves.count && is_empty(&e->facts) &&
	    (e->params_files.count || e->metrics_files.count))
		rc = mv_fail(err, MV_EINVALID, "nothing to record is in '%s'",
			     e->metrics_files.count ? e->metrics_files.v[0] :
			     e->params_files.v[0]);
	mv_curves_sort(&curves);
	if (!rc && curves.count && !dry_run)
		rc = mv_evidence_attach_curves(repo, &e->facts, &curves, err);
	mv_curves_release(&curves);
	return rc;
}

/* -- recording ------------------------------------------------------------ */

static int copy_facts(struct mv_facts *to, const struct mv_facts *from,
		      struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < from->count; i++)
		rc = mv_facts_set(to, from->v[i].key, &from->v[i].value, 0,
				  err);
	return rc;
}

static int copy_refs(struct mv_refs *to, const struct mv_refs *from,
		     struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < from->count; i++)
		rc = mv_refs_add(to, &from->v[i], err);
	return rc;
}

static int make_record(struct mv_record *out, struct evidence *e,
		       struct mv_repo *repo, const struct mv_subject *subject,
		       int64_t now, struct mv_err *err)
{
	int rc = mv_evidence_record_begin(out, repo, subject, now, err);

	if (!rc && e->artifact) {
		free(out->artifact);
		out->artifact = strdup(e->artifact);
		out->for_path = 0;
		rc = out->artifact ? 0 : mv_nomem(err);
	}
	if (!rc)
		rc = copy_facts(&out->params, &e->facts.params, err);
	if (!rc)
		rc = copy_facts(&out->metrics, &e->facts.metrics, err);
	if (!rc)
		rc = copy_facts(&out->tags, &e->facts.tags, err);
	if (!rc)
		rc = copy_refs(&out->data, &e->facts.data, err);
	if (!rc)
		rc = copy_refs(&out->attached, &e->facts.attached, err);
	return rc;
}

/* "3 params, 2 metrics" */
static void count_things(struct mv_buf *out, const struct mv_record *r)
{
	struct {
		size_t n;
		const char *one, *many;
	} things[] = {
		{ r->params.count, "param", "params" },
		{ r->metrics.count, "metric", "metrics" },
		{ r->tags.count, "tag", "tags" },
		{ r->data.count, "dataset", "datasets" },
		{ 0, "set of curves", "sets of curves" },
	};

	for (size_t i = 0; i < r->attached.count; i++)
		things[4].n += !strcmp(r->attached.v[i].role, "curves");
	for (size_t i = 0; i < sizeof(things) / sizeof(*things); i++)
		if (things[i].n)
			mv_buf_addf(out, "%s%zu %s", out->len ? ", " : "",
				    things[i].n, things[i].n == 1 ?
				    things[i].one : things[i].many);
}

static const char *name_of(const struct mv_subject *s)
{
	return s->path ? *s->path ? s->path : "." : s->spec;
}

static struct mv_json *describe(const struct mv_record *r,
				const struct mv_subject *s)
{
	struct mv_json *o = mv_json_object();
	char hex[MV_OID_HEX + 1];

	if (r->path)
		mv_json_set(o, "path", mv_json_str(r->path));
	if (r->artifact)
		mv_json_set(o, "artifact", mv_json_str(r->artifact));
	mv_json_set(o, "oid", mv_json_str(mv_oid_hex(hex, &r->content)));
	mv_json_set(o, "size", mv_json_int((int64_t)r->size));
	mv_json_set(o, "blob", mv_json_str(s->blob));
	mv_json_set(o, "id", mv_json_str(r->id));
	mv_json_set(o, "t", mv_json_str(r->t));
	mv_json_set(o, "params", mv_facts_to_json(&r->params));
	mv_json_set(o, "metrics", mv_facts_to_json(&r->metrics));
	mv_json_set(o, "tags", mv_facts_to_json(&r->tags));
	mv_json_set(o, "data", mv_json_int((int64_t)r->data.count));
	mv_json_set(o, "attached", mv_json_int((int64_t)r->attached.count));
	return o;
}

static void evidence_say(const struct mv_record *r, const struct mv_subject *s,
			 struct mv_json *list)
{
	char hex[MV_OID_HEX + 1];
	struct mv_buf what;

	if (list) {
		mv_json_push(list, describe(r, s));
		return;
	}
	mv_buf_init(&what, 256);
	count_things(&what, r);
	out_line("recorded %s on %s (sha256:%.8s)", what.data, name_of(s),
		 mv_oid_hex(hex, &r->content));
	mv_buf_release(&what);
}

/* The commit in the notes says in one line what it brings. */
static char *message_of(const struct mv_record *r, const struct mv_subject *s,
			size_t count)
{
	struct mv_buf text;
	char *message;

	mv_buf_init(&text, 4096);
	mv_buf_addstr(&text, "Record ");
	if (count == 1) {
		struct mv_buf what;

		mv_buf_init(&what, 256);
		count_things(&what, r);
		mv_buf_addf(&text, "%s on ", what.data);
		mv_buf_add_safe(&text, name_of(s), strlen(name_of(s)));
		mv_buf_release(&what);
	} else {
		mv_buf_addf(&text, "evidence on %zu content%s", count,
			    out_s(count));
	}
	message = mv_buf_detach(&text);
	mv_buf_release(&text);
	return message;
}

static int record_all(struct evidence *e, struct mv_repo *repo,
		      const struct mv_subject *subjects, size_t count,
		      struct mv_json *list, struct mv_err *err)
{
	struct mv_record *records = calloc(count, sizeof(*records));
	const int64_t now = mv_now_ms();
	char *message = NULL;
	int rc = records ? 0 : mv_nomem(err);

	for (size_t i = 0; !rc && i < count; i++)
		rc = make_record(&records[i], e, repo, &subjects[i], now, err);
	if (!rc) {
		message = message_of(records, subjects, count);
		rc = message ? mv_evidence_record(repo, subjects, records,
						  count,
						  message, err) : mv_nomem(err);
	}
	for (size_t i = 0; records && i < count; i++) {
		if (!rc)
			evidence_say(&records[i], &subjects[i], list);
		mv_record_release(&records[i]);
	}
	free(message);
	free(records);
	return rc;
}

int evidence_record(struct evidence *e, struct mv_repo *repo,
		    const struct mv_subject *subjects, size_t count,
		    struct mv_json *list, struct mv_err *err)
{
	struct mv_subject *some;
	size_t n = 0;
	int rc;

	if (!count)
		return mv_fail(err, MV_ENOENT, "there is nothing of git-model "
			       "to record on");
	some = calloc(count, sizeof(*some));
	if (!some)
		return mv_nomem(err);
	for (size_t i = 0; i < count; i++)
		if (subjects[i].pointer.size)
			some[n++] = subjects[i];	/* borrowed */
	/* Nothing but empty files: the library says why not. */
	if (!n)
		some[n++] = subjects[0];
	else if (n < count)
		out_warn("nothing is recorded on %zu empty file%s: they are "
			 "all the same content", count - n,
			 count - n == 1 ? "" : "s");
	rc = record_all(e, repo, some, n, list, err);
	free(some);
	return rc;
}
