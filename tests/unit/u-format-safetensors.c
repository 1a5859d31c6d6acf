/* SPDX-License-Identifier: MIT */
#include "tests/unit/format.h"

/* A file of this header and `data` zero bytes. */
static void make(struct mv_buf *out, const char *json, size_t data)
{
	uint8_t n[8];

	mv_buf_init(out, 1u << 20);
	mv_put_le64(n, strlen(json));
	assert_int_equal(mv_buf_add(out, n, 8), 0);
	assert_int_equal(mv_buf_addstr(out, json), 0);
	for (size_t i = 0; i < data; i++)
		assert_int_equal(mv_buf_addch(out, 0), 0);
}

static int try_with(const char *json, size_t data, struct mv_err *err)
{
	struct mv_buf file;
	int rc;

	make(&file, json, data);
	rc = verdict(file.data, file.len, file.len, err);
	mv_buf_release(&file);
	return rc;
}

static void refused(const char *json, size_t data, const char *because)
{
	struct mv_err err = { MV_OK, "" };

	assert_int_equal(try_with(json, data, &err), MV_EINVALID);
	if (!strstr(err.msg, because))
		fail_msg("'%s' does not say '%s'", err.msg, because);
}

static void accepted(const char *json, size_t data)
{
	struct mv_err err = { MV_OK, "" };

	if (try_with(json, data, &err) < 0)
		fail_msg("%s: %s", json, err.msg);
}

#define T(dtype, shape, begin, end) \
	"{\"dtype\":\"" dtype "\",\"shape\":" shape \
	",\"data_offsets\":[" #begin "," #end "]}"

static const char three[] =
	"{\"__metadata__\":{\"format\":\"pt\"},"
	"\"b\":" T("F32", "[2,3]", 4, 28) ","
	"\"a\":" T("BF16", "[2]", 0, 4) ","
	"\"none\":" T("U8", "[0,7]", 28, 28) "}   ";

/* The header is parsed member by member: the commas and braces between them
   must be right, too. */
static void test_format_safetensors__what_is_between_members_is_checked(void **state)
{
	static const char *const texts[] = {
		"{,}", "{ , }", "{%,}", "{,%}", "{%,,}", "{%", "{%,", "{%]",
		"{%}}", "{%},", "{%}{%}", "{%%}", "{\"b\"}", "{\"b\":}", "{b:%}",
		"{\"b}", "{\"b\\", "{[%]}", "{\"__metadata__\":{,}}",
		"{\"__metadata__\":{\"k\":\"v\",}}",
		"{\"__metadata__\":{\"k\":\"v\"}x}",
		"{\"__metadata__\":{\"k\":\"v\"}}}",
		"{\"__metadata__\":{\"k\":\"v\"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct mv_buf json;

		mv_buf_init(&json, 1024);
		for (const char *s = texts[i]; *s; s++)
			assert_int_equal(*s != '%' ? mv_buf_addch(&json, *s) :
				mv_buf_addstr(&json, "\"a\":"
					T("U8", "[1]", 0, 1)), 0);
		refused(json.data, 1, "JSON");
		mv_buf_release(&json);
	}
	accepted("{ \t\r\n}", 0);
	accepted("{ \"a\" : " T("U8", "[1]", 0, 1) " }\n", 1);
	accepted("{\"},{\\\"\":" T("U8", "[1]", 0, 1) "}", 1);
	accepted("{\"__metadata__\" : { } , \"a\":" T("U8", "[1]", 0, 1) "}", 1);
	accepted("{\"\\u005f_metadata__\":{\"}\":\"{,\"}}", 0);
}

static void test_format_safetensors__real_files_are_as_frozen(void **state)
{
	(void)state;
	check_golden("tiny-final-bf16.safetensors");
}

