/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libmv/base/grow.h"
#include "libmv/base/path.h"
#include "libmv/git/files.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"
#include "libmv/git/refs.h"
#include "libmv/meta/manifest.h"
#include "libmv/meta/project.h"
#include "libmv/repo/files.h"
#include "libmv/repo/state.h"
#include "libmv/subject/subject.h"

/*
 * Paths of the index and of commits as subjects: a file by its pointer, a
 * folder by the manifest of what git says is in it.
 */
#define MEMBER_READ ((size_t)1 << 20)	/* larger blobs are hashed one by one */

/* -- entries of the index or of a tree ------------------------------------ */

#define MODE_LINK 0120000
#define MODE_MODULE 0160000

struct entry {
	char *path;		/* from the top; in a commit's folder: from it */
	char blob[65];
	unsigned mode;
	int unmerged;
	int taken;		/* part of a directory that was named */
};
struct entries {
	struct entry *v;
	size_t count, alloc;
};

static int is_regular(const struct entry *e)
{
	return (e->mode & 0170000) == 0100000;
}

static void entries_release(struct entries *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->v[i].path);
	free(list->v);
}

/* Links and submodules, too: a folder is what stands in it. */
static int keep_entry(void *payload, const struct mv_git_entry *e,
		      struct mv_err *err)
{
	struct entries *list = payload;
	struct entry *entry;

	if (strlen(e->blob) > 64)
		return 0;
	if (MV_GROW(list->v, list->alloc, list->count + 1, err) < 0)
		return MV_ENOMEM;
	entry = &list->v[list->count];
	memset(entry, 0, sizeof(*entry));
	entry->path = strdup(e->path);
	if (!entry->path)
		return mv_nomem(err);
	memcpy(entry->blob, e->blob, strlen(e->blob) + 1);
	entry->mode = e->mode;
	entry->unmerged = e->stage != 0;
	list->count++;
	return 0;
}

static int list_index(struct entries *list, struct mv_repo *repo,
		      const char *path, struct mv_err *err)
{
	char *spec = mv_strf(*path ? ":(top,literal)%s" : ":/%s", path);
	const char *specs[] = { spec, NULL };
	int rc = spec ? mv_git_ls(repo->git, MV_GIT_LS_CACHED, specs,
				  keep_entry, list, err) : mv_nomem(err);

	free(spec);
	return rc;
}

/* -- one file ------------------------------------------------------------- */

static int not_ours(const char *path, struct mv_err *err)
{
	return mv_fail(err, MV_EINVALID, "'%s' is not a file of git-model: git "
		       "holds the bytes themselves; `git model add` stores it",
		       path);
}

static int is_odd(const char *path, unsigned mode, struct mv_err *err)
{
	return mv_fail(err, MV_EINVALID, "'%s' is a %s, not a file of "
		       "git-model", path, mode == MODE_LINK ? "symbolic link" :
		       mode == MODE_MODULE ? "submodule" : "folder");
}

static int parse_pointer(struct mv_pointer *out, const char *path,
			 const void *data, size_t len, struct mv_err *err)
{
	int rc;

	if (!len) {
		mv_pointer_of_empty(out, MV_DIALECT_NATIVE);
		return 0;
	}
	rc = mv_pointer_parse(out, data, len, err);
	if (rc == MV_ENOENT)
		return not_ours(path, err);
	if (rc)
		mv_err_prefix(err, "'%s'", path);
	return rc;
}

static int tree_read_file(struct mv_subject *out, struct mv_repo *repo,
			  const char *spec, const char *path, struct mv_err *err)
{
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, MV_POINTER_MAX - 1);
	rc = mv_git_read_blob(repo->git, spec, &text, out->blob, err);
	if (rc == MV_ENOMEM)
		rc = not_ours(path, err);
	else if (!rc)
		rc = parse_pointer(&out->pointer, path, text.data, text.len,
				   err);
	mv_buf_release(&text);
	return rc;
}

/* -- a directory ---------------------------------------------------------- */

struct folding {
	struct mv_manifest *out;
	const struct entry **entry;
	const char *folder;		/* the entries' paths begin with it */
	struct mv_hasher *hasher;
	size_t *large;			/* too large to be read with the others */
	size_t large_count;
	char *beyond;			/* see mv_subject */
};

