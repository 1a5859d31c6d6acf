/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/opt.h"
#include "cmd/out.h"
#include "cmd/transfer.h"
#include "libmv/base/config.h"
#include "libmv/base/grow.h"
#include "libmv/setup/setup.h"
#include "libmv/store/pointer.h"
#include "libmv/tensor/tensor.h"
#include "libmv/transfer/part.h"
#include "libmv/transfer/transfer.h"

static const char *const usage[] = {
	"git model fetch [--all] [--json] [<remote> [<revision>...]]",
	"git model fetch --tensor <glob> [<options>] [<remote> [<revision>...]]",
	NULL
};

/* -- only some tensors ---------------------------------------------------- */

struct tensors {
	struct cmd_env *env;
	const char *remote;
	const struct opt_list *globs;
	struct mv_json *json;		/* NULL: lines */
	uint64_t contents, matched, failed, bytes, chunks, stored;
};

struct ranges {
	struct mv_range *v;
	size_t count, alloc;
	uint64_t bytes;
};

static int fetch_wants(const struct mv_tensor *t, const struct opt_list *globs)
{
	for (size_t i = 0; i < globs->count; i++)
		if (mv_tensor_matches(t, globs->v[i]))
			return 1;
	return 0;
}

/* One that no range can be given for is no reason to leave the others. */
static int choose(struct ranges *out, const struct mv_layout *layout,
		  const struct opt_list *globs, const char *path,
		  struct mv_err *err)
{
	struct mv_err why;

	for (size_t i = 0; i < layout->count; i++) {
		const struct mv_tensor *t = &layout->tensors[i];

		if (!fetch_wants(t, globs))
			continue;
		if (mv_tensor_readable(t, &why)) {
			out_warn("'%s': %s", path, why.msg);
			continue;
		}
		if (MV_GROW(out->v, out->alloc, out->count + 1, err))
			return MV_ENOMEM;
		out->v[out->count].off = t->offset;
		out->v[out->count++].len = t->length;
		out->bytes += t->length;
	}
	return 0;
}

static void say_brought(struct tensors *w, const char *path,
			const struct ranges *r,
			const struct mv_transfer_part_state *state)
{
	char size[32], stored[32];
	struct mv_json *o;

	if (!w->json) {
		out_line("%s: %zu tensor%s (%s), %s in %llu new chunk%s%s", path,
			 r->count, out_s(r->count),
			 mv_print_size(size, r->bytes),
			 mv_print_size(stored, state->tx.new_stored),
			 (unsigned long long)state->tx.new_chunks,
			 out_s(state->tx.new_chunks),
			 state->whole ? "; all of it is here" : "");
		return;
	}
	o = mv_json_object();
	mv_json_set(o, "path", mv_json_str(path));
	mv_json_set(o, "tensors", mv_json_int((int64_t)r->count));
	mv_json_set(o, "size", mv_json_int((int64_t)r->bytes));
	mv_json_set(o, "new_chunks",
		    mv_json_int((int64_t)state->tx.new_chunks));
	mv_json_set(o, "bytes", mv_json_int((int64_t)state->tx.new_stored));
	mv_json_set(o, "whole", mv_json_bool(state->whole));
	mv_json_push(w->json, o);
}

static int bring(struct tensors *w, struct mv_transfer_part *part,
		 const char *path, const struct mv_layout *layout,
		 struct mv_err *err)
{
	struct mv_transfer_part_state state;
	struct ranges r = { NULL, 0, 0, 0 };
	int rc = choose(&r, layout, w->globs, path, err);

	if (!rc && r.count)
		rc = mv_transfer_part_bring(part, r.v, r.count, err);
	if (!rc && r.count) {
		mv_transfer_part_state(&state, part);
		w->matched += r.count;
		w->bytes += r.bytes;
		w->chunks += state.tx.new_chunks;
		w->stored += state.tx.new_stored;
		say_brought(w, path, &r, &state);
	}
	free(r.v);
	return rc;
}

