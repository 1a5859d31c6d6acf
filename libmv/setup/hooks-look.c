/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/git/git.h"
#include "libmv/repo/files.h"
#include "libmv/setup/priv.h"

/* What stands where git looks for a hook, and whose it is. */

/* -- where ---------------------------------------------------------------- */

/* A relative core.hooksPath starts at the top of the work tree; git knows. */
static int hooks_dir(char **out, struct mv_repo *repo, struct mv_err *err)
{
	static const char *const args[] = {
		"rev-parse", "--path-format=absolute", "--git-path", "hooks",
		NULL
	};
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, 64 * 1024);
	rc = mv_git_run(repo->git, args, NULL, 0, &text, err);
	if (!rc) {
		while (text.len && text.data[text.len - 1] == '\n')
			text.data[--text.len] = '\0';
		while (text.len > 1 && text.data[text.len - 1] == '/')
			text.data[--text.len] = '\0';
		*out = mv_buf_detach(&text);
		rc = *out ? 0 : mv_nomem(err);
	}
	mv_buf_release(&text);
	return rc;
}

/* The same folder, or the same name of one that is not there yet. */
static int same_dir(const char *a, const char *b)
{
	struct stat x, y;

	if (!strcmp(a, b))
		return 1;
	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

static int is_husky(const char *dir)
{
	const char *slash = strrchr(dir, '/');
	char *h = mv_path_join(dir, "h");
	int yes = h && slash && !strcmp(slash, "/_") && !access(h, F_OK);

	free(h);
	return yes;
}

static int place_dir(struct place *p, struct mv_repo *repo,
		     struct mv_err *err)
{
	char *own = mv_path_join(repo->info->common_dir, "hooks");
	int rc = own ? hooks_dir(&p->dir, repo, err) : mv_nomem(err);

	p->kind = PLACE_SHARED;
	if (!rc && same_dir(p->dir, own)) {
		p->kind = PLACE_OWN;
	} else if (!rc && is_husky(p->dir)) {
		p->kind = PLACE_HUSKY;
		*strrchr(p->dir, '/') = '\0';
	}
	free(own);
	return rc;
}

void mv_setup_place_release(struct place *p)
{
	free(p->dir);
	free(p->path);
	free(p->chained);
	mv_buf_release(&p->text);
}

static int place_read(struct place *p, struct mv_err *err)
{
	struct stat st;
	char *real;
	int rc;

	if (p->kind != PLACE_OWN && (real = realpath(p->path, NULL))) {
		free(p->path);
		p->path = real;
	}
	p->exists = !lstat(p->path, &p->st);
	p->is_chained = p->chained && !lstat(p->chained, &st);
	if (!p->exists || !S_ISREG(p->st.st_mode))
		return 0;
	rc = mv_read_file(&p->text, p->path, err);
	if (rc == MV_ENOMEM)	/* no script of ours is that long */
		rc = 0;
	return rc;
}

int mv_setup_place_find(struct place *p, struct mv_repo *repo, const char *name,
			struct mv_err *err)
{
	int rc;

	memset(p, 0, sizeof(*p));
	p->name = name;
	mv_buf_init(&p->text, MV_SETUP_SCRIPT_MAX);
	rc = place_dir(p, repo, err);
	if (rc)
		return rc;
	p->path = mv_path_join(p->dir, name);
	if (p->path && p->kind == PLACE_OWN)
		p->chained = mv_strf("%s%s", p->path, MV_SETUP_CHAINED);
	if (!p->path || (p->kind == PLACE_OWN && !p->chained))
		return mv_nomem(err);
	return place_read(p, err);
}

/* -- what ----------------------------------------------------------------- */

/* Ours, whatever it was told to call. */
int mv_setup_place_is_ours(const struct place *p)
{
	char tail[64];
	size_t len, lines = 0;

	snprintf(tail, sizeof(tail), " %s \"$@\"\n", p->name);
	len = strlen(tail);
	for (const char *c = p->text.data; *c; c++)
		lines += *c == '\n';
	return lines == 3 && p->text.len > len &&
	       !strncmp(p->text.data, "#!/bin/sh\ncommand -v ", 21) &&
	       strstr(p->text.data, "git-model is not on PATH") &&
	       !strcmp(p->text.data + p->text.len - len, tail);
}

/* A line that is no comment and calls us, put there by hand or by a tool whose
   configuration says so. */
static int calls_us(const struct mv_buf *text)
{
	static const char *const calls[] = { "git-model hook ",
					     "git model hook ",
					     "git-model' hook " };

	for (const char *line = text->len ? text->data : NULL; line;
	     line = strchr(line, '\n')) {
		size_t len;

		line += strspn(line, " \t\n");
		len = strcspn(line, "\n");
		for (size_t i = 0; *line != '#' &&
				   i < sizeof(calls) / sizeof(*calls); i++) {
			const char *hit = strstr(line, calls[i]);

			if (hit && hit < line + len)
				return 1;
		}
		if (!*line)
			break;
	}
	return 0;
}

/*
 * Programs that write hook files, and write them anew: what is in such a file
 * is theirs to make again. pre-commit runs what it found as <name>.legacy;
 * lefthook puts it aside as <name>.old and never runs it.
 */
static const char *const tools[] = { "pre-commit.com", "lefthook", "git lfs ",
				     "husky" };

static const char *made_by(const struct mv_buf *text)
{
	for (size_t i = 0; text->len && i < sizeof(tools) / sizeof(*tools); i++)
		if (strcasestr(text->data, tools[i]))
			return tools[i];
	return NULL;
}

/* A script that ends there, without a newline. */
int mv_setup_place_is_unended(const struct place *p, size_t at)
{
	return p->exists && at == p->text.len &&
	       (!at || p->text.data[at - 1] != '\n');
}

/*
 * Where our block is in the text; 0: nowhere. At the end of a script without a
 * newline there the block has none either, so that the script can come back
 * byte for byte; the newline before the block is then ours.
 */
int mv_setup_place_block(const struct place *p, size_t *from, size_t *to)
{
	const char *begin = strstr(p->text.data, MV_SETUP_BEGIN);
	const char *end = begin ? strstr(begin, MV_SETUP_END) : NULL;

	if (!end || (begin != p->text.data && begin[-1] != '\n'))
		return 0;
	*from = (size_t)(begin - p->text.data);
	*to = (size_t)(end - p->text.data) + strlen(MV_SETUP_END);
	if (p->text.data[*to] == '\n')
		++*to;
	else if (*to < p->text.len)
		return 0;
	else if (*from)
		--*from;
	return 1;
}

/* "#!/usr/bin/env -S bash -e", "#!/bin/sh", or none at all. */
static int is_shell_script(const struct mv_buf *text)
{
	static const char *const shells[] = { "sh", "bash", "dash", "ksh",
					      "zsh", "ash" };
	char line[128], *word, *save = NULL;
	size_t len = strcspn(text->data, "\n");

	if (strlen(text->data) != text->len)
		return 0;
	if (strncmp(text->data, "#!", 2))
		return 1;
	snprintf(line, sizeof(line), "%.*s", (int)len - 2, text->data + 2);
	for (word = strtok_r(line, " \t\r", &save); word;
	     word = strtok_r(NULL, " \t\r", &save)) {
		const char *slash = strrchr(word, '/');
		const char *base = slash ? slash + 1 : word;

		for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++)
			if (!strcmp(base, shells[i]))
				return 1;
		if (strcmp(base, "env") && *base != '-')
			return 0;
	}
	return 0;
}

