/* SPDX-License-Identifier: MIT */
#ifndef CMD_TRANSFER_H
#define CMD_TRANSFER_H

#include "cmd/opt.h"

struct mv_repo;
struct mv_transfer_stats;

/*
 * What "[<remote> [<revision>...]]" and --all ask for: *revs is left alone
 * where neither says anything. 0, or CMD_USAGE after saying what is wrong.
 */
int transfer_revisions(const char *const **revs, int argc, const char **argv,
		       int all, const struct opt *opts,
		       const char *const *usage);

/*
 * What push and fetch have to say at the end. `verb` is "uploaded" or
 * "downloaded"; `records` says whether any went along. CMD_NO when contents
 * are missing at both ends.
 */
int transfer_print(const char *verb, const struct mv_transfer_stats *stats,
		   int records, int json);

/* Content was not to be had from `remote` (NULL: from anywhere): where was it
   looked for, and what can be done? */
void transfer_say_where(struct mv_repo *repo, const char *remote);

/*
 * After content was fetched: fetches the records, which go another way, through
 * git, and prints what came of both. CMD_FATAL when a remote could not be asked
 * for records: that is no success; CMD_NO when what they have attached or
 * content did not come.
 */
int transfer_end_fetch(struct mv_repo *repo, const char *remote,
		       const struct mv_transfer_stats *stats, int json);
/* What the records here have attached and is not here; failing is a warning,
   and CMD_NO. */
int transfer_fetch_attached(struct mv_repo *repo);
/* To push them failing is a warning. Returns whether any went. */
int transfer_push_records(struct mv_repo *repo, const char *remote);

#endif
