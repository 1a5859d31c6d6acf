/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libmv/base/library.h"
#include "libmv/http/priv.h"

/*
 * The door to libcurl, opened at the first request: it costs a start 8 ms. Its
 * pointers have the types of the header that we compile with; the ABI of
 * libcurl.so.4 only grows. What an older one does not know (it must be told
 * which protocols it may speak) is an error, never left out.
 *
 * Nothing is followed, remembered or answered by libcurl itself: redirects,
 * logins and trying again are http.c's.
 */
#define SONAME "libcurl.so.4"
#define HEADERS_MAX (256 * 1024)
#define HEADER_MAX (16 * 1024)
#define TEXT_MAX ((size_t)8 << 20)	/* of a success */
#define TEXT_HEAD (64 * 1024)		/* of anything else */
#define CONNECT_S 30L
#define STALL_S 30L
#define TEXT_S 300L			/* for an answer that is text */

#define FUNCTIONS(X) \
	X(curl_global_init) \
	X(curl_easy_init) \
	X(curl_easy_cleanup) \
	X(curl_easy_reset) \
	X(curl_easy_setopt) \
	X(curl_easy_perform) \
	X(curl_easy_getinfo) \
	X(curl_easy_strerror) \
	X(curl_slist_append) \
	X(curl_slist_free_all) \
	X(curl_getdate) \
	X(curl_free) \
	X(curl_url) \
	X(curl_url_cleanup) \
	X(curl_url_set) \
	X(curl_url_get)

#define MEMBER(name) __typeof__(&name) f_##name;

struct mv_http_curl {
	void *handle;
	FUNCTIONS(MEMBER)
};

static int curl_load(struct mv_http_curl *curl, struct mv_err *err)
{
	static const char *const name[] = {
#define NAME(n) #n,
		FUNCTIONS(NAME)
	};
	void **to[] = {
#define PLACE(n) (void **)&curl->f_##n,
		FUNCTIONS(PLACE)
	};

	/* For good: its TLS library has work to do when the process ends. */
	int rc = mv_library_open(&curl->handle, SONAME, MV_LIBRARY_FOR_GOOD,
				 "it speaks HTTP; install libcurl4", name, to,
				 sizeof(name) / sizeof(*name), err);

	if (rc)
		return rc;
	if (curl->f_curl_global_init(CURL_GLOBAL_DEFAULT))
		return mv_fail(err, MV_ENOTSUP, "%s does not start", SONAME);
	return 0;
}

int mv_http_open(struct mv_http *http, struct mv_err *err)
{
	struct mv_http_curl *curl;
	int rc = 0;

	pthread_mutex_lock(&http->lock);
	if (!http->curl) {
		curl = calloc(1, sizeof(*curl));
		rc = curl ? curl_load(curl, err) : mv_nomem(err);
		if (rc)
			free(curl);
		else
			http->curl = curl;
	}
	pthread_mutex_unlock(&http->lock);
	return rc;
}

void mv_http_close(struct mv_http *http)
{
	while (http->idle_count)
		http->curl->f_curl_easy_cleanup(
			http->idle[--http->idle_count]);
	free(http->curl);
}

/* -- URLs ------------------------------------------------------------------ */

void mv_http_url_release(struct mv_http_url *url)
{
	char **all[] = { &url->text, &url->scheme, &url->host, &url->path,
			 &url->origin, &url->user, &url->password };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		free(*all[i]);
		*all[i] = NULL;
	}
}

/* `none`: what it says then, and that it is no error. */
static int url_part(char **out, struct mv_http_curl *curl, CURLU *u,
		    CURLUPart part, unsigned flags, CURLUcode none,
		    struct mv_err *err)
{
	char *text = NULL;
	CURLUcode code = curl->f_curl_url_get(u, part, &text, flags);
	int rc = 0;

	if (code == none && none)
		return 0;
	if (code)
		return mv_fail(err, MV_EINVALID, "a URL is not written as one "
			       "(a control character, a host that is none?)");
	*out = strdup(text);
	if (!*out)
		rc = mv_nomem(err);
	curl->f_curl_free(text);
	return rc;
}

