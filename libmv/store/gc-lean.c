/* SPDX-License-Identifier: MIT */
#include "libmv/store/gc-inner.h"

#include <stdlib.h>
#include <string.h>

#include "libmv/base/bytes.h"
#include "libmv/base/grow.h"
#include "libmv/store/codec-numbers.h"
#include "libmv/store/tx.h"

/*
 * Old versions lean on newer ones. The caller says which contents, and where in
 * them the same tensors are; here it is decided chunk by chunk.
 *
 * A plan is made first: which chunk on which. How deep a chunk may say that it
 * leans is bounded from above by what leans on it (which says one more at
 * least) and from below by what it leans on. `cap` is the bound from above: 4,
 * less one for each step of the longest way down to it. It is also what is
 * written, so that a chunk at the top of a chain has as much room as can be
 * for leaning on something newer one day. Where the next version is as deep
 * as can be, the chunk leans on one that that leans on.
 *
 * Then the plan is carried out, in parallel: a sample says whether it pays.
 * What was tried is remembered in the index, and not tried again.
 */
#define PLAN_MAX (256u * 1024)
#define JOB_EDGES 8u
/* Less than a tenth is not worth a second record for every reader. */
#define PAYS(new, old) ((new) < (old) - (old) / 10)

struct edge {
	uint64_t chunk, base;		/* positions in the index */
	uint32_t len;
	uint32_t old_len, new_len;	/* stored; new_len 0: not made */
	uint16_t span;			/* versions between them */
	uint8_t numbers, phase;
	uint8_t depth;
	uint8_t by_exponent;
};

struct place_of_chunk {
	uint64_t off, pos;
	uint32_t len;
};

struct mv_gc_leaner {
	struct gc *gc;
	struct edge *edge;
	size_t count, alloc;
	uint32_t *slot;			/* by chunk: position + 1 */
	size_t slots;
	struct place_of_chunk *base;	/* the chunks of the base */
	size_t base_count, base_alloc;
	uint64_t done;			/* under `mutex` */
	pthread_mutex_t mutex;
};

/* -- the plan ------------------------------------------------------------- */

static size_t lean_slot(const struct mv_gc_leaner *l, uint64_t pos)
{
	size_t mask = l->slots - 1;
	size_t i = (size_t)(pos * 0x9e3779b97f4a7c15u >> 32) & mask;

	while (l->slot[i] && l->edge[l->slot[i] - 1].chunk != pos)
		i = (i + 1) & mask;
	return i;
}

static struct edge *edge_of(const struct mv_gc_leaner *l, uint64_t pos)
{
	uint32_t at = l->slot[lean_slot(l, pos)];

	return at ? &l->edge[at - 1] : NULL;
}

/* How many bases are under it, or how deep it has said that it leans. */
static unsigned int floor_of(const struct mv_gc_leaner *l, uint64_t pos)
{
	unsigned int steps = 0;
	const struct edge *e;

	while ((e = edge_of(l, pos))) {
		pos = e->base;
		steps++;
	}
	if (l->gc->lean[pos] & MV_GC_MADE)
		return steps + ((l->gc->lean[pos] & MV_GC_MADE) >> MV_GC_MADE_SHIFT);
	return steps + (mv_gc_about(l->gc, pos) & MV_ABOUT_DEPTH);
}

/* 1: *pos becomes what it leans on. */
static int step_down(struct mv_gc_leaner *l, uint64_t *pos, uint32_t *span,
		     struct mv_err *err)
{
	const struct edge *e = edge_of(l, *pos);

	if (e) {
		*pos = e->base;
		*span += e->span;
		return 1;
	}
	if (l->gc->lean[*pos] & MV_GC_MADE)
		return 0;
	*span += 1;
	return mv_gc_base(pos, l->gc, *pos, err);
}

/*
 * How far from it is the base, in versions, and what does it leave for others?
 * One as deep as can be is of no use to older ones again; one that stands
 * alone is the newest, and gets further away.
 */
static uint32_t worth_of(uint32_t span, unsigned int floor)
{
	static const uint8_t spoiled[MV_DEPTH_MAX + 1] = { 1, 0, 1, 100, 100 };

	return span + spoiled[floor < MV_DEPTH_MAX ? floor : MV_DEPTH_MAX];
}

