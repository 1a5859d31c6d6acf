/* SPDX-License-Identifier: MIT */
#include "libmv/trust/priv.h"

#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"

/*
 * The lists of signers. ssh-keygen's own reading of allowed_signers is
 * generous (wildcards, lines without namespaces, authorities), and anything
 * that is generous here lets strangers in: a line that is not of the plain
 * form is an error, not a line less.
 */
enum { LINES_MAX = 10000, LINE_MAX_LEN = 16384, WORDS_MAX = 8 };

static int signers_bad(struct mv_err *err, const char *file, int line,
		       const char *why)
{
	return mv_fail(err, MV_EINVALID, "%s:%d: %s", file, line, why);
}

static int month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
				    30, 31 };
	int leap = (!(year % 4) && year % 100) || !(year % 400);

	return days[month - 1] + (month == 2 && leap);
}

int mv_signers_time(int64_t *out, const char *text)
{
	static const int days[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243,
				    273, 304, 334 };
	size_t len = strlen(text);
	int v[6] = { 0, 1, 1, 0, 0, 0 };
	int64_t y, d;

	if (len && text[len - 1] == 'Z')
		len--;
	if ((len != 8 && len != 12 && len != 14) ||
	    strspn(text, "0123456789") < len)
		return -1;
	for (size_t i = 0, at = 0; at < len; i++) {
		size_t n = i ? 2 : 4;

		for (v[i] = 0; n; n--)
			v[i] = v[i] * 10 + (text[at++] - '0');
	}
	if (v[0] < 1970 || v[1] < 1 || v[1] > 12 || v[2] < 1 ||
	    v[2] > month_days(v[0], v[1]) || v[3] > 23 || v[4] > 59 ||
	    v[5] > 59)
		return -1;
	y = v[0] - (v[1] <= 2);		/* leap days before this one */
	d = (v[0] - 1970) * INT64_C(365) + (y / 4 - y / 100 + y / 400) -
	    (1969 / 4 - 1969 / 100 + 1969 / 400) + days[v[1] - 1] + v[2] - 1;
	*out = d * 86400 + v[3] * 3600 + v[4] * 60 + v[5];
	return 0;
}

/* -- lines and words ------------------------------------------------------ */

struct text {
	const char *file;
	char *copy, *next;
	int line;
	struct mv_err *err;
};

/* A copy that is cut up in place; NUL and control characters are refused. */
static int open_text(struct text *t, const char *file, const char *data,
		     size_t len, struct mv_err *err)
{
	memset(t, 0, sizeof(*t));
	t->file = file;
	t->err = err;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];

		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			return mv_fail(err, MV_EINVALID, "%s: control "
				       "characters are not allowed (are these "
				       "CR LF line ends?)", file);
	}
	t->copy = malloc(len + 1);
	if (!t->copy)
		return mv_nomem(err);
	memcpy(t->copy, data, len);
	t->copy[len] = '\0';
	t->next = t->copy;
	return 0;
}

/* The next line that says something; NULL: the end. */
static char *signers_next_line(struct text *t)
{
	while (*t->next) {
		char *line = t->next, *lf = strchr(line, '\n');

		t->line++;
		t->next = lf ? lf + 1 : line + strlen(line);
		if (lf)
			*lf = '\0';
		line += strspn(line, " \t");
		if (*line && *line != '#')
			return line;
	}
	return NULL;
}

/* Up to a blank outside of double quotes; NULL: none is left. */
static char *next_word(char **rest)
{
	char *word = *rest + strspn(*rest, " \t"), *p;
	int quoted = 0;

	if (!*word)
		return NULL;
	for (p = word; *p && (quoted || (*p != ' ' && *p != '\t')); p++)
		if (*p == '"')
			quoted = !quoted;
	*rest = *p ? p + 1 : p;
	*p = '\0';
	return word;
}

