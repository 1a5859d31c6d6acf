/* SPDX-License-Identifier: MIT */
#ifndef MV_RELEASE_H
#define MV_RELEASE_H

#include <stddef.h>

#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"
#include "libmv/meta/version.h"
#include "libmv/store/pointer.h"

/*
 * release: how is a version named, and brought back? Annotated tags are made
 * here (docs/format/tags.md), and the files of a version are checked out.
 * Hidden: how two people who decide at once do not overwrite each other.
 */
struct mv_checkout_stats;
struct mv_release;
struct mv_repo;
struct mv_subject;

/* `git fetch` with --no-tags and nothing but what is said:
   `how` is one more option, `specs` refspecs, `in` refspecs by lines; each may
   be NULL. */
int mv_release_git_fetch(struct mv_repo *repo, const char *remote,
			 const char *how, const char *const *specs,
			 const struct mv_buf *in, struct mv_err *err);

/* -- writing -------------------------------------------------------------- */

enum mv_tag_flags {
	MV_TAG_SIGN = 1 << 0,	/* else as tag.gpgSign says */
	MV_TAG_FORCE = 1 << 1
};

/*
 * Make the annotated tag of one event. 1. `decide` is shown the registry of
 * `tag.artifact` as it is now, and refuses (any error) or fills in what is
 * missing: version, counter, commit; trailers it adds anew each time. NULL:
 * all is said already. 2. With `tag.counter` 0 the next counter is taken; -1
 * means none. 3. The tag is
 * made if no ref has its name. Had somebody else just taken it, everything is
 * done again from 1., with the registry that is then (at most 10 times; with
 * neither `decide` nor a counter, MV_EEXISTS at once). So what `decide` saw is what the tag follows
 * on: `artifact#stage#N` is a compare-and-swap. Between clones, git's push
 * is: who is refused there deletes the tag, fetches, and decides again.
 *
 * `*name` (yours) is the tag made, without "refs/tags/".
 */
struct mv_tag_event {
	struct mv_tag tag;
	char *commit;		/* hex */
	char *message;		/* NULL: a subject is made */
	struct mv_buf trailers;	/* see mv_release_tag_trailer() */
	unsigned flags;		/* MV_TAG_SIGN */
};

void mv_release_tag_init(struct mv_tag_event *event);

void mv_release_tag_clear(struct mv_tag_event *event);

/* Append one; MV_EINVALID: `value` is empty or more than one line. */
int mv_release_tag_trailer(struct mv_tag_event *event, const char *key,
			   const char *value, struct mv_err *err);

typedef int (*mv_tag_decide_fn)(void *payload, struct mv_tag_event *event,
				const struct mv_registry *registry,
				struct mv_err *err);

int mv_release_tag(char **name, struct mv_repo *repo,
		   struct mv_tag_event *event, mv_tag_decide_fn decide,
		   void *payload, struct mv_err *err);

/*
 * Register a version of an artifact of .gitmodel/config at `rev`. Refused:
 * MV_EEXISTS, a version that there was already, also when it was taken back;
 * a second one at one commit (unless forced); MV_EINVALID, an artifact that
 * is not in .gitmodel/config at that commit, or whose path is not there or
 * not ours; a deprecated artifact (unless forced). Content that is neither
 * here nor at the remote is warned of.
 */
struct mv_register {
	const char *artifact;
	const char *version;	/* NULL: the next after the greatest */
	enum mv_bump bump;
	const char *rev;	/* NULL: HEAD */
	const char *message;	/* NULL: a subject is made */
	unsigned flags;		/* MV_TAG_... */
};

struct mv_registered {
	char *tag;		/* without "refs/tags/" */
	char *artifact, *version, *commit;
	char *path;
	struct mv_pointer pointer;
};

void mv_release_registered_clear(struct mv_registered *r);

int mv_release_register(struct mv_registered *out, struct mv_repo *repo,
			const struct mv_register *ask, struct mv_err *err);

/* Take a version back. MV_ENOENT: it is not active. A stage that it holds is
   MV_EEXISTS, unless forced. *tag is yours. */
int mv_release_deregister(char **tag, struct mv_repo *repo,
			  const char *artifact,
			  const char *version, const char *message,
			  unsigned flags, struct mv_err *err);

/* MV_ENOENT: nothing of that name is registered; MV_EEXISTS: it is already. */
int mv_release_deprecate(char **tag, struct mv_repo *repo, const char *artifact,
			 const char *message, unsigned flags,
			 struct mv_err *err);

/* -- into the work tree --------------------------------------------------- */

struct mv_checkout_release {
	unsigned flags;		/* MV_CHECKOUT_FORCE: over what was changed */
	/* What was put there; `left` files in a directory that are not of that
	   version were left where they are. */
	void (*tell)(void *payload, const struct mv_release *release,
		     const struct mv_subject *subject, size_t left);
	void *payload;
};

/*
 * Put these versions (specs of mv_subject_version()) at their paths, index and
 * work tree, as `git checkout <commit> -- <path>` would. First everything is
 * looked at and fetched: when content is missing (MV_ENOENT) or a file has
 * changes that are neither committed nor forced away (MV_EEXISTS), nothing is
 * touched.
 */
int mv_release_checkout(struct mv_repo *repo, const char *const *specs,
			size_t count,
			const struct mv_checkout_release *options,
			struct mv_checkout_stats *stats,
			struct mv_err *err);

/* The same for every artifact of the work tree's .gitmodel/config that holds
   the stage; *count of them. MV_ENOENT: none does. */
int mv_release_checkout_stage(struct mv_repo *repo, const char *stage,
			      const struct mv_checkout_release *options,
			      struct mv_checkout_stats *stats, size_t *count,
			      struct mv_err *err);

/* -- tags that are elsewhere ---------------------------------------------- */

struct mv_registry_fetched {
	size_t tags;		/* that were not here, `mended` ones included */
	size_t mended;		/* were here as bare commits, which say nothing */
	size_t differing;	/* are another tag object there: left as they are */
};

/* All of a git remote's tags in the registry's grammar, reachable or not.
   `remote`: NULL for the one that records come from; none is fine. */
int mv_release_fetch(struct mv_registry_fetched *out,
		     struct mv_repo *repo, const char *remote,
		     void (*say)(void *payload, const char *text),
		     void *payload, struct mv_err *err);

#endif