static void test_format_safetensors__fields_are_read(void **state)
{
	struct mv_layout l;
	struct mv_buf file;
	struct mv_err err;
	uint64_t base = 8 + sizeof(three) - 1;

	(void)state;
	make(&file, three, 28);
	assert_int_equal(parse_bytes(&l, file.data, file.len, file.len, &err),
			 0);
	assert_string_equal(l.format, "safetensors");
	assert_int_equal(l.header_len, base);
	assert_int_equal(l.count, 3);
	assert_string_equal(l.tensors[0].name, "a");
	assert_int_equal(l.tensors[0].dtype, MV_DTYPE_BF16);
	assert_int_equal(l.tensors[0].unit, 2);
	assert_int_equal(l.tensors[0].offset, base);
	assert_string_equal(l.tensors[1].name, "b");
	assert_string_equal(l.tensors[1].dtype_name, "F32");
	assert_int_equal(l.tensors[1].rank, 2);
	assert_int_equal(l.tensors[1].shape[0], 2);
	assert_int_equal(l.tensors[1].shape[1], 3);
	assert_int_equal(l.tensors[1].offset, base + 4);
	assert_int_equal(l.tensors[1].length, 24);
	assert_int_equal(l.tensors[2].length, 0);
	assert_int_equal(l.meta_count, 1);
	assert_string_equal(l.meta_keys[0], "format");
	assert_string_equal(l.meta_values[0], "pt");
	mv_layout_release(&l);
	assert_null(l.arena);
	mv_buf_release(&file);
}

