/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/statcache.h"
#include "libmv/evidence/evidence.h"
#include "libmv/git/files.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"
#include "libmv/meta/manifest.h"
#include "libmv/meta/project.h"
#include "libmv/meta/record.h"
#include "libmv/repo/files.h"
#include "libmv/repo/state.h"
#include "libmv/subject/subject.h"

/*
 * Data that a record names: what lies on the disk now is what was read, so it
 * is asked first, and hashed where neither the stat cache nor git knows it.
 * Only then what git knows by that name.
 */
#define LIST_MAX ((size_t)1 << 30)

struct data {
	struct mv_repo *repo;
	struct mv_manifest members;	/* of a folder */
	struct mv_pointer pointer;
	const char *folder;		/* its path as we open files */
	size_t beyond;			/* links that lead out of it */
};

/* -- one file ------------------------------------------------------------- */

/* A pointer that lies there in place of the bytes. */
static int is_pointer(struct mv_pointer *out, int fd, const struct stat *st,
		      const char *path)
{
	char text[MV_POINTER_MAX];
	size_t got;

	return st->st_size && st->st_size < MV_POINTER_MAX &&
	       !mv_pread_full(fd, text, sizeof(text), 0, &got, path, NULL) &&
	       !mv_pointer_parse(out, text, got, NULL);
}

/* `top`: its path from the top of the work tree; NULL: it is not in there. */
static int hash_file(struct mv_pointer *out, struct mv_repo *repo,
		     const char *path, const char *top, struct mv_err *err)
{
	struct mv_statcache *cache = NULL;
	struct mv_repo_seen seen;
	struct stat st;
	int fd, rc;

	memset(out, 0, sizeof(*out));
	rc = mv_open_read(&fd, NULL, path, err);
	if (rc)
		return rc;
	rc = mv_repo_see(&seen, repo, fd, path, 0, err);
	if (rc || (top && is_pointer(out, fd, &seen.st, path)))
		goto out;
	out->size = (uint64_t)seen.st.st_size;
	if (top)
		rc = mv_repo_cache(&cache, repo, err);
	if (rc || (cache && !mv_statcache_get(&out->oid, cache, top,
					      &seen.st)))
		goto out;
	rc = mv_repo_hash_file(&out->oid, &out->size, fd, path, err);
	if (!rc && (fstat(fd, &st) || !mv_repo_same_stat(&st, &seen.st)))
		rc = mv_fail(err, MV_EEXISTS, "'%s' changed while it was "
			     "being read", path);
	if (!rc && cache)
		mv_statcache_put(cache, top, &st, &out->oid, &seen.clock);
out:
	close(fd);
	return rc;
}

/* -- a folder ------------------------------------------------------------- */

static int ref_by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static const char *in_folder(const struct data *d, const FTSENT *e)
{
	const char *rest = e->fts_path + strlen(d->folder);

	return rest + strspn(rest, "/");
}

static int add_found(struct data *d, const FTSENT *e, const char *top,
		     struct mv_err *err)
{
	const char *rest = in_folder(d, e);
	struct mv_pointer p;
	char *name;
	int rc;

	name = top ? mv_strf(*top ? "%s/%s" : "%s%s", top, rest) : NULL;
	if (top && !name)
		return mv_nomem(err);
	rc = hash_file(&p, d->repo, e->fts_path, name, err);
	if (!rc)
		rc = mv_manifest_add(&d->members, rest, &p.oid, p.size, err);
	free(name);
	return rc;
}

/* By the text of its target, as git takes it; `rest`: its path in the folder. */
static int add_link(struct data *d, const char *path, const char *rest,
		    struct mv_err *err)
{
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	struct mv_oid oid;
	int rc;

	if (n < 0)
		return mv_fail_errno(err, errno, "cannot read the link '%s'",
				     path);
	target[n] = '\0';
	d->beyond += !mv_manifest_link_stays(rest, target);
	rc = mv_sha256(&oid, target, (size_t)n, err);
	return rc ? rc : mv_manifest_add_kind(&d->members, MV_MEMBER_LINK, rest,
					      &oid, (uint64_t)n, err);
}

