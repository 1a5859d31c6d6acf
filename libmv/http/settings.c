/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/git/config.h"
#include "libmv/http/priv.h"

/*
 * What git says of HTTP. `git config --get-urlmatch` decides which
 * `http.<url>.*` are meant, and costs a process: asked once for all URLs where
 * nobody names one, else once for each that differs as far as the longest
 * named one tells them apart.
 */
#define HTTP_VAR "http."

/* How many folders the URL in "http.<url>.name" has; -1: there is none. */
static int folders_named(const char *key)
{
	const char *url = key + sizeof(HTTP_VAR) - 1;
	const char *end = strrchr(url, '.');
	const char *at = end ? strstr(url, "://") : NULL;
	int n = 0;

	if (!end)
		return -1;
	for (at = at && at < end ? at + 3 : url; at < end; at++)
		n += *at == '/' && at + 1 < end;
	return n;
}

static int look_at_key(void *payload, const char *key, const char *value,
		       struct mv_err *err)
{
	struct mv_http *http = payload;
	int depth;

	(void)value;
	(void)err;
	if (strncmp(key, HTTP_VAR, sizeof(HTTP_VAR) - 1))
		return 0;
	depth = folders_named(key);
	if (depth > http->depth)
		http->depth = depth;
	return 0;
}

/* The URL up to the folder from which on nothing differs; yours. */
static char *rules_place(const struct mv_http *http, const struct mv_http_url *url)
{
	const char *p = url->path;

	if (http->depth < 0)
		return strdup("");
	for (int i = 0; i <= http->depth && *p; i++)
		p += 1 + strcspn(p + 1, "/");
	return mv_strf("%s%.*s", url->origin, (int)(p - url->path), url->path);
}

const char *mv_http_rule(const struct mv_http_rules *rules, const char *key)
{
	const size_t len = strlen(key);
	const char *p = rules->vars.data, *end = p + rules->vars.len;

	for (; p < end; p += strlen(p) + 1)
		if (!strncmp(p, key, len) && p[len] == '\n')
			return p + len + 1;
	return NULL;
}

/* -- http.extraHeader ------------------------------------------------------ */

/*
 * git config gives the last one of several. So: which variable said that one,
 * and all that it says; an empty one forgets those before it.
 */
struct extra {
	const char *last;
	char *key;
	struct mv_http_rules *rules;
	size_t count;
};

static int extra_key(void *payload, const char *key, const char *value,
		     struct mv_err *err)
{
	static const char tail[] = ".extraheader";
	const size_t len = strlen(key), end = sizeof(tail) - 1;
	struct extra *x = payload;

	if (strncmp(key, HTTP_VAR, sizeof(HTTP_VAR) - 1) || len <= end ||
	    strcmp(key + len - end, tail) || strcmp(value, x->last))
		return 0;
	return mv_set_str(&x->key, key, err);
}

static int extra_value(void *payload, const char *key, const char *value,
		       struct mv_err *err)
{
	struct extra *x = payload;
	char **grown;

	if (strcmp(key, x->key))
		return 0;
	if (!*value) {
		while (x->count)
			free(x->rules->headers[--x->count]);
		if (x->rules->headers)
			x->rules->headers[0] = NULL;
		return 0;
	}
	if (strpbrk(value, "\r\n"))
		return mv_fail(err, MV_EINVALID, "http.extraHeader has a line "
			       "end in it");
	grown = reallocarray(x->rules->headers, x->count + 2, sizeof(*grown));
	if (!grown)
		return mv_nomem(err);
	x->rules->headers = grown;
	grown[x->count] = strdup(value);
	if (!grown[x->count])
		return mv_nomem(err);
	grown[++x->count] = NULL;
	return 0;
}

static int load_headers(struct mv_http_rules *rules, struct mv_http *http,
			struct mv_err *err)
{
	struct extra x = { .last = mv_http_rule(rules, "extraheader"),
			   .rules = rules };
	int rc = 0;

	if (!x.last || !*x.last)
		return 0;
	rc = mv_git_config_each(http->options.git, extra_key, &x, err);
	if (!rc && x.key)
		rc = mv_git_config_each(http->options.git, extra_value, &x,
					err);
	free(x.key);
	return rc;
}

/* -- rules ----------------------------------------------------------------- */

