/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/grow.h"
#include "libmv/base/path.h"
#include "libmv/git/files.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"
#include "libmv/meta/holding.h"
#include "libmv/meta/project.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"
#include "libmv/release/release.h"
#include "libmv/repo/state.h"
#include "libmv/subject/release.h"
#include "libmv/subject/subject.h"
#include "libmv/transfer/transfer.h"
#include "libmv/work/work.h"

/*
 * A version into the work tree. Git itself changes the index, as it would for
 * the person (`git checkout <commit> -- <path>`), so that attributes, modes,
 * sparse checkouts and split indexes are its business; what it leaves as
 * pointers is materialised. Everything that can say no is asked before.
 */
#define S_ISGITLINK(mode) (((mode) & S_IFMT) == 0160000)

struct target {
	char *path;
	char blob[65], staged[65];	/* staged: "" when not in the index */
	unsigned mode;
	struct mv_pointer pointer;
	int is_pointer, unmerged;
	int is_other;		/* a link, or a submodule */
};

struct plan {
	struct mv_release release;
	struct mv_subject subject;
	char *pathspec;
	struct target *v;		/* sorted by path */
	size_t count, alloc, left;
	int force;
};

static void plan_release(struct plan *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->v[i].path);
	free(p->v);
	free(p->pathspec);
	mv_subject_release(&p->subject);
	mv_subject_version_clear(&p->release);
	memset(p, 0, sizeof(*p));
}

/* -- what has to be there afterwards -------------------------------------- */

static int add_target(void *payload, const struct mv_git_entry *e,
		      struct mv_err *err)
{
	struct plan *p = payload;
	struct target *v;

	if (strlen(e->blob) > 64 || !mv_path_below(e->path, p->subject.path))
		return 0;
	if (MV_GROW(p->v, p->alloc, p->count + 1, err) < 0)
		return MV_ENOMEM;
	v = &p->v[p->count];
	memset(v, 0, sizeof(*v));
	v->path = strdup(e->path);
	if (!v->path)
		return mv_nomem(err);
	snprintf(v->blob, sizeof(v->blob), "%s", e->blob);
	v->mode = e->mode;
	v->is_other = !S_ISREG(e->mode);
	p->count++;
	return 0;
}

