/* SPDX-License-Identifier: MIT */
/*
 * Input: codec, param, kind and phase, a length in 3 bytes, and bytes. They are
 * decoded as a difference to a base that is made of them, too; and the second
 * half is encoded as a difference to the first, and must come back.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/store/chunker.h"
#include "libmv/store/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 6 };

static void fuzz_decode(struct mv_decoder *decoder, const uint8_t *data,
			size_t size)
{
	size_t raw_len = (size_t)data[3] | (size_t)data[4] << 8 |
			 (size_t)(data[5] & 3) << 16;
	uint8_t *out = malloc(raw_len ? raw_len : 1);
	uint8_t *base = malloc(raw_len ? raw_len : 1);

	for (size_t i = 0; base && i < raw_len; i++)
		base[i] = data[i % size];
	if (out && base)
		mv_decode_lean(out, raw_len, decoder, data[0], data[1], base,
			       data + HEAD, size - HEAD, NULL);
	free(out);
	free(base);
}

static void fuzz_encode(struct mv_encoder *encoder, struct mv_decoder *decoder,
			const uint8_t *data, size_t size)
{
	size_t len = (size - HEAD) / 2;
	const uint8_t *chunk = data + size - len;
	struct mv_oid id = { { data[1] } };
	struct mv_lean lean = { &id, data + HEAD, 1 + data[1] % MV_DEPTH_MAX,
				data[2] & 15, data[2] >> 4, data[0] & 1 };
	struct mv_encoded e;
	uint8_t *out;

	if (!len || len > MV_CHUNK_MAX)
		return;
	out = malloc(len);
	if (!out)
		return;
	if (mv_lean_estimate(chunk, len, &lean) > 2 * len + 128 ||
	    mv_encode_lean(&e, encoder, chunk, len, &lean, NULL) ||
	    e.len > len ||
	    mv_decode_lean(out, len, decoder, e.codec, e.param, lean.base,
			   e.data, e.len, NULL) ||
	    memcmp(out, chunk, len))
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
