/* SPDX-License-Identifier: MIT */
#include "libmv/policy/priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What every rule uses: writing down what it found, and looking facts up. */

/* -- what a rule found ---------------------------------------------------- */

/* Cut rather than fail: a finding is for a person. */
static void found_add_word(struct mv_found *f, struct mv_buf *out,
			   const char *before, const char *word)
{
	before = out->len ? before : "";
	if (out->len + strlen(before) + strlen(word) > MV_FOUND_MAX)
		return;
	f->nomem |= mv_buf_addstr(out, before);
	f->nomem |= mv_buf_addstr(out, word);
}

__attribute__((format(printf, 3, 0)))
static void found_add_text(struct mv_found *f, struct mv_buf *out,
			   const char *fmt,
			   va_list ap)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0) {
		f->nomem = 1;
		return;
	}
	found_add_word(f, out, "; ", text);
	free(text);
}

void mv_expected(struct mv_found *f, const char *fmt, ...)
{
	va_list ap;

	if (f->expected.len)
		return;
	va_start(ap, fmt);
	found_add_text(f, &f->expected, fmt, ap);
	va_end(ap);
}

void mv_actual(struct mv_found *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	found_add_text(f, &f->actual, fmt, ap);
	va_end(ap);
}

static int found_has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *s = words; *s; s += *s == ' ') {
		size_t n = strcspn(s, " ");

		if (n == len && !memcmp(s, word, n))
			return 1;
		s += n;
	}
	return 0;
}

void mv_rests_on(struct mv_found *f, const char *what)
{
	if (what && *what && !found_has_word(f->evidence.data, what))
		found_add_word(f, &f->evidence, " ", what);
}

void mv_advice(struct mv_found *f, const char *fmt, ...)
{
	va_list ap;

	if (f->advice.len)
		return;
	va_start(ap, fmt);
	found_add_text(f, &f->advice, fmt, ap);
	va_end(ap);
}

void mv_advice_more(struct mv_found *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	found_add_text(f, &f->advice, fmt, ap);
	va_end(ap);
}

const char *mv_record_what(char text[MV_WHAT_MAX],
			   const struct mv_policy_facts *facts)
{
	int version = facts->version && *facts->version;

	snprintf(text, MV_WHAT_MAX, "%s%s%s", facts->artifact ?
		 facts->artifact : "PATH", version ? "@" : "", version ?
		 facts->version : "");
	return text;
}

int mv_severity(enum mv_result r)
{
	switch (r) {
	case MV_RESULT_YES:
		return 0;
	case MV_RESULT_OVERRIDDEN:
		return 1;
	case MV_RESULT_UNKNOWN:
		return 2;
	default:
		return 3;
	}
}

void mv_found_set(struct mv_found *f, enum mv_result result)
{
	if (mv_severity(result) > mv_severity(f->result))
		f->result = result;
}

/* -- facts ---------------------------------------------------------------- */

const struct mv_answer *mv_known(const struct mv_policy_facts *facts,
				 const char *word, const char *rest)
{
	size_t len = strlen(word);

	for (size_t i = 0; i < facts->answer_count; i++) {
		const struct mv_answer *a = &facts->answers[i];

		if (strncmp(a->question, word, len))
			continue;
		if (rest ? a->question[len] == ' ' &&
			   !strcmp(a->question + len + 1, rest) :
			   !a->question[len])
			return a->known ? a : NULL;
	}
	return NULL;
}

const struct mv_other *mv_other_of(const struct mv_policy_facts *facts,
				   const char *name)
{
	for (size_t i = 0; i < facts->other_count; i++)
		if (!strcmp(facts->others[i].name, name))
			return &facts->others[i];
	return NULL;
}

int64_t mv_seconds_since(int64_t now, int64_t then)
{
	int64_t s;

	if (!__builtin_sub_overflow(now, then, &s))
		return s;
	return now > then ? INT64_MAX : INT64_MIN;
}

const char *mv_last_version(const struct mv_policy_facts *facts, int *first)
{
	const struct mv_other *last = mv_other_of(facts, "current");

	*first = 0;
	if (facts->displaces && *facts->displaces)
		return facts->displaces;
	/* Nobody holds it; but somebody may have. */
	if (!last)
		return NULL;
	*first = last->nobody;
	return last->nobody ? NULL : last->version;
}

const char *mv_result_name(enum mv_result result)
{
	switch (result) {
	case MV_RESULT_YES:
		return "yes";
	case MV_RESULT_NO:
		return "no";
	case MV_RESULT_OVERRIDDEN:
		return "overridden";
	default:
		return "unknown";
	}
}
