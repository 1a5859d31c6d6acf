/* SPDX-License-Identifier: MIT */
#ifndef MV_BASE_LIBRARY_H
#define MV_BASE_LIBRARY_H

#include <stddef.h>

#include "libmv/base/err.h"

/*
 * A library that is opened when it is first needed, because loading it costs
 * every program milliseconds. Each has one file that is its door, a list of
 * functions, FUNCTIONS(X), and a struct with a pointer for each:
 *
 *	static const char *const name[] = { "f", "g" };
 *	void **to[] = { (void **)&lib->f, (void **)&lib->g };
 */

/* It stays when it is closed: it has work to do when the process ends. */
enum { MV_LIBRARY_FOR_GOOD = 1 };

/*
 * Open "libx.so.1" and find `count` functions. MV_ENOTSUP: it is not there, and
 * `advice` says what to do ("install libx1"; NULL: nothing), or it lacks one.
 * *handle is set as soon as there is something to dlclose().
 */
int mv_library_open(void **handle, const char *soname, unsigned flags,
		    const char *advice, const char *const *name,
		    void **const *to, size_t count, struct mv_err *err);

#endif
