/* SPDX-License-Identifier: MIT */
#include "libmv/git/priv.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libmv/base/fs.h"
#include "libmv/base/grow.h"
#include "libmv/git/git.h"

/*
 * When git lists refs it passes over those that it cannot read: of some it
 * says so on standard error, of a folder that may not be opened, a link and a
 * symref that lead nowhere it says nothing. Whoever asks for the newest tag
 * would be given the one before. So the names of the files are taken first,
 * and what git does not list is looked at one by one.
 */
#define DEPTH_MAX 64
#define LOOSE_MAX 4096
#define SYMREF_DEPTH 5		/* git's own */

struct loose_walk {
	struct mv_git_loose *out;
	struct mv_git *git;
	const char *const *prefixes;	/* NULL: all */
};

static int is_wanted(const struct loose_walk *w, const char *name)
{
	const char *const *p = w->prefixes;

	for (; p && *p; p++)
		if (!strncmp(name, *p, strlen(*p)))
			return 1;
	return !p;
}

/* May the folder ("refs/tags/") have what is wanted? */
static int may_have(const struct loose_walk *w, const char *folder)
{
	const size_t len = strlen(folder);
	const char *const *p = w->prefixes;

	for (; p && *p; p++) {
		size_t n = strlen(*p);

		if (!strncmp(folder, *p, n < len ? n : len))
			return 1;
	}
	return !p;
}

static int loose_add(struct loose_walk *w, const char *name, int dead,
		     struct mv_err *err)
{
	struct mv_git_loose *l = w->out;
	struct mv_git_loose_ref *v;

	if (!mv_git_is_ref(name) || !is_wanted(w, name))
		return 0;
	if (MV_GROW(l->v, l->alloc, l->count + 1, err) < 0)
		return MV_ENOMEM;
	v = &l->v[l->count];
	v->name = strdup(name);
	v->dead = dead;
	v->listed = 0;
	if (!v->name)
		return mv_nomem(err);
	l->count++;
	return 0;
}

static int loose_walk(struct loose_walk *w, const char *folder, int depth,
		      struct mv_err *err);

static int see(struct loose_walk *w, const char *folder, const struct dirent *e,
	       const char *dir, int depth, struct mv_err *err)
{
	const size_t len = strlen(e->d_name);
	char *name = mv_strf("%s%s", folder, e->d_name);
	char *below = mv_strf("%s%s/", folder, e->d_name);
	char *path = mv_path_join(dir, e->d_name);
	int type = e->d_type;
	struct stat st;
	int rc = 0;

	if (!name || !below || !path) {
		rc = mv_nomem(err);
		goto out;
	}
	/* What git does not look at either. */
	if (*e->d_name == '.' || (len >= 5 && !strcmp(e->d_name + len - 5,
						      ".lock")))
		goto out;
	if (type != DT_REG && type != DT_DIR) {
		if (!stat(path, &st))
			type = IFTODT(st.st_mode);
		else if (type == DT_UNKNOWN && errno == ENOENT &&
			 lstat(path, &st))
			goto out;	/* it went meanwhile */
		else
			type = DT_LNK;
	}
	if (type == DT_DIR)
		rc = may_have(w, below) ? loose_walk(w, below, depth + 1,
						     err) : 0;
	else
		rc = loose_add(w, name, type != DT_REG, err);
out:
	free(name);
	free(below);
	free(path);
	return rc;
}

/* `folder` ends with a slash. */
static int loose_walk(struct loose_walk *w, const char *folder, int depth,
		      struct mv_err *err)
{
	char *dir = mv_path_join(w->git->info.common_dir, folder);
	struct dirent *e;
	DIR *d = NULL;
	int rc = 0;

	if (!dir)
		return mv_nomem(err);
	if (depth < DEPTH_MAX)
		d = opendir(dir);
	else
		errno = ELOOP;
	/* git takes away folders that are empty. */
	if (!d && errno != ENOENT)
		rc = mv_fail_errno(err, errno, "cannot list the refs in '%s'",
				   dir);
	while (d && !rc) {
		errno = 0;
		e = readdir(d);
		if (e)
			rc = see(w, folder, e, dir, depth, err);
		else if (errno)
			rc = mv_fail_errno(err, errno, "cannot list the refs "
					   "in '%s'", dir);
		else
			break;
	}
	if (d)
		closedir(d);
	free(dir);
	return rc;
}

