/* SPDX-License-Identifier: MIT */
/*
 * Event files of TensorBoard, as they are and as the one message of a record
 * whose checksums are right; and JSON Lines. What is accepted can be stored.
 */
#include <stdlib.h>
#include <string.h>

#include "libmv/meta/curves.h"
#include "tests/unit/curves-text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t seal(const uint8_t *p, size_t len)
{
	uint32_t crc = ~UINT32_C(0);

	for (; len; len--, p++) {
		crc ^= *p;
		for (int i = 0; i < 8; i++)
			crc = crc & 1 ? crc >> 1 ^ UINT32_C(0x82f63b78) :
					crc >> 1;
	}
	crc = ~crc;
	return (crc >> 15 | crc << 17) + UINT32_C(0xa282ead8);
}

static void put(uint8_t *p, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static void check(int rc, struct mv_curves *c, const struct mv_err *err)
{
	struct mv_curves again;
	struct mv_buf text;

	if (rc && (err->code != rc || strncmp(err->msg, "name", 4)))
		abort();
	mv_buf_init(&text, 64u << 20);
	mv_curves_sort(c);
	if (!rc && (curves_print(&text, c) ||
		    curves_parse(&again, text.data, text.len, NULL)))
		abort();
	if (!rc)
		mv_curves_release(&again);
	mv_buf_release(&text);
	mv_curves_release(c);
}

static void wrapped(const uint8_t *data, size_t size)
{
	struct mv_err err = { MV_OK, "" };
	struct mv_curves c = { .count = 0 };
	uint8_t *file = malloc(size + 16);
	struct mv_mem_reader mem = { (const char *)file, size + 16, 0 };
	const struct mv_source in = source_mem(&mem);

	if (!file)
		return;
	put(file, size, 8);
	put(file + 8, seal(file, 8), 4);
	if (size)
		memcpy(file + 12, data, size);
	put(file + 12 + size, seal(file + 12, size), 4);
	check(mv_curves_read_events(&c, "name", "", &in, NULL, &err), &c, &err);
	free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mv_err err = { MV_OK, "" };
	struct mv_mem_reader mem = { (const char *)data, size, 0 };
	const struct mv_source in = source_mem(&mem);
	struct mv_curves c = { .count = 0 };

	check(mv_curves_read_events(&c, "name", "", &in, NULL, &err), &c, &err);
	check(mv_curves_read_lines(&c, "name", "", &in, NULL, &err), &c, &err);
	wrapped(data, size);
	return 0;
}