/* By the commit that git has staged for it. */
static int add_module(struct data *d, const char *commit, const char *rest,
		      struct mv_err *err)
{
	struct mv_oid oid;
	int rc = mv_sha256(&oid, commit, strlen(commit), err);

	d->beyond++;
	return rc ? rc : mv_manifest_add_kind(&d->members, MV_MEMBER_MODULE,
					      rest, &oid, strlen(commit), err);
}

/* Git does not know it: every file that is in it. */
static int walk_folder(struct data *d, const char *top, struct mv_err *err)
{
	char *copy = strdup(d->folder);
	char *const roots[] = { copy, NULL };
	FTS *fts = copy ? fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW |
				   FTS_NOCHDIR, ref_by_name) : NULL;
	FTSENT *e;
	int rc = fts ? 0 : mv_nomem(err);

	while (!rc && (errno = 0, e = fts_read(fts))) {
		if (e->fts_info == FTS_F)
			rc = add_found(d, e, top, err);
		else if (e->fts_info == FTS_SL || e->fts_info == FTS_SLNONE)
			rc = add_link(d, e->fts_path, in_folder(d, e), err);
		else if (e->fts_info == FTS_D && e->fts_level &&
			 !strcmp(e->fts_name, ".git"))
			fts_set(fts, e, FTS_SKIP);
		else if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR ||
			 e->fts_info == FTS_NS)
			rc = mv_fail_errno(err, e->fts_errno,
					   "cannot read '%s'", e->fts_path);
	}
	if (!rc && errno)
		rc = mv_fail_errno(err, errno, "cannot read '%s'", d->folder);
	if (fts)
		fts_close(fts);
	free(copy);
	return rc;
}

struct listing {
	struct data *d;
	const char *top;
	char *last;		/* an unmerged file is listed for each side */
	size_t seen;
};

static int add_listed(void *payload, const struct mv_git_entry *e,
		      struct mv_err *err)
{
	struct listing *l = payload;
	const char *rest = e->path + strlen(l->top);
	struct mv_pointer p;
	struct stat st;
	char *path;
	int rc = 0;

	if (l->last && !strcmp(l->last, e->path))
		return 0;
	free(l->last);
	l->last = strdup(e->path);
	rest += *rest == '/';
	path = mv_path_join(l->d->repo->info->work_tree, e->path);
	if (!path || !l->last)
		rc = mv_nomem(err);
	else if (e->mode == 0160000)
		rc = add_module(l->d, e->blob, rest, err);
	else if (lstat(path, &st))
		rc = errno == ENOENT || errno == ENOTDIR ? 0 :
		     mv_fail_errno(err, errno, "cannot look at '%s'", path);
	else if (S_ISDIR(st.st_mode))
		goto out;
	else if (S_ISLNK(st.st_mode))
		rc = add_link(l->d, path, rest, err);
	else if (!S_ISREG(st.st_mode))
		rc = mv_fail(err, MV_EINVALID, "'%s' is neither a file nor a "
			     "link", path);
	else if (!(rc = hash_file(&p, l->d->repo, path, e->path, err)))
		rc = mv_manifest_add(&l->d->members, rest, &p.oid, p.size,
				     err);
out:
	free(path);
	return rc;
}

static int count_entry(void *payload, const struct mv_git_entry *e,
		       struct mv_err *err)
{
	(void)e;
	(void)err;
	++*(size_t *)payload;
	return 0;
}

/* Is all of the folder as the index has it, and nothing else in there? */
static int is_clean(int *clean, struct mv_repo *repo, const char *spec,
		    struct mv_err *err)
{
	const char *args[] = {
		"--no-optional-locks", "status", "--porcelain=v1", "-z",
		"--untracked-files=all", "--no-renames", "--", spec, NULL
	};
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, LIST_MAX);
	rc = mv_git_run(repo->git, args, NULL, 0, &text, err);
	*clean = 1;
	/* "X " is staged: the work tree agrees with the index. */
	for (size_t i = 0; i + 3 < text.len; i += strlen(text.data + i) + 1)
		if (text.data[i + 1] != ' ')
			*clean = 0;
	mv_buf_release(&text);
	return rc;
}

