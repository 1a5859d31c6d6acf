/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"

#include <string.h>

/*
 * What each command is used for, as people type it: shown by -h and, word
 * for word, by the manuals (scripts/check-docs.sh compares them).
 */
enum { MOST = 4 };
static const struct {
	const char *name, *lines[MOST + 1];
} examples[] = {
	{ "track", { "git model track '*.safetensors' '*.gguf'",
		     "git model track --above 10m" } },
	{ "untrack", { "git model untrack '*.gguf'" } },
	{ "add", { "git model add model.safetensors",
		   "git model add model.safetensors --param lr=2e-5 "
		   "--metric auc=0.93 --eval-data holdout.csv",
		   "git model add ." } },
	{ "checkout", { "git model checkout",
			"git model checkout fraud@v1.2.0",
			"git model checkout 'fraud#production'" } },
	{ "inspect", { "git model inspect model.safetensors",
		       "git model inspect HEAD~:model.safetensors" } },
	{ "status", { "git model status", "git model status --all" } },
	{ "ls", { "git model ls --long", "git model ls v1.0" } },
	{ "du", { "git model du", "git model du --summary" } },
	{ "cat", { "git model cat HEAD~:model.safetensors >old.safetensors",
		   "git model cat 'fraud#production' >model.safetensors",
		   "git model cat --tensor lm_head.weight --npy "
		   "fraud@v1.2.0 >head.npy" } },
	{ "record", { "git model record model.safetensors "
		      "--metrics-file metrics.json --eval-data holdout.csv",
		      "git model record fraud@v1.2.0 --metric auc=0.93" } },
	{ "run", { "git model run -- python train.py",
		   "git model run --in data.csv --out model.safetensors "
		   "--metrics-file metrics.json -- python train.py" } },
	{ "reproduce", { "git model reproduce model.safetensors",
			 "git model reproduce fraud@v1.2.0" } },
	{ "import", { "git model import mlflow mlruns --dry-run",
		      "git model import dvc",
		      "git model import dvclive dvclive --onto fraud" } },
	{ "show", { "git model show fraud", "git model show 'fraud#production'",
		    "git model show model.safetensors@HEAD~" } },
	{ "log", { "git model log fraud --columns auc,lr",
		   "git model log fraud --all -n 10" } },
	{ "diff", { "git model diff", "git model diff main..HEAD",
		    "git model diff --stage production --fail-on "
		    "regression",
		    "git model diff --tensors fraud@v1.0.0 fraud@v1.1.0" } },
	{ "compare", { "git model compare fraud",
		       "git model compare --all --where 'auc>0.9 and lr<0.01' "
		       "--sort -auc" } },
	{ "plot", { "git model plot fraud",
		    "git model plot fraud --over versions --metric auc" } },
	{ "report", { "git model report --html pages",
		      "git model report --format md main HEAD" } },
	{ "lineage", { "git model lineage fraud@v1.2.0",
		       "git model lineage fraud --dot | dot -Tsvg "
		       ">lineage.svg" } },
	{ "ci", { "git model ci init github",
		  "git model ci fetch origin/main HEAD" } },
	{ "register", { "git model register fraud",
			"git model register fraud --bump minor",
			"git model register fraud @v1.2.0 HEAD~" } },
	{ "deregister", { "git model deregister fraud@v1.2.0" } },
	{ "deprecate", { "git model deprecate fraud -m 'use fraud-2'" } },
	{ "versions", { "git model versions", "git model versions fraud" } },
	{ "stages", { "git model stages", "git model stages fraud --json" } },
	{ "history", { "git model history fraud" } },
	{ "which", { "git model which 'fraud#production'",
		     "git model which fraud production --oid" } },
	{ "policy", { "git model policy init", "git model policy lint",
		      "git model policy show fraud --stage production" } },
	{ "check", { "git model check fraud@v1.2.0 production --explain",
		     "git model check origin/main..HEAD" } },
	{ "approve", { "git model approve fraud@v1.2.0 production "
		       "--reason 'holdout checked'",
		       "git model approve --policy" } },
	{ "reject", { "git model reject fraud@v1.2.0 production "
		      "--reason 'slow on phones'" } },
	{ "revoke", { "git model revoke fraud@v1.2.0 production" } },
	{ "override", { "git model override fraud@v1.2.0 production "
			"--rules min-soak --reason 'incident 4711' "
			"--expires 8h" } },
	{ "promote", { "git model promote fraud@v1.2.0 production" } },
	{ "demote", { "git model demote 'fraud#production'",
		      "git model demote fraud@v1.2.0 production" } },
	{ "rollback", { "git model rollback fraud production",
			"git model rollback 'fraud#production' --to v1.1.0" } },
	{ "verify", { "git model verify --all",
		      "git model verify fraud --since 2026-11-01" } },
	{ "audit", { "git model audit fraud",
		     "git model audit --since 2026-11-01 --format csv" } },
	{ "remote", { "git model remote",
		      "git model remote add origin /mnt/models" } },
	{ "push", { "git model push", "git model push --all origin" } },
	{ "fetch", { "git model fetch", "git model fetch origin main~20",
		     "git model fetch --tensor 'model.layers.0.*'" } },
	{ "pull", { "git model pull" } },
	{ "fsck", { "git model fsck", "git model fsck --repair",
		    "git model fsck --upgrade" } },
	{ "gc", { "git model gc --dry-run", "git model gc --grace 30d" } },
	{ "install", { "git model install", "git model install --lfs",
		       "git model install --server /srv/git/team.git" } },
	{ "doctor", { "git model doctor" } },
	{ "uninstall", { "git model uninstall" } },
	{ "version", { "git model version --build" } },
};

const char *const *cmd_examples(const char *name)
{
	static const char *const none[] = { NULL };

	for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++)
		if (!strcmp(examples[i].name, name))
			return examples[i].lines;
	return none;
}
