/* SPDX-License-Identifier: MIT */
#include "tests/unit/store.h"

/* Records of some kinds and sizes in a file, as a writer makes them. */
struct made {
	uint8_t data[8192];
	size_t len;
	size_t off[8];		/* of each record, and the end */
	unsigned count;
	struct mv_oid id;
};

static void add_record(struct made *m, struct mv_hasher *h, uint8_t kind,
		       size_t len, uint64_t seed)
{
	struct mv_pack_record record = { .kind = kind, .raw_len = (uint32_t)len,
				    .stored_len = (uint32_t)len };
	uint8_t *data = make_data(len, seed), *head = m->data + m->len;

	memcpy(head + MV_RECORD_HEADER, data, len);
	mv_pack_record_seal(head, &record, data);
	assert_ok(mv_hasher_update(h, head, MV_RECORD_HEADER, err));
	m->off[m->count++] = m->len;
	m->len += MV_RECORD_HEADER + len;
	m->off[m->count] = m->len;
	free(data);
}

static void make_pack(struct made *m)
{
	struct mv_hasher *h;

	memset(m, 0, sizeof(*m));
	mv_pack_header(m->data);
	m->len = MV_PACK_HEADER;
	assert_ok(mv_hasher_new(&h, MV_HASH_BLAKE3, err));
	add_record(m, h, MV_RECORD_CHUNK, 1, 1);
	add_record(m, h, MV_RECORD_WHOLE, 100, 2);
	add_record(m, h, MV_RECORD_RECIPE, 84, 3);
	add_record(m, h, MV_RECORD_CHUNK, 37, 4);
	assert_ok(mv_hasher_final(m->id.b, h, err));
	mv_hasher_free(h);
	mv_pack_trailer(m->data + m->len, m->count, &m->id);
	m->len += MV_PACK_TRAILER;
}

struct seen {
	const struct made *m;
	unsigned count;
	int stop_at;
};

static int see(void *payload, uint64_t off, const struct mv_pack_record *record,
	       const uint8_t *head, const uint8_t *stored, struct mv_err *err)
{
	struct seen *s = payload;
	unsigned i = 0;

	if (s->stop_at && s->count + 1 == (unsigned)s->stop_at)
		return mv_fail(err, MV_ECANCELLED, "enough");
	while (i < s->m->count && s->m->off[i] != off)
		i++;
	assert_true(i < s->m->count);
	assert_memory_equal(head, s->m->data + off, MV_RECORD_HEADER);
	assert_memory_equal(stored, s->m->data + off + MV_RECORD_HEADER,
			    record->stored_len);
	assert_int_equal(off + MV_RECORD_HEADER + record->stored_len,
			 s->m->off[i + 1]);
	s->count++;
	return 0;
}

static int walk(const uint8_t *data, size_t len, const struct mv_oid *expect,
		uint64_t *end, struct seen *s)
{
	int fd, rc;

	save_file("p", data, len);
	fd = open("p", O_RDONLY);
	rc = mv_pack_walk(fd, "p", expect, end, see, s, NULL);
	close(fd);
	return rc;
}

static unsigned salvage(const uint8_t *data, size_t len, const struct made *m)
{
	struct seen s = { m, 0, 0 };
	int fd;

	save_file("p", data, len);
	fd = open("p", O_RDONLY);
	assert_ok(mv_pack_salvage(fd, "p", see, &s, err));
	close(fd);
	return s.count;
}

static void test_store_pack__a_walk_sees_every_record(void **state)
{
	struct made m;
	struct seen s = { &m, 0, 0 };
	uint64_t end;

	(void)state;
	make_pack(&m);
	assert_int_equal(walk(m.data, m.len, &m.id, &end, &s), 0);
	assert_int_equal(s.count, m.count);
	assert_int_equal(end, m.len - MV_PACK_TRAILER);
	s.count = 0;
	s.stop_at = 3;		/* what the caller says is what comes back */
	assert_int_equal(walk(m.data, m.len, &m.id, &end, &s), MV_ECANCELLED);
	assert_int_equal(end, m.off[2]);
}

