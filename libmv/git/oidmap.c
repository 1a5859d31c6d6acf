/* SPDX-License-Identifier: MIT */
#include "libmv/git/priv.h"

#include <stdlib.h>
#include <string.h>

/* Names of objects are random enough to be their own hash. */
struct mv_git_oidmap_slot {
	uint8_t oid[32];
	uint64_t value;
	int used;
};

static size_t oidmap_place(const struct mv_git_oidmap *m, const uint8_t *oid)
{
	size_t i;

	memcpy(&i, oid, sizeof(i));
	for (i &= m->room - 1; m->slot[i].used &&
	     memcmp(m->slot[i].oid, oid, sizeof(m->slot[i].oid));
	     i = (i + 1) & (m->room - 1))
		;
	return i;
}

static int oidmap_grow(struct mv_git_oidmap *m, struct mv_err *err)
{
	struct mv_git_oidmap more = { NULL, 0, m->room ? 2 * m->room : 256 };

	more.slot = calloc(more.room, sizeof(*more.slot));
	if (!more.slot)
		return mv_nomem(err);
	for (size_t i = 0; i < m->room; i++)
		if (m->slot[i].used)
			more.slot[oidmap_place(&more,
					       m->slot[i].oid)] = m->slot[i];
	more.count = m->count;
	free(m->slot);
	*m = more;
	return 0;
}

uint64_t *mv_git_oidmap_get(const struct mv_git_oidmap *m, const uint8_t *oid,
			    size_t oid_len)
{
	uint8_t key[32] = { 0 };
	size_t i;

	if (!m->room)
		return NULL;
	memcpy(key, oid, oid_len);
	i = oidmap_place(m, key);
	return m->slot[i].used ? &m->slot[i].value : NULL;
}

int mv_git_oidmap_put(struct mv_git_oidmap *m, const uint8_t *oid,
		      size_t oid_len, uint64_t value, struct mv_err *err)
{
	uint8_t key[32] = { 0 };
	int rc = 2 * (m->count + 1) > m->room ? oidmap_grow(m, err) : 0;
	size_t i;

	if (rc)
		return rc;
	memcpy(key, oid, oid_len);
	i = oidmap_place(m, key);
	m->count += !m->slot[i].used;
	memcpy(m->slot[i].oid, key, sizeof(key));
	m->slot[i].used = 1;
	m->slot[i].value = value;
	return 0;
}

void mv_git_oidmap_release(struct mv_git_oidmap *m)
{
	free(m->slot);
	memset(m, 0, sizeof(*m));
}
