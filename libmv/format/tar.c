/* SPDX-License-Identifier: MIT */
#include "libmv/format/parts.h"

#include <stdlib.h>
#include <string.h>

/*
 * tar: a header of 512 bytes, the member's data, padding to 512 bytes. Long
 * names and sizes come in members of their own before the one they are of
 * (docs/format/layouts.md).
 */
#define BLOCK 512u
#define EXTENDED_MAX (1u << 20)	/* of a pax header or a long name */
#define NAME_MAX_LEN 4096u

enum place { PLACE_HEADER, PLACE_NAME, PLACE_PAX, PLACE_ARRAY };

struct tar_walk {
	struct mv_walk walk;
	enum place place;
	uint64_t begin, size;		/* of the member's data */
	char name[NAME_MAX_LEN + 1];
	size_t name_len;
	int has_name;			/* from an extended header */
	uint64_t next_size;		/* the same; UINT64_MAX: none */
};

static int tar_bad(const char *what, struct mv_err *err)
{
	return mv_fail(err, MV_EINVALID, "the tar archive is damaged: %s",
		       what);
}

/* Octal digits between spaces, or big-endian behind a set first bit. */
static int get_number(uint64_t *out, const uint8_t *p, size_t len)
{
	uint64_t n = 0;
	size_t i = 0;

	if (p[0] & 0x80) {
		n = p[0] & 0x3f;
		if (p[0] & 0x40)
			return 0;	/* negative */
		for (i = 1; i < len; i++) {
			if (n >> 55)
				return 0;
			n = n << 8 | p[i];
		}
		*out = n;
		return 1;
	}
	while (i < len && p[i] == ' ')
		i++;
	for (; i < len && p[i] >= '0' && p[i] <= '7'; i++)
		n = n << 3 | (uint64_t)(p[i] - '0');
	*out = n;
	return i == len || p[i] == ' ' || !p[i];
}

static int is_header(const uint8_t *h)
{
	uint64_t want, sum = 0;
	int64_t is_signed = 0;

	if (!get_number(&want, h + 148, 8))
		return 0;
	for (size_t i = 0; i < BLOCK; i++) {
		uint8_t b = i >= 148 && i < 156 ? ' ' : h[i];

		sum += b;
		is_signed += (int8_t)b;
	}
	return sum == want || is_signed == (int64_t)want;
}

static int tar_bid(const uint8_t *data, size_t len)
{
	return len >= BLOCK && !memcmp(data + 257, "ustar", 5) &&
		is_header(data) ? 60 : 0;
}

static size_t field_len(const uint8_t *p, size_t max)
{
	const uint8_t *nul = memchr(p, 0, max);

	return nul ? (size_t)(nul - p) : max;
}

static void name_from_header(struct tar_walk *t, const uint8_t *h)
{
	size_t prefix = !memcmp(h + 257, "ustar\0", 6) ?
		field_len(h + 345, 155) : 0;
	size_t len = field_len(h, 100);

	t->name_len = 0;
	if (prefix) {
		memcpy(t->name, h + 345, prefix);
		t->name[prefix] = '/';
		t->name_len = prefix + 1;
	}
	memcpy(t->name + t->name_len, h, len);
	t->name_len += len;
}

/* Behind the member's data and its padding. */
static int go_behind(struct tar_walk *t, struct mv_err *err)
{
	uint64_t end;

	if (__builtin_add_overflow(t->begin, t->size, &end) ||
	    end > INT64_MAX - BLOCK ||
	    (t->walk.file_size != UINT64_MAX && end > t->walk.file_size))
		return tar_bad("a member ends behind the file", err);
	t->walk.at = (end + BLOCK - 1) / BLOCK * BLOCK;
	/* the last padding may be missing */
	if (t->walk.file_size != UINT64_MAX && t->walk.at > t->walk.file_size)
		t->walk.at = t->walk.file_size;
	t->place = PLACE_HEADER;
	return 0;
}

static int tar_found(struct tar_walk *t, const struct mv_tensor *array,
		     struct mv_err *err)
{
	struct mv_tensor out = { .dtype = MV_DTYPE_FILE, .dtype_name = "FILE",
				 .unit = 1, .length = t->size };

	if (array)
		out = *array;
	out.offset += t->begin;
	t->name[t->name_len - (array ? 4 : 0)] = '\0';
	out.name = t->name;
	return t->walk.found(t->walk.payload, &out, err);
}

static int a_file(struct tar_walk *t, struct mv_err *err)
{
	if (t->next_size != UINT64_MAX)
		t->size = t->next_size;
	t->next_size = UINT64_MAX;
	t->has_name = 0;
	if (t->name_len > 4 && t->size &&
	    !memcmp(t->name + t->name_len - 4, ".npy", 4)) {
		t->place = PLACE_ARRAY;
		return 0;
	}
	if (tar_found(t, NULL, err) < 0)
		return MV_ENOMEM;
	return go_behind(t, err);
}

