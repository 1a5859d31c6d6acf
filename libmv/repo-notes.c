/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libmv/repo-evidence.h"
#include "libmv/repo-internal.h"

/*
 * Notes travel (docs/design/notes.md): git carries none by itself, and to
 * fetch them onto the live ref would overwrite what was not pushed. So they
 * are fetched to a tracking ref, united with ours, and pushed as a
 * fast-forward, again when somebody was faster.
 */
#define TRIES 10
#define STUCK 2			/* refusals while nobody else moved the ref */
#define INCOMING "refs/notes/model-incoming/"
#define OUT_MAX ((size_t)64 << 20)
#define NOTE_READ ((size_t)256 << 20)	/* united ones may pass MV_NOTE_MAX */
#define BATCH 4096

/* -- which remote ------------------------------------------------------------ */

struct peer {
	char *name;		/* or a URL; NULL: there is none */
	char *from;		/* where it is fetched from, when pushing */
	char *tracking;		/* full ref, kept; NULL: none for this one */
};

static void peer_release(struct peer *p)
{
	free(p->name);
	free(p->from);
	free(p->tracking);
}

/* NULL in *value: there is no such remote, or it does not say. */
static int remote_config(const char **value, struct mv_repo *repo,
			 const char *name, const char *key, struct mv_err *err)
{
	char *full = mv_strf("remote.%s.%s", name, key);
	int rc = full ? mv_git_config(value, repo->git, full, err) :
		 mv_nomem(err);

	free(full);
	return rc;
}

struct only {
	char *name;
	size_t count;
};

static int find_remote(void *payload, const char *key, const char *value,
		       struct mv_err *err)
{
	struct only *only = payload;
	size_t len = strlen(key);

	(void)value;
	if (len <= 11 || strncmp(key, "remote.", 7) ||
	    strcmp(key + len - 4, ".url"))
		return 0;
	free(only->name);
	only->name = strndup(key + 7, len - 11);
	only->count++;
	return only->name ? 0 : mv_nomem(err);
}

int mv_repo_default_remote(char **out, struct mv_repo *repo,
			   struct mv_err *err)
{
	const char *name, *url = NULL;
	struct only only = { NULL, 0 };
	int rc = mv_git_config(&name, repo->git, "model.remote", err);

	*out = NULL;
	if (!rc && name)
		rc = remote_config(&url, repo, name, "url", err);
	if (!rc && !url) {
		name = "origin";
		rc = remote_config(&url, repo, name, "url", err);
	}
	if (rc)
		return rc;
	if (url) {
		*out = strdup(name);
		return *out ? 0 : mv_nomem(err);
	}
	rc = mv_git_config_each(repo->git, find_remote, &only, err);
	if (!rc && only.count == 1) {
		*out = only.name;
		only.name = NULL;
	}
	free(only.name);
	return rc;
}

/* Most names are plain; what the others may be, git knows. */
static int is_ref(struct mv_repo *repo, const char *ref)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_/";
	const char *args[] = { "check-ref-format", ref, NULL };
	size_t len = strlen(ref);

	if (strspn(ref, plain) == len && ref[len - 1] != '/' &&
	    !strstr(ref, "//"))
		return 1;
	return !mv_git_run(repo->git, args, NULL, 0, NULL, NULL);
}

static int find_peer(struct peer *out, struct mv_repo *repo, const char *name,
		     struct mv_err *err)
{
	const char *push_url, *url;
	int rc;

	memset(out, 0, sizeof(*out));
	if (!name) {
		rc = mv_repo_default_remote(&out->name, repo, err);
		if (rc || !out->name)
			return rc;
	} else if (*name == '-' || !*name) {
		return mv_fail(err, MV_EINVALID,
			       "'%s' is not the name of a remote", name);
	} else if (!(out->name = strdup(name))) {
		return mv_nomem(err);
	}
	name = out->name;
	rc = remote_config(&url, repo, name, "url", err);
	if (rc)
		return rc;
	/* A number that means a descriptor of some other program: whatever is
	   open under it here would be talked to, or waited for. */
	if (!strncmp(url ? url : name, "fd::", 4)) {
		free(out->name);
		out->name = NULL;
		return 0;
	}
	if (!url) {
		/* A URL; or a name that only our own remotes have. */
		if (!strchr(name, '/') && !strchr(name, ':') &&
		    strcmp(name, ".")) {
			free(out->name);
			out->name = NULL;
		}
		return 0;
	}
	out->tracking = mv_strf(MV_NOTES_REMOTES "%s", name);
	if (!out->tracking)
		return mv_nomem(err);
	if (!is_ref(repo, out->tracking)) {
		free(out->tracking);
		out->tracking = NULL;
	}
	rc = remote_config(&push_url, repo, name, "pushurl", err);
	if (!rc && push_url && !(out->from = strdup(push_url)))
		rc = mv_nomem(err);
	return rc;
}

