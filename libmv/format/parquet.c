/* SPDX-License-Identifier: MIT */
#include "libmv/format/parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/bytes.h"
#include "libmv/format/thrift.h"

/*
 * Parquet: "PAR1", row groups of column chunks of pages, a footer that knows
 * them all, its length, "PAR1". Listed from the footer. Cut at pages, each of
 * which says its length: a stream has no footer yet, and column chunks and
 * row groups begin with a page.
 */
#define FOOTER_MAX (64u * 1024 * 1024)
#define PATH_MAX_LEN 1024u

/* -- cutting: page after page --------------------------------------------- */

static int parquet_bid(const uint8_t *data, size_t len)
{
	return len >= 12 && !memcmp(data, "PAR1", 4) ? 60 : 0;
}

/* PageHeader: its length and that of the page; 0: this is none. */
static int page_header(uint64_t *size, const uint8_t *data, size_t len)
{
	int64_t type = -1, packed = -1, unpacked = -1;
	struct mv_thrift t;
	int32_t field;
	int kind, described = 0;

	mv_thrift_begin(&t, data, len);
	mv_thrift_enter(&t);
	while ((kind = mv_thrift_field(&t, &field))) {
		if (field <= 4 && kind == MV_THRIFT_I32) {
			int64_t n = mv_thrift_int(&t);

			type = field == 1 ? n : type;
			unpacked = field == 2 ? n : unpacked;
			packed = field == 3 ? n : packed;
		} else {
			described |= kind == MV_THRIFT_STRUCT && field >= 5 &&
				field <= 8;
			mv_thrift_skip(&t, kind);
		}
	}
	if (t.bad || !described || type < 0 || type > 3 || packed < 0 ||
	    unpacked < 0 || packed > INT32_MAX)
		return 0;
	*size = (uint64_t)(t.p - data) + (uint64_t)packed;
	return 1;
}

static int parquet_step(struct mv_walk *walk, const uint8_t *data, size_t len,
			struct mv_err *err)
{
	struct mv_tensor page = { .dtype = MV_DTYPE_FILE, .unit = 1,
				  .dtype_name = "PAGE" };

	if (!walk->at) {
		walk->at = 4;
		return 0;
	}
	page.offset = walk->at;
	if (!page_header(&page.length, data, len)) {
		walk->at = UINT64_MAX;
		return 0;
	}
	walk->at += page.length;
	return walk->found(walk->payload, &page, err);
}

static void parquet_free(struct mv_walk *walk)
{
	free(walk);
}

static int parquet_open(struct mv_walk **out, struct mv_err *err)
{
	struct mv_walk *walk = calloc(1, sizeof(*walk));

	if (!walk)
		return mv_nomem(err);
	walk->step = parquet_step;
	walk->free = parquet_free;
	*out = walk;
	return 0;
}

const struct mv_walker mv_walker_parquet = {
	"parquet", parquet_bid, parquet_open
};

/* -- listing: the footer -------------------------------------------------- */

struct footer {
	struct mv_thrift t;
	struct mv_layout *out;
	uint64_t data_end;	/* where the footer begins */
	uint32_t group;
	int64_t rows;
	struct mv_err *err;
};

struct column {
	char path[PATH_MAX_LEN];
	size_t path_len;
	int64_t type, codec, values, packed;
	int64_t data_at, index_at, dictionary_at;
	int elsewhere;
};

static int footer_bad(struct footer *f, const char *what)
{
	return mv_fail(f->err, MV_EINVALID, "the Parquet footer is malformed: %s",
		       what);
}

static const char *name_of(const char *const *names, size_t count, int64_t i)
{
	return i >= 0 && (uint64_t)i < count ? names[i] : "?";
}

static void column_add_path(struct column *c, const uint8_t *s, size_t len)
{
	if (c->path_len && c->path_len < sizeof(c->path))
		c->path[c->path_len++] = '.';
	if (len > sizeof(c->path) - c->path_len)
		len = sizeof(c->path) - c->path_len;
	memcpy(c->path + c->path_len, s, len);
	c->path_len += len;
}

static void column_path(struct footer *f, struct column *c)
{
	uint32_t count;
	int kind = mv_thrift_list(&f->t, &count);

	for (uint32_t i = 0; i < count && !f->t.bad; i++) {
		const uint8_t *s;
		size_t len;

		if (kind != MV_THRIFT_BINARY) {
			f->t.bad = 1;
			return;
		}
		s = mv_thrift_binary(&f->t, &len);
		if (!f->t.bad)
			column_add_path(c, s, len);
	}
}

