/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/evidence/evidence.h"
#include "libmv/look/boarding.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/ledger.h"
#include "libmv/meta/project.h"
#include "libmv/meta/record.h"
#include "libmv/meta/registry.h"
#include "libmv/report/views.h"
#include "libmv/subject/release.h"
#include "libmv/subject/subject.h"

/* What the rows of a board say: content, who and when, evidence, tags, runs. */

/* A version whose commit has it at neither path. */
static int look_elsewhere(struct mv_subject *out, struct mv_row *row,
			  struct mv_boarding *t, const char *artifact,
			  struct mv_err *err)
{
	int rc = mv_subject_artifact_elsewhere(out, t->repo, artifact,
					       row->commit, err);

	if (rc)
		return rc;
	free(row->path);
	row->path = strdup(out->path);
	if (row->path)
		return 0;
	mv_subject_release(out);
	return mv_nomem(err);
}

/* Under another name then, or a directory? */
static int look_again(struct mv_boarding *t, size_t i, struct mv_err *err)
{
	struct mv_row *row = &t->out->v[i];
	const struct mv_board_target *target = &t->targets[t->of[i]];
	const struct mv_artifact *then = NULL;
	struct mv_project project = { .artifacts = NULL };
	struct mv_subject s;
	char *found = NULL;
	int failed = 0, rc = 0;

	if (target->artifact)
		rc = mv_subject_project(&project, t->repo, row->commit, NULL);
	if (!rc && target->artifact)
		then = mv_project_by_name(&project, target->artifact);
	if (then && strcmp(then->path, row->path)) {
		found = row->path;
		row->path = mv_look_dup(then->path, &failed);
	}
	if (!rc)
		mv_project_release(&project);
	if (failed) {
		free(found);
		return mv_nomem(err);
	}
	rc = mv_subject_find_at(&s, t->repo, row->commit, row->path, err);
	/* It was moved there, and the config changed later. */
	if (rc == MV_ENOENT && found && !row->version) {
		free(row->path);
		row->path = found;
		found = NULL;
		rc = mv_subject_find_at(&s, t->repo, row->commit, row->path,
					err);
	}
	free(found);
	if (rc == MV_ENOENT && target->artifact && row->version)
		rc = look_elsewhere(&s, row, t, target->artifact, err);
	if (rc == MV_ENOENT || rc == MV_EINVALID)
		return 0;
	if (rc)
		return rc;
	row->pointer = s.pointer;
	memcpy(row->blob, s.blob, sizeof(row->blob));
	mv_subject_release(&s);
	return 0;
}

static int read_pointers(struct mv_boarding *t, struct mv_err *err)
{
	struct mv_board *b = t->out;
	struct mv_look_blob *blobs = calloc(b->count + 1, sizeof(*blobs));
	char **specs = calloc(b->count + 1, sizeof(*specs));
	int rc = blobs && specs ? 0 : mv_nomem(err);

	for (size_t i = 0; !rc && i < b->count; i++) {
		struct mv_row *row = &b->v[i];

		if (t->targets[t->of[i]].directory > 0)
			continue;
		specs[i] = *row->blob ? strdup(row->blob) :
			   mv_strf("%s:%s", row->commit, row->path);
		if (!specs[i])
			rc = mv_nomem(err);
	}
	if (!rc)
		rc = mv_look_blobs(blobs, t->repo, (const char *const *)specs,
				   b->count, err);
	if (!rc)
		rc = mv_look_missing(blobs, (const char *const *)specs,
				     b->count, err);
	for (size_t i = 0; !rc && i < b->count; i++) {
		struct mv_row *row = &b->v[i];

		if (blobs[i].ours) {
			row->pointer = blobs[i].pointer;
			mv_look_hex(row->blob, blobs[i].hex);
		} else if (*row->blob) {
			*row->blob = '\0';	/* no pointer */
		} else {
			rc = look_again(t, i, err);
		}
	}
	for (size_t i = 0; specs && i < b->count; i++)
		free(specs[i]);
	free(specs);
	free(blobs);
	return rc;
}

static int drop_foreign(struct mv_boarding *t, struct mv_err *err)
{
	struct mv_board *b = t->out;
	unsigned char *keep = malloc(b->count + 1);
	size_t kept = 0;

	if (!keep)
		return mv_nomem(err);
	for (size_t i = 0; i < b->count; i++) {
		keep[i] = !!*b->v[i].blob;
		if (keep[i])
			t->of[kept++] = t->of[i];
	}
	mv_board_keep(b, keep);
	free(keep);
	return 0;
}

int mv_look_board_pointers(struct mv_boarding *t, struct mv_err *err)
{
	int rc = read_pointers(t, err);

	return rc ? rc : drop_foreign(t, err);
}

