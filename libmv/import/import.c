/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/grow.h"
#include "libmv/base/json.h"
#include "libmv/base/time.h"
#include "libmv/base/words.h"
#include "libmv/base/worktree.h"
#include "libmv/evidence/evidence.h"
#include "libmv/git/git.h"
#include "libmv/import/priv.h"
#include "libmv/meta/curves.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/record.h"
#include "libmv/repo/files.h"

/*
 * What was measured elsewhere becomes records here. A record's `source` says
 * which tool and which run it comes from; that is how importing again finds
 * what it has brought already.
 */
#define ENTRIES_MAX 1000000

/* -- telling -------------------------------------------------------------- */

__attribute__((format(printf, 4, 0)))
static void vtell(struct mv_importing *im, int unmapped, const char *before,
		  const char *fmt, va_list ap)
{
	char what[1400], text[1500];

	mv_vwords(what, sizeof(what), fmt, ap);
	mv_words(text, sizeof(text), "%.80s%s", before, what);
	im->stats->unmapped += unmapped != 0;
	if (im->import->tell)
		im->import->tell(im->import->payload, unmapped, text);
}

void mv_import_tell(struct mv_importing *im, int unmapped, const char *fmt,
		    ...)
{
	va_list ap;

	va_start(ap, fmt);
	vtell(im, unmapped, "", fmt, ap);
	va_end(ap);
}

void mv_import_unmapped(struct mv_importing *im,
			const struct mv_import_run *run, const char *fmt, ...)
{
	char before[80];
	va_list ap;

	snprintf(before, sizeof(before), "run %.70s: ", run->id);
	va_start(ap, fmt);
	vtell(im, 1, before, fmt, ap);
	va_end(ap);
}

/* -- begin and end -------------------------------------------------------- */

/* What was recorded on a content before; read once, however many runs. */
struct mv_import_known {
	char blob[65];
	struct mv_evidence evidence;
};

static int keep_file(void *payload, const struct mv_file *file,
		     struct mv_err *err)
{
	struct mv_importing *im = payload;
	struct mv_import_file *f;

	if (file->state == MV_FILE_RAW || file->state == MV_FILE_CONFLICT)
		return 0;
	if (MV_GROW(im->files, im->file_alloc, im->file_count + 1, err) < 0)
		return MV_ENOMEM;
	f = &im->files[im->file_count];
	f->path = strdup(file->path);
	f->pointer = file->pointer;
	if (!f->path)
		return mv_nomem(err);
	im->file_count++;
	return 0;
}

static int import_by_path(const void *a, const void *b)
{
	return strcmp(((const struct mv_import_file *)a)->path,
		      ((const struct mv_import_file *)b)->path);
}

int mv_import_begin(struct mv_importing *im, struct mv_repo *repo,
		    const struct mv_import *import,
		    struct mv_import_stats *stats, struct mv_err *err)
{
	int rc = 0;

	memset(im, 0, sizeof(*im));
	memset(stats, 0, sizeof(*stats));
	im->repo = repo;
	im->import = import;
	im->stats = stats;
	if (import->onto) {
		rc = mv_subject_find(&im->onto, repo, import->onto, err);
		im->has_onto = !rc;
	}
	if (!rc)
		rc = mv_repo_ls(repo, NULL, keep_file, im, err);
	if (im->file_count)
		qsort(im->files, im->file_count, sizeof(*im->files),
		      import_by_path);
	return rc;
}

void mv_import_release(struct mv_importing *im)
{
	for (size_t i = 0; i < im->file_count; i++)
		free(im->files[i].path);
	free(im->files);
	for (size_t i = 0; i < im->count; i++) {
		mv_subject_release(&im->subjects[i]);
		mv_record_release(&im->records[i]);
	}
	for (size_t i = 0; i < im->known_count; i++)
		mv_evidence_release(&im->known[i].evidence);
	free(im->known);
	free(im->subjects);
	free(im->records);
	free(im->started);
	if (im->has_onto)
		mv_subject_release(&im->onto);
	memset(im, 0, sizeof(*im));
}

