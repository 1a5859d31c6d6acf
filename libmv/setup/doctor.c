/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "libmv/base/config.h"
#include "libmv/git/git.h"
#include "libmv/git/notes.h"
#include "libmv/git/refs.h"
#include "libmv/meta/ledger.h"
#include "libmv/meta/project.h"
#include "libmv/repo/repo.h"
#include "libmv/setup/priv.h"
#include "libmv/subject/subject.h"

/*
 * One function per question. A question that cannot be answered is a
 * finding, never the end: the others still help.
 */
#define LOOK_LIMIT_MS (30 * 1000)	/* for programs that say what they are */

/* -- git itself ----------------------------------------------------------- */

static int run_git(const struct checks *c, const char *const *args,
		   struct mv_buf *out)
{
	const char *argv[12] = { c->git };
	struct mv_buf errout;
	size_t n = 1;
	int status = 0, rc;

	while (*args && n < 11)
		argv[n++] = *args++;
	mv_buf_init(&errout, 4096);
	rc = mv_proc_run_for(LOOK_LIMIT_MS, &status, argv, c->dir, c->env,
			     NULL, 0, out, &errout, NULL);
	mv_buf_release(&errout);
	return rc || status ? -1 : 0;
}

static void check_git(const struct checks *c)
{
	static const char *const args[] = { "version", NULL };
	int major = 0, minor = 0;
	struct mv_buf out;

	mv_buf_init(&out, 4096);
	if (run_git(c, args, &out) ||
	    sscanf(out.data, "git version %d.%d", &major, &minor) != 2)
		say(c, MV_DOCTOR_WARN, "git", NULL,
		    "its version cannot be told");
	else if (major < 2 || (major == 2 && minor < 31))
		say(c, MV_DOCTOR_BAD, "git", "install git 2.31 or later",
		    "version %d.%d is too old", major, minor);
	else
		say(c, MV_DOCTOR_OK, "git", NULL, "version %d.%d%s", major,
		    minor, major > 2 || minor >= 43 ? "" : " (before 2.43, git"
		    " status reads files of exactly 4, 8, 12 ... GiB again "
		    "each time)");
	mv_buf_release(&out);
}

/* -- configuration -------------------------------------------------------- */

static int config_has(const struct checks *c, const char *key,
		      const char *wanted)
{
	size_t len = strlen(key), pos = 0;

	while (pos < c->config.len) {
		const char *entry = c->config.data + pos;

		if (!strncasecmp(entry, key, len) && entry[len] == '\n' &&
		    !strcmp(entry + len + 1, wanted))
			return 1;
		pos += strlen(entry) + 1;
	}
	return 0;
}

/* "'/x/git-model' filter-process", with the program there? */
static int calls_program(const char *value, const char *args)
{
	size_t len = strlen(value), n = strlen(args);
	char *path;
	int yes;

	if (len < n + 4 || strcmp(value + len - n, args) ||
	    strncmp(value + len - n - 2, "' ", 2) || *value != '\'')
		return 0;
	path = strndup(value + 1, len - n - 3);
	yes = path && *path == '/' && !strchr(path, '\'') &&
	      !access(path, X_OK);
	free(path);
	return yes;
}

static int setting_holds(const struct checks *c, const struct mv_setting *s,
			 const char *value)
{
	char *wanted;
	int yes;

	if (s->several)
		return config_has(c, s->key, s->value);
	if (!value)
		return 0;
	if (!s->calls_us)
		return !strcmp(value, s->value);
	wanted = mv_strf("%s %s", c->word, s->value);
	yes = wanted && !strcmp(value, wanted);
	free(wanted);
	return yes || calls_program(value, s->value);
}

static void tell_setting(const struct checks *c, const struct mv_setting *s,
			 const char *value)
{
	const int bare = mv_setup_doctor_is_bare(c);
	const int wrong = value && !s->several;
	char *mend = wrong ? mv_setup_doctor_mend(c, s->key) : NULL;

	say(c, s->several || bare ? MV_DOCTOR_WARN : MV_DOCTOR_BAD,
	    "configuration", mend ? mend : "git model install",
	    "%s is %s%s%s%s", s->key, wrong ? "'" : "not set",
	    wrong ? value : "", wrong ? "'" : "",
	    bare ? " (here git archive and git log -p want it)" : "");
	free(mend);
}