static int checkout_by_path(const void *a, const void *b)
{
	const struct target *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static struct target *find_target(const struct plan *p, const char *path)
{
	struct target key = { .path = (char *)(uintptr_t)path };

	return p->count ? bsearch(&key, p->v, p->count, sizeof(*p->v),
				  checkout_by_path) : NULL;
}

static int take_pointer(void *payload, size_t i, const char *hex,
			const void *data, size_t len, struct mv_err *err)
{
	struct target *t = &((struct plan *)payload)->v[i];
	int rc;

	if (t->is_other)
		return 0;
	if (!data && !*hex)
		return mv_fail(err, MV_ECORRUPT, "what git has of '%s' cannot "
			       "be read; see git fsck", t->path);
	if (!data || !len)		/* git has the bytes themselves */
		return 0;
	rc = mv_pointer_parse(&t->pointer, data, len, err);
	if (rc == MV_ENOENT)
		return 0;
	if (rc)
		mv_err_prefix(err, "'%s'", t->path);
	t->is_pointer = !rc;
	return rc;
}

static int read_pointers(struct plan *p, struct mv_repo *repo,
			 struct mv_err *err)
{
	const char **specs = calloc(p->count + 1, sizeof(*specs));
	int rc;

	if (!specs)
		return mv_nomem(err);
	for (size_t i = 0; i < p->count; i++)
		specs[i] = p->v[i].blob;
	rc = mv_git_read_many(repo->git, specs, p->count, MV_POINTER_MAX - 1,
			      take_pointer, p, err);
	free(specs);
	return rc;
}

static int make_plan(struct plan *p, struct mv_repo *repo, const char *spec,
		     struct mv_err *err)
{
	int rc = mv_subject_version(&p->release, repo, spec, err);

	if (!rc)
		rc = mv_subject_of_version(&p->subject, repo, &p->release,
					   err);
	if (!rc)
		rc = mv_git_walk_tree(repo->git, p->release.commit,
				      add_target, p, err);
	if (rc)
		return rc;
	if (p->count)
		qsort(p->v, p->count, sizeof(*p->v), checkout_by_path);
	/* Its manifest does not say all that it is: what lies elsewhere no
	   version can bring. */
	if (p->subject.beyond && !p->force)
		return mv_fail(err, MV_EDENIED, "not all of '%s' in '%s' is "
			       "below it: %s; --force writes it all the same",
			       p->subject.path, p->release.tag,
			       p->subject.beyond);
	p->pathspec = mv_strf(":(top,literal)%s", p->subject.path);
	return p->pathspec ? read_pointers(p, repo, err) : mv_nomem(err);
}

/* -- what would be lost --------------------------------------------------- */

static int changed(const struct target *t, const char *how,
		   struct mv_err *err)
{
	return mv_fail(err, MV_EEXISTS, "'%s' %s; --force overwrites it",
		       t->path, how);
}

/* Of the index, and of untracked files below a directory. */
static int see_entry(void *payload, const struct mv_git_entry *e,
		     struct mv_err *err)
{
	struct plan *p = payload;
	struct target *t = find_target(p, e->path);

	(void)err;
	if (!t) {
		p->left += e->stage <= 1;
	} else if (e->mode) {
		t->unmerged = e->stage != 0;
		snprintf(t->staged, sizeof(t->staged), "%s", e->blob);
	}
	return 0;
}

/* Did anybody commit what is staged? Then nothing is lost with it. */
static int check_staged(struct mv_repo *repo, const struct target *t,
			struct mv_err *err)
{
	char find[64 + 16], *spec;
	const char *args[] = { "log", "--all", "--max-count=1", "--format=%H",
			       find, "--", NULL, NULL };
	struct mv_buf out;
	int rc;

	if (!*t->staged || !strcmp(t->staged, t->blob))
		return 0;
	snprintf(find, sizeof(find), "--find-object=%s", t->staged);
	args[6] = spec = mv_strf(":(top,literal)%s", t->path);
	if (!spec)
		return mv_nomem(err);
	mv_buf_init(&out, 4096);
	rc = mv_git_run(repo->git, args, NULL, 0, &out, err);
	if (!rc && !out.len)
		rc = changed(t, "is staged and was never committed", err);
	mv_buf_release(&out);
	free(spec);
	return rc;
}

/* "XY path" of git status --porcelain. */
static int check_status(struct plan *p, struct mv_repo *repo,
			const char *line, struct mv_err *err)
{
	const struct target *t = strlen(line) > 3 ? find_target(p, line + 3) :
						    NULL;

	if (!t || *line == '?' || *line == '!')
		return 0;
	if (t->unmerged)
		return changed(t, "is unmerged", err);
	if (line[1] != ' ' && line[1] != 'D')
		return changed(t, "has changes that are not staged", err);
	if (line[0] != ' ' && line[0] != 'D')
		return check_staged(repo, t, err);
	return 0;
}

/* Is anything in this folder? What cannot be read counts as full. */
static int is_empty(int root, const char *path)
{
	int fd = openat(root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
				    O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	int found = 0;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	errno = 0;
	while (!found && (e = readdir(dir)))
		found = strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
	found |= errno != 0;
	closedir(dir);
	return !found;
}

/* A file or link where a folder has to be: git would take it away. */
static int check_parents(const struct target *t, int root, struct mv_err *err)
{
	char *path = strdup(t->path), *slash = path;
	struct stat st;
	int rc = path ? 0 : mv_nomem(err);

	while (!rc && (slash = strchr(slash, '/'))) {
		*slash = '\0';
		if (fstatat(root, path, &st, AT_SYMLINK_NOFOLLOW))
			break;
		if (!S_ISDIR(st.st_mode))
			rc = mv_fail(err, MV_EEXISTS, "'%s' is in the way of "
				     "'%s'; --force takes it away", path,
				     t->path);
		*slash++ = '/';
	}
	free(path);
	return rc;
}

/* What is in nobody's index is not taken away: neither at the path, nor below
   it, nor above. */
static int check_untracked(const struct plan *p, struct mv_repo *repo,
			   struct mv_err *err)
{
	struct stat st;
	int root, rc = mv_repo_root(&root, repo, err);

	for (size_t i = 0; !rc && i < p->count; i++) {
		const struct target *t = &p->v[i];

		rc = check_parents(t, root, err);
		if (rc || fstatat(root, t->path, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (S_ISDIR(st.st_mode) && !S_ISGITLINK(t->mode) &&
		    !is_empty(root, t->path))
			rc = changed(t, "is a folder here, with something in "
				     "it", err);
		else if (!S_ISDIR(st.st_mode) && !*t->staged && !t->unmerged)
			rc = changed(t, "lies there and is not tracked", err);
	}
	return rc;
}

static int check_changes(struct plan *p, struct mv_repo *repo,
			 struct mv_err *err)
{
	const char *const specs[] = { p->pathspec, NULL };
	const char *const args[] = {
		"status", "--porcelain=v1", "-z", "--no-renames",
		"--untracked-files=no", "--ignore-submodules=all", "--",
		p->pathspec, NULL
	};
	struct mv_buf out;
	int rc = mv_git_ls(repo->git, MV_GIT_LS_CACHED | MV_GIT_LS_OTHERS,
			   specs, see_entry, p, err);

	if (rc || p->force)
		return rc;
	mv_buf_init(&out, (size_t)256 << 20);
	rc = check_untracked(p, repo, err);
	if (!rc)
		rc = mv_git_run(repo->git, args, NULL, 0, &out, err);
	for (size_t i = 0; !rc && i < out.len; i += strlen(out.data + i) + 1)
		rc = check_status(p, repo, out.data + i, err);
	mv_buf_release(&out);
	return rc;
}

/* -- the content ---------------------------------------------------------- */

static int need_content(const struct plan *p, struct mv_repo *repo,
			struct mv_err *err)
{
	struct mv_pointer *v = calloc(p->count + 1, sizeof(*v));
	uint8_t *present = calloc(p->count + 1, 1);
	const char *first = NULL;
	size_t n = 0, missing = 0;
	int rc = v && present ? 0 : mv_nomem(err);

	for (size_t i = 0; !rc && i < p->count; i++)
		if (p->v[i].is_pointer)
			v[n++] = p->v[i].pointer;
	if (!rc)
		rc = mv_transfer_need(repo, v, n, present, err);
	n = 0;
	for (size_t i = 0; !rc && i < p->count; i++) {
		if (!p->v[i].is_pointer || present[n++])
			continue;
		missing++;
		first = first ? first : p->v[i].path;
	}
	if (missing)
		rc = mv_fail(err, MV_ENOENT, "the content of '%s' in '%s'%s is "
			     "neither here nor at the remote", first,
			     p->release.tag, missing > 1 ? " (and more)" : "");
	free(present);
	free(v);
	return rc;
}

/* -- doing it ------------------------------------------------------------- */

/* What git, or the filter that it ran, left as pointers. */
static int materialize(const struct plan *p, struct mv_repo *repo,
		       struct mv_err *err)
{
	struct mv_materialize *m = calloc(p->count + 1, sizeof(*m));
	size_t n = 0;
	int rc;

	if (!m)
		return mv_nomem(err);
	for (size_t i = 0; i < p->count; i++) {
		if (!p->v[i].is_pointer)
			continue;
		m[n].path = p->v[i].path;
		m[n].blob = p->v[i].blob;
		m[n].pointer = p->v[i].pointer;
		m[n++].executable = p->v[i].mode == 0100755;
	}
	rc = mv_work_materialize(repo, m, n, NULL, err);
	free(m);
	return rc;
}

static int count_written(struct mv_checkout_stats *stats,
			 const struct plan *p, struct mv_repo *repo,
			 struct mv_err *err)
{
	struct stat st;
	int root, rc = mv_repo_root(&root, repo, err);

	for (size_t i = 0; !rc && i < p->count; i++) {
		const struct target *t = &p->v[i];

		if (t->is_other) {
			/* A plain file where core.symlinks is off. */
			if (!S_ISLNK(t->mode))
				continue;
			if (fstatat(root, t->path, &st, AT_SYMLINK_NOFOLLOW) ||
			    !(S_ISLNK(st.st_mode) || S_ISREG(st.st_mode)))
				stats->failed++;
			else
				stats->files++;
			continue;
		}
		if (fstatat(root, t->path, &st, AT_SYMLINK_NOFOLLOW) ||
		    !S_ISREG(st.st_mode) ||
		    (t->is_pointer && (uint64_t)st.st_size != t->pointer.size)) {
			stats->failed++;
			continue;
		}
		stats->files++;
		stats->bytes += (uint64_t)st.st_size;
	}
	return rc;
}

static int check_out(const struct plan *p, struct mv_repo *repo,
		     const struct mv_checkout_release *options,
		     struct mv_checkout_stats *stats, struct mv_err *err)
{
	const char *const args[] = { "checkout", "-q", p->release.commit, "--",
				     p->pathspec, NULL };
	int rc = mv_git_run(repo->git, args, NULL, 0, NULL, err);

	if (!rc)
		rc = materialize(p, repo, err);
	if (!rc)
		rc = count_written(stats, p, repo, err);
	if (!rc && options->tell)
		options->tell(options->payload, &p->release, &p->subject,
			      p->left);
	return rc;
}

/* One path cannot have two versions. */
static int check_twice(const struct plan *plans, size_t count,
		       struct mv_err *err)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < i; k++)
			if (mv_path_below(plans[i].subject.path,
					  plans[k].subject.path) ||
			    mv_path_below(plans[k].subject.path,
					  plans[i].subject.path))
				return mv_fail(err, MV_EINVALID, "'%s' and "
					       "'%s' are both about '%s'",
					       plans[k].release.tag,
					       plans[i].release.tag,
					       plans[i].subject.path);
	return 0;
}

int mv_release_checkout(struct mv_repo *repo, const char *const *specs,
			size_t count,
			const struct mv_checkout_release *options,
			struct mv_checkout_stats *stats,
			struct mv_err *err)
{
	struct mv_checkout_stats own = { 0 };
	struct plan *plans = calloc(count + 1, sizeof(*plans));
	int rc = plans ? 0 : mv_nomem(err);

	stats = stats ? stats : &own;
	memset(stats, 0, sizeof(*stats));
	for (size_t i = 0; !rc && i < count; i++) {
		plans[i].force = !!(options->flags & MV_CHECKOUT_FORCE);
		rc = make_plan(&plans[i], repo, specs[i], err);
	}
	if (!rc)
		rc = check_twice(plans, count, err);
	for (size_t i = 0; !rc && i < count; i++)
		rc = check_changes(&plans[i], repo, err);
	for (size_t i = 0; !rc && i < count; i++)
		rc = need_content(&plans[i], repo, err);
	for (size_t i = 0; !rc && i < count; i++)
		rc = check_out(&plans[i], repo, options, stats, err);
	if (!rc)
		mv_repo_cache_save(repo);
	for (size_t i = 0; plans && i < count; i++)
		plan_release(&plans[i]);
	free(plans);
	return rc;
}

/* -- a stage of everything ------------------------------------------------ */

/* Specs of those artifacts that hold it, in the order of the file. */
static int held_specs(char **specs, size_t *count, struct mv_repo *repo,
		      const struct mv_project *project, const char *stage,
		      struct mv_err *err)
{
	char words[MV_NEAREST_WORDS];
	const struct mv_event *e;
	struct mv_registry r;
	int rc = mv_registry_load(&r, repo->git, NULL, err);

	if (rc)
		return rc;
	for (size_t i = 0; !rc && i < project->artifact_count; i++) {
		const char *name = project->artifacts[i].name;

		rc = mv_registry_who(&e, &r, name, stage, err);
		if (rc || !e)
			continue;
		specs[*count] = mv_strf("%s#%s", name, stage);
		if (!specs[(*count)++])
			rc = mv_nomem(err);
	}
	if (!rc && !*count)
		rc = mv_fail(err, MV_ENOENT, "no artifact of .gitmodel/config "
			     "holds the stage '%s'%s", stage,
			     mv_registry_near_stage(words, &r, NULL, stage));
	mv_registry_release(&r);
	return rc;
}

int mv_release_checkout_stage(struct mv_repo *repo, const char *stage,
			      const struct mv_checkout_release *options,
			      struct mv_checkout_stats *stats, size_t *count,
			      struct mv_err *err)
{
	struct mv_project project;
	char **specs = NULL;
	int rc;

	*count = 0;
	if (!mv_stage_ok(stage))
		return mv_fail(err, MV_EINVALID, "'%s' cannot be the name of a "
			       "stage", stage);
	rc = mv_subject_project(&project, repo, NULL, err);
	if (rc)
		return rc;
	specs = calloc(project.artifact_count + 1, sizeof(*specs));
	rc = specs ? held_specs(specs, count, repo, &project, stage, err) :
		     mv_nomem(err);
	if (!rc)
		rc = mv_release_checkout(repo, (const char *const *)specs,
					      *count, options, stats, err);
	for (size_t i = 0; specs && i < project.artifact_count; i++)
		free(specs[i]);
	free(specs);
	mv_project_release(&project);
	return rc;
}
