/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <strings.h>

#include "libmv/setup/priv.h"

/*
 * Configuration. The scope is read first and only what differs is written,
 * so that a second run leaves the file as it is, byte for byte.
 */
#define CONFIG_MAX ((size_t)16 << 20)

/*
 * refs/notes/[m]odel is refs/notes/model as a pattern: git complains about a
 * ref that does not exist yet, but not about a pattern without a match.
 * diff.model.cachetextconv is left out on purpose: the text depends on
 * whether the content is here. Between the bases of a criss-cross merge
 * nobody can be asked, so these are merged as binaries.
 */
const struct mv_setting mv_settings[] = {
	{ "filter.model.process", "filter-process", 1, 0, 0 },
	{ "filter.model.required", "true", 0, 0, 0 },
	{ "diff.model.textconv", "diff-text", 1, 0, 0 },
	{ "merge.model.name", "git-model: one side or the other", 0, 0, 0 },
	{ "merge.model.driver", "merge-driver %O %A %B %L %P", 1, 0, 0 },
	{ "merge.model.recursive", "binary", 0, 0, 0 },
	{ "notes.displayRef", "refs/notes/[m]odel", 0, 1, 0 },
	{ "notes.rewriteRef", "refs/notes/[m]odel", 0, 1, 0 },
	{ "filter.lfs.process", "filter-process --lfs", 1, 0, 1 },
	{ "filter.lfs.required", "true", 0, 0, 1 },
	{ NULL, NULL, 0, 0, 0 }
};

/*
 * What stood in the same scope before --lfs, so that it can come back; an
 * empty value says that nothing did.
 */
static const struct replaced {
	const char *key, *saved;
} replaced[] = {
	{ "filter.lfs.process", "model.replaced.lfsProcess" },
	{ "filter.lfs.required", "model.replaced.lfsRequired" },
};
#define REPLACED (sizeof(replaced) / sizeof(replaced[0]))

/* One scope of the configuration, as git lists it, and who asks git. */
struct scope {
	const struct mv_install *install;
	const struct mv_proc_env *env;
	char *git;
	const char *dir;	/* of the repository; NULL: here */
	struct mv_buf text;	/* "key\nvalue\0" */
	int changes;
	int knows_hooks;	/* does this git know configured hooks? */
};

/* -- one scope ------------------------------------------------------------ */

static int ask_git(int *status, struct scope *s, const char *const *args,
		   struct mv_buf *out, struct mv_err *err)
{
	const char *argv[8] = { s->git, "config", s->install->scope };
	struct mv_buf errout;
	size_t n = 3;
	int rc;

	while (*args && n < 7)
		argv[n++] = *args++;
	mv_buf_init(&errout, 4096);
	rc = mv_proc_run(status, argv, s->dir, s->env, NULL, 0, out, &errout,
			 err);
	if (!rc && *status && !out) {
		while (errout.len && errout.data[errout.len - 1] == '\n')
			errout.data[--errout.len] = '\0';
		rc = mv_fail(err, MV_EIO, "cannot change the %s configuration "
			     "of git: %s", s->install->scope + 2,
			     errout.len ? errout.data : "no reason given");
	}
	mv_buf_release(&errout);
	return rc;
}

/* No such file yet, or one that nobody can read? Taking away what is not there
   says 5 of the first, and changes nothing. */
static int scope_is_empty(struct scope *s, struct mv_err *err)
{
	static const char *const args[] = { "--unset-all",
					    "filter.model.process", NULL };
	struct mv_buf none;
	int status, rc;

	mv_buf_init(&none, 4096);
	rc = ask_git(&status, s, args, &none, err);
	mv_buf_release(&none);
	return rc || status == 5 ? rc :
	       mv_fail(err, MV_EIO, "git cannot read its %s configuration; git "
		       "config %s --list says why", s->install->scope + 2,
		       s->install->scope);
}

/*
 * git writes a new file and renames it: over /dev/null, which some name so that
 * there is no configuration, that takes the device away from everybody.
 */
