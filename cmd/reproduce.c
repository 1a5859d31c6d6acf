/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "cmd/interrupt.h"
#include "cmd/out.h"
#include "cmd/registry.h"
#include "libmv/base/json.h"
#include "libmv/base/time.h"
#include "libmv/meta/compare.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/record.h"
#include "libmv/run/run.h"

static const char *const usage[] = {
	"git model reproduce [--keep] [--json] [--] <what> | <name> <stage>",
	NULL
};

static int is_equal(const struct mv_change *c)
{
	return c->has_old && c->has_new && mv_value_eq(&c->old, &c->new);
}

static size_t unequal_metrics(const struct mv_reproduced *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->metrics.count; i++)
		n += !is_equal(&r->metrics.v[i]);
	return n;
}

static int verdict(const struct mv_reproduced *r)
{
	if (r->different || r->missing || unequal_metrics(r) ||
	    r->run.exit_code != r->exit_code)
		return r->doubt ? CMD_INCONCLUSIVE : CMD_NO;
	return r->expected.count || r->metrics.count ? CMD_OK :
						       CMD_INCONCLUSIVE;
}

static const char *word_of(const struct mv_reproduced *r, size_t i)
{
	if (!r->actual.v[i].has_oid)
		return "missing";
	return mv_oid_eq(&r->actual.v[i].oid, &r->expected.v[i].oid) ?
	       "equal" : "different";
}

static struct mv_json *oid_json(const struct mv_ref *ref)
{
	char hex[7 + MV_OID_HEX + 1] = "sha256:";

	if (!ref->has_oid)
		return mv_json_null();
	mv_oid_hex(hex + 7, &ref->oid);
	return mv_json_str(hex);
}

static struct mv_json *outputs_json(const struct mv_reproduced *r)
{
	struct mv_json *list = mv_json_array();

	for (size_t i = 0; i < r->expected.count; i++) {
		struct mv_json *o = mv_json_object();

		mv_json_set(o, "path", mv_json_str(r->expected.v[i].path));
		mv_json_set(o, "result", mv_json_str(word_of(r, i)));
		mv_json_set(o, "recorded", oid_json(&r->expected.v[i]));
		mv_json_set(o, "measured", oid_json(&r->actual.v[i]));
		if (r->differences[i])
			mv_json_set(o, "why", mv_json_str(r->differences[i]));
		mv_json_push(list, o);
	}
	return list;
}

static struct mv_json *metrics_json(const struct mv_reproduced *r)
{
	struct mv_json *all = mv_json_object();

	for (size_t i = 0; i < r->metrics.count; i++) {
		const struct mv_change *c = &r->metrics.v[i];
		struct mv_json *m = mv_json_object();

		mv_json_set(m, "recorded", c->has_old ?
			    mv_value_to_json(&c->old) : mv_json_null());
		mv_json_set(m, "measured", c->has_new ?
			    mv_value_to_json(&c->new) : mv_json_null());
		if (c->has_diff)
			mv_json_set(m, "diff", mv_json_real(c->diff));
		mv_json_set(m, "equal", mv_json_bool(is_equal(c)));
		mv_json_set(all, c->key, m);
	}
	return all;
}

static int reproduce_print_json(const struct mv_reproduced *r)
{
	static const char *const words[] = { "yes", "no", "", "unclear" };
	struct mv_json *top = mv_json_object();

	mv_json_set(top, "reproduced", mv_json_str(words[verdict(r)]));
	mv_json_set(top, "exit", mv_json_int(r->run.exit_code));
	mv_json_set(top, "recorded_exit", mv_json_int(r->exit_code));
	mv_json_set(top, "duration_ms",
		    mv_json_int(r->run.record.run.duration_ms));
	mv_json_set(top, "outputs", outputs_json(r));
	mv_json_set(top, "metrics", metrics_json(r));
	mv_json_set(top, "doubt", mv_json_str(r->doubt));
	mv_json_set(top, "worktree", mv_json_str(r->worktree));
	return out_json(top);
}

static void print_metric(const struct mv_change *c)
{
	if (is_equal(c))
		out_line("equal      %s = %s", c->key, c->new.text);
	else if (!c->has_new)
		out_line("missing    %s, which was %s", c->key, c->old.text);
	else if (!c->has_old)
		out_line("new        %s = %s", c->key, c->new.text);
	else if (c->has_diff)
		out_line("different  %s = %s, not %s (%+.6g)", c->key,
			 c->new.text, c->old.text, c->diff);
	else
		out_line("different  %s = %s, not %s", c->key, c->new.text,
			 c->old.text);
}

static void reproduce_print(const struct mv_reproduced *r)
{
	static const char *const words[] = {
		"reproduced", "not reproduced", "",
		"it cannot be said whether this is reproduced"
	};

	for (size_t i = 0; i < r->expected.count; i++)
		if (r->differences[i])
			out_line("%-10s %s", word_of(r, i), r->differences[i]);
		else
			out_line("%-10s '%s'", word_of(r, i),
				 r->expected.v[i].path);
	for (size_t i = 0; i < r->metrics.count; i++)
		print_metric(&r->metrics.v[i]);
	if (r->run.exit_code != r->exit_code)
		out_line("different  exit status %d, not %d", r->run.exit_code,
			 r->exit_code);
	out_line("%s: %zu of %zu outputs and %zu of %zu metrics are equal",
		 words[verdict(r)], r->equal, r->expected.count,
		 r->metrics.count - unequal_metrics(r), r->metrics.count);
	if (verdict(r) == CMD_INCONCLUSIVE && r->doubt)
		out_line("because %s", r->doubt);
	if (r->worktree)
		out_note("kept in '%s'; `git worktree remove --force` removes "
			 "it", r->worktree);
}

int cmd_reproduce(int argc, const char **argv, struct cmd_env *env)
{
	const struct mv_run_hooks hooks = {
		.now = mv_now_ms, .tell = out_tell,
		.running = interrupt_running, .payload = env->interrupt, .stdout_to_stderr = 1
	};
	struct mv_reproduced r;
	int keep = 0, json = 0, status, rc;
	const struct opt opts[] = {
		OPT_BOOL(0, "keep", &keep, "keep the work tree it was run in"),
		OPT_JSON(&json),
		OPT_PROGRESS(env),
		OPT_END
	};
	struct mv_err err;
	char *spec;

	argc = opt_parse(argc, argv, opts, usage);
	status = registry_spec(&spec, argc, argv, opts, usage);
	if (status) {
		free(spec);
		return status;
	}
	rc = mv_run_reproduce(&r, env->repo, spec, keep, &hooks, &err);
	free(spec);
	if (rc) {
		out_fatal(&err);
		return rc == MV_ENOTSUP ? CMD_INCONCLUSIVE : CMD_FATAL;
	}
	status = verdict(&r);
	if (!json)
		reproduce_print(&r);
	else if (reproduce_print_json(&r) != CMD_OK)
		status = CMD_FATAL;
	mv_run_reproduced_release(&r);
	return status;
}
