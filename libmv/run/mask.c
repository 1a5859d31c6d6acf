/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libmv/run/priv.h"

/*
 * A recorded command goes wherever the notes go, and stays there. So what
 * looks like a secret is not recorded: a few harmless values that are lost
 * (`--sort-token x`) weigh less than one password that is published.
 */
#define TEXT_MAX ((size_t)16 << 20)
enum { WORD_MAX = 24 };

struct slice {
	const char *s;
	size_t len;
};

static int is_one_of(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(word, *list))
			return 1;
	return 0;
}

static int ends_in_one_of(const char *word, const char *const *list)
{
	size_t len = strlen(word);

	for (; *list; list++) {
		size_t n = strlen(*list);

		if (len >= n && !strcmp(word + len - n, *list))
			return 1;
	}
	return 0;
}

/* The last two words of "--db.apiKey": "api", "key", in small letters. */
static void last_words(char before[WORD_MAX], char last[WORD_MAX],
		       struct slice name)
{
	size_t n = 0;

	*before = *last = '\0';
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.s[i];
		int starts = isupper(c) && i &&
			     islower((unsigned char)name.s[i - 1]);

		if ((!isalnum(c) || starts) && n) {
			memcpy(before, last, WORD_MAX);
			n = 0;
		}
		if (!isalnum(c))
			continue;
		if (n + 1 == WORD_MAX) {	/* its end is what counts */
			memmove(last, last + 1, WORD_MAX - 2);
			n--;
		}
		last[n++] = (char)tolower(c);
		last[n] = '\0';
	}
}

static int names_secret(struct slice name)
{
	static const char *const words[] = {
		"key", "token", "auth", "authorization", "credential",
		"credentials", "passphrase", "pwd", "signature", "sig", NULL
	};
	static const char *const endings[] = {
		"password", "passwd", "secret", "apikey", "accesskey",
		"secretkey", "privatekey", "authtoken", "accesstoken", NULL
	};
	/* Of a model's vocabulary, or a table's columns. */
	static const char *const harmless[] = {
		"pad", "eos", "bos", "unk", "mask", "sep", "cls", "stop",
		"start", "end", "sort", "primary", "foreign", "group", "join",
		"partition", NULL
	};
	char before[WORD_MAX], last[WORD_MAX];

	last_words(before, last, name);
	if (ends_in_one_of(last, endings))
		return 1;
	return is_one_of(last, words) && !is_one_of(before, harmless);
}

/* Tokens that say by their first letters what they are. */
static int has_token_shape(struct slice value)
{
	static const struct {
		const char *begins;
		size_t least;
	} shapes[] = {
		{ "ghp_", 36 }, { "gho_", 36 }, { "ghs_", 36 },
		{ "github_pat_", 40 }, { "glpat-", 24 }, { "hf_", 30 },
		{ "sk-", 36 }, { "xoxb-", 24 }, { "xoxp-", 24 },
		{ "AKIA", 20 }, { "ASIA", 20 }, { "eyJ", 60 }
	};

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		size_t n = strlen(shapes[i].begins), k = n;

		if (value.len < shapes[i].least ||
		    memcmp(value.s, shapes[i].begins, n))
			continue;
		while (k < value.len && (isalnum((unsigned char)value.s[k]) ||
					 strchr("-_.", value.s[k])))
			k++;
		if (k == value.len)
			return 1;
	}
	return 0;
}

static size_t mask_find(struct slice in, size_t from, char c)
{
	const char *hit = from < in.len ?
			  memchr(in.s + from, c, in.len - from) : NULL;

	return hit ? (size_t)(hit - in.s) : in.len;
}

/* "https://user:***@host": where the host begins, or `from`. */
static int add_userinfo(struct mv_buf *out, struct slice v, size_t from,
			int keep_user, size_t *next)
{
	size_t end = from, at = v.len;

	while (end < v.len && !strchr("/?#", v.s[end]))
		end++;
	for (size_t i = from; i < end; i++)
		if (v.s[i] == '@')
			at = i;
	*next = from;
	if (at == v.len)
		return 0;
	*next = at;
	end = mask_find((struct slice){ v.s, at }, from, ':');
	/* A user alone is a token, but for ssh. */
	if (end == at && keep_user)
		return mv_buf_add(out, v.s + from, at - from);
	if (end == at)
		return mv_buf_addstr(out, MV_MASK);
	return mv_buf_add(out, v.s + from, end - from) ||
	       mv_buf_addstr(out, ":" MV_MASK) ? MV_ENOMEM : 0;
}

/* "?a=b&token=***" */
static int add_query(struct mv_buf *out, struct slice v)
{
	size_t at = 0;
	int rc = 0;

	while (!rc && at < v.len) {
		size_t end = mask_find(v, at, '&'), eq = mask_find(v, at, '=');
		struct slice name = { v.s + at, eq - at };

		if (eq < end && names_secret(name))
			rc = mv_buf_add(out, v.s + at, eq + 1 - at) ||
			     mv_buf_addstr(out, MV_MASK) ? MV_ENOMEM : 0;
		else
			rc = mv_buf_add(out, v.s + at, end - at);
		if (!rc && end < v.len)
			rc = mv_buf_addch(out, '&');
		at = end + 1;
	}
	return rc;
}

static int mask_add_value(struct mv_buf *out, struct slice v)
{
	const char *url = memmem(v.s, v.len, "://", 3);
	size_t at, q;
	int rc;

	if (has_token_shape(v))
		return mv_buf_addstr(out, MV_MASK);
	if (!url)
		return mv_buf_add(out, v.s, v.len);
	at = (size_t)(url - v.s) + 3;
	rc = mv_buf_add(out, v.s, at);
	if (!rc)
		rc = add_userinfo(out, v, at, at >= 6 &&
				  !memcmp(url - 3, "ssh", 3), &at);
	q = mask_find(v, at, '?');
	if (!rc)
		rc = mv_buf_add(out, v.s + at, q - at);
	if (!rc && q < v.len)
		rc = mv_buf_addch(out, '?');
	if (!rc && q < v.len)
		rc = add_query(out, (struct slice){ v.s + q + 1,
						    v.len - q - 1 });
	return rc;
}