static void column_meta(struct footer *f, struct column *c)
{
	int32_t field;
	int kind;

	mv_thrift_enter(&f->t);
	while ((kind = mv_thrift_field(&f->t, &field))) {
		int64_t n;

		if (field == 3 && kind == MV_THRIFT_LIST) {
			column_path(f, c);
			continue;
		}
		if (kind != MV_THRIFT_I32 && kind != MV_THRIFT_I64) {
			mv_thrift_skip(&f->t, kind);
			continue;
		}
		n = mv_thrift_int(&f->t);
		switch (field) {
		case 1: c->type = n; break;
		case 4: c->codec = n; break;
		case 5: c->values = n; break;
		case 7: c->packed = n; break;
		case 9: c->data_at = n; break;
		case 10: c->index_at = n; break;
		case 11: c->dictionary_at = n; break;
		default: break;
		}
	}
}

static int add_column(struct footer *f, const struct column *c)
{
	static const char *const types[] = {
		"BOOLEAN", "INT32", "INT64", "INT96", "FLOAT", "DOUBLE",
		"BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"
	};
	static const char *const codecs[] = {
		"", " SNAPPY", " GZIP", " LZO", " BROTLI", " LZ4", " ZSTD",
		" LZ4_RAW"
	};
	char name[PATH_MAX_LEN + 16], type[64];
	struct mv_tensor t = { .dtype = MV_DTYPE_FILE, .rank = 1, .unit = 1 };
	uint64_t values = (uint64_t)c->values;
	int64_t at = c->data_at;
	int n;

	if (c->elsewhere)
		return mv_layout_note(f->out, "has columns in other files",
				      f->err);
	if (c->dictionary_at > 0 && c->dictionary_at < at)
		at = c->dictionary_at;
	if (c->index_at > 0 && c->index_at < at)
		at = c->index_at;
	if (c->values < 0 || at < 4 || c->packed < 0 ||
	    (uint64_t)at > f->data_end ||
	    (uint64_t)c->packed > f->data_end - (uint64_t)at)
		return footer_bad(f, "a column chunk is not in the file");
	snprintf(type, sizeof(type), "%s%s",
		 name_of(types, sizeof(types) / sizeof(*types), c->type),
		 name_of(codecs, sizeof(codecs) / sizeof(*codecs), c->codec));
	n = snprintf(name, sizeof(name), "%" PRIu32 "/", f->group);
	memcpy(name + n, c->path, c->path_len);
	t.dtype_name = type;
	t.shape = &values;
	t.offset = (uint64_t)at;
	t.length = (uint64_t)c->packed;
	return mv_layout_copy(f->out, &t, name, (size_t)n + c->path_len,
			      f->err);
}

static int one_column(struct footer *f)
{
	struct column *c = calloc(1, sizeof(*c));
	int32_t field;
	int kind, seen = 0, rc;

	if (!c)
		return mv_nomem(f->err);
	c->type = c->codec = -1;
	mv_thrift_enter(&f->t);
	while ((kind = mv_thrift_field(&f->t, &field))) {
		if (field == 3 && kind == MV_THRIFT_STRUCT) {
			column_meta(f, c);
			seen = 1;
		} else {
			c->elsewhere |= field == 1;
			mv_thrift_skip(&f->t, kind);
		}
	}
	if (f->t.bad)
		rc = footer_bad(f, "it ends early");
	else if (!seen)
		rc = mv_layout_note(f->out, "has columns that are encrypted",
				    f->err);
	else
		rc = add_column(f, c);
	free(c);
	return rc;
}

static int one_group(struct footer *f)
{
	uint32_t count;
	int32_t field;
	int kind, rc = 0;

	mv_thrift_enter(&f->t);
	while (!rc && (kind = mv_thrift_field(&f->t, &field))) {
		if (field != 1 || kind != MV_THRIFT_LIST) {
			mv_thrift_skip(&f->t, kind);
			continue;
		}
		kind = mv_thrift_list(&f->t, &count);
		if (count && kind != MV_THRIFT_STRUCT)
			return footer_bad(f, "a column is no struct");
		while (!rc && count--)
			rc = one_column(f);
	}
	if (!rc && f->t.bad)
		rc = footer_bad(f, "it ends early");
	f->group++;
	return rc;
}

