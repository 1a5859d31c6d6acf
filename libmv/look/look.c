/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/format/format.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"
#include "libmv/git/refs.h"
#include "libmv/look/priv.h"
#include "libmv/meta/project.h"
#include "libmv/subject/release.h"
#include "libmv/transfer/transfer.h"

void mv_look_hex(char *out, const char *hex)
{
	size_t len = strnlen(hex, 64);

	memcpy(out, hex, len);
	out[len] = '\0';
}

char *mv_look_dup(const char *s, int *failed)
{
	char *copy = s ? strdup(s) : NULL;

	if (s && !copy)
		*failed = 1;
	return copy;
}

/* -- pointers of many blobs ----------------------------------------------- */

struct blobs {
	struct mv_look_blob *out;
	const size_t *place;
};

static int take_blob(void *payload, size_t i, const char *hex,
		     const void *data, size_t len, struct mv_err *err)
{
	struct blobs *b = payload;
	struct mv_look_blob *out = &b->out[b->place[i]];

	(void)err;
	if (!hex || !*hex || strlen(hex) >= sizeof(out->hex))
		return 0;
	out->there = 1;
	mv_look_hex(out->hex, hex);
	if (!data)
		return 0;
	if (!len) {
		mv_pointer_of_empty(&out->pointer, MV_DIALECT_NATIVE);
		return 0;	/* any empty file: nobody's evidence */
	}
	out->ours = !mv_pointer_parse(&out->pointer, data, len, NULL);
	return 0;
}

int mv_look_blobs(struct mv_look_blob *out, struct mv_repo *repo,
		  const char *const *specs, size_t count, struct mv_err *err)
{
	const char **asked = calloc(count + 1, sizeof(*asked));
	size_t *place = calloc(count + 1, sizeof(*place));
	struct blobs b = { out, place };
	size_t n = 0;
	int rc = asked && place ? 0 : mv_nomem(err);

	memset(out, 0, count * sizeof(*out));
	for (size_t i = 0; !rc && i < count; i++) {
		if (!specs[i])
			continue;
		place[n] = i;
		asked[n++] = specs[i];
	}
	if (!rc && n)
		rc = mv_git_read_many(repo->git, asked, n, MV_POINTER_MAX,
				      take_blob, &b, err);
	free(asked);
	free(place);
	return rc;
}

int mv_look_missing(const struct mv_look_blob *blobs,
		    const char *const *specs, size_t count,
		    struct mv_err *err)
{
	for (size_t i = 0; i < count; i++)
		if (specs[i] && !blobs[i].there && !strchr(specs[i], ':'))
			return mv_fail(err, MV_ECORRUPT, "object %s, which a "
				       "commit here names, is missing; `git "
				       "fsck` says what else is, `git fetch "
				       "--refetch` gets it again where a "
				       "remote has it", specs[i]);
	return 0;
}

/* -- commits -------------------------------------------------------------- */

static void commit_release(struct mv_look_commit *c)
{
	free(c->subject);
	free(c->author);
	memset(c, 0, sizeof(*c));
}

struct commits {
	struct mv_look_commit *out;
	const size_t *place;
};

static int look_take_commit(void *payload, size_t i,
			    const struct mv_git_object_info *info,
			    struct mv_err *err)
{
	struct commits *c = payload;
	struct mv_look_commit *out = &c->out[c->place[i]];
	const char *message = info && info->message ? info->message : "";

	if (!info)
		return 0;
	out->subject = strndup(message, strcspn(message, "\n"));
	out->author = mv_strf("%s <%s>",
			      info->author.name ? info->author.name : "",
			      info->author.email ? info->author.email : "");
	out->when = info->committer.when;
	return out->subject && out->author ? 0 : mv_nomem(err);
}

int mv_look_commits(struct mv_look_commit *out, struct mv_repo *repo,
		    const char *const *hexes, size_t count,
		    struct mv_err *err)
{
	const char **asked = calloc(count + 1, sizeof(*asked));
	size_t *place = calloc(count + 1, sizeof(*place));
	struct commits c = { out, place };
	size_t n = 0;
	int rc = asked && place ? 0 : mv_nomem(err);

	memset(out, 0, count * sizeof(*out));
	for (size_t i = 0; !rc && i < count; i++) {
		if (!hexes[i] || !*hexes[i])
			continue;
		place[n] = i;
		asked[n++] = hexes[i];
	}
	if (!rc && n)
		rc = mv_git_objects(repo->git, asked, n, look_take_commit, &c,
				    err);
	if (rc)
		for (size_t i = 0; i < count; i++)
			commit_release(&out[i]);
	free(asked);
	free(place);
	return rc;
}

int mv_look_head(char *hex, struct mv_repo *repo, struct mv_err *err)
{
	int rc = mv_git_commit(hex, repo->git, "HEAD", err);

	return rc == MV_ENOENT ? mv_fail(err, MV_ENOENT, "nothing is committed "
					 "here yet") : rc;
}

static int commit_by_title(char *hex, struct mv_repo *repo, const char *spec,
			   struct mv_err *err)
{
	struct mv_release release;
	int rc = mv_subject_version(&release, repo, spec, err);

	if (rc)
		return rc;
	mv_look_hex(hex, release.commit);
	mv_subject_version_clear(&release);
	return 0;
}

