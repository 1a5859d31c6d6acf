/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/config.h"
#include "libmv/base/worktree.h"
#include "libmv/repo/repo.h"
#include "libmv/repo/state.h"

/*
 * .gitmodel/config: what a team agrees on, committed beside the code
 * (docs/format/config.md). It comes from whoever made the commit, so it is
 * data: no key names a program, a path or a credential. A file that cannot
 * be read as it stands is an error with file and line; a key that this
 * version does not know is a warning, because a newer one may.
 */
#define TEAM_FILE ".gitmodel/config"
#define TEAM_MAX (1024u * 1024)

struct mv_repo_setting {
	struct mv_repo_setting *next;
	char *section, *subname, *key, *value;
};

static const struct {
	const char *section, *key;
	int named;		/* the section takes a name */
} known[] = {
	{ "filter", "smudge-limit", 0 },
	/* Read elsewhere: meta/project.c, gate/gate.c. */
	{ "artifact", NULL, 1 },
	{ "metric", NULL, 1 },
	{ "repository", "id", 0 },
};

static int settings_is_known(const char *section, const char *subname,
			     const char *key)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(section, known[i].section) &&
		    !subname[0] == !known[i].named &&
		    (!known[i].key || !strcmp(key, known[i].key)))
			return 1;
	return 0;
}

/* A place in the repository must not decide where content is sent. */
static int names_a_place(const char *section)
{
	return !strcmp(section, "remote") || !strcmp(section, "store");
}

static int check_value(const char *section, const char *key,
		       const char *value, int line, struct mv_err *err)
{
	uint64_t size;
	int rc = 0;

	if (!strcmp(section, "filter") && !strcmp(key, "smudge-limit"))
		rc = mv_parse_size(&size, value, err);
	if (rc)
		mv_err_prefix(err, TEAM_FILE ":%d: %s", line, key);
	return rc;
}

static void team_release(struct mv_repo *repo)
{
	while (repo->team) {
		struct mv_repo_setting *next = repo->team->next;

		free(repo->team->section);
		free(repo->team->subname);
		free(repo->team->key);
		free(repo->team->value);
		free(repo->team);
		repo->team = next;
	}
}

static int keep_setting(void *payload, const char *section,
			const char *subname, const char *key,
			const char *value, int line, struct mv_err *err)
{
	struct mv_repo *repo = payload;
	struct mv_repo_setting *s;
	int rc;

	if (names_a_place(section)) {
		mv_repo_warn(repo, TEAM_FILE ":%d: where content goes is not "
			     "read from a repository; use `git model remote "
			     "add`", line);
		return 0;
	}
	if (!settings_is_known(section, subname, key)) {
		mv_repo_warn(repo, TEAM_FILE ":%d: unknown key '%s' in [%s]",
			     line, key, section);
		return 0;
	}
	rc = check_value(section, key, value, line, err);
	if (rc)
		return rc;
	s = calloc(1, sizeof(*s));
	if (!s)
		return mv_nomem(err);
	s->next = repo->team;
	repo->team = s;
	mv_repo_at_close(repo, team_release);
	s->section = strdup(section);
	s->subname = strdup(subname);
	s->key = strdup(key);
	s->value = strdup(value);
	return s->section && s->subname && s->key && s->value ? 0
							     : mv_nomem(err);
}

/* The work tree's file; a bare repository or no file has no settings. */
int mv_repo_team_file(struct mv_buf *text, struct mv_repo *repo,
		      struct mv_err *err)
{
	struct mv_reader in;
	struct stat st;
	size_t got = 0;
	int root, fd, rc;

	if (!repo->info->work_tree)
		return MV_ENOENT;
	rc = mv_repo_root(&root, repo, err);
	if (!rc)
		rc = mv_wt_open_read(&fd, &st, root, TEAM_FILE, err);
	if (rc)
		return rc;
	in = mv_reader_fd(&fd);
	rc = mv_buf_reserve(text, TEAM_MAX + 1);
	if (!rc)
		rc = mv_read_full(&in, text->data, TEAM_MAX + 1, &got, err);
	else
		mv_nomem(err);
	close(fd);
	text->len = got;
	return rc;
}

int mv_repo_team_config(const char **out, struct mv_repo *repo,
			const char *section, const char *subname,
			const char *key, struct mv_err *err)
{
	struct mv_buf text;
	int rc = 0;

	*out = NULL;
	if (!repo->team_known) {
		mv_buf_init(&text, TEAM_MAX + 2);
		rc = mv_repo_team_file(&text, repo, err);
		if (!rc)
			rc = mv_config_parse(TEAM_FILE, text.data, text.len,
					     keep_setting, repo, err);
		else if (rc == MV_ENOENT)
			rc = 0;
		mv_buf_release(&text);
		if (rc)
			return rc;
		repo->team_known = 1;
	}
	for (struct mv_repo_setting *s = repo->team; s && !*out; s = s->next)
		if (!strcmp(s->section, section) && !strcmp(s->key, key) &&
		    !strcmp(s->subname, subname))
			*out = s->value;
	return 0;
}
