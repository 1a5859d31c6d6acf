/* SPDX-License-Identifier: MIT */
#include "libmv/base/runs.h"

#include <stdlib.h>

void mv_runs_release(struct mv_runs *runs)
{
	free(runs->run);
	runs->run = NULL;
	runs->count = 0;
}
