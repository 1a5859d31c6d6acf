/* SPDX-License-Identifier: MIT */
#include "libmv/base/runs.h"

#include <stdlib.h>
#include <string.h>

void mv_runs_release(struct mv_runs *runs)
{
	if (runs->scout)
		runs->scout->free(runs->scout);
	free(runs->run);
	memset(runs, 0, sizeof(*runs));
}
