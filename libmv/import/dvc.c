/* SPDX-License-Identifier: MIT */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/grow.h"
#include "libmv/base/json-read.h"
#include "libmv/base/json.h"
#include "libmv/base/yaml.h"
#include "libmv/evidence/evidence.h"
#include "libmv/git/files.h"
#include "libmv/git/objects.h"
#include "libmv/import/priv.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/record.h"

/*
 * DVC: dvc.lock says what each stage was made from and made, by MD5; dvc.yaml
 * says which files hold metrics. One stage is one run. It is about those of
 * its outputs that are files of ours with the same bytes; a stage that has
 * none, as one that evaluates, is about what it was given by the stage that
 * stands furthest down the pipeline.
 */
#define FILE_MAX_BYTES (16u << 20)	/* a tree of it is many times as large */
#define STAGES_MAX 10000

struct stage {
	const char *name;
	const struct mv_json *lock;	/* its part of dvc.lock */
	const struct mv_json *spec;	/* of dvc.yaml; or NULL */
	char *prefix;			/* its wdir, from the top */
	char *below;			/* its wdir, from dvc.lock's folder */
	int depth;			/* -1: not known yet, -2: being asked */
};

struct dvc {
	struct mv_importing *im;
	int root;			/* the folder of dvc.lock */
	char *prefix;			/* where that is: "" or "a/b/" */
	struct mv_json *lock, *spec;
	struct stage *stages;
	size_t count;
	struct mv_import_dvc_md5 *md5;		/* of im->files; "" not known, "-" none */
	char **plain;			/* paths that git has and we have not */
	size_t plain_count, plain_alloc;
	struct mv_err *err;
};

/* -- paths ---------------------------------------------------------------- */

/* "a/b/" and "../c" are "a/c"; NULL: it leads out, or no memory. */
static char *dvc_join(const char *prefix, const char *path)
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

static const char *text_of(const struct mv_json *object, const char *key)
{
	size_t len;
	const char *s = mv_json_get_str(mv_json_get(object, key), &len);

	return s && strlen(s) == len ? s : NULL;
}

/* Where the folder is, seen from the top of the work tree. */
static int find_prefix(struct dvc *d, const char *dir, struct mv_err *err)
{
	const char *top = d->im->repo->info->work_tree;
	char *real = realpath(dir, NULL);
	char *top_real = top ? realpath(top, NULL) : NULL;
	size_t len = top_real ? strlen(top_real) : 0;
	int rc = 0;

	if (!real)
		rc = mv_fail(err, MV_ENOENT, "there is no '%s'", dir);
	else if (top_real && !strncmp(real, top_real, len) &&
		 real[len] == '/')
		d->prefix = mv_strf("%s/", real + len + 1);
	else
		d->prefix = strdup("");
	if (!rc && !d->prefix)
		rc = mv_nomem(err);
	free(top_real);
	free(real);
	return rc;
}

/* -- what git has and we have not: code ----------------------------------- */

static int keep_plain(void *payload, const struct mv_git_entry *e,
		      struct mv_err *err)
{
	struct dvc *d = payload;

	if (mv_import_by_path(d->im, e->path))
		return 0;
	if (MV_GROW(d->plain, d->plain_alloc, d->plain_count + 1, err) < 0)
		return MV_ENOMEM;
	d->plain[d->plain_count] = strdup(e->path);
	return d->plain[d->plain_count++] ? 0 : mv_nomem(err);
}

static int is_plain(const struct dvc *d, const char *path)
{
	for (size_t i = 0; i < d->plain_count; i++)
		if (!strcmp(d->plain[i], path))
			return 1;
	return 0;
}

/* -- is it what DVC has seen? --------------------------------------------- */

/* Of a file of ours, read once; NULL: it cannot be read, `why` says so. */
static const struct mv_import_dvc_md5 *md5_of(struct dvc *d,
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
	return text_of(entry, "hash") ? sum->raw : sum->lf;
}

static int is_same_file(struct dvc *d, const struct mv_import_file *f,
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
	/* Equal bytes are equal, whoever counted them. */
	if (!strcmp(one_of(sum, entry), md5) ||
	    (!text_of(entry, "hash") && !strcmp(sum->raw, md5)))
		return 1;
	mv_fail(why, MV_EINVALID, "'%s' changed since DVC wrote it down",
		f->path);
	return 0;
}

