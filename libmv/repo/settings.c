/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/config.h"
#include "libmv/base/worktree.h"
#include "libmv/meta/project.h"
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

/* A place in the repository must not decide where content is sent. */
static int names_a_place(const char *section)
{
	return !strcmp(section, "remote") || !strcmp(section, "store");
}

struct settings {
	struct mv_repo *repo;
	uint64_t *smudge_limit;
};

/* What of it others read (meta/project.c), they judge themselves. */
static int take_setting(void *payload, const char *section,
			const char *subname, const char *key,
			const char *value, int line, struct mv_err *err)
{
	struct settings *s = payload;
	const char *near;
	int rc;

	if (names_a_place(section)) {
		mv_repo_warn(s->repo, TEAM_FILE ":%d: where content goes is not "
			     "read from a repository; use `git model remote "
			     "add`", line);
		return 0;
	}
	if (mv_project_knows(&near, section, subname, key)) {
		mv_repo_warn(s->repo, TEAM_FILE ":%d: unknown key '%s' in [%s]",
			     line, key, section);
		return 0;
	}
	if (strcmp(section, "filter"))
		return 0;
	rc = mv_parse_size(s->smudge_limit, value, err);
	if (rc)
		mv_err_prefix(err, TEAM_FILE ":%d: %s", line, key);
	return rc;
}

/* A bare repository or no file has no settings. */
int mv_repo_team_file(struct mv_buf *text, struct mv_repo *repo,
		      const char *name, size_t max, struct mv_err *err)
{
	char *path = mv_strf(".gitmodel/%s", name);
	struct mv_reader in;
	size_t got = 0;
	int root, fd = -1, rc = path ? 0 : mv_nomem(err);

	if (!rc)
		rc = repo->info->work_tree ? mv_repo_root(&root, repo, err) :
					     MV_ENOENT;
	if (!rc)
		rc = mv_wt_open_read(&fd, NULL, root, path, err);
	if (!rc && mv_buf_reserve(text, max + 1))
		rc = mv_nomem(err);
	in = mv_reader_fd(&fd);
	if (!rc)
		rc = mv_read_full(&in, text->data, max + 1, &got, err);
	if (!rc && got > max)
		rc = mv_fail(err, MV_EINVALID, "%s: more than %zu bytes", path,
			     max);
	if (!rc) {
		text->len = got;
		text->data[got] = '\0';
	}
	if (fd >= 0)
		close(fd);
	free(path);
	return rc;
}

int mv_repo_team_limit(uint64_t *out, struct mv_repo *repo, struct mv_err *err)
{
	struct settings s = { repo, out };
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, TEAM_MAX + 2);
	rc = mv_repo_team_file(&text, repo, "config", TEAM_MAX, err);
	if (!rc)
		rc = mv_config_parse(TEAM_FILE, text.data, text.len,
				     take_setting, &s, err);
	mv_buf_release(&text);
	return rc == MV_ENOENT ? 0 : rc;
}
