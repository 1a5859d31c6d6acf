/* SPDX-License-Identifier: MIT */
/*
 * Input: flags, a length in 2 bytes (big-endian), an index of that length,
 * and the shared index that it may refer to. With flag 2 the checksums are
 * made good first, as an attacker would. Whatever is accepted is patched
 * everywhere, and must then still be the same index.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/bytes.h"
#include "libmv/base/hash.h"
#include "libmv/git/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FLAG_SHA256 = 1, FLAG_REHASH = 2, HEAD = 3 };

static int parse(struct mv_git_index *ix, const uint8_t *data, size_t len,
		 int rehash)
{
	const size_t n = ix->hash_len;
	uint8_t hash[32];

	if (mv_buf_add(&ix->bytes, data, len))
		return -1;
	if (rehash && len >= n) {
		if (mv_hash(hash, n == 32 ? MV_HASH_SHA256 : MV_HASH_SHA1,
			    data, len - n, NULL))
			abort();
		memcpy(ix->bytes.data + len - n, hash, n);
	}
	return mv_git_index_parse(ix, NULL);
}

static void use(struct mv_git_index *ix)
{
	struct mv_git_index again;
	struct stat st;
	uint8_t oid[32] = { 0 };

	memset(&st, 0x55, sizeof(st));
	for (size_t i = 0; i < ix->count; i++) {
		const char *name = mv_git_index_name(ix, i);
		size_t hit = mv_git_index_find(ix, name);

		if (strlen(name) != ix->entry[i].len ||
		    (hit != MV_GIT_INDEX_NONE &&
		     strcmp(mv_git_index_name(ix, hit), name)))
			abort();
		(void)mv_git_index_is_blob(ix, i, oid);
		if (i % 2)
			mv_git_index_set_stat(ix, i, &st, i % 4 == 1);
	}
	if (mv_git_index_seal(ix, NULL, NULL))
		abort();
	mv_git_index_init(&again, ix->hash_len);
	if (parse(&again, (const uint8_t *)ix->bytes.data, ix->bytes.len, 0) ||
	    again.count != ix->count || again.nameless != ix->nameless ||
	    again.link != ix->link)
		abort();
	mv_git_index_release(&again);
}

static void map(struct mv_git_split *split, const struct mv_git_index *ix)
{
	if (mv_git_split_map(split, ix, NULL))
		return;
	for (size_t i = 0; i < split->base.count; i++)
		if (split->slot[i] != MV_GIT_SPLIT_GONE &&
		    split->slot[i] > ix->nameless)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mv_git_split split;
	struct mv_git_index ix;
	size_t hash_len, len;
	int rehash;

	if (size < HEAD)
		return 0;
	hash_len = data[0] & FLAG_SHA256 ? 32 : 20;
	rehash = data[0] & FLAG_REHASH;
	len = (size_t)data[1] << 8 | data[2];
	data += HEAD;
	size -= HEAD;
	if (len > size)
		len = size;
	mv_git_index_init(&ix, hash_len);
	mv_git_split_init(&split, hash_len);
	if (!parse(&ix, data, len, rehash)) {
		if (ix.link && !parse(&split.base, data + len, size - len,
				      rehash)) {
			map(&split, &ix);
			use(&split.base);
		}
		use(&ix);
	}
	mv_git_split_release(&split);
	mv_git_index_release(&ix);
	return 0;
}