static int dvc_is_below(const char *folder, const char *path)
{
	size_t len = strlen(folder);

	return !strncmp(path, folder, len) && path[len] == '/';
}

/* All files below it must be ours: those of git are not known by MD5. */
static int is_same_folder(struct dvc *d, const char *path,
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

		if (!dvc_is_below(path, f->path))
			continue;
		sum = md5_of(d, f, why);
		bad = !sum;
		if (bad)
			break;
		entries[n].path = f->path + strlen(path) + 1;
		entries[n++].md5 = one_of(sum, entry);
	}
	for (size_t i = 0; i < d->plain_count && n && !bad; i++)
		if (dvc_is_below(path, d->plain[i]))
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

/* Is this path, a file or a folder of ours, what the entry says? `why` is for
   a person when it is there but is not. */
static int dvc_is_same(struct dvc *d, const char *path,
		       const struct mv_json *entry, struct mv_err *why)
{
	const struct mv_import_file *f = mv_import_by_path(d->im, path);
	const char *md5 = text_of(entry, "md5");

	if (f)
		return is_same_file(d, f, entry, md5, why);
	return md5 && strlen(md5) == 36 && !strcmp(md5 + 32, ".dir") &&
	       is_same_folder(d, path, entry, md5, why);
}

static int about_path(struct dvc *d, struct mv_import_run *run,
		      const char *path, struct mv_err *err)
{
	struct mv_subject s;
	int rc = mv_subject_find_at(&s, d->im->repo, NULL, path, err);

	return rc ? rc : mv_import_add_subject(run, &s, err);
}

/* -- the pipeline --------------------------------------------------------- */

static struct stage *producer(struct dvc *d, const char *path)
{
	for (size_t i = 0; i < d->count; i++) {
		const struct mv_json *outs = mv_json_get(d->stages[i].lock,
							 "outs");

		for (size_t j = 0; j < mv_json_size(outs); j++) {
			const char *out = text_of(mv_json_at(outs, j), "path");
			char *full = out ? dvc_join(d->stages[i].prefix, out) :
				     NULL;
			int found = full && !strcmp(full, path);

			free(full);
			if (found)
				return &d->stages[i];
		}
	}
	return NULL;
}

static int depth_of(struct dvc *d, struct stage *s)
{
	const struct mv_json *deps = mv_json_get(s->lock, "deps");
	int most = 0;

	if (s->depth == -2)
		return 0;		/* a circle, which DVC would refuse */
	if (s->depth >= 0)
		return s->depth;
	s->depth = -2;
	for (size_t i = 0; i < mv_json_size(deps); i++) {
		const char *dep = text_of(mv_json_at(deps, i), "path");
		char *full = dep ? dvc_join(s->prefix, dep) : NULL;
		struct stage *from = full ? producer(d, full) : NULL;
		int depth = from ? depth_of(d, from) + 1 : 0;

		most = depth > most ? depth : most;
		free(full);
	}
	return s->depth = most;
}

/* -- one stage ------------------------------------------------------------ */

static int about_outs(struct dvc *d, struct mv_import_run *run,
		      const struct stage *s, struct mv_err *err)
{
	const struct mv_json *outs = mv_json_get(s->lock, "outs");
	int rc = 0;

	for (size_t i = 0; i < mv_json_size(outs) && !rc; i++) {
		const struct mv_json *out = mv_json_at(outs, i);
		const char *path = text_of(out, "path");
		char *full = path ? dvc_join(s->prefix, path) : NULL;
		struct mv_err why = { MV_OK, "" };

		if (full && dvc_is_same(d, full, out, &why))
			rc = about_path(d, run, full, err);
		else if (why.code)
			mv_import_unmapped(d->im, run, "%s", why.msg);
		free(full);
	}
	return rc;
}

