/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "filters/asker.h"

#define ANCESTORS	4	/* shells between git and us */
#define ARGS_MAX	512
#define TEXT_MAX	(64u * 1024)

static int is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(word, *words))
			return 1;
	return 0;
}

static int has_option(size_t argc, const char *const *argv,
		      const char *option, int may_have_value)
{
	const size_t len = strlen(option);

	for (size_t i = 0; i < argc && strcmp(argv[i], "--"); i++)
		if (!strncmp(argv[i], option, len) &&
		    (!argv[i][len] || (may_have_value && argv[i][len] == '=')))
			return 1;
	return 0;
}

/* Global options of git that take the next word for their value. */
static const char *const with_value[] = {
	"-C", "-c", "--git-dir", "--work-tree", "--namespace", "--config-env",
	"--super-prefix", "--attr-source", "--list-cmds", NULL
};

/* "git", "/usr/lib/git-core/git", "git-archive"; never git-model. */
static int is_git(const char *argv0, const char **command)
{
	const char *slash = strrchr(argv0, '/');
	const char *base = slash ? slash + 1 : argv0;

	*command = NULL;
	if (!strcmp(base, "git"))
		return 1;
	if (strncmp(base, "git-", 4) || !strncmp(base, "git-model", 9))
		return 0;
	*command = base + 4;
	return 1;
}

/* The name of the command; *at is set to its first argument. */
static const char *command_of(size_t *at, size_t argc,
			      const char *const *argv)
{
	const char *command = NULL;
	size_t i = 1;

	*at = argc;
	if (!argc || !is_git(argv[0], &command))
		return NULL;
	while (!command && i < argc && argv[i][0] == '-')
		i += is_one_of(argv[i], with_value) ? 2 : 1;
	if (!command && i < argc)
		command = argv[i++];
	*at = i < argc ? i : argc;
	return command;
}

/* Bytes for somebody else: nobody will put them in place of a pointer. */
static int exports(const char *command, size_t argc, const char *const *argv,
		   int external_diff)
{
	static const char *const always[] = {
		"archive", "upload-archive", "upload-archive--writer",
		"difftool", NULL
	};
	static const char *const logs[] = { "log", "show", "diff-tree",
					    "whatchanged", NULL };

	if (is_one_of(command, always))
		return 1;
	/* --textconv asks for a temporary file as well, and wants a pointer. */
	if (!strcmp(command, "cat-file"))
		return has_option(argc, argv, "--filters", 0);
	if (!strcmp(command, "checkout-index"))
		return has_option(argc, argv, "--temp", 0) ||
		       has_option(argc, argv, "--prefix", 1);
	if (!external_diff)
		return 0;
	if (is_one_of(command, logs))
		return has_option(argc, argv, "--ext-diff", 0);
	return !strncmp(command, "diff", 4) &&
	       !has_option(argc, argv, "--no-ext-diff", 0);
}

/* What is answered to clean only decides whether a file is in the way. */
static int moves(const char *command)
{
	static const char *const always[] = {
		"reset", "checkout", "switch", "restore", "read-tree",
		"rebase", "merge", "merge-recursive", "merge-ort", "pull",
		"bisect", "cherry-pick", "revert", "sparse-checkout",
		"worktree", "submodule", "clone", NULL
	};

	return is_one_of(command, always);
}

/*
 * Comparing: what is answered to clean tells whether a file changed, and does
 * not go into a commit. Only what is known to be so.
 */
static int looks(const char *command, size_t argc, const char *const *argv)
{
	static const char *const always[] = {
		"status", "diff", "diff-files", "diff-index", "difftool",
		"describe", "clean", "rm", "mv", "ls-files",
		"checkout-index", "blame", "annotate", NULL
	};

	if (is_one_of(command, always))
		return 1;
	return !strcmp(command, "update-index") &&
	       (has_option(argc, argv, "--refresh", 0) ||
		has_option(argc, argv, "--really-refresh", 0));
}

/* Git cleans the text that textconv made of the file in the work tree. */
static int blames(const char *command)
{
	return !strcmp(command, "blame") || !strcmp(command, "annotate");
}

unsigned asker_of(size_t argc, const char *const *argv, int external_diff)
{
	unsigned asker = 0;
	size_t at;
	const char *command = command_of(&at, argc, argv);

	if (!command)
		return 0;
	if (exports(command, argc - at, argv + at, external_diff))
		asker |= MV_ASKER_EXPORTS;
	if (moves(command))
		asker |= MV_ASKER_MOVES | MV_ASKER_LOOKS;
	else if (looks(command, argc - at, argv + at))
		asker |= MV_ASKER_LOOKS;
	if (blames(command))
		asker |= MV_ASKER_BLAMES;
	return asker;
}

