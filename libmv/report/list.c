/* SPDX-License-Identifier: MIT */
#include "libmv/report/parts.h"
#include "libmv/report/text.h"

static unsigned flags_of(unsigned flags)
{
	return (flags & MV_LIST_RIGHT ? MV_COLUMN_RIGHT : 0) |
	       (flags & MV_LIST_CUT ? MV_COLUMN_SHRINK : 0) |
	       (flags & MV_LIST_PATH ? MV_COLUMN_TAIL : 0) |
	       (flags & MV_LIST_SPARE ? MV_COLUMN_SPARE : 0) |
	       (flags & MV_LIST_EARLY ? MV_COLUMN_EARLY : 0) |
	       (flags & MV_LIST_LATE ? MV_COLUMN_LATE : 0);
}

int mv_list_text(struct mv_buf *out, const struct mv_list_column *columns,
		 size_t column_count, const char *const *cells,
		 size_t cell_count, const struct mv_style *style,
		 struct mv_err *err)
{
	struct mv_table t;
	struct mv_pen pen;

	mv_pen_init(&pen, out, style);
	mv_table_init(&t);
	for (size_t c = 0; c < column_count; c++)
		mv_table_column(&t, flags_of(columns[c].flags),
				columns[c].title, 0);
	for (size_t i = 0; i < cell_count; i++)
		mv_pen_safe(mv_table_foreign(&t, MV_TONE_PLAIN),
			    cells[i] && *cells[i] ? cells[i] : "-");
	mv_words_left_out(&pen, mv_table_print(&pen, &t, 0, 1));
	mv_table_release(&t);
	return mv_pen_done(&pen, err);
}