/* Why it does nothing, whoever calls it, or NULL. husky hands it to a shell,
   whatever its first line names. */
static const char *unrunnable(const struct place *p)
{
	const char *text = p->text.data;
	size_t len = p->text.len ? strcspn(text, "\n") : 0;
	const char *why = NULL;
	char *program;

	if (len && text[len - 1] == '\r' &&
	    (text[len] || len == p->text.len))
		return "its lines end in CR LF, so it cannot be run; end them "
		       "in LF";
	if (p->kind == PLACE_HUSKY || len < 2 || strncmp(text, "#!", 2))
		return NULL;
	text += 2 + strspn(text + 2, " \t");
	program = strndup(text, strcspn(text, " \t\n"));
	if (program && *program == '/' && access(program, X_OK))
		why = "the program of its first line is not there, so it "
		      "cannot be run";
	free(program);
	return why;
}

/* Why a block cannot go in there, or NULL. */
static const char *obstacle(const struct place *p)
{
	struct stat st;

	if (!stat(p->dir, &st) && !S_ISDIR(st.st_mode))
		return "core.hooksPath is no folder, so git runs no hooks";
	if (!p->exists)
		return NULL;
	if (!S_ISREG(p->st.st_mode))
		return "it is no regular file";
	if (p->st.st_size && !p->text.len)
		return "it is too long";
	if (!is_shell_script(&p->text))
		return "it is no shell script; let it call `git-model hook "
		       "--alone` with its arguments and standard input";
	if (unrunnable(p))
		return unrunnable(p);
	if (p->kind == PLACE_SHARED && !(p->st.st_mode & S_IXUSR))
		return "it is not executable, so git does not run it";
	return NULL;
}

