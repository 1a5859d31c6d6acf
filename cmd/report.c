/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cmd/look.h"
#include "cmd/out.h"
#include "libmv/base/fs.h"
#include "libmv/base/json.h"
#include "libmv/base/time.h"
#include "libmv/look/look.h"
#include "libmv/report/ci.h"
#include "libmv/report/json.h"
#include "libmv/report/md.h"
#include "libmv/report/views.h"

static const char *const usage[] = {
	"git model report [<options>] --html <dir> [<base> [<head>]]",
	"git model report [<options>] [--format md] [<base> [<head>]]",
	NULL
};

static const char *const formats[] = { "none", "md", "json", NULL };

struct report {
	struct look look;
	const char *html, *marker, *output, *junit, *stage, *fail_on;
	int force, annotations, no_content, tensors;
	const char *base, *head;
	struct mv_comparison comparison;
	int compared;
	size_t pages;
};

/* To a file, or to standard output. */
static int report_put(const char *file, const struct mv_buf *text,
		      struct mv_err *err)
{
	if (file)
		return mv_write_file(file, text->data, text->len, 0644, 0,
				     err);
	out_bytes(text->data, text->len);
	return 0;
}

/* -- the comparison ------------------------------------------------------- */

/* Pages are worth having without one; what was asked for by name is not. */
static int report_compare(struct report *r, struct cmd_env *env,
			  struct mv_err *err)
{
	int only_pages = r->html && look_is(&r->look, "none") && !r->junit &&
			 !r->annotations && !r->fail_on;
	int rc = mv_look_compare(&r->comparison, env->repo, r->base, r->head,
				 r->stage, (r->no_content ? 0 : MV_COMPARE_CONTENT) |
				 (r->tensors ? MV_COMPARE_WEIGHTS : 0), err);

	r->compared = !rc;
	if ((rc == MV_ENOENT || rc == MV_EINVALID) && only_pages &&
	    !r->base && !r->stage) {
		out_note("without a comparison: %s", err->msg);
		return 0;
	}
	return rc;
}

/* -- what is written ------------------------------------------------------ */

static int write_pages(struct report *r, struct cmd_env *env,
		       struct mv_err *err)
{
	struct mv_report report;
	int rc = mv_look_report(&report, env->repo, r->compared ?
				&r->comparison : NULL, mv_now_ms(), err);

	if (rc)
		return rc;
	if (!look_records(&report.board))
		look_hint_notes(env);
	rc = mv_look_report_write(&r->pages, &report, r->html, r->force, err);
	mv_look_report_release(&report);
	return rc;
}

static int write_comment(struct report *r, struct cmd_env *env,
			 struct mv_err *err)
{
	struct mv_buf text;
	int rc = mv_look_compare_curves(&r->comparison, env->repo, err);

	mv_buf_init(&text, LOOK_MAX);
	if (!rc)
		rc = mv_comparison_md(&text, &r->comparison, r->marker,
				      MV_MARKDOWN_MAX, err);
	if (!rc)
		rc = report_put(r->output, &text, err);
	mv_buf_release(&text);
	return rc;
}

static int write_findings(const struct report *r, const char *file,
			  int (*print)(struct mv_buf *out,
				       const struct mv_comparison *c,
				       struct mv_err *err),
			  struct mv_err *err)
{
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, LOOK_MAX);
	rc = print(&text, &r->comparison, err);
	if (!rc)
		rc = report_put(file, &text, err);
	mv_buf_release(&text);
	return rc;
}

static int write_json(const struct report *r, struct mv_err *err)
{
	struct mv_json *o = mv_json_object(), *html;
	struct mv_buf text;
	int rc;

	if (r->html) {
		html = mv_json_object();
		mv_json_set(html, "directory", mv_json_str(r->html));
		mv_json_set(html, "pages", mv_json_int((int64_t)r->pages));
		mv_json_set(o, "html", html);
	}
	mv_json_set(o, "comparison", r->compared ?
		    mv_comparison_json(&r->comparison) : mv_json_null());
	mv_buf_init(&text, LOOK_MAX);
	rc = mv_json_print(&text, o, 2, err);
	if (!rc && mv_buf_addch(&text, '\n'))
		rc = mv_nomem(err);
	if (!rc)
		rc = report_put(r->output, &text, err);
	mv_buf_release(&text);
	mv_json_free(o);
	return rc;
}

