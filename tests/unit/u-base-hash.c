/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "libmv/base/bytes.h"
#include "libmv/base/hash.h"

#define SHA256_EMPTY \
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SHA256_ABC \
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void test_base_hash__known_answers(void **state)
{
	struct mv_hasher *h;
	uint8_t out[32];
	char hex[65];

	(void)state;
	assert_int_equal(mv_hasher_new(&h, MV_HASH_SHA256, NULL), 0);
	assert_int_equal(mv_hasher_final(out, h, NULL), 0);
	assert_string_equal(mv_hex(hex, out, 32), SHA256_EMPTY);
	/* Reuse, in one piece and in three. */
	assert_int_equal(mv_hasher_once(out, h, "abc", 3, NULL), 0);
	assert_string_equal(mv_hex(hex, out, 32), SHA256_ABC);
	assert_int_equal(mv_hasher_reset(h, NULL), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(mv_hasher_update(h, &"abc"[i], 1, NULL), 0);
	assert_int_equal(mv_hasher_final(out, h, NULL), 0);
	assert_string_equal(mv_hex(hex, out, 32), SHA256_ABC);
	mv_hasher_free(h);

	assert_int_equal(mv_hasher_new(&h, MV_HASH_SHA1, NULL), 0);
	assert_int_equal(mv_hasher_once(out, h, "abc", 3, NULL), 0);
	assert_string_equal(mv_hex(hex, out, 20),
			    "a9993e364706816aba3e25717850c26c9cd0d89d");
	mv_hasher_free(h);

	assert_int_equal(mv_hasher_new(&h, MV_HASH_MD5, NULL), 0);
	assert_int_equal(mv_hasher_once(out, h, "abc", 3, NULL), 0);
	assert_string_equal(mv_hex(hex, out, 16),
			    "900150983cd24fb0d6963f7d28e17f72");
	mv_hasher_free(h);
	mv_hasher_free(NULL);
}

/*
 * Of the official test vectors: input byte i is i % 251. The lengths take the
 * code through one block, one chunk, and more than any processor does at once.
 */
static void test_base_hash__blake3_known_answers(void **state)
{
	static const struct {
		size_t len;
		const char *hex;
	} known[] = {
		{ 0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262" },
		{ 1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213" },
		{ 1023, "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11" },
		{ 1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7" },
		{ 1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444" },
		{ 102400, "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085" },
	};
	uint8_t *data = malloc(102400), out[32];
	struct mv_hasher *h;
	struct mv_oid id;
	char hex[65];

	(void)state;
	for (size_t i = 0; i < 102400; i++)
		data[i] = (uint8_t)(i % 251);
	assert_int_equal(mv_hasher_new(&h, MV_HASH_BLAKE3, NULL), 0);
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		const size_t len = known[i].len;

		assert_int_equal(mv_blake3(&id, data, len, NULL), 0);
		assert_string_equal(mv_oid_hex(hex, &id), known[i].hex);
		/* In pieces, by a hasher that has been used before. */
		assert_int_equal(mv_hasher_reset(h, NULL), 0);
		for (size_t k = 0, n; k < len; k += n) {
			n = len - k < 1000 ? len - k : 1000;
			assert_int_equal(mv_hasher_update(h, data + k, n, NULL),
					 0);
		}
		assert_int_equal(mv_hasher_final(out, h, NULL), 0);
		assert_string_equal(mv_hex(hex, out, 32), known[i].hex);
	}
	mv_hasher_free(h);
	free(data);
}

static void test_base_hash__reset_forgets_what_was_added(void **state)
{
	struct mv_hasher *h;
	uint8_t out[32];
	char hex[65];

	(void)state;
	assert_int_equal(mv_hasher_new(&h, MV_HASH_SHA256, NULL), 0);
	assert_int_equal(mv_hasher_update(h, "zzz", 3, NULL), 0);
	assert_int_equal(mv_hasher_once(out, h, "abc", 3, NULL), 0);
	assert_string_equal(mv_hex(hex, out, 32), SHA256_ABC);
	mv_hasher_free(h);
}

static void test_base_hash__in_one_call(void **state)
{
	struct mv_oid oid;
	uint8_t out[20];
	char hex[65], name[MV_OID_NAME];

	(void)state;
	assert_int_equal(mv_sha256(&oid, "abc", 3, NULL), 0);
	assert_string_equal(mv_oid_hex(hex, &oid), SHA256_ABC);
	assert_int_equal(mv_sha256(&oid, "", 0, NULL), 0);
	assert_string_equal(mv_oid_hex(hex, &oid), SHA256_EMPTY);
	assert_string_equal(mv_oid_name(name, &oid), "sha256:" SHA256_EMPTY);
	assert_int_equal(mv_hash(out, MV_HASH_SHA1, "abc", 3, NULL), 0);
	assert_string_equal(mv_hex(hex, out, 20),
			    "a9993e364706816aba3e25717850c26c9cd0d89d");
}

/* The pack format rests on these values: they are XXH3_64 as published. */
static void test_base_hash__checksum_is_xxh3(void **state)
{
	(void)state;
	assert_true(mv_checksum64("", 0, 0) == 0x2d06800538d394c2u);
	assert_true(mv_checksum64("abc", 3, 0) != mv_checksum64("abc", 3, 1));
	assert_true(mv_checksum64("abc", 3, 0) != mv_checksum64("abd", 3, 0));
}

static void test_base_hash__oid_has_one_spelling(void **state)
{
	struct mv_oid oid, other;
	char hex[65], text[65];

	(void)state;
	assert_int_equal(mv_oid_parse(&oid, SHA256_ABC, 64), 0);
	assert_string_equal(mv_oid_hex(hex, &oid), SHA256_ABC);
	assert_int_equal(mv_oid_parse(&other, SHA256_ABC "xyz", 67), 0);
	assert_true(mv_oid_eq(&oid, &other));
	assert_true(mv_oid_parse(&other, SHA256_ABC, 63) < 0);
	for (size_t i = 0; i < 64; i++) {
		static const char wrong[] = "Ag /:`G@\n";

		for (size_t k = 0; k < sizeof(wrong); k++) {
			memcpy(text, SHA256_ABC, 65);
			text[i] = wrong[k];
			assert_true(mv_oid_parse(&other, text, 64) < 0);
		}
	}
	assert_true(mv_oid_eq(&oid, &other));	/* untouched by failures */
	mv_oid_parse(&other, SHA256_EMPTY, 64);
	assert_true(mv_oid_cmp(&oid, &other) < 0);
	assert_true(mv_oid_cmp(&other, &oid) > 0);
}

static void test_base_hash__unhex_refuses_what_is_not_hex(void **state)
{
	uint8_t b[2];

	(void)state;
	assert_int_equal(mv_unhex(b, "aF09", 2), 0);
	assert_int_equal(b[0], 0xaf);
	assert_int_equal(b[1], 0x09);
	assert_int_equal(mv_unhex(b, "a", 1), -1);
	assert_int_equal(mv_unhex(b, "", 1), -1);
	assert_int_equal(mv_unhex(b, "0x", 1), -1);
	assert_int_equal(mv_unhex(b, "", 0), 0);
}

static void test_base_hash__is_hex_means_all_of_it(void **state)
{
	(void)state;
	assert_true(mv_is_hex("0123456789abcdef", 16));
	assert_true(mv_is_hex("", 0));
	assert_false(mv_is_hex("0123456789abcdef", 15));
	assert_false(mv_is_hex("0123456789abcdef", 17));
	assert_false(mv_is_hex("a0 ", 2));
	assert_false(mv_is_hex("A0", 2));
	assert_false(mv_is_hex("g0", 2));
}

/* RFC 4648's vectors, and what differs from them in bits nobody reads. */
static void test_base_hash__base64_has_one_form(void **state)
{
	static const char *const pairs[][2] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" }
	};
	static const char *const bad[] = {
		"Zh==", "Zm9=", "Zg=", "Zg", "Zg===", "====", "Z===", "Zg==Zg==",
		"Zm9v\n", " Zm9v", "Zm-v", "Zm9v====", "=m9v"
	};
	struct mv_buf out;

	(void)state;
	mv_buf_init(&out, 64);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		mv_buf_clear(&out);
		mv_base64(&out, pairs[i][0], strlen(pairs[i][0]));
		assert_string_equal(out.data, pairs[i][1]);
		mv_buf_clear(&out);
		assert_int_equal(mv_unbase64(&out, pairs[i][1],
					     strlen(pairs[i][1])), 0);
		assert_string_equal(out.data, pairs[i][0]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!mv_unbase64(&out, bad[i], strlen(bad[i])))
			fail_msg("'%s' was read", bad[i]);
	/* What is in the buffer stays there, and stays alone on failure. */
	mv_buf_clear(&out);
	assert_int_equal(mv_buf_addstr(&out, "x"), 0);
	assert_int_equal(mv_base64(&out, "fo", 2), 0);
	assert_string_equal(out.data, "xZm8=");
	assert_int_equal(mv_unbase64(&out, "Zm8=", 4), 0);
	assert_string_equal(out.data, "xZm8=fo");
	assert_int_equal(mv_unbase64(&out, "Zm9=", 4), -1);
	assert_string_equal(out.data, "xZm8=fo");
	assert_int_equal(out.len, 7);
	mv_buf_release(&out);
}

static void test_base_hash__bytes_are_little_and_big_endian(void **state)
{
	uint8_t b[8];

	(void)state;
	mv_put_le64(b, 0x0102030405060708u);
	assert_memory_equal(b, "\x08\x07\x06\x05\x04\x03\x02\x01", 8);
	assert_true(mv_le64(b) == 0x0102030405060708u);
	assert_true(mv_le32(b) == 0x05060708u);
	assert_int_equal(mv_le16(b), 0x0708);
	assert_true(mv_be64(b) == 0x0807060504030201u);
	assert_true(mv_be32(b) == 0x08070605u);
	mv_put_be32(b, 0xfffefdfcu);
	assert_true(mv_be32(b) == 0xfffefdfcu);
	mv_put_le32(b, 0xfffefdfcu);
	assert_memory_equal(b, "\xfc\xfd\xfe\xff", 4);
	mv_put_le16(b, 0xfffe);
	assert_int_equal(mv_le16(b), 0xfffe);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base_hash__known_answers),
		cmocka_unit_test(test_base_hash__blake3_known_answers),
		cmocka_unit_test(test_base_hash__in_one_call),
		cmocka_unit_test(test_base_hash__is_hex_means_all_of_it),
		cmocka_unit_test(test_base_hash__base64_has_one_form),
		cmocka_unit_test(test_base_hash__reset_forgets_what_was_added),
		cmocka_unit_test(test_base_hash__checksum_is_xxh3),
		cmocka_unit_test(test_base_hash__oid_has_one_spelling),
		cmocka_unit_test(test_base_hash__unhex_refuses_what_is_not_hex),
		cmocka_unit_test(test_base_hash__bytes_are_little_and_big_endian)
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
