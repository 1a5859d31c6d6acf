/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"
#include "cmd/opt.h"
#include "cmd/out.h"
#include "libmv/base/json.h"
#include "libmv/care/care.h"
#include "libmv/store/store.h"

static const char *const usage[] = {
	"git model fsck [--repair] [--upgrade] [--json]",
	NULL
};

static const char *const words[] = {
	"leftover", "repaired", "damaged file", "damaged content", "elsewhere",
	"stray pointer", "raw bytes", "lost", "broken pointer"
};

struct show {
	struct mv_json *findings;	/* with --json */
	unsigned astray;	/* nothing is damaged, but not as it should be */
	unsigned mendable;	/* what --repair can act upon */
};

static void show_finding(void *payload, enum mv_fsck_kind kind,
			 const char *subject, const char *message)
{
	struct show *show = payload;
	struct mv_json *findings = show->findings, *o;

	show->astray += kind == MV_FSCK_STRAY || kind == MV_FSCK_RAW;
	show->mendable += kind == MV_FSCK_BAD_FILE ||
			  kind == MV_FSCK_BAD_CONTENT;
	if (!findings) {
		/* The subject of what is elsewhere is a number. */
		out_line(kind == MV_FSCK_ELSEWHERE ? "%s: %s: %s" :
			 "%s: '%s': %s", words[kind], subject, message);
		return;
	}
	o = mv_json_object();
	mv_json_set(o, "kind", mv_json_str(words[kind]));
	mv_json_set(o, "subject", mv_json_str(subject));
	mv_json_set(o, "message", mv_json_str(message));
	mv_json_push(findings, o);
}

static int fsck_print_json(struct mv_json *findings, uint64_t bad)
{
	struct mv_json *top = mv_json_object();
	int status;

	mv_json_set(top, "bad", mv_json_int((int64_t)bad));
	mv_json_set(top, "findings", findings);
	status = out_json(top);
	return status == CMD_OK && bad ? CMD_NO : status;
}

int cmd_fsck(int argc, const char **argv, struct cmd_env *env)
{
	int repair = 0, upgrade = 0, json = 0;
	const struct opt opts[] = {
		OPT_BOOL(0, "repair", &repair,
			 "mend what can be mended; nothing is deleted"),
		OPT_BOOL(0, "upgrade", &upgrade,
			 "first bring the store of an older git-model to this version"),
		OPT_JSON(&json),
		OPT_PROGRESS(env),
		OPT_END
	};
	struct show show = { NULL, 0, 0 };
	struct mv_err err;
	uint64_t bad;

	argc = opt_parse(argc, argv, opts, usage);
	if (opt_count(argc, argv, 0, 0, opts, usage))
		return CMD_USAGE;
	if (json)
		show.findings = mv_json_array();
	if (mv_care_fsck(env->repo, (repair ? MV_CARE_REPAIR : 0) |
			 (upgrade ? MV_CARE_UPGRADE : 0), show_finding, &show,
			 &bad, &err)) {
		mv_json_free(show.findings);
		return out_fatal(&err);
	}
	if (json)
		return fsck_print_json(show.findings, bad);
	if (!bad) {
		out_line(show.astray ? "nothing is damaged" :
			 "everything is as it should be");
		return CMD_OK;
	}
	out_line("%llu %s", (unsigned long long)bad,
		 repair ? "could not be mended" : "damaged");
	if (!repair && show.mendable)
		out_hint("'git model fsck --repair' mends what can be mended");
	return CMD_NO;
}
