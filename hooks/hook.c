/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/opt.h"
#include "cmd/out.h"
#include "hooks/turn.h"
#include "hooks/within.h"
#include "libmv/base/config.h"
#include "libmv/base/time.h"
#include "libmv/git/config.h"
#include "libmv/hook/hook.h"
#include "libmv/repo/repo.h"
#include "libmv/setup/setup.h"
#include "libmv/transfer/lfs.h"
#include "libmv/transfer/transfer.h"
#include "libmv/work/work.h"

/*
 * Git calls .git/hooks/<name>, whose three lines call this: first the hook
 * that stood there before ours, then what we have to do ourselves.
 */
static const char *const usage[] = {
	"git model hook [--alone] <name> [<args>...]",
	NULL
};

#define INPUT_MAX ((size_t)256 << 20)
/*
 * Set while a chained hook runs, to what it runs for: it may lead back to us,
 * and once is enough; but a push that it makes itself is another one.
 */
#define RUNNING "GIT_MODEL_HOOK"

struct event {
	struct cmd_env *env;
	struct mv_repo *repo;
	const char *name;
	const char **argv;	/* of the hook, behind its name */
	struct mv_buf in;	/* its standard input */
	struct mv_within_work within;	/* of pre-receive */
	pid_t parent;		/* whoever runs the hook */
	char id[40];		/* of this event */
};

static void hook_warn(void *payload, const char *message)
{
	(void)payload;
	out_warn("%s", message);
}

/* -- the hook before ours ------------------------------------------------- */

static void identify(struct event *e)
{
	uint64_t sum = mv_checksum64(e->in.data, e->in.len, 0);

	for (const char **arg = e->argv; *arg; arg++)
		sum = mv_checksum64(*arg, strlen(*arg) + 1, sum);
	snprintf(e->id, sizeof(e->id), "%s:%016llx", e->name,
		 (unsigned long long)sum);
}

static int is_running(const struct event *e)
{
	const char *running = getenv(RUNNING);

	return running && !strcmp(running, e->id);
}

/*
 * pre-commit, installed again on top of us, runs us as its "legacy" hook;
 * its former self, which we chain, would then call itself for ever.
 */
static int is_below_itself(const char *path)
{
	struct mv_buf text;
	int yes;

	if (!getenv("PRE_COMMIT_RUNNING_LEGACY"))
		return 0;
	mv_buf_init(&text, (size_t)1 << 20);
	yes = !mv_read_file(&text, path, NULL) &&
	      strstr(text.data, "pre-commit.com");
	mv_buf_release(&text);
	return yes;
}

static int run_chained(struct event *e, int *status, struct mv_err *err)
{
	struct mv_proc_env env = e->env->proc;
	const char *argv[16] = { NULL };
	char *path = NULL;
	int ended = 0;
	int rc = mv_setup_hook_chained(&path, e->repo, e->name, err);

	if (rc == MV_ENOENT || (!rc && is_below_itself(path))) {
		free(path);
		return 0;
	}
	argv[0] = path;
	for (size_t n = 1; n < 15 && e->argv[n - 1]; n++)
		argv[n] = e->argv[n - 1];
	if (!rc && setenv(RUNNING, e->id, 1))
		rc = mv_nomem(err);
	env.env = environ;
	if (!rc)
		rc = mv_proc_run_hook(&ended, argv, &env, e->in.data, e->in.len,
				      NULL, err);
	unsetenv(RUNNING);
	if (!rc && ended)
		*status = CMD_NO;
	free(path);
	return rc;
}

/* -- what we do ----------------------------------------------------------- */

/* -n, alone or among other letters, up to one that takes a value; --dry-run,
   or as much of it as git needs. */
static int is_dry(const char *arg)
{
	size_t len = strlen(arg);

	if (arg[0] != '-' || len < 2)
		return 0;
	if (arg[1] == '-')
		return len >= 4 && !strncmp("--dry-run", arg, len);
	return memchr(arg + 1, 'n', strcspn(arg + 1, "o")) != NULL;
}

/*
 * Git calls this hook in a dry run, too, and does not say so. Its command line
 * does, where it is the one that called us and no alias stands in between.
 */