static int url_origin(struct mv_http_url *out, struct mv_http_curl *curl,
		      CURLU *u, struct mv_err *err)
{
	char *port = NULL;
	int rc = url_part(&out->scheme, curl, u, CURLUPART_SCHEME, 0, 0, err);

	if (!rc && strcmp(out->scheme, "https") && strcmp(out->scheme, "http"))
		return mv_fail(err, MV_ENOTSUP, "a URL of the scheme '%s' "
			       "where only http and https are spoken",
			       out->scheme);
	if (!rc)
		rc = url_part(&out->host, curl, u, CURLUPART_HOST,
			      CURLU_URLDECODE, 0, err);
	if (!rc)
		rc = url_part(&port, curl, u, CURLUPART_PORT,
			      CURLU_NO_DEFAULT_PORT, CURLUE_NO_PORT, err);
	if (!rc) {
		for (char *c = out->host; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		if (strspn(out->host, "abcdefghijklmnopqrstuvwxyz0123456789"
			   "._-:[]") != strlen(out->host) || !*out->host)
			rc = mv_fail(err, MV_EINVALID, "a URL has a host with "
				     "characters that no host has");
	}
	if (!rc && !(out->origin = mv_strf("%s://%s%s%s", out->scheme,
					   out->host, port ? ":" : "",
					   port ? port : "")))
		rc = mv_nomem(err);
	free(port);
	return rc;
}

static int url_take_apart(struct mv_http_url *out, struct mv_http_curl *curl,
			  CURLU *u, struct mv_err *err)
{
	char *decoded = NULL;
	int rc = url_origin(out, curl, u, err);

	if (!rc)
		rc = url_part(&out->user, curl, u, CURLUPART_USER,
			      CURLU_URLDECODE, CURLUE_NO_USER, err);
	if (!rc)
		rc = url_part(&out->password, curl, u, CURLUPART_PASSWORD,
			      CURLU_URLDECODE, CURLUE_NO_PASSWORD, err);
	if (!rc)
		rc = url_part(&out->path, curl, u, CURLUPART_PATH, 0, 0, err);
	/* Refuses control characters that are written as %XX. */
	if (!rc)
		rc = url_part(&decoded, curl, u, CURLUPART_PATH,
			      CURLU_URLDECODE, 0, err);
	free(decoded);
	if (!rc && (curl->f_curl_url_set(u, CURLUPART_USER, NULL, 0) ||
		    curl->f_curl_url_set(u, CURLUPART_PASSWORD, NULL, 0) ||
		    curl->f_curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0)))
		rc = mv_nomem(err);
	return rc ? rc : url_part(&out->text, curl, u, CURLUPART_URL, 0, 0,
				  err);
}

int mv_http_url_parse(struct mv_http_url *out, struct mv_http *http,
		      const struct mv_http_url *from, const char *text,
		      struct mv_err *err)
{
	struct mv_http_curl *curl = http->curl;
	CURLU *u = curl->f_curl_url();
	CURLUcode code = CURLUE_OK;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if (!u)
		return mv_nomem(err);
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c <= 0x20 || *c == 0x7f)
			rc = mv_fail(err, MV_EINVALID, "a URL has a blank or a "
				     "control character in it");
	if (!rc && from)
		code = curl->f_curl_url_set(u, CURLUPART_URL, from->text, 0);
	if (!rc && !code)
		code = curl->f_curl_url_set(u, CURLUPART_URL, text,
					    CURLU_NON_SUPPORT_SCHEME);
	if (!rc && code)
		rc = mv_fail(err, MV_EINVALID, "what should be a URL is none");
	if (!rc)
		rc = url_take_apart(out, curl, u, err);
	curl->f_curl_url_cleanup(u);
	if (rc)
		mv_http_url_release(out);
	return rc;
}

/* -- what comes ------------------------------------------------------------ */

static size_t stop_here(struct mv_http_exchange *x, int rc)
{
	x->rc = rc;
	x->stopped = 1;
	return 0;
}

/* The value of a header, when it is this one; NULL. */
static const char *value_of(const char *line, const char *name)
{
	const size_t len = strlen(name);

	if (strncasecmp(line, name, len) || line[len] != ':')
		return NULL;
	line += len + 1;
	return line + strspn(line, " \t");
}

