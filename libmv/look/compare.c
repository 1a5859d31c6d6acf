/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/evidence/evidence.h"
#include "libmv/git/files.h"
#include "libmv/git/history.h"
#include "libmv/git/objects.h"
#include "libmv/look/comparing.h"
#include "libmv/meta/compare.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/manifest.h"
#include "libmv/meta/project.h"
#include "libmv/meta/record.h"
#include "libmv/meta/registry.h"
#include "libmv/report/views.h"
#include "libmv/subject/release.h"
#include "libmv/subject/subject.h"
#include "libmv/transfer/transfer.h"

/*
 * Two revisions, side by side. First it is decided what is compared with
 * what: git says which files differ (one process for all), named artifacts
 * may have a base of their own (what holds their stage) or another path
 * there; files below a directory artifact become one item. Then all pointers
 * are read in one go, then all notes in one go, and only then is anything
 * compared.
 */

/* -- what holds a stage, and a range in one word -------------------------- */

/* What holds the stage, unless that is what we look at. */
static const char *holder(const struct mv_comparing *w, const char *artifact)
{
	const struct mv_event *e = w->stage ?
		mv_registry_holder(&w->registry, artifact, w->stage) : NULL;

	if (!e || !*e->commit || (w->head && !strcmp(e->commit, w->head)))
		return NULL;
	return e->commit;
}

/* "A..B" and "A...B" in one word; an empty side is HEAD. */
static int split_range(char **base, char **head, int *symmetric,
		       const char *text, struct mv_err *err)
{
	const char *dots = strstr(text, "..");
	const char *right = dots + 2;

	*symmetric = *right == '.';
	right += *symmetric;
	*base = dots == text ? strdup("HEAD") :
			       strndup(text, (size_t)(dots - text));
	*head = strdup(*right ? right : "HEAD");
	return *base && *head ? 0 : mv_nomem(err);
}

/* -- what is compared with what ------------------------------------------- */

/* Files that are in the head and that git did not name, because they are
   the same. */
static int unchanged(void *payload, const struct mv_git_entry *e,
		     struct mv_err *err)
{
	struct mv_comparing *w = payload;
	const struct mv_git_delta d = { e->path, e->path, e->blob, e->blob,
					0, 0 };

	if ((e->mode & 0170000) != 0100000 || e->stage)
		return 0;
	return mv_look_comparing_delta(w, &d, err);
}

static int by_new_path(const void *a, const void *b)
{
	const struct mv_compared *x = a, *y = b;
	const char *p = x->new_path ? x->new_path : "";
	const char *q = y->new_path ? y->new_path : "";
	int cmp = strcmp(p, q);

	return cmp ? cmp : strcmp(x->old_path ? x->old_path : "",
				  y->old_path ? y->old_path : "");
}

static int add_unchanged(struct mv_comparing *w, struct mv_err *err)
{
	size_t changed = w->count;
	int rc;

	if (changed)
		qsort(w->items, changed, sizeof(*w->items), by_new_path);
	rc = w->head ? mv_git_walk_tree(w->repo->git, w->head, unchanged, w,
					err)
		     : mv_git_ls(w->repo->git, MV_GIT_LS_CACHED, NULL,
				 unchanged, w, err);
	/* Both lists are in the order of the paths' bytes. */
	for (size_t i = changed, j = 0; !rc && i < w->count; i++) {
		const char *path = w->items[i].new_path;

		while (j < changed && (!w->items[j].new_path ||
				       strcmp(w->items[j].new_path, path) < 0))
			j++;
		if (j < changed && !strcmp(w->items[j].new_path, path))
			w->items[i].dropped = 1;
	}
	return rc;
}

static int differing_files(struct mv_comparing *w, struct mv_err *err)
{
	int rc;

	if (!w->has_base)
		return 0;
	/* A few trees that name each other would be walked for ever. */
	rc = mv_git_bound_diff(w->repo->git, w->head ? w->base_hex : "",
			       w->head ? w->head : w->base_hex,
			       MV_GIT_PATHS_MAX, err);
	if (rc)
		return rc;
	if (w->head && !strcmp(w->base_hex, w->head))
		rc = 0;
	else if (w->head)
		rc = mv_git_diff(w->repo->git, w->base_hex, w->head,
				 MV_GIT_DIFF_RENAMES | MV_GIT_DIFF_ODD, NULL,
				 mv_look_comparing_delta, w, err);
	else
		rc = mv_look_comparing_index(w, w->base_hex, err);
	if (!rc && w->flags & MV_COMPARE_ALL)
		rc = add_unchanged(w, err);
	return rc;
}

