/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "libmv/filter/pktline.h"

/* A stream that gives at most `step` bytes a time and counts the calls. */
struct slow {
	const char *data;
	size_t len, pos, step, calls;
	const char *mem;	/* bytes that went right here are counted */
	size_t mem_len, direct;
};

static int slow_read(void *payload, void *data, size_t len, size_t *got,
		     struct mv_err *err)
{
	struct slow *s = payload;
	size_t n = s->len - s->pos;

	(void)err;
	if (n > s->step)
		n = s->step;
	if (n > len)
		n = len;
	memcpy(data, s->data + s->pos, n);
	s->pos += n;
	s->calls++;
	if (s->mem && (char *)data >= s->mem &&
	    (char *)data < s->mem + s->mem_len)
		s->direct += n;
	*got = n;
	return 0;
}

static void open_text(struct mv_pkt_reader *r, struct mv_reader *in,
		      struct slow *s, const char *text, size_t len,
		      size_t step)
{
	*s = (struct slow){ .data = text, .len = len, .step = step };
	*in = (struct mv_reader){ slow_read, s };
	assert_int_equal(mv_pkt_reader_init(r, in, NULL), 0);
}

static void test_filter_pktline__reads_packets_however_they_arrive(void **state)
{
	static const char text[] = "0006a\n" "0000" "0004" "0007b\nc";

	(void)state;
	for (size_t step = 1; step < sizeof(text); step++) {
		struct mv_pkt_reader r;
		struct mv_reader in;
		struct slow s;
		enum mv_pkt kind;
		const char *data;
		size_t len;

		open_text(&r, &in, &s, text, sizeof(text) - 1, step);
		assert_int_equal(mv_pkt_next(&kind, &data, &len, &r, NULL), 0);
		assert_int_equal(kind, MV_PKT_DATA);
		assert_int_equal(len, 2);
		assert_memory_equal(data, "a\n", 2);
		assert_int_equal(mv_pkt_next(&kind, &data, &len, &r, NULL), 0);
		assert_int_equal(kind, MV_PKT_FLUSH);
		assert_int_equal(mv_pkt_next(&kind, &data, &len, &r, NULL), 0);
		assert_int_equal(kind, MV_PKT_DATA);
		assert_int_equal(len, 0);
		assert_int_equal(mv_pkt_next(&kind, &data, &len, &r, NULL), 0);
		assert_int_equal(kind, MV_PKT_DATA);
		assert_int_equal(len, 3);
		assert_memory_equal(data, "b\nc", 3);
		assert_int_equal(mv_pkt_next(&kind, &data, &len, &r, NULL), 0);
		assert_int_equal(kind, MV_PKT_END);
		mv_pkt_reader_release(&r);
	}
}

static void test_filter_pktline__refuses_bad_lengths(void **state)
{
	static const char *const bad[] = {
		"0001", "0002", "0003", "fff1", "ffff", "FFFF", "00g0", " 006",
		"-001", "0x10", "000", "0", "0005", "0008abc", "fff0a",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct mv_pkt_reader r;
		struct mv_reader in;
		struct slow s;
		struct mv_err err = { MV_OK, "" };
		enum mv_pkt kind;
		const char *data;
		char mem[16];
		size_t len;

		open_text(&r, &in, &s, bad[i], strlen(bad[i]), 100);
		assert_int_equal(mv_pkt_next(&kind, &data, &len, &r, &err),
				 MV_EINVALID);
		assert_int_equal(err.code, MV_EINVALID);
		assert_non_null(strstr(err.msg, "git's filter protocol"));
		mv_pkt_reader_release(&r);

		open_text(&r, &in, &s, bad[i], strlen(bad[i]), 100);
		do {
			err.code = mv_pkt_content(&r, mem, sizeof(mem), &len,
						  NULL);
		} while (!err.code && len);
		assert_int_equal(err.code, MV_EINVALID);
		mv_pkt_reader_release(&r);
	}
}

