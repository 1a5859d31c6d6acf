/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/report/parts.h"

#include "libmv/base/grow.h"
#include "libmv/base/words.h"
#include "libmv/meta/facts.h"
#include "libmv/report/views.h"
#include "libmv/meta/version.h"

/*
 * The expressions of mv_board_where():
 *
 *	any     = all { ("or" | "||") all }
 *	all     = one { ("and" | "&&") one }
 *	one     = ("not" | "!") one | "(" any ")" | key sign value
 *	key, value = a word, or text in quotes
 *	sign    = < <= = == != >= > ~ !~
 *
 * They are typed by people and read from workflow files: bounded in depth
 * and in length, and what is wrong is said with its column.
 */
enum {
	DEPTH_MAX = 64,
	NODES_MAX = 1000
};
enum kind { ANY, ALL, NOT, COMPARE };
enum sign { LT, LE, EQ, NE, GE, GT, LIKE, UNLIKE };

struct node {
	enum kind kind;
	enum sign sign;
	size_t left, right;
	char *key, *text;	/* of a comparison */
	struct mv_facts value;	/* `text` by its type, as "v" */
};
struct parser {
	const char *s;
	size_t at;
	struct node *nodes;
	size_t count, alloc;
	int depth;
	struct mv_err *err;
};

__attribute__((format(printf, 3, 4)))
static int where_fail_at(struct parser *p, size_t at, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	mv_vwords(text, sizeof(text), fmt, ap);
	va_end(ap);
	return mv_fail(p->err, MV_EINVALID, "column %zu: %s",
		       mv_width(p->s, at) + 1, text);
}

static int add_node(struct parser *p, size_t *at, enum kind kind)
{
	if (p->count == NODES_MAX)
		return where_fail_at(p, p->at, "the expression is too long");
	if (MV_GROW(p->nodes, p->alloc, p->count + 1, p->err) < 0)
		return MV_ENOMEM;
	*at = p->count++;
	memset(&p->nodes[*at], 0, sizeof(*p->nodes));
	p->nodes[*at].kind = kind;
	return 0;
}

/* -- words ---------------------------------------------------------------- */

static void skip_blanks(struct parser *p)
{
	p->at += strspn(p->s + p->at, " \t\r\n");
}

static size_t word_len(const struct parser *p)
{
	return strcspn(p->s + p->at, " \t\r\n()<>=!~&|'\"");
}

/* Take this sign ("&&") or word ("and", "AND") if it comes next. */
static int accept(struct parser *p, const char *sign, const char *lower,
		  const char *upper)
{
	const char *s = p->s + p->at;
	size_t len = word_len(p);

	if (!strncmp(s, sign, strlen(sign))) {
		p->at += strlen(sign);
		return 1;
	}
	if (!len || len != strlen(lower) ||
	    (strncmp(s, lower, len) && strncmp(s, upper, len)))
		return 0;
	p->at += len;
	return 1;
}

static int take_quoted(char **out, struct parser *p)
{
	size_t start = p->at, n = 0;
	char quote = p->s[p->at++];
	char *text = malloc(strlen(p->s + p->at) + 1);

	if (!text)
		return mv_nomem(p->err);
	while (p->s[p->at] && p->s[p->at] != quote) {
		if (p->s[p->at] == '\\' && (p->s[p->at + 1] == quote ||
					    p->s[p->at + 1] == '\\'))
			p->at++;
		text[n++] = p->s[p->at++];
	}
	text[n] = '\0';
	if (!p->s[p->at]) {
		free(text);
		return where_fail_at(p, start, "the quote is not closed");
	}
	p->at++;
	*out = text;
	return 0;
}

static int where_take_text(char **out, struct parser *p, const char *what,
			   int *quoted)
{
	size_t len;

	skip_blanks(p);
	*quoted = p->s[p->at] == '\'' || p->s[p->at] == '"';
	if (*quoted)
		return take_quoted(out, p);
	len = word_len(p);
	if (!len)
		return where_fail_at(p, p->at, "expected %s", what);
	*out = strndup(p->s + p->at, len);
	if (!*out)
		return mv_nomem(p->err);
	p->at += len;
	return 0;
}

