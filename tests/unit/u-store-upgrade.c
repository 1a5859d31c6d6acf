/* SPDX-License-Identifier: MIT */
#include "tests/unit/store.h"

/*
 * Stores of version 1, made by hand as its writers made them (the golden one
 * is in u-store-golden.c): "a", a content by itself; "b", three chunks, of
 * which the second is the content "c", too; "d", whose list has two parts.
 * Pack 0 has the chunks, pack 1 the recipes.
 */
enum { A, B, C, D, CONTENTS, PIECE = 700, PARTS = 2 };

struct old_pack {
	uint8_t data[32 * 1024];
	size_t len, count;
	struct mv_hasher *hasher;
	struct mv_oid id;
};

struct world {
	uint8_t *bytes[CONTENTS];
	size_t len[CONTENTS];
	struct mv_oid oid[CONTENTS];
	char pack[2][512];
};

static void old_begin(struct old_pack *p)
{
	memset(p, 0, sizeof(*p));
	memcpy(p->data, "MVPK\1\1", 6);
	p->len = MV_PACK_HEADER;
	assert_ok(mv_hasher_new(&p->hasher, MV_HASH_SHA256, err));
}

static void old_add(struct old_pack *p, uint8_t kind, const void *data,
		    size_t len)
{
	struct mv_pack_record record = { .kind = kind,
					 .raw_len = (uint32_t)len,
					 .stored_len = (uint32_t)len };

	assert_true(p->len + MV_RECORD_HEADER + len < sizeof(p->data) - 48);
	memcpy(p->data + p->len + MV_RECORD_HEADER, data, len);
	mv_pack_record_seal(p->data + p->len, &record, data);
	assert_ok(mv_hasher_update(p->hasher, p->data + p->len,
				   MV_RECORD_HEADER, err));
	p->len += MV_RECORD_HEADER + len;
	p->count++;
}

static void old_end(struct old_pack *p, char *path, const char *dir)
{
	char hex[MV_OID_HEX + 1];

	assert_ok(mv_hasher_final(p->id.b, p->hasher, err));
	mv_hasher_free(p->hasher);
	mv_pack_trailer(p->data + p->len, p->count, &p->id);
	p->len += MV_PACK_TRAILER;
	snprintf(path, 512, "%s/packs/%s.pack", dir, mv_oid_hex(hex, &p->id));
	save_file(path, p->data, p->len);
}

/* Old entries of the pieces of `data`. */
static size_t old_entries(uint8_t *out, const uint8_t *data, size_t len)
{
	size_t n = 0;

	for (size_t at = 0; at < len; at += PIECE, n++) {
		struct mv_oid id;

		name_data(&id, data + at, PIECE);
		memcpy(out + n * MV_RECIPE_ENTRY, id.b, 32);
		mv_put_le32(out + n * MV_RECIPE_ENTRY + 32, PIECE);
	}
	return n;
}

static void old_recipe(struct old_pack *p, const struct mv_oid *oid,
		       size_t size, int depth, size_t count,
		       const uint8_t *entries)
{
	struct mv_buf recipe;

	mv_buf_init(&recipe, 4096);
	assert_ok(mv_recipe_begin(&recipe, oid, size, depth, (uint32_t)count));
	assert_ok(mv_buf_add(&recipe, entries, count * (depth ?
			     MV_RECIPE_PART : MV_RECIPE_ENTRY)));
	old_add(p, MV_RECORD_RECIPE, recipe.data, recipe.len);
	mv_buf_release(&recipe);
}

static void old_parts(struct old_pack *chunks, struct old_pack *recipes,
		      const struct world *w)
{
	uint8_t entries[8 * MV_RECIPE_ENTRY], parts[PARTS * MV_RECIPE_PART];
	const size_t half = w->len[D] / PARTS;

	for (size_t i = 0; i < PARTS; i++) {
		size_t n = old_entries(entries, w->bytes[D] + i * half, half);
		uint8_t *part = parts + i * MV_RECIPE_PART;
		struct mv_oid id;

		n *= MV_RECIPE_ENTRY;
		name_data(&id, entries, n);
		memcpy(part, id.b, 32);
		mv_put_le32(part + 32, (uint32_t)n);
		mv_put_le64(part + 36, half);
		old_add(chunks, MV_RECORD_CHUNK, entries, n);
	}
	old_recipe(recipes, &w->oid[D], w->len[D], 1, PARTS, parts);
}

