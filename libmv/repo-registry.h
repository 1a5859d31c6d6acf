/* SPDX-License-Identifier: MIT */
#ifndef MV_REPO_REGISTRY_H
#define MV_REPO_REGISTRY_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/meta/meta.h"
#include "libmv/repo-evidence.h"
#include "libmv/repo.h"

/*
 * The verbs of the registry, over mv_repo: versions and stages as annotated
 * tags (docs/format/tags.md). meta/registry.c says what the names of tags add
 * up to; here the tags are made, read, and followed to content. What it
 * hides: how two people who decide at once do not overwrite each other, and
 * that a tag object may have been put under a name that is not its own.
 *
 * A tag is believed when its object says the same name as its ref, and its
 * trailers can be read. One that is not is an error where it counts; nothing
 * older is ever taken instead of it. Signatures are trust's question, and
 * whether what the trailers say is still so is that of `verify`.
 */

/* -- reading (repo-registry.c) --------------------------------------------------- */

/* What the tag object of an event says. Who and when are claims. */
struct mv_event_info {
	int64_t when;		/* seconds since 1970 */
	char *name, *email;	/* of the tagger */
	char *message;		/* without a signature */
	struct mv_facts trailers;
	const char *version;	/* that it speaks of; NULL: none is known */
	int active;		/* is that version active, and at its commit? */
	const char *problem;	/* why it is not believed; NULL: it is */
};
/* A registry with all its tag objects; info[i] belongs to registry.v[i]. */
struct mv_events {
	struct mv_registry registry;
	struct mv_event_info *info;
};
void mv_events_release(struct mv_events *events);
/* `artifact` NULL: of all. One git process for the refs, one for the tags. */
int mv_repo_events(struct mv_events *out, struct mv_repo *repo,
		   const char *artifact, struct mv_err *err);

/*
 * What does "NAME@v1.2.0", "NAME@latest", "NAME#stage" name? Reads the refs of
 * that artifact and one tag. MV_EINVALID: it is none of these forms (then it
 * may be a path); MV_ENOENT: nobody registered or assigned that; MV_EDENIED:
 * the tag is not believed; MV_ECORRUPT: the stage's assignment names nothing
 * that is active.
 */
struct mv_release {
	char *artifact, *version;	/* version: "v1.2.0" */
	char *stage;			/* when asked for by stage; or NULL */
	char *commit;
	char *tag;			/* name of the tag: registration, or
					   assignment when asked by stage */
	char *tag_oid;
	struct mv_facts trailers;	/* of that tag */
};
void mv_release_clear(struct mv_release *r);
int mv_repo_release(struct mv_release *out, struct mv_repo *repo,
		    const char *spec, struct mv_err *err);
/* Has it one of these forms, whether or not there is such a thing? Pure. */
int mv_release_spec_ok(const char *spec);
/*
 * Its content, in its commit: by .gitmodel/config there, else where the work
 * tree's, the artifact's tags or the path's earlier names say. MV_EDENIED: the tag
 * has a trailer Model-Content that says another.
 */
int mv_repo_release_subject(struct mv_subject *out, struct mv_repo *repo,
			    const struct mv_release *release,
			    struct mv_err *err);

/*
 * What holds the stages now, by what the tags' messages say. `version` NULL:
 * none that is registered at that commit. `stands`: that is so because the tag
 * names none; else it names one that is not there any more, and no other
 * version of that commit holds the stage in its place. Events are borrowed
 * from the registry.
 */
struct mv_holders {
	struct mv_holder {
		const struct mv_event *event, *version;
		int stands;	/* with a version, too */
	} *v;
	size_t count;
};
int mv_repo_holders(struct mv_holders *out, struct mv_repo *repo,
		    const struct mv_registry *registry, const char *artifact,
		    struct mv_err *err);
void mv_holders_release(struct mv_holders *holders);

/* -- writing --------------------------------------------------------------------- */

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
	struct mv_buf trailers;	/* see mv_tag_event_trailer() */
	unsigned flags;		/* MV_TAG_SIGN */
};
void mv_tag_event_init(struct mv_tag_event *event);
void mv_tag_event_release(struct mv_tag_event *event);
/* Append one; MV_EINVALID: `value` is empty or more than one line. */
int mv_tag_event_trailer(struct mv_tag_event *event, const char *key,
			 const char *value, struct mv_err *err);
typedef int (*mv_tag_decide_fn)(void *payload, struct mv_tag_event *event,
				const struct mv_registry *registry,
				struct mv_err *err);
