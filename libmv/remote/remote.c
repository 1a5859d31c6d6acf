/* SPDX-License-Identifier: MIT */
#include "libmv/remote/remote.h"

#include <stdlib.h>
#include <string.h>

#include "libmv/remote/transport.h"
#include "libmv/store/store.h"
#include "libmv/store/tx.h"

static const struct mv_transport *const transports[] = {
	&mv_transport_dir,
};

#define TRANSPORTS (sizeof(transports) / sizeof(*transports))

struct mv_remote {
	const struct mv_transport *transport;
	void *state;
};

/* Letters, digits, "+", "-", "." before "://", as RFC 3986 has it. */
static size_t scheme_len(const char *url)
{
	size_t len = strspn(url, "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

	return strncmp(url + len, "://", 3) ? 0 : len;
}

/*
 * Nobody wants it. The message names the scheme only: a URL can hold a
 * password.
 */
static int no_transport(const char *url, struct mv_err *err)
{
	size_t len = scheme_len(url);

	if (len)
		return mv_fail(err, MV_ENOTSUP,
			       "a model remote cannot be reached by '%.*s': only a directory can (/path or file:///path)",
			       len < 32 ? (int)len : 32, url);
	if (url[strcspn(url, ":/")] == ':')
		return mv_fail(err, MV_ENOTSUP,
			       "a model remote cannot be reached by 'ssh' (host:path): only a directory can (/path or file:///path)");
	return mv_fail(err, MV_EINVALID,
		       "a model remote is an absolute path or a URL, not a relative path");
}

/* Text without control characters: it will be shown, and named in files. */
static int check_url(const char *url, struct mv_err *err)
{
	if (!*url)
		return mv_fail(err, MV_EINVALID,
			       "the URL of a model remote is empty");
	for (const char *p = url; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return mv_fail(err, MV_EINVALID,
				       "the URL of a model remote contains a control character");
	return 0;
}

static int remote_choose(const struct mv_transport **out, char **where,
			 const char *url, struct mv_err *err)
{
	int rc;

	rc = check_url(url, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < TRANSPORTS; i++) {
		rc = transports[i]->bid(where, url, err);
		if (rc == MV_ENOENT)
			continue;
		*out = transports[i];
		return rc;
	}
	return no_transport(url, err);
}

int mv_remote_open(struct mv_remote **out, const char *url,
		   enum mv_remote_mode mode,
		   const struct mv_store_options *options, struct mv_err *err)
{
	const struct mv_transport *transport = NULL;
	struct mv_remote *remote = NULL;
	char *where = NULL;
	int rc;

	*out = NULL;
	rc = remote_choose(&transport, &where, url, err);
	if (rc)
		return rc;
	remote = calloc(1, sizeof(*remote));
	if (!remote) {
		rc = mv_nomem(err);
		goto out;
	}
	remote->transport = transport;
	rc = transport->open(&remote->state, where, mode, options, err);
	if (rc)
		goto out;
	*out = remote;
	remote = NULL;
out:
	free(remote);
	free(where);
	return rc;
}

void mv_remote_close(struct mv_remote *remote)
{
	if (!remote)
		return;
	remote->transport->close(remote->state);
	free(remote);
}

int mv_remote_has(struct mv_remote *remote, const struct mv_oid *oids,
		  size_t count, uint8_t *has, struct mv_err *err)
{
	return remote->transport->has(remote->state, oids, count, has, err);
}

int mv_remote_keep(struct mv_remote *remote, const struct mv_oid *oids,
		   size_t count, struct mv_err *err)
{
	return remote->transport->keep(remote->state, oids, count, err);
}

int mv_remote_push(struct mv_remote *remote, struct mv_store *from,
		   const struct mv_oid *oids, size_t count,
		   struct mv_tx_stats *stats, struct mv_err *err)
{
	if (stats)
		memset(stats, 0, sizeof(*stats));
	if (!count)
		return 0;
	return remote->transport->push(remote->state, from, oids, count,
				       stats, err);
}

int mv_remote_fetch(struct mv_remote *remote, struct mv_tx *into,
		    const struct mv_oid *oids, size_t count, uint8_t *found,
		    struct mv_err *err)
{
	if (!count)
		return 0;
	return remote->transport->fetch(remote->state, into, oids, count,
					found, err);
}

int mv_remote_fetch_part(struct mv_remote *remote, struct mv_tx *into,
			 const struct mv_oid *oid, uint64_t size,
			 const struct mv_range *ranges, size_t count,
			 struct mv_err *err)
{
	return remote->transport->fetch_part(remote->state, into, oid, size,
					     ranges, count, err);
}
