/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libmv/store/pointer.h"

#define HEX "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
#define HEX2 "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define HEX_UPPER \
	"4D7A214614AB2935C943F9E0FF69D22EADBB8F32B1258DAAA5E2CA24D17E2393"
#define V "version https://git-lfs.github.com/spec/v1\n"
#define OID "oid sha256:" HEX "\n"
#define EXT(n) "ext-" n " sha256:" HEX2 "\n"
#define NATIVE "git-model/1\n" OID "size 12345\n"
#define LFS V OID "size 12345\n"

static int parse(struct mv_pointer *p, const char *text)
{
	/* Memory of exactly this size, for the sanitizer. */
	size_t len = strlen(text);
	char *copy = malloc(len ? len : 1);
	int rc;

	assert_non_null(copy);
	memcpy(copy, text, len);
	rc = mv_pointer_parse(p, copy, len, NULL);
	free(copy);
	return rc;
}

static void assert_oid(const struct mv_pointer *p, const char *hex)
{
	char buf[MV_OID_HEX + 1];

	assert_string_equal(mv_oid_hex(buf, &p->oid), hex);
}

static void test_store_pointer__native_is_read(void **state)
{
	struct mv_pointer p;

	(void)state;
	assert_int_equal(parse(&p, NATIVE), 0);
	assert_int_equal(p.dialect, MV_DIALECT_NATIVE);
	assert_true(p.size == 12345 && p.canonical && !p.extended);
	assert_oid(&p, HEX);
	assert_int_equal(parse(&p, "git-model/1\n" OID
			       "size 9223372036854775807\n"), 0);
	assert_true(p.size == INT64_MAX);
}

/* What core.autocrlf makes of it where nobody said -text. */
static void test_store_pointer__line_ends_of_git_are_read(void **state)
{
	static const char *const texts[] = {
		"git-model/1\r\noid sha256:" HEX "\r\nsize 12345\r\n",
		"git-model/1\r\n" OID "size 12345\n",
		"git-model/1\n" OID "size 12345\r\n",
	};
	struct mv_pointer p;
	struct mv_buf out;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(parse(&p, texts[i]), 0);
		assert_int_equal(p.dialect, MV_DIALECT_NATIVE);
		assert_true(p.size == 12345 && !p.canonical);
		assert_oid(&p, HEX);
		mv_buf_init(&out, 1024);
		assert_int_equal(mv_pointer_print(&out, &p, NULL), 0);
		assert_string_equal(out.data, NATIVE);
		mv_buf_release(&out);
	}
}

static void test_store_pointer__malformed_native_is_never_content(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "git-model/", "first line" },
		{ "git-model/1", "line 2" },
		{ "git-model/1\n", "line 2" },
		{ "git-model/2\n" OID "size 1\n", "version 2" },
		{ "git-model/01\n" OID "size 1\n", "first line" },
		{ "git-model/x\n" OID "size 1\n", "first line" },
		{ "git-model/1 \n" OID "size 1\n", "first line" },
		{ "git-model/1\nsize 1\n" OID, "line 2" },
		{ "git-model/1\noid sha1:" HEX "\nsize 1\n", "line 2" },
		{ "git-model/1\noid  sha256:" HEX "\nsize 1\n", "line 2" },
		{ "git-model/1\noid sha256:" HEX "0\nsize 1\n", "line 2" },
		{ "git-model/1\noid sha256:" HEX_UPPER "\nsize 1\n",
		  "line 2" },
		{ "git-model/1\noid sha256:abc\nsize 1\n", "line 2" },
		{ "git-model/1\n" OID, "line 3" },
		{ "git-model/1\n" OID "size \n", "line 3" },
		{ "git-model/1\n" OID "size 0\n", "line 3" },
		{ "git-model/1\n" OID "size 01\n", "line 3" },
		{ "git-model/1\n" OID "size +1\n", "line 3" },
		{ "git-model/1\n" OID "size -1\n", "line 3" },
		{ "git-model/1\n" OID "size 1 \n", "line 3" },
		{ "git-model/1\n" OID "size 1e3\n", "line 3" },
		{ "git-model/1\n" OID "size 9223372036854775808\n",
		  "line 3" },
		{ "git-model/1\n" OID "size 99999999999999999999999\n",
		  "line 3" },
		{ "git-model/1\n" OID "size 1", "no end" },
		{ "git-model/1\n" OID "size 1\n\n", "follows" },
		{ "git-model/1\n" OID "size 1\nextra 2\n", "follows" },
		{ "git-model/1\r\r\n" OID "size 1\n", "first line" },
		{ "git-model/1\noid sha256:" HEX "\r \nsize 1\n",
		  "line 2" },
		{ "git-model/1\n" OID "size 1\r", "no end" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mv_pointer p;
		struct mv_err err;
		int rc = mv_pointer_parse(&p, rows[i].text,
					  strlen(rows[i].text), &err);

		if (rc != MV_ECORRUPT || !strstr(err.msg, rows[i].why))
			print_error("row %zu: %d, %s\n", i, rc, err.msg);
		assert_int_equal(rc, MV_ECORRUPT);
		assert_non_null(strstr(err.msg, rows[i].why));
	}
}

