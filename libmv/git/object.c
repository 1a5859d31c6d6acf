/* SPDX-License-Identifier: MIT */
#include "libmv/git/priv.h"

#include <stdlib.h>
#include <string.h>

#include "libmv/base/hash.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"
#include "libmv/git/refs.h"

/*
 * Objects come from one of two sources. `git cat-file --batch`, kept open,
 * serves everything that git can, names like "HEAD:path" included, and
 * fetches what a partial clone was promised. libgit2 is quicker per object
 * but costs 6 ms to load; so it takes over after MV_GIT_PATIENCE objects, and what
 * it does not have is asked from git all the same.
 */
#define SKIP_MAX (1 << 20)		/* cheaper to restart git beyond */
#define PATH_BYTES_MAX (1 << 16)

/* The answer's bytes, its newline, and then the child is ready again. */
static int take_body(struct mv_git *git, const char *spec, const char *hex,
		     enum mv_git_type type, const char *is, uint64_t size,
		     struct mv_buf *out, struct mv_err *err)
{
	struct mv_git_child *b = &git->batch;
	char nl;
	int rc = 0;

	if (strcmp(is, mv_git_type_name[type]))
		rc = mv_fail(err, MV_EINVALID, "'%s' is a %s, not a %s", spec,
			     is, mv_git_type_name[type]);
	else if (size > SIZE_MAX - 1 || mv_buf_reserve(out, (size_t)size))
		rc = mv_fail(err, MV_ENOMEM, "'%s' has %llu bytes: too many",
			     spec, (unsigned long long)size);
	if (rc) {
		if (size > SKIP_MAX ||
		    mv_git_child_read(b, NULL, (size_t)size + 1, NULL))
			mv_git_child_abort(b);
		return rc;
	}
	rc = mv_git_child_read(b, out->data + out->len, (size_t)size, err);
	if (!rc)
		rc = mv_git_child_read(b, &nl, 1, err);
	if (!rc)
		rc = mv_git_check_name(git, hex, type, out->data + out->len,
				       (size_t)size, err);
	if (rc)
		return rc;
	out->len += (size_t)size;
	if (size)
		out->data[out->len] = '\0';
	return 0;
}

int mv_git_batch_read(struct mv_git *git, const char *spec,
		      enum mv_git_type type, struct mv_buf *out, char *hex,
		      struct mv_err *err)
{
	struct mv_buf line;
	char is[8];
	uint64_t size = 0;
	int end = 0;
	int rc = mv_git_batch_open(git, err);

	if (rc)
		return rc;
	mv_buf_init(&line, PATH_BYTES_MAX + 1024);
	if (mv_buf_addf(&line, "%s\n", spec)) {
		rc = mv_fail(err, MV_EINVALID, "an object name is too long");
		goto out;
	}
	rc = mv_git_child_send(&git->batch, line.data, line.len, err);
	mv_buf_clear(&line);
	if (!rc)
		rc = mv_git_child_until(&git->batch, '\n', &line, &end, err);
	if (!rc && end)
		rc = mv_fail(err, MV_EIO, "git cat-file ended at '%s'", spec);
	if (rc) {
		mv_git_child_abort(&git->batch);
		goto out;
	}
	rc = mv_git_parse_batch(line.data, line.len, git->info.hex_len, hex,
				is, &size);
	if (rc == MV_ENOENT) {
		rc = git->is_absent(git, spec, err);
		if (!rc)
			rc = mv_fail(err, MV_ENOENT, "'%s' is not in the "
				     "repository", spec);
	} else if (rc) {
		rc = mv_fail(err, rc, "cannot understand what git cat-file "
			     "says of '%s'", spec);
	} else {
		rc = take_body(git, spec, hex, type, is, size, out, err);
	}
	if (rc == MV_EIO)
		mv_git_child_abort(&git->batch);
out:
	mv_buf_release(&line);
	return rc;
}

int mv_git_object(struct mv_git *git, const char *hex, enum mv_git_type type,
		  struct mv_buf *out, struct mv_err *err)
{
	struct mv_git_libgit2 *lib = NULL;
	char name[MV_GIT_HEX_MAX];
	int rc;

	if (git->reads++ >= MV_GIT_PATIENCE && !mv_git_libgit2_get(&lib, git,
								   NULL)) {
		rc = mv_git_libgit2_read(lib, hex, type, out, err);
		if (rc != MV_ENOENT && rc != MV_EIO)
			return rc;
	}
	return mv_git_batch_read(git, hex, type, out, name, err);
}

int mv_git_read_blob(struct mv_git *git, const char *spec, struct mv_buf *out,
		     char *hex, struct mv_err *err)
{
	char name[MV_GIT_HEX_MAX] = "";
	int rc, may;

	if (!*spec || *spec == '-')
		return mv_fail(err, MV_EINVALID, "'%s' names no object", spec);
	if (mv_is_hex(spec, git->info.hex_len)) {
		memcpy(name, spec, git->info.hex_len + 1);
		rc = mv_git_object(git, name, MV_GIT_BLOB, out, err);
	} else if ((may = mv_git_batch_may(git, spec, err)) < 0) {
		return may;
	} else if (!may) {
		rc = mv_git_resolve(git, name, spec, err);
		if (!rc)
			rc = mv_git_object(git, name, MV_GIT_BLOB, out, err);
	} else {
		rc = mv_git_batch_read(git, spec, MV_GIT_BLOB, out, name, err);
	}
	if (!rc && hex)
		memcpy(hex, name, strlen(name) + 1);
	return rc;
}

int mv_git_write_blob(char *hex, struct mv_git *git, const void *data,
		      size_t len, struct mv_err *err)
{
	static const char *const args[] = {
		"hash-object", "-w", "--stdin", NULL
	};
	const size_t n = git->info.hex_len;
	struct mv_buf out;
	int rc;

	mv_buf_init(&out, 4096);
	rc = mv_git_run(git, args, len ? data : "", len, &out, err);
	if (!rc) {
		memcpy(hex, out.data, out.len < n ? out.len : n);
		hex[out.len < n ? out.len : n] = '\0';
		if (!mv_is_hex(hex, n))
			rc = mv_fail(err, MV_EIO,
				     "git hash-object gave no object name");
	}
	mv_buf_release(&out);
	return rc;
}

int mv_git_tree(struct mv_git *git, const char *hex, struct mv_buf *out,
		struct mv_err *err)
{
	int rc = mv_git_object(git, hex, MV_GIT_TREE, out, err);

	/* Something names it, so it has to be there. */
	if (rc == MV_ENOENT || rc == MV_EINVALID)
		rc = mv_fail(err, MV_ECORRUPT, "tree '%s' is not here or is "
			     "damaged; see git fsck", hex);
	return rc;
}