/* -- asking and fetching ----------------------------------------------------- */

/* What the remote's notes are at; "" when it has none. */
static int remote_tip(char *hex, struct mv_repo *repo, const char *source,
		      struct mv_err *err)
{
	const char *args[] = { "ls-remote", "--refs", source, MV_NOTES_REF,
			       NULL };
	const size_t len = repo->info->hex_len;
	char *save = NULL;
	struct mv_buf text;
	int rc;

	*hex = '\0';
	mv_buf_init(&text, OUT_MAX);
	rc = mv_repo_talk(repo, args, &text, err);
	/* It is a pattern: names that only end so match, too. */
	if (!rc && text.len)
		for (char *line = strtok_r(text.data, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save))
			if (strlen(line) > len &&
			    !strcmp(line + len, "\t" MV_NOTES_REF)) {
				memcpy(hex, line, len);
				hex[len] = '\0';
			}
	mv_buf_release(&text);
	return rc;
}

/* Without the refspecs of the configuration: a popular one fetches all of
   refs/notes onto itself, which overwrites. */
static int fetch_to(struct mv_repo *repo, const char *source, const char *ref,
		    struct mv_err *err)
{
	char *spec = mv_strf("+" MV_NOTES_REF ":%s", ref);
	const char *args[] = {
		"fetch", "--quiet", "--no-tags", "--no-write-fetch-head",
		"--no-recurse-submodules", "--no-auto-maintenance",
		"--no-prune", "--refmap=", source, spec, NULL
	};
	int rc = spec ? mv_repo_talk(repo, args, NULL, err) : mv_nomem(err);

	free(spec);
	return rc;
}

/* The id of a ref; "" when it is not there. */
static int local_tip(char *hex, struct mv_repo *repo, const char *ref,
		     struct mv_err *err)
{
	int rc;

	*hex = '\0';
	rc = ref ? mv_git_ref_get(hex, repo->git, ref, err) : 0;
	if (rc)
		*hex = '\0';
	return rc == MV_ENOENT ? 0 : rc;
}

/* Where there is no tracking ref, one that goes away again. */
static int unite(struct mv_repo *repo, const char *source,
		 const char *tracking, const char *tip, int *moved,
		 struct mv_err *err)
{
	char have[65], id[17], *own = NULL;
	const char *ref = tracking;
	int rc = local_tip(have, repo, tracking, err);

	if (!rc && !ref) {
		rc = mv_record_id(id, err);
		own = mv_strf(INCOMING "%s", rc ? "" : id);
		if (!rc && !own)
			rc = mv_nomem(err);
		ref = own;
	}
	if (!rc && strcmp(have, tip))
		rc = fetch_to(repo, source, ref, err);
	if (!rc)
		rc = mv_repo_notes_merge(repo, ref, moved, err);
	if (own && !local_tip(have, repo, own, NULL) && *have)
		mv_git_ref_set(repo->git, own, "", have,
			       "git-model: united", NULL);
	free(own);
	return rc;
}

int mv_repo_git_peer(char **name, struct mv_repo *repo, const char *remote,
		     struct mv_err *err)
{
	struct peer peer;
	int rc = find_peer(&peer, repo, remote, err);

	*name = NULL;
	if (!rc && peer.name && !(*name = strdup(peer.name)))
		rc = mv_nomem(err);
	peer_release(&peer);
	return rc;
}

int mv_repo_notes_fetch(struct mv_repo *repo, const char *remote, int *moved,
			struct mv_err *err)
{
	struct peer peer;
	char tip[65] = "";
	int changed = 0;
	int rc = find_peer(&peer, repo, remote, err);