static void test_store_pack__every_flipped_bit_stops_a_walk(void **state)
{
	struct made m;

	(void)state;
	make_pack(&m);
	for (size_t i = 0; i < m.len * 8; i++) {
		struct seen s = { &m, 0, 0 };
		uint64_t end;
		unsigned before = 0, lost, found;

		m.data[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_not_equal(walk(m.data, m.len, &m.id, &end, &s), 0);
		while (before < m.count && m.off[before + 1] <= i / 8)
			before++;
		if (i / 8 >= MV_PACK_HEADER) {
			assert_int_equal(s.count, before);
			assert_int_equal(end, m.off[before]);
		}
		/* And salvage loses the record that was hit, no more. */
		found = salvage(m.data, m.len, &m);
		lost = i / 8 >= MV_PACK_HEADER && before < m.count;
		assert_int_equal(found, m.count - lost);
		m.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}

static void test_store_pack__every_truncation_stops_a_walk(void **state)
{
	struct made m;

	(void)state;
	make_pack(&m);
	for (size_t cut = 0; cut < m.len; cut++) {
		struct seen s = { &m, 0, 0 };
		uint64_t end;
		unsigned whole = 0;

		assert_int_equal(walk(m.data, cut, &m.id, &end, &s),
				 MV_ECORRUPT);
		s.count = 0;
		while (whole < m.count && m.off[whole + 1] <= cut)
			whole++;
		/* Without a trailer: up to the last whole record. */
		(void)walk(m.data, cut, NULL, &end, &s);
		assert_int_equal(s.count, whole);
		if (cut >= MV_PACK_HEADER)
			assert_int_equal(end, m.off[whole]);
		assert_int_equal(salvage(m.data, cut, &m), whole);
	}
}

static void test_store_pack__a_newer_version_is_not_a_damaged_one(void **state)
{
	struct made m;
	struct seen s = { &m, 0, 0 };
	uint64_t end;
	int fd;

	(void)state;
	make_pack(&m);
	for (size_t at = 4; at < 6; at++) {
		m.data[at] = 3;
		assert_int_equal(walk(m.data, m.len, &m.id, &end, &s),
				 MV_ENOTSUP);
		assert_int_equal(end, 0);
		m.data[at] = 2;
	}
	/* Unless all the rest says version 2. */
	m.data[4] = 3;
	save_file("p", m.data, m.len);
	fd = open("p", O_RDONLY);
	assert_ok(mv_pack_check_body(fd, "p", &m.id, err));
	close(fd);
	m.data[200] ^= 1;
	save_file("p", m.data, m.len);
	fd = open("p", O_RDONLY);
	assert_int_equal(mv_pack_check_body(fd, "p", &m.id, NULL),
			 MV_ECORRUPT);
	close(fd);
}

/* What a chunk and a whole of the same bytes are called (docs/format/pack.md). */
static void test_store_pack__the_kind_says_the_hash(void **state)
{
	struct mv_oid id, want;

	(void)state;
	assert_ok(mv_record_name(&id, MV_RECORD_CHUNK, "abc", 3, err));
	assert_ok(mv_blake3(&want, "abc", 3, err));
	assert_true(mv_oid_eq(&id, &want));
	assert_ok(mv_record_name(&id, MV_RECORD_WHOLE, "abc", 3, err));
	assert_ok(mv_sha256(&want, "abc", 3, err));
	assert_true(mv_oid_eq(&id, &want));
}

/* Version 1 had the same records: what differs is how a pack is called. */
static void test_store_pack__an_old_one_is_known_and_refused(void **state)
{
	struct mv_hasher *h;
	struct mv_err why;
	struct made m;
	uint64_t end;
	int fd;

	(void)state;
	make_pack(&m);
	m.data[4] = m.data[5] = 1;
	assert_ok(mv_hasher_new(&h, MV_HASH_SHA256, err));
	for (unsigned i = 0; i < m.count; i++)
		assert_ok(mv_hasher_update(h, m.data + m.off[i],
					   MV_RECORD_HEADER, err));
	assert_ok(mv_hasher_final(m.id.b, h, err));
	mv_hasher_free(h);
	mv_pack_trailer(m.data + m.len - MV_PACK_TRAILER, m.count, &m.id);
	save_file("p", m.data, m.len);
	fd = open("p", O_RDONLY);
	assert_int_equal(mv_pack_is_old(fd, "p", NULL), 1);
	assert_int_equal(mv_pack_walk(fd, "p", &m.id, &end, NULL, NULL, &why),
			 MV_ENOTSUP);
	assert_non_null(strstr(why.msg, "fsck --upgrade"));
	assert_ok(mv_pack_check_old(fd, "p", &m.id, err));
	assert_int_equal(mv_pack_check_body(fd, "p", &m.id, NULL),
			 MV_ECORRUPT);
	close(fd);
	m.data[200] ^= 1;
	save_file("p", m.data, m.len);
	fd = open("p", O_RDONLY);
	assert_int_equal(mv_pack_check_old(fd, "p", &m.id, NULL), MV_ECORRUPT);
	close(fd);
	m.data[200] ^= 1;
	m.data[4] = 2;
	save_file("p", m.data, m.len);
	fd = open("p", O_RDONLY);
	assert_int_equal(mv_pack_is_old(fd, "p", NULL), 0);
	close(fd);
}

static void test_store_pack__headers_are_bounded(void **state)
{
	uint8_t head[MV_RECORD_HEADER];
	struct mv_pack_record r, good = { .kind = MV_RECORD_CHUNK, .raw_len = 5,
				     .stored_len = 5 };

	(void)state;
	mv_pack_record_seal(head, &good, (const uint8_t *)"12345");
	assert_int_equal(mv_pack_record_parse(&r, head, 5, NULL), 0);
	assert_int_equal(mv_pack_record_parse(&r, head, 4, NULL), MV_ECORRUPT);
	mv_put_le32(head + 4, 0);		/* of no length */
	assert_int_equal(mv_pack_record_parse(&r, head, 5, NULL), MV_ECORRUPT);
	mv_put_le32(head + 4, 4);		/* stored longer than it is */
	assert_int_equal(mv_pack_record_parse(&r, head, 5, NULL), MV_ECORRUPT);
	mv_put_le32(head + 4, MV_CHUNK_MAX + 1);
	assert_int_equal(mv_pack_record_parse(&r, head, 5, NULL), MV_ECORRUPT);
	mv_put_le32(head + 4, MV_CHUNK_MAX);
	assert_int_equal(mv_pack_record_parse(&r, head, 5, NULL), 0);
	head[0] = MV_RECORD_RECIPE;		/* recipes are never encoded */
	assert_int_equal(mv_pack_record_parse(&r, head, 5, NULL), MV_ECORRUPT);
	head[0] = MV_RECORD_WHOLE;
	assert_int_equal(mv_pack_record_parse(&r, head, 5, NULL), 0);
	head[0] = 4;
	assert_int_equal(mv_pack_record_parse(&r, head, 5, NULL), MV_ECORRUPT);
	head[0] = MV_RECORD_CHUNK;
	head[3] = 1;
	assert_int_equal(mv_pack_record_parse(&r, head, 5, NULL), MV_ECORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store_pack__a_walk_sees_every_record),
		cmocka_unit_test(test_store_pack__every_flipped_bit_stops_a_walk),
		cmocka_unit_test(test_store_pack__every_truncation_stops_a_walk),
		cmocka_unit_test(test_store_pack__a_newer_version_is_not_a_damaged_one),
		cmocka_unit_test(test_store_pack__the_kind_says_the_hash),
		cmocka_unit_test(test_store_pack__an_old_one_is_known_and_refused),
		cmocka_unit_test(test_store_pack__headers_are_bounded),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("store_pack", tests, store_enter,
					   tmp_leave);
}