/* Is this path the artifact's, or below it? */
static int within(const char *path, const char *artifact_path)
{
	size_t len = artifact_path ? strlen(artifact_path) : 0;

	return path && artifact_path && !strncmp(path, artifact_path, len) &&
	       (!path[len] || path[len] == '/');
}

static int add_named(struct mv_comparing *w, const char *old_commit,
		     const char *old_path, const char *new_path, int directory,
		     struct mv_err *err)
{
	struct mv_compared *item = mv_look_comparing_add(w, err);
	int failed = 0;

	if (!item)
		return MV_ENOMEM;
	item->old_commit = mv_look_dup(old_commit, &failed);
	item->old_path = mv_look_dup(old_path, &failed);
	item->new_path = mv_look_dup(new_path, &failed);
	item->directory = directory;
	return failed ? mv_nomem(err) : 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int index_paths(struct mv_comparing *w, struct mv_err *err)
{
	w->paths = calloc(2 * w->count + 1, sizeof(*w->paths));
	if (!w->paths)
		return mv_nomem(err);
	for (size_t i = 0; i < w->count; i++) {
		if (w->items[i].new_path)
			w->paths[w->path_count++] = w->items[i].new_path;
		if (w->items[i].old_path)
			w->paths[w->path_count++] = w->items[i].old_path;
	}
	if (w->path_count)
		qsort(w->paths, w->path_count, sizeof(*w->paths), by_text);
	return 0;
}

/* Did git name a file below this one? */
static int is_above(const struct mv_comparing *w, const char *path)
{
	size_t low = 0, high = w->path_count, len = path ? strlen(path) : 0;

	while (path && low < high) {
		size_t mid = low + (high - low) / 2;
		int cmp = strncmp(w->paths[mid], path, len);

		if (!cmp && w->paths[mid][len] == '/')
			return 1;
		if (!cmp)
			cmp = (unsigned char)w->paths[mid][len] < '/' ? -1 : 1;
		if (cmp < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return 0;
}

/*
 * One artifact has one item: those that git named are replaced when it is a
 * directory, when it has another path or a base of its own.
 */
static int one_artifact(struct mv_comparing *w, const char *old_commit,
			const char *old_path, const char *new_path,
			struct mv_err *err)
{
	const char *general = old_commit ? NULL : old_path;
	struct mv_compared *whole = NULL;
	int directory = 0, touched = 0;

	if (!old_commit && old_path && new_path &&
	    !strcmp(old_path, new_path) && !is_above(w, new_path))
		return 0;	/* as git has it: nearly all */
	for (size_t i = 0; i < w->count; i++) {
		struct mv_compared *item = &w->items[i];
		int new = within(item->new_path, new_path);
		int old = within(item->old_path, general);

		if (item->dropped || (!new && !old))
			continue;
		touched = 1;
		if ((new && item->new_path[strlen(new_path)]) ||
		    (old && item->old_path[strlen(general)]))
			directory = 1;
		else if (new && old)
			whole = item;
	}
	if (!old_commit && !directory &&
	    (whole || !old_path || !new_path || !strcmp(old_path, new_path)))
		return 0;	/* as git has it, or not touched at all */
	if (old_commit || touched)
		for (size_t i = 0; i < w->count; i++)
			if (within(w->items[i].new_path, new_path) ||
			    within(w->items[i].old_path, general))
				w->items[i].dropped = 1;
	/* Whether what was not touched is a directory, its subject will say. */
	return add_named(w, old_commit, old_path, new_path,
			 directory ? 1 : -1, err);
}

/* The artifact as that commit's config had it; else by today's path. */
static int path_then(char **out, struct mv_comparing *w, const char *commit,
		     const char *artifact, const char *otherwise,
		     struct mv_err *err)
{
	const struct mv_artifact *then;
	struct mv_project project;
	int rc = mv_subject_project(&project, w->repo, commit, err);

	if (rc)
		return rc;
	then = mv_project_by_name(&project, artifact);
	otherwise = then ? then->path : otherwise;
	*out = otherwise ? strdup(otherwise) : NULL;
	mv_project_release(&project);
	return !*out && otherwise ? mv_nomem(err) : 0;
}

static int named_artifact(struct mv_comparing *w,
			  const struct mv_artifact *artifact,
			  size_t *held, struct mv_err *err)
{
	const char *commit = holder(w, artifact->name);
	const struct mv_artifact *base =
		mv_look_by_name(&w->base_names, artifact->name);
	char *path = NULL;
	int rc = 0;

	if (commit) {
		++*held;
		rc = path_then(&path, w, commit, artifact->name,
			       artifact->path, err);
		if (!rc)
			rc = one_artifact(w, commit, path, artifact->path, err);
	} else if (w->stage_only) {
		rc = add_named(w, NULL, NULL, artifact->path, -1, err);
	} else if (w->has_base) {
		rc = one_artifact(w, NULL, base ? base->path : artifact->path,
				  artifact->path, err);
	}
	free(path);
	return rc;
}

/* It holds the stage and is named no more. */
static int unnamed_artifacts(struct mv_comparing *w, size_t *held,
			     struct mv_err *err)
{
	size_t n;
	const struct mv_event *const *v = mv_registry_holders(&w->registry,
							      NULL, &n);
	int rc = 0;

	for (size_t i = 0; !rc && i < n; i++) {
		const char *name = v[i]->tag.artifact;
		const char *commit;
		char *path = NULL;

		if (strcmp(v[i]->tag.stage, w->stage) ||
		    mv_look_by_name(&w->names, name))
			continue;
		commit = holder(w, name);
		if (!commit)
			continue;
		++*held;
		rc = path_then(&path, w, commit, name, NULL, err);
		if (!rc && path)
			rc = one_artifact(w, commit, path, path, err);
		free(path);
	}
	return rc;
}

/* Directories and paths that the base's config alone knew. */
static int gone_artifacts(struct mv_comparing *w, struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < w->base_project.artifact_count; i++) {
		const struct mv_artifact *a = &w->base_project.artifacts[i];

		if (!mv_look_by_name(&w->names, a->name))
			rc = one_artifact(w, NULL, a->path, a->path, err);
	}
	return rc;
}

static int compare_collect(struct mv_comparing *w, size_t *held,
			   struct mv_err *err)
{
	int rc = differing_files(w, err);

	if (!rc)
		rc = index_paths(w, err);
	for (size_t i = 0; !rc && i < w->out->project.artifact_count; i++)
		rc = named_artifact(w, &w->out->project.artifacts[i], held,
				    err);
	if (!rc && w->stage)
		rc = unnamed_artifacts(w, held, err);
	if (!rc && w->has_base)
		rc = gone_artifacts(w, err);
	if (!rc && w->stage_only && !*held)
		rc = mv_fail(err, MV_EINVALID, "what holds the stage '%s' is "
			     "'%s' itself; name a base", w->stage,
			     w->out->head_name);
	return rc;
}

/* -- from items to pairs -------------------------------------------------- */

/* What a blob or path stands for, on one side. */
struct side {
	char *spec;
	int dir_there;
	struct mv_look_blob blob;
	struct mv_manifest members;
};

static char *spec_of(const char *blob, const char *commit, const char *path,
		     int *failed)
{
	char *spec = blob ? strdup(blob) :
		     mv_strf("%s:%s", commit ? commit : "", path);

	if (!spec)
		*failed = 1;
	return spec;
}

static int name_sides(struct mv_comparing *w, struct side *sides,
		      struct mv_err *err)
{
	int failed = 0;

	for (size_t i = 0; i < w->count; i++) {
		const struct mv_compared *it = &w->items[i];
		const char *old = it->old_commit ? it->old_commit :
						   w->base_hex;

		if (it->dropped || it->directory > 0)
			continue;
		if (it->old_path && !it->old_odd)
			sides[2 * i].spec = spec_of(it->old_blob, old,
						    it->old_path, &failed);
		if (it->new_path && !it->new_odd)
			sides[2 * i + 1].spec = spec_of(it->new_blob, w->head,
							it->new_path, &failed);
	}
	return failed ? mv_nomem(err) : 0;
}

static int directory_side(struct side *side, struct mv_comparing *w,
			  const char *commit, const char *path,
			  struct mv_err *err)
{
	const struct mv_manifest none = { NULL, 0, 0 };
	struct mv_subject s;
	int rc = mv_subject_find_at(&s, w->repo, commit, path, err);

	if (rc == MV_ENOENT || rc == MV_EINVALID)
		return 0;
	if (rc)
		return rc;
	side->blob.ours = side->blob.there = 1;
	side->blob.pointer = s.pointer;
	memcpy(side->blob.hex, s.blob, sizeof(s.blob));
	side->dir_there = s.is_directory;
	side->members = s.members;
	s.members = none;
	mv_subject_release(&s);
	return 0;
}

/* A named artifact that is no blob may be a directory. */
static int directory_sides(struct mv_comparing *w, struct side *sides,
			   struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < w->count; i++) {
		struct mv_compared *it = &w->items[i];
		struct side *old = &sides[2 * i], *new = &sides[2 * i + 1];

		if (it->dropped || !it->directory ||
		    (it->directory < 0 && (old->blob.there || new->blob.there)))
			continue;
		if (it->old_path)
			rc = directory_side(old, w, it->old_commit ?
					    it->old_commit : w->base_hex,
					    it->old_path, err);
		if (!rc && it->new_path)
			rc = directory_side(new, w, w->head, it->new_path,
					    err);
	}
	return rc;
}

/* A path of a commit that no list of git's gave: a blob there may be the
   target of a link, and that the text of a pointer. */
static int only_file(struct side *side, struct mv_comparing *w,
		     const char *commit,
		     const char *path, struct mv_err *err)
{
	unsigned mode = 0;
	int rc = mv_git_mode_at(&mode, w->repo->git, commit, path, err);

	if (!rc && (mode & 0170000) != 0100000)
		side->blob.ours = 0;
	return rc;
}

static int only_files(struct mv_comparing *w, struct side *sides,
		      struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < w->count; i++) {
		const struct mv_compared *it = &w->items[i];
		struct side *old = &sides[2 * i], *new = &sides[2 * i + 1];

		if (old->blob.ours && !it->old_blob)
			rc = only_file(old, w, it->old_commit ?
				       it->old_commit : w->base_hex,
				       it->old_path, err);
		if (!rc && new->blob.ours && !it->new_blob && w->head)
			rc = only_file(new, w, w->head, it->new_path, err);
	}
	return rc;
}

