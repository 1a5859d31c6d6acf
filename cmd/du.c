/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/opt.h"
#include "cmd/out.h"
#include "cmd/table.h"
#include "libmv/base/config.h"
#include "libmv/base/grow.h"
#include "libmv/base/json.h"
#include "libmv/care/care.h"
#include "libmv/report/text.h"
#include "libmv/repo/files.h"

static const char *const usage[] = {
	"git model du [-s | -a] [--json]",
	"git model du --explain [--json] <path>",
	NULL
};

/*
 * A commit that brings a folder of images is one line, not thousands: files
 * of one folder in one commit are printed together where there are many.
 */
enum { FEW = 8 };
struct row {
	char *path;
	uint64_t logical, raw, stored;
};
struct group {
	struct row all;		/* path: "a/b/", or "" */
	uint64_t files;
	struct row first[FEW];
};
static const struct mv_list_column head[] = {
	{ "Commit", 0 }, { "Logical", MV_LIST_RIGHT | MV_LIST_EARLY },
	{ "New", MV_LIST_RIGHT }, { "Stored", MV_LIST_RIGHT },
	{ "Path", MV_LIST_PATH | MV_LIST_LATE }
};
struct show {
	int summary, all;
	struct mv_json *versions;	/* with --json */
	struct table table;
	char commit[16];		/* of the groups */
	struct group *v;
	size_t count, alloc;
};

static void du_push_json(struct show *show, const struct mv_du_version *v)
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

/* `files`: of a folder; 0: one file. */
static void du_add_row(struct show *show, const struct row *r, uint64_t files)
{
	char text[32];

	table_add(&show->table, show->commit);
	table_add(&show->table, mv_print_size(text, r->logical));
	table_add(&show->table, mv_print_size(text, r->raw));
	table_add(&show->table, mv_print_size(text, r->stored));
	snprintf(text, sizeof(text), "  %llu files",
		 (unsigned long long)files);
	table_add_path(&show->table, *r->path ? r->path : "./",
		       files ? text : "");
}

static void add_groups(struct show *show)
{
	for (size_t i = 0; i < show->count; i++) {
		struct group *g = &show->v[i];
		size_t kept = g->files < FEW ? g->files : FEW;

		if (g->files > FEW)
			du_add_row(show, &g->all, g->files);
		for (size_t k = 0; k < kept; k++) {
			if (g->files <= FEW)
				du_add_row(show, &g->first[k], 0);
			free(g->first[k].path);
		}
		free(g->all.path);
	}
	show->count = 0;
}

/* That of the last file, as a rule: git lists a commit by folders. */
static struct group *group_of(struct show *show, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) + 1 : 0;
	struct group *g;

	for (size_t i = show->count; i--;) {
		g = &show->v[i];
		if (strlen(g->all.path) == len && !memcmp(g->all.path, path,
							  len))
			return g;
	}
	if (MV_GROW(show->v, show->alloc, show->count + 1, NULL) < 0)
		return NULL;
	g = &show->v[show->count];
	memset(g, 0, sizeof(*g));
	g->all.path = strndup(path, len);
	show->count += g->all.path != NULL;
	return g->all.path ? g : NULL;
}

static int show_version(void *payload, const struct mv_du_version *v,
			struct mv_err *err)
{
	struct row one = { NULL, v->logical, v->added_raw, v->added_stored };
	struct show *show = payload;
	char commit[16];
	struct group *g;

	if (show->versions) {
		du_push_json(show, v);
		return 0;
	}
	if (show->summary)
		return 0;
	snprintf(commit, sizeof(commit), "%.8s",
		 *v->commit ? v->commit : "staged");
	if (show->all || strcmp(show->commit, commit))
		add_groups(show);
	memcpy(show->commit, commit, sizeof(commit));
	g = group_of(show, v->path);
	if (!g)
		return mv_nomem(err);
	if (g->files < FEW) {
		one.path = strdup(v->path);
		if (!one.path)
			return mv_nomem(err);
		g->first[g->files] = one;
	}
	g->files++;
	g->all.logical += one.logical;
	g->all.raw += one.raw;
	g->all.stored += one.stored;
	return 0;
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static int du_print_json(struct show *show, const struct mv_du_total *t)
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