static void make_old(struct world *w, const char *dir)
{
	static const size_t pieces[] = { 1, 3, 1, 8 };
	struct old_pack *p = calloc(2, sizeof(*p));
	uint8_t entries[8 * MV_RECIPE_ENTRY];
	char path[600];

	mv_store_close(open_store(dir, 0));
	for (int i = 0; i < CONTENTS; i++) {
		w->len[i] = pieces[i] * PIECE;
		w->bytes[i] = make_data(w->len[i], 10 + (uint64_t)i);
	}
	memcpy(w->bytes[C], w->bytes[B] + PIECE, PIECE);
	for (int i = 0; i < CONTENTS; i++)
		name_data(&w->oid[i], w->bytes[i], w->len[i]);
	old_begin(&p[0]);
	old_begin(&p[1]);
	for (int i = 0; i < CONTENTS; i++)
		for (size_t at = 0; i != C && at < w->len[i]; at += PIECE)
			old_add(&p[0], MV_RECORD_CHUNK, w->bytes[i] + at,
				PIECE);
	old_recipe(&p[1], &w->oid[B], w->len[B], 0,
		   old_entries(entries, w->bytes[B], w->len[B]), entries);
	old_parts(&p[0], &p[1], w);
	old_end(&p[0], w->pack[0], dir);
	old_end(&p[1], w->pack[1], dir);
	snprintf(path, sizeof(path), "%s/format", dir);
	save_file(path, (const uint8_t *)"git-model store 1\n", 18);
	free(p);
}

static void free_world(struct world *w)
{
	for (int i = 0; i < CONTENTS; i++)
		free(w->bytes[i]);
}

static struct mv_store *open_old(const char *dir)
{
	return open_with(dir, (struct mv_store_options){
			 .flags = MV_STORE_UPGRADE });
}

/* A pack's name in another folder. */
static void moved(char *out, size_t room, const char *dir, const char *pack)
{
	snprintf(out, room, "%s/%.69s", dir, strrchr(pack, '/') + 1);
}

static struct told upgrade(const char *dir)
{
	struct mv_store *store = open_old(dir);
	struct told told = { { 0 }, 0, "" };

	assert_ok(mv_store_upgrade(store, note_told, &told, &told.bad, err));
	mv_store_close(store);
	return told;
}

/* All but these (bits), which are missing and not wrong. */
static void check_world(const struct world *w, const char *dir,
			unsigned missing)
{
	struct mv_store *store = open_store(dir, 0);

	for (int i = 0; i < CONTENTS; i++) {
		if (missing >> i & 1)
			assert_int_equal(mv_store_has(store, &w->oid[i], NULL,
						      NULL), MV_ENOENT);
		else
			check_data(store, &w->oid[i], w->bytes[i], w->len[i]);
	}
	check_clean(store);
	mv_store_close(store);
}

static void test_store_upgrade__an_old_store_asks_for_it(void **state)
{
	struct mv_store *store;
	struct mv_err why;
	struct world w;

	(void)state;
	make_old(&w, "s");
	for (unsigned flags = 0; flags < 8; flags++) {
		struct mv_store_options options = { .flags = flags };

		assert_int_equal(mv_store_open(&store, "s", &options, &why),
				 MV_ENOTSUP);
		assert_non_null(strstr(why.msg, "git model fsck --upgrade"));
	}
	assert_int_equal(count_files("s/packs"), 2);
	free_world(&w);
	remove_tree("s");
}

