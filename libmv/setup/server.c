/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/words.h"
#include "libmv/gate/gate.h"
#include "libmv/git/config.h"
#include "libmv/git/git.h"
#include "libmv/git/refs.h"
#include "libmv/setup/priv.h"

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

/* "server namespaces=... ssh-ed25519 AAAA": as a list of signers has it. */
static void tell_key(const struct mv_install *in, const char *path)
{
	char *file = mv_strf("%s.pub", path);
	struct mv_buf text;
	size_t n;

	mv_buf_init(&text, 4096);
	if (file && !mv_read_file(&text, file, NULL) && text.len) {
		n = strcspn(text.data, " \n");
		if (text.data[n] == ' ')
			n += 1 + strcspn(text.data + n + 1, " \n");
		mv_setup_tell(in, 0, "each promotion gets a receipt, signed "
			      "with '%s'; receipts count from when this line "
			      "is in .gitmodel/allowed_signers:", path);
		mv_setup_tell(in, 0, "  server namespaces=\"%s\" %.*s",
			      MV_TRUST_NS_RECEIPT, (int)n, text.data);
	} else {
		mv_setup_tell(in, 1, "each promotion gets a receipt, signed "
			      "with '%s', whose public half cannot be read: "
			      "ssh-keygen -y -f '%s' says it, for "
			      ".gitmodel/allowed_signers", path, path);
	}
	mv_buf_release(&text);
	free(file);
}

static int run_keygen(struct mv_repo *repo, const char *path,
		      struct mv_err *err)
{
	char *program = NULL;
	int status = 0;
	int rc = mv_proc_find(&program, "ssh-keygen", repo->env.search_path,
			      err);
	const char *argv[] = { program, "-q", "-t", "ed25519", "-N", "",
			       "-C", "git-model receipts", "-f", path, NULL };

	if (!rc)
		rc = mv_proc_run(&status, argv, NULL, &repo->env, NULL, 0,
				 NULL, NULL, err);
	if (!rc && status)
		rc = mv_fail(err, MV_EIO, "ssh-keygen made no key '%s'", path);
	free(program);
	if (rc)
		mv_err_prefix(err, "no key for receipts (--no-receipt-key does "
			      "without)");
	return rc;
}

static int use_key(struct mv_repo *repo, const struct mv_install *in,
		   const char *path, struct mv_err *err)
{
	int rc = mv_git_config_set(repo->git, NULL, "--local",
				   "model.receiptKey", path, err);

	if (!rc)
		tell_key(in, path);
	return rc;
}

static int new_key(struct mv_repo *repo, const struct mv_install *in,
		   const char *path, struct mv_err *err)
{
	int rc = run_keygen(repo, path, err);

	return rc ? rc : use_key(repo, in, path, err);
}

static int same_bytes(const char *a, const char *b)
{
	struct mv_buf x, y;
	int yes;

	mv_buf_init(&x, 1 << 20);
	mv_buf_init(&y, 1 << 20);
	yes = !mv_read_file(&x, a, NULL) && !mv_read_file(&y, b, NULL) &&
	      x.len == y.len && !memcmp(x.data, y.data, x.len);
	mv_buf_release(&x);
	mv_buf_release(&y);
	return yes;
}

static int same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/*
 * This repository is a copy of one that is there still, whose receipts would
 * be signed by either. Nothing is lost by taking the copy of the key away.
 */
static int part_from(struct mv_repo *repo, const struct mv_install *in,
		     const char *theirs, const char *path, struct mv_err *err)
{
	char *public = mv_strf("%s.pub", path);
	int rc = public ? 0 : mv_nomem(err);

	if (!rc)
		mv_setup_tell(in, 1, "this is a copy of the repository whose "
			      "receipts '%s' signs: it gets a key of its own",
			      theirs);
	if (!rc && ((unlink(public) && errno != ENOENT) || unlink(path)))
		rc = mv_fail_errno(err, errno, "cannot remove '%s'", path);
	free(public);
	return rc ? rc : new_key(repo, in, path, err);
}