static void test_filter_pktline__largest_packet(void **state)
{
	char *text = malloc(MV_PKT_MAX);
	struct mv_pkt_reader r;
	struct mv_reader in;
	struct slow s;
	enum mv_pkt kind;
	const char *data;
	size_t len;

	(void)state;
	assert_non_null(text);
	memset(text, 'z', MV_PKT_MAX);
	memcpy(text, "fff0", 4);
	open_text(&r, &in, &s, text, MV_PKT_MAX, 1000);
	assert_int_equal(mv_pkt_next(&kind, &data, &len, &r, NULL), 0);
	assert_int_equal(len, MV_PKT_DATA_MAX);
	assert_memory_equal(data, text + 4, len);
	mv_pkt_reader_release(&r);
	free(text);
}

static void test_filter_pktline__several_of_the_largest(void **state)
{
	static const size_t steps[] = { 1000, 65521, 100000, 131039, 1 << 20 };
	size_t len = 5 + 5 * MV_PKT_MAX;
	char *all = malloc(len), *text = all + 5;

	(void)state;
	assert_non_null(all);
	memcpy(all, "0005x", 5);	/* so that the others begin anywhere */
	for (size_t i = 0; i < 5; i++) {
		memset(text + i * MV_PKT_MAX, 'a' + (int)i, MV_PKT_MAX);
		memcpy(text + i * MV_PKT_MAX, "fff0", 4);
	}
	for (size_t s = 0; s < sizeof(steps) / sizeof(*steps); s++) {
		struct mv_pkt_reader r;
		struct mv_reader in;
		struct slow slow;
		enum mv_pkt kind;
		const char *data;
		size_t got;

		open_text(&r, &in, &slow, all, len, steps[s]);
		assert_int_equal(mv_pkt_next(&kind, &data, &got, &r, NULL), 0);
		assert_int_equal(got, 1);
		for (size_t i = 0; i < 5; i++) {
			assert_int_equal(mv_pkt_next(&kind, &data, &got, &r,
						     NULL), 0);
			assert_int_equal(got, MV_PKT_DATA_MAX);
			assert_memory_equal(data, text + i * MV_PKT_MAX + 4,
					    got);
		}
		assert_int_equal(mv_pkt_next(&kind, &data, &got, &r, NULL), 0);
		assert_int_equal(kind, MV_PKT_END);
		mv_pkt_reader_release(&r);
	}
	free(all);
}

/* The length itself is wrong, not what follows: that is there. */
static void test_filter_pktline__refuses_lengths_over_the_limit(void **state)
{
	static const char *const bad[] = { "0001", "0003", "fff1", "ffff" };
	char *text = calloc(1, 70000);

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct mv_pkt_reader r;
		struct mv_reader in;
		struct slow s;
		struct mv_err err;
		enum mv_pkt kind;
		const char *data;
		size_t len;

		memcpy(text, bad[i], 4);
		open_text(&r, &in, &s, text, 70000, 70000);
		assert_int_equal(mv_pkt_next(&kind, &data, &len, &r, &err),
				 MV_EINVALID);
		assert_non_null(strstr(err.msg, "packet length"));
		mv_pkt_reader_release(&r);
	}
	free(text);
}

/* Content in packets of `packet` bytes, then a flush and one more packet. */
static char *make_list(size_t *total, const char *content, size_t len,
		       size_t packet)
{
	struct mv_buf out;

	mv_buf_init(&out, SIZE_MAX / 2);
	for (size_t at = 0; at < len; at += packet) {
		size_t n = len - at < packet ? len - at : packet;

		mv_buf_addf(&out, "%04zx", n + 4);
		mv_buf_add(&out, content + at, n);
	}
	mv_buf_addstr(&out, "0000" "0008next");
	*total = out.len;
	return mv_buf_detach(&out);
}

static void check_content(const char *content, size_t len, size_t packet,
			  size_t step, size_t ask)
{
	struct mv_pkt_reader r;
	struct mv_reader in;
	struct slow s;
	size_t total, got, have = 0;
	char *text = make_list(&total, content, len, packet);
	char *mem = malloc(len + ask);
	const char *data;
	enum mv_pkt kind;

	assert_non_null(mem);
	open_text(&r, &in, &s, text, total, step);
	do {
		assert_int_equal(mv_pkt_content(&r, mem + have, ask, &got,
						NULL), 0);
		assert_true(got <= ask);
		have += got;
		assert_true(have <= len);
	} while (got);
	assert_int_equal(have, len);
	assert_memory_equal(mem, content, len);
	assert_int_equal(mv_pkt_next(&kind, &data, &got, &r, NULL), 0);
	assert_int_equal(got, 4);
	assert_memory_equal(data, "next", 4);
	assert_int_equal(mv_pkt_next(&kind, &data, &got, &r, NULL), 0);
	assert_int_equal(kind, MV_PKT_END);
	mv_pkt_reader_release(&r);
	free(mem);
	free(text);
}

