/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "libmv/repo-evidence.h"
#include "libmv/repo-internal.h"

/*
 * What a person names, and what that is in git: a pointer blob, on which
 * notes hang. Of a directory it is the pointer of its manifest, which no tree
 * holds; whoever records on it writes that blob.
 */
#define CONFIG_PATH ".gitmodel/config"
#define CONFIG_MAX ((size_t)1 << 20)
#define MEMBER_READ ((size_t)1 << 20)	/* larger blobs are hashed one by one */
#define BLOB_MAX ((size_t)4 << 30)
#define ABBREV_MIN 7
#define SPLITS_MAX 8			/* "@" that are tried as separators */

void mv_subject_release(struct mv_subject *s)
{
	free(s->spec);
	free(s->artifact);
	free(s->path);
	free(s->commit);
	free(s->version);
	free(s->stage);
	mv_manifest_release(&s->members);
	memset(s, 0, sizeof(*s));
}

void mv_subjects_release(struct mv_subject *subjects, size_t count)
{
	for (size_t i = 0; i < count; i++)
		mv_subject_release(&subjects[i]);
	free(subjects);
}

static int set_str(char **to, const char *s, struct mv_err *err)
{
	char *copy = NULL;

	if (s && !(copy = strdup(s)))
		return mv_nomem(err);
	free(*to);
	*to = copy;
	return 0;
}

/* -- .gitmodel/config ---------------------------------------------------------- */

int mv_repo_project(struct mv_project *out, struct mv_repo *repo,
		    const char *commit, struct mv_err *err)
{
	char *spec = NULL;
	struct mv_buf text;
	int rc;

	memset(out, 0, sizeof(*out));
	mv_buf_init(&text, CONFIG_MAX + 2);
	if (!commit && repo->info->work_tree) {
		rc = mv_repo_team_file(&text, repo, err);
	} else {
		spec = mv_strf("%s:" CONFIG_PATH, commit ? commit : "HEAD");
		rc = spec ? mv_git_read_blob(repo->git, spec, &text, NULL, err)
			  : mv_nomem(err);
	}
	if (!rc)
		rc = mv_project_parse(out, spec ? spec : CONFIG_PATH,
				      text.data, text.len, err);
	else if (rc == MV_ENOENT)
		rc = 0;
	mv_buf_release(&text);
	free(spec);
	return rc;
}

/* That of the commit that was asked for last: many paths are looked up in
   one. The work tree's can change. */
struct mv_repo_projects {
	char *commit;
	struct mv_project project;
};

void mv_repo_projects_release(struct mv_repo *repo)
{
	if (!repo->projects)
		return;
	mv_project_release(&repo->projects->project);
	free(repo->projects->commit);
	free(repo->projects);
	repo->projects = NULL;
}

/* Borrowed until the next call. An old commit's file that cannot be read must
   not keep anybody from looking at the rest of it. */
static int project_of(const struct mv_project **out, struct mv_repo *repo,
		      const char *commit, struct mv_err *err)
{
	struct mv_repo_projects *p = repo->projects;
	struct mv_err why;
	int rc;

	if (p && commit && p->commit && !strcmp(p->commit, commit)) {
		*out = &p->project;
		return 0;
	}
	mv_repo_projects_release(repo);
	p = calloc(1, sizeof(*p));
	if (!p || (commit && !(p->commit = strdup(commit)))) {
		free(p);
		return mv_nomem(err);
	}
	repo->projects = p;
	rc = mv_repo_project(&p->project, repo, commit, &why);
	if (rc == MV_EINVALID && commit) {
		mv_repo_warn(repo, "%s", why.msg);
		rc = 0;
	}
	*out = &p->project;
	return rc ? mv_fail(err, rc, "%s", why.msg) : 0;
}

/* -- entries of the index or of a tree --------------------------------------------- */

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

static void entries_release(struct entries *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->v[i].path);
	free(list->v);
}

/* Regular files; links and submodules hold no data of their own. */
static int keep_entry(void *payload, const struct mv_git_entry *e,
		      struct mv_err *err)
{
	struct entries *list = payload;
	struct entry *entry;

