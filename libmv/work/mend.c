/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/grow.h"
#include "libmv/base/statcache.h"
#include "libmv/base/worktree.h"
#include "libmv/git/files.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"
#include "libmv/work/priv.h"

/*
 * A checkout that was killed after it had put files in place and before it
 * had corrected their index entries leaves the right bytes, and entries with
 * the size of the pointers that lay there before. Git decides by that size
 * alone and calls the files modified for ever. So whatever git calls modified
 * is looked at: where the bytes are those of the pointer in the index, the
 * entry is corrected now.
 */

struct suspect {
	char *path;
	char blob[MV_OID_HEX + 1];
	int ours;		/* by its attributes */
	int whole;		/* the bytes are the content */
	int settled;
	struct stat st;
};

struct mend {
	struct mv_repo *repo;
	struct suspect *s;
	size_t count, alloc;
};

static int add_suspect(struct mend *m, const char *blob, size_t blob_len,
		       const char *path, struct mv_err *err)
{
	struct suspect *s;

	if (MV_GROW(m->s, m->alloc, m->count + 1, err))
		return MV_ENOMEM;
	s = &m->s[m->count];
	memset(s, 0, sizeof(*s));
	memcpy(s->blob, blob, blob_len);
	s->path = strdup(path);
	if (!s->path)
		return mv_nomem(err);
	m->count++;
	return 0;
}

/* ":100644 100644 <blob> <zeros> M NUL path NUL"; the modes are alike. */
static int mend_add_line(struct mend *m, const char *line, const char *path,
			 struct mv_err *err)
{
	const char *blob = line + 15;
	size_t len;

	if (strlen(line) < 16 || strncmp(line, ":100", 4) ||
	    strncmp(line + 1, line + 8, 6) || line[strlen(line) - 1] != 'M')
		return 0;
	len = strcspn(blob, " ");
	return len > MV_OID_HEX ? 0 : add_suspect(m, blob, len, path, err);
}

/* What git calls modified by its stat, without asking clean. */
static int mend_list(struct mend *m, struct mv_err *err)
{
	static const char *const args[] = {
		"diff-files", "-z", "--raw", "--no-abbrev", "--no-renames",
		"--no-relative", "--ignore-submodules=all", NULL
	};
	struct mv_buf text;
	const char *path;
	size_t pos = 0;
	int rc;

	mv_buf_init(&text, SIZE_MAX / 2);
	rc = mv_git_run(m->repo->git, args, NULL, 0, &text, err);
	while (!rc && pos < text.len) {
		path = text.data + pos + strlen(text.data + pos) + 1;
		if (path >= text.data + text.len)
			break;
		rc = mend_add_line(m, text.data + pos, path, err);
		pos = (size_t)(path - text.data) + strlen(path) + 1;
	}
	mv_buf_release(&text);
	return rc;
}

static int note_filter(void *payload, size_t i, const char *filter,
		       struct mv_err *err)
{
	struct mend *m = payload;

	(void)err;
	m->s[i].ours = *filter != '\0';
	return 0;
}

static int ask_filters(struct mend *m, struct mv_err *err)
{
	const char **paths = calloc(m->count, sizeof(*paths));
	int rc;

	if (!paths)
		return mv_nomem(err);
	for (size_t i = 0; i < m->count; i++)
		paths[i] = m->s[i].path;
	rc = mv_git_filters(m->repo->git, paths, m->count, note_filter, m,
			    err);
	free(paths);
	return rc;
}

static int pointer_of(struct mv_pointer *out, struct mend *m,
		      const struct suspect *s)
{
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, MV_POINTER_MAX);
	rc = mv_git_read_blob(m->repo->git, s->blob, &text, NULL, NULL);
	if (!rc)
		rc = mv_pointer_parse(out, text.data, text.len, NULL);
	mv_buf_release(&text);
	return rc;
}

static int content_of(struct mv_oid *oid, struct mend *m, struct suspect *s,
		      int fd, const struct mv_repo_seen *seen)
{
	struct mv_statcache *cache;
	uint64_t size;
	struct stat st;
	int rc = mv_repo_cache(&cache, m->repo, NULL);

	if (rc || !mv_statcache_get(oid, cache, s->path, &s->st))
		return rc;
	rc = mv_repo_hash_file(oid, &size, fd, s->path, NULL);
	if (!rc && (fstat(fd, &st) || !mv_repo_same_stat(&st, &s->st)))
		rc = MV_EBUSY;
	if (!rc)
		mv_statcache_put(cache, s->path, &s->st, oid, &seen->clock);
	return rc;
}

/* What cannot be looked at stays as git sees it. */
static void examine(struct mend *m, struct suspect *s, int rootfd)
{
	struct mv_pointer pointer;
	struct mv_repo_seen seen;
	struct mv_oid oid;
	int fd;

	if (!s->ours || pointer_of(&pointer, m, s) ||
	    mv_wt_open_read(&fd, &s->st, rootfd, s->path, NULL))
		return;
	if ((uint64_t)s->st.st_size == pointer.size &&
	    !mv_repo_see(&seen, m->repo, fd, s->path, 1, NULL)) {
		s->st = seen.st;
		s->settled = mv_is_quiet(&seen.st, &seen.clock);
		s->whole = !content_of(&oid, m, s, fd, &seen) &&
			   mv_oid_eq(&oid, &pointer.oid);
	}
	close(fd);
}

static int correct(struct mend *m, int lock_ms, struct mv_err *err)
{
	struct mv_git_patch *patch = NULL;
	int rc = mv_git_patch_open(&patch, m->repo->git, lock_ms, err);

	if (rc)
		return rc;
	/* An entry that is another by now is left as it is. */
	for (size_t i = 0; i < m->count; i++)
		if (m->s[i].whole)
			mv_git_patch_set(patch, m->s[i].path, m->s[i].blob,
					 &m->s[i].st, m->s[i].settled, NULL);
	mv_git_patch_vouch(patch, mv_work_vouch, m->repo);
	rc = mv_git_patch_commit(patch, err);
	mv_git_patch_close(patch);
	return rc;
}

int mv_work_mend(struct mv_repo *repo, int lock_ms, struct mv_err *err)
{
	struct mend m = { .repo = repo };
	size_t whole = 0;
	int rootfd;
	int rc = mv_repo_root(&rootfd, repo, err);

	if (!rc)
		rc = mend_list(&m, err);
	if (!rc && m.count)
		rc = ask_filters(&m, err);
	for (size_t i = 0; !rc && i < m.count; i++) {
		examine(&m, &m.s[i], rootfd);
		whole += (size_t)m.s[i].whole;
	}
	if (!rc && whole)
		rc = correct(&m, lock_ms, err);
	for (size_t i = 0; i < m.count; i++)
		free(m.s[i].path);
	free(m.s);
	return rc;
}