static int take_sign(enum sign *out, struct parser *p)
{
	static const struct {
		const char *text;
		enum sign sign;
	} signs[] = {
		{ "<=", LE }, { ">=", GE }, { "==", EQ }, { "!=", NE },
		{ "!~", UNLIKE }, { "<", LT }, { ">", GT }, { "=", EQ },
		{ "~", LIKE }
	};

	skip_blanks(p);
	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		size_t len = strlen(signs[i].text);

		if (!strncmp(p->s + p->at, signs[i].text, len)) {
			*out = signs[i].sign;
			p->at += len;
			return 0;
		}
	}
	return where_fail_at(p, p->at, "expected one of < <= = != >= > ~ !~");
}

/* What a value is by how it looks, as on the command line; in quotes, text. */
static int type_value(struct parser *p, struct node *n, int quoted)
{
	struct mv_value v = { .type = MV_VALUE_STRING };
	char *arg;
	int rc;

	if (quoted) {
		v.text = n->text;
		return mv_facts_set(&n->value, "v", &v, 0, p->err);
	}
	arg = mv_strf("v=%s", n->text);
	if (!arg)
		return mv_nomem(p->err);
	rc = mv_facts_set_arg(&n->value, arg, p->err);
	free(arg);
	return rc;
}

/* -- grammar -------------------------------------------------------------- */

static int parse_any(struct parser *p, size_t *at);

static int parse_comparison(struct parser *p, size_t *at)
{
	int quoted, rc = add_node(p, at, COMPARE);
	struct node *n;
	size_t value;

	if (rc)
		return rc;
	n = &p->nodes[*at];	/* nothing is added below this point */
	rc = where_take_text(&n->key, p, "a key, such as auc", &quoted);
	if (!rc)
		rc = take_sign(&n->sign, p);
	if (rc)
		return rc;
	skip_blanks(p);
	value = p->at;
	rc = where_take_text(&n->text, p, "a number or a text", &quoted);
	if (rc)
		return rc;
	rc = type_value(p, n, quoted);
	return rc == MV_EINVALID ? where_fail_at(p, value, "not a value") : rc;
}

static int parse_one(struct parser *p, size_t *at)
{
	size_t inner;
	int rc;

	if (++p->depth > DEPTH_MAX)
		return where_fail_at(p, p->at, "nested more than %d deep",
				     DEPTH_MAX);
	skip_blanks(p);
	if (accept(p, "!", "not", "NOT")) {
		rc = parse_one(p, &inner);
		if (!rc)
			rc = add_node(p, at, NOT);
		if (!rc)
			p->nodes[*at].left = inner;
	} else if (p->s[p->at] == '(') {
		p->at++;
		rc = parse_any(p, at);
		skip_blanks(p);
		if (!rc && p->s[p->at] != ')')
			rc = where_fail_at(p, p->at, "expected ')'");
		p->at += !rc;
	} else {
		rc = parse_comparison(p, at);
	}
	p->depth--;
	return rc;
}

static int where_join(struct parser *p, size_t *at, enum kind kind,
		      size_t right)
{
	size_t both;
	int rc = add_node(p, &both, kind);

	if (rc)
		return rc;
	p->nodes[both].left = *at;
	p->nodes[both].right = right;
	*at = both;
	return 0;
}

static int parse_all(struct parser *p, size_t *at)
{
	int rc = parse_one(p, at);
	size_t right;

	skip_blanks(p);
	while (!rc && accept(p, "&&", "and", "AND")) {
		rc = parse_one(p, &right);
		if (!rc)
			rc = where_join(p, at, ALL, right);
		skip_blanks(p);
	}
	return rc;
}

static int parse_any(struct parser *p, size_t *at)
{
	int rc = parse_all(p, at);
	size_t right;

	skip_blanks(p);
	while (!rc && accept(p, "||", "or", "OR")) {
		rc = parse_all(p, &right);
		if (!rc)
			rc = where_join(p, at, ANY, right);
		skip_blanks(p);
	}
	return rc;
}

/* -- asking a row --------------------------------------------------------- */

/* '*' and '?'; goes back to the last '*' only, so it cannot explode. */
static int glob(const char *pattern, const char *s)
{
	const char *star = NULL, *resume = NULL;

	while (*s) {
		if (*pattern == '*') {
			star = ++pattern;
			resume = s;
		} else if (*pattern == '?' || *pattern == *s) {
			pattern++;
			s++;
		} else if (star) {
			pattern = star;
			s = ++resume;
		} else {
			return 0;
		}
	}
	return !pattern[strspn(pattern, "*")];
}

static int by_order(enum sign sign, int cmp)
{
	switch (sign) {
	case LT:
		return cmp < 0;
	case LE:
		return cmp <= 0;
	case EQ:
		return !cmp;
	case NE:
		return cmp != 0;
	case GE:
		return cmp >= 0;
	case GT:
		return cmp > 0;
	default:
		return 0;
	}
}

