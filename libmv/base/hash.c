/* SPDX-License-Identifier: MIT */
#include "libmv/base/hash.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <xxhash.h>

/*
 * EVP_MD is fetched once for each hasher: looking it up by name costs more
 * than hashing a small input does.
 */
struct mv_hasher {
	EVP_MD *md;
	EVP_MD_CTX *ctx;
};

int mv_hasher_new(struct mv_hasher **out, enum mv_hash_kind kind,
		  struct mv_err *err)
{
	const char *name = kind == MV_HASH_SHA1 ? "SHA1" :
			   kind == MV_HASH_MD5 ? "MD5" : "SHA256";
	struct mv_hasher *h;
	int ret;

	*out = NULL;
	h = calloc(1, sizeof(*h));
	if (!h)
		return mv_nomem(err);
	h->md = EVP_MD_fetch(NULL, name, NULL);
	if (!h->md) {
		ret = mv_fail(err, MV_ENOTSUP,
			      "the crypto library offers no %s", name);
		goto out;
	}
	h->ctx = EVP_MD_CTX_new();
	if (!h->ctx) {
		ret = mv_nomem(err);
		goto out;
	}
	ret = mv_hasher_reset(h, err);
	if (ret < 0)
		goto out;
	*out = h;
	h = NULL;
out:
	mv_hasher_free(h);
	return ret;
}

void mv_hasher_free(struct mv_hasher *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	EVP_MD_free(h->md);
	free(h);
}

int mv_hasher_reset(struct mv_hasher *h, struct mv_err *err)
{
	if (EVP_DigestInit_ex2(h->ctx, h->md, NULL) != 1)
		return mv_fail(err, MV_EIO, "cannot start a hash");
	return 0;
}

int mv_hasher_update(struct mv_hasher *h, const void *data, size_t len,
		     struct mv_err *err)
{
	if (EVP_DigestUpdate(h->ctx, data, len) != 1)
		return mv_fail(err, MV_EIO, "cannot continue a hash");
	return 0;
}

int mv_hasher_final(uint8_t *out, struct mv_hasher *h, struct mv_err *err)
{
	if (EVP_DigestFinal_ex(h->ctx, out, NULL) != 1)
		return mv_fail(err, MV_EIO, "cannot finish a hash");
	return 0;
}

int mv_hasher_once(uint8_t *out, struct mv_hasher *h, const void *data,
		   size_t len, struct mv_err *err)
{
	int ret;

	ret = mv_hasher_reset(h, err);
	if (!ret)
		ret = mv_hasher_update(h, data, len, err);
	if (!ret)
		ret = mv_hasher_final(out, h, err);
	return ret;
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
