/* SPDX-License-Identifier: MIT */
#include "libmv/format/parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libmv/base/bytes.h"
#include "libmv/base/utf8.h"

/*
 * NPY: "\x93NUMPY" major minor, header length (u16le in version 1, u32le in
 * 2 and 3), a Python dict literal with exactly the keys descr, fortran_order
 * and shape, data (docs/format/layouts.md). The literal is read by a grammar
 * of its own; nothing is evaluated.
 */
#define TEXT_MAX 65536u
#define RANK_MAX 64u
#define NESTING_MAX 16u
#define ITEM_MAX INT32_MAX	/* bytes of one element; numpy's, too */

struct scan {
	const char *p;
	const char *end;
	int py2;		/* versions 1 and 2 may write 3L */
	struct mv_err *err;
};

struct dtype {
	uint64_t size;
	enum mv_dtype dtype;
	int big_endian;
	int objects;		/* an O somewhere: the data is a pickle */
	const char *text;	/* as written, for the name */
	size_t text_len;
};

static int bid(const uint8_t *data, size_t len)
{
	return len >= 8 && !memcmp(data, "\x93NUMPY", 6) ? 90 : 0;
}

static int npy_bad(struct scan *s, const char *what)
{
	return mv_fail(s->err, MV_EINVALID, "the header is malformed: %s",
		       what);
}

static void skip_space(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' ||
				 *s->p == '\n' || *s->p == '\r'))
		s->p++;
}

/* The next character, if it is `c`. */
static int accept(struct scan *s, char c)
{
	skip_space(s);
	if (s->p == s->end || *s->p != c)
		return 0;
	s->p++;
	return 1;
}

static int looking_at(struct scan *s, const char *set)
{
	skip_space(s);
	return s->p < s->end && *s->p && strchr(set, *s->p);
}

static int take_string(struct scan *s, struct mv_name *out)
{
	char quote;

	if (!looking_at(s, "'\""))
		return npy_bad(s, "a string is missing");
	quote = *s->p++;
	out->s = s->p;
	while (s->p < s->end && *s->p != quote) {
		if (*s->p == '\n' || *s->p == '\r' || !*s->p)
			return npy_bad(s, "a string is not closed");
		if (*s->p == '\\')
			s->p++;
		if (s->p < s->end)
			s->p++;
	}
	if (s->p >= s->end)
		return npy_bad(s, "a string is not closed");
	out->len = (size_t)(s->p++ - out->s);
	return 0;
}

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Decimal digits as Python takes them: no zero in front. */
static int npy_digits(const char **p, const char *end, uint64_t *out)
{
	const char *begin = *p;

	*out = 0;
	while (*p < end && is_digit(**p)) {
		if (__builtin_mul_overflow(*out, (uint64_t)10, out) ||
		    __builtin_add_overflow(*out, (uint64_t)(**p - '0'), out))
			return -1;
		(*p)++;
	}
	return *p == begin || (*begin == '0' && *p - begin > 1) ? -1 : 0;
}

static int take_number(struct scan *s, uint64_t *out)
{
	skip_space(s);
	if (npy_digits(&s->p, s->end, out) || *out > INT64_MAX)
		return npy_bad(s, "a number is missing or too large");
	if (s->py2 && s->p < s->end && *s->p == 'L')
		s->p++;
	return 0;
}

/* "(2, 3)" or, in a descr, a single number. Fills at most RANK_MAX. */
static int take_shape(struct scan *s, uint64_t *shape, uint32_t *rank)
{
	int rc;

	*rank = 0;
	if (looking_at(s, "0123456789")) {
		*rank = 1;
		return take_number(s, shape);
	}
	if (!accept(s, '('))
		return npy_bad(s, "a shape is missing");
	while (!accept(s, ')')) {
		if (*rank == RANK_MAX)
			return npy_bad(s, "more than 64 dimensions");
		rc = take_number(s, &shape[(*rank)++]);
		if (rc < 0)
			return rc;
		if (accept(s, ','))
			continue;
		if (*rank == 1)
			return npy_bad(s, "a tuple of one needs a comma");
		if (!looking_at(s, ")"))
			return npy_bad(s, "a shape is not closed");
	}
	return 0;
}

