/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/time.h"
#include "libmv/evidence/priv.h"
#include "libmv/git/files.h"
#include "libmv/git/git.h"
#include "libmv/git/refs.h"
#include "libmv/meta/curves.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/ledger.h"
#include "libmv/meta/manifest.h"
#include "libmv/meta/record.h"
#include "libmv/store/store.h"
#include "libmv/store/tx.h"
#include "libmv/subject/subject.h"
#include "libmv/transfer/transfer.h"

/*
 * Records are written in this order: what they attach is durable in the
 * store, the pointers that they hang on are objects of git, and only then
 * the notes name both. A crash between two steps leaves contents that
 * nobody names, which gc drops, and never a record of what is not there.
 */
#define WAIT_MS (60 * 1000)	/* for others who write notes */
#define DIFF_MAX ((size_t)2 << 30)
#define LINES_MAX ((size_t)2 << 30)

/* -- bytes as content ----------------------------------------------------- */

struct text {
	const void *data;
	size_t len;
	struct mv_reader *in;	/* in place of these two, when not NULL */
	struct mv_pointer pointer;	/* filled in */
};

/* One transaction; what is there already costs nothing. */
static int put_texts(struct mv_repo *repo, struct text *texts, size_t count,
		     struct mv_err *err)
{
	struct mv_store *store;
	struct mv_tx *tx = NULL;
	int rc = mv_repo_store(&store, repo, err);

	if (!rc)
		rc = mv_tx_begin(&tx, store, err);
	for (size_t i = 0; !rc && i < count; i++) {
		struct mv_mem_reader mem = { texts[i].data, texts[i].len, 0 };
		struct mv_reader in = mv_reader_mem(&mem);
		struct mv_pointer *p = &texts[i].pointer;

		memset(p, 0, sizeof(*p));
		p->dialect = MV_DIALECT_NATIVE;
		p->canonical = 1;
		rc = mv_tx_put(&p->oid, &p->size, tx,
			       texts[i].in ? texts[i].in : &in,
			       texts[i].in ? UINT64_MAX : texts[i].len, err);
	}
	if (!rc) {
		rc = mv_tx_commit(tx, NULL, err);
		tx = NULL;
	}
	mv_tx_abort(tx);
	return rc;
}

static int add_attached(struct mv_record *record, const char *role,
			const struct mv_pointer *pointer, struct mv_err *err)
{
	struct mv_ref ref = { .oid = pointer->oid, .size = pointer->size,
			      .has_oid = 1 };
	int rc;

	for (size_t i = 0; i < record->attached.count; i++) {
		const struct mv_ref *old = &record->attached.v[i];

		if (old->role && !strcmp(old->role, role) &&
		    mv_oid_eq(&old->oid, &ref.oid))
			return 0;
	}
	ref.role = strdup(role);
	if (!ref.role)
		return mv_nomem(err);
	rc = mv_refs_add(&record->attached, &ref, err);
	free(ref.role);
	return rc;
}

int mv_evidence_attach(struct mv_repo *repo, struct mv_record *record,
		       const char *role, const void *data, size_t len,
		       struct mv_err *err)
{
	struct text text = { .data = data, .len = len };
	int rc = put_texts(repo, &text, 1, err);

	return rc ? rc : add_attached(record, role, &text.pointer, err);
}

int mv_evidence_attach_curves(struct mv_repo *repo, struct mv_record *record,
			      const struct mv_curves *curves, struct mv_err *err)
{
	struct mv_curves_reader state;
	struct mv_reader in;
	struct text text = { .in = &in };
	int rc;

	in = mv_curves_reader(&state, curves);
	rc = put_texts(repo, &text, 1, err);
	mv_curves_reader_release(&state);
	return rc ? rc : add_attached(record, "curves", &text.pointer, err);
}

int mv_evidence_attached(struct mv_writer *to, struct mv_repo *repo,
			 const struct mv_record *record, const char *role,
			 struct mv_err *err)
{
	for (size_t i = 0; i < record->attached.count; i++) {
		const struct mv_ref *ref = &record->attached.v[i];
		struct mv_pointer p = { .oid = ref->oid, .size = ref->size,
					.canonical = 1 };
		int rc;

		if (!ref->role || strcmp(ref->role, role) || !ref->has_oid)
			continue;
		rc = mv_transfer_read(repo, &p, to, err);
		if (rc)
			mv_err_prefix(err, "the attached '%s'", role);
		return rc;
	}
	return mv_fail(err, MV_ENOENT, "the record has no '%s' attached", role);
}

