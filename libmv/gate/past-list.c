/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/gate/priv.h"
#include "libmv/git/git.h"

/*
 * Lists of commits as git rev-list prints them, found again by name.
 */
#define LIST_MAX ((size_t)1 << 30)
#define COMMITS_MAX ((size_t)1 << 23)

static int past_list_by_name(const void *a, const void *b)
{
	const struct mv_past_commit *const *x = a, *const *y = b;

	return strcmp((*x)->hex, (*y)->hex);
}

/* "<seconds> <commit> <parent>...": names as text, until all are known. */
static int past_list_take_line(struct mv_past_list *l, char *line,
			       struct mv_err *err)
{
	struct mv_past_commit *c = &l->v[l->count];
	char *end, *name;
	size_t len;

	c->when = strtoll(line, &end, 10);
	if (end == line || *end != ' ')
		goto bad;
	name = end + 1;
	len = strcspn(name, " ");
	if (!mv_git_is_id(name, len))
		goto bad;
	memcpy(c->hex, name, len);
	c->hex[len] = '\0';
	c->at = l->count++;
	return 0;
bad:
	return mv_fail(err, MV_EIO, "cannot understand what git rev-list says");
}

int mv_gate_past_list_sort(struct mv_past_list *l, struct mv_err *err)
{
	l->sorted = calloc(l->count + 1, sizeof(*l->sorted));
	if (!l->sorted)
		return mv_nomem(err);
	for (size_t i = 0; i < l->count; i++)
		l->sorted[i] = &l->v[i];
	qsort(l->sorted, l->count, sizeof(*l->sorted), past_list_by_name);
	return 0;
}

const struct mv_past_commit *mv_gate_past_find(const struct mv_past_list *list,
					       const char *hex)
{
	size_t lo = 0, hi = list->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = strcmp(list->sorted[mid]->hex, hex);

		if (!c)
			return list->sorted[mid];
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

/* A second pass, when every name has its place: parents by place. */
static void link_parents(struct mv_past_list *l, char *text)
{
	char *save = NULL, *line;
	size_t i = 0;

	for (line = strtok_r(text, "\n", &save); line && i < l->count;
	     line = strtok_r(NULL, "\n", &save)) {
		struct mv_past_commit *c = &l->v[i++];
		char *more = NULL, *word = strtok_r(line, " ", &more);

		strtok_r(NULL, " ", &more);
		c->parents = l->edges;
		while (word && (word = strtok_r(NULL, " ", &more))) {
			const struct mv_past_commit *p = mv_gate_past_find(l,
									   word);

			if (p)
				l->edge[l->edges++] = p->at;
		}
		c->parent_count = l->edges - c->parents;
	}
}

static size_t count_chars(const char *s, char c)
{
	size_t n = 0;

	while ((s = strchr(s, c))) {
		n++;
		s++;
	}
	return n;
}

static int parse_list(struct mv_past_list *l, struct mv_buf *text,
		      struct mv_err *err)
{
	size_t lines = count_chars(text->data, '\n');
	char *copy = strdup(text->data), *save = NULL, *line;
	int rc = 0;

	if (lines > COMMITS_MAX) {
		free(copy);
		return mv_fail(err, MV_ENOMEM, "too many commits");
	}
	l->v = calloc(lines + 1, sizeof(*l->v));
	l->edge = calloc(count_chars(text->data, ' ') + 1, sizeof(*l->edge));
	if (!copy || !l->v || !l->edge)
		rc = mv_nomem(err);
	for (line = rc ? NULL : strtok_r(copy, "\n", &save); line && !rc;
	     line = strtok_r(NULL, "\n", &save))
		rc = past_list_take_line(l, line, err);
	free(copy);
	if (!rc)
		rc = mv_gate_past_list_sort(l, err);
	if (!rc)
		link_parents(l, text->data);
	return rc;
}

int mv_gate_past_list_read(struct mv_past_list *l, struct mv_git *git,
			   const char *const *args, struct mv_err *err)
{
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, LIST_MAX);
	rc = mv_git_run(git, args, NULL, 0, &text, err);
	if (!rc)
		rc = parse_list(l, &text, err);
	mv_buf_release(&text);
	return rc;
}

void mv_gate_past_list_release(struct mv_past_list *l)
{
	free(l->v);
	free(l->sorted);
	free(l->edge);
	memset(l, 0, sizeof(*l));
}