static int set_time(struct mv_record *r, int64_t ms, struct mv_err *err)
{
	char text[32];
	char *copy = strdup(mv_time_print(text, ms));

	if (!copy)
		return mv_nomem(err);
	free(r->t);
	r->t = copy;
	return 0;
}

/*
 * The newest word counts, by the record's time of writing: so runs that began
 * later are written a millisecond later.
 */
static int set_times(struct mv_importing *im, struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < im->count && !rc; i++) {
		int64_t later = 0;

		for (size_t j = 0; j < im->count; j++)
			later += im->started[j] > im->started[i];
		rc = set_time(&im->records[i], im->import->now - later, err);
	}
	return rc;
}

int mv_import_end(struct mv_importing *im, struct mv_err *err)
{
	char message[80];
	int rc;

	if (!im->count)
		return 0;
	rc = set_times(im, err);
	if (rc || im->import->dry_run)
		goto out;
	snprintf(message, sizeof(message), "import %zu record%s from %s",
		 im->count, im->count == 1 ? "" : "s",
		 mv_facts_get(&im->records[0].source, "tool")->text);
	rc = mv_evidence_record(im->repo, im->subjects, im->records, im->count,
				message, err);
out:
	if (!rc)
		im->stats->recorded += im->count;
	return rc;
}

/* -- what a run is about -------------------------------------------------- */

const struct mv_import_file *mv_import_by_path(const struct mv_importing *im,
					       const char *path)
{
	struct mv_import_file key;

	memset(&key, 0, sizeof(key));
	key.path = (char *)path;
	return im->file_count ? bsearch(&key, im->files, im->file_count,
					sizeof(key), import_by_path) : NULL;
}

int mv_import_add_subject(struct mv_import_run *run, struct mv_subject *s,
			  struct mv_err *err)
{
	struct mv_subject *more;

	for (size_t i = 0; i < run->subject_count; i++)
		if (mv_oid_eq(&run->subjects[i].pointer.oid,
			      &s->pointer.oid)) {
			mv_subject_release(s);
			return 0;
		}
	more = MV_GROW_ONE(run->subjects, run->subject_count, err);
	if (!more) {
		mv_subject_release(s);
		return MV_ENOMEM;
	}
	*more = *s;
	memset(s, 0, sizeof(*s));
	return 0;
}

int mv_import_about_file(struct mv_importing *im, struct mv_import_run *run,
			 const struct mv_import_file *file,
			 struct mv_err *err)
{
	struct mv_subject s;
	int rc = mv_subject_find_at(&s, im->repo, NULL, file->path, err);

	return rc ? rc : mv_import_add_subject(run, &s, err);
}

void mv_import_run_release(struct mv_import_run *run)
{
	free(run->id);
	free(run->name);
	free(run->state);
	free(run->commit);
	free(run->why);
	mv_facts_release(&run->params);
	mv_facts_release(&run->metrics);
	mv_facts_release(&run->tags);
	mv_facts_release(&run->source);
	mv_refs_release(&run->data);
	mv_curves_release(&run->curves);
	mv_subject_list_release(run->subjects, run->subject_count);
	memset(run, 0, sizeof(*run));
}

/* -- facts ---------------------------------------------------------------- */

static const char *python_word(const char *text)
{
	return !strcmp(text, "True") ? "true" : !strcmp(text, "False") ?
	       "false" : !strcmp(text, "None") ? "null" : text;
}

/* What the guess would not leave alone is made here. */
static int set_string(struct mv_facts *facts, const char *key,
		      const char *text, struct mv_err *err)
{
	struct mv_value v = { MV_VALUE_STRING, 0, 0, (char *)text };

	return mv_facts_set(facts, key, &v, 0, err);
}

static int set_guess(struct mv_facts *facts, const char *key,
		     const char *text, struct mv_err *err)
{
	char *arg;
	int rc;

	if (strchr(key, '=') || *text == '"')
		return set_string(facts, key, text, err);
	arg = mv_strf("%s=%s", key, python_word(text));
	rc = arg ? mv_facts_set_arg(facts, arg, err) : mv_nomem(err);
	free(arg);
	return rc;
}

