/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/git/objects.h"
#include "libmv/remote/remote.h"
#include "libmv/repo/repo.h"
#include "libmv/store/lfsdir.h"
#include "libmv/store/pointer.h"
#include "libmv/store/store.h"
#include "libmv/store/tx.h"
#include "libmv/transfer/priv.h"

/* Content that is asked for and may have to come from elsewhere first. */

static int fetch_from(struct mv_repo *repo, const char *url,
		      const struct mv_oid *oids, size_t count,
		      struct mv_tx_stats *stats, struct mv_err *err)
{
	struct mv_store_options options = { 0 };
	struct mv_remote *remote = NULL;
	struct mv_tx_stats got = { 0 };
	struct mv_store *store;
	struct mv_tx *tx = NULL;
	int rc;

	options.pool = mv_repo_pool(repo, err);
	if (!options.pool)
		return MV_ENOMEM;
	rc = mv_remote_open(&remote, url, MV_REMOTE_READ, &options, err);
	if (!rc)
		rc = mv_repo_store(&store, repo, err);
	if (!rc)
		rc = mv_tx_begin(&tx, store, err);
	if (!rc)
		rc = mv_remote_fetch(remote, tx, oids, count, NULL, err);
	if (!rc) {
		rc = mv_tx_commit(tx, &got, err);
		tx = NULL;
	}
	if (!rc && stats)
		mv_tx_stats_add(stats, &got);
	mv_tx_abort(tx);
	mv_remote_close(remote);
	return rc;
}

/* A content that is here, but not as the pointer says, is not present. */
static int need_look(struct mv_repo *repo, const struct mv_pointer *pointer,
		     uint8_t *present, struct mv_err *err)
{
	int rc = mv_repo_has(repo, pointer, err);

	*present = !rc;
	if (rc == MV_ECORRUPT && err)
		mv_repo_warn(repo, "%s", err->msg);
	return rc == MV_ENOENT || rc == MV_ECORRUPT ? 0 : rc;
}

static int fetch_missing(struct mv_repo *repo,
			 const struct mv_pointer *pointers, size_t count,
			 uint8_t *present, struct mv_tx_stats *stats,
			 struct mv_err *err)
{
	struct mv_sources urls = { NULL, 0 };
	struct mv_oid *oids = NULL;
	struct mv_err local;
	size_t missing;
	int rc;

	rc = mv_transfer_sources(&urls, repo, err);
	if (!rc && urls.count && !(oids = calloc(count, sizeof(*oids))))
		rc = mv_nomem(err);
	for (size_t u = 0; !rc && u < urls.count; u++) {
		missing = 0;
		for (size_t i = 0; i < count; i++)
			if (!present[i])
				oids[missing++] = pointers[i].oid;
		if (!missing)
			break;
		rc = fetch_from(repo, urls.url[u], oids, missing, stats,
				&local);
		if (rc && rc != MV_ENOENT)
			mv_repo_warn(repo, "cannot fetch from '%s': %s",
				     urls.url[u], local.msg);
		rc = 0;
		for (size_t i = 0; !rc && i < count; i++)
			if (!present[i])
				rc = need_look(repo, &pointers[i], &present[i],
					       err);
	}
	free(oids);
	mv_transfer_sources_release(&urls);
	return rc;
}

int mv_transfer_need(struct mv_repo *repo, const struct mv_pointer *pointers,
		     size_t count, uint8_t *present, struct mv_err *err)
{
	return mv_transfer_need_counted(repo, pointers, count, present, NULL,
					err);
}

int mv_transfer_need_counted(struct mv_repo *repo,
			     const struct mv_pointer *pointers, size_t count,
			     uint8_t *present, struct mv_tx_stats *stats,
			     struct mv_err *err)
{
	struct mv_err local;
	uint8_t *seen = present;
	size_t missing = 0;
	int rc = 0;

