/* SPDX-License-Identifier: MIT */
#include "libmv/trust/priv.h"

#include <string.h>

/*
 * The format of SSH signatures: OpenSSH's PROTOCOL.sshsig. Read here only to
 * learn which key signed, and to refuse what is not exactly one signature;
 * whether it is good is asked of ssh-keygen.
 */
#define BEGIN "-----BEGIN SSH SIGNATURE-----\n"
#define END "-----END SSH SIGNATURE-----"
#define TYPE_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789-@."
enum { COLUMNS = 70 };

struct cursor {
	const uint8_t *p;
	size_t left;
};

static int take_u32(uint32_t *out, struct cursor *c)
{
	if (c->left < 4)
		return -1;
	*out = (uint32_t)c->p[0] << 24 | (uint32_t)c->p[1] << 16 |
	       (uint32_t)c->p[2] << 8 | c->p[3];
	c->p += 4;
	c->left -= 4;
	return 0;
}

static int take_string(const uint8_t **out, size_t *len, struct cursor *c)
{
	uint32_t n;

	if (take_u32(&n, c) || n > c->left)
		return -1;
	*out = c->p;
	*len = n;
	c->p += n;
	c->left -= n;
	return 0;
}

static int is(const uint8_t *s, size_t len, const char *text)
{
	return len == strlen(text) && !memcmp(s, text, len);
}

int mv_sshsig_parse(struct mv_sshsig *out, const uint8_t *data, size_t len)
{
	struct cursor c = { data, len }, key;
	const uint8_t *s;
	uint32_t version;
	size_t n;

	memset(out, 0, sizeof(*out));
	if (len < 6 || memcmp(data, "SSHSIG", 6))
		return -1;
	c.p += 6;
	c.left -= 6;
	if (take_u32(&version, &c) || version != 1 ||
	    take_string(&out->key, &out->key_len, &c) ||
	    take_string(&s, &out->ns_len, &c) || !out->ns_len)
		return -1;
	out->ns = (const char *)s;
	if (take_string(&s, &n, &c) || n ||	/* reserved */
	    take_string(&s, &n, &c) ||
	    (!is(s, n, "sha256") && !is(s, n, "sha512")) ||
	    take_string(&s, &n, &c) || !n || c.left)
		return -1;
	key.p = out->key;
	key.left = out->key_len;
	if (take_string(&s, &n, &key) || !n || n >= sizeof(out->key_type))
		return -1;
	memcpy(out->key_type, s, n);
	return strspn(out->key_type, TYPE_LETTERS) == n ? 0 : -1;
}

int mv_sshsig_armour(struct mv_buf *out, const void *blob, size_t len)
{
	struct mv_buf text;
	int bad;

	mv_buf_init(&text, 2 * len + 64);
	bad = mv_base64(&text, blob, len);
	bad |= mv_buf_addstr(out, BEGIN);
	for (size_t i = 0; i < text.len && !bad; i += COLUMNS) {
		size_t n = text.len - i < COLUMNS ? text.len - i : COLUMNS;

		bad |= mv_buf_add(out, text.data + i, n);
		bad |= mv_buf_addch(out, '\n');
	}
	bad |= mv_buf_addstr(out, END "\n");
	mv_buf_release(&text);
	return bad ? -1 : 0;
}

/* The base64 between the lines, LFs left out. */
static int sshsig_collect(struct mv_buf *out, const char *text, size_t len)
{
	const char *end;

	if (len < strlen(BEGIN END) || memcmp(text, BEGIN, strlen(BEGIN)))
		return -1;
	end = memmem(text, len, "\n" END, strlen("\n" END));
	if (!end)
		return -1;
	for (text += strlen(BEGIN); text < end; text++)
		if (*text != '\n' && mv_buf_addch(out, *text))
			return -1;
	return 0;
}

int mv_sshsig_dearmour(struct mv_buf *blob, const char *text, size_t len)
{
	struct mv_buf middle, again;
	int rc;

	mv_buf_clear(blob);
	mv_buf_init(&middle, len + 1);
	mv_buf_init(&again, 2 * len + 64);
	rc = sshsig_collect(&middle, text, len);
	if (!rc)
		rc = mv_unbase64(blob, middle.data, middle.len);
	if (!rc)
		rc = mv_sshsig_armour(&again, blob->data, blob->len);
	if (!rc && len && text[len - 1] != '\n')
		again.len--;
	if (!rc && (again.len != len || memcmp(again.data, text, len)))
		rc = -1;
	mv_buf_release(&middle);
	mv_buf_release(&again);
	return rc;
}

int mv_ssh_fingerprint(char *out, const void *key, size_t len,
		       struct mv_err *err)
{
	struct mv_oid digest;
	struct mv_buf text;
	int rc = mv_sha256(&digest, key, len, err);

	if (rc)
		return rc;
	mv_buf_init(&text, 64);
	if (mv_base64(&text, digest.b, sizeof(digest.b))) {
		mv_buf_release(&text);
		return mv_nomem(err);
	}
	/* As ssh-keygen prints it: without the padding. */
	memcpy(out, "SHA256:", 7);
	memcpy(out + 7, text.data, 43);
	out[50] = '\0';
	mv_buf_release(&text);
	return 0;
}
