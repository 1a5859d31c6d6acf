/* SPDX-License-Identifier: MIT */
#include "tests/unit/format.h"

#define KIB 1024u

/* A safetensors file of which only the header exists. */
struct writer {
	struct mv_buf json;
	uint64_t end;
	int n;
};

static void begin(struct writer *w)
{
	mv_buf_init(&w->json, 64u << 20);
	mv_buf_addstr(&w->json, "12345678{");
	w->end = 0;
	w->n = 0;
}

static void add(struct writer *w, const char *dtype, unsigned size, uint64_t n)
{
	mv_buf_addf(&w->json, "%s\"t%d\":{\"dtype\":\"%s\",\"shape\":[%" PRIu64
		    "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}",
		    w->n ? "," : "", w->n, dtype, n, w->end, w->end + n * size);
	w->end += n * size;
	w->n++;
}

static void finish(struct writer *w)
{
	assert_int_equal(mv_buf_addch(&w->json, '}'), 0);
	mv_put_le64(w->json.data, w->json.len - 8);
}

/* Ask as the store does: with more and more of the head. */
static int ask(struct mv_runs *out, const struct mv_buf *file, size_t first,
	       struct mv_err *err)
{
	size_t need = first;
	int rc;

	for (;;) {
		size_t len = need < file->len ? need : file->len;
		uint8_t *copy = malloc(len ? len : 1);

		assert_non_null(copy);
		memcpy(copy, file->data, len);
		need = 0;
		rc = mv_format_runs(out, &need, copy, len, len == file->len,
				    err);
		free(copy);
		if (rc != MV_EBUSY)
			return rc;
		assert_true(len < file->len);
		assert_true(need > len);
		assert_true(need <= MV_RUN_HEAD_MAX);
	}
}

static void expect(const struct mv_run *r, uint64_t offset, uint64_t length,
		   uint32_t unit, enum mv_plane plane)
{
	assert_int_equal(r->offset, offset);
	assert_int_equal(r->length, length);
	assert_int_equal(r->unit, unit);
	assert_int_equal(r->plane, plane);
}

static void no_hints(const struct mv_buf *file)
{
	struct mv_runs runs;
	struct mv_err err;

	assert_int_equal(ask(&runs, file, 0, &err), 0);
	assert_int_equal(runs.count, 0);
	mv_runs_release(&runs);
}

static void test_format_format__large_tensors_have_runs(void **state)
{
	static const struct {
		const char *dtype;
		unsigned size, unit;
		enum mv_plane plane;
	} t[] = {
		{ "BF16", 2, 2, MV_PLANE_BF16 }, { "F16", 2, 2, MV_PLANE_B16 },
		{ "I16", 2, 2, MV_PLANE_B16 }, { "U16", 2, 2, MV_PLANE_B16 },
		{ "F32", 4, 4, MV_PLANE_F32 }, { "I32", 4, 4, MV_PLANE_B32 },
		{ "U32", 4, 4, MV_PLANE_B32 }, { "F64", 8, 8, MV_PLANE_F64 },
		{ "I64", 8, 8, MV_PLANE_B64 }, { "U64", 8, 8, MV_PLANE_B64 },
		{ "C64", 8, 8, MV_PLANE_B32 }, { "U8", 1, 1, MV_PLANE_NONE },
		{ "I8", 1, 1, MV_PLANE_NONE }, { "BOOL", 1, 1, MV_PLANE_NONE },
		{ "F8_E4M3", 1, 1, MV_PLANE_NONE },
		{ "F8_E8M0", 1, 1, MV_PLANE_NONE },
		{ "NEW", 1, 1, MV_PLANE_NONE },
	};
	enum { N = sizeof(t) / sizeof(*t) };
	struct mv_runs runs;
	struct writer w;
	struct mv_err err;
	uint64_t at;

	(void)state;
	begin(&w);
	for (size_t i = 0; i < N; i++)
		add(&w, t[i].dtype, t[i].size, 4096 / t[i].size);
	finish(&w);
	assert_int_equal(ask(&runs, &w.json, 0, &err), 0);
	assert_int_equal(runs.count, N);
	at = w.json.len;
	for (size_t i = 0; i < N; i++, at += 4096)
		expect(&runs.run[i], at, 4096, t[i].unit, t[i].plane);
	mv_runs_release(&runs);
	mv_buf_release(&w.json);
}

