/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/json-read.h"
#include "libmv/base/json.h"
#include "libmv/base/path.h"
#include "libmv/import/dvc.h"

/*
 * One entry of dvc.lock or dvc.yaml: which path is it, and is what lies there
 * what DVC has seen?
 */

/* -- what it says --------------------------------------------------------- */

char *mv_import_dvc_join(const char *prefix, const char *path)
{
	char *both = mv_strf("%s%s", *path == '/' ? "" : prefix, path);
	char *save = NULL, *copy = both ? strdup(both) : NULL;
	size_t len = 0;

	if (!copy || *path == '/')
		goto fail;
	for (char *p = strtok_r(copy, "/", &save); p;
	     p = strtok_r(NULL, "/", &save)) {
		if (!strcmp(p, "."))
			continue;
		if (!strcmp(p, "..")) {
			if (!len)
				goto fail;
			while (len && both[--len] != '/')
				;
			continue;
		}
		if (len)
			both[len++] = '/';
		memmove(both + len, p, strlen(p));
		len += strlen(p);
	}
	both[len] = '\0';
	free(copy);
	return both;
fail:
	free(copy);
	free(both);
	return NULL;
}

const char *mv_import_dvc_text(const struct mv_json *object, const char *key)
{
	size_t len;
	const char *s = mv_json_get_str(mv_json_get(object, key), &len);

	return s && strlen(s) == len ? s : NULL;
}

char *mv_import_dvc_path(const char *prefix, const struct mv_json *entry)
{
	const char *path = mv_import_dvc_text(entry, "path");

	return path ? mv_import_dvc_join(prefix, path) : NULL;
}

static int keep_key(void *payload, const char *key,
		    const struct mv_json *value)
{
	(void)value;
	*(const char **)payload = key;
	return 1;
}

const char *mv_import_dvc_entry_path(const struct mv_json *list, size_t i)
{
	const struct mv_json *v = mv_json_at(list, i);
	const char *first = NULL;
	size_t len;

	if (mv_json_type(v) == MV_JSON_OBJECT) {
		(void)mv_json_each(v, keep_key, &first);
		return first;
	}
	return mv_json_get_str(v, &len);
}

/* -- is it what DVC has seen? --------------------------------------------- */

/* Of a file of ours, read once; NULL: it cannot be read, `why` says so. */
static const struct mv_import_dvc_md5 *md5_of(struct mv_dvc *d,
					      const struct mv_import_file *f,
					      struct mv_err *why)
{
	struct mv_import_dvc_md5 *sum = &d->md5[f - d->im->files];

	if (!*sum->raw && mv_import_dvc_md5(sum, d->im->repo, &f->pointer, why))
		memcpy(sum->raw, "-", 2);
	if (*sum->raw != '-')
		return sum;
	mv_fail(why, MV_EINVALID, "the content of '%s' is not here", f->path);
	return NULL;
}

/* `hash: md5` is of the bytes; without it DVC 2 wrote the entry. */
static const char *one_of(const struct mv_import_dvc_md5 *sum,
			  const struct mv_json *entry)
{
	return mv_import_dvc_text(entry, "hash") ? sum->raw : sum->lf;
}

/* Equal bytes are equal, whoever counted them. */
int mv_import_dvc_has_sum(const struct mv_import_dvc_md5 *sum,
			  const struct mv_json *entry, const char *md5)
{
	return !strcmp(one_of(sum, entry), md5) || !strcmp(sum->raw, md5);
}

static int is_same_file(struct mv_dvc *d, const struct mv_import_file *f,
			const struct mv_json *entry, const char *md5,
			struct mv_err *why)
{
	const struct mv_import_dvc_md5 *sum;

	if (!md5 || strlen(md5) != 32) {
		mv_fail(why, MV_EINVALID, "dvc.lock has no MD5 of '%s'",
			f->path);
		return 0;
	}
	sum = md5_of(d, f, why);
	if (!sum)
		return 0;
	if (mv_import_dvc_has_sum(sum, entry, md5))
		return 1;
	mv_fail(why, MV_EINVALID, "'%s' changed since DVC wrote it down",
		f->path);
	return 0;
}

/* All files below it must be ours: those of git are not known by MD5. */
static int is_same_folder(struct mv_dvc *d, const char *path,
			  const struct mv_json *entry, const char *md5,
			  struct mv_err *why)
{
	struct mv_dvc_entry *entries = calloc(d->im->file_count + 1,
					      sizeof(*entries));
	const struct mv_import_dvc_md5 *sum;
	char hex[37] = "";
	size_t n = 0;
	int bad = !entries;

	for (size_t i = 0; i < d->im->file_count && !bad; i++) {
		const struct mv_import_file *f = &d->im->files[i];
		const char *rest = mv_path_below(f->path, path);

		if (!rest || !*rest)
			continue;
		sum = md5_of(d, f, why);
		bad = !sum;
		if (bad)
			break;
		entries[n].path = rest;
		entries[n++].md5 = one_of(sum, entry);
	}
	for (size_t i = 0; i < d->plain_count && n && !bad; i++)
		if (mv_path_below(d->plain[i], path))
			bad = mv_fail(why, MV_EINVALID, "'%s' in the folder "
				      "'%s' is git's own, so the two cannot "
				      "be compared", d->plain[i], path);
	if (!bad && n)
		bad = mv_import_dvc_md5_list(hex, entries, n, why);
	if (!bad && n && strcmp(hex, md5))
		bad = mv_fail(why, MV_EINVALID, "the folder '%s' changed since "
			      "DVC wrote it down", path);
	free(entries);
	return !bad && n;
}

int mv_import_dvc_is_same(struct mv_dvc *d, const char *path,
			  const struct mv_json *entry, struct mv_err *why)
{
	const struct mv_import_file *f = mv_import_by_path(d->im, path);
	const char *md5 = mv_import_dvc_text(entry, "md5");

	if (f)
		return is_same_file(d, f, entry, md5, why);
	return md5 && strlen(md5) == 36 && !strcmp(md5 + 32, ".dir") &&
	       is_same_folder(d, path, entry, md5, why);
}

