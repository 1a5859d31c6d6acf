/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/git/git.h"
#include "libmv/git/history.h"
#include "libmv/git/notes.h"
#include "libmv/git/objects.h"
#include "libmv/git/refs.h"
#include "libmv/meta/ledger.h"
#include "libmv/meta/record.h"
#include "libmv/repo/repo.h"
#include "libmv/repo/state.h"
#include "libmv/store/pointer.h"

/* Contents that records have attached. */
#define INCOMING "refs/notes/model-incoming/"
#define NOTE_READ ((size_t)256 << 20)	/* united ones may pass MV_NOTE_MAX */
#define BATCH 4096

struct blobs {
	char (*hex)[65];
	size_t count, alloc;
};

static int keep_blob(struct blobs *b, const char *hex, struct mv_err *err)
{
	if (MV_GROW(b->hex, b->alloc, b->count + 1, err))
		return MV_ENOMEM;
	if (strlen(hex) < sizeof(b->hex[0]))
		memcpy(b->hex[b->count++], hex, strlen(hex) + 1);
	return 0;
}

static int keep_note(void *payload, const char *object, const char *note_blob,
		     struct mv_err *err)
{
	(void)object;
	return keep_blob(payload, note_blob, err);
}

static int keep_delta(void *payload, const struct mv_git_delta *d,
		      struct mv_err *err)
{
	return d->new_blob ? keep_blob(payload, d->new_blob, err) : 0;
}

struct attached {
	mv_attached_fn fn;
	void *payload;
};

static int tell_attached(struct attached *a, const char *line, size_t len,
			 struct mv_err *err)
{
	struct mv_record record;
	int rc = 0;

	/* Most have none: then they need not be parsed. */
	if (!memmem(line, len, "\"attached\"", 10))
		return 0;
	rc = mv_record_parse(&record, line, len, err);
	if (rc)
		return rc == MV_ENOMEM ? rc : 0;
	for (size_t i = 0; !rc && i < record.attached.count; i++) {
		const struct mv_ref *ref = &record.attached.v[i];
		struct mv_pointer p = { .oid = ref->oid, .size = ref->size,
					.canonical = 1 };

		if (ref->has_oid && ref->size)
			rc = a->fn(a->payload, ref->role ? ref->role : "", &p,
				   err);
	}
	mv_record_release(&record);
	return rc;
}

static int read_note(void *payload, size_t i, const char *hex,
		     const void *data, size_t len, struct mv_err *err)
{
	const char *p = data, *end = p ? p + len : NULL, *nl;
	int rc = 0;

	(void)i;
	if (!data && len > NOTE_READ)
		return mv_fail(err, MV_EDENIED, "note %s is too large to be "
			       "read", hex);
	/* gc would drop what it names: it is not as if it said nothing. */
	if (!data && !*hex)
		return mv_fail(err, MV_ECORRUPT, "a note cannot be read; see "
			       "git fsck");
	for (; !rc && p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (!nl)
			nl = end;
		rc = tell_attached(payload, p, (size_t)(nl - p), err);
	}
	return rc;
}

static int attached_read_notes(struct attached *a, struct mv_git *git,
			       const struct blobs *b, struct mv_err *err)
{
	const char *specs[BATCH];
	int rc = 0;

	for (size_t at = 0; !rc && at < b->count; at += BATCH) {
		size_t n = b->count - at < BATCH ? b->count - at : BATCH;

		for (size_t i = 0; i < n; i++)
			specs[i] = b->hex[at + i];
		rc = mv_git_read_many(git, specs, n, NOTE_READ, read_note, a,
				      err);
	}
	return rc;
}

int mv_repo_each_attached(struct mv_git *git, const char *ref,
			  const char *since, mv_attached_fn fn, void *payload,
			  struct mv_err *err)
{
	struct attached a = { fn, payload };
	struct blobs b = { NULL, 0, 0 };
	char tip[65];
	int rc = mv_git_ref_get(tip, git, ref, err);

	if (rc)
		return rc == MV_ENOENT ? 0 : rc;
	if (since && *since)
		rc = mv_git_diff(git, since, tip, 0, NULL, keep_delta, &b,
				 err);
	else
		rc = mv_git_notes_each(git, ref, keep_note, &b, err);
	if (!rc)
		rc = attached_read_notes(&a, git, &b, err);
	free(b.hex);
	return rc;
}

struct refs {
	char **name;
	size_t count;
};

static int keep_ref(void *payload, const struct mv_git_ref *ref,
		    struct mv_err *err)
{
	struct refs *refs = payload;
	char **name;

	if (strcmp(ref->type, "commit") ||
	    (strcmp(ref->name, MV_NOTES_REF) &&
	     strncmp(ref->name, MV_NOTES_REMOTES, strlen(MV_NOTES_REMOTES)) &&
	     strncmp(ref->name, INCOMING, strlen(INCOMING))))
		return 0;
	name = MV_GROW_ONE(refs->name, refs->count, err);
	return name ? mv_set_str(name, ref->name, err) : MV_ENOMEM;
}

/* Of remotes only what differs from ours: they are mostly the same. */
int mv_repo_each_attached_anywhere(struct mv_git *git, mv_attached_fn fn,
				   void *payload, struct mv_err *err)
{
	static const char *const prefixes[] = { MV_NOTES_REF, NULL };
	struct refs refs = { NULL, 0 };
	char ours[65] = "";
	int rc = mv_git_each_ref(git, prefixes, keep_ref, &refs, err);

	if (!rc) {
		rc = mv_git_ref_get(ours, git, MV_NOTES_REF, err);
		if (rc)
			*ours = '\0';
		rc = rc == MV_ENOENT ? 0 : rc;
	}
	for (size_t i = 0; !rc && i < refs.count; i++)
		rc = mv_repo_each_attached(git, refs.name[i],
					   strcmp(refs.name[i], MV_NOTES_REF) ?
					   ours : NULL, fn, payload, err);
	for (size_t i = 0; i < refs.count; i++)
		free(refs.name[i]);
	free(refs.name);
	return rc;
}
