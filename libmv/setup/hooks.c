/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/git/config.h"
#include "libmv/git/git.h"
#include "libmv/repo/files.h"
#include "libmv/setup/priv.h"

/*
 * Hook files (docs/design/hooks.md). Three kinds of place, by whose they
 * are:
 *
 * - the repository's own folder: a hook of ours is a file of its own; one
 *   that stood there before is renamed and called by ours;
 * - husky's: the dispatcher in .husky/_ is made anew at every `npm install`,
 *   so the script of the project that it calls, .husky/<name>, gets a block;
 * - any other folder that core.hooksPath names belongs to somebody: files
 *   there keep their name and their words, and get a block.
 */
#define CHAINED ".model-chained"
#define SCRIPT_MAX ((size_t)4 << 20)
#define BEGIN "# git-model: begin (git model uninstall takes it away)\n"
#define END "# git-model: end"

const char *const mv_hook_names[MV_HOOK_COUNT] = { "pre-push", "pre-commit" };
const char *const mv_server_hook_names[MV_HOOK_COUNT] = {
	"pre-receive", "post-receive"
};

enum place_kind { PLACE_OWN, PLACE_HUSKY, PLACE_SHARED };

/* One hook, and what stands there now. */
struct place {
	enum place_kind kind;
	const char *name;
	char *dir;
	char *path;		/* links followed, but in PLACE_OWN */
	char *chained;		/* PLACE_OWN only */
	int exists, is_chained;
	struct stat st;
	struct mv_buf text;	/* of a regular file that is not too long */
};

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

static void place_release(struct place *p)
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

static int place_find(struct place *p, struct mv_repo *repo, const char *name,
		      struct mv_err *err)
{
	int rc;

	memset(p, 0, sizeof(*p));
	p->name = name;
	mv_buf_init(&p->text, SCRIPT_MAX);
	rc = place_dir(p, repo, err);
	if (rc)
		return rc;
	p->path = mv_path_join(p->dir, name);
	if (p->path && p->kind == PLACE_OWN)
		p->chained = mv_strf("%s%s", p->path, CHAINED);
	if (!p->path || (p->kind == PLACE_OWN && !p->chained))
		return mv_nomem(err);
	return place_read(p, err);
}

/* -- what ----------------------------------------------------------------- */

/*
 * A file of its own: three lines. `word` is "git-model" or a quoted path.
 * Only the repository's own folder can have a hook to be chained.
 */
static int print_script(struct mv_buf *out, const struct place *p,
			const char *word)
{
	return mv_buf_addf(out, "#!/bin/sh\n"
			   "command -v %s >/dev/null 2>&1 || { echo >&2 "
			   "\"git-model is not on PATH, but this repository's "
			   "%s hook needs it: install it, or remove $0\"; "
			   "exit 1; }\n"
			   "exec %s hook %s%s \"$@\"\n", word, p->name, word,
			   p->kind == PLACE_OWN ? "" : "--alone ", p->name);
}

/* Ours, whatever it was told to call. */
static int is_script(const struct place *p)
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

/*
 * Lines for somebody else's script. What git says on standard input is read
 * once and given to us and to the rest of the script. People who have no
 * git-model are let pass: the script may be shared. Whose git is set up for
 * it has one, and content: a program with another PATH must not push without.
 * A server that has none any more takes nothing.
 */