/* Seconds, or a date. */
static int64_t retry_after(struct mv_http_exchange *x, const char *value)
{
	char *end;
	long long n;
	time_t at, now;

	errno = 0;
	n = strtoll(value, &end, 10);
	if (end != value && !*end)
		return errno || n < 0 || n > INT32_MAX ? INT32_MAX : n * 1000;
	at = x->http->curl->f_curl_getdate(value, NULL);
	now = time(NULL);
	if (at == (time_t)-1)
		return -1;
	return at <= now ? 0 : (int64_t)(at - now) * 1000;
}

/* The first byte of "bytes 5-9/10", or of nothing that we can go on with. */
static uint64_t range_begin(const char *value, uint64_t size)
{
	uint64_t from, to, all;

	if (sscanf(value, "bytes %" SCNu64 "-%" SCNu64 "/%" SCNu64, &from, &to,
		   &all) != 3 || from > to || to != all - 1 || all != size)
		return UINT64_MAX;
	return from;
}

static int keep(char **out, const char *value, struct mv_err *err)
{
	return mv_set_str(out, value, err);
}

static int note_header(struct mv_http_exchange *x, const char *line)
{
	const struct mv_http_sink *sink = x->request->sink;
	const char *value;

	if (!strncmp(line, "HTTP/", 5)) {
		const char *code = strchr(line, ' ');

		x->status = code ? atoi(code + 1) : 0;
		x->retry_after_ms = -1;
		x->from = UINT64_MAX;
		free(x->location);
		x->location = NULL;
		return 0;
	}
	if ((value = value_of(line, "Location")))
		return keep(&x->location, value, &x->err);
	if ((value = value_of(line, "Retry-After")))
		x->retry_after_ms = retry_after(x, value);
	if ((value = value_of(line, "Content-Range")) && sink)
		x->from = range_begin(value, sink->size);
	/* A weak one (W/"") says nothing about bytes. */
	if ((value = value_of(line, "ETag")) && *value == '"' &&
	    x->status == 200)
		return keep(&x->etag, value, &x->err);
	return 0;
}

static size_t on_header(char *data, size_t size, size_t count, void *payload)
{
	struct mv_http_exchange *x = payload;
	const size_t len = size * count;
	char line[HEADER_MAX];
	size_t n = len;
	int rc;

	x->header_bytes += len;
	if (x->header_bytes > HEADERS_MAX)
		return stop_here(x, mv_fail(&x->err, MV_ENETWORK,
					    "endless headers"));
	while (n && strchr("\r\n \t", data[n - 1]))
		n--;
	/* One that is longer is none of those that we know. */
	if (n >= sizeof(line) || memchr(data, '\0', n))
		return len;
	memcpy(line, data, n);
	line[n] = '\0';
	rc = note_header(x, line);
	return rc ? stop_here(x, rc) : len;
}

static int is_success(const struct mv_http_exchange *x)
{
	return x->status >= 200 && x->status < 300;
}

/* Where does the body go on? From the beginning, unless it says otherwise. */
static int begin_body(struct mv_http_exchange *x)
{
	struct mv_http_sink *sink = x->request->sink;
	int rc = 0;

	x->begun = 1;
	if (x->status == 206 && x->from == sink->have && sink->have)
		return 0;
	if (x->status == 206) {
		x->again = 1;
		rc = mv_fail(&x->err, MV_ENETWORK, "another part than was "
			     "asked for");
	}
	if (sink->have || rc) {
		int bad = sink->restart(sink->payload, &x->err);

		x->again &= !bad;
		sink->have = 0;
		rc = bad ? bad : rc;
	}
	return rc;
}

static size_t to_sink(struct mv_http_exchange *x, const char *data, size_t len)
{
	struct mv_http_sink *sink = x->request->sink;
	int rc = x->begun ? 0 : begin_body(x);

	if (!rc && len > sink->size - sink->have)
		rc = mv_fail(&x->err, MV_ECORRUPT, "more bytes than it should "
			     "have");
	if (!rc)
		rc = sink->write(sink->payload, data, len, &x->err);
	if (rc)
		return stop_here(x, rc);
	sink->have += len;
	return len;
}

