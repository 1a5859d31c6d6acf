/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/git/git.h"
#include "libmv/git/refs.h"
#include "libmv/look/priv.h"

/*
 * Commits that no branch, tag or remote has: a stash, an experiment of another
 * tool. `--all` lists them, and a bare number would say nothing of them.
 */

static int by_hex(const void *a, const void *b)
{
	return strcmp(((const struct mv_look_ref *)a)->hex,
		      ((const struct mv_look_ref *)b)->hex);
}

void mv_look_refs_release(struct mv_look_refs *refs)
{
	for (size_t i = 0; i < refs->count; i++)
		free(refs->v[i].name);
	free(refs->v);
	memset(refs, 0, sizeof(*refs));
}

const char *mv_look_ref(const struct mv_look_refs *refs, const char *commit)
{
	struct mv_look_ref key = { .name = NULL };
	const struct mv_look_ref *found;

	mv_look_hex(key.hex, commit);
	found = refs->count ? bsearch(&key, refs->v, refs->count,
				      sizeof(*refs->v), by_hex) : NULL;
	return found ? found->name : NULL;
}

/* `name` becomes theirs. */
static int board_refs_add(struct mv_look_refs *refs, const char *hex,
			  char *name, struct mv_err *err)
{
	struct mv_look_ref *v;

	if (!name || MV_GROW(refs->v, refs->alloc, refs->count + 1,
			     NULL) < 0) {
		free(name);
		return mv_nomem(err);
	}
	v = &refs->v[refs->count++];
	mv_look_hex(v->hex, hex);
	v->name = name;
	return 0;
}

/* The next line, without its end; NULL: that was all. */
static char *line_of(char **p)
{
	char *line = *p, *end = strchr(line, '\n');

	if (!*line)
		return NULL;
	*p = end ? end + 1 : line + strlen(line);
	if (end)
		*end = '\0';
	return line;
}

/* "<commit> <ref>", a ref's tip before all else of it. */
static int name_others(struct mv_look_refs *refs, struct mv_buf *text,
		       struct mv_err *err)
{
	static const char *const args[] = {
		"log", "--topo-order", "--format=%H %S", "--no-color",
		"--no-show-signature", "--no-notes",
		"--exclude=refs/heads/*", "--exclude=refs/tags/*",
		"--exclude=refs/remotes/*", "--exclude=refs/notes/*",
		"--exclude=refs/stash", "--all", "--not", "--branches",
		"--tags", "--remotes", "--", NULL
	};
	const char *last = "";
	char *p, *line, *ref;
	int rc = mv_git_run(refs->repo->git, args, NULL, 0, text, err);

	p = rc ? NULL : text->data;
	while (!rc && (line = line_of(&p))) {
		ref = strchr(line, ' ');
		if (!ref || strncmp(++ref, "refs/", 5))
			continue;	/* HEAD, where it is on no branch */
		ref[-1] = '\0';
		rc = board_refs_add(refs, line, strcmp(last,
						       ref) ? strdup(ref + 5) :
				    mv_strf("%s (%.7s)", ref + 5, line), err);
		last = ref;
	}
	return rc;
}

/* "<commit> <parent> <of the index> <of untracked files>", newest first. */
static int name_stashes(struct mv_look_refs *refs, struct mv_buf *text,
			struct mv_err *err)
{
	static const char *const args[] = {
		"log", "-g", "--format=%H %P", "--no-color",
		"--no-show-signature", "--no-notes", "refs/stash", "--", NULL
	};
	char *p, *line, *word, *save, hex[65];
	int rc = mv_git_commit(hex, refs->repo->git, "refs/stash", err);

	if (rc)
		return rc == MV_ENOENT ? 0 : rc;
	mv_buf_clear(text);
	rc = mv_git_run(refs->repo->git, args, NULL, 0, text, err);
	p = rc ? NULL : text->data;
	for (size_t n = 0; !rc && (line = line_of(&p)); n++) {
		size_t at = 0;

		for (word = strtok_r(line, " ", &save); !rc && word;
		     word = strtok_r(NULL, " ", &save))
			if (at++ != 1)
				rc = board_refs_add(refs, word,
						    mv_strf("stash@{%zu}", n),
						    err);
	}
	return rc;
}

int mv_look_refs(struct mv_look_refs *out, struct mv_repo *repo,
		 struct mv_err *err)
{
	struct mv_buf text;
	int rc;

	memset(out, 0, sizeof(*out));
	out->repo = repo;
	mv_buf_init(&text, SIZE_MAX / 2);
	rc = name_others(out, &text, err);
	if (!rc)
		rc = name_stashes(out, &text, err);
	if (out->count)
		qsort(out->v, out->count, sizeof(*out->v), by_hex);
	mv_buf_release(&text);
	if (rc)
		mv_look_refs_release(out);
	return rc;
}