static int read_commits(struct mv_boarding *t, struct mv_err *err)
{
	struct mv_board *b = t->out;
	struct mv_look_commit *info = calloc(b->count + 1, sizeof(*info));
	const char **hexes = calloc(b->count + 1, sizeof(*hexes));
	int rc = info && hexes ? 0 : mv_nomem(err);
	size_t wanted = 0;

	for (size_t i = 0; !rc && i < b->count; i++)
		if (!b->v[i].author) {
			hexes[i] = b->v[i].commit;
			wanted++;
		}
	if (!rc && wanted)
		rc = mv_look_commits(info, t->repo, hexes, b->count, err);
	for (size_t i = 0; !rc && wanted && i < b->count; i++) {
		struct mv_row *row = &b->v[i];

		if (!hexes[i])
			continue;
		free(row->subject_line);
		row->subject_line = info[i].subject;
		row->author = info[i].author;
		if (info[i].when)
			row->when = info[i].when;
	}
	free(info);
	free(hexes);
	return rc;
}

static int read_evidence(struct mv_boarding *t, struct mv_err *err)
{
	struct mv_board *b = t->out;
	struct mv_known_as *of = calloc(b->count + 1, sizeof(*of));
	struct mv_evidence *got = calloc(b->count + 1, sizeof(*got));
	int rc = of && got ? 0 : mv_nomem(err);

	for (size_t i = 0; !rc && i < b->count; i++)
		of[i] = (struct mv_known_as){ b->v[i].blob,
					      &b->v[i].pointer.oid,
					      b->v[i].artifact };
	if (!rc && b->count)
		rc = mv_evidence_of(got, t->repo, of, b->count, err);
	for (size_t i = 0; !rc && i < b->count; i++) {
		b->v[i].evidence = got[i];
		b->skipped_lines += got[i].skipped;
	}
	free(of);
	free(got);
	return rc;
}

/* -- versions and stages of rows ------------------------------------------ */

/* What a tag's commit had at the paths that this artifact went by. */
static int blob_at(char *hex, struct mv_boarding *t, size_t target,
		   const char *commit, struct mv_err *err)
{
	struct mv_board *b = t->out;
	const char *last = NULL;
	int rc = 0;

	*hex = '\0';
	for (size_t i = 0; !rc && !*hex && i < b->count; i++) {
		struct mv_subject s;

		if (t->of[i] != target || (last && !strcmp(last,
							   b->v[i].path)))
			continue;
		last = b->v[i].path;
		rc = mv_subject_find_at(&s, t->repo, commit, last, err);
		if (!rc) {
			memcpy(hex, s.blob, sizeof(s.blob));
			mv_subject_release(&s);
		} else if (rc == MV_ENOENT || rc == MV_EINVALID) {
			rc = 0;
		}
	}
	return rc;
}

/* The row of a version: it has no other. */
static int is_version(const struct mv_row *row)
{
	return row->label && row->version && !strcmp(row->label, row->version);
}

/*
 * Rows that a tag on this commit speaks of: the commit's own, or else the
 * newest that has the same content.
 */
static int tag_rows(struct mv_boarding *t, size_t target, const char *commit,
		    const char *version, const char *stage,
		    struct mv_err *err)
{
	struct mv_board *b = t->out;
	char hex[65];
	size_t found = 0;
	int rc = 0;

	for (int pass = 0; !rc && !found && pass < 2; pass++) {
		if (pass)
			rc = blob_at(hex, t, target, commit, err);
		if (rc || (pass && !*hex))
			break;
		for (size_t i = 0; !rc && i < b->count; i++) {
			struct mv_row *row = &b->v[i];

			if (t->of[i] != target || row->run ||
			    strcmp(pass ? row->blob : row->commit,
				   pass ? hex : commit) || (pass && found))
				continue;
			found++;
			if (version && !is_version(row))
				rc = mv_look_join(&row->version, version, err);
			if (!rc && stage)
				rc = mv_look_join(&row->stages, stage, err);
		}
	}
	return rc;
}

static int decorate_one(struct mv_boarding *t, size_t target,
			struct mv_err *err)
{
	const char *name = t->targets[target].artifact;
	const struct mv_event *const *v;
	struct mv_holders holders;
	size_t n;
	int rc = mv_subject_holders(&holders, t->repo, &t->registry, name, err);

	v = mv_registry_versions(&t->registry, name, &n);
	for (size_t i = 0; !rc && i < n; i++)
		rc = tag_rows(t, target, v[i]->commit, v[i]->tag.version, NULL,
			      err);
	for (size_t i = 0; !rc && i < holders.count; i++)
		if (holders.v[i].stands)
			rc = tag_rows(t, target, holders.v[i].event->commit,
				      NULL, holders.v[i].event->tag.stage,
				      err);
	mv_subject_holders_release(&holders);
	return rc;
}

