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

/* -- configuration (read once, at the first question) --------------------- */
/*
 * One variable, as git would use it: the last one that was said. Three
 * answers, which nobody may take for one another: 0 with *value set ("" is a
 * value), 0 with *value NULL (it is not set), and an error: git could not be
 * asked, and nothing is known. `key` is in canonical form ("model.store"),
 * *value borrowed until the next _set. A variable without "=" is MV_EINVALID,
 * as for git: it is a boolean.
 */
MV_GIT_MUST_LOOK
int mv_git_config(const char **value, struct mv_git *git, const char *key,
		  struct mv_err *err);
/*
 * The same as a boolean, by git's grammar; `otherwise` where it is not set.
 * What is neither yes nor no is MV_EINVALID: never a guess.
 */
MV_GIT_MUST_LOOK
int mv_git_config_bool(int *value, struct mv_git *git, const char *key,
		       int otherwise, struct mv_err *err);
/* true, yes, on, a number but 0; false, no, off, 0 or "". Or MV_EINVALID,
   without a message. Pure. */
MV_GIT_MUST_LOOK
int mv_git_parse_bool(int *value, const char *text);
/* Every variable, in order, as `git config --list` gives it; one without "="
   is "true". */
typedef int (*mv_git_config_fn)(void *payload, const char *key,
				const char *value, struct mv_err *err);
int mv_git_config_each(struct mv_git *git, mv_git_config_fn fn, void *payload,
		       struct mv_err *err);
/* `scope` is "--local", "--global", "--system" or "--worktree". A NULL value
   unsets (missing is fine). Usable without a repository: git may be NULL
   when scope is not local, then `env` is needed. */
int mv_git_config_set(struct mv_git *git, const struct mv_proc_env *env,
		      const char *scope, const char *key, const char *value,
		      struct mv_err *err);

/* -- the index and the work tree ------------------------------------------ */
struct mv_git_entry {
	const char *path;
	const char *blob;	/* hex; "" when not in the index */
	unsigned mode;		/* 0100644, 0100755, 0120000, 0160000, or 0:
				   untracked */
	int stage;		/* 0, or 1..3 in a conflict */
	int skip_worktree;	/* sparse checkout: not in the work tree */
	int assume_unchanged;	/* git looks at no file that is marked so */
};
typedef int (*mv_git_entry_fn)(void *payload, const struct mv_git_entry *e,
			       struct mv_err *err);
enum mv_git_ls_flags {
	MV_GIT_LS_CACHED = 1 << 0,
	MV_GIT_LS_OTHERS = 1 << 1,	/* untracked, not ignored */
	MV_GIT_LS_FILTERED = 1 << 2	/* only filter=model or filter=lfs */
};
/*
 * `pathspecs` as the user typed them, relative to info->prefix (NULL: all of
 * the repository). MV_GIT_LS_FILTERED uses attributes, one process for all.
 */
int mv_git_ls(struct mv_git *git, unsigned flags, const char *const *pathspecs,
	      mv_git_entry_fn fn, void *payload, struct mv_err *err);

/* The `filter` attribute of each path: "model", "lfs", or "" for others. */
typedef int (*mv_git_attr_fn)(void *payload, size_t i, const char *filter,
			      struct mv_err *err);
int mv_git_filters(struct mv_git *git, const char *const *paths, size_t count,
		   mv_git_attr_fn fn, void *payload, struct mv_err *err);
/*
 * The same in git's own words: "unspecified", "unset" where a line says
 * "-filter", "set", or the name of any filter. With `staged` by the
 * .gitattributes files of the index, as the next commit will have them.
 */
int mv_git_filter_words(struct mv_git *git, int staged,
			const char *const *paths, size_t count,
			mv_git_attr_fn fn, void *payload, struct mv_err *err);

/*
 * Stage blobs: write their objects (loose for a few, one pack for many) and
 * put them into the index with the stat data given, so that `git status`
 * need not read the files that were settled. `remove` entries leave the index. Modes are those
 * of the file, or of the present entry where core.fileMode is off.
 */