static void test_store_upgrade__every_content_is_there_afterwards(void **state)
{
	struct mv_recipe_reader r;
	struct mv_store *store;
	struct told told;
	struct world w;

	(void)state;
	make_old(&w, "s");
	told = upgrade("s");
	assert_int_equal(told.bad, 0);
	assert_int_equal(told.kind[MV_FSCK_REPAIRED], 1);
	check_world(&w, "s", 0);
	assert_int_equal(access(w.pack[0], F_OK), -1);
	assert_int_equal(count_files("s/packs"), 1);
	assert_int_equal(count_files("s/index"), 1);
	assert_int_equal(count_files("s/bad"), 0);
	/* A content by itself has no recipe; one that is a chunk, too, has. */
	store = open_store("s", 0);
	assert_ok(mv_recipe_open(&r, store, &w.oid[A], err));
	assert_int_equal(r.bytes.len, 0);
	mv_recipe_close(&r);
	assert_ok(mv_recipe_open(&r, store, &w.oid[C], err));
	assert_int_equal(r.recipe.count, 1);
	assert_true(r.bytes.len > 0);
	mv_recipe_close(&r);
	mv_store_close(store);
	free_world(&w);
	remove_tree("s");
}

static void test_store_upgrade__twice_changes_nothing(void **state)
{
	struct world w;

	(void)state;
	make_old(&w, "s");
	upgrade("s");
	copy_tree("s", "t");
	assert_int_equal(upgrade("s").kind[MV_FSCK_REPAIRED], 0);
	assert_int_equal(system("diff -r s t"), 0);
	check_world(&w, "s", 0);
	free_world(&w);
	remove_tree("s");
	remove_tree("t");
}

/* What a kill leaves: the new ones are there, and any number of the old. */
static void test_store_upgrade__killed_it_goes_on(void **state)
{
	struct world w;

	(void)state;
	for (unsigned gone = 0; gone < 4; gone++) {
		make_old(&w, "s");
		copy_tree("s", "t");
		upgrade("t");
		assert_int_equal(system("cp -a t/packs t/index s"), 0);
		for (int i = 0; i < 2; i++)
			if (gone >> i & 1)
				assert_int_equal(unlink(w.pack[i]), 0);
		assert_int_equal(upgrade("s").bad, 0);
		assert_int_equal(access(w.pack[0], F_OK), -1);
		assert_int_equal(access(w.pack[1], F_OK), -1);
		assert_int_equal(count_files("s/bad"), 0);
		check_world(&w, "s", 0);
		free_world(&w);
		remove_tree("s");
		remove_tree("t");
	}
}

/* Killed writers of the old program: git may have their pointers already. */
static void test_store_upgrade__what_was_flushed_counts(void **state)
{
	struct world w;
	uint8_t *data;
	size_t len;

	(void)state;
	make_old(&w, "s");
	data = load_file(w.pack[0], &len);
	save_file("s/tmp/pack-abcdef.tmp", data, len - MV_PACK_TRAILER - 5);
	assert_int_equal(unlink(w.pack[0]), 0);
	free(data);
	/* The torn record was the second part of "d". */
	upgrade("s");
	check_world(&w, "s", 1u << D);
	assert_int_equal(count_files("s/tmp"), 0);
	free_world(&w);
	remove_tree("s");
}

/* Every byte of the packs, flipped: what can be had is had, no file is lost. */
static void test_store_upgrade__damage_loses_nothing_else(void **state)
{
	struct world w;

	(void)state;
	make_old(&w, "orig");
	for (int i = 0; i < 2; i++) {
		size_t len;

		free(load_file(w.pack[i], &len));
		for (size_t at = 0; at < len; at += 61) {
			struct mv_store *store;
			unsigned had = 0;
			char path[520];
			struct told told;

			copy_tree("orig", "s");
			moved(path, sizeof(path), "s/packs", w.pack[i]);
			flip_byte(path, at, 1 << at % 8);
			told = upgrade("s");
			store = open_store("s", 0);
			for (int k = 0; k < CONTENTS; k++)
				had += !try_read(store, &w.oid[k], w.bytes[k],
						 w.len[k], NULL);
			check_clean(store);
			mv_store_close(store);
			/* All that its header says is known, or in the rest. */
			assert_true(at < MV_PACK_HEADER ? had == CONTENTS :
				    had >= 2 && told.bad);
			moved(path, sizeof(path), "s/bad", w.pack[i]);
			assert_int_equal(!access(path, F_OK),
					 at >= MV_PACK_HEADER);
			remove_tree("s");
		}
	}
	free_world(&w);
	remove_tree("orig");
}

