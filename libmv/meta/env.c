/* SPDX-License-Identifier: MIT */
#include "libmv/meta/facts.h"
#include "libmv/meta/priv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LINE_MAX_BYTES 65536

enum flavour { FLAVOUR_INI, FLAVOUR_ENV, FLAVOUR_PROPERTIES };

struct env {
	struct mv_facts fresh;
	const char *name;
	enum flavour flavour;
	int metrics;
	size_t skipped;
	size_t line;
	char *start;		/* of the line, for columns */
	struct mv_buf section, key;
	int after_pair;		/* an indented line would continue it */
	struct mv_err *err;
};

static enum flavour flavour_of(const char *name)
{
	const char *dot = strrchr(name, '.');

	if (dot && !strcasecmp(dot, ".properties"))
		return FLAVOUR_PROPERTIES;
	if (dot && (!strcasecmp(dot, ".ini") || !strcasecmp(dot, ".cfg")))
		return FLAVOUR_INI;
	return FLAVOUR_ENV;
}

static int env_fail_at(const struct env *e, const char *at, const char *what)
{
	return mv_fail(e->err, MV_EINVALID, "%s:%zu:%zu: %s", e->name, e->line,
		       (size_t)(at - e->start) + 1, what);
}

static int is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static char *skip_blanks(char *s)
{
	while (is_blank(*s))
		s++;
	return s;
}

static void trim_end(char *start)
{
	size_t len = strlen(start);

	while (len && is_blank(start[len - 1]))
		len--;
	start[len] = '\0';
}

static int is_comment(const struct env *e, const char *s)
{
	return *s == '#' || (*s == ';' && e->flavour != FLAVOUR_PROPERTIES) ||
	       (*s == '!' && e->flavour == FLAVOUR_PROPERTIES);
}

static int read_section(struct env *e, char *s)
{
	char *end = strchr(s, ']'), *rest;

	if (!end || e->flavour == FLAVOUR_PROPERTIES)
		return env_fail_at(e, s, "a section is [name]");
	rest = skip_blanks(end + 1);
	if (*rest && !is_comment(e, rest))
		return env_fail_at(e, rest, "text behind a section's name");
	*end = '\0';
	s = skip_blanks(s + 1);
	trim_end(s);
	if (!*s)
		return env_fail_at(e, s, "a section without a name");
	mv_buf_clear(&e->section);
	return mv_buf_addstr(&e->section, s) ?
	       env_fail_at(e, s, "the section's name is too long") : 0;
}

/* A value in quotes, unescaped where it stands. */
static int unquote(struct env *e, char *s)
{
	const char *known = "n\nr\rt\t\"\"\\\\$$";
	char quote = *s, *from = s + 1, *to = s;

	for (; *from && *from != quote; from++) {
		const char *k = known;

		if (*from != '\\' || quote == '\'') {
			*to++ = *from;
			continue;
		}
		while (*k && *k != from[1])
			k += 2;
		if (*k && from[1]) {
			*to++ = k[1];
			from++;
		} else {
			*to++ = '\\';
		}
	}
	if (!*from)
		return env_fail_at(e, s, "a quote that does not end");
	from = skip_blanks(from + 1);
	if (*from && !is_comment(e, from))
		return env_fail_at(e, from, "text behind a closing quote");
	*to = '\0';
	return 0;
}

static int trim_value(struct env *e, char *s)
{
	size_t len;

	if (e->flavour != FLAVOUR_PROPERTIES)
		for (char *p = s; *p; p++)
			if (is_comment(e, p) && (p == s || is_blank(p[-1]))) {
				*p = '\0';
				break;
			}
	trim_end(s);
	len = strlen(s);
	if (len && s[len - 1] == '\\' && e->flavour == FLAVOUR_PROPERTIES)
		return env_fail_at(e, s + len - 1,
				   "continued lines are not read");
	return 0;
}

