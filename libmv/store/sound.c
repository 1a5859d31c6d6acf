/* SPDX-License-Identifier: MIT */
#include "libmv/base/grow.h"
#include "libmv/store/internal.h"
#include "libmv/store/store.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/*
 * An index says what was written; whether the pack is still there nobody but
 * the pack can say (a copy that was cut short, a disk's rescue, a hand that
 * slipped). So whoever wants to rely on a record, and throw away bytes of its
 * own for it, looks once at each pack that it is led to: is it there, and is
 * its end what was written last? That costs an open and a read of 48 bytes per
 * pack and process, and no more.
 */

/* The trailer was written last and names the pack. */
static int check_end(struct mv_pack_file *file, int fd, struct mv_err *err)
{
	uint8_t have[MV_PACK_TRAILER], want[MV_PACK_TRAILER];
	struct stat st;
	size_t got = 0;
	int rc = 0;

	if (fstat(fd, &st) < 0)
		return mv_fail(err, MV_EIO, "cannot stat '%s'", file->path);
	if (st.st_size >= MV_PACK_HEADER + MV_PACK_TRAILER)
		rc = mv_pread_full(fd, have, sizeof(have),
				   (uint64_t)st.st_size - sizeof(have), &got,
				   file->path, err);
	if (rc)
		return rc;
	mv_pack_trailer(want, 0, &file->id);
	if (got == sizeof(have))
		memcpy(want + 8, have + 8, 8);	/* the count, whatever it is */
	if (got != sizeof(have) || memcmp(want, have, sizeof(have)))
		return mv_fail(err, MV_ECORRUPT,
			       "pack '%s' does not end where it should",
			       file->path);
	return 0;
}

int mv_pack_sound(struct mv_pack_file *file, struct mv_err *err)
{
	int fd, rc;

	if (atomic_load_explicit(&file->sound, memory_order_relaxed))
		return 0;
	rc = mv_pack_use(&fd, file->store, file, err);
	if (!rc) {
		rc = check_end(file, fd, err);
		mv_pack_done(file->store, file);
	}
	/* A newer version's, or one that only others may read: it is there. */
	if (rc == MV_ENOTSUP || rc == MV_EDENIED)
		rc = 0;
	if (!rc)
		atomic_store_explicit(&file->sound, 1, memory_order_relaxed);
	return rc;
}

/* -- all packs of a snapshot ---------------------------------------------- */

struct names {
	struct mv_oid *ids;
	size_t count, alloc;
};

static int sound_add_name(void *payload, const char *name, struct mv_err *err)
{
	struct names *n = payload;
	struct mv_oid id;

	if (strlen(name) != MV_OID_HEX + 5 ||
	    mv_oid_parse(&id, name, MV_OID_HEX) ||
	    strcmp(name + MV_OID_HEX, ".pack"))
		return 0;
	if (MV_GROW(n->ids, n->alloc, n->count + 1, err))
		return MV_ENOMEM;
	n->ids[n->count++] = id;
	return 0;
}

static int sound_by_oid(const void *a, const void *b)
{
	return mv_oid_cmp(a, b);
}

static int all_there(const struct mv_snapshot *s, const struct names *n)
{
	for (size_t i = 0; i < s->count; i++)
		for (uint32_t k = 0; k < s->index[i]->packs; k++)
			if (mv_ids_find(n->ids, n->count,
					&s->index[i]->pack_ids[k]) < 0)
				return 0;
	return 1;
}

/* The folder is read once, not each pack asked for: there may be thousands. */
int mv_snapshot_whole(struct mv_snapshot *s, struct mv_store *store)
{
	struct names n = { NULL, 0, 0 };
	int whole = atomic_load_explicit(&s->whole, memory_order_relaxed);

	if (whole)
		return whole > 0;
	if (mv_each_entry(store->packs_dir, sound_add_name, &n, NULL))
		n.count = 0;	/* who may not look trusts nothing */
	if (n.count)
		qsort(n.ids, n.count, sizeof(*n.ids), sound_by_oid);
	whole = all_there(s, &n);
	free(n.ids);
	atomic_store_explicit(&s->whole, whole ? 1 : -1, memory_order_relaxed);
	return whole;
}
