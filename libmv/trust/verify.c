/* SPDX-License-Identifier: MIT */
#include "libmv/trust/priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libmv/base/fs.h"
#include "libmv/base/words.h"

/*
 * Checking. Who the signer is, which kind of thing the key may sign and
 * whether it was valid at the moment is decided here, from the lists; whether
 * the signature fits the bytes, by ssh-keygen or gpg, who are told of one key
 * only.
 */
enum { OUTPUT_MAX = 1 << 20, SIGNATURE_MAX = 64 << 10 };

static int set(struct mv_signature *out, enum mv_signature_state state,
	       const char *why)
{
	out->state = state;
	mv_words(out->why, sizeof(out->why), "%s",
		 why ? why : mv_signature_state_name(state));
	return 0;
}

static int in_time(int64_t after, int64_t before, int64_t at)
{
	return (!after || at >= after) && (!before || at < before);
}

/* Anything but a verdict of the program: not checked, so not good. */
static int unchecked(struct mv_signature *out, const struct mv_err *err)
{
	return set(out, MV_SIGNATURE_UNCHECKED, err->msg);
}

/* -- SSH ------------------------------------------------------------------ */

static const struct mv_ssh_signer *signer_of(const struct mv_trust *t,
					     const struct mv_sshsig *sig,
					     size_t from)
{
	for (size_t i = from; i < t->ssh_count; i++)
		if (t->ssh[i].key_len == sig->key_len &&
		    !memcmp(t->ssh[i].key, sig->key, sig->key_len))
			return &t->ssh[i];
	return NULL;
}

static int may_sign(const struct mv_ssh_signer *s, const char *ns)
{
	for (char **p = s->namespaces; *p; p++)
		if (!strcmp(*p, ns))
			return 1;
	return 0;
}

/*
 * A key may stand in several lines of the same person (one that ended, one
 * that begins): the best of them counts.
 */
static const struct mv_ssh_signer *verify_choose(struct mv_signature *out,
						 const struct mv_trust *t,
						 const struct mv_sshsig *sig,
						 const char *ns, int64_t at)
{
	const struct mv_ssh_signer *s = signer_of(t, sig, 0), *first = s;

	if (!s) {
		set(out, MV_SIGNATURE_UNKNOWN, NULL);
		return NULL;
	}
	set(out, MV_SIGNATURE_NAMESPACE, NULL);
	for (; s; s = signer_of(t, sig, (size_t)(s - t->ssh) + 1)) {
		if (!may_sign(s, ns))
			continue;
		if (in_time(s->after, s->before, at))
			return s;
		set(out, MV_SIGNATURE_EXPIRED, NULL);
	}
	out->principal = strdup(first->principal);
	return NULL;
}

static int is_revoked(const struct mv_trust *t, const struct mv_sshsig *sig)
{
	for (size_t i = 0; i < t->bad_count; i++)
		if (t->bad_keys[i].len == sig->key_len &&
		    !memcmp(t->bad_keys[i].blob, sig->key, sig->key_len))
			return 1;
	return 0;
}

/* A file with this one key in it: a list of signers, or with `ns` NULL a
   public key. */
static int key_file(struct mv_memfile *file, const struct mv_sshsig *sig,
		    const char *ns, struct mv_err *err)
{
	struct mv_buf text;
	int bad = 0, rc;

	mv_buf_init(&text, 3 * sig->key_len + 1024);
	if (ns)
		bad = mv_buf_addf(&text, "signer namespaces=\"%s\" ", ns);
	bad |= mv_buf_addf(&text, "%s ", sig->key_type);
	bad |= mv_base64(&text, sig->key, sig->key_len);
	bad |= mv_buf_addch(&text, '\n');
	rc = bad ? mv_nomem(err) : mv_memfile(file, text.data, text.len, err);
	mv_buf_release(&text);
	return rc;
}

static int armoured(struct mv_memfile *file, const struct mv_buf *blob,
		    struct mv_err *err)
{
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, 2 * blob->len + 256);
	rc = mv_sshsig_armour(&text, blob->data, blob->len) ? mv_nomem(err) :
		mv_memfile(file, text.data, text.len, err);
	mv_buf_release(&text);
	return rc;
}

