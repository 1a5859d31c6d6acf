/* SPDX-License-Identifier: MIT */
#include "libmv/format/parts.h"

#include <archive.h>
#include <archive_entry.h>
#include <dlfcn.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/library.h"

/*
 * The door to libarchive. It is loaded when an archive is listed and at no
 * other time: the filter starts for every `git status` and need not pay for
 * the compressors behind it. The types of its functions come from its
 * header, so a call is checked like any other.
 *
 * Used for NPZ: a zip of .npy members. Only their headers are unpacked.
 */
#define LIBARCHIVE "libarchive.so.13"
#define UNPACKED_MAX (64u * 1024 * 1024)	/* headers of all members */
#define MEMBER_HEAD_MAX (65536u + 12)
#define BLOCK 65536u
#define METHOD_DEFLATE 8u

#define FUNCTIONS(F) \
	F(read_new) F(read_free) F(read_support_format_zip_seekable) \
	F(read_set_read_callback) F(read_set_seek_callback) \
	F(read_set_callback_data) F(read_open1) F(read_next_header) \
	F(read_data) F(entry_pathname_utf8) \
	F(entry_pathname) F(entry_size) F(entry_size_is_set) \
	F(entry_filetype) F(entry_is_data_encrypted)

struct lib {
	void *handle;
#define DECLARE(name) __typeof__(&archive_##name) name;
	FUNCTIONS(DECLARE)
#undef DECLARE
};

struct source {
	mv_read_at_fn fn;
	void *payload;
	uint64_t size;
	uint64_t pos;
	uint8_t *block;
	struct mv_err *err;
	int code;		/* of a failed read */
};

struct npz {
	struct lib lib;
	struct archive *a;
	struct source src;
	struct mv_layout *out;
	const struct mv_zip *zip;
	size_t count;			/* members seen */
	uint8_t *head;
	size_t unpacked;
	struct mv_err *err;
};

static int archive_load(struct lib *lib, struct mv_err *err)
{
	static const char *const name[] = {
#define NAME(n) "archive_" #n,
		FUNCTIONS(NAME)
	};
	void **to[] = {
#define PLACE(n) (void **)&lib->n,
		FUNCTIONS(PLACE)
	};

	return mv_library_open(&lib->handle, LIBARCHIVE, 0,
			       "archives are listed by it", name, to,
			       sizeof(name) / sizeof(*name), err);
}

/* -- libarchive reads through these --------------------------------------- */

static la_ssize_t source_read(struct archive *a, void *payload,
			      const void **data)
{
	struct source *src = payload;
	uint64_t left = src->size - src->pos;
	size_t got = 0;

	(void)a;
	*data = src->block;
	src->code = src->fn(src->payload, src->pos, src->block,
			    left < BLOCK ? (size_t)left : BLOCK, &got,
			    src->err);
	if (src->code < 0)
		return ARCHIVE_FATAL;
	src->pos += got;
	return (la_ssize_t)got;
}

static la_int64_t source_seek(struct archive *a, void *payload,
			      la_int64_t off, int whence)
{
	struct source *src = payload;
	uint64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ?
		src->pos : src->size;
	int64_t to;

	(void)a;
	if (__builtin_add_overflow((int64_t)base, off, &to) || to < 0 ||
	    (uint64_t)to > src->size)
		return ARCHIVE_FATAL;
	src->pos = (uint64_t)to;
	return to;
}

/* What libarchive says may quote the archive: only its code is passed on. */
static int failed(struct npz *z, const char *what)
{
	if (z->src.code < 0)
		return z->src.code;
	return mv_fail(z->err, MV_EINVALID, "the zip archive is damaged: %s",
		       what);
}

static int member_failed(struct npz *z, const char *name, size_t len,
			 const char *what)
{
	const struct mv_zip_member *m = mv_zip_find(z->zip, name, len);
	char shown[MV_SHOWN];

	if (z->src.code < 0)
		return z->src.code;
	mv_name_shown(shown, name, len);
	if (m && m->method && m->method != METHOD_DEFLATE)
		return mv_fail(z->err, MV_EINVALID,
			       "the zip archive is damaged: member '%s' %s (packed by method %u)",
			       shown, what, m->method);
	return mv_fail(z->err, MV_EINVALID,
		       "the zip archive is damaged: member '%s' %s", shown,
		       what);
}

static int open_zip(struct npz *z)
{
	struct lib *l = &z->lib;

	z->a = l->read_new();
	z->src.block = malloc(BLOCK);
	z->head = malloc(MEMBER_HEAD_MAX);
	if (!z->a || !z->src.block || !z->head)
		return mv_nomem(z->err);
	if (l->read_support_format_zip_seekable(z->a) != ARCHIVE_OK ||
	    l->read_set_read_callback(z->a, source_read) != ARCHIVE_OK ||
	    l->read_set_seek_callback(z->a, source_seek) != ARCHIVE_OK ||
	    l->read_set_callback_data(z->a, &z->src) != ARCHIVE_OK)
		return mv_nomem(z->err);
	if (l->read_open1(z->a) != ARCHIVE_OK)
		return failed(z, "its directory cannot be read");
	return 0;
}

