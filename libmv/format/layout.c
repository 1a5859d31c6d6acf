/* SPDX-License-Identifier: MIT */
#include "libmv/format/parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libmv/base/grow.h"

/*
 * Layouts: memory and text. Strings and shapes come from blocks that are
 * freed together, so that a million tensors are not two million mallocs.
 */
#define BLOCK_SIZE 16384u

struct block {
	struct block *next;
	size_t used;
	size_t size;
	_Alignas(16) char data[];
};

struct arena {
	struct block *blocks;
	size_t tensors_alloc;
	size_t meta_alloc;
	size_t notes_alloc;
};

static const struct {
	const char *name;
	enum mv_dtype dtype;
} dtype_names[] = {
	{ "?", MV_DTYPE_UNKNOWN },
	{ "BOOL", MV_DTYPE_BOOL },
	{ "U8", MV_DTYPE_U8 },
	{ "I8", MV_DTYPE_I8 },
	{ "F8_E4M3", MV_DTYPE_F8_E4M3 },
	{ "F8_E5M2", MV_DTYPE_F8_E5M2 },
	{ "F8", MV_DTYPE_F8_OTHER },
	{ "U16", MV_DTYPE_U16 },
	{ "I16", MV_DTYPE_I16 },
	{ "F16", MV_DTYPE_F16 },
	{ "BF16", MV_DTYPE_BF16 },
	{ "U32", MV_DTYPE_U32 },
	{ "I32", MV_DTYPE_I32 },
	{ "F32", MV_DTYPE_F32 },
	{ "U64", MV_DTYPE_U64 },
	{ "I64", MV_DTYPE_I64 },
	{ "F64", MV_DTYPE_F64 },
	{ "C64", MV_DTYPE_C64 },
	{ "C128", MV_DTYPE_C128 },
	{ "BLOCK", MV_DTYPE_BLOCK },
	{ "FILE", MV_DTYPE_FILE },
};

const char *mv_dtype_name(enum mv_dtype dtype)
{
	for (size_t i = 0; i < sizeof(dtype_names) / sizeof(*dtype_names); i++)
		if (dtype_names[i].dtype == dtype)
			return dtype_names[i].name;
	return "?";
}

const char *const mv_format_names[] = {
	"safetensors", "gguf", "npy", "npz", "pytorch", "onnx", "parquet",
	"tar", "zip", "hdf5", "keras", "tflite", "savedmodel", "pickle",
	"safetensors-index", NULL
};

int mv_format_is(const char *format, const char *name)
{
	static const char *const also[][2] = {
		{ "pytorch", "zip" }, { "pytorch", "pickle" },
		{ "npz", "zip" }, { "keras", "zip" }
	};

	if (!strcasecmp(format, name))
		return 1;
	for (size_t i = 0; i < sizeof(also) / sizeof(*also); i++)
		if (!strcasecmp(format, also[i][0]) &&
		    !strcasecmp(name, also[i][1]))
			return 1;
	return 0;
}

static struct arena *arena_of(struct mv_layout *layout)
{
	if (!layout->arena)
		layout->arena = calloc(1, sizeof(struct arena));
	return layout->arena;
}

static void *allocate(struct mv_layout *layout, size_t size)
{
	struct arena *arena = arena_of(layout);
	struct block *b;
	void *rc;

	if (!arena || size > SIZE_MAX / 2)
		return NULL;
	size = (size + 15) & ~(size_t)15;
	b = arena->blocks;
	if (!b || b->size - b->used < size) {
		size_t want = size > BLOCK_SIZE ? size : BLOCK_SIZE;

		b = malloc(sizeof(*b) + want);
		if (!b)
			return NULL;
		b->used = 0;
		b->size = want;
		b->next = arena->blocks;
		arena->blocks = b;
	}
	rc = b->data + b->used;
	b->used += size;
	return rc;
}