struct ssh_files {
	struct mv_memfile allowed, sig, revoked;
};

static int run_keygen(int *status, struct mv_buf *out, struct mv_buf *errout,
		      struct mv_trust *t, const struct ssh_files *files,
		      const char *ns, const void *data, size_t len,
		      struct mv_err *err)
{
	const char *argv[16] = { NULL, "-Y", "verify", "-f",
				 files->allowed.path, "-I", "signer", "-n", ns,
				 "-s", files->sig.path };
	int rc = mv_trust_program(&argv[0], t, &t->ssh_keygen, "ssh-keygen",
				  err);

	if (t->revoked) {
		argv[11] = "-r";
		argv[12] = files->revoked.path;
	}
	return rc ? rc : mv_proc_run_for(t->limit_ms, status, argv, NULL,
					 &t->env, data, len, out, errout,
					 err);
}

/* It does not say why a signature is not good; a KRL can be asked. For the
   words only: it is not good either way. */
static int in_krl(struct mv_trust *t, const struct mv_sshsig *sig,
		  const struct ssh_files *files)
{
	const char *argv[] = { t->ssh_keygen, "-Q", "-f", files->revoked.path,
			       NULL, NULL };
	struct mv_memfile key = { -1, "" };
	struct mv_buf text, errout;
	int status = 0, yes = 0;

	if (!mv_signers_is_krl(t) || key_file(&key, sig, NULL, NULL))
		return 0;
	argv[4] = key.path;
	mv_buf_init(&text, OUTPUT_MAX);
	mv_buf_init(&errout, OUTPUT_MAX);
	if (!mv_proc_run_for(t->limit_ms, &status, argv, NULL, &t->env, NULL,
			     0, &text, &errout, NULL))
		yes = status && strstr(text.data, "REVOKED") != NULL;
	mv_memfile_close(&key);
	mv_buf_release(&text);
	mv_buf_release(&errout);
	return yes;
}

static int judge_ssh(struct mv_signature *out, int status,
		     const struct mv_buf *text, struct mv_trust *t,
		     const struct mv_sshsig *sig,
		     const struct ssh_files *files)
{
	if (!status && !strncmp(text->data, "Good \"", 6))
		return set(out, MV_SIGNATURE_GOOD, NULL);
	if (status == 255 && in_krl(t, sig, files))
		return set(out, MV_SIGNATURE_REVOKED, NULL);
	/* 255 is what it says to a signature that is not good; anything else
	   is a program that did not come to an end. */
	return status == 255 ? set(out, MV_SIGNATURE_BAD, NULL) :
			       set(out, MV_SIGNATURE_UNCHECKED,
				   "ssh-keygen failed");
}

static int ask_keygen(struct mv_signature *out, struct mv_trust *t,
		      const struct mv_sshsig *sig, const struct mv_buf *blob,
		      const char *ns, const void *data, size_t len,
		      struct mv_err *err)
{
	struct ssh_files files = { { -1, "" }, { -1, "" }, { -1, "" } };
	struct mv_buf text, errout;
	int status = 0, rc;

	mv_buf_init(&text, OUTPUT_MAX);
	mv_buf_init(&errout, OUTPUT_MAX);
	rc = key_file(&files.allowed, sig, ns, err);
	if (!rc)
		rc = armoured(&files.sig, blob, err);
	if (!rc && t->revoked)
		rc = mv_memfile(&files.revoked, t->revoked, t->revoked_len,
				err);
	if (!rc)
		rc = run_keygen(&status, &text, &errout, t, &files, ns, data,
				len, err);
	if (!rc)
		judge_ssh(out, status, &text, t, sig, &files);
	mv_memfile_close(&files.allowed);
	mv_memfile_close(&files.sig);
	mv_memfile_close(&files.revoked);
	mv_buf_release(&text);
	mv_buf_release(&errout);
	return rc;
}

static int verify_ssh(struct mv_signature *out, struct mv_trust *t,
		      const char *ns, const void *data, size_t len,
		      const struct mv_buf *blob, int64_t at,
		      struct mv_err *err)
{
	const struct mv_ssh_signer *s;
	struct mv_sshsig sig;
	char print[64];
	int rc;