/* Of a name that stands in the configuration, and no file. */
static int find_lost(struct mv_repo *repo, const struct mv_install *in,
		     const char *said, const char *path, struct mv_err *err)
{
	if (!access(path, F_OK))	/* moved, and its key with it */
		return use_key(repo, in, path, err);
	if (!strcmp(said, path)) {
		mv_setup_tell(in, 1, "the key '%s' is not there any more: a "
			      "new one is made. What the old one signed counts "
			      "as long as its line stays on the list", path);
		return new_key(repo, in, path, err);
	}
	mv_setup_tell(in, 1, "model.receiptKey names '%s', which is not there: "
		      "no receipts are written. Put it back; or git config "
		      "--unset-all model.receiptKey, and `git model install "
		      "--server` again makes a new one", said);
	return 0;
}

/*
 * Without receipts the dates of tags are all that says when something was
 * decided, and anybody can set them. So a server has a key, unless somebody
 * chose one already, or wants none.
 */
static int settle_key(struct mv_repo *repo, const struct mv_install *in,
		      const char *path, struct mv_err *err)
{
	const char *said;
	int rc = mv_git_config(&said, repo->git, "model.receiptkey", err);

	if (rc)
		return rc;
	if (!said)
		return access(path, F_OK) ? new_key(repo, in, path, err) :
					    use_key(repo, in, path, err);
	if (access(said, F_OK) && (errno == ENOENT || errno == ENOTDIR))
		return find_lost(repo, in, said, path, err);
	if (!same_file(said, path) && same_bytes(said, path))
		return part_from(repo, in, said, path, err);
	tell_key(in, said);	/* who asks again wants to see it again */
	return 0;
}

static int make_key(struct mv_repo *repo, const struct mv_install *in,
		    struct mv_err *err)
{
	char *dir, *path;
	int rc;

	if (in->flags & MV_INSTALL_NO_RECEIPTS)
		return 0;
	dir = mv_path_join(repo->info->common_dir, "model");
	path = dir ? mv_path_join(dir, "receipt_key") : NULL;
	rc = path ? mv_mkdirs(dir, err) : mv_nomem(err);
	if (!rc)
		rc = settle_key(repo, in, path, err);
	free(path);
	free(dir);
	return rc;
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

static int tell_named(struct mv_repo *repo, const struct mv_install *in,
		      const char *ref, struct mv_err *err)
{
	enum mv_trusted_absence absence;
	char hex[65];
	int rc = mv_git_ref_get(hex, repo->git, ref, NULL) ?
		mv_gate_trusted_absent(&absence, repo, err) : MV_EEXISTS;

	if (rc)
		return rc == MV_EEXISTS ? 0 : rc;
	mv_setup_tell(in, 1,
		      "model.trustedBranch names %s, which is not there%s",
		      ref, absence == MV_TRUSTED_FRESH ? " yet" :
		      absence == MV_TRUSTED_LATE ? ": nothing is taken but "
		      "the push that makes it" : ", while the branch that HEAD "
		      "names has a policy: nothing is taken until git config "
		      "model.trustedBranch says which branch it is");
	return 0;
}

/* Which branch is it? HEAD of a new repository may name another one than the
   one that everybody will push. */
static int tell_branch(struct mv_repo *repo, const struct mv_install *in,
		       struct mv_err *err)
{
	static const char *const args[] = { "symbolic-ref", "-q", "HEAD",
					    NULL };
	struct mv_buf out;
	char *said;
	char hex[65];
	int status;
	int rc = mv_gate_trusted_setting(&said, repo->git, err);

	if (!rc && said)
		rc = tell_named(repo, in, said, err);
	mv_buf_init(&out, 65536);
	if (!rc && !said)
		rc = mv_git_ask(&status, repo->git, args, 1, &out, err);
	free(said);
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

/* What stands there unread would refuse every push, the one that mends it
   included; nothing judges yet, so it can be mended by one now. */
static int check_readable(struct mv_repo *repo, struct mv_err *err)
{
	const struct mv_gate_options o = { .artifact = "none", .now = 1 };
	struct mv_gate gate;
	struct mv_err why;
	char said[640];
	int rc = mv_gate_open(&gate, repo, &o, &why);

	if (!rc)
		mv_gate_close(&gate);
	else if (rc == MV_EINVALID || rc == MV_ECORRUPT)
		rc = mv_fail(err, rc, "%s: nobody could push any more, so "
			     "mend that first, by a push; where pushes are "
			     "judged already, `git model uninstall --server` "
			     "lets it in", mv_words(said, sizeof(said), "%s",
			     why.msg));
	else
		rc = mv_fail(err, rc, "%s", why.msg);
	return rc;
}

/*
 * Where people work, HEAD is whatever they switched to, and with it the policy
 * that counts: so the branch has to be named.
 */
static int check_bare(struct mv_repo *repo, const struct mv_install *in,
		      struct mv_err *err)
{
	const char *top = repo->info->work_tree;
	char *said;
	int rc = mv_gate_trusted_setting(&said, repo->git, err);
	const int named = said != NULL;