/* -- the moment: who writes, on top of what ------------------------------- */

/* The same for all records that are made at one time. */
struct mv_repo_moment {
	int64_t now;
	char *by;
	char *head;		/* NULL: no commit yet */
	char *dirty;
};

static void moment_release(struct mv_repo *repo)
{
	struct mv_repo_moment *m = repo->moment;

	if (!m)
		return;
	free(m->by);
	free(m->head);
	free(m->dirty);
	free(m);
	repo->moment = NULL;
}

static int is_code(void *payload, size_t i, const char *filter,
		   struct mv_err *err)
{
	int *code = payload;

	(void)i;
	(void)err;
	*code |= !*filter;
	return 0;
}

/* Did anything change that is no content of ours? That has an id already. */
static int code_changed(int *changed, struct mv_repo *repo, struct mv_err *err)
{
	static const char *const args[] = {
		"--no-optional-locks", "status", "--porcelain=v1", "-z",
		"--untracked-files=no", "--no-renames", NULL
	};
	const char **paths = NULL;
	struct mv_buf text;
	size_t count = 0;
	int rc;

	*changed = 0;
	mv_buf_init(&text, DIFF_MAX);
	rc = mv_git_run(repo->git, args, NULL, 0, &text, err);
	if (!rc && text.len) {
		paths = calloc(text.len / 4 + 1, sizeof(*paths));
		rc = paths ? 0 : mv_nomem(err);
	}
	for (size_t i = 0; !rc && i + 3 < text.len;
	     i += strlen(text.data + i) + 1)
		if (strlen(text.data + i) > 3)
			paths[count++] = text.data + i + 3;
	if (!rc && count)
		rc = mv_git_filters(repo->git, paths, count, is_code, changed,
				    err);
	free(paths);
	mv_buf_release(&text);
	return rc;
}

struct diff {
	struct mv_hasher *hasher;
	int any;
};

static int hash_piece(void *payload, const void *data, size_t len,
		      struct mv_err *err)
{
	struct diff *d = payload;

	d->any = 1;
	return mv_hasher_update(d->hasher, data, len, err);
}

/* Written out, so that nobody's configuration is part of the digest. */
static int digest_diff(char **out, struct mv_repo *repo, struct mv_err *err)
{
	static const char *const args[] = {
		"diff", "--binary", "--full-index", "--no-ext-diff",
		"--no-textconv", "--no-color", "--no-renames", "--no-relative",
		"--src-prefix=a/", "--dst-prefix=b/", "--unified=3",
		"--inter-hunk-context=0", "--diff-algorithm=myers",
		"--submodule=short", "-O/dev/null", "HEAD", "--", NULL
	};
	struct diff d = { NULL, 0 };
	char hex[MV_OID_HEX + 1];
	struct mv_oid oid;
	int rc = mv_hasher_new(&d.hasher, MV_HASH_SHA256, err);

	if (!rc)
		rc = mv_git_stream(repo->git, args, hash_piece, &d, err);
	if (!rc && d.any)
		rc = mv_hasher_final(oid.b, d.hasher, err);
	if (!rc && d.any && !(*out = mv_strf("sha256:%s",
					     mv_oid_hex(hex, &oid))))
		rc = mv_nomem(err);
	mv_hasher_free(d.hasher);
	return rc;
}

static int fill_moment(struct mv_repo_moment *m, struct mv_repo *repo,
		       struct mv_err *err)
{
	int rc = mv_git_ident(&m->by, repo->git, err);
	int changed = 0;
	char head[65];

	if (!rc)
		rc = mv_git_commit(head, repo->git, "HEAD", err);
	if (rc)
		return rc == MV_ENOENT ? 0 : rc;	/* nothing yet */
	m->head = strdup(head);
	if (!m->head)
		return mv_nomem(err);
	if (!repo->info->work_tree)
		return 0;
	rc = code_changed(&changed, repo, err);
	return !rc && changed ? digest_diff(&m->dirty, repo, err) : rc;
}

