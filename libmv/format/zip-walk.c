/* SPDX-License-Identifier: MIT */
#include "libmv/format/parts.h"

#include <stdlib.h>
#include <string.h>

#include "libmv/base/bytes.h"
#include "libmv/format/pickle.h"

/*
 * Where a zip is cut, from the headers before its members alone: a stream has
 * no directory yet. PyTorch's writer leaves the sizes there empty; its
 * data.pkl, which comes first, knows those of the storages, and ends where
 * the pickle does.
 */
#define VALUES_MAX (1u << 20)	/* of data.pkl: 16 MiB and the like */

enum place { PLACE_LOCAL, PLACE_ARRAY, PLACE_PICKLE, PLACE_END, PLACE_BEHIND };

struct zip_walk {
	struct mv_walk walk;
	enum place place;
	uint64_t begin;		/* of the member's data */
	uint64_t size;		/* UINT64_MAX: not said */
	int told_behind;	/* a descriptor follows the data */
	struct mv_pickle *pickle;
	struct mv_torch torch;
	int has_torch;
	char *folder;		/* of data.pkl, with its slash */
	size_t folder_len;
};

static int zip_bid(const uint8_t *data, size_t len)
{
	return len >= MV_ZIP_LOCAL && !memcmp(data, "PK\3\4", 4) ? 50 : 0;
}

static int over(struct zip_walk *z)
{
	z->walk.at = UINT64_MAX;
	return 0;
}

/* The member's data is `size` bytes long: what comes behind it? */
static int go_behind(struct zip_walk *z, uint64_t size)
{
	uint64_t end;

	if (__builtin_add_overflow(z->begin, size, &end) || end > INT64_MAX)
		return over(z);
	z->size = size;
	z->walk.at = end;
	z->place = z->told_behind ? PLACE_BEHIND : PLACE_LOCAL;
	return 0;
}

static int member_found(struct zip_walk *z, struct mv_err *err)
{
	const struct mv_tensor t = { .dtype = MV_DTYPE_FILE,
				     .dtype_name = "FILE", .unit = 1,
				     .offset = z->begin, .length = z->size };

	return z->walk.found(z->walk.payload, &t, err);
}

static int piece_found(void *payload, const struct mv_tensor *piece,
		       struct mv_err *err)
{
	struct zip_walk *z = payload;
	struct mv_tensor t = *piece;

	t.offset += z->begin;
	return z->walk.found(z->walk.payload, &t, err);
}

/* The storage that the member is, or storage_count. */
static size_t storage_named(const struct zip_walk *z, const char *name,
			    size_t len)
{
	size_t skip = z->folder_len + 5;

	if (len <= skip || memcmp(name, z->folder, z->folder_len) ||
	    memcmp(name + z->folder_len, "data/", 5))
		return z->torch.storage_count;
	return mv_torch_storage(&z->torch, name + skip, len - skip);
}

static int ends_with(const char *name, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && !memcmp(name + len - n, end, n);
}

static int begin_pickle(struct zip_walk *z, const char *name, size_t len,
			struct mv_err *err)
{
	z->folder_len = len - strlen("data.pkl");
	z->folder = malloc(z->folder_len + 1);
	if (!z->folder)
		return mv_nomem(err);
	memcpy(z->folder, name, z->folder_len);
	z->place = PLACE_PICKLE;
	return mv_pickle_new(&z->pickle, VALUES_MAX, err);
}

static int stored_member(struct zip_walk *z, const char *name, size_t len,
			 struct mv_err *err)
{
	if (!z->folder && ends_with(name, len, "/data.pkl"))
		return begin_pickle(z, name, len, err);
	if (z->has_torch) {
		size_t i = storage_named(z, name, len);
		uint64_t bytes = i < z->torch.storage_count ?
			z->torch.storages[i].bytes : UINT64_MAX;
		int rc;

		if (bytes != UINT64_MAX &&
		    (z->size == UINT64_MAX || z->size == bytes)) {
			rc = mv_torch_pieces(&z->torch, i, piece_found, z,
					     err);
			return rc ? rc : go_behind(z, bytes);
		}
	}
	if (ends_with(name, len, ".npy") && z->size) {
		z->place = PLACE_ARRAY;
		return 0;
	}
	if (z->size == UINT64_MAX) {
		z->place = PLACE_END;
		return 0;
	}
	if (member_found(z, err) < 0)
		return MV_ENOMEM;
	return go_behind(z, z->size);
}

static int at_local(struct zip_walk *z, const uint8_t *h, size_t len,
		    struct mv_err *err)
{
	size_t name_len, extra_len;
	uint64_t unpacked;
	unsigned method;