int mv_import_fact(struct mv_importing *im, struct mv_import_run *run,
		   struct mv_facts *facts, const char *key, const char *text,
		   int guess, struct mv_err *err)
{
	struct mv_err why = { MV_OK, "" };
	int rc;

	if (!*key)
		rc = mv_fail(&why, MV_EINVALID, "a value without a name");
	else if (guess)
		rc = set_guess(facts, key, text, &why);
	else
		rc = set_string(facts, key, text, &why);
	if (rc == MV_EINVALID) {
		mv_import_unmapped(im, run, "%s", why.msg);
		return 0;
	}
	return rc ? mv_fail(err, (enum mv_code)rc, "%s", why.msg) : 0;
}

/* -- one run into the queue ----------------------------------------------- */

static int same_text(const struct mv_facts *facts, const char *key,
		     const char *text)
{
	const struct mv_value *v = mv_facts_get(facts, key);

	return text ? v && !strcmp(v->text, text) : !v;
}

static int same_facts(const struct mv_facts *a, const struct mv_facts *b)
{
	struct mv_json *x = mv_facts_to_json(a), *y = mv_facts_to_json(b);
	struct mv_buf s, t;
	int same;

	mv_buf_init(&s, 4 * (size_t)MV_RECORD_MAX);
	mv_buf_init(&t, 4 * (size_t)MV_RECORD_MAX);
	same = !mv_json_print_canonical(&s, x, NULL, NULL) &&
	       !mv_json_print_canonical(&t, y, NULL, NULL) &&
	       s.len == t.len && !memcmp(s.data, t.data, s.len);
	mv_buf_release(&s);
	mv_buf_release(&t);
	mv_json_free(x);
	mv_json_free(y);
	return same;
}

/* Steps may have come that leave the last value as it was. */
static int same_curves(const struct mv_record *r,
		       const struct mv_import_run *run)
{
	for (size_t i = 0; i < r->attached.count; i++)
		if (!strcmp(r->attached.v[i].role, "curves"))
			return run->has_curves && r->attached.v[i].has_oid &&
			       mv_oid_eq(&r->attached.v[i].oid,
					 &run->curves_oid);
	return !run->has_curves;
}

/* Not by its id alone: a run that is over may be measured again. */
static int import_is_same(const struct mv_record *r,
			  const struct mv_import_run *run)
{
	return same_text(&r->source, "tool", run->tool) &&
	       same_text(&r->source, "id", run->id) &&
	       same_text(&r->source, "state", run->state) &&
	       same_facts(&r->metrics, &run->metrics) &&
	       same_facts(&r->params, &run->params) &&
	       same_facts(&r->tags, &run->tags) && same_curves(r, run);
}

static int evidence_of(const struct mv_evidence **out,
		       struct mv_importing *im,
		       const struct mv_subject *s, struct mv_err *err)
{
	const struct mv_known_as of = { s->blob, &s->pointer.oid, NULL };
	struct mv_import_known *more;
	int rc;

	for (size_t i = 0; i < im->known_count; i++)
		if (!strcmp(im->known[i].blob, s->blob)) {
			*out = &im->known[i].evidence;
			return 0;
		}
	more = MV_GROW_ONE(im->known, im->known_count, err);
	if (!more)
		return MV_ENOMEM;
	rc = mv_evidence_of(&more->evidence, im->repo, &of, 1, err);
	if (rc) {
		im->known_count--;
		return rc;
	}
	snprintf(more->blob, sizeof(more->blob), "%s", s->blob);
	*out = &more->evidence;
	return 0;
}

/* Was it recorded on this content before, or is it about to be? */
static int import_is_known(int *known, struct mv_importing *im,
			   const struct mv_import_run *run,
			   const struct mv_subject *s, struct mv_err *err)
{
	const struct mv_evidence *e = NULL;
	int rc = evidence_of(&e, im, s, err);

	*known = 0;
	for (size_t i = 0; i < im->count; i++)
		*known |= mv_oid_eq(&im->subjects[i].pointer.oid,
				    &s->pointer.oid) &&
			  import_is_same(&im->records[i], run);
	for (size_t i = 0; !rc && i < e->count; i++)
		*known |= import_is_same(&e->records[i], run);
	return rc;
}

