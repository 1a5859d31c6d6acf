/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/filter/filter.h"
#include "libmv/git/files.h"
#include "libmv/git/objects.h"
#include "libmv/work/priv.h"

/*
 * Files that git holds as their bytes although the filter is theirs: commits
 * made before `git model track`, or by clones without the filter. Clean would
 * call each of them changed, for ever, and no command could leave that commit
 * again. So where git only moves between commits, such a file is answered as
 * git has it.
 */
struct staged {
	char hex[65];
	uint64_t size;
	int is_pointer;
};

static int raw_look(void *payload, size_t i, const char *hex, const void *data,
		    size_t len, struct mv_err *err)
{
	struct staged *s = payload;
	struct mv_pointer p;

	(void)i;
	(void)err;
	snprintf(s->hex, sizeof(s->hex), "%s", hex);
	s->size = len;
	s->is_pointer = data && (!len || mv_pointer_parse(&p, data, len,
							  NULL) !=
				 MV_ENOENT);
	return 0;
}

/* 1: the index has bytes there; 0: a pointer, or nothing. */
static int has_bytes(struct staged *s, struct mv_repo *repo, const char *path,
		     struct mv_err *err)
{
	char *spec = mv_strf(":0:%s", path);
	const char *const specs[] = { spec };
	int rc = spec ? mv_git_read_many(repo->git, specs, 1,
					 MV_POINTER_MAX - 1, raw_look, s, err) :
			mv_nomem(err);

	free(spec);
	return rc ? rc : *s->hex && !s->is_pointer;
}

static int start_name(struct mv_hasher **hasher, struct mv_repo *repo,
		      uint64_t size, struct mv_err *err)
{
	char head[32];
	int n = snprintf(head, sizeof(head), "blob %" PRIu64, size);
	int rc = mv_hasher_new(hasher, repo->info->sha256 ? MV_HASH_SHA256 :
			       MV_HASH_SHA1, err);

	/* With the NUL. */
	return rc ? rc : mv_hasher_update(*hasher, head, (size_t)n + 1, err);
}

static int raw_is_same(struct mv_hasher *hasher, struct mv_repo *repo,
		       const struct staged *s, uint64_t size, struct mv_err *err)
{
	uint8_t sum[32];
	char hex[65];
	int rc = mv_hasher_final(sum, hasher, err);

	if (rc)
		return rc;
	mv_hex(hex, sum, repo->info->hex_len / 2);
	return size == s->size && !strcmp(hex, s->hex);
}

int mv_work_keep_bytes(struct mv_repo *repo, const char *path,
		       struct mv_reader *in, struct mv_err *err)
{
	struct mv_repo_filter *f = &repo->filter;
	struct staged staged = { "", 0, 0 };
	struct mv_hasher *hasher = NULL;
	int rc = 0, same = 0;

	if (!(f->asker & MV_ASKER_MOVES) || !*path)
		return 0;
	/* What cannot be asked is cleaned, as always. */
	if (has_bytes(&staged, repo, path, NULL) <= 0)
		return 0;
	mv_work_kept_release(repo);
	mv_repo_spool_init(&f->kept);
	f->has_kept = 1;
	mv_repo_at_close(repo, mv_work_kept_release);
	rc = start_name(&hasher, repo, staged.size, err);
	if (!rc)
		rc = mv_repo_spool_fill(&f->kept, repo, in, hasher, err);
	if (!rc)
		same = raw_is_same(hasher, repo, &staged,
				   mv_repo_spool_size(&f->kept),
				   err);
	mv_hasher_free(hasher);
	if (rc || same < 0)
		return rc ? rc : same;
	*in = mv_repo_spool_reader(&f->kept);
	if (same && !f->raw && !f->raw_kept++)
		mv_repo_warn(repo, "'%s' is in git as the bytes themselves, "
			     "not as a pointer; it is left as it is. `git "
			     "model add` and a commit mend that", path);
	return same;
}

int mv_work_keep(struct mv_repo *repo, struct mv_reader *in,
		 struct mv_err *err)
{
	struct mv_repo_filter *f = &repo->filter;
	int rc;

	mv_work_kept_release(repo);
	mv_repo_spool_init(&f->kept);
	f->has_kept = 1;
	mv_repo_at_close(repo, mv_work_kept_release);
	rc = mv_repo_spool_fill(&f->kept, repo, in, NULL, err);
	return rc ? rc : MV_FILTER_KEPT;
}

int mv_work_clean_kept(struct mv_repo *repo, struct mv_writer *out,
		       struct mv_err *err)
{
	int rc = repo->filter.has_kept ?
		 mv_repo_spool_drain(&repo->filter.kept, out, err) :
		 mv_fail(err, MV_EINVALID, "nothing was kept");

	mv_work_kept_release(repo);
	return rc;
}

void mv_work_kept_release(struct mv_repo *repo)
{
	if (repo->filter.has_kept)
		mv_repo_spool_release(&repo->filter.kept);
	repo->filter.has_kept = 0;
}

/* -- what a push brings --------------------------------------------------- */