static void test_store_pointer__ordinary_content_is_none(void **state)
{
	static const char *const texts[] = {
		"", "\n", "a", "git-model", "git-mode/1\n" OID "size 1\n",
		" git-model/1\n" OID "size 1\n",
		"\xef\xbb\xbfgit-model/1\n" OID "size 1\n",
		"hello, world\n", "version 1\n", "size 1\n", OID,
		/* Markers without anything of a pointer. */
		"<<<<<<< HEAD\na\n=======\nb\n>>>>>>> branch\n",
		"Title\n=======\n",
		/* Words of a pointer without markers. */
		"see\n" OID "size 5\n",
	};
	struct mv_pointer p;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(parse(&p, texts[i]), MV_ENOENT);
	assert_int_equal(mv_pointer_parse(&p, NULL, 0, NULL), MV_ENOENT);
	assert_int_equal(mv_pointer_parse(&p, "\0\0\0", 3, NULL), MV_ENOENT);
}

enum verdict { CONTENT, LENIENT, EXACT };

/* The table of git-lfs 3.3.0's own behaviour; "size" where it is read. */
static const struct {
	const char *name, *text;
	enum verdict verdict;
	uint64_t size;
} lfs_rows[] = {
	{ "canonical", LFS, EXACT, 12345 },
	{ "largest size", V OID "size 9223372036854775807\n", EXACT,
	  INT64_MAX },
	{ "no final LF", V OID "size 5", LENIENT, 5 },
	{ "CRLF", "version https://git-lfs.github.com/spec/v1\r\n"
	  "oid sha256:" HEX "\r\nsize 5\r\n", LENIENT, 5 },
	{ "leading LF", "\n" V OID "size 5\n", LENIENT, 5 },
	{ "leading space", "  " V OID "size 5\n", LENIENT, 5 },
	{ "blank lines", V "\n" OID "\n\nsize 5\n", LENIENT, 5 },
	{ "trailing LFs", V OID "size 5\n\n\n", LENIENT, 5 },
	{ "space after size", V OID "size 5 \n", LENIENT, 5 },
	{ "plus", V OID "size +5\n", LENIENT, 5 },
	{ "leading zeros", V OID "size 0005\n", LENIENT, 5 },
	{ "minus zero", V OID "size -0\n", LENIENT, 0 },
	{ "hawser", "version https://hawser.github.com/spec/v1\n" OID
	  "size 5\n", LENIENT, 5 },
	{ "git-media", "version http://git-media.io/v/2\n" OID "size 5\n",
	  LENIENT, 5 },
	{ "ext before version", EXT("0-foo") V OID "size 5\n", LENIENT, 5 },
	{ "ext after oid", V OID EXT("0-foo") "size 5\n", LENIENT, 5 },
	{ "size 0", V OID "size 0\n", LENIENT, 0 },
	{ "ext in its place", V EXT("0-foo") OID "size 5\n", LENIENT, 5 },
	{ "two exts", V EXT("0-foo") EXT("1-b!") OID "size 5\n", LENIENT, 5 },
	{ "unknown key", V "key value\n" OID "size 5\n", CONTENT, 0 },
	{ "unknown key after size", V OID "size 5\nz 1\n", CONTENT, 0 },
	{ "ext after size", V OID "size 5\n" EXT("0-foo"), CONTENT, 0 },
	{ "ext-10", V EXT("10-foo") OID "size 5\n", CONTENT, 0 },
	{ "ext without a name", V EXT("1-") OID "size 5\n", CONTENT, 0 },
	{ "duplicate priority", V EXT("0-a") EXT("0-b") OID "size 5\n",
	  CONTENT, 0 },
	{ "ext value", V "ext-0-foo sha1:" HEX "\n" OID "size 5\n", CONTENT,
	  0 },
	{ "oid and size swapped", V "size 5\n" OID, CONTENT, 0 },
	{ "upper-case oid", V "oid sha256:" HEX_UPPER "\nsize 5\n", CONTENT,
	  0 },
	{ "blake3 oid", V "oid blake3:" HEX "\nsize 5\n", CONTENT, 0 },
	{ "short oid", V "oid sha256:4d7a\nsize 5\n", CONTENT, 0 },
	{ "long oid", V "oid sha256:" HEX "0\nsize 5\n", CONTENT, 0 },
	{ "space after oid", V "oid sha256:" HEX " \nsize 5\n", CONTENT, 0 },
	{ "negative size", V OID "size -5\n", CONTENT, 0 },
	{ "size 2^63", V OID "size 9223372036854775808\n", CONTENT, 0 },
	{ "size in hex", V OID "size 0x5\n", CONTENT, 0 },
	{ "size of no digits", V OID "size +\n", CONTENT, 0 },
	{ "double space", V OID "size  5\n", CONTENT, 0 },
	{ "no size", V OID, CONTENT, 0 },
	{ "no oid", V "size 5\n", CONTENT, 0 },
	{ "no version", OID "size 5\n", CONTENT, 0 },
	{ "BOM", "\xef\xbb\xbf" LFS, CONTENT, 0 },
	{ "version v2", "version https://git-lfs.github.com/spec/v2\n" OID
	  "size 5\n", CONTENT, 0 },
	{ "NBSP around", "\302\240" V OID "size 5\n\302\240\n", LENIENT, 5 },
	{ "next line around", "\302\205" V OID "size 5\302\205", LENIENT, 5 },
	{ "line separator", "\342\200\250" LFS "\342\200\251", LENIENT, 12345 },
	{ "ideographic space", LFS "\343\200\200", LENIENT, 12345 },
	{ "other spaces", "\341\232\200\342\200\200 \342\200\212" V OID
	  "size 5\342\200\257\342\201\237", LENIENT, 5 },
	{ "half a NBSP", V OID "size 5\240", CONTENT, 0 },
	{ "zero width space", V OID "size 5\342\200\213", CONTENT, 0 },
	{ "NBSP inside", V "oid sha256:" HEX "\302\240\nsize 5\n", CONTENT, 0 },
	{ "line of a space", V " \n" OID "size 5\n", CONTENT, 0 },
};

