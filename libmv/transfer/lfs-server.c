/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libmv/base/pool.h"
#include "libmv/git/config.h"
#include "libmv/transfer/priv.h"
#include "libmv/transfer/server.h"

/* Which LFS server a remote has, and how patient we are with it. */
#define THREADS 8

/* -- who names it ---------------------------------------------------------- */

static int one_name(const char **url, int *by_file, struct mv_repo *repo,
		    const char *key, int file_may, struct mv_err *err)
{
	int rc = mv_git_config(url, repo->git, key, err);

	*by_file = 0;
	if (rc || *url || !file_may)
		return rc;
	*by_file = 1;
	return mv_transfer_lfs_setting(url, repo, key, err);
}

int mv_transfer_server_named(const char **url, int *by_file,
			     struct mv_repo *repo, const char *remote,
			     int push, struct mv_err *err)
{
	char *of_remote = mv_strf("remote.%s.lfsurl", remote);
	char *to_remote = mv_strf("remote.%s.lfspushurl", remote);
	/* What .lfsconfig may say, as git-lfs has it. */
	const struct {
		const char *key;
		int push, file_may;
	} rows[] = {
		{ "lfs.pushurl", 1, 1 }, { "lfs.url", 0, 1 },
		{ to_remote, 1, 0 }, { of_remote, 0, 1 },
	};
	int rc = of_remote && to_remote ? 0 : mv_nomem(err);

	*url = NULL;
	for (size_t i = 0; !rc && !(*url && **url) &&
			   i < sizeof(rows) / sizeof(*rows); i++)
		if (push || !rows[i].push)
			rc = one_name(url, by_file, repo, rows[i].key,
				      rows[i].file_may, err);
	if (!rc && *url && !**url)
		*url = NULL;
	free(to_remote);
	free(of_remote);
	return rc;
}

/* url.<base>.insteadOf, which git knows best; yours. */
static int rewritten(char **out, struct mv_repo *repo, const char *url,
		     struct mv_err *err)
{
	const char *args[] = { "ls-remote", "--get-url", "--", url, NULL };
	struct mv_buf text;
	int rc;

	if (*url == '-')
		return mv_fail(err, MV_EDENIED, "the URL of an LFS server "
			       "begins with a dash");
	mv_buf_init(&text, 64 * 1024);
	rc = mv_git_run(repo->git, args, NULL, 0, &text, err);
	while (text.len && strchr("\n/", text.data[text.len - 1]))
		text.data[--text.len] = '\0';
	if (!rc && !(*out = mv_buf_detach(&text)))
		rc = mv_nomem(err);
	mv_buf_release(&text);
	return rc;
}

/* -- may it know who we are? ----------------------------------------------- */

/* The person has named its origin: it is that of the git remote. */
static int is_beside(const struct mv_transfer_server *s, const char *remote_url)
{
	char *origin = NULL;
	int yes = !mv_http_origin(&origin, s->http, remote_url, NULL) &&
		  !strcmp(origin, s->origin);

	free(origin);
	return yes;
}

static int judge_name(struct mv_transfer_server *s, const char *remote,
		      int by_file, struct mv_err *err)
{
	char *urls = NULL;
	int rc;

	if (!by_file)
		return 0;
	rc = mv_transfer_git_urls(&urls, s->repo, remote, 0, err);
	if (rc == MV_ENOENT)
		rc = 0;
	if (!rc && (!urls || !is_beside(s, urls)))
		s->flags |= MV_HTTP_ANONYMOUS;
	free(urls);
	return rc;
}

/* -- how it is spoken to --------------------------------------------------- */

/* A whole number of git's configuration; `otherwise` where it is not set. */
static int lfs_number(unsigned *out, struct mv_repo *repo, const char *key,
		  unsigned otherwise, unsigned most, struct mv_err *err)
{
	const char *value;
	char *end;
	unsigned long n;
	int rc = mv_git_config(&value, repo->git, key, err);

	*out = otherwise;
	if (rc || !value)
		return rc;
	errno = 0;
	n = strtoul(value, &end, 10);
	if (errno || end == value || *end || *value == '-')
		return mv_fail(err, MV_EINVALID, "configuration '%s' is '%s', "
			       "but it must be a number", key, value);
	*out = n < 1 ? 1 : n > most ? most : (unsigned)n;
	return 0;
}

static int open_http(struct mv_transfer_server *s, struct mv_err *err)
{
	struct mv_http_options options = { .git = s->repo->git,
					   .env = &s->repo->env };
	unsigned seconds;
	int rc = lfs_number(&options.attempts, s->repo, "lfs.transfer.maxretries",
			8, 100, err);

	if (!rc)
		rc = lfs_number(&seconds, s->repo, "model.maxretrytime", 300,
			    86400, err);
	if (!rc)
		rc = lfs_number(&s->threads, s->repo, "lfs.concurrenttransfers",
			    THREADS, 32, err);
	if (rc)
		return rc;
	options.retry_ms = (int64_t)seconds * 1000;
	return mv_http_new(&s->http, &options, err);
}

int mv_transfer_server_open(struct mv_transfer_server *out,
			    struct mv_repo *repo, const char *remote,
			    const char *url, int push, struct mv_err *err)
{
	const char *named = NULL;
	char *asked = NULL, *place = NULL;
	int by_file = 0, rc;

	memset(out, 0, sizeof(*out));
	out->repo = repo;
	out->push = push;
	rc = open_http(out, err);
	if (!rc)
		rc = mv_transfer_server_named(&named, &by_file, repo, remote,
					      push, err);
	if (!rc && named)
		rc = rewritten(&place, repo, named, err);
	else if (!rc && !url)
		rc = mv_transfer_git_urls(&asked, repo, remote, push, err);
	if (!rc && asked)
		asked[strcspn(asked, "\n")] = '\0';
	if (!rc && place && (!strncasecmp(place, "http:", 5) ||
			     !strncasecmp(place, "https:", 6))) {
		out->url = place;
		place = NULL;
	} else if (!rc && by_file && place) {
		rc = mv_fail(err, MV_EDENIED, ".lfsconfig may name an LFS "
			     "server by an http or https URL only");
	} else if (!rc) {
		rc = mv_transfer_server_derive(&out->url, &out->headers, repo,
					       place ? place : url ? url :
					       asked, push, err);
	}
	if (!rc)
		rc = mv_http_origin(&out->origin, out->http, out->url, err);
	if (!rc)
		rc = judge_name(out, remote, by_file, err);
	free(place);
	free(asked);
	return rc;
}

void mv_transfer_server_close(struct mv_transfer_server *server)
{
	mv_pool_free(server->pool);
	mv_http_free(server->http);
	mv_transfer_server_free_list(server->headers);
	free(server->origin);
	free(server->url);
	memset(server, 0, sizeof(*server));
}
