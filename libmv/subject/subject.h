/* SPDX-License-Identifier: MIT */
#ifndef MV_SUBJECT_H
#define MV_SUBJECT_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/meta/manifest.h"
#include "libmv/meta/project.h"
#include "libmv/store/pointer.h"

/*
 * subject: which artifact, version, stage or file does a person mean? One
 * grammar for all commands, and what .gitmodel/config says in a commit. Reads
 * git; nothing is written. MV_ENOENT where nothing is meant, with the nearest
 * name in the message.
 */
struct mv_repo;
struct mv_subject;

/* MV_ENOENT, with a message, when one of them names nothing: no file here,
   none that is staged, and none of HEAD. */
int mv_subject_paths_exist(struct mv_repo *repo, const char *const *pathspecs,
			   struct mv_err *err);

/*
 * MV_ENOENT where a pathspec that a person typed matches nothing that git
 * knows; with `there`, also where a path is deleted in the
 * work tree or outside of a sparse checkout. NULL is all of the repository.
 */
int mv_subject_check_named(struct mv_repo *repo, const char *const *pathspecs,
			   int there, struct mv_err *err);

/* As mv_subject_project(), but borrowed until the next call. */
int mv_subject_project_at(const struct mv_project **out, struct mv_repo *repo,
			  const char *commit, struct mv_err *err);

/* Is `object` (hex) the pointer to this content, in either dialect, as we would
   write it? What is asked of a note whose pointer is not here to be read. */
int mv_subject_is_pointer_to(struct mv_repo *repo, const char *object,
			     const struct mv_oid *content, uint64_t size);

/* The text of a manifest and the pointer that stands for it. */
#define MV_MANIFEST_BYTES ((size_t)256 << 20)

int mv_subject_manifest_pointer(struct mv_pointer *out, struct mv_buf *text,
				struct mv_manifest *members, struct mv_err *err);

/* An artifact in a commit (NULL: the index), where that commit's own
   .gitmodel/config has it, else elsewhere. */
int mv_subject_artifact_at(struct mv_subject *out, struct mv_repo *repo,
			   const char *name, const char *commit,
			   struct mv_err *err);

/* In a commit, where the present config, the artifact's tags (Model-Path) or
   the names that its path went by have it; MV_ENOENT. */
int mv_subject_artifact_elsewhere(struct mv_subject *out, struct mv_repo *repo,
				  const char *name, const char *commit,
				  struct mv_err *err);

/* Of its greatest version; MV_ENOENT: none is registered. */
int mv_subject_artifact_newest(struct mv_subject *out, struct mv_repo *repo,
			       const char *name, struct mv_err *err);

/* -- what a person names -------------------------------------------------- */

/*
 *	NAME		artifact of .gitmodel/config, as the index has it
 *	NAME@v1.2.0	that version; NAME@latest: the greatest
 *	NAME#stage	what holds that stage
 *	PATH		in the index; a directory: all files in it
 *	PATH@REV, NAME@REV, REV:PATH	in a commit
 *	oid		"sha256:<hex>", or 64 (or at least 7) hex digits
 *
 * What people type in two words ("NAME" "stage", "NAME" "@v1.2.0") is joined
 * by mv_subject_join() before. Tried in that order; a spec that two of them answer is answered by the
 * first. PATHs are relative to where the command was started; that of
 * REV:PATH is from the top unless it begins with "./", as in git. In a bare
 * repository HEAD takes the place of the index.
 */
struct mv_subject {
	char *spec;		/* as it was typed */
	char *artifact;		/* its name in .gitmodel/config, or NULL */
	char *path;		/* from the top; NULL for a bare oid */
	char *commit;		/* hex; NULL: the index, if there is one */
	char *version, *stage;	/* when named by one, or at that commit */
	int is_directory;
	struct mv_pointer pointer;	/* of a directory: of its manifest */
	char blob[65];		/* of the pointer's bytes: what notes hang on */
	struct mv_manifest members;	/* of a directory */
	char *beyond;	/* of a directory of which something lies elsewhere (a
			   link that leads out of it, a submodule): what, for
			   a person. Its members do not say all that it is; or
			   NULL */
};

void mv_subject_release(struct mv_subject *s);

/*
 * MV_ENOENT says what was tried and names near misses; MV_EINVALID: the path
 * is there but is not ours (git holds the bytes themselves).
 */
int mv_subject_find(struct mv_subject *out, struct mv_repo *repo,
		    const char *spec, struct mv_err *err);

/* The same for a path (from the top) in a commit or tree; NULL: the index. */
int mv_subject_find_at(struct mv_subject *out, struct mv_repo *repo,
		       const char *commit, const char *path,
		       struct mv_err *err);

/*
 * The content id of data at a path of a commit: as mv_subject_find_at() has
 * it, and of a file that git holds itself the SHA-256 of its bytes. MV_EINVALID:
 * what is there is neither, or not all of it is known.
 */
int mv_subject_data_at(struct mv_oid *out, struct mv_repo *repo,
		       const char *commit, const char *path, struct mv_err *err);

/*
 * All that these pathspecs match in the index (after an add): each file of
 * ours, and for a folder that is named itself its manifest, one subject.
 * `typed`: by a person (mv_git_typed).
 */
int mv_subject_list(struct mv_subject **out, size_t *count,
		    struct mv_repo *repo, const char *const *pathspecs,
		    int typed, struct mv_err *err);

void mv_subject_list_release(struct mv_subject *subjects, size_t count);

/*
 * .gitmodel/config of a commit (NULL: the work tree's; where there is no work
 * tree, HEAD's). No such file is an empty project. Yours to release.
 */
int mv_subject_project(struct mv_project *out, struct mv_repo *repo,
		       const char *commit, struct mv_err *err);

/*
 * The text of a file of .gitmodel/ ("policy") in a commit; NULL: as the work
 * tree has it. `text` has room for two bytes more than `max`. MV_ENOENT: there
 * is none; MV_EINVALID: it is larger than `max` bytes.
 */
int mv_subject_team_file(struct mv_buf *text, struct mv_repo *repo,
			 const char *commit, const char *name, size_t max,
			 struct mv_err *err);

/*
 * "NAME PATH": a name for a path of the index that has none, written into the
 * work tree's .gitmodel/config; it counts from the commit on that has it
 *. `arg` may be a revision instead, or nothing that is there:
 * _NONE, and nothing is done. Without `only_name` more is wanted than a name,
 * which then must be there. MV_EEXISTS: the name has another path;
 * MV_EINVALID: what is there cannot have one, or `arg` is both.
 */
enum mv_naming {
	MV_NAMING_NONE,
	MV_NAMING_NEW,
	MV_NAMING_SAME		/* the name has that path already */
};

int mv_subject_name_artifact(enum mv_naming *out, struct mv_repo *repo,
			     const char *name, const char *arg, int only_name,
			     struct mv_err *err);

#endif
