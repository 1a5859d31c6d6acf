/* SPDX-License-Identifier: MIT */
#ifndef MV_TRANSFER_PRIV_H
#define MV_TRANSFER_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/repo/state.h"
#include "libmv/store/tx.h"
#include "libmv/transfer/lfs.h"
#include "libmv/transfer/transfer.h"

/* What the files of transfer share: where content is, and what is wanted. */
struct mv_pointer;

/* mv_transfer_need() that says what arrived; `stats` is added to. */
int mv_transfer_need_counted(struct mv_repo *repo,
			     const struct mv_pointer *pointers, size_t count,
			     uint8_t *present, struct mv_tx_stats *stats,
			     struct mv_err *err);

/* MV_EINVALID of a pointer with "ext-" lines. */
int mv_transfer_refuse_extended(const struct mv_pointer *pointer,
				struct mv_err *err);

/*
 * The common dir of a git remote that is a path on this machine, by its `url`
 * where that is known (NULL: ask git); MV_ENOENT for all others.
 */
int mv_transfer_git_dir_at(char **out, struct mv_repo *repo, const char *remote,
			   const char *url, struct mv_err *err);

/* -- where ---------------------------------------------------------------- */

struct mv_destination {
	char *store;		/* a path, or what mv_remote_open() will judge */
	char *git_dir;		/* of the git repository whose store it is, on
				   this machine; NULL: a store of its own */
	int configured;		/* modelremote.<name>.url says so */
};

/*
 * Where content for this remote is (NULL: the default one). `url` is what a
 * push goes to just now; NULL: what git says that the remote is. MV_ENOENT
 * says how to configure one.
 */
int mv_transfer_destination(struct mv_destination *out, struct mv_repo *repo,
			    const char *name, const char *url, struct mv_err *err);

void mv_transfer_destination_release(struct mv_destination *d);

/*
 * All URLs that `git push <name>` would push to, one on each line; yours. NULL
 * where one place is configured for all of them.
 */
int mv_transfer_push_urls(char **out, struct mv_repo *repo, const char *name,
			  struct mv_err *err);

/* The common dir of the git repository that a push to this remote, or to `url`,
   reaches; *out NULL: it is not on this machine. */
int mv_transfer_pushed_dir(char **out, struct mv_repo *repo, const char *name,
			   const char *url, struct mv_err *err);

/* The store of the git repository that this URL reaches; MV_ENOENT. */
int mv_transfer_store_beside(char **out, struct mv_repo *repo, const char *url,
			     struct mv_err *err);

/*
 * Stores that may have what is missing here, the default remote's first, each
 * once: those of all remotes, of all places that they are
 * pushed to, and of where the last `git fetch` was.
 */
struct mv_sources {
	char **url;
	size_t count;
};

int mv_transfer_sources(struct mv_sources *out, struct mv_repo *repo,
			struct mv_err *err);

/*
 * What stands beside each git repository on this machine that a git remote
 * names, or where the last `git fetch` was: each once. `beside` makes a path of
 * a URL, or fails where there is none.
 */
typedef int (*mv_beside_fn)(char **out, struct mv_repo *repo, const char *url,
			    struct mv_err *err);

int mv_transfer_all_beside(struct mv_sources *out, struct mv_repo *repo,
			   mv_beside_fn beside, struct mv_err *err);

void mv_transfer_sources_release(struct mv_sources *sources);

/* -- which contents ------------------------------------------------------- */

/* Native pointers first, each once, after mv_transfer_wanted_settle(). */
struct mv_wanted_list {
	struct mv_pointer *p;
	size_t count, alloc;
};

int mv_transfer_wanted_add(struct mv_wanted_list *w, const struct mv_pointer *p,
			   struct mv_err *err);

void mv_transfer_wanted_settle(struct mv_wanted_list *w);

size_t mv_transfer_wanted_natives(const struct mv_wanted_list *w);

/* What `revs` (rev-list arguments; NULL: the index) reach; settled. */
int mv_transfer_wanted_find(struct mv_wanted_list *w, struct mv_repo *repo,
			    const char *const *revs, struct mv_err *err);

/*
 * Git LFS objects, from number `first` on, to the LFS directory of the
 * repository that `url` (NULL: that of the remote) reaches on this machine; to
 * an LFS server, and then only what `newer` (rev-list arguments; NULL: all of
 * them) reaches. MV_ENOENT: an object is neither here nor at the server. What is neither here
 * nor in the directory is added to `absent` (NULL: counted).
 */