static int check_is_file(const struct scope *s, struct mv_err *err)
{
	const char *scope = s->install->scope, *variable, *path;
	struct stat st;

	if (!strcmp(scope, "--global"))
		variable = "GIT_CONFIG_GLOBAL";
	else if (!strcmp(scope, "--system"))
		variable = "GIT_CONFIG_SYSTEM";
	else
		return 0;
	path = mv_proc_getenv(s->env, variable);
	if (!path || !*path || stat(path, &st) || S_ISREG(st.st_mode))
		return 0;
	return mv_fail(err, MV_EINVALID, "%s is '%s', which is no file that "
		       "could hold git's %s configuration", variable, path,
		       scope + 2);
}

static int scope_read(struct scope *s, struct mv_err *err)
{
	static const char *const args[] = { "--null", "--list", NULL };
	int status, rc;

	mv_buf_clear(&s->text);
	rc = ask_git(&status, s, args, &s->text, err);
	if (rc || !status)
		return rc;
	mv_buf_clear(&s->text);
	return scope_is_empty(s, err);
}

/* The next value of the variable, from *pos on; NULL: no more. */
static const char *next_value(const struct scope *s, const char *key,
			      size_t *pos)
{
	size_t len = strlen(key);

	while (*pos < s->text.len) {
		const char *entry = s->text.data + *pos;

		*pos += strlen(entry) + 1;
		if (strncasecmp(entry, key, len))
			continue;
		if (entry[len] == '\n')
			return entry + len + 1;
		if (!entry[len])
			return "true";
	}
	return NULL;
}

static const char *last_value(const struct scope *s, const char *key)
{
	const char *value, *last = NULL;
	size_t pos = 0;

	while ((value = next_value(s, key, &pos)))
		last = value;
	return last;
}

static int has_value(const struct scope *s, const char *key,
		     const char *wanted)
{
	const char *value;
	size_t pos = 0;

	while ((value = next_value(s, key, &pos)))
		if (!strcmp(value, wanted))
			return 1;
	return 0;
}

static int scope_set(struct scope *s, const struct mv_setting *setting,
		     const char *value, struct mv_err *err)
{
	const char *last = last_value(s, setting->key);
	const char *args[] = { setting->several ? "--add" : "--replace-all",
			       setting->key, value, NULL };
	int status;

	if (setting->several ? has_value(s, setting->key, value) :
			       last && !strcmp(last, value))
		return 0;
	s->changes++;
	return ask_git(&status, s, args, NULL, err);
}

static int scope_unset(struct scope *s, const struct mv_setting *setting,
		       struct mv_err *err)
{
	/* The one value that holds these characters, as a regex for git. */
	const char *several = "^refs/notes/\\[m\\]odel$";
	const char *args[] = { "--unset-all", setting->key,
			       setting->several ? several : NULL, NULL };
	int status;

	if (setting->several ? !has_value(s, setting->key, setting->value) :
			       !last_value(s, setting->key))
		return 0;
	s->changes++;
	return ask_git(&status, s, args, NULL, err);
}

/* -- install and uninstall ------------------------------------------------ */

static int serves_lfs(const struct scope *s)
{
	const char *last = last_value(s, "filter.lfs.process");

	return last && strstr(last, "git-model");
}

static int set_one(struct scope *s, const char *key, const char *value,
		   struct mv_err *err)
{
	const struct mv_setting setting = { key, value, 0, 0, 0 };

	return scope_set(s, &setting, value, err);
}

static int unset_one(struct scope *s, const char *key, struct mv_err *err)
{
	const struct mv_setting setting = { key, NULL, 0, 0, 0 };

	return scope_unset(s, &setting, err);
}

/* Before it is written over; what is ours already was saved by then. */
static int save_lfs(struct scope *s, struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < REPLACED && !rc && !serves_lfs(s); i++) {
		const char *now = last_value(s, replaced[i].key);

		rc = set_one(s, replaced[i].saved, now ? now : "", err);
	}
	return rc;
}