int mv_repo_tag_event(char **name, struct mv_repo *repo,
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
void mv_registered_release(struct mv_registered *r);
/*
 * "NAME PATH": a name for a path of the index that has none, written into the
 * work tree's .gitmodel/config; it counts from the commit on that has it
 * (repo-name.c). `arg` may be a revision instead, or nothing that is there:
 * _NONE, and nothing is done. Without `only_name` more is wanted than a name,
 * which then must be there. MV_EEXISTS: the name has another path;
 * MV_EINVALID: what is there cannot have one, or `arg` is both.
 */
enum mv_naming {
	MV_NAMING_NONE,
	MV_NAMING_NEW,
	MV_NAMING_SAME		/* the name has that path already */
};
int mv_repo_name_artifact(enum mv_naming *out, struct mv_repo *repo,
			  const char *name, const char *arg, int only_name,
			  struct mv_err *err);
int mv_repo_register(struct mv_registered *out, struct mv_repo *repo,
		     const struct mv_register *ask, struct mv_err *err);
/* Take a version back. MV_ENOENT: it is not active. A stage that it holds is
   MV_EEXISTS, unless forced. *tag is yours. */
int mv_repo_deregister(char **tag, struct mv_repo *repo, const char *artifact,
		       const char *version, const char *message,
		       unsigned flags, struct mv_err *err);
/* MV_ENOENT: nothing of that name is registered; MV_EEXISTS: it is already. */
int mv_repo_deprecate(char **tag, struct mv_repo *repo, const char *artifact,
		      const char *message, unsigned flags,
		      struct mv_err *err);

/* -- into the work tree (repo-release.c) -------------------------------------------- */

struct mv_checkout_release {
	unsigned flags;		/* MV_CHECKOUT_FORCE: over what was changed */
	/* What was put there; `left` files in a directory that are not of that
	   version were left where they are. */
	void (*tell)(void *payload, const struct mv_release *release,
		     const struct mv_subject *subject, size_t left);
	void *payload;
};
/*
 * Put these versions (specs of mv_repo_release()) at their paths, index and
 * work tree, as `git checkout <commit> -- <path>` would. First everything is
 * looked at and fetched: when content is missing (MV_ENOENT) or a file has
 * changes that are neither committed nor forced away (MV_EEXISTS), nothing is
 * touched.
 */
int mv_repo_checkout_release(struct mv_repo *repo, const char *const *specs,
			     size_t count,
			     const struct mv_checkout_release *options,
			     struct mv_checkout_stats *stats,
			     struct mv_err *err);
/* The same for every artifact of the work tree's .gitmodel/config that holds
   the stage; *count of them. MV_ENOENT: none does. */
int mv_repo_checkout_stage(struct mv_repo *repo, const char *stage,
			   const struct mv_checkout_release *options,
			   struct mv_checkout_stats *stats, size_t *count,
			   struct mv_err *err);

/* -- tags that are elsewhere (repo-registry-fetch.c) ---------------------------- */

struct mv_registry_fetched {
	size_t tags;		/* that were not here, `mended` ones included */
	size_t mended;		/* were here as bare commits, which say nothing */
	size_t differing;	/* are another tag object there: left as they are */
};
/* All of a git remote's tags in the registry's grammar, reachable or not.
   `remote`: NULL for the one that records come from; none is fine. */
int mv_repo_registry_fetch(struct mv_registry_fetched *out,
			   struct mv_repo *repo, const char *remote,
			   void (*say)(void *payload, const char *text),
			   void *payload, struct mv_err *err);


/* -- tags that stand in the way (repo-blocked.c) ---------------------------------- */

struct mv_policy;
/* Names of artifacts as tags spell them, sorted, each at most a few times. */
struct mv_tag_names {
	char **v;
	size_t count;
	const struct mv_policy *policy;	/* of its stages; borrowed, or NULL */
};
/* Those that the registry has events of, and those of the project (or NULL) and
   of a policy (or NULL). */
int mv_tag_names_read(struct mv_tag_names *out, const struct mv_registry *r,
		      const struct mv_policy *policy, struct mv_err *err);
void mv_tag_names_release(struct mv_tag_names *names);
int mv_tag_names_have(const struct mv_tag_names *names, const char *name);
/*
 * A tag (without refs/tags/): which one of the registry, which artifact's, or
 * which of a stage that the policy speaks of, can never be made as long as it is
 * there? Into *what, yours; NULL: none.
 */
int mv_tag_blocks(char **what, const struct mv_tag_names *names,
		  const char *name, struct mv_err *err);

#endif