static const char *path_in(const struct folding *f, const struct entry *e)
{
	return f->folder ? mv_path_below(e->path, f->folder) : e->path;
}

/* The first one is enough to say that not everything is known. */
static int goes_beyond(struct folding *f, const struct entry *e,
		       const char *what, struct mv_err *err)
{
	if (!f->beyond)
		f->beyond = mv_strf("'%s' in it is a %s", path_in(f, e), what);
	return f->beyond ? 0 : mv_nomem(err);
}

/* A link by the text of its target, whatever that looks like. */
static int add_link(struct folding *f, const struct entry *e,
		    const void *data, size_t len, struct mv_err *err)
{
	const char *path = path_in(f, e);
	char *target = strndup(data, len);
	struct mv_oid oid;
	int rc = target ? 0 : mv_nomem(err);

	if (!rc && (strlen(target) != len ||
		    !mv_manifest_link_stays(path, target)))
		rc = goes_beyond(f, e, "link that leads out of it", err);
	if (!rc)
		rc = mv_hasher_once(oid.b, f->hasher, data, len, err);
	free(target);
	return rc ? rc : mv_manifest_add_kind(f->out, MV_MEMBER_LINK, path,
					      &oid, len, err);
}

/* Whatever it is, git knows of it only this name. */
static int add_module(struct folding *f, const struct entry *e,
		      struct mv_err *err)
{
	const size_t len = strlen(e->blob);
	struct mv_oid oid;
	int rc = goes_beyond(f, e, "submodule", err);

	if (!rc)
		rc = mv_hasher_once(oid.b, f->hasher, e->blob, len, err);
	return rc ? rc : mv_manifest_add_kind(f->out, MV_MEMBER_MODULE,
					      path_in(f, e), &oid, len, err);
}

static int add_member(struct folding *f, const struct entry *e,
		      const void *data, size_t len, struct mv_err *err)
{
	const char *path = path_in(f, e);
	struct mv_pointer p = { .size = len };
	int rc = MV_ENOENT, in_git = 0;

	if (!is_regular(e))
		return add_link(f, e, data, len, err);
	if (len && len < MV_POINTER_MAX)
		rc = mv_pointer_parse(&p, data, len, err);
	if (rc == MV_ENOENT) {
		in_git = 1;
		p.size = len;
		rc = mv_hasher_once(p.oid.b, f->hasher, data, len, err);
	} else if (rc) {
		mv_err_prefix(err, "'%s'", e->path);
	}
	if (!rc)
		rc = mv_manifest_add(f->out, path, &p.oid, p.size, err);
	if (!rc)
		f->out->v[f->out->count - 1].in_git = in_git;
	return rc;
}

static int fold_small(void *payload, size_t i, const char *hex,
		      const void *data, size_t len, struct mv_err *err)
{
	struct folding *f = payload;

	(void)hex;
	if (f->entry[i]->mode == MODE_MODULE)
		return add_module(f, f->entry[i], err);
	if (data)
		return add_member(f, f->entry[i], data, len, err);
	f->large[f->large_count++] = i;
	return 0;
}

struct stream {
	struct mv_hasher *hasher;
	uint64_t size;
};

static int hash_piece(void *payload, const void *data, size_t len,
		      struct mv_err *err)
{
	struct stream *s = payload;

	s->size += len;
	return mv_hasher_update(s->hasher, data, len, err);
}

/* Never a pointer, and never whole in memory. */
static int add_large(struct folding *f, struct mv_repo *repo,
		     const struct entry *e, struct mv_err *err)
{
	const char *args[] = { "cat-file", "blob", e->blob, NULL };
	struct stream s = { f->hasher, 0 };
	struct mv_oid oid;
	int rc = mv_hasher_reset(f->hasher, err);

	if (!is_regular(e))
		return mv_fail(err, MV_ECORRUPT, "the link '%s' has a target "
			       "that is too long", e->path);
	if (!rc)
		rc = mv_git_stream(repo->git, args, hash_piece, &s, err);
	if (!rc)
		rc = mv_hasher_final(oid.b, f->hasher, err);
	if (!rc)
		rc = mv_manifest_add(f->out, path_in(f, e), &oid, s.size, err);
	else
		mv_err_prefix(err, "'%s'", e->path);
	if (!rc)
		f->out->v[f->out->count - 1].in_git = 1;
	return rc;
}