static int read_sides(struct mv_comparing *w, struct side *sides,
		      struct mv_err *err)
{
	const char **specs = calloc(2 * w->count + 1, sizeof(*specs));
	struct mv_look_blob *blobs = calloc(2 * w->count + 1, sizeof(*blobs));
	int rc = specs && blobs ? name_sides(w, sides, err) : mv_nomem(err);

	for (size_t i = 0; !rc && i < 2 * w->count; i++)
		specs[i] = sides[i].spec;
	if (!rc)
		rc = mv_look_blobs(blobs, w->repo, specs, 2 * w->count, err);
	if (!rc)
		rc = mv_look_missing(blobs, specs, 2 * w->count, err);
	for (size_t i = 0; !rc && i < 2 * w->count; i++)
		sides[i].blob = blobs[i];
	free(specs);
	free(blobs);
	if (!rc)
		rc = only_files(w, sides, err);
	return rc ? rc : directory_sides(w, sides, err);
}

static const char *name_at(const struct mv_look_names *names, const char *path)
{
	const struct mv_artifact *a = mv_look_by_path(names, path);

	return a ? a->name : NULL;
}

static int wanted(const struct mv_comparing *w, const struct mv_compared *it,
		  const struct side *old, const struct side *new)
{
	if (it->dropped || (!old->blob.ours && !new->blob.ours))
		return 0;
	if (w->flags & MV_COMPARE_ALL || !old->blob.ours || !new->blob.ours)
		return 1;
	if (strcmp(old->blob.hex, new->blob.hex))
		return 1;
	/* The same content at another path; but where a stage's holder had
	   it is of no interest. */
	return !it->old_commit && strcmp(it->old_path, it->new_path);
}