struct mv_git_stage {
	const char *path;
	const void *data;	/* the blob's bytes (a pointer) */
	size_t len;
	int executable;
	int remove;
	int same;		/* the index has this blob and mode already,
				   and maybe flags: only the stat is news */
	int settled;		/* st is of a file that was quiet, see below */
	struct stat st;
};
int mv_git_stage(struct mv_git *git, const struct mv_git_stage *entries,
		 size_t count, struct mv_err *err);

/* Name of a blob with these bytes; `hex` has room for 65. Pure. */
int mv_git_blob_name(struct mv_git *git, char *hex, const void *data,
		     size_t len, struct mv_err *err);

/*
 * Patch stat data: open takes index.lock (waiting up to timeout_ms; then
 * MV_EBUSY), set finds the stage-0 entry with this path and blob and
 * replaces its stat block (NULL: only looks), commit seals and renames. An
 * entry that is not there or has moved on is MV_ENOENT from set, and left as
 * it is. Close without commit changes nothing. MV_ENOENT from open: there is
 * no index. A split index is patched, too, with a new shared file where
 * needed.
 */
/*
 * Which entries git believes without reading depends on the time of the
 * index file: not those that are as young ("racy git"). That time stays what
 * it was, so that nothing becomes believed by our writing. `settled` says of
 * a file that it was quiet (base/fs.h) before its content became known; for
 * an entry that is not, the index is dated back as far as it takes to keep
 * git's distrust. Only where `vouch` says of each other entry in question
 * that its file holds now what the entry says does the index get the time at
 * which it was locked, and settled entries are believed. It is not asked
 * when that would read more than the settled files are long.
 */
struct mv_git_racy {
	const char *path;
	const char *blob;	/* hex */
	unsigned mode;		/* a regular file or a link */
};
/* Are the bytes of the file at this path, right now, those of the entry? */
typedef int (*mv_git_vouch_fn)(void *payload, const struct mv_git_racy *e);

struct mv_git_patch;
int mv_git_patch_open(struct mv_git_patch **out, struct mv_git *git,
		      int timeout_ms, struct mv_err *err);
int mv_git_patch_set(struct mv_git_patch *patch, const char *path,
		     const char *blob, const struct stat *st, int settled,
		     struct mv_err *err);
/* For the commit that follows. Without it nobody vouches. */
void mv_git_patch_vouch(struct mv_git_patch *patch, mv_git_vouch_fn fn,
			void *payload);
int mv_git_patch_commit(struct mv_git_patch *patch, struct mv_err *err);
void mv_git_patch_close(struct mv_git_patch *patch);	/* NULL is fine */

/* -- objects -------------------------------------------------------------- */
/*
 * "HEAD:path", ":path", a blob's hex ... MV_ENOENT expected: it is not there,
 * which is never said of what a ref or a tree names and git cannot read
 * (MV_ECORRUPT; of a bare hex it is all that can be said). MV_EINVALID:
 * not a blob; MV_ENOMEM: larger than the buffer's maximum. The bytes are
 * checked against their name. `hex` (room for 65, may be NULL) gets it.
 */
int mv_git_read_blob(struct mv_git *git, const char *spec, struct mv_buf *out,
		     char *hex, struct mv_err *err);
/*
 * All that is below a commit or tree: files, links, and of a submodule its
 * place (0160000, with its commit as `blob`); stage is 0. The names are
 * whatever somebody put there. MV_ENOENT: `rev` is no revision.
 */
int mv_git_walk_tree(struct mv_git *git, const char *rev, mv_git_entry_fn fn,
		     void *payload, struct mv_err *err);
/*
 * What stands at a path (from the top) of a commit or tree: a mode as above,
 * or 0040000. A blob's name does not tell a file from a link. MV_ENOENT.
 */
int mv_git_mode_at(unsigned *mode, struct mv_git *git, const char *rev,
		   const char *path, struct mv_err *err);

