/* SPDX-License-Identifier: MIT */
#ifndef MV_META_CURVES_H
#define MV_META_CURVES_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"
#include "libmv/base/stream.h"
#include "libmv/meta/facts.h"

/*
 * curves: metrics by step (docs/format/curves.md), and the tables, JSON Lines and
 * event files that they stand in.
 *
 * All bytes from notes, tags and files are hostile: bounded, escaped by who
 * prints them. Structs are plain; each _release() frees what is inside and
 * leaves an empty struct. Not for use by two threads at once.
 */
/*
 * One series per metric: points (step, ms since 1970 or 0, value), ordered by
 * step. The file is canonical JSON Lines, so that it deduplicates as it
 * grows: {"metric":"loss","points":[[step,ms,value],...]} in runs of at most
 * 1,000 points, metrics sorted.
 */
struct mv_point {
	int64_t step, ms;
	double value;
};
struct mv_series {
	char *name;
	struct mv_point *points;
	size_t count, alloc;
};
struct mv_curves {
	struct mv_series *series;	/* sorted by name */
	size_t count, alloc;
	size_t points;		/* of all series together */
	size_t restarts;	/* how often a file went back to an earlier step */
};
void mv_curves_release(struct mv_curves *curves);
int mv_curves_add(struct mv_curves *curves, const char *name, int64_t step,
		  int64_t ms, double value, struct mv_err *err);
/* Points of one mv_curves; one more is MV_EINVALID. They are what memory
   grows with: the files that they come from are read piece by piece. */
#define MV_CURVES_POINTS_MAX ((size_t)1 << 22)
/* Stable sort by step. Call before storing or use. */
void mv_curves_sort(struct mv_curves *curves);
/* As they are stored: streams, a run in memory at a time. `curves` is borrowed. */
struct mv_curves_reader {
	const struct mv_curves *curves;
	size_t series, at;	/* where the next run begins */
	struct mv_buf run;
	size_t sent;		/* of it */
};
struct mv_reader mv_curves_reader(struct mv_curves_reader *state,
				  const struct mv_curves *curves);
void mv_curves_reader_release(struct mv_curves_reader *state);
/* What is written is parsed into `out`, which is empty unless _end() (always
   to be called; `failed`: what writing gave) returns 0. */
struct mv_curves_writer {
	struct mv_curves *out;
	struct mv_buf line;	/* as far as it came */
	size_t lines;
};
struct mv_writer mv_curves_writer(struct mv_curves_writer *state,
				  struct mv_curves *out);
int mv_curves_writer_end(struct mv_curves_writer *state, int failed,
			 struct mv_err *err);
/*
 * A CSV or TSV (by suffix) with a header: RFC 4180 quoting; a column named
 * step, epoch or iteration is the step (else the row number), one named
 * timestamp or time the time; every other column with numbers is a metric,
 * named "<prefix><column>". Blanks around cells are no part of them. Where the
 * steps go back and on from there, a run was begun anew: what it had at those
 * steps is dropped; steps in no order at all are sorted. What was left out is
 * counted. MV_EINVALID with file and line.
 */
int mv_curves_read_table(struct mv_curves *curves, const char *name,
			 const char *prefix, const struct mv_source *in,
			 size_t *skipped, struct mv_err *err);
/*
 * A file of JSON Lines: an object a line, nested ones flattened with dots, its
 * members as the columns of a table. Or, of TensorBoard, an event file, of
 * which scalars are read (events.c); what the file's series have at steps from
 * their first one in it on, an earlier file's run has abandoned.
 */
int mv_curves_read_lines(struct mv_curves *curves, const char *name,
			 const char *prefix, const struct mv_source *in,
			 size_t *skipped, struct mv_err *err);
int mv_curves_read_events(struct mv_curves *curves, const char *name,
			  const char *prefix, const struct mv_source *in,
			  size_t *skipped, struct mv_err *err);
/* A run began anew at this step: what came after it before is dropped, of all
   series or of the one at [i] (was there any?). */
void mv_curves_restart(struct mv_curves *curves, int64_t step);
int mv_curves_restart_one(struct mv_curves *curves, size_t i, int64_t step);
/* Of so many rows, so many had a lower step than the one before: is that a
   run begun anew (or is there no order at all)? */
int mv_steps_go_back(size_t rows, size_t back);
/*
 * How often did the steps of the series at [i], whose points are as they were
 * measured, go back? What an abandoned run measured is dropped then (not where
 * there is no order at all: 0). The caller counts it in `restarts`.
 */
size_t mv_curves_begin_anew(struct mv_curves *curves, size_t i);
/* The last value of each series into facts. */
int mv_curves_last(struct mv_facts *facts, const struct mv_curves *curves,
		   struct mv_err *err);

#endif
