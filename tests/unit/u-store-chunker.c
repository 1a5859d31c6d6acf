/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libmv/base/bytes.h"
#include "libmv/base/grow.h"
#include "libmv/base/hash.h"
#include "libmv/store/chunker.h"
#include "libmv/store/gear.h"

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)
#define MAX_CUTS 1024

static uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static uint8_t *random_bytes(size_t len, uint64_t seed)
{
	uint8_t *data = malloc(len + 8);

	assert_non_null(data);
	for (size_t i = 0; i < len; i += 8)
		mv_put_le64(data + i, next_random(&seed));
	return data;
}

/* Cut all of `data`, given whole; the lengths and hints go to the arrays. */
static size_t cut_all(size_t *cuts, enum mv_plane *planes,
		      const struct mv_runs *runs, const uint8_t *data,
		      size_t len)
{
	struct mv_cutter cutter = { .runs = runs };
	enum mv_plane plane;
	size_t done = 0, count = 0;

	while (done < len) {
		size_t n = mv_cutter_next(&cutter, &plane, data + done,
					  len - done, 1);

		assert_int_not_equal(n, 0);
		assert_true(n <= len - done);
		assert_true(count < MAX_CUTS);
		cuts[count] = n;
		if (planes)
			planes[count] = plane;
		count++;
		done += n;
		assert_int_equal(cutter.pos, done);
	}
	assert_int_equal(mv_cutter_next(&cutter, &plane, data + done, 0, 1), 0);
	return count;
}

static void test_store_chunker__gear_table_follows_its_rule(void **state)
{
	static const char prefix[] = "git-model gear 1";
	struct mv_oid digest;
	uint8_t text[17];

	(void)state;
	memcpy(text, prefix, 16);
	for (unsigned i = 0; i < 256; i++) {
		text[16] = (uint8_t)i;
		assert_int_equal(mv_sha256(&digest, text, 17, NULL), 0);
		assert_true(gear[i] == mv_le64(digest.b));
	}
}

/* The definition, one byte at a time, as docs/format/chunking.md has it. */
static size_t cut_by_the_book(const uint8_t *data, size_t len)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned bits = i + 1 <= MV_CHUNK_NORMAL ? 18 : 15;

		hash = (hash << 1) + gear[data[i]];
		if (i + 1 == MV_CHUNK_MAX)
			return i + 1;
		if (i + 1 >= MV_CHUNK_MIN && !(hash >> (64 - bits)))
			return i + 1;
	}
	return len;
}

static void test_store_chunker__agrees_with_the_definition(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		size_t len = 4 * MIB + 12345, done = 0;
		uint8_t *data = random_bytes(len, seed);

		while (done < len) {
			size_t n = mv_chunk_cut(data + done, len - done, 1);

			assert_int_equal(n, cut_by_the_book(data + done,
							    len - done));
			done += n;
		}
		free(data);
	}
}

/* A place where the hash says "cut", seen from where that begins to count. */
static void test_store_chunker__limits_are_exact(void **state)
{
	static const size_t lengths[] = {
		MV_CHUNK_MIN - 1, MV_CHUNK_MIN, MV_CHUNK_MIN + 1,
		MV_CHUNK_NORMAL - 1, MV_CHUNK_NORMAL, MV_CHUNK_NORMAL + 1,
		MV_CHUNK_MAX - 1, MV_CHUNK_MAX, MV_CHUNK_MAX + 1,
	};
	size_t cuts[MAX_CUTS], len = 8 * MIB, at = 0, count;
	uint8_t *data = random_bytes(len, 21);

	(void)state;
	count = cut_all(cuts, NULL, NULL, data, len);
	for (size_t i = 0; i < count; at += cuts[i++])
		for (size_t k = 0; k < 9 && at >= lengths[k]; k++) {
			size_t from = at - lengths[k];

			assert_int_equal(mv_chunk_cut(data + from, len - from,
						      1),
					 cut_by_the_book(data + from,
							 len - from));
		}
	free(data);
}

static void test_store_chunker__lengths_are_bounded(void **state)
{
	size_t cuts[MAX_CUTS], len = 32 * MIB, count;
	uint8_t *data = random_bytes(len, 7);

	(void)state;
	count = cut_all(cuts, NULL, NULL, data, len);
	for (size_t i = 0; i < count; i++) {
		assert_true(cuts[i] <= MV_CHUNK_MAX);
		assert_true(cuts[i] >= MV_CHUNK_MIN || i == count - 1);
	}
	/* The mean is what the masks promise: 113.5 KiB. */
	assert_in_range(len / count, 105 * KIB, 122 * KIB);
	free(data);
}