static void test_format_safetensors__legal_oddities_are_taken(void **state)
{
	(void)state;
	accepted("{}", 0);
	accepted("{\"\":" T("F64", "[]", 0, 8) "}", 8);
	accepted("{\"a\":" T("F4", "[2]", 0, 1) "}", 1);
	accepted("{\"a\":" T("F6_E2M3", "[4]", 0, 3) "}", 3);
	accepted("{\"a\":" T("NEW_TYPE", "[5]", 0, 3) "}", 3);
	accepted("{\"a\":" T("U8", "[0]", 0, 0) ",\"b\":" T("U8", "[1]", 0, 1)
		 ",\"c\":" T("U8", "[0]", 1, 1) "}", 1);
	accepted("{\"a\":" T("U8", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", 0, 1)
		 "}", 1);
}

static void test_format_safetensors__offsets_must_fit(void **state)
{
	(void)state;
	refused("{\"a\":" T("U8", "[2]", 1, 3) "}", 3, "does not begin");
	refused("{\"a\":" T("U8", "[2]", 0, 2) ",\"b\":" T("U8", "[2]", 1, 3)
		"}", 3, "does not begin");
	refused("{\"a\":" T("U8", "[2]", 0, 2) ",\"b\":" T("U8", "[2]", 3, 5)
		"}", 5, "does not begin");
	refused("{\"a\":" T("U8", "[2]", 2, 0) "}", 2, "ends before it begins");
	refused("{\"a\":" T("U8", "[2]", 0, 2) "}", 1, "file ends before");
	refused("{\"a\":" T("U8", "[2]", 0, 2) "}", 3, "behind the last");
	refused("{}", 1, "behind the last");
}

static void test_format_safetensors__sizes_must_fit(void **state)
{
	(void)state;
	refused("{\"a\":" T("F32", "[2]", 0, 4) "}", 4, "do not make");
	refused("{\"a\":" T("F4", "[3]", 0, 2) "}", 2, "do not make");
	refused("{\"a\":" T("U8", "[4294967296,4294967296]", 0, 0) "}", 0,
		"do not make");
	/* 2^61 * 64 bits is 0 in 64 bits */
	refused("{\"a\":" T("F64", "[2305843009213693952]", 0, 0) "}", 0,
		"do not make");
	refused("{\"a\":" T("U8", "[4294967296,4294967296,0]", 0, 0) "}", 0,
		"do not make");
	accepted("{\"a\":" T("U8", "[0,4294967296,4294967296]", 0, 0) "}", 0);
}

static void test_format_safetensors__numbers_are_plain(void **state)
{
	(void)state;
	refused("{\"a\":" T("U8", "[-1]", 0, 1) "}", 1, "negative");
	refused("{\"a\":" T("U8", "[-0]", 0, 0) "}", 0, "negative");
	refused("{\"a\":" T("U8", "[1.0]", 0, 1) "}", 1, "no valid shape");
	refused("{\"a\":" T("U8", "[1e0]", 0, 1) "}", 1, "no valid shape");
	refused("{\"a\":" T("U8", "[1]", 0, 1.0) "}", 1, "no valid offsets");
	refused("{\"a\":" T("U8", "[18446744073709551616]", 0, 1) "}", 1,
		"JSON");
	refused("{\"a\":" T("U8", "[\"1\"]", 0, 1) "}", 1, "no valid shape");
}

static void test_format_safetensors__structure_is_checked(void **state)
{
	(void)state;
	refused("{\"a\":1}", 0, "not an object");
	refused("{\"a\":{}}", 0, "no dtype");
	refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[]}}", 0, "offsets");
	refused("{\"a\":{\"dtype\":1,\"shape\":[],\"data_offsets\":[0,1]}}", 1,
		"no dtype");
	refused("{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,1]}}", 1,
		"shape");
	refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0]}}",
		1, "offsets");
	refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[],"
		"\"data_offsets\":[0,1,1]}}", 1, "offsets");
	refused("{\"a\":" T("U8", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", 0, 1)
		"}", 1, "no valid shape");
	refused("{\"__metadata__\":{\"a\":1}}", 0, "not a string");
	refused("{\"__metadata__\":[]}", 0, "not an object");
	refused("{\"a\":" T("U8", "[]", 0, 1) ",\"a\":" T("U8", "[]", 1, 2) "}",
		2, "tensor 'a' is there twice");
	refused("{\"a\":" T("U8", "[]", 0, 1) ",\"\\u0061\":"
		T("U8", "[]", 1, 2) "}", 2, "tensor 'a' is there twice");
	refused("{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[],"
		"\"data_offsets\":[0,1]}}", 1, "JSON");
	refused("{\"__metadata__\":{\"a\":\"\",\"\\u0061\":\"\"}}", 0,
		"metadata 'a' is there twice");
	refused("{\"__metadata__\":{},\"\\u005f_metadata__\":{}}", 0,
		"'__metadata__' is there twice");
	refused("{} x", 0, "JSON");
	refused("{\"\xff\":" T("U8", "[]", 0, 1) "}", 1, "JSON");
}

static void test_format_safetensors__a_nul_is_not_a_space(void **state)
{
	static const char json[] = "{\"a\":" T("U8", "[1\0]", 0, 1) "}";
	char file[8 + sizeof(json)];
	struct mv_err err;

	(void)state;
	mv_put_le64(file, sizeof(json) - 1);
	memcpy(file + 8, json, sizeof(json));
	assert_int_equal(verdict(file, sizeof(file), sizeof(file), &err),
			 MV_EINVALID);
}

/* Text that would take 75 times its size as a tree is not made into one. */
static void test_format_safetensors__a_json_bomb_is_not_parsed(void **state)
{
	static const char *const units[] = { "{},", "[],", "0,", "[[0," };

	(void)state;
	for (size_t u = 0; u < 4; u++) {
		char *json = malloc(200100);

		assert_non_null(json);
		strcpy(json, "{\"a\":[");
		for (size_t i = 6; i < 200000; i += strlen(units[u]))
			strcpy(json + i, units[u]);
		refused(json, 0, "not a list of tensors");
		free(json);
	}
}

