/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/git/files.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"
#include "libmv/repo/files.h"
#include "libmv/repo/repo.h"
#include "libmv/repo/state.h"

/* The files of ours in the index or in a commit. */

/* The pointer behind a blob; MV_ENOENT when the blob is no pointer. */
int mv_repo_blob_pointer(struct mv_pointer *out, struct mv_repo *repo,
			 const char *blob, struct mv_err *err)
{
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, MV_POINTER_MAX);
	rc = mv_git_read_blob(repo->git, blob, &text, NULL, err);
	if (rc == MV_ENOMEM)
		rc = MV_ENOENT;		/* too long for a pointer */
	else if (!rc && !text.len)
		mv_pointer_of_empty(out, MV_DIALECT_NATIVE);
	else if (!rc)
		rc = mv_pointer_parse(out, text.data, text.len, err);
	mv_buf_release(&text);
	return rc;
}

static int by_hex(const void *a, const void *b)
{
	return strcmp(((const struct mv_known_pointer *)a)->hex,
		      ((const struct mv_known_pointer *)b)->hex);
}

static int know_blob(void *payload, const char *hex, const char *path,
		     const void *data, size_t len, struct mv_err *err)
{
	struct mv_pointer_set *p = payload;
	struct mv_pointer pointer;

	(void)path;
	if (mv_pointer_parse(&pointer, data, len, NULL) || strlen(hex) > 64)
		return 0;
	if (MV_GROW(p->k, p->alloc, p->count + 1, err))
		return MV_ENOMEM;
	memcpy(p->k[p->count].hex, hex, strlen(hex) + 1);
	p->k[p->count++].pointer = pointer;
	return 0;
}

/* All pointer blobs that rev-list finds with these arguments. */
int mv_repo_pointer_set_read(struct mv_pointer_set *p, struct mv_repo *repo,
			     const char *const *args, struct mv_err *err)
{
	int rc = mv_git_each_small_blob(repo->git, args, MV_POINTER_MAX - 1,
					know_blob, p, err);

	if (p->count)
		qsort(p->k, p->count, sizeof(*p->k), by_hex);
	return rc;
}

const struct mv_pointer *mv_repo_pointer_set_find(const struct mv_pointer_set *p,
						  const char *hex)
{
	struct mv_known_pointer key;
	const struct mv_known_pointer *k;

	if (!p->count || strlen(hex) > 64)
		return NULL;
	memcpy(key.hex, hex, strlen(hex) + 1);
	k = bsearch(&key, p->k, p->count, sizeof(*p->k), by_hex);
	return k ? &k->pointer : NULL;
}

struct listing {
	struct mv_repo *repo;
	struct mv_pointer_set pointers;
	mv_file_fn fn;
	void *payload;
};

static int tell_file(struct listing *l, const struct mv_git_entry *e,
		     const struct mv_pointer *pointer, struct mv_err *err)
{
	struct mv_file file = { .path = e->path, .blob = e->blob,
				.mode = e->mode, .pointer = *pointer,
				.outside = e->skip_worktree };

	file.stored = !pointer->size || !mv_repo_has(l->repo, pointer, NULL);
	file.state = file.stored ? MV_FILE_OK : MV_FILE_MISSING;
	return l->fn(l->payload, &file, err);
}

static int tree_entry(void *payload, const struct mv_git_entry *e,
		      struct mv_err *err)
{
	struct listing *l = payload;
	const struct mv_pointer *p = mv_repo_pointer_set_find(&l->pointers,
							      e->blob);

	return p && (e->mode & 0170000) == 0100000 ? tell_file(l, e, p, err)
						   : 0;
}

static int index_entry(void *payload, const struct mv_git_entry *e,
		       struct mv_err *err)
{
	struct listing *l = payload;
	struct mv_file file = { .path = e->path, .blob = e->blob,
				.mode = e->mode };
	struct mv_pointer p;
	int rc;

	if ((e->mode & 0170000) != 0100000)
		return 0;
	if (e->stage) {
		file.state = MV_FILE_CONFLICT;
		return l->fn(l->payload, &file, err);
	}
	rc = mv_repo_blob_pointer(&p, l->repo, e->blob, err);
	if (!rc)
		return tell_file(l, e, &p, err);
	if (rc != MV_ENOENT && rc != MV_ECORRUPT)
		return rc;
	file.state = MV_FILE_RAW;
	return l->fn(l->payload, &file, err);
}

/* `name` and what is behind it ("^{tree}", ""), as git resolves it. */
static int resolve(struct mv_buf *hex, int *yes, struct mv_repo *repo,
		   const char *name, const char *behind, struct mv_err *err)
{
	enum { NOT_THERE = 128 };	/* git's, with a reason; or 1, with none */
	char *spec = mv_strf("%s%s", name, behind);
	const char *const args[] = { "rev-parse", "--verify", "--quiet",
				     "--end-of-options", spec, NULL };
	int status = 0, rc;

	if (!spec)
		return mv_nomem(err);
	mv_buf_clear(hex);
	rc = mv_git_ask(&status, repo->git, args, NOT_THERE, hex, err);
	if (!rc && !status && hex->len)
		hex->data[--hex->len] = '\0';
	*yes = !rc && !status;
	free(spec);
	return rc;
}