/* The word before says that a secret follows; does one? */
static int is_value(struct slice w)
{
	return w.len > 2 ? w.s[0] != '-' || w.s[1] != '-' : w.s[0] != '-';
}

static int is_scheme(struct slice w)
{
	return (w.len == 6 && !strncasecmp(w.s, "bearer", 6)) ||
	       (w.len == 5 && (!strncasecmp(w.s, "basic", 5) ||
			       !strncasecmp(w.s, "token", 5)));
}

static int mask_add_word(struct mv_buf *out, struct slice w, int *pending)
{
	size_t sep = 0;
	int expected = *pending;

	if (!w.len)
		return 0;
	*pending = 0;
	if (expected && is_scheme(w)) {
		*pending = 1;
		return mv_buf_add(out, w.s, w.len);
	}
	if (expected && is_value(w))
		return mv_buf_addstr(out, MV_MASK);
	while (sep < w.len && w.s[sep] != '=' && w.s[sep] != ':')
		sep++;
	if (sep < w.len && names_secret((struct slice){ w.s, sep }) &&
	    strncmp(w.s + sep, "://", 3)) {
		if (sep + 1 == w.len) {		/* "Authorization:" */
			*pending = w.s[sep] == ':';
			return mv_buf_add(out, w.s, w.len);
		}
		return mv_buf_add(out, w.s, sep + 1) ||
		       mv_buf_addstr(out, MV_MASK) ? MV_ENOMEM : 0;
	}
	if (sep == w.len && *w.s == '-' && names_secret(w))
		*pending = 1;
	sep = mask_find(w, 0, '=');
	if (*w.s == '-' && sep < w.len)
		return mv_buf_add(out, w.s, sep + 1) ||
		       mask_add_value(out, (struct slice){ w.s + sep + 1,
							   w.len - sep - 1 }) ?
		       MV_ENOMEM : 0;
	return mask_add_value(out, w);
}

/* Where the word at `at` ends; quotes that are closed hold blanks. */
static size_t word_end(struct slice text, size_t at)
{
	for (; at < text.len && !isspace((unsigned char)text.s[at]); at++) {
		char c = text.s[at];
		size_t close = c == '\'' || c == '"' ?
			       mask_find(text, at + 1, c) : text.len;

		if (close < text.len)
			at = close;
	}
	return at;
}

/* Words in words ("sh -c 'x --token y'"), a few levels deep. */
static int mask_add_text(struct mv_buf *out, struct slice text, int *pending,
			 int depth)
{
	size_t at = 0;
	int rc = 0;

	while (!rc && at < text.len) {
		size_t end = word_end(text, at);
		struct slice w = { text.s + at, end - at };
		int quoted = w.len > 1 && (*w.s == '\'' || *w.s == '"') &&
			     w.s[w.len - 1] == *w.s && depth < 4;

		if (!w.len) {
			rc = mv_buf_addch(out, text.s[at++]);
			continue;
		}
		at = end;
		if (!quoted || *pending) {
			rc = mask_add_word(out, w, pending);
			continue;
		}
		rc = mv_buf_addch(out, *w.s);
		if (!rc)
			rc = mask_add_text(out, (struct slice){ w.s + 1,
					   w.len - 2 },
					   pending, depth + 1);
		if (!rc)
			rc = mv_buf_addch(out, *w.s);
	}
	return rc;
}

static int has_space(const char *s)
{
	return s[strcspn(s, " \t\n\r\v\f")] != '\0';
}

static int is_pair(struct slice w)
{
	size_t eq = mask_find(w, 0, '=');

	return eq < w.len && !memchr(w.s, ' ', eq);
}

/* One argument; `pending` goes from one to the next. */
static int add_argument(struct mv_buf *out, const char *arg, int *pending)
{
	struct slice w = { arg, strlen(arg) };

	/* "--password" "two words", "--password=two words" */
	if (!has_space(arg) || (*pending && !is_scheme(w) && is_value(w)))
		return mask_add_word(out, w, pending);
	if (is_pair(w) && names_secret((struct slice){ arg, mask_find(w, 0,
								      '=') }))
		return mask_add_word(out, w, pending);
	*pending = 0;
	return mask_add_text(out, w, pending, 0);
}

void mv_run_strings_free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

char **mv_run_mask_command(const char *const *argv)
{
	size_t n = 0;
	struct mv_buf buf;
	char **out;
	int pending = 0;

	while (argv[n])
		n++;
	out = calloc(n + 1, sizeof(*out));
	for (size_t i = 0; out && i < n; i++) {
		mv_buf_init(&buf, TEXT_MAX);
		if (!add_argument(&buf, argv[i], &pending))
			out[i] = strdup(buf.data);
		mv_buf_release(&buf);
		if (!out[i]) {
			mv_run_strings_free(out);
			return NULL;
		}
	}
	return out;
}

int mv_run_mask_text(struct mv_buf *out, const char *text, size_t len)
{
	size_t at = 0, end;
	int rc = 0;

	for (; !rc && at < len; at = end) {
		int blank = isspace((unsigned char)text[at]);

		for (end = at; end < len &&
		     !isspace((unsigned char)text[end]) == !blank; end++)
			;
		rc = blank ? mv_buf_add(out, text + at, end - at) :
			     mask_add_value(out, (struct slice){ text + at,
								 end - at });
	}
	return rc;
}
