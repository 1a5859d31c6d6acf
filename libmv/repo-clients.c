/* SPDX-License-Identifier: MIT */
#include "libmv/repo-clients.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/fs.h"
#include "libmv/base/hash.h"

/*
 * A store outside of repositories is shared: whoever runs gc there must find
 * everybody that uses it (clients/), and everybody must notice when it is not
 * where it was (MV_STORE_SEEN). One line of text each: a path.
 */
#define LINE_MAX_BYTES ((size_t)64 * 1024)

/* Does this file say this path? */
static int says(int *same, const char *file, const char *path,
		struct mv_err *err)
{
	struct mv_buf text;
	size_t len = strlen(path);
	int rc;

	mv_buf_init(&text, LINE_MAX_BYTES);
	rc = mv_read_file(&text, file, err);
	*same = !rc && text.len == len + 1 && !memcmp(text.data, path, len) &&
		text.data[len] == '\n';
	mv_buf_release(&text);
	return rc == MV_ENOENT ? 0 : rc;
}

static int say(const char *file, const char *path, struct mv_err *err)
{
	char *text = mv_strf("%s\n", path);
	int rc = text ? mv_write_file(file, text, strlen(text), 0644, 0, err) :
			mv_nomem(err);

	free(text);
	return rc;
}

/* -- a store that was there ----------------------------------------------------- */

int mv_store_was_seen(int *seen, const char *common_dir, const char *store,
		      struct mv_err *err)
{
	char *file = mv_path_join(common_dir, MV_STORE_SEEN);
	int rc = file ? says(seen, file, store, err) : mv_nomem(err);

	free(file);
	return rc;
}

int mv_store_note_seen(const char *common_dir, const char *store,
		       struct mv_err *err)
{
	char *file = mv_path_join(common_dir, MV_STORE_SEEN);
	int seen = 0, rc = file ? says(&seen, file, store, err) :
				  mv_nomem(err);

	if (!rc && !seen)
		rc = say(file, store, err);
	free(file);
	return rc;
}

/* -- clients ---------------------------------------------------------------------- */

/* clients/<hash of the path>; in fresh memory. */
static char *client_file(const char *store, const char *common_dir,
			 struct mv_err *err)
{
	char hex[MV_OID_HEX + 1], *file = NULL;
	struct mv_hasher *hasher = NULL;
	struct mv_oid oid;

	if (!mv_hasher_new(&hasher, MV_HASH_SHA256, err) &&
	    !mv_hasher_once(oid.b, hasher, common_dir, strlen(common_dir),
			    err)) {
		file = mv_strf("%s/clients/%s", store, mv_oid_hex(hex, &oid));
		if (!file)
			mv_nomem(err);
	}
	mv_hasher_free(hasher);
	return file;
}

int mv_client_register(const char *store, const char *common_dir,
		       struct mv_err *err)
{
	char *dir = mv_path_join(store, "clients");
	char *file = client_file(store, common_dir, err);
	int same = 0, rc = dir && file ? 0 : MV_ENOMEM;

	if (!rc)
		rc = says(&same, file, common_dir, err);
	if (!rc && !same)
		rc = mv_mkdirs(dir, err);
	if (!rc && !same)
		rc = say(file, common_dir, err);
	free(dir);
	free(file);
	return rc;
}