static int import_grow(struct mv_importing *im, struct mv_err *err)
{
	size_t subjects = im->alloc, records = im->alloc;
	const size_t want = im->count + 1;

	/* im->alloc last: what has grown already grows again. */
	if (MV_GROW(im->subjects, subjects, want, err) < 0 ||
	    MV_GROW(im->records, records, want, err) < 0 ||
	    MV_GROW(im->started, im->alloc, want, err) < 0)
		return MV_ENOMEM;
	return 0;
}

int mv_import_copy_facts(struct mv_facts *out, const struct mv_facts *in,
			 struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < in->count && !rc; i++)
		rc = mv_facts_set(out, in->v[i].key, &in->v[i].value, 0, err);
	return rc;
}

/* A run was made from its own commit, not from what is checked out now. */
static int set_commit(struct mv_record *r, const struct mv_import_run *run,
		      struct mv_err *err)
{
	if (run->keep_commit)
		return 0;
	free(r->commit);
	free(r->dirty);
	r->commit = r->dirty = NULL;
	if (!run->commit || !mv_git_is_id(run->commit, strlen(run->commit)))
		return 0;
	return mv_set_str(&r->commit, run->commit, err);
}

static int import_fill(struct mv_record *r, const struct mv_import_run *run,
		       struct mv_err *err)
{
	int rc = set_commit(r, run, err);

	if (!rc)
		rc = mv_import_copy_facts(&r->params, &run->params, err);
	if (!rc)
		rc = mv_import_copy_facts(&r->metrics, &run->metrics, err);
	if (!rc)
		rc = mv_import_copy_facts(&r->tags, &run->tags, err);
	if (!rc)
		rc = mv_import_copy_facts(&r->source, &run->source, err);
	if (!rc)
		rc = set_string(&r->source, "tool", run->tool, err);
	if (!rc)
		rc = set_string(&r->source, "id", run->id, err);
	if (!rc && run->name)
		rc = set_string(&r->source, "name", run->name, err);
	if (!rc && run->state)
		rc = set_string(&r->source, "state", run->state, err);
	for (size_t i = 0; i < run->data.count && !rc; i++)
		rc = mv_refs_add(&r->data, &run->data.v[i], err);
	return rc;
}

/* One point at step 0 is a number, no curve. */
static int has_curve(const struct mv_curves *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->series[i].count > 1 || c->series[i].points[0].step)
			return 1;
	return 0;
}

/* The id that the curves would have as content. */
int mv_import_hash_curves(struct mv_hasher *h, const struct mv_curves *curves,
			  struct mv_err *err)
{
	struct mv_curves_reader state;
	struct mv_reader in = mv_curves_reader(&state, curves);
	char piece[8192];
	size_t got;
	int rc;

	do {
		rc = in.read(in.payload, piece, sizeof(piece), &got, err);
		if (!rc && got)
			rc = mv_hasher_update(h, piece, got, err);
	} while (!rc && got);
	mv_curves_reader_release(&state);
	return rc;
}

static int name_curves(struct mv_import_run *run, struct mv_err *err)
{
	struct mv_hasher *h = NULL;
	int rc;

	run->has_curves = has_curve(&run->curves);
	if (!run->has_curves)
		return 0;
	rc = mv_hasher_new(&h, MV_HASH_SHA256, err);
	if (!rc)
		rc = mv_import_hash_curves(h, &run->curves, err);
	if (!rc)
		rc = mv_hasher_final(run->curves_oid.b, h, err);
	mv_hasher_free(h);
	return rc;
}

static int attach_curves(struct mv_record *r, struct mv_importing *im,
			 const struct mv_import_run *run, struct mv_err *err)
{
	if (im->import->dry_run || !has_curve(&run->curves))
		return 0;
	return mv_evidence_attach_curves(im->repo, r, &run->curves, err);
}

