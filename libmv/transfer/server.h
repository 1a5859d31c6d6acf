/* SPDX-License-Identifier: MIT */
#ifndef MV_TRANSFER_SERVER_H
#define MV_TRANSFER_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/err.h"
#include "libmv/http/http.h"
#include "libmv/store/pointer.h"

/* An LFS server, for the files of transfer: batch API and basic transfers. */
struct mv_pool;
struct mv_repo;

struct mv_transfer_server {
	struct mv_repo *repo;
	struct mv_http *http;
	struct mv_pool *pool;	/* made when there are several objects */
	char *url;		/* no slash at the end */
	char *origin;
	char **headers;		/* what `ssh git-lfs-authenticate` gave */
	unsigned flags;		/* enum mv_http_flags: nobody but a file of
				   the repository names it */
	unsigned threads;
	int push;
};

/*
 * That of this remote (`url`: where git pushes to just now; may be NULL).
 * MV_ENOTSUP: the remote has none that we can speak to. Release it after a
 * failure, too.
 */
int mv_transfer_server_open(struct mv_transfer_server *out,
			    struct mv_repo *repo, const char *remote,
			    const char *url, int push, struct mv_err *err);
void mv_transfer_server_close(struct mv_transfer_server *server);

/* -- one object ------------------------------------------------------------ */

/* What the server wants done, and until when (ms as mv_now_ms(); 0: for
   ever). */
struct mv_transfer_action {
	char *href;		/* NULL: nothing */
	char **headers;
	int64_t until;
};

struct mv_transfer_item {
	struct mv_transfer_server *server;
	const struct mv_pointer *pointer;
	size_t index;		/* for the caller */
	const char *dir;	/* the LFS directory here */
	struct mv_transfer_action action, verify;
	int authenticated;	/* the action needs no login of ours */
	int answered;		/* the server has spoken of it */
	int done;
	int sent;		/* done, and it was not there before */
	int again;		/* ask for another action */
	unsigned rounds;
	struct mv_err err;	/* code 0: all is well so far */
};

/*
 * Ask what is to be done for these: actions, or an error of their own in each.
 * An upload without an action is one that the server has. An error is one of
 * the server as a whole.
 */
int mv_transfer_batch(struct mv_transfer_server *server,
		      struct mv_transfer_item *items, size_t count,
		      struct mv_err *err);
void mv_transfer_item_release(struct mv_transfer_item *item);

/* POST of JSON in the dialect of LFS; the answer is yours to release. */
int mv_transfer_server_post(struct mv_http_answer *answer,
			    struct mv_transfer_server *server, const char *url,
			    char *const *headers, unsigned flags,
			    const struct mv_buf *json, struct mv_err *err);

/* The answer was no success: what it means, with the server's own words. */
int mv_transfer_server_refusal(struct mv_err *err, const char *origin,
			       const struct mv_http_answer *answer);

/* -- many ------------------------------------------------------------------ */

/*
 * Bring these objects into `dir`; one that came, or was there, is `done`, and
 * of all others `err` says why not. An error: nothing more can come.
 */
int mv_transfer_server_get(struct mv_transfer_server *server,
			   struct mv_transfer_item *items, size_t count,
			   struct mv_err *err);

/* Send those that the server lacks from `dir` (NULL: it is not here, and the
   server has to have it: else MV_ENOENT in its `err`). The same. */
int mv_transfer_server_put(struct mv_transfer_server *server,
			   struct mv_transfer_item *items, size_t count,
			   struct mv_err *err);

/* What an LFS server is configured to be, git's word before .lfsconfig's;
   borrowed, NULL: nobody says. */
int mv_transfer_server_named(const char **url, int *by_file,
			     struct mv_repo *repo, const char *remote,
			     int push, struct mv_err *err);

/*
 * The server beside the remote at `url`, and what to say there; both yours.
 * MV_ENOTSUP: no LFS server can be there.
 */
int mv_transfer_server_derive(char **server, char ***headers,
			      struct mv_repo *repo, const char *url, int push,
			      struct mv_err *err);

/* "Name: value" for each of a JSON object; MV_EINVALID of what is no header.
   A NULL ends the list, which is yours. */
struct mv_json;
int mv_transfer_server_headers(char ***out, const struct mv_json *object,
			       struct mv_err *err);
void mv_transfer_server_free_list(char **list);

#endif