static void test_store_chunker__no_cut_found_means_max(void **state)
{
	uint8_t *zeros = calloc(1, 3 * MV_CHUNK_MAX);

	(void)state;
	assert_non_null(zeros);
	/* Constant bytes make a constant hash: no cut, or one at once. */
	assert_int_equal(mv_chunk_cut(zeros, 3 * MV_CHUNK_MAX, 1),
			 MV_CHUNK_MAX);
	assert_int_equal(mv_chunk_cut(zeros, MV_CHUNK_MAX - 1, 1),
			 MV_CHUNK_MAX - 1);
	free(zeros);
}

static void test_store_chunker__waits_for_enough_bytes(void **state)
{
	uint8_t *data = random_bytes(2 * MV_CHUNK_MAX, 3);
	struct mv_cutter cutter = { .runs = NULL };
	enum mv_plane plane;
	size_t whole = mv_chunk_cut(data, 2 * MV_CHUNK_MAX, 1);

	(void)state;
	assert_int_equal(mv_chunk_cut(data, 0, 0), 0);
	assert_int_equal(mv_chunk_cut(data, 0, 1), 0);
	assert_int_equal(mv_chunk_cut(data, 10, 0), 0);
	assert_int_equal(mv_chunk_cut(data, 10, 1), 10);
	assert_int_equal(mv_chunk_cut(data, MV_CHUNK_MAX - 1, 0), 0);
	assert_int_equal(mv_chunk_cut(data, MV_CHUNK_MAX, 0), whole);
	assert_int_equal(mv_cutter_next(&cutter, &plane, data,
					MV_CHUNK_MAX - 1, 0), 0);
	assert_int_equal(cutter.pos, 0);
	assert_int_equal(mv_cutter_next(&cutter, &plane, data, MV_CHUNK_MAX,
					0), whole);
	assert_int_equal(cutter.pos, whole);
	free(data);
}

static const struct mv_run three_runs[] = {
	{ 1000, 1 * MIB + 6, 2, MV_PLANE_BF16 },
	{ 1000 + 1 * MIB + 6, 300000, 12, MV_PLANE_F32 },
	{ 3 * MIB + 17, 4, 4, MV_PLANE_B32 },
};
static const struct mv_runs runs3 = { .run = (struct mv_run *)three_runs,
				      .count = 3 };

/*
 * The same content in pieces of random size, with an end that is known only
 * at the end, as a stream would bring it.
 */
static void feed_in_pieces(const size_t *cuts, size_t count,
			   const struct mv_runs *runs, const uint8_t *data,
			   size_t len, uint64_t seed)
{
	struct mv_cutter cutter = { .runs = runs };
	size_t begin = 0, have = 0, done = 0;
	enum mv_plane plane;

	while (done < count) {
		size_t n = mv_cutter_next(&cutter, &plane, data + begin,
					  have - begin, have == len);

		if (n) {
			assert_int_equal(n, cuts[done]);
			begin += n;
			done++;
			continue;
		}
		/* It must not ask for more when a longest chunk is there. */
		assert_true(have < len && have - begin < MV_CHUNK_MAX);
		have += 1 + next_random(&seed) % (200 * KIB);
		if (have > len)
			have = len;
	}
	assert_int_equal(begin, len);
}

static void test_store_chunker__buffer_edges_do_not_matter(void **state)
{
	size_t cuts[MAX_CUTS], len = 8 * MIB + 5;
	uint8_t *data = random_bytes(len, 11);

	(void)state;
	for (int with_runs = 0; with_runs < 2; with_runs++) {
		const struct mv_runs *runs = with_runs ? &runs3 : NULL;
		size_t count = cut_all(cuts, NULL, runs, data, len);

		for (uint64_t seed = 1; seed <= 10; seed++)
			feed_in_pieces(cuts, count, runs, data, len, seed);
	}
	free(data);
}

static int is_boundary(const size_t *cuts, size_t count, size_t offset)
{
	for (size_t i = 0, at = 0; i < count; at += cuts[i++])
		if (at == offset)
			return 1;
	return 0;
}

/* Bytes of the new content in chunks that do not end where an old one did. */
static size_t new_bytes(const size_t *old, size_t old_count, const size_t *cuts,
			size_t count, size_t at, size_t inserted)
{
	size_t sum = 0, begin = 0;

	for (size_t i = 0; i < count; begin += cuts[i++]) {
		size_t end = begin + cuts[i];
		int before = end <= at && is_boundary(old, old_count, begin) &&
			     is_boundary(old, old_count, end);
		int after = begin >= at + inserted &&
			    is_boundary(old, old_count, begin - inserted);

		if (!before && !after)
			sum += cuts[i];
	}
	return sum;
}