/*
 * Blobs of 1..max_len bytes with their contents. `args` are rev-list
 * arguments, e.g. { "HEAD", "--not", "--remotes=origin", NULL } and
 * limit it to what those reach; NULL means every object that the repository
 * has, reachable or not (gc's roots). `path` is one path it was seen at, cut
 * at a newline by git, or NULL. Promised objects that are not here are not
 * fetched; any other that cannot be read is an error.
 */
typedef int (*mv_git_blob_fn)(void *payload, const char *hex,
			      const char *path, const void *data, size_t len,
			      struct mv_err *err);
int mv_git_each_small_blob(struct mv_git *git, const char *const *args,
			   size_t max_len, mv_git_blob_fn fn, void *payload,
			   struct mv_err *err);

/*
 * Blobs of more than `limit` bytes that these rev-list arguments reach, and
 * one path each was seen at (as above; "" when there is none). Where there
 * are none, which is the rule, it costs one walk and reads no content.
 */
typedef int (*mv_git_large_fn)(void *payload, const char *path, uint64_t size,
			       struct mv_err *err);
int mv_git_each_large_blob(struct mv_git *git, const char *const *args,
			   uint64_t limit, mv_git_large_fn fn, void *payload,
			   struct mv_err *err);

/*
 * What a partial clone was promised (promised.c): the remotes that promised,
 * none in any other repository; how many objects these rev-list arguments
 * reach that are not here; and those, fetched all together. MV_EIO with git's
 * words: one of them is not to be had. Nothing else is fetched, no ref moves.
 */
struct mv_git_promisors {
	char **name;
	size_t count;
};
int mv_git_promisors(struct mv_git_promisors *out, struct mv_git *git,
		     struct mv_err *err);
void mv_git_promisors_release(struct mv_git_promisors *p);
int mv_git_count_promised(size_t *count, struct mv_git *git,
			  const char *const *args, struct mv_err *err);
int mv_git_fetch_promised(struct mv_git *git,
			  const struct mv_git_promisors *from,
			  const char *const *args, struct mv_err *err);

/*
 * History, oldest first: blobs that each commit brings in at a path, regular
 * files only. Of a merge: what is in none of its parents. `args` as above,
 * "--" and paths allowed.
 */
typedef int (*mv_git_change_fn)(void *payload, const char *commit,
				const char *subject, int64_t when,
				const char *path, const char *blob,
				struct mv_err *err);
int mv_git_each_change(struct mv_git *git, const char *const *args,
		       mv_git_change_fn fn, void *payload,
		       struct mv_err *err);

/* Directories of alternates' objects, one call each, absolute. */
int mv_git_each_alternate(struct mv_git *git,
			  int (*fn)(void *payload, const char *objects_dir,
				    struct mv_err *err),
			  void *payload, struct mv_err *err);

/* -- names, commits and tags (refs.c) ------------------------------------- */
/*
 * What a revision names, peeled to a commit: "HEAD", a branch, a tag,
 * "HEAD~2", hex. MV_ENOENT is expected (also for an unborn HEAD).
 */
int mv_git_commit(char *hex, struct mv_git *git, const char *rev,
		  struct mv_err *err);
/*
 * The same of a revision that is to be trusted (sure.c): a short name that is
 * a tag's and a branch's, or a tag's in the place of a branch that is not
 * here, is MV_EINVALID, and the message says how to name it in full.
 */
int mv_git_commit_sure(char *hex, struct mv_git *git, const char *rev,
		       struct mv_err *err);
/* The object a ref holds, not peeled; full ref name. MV_ENOENT expected. */
int mv_git_ref_get(char *hex, struct mv_git *git, const char *ref,
		   struct mv_err *err);
/*
 * Refs below any of these full prefixes ("refs/tags/fraud@"; NULL: all), in
 * the order of their names. `commit` is what the ref leads to when that is a
 * commit, else "". The message of an annotated tag is not read here.
 * MV_ECORRUPT: one is there that git cannot read and passes over (loose.c);
 * `fn` may have had others before that.
 */