/*
 * Programs that know no filter (pygit2, JGit, gitoxide, a clone where nobody
 * ran install) commit bytes. Whoever pushes next is told.
 */
struct pushed {
	struct mv_repo *repo;
	char **path;
	size_t count, alloc, raw;
	const char *first;
};

static int note_path(struct pushed *p, const char *path, struct mv_err *err)
{
	if (!path || !*path)
		return 0;
	if (MV_GROW(p->path, p->alloc, p->count + 1, err))
		return MV_ENOMEM;
	p->path[p->count] = strdup(path);
	return p->path[p->count++] ? 0 : mv_nomem(err);
}

static int note_large(void *payload, const char *path, uint64_t size,
		      struct mv_err *err)
{
	(void)size;
	return note_path(payload, path, err);
}

static int note_small(void *payload, const char *hex, const char *path,
		      const void *data, size_t len, struct mv_err *err)
{
	struct mv_pointer pointer;

	(void)hex;
	if (mv_pointer_parse(&pointer, data, len, NULL) != MV_ENOENT)
		return 0;
	return note_path(payload, path, err);
}

static int count_ours(void *payload, size_t i, const char *filter,
		      struct mv_err *err)
{
	struct pushed *p = payload;

	(void)err;
	if (*filter && !p->raw++)
		p->first = p->path[i];
	return 0;
}

/* -- what a merge put beside a file --------------------------------------- */

struct offers {
	char **path, **beside;	/* the offer, and what it was offered for */
	size_t count;
	uint8_t *ours, *meant;
};

static int note_ours(void *payload, size_t i, const char *filter,
		     struct mv_err *err)
{
	struct offers *o = payload;

	(void)err;
	o->ours[i] = *filter != '\0';
	return 0;
}

static int note_meant(void *payload, size_t i, const char *word,
		      struct mv_err *err)
{
	struct offers *o = payload;

	(void)err;
	o->meant[i] = !strcmp(word, "unset");
	return 0;
}

static int ask_offers(struct offers *o, struct mv_repo *repo,
		      struct mv_err *err)
{
	int rc = mv_git_filters(repo->git, (const char *const *)o->beside,
				o->count, note_ours, o, err);

	if (!rc)
		rc = mv_git_filter_words(repo->git, 0,
					 (const char *const *)o->path,
					 o->count, note_meant, o, err);
	for (size_t i = 0; !rc && i < o->count; i++)
		if (o->ours[i] && !o->meant[i])
			rc = mv_fail(err, MV_EDENIED, "'%s' was put beside "
				     "'%s' by a merge, and its bytes would be "
				     "in history for ever: `git rm --cached` "
				     "of it and `git commit --amend` take it "
				     "out (`git rebase -i`, where an earlier "
				     "commit brought it); if it is meant, a "
				     "line '%s -filter' in .gitattributes "
				     "says so", o->path[i], o->beside[i],
				     o->path[i]);
	return rc;
}

static int check_offers(const struct pushed *p, struct mv_err *err)
{
	struct offers o = {
		.path = calloc(p->count + 1, sizeof(*o.path)),
		.beside = calloc(p->count + 1, sizeof(*o.beside)),
		.ours = calloc(p->count + 1, 1),
		.meant = calloc(p->count + 1, 1)
	};
	int rc = o.path && o.beside && o.ours && o.meant ? 0 : mv_nomem(err);

	for (size_t i = 0; !rc && i < p->count; i++) {
		o.path[o.count] = p->path[i];
		o.beside[o.count] = mv_work_offered_beside(p->path[i]);
		o.count += o.beside[o.count] != NULL;
	}
	if (!rc && o.count)
		rc = ask_offers(&o, p->repo, err);
	for (size_t i = 0; i < o.count; i++)
		free(o.beside[i]);
	free(o.path);
	free(o.beside);
	free(o.ours);
	free(o.meant);
	return rc;
}

int mv_work_check_raw(struct mv_repo *repo, const char *const *revs,
		      struct mv_err *err)
{
	struct pushed p = { .repo = repo };
	struct mv_err why;
	int denied = 0, rc;

	rc = mv_git_each_large_blob(repo->git, revs, MV_POINTER_MAX - 1,
				    note_large, &p, &why);
	if (!rc)
		rc = mv_git_each_small_blob(repo->git, revs,
					    MV_POINTER_MAX - 1, note_small,
					    &p, &why);
	if (!rc && p.count)
		rc = mv_git_filters(repo->git, (const char *const *)p.path,
				    p.count, count_ours, &p, &why);
	if (!rc)
		denied = check_offers(&p, err);
	if (rc)
		mv_repo_warn(repo, "it is not known whether bytes are pushed "
			     "in the place of pointers: %s", why.msg);
	else if (p.raw)
		mv_repo_warn(repo, "what is pushed has the bytes themselves of "
			     "%zu file%s that a pattern gives to git-model; "
			     "the first is '%s'. A program that knows no "
			     "filter has committed that; `git model add` and "
			     "a commit mend it", p.raw, p.raw == 1 ? "" : "s",
			     p.first);
	for (size_t i = 0; i < p.count; i++)
		free(p.path[i]);
	free(p.path);
	return denied;
}
