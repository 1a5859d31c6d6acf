/* SPDX-License-Identifier: MIT */
#include "libmv/trust/priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/words.h"

/* Signing, with the key that a person signs commits with. */
enum { OUTPUT_MAX = 1 << 20 };

/* Somebody may have to look for a card, or for the passphrase. */
#define SIGN_LIMIT_MS (10 * 60 * 1000)

/* "~/x" as git reads it. */
static int expand(char **out, const char *path, const struct mv_proc_env *env,
		  struct mv_err *err)
{
	const char *home = mv_proc_getenv(env, "HOME");

	if (!strncmp(path, "~/", 2) && home)
		*out = mv_strf("%s/%s", home, path + 2);
	else
		*out = strdup(path);
	return *out ? 0 : mv_nomem(err);
}

static int failed(const char *program, const struct mv_buf *errout,
		  struct mv_err *err)
{
	struct mv_buf safe;
	char said[640];
	int rc;

	mv_buf_init(&safe, 4 * OUTPUT_MAX);
	/* ssh-keygen ends its lines with CR LF. */
	mv_buf_add_safe(&safe, errout->data, strcspn(errout->data, "\r\n"));
	rc = mv_fail(err, MV_EDENIED, "%s cannot sign: %s (the key is "
		     "that of user.signingKey)", program,
		     mv_words(said, sizeof(said), "%s", safe.len ? safe.data :
			      "it said nothing"));
	mv_buf_release(&safe);
	return rc;
}

/* "key::ssh-ed25519 ..." or, as git still takes it, "ssh-ed25519 ...": the
   public key itself, whose other half an agent holds. */
static const char *literal(const char *key)
{
	if (!strncmp(key, "key::", 5))
		return key + 5;
	return !strncmp(key, "ssh-", 4) ? key : NULL;
}

static int limit_of(const struct mv_signing_key *key)
{
	return key->limit_ms < 0 ? 0 :
	       key->limit_ms ? key->limit_ms : SIGN_LIMIT_MS;
}

static int sign_ssh(struct mv_buf *sig, const struct mv_signing_key *key,
		    const char *ns, const void *data, size_t len,
		    const struct mv_proc_env *env, struct mv_err *err)
{
	const char *program = key->program ? key->program : "ssh-keygen";
	const char *public = literal(key->key);
	struct mv_memfile file = { -1, "" };
	char *path = NULL, *keygen = NULL;
	struct mv_buf text, errout;
	int status = 0, rc;

	mv_buf_init(&text, OUTPUT_MAX);
	mv_buf_init(&errout, OUTPUT_MAX);
	rc = mv_proc_find(&keygen, program, env->search_path, err);
	if (!rc)
		rc = public ? mv_memfile(&file, public, strlen(public), err) :
			      expand(&path, key->key, env, err);
	if (!rc) {
		const char *argv[] = { keygen, "-Y", "sign", "-n", ns, "-f",
				       public ? file.path : path,
				       public ? "-U" : NULL, NULL };

		rc = mv_proc_run_for(limit_of(key), &status, argv, NULL,
				     env, data, len, &text, &errout, err);
	}
	if (!rc && status)
		rc = failed(program, &errout, err);
	if (!rc && mv_sshsig_dearmour(sig, text.data, text.len))
		rc = mv_fail(err, MV_EIO, "%s did not print a signature",
			     program);
	mv_memfile_close(&file);
	free(path);
	free(keygen);
	mv_buf_release(&text);
	mv_buf_release(&errout);
	return rc;
}

static int sign_gpg(struct mv_buf *sig, const struct mv_signing_key *key,
		    const char *ns, const void *data, size_t len,
		    const struct mv_proc_env *env, struct mv_err *err)
{
	const char *program = key->program ? key->program : "gpg";
	struct mv_buf bytes, errout;
	char *gpg = NULL;
	int status = 0, rc;

	mv_buf_init(&bytes, len + 256);
	mv_buf_init(&errout, OUTPUT_MAX);
	rc = mv_proc_find(&gpg, program, env->search_path, err);
	if (!rc && (mv_buf_addf(&bytes, "%s\n", ns) ||
		    mv_buf_add(&bytes, data, len)))
		rc = mv_nomem(err);
	if (!rc) {
		const char *argv[] = { gpg, "--detach-sign", "--local-user",
				       key->key, NULL };

		mv_buf_clear(sig);
		rc = mv_proc_run_for(limit_of(key), &status, argv, NULL,
				     env, bytes.data, bytes.len, sig,
				     &errout, err);
	}
	if (!rc && (status || !sig->len))
		rc = failed(program, &errout, err);
	free(gpg);
	mv_buf_release(&bytes);
	mv_buf_release(&errout);
	return rc;
}

int mv_trust_sign(struct mv_buf *sig, const struct mv_signing_key *key,
		  const char *ns, const void *data, size_t len,
		  const struct mv_proc_env *env, struct mv_err *err)
{
	int ssh = key->format && !strcmp(key->format, "ssh");
	struct mv_proc_env plain;
	int rc;

	if (!key->key || !*key->key || *key->key == '-')
		return mv_fail(err, MV_EINVALID, "there is no signing key; set "
			       "one: git config gpg.format ssh && git config "
			       "user.signingkey ~/.ssh/id_ed25519.pub");
	if (!ssh && key->format && strcmp(key->format, "openpgp"))
		return mv_fail(err, MV_ENOTSUP, "gpg.format '%s' cannot sign "
			       "approvals; ssh and openpgp can", key->format);
	rc = mv_plain_env(&plain, env, err);
	if (rc)
		return rc;
	rc = ssh ? sign_ssh(sig, key, ns, data, len, &plain, err) :
		   sign_gpg(sig, key, ns, data, len, &plain, err);
	mv_plain_env_release(&plain);
	return rc;
}