static int print_block(struct mv_buf *out, const struct place *p,
		       const char *word)
{
	int stdin_too = strcmp(p->name, "pre-commit");
	int after = !strcmp(p->name, "post-receive");
	int rc = mv_buf_addf(out, "%sif command -v %s >/dev/null 2>&1\n"
			     "then\n", BEGIN, word);

	if (!rc && stdin_too)
		rc = mv_buf_addf(out, "\tmodel_refs=$(cat)\n"
				 "\tprintf '%%s\\n' \"$model_refs\" |\n"
				 "\t%s hook --alone %s \"$@\"%s\n"
				 "\texec <<model_end\n"
				 "$model_refs\n"
				 "model_end\n", word, p->name,
				 after ? "" : " || exit 1");
	else if (!rc)
		rc = mv_buf_addf(out, "\t%s hook --alone %s \"$@\" </dev/null"
				 " || exit 1\n", word, p->name);
	if (!rc && !strcmp(p->name, "pre-push"))
		rc = mv_buf_addstr(out, "elif git config filter.model.process "
				   ">/dev/null\n"
				   "then\n"
				   "\techo >&2 \"git-model is not on PATH, so "
				   "the content of what is pushed would stay "
				   "here; git push --no-verify leaves it\"\n"
				   "\texit 1\n");
	else if (!rc && !strcmp(p->name, "pre-receive"))
		rc = mv_buf_addstr(out, "else\n"
				   "\techo >&2 \"git-model is not there, and "
				   "without it nothing is judged: install it, "
				   "or run git model uninstall --server\"\n"
				   "\texit 1\n");
	return rc ? rc : mv_buf_addstr(out, "fi\n" END "\n");
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
static int is_unended(const struct place *p, size_t at)
{
	return p->exists && at == p->text.len &&
	       (!at || p->text.data[at - 1] != '\n');
}

/*
 * Where our block is in the text; 0: nowhere. At the end of a script without a
 * newline there the block has none either, so that the script can come back
 * byte for byte; the newline before the block is then ours.
 */
static int find_block(const struct place *p, size_t *from, size_t *to)
{
	const char *begin = strstr(p->text.data, BEGIN);
	const char *end = begin ? strstr(begin, END) : NULL;

	if (!end || (begin != p->text.data && begin[-1] != '\n'))
		return 0;
	*from = (size_t)(begin - p->text.data);
	*to = (size_t)(end - p->text.data) + strlen(END);
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
	if (p->kind == PLACE_SHARED && !(p->st.st_mode & S_IXUSR))
		return "it is not executable, so git does not run it";
	return NULL;
}

static const char *stuck_why(const struct place *p)
{
	if (p->kind != PLACE_OWN)
		return obstacle(p);
	if (!p->exists)
		return NULL;
	if (S_ISDIR(p->st.st_mode))
		return "it is a folder";
	if (p->is_chained)
		return "another hook is chained already (" CHAINED "); make "
		       "one of the two by hand";
	return NULL;
}

/* Is the file beside the hook our script? */
static int is_ours_beside(const struct place *p, const char *suffix)
{
	struct place beside = { .name = p->name };
	int yes;

	mv_buf_init(&beside.text, SCRIPT_MAX);
	beside.path = mv_strf("%s%s", p->path, suffix);
	yes = beside.path &&
	      !mv_read_file(&beside.text, beside.path, NULL) &&
	      is_script(&beside) && !access(beside.path, X_OK);
	mv_buf_release(&beside.text);
	free(beside.path);
	return yes;
}

/* Somebody else's hook that git runs, and that runs us. */
static int is_called(const struct place *p)
{
	const char *tool = made_by(&p->text);

	if (!p->exists || !(p->st.st_mode & S_IXUSR))
		return 0;
	return calls_us(&p->text) || (tool && !strcmp(tool, tools[0]) &&
				      is_ours_beside(p, ".legacy"));
}

/* What we chain, and what stands there now, are both made by one program: the
   newer takes the place of the older. */
static int may_replace_chained(const struct place *p)
{
	const char *tool = made_by(&p->text);
	struct mv_buf text;
	int may;

	mv_buf_init(&text, SCRIPT_MAX);
	may = p->is_chained && tool && S_ISREG(p->st.st_mode) &&
	      !mv_read_file(&text, p->chained, NULL) && made_by(&text) == tool;
	mv_buf_release(&text);
	return may;
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
	char *path = config && *config ? mv_strf("%s/husky/init.sh", config) :
		     home ? mv_strf("%s/.config/husky/init.sh", home) : NULL;
	struct mv_buf text;
	int off = value && !strcmp(value, "0");

	mv_buf_init(&text, SCRIPT_MAX);
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
	if (is_script(p) && p->st.st_mode & S_IXUSR)
		return MV_HOOK_OURS;
	if (p->kind != PLACE_OWN && find_block(p, &from, &to) &&
	    !(*why = obstacle(p)))
		return MV_HOOK_OURS;
	if (is_called(p))
		return MV_HOOK_OURS;
	if (!is_script(p) && !may_replace_chained(p) && (*why = stuck_why(p)))
		return MV_HOOK_STUCK;
	return p->exists ? MV_HOOK_FOREIGN : MV_HOOK_ABSENT;
}

int mv_setup_hook_look(struct mv_hook *out, struct mv_repo *repo,
		       const char *name,
		       struct mv_err *err)
{
	struct place p;
	int rc = place_find(&p, repo, name, err);

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
	place_release(&p);
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
	int rc = place_find(&p, repo, name, err);

	/* husky runs what is not executable as well. */
	*yes = !rc && p.exists && p.text.len && strstr(p.text.data, words) &&
	       (p.kind == PLACE_HUSKY ? !husky_is_off(repo) :
		!!(p.st.st_mode & S_IXUSR));
	place_release(&p);
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
	*path = mv_strf("%s/hooks/%s%s", repo->info->common_dir, name, CHAINED);
	if (!*path)
		return mv_nomem(err);
	/* Git does not run what is not executable, and neither do we. */
	if (!access(*path, X_OK))
		return 0;
	free(*path);
	*path = NULL;
	return mv_fail(err, MV_ENOENT, "no hook is chained to %s", name);
}

/* -- install -------------------------------------------------------------- */

static int write_script(const struct place *p, const char *word,
			struct mv_err *err)
{
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, SCRIPT_MAX);
	rc = print_script(&text, p, word) ? mv_nomem(err) : 0;
	if (!rc && p->exists && p->text.len == text.len &&
	    !memcmp(p->text.data, text.data, text.len) &&
	    p->st.st_mode & S_IXUSR)
		goto out;	/* a second run changes nothing */
	if (!rc)
		rc = mv_mkdirs(p->dir, err);
	if (!rc)
		rc = mv_write_file(p->path, text.data, text.len, 0755, 0, err);
out:
	mv_buf_release(&text);
	return rc;
}

