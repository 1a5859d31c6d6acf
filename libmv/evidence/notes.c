/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libmv/base/grow.h"
#include "libmv/evidence/priv.h"
#include "libmv/git/refs.h"
#include "libmv/meta/ledger.h"
#include "libmv/meta/record.h"
#include "libmv/store/pointer.h"
#include "libmv/transfer/asked.h"
#include "libmv/transfer/transfer.h"

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

/* -- asking and fetching -------------------------------------------------- */

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
		rc = mv_evidence_notes_merge(repo, ref, moved, err);
	if (own && !local_tip(have, repo, own, NULL) && *have)
		mv_git_ref_set(repo->git, own, "", have,
			       "git-model: united", NULL);
	free(own);
	return rc;
}

int mv_evidence_notes_fetch(struct mv_repo *repo, const char *remote,
			    int *moved,
			    struct mv_err *err)
{
	struct mv_git_peer peer;
	char tip[65] = "";
	int changed = 0;
	int rc = mv_transfer_peer_find(&peer, repo, remote, err);

	if (!rc && peer.name)
		rc = remote_tip(tip, repo, peer.name, err);
	if (!rc && *tip)
		rc = unite(repo, peer.name, peer.tracking, tip, &changed, err);
	/* Only of one with a name it is known later which was asked. */
	if (!rc && peer.tracking)
		rc = mv_transfer_asked(repo, MV_ASKED_RECORDS, peer.name,
				       !*tip, err);
	if (moved)
		*moved = changed;
	mv_transfer_peer_release(&peer);
	return rc;
}

/* -- pushing -------------------------------------------------------------- */

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
static int push_once(struct mv_repo *repo, const struct mv_git_peer *peer,
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

static int push_peer(struct mv_repo *repo, const struct mv_git_peer *peer,
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
	if (rc != MV_EEXISTS)
		return rc;
	if (err)
		err->code = MV_EIO;
	return MV_EIO;
}

int mv_evidence_notes_push(struct mv_repo *repo, const char *remote, int *moved,
			   struct mv_err *err)
{
	struct mv_git_peer peer;
	char ours[65];
	int changed = 0;
	int rc = mv_transfer_peer_find(&peer, repo, remote, err);

	if (!rc && peer.name)
		rc = local_tip(ours, repo, MV_NOTES_REF, err);
	if (!rc && peer.name && *ours)
		rc = push_peer(repo, &peer, &changed, err);
	if (moved)
		*moved = changed;
	mv_transfer_peer_release(&peer);
	return rc;
}

int mv_evidence_notes_unpushed(int *yes, char *since, struct mv_repo *repo,
			       const char *remote, struct mv_err *err)
{
	struct mv_git_peer peer;
	char ours[65];
	int rc = local_tip(ours, repo, MV_NOTES_REF, err);

	*yes = 0;
	*since = '\0';
	if (rc || !*ours)
		return rc;
	rc = mv_transfer_peer_find(&peer, repo, remote, err);
	if (!rc)
		rc = local_tip(since, repo, peer.tracking, err);
	*yes = !rc && peer.name && strcmp(since, ours);
	mv_transfer_peer_release(&peer);
	return rc;
}

const char *mv_evidence_notes_hint(struct mv_repo *repo)
{
	char tip[65], *name = NULL;
	int silent = local_tip(tip, repo, MV_NOTES_REF, NULL) || *tip ||
		     mv_transfer_default_remote(&name, repo, NULL) || !name;

	free(name);
	return silent ? NULL : "there are no records here, and a clone brings "
			       "none; `git model fetch` gets them";
}

/* -- bringing it here ----------------------------------------------------- */

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
	if (MV_GROW(l->v, l->alloc, l->count + 1, err) < 0)
		return MV_ENOMEM;
	l->v[l->count++] = *pointer;
	return 0;
}

static int evidence_notes_by_oid(const void *a, const void *b)
{
	const struct mv_pointer *x = a, *y = b;

	return memcmp(x->oid.b, y->oid.b, sizeof(x->oid.b));
}

/* Many records have one list of packages. */
static void each_once(struct lacking *l)
{
	size_t n = 0;

	if (l->count)
		qsort(l->v, l->count, sizeof(*l->v), evidence_notes_by_oid);
	for (size_t i = 0; i < l->count; i++)
		if (!n || evidence_notes_by_oid(&l->v[n - 1], &l->v[i]))
			l->v[n++] = l->v[i];
	l->count = n;
}

int mv_evidence_fetch_attached(struct mv_repo *repo, size_t *brought,
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
		rc = mv_transfer_need(repo, l.v, l.count, present, err);
	for (size_t i = 0; !rc && i < l.count; i++)
		++*(present[i] ? brought : missing);
	free(present);
	free(l.v);
	return rc;
}
