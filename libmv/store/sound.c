/* SPDX-License-Identifier: MIT */
#include "libmv/store/internal.h"
#include "libmv/store/store.h"

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

/* One stat per pack: nothing is opened, there may be thousands. */
int mv_snapshot_whole(struct mv_snapshot *s)
{
	int whole = atomic_load_explicit(&s->whole, memory_order_relaxed);

	if (whole)
		return whole > 0;
	whole = 1;
	for (size_t i = 0; whole && i < s->count; i++)
		for (uint32_t k = 0; whole && k < s->index[i]->packs; k++)
			whole = !mv_index_pack_state(s->index[i], k);
	atomic_store_explicit(&s->whole, whole ? 1 : -1, memory_order_relaxed);
	return whole;
}
