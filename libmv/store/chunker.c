/* SPDX-License-Identifier: MIT */
#include "libmv/store/chunker.h"

#include <string.h>

#include "libmv/store/gear.h"

/*
 * The rules of docs/format/chunking.md. They are part of the store's format:
 * whoever changes a boundary makes every store keep its content twice.
 */

#define GEAR_WINDOW 64	/* a byte has left the 64-bit hash after 64 shifts */

/*
 * Go on hashing at *pos. True when a length in (*pos, end] is a cut, which
 * is then in *pos; otherwise *pos is `end`. A cut is where the `bits` most
 * significant bits are zero: those that all 64 last bytes have reached.
 *
 * Two bytes a round, because the additions of the second do not wait for
 * the first: it is the same hash, a third faster.
 */
static int scan(size_t *pos, uint64_t *hash, const uint8_t *data, size_t end,
		unsigned int bits)
{
	const uint64_t limit = (uint64_t)1 << (64 - bits);
	uint64_t h = *hash, first, second;
	size_t i = *pos;

	for (; i + 2 <= end; i += 2) {
		first = gear[data[i]];
		second = (first << 1) + gear[data[i + 1]];
		if ((h << 1) + first < limit) {
			*pos = i + 1;
			return 1;
		}
		h = (h << 2) + second;
		if (h < limit) {
			*pos = i + 2;
			return 1;
		}
	}
	if (i < end)
		h = (h << 1) + gear[data[i]];
	*hash = h;
	*pos = end;
	return i < end && h < limit;
}

size_t mv_chunk_cut(const uint8_t *data, size_t len, int eof)
{
	size_t end = len < MV_CHUNK_MAX ? len : MV_CHUNK_MAX;
	size_t normal = end < MV_CHUNK_NORMAL ? end : MV_CHUNK_NORMAL;
	size_t pos = MV_CHUNK_MIN - GEAR_WINDOW;
	uint64_t hash = 0;
	size_t i;

	if (len < MV_CHUNK_MAX && !eof)
		return 0;
	if (len <= MV_CHUNK_MIN)
		return len;
	/* What came before the window has no say in where the first cut is. */
	for (i = pos; i < MV_CHUNK_MIN - 1; i++)
		hash = (hash << 1) + gear[data[i]];
	pos = i;
	if (scan(&pos, &hash, data, normal, MV_CHUNK_MASK_STRICT_BITS) ||
	    scan(&pos, &hash, data, end, MV_CHUNK_MASK_LAX_BITS))
		return pos;
	return end;
}

/* The cutter's run, or the one that comes next, or NULL. */
static const struct mv_run *current_run(struct mv_cutter *cutter)
{
	const struct mv_run *run;

	if (!cutter->runs)
		return NULL;
	for (; cutter->next_run < cutter->runs->count; cutter->next_run++) {
		run = &cutter->runs->run[cutter->next_run];
		/* Not "offset + length > pos": that sum may not fit. */
		if (run->offset > cutter->pos ||
		    cutter->pos - run->offset < run->length)
			return run;
	}
	return NULL;
}

static void end_of_runs(struct mv_runs *runs)
{
	runs->scout->free(runs->scout);
	runs->scout = NULL;
}

static void forget_old_runs(struct mv_cutter *cutter, struct mv_runs *runs)
{
	if (!cutter->next_run)
		return;
	runs->count -= cutter->next_run;
	memmove(runs->run, runs->run + cutter->next_run,
		runs->count * sizeof(*runs->run));
	cutter->next_run = 0;
}

int mv_cutter_look(struct mv_cutter *cutter, struct mv_runs *runs,
		   const uint8_t *data, size_t len, int eof,
		   struct mv_err *err)
{
	while (runs->scout && runs->scout->at - cutter->pos < MV_CHUNK_MAX) {
		struct mv_scout *scout = runs->scout;
		uint64_t at = scout->at;
		size_t off = (size_t)(at - cutter->pos), left;
		int rc;

		left = off < len ? len - off : 0;
		if (left < scout->want && !eof)
			return 0;
		if (!left) {
			end_of_runs(runs);
			break;
		}
		forget_old_runs(cutter, runs);
		rc = scout->look(scout, runs, data + off,
				 left < scout->want ? left : scout->want, err);
		if (rc < 0)
			return rc;
		if (scout->at == UINT64_MAX || scout->at <= at)
			end_of_runs(runs);
	}
	return 1;
}

/* The length of the piece at the cutter's position inside `run`. */
static size_t run_piece(const struct mv_run *run, uint64_t pos)
{
	uint64_t unit = run->unit;
	uint64_t piece = unit > MV_RUN_PIECE ? MV_RUN_PIECE :
					       MV_RUN_PIECE / unit * unit;
	uint64_t done = pos - run->offset;
	uint64_t left = run->length - done;

	piece -= done % piece;
	return (size_t)(piece < left ? piece : left);
}

/* The same of a run that is cut by content. */
static size_t content_piece(const struct mv_run *run, uint64_t pos,
			    const uint8_t *data, size_t len, int eof)
{
	uint64_t left = run->length - (pos - run->offset);

	return left <= len ? mv_chunk_cut(data, (size_t)left, 1) :
		mv_chunk_cut(data, len, eof);
}

/* Between runs: by content, but never across the beginning of a run. */
static size_t gap_piece(const struct mv_cutter *cutter,
			const struct mv_run *next, const uint8_t *data,
			size_t len, int eof)
{
	int has_runs = cutter->runs && cutter->runs->count;

	if (!has_runs && !cutter->pos && eof && len <= MV_CHUNK_SMALL)
		return len;
	if (next && next->offset - cutter->pos <= len)
		return mv_chunk_cut(data, (size_t)(next->offset - cutter->pos),
				    1);
	return mv_chunk_cut(data, len, eof);
}

size_t mv_cutter_next(struct mv_cutter *cutter, enum mv_plane *plane,
		      const uint8_t *data, size_t len, int eof)
{
	const struct mv_run *run = current_run(cutter);
	size_t n;

	*plane = MV_PLANE_NONE;
	if (run && run->offset <= cutter->pos && !run->unit) {
		n = content_piece(run, cutter->pos, data, len, eof);
	} else if (run && run->offset <= cutter->pos) {
		n = run_piece(run, cutter->pos);
		*plane = run->plane;
		if (n > len)
			n = eof ? len : 0;
	} else {
		n = gap_piece(cutter, run, data, len, eof);
	}
	cutter->pos += n;
	return n;
}
