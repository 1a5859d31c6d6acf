/* SPDX-License-Identifier: MIT */
#ifndef CMD_TABLE_H
#define CMD_TABLE_H

#include <stddef.h>

#include "cmd/cmd.h"
#include "libmv/report/text.h"

/*
 * What list commands print: columns as wide as they need to be and no wider
 * than the terminal, or tabs and no heading.
 */
struct table {
	const struct mv_list_column *head;
	size_t columns;
	char **cell;		/* row by row */
	size_t count, alloc;
	int failed;		/* memory; reported by table_print() */
};
#define TABLE_INIT(head) \
	{ (head), sizeof(head) / sizeof(*(head)), NULL, 0, 0, 0 }

/* The next cell; NULL or "" is "-". */
void table_add(struct table *table, const char *text);
/* The same of a path, quoted as git does, and words of ours behind it. */
void table_add_path(struct table *table, const char *path, const char *more);
/* Prints and frees. CMD_OK or CMD_FATAL. */
int table_print(struct table *table, int plain, struct cmd_env *env);

#endif
