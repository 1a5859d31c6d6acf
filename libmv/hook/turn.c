/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "libmv/hook/hook.h"
#include "libmv/repo/state.h"

enum { LANDING_S = 300, LANDING_MAX_S = 86400 };

int mv_hook_receive_turn(char **path, int64_t *ms, struct mv_repo *repo,
			 struct mv_err *err)
{
	char *dir = mv_path_join(repo->info->common_dir, "model");
	uint64_t seconds;
	int rc = dir ? mv_repo_config_size(&seconds, repo,
					   "model.receivelanding", LANDING_S,
					   err) : mv_nomem(err);

	*path = NULL;
	if (!rc)
		rc = mv_mkdirs(dir, err);
	if (!rc) {
		*ms = 1000 * (int64_t)(seconds < LANDING_MAX_S ? seconds :
				       LANDING_MAX_S);
		*path = mv_path_join(dir, "receive.lock");
		rc = *path ? 0 : mv_nomem(err);
	}
	free(dir);
	return rc;
}