static void test_format_format__small_neighbours_are_joined(void **state)
{
	struct mv_runs runs;
	struct writer w;
	struct mv_err err;
	uint64_t h;

	(void)state;
	begin(&w);
	add(&w, "F32", 4, 10);		/* 40 bytes */
	add(&w, "F32", 4, 0);		/* none */
	add(&w, "F32", 4, 1023);	/* 4092: small, just */
	add(&w, "F32", 4, 1024);	/* 4096: its own */
	add(&w, "BF16", 2, 3);		/* alone between two large ones */
	add(&w, "BF16", 2, 4096);
	finish(&w);
	assert_int_equal(ask(&runs, &w.json, 0, &err), 0);
	h = w.json.len;
	assert_int_equal(runs.count, 4);
	expect(&runs.run[0], h, 4132, 4, MV_PLANE_F32);
	expect(&runs.run[1], h + 4132, 4096, 4, MV_PLANE_F32);
	expect(&runs.run[2], h + 8228, 6, 2, MV_PLANE_BF16);
	expect(&runs.run[3], h + 8234, 8192, 2, MV_PLANE_BF16);
	mv_runs_release(&runs);
	mv_buf_release(&w.json);
}

static void test_format_format__joined_runs_have_a_limit(void **state)
{
	struct mv_runs runs;
	struct writer w;
	struct mv_err err;

	(void)state;
	begin(&w);
	for (int i = 0; i < 65; i++)
		add(&w, "U8", 1, 2048);
	finish(&w);
	assert_int_equal(ask(&runs, &w.json, 0, &err), 0);
	assert_int_equal(runs.count, 3);
	expect(&runs.run[0], w.json.len, 64 * KIB, 1, MV_PLANE_NONE);
	expect(&runs.run[1], w.json.len + 64 * KIB, 64 * KIB, 1, MV_PLANE_NONE);
	expect(&runs.run[2], w.json.len + 128 * KIB, 2048, 1, MV_PLANE_NONE);
	mv_runs_release(&runs);
	mv_buf_release(&w.json);
}

static void test_format_format__joined_planes_must_agree(void **state)
{
	struct mv_runs runs;
	struct writer w;
	struct mv_err err;

	(void)state;
	/* one unit, two planes */
	begin(&w);
	add(&w, "F32", 4, 2);
	add(&w, "I32", 4, 2);
	finish(&w);
	assert_int_equal(ask(&runs, &w.json, 0, &err), 0);
	assert_int_equal(runs.count, 1);
	expect(&runs.run[0], w.json.len, 16, 4, MV_PLANE_NONE);
	mv_runs_release(&runs);
	mv_buf_release(&w.json);
	/* one plane, two units */
	begin(&w);
	add(&w, "I32", 4, 2);
	add(&w, "C64", 8, 2);
	finish(&w);
	assert_int_equal(ask(&runs, &w.json, 0, &err), 0);
	expect(&runs.run[0], w.json.len, 24, 1, MV_PLANE_B32);
	mv_runs_release(&runs);
	mv_buf_release(&w.json);
	/* once lost, a plane does not come back */
	begin(&w);
	add(&w, "F32", 4, 2);
	add(&w, "U8", 1, 1);
	add(&w, "F32", 4, 2);
	finish(&w);
	assert_int_equal(ask(&runs, &w.json, 0, &err), 0);
	expect(&runs.run[0], w.json.len, 17, 1, MV_PLANE_NONE);
	mv_runs_release(&runs);
	mv_buf_release(&w.json);
}

static void gguf_u32(struct mv_buf *b, uint32_t v)
{
	uint8_t le[4];

	mv_put_le32(le, v);
	assert_int_equal(mv_buf_add(b, le, 4), 0);
}

static void gguf_u64(struct mv_buf *b, uint64_t v)
{
	uint8_t le[8];

	mv_put_le64(le, v);
	assert_int_equal(mv_buf_add(b, le, 8), 0);
}

/* `n` tensors of type and length, aligned to `align`. */
static void gguf(struct mv_buf *b, uint32_t n, uint32_t type, uint64_t ne,
		 uint64_t bytes, uint32_t align)
{
	mv_buf_init(b, 1u << 20);
	mv_buf_addstr(b, "GGUF");
	gguf_u32(b, 3);
	gguf_u64(b, n);
	gguf_u64(b, 1);
	gguf_u64(b, 17);
	mv_buf_addstr(b, "general.alignment");
	gguf_u32(b, 4);
	gguf_u32(b, align);
	for (uint32_t i = 0; i < n; i++) {
		gguf_u64(b, 1);
		mv_buf_addch(b, (char)('a' + i));
		gguf_u32(b, 1);
		gguf_u64(b, ne);
		gguf_u32(b, type);
		gguf_u64(b, i * ((bytes + align - 1) / align * align));
	}
	while (b->len % align)
		mv_buf_addch(b, 0);
}

