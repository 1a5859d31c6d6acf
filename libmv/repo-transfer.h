/* SPDX-License-Identifier: MIT */
#ifndef MV_REPO_TRANSFER_H
#define MV_REPO_TRANSFER_H

#include <stddef.h>

#include "libmv/repo.h"

/*
 * What repo-remote.c (where content is, and fetching) and repo-push.c share.
 * Private to libmv/repo*.c.
 */

/* -- where -- */

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
int mv_repo_destination(struct mv_destination *out, struct mv_repo *repo,
			const char *name, const char *url, struct mv_err *err);
void mv_destination_release(struct mv_destination *d);
/*
 * All URLs that `git push <name>` would push to, one on each line; yours. NULL
 * where one place is configured for all of them.
 */
int mv_repo_push_urls(char **out, struct mv_repo *repo, const char *name,
		      struct mv_err *err);
/* The common dir of the git repository that a push to this remote, or to `url`,
   reaches; *out NULL: it is not on this machine. */
int mv_repo_pushed_dir(char **out, struct mv_repo *repo, const char *name,
		       const char *url, struct mv_err *err);
/* The store of the git repository that this URL reaches; MV_ENOENT. */
int mv_repo_store_beside(char **out, struct mv_repo *repo, const char *url,
			 struct mv_err *err);

/*
 * Stores that may have what is missing here, the default remote's first, each
 * once (repo-sources.c): those of all remotes, of all places that they are
 * pushed to, and of where the last `git fetch` was.
 */
struct mv_sources {
	char **url;
	size_t count;
};
int mv_repo_sources(struct mv_sources *out, struct mv_repo *repo,
		    struct mv_err *err);
/*
 * What stands beside each git repository on this machine that a git remote
 * names, or where the last `git fetch` was: each once. `beside` makes a path of
 * a URL, or fails where there is none.
 */
typedef int (*mv_beside_fn)(char **out, struct mv_repo *repo, const char *url,
			    struct mv_err *err);
int mv_repo_all_beside(struct mv_sources *out, struct mv_repo *repo,
		       mv_beside_fn beside, struct mv_err *err);
void mv_sources_release(struct mv_sources *sources);

/* -- which contents -- */

/* Native pointers first, each once, after mv_wanted_settle(). */
struct mv_wanted_list {
	struct mv_pointer *p;
	size_t count, alloc;
};
int mv_wanted_add(struct mv_wanted_list *w, const struct mv_pointer *p,
		  struct mv_err *err);
void mv_wanted_settle(struct mv_wanted_list *w);
size_t mv_wanted_natives(const struct mv_wanted_list *w);
/* What `revs` (rev-list arguments; NULL: the index) reach; settled. */
int mv_wanted_find(struct mv_wanted_list *w, struct mv_repo *repo,
		   const char *const *revs, struct mv_err *err);

/*
 * Git LFS objects, from number `first` on, to the LFS directory of the
 * repository that `url` (NULL: that of the remote) reaches on this machine; to
 * an LFS server by git-lfs, and then only what `newer` (rev-list arguments;
 * NULL: all of them) reaches (repo-lfs-move.c). MV_ENOENT: there is no
 * git-lfs, or an object is neither here nor at the server. What is neither here
 * nor in the directory is added to `absent` (NULL: counted).
 */
int mv_repo_push_lfs(struct mv_repo *repo, const char *remote, const char *url,
		     const struct mv_wanted_list *w, size_t first,
		     const char *const *newer, struct mv_wanted_list *absent,
		     struct mv_transfer_stats *stats, struct mv_err *err);

/* -- a push that git makes -- */

/* rev-list arguments, each list ended by NULL. */
struct mv_push_refs {
	const char *remote;		/* as git calls it: a name or a URL */
	const char *url;		/* where git pushes to */
	const char *const *pushed;	/* all that the refs reach which are
					   pushed */
	const char *const *newer;	/* without what the remote is known to
					   have */
	const char *const *known;	/* without what git has just seen there;
					   NULL: nothing is pushed */
};
/*
 * What of it was never there, by what the remote's repository says now:
 * rev-list arguments (repo-push-news.c). refs->known must not be NULL. Release
 * it after a failure, too.
 */
struct mv_push_news {
	const char **args;
	struct mv_buf haves;	/* they point into it */
};
int mv_push_news(struct mv_push_news *out, struct mv_repo *repo,
		 const struct mv_push_refs *refs, struct mv_err *err);
void mv_push_news_release(struct mv_push_news *news);
/* "^<oid>\0" for each ref of the repository there, of one length: none where it
   does not answer, or some where there are very many. */
void mv_push_ask_refs(struct mv_buf *haves, struct mv_repo *repo,
		      const char *url);
/*
 * In a partial clone: fetch what git will send and what is not here, so that
 * it is seen which contents go along. An error where it cannot be had.
 */
int mv_repo_bring_pushed(struct mv_repo *repo, const struct mv_push_refs *refs,
			 struct mv_err *err);
/* The same for all that `revs` reach, to whatever place; not where `url` (may
   be NULL) is the one remote that has promised it. */
int mv_repo_bring(struct mv_repo *repo, const char *url,
		  const char *const *revs, struct mv_err *err);
int mv_repo_push_refs(struct mv_repo *repo, const struct mv_push_refs *refs,
		      struct mv_transfer_stats *stats, struct mv_err *err);

/*
 * Contents that what this git remote is known to have needs, and that are not
 * in its store: a push has left them behind, or the store has lost them.
 */
struct mv_push_gaps {
	size_t here, nowhere;	/* can be uploaded; cannot */
};
int mv_repo_push_gaps(struct mv_push_gaps *out, struct mv_repo *repo,
		      const char *name, struct mv_err *err);

#endif
