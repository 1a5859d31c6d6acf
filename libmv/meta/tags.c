/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/meta/facts.h"
#include "libmv/meta/priv.h"
#include "libmv/meta/project.h"
#include "libmv/meta/tags.h"
#include "libmv/meta/version.h"

/*
 * The grammar of versions and stages in the names of tags, which is GTO's
 * (docs/format/tags.md). Everything here is pure, and reads names that
 * anybody may have pushed.
 */

static char *tags_copy(const char *s, size_t len)
{
	char *out = malloc(len + 1);

	if (out) {
		memcpy(out, s, len);
		out[len] = '\0';
	}
	return out;
}

/* -- names ---------------------------------------------------------------- */

/* Git has no ref with "//" in it, so there is no such name. */
static int plain_name_ok(const char *s, size_t len)
{
	if (!len || len > MV_TAG_MAX || !mv_is_alnum(s[0]) || !mv_is_alnum(s[len - 1]))
		return 0;
	for (size_t i = 1; i < len; i++)
		if (!mv_is_alnum(s[i]) && s[i] != '-' && s[i] != '_' &&
		    (s[i] != '/' || s[i - 1] == '/'))
			return 0;
	return 1;
}

int mv_stage_ok(const char *stage)
{
	return plain_name_ok(stage, strlen(stage));
}

/* -- the names of tags ---------------------------------------------------- */

const char *mv_event_word(enum mv_event_kind kind)
{
	switch (kind) {
	case MV_EVENT_REGISTER:
		return "registration";
	case MV_EVENT_DEREGISTER:
		return "deregistration";
	case MV_EVENT_ASSIGN:
		return "assignment";
	case MV_EVENT_UNASSIGN:
		return "unassignment";
	case MV_EVENT_DEPRECATE:
		return "deprecation";
	case MV_EVENT_CREATE:
		return "creation";
	}
	return "event";
}

void mv_tag_release(struct mv_tag *tag)
{
	free(tag->artifact);
	free(tag->version);
	free(tag->stage);
	memset(tag, 0, sizeof(*tag));
	tag->counter = -1;
}

/* "#7" and then the end; nothing at all is -1. */
static int parse_counter(int64_t *out, const char *s, const char *end)
{
	int64_t n = 0;

	*out = -1;
	if (s == end)
		return 0;
	if (*s++ != '#' || s == end)
		return -1;
	for (; s < end; s++) {
		if (!mv_is_digit(*s) || n > MV_COUNTER_MAX / 10)
			return -1;
		n = n * 10 + (*s - '0');
	}
	if (n > MV_COUNTER_MAX)
		return -1;
	*out = n;
	return 0;
}

/* What follows the name: "@v1.2.3", "#stage!", ... without a counter. */
struct words {
	enum mv_event_kind kind;
	const char *word;	/* version or stage */
	size_t len;
	int64_t counter;
};

static int is_word(const struct words *w, const char *word)
{
	return w->len == strlen(word) && !memcmp(w->word, word, w->len);
}

static int parse_words(struct words *w, const char *s, const char *end)
{
	const int at = *s == '@';
	int cancel;

	w->word = s + 1;
	for (s++; s < end && *s != '!' && *s != '#'; s++)
		;
	w->len = (size_t)(s - w->word);
	cancel = s < end && *s == '!';
	if (parse_counter(&w->counter, s + cancel, end))
		return -1;
	if (at && !cancel && is_word(w, "deprecated")) {
		w->kind = MV_EVENT_DEPRECATE;
		return 0;
	}
	if (at && !cancel && is_word(w, "created")) {
		w->kind = MV_EVENT_CREATE;
		return 0;
	}
	if (at) {
		w->kind = cancel ? MV_EVENT_DEREGISTER : MV_EVENT_REGISTER;
		return mv_version_is(w->word, w->len) ? 0 : MV_EINVALID;
	}
	w->kind = cancel ? MV_EVENT_UNASSIGN : MV_EVENT_ASSIGN;
	return plain_name_ok(w->word, w->len) ? 0 : -1;
}

/* "dir=name" as "dir:name"; empty when it is no name, NULL: no memory. */
static char *parse_artifact(const char *s, size_t len)
{
	char *out = tags_copy(s, len);
	char *colon;

	if (!out)
		return NULL;
	colon = strchr(out, '=');
	if (strchr(out, ':'))
		*out = '\0';
	else if (colon)
		*colon = ':';
	if (!mv_artifact_name_ok(out))
		*out = '\0';
	return out;
}

static int not_ours(const char *name, struct mv_err *err)
{
	return mv_fail(err, MV_ENOENT, "'%s' is no tag of a version or a stage",
		       name);
}

int mv_tag_parse(struct mv_tag *out, const char *name, struct mv_err *err)
{
	const size_t len = strlen(name), n = strcspn(name, "@#");
	struct words w = { .counter = -1 };
	char *artifact;

	memset(out, 0, sizeof(*out));
	out->counter = -1;
	if (len > MV_TAG_MAX || n == len ||
	    parse_words(&w, name + n, name + len))
		return not_ours(name, err);
	artifact = parse_artifact(name, n);
	if (!artifact)
		return mv_nomem(err);
	if (!*artifact) {
		free(artifact);
		return not_ours(name, err);
	}
	out->kind = w.kind;
	out->counter = w.counter;
	out->artifact = artifact;
	if (w.kind == MV_EVENT_REGISTER || w.kind == MV_EVENT_DEREGISTER)
		out->version = tags_copy(w.word, w.len);
	if (w.kind == MV_EVENT_ASSIGN || w.kind == MV_EVENT_UNASSIGN)
		out->stage = tags_copy(w.word, w.len);
	if (out->version || out->stage || w.kind == MV_EVENT_DEPRECATE ||
	    w.kind == MV_EVENT_CREATE)
		return 0;
	mv_tag_release(out);
	return mv_nomem(err);
}

