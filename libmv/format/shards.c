/* SPDX-License-Identifier: MIT */
#include "libmv/format/parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/base/json.h"
#include "libmv/base/json-read.h"

/*
 * A *.index.json: which tensor is in which shard of a model.
 *
 *	{"metadata": {...}, "weight_map": {tensor: file, ...}}
 *
 * The shards are not opened.
 */
#define INDEX_MAX (16u * 1024 * 1024)
#define NESTED_MAX 64u		/* a tree of braces would be large */

struct index {
	struct mv_layout *out;
	struct mv_name *shards;	/* one per tensor; borrowed from the tree */
	size_t count, alloc;
	struct mv_err *err;
};

static int one_tensor(void *payload, const char *key,
		      const struct mv_json *value)
{
	struct index *x = payload;
	char shown[MV_SHOWN];
	const char *s;
	size_t len;

	if (mv_json_type(value) != MV_JSON_STRING)
		return mv_fail(x->err, MV_EINVALID,
			       "the shard of tensor '%s' is no name",
			       mv_name_shown(shown, key, strlen(key)));
	s = mv_json_get_str(value, &len);
	if (!mv_path_stays(s) || strlen(s) != len)
		return mv_fail(x->err, MV_EINVALID,
			       "the shard of tensor '%s' lies outside of the folder",
			       mv_name_shown(shown, key, strlen(key)));
	if (x->count == MV_TENSORS_MAX)
		return mv_fail(x->err, MV_EINVALID, "more than %u tensors",
			       MV_TENSORS_MAX);
	if (MV_GROW(x->shards, x->alloc, x->count + 1, x->err) < 0)
		return MV_ENOMEM;
	x->shards[x->count].s = s;
	x->shards[x->count++].len = len;
	return 0;
}

static int one_fact(void *payload, const char *key,
		    const struct mv_json *value)
{
	struct index *x = payload;
	char number[32];
	const char *s = number;
	size_t len;

	if (mv_json_type(value) == MV_JSON_STRING)
		s = mv_json_get_str(value, &len);
	else if (mv_json_type(value) == MV_JSON_INT)
		len = (size_t)snprintf(number, sizeof(number), "%" PRId64,
				       mv_json_get_int(value));
	else
		return 0;
	return mv_layout_meta(x->out, key, strlen(key), s, len, x->err);
}

/* Each shard once, with how many tensors it has. */
static int count_shards(struct index *x)
{
	char text[48];
	int rc = 0;

	mv_names_twice(x->shards, x->count);	/* sorts them */
	for (size_t i = 0, n; i < x->count && !rc; i += n) {
		const struct mv_name *s = &x->shards[i];

		for (n = 1; i + n < x->count; n++)
			if (s[n].len != s->len ||
			    memcmp(s[n].s, s->s, s->len))
				break;
		snprintf(text, sizeof(text), "%zu tensor%s", n,
			 n == 1 ? "" : "s");
		rc = mv_layout_meta(x->out, s->s, s->len, text, strlen(text),
				    x->err);
	}
	return rc;
}

static int read_index(struct index *x, const struct mv_json *root)
{
	const struct mv_json *map, *facts;
	int rc = 0;

	map = mv_json_type(root) == MV_JSON_OBJECT ?
		mv_json_get(root, "weight_map") : NULL;
	if (!map || mv_json_type(map) != MV_JSON_OBJECT)
		return mv_fail(x->err, MV_ENOENT, "unknown format");
	facts = mv_json_get(root, "metadata");
	if (facts && mv_json_type(facts) == MV_JSON_OBJECT)
		rc = mv_json_each(facts, one_fact, x);
	if (!rc)
		rc = mv_json_each(map, one_tensor, x);
	return rc ? rc : count_shards(x);
}

/* Looks like one: the map comes at once, behind a little metadata. */
static int may_be_index(const uint8_t *head, size_t len)
{
	size_t i = 0;

	while (i < len && memchr(" \t\r\n", head[i], 4))
		i++;
	return i < len && head[i] == '{' &&
		memmem(head, len, "\"weight_map\"", 12);
}

static int is_flat(const char *text, size_t len)
{
	size_t nested = 0;

	for (size_t i = 0; i < len; i++)
		nested += text[i] == '{' || text[i] == '[';
	return nested <= NESTED_MAX;
}

int mv_shards_list(struct mv_layout *out, const uint8_t *head, size_t len,
		   mv_read_at_fn fn, void *payload, uint64_t size,
		   struct mv_err *err)
{
	struct index x = { .out = out, .err = err };
	struct mv_json *root = NULL;
	char *text;
	int rc;

	memset(out, 0, sizeof(*out));
	if (size > INDEX_MAX || !may_be_index(head, len))
		return mv_fail(err, MV_ENOENT, "unknown format");
	text = malloc((size_t)size + 1);
	if (!text)
		return mv_nomem(err);
	rc = mv_read_exactly(fn, payload, size, 0, text, (size_t)size, err);
	if (!rc && !is_flat(text, (size_t)size))
		rc = mv_fail(err, MV_ENOENT, "unknown format");
	if (!rc)
		rc = mv_json_parse(&root, text, (size_t)size, err);
	if (!rc) {
		out->format = "safetensors-index";
		out->not_listed = 1;
		rc = read_index(&x, root);
	}
	mv_json_free(root);
	free(x.shards);
	free(text);
	if (rc < 0)
		mv_layout_release(out);
	return rc;
}