/* The dependency that stands furthest down, yours; NULL: none is ours. */
static char *deepest(struct dvc *d, struct mv_import_run *run,
		     const struct stage *s)
{
	const struct mv_json *deps = mv_json_get(s->lock, "deps");
	char *best = NULL;
	int most = -1;

	for (size_t i = 0; i < mv_json_size(deps); i++) {
		const struct mv_json *dep = mv_json_at(deps, i);
		const char *path = text_of(dep, "path");
		char *full = path ? dvc_join(s->prefix, path) : NULL;
		struct stage *from = full ? producer(d, full) : NULL;
		struct mv_err why = { MV_OK, "" };

		if (from && dvc_is_same(d, full, dep, &why) &&
		    depth_of(d, from) > most) {
			most = depth_of(d, from);
			free(best);
			best = full;
			full = NULL;
		}
		if (from && why.code)
			mv_import_unmapped(d->im, run, "%s", why.msg);
		free(full);
	}
	return best;
}

static int add_dep(struct dvc *d, struct mv_import_run *run, const char *full,
		   const struct mv_json *dep, int evaluates,
		   struct mv_err *err)
{
	const char *md5 = text_of(dep, "md5");
	const struct mv_json *size = mv_json_get(dep, "size");
	struct mv_ref ref = { .size = UINT64_MAX };
	const struct mv_import_file *f = mv_import_by_path(d->im, full);
	struct mv_err why = { MV_OK, "" };
	int rc;

	ref.role = (char *)(evaluates ? "eval" : "");
	ref.path = (char *)full;
	if (f && dvc_is_same(d, full, dep, &why)) {
		for (size_t i = 0; i < run->subject_count; i++)
			if (mv_oid_eq(&run->subjects[i].pointer.oid,
				      &f->pointer.oid))
				return 0;
		ref.oid = f->pointer.oid;
		ref.size = f->pointer.size;
		ref.has_oid = 1;
		return mv_refs_add(&run->data, &ref, err);
	}
	if (!md5 || strlen(md5) > 64 ||
	    md5[strspn(md5, "0123456789abcdef.dir")]) {
		mv_import_unmapped(d->im, run, "dependency '%.200s' has no "
				   "MD5", full);
		return 0;
	}
	if (mv_json_type(size) == MV_JSON_INT && mv_json_get_int(size) >= 0)
		ref.size = (uint64_t)mv_json_get_int(size);
	ref.digest = mv_strf("md5:%s", md5);
	rc = ref.digest ? mv_refs_add(&run->data, &ref, err) : mv_nomem(err);
	free(ref.digest);
	return rc;
}

static int take_deps(struct dvc *d, struct mv_import_run *run,
		     const struct stage *s, int evaluates, struct mv_err *err)
{
	const struct mv_json *deps = mv_json_get(s->lock, "deps");
	int rc = 0;

	for (size_t i = 0; i < mv_json_size(deps) && !rc; i++) {
		const struct mv_json *dep = mv_json_at(deps, i);
		const char *path = text_of(dep, "path");
		char *full = path ? dvc_join(s->prefix, path) : NULL;

		if (!full)
			mv_import_unmapped(d->im, run, "dependency '%.200s' "
					   "is outside of the repository",
					   path ? path : "?");
		else if (!is_plain(d, full))	/* code: the commit has it */
			rc = add_dep(d, run, full, dep, evaluates, err);
		free(full);
	}
	return rc;
}

struct params {
	struct dvc *dvc;
	struct mv_import_run *run;
	struct mv_err *err;
};

static int take_params_of(void *payload, const char *file,
			  const struct mv_json *values)
{
	struct params *p = payload;
	struct mv_err why = { MV_OK, "" };
	int rc = mv_facts_from_json(&p->run->params, values, "", 0, NULL,
				    &why);

	if (rc == MV_ENOMEM)
		return mv_nomem(p->err);
	if (rc)
		mv_import_unmapped(p->dvc->im, p->run, "params of %.80s: %s",
				   file, why.msg);
	return 0;
}

/* DVC's own note of a file's MD5, when it made it; NULL. */
static const struct mv_json *noted(const struct stage *s, const char *path)
{
	const struct mv_json *outs = mv_json_get(s->lock, "outs");

	for (size_t i = 0; i < mv_json_size(outs); i++) {
		const char *out = text_of(mv_json_at(outs, i), "path");

		if (out && !strcmp(out, path))
			return mv_json_at(outs, i);
	}
	return NULL;
}

