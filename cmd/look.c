/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "cmd/look.h"
#include "cmd/out.h"
#include "libmv/base/near.h"
#include "libmv/base/fs.h"
#include "libmv/base/time.h"
#include "libmv/evidence/evidence.h"
#include "libmv/git/config.h"
#include "libmv/git/git.h"
#include "libmv/meta/compare.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/project.h"
#include "libmv/repo/repo.h"
#include "libmv/report/text.h"
#include "libmv/report/views.h"

/* -- style ---------------------------------------------------------------- */

static int env_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

/* As git: --color, then NO_COLOR, then color.ui, then is it a terminal? */
static int wants_color(const struct look *look, struct cmd_env *env)
{
	const char *term = getenv("TERM");
	const char *ui;
	int yes = 1;

	if (look->color && !strcmp(look->color, "always"))
		return 1;
	if (look->color && !strcmp(look->color, "never"))
		return 0;
	if (!isatty(1) || env_set("NO_COLOR") || !term || !strcmp(term, "dumb"))
		return 0;
	/* Nothing hangs on it: what git would not say is shown plainly. */
	if (mv_git_config(&ui, mv_repo_git(env->repo), "color.ui", NULL))
		return 0;
	if (ui && !strcmp(ui, "never"))
		return 0;
	if (!ui || !strcmp(ui, "auto") || !strcmp(ui, "always"))
		return 1;
	return !mv_git_parse_bool(&yes, ui) && yes;
}

static int speaks_unicode(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < 3; i++) {
		const char *value = getenv(names[i]);

		if (!value || !*value)
			continue;
		return strstr(value, "UTF-8") || strstr(value, "utf-8") ||
		       strstr(value, "UTF8") || strstr(value, "utf8");
	}
	return 0;
}

static int known(const char *const *words, const char *word)
{
	for (; *words; words++)
		if (!strcmp(*words, word))
			return 1;
	return 0;
}

int look_begin(struct look *look, struct cmd_env *env,
	       const char *const *formats, const struct opt *opts,
	       const char *const *usage)
{
	static const char *const when[] = { "auto", "always", "never", NULL };

	if (look->color && !known(when, look->color))
		return opt_usage_error(opts, usage, "--color is always, never "
				       "or auto, not '%s'", look->color);
	if (look->json && look->format && strcmp(look->format, "json"))
		return opt_usage_error(opts, usage, "either --json or "
				       "--format %s", look->format);
	if (look->json)
		look->format = "json";
	if (!look->format)
		look->format = formats[0];
	if (!known(formats, look->format)) {
		struct mv_nearest near = MV_NEAREST_INIT(look->format);

		for (size_t i = 0; formats[i]; i++)
			mv_nearest_try(&near, formats[i]);
		return opt_usage_error(opts, usage, "there is no format '%s' "
				       "here; did you mean '%s'?",
				       look->format, near.best ? near.best :
				       formats[0]);
	}
	if (strcmp(look->format, "text"))
		return CMD_OK;
	look->style.width = (int)out_columns(1);
	if (!look->style.width)
		look->style.width = 80;
	look->style.now = isatty(1) ? mv_now_ms() : 0;
	if (wants_color(look, env))
		look->style.flags |= MV_STYLE_COLOR;
	if (speaks_unicode())
		look->style.flags |= MV_STYLE_UNICODE;
	return CMD_OK;
}

void look_style(struct mv_style *style, struct cmd_env *env)
{
	const struct look look = { .color = NULL };
	size_t columns = out_columns(1);

	memset(style, 0, sizeof(*style));
	style->width = columns ? (int)columns : INT_MAX;
	if (wants_color(&look, env))
		style->flags |= MV_STYLE_COLOR;
	if (speaks_unicode())
		style->flags |= MV_STYLE_UNICODE;
}

int look_is(const struct look *look, const char *format)
{
	return !strcmp(look->format, format);
}

/* -- the pager ------------------------------------------------------------ */

/* What git would use, in the words of the shell; NULL: none. Yours. */
static char *git_pager(struct cmd_env *env)
{
	static const char *const args[] = { "var", "GIT_PAGER", NULL };
	struct mv_buf text;
	char *pager = NULL;

	mv_buf_init(&text, 1 << 16);
	if (!mv_git_run(mv_repo_git(env->repo), args, NULL, 0, &text, NULL)) {
		text.data[strcspn(text.data, "\n")] = '\0';
		if (*text.data && strcmp(text.data, "cat"))
			pager = strdup(text.data);
	}
	mv_buf_release(&text);
	return pager;
}