static size_t on_body(char *data, size_t size, size_t count, void *payload)
{
	struct mv_http_exchange *x = payload;
	const size_t len = size * count;
	struct mv_buf *text = &x->answer->text;

	if (is_success(x) && x->request->sink)
		return to_sink(x, data, len);
	if (is_success(x)) {
		if (len > TEXT_MAX - text->len)
			return stop_here(x, mv_fail(&x->err, MV_ENETWORK,
						    "an endless answer"));
		return mv_buf_add(text, data, len) ?
		       stop_here(x, mv_nomem(&x->err)) : len;
	}
	if (len > TEXT_HEAD - text->len) {
		x->enough = 1;
		return 0;
	}
	return mv_buf_add(text, data, len) ?
	       stop_here(x, mv_nomem(&x->err)) : len;
}

static size_t on_upload(char *data, size_t size, size_t count, void *payload)
{
	struct mv_http_exchange *x = payload;
	struct mv_reader *in = &x->request->body->in;
	size_t got = 0;
	int rc = in->read(in->payload, data, size * count, &got, &x->err);

	if (rc) {
		(void)stop_here(x, rc);
		return CURL_READFUNC_ABORT;
	}
	return got;
}

/* A connection that was kept had ended, and curl begins anew. */
static int on_seek(void *payload, curl_off_t offset, int origin)
{
	struct mv_http_exchange *x = payload;

	if (offset || origin != SEEK_SET)
		return CURL_SEEKFUNC_CANTSEEK;
	x->request->body->rewind(x->request->body->in.payload);
	return CURL_SEEKFUNC_OK;
}

static int on_progress(void *payload, curl_off_t a, curl_off_t b, curl_off_t c,
		       curl_off_t d)
{
	struct mv_http_exchange *x = payload;
	const struct mv_http_options *o = &x->http->options;

	(void)a, (void)b, (void)c, (void)d;
	if (!o->stop || !o->stop(o->stop_payload))
		return 0;
	(void)stop_here(x, mv_fail(&x->err, MV_ECANCELLED, "interrupted"));
	return 1;
}

/* -- what goes ------------------------------------------------------------- */

struct attempt {
	struct mv_http_curl *curl;
	CURL *easy;
	struct curl_slist *headers;
	int bad;
	char words[CURL_ERROR_SIZE];
};

#define SET(a, option, value) \
	((a)->bad |= (a)->curl->f_curl_easy_setopt((a)->easy, (option), \
						   (value)) != CURLE_OK)

static void header(struct attempt *a, const char *line)
{
	struct curl_slist *list;

	list = a->curl->f_curl_slist_append(a->headers, line);
	a->bad |= !list;
	if (list)
		a->headers = list;
}

static void set_headers(struct attempt *a, const struct mv_http_exchange *x)
{
	const struct mv_http_sink *sink = x->request->sink;
	char range[96];

	for (size_t i = 0; x->request->headers && x->request->headers[i]; i++)
		header(a, x->request->headers[i]);
	/* Two of "Authorization" would be refused. */
	for (size_t i = 0; !x->anonymous && !x->own_login &&
			   x->rules->headers && x->rules->headers[i]; i++)
		header(a, x->rules->headers[i]);
	if (x->authorization)
		header(a, x->authorization);
	header(a, "Expect:");
	if (!sink || !sink->have)
		return;
	snprintf(range, sizeof(range), "Range: bytes=%" PRIu64 "-%" PRIu64,
		 sink->have, sink->size - 1);
	header(a, range);
	if (x->etag) {
		char *line = mv_strf("If-Range: %s", x->etag);

		a->bad |= !line;
		if (line)
			header(a, line);
		free(line);
	}
}

static void set_method(struct attempt *a, struct mv_http_exchange *x)
{
	const struct mv_http_request *r = x->request;

	SET(a, CURLOPT_URL, x->url->text);
	if (r->body && !strcmp(r->method, "PUT")) {
		SET(a, CURLOPT_UPLOAD, 1L);
		SET(a, CURLOPT_INFILESIZE_LARGE, (curl_off_t)r->body_len);
	} else if (r->body || !strcmp(r->method, "POST")) {
		SET(a, CURLOPT_POST, 1L);
		SET(a, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)(r->body ? r->body_len : 0));
	} else {
		SET(a, CURLOPT_HTTPGET, 1L);
	}
	SET(a, CURLOPT_CUSTOMREQUEST, r->method);
	if (r->body) {
		SET(a, CURLOPT_READFUNCTION, on_upload);
		SET(a, CURLOPT_READDATA, x);
		SET(a, CURLOPT_SEEKFUNCTION, on_seek);
		SET(a, CURLOPT_SEEKDATA, x);
		r->body->rewind(r->body->in.payload);
	}
	if (!r->sink && !r->body)
		SET(a, CURLOPT_TIMEOUT, TEXT_S);
}