static int fill_pair(struct mv_pair *pair, struct mv_comparing *w,
		     struct mv_compared *it,
		     const struct side *old, const struct side *new,
		     struct mv_err *err)
{
	const char *name = name_at(&w->names, it->new_path);
	int failed = 0;

	if (!name)
		name = name_at(&w->base_names, it->old_path);
	pair->has_old = old->blob.ours;
	pair->has_new = new->blob.ours;
	pair->path = mv_look_dup(pair->has_new ? it->new_path : it->old_path,
				 &failed);
	if (pair->has_old && pair->has_new &&
	    strcmp(it->old_path, it->new_path))
		pair->old_path = mv_look_dup(it->old_path, &failed);
	pair->artifact = mv_look_dup(name, &failed);
	if (pair->has_old) {
		pair->old = old->blob.pointer;
		mv_look_hex(pair->old_blob, old->blob.hex);
	}
	if (pair->has_new) {
		pair->new = new->blob.pointer;
		mv_look_hex(pair->new_blob, new->blob.hex);
	}
	return failed ? mv_nomem(err) : 0;
}

/* Does a folder above it lead elsewhere in head? Only what differs is asked:
   in the base there is a content below it. */
static int is_below_odd(const struct mv_comparing *w, const char *path)
{
	for (size_t i = 0; i < w->count; i++) {
		const struct mv_compared *it = &w->items[i];
		size_t len = it->new_odd ? strlen(it->new_path) : 0;

		if (len && !strncmp(path, it->new_path, len) &&
		    path[len] == '/')
			return 1;
	}
	return 0;
}

