/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/repo-evidence.h"
#include "libmv/repo-internal.h"

/*
 * What is done when git tells us of an event: hooks/hook.c asks, these
 * answer.
 */

/* -- pre-push ---------------------------------------------------------------- */

#define REFS_MAX 8192u		/* more would not fit on a command line */

/* "<local ref> <local oid> <remote ref> <remote oid>", oids as arguments. */
struct revs {
	const char **arg;
	size_t count;
	char *text;		/* they point into this */
	char *remotes;
	int pushes;		/* anything but deletions */
};

static int is_zero(const char *hex)
{
	return !hex[strspn(hex, "0")];
}

static int is_name(const char *hex, size_t len)
{
	return strlen(hex) == len && strspn(hex, "0123456789abcdef") == len;
}

/*
 * The local name becomes an argument; the remote one too, with the '^' that
 * takes the place of the blank before it.
 */
static int parse_ref(struct revs *r, char *line, size_t hex_len,
		     struct mv_err *err)
{
	char *local = strchr(line, ' '), *ref, *remote;

	ref = local ? strchr(local + 1, ' ') : NULL;
	remote = ref ? strchr(ref + 1, ' ') : NULL;
	if (!remote)
		goto bad;
	*ref = *remote = '\0';
	if (!is_name(local + 1, hex_len) || !is_name(remote + 1, hex_len))
		goto bad;
	if (is_zero(local + 1))
		return 0;
	r->pushes = 1;
	if (r->count > 2 * REFS_MAX)
		return 0;
	r->arg[r->count++] = local + 1;
	if (!is_zero(remote + 1)) {
		*remote = '^';
		r->arg[r->count++] = remote;
	}
	return 0;
bad:
	return mv_fail(err, MV_EINVALID, "cannot understand what git says on "
		       "standard input of pre-push");
}

/* What the remote is known to have need not be looked at again. */
static int add_remotes(struct revs *r, const char *remote)
{
	if (!*remote || strchr("/.~", *remote) || strchr(remote, ':'))
		return 0;
	r->remotes = mv_strf("--remotes=%s", remote);
	if (!r->remotes)
		return MV_ENOMEM;
	r->arg[r->count++] = "--not";
	r->arg[r->count++] = r->remotes;
	return 0;
}

static int parse_refs(struct revs *r, const char *remote, const char *text,
		      size_t len, size_t hex_len, struct mv_err *err)
{
	char *save = NULL, *line;
	int rc = 0;

	r->arg = calloc(2 * REFS_MAX + 8, sizeof(*r->arg));
	r->text = strndup(text, len);
	if (!r->arg || !r->text)
		return mv_nomem(err);
	/* A remote may have what we never saw. */
	r->arg[r->count++] = "--ignore-missing";
	for (line = strtok_r(r->text, "\n", &save); line && !rc;
	     line = strtok_r(NULL, "\n", &save))
		rc = parse_ref(r, line, hex_len, err);
	if (!rc && r->count > 2 * REFS_MAX) {
		r->count = 0;
		r->arg[r->count++] = "--all";
	}
	if (!rc && add_remotes(r, remote))
		rc = mv_nomem(err);
	return rc;
}

/* Is this itself a push of notes? Then they need no second one. */
static int names_notes(const char *text, size_t len)
{
	static const char name[] = " " MV_NOTES_REF " ";

	return len && memmem(text, len, name, sizeof(name) - 1) != NULL;
}

/*
 * Records go along, and are never a reason to refuse the push: what is not
 * pushed now goes with the next one.
 */
static void push_notes(struct mv_repo *repo, const char *remote, int too,
		       struct mv_transfer_stats *stats)
{
	char since[65];
	struct mv_err why;

	if (!mv_repo_notes_unpushed(since, repo, remote))
		return;
	mv_repo_push_attached(repo, remote, since, stats);
	if (too && mv_repo_notes_push(repo, remote, NULL, &why))
		mv_repo_warn(repo, "records were not pushed: %s; `git model "
			     "push` tries again", why.msg);
}

int mv_repo_pre_push(struct mv_repo *repo, const char *remote,
		     const char *text, size_t len,
		     struct mv_transfer_stats *stats, struct mv_err *err)
{
	struct revs r = { NULL, 0, NULL, NULL, 0 };
	int rc;

	memset(stats, 0, sizeof(*stats));
	rc = parse_refs(&r, remote, text, len, repo->info->hex_len, err);
	if (!rc && r.pushes)
		mv_repo_warn_large(repo, r.arg);
	if (!rc && r.pushes)
		rc = mv_repo_push_revs(repo, remote, r.arg, stats, err);
	if (!rc && r.pushes)
		push_notes(repo, remote, !names_notes(text, len), stats);
	free(r.remotes);
	free(r.text);
	free(r.arg);
	return rc;
}

/* -- pre-commit --------------------------------------------------------------- */

struct staged {
	const char *path;	/* into the text */
	const char *blob;
	char *asked;		/* whose attributes count */
	int beside;		/* of an offer, not of the path itself */
};

