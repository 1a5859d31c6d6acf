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

/* -- containers that are read along: walk.c ------------------------------- */

/*
 * One place after the other, each of which says where the next one is. The
 * same walk lists a file (`layout` is set, errors count) and finds cut hints
 * (`layout` is NULL, an error is the end of them).
 */
struct mv_walk {
	uint64_t at;		/* the next place; UINT64_MAX: it is over */
	uint64_t file_size;	/* UINT64_MAX: unknown */
	struct mv_layout *layout;
	/* Look at what is at `at`: MV_LOOK_MAX bytes, fewer only at the end of
	   the file. Moves `at` on. 0, MV_EINVALID, MV_ENOMEM */
	int (*step)(struct mv_walk *walk, const uint8_t *data, size_t len,
		    struct mv_err *err);
	void (*free)(struct mv_walk *walk);
	/* What was found. Lies at or behind `at`; its name may be NULL when
	   `layout` is, and nothing it points to outlives the call. */
	int (*found)(void *payload, const struct mv_tensor *tensor,
		     struct mv_err *err);
	void *payload;
};

struct mv_walker {
	const char *name;
	int (*bid)(const uint8_t *data, size_t len);	/* of MV_BID_AHEAD */
	int (*open)(struct mv_walk **out, struct mv_err *err);
};

#define MV_BID_AHEAD 512u

extern const struct mv_walker mv_walker_zip;
extern const struct mv_walker mv_walker_tar;
extern const struct mv_walker mv_walker_onnx;
extern const struct mv_walker mv_walker_parquet;

/* Whose is it? By the first MV_BID_AHEAD bytes. NULL: nobody's. */
const struct mv_walker *mv_walker_for(const uint8_t *head, size_t len);

/* List by walking. */
int mv_walk_list(struct mv_layout *out, const struct mv_walker *walker,
		 mv_read_at_fn fn, void *payload, uint64_t size,
		 struct mv_err *err);

/* A copy of `t` in `layout`, which then owns all it points to. */
int mv_layout_copy(struct mv_layout *layout, const struct mv_tensor *t,
		   const char *name, size_t name_len, struct mv_err *err);
void mv_layout_sort(struct mv_layout *layout);	/* by offset */
/* Notes that two tensors have one name, if that is so. */
int mv_layout_note_twice(struct mv_layout *layout, struct mv_err *err);

/* Exactly `len` bytes; MV_EINVALID beyond the end of the file. */
int mv_read_exactly(mv_read_at_fn fn, void *payload, uint64_t size,
		    uint64_t off, void *data, size_t len, struct mv_err *err);

/*
 * A member whose data begins with `len` bytes at `data`: is it an array?
 * 1 and *out (its dtype, shape, length; its offset counts from the member);
 * *layout owns them. `size` is the member's, or UINT64_MAX.
 */
int mv_member_array(struct mv_tensor *out, struct mv_layout *layout,
		    const uint8_t *data, size_t len, uint64_t size,
		    struct mv_err *err);

/* -- zip ------------------------------------------------------------------ */

struct mv_zip_member {
	const char *name;	/* not terminated in the file; here it is */
	size_t name_len;
	unsigned method;	/* 0 stored, 8 deflated */
	uint64_t packed;	/* bytes in the file */
	uint64_t size;
	uint64_t header;	/* where its local header is */
	uint64_t data;		/* where its data is */
};

struct mv_zip {
	struct mv_zip_member *members;	/* in order of the directory */
	const struct mv_zip_member **by_name;
	size_t count;
	char *directory;
};

/* Before each member's data: this, its name, extra fields. */
#define MV_ZIP_LOCAL 30u

/* Puts in the 64-bit forms of those fields that hold only ones; `header` may
   be NULL. 0 when one is missing. */
int mv_zip_wide(const uint8_t *extra, size_t len, uint64_t *size,
		uint64_t *packed, uint64_t *header);

/*
 * The directory at the end, compared with the header of each member: names,
 * methods and sizes must agree, members must not overlap.
 */
int mv_zip_read(struct mv_zip *zip, mv_read_at_fn fn, void *payload,
		uint64_t size, struct mv_err *err);
void mv_zip_release(struct mv_zip *zip);
const struct mv_zip_member *mv_zip_find(const struct mv_zip *zip,
					const char *name, size_t len);

/* What kind of zip this is, and what is in it. */
int mv_zip_list(struct mv_layout *out, mv_read_at_fn fn, void *payload,
		uint64_t size, struct mv_err *err);

/* List an NPZ, whose directory is `zip`. */
int mv_npz_list(struct mv_layout *out, const struct mv_zip *zip,
		mv_read_at_fn fn, void *payload, uint64_t size,
		struct mv_err *err);

/* -- PyTorch: what data.pkl says ------------------------------------------ */

struct mv_pickle;

struct mv_storage {
	const char *key;	/* of the member data/<key> */
	size_t key_len;
	uint64_t bytes;
	enum mv_dtype dtype;	/* UNKNOWN: its tensors know */
	uint32_t unit;
	size_t first, count;	/* of its tensors, among the parts */
};

struct mv_torch_part {
	size_t storage;
	const struct mv_tensor *tensor;
};

struct mv_torch {
	struct mv_layout layout;	/* offsets count from the storage */
	size_t *storage_of;		/* of each tensor */
	struct mv_torch_part *parts;	/* by storage, then offset */
	struct mv_storage *storages;	/* sorted by key */
	size_t storage_count;
};

int mv_torch_read(struct mv_torch *out, const struct mv_pickle *pickle,
		  struct mv_err *err);
void mv_torch_release(struct mv_torch *torch);
/* The number of the storage, or storage_count. */
size_t mv_torch_storage(const struct mv_torch *torch, const char *key,
			size_t len);
/* How the storage is cut: at its tensors, unless they share bytes. */
int mv_torch_pieces(const struct mv_torch *torch, size_t storage,
		    int (*fn)(void *payload, const struct mv_tensor *piece,
			      struct mv_err *err), void *payload,
		    struct mv_err *err);

/* Row groups and column chunks, from the footer. */
int mv_parquet_list(struct mv_layout *out, mv_read_at_fn fn, void *payload,
		    uint64_t size, struct mv_err *err);

/* The shards of a model, from its *.index.json. MV_ENOENT: no such file. */
int mv_shards_list(struct mv_layout *out, const uint8_t *head, size_t len,
		   mv_read_at_fn fn, void *payload, uint64_t size,
		   struct mv_err *err);

/* -- what is recognised, and no more -------------------------------------- */

/* 0 and *out; MV_ENOENT: nothing we know. */
int mv_recognise(struct mv_layout *out, const uint8_t *head, size_t len,
		 struct mv_err *err);

/* -- filling a layout; everything lives until mv_layout_release() --------- */
char *mv_layout_strn(struct mv_layout *layout, const char *s, size_t len);
uint64_t *mv_layout_numbers(struct mv_layout *layout, uint32_t count);
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

/* A path that a file names: relative, and never out of its folder? */
int mv_path_stays(const char *path);

/* Are two of these `count` names the same? Sorts them. */
struct mv_name {
	const char *s;
	size_t len;
};
const struct mv_name *mv_names_twice(struct mv_name *names, size_t count);

#endif