/* Is a content compared that stands at this path in head? */
static int is_provided(const struct mv_comparing *w, const struct side *sides,
		       const char *path)
{
	for (size_t i = 0; i < w->count; i++)
		if (!w->items[i].dropped && sides[2 * i + 1].blob.ours &&
		    w->items[i].new_path &&
		    within(w->items[i].new_path, path))
			return 1;
	return 0;
}

/*
 * A content of the base that head still has a place for, and something else
 * is there: bytes without a pointer, a link, or nothing although the config
 * names it. That is no content which could be compared, and not one that was
 * taken away either.
 */
static const char *instead(const struct mv_comparing *w, size_t i,
			   const struct side *sides)
{
	const struct mv_compared *it = &w->items[i];
	const struct side *new = &sides[2 * i + 1];
	const char *name = name_at(&w->base_names, it->old_path);
	const struct mv_artifact *still = NULL;
	const char *path;

	/* What holds a stage has a config of its own; its place in head is
	   what head names. */
	if (name)
		still = mv_look_by_name(&w->names, name);
	else if (it->new_path)
		still = mv_look_by_path(&w->names, it->new_path);
	path = still ? still->path : it->old_path;
	if (!sides[2 * i].blob.ours || (still ? is_provided(w, sides, path) :
					new->blob.ours))
		return NULL;
	if (it->new_odd)
		return "a link or a submodule";
	if (is_below_odd(w, path))
		return "a link or a submodule above it";
	if (new->blob.there && !new->blob.ours)
		return "bytes without a pointer, a broken one or a link";
	return still ? "nothing" : NULL;
}

/* Git itself held the bytes on one side: say so, or it looks new. */
static int inside(struct mv_pair *pair, struct mv_comparing *w,
		  const struct side *old, const struct side *new,
		  struct mv_err *err)
{
	struct mv_pointer both[2];
	uint8_t here[2] = { 0, 0 };
	int rc = 0;

