/* SPDX-License-Identifier: MIT */
#include "libmv/git/git.h"
#include "libmv/git/priv.h"

#include <dlfcn.h>
#include <git2.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/library.h"

/*
 * The door to libgit2, and all that is asked of it: objects by name, from
 * git's object database, SHA-1. The database is opened by itself, not
 * through a repository, so configuration, ownership, extensions, index and
 * refs (where libgit2 1.5 and git disagree: docs/design/git.md) never come
 * into it.
 *
 * It is loaded on first need because loading and starting it costs 6 ms,
 * twice what `git model version` may take. The function pointers have the
 * types of the header that we compile with, and the name of the library is
 * that header's version, so a mismatch cannot be called.
 */
#define STR1(x) #x
#define STR(x) STR1(x)
#define SONAME "libgit2.so." STR(LIBGIT2_VER_MAJOR) "." STR(LIBGIT2_VER_MINOR)

#define FUNCTIONS(X) \
	X(git_libgit2_init) \
	X(git_libgit2_shutdown) \
	X(git_odb_open) \
	X(git_odb_add_disk_alternate) \
	X(git_odb_free) \
	X(git_odb_refresh) \
	X(git_odb_read_header) \
	X(git_odb_read) \
	X(git_odb_exists_ext) \
	X(git_odb_object_data) \
	X(git_odb_object_size) \
	X(git_odb_object_free) \
	X(git_oid_fromstr) \
	X(git_error_last)

#define MEMBER(name) __typeof__(&name) name;

struct mv_git_libgit2 {
	void *handle;
	int started;
	FUNCTIONS(MEMBER)
	git_odb *odb;
};

static int libgit2_load(struct mv_git_libgit2 *lib, struct mv_err *err)
{
	static const char *const name[] = {
#define NAME(n) #n,
		FUNCTIONS(NAME)
	};
	void **to[] = {
#define PLACE(n) (void **)&lib->n,
		FUNCTIONS(PLACE)
	};

	int rc = mv_library_open(&lib->handle, SONAME, 0, NULL, name, to,
				 sizeof(name) / sizeof(*name), err);

	if (rc)
		return rc;
	if (lib->git_libgit2_init() < 0)
		return mv_fail(err, MV_ENOTSUP, "%s does not start", SONAME);
	lib->started = 1;
	return 0;
}

/* "a:b" of the environment; quoted ones are left to the git program. */
static void add_alternates(struct mv_git_libgit2 *lib, const char *list)
{
	while (list && *list) {
		size_t n = strcspn(list, ":");
		char *dir = strndup(list, n);

		if (dir && *dir == '/')
			(void)lib->git_odb_add_disk_alternate(lib->odb, dir);
		free(dir);
		list += n + (list[n] == ':');
	}
}

int mv_git_libgit2_get(struct mv_git_libgit2 **out, struct mv_git *git,
		       struct mv_err *err)
{
	struct mv_git_libgit2 *lib;
	int rc;

	*out = git->libgit2;
	if (git->libgit2)
		return 0;
	if (git->libgit2_tried || git->info.sha256)
		return mv_fail(err, MV_ENOTSUP, "libgit2 cannot serve this");
	git->libgit2_tried = 1;
	lib = calloc(1, sizeof(*lib));
	if (!lib)
		return mv_nomem(err);
	rc = libgit2_load(lib, err);
	if (!rc && lib->git_odb_open(&lib->odb, git->objects_dir))
		rc = mv_fail(err, MV_ENOTSUP, "libgit2 cannot open '%s'",
			     git->objects_dir);
	if (rc) {
		mv_git_libgit2_close(lib);
		return rc;
	}
	add_alternates(lib, mv_proc_getenv(git->env,
				"GIT_ALTERNATE_OBJECT_DIRECTORIES"));
	*out = git->libgit2 = lib;
	return 0;
}

void mv_git_libgit2_close(struct mv_git_libgit2 *lib)
{
	if (!lib)
		return;
	if (lib->odb)
		lib->git_odb_free(lib->odb);
	if (lib->started)
		lib->git_libgit2_shutdown();
	if (lib->handle)
		dlclose(lib->handle);
	free(lib);
}

/* Its last error is per thread and may be stale: read at once, only here. */
static int fail(struct mv_git_libgit2 *lib, int code, const char *hex,
		struct mv_err *err)
{
	const git_error *e = lib->git_error_last();

	if (code == GIT_ENOTFOUND)
		return mv_fail(err, MV_ENOENT, "'%s' is not in the repository",
			       hex);
	return mv_fail(err, MV_EIO, "cannot read object '%s': %s", hex,
		       e && e->message ? e->message : "no reason given");
}

int mv_git_libgit2_read(struct mv_git_libgit2 *lib, const char *hex,
			enum mv_git_type type, struct mv_buf *out,
			struct mv_err *err)
{
	const git_object_t want = type == MV_GIT_TREE ? GIT_OBJECT_TREE :
							GIT_OBJECT_BLOB;
	git_odb_object *object = NULL;
	git_object_t is;
	git_oid oid;
	size_t len;
	int rc;

	if (lib->git_oid_fromstr(&oid, hex))
		return mv_fail(err, MV_EINVALID, "'%s' is no name", hex);
	/* The header first: a blob may be larger than memory. */
	rc = lib->git_odb_read_header(&len, &is, lib->odb, &oid);
	if (rc)
		return fail(lib, rc, hex, err);
	if (is != want)
		return mv_fail(err, MV_EINVALID, "'%s' is not a %s", hex,
			       type == MV_GIT_TREE ? "tree" : "blob");
	if (mv_buf_reserve(out, len))
		return mv_fail(err, MV_ENOMEM, "'%s' has %zu bytes: too many",
			       hex, len);
	rc = lib->git_odb_read(&object, lib->odb, &oid);
	if (rc)
		return fail(lib, rc, hex, err);
	rc = mv_buf_add(out, lib->git_odb_object_data(object),
			lib->git_odb_object_size(object));
	lib->git_odb_object_free(object);
	return rc ? mv_nomem(err) : 0;
}

void mv_git_libgit2_refresh(struct mv_git_libgit2 *lib)
{
	(void)lib->git_odb_refresh(lib->odb);
}

int mv_git_libgit2_has(struct mv_git_libgit2 *lib, const char *hex)
{
	git_oid oid;

	return !lib->git_oid_fromstr(&oid, hex) &&
	       lib->git_odb_exists_ext(lib->odb, &oid,
				       GIT_ODB_LOOKUP_NO_REFRESH) == 1;
}
