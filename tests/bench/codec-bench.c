/* SPDX-License-Identifier: MIT */
/*
 * What the codecs make of chunks of 128 KiB, on one core: stored size, and
 * encoded and decoded bytes a second, by kind of data. Not run by the tests.
 *
 *	codec-bench			made-up data of every kind, 64 MiB each
 *	codec-bench HINT FILE...	these files; HINT is none, b16, bf16,
 *					b32, f32, b64 or f64; a safetensors
 *					header is skipped
 *
 * Build: make, then
 *	cc -O2 -I. -o codec-bench tests/bench/codec-bench.c build/libmv.a \
 *		-lzstd -lm
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libmv/base/bytes.h"
#include "libmv/store/chunker.h"
#include "libmv/store/codec-planes.h"
#include "libmv/store/codec.h"

enum { CHUNK = 128 * 1024, MADE = 64 << 20, ROUNDS = 3 };

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void die(const char *what)
{
	fprintf(stderr, "codec-bench: %s\n", what);
	exit(128);
}

static uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static double normal(uint64_t *state)
{
	double u = (double)(next_random(state) >> 11) * 0x1p-53 + 0x1p-54;
	double v = (double)(next_random(state) >> 11) * 0x1p-53;

	return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

/* Bits of all planes of a chunk if every plane were coded byte by byte. */
static double entropy(const uint8_t *data, size_t len, unsigned int hint)
{
	unsigned int width = mv_planes_width(hint);
	static uint8_t planes[CHUNK];
	double bits = 0;
	size_t n;

	if (!width) {
		width = 1;
		memcpy(planes, data, len);
	} else {
		mv_planes_split(planes, hint, data, len / width);
	}
	n = len / width;
	for (unsigned int k = 0; k < width; k++) {
		size_t count[256] = { 0 };

		for (size_t i = 0; i < n; i++)
			count[planes[k * n + i]]++;
		for (int i = 0; i < 256; i++)
			if (count[i])
				bits -= (double)count[i] *
					log2((double)count[i] / (double)n);
	}
	return bits;
}

struct result {
	double seconds_in, seconds_out, bits;
	size_t stored, codecs[3];
};

static void run_chunk(struct result *r, struct mv_encoder *encoder,
		      struct mv_decoder *decoder, const uint8_t *data,
		      size_t len, enum mv_plane hint)
{
	static uint8_t back[CHUNK];
	struct mv_encoded e;
	struct mv_err err;
	double t0 = cpu_seconds(), t1, t2;

	if (mv_encode(&e, encoder, data, len, hint, &err))
		die(err.msg);
	t1 = cpu_seconds();
	if (mv_decode(back, len, decoder, e.codec, e.param, e.data, e.len,
		      &err))
		die(err.msg);
	t2 = cpu_seconds();
	if (memcmp(back, data, len))
		die("the decoded bytes are different");
	r->seconds_in += t1 - t0;
	r->seconds_out += t2 - t1;
	r->stored += e.len;
	r->codecs[e.codec]++;
}

static void run(const char *name, const uint8_t *data, size_t len,
		enum mv_plane hint)
{
	struct result r, best = { .seconds_in = 1e9, .seconds_out = 1e9 };
	struct mv_encoder *encoder;
	struct mv_decoder *decoder;
	double gb = (double)len / 1e9;

	if (mv_encoder_new(&encoder, NULL) || mv_decoder_new(&decoder, NULL))
		die("no memory");
	for (int round = 0; round < ROUNDS; round++) {
		r = (struct result){ .bits = 0 };
		for (size_t at = 0; at < len; at += CHUNK) {
			size_t n = len - at < CHUNK ? len - at : CHUNK;

			if (!round)
				best.bits += entropy(data + at, n, hint);
			run_chunk(&r, encoder, decoder, data + at, n, hint);
		}
		best.stored = r.stored;
		memcpy(best.codecs, r.codecs, sizeof(r.codecs));
		if (r.seconds_in < best.seconds_in)
			best.seconds_in = r.seconds_in;
		if (r.seconds_out < best.seconds_out)
			best.seconds_out = r.seconds_out;
	}
	printf("%-28s %8.2f %8.2f %8.2f %8.2f   %zu/%zu/%zu\n", name,
	       100 * (double)best.stored / (double)len,
	       100 * best.bits / 8 / (double)len, gb / best.seconds_in,
	       gb / best.seconds_out, best.codecs[0], best.codecs[1],
	       best.codecs[2]);
	mv_encoder_free(encoder);
	mv_decoder_free(decoder);
}

