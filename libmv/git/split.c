/* SPDX-License-Identifier: MIT */
#include "libmv/git/index.h"

#include <stdlib.h>
#include <string.h>

#include "libmv/base/bytes.h"

/*
 * The "link" extension of a split index:
 *
 *	H     hash, and so name, of sharedindex.<hash>
 *	...   bitmap of the shared entries that are deleted
 *	...   bitmap of those that are replaced, in order, by the entries
 *	      without name at the front of this index
 *
 * A bitmap is EWAH: be32 bits, be32 words, the words be64, be32 position of
 * the last marker. A marker word is: bit 0 the value of a run, bits 1-32
 * how many words of it, bits 33-63 how many literal words follow.
 */
struct bitmap {
	uint8_t *bit;		/* one byte for each */
	size_t count;
	size_t used;
};

static int put_word(struct bitmap *map, uint64_t word)
{
	for (int i = 0; i < 64; i++, map->used++) {
		if (!(word >> i & 1))
			continue;
		if (map->used >= map->count)
			return -1;
		map->bit[map->used] = 1;
	}
	return 0;
}

/* A run may claim 2^32 words: zeros are skipped, ones are bounded. */
static int split_put_run(struct bitmap *map, int value, size_t words)
{
	if (!value) {
		if (map->used <= map->count)
			map->used += words * 64;
		return 0;
	}
	if (map->used > map->count || words > (map->count - map->used) / 64)
		return -1;
	memset(map->bit + map->used, 1, words * 64);
	map->used += words * 64;
	return 0;
}

static int parse_ewah(struct bitmap *map, const uint8_t **p,
		      const uint8_t *end)
{
	const uint8_t *q = *p;
	size_t words;

	if (end - q < 12)
		return -1;
	words = mv_be32(q + 4);
	q += 8;
	if (words > ((size_t)(end - q) - 4) / 8)
		return -1;
	*p = q + words * 8 + 4;
	map->used = 0;
	for (size_t i = 0; i < words;) {
		uint64_t marker = mv_be64(q + 8 * i++);
		size_t literals = (size_t)(marker >> 33);

		if (literals > words - i ||
		    split_put_run(map, marker & 1, marker >> 1 & UINT32_MAX))
			return -1;
		while (literals--)
			if (put_word(map, mv_be64(q + 8 * i++)))
				return -1;
	}
	return 0;
}

void mv_git_split_init(struct mv_git_split *split, size_t hash_len)
{
	mv_git_index_init(&split->base, hash_len);
	split->slot = NULL;
}

void mv_git_split_release(struct mv_git_split *split)
{
	mv_git_index_release(&split->base);
	free(split->slot);
	split->slot = NULL;
}

int mv_git_split_map(struct mv_git_split *split,
		     const struct mv_git_index *main_index, struct mv_err *err)
{
	const struct mv_git_index *m = main_index;
	const uint8_t *p = (const uint8_t *)m->bytes.data + m->link +
			   m->hash_len;
	const uint8_t *end = p + m->link_len - m->hash_len;
	struct bitmap map = { NULL, split->base.count, 0 };
	uint32_t next = 0;
	int bad = 0;

	split->slot = calloc(map.count + 1, sizeof(*split->slot));
	map.bit = calloc(map.count + 1, 1);
	if (!split->slot || !map.bit) {
		free(map.bit);
		return mv_nomem(err);
	}
	if (p < end) {
		bad = parse_ewah(&map, &p, end);
		for (size_t i = 0; !bad && i < map.count; i++)
			split->slot[i] = map.bit[i] ? MV_GIT_SPLIT_GONE : 0;
		memset(map.bit, 0, map.count);
		bad = bad || parse_ewah(&map, &p, end);
		for (size_t i = 0; !bad && i < map.count; i++)
			if (map.bit[i])
				split->slot[i] = ++next;
	}
	free(map.bit);
	if (bad || next != m->nameless)
		return mv_fail(err, MV_ECORRUPT, "the split index is damaged");
	return 0;
}