	if (mv_sshsig_parse(&sig, (const uint8_t *)blob->data, blob->len))
		return set(out, MV_SIGNATURE_BAD, "this is no SSH signature");
	rc = mv_ssh_fingerprint(print, sig.key, sig.key_len, err);
	if (rc)
		return rc;
	if (mv_set_str(&out->fingerprint, print, err))
		return MV_ENOMEM;
	if (sig.ns_len != strlen(ns) || memcmp(sig.ns, ns, sig.ns_len))
		return set(out, MV_SIGNATURE_BAD, "made for something else");
	s = verify_choose(out, t, &sig, ns, at);
	if (!s)
		return 0;
	if (mv_set_str(&out->principal, s->principal, err))
		return MV_ENOMEM;
	if (is_revoked(t, &sig))
		return set(out, MV_SIGNATURE_REVOKED, NULL);
	return ask_keygen(out, t, &sig, blob, ns, data, len, err);
}

/* -- OpenPGP -------------------------------------------------------------- */

static int import_keys(struct mv_trust *t, const char *home,
		       struct mv_err *err)
{
	const char *argv[] = { t->gpg, "--homedir", home, "--no-options",
			       "--batch", "--no-tty", "--quiet",
			       "--no-autostart", "--import", NULL };
	struct mv_buf errout;
	int status = 0, rc;

	mv_buf_init(&errout, OUTPUT_MAX);
	rc = mv_proc_run_for(t->limit_ms, &status, argv, NULL, &t->env,
			     t->gpg_keys, t->gpg_keys_len, NULL, &errout,
			     err);
	mv_buf_release(&errout);
	if (!rc && status)
		rc = mv_fail(err, MV_EINVALID, ".gitmodel/gpg_keys: gpg "
			     "cannot read it");
	return rc;
}

/* A key ring of our own, with the keys of the trusted list only. */
static int gpg_home(struct mv_trust *t, struct mv_err *err)
{
	const char *gpg;
	char *home;
	int rc = mv_trust_program(&gpg, t, &t->gpg, "gpg", err);

	if (rc)
		return rc;
	pthread_mutex_lock(&t->lock);
	if (t->gpg_home)
		goto out;
	rc = mv_mkdirs(t->tmp_dir, err);
	home = rc ? NULL : mv_strf("%s/gpg-XXXXXX", t->tmp_dir);
	if (!rc && (!home || !mkdtemp(home)))
		rc = mv_fail_errno(err, errno, "cannot make a folder in '%s'",
				   t->tmp_dir);
	if (!rc && t->gpg_keys && (rc = import_keys(t, home, err)))
		mv_trust_remove(home);
	if (!rc)
		t->gpg_home = home;
	else
		free(home);
out:
	pthread_mutex_unlock(&t->lock);
	return rc;
}

/* The text behind "[GNUPG:] <word> " in gpg's status lines, or NULL. */
static const char *status_line(const char *text, const char *word)
{
	size_t n = strlen(word);

	while (text && *text) {
		if (!strncmp(text, "[GNUPG:] ", 9) &&
		    !strncmp(text + 9, word, n) &&
		    (text[9 + n] == ' ' || text[9 + n] == '\n'))
			return text + 9 + n;
		text = strchr(text, '\n');
		text += !!text;
	}
	return NULL;
}

/*
 * Fingerprint of the primary key, last on the line; room for 72. By that a
 * person is known: a subkey of it under another name would be a second one.
 */
static int take_validsig(char *primary, const char *line)
{
	char rest[512], *last;

	snprintf(rest, sizeof(rest), "%.*s", (int)strcspn(line, "\n"), line);
	last = strrchr(rest, ' ');
	if (!last || !last[1] || strlen(last + 1) > 64)
		return -1;
	snprintf(primary, 72, "%s", last + 1);
	return 0;
}