/* A hole that aligns is part of the run, unless it is larger than 4 KiB. */
static void test_format_format__alignment_between_small_ones(void **state)
{
	struct mv_runs runs;
	struct mv_err err;
	struct mv_buf b;

	(void)state;
	gguf(&b, 3, 0, 3, 12, 32);	/* 12 bytes every 32 */
	assert_int_equal(ask(&runs, &b, 0, &err), 0);
	assert_int_equal(runs.count, 1);
	expect(&runs.run[0], b.len, 76, 4, MV_PLANE_F32);
	mv_runs_release(&runs);
	mv_buf_release(&b);
	gguf(&b, 3, 0, 3, 12, 8192);
	assert_int_equal(ask(&runs, &b, 0, &err), 0);
	assert_int_equal(runs.count, 3);
	expect(&runs.run[1], b.len + 8192, 12, 4, MV_PLANE_F32);
	mv_runs_release(&runs);
	mv_buf_release(&b);
	/* blocks of 34 bytes, two of them unaligned to 34 */
	gguf(&b, 2, 8, 32, 34, 32);
	assert_int_equal(ask(&runs, &b, 0, &err), 0);
	assert_int_equal(runs.count, 1);
	expect(&runs.run[0], b.len, 64 + 34, 34, MV_PLANE_NONE);
	mv_runs_release(&runs);
	mv_buf_release(&b);
}

/* Frozen: another answer means that everything is stored again. */
static void test_format_format__runs_of_real_files_are_frozen(void **state)
{
	(void)state;
	check_golden_runs("tiny-final-bf16.safetensors");
	check_golden_runs("tiny-final-Q8_0.gguf");
	check_golden_runs("silero-vad-head.safetensors");
	check_golden_runs("f8-big-endian.npy");
	check_golden_runs("f4-2x3.npy");
	check_golden_runs("struct.npy");
	check_golden_runs("object.npy");
	check_golden_runs("stored.safetensors");
	check_golden_runs("stored.npz");
	check_golden_runs("stored.onnx");
	check_golden_runs("stored.pt");
	check_golden_runs("checkpoint.pt");
	check_golden_runs("samples.tar");
	check_golden_runs("pax.tar");
	check_golden_runs("gnu.tar");
	check_golden_runs("rows.parquet");
}

/* A stream is cut like a file: only the head counts, however it comes. */
static void test_format_format__runs_depend_on_the_head_only(void **state)
{
	static const char *const names[] = {
		"tiny-final-bf16.safetensors", "tiny-final-Q8_0.gguf",
		"f8-big-endian.npy"
	};
	struct mv_runs want, got;
	struct mv_err err;
	struct mv_buf b;

	(void)state;
	for (size_t n = 0; n < 3; n++) {
		load(&b, names[n]);
		assert_int_equal(ask(&want, &b, 0, &err), 0);
		assert_true(want.count > 0);
		for (int i = 0; i < 4; i++) {
			if (i == 1)	/* cut short */
				b.len = want.run[0].offset + 1;
			if (i == 2)	/* more behind it */
				mv_buf_addstr(&b, "more");
			assert_int_equal(ask(&got, &b, i == 3 ? b.len : 20,
					     &err), 0);
			assert_int_equal(got.count, want.count);
			assert_memory_equal(got.run, want.run,
					    want.count * sizeof(*want.run));
			mv_runs_release(&got);
		}
		mv_runs_release(&want);
		mv_buf_release(&b);
	}
}

static void test_format_format__malformed_means_no_hints(void **state)
{
	static const char *const names[] = {
		"tiny-final-bf16.safetensors", "tiny-final-Q8_0.gguf",
		"f8-big-endian.npy"
	};
	static const size_t damaged[] = { 12, 9, 13 };
	struct mv_buf b;

	(void)state;
	for (size_t n = 0; n < 3; n++) {
		load(&b, names[n]);
		b.data[damaged[n]] ^= 0x40;
		no_hints(&b);
		b.len = 12;
		no_hints(&b);
		b.len = 0;
		no_hints(&b);
		mv_buf_release(&b);
	}
	load(&b, "small.npz");
	no_hints(&b);
	mv_buf_release(&b);
	mv_buf_init(&b, 100);
	mv_buf_addstr(&b, "neither this nor that, but long enough");
	no_hints(&b);
	mv_buf_release(&b);
}

static void test_format_format__long_json_has_no_hints(void **state)
{
	struct mv_runs runs;
	struct writer w;
	struct mv_err err;
	size_t need = 0;

	(void)state;
	begin(&w);
	add(&w, "F32", 4, 4096);
	finish(&w);
	while (w.json.len < 8 + 4096 * KIB)
		assert_int_equal(mv_buf_addch(&w.json, ' '), 0);
	mv_put_le64(w.json.data, 4096 * KIB);
	assert_int_equal(ask(&runs, &w.json, 0, &err), 0);
	assert_int_equal(runs.count, 1);
	mv_runs_release(&runs);
	mv_buf_addch(&w.json, ' ');
	mv_put_le64(w.json.data, 4096 * KIB + 1);
	/* at once, without asking for the header */
	assert_int_equal(mv_format_runs(&runs, &need,
					(uint8_t *)w.json.data, 512, 0, &err),
			 0);
	assert_int_equal(runs.count, 0);
	mv_buf_release(&w.json);
}

