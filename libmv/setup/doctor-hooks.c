/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "libmv/gate/gate.h"
#include "libmv/git/git.h"
#include "libmv/git/refs.h"
#include "libmv/setup/priv.h"

/*
 * What acts in this very repository: which scope of the configuration has the
 * last word, which hooks are called, and which are needed by what it is.
 */

/* -- what it is ----------------------------------------------------------- */

static int has_worktrees(const char *common_dir)
{
	char *path = mv_path_join(common_dir, "worktrees");
	int yes = path && !access(path, F_OK);

	free(path);
	return yes;
}

int mv_setup_doctor_is_bare(const struct checks *c)
{
	const struct mv_git_info *info = c->repo ? c->repo->info : NULL;

	return info && !info->work_tree &&
	       mv_setup_doctor_is_yes(mv_setup_doctor_config(c, "core.bare")) &&
	       !has_worktrees(info->common_dir);
}

/* Is there a variable remote.<any name>.<what>? */
static int has_remote_with(const struct checks *c, const char *what)
{
	const char *entry = c->config.data;
	const char *end = entry + c->config.len;

	for (; entry < end; entry += strlen(entry) + 1) {
		size_t len = strcspn(entry, "\n"), n = strlen(what);

		if (len > n + 8 && !strncasecmp(entry, "remote.", 7) &&
		    entry[len - n - 1] == '.' &&
		    !strncasecmp(entry + len - n, what, n))
			return 1;
	}
	return 0;
}

int mv_setup_doctor_has_remote(const struct checks *c)
{
	return has_remote_with(c, "url");
}

/* A mirror without a refspec to fetch by is one that is pushed to. */
static int pushes_mirror(const struct checks *c)
{
	const char *entry = c->config.data;
	const char *end = entry + c->config.len;
	int yes = 0;

	for (; entry < end && !yes; entry += strlen(entry) + 1) {
		const char *dot = strstr(entry, ".mirror\n");
		char *key;

		if (!dot || strncasecmp(entry, "remote.", 7) ||
		    !mv_setup_doctor_is_yes(dot + 8))
			continue;
		key = mv_strf("%.*s.fetch", (int)(dot - entry), entry);
		yes = key && !mv_setup_doctor_config(c, key);
		free(key);
	}
	return yes;
}

/*
 * How bad it is when a bare repository has no pre-push hook of ours. What
 * others push to pushes nothing itself; a mirror may only fetch.
 */
static enum mv_doctor_level bare_need(const struct checks *c)
{
	if (!mv_setup_doctor_has_remote(c) && !has_remote_with(c, "pushurl"))
		return MV_DOCTOR_OK;
	return has_remote_with(c, "push") || has_remote_with(c, "pushurl") ||
	       pushes_mirror(c) ? MV_DOCTOR_BAD : MV_DOCTOR_WARN;
}

/* -- hooks ---------------------------------------------------------------- */

static void tell_hook(const struct checks *c, const struct mv_hook *hook,
		      const char *name, const char *install,
		      enum mv_doctor_level level)
{
	const char *lost = level == MV_DOCTOR_WARN ? ": a push from here "
		"brings no content" : "";

	if (hook->state == MV_HOOK_OURS)
		say(c, MV_DOCTOR_OK, "hooks", NULL, "%s: '%s'", name,
		    hook->configured ? "hook.git-model-*" : hook->path);
	else if (hook->state == MV_HOOK_ABSENT)
		say(c, level, "hooks", install, "there is no %s hook%s", name,
		    lost);
	else if (hook->state == MV_HOOK_FOREIGN)
		say(c, level, "hooks", install,
		    "'%s' does not call git-model%s", hook->path, lost);
	else if (hook->state == MV_HOOK_OFF)
		say(c, level, "hooks", "git model push each time, or push "
		    "without HUSKY=0", "%s: HUSKY=0 keeps husky from running "
		    "'%s'", name, hook->path);
	else
		say(c, level, "hooks", "let it call `git-model hook --alone "
		    "NAME \"$@\"`", "'%s' does not call git-model: %s",
		    hook->path, hook->why);
}

