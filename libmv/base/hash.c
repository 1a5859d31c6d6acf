/* SPDX-License-Identifier: MIT */
#include "libmv/base/hash.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/*
 * The functions of one hash each are marked as deprecated since OpenSSL 3, but
 * the EVP ones load its configuration and providers first: 0.7 ms for every
 * process, against 8 us, and more than a small command does otherwise. Both
 * run the same code; what providers can replace is no gain for names of
 * content. docs/design/git.md has the figures.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>
#include <openssl/md5.h>
#include <openssl/sha.h>

/* Its whole code is in the header: one library less to load at each start. */
#define XXH_INLINE_ALL
#include <xxhash.h>

/* The official code; where it comes from is in the Makefile. It has no way to
   fail, and chooses the instructions by the processor that it runs on. */
#include <blake3.h>

struct mv_hasher {
	enum mv_hash_kind kind;
	union {
		SHA256_CTX sha256;
		SHA_CTX sha1;
		MD5_CTX md5;
		blake3_hasher blake3;
	} u;
};

int mv_hasher_new(struct mv_hasher **out, enum mv_hash_kind kind,
		  struct mv_err *err)
{
	struct mv_hasher *h = calloc(1, sizeof(*h));

	*out = NULL;
	if (!h)
		return mv_nomem(err);
	h->kind = kind;
	if (mv_hasher_reset(h, err)) {
		free(h);
		return MV_EIO;
	}
	*out = h;
	return 0;
}

void mv_hasher_free(struct mv_hasher *h)
{
	free(h);
}

int mv_hasher_reset(struct mv_hasher *h, struct mv_err *err)
{
	int ok = 1;

	switch (h->kind) {
	case MV_HASH_SHA256:
		ok = SHA256_Init(&h->u.sha256);
		break;
	case MV_HASH_SHA1:
		ok = SHA1_Init(&h->u.sha1);
		break;
	case MV_HASH_MD5:
		ok = MD5_Init(&h->u.md5);
		break;
	case MV_HASH_BLAKE3:
		blake3_hasher_init(&h->u.blake3);
		break;
	}
	return ok == 1 ? 0 : mv_fail(err, MV_EIO, "cannot start a hash");
}

int mv_hasher_update(struct mv_hasher *h, const void *data, size_t len,
		     struct mv_err *err)
{
	int ok = 1;

	switch (h->kind) {
	case MV_HASH_SHA256:
		ok = SHA256_Update(&h->u.sha256, data, len);
		break;
	case MV_HASH_SHA1:
		ok = SHA1_Update(&h->u.sha1, data, len);
		break;
	case MV_HASH_MD5:
		ok = MD5_Update(&h->u.md5, data, len);
		break;
	case MV_HASH_BLAKE3:
		blake3_hasher_update(&h->u.blake3, data, len);
		break;
	}
	return ok == 1 ? 0 : mv_fail(err, MV_EIO, "cannot continue a hash");
}

int mv_hasher_final(uint8_t *out, struct mv_hasher *h, struct mv_err *err)
{
	int ok = 1;

	switch (h->kind) {
	case MV_HASH_SHA256:
		ok = SHA256_Final(out, &h->u.sha256);
		break;
	case MV_HASH_SHA1:
		ok = SHA1_Final(out, &h->u.sha1);
		break;
	case MV_HASH_MD5:
		ok = MD5_Final(out, &h->u.md5);
		break;
	case MV_HASH_BLAKE3:
		blake3_hasher_finalize(&h->u.blake3, out, BLAKE3_OUT_LEN);
		break;
	}
	return ok == 1 ? 0 : mv_fail(err, MV_EIO, "cannot finish a hash");
}

int mv_hasher_once(uint8_t *out, struct mv_hasher *h, const void *data,
		   size_t len, struct mv_err *err)
{
	int rc;

	rc = mv_hasher_reset(h, err);
	if (!rc)
		rc = mv_hasher_update(h, data, len, err);
	if (!rc)
		rc = mv_hasher_final(out, h, err);
	return rc;
}

