/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/git/config.h"
#include "libmv/transfer/priv.h"

/*
 * Where may content be that is not here? Nobody is asked here; this only says
 * whom to ask.
 */
#define FETCH_HEAD_MAX ((size_t)16 << 20)

void mv_transfer_sources_release(struct mv_sources *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->url[i]);
	free(s->url);
	s->url = NULL;
	s->count = 0;
}

static int sources_add(struct mv_sources *s, const char *text, size_t len)
{
	char **added, *copy;

	for (size_t i = 0; i < s->count; i++)
		if (!strncmp(s->url[i], text, len) && !s->url[i][len])
			return 0;
	copy = strndup(text, len);
	added = copy ? MV_GROW_ONE(s->url, s->count, NULL) : NULL;
	if (!added) {
		free(copy);
		return -1;
	}
	*added = copy;
	return 0;
}

/* What the configuration says of remotes. */
struct configured {
	struct mv_sources names;
	struct mv_sources urls;		/* of git remotes, as they stand there */
};

/*
 * "modelremote.<name>.url" and "remote.<name>.url" both name a remote. What is
 * pushed to several places, or to another one than is fetched from, is there.
 */
static int read_variable(void *payload, const char *key, const char *value,
			 struct mv_err *err)
{
	static const char *const prefixes[] = { "modelremote.", "remote." };
	struct configured *c = payload;
	const char *dot = strrchr(key, '.');
	int is_url = dot && !strcmp(dot, ".url");

	if (!is_url && (!dot || strcmp(dot, ".pushurl")))
		return 0;
	for (size_t i = 0; i < 2; i++) {
		size_t len = strlen(prefixes[i]);

		if (strncmp(key, prefixes[i], len) || dot <= key + len)
			continue;
		if (is_url && sources_add(&c->names, key + len,
					  (size_t)(dot - key) - len))
			return mv_nomem(err);
		if (i && value && *value && sources_add(&c->urls, value,
							strlen(value)))
			return mv_nomem(err);
	}
	return 0;
}

static int add_remote(struct mv_sources *out, struct mv_repo *repo,
		      const char *name, struct mv_err *err)
{
	char *url = NULL;
	int rc = 0;

	if (mv_transfer_remote_url(&url, repo, name, NULL))
		return 0;
	if (sources_add(out, url, strlen(url)))
		rc = mv_nomem(err);
	free(url);
	return rc;
}

static int add_beside(struct mv_sources *out, struct mv_repo *repo,
		      mv_beside_fn beside, const char *url, struct mv_err *err)
{
	char *place = NULL;
	int rc = 0;

	if (beside(&place, repo, url, NULL))
		return 0;
	if (sources_add(out, place, strlen(place)))
		rc = mv_nomem(err);
	free(place);
	return rc;
}

/*
 * `git pull ../their.git`, of no remote: FETCH_HEAD says "<oid> TAB ... of
 * <url>", and it is there that the content is.
 */
static int add_fetched(struct mv_sources *out, struct mv_repo *repo,
		       mv_beside_fn beside, struct mv_err *err)
{
	char *path = mv_path_join(repo->info->git_dir, "FETCH_HEAD");
	char *save = NULL, *line;
	struct mv_buf text;
	int rc = path ? 0 : mv_nomem(err);

	mv_buf_init(&text, FETCH_HEAD_MAX);
	if (!rc && !mv_read_file(&text, path, NULL))
		for (line = strtok_r(text.data, "\n", &save); line && !rc;
		     line = strtok_r(NULL, "\n", &save)) {
			char *what = strrchr(line, '\t');
			char *of = what ? strstr(what, "' of ") : NULL;
			char *url = of ? of + 5 : what ? what + 1 : NULL;

			if (url && *url)
				rc = add_beside(out, repo, beside, url, err);
		}
	mv_buf_release(&text);
	free(path);
	return rc;
}

static int add_all_beside(struct mv_sources *out, struct mv_repo *repo,
			  const struct configured *c, mv_beside_fn beside,
			  struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < c->urls.count; i++)
		rc = add_beside(out, repo, beside, c->urls.url[i], err);
	return rc ? rc : add_fetched(out, repo, beside, err);
}

/* Every remote by its names first, where `named`; then what lies beside all of
   them. */
static int sources_collect(struct mv_sources *out, struct mv_repo *repo,
			   int named,
			   mv_beside_fn beside, struct mv_err *err)
{
	struct configured c = { { NULL, 0 }, { NULL, 0 } };
	int rc;

	out->url = NULL;
	out->count = 0;
	rc = mv_git_config_each(repo->git, read_variable, &c, err);
	if (!rc && named)
		rc = add_remote(out, repo, NULL, err);
	for (size_t i = 0; !rc && named && i < c.names.count; i++)
		rc = add_remote(out, repo, c.names.url[i], err);
	if (!rc)
		rc = add_all_beside(out, repo, &c, beside, err);
	if (rc)
		mv_transfer_sources_release(out);
	mv_transfer_sources_release(&c.names);
	mv_transfer_sources_release(&c.urls);
	return rc;
}

int mv_transfer_all_beside(struct mv_sources *out, struct mv_repo *repo,
			   mv_beside_fn beside, struct mv_err *err)
{
	return sources_collect(out, repo, 0, beside, err);
}

int mv_transfer_sources(struct mv_sources *out, struct mv_repo *repo,
			struct mv_err *err)
{
	return sources_collect(out, repo, 1, mv_transfer_store_beside, err);
}
