/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/interrupt.h"
#include "cmd/opt.h"
#include "cmd/out.h"
#include "libmv/base/near.h"
#include "libmv/git/git.h"
#include "libmv/repo/repo.h"

/*
 * Every command there is, in the order in which help shows them. A row
 * without a name is the heading of those below it. scripts/commands.sh reads
 * this: a row begins on one line with its name, function and flags.
 */
static const struct command {
	const char *name;
	int (*run)(int argc, const char **argv, struct cmd_env *env);
	unsigned flags;
	const char *summary;
} commands[] = {
	{ NULL, NULL, 0, "which files are ours" },
	{ "track", cmd_track, CMD_WORK_TREE,
	  "give files to git-model by a pattern, or list the patterns" },
	{ "untrack", cmd_untrack, CMD_WORK_TREE,
	  "take a pattern's files from git-model" },
	{ NULL, NULL, 0, "work with files" },
	{ "add", cmd_add, CMD_WORK_TREE,
	  "store files and stage their pointers" },
	{ "checkout", cmd_checkout, CMD_WORK_TREE,
	  "put content in the place of pointers in the work tree" },
	{ "inspect", cmd_inspect, 0, "show what is inside a model file" },
	{ "status", cmd_status, CMD_WORK_TREE,
	  "show which files changed, and which contents are missing" },
	{ "ls", cmd_ls, CMD_REPO, "list the files that are ours" },
	{ "du", cmd_du, CMD_REPO, "show what each version takes" },
	{ "cat", cmd_cat, CMD_REPO, "print a content" },
	{ NULL, NULL, 0, "what is known about content" },
	{ "record", cmd_record, CMD_REPO,
	  "write down params, metrics and data of a content" },
	{ "run", cmd_run, CMD_WORK_TREE,
	  "run a command, and record what it read and wrote" },
	{ "reproduce", cmd_reproduce, CMD_WORK_TREE,
	  "run it again elsewhere, and compare" },
	{ "import", cmd_import, CMD_REPO,
	  "bring in what MLflow, DVC and DVCLive know" },
	{ NULL, NULL, 0, "look at what is known" },
	{ "show", cmd_show, CMD_REPO | CMD_READS, "show what is known about an artifact" },
	{ "log", cmd_log, CMD_REPO | CMD_READS,
	  "show the versions of an artifact with their metrics" },
	{ "diff", cmd_diff, CMD_REPO | CMD_READS,
	  "show what got better, what got worse and what changed" },
	{ "compare", cmd_compare, CMD_REPO | CMD_READS,
	  "show a leaderboard over versions, branches and runs" },
	{ "plot", cmd_plot, CMD_REPO | CMD_READS,
	  "draw training curves, or metrics over versions" },
	{ "report", cmd_report, CMD_REPO,
	  "write pages of everything, or a comment for a pull request" },
	{ "lineage", cmd_lineage, CMD_REPO | CMD_READS,
	  "show what it was made of, and what of it" },
	{ "ci", cmd_ci, CMD_REPO,
	  "make a workflow for pull requests, and fetch what it needs" },
	{ NULL, NULL, 0, "versions and stages" },
	{ "register", cmd_register, CMD_REPO,
	  "make a version of an artifact, as a tag" },
	{ "deregister", cmd_deregister, CMD_REPO, "take a version back" },
	{ "deprecate", cmd_deprecate, CMD_REPO,
	  "say that an artifact should not be used any more" },
	{ "versions", cmd_versions, CMD_REPO | CMD_READS, "list versions" },
	{ "stages", cmd_stages, CMD_REPO | CMD_READS, "list what holds each stage" },
	{ "history", cmd_history, CMD_REPO | CMD_READS,
	  "list what was registered and assigned, newest first" },
	{ "which", cmd_which, CMD_REPO | CMD_READS,
	  "say which version a stage or name means" },
	{ NULL, NULL, 0, "decide what goes where" },
	{ "policy", cmd_policy, CMD_REPO,
	  "look at, check and try the rules" },
	{ "check", cmd_check, CMD_REPO,
	  "say whether the policy allows it, and why not" },
	{ "approve", cmd_approve, CMD_REPO,
	  "sign that a version may go to a stage" },
	{ "reject", cmd_reject, CMD_REPO,
	  "sign that it may not" },
	{ "revoke", cmd_revoke, CMD_REPO, "take back what you signed" },
	{ "override", cmd_override, CMD_REPO,
	  "sign that rules need not hold this time" },
	{ "promote", cmd_promote, CMD_REPO,
	  "give a version a stage, if the policy allows it" },
	{ "demote", cmd_demote, CMD_REPO, "take a version off a stage" },
	{ "rollback", cmd_rollback, CMD_REPO,
	  "give a stage back to what held it before" },
	{ "verify", cmd_verify, CMD_REPO,
	  "prove every promotion again, from this clone" },
	{ "audit", cmd_audit, CMD_REPO,
	  "list who did what, when, on what evidence" },
	{ NULL, NULL, 0, "move content" },
	{ "remote", cmd_remote, CMD_REPO, "say where content goes" },
	{ "push", cmd_push, CMD_REPO, "upload content" },
	{ "fetch", cmd_fetch, CMD_REPO, "download content" },
	{ "pull", cmd_pull, CMD_WORK_TREE, "fetch and checkout" },
	{ NULL, NULL, 0, "look after the store" },
	{ "fsck", cmd_fsck, CMD_REPO, "verify everything, and mend it" },
	{ "gc", cmd_gc, CMD_REPO, "drop what nothing points to" },
	{ NULL, NULL, 0, "about git-model itself" },
	{ "install", cmd_install, 0, "let git call git-model" },
	{ "doctor", cmd_doctor, 0,
	  "say what is wrong with the set-up, and how to mend it" },
	{ "uninstall", cmd_uninstall, 0, "let git call it no more" },
	{ "version", cmd_version, 0, "show the version" },
	{ "filter-process", cmd_filter_process, CMD_HIDDEN,
	  "clean and smudge, for git" },
	{ "diff-text", cmd_diff_text, CMD_HIDDEN, "content as text, for git" },
	{ "merge-driver", cmd_merge_driver, CMD_WORK_TREE | CMD_HIDDEN,
	  "merge three pointers, for git" },
	{ "hook", cmd_hook, CMD_HIDDEN, "what a hook does, for git" },
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_commands(void)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		const struct command *c = &commands[i];

		if (!c->name)
			out_raw("\n%s\n", c->summary);
		else if (!(c->flags & CMD_HIDDEN))
			out_raw("   %-10s %s\n", c->name, c->summary);
	}
}