static int write_settings(struct scope *s, const struct mv_setting *x,
			  const char *word, struct mv_err *err)
{
	const int lfs = !!(s->install->flags & MV_INSTALL_LFS);
	int rc = 0;

	for (; x->key && !rc; x++) {
		char *value;

		if (x->lfs && !lfs)
			continue;
		value = x->calls_us ? mv_strf("%s %s", word, x->value) :
				      strdup(x->value);
		rc = value ? scope_set(s, x, value, err) : mv_nomem(err);
		free(value);
	}
	return rc;
}

static int write_all(struct scope *s, const char *word, struct mv_err *err)
{
	int rc = s->install->flags & MV_INSTALL_LFS ? save_lfs(s, err) : 0;

	if (!rc)
		rc = write_settings(s, mv_settings, word, err);
	if (!rc && s->knows_hooks)
		rc = write_settings(s, mv_hook_settings, word, err);
	return rc;
}

static int remove_all(struct scope *s, struct mv_err *err)
{
	int rc = 0;

	for (const struct mv_setting *x = mv_settings; x->key && !rc; x++)
		if (!x->lfs)
			rc = scope_unset(s, x, err);
	/* Whichever git has written them. */
	for (const struct mv_setting *x = mv_hook_settings; x->key && !rc; x++)
		rc = scope_unset(s, x, err);
	return rc;
}

/*
 * What one of them was before us. Where an older git-model saved nothing, the
 * other lines of git-lfs tell whether `git lfs install` had been there.
 */
static const char *value_before(const struct scope *s, size_t i)
{
	const char *saved = last_value(s, replaced[i].saved);

	if (saved)
		return *saved ? saved : NULL;
	if (!last_value(s, "filter.lfs.clean"))
		return NULL;
	return i ? last_value(s, replaced[i].key) : "git-lfs filter-process";
}

/* Back to git-lfs: this scope as it was, and nothing of any other. */
static int give_back_lfs(struct scope *s, struct mv_err *err)
{
	const int ours = serves_lfs(s);
	int rc = 0;

	for (size_t i = 0; i < REPLACED && !rc; i++) {
		const char *before = value_before(s, i);

		if (ours && before)
			rc = set_one(s, replaced[i].key, before, err);
		else if (ours)
			rc = unset_one(s, replaced[i].key, err);
		if (!rc)
			rc = unset_one(s, replaced[i].saved, err);
	}
	return rc;
}

static int configure(struct scope *s, const char *word, struct mv_err *err)
{
	const struct mv_install *in = s->install;
	int rc = check_is_file(s, err);

	if (!rc)
		rc = scope_read(s, err);
	if (rc)
		return rc;
	if (in->flags & MV_INSTALL_REMOVE) {
		rc = give_back_lfs(s, err);
		if (!rc && !(in->flags & MV_INSTALL_LFS))
			rc = remove_all(s, err);
	} else {
		rc = write_all(s, word, err);
	}
	if (!rc)
		mv_setup_tell(in, 0, "%s configuration: %s", in->scope + 2,
			      !s->changes ? "nothing to change" :
			      in->flags & MV_INSTALL_REMOVE ? "removed" :
			      "written");
	return rc;
}

static int known_scope(const char *scope)
{
	return !strcmp(scope, "--global") || !strcmp(scope, "--local") ||
	       !strcmp(scope, "--system");
}

/* -- what acts here ------------------------------------------------------- */

/* "'/x/git-model' filter-process" is as good as "git-model filter-process". */
static int acts(const struct mv_setting *x, const char *value)
{
	size_t len = strlen(value), n = strlen(x->value);

	if (!x->calls_us)
		return !strcmp(value, x->value);
	return mv_setup_is_ours(value) && len >= n &&
	       !strcmp(value + len - n, x->value);
}

/* Written, and another scope has the last word where we are. */
static int tell_hidden(const struct scope *s, const struct mv_setting *x,
		       struct mv_err *err)
{
	const struct mv_install *in = s->install;
	struct mv_said said;
	int rc = mv_setup_said(&said, s->git, s->dir, s->env, x->key, err);

	if (rc)
		return rc == MV_ENOENT ? 0 : rc;
	if (!acts(x, said.value))
		mv_setup_tell(in, 1, "%s is '%s' here, by the %s configuration:"
			      " that acts here, and not what the %s one says",
			      x->key, said.value, said.scope, in->scope + 2);
	mv_setup_said_release(&said);
	return 0;
}

