/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/interrupt.h"
#include "cmd/opt.h"
#include "cmd/out.h"
#include "filters/asker.h"
#include "libmv/base/time.h"
#include "libmv/evidence/merged.h"
#include "libmv/work/filter.h"

static const char *const usage[] = {
	"git model merge-driver <base> <ours> <theirs> <marker-size> <path>",
	NULL
};

enum { CLASHES_SHOWN = 20 };

/* -- tensor by tensor ----------------------------------------------------- */

static void say_merged(const char *path, const struct mv_merge_tensors *t)
{
	const int averaged = t->ruled && !strcmp(t->rule, "average");

	out_note("git-model: '%s' was merged tensor by tensor: %zu from ours, "
		 "%zu from theirs, %zu the same", path, t->from_ours,
		 t->from_theirs, t->same);
	if (averaged)
		out_note("git-model: %zu more that both sides had changed "
			 "became the average, by the rule of the artifact",
			 t->ruled);
	else if (t->ruled)
		out_note("git-model: %zu of them both sides had changed; the "
			 "rule was '%s'", t->ruled, t->rule);
}

static void say_clashes(const char *path, const struct mv_merge_tensors *t)
{
	const char *s = t->clashes;

	if (t->refused)
		out_note("git-model: '%s' was not merged tensor by tensor: %s",
			 path, t->refused);
	if (!t->clash_count)
		return;
	if (!t->refused)
		out_note("git-model: %zu tensor%s of '%s' cannot be merged:",
			 t->clash_count, out_s(t->clash_count), path);
	for (size_t i = 0; i < CLASHES_SHOWN && *s; i++) {
		out_note("  %.*s", (int)strcspn(s, "\n"), s);
		s += strcspn(s, "\n") + 1;
	}
	if (t->clash_count > CLASHES_SHOWN)
		out_note("  ... and %zu more", t->clash_count - CLASHES_SHOWN);
	if (!t->refused)
		out_hint("`merge = ours`, `theirs` or `average` of its artifact "
			 "in .gitmodel/config settles such tensors; so does "
			 "-X ours or -X theirs");
}

static int record_merge(struct mv_repo *repo, const char *path,
			const struct mv_merge_tensors *t, struct mv_err *err)
{
	const struct mv_evidence_merge merge = {
		.path = path, .result = t->result, .base = t->base,
		.ours = t->ours, .theirs = t->theirs, .rule = t->rule,
		.same = t->same, .from_ours = t->from_ours,
		.from_theirs = t->from_theirs, .averaged = t->averaged,
		.ruled = t->ruled, .list = t->list
	};

	return mv_evidence_merged(repo, &merge, mv_now_ms(), err);
}

/* The record first: no such content without a word how it came to be. */
static int keep_merged(struct mv_repo *repo, const struct mv_merge *merge,
		       const struct mv_merge_result *result,
		       struct mv_err *err)
{
	int rc = record_merge(repo, merge->path, &result->tensors, err);

	if (rc) {
		mv_err_prefix(err, "merged tensor by tensor, but not recorded, "
			      "so it stays a conflict");
		return rc;
	}
	rc = mv_work_merge_keep(merge, result, err);
	if (!rc)
		say_merged(merge->path, &result->tensors);
	return rc;
}

/* -- a conflict ----------------------------------------------------------- */

/* Git names the conflict itself; here is what it cannot know. */
static void explain(const char *path, const struct mv_merge_result *result)
{
	say_clashes(path, &result->tensors);
	out_note("git-model: '%s' was changed on both sides; ours stays there",
		 path);
	if (result->theirs)
		out_note("git-model: theirs is in '%s'%s%s%s%s until the "
			 "conflict is over", result->theirs,
			 result->theirs_missing ? " (a pointer: `git model "
			 "fetch` gets its content)" : "",
			 result->base ? ", what both began from in '" : "",
			 result->base ? result->base : "",
			 result->base ? "'" : "");
	out_hint("`git add` keeps ours; `git checkout --theirs '%s'` and then "
		 "`git add` takes theirs", path);
}

int cmd_merge_driver(int argc, const char **argv, struct cmd_env *env)
{
	const struct opt opts[] = {
		OPT_END
	};
	struct mv_merge_result result;
	struct mv_merge merge;
	struct mv_err err;
	int status = CMD_OK, rc;

	argc = opt_parse(argc, argv, opts, usage);
	if (opt_count(argc, argv, 5, 5, opts, usage))
		return CMD_USAGE;
	merge.base = argv[0];
	merge.ours = argv[1];
	merge.theirs = argv[2];
	merge.path = argv[4];
	merge.favor = asker_favor_find();
	rc = mv_work_merge(env->repo, &merge, &result, &err);
	if (!rc && result.tensors.done)
		rc = keep_merged(env->repo, &merge, &result, &err);
	if (rc) {
		mv_err_prefix(&err, "'%s'", merge.path);
		status = out_fatal(&err);
	} else if (result.conflict) {
		explain(merge.path, &result);
		status = CMD_NO;
	}
	mv_work_merge_release(&result);
	return status;
}
