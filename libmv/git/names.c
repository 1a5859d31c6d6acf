/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/hash.h"
#include "libmv/git/git.h"
#include "libmv/git/priv.h"

/* What git's names and answers look like. */

const char *const mv_git_type_name[] = { "", "commit", "tree", "blob", "tag" };

static int ends_with(const char *line, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && !memcmp(line + len - n, end, n);
}

int mv_git_parse_batch(const char *line, size_t len, size_t hex_len, char *hex,
		       char *type, uint64_t *size)
{
	const char *p = line + hex_len + 1;
	const char *end = line + len;
	size_t n = 0;
	uint64_t v = 0;

	if (ends_with(line, len, " missing") ||
	    ends_with(line, len, " ambiguous") ||
	    ends_with(line, len, " submodule"))
		return MV_ENOENT;
	if (len < hex_len + 4 || line[hex_len] != ' ')
		return MV_EIO;
	memcpy(hex, line, hex_len);
	hex[hex_len] = '\0';
	if (!mv_is_hex(hex, hex_len))
		return MV_EIO;
	while (p < end && *p >= 'a' && *p <= 'z' && n < 7)
		type[n++] = *p++;
	type[n] = '\0';
	if (!n || p + 1 >= end || *p++ != ' ')
		return MV_EIO;
	for (; p < end; p++) {
		if (*p < '0' || *p > '9' || v > (UINT64_MAX - 9) / 10)
			return MV_EIO;
		v = v * 10 + (uint64_t)(*p - '0');
	}
	*size = v;
	return 0;
}

int mv_git_name_of(const struct mv_git *git, char *hex, enum mv_git_type type,
		   const void *data, size_t len, struct mv_err *err)
{
	struct mv_hasher *h = NULL;
	uint8_t digest[32];
	char head[32];
	int n = snprintf(head, sizeof(head), "%s %zu", mv_git_type_name[type], len);
	int rc = mv_hasher_new(&h, git->info.sha256 ? MV_HASH_SHA256 :
						      MV_HASH_SHA1, err);

	if (!rc)
		rc = mv_hasher_update(h, head, (size_t)n + 1, err);
	if (!rc)
		rc = mv_hasher_update(h, data, len, err);
	if (!rc)
		rc = mv_hasher_final(digest, h, err);
	mv_hasher_free(h);
	if (!rc)
		mv_hex(hex, digest, git->info.hex_len / 2);
	return rc;
}

int mv_git_check_name(const struct mv_git *git, const char *hex,
		      enum mv_git_type type, const void *data, size_t len,
		      struct mv_err *err)
{
	char name[MV_GIT_HEX_MAX];
	int rc = mv_git_name_of(git, name, type, data, len, err);

	if (!rc && strcmp(name, hex))
		rc = mv_fail(err, MV_ECORRUPT, "object '%s' is damaged; see "
			     "git fsck", hex);
	return rc;
}

int mv_git_parse_tree(struct mv_git_tree_entry *e, const char **p,
		      const char *end, size_t oid_len)
{
	const char *q = *p;
	const char *nul;
	unsigned mode = 0;
	int digits = 0;

	for (; q < end && *q >= '0' && *q <= '7' && digits < 7; q++, digits++)
		mode = mode * 8 + (unsigned)(*q - '0');
	if (!digits || q == end || *q++ != ' ')
		return MV_ECORRUPT;
	nul = memchr(q, '\0', (size_t)(end - q));
	if (!nul || nul == q || memchr(q, '/', (size_t)(nul - q)) ||
	    (size_t)(end - nul - 1) < oid_len)
		return MV_ECORRUPT;
	e->mode = mode;
	e->name = q;
	e->oid = (const uint8_t *)nul + 1;
	*p = nul + 1 + oid_len;
	return 0;
}

int mv_git_is_ref(const char *name)
{
	const char *p = name;

	if (!strcmp(name, "HEAD"))
		return 1;
	if (strncmp(name, "refs/", 5) || strstr(name, "..") ||
	    strstr(name, "@{") || strlen(name) > 4096)
		return 0;
	for (;; p++) {
		size_t n = strcspn(p, "/");

		if (!n || *p == '.' || (n >= 5 && !memcmp(p + n - 5, ".lock", 5)))
			return 0;
		for (size_t i = 0; i < n; i++)
			if ((unsigned char)p[i] <= ' ' || p[i] == 0x7f ||
			    strchr("~^:?*[\\", p[i]))
				return 0;
		p += n;
		if (!*p)
			return p[-1] != '.';
	}
}

int mv_git_is_id(const char *s, size_t len)
{
	return (len == 40 || len == 64) &&
	       strspn(s, "0123456789abcdef") >= len;
}