static int is_dry_run(void)
{
	char path[64], text[16 * 1024];
	size_t len = 0;
	int dry = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/cmdline", (long)getppid());
	f = fopen(path, "re");
	if (f) {
		len = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	text[len] = '\0';
	for (size_t i = 0; i < len && !dry && strcmp(text + i, "--");
	     i += strlen(text + i) + 1)
		dry = is_dry(text + i);
	return dry;
}

/* -- what is pushed, judged ----------------------------------------------- */

static void reason(void *payload, int warning, const char *message)
{
	(void)payload;
	if (warning)
		out_warn("%s", message);
	else
		out_error("%s", message);
}

/* Advice, so it never stops a push: the server decides, and what is pushed
   past this hook would leave its content behind. */
static void advise(struct event *e)
{
	struct mv_receive ask = {
		.now = mv_now_ms(), .clock = mv_now_ms, .tell = reason
	};
	const char *remote = e->argv[0] ? e->argv[0] : "";
	struct mv_ref_updates updates;
	struct mv_err err;
	int rc = mv_hook_updates_parse(&updates, e->in.data, e->in.len, 1,
				       &err);

	if (rc)
		return;	/* the upload reads it again, and says so */
	rc = mv_git_config(&ask.pusher, mv_repo_git(e->repo), "user.email",
			   &err);
	if (!rc)
		rc = mv_hook_advise_push(e->repo, remote, updates.v,
					 updates.count, &ask, &err);
	mv_hook_updates_release(&updates);
	if (rc == MV_EDENIED)
		out_hint("this is advice, by what was last fetched: the push "
			 "goes on, and the server decides");
	else if (rc)
		out_warn("what you push was not judged here: %s", err.msg);
}

static int is_text(const char *s)
{
	return s && *s;
}

/*
 * Who pushes? A certificate that git checked; else what the transport says,
 * which is as good as the machine's own set-up.
 */
static char *find_pusher(void)
{
	static const char *const claims[] = {
		"REMOTE_USER", "GL_USER", "GITEA_PUSHER_EMAIL"
	};
	const char *status = getenv("GIT_PUSH_CERT_STATUS");
	const char *nonce = getenv("GIT_PUSH_CERT_NONCE_STATUS");
	const char *signer = getenv("GIT_PUSH_CERT_SIGNER");

	if (status && !strcmp(status, "G") && nonce && !strcmp(nonce, "OK") &&
	    is_text(signer)) {
		const char *open = strrchr(signer, '<');

		return open ? strndup(open + 1, strcspn(open + 1, ">")) :
			      strdup(signer);
	}
	for (size_t i = 0; i < sizeof(claims) / sizeof(*claims); i++)
		if (is_text(getenv(claims[i])))
			return strdup(getenv(claims[i]));
	if (is_text(getenv("SSH_CONNECTION")) && is_text(getenv("LOGNAME")))
		return strdup(getenv("LOGNAME"));
	return NULL;
}

static int receive(struct event *e,
		   int (*judge)(struct mv_repo *repo,
				const struct mv_ref_update *updates,
				size_t count, const struct mv_receive *ask,
				struct mv_err *err), struct mv_err *err)
{
	char *pusher = find_pusher();
	struct mv_receive ask = {
		.pusher = pusher, .now = mv_now_ms(), .clock = mv_now_ms,
		.tell = reason
	};
	struct mv_ref_updates updates;
	int rc = mv_hook_updates_parse(&updates, e->in.data, e->in.len, 0, err);

	if (!rc) {
		rc = judge(e->repo, updates.v, updates.count, &ask, err);
		mv_hook_updates_release(&updates);
	}
	free(pusher);
	return rc;
}

/* What is seen here must be what is there when this push's refs move. */
static int judge_in_turn(struct event *e, struct mv_turn *turn,
			 struct mv_err *err)
{
	int64_t ms, landing;
	char *path = NULL;
	int rc = mv_hook_receive_limit(&ms, e->repo, err);

	if (!rc)
		rc = mv_hook_receive_turn(&path, &landing, e->repo, err);
	if (!rc)
		rc = mv_turn_take(turn, path, ms, err);
	if (!rc)
		rc = mv_within_limit(&e->within, ms, err);
	if (!rc)
		rc = receive(e, mv_hook_pre_receive, err);
	if (!rc)
		rc = mv_turn_keep(turn, mv_turn_find_pack(e->parent), landing,
				  err);
	free(path);
	return rc;
}

/* Any error is a no. */
static int pre_receive(struct event *e)
{
	struct mv_turn turn = MV_TURN_INIT;
	struct mv_err err;
	int rc = judge_in_turn(e, &turn, &err);

	mv_turn_drop(&turn);
	if (rc)
		out_error("git-model refuses this push: %s", err.msg);
	return rc ? CMD_NO : CMD_OK;
}

/* What git has taken stays taken: only a receipt is missing then. */
static int post_receive(struct event *e)
{
	struct mv_err err;
	int64_t landing;
	char *path;

	if (receive(e, mv_hook_post_receive, &err))
		out_warn("no receipt was written: %s", err.msg);
	if (!mv_hook_receive_turn(&path, &landing, e->repo, NULL)) {
		mv_turn_over(path, mv_turn_find_pack(e->parent));
		free(path);
	}
	return CMD_OK;
}

static int pre_push(struct event *e)
{
	const char *remote = e->argv[0] ? e->argv[0] : "";
	const char *url = *remote && e->argv[1] ? e->argv[1] : remote;
	struct mv_transfer_stats stats;
	struct mv_err err;
	char size[32];
	int rc;

	if (is_dry_run()) {
		out_note("git-model: a dry run, so no content is uploaded");
		return CMD_OK;
	}
	advise(e);
	rc = mv_hook_pre_push(e->repo, remote, url, e->in.data, e->in.len,
			      &stats, &err);
	if (rc == MV_EDENIED) {
		out_error("nothing is pushed: %s", err.msg);
		return CMD_NO;
	}
	if (rc) {
		out_error("the content of what you push could not be uploaded,"
			  " so nothing is pushed: %s", err.msg);
		out_hint("`git push --no-verify` pushes the pointers alone; "
			 "`git model push` uploads later");
		return CMD_NO;
	}
	if (mv_transfer_lfs_check_locks(e->repo, remote, url, e->in.data,
					e->in.len, &err)) {
		out_error("%s", err.msg);
		return CMD_NO;
	}
	if (stats.contents)
		out_note("git-model: uploaded %llu content%s, %s new",
			 (unsigned long long)stats.contents,
			 stats.contents == 1 ? "" : "s",
			 mv_print_size(size, stats.tx.new_stored));
	return CMD_OK;
}

static void hook_refuse(void *payload, const char *path, const char *why)
{
	unsigned *refused = payload;

	++*refused;
	out_error("'%s': %s", path, why);
}

/* What else there is, by kind. */
static void hook_look(void *payload, enum mv_commit_kind kind, const char *path,
		      const char *why)
{
	unsigned *seen = payload;

	++seen[kind];
	if (kind == MV_COMMIT_PLAIN || kind == MV_COMMIT_TEMPORARY)
		out_error("'%s': %s", path, why);
	else
		out_warn("'%s': %s", path, why);
}

static void hint(const unsigned *seen)
{
	if (seen[MV_COMMIT_STRAY] + seen[MV_COMMIT_BYTES])
		out_hint("`git model track <path>` and `git add "
			 ".gitattributes <path>` give it to git-model; if it "
			 "is meant, a line '<path> -filter' says so");
	if (seen[MV_COMMIT_TEMPORARY])
		out_hint("`git rm -f <path>` takes it out and removes it");
	if (seen[MV_COMMIT_RAW])
		out_hint("`git add --renormalize <path>`, or `git model add "
			 "<path>`, puts a pointer in its place");
	if (seen[MV_COMMIT_PLAIN])
		out_hint("`git model track` lists the patterns; take the one "
			 "that is too wide away with `git model untrack`, "
			 "and `git add` the file again");
}

static int pre_commit(struct event *e)
{
	unsigned seen[MV_COMMIT_RAW + 1] = { 0 };
	unsigned refused = 0;
	struct mv_err err;

	if (mv_work_look_at_commit(e->repo, hook_look, seen, &err) ||
	    mv_hook_pre_commit(e->repo, hook_refuse, &refused, &err))
		return out_fatal(&err);
	hint(seen);
	if (!refused)
		return seen[MV_COMMIT_PLAIN] || seen[MV_COMMIT_TEMPORARY] ?
			       CMD_NO : CMD_OK;
	out_hint("`git model add <path>` stages a pointer in its place; "
		 "`git rm --cached <path>` leaves it out");
	out_hint("`git commit --no-verify` commits it as it is");
	return CMD_NO;
}

static const struct action {
	const char *name;
	int (*run)(struct event *e);
	int reads;	/* does git say something on standard input? */
	int judges;	/* on a server, where nobody is to be believed */
	int bounded;	/* is ended when it takes too long */
	/* A chained hook runs behind us: others wait as long as we have not
	   done our part, and it may push something itself. */
	int first;
} actions[] = {
	{ "pre-push", pre_push, 1, 0, 0, 0 },
	{ "pre-commit", pre_commit, 0, 0, 0, 0 },
	{ "pre-receive", pre_receive, 1, 1, 1, 0 },
	{ "post-receive", post_receive, 1, 1, 0, 1 },
};

static const struct action *hook_find(const char *name)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		if (!strcmp(actions[i].name, name))
			return &actions[i];
	return NULL;
}

