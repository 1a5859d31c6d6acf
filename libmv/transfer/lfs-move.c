/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "libmv/base/fs.h"
#include "libmv/base/json.h"
#include "libmv/base/pool.h"
#include "libmv/base/time.h"
#include "libmv/repo/state.h"
#include "libmv/store/lfsdir.h"
#include "libmv/transfer/server.h"

/*
 * Objects on their way to and from an LFS server, several at once. An object
 * that cannot be had does not keep the others from coming.
 */
#define BATCH 100		/* objects in one question */
#define ROUNDS 3		/* of asking for an action */

/*
 * Our login is for the server itself, and only where the action brings none.
 * A place elsewhere that the server names gets what the action says, no more.
 */
static int action_flags(unsigned *flags, const struct mv_transfer_item *item,
			const struct mv_transfer_action *action,
			struct mv_err *err)
{
	const struct mv_transfer_server *s = item->server;
	char *origin = NULL;
	int rc = mv_http_origin(&origin, s->http, action->href, err);

	*flags = s->flags;
	if (!rc && strcmp(origin, s->origin))
		*flags |= MV_HTTP_ANONYMOUS;
	if (item->authenticated)
		*flags |= MV_HTTP_NO_LOGIN;
	free(origin);
	return rc;
}

static int is_over(const struct mv_transfer_item *item, int64_t until)
{
	return until && mv_now_ms() > until && item->rounds < ROUNDS;
}

/* The failure may be one of an action that was too old. */
static void judge_status(struct mv_transfer_item *item,
			 const struct mv_http_answer *answer)
{
	const int status = answer->status;

	if ((status == 401 || status == 403 || status == 404) &&
	    item->action.until && item->rounds < ROUNDS)
		item->again = 1;
	else
		(void)mv_transfer_server_refusal(&item->err,
						 item->server->origin, answer);
}

/* Of the machine, not of one object: nothing else would come either. */
static int is_ours(int rc)
{
	return rc == MV_EIO || rc == MV_ENOMEM || rc == MV_ECANCELLED;
}

/* -- download -------------------------------------------------------------- */

static int sink_write(void *payload, const void *data, size_t len,
		      struct mv_err *err)
{
	return mv_lfsdir_part_write(payload, data, len, err);
}

static int sink_restart(void *payload, struct mv_err *err)
{
	return mv_lfsdir_part_restart(payload, err);
}

static int get_into(struct mv_transfer_item *item, struct mv_lfsdir_part *part,
		    uint64_t have, struct mv_err *err)
{
	struct mv_http_sink sink = { sink_write, sink_restart, part, have,
				     item->pointer->size };
	const struct mv_http_request request = {
		.method = "GET", .url = item->action.href,
		.headers = (const char *const *)item->action.headers,
		.sink = &sink
	};
	struct mv_http_request with = request;
	struct mv_http_answer answer;
	int rc = action_flags(&with.flags, item, &item->action, err);

	if (rc)
		return rc;
	rc = mv_http_ask(&answer, item->server->http, &with, err);
	if (!rc && answer.status / 100 != 2)
		judge_status(item, &answer);
	else if (!rc)
		rc = mv_lfsdir_part_finish(part, err);
	item->done = !rc && answer.status / 100 == 2;
	mv_http_answer_release(&answer);
	return rc;
}

static int get_once(struct mv_transfer_item *item, uint64_t *have,
		    struct mv_err *err)
{
	struct mv_lfsdir_part *part = NULL;
	int rc = mv_lfsdir_part_open(&part, have, item->dir,
				     &item->pointer->oid, item->pointer->size,
				     err);

	if (rc == MV_EEXISTS) {
		item->done = 1;
		return 0;
	}
	if (!rc)
		rc = get_into(item, part, *have, err);
	mv_lfsdir_part_close(part);
	return rc;
}

static int get_job(void *arg, unsigned worker, struct mv_err *err)
{
	struct mv_transfer_item *item = arg;
	uint64_t have = 0;
	int rc;

	(void)worker;
	if (is_over(item, item->action.until)) {
		item->again = 1;
		return 0;
	}
	rc = get_once(item, &have, &item->err);
	/* What was there of it may be what was wrong. */
	if (rc == MV_ECORRUPT && have)
		rc = get_once(item, &have, &item->err);
	if (!rc && item->done)
		item->err.code = 0;
	if (is_ours(rc))
		return mv_fail(err, rc, "%s", item->err.msg);
	return 0;
}

/* -- upload ---------------------------------------------------------------- */

static void file_rewind(void *payload)
{
	struct mv_file_source *file = payload;

	file->pos = 0;
}

static int has_type(char *const *headers)
{
	for (size_t i = 0; headers && headers[i]; i++)
		if (!strncasecmp(headers[i], "content-type:", 13))
			return 1;
	return 0;
}

/* The action's, and what the bytes are where it does not say. */
static const char **with_type(char *const *headers)
{
	size_t n = 0;
	const char **all;

	while (headers && headers[n])
		n++;
	all = calloc(n + 2, sizeof(*all));
	if (!all)
		return NULL;
	for (size_t i = 0; i < n; i++)
		all[i] = headers[i];
	if (!has_type(headers))
		all[n] = "Content-Type: application/octet-stream";
	return all;
}

static int put_body(struct mv_transfer_item *item, int fd, const char *path,
		    struct mv_err *err)
{
	struct mv_file_source file = { fd, 0, path };
	struct mv_source body = mv_source_file(&file);
	const char **headers = with_type(item->action.headers);
	struct mv_http_request request = {
		.method = "PUT", .url = item->action.href, .headers = headers,
		.body = &body, .body_len = item->pointer->size
	};
	struct mv_http_answer answer;
	int rc;