/* GGUF does not say how long its header is: what is not there by 16 MiB
   does not count, not even when it was offered. */
static void test_format_format__long_gguf_has_no_hints(void **state)
{
	struct mv_runs runs;
	struct mv_err err;
	struct mv_buf b, more;
	size_t pad[] = { 0, 1 };

	(void)state;
	gguf(&b, 1, 0, 4096, 16384, 32);
	for (size_t i = 0; i < 2; i++) {
		/* a key of the length that makes 16 MiB, or one more */
		size_t len = MV_RUN_HEAD_MAX - 24 - (8 + 17 + 4 + 4) -
			(8 + 1 + 4 + 8 + 4 + 8) - (8 + 1 + 4 + 8) + pad[i];

		mv_buf_init(&more, 17u << 20);
		mv_buf_add(&more, b.data, 24 + 8 + 17 + 8);
		mv_put_le64(more.data + 16, 2);
		gguf_u64(&more, 1);
		mv_buf_addch(&more, 'k');
		gguf_u32(&more, 8);
		gguf_u64(&more, len);
		assert_int_equal(mv_buf_reserve(&more, len), 0);
		memset(more.data + more.len, 'x', len);
		more.len += len;
		mv_buf_add(&more, b.data + 24 + 8 + 17 + 8,
			   8 + 1 + 4 + 8 + 4 + 8);
		assert_int_equal(more.len, MV_RUN_HEAD_MAX + pad[i]);
		mv_buf_addstr(&more, "data");
		assert_int_equal(ask(&runs, &more, 0, &err), 0);
		assert_int_equal(runs.count, 1 - pad[i]);
		mv_runs_release(&runs);
		assert_int_equal(ask(&runs, &more, more.len, &err), 0);
		assert_int_equal(runs.count, 1 - pad[i]);
		mv_runs_release(&runs);
		mv_buf_release(&more);
	}
	mv_buf_release(&b);
}

static void test_format_format__unknown_files_are_unknown(void **state)
{
	struct mv_err err;

	(void)state;
	assert_int_equal(verdict("", 0, 0, &err), MV_ENOENT);
	assert_int_equal(verdict("", 0, 5, &err), MV_EBUSY);
	assert_int_equal(verdict("", 0, UNKNOWN_SIZE, &err), MV_EBUSY);
	assert_int_equal(verdict("hello", 5, 5, &err), MV_ENOENT);
	assert_int_equal(verdict("a,b,c\n1,2,3\n4,5,6\n", 18, 18, &err),
			 MV_ENOENT);
	assert_int_equal(verdict("GGU", 3, 3, &err), MV_ENOENT);
	assert_int_equal(verdict("GGUF", 4, 4, &err), MV_EINVALID);
	assert_int_equal(verdict("\2\0\0\0\0\0\0\0{}", 10, 10, &err), 0);
}

static void test_format_format__dtypes_have_names(void **state)
{
	(void)state;
	assert_string_equal(mv_dtype_name(MV_DTYPE_F32), "F32");
	assert_string_equal(mv_dtype_name(MV_DTYPE_BF16), "BF16");
	assert_string_equal(mv_dtype_name(MV_DTYPE_UNKNOWN), "?");
	for (int d = MV_DTYPE_BOOL; d <= MV_DTYPE_BLOCK; d++)
		assert_string_not_equal(mv_dtype_name((enum mv_dtype)d), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format_format__large_tensors_have_runs),
		cmocka_unit_test(test_format_format__small_neighbours_are_joined),
		cmocka_unit_test(test_format_format__joined_runs_have_a_limit),
		cmocka_unit_test(test_format_format__joined_planes_must_agree),
		cmocka_unit_test(test_format_format__alignment_between_small_ones),
		cmocka_unit_test(test_format_format__runs_of_real_files_are_frozen),
		cmocka_unit_test(test_format_format__runs_depend_on_the_head_only),
		cmocka_unit_test(test_format_format__malformed_means_no_hints),
		cmocka_unit_test(test_format_format__long_json_has_no_hints),
		cmocka_unit_test(test_format_format__long_gguf_has_no_hints),
		cmocka_unit_test(test_format_format__unknown_files_are_unknown),
		cmocka_unit_test(test_format_format__dtypes_have_names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
