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
#include "libmv/git/objects.h"

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
#define MV_GIT_PATIENCE 200	/* objects for which libgit2 is not loaded */

/* A git process whose output is read piece by piece: child.c. */
struct mv_git_child {
	struct mv_proc proc;
	char *buf;
	size_t pos;
	size_t len;
	const char *what;	/* the subcommand, for messages */
};
#define MV_GIT_CHILD_INIT { MV_PROC_INIT, NULL, 0, 0, NULL }

/* Something asked before it is needed: ahead.c. */
struct mv_git_ahead {
	struct mv_git_child child;
	struct mv_buf text;
	char *key;		/* which refs; NULL: no question of that kind */
	size_t key_len;
	int asked, got;
};

struct mv_git_libgit2;

struct mv_git_var {
	const char *key;
	const char *value;
};

struct mv_git {
	/* mv_git_is_absent(), which itself asks for objects */
	int (*is_absent)(struct mv_git *git, const char *spec,
			 struct mv_err *err);
	struct mv_git_info info;
	char *objects_dir;
	char *dir;		/* where git is started; NULL: here */
	char *program;		/* absolute path of git */
	const struct mv_proc_env *env;	/* of every git: `own`, or `typed` */
	struct mv_proc_env own, typed;
	int limit_ms;		/* mv_git_limit() */

	struct mv_buf config;	/* git.c: what vars point into */
	struct mv_git_var *var;
	size_t var_count;
	int config_read;

	struct mv_git_child batch;	/* object.c: cat-file --batch */
	int index_asked;	/* it was asked for something in the index, */
	struct stat index_was;	/* which looked like this before */
	struct mv_git_ahead config_ahead, refs_ahead;
	unsigned reads;
	int all_bounded;	/* all refs can be walked: difftree.c */
	int confirming;		/* absent.c is at work */
	struct mv_git_libgit2 *libgit2;	/* libgit2.c */
	int libgit2_tried;
};

/* -- child.c -------------------------------------------------------------- */
/*
 * Start `git <args>`; its stderr is ours. Read with _until and _read, then
 * _finish, which fails unless it exited with 0. _abort ends it early.
 */
int mv_git_child_open(struct mv_git_child *child, const struct mv_git *git,
		      const char *const *args, struct mv_err *err);
