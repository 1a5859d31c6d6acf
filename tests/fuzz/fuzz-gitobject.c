/* SPDX-License-Identifier: MIT */
/*
 * Input: a byte that says what it is (bit 0: tag, bit 1: SHA-256), and a
 * commit or tag. Whatever is accepted has all its strings, a message that
 * stands in it, and a payload and a signature that are not longer together.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/git/objects.h"
#include "libmv/git/priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_person(const struct mv_git_person *p, size_t size)
{
	if (!p->name || !p->email || strlen(p->name) > size ||
	    strlen(p->email) > size || p->when < 0 || p->tz > 6039 ||
	    p->tz < -6039 || strchr(p->name, '\n'))
		abort();
}

static void check(const struct mv_git_object_info *info, int tag,
		  size_t hex_len, const void *data, size_t size)
{
	const char *name = tag ? info->target : info->tree;
	size_t signed_len = info->signature ? strlen(info->signature) : 0;

	if (info->raw_len != size || memcmp(info->raw, data, size) ||
	    !mv_is_hex(name, hex_len) || !tag != !info->name)
		abort();
	for (size_t i = 0; i < info->parent_count; i++)
		if (!mv_is_hex(info->parents[i], hex_len))
			abort();
	check_person(&info->author, size);
	check_person(&info->committer, size);
	if (!info->message || !info->payload ||
	    strlen(info->message) > size ||
	    info->payload_len + signed_len > size ||
	    info->payload[info->payload_len])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mv_git_object_info info;
	const int tag = size && data[0] & 1;
	const size_t hex_len = size && data[0] & 2 ? 64 : 40;
	int rc;

	if (!size)
		return 0;
	rc = mv_git_object_parse(&info, tag ? MV_GIT_TAG : MV_GIT_COMMIT,
				 hex_len, data + 1, size - 1, NULL);
	if (rc && rc != MV_ECORRUPT)
		abort();
	if (!rc)
		check(&info, tag, hex_len, data + 1, size - 1);
	mv_git_object_release(&info);
	return 0;
}
