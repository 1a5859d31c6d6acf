/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>

#include "libmv/base/buf.h"
#include "libmv/base/config.h"
#include "libmv/base/grow.h"
#include "libmv/base/near.h"
#include "libmv/base/path.h"
#include "libmv/base/worktree.h"
#include "libmv/meta/priv.h"
#include "libmv/meta/project.h"

/* Sections [artifact "x"] and [metric "x"] of docs/format/config.md. */

#define ARTIFACTS_MAX 10000
#define METRICS_MAX 1000	/* every metric is held against all of them */
#define LABELS_MAX 100
#define PRECISION_MAX 17

static void release_artifact(struct mv_artifact *a)
{
	free(a->name);
	free(a->path);
	free(a->type);
	free(a->description);
	free(a->merge);
	for (size_t i = 0; a->labels && a->labels[i]; i++)
		free(a->labels[i]);
	free(a->labels);
}

void mv_project_release(struct mv_project *p)
{
	for (size_t i = 0; i < p->artifact_count; i++)
		release_artifact(&p->artifacts[i]);
	for (size_t i = 0; i < p->metric_count; i++) {
		free(p->metrics[i].name);
		free(p->metrics[i].unit);
		free(p->metrics[i].artifact);
	}
	free(p->artifacts);
	free(p->metrics);
	memset(p, 0, sizeof(*p));
}

/* -- names ---------------------------------------------------------------- */

/*
 * A folder or a name as part of a tag: what GTO allows, less what git would
 * not take for a ref ("a//b", "a/.b", "a..b", "a.lock/b", "-a").
 */
static int is_ref_part(const char *s, size_t len, int dots)
{
	if (!len || s[0] == '-' || s[0] == '/' || s[0] == '.')
		return 0;
	for (size_t i = 0; i < len; i++) {
		char next = i + 1 < len ? s[i + 1] : '\0';

		if (!mv_is_alnum(s[i]) && s[i] != '-' && s[i] != '_' &&
		    s[i] != '/' && !(dots && s[i] == '.'))
			return 0;
		if ((s[i] == '/' && (next == '/' || next == '.')) ||
		    (s[i] == '.' && next == '.'))
			return 0;
		if (len - i > 5 && !memcmp(s + i, ".lock/", 6))
			return 0;
	}
	return 1;
}

int mv_artifact_name_ok(const char *name)
{
	const char *colon = strchr(name, ':');
	const char *base = colon ? colon + 1 : name;
	size_t len = strlen(base);

	if (strlen(name) > 255 || !len || !mv_is_alnum(base[0]) ||
	    !mv_is_alnum(base[len - 1]) || !is_ref_part(base, len, 0))
		return 0;
	return !colon || is_ref_part(name, (size_t)(colon - name), 1);
}

/* -- keys ----------------------------------------------------------------- */

static const struct {
	const char *section;
	int named;
	const char *keys[6];
} project_known[] = {
	{ "artifact", 1, { "path", "type", "description", "label",
			   "merge" } },
	{ "metric", 1, { "direction", "unit", "precision" } },
	/* Read elsewhere: repo/settings.c, gate/gate.c. */
	{ "filter", 0, { "smudge-limit" } },
	{ "repository", 0, { "id" } }
};

enum mv_known mv_project_knows(const char **near, const char *section,
			       const char *subname, const char *key)
{
	struct mv_nearest sections = MV_NEAREST_INIT(section);
	struct mv_nearest keys = MV_NEAREST_INIT(key);

	for (size_t i = 0; i < sizeof(project_known) /
	     sizeof(project_known[0]); i++) {
		const char *const *k = project_known[i].keys;

		mv_nearest_try(&sections, project_known[i].section);
		if (strcmp(project_known[i].section, section) ||
		    project_known[i].named == !*subname)
			continue;
		while (*k && strcmp(*k, key))
			mv_nearest_try(&keys, *k++);
		*near = *k ? NULL : keys.best;
		return *k ? MV_KNOWN : MV_UNKNOWN_KEY;
	}
	*near = sections.best;
	return MV_UNKNOWN_SECTION;
}

/* -- parsing -------------------------------------------------------------- */

struct parse {
	struct mv_project *p;
	const char *name;	/* of the file */
};

/* Values are hostile, but the config door let only printable UTF-8 through;
   what turns text around is made visible. */
