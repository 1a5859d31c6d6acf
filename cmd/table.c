/* SPDX-License-Identifier: MIT */
#include "cmd/table.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/look.h"
#include "cmd/out.h"
#include "libmv/base/grow.h"
#include "libmv/report/text.h"

static void cmd_table_add(struct table *table, char *text)
{
	if (!text || MV_GROW(table->cell, table->alloc, table->count + 1,
			     NULL) < 0) {
		table->failed = 1;
		free(text);
		return;
	}
	table->cell[table->count++] = text;
}

void table_add(struct table *table, const char *text)
{
	cmd_table_add(table, strdup(text && *text ? text : "-"));
}

void table_add_path(struct table *table, const char *path, const char *more)
{
	struct mv_buf quoted;

	mv_buf_init(&quoted, 1 << 20);
	cmd_table_add(table, out_quote_path(&quoted, path) ||
			     mv_buf_addstr(&quoted, more) ? NULL :
			     mv_buf_detach(&quoted));
	mv_buf_release(&quoted);
}

static void print_plain(const struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		out_raw("%s%s", table->cell[i],
			(i + 1) % table->columns ? "\t" : "\n");
}

static int cmd_table_print(const struct table *table, struct cmd_env *env)
{
	struct mv_style style;
	struct mv_buf text;
	struct mv_err err;
	int rc;

	look_style(&style, env);
	mv_buf_init(&text, LOOK_MAX);
	rc = mv_list_text(&text, table->head, table->columns,
			  (const char *const *)table->cell, table->count,
			  &style, &err);
	if (!rc)
		out_text(&text);
	mv_buf_release(&text);
	return rc ? out_fatal(&err) : CMD_OK;
}

int table_print(struct table *table, int plain, struct cmd_env *env)
{
	int status = CMD_OK;

	if (table->failed)
		status = out_fatalf("out of memory");
	else if (plain)
		print_plain(table);
	else
		status = cmd_table_print(table, env);
	for (size_t i = 0; i < table->count; i++)
		free(table->cell[i]);
	free(table->cell);
	return status;
}
