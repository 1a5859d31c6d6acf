/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "libmv/http/priv.h"

/*
 * One request: over redirects, past the question who we are, and again where
 * that may help.
 */
#define HOPS_MAX 5
#define LOGINS_MAX 3		/* that are refused */
#define ATTEMPTS 8
#define ATTEMPTS_UNREACHABLE 2
#define RETRY_MS ((int64_t)5 * 60 * 1000)
#define FIRST_WAIT_MS 250
#define LONGEST_WAIT_MS 10000
#define NAP_MS 50
#define PROGRESS ((uint64_t)1 << 20)	/* so much more is no failure */

int mv_http_new(struct mv_http **out, const struct mv_http_options *options,
		struct mv_err *err)
{
	struct mv_http *http = calloc(1, sizeof(*http));

	if (!http)
		return mv_nomem(err);
	http->options = *options;
	if (!http->options.attempts)
		http->options.attempts = ATTEMPTS;
	if (!http->options.retry_ms)
		http->options.retry_ms = RETRY_MS;
	pthread_mutex_init(&http->lock, NULL);
	*out = http;
	return 0;
}

void mv_http_free(struct mv_http *http)
{
	if (!http)
		return;
	mv_http_close(http);
	mv_http_rules_release(http);
	mv_http_login_release(http);
	pthread_mutex_destroy(&http->lock);
	free(http);
}

void mv_http_answer_release(struct mv_http_answer *answer)
{
	mv_buf_release(&answer->text);
}

int mv_http_origin(char **out, struct mv_http *http, const char *text,
		   struct mv_err *err)
{
	struct mv_http_url url = { 0 };
	int rc = mv_http_open(http, err);

	if (!rc)
		rc = mv_http_url_parse(&url, http, NULL, text, err);
	if (!rc)
		rc = mv_set_str(out, url.origin, err);
	mv_http_url_release(&url);
	return rc;
}

/* -- redirects ------------------------------------------------------------- */

static int is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 ||
	       status == 307 || status == 308;
}

/*
 * May it be followed? A body goes where it was sent again only with 307 and
 * 308, and never to another origin.
 */
static int may_follow(const struct mv_http_exchange *x,
		      const struct mv_http_url *from,
		      const struct mv_http_url *to, struct mv_err *err)
{
	const int get = !strcmp(x->request->method, "GET");

	if (!strcmp(from->scheme, "https") && strcmp(to->scheme, "https"))
		return mv_fail(err, MV_EDENIED, "%s leads from https to %s, "
			       "which is not followed", from->origin,
			       to->origin);
	if (!get && strcmp(from->origin, to->origin))
		return mv_fail(err, MV_EDENIED, "%s has moved to %s: what is "
			       "sent there must be meant for it, so configure "
			       "that URL", from->origin, to->origin);
	if (!get && x->status < 307)
		return mv_fail(err, MV_ENETWORK, "%s answers a %s with a "
			       "redirect (%d) that would lose it: configure "
			       "the URL that it leads to", from->origin,
			       x->request->method, x->status);
	return 0;
}

/* *url becomes the next one. */
static int follow(struct mv_http_exchange *x, struct mv_http_url *url,
		  int *foreign, struct mv_err *err)
{
	struct mv_http_url next = { 0 };
	int rc = 0;

	if (!x->location)
		return mv_fail(err, MV_ENETWORK, "%s redirects to nowhere",
			       url->origin);
	rc = mv_http_url_parse(&next, x->http, url, x->location, err);
	if (rc)
		mv_err_prefix(err, "%s redirects to a place that is not "
			      "followed", url->origin);
	else
		rc = may_follow(x, url, &next, err);
	if (rc) {
		mv_http_url_release(&next);
		return rc;
	}
	/* Once away, always away: a way back would be the server's word. */
	*foreign |= strcmp(url->origin, next.origin) != 0;
	mv_http_url_release(url);
	*url = next;
	return 0;
}

/* -- one way through ------------------------------------------------------- */

static int ask_place(struct mv_http_exchange *x, const struct mv_http_url *url,
		     char **login, struct mv_err *err)
{
	int rc;

	pthread_mutex_lock(&x->http->lock);
	rc = mv_http_rules_find(&x->rules, x->http, url, err);
	pthread_mutex_unlock(&x->http->lock);
	if (!rc && !x->anonymous && !x->own_login && !*login)
		rc = mv_http_login_known(login, x->http, url->origin, err);
	if (rc)
		return rc;
	x->url = url;
	x->authorization = x->anonymous ? NULL : *login;
	return mv_http_exchange(x, err);
}

static int next_login(char **login, struct mv_http_exchange *x, int tries,
		      struct mv_err *err)
{
	char *refused = *login;
	int rc;

	*login = NULL;
	if (tries == LOGINS_MAX)
		rc = mv_fail(err, MV_EDENIED, "%s refuses these credentials",
			     x->url->origin);
	else
		rc = mv_http_login_find(login, x->http, x->url, refused, err);
	free(refused);
	return rc;
}

/* A header of the request that says who we are: then nobody else does. */
static int has_own_login(const struct mv_http_request *request)
{
	for (size_t i = 0; request->headers && request->headers[i]; i++)
		if (!strncasecmp(request->headers[i], "authorization:", 14))
			return 1;
	return 0;
}