static void test_store_chunker__an_insertion_costs_little(void **state)
{
	size_t old[MAX_CUTS], cuts[MAX_CUTS], len = 8 * MIB;

	(void)state;
	for (uint64_t seed = 1; seed <= 12; seed++) {
		uint8_t *data = random_bytes(len, seed);
		uint8_t *edited = malloc(len + 100);
		size_t at = 100 + seed * 70001;
		size_t old_count, count, fresh;

		assert_non_null(edited);
		memcpy(edited, data, at);
		memset(edited + at, 'x', 100);
		memcpy(edited + at + 100, data + at, len - at);
		old_count = cut_all(old, NULL, NULL, data, len);
		count = cut_all(cuts, NULL, NULL, edited, len + 100);
		fresh = new_bytes(old, old_count, cuts, count, at, 100);
		assert_in_range(fresh, 100, 512 * KIB);
		free(edited);
		free(data);
	}
}

static void test_store_chunker__small_content_is_one_chunk(void **state)
{
	static const struct mv_runs no_runs;
	struct mv_cutter later = { .runs = NULL, .pos = 200000 };
	enum mv_plane plane;
	uint8_t *data = NULL;
	size_t cuts[MAX_CUTS], n = 0;

	(void)state;
	/* Content that would be cut, were it not small. */
	for (uint64_t seed = 1; !n || n >= MV_CHUNK_SMALL; seed++) {
		free(data);
		data = random_bytes(MV_CHUNK_MAX, seed);
		n = mv_chunk_cut(data, MV_CHUNK_MAX, 1);
	}
	assert_int_equal(cut_all(cuts, NULL, NULL, data, MV_CHUNK_SMALL), 1);
	assert_int_equal(cut_all(cuts, NULL, &no_runs, data, MV_CHUNK_SMALL),
			 1);
	assert_int_equal(cut_all(cuts, NULL, NULL, data, MV_CHUNK_SMALL + 1),
			 2);
	assert_int_equal(cuts[0], n);
	/* Only the whole content: not what is left at the end of a longer one. */
	assert_int_equal(mv_cutter_next(&later, &plane, data, MV_CHUNK_SMALL,
					1), n);
	free(data);
}

static void test_store_chunker__runs_restart_the_cutting(void **state)
{
	size_t cuts[MAX_CUTS], len = 8 * MIB, count, at = 0, i;
	enum mv_plane planes[MAX_CUTS];
	uint8_t *data = random_bytes(len, 5);

	(void)state;
	count = cut_all(cuts, planes, &runs3, data, len);
	/* The gap before a run ends where the run begins. */
	assert_int_equal(cuts[0], 1000);
	assert_int_equal(planes[0], MV_PLANE_NONE);
	for (i = 1; i <= 8; i++) {
		assert_int_equal(cuts[i], MV_RUN_PIECE);
		assert_int_equal(planes[i], MV_PLANE_BF16);
	}
	assert_int_equal(cuts[9], 6);
	/* Pieces are whole elements: 131072 / 12 * 12. */
	assert_int_equal(cuts[10], 131064);
	assert_int_equal(cuts[11], 131064);
	assert_int_equal(cuts[12], 300000 - 2 * 131064);
	assert_int_equal(planes[12], MV_PLANE_F32);
	assert_int_equal(planes[13], MV_PLANE_NONE);
	for (i = 0; at < 3 * MIB + 17; i++)
		at += cuts[i];
	assert_int_equal(at, 3 * MIB + 17);
	assert_int_equal(cuts[i], 4);
	assert_int_equal(planes[i], MV_PLANE_B32);
	assert_int_equal(planes[i + 1], MV_PLANE_NONE);
	/* After the last run: by content, from there. */
	assert_int_equal(cuts[i + 1], mv_chunk_cut(data + at + 4,
						   len - at - 4, 1));
	assert_true(i + 2 < count);
	free(data);
}

static void test_store_chunker__a_gap_is_cut_by_content_too(void **state)
{
	static const struct mv_run run = { 1000003, 64, 1, MV_PLANE_NONE };
	struct mv_runs runs = { .run = (struct mv_run *)&run, .count = 1 };
	size_t cuts[MAX_CUTS], done = 0, i;
	uint8_t *data = random_bytes(2 * MIB, 6);

	(void)state;
	cut_all(cuts, NULL, &runs, data, 2 * MIB);
	for (i = 0; done < 1000003; done += cuts[i++])
		assert_int_equal(cuts[i], mv_chunk_cut(data + done,
						       1000003 - done, 1));
	assert_true(i > 2);
	assert_int_equal(done, 1000003);
	assert_int_equal(cuts[i], 64);
	free(data);
}