static void set_bounds(struct attempt *a, struct mv_http_exchange *x)
{
	SET(a, CURLOPT_NOSIGNAL, 1L);
	SET(a, CURLOPT_FOLLOWLOCATION, 0L);
	SET(a, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(a, CURLOPT_UNRESTRICTED_AUTH, 0L);
	SET(a, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(a, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	SET(a, CURLOPT_LOW_SPEED_LIMIT, 1L);
	SET(a, CURLOPT_LOW_SPEED_TIME, STALL_S);
	SET(a, CURLOPT_BUFFERSIZE, 256L * 1024);
	SET(a, CURLOPT_UPLOAD_BUFFERSIZE, 256L * 1024);
	SET(a, CURLOPT_USERAGENT, "git-model");
	SET(a, CURLOPT_ERRORBUFFER, a->words);
	SET(a, CURLOPT_HEADERFUNCTION, on_header);
	SET(a, CURLOPT_HEADERDATA, x);
	SET(a, CURLOPT_WRITEFUNCTION, on_body);
	SET(a, CURLOPT_WRITEDATA, x);
	SET(a, CURLOPT_NOPROGRESS, 0L);
	SET(a, CURLOPT_XFERINFOFUNCTION, on_progress);
	SET(a, CURLOPT_XFERINFODATA, x);
	SET(a, CURLOPT_NETRC, x->anonymous || x->own_login || x->authorization ?
	    (long)CURL_NETRC_IGNORED : (long)CURL_NETRC_OPTIONAL);
}

static int set_path_rule(struct attempt *a, const struct mv_http_exchange *x,
		    CURLoption option, const char *variable, const char *key,
		    struct mv_err *err)
{
	char *path;
	int rc = mv_http_rule_path(&path, x->http, x->rules, variable, key,
				   err);

	if (!rc && path)
		SET(a, option, path);
	free(path);
	return rc;
}

/* git's names, and those of its environment, which come first. */
static int set_tls(struct attempt *a, const struct mv_http_exchange *x,
		   struct mv_err *err)
{
	static const struct {
		CURLoption option;
		const char *variable, *key;
		int ours;	/* it says who we are */
	} rows[] = {
		{ CURLOPT_CAINFO, "GIT_SSL_CAINFO", "sslcainfo", 0 },
		{ CURLOPT_CAPATH, "GIT_SSL_CAPATH", "sslcapath", 0 },
		{ CURLOPT_SSLCERT, "GIT_SSL_CERT", "sslcert", 1 },
		{ CURLOPT_SSLKEY, "GIT_SSL_KEY", "sslkey", 1 },
		{ CURLOPT_PINNEDPUBLICKEY, "", "pinnedpubkey", 0 },
		{ CURLOPT_SSL_CIPHER_LIST, "GIT_SSL_CIPHER_LIST",
		  "sslcipherlist", 0 },
	};
	int off, rc = mv_http_rule_off(&off, x->rules, "sslverify", err);

	if (!rc && (off || mv_proc_getenv(x->http->options.env,
					  "GIT_SSL_NO_VERIFY"))) {
		SET(a, CURLOPT_SSL_VERIFYPEER, 0L);
		SET(a, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	for (size_t i = 0; !rc && i < sizeof(rows) / sizeof(*rows); i++)
		if (!rows[i].ours || !x->anonymous)
			rc = set_path_rule(a, x, rows[i].option, rows[i].variable,
				      rows[i].key, err);
	return rc;
}

static int set_rules(struct attempt *a, const struct mv_http_exchange *x,
		     struct mv_err *err)
{
	const char *proxy = mv_http_rule(x->rules, "proxy");
	const char *agent = mv_http_rule(x->rules, "useragent");
	const char *version = mv_http_rule(x->rules, "version");
	const char *limit = mv_http_rule(x->rules, "lowspeedlimit");
	const char *span = mv_http_rule(x->rules, "lowspeedtime");

	if (proxy)
		SET(a, CURLOPT_PROXY, proxy);
	if (agent)
		SET(a, CURLOPT_USERAGENT, agent);
	if (version && !strcmp(version, "HTTP/1.1"))
		SET(a, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	if (limit && span && atol(limit) > 0 && atol(span) > 0) {
		SET(a, CURLOPT_LOW_SPEED_LIMIT, atol(limit));
		SET(a, CURLOPT_LOW_SPEED_TIME, atol(span));
	}
	return set_tls(a, x, err);
}

/* -- one exchange ---------------------------------------------------------- */

static CURL *take_handle(struct mv_http *http)
{
	CURL *easy = NULL;

	pthread_mutex_lock(&http->lock);
	if (http->idle_count)
		easy = http->idle[--http->idle_count];
	pthread_mutex_unlock(&http->lock);
	return easy ? easy : http->curl->f_curl_easy_init();
}

static void give_handle(struct mv_http *http, CURL *easy)
{
	http->curl->f_curl_easy_reset(easy);	/* connections stay */
	pthread_mutex_lock(&http->lock);
	if (http->idle_count < MV_HTTP_IDLE) {
		http->idle[http->idle_count++] = easy;
		easy = NULL;
	}
	pthread_mutex_unlock(&http->lock);
	if (easy)
		http->curl->f_curl_easy_cleanup(easy);
}

static int may_pass(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
	case CURLE_SSL_CONNECT_ERROR:
		return 1;
	default:
		return 0;
	}
}

static int no_answer(struct mv_http_exchange *x, const struct attempt *a,
		     CURLcode code, struct mv_err *err)
{
	const char *words = *a->words ? a->words :
			    a->curl->f_curl_easy_strerror(code);

	x->again = may_pass(code);
	x->unreachable = code == CURLE_COULDNT_RESOLVE_HOST ||
			 code == CURLE_COULDNT_RESOLVE_PROXY ||
			 code == CURLE_COULDNT_CONNECT;
	if (code == CURLE_PEER_FAILED_VERIFICATION ||
	    code == CURLE_SSL_PINNEDPUBKEYNOTMATCH)
		return mv_fail(err, MV_EDENIED, "%s is not who it should be: "
			       "%s", x->url->origin, words);
	return mv_fail(err, MV_ENETWORK, "%s: %s", x->url->origin, words);
}

/* Is what came all of it? */
static int judge(struct mv_http_exchange *x, const struct attempt *a,
		 CURLcode code, struct mv_err *err)
{
	const struct mv_http_sink *sink = x->request->sink;

	if (x->stopped) {
		(void)mv_fail(err, x->rc, "%s: %s", x->url->origin,
			      x->err.msg);
		return x->rc;
	}
	/* What is no success needs no whole body, nor all of ours. */
	if (x->enough || (code && x->status >= 300 && x->status != 408))
		return 0;
	if (code)
		return no_answer(x, a, code, err);
	if (!is_success(x) || !sink)
		return 0;
	if (!x->begun && begin_body(x))
		return mv_fail(err, x->err.code, "%s: %s", x->url->origin,
			       x->err.msg);
	if (sink->have == sink->size)
		return 0;
	x->again = 1;
	return mv_fail(err, MV_ENETWORK, "%s: the answer ends too early",
		       x->url->origin);
}

int mv_http_exchange(struct mv_http_exchange *x, struct mv_err *err)
{
	struct attempt a = { .curl = x->http->curl };
	CURLcode code;
	int rc;

	x->status = 0;
	x->retry_after_ms = -1;
	x->from = UINT64_MAX;
	x->header_bytes = 0;
	x->begun = x->again = x->unreachable = x->stopped = x->enough = 0;
	mv_buf_clear(&x->answer->text);
	a.easy = take_handle(x->http);
	if (!a.easy)
		return mv_nomem(err);
	set_bounds(&a, x);
	set_method(&a, x);
	rc = set_rules(&a, x, err);
	set_headers(&a, x);
	if (a.headers)
		SET(&a, CURLOPT_HTTPHEADER, a.headers);
	if (!rc && a.bad)
		rc = mv_fail(err, MV_ENOTSUP, "libcurl does not take one of "
			     "the settings for %s (7.85 or later is needed)",
			     x->url->origin);
	if (!rc) {
		code = a.curl->f_curl_easy_perform(a.easy);
		rc = judge(x, &a, code, err);
	}
	give_handle(x->http, a.easy);
	a.curl->f_curl_slist_free_all(a.headers);
	return rc;
}