/* `name="value"` or `name=value` of that name; the quotes go. */
static char *option_value(char *word, const char *name)
{
	size_t n = strlen(name), len;

	if (strncmp(word, name, n) || word[n] != '=')
		return NULL;
	word += n + 1;
	len = strlen(word);
	if (len >= 2 && *word == '"' && word[len - 1] == '"') {
		word[len - 1] = '\0';
		word++;
	}
	return strchr(word, '"') ? NULL : word;
}

/* -- allowed_signers ------------------------------------------------------ */

/* No certificates (whoever holds the authority would be in), no DSA. */
static int is_key_type(const char *word)
{
	static const char *const types[] = {
		"ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256",
		"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
		"sk-ssh-ed25519@openssh.com",
		"sk-ecdsa-sha2-nistp256@openssh.com"
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(word, types[i]))
			return 1;
	return 0;
}

static int add_namespaces(struct mv_ssh_signer *s, char *list,
			  struct mv_err *err)
{
	size_t n = 1;
	char *save = NULL, *word;

	for (const char *p = list; *p; p++)
		n += *p == ',';
	s->namespaces = calloc(n + 1, sizeof(*s->namespaces));
	if (!s->namespaces)
		return mv_nomem(err);
	n = 0;
	for (word = strtok_r(list, ",", &save); word;
	     word = strtok_r(NULL, ",", &save))
		if (mv_set_str(&s->namespaces[n++], word, err))
			return MV_ENOMEM;
	return 0;
}

/* "namespaces=..,valid-before=..": commas part options, but not in quotes. */
static int take_options(struct mv_ssh_signer *s, char *word, struct text *t)
{
	while (*word) {
		char *end = word, *value;
		int quoted = 0, last, rc = 0;

		while (*end && (quoted || *end != ',')) {
			if (*end == '"')
				quoted = !quoted;
			end++;
		}
		last = !*end;
		*end = '\0';
		if ((value = option_value(word, "namespaces"))) {
			if (s->namespaces)
				return signers_bad(t->err, t->file, t->line,
						   "namespaces= twice");
			if (strpbrk(value, "*?! "))
				return signers_bad(t->err, t->file, t->line,
						   "namespaces= takes whole names, "
						   "with commas and without wildcards");
			rc = add_namespaces(s, value, t->err);
		} else if ((value = option_value(word, "valid-after"))) {
			rc = mv_signers_time(&s->after, value);
		} else if ((value = option_value(word, "valid-before"))) {
			rc = mv_signers_time(&s->before, value);
		} else {
			return signers_bad(t->err, t->file, t->line,
					   "only namespaces=, "
					   "valid-after= and valid-before= are allowed");
		}
		if (rc)
			return rc == MV_ENOMEM ? rc :
				signers_bad(t->err, t->file, t->line,
					    "a time is YYYYMMDD or YYYYMMDDHHMM[SS][Z]");
		word = last ? end : end + 1;
	}
	return 0;
}

static int check_principals(char *list, struct text *t)
{
	if (strpbrk(list, "*?!"))
		return signers_bad(t->err, t->file, t->line,
				   "wildcards would let "
				   "anybody in; name each person");
	if (strchr(list, '"'))
		return signers_bad(t->err, t->file, t->line,
				   "no quotes in a name");
	list[strcspn(list, ",")] = '\0';
	return *list ? 0 :
		signers_bad(t->err, t->file, t->line,
			    "a line begins with who it is");
}

/* The type stands in front of the key, and once more in it. */
static int decode_key(struct mv_buf *key, const char *type, const char *base64)
{
	size_t n = strlen(type);

	return !mv_unbase64(key, base64, strlen(base64)) && key->len > n + 4 &&
	       (uint8_t)key->data[3] == n && !key->data[0] && !key->data[1] &&
	       !key->data[2] && !memcmp(key->data + 4, type, n);
}