/* Is the file beside the hook our script? */
int mv_setup_place_is_beside(const struct place *p, const char *suffix)
{
	struct place beside = { .name = p->name };
	int yes;

	mv_buf_init(&beside.text, MV_SETUP_SCRIPT_MAX);
	beside.path = mv_strf("%s%s", p->path, suffix);
	yes = beside.path &&
	      !mv_read_file(&beside.text, beside.path, NULL) &&
	      mv_setup_place_is_ours(&beside) && !access(beside.path, X_OK);
	mv_buf_release(&beside.text);
	free(beside.path);
	return yes;
}

/* Somebody else's hook that git runs, and that runs us. */
int mv_setup_place_calls_us(const struct place *p)
{
	const char *tool = made_by(&p->text);

	if (!p->exists || !(p->st.st_mode & S_IXUSR) || unrunnable(p))
		return 0;
	return calls_us(&p->text) || (tool && !strcmp(tool, tools[0]) &&
				      mv_setup_place_is_beside(p, ".legacy"));
}

/* What we chain, and what stands there now, are both made by one program: the
   newer takes the place of the older. */
static int may_replace_chained(const struct place *p)
{
	const char *tool = made_by(&p->text);
	struct mv_buf text;
	int may;

	mv_buf_init(&text, MV_SETUP_SCRIPT_MAX);
	may = p->is_chained && tool && S_ISREG(p->st.st_mode) &&
	      !mv_read_file(&text, p->chained, NULL) && made_by(&text) == tool;
	mv_buf_release(&text);
	return may;
}

const char *mv_setup_place_stuck(const struct place *p)
{
	if (p->kind != PLACE_OWN)
		return obstacle(p);
	if (!p->exists)
		return NULL;
	if (p->st.st_mode & S_IXUSR && unrunnable(p))
		return unrunnable(p);
	if (may_replace_chained(p))
		return NULL;
	if (S_ISDIR(p->st.st_mode))
		return "it is a folder";
	if (p->is_chained)
		return "another hook is chained already (" MV_SETUP_CHAINED
		       "); make one of the two by hand";
	return NULL;
}

/* A line of the shell that says so by itself, under no condition. */
static int says_off(const char *text)
{
	static const char off[] = "HUSKY=0";

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += strspn(line, " \t\n");
		if (!strncmp(line, "export ", 7))
			line += 7 + strspn(line + 7, " \t");
		if (!strncmp(line, off, sizeof(off) - 1) &&
		    (!line[sizeof(off) - 1] ||
		     strchr(" \t\r\n;", line[sizeof(off) - 1])))
			return 1;
	}
	return 0;
}

/* husky's dispatcher leaves before any hook where HUSKY is 0: in CI and in
   programs with windows it is set so, also by a file that it reads first. */