static int project_bad(const struct parse *parse, int line, struct mv_err *err,
		       const char *value, const char *why)
{
	struct mv_buf safe;
	int rc;

	mv_buf_init(&safe, 2048);
	if (mv_buf_add_safe(&safe, value, strlen(value)) < 0)
		mv_buf_clear(&safe);
	rc = mv_fail(err, MV_EINVALID, "%s:%d: '%s' %s", parse->name, line,
		     safe.data, why);
	mv_buf_release(&safe);
	return rc;
}

/* A key that may stand there once. */
static int set_once(const struct parse *parse, char **out, const char *key,
		    const char *value, int line, struct mv_err *err)
{
	if (*out)
		return project_bad(parse, line, err, key, "stands there twice");
	return mv_set_str(out, value, err);
}

static int set_path(const struct parse *parse, struct mv_artifact *a,
		    const char *value, int line, struct mv_err *err)
{
	size_t len;
	int rc = set_once(parse, &a->path, "path", value, line, err);

	if (rc < 0)
		return rc;
	len = strlen(a->path);
	if (len > 1 && a->path[len - 1] == '/')
		a->path[len - 1] = '\0';	/* how people write folders */
	if (mv_wt_check_path(a->path, NULL) < 0)
		return project_bad(parse, line, err, value,
				   "is no path from the top of the work tree");
	return 0;
}

static int add_label(const struct parse *parse, struct mv_artifact *a,
		     const char *value, int line, struct mv_err *err)
{
	size_t count = 0, alloc;

	while (a->labels && a->labels[count])
		count++;
	if (count == LABELS_MAX)
		return project_bad(parse, line, err, a->name,
				   "has too many labels");
	alloc = count + 1;	/* and the NULL behind them */
	if (!MV_GROW_ONE(a->labels, alloc, err))
		return MV_ENOMEM;
	return mv_set_str(&a->labels[count], value, err);
}

static int set_merge(const struct parse *parse, struct mv_artifact *a,
		     const char *value, int line, struct mv_err *err)
{
	if (strcmp(value, "ours") && strcmp(value, "theirs") &&
	    strcmp(value, "average"))
		return project_bad(parse, line, err, value,
				   "is no rule for a merge "
				   "(ours, theirs or average)");
	return set_once(parse, &a->merge, "merge", value, line, err);
}

/* Sections never occur twice: it is the last one or a new one. */
static int get_artifact(const struct parse *parse, struct mv_artifact **out,
			const char *name, int line, struct mv_err *err)
{
	struct mv_project *p = parse->p;
	struct mv_artifact *a;

	*out = p->artifact_count ? &p->artifacts[p->artifact_count - 1] :
				   NULL;
	if (*out && !strcmp((*out)->name, name))
		return 0;
	if (!mv_artifact_name_ok(name))
		return project_bad(parse, line, err, name,
				   "is no name of an artifact "
				   "(letters, digits, '-', '_', '/', and a letter or "
				   "digit at both ends)");
	if (p->artifact_count == ARTIFACTS_MAX)
		return project_bad(parse, line, err, name,
				   "is one artifact too many");
	a = MV_GROW_ONE(p->artifacts, p->artifact_count, err);
	if (!a)
		return MV_ENOMEM;
	a->line = line;
	a->name = strdup(name);
	a->labels = calloc(1, sizeof(*a->labels));
	*out = a;
	return a->name && a->labels ? 0 : mv_nomem(err);
}

static int on_artifact(const struct parse *parse, const char *name,
		       const char *key, const char *value, int line,
		       struct mv_err *err)
{
	static const char *const keys[] = { "path", "type", "description",
					    "label", "merge" };
	struct mv_artifact *a;
	size_t k = 0;
	int rc;

	while (k < 5 && strcmp(key, keys[k]))
		k++;
	if (k == 5)
		return 0;
	rc = get_artifact(parse, &a, name, line, err);
	if (rc < 0)
		return rc;
	if (!*value)
		return project_bad(parse, line, err, key, "has no value");
	switch (k) {
	case 0:
		return set_path(parse, a, value, line, err);
	case 1:
		return set_once(parse, &a->type, key, value, line, err);
	case 2:
		return set_once(parse, &a->description, key, value, line, err);
	case 3:
		return add_label(parse, a, value, line, err);
	default:
		return set_merge(parse, a, value, line, err);
	}
}