/* Hooks that refuse single refs after a push was judged as a whole. */
static void tell_others(const struct checks *c)
{
	char *update = NULL, *transaction = NULL;
	struct mv_err err;

	if (mv_setup_doctor_is_yes(mv_setup_doctor_config(c,
							  "model.hooksObserve")))
		return;
	if (mv_setup_hook_of_others(&update, c->repo, "update", &err) ||
	    mv_setup_hook_of_others(&transaction, c->repo,
				    "reference-transaction",
				    &err))
		say(c, MV_DOCTOR_BAD, "hooks", NULL, "%s", err.msg);
	if (update)
		say(c, MV_DOCTOR_OK, "hooks", NULL, "'%s' is asked beforehand "
		    "where several refs are pushed together", update);
	if (transaction)
		say(c, MV_DOCTOR_WARN, "hooks", "git config model.hooksObserve "
		    "true, if it only watches", "'%s' may refuse a part of a "
		    "push: refs that count have to be pushed one by one",
		    transaction);
	free(transaction);
	free(update);
}

/* A server where people work. */
static void tell_work_tree(const struct checks *c)
{
	if (!c->repo->info->work_tree)
		return;
	if (mv_setup_doctor_config(c, "model.trustedBranch"))
		say(c, MV_DOCTOR_WARN, "repository", NULL, "it judges pushes, "
		    "and has a work tree: git refuses those to the branch that "
		    "is checked out (receive.denyCurrentBranch)");
	else
		say(c, MV_DOCTOR_BAD, "repository", "git config "
		    "model.trustedBranch NAME, or a bare repository", "it "
		    "judges pushes, and has a work tree: whoever switches "
		    "branches there changes which policy counts");
}

/* What names nothing lets nobody in. */
static void tell_trusted(const struct checks *c)
{
	enum mv_trusted_absence absence = MV_TRUSTED_FRESH;
	char *ref = NULL, hex[65];
	struct mv_err err;
	int rc = mv_gate_trusted_setting(&ref, c->repo->git, &err);

	if (!rc && ref && mv_git_ref_get(hex, c->repo->git, ref, NULL)) {
		rc = mv_gate_trusted_absent(&absence, c->repo, &err);
		if (!rc)
			say(c, absence == MV_TRUSTED_FRESH ? MV_DOCTOR_WARN :
			    MV_DOCTOR_BAD, "repository", "git config "
			    "model.trustedBranch NAME, or --unset-all for that "
			    "of HEAD", "model.trustedBranch names %s, which is "
			    "not there%s", ref, absence == MV_TRUSTED_FRESH ?
			    " yet" : ": pushes are refused");
	}
	if (rc)
		say(c, MV_DOCTOR_BAD, "repository", NULL, "%s", err.msg);
	free(ref);
}

/* Nobody would see that there are none any more. */
static void tell_receipts(const struct checks *c)
{
	const char *key = mv_setup_doctor_config(c, "model.receiptKey");

	if (key && access(key, R_OK))
		say(c, MV_DOCTOR_WARN, "receipts", "put it back, or git model "
		    "install --server .", "the key '%s' cannot be read: no "
		    "receipts are written", key);
}

void mv_setup_doctor_hooks(const struct checks *c)
{
	int server = mv_setup_doctor_is_yes(mv_setup_doctor_config(c,
								   "model.server"));
	int bare = !server && mv_setup_doctor_is_bare(c);
	const char *install = server ? "git model install --server ." :
				       "git model install";
	enum mv_doctor_level level = bare ? bare_need(c) : MV_DOCTOR_BAD;
	struct mv_hook hook;
	struct mv_err err;

	/* In a bare one nobody commits. */
	for (size_t i = 0; i < (bare ? 1 : MV_HOOK_COUNT); i++) {
		const char *name = server ? mv_server_hook_names[i] :
					    mv_hook_names[i];

		if (mv_setup_hook_look(&hook, c->repo, name, &err)) {
			say(c, MV_DOCTOR_BAD, "hooks", NULL, "%s", err.msg);
			continue;
		}
		if (level == MV_DOCTOR_OK && hook.state != MV_HOOK_OURS)
			say(c, level, "hooks", NULL, "none are needed: it is "
			    "bare and pushes nowhere (`git model install "
			    "--server .` lets it judge what is pushed to it)");
		else
			tell_hook(c, &hook, name, install, level);
		mv_setup_hook_release(&hook);
	}
	if (server) {
		tell_others(c);
		tell_work_tree(c);
		tell_trusted(c);
		tell_receipts(c);
	}
}