/* A line that is too long would fail all the others with it. */
static int check_size(const struct mv_record *r, struct mv_err *err)
{
	struct mv_buf line;
	int rc;

	mv_buf_init(&line, 2 * MV_RECORD_MAX);
	rc = mv_record_print(&line, r, err);
	mv_buf_release(&line);
	return rc;
}

static void tell_recorded(struct mv_importing *im,
			  const struct mv_import_run *run,
			  const struct mv_subject *s, const char *verb)
{
	char hex[MV_OID_HEX + 1];

	mv_oid_hex(hex, &s->pointer.oid);
	mv_import_tell(im, 0, "run %.70s%s%.80s%s: %s %s%.200s", run->id,
		       run->name ? " (" : "", run->name ? run->name : "",
		       run->name ? ")" : "", verb, s->path ? "" : "sha256:",
		       s->path ? s->path : hex);
}

static int queue(struct mv_importing *im, const struct mv_import_run *run,
		 struct mv_subject *s, struct mv_err *err)
{
	struct mv_err why = { MV_OK, "" };
	struct mv_record r;
	int rc = import_grow(im, err);

	if (!rc)
		rc = mv_evidence_record_begin(&r, im->repo, s, im->import->now,
					      err);
	if (rc)
		return rc;
	rc = import_fill(&r, run, err);
	if (!rc)
		rc = attach_curves(&r, im, run, err);
	if (!rc && check_size(&r, &why)) {
		mv_import_unmapped(im, run, "%s", why.msg);
		mv_record_release(&r);
		return 0;
	}
	if (rc) {
		mv_record_release(&r);
		return rc;
	}
	tell_recorded(im, run, s, im->import->dry_run ? "would go onto" :
		      "recorded on");
	im->records[im->count] = r;
	im->started[im->count] = run->started;
	im->subjects[im->count++] = *s;
	memset(s, 0, sizeof(*s));
	return 0;
}

static int take_subject(struct mv_importing *im,
			const struct mv_import_run *run,
			struct mv_subject *s, struct mv_err *err)
{
	int known, rc;

	if (!s->pointer.size) {
		mv_import_unmapped(im, run, "'%s' is empty, as many files are",
				   s->path ? s->path : s->spec);
		return 0;
	}
	rc = import_is_known(&known, im, run, s, err);
	if (rc)
		return rc;
	if (!known)
		return queue(im, run, s, err);
	im->stats->known++;
	tell_recorded(im, run, s, "is known already of");
	return 0;
}

/* The same words as for the files of `record --curves`. */
static void tell_restarts(struct mv_importing *im, struct mv_import_run *run)
{
	size_t most = 0;

	for (size_t i = 0; i < run->curves.count; i++) {
		size_t n = mv_curves_begin_anew(&run->curves, i);

		most = n > most ? n : most;
	}
	most += run->curves.restarts;
	if (most)
		mv_repo_warn(im->repo, "run %.70s: the steps begin anew %zu "
			     "time%s: what an abandoned run measured from "
			     "there on is left out", run->id, most,
			     most == 1 ? "" : "s");
}

int mv_import_take(struct mv_importing *im, struct mv_import_run *run,
		   struct mv_err *err)
{
	int rc = 0;

	im->stats->runs += !run->is_part;
	tell_restarts(im, run);
	mv_curves_sort(&run->curves);
	rc = name_curves(run, err);
	if (!rc && im->has_onto) {
		struct mv_subject s;

		mv_subject_list_release(run->subjects, run->subject_count);
		run->subjects = NULL;
		run->subject_count = 0;
		rc = mv_subject_find(&s, im->repo, im->import->onto, err);
		if (!rc)
			rc = mv_import_add_subject(run, &s, err);
	}
	if (!rc && !run->subject_count) {
		im->stats->lost++;
		mv_import_unmapped(im, run, "%s; name it with --onto",
				   run->why ? run->why :
				   "which content it is about is not known");
	}
	for (size_t i = 0; i < run->subject_count && !rc; i++)
		rc = take_subject(im, run, &run->subjects[i], err);
	mv_import_run_release(run);
	return rc;
}

/* -- files ---------------------------------------------------------------- */