struct mv_git_ref {
	const char *name;	/* "refs/tags/fraud@v1.0.0" */
	const char *oid;
	const char *type;	/* of oid: "commit", "tag", "blob", "tree" */
	const char *commit;
};
typedef int (*mv_git_ref_fn)(void *payload, const struct mv_git_ref *ref,
			     struct mv_err *err);
int mv_git_each_ref(struct mv_git *git, const char *const *prefixes,
		    mv_git_ref_fn fn, void *payload, struct mv_err *err);

struct mv_git_person {
	char *name, *email;
	int64_t when;		/* seconds since 1970 */
	int tz;			/* minutes east of Greenwich */
};
/*
 * A commit or an annotated tag, parsed from its bytes (hostile). Of a tag:
 * `author` is the tagger, `target` what it points to, `name` its own name.
 * `payload_len` bytes of `raw` are what a signature is over, `signature` is
 * its armour or NULL. Everything belongs to the struct.
 */
struct mv_git_object_info {
	char *raw;
	size_t raw_len;
	char hex[65], target[65], tree[65];
	char *name;
	char **parents;
	size_t parent_count;
	struct mv_git_person author, committer;
	char *message;		/* without a signature that stands in it */
	char *payload, *signature;
	size_t payload_len;
};
/* Several in one process; fn gets each in order, or NULL for one missing, of
   another type (not commit or tag), larger than 8 MiB, or not made as git
   makes them. Never NULL: name (of a tag), names, emails, message, payload. */
typedef int (*mv_git_info_fn)(void *payload, size_t i,
			      const struct mv_git_object_info *info,
			      struct mv_err *err);
int mv_git_objects(struct mv_git *git, const char *const *names, size_t count,
		   mv_git_info_fn fn, void *payload, struct mv_err *err);
/* Blobs by spec ("HEAD:a", hex), many in one process; data NULL: missing or
   not a blob (then hex is ""), or larger than max_len (then len is its
   size). The callback may ask this repository again. */
typedef int (*mv_git_data_fn)(void *payload, size_t i, const char *hex,
			      const void *data, size_t len,
			      struct mv_err *err);
int mv_git_read_many(struct mv_git *git, const char *const *specs,
		     size_t count, size_t max_len, mv_git_data_fn fn,
		     void *payload, struct mv_err *err);

/* Best common ancestor. MV_ENOENT: there is none (or history is shallow). */
int mv_git_merge_base(char *hex, struct mv_git *git, const char *a,
		      const char *b, struct mv_err *err);
/*
 * 1, 0, or an error code below 0. Where history is cut off before the two
 * could meet, a no cannot be known: MV_ENOTSUP.
 */
MV_GIT_MUST_LOOK
int mv_git_is_ancestor(struct mv_git *git, const char *ancestor,
		       const char *descendant, struct mv_err *err);
/*
 * Full name of the branch others merge into; *out is yours. Where there is a
 * remote: its HEAD, else init.defaultBranch, main or master of its branches.
 * In a bare repository its own HEAD. Without a remote, and before anything was
 * pushed or fetched, the one of these names that is here; MV_ENOENT: there is
 * none. MV_ENOTSUP: this clone was made without the branch, or is cut off, so
 * it cannot be told; the message ends with what to run.
 */
int mv_git_default_branch(char **out, struct mv_git *git, struct mv_err *err);
/* Full name of the branch that HEAD is on, born or not; *out is yours.
   MV_ENOENT: it is on none. */
int mv_git_head_branch(char **out, struct mv_git *git, struct mv_err *err);
/* 1 or 0: is history cut off (actions/checkout)? Below 0: error. */
MV_GIT_MUST_LOOK
int mv_git_is_shallow(struct mv_git *git, struct mv_err *err);
/* "Name <email>" of who would commit now; yours. MV_EINVALID: git does not
   know; the message says what to configure. */
int mv_git_ident(char **out, struct mv_git *git, struct mv_err *err);

