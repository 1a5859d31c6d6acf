/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/opt.h"
#include "cmd/out.h"
#include "libmv/base/config.h"
#include "libmv/base/fs.h"
#include "libmv/base/hash.h"
#include "libmv/base/json.h"
#include "libmv/base/utf8.h"
#include "libmv/format/format.h"
#include "libmv/repo/repo.h"
#include "libmv/store/pointer.h"
#include "libmv/transfer/transfer.h"

static const char *const usage[] = {
	"git model inspect [--tensors] [--json] [--] <file>",
	"git model inspect [--tensors] [--json] [--] <rev>:<path> | <oid>",
	NULL
};

enum { NAME_WIDTH_MAX = 64, SHAPE_WIDTH_MAX = 32, BLOCK = 1 << 20 };
#define OUTPUT_MAX ((size_t)1 << 30)

/* A file, or content of the repository around us. */
struct source {
	const char *name;
	int fd;
	struct mv_repo *repo;
	struct mv_pointer pointer;
	uint64_t size;
	int failed;		/* of a read: MV_ENOENT would mislead */
};

/* -- where the bytes are -------------------------------------------------- */

static void inspect_warn(void *payload, const char *message)
{
	(void)payload;
	out_warn("%s", message);
}

static int open_repo(struct source *s, struct cmd_env *env,
		     struct mv_err *err)
{
	const struct mv_repo_options options = {
		.env = env->proc, .progress = env->meter, .warn = inspect_warn
	};
	int rc = mv_repo_open(&s->repo, &options, err);

	if (rc < 0)
		s->repo = NULL;
	return rc;
}

/* The content that a small file in the work tree only stands for. */
static int follow_pointer(struct source *s, struct cmd_env *env,
			  struct mv_err *err)
{
	char text[MV_POINTER_MAX];
	size_t len;
	int rc;

	rc = mv_pread_full(s->fd, text, sizeof(text), 0, &len, s->name, err);
	if (rc < 0)
		return rc;
	rc = mv_pointer_parse(&s->pointer, text, len, err);
	if (rc == MV_ENOENT)
		return 0;
	if (rc < 0)
		return rc;
	rc = open_repo(s, env, err);
	if (rc < 0) {
		mv_err_prefix(err, "'%s' is a pointer", s->name);
		return rc;
	}
	s->size = s->pointer.size;
	return 0;
}

/* MV_ENOENT: no such file. A pipe or a device is not waited for. */
static int open_file(struct source *s, struct cmd_env *env,
		     struct mv_err *err)
{
	struct stat st;

	s->fd = open(s->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (s->fd < 0 && (errno == ENOTDIR || errno == ENAMETOOLONG))
		errno = ENOENT;
	if (s->fd < 0 || fstat(s->fd, &st) < 0)
		return mv_fail_errno(err, errno, "cannot open '%s'", s->name);
	if (!S_ISREG(st.st_mode))
		return mv_fail(err, MV_EINVALID, "'%s' is not a regular file",
			       s->name);
	s->size = (uint64_t)st.st_size;
	return s->size < MV_POINTER_MAX ? follow_pointer(s, env, err) : 0;
}

/* "rev:path", or an oid. */
static int names_content(const char *name)
{
	return strchr(name, ':') || strlen(name) == MV_OID_HEX;
}

static int open_source(struct source *s, struct cmd_env *env,
		       struct mv_err *err)
{
	int rc = open_file(s, env, err);