int mv_transfer_lfs_push(struct mv_repo *repo, const char *remote,
			 const char *url,
			 const struct mv_wanted_list *w, size_t first,
			 const char *const *newer, struct mv_wanted_list *absent,
			 struct mv_transfer_stats *stats, struct mv_err *err);

/*
 * What of it was never there, by what the remote's repository says now:
 * rev-list arguments. refs->known must not be NULL. Release
 * it after a failure, too.
 */
struct mv_transfer_news {
	const char **args;
	struct mv_buf haves;	/* they point into it */
};

int mv_transfer_news(struct mv_transfer_news *out, struct mv_repo *repo,
		     const struct mv_push_refs *refs, struct mv_err *err);

void mv_transfer_news_release(struct mv_transfer_news *news);

/* The same for all that `revs` reach, to whatever place; not where `url` (may
   be NULL) is the one remote that has promised it. */
int mv_transfer_bring(struct mv_repo *repo, const char *url,
		      const char *const *revs, struct mv_err *err);

/* The path that a URL is on this machine, and the common dir of the repository
   there; yours, NULL: none. */
char *mv_transfer_local_path(char **git_dir, struct mv_repo *repo,
			     const char *url);

/* modelremote.<name>.url; NULL: there is none. */
int mv_transfer_configured_url(const char **url, struct mv_repo *repo,
			       const char *name, struct mv_err *err);

/* MV_EINVALID: model.remote says `name`, which is no remote of git, no store
   (then the git remote is another one), no URL and no path. */
int mv_transfer_check_chosen(struct mv_repo *repo, const char *name,
			     struct mv_err *err);

/* What git has for a remote, a line each; MV_ENOENT: no such remote. */
int mv_transfer_git_urls(char **out, struct mv_repo *repo, const char *name,
			 int push, struct mv_err *err);

/* Does lfs.fetchinclude/fetchexclude (as a line of .gitignore) mean it? Pure. */
int mv_transfer_lfs_pattern_matches(const char *pattern, const char *path);

/* git's configuration, else .lfsconfig; borrowed, NULL: not set. */
int mv_transfer_lfs_setting(const char **out, struct mv_repo *repo,
			    const char *key, struct mv_err *err);

/* Is such a variable set, to what git-lfs takes for yes? */
int mv_transfer_lfs_variable_on(const struct mv_repo *repo, const char *name);

/* May a push leave out what is nowhere? model.allowIncompletePush, or
   lfs.allowincompletepush. */
int mv_transfer_lfs_may_lack(int *yes, struct mv_repo *repo,
			     struct mv_err *err);

/*
 * Are there objects of Git LFS here, and is the remote a path, so that we are
 * the ones who bring them? `url` may be NULL: the remote's own.
 */
int mv_transfer_lfs_has_dir(int *yes, struct mv_repo *repo, const char *remote,
			    const char *url, struct mv_err *err);

/*
 * Get what is missing of Git LFS (others are not touched) from this remote
 * (NULL: the default one, then every one that is a path and where the last
 * `git fetch` was), or its LFS server. `present`
 * is 1 for what is here, and set for what came. Not to get something is no
 * error.
 */
int mv_transfer_lfs_fetch(struct mv_repo *repo, const char *remote,
			  const struct mv_pointer *pointers, size_t count,
			  uint8_t *present, struct mv_err *err);

/*
 * Is the object in this LFS directory what its name says? All of it is read
 * once; the stat cache remembers. MV_ECORRUPT.
 */
int mv_transfer_lfs_verify(struct mv_repo *repo, const char *dir,
			   const struct mv_oid *oid, struct mv_err *err);

/* An object into a folder of objects, from a reader or from such a folder;
   MV_ECORRUPT when it has another name than it says. */
int mv_transfer_lfs_put(const char *to, struct mv_reader *in,
			const struct mv_pointer *pointer, struct mv_err *err);

int mv_transfer_lfs_copy(const char *to, const char *from,
			 const struct mv_pointer *pointer, struct mv_err *err);

/* Is git-lfs here? */
int mv_transfer_lfs_has_program(const struct mv_repo *repo);

/* The folder of objects of the repository in `git_dir`; yours. */
int mv_transfer_lfs_dir_of(char **out, struct mv_repo *repo,
			   const char *git_dir,
			   struct mv_err *err);

/* That of a remote that is a path; NULL: it is none, or has an LFS server. */
int mv_transfer_lfs_find_dir(char **dir, struct mv_repo *repo,
			     const char *remote,
			     const char *url, int push, struct mv_err *err);

#endif