	free(said);
	if (rc || !top)
		return rc;
	if (!named)
		return mv_fail(err, MV_EINVALID, "'%s' has a work tree: "
			       "whoever switches branches there changes which "
			       "policy counts. Take a bare repository (git "
			       "clone --bare), or name the branch: git config "
			       "model.trustedBranch NAME", top);
	mv_setup_tell(in, 1, "'%s' has a work tree: git refuses pushes to the "
		      "branch that is checked out there, unless "
		      "receive.denyCurrentBranch says otherwise", top);
	return 0;
}

/* Whose no comes after ours, for single refs. */
static int tell_others(struct mv_repo *repo, const struct mv_install *in,
		       struct mv_err *err)
{
	char *update = NULL, *transaction = NULL;
	int observe = 0;
	int rc = mv_git_config_bool(&observe, repo->git, "model.hooksobserve",
				    0, err);

	if (!rc)
		rc = mv_setup_hook_of_others(&update, repo, "update", err);
	if (!rc)
		rc = mv_setup_hook_of_others(&transaction, repo,
					     "reference-transaction", err);
	if (!rc && update && !observe)
		mv_setup_tell(in, 0, "'%s' is asked beforehand, too, where "
			      "several refs are pushed together", update);
	if (!rc && transaction && !observe)
		mv_setup_tell(in, 1, "'%s' may refuse a part of a push after "
			      "it was judged, so refs that count have to be "
			      "pushed one by one; if it only watches: git "
			      "config model.hooksObserve true", transaction);
	free(transaction);
	free(update);
	return rc;
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
	int rc = mv_setup_hooks_remove(repo, in, err);

	if (!rc)
		rc = mv_git_config_set(repo->git, NULL, "--local",
				       "model.server", NULL, err);
	if (!rc)
		mv_setup_tell(in, 0, "pushes are not judged any more "
			      "(receive.fsckObjects and model/policy stay)");
	return rc;
}

/* Of one that is in the way it was told; what is not called judges nothing. */
static int check_called(struct mv_repo *repo, struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < MV_HOOK_COUNT; i++) {
		struct mv_hook hook;

		rc = mv_setup_hook_look(&hook, repo, mv_server_hook_names[i],
					err);
		if (!rc && hook.state != MV_HOOK_OURS)
			rc = mv_fail(err, MV_EEXISTS, "'%s' does not call "
				     "git-model, so pushes are %s: put it "
				     "right, or let it call `git-model hook "
				     "--alone %s \"$@\"`, and install again",
				     hook.path, i ? "judged, but no receipts "
				     "are written" : "not judged",
				     mv_server_hook_names[i]);
		mv_setup_hook_release(&hook);
	}
	return rc;
}

int mv_setup_install_server(struct mv_repo *repo, const char *policy,
			    const struct mv_install *install,
			    struct mv_err *err)
{
	struct mv_install in = *install;
	char *word = NULL;
	int rc = 0;

	in.flags |= MV_INSTALL_SERVER;
	if (in.flags & MV_INSTALL_REMOVE)
		return take_away(repo, &in, err);
	rc = check_bare(repo, &in, err);
	if (!rc)
		rc = check_readable(repo, err);
	if (!rc && policy)
		rc = write_policy(repo, policy, &in, err);
	for (size_t i = 0; !rc && i < sizeof(settings) / sizeof(settings[0]);
	     i++)
		rc = mv_git_config_set(repo->git, NULL, "--local",
				       settings[i].key, settings[i].value, err);
	if (!rc)
		rc = set_ident(repo, err);
	if (!rc)
		rc = make_key(repo, &in, err);
	if (!rc)
		rc = mv_setup_quote(&word, in.program, err);
	if (!rc)
		rc = mv_setup_hooks_install(repo, &in, word, err);
	if (!rc)
		rc = check_called(repo, err);
	if (!rc)
		rc = tell_branch(repo, &in, err);
	if (!rc)
		rc = tell_others(repo, &in, err);
	if (!rc)
		explain(&in);
	free(word);
	return rc;
}
