/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/path.h"
#include "libmv/git/objects.h"
#include "libmv/look/comparing.h"
#include "libmv/meta/manifest.h"
#include "libmv/report/views.h"
#include "libmv/subject/subject.h"
#include "libmv/transfer/transfer.h"

/*
 * From items to pairs: all pointers are read in one go, then it is told which
 * of the items are contents, on one side or both, and what is inside them.
 */

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
	const char *name = mv_look_name_at(&w->names, it->new_path);
	int failed = 0;

	if (!name)
		name = mv_look_name_at(&w->base_names, it->old_path);
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
		const char *rest = it->new_odd ?
			mv_path_below(path, it->new_path) : NULL;

		if (rest && *rest)
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
		    mv_path_below(w->items[i].new_path, path))
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
	const char *name = mv_look_name_at(&w->base_names, it->old_path);
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
	if (old->dir_there && new->dir_there) {
		rc = mv_look_members(&pair->content, &old->members,
				     &new->members, err);
		if (!rc && w->flags & MV_COMPARE_WEIGHTS)
			rc = mv_look_weigh_members(&pair->weights, w->repo,
						   pair->path, &old->members,
						   &new->members, w->flags,
						   err);
		return rc;
	}
	if (!(w->flags & (MV_COMPARE_CONTENT | MV_COMPARE_FETCH |
			  MV_COMPARE_WEIGHTS)) ||
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
	if (!rc)
		rc = mv_look_changes(&pair->content, w->repo, &pair->old,
				     &pair->new, err);
	return rc ? rc : mv_look_weigh(&pair->weights, w->repo, pair->path,
				       &pair->old, &pair->new, w->flags, err);
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

int mv_look_comparing_pairs(struct mv_comparing *w, struct mv_err *err)
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
