/* SPDX-License-Identifier: MIT */
#ifndef MV_GIT_NOTES_H
#define MV_GIT_NOTES_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/git/git.h"
#include "libmv/git/objects.h"

/*
 * notes: blobs in a tree, named by the object that they speak of
 * (docs/design/notes.md).
 *
 * Object names are hex, 40 or 64 digits; paths are relative to the top of the
 * work tree, any bytes but NUL.
 */
/*
 * Notes are a tree of blobs named by the object they speak of, with folders
 * of two digits as it grows; one object's notes at several depths are read
 * as one text. Objects are full hex. A note never passes `max_len`: larger
 * ones are MV_ENOMEM with the object named. `fn` gets every object in order,
 * its own name as `hex`, and no data where there is no note; a ref that does
 * not exist has none. `ref` may be the hex of a commit. MV_ECORRUPT: there is
 * something on the way that is no note, such as "abc/def.." or a link.
 */
int mv_git_notes_read(struct mv_git *git, const char *ref,
		      const char *const *objects, size_t count,
		      size_t max_len, mv_git_data_fn fn, void *payload,
		      struct mv_err *err);
/* The same of a state that nobody vouches for, to compare with: what is no
   note is passed over, and with `links` a link counts as the note whose name
   it has. */
int mv_git_notes_read_loose(struct mv_git *git, const char *ref, int links,
			    const char *const *objects, size_t count,
			    size_t max_len, mv_git_data_fn fn, void *payload,
			    struct mv_err *err);
/*
 * Is a commit's tree all notes, and nothing else? Every path the name of an
 * object with folders of two digits, each object once, regular files of mode
 * 100644 of at most `max_len` bytes, no tree in it twice. MV_ECORRUPT with
 * the first that is not. The work is bounded by the trees that there are:
 * one that stands in two places ends it, because names of objects never give
 * that, and a few shared trees could list without end.
 */
int mv_git_notes_check(struct mv_git *git, const char *commit,
		       size_t max_len, struct mv_err *err);
/*
 * Everything in the tree of a commit, whatever it is, each tree of it looked
 * at once: `object` is what its path names without the slashes, or "" when
 * that is no object's name or it is no blob; `proper` whether it is a note
 * where readers look. For who mends.
 */
typedef int (*mv_git_notes_entry_fn)(void *payload, const char *path,
				     const char *object, const char *blob,
				     int proper, struct mv_err *err);
int mv_git_notes_entries(struct mv_git *git, const char *commit,
			 mv_git_notes_entry_fn fn, void *payload,
			 struct mv_err *err);
/* Every note of a ref or commit, in the order of the objects' names; an
   object with notes at several depths comes once for each. */
typedef int (*mv_git_note_fn)(void *payload, const char *object,
			      const char *note_blob, struct mv_err *err);
int mv_git_notes_each(struct mv_git *git, const char *ref, mv_git_note_fn fn,
		      void *payload, struct mv_err *err);
/*
 * Put these whole notes in the place of what the objects have, in one commit
 * on top of `tip` ("": the ref must not exist yet) with `second` as another
 * parent (NULL: none), and move the ref there. Trees are changed only where
 * notes changed; other entries stay as they are. MV_EEXISTS: the ref is not
 * at `tip` any more: read again and try again.
 */
struct mv_git_note {
	const char *object;
	const void *data;
	size_t len;
};
int mv_git_notes_write(struct mv_git *git, const char *ref, const char *tip,
		       const char *second, const struct mv_git_note *notes,
		       size_t count, const char *message, struct mv_err *err);

#endif
