/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/evidence/evidence.h"
#include "libmv/git/files.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"
#include "libmv/git/refs.h"
#include "libmv/hook/priv.h"
#include "libmv/meta/ledger.h"
#include "libmv/store/store.h"
#include "libmv/transfer/transfer.h"
#include "libmv/work/filter.h"
#include "libmv/work/work.h"

/*
 * What is done when git tells us of an event: hooks/hook.c asks, these
 * answer.
 */

/* -- pre-push ------------------------------------------------------------- */

#define REFS_MAX 8192u		/* more would not fit on a command line */

/* What is pushed, and what is there of it already ("^<oid>"), as arguments. */
struct refs {
	struct mv_ref_updates updates;
	const char **local, **known;
	size_t local_count, known_count;
	struct mv_buf hats;	/* what is known points into it */
	char *remotes;		/* "--remotes=<name>", where it has a name */
	struct mv_buf there;	/* what is there now, where that was asked */
	int deletes;
	int many;		/* too many to be named one by one */
};

/* A URL has no refs of its own here. A pattern would mean those of others. */
int mv_hook_is_remote_name(const char *remote)
{
	return *remote && !strchr("/.~", *remote) &&
	       !strpbrk(remote, ":*?[\\");
}

static int name_remotes(struct refs *r, const char *remote)
{
	if (!mv_hook_is_remote_name(remote))
		return 0;
	r->remotes = mv_strf("--remotes=%s", remote);
	return r->remotes ? 0 : MV_ENOMEM;
}

static int client_take_ref(struct refs *r, const struct mv_ref_update *u,
			   size_t hex_len, struct mv_err *err)
{
	if (strlen(u->new) != hex_len)
		return mv_fail(err, MV_EINVALID, "'%s' is no name of an object "
			       "of this repository", u->new);
	if (mv_hook_is_zero(u->new)) {
		r->deletes = 1;
		return 0;
	}
	if (r->local_count == REFS_MAX) {
		r->many = 1;
		return 0;
	}
	r->local[r->local_count++] = u->new;
	if (mv_hook_is_zero(u->old))
		return 0;
	r->known_count++;
	return mv_buf_addf(&r->hats, "^%s", u->old) ||
	       mv_buf_add(&r->hats, "", 1) ? mv_nomem(err) : 0;
}

static int parse_refs(struct refs *r, const char *remote, const char *text,
		      size_t len, size_t hex_len, struct mv_err *err)
{
	int rc = mv_hook_updates_parse(&r->updates, text, len, 1, err);

	r->local = calloc(REFS_MAX, sizeof(*r->local));
	r->known = calloc(REFS_MAX, sizeof(*r->known));
	if (!rc && (!r->local || !r->known || name_remotes(r, remote)))
		rc = mv_nomem(err);
	for (size_t i = 0; !rc && i < r->updates.count; i++)
		rc = client_take_ref(r, &r->updates.v[i], hex_len,
				     err);
	for (size_t i = 0; i < r->known_count; i++)
		r->known[i] = r->hats.data + i * (hex_len + 2);
	if (r->many)
		r->local_count = r->known_count = 0;
	return rc;
}

static void refs_release(struct refs *r)
{
	mv_hook_updates_release(&r->updates);
	free(r->local);
	free(r->known);
	free(r->remotes);
	mv_buf_release(&r->hats);
	mv_buf_release(&r->there);
}

enum list_kind { LIST_ALL, LIST_NEWER, LIST_KNOWN };

/* rev-list arguments, in fresh memory. A remote may have what we never saw,
   which excludes less then, never more. */