static int add_pair(struct env *e, char *key, char *text)
{
	int quoted = *text == '"' || *text == '\'', rc;
	struct mv_value v;

	if (e->flavour == FLAVOUR_PROPERTIES)
		quoted = 0;
	rc = quoted ? unquote(e, text) : trim_value(e, text);
	if (rc)
		return rc;
	mv_buf_clear(&e->key);
	if (mv_buf_addf(&e->key, "%s%s%s", e->section.data,
			e->section.len ? "." : "", key))
		return env_fail_at(e, key, "the key is too long");
	rc = quoted || !*text ? mv_value_string(&v, text, e->err) :
				mv_value_guess(&v, text, e->err);
	if (rc)
		return rc;
	if (e->metrics && v.type == MV_VALUE_NULL) {
		e->skipped++;
		mv_value_release(&v);
		return 0;
	}
	rc = mv_facts_append(&e->fresh, e->key.data, &v, (uint32_t)e->line,
			     e->err);
	if (rc == MV_EINVALID)
		mv_err_prefix(e->err, "%s:%zu:%zu", e->name, e->line,
			      (size_t)(key - e->start) + 1);
	return rc;
}

static int env_read_line(struct env *e, char *s)
{
	const char *separators = e->flavour == FLAVOUR_ENV ? "=" : "=:";
	int indented = is_blank(*s), continues = e->after_pair;
	char *at;

	e->start = s;
	s = skip_blanks(s);
	if (!*s || is_comment(e, s))
		return 0;
	e->after_pair = 0;
	if (*s == '[')
		return read_section(e, s);
	/* Python's configparser takes it for more of the value above. */
	if (indented && continues && e->flavour == FLAVOUR_INI)
		return env_fail_at(e, s,
				   "an indented line: continued values are "
				   "not read");
	if (!strncmp(s, "export", 6) && is_blank(s[6]) &&
	    e->flavour == FLAVOUR_ENV)
		s = skip_blanks(s + 6);
	at = strpbrk(s, separators);
	if (!at)
		return env_fail_at(e, s, "neither key = value nor a comment");
	*at++ = '\0';
	trim_end(s);
	if (!*s)
		return env_fail_at(e, s, "a value without a name");
	e->after_pair = 1;
	return add_pair(e, s, skip_blanks(at));
}

static int read_lines(struct env *e, char *s, size_t len)
{
	char *end = s + len;
	int rc = 0;

	while (s < end && !rc) {
		char *lf = memchr(s, '\n', (size_t)(end - s));
		char *next = lf ? lf + 1 : end, *stop = lf ? lf : end;

		e->line++;
		e->start = s;
		if (stop > s && stop[-1] == '\r')
			stop--;
		*stop = '\0';
		if (strlen(s) != (size_t)(stop - s))
			rc = env_fail_at(e, s + strlen(s), "NUL byte");
		else if (stop - s > LINE_MAX_BYTES)
			rc = env_fail_at(e, s + LINE_MAX_BYTES,
					 "the line is too long");
		else
			rc = env_read_line(e, s);
		s = next;
	}
	return rc;
}

int mv_env_read(struct mv_facts *facts, const char *name, const char *data,
		size_t len, int metrics, size_t *skipped, struct mv_err *err)
{
	struct env e = { .name = name, .flavour = flavour_of(name),
			 .metrics = metrics, .err = err };
	char *copy;
	int rc;

	if (len >= 3 && !memcmp(data, "\xef\xbb\xbf", 3)) {
		data += 3;
		len -= 3;
	}
	copy = malloc(len + 1);
	if (!copy)
		return mv_nomem(err);
	memcpy(copy, data, len);
	copy[len] = '\0';
	mv_buf_init(&e.section, 512);
	mv_buf_init(&e.key, 2 * LINE_MAX_BYTES);
	rc = read_lines(&e, copy, len);
	if (!rc) {
		rc = mv_facts_merge(facts, &e.fresh, err);
		if (rc == MV_EINVALID)
			mv_facts_put_name(err, name);
	}
	if (!rc && skipped)
		*skipped += e.skipped;
	mv_facts_release(&e.fresh);
	mv_buf_release(&e.key);
	mv_buf_release(&e.section);
	free(copy);
	return rc;
}