/* "@v1.2.3!" and the like; NULL in *word when there is no such tag. */
static const char *tag_word(const char **sign, const char **cancel,
			    const struct mv_tag *tag)
{
	*sign = "@";
	*cancel = "";
	switch (tag->kind) {
	case MV_EVENT_DEREGISTER:
		*cancel = "!";
		/* fallthrough */
	case MV_EVENT_REGISTER:
		return tag->version && mv_version_ok(tag->version) ?
		       tag->version : NULL;
	case MV_EVENT_UNASSIGN:
		*cancel = "!";
		/* fallthrough */
	case MV_EVENT_ASSIGN:
		*sign = "#";
		return tag->stage && mv_stage_ok(tag->stage) ? tag->stage :
							       NULL;
	case MV_EVENT_DEPRECATE:
		return "deprecated";
	case MV_EVENT_CREATE:
		return "created";
	}
	return NULL;
}

int mv_tag_print(struct mv_buf *out, const struct mv_tag *tag,
		 struct mv_err *err)
{
	const char *sign, *cancel, *word = tag_word(&sign, &cancel, tag);
	const size_t start = out->len;
	char *colon;
	int rc;

	if (!word || !tag->artifact || !mv_artifact_name_ok(tag->artifact) ||
	    tag->counter < -1 || tag->counter > MV_COUNTER_MAX)
		return mv_fail(err, MV_EINVALID, "no tag can say '%s' of '%s'",
			       word ? word : mv_event_word(tag->kind),
			       tag->artifact ? tag->artifact : "");
	rc = mv_buf_addf(out, "%s%s%s%s", tag->artifact, sign, word, cancel);
	if (!rc && tag->counter >= 0)
		rc = mv_buf_addf(out, "#%lld", (long long)tag->counter);
	if (rc || out->len - start > MV_TAG_MAX) {
		if (out->len > start)
			out->data[start] = '\0';
		out->len = start;
		return mv_fail(err, rc ? MV_ENOMEM : MV_EINVALID, "the name "
			       "of a tag of '%s' would be too long",
			       tag->artifact);
	}
	colon = strchr(out->data + start, ':');
	if (colon)
		*colon = '=';
	return 0;
}

/* -- trailers ------------------------------------------------------------- */

#define OURS "Model-"

/* Where the key of "Key: value" ends, or 0. */
static size_t key_len(const char *line, size_t len)
{
	size_t n = 0;

	while (n < len && (mv_is_alnum(line[n]) || line[n] == '-'))
		n++;
	return n + 1 < len && line[n] == ':' && line[n + 1] == ' ' ? n : 0;
}

static size_t line_len(const char *line)
{
	return strcspn(line, "\n");
}

static int is_blank(const char *line, size_t len)
{
	return strspn(line, " \t\r") >= len;
}

/* The last paragraph's first line, or NULL when it is the first one, too. */
static const char *last_paragraph(const char *message, const char **end)
{
	const char *start = NULL, *line = message;
	int seen = 0, blank = 1;

	for (; *line; line += line_len(line) + !!line[line_len(line)]) {
		if (is_blank(line, line_len(line))) {
			blank = 1;
			continue;
		}
		if (blank && seen)
			start = line;
		seen = 1;
		blank = 0;
		*end = line + line_len(line);
	}
	return start;
}

static int is_trailers(const char *line, const char *end)
{
	size_t len;

	if (!key_len(line, line_len(line)))
		return 0;
	for (; line < end; line += len + 1) {
		len = line_len(line);
		if (*line != ' ' && *line != '\t' && !key_len(line, len))
			return 0;
	}
	return 1;
}

static int add_trailer(struct mv_facts *out, const char *line, size_t len,
		       struct mv_err *err)
{
	struct mv_value value = { .type = MV_VALUE_STRING };
	size_t n = key_len(line, len);
	char *key = tags_copy(line, n);
	int rc = 0;

	for (line += n + 2, len -= n + 2; len && *line == ' '; len--)
		line++;
	while (len && strchr(" \t\r", line[len - 1]))
		len--;
	value.text = tags_copy(line, len);
	if (!key || !value.text)
		rc = mv_nomem(err);
	else if (!len)
		rc = mv_fail(err, MV_EINVALID, "trailer '%s' is empty", key);
	else if (mv_facts_get(out, key))
		rc = mv_fail(err, MV_EINVALID, "trailer '%s' stands there "
			     "twice", key);
	else
		rc = mv_facts_set(out, key, &value, 0, err);
	free(key);
	free(value.text);
	return rc;
}

int mv_tag_trailers(struct mv_facts *out, const char *message,
		    struct mv_err *err)
{
	const char *end = NULL, *line = last_paragraph(message, &end);
	size_t len;
	int rc = 0, ours = 0;

	if (!line || !is_trailers(line, end))
		return 0;
	for (; !rc && line < end; line += len + 1) {
		len = line_len(line);
		if (*line == ' ' || *line == '\t') {
			if (ours)
				rc = mv_fail(err, MV_EINVALID, "a trailer of "
					     "ours goes on in a second line");
			continue;
		}
		ours = len > strlen(OURS) &&
		       !strncmp(line, OURS, strlen(OURS));
		if (ours)
			rc = add_trailer(out, line, len, err);
	}
	if (rc)
		mv_facts_release(out);
	return rc;
}