/* "name@v1.0.0" is a tag. No tag is what holds a stage now or the greatest
   version, even where GTO has one that is called so. */
int mv_look_commit(char *hex, struct mv_repo *repo, const char *rev,
		   struct mv_err *err)
{
	const int is_title = mv_subject_version_spec_ok(rev);
	int rc = is_title && strchr(rev, '#') ?
		 commit_by_title(hex, repo, rev, err) : MV_ENOENT;

	if (rc == MV_ENOENT)
		rc = mv_git_commit_sure(hex, repo->git, rev, err);
	/* Knows best what there is in its place. */
	if (rc == MV_ENOENT && is_title)
		rc = commit_by_title(hex, repo, rev, err);
	if (rc != MV_ENOENT || is_title)
		return rc;
	if (!strcmp(rev, "HEAD"))
		return mv_look_head(hex, repo, err);
	if (mv_git_is_shallow(repo->git, NULL) > 0)
		return mv_fail(err, MV_ENOENT, "'%s' is no commit here; this "
			       "clone's history is cut off: 'git fetch "
			       "--unshallow' brings the rest", rev);
	return mv_fail(err, MV_ENOENT, "'%s' is no revision of this "
		       "repository", rev);
}

/* -- content -------------------------------------------------------------- */

struct content {
	struct mv_repo *repo;
	const struct mv_pointer *pointer;
};

static int read_content(void *payload, uint64_t off, void *data, size_t len,
			size_t *got, struct mv_err *err)
{
	struct content *c = payload;

	return mv_transfer_read_at(c->repo, c->pointer, off, data, len, got,
				   err);
}

int mv_look_layout(struct mv_layout *out, struct mv_repo *repo,
		   const struct mv_pointer *pointer, struct mv_err *err)
{
	struct content content = { repo, pointer };
	int rc = mv_repo_has(repo, pointer, err);

	if (rc)
		return rc;
	return mv_format_parse_at(out, read_content, &content, pointer->size,
				  err);
}

/* -- names of artifacts --------------------------------------------------- */

static int look_by_path(const void *a, const void *b)
{
	const struct mv_artifact *const *x = a, *const *y = b;

	return strcmp((*x)->path, (*y)->path);
}

static int look_by_name(const void *a, const void *b)
{
	const struct mv_artifact *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

int mv_look_names_init(struct mv_look_names *out, const struct mv_project *p,
		       struct mv_err *err)
{
	size_t n = 0;

	memset(out, 0, sizeof(*out));
	out->by_path = calloc(p->artifact_count + 1, sizeof(*out->by_path));
	out->by_name = calloc(p->artifact_count + 1, sizeof(*out->by_name));
	if (!out->by_path || !out->by_name) {
		mv_look_names_release(out);
		return mv_nomem(err);
	}
	for (size_t i = 0; i < p->artifact_count; i++) {
		if (!p->artifacts[i].path || !p->artifacts[i].name)
			continue;
		out->by_path[n] = &p->artifacts[i];
		out->by_name[n++] = &p->artifacts[i];
	}
	out->count = n;
	if (n) {
		qsort(out->by_path, n, sizeof(*out->by_path), look_by_path);
		qsort(out->by_name, n, sizeof(*out->by_name), look_by_name);
	}
	return 0;
}

void mv_look_names_release(struct mv_look_names *n)
{
	free(n->by_path);
	free(n->by_name);
	memset(n, 0, sizeof(*n));
}

static const struct mv_artifact *look_find(const struct mv_artifact **v,
					   size_t n,
					   const struct mv_artifact *key,
					   int (*cmp)(const void *,
						      const void *))
{
	const struct mv_artifact **hit = n ?
		bsearch(&key, v, n, sizeof(*v), cmp) : NULL;

	return hit ? *hit : NULL;
}

const struct mv_artifact *mv_look_by_path(const struct mv_look_names *n,
					  const char *path)
{
	struct mv_artifact key = { .path = (char *)path };

	return path ? look_find(n->by_path, n->count, &key,
				look_by_path) : NULL;
}

const char *mv_look_name_at(const struct mv_look_names *n, const char *path)
{
	const struct mv_artifact *a = mv_look_by_path(n, path);

	return a ? a->name : NULL;
}

const struct mv_artifact *mv_look_by_name(const struct mv_look_names *n,
					  const char *name)
{
	struct mv_artifact key = { .name = (char *)name };

	return name ? look_find(n->by_name, n->count, &key,
				look_by_name) : NULL;
}

/* -- lists of words ------------------------------------------------------- */

int mv_look_join(char **list, const char *word, struct mv_err *err)
{
	size_t len = strlen(word);
	const char *p = *list;
	char *joined;

	/* Whole words only: "prod" is not in "production". */
	while (p && *p) {
		const char *end = strstr(p, ", ");
		size_t n = end ? (size_t)(end - p) : strlen(p);

		if (n == len && !memcmp(p, word, len))
			return 0;
		p = end ? end + 2 : NULL;
	}
	joined = *list ? mv_strf("%s, %s", *list, word) : strdup(word);
	if (!joined)
		return mv_nomem(err);
	free(*list);
	*list = joined;
	return 0;
}

int mv_look_take(char **place, char *text, struct mv_err *err)
{
	free(*place);
	*place = text;
	return text ? 0 : mv_nomem(err);
}
