/* SPDX-License-Identifier: MIT */
#include "tests/unit/lean.h"

/*
 * Stores as they were written once (tests/golden/README.md). What is in them
 * must be had for ever; here is how its bytes came to be, and the names that
 * they had then. That of format 1 is upgraded first.
 */
#define GOLDEN "tests/golden/v2/store"
#define LEANING "tests/golden/v2/leaning"
#define OLD "tests/golden/v1/store"

enum { RAW = 3000, TEXT = 9000, FLOATS = 4096, MANY = 4100 };

static void make_text(uint8_t *out)
{
	static const char line[] = "a line that comes again and again, 0123\n";

	for (size_t i = 0; i < TEXT; i++)
		out[i] = (uint8_t)line[i % (sizeof(line) - 1)];
}

/* Between 1 and 2: the exponents are alike, the rest is noise. */
static void make_floats(uint8_t *out)
{
	uint64_t random = 5;

	for (size_t i = 0; i < FLOATS; i++)
		mv_put_le32(out + 4 * i, 0x3f800000u |
			    (uint32_t)(next_random(&random) & 0x7fffff));
}

static size_t make_golden(uint8_t *out, int which)
{
	uint8_t *data;

	switch (which) {
	case 0:
		out[0] = 'x';
		return 1;
	case 1:
		data = make_data(RAW, 1);
		memcpy(out, data, RAW);
		free(data);
		return RAW;
	case 2:
		make_text(out);
		return TEXT;
	case 3:
		make_floats(out);
		return 4 * FLOATS;
	case 4:		/* in three chunks: those of before */
		make_golden(out, 1);
		make_golden(out + RAW, 2);
		make_golden(out + RAW + TEXT, 3);
		return RAW + TEXT + 4 * FLOATS;
	default:	/* in so many chunks that their list has parts */
		for (size_t i = 0; i < MANY; i++)
			memset(out + 8 * i, (int)(i % 3), 8);
		return 8 * MANY;
	}
}

static const struct {
	const char *oid;
	size_t size;
	uint32_t chunks;
	int depth;
} golden[] = {
#include "tests/golden/v1/store.names"
};
enum { COUNT = sizeof(golden) / sizeof(golden[0]) };

static void check_contents(const char *dir)
{
	struct mv_store_options options = { .flags = MV_STORE_READ_ONLY };
	struct mv_store *store = open_with(dir, options);
	uint8_t *data = malloc(64 * 1024), part[100];
	size_t got;

	assert_int_equal(COUNT, 6);
	for (int i = 0; i < COUNT; i++) {
		struct mv_recipe_reader r;
		struct mv_oid oid, want;
		size_t len = make_golden(data, i);

		assert_int_equal(mv_oid_parse(&oid, golden[i].oid, MV_OID_HEX),
				 0);
		name_data(&want, data, len);
		assert_true(mv_oid_eq(&oid, &want));
		assert_int_equal(len, golden[i].size);
		check_data(store, &oid, data, len);
		assert_ok(mv_store_read_at(store, &oid, len / 2, part,
					   sizeof(part), &got, err));
		assert_memory_equal(part, data + len / 2, got);
		assert_ok(mv_recipe_open(&r, store, &oid, err));
		assert_int_equal(r.recipe.depth, golden[i].depth);
		if (!r.recipe.depth)
			assert_int_equal(r.recipe.count, golden[i].chunks);
		mv_recipe_close(&r);
	}
	free(data);
	mv_store_close(store);
}

static void test_store_golden__every_content_is_read(void **state)
{
	(void)state;
	check_contents(GOLDEN);
}

/* All three codecs are in it, so that each is read above. */
static unsigned codecs_seen(const char *path)
{
	size_t len, off = MV_PACK_HEADER;
	uint8_t *data = load_file(path, &len);
	unsigned seen = 0;

	while (off < len - MV_PACK_TRAILER) {
		seen |= 0x100u << data[off];
		if (data[off] != MV_RECORD_RECIPE)
			seen |= 1u << data[off + 1];
		off += MV_RECORD_HEADER + mv_le32(data + off + 8);
	}
	free(data);
	return seen;
}