char *mv_layout_strn(struct mv_layout *layout, const char *s, size_t len)
{
	char *copy = allocate(layout, len + 1);

	if (!copy)
		return NULL;
	if (len)
		memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

uint64_t *mv_layout_numbers(struct mv_layout *layout, uint32_t count)
{
	return allocate(layout, sizeof(uint64_t) * (count ? count : 1));
}

struct mv_tensor *mv_layout_add(struct mv_layout *layout, uint32_t rank)
{
	struct arena *arena = arena_of(layout);
	struct mv_tensor *t;
	uint64_t *shape;

	if (!arena)
		return NULL;
	shape = mv_layout_numbers(layout, rank);
	if (!shape || MV_GROW(layout->tensors, arena->tensors_alloc,
			      layout->count + 1, NULL) < 0)
		return NULL;
	memset(shape, 0, sizeof(*shape) * (rank ? rank : 1));
	t = &layout->tensors[layout->count++];
	memset(t, 0, sizeof(*t));
	t->rank = rank;
	t->shape = shape;
	t->unit = 1;
	t->dtype_name = "?";
	return t;
}

/* The longest beginning of `s` that fits and does not cut a character. */
static char *cut_text(struct mv_layout *layout, const char *s, size_t len)
{
	const char *nul = len ? memchr(s, 0, len) : NULL;
	size_t keep = nul ? (size_t)(nul - s) : len;
	char *copy;

	if (keep == len && len <= MV_META_TEXT_MAX)
		return mv_layout_strn(layout, s, len);
	if (keep > MV_META_TEXT_MAX - 3) {
		keep = MV_META_TEXT_MAX - 3;
		for (int i = 0; i < 3 && ((unsigned char)s[keep] >> 6) == 2; i++)
			keep--;
	}
	copy = allocate(layout, keep + 4);
	if (!copy)
		return NULL;
	if (keep)
		memcpy(copy, s, keep);
	memcpy(copy + keep, "...", 4);
	return copy;
}

int mv_layout_meta(struct mv_layout *layout, const char *key, size_t key_len,
		   const char *value, size_t value_len, struct mv_err *err)
{
	struct arena *arena = arena_of(layout);
	size_t alloc;	/* both lists have the same room */
	char *k, *v;

	if (!arena)
		return mv_nomem(err);
	if (layout->meta_count == MV_META_MAX)
		return mv_layout_note(layout, "more metadata is not shown",
				      err);
	alloc = arena->meta_alloc;
	if (MV_GROW(layout->meta_keys, alloc, layout->meta_count + 1,
		    err) < 0 ||
	    MV_GROW(layout->meta_values, arena->meta_alloc,
		    layout->meta_count + 1, err) < 0)
		return MV_ENOMEM;
	k = cut_text(layout, key, key_len);
	v = cut_text(layout, value, value_len);
	if (!k || !v)
		return mv_nomem(err);
	layout->meta_keys[layout->meta_count] = k;
	layout->meta_values[layout->meta_count++] = v;
	return 0;
}

int mv_layout_note(struct mv_layout *layout, const char *note,
		   struct mv_err *err)
{
	struct arena *arena = arena_of(layout);
	char *copy;

	if (!arena)
		return mv_nomem(err);
	if (layout->note_count >= 16)
		return 0;
	for (size_t i = 0; i < layout->note_count; i++)
		if (!strcmp(layout->notes[i], note))
			return 0;
	copy = mv_layout_strn(layout, note, strlen(note));
	if (!copy || MV_GROW(layout->notes, arena->notes_alloc,
			     layout->note_count + 1, NULL) < 0)
		return mv_nomem(err);
	layout->notes[layout->note_count++] = copy;
	return 0;
}

void mv_layout_release(struct mv_layout *layout)
{
	struct arena *arena = layout->arena;

	while (arena && arena->blocks) {
		struct block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
	free(arena);
	free(layout->tensors);
	free(layout->meta_keys);
	free(layout->meta_values);
	free(layout->notes);
	memset(layout, 0, sizeof(*layout));
}

const char *mv_name_shown(char *out, const char *name, size_t len)
{
	size_t n = len < MV_SHOWN - 4 ? len : MV_SHOWN - 4;

	for (size_t i = 0; i < n; i++)
		out[i] = name[i] >= 0x20 && name[i] < 0x7f ? name[i] : '?';
	memcpy(out + n, n < len ? "..." : "\0\0\0", 4);
	return out;
}

int mv_path_stays(const char *path)
{
	if (!*path || *path == '/' || *path == '\\' ||
	    (path[0] && path[1] == ':'))
		return 0;
	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/\\");

		if (n == 2 && p[0] == '.' && p[1] == '.')
			return 0;
		p += n + (p[n] != '\0');
	}
	return 1;
}

static int name_cmp(const void *a, const void *b)
{
	const struct mv_name *x = a, *y = b;
	size_t n = x->len < y->len ? x->len : y->len;
	int c = n ? memcmp(x->s, y->s, n) : 0;

	return c ? c : (x->len > y->len) - (x->len < y->len);
}

const struct mv_name *mv_names_twice(struct mv_name *names, size_t count)
{
	if (count < 2)
		return NULL;
	qsort(names, count, sizeof(*names), name_cmp);
	for (size_t i = 1; i < count; i++)
		if (!name_cmp(&names[i - 1], &names[i]))
			return &names[i];
	return NULL;
}

int mv_layout_note_twice(struct mv_layout *layout, struct mv_err *err)
{
	struct mv_name *names;
	int twice;

	if (layout->count < 2)
		return 0;
	names = calloc(layout->count, sizeof(*names));
	if (!names)
		return mv_nomem(err);
	for (size_t i = 0; i < layout->count; i++) {
		names[i].s = layout->tensors[i].name;
		names[i].len = strlen(names[i].s);
	}
	twice = mv_names_twice(names, layout->count) != NULL;
	free(names);
	return twice ? mv_layout_note(layout, "a name is there twice", err) :
		0;
}

uint64_t mv_tensor_elements(const struct mv_tensor *tensor)
{
	uint64_t n = tensor->dtype != MV_DTYPE_FILE;
	int over = 0;

	for (uint32_t i = 0; i < tensor->rank; i++) {
		if (!tensor->shape[i])
			return 0;
		over |= __builtin_mul_overflow(n, tensor->shape[i], &n);
	}
	return over ? UINT64_MAX : n;
}

size_t mv_layout_members(const struct mv_layout *layout)
{
	size_t n = 0;

	for (size_t i = 0; i < layout->count; i++)
		n += layout->tensors[i].dtype == MV_DTYPE_FILE;
	return n;
}

int mv_layout_copy(struct mv_layout *layout, const struct mv_tensor *t,
		   const char *name, size_t name_len, struct mv_err *err)
{
	struct mv_tensor *copy;
	uint64_t *shape;
	int bad = 0;

	if (layout->count == MV_TENSORS_MAX)
		return mv_fail(err, MV_EINVALID, "more than %u tensors",
			       MV_TENSORS_MAX);
	copy = mv_layout_add(layout, t->rank);
	if (!copy)
		return mv_nomem(err);
	shape = copy->shape;
	*copy = *t;
	copy->shape = shape;
	if (t->rank)
		memcpy(shape, t->shape, t->rank * sizeof(*shape));
	copy->name = mv_layout_strn(layout, name, name_len);
	copy->dtype_name = mv_layout_strn(layout, t->dtype_name,
					  strlen(t->dtype_name));
	bad |= !copy->name || !copy->dtype_name;
	if (t->elsewhere) {
		copy->elsewhere = mv_layout_strn(layout, t->elsewhere,
						 strlen(t->elsewhere));
		bad |= !copy->elsewhere;
	}
	if (t->stride && t->rank) {
		copy->stride = mv_layout_numbers(layout, t->rank);
		if (copy->stride)
			memcpy(copy->stride, t->stride,
			       t->rank * sizeof(*shape));
		bad |= !copy->stride;
	}
	return bad ? mv_nomem(err) : 0;
}

static int by_place(const void *a, const void *b)
{
	const struct mv_tensor *x = a, *y = b;
	int elsewhere = !!x->elsewhere - !!y->elsewhere;

	if (elsewhere)
		return elsewhere;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	if (x->length != y->length)
		return x->length < y->length ? -1 : 1;
	return strcmp(x->name, y->name);
}

void mv_layout_sort(struct mv_layout *layout)
{
	if (layout->count)
		qsort(layout->tensors, layout->count,
		      sizeof(*layout->tensors), by_place);
}

/* Sums saturate. */
static void add_to(uint64_t *sum, uint64_t n)
{
	if (__builtin_add_overflow(*sum, n, sum))
		*sum = UINT64_MAX;
}

uint64_t mv_layout_elements(const struct mv_layout *layout)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < layout->count; i++)
		add_to(&sum, mv_tensor_elements(&layout->tensors[i]));
	return sum;
}

