/* SPDX-License-Identifier: MIT */
/* http/http.h, against tests/helper/faulty-server.py. */
#include "libmv/http/http.h"
#include "tests/unit/u-git-help.h"

#define SIZE 200000u

struct net {
	struct repo r;
	struct mv_http *http;
	struct mv_proc server;
	unsigned port, other;
	const char *scheme;
	char *got;
	struct mv_http_sink sink;
	struct mv_http_answer answer;
	struct mv_err err;
	int stop;
	unsigned restarts;
};

static int stop_now(void *payload)
{
	return *(int *)payload;
}

static void client(struct net *n)
{
	struct mv_http_options o = { .git = n->r.git, .env = &n->r.env,
				     .attempts = 4, .retry_ms = 3000,
				     .stop = stop_now, .stop_payload = &n->stop };

	mv_http_free(n->http);
	n->http = NULL;
	assert_int_equal(mv_http_new(&n->http, &o, &n->err), 0);
}

static void config(struct net *n, const char *lines)
{
	run(&n->r, "%s", lines);
	if (n->r.git)
		mv_git_close(n->r.git);
	n->r.git = NULL;
	assert_int_equal(mv_git_open(&n->r.git, n->r.dir, &n->r.env, &n->err),
			 0);
	client(n);
}

static void net_new(struct net *n, int tls)
{
	const char *argv[] = { "python3", "tests/helper/faulty-server.py",
			       tls ? "cert.pem" : NULL, "key.pem", NULL };
	char here[400], cert[512], key[512], script[512], line[64];
	size_t len = 0;

	memset(n, 0, sizeof(*n));
	repo_new(&n->r, "");
	assert_non_null(getcwd(here, sizeof(here)));
	snprintf(script, sizeof(script), "%s/%s", here, argv[1]);
	argv[1] = script;
	if (tls) {
		run(&n->r, "openssl req -x509 -newkey ec -pkeyopt "
		    "ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout "
		    "key.pem -out cert.pem -subj /CN=t -addext "
		    "subjectAltName=IP:127.0.0.1 2>/dev/null");
		snprintf(cert, sizeof(cert), "%s/cert.pem", n->r.dir);
		snprintf(key, sizeof(key), "%s/key.pem", n->r.dir);
		argv[2] = cert;
		argv[3] = key;
	}
	n->scheme = tls ? "https" : "http";
	n->server = (struct mv_proc)MV_PROC_INIT;
	assert_int_equal(mv_proc_open(&n->server, argv, NULL, &n->r.env,
				      &n->err), 0);
	while (len < sizeof(line) - 1 && (!len || line[len - 1] != '\n'))
		assert_int_equal(read(n->server.out, line + len++, 1), 1);
	assert_int_equal(sscanf(line, "%u %u", &n->port, &n->other), 2);
	n->got = malloc(SIZE);
	assert_non_null(n->got);
	config(n, "true");
}

static void net_drop(struct net *n)
{
	int status;

	mv_http_free(n->http);
	(void)mv_proc_close(&status, &n->server, NULL);
	free(n->got);
	repo_drop(&n->r);
}

static int net_write(void *payload, const void *data, size_t len,
		     struct mv_err *err)
{
	struct net *n = payload;

	(void)err;
	memcpy(n->got + n->sink.have, data, len);
	return 0;
}

static int net_restart(void *payload, struct mv_err *err)
{
	struct net *n = payload;

	(void)err;
	n->restarts++;
	return 0;
}

static int ask(struct net *n, const char *path,
	       const struct mv_http_request *like)
{
	struct mv_http_request r = { .method = "GET" };
	char url[512];
	int rc;

	if (like)
		r = *like;
	snprintf(url, sizeof(url), "%s://127.0.0.1:%u%s", n->scheme, n->port,
		 path);
	r.url = url;
	mv_http_answer_release(&n->answer);
	rc = mv_http_ask(&n->answer, n->http, &r, &n->err);
	return rc ? rc : n->answer.status;
}