static int differs(const struct mv_buf *text, const struct mv_json *out)
{
	const char *md5 = text_of(out, "md5");
	struct mv_import_dvc_md5 sum = { "", "" };

	return md5 && (mv_import_dvc_md5_bytes(&sum, text->data, text->len,
					       NULL) ||
		       (strcmp(one_of(&sum, out), md5) &&
			(text_of(out, "hash") || strcmp(sum.raw, md5))));
}

static void take_metrics_file(struct dvc *d, struct mv_import_run *run,
			      const struct stage *s, const char *path)
{
	char *below = dvc_join(s->below, path);
	struct mv_err why = { MV_OK, "" };
	struct mv_buf text;
	size_t skipped = 0;
	int rc;

	mv_buf_init(&text, FILE_MAX_BYTES);
	rc = below ? mv_import_read(&text, d->root, below, &why) :
	     mv_fail(&why, MV_EINVALID, "'%.200s' is outside of the folder",
		     path);
	if (!rc && differs(&text, noted(s, path)))
		rc = mv_fail(&why, MV_EINVALID, "'%.200s' changed since DVC "
			     "wrote it down", path);
	if (!rc)
		rc = mv_facts_read(&run->metrics, path, text.data, text.len,
				   1, &skipped, &why);
	if (!rc)
		rc = mv_evidence_number_words(&run->metrics, &why);
	if (rc)
		mv_import_unmapped(d->im, run, "metrics: %s", why.msg);
	if (skipped)
		mv_import_unmapped(d->im, run, "%zu value%s of '%.200s': a "
				   "list or null", skipped,
				   skipped == 1 ? "" : "s", path);
	mv_buf_release(&text);
	free(below);
}

struct first_key {
	const char *key;
};

static int keep_key(void *payload, const char *key,
		    const struct mv_json *value)
{
	(void)value;
	((struct first_key *)payload)->key = key;
	return 1;
}

/* `- metrics.json` or `- metrics.json: {cache: false}` */
static const char *entry_path(const struct mv_json *v)
{
	struct first_key first = { NULL };
	size_t len;

	if (mv_json_type(v) == MV_JSON_OBJECT) {
		(void)mv_json_each(v, keep_key, &first);
		return first.key;
	}
	return mv_json_get_str(v, &len);
}

/* "m-${item}.json" as a pattern of fnmatch(3): "m-*.json". Yours. */
static char *template_glob(const char *path)
{
	char *glob = calloc(1, 2 * strlen(path) + 1), *to = glob;

	while (glob && *path) {
		const char *end = strncmp(path, "${", 2) ? NULL :
				  strchr(path, '}');

		if (end) {
			*to++ = '*';
			path = end + 1;
			continue;
		}
		if (strchr("*?[\\", *path))
			*to++ = '\\';
		*to++ = *path++;
	}
	return glob;
}

/* How much of it is said: of two that match, the one that says more is meant. */
static int says(const char *glob, const char *path)
{
	int n = 0;

	if (fnmatch(glob, path, 0))
		return -1;
	for (; *glob; glob++)
		n += *glob != '*';
	return n;
}

/* The entry of this list that fits an output best; -1: none does. */
static int best_fit(const struct mv_json *list, const char *out)
{
	int best = -1;

	for (size_t i = 0; i < mv_json_size(list); i++) {
		const char *path = entry_path(mv_json_at(list, i));
		char *glob = path ? template_glob(path) : NULL;
		int fit = glob ? says(glob, out) : -1;

		best = fit > best ? fit : best;
		free(glob);
	}
	return best;
}

/* dvc.yaml has a template; dvc.lock has what came of it. */
static void take_templated(struct dvc *d, struct mv_import_run *run,
			   const struct stage *s, const char *path)
{
	const struct mv_json *outs = mv_json_get(s->lock, "outs");
	char *glob = template_glob(path);
	int found = 0;

	for (size_t i = 0; glob && i < mv_json_size(outs); i++) {
		const char *out = text_of(mv_json_at(outs, i), "path");
		int fit = out ? says(glob, out) : -1;

		if (fit < 0 || fit < best_fit(mv_json_get(s->spec, "outs"),
					      out) ||
		    fit < best_fit(mv_json_get(s->spec, "plots"), out) ||
		    fit < best_fit(mv_json_get(s->spec, "metrics"), out))
			continue;
		found = 1;
		take_metrics_file(d, run, s, out);
	}
	if (!found)
		mv_import_unmapped(d->im, run, "metrics: no output in dvc.lock "
				   "is '%.200s'", path);
	free(glob);
}