struct commit {
	struct mv_repo *repo;
	struct mv_buf text;
	struct staged *s;
	size_t count, alloc;
	void (*fn)(void *payload, const char *path, const char *why);
	void *payload;
};

/*
 * "big.bin.theirs" was put beside "big.bin" by the merge driver; its own
 * name may match no pattern, and then it would go into git as it is.
 */
static char *offered_beside(const char *path)
{
	static const char *const ends[] = { ".theirs", ".base" };
	size_t len = strlen(path);

	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(ends[i]);

		if (len > n && !strcmp(path + len - n, ends[i]))
			return strndup(path, len - n);
	}
	return NULL;
}

static int add_staged(struct commit *c, const char *path, const char *blob,
		      int beside, struct mv_err *err)
{
	struct staged *s;

	if (c->count == c->alloc) {
		c->alloc = 2 * c->alloc + 64;
		s = realloc(c->s, c->alloc * sizeof(*s));
		if (!s)
			return mv_nomem(err);
		c->s = s;
	}
	s = &c->s[c->count];
	s->path = path;
	s->blob = blob;
	s->beside = beside;
	s->asked = beside ? offered_beside(path) : strdup(path);
	if (!s->asked)
		return beside ? 0 : mv_nomem(err);
	c->count++;
	return 0;
}

/* ":<mode> <mode> <blob> <blob> <status>" NUL path NUL */
static int parse_diff(struct commit *c, struct mv_err *err)
{
	const size_t hex = c->repo->info->hex_len;
	const size_t head = 15 + hex + 1;	/* where the new name begins */
	char *p = c->text.data, *end = p + c->text.len;
	int rc = 0;

	while (p < end && !rc) {
		char *path = p + strlen(p) + 1;

		if (*p != ':' || path >= end ||
		    (size_t)(path - p) < head + hex + 2)
			return mv_fail(err, MV_EIO, "cannot understand the "
				       "list of git diff");
		p[head + hex] = '\0';
		/* Regular files only. */
		if (!strncmp(p + 8, "100", 3)) {
			rc = add_staged(c, path, p + head, 0, err);
			if (!rc)
				rc = add_staged(c, path, p + head, 1, err);
		}
		p = path + strlen(path) + 1;
	}
	return rc;
}

/* Why this blob must not be committed under our filter, or NULL. */
static int judge(const char **why, struct commit *c, const struct staged *s,
		 struct mv_err *err)
{
	struct mv_pointer pointer;
	struct mv_buf text;
	int rc;

	*why = NULL;
	mv_buf_init(&text, MV_POINTER_MAX - 1);
	rc = mv_git_read_blob(c->repo->git, s->blob, &text, NULL, err);
	if (!rc && text.len)
		rc = mv_pointer_parse(&pointer, text.data, text.len, NULL);
	mv_buf_release(&text);
	if (rc == MV_ECORRUPT)
		*why = "it is a broken pointer";
	else if (rc == MV_ENOMEM || rc == MV_ENOENT)
		*why = s->beside ? "it was put there by a merge; the bytes "
				   "themselves would go into git" :
		       "the bytes themselves would go into git, not a pointer";
	return *why ? 0 : rc;
}

static int look_at_staged(void *payload, size_t i, const char *filter,
			  struct mv_err *err)
{
	struct commit *c = payload;
	const char *why;
	int rc;

	if (strcmp(filter, "model"))
		return 0;
	rc = judge(&why, c, &c->s[i], err);
	if (!rc && why)
		c->fn(c->payload, c->s[i].path, why);
	return rc;
}

/* One question about attributes for all of them. */
static int look_at_all(struct commit *c, struct mv_err *err)
{
	const char **paths = calloc(c->count ? c->count : 1, sizeof(*paths));
	int rc;

	if (!paths)
		return mv_nomem(err);
	for (size_t i = 0; i < c->count; i++)
		paths[i] = c->s[i].asked;
	rc = mv_git_filters(c->repo->git, paths, c->count, look_at_staged, c,
			    err);
	free(paths);
	return rc;
}

int mv_repo_pre_commit(struct mv_repo *repo,
		       void (*fn)(void *payload, const char *path,
				  const char *why),
		       void *payload, struct mv_err *err)
{
	static const char *const args[] = {
		"diff", "--cached", "--raw", "-z", "--no-abbrev",
		"--no-renames", "--no-relative", "--no-ext-diff",
		"--diff-filter=AMT", "--ignore-submodules=all", NULL
	};
	struct commit c = { .repo = repo, .fn = fn, .payload = payload };
	int rc;

	mv_buf_init(&c.text, SIZE_MAX / 2);
	rc = mv_git_run(repo->git, args, NULL, 0, &c.text, err);
	if (!rc)
		rc = parse_diff(&c, err);
	if (!rc && c.count)
		rc = look_at_all(&c, err);
	for (size_t i = 0; i < c.count; i++)
		free(c.s[i].asked);
	free(c.s);
	mv_buf_release(&c.text);
	return rc;
}
