/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libmv/base/json-read.h"
#include "libmv/base/json.h"
#include "libmv/base/time.h"
#include "libmv/base/words.h"
#include "libmv/repo/state.h"
#include "libmv/transfer/server.h"

/* The batch API of Git LFS: which objects move, and how. */
#define LFS_TYPE "application/vnd.git-lfs+json"
#define HEADERS_MAX 32
#define HEADER_MAX 8192
#define EARLY_MS 5000		/* an action ends a little before it does */

void mv_transfer_server_free_list(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

/* -- headers --------------------------------------------------------------- */

struct taken {
	char **list;
	size_t count;
	struct mv_err *err;
};

static int header_is_good(const char *name, const char *value, size_t len)
{
	static const char more[] = "!#$%&'*+-.^_`|~";

	if (!*name || strlen(name) + len > HEADER_MAX || strlen(value) != len)
		return 0;
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr(more, *c))
			return 0;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)value[i] < 0x20 || value[i] == 0x7f)
			return 0;
	return 1;
}

static int take_action_header(void *payload, const char *name,
		       const struct mv_json *v)
{
	struct taken *t = payload;
	size_t len = 0;
	const char *value = mv_json_get_str(v, &len);

	if (!value || !header_is_good(name, value, len) ||
	    t->count == HEADERS_MAX)
		return mv_fail(t->err, MV_EINVALID, "the LFS server wants a "
			       "header that is none");
	/* We know the length; the host is the URL's. */
	if (!strcasecmp(name, "content-length") || !strcasecmp(name, "host"))
		return 0;
	t->list[t->count] = mv_strf("%s: %s", name, value);
	if (!t->list[t->count])
		return mv_nomem(t->err);
	t->count++;
	return 0;
}

int mv_transfer_server_headers(char ***out, const struct mv_json *object,
			       struct mv_err *err)
{
	struct taken t = { calloc(HEADERS_MAX + 1, sizeof(char *)), 0, err };
	int rc = t.list ? 0 : mv_nomem(err);

	*out = NULL;
	if (!rc && mv_json_type(object) == MV_JSON_OBJECT)
		rc = mv_json_each(object, take_action_header, &t);
	if (rc)
		mv_transfer_server_free_list(t.list);
	else
		*out = t.list;
	return rc;
}

/* -- what comes back ------------------------------------------------------- */

static void action_release(struct mv_transfer_action *action)
{
	free(action->href);
	mv_transfer_server_free_list(action->headers);
	memset(action, 0, sizeof(*action));
}

void mv_transfer_item_release(struct mv_transfer_item *item)
{
	action_release(&item->action);
	action_release(&item->verify);
}

static int64_t action_until(const struct mv_json *action)
{
	const int64_t seconds = mv_json_get_int(
		mv_json_get(action, "expires_in"));
	const char *at = mv_json_get_str(mv_json_get(action, "expires_at"),
					 NULL);
	int64_t until;

	if (seconds > 0 && seconds < INT32_MAX)
		return mv_now_ms() + seconds * 1000 - EARLY_MS;
	/* Year 1 is how some say "not at all". */
	if (at && !mv_time_parse(&until, at, NULL) && until > 0)
		return until - EARLY_MS;
	return 0;
}

static int take_action(struct mv_transfer_action *out,
		       const struct mv_json *action, struct mv_err *err)
{
	const char *href;
	int rc;

	action_release(out);
	if (mv_json_type(action) == MV_JSON_NULL)
		return 0;
	href = mv_json_get_str(mv_json_get(action, "href"), NULL);
	if (!href)
		return mv_fail(err, MV_ENETWORK, "the LFS server names an "
			       "action without a URL");
	rc = mv_set_str(&out->href, href, err);
	if (!rc)
		rc = mv_transfer_server_headers(&out->headers,
						mv_json_get(action, "header"),
						err);
	out->until = action_until(action);
	return rc;
}

static int is_login(const char *header)
{
	return !strncasecmp(header, "authorization:", 14);
}

/*
 * What ssh gave us for this server is for all of it, where the action says
 * nothing better: at the same origin only.
 */
static int add_pass(struct mv_transfer_action *action,
		    const struct mv_transfer_server *s, struct mv_err *err)
{
	char *origin = NULL;
	size_t n = 0;
	int rc;

	if (!action->href || !s->headers)
		return 0;
	rc = mv_http_origin(&origin, s->http, action->href, err);
	while (!rc && action->headers[n] && !is_login(action->headers[n]))
		n++;
	if (rc || action->headers[n] || strcmp(origin, s->origin)) {
		free(origin);
		return rc;
	}
	free(origin);
	for (size_t i = 0; !rc && s->headers[i] && n < HEADERS_MAX; i++) {
		action->headers[n] = strdup(s->headers[i]);
		rc = action->headers[n++] ? 0 : mv_nomem(err);
	}
	return rc;
}

