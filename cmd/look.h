/* SPDX-License-Identifier: MIT */
#ifndef CMD_LOOK_H
#define CMD_LOOK_H

#include <stddef.h>

#include "cmd/cmd.h"
#include "cmd/opt.h"
#include "libmv/base/buf.h"
#include "libmv/report/text.h"
#include "libmv/report/views.h"

/*
 * What the commands that show evidence share: colours and width of the
 * terminal, the format asked for, and git's pager where the answer goes to a
 * terminal.
 */
struct look {
	const char *color;	/* --color: "auto", "always", "never" or NULL */
	const char *format;	/* --format, or NULL: text */
	int json;		/* --json: the same as --format json */
	struct mv_style style;
};

#define OPT_LOOK_COLOR(look) \
	OPT_STRING(0, "color", &(look)->color, "when", \
		   "always, never, or auto: on a terminal")

#define LOOK_MAX ((size_t)1 << 30)	/* of an answer */

/*
 * Fill in style and format. `formats` are those that the command knows,
 * NULL-terminated, the default first. CMD_OK, or CMD_USAGE when told so.
 */
int look_begin(struct look *look, struct cmd_env *env,
	       const char *const *formats, const struct opt *opts,
	       const char *const *usage);
/* The style of a list: of any width where it goes to no terminal. */
void look_style(struct mv_style *style, struct cmd_env *env);
int look_is(const struct look *look, const char *format);

/*
 * Print an answer, through the pager on a terminal: then this process
 * becomes the pager, and never returns. `status` is handed back.
 */
int look_print(const struct look *look, struct cmd_env *env,
	       const struct mv_buf *text, int status, int page);

/* "a,b" into a NULL-terminated list, in fresh memory; NULL: no memory. */
char **look_list(const char *text);
void look_list_free(char **list);

/* Where nothing is known: how to fetch what others recorded. */
void look_hint_notes(struct cmd_env *env);
size_t look_records(const struct mv_board *board);

/*
 * What --fail-on regression answers: CMD_NO when a metric is worse, else
 * CMD_INCONCLUSIVE when one says nothing, else CMD_OK.
 */
int look_verdict(const struct mv_comparison *c);

#endif