/* Git knows it: what git would, and nothing that it ignores. */
static int tracked_folder(struct data *d, const char *top, const char *spec,
			  struct mv_err *err)
{
	const char *specs[] = { spec, NULL };
	struct listing l = { .d = d, .top = top };
	struct mv_subject s;
	int clean = 0;
	int rc = is_clean(&clean, d->repo, spec, err);

	if (!rc && clean) {
		rc = mv_subject_find_at(&s, d->repo, NULL, top, err);
		if (rc)
			return rc;
		d->members = s.members;
		d->beyond = s.beyond != NULL;
		memset(&s.members, 0, sizeof(s.members));
		mv_subject_release(&s);
		return 0;
	}
	if (!rc)
		rc = mv_git_ls(d->repo->git,
			       MV_GIT_LS_CACHED | MV_GIT_LS_OTHERS, specs,
			       add_listed, &l, err);
	free(l.last);
	return rc;
}

static int read_folder(struct data *d, const char *top, struct mv_err *err)
{
	char *spec = top ? mv_strf(*top ? ":(top,literal)%s" : ":/%s", top) :
		     NULL;
	const char *specs[] = { spec, NULL };
	size_t tracked = 0;
	int rc = 0;

	if (top && !spec)
		return mv_nomem(err);
	if (top)
		rc = mv_git_ls(d->repo->git, MV_GIT_LS_CACHED, specs,
			       count_entry, &tracked, err);
	if (!rc)
		rc = tracked ? tracked_folder(d, top, spec, err) :
			       walk_folder(d, top, err);
	if (!rc && !d->members.count)
		rc = mv_fail(err, MV_EINVALID, "there are no files in '%s'",
			     d->folder);
	if (!rc && d->beyond)
		mv_repo_warn(d->repo, "%zu link%s in '%s' lead%s out of it: "
			     "where to is recorded, not what is there",
			     d->beyond, d->beyond == 1 ? "" : "s", d->folder,
			     d->beyond == 1 ? "s" : "");
	free(spec);
	return rc;
}

/* -- what was named ------------------------------------------------------- */

/* `attach` to the record what the folder held. */
static int settle_folder(struct data *d, struct mv_record *record,
			 struct mv_err *err)
{
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, MV_MANIFEST_BYTES);
	rc = mv_subject_manifest_pointer(&d->pointer, &text, &d->members, err);
	if (!rc && record)
		rc = mv_evidence_attach(d->repo, record, "manifest", text.data,
					text.len, err);
	mv_buf_release(&text);
	return rc;
}

static char *absolute(struct mv_repo *repo, const char *typed)
{
	const struct mv_git_info *info = repo->info;

	if (*typed == '/' || !info->work_tree)
		return strdup(typed);
	return mv_strf("%s/%s%s", info->work_tree, info->prefix, typed);
}

/* The artifact at a path of the work tree lends its name. */
static int name_of(struct mv_ref *out, struct mv_repo *repo, const char *top,
		   struct mv_err *err)
{
	struct mv_project project;
	const struct mv_artifact *a;
	int rc = mv_subject_project(&project, repo, NULL, err);

	if (rc)
		return rc;
	a = mv_project_by_path(&project, top);
	if (a && !strcmp(a->path, top))
		rc = mv_set_str(&out->name, a->name, err);
	mv_project_release(&project);
	return rc;
}

/* MV_ENOENT: nothing lies there. */
static int on_disk(struct mv_ref *out, struct mv_repo *repo,
		   struct mv_record *record, const char *typed,
		   struct mv_err *err)
{
	struct data d = { .repo = repo };
	char *top = mv_repo_from_top(repo, typed);
	char *path = absolute(repo, typed), *real = NULL;
	struct stat st;
	int rc = 0;

