/* SPDX-License-Identifier: MIT */
#ifndef MV_GIT_PRIV_H
#define MV_GIT_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"
#include "libmv/base/hash.h"
#include "libmv/base/proc.h"
#include "libmv/git/git.h"

/*
 * What the files of this part share. Nothing outside libmv/git includes it,
 * tests excepted.
 *
 * Every git process is started in the directory that the repository was
 * opened from, so that relative GIT_DIR, GIT_INDEX_FILE and the like mean
 * to it what they meant to the git that started us.
 */
#define MV_GIT_HEX_MAX 65
#define MV_GIT_OUT_MAX ((size_t)4 << 30)	/* output kept in memory */

/* A git process whose output is read piece by piece: child.c. */
struct mv_git_child {
	struct mv_proc proc;
	char *buf;
	size_t pos;
	size_t len;
	const char *what;	/* the subcommand, for messages */
};
#define MV_GIT_CHILD_INIT { MV_PROC_INIT, NULL, 0, 0, NULL }

struct mv_git_libgit2;

struct mv_git_var {
	const char *key;
	const char *value;
};

struct mv_git {
	struct mv_git_info info;
	char *objects_dir;
	char *dir;		/* where git is started; NULL: here */
	char *program;		/* absolute path of git */
	const struct mv_proc_env *env;

	struct mv_buf config;	/* git.c: what vars point into */
	struct mv_git_var *var;
	size_t var_count;
	int config_read;

	struct mv_git_child batch;	/* object.c: cat-file --batch */
	unsigned reads;
	struct mv_hasher *hasher;
	struct mv_git_libgit2 *libgit2;	/* libgit2.c */
	int libgit2_tried;
};

/* -- child.c -- */
/*
 * Start `git <args>`; its stderr is ours. Read with _until and _read, then
 * _finish, which fails unless it exited with 0. _abort ends it early.
 */
int mv_git_child_open(struct mv_git_child *child, const struct mv_git *git,
		      const char *const *args, struct mv_err *err);
int mv_git_child_send(struct mv_git_child *child, const void *data, size_t len,
		      struct mv_err *err);
void mv_git_child_eof(struct mv_git_child *child);
/* Add what comes before the next `delim` to `out`; *end: nothing is left. */
int mv_git_child_until(struct mv_git_child *child, char delim,
		       struct mv_buf *out, int *end, struct mv_err *err);
/* Exactly `len` bytes; with `data` NULL they are thrown away. */
int mv_git_child_read(struct mv_git_child *child, void *data, size_t len,
		      struct mv_err *err);
int mv_git_child_finish(struct mv_git_child *child, struct mv_err *err);
void mv_git_child_abort(struct mv_git_child *child);

/* argv for `git <args>`, NULL at the end; free() it, not its strings. */
const char **mv_git_argv(const char *program, const char *const *args);
/* "ls-files" of { "-c", "a=b", "ls-files", "-z", NULL }. */
const char *mv_git_subcommand(const char *const *args);
/* Git's own words, made printable, without "fatal: ". */
void mv_git_words(char *out, size_t size, const struct mv_buf *text);
/* One run to the end; a bad exit is not an error here. */
int mv_git_spawn(int *status, struct mv_buf *errout, const struct mv_git *git,
		 const char *const *args, const void *in, size_t in_len,
		 struct mv_buf *out, struct mv_err *err);

/* -- object.c -- */
enum mv_git_type {
	MV_GIT_COMMIT = 1, MV_GIT_TREE = 2, MV_GIT_BLOB = 3, MV_GIT_TAG = 4
};
/*
 * An object by its full name, from this process or from git. `out` gets its
 * bytes. MV_ENOENT, MV_EINVALID (another type), MV_ENOMEM (over out->max).
 */
int mv_git_object(struct mv_git *git, const char *hex, enum mv_git_type type,
		  struct mv_buf *out, struct mv_err *err);
/*
 * "<hex> <type> <size>" of cat-file --batch; 0, or MV_ENOENT when the line
 * is anything else. `hex` has room for 65, `type` for 8.
 */