/*
 * Steps and sizes around the places where reading changes its way: direct or
 * buffered, the next packet's digits read with the content or cut in two.
 */
static void test_filter_pktline__content_is_the_same_by_every_way(void **state)
{
	static const size_t packets[] = { 1, 5, 4095, 4096, 4099, 65516 };
	static const size_t steps[] = { 1, 3, 4097, 4100, 65519, 65520, 200000 };
	static const size_t asks[] = { 1, 4095, 4096, 4100, 65516, 65519,
				       65520, 262144 };
	size_t len = 140000;
	char *content = malloc(len);
	uint32_t x = 1;

	(void)state;
	assert_non_null(content);
	for (size_t i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		content[i] = (char)(x >> 24);
	}
	for (size_t p = 0; p < sizeof(packets) / sizeof(*packets); p++)
		for (size_t s = 0; s < sizeof(steps) / sizeof(*steps); s++)
			for (size_t a = 0; a < sizeof(asks) / sizeof(*asks); a++)
				check_content(content,
					      packets[p] < 4000 ? 9000 : len,
					      packets[p], steps[s], asks[a]);
	free(content);
}

static void test_filter_pktline__long_content_is_one_read_a_packet(void **state)
{
	size_t len = 16 * MV_PKT_DATA_MAX, total, got;
	char *content = calloc(1, len);
	char *mem = malloc(len + 4);
	char *text = make_list(&total, content, len, MV_PKT_DATA_MAX);
	struct mv_pkt_reader r;
	struct mv_reader in;
	struct slow s;

	(void)state;
	assert_non_null(content);
	assert_non_null(mem);
	open_text(&r, &in, &s, text, total, 65536);
	s.mem = mem;
	s.mem_len = len + 4;
	do {
		assert_int_equal(mv_pkt_content(&r, mem, len + 4, &got, NULL),
				 0);
	} while (got);
	assert_true(s.calls <= 20);
	assert_true(s.direct > len - 2 * MV_PKT_MAX);	/* not copied */
	mv_pkt_reader_release(&r);
	free(text);
	free(mem);
	free(content);
}

struct sink {
	struct mv_buf buf;
	size_t calls;
	int fail;
};

static int sink_write(void *payload, const void *data, size_t len,
		      struct mv_err *err)
{
	struct sink *s = payload;

	s->calls++;
	if (s->fail)
		return mv_fail(err, MV_EIO, "broken pipe");
	return mv_buf_add(&s->buf, data, len) ? mv_nomem(err) : 0;
}

static void test_filter_pktline__writes_packets_and_sends_once(void **state)
{
	struct sink sink = { .calls = 0 };
	struct mv_writer out = { sink_write, &sink };
	struct mv_pkt_writer w;

	(void)state;
	mv_buf_init(&sink.buf, 1000);
	mv_pkt_writer_init(&w, &out);
	assert_int_equal(mv_pkt_send(&w, NULL), 0);
	assert_int_equal(sink.calls, 0);
	assert_int_equal(mv_pkt_line(&w, "status=success", NULL), 0);
	assert_int_equal(mv_pkt_flush(&w, NULL), 0);
	assert_int_equal(mv_pkt_bytes(&w, "", 0, NULL), 0);
	assert_int_equal(mv_pkt_bytes(&w, "ab", 2, NULL), 0);
	assert_int_equal(mv_pkt_bytes(&w, "c", 1, NULL), 0);
	assert_int_equal(mv_pkt_flush(&w, NULL), 0);
	assert_int_equal(sink.calls, 0);
	assert_int_equal(mv_pkt_send(&w, NULL), 0);
	assert_int_equal(sink.calls, 1);
	assert_string_equal(sink.buf.data,
			    "0013status=success\n" "0000" "0007abc" "0000");
	mv_pkt_writer_release(&w);
	mv_buf_release(&sink.buf);
}