	if (!path) {
		rc = mv_nomem(err);
		goto out;
	}
	if (!repo->info->work_tree || (*typed == '/' && !top)) {
		free(top);
		top = NULL;
	}
	real = realpath(path, NULL);
	if (!real || stat(real, &st)) {
		/* What cannot be looked at is not what git has of it. A name
		   that is too long for a path may be something else. */
		rc = errno == ENOENT || errno == ENOTDIR ||
		     errno == ENAMETOOLONG ? MV_ENOENT :
		     mv_fail_errno(err, errno, "cannot look at '%s'", path);
		goto out;
	}
	d.folder = real;
	if (S_ISDIR(st.st_mode))
		rc = read_folder(&d, top, err);
	if (!rc && S_ISDIR(st.st_mode))
		rc = settle_folder(&d, record, err);
	else if (!rc)
		rc = hash_file(&d.pointer, repo, real, top, err);
	if (!rc && top)
		mv_repo_cache_save(repo);
	if (!rc && top)
		rc = name_of(out, repo, top, err);
	out->oid = d.pointer.oid;
	out->size = d.pointer.size;
	out->has_oid = 1;
	if (!rc)
		rc = mv_set_str(&out->path, top ? (*top ? top : ".") : typed,
				err);
out:
	mv_manifest_release(&d.members);
	free(real);
	free(path);
	free(top);
	return rc;
}

static int in_git(struct mv_ref *out, struct mv_repo *repo,
		  struct mv_record *record, const char *spec,
		  struct mv_err *err)
{
	struct data d = { .repo = repo };
	struct mv_subject s;
	int rc = mv_subject_find(&s, repo, spec, err);

	if (rc)
		return rc;
	out->oid = s.pointer.oid;
	out->size = s.pointer.size;
	out->has_oid = 1;
	rc = mv_set_str(&out->path, s.path, err);
	if (!rc)
		rc = mv_set_str(&out->name, s.artifact, err);
	if (!rc && s.is_directory) {
		d.members = s.members;
		rc = settle_folder(&d, record, err);
		s.members = d.members;
	}
	mv_subject_release(&s);
	return rc;
}

/* "md5:0123...", "etag:...": of a place that we cannot look into; and a
   SHA-256 that nobody here has seen. */
static int only_named(struct mv_ref *out, const char *spec, struct mv_err *err)
{
	const char *colon = strchr(spec, ':');
	size_t n = colon ? strlen(colon + 1) : 0;

	out->size = UINT64_MAX;
	if (!colon || !n)
		return MV_ENOENT;
	if (!strncmp(spec, "sha256:", 7)) {
		if (n != MV_OID_HEX || mv_oid_parse(&out->oid, spec + 7, n))
			return MV_ENOENT;
		out->has_oid = 1;
		return 0;
	}
	if (strspn(spec, "abcdefghijklmnopqrstuvwxyz0123456789-") !=
	    (size_t)(colon - spec) || n < 8 || n > 256 ||
	    strspn(colon + 1, "0123456789abcdefABCDEF") != n)
		return MV_ENOENT;
	return mv_set_str(&out->digest, spec, err);
}

void mv_evidence_ref_release(struct mv_ref *ref)
{
	free(ref->role);
	free(ref->name);
	free(ref->path);
	free(ref->digest);
	memset(ref, 0, sizeof(*ref));
}

int mv_evidence_ref(struct mv_ref *out, struct mv_repo *repo,
		    struct mv_record *record, const char *role, const char *name,
		    const char *spec, struct mv_err *err)
{
	struct mv_err why;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = mv_set_str(&out->role, role ? role : "", &why);
	if (!rc)
		rc = mv_set_str(&out->name, name, &why);
	if (!rc)
		rc = on_disk(out, repo, record, spec, &why);
	if (rc == MV_ENOENT)
		rc = in_git(out, repo, record, spec, &why);
	if (rc == MV_ENOENT)
		rc = only_named(out, spec, &why);
	if (rc) {
		mv_evidence_ref_release(out);
		return mv_fail(err, rc, "%s", why.msg);
	}
	return 0;
}