/*
 * The next version's chunk, or if that is too deep one of those under it. 1,
 * or 0 when there is none. In *span how many versions are between.
 */
static int choose_base(uint64_t *base, uint32_t *span, struct mv_gc_leaner *l,
		       uint64_t chunk, struct mv_err *err)
{
	unsigned int cap = mv_gc_cap(l->gc, chunk);
	uint32_t far = 1, best = UINT32_MAX;
	uint64_t pos = *base, next = *base;
	int rc = 1, found = 0;

	for (unsigned int i = 0; rc == 1 && i <= MV_DEPTH_MAX; i++) {
		unsigned int floor = floor_of(l, pos);

		if (pos == chunk)	/* around */
			return 0;
		if (floor < cap && worth_of(far, floor) <= best) {
			best = worth_of(far, floor);
			*base = pos;
			*span = far;
			found = 1;
			if (pos == next)
				break;
		}
		rc = step_down(l, &pos, &far, err);
	}
	/* Further down it might still be the chunk itself. */
	for (pos = *base; rc == 1 && found;) {
		rc = step_down(l, &pos, &far, err);
		if (rc == 1 && pos == chunk)
			return 0;
	}
	return rc < 0 ? rc : found;
}

static int add_edge(struct mv_gc_leaner *l, const struct edge *e,
		    struct mv_err *err)
{
	unsigned int cap = mv_gc_cap(l->gc, e->chunk);
	const struct edge *up = e;

	if (MV_GROW(l->edge, l->alloc, l->count + 1, err) < 0)
		return MV_ENOMEM;
	l->slot[lean_slot(l, e->chunk)] = (uint32_t)l->count + 1;
	l->edge[l->count++] = *e;
	while (up && cap--) {
		mv_gc_lower_cap(l->gc, up->base, cap);
		up = edge_of(l, up->base);
	}
	return 0;
}

static int is_candidate(struct gc *gc, uint64_t pos, int newer)
{
	unsigned int tried = mv_gc_tried(gc, pos);
	uint32_t pack;
	uint64_t off;

	return !(mv_gc_about(gc, pos) & MV_ABOUT_DEPTH) &&
	       !(gc->lean[pos] & MV_GC_MADE) &&
	       !(newer ? tried & MV_ABOUT_NEWER : tried) &&
	       mv_bit_get(gc->live[MV_INDEX_CHUNKS], pos) &&
	       !mv_index_locate(&pack, &off, gc->index, MV_INDEX_CHUNKS, pos,
				NULL) && !gc->packs[pack].foreign;
}

static int flush_plan(struct mv_gc_leaner *l, struct mv_err *err);

static int plan_chunk(struct mv_gc_leaner *l, uint64_t chunk, uint64_t base,
		      uint32_t len, unsigned int numbers, unsigned int phase,
		      struct mv_err *err)
{
	struct edge e = { .chunk = chunk, .base = base, .len = len,
			  .numbers = (uint8_t)numbers,
			  .phase = (uint8_t)phase };
	uint32_t span = 1;
	int rc;

	if (chunk == base || edge_of(l, chunk) ||
	    !mv_bit_get(l->gc->live[MV_INDEX_CHUNKS], base))
		return 0;
	rc = choose_base(&e.base, &span, l, chunk, err);
	if (rc <= 0)
		return rc;
	e.span = (uint16_t)(span < UINT16_MAX ? span : UINT16_MAX);
	rc = add_edge(l, &e, err);
	return !rc && l->count == PLAN_MAX ? flush_plan(l, err) : rc;
}

/* -- contents ------------------------------------------------------------- */

static int find_here(uint64_t *pos, struct gc *gc, const uint8_t *entry)
{
	int64_t found = mv_index_find(gc->index, MV_INDEX_CHUNKS,
				      mv_recipe_id(entry));

	*pos = (uint64_t)found;
	return found >= 0;
}

int mv_gc_wants(struct mv_gc_leaner *l, const struct mv_oid *oid, int newer,
		struct mv_err *err)
{
	struct mv_recipe_reader r;
	const uint8_t *entry;
	uint64_t pos;
	int wants = 0, rc = mv_recipe_open(&r, l->gc->store, oid, err);