static int way_through(struct mv_http_exchange *x, struct mv_err *err)
{
	const struct mv_http_request *original = x->request;
	struct mv_http_request bare = *original;
	const int own = original->flags & MV_HTTP_NO_LOGIN ||
			has_own_login(original);
	struct mv_http_url url;
	char *login = NULL;
	int foreign = 0, hops = 0, logins = 0;
	int rc = mv_http_url_parse(&url, x->http, NULL, original->url, err);

	bare.headers = NULL;
	while (!rc) {
		x->request = foreign ? &bare : original;
		x->anonymous = foreign ||
			       original->flags & MV_HTTP_ANONYMOUS;
		x->own_login = own && !foreign;
		rc = ask_place(x, &url, &login, err);
		if (!rc && is_redirect(x->status)) {
			if (hops++ == HOPS_MAX)
				rc = mv_fail(err, MV_ENETWORK, "%s redirects "
					     "again and again", url.origin);
			else
				rc = follow(x, &url, &foreign, err);
			if (foreign) {
				free(login);
				login = NULL;
			}
		} else if (!rc && x->status == 401 && !x->anonymous &&
			   !x->own_login) {
			rc = next_login(&login, x, logins++, err);
		} else {
			break;
		}
	}
	if (!rc && login && x->status < 400)
		mv_http_login_good(x->http, url.origin);
	free(login);
	mv_http_url_release(&url);
	x->request = original;
	x->url = NULL;
	return rc;
}

/* -- again ----------------------------------------------------------------- */

static int64_t ms_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int nap(const struct mv_http_options *o, int64_t ms, struct mv_err *err)
{
	const int64_t until = ms_now() + ms;
	int64_t left;

	while ((left = until - ms_now()) > 0) {
		if (o->stop && o->stop(o->stop_payload))
			return mv_fail(err, MV_ECANCELLED, "interrupted");
		usleep((useconds_t)(left < NAP_MS ? left : NAP_MS) * 1000);
	}
	return 0;
}

/* Twice as long each time, and never at the same moment as all others. */
static int64_t how_long(unsigned failures)
{
	int64_t ms = FIRST_WAIT_MS;
	struct timespec ts;

	while (--failures && ms < LONGEST_WAIT_MS)
		ms *= 2;
	if (ms > LONGEST_WAIT_MS)
		ms = LONGEST_WAIT_MS;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ms / 2 + ts.tv_nsec / 1000 % (ms / 2 + 1);
}

static int is_busy(int status)
{
	return status == 429 || status == 408 || status == 500 ||
	       status == 502 || status == 503 || status == 504;
}

/* What is there is no beginning of what the server has. */
static int out_of_range(struct mv_http_exchange *x, struct mv_err *err)
{
	struct mv_http_sink *sink = x->request->sink;

	if (x->status != 416 || !sink || !sink->have)
		return 0;
	sink->have = 0;
	return sink->restart(sink->payload, err) ? -1 : 1;
}

struct patience {
	unsigned failures;
	int64_t since;		/* the first of them; ms */
	uint64_t best;		/* what the sink had then */
};

/* 1: try again now; 0: it is as it is; below: interrupted. */
static int try_again(struct patience *p, const struct mv_http_exchange *x,
		     struct mv_err *err)
{
	const struct mv_http_options *o = &x->http->options;
	const uint64_t have = x->request->sink ? x->request->sink->have : 0;
	const int64_t now = ms_now();
	int64_t ms;
	unsigned most = o->attempts;
	int rc;

	if (have >= p->best + PROGRESS || !p->failures) {
		p->failures = 0;
		p->since = now;
	}
	if (have > p->best)
		p->best = have;
	if (x->unreachable && most > ATTEMPTS_UNREACHABLE)
		most = ATTEMPTS_UNREACHABLE;
	if (++p->failures >= most)
		return 0;
	ms = x->retry_after_ms >= 0 ? x->retry_after_ms :
				      how_long(p->failures);
	if (ms > o->retry_ms - (now - p->since))
		return 0;
	rc = nap(o, ms, err);
	return rc ? rc : 1;
}

int mv_http_ask(struct mv_http_answer *out, struct mv_http *http,
		const struct mv_http_request *request, struct mv_err *err)
{
	struct mv_http_exchange x = { .request = request, .http = http,
				      .answer = out };
	struct patience patience = { 0 };
	struct mv_err stopped;
	int rc, more;

	if (request->sink)
		patience.best = request->sink->have;
	memset(out, 0, sizeof(*out));
	mv_buf_init(&out->text, (size_t)16 << 20);
	rc = mv_http_open(http, err);
	while (!rc) {
		rc = way_through(&x, err);
		more = rc ? 0 : out_of_range(&x, err);
		if (more > 0)
			continue;
		if (more < 0)
			rc = err ? (int)err->code : MV_EIO;
		if (rc ? !x.again : !is_busy(x.status))
			break;
		more = try_again(&patience, &x, &stopped);
		if (more < 0)
			rc = mv_fail(err, more, "%s", stopped.msg);
		if (more <= 0)
			break;
		rc = 0;
	}
	out->status = rc ? 0 : x.status;
	free(x.location);
	free(x.etag);
	return rc;
}
