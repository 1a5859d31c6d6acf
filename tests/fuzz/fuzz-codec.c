/* SPDX-License-Identifier: MIT */
/*
 * Input: codec, param, a length in 3 bytes, and bytes. They are decoded as a
 * chunk that claims this length, whatever comes of it; and encoded with the
 * hint that `param` is, and must come back.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/store/chunker.h"
#include "libmv/store/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 5 };

static void fuzz_decode(struct mv_decoder *decoder, const uint8_t *data,
			size_t size)
{
	size_t raw_len = (size_t)data[2] | (size_t)data[3] << 8 |
			 (size_t)data[4] << 16;
	uint8_t *out = malloc(raw_len ? raw_len : 1);

	if (out)
		mv_decode(out, raw_len, decoder, data[0], data[1], data + HEAD,
			  size - HEAD, NULL);
	free(out);
}

static void fuzz_encode(struct mv_encoder *encoder, struct mv_decoder *decoder,
			const uint8_t *data, size_t size)
{
	enum mv_plane hint = (enum mv_plane)((data[1] & 15) % 7);
	size_t len = size - HEAD;
	struct mv_encoded e;
	uint8_t *out;

	if (!len || len > MV_CHUNK_MAX)
		return;
	out = malloc(len);
	if (!out)
		return;
	if (mv_encode(&e, encoder, data + HEAD, len, hint, NULL) ||
	    e.len > len ||
	    mv_decode(out, len, decoder, e.codec, e.param, e.data, e.len,
		      NULL) ||
	    memcmp(out, data + HEAD, len))
		abort();
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mv_encoder *encoder;
	static struct mv_decoder *decoder;

	if (!encoder && mv_encoder_new(&encoder, NULL))
		return 0;
	if (!decoder && mv_decoder_new(&decoder, NULL))
		return 0;
	if (size < HEAD)
		return 0;
	fuzz_decode(decoder, data, size);
	fuzz_encode(encoder, decoder, data, size);
	return 0;
}