static void check_settings(const struct checks *c)
{
	int good = 1;

	for (const struct mv_setting *s = mv_settings; s->key; s++) {
		const char *value = mv_setup_doctor_config(c, s->key);

		if (s->lfs || setting_holds(c, s, value))
			continue;
		good = 0;
		tell_setting(c, s, value);
	}
	if (good)
		say(c, MV_DOCTOR_OK, "configuration", NULL,
		    "filter, diff and merge driver are set");
}

/* Each has its own command: they are causes of their own. */
static void say_value(const struct checks *c, const char *key,
		      const char *why)
{
	char mend[128];

	snprintf(mend, sizeof(mend), "git config %s VALUE", key);
	say(c, MV_DOCTOR_BAD, "configuration", mend, "%s: %s", key, why);
}

/* Values that would stop a command half way. */
static void check_values(const struct checks *c)
{
	static const char *const sizes[] = { "model.smudgeLimit",
					     "model.threads",
					     "model.warnAbove" };
	struct mv_err err;
	const char *value;
	uint64_t size;
	int64_t time;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		if ((value = mv_setup_doctor_config(c, sizes[i])) &&
		    mv_parse_size(&size, value, &err))
			say_value(c, sizes[i], err.msg);
	value = mv_setup_doctor_config(c, "model.lockTimeout");
	if (value && mv_parse_duration(&time, value, &err))
		say_value(c, "model.lockTimeout", err.msg);
}

/* All that keeps commands from reading it. */
static void check_team_file(const struct checks *c)
{
	struct mv_project project = { 0 };
	struct mv_err err;
	uint64_t limit;
	int rc;

	rc = mv_repo_team_limit(&limit, c->repo, &err);
	if (!rc)
		rc = mv_subject_project(&project, c->repo, NULL, &err);
	if (rc)
		say(c, MV_DOCTOR_BAD, "configuration", "edit it", "%s",
		    err.msg);
	mv_project_release(&project);
}

/* -- the program ---------------------------------------------------------- */

static int version_of(const struct checks *c, const char *program,
		      struct mv_buf *out)
{
	const char *argv[] = { program, "version", NULL };
	int status = 0;

	return mv_proc_run_for(LOOK_LIMIT_MS, &status, argv, NULL, c->env,
			       NULL, 0, out, NULL, NULL) || status ? -1 : 0;
}

static void compare_programs(const struct checks *c, const char *found)
{
	struct mv_buf theirs, ours;

	mv_buf_init(&theirs, 4096);
	mv_buf_init(&ours, 4096);
	if (version_of(c, found, &theirs) ||
	    version_of(c, c->doctor->program, &ours))
		say(c, MV_DOCTOR_BAD, "program", "install it again",
		    "'%s' cannot be run", found);
	else if (strcmp(theirs.data, ours.data))
		say(c, MV_DOCTOR_BAD, "program", "remove one of the two",
		    "git will call '%s', which is another version than this "
		    "('%s')", found, c->doctor->program);
	else
		say(c, MV_DOCTOR_OK, "program", NULL, "'%s' is of the same "
		    "version as this one", found);
	mv_buf_release(&theirs);
	mv_buf_release(&ours);
}

static void check_program(const struct checks *c)
{
	const char *process = mv_setup_doctor_config(c, "filter.model.process");
	char *found = NULL, *real;

	if (mv_proc_find(&found, "git-model", c->env->search_path, NULL)) {
		if (process && calls_program(process, "filter-process"))
			say(c, MV_DOCTOR_OK, "program", NULL, "not on PATH; "
			    "git calls it by its path");
		else
			say(c, mv_setup_doctor_is_bare(c) ? MV_DOCTOR_WARN :
			    MV_DOCTOR_BAD, "program", "put its folder on "
			    "PATH, or run git model install by its path",
			    "git-model is not on PATH");
		return;
	}
	real = realpath(found, NULL);
	if (real && !strcmp(real, c->doctor->program))
		say(c, MV_DOCTOR_OK, "program", NULL, "'%s'", found);
	else
		compare_programs(c, found);
	free(real);
	free(found);
}