static int judge_gpg(struct mv_signature *out, const struct mv_trust *t,
		     int status, const char *text, int64_t at)
{
	const char *valid = status_line(text, "VALIDSIG");
	const char *begun = status_line(text, "NEWSIG");
	char primary[72];

	/* Its exit code is 0, 1 or 2 when it came to an end, and then it says
	   that it has seen a signature, or why there is none. */
	if (status > 2 || (!begun && !status_line(text, "NODATA") &&
			   !status_line(text, "ERROR")))
		return set(out, MV_SIGNATURE_UNCHECKED, "gpg failed");
	/* Of several, nobody could say which one is meant. */
	if (begun && status_line(begun, "NEWSIG"))
		return set(out, MV_SIGNATURE_BAD, "several signatures");
	if (status_line(text, "REVKEYSIG"))
		return set(out, MV_SIGNATURE_REVOKED, NULL);
	if (status_line(text, "EXPKEYSIG") || status_line(text, "EXPSIG"))
		return set(out, MV_SIGNATURE_EXPIRED, NULL);
	if (status_line(text, "NO_PUBKEY"))
		return set(out, MV_SIGNATURE_UNKNOWN, NULL);
	if (!valid && !status_line(text, "BADSIG") &&
	    !status_line(text, "ERRSIG") && !status_line(text, "NODATA") &&
	    !status_line(text, "ERROR"))
		return set(out, MV_SIGNATURE_UNCHECKED, "gpg failed");
	if (!valid || !status_line(text, "GOODSIG") ||
	    take_validsig(primary, valid))
		return set(out, MV_SIGNATURE_BAD, NULL);
	if (mv_set_str(&out->fingerprint, primary, NULL))
		return MV_ENOMEM;
	set(out, MV_SIGNATURE_UNKNOWN, NULL);
	for (size_t i = 0; i < t->pgp_count; i++) {
		const struct mv_gpg_signer *s = &t->pgp[i];

		if (strcmp(s->fingerprint, primary))
			continue;
		if (mv_set_str(&out->principal, s->principal, NULL))
			return MV_ENOMEM;
		if (in_time(s->after, s->before, at))
			return set(out, MV_SIGNATURE_GOOD, NULL);
		set(out, MV_SIGNATURE_EXPIRED, NULL);
	}
	return 0;
}

static int verify_gpg(struct mv_signature *out, struct mv_trust *t,
		      const char *ns, const void *data, size_t len,
		      const void *sig, size_t sig_len, int64_t at,
		      struct mv_err *err)
{
	struct mv_memfile file = { -1, "" };
	struct mv_buf signed_bytes, text, errout;
	char when[48];
	int status = 0, rc;

	rc = gpg_home(t, err);
	if (rc)
		return rc;
	mv_buf_init(&signed_bytes, len + 256);
	mv_buf_init(&text, OUTPUT_MAX);
	mv_buf_init(&errout, OUTPUT_MAX);
	/* Keys that expired since were good then. */
	snprintf(when, sizeof(when), "--faked-system-time=%" PRId64 "!", at);
	if ((strcmp(ns, MV_TRUST_NS_GIT) &&
	     mv_buf_addf(&signed_bytes, "%s\n", ns)) ||
	    mv_buf_add(&signed_bytes, data, len))
		rc = mv_nomem(err);
	if (!rc)
		rc = mv_memfile(&file, sig, sig_len, err);
	if (!rc) {
		const char *argv[] = { t->gpg, "--homedir", t->gpg_home,
				       "--no-options", "--batch", "--no-tty",
				       "--no-autostart",
				       "--no-auto-key-retrieve",
				       "--trust-model", "always", when,
				       "--status-fd", "1", "--verify",
				       file.path, "-", NULL };

		rc = mv_proc_run_for(t->limit_ms, &status, argv, NULL,
				     &t->env, signed_bytes.data,
				     signed_bytes.len, &text, &errout, err);
	}
	if (!rc && judge_gpg(out, t, status, text.data, at))
		rc = mv_nomem(err);
	if (!rc && out->state == MV_SIGNATURE_GOOD && status)
		set(out, MV_SIGNATURE_UNCHECKED, "gpg failed");
	mv_memfile_close(&file);
	mv_buf_release(&signed_bytes);
	mv_buf_release(&text);
	mv_buf_release(&errout);
	return rc;
}

/* -- either --------------------------------------------------------------- */

/* -- a key that has not signed yet ---------------------------------------- */