	if (pair->has_old != pair->has_new) {
		const struct side *other = pair->has_old ? new : old;

		if (!other->blob.there)
			return 0;
		return mv_look_take(&pair->content, strdup(pair->has_old ?
			"now held by git itself, without a pointer\n" :
			"was held by git itself, without a pointer\n"), err);
	}
	if (old->dir_there && new->dir_there)
		return mv_look_members(&pair->content, &old->members,
				       &new->members, err);
	if (!(w->flags & (MV_COMPARE_CONTENT | MV_COMPARE_FETCH)) ||
	    !memcmp(pair->old.oid.b, pair->new.oid.b, sizeof(pair->old.oid.b)))
		return 0;
	both[0] = pair->old;
	both[1] = pair->new;
	if (w->flags & MV_COMPARE_FETCH) {
		rc = mv_transfer_need(w->repo, both, 2, here, err);
		if (!rc && !(here[0] && here[1]))
			mv_repo_warn(w->repo, "what changed inside '%s' is not "
				     "known: its content is not to be had",
				     pair->path);
	}
	return rc ? rc : mv_look_changes(&pair->content, w->repo, &pair->old,
					 &pair->new, err);
}

static int make_pairs(struct mv_comparing *w, struct side *sides,
		      struct mv_err *err)
{
	struct mv_comparison *c = w->out;
	int rc = 0;

	c->v = calloc(w->count + 1, sizeof(*c->v));
	if (!c->v)
		return mv_nomem(err);
	for (size_t i = 0; !rc && i < w->count; i++) {
		struct side *old = &sides[2 * i], *new = &sides[2 * i + 1];
		struct mv_pair *pair = &c->v[c->count];

		if (!wanted(w, &w->items[i], old, new))
			continue;
		c->count++;
		w->general += !w->items[i].old_commit;
		pair->instead = instead(w, i, sides);
		rc = fill_pair(pair, w, &w->items[i], old, new, err);
		if (!rc)
			rc = inside(pair, w, old, new, err);
	}
	return rc;
}

static int pairs(struct mv_comparing *w, struct mv_err *err)
{
	struct side *sides = calloc(2 * w->count + 1, sizeof(*sides));
	int rc = sides ? read_sides(w, sides, err) : mv_nomem(err);

	if (!rc)
		rc = make_pairs(w, sides, err);
	for (size_t i = 0; sides && i < 2 * w->count; i++) {
		free(sides[i].spec);
		mv_manifest_release(&sides[i].members);
	}
	free(sides);
	return rc;
}

/* Of the one artifact that has such a base: what holds the stage. NULL: that
   is no registered version. */
static int held_by(const struct mv_event **version, const char **commit,
		   struct mv_comparing *w, struct mv_err *err)
{
	struct mv_holders holders;
	int rc = mv_subject_holders(&holders, w->repo, &w->registry, NULL, err);

	for (size_t i = 0; !rc && i < holders.count; i++) {
		const struct mv_event *e = holders.v[i].event;

		if (strcmp(e->tag.stage, w->stage) ||
		    !holder(w, e->tag.artifact))
			continue;
		*commit = e->commit;
		*version = holders.v[i].version;
	}
	mv_subject_holders_release(&holders);
	return rc;
}

/* Alone, it is the base: a version and its own commit. */
static int only_stage(struct mv_comparing *w, size_t held, struct mv_err *err)
{
	struct mv_comparison *c = w->out;
	const struct mv_event *version = NULL;
	const char *commit = NULL;
	int rc = held == 1 ? held_by(&version, &commit, w, err) : 0;

	if (rc)
		return rc;
	free(c->base);		/* each has its own */
	c->base = NULL;
	rc = commit ? mv_look_take(&c->base, strdup(commit), err) : 0;
	if (!rc && version)
		rc = mv_look_take(&c->base_version,
				  strdup(version->tag.version), err);
	return rc ? rc : mv_look_take(&c->base_name, strdup(w->stage), err);
}

/* Beside the commit that is for the others, the version has its own commit with
   it: the other one is not where it is. */
static int stage_and_base(struct mv_comparing *w, size_t held,
			  struct mv_err *err)
{
	struct mv_comparison *c = w->out;
	const struct mv_event *version = NULL;
	const char *commit = NULL;
	const char *name = c->base_name ? c->base_name : "the base";
	char *text;
	int rc = held == 1 ? held_by(&version, &commit, w, err) : 0;