/* Neither more nor less: NaN, and a number beside a text. */
static int by_equality(enum sign sign, int equal)
{
	return equal ? sign == EQ : sign == NE;
}

static int is_nan(const struct mv_value *v)
{
	return v->type == MV_VALUE_REAL && isnan(v->r);
}

static int where_compare(const struct node *n, const struct mv_value *v)
{
	const struct mv_value *want = mv_facts_get(&n->value, "v");
	int a, b;

	if (n->sign == LIKE || n->sign == UNLIKE)
		return glob(n->text, v->text) == (n->sign == LIKE);
	a = mv_value_is_number(v);
	b = want && mv_value_is_number(want);
	if (a && b && (is_nan(v) || is_nan(want)))
		return by_equality(n->sign, is_nan(v) && is_nan(want));
	if (a && b)
		return by_order(n->sign, mv_value_cmp(v, want));
	if (a || b)
		return by_equality(n->sign, !strcmp(v->text, n->text));
	return by_order(n->sign, strcmp(v->text, n->text));
}

/* "production, staging": does it hold for any of them? */
static int compare_stages(const struct node *n, const char *stages)
{
	struct mv_value v = { .type = MV_VALUE_STRING };
	int any = 0;

	while (*stages && !any) {
		size_t len = strcspn(stages, ",");

		v.text = strndup(stages, len);
		any = v.text && where_compare(n, &v);
		free(v.text);
		stages += len;
		stages += strspn(stages, ", ");
	}
	return any;
}

static int compare_row(const struct node *n, const struct mv_row *row)
{
	struct mv_value scratch;
	const struct mv_value *v = mv_row_value(row, n->key, &scratch);
	size_t len = strlen(n->text);

	if (!v)
		return 0;
	if (!strcmp(n->key, "stage"))
		return compare_stages(n, v->text);
	if (!strcmp(n->key, "commit") && len >= 4 && n->sign <= GT)
		return by_order(n->sign, strncmp(v->text, n->text, len));
	if (!strcmp(n->key, "version") && n->sign <= GT &&
	    mv_version_ok(v->text) && mv_version_ok(n->text))
		return by_order(n->sign, mv_version_cmp(v->text, n->text));
	return where_compare(n, v);
}

/* As deep as there are nodes at most. */
static int holds(const struct parser *p, size_t at, const struct mv_row *row)
{
	const struct node *n = &p->nodes[at];

	switch (n->kind) {
	case ANY:
		return holds(p, n->left, row) || holds(p, n->right, row);
	case ALL:
		return holds(p, n->left, row) && holds(p, n->right, row);
	case NOT:
		return !holds(p, n->left, row);
	default:
		return compare_row(n, row);
	}
}

static int parse_all_of_it(struct parser *p, size_t *top)
{
	int rc = parse_any(p, top);

	return !rc && p->s[p->at] ?
	       where_fail_at(p, p->at, "expected 'and', 'or' or the end") : rc;
}

static void release(struct parser *p)
{
	for (size_t i = 0; i < p->count; i++) {
		free(p->nodes[i].key);
		free(p->nodes[i].text);
		mv_facts_release(&p->nodes[i].value);
	}
	free(p->nodes);
}

int mv_board_knows_where(const struct mv_board *b, const char *expression,
			 struct mv_err *err)
{
	struct parser p = { .s = expression, .err = err };
	size_t top = 0;
	int rc = parse_all_of_it(&p, &top);

	for (size_t i = 0; !rc && i < p.count; i++)
		if (p.nodes[i].kind == COMPARE)
			rc = mv_board_knows_key(b, p.nodes[i].key, err);
	release(&p);
	return rc;
}

int mv_board_where(struct mv_board *b, const char *expression,
		   struct mv_err *err)
{
	struct parser p = { .s = expression, .err = err };
	unsigned char *keep = NULL;
	size_t top = 0;
	int rc = parse_all_of_it(&p, &top);

	if (rc)
		goto out;
	keep = malloc(b->count + 1);
	if (!keep) {
		rc = mv_nomem(err);
		goto out;
	}
	for (size_t i = 0; i < b->count; i++)
		keep[i] = (unsigned char)holds(&p, top, &b->v[i]);
	mv_board_keep(b, keep);
out:
	free(keep);
	release(&p);
	return rc;
}