static int get(struct net *n, const char *path, uint64_t have)
{
	struct mv_http_request r = { .method = "GET", .sink = &n->sink };

	n->restarts = 0;
	n->sink = (struct mv_http_sink){ net_write, net_restart, n, have,
					 SIZE };
	return ask(n, path, &r);
}

static void assert_data(const struct net *n)
{
	assert_int_equal(n->sink.have, SIZE);
	for (size_t i = 0; i < SIZE; i++)
		if (n->got[i] != (char)((i * 7 + i / 256) % 256))
			fail_msg("byte %zu", i);
}

#define assert_says(n, words) do { \
	if (!strstr((n)->err.msg, words)) \
		fail_msg("%s", (n)->err.msg); \
} while (0)

static void drop_answer(struct net *n)
{
	mv_http_answer_release(&n->answer);
	net_drop(n);
}

/* -- tests ----------------------------------------------------------------- */

static void test_http_bodies__all_bytes_or_an_error(void **state)
{
	struct net n;

	(void)state;
	net_new(&n, 0);
	assert_int_equal(get(&n, "/data", 0), 200);
	assert_data(&n);
	assert_int_equal(get(&n, "/chunked", 0), 200);
	assert_data(&n);
	/* Cut after 70000 bytes each time: it goes on where it was. */
	assert_int_equal(get(&n, "/drop", 0), 206);
	assert_data(&n);
	assert_int_equal(n.restarts, 0);
	/* What was there before is gone on with, too. */
	assert_int_equal(get(&n, "/drop", 150000), 206);
	assert_data(&n);
	/* No ranges there: from the beginning. */
	assert_int_equal(get(&n, "/norange", 0), 200);
	assert_data(&n);
	assert_int_equal(n.restarts, 1);
	assert_int_equal(get(&n, "/data", 1000), 200);
	assert_data(&n);
	/* Another part than was asked for is not taken for it. */
	assert_int_equal(get(&n, "/wrongrange", 0), 200);
	assert_data(&n);
	assert_int_equal(n.restarts, 1);
	assert_int_equal(get(&n, "/short", 0), MV_ENETWORK);
	assert_says(&n, "too early");
	assert_int_equal(get(&n, "/long", 0), MV_ECORRUPT);
	assert_int_equal(get(&n, "/nothing", 0), 404);
	assert_string_equal(n.answer.text.data, "nothing");
	drop_answer(&n);
}

static void test_http_bounds__nothing_is_endless(void **state)
{
	struct net n;

	(void)state;
	net_new(&n, 0);
	assert_int_equal(ask(&n, "/endless", NULL), MV_ENETWORK);
	assert_says(&n, "endless answer");
	assert_int_equal(get(&n, "/endless", 0), MV_ECORRUPT);
	assert_int_equal(ask(&n, "/headers", NULL), MV_ENETWORK);
	assert_int_equal(ask(&n, "/to/302/round/x", NULL), MV_ENETWORK);
	assert_says(&n, "again and again");
	n.stop = 1;
	assert_int_equal(ask(&n, "/data", NULL), MV_ECANCELLED);
	drop_answer(&n);
}

static void test_http_again__what_may_pass_is_tried_again(void **state)
{
	struct net n;

	(void)state;
	net_new(&n, 0);
	assert_int_equal(ask(&n, "/once", NULL), 200);
	assert_string_equal(n.answer.text.data, "good");
	assert_int_equal(ask(&n, "/busy", NULL), 200);
	assert_int_equal(ask(&n, "/fault", NULL), 500);
	/* Longer than our patience is not waited for. */
	assert_int_equal(ask(&n, "/patience", NULL), 503);
	assert_int_equal(ask(&n, "/log", NULL), 200);
	assert_string_equal(n.answer.text.data, "GET /once\nGET /once\n"
			    "GET /busy\nGET /busy\nGET /fault\nGET /fault\n"
			    "GET /fault\nGET /fault\nGET /patience");
	n.port = 1;
	assert_int_equal(ask(&n, "/x", NULL), MV_ENETWORK);
	assert_says(&n, "http://127.0.0.1:1: ");
	drop_answer(&n);
}