/*
 * This process becomes the pager and a child writes to it: so the terminal's
 * signals are the pager's to handle, and whoever waits for us waits for it.
 * Returns only when that cannot be done.
 */
static void become_pager(const char *pager, const struct mv_buf *text)
{
	const char *argv[] = { "sh", "-c", pager, NULL };
	sigset_t none;
	int ends[2];
	pid_t pid;

	if (pipe(ends))
		return;
	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		close(ends[0]);
		close(ends[1]);
		return;
	}
	if (!pid) {
		close(ends[0]);
		_exit(mv_write_full(ends[1], text->data, text->len, "pager",
				    NULL) ? 1 : 0);
	}
	close(ends[1]);
	if (dup2(ends[0], 0) < 0)
		_exit(CMD_FATAL);
	close(ends[0]);
	setenv("LESS", "FRX", 0);
	setenv("LV", "-c", 0);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv("/bin/sh", (char *const *)argv);
	_exit(CMD_FATAL);
}

int look_print(const struct look *look, struct cmd_env *env,
	       const struct mv_buf *text, int status, int page)
{
	char *pager = page && isatty(1) ? git_pager(env) : NULL;
	size_t width = look_is(look, "text") ? out_columns(1) : 0;
	struct mv_buf lines;

	mv_buf_init(&lines, SIZE_MAX / 2);
	if (mv_wrap_lines(&lines, text->data, text->len, width))
		status = out_fatalf("out of memory");
	else if (pager)
		become_pager(pager, &lines);
	free(pager);
	out_bytes(lines.data, lines.len);
	mv_buf_release(&lines);
	return status;
}

/* -- small things --------------------------------------------------------- */

char **look_list(const char *text)
{
	size_t n = 2, k = 0;
	char **list;

	for (const char *p = text; *p; p++)
		n += *p == ',';
	list = calloc(n, sizeof(*list));
	for (const char *p = text; list && *p;) {
		size_t len = strcspn(p, ",");

		if (len && !(list[k++] = strndup(p, len))) {
			look_list_free(list);
			return NULL;
		}
		p += len + (p[len] == ',');
	}
	return list;
}

void look_list_free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

void look_hint_notes(struct cmd_env *env)
{
	const char *hint = mv_evidence_notes_hint(env->repo);

	if (hint)
		out_hint("%s", hint);
}

size_t look_records(const struct mv_board *board)
{
	size_t n = 0;

	for (size_t i = 0; i < board->count; i++)
		n += board->v[i].evidence.count;
	return n;
}

/* -- a verdict ------------------------------------------------------------ */

/* Has anybody said which way a metric of this artifact is better? Of a data
   set only what speaks of it alone: the metrics of models are not its own. */
static int has_direction(const struct mv_project *p, const char *artifact)
{
	const struct mv_artifact *a = artifact ?
		mv_project_by_name(p, artifact) : NULL;
	int is_data = a && a->type && !strcmp(a->type, "dataset");

	for (size_t i = 0; i < p->metric_count; i++) {
		const struct mv_metric_rule *m = &p->metrics[i];

		if (m->direction == MV_DIRECTION_NONE)
			continue;
		if (m->artifact ? artifact && !strcmp(m->artifact, artifact) :
				  !is_data)
			return 1;
	}
	return 0;
}

/* Is a metric with a direction known of it? */
static int is_measured(const struct mv_comparison *c, const struct mv_pair *p,
		       const struct mv_evidence *e)
{
	for (size_t i = 0; i < e->metrics.count; i++) {
		const struct mv_metric_rule *m =
			mv_project_metric(&c->project, p->artifact,
					  e->metrics.v[i].key);

		if (m && m->direction != MV_DIRECTION_NONE)
			return 1;
	}
	return 0;
}

/*
 * A content that is another now, and of which nobody recorded anything that
 * could be judged: on which side, or NULL. Of the old side any record will do:
 * what was not measured then cannot be worse.
 */