/* -- descr ---------------------------------------------------------------- */

static int known_size(char kind, uint64_t n)
{
	switch (kind) {
	case 'b':
	case '?':
		return n == 1;
	case 'i':
	case 'u':
		return n == 1 || n == 2 || n == 4 || n == 8;
	case 'f':
		return n == 2 || n == 4 || n == 8 || n == 12 || n == 16;
	case 'c':
		return n == 8 || n == 16 || n == 24 || n == 32;
	case 'M':
	case 'm':
		return n == 8;
	default:
		return 1;
	}
}

static enum mv_dtype known_dtype(char kind, uint64_t n)
{
	static const struct {
		char kind;
		uint8_t size;
		enum mv_dtype dtype;
	} map[] = {
		{ 'b', 1, MV_DTYPE_BOOL }, { '?', 1, MV_DTYPE_BOOL },
		{ 'u', 1, MV_DTYPE_U8 }, { 'i', 1, MV_DTYPE_I8 },
		{ 'u', 2, MV_DTYPE_U16 }, { 'i', 2, MV_DTYPE_I16 },
		{ 'u', 4, MV_DTYPE_U32 }, { 'i', 4, MV_DTYPE_I32 },
		{ 'u', 8, MV_DTYPE_U64 }, { 'i', 8, MV_DTYPE_I64 },
		{ 'f', 2, MV_DTYPE_F16 }, { 'f', 4, MV_DTYPE_F32 },
		{ 'f', 8, MV_DTYPE_F64 }, { 'c', 8, MV_DTYPE_C64 },
		{ 'c', 16, MV_DTYPE_C128 }, { 'M', 8, MV_DTYPE_I64 },
		{ 'm', 8, MV_DTYPE_I64 },
	};

	for (size_t i = 0; i < sizeof(map) / sizeof(*map); i++)
		if (map[i].kind == kind && map[i].size == n)
			return map[i].dtype;
	return MV_DTYPE_UNKNOWN;
}

/* "[ns]", "[25s]": of dates */
static int is_unit(const char *p, const char *end)
{
	static const char units[][4] = {
		"Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps",
		"fs", "as"
	};
	uint64_t n = 1;
	size_t len;

	if (end - p < 3 || *p != '[' || end[-1] != ']')
		return 0;
	p++;
	end--;
	if (is_digit(*p) && (npy_digits(&p, end, &n) || !n || n > INT32_MAX))
		return 0;
	len = (size_t)(end - p);
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (strlen(units[i]) == len && !memcmp(units[i], p, len))
			return 1;
	return 0;
}

/* typestr = [<>|=]? [biufcSUVMmO?] digits* ("[" digits* unit "]")? */
static int typestr(struct scan *s, const struct mv_name *text,
		   struct dtype *out)
{
	const char *p = text->s, *end = p + text->len;
	int big = p < end && *p == '>';
	int has_size;
	uint64_t n;
	char kind;

	if (p < end && strchr("<>|=", *p) && *p)
		p++;
	if (p == end || !*p || !strchr("biufcSUVMmO?", *p))
		return npy_bad(s, "the type is unknown");
	kind = *p++;
	has_size = p < end && is_digit(*p);
	n = kind == '?';
	if (has_size && npy_digits(&p, end, &n))
		return npy_bad(s, "the type's size is too large");
	if (!has_size && !strchr("?OSUV", kind))
		return npy_bad(s, "the type has no size");
	if (kind == 'O' && n != 0 && n != 4 && n != 8)
		return npy_bad(s, "the type is unknown");
	if (p < end && (kind == 'M' || kind == 'm') && is_unit(p, end))
		p = end;
	if (p < end || !known_size(kind, n))
		return npy_bad(s, "the type is unknown");
	if (n > ITEM_MAX / 4 && (kind == 'U' || n > ITEM_MAX))
		return npy_bad(s, "the type's size is too large");
	if (kind == 'U')
		n *= 4;
	out->size = n;
	out->dtype = known_dtype(kind, n);
	out->big_endian = big && n > 1 && !strchr("SVO", kind);
	out->objects = kind == 'O';
	return 0;
}

