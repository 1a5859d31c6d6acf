/* SPDX-License-Identifier: MIT */
/*
 * Example cases stand beside the policy in the repository: whatever they say,
 * each is told once, in order, with a verdict and a reason when it failed.
 */
#include <stdlib.h>
#include <string.h>

#include "libmv/policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char policy[] =
	"policy-approvals = 1 from leads\n"
	"[group \"leads\"]\nmember = alice@example.com\n"
	"[stage \"production\"]\n"
	"metric = auc >= 0.9\nmetric = psi.* <= 0.3\n"
	"no-regression = auc margin 1%\nany = auc | loss <= 3\n"
	"eval-on = data/holdout.csv\neval-max-age = 30d\n"
	"aggregate = loss mean\nmin-runs = 1\nmax-size = 2MiB\n"
	"approvals = 1 from leads\nforbid-self-approval = author\n"
	"veto = 1\noverride = 1 ttl 1d\nrequire-clean = true\n"
	"promoter = leads\nformat = safetensors\nmax-params = 7e9\n"
	"license = mit\nrequire-stage = staging\nmin-soak = 1d\n"
	"min-interval = 1d\nreachable-from = main\n"
	"card = C.md sections use\nmonotonic = true\nprerelease = false\n"
	"freeze = Sat 00:00..Sun 24:00 Europe/Berlin\n"
	"rollback = previously-held within 90d\n"
	"require-lineage = data code params env run\ndata-in-repo = true\n"
	"[branch \"main\"]\nmax-size = 10\n";
static const char config[] = "[metric \"auc\"]\ndirection = up\n";

static int on_case(void *payload, const char *name, int line, int passed,
		   const struct mv_verdict *verdict, const char *message,
		   struct mv_err *err)
{
	int *last = payload;

	(void)err;
	if (!*name || line <= *last || !passed != !!*message || !verdict)
		abort();
	*last = line;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mv_policy p;
	struct mv_err err = { MV_OK, "" };
	int last = 0;

	if (mv_policy_parse(&p, policy, strlen(policy), config,
			    strlen(config), &err))
		abort();
	if (mv_policy_run_cases(&p, "cases", (const char *)data, size, on_case,
				&last, &err) && !*err.msg)
		abort();
	mv_policy_release(&p);
	return 0;
}