/* -- things to know ------------------------------------------------------- */

static int exists_in(const char *dir, const char *name)
{
	char *path = mv_path_join(dir, name);
	int yes = path && !access(path, F_OK);

	free(path);
	return yes;
}

static void check_kind(const struct checks *c)
{
	const struct mv_git_info *info = c->repo->info;
	const char *refs = mv_setup_doctor_config(c, "extensions.refStorage");

	if (info->sha256)
		say(c, MV_DOCTOR_OK, "repository", NULL, "SHA-256 object names;"
		    " objects are read through the git program");
	if (refs && !strcmp(refs, "reftable"))
		say(c, MV_DOCTOR_OK, "repository", NULL, "reftable; objects "
		    "are read through the git program");
	if (exists_in(info->common_dir, "shallow"))
		say(c, MV_DOCTOR_OK, "repository", NULL, "shallow: gc and du "
		    "know only the commits that are here");
	if (mv_setup_doctor_config(c, "extensions.partialClone"))
		say(c, MV_DOCTOR_OK, "repository", NULL, "partial clone: "
		    "pointers that git has not fetched are not counted");
	if (mv_setup_doctor_is_yes(mv_setup_doctor_config(c,
							  "core.splitIndex")))
		say(c, MV_DOCTOR_OK, "repository", NULL, "split index: after "
		    "a checkout git status may read a large file once");
	if (mv_setup_doctor_is_yes(mv_setup_doctor_config(c,
							  "core.sparseCheckout")))
		say(c, MV_DOCTOR_OK, "repository", NULL, "sparse checkout: "
		    "only files inside it are written");
}

/* What nobody can read stops every command that reads records, and on a server
   each push that needs some. */
static void check_records(const struct checks *c)
{
	struct mv_git *git = mv_repo_git(c->repo);
	struct mv_err err;
	char tip[65];
	int rc = mv_git_ref_get(tip, git, MV_NOTES_REF, &err);

	/* A partial clone would fetch them, one by one. */
	if (!rc && mv_setup_doctor_config(c, "extensions.partialClone"))
		return;
	if (!rc)
		rc = mv_git_notes_check(git, tip, MV_NOTE_MAX, &err);
	else if (rc == MV_ENOENT)
		rc = 0;
	if (rc)
		say(c, MV_DOCTOR_BAD, "records", rc == MV_ECORRUPT ?
		    "git model fsck --repair" : NULL, MV_NOTES_REF ": %s",
		    err.msg);
}

static int doctor_begin(struct checks *c, struct mv_err *err)
{
	static const char *const args[] = { "config", "--null", "--list",
					    NULL };
	int rc = mv_proc_find(&c->git, "git", c->env->search_path, err);

	if (!rc)
		rc = mv_setup_word(&c->word, c->doctor->program, c->env, err);
	if (!rc && run_git(c, args, &c->config))
		rc = mv_fail(err, MV_EINVALID, "git cannot read its own "
			     "configuration; git config --list says where");
	return rc;
}

int mv_setup_doctor(struct mv_repo *repo, const struct mv_proc_env *env,
		    const struct mv_doctor *doctor, struct mv_err *err)
{
	struct checks c = {
		.doctor = doctor, .env = env, .repo = repo,
		.dir = repo ? repo->info->dir : NULL
	};
	int rc;

	mv_buf_init(&c.config, (size_t)64 << 20);
	rc = doctor_begin(&c, err);
	if (rc)
		goto out;
	check_git(&c);
	check_program(&c);
	check_settings(&c);
	check_values(&c);
	if (repo) {
		check_team_file(&c);
		mv_setup_doctor_hooks(&c);
		check_kind(&c);
		check_records(&c);
		mv_setup_doctor_store(&c);
		mv_setup_doctor_remotes(&c);
	}
	if (repo && repo->info->work_tree)
		mv_setup_doctor_work_tree(&c);
out:
	mv_buf_release(&c.config);
	free(c.git);
	free(c.word);
	return rc;
}