static int loose_by_name(const void *a, const void *b)
{
	const struct mv_git_loose_ref *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int mv_git_loose_list(struct mv_git_loose *out, struct mv_git *git,
		      const char *const *prefixes, struct mv_err *err)
{
	char *tables = mv_path_join(git->info.common_dir, "reftable");
	struct loose_walk w = { out, git, prefixes };
	struct stat st;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if (!tables)
		return mv_nomem(err);
	/* There refs are no files, and git says what it cannot read. */
	if (stat(tables, &st))
		rc = loose_walk(&w, "refs/", 0, err);
	free(tables);
	if (!rc && out->count)
		qsort(out->v, out->count, sizeof(*out->v), loose_by_name);
	if (rc)
		mv_git_loose_release(out);
	return rc;
}

void mv_git_loose_release(struct mv_git_loose *loose)
{
	for (size_t i = 0; i < loose->count; i++)
		free(loose->v[i].name);
	free(loose->v);
	memset(loose, 0, sizeof(*loose));
}

void mv_git_loose_listed(struct mv_git_loose *loose, const char *name)
{
	struct mv_git_loose_ref key = { (char *)(uintptr_t)name, 0, 0 };
	struct mv_git_loose_ref *hit = loose->count ?
		bsearch(&key, loose->v, loose->count, sizeof(*loose->v),
			loose_by_name) : NULL;

	if (hit)
		hit->listed = 1;
}

static int loose_is_below(const char *name, const char *folder)
{
	return !strncmp(name, folder, strlen(folder));
}

/* "refs/remotes/origin/HEAD": where the branch of that name has gone. */
static int is_remote_head(const char *name)
{
	const size_t len = strlen(name);

	return loose_is_below(name, "refs/remotes/") &&
	       !strcmp(name + len - 5, "/HEAD");
}

/* A symref to nothing is a branch that nobody has begun; but no tag, and no
   notes, are made so. */
static int means_nothing(const char *name)
{
	return !loose_is_below(name, "refs/tags/") && !loose_is_below(name,
								      "refs/notes/");
}

/* MV_ECORRUPT, and what to do about it. */
static int loose_broken(const char *name, const char *path, struct mv_err *err)
{
	return mv_fail(err, MV_ECORRUPT, "'%s' cannot be read, and git passes "
		       "over it: remove '%s' and %s", name, path,
		       loose_is_below(name, "refs/tags/") ?
		       "git fetch --tags brings it again" :
		       loose_is_below(name, "refs/notes/") ?
		       "git model fetch brings it again" :
		       "git fetch brings it again, where a remote has it");
}

static int loose_check_one(const struct mv_git_loose_ref *ref,
			   struct mv_git *git,
			   struct mv_err *err)
{
	char *path = mv_path_join(git->info.common_dir, ref->name);
	char hex[MV_GIT_HEX_MAX];
	struct stat st;
	int rc;

	if (!path)
		return mv_nomem(err);
	rc = ref->dead ? MV_ENOENT :
			 mv_git_ref_strict(hex, git, ref->name, err);
	if (rc == MV_ENOENT && !lstat(path, &st) && !S_ISDIR(st.st_mode) &&
	    (ref->dead || !means_nothing(ref->name)))
		rc = loose_broken(ref->name, path, err);
	else if (rc == MV_ENOENT)
		rc = 0;		/* it went, or it was packed, meanwhile */
	free(path);
	return rc;
}

int mv_git_loose_check(const struct mv_git_loose *loose, struct mv_git *git,
		       struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < loose->count && !rc; i++)
		if ((!loose->v[i].listed || loose->v[i].dead) &&
		    !is_remote_head(loose->v[i].name))
			rc = loose_check_one(&loose->v[i], git, err);
	return rc;
}

/*
 * git says "not a valid ref" of one whose file it may not read, too. *again:
 * there is a ref now, by somebody who was faster. Refs that are no files
 * (packed, reftable) git knows to complain of.
 */
static int look_at_file(struct mv_git *git, const char *ref, int depth,
			int *again, struct mv_err *err)
{
	const char *base = strncmp(ref, "refs/", 5) ? git->info.git_dir :
						      git->info.common_dir;
	char *path = mv_path_join(base, ref);
	struct mv_buf text;
	struct stat st;
	int rc;

	if (!path)
		return mv_nomem(err);
	mv_buf_init(&text, LOOSE_MAX);
	if (stat(path, &st))
		rc = errno == ENOENT || errno == ENOTDIR || errno == ELOOP ?
		     MV_ENOENT : mv_fail_errno(err, errno, "cannot read '%s'",
					       path);
	else
		rc = S_ISDIR(st.st_mode) ? MV_ENOENT :
		     mv_read_file(&text, path, err);
	if (rc == MV_ENOENT) {
		rc = 0;
	} else if (!rc && !strncmp(text.data, "ref: ", 5)) {
		text.data[5 + strcspn(text.data + 5, "\n")] = '\0';
		if (mv_git_is_ref(text.data + 5) && depth < SYMREF_DEPTH)
			rc = look_at_file(git, text.data + 5, depth + 1,
					  again, err);
	} else if (!rc && strspn(text.data, "0123456789abcdef") ==
		   git->info.hex_len && strspn(text.data, "0") <
		   git->info.hex_len) {
		*again = 1;
	} else if (!rc) {
		rc = loose_broken(ref, path, err);
	}
	mv_buf_release(&text);
	free(path);
	return rc;
}

/* The ref itself and nothing else. Quiet, git tells "there is none" (1) from
   "it leads nowhere" (128), but then it does not print what it found. */
int mv_git_ref_strict(char *hex, struct mv_git *git, const char *ref,
		      struct mv_err *err)
{
	const char *quiet[] = {
		"show-ref", "--verify", "--quiet", "--", ref, NULL
	};
	const char *loud[] = {
		"show-ref", "--verify", "--hash", "--", ref, NULL
	};
	const size_t n = git->info.hex_len;
	struct mv_buf out;
	int status = 1, again = 1;
	int rc = 0;

	for (int i = 0; !rc && status && again && i < 2; i++) {
		again = 0;
		rc = mv_git_ask(&status, git, quiet, 1, NULL, err);
		if (!rc && status)
			rc = look_at_file(git, ref, 0, &again, err);
	}
	if (!rc && status && again)
		rc = mv_fail(err, MV_EIO, "'%s' is there, but git does not "
			     "read it; see git fsck", ref);
	if (rc || status)
		return rc ? rc : MV_ENOENT;
	mv_buf_init(&out, 4096);
	rc = mv_git_run(git, loud, NULL, 0, &out, err);
	if (!rc && (out.len != n + 1 || out.data[n] != '\n'))
		rc = mv_fail(err, MV_EIO, "cannot understand what git "
			     "show-ref says");
	if (!rc) {
		memcpy(hex, out.data, n);
		hex[n] = '\0';
	}
	mv_buf_release(&out);
	return rc;
}
