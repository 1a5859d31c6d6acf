/* SPDX-License-Identifier: MIT */
#ifndef MV_HTTP_H
#define MV_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/buf.h"
#include "libmv/base/stream.h"

/*
 * http: how is a server asked? One request and its answer, whatever happens on
 * the way. Hidden: libcurl (opened at the first request, so that whoever asks
 * nobody pays nothing), connections that are used again, what git's `http.*`
 * and `http.<url>.*` say of proxies, certificates and headers, redirects,
 * credentials (`git credential`), and trying again.
 *
 * Every byte of a server is hostile: headers and texts are bounded, only http
 * and https are spoken. A secret (a login, a header of the configuration or of
 * the request, a client certificate) goes to the scheme, host and port that it
 * was meant for, and is dropped where a redirect leads elsewhere; https never
 * becomes http. No message repeats a URL: it could be one.
 *
 * A client is used by any number of threads at once, as long as nobody else
 * uses its `git` meanwhile; requests made at once are as many connections.
 */
struct mv_git;
struct mv_http;
struct mv_proc_env;

struct mv_http_options {
	struct mv_git *git;		/* for configuration and credentials */
	const struct mv_proc_env *env;
	unsigned attempts;		/* in a row that bring nothing; 0: 8 */
	int64_t retry_ms;		/* as long as nothing is brought; 0: 5
					   minutes */
	int (*stop)(void *payload);	/* from any thread: is it enough? */
	void *stop_payload;
};

/* Borrows what `options` names. Nothing is opened or asked yet. */
int mv_http_new(struct mv_http **out, const struct mv_http_options *options,
		struct mv_err *err);
void mv_http_free(struct mv_http *http);	/* NULL is fine */

/*
 * Where the bytes of a success go. They come in order and each once, over as
 * many answers as it takes; `restart` says that all so far, what was there
 * before the request too, is void: the server does not go on in the middle.
 */
struct mv_http_sink {
	int (*write)(void *payload, const void *data, size_t len,
		     struct mv_err *err);
	int (*restart)(void *payload, struct mv_err *err);
	void *payload;
	uint64_t have;	/* bytes that are there already */
	uint64_t size;	/* what it must be in all */
};

enum mv_http_flags {
	/* Neither credentials nor anything of the configuration that is secret:
	   for what a server, or a file of the repository alone, names. */
	MV_HTTP_ANONYMOUS = 1 << 0,
	/* No credentials and no http.extraHeader: the URL, or a header of the
	   request, says who we are (implied by one of Authorization). */
	MV_HTTP_NO_LOGIN = 1 << 1
};

struct mv_http_request {
	const char *method;		/* GET, POST, PUT */
	const char *url;
	const char *const *headers;	/* "Name: value", NULL at the end; may
					   be NULL */
	struct mv_source *body;		/* NULL: none; `rewind` is needed */
	uint64_t body_len;
	struct mv_http_sink *sink;	/* NULL: the answer is text */
	unsigned flags;
};

struct mv_http_answer {
	int status;
	struct mv_buf text;	/* its head where it is no success */
};

/*
 * Ask, until there is an answer that another try would not change: 0, and its
 * status may be one of failure. What may pass (no connection, 429, 5xx, a body
 * that ends early) is tried again, later and later, `Retry-After` heard, within
 * the bounds of the options. Release the answer, after a failure, too.
 *
 * MV_ENETWORK: it does not answer, or not as HTTP is spoken. MV_EDENIED: not
 * who it should be, a redirect that is not followed, or no login. MV_ECORRUPT:
 * more than the sink's size. MV_EINVALID: no URL. MV_ENOTSUP: no libcurl, or
 * another scheme. MV_ECANCELLED: `stop`. What the sink says is handed on.
 */
int mv_http_ask(struct mv_http_answer *out, struct mv_http *http,
		const struct mv_http_request *request, struct mv_err *err);
void mv_http_answer_release(struct mv_http_answer *answer);

/* "https://host:8443" of a URL, yours: all that a message may say of it, and
   what secrets belong to. MV_EINVALID, MV_ENOTSUP as above. */
int mv_http_origin(char **out, struct mv_http *http, const char *url,
		   struct mv_err *err);

#endif