	out_line("%llu version%s, %s of content",
		 (unsigned long long)t->versions, out_s(t->versions),
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
		out_line("%llu version%s not here and not counted",
			 (unsigned long long)t->missing,
			 t->missing == 1 ? " is" : "s are");
	return CMD_OK;
}

/* -- how the versions of a path are held ---------------------------------- */

static const char *const held_names[MV_HELD_KINDS] = {
	"raw", "zstd", "planes", "delta", "sparse"
};

static const struct mv_list_column explain_head[] = {
	{ "Commit", 0 }, { "Size", MV_LIST_RIGHT | MV_LIST_EARLY },
	{ "Held as", 0 }, { "Bytes", MV_LIST_RIGHT },
	{ "Stored", MV_LIST_RIGHT }, { "On", MV_LIST_LATE }
};

struct explained {
	struct mv_json *versions;	/* with --json */
	struct table table;
	int begun;			/* the version has a line */
};

static void explain_row(struct explained *x,
			const struct mv_explain_version *v, const char *how,
			const struct mv_explain_part *part, const char *on)
{
	char text[32];

	snprintf(text, sizeof(text), "%.8s", x->begun ? "" : v->commit);
	table_add(&x->table, text);
	table_add(&x->table, x->begun ? "" : mv_print_size(text, v->logical));
	table_add(&x->table, how);
	table_add(&x->table, part ? mv_print_size(text, part->raw) : "");
	table_add(&x->table, part ? mv_print_size(text, part->stored) : "");
	table_add(&x->table, on);
	x->begun = 1;
}

/* On which versions: the one with the most, and how many more there are. */
static void print_on(char *out, size_t room,
		     const struct mv_explain_version *v)
{
	const struct mv_explain_on *most = v->on;

	*out = '\0';
	for (size_t i = 1; i < v->on_count; i++)
		if (v->on[i].part.raw > most->part.raw)
			most = &v->on[i];
	if (v->on_count == 1)
		snprintf(out, room, "%.8s", most->commit ? most->commit :
			 "another path");
	else if (v->on_count)
		snprintf(out, room, "%.8s and %zu more", most->commit ?
			 most->commit : "others", v->on_count - 1);
}

static void explain_text(struct explained *x,
			 const struct mv_explain_version *v)
{
	char on[64];

	x->begun = 0;
	print_on(on, sizeof(on), v);
	for (int i = 0; i < MV_HELD_KINDS; i++)
		if (v->held[i].chunks)
			explain_row(x, v, held_names[i], &v->held[i],
				    i >= MV_HELD_DELTA ? on : "");
	if (v->shared.chunks)
		explain_row(x, v, "shared", &v->shared, "");
	if (!x->begun)
		explain_row(x, v, v->missing ? "not here" : "empty", NULL, "");
}

static struct mv_json *part_json(const struct mv_explain_part *part)
{
	struct mv_json *o = mv_json_object();

	mv_json_set(o, "chunks", mv_json_int((int64_t)part->chunks));
	mv_json_set(o, "bytes", mv_json_int((int64_t)part->raw));
	mv_json_set(o, "stored", mv_json_int((int64_t)part->stored));
	return o;
}

static void explain_json(struct explained *x,
			 const struct mv_explain_version *v)
{
	struct mv_json *o = mv_json_object(), *held = mv_json_object();
	struct mv_json *on = mv_json_array();
	char hex[MV_OID_HEX + 1];

	for (int i = 0; i < MV_HELD_KINDS; i++)
		if (v->held[i].chunks)
			mv_json_set(held, held_names[i],
				    part_json(&v->held[i]));
	if (v->shared.chunks)
		mv_json_set(held, "shared", part_json(&v->shared));
	for (size_t i = 0; i < v->on_count; i++) {
		struct mv_json *one = part_json(&v->on[i].part);

		if (v->on[i].commit)
			mv_json_set(one, "commit",
				    mv_json_str(v->on[i].commit));
		mv_json_push(on, one);
	}
	mv_json_set(o, "commit", mv_json_str(v->commit));
	mv_json_set(o, "subject", mv_json_str(v->subject));
	mv_json_set(o, "time", mv_json_int(v->when));
	mv_json_set(o, "oid", mv_json_str(mv_oid_hex(hex, &v->oid)));
	mv_json_set(o, "size", mv_json_int((int64_t)v->logical));
	mv_json_set(o, "missing", mv_json_bool(v->missing));
	mv_json_set(o, "held", held);
	mv_json_set(o, "on", on);
	mv_json_push(x->versions, o);
}

static int explain_version(void *payload, const struct mv_explain_version *v,
			   struct mv_err *err)
{
	struct explained *x = payload;

	(void)err;
	if (x->versions)
		explain_json(x, v);
	else
		explain_text(x, v);
	return 0;
}

static int explain(const char *typed, int json, struct cmd_env *env)
{
	struct explained x = { .table = TABLE_INIT(explain_head) };
	char *path = mv_repo_from_top(env->repo, typed);
	struct mv_json *top;
	struct mv_err err;
	int failed;

	if (json)
		x.versions = mv_json_array();
	failed = mv_care_explain(env->repo, path ? path : typed,
				 explain_version, &x, &err);
	if (table_print(&x.table, 0, env) || failed) {
		mv_json_free(x.versions);
		free(path);
		return failed ? out_fatal(&err) : CMD_FATAL;
	}
	if (json) {
		top = mv_json_object();
		mv_json_set(top, "path", mv_json_str(path ? path : typed));
		mv_json_set(top, "versions", x.versions);
		free(path);
		return out_json(top);
	}
	free(path);
	return CMD_OK;
}

int cmd_du(int argc, const char **argv, struct cmd_env *env)
{
	struct show show = { .table = TABLE_INIT(head) };
	struct mv_du_total total;
	int json = 0, explained = 0, failed;
	const struct opt opts[] = {
		OPT_BOOL('s', "summary", &show.summary, "only the sums"),
		OPT_BOOL('a', "all", &show.all,
			 "each file, also where a commit has many in a folder"),
		OPT_BOOL(0, "explain", &explained,
			 "how the versions of a path are held"),
		OPT_JSON(&json),
		OPT_END
	};
	struct mv_err err;

	argc = opt_parse(argc, argv, opts, usage);
	if (explained && (show.summary || show.all))
		return opt_usage_error(opts, usage, "--explain has neither -s "
				       "nor -a");
	if (opt_count(argc, argv, !!explained, !!explained, opts, usage))
		return CMD_USAGE;
	if (explained)
		return explain(argv[0], json, env);
	if (json)
		show.versions = mv_json_array();
	failed = mv_care_du(env->repo, show_version, &show, &total, &err);
	add_groups(&show);
	free(show.v);
	if (table_print(&show.table, 0, env) || failed) {
		mv_json_free(show.versions);
		return failed ? out_fatal(&err) : CMD_FATAL;
	}
	return json ? du_print_json(&show, &total) : print_total(&total);
}