/* Taken away, and another scope still says it. */
static int tell_left(const struct scope *s, struct mv_err *err)
{
	static const char key[] = "filter.lfs.process";
	struct mv_said said;
	int rc = mv_setup_said(&said, s->git, s->dir, s->env, key, err);

	if (rc)
		return rc == MV_ENOENT ? 0 : rc;
	if (mv_setup_is_ours(said.value))
		mv_setup_tell(s->install, 1, "%s is '%s' here, by the %s "
			      "configuration: git-model still serves these "
			      "files here", key, said.value, said.scope);
	mv_setup_said_release(&said);
	return 0;
}

static int tell_acting(const struct scope *s, struct mv_err *err)
{
	const unsigned flags = s->install->flags;
	int rc = 0;

	if (flags & MV_INSTALL_REMOVE)
		return flags & MV_INSTALL_LFS ? tell_left(s, err) : 0;
	for (const struct mv_setting *x = mv_settings; x->key && !rc; x++)
		if (!x->several && (!x->lfs || flags & MV_INSTALL_LFS))
			rc = tell_hidden(s, x, err);
	return rc;
}

static int tell_lockable(struct mv_repo *repo, const struct mv_install *in,
			 struct mv_err *err)
{
	struct mv_lockable lockable;
	int rc = mv_setup_lockable(&lockable, repo, err);

	if (!rc && lockable.count)
		mv_setup_tell(in, 1, "'%s' is lockable, and nobody makes it "
			      "read-only: hooks of git-lfs do, and %s does not "
			      "call it; `git lfs update --force`, then `git "
			      "model install`, changes that", lockable.first,
			      lockable.hook);
	mv_setup_lockable_release(&lockable);
	return rc;
}

/* Taking --lfs back is no reason to take anything else: files under
   filter=model still need their hooks. */
static int touches_hooks(const struct mv_install *install)
{
	const unsigned lfs_back = MV_INSTALL_REMOVE | MV_INSTALL_LFS;

	return !(install->flags & MV_INSTALL_NO_HOOKS) &&
	       (install->flags & lfs_back) != lfs_back;
}

int mv_setup_install(struct mv_repo *repo, const struct mv_proc_env *env,
		     const struct mv_install *install, struct mv_err *err)
{
	struct scope s = {
		.install = install, .env = env,
		.dir = repo ? repo->info->dir : NULL
	};
	char *word = NULL;
	int rc;

	if (!known_scope(install->scope))
		return mv_fail(err, MV_EINVALID, "'%s' is not a scope",
			       install->scope);
	if (!repo && !strcmp(install->scope, "--local"))
		return mv_fail(err, MV_EINVALID, "--local needs a git "
			       "repository, and there is none here");
	mv_buf_init(&s.text, CONFIG_MAX);
	rc = mv_proc_find(&s.git, "git", env->search_path, err);
	if (!rc)
		rc = mv_setup_word(&word, install->program, env, err);
	if (!rc && *word == '\'' && !(install->flags & MV_INSTALL_REMOVE))
		mv_setup_tell(install, 1, "git-model is not on PATH, so git is "
			      "told to call %s", word);
	if (!rc)
		rc = mv_setup_knows_hooks(&s.knows_hooks, s.git, env, err);
	if (!rc)
		rc = configure(&s, word, err);
	/* What git calls by configuration needs no file, and then nobody's
	   file is in the way. */
	if (!rc && repo && touches_hooks(install))
		rc = install->flags & MV_INSTALL_REMOVE || s.knows_hooks ?
		     mv_setup_hooks_remove(repo, install, err) :
		     mv_setup_hooks_install(repo, install, word, err);
	if (!rc)
		rc = tell_acting(&s, err);
	if (!rc && repo && (install->flags & (MV_INSTALL_LFS |
					      MV_INSTALL_REMOVE)) ==
			   MV_INSTALL_LFS)
		rc = tell_lockable(repo, install, err);
	mv_buf_release(&s.text);
	free(s.git);
	free(word);
	return rc;
}