static void test_store_golden__it_is_whole_and_has_every_codec(void **state)
{
	struct mv_store_options options = { .flags = MV_STORE_READ_ONLY };
	struct mv_store *store = open_with(GOLDEN, options);
	struct mv_store_stats stats;
	char path[512];

	(void)state;
	check_clean(store);
	assert_ok(mv_store_stats(store, &stats, err));
	assert_int_equal(stats.contents, 10);
	assert_int_equal(stats.packs, 1);
	assert_int_equal(codecs_seen(only_file(path, sizeof(path),
					       GOLDEN "/packs")), 0xe07);
	mv_store_close(store);
}

static void temporary(char *out, size_t room)
{
	snprintf(out, room, "%s/git-model-golden-%ld",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (long)getpid());
}

/* What we write now goes beside it, and finds what is there. */
static void check_adding(const char *dir)
{
	uint8_t *data = malloc(64 * 1024);
	struct mv_store *store = open_store(dir, 0);
	struct mv_tx_stats stats;
	struct mv_oid oid;
	struct mv_tx *tx;

	/* Git keeps no empty folders: what is missing is made. */
	assert_ok(mv_store_recover_force(store, err));
	tx = begin(store);
	put_data(&oid, tx, data, make_golden(data, 0));
	assert_ok(mv_tx_commit(tx, &stats, err));
	assert_int_equal(stats.new_chunks, 0);
	add_seed(&oid, store, 200000, 1);
	check_seed(store, &oid, 200000, 1);
	check_clean(store);
	mv_store_close(store);
	free(data);
}

static void test_store_golden__it_can_be_added_to(void **state)
{
	char dir[600];

	(void)state;
	temporary(dir, sizeof(dir));
	copy_tree(GOLDEN, dir);
	check_adding(dir);
	remove_tree(dir);
}

static void test_store_golden__the_first_format_is_upgraded(void **state)
{
	struct mv_store_options options = { .flags = MV_STORE_UPGRADE };
	struct mv_store *store;
	struct told told = { { 0 }, 0, "" };
	char dir[600];

	(void)state;
	assert_int_equal(mv_store_open(&store, OLD, NULL, NULL), MV_ENOTSUP);
	temporary(dir, sizeof(dir));
	copy_tree(OLD, dir);
	store = open_with(dir, options);
	assert_ok(mv_store_upgrade(store, note_told, &told, &told.bad, err));
	assert_int_equal(told.bad, 0);
	mv_store_close(store);
	check_contents(dir);
	check_adding(dir);
	remove_tree(dir);
}

/* Differences, as they were written first. */
static void test_store_golden__what_leans_is_read(void **state)
{
	static const unsigned versions[] = { 0, 1, 2, 3, 4, 5,
					     60, 61, 62, 63, 64, 65 };
	struct mv_store_options options = { .flags = MV_STORE_READ_ONLY };
	struct mv_store *store = open_with(LEANING, options);
	char folder[300], path[600];

	(void)state;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		lean_check(store, versions[i]);
	check_clean(store);
	snprintf(folder, sizeof(folder), "%s/packs", LEANING);
	only_file(path, sizeof(path), folder);
	assert_int_equal(codecs_seen(path) & 0x1f, 1u << MV_CODEC_RAW |
			 1u << MV_CODEC_DELTA | 1u << MV_CODEC_SPARSE);
	mv_store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store_golden__every_content_is_read),
		cmocka_unit_test(test_store_golden__it_is_whole_and_has_every_codec),
		cmocka_unit_test(test_store_golden__it_can_be_added_to),
		cmocka_unit_test(test_store_golden__what_leans_is_read),
		cmocka_unit_test(test_store_golden__the_first_format_is_upgraded),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("store_golden", tests, NULL, NULL);
}
