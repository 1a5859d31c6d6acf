/* SPDX-License-Identifier: MIT */
#include "libmv/store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/grow.h"
#include "libmv/store/store.h"

/*
 * For whom a pack was written: owners/<pack id>.<owner>, an empty file for each
 * of them; an owner is named as in clients/. Whoever is entered there is asked
 * by gc what they still need; what was written for anybody else stays, because
 * nobody can be asked. A pack without a word is one of the repository around
 * the store, or of an older version.
 *
 * A file here appears before its pack, and goes after it.
 */
#define NAME_LEN (MV_OID_HEX + 1 + MV_OWNER_HEX)

static int parse_name(struct mv_oid *pack, const char **owner,
		      const char *name)
{
	if (strlen(name) != NAME_LEN || name[MV_OID_HEX] != '.' ||
	    mv_oid_parse(pack, name, MV_OID_HEX) ||
	    !mv_owner_ok(name + MV_OID_HEX + 1))
		return -1;
	*owner = name + MV_OID_HEX + 1;
	return 0;
}

int mv_store_own_pack(struct mv_store *store, const struct mv_oid *pack,
		      const char *owner, struct mv_err *err)
{
	char hex[MV_OID_HEX + 1], *dir = mv_path_join(store->dir, "owners");
	char *path = dir ? mv_strf("%s/%s.%s", dir, mv_oid_hex(hex, pack),
				   owner) : NULL;
	int rc = path ? 0 : mv_nomem(err);
	int fd = -1;

	if (rc || !access(path, F_OK))
		goto out;
	rc = mv_store_mkdir(store, "owners", err);
	if (!rc) {
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			  0444);
		if (fd < 0)
			rc = mv_fail_errno(err, errno, "cannot make '%s'",
					   path);
	}
	if (fd >= 0) {
		mv_store_share_file(store, fd);
		close(fd);
		rc = mv_fsync_dir(dir, err);
	}
out:
	free(path);
	free(dir);
	return rc;
}

/* -- who is registered ---------------------------------------------------- */

struct search {
	const char *owner;
	int found;
};

static int is_client(void *payload, const char *name, struct mv_err *err)
{
	struct search *s = payload;

	(void)err;
	s->found |= !strncmp(name, s->owner, MV_OWNER_HEX);
	return 0;
}

static int is_registered(int *yes, struct mv_store *store, const char *owner,
			 struct mv_err *err)
{
	char *dir = mv_path_join(store->dir, "clients");
	struct search s = { owner, 0 };
	int rc = dir ? mv_each_entry(dir, is_client, &s, err) : mv_nomem(err);

	free(dir);
	*yes = s.found;
	return rc == MV_ENOENT ? 0 : rc;
}

/* -- all owners ----------------------------------------------------------- */

struct visit {
	struct mv_store *store;
	mv_owner_fn fn;
	void *payload;
};

static int visit_one(void *payload, const char *name, struct mv_err *err)
{
	struct visit *v = payload;
	struct mv_oid pack;
	const char *owner;

	return parse_name(&pack, &owner, name) ? 0 :
	       v->fn(v->payload, &pack, owner, err);
}

int mv_store_each_owner(struct mv_store *store, mv_owner_fn fn, void *payload,
			struct mv_err *err)
{
	struct visit v = { store, fn, payload };
	char *dir = mv_path_join(store->dir, "owners");
	int rc = dir ? mv_each_entry(dir, visit_one, &v, err) : mv_nomem(err);

	free(dir);
	return rc == MV_ENOENT ? 0 : rc;
}

/* -- packs of those who cannot be asked ----------------------------------- */

struct strangers {
	struct mv_store *store;
	struct mv_oid *packs;
	size_t count, alloc;
};

static int add_stranger(void *payload, const struct mv_oid *pack,
			const char *owner, struct mv_err *err)
{
	struct strangers *s = payload;
	int known, rc = is_registered(&known, s->store, owner, err);

	if (rc || known)
		return rc;
	if (MV_GROW(s->packs, s->alloc, s->count + 1, err) < 0)
		return MV_ENOMEM;
	s->packs[s->count++] = *pack;
	return 0;
}

int mv_store_strangers(struct mv_oid **packs, size_t *count,
		       struct mv_store *store, struct mv_err *err)
{
	struct strangers s = { store, NULL, 0, 0 };
	int rc = mv_store_each_owner(store, add_stranger, &s, err);

	if (rc) {
		free(s.packs);
		s.packs = NULL;
		s.count = 0;
	} else {
		mv_ids_sort(s.packs, s.count);
	}
	*packs = s.packs;
	*count = s.count;
	return rc;
}

/* -- after gc ------------------------------------------------------------- */

static int drop_if_gone(void *payload, const struct mv_oid *pack,
			const char *owner, struct mv_err *err)
{
	struct mv_store *store = payload;
	char hex[MV_OID_HEX + 1];
	char *file = mv_store_pack_path(store, pack), *name;

	if (!file)
		return mv_nomem(err);
	if (access(file, F_OK) && errno == ENOENT) {
		name = mv_strf("%s/owners/%s.%s", store->dir,
			       mv_oid_hex(hex, pack), owner);
		if (name)
			unlink(name);
		free(name);
	}
	free(file);
	return 0;
}

int mv_store_drop_owners(struct mv_store *store, struct mv_err *err)
{
	return mv_store_each_owner(store, drop_if_gone, store, err);
}

/* -- what is there already ------------------------------------------------ */

static int keep_one(struct mv_store *store, struct mv_snapshot *s,
		    enum mv_index_table table, const struct mv_oid *oid,
		    struct mv_err *err)
{
	struct mv_place place;
	int rc = mv_snapshot_rely(&place, s, table, oid, err);

	return rc ? rc : mv_store_own_pack(store, &place.file->id,
					   store->owner, err);
}

/*
 * A whole pack is kept with all that its contents need; so naming the owner on
 * the pack of the recipe (or of the only chunk) is enough.
 */
int mv_store_keep(struct mv_store *store, const struct mv_oid *oids,
		  size_t count, struct mv_err *err)
{
	struct mv_snapshot *s;
	int known, rc;

	if (!*store->owner || !count)
		return 0;
	rc = mv_store_hold(store, err);
	if (rc)
		return rc;
	rc = is_registered(&known, store, store->owner, err);
	if (!rc && !known)
		rc = mv_store_refresh(store, err);
	if (rc || known)
		goto out;
	rc = mv_store_snapshot(&s, store, err);
	for (size_t i = 0; !rc && i < count; i++) {
		rc = keep_one(store, s, MV_INDEX_CONTENTS, &oids[i], err);
		if (rc == MV_ENOENT)
			rc = keep_one(store, s, MV_INDEX_CHUNKS, &oids[i],
				      err);
		/* Gone since it was asked for: then it is sent again. */
		if (rc == MV_ENOENT)
			rc = 0;
	}
	mv_snapshot_release(store, s);
out:
	mv_store_unhold(store);
	return rc;
}