static enum mv_code code_of_status(int64_t status)
{
	switch (status) {
	case 401:
	case 403:
		return MV_EDENIED;
	case 404:
	case 410:
		return MV_ENOENT;
	case 409:
	case 422:
		return MV_EINVALID;
	case 501:
		return MV_ENOTSUP;
	default:
		return MV_ENETWORK;
	}
}

static const char *meaning(int64_t status)
{
	switch (status) {
	case 401:
		return "wants to know who you are";
	case 403:
		return "does not permit it";
	case 404:
		return "has none of it (or does not show it to you)";
	case 409:
		return "has another algorithm for names";
	case 410:
		return "has had it removed";
	case 413:
		return "says it is too large";
	case 422:
		return "calls it invalid";
	case 429:
		return "has had too many requests";
	case 501:
		return "does not support it";
	case 507:
		return "has no room left";
	case 509:
		return "says the bandwidth limit is reached";
	default:
		return status >= 500 ? "has a fault" : "refuses";
	}
}

static int refuse(struct mv_err *err, const char *origin, int64_t status,
		  const char *message)
{
	char words[300];

	if (message && *message)
		return mv_fail(err, code_of_status(status), "%s %s (%d: %s)", origin,
			       meaning(status), (int)status,
			       mv_words(words, sizeof(words), "%s", message));
	return mv_fail(err, code_of_status(status), "%s %s (%d)", origin,
		       meaning(status), (int)status);
}

int mv_transfer_server_refusal(struct mv_err *err, const char *origin,
			       const struct mv_http_answer *answer)
{
	struct mv_json *v = NULL;
	int rc;

	(void)mv_json_parse_loose(&v, answer->text.data, answer->text.len,
				  NULL);
	rc = refuse(err, origin, answer->status,
		    mv_json_get_str(mv_json_get(v, "message"), NULL));
	mv_json_free(v);
	return rc;
}

static int take_object(struct mv_transfer_item *item, const struct mv_json *v,
		       struct mv_err *err)
{
	const struct mv_transfer_server *s = item->server;
	const struct mv_json *actions = mv_json_get(v, "actions");
	const struct mv_json *error = mv_json_get(v, "error");
	int rc;

	item->answered = 1;
	item->authenticated = mv_json_get_bool(mv_json_get(v,
							   "authenticated"));
	if (mv_json_type(error) == MV_JSON_OBJECT) {
		(void)refuse(&item->err, s->origin,
			     mv_json_get_int(mv_json_get(error, "code")),
			     mv_json_get_str(mv_json_get(error, "message"),
					     NULL));
		return 0;
	}
	rc = take_action(&item->action, mv_json_get(actions, s->push ?
						    "upload" : "download"),
			 err);
	if (!rc && s->push)
		rc = take_action(&item->verify, mv_json_get(actions, "verify"),
				 err);
	if (!rc && !item->authenticated)
		rc = add_pass(&item->action, s, err);
	if (!rc && !item->authenticated)
		rc = add_pass(&item->verify, s, err);
	if (!rc && !s->push && !item->action.href)
		(void)mv_fail(&item->err, MV_ENETWORK, "%s does not say where "
			      "it is", s->origin);
	return rc;
}

static struct mv_transfer_item *item_of(struct mv_transfer_item *items,
					size_t count, const struct mv_json *v)
{
	size_t len = 0;
	const char *hex = mv_json_get_str(mv_json_get(v, "oid"), &len);
	struct mv_oid oid;

	if (!hex || len != MV_OID_HEX || mv_oid_parse(&oid, hex, len))
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (mv_oid_eq(&items[i].pointer->oid, &oid))
			return &items[i];
	return NULL;
}

static int take_answer(struct mv_transfer_server *server,
		       struct mv_transfer_item *items, size_t count,
		       const struct mv_json *v, struct mv_err *err)
{
	const struct mv_json *list = mv_json_get(v, "objects");
	const char *how = mv_json_get_str(mv_json_get(v, "transfer"), NULL);
	const char *algo = mv_json_get_str(mv_json_get(v, "hash_algo"), NULL);
	int rc = 0;

	if (how && strcmp(how, "basic"))
		return mv_fail(err, MV_ENOTSUP, "%s wants another transfer "
			       "than 'basic'", server->origin);
	if (algo && strcmp(algo, "sha256"))
		return mv_fail(err, MV_ENOTSUP, "%s names objects by another "
			       "algorithm than sha256", server->origin);
	if (mv_json_type(list) != MV_JSON_ARRAY)
		return mv_fail(err, MV_ENETWORK, "%s does not answer as an "
			       "LFS server", server->origin);
	for (size_t i = 0; !rc && i < mv_json_size(list); i++) {
		const struct mv_json *one = mv_json_at(list, i);
		struct mv_transfer_item *item = item_of(items, count, one);

		if (item && !item->answered)
			rc = take_object(item, one, err);
	}
	for (size_t i = 0; !rc && i < count; i++)
		if (!items[i].answered)
			(void)mv_fail(&items[i].err, MV_ENETWORK, "%s says "
				      "nothing of it", server->origin);
	return rc;
}

