/* SPDX-License-Identifier: MIT */
#ifndef MV_FORMAT_FORMAT_H
#define MV_FORMAT_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"
#include "libmv/base/runs.h"

/*
 * What is inside this file? Reads the headers of model and array files and
 * returns their layout: name, dtype, shape, offset and length of every
 * tensor. Weights are never read, nothing is ever executed.
 *
 * One file per format behind a table of bids (format.c): each format looks
 * at the first bytes and says how sure it is. Parsers are pure functions of
 * bytes (`parse(bytes, length)`), all lengths are compared with the bytes
 * present, products are checked, nothing recurses. Sources of the formats:
 * docs/format/layouts.md.
 *
 * Two questions are asked of the same parsers:
 *
 * - "list it" (`git model inspect`): strict, with the file's size; what the
 *   reference reader would refuse is MV_EINVALID and says why.
 * - "where shall chunks be cut" (the store's plan): a function of the head
 *   alone, never of the file's size, so that a stream and a file are cut
 *   alike. Anything wrong or too long simply means no hints.
 */
enum mv_dtype {
	MV_DTYPE_UNKNOWN,
	MV_DTYPE_BOOL, MV_DTYPE_U8, MV_DTYPE_I8,
	MV_DTYPE_F8_E4M3, MV_DTYPE_F8_E5M2, MV_DTYPE_F8_OTHER,
	MV_DTYPE_U16, MV_DTYPE_I16, MV_DTYPE_F16, MV_DTYPE_BF16,
	MV_DTYPE_U32, MV_DTYPE_I32, MV_DTYPE_F32,
	MV_DTYPE_U64, MV_DTYPE_I64, MV_DTYPE_F64,
	MV_DTYPE_C64, MV_DTYPE_C128,
	MV_DTYPE_BLOCK,		/* quantised blocks (GGUF), sub-byte types */
	MV_DTYPE_FILE		/* no tensor: a member of an archive, a column.
				   It has no elements */
};

struct mv_tensor {
	char *name;		/* as in the file; may hold any bytes but NUL */
	const char *dtype_name;	/* static, or points into the layout's arena */
	enum mv_dtype dtype;
	int big_endian;
	uint32_t unit;		/* smallest whole piece in bytes: element or block */
	uint32_t rank;
	uint64_t *shape;	/* `rank` numbers, outermost first */
	uint64_t *stride;	/* in elements; NULL: row after row, no holes */
	uint64_t offset;	/* from the start of the file; 0: its bytes do
				   not lie there as they are (compressed) */
	uint64_t length;	/* bytes, uncompressed, from the first element
				   to the last */
	const char *elsewhere;	/* the file that offset and length speak of,
				   relative to this one; NULL: this one */
};

struct mv_layout {
	const char *format;	/* "safetensors", "gguf" ...: static */
	int not_listed;		/* recognised only: what is in it is not said */
	uint64_t header_len;	/* bytes before the first tensor's data; 0 in
				   archives */
	struct mv_tensor *tensors;	/* in order of offset; may share bytes
					   in "pytorch" */
	size_t count;
	char **meta_keys;	/* the file's own metadata, as text */
	char **meta_values;	/* long values are cut and end in "..." */
	size_t meta_count;
	char **notes;		/* oddities that are not errors */
	size_t note_count;
	void *arena;		/* private: owns every string above */
};

void mv_layout_release(struct mv_layout *layout);	/* zeroes it, too */

/* How many elements (or saturated at UINT64_MAX). */
uint64_t mv_tensor_elements(const struct mv_tensor *tensor);
/* How many of the layout's tensors are members (MV_DTYPE_FILE). */
size_t mv_layout_members(const struct mv_layout *layout);
uint64_t mv_layout_elements(const struct mv_layout *layout);

/* The dtypes that occur, in order of occurrence; those beyond `max` are not
   counted. */
struct mv_dtype_sum {
	const char *name;	/* borrowed from the layout */
	uint64_t tensors;
	uint64_t elements;
	uint64_t bytes;
};
#define MV_DTYPE_SUMS 32
size_t mv_layout_dtypes(struct mv_dtype_sum *out, size_t max,
			const struct mv_layout *layout);

/*
 * The layout as stable text, made for people and for `git diff`: what the
 * file says is escaped. _facts is all but the tensors, one fact a line;
 * mv_layout_print() adds one line per tensor.
 */
int mv_layout_print_facts(struct mv_buf *out, const struct mv_layout *layout,
			  struct mv_err *err);
int mv_layout_print(struct mv_buf *out, const struct mv_layout *layout,
		    struct mv_err *err);

/*
 * Parse the head of a file. `head` holds the first `len` bytes; `file_size`
 * the whole size, or UINT64_MAX when unknown (then checks against it are
 * left out).
 * 0            *out is filled; release it
 * MV_EBUSY     more of the head is needed: *need says how many bytes in
 *              all. Never more than the file's size where that is known
 * MV_ENOENT    no format that we read
 * MV_EINVALID  a format that we read, but malformed
 */
int mv_format_parse(struct mv_layout *out, uint64_t *need,
		    const uint8_t *head, size_t len, uint64_t file_size,
		    struct mv_err *err);

/*
 * The same, with the head read as far as needed, whatever holds it. `fn`
 * reads up to `len` bytes at `off` and says how many it *got; fewer only at
 * the end. Also lists archives and other containers, whose parts are told in
 * more than one place (zip with NPZ and PyTorch, tar, ONNX, Parquet), and
 * names what is only recognised. Never returns MV_EBUSY. At most 100 MB of a
 * safetensors header and 64 MiB of any other are read.
 */
typedef int (*mv_read_at_fn)(void *payload, uint64_t off, void *data,
			     size_t len, size_t *got, struct mv_err *err);
int mv_format_parse_at(struct mv_layout *out, mv_read_at_fn fn, void *payload,
		       uint64_t size, struct mv_err *err);

/*
 * Where shall chunks be cut? A mv_runs_fn (base/runs.h says what it promises;
 * docs/format/chunking.md has the rules): one run per tensor of 4 KiB or
 * more, runs of smaller neighbours joined up to 64 KiB. What is read along
 * (zip, tar, ONNX, Parquet) gets a scout.
 */
int mv_format_runs(struct mv_runs *out, size_t *need, const uint8_t *head,
		   size_t len, int eof, struct mv_err *err);

/* All values that a layout's `format` may have; NULL-terminated. */
extern const char *const mv_format_names[];
/* Is a file of that format also one of `name`? A "pytorch" is a zip with a
   pickle, too. Without regard to case. */
int mv_format_is(const char *format, const char *name);

/* "F32" of a dtype. Static. */
const char *mv_dtype_name(enum mv_dtype dtype);

#endif
