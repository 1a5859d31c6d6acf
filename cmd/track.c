/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cmd/opt.h"
#include "cmd/out.h"
#include "cmd/setup.h"
#include "libmv/base/config.h"
#include "libmv/base/json.h"
#include "libmv/work/work.h"

static const char *const usage[] = {
	"git model track [--json]",
	"git model track [--] <pattern>...",
	"git model track --above <size> [--json] [--] [<pathspec>...]",
	NULL
};

/* -- what git holds already ----------------------------------------------- */

#define NAMED 3

struct raw {
	uint64_t count, bytes;
};

static void note_raw(void *payload, const char *path, uint64_t size)
{
	struct raw *raw = payload;
	char text[32];

	raw->bytes += size;
	if (++raw->count <= NAMED)
		out_hint("git holds the bytes of '%s' themselves (%s)", path,
			 mv_print_size(text, size));
}

/* Say what a pattern alone does not do, and let git see it. */
static int wake(struct cmd_env *env)
{
	struct raw raw = { 0, 0 };
	struct mv_err err;

	setup_warn_filterless(env->repo);
	if (mv_work_wake_raw(env->repo, note_raw, &raw, &err)) {
		mv_err_prefix(&err, "the pattern is written, but not what git "
			      "holds already");
		return out_fatal(&err);
	}
	if (raw.count > NAMED)
		out_hint("... and of %llu more",
			 (unsigned long long)(raw.count - NAMED));
	if (raw.count)
		out_hint("`git add -u` and a commit put pointers there from "
			 "now on; what is committed already keeps the bytes");
	return CMD_OK;
}

/* -- list ----------------------------------------------------------------- */

static int show_pattern(void *payload, const char *pattern,
			const char *filter, const char *file, int line)
{
	(void)filter;
	(void)payload;
	out_line("    %s (%s:%d)", pattern, file, line);
	return 0;
}

static int push_pattern(void *payload, const char *pattern,
			const char *filter, const char *file, int line)
{
	struct mv_json *one = mv_json_object();

	mv_json_set(one, "pattern", mv_json_str(pattern));
	mv_json_set(one, "filter", mv_json_str(filter));
	mv_json_set(one, "file", mv_json_str(file));
	mv_json_set(one, "line", mv_json_int(line));
	mv_json_push(payload, one);
	return 0;
}

static int track_list(struct cmd_env *env, int json)
{
	struct mv_json *all = json ? mv_json_array() : NULL;
	struct mv_err err;

	if (!json)
		out_line("Tracked patterns");
	if (mv_work_tracked(env->repo, json ? push_pattern : show_pattern,
			    all, &err)) {
		mv_json_free(all);
		return out_fatal(&err);
	}
	return json ? out_json(all) : CMD_OK;
}

/* -- --above -------------------------------------------------------------- */

static void show_path(void *payload, const char *path, uint64_t size)
{
	struct mv_json *one;
	char text[32];

	if (!payload) {
		out_line("Tracking '%s' (%s)", path,
			 mv_print_size(text, size));
		return;
	}
	one = mv_json_object();
	mv_json_set(one, "path", mv_json_str(path));
	mv_json_set(one, "size", mv_json_int((int64_t)size));
	mv_json_push(payload, one);
}

static int track_above(struct cmd_env *env, const char *const *specs,
		       uint64_t above, int json)
{
	struct mv_json *all = json ? mv_json_array() : NULL;
	struct mv_err err;

	if (mv_work_track_above(env->repo, above, specs, show_path, all,
				&err)) {
		mv_json_free(all);
		return out_fatal(&err);
	}
	if (json && out_json(all) != CMD_OK)
		return CMD_FATAL;
	return wake(env);
}

int cmd_track(int argc, const char **argv, struct cmd_env *env)
{
	uint64_t above = UINT64_MAX;
	int json = 0, changed;
	const struct opt opts[] = {
		OPT_SIZE(0, "above", &above, "size",
			 "track each file above this size by its path"),
		OPT_JSON(&json),
		OPT_END
	};
	struct mv_err err;

	argc = opt_parse(argc, argv, opts, usage);
	if (above != UINT64_MAX)
		return track_above(env, argc ? argv : NULL, above, json);
	if (!argc)
		return track_list(env, json);
	if (json)
		return opt_usage_error(opts, usage, "--json goes with the list "
				       "and with --above");
	for (int i = 0; i < argc; i++) {
		if (mv_work_track(env->repo, argv[i], &changed, &err))
			return out_fatal(&err);
		out_line(changed ? "Tracking '%s'" :
				   "'%s' is tracked already", argv[i]);
	}
	return wake(env);
}