	if (rc != MV_ENOENT || s->fd >= 0 || !names_content(s->name))
		return rc;
	rc = open_repo(s, env, err);
	if (rc < 0) {
		mv_err_prefix(err, "'%s' is no file here", s->name);
		return rc;
	}
	rc = mv_transfer_resolve(&s->pointer, s->repo, s->name, err);
	s->size = s->pointer.size;
	if (!rc && s->size == UINT64_MAX)
		rc = mv_fail(err, MV_ENOENT, "the content '%s' is not here",
			     s->name);
	return rc;
}

static void close_source(struct source *s)
{
	if (s->fd >= 0)
		close(s->fd);
	mv_repo_close(s->repo);
}

static int read_at(void *payload, uint64_t off, void *data, size_t len,
		   size_t *got, struct mv_err *err)
{
	struct source *s = payload;

	if (s->repo)
		s->failed = mv_transfer_read_at(s->repo, &s->pointer, off, data,
						len, got, err);
	else
		s->failed = mv_pread_full(s->fd, data, len, off, got, s->name,
					  err);
	return s->failed;
}

/* -- the bytes of tensors ------------------------------------------------- */

/* Do its bytes lie in this file, as they are? */
static int lies_here(const struct mv_tensor *t)
{
	return t->offset && !t->elsewhere;
}

static int hash_tensor(char hex[MV_OID_HEX + 1], struct source *s,
		       struct mv_hasher *hasher, uint8_t *block,
		       const struct mv_tensor *t, struct mv_err *err)
{
	uint64_t done = 0;
	struct mv_oid oid;
	size_t got;
	int rc = mv_hasher_reset(hasher, err);

	while (!rc && done < t->length) {
		uint64_t left = t->length - done;

		rc = read_at(s, t->offset + done, block,
			     left < BLOCK ? (size_t)left : BLOCK, &got, err);
		if (!rc && !got)
			rc = mv_fail(err, MV_EIO,
				     "it became shorter while it was read");
		if (!rc)
			rc = mv_hasher_update(hasher, block, got, err);
		done += got;
	}
	if (!rc)
		rc = mv_hasher_final(oid.b, hasher, err);
	if (!rc)
		mv_oid_hex(hex, &oid);
	return rc;
}

/* One SHA-256 per tensor, in hexadecimal; "" where there are no bytes. */
static int hash_tensors(char (**out)[MV_OID_HEX + 1], struct source *s,
			const struct mv_layout *layout, struct mv_err *err)
{
	uint8_t *block = malloc(BLOCK);
	struct mv_hasher *hasher = NULL;
	int rc;

	*out = calloc(layout->count ? layout->count : 1, sizeof(**out));
	rc = *out && block ? mv_hasher_new(&hasher, MV_HASH_SHA256, err) :
		mv_nomem(err);
	for (size_t i = 0; i < layout->count && !rc; i++)
		if (lies_here(&layout->tensors[i]))
			rc = hash_tensor((*out)[i], s, hasher, block,
					 &layout->tensors[i], err);
	mv_hasher_free(hasher);
	free(block);
	return rc;
}

/* What the model is called by its builders, from the file's own metadata. */
static const char *architecture(const struct mv_layout *layout)
{
	static const char *const keys[] = {
		"general.architecture", "architecture", "model_type",
		"class_name", "class"
	};

	for (size_t k = 0; k < sizeof(keys) / sizeof(*keys); k++)
		for (size_t i = 0; i < layout->meta_count; i++)
			if (!strcmp(layout->meta_keys[i], keys[k]))
				return layout->meta_values[i];
	return NULL;
}

/* -- text ----------------------------------------------------------------- */

static int add_shape(struct mv_buf *out, const struct mv_tensor *t)
{
	int bad = mv_buf_addch(out, '[');

	for (uint32_t i = 0; i < t->rank; i++)
		bad |= mv_buf_addf(out, "%s%" PRIu64, i ? ", " : "",
				   t->shape[i]);
	bad |= mv_buf_addch(out, ']');
	for (uint32_t i = 0; t->stride && i < t->rank; i++)
		bad |= mv_buf_addf(out, "%s%" PRIu64, i ? ", " : " by [",
				   t->stride[i]);
	return t->stride && t->rank ? bad | mv_buf_addch(out, ']') : bad;
}

/* Where its bytes are, how many, and what they hash to. */
static int add_place(struct mv_buf *out, const struct mv_tensor *t,
		     const char *hex)
{
	int bad = t->offset || t->elsewhere ?
		mv_buf_addf(out, "%" PRIu64, t->offset) :
		mv_buf_addch(out, '-');

	bad |= mv_buf_addf(out, "+%" PRIu64 "  ", t->length);
	if (!t->elsewhere)
		return bad | mv_buf_addstr(out, *hex ? hex : "-");
	bad |= mv_buf_addstr(out, "in ");
	return bad | mv_buf_add_safe(out, t->elsewhere, strlen(t->elsewhere));
}

/* Spaces up to column `to` of the line that began at `line`, at least two. */
static int pad(struct mv_buf *out, size_t line, size_t to)
{
	size_t used = out->len - line;

	return mv_buf_addf(out, "%*s", used + 2 < to ? (int)(to - used) : 2,
			   "");
}

static size_t widest(size_t a, size_t b, size_t max)
{
	return b > a && b <= max ? b : a;
}

/* Cells are made twice: first to see how wide the columns are. */
static int inspect_add_row(struct mv_buf *out, const struct mv_tensor *t,
			   const char *hex, size_t width[3])
{
	size_t line = out->len, at = line;
	char size[32];
	int bad;

	bad = mv_buf_add_safe(out, t->name, strlen(t->name));
	width[0] = widest(width[0], out->len - at, NAME_WIDTH_MAX);
	bad |= pad(out, line, width[0] + 2);
	at = out->len;
	bad |= mv_buf_add_safe(out, t->dtype_name, strlen(t->dtype_name));
	if (t->big_endian)
		bad |= mv_buf_addstr(out, "(big-endian)");
	width[1] = widest(width[1], out->len - at, SHAPE_WIDTH_MAX);
	bad |= pad(out, line, width[0] + width[1] + 4);
	at = out->len;
	bad |= add_shape(out, t);
	width[2] = widest(width[2], out->len - at, SHAPE_WIDTH_MAX);
	bad |= pad(out, line, width[0] + width[1] + width[2] + 6);
	bad |= hex ? add_place(out, t, hex) :
		mv_buf_addstr(out, mv_print_size(size, t->length));
	return bad | mv_buf_addch(out, '\n');
}

static int add_table(struct mv_buf *out, const struct mv_layout *layout,
		     char (*hex)[MV_OID_HEX + 1])
{
	size_t width[3] = { 0, 0, 0 };
	size_t begin;
	int bad = mv_buf_addch(out, '\n');

	begin = out->len;
	for (int pass = 0; pass < 2; pass++) {
		out->len = begin;
		for (size_t i = 0; i < layout->count; i++)
			bad |= inspect_add_row(out, &layout->tensors[i],
					       hex ? hex[i] : NULL, width);
	}
	return bad;
}

static int print_text(const struct source *s, const struct mv_layout *layout,
		      char (*hex)[MV_OID_HEX + 1], struct mv_err *err)
{
	const char *made_as = architecture(layout);
	char size[32];
	struct mv_buf out, head;
	int rc;

	mv_buf_init(&head, OUTPUT_MAX);
	mv_buf_init(&out, OUTPUT_MAX);
	rc = mv_layout_print_facts(&out, layout, err);
	if (!rc && layout->count && add_table(&out, layout, hex))
		rc = mv_nomem(err);
	if (!rc && made_as &&
	    (mv_buf_addstr(&head, "architecture: ") ||
	     mv_buf_add_safe(&head, made_as, strlen(made_as)) ||
	     mv_buf_addch(&head, '\n')))
		rc = mv_nomem(err);
	if (!rc) {
		out_line("size: %s (%" PRIu64 " bytes)",
			 mv_print_size(size, s->size), s->size);
		out_text(&head);
		out_text(&out);
	}
	mv_buf_release(&head);
	mv_buf_release(&out);
	return rc;
}

/* -- JSON ----------------------------------------------------------------- */

/* Text of the file; what is not UTF-8 is added exactly, in hexadecimal. */
static void set_text(struct mv_json *object, const char *key, const char *s)
{
	size_t len = strlen(s), n;
	struct mv_buf hex;
	uint32_t cp;

	mv_json_set(object, key, mv_json_str(s));
	for (size_t i = 0; i < len; i += n) {
		n = mv_utf8_next(&cp, s + i, len - i);
		if (!n)
			break;
		if (i + n == len)
			return;
	}
	if (!len)
		return;
	mv_buf_init(&hex, OUTPUT_MAX);
	for (size_t i = 0; i < len; i++)
		mv_buf_addf(&hex, "%02x", (unsigned char)s[i]);
	mv_json_set(object, !strcmp(key, "name") ? "name_hex" : "value_hex",
		    mv_json_strn(hex.data, hex.len));
	mv_buf_release(&hex);
}

static struct mv_json *count_json(uint64_t n)
{
	return n > INT64_MAX ? mv_json_null() : mv_json_int((int64_t)n);
}

static struct mv_json *counts_json(const uint64_t *n, uint32_t count)
{
	struct mv_json *list = mv_json_array();