static int at_header(struct tar_walk *t, const uint8_t *h, size_t len,
		     struct mv_err *err)
{
	static const uint8_t zeros[BLOCK];

	if (len < BLOCK)
		return tar_bad("it ends in a header", err);
	if (!memcmp(h, zeros, BLOCK)) {
		t->walk.at = UINT64_MAX;
		return 0;
	}
	if (!is_header(h))
		return tar_bad("a header has another checksum", err);
	if (!get_number(&t->size, h + 124, 12))
		return tar_bad("a member has no size", err);
	t->begin = t->walk.at + BLOCK;
	t->walk.at = t->begin;
	if (!t->has_name)
		name_from_header(t, h);
	switch (h[156]) {
	case '0': case 0: case '7':
		return a_file(t, err);
	case 'L':
	case 'x':
		if (t->size > EXTENDED_MAX)
			return tar_bad("a name is too long", err);
		if (!t->size)
			return 0;
		t->place = h[156] == 'L' ? PLACE_NAME : PLACE_PAX;
		return 0;
	case '1': case '2': case '3': case '4': case '5': case '6':
		t->size = 0;	/* links, devices, folders */
		break;
	case 'K': case 'g':
		return go_behind(t, err);
	default:
		break;
	}
	t->has_name = 0;
	t->next_size = UINT64_MAX;
	return go_behind(t, err);
}

static void set_name(struct tar_walk *t, const uint8_t *p, size_t len)
{
	len = field_len(p, len);
	if (len > NAME_MAX_LEN)
		len = NAME_MAX_LEN;
	memcpy(t->name, p, len);
	t->name_len = len;
	t->has_name = 1;
}

/* One record "<length> <key>=<value>\n"; its length, or 0. */
static size_t pax_record(struct tar_walk *t, const uint8_t *p, size_t len)
{
	const uint8_t *equals, *key;
	size_t n = 0, i = 0;

	for (; i < len && i < 8 && p[i] >= '0' && p[i] <= '9'; i++)
		n = 10 * n + (size_t)(p[i] - '0');
	if (n > len || n < i + 3 || p[i] != ' ' || p[n - 1] != '\n')
		return 0;
	key = p + i + 1;
	equals = memchr(key, '=', (size_t)(p + n - key));
	if (!equals)
		return 0;
	if (equals - key == 4 && !memcmp(key, "path", 4)) {
		set_name(t, equals + 1, (size_t)(p + n - 2 - equals));
	} else if (equals - key == 4 && !memcmp(key, "size", 4)) {
		uint64_t size = 0;

		for (const uint8_t *d = equals + 1; d < p + n - 1; d++) {
			if (*d < '0' || *d > '9' || size > INT64_MAX / 16)
				return 0;
			size = 10 * size + (uint64_t)(*d - '0');
		}
		t->next_size = size;
	}
	return n;
}

/* What is beyond the window is not read: names are shorter. */
static int at_pax(struct tar_walk *t, const uint8_t *p, size_t len,
		  struct mv_err *err)
{
	size_t left = t->size < len ? (size_t)t->size : len, n;

	while (left) {
		n = pax_record(t, p, left);
		if (!n && t->size <= len)
			return tar_bad("an extended header is malformed",
				       err);
		if (!n)
			break;
		p += n;
		left -= n;
	}
	return go_behind(t, err);
}

static int at_array(struct tar_walk *t, const uint8_t *data, size_t len,
		    struct mv_err *err)
{
	struct mv_layout layout;
	struct mv_tensor array;
	int rc = mv_member_array(&array, &layout, data, len, t->size, err);

	if (rc < 0)
		return rc;
	if (tar_found(t, rc ? &array : NULL, err) < 0)
		return MV_ENOMEM;
	if (rc)
		mv_layout_release(&layout);
	return go_behind(t, err);
}

static int tar_step(struct mv_walk *walk, const uint8_t *data, size_t len,
		    struct mv_err *err)
{
	struct tar_walk *t = (struct tar_walk *)walk;

	switch (t->place) {
	case PLACE_HEADER:
		return at_header(t, data, len, err);
	case PLACE_NAME:
		set_name(t, data, t->size < len ? (size_t)t->size : len);
		return go_behind(t, err);
	case PLACE_PAX:
		return at_pax(t, data, len, err);
	case PLACE_ARRAY:
		return at_array(t, data, len, err);
	}
	return 0;
}

static void tar_free(struct mv_walk *walk)
{
	free(walk);
}

static int tar_open(struct mv_walk **out, struct mv_err *err)
{
	struct tar_walk *t = calloc(1, sizeof(*t));

	if (!t)
		return mv_nomem(err);
	t->walk.step = tar_step;
	t->walk.free = tar_free;
	t->next_size = UINT64_MAX;
	*out = &t->walk;
	return 0;
}

const struct mv_walker mv_walker_tar = { "tar", tar_bid, tar_open };