static int get_metric(const struct parse *parse, struct mv_metric_rule **out,
		      const char *name, int line, struct mv_err *err)
{
	struct mv_project *p = parse->p;
	struct mv_metric_rule *m;

	*out = p->metric_count ? &p->metrics[p->metric_count - 1] : NULL;
	if (*out && !strcmp((*out)->name, name))
		return 0;
	if (!*name)
		return project_bad(parse, line, err, "metric", "needs a name: "
				   "[metric \"loss\"]");
	if (p->metric_count == METRICS_MAX)
		return project_bad(parse, line, err, name,
				   "is one metric too many");
	m = MV_GROW_ONE(p->metrics, p->metric_count, err);
	if (!m)
		return MV_ENOMEM;
	m->line = line;
	m->precision = -1;
	*out = m;
	return mv_set_str(&m->name, name, err);
}

static int set_direction(const struct parse *parse, struct mv_metric_rule *m,
			 const char *value, int line, struct mv_err *err)
{
	if (!strcmp(value, "up"))
		m->direction = MV_DIRECTION_UP;
	else if (!strcmp(value, "down"))
		m->direction = MV_DIRECTION_DOWN;
	else if (!strcmp(value, "none"))
		m->direction = MV_DIRECTION_NONE;
	else
		return project_bad(parse, line, err, value,
				   "is no direction: up, down or none");
	return 0;
}

static int set_precision(const struct parse *parse, struct mv_metric_rule *m,
			 const char *value, int line, struct mv_err *err)
{
	size_t len = strlen(value);
	int v = 0;

	if (len < 3)
		for (const char *s = value; *s >= '0' && *s <= '9'; s++, len--)
			v = v * 10 + (*s - '0');
	if (!*value || len || v > PRECISION_MAX)
		return project_bad(parse, line, err, value,
				   "is no precision: 0 to 17 digits");
	m->precision = v;
	return 0;
}

static int on_metric(const struct parse *parse, const char *name,
		     const char *key, const char *value, int line,
		     struct mv_err *err)
{
	struct mv_metric_rule *m;
	int rc;

	if (strcmp(key, "direction") && strcmp(key, "unit") &&
	    strcmp(key, "precision"))
		return 0;
	rc = get_metric(parse, &m, name, line, err);
	if (rc < 0)
		return rc;
	if (!strcmp(key, "direction"))
		return set_direction(parse, m, value, line, err);
	if (!strcmp(key, "precision"))
		return set_precision(parse, m, value, line, err);
	if (!*value)
		return project_bad(parse, line, err, key, "has no value");
	return set_once(parse, &m->unit, key, value, line, err);
}

static int project_on_pair(void *payload, const char *section,
			   const char *subname,
			   const char *key, const char *value, int line,
			   struct mv_err *err)
{
	const struct parse *parse = payload;

	if (!strcmp(section, "artifact"))
		return on_artifact(parse, subname, key, value, line, err);
	if (!strcmp(section, "metric"))
		return on_metric(parse, subname, key, value, line, err);
	return 0;
}

static int project_by_path(const void *va, const void *vb)
{
	const struct mv_artifact *const *a = va, *const *b = vb;
	int cmp = strcmp((*a)->path, (*b)->path);

	return cmp ? cmp : (*a)->line - (*b)->line;
}

/* Each has a path of its own: otherwise nobody could say whose it is. */
static int check_paths(const struct parse *parse, struct mv_err *err)
{
	const struct mv_project *p = parse->p;
	const struct mv_artifact **v;
	int rc = 0;

	for (size_t i = 0; i < p->artifact_count; i++)
		if (!p->artifacts[i].path)
			return project_bad(parse, p->artifacts[i].line, err,
					   p->artifacts[i].name, "has no path");
	if (!p->artifact_count)
		return 0;
	v = calloc(p->artifact_count, sizeof(*v));
	if (!v)
		return mv_nomem(err);
	for (size_t i = 0; i < p->artifact_count; i++)
		v[i] = &p->artifacts[i];
	qsort(v, p->artifact_count, sizeof(*v), project_by_path);
	for (size_t i = 1; i < p->artifact_count && !rc; i++)
		if (!strcmp(v[i - 1]->path, v[i]->path))
			rc = project_bad(parse, v[i]->line, err, v[i]->path,
					 "is the path of two artifacts");
	free(v);
	return rc;
}

/*
 * "<artifact>:<key>" is of one artifact of this file; a name with a folder has
 * a ':' itself, so the longest one counts, and "." may follow such a name. Of
 * what names no artifact the whole is a key: tools write such keys.
 */