	if ((e->mode & 0170000) != 0100000 || strlen(e->blob) > 64)
		return 0;
	if (list->count == list->alloc) {
		list->alloc = 2 * list->alloc + 16;
		entry = realloc(list->v, list->alloc * sizeof(*entry));
		if (!entry)
			return mv_nomem(err);
		list->v = entry;
	}
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

/* Does the path lie below the folder ("": the top)? Where it goes on. */
static const char *below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	if (!len)
		return path;
	return !strncmp(path, folder, len) && path[len] == '/' ?
	       path + len + 1 : NULL;
}

/* -- one file ------------------------------------------------------------------------ */

static int not_ours(const char *path, struct mv_err *err)
{
	return mv_fail(err, MV_EINVALID, "'%s' is not a file of git-model: git "
		       "holds the bytes themselves; `git model add` stores it",
		       path);
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

static int read_file(struct mv_subject *out, struct mv_repo *repo,
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

/* -- a directory ----------------------------------------------------------------------- */

struct folding {
	struct mv_manifest *out;
	const struct entry **entry;
	const char *folder;		/* the entries' paths begin with it */
	struct mv_hasher *hasher;
	size_t *large;			/* too large to be read with the others */
	size_t large_count;
};

static int add_member(struct folding *f, const struct entry *e,
		      const void *data, size_t len, struct mv_err *err)
{
	const char *path = f->folder ? below(e->path, f->folder) : e->path;
	struct mv_pointer p = { .size = len };
	int rc = MV_ENOENT;

	if (len && len < MV_POINTER_MAX)
		rc = mv_pointer_parse(&p, data, len, err);
	if (rc == MV_ENOENT) {
		p.size = len;
		rc = mv_hasher_once(p.oid.b, f->hasher, data, len, err);
	} else if (rc) {
		mv_err_prefix(err, "'%s'", e->path);
	}
	return rc ? rc : mv_manifest_add(f->out, path, &p.oid, p.size, err);
}

static int fold_small(void *payload, size_t i, const char *hex,
		      const void *data, size_t len, struct mv_err *err)
{
	struct folding *f = payload;

	(void)hex;
	if (data)
		return add_member(f, f->entry[i], data, len, err);
	f->large[f->large_count++] = i;
	return 0;
}

static int fold_large(struct folding *f, struct mv_repo *repo,
		      struct mv_err *err)
{
	struct mv_buf data;
	int rc = 0;

	for (size_t i = 0; !rc && i < f->large_count; i++) {
		const struct entry *e = f->entry[f->large[i]];

		mv_buf_init(&data, BLOB_MAX);
		rc = mv_git_read_blob(repo->git, e->blob, &data, NULL, err);
		if (!rc)
			rc = add_member(f, e, data.data, data.len, err);
		else
			mv_err_prefix(err, "'%s'", e->path);
		mv_buf_release(&data);
	}
	return rc;
}

/* Ours by their pointers, the others by what git holds. */
static int fold(struct mv_manifest *out, struct mv_repo *repo,
		const struct entry **entry, size_t count, const char *folder,
		struct mv_err *err)
{
	struct folding f = { .out = out, .entry = entry, .folder = folder };
	const char **specs = calloc(count + 1, sizeof(*specs));
	int rc = 0;

	f.large = calloc(count + 1, sizeof(*f.large));
	if (!specs || !f.large)
		rc = mv_nomem(err);
	for (size_t i = 0; !rc && i < count; i++) {
		specs[i] = entry[i]->blob;
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
	return rc;
}

int mv_repo_manifest_pointer(struct mv_pointer *out, struct mv_buf *text,
			     struct mv_manifest *members, struct mv_err *err)
{
	struct mv_hasher *hasher = NULL;
	int rc = mv_manifest_print(text, members, err);

	memset(out, 0, sizeof(*out));
	out->dialect = MV_DIALECT_NATIVE;
	out->canonical = 1;
	out->size = text->len;
	if (!rc)
		rc = mv_hasher_new(&hasher, MV_HASH_SHA256, err);
	if (!rc)
		rc = mv_hasher_once(out->oid.b, hasher, text->data, text->len,
				    err);
	mv_hasher_free(hasher);
	return rc;
}

int mv_repo_pointer_blob(char *hex, struct mv_repo *repo,
			 const struct mv_pointer *pointer, int write,
			 struct mv_err *err)
{
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, MV_POINTER_MAX);
	rc = mv_pointer_print(&text, pointer, err);
	if (!rc)
		rc = write ? mv_git_write_blob(hex, repo->git, text.data,
					       text.len, err) :
			     mv_git_blob_name(repo->git, hex, text.data,
					      text.len, err);
	mv_buf_release(&text);
	return rc;
}

/* `folder` as for struct folding. */
static int fill_directory(struct mv_subject *out, struct mv_repo *repo,
			  const struct entry **entry, size_t count,
			  const char *folder, struct mv_err *err)
{
	struct mv_buf text;
	int rc = fold(&out->members, repo, entry, count, folder, err);

	mv_buf_init(&text, MV_MANIFEST_BYTES);
	out->is_directory = 1;
	if (!rc)
		rc = mv_repo_manifest_pointer(&out->pointer, &text,
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

/* -- a path, in the index or a commit ------------------------------------------------------ */

static int in_index(struct mv_subject *out, struct mv_repo *repo,
		    const char *path, struct mv_err *err)
{
	struct entries list = { NULL, 0, 0 };
	int rc = list_index(&list, repo, path, err);

	if (rc)
		goto out;
	if (!list.count)
		rc = mv_fail(err, MV_ENOENT, "'%s' is not in the index; `git "
			     "model add` puts it there", *path ? path : ".");
	else if (strcmp(list.v[0].path, path))
		rc = fill_from(out, repo, &list, path, err);
	else if (list.v[0].unmerged)
		rc = mv_fail(err, MV_EINVALID, "'%s' is unmerged", path);
	else
		rc = read_file(out, repo, list.v[0].blob, path, err);
out:
	entries_release(&list);
	return rc;
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
	rc = *path ? read_file(out, repo, spec, path, &why) : MV_EINVALID;
	/* A folder is no blob, and what is no pointer no folder. */
	if (rc == MV_EINVALID &&
	    !mv_git_walk_tree(repo->git, spec, keep_entry, &list, NULL))
		rc = list.count ? fill_from(out, repo, &list, NULL, &why) :
		     mv_fail(&why, MV_EINVALID, "there are no files in '%s'",
			     spec);
	if (rc == MV_ENOENT)
		rc = mv_fail(&why, MV_ENOENT, "there is no '%s' in %.12s",
			     path, commit);
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
	int rc = project_of(&project, repo, s->commit, err);

	if (rc)
		return rc;
	a = mv_project_by_path(project, s->path);
	return a && !strcmp(a->path, s->path) ?
	       set_str(&s->artifact, a->name, err) : 0;
}

int mv_repo_subject_at(struct mv_subject *out, struct mv_repo *repo,
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
		rc = set_str(&out->spec, *path ? path : ".", err);
	if (!rc)
		rc = set_str(&out->path, path, err);
	if (!rc)
		rc = set_str(&out->commit, commit, err);
	if (!rc)
		rc = name_artifact(out, repo, err);
	if (rc)
		mv_subject_release(out);
	return rc;
}

/* -- names, versions and stages --------------------------------------------------------------- */

/* What else the registry knows of this artifact at this commit. */
static int add_titles(struct mv_subject *s, const struct mv_registry *r,
		      struct mv_err *err)
{
	const struct mv_event *v = mv_registry_version_at(r, s->artifact,
							  s->commit);
	int rc = 0;

	if (!s->version && v)
		rc = set_str(&s->version, v->tag.version, err);
	for (size_t i = 0; !rc && !s->stage && i < r->count; i++) {
		const struct mv_event *e = &r->v[i];

		if (e->tag.kind == MV_EVENT_ASSIGN && e->tag.stage &&
		    !strcmp(e->commit, s->commit) &&
		    mv_registry_holder(r, s->artifact, e->tag.stage) == e)
			rc = set_str(&s->stage, e->tag.stage, err);
	}
	return rc;
}

static int find_titles(struct mv_subject *s, struct mv_repo *repo,
		       struct mv_err *err)
{
	struct mv_registry r = { 0 };
	int rc;

	if (!s->artifact || !s->commit)
		return 0;
	rc = mv_registry_load(&r, repo->git, s->artifact, err);
	if (!rc)
		rc = add_titles(s, &r, err);
	mv_registry_release(&r);
	return rc;
}

/* Where this artifact is at a commit: as its own .gitmodel/config says, else
   as the present one does. *path is yours; MV_ENOENT. */
static int path_of(char **path, struct mv_repo *repo, const char *name,
		   const char *commit, struct mv_err *err)
{
	const struct mv_project *project;
	const struct mv_artifact *a = NULL;
	int rc = 0;

	*path = NULL;
	if (commit) {
		rc = project_of(&project, repo, commit, err);
		a = rc ? NULL : mv_project_by_name(project, name);
	}
	if (!rc && !a) {
		rc = project_of(&project, repo, NULL, err);
		a = rc ? NULL : mv_project_by_name(project, name);
	}
	if (rc)
		return rc;
	if (!a)
		return mv_fail(err, MV_ENOENT, "no [artifact \"%s\"] in "
			       CONFIG_PATH " says where it is", name);
	return set_str(path, a->path, err);
}

static int named_at(struct mv_subject *out, struct mv_repo *repo,
		    const char *name, const char *commit, struct mv_err *err)
{
	char *path;
	int rc = path_of(&path, repo, name, commit, err);

	if (!rc)
		rc = mv_repo_subject_at(out, repo, commit, path, err);
	if (!rc)
		rc = set_str(&out->artifact, name, err);
	if (rc == MV_ENOENT && path)
		mv_err_prefix(err, "artifact '%s'", name);
	free(path);
	return rc;
}

/* NAME@version, NAME@latest, NAME#stage: `sep` is that character. */
static int by_title(struct mv_subject *out, struct mv_repo *repo,
		    const char *name, char sep, const char *title,
		    struct mv_err *err)
{
	struct mv_registry r = { 0 };
	const struct mv_event *e, *v;
	int rc = mv_registry_load(&r, repo->git, name, err);

	if (rc)
		goto out;
	if (sep == '#')
		e = mv_registry_holder(&r, name, title);
	else if (!strcmp(title, "latest"))
		e = mv_registry_greatest(&r, name);
	else
		e = mv_registry_version(&r, name, title);
	if (!e || !*e->commit) {
		rc = mv_fail(err, MV_ENOENT, sep == '#' ?
			     "nothing of '%s' holds the stage '%s'" :
			     "'%s' has no version '%s'", name, title);
		goto out;
	}
	rc = named_at(out, repo, name, e->commit, err);
	v = sep == '#' ? mv_registry_version_at(&r, name, e->commit) : e;
	if (!rc && v)
		rc = set_str(&out->version, v->tag.version, err);
	if (!rc && sep == '#')
		rc = set_str(&out->stage, title, err);
	if (!rc)
		rc = add_titles(out, &r, err);
out:
	mv_registry_release(&r);
	return rc;
}

/* NAME and what can follow it. A name has neither '@' nor '#'. */
static int by_name(struct mv_subject *out, struct mv_repo *repo,
		   const char *spec, struct mv_err *err)
{
	size_t len = strcspn(spec, "@#");
	const char *title = spec[len] ? spec + len + 1 : NULL;
	const struct mv_project *project;
	char *name = strndup(spec, len);
	int rc = MV_ENOENT;

	if (!name)
		return mv_nomem(err);
	if (!mv_artifact_name_ok(name))
		goto out;
	if (!title) {
		rc = project_of(&project, repo, NULL, err);
		if (!rc)
			rc = mv_project_by_name(project, name) ?
			     named_at(out, repo, name, NULL, err) : MV_ENOENT;
	} else if (spec[len] == '#' ? mv_stage_ok(title) :
		   mv_version_ok(title) || !strcmp(title, "latest")) {
		rc = by_title(out, repo, name, spec[len], title, err);
	}
out:
	free(name);
	return rc;
}

/* -- paths ------------------------------------------------------------------------------------- */

static int lies_there(struct mv_repo *repo, const char *path)
{
	struct stat st;
	int root;

	return repo->info->work_tree && !mv_repo_root(&root, repo, NULL) &&
	       !fstatat(root, *path ? path : ".", &st, AT_SYMLINK_NOFOLLOW);
}

static int by_path(struct mv_subject *out, struct mv_repo *repo,
		   const char *spec, struct mv_err *err)
{
	char *path = mv_repo_from_top(repo, spec);
	struct mv_err why;
	int rc;

	if (!path)
		return MV_ENOENT;
	rc = mv_repo_subject_at(out, repo, NULL, path, &why);
	/* Of what is nowhere, others may know more. */
	if (rc && (rc != MV_ENOENT || lies_there(repo, path)))
		rc = mv_fail(err, rc, "%s", why.msg);
	free(path);
	return rc;
}

/* What stands before "@REV": a name at that commit, else a path. */
static int at_rev(struct mv_subject *out, struct mv_repo *repo,
		  const char *what, const char *rev, struct mv_err *err)
{
	char hex[65], *path;
	int rc;

	if (!*what || !*rev || *rev == '-' ||
	    mv_git_commit(hex, repo->git, rev, NULL))
		return MV_ENOENT;
	rc = mv_artifact_name_ok(what) ?
	     named_at(out, repo, what, hex, err) : MV_ENOENT;
	if (rc != MV_ENOENT)
		return rc;
	path = mv_repo_from_top(repo, what);
	if (!path)
		return MV_ENOENT;
	rc = mv_repo_subject_at(out, repo, hex, path, err);
	free(path);
	return rc;
}

/* REV:PATH as git has it: from the top, or "./x" from here; ":PATH" is the
   index. */
static int rev_path(struct mv_subject *out, struct mv_repo *repo,
		    const char *rev, const char *typed, struct mv_err *err)
{
	char hex[65], *path;
	size_t len;
	int rc;

	if (*rev == '-' || (*rev && mv_git_commit(hex, repo->git, rev, NULL)))
		return MV_ENOENT;
	path = !strncmp(typed, "./", 2) || !strncmp(typed, "../", 3) ?
	       mv_repo_from_top(repo, typed) : strdup(typed);
	if (!path)
		return MV_ENOENT;
	len = strlen(path);
	if (len && path[len - 1] == '/')
		path[len - 1] = '\0';
	rc = mv_repo_subject_at(out, repo, *rev ? hex : NULL, path, err);
	free(path);
	return rc;
}

/* A path may contain '@', and so may a revision: the shortest revision that
   is one wins. None contains ':' but those that search ("HEAD^{/a:b}"). */
static int by_commit(struct mv_subject *out, struct mv_repo *repo,
		     const char *spec, struct mv_err *err)
{
	char *text = strdup(spec);
	size_t tried = 0;
	int rc = MV_ENOENT;

	if (!text)
		return mv_nomem(err);
	for (size_t i = strlen(text); i-- && rc == MV_ENOENT;) {
		if (text[i] != '@' || tried++ >= SPLITS_MAX)
			continue;
		text[i] = '\0';
		rc = at_rev(out, repo, text, text + i + 1, err);
		text[i] = '@';
	}
	if (rc == MV_ENOENT && strchr(text, ':')) {
		*strchr(text, ':') = '\0';
		rc = rev_path(out, repo, text, text + strlen(text) + 1, err);
	}
	if (!rc)
		rc = find_titles(out, repo, err);
	free(text);
	return rc;
}

/* -- content ids -------------------------------------------------------------------------------- */

struct search {
	char hex[MV_OID_HEX + 1];
	size_t len;
	struct mv_pointer pointer;
	char blob[65];
	size_t found;		/* different contents */
};

static int better(const struct mv_pointer *a, const struct mv_pointer *b)
{
	if (a->dialect != b->dialect)
		return a->dialect == MV_DIALECT_NATIVE;
	return a->canonical > b->canonical;
}

static int match_blob(void *payload, const char *blob, const char *path,
		      const void *data, size_t len, struct mv_err *err)
{
	struct search *s = payload;
	char hex[MV_OID_HEX + 1];
	struct mv_pointer p;

	(void)path;
	(void)err;
	if (mv_pointer_parse(&p, data, len, NULL) || strlen(blob) > 64 ||
	    strncmp(mv_oid_hex(hex, &p.oid), s->hex, s->len))
		return 0;
	if (s->found && !mv_oid_eq(&p.oid, &s->pointer.oid)) {
		s->found++;
	} else if (!s->found || better(&p, &s->pointer)) {
		s->found = 1;
		s->pointer = p;
		memcpy(s->blob, blob, strlen(blob) + 1);
	}
	return 0;
}

/* What is staged or checked out first; then whatever git has, reachable or
   not: the pointer of a manifest is in no tree. */
static int find_pointer(struct search *s, struct mv_repo *repo,
			struct mv_err *err)
{
	const char *args[] = { "--no-walk", "--indexed-objects", "HEAD",
			       NULL };
	char head[65];
	int rc;

	if (mv_git_commit(head, repo->git, "HEAD", NULL))
		args[2] = NULL;
	rc = mv_git_each_small_blob(repo->git, args, MV_POINTER_MAX - 1,
				    match_blob, s, err);
	if (!rc && !s->found)
		rc = mv_git_each_small_blob(repo->git, NULL,
					    MV_POINTER_MAX - 1, match_blob, s,
					    err);
	return rc;
}

/* A manifest that is here says what is in it. */
static int open_manifest(struct mv_subject *s, struct mv_repo *repo,
			 struct mv_err *err)
{
	char head[32];
	struct mv_writer out;
	struct mv_buf text;
	size_t got;
	int rc;

	if (s->pointer.dialect != MV_DIALECT_NATIVE ||
	    s->pointer.size > MV_MANIFEST_BYTES ||
	    mv_repo_has(repo, &s->pointer, NULL) ||
	    mv_repo_read_at(repo, &s->pointer, 0, head, sizeof(head), &got,
			    NULL) || !mv_manifest_is(head, got))
		return 0;
	mv_buf_init(&text, MV_MANIFEST_BYTES);
	out = mv_writer_buf(&text);
	rc = mv_repo_read(repo, &s->pointer, &out, err);
	/* A file may begin so and be none. */
	if (!rc)
		s->is_directory = !mv_manifest_parse(&s->members, text.data,
						     text.len, NULL);
	mv_buf_release(&text);
	return rc;
}

static int fill_content(struct mv_subject *out, struct mv_repo *repo,
			const struct search *s, const char *spec,
			struct mv_err *err)
{
	int rc;

	if (s->found) {
		out->pointer = s->pointer;
		memcpy(out->blob, s->blob, strlen(s->blob) + 1);
		return open_manifest(out, repo, err);
	}
	if (s->len < MV_OID_HEX)
		return MV_ENOENT;
	/* Nobody's pointer, but perhaps a content of the store. */
	rc = mv_repo_resolve(&out->pointer, repo, s->hex, err);
	if (!rc && out->pointer.size == UINT64_MAX)
		rc = mv_fail(err, MV_ENOENT, "content '%s' is not here, and no "
			     "pointer in git names it", spec);
	if (!rc)
		rc = mv_repo_pointer_blob(out->blob, repo, &out->pointer, 0,
					  err);
	return rc ? rc : open_manifest(out, repo, err);
}

static int by_oid(struct mv_subject *out, struct mv_repo *repo,
		  const char *spec, struct mv_err *err)
{
	const char *hex = strncmp(spec, "sha256:", 7) ? spec : spec + 7;
	struct search s = { .len = strlen(hex) };
	int rc;

	if (s.len < ABBREV_MIN || s.len > MV_OID_HEX)
		return MV_ENOENT;
	for (size_t i = 0; i < s.len; i++) {
		if (!isxdigit((unsigned char)hex[i]))
			return MV_ENOENT;
		s.hex[i] = (char)tolower((unsigned char)hex[i]);
	}
	rc = find_pointer(&s, repo, err);
	if (!rc && s.found > 1)
		return mv_fail(err, MV_EINVALID, "'%s' is short for %zu "
			       "contents: give more digits", spec, s.found);
	return rc ? rc : fill_content(out, repo, &s, spec, err);
}

/* -- what might have been meant ------------------------------------------------------------------- */

struct near {
	const char *spec;
	struct mv_buf *out;
	size_t count;
};

/* Levenshtein's, of short words; 99: far. */
static size_t distance(const char *a, const char *b)
{
	enum { MAX = 48 };
	size_t row[MAX + 1], len = strlen(b);

	if (len > MAX || strlen(a) > MAX)
		return 99;
	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			size_t best = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[len];
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void consider(struct near *n, const char *candidate)
{
	const char *base = base_name(n->spec);
	size_t limit = strlen(base) / 3;

	if (limit > 2)
		limit = 2;
	if (n->count >= 3 || (strcasecmp(base_name(candidate), base) &&
			      distance(base_name(candidate), base) > limit))
		return;
	if (!mv_buf_addf(n->out, "%s'%s'", n->count ? ", " : "", candidate))
		n->count++;
}

static int consider_entry(void *payload, const struct mv_git_entry *e,
			  struct mv_err *err)
{
	(void)err;
	consider(payload, e->path);
	return 0;
}

static int not_found(struct mv_repo *repo, const char *spec,
		     struct mv_err *err)
{
	const struct mv_project *project;
	struct near n = { .spec = spec };
	struct mv_buf near;
	char head[65];
	int rc;

	mv_buf_init(&near, 256);
	n.out = &near;
	if (!project_of(&project, repo, NULL, NULL))
		for (size_t i = 0; i < project->artifact_count; i++)
			consider(&n, project->artifacts[i].name);
	if (repo->info->work_tree)
		mv_git_ls(repo->git, MV_GIT_LS_CACHED | MV_GIT_LS_FILTERED,
			  NULL, consider_entry, &n, NULL);
	rc = mv_fail(err, MV_ENOENT, "'%s' is no artifact of " CONFIG_PATH
		     ", no path in the index, no path in a commit and no "
		     "content%s%s%s%s", spec,
		     mv_git_commit(head, repo->git, "HEAD", NULL) ?
		     "; there is no commit yet" : "",
		     n.count ? "; did you mean " : "", near.data,
		     n.count ? "?" : "");
	mv_buf_release(&near);
	return rc;
}

int mv_repo_subject(struct mv_subject *out, struct mv_repo *repo,
		    const char *spec, struct mv_err *err)
{
	static int (*const ways[])(struct mv_subject *, struct mv_repo *,
				   const char *, struct mv_err *) = {
		by_name, by_path, by_commit, by_oid
	};
	struct mv_err why = { .code = MV_OK }, first = { .code = MV_OK };
	int rc = MV_ENOENT;

	memset(out, 0, sizeof(*out));
	if (!*spec)
		return mv_fail(err, MV_EINVALID, "an empty name names nothing");
	for (size_t i = 0; rc == MV_ENOENT && i < 4; i++) {
		why.code = MV_OK;
		rc = ways[i](out, repo, spec, &why);
		/* Who had something to say of it knows best. */
		if (rc == MV_ENOENT && why.code && !first.code)
			first = why;
		if (rc)
			mv_subject_release(out);
	}
	if (!rc)
		rc = set_str(&out->spec, spec, err);
	else if (rc == MV_ENOENT && first.code)
		rc = mv_fail(err, MV_ENOENT, "%s", first.msg);
	else if (rc == MV_ENOENT)
		rc = not_found(repo, spec, err);
	else
		rc = mv_fail(err, rc, "%s", why.msg);
	return rc;
}

/* -- everything that pathspecs match -------------------------------------------------------------- */

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
	if (g->count == g->alloc) {
		size_t alloc = 2 * g->alloc + 8;
		struct mv_subject *v = realloc(g->v, alloc * sizeof(*v));

		if (!v)
			return NULL;
		g->v = v;
		g->alloc = alloc;
	}
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
	for (size_t i = 0; i < g->list.count; i++)
		if (below(g->list.v[i].path, path)) {
			g->list.v[i].taken = 1;
			entry[n++] = &g->list.v[i];
		}
	if (n && !*path)
		rc = mv_fail(err, MV_EINVALID, "this is the whole work tree: "
			     "name the file or folder that it is about");
	if (n && !rc) {
		s = next_subject(g);
		rc = s ? fill_directory(s, g->repo, entry, n, path, err) :
			 mv_nomem(err);
		if (!rc)
			rc = set_str(&s->path, path, err);
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
	return set_str(&s->path, g->file[i]->path, err);
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

		if (e->taken || e->unmerged)
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
	int rc = project_of(&project, g->repo, NULL, err);

	for (size_t i = 0; !rc && i < g->count; i++) {
		struct mv_subject *s = &g->v[i];

		a = mv_project_by_path(project, s->path);
		if (a && !strcmp(a->path, s->path))
			rc = set_str(&s->artifact, a->name, err);
		if (!rc)
			rc = set_str(&s->spec, s->path, err);
	}
	return rc;
}

int mv_repo_subjects(struct mv_subject **out, size_t *count,
		     struct mv_repo *repo, const char *const *pathspecs,
		     struct mv_err *err)
{
	struct gathering g = { .repo = repo };
	int rc;

	*out = NULL;
	*count = 0;
	rc = mv_git_ls(repo->git, MV_GIT_LS_CACHED, pathspecs, keep_entry,
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
		mv_subjects_release(g.v, g.count);
		return rc;
	}
	*out = g.v;
	*count = g.count;
	return 0;
}