/* -- the configuration ---------------------------------------------------- */

char *mv_setup_doctor_mend(const struct checks *c, const char *key)
{
	struct mv_said said;
	char *mend = NULL;

	if (mv_setup_said(&said, c->git, c->dir, c->env, key, NULL))
		return strdup("git model install");
	if (!strcmp(said.scope, "local") || !strcmp(said.scope, "worktree"))
		mend = mv_strf("git config --%s --unset-all %s", said.scope,
			       key);
	else if (!strcmp(said.scope, "command"))
		mend = strdup("take it out of the command line or the "
			      "environment (GIT_CONFIG_*)");
	else
		mend = strdup("git model install");
	mv_setup_said_release(&said);
	return mend;
}

static void tell_lockable(const struct checks *c)
{
	struct mv_lockable lockable;
	struct mv_err err;

	if (mv_setup_lockable(&lockable, c->repo, &err)) {
		say(c, MV_DOCTOR_BAD, "git-lfs", NULL, "%s", err.msg);
		return;
	}
	if (lockable.count)
		say(c, MV_DOCTOR_WARN, "git-lfs", "git lfs update --force, "
		    "then git model install", "%llu file%s lockable ('%s'), and "
		    "nobody makes %s read-only: hooks of git-lfs do, and %s "
		    "does not call it", (unsigned long long)lockable.count,
		    lockable.count == 1 ? " is" : "s are", lockable.first,
		    lockable.count == 1 ? "it" : "them", lockable.hook);
	mv_setup_lockable_release(&lockable);
}

static void tell_server(const struct checks *c, const struct mv_said *said)
{
	const int ours = mv_setup_is_ours(said->value);
	char *mend;

	if (ours || !*said->ours) {
		say(c, MV_DOCTOR_OK, "git-lfs", NULL, "files under filter=lfs "
		    "are served by %s%s%s (%s configuration)", ours ? "" : "'",
		    ours ? "git-model" : said->value, ours ? "" : "'",
		    said->scope);
		return;
	}
	mend = mv_strf("git config --%s --unset-all filter.lfs.process, if "
		       "git-model shall serve them here", said->scope);
	say(c, MV_DOCTOR_WARN, "git-lfs", mend, "files under filter=lfs are "
	    "served by '%s' (%s configuration), and not by git-model (%s "
	    "configuration)", said->value, said->scope, said->ours);
	free(mend);
}

void mv_setup_doctor_lfs(const struct checks *c, int patterns)
{
	const char *clean = mv_setup_doctor_config(c, "filter.lfs.clean");
	struct mv_said said = { .value = NULL };
	struct mv_err err;
	int rc = mv_setup_said(&said, c->git, c->dir, c->env,
			       "filter.lfs.process", &err);

	if (rc && rc != MV_ENOENT)
		say(c, MV_DOCTOR_BAD, "git-lfs", NULL, "%s", err.msg);
	else if (!rc && (patterns || (*said.ours &&
				      !mv_setup_is_ours(said.value))))
		tell_server(c, &said);
	else if (rc && patterns && clean)
		say(c, MV_DOCTOR_OK, "git-lfs", NULL, "files under filter=lfs "
		    "are served by '%s'", clean);
	else if (rc && patterns)
		say(c, MV_DOCTOR_BAD, "git-lfs", "git model install --lfs, or "
		    "git lfs install", "files under filter=lfs have no "
		    "filter");
	if (!rc && mv_setup_is_ours(said.value))
		tell_lockable(c);
	mv_setup_said_release(&said);
}