	if (rc)
		return rc == MV_ENOENT ? 0 : rc;
	/* A whole has another kind of name, and leans on nothing. */
	while (r.bytes.len && !wants &&
	       (rc = mv_recipe_next(&entry, &r, err)) == 1)
		wants = find_here(&pos, l->gc, entry) &&
			is_candidate(l->gc, pos, newer);
	mv_recipe_close(&r);
	return rc < 0 ? rc : wants;
}

/* Where the base's chunks are, in order. */
static int list_base(struct mv_gc_leaner *l, const struct mv_oid *oid,
		     struct mv_err *err)
{
	struct mv_recipe_reader r;
	const uint8_t *entry;
	uint64_t off = 0;
	int rc = mv_recipe_open(&r, l->gc->store, oid, err);

	l->base_count = 0;
	if (rc)
		return rc == MV_ENOENT ? 0 : rc;
	while (r.bytes.len && (rc = mv_recipe_next(&entry, &r, err)) == 1) {
		struct place_of_chunk *p;

		if (MV_GROW(l->base, l->base_alloc, l->base_count + 1, err) < 0)
			rc = MV_ENOMEM;
		if (rc < 0)
			break;
		p = &l->base[l->base_count];
		p->off = off;
		p->len = mv_le32(entry + 32);
		l->base_count += (size_t)find_here(&p->pos, l->gc, entry);
		off += p->len;
	}
	mv_recipe_close(&r);
	return rc < 0 ? rc : 0;
}