static int fold_large(struct folding *f, struct mv_repo *repo,
		      struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < f->large_count; i++)
		rc = add_large(f, repo, f->entry[f->large[i]], err);
	return rc;
}

/* Ours by their pointers, the others by what git holds. */
static int tree_fold(struct mv_subject *out, struct mv_repo *repo,
		     const struct entry **entry, size_t count, const char *folder,
		     struct mv_err *err)
{
	struct folding f = { .out = &out->members, .entry = entry,
			     .folder = folder };
	const char **specs = calloc(count + 1, sizeof(*specs));
	int rc = 0;

	f.large = calloc(count + 1, sizeof(*f.large));
	if (!specs || !f.large)
		rc = mv_nomem(err);
	for (size_t i = 0; !rc && i < count; i++) {
		/* Of a submodule this repository has nothing to read. */
		specs[i] = entry[i]->mode == MODE_MODULE ? "-" :
			   entry[i]->blob;
		if (entry[i]->unmerged)
			rc = mv_fail(err, MV_EINVALID, "'%s' is unmerged",
				     entry[i]->path);
	}
	if (!rc)
		rc = mv_hasher_new(&f.hasher, MV_HASH_SHA256, err);
	if (!rc)
		rc = mv_git_read_many(repo->git, specs, count, MEMBER_READ,
				      fold_small, &f, err);
	if (!rc)
		rc = fold_large(&f, repo, err);
	mv_hasher_free(f.hasher);
	free(f.large);
	free(specs);
	out->beyond = f.beyond;
	return rc;
}

int mv_subject_manifest_pointer(struct mv_pointer *out, struct mv_buf *text,
				struct mv_manifest *members, struct mv_err *err)
{
	int rc = mv_manifest_print(text, members, err);

	memset(out, 0, sizeof(*out));
	out->dialect = MV_DIALECT_NATIVE;
	out->canonical = 1;
	out->size = text->len;
	return rc ? rc : mv_sha256(&out->oid, text->data, text->len, err);
}

int mv_subject_is_pointer_to(struct mv_repo *repo, const char *object,
			     const struct mv_oid *content, uint64_t size)
{
	struct mv_pointer p = { .oid = *content, .size = size };
	char hex[65];

	for (int i = 0; i < 2; i++) {
		p.dialect = i ? MV_DIALECT_LFS : MV_DIALECT_NATIVE;
		if (!mv_repo_pointer_blob(hex, repo, &p, 0, NULL) &&
		    !strcmp(hex, object))
			return 1;
	}
	return 0;
}

/* `folder` as for struct folding. */
static int fill_directory(struct mv_subject *out, struct mv_repo *repo,
			  const struct entry **entry, size_t count,
			  const char *folder, struct mv_err *err)
{
	struct mv_buf text;
	int rc = tree_fold(out, repo, entry, count, folder, err);

	mv_buf_init(&text, MV_MANIFEST_BYTES);
	out->is_directory = 1;
	if (!rc)
		rc = mv_subject_manifest_pointer(&out->pointer, &text,
						 &out->members, err);
	if (!rc)
		rc = mv_repo_pointer_blob(out->blob, repo, &out->pointer, 0,
					  err);
	mv_buf_release(&text);
	return rc;
}

static int fill_from(struct mv_subject *out, struct mv_repo *repo,
		     const struct entries *list, const char *folder,
		     struct mv_err *err)
{
	const struct entry **entry = calloc(list->count + 1, sizeof(*entry));
	int rc;

	if (!entry)
		return mv_nomem(err);
	for (size_t i = 0; i < list->count; i++)
		entry[i] = &list->v[i];
	rc = fill_directory(out, repo, entry, list->count, folder, err);
	free(entry);
	return rc;
}

/* -- a path, in the index or a commit ------------------------------------- */

