/* SPDX-License-Identifier: MIT */
#include "libmv/git/git.h"
#include "libmv/git/priv.h"

#include <stdlib.h>
#include <string.h>

/*
 * rev-parse echoes options that it does not know. This one stands between
 * its answers, because a path may contain a newline.
 */
#define NEXT "--mv-next"

enum answer {
	ANSWER_GIT_DIR, ANSWER_COMMON_DIR, ANSWER_INDEX, ANSWER_OBJECTS,
	ANSWER_FORMAT, ANSWER_PREFIX, ANSWER_TOP, ANSWER_COUNT
};

static const char *const questions[] = {
	"rev-parse", "--path-format=absolute",
	"--git-dir", NEXT, "--git-common-dir", NEXT, "--git-path", "index",
	NEXT, "--git-path", "objects", NEXT, "--show-object-format", NEXT,
	"--show-prefix", NEXT, "--show-toplevel", NULL
};

/*
 * `--show-toplevel` comes last because it fails, after everything else was
 * answered, in a bare repository and inside .git: no work tree, then.
 */
static int take_answers(char **answer, const char *text)
{
	for (int i = 0; i < ANSWER_COUNT; i++) {
		const char *end = i + 1 < ANSWER_COUNT ?
				  strstr(text, "\n" NEXT "\n") :
				  strrchr(text, '\n');

		if (!end)
			return i == ANSWER_TOP && !*text ? 0 : MV_ENOTSUP;
		answer[i] = strndup(text, (size_t)(end - text));
		if (!answer[i])
			return MV_ENOMEM;
		text = i + 1 < ANSWER_COUNT ? end + strlen("\n" NEXT "\n") :
					      end + 1;
	}
	return 0;
}

static int use_answers(struct mv_git *git, char **answer, struct mv_err *err)
{
	struct mv_git_info *info = &git->info;
	const char *format = answer[ANSWER_FORMAT];

	if (strcmp(format, "sha1") && strcmp(format, "sha256"))
		return mv_fail(err, MV_ENOTSUP,
			       "object format '%s' is not known", format);
	info->sha256 = !strcmp(format, "sha256");
	info->hex_len = info->sha256 ? 64 : 40;
	info->git_dir = answer[ANSWER_GIT_DIR];
	info->common_dir = answer[ANSWER_COMMON_DIR];
	info->index_path = answer[ANSWER_INDEX];
	info->prefix = answer[ANSWER_PREFIX];
	info->work_tree = answer[ANSWER_TOP];
	git->objects_dir = answer[ANSWER_OBJECTS];
	free(answer[ANSWER_FORMAT]);
	memset(answer, 0, ANSWER_COUNT * sizeof(*answer));
	return 0;
}

/* Which of its reasons did git give? It speaks C while we ask. */
static int git_refuse(const struct mv_buf *errout, struct mv_err *err)
{
	char words[640];

	mv_git_words(words, sizeof(words), errout);
	if (strstr(words, "not a git repository"))
		return mv_fail(err, MV_ENOENT, "%s", words);
	if (strstr(words, "dubious ownership") || strstr(words, "bare repo"))
		return mv_fail(err, MV_EDENIED, "%s", words);
	return mv_fail(err, MV_EIO, "git rev-parse failed: %s",
		       *words ? words : "it gave no reason");
}

static int is_named(const char *var, const char *const *names)
{
	for (; *names; names++)
		if (!strncmp(var, *names, strlen(*names)))
			return 1;
	return 0;
}

/* `env` without the variables of these names ("X="), and with `more`; yours,
   its strings are borrowed. */
static char **env_with(char *const *env, const char *const *names,
		       const char *const *more)
{
	size_t n = 0, used = 0;
	char **out;

	for (size_t i = 0; env && env[i]; i++)
		n++;
	for (size_t i = 0; more[i]; i++)
		n++;
	out = malloc((n + 1) * sizeof(*out));
	if (!out)
		return NULL;
	for (size_t i = 0; env && env[i]; i++)
		if (!is_named(env[i], names))
			out[used++] = env[i];
	for (; *more; more++)
		out[used++] = (char *)(uintptr_t)*more;
	out[used] = NULL;
	return out;
}

/* How pathspecs are to be read. Ours say it themselves, and git refuses magic
   where such a variable speaks of all of them. */
static const char *const how_to_read[] = {
	"GIT_LITERAL_PATHSPECS=", "GIT_GLOB_PATHSPECS=",
	"GIT_NOGLOB_PATHSPECS=", "GIT_ICASE_PATHSPECS=", NULL
};

/* The environment with messages in English. */
static char **english(const struct mv_proc_env *env)
{
	static const char *const names[] = { "LC_ALL=", "LANGUAGE=", NULL };
	static const char *const more[] = { "LC_ALL=C", NULL };

	return env_with(env->env, names, more);
}

/*
 * What we decide and prove by is what objects and refs are, not what somebody
 * put in their place on this machine: refs/replace and grafts count nowhere.
 * A file that is not there is the only way to have no grafts.
 */
