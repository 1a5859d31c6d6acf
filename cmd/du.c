/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"

#include "cmd/opt.h"
#include "cmd/out.h"
#include "libmv/base/config.h"
#include "libmv/repo.h"

static const char *const usage[] = {
	"git model du [-s] [--json]",
	NULL
};

struct show {
	int summary, begun;
	struct mv_json *versions;	/* with --json */
};

static void push_json(struct show *show, const struct mv_du_version *v)
{
	struct mv_json *o = mv_json_object();
	char hex[MV_OID_HEX + 1];

	mv_json_set(o, "commit", mv_json_str(v->commit));
	mv_json_set(o, "time", mv_json_int(v->when));
	mv_json_set(o, "path", mv_json_str(v->path));
	mv_json_set(o, "oid", mv_json_str(mv_oid_hex(hex, &v->oid)));
	mv_json_set(o, "logical", mv_json_int((int64_t)v->logical));
	mv_json_set(o, "added", mv_json_int((int64_t)v->added_raw));
	mv_json_set(o, "added_stored", mv_json_int((int64_t)v->added_stored));
	mv_json_push(show->versions, o);
}

static int show_version(void *payload, const struct mv_du_version *v,
			struct mv_err *err)
{
	struct show *show = payload;
	char logical[32], raw[32], stored[32];

	(void)err;
	if (show->versions) {
		push_json(show, v);
		return 0;
	}
	if (show->summary)
		return 0;
	if (!show->begun++)
		out_line("commit      logical        new     stored  path");
	out_raw("%-8.8s %10s %10s %10s  ", v->commit[0] ? v->commit : "staged",
		mv_print_size(logical, v->logical),
		mv_print_size(raw, v->added_raw),
		mv_print_size(stored, v->added_stored));
	out_path(v->path);
	out_raw("\n");
	return 0;
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static int print_json(struct show *show, const struct mv_du_total *t)
{
	struct mv_json *top = mv_json_object();

	mv_json_set(top, "versions", show->versions);
	mv_json_set(top, "logical", mv_json_int((int64_t)t->logical));
	mv_json_set(top, "unique", mv_json_int((int64_t)t->unique));
	mv_json_set(top, "stored", mv_json_int((int64_t)t->stored));
	mv_json_set(top, "disk", mv_json_int((int64_t)t->disk));
	mv_json_set(top, "missing", mv_json_int((int64_t)t->missing));
	return out_json(top);
}

static int print_total(const struct mv_du_total *t)
{
	char a[32], b[32];

	out_line("%llu versions, %s of content",
		 (unsigned long long)t->versions,
		 mv_print_size(a, t->logical));
	out_line("dedup saved       %10s  (%.1f %% of the content is unique)",
		 mv_print_size(a, t->logical - t->unique),
		 percent(t->unique, t->logical));
	out_line("compression saved %10s  (unique content takes %.1f %%)",
		 mv_print_size(a, t->unique > t->stored
				  ? t->unique - t->stored : 0),
		 percent(t->stored, t->unique));
	out_line("stored            %10s  (%.1f %% of the content; the store takes %s)",
		 mv_print_size(a, t->stored), percent(t->stored, t->logical),
		 mv_print_size(b, t->disk));
	if (t->missing)
		out_line("%llu versions are not here and not counted",
			 (unsigned long long)t->missing);
	return CMD_OK;
}

int cmd_du(int argc, const char **argv, struct cmd_env *env)
{
	struct show show = { 0 };
	struct mv_du_total total;
	int json = 0;
	const struct opt opts[] = {
		OPT_BOOL('s', "summary", &show.summary, "only the sums"),
		OPT_JSON(&json),
		OPT_END
	};
	struct mv_err err;

	argc = opt_parse(argc, argv, opts, usage);
	if (opt_count(argc, argv, 0, 0, opts, usage))
		return CMD_USAGE;
	if (json)
		show.versions = mv_json_array();
	if (mv_repo_du(env->repo, show_version, &show, &total, &err)) {
		mv_json_free(show.versions);
		return out_fatal(&err);
	}
	return json ? print_json(&show, &total) : print_total(&total);
}