int mv_hash(uint8_t *out, enum mv_hash_kind kind, const void *data, size_t len,
	    struct mv_err *err)
{
	struct mv_hasher h;	/* 2 KB that nobody need clear */

	h.kind = kind;
	return mv_hasher_once(out, &h, data, len, err);
}

int mv_sha256(struct mv_oid *out, const void *data, size_t len,
	      struct mv_err *err)
{
	return mv_hash(out->b, MV_HASH_SHA256, data, len, err);
}

int mv_blake3(struct mv_oid *out, const void *data, size_t len,
	      struct mv_err *err)
{
	return mv_hash(out->b, MV_HASH_BLAKE3, data, len, err);
}

uint64_t mv_checksum64(const void *data, size_t len, uint64_t seed)
{
	return XXH3_64bits_withSeed(data, len, seed);
}

char *mv_hex(char *hex, const uint8_t *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		hex[2 * i] = digits[data[i] >> 4];
		hex[2 * i + 1] = digits[data[i] & 15];
	}
	hex[2 * len] = '\0';
	return hex;
}

int mv_is_hex(const char *s, size_t len)
{
	return strspn(s, "0123456789abcdef") == len && !s[len];
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int mv_unhex(uint8_t *out, const char *hex, size_t outlen)
{
	for (size_t i = 0; i < outlen; i++) {
		int hi = digit_value(hex[2 * i]);
		int lo = hi < 0 ? -1 : digit_value(hex[2 * i + 1]);

		if (lo < 0)
			return -1;
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	return 0;
}

char *mv_oid_hex(char *hex, const struct mv_oid *oid)
{
	return mv_hex(hex, oid->b, sizeof(oid->b));
}

char *mv_oid_name(char *name, const struct mv_oid *oid)
{
	memcpy(name, "sha256:", 7);
	mv_oid_hex(name + 7, oid);
	return name;
}

int mv_oid_parse(struct mv_oid *out, const char *hex, size_t len)
{
	struct mv_oid oid;

	if (len < MV_OID_HEX)
		return MV_EINVALID;
	/* One spelling only: the text of an oid is compared, too. */
	for (size_t i = 0; i < MV_OID_HEX; i++)
		if (hex[i] >= 'A' && hex[i] <= 'F')
			return MV_EINVALID;
	if (mv_unhex(oid.b, hex, sizeof(oid.b)) < 0)
		return MV_EINVALID;
	*out = oid;
	return 0;
}

int mv_oid_cmp(const struct mv_oid *a, const struct mv_oid *b)
{
	return memcmp(a->b, b->b, sizeof(a->b));
}

int mv_base64(struct mv_buf *out, const void *data, size_t len)
{
	const size_t n = (len + 2) / 3 * 4;

	if (len > INT_MAX / 2 || mv_buf_reserve(out, n))
		return MV_ENOMEM;
	EVP_EncodeBlock((uint8_t *)out->data + out->len, data, (int)len);
	out->len += n;
	return 0;
}

/* What reads it passes over blanks, and takes padding anywhere: so it is read,
   and written again, and must be the same. */
int mv_unbase64(struct mv_buf *out, const char *text, size_t len)
{
	const size_t from = out->len;
	struct mv_buf again;
	size_t pad = 0;
	int bad;

	while (pad < 2 && pad < len && text[len - 1 - pad] == '=')
		pad++;
	if (len % 4 || len > INT_MAX || mv_buf_reserve(out, len / 4 * 3))
		return -1;
	bad = EVP_DecodeBlock((uint8_t *)out->data + from,
			      (const uint8_t *)text, (int)len) !=
	      (int)(len / 4 * 3);
	mv_buf_init(&again, len);
	if (!bad)
		out->len += len / 4 * 3 - pad;
	bad = bad || mv_base64(&again, out->data + from, out->len - from) ||
	      again.len != len || memcmp(again.data, text, len) != 0;
	mv_buf_release(&again);
	if (bad)
		out->len = from;
	out->data[out->len] = '\0';
	return bad ? -1 : 0;
}
