/* SPDX-License-Identifier: MIT */
#ifndef MV_TRANSFER_H
#define MV_TRANSFER_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/store/tx.h"

/*
 * transfer: how does content get here, and there? Which remote a name means,
 * which store it has, what a push must bring along, and fetching what is
 * needed and not here. Hidden: URLs, the order in which remotes are asked, and
 * that a push names its pointers only when the content is there.
 *
 * A remote that cannot be asked is no remote that has nothing: pushing fails,
 * fetching says so. Progress and warnings go through the repository.
 */
struct mv_pointer;
struct mv_repo;

/* -- content -------------------------------------------------------------- */

/*
 * What does `spec` stand for: "REV:PATH", ":PATH" (index), or an oid (64 hex
 * digits, "sha256:" may precede)? MV_ENOENT, MV_EINVALID (not a pointer).
 */
int mv_transfer_resolve(struct mv_pointer *out, struct mv_repo *repo,
			const char *spec, struct mv_err *err);

/*
 * Make sure that these contents can be read, fetching what is missing.
 * `present` (may be NULL) gets one byte each. Missing content is not an
 * error here.
 */
int mv_transfer_need(struct mv_repo *repo, const struct mv_pointer *pointers,
		     size_t count, uint8_t *present, struct mv_err *err);

/* Stream it; MV_ENOENT says where it was looked for and what to do. */
int mv_transfer_read(struct mv_repo *repo, const struct mv_pointer *pointer,
		     struct mv_writer *out, struct mv_err *err);

int mv_transfer_read_at(struct mv_repo *repo, const struct mv_pointer *pointer,
			uint64_t off, void *data, size_t len, size_t *got,
			struct mv_err *err);

/* -- remotes -------------------------------------------------------------- */

/*
 * Which store goes with a git remote (NULL: the default one)? In order:
 * modelremote.<name>.url; `model.remote` (a name); where the git remote is a
 * local path, the store in that repository (*url is yours). MV_ENOENT says
 * how to configure one.
 */
int mv_transfer_remote_url(char **url, struct mv_repo *repo, const char *name,
			   struct mv_err *err);

/*
 * Make the store of a remote that is about to be configured, where it is a
 * directory of its own. In a git repository a push makes it. Nothing else ever
 * makes one: an empty folder may be the mount point of a disk that is away.
 */
int mv_transfer_remote_make(struct mv_repo *repo, const char *url,
			    struct mv_err *err);

struct mv_transfer_stats {
	uint64_t contents, skipped, missing;
	struct mv_tx_stats tx;
};

/* Upload what `revs` (rev-list arguments) reach. What is at neither end is
   counted (stats->missing), and no error here. */
int mv_transfer_push(struct mv_repo *repo, const char *remote,
		     const char *const *revs, struct mv_transfer_stats *stats,
		     struct mv_err *err);

/* Download what `revs` reach (NULL: the index). MV_ENOENT: a `remote` that is
   no remote, URL or path of a repository, whether anything is to come or not;
   NULL: from wherever it is. */
int mv_transfer_fetch(struct mv_repo *repo, const char *remote,
		      const char *const *revs, struct mv_transfer_stats *stats,
		      struct mv_err *err);

/*
 * Where fetching (from `remote`, or NULL) looks for content, for a person:
 * "'/a/store', '/b/model' (no store there)"; nothing is added where it knows
 * of no place.
 */
int mv_transfer_places(struct mv_buf *out, struct mv_repo *repo,
		       const char *remote, struct mv_err *err);

/*
 * Which of these contents are at a remote? Nothing is fetched; a remote that
 * does not answer has nothing.
 */
int mv_transfer_elsewhere(struct mv_repo *repo,
			  const struct mv_pointer *pointers,
			  size_t count, uint8_t *elsewhere, struct mv_err *err);

/* Upload what records have attached that this remote is not known to have
   (`since`: the notes that it has; NULL: look at all), to where `url` (NULL:
   ask git) leads. Never an error. */
void mv_transfer_push_attached(struct mv_repo *repo, const char *remote,
			       const char *url, const char *since,
			       struct mv_transfer_stats *stats);

/* The git remote where notes travel: model.remote where git knows it, else
   origin, else the only one; NULL: there is none, or several. MV_EINVALID:
   model.remote names nothing. */
int mv_transfer_default_remote(char **out, struct mv_repo *repo,
			       struct mv_err *err);

/* The same where one is needed: NULL: there is none at all. MV_EINVALID, too,
   where it could be several, which it names. */
int mv_transfer_choose_remote(char **out, struct mv_repo *repo,
			      struct mv_err *err);

/* The git remote that notes and tags are fetched from: a name or
   URL, yours; NULL: there is none. `remote` is NULL: as it is chosen
   (mv_transfer_choose_remote). */
int mv_transfer_peer(char **name, struct mv_repo *repo, const char *remote,
		     struct mv_err *err);

/* Where notes go, and where they come from; release it. */
struct mv_git_peer {
	char *name;		/* or a URL; NULL: there is none */
	char *from;		/* where it is fetched from, when pushing */
	char *tracking;		/* full ref, kept; NULL: none for this one */
};

int mv_transfer_peer_find(struct mv_git_peer *out, struct mv_repo *repo,
			  const char *name, struct mv_err *err);

void mv_transfer_peer_release(struct mv_git_peer *peer);

/* -- a push that git makes ------------------------------------------------ */

/* rev-list arguments, each list ended by NULL. */
struct mv_push_refs {
	const char *remote;		/* as git calls it: a name or a URL */
	const char *url;		/* where git pushes to */
	const char *const *pushed;	/* all that the refs reach which are
					   pushed */
	const char *const *newer;	/* without what the remote is known to
					   have */
	const char *const *known;	/* without what git has just seen there;
					   NULL: nothing is pushed */
};

/* "^<oid>\0" for each ref of the repository there, of one length: none where it
   does not answer, or some where there are very many. */
void mv_transfer_ask_refs(struct mv_buf *haves, struct mv_repo *repo,
			  const char *url);

/*
 * In a partial clone: fetch what git will send and what is not here, so that
 * it is seen which contents go along. An error where it cannot be had.
 */
int mv_transfer_bring_pushed(struct mv_repo *repo,
			     const struct mv_push_refs *refs,
			     struct mv_err *err);

int mv_transfer_push_refs(struct mv_repo *repo, const struct mv_push_refs *refs,
			  struct mv_transfer_stats *stats, struct mv_err *err);

/*
 * Contents that what this git remote is known to have needs, and that are not
 * in its store: a push has left them behind, or the store has lost them.
 */
struct mv_push_gaps {
	size_t here, nowhere;	/* can be uploaded; cannot */
};

int mv_transfer_push_gaps(struct mv_push_gaps *out, struct mv_repo *repo,
			  const char *name, struct mv_err *err);

#endif