/* -- asking ---------------------------------------------------------------- */

static void from_start(void *payload)
{
	struct mv_mem_reader *mem = payload;

	mem->pos = 0;
}

int mv_transfer_server_post(struct mv_http_answer *answer,
			    struct mv_transfer_server *server, const char *url,
			    char *const *headers, unsigned flags,
			    const struct mv_buf *json, struct mv_err *err)
{
	const char *all[HEADERS_MAX + 3] = { "Accept: " LFS_TYPE,
					     "Content-Type: " LFS_TYPE };
	struct mv_mem_reader mem = { json->data, json->len, 0 };
	struct mv_source body = { mv_reader_mem(&mem), from_start };
	const struct mv_http_request request = {
		.method = "POST", .url = url, .headers = all, .body = &body,
		.body_len = json->len, .flags = flags
	};

	for (size_t i = 0; headers && headers[i]; i++)
		all[i + 2] = headers[i];
	return mv_http_ask(answer, server->http, &request, err);
}

static int print_question(struct mv_buf *out,
			  const struct mv_transfer_server *server,
			  const struct mv_transfer_item *items, size_t count,
			  struct mv_err *err)
{
	struct mv_json *v = mv_json_object(), *list = mv_json_array();
	struct mv_json *transfers = mv_json_array();
	char hex[MV_OID_HEX + 1];
	int rc;

	mv_json_set(v, "operation", mv_json_str(server->push ? "upload" :
						"download"));
	mv_json_push(transfers, mv_json_str("basic"));
	mv_json_set(v, "transfers", transfers);
	for (size_t i = 0; i < count; i++) {
		struct mv_json *one = mv_json_object();

		mv_json_set(one, "oid", mv_json_str(mv_oid_hex(
			hex, &items[i].pointer->oid)));
		mv_json_set(one, "size", mv_json_int(
			(int64_t)items[i].pointer->size));
		mv_json_push(list, one);
	}
	mv_json_set(v, "objects", list);
	mv_json_set(v, "hash_algo", mv_json_str("sha256"));
	rc = mv_json_print(out, v, 0, err);
	mv_json_free(v);
	return rc;
}

/* Who named the server decides whether it may know who we are. */
static int refused_as_a_whole(struct mv_err *err,
			      const struct mv_transfer_server *server,
			      const struct mv_http_answer *answer)
{
	if (answer->status == 401 && server->flags & MV_HTTP_ANONYMOUS)
		return mv_fail(err, MV_EDENIED, "%s, which only .lfsconfig "
			       "names, wants to know who you are; if it may: "
			       "git config lfs.url URL, as .lfsconfig has it",
			       server->origin);
	return mv_transfer_server_refusal(err, server->origin, answer);
}

static int ask_once(int *status, struct mv_transfer_server *server,
		    struct mv_transfer_item *items, size_t count,
		    struct mv_err *err)
{
	char *url = mv_strf("%s/objects/batch", server->url);
	struct mv_http_answer answer;
	struct mv_json *v = NULL;
	struct mv_buf question;
	int rc;

	*status = 0;
	memset(&answer, 0, sizeof(answer));
	mv_buf_init(&question, (size_t)1 << 20);
	mv_buf_init(&answer.text, 1);
	rc = url ? print_question(&question, server, items, count, err) :
		   mv_nomem(err);
	if (!rc)
		rc = mv_transfer_server_post(&answer, server, url,
					     server->headers, server->flags,
					     &question, err);
	if (!rc)
		*status = answer.status;
	if (!rc && answer.status != 200)
		rc = refused_as_a_whole(err, server, &answer);
	if (!rc && mv_json_parse_loose(&v, answer.text.data, answer.text.len,
				       err)) {
		mv_err_prefix(err, "%s does not answer as an LFS server",
			      server->origin);
		rc = MV_ENETWORK;
	}
	if (!rc)
		rc = take_answer(server, items, count, v, err);
	mv_json_free(v);
	mv_http_answer_release(&answer);
	mv_buf_release(&question);
	free(url);
	return rc;
}

int mv_transfer_batch(struct mv_transfer_server *server,
		      struct mv_transfer_item *items, size_t count,
		      struct mv_err *err)
{
	int status, rc;

	for (size_t i = 0; i < count; i++) {
		items[i].answered = 0;
		mv_transfer_item_release(&items[i]);
	}
	rc = ask_once(&status, server, items, count, err);
	if (status != 413 || count < 2)
		return rc;
	/* Too many at once: in halves. */
	rc = mv_transfer_batch(server, items, count / 2, err);
	return rc ? rc : mv_transfer_batch(server, items + count / 2,
					   count - count / 2, err);
}
