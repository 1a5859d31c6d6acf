/* SPDX-License-Identifier: MIT */
#ifndef MV_SUBJECT_RELEASE_H
#define MV_SUBJECT_RELEASE_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/meta/facts.h"
#include "libmv/meta/registry.h"

/*
 * Versions and stages as the tags have them (docs/format/tags.md), read and
 * followed to content. meta/registry.c says what the names of tags add up to.
 *
 * A tag is believed when its object says the same name as its ref, and its
 * trailers can be read. One that is not is an error where it counts; nothing
 * older is ever taken instead of it. Signatures are trust's question, and
 * whether what the trailers say is still so is that of `proof`.
 */
struct mv_repo;
struct mv_subject;

/* -- reading -------------------------------------------------------------- */

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

void mv_subject_events_release(struct mv_events *events);

/* `artifact` NULL: of all. One git process for the refs, one for the tags. */
int mv_subject_events(struct mv_events *out, struct mv_repo *repo,
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

void mv_subject_version_clear(struct mv_release *r);

int mv_subject_version(struct mv_release *out, struct mv_repo *repo,
		       const char *spec, struct mv_err *err);

/* Has it one of these forms, whether or not there is such a thing? Pure. */
int mv_subject_version_spec_ok(const char *spec);

/* "NAME" and "@v1.2.0", "v1.2.0", "@latest" or "stage" as one spec; yours.
   NULL: no memory. Pure, and says nothing of whether there is such a thing. */
char *mv_subject_join(const char *name, const char *word);

/*
 * Of a list of names, are these two one? They are when the second begins with
 * an '@', or is a version or a stage that the tags know of the first, and no
 * file or artifact that is here has its name, nor a file that of the first.
 * *spec is yours; NULL: they are two.
 */
int mv_subject_two_words(char **spec, struct mv_repo *repo, const char *name,
			 const char *word, struct mv_err *err);

/*
 * Its content, in its commit: by .gitmodel/config there, else where the work
 * tree's, the artifact's tags or the path's earlier names say. MV_EDENIED: the tag
 * has a trailer Model-Content that says another.
 */
int mv_subject_of_version(struct mv_subject *out, struct mv_repo *repo,
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

int mv_subject_holders(struct mv_holders *out, struct mv_repo *repo,
		       const struct mv_registry *registry, const char *artifact,
		       struct mv_err *err);

void mv_subject_holders_release(struct mv_holders *holders);

/* Its tag, without "refs/tags/". */
const char *mv_subject_event_name(const struct mv_event *e);

/* One event, read from its tag; release it. */
int mv_subject_event_read(struct mv_event_info *out, struct mv_repo *repo,
			  const struct mv_registry *r, const struct mv_event *e,
			  struct mv_err *err);

void mv_subject_event_release(struct mv_event_info *info);

/* "fraud@v1", "fraud#production", "fraud@latest", in its parts. */
struct mv_release_spec {
	char *artifact;
	char sign;		/* @ or # */
	const char *word;
};

/* MV_ENOENT: there is no such version, or nobody holds the stage. */
int mv_subject_no_version(const struct mv_release_spec *spec,
			  const struct mv_registry *r, struct mv_err *err);

/* Had it this version once, whatever became of it? */
int mv_subject_was_registered(const struct mv_registry *r, const char *artifact,
			      const char *version);

#endif
