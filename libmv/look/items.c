/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/evidence/evidence.h"
#include "libmv/git/git.h"
#include "libmv/git/history.h"
#include "libmv/look/comparing.h"
#include "libmv/meta/project.h"
#include "libmv/subject/release.h"
#include "libmv/subject/subject.h"
#include "libmv/transfer/transfer.h"

/* What may differ: as git says, or by a commit against the index. */

struct mv_compared *mv_look_comparing_add(struct mv_comparing *w,
					  struct mv_err *err)
{
	if (MV_GROW(w->items, w->alloc, w->count + 1, err) < 0)
		return NULL;
	memset(&w->items[w->count], 0, sizeof(*w->items));
	return &w->items[w->count++];
}

int mv_look_comparing_delta(void *payload, const struct mv_git_delta *d,
			    struct mv_err *err)
{
	struct mv_comparing *w = payload;
	struct mv_compared *item = mv_look_comparing_add(w, err);
	int failed = 0;

	if (!item)
		return MV_ENOMEM;
	item->old_path = mv_look_dup(d->old_path, &failed);
	item->new_path = mv_look_dup(d->new_path, &failed);
	item->old_blob = mv_look_dup(d->old_blob, &failed);
	item->new_blob = mv_look_dup(d->new_blob, &failed);
	item->old_odd = d->old_odd;
	item->new_odd = d->new_odd;
	return failed ? mv_nomem(err) : 0;
}

void mv_look_compared_release(struct mv_compared *item)
{
	free(item->old_path);
	free(item->new_path);
	free(item->old_blob);
	free(item->new_blob);
	free(item->old_commit);
}

static int items_is_there(const char *mode, const char *hex)
{
	return strspn(mode, "0") < strlen(mode) &&
	       strspn(hex, "0") < strlen(hex);
}

/* The next NUL-terminated field, or NULL. */
static char *field(char **p, char *end)
{
	char *text = *p;

	if (text >= end)
		return NULL;
	*p = text + strlen(text) + 1;
	return text;
}

/* ":100644 100644 <hex> <hex> R100" NUL path NUL [path NUL] */
static int index_delta(struct mv_comparing *w, char *head, char **p, char *end,
		       struct mv_err *err)
{
	struct mv_git_delta d = { NULL, NULL, NULL, NULL, 0, 0 };
	char *word[5] = { NULL }, *save = NULL, *path;

	for (int i = 0; i < 5; i++) {
		word[i] = strtok_r(i ? NULL : head, " ", &save);
		if (!word[i])
			return mv_fail(err, MV_ECORRUPT, "cannot understand "
				       "what git diff-index says");
	}
	path = field(p, end);
	d.old_path = d.new_path = path;
	if (word[4][0] == 'R' || word[4][0] == 'C')
		d.new_path = field(p, end);
	if (!path || !d.new_path)
		return mv_fail(err, MV_ECORRUPT, "git diff-index broke off");
	if (word[4][0] == 'U')
		return 0;		/* unmerged: no answer yet */
	d.old_blob = items_is_there(word[0] + 1, word[2]) ? word[2] : NULL;
	d.new_blob = items_is_there(word[1], word[3]) ? word[3] : NULL;
	d.old_odd = d.old_blob && strncmp(word[0] + 1, "100", 3);
	d.new_odd = d.new_blob && strncmp(word[1], "100", 3);
	if (!d.old_blob || word[4][0] == 'C') {
		d.old_path = d.old_blob = NULL;
		d.old_odd = 0;
	}
	if (!d.new_blob)
		d.new_path = NULL;
	return d.old_path || d.new_path ? mv_look_comparing_delta(w, &d,
								  err) : 0;
}

int mv_look_comparing_index(struct mv_comparing *w, const char *base,
			    struct mv_err *err)
{
	const char *args[] = { "diff-index", "--cached", "--raw", "-z",
			       "--no-abbrev", "-M", base, "--", NULL };
	struct mv_buf text;
	char *p, *end, *head;
	int rc;

	mv_buf_init(&text, (size_t)1 << 30);
	rc = mv_git_run(w->repo->git, args, NULL, 0, &text, err);
	p = text.data;
	end = text.data + text.len;
	while (!rc && (head = field(&p, end)))
		rc = index_delta(w, head, &p, end, err);
	mv_buf_release(&text);
	return rc;
}

/* Is it content of an artifact, whatever stands there? */
static int in_artifact(const struct mv_project *project, const char *path)
{
	return path && mv_project_by_path(project, path);
}

/* Is content staged, or another config, that HEAD has not? */
int mv_look_comparing_index_differs(int *differs, struct mv_comparing *w,
				    const char *hex, struct mv_err *err)
{
	struct mv_comparing probe = { .repo = w->repo };
	const struct mv_project *project = NULL;
	struct mv_look_blob *blobs = NULL;
	const char **specs = NULL;
	int rc = mv_look_comparing_index(&probe, hex, err);

	*differs = 0;
	if (!rc && probe.count)
		rc = mv_subject_project_at(&project, w->repo, NULL, err);
	if (!rc && probe.count) {
		blobs = calloc(2 * probe.count, sizeof(*blobs));
		specs = calloc(2 * probe.count, sizeof(*specs));
		if (!blobs || !specs)
			rc = mv_nomem(err);
	}
	for (size_t i = 0; !rc && i < probe.count; i++) {
		const struct mv_compared *it = &probe.items[i];

		specs[2 * i] = it->old_odd ? NULL : it->old_blob;
		specs[2 * i + 1] = it->new_odd ? NULL : it->new_blob;
		*differs |= it->new_path &&
			    !strcmp(it->new_path, ".gitmodel/config");
		*differs |= in_artifact(project, it->old_path) ||
			    in_artifact(project, it->new_path);
	}
	if (!rc && probe.count)
		rc = mv_look_blobs(blobs, w->repo, specs, 2 * probe.count,
				   err);
	for (size_t i = 0; !rc && i < 2 * probe.count; i++)
		*differs |= blobs[i].ours;
	for (size_t i = 0; i < probe.count; i++)
		mv_look_compared_release(&probe.items[i]);
	free(probe.items);
	free(blobs);
	free(specs);
	return rc;
}
