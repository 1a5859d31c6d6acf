/* SPDX-License-Identifier: MIT */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/bytes.h"
#include "libmv/base/pull.h"
#include "libmv/meta/curves.h"

/*
 * TensorBoard's event files. Each record is its length (8 bytes, little
 * endian), a checksum of that, the bytes, and a checksum of those; the bytes
 * are one protobuf message:
 *
 *	Event		1 double wall_time, 2 int64 step, 5 Summary
 *	Summary		1 repeated Value
 *	Value		1 string tag, 2 float simple_value, 8 TensorProto,
 *			9 SummaryMetadata
 *	SummaryMetadata	1 PluginData (1 string plugin_name)
 *	TensorProto	1 enum dtype, 2 shape, 4 bytes tensor_content, 5 float,
 *			6 double, 7 int32, 10 int64, 13 half (all packed)
 *
 * Only scalars are read: a simple_value, or a tensor with one number. A record
 * that is cut short at the end of the file is one that is being written. One
 * record is held at a time; what is larger than events with scalars are (a
 * graph, images) is checked and passed over.
 */
#define HEAD 12			/* length and its checksum */
#define TAIL 4
#define RECORD_MAX ((uint64_t)16 << 20)	/* of one that is looked into */
#define LARGE_MAX ((uint64_t)2 << 30)	/* more than a message can have */
#define PIECE ((size_t)64 << 10)
#define TAG_MAX 512

/* -- the framing ---------------------------------------------------------- */

/* `crc` is all ones at first, and is inverted at the end. */
static uint32_t crc32c(uint32_t crc, const uint8_t *p, size_t len)
{
	static const uint32_t nibble[16] = {
		0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
		0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
		0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
		0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75
	};

	for (; len; len--, p++) {
		crc ^= *p;
		crc = (crc >> 4) ^ nibble[crc & 15];
		crc = (crc >> 4) ^ nibble[crc & 15];
	}
	return crc;
}

