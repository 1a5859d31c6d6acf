/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/opt.h"
#include "cmd/out.h"
#include "libmv/base/asset.h"
#include "libmv/base/json.h"
#include "libmv/base/worktree.h"
#include "libmv/git/git.h"
#include "libmv/look/look.h"
#include "libmv/repo/repo.h"

static const char *const usage[] = {
	"git model ci init [--force | --stdout] github|gitlab|jenkins",
	"git model ci fetch [<options>] [<base> [<head>]]",
	NULL
};

MV_ASSET(ci_github, "docs/ci/github.yml");
MV_ASSET(ci_gitlab, "docs/ci/gitlab-ci.yml");
MV_ASSET(ci_jenkins, "docs/ci/Jenkinsfile");

static const struct host {
	const char *name, *path, *data, *end;
	const char *elsewhere;	/* what to do when the file is there */
} hosts[] = {
	{ "github", ".github/workflows/git-model.yml", ci_github,
	  ci_github_end, "save it under another name there" },
	{ "gitlab", ".gitlab-ci.yml", ci_gitlab, ci_gitlab_end,
	  "save it as .gitlab/git-model.yml and include that" },
	{ "jenkins", "Jenkinsfile", ci_jenkins, ci_jenkins_end,
	  "take its stage over into yours" },
};
enum { HOSTS = sizeof(hosts) / sizeof(hosts[0]) };

struct options {
	int force, to_stdout, whole, json;
	const char *remote;
	unsigned max_depth;
};

/* -- init ----------------------------------------------------------------- */

static int write_host(int rootfd, const struct host *host, int force,
		      struct mv_err *err)
{
	struct stat st;
	int fd = -1;
	int rc = mv_wt_open_read(&fd, &st, rootfd, host->path, err);

	if (!rc)
		close(fd);
	if (!rc && !force)
		return mv_fail(err, MV_EEXISTS, "'%s' is there already; "
			       "overwrite it by --force, or take what --stdout "
			       "prints and %s", host->path, host->elsewhere);
	if (rc && rc != MV_ENOENT)
		return rc;
	return mv_wt_write(rootfd, host->path, 0, host->data,
			   (size_t)(host->end - host->data), err);
}

static int init(const char *name, const struct options *o, struct cmd_env *env)
{
	const char *top = mv_git_info(mv_repo_git(env->repo))->work_tree;
	const struct host *host = hosts;
	struct mv_err err;
	int rootfd, rc;

	while (strcmp(host->name, name))
		host++;
	if (o->to_stdout) {
		out_bytes(host->data, (size_t)(host->end - host->data));
		return CMD_OK;
	}
	if (!top)
		return out_fatalf("git model ci init needs a work tree, and "
				  "there is none here; see --stdout");
	rootfd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (rootfd < 0)
		return out_fatalf("cannot open '%s': %s", top,
				  strerror(errno));
	rc = write_host(rootfd, host, o->force, &err);
	close(rootfd);
	if (rc)
		return out_fatal(&err);
	out_line("wrote %s", host->path);
	out_hint("fill in GIT_MODEL_URL and GIT_MODEL_REV there, and commit it");
	return CMD_OK;
}

/* -- fetch ---------------------------------------------------------------- */

static struct mv_json *hex_or_null(const char *hex)
{
	return *hex ? mv_json_str(hex) : mv_json_null();
}

static int ci_print_json(const struct mv_ci_fetched *f)
{
	struct mv_json *top = mv_json_object();

	mv_json_set(top, "remote", mv_json_str(f->remote));
	mv_json_set(top, "base", hex_or_null(f->base));
	mv_json_set(top, "head", hex_or_null(f->head));
	mv_json_set(top, "merge_base", hex_or_null(f->merge_base));
	mv_json_set(top, "tags", mv_json_int((int64_t)f->tags));
	mv_json_set(top, "differing_tags", mv_json_int((int64_t)f->differing));
	mv_json_set(top, "records", mv_json_bool(f->records));
	mv_json_set(top, "commits", mv_json_int(f->commits));
	mv_json_set(top, "deepened", mv_json_int(f->deepened));
	mv_json_set(top, "shallow", mv_json_bool(f->shallow));
	return out_json(top);
}

static void print_text(const struct mv_ci_fetched *f)
{
	if (*f->base)
		out_line("base %.12s and head %.12s parted at %.12s",
			 f->base, f->head, f->merge_base);
	if (f->tags || f->records || f->commits || f->deepened)
		out_line("fetched from '%s': %s, %zu tag%s; history is %s",
			 f->remote, f->records ? "records" : "no new records",
			 f->tags, f->tags == 1 ? "" : "s",
			 f->shallow ? "cut off further back" : "complete");
	else
		out_line("everything was here");
}

static int fetch(const char *base, const char *head, const struct options *o,
		 struct cmd_env *env)
{
	const struct mv_ci_fetch ask = {
		.remote = o->remote, .base = base, .head = head,
		.max_depth = o->max_depth, .whole = o->whole, .tell = out_tell
	};
	struct mv_ci_fetched f;
	struct mv_err err;
	int status = CMD_OK;

	if (mv_look_ci_fetch(&f, env->repo, &ask, &err))
		return out_fatal(&err);
	if (o->json)
		status = ci_print_json(&f);
	else
		print_text(&f);
	mv_look_ci_fetched_release(&f);
	return status;
}

/* -- the command ---------------------------------------------------------- */

static int is_host(const char *name)
{
	for (size_t i = 0; i < HOSTS; i++)
		if (!strcmp(hosts[i].name, name))
			return 1;
	return 0;
}

int cmd_ci(int argc, const char **argv, struct cmd_env *env)
{
	struct options o = { .remote = NULL };
	const struct opt opts[] = {
		OPT_BOOL(0, "force", &o.force, "init: overwrite the file"),
		OPT_BOOL(0, "stdout", &o.to_stdout,
			 "init: print it, and write nothing"),
		OPT_STRING(0, "remote", &o.remote, "remote",
			   "fetch: from this remote or URL"),
		OPT_UINT(0, "max-depth", &o.max_depth, "n",
			 "fetch: deepen history by at most so many commits"),
		OPT_BOOL(0, "unshallow", &o.whole,
			 "fetch: all of history"),
		OPT_JSON(&o.json),
		OPT_END
	};

	argc = opt_parse(argc, argv, opts, usage);
	if (opt_count(argc, argv, 1, OPT_ANY, opts, usage))
		return CMD_USAGE;
	if (!strcmp(argv[0], "init")) {
		if (o.remote || o.max_depth || o.whole || o.json)
			return opt_usage_error(opts, usage, "that option is "
					       "for fetch");
		if (opt_count(argc, argv, 2, 2, opts, usage))
			return CMD_USAGE;
		if (!is_host(argv[1]))
			return opt_usage_error(opts, usage, "'%s' is none of "
					       "github, gitlab and jenkins",
					       argv[1]);
		if (o.force && o.to_stdout)
			return opt_usage_error(opts, usage, "either --force "
					       "or --stdout");
		return init(argv[1], &o, env);
	}
	if (strcmp(argv[0], "fetch"))
		return opt_usage_error(opts, usage, "'%s' is neither init nor "
				       "fetch", argv[0]);
	if (o.force || o.to_stdout)
		return opt_usage_error(opts, usage, "that option is for init");
	if (opt_count(argc, argv, 0, 3, opts, usage))
		return CMD_USAGE;
	return fetch(argc > 1 ? argv[1] : NULL, argc > 2 ? argv[2] : NULL, &o,
		     env);
}