/* What has no layout has no tensors; that is not said of what did not come. */
static int look_into(struct tensors *w, struct mv_transfer_part *part,
		     const char *path, struct mv_err *err)
{
	struct mv_layout layout;
	uint64_t size;
	uint8_t first;
	size_t got;
	int rc = mv_transfer_part_size(&size, part, err);

	if (!rc)
		rc = mv_transfer_part_read_at(part, 0, &first, 1, &got, err);
	if (rc)
		return rc;
	rc = mv_format_parse_at(&layout, mv_transfer_part_read_at, part, size,
				err);
	if (!rc)
		rc = bring(w, part, path, &layout, err);
	else if (rc == MV_ENOENT && !mv_transfer_part_failed(part))
		rc = 0;
	mv_layout_release(&layout);
	return rc;
}

/* One content that cannot be had does not keep the others away. */
static int fetch_one(void *payload, const char *path,
		     const struct mv_pointer *pointer, struct mv_err *err)
{
	struct tensors *w = payload;
	struct mv_transfer_part *part;
	int rc = mv_transfer_part_open(&part, w->env->repo, pointer,
				       w->remote, MV_PART_FETCH, err);

	w->contents++;
	if (!rc) {
		rc = look_into(w, part, path, err);
		mv_transfer_part_close(part);
	}
	if (rc == MV_ENOMEM)
		return rc;
	if (rc) {
		w->failed++;
		out_warn("'%s': %s", path, err->msg);
	}
	return 0;
}

static int say_all(struct tensors *w)
{
	struct mv_json *top;
	char size[32];
	int status;

	if (w->json) {
		top = mv_json_object();
		mv_json_set(top, "contents", w->json);
		mv_json_set(top, "tensors", mv_json_int((int64_t)w->matched));
		mv_json_set(top, "missing", mv_json_int((int64_t)w->failed));
		mv_json_set(top, "new_chunks",
			    mv_json_int((int64_t)w->chunks));
		mv_json_set(top, "bytes", mv_json_int((int64_t)w->stored));
		status = out_json(top);
	} else {
		out_line("downloaded %llu tensor%s (%s in %llu new chunk%s)",
			 (unsigned long long)w->matched, out_s(w->matched),
			 mv_print_size(size, w->stored),
			 (unsigned long long)w->chunks, out_s(w->chunks));
		status = CMD_OK;
	}
	if (!w->contents)
		out_warn("no content is named there; where nothing is checked "
			 "out say a revision: git model fetch --tensor PATTERN "
			 "REMOTE HEAD");
	else if (!w->matched && !w->failed)
		out_warn("no tensor matches");
	return status != CMD_OK ? status :
	       w->failed || !w->matched ? CMD_NO : CMD_OK;
}

static int fetch_tensors(struct cmd_env *env, const char *remote,
			 const char *const *revs, const struct opt_list *globs,
			 int json)
{
	struct tensors w = { .env = env, .remote = remote, .globs = globs };
	struct mv_err err;
	char *url = NULL;

	if (remote && mv_transfer_remote_url(&url, env->repo, remote, &err))
		return out_fatal(&err);
	free(url);
	w.json = json ? mv_json_array() : NULL;
	if (mv_transfer_part_each(env->repo, revs, fetch_one, &w, &err)) {
		mv_json_free(w.json);
		return out_fatal(&err);
	}
	return say_all(&w);
}

int cmd_fetch(int argc, const char **argv, struct cmd_env *env)
{
	const char *const *revs = NULL;
	struct opt_list globs = OPT_LIST_INIT;
	struct mv_transfer_stats stats;
	int all = 0, json = 0, status;
	const struct opt opts[] = {
		OPT_LIST(0, "tensor", &globs, "glob",
			 "only the chunks of tensors of such a name"),
		OPT_BOOL(0, "all", &all,
			 "what any ref reaches, not only the index"),
		OPT_JSON(&json),
		OPT_PROGRESS(env),
		OPT_END
	};
	struct mv_err err;

	argc = opt_parse(argc, argv, opts, usage);
	if (transfer_revisions(&revs, argc, argv, all, opts, usage)) {
		opt_list_release(&globs);
		return CMD_USAGE;
	}
	if (globs.count) {
		status = fetch_tensors(env, argc ? argv[0] : NULL, revs,
				       &globs, json);
		opt_list_release(&globs);
		return status;
	}
	if (mv_transfer_fetch(env->repo, argc ? argv[0] : NULL, revs, &stats,
			      &err))
		return out_fatal(&err);
	/* A bare clone has no filter that would see to it. */
	mv_setup_hooks_ensure(env->repo, 0, NULL);
	return transfer_end_fetch(env->repo, argc ? argv[0] : NULL, &stats,
				  json);
}
