/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/fs.h"
#include "libmv/policy/policy.h"
#include "libmv/repo-internal.h"
#include "libmv/repo-setup.h"

/*
 * A repository that others push to, and that says no. Its hooks name the
 * program by its whole path: what PATH is when git-receive-pack is started by
 * sshd or a web server, nobody knows here.
 */
#define POLICY_MAX ((size_t)4 << 20)

static const struct {
	const char *key, *value;
} settings[] = {
	{ "model.server", "true" },
	{ "receive.fsckObjects", "true" },
};

/* Receipts are commits, and git wants to know by whom. */
static int set_ident(struct mv_repo *repo, struct mv_err *err)
{
	char *ident = NULL;
	int rc = mv_git_ident(&ident, repo->git, NULL);

	free(ident);
	if (!rc)
		return 0;
	rc = mv_git_config_set(repo->git, NULL, "--local", "user.name",
			       "git-model server", err);
	return rc ? rc : mv_git_config_set(repo->git, NULL, "--local",
					   "user.email", "git-model@localhost",
					   err);
}

/* What could not be read later would refuse every push. */
static int write_policy(struct mv_repo *repo, const char *file,
			const struct mv_install *in, struct mv_err *err)
{
	char *dir = mv_path_join(repo->info->common_dir, "model");
	char *path = dir ? mv_path_join(dir, "policy") : NULL;
	struct mv_policy policy;
	struct mv_buf text;
	int rc = path ? 0 : mv_nomem(err);

	mv_buf_init(&text, POLICY_MAX);
	if (!rc)
		rc = mv_read_file(&text, file, err);
	if (!rc) {
		rc = mv_policy_parse(&policy, text.data, text.len, NULL, 0,
				     err);
		if (!rc)
			mv_policy_release(&policy);
	}
	if (!rc)
		rc = mv_mkdirs(dir, err);
	if (!rc)
		rc = mv_write_file(path, text.data, text.len, 0644, 1, err);
	if (!rc)
		mv_setup_tell(in, 0, "'%s' counts until the branch has a "
			      ".gitmodel/policy of its own", path);
	mv_buf_release(&text);
	free(path);
	free(dir);
	return rc;
}

/* Which branch is it? HEAD of a new repository may name another one than the
   one that everybody will push. */
static int tell_branch(struct mv_repo *repo, const struct mv_install *in,
		       struct mv_err *err)
{
	static const char *const args[] = { "symbolic-ref", "-q", "HEAD",
					    NULL };
	struct mv_buf out;
	const char *said;
	char hex[65];
	int status;
	int rc = mv_git_config(&said, repo->git, "model.trustedbranch", err);

	mv_buf_init(&out, 65536);
	if (!rc && !said)
		rc = mv_git_ask(&status, repo->git, args, 1, &out, err);
	if (rc || said || status) {
		mv_buf_release(&out);
		return rc;
	}
	out.data[strcspn(out.data, "\n")] = '\0';
	if (mv_git_ref_get(hex, repo->git, out.data, NULL))
		mv_setup_tell(in, 1, "%s is not there yet; if the branch with "
			      "the policy shall be another one: git "
			      "symbolic-ref HEAD refs/heads/NAME", out.data);
	mv_buf_release(&out);
	return 0;
}

static void explain(const struct mv_install *in)
{
	static const char *const lines[] = {
		"pushes are judged now by .gitmodel/ of the branch that HEAD "
		"names, as it is before the push:",
		"  versions, stages and notes only grow; promotions, protected "
		"branches and the policy need what the policy says",
		"not judged: what is changed on this machine itself "
		"(git update-ref), and merges by a web page that runs no hooks",
		"github.com and others without hooks of your own: let CI run "
		"git model check and git model verify"
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		mv_setup_tell(in, 0, "%s", lines[i]);
}

static int take_away(struct mv_repo *repo, const struct mv_install *in,
		     struct mv_err *err)
{
	int rc = mv_hooks_remove(repo, in, err);

	if (!rc)
		rc = mv_git_config_set(repo->git, NULL, "--local",
				       "model.server", NULL, err);
	if (!rc)
		mv_setup_tell(in, 0, "pushes are not judged any more "
			      "(receive.fsckObjects and model/policy stay)");
	return rc;
}

int mv_repo_install_server(struct mv_repo *repo, const char *policy,
			   const struct mv_install *install,
			   struct mv_err *err)
{
	struct mv_install in = *install;
	char *word = NULL;
	int rc = 0;

	in.flags |= MV_INSTALL_SERVER;
	if (in.flags & MV_INSTALL_REMOVE)
		return take_away(repo, &in, err);
	if (repo->info->work_tree)
		mv_setup_tell(&in, 1, "'%s' has a work tree; a server's "
			      "repository is a bare one",
			      repo->info->work_tree);
	if (policy)
		rc = write_policy(repo, policy, &in, err);
	for (size_t i = 0; !rc && i < sizeof(settings) / sizeof(settings[0]);
	     i++)
		rc = mv_git_config_set(repo->git, NULL, "--local",
				       settings[i].key, settings[i].value, err);
	if (!rc)
		rc = set_ident(repo, err);
	if (!rc)
		rc = mv_setup_quote(&word, in.program, err);
	if (!rc)
		rc = mv_hooks_install(repo, &in, word, err);
	if (!rc)
		rc = tell_branch(repo, &in, err);
	if (!rc)
		explain(&in);
	free(word);
	return rc;
}