/*
 * What nearly always is asked for: one file, of the git that is running
 * anyway. Its answer has no mode, so that only what is a plain file in the
 * work tree is believed to be one; the list says of all others what they are,
 * and of what is unmerged, not there, or no pointer. Nothing that is decided
 * reads the index.
 */
static int staged_file(struct mv_subject *out, struct mv_repo *repo,
		       const char *path)
{
	char *spec = NULL;
	struct stat st;
	int root, rc = MV_ENOENT;

	if (*path && !mv_repo_root(&root, repo, NULL) &&
	    !fstatat(root, path, &st, AT_SYMLINK_NOFOLLOW) &&
	    S_ISREG(st.st_mode) && (spec = mv_strf(":0:%s", path)))
		rc = tree_read_file(out, repo, spec, path, NULL);
	free(spec);
	return rc;
}

static int in_index(struct mv_subject *out, struct mv_repo *repo,
		    const char *path, struct mv_err *err)
{
	struct entries list = { NULL, 0, 0 };
	int rc;

	if (!staged_file(out, repo, path))
		return 0;
	rc = list_index(&list, repo, path, err);
	if (rc)
		goto out;
	if (!list.count)
		rc = mv_fail(err, MV_ENOENT, "'%s' is not in the index; `git "
			     "model add` puts it there", *path ? path : ".");
	else if (strcmp(list.v[0].path, path))
		rc = fill_from(out, repo, &list, path, err);
	else if (list.v[0].unmerged)
		rc = mv_fail(err, MV_EINVALID, "'%s' is unmerged", path);
	else if (!is_regular(&list.v[0]))
		rc = is_odd(path, list.v[0].mode, err);
	else
		rc = tree_read_file(out, repo, list.v[0].blob, path, err);
out:
	entries_release(&list);
	return rc;
}

/* A link's target is a blob, too, and can be the text of a pointer. */
static int committed_file(struct mv_subject *out, struct mv_repo *repo,
			  const char *commit, const char *path,
			  const char *spec, struct mv_err *err)
{
	unsigned mode = 0;
	int rc = tree_read_file(out, repo, spec, path, err);

	if (!rc)
		rc = mv_git_mode_at(&mode, repo->git, commit, path, err);
	if (!rc && (mode & 0170000) != 0100000)
		rc = is_odd(path, mode, err);
	return rc;
}

static int is_committed_folder(struct mv_repo *repo, const char *commit,
			       const char *path)
{
	unsigned mode = 0;

	return !*path || (!mv_git_mode_at(&mode, repo->git, commit, path,
					  NULL) && mode == 0040000);
}

static int in_commit(struct mv_subject *out, struct mv_repo *repo,
		     const char *commit, const char *path, struct mv_err *err)
{
	struct entries list = { NULL, 0, 0 };
	char *spec = mv_strf(*path ? "%s:%s" : "%s", commit, path);
	struct mv_err why;
	int rc;

	if (!spec)
		return mv_nomem(err);
	rc = *path ? committed_file(out, repo, commit, path, spec, &why) :
		     MV_EINVALID;
	if (rc == MV_ENOENT)
		rc = mv_fail(&why, MV_ENOENT, "there is no '%s' in %.12s",
			     path, commit);
	/* A folder is no blob, and what is no pointer no folder. */
	if (rc == MV_EINVALID && is_committed_folder(repo, commit, path)) {
		rc = mv_git_walk_tree(repo->git, spec, keep_entry, &list,
				      &why);
		if (!rc && !list.count)
			rc = mv_fail(&why, MV_EINVALID, "there are no files "
				     "in '%s'", spec);
		if (!rc)
			rc = fill_from(out, repo, &list, NULL, &why);
	}
	if (rc)
		rc = mv_fail(err, rc, "%s", why.msg);
	entries_release(&list);
	free(spec);
	return rc;
}

/* Only what is named itself: a member of a dataset is not the dataset. */
static int name_artifact(struct mv_subject *s, struct mv_repo *repo,
			 struct mv_err *err)
{
	const struct mv_project *project;
	const struct mv_artifact *a;
	int rc = mv_subject_project_at(&project, repo, s->commit, err);

	if (rc)
		return rc;
	a = mv_project_by_path(project, s->path);
	return a && !strcmp(a->path, s->path) ?
	       mv_set_str(&s->artifact, a->name, err) : 0;
}