static int make_env(struct mv_git *git, const struct mv_proc_env *env,
		    struct mv_err *err)
{
	static const char *const names[] = {
		"GIT_NO_REPLACE_OBJECTS=", "GIT_REPLACE_REF_BASE=",
		"GIT_GRAFT_FILE=", NULL
	};
	static const char *const more[] = {
		"GIT_NO_REPLACE_OBJECTS=1", "GIT_GRAFT_FILE=/dev/null/none",
		NULL
	};
	static const char *const no_more[] = { NULL };

	git->own.search_path = git->typed.search_path = env->search_path;
	git->typed.env = env_with(env->env, names, more);
	if (git->typed.env)
		git->own.env = env_with(git->typed.env, how_to_read, no_more);
	git->env = &git->own;
	return git->own.env ? 0 : mv_nomem(err);
}

void mv_git_typed(struct mv_git *git, int typed)
{
	git->env = typed ? &git->typed : &git->own;
}

int mv_git_reads_oddly(const struct mv_git *git)
{
	for (char *const *var = git->typed.env; *var; var++)
		if (is_named(*var, how_to_read))
			return 1;
	return 0;
}

/* Without a work tree it ends with 128, and with 0 otherwise; it did not come
   to the end of all answers when it ends in any other way. */
static int answered(int status, char *const *answer)
{
	return answer[ANSWER_TOP] ? !status : status == 128;
}

static int git_ask(struct mv_git *git, struct mv_err *err)
{
	char *answer[ANSWER_COUNT] = { NULL };
	struct mv_proc_env env = { git->env->search_path, NULL };
	struct mv_buf out, errout;
	char **list = english(git->env);
	const char **argv = mv_git_argv(git->program, questions);
	int status = 0;
	int rc;

	mv_buf_init(&out, 1 << 20);
	mv_buf_init(&errout, 4096);
	if (!list || !argv) {
		rc = mv_nomem(err);
		goto out;
	}
	env.env = list;
	rc = mv_proc_run(&status, argv, git->dir, &env, NULL, 0, &out, &errout,
			 err);
	if (rc)
		goto out;
	rc = take_answers(answer, out.data);
	if (rc == MV_ENOMEM)
		rc = mv_nomem(err);
	else if (rc || !answered(status, answer))
		rc = status ? git_refuse(&errout, err) :
		     mv_fail(err, MV_ENOTSUP, "cannot understand what git "
			     "rev-parse says; git 2.31 or later is needed");
	else
		rc = use_answers(git, answer, err);
out:
	for (int i = 0; i < ANSWER_COUNT; i++)
		free(answer[i]);
	mv_buf_release(&out);
	mv_buf_release(&errout);
	free(argv);
	free(list);
	return rc;
}

static int open_git(struct mv_git **out, const char *dir,
		    const struct mv_proc_env *env, int reads,
		    struct mv_err *err)
{
	const struct mv_git_child none = MV_GIT_CHILD_INIT;
	struct mv_git *git = calloc(1, sizeof(*git));
	int rc;

	*out = NULL;
	if (!git)
		return mv_nomem(err);
	git->is_absent = mv_git_is_absent;
	git->batch = git->config_ahead.child = git->refs_ahead.child = none;
	mv_buf_init(&git->config, 64 << 20);
	rc = make_env(git, env, err);
	if (!rc && dir && !(git->dir = strdup(dir)))
		rc = mv_nomem(err);
	git->info.dir = git->dir;
	if (rc)
		goto out;
	rc = mv_proc_find(&git->program, "git", env->search_path, err);
	/* Whether it could be started is seen when it is needed. */
	if (!rc && reads && mv_git_ahead_likely(git))
		(void)mv_git_batch_open(git, NULL);
	if (!rc)
		rc = git_ask(git, err);
out:
	if (rc)
		mv_git_close(git);
	else
		*out = git;
	return rc;
}

int mv_git_open(struct mv_git **out, const char *dir,
		const struct mv_proc_env *env, struct mv_err *err)
{
	return open_git(out, dir, env, 0, err);
}

int mv_git_open_to_read(struct mv_git **out, const char *dir,
			const struct mv_proc_env *env, struct mv_err *err)
{
	return open_git(out, dir, env, 1, err);
}

void mv_git_rest(struct mv_git *git)
{
	mv_git_child_abort(&git->batch);
	mv_git_ahead_drop(&git->config_ahead);
	mv_git_ahead_drop(&git->refs_ahead);
}

void mv_git_hang_up(struct mv_git *git)
{
	mv_git_child_eof(&git->batch);
}

void mv_git_close(struct mv_git *git)
{
	if (!git)
		return;
	mv_git_rest(git);
	mv_git_libgit2_close(git->libgit2);
	mv_buf_release(&git->config);
	free(git->var);
	free(git->info.git_dir);
	free(git->info.common_dir);
	free(git->info.work_tree);
	free(git->info.index_path);
	free(git->info.prefix);
	free(git->objects_dir);
	free(git->program);
	free(git->dir);
	free((void *)(uintptr_t)git->own.env);
	free((void *)(uintptr_t)git->typed.env);
	free(git);
}

const struct mv_git_info *mv_git_info(const struct mv_git *git)
{
	return &git->info;
}