	for (uint32_t i = 0; i < count; i++)
		mv_json_push(list, count_json(n[i]));
	return list;
}

struct listed {
	const struct mv_layout *layout;
	char (*hex)[MV_OID_HEX + 1];	/* NULL: not asked for */
};

static struct mv_json *tensor_json(void *payload, size_t i)
{
	const struct listed *l = payload;
	const struct mv_tensor *t = &l->layout->tensors[i];
	struct mv_json *o = mv_json_object();

	set_text(o, "name", t->name);
	mv_json_set(o, "dtype", mv_json_str(t->dtype_name));
	if (t->big_endian)
		mv_json_set(o, "big_endian", mv_json_bool(1));
	mv_json_set(o, "shape", counts_json(t->shape, t->rank));
	if (t->stride)
		mv_json_set(o, "stride", counts_json(t->stride, t->rank));
	if (t->elsewhere)
		set_text(o, "file", t->elsewhere);
	if (t->offset || t->elsewhere)
		mv_json_set(o, "offset", count_json(t->offset));
	mv_json_set(o, "size", count_json(t->length));
	if (l->hex && *l->hex[i])
		mv_json_set(o, "sha256", mv_json_str(l->hex[i]));
	return o;
}

static struct mv_json *dtypes_json(const struct mv_layout *layout)
{
	struct mv_dtype_sum sums[MV_DTYPE_SUMS];
	size_t n = mv_layout_dtypes(sums, MV_DTYPE_SUMS, layout);
	struct mv_json *all = mv_json_array();

