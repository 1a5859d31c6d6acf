/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <string.h>

#include "libmv/git/objects.h"
#include "libmv/git/refs.h"
#include "libmv/meta/manifest.h"
#include "libmv/subject/priv.h"
#include "libmv/transfer/transfer.h"

/*
 * Contents by their id, whole or short: who has a pointer to it, or is it in
 * the store?
 */
#define ABBREV_MIN 7

struct search {
	char hex[MV_OID_HEX + 1];
	size_t len;
	struct mv_pointer pointer;
	char blob[65];
	size_t found;		/* different contents */
};

static int better(const struct mv_pointer *a, const struct mv_pointer *b)
{
	if (a->dialect != b->dialect)
		return a->dialect == MV_DIALECT_NATIVE;
	return a->canonical > b->canonical;
}

static int match_blob(void *payload, const char *blob, const char *path,
		      const void *data, size_t len, struct mv_err *err)
{
	struct search *s = payload;
	char hex[MV_OID_HEX + 1];
	struct mv_pointer p;

	(void)path;
	(void)err;
	if (mv_pointer_parse(&p, data, len, NULL) || strlen(blob) > 64 ||
	    strncmp(mv_oid_hex(hex, &p.oid), s->hex, s->len))
		return 0;
	if (s->found && !mv_oid_eq(&p.oid, &s->pointer.oid)) {
		s->found++;
	} else if (!s->found || better(&p, &s->pointer)) {
		s->found = 1;
		s->pointer = p;
		memcpy(s->blob, blob, strlen(blob) + 1);
	}
	return 0;
}

/* What is staged or checked out first; then whatever git has, reachable or
   not: the pointer of a manifest is in no tree. */
static int find_pointer(struct search *s, struct mv_repo *repo,
			struct mv_err *err)
{
	const char *args[] = { "--no-walk", "--indexed-objects", "HEAD",
			       NULL };
	char head[65];
	int rc;

	if (mv_git_commit(head, repo->git, "HEAD", NULL))
		args[2] = NULL;
	rc = mv_git_each_small_blob(repo->git, args, MV_POINTER_MAX - 1,
				    match_blob, s, err);
	if (!rc && !s->found)
		rc = mv_git_each_small_blob(repo->git, NULL,
					    MV_POINTER_MAX - 1, match_blob, s,
					    err);
	return rc;
}

/* A manifest that is here says what is in it. */
static int open_manifest(struct mv_subject *s, struct mv_repo *repo,
			 struct mv_err *err)
{
	char head[32];
	struct mv_writer out;
	struct mv_buf text;
	size_t got;
	int rc;

	if (s->pointer.dialect != MV_DIALECT_NATIVE ||
	    s->pointer.size > MV_MANIFEST_BYTES ||
	    mv_repo_has(repo, &s->pointer, NULL) ||
	    mv_transfer_read_at(repo, &s->pointer, 0, head, sizeof(head), &got,
				NULL) || !mv_manifest_is(head, got))
		return 0;
	mv_buf_init(&text, MV_MANIFEST_BYTES);
	out = mv_writer_buf(&text);
	rc = mv_transfer_read(repo, &s->pointer, &out, err);
	/* A file may begin so and be none. */
	if (!rc)
		s->is_directory = !mv_manifest_parse(&s->members, text.data,
						     text.len, NULL);
	mv_buf_release(&text);
	return rc;
}

static int fill_content(struct mv_subject *out, struct mv_repo *repo,
			const struct search *s, const char *spec,
			struct mv_err *err)
{
	int rc;

	if (s->found) {
		out->pointer = s->pointer;
		memcpy(out->blob, s->blob, strlen(s->blob) + 1);
		return open_manifest(out, repo, err);
	}
	if (s->len < MV_OID_HEX)
		return MV_ENOENT;
	/* Nobody's pointer, but perhaps a content of the store. */
	rc = mv_transfer_resolve(&out->pointer, repo, s->hex, err);
	if (!rc && out->pointer.size == UINT64_MAX)
		rc = mv_fail(err, MV_ENOENT, "content '%s' is not here, and no "
			     "pointer in git names it", spec);
	if (!rc)
		rc = mv_repo_pointer_blob(out->blob, repo, &out->pointer, 0,
					  err);
	return rc ? rc : open_manifest(out, repo, err);
}

int mv_subject_by_oid(struct mv_subject *out, struct mv_repo *repo,
		      const char *spec, struct mv_err *err)
{
	const char *hex = strncmp(spec, "sha256:", 7) ? spec : spec + 7;
	struct search s = { .len = strlen(hex) };
	int rc;

	if (s.len < ABBREV_MIN || s.len > MV_OID_HEX)
		return MV_ENOENT;
	for (size_t i = 0; i < s.len; i++) {
		if (!isxdigit((unsigned char)hex[i]))
			return MV_ENOENT;
		s.hex[i] = (char)tolower((unsigned char)hex[i]);
	}
	rc = find_pointer(&s, repo, err);
	if (!rc && s.found > 1)
		return mv_fail(err, MV_EINVALID, "'%s' is short for %zu "
			       "contents: give more digits", spec, s.found);
	return rc ? rc : fill_content(out, repo, &s, spec, err);
}
