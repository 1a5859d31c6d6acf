/* SPDX-License-Identifier: MIT */
#ifndef MV_FORMAT_PARTS_H
#define MV_FORMAT_PARTS_H

#include "libmv/format/format.h"

/*
 * Private to this folder: what a format's file offers to format.c, and what
 * format.c offers to it.
 */
#define MV_TENSORS_MAX (1u << 20)
#define MV_META_MAX 65536u		/* entries that are kept */
#define MV_META_TEXT_MAX 240u		/* bytes of a value that are kept */
#define MV_SAFETENSORS_HEAD_MAX 100000000u	/* as the reference */
#define MV_SAFETENSORS_RUNS_MAX (4u * 1024 * 1024)
#define MV_HEAD_MAX (64u * 1024 * 1024)
#define MV_BID_BYTES 16u	/* what a bid may look at */

/* The question, and how much more of the head it would take to answer it. */
struct mv_head {
	const uint8_t *data;
	size_t len;
	uint64_t file_size;	/* UINT64_MAX: unknown, nothing depends on it */
	int for_runs;		/* tensors only; refuse headers that end beyond
				   MV_RUN_HEAD_MAX, however much is here */
	uint64_t need;		/* out, with MV_EBUSY: bytes in all */
};

struct mv_format {
	const char *name;
	/* 0: not mine; more: how sure. Sees at most MV_BID_BYTES. */
	int (*bid)(const uint8_t *data, size_t len);
	/* 0, MV_EBUSY with head->need, MV_EINVALID, MV_ENOMEM */
	int (*parse)(struct mv_layout *out, struct mv_head *head,
		     struct mv_err *err);
};

extern const struct mv_format mv_format_safetensors;
extern const struct mv_format mv_format_gguf;
extern const struct mv_format mv_format_npy;

/*
 * `len` more bytes from `pos` on: 0 when they are present, MV_EBUSY with
 * head->need when more of the head must be read (at least doubled when
 * `guess`, for formats that do not say how long their header is), or
 * MV_EINVALID beyond the end of the file or beyond `cap`.
 */
int mv_head_need(struct mv_head *head, uint64_t pos, uint64_t len,
		 uint64_t cap, int guess, struct mv_err *err);

/* By the format that bids highest. MV_ENOENT: none does; else as its parse. */
int mv_head_parse(struct mv_layout *out, struct mv_head *head,
		  struct mv_err *err);

/* List an NPZ. MV_ENOENT: a zip, but not of arrays. */
int mv_npz_list(struct mv_layout *out, mv_read_at_fn fn, void *payload,
		uint64_t size, struct mv_err *err);

/* -- filling a layout; everything lives until mv_layout_release() --------- */
char *mv_layout_strn(struct mv_layout *layout, const char *s, size_t len);
/* A new tensor, zeroed, with room for `rank` numbers. */
struct mv_tensor *mv_layout_add(struct mv_layout *layout, uint32_t rank);
/* Cuts what is long; drops what is too much. */
int mv_layout_meta(struct mv_layout *layout, const char *key, size_t key_len,
		   const char *value, size_t value_len, struct mv_err *err);
int mv_layout_note(struct mv_layout *layout, const char *note,
		   struct mv_err *err);

/* An untrusted name as part of a message: short, printable ASCII. */
#define MV_SHOWN 64
const char *mv_name_shown(char *out, const char *name, size_t len);

/* Are two of these `count` names the same? Sorts them. */
struct mv_name {
	const char *s;
	size_t len;
};
const struct mv_name *mv_names_twice(struct mv_name *names, size_t count);

#endif