static int take_key(struct mv_ssh_signer *s, const char *type,
		    const char *base64, struct text *t)
{
	struct mv_buf key;

	mv_buf_init(&key, LINE_MAX_LEN);
	if (!decode_key(&key, type, base64)) {
		mv_buf_release(&key);
		return signers_bad(t->err, t->file, t->line,
				   "this is no public key");
	}
	s->key_len = key.len;
	s->key = (uint8_t *)mv_buf_detach(&key);
	return s->key ? 0 : mv_nomem(t->err);
}

static int take_ssh_line(struct mv_ssh_signer *s, char *line, struct text *t)
{
	char *who = next_word(&line), *word = next_word(&line), *key;
	int rc = check_principals(who, t);

	if (rc)
		return rc;
	s->line = t->line;
	if (word && !is_key_type(word)) {
		rc = take_options(s, word, t);
		word = next_word(&line);
	}
	if (rc)
		return rc;
	key = next_word(&line);		/* a comment may follow */
	if (!word || !key || !is_key_type(word))
		return signers_bad(t->err, t->file, t->line,
				   "expected PRINCIPAL "
				   "namespaces=\"...\" KEYTYPE KEY");
	if (!s->namespaces || !s->namespaces[0])
		return signers_bad(t->err, t->file, t->line,
				   "namespaces= is missing; "
				   "for approvals: namespaces=\""
				   MV_TRUST_NS_APPROVAL "\"");
	rc = mv_set_str(&s->principal, who, t->err);
	return rc ? rc : take_key(s, word, key, t);
}

static int check_one_person(const struct mv_trust *t, struct text *text)
{
	const struct mv_ssh_signer *s = &t->ssh[t->ssh_count - 1];

	for (size_t i = 0; i + 1 < t->ssh_count; i++)
		if (t->ssh[i].key_len == s->key_len &&
		    !memcmp(t->ssh[i].key, s->key, s->key_len) &&
		    strcmp(t->ssh[i].principal, s->principal))
			return mv_fail(text->err, MV_EINVALID, "%s:%d: the key "
				       "of line %d, for somebody else",
				       text->file, s->line, t->ssh[i].line);
	return 0;
}

int mv_signers_read_ssh(struct mv_trust *t, const char *data, size_t len,
			struct mv_err *err)
{
	struct text text;
	char *line;
	int rc = open_text(&text, ".gitmodel/allowed_signers", data, len, err);

	while (!rc && (line = signers_next_line(&text))) {
		struct mv_ssh_signer *s;

		if (text.line > LINES_MAX) {
			rc = signers_bad(err, text.file, text.line,
					 "too many lines");
			break;
		}
		s = MV_GROW_ONE(t->ssh, t->ssh_count, err);
		rc = s ? take_ssh_line(s, line, &text) : MV_ENOMEM;
		if (!rc)
			rc = check_one_person(t, &text);
	}
	free(text.copy);
	return rc;
}

/* -- revoked_keys --------------------------------------------------------- */

/*
 * ssh-keygen passes over lines that it cannot read: then nothing would be
 * revoked, and nobody would know. Nor does it say why a signature is not
 * good. So we read the list, too. A KRL is its own format, and it does refuse
 * one that is broken.
 */
int mv_signers_is_krl(const struct mv_trust *t)
{
	static const char krl[] = "SSHKRL\n";	/* and its NUL */

	return t->revoked_len >= sizeof(krl) &&
	       !memcmp(t->revoked, krl, sizeof(krl));
}

static int add_revoked(struct mv_trust *t, char *line, struct text *text)
{
	char *type = next_word(&line), *base64 = next_word(&line);
	struct mv_ssh_key *one;
	struct mv_buf blob;
	int ok;

	mv_buf_init(&blob, LINE_MAX_LEN);
	ok = base64 && is_key_type(type) && decode_key(&blob, type, base64);
	one = ok ? MV_GROW_ONE(t->bad_keys, t->bad_count, text->err) : NULL;
	if (!one) {
		mv_buf_release(&blob);
		return ok ? MV_ENOMEM :
			signers_bad(text->err, text->file, text->line,
				    "expected KEYTYPE KEY, or a KRL as the whole file");
	}
	one->len = blob.len;
	one->blob = (uint8_t *)mv_buf_detach(&blob);
	return one->blob ? 0 : mv_nomem(text->err);
}