size_t mv_layout_dtypes(struct mv_dtype_sum *out, size_t max,
			const struct mv_layout *layout)
{
	size_t count = 0, k;

	for (size_t i = 0; i < layout->count; i++) {
		const struct mv_tensor *t = &layout->tensors[i];

		if (t->dtype == MV_DTYPE_FILE)
			continue;
		for (k = 0; k < count; k++)
			if (!strcmp(out[k].name, t->dtype_name))
				break;
		if (k == max)
			continue;
		if (k == count) {
			memset(&out[k], 0, sizeof(out[k]));
			out[count++].name = t->dtype_name;
		}
		out[k].tensors++;
		add_to(&out[k].elements, mv_tensor_elements(t));
		add_to(&out[k].bytes, t->length);
	}
	return count;
}

static int print_dtypes(struct mv_buf *out, const struct mv_layout *layout)
{
	struct mv_dtype_sum sums[MV_DTYPE_SUMS];
	size_t count = mv_layout_dtypes(sums, MV_DTYPE_SUMS, layout);
	uint64_t tensors = 0;
	int bad = 0;

	for (size_t i = 0; i < count; i++) {
		tensors += sums[i].tensors;
		bad |= mv_buf_addstr(out, i ? ", " : "dtypes: ");
		bad |= mv_buf_add_safe(out, sums[i].name,
				       strlen(sums[i].name));
		bad |= mv_buf_addf(out, " %" PRIu64 " (%" PRIu64 " %s)",
				   sums[i].elements, sums[i].tensors,
				   sums[i].tensors == 1 ? "tensor" : "tensors");
	}
	if (tensors < layout->count - mv_layout_members(layout))
		bad |= mv_buf_addstr(out, ", ...");
	return count ? bad | mv_buf_addch(out, '\n') : bad;
}