/* The same bytes: somebody put there again what we chain already. */
static int chained_is_same(const struct place *p)
{
	struct mv_buf text;
	int same;

	mv_buf_init(&text, SCRIPT_MAX);
	same = p->is_chained && p->text.len &&
	       !mv_read_file(&text, p->chained, NULL) &&
	       text.len == p->text.len &&
	       !memcmp(text.data, p->text.data, text.len);
	mv_buf_release(&text);
	return same;
}

/* lefthook refuses to put the next hook aside while this one lies there. */
static void drop_old(const struct place *p)
{
	char *old = mv_strf("%s.old", p->path);

	if (old && is_ours_beside(p, ".old"))
		unlink(old);
	free(old);
}

/* A kill between the two steps leaves no hook; the next run goes on. */
static int install_own(const struct place *p, const struct mv_install *in,
		       const char *word, struct mv_err *err)
{
	const char *why = NULL;

	if (p->exists && !is_script(p)) {
		if (!chained_is_same(p) && !may_replace_chained(p))
			why = stuck_why(p);
		if (why) {
			mv_setup_tell(in, 1, "%s hook not installed: '%s': %s",
				      p->name, p->path, why);
			return 0;
		}
		if (rename(p->path, p->chained))
			return mv_fail_errno(err, errno, "cannot rename '%s'",
					     p->path);
		mv_setup_tell(in, 0, "the %s hook that was there is run first "
			      "('%s')", p->name, p->chained);
		drop_old(p);
	}
	return write_script(p, word, err);
}

/* After the first line if that names the shell, else at the top. */
static size_t block_place(const struct mv_buf *text)
{
	const char *newline = strchr(text->data, '\n');

	if (strncmp(text->data, "#!", 2))
		return 0;
	return newline ? (size_t)(newline + 1 - text->data) : text->len;
}

