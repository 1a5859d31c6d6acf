/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/import/priv.h"
#include "libmv/meta/curves.h"
#include "libmv/meta/record.h"

/* What MLflow's params, tags, points and datasets mean to us, in whichever of
   its stores they are kept. */
#define SOURCE_MAX 4096

int mv_import_mlflow_param(struct mv_importing *im, struct mv_import_run *run,
			   const char *key, const char *value, struct mv_err *err)
{
	return mv_import_fact(im, run, &run->params, key, value, 1, err);
}

int mv_import_mlflow_tag(struct mv_importing *im, struct mv_import_run *run,
			 const char *key, const char *value, struct mv_err *err)
{
	static const char *const sources[][2] = {
		{ "mlflow.user", "user" },
		{ "mlflow.source.name", "program" },
		{ "mlflow.source.git.repoURL", "repository" },
		{ "mlflow.source.git.branch", "branch" },
		{ "mlflow.parentRunId", "parent" }
	};
	int rc = 0;

	if (!strcmp(key, "mlflow.runName"))
		return mv_set_str(&run->name, value, err);
	if (!strcmp(key, "mlflow.source.git.commit")) {
		rc = mv_set_str(&run->commit, value, err);
		return rc ? rc : mv_import_fact(im, run, &run->source,
						"commit", value, 0, err);
	}
	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++)
		if (!strcmp(key, sources[i][0]))
			return mv_import_fact(im, run, &run->source,
					      sources[i][1], value, 0, err);
	/* What MLflow keeps for itself, often a page of JSON. */
	if (!strncmp(key, "mlflow.log-model.", 17) ||
	    !strncmp(key, "mlflow.loggedArtifacts", 22)) {
		mv_import_unmapped(im, run, "tag '%.80s' is MLflow's own",
				   key);
		return 0;
	}
	return mv_import_fact(im, run, &run->tags, key, value, 0, err);
}

int mv_import_mlflow_point(struct mv_importing *im, struct mv_import_run *run,
			   const char *key, int64_t step, int64_t ms, double value,
			   struct mv_err *err)
{
	struct mv_err why = { MV_OK, "" };
	int rc = mv_curves_add(&run->curves, key, step, ms, value, &why);

	if (rc == MV_EINVALID) {
		mv_import_unmapped(im, run, "%s", why.msg);
		return 0;
	}
	return rc ? mv_nomem(err) : 0;
}

static const char *role_of(const char *context)
{
	if (!context)
		return "";
	if (!strncmp(context, "train", 5))
		return "train";
	return !strncmp(context, "eval", 4) || !strncmp(context, "test", 4) ||
	       !strncmp(context, "valid", 5) ? "eval" : "";
}

int mv_import_mlflow_dataset(struct mv_importing *im, struct mv_import_run *run,
			     const struct mv_import_mlflow_dataset *d, struct mv_err *err)
{
	struct mv_ref ref = { .size = UINT64_MAX };
	char *key;
	int rc;

	if (!d->digest || !*d->digest || strlen(d->digest) > 128 ||
	    d->digest[strspn(d->digest, "0123456789abcdefABCDEF")]) {
		mv_import_unmapped(im, run, "dataset '%.80s' has no digest",
				   d->name ? d->name : "");
		return 0;
	}
	ref.role = (char *)role_of(d->context);
	ref.name = (char *)d->name;
	ref.digest = mv_strf("mlflow:%s", d->digest);
	rc = ref.digest ? mv_refs_add(&run->data, &ref, err) : mv_nomem(err);
	free(ref.digest);
	if (rc || !d->source || strlen(d->source) > SOURCE_MAX)
		return rc;
	key = mv_strf("dataset.%s", d->name ? d->name : d->digest);
	rc = key ? mv_import_fact(im, run, &run->source, key, d->source, 0,
				  err) : mv_nomem(err);
	free(key);
	return rc;
}