static int moment_at(const struct mv_repo_moment **out, struct mv_repo *repo,
		     int64_t now, struct mv_err *err)
{
	int rc;

	if (repo->moment && repo->moment->now != now)
		moment_release(repo);
	if (!repo->moment) {
		repo->moment = calloc(1, sizeof(*repo->moment));
		mv_repo_at_close(repo, moment_release);
		if (!repo->moment)
			return mv_nomem(err);
		repo->moment->now = now;
		rc = fill_moment(repo->moment, repo, err);
		if (rc) {
			moment_release(repo);
			return rc;
		}
	}
	*out = repo->moment;
	return 0;
}

/* -- a record ------------------------------------------------------------- */

static int record_copy(char **to, const char *s, struct mv_err *err)
{
	return s && !(*to = strdup(s)) ? mv_nomem(err) : 0;
}

int mv_evidence_record_begin(struct mv_record *out, struct mv_repo *repo,
			     const struct mv_subject *subject, int64_t now,
			     struct mv_err *err)
{
	const struct mv_repo_moment *m = NULL;
	char t[32], id[17];
	int rc;

	memset(out, 0, sizeof(*out));
	out->content = subject->pointer.oid;
	out->size = subject->pointer.size;
	out->for_path = subject->path && !subject->artifact;
	rc = moment_at(&m, repo, now, err);
	if (!rc)
		rc = mv_record_id(id, err);
	if (!rc)
		rc = record_copy(&out->t, mv_time_print(t, now), err);
	if (!rc)
		rc = record_copy(&out->kind, "evidence", err);
	if (!rc)
		rc = record_copy(&out->id, id, err);
	if (!rc)
		rc = record_copy(&out->by, m->by, err);
	if (!rc)
		rc = record_copy(&out->artifact, subject->artifact, err);
	if (!rc)
		rc = record_copy(&out->path, subject->path, err);
	if (!rc)
		rc = record_copy(&out->commit, m->head, err);
	if (!rc)
		rc = record_copy(&out->dirty, m->dirty, err);
	if (!rc && subject->is_directory)
		rc = add_attached(out, "manifest", &subject->pointer, err);
	if (rc)
		mv_record_release(out);
	return rc;
}

/* -- into the ledger ------------------------------------------------------ */

static int check_subjects(const struct mv_subject *subjects, size_t count,
			  struct mv_err *err)
{
	for (size_t i = 0; i < count; i++)
		if (!subjects[i].pointer.size)
			return mv_fail(err, MV_EINVALID, "'%s' is empty: every "
				       "empty file is the same content, so "
				       "nothing can be said of this one",
				       subjects[i].path ? subjects[i].path :
				       subjects[i].spec);
	return 0;
}

/* `members` are sorted where they stand; the manifest is what it was. */
static int put_manifests(struct mv_repo *repo,
			 const struct mv_subject *subjects, size_t count,
			 struct mv_err *err)
{
	struct text *texts = calloc(count + 1, sizeof(*texts));
	struct mv_buf *bufs = calloc(count + 1, sizeof(*bufs));
	size_t n = 0;
	int rc = texts && bufs ? 0 : mv_nomem(err);

	for (size_t i = 0; !rc && i < count; i++) {
		struct mv_manifest members = subjects[i].members;

		if (!subjects[i].is_directory || !members.count)
			continue;
		mv_buf_init(&bufs[n], MV_MANIFEST_BYTES);
		rc = mv_manifest_print(&bufs[n], &members, err);
		texts[n].data = bufs[n].data;
		texts[n].len = bufs[n].len;
		n++;
	}
	if (!rc && n)
		rc = put_texts(repo, texts, n, err);
	for (size_t i = 0; i < n; i++)
		mv_buf_release(&bufs[i]);
	free(bufs);
	free(texts);
	return rc;
}

/* Of a file that is in a tree or the index, git has it already. */
static int write_pointer(struct mv_repo *repo, const struct mv_subject *s,
			 struct mv_err *err)
{
	char hex[65];
	int rc;

	if (!s->is_directory && s->path)
		return 0;
	rc = mv_repo_pointer_blob(hex, repo, &s->pointer, 0, err);
	/* One that is not written as it should be was found in git. */
	return rc || strcmp(hex, s->blob) ? rc :
	       mv_repo_pointer_blob(hex, repo, &s->pointer, 1, err);
}

int mv_evidence_notes_lock(char **out, struct mv_repo *repo, struct mv_err *err)
{
	char *dir = mv_path_join(repo->info->common_dir, "model");
	int rc = dir ? mv_mkdirs(dir, err) : mv_nomem(err);

	*out = rc ? NULL : mv_path_join(dir, "notes.lock");
	free(dir);
	return rc || *out ? rc : mv_nomem(err);
}