	if (!rc && peer.name)
		rc = remote_tip(tip, repo, peer.name, err);
	if (!rc && *tip)
		rc = unite(repo, peer.name, peer.tracking, tip, &changed, err);
	/* Only of one with a name it is known later which was asked. */
	if (!rc && peer.tracking)
		rc = mv_repo_notes_asked(repo, peer.name, !*tip, err);
	if (moved)
		*moved = changed;
	peer_release(&peer);
	return rc;
}

/* -- pushing ----------------------------------------------------------------- */

/* Somewhere between 10 ms and a second, longer each time. */
static void wait_a_moment(unsigned try)
{
	struct timespec ts = { 0, 0 };
	unsigned long random = 0;
	char id[17];

	if (!mv_record_id(id, NULL)) {
		id[6] = '\0';
		random = strtoul(id, NULL, 16);
	}
	ts.tv_nsec = (long)(10 + random % (try < 5 ? 40u << try : 980u)) *
		     1000000L;
	nanosleep(&ts, NULL);
}

/* Nothing but this ref, whatever is configured; and not through our hook. */
static int push_ref(struct mv_repo *repo, const char *remote,
		    struct mv_err *err)
{
	static const char spec[] = MV_NOTES_REF ":" MV_NOTES_REF;
	const char *args[] = {
		"push", "--quiet", "--no-verify", "--no-follow-tags",
		"--recurse-submodules=no", remote, spec, NULL
	};

	return mv_repo_talk(repo, args, NULL, err);
}

/* Remember what the remote has now, so that nobody need ask. */
static int track(struct mv_repo *repo, const char *tracking, const char *tip,
		 struct mv_err *err)
{
	char have[65];
	int rc = local_tip(have, repo, tracking, err);

	if (rc || !tracking || !strcmp(have, tip))
		return rc;
	rc = mv_git_ref_set(repo->git, tracking, tip, have,
			    "git-model: pushed", err);
	/* Somebody else pushed or fetched, and knows better. */
	return rc == MV_EEXISTS ? 0 : rc;
}

/* One round: *done when the remote has all that we have. */
static int push_once(struct mv_repo *repo, const struct peer *peer,
		     char *seen, int *done, int *moved, struct mv_err *err)
{
	const char *source = peer->from ? peer->from : peer->name;
	char ours[65];
	int changed = 0;
	int rc = remote_tip(seen, repo, source, err);

	if (!rc)
		rc = local_tip(ours, repo, MV_NOTES_REF, err);
	if (!rc && *seen && strcmp(seen, ours))
		rc = unite(repo, source, peer->from ? NULL : peer->tracking,
			   seen, &changed, err);
	*moved |= changed;
	if (!rc)
		rc = local_tip(ours, repo, MV_NOTES_REF, err);
	if (rc)
		return rc;
	if (strcmp(seen, ours)) {
		rc = push_ref(repo, peer->name, err);
		if (rc)
			return rc == MV_EIO ? MV_EEXISTS : rc;
		*moved = 1;
	}
	*done = 1;
	return track(repo, peer->tracking, ours, err);
}

static int push_peer(struct mv_repo *repo, const struct peer *peer,
		     int *moved, struct mv_err *err)
{
	char seen[65] = "", before[65];
	unsigned stuck = 0;
	int done = 0, rc = 0;

	for (unsigned try = 0; !done && try < TRIES; try++) {
		if (try)
			wait_a_moment(try);
		memcpy(before, seen, sizeof(before));
		rc = push_once(repo, peer, seen, &done, moved, err);
		if (rc && rc != MV_EEXISTS)
			return rc;
		/* Refused, and not because somebody was faster. */
		stuck = rc && try && !strcmp(before, seen) ? stuck + 1 : 0;
		if (stuck >= STUCK)
			break;
	}
	return rc == MV_EEXISTS ? (err ? (err->code = MV_EIO) : MV_EIO) : rc;
}

int mv_repo_notes_push(struct mv_repo *repo, const char *remote, int *moved,
		       struct mv_err *err)
{
	struct peer peer;
	char ours[65];
	int changed = 0;
	int rc = find_peer(&peer, repo, remote, err);

	if (!rc && peer.name)
		rc = local_tip(ours, repo, MV_NOTES_REF, err);
	if (!rc && peer.name && *ours)
		rc = push_peer(repo, &peer, &changed, err);
	if (moved)
		*moved = changed;
	peer_release(&peer);
	return rc;
}

