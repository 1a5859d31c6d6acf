/* SPDX-License-Identifier: MIT */
/*
 * What an index of many entries costs: writing, opening, and looking up ids
 * that are in it and ids that are not, in random order, on one core. Not run
 * by the tests.
 *
 *	index-bench [ENTRIES [FOLDER]]		10000000 and /tmp
 *
 * Build: make, then
 *	cc -O2 -I. -o index-bench tests/bench/index-bench.c build/libmv.a \
 *		build/blake3.a -lcrypto -lxxhash -lpthread
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libmv/base/bytes.h"
#include "libmv/store/index.h"

enum { LOOKUPS = 1000000, CHUNKS_PER_PACK = 512 };

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void die(const char *what)
{
	fprintf(stderr, "index-bench: %s\n", what);
	exit(128);
}

static void check(int rc, const struct mv_err *err)
{
	if (rc)
		die(err->msg);
}

static uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static void random_id(struct mv_oid *id, uint64_t *state)
{
	for (int i = 0; i < 4; i++)
		mv_put_le64(id->b + 8 * i, next_random(state));
}

static int by_id(const void *a, const void *b)
{
	return mv_oid_cmp(a, b);
}

struct source {
	const struct mv_oid *ids;
	uint64_t count, pos;
	int empty;
};

static int rewind_source(void *payload, enum mv_index_table table,
			 struct mv_err *err)
{
	struct source *s = payload;

	(void)err;
	s->pos = 0;
	s->empty = table != MV_INDEX_CHUNKS;
	return 0;
}

static int next_entry(void *payload, struct mv_index_entry *out,
		      struct mv_err *err)
{
	struct source *s = payload;

	(void)err;
	if (s->empty || s->pos == s->count)
		return 0;
	out->id = s->ids[s->pos];
	out->pack = (uint32_t)(s->pos / CHUNKS_PER_PACK);
	out->off = s->pos % CHUNKS_PER_PACK * 100000;
	out->about = 0;
	s->pos++;
	return 1;
}

static char *write_index(const struct mv_oid *ids, uint64_t count,
			 const char *dir)
{
	uint32_t packs = (uint32_t)(count / CHUNKS_PER_PACK) + 1;
	struct mv_index_pack *list = calloc(packs, sizeof(*list));
	struct source s = { ids, count, 0, 0 };
	struct mv_index_source source = { rewind_source, next_entry, &s };
	uint64_t counts[2] = { count, 0 };
	char hex[MV_OID_HEX + 1], *path;
	struct mv_tmp tmp = MV_TMP_INIT;
	struct mv_err err = { 0 };
	struct mv_oid id;

	if (!list)
		die("no memory");
	check(mv_tmp_open(&tmp, dir, "index-bench", &err), &err);
	check(mv_index_write(&id, &tmp, list, packs, counts, &source,
			     &err), &err);
	path = mv_strf("%s/%s.idx", dir, mv_oid_hex(hex, &id));
	if (!path)
		die("no memory");
	check(mv_tmp_commit(&tmp, path, 0444, 0, &err), &err);
	free(list);
	return path;
}

static void look_up(const char *what, const struct mv_index *x,
		    const struct mv_oid *ids, uint64_t want)
{
	uint64_t found = 0;
	double t = seconds();

	for (size_t i = 0; i < LOOKUPS; i++)
		found += mv_index_find(x, MV_INDEX_CHUNKS, &ids[i]) >= 0;
	t = seconds() - t;
	if (found != want)
		die("a lookup is wrong");
	printf("%-24s %8.0f ns\n", what, t / LOOKUPS * 1e9);
}

static void drop_cache(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0 || fdatasync(fd) < 0 ||
	    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		die("cannot drop the file from memory");
	close(fd);
}

int main(int argc, char **argv)
{
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
	const char *dir = argc > 2 ? argv[2] : "/tmp";
	struct mv_oid *ids = calloc(count + 1, sizeof(*ids));
	struct mv_oid *hits = calloc(LOOKUPS, sizeof(*hits));
	struct mv_oid *misses = calloc(LOOKUPS, sizeof(*misses));
	struct mv_err err = { 0 };
	struct mv_index *x;
	uint64_t state = 1;
	char *path;
	double t;

	if (!ids || !hits || !misses || !count)
		die("no memory");
	for (uint64_t i = 0; i < count; i++)
		random_id(&ids[i], &state);
	qsort(ids, count, sizeof(*ids), by_id);
	for (size_t i = 0; i < LOOKUPS; i++) {
		hits[i] = ids[next_random(&state) % count];
		random_id(&misses[i], &state);
	}

	t = seconds();
	path = write_index(ids, count, dir);
	printf("%-24s %8.2f s\n", "write and sync", seconds() - t);
	free(ids);
	drop_cache(path);
	t = seconds();
	check(mv_index_open(&x, path, &err), &err);
	printf("%-24s %8.0f us\n", "open", (seconds() - t) * 1e6);
	printf("%-24s %8.1f MiB\n", "size",
	       (double)x->map.len / (1 << 20));
	look_up("hit, from the disk", x, hits, LOOKUPS);
	look_up("hit, in memory", x, hits, LOOKUPS);
	look_up("miss, in memory", x, misses, 0);
	t = seconds();
	check(mv_index_verify(x, &err), &err);
	printf("%-24s %8.2f s\n", "verify", seconds() - t);
	mv_index_free(x);
	unlink(path);
	free(path);
	free(hits);
	free(misses);
	return 0;
}
