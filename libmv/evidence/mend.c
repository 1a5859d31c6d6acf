/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/evidence/priv.h"
#include "libmv/git/git.h"
#include "libmv/git/history.h"
#include "libmv/git/notes.h"
#include "libmv/git/objects.h"
#include "libmv/git/refs.h"
#include "libmv/meta/ledger.h"
#include "libmv/meta/record.h"
#include "libmv/store/store.h"
#include "libmv/trust/trust.h"

/*
 * Notes that nobody believes, because something stands among them that is no
 * note, made into notes again: one commit on top, with every line of every
 * proper note; with the records and statements that stand at odd places, in
 * the notes of the objects that their paths name; and with nothing else. So
 * what somebody moved out of sight is where it was, and a push mends the
 * remote. What came of it is for the server to judge, as ever.
 */
#define INCOMING "refs/notes/model-incoming/"
#define MEND_REF INCOMING "mend"
#define READ_MAX (16 * MV_NOTE_MAX)
#define ALL_MAX ((size_t)1 << 30)

struct entry {
	char object[65], blob[65];
	int proper;
};
struct mending {
	struct mv_repo *repo;
	struct entry *v;
	size_t count, alloc;
	struct mv_git_note *notes;	/* the result; texts are ours */
	size_t note_count;
	size_t bytes;
	struct mv_buf text;	/* of the object that is being read */
};

static void mending_release(struct mending *m)
{
	for (size_t i = 0; i < m->note_count; i++)
		free((void *)(uintptr_t)m->notes[i].data);
	free(m->notes);
	free(m->v);
	mv_buf_release(&m->text);
}

static int take_entry(void *payload, const char *path, const char *object,
		      const char *blob, int proper, struct mv_err *err)
{
	struct mending *m = payload;
	struct entry *e;

	(void)path;
	if (!*object)
		return 0;
	if (MV_GROW(m->v, m->alloc, m->count + 1, err) < 0)
		return MV_ENOMEM;
	e = &m->v[m->count++];
	memcpy(e->object, object, strlen(object) + 1);
	memcpy(e->blob, blob, strlen(blob) + 1);
	e->proper = proper;
	return 0;
}

static int by_object(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int d = strcmp(x->object, y->object);

	return d ? d : y->proper - x->proper;
}

/* -- lines ---------------------------------------------------------------- */

enum worth { NOTHING, RECORD, STATEMENT };

/* A statement that cannot be read would only be refused. */
static enum worth worth_of(const char *line, size_t len)
{
	struct mv_buf payload, sig;
	struct mv_statement s;
	struct mv_record r;
	enum worth worth = NOTHING;

	if (memchr(line, '\0', len) || mv_record_parse(&r, line, len, NULL))
		return NOTHING;
	if (strcmp(r.kind, "approval") && strcmp(r.kind, "receipt"))
		worth = RECORD;
	mv_record_release(&r);
	if (worth)
		return worth;
	mv_buf_init(&payload, 1 << 16);
	mv_buf_init(&sig, 1 << 16);
	if (!mv_statement_from_line(&s, &payload, &sig, line, len, NULL)) {
		worth = STATEMENT;
		mv_statement_release(&s);
	}
	mv_buf_release(&payload);
	mv_buf_release(&sig);
	return worth;
}

/* Lines of that worth, as far as they fit into what a note may have. */
static int keep_lines(struct mv_buf *out, size_t *lines, const char *text,
		      size_t len, enum worth worth, size_t max_bytes,
		      size_t max_lines, struct mv_err *err)
{
	const char *s = text, *end = text + len;

	while (s < end) {
		const char *lf = memchr(s, '\n', (size_t)(end - s));
		size_t n = (size_t)((lf ? lf : end) - s);

		if (n && out->len + n + 1 <= max_bytes && *lines < max_lines &&
		    worth_of(s, n) == worth) {
			if (mv_buf_add(out, s, n) || mv_buf_addch(out, '\n'))
				return mv_nomem(err);
			++*lines;
		}
		s += n + 1;
	}
	return 0;
}

/* What of a text is worth a place: votes first. */
static int sift(struct mv_buf *out, const char *text, size_t len,
		struct mv_err *err)
{
	size_t lines = 0;
	int rc = keep_lines(out, &lines, text, len, STATEMENT, MV_NOTE_MAX,
			    MV_NOTE_LINES, err);

