/* SPDX-License-Identifier: MIT */
#include "tests/unit/zip.h"

/* What is named, and the indexes of sharded models. */
static void named(const void *data, size_t len, const char *format)
{
	struct mv_runs runs;
	struct mv_layout l;
	struct mv_err err;

	if (list(data, len, &l, &err) < 0)
		fail_msg("%s: %s", format, err.msg);
	assert_string_equal(l.format, format);
	assert_true(l.not_listed);
	assert_int_equal(l.count, 0);
	mv_layout_release(&l);
	all_runs(&runs, data, len);
	assert_int_equal(runs.count, 0);
	mv_runs_release(&runs);
}

static void test_format_recognise__hdf5(void **state)
{
	static const char magic[] = "\211HDF\r\n\032\n\3";
	char file[4096] = { 0 };
	struct mv_layout l;
	struct mv_err err;

	(void)state;
	for (size_t at = 0; at <= 2048; at = at ? 2 * at : 512) {
		memset(file, 'u', sizeof(file));
		memcpy(file + at, magic, sizeof(magic) - 1);
		named(file, sizeof(file), "hdf5");
		named(file, at + sizeof(magic) - 1, "hdf5");
		assert_int_equal(list_verdict(file, at + sizeof(magic) - 2,
					      &err), MV_ENOENT);
	}
	memset(file, 'u', sizeof(file));
	memcpy(file + 100, magic, sizeof(magic) - 1);
	assert_int_equal(list_verdict(file, sizeof(file), &err), MV_ENOENT);
	memcpy(file, magic, sizeof(magic) - 1);
	memcpy(file + 1000, "keras_version", 13);
	assert_int_equal(list(file, sizeof(file), &l, &err), 0);
	assert_int_equal(l.meta_count, 2);
	assert_string_equal(l.meta_values[0], "3");
	assert_string_equal(l.meta_values[1], "keras");
	mv_layout_release(&l);
}

static void test_format_recognise__tflite_and_old_torch(void **state)
{
	struct mv_buf b;

	(void)state;
	named("\x1c\0\0\0TFL3 and what follows", 25, "tflite");
	load(&b, "old.pt");
	named(b.data, b.len, "pickle");
	b.data[4] ^= 1;		/* another number */
	assert_int_equal(list_verdict(b.data, b.len, NULL), MV_ENOENT);
	mv_buf_release(&b);
}

static void test_format_recognise__keras(void **state)
{
	static const char meta[] = "{\"keras_version\": \"3.1\", \"x\": {}}";
	struct mv_layout l;
	struct mv_err err;
	struct zip z;

	(void)state;
	zip_begin(&z);
	zip_add(&z, "metadata.json", meta, sizeof(meta) - 1);
	zip_add(&z, "config.json", "{\"class_name\": \"Functional\"}", 28);
	zip_add(&z, "model.weights.h5", "\211HDF\r\n\032\n", 8);
	zip_end(&z);
	named(z.file.data, z.file.len, "keras");
	assert_int_equal(list(z.file.data, z.file.len, &l, &err), 0);
	assert_int_equal(l.meta_count, 2);
	assert_string_equal(l.meta_values[0], "3.1");
	assert_string_equal(l.meta_values[1], "Functional");
	mv_layout_release(&l);
	/* what is no JSON is no reason to fail */
	memset(memmem(z.file.data, z.file.len, meta, 4), '[', 4);
	named(z.file.data, z.file.len, "keras");
	mv_buf_release(&z.file);
}

static void index_is(const char *text, int want, const char *words)
{
	struct mv_err err;

	assert_int_equal(list_verdict(text, strlen(text), &err), want);
	if (words)
		assert_non_null(strstr(err.msg, words));
}

static void test_format_recognise__shards(void **state)
{
	char *text = malloc(1000);
	struct mv_layout l;
	struct mv_err err;
	struct mv_buf b;

	(void)state;
	assert_non_null(text);
	load(&b, "model.safetensors.index.json");
	assert_int_equal(list(b.data, b.len, &l, &err), 0);
	assert_string_equal(l.format, "safetensors-index");
	assert_int_equal(l.meta_count, 3);
	assert_string_equal(l.meta_keys[0], "total_size");
	assert_string_equal(l.meta_values[0], "1234");
	assert_string_equal(l.meta_keys[1], "model-00001-of-00002.safetensors");
	assert_string_equal(l.meta_values[1], "2 tensors");
	assert_string_equal(l.meta_values[2], "1 tensor");
	mv_layout_release(&l);
	mv_buf_release(&b);
	index_is("{\"weight_map\": {\"a\": \"../x\"}}", MV_EINVALID,
		 "outside of the folder");
	index_is("{\"weight_map\": {\"a\": \"/x\"}}", MV_EINVALID,
		 "outside of the folder");
	index_is("{\"weight_map\": {\"a\": 1}}", MV_EINVALID, "is no name");
	index_is("{\"weight_map\": [\"a\"]  }", MV_ENOENT, NULL);
	index_is("{\"map\": {\"a\": \"b\"}} weight", MV_ENOENT, NULL);
	index_is("{\"weight_map\": {\"a\": \"b\"", MV_EINVALID, NULL);
	/* a tree of brackets would be large */
	memset(text, '[', 1000);
	memcpy(text, "{\"weight_map\": ", 15);
	text[999] = '\0';
	index_is(text, MV_ENOENT, NULL);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format_recognise__hdf5),
		cmocka_unit_test(test_format_recognise__tflite_and_old_torch),
		cmocka_unit_test(test_format_recognise__keras),
		cmocka_unit_test(test_format_recognise__shards),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