static void test_format_safetensors__many_arrays_are_not_parsed(void **state)
{
	struct mv_buf json;

	(void)state;
	mv_buf_init(&json, 1u << 20);
	for (int i = 0; i < 9000; i++)
		mv_buf_addf(&json, "%s\"%d\":[]", i ? "," : "{", i);
	mv_buf_addch(&json, '}');
	refused(json.data, 0, "not a list of tensors");
	mv_buf_release(&json);
}

static void test_format_safetensors__length_is_not_believed(void **state)
{
	struct mv_buf file;
	struct mv_err err;
	uint64_t need = 0;
	struct mv_layout l;

	(void)state;
	make(&file, three, 28);
	mv_put_le64(file.data, 100000000);
	assert_int_equal(verdict(file.data, file.len, file.len, &err),
			 MV_EINVALID);
	assert_int_equal(mv_format_parse(&l, &need, (uint8_t *)file.data, 64,
					 UNKNOWN_SIZE, &err), MV_EBUSY);
	assert_int_equal(need, 100000008);
	mv_put_le64(file.data, 100000001);
	assert_int_equal(verdict(file.data, file.len, UNKNOWN_SIZE, &err),
			 MV_ENOENT);
	mv_put_le64(file.data, UINT64_MAX);
	assert_int_equal(verdict(file.data, file.len, UNKNOWN_SIZE, &err),
			 MV_ENOENT);
	mv_buf_release(&file);
}

static void test_format_safetensors__every_truncation_is_refused(void **state)
{
	struct mv_buf file;
	struct mv_err err;

	(void)state;
	make(&file, three, 28);
	sweep_truncations(&file, 8 + sizeof(three) - 1);
	for (size_t len = file.len - 28; len < file.len; len++)
		assert_int_equal(verdict(file.data, len, len, &err),
				 MV_EINVALID);
	mv_buf_release(&file);
}

static void test_format_safetensors__every_flip_is_survived(void **state)
{
	static const uint8_t masks[] = { 1, 2, 4, 8, 16, 32, 64, 128, 255 };
	struct mv_buf file;

	(void)state;
	make(&file, three, 28);
	assert_true(sweep_flips(&file, 8 + sizeof(three) - 1, masks, 9) > 1000);
	mv_buf_release(&file);
	load(&file, "tiny-final-bf16.safetensors");
	assert_true(sweep_flips(&file, 3120, masks + 8, 1) > 3000);
	mv_buf_release(&file);
}

static void test_format_safetensors__names_in_messages_are_tame(void **state)
{
	struct mv_err err = { MV_OK, "" };

	(void)state;
	assert_int_equal(try_with("{\"\\u001b[31m\":" T("U8", "[2]", 1, 3) "}",
				  3, &err), MV_EINVALID);
	assert_null(strchr(err.msg, 0x1b));
	assert_non_null(strstr(err.msg, "'?[31m'"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format_safetensors__what_is_between_members_is_checked),
		cmocka_unit_test(test_format_safetensors__real_files_are_as_frozen),
		cmocka_unit_test(test_format_safetensors__fields_are_read),
		cmocka_unit_test(test_format_safetensors__legal_oddities_are_taken),
		cmocka_unit_test(test_format_safetensors__offsets_must_fit),
		cmocka_unit_test(test_format_safetensors__sizes_must_fit),
		cmocka_unit_test(test_format_safetensors__numbers_are_plain),
		cmocka_unit_test(test_format_safetensors__structure_is_checked),
		cmocka_unit_test(test_format_safetensors__a_nul_is_not_a_space),
		cmocka_unit_test(test_format_safetensors__a_json_bomb_is_not_parsed),
		cmocka_unit_test(test_format_safetensors__many_arrays_are_not_parsed),
		cmocka_unit_test(test_format_safetensors__length_is_not_believed),
		cmocka_unit_test(test_format_safetensors__every_truncation_is_refused),
		cmocka_unit_test(test_format_safetensors__every_flip_is_survived),
		cmocka_unit_test(test_format_safetensors__names_in_messages_are_tame),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