/* Metrics at the top of dvc.yaml that this stage wrote. */
static void take_top_metrics(struct dvc *d, struct mv_import_run *run,
			     const struct stage *s)
{
	const struct mv_json *list = mv_json_get(d->spec, "metrics");
	const struct mv_json *outs = mv_json_get(s->lock, "outs");

	for (size_t i = 0; i < mv_json_size(list); i++) {
		const char *path = entry_path(mv_json_at(list, i));
		char *full = path ? dvc_join(d->prefix, path) : NULL;

		for (size_t j = 0; full && j < mv_json_size(outs); j++) {
			const char *out = text_of(mv_json_at(outs, j), "path");
			char *other = out ? dvc_join(s->prefix, out) : NULL;

			if (other && !strcmp(other, full))
				take_metrics_file(d, run, s, out);
			free(other);
		}
		free(full);
	}
}

static void take_metrics(struct dvc *d, struct mv_import_run *run,
			 const struct stage *s)
{
	const struct mv_json *list = mv_json_get(s->spec, "metrics");

	for (size_t i = 0; i < mv_json_size(list); i++) {
		const char *path = entry_path(mv_json_at(list, i));

		if (path && strstr(path, "${"))
			take_templated(d, run, s, path);
		else if (path)
			take_metrics_file(d, run, s, path);
	}
	take_top_metrics(d, run, s);
	if (mv_json_size(mv_json_get(s->spec, "plots")))
		mv_import_unmapped(d->im, run, "its plots");
}

static int print_facts(struct mv_buf *out, const struct mv_facts *facts,
		       struct mv_err *err)
{
	struct mv_json *v = mv_facts_to_json(facts);
	int rc = mv_json_print_canonical(out, v, NULL, err);

	mv_json_free(v);
	return rc;
}

/* What was measured and what was noted: another state is another run. */
static int set_id(struct mv_import_run *run, const struct stage *s,
		  struct mv_err *err)
{
	char hex[MV_OID_HEX + 1];
	struct mv_buf text;
	struct mv_oid oid;
	int rc;

	mv_buf_init(&text, 4u * FILE_MAX_BYTES);
	rc = mv_json_print_canonical(&text, s->lock, NULL, err);
	if (!rc)
		rc = print_facts(&text, &run->metrics, err);
	if (!rc)
		rc = mv_sha256(&oid, text.data, text.len, err);
	if (!rc) {
		free(run->id);
		run->id = mv_strf("%s:%.16s", s->name, mv_oid_hex(hex, &oid));
		rc = run->id ? 0 : mv_nomem(err);
	}
	mv_buf_release(&text);
	return rc;
}

static int take_command(struct dvc *d, struct mv_import_run *run,
			const struct stage *s, struct mv_err *err)
{
	const struct mv_json *cmd = mv_json_get(s->lock, "cmd");
	struct mv_buf text;
	int rc;

	if (mv_json_type(cmd) == MV_JSON_STRING)
		return mv_import_fact(d->im, run, &run->source, "command",
				      text_of(s->lock, "cmd"), 0, err);
	if (mv_json_type(cmd) != MV_JSON_ARRAY)
		return 0;
	mv_buf_init(&text, FILE_MAX_BYTES);
	rc = mv_json_print_canonical(&text, cmd, NULL, err);
	if (!rc)
		rc = mv_import_fact(d->im, run, &run->source, "command",
				    text.data, 0, err);
	mv_buf_release(&text);
	return rc;
}

static int take_stage(struct dvc *d, const struct stage *s,
		      struct mv_err *err)
{
	struct mv_import_run run = { .tool = "dvc", .id = strdup(s->name),
				     .name = strdup(s->name),
				     .keep_commit = 1 };
	struct params params = { d, &run, err };
	char *from = NULL;
	int evaluates = 0, rc = run.id && run.name ? 0 : mv_nomem(err);