int mv_evidence_notes_merge(struct mv_repo *repo, const char *other,
			    int *changed,
			    struct mv_err *err)
{
	char *lock;
	int rc = mv_evidence_notes_lock(&lock, repo, err);

	if (!rc)
		rc = mv_ledger_merge(repo->git, lock, other, changed, WAIT_MS,
				     err);
	free(lock);
	return rc;
}

static int record_append(struct mv_repo *repo,
			 const struct mv_subject *subjects,
			 const struct mv_record *records, size_t count,
			 const char *message, struct mv_err *err)
{
	struct mv_entry *entries = calloc(count, sizeof(*entries));
	struct mv_buf text;
	char *lock = NULL;
	size_t at = 0;
	int rc = entries ? mv_evidence_notes_lock(&lock, repo,
						  err) : mv_nomem(err);

	mv_buf_init(&text, LINES_MAX);
	for (size_t i = 0; !rc && i < count; i++) {
		rc = mv_record_print(&text, &records[i], err);
		if (!rc && mv_buf_addch(&text, '\0'))
			rc = mv_nomem(err);
	}
	/* Only now does the text stand still. */
	for (size_t i = 0; !rc && i < count; i++) {
		entries[i].blob = subjects[i].blob;
		entries[i].line = text.data + at;
		at += strlen(text.data + at) + 1;
	}
	if (!rc)
		rc = mv_ledger_append(repo->git, lock, entries, count, message,
				      WAIT_MS, err);
	mv_buf_release(&text);
	free(lock);
	free(entries);
	return rc;
}

int mv_evidence_record(struct mv_repo *repo, const struct mv_subject *subjects,
		       struct mv_record *records, size_t count,
		       const char *message, struct mv_err *err)
{
	int rc = check_subjects(subjects, count, err);

	if (rc || !count)
		return rc;
	rc = mv_evidence_record_before(repo, subjects, records, count, err);
	if (!rc)
		rc = put_manifests(repo, subjects, count, err);
	for (size_t i = 0; !rc && i < count; i++)
		rc = write_pointer(repo, &subjects[i], err);
	return rc ? rc : record_append(repo, subjects, records, count, message,
				       err);
}

/* -- reading -------------------------------------------------------------- */

static void warn_of_lines(struct mv_repo *repo, const struct mv_evidence *v,
			  size_t count)
{
	size_t skipped = 0, elsewhere = 0;

	for (size_t i = 0; i < count; i++) {
		skipped += v[i].skipped;
		elsewhere += v[i].elsewhere;
	}
	if (skipped)
		mv_repo_warn(repo, "%zu line%s in the notes %s no record that "
			     "can be read; left out, and kept", skipped,
			     skipped == 1 ? "" : "s",
			     skipped == 1 ? "is" : "are");
	if (elsewhere)
		mv_repo_warn(repo, "%zu record%s in the notes %s about another "
			     "content than the one that %s on; left out, and "
			     "kept", elsewhere, elsewhere == 1 ? "" : "s",
			     elsewhere == 1 ? "is" : "are",
			     elsewhere == 1 ? "it stands" : "they stand");
}

int mv_evidence_of(struct mv_evidence *out, struct mv_repo *repo,
		   const struct mv_known_as *of, size_t count,
		   struct mv_err *err)
{
	struct mv_lines *lines = calloc(count + 1, sizeof(*lines));
	const char **blobs = calloc(count + 1, sizeof(*blobs));
	size_t done = 0;
	int rc = lines && blobs ? 0 : mv_nomem(err);

	memset(out, 0, count * sizeof(*out));
	for (size_t i = 0; !rc && i < count; i++)
		blobs[i] = of[i].blob;
	if (!rc)
		rc = mv_ledger_read(lines, repo->git, MV_NOTES_REF, blobs,
				    count, err);
	for (; !rc && done < count; done++)
		rc = mv_evidence_fold_for(&out[done], &lines[done],
					  of[done].content, of[done].artifact,
					  err);
	if (!rc)
		warn_of_lines(repo, out, count);
	for (size_t i = 0; rc && i < done; i++)
		mv_evidence_release(&out[i]);
	for (size_t i = 0; lines && i < count; i++)
		mv_lines_release(&lines[i]);
	free(lines);
	free(blobs);
	return rc;
}
