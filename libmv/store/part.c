/* SPDX-License-Identifier: MIT */
#include "libmv/store/part.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/bytes.h"
#include "libmv/base/grow.h"
#include "libmv/store/internal.h"

/*
 * A file of partial/ is a recipe and the BLAKE3 of its bytes, and is named
 * like the content. A recipe among the records of a pack would say to every
 * reader, also to one that knows of no parts, that all chunks are there.
 */
#define PART_DIR "partial"

static char *part_path(const struct mv_store *store, const struct mv_oid *oid)
{
	char hex[MV_OID_HEX + 1];

	return mv_strf("%s/" PART_DIR "/%s", store->dir, mv_oid_hex(hex, oid));
}

/* -- a recipe of which not every chunk needs to be here ------------------- */

static int load_part(struct mv_recipe_reader *r, const struct mv_oid *oid,
		     struct mv_err *err)
{
	char *path = part_path(r->store, oid);
	struct mv_oid have;
	int rc = path ? mv_read_file(&r->bytes, path, err) : mv_nomem(err);

	if (rc)
		goto out;
	if (r->bytes.len < sizeof(have)) {
		rc = mv_fail(err, MV_ECORRUPT, "'%s' is damaged", path);
		goto out;
	}
	r->bytes.len -= sizeof(have);
	rc = mv_blake3(&have, r->bytes.data, r->bytes.len, err);
	if (!rc && memcmp(have.b, r->bytes.data + r->bytes.len,
			  sizeof(have)))
		rc = mv_fail(err, MV_ECORRUPT, "'%s' is damaged", path);
	if (!rc)
		rc = mv_recipe_parse(&r->recipe, (uint8_t *)r->bytes.data,
				     r->bytes.len, err);
	if (!rc && !mv_oid_eq(&r->recipe.oid, oid))
		rc = mv_fail(err, MV_ECORRUPT,
			     "'%s' is a recipe of another content", path);
out:
	free(path);
	return rc;
}

static int is_here(struct mv_store *store, struct mv_snapshot *s,
		   const struct mv_oid *id, struct mv_err *err)
{
	char hex[MV_OID_HEX + 1];
	struct mv_place place;
	int rc = mv_snapshot_rely(&place, s, MV_INDEX_CHUNKS, id, err);

	return rc != MV_ENOENT ? rc :
	       mv_fail(err, MV_ENOENT, "chunk %s is not in store '%s'",
		       mv_oid_hex(hex, id), store->dir);
}

/* Without its parts nobody knows which chunks it has. */
static int has_parts(struct mv_recipe_reader *r, struct mv_err *err)
{
	struct mv_snapshot *s;
	int rc;

	if (!r->recipe.depth)
		return 0;
	rc = mv_store_snapshot(&s, r->store, err);
	if (rc)
		return rc;
	for (uint32_t i = 0; !rc && i < r->recipe.count; i++)
		rc = is_here(r->store, s, mv_recipe_id(r->recipe.entries +
						       i * MV_RECIPE_PART),
			     err);
	mv_snapshot_release(r->store, s);
	return rc;
}

int mv_part_open(struct mv_recipe_reader *r, struct mv_store *store,
		 const struct mv_oid *oid, struct mv_err *err)
{
	int rc;

	memset(r, 0, sizeof(*r));
	r->store = store;
	mv_buf_init(&r->bytes, MV_RECIPE_MAX + 64);
	rc = load_part(r, oid, err);
	if (!rc)
		rc = has_parts(r, err);
	if (!rc)
		rc = mv_recipe_enter(r, err);
	if (rc)
		mv_recipe_close(r);
	return rc;
}

/* The content's own recipe, verified when it came, if there is one. */
static int open_any(struct mv_recipe_reader *r, int *vouched,
		    struct mv_store *store, const struct mv_oid *oid,
		    struct mv_err *err)
{
	char hex[MV_OID_HEX + 1];
	int rc = mv_recipe_open(r, store, oid, err);

	*vouched = !rc;
	if (!rc) {
		rc = has_parts(r, err);
		if (rc)
			mv_recipe_close(r);
	}
	if (rc != MV_ENOENT)
		return rc;
	rc = mv_part_open(r, store, oid, err);
	*vouched = 0;
	return rc != MV_ENOENT ? rc :
	       mv_fail(err, MV_ENOENT, "nothing of content %s is in store '%s'",
		       mv_oid_hex(hex, oid), store->dir);
}

int mv_store_part_has(struct mv_store *store, const struct mv_oid *oid,
		      uint64_t *size, int *vouched, struct mv_err *err)
{
	struct mv_recipe_reader r;
	int proven, rc = open_any(&r, &proven, store, oid, err);

	if (rc)
		return rc;
	if (size)
		*size = r.recipe.size;
	if (vouched)
		*vouched = proven;
	mv_recipe_close(&r);
	return 0;
}

