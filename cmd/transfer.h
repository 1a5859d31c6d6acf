/* SPDX-License-Identifier: MIT */
#ifndef CMD_TRANSFER_H
#define CMD_TRANSFER_H

struct mv_transfer_stats;

/*
 * What push, fetch and pull have to say at the end. `verb` is "uploaded" or
 * "downloaded". CMD_NO when contents are missing at both ends.
 */
int transfer_print(const char *verb, const struct mv_transfer_stats *stats,
		   int json);

#endif