/* The same without a standard input, silent, and not ended by ^C. */
int mv_git_child_start(struct mv_git_child *child, const struct mv_git *git,
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
/* Add all that is left to `out`. */
int mv_git_child_all(struct mv_git_child *child, struct mv_buf *out,
		     struct mv_err *err);
int mv_git_child_finish(struct mv_git_child *child, struct mv_err *err);
void mv_git_child_abort(struct mv_git_child *child);

/* May what a person typed mean something else than it says (mv_git_typed)? */
int mv_git_reads_oddly(const struct mv_git *git);

/* argv for `git <args>`, NULL at the end; free() it, not its strings. */
const char **mv_git_argv(const char *program, const char *const *args);
/* `before` and `args` (NULL: none), and "--" where they have none; free() it,
   not its strings. */
const char **mv_git_join(const char *const *before, const char *const *args);
/* Git's own words, made printable, without "fatal: ". */
void mv_git_words(char *out, size_t size, const struct mv_buf *text);
/* One run to the end; a bad exit is not an error here. */
int mv_git_spawn(int *status, struct mv_buf *errout, const struct mv_git *git,
		 const char *const *args, const void *in, size_t in_len,
		 struct mv_buf *out, struct mv_err *err);

/* -- history.c ------------------------------------------------------------ */
/* Each line that `git <before> <args>` prints, without its newline. */
typedef int (*mv_git_line_fn)(void *payload, const struct mv_git *git,
			      const struct mv_buf *line, struct mv_err *err);
int mv_git_each_line(struct mv_git *git, const char *const *before,
		     const char *const *args, mv_git_line_fn take,
		     void *payload, struct mv_err *err);

/* -- object.c ------------------------------------------------------------- */
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
 * "<hex> <type> <size>" of cat-file --batch; 0, MV_ENOENT when it says that
 * the name is nobody's, MV_EIO when the line is anything else. `hex` has room
 * for 65, `type` for 8.
 */
int mv_git_parse_batch(const char *line, size_t len, size_t hex_len, char *hex,
		       char *type, uint64_t *size);
/* The name of these bytes: `hex` has room for 65. */
int mv_git_name_of(const struct mv_git *git, char *hex, enum mv_git_type type,
		   const void *data, size_t len, struct mv_err *err);
/* Do these bytes have that name? git does not look; MV_ECORRUPT. */
int mv_git_check_name(const struct mv_git *git, const char *hex,
		      enum mv_git_type type, const void *data, size_t len,
		      struct mv_err *err);
/* Any name that git knows to the object's hex, in a process of its own, so
   that names with a newline are right. MV_ENOENT. */
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

/* -- batch.c -------------------------------------------------------------- */
/* Start the kept-open cat-file, unless it is running. */
int mv_git_batch_open(struct mv_git *git, struct mv_err *err);
/*
 * May it be asked this name now? Not one with a newline. It is started, and
 * started anew when the name is one of the index and that has changed since
 * it was read. 1, 0, or an error.
 */
int mv_git_batch_may(struct mv_git *git, const char *spec,
		     struct mv_err *err);
/*
 * One question each, over the kept-open process; fn gets the answers in
 * order, and may ask itself. `hex` is "" for what is missing; `data` is only
 * there (with a NUL behind) for types that were asked for, up to max_len,
 * and checked against its name.
 */
enum mv_git_want {
	MV_GIT_WANT_BLOB = 1 << 0,
	MV_GIT_WANT_COMMIT = 1 << 1,
	MV_GIT_WANT_TAG = 1 << 2,
	MV_GIT_WANT_BELIEVE = 1 << 3	/* what is said to be missing is */
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

/* -- object.c ------------------------------------------------------------- */
/* As mv_git_read_blob(), of any type, by `git cat-file` itself; `spec` has no
   newline, `hex` has room for 65. */
int mv_git_batch_read(struct mv_git *git, const char *spec,
		      enum mv_git_type type, struct mv_buf *out, char *hex,
		      struct mv_err *err);

/* -- absent.c ------------------------------------------------------------- */
/*
 * git said "missing" to this name. 0: it is not there; else the error that
 * says what is there and cannot be read.
 */
int mv_git_is_absent(struct mv_git *git, const char *spec,
		     struct mv_err *err);
/* A tree that something names: never MV_ENOENT. */
int mv_git_tree(struct mv_git *git, const char *hex, struct mv_buf *out,
		struct mv_err *err);
/* The ref of this full name and nothing else, by processes of their own.
   MV_ENOENT, without a message. */
int mv_git_ref_strict(char *hex, struct mv_git *git, const char *ref,
		      struct mv_err *err);

/* -- commit.c ------------------------------------------------------------- */
/*
 * A commit or tag from its bytes. MV_ECORRUPT when git would not have
 * written it: a missing name in front, or a NUL in the headers. Pure.
 */
int mv_git_object_parse(struct mv_git_object_info *out, enum mv_git_type type,
			size_t hex_len, const void *data, size_t len,
			struct mv_err *err);
void mv_git_object_release(struct mv_git_object_info *info);

/* -- config.c ------------------------------------------------------------- */
extern const char *const mv_git_config_args[];

/* -- ahead.c -------------------------------------------------------------- */
/* What was asked, or NULL: nothing was, or it went wrong. Borrowed. */
const struct mv_buf *mv_git_ahead_take(struct mv_git_ahead *a);
const struct mv_buf *mv_git_ahead_take_refs(struct mv_git *git,
					    const char *const *prefixes);
void mv_git_ahead_drop(struct mv_git_ahead *a);
/* Will git find a repository, and let us read it? A guess. */
int mv_git_ahead_likely(const struct mv_git *git);

/* -- refs.c --------------------------------------------------------------- */
/* `git for-each-ref` for these prefixes, or for all refs (NULL). */
struct mv_git_ref_args {
	const char **argv;
	struct mv_buf text;	/* what argv points into */
	int any;		/* there may be such refs */
};
int mv_git_ref_args_init(struct mv_git_ref_args *out,
			 const char *const *prefixes, struct mv_err *err);
void mv_git_ref_args_release(struct mv_git_ref_args *args);
/* -- loose.c -------------------------------------------------------------- */
/* Refs that are files here, to be told from those that git lists. */
struct mv_git_loose_ref {
	char *name;
	int dead;		/* no file, nor a link to one */
	int listed;
};
struct mv_git_loose {
	struct mv_git_loose_ref *v;	/* by name */
	size_t count, alloc;
};
int mv_git_loose_list(struct mv_git_loose *out, struct mv_git *git,
		      const char *const *prefixes, struct mv_err *err);
void mv_git_loose_release(struct mv_git_loose *loose);
/* git has this one. */
void mv_git_loose_listed(struct mv_git_loose *loose, const char *name);
/* MV_ECORRUPT: git did not list one that is there. */
int mv_git_loose_check(const struct mv_git_loose *loose, struct mv_git *git,
		       struct mv_err *err);

/* -- refs.c, again -------------------------------------------------------- */
/* A full ref name that git accepts, or "HEAD"? */
int mv_git_is_ref(const char *name);
/* "Name <email> 1700000000 +0000" of who would commit now. MV_EINVALID. */
int mv_git_committer(struct mv_buf *out, struct mv_git *git,
		     struct mv_err *err);

/* -- libgit2.c ------------------------------------------------------------ */
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

/* -- oidmap.c ------------------------------------------------------------- */
/* A number for each object; starts as zeros. */
struct mv_git_oidmap_slot;
struct mv_git_oidmap {
	struct mv_git_oidmap_slot *slot;
	size_t count, room;
};
/* Borrowed until the next _put; NULL: not there. */
uint64_t *mv_git_oidmap_get(const struct mv_git_oidmap *map,
			    const uint8_t *oid, size_t oid_len);
int mv_git_oidmap_put(struct mv_git_oidmap *map, const uint8_t *oid,
		      size_t oid_len, uint64_t value, struct mv_err *err);
void mv_git_oidmap_release(struct mv_git_oidmap *map);

/* -- notes.c -------------------------------------------------------------- */
/* "ab/cd/ef..." back to the name; the depth, or -1 when it is no note. */
int mv_git_note_path(uint8_t *oid, const char *path, size_t oid_len);
/* MV_ECORRUPT: this stands among the notes, and says how to mend that. */
int mv_git_notes_odd(struct mv_err *err, const char *path);

extern const char *const mv_git_type_name[];	/* by enum mv_git_type */

#define MV_GIT_LAST_KEY "git-model.end"	/* after all of a configuration */

#endif