/* Unpack until `want` bytes of the member's head are there. */
static int member_head(struct npz *z, const char *name, size_t len,
		       size_t *have, size_t want)
{
	while (*have < want) {
		la_ssize_t n = z->lib.read_data(z->a, z->head + *have,
						want - *have);

		if (n <= 0)
			return member_failed(z, name, len, n < 0 ?
					     "cannot be unpacked" :
					     "ends early");
		*have += (size_t)n;
		z->unpacked += (size_t)n;
	}
	return 0;
}

/* A stored array lies in the file as it is. */
static uint64_t place_of(const struct npz *z, const char *name, size_t len,
			 const struct mv_tensor *t)
{
	const struct mv_zip_member *m = mv_zip_find(z->zip, name, len);

	return m && !m->method ? m->data + t->offset : 0;
}

static int copy_tensor(struct npz *z, const struct mv_layout *from,
		       const char *name, size_t len)
{
	struct mv_tensor t = from->tensors[0];

	t.offset = place_of(z, name, len, &t);
	if (mv_layout_copy(z->out, &t, name, len - 4, z->err) < 0)
		return MV_ENOMEM;
	for (size_t i = 0; i < from->note_count; i++)
		if (mv_layout_note(z->out, from->notes[i], z->err) < 0)
			return MV_ENOMEM;
	return 0;
}

static int one_array(struct npz *z, const char *name, size_t len,
		     uint64_t size)
{
	uint64_t need = size < 128 ? size : 128;
	struct mv_layout layout;
	char shown[MV_SHOWN];
	size_t have = 0;
	int rc;

	do {
		if (need > MEMBER_HEAD_MAX ||
		    z->unpacked + need > UNPACKED_MAX)
			return mv_fail(z->err, MV_EINVALID,
				       "the headers of the arrays are too long");
		rc = member_head(z, name, len, &have, (size_t)need);
		if (rc < 0)
			return rc;
		rc = mv_format_parse(&layout, &need, z->head, have, size,
				     z->err);
	} while (rc == MV_EBUSY && need > have);
	if (!rc && strcmp(layout.format, "npy")) {
		mv_layout_release(&layout);
		rc = MV_ENOENT;
	}
	if (rc == MV_ENOENT)
		return mv_fail(z->err, MV_EINVALID, "member '%s' is not NPY",
			       mv_name_shown(shown, name, len));
	if (rc < 0) {
		mv_err_prefix(z->err, "member '%s'",
			      mv_name_shown(shown, name, len));
		return rc;
	}
	rc = copy_tensor(z, &layout, name, len);
	mv_layout_release(&layout);
	return rc;
}

static int is_npy(const char *name, size_t len)
{
	return len > 4 && !memcmp(name + len - 4, ".npy", 4);
}

static int one_member(struct npz *z, struct archive_entry *e)
{
	const char *name = z->lib.entry_pathname_utf8(e);
	size_t len;

	if (!name)
		name = z->lib.entry_pathname(e);
	if (!name)
		return failed(z, "a member's name cannot be read");
	len = strlen(name);
	if (z->lib.entry_filetype(e) != S_IFREG || !is_npy(name, len))
		return mv_layout_note(z->out, "has members that are no arrays",
				      z->err);
	if (z->lib.entry_is_data_encrypted(e))
		return member_failed(z, name, len, "is encrypted");
	if (!z->lib.entry_size_is_set(e) || z->lib.entry_size(e) < 0)
		return member_failed(z, name, len, "has no size");
	return one_array(z, name, len, (uint64_t)z->lib.entry_size(e));
}

static int all_members(struct npz *z)
{
	struct archive_entry *e;
	int rc, got;

	for (;;) {
		got = z->lib.read_next_header(z->a, &e);
		if (got == ARCHIVE_EOF)
			break;
		if (got != ARCHIVE_OK && got != ARCHIVE_WARN)
			return failed(z, "its directory cannot be read");
		if (z->count++ == z->zip->count)
			return failed(z, "it has members that its directory has not");
		rc = one_member(z, e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int mv_npz_list(struct mv_layout *out, const struct mv_zip *zip,
		mv_read_at_fn fn, void *payload, uint64_t size,
		struct mv_err *err)
{
	struct npz z = { .out = out, .zip = zip, .err = err };
	int rc;

	memset(out, 0, sizeof(*out));
	out->format = "npz";
	z.src.fn = fn;
	z.src.payload = payload;
	z.src.size = size;
	z.src.err = err;
	if (size > INT64_MAX)
		return mv_fail(err, MV_EINVALID, "the file is too large");
	rc = archive_load(&z.lib, err);
	if (!rc)
		rc = open_zip(&z);
	if (!rc)
		rc = all_members(&z);
	if (z.a)
		z.lib.read_free(z.a);
	if (z.lib.handle)
		dlclose(z.lib.handle);
	free(z.src.block);
	free(z.head);
	if (rc < 0)
		mv_layout_release(out);
	return rc;
}