int mv_repo_notes_unpushed(char *since, struct mv_repo *repo,
			   const char *remote)
{
	struct peer peer;
	char ours[65] = "";
	int yes = 0;

	*since = '\0';
	if (!local_tip(ours, repo, MV_NOTES_REF, NULL) && *ours &&
	    !find_peer(&peer, repo, remote, NULL)) {
		local_tip(since, repo, peer.tracking, NULL);
		yes = peer.name && strcmp(since, ours);
		peer_release(&peer);
	}
	return yes;
}

const char *mv_repo_notes_hint(struct mv_repo *repo)
{
	char tip[65], *name = NULL;
	int silent = local_tip(tip, repo, MV_NOTES_REF, NULL) || *tip ||
		     mv_repo_default_remote(&name, repo, NULL) || !name;

	free(name);
	return silent ? NULL : "there are no records here, and a clone brings "
			       "none; `git model fetch` gets them";
}

/* -- what records have attached ---------------------------------------------- */

struct blobs {
	char (*hex)[65];
	size_t count, alloc;
};

static int keep_blob(struct blobs *b, const char *hex, struct mv_err *err)
{
	if (b->count == b->alloc) {
		size_t alloc = 2 * b->alloc + 64;
		char (*grown)[65] = realloc(b->hex, alloc * sizeof(*grown));

		if (!grown)
			return mv_nomem(err);
		b->hex = grown;
		b->alloc = alloc;
	}
	if (strlen(hex) < sizeof(b->hex[0]))
		memcpy(b->hex[b->count++], hex, strlen(hex) + 1);
	return 0;
}

static int keep_note(void *payload, const char *object, const char *note_blob,
		     struct mv_err *err)
{
	(void)object;
	return keep_blob(payload, note_blob, err);
}

static int keep_delta(void *payload, const struct mv_git_delta *d,
		      struct mv_err *err)
{
	return d->new_blob ? keep_blob(payload, d->new_blob, err) : 0;
}

struct attached {
	mv_attached_fn fn;
	void *payload;
};

static int tell_attached(struct attached *a, const char *line, size_t len,
			 struct mv_err *err)
{
	struct mv_record record;
	int rc = 0;

	/* Most have none: then they need not be parsed. */
	if (!memmem(line, len, "\"attached\"", 10))
		return 0;
	rc = mv_record_parse(&record, line, len, err);
	if (rc)
		return rc == MV_ENOMEM ? rc : 0;
	for (size_t i = 0; !rc && i < record.attached.count; i++) {
		const struct mv_ref *ref = &record.attached.v[i];
		struct mv_pointer p = { .oid = ref->oid, .size = ref->size,
					.canonical = 1 };

		if (ref->has_oid && ref->size)
			rc = a->fn(a->payload, ref->role ? ref->role : "", &p,
				   err);
	}
	mv_record_release(&record);
	return rc;
}

static int read_note(void *payload, size_t i, const char *hex,
		     const void *data, size_t len, struct mv_err *err)
{
	const char *p = data, *end = p ? p + len : NULL, *nl;
	int rc = 0;

	(void)i;
	if (!data && len > NOTE_READ)
		return mv_fail(err, MV_EDENIED, "note %s is too large to be "
			       "read", hex);
	/* gc would drop what it names: it is not as if it said nothing. */
	if (!data && !*hex)
		return mv_fail(err, MV_ECORRUPT, "a note cannot be read; see "
			       "git fsck");
	for (; !rc && p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (!nl)
			nl = end;
		rc = tell_attached(payload, p, (size_t)(nl - p), err);
	}
	return rc;
}

static int read_notes(struct attached *a, struct mv_git *git,
		      const struct blobs *b, struct mv_err *err)
{
	const char *specs[BATCH];
	int rc = 0;

	for (size_t at = 0; !rc && at < b->count; at += BATCH) {
		size_t n = b->count - at < BATCH ? b->count - at : BATCH;

		for (size_t i = 0; i < n; i++)
			specs[i] = b->hex[at + i];
		rc = mv_git_read_many(git, specs, n, NOTE_READ, read_note, a,
				      err);
	}
	return rc;
}

int mv_repo_each_attached(struct mv_git *git, const char *ref,
			  const char *since, mv_attached_fn fn, void *payload,
			  struct mv_err *err)
{
	struct attached a = { fn, payload };
	struct blobs b = { NULL, 0, 0 };
	char tip[65];
	int rc = mv_git_ref_get(tip, git, ref, err);

