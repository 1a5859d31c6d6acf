/* SPDX-License-Identifier: MIT */
#ifndef MV_META_LEDGER_H
#define MV_META_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"
#include "libmv/git/git.h"

/*
 * ledger: lines in the notes on pointer blobs, which many people write at once
 * and of which none is ever lost (docs/design/notes.md). What a line says is
 * record's; a line that nobody can read is kept.
 *
 * All bytes from notes, tags and files are hostile: bounded, escaped by who
 * prints them. Structs are plain; each _release() frees what is inside and
 * leaves an empty struct. Not for use by two threads at once.
 */
#define MV_NOTES_REF "refs/notes/model"
#define MV_NOTES_REMOTES "refs/notes/model-remotes/"	/* + remote's name */
#define MV_NOTE_MAX ((size_t)1 << 20)
#define MV_NOTE_LINES 10000
/* Of that, what may be anything but what people sign: a quarter is kept for
   their votes, so that nobody can keep a veto out of a note by filling it. */
#define MV_NOTE_OTHERS (MV_NOTE_MAX / 4 * 3)
#define MV_NOTE_OTHER_LINES 7500
/* And of that, records: what is left is for a server's receipts. */
#define MV_NOTE_RECORDS (MV_NOTE_OTHERS - ((size_t)64 << 10))
#define MV_NOTE_RECORD_LINES 7000

/* The lines of one pointer blob's note, sorted by bytes, each once. */
struct mv_lines {
	const char **v;		/* into `text`, NUL-terminated */
	size_t count;
	char *text;
};
int mv_lines_have(const struct mv_lines *lines, const char *line);
void mv_lines_release(struct mv_lines *lines);
/* Of each of these pointer blobs (full hex), one element each. `ref` may be
   the hex of a commit, which must be there (MV_ENOENT). */
int mv_ledger_read(struct mv_lines *out, struct mv_git *git, const char *ref,
		   const char *const *blobs, size_t count,
		   struct mv_err *err);
/*
 * Append lines in one commit; whoever writes at the same time, nothing of
 * anybody is lost: read, unite, write, and again when the ref moved (with
 * growing pauses, up to `timeout_ms`, then MV_EBUSY). `lock_path`: a file
 * that writers on this machine wait at, so that they do not collide at all.
 * A line already there changes nothing. MV_ENOMEM: the note would pass
 * MV_NOTE_MAX or MV_NOTE_LINES, or, when one of the lines is no vote, what is
 * kept for votes. The pointer blobs must exist in git.
 */
struct mv_entry {
	const char *blob;	/* full hex of the pointer blob */
	const char *line;
};
int mv_ledger_append(struct mv_git *git, const char *lock_path,
		     const struct mv_entry *entries, size_t count,
		     const char *message, int timeout_ms,
		     struct mv_err *err);
/*
 * Unite another ref (a tracking ref) into MV_NOTES_REF: a set union of lines
 * per object, a merge commit with both parents, or a fast-forward. Foreign
 * lines are kept, whatever they are. *changed (may be NULL) says whether the
 * ref moved. Nothing is done when the other has nothing new.
 */
int mv_ledger_merge(struct mv_git *git, const char *lock_path,
		    const char *other, int *changed, int timeout_ms,
		    struct mv_err *err);
/* Lines of `a` that `b` has not, blank ones apart, in whatever order they are;
   the first of them points into `a`. Pure. */
struct mv_missing {
	size_t count;
	const char *first;	/* NULL: none */
	size_t first_len;
};
int mv_lines_missing(struct mv_missing *out, const char *a, size_t a_len,
		     const char *b, size_t b_len, struct mv_err *err);
/* Sorted union of two texts of lines, blank lines dropped. Pure. */
int mv_lines_unite(struct mv_buf *out, const char *a, size_t a_len,
		   const char *b, size_t b_len, struct mv_err *err);

#endif