/* -- the processes above us ----------------------------------------------- */

static size_t read_text(char *text, size_t max, pid_t pid, const char *name)
{
	char path[64];
	size_t len = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
	f = fopen(path, "re");
	if (f) {
		len = fread(text, 1, max - 1, f);
		fclose(f);
	}
	text[len] = '\0';
	return len;
}

static pid_t parent_of(pid_t pid)
{
	char text[4096];
	const char *line;

	read_text(text, sizeof(text), pid, "status");
	line = strstr(text, "\nPPid:");
	return line ? (pid_t)strtol(line + 6, NULL, 10) : 0;
}

static size_t asker_split(const char **argv, const char *text, size_t len)
{
	size_t argc = 0;

	for (size_t i = 0; i < len && argc < ARGS_MAX;
	     i += strlen(text + i) + 1)
		argv[argc++] = text + i;
	return argc;
}

/* The command line of the git above us, in `text`; 0 words: there is none. */
static size_t git_above(const char **argv, char *text)
{
	pid_t pid = getppid();

	for (int i = 0; i < ANCESTORS && pid > 1; i++) {
		size_t len = read_text(text, TEXT_MAX, pid, "cmdline");
		size_t argc = asker_split(argv, text, len);
		const char *command;

		if (argc && is_git(argv[0], &command))
			return argc;
		pid = parent_of(pid);
	}
	return 0;
}

unsigned asker_find(int external_diff)
{
	const char **argv = calloc(ARGS_MAX, sizeof(*argv));
	char *text = malloc(TEXT_MAX);
	unsigned asker = 0;
	size_t argc;

	if (argv && text && (argc = git_above(argv, text)))
		asker = asker_of(argc, argv, external_diff);
	free(text);
	free(argv);
	return asker;
}

/* -- a patch that is to be applied ---------------------------------------- */

/* As much of it as git needs to tell it from others. */
static int is_binary(const char *arg)
{
	size_t len = strlen(arg);

	return len >= 4 && !strncmp("--binary", arg, len);
}

int asker_patches_of(size_t argc, const char *const *argv)
{
	size_t i;

	if (!command_of(&i, argc, argv))
		return 0;
	for (; i < argc && strcmp(argv[i], "--"); i++)
		if (is_binary(argv[i]))
			return 1;
	return 0;
}

int asker_patches_find(void)
{
	const char **argv = calloc(ARGS_MAX, sizeof(*argv));
	char *text = malloc(TEXT_MAX);
	int patches = 0;
	size_t argc;

	if (argv && text && (argc = git_above(argv, text)))
		patches = asker_patches_of(argc, argv);
	free(text);
	free(argv);
	return patches;
}

/* -- -X ours, -X theirs --------------------------------------------------- */

/* The last one counts; other values of -X are about something else. */
static void favor_by(enum mv_merge_favor *favor, const char *value)
{
	if (!strcmp(value, "ours"))
		*favor = MV_FAVOR_OURS;
	else if (!strcmp(value, "theirs"))
		*favor = MV_FAVOR_THEIRS;
}

enum mv_merge_favor asker_favor_of(size_t argc, const char *const *argv)
{
	static const char *const noting[] = {
		"rebase", "cherry-pick", "revert", NULL
	};
	static const char longer[] = "--strategy-option";
	const size_t len = sizeof(longer) - 1;
	size_t i;
	const char *command = command_of(&i, argc, argv);
	enum mv_merge_favor favor = MV_FAVOR_NONE;

	if (!command)
		return MV_FAVOR_NONE;
	for (; i < argc && strcmp(argv[i], "--"); i++) {
		const char *a = argv[i];

		if ((!strcmp(a, "-X") || !strcmp(a, longer)) && i + 1 < argc)
			favor_by(&favor, argv[++i]);
		else if (!strncmp(a, "-X", 2))
			favor_by(&favor, a + 2);
		else if (!strncmp(a, longer, len) && a[len] == '=')
			favor_by(&favor, a + len + 1);
		else if (!strncmp(command, "merge-", 6) &&
			 !strncmp(a, "--", 2))
			favor_by(&favor, a + 2);
	}
	return favor == MV_FAVOR_NONE && is_one_of(command, noting) ?
	       MV_FAVOR_NOTED : favor;
}

enum mv_merge_favor asker_favor_find(void)
{
	const char **argv = calloc(ARGS_MAX, sizeof(*argv));
	char *text = malloc(TEXT_MAX);
	enum mv_merge_favor favor = MV_FAVOR_NONE;
	size_t argc;

	if (argv && text && (argc = git_above(argv, text)))
		favor = asker_favor_of(argc, argv);
	free(text);
	free(argv);
	return favor;
}