static void test_store_pointer__lfs_is_read_as_git_lfs_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lfs_rows) / sizeof(lfs_rows[0]); i++) {
		struct mv_pointer p;
		int rc = parse(&p, lfs_rows[i].text);
		enum verdict verdict = rc ? CONTENT :
				       p.canonical ? EXACT : LENIENT;

		if (rc && rc != MV_ENOENT)
			fail_msg("%s: %d", lfs_rows[i].name, rc);
		if (verdict != lfs_rows[i].verdict)
			fail_msg("%s: %d", lfs_rows[i].name, (int)verdict);
		if (rc)
			continue;
		assert_int_equal(p.dialect, MV_DIALECT_LFS);
		assert_true(p.size == lfs_rows[i].size);
		assert_oid(&p, HEX);
		assert_int_equal(p.extended,
				 strstr(lfs_rows[i].text, "ext-") != NULL);
	}
}

static void test_store_pointer__1024_bytes_are_content(void **state)
{
	static const char *const texts[] = { LFS, NATIVE };
	char text[MV_POINTER_MAX + 1];
	struct mv_pointer p;

	(void)state;
	for (int i = 0; i < 2; i++) {
		memset(text, '\n', MV_POINTER_MAX);
		memcpy(text, texts[i], strlen(texts[i]));
		text[MV_POINTER_MAX] = '\0';
		assert_int_equal(parse(&p, text), MV_ENOENT);
		text[MV_POINTER_MAX - 1] = '\0';
		assert_int_equal(parse(&p, text), i ? MV_ECORRUPT : 0);
		if (!i)
			assert_true(p.size == 12345 && !p.canonical);
	}
}