static int write_all(struct report *r, struct cmd_env *env,
		     struct mv_err *err)
{
	int rc = report_compare(r, env, err);

	if (!rc && r->html)
		rc = write_pages(r, env, err);
	if (!rc && r->junit)
		rc = write_findings(r, r->junit, mv_comparison_junit, err);
	if (!rc && r->annotations)
		rc = write_findings(r, NULL, mv_comparison_annotations, err);
	if (!rc && look_is(&r->look, "md"))
		rc = write_comment(r, env, err);
	if (!rc && look_is(&r->look, "json"))
		rc = write_json(r, err);
	else if (!rc && r->html)
		out_note("%zu pages in %s", r->pages, r->html);
	return rc;
}

/* -- the command ---------------------------------------------------------- */

static int report_choose(struct report *r, struct cmd_env *env,
			 const struct opt *opts)
{
	int status;

	if (r->fail_on && strcmp(r->fail_on, "regression"))
		return opt_usage_error(opts, usage, "--fail-on is 'regression'"
				       ", not '%s'", r->fail_on);
	if (r->look.format && !strcmp(r->look.format, "none"))
		return opt_usage_error(opts, usage, "there is no format 'none' "
				       "here");
	/* A comment is what is asked for where nothing is. */
	if (!r->look.format && !r->look.json && !r->html && !r->junit &&
	    !r->annotations)
		r->look.format = "md";
	status = look_begin(&r->look, env, formats, opts, usage);
	if (status)
		return status;
	if (r->force && !r->html)
		return opt_usage_error(opts, usage, "--force is for --html");
	if (r->output && look_is(&r->look, "none"))
		return opt_usage_error(opts, usage, "--output is for "
				       "--format md and --json");
	if (r->annotations && !r->output && !look_is(&r->look, "none"))
		return opt_usage_error(opts, usage, "--annotations go to "
				       "standard output: say --output for the "
				       "rest");
	return CMD_OK;
}

int cmd_report(int argc, const char **argv, struct cmd_env *env)
{
	struct report r = { .marker = "report" };
	const struct opt opts[] = {
		OPT_STRING(0, "html", &r.html, "dir",
			   "pages of all artifacts, into this directory"),
		OPT_BOOL(0, "force", &r.force,
			 "even if there is something else in it"),
		OPT_STRING(0, "format", &r.look.format, "format",
			   "md: a comment for a pull request; or json"),
		OPT_STRING(0, "marker", &r.marker, "text",
			   "by which the comment is found again (default: "
			   "report)"),
		OPT_STRING(0, "output", &r.output, "file",
			   "the comment, or JSON, into this file"),
		OPT_STRING(0, "junit", &r.junit, "file",
			   "findings as JUnit XML, into this file"),
		OPT_BOOL(0, "annotations", &r.annotations,
			 "findings as GitHub reads them, to standard output"),
		OPT_STRING(0, "stage", &r.stage, "stage",
			   "compare with what holds this stage"),
		OPT_STRING(0, "fail-on", &r.fail_on, "what",
			   "'regression': exit with 1 when a metric is worse"),
		OPT_BOOL(0, "tensors", &r.tensors,
			 "by how much each tensor changed"),
		OPT_BOOL(0, "no-content", &r.no_content,
			 "do not look into the files"),
		OPT_JSON(&r.look.json),
		OPT_PROGRESS(env),
		OPT_END
	};
	struct mv_err err;
	int status;

	argc = opt_parse(argc, argv, opts, usage);
	if (opt_count(argc, argv, 0, r.stage ? 1 : 2, opts, usage))
		return CMD_USAGE;
	status = report_choose(&r, env, opts);
	if (status)
		return status;
	r.base = !r.stage && argc > 0 ? argv[0] : NULL;
	r.head = r.stage ? argv[0] : argc > 1 ? argv[1] : NULL;
	if (write_all(&r, env, &err))
		status = out_fatal(&err);
	else if (r.fail_on)
		status = look_verdict(&r.comparison);
	if (r.compared)
		mv_comparison_release(&r.comparison);
	return status;
}