static const struct place_of_chunk *base_at(const struct mv_gc_leaner *l,
					    uint64_t off)
{
	size_t lo = 0, hi = l->base_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (l->base[mid].off == off)
			return &l->base[mid];
		if (l->base[mid].off < off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

/* A chunk from `off` on, all of which is in one run. */
static int plan_in_run(struct mv_gc_leaner *l, const struct mv_lean_run *run,
		       uint64_t chunk, uint64_t off, uint32_t len,
		       struct mv_err *err)
{
	unsigned int width = mv_numbers_width(run->numbers), phase;
	const struct place_of_chunk *base;

	if (!width || off < run->off || len > run->len ||
	    off - run->off > run->len - len)
		return 0;
	base = base_at(l, run->base_off + (off - run->off));
	if (!base || base->len != len)
		return 0;
	phase = (unsigned int)((off - run->off) % width);
	return plan_chunk(l, chunk, base->pos, len, run->numbers,
			  phase ? width - phase : 0, err);
}

int mv_gc_may_lean(struct mv_gc_leaner *l, const struct mv_oid *oid,
		   const struct mv_oid *base, const struct mv_lean_run *runs,
		   size_t count, int newer, struct mv_err *err)
{
	const unsigned int tried = newer ? MV_ABOUT_NEWER : MV_ABOUT_OTHERS;
	struct gc *gc = l->gc;
	struct mv_recipe_reader r;
	const uint8_t *entry;
	uint64_t off = 0, pos;
	size_t at = 0;
	int rc = list_base(l, base, err);

	if (!rc)
		rc = mv_recipe_open(&r, gc->store, oid, err);
	if (rc)
		return rc == MV_ENOENT ? 0 : rc;
	while (r.bytes.len && (rc = mv_recipe_next(&entry, &r, err)) == 1) {
		uint32_t len = mv_le32(entry + 32);

		while (at < count && runs[at].off + runs[at].len <= off)
			at++;
		rc = 0;
		if (find_here(&pos, gc, entry) &&
		    is_candidate(gc, pos, newer)) {
			if (at < count)
				rc = plan_in_run(l, &runs[at], pos, off, len,
						 err);
			gc->lean[pos] |= (uint8_t)(tried << MV_GC_TRIED_SHIFT);
		}
		if (rc)
			break;
		off += len;
	}
	mv_recipe_close(&r);
	return rc < 0 ? rc : 0;
}

/* -- carrying it out ------------------------------------------------------ */

struct lean_job {
	struct mv_gc_leaner *l;
	size_t from, to;
};

/* Records of one job, appended together. */
struct lean_out {
	struct mv_new_record new[JOB_EDGES];
	size_t count, len;
};

/* Both verified: the chunk at scratch->raw, the base behind it. */
static int load_both(struct gc *gc, struct edge *e,
		     struct mv_scratch *scratch, struct mv_err *err)
{
	const struct mv_oid *ids = gc->index->ids[MV_INDEX_CHUNKS];
	uint8_t head[MV_RECORD_HEADER];
	struct mv_pack_record record;
	uint32_t len = e->len;
	int rc = mv_chunk_load_record(scratch->raw, &record, head, gc->store,
				      scratch, &ids[e->chunk], err);

	e->old_len = rc ? 0 : record.stored_len;
	if (!rc && record.raw_len != len)
		rc = mv_fail(err, MV_ECORRUPT,
			     "a recipe in store '%s' gives a chunk another length",
			     gc->store->dir);
	return rc ? rc : mv_chunk_load(scratch->raw + MV_CHUNK_MAX, &len,
				       gc->store, scratch, &ids[e->base], err);
}

static int try_edge(struct mv_gc_leaner *l, struct edge *e,
		    struct mv_scratch *scratch, struct lean_out *out,
		    struct mv_err *err)
{
	const struct mv_oid *ids = l->gc->index->ids[MV_INDEX_CHUNKS];
	const struct mv_lean lean = {
		&ids[e->base], scratch->raw + MV_CHUNK_MAX, e->depth,
		e->numbers, e->phase, e->by_exponent
	};
	struct mv_pack_record record = { .kind = MV_RECORD_CHUNK,
					 .raw_len = e->len };
	uint8_t *to = scratch->out + out->len;
	struct mv_encoded enc;
	int rc = load_both(l->gc, e, scratch, err);

	if (rc || !PAYS(mv_lean_estimate(scratch->raw, e->len, &lean),
			e->old_len))
		return rc;
	rc = mv_encode_lean(&enc, scratch->encoder, scratch->raw, e->len,
			    &lean, err);
	if (rc || enc.codec == MV_CODEC_RAW || !PAYS(enc.len, e->old_len))
		return rc;
	record.codec = enc.codec;
	record.param = enc.param;
	record.stored_len = (uint32_t)enc.len;
	memcpy(to + MV_RECORD_HEADER, enc.data, enc.len);
	mv_pack_record_seal(to, &record, to + MV_RECORD_HEADER);
	out->new[out->count].id = ids[e->chunk];
	out->new[out->count].kind = MV_RECORD_CHUNK;
	out->new[out->count].tried = mv_gc_tried(l->gc, e->chunk);
	out->new[out->count++].off = (uint32_t)out->len;
	out->len += MV_RECORD_HEADER + enc.len;
	e->new_len = (uint32_t)enc.len;
	return 0;
}

_Static_assert(JOB_EDGES * (MV_CHUNK_MAX + MV_RECORD_HEADER) / 2 <=
	       STORE_OUT_SIZE, "records of a job have room");

static int lean_job(void *arg, unsigned worker, struct mv_err *err)
{
	struct lean_job *job = arg;
	struct mv_gc_leaner *l = job->l;
	struct mv_scratch *scratch;
	struct lean_out out = { .count = 0, .len = 0 };
	uint64_t bytes = 0;
	int rc = mv_scratch_get(&scratch, l->gc->store, err);

	(void)worker;
	if (rc) {
		free(job);
		return rc;
	}
	rc = mv_scratch_encoder(scratch, err);
	for (size_t i = job->from; !rc && i < job->to; i++) {
		rc = try_edge(l, &l->edge[i], scratch, &out, err);
		bytes += l->edge[i].len;
	}
	if (!rc && out.count)
		rc = mv_tx_append(l->gc->tx, scratch->out, out.len, out.new,
				  out.count, err);
	mv_scratch_put(l->gc->store, scratch);
	pthread_mutex_lock(&l->mutex);
	l->done += bytes;
	bytes = l->done;
	pthread_mutex_unlock(&l->mutex);
	mv_progress_update(l->gc->store->options.progress, "Making deltas",
			   bytes, bytes);
	free(job);
	return rc;
}

/* What is written is also for the owners of where it was. */
static int inherit_packs(struct mv_gc_leaner *l, struct mv_err *err)
{
	const struct mv_index *x = l->gc->index;
	uint32_t pack, last = UINT32_MAX;
	uint64_t off;
	int rc = 0;

	for (size_t i = 0; !rc && i < l->count; i++) {
		rc = mv_index_locate(&pack, &off, x, MV_INDEX_CHUNKS,
				     l->edge[i].chunk, err);
		if (!rc && pack != last)
			rc = mv_tx_inherit(l->gc->tx, &x->pack_ids[pack], err);
		last = pack;
	}
	return rc;
}

/* As many as fit into a job's memory, of 512 KiB at least each. */
static size_t job_end(const struct mv_gc_leaner *l, size_t from)
{
	size_t to = from, len = 0;

	while (to < l->count && to - from < JOB_EDGES &&
	       (len += l->edge[to].len + MV_RECORD_HEADER) <= STORE_OUT_SIZE)
		to++;
	return to;
}

static int run_lean_jobs(struct mv_gc_leaner *l, struct mv_err *err)
{
	struct mv_pool *pool = l->gc->store->options.pool;
	struct mv_group *group = NULL;
	int rc = pool ? mv_group_new(&group, pool, err) : 0, waited;

	for (size_t i = 0, to; !rc && i < l->count; i = to) {
		struct lean_job *job = malloc(sizeof(*job));

		to = job_end(l, i);
		if (!job) {
			rc = mv_nomem(err);
			break;
		}
		*job = (struct lean_job){ l, i, to };
		if (group)
			mv_group_submit(group, lean_job, free, job);
		else
			rc = lean_job(job, 0, err);
	}
	waited = group ? mv_group_wait(group, rc ? NULL : err) : 0;
	mv_group_free(group);
	return rc ? rc : waited;
}

static void take_results(struct mv_gc_leaner *l)
{
	struct gc *gc = l->gc;

	for (size_t i = 0; i < l->count; i++) {
		const struct edge *e = &l->edge[i];

		if (!e->new_len)
			continue;
		gc->lean[e->chunk] = (uint8_t)((gc->lean[e->chunk] &
						~MV_GC_MADE) |
					       e->depth << MV_GC_MADE_SHIFT);
		gc->stats->leaning++;
		gc->stats->lean_saved += e->old_len - e->new_len;
		gc->lean_bytes += MV_RECORD_HEADER + e->new_len;
	}
}

/*
 * By exponent is smaller, and slower to read. A chain shall have it once at
 * most: above what nothing leans on, and only where that is not far anyway.
 */
static int may_be_slow(const struct mv_gc_leaner *l, const struct edge *e)
{
	return l->gc->options->aggressive ||
	       (e->depth == MV_DEPTH_MAX && !floor_of(l, e->base) &&
		mv_numbers_width(e->numbers) <= 4);
}

static int flush_plan(struct mv_gc_leaner *l, struct mv_err *err)
{
	int rc;

	for (size_t i = 0; i < l->count; i++) {
		l->edge[i].depth = (uint8_t)mv_gc_cap(l->gc, l->edge[i].chunk);
		l->edge[i].by_exponent = (uint8_t)may_be_slow(l, &l->edge[i]);
	}
	rc = inherit_packs(l, err);
	if (!rc)
		rc = run_lean_jobs(l, err);
	if (rc)
		return rc;
	take_results(l);
	/* New packs may appear already: they only double old ones. */
	if (l->count == PLAN_MAX)
		rc = mv_tx_flush(l->gc->tx, MV_TX_SYNC, err);
	l->count = 0;
	memset(l->slot, 0, l->slots * sizeof(*l->slot));
	return rc;
}

int mv_gc_lean_all(struct gc *gc, struct mv_err *err)
{
	struct mv_gc_leaner l = { .gc = gc, .slots = 2 * PLAN_MAX };
	int rc;

	if (!gc->lean)
		return 0;
	l.slot = calloc(l.slots, sizeof(*l.slot));
	if (!l.slot)
		return mv_nomem(err);
	pthread_mutex_init(&l.mutex, NULL);
	rc = gc->options->leans(gc->options->payload, &l, err);
	if (!rc)
		rc = flush_plan(&l, err);
	pthread_mutex_destroy(&l.mutex);
	free(l.slot);
	free(l.edge);
	free(l.base);
	return rc;
}