int mv_signers_read_revoked(struct mv_trust *t, struct mv_err *err)
{
	struct text text;
	char *line;
	int rc;

	if (mv_signers_is_krl(t))
		return 0;
	rc = open_text(&text, ".gitmodel/revoked_keys", t->revoked,
		       t->revoked_len, err);
	while (!rc && (line = signers_next_line(&text)))
		rc = text.line > LINES_MAX ?
			signers_bad(err, text.file, text.line,
				    "too many lines") :
			add_revoked(t, line, &text);
	free(text.copy);
	return rc;
}

/* -- allowed_gpg ---------------------------------------------------------- */

static int take_gpg_line(struct mv_gpg_signer *s, char *line, struct text *t)
{
	char *who = next_word(&line), *print = next_word(&line), *word, *value;
	size_t n = print ? strlen(print) : 0;
	int rc = check_principals(who, t);

	s->line = t->line;
	if (rc)
		return rc;
	if ((n != 40 && n != 64) || strspn(print, "0123456789ABCDEFabcdef") < n)
		return signers_bad(t->err, t->file, t->line,
				   "expected PRINCIPAL and "
				   "the whole fingerprint of the key, without blanks");
	for (char *p = print; *p; p++)
		*p = *p >= 'a' ? (char)(*p - 'a' + 'A') : *p;
	while ((word = next_word(&line))) {
		if ((value = option_value(word, "valid-after")))
			rc = mv_signers_time(&s->after, value);
		else if ((value = option_value(word, "valid-before")))
			rc = mv_signers_time(&s->before, value);
		else
			rc = -1;
		if (rc)
			return signers_bad(t->err, t->file, t->line,
					   "only valid-after= "
					   "and valid-before= may follow, with times "
					   "such as 20261231");
	}
	s->principal = strdup(who);
	s->fingerprint = strdup(print);
	return s->principal && s->fingerprint ? 0 : mv_nomem(t->err);
}

int mv_signers_read_gpg(struct mv_trust *t, const char *data, size_t len,
			struct mv_err *err)
{
	struct text text;
	char *line;
	int rc = open_text(&text, ".gitmodel/allowed_gpg", data, len, err);

	while (!rc && (line = signers_next_line(&text))) {
		struct mv_gpg_signer *s;

		if (text.line > LINES_MAX) {
			rc = signers_bad(err, text.file, text.line,
					 "too many lines");
			break;
		}
		s = MV_GROW_ONE(t->pgp, t->pgp_count, err);
		rc = s ? take_gpg_line(s, line, &text) : MV_ENOMEM;
		for (size_t i = 0; !rc && i + 1 < t->pgp_count; i++)
			if (!strcmp(t->pgp[i].fingerprint, s->fingerprint) &&
			    strcmp(t->pgp[i].principal, s->principal))
				rc = signers_bad(err, text.file, s->line,
						 "a key that "
						 "another line gives to somebody else");
	}
	free(text.copy);
	return rc;
}

void mv_signers_release(struct mv_trust *t)
{
	for (size_t i = 0; i < t->ssh_count; i++) {
		struct mv_ssh_signer *s = &t->ssh[i];

		for (size_t j = 0; s->namespaces && s->namespaces[j]; j++)
			free(s->namespaces[j]);
		free(s->namespaces);
		free(s->principal);
		free(s->key);
	}
	for (size_t i = 0; i < t->pgp_count; i++) {
		free(t->pgp[i].principal);
		free(t->pgp[i].fingerprint);
	}
	for (size_t i = 0; i < t->bad_count; i++)
		free(t->bad_keys[i].blob);
	free(t->bad_keys);
	free(t->ssh);
	free(t->pgp);
}