static const char *unrecorded(const struct mv_comparison *c,
			      const struct mv_pair *p)
{
	if (mv_oid_eq(&p->old.oid, &p->new.oid) ||
	    !has_direction(&c->project, p->artifact))
		return NULL;
	if (!is_measured(c, p, &p->new_evidence))
		return "as it is now";
	return p->old_evidence.count ? NULL : "as it was";
}

static int say_unrecorded(const struct mv_pair *p, const char *side)
{
	out_warn("whether '%s' got worse cannot be said: no metric with a "
		 "direction is recorded of it %s. Records are looked for in "
		 "refs/notes/model of this repository; `git model fetch` "
		 "brings those of its remote, `git model fetch URL` those of "
		 "a fork. What is not measured says type = dataset in "
		 ".gitmodel/config", p->artifact ? p->artifact : p->path, side);
	return CMD_INCONCLUSIVE;
}

static int say_instead(const struct mv_pair *p)
{
	const char *path = p->old_path ? p->old_path : p->path;

	out_warn("whether '%s' got worse cannot be said: where its content was "
		 "('%s') or should be now: %s. `git model add` makes "
		 "it a content again; what is taken away goes out of "
		 ".gitmodel/config, too", p->artifact ? p->artifact : path,
		 path, p->instead);
	return CMD_INCONCLUSIVE;
}

/* A key with a direction that both sides have, and one of them as no finite
   number; NULL. It may be the same on both: then nothing was changed of it. */
static const char *no_number(const struct mv_comparison *c,
			     const struct mv_pair *p)
{
	const struct mv_facts *old = &p->old_evidence.metrics;

	for (size_t i = 0; i < old->count; i++) {
		const char *key = old->v[i].key;
		const struct mv_value *was = &old->v[i].value;
		const struct mv_value *is =
			mv_facts_get(&p->new_evidence.metrics, key);
		const struct mv_metric_rule *m =
			mv_project_metric(&c->project, p->artifact, key);

		if (is && m && m->direction != MV_DIRECTION_NONE &&
		    !(mv_value_is_number(was) && isfinite(was->r) &&
		      mv_value_is_number(is) && isfinite(is->r)))
			return key;
	}
	return NULL;
}

static int say_doubt(const char *key, const char *path, const char *what)
{
	out_warn("no metric is worse, but '%s' of '%s' cannot say so: it %s",
		 key, path, what);
	return CMD_INCONCLUSIVE;
}

/*
 * Of metrics whose direction is known: is one worse, on whatever data; or,
 * when none is, is there one that says nothing, because it was measured on
 * other data or is missing where it used to be, or is anything changed of
 * which there is no record, or something else in the place of a content? What was not there before cannot be worse.
 */
int look_verdict(const struct mv_comparison *c)
{
	const struct mv_pair *missing = NULL, *instead = NULL;
	const struct mv_change *doubt = NULL;
	const char *path = NULL, *nan_key = NULL, *nan_path = NULL;

	for (size_t i = 0; i < c->count; i++) {
		const struct mv_pair *p = &c->v[i];

		if (!instead && p->instead &&
		    has_direction(&c->project, p->artifact))
			instead = p;
		if (!p->has_old || !p->has_new)
			continue;
		if (!missing && unrecorded(c, p))
			missing = p;
		if (!nan_key) {
			nan_key = no_number(c, p);
			nan_path = p->artifact ? p->artifact : p->path;
		}
		for (size_t j = 0; j < p->metrics.count; j++) {
			const struct mv_change *m = &p->metrics.v[j];

			if (!m->rule || m->rule->direction == MV_DIRECTION_NONE
			    || !m->has_old)
				continue;
			if (m->judgement == MV_JUDGE_WORSE)
				return CMD_NO;
			if (doubt || (m->has_new && !m->incomparable &&
				      m->judgement != MV_JUDGE_NONE))
				continue;
			doubt = m;
			path = p->artifact ? p->artifact : p->path;
		}
	}
	if (instead)
		return say_instead(instead);
	if (doubt && !doubt->has_new)
		return say_doubt(doubt->key, path, "is missing");
	if (doubt)
		return say_doubt(doubt->key, path, doubt->incomparable ?
				 "was not measured on the same data" :
				 "is no number");
	if (nan_key)
		return say_doubt(nan_key, nan_path, "is no number");
	return missing ? say_unrecorded(missing, unrecorded(c, missing)) :
			 CMD_OK;
}