/* Write `block` where from..to of the script is now. */
static int splice(const struct place *p, size_t from, size_t to,
		  const struct mv_buf *block, struct mv_err *err)
{
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, 2 * SCRIPT_MAX);
	rc = mv_buf_add(&text, p->text.data, from);
	if (!rc)
		rc = mv_buf_add(&text, block->data, block->len);
	if (!rc)
		rc = mv_buf_add(&text, p->text.data + to, p->text.len - to);
	if (rc)
		rc = mv_nomem(err);
	else if (text.len != p->text.len ||
		 memcmp(text.data, p->text.data, text.len))
		rc = mv_write_file(p->path, text.data, text.len,
				   p->exists ? p->st.st_mode & 07777 : 0755,
				   0, err);
	mv_buf_release(&text);
	return rc;
}

static int put_block(const struct place *p, const char *word,
		     struct mv_err *err)
{
	struct mv_buf block;
	size_t from, to;
	int rc = 0;

	if (!find_block(p, &from, &to))
		from = to = block_place(&p->text);
	mv_buf_init(&block, SCRIPT_MAX);
	if (from && is_unended(p, to))
		rc = mv_buf_addch(&block, '\n');
	if (!rc)
		rc = print_block(&block, p, word);
	if (!rc && is_unended(p, to))
		block.len--;
	rc = rc ? mv_nomem(err) : splice(p, from, to, &block, err);
	mv_buf_release(&block);
	return rc;
}

static int install_block(const struct place *p, const struct mv_install *in,
			 const char *word, struct mv_err *err)
{
	const char *why = obstacle(p);
	size_t from, to;
	int had = find_block(p, &from, &to);
	int rc;

	if (is_called(p) && !had)
		return 0;
	if (why) {
		mv_setup_tell(in, 1, "%s hook not installed: '%s': %s",
			      p->name, p->path, why);
		return 0;
	}
	if (p->kind == PLACE_SHARED && (!p->exists || is_script(p)))
		return write_script(p, word, err);
	rc = put_block(p, word, err);
	if (!rc && !had)
		mv_setup_tell(in, 0, "the %s hook of '%s' calls git-model now "
			      "('%s')", p->name, p->dir, p->path);
	return rc;
}

static const char *hook_name(const struct mv_install *install, size_t i)
{
	return install->flags & MV_INSTALL_SERVER ? mv_server_hook_names[i] :
						    mv_hook_names[i];
}

int mv_setup_hooks_install(struct mv_repo *repo,
			   const struct mv_install *install,
			   const char *word, struct mv_err *err)
{
	struct place p;
	int rc = 0;

	for (size_t i = 0; !rc && i < MV_HOOK_COUNT; i++) {
		rc = place_find(&p, repo, hook_name(install, i), err);
		if (!rc)
			rc = p.kind == PLACE_OWN ?
			     install_own(&p, install, word, err) :
			     install_block(&p, install, word, err);
		place_release(&p);
	}
	return rc;
}

static int is_missing(const char *path)
{
	struct stat st;

	return lstat(path, &st) && errno == ENOENT;
}

/*
 * Does git look where we would write, and may we? It does not where
 * core.hooksPath says otherwise; `may` is then 0, and `want` 1.
 */
static int may_write_hooks(int *may, int *want, struct mv_repo *repo,
			   struct mv_err *err)
{
	const char *elsewhere;
	int rc = mv_git_config(&elsewhere, repo->git, "core.hookspath", err);

	if (!rc)
		rc = mv_git_config_bool(want, repo->git, "model.hooks", 1,
					err);
	*may = !rc && *want && !elsewhere;
	return rc;
}

/* What to do is another thing for each kind of place. */
static void tell_left_out(struct mv_repo *repo, const struct mv_hook *hook)
{
	if (hook->state == MV_HOOK_OFF)
		mv_repo_warn(repo, "`git push` from here will not bring content"
			     ": HUSKY=0 keeps husky from running '%s'; run "
			     "`git model push` each time, or push without it",
			     hook->path);
	else if (hook->state == MV_HOOK_STUCK)
		mv_repo_warn(repo, "`git push` from here will not bring content"
			     ": '%s' does not call git-model (%s); let it call "
			     "`git-model hook --alone pre-push \"$@\"`, or run "
			     "`git model push` each time", hook->path,
			     hook->why);
	else
		mv_repo_warn(repo, "`git push` from here will not bring content"
			     ": %s'%s'%s; run `git model install`, which keeps "
			     "what is there",
			     hook->state == MV_HOOK_ABSENT ? "there is no " :
			     "", hook->path,
			     hook->state == MV_HOOK_ABSENT ? "" :
			     " does not call git-model");
}