static void rules_free(struct mv_http_rules *rules)
{
	if (!rules)
		return;
	for (size_t i = 0; rules->headers && rules->headers[i]; i++)
		free(rules->headers[i]);
	free(rules->headers);
	free(rules->place);
	mv_buf_release(&rules->vars);
	free(rules);
}

void mv_http_rules_release(struct mv_http *http)
{
	while (http->rule_count)
		rules_free(http->rules[--http->rule_count]);
	free(http->rules);
	http->rules = NULL;
}

static int rules_ask(struct mv_http_rules *rules, struct mv_http *http,
		     const struct mv_http_url *url, struct mv_err *err)
{
	const char *args[] = { "config", "--null", "--get-urlmatch", "http",
			       url->text, NULL };
	struct mv_buf out;
	int status, rc;

	mv_buf_init(&out, (size_t)1 << 20);
	rc = mv_git_ask(&status, http->options.git, args, 1, &out, err);
	for (size_t at = 0; !rc && at < out.len;
	     at += strlen(out.data + at) + 1) {
		const char *var = out.data + at;

		if (strncmp(var, HTTP_VAR, sizeof(HTTP_VAR) - 1))
			continue;
		/* One without "=" is a boolean. */
		if (mv_buf_addstr(&rules->vars, var + sizeof(HTTP_VAR) - 1) ||
		    (!strchr(var, '\n') &&
		     mv_buf_addstr(&rules->vars, "\ntrue")) ||
		    mv_buf_addch(&rules->vars, '\0'))
			rc = mv_nomem(err);
	}
	if (!rc)
		rc = load_headers(rules, http, err);
	mv_buf_release(&out);
	return rc;
}

static int rules_new(struct mv_http_rules **out, struct mv_http *http,
		     const struct mv_http_url *url, char *place,
		     struct mv_err *err)
{
	struct mv_http_rules *rules = calloc(1, sizeof(*rules));
	int rc;

	if (!rules) {
		free(place);
		return mv_nomem(err);
	}
	rules->place = place;
	mv_buf_init(&rules->vars, (size_t)1 << 20);
	rc = MV_GROW(http->rules, http->rule_alloc, http->rule_count + 1, err);
	if (!rc)
		rc = rules_ask(rules, http, url, err);
	if (rc)
		rules_free(rules);
	else
		*out = http->rules[http->rule_count++] = rules;
	return rc;
}

int mv_http_rules_find(const struct mv_http_rules **out, struct mv_http *http,
		       const struct mv_http_url *url, struct mv_err *err)
{
	struct mv_http_rules *made = NULL;
	char *place;
	int rc = 0;

	*out = NULL;
	if (!http->depth_known) {
		http->depth = -1;
		rc = mv_git_config_each(http->options.git, look_at_key, http,
					err);
		http->depth_known = !rc;
	}
	if (rc)
		return rc;
	place = rules_place(http, url);
	if (!place)
		return mv_nomem(err);
	for (size_t i = 0; i < http->rule_count; i++)
		if (!strcmp(http->rules[i]->place, place)) {
			*out = http->rules[i];
			free(place);
			return 0;
		}
	rc = rules_new(&made, http, url, place, err);
	*out = made;
	return rc;
}

int mv_http_rule_path(char **out, const struct mv_http *http,
		      const struct mv_http_rules *rules, const char *variable,
		      const char *key, struct mv_err *err)
{
	const char *value = mv_proc_getenv(http->options.env, variable);
	const char *home = mv_proc_getenv(http->options.env, "HOME");

	*out = NULL;
	if (!value)
		value = mv_http_rule(rules, key);
	if (!value || !*value)
		return 0;
	if (strncmp(value, "~/", 2) || !home)
		*out = strdup(value);
	else
		*out = mv_strf("%s/%s", home, value + 2);
	return *out ? 0 : mv_nomem(err);
}

int mv_http_rule_off(int *off, const struct mv_http_rules *rules,
		     const char *key, struct mv_err *err)
{
	const char *value = mv_http_rule(rules, key);
	int on = 1;

	*off = 0;
	if (value && mv_git_parse_bool(&on, value))
		return mv_fail(err, MV_EINVALID, "http.%s must be true or "
			       "false", key);
	*off = !on;
	return 0;
}