	if (rc)
		return rc;
	if (c->base && !strncmp(c->base, name, strlen(name)))
		name = "the base";
	if (!commit)
		text = mv_strf("%s, else %s", w->stage, name);
	else if (!version)
		text = mv_strf("%s %.7s, else %s", w->stage, commit, name);
	else
		text = mv_strf("%s %s (%.7s), else %s", w->stage,
			       version->tag.version, commit, name);
	return mv_look_take(&c->base_name, text, err);
}

/* The base is named once it is known what is compared: the commit that is for
   what no stage holds is not spoken of where there is no such thing. */
static int say_stage(struct mv_comparing *w, size_t held, struct mv_err *err)
{
	struct mv_comparison *c = w->out;
	int alone = w->stage_only || (c->count && !w->general);
	int rc;

	if (!held)
		return 0;
	rc = mv_look_take(&c->why, alone ? mv_strf("what holds '%s'",
						   w->stage) :
		 mv_strf("what holds '%s'; where nothing does: %s", w->stage,
			 c->why), err);
	if (rc)
		return rc;
	return alone ? only_stage(w, held, err) : stage_and_base(w, held, err);
}

/* -- what changed --------------------------------------------------------- */

static int compare_by_path(const void *a, const void *b)
{
	const struct mv_pair *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static int read_evidence(struct mv_comparing *w, struct mv_err *err)
{
	struct mv_comparison *c = w->out;
	size_t n = 2 * c->count;
	struct mv_known_as *of = calloc(n + 1, sizeof(*of));
	struct mv_evidence **to = calloc(n + 1, sizeof(*to));
	struct mv_evidence *got = calloc(n + 1, sizeof(*got));
	size_t asked = 0;
	int rc = of && to && got ? 0 : mv_nomem(err);

	for (size_t i = 0; !rc && i < c->count; i++) {
		struct mv_pair *p = &c->v[i];
		const char *old = name_at(&w->base_names, p->old_path ?
					  p->old_path : p->path);

		if (p->has_old) {
			of[asked] = (struct mv_known_as){ p->old_blob,
				&p->old.oid, old ? old : p->artifact };
			to[asked++] = &p->old_evidence;
		}
		if (p->has_new) {
			of[asked] = (struct mv_known_as){ p->new_blob,
				&p->new.oid, p->artifact };
			to[asked++] = &p->new_evidence;
		}
	}
	if (!rc && asked)
		rc = mv_evidence_of(got, w->repo, of, asked, err);
	for (size_t i = 0; !rc && i < asked; i++) {
		*to[i] = got[i];
		c->skipped_lines += got[i].skipped;
	}
	free(of);
	free(to);
	free(got);
	return rc;
}

static int ref_cmp(const void *a, const void *b)
{
	const struct mv_ref *const *x = a, *const *y = b;
	int cmp = strcmp((*x)->role ? (*x)->role : "",
			 (*y)->role ? (*y)->role : "");

	if (!cmp)
		cmp = memcmp((*x)->oid.b, (*y)->oid.b, sizeof((*x)->oid.b));
	if (!cmp)
		cmp = strcmp((*x)->digest ? (*x)->digest : "",
			     (*y)->digest ? (*y)->digest : "");
	if (!cmp && !(*x)->has_oid && !(*x)->digest)
		cmp = strcmp((*x)->name ? (*x)->name : "",
			     (*y)->name ? (*y)->name : "");
	return cmp;
}

static const struct mv_ref **sorted_refs(const struct mv_refs *refs)
{
	const struct mv_ref **v = calloc(refs->count + 1, sizeof(*v));

	for (size_t i = 0; v && i < refs->count; i++)
		v[i] = &refs->v[i];
	if (v && refs->count)
		qsort(v, refs->count, sizeof(*v), ref_cmp);
	return v;
}

/* Other contents in other roles; that one was renamed is no change. */
static int data_differs(int *out, const struct mv_record *old,
			const struct mv_record *new, struct mv_err *err)
{
	const struct mv_refs none = { NULL, 0, 0 };
	const struct mv_refs *a = old ? &old->data : &none;
	const struct mv_refs *b = new ? &new->data : &none;
	const struct mv_ref **x = sorted_refs(a), **y = sorted_refs(b);

	*out = a->count != b->count;
	for (size_t i = 0; x && y && !*out && i < a->count; i++)
		*out = !!ref_cmp(&x[i], &y[i]);
	free(x);
	free(y);
	return x && y ? 0 : mv_nomem(err);
}

static void look_compare_judge(struct mv_comparison *c, struct mv_pair *p)
{
	for (size_t i = 0; i < p->metrics.count; i++) {
		const struct mv_change *m = &p->metrics.v[i];

		p->incomparable |= m->incomparable;
		c->incomparable += !!m->incomparable;
		p->better += m->judgement == MV_JUDGE_BETTER;
		p->worse += m->judgement == MV_JUDGE_WORSE;
	}
	c->better += p->better;
	c->worse += p->worse;
}

static int compare_pair(struct mv_comparing *w, struct mv_pair *p,
			struct mv_err *err)
{
	static const struct mv_facts none = MV_FACTS_INIT;
	const struct mv_evidence *a = &p->old_evidence, *b = &p->new_evidence;
	int all = !!(w->flags & MV_COMPARE_ALL);
	int rc = mv_compare_metrics(&p->metrics, a, b, &w->out->project,
				    p->artifact, all, err);

	if (!rc)
		rc = mv_compare_facts(&p->params, &a->params, &b->params, all,
				      err);
	if (!rc)
		rc = mv_compare_facts(&p->environment, a->environment ?
				      &a->environment->environment : &none,
				      b->environment ?
				      &b->environment->environment : &none,
				      all, err);
	if (!rc && p->has_old && p->has_new)
		rc = data_differs(&p->data_changed, a->data, b->data, err);
	if (!rc)
		look_compare_judge(w->out, p);
	return rc;
}

static int compare_compare(struct mv_comparing *w, struct mv_err *err)
{
	struct mv_comparison *c = w->out;
	size_t held = 0;
	int failed = 0, rc;

	rc = mv_subject_project(&c->project, w->repo, w->head, err);
	if (!rc && w->has_base)
		rc = mv_subject_project(&w->base_project, w->repo, w->base_hex,
					err);
	if (!rc)
		rc = mv_look_names_init(&w->names, &c->project, err);
	if (!rc)
		rc = mv_look_names_init(&w->base_names, &w->base_project, err);
	if (!rc)
		rc = compare_collect(w, &held, err);
	if (!rc)
		rc = pairs(w, err);
	if (!rc && c->count)
		qsort(c->v, c->count, sizeof(*c->v), compare_by_path);
	if (!rc)
		rc = read_evidence(w, err);
	for (size_t i = 0; !rc && i < c->count; i++)
		rc = compare_pair(w, &c->v[i], err);
	c->base = mv_look_dup(w->has_base ? w->base_hex : NULL, &failed);
	c->head = mv_look_dup(w->head, &failed);
	if (!rc && failed)
		rc = mv_nomem(err);
	return rc ? rc : say_stage(w, held, err);
}

int mv_look_compare(struct mv_comparison *out, struct mv_repo *repo,
		    const char *base, const char *head, const char *stage,
		    unsigned flags, struct mv_err *err)
{
	struct mv_comparing w = { .repo = repo, .out = out, .flags = flags };
	char *left = NULL, *right = NULL;
	int symmetric = 0, rc = 0;

	memset(out, 0, sizeof(*out));
	if (base && !head && strstr(base, "..")) {
		rc = split_range(&left, &right, &symmetric, base, err);
		base = left;
		head = right;
	}
	if (!rc && base && stage)
		rc = mv_fail(err, MV_EINVALID, "either a base or a stage");
	if (!rc)
		rc = mv_look_comparing_choose(&w, base, head, stage, symmetric,
					      err);
	if (!rc)
		rc = compare_compare(&w, err);
	for (size_t i = 0; i < w.count; i++)
		mv_look_compared_release(&w.items[i]);
	free(w.items);
	free(w.paths);
	mv_look_names_release(&w.names);
	mv_look_names_release(&w.base_names);
	mv_project_release(&w.base_project);
	mv_registry_release(&w.registry);
	free(left);
	free(right);
	if (rc)
		mv_comparison_release(out);
	return rc;
}