	if (!err)
		err = &local;
	if (!seen && count && !(seen = calloc(count, 1)))
		return mv_nomem(err);
	for (size_t i = 0; !rc && i < count; i++) {
		rc = need_look(repo, &pointers[i], &seen[i], err);
		missing += !seen[i];
	}
	if (!rc && missing)
		rc = fetch_missing(repo, pointers, count, seen, stats, err);
	if (!rc && missing)
		rc = mv_transfer_lfs_fetch(repo, NULL, pointers, count, seen,
					   err);
	if (seen != present)
		free(seen);
	return rc;
}

static int ask_remote(struct mv_repo *repo, const char *url,
		      const struct mv_oid *oids, size_t count, uint8_t *has,
		      struct mv_err *err)
{
	struct mv_store_options options = { 0 };
	struct mv_remote *remote = NULL;
	int rc;

	options.pool = mv_repo_pool(repo, err);
	if (!options.pool)
		return MV_ENOMEM;
	rc = mv_remote_open(&remote, url, MV_REMOTE_READ, &options, err);
	if (!rc)
		rc = mv_remote_has(remote, oids, count, has, err);
	mv_remote_close(remote);
	return rc;
}

/* What is there? Only that nobody answers must not be taken for "nothing". */
static const char *answer_of(struct mv_repo *repo, const char *url)
{
	int rc = ask_remote(repo, url, NULL, 0, NULL, NULL);

	if (rc == MV_ENOENT)
		return " (no store there)";
	return rc ? " (it does not answer)" : "";
}

int mv_transfer_places(struct mv_buf *out, struct mv_repo *repo,
		       const char *remote, struct mv_err *err)
{
	struct mv_sources all = { NULL, 0 };
	char *one = NULL;
	int rc = remote ? mv_transfer_remote_url(&one, repo, remote, err) :
		 mv_transfer_sources(&all, repo, err);

	for (size_t i = 0; !rc && i < (one ? 1 : all.count); i++) {
		const char *url = one ? one : all.url[i];

		if (mv_buf_addf(out, "%s'%s'%s", i ? ", " : "", url,
				answer_of(repo, url)))
			rc = mv_nomem(err);
	}
	free(one);
	mv_transfer_sources_release(&all);
	return rc;
}

int mv_transfer_elsewhere(struct mv_repo *repo,
			  const struct mv_pointer *pointers,
			  size_t count, uint8_t *elsewhere, struct mv_err *err)
{
	struct mv_sources urls = { NULL, 0 };
	struct mv_oid *oids = calloc(count + 1, sizeof(*oids));
	uint8_t *has = calloc(count + 1, 1);
	int rc = oids && has ? 0 : mv_nomem(err);

	for (size_t i = 0; !rc && i < count; i++)
		oids[i] = pointers[i].oid;
	if (!rc)
		rc = mv_transfer_sources(&urls, repo, err);
	for (size_t u = 0; !rc && u < urls.count; u++) {
		if (ask_remote(repo, urls.url[u], oids, count, has, NULL))
			continue;
		for (size_t i = 0; i < count; i++)
			elsewhere[i] |= has[i];
	}
	mv_transfer_sources_release(&urls);
	free(oids);
	free(has);
	return rc;
}

/* mv_repo_find(), fetching when it must. */
static int find_or_fetch(struct mv_content_source *out, struct mv_repo *repo,
			 const struct mv_pointer *pointer, struct mv_err *err)
{
	char hex[MV_OID_HEX + 1];
	uint8_t present = 0;
	int rc = mv_repo_find(out, repo, pointer, err);

	if (rc != MV_ENOENT)
		return rc;
	rc = mv_transfer_need(repo, pointer, 1, &present, err);
	if (!rc && present)
		return mv_repo_find(out, repo, pointer, err);
	if (rc)
		return rc;
	return mv_fail(err, MV_ENOENT, "content %s is not in the store, nor in "
		       "what it borrows from, nor at a remote that answers; "
		       "`git model fetch` says where it is looked for",
		       mv_oid_hex(hex, &pointer->oid));
}

