/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libmv/work/priv.h"

/* The first words of what our text conversion says, and knowing them again. */

int mv_work_is_diff_text(const char *text, size_t len)
{
	const size_t hex = strlen(MV_DIFF_IDENTITY), end = hex + MV_OID_HEX;

	if (len >= strlen(MV_DIFF_BROKEN) &&
	    !memcmp(text, MV_DIFF_BROKEN, strlen(MV_DIFF_BROKEN)))
		return 1;
	return len > end && !memcmp(text, MV_DIFF_IDENTITY, hex) &&
	       strspn(text + hex, "0123456789abcdef") == MV_OID_HEX &&
	       text[end] == '\n';
}
