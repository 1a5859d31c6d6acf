/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/git/config.h"
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
const char *const mv_hook_names[MV_HOOK_COUNT] = { "pre-push", "pre-commit" };
const char *const mv_server_hook_names[MV_HOOK_COUNT] = {
	"pre-receive", "post-receive"
};

/* -- what we write ------------------------------------------------------- */

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
			     "then\n", MV_SETUP_BEGIN, word);

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
	return rc ? rc : mv_buf_addstr(out, "fi\n" MV_SETUP_END "\n");
}

/* -- install -------------------------------------------------------------- */

static int write_script(const struct place *p, const char *word,
			struct mv_err *err)
{
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, MV_SETUP_SCRIPT_MAX);
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

	mv_buf_init(&text, MV_SETUP_SCRIPT_MAX);
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

	if (old && mv_setup_place_is_beside(p, ".old"))
		unlink(old);
	free(old);
}

/* A kill between the two steps leaves no hook; the next run goes on. */
static int install_own(const struct place *p, const struct mv_install *in,
		       const char *word, struct mv_err *err)
{
	const char *why = NULL;

	if (p->exists && !mv_setup_place_is_ours(p)) {
		if (!chained_is_same(p))
			why = mv_setup_place_stuck(p);
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

	mv_buf_init(&text, 2 * MV_SETUP_SCRIPT_MAX);
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

	if (!mv_setup_place_block(p, &from, &to))
		from = to = block_place(&p->text);
	mv_buf_init(&block, MV_SETUP_SCRIPT_MAX);
	if (from && mv_setup_place_is_unended(p, to))
		rc = mv_buf_addch(&block, '\n');
	if (!rc)
		rc = print_block(&block, p, word);
	if (!rc && mv_setup_place_is_unended(p, to))
		block.len--;
	rc = rc ? mv_nomem(err) : splice(p, from, to, &block, err);
	mv_buf_release(&block);
	return rc;
}

static int install_block(const struct place *p, const struct mv_install *in,
			 const char *word, struct mv_err *err)
{
	const char *why = mv_setup_place_stuck(p);
	size_t from, to;
	int had = mv_setup_place_block(p, &from, &to);
	int rc;

	if (mv_setup_place_calls_us(p) && !had)
		return 0;
	if (why) {
		mv_setup_tell(in, 1, "%s hook not installed: '%s': %s",
			      p->name, p->path, why);
		return 0;
	}
	if (p->kind == PLACE_SHARED &&
	    (!p->exists || mv_setup_place_is_ours(p)))
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
		rc = mv_setup_place_find(&p, repo, hook_name(install, i), err);
		if (!rc)
			rc = p.kind == PLACE_OWN ?
			     install_own(&p, install, word, err) :
			     install_block(&p, install, word, err);
		mv_setup_place_release(&p);
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
	else if (hook->state == MV_HOOK_ABSENT)
		mv_repo_warn(repo, "`git push` from here will not bring content"
			     ": there is no '%s'; run `git model install`, "
			     "which keeps what is there", hook->path);
	else
		mv_repo_warn(repo, "`git push` from here will not bring content"
			     ": '%s' does not call git-model; run `git model "
			     "install`, which keeps what is there", hook->path);
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

	p.path = mv_strf("%s/hooks/%s", repo->info->common_dir, p.name);
	yes = p.path && mv_setup_place_is_beside(&p, "");
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
	int rc;

	if (p->exists && !mv_setup_place_is_ours(p)) {
		if (p->is_chained)
			mv_setup_tell(in, 1, "'%s' is not ours any more; "
				      "'%s' is what stood there before",
				      p->path, p->chained);
		return 0;
	}
	if (p->is_chained && rename(p->chained, p->path))
		return mv_fail_errno(err, errno, "cannot rename '%s'",
				     p->chained);
	if (p->is_chained || !p->exists)
		return 0;
	rc = remove_file(p, err);
	if (!rc)	/* empty, it was made for us: git's has samples */
		(void)rmdir(p->dir);
	return rc;
}

static int remove_block(const struct place *p, struct mv_err *err)
{
	struct mv_buf none;
	size_t from, to;

	if (mv_setup_place_is_ours(p))
		return remove_file(p, err);
	if (!mv_setup_place_block(p, &from, &to))
		return 0;
	if (to - from == p->text.len && !mv_setup_place_is_unended(p, to))
		return remove_file(p, err);	/* made for us */
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
		rc = mv_setup_place_find(&p, repo, hook_name(install, i), err);
		if (!rc)
			rc = p.kind == PLACE_OWN ?
			     remove_own(&p, install, err) :
			     remove_block(&p, err);
		mv_setup_place_release(&p);
	}
	return rc;
}
