/* SPDX-License-Identifier: MIT */
#include "libmv/base/library.h"

#include <dlfcn.h>

int mv_library_open(void **handle, const char *soname, unsigned flags,
		    const char *advice, const char *const *name,
		    void **const *to, size_t count, struct mv_err *err)
{
	const int stay = flags & MV_LIBRARY_FOR_GOOD ? RTLD_NODELETE : 0;

	*handle = dlopen(soname, RTLD_NOW | RTLD_LOCAL | stay);
	if (!*handle)
		return mv_fail(err, MV_ENOTSUP, "%s cannot be loaded%s%s",
			       soname, advice ? ": " : "",
			       advice ? advice : "");
	for (size_t i = 0; i < count; i++) {
		*to[i] = dlsym(*handle, name[i]);
		if (!*to[i])
			return mv_fail(err, MV_ENOTSUP, "%s has no %s", soname,
				       name[i]);
	}
	return 0;
}
