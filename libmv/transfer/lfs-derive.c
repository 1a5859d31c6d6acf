/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libmv/base/json-read.h"
#include "libmv/base/words.h"
#include "libmv/git/config.h"
#include "libmv/transfer/priv.h"
#include "libmv/transfer/server.h"

/*
 * The LFS server beside a git remote, as git-lfs finds it: <remote>/info/lfs,
 * and where git comes by ssh, what `git-lfs-authenticate` says there.
 */
#define SSH_LIMIT_MS (60 * 1000)
#define SSH_ANSWER_MAX (64 * 1024)

struct ssh_place {
	char *who;		/* "git@host" */
	char *host;		/* the same without the user */
	char *port;		/* NULL: ssh's own */
	char *path;		/* as ssh is given it */
};

static void place_release(struct ssh_place *place)
{
	free(place->who);
	free(place->host);
	free(place->port);
	free(place->path);
}

/* Nothing that ssh or a shell there would read as something else. */
static int place_is_safe(const struct ssh_place *p)
{
	const char *c;

	if (*p->host == '-' || !*p->host || *p->who == '-' || !*p->path ||
	    *p->path == '-' || (p->port && strspn(p->port, "0123456789") !=
				strlen(p->port)))
		return 0;
	for (c = p->who; *c; c++)
		if ((unsigned char)*c <= 0x20 || strchr("\\'\"`$;&|<>()*?%", *c))
			return 0;
	for (c = p->path; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return 0;
	return 1;
}

/* "ssh://git@host:22/a/b.git", or "git@host:a/b.git". */
static int ssh_place_of(struct ssh_place *out, const char *url, struct mv_err *err)
{
	const int full = !strncasecmp(url, "ssh://", 6) ||
			 !strncasecmp(url, "git+ssh://", 10) ||
			 !strncasecmp(url, "ssh+git://", 10);
	const char *p = full ? strstr(url, "://") + 3 : url;
	size_t len = full ? strcspn(p, "/") : 0;
	const char *at, *host, *colon;

	memset(out, 0, sizeof(*out));
	if (!full) {
		colon = *p == '[' ? strchr(p, ']') : p;
		colon = colon ? strchr(colon, ':') : NULL;
		len = colon ? (size_t)(colon - p) : strlen(p);
	}
	at = memrchr(p, '@', len);
	host = at ? at + 1 : p;
	colon = full && *host != '[' ? memchr(host, ':', len -
					      (size_t)(host - p)) : NULL;
	if (colon) {
		out->port = strndup(colon + 1, len - (size_t)(colon + 1 - p));
		out->who = strndup(p, (size_t)(colon - p));
		out->host = strndup(host, (size_t)(colon - host));
	} else {
		out->who = strndup(p, len);
		out->host = strndup(host, len - (size_t)(host - p));
	}
	out->path = p[len] ? strdup(p + len + !full) : strdup("");
	if (!out->who || !out->host || !out->path || (colon && !out->port))
		return mv_nomem(err);
	if (!place_is_safe(out))
		return mv_fail(err, MV_EDENIED, "the URL of a git remote has a "
			       "host, a user or a path that is not handed to "
			       "ssh");
	return 0;
}

/* For the shell on the other side. */
static int add_quoted(struct mv_buf *out, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789._/~+@-";

	if (strspn(text, plain) == strlen(text))
		return mv_buf_addstr(out, text);
	return mv_buf_add_shell(out, text);
}

/* The user's own ssh, as git starts it. */
static int ssh_run(int *status, struct mv_buf *out, struct mv_buf *errout,
		   struct mv_repo *repo, const struct ssh_place *place,
		   const char *command, struct mv_err *err)
{
	const char *words[9], *program, *line = NULL;
	char *script = NULL;
	size_t n = 0;
	int rc = 0;

	line = mv_proc_getenv(&repo->env, "GIT_SSH_COMMAND");
	if (!line)
		rc = mv_git_config(&line, repo->git, "core.sshcommand", err);
	program = mv_proc_getenv(&repo->env, "GIT_SSH");
	if (!rc && line) {
		/* It is a line for the shell: the person's, not a stranger's. */
		script = mv_strf("%s \"$@\"", line);
		if (!script)
			return mv_nomem(err);
		words[n++] = "sh";
		words[n++] = "-c";
		words[n++] = script;
		words[n++] = "ssh";
	} else {
		words[n++] = program && *program ? program : "ssh";
	}
	if (place->port) {
		words[n++] = "-p";
		words[n++] = place->port;
	}
	words[n++] = place->who;
	words[n++] = command;
	words[n] = NULL;
	if (!rc)
		rc = mv_proc_run_for(SSH_LIMIT_MS, status, words, NULL,
				     &repo->env, NULL, 0, out, errout, err);
	free(script);
	return rc;
}

/* {"href", "header"}: where, and what to say there. */
static int take_pass(char **server, char ***headers, const struct mv_buf *text,
		     struct mv_err *err)
{
	struct mv_json *v = NULL;
	const char *href;
	int rc = mv_json_parse_loose(&v, text->data, text->len, err);

	if (rc)
		mv_err_prefix(err, "git-lfs-authenticate");
	href = mv_json_get_str(mv_json_get(v, "href"), NULL);
	if (!rc && href && *href)
		rc = mv_set_str(server, href, err);
	if (!rc)
		rc = mv_transfer_server_headers(headers,
						mv_json_get(v, "header"), err);
	mv_json_free(v);
	return rc;
}

/* Where ssh has no such program the https server is asked, as git-lfs does. */
#define NO_PROGRAM 127

static int has_no_program(int status, const struct mv_buf *errout)
{
	return status == NO_PROGRAM || strstr(errout->data, "not found") ||
	       strstr(errout->data, "unknown command") ||
	       strstr(errout->data, "nrecognized command");
}

static int ssh_server(char **server, char ***headers, struct mv_repo *repo,
		      const struct ssh_place *place, int push,
		      struct mv_err *err)
{
	struct mv_buf command, out, errout;
	char words[300];
	int status = 0, rc = 0;

	mv_buf_init(&command, SSH_ANSWER_MAX);
	mv_buf_init(&out, SSH_ANSWER_MAX);
	mv_buf_init(&errout, 4096);
	if (mv_buf_addstr(&command, "git-lfs-authenticate ") ||
	    add_quoted(&command, place->path) ||
	    mv_buf_addstr(&command, push ? " upload" : " download"))
		rc = mv_nomem(err);
	if (!rc)
		rc = ssh_run(&status, &out, &errout, repo, place, command.data,
			     err);
	if (!rc && !status)
		rc = take_pass(server, headers, &out, err);
	else if (!rc && !has_no_program(status, &errout))
		rc = mv_fail(err, MV_EDENIED, "ssh %s git-lfs-authenticate "
			     "failed: %s", place->host,
			     mv_words(words, sizeof(words), "%s",
				      errout.len ? errout.data : "it says "
				      "nothing"));
	mv_buf_release(&errout);
	mv_buf_release(&out);
	mv_buf_release(&command);
	return rc;
}

/* "https://host/a/b" becomes "https://host/a/b.git/info/lfs". */
static int beside(char **server, const char *start, const char *path,
		  struct mv_err *err)
{
	size_t len = strlen(path);

	while (len && path[len - 1] == '/')
		len--;
	*server = mv_strf("%s%.*s%s/info/lfs", start, (int)len, path,
			  len > 4 && !strncmp(path + len - 4, ".git", 4) ?
			  "" : ".git");
	return *server ? 0 : mv_nomem(err);
}

static int by_ssh(char **server, char ***headers, struct mv_repo *repo,
		  const char *url, int push, struct mv_err *err)
{
	struct ssh_place place;
	char *start = NULL;
	int rc = ssh_place_of(&place, url, err);

	if (!rc)
		rc = ssh_server(server, headers, repo, &place, push, err);
	if (!rc && !*server) {
		start = mv_strf("https://%s/", place.host);
		rc = start ? beside(server, start, place.path +
				    (*place.path == '/'), err) :
			     mv_nomem(err);
	}
	free(start);
	place_release(&place);
	return rc;
}

int mv_transfer_server_derive(char **server, char ***headers,
			      struct mv_repo *repo, const char *url, int push,
			      struct mv_err *err)
{
	const char *at = strstr(url, "://");
	const char *colon = strchr(url, ':'), *slash = strchr(url, '/');

	if (!strncasecmp(url, "https://", 8) || !strncasecmp(url, "http://", 7))
		return beside(server, "", url, err);
	if (!strncasecmp(url, "git://", 6))
		return beside(server, "https://", url + 6, err);
	if (at ? (!strncasecmp(url, "ssh:", 4) ||
		  !strncasecmp(url, "git+ssh:", 8) ||
		  !strncasecmp(url, "ssh+git:", 8)) :
		 colon && (!slash || colon < slash))
		return by_ssh(server, headers, repo, url, push, err);
	return mv_fail(err, MV_ENOTSUP, "no LFS server is known for this "
		       "remote: git config lfs.url URL names one");
}