int mv_import_open(int *fd, const char *path, struct mv_err *err)
{
	*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *fd < 0 ? mv_fail_errno(err, errno, "cannot open folder '%s'",
				       path) : 0;
}

int mv_import_read(struct mv_buf *out, int root, const char *rel,
		   struct mv_err *err)
{
	struct stat st;
	size_t got;
	int fd, rc;

	mv_buf_clear(out);
	rc = mv_wt_open_read(&fd, &st, root, rel, err);
	if (rc)
		return rc;
	if ((uint64_t)st.st_size > out->max ||
	    mv_buf_reserve(out, (size_t)st.st_size)) {
		rc = mv_fail(err, MV_ENOMEM, "'%s' is too large to be read "
			     "whole: at most %zu KiB", rel, out->max >> 10);
	} else {
		rc = mv_pread_full(fd, out->data, (size_t)st.st_size, 0, &got,
				   rel, err);
		if (!rc && st.st_size) {
			out->len = got;
			out->data[got] = '\0';
		}
	}
	close(fd);
	return rc;
}

int mv_import_stream(struct mv_file_source *state, int root, const char *rel,
		     struct mv_err *err)
{
	struct stat st;

	state->pos = 0;
	state->path = rel;
	return mv_wt_open_read(&state->fd, &st, root, rel, err);
}

int mv_import_is_name(const char *s)
{
	return *s && strcmp(s, ".") && strcmp(s, "..") && !strchr(s, '/');
}

/* Folder by folder, so that no link is followed in any. */
static int open_folder(int *out, int root, const char *rel)
{
	char *copy = strdup(rel), *save = NULL;
	int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (char *name = copy ? strtok_r(copy, "/", &save) : NULL;
	     name && fd >= 0; name = strtok_r(NULL, "/", &save)) {
		int next = -1;

		if (!strcmp(name, ".."))
			errno = ELOOP;
		else
			next = openat(fd, name, O_RDONLY | O_DIRECTORY |
				      O_NOFOLLOW | O_CLOEXEC);
		close(fd);
		fd = next;
	}
	free(copy);
	*out = fd;
	return fd < 0 || !copy ? -1 : 0;
}

struct listing {
	char **names;
	size_t count, alloc;
};

static int import_add_name(struct listing *l, const char *name,
			   struct mv_err *err)
{
	if (l->count == ENTRIES_MAX)
		return mv_fail(err, MV_EINVALID, "more than %d entries in one "
			       "folder", ENTRIES_MAX);
	if (MV_GROW(l->names, l->alloc, l->count + 1, err) < 0)
		return MV_ENOMEM;
	l->names[l->count] = strdup(name);
	return l->names[l->count++] ? 0 : mv_nomem(err);
}

static int import_by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum mv_import_kind import_kind_of(int fd, const char *name)
{
	struct stat st;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW))
		return MV_IMPORT_OTHER;
	if (S_ISREG(st.st_mode))
		return MV_IMPORT_FILE;
	return S_ISDIR(st.st_mode) ? MV_IMPORT_FOLDER : MV_IMPORT_OTHER;
}

int mv_import_each(int root, const char *rel, mv_import_fn fn, void *payload,
		   struct mv_err *err)
{
	struct listing l = { NULL, 0, 0 };
	struct dirent *entry;
	DIR *dir = NULL;
	int fd, rc = 0;

	if (open_folder(&fd, root, rel))
		return errno == ENOENT ? 0 :
		       mv_fail_errno(err, errno, "cannot open folder '%s'",
				     rel);
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return mv_nomem(err);
	}
	while (!rc && (entry = readdir(dir)))
		if (mv_import_is_name(entry->d_name))
			rc = import_add_name(&l, entry->d_name, err);
	if (l.count)
		qsort(l.names, l.count, sizeof(*l.names), import_by_name);
	for (size_t i = 0; i < l.count && !rc; i++)
		rc = fn(payload, l.names[i], import_kind_of(dirfd(dir),
							    l.names[i]),
			err);
	for (size_t i = 0; i < l.count; i++)
		free(l.names[i]);
	free(l.names);
	closedir(dir);
	return rc;
}
