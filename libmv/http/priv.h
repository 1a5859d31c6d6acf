/* SPDX-License-Identifier: MIT */
#ifndef MV_HTTP_PRIV_H
#define MV_HTTP_PRIV_H

#include <pthread.h>

#include "libmv/git/git.h"
#include "libmv/http/http.h"

/* What the files of http share. */
struct mv_http_curl;

/* As libcurl reads it. */
struct mv_http_url {
	char *text;		/* without user and password */
	char *scheme, *host, *path;
	char *origin;		/* the port only where it is another */
	char *user, *password;	/* decoded; NULL: none */
};

/* What configuration says for one place. */
struct mv_http_rules {
	char *place;		/* the URL as far as it matters */
	struct mv_buf vars;	/* "key\nvalue\0", without "http." */
	char **headers;		/* http.extraHeader, NULL at the end */
};

struct mv_http_login {
	char *origin;
	char *authorization;	/* a header; NULL: none is known */
	struct mv_buf words;	/* for `git credential approve`, reject */
	int approved;
};

#define MV_HTTP_IDLE 32

struct mv_http {
	struct mv_http_options options;
	pthread_mutex_t lock;	/* for all below, and for options.git */
	struct mv_http_curl *curl;
	void *idle[MV_HTTP_IDLE];
	size_t idle_count;
	struct mv_http_rules **rules;
	size_t rule_count, rule_alloc;
	int depth;		/* folders that `http.<url>.*` tell apart; -1:
				   none names a URL */
	int depth_known;
	struct mv_http_login **logins;
	size_t login_count, login_alloc;
};

/* One request on one connection, and what came of it. */
struct mv_http_exchange {
	const struct mv_http_request *request;
	struct mv_http *http;
	const struct mv_http_url *url;
	const struct mv_http_rules *rules;
	const char *authorization;	/* NULL: none */
	int anonymous;
	int own_login;		/* a header of the request is one */
	struct mv_http_answer *answer;

	int status;
	char *location, *etag;	/* etag stays from try to try */
	int64_t retry_after_ms;	/* -1: not said */
	uint64_t from;		/* of Content-Range; UINT64_MAX: none */
	size_t header_bytes;
	int begun;		/* the body of a success was looked at */
	int again;		/* the failure may pass */
	int unreachable;	/* not even a connection */
	int stopped;		/* by us: a callback has set rc */
	int enough;		/* by us: the head of a text was all we want */
	int rc;
	struct mv_err err;
};

/* -- curl ------------------------------------------------------------------ */

int mv_http_open(struct mv_http *http, struct mv_err *err);
void mv_http_close(struct mv_http *http);

/* `text` may be relative to `from` (NULL: it may not). */
int mv_http_url_parse(struct mv_http_url *out, struct mv_http *http,
		      const struct mv_http_url *from, const char *text,
		      struct mv_err *err);
void mv_http_url_release(struct mv_http_url *url);

/* 0: there is a status. */
int mv_http_exchange(struct mv_http_exchange *x, struct mv_err *err);

/* -- settings -------------------------------------------------------------- */

/* Locked by the caller. They live as long as the client. */
int mv_http_rules_find(const struct mv_http_rules **out, struct mv_http *http,
		       const struct mv_http_url *url, struct mv_err *err);
void mv_http_rules_release(struct mv_http *http);
/* Borrowed; NULL: not set. */
const char *mv_http_rule(const struct mv_http_rules *rules, const char *key);
/* A path: "~/" is the home directory. Yours. */
int mv_http_rule_path(char **out, const struct mv_http *http,
		      const struct mv_http_rules *rules, const char *variable,
		      const char *key, struct mv_err *err);
int mv_http_rule_off(int *off, const struct mv_http_rules *rules,
		     const char *key, struct mv_err *err);

/* -- login ----------------------------------------------------------------- */

/* A copy of what is known for the origin, yours; NULL: nothing. */
int mv_http_login_known(char **out, struct mv_http *http, const char *origin,
			struct mv_err *err);
/*
 * The server said 401 to `refused` (NULL: to nobody). What to send instead,
 * yours: what others found meanwhile, what the URL says, or what git knows or
 * asks for. MV_EDENIED: nothing.
 */
int mv_http_login_find(char **out, struct mv_http *http,
		       const struct mv_http_url *url, const char *refused,
		       struct mv_err *err);
void mv_http_login_good(struct mv_http *http, const char *origin);
void mv_http_login_release(struct mv_http *http);

#endif
