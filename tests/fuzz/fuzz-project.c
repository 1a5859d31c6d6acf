/* SPDX-License-Identifier: MIT */
/*
 * .gitmodel/config comes with every commit, also from strangers: whatever is
 * read keeps the promises of struct mv_project, and everything in it is found.
 */
#include <stdlib.h>
#include <string.h>

#include "libmv/meta/project.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_artifacts(const struct mv_project *p)
{
	for (size_t i = 0; i < p->artifact_count; i++) {
		const struct mv_artifact *a = &p->artifacts[i];

		if (!mv_artifact_name_ok(a->name) || !a->path || !*a->path ||
		    *a->path == '/' || !a->labels || a->line < 1 ||
		    mv_project_by_name(p, a->name) != a ||
		    mv_project_by_path(p, a->path) != a)
			abort();
		/* What git would do to a ref of that name. */
		if (strstr(a->name, "..") || strstr(a->name, "//"))
			abort();
	}
}

static void check_metrics(const struct mv_project *p)
{
	for (size_t i = 0; i < p->metric_count; i++) {
		const struct mv_metric_rule *m = &p->metrics[i];

		if (!*m->name || m->precision < -1 || m->precision > 17 ||
		    m->line < 1 || mv_project_metric(p, m->artifact, m->name) != m)
			abort();
		mv_project_metric(p, NULL, "val.loss");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mv_project p;
	struct mv_err err;

	if (mv_project_parse(&p, "config", (const char *)data, size,
			     &err) < 0) {
		if (p.artifacts || p.metrics || !*err.msg)
			abort();
		return 0;
	}
	check_artifacts(&p);
	check_metrics(&p);
	mv_project_release(&p);
	return 0;
}
