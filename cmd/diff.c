/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cmd/look.h"
#include "cmd/out.h"
#include "libmv/look/look.h"
#include "libmv/report/ci.h"
#include "libmv/report/json.h"
#include "libmv/report/md.h"
#include "libmv/report/pages.h"
#include "libmv/report/text.h"
#include "libmv/report/views.h"
#include "libmv/report/weights.h"

static const char *const usage[] = {
	"git model diff [<options>] [<base> [<head>]]",
	"git model diff [<options>] <base>..<head> | <base>...<head>",
	"git model diff [<options>] --stage <stage> [<head>]",
	"git model diff --tensors [<options>] <old> <new>",
	NULL
};

static const char *const formats[] = {
	"text", "json", "md", "html", "junit", "annotations", NULL
};

static int diff_print(const struct look *look, struct cmd_env *env,
		      const struct mv_comparison *c, int page)
{
	struct mv_buf text;
	struct mv_err err;
	int rc, status;

	if (look_is(look, "json"))
		return out_json(mv_comparison_json(c));
	mv_buf_init(&text, LOOK_MAX);
	if (look_is(look, "md"))
		rc = mv_comparison_md(&text, c, "diff", MV_MARKDOWN_MAX, &err);
	else if (look_is(look, "html"))
		rc = mv_comparison_html(&text, c, &err);
	else if (look_is(look, "junit"))
		rc = mv_comparison_junit(&text, c, &err);
	else if (look_is(look, "annotations"))
		rc = mv_comparison_annotations(&text, c, &err);
	else
		rc = mv_comparison_text(&text, c, &look->style, &err);
	status = rc ? out_fatal(&err) :
		 look_print(look, env, &text, CMD_OK, page);
	mv_buf_release(&text);
	return status;
}

static size_t records(const struct mv_comparison *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++)
		n += c->v[i].old_evidence.count + c->v[i].new_evidence.count;
	return n;
}

static void diff_say(const struct mv_comparison *c, const struct look *look,
		     struct cmd_env *env)
{
	if (c->count && !records(c))
		look_hint_notes(env);
	if (c->base && c->head && *c->base && !strcmp(c->base, c->head))
		out_warn("%s", c->why);
	else if (!c->count && look_is(look, "text"))
		out_note("no artifact differs between %s and %s%s%s%s",
			 c->base_name, c->head_name, c->why ? " (" : "",
			 c->why ? c->why : "", c->why ? ")" : "");
}

/* -- two contents --------------------------------------------------------- */

static int diff_print_weights(const struct look *look, struct cmd_env *env,
			      const struct mv_tensor_diff *d, size_t top)
{
	struct mv_buf text;
	struct mv_err err;
	int status;

	if (look_is(look, "json"))
		return out_json(mv_weights_json(d, top));
	mv_buf_init(&text, LOOK_MAX);
	status = mv_weights_text(&text, d, top, &look->style, &err) ?
		 out_fatal(&err) : look_print(look, env, &text, CMD_OK, 1);
	mv_buf_release(&text);
	return status;
}

/* CMD_INCONCLUSIVE: the first is no content, so both are revisions. */
static int diff_weights(const struct look *look, struct cmd_env *env,
			const char *old, const char *new, unsigned flags,
			size_t top)
{
	struct mv_tensor_diff d;
	struct mv_err err;
	int status, rc = mv_look_weights(&d, env->repo, old, new, flags, &err);

	if (rc)
		return rc == MV_ENOENT ? CMD_INCONCLUSIVE : out_fatal(&err);
	status = diff_print_weights(look, env, &d, top);
	mv_tensor_diff_release(&d);
	return status;
}

int cmd_diff(int argc, const char **argv, struct cmd_env *env)
{
	struct look look = { .color = NULL };
	const char *stage = NULL, *fail_on = NULL;
	int all = 0, no_content = 0, fetch = 0, tensors = 0;
	unsigned top = 0;
	const struct opt opts[] = {
		OPT_STRING(0, "stage", &stage, "stage",
			   "compare with what holds this stage"),
		OPT_BOOL(0, "all", &all, "also what is unchanged"),
		OPT_STRING(0, "fail-on", &fail_on, "what",
			   "'regression': exit with 1 when a metric is worse"),
		OPT_BOOL(0, "no-content", &no_content,
			 "do not look into the files"),
		OPT_BOOL(0, "tensors", &tensors,
			 "by how much each tensor changed"),
		OPT_UINT(0, "top", &top, "n",
			 "show so many tensors (0: 10)"),
		OPT_BOOL(0, "fetch", &fetch,
			 "download the files to look into, where needed"),
		OPT_STRING(0, "format", &look.format, "format",
			   "text, md, json, html, junit or annotations"),
		OPT_JSON(&look.json),
		OPT_LOOK_COLOR(&look),
		OPT_PROGRESS(env),
		OPT_END
	};
	const char *base, *head;
	struct mv_comparison c;
	struct mv_err err;
	int status;

	argc = opt_parse(argc, argv, opts, usage);
	if (opt_count(argc, argv, 0, stage ? 1 : 2, opts, usage))
		return CMD_USAGE;
	if (fail_on && strcmp(fail_on, "regression"))
		return opt_usage_error(opts, usage, "--fail-on is 'regression'"
				       ", not '%s'", fail_on);
	status = look_begin(&look, env, formats, opts, usage);
	if (status)
		return status;
	if (all)
		look.style.flags |= MV_STYLE_ALL;
	base = !stage && argc > 0 ? argv[0] : NULL;
	head = stage ? argv[0] : argc > 1 ? argv[1] : NULL;
	if (tensors && base && head &&
	    (look_is(&look, "text") || look_is(&look, "json"))) {
		status = diff_weights(&look, env, base, head,
				      fetch ? MV_COMPARE_FETCH : 0, top);
		if (status != CMD_INCONCLUSIVE)
			return status;
	}
	if (mv_look_compare(&c, env->repo, base, head, stage,
			    (all ? MV_COMPARE_ALL : 0) |
			    (no_content ? 0 : MV_COMPARE_CONTENT) |
			    (tensors ? MV_COMPARE_WEIGHTS : 0) |
			    (fetch ? MV_COMPARE_FETCH : 0), &err))
		return out_fatal(&err);
	c.top = top;
	diff_say(&c, &look, env);
	status = !c.count && look_is(&look, "text") ? CMD_OK :
		 diff_print(&look, env, &c, !fail_on);
	if (!status && fail_on)
		status = look_verdict(&c);
	mv_comparison_release(&c);
	return status;
}
