/* SPDX-License-Identifier: MIT */
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/near.h"
#include "libmv/tensor/number.h"
#include "libmv/tensor/tensor.h"

/* One tensor out of a file. */

#define STEP ((size_t)1 << 20)
#define RANK_MAX 64

/* -- which one ------------------------------------------------------------ */

int mv_tensor_readable(const struct mv_tensor *t, struct mv_err *err)
{
	if (t->elsewhere)
		return mv_fail(err, MV_ENOTSUP, "the bytes of '%s' are in "
			       "another file, '%s'", t->name, t->elsewhere);
	if (!t->offset && t->length)
		return mv_fail(err, MV_ENOTSUP, "the bytes of '%s' are packed "
			       "in its container, and only as a whole to be "
			       "had", t->name);
	return 0;
}

int mv_tensor_find(const struct mv_tensor **out,
		   const struct mv_layout *layout, const char *name,
		   struct mv_err *err)
{
	struct mv_nearest nearest = MV_NEAREST_INIT(name);
	char words[MV_NEAREST_WORDS];

	*out = NULL;
	for (size_t i = 0; i < layout->count; i++) {
		const struct mv_tensor *t = &layout->tensors[i];

		mv_nearest_try(&nearest, t->name);
		if (strcmp(t->name, name))
			continue;
		if (*out)
			return mv_fail(err, MV_EINVALID,
				       "it has several tensors '%s'", name);
		*out = t;
	}
	if (*out)
		return 0;
	return mv_fail(err, MV_ENOENT, "it has no tensor '%s'%s", name,
		       mv_nearest_words(words, &nearest));
}

int mv_tensor_matches(const struct mv_tensor *t, const char *pattern)
{
	return !fnmatch(pattern, t->name, 0);
}

/* -- its elements --------------------------------------------------------- */

int mv_tensor_read_exact(mv_read_at_fn fn, void *payload, uint64_t off,
			 void *data, size_t len, struct mv_err *err)
{
	for (size_t have = 0, got; have < len; have += got) {
		int rc = fn(payload, off + have, (uint8_t *)data + have,
			    len - have, &got, err);

		if (rc)
			return rc;
		if (!got || got > len - have)
			return mv_fail(err, MV_EIO,
				       "it became shorter while it was read");
	}
	return 0;
}

/* The bytes of all elements together; MV_ENOTSUP where that is too much. */
static int tensor_size(uint64_t *out, const struct mv_tensor *t,
		       struct mv_err *err)
{
	uint64_t n = mv_tensor_elements(t);

	if (t->rank > RANK_MAX || t->length > MV_TENSOR_HOLES_MAX ||
	    n > MV_TENSOR_HOLES_MAX / (t->unit ? t->unit : 1))
		return mv_fail(err, MV_ENOTSUP, "the elements of '%s' do not "
			       "lie in their order, and it has more than "
			       "%" PRIu64 " bytes", t->name,
			       MV_TENSOR_HOLES_MAX);
	*out = n * t->unit;
	return 0;
}

/* Row after row, from wherever the strides lead. */
static int put_in_order(uint8_t *out, uint64_t size, const uint8_t *extent,
			const struct mv_tensor *t, struct mv_err *err)
{
	uint64_t index[RANK_MAX] = { 0 }, at = 0;

	for (uint64_t done = 0; done < size; done += t->unit) {
		uint32_t d = t->rank;

		if (at > t->length / t->unit ||
		    (at + 1) * t->unit > t->length)
			return mv_fail(err, MV_EINVALID,
				       "'%s' reaches beyond its bytes",
				       t->name);
		memcpy(out + done, extent + at * t->unit, t->unit);
		while (d && ++index[d - 1] == t->shape[d - 1]) {
			at -= (t->shape[d - 1] - 1) * t->stride[d - 1];
			index[--d] = 0;
		}
		if (d)
			at += t->stride[d - 1];
	}
	return 0;
}

int mv_tensor_gather(uint8_t **out, size_t *len, const struct mv_tensor *t,
		     mv_read_at_fn fn, void *payload, struct mv_err *err)
{
	uint8_t *extent = NULL;
	uint64_t size = 0;
	int rc = tensor_size(&size, t, err);

	*out = NULL;
	*len = 0;
	if (rc)
		return rc;
	extent = malloc(t->length + 1);
	*out = malloc(size + 1);
	rc = extent && *out ? mv_tensor_read_exact(fn, payload, t->offset,
						   extent, t->length, err) :
			      mv_nomem(err);
	if (!rc && t->stride)
		rc = put_in_order(*out, size, extent, t, err);
	else if (!rc && size == t->length)
		memcpy(*out, extent, size);
	else if (!rc)
		rc = mv_fail(err, MV_EINVALID, "'%s' has other bytes than its "
			     "shape says", t->name);
	free(extent);
	if (rc) {
		free(*out);
		*out = NULL;
	} else {
		*len = size;
	}
	return rc;
}

/* -- as a .npy ------------------------------------------------------------ */

/* What NumPy calls it, behind "<" or ">"; NULL: it has none like it. */
static const char *npy_kind(enum mv_dtype dtype)
{
	switch (dtype) {
	case MV_DTYPE_BOOL: return "b1";
	case MV_DTYPE_U8: return "u1";
	case MV_DTYPE_I8: return "i1";
	case MV_DTYPE_U16: return "u2";
	case MV_DTYPE_I16: return "i2";
	case MV_DTYPE_F16: return "f2";
	case MV_DTYPE_U32: return "u4";
	case MV_DTYPE_I32: return "i4";
	case MV_DTYPE_F32: return "f4";
	case MV_DTYPE_U64: return "u8";
	case MV_DTYPE_I64: return "i8";
	case MV_DTYPE_F64: return "f8";
	case MV_DTYPE_C64: return "c8";
	case MV_DTYPE_C128: return "c16";
	default: return NULL;
	}
}