static int times_shape(struct scan *s, uint64_t *size)
{
	uint64_t shape[RANK_MAX];
	uint32_t rank;
	int rc;

	rc = take_shape(s, shape, &rank);
	if (rc < 0)
		return rc;
	for (uint32_t i = 0; i < rank; i++)
		if (__builtin_mul_overflow(*size, shape[i], size) ||
		    *size > ITEM_MAX)
			return npy_bad(s, "the type's size is too large");
	return 0;
}

/* What has been opened and not closed: a list of fields, or a pair. */
struct nest {
	enum { NEST_LIST, NEST_FIELD, NEST_PAIR } kind;
	uint64_t sum;
};

struct descr {
	struct scan *s;
	struct dtype *out;
	struct nest nest[NESTING_MAX];
	unsigned depth;
	uint64_t size;		/* of the type just read */
	int done;		/* a type was read: close what it closes */
};

static int push(struct descr *d, int kind)
{
	if (d->depth == NESTING_MAX)
		return npy_bad(d->s, "the type is nested too deeply");
	d->nest[d->depth].kind = kind;
	d->nest[d->depth++].sum = 0;
	return 0;
}

/* "(name," or "((title, name),", or the "]" of a list. */
static int open_field(struct descr *d)
{
	struct scan *s = d->s;
	struct mv_name name;
	int rc;

	if (accept(s, ']')) {
		d->size = d->nest[--d->depth].sum;
		d->done = 1;
		return 0;
	}
	if (!accept(s, '('))
		return npy_bad(s, "a field is missing");
	if (accept(s, '(')) {
		rc = take_string(s, &name);
		if (!rc && !accept(s, ','))
			rc = npy_bad(s, "a title needs a name");
		if (!rc)
			rc = take_string(s, &name);
		accept(s, ',');
		if (!rc && !accept(s, ')'))
			rc = npy_bad(s, "a title is not closed");
	} else {
		rc = take_string(s, &name);
	}
	if (!rc && !accept(s, ','))
		rc = npy_bad(s, "a field has no type");
	return rc ? rc : push(d, NEST_FIELD);
}

static int open_type(struct descr *d)
{
	struct mv_name text;
	int rc;

	if (accept(d->s, '[')) {
		rc = push(d, NEST_LIST);
		return rc ? rc : open_field(d);
	}
	if (accept(d->s, '('))
		return push(d, NEST_PAIR);
	rc = take_string(d->s, &text);
	if (!rc) {
		int objects = d->out->objects;

		rc = typestr(d->s, &text, d->out);
		d->out->objects |= objects;
		d->size = d->out->size;
		d->done = 1;
	}
	return rc;
}

/* A type was read: what belongs behind it? */
static int close_type(struct descr *d)
{
	struct nest *n = &d->nest[d->depth - 1];
	struct scan *s = d->s;
	int rc = 0;

	if (n->kind == NEST_PAIR && !accept(s, ','))
		return npy_bad(s, "a pair has no shape");
	if (n->kind == NEST_PAIR || (accept(s, ',') && !looking_at(s, ")")))
		rc = times_shape(s, &d->size);
	accept(s, ',');
	if (!rc && !accept(s, ')'))
		rc = npy_bad(s, "a type is not closed");
	d->depth--;
	if (rc < 0 || n->kind == NEST_PAIR)
		return rc;
	n = &d->nest[d->depth - 1];	/* a field is always in a list */
	n->sum += d->size;
	if (n->sum > ITEM_MAX)
		return npy_bad(s, "the type's size is too large");
	d->done = 0;
	if (accept(s, ','))
		return open_field(d);
	return looking_at(s, "]") ? open_field(d) :
		npy_bad(s, "a list is not closed");
}

