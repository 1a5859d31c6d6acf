/* SPDX-License-Identifier: MIT */
#ifndef MV_GIT_GIT_H
#define MV_GIT_GIT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"
#include "libmv/base/proc.h"

/*
 * What does the repository say? The only part that knows git: the `git`
 * program decides where the repository is and whether it may be trusted,
 * reads configuration, attributes and the index, resolves names and walks
 * history; libgit2 reads objects in this process where there are many of
 * them, and git where libgit2 1.5 cannot (SHA-256 object format, promised
 * objects of a partial clone). docs/design/git.md has the table of who does
 * what, and why. The stat data of the index is patched as bytes (index.c),
 * because nobody else keeps every extension. Programs that use this part
 * must ignore SIGPIPE.
 *
 * Paths are relative to the top of the work tree, '/'-separated, any bytes
 * but NUL. Object names are hex, 40 or 64 digits. A `struct mv_git` is used
 * by one thread at a time.
 */
struct mv_git;

/* For questions whose failure would read as an answer. */
#define MV_GIT_MUST_LOOK __attribute__((warn_unused_result))

struct mv_git_info {
	const char *dir;	/* where git is started; NULL: here */
	char *git_dir;		/* absolute */
	char *common_dir;	/* absolute; git_dir but in linked worktrees */
	char *work_tree;	/* absolute; NULL in a bare repository */
	char *index_path;	/* absolute; GIT_INDEX_FILE respected */
	char *prefix;		/* of the start directory: "" or "a/b/" */
	int sha256;		/* object format */
	size_t hex_len;		/* 40 or 64 */
};

/*
 * Find the repository around `dir` (NULL: the current directory) as git
 * itself would, GIT_DIR and safe.directory included. MV_ENOENT: not a
 * repository; MV_EDENIED: somebody else's, in git's words. `env` is borrowed
 * for the life of the object.
 */
int mv_git_open(struct mv_git **out, const char *dir,
		const struct mv_proc_env *env, struct mv_err *err);
/*
 * The same for somebody who will read objects right away: what does that is
 * started together with the git that looks for the repository.
 */
int mv_git_open_to_read(struct mv_git **out, const char *dir,
			const struct mv_proc_env *env, struct mv_err *err);
void mv_git_close(struct mv_git *git);
/* Nothing more will be asked, probably: git may end while we do the rest. */
void mv_git_hang_up(struct mv_git *git);
/*
 * Keep no program open while something else has the terminal: ^C would end
 * it behind our back. It is started again when it is needed.
 */
void mv_git_rest(struct mv_git *git);
const struct mv_git_info *mv_git_info(const struct mv_git *git);

/*
 * Run `git <args>`; a non-zero exit is MV_EIO with git's own words, and so is
 * output that ends within a line (or a field that ends with NUL).
 */
int mv_git_run(struct mv_git *git, const char *const *args, const void *in,
	       size_t in_len, struct mv_buf *out, struct mv_err *err);

/*
 * From now on a git that runs to its end must do so within `limit_ms` (0, as
 * in the beginning: no limit), or MV_EBUSY. For what talks to others, where a
 * credential helper or a server may be silent for ever.
 */
void mv_git_limit(struct mv_git *git, int limit_ms);

/*
 * From now on (0: no more) a git that runs to its end is given pathspecs that a
 * person typed: it reads them by GIT_LITERAL_PATHSPECS, GIT_GLOB_PATHSPECS,
 * GIT_NOGLOB_PATHSPECS and GIT_ICASE_PATHSPECS. No other git is shown these.
 */
void mv_git_typed(struct mv_git *git, int typed);

/*
 * The same for a question to which exit codes up to `last` are answers, which
 * is what *status gets. Any other end of it, a signal's too, is an error.
 */
MV_GIT_MUST_LOOK
int mv_git_ask(int *status, struct mv_git *git, const char *const *args,
	       int last, struct mv_buf *out, struct mv_err *err);

/* What it prints, piece by piece: for what may be as large as a model. An
   error when it does not exit with 0. */
typedef int (*mv_git_piece_fn)(void *payload, const void *data, size_t len,
			       struct mv_err *err);
int mv_git_stream(struct mv_git *git, const char *const *args,
		  mv_git_piece_fn fn, void *payload, struct mv_err *err);

/*
 * Ask ahead, and go on: the call that wants the answer finds it there
 * (mv_git_config*, mv_git_each_ref with the same prefixes). Never an error:
 * what went wrong is asked again then. Refs asked so are those of one moment,
 * for who only looks; moving one by mv_git_ref_set forgets them.
 */
void mv_git_ahead_config(struct mv_git *git);
void mv_git_ahead_refs(struct mv_git *git, const char *const *prefixes);

/* 1 or 0: is history cut off (actions/checkout)? Below 0: error. */
MV_GIT_MUST_LOOK
int mv_git_is_shallow(struct mv_git *git, struct mv_err *err);
/* "Name <email>" of who would commit now; yours. MV_EINVALID: git does not
   know; the message says what to configure. */
int mv_git_ident(char **out, struct mv_git *git, struct mv_err *err);
/* Are these `len` bytes a name of an object (SHA-1 or SHA-256), in hex? Of a
   text that may go on. */
int mv_git_is_id(const char *s, size_t len);

#endif