/*
 * Regular files that differ between two commits or trees ("" as `old`: the
 * empty tree), renames followed when asked. Paths and blobs are NULL on the
 * side where there is no file. With MV_GIT_DIFF_ODD links and submodules are
 * told, too: `old_odd` or `new_odd` is set on the side where there is one,
 * whose blob is its target, or the submodule's commit.
 */
struct mv_git_delta {
	const char *old_path, *new_path;
	const char *old_blob, *new_blob;
	int old_odd, new_odd;
};
enum mv_git_diff_flags {
	MV_GIT_DIFF_RENAMES = 1 << 0,
	MV_GIT_DIFF_ODD = 1 << 1
};
typedef int (*mv_git_delta_fn)(void *payload, const struct mv_git_delta *d,
			       struct mv_err *err);
int mv_git_diff(struct mv_git *git, const char *old, const char *new,
		unsigned flags, const char *const *pathspecs,
		mv_git_delta_fn fn, void *payload, struct mv_err *err);
/*
 * Could a walk of these commits' trees be done, that looks at what is not in
 * `base` ("": at all of it)? MV_EINVALID: it would see more than `max` files
 * and folders, or folders too deep. Reads each tree once, so a few that name
 * each other cost no more than they are long.
 */
int mv_git_bound_paths(struct mv_git *git, const char *const *revs,
		       size_t count, const char *base, uint64_t max,
		       struct mv_err *err);
/*
 * The same for the commits that are behind `tip` and not behind `old` or `base`
 * ("": all), for who walks their history: each beside its first parent, and
 * together no more than MV_GIT_HISTORY_PATHS times `max`.
 */
enum { MV_GIT_HISTORY_PATHS = 4 };
int mv_git_bound_history(struct mv_git *git, const char *tip, const char *old,
			 const char *base, uint64_t max, struct mv_err *err);
/*
 * The history of one path, newest first, its renames followed; `rev` NULL is
 * HEAD, "--all" every ref. One call per commit that changed it; blob ""
 * where it was deleted. `author` is "Name <email>", `path` what the file was
 * called then. What `git log --follow --raw` costs.
 */
typedef int (*mv_git_step_fn)(void *payload, const char *commit, int64_t when,
			      const char *author, const char *subject,
			      const char *path, const char *blob,
			      struct mv_err *err);
int mv_git_follow(struct mv_git *git, const char *rev, const char *path,
		  mv_git_step_fn fn, void *payload, struct mv_err *err);

/*
 * Where the folder was, that this commit brought to `path`: the one folder of
 * its first parent that more than half of the files in it came from under the
 * same names. NULL: none, or it was the top. Yours. Git itself follows files
 * alone.
 */
int mv_git_folder_from(char **out, struct mv_git *git, const char *commit,
		       const char *path, struct mv_err *err);

/* -- notes (notes.c; docs/design/notes.md) -------------------------------- */
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
/*
 * Could all of these be done now, together? They are tried, up to the point
 * where git has every lock and has looked at every old value, and taken back;
 * of one that is not to be there, `old` is all zeros, and so is `new` of one
 * that goes. MV_EDENIED: no, in git's words. Hooks of transactions do not run.
 */
struct mv_git_move {
	const char *ref, *old, *new;
};
MV_GIT_MUST_LOOK
int mv_git_try_moves(struct mv_git *git, const struct mv_git_move *v,
		     size_t count, struct mv_err *err);
/* Move a ref from `old` ("": must not exist) to `new` ("": delete);
   MV_EEXISTS as above. */
int mv_git_ref_set(struct mv_git *git, const char *ref, const char *new,
		   const char *old, const char *why, struct mv_err *err);
/* Write a blob object; `hex` has room for 65. */
int mv_git_write_blob(char *hex, struct mv_git *git, const void *data,
		      size_t len, struct mv_err *err);

/* Are these `len` bytes a name of an object (SHA-1 or SHA-256), in hex? Of a
   text that may go on. */
int mv_git_is_id(const char *s, size_t len);

#endif
