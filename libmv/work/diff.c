/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <unistd.h>

#include "libmv/base/statcache.h"
#include "libmv/format/format.h"
#include "libmv/transfer/transfer.h"
#include "libmv/work/priv.h"

/*
 * What `git diff` compares in place of bytes. The same content must always
 * give the same text, whether git hands us the pointer or the file itself,
 * so only what the content says is in it.
 */
#define BLOCK ((size_t)1 << 20)

static int add_identity(struct mv_buf *out, const struct mv_pointer *p,
			struct mv_err *err)
{
	char hex[MV_OID_HEX + 1];

	if (mv_buf_addf(out, MV_DIFF_IDENTITY "%s\nsize: %llu\n",
			mv_oid_hex(hex, &p->oid),
			(unsigned long long)p->size))
		return mv_nomem(err);
	return 0;
}

/* A layout too long for the buffer is told without its tensors. */
static int add_layout(struct mv_buf *out, mv_read_at_fn fn, void *payload,
		      uint64_t size, struct mv_err *err)
{
	struct mv_layout layout;
	size_t len = out->len;
	int rc = mv_format_parse_at(&layout, fn, payload, size, NULL);

	if (rc) {
		rc = mv_buf_addstr(out, rc == MV_EINVALID ?
				   "format: malformed, see git model inspect\n"
				   : "format: unknown\n");
		return rc ? mv_nomem(err) : 0;
	}
	rc = mv_layout_print(out, &layout, err);
	if (rc) {
		out->len = len;
		rc = mv_layout_print_facts(out, &layout, err);
	}
	mv_layout_release(&layout);
	return rc;
}

/* -- a pointer ------------------------------------------------------------ */

struct content {
	struct mv_repo *repo;
	const struct mv_pointer *pointer;
};

static int read_content(void *payload, uint64_t off, void *data, size_t len,
			size_t *got, struct mv_err *err)
{
	struct content *c = payload;

	return mv_transfer_read_at(c->repo, c->pointer, off, data, len, got,
				   err);
}

/* Looking must not download: only what is here is opened. */
static int describe_pointer(struct mv_buf *out, struct mv_repo *repo,
			    const struct mv_pointer *pointer,
			    struct mv_err *err)
{
	struct content content = { repo, pointer };
	int rc = add_identity(out, pointer, err);

	if (rc)
		return rc;
	if (!repo || mv_repo_has(repo, pointer, NULL))
		return mv_buf_addstr(out, "content is not here: "
				     "git model fetch\n") ? mv_nomem(err) : 0;
	return add_layout(out, read_content, &content, pointer->size, err);
}

static int describe_broken(struct mv_buf *out, const char *text, size_t len,
			   const struct mv_err *why, struct mv_err *err)
{
	int rc = mv_buf_addf(out, MV_DIFF_BROKEN "%s\n", why->msg);

	if (!rc)
		rc = mv_buf_add(out, text, len);
	return rc ? mv_nomem(err) : 0;
}

/* -- a file --------------------------------------------------------------- */

static int diff_read_file(void *payload, uint64_t off, void *data, size_t len,
			  size_t *got, struct mv_err *err)
{
	return mv_pread_full(*(int *)payload, data, len, off, got, "the file",
			     err);
}

/*
 * The stat cache knows files by their path from the top of the work tree,
 * which is where git starts us; its temporary files it names absolutely.
 */
static int identify(struct mv_pointer *out, struct mv_repo *repo, int fd,
		    const char *file, struct mv_err *err)
{
	struct mv_statcache *cache = NULL;
	struct mv_repo_seen seen;
	struct stat st;
	int rc = mv_repo_see(&seen, repo, fd, file, 0, err);

	if (rc)
		return rc;
	out->size = (uint64_t)seen.st.st_size;
	if (repo && *file != '/' && !*repo->info->prefix)
		mv_repo_cache(&cache, repo, NULL);
	if (cache && !mv_statcache_get(&out->oid, cache, file, &seen.st))
		return 0;
	rc = mv_repo_hash_file(&out->oid, &out->size, fd, file, err);
	if (!rc && cache && !fstat(fd, &st) && mv_repo_same_stat(&st,
								 &seen.st) &&
	    !mv_statcache_put(cache, file, &st, &out->oid,
			      &seen.clock))
		mv_repo_cache_save(repo);
	return rc;
}

static int describe_file(struct mv_buf *out, struct mv_repo *repo, int fd,
			 const char *file, struct mv_err *err)
{
	struct mv_pointer p = { .canonical = 1 };
	int rc = identify(&p, repo, fd, file, err);

	if (!rc)
		rc = add_identity(out, &p, err);
	return rc ? rc : add_layout(out, diff_read_file, &fd, p.size, err);
}

int mv_work_diff_text(struct mv_buf *out, struct mv_repo *repo,
		      const char *file, struct mv_err *err)
{
	char head[MV_POINTER_MAX];
	struct mv_pointer pointer;
	struct mv_err why;
	size_t len;
	int fd, rc;

	rc = mv_open_read(&fd, NULL, file, err);
	if (rc)
		return rc;
	rc = mv_pread_full(fd, head, sizeof(head), 0, &len, file, err);
	if (rc || !len)		/* no bytes, no text */
		goto out;
	rc = len < sizeof(head) ? mv_pointer_parse(&pointer, head, len, &why) :
				  MV_ENOENT;
	if (!rc)
		rc = describe_pointer(out, repo, &pointer, err);
	else if (rc == MV_ECORRUPT)
		rc = describe_broken(out, head, len, &why, err);
	else
		rc = describe_file(out, repo, fd, file, err);
out:
	close(fd);
	return rc;
}

/* -- for a patch ---------------------------------------------------------- */

/* Whoever applies it elsewhere gets no bytes by it, but here they must be. */
static int store_file(struct mv_buf *out, struct mv_repo *repo, int fd,
		      const char *file, struct mv_err *err)
{
	struct mv_reader in = mv_reader_fd(&fd);
	int rc;

	if (lseek(fd, 0, SEEK_SET))
		return mv_fail(err, MV_EIO, "'%s' cannot be read again", file);
	rc = mv_work_clean(repo, "", MV_DIALECT_NATIVE, &in, out, err);
	return rc ? rc : mv_work_filter_finish(repo, err);
}

static int point_at(struct mv_buf *out, struct mv_repo *repo, int fd,
		    const char *file, struct mv_err *err)
{
	struct mv_pointer p = { .dialect = MV_DIALECT_NATIVE, .canonical = 1 };
	int rc = identify(&p, repo, fd, file, err);

	if (rc)
		return rc;
	return mv_repo_has(repo, &p, NULL) ?
	       store_file(out, repo, fd, file, err) :
	       mv_pointer_print(out, &p, err);
}

int mv_work_diff_pointer(struct mv_buf *out, struct mv_repo *repo,
			 const char *file, struct mv_err *err)
{
	char head[MV_POINTER_MAX];
	struct mv_pointer pointer;
	size_t len;
	int fd, rc;

	rc = mv_open_read(&fd, NULL, file, err);
	if (rc)
		return rc;
	rc = mv_pread_full(fd, head, sizeof(head), 0, &len, file, err);
	if (!rc && len) {
		if (len < sizeof(head) &&
		    mv_pointer_parse(&pointer, head, len, NULL) != MV_ENOENT)
			rc = mv_buf_add(out, head, len) ? mv_nomem(err) : 0;
		else
			rc = point_at(out, repo, fd, file, err);
	}
	close(fd);
	return rc;
}