static void test_http_redirects__secrets_stay_at_their_origin(void **state)
{
	static const char *const headers[] = { "X-Secret: s",
					       "Authorization: Bearer b", NULL };
	const struct mv_http_request r = { .method = "GET",
					   .headers = headers };
	static const int status[] = { 301, 302, 303, 307, 308 };
	char path[64], lines[256];
	struct net n;

	(void)state;
	net_new(&n, 0);
	config(&n, "git config http.extraHeader 'X-Extra: e'");
	for (size_t i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), "/to/%d/other/data", status[i]);
		assert_int_equal(ask(&n, path, &r), 200);
		assert_int_equal(ask(&n, path, NULL), 200);
		assert_int_equal(ask(&n, "/log", NULL), 200);
		snprintf(lines, sizeof(lines), "GET %s Authorization=Bearer b "
			 "X-Secret=s\nGET /data\nGET %s X-Extra=e\nGET /data",
			 path, path);
		assert_string_equal(n.answer.text.data, lines);
	}
	/* At the same origin they are kept. */
	assert_int_equal(ask(&n, "/to/302/here/data", &r), 200);
	assert_int_equal(ask(&n, "/log", NULL), 200);
	assert_non_null(strstr(n.answer.text.data, "GET /data Authorization="
			       "Bearer b X-Secret=s"));
	assert_int_equal(ask(&n, "/to/302/file/x", NULL), MV_ENOTSUP);
	drop_answer(&n);
}

static void rewind_mem(void *payload)
{
	struct mv_mem_reader *mem = payload;

	mem->pos = 0;
}

static void test_http_upload__a_body_goes_only_where_it_was_sent(void **state)
{
	struct mv_mem_reader mem = { "abc", 3, 0 };
	struct mv_source body = { mv_reader_mem(&mem), rewind_mem };
	struct mv_http_request r = { .method = "PUT", .body = &body,
				     .body_len = 3 };
	struct net n;

	(void)state;
	net_new(&n, 0);
	assert_int_equal(ask(&n, "/echo", &r), 200);
	assert_string_equal(n.answer.text.data, "abc");
	r.method = "POST";
	assert_int_equal(ask(&n, "/to/307/here/echo", &r), 200);
	assert_string_equal(n.answer.text.data, "abc");
	assert_int_equal(ask(&n, "/to/302/here/echo", &r), MV_ENETWORK);
	assert_int_equal(ask(&n, "/to/307/other/echo", &r), MV_EDENIED);
	assert_int_equal(ask(&n, "/once/put", &r), 200);
	drop_answer(&n);
}

static void test_http_login__git_is_asked_and_told(void **state)
{
	const struct mv_http_request anonymous = { .method = "GET",
					.flags = MV_HTTP_ANONYMOUS };
	struct net n;
	char *said;

	(void)state;
	net_new(&n, 0);
	config(&n, "printf '#!/bin/sh\necho $1 >>\"$0.log\"\ncat >>\"$0.log\"\n"
	       "test $1 != get || printf \"username=ann\\npassword="
	       "secret\\n\"\n' >helper && chmod +x helper && "
	       "git config credential.helper \"$PWD/helper\"");
	assert_int_equal(ask(&n, "/login/a", &anonymous), 401);
	run(&n.r, "test ! -e helper.log");
	assert_int_equal(ask(&n, "/login/a", NULL), 200);
	assert_int_equal(ask(&n, "/login/b", NULL), 200);
	said = sh(&n.r, "grep -c '^get' helper.log; grep -c '^store' helper.log");
	assert_string_equal(said, "1\n1\n");
	free(said);
	/* Wrong ones are refused, forgotten, and not asked for without end. */
	config(&n, "rm helper.log; sed -i s/secret/wrong/ helper");
	assert_int_equal(ask(&n, "/login/a", NULL), MV_EDENIED);
	assert_says(&n, "refuses these credentials");
	assert_null(strstr(n.err.msg, "wrong"));
	run(&n.r, "grep -q '^erase' helper.log");
	/* Nobody knows any, and nobody can be asked. */
	config(&n, "git config --unset credential.helper");
	repo_env(&n.r, "GIT_TERMINAL_PROMPT=0");
	assert_int_equal(ask(&n, "/login/a", NULL), MV_EDENIED);
	drop_answer(&n);
}