	return rc ? rc : keep_lines(out, &lines, text, len, RECORD,
				    MV_NOTE_RECORDS, MV_NOTE_RECORD_LINES,
				    err);
}

static size_t count_lines(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	return n;
}

static int is_legal(const char *text, size_t len)
{
	return len <= MV_NOTE_MAX && count_lines(text, len) <= MV_NOTE_LINES;
}

/* -- one note after the other --------------------------------------------- */

static int mend_add_text(struct mending *m, const char *data, size_t len,
			 int whole,
			 struct mv_err *err)
{
	struct mv_buf some, both;
	int rc = 0;

	mv_buf_init(&some, READ_MAX);
	mv_buf_init(&both, 2 * READ_MAX);
	if (!whole || !is_legal(data, len)) {
		rc = sift(&some, data, len, err);
		data = some.data;
		len = some.len;
	}
	if (!rc)
		rc = mv_lines_unite(&both, m->text.data, m->text.len, data, len,
				    err);
	if (!rc) {
		mv_buf_release(&m->text);
		m->text = both;
	} else {
		mv_buf_release(&both);
	}
	mv_buf_release(&some);
	return rc;
}

static int finish_note(struct mending *m, const char *object,
		       struct mv_err *err)
{
	struct mv_git_note *n = &m->notes[m->note_count];
	struct mv_buf some;
	int rc = 0;

	if (!is_legal(m->text.data, m->text.len)) {
		mv_buf_init(&some, READ_MAX);
		rc = sift(&some, m->text.data, m->text.len, err);
		mv_buf_release(&m->text);
		m->text = some;
	}
	if (!rc && m->text.len) {
		m->bytes += m->text.len;
		n->object = object;
		n->len = m->text.len;
		n->data = mv_buf_detach(&m->text);
		m->note_count += n->data != NULL;
		if (!n->data)
			rc = mv_nomem(err);
		else if (m->bytes > ALL_MAX)
			rc = mv_fail(err, MV_ENOMEM, "notes of more than %zu "
				     "MiB cannot be mended at once",
				     ALL_MAX >> 20);
	}
	mv_buf_release(&m->text);
	mv_buf_init(&m->text, 2 * READ_MAX);
	return rc;
}

static int take_blob(void *payload, size_t i, const char *hex,
		     const void *data, size_t len, struct mv_err *err)
{
	struct mending *m = payload;
	const struct entry *e = &m->v[i];
	int rc = 0;

	(void)hex;
	if (!data && !len)
		return mv_fail(err, MV_ECORRUPT, "the note of '%s' cannot be "
			       "read; see git fsck", e->object);
	if (data)	/* else longer than anything that was ever written */
		rc = mend_add_text(m, data, len, e->proper, err);
	if (!rc && (i + 1 == m->count ||
		    strcmp(m->v[i + 1].object, e->object)))
		rc = finish_note(m, e->object, err);
	return rc;
}

static int read_all(struct mending *m, const char *commit, struct mv_err *err)
{
	struct mv_git *git = m->repo->git;
	int rc = mv_git_notes_entries(git, commit, take_entry, m, err);
	const char **blobs = calloc(m->count + 1, sizeof(*blobs));

	m->notes = calloc(m->count + 1, sizeof(*m->notes));
	if (!rc && (!blobs || !m->notes))
		rc = mv_nomem(err);
	if (!rc && m->count)
		qsort(m->v, m->count, sizeof(*m->v), by_object);
	for (size_t i = 0; !rc && i < m->count; i++)
		blobs[i] = m->v[i].blob;
	if (!rc && m->count)
		rc = mv_git_read_many(git, blobs, m->count, READ_MAX,
				      take_blob, m, err);
	free(blobs);
	return rc;
}

/* -- one ref -------------------------------------------------------------- */

/* The mended commit at MEND_REF; `made` has room for 65. */
static int make_commit(char *made, struct mv_repo *repo, const char *tip,
		       struct mv_err *err)
{
	struct mending m = { .repo = repo };
	int rc;