static const char **client_list(const struct refs *r, enum list_kind kind)
{
	const char **arg = calloc(r->local_count + r->known_count + 6,
				  sizeof(*arg));
	size_t n = 0;

	if (!arg)
		return NULL;
	arg[n++] = "--ignore-missing";
	if (r->many)
		arg[n++] = "--all";
	for (size_t i = 0; i < r->local_count; i++)
		arg[n++] = r->local[i];
	/* What was pushed before, perhaps without us. */
	if (kind == LIST_ALL && r->remotes)
		arg[n++] = r->remotes;
	for (size_t i = 0; kind != LIST_ALL && i < r->known_count; i++)
		arg[n++] = r->known[i];
	if (kind == LIST_NEWER && r->remotes) {
		arg[n++] = "--not";
		arg[n++] = r->remotes;
	}
	return arg;
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
static void push_notes(struct mv_repo *repo, const char *remote,
		       const char *url, int too,
		       struct mv_transfer_stats *stats)
{
	char since[65];
	struct mv_err why;
	int unpushed;

	if (mv_evidence_notes_unpushed(&unpushed, since, repo, remote, &why))
		mv_repo_warn(repo, "whether there are records to push cannot "
			     "be told: %s", why.msg);
	if (!unpushed)
		return;
	mv_transfer_push_attached(repo, remote, url, since, stats);
	if (too && mv_evidence_notes_push(repo, remote, NULL, &why))
		mv_repo_warn(repo, "records were not pushed: %s; `git model "
			     "push` tries again", why.msg);
}

static int push_content(struct mv_repo *repo, const char *remote,
			const char *url, const struct refs *r, int pushes,
			struct mv_transfer_stats *stats, struct mv_err *err)
{
	const char **pushed = client_list(r, LIST_ALL);
	const char **newer = client_list(r, LIST_NEWER);
	const char **known = client_list(r, LIST_KNOWN);
	struct mv_push_refs refs = { remote, url, pushed, newer,
				     pushes ? known : NULL };
	int rc = pushed && newer && known ? 0 : mv_nomem(err);

	if (!rc)
		rc = mv_transfer_bring_pushed(repo, &refs, err);
	if (!rc && pushes)
		mv_work_warn_large(repo, newer);
	if (!rc && pushes)
		rc = mv_work_check_raw(repo, newer, err);
	if (!rc)
		rc = mv_transfer_push_refs(repo, &refs, stats, err);

	free(known);
	free(newer);
	free(pushed);
	return rc;
}

static int count_ref(void *payload, const struct mv_git_ref *ref,
		     struct mv_err *err)
{
	(void)ref;
	(void)err;
	++*(size_t *)payload;
	return 0;
}

/*
 * What is there of this remote, where nothing is pushed? Refs that git keeps of
 * it say so; without any (a URL, a mirror) it is asked itself.
 */
static int find_there(struct refs *r, struct mv_repo *repo, const char *remote,
		      const char *url, struct mv_err *err)
{
	const size_t len = repo->info->hex_len + 2;
	char *prefix = mv_strf("refs/remotes/%s/", remote);
	const char *prefixes[] = { prefix, NULL };
	size_t kept = 0;
	int rc = prefix ? 0 : mv_nomem(err);

	if (!rc && r->remotes)
		rc = mv_git_each_ref(repo->git, prefixes, count_ref, &kept,
				     err);
	free(prefix);
	if (rc || kept)
		return rc;
	mv_transfer_ask_refs(&r->there, repo, url);
	for (size_t at = 0; at + len <= r->there.len &&
			    r->local_count < REFS_MAX; at += len)
		r->local[r->local_count++] = r->there.data + at + 1;
	return 0;
}

/* Who has no content has left none behind; a bare one may have to pass it on. */
static int may_have_left(struct mv_repo *repo)
{
	struct mv_store *store;

	return !repo->info->work_tree ||
	       mv_repo_store_if_any(&store, repo, NULL) != MV_ENOENT;
}

/* With nothing to push ("Everything up-to-date") git calls, too: time to bring
   what an earlier push has left. A deletion is not. */
static int mend_earlier(struct mv_repo *repo, const char *remote,
			const char *url, struct refs *r,
			struct mv_transfer_stats *stats, struct mv_err *err)
{
	int rc = may_have_left(repo) ? find_there(r, repo, remote, url, err) :
				       0;

	if (rc || (!r->remotes && !r->local_count))
		return rc;
	rc = push_content(repo, remote, url, r, 0, stats, err);
	if (!rc)
		mv_transfer_push_attached(repo, remote, url, NULL, stats);
	return rc;
}

int mv_hook_pre_push(struct mv_repo *repo, const char *remote,
		     const char *url, const char *text, size_t len,
		     struct mv_transfer_stats *stats, struct mv_err *err)
{
	struct refs r = { 0 };
	int pushes, rc;

	memset(stats, 0, sizeof(*stats));
	mv_buf_init(&r.there, (size_t)64 << 20);
	mv_buf_init(&r.hats, (size_t)1 << 20);
	mv_work_sweep_offers(repo);
	rc = parse_refs(&r, remote, text, len, repo->info->hex_len, err);
	pushes = r.local_count || r.many;
	if (!rc && pushes)
		rc = push_content(repo, remote, url, &r, 1, stats, err);
	else if (!rc && !r.deletes)
		rc = mend_earlier(repo, remote, url, &r, stats, err);
	if (!rc && pushes)
		push_notes(repo, remote, url, !names_notes(text, len), stats);
	refs_release(&r);
	return rc;
}

/* -- pre-commit ----------------------------------------------------------- */

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

static int add_staged(struct commit *c, const char *path, const char *blob,
		      int beside, struct mv_err *err)
{
	struct staged *s;

	if (MV_GROW(c->s, c->alloc, c->count + 1, err))
		return MV_ENOMEM;
	s = &c->s[c->count];
	s->path = path;
	s->blob = blob;
	s->beside = beside;
	s->asked = beside ? mv_work_offered_beside(path) : strdup(path);
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

/*
 * The same content under another length, where a commit that this one comes
 * from has it: that is a pointer of two halves, from two sides of a merge.
 */
static int contradicts(struct mv_repo *repo, const char *path,
		       const struct mv_pointer *pointer)
{
	static const char *const sides[] = {
		"HEAD", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD",
		"REBASE_HEAD"
	};
	struct mv_pointer other;
	struct mv_buf text;
	char *spec;
	int yes = 0;

	for (size_t i = 0; !yes && i < sizeof(sides) / sizeof(*sides); i++) {
		spec = mv_strf("%s:%s", sides[i], path);
		mv_buf_init(&text, MV_POINTER_MAX - 1);
		yes = spec &&
		      !mv_git_read_blob(repo->git, spec, &text, NULL, NULL) &&
		      !mv_pointer_parse(&other, text.data, text.len, NULL) &&
		      mv_oid_eq(&other.oid, &pointer->oid) &&
		      other.size != pointer->size;
		mv_buf_release(&text);
		free(spec);
	}
	return yes;
}

/* Is the length that of the content? What is not here cannot be asked. */
static int judge_size(const char **why, struct mv_repo *repo, const char *path,
		      const struct mv_pointer *pointer, struct mv_err *err)
{
	int rc = mv_repo_has(repo, pointer, err);

	if (rc == MV_ENOENT && !contradicts(repo, path, pointer))
		return 0;
	if (rc && rc != MV_ENOENT && rc != MV_ECORRUPT)
		return rc;
	if (rc)
		*why = "its size is not that of the content that it names; "
		       "`git model add` of the file itself mends it";
	return 0;
}

/* Why this blob must not be committed under our filter, or NULL. */
static int client_judge(const char **why, struct commit *c,
			const struct staged *s,
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
	if (!rc && text.len)
		rc = judge_size(why, c->repo, s->path, &pointer, err);
	mv_buf_release(&text);
	if (rc == MV_ECORRUPT)
		*why = "it is a broken pointer";
	else if (rc == MV_ENOMEM || rc == MV_ENOENT)
		*why = s->beside ? "it was put there by a merge; the bytes "
				   "themselves would go into git" :
		       "the bytes themselves would go into git, not a pointer";
	return *why ? 0 : rc;
}

static int note_word(void *payload, size_t i, const char *word,
		     struct mv_err *err)
{
	(void)i;
	(void)err;
	*(int *)payload = !strcmp(word, "unset");
	return 0;
}

/* A line "-filter" says that a file of such a name is no offer. */
static int is_meant(struct commit *c, const struct staged *s,
		    struct mv_err *err)
{
	int yes = 0, rc = 0;

	if (s->beside)
		rc = mv_git_filter_words(c->repo->git, 1, &s->path, 1,
					 note_word, &yes, err);
	return rc ? rc : yes;
}

static int look_at_staged(void *payload, size_t i, const char *filter,
			  struct mv_err *err)
{
	struct commit *c = payload;
	const char *why;
	int rc, meant = 0;

	if (strcmp(filter, "model"))
		return 0;
	rc = client_judge(&why, c, &c->s[i], err);
	if (!rc && why)
		meant = is_meant(c, &c->s[i], err);
	if (!rc && why && !meant)
		c->fn(c->payload, c->s[i].path, why);
	return meant < 0 ? meant : rc;
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

int mv_hook_pre_commit(struct mv_repo *repo,
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

	mv_work_sweep_offers(repo);
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