static void test_store_upgrade__owners_stay_owners(void **state)
{
	static const char owner[] = "0123456789abcdef0123456789abcdef";
	char path[700], hex[MV_OID_HEX + 1];
	struct mv_oid pack;
	struct world w;

	(void)state;
	make_old(&w, "s");
	assert_int_equal(mkdir("s/owners", 0755), 0);
	snprintf(path, sizeof(path), "s/owners/%.64s.%s",
		 strrchr(w.pack[0], '/') + 1, owner);
	save_file(path, (const uint8_t *)"", 0);
	upgrade("s");
	assert_int_equal(mv_oid_parse(&pack, strrchr(only_file(path,
				      sizeof(path), "s/packs"), '/') + 1,
				      MV_OID_HEX), 0);
	snprintf(path, sizeof(path), "s/owners/%s.%s", mv_oid_hex(hex, &pack),
		 owner);
	assert_int_equal(access(path, F_OK), 0);
	free_world(&w);
	remove_tree("s");
}

static void test_store_upgrade__nobody_writes_meanwhile(void **state)
{
	struct mv_store *store;
	struct mv_tx *tx;
	struct world w;
	uint64_t bad;

	(void)state;
	make_old(&w, "s");
	store = open_old("s");
	tx = begin(store);
	assert_int_equal(mv_store_upgrade(store, NULL, NULL, &bad, NULL),
			 MV_EBUSY);
	mv_tx_abort(tx);
	mv_store_close(store);
	assert_int_equal(access(w.pack[0], F_OK), 0);
	free_world(&w);
	remove_tree("s");
}

/* A file that somebody had saved, put back into a store of today. */
static void test_store_upgrade__old_packs_can_come_late(void **state)
{
	struct mv_store *store;
	struct mv_oid oid;
	struct told told;
	struct world w;
	char path[600];

	(void)state;
	make_old(&w, "s");
	store = open_store("t", 0);
	add_seed(&oid, store, 5000, 99);
	mv_store_close(store);
	assert_int_equal(system("cp -a s/packs/* t/packs"), 0);
	store = open_store("t", 0);
	told = fsck(store, MV_FSCK_REPAIR);
	assert_int_equal(told.kind[MV_FSCK_BAD_FILE], 2);
	assert_non_null(strstr(told.last, "fsck --upgrade"));
	mv_store_close(store);
	moved(path, sizeof(path), "t/packs", w.pack[0]);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(upgrade("t").bad, 0);
	check_world(&w, "t", 0);
	store = open_store("t", 0);
	check_seed(store, &oid, 5000, 99);
	mv_store_close(store);
	free_world(&w);
	remove_tree("s");
	remove_tree("t");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store_upgrade__an_old_store_asks_for_it),
		cmocka_unit_test(test_store_upgrade__every_content_is_there_afterwards),
		cmocka_unit_test(test_store_upgrade__twice_changes_nothing),
		cmocka_unit_test(test_store_upgrade__killed_it_goes_on),
		cmocka_unit_test(test_store_upgrade__what_was_flushed_counts),
		cmocka_unit_test(test_store_upgrade__damage_loses_nothing_else),
		cmocka_unit_test(test_store_upgrade__owners_stay_owners),
		cmocka_unit_test(test_store_upgrade__nobody_writes_meanwhile),
		cmocka_unit_test(test_store_upgrade__old_packs_can_come_late),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("store_upgrade", tests, store_enter,
					   tmp_leave);
}