	mv_buf_init(&m.text, 2 * READ_MAX);
	rc = read_all(&m, tip, err);
	/* Of one that was killed. */
	if (!rc && !mv_git_ref_get(made, repo->git, MEND_REF, NULL))
		rc = mv_git_ref_set(repo->git, MEND_REF, "", made, "", err);
	if (!rc)
		rc = mv_git_notes_write(repo->git, MEND_REF, "", tip, m.notes,
					m.note_count, "notes: only what is one",
					err);
	if (!rc)
		rc = mv_git_ref_get(made, repo->git, MEND_REF, err);
	mending_release(&m);
	return rc;
}

static int mend(struct mv_repo *repo, const char *ref, const char *tip,
		struct mv_err *err)
{
	char made[65];
	int rc = make_commit(made, repo, tip, err);

	if (rc)
		return rc;
	rc = !strcmp(ref, MV_NOTES_REF) ?
		mv_git_ref_set(repo->git, ref, made, tip,
			       "git-model: notes mended", err) :
		mv_evidence_notes_merge(repo, MEND_REF, NULL, err);
	if (!rc)
		return mv_git_ref_set(repo->git, MEND_REF, "", made, "", err);
	mv_git_ref_set(repo->git, MEND_REF, "", made, "", NULL);
	return rc;
}

/* Does ours have all that a remote's notes had, and more? 1, 0, an error. */
static int is_settled(struct mv_repo *repo, const char *ref,
		      struct mv_err *err)
{
	char theirs[65], ours[65];
	int rc;

	if (!strcmp(ref, MV_NOTES_REF))
		return 0;
	rc = mv_git_ref_get(theirs, repo->git, ref, err);
	if (!rc)
		rc = mv_git_ref_get(ours, repo->git, MV_NOTES_REF, err);
	if (rc)
		return rc == MV_ENOENT ? 0 : rc;
	return mv_git_is_ancestor(repo->git, theirs, ours, err);
}

struct refs {
	struct mv_repo *repo;
	char **v;
	size_t count;
};

static int take_ref(void *payload, const struct mv_git_ref *ref,
		    struct mv_err *err)
{
	struct refs *r = payload;
	char **name;

	if (!strcmp(ref->name, MEND_REF) ||
	    (strcmp(ref->name, MV_NOTES_REF) &&
	     strncmp(ref->name, MV_NOTES_REMOTES, strlen(MV_NOTES_REMOTES)) &&
	     strncmp(ref->name, INCOMING, strlen(INCOMING))))
		return 0;
	name = MV_GROW_ONE(r->v, r->count, err);
	return name ? mv_set_str(name, ref->name, err) : MV_ENOMEM;
}

static int check_ref(struct mv_repo *repo, const char *ref, int repair,
		     mv_fsck_fn fn, void *payload, uint64_t *bad,
		     struct mv_err *err)
{
	struct mv_err why;
	char tip[65];
	int rc = mv_git_ref_get(tip, repo->git, ref, err), settled;

	if (rc)
		return rc;
	rc = mv_git_notes_check(repo->git, tip, MV_NOTE_MAX, &why);
	if (rc != MV_ECORRUPT)
		return rc ? mv_fail(err, rc, "%s: %s", ref, why.msg) : 0;
	settled = is_settled(repo, ref, err);
	if (settled < 0)
		return settled;
	if (settled) {
		fn(payload, MV_FSCK_TEMPORARY, ref, "is mended here; git model "
		   "push mends the remote");
		return 0;
	}
	if (repair) {
		rc = mend(repo, ref, tip, err);
		if (!rc)
			fn(payload, MV_FSCK_REPAIRED, ref, why.msg);
		return rc;
	}
	fn(payload, MV_FSCK_BAD_FILE, ref, why.msg);
	++*bad;
	return 0;
}

/* Ours first: what was fetched is united with it. */
int mv_evidence_fsck(struct mv_repo *repo, int repair, mv_fsck_fn fn,
		     void *payload, uint64_t *bad, struct mv_err *err)
{
	static const char *const prefixes[] = { MV_NOTES_REF, NULL };
	struct refs refs = { .repo = repo };
	int rc = mv_git_each_ref(repo->git, prefixes, take_ref, &refs, err);

	for (size_t i = 0; !rc && i < refs.count; i++)
		rc = check_ref(repo, refs.v[i], repair, fn, payload, bad, err);
	for (size_t i = 0; i < refs.count; i++)
		free(refs.v[i]);
	free(refs.v);
	return rc;
}