static int decorate(struct mv_boarding *t, struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < t->target_count; i++)
		if (t->targets[i].artifact && t->registry.count)
			rc = decorate_one(t, i, err);
	return rc;
}

/* -- runs ----------------------------------------------------------------- */

static int is_run(const struct mv_record *r)
{
	return r->kind && !strcmp(r->kind, "run") && r->run.id;
}

static size_t runs_of(const struct mv_row *row, size_t *first)
{
	size_t n = 0;

	for (size_t i = 0; i < row->evidence.count; i++)
		if (is_run(&row->evidence.records[i]) && !n++)
			*first = i;
	return n;
}

/* What this record alone says. */
static int fold_one(struct mv_evidence *out, const struct mv_record *record,
		    struct mv_err *err)
{
	struct mv_buf text;
	const char *line;
	struct mv_lines lines = { &line, 1, NULL };
	int rc;

	mv_buf_init(&text, MV_RECORD_MAX);
	rc = mv_record_print(&text, record, err);
	line = text.data;
	if (!rc)
		rc = mv_evidence_fold(out, &lines, err);
	mv_buf_release(&text);
	return rc;
}

static int add_run(struct mv_boarding *t, size_t from,
		   const struct mv_record *run, struct mv_err *err)
{
	struct mv_row *row = mv_look_board_row(t, t->of[from],
					   t->out->v[from].commit,
					   t->out->v[from].path, err);
	const struct mv_row *of = &t->out->v[from];
	int failed = 0, rc;

	if (!row)
		return MV_ENOMEM;
	row->author = mv_look_dup(of->author, &failed);
	row->subject_line = mv_look_dup(of->subject_line, &failed);
	row->run = mv_look_dup(run->run.id, &failed);
	row->when = of->when;
	row->pointer = of->pointer;
	memcpy(row->blob, of->blob, sizeof(row->blob));
	rc = failed ? mv_nomem(err) : fold_one(&row->evidence, run, err);
	if (rc)
		return rc;
	return mv_look_board_label(row, run->run.name ? run->run.name :
				   run->run.id, err);
}

/* A row with one run is that run; of several, each has a row of its own. */
static int expand_runs(struct mv_boarding *t, struct mv_err *err)
{
	size_t count = t->out->count;
	int failed = 0, rc = 0;

	for (size_t i = 0; !rc && i < count; i++) {
		struct mv_row *row = &t->out->v[i];
		size_t first = 0, n = runs_of(row, &first);

		if (n == 1)
			row->run = mv_look_dup(row->evidence.records[first]
					       .run.id, &failed);
		/* The records stay where they are when rows move. */
		for (size_t j = 0; !rc && n > 1 && j < t->out->v[i]
		     .evidence.count; j++) {
			const struct mv_record *r =
				&t->out->v[i].evidence.records[j];

			if (is_run(r))
				rc = add_run(t, i, r, err);
		}
	}
	if (!rc && failed)
		rc = mv_nomem(err);
	return rc;
}

/* -- names of rows, and all of it ----------------------------------------- */

static const char *run_name(const struct mv_row *row)
{
	for (size_t i = 0; row->run && i < row->evidence.count; i++) {
		const struct mv_record *r = &row->evidence.records[i];

		if (is_run(r) && !strcmp(r->run.id, row->run))
			return r->run.name;
	}
	return NULL;
}

static int label_rows(struct mv_boarding *t, struct mv_err *err)
{
	struct mv_board *b = t->out;
	struct mv_look_refs refs = { .count = 0 };
	char hex[65];
	int rc = t->flags & MV_BOARD_ALL && b->count ?
		 mv_look_refs(&refs, t->repo, err) : 0;

	for (size_t i = 0; !rc && i < b->count; i++) {
		struct mv_row *row = &b->v[i];
		const char *name;

		if (row->label)
			continue;
		mv_look_hex(hex, row->commit);
		hex[7] = '\0';
		name = row->version ? row->version :
				      mv_look_ref(&refs, row->commit);
		if (!name)
			name = run_name(row);
		rc = mv_look_board_label(row, name ? name : hex, err);
	}
	mv_look_refs_release(&refs);
	return rc;
}

int mv_look_board_fill(struct mv_boarding *t, struct mv_err *err)
{
	int rc = read_commits(t, err);

	if (!rc)
		rc = read_evidence(t, err);
	if (!rc)
		rc = decorate(t, err);
	if (!rc && t->flags & MV_BOARD_ALL && !(t->flags & MV_BOARD_FOLLOW))
		rc = expand_runs(t, err);
	return rc ? rc : label_rows(t, err);
}