static size_t artifact_part(const struct mv_project *p, const char *name)
{
	size_t best = 0;

	for (size_t i = 0; i < p->artifact_count; i++) {
		const char *a = p->artifacts[i].name;
		size_t len = strlen(a);

		if (len > best && !strncmp(name, a, len) && name[len] &&
		    name[len + 1] && (name[len] == ':' ||
				      (name[len] == '.' && strchr(a, ':'))))
			best = len;
	}
	return best;
}

/* Two spellings of one. */
static int is_bound_twice(const struct mv_project *p, size_t i)
{
	const struct mv_metric_rule *m = &p->metrics[i];

	for (size_t j = 0; j < i; j++)
		if (p->metrics[j].artifact &&
		    !strcmp(p->metrics[j].artifact, m->artifact) &&
		    !strcmp(p->metrics[j].name, m->name))
			return 1;
	return 0;
}

static int bind_metrics(const struct parse *parse, struct mv_err *err)
{
	struct mv_project *p = parse->p;

	for (size_t i = 0; i < p->metric_count; i++) {
		struct mv_metric_rule *m = &p->metrics[i];
		size_t len = strchr(m->name, ':') ?
			     artifact_part(p, m->name) : 0;

		if (!len)
			continue;
		m->artifact = strndup(m->name, len);
		if (!m->artifact)
			return mv_nomem(err);
		memmove(m->name, m->name + len + 1, strlen(m->name + len));
		if (is_bound_twice(p, i))
			return project_bad(parse, m->line, err, m->name,
					   "stands there twice for one artifact");
	}
	return 0;
}

int mv_project_parse(struct mv_project *out, const char *name,
		     const char *data, size_t len, struct mv_err *err)
{
	struct parse parse = { out, name };
	int rc;

	memset(out, 0, sizeof(*out));
	rc = mv_config_parse(name, data, len, project_on_pair, &parse, err);
	if (!rc)
		rc = check_paths(&parse, err);
	if (!rc)
		rc = bind_metrics(&parse, err);
	if (rc < 0)
		mv_project_release(out);
	return rc;
}

/* -- looking up ----------------------------------------------------------- */

const struct mv_artifact *mv_project_by_name(const struct mv_project *p,
					     const char *name)
{
	for (size_t i = 0; i < p->artifact_count; i++)
		if (!strcmp(p->artifacts[i].name, name))
			return &p->artifacts[i];
	return NULL;
}

const struct mv_artifact *mv_project_by_path(const struct mv_project *p,
					     const char *path)
{
	const struct mv_artifact *best = NULL;
	size_t best_len = 0;

	for (size_t i = 0; i < p->artifact_count; i++) {
		const struct mv_artifact *a = &p->artifacts[i];
		size_t len = strlen(a->path);

		if (len > best_len && mv_path_below(path, a->path)) {
			best = a;
			best_len = len;
		}
	}
	return best;
}

/* "*" is any run of bytes; on a mismatch the last one takes one more. */
static int glob(const char *pattern, const char *s)
{
	const char *star = NULL, *again = NULL;

	while (*s) {
		if (*pattern == '*') {
			star = pattern++;
			again = s;
		} else if (*pattern == *s) {
			pattern++;
			s++;
		} else if (star) {
			pattern = star + 1;
			s = ++again;
		} else {
			return 0;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

/* Of the sections for this artifact, or of those for all (NULL). */
static const struct mv_metric_rule *best_rule(const struct mv_project *p,
					      const char *artifact,
					      const char *key)
{
	const struct mv_metric_rule *best = NULL;
	size_t best_len = 0;

	for (size_t i = 0; i < p->metric_count; i++) {
		const struct mv_metric_rule *m = &p->metrics[i];
		size_t len = strlen(m->name);

		if (artifact ? !m->artifact || strcmp(m->artifact, artifact) :
			       m->artifact != NULL)
			continue;
		if (!strcmp(m->name, key))
			return m;
		if (len > best_len && strchr(m->name, '*') &&
		    glob(m->name, key)) {
			best = m;
			best_len = len;
		}
	}
	return best;
}

const struct mv_metric_rule *mv_project_metric(const struct mv_project *p,
					       const char *artifact,
					       const char *key)
{
	const struct mv_metric_rule *m = artifact ?
		best_rule(p, artifact, key) : NULL;

	return m ? m : best_rule(p, NULL, key);
}