	if (len < MV_ZIP_LOCAL || memcmp(h, "PK\3\4", 4))
		return over(z);
	name_len = mv_le16(h + 26);
	extra_len = mv_le16(h + 28);
	method = mv_le16(h + 8);
	z->size = mv_le32(h + 18);
	unpacked = mv_le32(h + 22);
	if (len - MV_ZIP_LOCAL < name_len + extra_len ||
	    !mv_zip_wide(h + MV_ZIP_LOCAL + name_len, extra_len, &unpacked,
			 &z->size, NULL))
		return over(z);
	z->told_behind = mv_le16(h + 6) & 8;
	if (z->told_behind && !z->size)
		z->size = UINT64_MAX;
	z->begin = z->walk.at + MV_ZIP_LOCAL + name_len + extra_len;
	z->walk.at = z->begin;
	if (!method)
		return stored_member(z, (const char *)h + MV_ZIP_LOCAL, name_len,
				     err);
	if (z->size == UINT64_MAX)
		return over(z);
	if (member_found(z, err) < 0)
		return MV_ENOMEM;
	return go_behind(z, z->size);
}

static int at_array(struct zip_walk *z, const uint8_t *data, size_t len,
		    struct mv_err *err)
{
	struct mv_layout layout;
	struct mv_tensor t;
	uint64_t size = z->size;
	int rc;

	rc = mv_member_array(&t, &layout, data, len, size, err);
	if (rc < 0)
		return rc;
	if (!rc && size == UINT64_MAX)
		return over(z);
	if (rc) {
		size = t.offset + t.length;
		rc = piece_found(z, &t, err);
		mv_layout_release(&layout);
	} else {
		rc = member_found(z, err);
	}
	return rc < 0 ? rc : go_behind(z, size);
}

static int at_pickle(struct zip_walk *z, const uint8_t *data, size_t len,
		     struct mv_err *err)
{
	uint64_t used;
	int rc = mv_pickle_feed(z->pickle, data, len, &used, err);

	if (rc < 0)
		return rc;
	if (!rc) {
		z->walk.at += used;
		return used ? 0 : over(z);
	}
	used += z->walk.at - z->begin;
	if (z->size != UINT64_MAX && z->size != used)
		return over(z);
	rc = mv_torch_read(&z->torch, z->pickle, err);
	mv_pickle_free(z->pickle);
	z->pickle = NULL;
	if (rc < 0)
		return rc;
	z->has_torch = 1;
	return go_behind(z, used);
}

/* A small member of unknown size: a descriptor that tells how far it is. */
static int at_end(struct zip_walk *z, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i + 16 <= len; i++)
		if (data[i] == 'P' && !memcmp(data + i, "PK\7\10", 4) &&
		    mv_le32(data + i + 8) == i)
			return go_behind(z, i);
	return over(z);
}

/* Its sizes have 4 or 8 bytes; what follows says which. */
static int at_descriptor(struct zip_walk *z, const uint8_t *d, size_t len)
{
	uint64_t n = z->size;

	if (len >= 20 && !memcmp(d, "PK\7\10", 4) && mv_le32(d + 8) == n &&
	    !memcmp(d + 16, "PK\3\4", 4))
		z->walk.at += 16;
	else if (len >= 28 && !memcmp(d, "PK\7\10", 4) &&
		 mv_le64(d + 8) == n && !memcmp(d + 24, "PK\3\4", 4))
		z->walk.at += 24;
	else
		return over(z);
	z->place = PLACE_LOCAL;
	return 0;
}

static int zip_step(struct mv_walk *walk, const uint8_t *data, size_t len,
		    struct mv_err *err)
{
	struct zip_walk *z = (struct zip_walk *)walk;

	switch (z->place) {
	case PLACE_LOCAL:
		return at_local(z, data, len, err);
	case PLACE_ARRAY:
		return at_array(z, data, len, err);
	case PLACE_PICKLE:
		return at_pickle(z, data, len, err);
	case PLACE_END:
		return at_end(z, data, len);
	case PLACE_BEHIND:
		return at_descriptor(z, data, len);
	}
	return over(z);
}

static void zip_free(struct mv_walk *walk)
{
	struct zip_walk *z = (struct zip_walk *)walk;

	mv_pickle_free(z->pickle);
	mv_torch_release(&z->torch);
	free(z->folder);
	free(z);
}

static int zip_open(struct mv_walk **out, struct mv_err *err)
{
	struct zip_walk *z = calloc(1, sizeof(*z));

	if (!z)
		return mv_nomem(err);
	z->walk.step = zip_step;
	z->walk.free = zip_free;
	*out = &z->walk;
	return 0;
}

const struct mv_walker mv_walker_zip = { "zip", zip_bid, zip_open };
