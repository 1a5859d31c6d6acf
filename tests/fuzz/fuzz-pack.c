/* SPDX-License-Identifier: MIT */
/*
 * Input: a pack file. It is walked, salvaged and, as a torn file of tmp/, cut
 * behind its last good record; what a walk accepts must lie inside the file,
 * and what is accepted with its trailer must be all of it.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libmv/store/codec.h"
#include "libmv/store/chunker.h"
#include "libmv/store/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t size;
	uint64_t end;		/* of the record before */
	struct mv_decoder *decoder;
	uint8_t *out;
};

static int see(void *payload, uint64_t off, const struct mv_pack_record *record,
	       const uint8_t *head, const uint8_t *stored, struct mv_err *err)
{
	struct input *in = payload;

	(void)err;
	if (off < in->end || off + MV_RECORD_HEADER > in->size ||
	    record->stored_len > in->size - off - MV_RECORD_HEADER ||
	    memcmp(head, in->data + off, MV_RECORD_HEADER) ||
	    memcmp(stored, in->data + off + MV_RECORD_HEADER,
		   record->stored_len))
		abort();
	in->end = off + MV_RECORD_HEADER + record->stored_len;
	if (record->kind != MV_RECORD_RECIPE)
		mv_decode(in->out, record->raw_len, in->decoder,
			  record->codec, record->param, stored,
			  record->stored_len, NULL);
	return 0;
}

/* The id that the trailer names, as the file's name would. */
static void walk_named(int fd, struct input *in)
{
	struct mv_oid id = { { 0 } };
	uint64_t end;

	if (in->size >= MV_PACK_TRAILER)
		memcpy(id.b, in->data + in->size - sizeof(id.b), sizeof(id.b));
	in->end = 0;
	if (!mv_pack_walk(fd, "input", &id, &end, see, in, NULL) &&
	    end + MV_PACK_TRAILER != in->size)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mv_decoder *decoder;
	static uint8_t out[MV_CHUNK_MAX];
	struct input in = { data, size, 0, NULL, out };
	uint64_t end;
	int fd;

	if (!decoder && mv_decoder_new(&decoder, NULL))
		return 0;
	in.decoder = decoder;
	fd = memfd_create("pack", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	walk_named(fd, &in);
	in.end = 0;
	mv_pack_walk(fd, "input", NULL, &end, see, &in, NULL);
	if (end > size || (in.end && in.end != end))
		abort();
	in.end = 0;
	mv_pack_salvage(fd, "input", see, &in, NULL);
	close(fd);
	return 0;
}