	if (!rc)
		rc = about_outs(d, &run, s, err);
	if (!rc && !run.subject_count)
		from = deepest(d, &run, s);
	if (from) {
		evaluates = 1;
		rc = about_path(d, &run, from, err);
	}
	free(from);
	if (!rc)
		rc = mv_json_each(mv_json_get(s->lock, "params"),
				  take_params_of, &params);
	if (!rc)
		rc = take_command(d, &run, s, err);
	if (!rc)
		take_metrics(d, &run, s);
	if (!rc)
		rc = take_deps(d, &run, s, evaluates, err);
	if (!rc)
		rc = set_id(&run, s, err);
	if (!rc && !run.subject_count) {
		run.why = strdup("neither its outputs nor what it was given "
				 "are files of git-model as DVC knows them");
		rc = run.why ? 0 : mv_nomem(err);
	}
	if (!rc)
		rc = mv_import_take(d->im, &run, err);
	mv_import_run_release(&run);
	return rc;
}

/* -- the files ------------------------------------------------------------ */

static int read_yaml(struct mv_json **out, struct dvc *d, const char *name,
		     struct mv_err *err)
{
	struct mv_buf text;
	int rc;

	*out = NULL;
	mv_buf_init(&text, FILE_MAX_BYTES);
	rc = mv_import_read(&text, d->root, name, err);
	if (!rc) {
		rc = mv_yaml_parse(out, text.data, text.len, err);
		if (rc)
			mv_err_prefix(err, "%s", name);
	}
	mv_buf_release(&text);
	return rc;
}

static int add_stage(void *payload, const char *name,
		     const struct mv_json *lock)
{
	struct dvc *d = payload;
	const struct mv_json *specs = mv_json_get(d->spec, "stages");
	struct stage *s = &d->stages[d->count];
	const char *at = strchr(name, '@'), *wdir;
	char *base;

	if (mv_json_type(lock) != MV_JSON_OBJECT)
		return 0;
	s->name = name;
	s->lock = lock;
	s->depth = -1;
	s->spec = mv_json_get(specs, name);
	if (!s->spec && at) {		/* of foreach or matrix */
		base = strndup(name, (size_t)(at - name));
		s->spec = base ? mv_json_get(specs, base) : NULL;
		free(base);
		if (mv_json_get(s->spec, "do"))
			s->spec = mv_json_get(s->spec, "do");
	}
	wdir = text_of(s->spec, "wdir");
	s->below = mv_strf("%s%s", wdir ? wdir : "", wdir ? "/" : "");
	s->prefix = s->below ? mv_strf("%s%s", d->prefix, s->below) : NULL;
	d->count++;
	return s->prefix ? 0 : mv_nomem(d->err);
}

static int list_stages(struct dvc *d, struct mv_err *err)
{
	const struct mv_json *stages = mv_json_get(d->lock, "stages");
	size_t count;

	/* Schema 1.0 had the stages at the top. */
	if (!stages && !mv_json_get(d->lock, "schema"))
		stages = d->lock;
	count = mv_json_size(stages);
	if (mv_json_type(stages) != MV_JSON_OBJECT || !count)
		return mv_fail(err, MV_EINVALID, "dvc.lock has no stages");
	if (count > STAGES_MAX)
		return mv_fail(err, MV_EINVALID, "dvc.lock has more than %d "
			       "stages", STAGES_MAX);
	d->stages = calloc(count, sizeof(*d->stages));
	d->md5 = calloc(d->im->file_count + 1, sizeof(*d->md5));
	if (!d->stages || !d->md5)
		return mv_nomem(err);
	d->err = err;
	return mv_json_each(stages, add_stage, d);
}

static int take_stages(struct dvc *d, struct mv_err *err)
{
	const char *wanted = d->im->import->run;
	size_t seen = 0;
	int rc = 0;

	for (size_t i = 0; i < d->count && !rc; i++) {
		if (wanted && strcmp(wanted, d->stages[i].name))
			continue;
		seen++;
		rc = take_stage(d, &d->stages[i], err);
	}
	if (!rc && !seen)
		rc = mv_fail(err, MV_ENOENT, "dvc.lock has no stage '%s'",
			     wanted);
	return rc;
}