/* Asked before anything is listed: the processes that list say what they miss
   in words of their own, beside ours. What stands behind "HEAD:" is a path, so
   such a one is resolved first. */
static int check_revision(struct mv_repo *repo, const char *rev,
			  struct mv_err *err)
{
	int yes = 1, rc = 0;
	struct mv_buf tree;

	mv_buf_init(&tree, 4096);
	if (strchr(rev, ':'))
		rc = resolve(&tree, &yes, repo, rev, "", err);
	if (!rc && yes && tree.len) {
		char *name = strdup(tree.data);

		rc = name ? resolve(&tree, &yes, repo, name, "^{tree}", err) :
			    mv_nomem(err);
		free(name);
	} else if (!rc && yes) {
		rc = resolve(&tree, &yes, repo, rev, "^{tree}", err);
	}
	if (!rc && !yes)
		rc = mv_fail(err, MV_ENOENT, "'%s' is not a revision: no "
			     "branch, tag or commit here has that name, or it "
			     "has no files", rev);
	mv_buf_release(&tree);
	return rc;
}

int mv_repo_ls(struct mv_repo *repo, const char *rev, mv_file_fn fn,
	       void *payload, struct mv_err *err)
{
	struct listing l = { .repo = repo, .fn = fn, .payload = payload };
	const char *args[] = { "--no-walk", rev, NULL };
	int rc;

	if (!rev)
		return mv_git_ls(repo->git,
				 MV_GIT_LS_CACHED | MV_GIT_LS_FILTERED, NULL,
				 index_entry, &l, err);
	if (rev[0] == '-')
		return mv_fail(err, MV_EINVALID, "'%s' is not a revision", rev);
	rc = check_revision(repo, rev, err);
	if (!rc)
		rc = mv_repo_pointer_set_read(&l.pointers, repo, args, err);
	if (!rc)
		rc = mv_git_walk_tree(repo->git, rev, tree_entry, &l, err);
	free(l.pointers.k);
	return rc;
}

struct stray {
	char *path;
	char blob[65];
	unsigned mode;
	struct mv_pointer pointer;
};

struct strays {
	struct listing l;
	struct stray *s;
	size_t count, alloc;
};

static int keep_stray(void *payload, const struct mv_git_entry *e,
		      struct mv_err *err)
{
	struct strays *st = payload;
	const struct mv_pointer *p = mv_repo_pointer_set_find(&st->l.pointers,
							      e->blob);
	struct stray *s;

	if (!p || e->stage || (e->mode & 0170000) != 0100000)
		return 0;
	if (MV_GROW(st->s, st->alloc, st->count + 1, err))
		return MV_ENOMEM;
	s = &st->s[st->count];
	s->path = strdup(e->path);
	if (!s->path)
		return mv_nomem(err);
	memcpy(s->blob, e->blob, strlen(e->blob) + 1);
	s->mode = e->mode;
	s->pointer = *p;
	st->count++;
	return 0;
}

static int tell_stray(void *payload, size_t i, const char *word,
		      struct mv_err *err)
{
	struct strays *st = payload;
	const struct stray *s = &st->s[i];
	const struct mv_git_entry e = { .path = s->path, .blob = s->blob,
					.mode = s->mode };

	return strcmp(word, "unspecified") ? 0 :
	       tell_file(&st->l, &e, &s->pointer, err);
}

static int ask_strays(struct strays *st, int staged, struct mv_err *err)
{
	const char **paths = calloc(st->count + 1, sizeof(*paths));
	int rc;

	if (!paths)
		return mv_nomem(err);
	for (size_t i = 0; i < st->count; i++)
		paths[i] = st->s[i].path;
	rc = mv_git_filter_words(st->l.repo->git, staged, paths, st->count,
				 tell_stray, st, err);
	free(paths);
	return rc;
}

int mv_repo_strays(struct mv_repo *repo, int staged,
		   const char *const *pathspecs, mv_file_fn fn, void *payload,
		   struct mv_err *err)
{
	static const char *const args[] = { "--indexed-objects", NULL };
	struct strays st = { .l = { .repo = repo, .fn = fn,
				    .payload = payload } };
	int rc = mv_repo_pointer_set_read(&st.l.pointers, repo, args, err);

	if (!rc && st.l.pointers.count)
		rc = mv_git_ls(repo->git, MV_GIT_LS_CACHED | MV_GIT_LS_TYPED,
			       pathspecs, keep_stray, &st, err);
	if (!rc)
		rc = ask_strays(&st, staged, err);
	for (size_t i = 0; i < st.count; i++)
		free(st.s[i].path);
	free(st.s);
	free(st.l.pointers.k);
	return rc;
}