static void test_http_url__what_is_none(void **state)
{
	static const struct {
		const char *url;
		int rc;
	} rows[] = {
		{ "", MV_EINVALID }, { "nothing", MV_EINVALID },
		{ "file:///etc/passwd", MV_ENOTSUP },
		{ "ftp://127.0.0.1/x", MV_ENOTSUP },
		{ "http://ho st/x", MV_EINVALID },
		{ "http://host/a%0ab", MV_EINVALID },
		{ "http://host%0a/b", MV_EINVALID },
		{ "http://us%0der@host/b", MV_EINVALID },
		{ "http://host/a\nb", MV_EINVALID },
	};
	char *origin = NULL;
	struct net n;

	(void)state;
	net_new(&n, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (mv_http_origin(&origin, n.http, rows[i].url, &n.err) !=
		    rows[i].rc)
			fail_msg("%s: %s", rows[i].url, n.err.msg);
	assert_int_equal(mv_http_origin(&origin, n.http,
					"HTTPS://a:b@Host.example:443/x?y",
					&n.err), 0);
	assert_string_equal(origin, "https://host.example");
	free(origin);
	drop_answer(&n);
}

static void test_http_tls__who_it_is_is_verified(void **state)
{
	struct net n;

	(void)state;
	net_new(&n, 1);
	assert_int_equal(ask(&n, "/data", NULL), MV_EDENIED);
	assert_says(&n, "not who it should be");
	config(&n, "git config http.sslCAInfo \"$PWD/cert.pem\"");
	assert_int_equal(get(&n, "/data", 0), 200);
	assert_data(&n);
	assert_int_equal(ask(&n, "/to/302/plain/x", NULL), MV_EDENIED);
	assert_says(&n, "from https to http");
	config(&n, "openssl req -x509 -newkey ec -pkeyopt "
	       "ec_paramgen_curve:prime256v1 -nodes -keyout k2 -out c2 -subj "
	       "/CN=u 2>/dev/null && git config http.sslCAInfo \"$PWD/c2\"");
	assert_int_equal(ask(&n, "/data", NULL), MV_EDENIED);
	/* For this place alone. */
	run(&n.r, "git config http.https://127.0.0.1:%u/.sslCAInfo "
	    "\"$PWD/cert.pem\"", n.port);
	config(&n, "true");
	assert_int_equal(ask(&n, "/data", NULL), 200);
	config(&n, "git config http.sslVerify perhaps");
	assert_int_equal(ask(&n, "/data", NULL), MV_EINVALID);
	drop_answer(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_http_bodies__all_bytes_or_an_error),
		cmocka_unit_test(test_http_bounds__nothing_is_endless),
		cmocka_unit_test(test_http_again__what_may_pass_is_tried_again),
		cmocka_unit_test(
			test_http_redirects__secrets_stay_at_their_origin),
		cmocka_unit_test(
			test_http_upload__a_body_goes_only_where_it_was_sent),
		cmocka_unit_test(test_http_login__git_is_asked_and_told),
		cmocka_unit_test(test_http_url__what_is_none),
		cmocka_unit_test(test_http_tls__who_it_is_is_verified),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