static int write_missing(struct mv_repo *repo, struct mv_err *err)
{
	struct place p = { .kind = PLACE_OWN };
	char *word = NULL;
	int rc = 0;

	p.dir = mv_path_join(repo->info->common_dir, "hooks");
	for (size_t i = 0; !rc && p.dir && i < MV_HOOK_COUNT; i++) {
		p.name = mv_hook_names[i];
		p.path = mv_path_join(p.dir, p.name);
		if (!p.path)
			rc = mv_nomem(err);
		else if (is_missing(p.path)) {
			if (!word)
				rc = mv_setup_word(&word, "git-model",
						   &repo->env, err);
			if (!rc)
				rc = write_script(&p, word, err);
		}
		free(p.path);
		p.path = NULL;
	}
	free(word);
	free(p.dir);
	return rc;
}

/* The quick look: our own script, where git looks unless told otherwise. */
static int has_own_script(struct mv_repo *repo)
{
	struct place p = { .name = mv_hook_names[0] };
	int yes;

	mv_buf_init(&p.text, SCRIPT_MAX);
	p.path = mv_strf("%s/hooks/%s", repo->info->common_dir, p.name);
	yes = p.path && !access(p.path, X_OK) &&
	      !mv_read_file(&p.text, p.path, NULL) && is_script(&p);
	mv_buf_release(&p.text);
	free(p.path);
	return yes;
}

int mv_setup_hooks_ensure(struct mv_repo *repo, int tell, struct mv_err *err)
{
	struct mv_hook hook;
	int may, want, configured = 0;
	int rc = may_write_hooks(&may, &want, repo, err);

	if (rc || !want)
		return rc;
	if (may && has_own_script(repo))
		return write_missing(repo, err);
	rc = mv_setup_hook_configured(&configured, repo, mv_hook_names[0], err);
	if (rc || configured)
		return rc;
	if (may)
		rc = write_missing(repo, err);
	if (!tell || (may && has_own_script(repo)))
		return rc;
	rc = mv_setup_hook_look(&hook, repo, mv_hook_names[0], err);
	if (rc)
		return rc;
	if (hook.state != MV_HOOK_OURS)
		tell_left_out(repo, &hook);
	mv_setup_hook_release(&hook);
	return 0;
}

/* -- uninstall ------------------------------------------------------------ */

static int remove_file(const struct place *p, struct mv_err *err)
{
	return unlink(p->path) ? mv_fail_errno(err, errno, "cannot remove '%s'",
					       p->path) : 0;
}

static int remove_own(const struct place *p, const struct mv_install *in,
		      struct mv_err *err)
{
	if (p->exists && !is_script(p)) {
		if (p->is_chained)
			mv_setup_tell(in, 1, "'%s' is not ours any more; "
				      "'%s' is what stood there before",
				      p->path, p->chained);
		return 0;
	}
	if (p->is_chained && rename(p->chained, p->path))
		return mv_fail_errno(err, errno, "cannot rename '%s'",
				     p->chained);
	return p->is_chained || !p->exists ? 0 : remove_file(p, err);
}

static int remove_block(const struct place *p, struct mv_err *err)
{
	struct mv_buf none;
	size_t from, to;

	if (is_script(p))
		return remove_file(p, err);
	if (!find_block(p, &from, &to))
		return 0;
	if (to - from == p->text.len && !is_unended(p, to))
		return remove_file(p, err);	/* nothing was there before */
	mv_buf_init(&none, 1);
	return splice(p, from, to, &none, err);
}

int mv_setup_hooks_remove(struct mv_repo *repo,
			  const struct mv_install *install,
			  struct mv_err *err)
{
	struct place p;
	int rc = 0;

	for (size_t i = 0; !rc && i < MV_HOOK_COUNT; i++) {
		rc = place_find(&p, repo, hook_name(install, i), err);
		if (!rc)
			rc = p.kind == PLACE_OWN ?
			     remove_own(&p, install, err) :
			     remove_block(&p, err);
		place_release(&p);
	}
	return rc;
}