static int print_counts(struct mv_buf *out, const struct mv_layout *layout)
{
	uint64_t elements = mv_layout_elements(layout);
	size_t members = mv_layout_members(layout);
	int bad = 0;

	if (members)
		bad |= mv_buf_addf(out, "members: %zu\n", members);
	if (members && members == layout->count)
		return bad;
	bad |= mv_buf_addf(out, "tensors: %zu\nparameters: ",
			   layout->count - members);
	bad |= elements == UINT64_MAX ? mv_buf_addstr(out, "too many\n") :
		mv_buf_addf(out, "%" PRIu64 "\n", elements);
	return bad | print_dtypes(out, layout);
}

int mv_layout_print_facts(struct mv_buf *out, const struct mv_layout *layout,
			  struct mv_err *err)
{
	int bad;

	bad = mv_buf_addf(out, "format: %s\n",
			  layout->format ? layout->format : "unknown");
	if (!layout->not_listed)
		bad |= print_counts(out, layout);
	for (size_t i = 0; i < layout->meta_count; i++) {
		const char *k = layout->meta_keys[i];
		const char *v = layout->meta_values[i];

		bad |= mv_buf_addstr(out, "metadata: ");
		bad |= mv_buf_add_safe(out, k, strlen(k));
		bad |= mv_buf_addstr(out, " = ");
		bad |= mv_buf_add_safe(out, v, strlen(v));
		bad |= mv_buf_addch(out, '\n');
	}
	for (size_t i = 0; i < layout->note_count; i++)
		bad |= mv_buf_addf(out, "note: %s\n", layout->notes[i]);
	return bad ? mv_nomem(err) : 0;
}

static int print_tensor(struct mv_buf *out, const struct mv_tensor *t)
{
	int bad = mv_buf_add_safe(out, t->name, strlen(t->name));

	bad |= mv_buf_addch(out, ' ');
	bad |= mv_buf_add_safe(out, t->dtype_name, strlen(t->dtype_name));
	bad |= mv_buf_addstr(out, t->big_endian ? "(big-endian) [" : " [");
	for (uint32_t i = 0; i < t->rank; i++)
		bad |= mv_buf_addf(out, "%s%" PRIu64, i ? ", " : "",
				   t->shape[i]);
	bad |= mv_buf_addf(out, "] %" PRIu64, t->length);
	if (t->elsewhere) {
		bad |= mv_buf_addstr(out, " in ");
		bad |= mv_buf_add_safe(out, t->elsewhere,
				       strlen(t->elsewhere));
	}
	return bad | mv_buf_addch(out, '\n');
}

int mv_layout_print(struct mv_buf *out, const struct mv_layout *layout,
		    struct mv_err *err)
{
	int rc = mv_layout_print_facts(out, layout, err);

	for (size_t i = 0; i < layout->count && !rc; i++)
		if (print_tensor(out, &layout->tensors[i]))
			rc = mv_nomem(err);
	return rc;
}
