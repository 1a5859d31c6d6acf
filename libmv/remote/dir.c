/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libmv/base/buf.h"
#include "libmv/base/hash.h"
#include "libmv/remote/transport.h"
#include "libmv/store/store.h"
#include "libmv/store/tx.h"

/*
 * A remote that is a directory, which is itself a store: "/path" or
 * "file:///path". A push is one transaction there, a fetch is a copy into
 * the caller's.
 */
struct dir {
	struct mv_store *store;
	int read_only;
};

/* Each %XX once. What it stands for must be as printable as the rest. */
static int decode(char **out, const char *text, struct mv_err *err)
{
	char *path = malloc(strlen(text) + 1), *to = path;
	uint8_t c;

	*out = NULL;
	if (!path)
		return mv_nomem(err);
	for (const char *p = text; *p; p++) {
		c = (uint8_t)*p;
		if (c == '%') {
			/* The NUL of a text cut short is no hex digit. */
			if (mv_unhex(&c, p + 1, 1))
				goto bad;
			p += 2;
			if (c < 0x20 || c == 0x7f)
				goto bad;
		}
		*to++ = (char)c;
	}
	*to = '\0';
	*out = path;
	return 0;
bad:
	free(path);
	return mv_fail(err, MV_EINVALID,
		       "the file URL of a model remote has a '%%' that does not stand for a printable character");
}

int mv_remote_file_path(char **where, const char *url, struct mv_err *err)
{
	const char *path = url + strlen("file://");

	if (strncasecmp(url, "file:", 5))
		return MV_ENOENT;
	if (strncmp(url + 5, "//", 2))
		return mv_fail(err, MV_EINVALID,
			       "a file URL begins with 'file:///'");
	if (!strncasecmp(path, "localhost/", 10))
		path += strlen("localhost");
	if (*path != '/')
		return mv_fail(err, MV_EINVALID,
			       "a file URL names no other host: write file:///path");
	return decode(where, path, err);
}

static int dir_bid(char **where, const char *url, struct mv_err *err)
{
	if (*url != '/')
		return mv_remote_file_path(where, url, err);
	*where = strdup(url);
	return *where ? 0 : mv_nomem(err);
}

static int dir_open(void **state, const char *where, enum mv_remote_mode mode,
		    const struct mv_store_options *options, struct mv_err *err)
{
	struct mv_store_options own = { 0 };
	struct dir *dir;
	int rc;

	*state = NULL;
	if (options)
		own = *options;
	/* Where nothing is to be pushed, nothing is ever written. */
	own.flags &= ~(unsigned)(MV_STORE_CREATE | MV_STORE_READ_ONLY);
	if (mode != MV_REMOTE_WRITE)
		own.flags |= mode == MV_REMOTE_MAKE ? MV_STORE_CREATE :
						      MV_STORE_READ_ONLY;
	dir = calloc(1, sizeof(*dir));
	if (!dir)
		return mv_nomem(err);
	dir->read_only = mode == MV_REMOTE_READ;
	rc = mv_store_open(&dir->store, where, &own, err);
	if (rc) {
		free(dir);
		return rc;
	}
	*state = dir;
	return 0;
}

static void dir_close(void *state)
{
	struct dir *dir = state;

	mv_store_close(dir->store);
	free(dir);
}

static int dir_has(void *state, const struct mv_oid *oids, size_t count,
		   uint8_t *has, struct mv_err *err)
{
	struct dir *dir = state;
	int rc;

	for (size_t i = 0; i < count; i++) {
		rc = mv_store_has(dir->store, &oids[i], NULL, err);
		if (rc && rc != MV_ENOENT)
			return rc;
		has[i] = !rc;
	}
	return 0;
}

static int dir_keep(void *state, const struct mv_oid *oids, size_t count,
		    struct mv_err *err)
{
	struct dir *dir = state;

	return mv_store_keep(dir->store, oids, count, err);
}

/*
 * What is there already goes through the transaction, too: a transaction
 * that found it present keeps it from a gc that runs at the same time.
 */
static int dir_push(void *state, struct mv_store *from,
		    const struct mv_oid *oids, size_t count,
		    struct mv_tx_stats *stats, struct mv_err *err)
{
	struct dir *dir = state;
	struct mv_tx *tx = NULL;
	uint8_t *found = NULL;
	char hex[MV_OID_HEX + 1];
	int rc;

	if (dir->read_only)
		return mv_fail(err, MV_EDENIED,
			       "the remote '%s' was opened for reading only",
			       mv_store_dir(dir->store));
	found = calloc(count, 1);
	if (!found)
		return mv_nomem(err);
	rc = mv_tx_begin(&tx, dir->store, err);
	if (!rc)
		rc = mv_tx_copy(tx, from, oids, count, found, err);
	for (size_t i = 0; !rc && i < count; i++)
		if (!found[i])
			rc = mv_fail(err, MV_ENOENT,
				     "content %s is neither here nor on the remote",
				     mv_oid_hex(hex, &oids[i]));
	if (!rc) {
		rc = mv_tx_commit(tx, stats, err);
		tx = NULL;
	}
	mv_tx_abort(tx);
	free(found);
	return rc;
}

static int dir_fetch(void *state, struct mv_tx *into,
		     const struct mv_oid *oids, size_t count, uint8_t *found,
		     struct mv_err *err)
{
	struct dir *dir = state;

	return mv_tx_copy(into, dir->store, oids, count, found, err);
}

static int dir_fetch_part(void *state, struct mv_tx *into,
			  const struct mv_oid *oid, uint64_t size,
			  const struct mv_range *ranges, size_t count,
			  struct mv_err *err)
{
	struct dir *dir = state;
	char hex[MV_OID_HEX + 1];
	uint8_t found;
	int rc = mv_tx_copy_part(into, dir->store, oid, size, ranges, count,
				 &found, err);

	if (rc || found)
		return rc;
	return mv_fail(err, MV_ENOENT, "content %s is not in store '%s'",
		       mv_oid_hex(hex, oid), mv_store_dir(dir->store));
}

const struct mv_transport mv_transport_dir = {
	.name = "directory",
	.bid = dir_bid,
	.open = dir_open,
	.close = dir_close,
	.has = dir_has,
	.keep = dir_keep,
	.push = dir_push,
	.fetch = dir_fetch,
	.fetch_part = dir_fetch_part,
};