/* -- reading -------------------------------------------------------------- */

/* A chunk of it that is gone is no damage: it was perhaps never here. */
static int load_chunk(struct mv_recipe_reader *r, struct mv_scratch *scratch,
		      const uint8_t *entry, uint32_t *len, struct mv_err *err)
{
	struct mv_snapshot *s;
	int rc = mv_store_snapshot(&s, r->store, err);

	if (rc)
		return rc;
	rc = is_here(r->store, s, mv_recipe_id(entry), err);
	mv_snapshot_release(r->store, s);
	*len = mv_le32(entry + 32);
	return rc ? rc : mv_chunk_load(scratch->raw, len, r->store, scratch,
				       mv_recipe_id(entry), err);
}

static int read_range(struct mv_recipe_reader *r, struct mv_scratch *scratch,
		      uint64_t off, uint8_t *data, size_t len, size_t *got,
		      struct mv_err *err)
{
	const uint8_t *entry;
	uint64_t pos;
	int rc = 0;

	mv_recipe_skip(r, off, &pos);
	while (*got < len && (rc = mv_recipe_next(&entry, r, err)) == 1) {
		uint32_t n = mv_le32(entry + 32), from;

		pos += n;
		if (pos <= off)
			continue;
		rc = load_chunk(r, scratch, entry, &n, err);
		if (rc)
			break;
		from = (uint32_t)(off + *got - (pos - n));
		if (n - from > len - *got)
			n = from + (uint32_t)(len - *got);
		memcpy(data + *got, scratch->raw + from, n - from);
		*got += n - from;
	}
	return rc > 0 ? 0 : rc;
}

int mv_store_part_read_at(struct mv_store *store, const struct mv_oid *oid,
			  uint64_t off, void *data, size_t len, size_t *got,
			  struct mv_err *err)
{
	struct mv_scratch *scratch;
	struct mv_recipe_reader r;
	int vouched, rc;

	*got = 0;
	rc = open_any(&r, &vouched, store, oid, err);
	if (rc)
		return rc;
	rc = mv_scratch_get(&scratch, store, err);
	if (!rc) {
		rc = read_range(&r, scratch, off, data, len, got, err);
		mv_scratch_put(store, scratch);
	}
	if (rc)
		*got = 0;
	mv_recipe_close(&r);
	return rc;
}

static int holds_range(struct mv_recipe_reader *r, struct mv_snapshot *s,
		       const struct mv_range *range, struct mv_err *err)
{
	const uint8_t *entry;
	uint64_t pos, end = range->off + range->len;
	int rc = 0;

	mv_recipe_skip(r, range->off, &pos);
	while (pos < end && (rc = mv_recipe_next(&entry, r, err)) == 1) {
		pos += mv_le32(entry + 32);
		rc = pos <= range->off ? 0 :
		     is_here(r->store, s, mv_recipe_id(entry), err);
		if (rc)
			break;
	}
	return rc;
}

int mv_store_part_holds(struct mv_store *store, const struct mv_oid *oid,
			const struct mv_range *ranges, size_t count,
			struct mv_err *err)
{
	struct mv_recipe_reader r;
	struct mv_snapshot *s;
	int vouched, rc = mv_store_snapshot(&s, store, err);

	if (rc)
		return rc;
	for (size_t i = 0; !rc && i < count; i++) {
		rc = open_any(&r, &vouched, store, oid, err);
		if (rc)
			break;
		rc = holds_range(&r, s, &ranges[i], err);
		mv_recipe_close(&r);
	}
	mv_snapshot_release(store, s);
	return rc;
}

int mv_store_part_names(struct mv_buf *out, struct mv_store *store,
			const struct mv_oid *oid, const struct mv_range *range,
			struct mv_err *err)
{
	struct mv_recipe_reader r;
	const uint8_t *entry;
	uint8_t begin[8];
	uint64_t pos, end = range->off + range->len;
	int vouched, first = 1, rc = open_any(&r, &vouched, store, oid, err);

	if (rc)
		return rc;
	mv_recipe_skip(&r, range->off, &pos);
	while (pos < end && (rc = mv_recipe_next(&entry, &r, err)) == 1) {
		const uint64_t from = pos;

		pos += mv_le32(entry + 32);
		rc = 0;
		if (pos <= range->off)
			continue;
		mv_put_le64(begin, range->off - from);
		if ((first && mv_buf_add(out, begin, sizeof(begin))) ||
		    mv_buf_add(out, entry, 32)) {
			rc = mv_nomem(err);
			break;
		}
		first = 0;
	}
	mv_recipe_close(&r);
	return rc;
}