static int help(void)
{
	out_raw("usage: git model [--version] [--help] <command> [<args>]\n\n"
		"Large models and datasets beside code in a git repository.\n");
	print_commands();
	out_raw("\n'git model <command> -h' shows a command's options and "
		"examples,\n'git model <command> --help' its manual.\n");
	return CMD_OK;
}

static int git_model_unknown(const char *name)
{
	struct mv_nearest near = MV_NEAREST_INIT(name);

	for (size_t i = 0; i < COMMANDS; i++)
		if (commands[i].name && !(commands[i].flags & CMD_HIDDEN))
			mv_nearest_try(&near, commands[i].name);
	out_error("'%s' is not a git model command; see 'git model help'",
		  name);
	if (!strcmp(name, "init"))
		out_hint("'git init' makes the repository, 'git model install' "
			 "lets git call git-model, and 'git model track "
			 "PATTERN' says which files are its own");
	else if (near.best)
		out_hint("did you mean 'git model %s'?", near.best);
	return CMD_USAGE;
}

static const struct command *git_model_find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (commands[i].name && !strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static void git_model_warn(void *payload, const char *message)
{
	(void)payload;
	out_warn("%s", message);
}

/* Whoever signs may be asked there, whatever the standard streams are. */
static int has_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int open_repo(struct cmd_env *env, const struct command *command,
		     struct mv_err *err)
{
	const struct mv_repo_options options = {
		.env = env->proc, .progress = env->meter, .warn = git_model_warn,
		.reads = (command->flags & CMD_READS) != 0,
		.attended = has_terminal()
	};
	const struct mv_git_info *info;
	int rc = mv_repo_open(&env->repo, &options, err);

	if (rc)
		return rc;
	info = mv_git_info(mv_repo_git(env->repo));
	env->prefix = info->prefix;
	if (command->flags & CMD_WORK_TREE && !info->work_tree)
		rc = mv_fail(err, MV_EINVALID, "git model %s needs a work "
			     "tree, and there is none here", command->name);
	return rc;
}

void cmd_allow_files(void)
{
	const rlim_t wanted = 20000;
	struct rlimit limit;
	int fd;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		return;
	fd = fcntl(2, F_DUPFD_CLOEXEC, (int)limit.rlim_cur - 1);
	if (fd >= 0)
		close(fd);
}

/* Help is given outside of a repository, too. */
static const char *wants_help(const char *const *argv)
{
	while (*++argv && strcmp(*argv, "--"))
		if (!strcmp(*argv, "-h") || !strcmp(*argv, "--help"))
			return *argv;
	return NULL;
}

static int run_in_repo(const struct command *command, int argc,
		       const char **argv, struct cmd_env *env)
{
	const char *help[] = { argv[0], wants_help(argv), NULL };
	struct interrupt interrupt;
	struct mv_err err;
	int status;

	/* Nothing but help: without a repository nothing else may run. */
	if (help[1])
		return command->run(2, help, env);
	if (open_repo(env, command, &err)) {
		status = out_fatal(&err);
	} else {
		cmd_allow_files();
		interrupt_begin(&interrupt, env->repo);
		env->interrupt = &interrupt;
		status = command->run(argc, argv, env);
		interrupt_end(&interrupt);
	}
	mv_repo_close(env->repo);
	return status;
}

static int run(const struct command *command, int argc, const char **argv)
{
	struct cmd_env env = { .prefix = "", .progress = isatty(2) };
	const struct opt_about about = { command->name, command->summary,
					 cmd_examples(command->name) };
	struct out_meter meter;
	int status;

	/* git's own note to the git in a submodule; any other git dies of it. */
	unsetenv("GIT_INTERNAL_SUPER_PREFIX");
	env.proc.search_path = getenv("PATH");
	env.proc.env = environ;
	opt_about(&about);
	out_meter_init(&meter, &env.progress);
	env.meter = &meter.progress;
	if (command->flags & (CMD_REPO | CMD_WORK_TREE))
		status = run_in_repo(command, argc, argv, &env);
	else
		status = command->run(argc, argv, &env);
	out_meter_release(&meter);
	return status;
}

static int is(const char *arg, const char *a, const char *b)
{
	return !strcmp(arg, a) || !strcmp(arg, b);
}

/* `help` and `help <command>`, which is `<command> --help`. */
static int dispatch_help(int argc, const char **argv)
{
	const char *args[] = { argc > 1 ? argv[1] : NULL, "--help", NULL };

	if (!args[0])
		return help();
	return git_model_find(args[0]) ? run(git_model_find(args[0]), 2,
					     args) : git_model_unknown(args[0]);
}

static int dispatch(int argc, const char **argv)
{
	const struct command *command;

	if (!argc) {
		help();
		return CMD_USAGE;
	}
	if (is(argv[0], "-h", "--help"))
		return help();
	if (!strcmp(argv[0], "help"))
		return dispatch_help(argc, argv);
	if (!strcmp(argv[0], "--version"))
		argv[0] = "version";
	command = git_model_find(argv[0]);
	return command ? run(command, argc, argv) : git_model_unknown(argv[0]);
}

/* `git model foo` runs `git-model foo`; `git-model-foo` is the same. */
int main(int argc, const char **argv)
{
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : argc ? argv[0] : "";

	/* Somebody who stops listening must not kill us half way. */
	signal(SIGPIPE, SIG_IGN);
	if (!strncmp(name, "git-model-", 10)) {
		argv[0] = name + 10;
	} else if (argc) {
		argc--;
		argv++;
	}
	return out_finish(dispatch(argc, argv));
}