/* Runs come from a file's header: what they promise may not be there. */
static void test_store_chunker__runs_that_lie_do_no_harm(void **state)
{
	static const struct mv_run lies[] = {
		{ 10, 0, 4, MV_PLANE_F32 },
		{ 20, 100, 0, MV_PLANE_F32 },
		{ 300, UINT64_MAX - 200, UINT32_MAX, MV_PLANE_BF16 },
		{ UINT64_MAX - 1, 50, 4, MV_PLANE_F64 },
	};
	struct mv_runs runs = { .run = (struct mv_run *)lies, .count = 4 };
	size_t cuts[MAX_CUTS];
	enum mv_plane planes[MAX_CUTS];
	uint8_t *data = random_bytes(400 * KIB, 8);
	size_t count = cut_all(cuts, planes, &runs, data, 400 * KIB);

	(void)state;
	assert_int_equal(planes[count - 1], MV_PLANE_BF16);
	for (size_t i = 0; i < count; i++)
		assert_in_range(cuts[i], 1, MV_CHUNK_MAX);
	free(data);
}

/* -- scouts --------------------------------------------------------------- */

/* A run of 5,000 bytes every 40,000, found 100 bytes before each. */
struct far {
	struct mv_scout scout;
	uint64_t lie;		/* the answer to the third look */
	int freed;
	unsigned looks;
	uint64_t shown;		/* the most that was wanted, and was there */
};

static int far_look(struct mv_scout *scout, struct mv_runs *out,
		    const uint8_t *data, size_t len, struct mv_err *err)
{
	struct far *f = (struct far *)scout;
	size_t alloc = out->count;

	assert_non_null(data);
	assert_in_range(len, 1, scout->want);
	f->looks++;
	f->shown += len == scout->want;
	if (MV_GROW(out->run, alloc, out->count + 1, err) < 0)
		return MV_ENOMEM;
	out->run[out->count].offset = scout->at + 100;
	out->run[out->count].length = 5000;
	out->run[out->count].unit = f->looks % 2;	/* 0: by content */
	out->run[out->count++].plane = MV_PLANE_NONE;
	scout->at = f->lie && f->looks == 3 ? f->lie - 1 : scout->at + 40000;
	return 0;
}

static void far_free(struct mv_scout *scout)
{
	((struct far *)scout)->freed++;
}

/* The cuts of `data`, offered in pieces of `step`. */
static size_t cut_ahead(size_t *cuts, struct far *f, const uint8_t *data,
			size_t len, size_t step)
{
	struct mv_runs runs = { .scout = &f->scout };
	struct mv_cutter cutter = { .runs = &runs };
	enum mv_plane plane;
	size_t here = step < len ? step : len, count = 0;
	struct mv_err err;

	f->scout = (struct mv_scout){ .want = MV_LOOK_MAX, .look = far_look,
				      .free = far_free };
	while (cutter.pos < len) {
		size_t pos = (size_t)cutter.pos, n = 0;
		int rc = mv_cutter_look(&cutter, &runs, data + pos, here - pos,
					here == len, &err);

		assert_in_range(rc, 0, 1);
		if (rc)
			n = mv_cutter_next(&cutter, &plane, data + pos,
					   here - pos, here == len);
		if (n) {
			assert_true(count < MAX_CUTS);
			cuts[count++] = n;
			continue;
		}
		assert_true(here < len);
		assert_true(here - pos < MV_CHUNK_MAX + MV_LOOK_MAX);
		here = step < len - here ? here + step : len;
	}
	assert_true(runs.count < 16);	/* what is over is forgotten */
	mv_runs_release(&runs);
	assert_int_equal(f->freed, 1);
	return count;
}

static void test_store_chunker__a_scout_is_ahead_of_the_cuts(void **state)
{
	static const size_t steps[] = { 1 * MIB, 77777, 4096, 333333 };
	size_t want[MAX_CUTS], got[MAX_CUTS], pos = 0, at_runs = 0;
	uint8_t *data = random_bytes(1 * MIB, 9);
	struct far f = { .lie = 0 };
	size_t count = cut_ahead(want, &f, data, 1 * MIB, 1 * MIB);

	(void)state;
	assert_int_equal(f.looks, 27);	/* 1 MiB / 40,000 */
	for (size_t i = 0; i < count; pos += want[i++])
		if (pos % 40000 == 100) {
			assert_int_equal(want[i], pos + 5000 < 1 * MIB ? 5000 :
					 1 * MIB - pos);
			at_runs++;
		}
	assert_int_equal(at_runs, 27);
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		struct far again = { .lie = 0 };

		assert_int_equal(cut_ahead(got, &again, data, 1 * MIB,
					   steps[i]), count);
		assert_memory_equal(got, want, count * sizeof(*want));
	}
	free(data);
}

