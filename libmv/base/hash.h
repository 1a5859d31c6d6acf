/* SPDX-License-Identifier: MIT */
#ifndef MV_BASE_HASH_H
#define MV_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"

/*
 * Hashes: the only user of OpenSSL's libcrypto, of BLAKE3 and of xxHash.
 *
 * SHA-256 names content, BLAKE3 (256 bits) the chunks and files of the store:
 * integrity rests on both, and either alone is strong enough. SHA-1 and
 * SHA-256 over git objects exist because git names its blobs and seals its
 * index with them, MD5 because DVC names files by it. mv_checksum64() (XXH3,
 * 64 bits) only finds accidental damage in packs quickly; nothing is ever
 * identified by it.
 *
 * A hasher is used by one thread at a time. Creating one costs about a
 * microsecond; reuse it for many small inputs.
 */
#define MV_OID_HEX 64

struct mv_oid {
	uint8_t b[32];
};

enum mv_hash_kind {
	MV_HASH_SHA256, MV_HASH_SHA1, MV_HASH_MD5, MV_HASH_BLAKE3
};

struct mv_hasher;

int mv_hasher_new(struct mv_hasher **out, enum mv_hash_kind kind,
		  struct mv_err *err);
void mv_hasher_free(struct mv_hasher *h);	/* NULL is fine */
/* Start over; also the state after _new. */
int mv_hasher_reset(struct mv_hasher *h, struct mv_err *err);
int mv_hasher_update(struct mv_hasher *h, const void *data, size_t len,
		     struct mv_err *err);
/* Fills 32 bytes (SHA-256, BLAKE3), 20 (SHA-1) or 16 (MD5); call _reset before
   further use. */
int mv_hasher_final(uint8_t *out, struct mv_hasher *h, struct mv_err *err);
/* reset + update + final. */
int mv_hasher_once(uint8_t *out, struct mv_hasher *h, const void *data,
		   size_t len, struct mv_err *err);

/* The same without a hasher that lasts. */
int mv_hash(uint8_t *out, enum mv_hash_kind kind, const void *data, size_t len,
	    struct mv_err *err);
int mv_sha256(struct mv_oid *out, const void *data, size_t len,
	      struct mv_err *err);
int mv_blake3(struct mv_oid *out, const void *data, size_t len,
	      struct mv_err *err);

uint64_t mv_checksum64(const void *data, size_t len, uint64_t seed);

/* hex must have room for 64 characters and a NUL. Returns hex. */
char *mv_oid_hex(char *hex, const struct mv_oid *oid);
/* As tags, records and policies name it: "sha256:" and the digits, in
   MV_OID_NAME bytes. Returns name. */
#define MV_OID_NAME (7 + MV_OID_HEX + 1)
char *mv_oid_name(char *name, const struct mv_oid *oid);
/* 64 lower-case hex digits exactly (what follows is not looked at). */
int mv_oid_parse(struct mv_oid *out, const char *hex, size_t len);
int mv_oid_cmp(const struct mv_oid *a, const struct mv_oid *b);
static inline int mv_oid_eq(const struct mv_oid *a, const struct mv_oid *b)
{
	return !mv_oid_cmp(a, b);
}

/* Any bytes to lower-case hex; `hex` has room for 2 * len + 1. */
char *mv_hex(char *hex, const uint8_t *data, size_t len);
/* The reverse; 0, or -1 when there is anything but hex digits. */
int mv_unhex(uint8_t *out, const char *hex, size_t outlen);
/* `s` is `len` lower-case hex digits, and nothing follows. */
int mv_is_hex(const char *s, size_t len);

/* Base64 as in RFC 4648, with padding, at the end of `out`. 0 or MV_ENOMEM. */
int mv_base64(struct mv_buf *out, const void *data, size_t len);
/* The reverse; -1 when it is not what mv_base64() writes: no blanks, no line
   ends, and the bits that nobody reads are zero. `out` is as it was then. */
int mv_unbase64(struct mv_buf *out, const char *text, size_t len);

#endif
