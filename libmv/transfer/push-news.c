/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/git/git.h"
#include "libmv/git/objects.h"
#include "libmv/transfer/priv.h"

/*
 * What a push brings that was never there; and in a partial clone that it is
 * known what that is: a pointer which was only promised names content as any
 * other does, and git fetches and sends it along when we have had our turn.
 */

#define HAVES_MAX 8192u		/* more would not fit on a command line */

/* -- by what the remote's repository says now: not by what it said yesterday -- */

/* "^<oid>\0" for each ref that the remote has now, all of one length. One
   that does not answer is known for what git has told us. */
void mv_transfer_ask_refs(struct mv_buf *haves, struct mv_repo *repo,
			  const char *url)
{
	const char *ask[] = { "ls-remote", "--refs", "--", url, NULL };
	const size_t hex = repo->info->hex_len;
	char *save = NULL, *line;
	size_t count = 0;
	struct mv_buf out;

	mv_buf_init(&out, (size_t)64 << 20);
	if (mv_git_run(repo->git, ask, NULL, 0, &out, NULL))
		mv_buf_clear(&out);
	for (line = out.len ? strtok_r(out.data, "\n", &save) : NULL;
	     line && count < HAVES_MAX; line = strtok_r(NULL, "\n", &save)) {
		if (strspn(line, "0123456789abcdef") != hex ||
		    line[hex] != '\t')
			continue;
		line[hex] = '\0';
		/* Fewer haves: more is asked for, never less. */
		if (mv_buf_addf(haves, "^%s", line) || mv_buf_add(haves, "", 1))
			break;
		count++;
	}
	mv_buf_release(&out);
}

int mv_transfer_news(struct mv_transfer_news *out, struct mv_repo *repo,
		     const struct mv_push_refs *refs, struct mv_err *err)
{
	const size_t len = repo->info->hex_len + 2;
	size_t n = 0, count;

	mv_buf_init(&out->haves, HAVES_MAX * 128);
	mv_transfer_ask_refs(&out->haves, repo, refs->url);
	count = out->haves.len / len;
	while (refs->known[n])
		n++;
	out->args = calloc(n + count + 1, sizeof(*out->args));
	if (!out->args)
		return mv_nomem(err);
	memcpy(out->args, refs->known, n * sizeof(*out->args));
	for (size_t i = 0; i < count; i++)
		out->args[n + i] = out->haves.data + i * len;
	return 0;
}

void mv_transfer_news_release(struct mv_transfer_news *news)
{
	free(news->args);
	news->args = NULL;
	mv_buf_release(&news->haves);
}

/* -- what was only promised ----------------------------------------------- */

/*
 * What one remote alone has promised is there: neither git nor we have to bring
 * it. A remote has it for the repository that it is fetched from, so not by
 * every URL that it is pushed to.
 */
static int is_the_promisor(int *yes, struct mv_repo *repo,
			   const struct mv_git_promisors *p, const char *url,
			   struct mv_err *err)
{
	const char *ask[] = { "remote", "get-url", "--", p->name[0], NULL };
	struct mv_buf text;
	int rc, status;

	*yes = 0;
	if (p->count != 1)
		return 0;
	mv_buf_init(&text, 64 * 1024);
	/* Without such a remote it is a URL itself. */
	rc = mv_git_ask(&status, repo->git, ask, 2, &text, err);
	if (!rc && status && (mv_buf_clear(&text),
			      mv_buf_addf(&text, "%s\n", p->name[0])))
		rc = mv_nomem(err);
	*yes = !rc && text.len == strlen(url) + 1 &&
	       !strncmp(text.data, url, text.len - 1);
	mv_buf_release(&text);
	return rc;
}

static int cannot_tell(int rc, struct mv_err *err)
{
	mv_err_prefix(err, "this is a partial clone, and what it has not "
		      "fetched yet cannot be had now, so which contents are "
		      "needed is not known");
	return rc;
}

static int bring(struct mv_repo *repo, const struct mv_git_promisors *p,
		 const char *const *revs, struct mv_err *err)
{
	int rc = mv_git_fetch_promised(repo->git, p, revs, err);

	return rc ? cannot_tell(rc, err) : 0;
}

/* Git has told us what it saw there of the refs that are pushed; only where
   that leaves something open is the remote asked for all of them. */
static int bring_news(struct mv_repo *repo, const struct mv_git_promisors *p,
		      const struct mv_push_refs *refs, struct mv_err *err)
{
	struct mv_transfer_news news;
	size_t absent;
	int rc = mv_git_count_promised(&absent, repo->git, refs->known, err);

	if (rc || !absent)
		return rc;
	rc = mv_transfer_news(&news, repo, refs, err);
	if (!rc)
		rc = bring(repo, p, news.args, err);
	mv_transfer_news_release(&news);
	return rc;
}

int mv_transfer_bring_pushed(struct mv_repo *repo,
			     const struct mv_push_refs *refs,
			     struct mv_err *err)
{
	struct mv_git_promisors p;
	int rc = mv_git_promisors(&p, repo->git, err), there = 0;

	if (!rc && p.count && refs->known)
		rc = is_the_promisor(&there, repo, &p, refs->url, err);
	if (!rc && p.count && refs->known && !there)
		rc = bring_news(repo, &p, refs, err);
	mv_git_promisors_release(&p);
	return rc;
}

int mv_transfer_bring(struct mv_repo *repo, const char *url,
		      const char *const *revs, struct mv_err *err)
{
	struct mv_git_promisors p;
	int rc = mv_git_promisors(&p, repo->git, err), there = 0;

	if (!rc && p.count && url)
		rc = is_the_promisor(&there, repo, &p, url, err);
	if (!rc && p.count && !there)
		rc = bring(repo, &p, revs, err);
	mv_git_promisors_release(&p);
	return rc;
}