/* What dvc.yaml says that is of no stage. */
static void tell_metrics(struct dvc *d, const char *path)
{
	char *full = dvc_join(d->prefix, path), *folder = NULL;

	if (full && producer(d, full)) {
		free(full);
		return;
	}
	/* An output may be the folder that it is in. */
	for (char *slash = full ? strrchr(full, '/') : NULL; slash && !folder;
	     slash = strrchr(full, '/')) {
		*slash = '\0';
		if (producer(d, full))
			folder = full;
	}
	if (folder)
		mv_import_tell(d->im, 1, "metrics '%.200s' are in the folder "
			       "'%.200s' that a stage made, whose MD5 does "
			       "not say what they were: git model import "
			       "dvclive, or record --metrics-file", path,
			       folder);
	else
		mv_import_tell(d->im, 1, "metrics '%.200s' are of no stage: "
			       "git model record --metrics-file", path);
	free(full);
}

static int tell_artifact(void *payload, const char *name,
			 const struct mv_json *artifact)
{
	struct dvc *d = payload;
	const char *path = text_of(artifact, "path");
	const char *type = text_of(artifact, "type");
	char *full = path ? dvc_join(d->prefix, path) : NULL;

	mv_import_tell(d->im, 1, "artifact '%.80s' is '%.200s'%s%.40s: name it "
		       "in .gitmodel/config", name, full ? full : "?",
		       type ? ", of type " : "", type ? type : "");
	free(full);
	return 0;
}

static void tell_rest(struct dvc *d)
{
	const struct mv_json *metrics = mv_json_get(d->spec, "metrics");

	for (size_t i = 0; i < mv_json_size(metrics); i++) {
		const char *path = entry_path(mv_json_at(metrics, i));

		if (path)
			tell_metrics(d, path);
	}
	if (mv_json_size(mv_json_get(d->spec, "plots")))
		mv_import_tell(d->im, 1, "plots of dvc.yaml: git model import "
			       "dvclive brings those of DVCLive");
	(void)mv_json_each(mv_json_get(d->spec, "artifacts"), tell_artifact,
			   d);
}

static void dvc_release(struct dvc *d)
{
	for (size_t i = 0; i < d->count; i++) {
		free(d->stages[i].prefix);
		free(d->stages[i].below);
	}
	for (size_t i = 0; i < d->plain_count; i++)
		free(d->plain[i]);
	free(d->plain);
	free(d->stages);
	free(d->md5);
	free(d->prefix);
	mv_json_free(d->lock);
	mv_json_free(d->spec);
	if (d->root >= 0)
		close(d->root);
}

static int import_folder(struct dvc *d, const char *dir, struct mv_err *err)
{
	struct mv_err why = { MV_OK, "" };
	int rc = mv_import_open(&d->root, dir, err);

	if (!rc)
		rc = find_prefix(d, dir, err);
	if (!rc)
		rc = read_yaml(&d->lock, d, "dvc.lock", err);
	if (rc)
		mv_err_prefix(err, "'%s'", dir);
	if (!rc && read_yaml(&d->spec, d, "dvc.yaml", &why))
		mv_import_tell(d->im, 1, "metrics: %s", why.msg);
	if (!rc)
		rc = mv_git_ls(d->im->repo->git, MV_GIT_LS_CACHED, NULL,
			       keep_plain, d, err);
	if (!rc)
		rc = list_stages(d, err);
	if (!rc)
		rc = take_stages(d, err);
	if (!rc)
		tell_rest(d);
	return rc;
}

int mv_import_dvc(struct mv_repo *repo, const struct mv_import *import,
		  struct mv_import_stats *stats, struct mv_err *err)
{
	const char *slash = strrchr(import->path, '/');
	const char *base = slash ? slash + 1 : import->path;
	struct mv_importing im;
	struct dvc d = { .im = &im, .root = -1 };
	char *dir;
	int rc;

	/* dvc.lock itself means the folder that it is in. */
	if (strcmp(base, "dvc.lock"))
		dir = strdup(import->path);
	else
		dir = slash ? strndup(import->path, (size_t)(slash -
				      import->path) + 1) : strdup(".");
	rc = mv_import_begin(&im, repo, import, stats, err);
	if (!rc)
		rc = dir ? import_folder(&d, dir, err) : mv_nomem(err);
	if (!rc)
		rc = mv_import_end(&im, err);
	dvc_release(&d);
	mv_import_release(&im);
	free(dir);
	return rc;
}