static int take_descr(struct scan *s, struct dtype *out)
{
	struct descr d = { .s = s, .out = out };
	int rc = 0;
	int simple;

	skip_space(s);
	simple = looking_at(s, "'\"");
	out->text = s->p;
	do {
		rc = d.done ? close_type(&d) : open_type(&d);
	} while (!rc && (d.depth || !d.done));
	if (rc < 0)
		return rc;
	out->text_len = (size_t)(s->p - out->text);
	out->size = d.size;
	if (simple) {		/* without its quotes */
		out->text++;
		out->text_len -= 2;
	} else {
		out->dtype = MV_DTYPE_UNKNOWN;
		out->big_endian = 0;
	}
	return 0;
}

/* -- the dict ------------------------------------------------------------- */

struct header {
	struct dtype dtype;
	uint64_t shape[RANK_MAX];
	uint32_t rank;
	int fortran;
	unsigned seen;		/* one bit per key */
};

static int take_bool(struct scan *s, int *out)
{
	size_t left;

	skip_space(s);
	left = (size_t)(s->end - s->p);
	*out = left >= 4 && !memcmp(s->p, "True", 4);
	if (!*out && !(left >= 5 && !memcmp(s->p, "False", 5)))
		return npy_bad(s, "fortran_order is neither True nor False");
	s->p += *out ? 4 : 5;
	return 0;
}

static int is_key(const struct mv_name *key, const char *name)
{
	return key->len == strlen(name) && !memcmp(key->s, name, key->len);
}

static int take_entry(struct scan *s, struct header *h)
{
	struct mv_name key;
	unsigned bit;
	int rc;

	rc = take_string(s, &key);
	if (rc < 0)
		return rc;
	bit = is_key(&key, "descr") ? 1 : is_key(&key, "fortran_order") ? 2 :
		is_key(&key, "shape") ? 4 : 0;
	if (!bit || h->seen & bit)
		return npy_bad(s, "a key is unknown or there twice");
	h->seen |= bit;
	if (!accept(s, ':'))
		return npy_bad(s, "a key has no value");
	if (bit == 1)
		return take_descr(s, &h->dtype);
	if (bit == 2)
		return take_bool(s, &h->fortran);
	if (!looking_at(s, "("))
		return npy_bad(s, "the shape is not a tuple");
	return take_shape(s, h->shape, &h->rank);
}

static int take_header(struct scan *s, struct header *h)
{
	int rc;

	if (s->p == s->end || s->end[-1] != '\n')
		return npy_bad(s, "it does not end with a line feed");
	if (!accept(s, '{'))
		return npy_bad(s, "it is not a dict");
	while (!accept(s, '}')) {
		rc = take_entry(s, h);
		if (rc < 0)
			return rc;
		if (!accept(s, ',') && !looking_at(s, "}"))
			return npy_bad(s, "a comma is missing");
	}
	skip_space(s);
	if (s->p != s->end)
		return npy_bad(s, "there is text behind the dict");
	if (h->seen != 7)
		return npy_bad(s, "a key is missing");
	return 0;
}

static int data_length(const struct mv_head *head, struct mv_tensor *t,
		       const struct header *h, struct mv_err *err)
{
	uint64_t rest = head->file_size - t->offset;
	int known = head->file_size != UINT64_MAX;
	uint64_t n = h->dtype.size;
	uint64_t end;
	int over = 0;

	if (h->dtype.objects) {
		t->length = known ? rest : 0;
		return 0;
	}
	for (uint32_t i = 0; i < t->rank; i++)
		over |= __builtin_mul_overflow(n, t->shape[i], &n);
	if (over || __builtin_add_overflow(n, t->offset, &end) ||
	    end > INT64_MAX)
		return mv_fail(err, MV_EINVALID, "the array is too large");
	if (known && n != rest)
		return mv_fail(err, MV_EINVALID,
			       "%" PRIu64 " bytes of data, but shape and type make %" PRIu64,
			       rest, n);
	t->length = n;
	return 0;
}

