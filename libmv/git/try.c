/* SPDX-License-Identifier: MIT */
#include "libmv/git/priv.h"

#include <stdlib.h>
#include <string.h>

#include "libmv/base/buf.h"
#include "libmv/git/git.h"
#include "libmv/git/refs.h"

/*
 * A transaction that is prepared, and taken back: git makes each lock, looks
 * at each old value, and at what stands in the way, and nothing moves. Our own
 * rules about names would only be some of git's and of the file system's.
 */
#define SAID "start: ok\nprepare: ok\nabort: ok\n"
/* Without it git lets nobody who is asked by receive-pack lock a ref. The
   objects stay where they are found. */
#define QUARANTINE "GIT_QUARANTINE_PATH="

static int try_add_word(struct mv_buf *in, const char *word)
{
	return mv_buf_add(in, word, strlen(word) + 1);
}

static int add_moves(struct mv_buf *in, const struct mv_git_move *v,
		     size_t count, struct mv_err *err)
{
	int bad = try_add_word(in, "start");

	for (size_t i = 0; !bad && i < count; i++)
		bad = mv_buf_add(in, "update ", 7) || try_add_word(in,
								   v[i].ref) ||
		      try_add_word(in, v[i].new) || try_add_word(in, v[i].old);
	return bad || try_add_word(in, "prepare") || try_add_word(in, "abort") ?
		mv_nomem(err) : 0;
}

static char **without_quarantine(char *const *env)
{
	size_t n = 0, kept = 0;
	char **copy;

	while (env && env[n])
		n++;
	copy = calloc(n + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < n; i++)
		if (strncmp(env[i], QUARANTINE, strlen(QUARANTINE)))
			copy[kept++] = env[i];
	return copy;
}

/* A hook of others that looks at transactions is for those that happen. */
static int try_ask(int *status, struct mv_git *git, const struct mv_buf *in,
		   struct mv_buf *out, struct mv_buf *errout, struct mv_err *err)
{
	static const char *const args[] = { "-c", "core.hooksPath=/dev/null",
		"update-ref", "-z", "--stdin", NULL };
	struct mv_proc_env env = *git->env;
	char **vars = without_quarantine(env.env);
	const char **argv = mv_git_argv(git->program, args);
	int rc = vars && argv ? 0 : mv_nomem(err);

	env.env = vars;
	if (!rc)
		rc = mv_proc_run_for(git->limit_ms, status, argv, git->dir,
				     &env, in->data, in->len, out, errout,
				     err);
	free(argv);
	free(vars);
	return rc;
}

int mv_git_try_moves(struct mv_git *git, const struct mv_git_move *v,
		     size_t count, struct mv_err *err)
{
	struct mv_buf in, out, errout;
	char words[640];
	int status = -1, rc;

	mv_buf_init(&in, SIZE_MAX);
	mv_buf_init(&out, 4096);
	mv_buf_init(&errout, 4096);
	rc = add_moves(&in, v, count, err);
	if (!rc)
		rc = try_ask(&status, git, &in, &out, &errout, err);
	mv_git_words(words, sizeof(words), &errout);
	if (!rc && status && *words)
		rc = mv_fail(err, MV_EDENIED, "%s", words);
	else if (!rc && (status || out.len != strlen(SAID) ||
			 memcmp(out.data, SAID, out.len)))
		rc = mv_fail(err, MV_EIO, "git update-ref does not say "
			     "whether these refs can be moved");
	mv_buf_release(&in);
	mv_buf_release(&out);
	mv_buf_release(&errout);
	return rc;
}