static int husky_is_off(const struct mv_repo *repo)
{
	const char *value = mv_repo_getenv(repo, "HUSKY");
	const char *config = mv_repo_getenv(repo, "XDG_CONFIG_HOME");
	const char *home = mv_repo_getenv(repo, "HOME");
	struct mv_buf text;
	char *path = NULL;
	int off = value && !strcmp(value, "0");

	if (config && *config)
		path = mv_strf("%s/husky/init.sh", config);
	else if (home)
		path = mv_strf("%s/.config/husky/init.sh", home);
	mv_buf_init(&text, MV_SETUP_SCRIPT_MAX);
	if (!off && path && !mv_read_file(&text, path, NULL) && text.len)
		off = says_off(text.data);
	mv_buf_release(&text);
	free(path);
	return off;
}

static enum mv_hook_state state_of(const struct place *p, const char **why)
{
	size_t from, to;

	*why = NULL;
	if (mv_setup_place_is_ours(p) && p->st.st_mode & S_IXUSR)
		return MV_HOOK_OURS;
	if (p->kind != PLACE_OWN && mv_setup_place_block(p, &from, &to) &&
	    !(*why = obstacle(p)))
		return MV_HOOK_OURS;
	if (mv_setup_place_calls_us(p))
		return MV_HOOK_OURS;
	if (!mv_setup_place_is_ours(p) && (*why = mv_setup_place_stuck(p)))
		return MV_HOOK_STUCK;
	return p->exists ? MV_HOOK_FOREIGN : MV_HOOK_ABSENT;
}

int mv_setup_hook_look(struct mv_hook *out, struct mv_repo *repo,
		       const char *name,
		       struct mv_err *err)
{
	struct place p;
	int rc = mv_setup_place_find(&p, repo, name, err);

	memset(out, 0, sizeof(*out));
	if (!rc)
		rc = mv_setup_hook_configured(&out->configured, repo, name,
					      err);
	if (!rc) {
		out->state = state_of(&p, &out->why);
		if (p.kind == PLACE_HUSKY && out->state == MV_HOOK_OURS &&
		    husky_is_off(repo))
			out->state = MV_HOOK_OFF;
		if (out->configured) {
			out->state = MV_HOOK_OURS;
			out->why = NULL;
		}
		out->path = p.path;
		p.path = NULL;
	}
	mv_setup_place_release(&p);
	return rc;
}

void mv_setup_hook_release(struct mv_hook *hook)
{
	free(hook->path);
	hook->path = NULL;
}

int mv_setup_hook_mentions(int *yes, struct mv_repo *repo, const char *name,
			   const char *words, struct mv_err *err)
{
	struct place p;
	int rc = mv_setup_place_find(&p, repo, name, err);

	/* husky runs what is not executable as well. */
	*yes = !rc && p.exists && p.text.len && strstr(p.text.data, words) &&
	       (p.kind == PLACE_HUSKY ? !husky_is_off(repo) :
		!!(p.st.st_mode & S_IXUSR));
	mv_setup_place_release(&p);
	return rc;
}

int mv_setup_hook_of_others(char **path, struct mv_repo *repo, const char *name,
			    struct mv_err *err)
{
	char *dir = NULL;
	int rc = hooks_dir(&dir, repo, err);

	*path = NULL;
	if (!rc && !(*path = mv_path_join(dir, name)))
		rc = mv_nomem(err);
	if (!rc && access(*path, X_OK)) {
		free(*path);
		*path = NULL;
	}
	free(dir);
	return rc;
}

int mv_setup_hook_chained(char **path, struct mv_repo *repo, const char *name,
			  struct mv_err *err)
{
	*path = mv_strf("%s/hooks/%s%s", repo->info->common_dir, name,
			MV_SETUP_CHAINED);
	if (!*path)
		return mv_nomem(err);
	/* Git does not run what is not executable, and neither do we. */
	if (!access(*path, X_OK))
		return 0;
	free(*path);
	*path = NULL;
	return mv_fail(err, MV_ENOENT, "no hook is chained to %s", name);
}
