/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/proc.h"
#include "libmv/gate/priv.h"
#include "libmv/git/config.h"
#include "libmv/git/git.h"

/*
 * The key that a person signs with: what git's configuration says, where
 * OpenSSH puts keys, and what the file of a public key says.
 */
#define KEY_MAX ((size_t)16 << 10)

int mv_gate_signer_key(struct mv_signing_key *key, struct mv_git *git,
		       struct mv_err *err)
{
	int rc = mv_git_config(&key->format, git, "gpg.format", err);
	int ssh = !rc && key->format && !strcmp(key->format, "ssh");

	if (!rc)
		rc = mv_git_config(&key->key, git, "user.signingkey", err);
	if (!rc)
		rc = mv_git_config(&key->program, git, ssh ?
				   "gpg.ssh.program" : "gpg.openpgp.program",
				   err);
	if (!rc && !key->program && !ssh)
		rc = mv_git_config(&key->program, git, "gpg.program", err);
	return rc;
}

/* "<type> <base64>" at the start of a line, without the comment; or NULL. */
static char *without_comment(const char *line)
{
	size_t type = strcspn(line, " \t\r\n"), at, len;

	at = type + strspn(line + type, " \t");
	len = strcspn(line + at, " \t\r\n");
	if (!len || (strncmp(line, "ssh-", 4) && strncmp(line, "ecdsa-", 6) &&
		     strncmp(line, "sk-", 3)))
		return NULL;
	return mv_strf("%.*s %.*s", (int)type, line, (int)len, line + at);
}

static int ends_with_pub(const char *path)
{
	size_t len = strlen(path);

	return len > 4 && !strcmp(path + len - 4, ".pub");
}

int mv_gate_signer_public(char **out, struct mv_repo *repo, const char *key,
			  struct mv_err *err)
{
	struct mv_buf text;
	const char *home = mv_proc_getenv(&repo->env, "HOME");
	char *path;
	int rc;

	*out = without_comment(strncmp(key, "key::", 5) ? key : key + 5);
	if (*out)
		return 0;
	path = mv_strf("%s%s%s", *key == '~' && home ? home : "",
		       key + (*key == '~'), ends_with_pub(key) ? "" : ".pub");
	if (!path)
		return mv_nomem(err);
	mv_buf_init(&text, KEY_MAX);
	rc = mv_read_file(&text, path, err);
	if (rc == MV_ENOENT)
		rc = mv_fail(err, MV_ENOENT, "there is no public key '%s'",
			     path);
	if (!rc)
		*out = without_comment(text.data);
	if (!rc && !*out)
		rc = mv_fail(err, MV_EINVALID, "'%s' is no public key of "
			     "OpenSSH", path);
	mv_buf_release(&text);
	free(path);
	return rc;
}

/* Where ssh-keygen puts keys, the best kind first. */
static int in_home(char **public, char **from, struct mv_repo *repo,
		   struct mv_err *err)
{
	static const char *const names[] = {
		"~/.ssh/id_ed25519.pub", "~/.ssh/id_ecdsa.pub",
		"~/.ssh/id_rsa.pub"
	};
	int rc = MV_ENOENT;

	for (size_t i = 0; rc == MV_ENOENT && i < 3; i++) {
		rc = mv_gate_signer_public(public, repo, names[i], err);
		if (!rc)
			*from = strdup(names[i]);
	}
	return !rc && !*from ? mv_nomem(err) : rc;
}

int mv_gate_signer_find(char **public, char **from, struct mv_repo *repo,
			struct mv_err *err)
{
	struct mv_signing_key key;
	int rc = mv_gate_signer_key(&key, mv_repo_git(repo), err);
	int ssh = !rc && key.format && !strcmp(key.format, "ssh");

	*public = *from = NULL;
	if (rc)
		return rc;
	if (key.key && *key.key && !ssh)
		return mv_fail(err, MV_ENOTSUP, "your signing key is one of "
			       "OpenPGP: write '<you> <fingerprint>' into "
			       ".gitmodel/allowed_gpg and what 'gpg --armor "
			       "--export' prints into .gitmodel/gpg_keys, and "
			       "say --no-key");
	if (key.key && *key.key)
		return mv_gate_signer_public(public, repo, key.key, err);
	rc = in_home(public, from, repo, err);
	return rc != MV_ENOENT ? rc :
		mv_fail(err, MV_ENOENT, "there is no key to sign approvals "
			"with; make one and tell git: ssh-keygen -t ed25519 "
			"-f ~/.ssh/id_ed25519 && git config --global "
			"gpg.format ssh && git config --global "
			"user.signingkey ~/.ssh/id_ed25519.pub; or name one "
			"with --key, or go without: --no-key");
}