/* -- writing -------------------------------------------------------------- */

int mv_part_publish(struct mv_store *store, const struct mv_buf *recipe,
		    const struct mv_oid *oid, struct mv_err *err)
{
	char *target = part_path(store, oid);
	struct mv_tmp tmp = MV_TMP_INIT;
	struct mv_oid sum;
	int rc = target ? 0 : mv_nomem(err);

	if (!rc)
		rc = mv_blake3(&sum, recipe->data, recipe->len, err);
	if (!rc)
		rc = mv_store_mkdir(store, PART_DIR, err);
	if (!rc)
		rc = mv_store_tmp(&tmp, store, "part", err);
	if (!rc)
		rc = mv_write_full(tmp.fd, recipe->data, recipe->len, tmp.path,
				   err);
	if (!rc)
		rc = mv_write_full(tmp.fd, sum.b, sizeof(sum), tmp.path, err);
	/* Not kept where one stands there already: its grace begins anew. */
	if (!rc)
		rc = mv_tmp_commit(&tmp, target, mv_store_file_mode(store), 0,
				   err);
	mv_tmp_discard(&tmp);
	free(target);
	return rc;
}

/* -- all of them ---------------------------------------------------------- */

static int add_part(void *payload, const char *name, struct mv_err *err)
{
	struct mv_parts *parts = payload;
	struct mv_oid oid;

	if (!mv_is_hex(name, MV_OID_HEX) ||
	    mv_oid_parse(&oid, name, MV_OID_HEX))
		return 0;
	if (MV_GROW(parts->oids, parts->alloc, parts->count + 1, err))
		return MV_ENOMEM;
	parts->oids[parts->count++] = oid;
	return 0;
}

static int part_by_oid(const void *a, const void *b)
{
	return mv_oid_cmp(a, b);
}

int mv_part_list(struct mv_parts *out, struct mv_store *store,
		 struct mv_err *err)
{
	char *dir = mv_path_join(store->dir, PART_DIR);
	int rc;

	memset(out, 0, sizeof(*out));
	if (!dir)
		return mv_nomem(err);
	rc = mv_each_entry(dir, add_part, out, err);
	if (rc == MV_ENOENT)
		rc = 0;
	if (out->count)
		qsort(out->oids, out->count, sizeof(*out->oids), part_by_oid);
	if (!rc && !(out->kept = calloc(out->count + 1, 1)))
		rc = mv_nomem(err);
	free(dir);
	return rc;
}

void mv_part_list_release(struct mv_parts *parts)
{
	free(parts->oids);
	free(parts->kept);
	memset(parts, 0, sizeof(*parts));
}

int mv_part_time(time_t *out, struct mv_store *store, const struct mv_oid *oid)
{
	char *path = part_path(store, oid);
	struct stat st;
	int found = path && !stat(path, &st);

	free(path);
	if (found)
		*out = st.st_mtime;
	return found;
}

void mv_part_remove(struct mv_store *store, const struct mv_oid *oid)
{
	char *path = part_path(store, oid);

	if (path)
		unlink(path);
	free(path);
}

/* It can be fetched again: what is damaged is worth nothing. */
static int check_part(struct mv_store *store, const struct mv_oid *oid,
		      struct mv_err *err)
{
	struct mv_recipe_reader r = { .store = store };
	int rc;

	mv_buf_init(&r.bytes, MV_RECIPE_MAX + 64);
	rc = load_part(&r, oid, err);
	mv_buf_release(&r.bytes);
	return rc;
}

int mv_part_fsck(struct mv_store *store, int repair, mv_fsck_fn fn,
		 void *payload, struct mv_err *err)
{
	struct mv_parts parts;
	struct mv_err why;
	int rc = mv_part_list(&parts, store, err);

	for (size_t i = 0; !rc && i < parts.count; i++) {
		char *path = part_path(store, &parts.oids[i]);

		int found, mend;

		if (!path) {
			rc = mv_nomem(err);
			break;
		}
		found = check_part(store, &parts.oids[i], &why);
		mend = repair && found == MV_ECORRUPT;
		if (mend)
			mv_part_remove(store, &parts.oids[i]);
		if (found && found != MV_ENOENT)
			fn(payload, mend ? MV_FSCK_REPAIRED : MV_FSCK_BAD_FILE,
			   path, mend ? "the list of a part was damaged; "
			   "removed: 'git model fetch --tensor' gets it again" :
			   why.msg);
		free(path);
	}
	mv_part_list_release(&parts);
	return rc;
}