static int read_input(struct mv_buf *in, struct mv_err *err)
{
	char block[16 * 1024];
	int fd = 0;
	struct mv_reader r = mv_reader_fd(&fd);
	size_t got = 1;
	int rc = 0;

	while (!rc && got) {
		rc = mv_read_full(&r, block, sizeof(block), &got, err);
		if (!rc && mv_buf_add(in, block, got))
			rc = mv_nomem(err);
	}
	return rc;
}

static int happen(struct event *e, const struct action *action, int alone)
{
	struct mv_repo_options options = {
		.env = e->env->proc, .progress = e->env->meter, .warn = hook_warn
	};
	int status = CMD_OK;
	struct mv_err err;
	int rc = 0;

	if (action->bounded) {
		switch (mv_within_begin(&e->within, &status, &err)) {
		case MV_WITHIN_WORK:
			break;
		case MV_WITHIN_DONE:
			return status;
		case MV_WITHIN_LATE:
			out_error("git-model refuses this push: judging it "
				  "took more than model.receiveTimeout "
				  "allows; push less at once");
			return CMD_NO;
		case MV_WITHIN_FAILED:
			return out_fatal(&err);
		}
	}
	if (action->reads)
		rc = read_input(&e->in, &err);
	identify(e);
	if (!rc && is_running(e)) {
		/* A variable alone must not switch a judge off. */
		if (!action->judges)
			return CMD_OK;
		alone = 1;
	}
	if (!rc)
		rc = mv_repo_open(&e->repo, &options, &err);
	if (!rc && action->first)
		status = action->run(e);
	if (!rc && !alone)
		rc = run_chained(e, &status, &err);
	if (rc)
		return out_fatal(&err);
	return status || action->first ? status : action->run(e);
}

int cmd_hook(int argc, const char **argv, struct cmd_env *env)
{
	struct event e = { .env = env, .parent = getppid() };
	const struct action *action;
	int alone = 0, status;
	const struct opt opts[] = {
		OPT_BOOL(0, "alone", &alone,
			 "do not run the hook that was there before"),
		OPT_END
	};

	argc = opt_parse_sub(argc, argv, opts, usage);
	if (opt_count(argc, argv, 1, OPT_ANY, opts, usage))
		return CMD_USAGE;
	action = hook_find(argv[0]);
	if (!action)
		return opt_usage_error(opts, usage, "git-model does nothing at "
				       "'%s'", argv[0]);
	e.name = action->name;
	e.argv = argv + 1;
	mv_buf_init(&e.in, INPUT_MAX);
	status = happen(&e, action, alone);
	mv_repo_close(e.repo);
	mv_buf_release(&e.in);
	return status;
}