static void put_number(uint8_t *p, double v, enum mv_plane hint)
{
	float f = (float)v;
	uint32_t bits;
	uint64_t wide;

	memcpy(&bits, &f, 4);
	memcpy(&wide, &v, 8);
	if (hint == MV_PLANE_BF16)
		mv_put_le16(p, (uint16_t)(bits >> 16));
	else if (hint == MV_PLANE_F32)
		mv_put_le32(p, bits);
	else
		mv_put_le64(p, wide);
}

/* Weights as they are: normal, each tensor and row with its own width. */
static void make_weights(uint8_t *data, size_t len, enum mv_plane hint)
{
	size_t width = mv_planes_width(hint);
	uint64_t state = 1;
	double scale = 0.02;

	for (size_t i = 0; i < len / width; i++) {
		if (i % (1 << 20) == 0)
			scale = 0.005 * exp2(4 * (double)(next_random(&state) %
							  1000) / 1000);
		put_number(data + i * width, scale * normal(&state), hint);
	}
}

static void make_text(uint8_t *data, size_t len)
{
	uint64_t state = 5;
	size_t at = 0;

	while (at + 64 < len)
		at += (size_t)sprintf((char *)data + at, "%d,%.4f,%s,%d\n",
				      (int)(at / 31),
				      1 + 0.01 * normal(&state),
				      at & 16 ? "accepted" : "refused",
				      (int)(next_random(&state) % 5000));
	memset(data + at, '\n', len - at);
}

static void run_made(void)
{
	uint8_t *data = malloc(MADE + 16);
	uint64_t state = 3;

	if (!data)
		die("no memory");
	make_weights(data, MADE, MV_PLANE_BF16);
	run("bf16 weights", data, MADE, MV_PLANE_BF16);
	run("bf16 weights, not told", data, MADE, MV_PLANE_NONE);
	run("bf16 weights, not aligned", data + 1, MADE - 1, MV_PLANE_NONE);
	make_weights(data, MADE, MV_PLANE_F32);
	run("f32 weights", data, MADE, MV_PLANE_F32);
	run("f32 weights, not told", data, MADE, MV_PLANE_NONE);
	run("f32 weights, not aligned", data + 3, MADE - 3, MV_PLANE_NONE);
	make_weights(data, MADE, MV_PLANE_F64);
	run("f64 weights", data, MADE, MV_PLANE_F64);
	run("f64 weights, not told", data + 5, MADE - 5, MV_PLANE_NONE);
	for (size_t i = 0; i < MADE; i++)
		data[i] = (uint8_t)(int)(24 * normal(&state));
	run("int8 weights", data, MADE, MV_PLANE_NONE);
	make_text(data, MADE);
	run("csv", data, MADE, MV_PLANE_NONE);
	for (size_t i = 0; i < MADE; i += 8)
		mv_put_le64(data + i, next_random(&state));
	run("random", data, MADE, MV_PLANE_NONE);
	run("random, said to be bf16", data, MADE, MV_PLANE_BF16);
	memset(data, 0, MADE);
	run("zeros", data, MADE, MV_PLANE_NONE);
	run("zeros, f32", data, MADE, MV_PLANE_F32);
	free(data);
}

static void run_file(const char *path, enum mv_plane hint)
{
	FILE *in = fopen(path, "rb");
	const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
	size_t len, skip = 0, max = (size_t)1 << 30;
	uint8_t *data = malloc(max);

	if (!in || !data)
		die(path);
	len = fread(data, 1, max, in);
	if (dot && !strcmp(dot, ".safetensors") && len > 8)
		skip = 8 + (size_t)mv_le64(data);
	if (len > skip)
		run(slash ? slash + 1 : path, data + skip, len - skip, hint);
	fclose(in);
	free(data);
}

int main(int argc, char **argv)
{
	static const char *const hints[] = { "none", "b16", "bf16", "b32",
					     "f32", "b64", "f64" };
	int hint = 0;

	printf("%-28s %8s %8s %8s %8s   %s\n", "", "size %", "order 0",
	       "in GB/s", "out GB/s", "raw/zstd/planes");
	if (argc == 1) {
		run_made();
		return 0;
	}
	while (hint < 7 && strcmp(argv[1], hints[hint]))
		hint++;
	if (hint == 7 || argc < 3)
		die("usage: codec-bench [HINT FILE...]");
	for (int i = 2; i < argc; i++)
		run_file(argv[i], (enum mv_plane)hint);
	return 0;
}
