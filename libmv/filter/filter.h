/* SPDX-License-Identifier: MIT */
#ifndef MV_FILTER_FILTER_H
#define MV_FILTER_FILTER_H

#include <stddef.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"
#include "libmv/base/stream.h"

/*
 * Git's long-running filter protocol, version 2, as a function of two
 * streams (gitattributes(5), "Long Running Filter Process"). It knows
 * packets, the handshake and the order of things; what clean and smudge
 * mean is handed down as callbacks, so that all of it can be tested in
 * memory.
 *
 * clean: must read `in` to its end (git does not listen before it has
 * written everything) and put the pointer into `out`.
 * smudge: `in` yields at most a pointer's worth of bytes in practice, but
 * may be anything; `out` takes the answer. `blob` is the object name of what
 * `in` yields, in hex, or NULL where git did not say.
 *
 * An empty path is what some other programs than git send: there is no file.
 * clean may also return MV_FILTER_KEPT, having put nothing into `out`: the
 * answer is then what `kept` writes, which may be of any length.
 *
 * A callback that fails makes this one blob fail (status=error; with
 * required=true git stops) and its message goes to `complain`; the
 * conversation goes on. Only a broken conversation ends mv_filter_run().
 * The capability `delay` is not advertised: large files are pointers until
 * git has gone (docs/design/filter.md).
 */
#define MV_FILTER_KEPT 1

struct mv_filter_ops {
	int (*clean)(void *payload, const char *path, struct mv_reader *in,
		     struct mv_buf *out, struct mv_err *err);
	int (*smudge)(void *payload, const char *path, const char *blob,
		      struct mv_reader *in, struct mv_writer *out,
		      struct mv_err *err);
	void (*complain)(void *payload, const char *path,
			 const struct mv_err *err);
	void *payload;
	int (*kept)(void *payload, struct mv_writer *out, struct mv_err *err);
};

/*
 * Talk until the other side closes. 0 at a clean end (end of input between
 * two requests), MV_EINVALID when the protocol was broken, MV_EIO.
 */
int mv_filter_run(struct mv_reader *in, struct mv_writer *out,
		  const struct mv_filter_ops *ops, struct mv_err *err);

#endif