	for (size_t i = 0; i < n; i++) {
		struct mv_json *o = mv_json_object();

		mv_json_set(o, "dtype", mv_json_str(sums[i].name));
		mv_json_set(o, "tensors", count_json(sums[i].tensors));
		mv_json_set(o, "parameters", count_json(sums[i].elements));
		mv_json_set(o, "size", count_json(sums[i].bytes));
		mv_json_push(all, o);
	}
	return all;
}

static struct mv_json *metadata_json(const struct mv_layout *layout)
{
	struct mv_json *all = mv_json_array();

	for (size_t i = 0; i < layout->meta_count; i++) {
		struct mv_json *o = mv_json_object();

		set_text(o, "name", layout->meta_keys[i]);
		set_text(o, "value", layout->meta_values[i]);
		mv_json_push(all, o);
	}
	return all;
}

static int inspect_print_json(const struct source *s,
			      const struct mv_layout *layout,
			      char (*hex)[MV_OID_HEX + 1])
{
	struct listed listed = { layout, hex };
	struct mv_json *top = mv_json_object();
	struct mv_json *notes = mv_json_array();
	const char *made_as = architecture(layout);

	for (size_t i = 0; i < layout->note_count; i++)
		mv_json_push(notes, mv_json_str(layout->notes[i]));
	mv_json_set(top, "size", count_json(s->size));
	mv_json_set(top, "format", mv_json_str(layout->format));
	if (made_as)
		set_text(top, "architecture", made_as);
	mv_json_set(top, "parameters", layout->format && !layout->not_listed ?
		    count_json(mv_layout_elements(layout)) : mv_json_null());
	mv_json_set(top, "dtypes", dtypes_json(layout));
	mv_json_set(top, "metadata", metadata_json(layout));
	mv_json_set(top, "notes", notes);
	return out_json_list(top, "tensors", layout->count, tensor_json,
			     &listed);
}

static int show(struct source *s, int tensors, int json, struct mv_err *err)
{
	char (*hex)[MV_OID_HEX + 1] = NULL;
	struct mv_layout layout;
	char size[32];
	int rc;

	rc = mv_format_parse_at(&layout, read_at, s, s->size, err);
	if (rc < 0 && (rc != MV_ENOENT || s->failed < 0)) {
		mv_err_prefix(err, "'%s'", s->name);
		return rc;
	}
	if (!rc && tensors) {
		rc = hash_tensors(&hex, s, &layout, err);
		if (rc < 0) {
			mv_err_prefix(err, "'%s'", s->name);
			goto out;
		}
	}
	if (!rc || json) {
		rc = json ? inspect_print_json(s, &layout, hex) :
			print_text(s, &layout, hex, err);
	} else {
		out_line("size: %s (%" PRIu64 " bytes)",
			 mv_print_size(size, s->size), s->size);
		out_line("format: unknown format");
		rc = 0;
	}
out:
	free(hex);
	mv_layout_release(&layout);
	return rc;
}

int cmd_inspect(int argc, const char **argv, struct cmd_env *env)
{
	int json = 0, tensors = 0, status;
	const struct opt opts[] = {
		OPT_BOOL('t', "tensors", &tensors,
			 "where each tensor is, and its SHA-256"),
		OPT_JSON(&json),
		OPT_END
	};
	struct source s = { .fd = -1 };
	struct mv_err err;
	int rc;

	argc = opt_parse(argc, argv, opts, usage);
	if (opt_count(argc, argv, 1, 1, opts, usage))
		return CMD_USAGE;
	s.name = argv[0];
	rc = open_source(&s, env, &err);
	if (!rc)
		rc = show(&s, tensors, json, &err);
	status = rc < 0 ? out_fatal(&err) : rc;	/* of inspect_print_json() */
	close_source(&s);
	return status;
}