/* git-lfs makes the file of such a pointer by a program of the user's. */
int mv_transfer_refuse_extended(const struct mv_pointer *pointer,
				struct mv_err *err)
{
	if (!pointer->extended)
		return 0;
	return mv_fail(err, MV_EINVALID, "this is a pointer of a Git LFS "
		       "extension, and what is stored is not the file; `git "
		       "lfs smudge` makes it");
}

int mv_transfer_read(struct mv_repo *repo, const struct mv_pointer *pointer,
		     struct mv_writer *out, struct mv_err *err)
{
	struct mv_content_source source;
	int rc;

	if (!pointer->size)
		return 0;
	rc = mv_transfer_refuse_extended(pointer, err);
	if (!rc)
		rc = find_or_fetch(&source, repo, pointer, err);
	return rc ? rc : mv_repo_write_content(&source, pointer, out, err);
}

int mv_transfer_read_at(struct mv_repo *repo, const struct mv_pointer *pointer,
			uint64_t off, void *data, size_t len, size_t *got,
			struct mv_err *err)
{
	struct mv_content_source source;
	int rc;

	*got = 0;
	if (!pointer->size)
		return 0;
	rc = mv_transfer_refuse_extended(pointer, err);
	if (!rc)
		rc = find_or_fetch(&source, repo, pointer, err);
	/* A part proves nothing: the whole object is looked at, once. */
	if (!rc && source.lfs_dir)
		rc = mv_transfer_lfs_verify(repo, source.lfs_dir, &pointer->oid,
					    err);
	if (rc)
		return rc;
	if (source.lfs_dir)
		return mv_lfsdir_read_at(source.lfs_dir, &pointer->oid, off,
					 data, len, got, err);
	return mv_store_read_at(source.store, &pointer->oid, off, data, len,
				got, err);
}

/* The size of a content known by oid only; UINT64_MAX when it is not here. */
static int size_of(struct mv_pointer *pointer, struct mv_repo *repo,
		   struct mv_err *err)
{
	struct mv_content_source source;
	int rc;

	pointer->size = UINT64_MAX;
	rc = mv_repo_find(&source, repo, pointer, err);
	if (rc == MV_ENOENT) {
		/* Perhaps git-lfs has it. */
		pointer->dialect = MV_DIALECT_LFS;
		rc = mv_repo_find(&source, repo, pointer, err);
	}
	if (rc == MV_ENOENT) {
		pointer->dialect = MV_DIALECT_NATIVE;
		return 0;
	}
	if (rc)
		return rc;
	if (source.lfs_dir)
		return mv_lfsdir_has(source.lfs_dir, &pointer->oid,
				     &pointer->size, err);
	return mv_store_has(source.store, &pointer->oid, &pointer->size, err);
}

int mv_transfer_resolve(struct mv_pointer *out, struct mv_repo *repo,
			const char *spec, struct mv_err *err)
{
	const char *hex = spec;
	struct mv_err local;
	struct mv_buf text;
	int rc;

	if (!strncmp(hex, "sha256:", 7))
		hex += 7;
	memset(out, 0, sizeof(*out));
	if (strlen(hex) == MV_OID_HEX &&
	    !mv_oid_parse(&out->oid, hex, MV_OID_HEX)) {
		out->canonical = 1;
		return size_of(out, repo, err);
	}
	mv_buf_init(&text, MV_POINTER_MAX - 1);
	rc = mv_git_read_blob(repo->git, spec, &text, NULL, &local);
	if (!rc && !text.len)
		mv_pointer_of_empty(out, MV_DIALECT_NATIVE);
	else if (!rc)
		rc = mv_pointer_parse(out, text.data, text.len, &local);
	else if (rc == MV_ENOENT)
		goto fail;
	if (rc == MV_ENOENT || rc == MV_ENOMEM)
		rc = mv_fail(&local, MV_EINVALID, "'%s' is not a pointer: git "
			     "holds the bytes themselves", spec);
fail:
	if (rc)
		rc = mv_fail(err, rc, "%s", local.msg);
	mv_buf_release(&text);
	return rc;
}