static int all_groups(struct footer *f)
{
	uint32_t count;
	int kind = mv_thrift_list(&f->t, &count), rc = 0;

	if (count && kind != MV_THRIFT_STRUCT)
		return footer_bad(f, "a row group is no struct");
	while (!rc && count--)
		rc = one_group(f);
	return rc;
}

/* KeyValue { 1: key, 2: value } */
static int one_pair(struct footer *f)
{
	const uint8_t *text[2] = { NULL, NULL };
	size_t len[2] = { 0, 0 };
	int32_t field;
	int kind;

	mv_thrift_enter(&f->t);
	while ((kind = mv_thrift_field(&f->t, &field))) {
		if ((field == 1 || field == 2) && kind == MV_THRIFT_BINARY)
			text[field - 1] = mv_thrift_binary(&f->t,
							   &len[field - 1]);
		else
			mv_thrift_skip(&f->t, kind);
	}
	if (f->t.bad)
		return footer_bad(f, "it ends early");
	if (!text[0] || !text[1])
		return 0;
	return mv_layout_meta(f->out, (const char *)text[0], len[0],
			      (const char *)text[1], len[1], f->err);
}

static int all_pairs(struct footer *f)
{
	uint32_t count;
	int kind = mv_thrift_list(&f->t, &count), rc = 0;

	if (count && kind != MV_THRIFT_STRUCT)
		return footer_bad(f, "a pair is no struct");
	while (!rc && count--)
		rc = one_pair(f);
	return rc;
}

static int add_number(struct footer *f, const char *key, int64_t n)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%" PRId64, n);

	return mv_layout_meta(f->out, key, strlen(key), text, (size_t)len,
			      f->err);
}

/* FileMetaData */
static int read_footer(struct footer *f)
{
	const uint8_t *by = NULL;
	size_t by_len = 0;
	int32_t field;
	int kind, rc = 0;

	mv_thrift_enter(&f->t);
	while (!rc && (kind = mv_thrift_field(&f->t, &field))) {
		if (field == 3 && kind == MV_THRIFT_I64)
			f->rows = mv_thrift_int(&f->t);
		else if (field == 4 && kind == MV_THRIFT_LIST)
			rc = all_groups(f);
		else if (field == 5 && kind == MV_THRIFT_LIST)
			rc = all_pairs(f);
		else if (field == 6 && kind == MV_THRIFT_BINARY)
			by = mv_thrift_binary(&f->t, &by_len);
		else
			mv_thrift_skip(&f->t, kind);
	}
	if (!rc && f->t.bad)
		rc = footer_bad(f, "it ends early");
	if (!rc)
		rc = add_number(f, "rows", f->rows);
	if (!rc)
		rc = add_number(f, "row groups", f->group);
	if (!rc && by)
		rc = mv_layout_meta(f->out, "created_by", 10,
				    (const char *)by, by_len, f->err);
	return rc;
}

/* No reader asks; but nobody writes such a file. */
static int note_overlap(struct mv_layout *out, struct mv_err *err)
{
	for (size_t i = 1; i < out->count; i++)
		if (out->tensors[i - 1].offset + out->tensors[i - 1].length >
		    out->tensors[i].offset)
			return mv_layout_note(out, "column chunks overlap",
					      err);
	return 0;
}

int mv_parquet_list(struct mv_layout *out, mv_read_at_fn fn, void *payload,
		    uint64_t size, struct mv_err *err)
{
	struct footer f = { .out = out, .err = err };
	uint8_t tail[8], *data = NULL;
	uint32_t len;
	int rc;

	memset(out, 0, sizeof(*out));
	out->format = "parquet";
	if (size < 12)
		return footer_bad(&f, "it is missing");
	rc = mv_read_exactly(fn, payload, size, size - 8, tail, 8, err);
	if (rc < 0)
		return rc;
	len = mv_le32(tail);
	if (memcmp(tail + 4, "PAR1", 4))
		return footer_bad(&f, "it is missing");
	if (len > FOOTER_MAX || len > size - 12)
		return footer_bad(&f, "it is longer than it may be");
	f.data_end = size - 8 - len;
	data = malloc(len ? len : 1);
	rc = data ? mv_read_exactly(fn, payload, size, f.data_end, data, len,
				    err) : mv_nomem(err);
	if (!rc) {
		mv_thrift_begin(&f.t, data, len);
		rc = read_footer(&f);
	}
	if (!rc) {
		mv_layout_sort(out);
		rc = note_overlap(out, err);
	}
	free(data);
	if (rc < 0)
		mv_layout_release(out);
	return rc;
}
