/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/repo/repo.h"
#include "libmv/repo/state.h"

#define SPOOL_MEMORY	(1024u * 1024)

/*
 * Git does not listen before it has written everything. What it wrote may
 * have any size, so it waits in memory first and in a file from then on.
 */
void mv_repo_spool_init(struct mv_spool *spool)
{
	const struct mv_tmp none = MV_TMP_INIT;

	mv_buf_init(&spool->memory, SPOOL_MEMORY);
	spool->file = none;
	spool->in_file = spool->pos = 0;
}

void mv_repo_spool_release(struct mv_spool *spool)
{
	mv_tmp_discard(&spool->file);
	mv_buf_release(&spool->memory);
}

static int spool_keep(struct mv_spool *spool, struct mv_repo *repo,
		      const void *block, size_t len, struct mv_err *err)
{
	int rc = 0;

	if (!spool->in_file && !mv_buf_add(&spool->memory, block, len))
		return 0;
	if (spool->file.fd < 0) {
		rc = mv_tmp_open(&spool->file, repo->info->git_dir,
				 "model-smudge", err);
		/* Reached by its descriptor only. */
		if (!rc)
			unlink(spool->file.path);
	}
	if (!rc)
		rc = mv_write_full(spool->file.fd, block, len,
				   spool->file.path, err);
	spool->in_file += len;
	return rc;
}

int mv_repo_spool_fill(struct mv_spool *spool, struct mv_repo *repo,
		       struct mv_reader *in, struct mv_hasher *hasher,
		       struct mv_err *err)
{
	char *block = malloc(SPOOL_MEMORY);
	size_t got;
	int rc = block ? 0 : mv_nomem(err);

	while (!rc) {
		rc = mv_read_full(in, block, SPOOL_MEMORY, &got, err);
		if (rc || !got)
			break;
		if (hasher)
			rc = mv_hasher_update(hasher, block, got, err);
		if (!rc)
			rc = spool_keep(spool, repo, block, got, err);
	}
	free(block);
	return rc;
}

uint64_t mv_repo_spool_size(const struct mv_spool *spool)
{
	return spool->memory.len + spool->in_file;
}

static int spool_read(void *payload, void *data, size_t len, size_t *got,
		      struct mv_err *err)
{
	struct mv_spool *spool = payload;
	size_t left = spool->memory.len;
	int rc = 0;

	if (spool->pos < left) {
		left -= (size_t)spool->pos;
		*got = left < len ? left : len;
		memcpy(data, spool->memory.data + spool->pos, *got);
	} else if (!spool->in_file) {
		*got = 0;
	} else {
		rc = mv_pread_full(spool->file.fd, data, len,
				   spool->pos - spool->memory.len, got,
				   spool->file.path, err);
		if (!rc && !*got && spool->pos < mv_repo_spool_size(spool))
			rc = mv_fail(err, MV_EIO, "'%s' is too short",
				     spool->file.path);
	}
	if (!rc)
		spool->pos += *got;
	return rc;
}

struct mv_reader mv_repo_spool_reader(struct mv_spool *spool)
{
	const struct mv_reader in = { spool_read, spool };

	spool->pos = 0;
	return in;
}

int mv_repo_spool_drain(struct mv_spool *spool, struct mv_writer *out,
			struct mv_err *err)
{
	struct mv_reader in = mv_repo_spool_reader(spool);
	char block[64 * 1024];
	size_t got = 1;
	int rc = 0;

	while (!rc && got) {
		rc = in.read(in.payload, block, sizeof(block), &got, err);
		if (!rc && got)
			rc = out->write(out->payload, block, got, err);
	}
	return rc;
}
