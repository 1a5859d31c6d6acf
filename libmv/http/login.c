/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/base/hash.h"
#include "libmv/http/priv.h"

/*
 * Who are we, for this server? Asked of git once for each origin; all threads
 * wait meanwhile, so that a person is asked once.
 */
#define LOGIN_TEXT_MAX (64 * 1024)

static struct mv_http_login *login_at(struct mv_http *http, const char *origin)
{
	for (size_t i = 0; i < http->login_count; i++)
		if (!strcmp(http->logins[i]->origin, origin))
			return http->logins[i];
	return NULL;
}

int mv_http_login_known(char **out, struct mv_http *http, const char *origin,
			struct mv_err *err)
{
	struct mv_http_login *login;
	int rc = 0;

	*out = NULL;
	pthread_mutex_lock(&http->lock);
	login = login_at(http, origin);
	if (login && login->authorization)
		rc = mv_set_str(out, login->authorization, err);
	pthread_mutex_unlock(&http->lock);
	return rc;
}

static void login_free(struct mv_http_login *login)
{
	free(login->origin);
	free(login->authorization);
	mv_buf_release(&login->words);
	free(login);
}

void mv_http_login_release(struct mv_http *http)
{
	while (http->login_count)
		login_free(http->logins[--http->login_count]);
	free(http->logins);
	http->logins = NULL;
}

static int login_make(struct mv_http_login **out, struct mv_http *http,
		      const char *origin, struct mv_err *err)
{
	struct mv_http_login *login = login_at(http, origin);
	int rc = 0;

	*out = login;
	if (login)
		return 0;
	if (MV_GROW(http->logins, http->login_alloc, http->login_count + 1,
		    err))
		return MV_ENOMEM;
	login = calloc(1, sizeof(*login));
	if (!login)
		return mv_nomem(err);
	mv_buf_init(&login->words, LOGIN_TEXT_MAX);
	rc = mv_set_str(&login->origin, origin, err);
	if (rc)
		login_free(login);
	else
		*out = http->logins[http->login_count++] = login;
	return rc;
}

/* git's lines are "key=value": nothing in a value may end one. */
static int add_word(struct mv_buf *out, const char *key, const char *value,
		    struct mv_err *err)
{
	for (const char *c = value; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return mv_fail(err, MV_EDENIED, "a URL has a control "
				       "character in its %s: no credentials "
				       "are asked for", key);
	return mv_buf_addf(out, "%s=%s\n", key, value) ? mv_nomem(err) : 0;
}

static int login_ask(struct mv_buf *words, const struct mv_http_url *url,
		     struct mv_err *err)
{
	const char *host = strstr(url->origin, "://") + 3;
	int rc = add_word(words, "protocol", url->scheme, err);

	if (!rc)
		rc = add_word(words, "host", host, err);
	if (!rc)
		rc = add_word(words, "path", url->path + (*url->path == '/'),
			      err);
	if (!rc && url->user)
		rc = add_word(words, "username", url->user, err);
	return rc;
}

/* "username=x" of what git answered; yours, NULL: it is not there. */
static char *word_of(const struct mv_buf *words, const char *key)
{
	const size_t len = strlen(key);

	for (const char *p = words->data; *p; p += strcspn(p, "\n"),
					      p += *p == '\n')
		if (!strncmp(p, key, len) && p[len] == '=')
			return strndup(p + len + 1, strcspn(p + len + 1, "\n"));
	return NULL;
}

static int set_basic(struct mv_http_login *login, const char *user,
		     const char *password, struct mv_err *err)
{
	struct mv_buf plain, text;
	int rc = 0;

	mv_buf_init(&plain, LOGIN_TEXT_MAX);
	mv_buf_init(&text, 2 * LOGIN_TEXT_MAX);
	if (mv_buf_addf(&plain, "%s:%s", user, password) ||
	    mv_buf_addstr(&text, "Authorization: Basic ") ||
	    mv_base64(&text, plain.data, plain.len))
		rc = mv_nomem(err);
	if (!rc)
		rc = mv_set_str(&login->authorization, text.data, err);
	mv_buf_release(&text);
	mv_buf_release(&plain);
	return rc;
}

static int login_fill(struct mv_http_login *login, struct mv_http *http,
		      const struct mv_http_url *url, struct mv_err *err)
{
	static const char *const args[] = { "credential", "fill", NULL };
	struct mv_buf ask;
	char *user = NULL, *password = NULL;
	int rc;

	mv_buf_init(&ask, LOGIN_TEXT_MAX);
	mv_buf_clear(&login->words);
	rc = login_ask(&ask, url, err);
	if (!rc && mv_git_run(http->options.git, args, ask.data, ask.len,
			      &login->words, err))
		rc = mv_fail(err, MV_EDENIED, "%s wants to know who you are, "
			     "and git has no credentials for it: see `git "
			     "help credentials`", url->origin);
	if (!rc) {
		user = word_of(&login->words, "username");
		password = word_of(&login->words, "password");
		if (user && password)
			rc = set_basic(login, user, password, err);
		else
			rc = mv_fail(err, MV_EDENIED, "git credential knows "
				     "nobody for %s", url->origin);
	}
	free(password);
	free(user);
	mv_buf_release(&ask);
	return rc;
}

static void login_tell(struct mv_http *http, struct mv_http_login *login,
		       const char *verb)
{
	const char *args[] = { "credential", verb, NULL };

	/* A helper that cannot keep or forget it is no reason to fail. */
	if (login->words.len)
		(void)mv_git_run(http->options.git, args, login->words.data,
				 login->words.len, NULL, NULL);
}

int mv_http_login_find(char **out, struct mv_http *http,
		       const struct mv_http_url *url, const char *refused,
		       struct mv_err *err)
{
	struct mv_http_login *login = NULL;
	int rc;

	*out = NULL;
	pthread_mutex_lock(&http->lock);
	rc = login_make(&login, http, url->origin, err);
	if (!rc && login->authorization &&
	    (!refused || strcmp(refused, login->authorization))) {
		rc = mv_set_str(out, login->authorization, err);
		goto out;
	}
	if (!rc && login->authorization) {
		login_tell(http, login, "reject");
		mv_buf_clear(&login->words);
		free(login->authorization);
		login->authorization = NULL;
		login->approved = 0;
	}
	if (!rc && url->password && !refused)
		rc = set_basic(login, url->user ? url->user : "",
			       url->password, err);
	else if (!rc)
		rc = login_fill(login, http, url, err);
	if (!rc)
		rc = mv_set_str(out, login->authorization, err);
out:
	pthread_mutex_unlock(&http->lock);
	return rc;
}

void mv_http_login_good(struct mv_http *http, const char *origin)
{
	struct mv_http_login *login;

	pthread_mutex_lock(&http->lock);
	login = login_at(http, origin);
	if (login && login->authorization && !login->approved) {
		login_tell(http, login, "approve");
		login->approved = 1;
	}
	pthread_mutex_unlock(&http->lock);
}