int mv_subject_find_at(struct mv_subject *out, struct mv_repo *repo,
		       const char *commit, const char *path,
		       struct mv_err *err)
{
	char head[65];
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if (!commit && !repo->info->work_tree) {
		rc = mv_git_commit(head, repo->git, "HEAD", err);
		commit = head;
	}
	if (!rc)
		rc = commit ? in_commit(out, repo, commit, path, err) :
			      in_index(out, repo, path, err);
	if (!rc)
		rc = mv_set_str(&out->spec, *path ? path : ".", err);
	if (!rc)
		rc = mv_set_str(&out->path, path, err);
	if (!rc)
		rc = mv_set_str(&out->commit, commit, err);
	if (!rc)
		rc = name_artifact(out, repo, err);
	if (rc)
		mv_subject_release(out);
	return rc;
}

/* What is in the commit as its bytes, no pointer: by their SHA-256, as whoever
   records measures a file. */
static int plain_at(struct mv_oid *out, struct mv_repo *repo,
		    const char *commit, const char *path, struct mv_err *err)
{
	char *spec = mv_strf("%s:%s", commit, path);
	const char *const args[] = { "cat-file", "blob", spec, NULL };
	struct stream s = { NULL, 0 };
	struct mv_pointer pointer;
	struct mv_buf head;
	unsigned mode = 0;
	int rc = spec ? mv_git_mode_at(&mode, repo->git, commit, path, err) :
			mv_nomem(err);

	mv_buf_init(&head, MV_POINTER_MAX - 1);
	if (!rc && (mode & 0170000) != 0100000)
		rc = is_odd(path, mode, err);
	/* A large one is none; a pointer that is damaged is no data. */
	if (!rc && !mv_git_read_blob(repo->git, spec, &head, NULL, NULL) &&
	    mv_pointer_parse(&pointer, head.data, head.len, NULL) != MV_ENOENT)
		rc = mv_fail(err, MV_EINVALID, "'%s' in %.12s is a damaged "
			     "pointer", path, commit);
	if (!rc)
		rc = mv_hasher_new(&s.hasher, MV_HASH_SHA256, err);
	if (!rc)
		rc = mv_git_stream(repo->git, args, hash_piece, &s, err);
	if (!rc)
		rc = mv_hasher_final(out->b, s.hasher, err);
	mv_hasher_free(s.hasher);
	mv_buf_release(&head);
	free(spec);
	return rc;
}

int mv_subject_data_at(struct mv_oid *out, struct mv_repo *repo,
		       const char *commit, const char *path, struct mv_err *err)
{
	struct mv_subject s;
	int rc = mv_subject_find_at(&s, repo, commit, path, err);

	if (rc == MV_EINVALID)
		return plain_at(out, repo, commit, path, err);
	if (rc)
		return rc;
	if (s.beyond)
		rc = mv_fail(err, MV_EINVALID, "what '%s' is in %.12s is not "
			     "known: %s", path, commit, s.beyond);
	*out = s.pointer.oid;
	mv_subject_release(&s);
	return rc;
}

/* -- everything that pathspecs match -------------------------------------- */

struct gathering {
	struct mv_repo *repo;
	struct entries list;
	struct mv_subject *v;
	size_t count, alloc;
	const struct entry **file;	/* that are looked at one by one */
	size_t files;
};

static struct mv_subject *next_subject(struct gathering *g)
{
	if (MV_GROW(g->v, g->alloc, g->count + 1, NULL) < 0)
		return NULL;
	memset(&g->v[g->count], 0, sizeof(g->v[0]));
	return &g->v[g->count++];
}

static int gather_folder(struct gathering *g, const char *path,
			 struct mv_err *err)
{
	const struct entry **entry;
	struct mv_subject *s;
	size_t n = 0;
	int rc = 0;