	if (rc)
		return rc == MV_ENOENT ? 0 : rc;
	if (since && *since)
		rc = mv_git_diff(git, since, tip, 0, NULL, keep_delta, &b,
				 err);
	else
		rc = mv_git_notes_each(git, ref, keep_note, &b, err);
	if (!rc)
		rc = read_notes(&a, git, &b, err);
	free(b.hex);
	return rc;
}

struct refs {
	char **name;
	size_t count;
};

static int keep_ref(void *payload, const struct mv_git_ref *ref,
		    struct mv_err *err)
{
	struct refs *refs = payload;
	char **grown;

	if (strcmp(ref->type, "commit") ||
	    (strcmp(ref->name, MV_NOTES_REF) &&
	     strncmp(ref->name, MV_NOTES_REMOTES, strlen(MV_NOTES_REMOTES)) &&
	     strncmp(ref->name, INCOMING, strlen(INCOMING))))
		return 0;
	grown = realloc(refs->name, (refs->count + 1) * sizeof(*grown));
	if (!grown)
		return mv_nomem(err);
	refs->name = grown;
	refs->name[refs->count] = strdup(ref->name);
	return refs->name[refs->count++] ? 0 : mv_nomem(err);
}

/* Of remotes only what differs from ours: they are mostly the same. */
int mv_repo_each_attached_anywhere(struct mv_git *git, mv_attached_fn fn,
				   void *payload, struct mv_err *err)
{
	static const char *const prefixes[] = { MV_NOTES_REF, NULL };
	struct refs refs = { NULL, 0 };
	char ours[65] = "";
	int rc = mv_git_each_ref(git, prefixes, keep_ref, &refs, err);

	if (!rc) {
		rc = mv_git_ref_get(ours, git, MV_NOTES_REF, err);
		if (rc)
			*ours = '\0';
		rc = rc == MV_ENOENT ? 0 : rc;
	}
	for (size_t i = 0; !rc && i < refs.count; i++)
		rc = mv_repo_each_attached(git, refs.name[i],
					   strcmp(refs.name[i], MV_NOTES_REF) ?
					   ours : NULL, fn, payload, err);
	for (size_t i = 0; i < refs.count; i++)
		free(refs.name[i]);
	free(refs.name);
	return rc;
}

/* -- bringing it here -------------------------------------------------------- */

struct lacking {
	struct mv_repo *repo;
	struct mv_pointer *v;
	size_t count, alloc;
};

static int keep_lacking(void *payload, const char *role,
			const struct mv_pointer *pointer, struct mv_err *err)
{
	struct lacking *l = payload;

	(void)role;
	if (!mv_repo_has(l->repo, pointer, NULL))
		return 0;
	if (l->count == l->alloc) {
		size_t alloc = 2 * l->alloc + 16;
		struct mv_pointer *grown = realloc(l->v, alloc *
						   sizeof(*grown));

		if (!grown)
			return mv_nomem(err);
		l->v = grown;
		l->alloc = alloc;
	}
	l->v[l->count++] = *pointer;
	return 0;
}

static int by_oid(const void *a, const void *b)
{
	const struct mv_pointer *x = a, *y = b;

	return memcmp(x->oid.b, y->oid.b, sizeof(x->oid.b));
}

/* Many records have one list of packages. */
static void each_once(struct lacking *l)
{
	size_t n = 0;

	if (l->count)
		qsort(l->v, l->count, sizeof(*l->v), by_oid);
	for (size_t i = 0; i < l->count; i++)
		if (!n || by_oid(&l->v[n - 1], &l->v[i]))
			l->v[n++] = l->v[i];
	l->count = n;
}

int mv_repo_fetch_attached(struct mv_repo *repo, size_t *brought,
			   size_t *missing, struct mv_err *err)
{
	struct lacking l = { .repo = repo };
	uint8_t *present = NULL;
	int rc = mv_repo_each_attached(repo->git, MV_NOTES_REF, NULL,
				       keep_lacking, &l, err);

	*brought = *missing = 0;
	each_once(&l);
	if (!rc && l.count && !(present = calloc(l.count, 1)))
		rc = mv_nomem(err);
	if (!rc && l.count)
		rc = mv_repo_need(repo, l.v, l.count, present, err);
	for (size_t i = 0; !rc && i < l.count; i++)
		++*(present[i] ? brought : missing);
	free(present);
	free(l.v);
	return rc;
}