/* "ssh-ed25519 AAAA..." */
static int take_public(struct mv_buf *key, const char *line)
{
	const char *base64 = strchr(line, ' ');
	size_t len = base64 ? strcspn(base64 + 1, " \r\n") : 0;

	return !len || mv_unbase64(key, base64 + 1, len) ? -1 : 0;
}

int mv_trust_key(struct mv_signature *out, struct mv_trust *t, const char *ns,
		 const char *line, int64_t at, struct mv_err *err)
{
	const struct mv_ssh_signer *s;
	struct mv_sshsig sig = { 0 };
	struct mv_buf key;
	char print[64];
	int rc = 0, revoked = 0;

	memset(out, 0, sizeof(*out));
	mv_buf_init(&key, SIGNATURE_MAX);
	if (take_public(&key, line)) {
		rc = set(out, MV_SIGNATURE_UNCHECKED, "this is no public key");
		goto out;
	}
	sig.key = (const uint8_t *)key.data;
	sig.key_len = key.len;
	rc = mv_ssh_fingerprint(print, sig.key, sig.key_len, err);
	if (!rc)
		rc = mv_set_str(&out->fingerprint, print, err);
	s = rc ? NULL : verify_choose(out, t, &sig, ns, at);
	if (!s)
		goto out;
	rc = mv_set_str(&out->principal, s->principal, err);
	revoked = is_revoked(t, &sig);
	if (!rc)
		set(out, revoked ? MV_SIGNATURE_REVOKED : MV_SIGNATURE_GOOD,
		    NULL);
out:
	if (rc)
		mv_signature_release(out);
	mv_buf_release(&key);
	return rc;
}

static int is_ssh(const void *sig, size_t len, struct mv_buf *blob)
{
	static const char begin[] = "-----BEGIN SSH SIGNATURE-----";

	if (len >= 6 && !memcmp(sig, "SSHSIG", 6))
		return mv_buf_add(blob, sig, len) ? -1 : 1;
	if (len < strlen(begin) || memcmp(sig, begin, strlen(begin)))
		return 0;
	return mv_sshsig_dearmour(blob, sig, len) ? -1 : 1;
}

int mv_trust_lists_key(const struct mv_trust *trust, const void *sig,
		       size_t sig_len)
{
	struct mv_sshsig parsed;
	struct mv_buf blob;
	int yes = 0;

	if (!sig_len || sig_len > SIGNATURE_MAX)
		return 0;
	mv_buf_init(&blob, 2 * SIGNATURE_MAX);
	if (is_ssh(sig, sig_len, &blob) > 0 &&
	    !mv_sshsig_parse(&parsed, (const uint8_t *)blob.data, blob.len))
		yes = signer_of(trust, &parsed, 0) != NULL;
	mv_buf_release(&blob);
	return yes;
}

int mv_trust_verify(struct mv_signature *out, struct mv_trust *trust,
		    const char *ns, const void *data, size_t len,
		    const void *sig, size_t sig_len, int64_t at,
		    struct mv_err *err)
{
	struct mv_err local = { MV_OK, "" };
	struct mv_buf blob;
	int ssh, rc = 0;

	memset(out, 0, sizeof(*out));
	if (!sig || !sig_len)
		return set(out, MV_SIGNATURE_NONE, NULL);
	if (sig_len > SIGNATURE_MAX)
		return set(out, MV_SIGNATURE_BAD, "too long for a signature");
	mv_buf_init(&blob, 2 * SIGNATURE_MAX);
	ssh = is_ssh(sig, sig_len, &blob);
	if (ssh < 0)
		set(out, MV_SIGNATURE_BAD, "malformed");
	else if (ssh)
		rc = verify_ssh(out, trust, ns, data, len, &blob, at, &local);
	else if (!trust->pgp_count)
		set(out, MV_SIGNATURE_UNKNOWN, NULL);
	else
		rc = verify_gpg(out, trust, ns, data, len, sig, sig_len, at,
				&local);
	mv_buf_release(&blob);
	if (rc == MV_ENOMEM)
		return mv_nomem(err);
	if (rc)
		unchecked(out, &local);
	return 0;
}
