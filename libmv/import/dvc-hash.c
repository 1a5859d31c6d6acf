/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/utf8.h"
#include "libmv/import/dvc.h"
#include "libmv/transfer/transfer.h"

/*
 * MD5s as DVC makes them. Up to DVC 2, where dvc.lock says nothing of `hash`,
 * what looks like text was hashed with LF for CR LF; looking was done anew for
 * each MiB. A folder's is that of the JSON list of its files, as Python's
 * json.dumps() prints it.
 */
#define BLOCK ((size_t)1 << 20)
#define LOOK 512

struct sums {
	struct mv_hasher *raw, *lf;
	char *block, *unix_block;
	size_t len;
};

/* More than three in ten that are not printable, or a NUL: no text. */
static int is_text(const char *block, size_t len)
{
	size_t odd = 0;

	len = len < LOOK ? len : LOOK;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)block[i];

		if (!c)
			return 0;
		odd += (c < ' ' && !strchr("\n\r\t\f\b", c)) || c > '~';
	}
	return !len || (double)odd / (double)len <= 0.30;
}

static int hash_block(struct sums *s, struct mv_err *err)
{
	const char *data = s->block;
	size_t n = s->len;
	int rc = mv_hasher_update(s->raw, s->block, s->len, err);

	if (is_text(s->block, s->len)) {
		n = 0;
		for (size_t i = 0; i < s->len; i++)
			if (s->block[i] != '\r' || i + 1 == s->len ||
			    s->block[i + 1] != '\n')
				s->unix_block[n++] = s->block[i];
		data = s->unix_block;
	}
	s->len = 0;
	return rc ? rc : mv_hasher_update(s->lf, data, n, err);
}

static int dvc_hash_take(void *payload, const void *data, size_t len,
			 struct mv_err *err)
{
	struct sums *s = payload;
	const char *p = data;
	int rc = 0;

	while (len && !rc) {
		size_t n = BLOCK - s->len < len ? BLOCK - s->len : len;

		memcpy(s->block + s->len, p, n);
		s->len += n;
		p += n;
		len -= n;
		if (s->len == BLOCK)
			rc = hash_block(s, err);
	}
	return rc;
}

static int dvc_hash_begin(struct sums *s, struct mv_err *err)
{
	int rc;

	memset(s, 0, sizeof(*s));
	s->block = malloc(BLOCK);
	s->unix_block = malloc(BLOCK);
	rc = s->block && s->unix_block ? 0 : mv_nomem(err);
	if (!rc)
		rc = mv_hasher_new(&s->raw, MV_HASH_MD5, err);
	if (!rc)
		rc = mv_hasher_new(&s->lf, MV_HASH_MD5, err);
	return rc;
}

static int end(struct mv_import_dvc_md5 *out, struct sums *s, int rc,
	       struct mv_err *err)
{
	uint8_t sum[32];

	if (!rc && s->len)
		rc = hash_block(s, err);
	if (!rc)
		rc = mv_hasher_final(sum, s->raw, err);
	if (!rc)
		mv_hex(out->raw, sum, 16);
	if (!rc)
		rc = mv_hasher_final(sum, s->lf, err);
	if (!rc)
		mv_hex(out->lf, sum, 16);
	mv_hasher_free(s->raw);
	mv_hasher_free(s->lf);
	free(s->block);
	free(s->unix_block);
	return rc;
}

int mv_import_dvc_md5(struct mv_import_dvc_md5 *out, struct mv_repo *repo,
		      const struct mv_pointer *pointer, struct mv_err *err)
{
	struct sums s;
	struct mv_writer to = { dvc_hash_take, &s };
	int rc = dvc_hash_begin(&s, err);

	if (!rc && pointer->size)
		rc = mv_transfer_read(repo, pointer, &to, err);
	return end(out, &s, rc, err);
}

int mv_import_dvc_md5_bytes(struct mv_import_dvc_md5 *out, const void *data,
			    size_t len,
			    struct mv_err *err)
{
	struct sums s;
	int rc = dvc_hash_begin(&s, err);

	if (!rc)
		rc = dvc_hash_take(&s, data, len, err);
	return end(out, &s, rc, err);
}

/* A string as Python prints it into JSON: ASCII alone. */
static int add_string(struct mv_buf *out, const char *s)
{
	size_t len = strlen(s);
	int bad = mv_buf_addch(out, '"');

	while (len && !bad) {
		uint32_t cp;
		size_t n = mv_utf8_next(&cp, s, len);

		if (!n)
			return -1;
		if (cp == '"' || cp == '\\')
			bad = mv_buf_addf(out, "\\%c", (int)cp);
		else if (cp == '\n' || cp == '\r' || cp == '\t')
			bad = mv_buf_addstr(out, cp == '\n' ? "\\n" :
					    cp == '\r' ? "\\r" : "\\t");
		else if (cp == '\b' || cp == '\f')
			bad = mv_buf_addstr(out, cp == '\b' ? "\\b" : "\\f");
		else if (cp > 0xffff)
			bad = mv_buf_addf(out, "\\u%04x\\u%04x", (unsigned)
					  (0xd800 + ((cp - 0x10000) >> 10)),
					  (unsigned)(0xdc00 + ((cp - 0x10000) &
							       0x3ff)));
		else if (cp < ' ' || cp > '~')
			bad = mv_buf_addf(out, "\\u%04x", (unsigned)cp);
		else
			bad = mv_buf_addch(out, (char)cp);
		s += n;
		len -= n;
	}
	return bad ? bad : mv_buf_addch(out, '"');
}

int mv_import_dvc_md5_list(char *hex, const struct mv_dvc_entry *entries,
			   size_t count, struct mv_err *err)
{
	struct mv_buf text;
	uint8_t sum[32];
	int bad, rc;

	mv_buf_init(&text, SIZE_MAX / 2);
	bad = mv_buf_addch(&text, '[');
	for (size_t i = 0; i < count && !bad; i++) {
		bad = mv_buf_addf(&text, "%s{\"md5\": \"%s\", \"relpath\": ",
				  i ? ", " : "", entries[i].md5) ||
		      add_string(&text, entries[i].path) ||
		      mv_buf_addch(&text, '}');
	}
	rc = bad || mv_buf_addch(&text, ']') ?
	     mv_fail(err, MV_EINVALID, "a name that is not UTF-8") :
	     mv_hash(sum, MV_HASH_MD5, text.data, text.len, err);
	if (!rc)
		memcpy(mv_hex(hex, sum, 16) + 32, ".dir", 5);
	mv_buf_release(&text);
	return rc;
}
