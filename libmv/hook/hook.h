/* SPDX-License-Identifier: MIT */
#ifndef MV_HOOK_H
#define MV_HOOK_H

#include <stddef.h>
#include <stdint.h>

/*
 * hook: what does a hook do? pre-commit and pre-push for a person, pre-receive
 * and post-receive for a server. A server judges everything that it accepts,
 * not only what it reads (docs/design/trust.md); what cannot be found out is
 * refused.
 */
struct mv_err;
struct mv_repo;
struct mv_transfer_stats;

/*
 * Upload what a push will need, and what earlier ones have left behind;
 * `remote`, `url` and `text` are what git told the hook. MV_EINVALID: git does
 * not say such things; MV_ENOENT: some of it is neither here nor there;
 * MV_EDENIED: there is no place for it.
 */
int mv_hook_pre_push(struct mv_repo *repo, const char *remote,
		     const char *url, const char *text, size_t len,
		     struct mv_transfer_stats *stats, struct mv_err *err);

/* Every staged path that must not be committed so, and why. */
int mv_hook_pre_commit(struct mv_repo *repo,
		       void (*fn)(void *payload, const char *path,
				  const char *why),
		       void *payload, struct mv_err *err);

/* -- the server ----------------------------------------------------------- */

struct mv_ref_update {
	const char *old, *new;	/* hex; all zero: none */
	const char *ref;
};

struct mv_ref_updates {
	struct mv_ref_update *v;
	size_t count;
	char *text;		/* they point into it */
};

void mv_hook_updates_release(struct mv_ref_updates *u);

/* What git says to pre-receive and post-receive, or (`pre_push`) to pre-push,
   on standard input. MV_EINVALID: anything else, and `out` is empty. */
int mv_hook_updates_parse(struct mv_ref_updates *out, const char *data,
			  size_t len, int pre_push, struct mv_err *err);

struct mv_receive {
	const char *pusher;
	int64_t now;		/* ms */
	int64_t (*clock)(void);	/* ms, for model.receiveTimeout; NULL: none */
	/* Why something is refused (or, with warning set, let through), one
	   line each. */
	void (*tell)(void *payload, int warning, const char *message);
	void *payload;
};

/* How long judging one may take: model.receiveTimeout, in ms; 0: no limit. */
int mv_hook_receive_limit(int64_t *ms, struct mv_repo *repo,
			  struct mv_err *err);

/*
 * Pushes take turns, from before one is judged until its refs have moved: the
 * file whose lock (flock) says whose turn it is, its folder made (yours), and
 * how long refs may take to move: model.receiveLanding, in ms; 0: no limit.
 */
int mv_hook_receive_turn(char **path, int64_t *ms, struct mv_repo *repo,
			 struct mv_err *err);

/*
 * Is this push allowed, as a whole? In the order of trust.md section 8:
 * notes and tags only grow, then every stage event, protected branch and
 * policy change by the policy of the protected branch as it is now, on the
 * state that the push would lead to. 0, MV_EDENIED, or any other error,
 * which the hook must take for no. Called in quarantine: nothing is written.
 */
int mv_hook_pre_receive(struct mv_repo *repo,
			const struct mv_ref_update *updates, size_t count,
			const struct mv_receive *receive, struct mv_err *err);

/* Receipts for the promotions among them, when the server has a key
   (model.receiptKey); nothing otherwise. One that cannot be written is told, as
   a warning, and the others are written; an error: none were. */
int mv_hook_post_receive(struct mv_repo *repo,
			 const struct mv_ref_update *updates, size_t count,
			 const struct mv_receive *receive,
			 struct mv_err *err);

/*
 * The same judgement for a client's push to that remote, as advice: by the
 * remote's own branch as git says it is, or as it was last seen, on the local
 * tags and notes. Of events that were decided by another policy than that one
 * only their number is told; nothing is judged where the branch is not there.
 */
int mv_hook_advise_push(struct mv_repo *repo, const char *remote,
			const struct mv_ref_update *updates, size_t count,
			const struct mv_receive *receive, struct mv_err *err);

#endif
