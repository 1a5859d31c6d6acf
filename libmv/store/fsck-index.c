/* SPDX-License-Identifier: MIT */
#include "libmv/store/internal.h"

#include "libmv/store/store.h"

/* What is in a pack, and what the indexes say of it: do they agree? */

static int is_left(const struct mv_entries *entries, uint64_t off)
{
	for (size_t i = 0; i < entries->leaning_count; i++)
		if (entries->leaning[i].off == off)
			return 1;
	return 0;
}

/* MV_ECORRUPT: the index names one of those that are left. */
static int leads_to_any(const struct mv_index *x,
			const struct mv_entries *entries,
			const struct mv_oid *pack)
{
	uint32_t number;
	uint64_t off;

	for (uint64_t k = 0; k < x->count[MV_INDEX_CHUNKS]; k++)
		if (!mv_index_locate(&number, &off, x, MV_INDEX_CHUNKS, k,
				     NULL) &&
		    mv_oid_eq(&x->pack_ids[number], pack) &&
		    is_left(entries, off))
			return MV_ECORRUPT;
	return 0;
}

/* What an index says of a record without reading it must be so. */
static int check_about(const struct mv_snapshot *s,
		       const struct mv_index_entry *e,
		       const struct mv_oid *pack, struct mv_err *err)
{
	uint32_t number;
	uint64_t off;

	for (size_t i = 0; i < s->count; i++) {
		const struct mv_index *x = s->index[i];
		int64_t pos = mv_index_find(x, MV_INDEX_CHUNKS, &e->id);

		if (pos < 0 ||
		    mv_index_locate(&number, &off, x, MV_INDEX_CHUNKS,
				    (uint64_t)pos, NULL) ||
		    off != e->off || !mv_oid_eq(&x->pack_ids[number], pack))
			continue;
		if ((mv_index_about(x, MV_INDEX_CHUNKS, (uint64_t)pos) ^
		     e->about) & MV_ABOUT_DEPTH)
			return mv_fail(err, MV_ECORRUPT,
				       "the index says otherwise what a chunk leans on");
	}
	return 0;
}

/* Is it named, and with the length that it has? */
static int compare_length(int *known, const struct mv_snapshot *s,
			  const struct mv_index_pack *pack, struct mv_err *err)
{
	*known = 0;
	for (size_t i = 0; i < s->count; i++)
		for (uint32_t k = 0; k < s->index[i]->packs; k++) {
			struct mv_index_pack p = mv_index_pack(s->index[i], k);

			if (!mv_oid_eq(&p.id, &pack->id))
				continue;
			*known = 1;
			if (p.len != pack->len)
				return mv_fail(err, MV_ECORRUPT,
					       "the index gives this pack another length");
		}
	return 0;
}

/* Does the index lead to exactly these records? */
int mv_fsck_entries(struct mv_store *store, const struct mv_entries *entries,
		    const struct mv_index_pack *pack, int *known,
		    struct mv_err *err)
{
	struct mv_snapshot *s;
	int rc = mv_store_snapshot(&s, store, err);

	if (rc)
		return rc;
	rc = compare_length(known, s, pack, err);
	for (int t = 0; *known && !rc && t < 2; t++)
		for (size_t i = 0; !rc && i < entries->count[t]; i++) {
			const struct mv_index_entry *e = &entries->e[t][i];
			struct mv_place place;

			if (t == MV_INDEX_CHUNKS)
				rc = check_about(s, e, &pack->id, err);
			if (rc)
				break;
			rc = mv_snapshot_find(&place, s,
					      (enum mv_index_table)t, &e->id,
					      err);
			/* gc forgets dead recipes: not finding one is fine */
			if (rc == MV_ENOENT)
				rc = 0;
			else if (!rc && mv_oid_eq(&place.file->id,
						   &pack->id) &&
				 place.off != e->off) {
				/* doubles inside one pack are fine */
				int twin = 0;

				for (size_t k = 0; k < entries->count[t]; k++)
					twin |= entries->e[t][k].off ==
						place.off &&
						mv_oid_eq(&entries->e[t][k].id,
							  &e->id);
				if (!twin)
					rc = mv_fail(err, MV_ECORRUPT,
						     "the index leads to the wrong place");
			}
		}
	mv_snapshot_release(store, s);
	return rc;
}

/*
 * Records whose base is missing. One that no index leads to is what gc forgot
 * together with its base, and harms nobody; `err` has spoken of another.
 */
int mv_fsck_left(struct mv_store *store, const struct mv_entries *entries,
		 const struct mv_oid *pack, struct mv_err *err)
{
	struct mv_snapshot *s;
	int rc = mv_store_snapshot(&s, store, NULL);

	if (rc)
		return mv_fail(err, rc, "cannot read the indexes");
	for (size_t i = 0; !rc && i < s->count; i++)
		rc = leads_to_any(s->index[i], entries, pack);
	mv_snapshot_release(store, s);
	return rc;
}