static void test_store_pointer__conflict_markers_are_refused(void **state)
{
	static const struct {
		const char *text;
		int line;
	} rows[] = {
		{ "git-model/1\n<<<<<<< HEAD\n" OID "size 1\n=======\noid "
		  "sha256:" HEX2 "\nsize 2\n>>>>>>> branch\n", 2 },
		{ V "<<<<<<< HEAD\n" OID "size 1\n||||||| base\n" OID
		  "size 3\n=======\n" OID "size 2\n>>>>>>> b\n", 2 },
		{ "<<<<<<< HEAD\n" NATIVE "=======\n" LFS ">>>>>>> b\n", 1 },
		{ "<<<<<<< HEAD\n=======\n" LFS ">>>>>>> b\n", 1 },
		{ "<<<<<<< HEAD\nsome text\n=======\n" NATIVE ">>>>>>> b\n",
		  1 },
		{ "version https://git-lfs.github.com/spec/v1\r\n"
		  "<<<<<<< HEAD\r\noid sha256:" HEX "\r\n=======\r\n", 2 },
		/* Somebody removed the others. */
		{ NATIVE "=======\n", 4 },
		{ LFS ">>>>>>> branch\n", 4 },
		{ LFS "||||||| base\n", 4 },
		{ "git-model/2\n<<<<<<< HEAD\n", 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mv_pointer p;
		struct mv_err err;
		char where[32];

		snprintf(where, sizeof(where), "in line %d:", rows[i].line);
		assert_int_equal(mv_pointer_parse(&p, rows[i].text,
						  strlen(rows[i].text), &err),
				 MV_ECORRUPT);
		assert_non_null(strstr(err.msg, "conflict marker"));
		assert_non_null(strstr(err.msg, where));
	}
}

/* What is cut short or changed is not the same pointer any more. */
static void test_store_pointer__damage_is_noticed(void **state)
{
	char text[] = NATIVE;
	struct mv_pointer good, p;
	size_t len = strlen(text);
	int rc;

	(void)state;
	assert_int_equal(mv_pointer_parse(&good, text, len, NULL), 0);
	for (size_t n = 0; n < len; n++)
		assert_int_equal(mv_pointer_parse(&p, text, n, NULL),
				 n < 10 ? MV_ENOENT : MV_ECORRUPT);
	for (size_t i = 0; i < len; i++)
		for (int bit = 0; bit < 8; bit++) {
			text[i] ^= (char)(1 << bit);
			rc = mv_pointer_parse(&p, text, len, NULL);
			assert_true(rc ? rc == (i < 10 ? MV_ENOENT :
							 MV_ECORRUPT) :
				    p.size != good.size ||
				    !mv_oid_eq(&p.oid, &good.oid));
			text[i] ^= (char)(1 << bit);
		}
}

static void test_store_pointer__printed_is_canonical(void **state)
{
	struct mv_pointer p, again;
	struct mv_buf text;

	(void)state;
	mv_buf_init(&text, 4096);
	for (int dialect = 0; dialect < 2; dialect++) {
		assert_int_equal(parse(&p, dialect ? LFS : NATIVE), 0);
		assert_int_equal(mv_pointer_print(&text, &p, NULL), 0);
		assert_string_equal(text.data, dialect ? LFS : NATIVE);
		assert_int_equal(mv_pointer_parse(&again, text.data, text.len,
						  NULL), 0);
		assert_true(again.canonical);
		mv_buf_clear(&text);
	}
	/* Read leniently, written exactly. */
	assert_int_equal(parse(&p, "\n" V OID "size 0012345"), 0);
	assert_int_equal(mv_pointer_print(&text, &p, NULL), 0);
	assert_string_equal(text.data, LFS);
	p.size = (uint64_t)INT64_MAX + 1;
	assert_int_equal(mv_pointer_print(&text, &p, NULL), MV_EINVALID);
	mv_buf_release(&text);
	/* A buffer that is full says so. */
	mv_buf_init(&text, 10);
	p.size = 1;
	assert_int_equal(mv_pointer_print(&text, &p, NULL), MV_ENOMEM);
	mv_buf_release(&text);
}

static void test_store_pointer__native_text_is_not_for_git_lfs(void **state)
{
	static const char *const words[] = { "git-lfs", "hawser",
					     "git-media" };
	struct mv_pointer p;
	struct mv_buf text;

	(void)state;
	mv_buf_init(&text, 4096);
	assert_int_equal(parse(&p, NATIVE), 0);
	assert_int_equal(mv_pointer_print(&text, &p, NULL), 0);
	for (int i = 0; i < 3; i++)
		assert_null(strstr(text.data, words[i]));
	mv_buf_release(&text);
}

static void test_store_pointer__empty_is_its_own_pointer(void **state)
{
	struct mv_pointer p;
	struct mv_buf text;
	struct mv_oid oid;

	(void)state;
	assert_int_equal(mv_sha256(&oid, "", 0, NULL), 0);
	mv_buf_init(&text, 4096);
	for (int dialect = 0; dialect < 2; dialect++) {
		mv_pointer_of_empty(&p, (enum mv_dialect)dialect);
		assert_true(mv_oid_eq(&p.oid, &oid) && !p.size && p.canonical);
		assert_int_equal(p.dialect, dialect);
		assert_int_equal(mv_pointer_print(&text, &p, NULL), 0);
		assert_int_equal(text.len, 0);
	}
	mv_buf_release(&text);
}

/* Frozen: should this fail, the code is wrong, never the files. */
static void test_store_pointer__frozen_pointers_are_read(void **state)
{
	static const char *const names[] = { "native", "lfs" };
	struct mv_pointer p;
	struct mv_buf text;

	(void)state;
	for (int i = 0; i < 2; i++) {
		char path[64], data[256];
		size_t len;
		FILE *in;

		snprintf(path, sizeof(path), "tests/golden/v1/pointer/%s",
			 names[i]);
		in = fopen(path, "rb");
		assert_non_null(in);
		len = fread(data, 1, sizeof(data), in);
		fclose(in);
		assert_int_equal(mv_pointer_parse(&p, data, len, NULL), 0);
		assert_int_equal(p.dialect, i);
		assert_true(p.size == 7 && p.canonical);
		mv_buf_init(&text, 4096);
		assert_int_equal(mv_pointer_print(&text, &p, NULL), 0);
		assert_int_equal(text.len, len);
		assert_memory_equal(text.data, data, len);
		mv_buf_release(&text);
	}
	/* printf 'a model' | sha256sum */
	assert_oid(&p, "97ff8a35544dcf40ad84047074439dd6"
		   "aa3a0be469ea578a1b1c017d939ec61c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store_pointer__native_is_read),
		cmocka_unit_test(test_store_pointer__line_ends_of_git_are_read),
		cmocka_unit_test(test_store_pointer__malformed_native_is_never_content),
		cmocka_unit_test(test_store_pointer__ordinary_content_is_none),
		cmocka_unit_test(test_store_pointer__lfs_is_read_as_git_lfs_does),
		cmocka_unit_test(test_store_pointer__1024_bytes_are_content),
		cmocka_unit_test(test_store_pointer__conflict_markers_are_refused),
		cmocka_unit_test(test_store_pointer__damage_is_noticed),
		cmocka_unit_test(test_store_pointer__printed_is_canonical),
		cmocka_unit_test(test_store_pointer__native_text_is_not_for_git_lfs),
		cmocka_unit_test(test_store_pointer__empty_is_its_own_pointer),
		cmocka_unit_test(test_store_pointer__frozen_pointers_are_read),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