static int check_form(const struct mv_tensor *t, enum mv_tensor_form form,
		      struct mv_err *err)
{
	if (form == MV_TENSOR_RAW)
		return 0;
	if (form == MV_TENSOR_NPY_FLOAT32 && !mv_number_fits_float32(t->dtype))
		return mv_fail(err, MV_ENOTSUP, "float32 cannot hold what '%s' "
			       "has (%s)", t->name, t->dtype_name);
	if (form == MV_TENSOR_NPY && !npy_kind(t->dtype))
		return mv_fail(err, MV_ENOTSUP, "NumPy has no dtype for the %s "
			       "of '%s'", t->dtype_name, t->name);
	if (!t->stride && mv_tensor_elements(t) * t->unit != t->length)
		return mv_fail(err, MV_EINVALID, "'%s' has other bytes than its "
			       "shape says", t->name);
	return 0;
}

static char npy_order(const struct mv_tensor *t, enum mv_tensor_form form)
{
	if (form == MV_TENSOR_NPY_FLOAT32)
		return '<';
	if (t->unit == 1)
		return '|';
	return t->big_endian ? '>' : '<';
}

/* Version 1.0: its header ends on a multiple of 64 bytes. */
static int npy_header(struct mv_writer *out, const struct mv_tensor *t,
		      enum mv_tensor_form form, struct mv_err *err)
{
	uint8_t magic[10] = { 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0 };
	struct mv_buf text;
	int bad, rc;

	mv_buf_init(&text, UINT16_MAX);
	bad = mv_buf_addf(&text, "{'descr': '%c%s', 'fortran_order': False, "
			  "'shape': (", npy_order(t, form),
			  form == MV_TENSOR_NPY ? npy_kind(t->dtype) : "f4");
	for (uint32_t i = 0; i < t->rank; i++)
		bad |= mv_buf_addf(&text, "%s%" PRIu64 "%s", i ? " " : "",
				   t->shape[i],
				   t->rank == 1 || i + 1 < t->rank ? "," : "");
	bad |= mv_buf_addstr(&text, "), }");
	while (!bad && (sizeof(magic) + text.len + 1) % 64)
		bad |= mv_buf_addch(&text, ' ');
	bad |= mv_buf_addch(&text, '\n');
	magic[8] = (uint8_t)text.len;
	magic[9] = (uint8_t)(text.len >> 8);
	rc = bad ? mv_nomem(err) :
		   out->write(out->payload, magic, sizeof(magic), err);
	if (!rc)
		rc = out->write(out->payload, text.data, text.len, err);
	mv_buf_release(&text);
	return rc;
}

/* -- writing -------------------------------------------------------------- */

#define NUMBERS 8192

static int write_float32(struct mv_writer *out, const struct mv_tensor *t,
			 const uint8_t *data, size_t len, struct mv_err *err)
{
	const size_t size = mv_number_size(t->dtype);
	double *numbers = malloc(NUMBERS * sizeof(*numbers));
	uint8_t *narrow = malloc(NUMBERS * 4);
	int rc = numbers && narrow ? 0 : mv_nomem(err);

	for (size_t i = 0; !rc && i < len / size; i += NUMBERS) {
		size_t n = len / size - i < NUMBERS ? len / size - i : NUMBERS;

		mv_number_widen(numbers, t->dtype, t->big_endian,
				data + i * size, n);
		mv_number_narrow(narrow, MV_DTYPE_F32, 0, numbers, n);
		rc = out->write(out->payload, narrow, n * 4, err);
	}
	free(narrow);
	free(numbers);
	return rc;
}

static int write_some(struct mv_writer *out, const struct mv_tensor *t,
		      enum mv_tensor_form form, const uint8_t *data, size_t len,
		      struct mv_err *err)
{
	return form == MV_TENSOR_NPY_FLOAT32 ?
	       write_float32(out, t, data, len, err) :
	       out->write(out->payload, data, len, err);
}

static int write_rows(struct mv_writer *out, const struct mv_tensor *t,
		      enum mv_tensor_form form, mv_read_at_fn fn,
		      void *payload, struct mv_err *err)
{
	uint8_t *block = malloc(STEP);
	int rc = block ? 0 : mv_nomem(err);

	for (uint64_t done = 0; !rc && done < t->length; done += STEP) {
		size_t n = t->length - done < STEP ?
			   (size_t)(t->length - done) : STEP;

		rc = mv_tensor_read_exact(fn, payload, t->offset + done, block,
					  n, err);
		if (!rc)
			rc = write_some(out, t, form, block, n, err);
	}
	free(block);
	return rc;
}

int mv_tensor_write(struct mv_writer *out, const struct mv_tensor *t,
		    enum mv_tensor_form form, mv_read_at_fn fn, void *payload,
		    struct mv_err *err)
{
	uint8_t *all = NULL;
	size_t len;
	int rc = mv_tensor_readable(t, err);

	if (!rc)
		rc = check_form(t, form, err);
	if (!rc && t->stride)	/* before anything is written */
		rc = mv_tensor_gather(&all, &len, t, fn, payload, err);
	if (!rc && form != MV_TENSOR_RAW)
		rc = npy_header(out, t, form, err);
	if (!rc)
		rc = all ? write_some(out, t, form, all, len, err) :
			   write_rows(out, t, form, fn, payload, err);
	free(all);
	return rc;
}