	for (size_t i = 0; i < g->count; i++)
		if (!strcmp(g->v[i].path, path))
			return 0;
	entry = calloc(g->list.count + 1, sizeof(*entry));
	if (!entry)
		return mv_nomem(err);
	for (size_t i = 0; i < g->list.count; i++) {
		const char *rest = mv_path_below(g->list.v[i].path, path);

		if (rest && *rest) {
			g->list.v[i].taken = 1;
			entry[n++] = &g->list.v[i];
		}
	}
	if (n && !*path)
		rc = mv_fail(err, MV_EINVALID, "this is the whole work tree: "
			     "name the file or folder that it is about");
	if (n && !rc) {
		s = next_subject(g);
		rc = s ? fill_directory(s, g->repo, entry, n, path, err) :
			 mv_nomem(err);
		if (!rc)
			rc = mv_set_str(&s->path, path, err);
	}
	free(entry);
	return rc;
}

static int gather_file(void *payload, size_t i, const char *hex,
		       const void *data, size_t len, struct mv_err *err)
{
	struct gathering *g = payload;
	struct mv_pointer p;
	struct mv_subject *s;

	(void)hex;
	if (!data || (len && mv_pointer_parse(&p, data, len, NULL)))
		return 0;
	if (!len)
		mv_pointer_of_empty(&p, MV_DIALECT_NATIVE);
	s = next_subject(g);
	if (!s)
		return mv_nomem(err);
	s->pointer = p;
	memcpy(s->blob, g->file[i]->blob, strlen(g->file[i]->blob) + 1);
	return mv_set_str(&s->path, g->file[i]->path, err);
}

/* Named itself, beside its folder. */
static void release_file(struct gathering *g, const char *path)
{
	for (size_t i = 0; i < g->list.count; i++)
		if (!strcmp(g->list.v[i].path, path))
			g->list.v[i].taken = 0;
}

/* Those of no named folder, and those named beside their folder. */
static int gather_files(struct gathering *g, struct mv_err *err)
{
	const char **specs = calloc(g->list.count + 1, sizeof(*specs));
	int rc = 0;

	g->file = calloc(g->list.count + 1, sizeof(*g->file));
	if (!specs || !g->file)
		rc = mv_nomem(err);
	for (size_t i = 0; !rc && i < g->list.count; i++) {
		const struct entry *e = &g->list.v[i];

		if (e->taken || e->unmerged || !is_regular(e))
			continue;
		specs[g->files] = e->blob;
		g->file[g->files++] = e;
	}
	if (!rc)
		rc = mv_git_read_many(g->repo->git, specs, g->files,
				      MV_POINTER_MAX - 1, gather_file, g, err);
	free(g->file);
	free(specs);
	return rc;
}

static int name_all(struct gathering *g, struct mv_err *err)
{
	const struct mv_project *project;
	const struct mv_artifact *a;
	int rc = mv_subject_project_at(&project, g->repo, NULL, err);

	for (size_t i = 0; !rc && i < g->count; i++) {
		struct mv_subject *s = &g->v[i];

		a = mv_project_by_path(project, s->path);
		if (a && !strcmp(a->path, s->path))
			rc = mv_set_str(&s->artifact, a->name, err);
		if (!rc)
			rc = mv_set_str(&s->spec, s->path, err);
	}
	return rc;
}

int mv_subject_list(struct mv_subject **out, size_t *count,
		    struct mv_repo *repo, const char *const *pathspecs,
		    int typed, struct mv_err *err)
{
	struct gathering g = { .repo = repo };
	int rc;

	*out = NULL;
	*count = 0;
	rc = mv_git_ls(repo->git, MV_GIT_LS_CACHED |
		       (typed ? MV_GIT_LS_TYPED : 0), pathspecs, keep_entry,
		       &g.list, err);
	for (size_t i = 0; !rc && pathspecs[i]; i++) {
		char *path = mv_repo_from_top(repo, pathspecs[i]);

		if (path)
			rc = gather_folder(&g, path, err);
		free(path);
	}
	for (size_t i = 0; !rc && pathspecs[i]; i++) {
		char *path = mv_repo_from_top(repo, pathspecs[i]);

		if (path)
			release_file(&g, path);
		free(path);
	}
	if (!rc)
		rc = gather_files(&g, err);
	if (!rc)
		rc = name_all(&g, err);
	entries_release(&g.list);
	if (rc) {
		mv_subject_list_release(g.v, g.count);
		return rc;
	}
	*out = g.v;
	*count = g.count;
	return 0;
}