/* What the writer makes, the reader takes apart again. */
static void test_filter_pktline__long_output_is_full_packets(void **state)
{
	size_t len = 3 * MV_PKT_DATA_MAX + 1, got, have = 0;
	char *data = malloc(len), *back = malloc(len + 100);
	struct sink sink = { .calls = 0 };
	struct mv_writer out = { sink_write, &sink };
	struct mv_pkt_writer w;
	struct mv_pkt_reader r;
	struct mv_reader in;
	struct slow s;

	(void)state;
	assert_non_null(data);
	assert_non_null(back);
	for (size_t i = 0; i < len; i++)
		data[i] = (char)(i * 7);
	mv_buf_init(&sink.buf, SIZE_MAX / 2);
	mv_pkt_writer_init(&w, &out);
	for (size_t at = 0; at < len; at += 10007)
		assert_int_equal(mv_pkt_bytes(&w, data + at,
					      len - at < 10007 ? len - at : 10007,
					      NULL), 0);
	assert_true(sink.buf.len >= 2 * MV_PKT_MAX);
	assert_true(w.buf.alloc < 4 * MV_PKT_MAX);
	mv_pkt_flush(&w, NULL);
	assert_int_equal(mv_pkt_send(&w, NULL), 0);
	assert_true(sink.calls <= 2);
	assert_int_equal(sink.buf.len, len + 5 * 4);
	assert_memory_equal(sink.buf.data, "fff0", 4);
	assert_memory_equal(sink.buf.data + 3 * MV_PKT_MAX, "0005", 4);

	open_text(&r, &in, &s, sink.buf.data, sink.buf.len, 1 << 20);
	do {
		assert_int_equal(mv_pkt_content(&r, back + have, 100, &got,
						NULL), 0);
		have += got;
	} while (got && have <= len);
	assert_int_equal(have, len);
	assert_memory_equal(data, back, len);
	mv_pkt_reader_release(&r);
	mv_pkt_writer_release(&w);
	mv_buf_release(&sink.buf);
	free(back);
	free(data);
}

static void test_filter_pktline__hold_keeps_everything(void **state)
{
	struct sink sink = { .calls = 0 };
	struct mv_writer out = { sink_write, &sink };
	struct mv_pkt_writer w;
	char *data = calloc(1, 1 << 20);

	(void)state;
	assert_non_null(data);
	mv_buf_init(&sink.buf, SIZE_MAX / 2);
	mv_pkt_writer_init(&w, &out);
	w.hold = 1;
	assert_int_equal(mv_pkt_bytes(&w, data, 1 << 20, NULL), 0);
	assert_int_equal(sink.calls, 0);
	w.hold = 0;
	assert_int_equal(mv_pkt_send(&w, NULL), 0);
	assert_int_equal(sink.buf.len, (1 << 20) + 17 * 4);
	assert_int_equal(w.buf.alloc, 0);
	mv_pkt_writer_release(&w);
	mv_buf_release(&sink.buf);
	free(data);
}

static void test_filter_pktline__failed_write_is_reported(void **state)
{
	struct sink sink = { .fail = 1 };
	struct mv_writer out = { sink_write, &sink };
	struct mv_pkt_writer w;
	struct mv_err err;

	(void)state;
	mv_pkt_writer_init(&w, &out);
	assert_int_equal(mv_pkt_flush(&w, NULL), 0);
	assert_int_equal(mv_pkt_send(&w, &err), MV_EIO);
	assert_true(w.failed);
	mv_pkt_writer_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filter_pktline__reads_packets_however_they_arrive),
		cmocka_unit_test(test_filter_pktline__refuses_bad_lengths),
		cmocka_unit_test(test_filter_pktline__largest_packet),
		cmocka_unit_test(test_filter_pktline__several_of_the_largest),
		cmocka_unit_test(test_filter_pktline__refuses_lengths_over_the_limit),
		cmocka_unit_test(test_filter_pktline__content_is_the_same_by_every_way),
		cmocka_unit_test(test_filter_pktline__long_content_is_one_read_a_packet),
		cmocka_unit_test(test_filter_pktline__writes_packets_and_sends_once),
		cmocka_unit_test(test_filter_pktline__long_output_is_full_packets),
		cmocka_unit_test(test_filter_pktline__hold_keeps_everything),
		cmocka_unit_test(test_filter_pktline__failed_write_is_reported),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