static uint64_t little(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

static int is_seal(const uint8_t *seal, uint32_t crc)
{
	crc = ~crc;
	return little(seal, 4) == (uint32_t)((crc >> 15 | crc << 17) +
					     UINT32_C(0xa282ead8));
}

static int is_sealed(const uint8_t *p, size_t len, const uint8_t *seal)
{
	return is_seal(seal, crc32c(~UINT32_C(0), p, len));
}

/* -- protobuf ------------------------------------------------------------- */

struct bytes {
	const uint8_t *at, *end;
};
enum wire { WIRE_VARINT, WIRE_64, WIRE_BYTES, WIRE_32 = 5 };
struct field {
	uint64_t number;
	enum wire wire;
	uint64_t value;		/* of a number: its bits */
	struct bytes bytes;
};

static int take_varint(uint64_t *out, struct bytes *in)
{
	size_t used = mv_varint(out, in->at, (size_t)(in->end - in->at));

	in->at += used;
	return used ? 0 : -1;
}

static int take_fixed(uint64_t *out, struct bytes *in, size_t n)
{
	if ((size_t)(in->end - in->at) < n)
		return -1;
	*out = little(in->at, n);
	in->at += n;
	return 0;
}

/* 1, 0 at the end, -1: malformed. Groups are not in use. */
static int next_field(struct field *f, struct bytes *in)
{
	uint64_t key;

	if (in->at == in->end)
		return 0;
	if (take_varint(&key, in))
		return -1;
	f->number = key >> 3;
	f->wire = (enum wire)(key & 7);
	f->bytes.at = f->bytes.end = NULL;
	f->value = 0;
	switch (f->wire) {
	case WIRE_VARINT:
		return take_varint(&f->value, in) ? -1 : 1;
	case WIRE_64:
		return take_fixed(&f->value, in, 8) ? -1 : 1;
	case WIRE_32:
		return take_fixed(&f->value, in, 4) ? -1 : 1;
	case WIRE_BYTES:
		if (take_varint(&f->value, in) ||
		    f->value > (uint64_t)(in->end - in->at))
			return -1;
		f->bytes.at = in->at;
		in->at += f->value;
		f->bytes.end = in->at;
		return 1;
	default:
		return -1;
	}
}

static double real_of(uint64_t bits)
{
	double r;

	memcpy(&r, &bits, sizeof(r));
	return r;
}

static double float_of(uint64_t bits)
{
	const uint32_t low = (uint32_t)bits;
	float r;

	memcpy(&r, &low, sizeof(r));
	return (double)r;
}

static double half_of(uint64_t bits)
{
	const int exponent = (int)(bits >> 10 & 31);
	const double fraction = (double)(bits & 1023);
	double r;

	if (exponent == 31)
		r = fraction > 0 ? NAN : INFINITY;
	else if (exponent)
		r = ldexp(fraction + 1024, exponent - 25);
	else
		r = ldexp(fraction, -24);
	return bits & 0x8000 ? -r : r;
}

/* -- one number ----------------------------------------------------------- */

enum { DT_FLOAT = 1, DT_DOUBLE = 2, DT_INT32 = 3, DT_INT64 = 9,
       DT_BFLOAT16 = 14, DT_HALF = 19 };

struct number {
	double value;
	size_t count;		/* how many there are; one is a scalar */
};

static void set_number(struct number *n, double value)
{
	n->value = value;
	n->count++;
}

static size_t width_of(uint64_t dtype)
{
	switch (dtype) {
	case DT_DOUBLE:
	case DT_INT64:
		return 8;
	case DT_FLOAT:
	case DT_INT32:
		return 4;
	case DT_HALF:
	case DT_BFLOAT16:
		return 2;
	default:
		return 0;
	}
}

static double decode(uint64_t dtype, uint64_t bits)
{
	switch (dtype) {
	case DT_FLOAT:
		return float_of(bits);
	case DT_DOUBLE:
		return real_of(bits);
	case DT_INT32:
		return (double)(int32_t)(uint32_t)bits;
	case DT_INT64:
		return (double)(int64_t)bits;
	case DT_BFLOAT16:
		return float_of(bits << 16);
	default:
		return half_of(bits);
	}
}

/* As they lie in memory, or a packed list of fixed width. */
static int take_raw(struct number *n, uint64_t dtype, size_t width,
		    struct bytes in)
{
	uint64_t bits;

	if (!width || (size_t)(in.end - in.at) % width)
		return -1;
	while (in.at < in.end && n->count < 2) {
		if (take_fixed(&bits, &in, width))
			return -1;
		set_number(n, decode(dtype, bits));
	}
	return 0;
}

static int take_varints(struct number *n, uint64_t dtype, struct bytes in)
{
	uint64_t bits;

	while (in.at < in.end && n->count < 2) {
		if (take_varint(&bits, &in))
			return -1;
		set_number(n, decode(dtype, bits));
	}
	return 0;
}

/* The dtype comes first in what writers write; one that does not is no scalar
   of ours. */
static int take_tensor(struct number *n, struct bytes in)
{
	uint64_t dtype = 0;
	struct field f;
	int more;

	while ((more = next_field(&f, &in)) > 0) {
		const int packed = f.wire == WIRE_BYTES;
		int bad = 0;

		if (f.number == 1 && f.wire == WIRE_VARINT)
			dtype = f.value;
		else if (f.number == 4 && packed && width_of(dtype))
			bad = take_raw(n, dtype, width_of(dtype), f.bytes);
		else if (f.number == 5 && dtype == DT_FLOAT && packed)
			bad = take_raw(n, dtype, 4, f.bytes);
		else if (f.number == 6 && dtype == DT_DOUBLE && packed)
			bad = take_raw(n, dtype, 8, f.bytes);
		else if ((f.number == 5 && dtype == DT_FLOAT &&
			  f.wire == WIRE_32) ||
			 (f.number == 6 && dtype == DT_DOUBLE &&
			  f.wire == WIRE_64))
			set_number(n, decode(dtype, f.value));
		else if ((f.number == 7 && dtype == DT_INT32) ||
			 (f.number == 10 && dtype == DT_INT64) ||
			 (f.number == 13 && (dtype == DT_HALF ||
					     dtype == DT_BFLOAT16))) {
			if (packed)
				bad = take_varints(n, dtype, f.bytes);
			else if (f.wire == WIRE_VARINT)
				set_number(n, decode(dtype, f.value));
		}
		if (bad)
			return -1;
	}
	return more;
}

/* -- events --------------------------------------------------------------- */

struct reading {
	struct mv_curves *curves;
	struct mv_curves own;	/* of this file */
	const char *name, *prefix;
	size_t record;		/* the number of that which is read */
	size_t skipped;
	struct mv_err *err;
};

static int is_text(const struct bytes *b, const char *text)
{
	const size_t len = (size_t)(b->end - b->at);

	return len == strlen(text) && !memcmp(b->at, text, len);
}

/* Does another plugin of TensorBoard's draw this? */
static int is_foreign(int *foreign, struct bytes in)
{
	struct field f, name;
	int more;

	while ((more = next_field(&f, &in)) > 0) {
		struct bytes plugin = f.bytes;
		int inner;

		if (f.number != 1 || f.wire != WIRE_BYTES)
			continue;
		while ((inner = next_field(&name, &plugin)) > 0)
			if (name.number == 1 && name.wire == WIRE_BYTES)
				*foreign = !is_text(&name.bytes, "scalars");
		if (inner)
			return inner;
	}
	return more;
}

static int events_add_value(struct reading *r, const struct bytes *tag,
			    int64_t step,
			    int64_t ms, double value, struct mv_err *err)
{
	const size_t len = (size_t)(tag->end - tag->at);
	char *name;
	int rc;

	if (!len || len > TAG_MAX || memchr(tag->at, '\0', len)) {
		r->skipped++;
		return 0;
	}
	name = mv_strf("%s%.*s", r->prefix, (int)len, (const char *)tag->at);
	if (!name)
		return mv_nomem(err);
	rc = mv_curves_add(&r->own, name, step, ms, value, err);
	free(name);
	return rc;
}

/* MV_EINVALID without a message: malformed. */
static int take_value(struct reading *r, struct bytes in, int64_t step,
		      int64_t ms, struct mv_err *err)
{
	struct bytes tag = { NULL, NULL };
	struct number n = { 0, 0 };
	struct field f;
	int foreign = 0, more;

	while ((more = next_field(&f, &in)) > 0) {
		int bad = 0;

		if (f.number == 1 && f.wire == WIRE_BYTES)
			tag = f.bytes;
		else if (f.number == 2 && f.wire == WIRE_32)
			set_number(&n, float_of(f.value));
		else if (f.number == 8 && f.wire == WIRE_BYTES)
			bad = take_tensor(&n, f.bytes);
		else if (f.number == 9 && f.wire == WIRE_BYTES)
			bad = is_foreign(&foreign, f.bytes);
		if (bad)
			return MV_EINVALID;
	}
	if (more)
		return MV_EINVALID;
	if (n.count != 1 || foreign) {
		r->skipped++;
		return 0;
	}
	return events_add_value(r, &tag, step, ms, n.value, err);
}

static int64_t ms_of(double seconds)
{
	return seconds > 0 && seconds < 1e12 ? (int64_t)(seconds * 1000) : 0;
}

static int take_event(struct reading *r, struct bytes in, struct mv_err *err)
{
	struct bytes summary = { NULL, NULL };
	int64_t step = 0, ms = 0;
	struct field f;
	int more, rc = 0;

	while ((more = next_field(&f, &in)) > 0) {
		if (f.number == 1 && f.wire == WIRE_64)
			ms = ms_of(real_of(f.value));
		else if (f.number == 2 && f.wire == WIRE_VARINT)
			step = (int64_t)f.value;
		else if (f.number == 5 && f.wire == WIRE_BYTES)
			summary = f.bytes;
	}
	while (!more && !rc && (more = next_field(&f, &summary)) > 0) {
		more = 0;
		if (f.number == 1 && f.wire == WIRE_BYTES)
			rc = take_value(r, f.bytes, step, ms, err);
	}
	return more ? MV_EINVALID : rc;
}

/* The points of one series behind those that there are of that name. */
static int move_series(struct mv_curves *to, struct mv_series *from,
		       struct mv_err *err)
{
	int rc = 0;

	for (size_t j = 0; j < from->count && !rc; j++)
		rc = mv_curves_add(to, from->name, from->points[j].step,
				   from->points[j].ms, from->points[j].value,
				   err);
	free(from->points);
	from->points = NULL;
	from->count = from->alloc = 0;
	return rc;
}

/* A file that begins before another one's end is of a run begun anew; so is
   what follows, in a file, after steps that go back. */
static int take_over(struct reading *r)
{
	size_t most = 0;
	int rc = 0, anew = 0;

	for (size_t i = 0; i < r->own.count && !rc; i++) {
		struct mv_series *from = &r->own.series[i];
		size_t n = mv_curves_begin_anew(&r->own, i);

		most = n > most ? n : most;
		for (size_t j = 0; j < r->curves->count; j++)
			if (!strcmp(r->curves->series[j].name, from->name))
				anew |= mv_curves_restart_one(r->curves, j,
						from->points[0].step);
		rc = move_series(r->curves, from, r->err);
	}
	r->curves->restarts += (size_t)anew + most;
	return rc;
}

static int damaged(const struct reading *r)
{
	return mv_fail(r->err, MV_EINVALID, "%s: record %zu is damaged",
		       r->name, r->record);
}

/* A record of which nothing is kept: 1, 0 when it is cut short, or damaged. */
static int pass_over(struct reading *r, struct mv_pull *pull, uint64_t n)
{
	uint32_t crc = ~UINT32_C(0);
	int rc;

	mv_pull_skip(pull, HEAD);
	while (n) {
		const size_t want = n < PIECE ? (size_t)n : PIECE;

		rc = mv_pull_need(pull, want, r->err);
		if (rc)
			return rc;
		if (mv_pull_len(pull) < want)
			return 0;
		crc = crc32c(crc, (const uint8_t *)mv_pull_data(pull), want);
		mv_pull_skip(pull, want);
		n -= want;
	}
	rc = mv_pull_need(pull, TAIL, r->err);
	if (rc || mv_pull_len(pull) < TAIL)
		return rc;
	if (!is_seal((const uint8_t *)mv_pull_data(pull), crc))
		return damaged(r);
	mv_pull_skip(pull, TAIL);
	return 1;
}

/* The same of one that is looked into. */
static int take_record(struct reading *r, struct mv_pull *pull, size_t n)
{
	struct mv_err why = { MV_OK, "" };
	struct bytes body;
	int rc = mv_pull_need(pull, HEAD + n + TAIL, r->err);

	if (rc || mv_pull_len(pull) < HEAD + n + TAIL)
		return rc;
	body.at = (const uint8_t *)mv_pull_data(pull) + HEAD;
	body.end = body.at + n;
	if (!is_sealed(body.at, n, body.end))
		return damaged(r);
	rc = take_event(r, body, &why);
	if (rc)
		return mv_fail(r->err, rc, "%s: record %zu: %s", r->name,
			       r->record, *why.msg ? why.msg : "no event");
	mv_pull_skip(pull, HEAD + n + TAIL);
	return 1;
}

static int next_record(struct reading *r, struct mv_pull *pull)
{
	const uint8_t *p;
	uint64_t n;
	int rc = mv_pull_need(pull, HEAD, r->err);

	if (rc || mv_pull_len(pull) < HEAD)
		return rc;
	p = (const uint8_t *)mv_pull_data(pull);
	n = little(p, 8);
	if (!is_sealed(p, 8, p + 8) || n > LARGE_MAX)
		return mv_fail(r->err, MV_EINVALID, "%s: record %zu is "
			       "damaged, or this is no event file of "
			       "TensorBoard", r->name, r->record);
	if (n <= RECORD_MAX)
		return take_record(r, pull, (size_t)n);
	r->skipped++;
	return pass_over(r, pull, n);
}

static int read_records(struct reading *r, struct mv_pull *pull)
{
	int rc = mv_pull_need(pull, 1, r->err);

	if (rc || !mv_pull_len(pull))
		return rc;
	/* A first record that is not whole may be anything. */
	rc = mv_pull_need(pull, HEAD, r->err);
	if (!rc && mv_pull_len(pull) < HEAD)
		return mv_fail(r->err, MV_EINVALID, "%s: this is no event file "
			       "of TensorBoard", r->name);
	if (rc)
		return rc;
	do {
		r->record++;
		rc = next_record(r, pull);
	} while (rc > 0);
	return rc;
}

int mv_curves_read_events(struct mv_curves *curves, const char *name,
			  const char *prefix, const struct mv_source *in,
			  size_t *skipped, struct mv_err *err)
{
	struct reading r = { .curves = curves, .name = name,
			     .prefix = prefix, .err = err };
	struct mv_pull pull;
	int rc;

	in->rewind(in->in.payload);
	mv_pull_init(&pull, in->in, HEAD + (size_t)RECORD_MAX + TAIL);
	rc = read_records(&r, &pull);
	if (!rc)
		rc = take_over(&r);
	if (!rc && skipped)
		*skipped += r.skipped;
	mv_curves_release(&r.own);
	mv_pull_release(&pull);
	return rc;
}