int mv_git_parse_batch(const char *line, size_t len, size_t hex_len, char *hex,
		       char *type, uint64_t *size);
/* Do these bytes have that name? git does not look; MV_ECORRUPT. */
int mv_git_check_name(struct mv_git *git, const char *hex,
		      enum mv_git_type type, const void *data, size_t len,
		      struct mv_err *err);
/* Any name that git knows to the object's hex, in a process of its own, so
   that ":path" and names with a newline are right. MV_ENOENT. */
int mv_git_resolve(struct mv_git *git, char *hex, const char *spec,
		   struct mv_err *err);
/*
 * Parse a tree. "<octal mode> <name>\0<oid>"; moves *p past it. 0 or
 * MV_ECORRUPT.
 */
struct mv_git_tree_entry {
	unsigned mode;
	const char *name;
	const uint8_t *oid;
};
int mv_git_parse_tree(struct mv_git_tree_entry *e, const char **p,
		      const char *end, size_t oid_len);
/* Is it a full object name: hex_len lower-case digits and nothing else? */
int mv_git_is_hex(const char *s, size_t hex_len);

/* -- batch.c -- */
/* Start the kept-open cat-file, unless it is running. */
int mv_git_batch_open(struct mv_git *git, struct mv_err *err);
/*
 * One question each, over the kept-open process; fn gets the answers in
 * order, and may ask itself. `hex` is "" for what is missing; `data` is only
 * there (with a NUL behind) for types that were asked for, up to max_len,
 * and checked against its name.
 */
enum mv_git_want {
	MV_GIT_WANT_BLOB = 1 << 0,
	MV_GIT_WANT_COMMIT = 1 << 1,
	MV_GIT_WANT_TAG = 1 << 2
};
struct mv_git_answer {
	char hex[MV_GIT_HEX_MAX];
	char type[8];
	uint64_t size;
	char *data;
};
typedef int (*mv_git_answer_fn)(void *payload, size_t i,
				const struct mv_git_answer *a,
				struct mv_err *err);
int mv_git_batch_each(struct mv_git *git, const char *const *specs,
		      size_t count, unsigned types, size_t max_len,
		      mv_git_answer_fn fn, void *payload, struct mv_err *err);
/* What the spec names; `type` has room for 8. MV_ENOENT: without a message. */
int mv_git_batch_name(struct mv_git *git, char *hex, char *type,
		      const char *spec, struct mv_err *err);

/* -- commit.c -- */
/*
 * A commit or tag from its bytes. MV_ECORRUPT when git would not have
 * written it: a missing name in front, or a NUL in the headers. Pure.
 */
int mv_git_object_parse(struct mv_git_object_info *out, enum mv_git_type type,
			size_t hex_len, const void *data, size_t len,
			struct mv_err *err);
void mv_git_object_release(struct mv_git_object_info *info);

/* -- refs.c -- */
/* A full ref name that git accepts, or "HEAD"? */
int mv_git_is_ref(const char *name);
/* "Name <email> 1700000000 +0000" of who would commit now. MV_EINVALID. */
int mv_git_committer(struct mv_buf *out, struct mv_git *git,
		     struct mv_err *err);

/* -- libgit2.c -- */
/* MV_ENOTSUP when libgit2 cannot serve this repository. */
int mv_git_libgit2_get(struct mv_git_libgit2 **out, struct mv_git *git,
		       struct mv_err *err);
int mv_git_libgit2_read(struct mv_git_libgit2 *lib, const char *hex,
			enum mv_git_type type, struct mv_buf *out,
			struct mv_err *err);
/*
 * Is it here? Never asks a remote, and does not see packs that came after
 * opening or the last _refresh: a look at the disk for each miss is slow.
 */
int mv_git_libgit2_has(struct mv_git_libgit2 *lib, const char *hex);
void mv_git_libgit2_refresh(struct mv_git_libgit2 *lib);
void mv_git_libgit2_close(struct mv_git_libgit2 *lib);	/* NULL is fine */

/* -- alternates.c -- */
/* The value of a variable in env->env, or NULL. */
const char *mv_git_getenv(const struct mv_proc_env *env, const char *name);

#endif
