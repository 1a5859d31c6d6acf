/* SPDX-License-Identifier: MIT */
#include "libmv/base/grow.h"
#include "libmv/git/config.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"
#include "libmv/git/priv.h"

#include <stdlib.h>
#include <string.h>

/*
 * A partial clone has objects that it never fetched: some remote promised
 * them. Git fetches each when it is read, one process and one connection each;
 * these are all that a walk reaches, together.
 */
#define ROUNDS_MAX 1024		/* trees that were promised lead to others */

/* -- who promised --------------------------------------------------------- */

void mv_git_promisors_release(struct mv_git_promisors *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->name[i]);
	free(p->name);
	memset(p, 0, sizeof(*p));
}

static int add_promisor(struct mv_git_promisors *p, const char *name,
			size_t len, struct mv_err *err)
{
	char **one;

	for (size_t i = 0; i < p->count; i++)
		if (!strncmp(p->name[i], name, len) && !p->name[i][len])
			return 0;
	one = MV_GROW_ONE(p->name, p->count, err);
	if (!one)
		return MV_ENOMEM;
	*one = strndup(name, len);
	return *one ? 0 : mv_nomem(err);
}

/* "remote.<name>.promisor", and the older way to say it. */
static int take_variable(void *payload, const char *key, const char *value,
			 struct mv_err *err)
{
	const char *dot = strrchr(key, '.');
	int yes = 0, rc;

	if (!strcmp(key, "extensions.partialclone"))
		return value && *value ? add_promisor(payload, value,
						      strlen(value), err) : 0;
	if (strncmp(key, "remote.", 7) || dot <= key + 7 ||
	    strcmp(dot, ".promisor"))
		return 0;
	rc = mv_git_parse_bool(&yes, value ? value : "true");
	if (rc)
		return mv_fail(err, rc, "configuration '%s' is neither true "
			       "nor false", key);
	return yes ? add_promisor(payload, key + 7, (size_t)(dot - key) - 7,
				  err) : 0;
}

int mv_git_promisors(struct mv_git_promisors *out, struct mv_git *git,
		     struct mv_err *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	rc = mv_git_config_each(git, take_variable, out, err);
	if (rc)
		mv_git_promisors_release(out);
	return rc;
}

/* -- what is not here ----------------------------------------------------- */

struct absent {
	char (*hex)[MV_GIT_HEX_MAX];
	size_t count, alloc;
};

/* "?<hex>" */
static int take_absent(void *payload, const struct mv_git *git,
		       const struct mv_buf *line, struct mv_err *err)
{
	struct absent *a = payload;

	if (*line->data != '?')
		return 0;
	if (!mv_is_hex(line->data + 1, git->info.hex_len))
		return mv_fail(err, MV_EIO, "cannot understand the list of "
			       "git rev-list");
	if (MV_GROW(a->hex, a->alloc, a->count + 1, err))
		return MV_ENOMEM;
	memcpy(a->hex[a->count++], line->data + 1, git->info.hex_len + 1);
	return 0;
}

static int list_absent(struct absent *a, struct mv_git *git,
		       const char *const *args, struct mv_err *err)
{
	static const char *const missing[] = {
		"rev-list", "--objects", "--missing=print", NULL
	};

	a->count = 0;
	return mv_git_each_line(git, missing, args, take_absent, a, err);
}

int mv_git_count_promised(size_t *count, struct mv_git *git,
			  const char *const *args, struct mv_err *err)
{
	struct absent a = { NULL, 0, 0 };
	int rc = list_absent(&a, git, args, err);

	*count = a.count;
	free(a.hex);
	return rc;
}

/* -- fetching it ---------------------------------------------------------- */

/*
 * As git itself asks for them: nothing is negotiated, no ref moves. The filter
 * is for what trees lead to; what is named comes.
 */
static int ask_one(struct mv_git *git, const char *remote,
		   const struct mv_buf *names, struct mv_err *err)
{
	const char *args[] = {
		"-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet",
		"--no-tags", "--no-prune", "--no-write-fetch-head",
		"--no-auto-maintenance", "--recurse-submodules=no",
		"--refmap=", "--filter=blob:none", "--stdin", "--", remote,
		NULL
	};
	struct mv_buf out;
	int rc;

	mv_buf_init(&out, MV_GIT_OUT_MAX);
	rc = mv_git_run(git, args, names->data, names->len, &out, err);
	mv_buf_release(&out);
	return rc;
}

/*
 * One object that a remote has not fails all that it was asked for. So what
 * nobody has as a whole is asked for in halves: of several promisors each may
 * have a part.
 */
static int fetch_some(struct mv_git *git, const struct mv_git_promisors *from,
		      const char (*hex)[MV_GIT_HEX_MAX], size_t count,
		      struct mv_err *err)
{
	struct mv_buf names;
	int rc = MV_ENOENT;

	mv_buf_init(&names, SIZE_MAX / 2);
	for (size_t i = 0; i < count; i++)
		if (mv_buf_addf(&names, "%s\n", hex[i])) {
			mv_buf_release(&names);
			return mv_nomem(err);
		}
	for (size_t i = 0; rc && rc != MV_ENOMEM && i < from->count; i++)
		rc = ask_one(git, from->name[i], &names, err);
	mv_buf_release(&names);
	if (!rc || rc == MV_ENOMEM || count < 2 || from->count < 2)
		return rc;
	rc = fetch_some(git, from, hex, count / 2, err);
	return rc ? rc : fetch_some(git, from, hex + count / 2,
				    count - count / 2, err);
}

int mv_git_fetch_promised(struct mv_git *git,
			  const struct mv_git_promisors *from,
			  const char *const *args, struct mv_err *err)
{
	struct absent a = { NULL, 0, 0 };
	unsigned rounds = 0;
	int rc = list_absent(&a, git, args, err);

	while (!rc && a.count && from->count) {
		if (++rounds > ROUNDS_MAX)
			rc = mv_fail(err, MV_ECORRUPT, "trees are nested "
				     "deeper than %d", ROUNDS_MAX);
		else
			rc = fetch_some(git, from, (const void *)a.hex,
					a.count, err);
		if (!rc)
			rc = list_absent(&a, git, args, err);
	}
	free(a.hex);
	return rc;
}
