/* SPDX-License-Identifier: MIT */
#ifndef CMD_TRANSFER_H
#define CMD_TRANSFER_H

struct mv_repo;
struct mv_transfer_stats;

/*
 * What push, fetch and pull have to say at the end. `verb` is "uploaded" or
 * "downloaded"; `records` says whether any went along. CMD_NO when contents
 * are missing at both ends.
 */
int transfer_print(const char *verb, const struct mv_transfer_stats *stats,
		   int records, int json);

/* Content was not to be had from `remote` (NULL: from anywhere): where was it
   looked for, and what can be done? */
void transfer_say_where(struct mv_repo *repo, const char *remote);

/* Records go with content, but theirs is another way, through git. Says what
   did not come, and is CMD_FATAL then: a remote that could not be asked is no
   success; CMD_NO when what they have attached did not. *moved: whether any
   came. */
int transfer_fetch_records(int *moved, struct mv_repo *repo,
			   const char *remote);
/* What the records here have attached and is not here; failing is a warning,
   and CMD_NO. */
int transfer_fetch_attached(struct mv_repo *repo);
/* To push them failing is a warning. Returns whether any went. */
int transfer_push_records(struct mv_repo *repo, const char *remote);

#endif