/* Fortran's order: the first dimension is the one that runs fastest. Told only
   where it differs from row after row. data_length() has checked the product. */
static int set_stride(struct mv_layout *out, struct mv_tensor *t,
		      struct mv_err *err)
{
	uint64_t step = 1;
	uint32_t wide = 0;

	for (uint32_t i = 0; i < t->rank; i++)
		wide += t->shape[i] > 1;
	if (wide < 2 || !t->length)
		return 0;
	t->stride = mv_layout_numbers(out, t->rank);
	if (!t->stride)
		return mv_nomem(err);
	for (uint32_t i = 0; i < t->rank; i++) {
		t->stride[i] = step;
		step *= t->shape[i];
	}
	return 0;
}

static int npy_fill(struct mv_layout *out, const struct mv_head *head,
		    const struct header *h, struct mv_err *err)
{
	struct mv_tensor *t = mv_layout_add(out, h->rank);
	size_t len = h->dtype.text_len;
	char *name;
	int rc;

	if (!t)
		return mv_nomem(err);
	if (h->rank)
		memcpy(t->shape, h->shape, h->rank * sizeof(*h->shape));
	t->offset = out->header_len;
	t->name = mv_layout_strn(out, "array", 5);
	t->dtype = h->dtype.dtype;
	t->big_endian = h->dtype.big_endian;
	t->unit = h->dtype.size && h->dtype.size <= 4096 &&
		!h->dtype.objects ? (uint32_t)h->dtype.size : 1;
	name = mv_layout_strn(out, h->dtype.text, len);
	if (!t->name || !name)
		return mv_nomem(err);
	/* "<f4" is F32 to everybody, "<M8[ns]" is more than I64 */
	t->dtype_name = t->dtype != MV_DTYPE_UNKNOWN && len <= 3 ?
		mv_dtype_name(t->dtype) : name;
	rc = data_length(head, t, h, err);
	if (!rc && h->fortran && !h->dtype.objects)
		rc = set_stride(out, t, err);
	if (!rc && h->dtype.objects)
		rc = mv_layout_note(out, "holds pickled Python objects", err);
	if (!rc && !head->for_runs)
		rc = mv_layout_meta(out, "fortran_order", 13, h->fortran ?
				    "True" : "False", h->fortran ? 4 : 5, err);
	return rc;
}

static int npy_parse(struct mv_layout *out, struct mv_head *head,
		     struct mv_err *err)
{
	struct header h = { .rank = 0 };
	unsigned major = head->data[6], minor = head->data[7];
	unsigned prefix = major == 1 ? 10 : 12;
	struct scan s = { .err = err };
	uint64_t len;
	int rc;

	if (major < 1 || major > 3 || minor)
		return mv_fail(err, MV_EINVALID,
			       "NPY version %u.%u is not supported", major,
			       minor);
	rc = mv_head_need(head, 0, prefix, TEXT_MAX, 0, err);
	if (rc < 0)
		return rc;
	len = major == 1 ? mv_le16(head->data + 8) : mv_le32(head->data + 8);
	rc = mv_head_need(head, prefix, len, TEXT_MAX + 12, 0, err);
	if (rc < 0)
		return rc;
	/* Version 3 is UTF-8, and numpy refuses what is not. */
	if (major == 3 && !mv_utf8_ok((const char *)head->data + prefix,
				      (size_t)len))
		return mv_fail(err, MV_EINVALID, "the header is not UTF-8");
	s.p = (const char *)head->data + prefix;
	s.end = s.p + len;
	s.py2 = major < 3;
	out->header_len = prefix + len;
	rc = take_header(&s, &h);
	return rc ? rc : npy_fill(out, head, &h, err);
}

const struct mv_format mv_format_npy = { "npy", bid, npy_parse };
