/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>

#include "cmd/opt.h"
#include "cmd/out.h"
#include "libmv/base/json.h"

static const char *const usage[] = {
	"git model version [--build] [--json]",
	NULL
};

/*
 * The Makefile says what it found when it built this: "name version name
 * version ...". Asking the libraries themselves would mean to load those
 * that are not needed otherwise.
 */
static const char build[] = GIT_MODEL_BUILD;

/* The next word at *at into `word`; 0 at the end. */
static int next_word(char word[64], const char **at)
{
	int used = 0;

	if (sscanf(*at, "%63s%n", word, &used) != 1)
		return 0;
	*at += used;
	return 1;
}

static int version_print_json(int with_build)
{
	struct mv_json *top = mv_json_object();
	struct mv_json *libs;
	const char *at = build;
	char name[64], version[64];

	mv_json_set(top, "version", mv_json_str(GIT_MODEL_VERSION));
	if (with_build) {
		libs = mv_json_object();
		while (next_word(name, &at) && next_word(version, &at))
			mv_json_set(libs, name, mv_json_str(version));
		mv_json_set(top, "compiler", mv_json_str(__VERSION__));
		mv_json_set(top, "libraries", libs);
	}
	return out_json(top);
}

int cmd_version(int argc, const char **argv, struct cmd_env *env)
{
	int json = 0, with_build = 0;
	const struct opt opts[] = {
		OPT_BOOL(0, "build", &with_build,
			 "also show what it was built with"),
		OPT_JSON(&json),
		OPT_END
	};
	const char *at = build;
	char name[64], version[64];

	(void)env;
	argc = opt_parse(argc, argv, opts, usage);
	if (opt_count(argc, argv, 0, 0, opts, usage))
		return CMD_USAGE;
	if (json)
		return version_print_json(with_build);
	out_line("git-model version %s", GIT_MODEL_VERSION);
	if (!with_build)
		return CMD_OK;
	out_line("compiler %s", __VERSION__);
	while (next_word(name, &at) && next_word(version, &at))
		out_line("%s %s", name, version);
	return CMD_OK;
}