	body.rewind = file_rewind;
	rc = headers ? action_flags(&request.flags, item, &item->action, err) :
		       mv_nomem(err);
	if (!rc) {
		rc = mv_http_ask(&answer, item->server->http, &request, err);
		if (!rc && answer.status / 100 != 2)
			judge_status(item, &answer);
		mv_http_answer_release(&answer);
	}
	free(headers);
	return rc;
}

static int put_bytes(struct mv_transfer_item *item, struct mv_err *err)
{
	char hex[MV_OID_HEX + 1], *path;
	struct stat st;
	int fd = -1, rc;

	mv_oid_hex(hex, &item->pointer->oid);
	path = mv_strf("%s/objects/%.2s/%.2s/%s", item->dir, hex, hex + 2, hex);
	rc = path ? mv_open_read(&fd, &st, path, err) : mv_nomem(err);
	if (!rc && (uint64_t)st.st_size != item->pointer->size)
		rc = mv_fail(err, MV_ECORRUPT, "'%s' has another size than "
			     "its pointer says", path);
	if (!rc)
		rc = put_body(item, fd, path, err);
	if (fd >= 0)
		close(fd);
	free(path);
	return rc;
}

static int put_verify(struct mv_transfer_item *item, struct mv_err *err)
{
	struct mv_json *v = mv_json_object();
	char hex[MV_OID_HEX + 1];
	struct mv_http_answer answer;
	struct mv_buf text;
	unsigned flags = 0;
	int rc;

	mv_buf_init(&text, 4096);
	mv_json_set(v, "oid", mv_json_str(mv_oid_hex(hex,
						     &item->pointer->oid)));
	mv_json_set(v, "size", mv_json_int((int64_t)item->pointer->size));
	rc = mv_json_print(&text, v, 0, err);
	mv_json_free(v);
	if (!rc)
		rc = action_flags(&flags, item, &item->verify, err);
	if (!rc) {
		rc = mv_transfer_server_post(&answer, item->server,
					     item->verify.href,
					     item->verify.headers, flags,
					     &text, err);
		if (!rc && answer.status / 100 != 2)
			rc = mv_transfer_server_refusal(err,
							item->server->origin,
							&answer);
		mv_http_answer_release(&answer);
	}
	mv_buf_release(&text);
	return rc;
}

static int put_job(void *arg, unsigned worker, struct mv_err *err)
{
	struct mv_transfer_item *item = arg;
	int rc;

	(void)worker;
	if (is_over(item, item->action.until)) {
		item->again = 1;
		return 0;
	}
	rc = put_bytes(item, &item->err);
	if (!rc && (item->again || item->err.code))
		return 0;
	if (!rc && item->verify.href)
		rc = put_verify(item, &item->err);
	item->done = item->sent = !rc;
	if (is_ours(rc))
		return mv_fail(err, rc, "%s", item->err.msg);
	return 0;
}

/* -- many ------------------------------------------------------------------ */

/* The server lacks it: from here, or not at all. */
static int needs_bytes(struct mv_transfer_item *item)
{
	const int push = item->server->push;

	item->done = push && !item->action.href && !item->err.code;
	if (item->done || item->err.code)
		return 0;
	if (!item->dir)
		return mv_fail(&item->err, MV_ENOENT, "%s does not have it",
			       item->server->origin), 0;
	return 1;
}

static int run_all(struct mv_transfer_server *server,
		   struct mv_transfer_item *items, size_t count, mv_job_fn job,
		   struct mv_err *err)
{
	struct mv_group *group = NULL;
	int rc = 0;

	if (count == 1)
		return needs_bytes(items) ? job(items, 0, err) : 0;
	if (!server->pool)
		rc = mv_pool_new(&server->pool, server->threads, err);
	if (!rc)
		rc = mv_group_new(&group, server->pool, err);
	for (size_t i = 0; !rc && i < count; i++)
		if (needs_bytes(&items[i]))
			mv_group_submit(group, job, NULL, &items[i]);
	if (!rc)
		rc = mv_group_wait(group, err);
	mv_group_free(group);
	return rc;
}

/* Those whose action was too old, to the front. */
static size_t gather(struct mv_transfer_item *items, size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		struct mv_transfer_item moved = items[i];

		if (!items[i].again)
			continue;
		items[i] = items[n];
		items[n++] = moved;
	}
	return n;
}

static int move_batch(struct mv_transfer_server *server,
		      struct mv_transfer_item *items, size_t count,
		      mv_job_fn job, struct mv_err *err)
{
	int rc = 0;

	while (!rc && count) {
		for (size_t i = 0; i < count; i++) {
			items[i].server = server;
			items[i].again = 0;
			items[i].err.code = 0;
			items[i].rounds++;
		}
		rc = mv_transfer_batch(server, items, count, err);
		if (!rc)
			rc = run_all(server, items, count, job, err);
		if (!rc)
			count = gather(items, count);
	}
	return rc;
}

static int move_all(struct mv_transfer_server *server,
		    struct mv_transfer_item *items, size_t count,
		    mv_job_fn job, struct mv_err *err)
{
	int rc = 0;

	for (size_t at = 0; !rc && at < count; at += BATCH)
		rc = move_batch(server, items + at, count - at < BATCH ?
				count - at : BATCH, job, err);
	return rc;
}

int mv_transfer_server_get(struct mv_transfer_server *server,
			   struct mv_transfer_item *items, size_t count,
			   struct mv_err *err)
{
	return move_all(server, items, count, get_job, err);
}

int mv_transfer_server_put(struct mv_transfer_server *server,
			   struct mv_transfer_item *items, size_t count,
			   struct mv_err *err)
{
	return move_all(server, items, count, put_job, err);
}
