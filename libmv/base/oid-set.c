/* SPDX-License-Identifier: MIT */
#include "libmv/base/oid-set.h"

#include <stdlib.h>
#include <string.h>

#include "libmv/base/bytes.h"
#include "libmv/base/grow.h"

enum { SLOTS_FIRST = 1024 };

/* At least half of the slots are empty, so this ends. */
static size_t slot_for(const struct mv_oid_set *set, const struct mv_oid *id)
{
	size_t mask = set->slot_count - 1;
	size_t i = (size_t)mv_le64(id->b) & mask;

	while (set->slots[i] && !mv_oid_eq(&set->ids[set->slots[i] - 1], id))
		i = (i + 1) & mask;
	return i;
}

int mv_oid_set_has(const struct mv_oid_set *set, const struct mv_oid *id)
{
	return set->slot_count && set->slots[slot_for(set, id)];
}

static int grow_slots(struct mv_oid_set *set, struct mv_err *err)
{
	size_t count = set->slot_count ? 2 * set->slot_count : SLOTS_FIRST;
	uint32_t *slots;

	if (2 * (set->count + 1) <= set->slot_count)
		return 0;
	slots = calloc(count, sizeof(*slots));
	if (!slots)
		return mv_nomem(err);
	free(set->slots);
	set->slots = slots;
	set->slot_count = count;
	for (size_t i = 0; i < set->count; i++)
		set->slots[slot_for(set, &set->ids[i])] = (uint32_t)i + 1;
	return 0;
}

int mv_oid_set_add(struct mv_oid_set *set, const struct mv_oid *id,
		   struct mv_err *err)
{
	if (mv_oid_set_has(set, id))
		return 0;
	if (set->count >= UINT32_MAX - 1)
		return mv_nomem(err);
	if (grow_slots(set, err) ||
	    MV_GROW(set->ids, set->alloc, set->count + 1, err) < 0)
		return MV_ENOMEM;
	set->ids[set->count++] = *id;
	set->slots[slot_for(set, id)] = (uint32_t)set->count;
	return 1;
}

void mv_oid_set_clear(struct mv_oid_set *set)
{
	set->count = 0;
	if (set->slots)
		memset(set->slots, 0, set->slot_count * sizeof(*set->slots));
}

void mv_oid_set_release(struct mv_oid_set *set)
{
	free(set->ids);
	free(set->slots);
	memset(set, 0, sizeof(*set));
}