/* One that goes back, stands still or goes beyond the end is let go. */
static void test_store_chunker__a_scout_that_lies_does_no_harm(void **state)
{
	static const uint64_t lies[] = { 1, 80001, 2 * MIB, UINT64_MAX };
	uint8_t *data = random_bytes(512 * KIB, 9);
	size_t cuts[MAX_CUTS];

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		struct far f = { .lie = lies[i] };

		cut_ahead(cuts, &f, data, 512 * KIB, 512 * KIB);
		assert_int_equal(f.looks, 3);
	}
	free(data);
}

/* A run of unit 0 begins a chunk, and is cut like content behind that. */
static void test_store_chunker__a_run_may_be_cut_by_content(void **state)
{
	static const struct mv_run run = { 70001, 600000, 0, MV_PLANE_NONE };
	struct mv_runs runs = { .run = (struct mv_run *)&run, .count = 1 };
	size_t cuts[MAX_CUTS], alone[MAX_CUTS], done = 0, i = 0, n;
	uint8_t *data = random_bytes(1 * MIB, 10);

	(void)state;
	cut_all(cuts, NULL, &runs, data, 1 * MIB);
	while (done < 70001)
		done += cuts[i++];
	assert_int_equal(done, 70001);
	n = cut_all(alone, NULL, NULL, data + 70001, 600000);
	assert_true(n > 2);
	assert_memory_equal(cuts + i, alone, n * sizeof(*alone));
	free(data);
}

static uint8_t *golden_content(const char *kind, uint64_t seed, size_t len)
{
	uint8_t *data = random_bytes(len, seed);

	if (!strcmp(kind, "ramp"))	/* a long period, no randomness */
		for (size_t i = 0; i < len; i++)
			data[i] = (uint8_t)(i * seed >> 8);
	else
		assert_string_equal(kind, "random");
	return data;
}

/*
 * Frozen boundaries: should this fail, the code is wrong, never the file. A
 * line is "<kind> <seed> <length>:" and the lengths of the chunks.
 */
static void test_store_chunker__frozen_boundaries_hold(void **state)
{
	FILE *in = fopen("tests/golden/v1/chunker/boundaries", "r");
	char line[8192], kind[16];
	uint64_t seed, len;
	int skip, lines = 0;

	(void)state;
	assert_non_null(in);
	while (fgets(line, sizeof(line), in)) {
		size_t cuts[MAX_CUTS], count;
		char *rest = line;
		uint8_t *data;

		if (line[0] == '#')
			continue;
		assert_int_equal(sscanf(line, "%15s %" SCNu64 " %" SCNu64
					":%n", kind, &seed, &len, &skip), 3);
		data = golden_content(kind, seed, (size_t)len);
		count = cut_all(cuts, NULL, NULL, data, (size_t)len);
		rest += skip;
		for (size_t i = 0; i < count; i++)
			assert_int_equal(cuts[i], strtoul(rest, &rest, 10));
		assert_string_equal(rest, "\n");
		free(data);
		lines++;
	}
	fclose(in);
	assert_int_equal(lines, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store_chunker__gear_table_follows_its_rule),
		cmocka_unit_test(test_store_chunker__agrees_with_the_definition),
		cmocka_unit_test(test_store_chunker__limits_are_exact),
		cmocka_unit_test(test_store_chunker__lengths_are_bounded),
		cmocka_unit_test(test_store_chunker__no_cut_found_means_max),
		cmocka_unit_test(test_store_chunker__waits_for_enough_bytes),
		cmocka_unit_test(test_store_chunker__buffer_edges_do_not_matter),
		cmocka_unit_test(test_store_chunker__an_insertion_costs_little),
		cmocka_unit_test(test_store_chunker__small_content_is_one_chunk),
		cmocka_unit_test(test_store_chunker__runs_restart_the_cutting),
		cmocka_unit_test(test_store_chunker__a_gap_is_cut_by_content_too),
		cmocka_unit_test(test_store_chunker__runs_that_lie_do_no_harm),
		cmocka_unit_test(test_store_chunker__a_scout_is_ahead_of_the_cuts),
		cmocka_unit_test(test_store_chunker__a_scout_that_lies_does_no_harm),
		cmocka_unit_test(test_store_chunker__a_run_may_be_cut_by_content),
		cmocka_unit_test(test_store_chunker__frozen_boundaries_hold),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
