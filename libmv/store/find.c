/* SPDX-License-Identifier: MIT */
#include "libmv/store/internal.h"

#include <stdlib.h>
#include <string.h>

#include "libmv/base/bytes.h"
#include "libmv/store/store.h"

/*
 * In a sound pack, as mv_pack_sound() has it. Else MV_ENOENT, with in `spare`
 * the place in a pack that is there at least, or no file.
 */
static int find_sound(struct mv_place *out, struct mv_place *spare,
		      unsigned int *depth, struct mv_snapshot *s, enum mv_index_table table,
		      const struct mv_oid *id, struct mv_err *err)
{
	spare->file = NULL;
	*depth = 0;
	for (size_t i = 0; i < s->count; i++) {
		int64_t pos = mv_index_find(s->index[i], table, id);
		uint32_t pack;
		int rc;

		if (pos < 0)
			continue;
		rc = mv_index_locate(&pack, &out->off, s->index[i], table,
				     (uint64_t)pos, err);
		if (rc)
			return rc;
		out->file = s->index[i]->files[pack];
		*depth = mv_index_about(s->index[i], table, (uint64_t)pos) &
			 MV_ABOUT_DEPTH;
		rc = mv_pack_sound(out->file, err);
		if (rc == MV_ECORRUPT && !spare->file)
			*spare = *out;
		if (rc != MV_ECORRUPT && rc != MV_ENOENT)
			return rc;
	}
	return MV_ENOENT;
}

int mv_snapshot_find(struct mv_place *out, struct mv_snapshot *s,
		     enum mv_index_table table, const struct mv_oid *id,
		     struct mv_err *err)
{
	struct mv_place spare;
	unsigned int depth;
	int rc = find_sound(out, &spare, &depth, s, table, id, err);

	if (rc != MV_ENOENT || !spare.file)
		return rc;
	*out = spare;
	return 0;
}

int mv_snapshot_rely(struct mv_place *out, struct mv_snapshot *s,
		     enum mv_index_table table, const struct mv_oid *id,
		     struct mv_err *err)
{
	struct mv_place spare, place;
	unsigned int depth;
	struct mv_oid base;
	int rc = find_sound(out, &spare, &depth, s, table, id, err);

	/* A chunk is there if what it leans on is, and so on. */
	for (place = *out; !rc && depth;) {
		unsigned int above = depth;

		rc = mv_place_base(&base, place.file->store, &place, err);
		if (rc != 1)
			return rc ? rc : MV_ENOENT;	/* not what was said */
		rc = find_sound(&place, &spare, &depth, s, MV_INDEX_CHUNKS,
				&base, err);
		if (!rc && depth >= above)
			rc = MV_ENOENT;
	}
	return rc;
}

int mv_place_record(struct mv_pack_record *record, uint8_t *head,
		    uint8_t *stored,
		    size_t room, struct mv_store *store,
		    const struct mv_place *place, struct mv_err *err)
{
	const char *path = place->file->path;
	size_t got;
	int fd, rc;

	if (place->off > INT64_MAX - MV_RECORD_HEADER - MV_RECIPE_MAX)
		return mv_fail(err, MV_ECORRUPT, "pack '%s' is truncated",
			       path);
	rc = mv_pack_use(&fd, store, place->file, err);
	if (rc)
		return rc;
	rc = mv_pread_full(fd, head, MV_RECORD_HEADER, place->off, &got, path,
			   err);
	if (!rc && got < MV_RECORD_HEADER)
		rc = mv_fail(err, MV_ECORRUPT, "pack '%s' is truncated", path);
	if (!rc) {
		rc = mv_pack_record_parse(record, head, UINT64_MAX, err);
		if (rc)
			mv_err_prefix(err, "pack '%s' at offset %llu", path,
				      (unsigned long long)place->off);
	}
	if (!rc && stored && record->stored_len > room)
		rc = mv_fail(err, MV_ECORRUPT,
			     "pack '%s' at offset %llu: not the record expected",
			     path, (unsigned long long)place->off);
	if (!rc && stored) {
		rc = mv_pread_full(fd, stored, record->stored_len,
				   place->off + MV_RECORD_HEADER, &got, path,
				   err);
		if (!rc && got < record->stored_len)
			rc = mv_fail(err, MV_ECORRUPT,
				     "pack '%s' is truncated", path);
	}
	mv_pack_done(store, place->file);
	return rc;
}

int mv_place_base(struct mv_oid *base, struct mv_store *store,
		  const struct mv_place *place, struct mv_err *err)
{
	uint8_t head[MV_RECORD_HEADER + MV_LEAN_HEAD];
	const char *path = place->file->path;
	unsigned int depth;
	size_t got;
	int fd, rc = mv_pack_use(&fd, store, place->file, err);

	if (rc)
		return rc;
	rc = mv_pread_full(fd, head, sizeof(head), place->off, &got, path,
			   err);
	mv_pack_done(store, place->file);
	if (!rc && got < MV_RECORD_HEADER)
		rc = mv_fail(err, MV_ECORRUPT, "pack '%s' is truncated", path);
	/* Two records of the pack's end may be shorter than what is read. */
	return rc ? rc : mv_codec_base(base, &depth, head[1], head[2],
				       head + MV_RECORD_HEADER,
				       got - MV_RECORD_HEADER, err);
}

/* Once: MV_ENOENT when it is unknown, or its pack has just gone. */
static int try_record(struct mv_pack_record *record, uint8_t *head,
		      uint8_t *stored, struct mv_store *store,
		      struct mv_snapshot *s, enum mv_index_table table,
		      const struct mv_oid *id, struct mv_err *err)
{
	struct mv_place place;
	int rc = mv_snapshot_find(&place, s, table, id, err);

	return rc ? rc : mv_place_record(record, head, stored, MV_CHUNK_MAX,
					 store, &place, err);
}

/*
 * After MV_ENOENT: is there anything newer to look into than what `*s` was?
 * Another thread may have listed the indexes already, so compare with what
 * we used, not with what was there last. Takes and gives a reference.
 */
int mv_snapshot_newer(struct mv_snapshot **s, struct mv_store *store)
{
	struct mv_snapshot *fresh;
	int newer;

	if (mv_store_refresh(store, NULL) ||
	    mv_store_snapshot(&fresh, store, NULL))
		return 0;
	newer = fresh != *s;
	mv_snapshot_release(store, *s);
	*s = fresh;
	return newer;
}

int mv_record_find(struct mv_pack_record *record, uint8_t *head,
		   uint8_t *stored,
		   struct mv_store *store, enum mv_index_table table,
		   const struct mv_oid *id, struct mv_err *err)
{
	char hex[MV_OID_HEX + 1];
	struct mv_snapshot *s;
	int rc;

	rc = mv_store_snapshot(&s, store, err);
	if (rc)
		return rc;
	for (int tries = 0; tries < MV_LOOK_AGAIN; tries++) {
		rc = try_record(record, head, stored, store, s, table, id,
				err);
		if (rc != MV_ENOENT || !mv_snapshot_newer(&s, store))
			break;
	}
	mv_snapshot_release(store, s);
	if (rc != MV_ENOENT)
		return rc;
	return mv_fail(err, MV_ENOENT, "%s %s is not in store '%s'",
		       table == MV_INDEX_CHUNKS ? "chunk" : "content",
		       mv_oid_hex(hex, id), store->dir);
}
