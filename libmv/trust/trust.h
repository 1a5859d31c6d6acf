/* SPDX-License-Identifier: MIT */
#ifndef MV_TRUST_TRUST_H
#define MV_TRUST_TRUST_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"
#include "libmv/base/hash.h"
#include "libmv/base/proc.h"

/*
 * Who said so? Signatures by SSH and OpenPGP keys, checked against lists of
 * signers that the caller read from a trusted place; and the statements that
 * people sign (approvals and the like), as canonical bytes. It hides
 * ssh-keygen, gpg, SSHSIG armour, DSSE and every trap of theirs
 * (docs/design/trust.md). It decides about signatures only: whether a
 * statement fits what is to be done is policy's question.
 *
 * All bytes are hostile. A signature that cannot be checked for whatever
 * reason is not good; an error code is returned only for what says nothing
 * about the signature (no memory, ssh-keygen missing).
 */

/* -- the trusted lists ---------------------------------------------------- */

/*
 * Texts, as they stand in .gitmodel/ of a trusted commit; NULL: no such file.
 *
 * allowed_signers	ssh-keygen(1) "ALLOWED SIGNERS", but: every line must
 *			have namespaces=; no wildcards in principals; no
 *			cert-authority; one key for one person only
 * revoked_keys		public keys, one a line, or a KRL (binary)
 * allowed_gpg		"principal FINGERPRINT [valid-after=.. valid-before=..]"
 * gpg_keys		ASCII-armoured public keys that allowed_gpg names
 */
struct mv_trust_roots {
	const char *allowed_signers, *revoked_keys, *allowed_gpg, *gpg_keys;
	size_t allowed_signers_len, revoked_keys_len, allowed_gpg_len,
		gpg_keys_len;
};
struct mv_trust;
/* MV_EINVALID: "allowed_signers:<line>: ...". `env` is borrowed. Texts are
   copied. `tmp_dir`: a folder for gpg's key ring, made at the first need. */
int mv_trust_open(struct mv_trust **out, const struct mv_trust_roots *roots,
		  const char *tmp_dir, const struct mv_proc_env *env,
		  struct mv_err *err);
/* How long ssh-keygen or gpg may take for one signature before it counts as
   unchecked: a minute unless said here; 0 for no limit. */
void mv_trust_limit(struct mv_trust *trust, int limit_ms);
void mv_trust_close(struct mv_trust *trust);	/* NULL is fine */
/* Every principal that the lists name, each once, in order. */
int mv_trust_each_principal(const struct mv_trust *trust,
			    int (*fn)(void *payload, const char *principal),
			    void *payload);

/* -- checking ------------------------------------------------------------- */

enum mv_signature_state {
	MV_SIGNATURE_GOOD,
	MV_SIGNATURE_NONE,		/* there is none */
	MV_SIGNATURE_BAD,		/* does not fit the bytes, or malformed */
	MV_SIGNATURE_UNKNOWN,		/* nobody on the lists has this key */
	MV_SIGNATURE_NAMESPACE,		/* the key may not sign this kind */
	MV_SIGNATURE_EXPIRED,		/* not valid at that moment */
	MV_SIGNATURE_REVOKED,
	MV_SIGNATURE_UNCHECKED		/* ssh-keygen or gpg failed or took too long */
};
struct mv_signature {
	enum mv_signature_state state;
	char *principal;	/* NULL unless the key is on a list */
	char *fingerprint;	/* "SHA256:..." or OpenPGP's; NULL: unreadable */
	char why[160];		/* for a person */
};
void mv_signature_release(struct mv_signature *s);

#define MV_TRUST_NS_APPROVAL "git-model-approval@v1"
#define MV_TRUST_NS_RECEIPT "git-model-receipt@v1"
#define MV_TRUST_NS_GIT "git"
/*
 * Is `sig` (an SSHSIG blob, or armoured SSH or OpenPGP text) a signature in
 * namespace `ns` over these bytes, by a key that was valid at `at` (s)?
 * OpenPGP has no namespaces: there the signed bytes begin with "<ns>\n" but
 * for "git". Takes about 13 ms (a process). May be called by several threads
 * at once.
 */
int mv_trust_verify(struct mv_signature *out, struct mv_trust *trust,
		    const char *ns, const void *data, size_t len,
		    const void *sig, size_t sig_len, int64_t at,
		    struct mv_err *err);
/*
 * What a signature of this key would be, as far as the lists say: `line` is
 * "ssh-ed25519 AAAA...". A key of a KRL is found out only when it signs.
 */
int mv_trust_key(struct mv_signature *out, struct mv_trust *trust,
		 const char *ns, const char *line, int64_t at,
		 struct mv_err *err);
/* Does a list have the SSH key that made this, if what it says of itself is
   true? Nothing is checked, so no process is started; of OpenPGP: 0. */
int mv_trust_lists_key(const struct mv_trust *trust, const void *sig,
		       size_t sig_len);
const char *mv_signature_state_name(enum mv_signature_state state);

/* -- signing -------------------------------------------------------------- */

/* A person's own git signing key, from git's configuration. */
struct mv_signing_key {
	const char *format;	/* gpg.format: "ssh", "openpgp" (NULL: that) */
	const char *key;	/* user.signingkey: path, "key::ssh-..", key id */
	const char *program;	/* gpg.program or gpg.ssh.program; or NULL */
	int limit_ms;		/* for the program to end in; 0: 10 minutes,
				   below 0: for ever (MV_EBUSY) */
};
/* The SSHSIG blob, or binary OpenPGP signature. MV_EINVALID: no key; says
   which settings to make. Asks for a passphrase as the programs do. */
int mv_trust_sign(struct mv_buf *sig, const struct mv_signing_key *key,
		  const char *ns, const void *data, size_t len,
		  const struct mv_proc_env *env, struct mv_err *err);

/* -- statements: what is signed (statement.c; docs/format/statement.md) --- */

enum mv_decision {
	MV_DECISION_APPROVE, MV_DECISION_REJECT, MV_DECISION_REVOKE,
	MV_DECISION_OVERRIDE, MV_DECISION_RECEIPT
};
/*
 * Canonical JSON (sorted keys, no blanks, integers only, UTF-8 in NFC is not
 * demanded but control characters are refused). Everything that it is bound
 * to stands in it, so that it says nothing about anything else. Empty
 * strings stand for "none".
 */
struct mv_statement {
	enum mv_decision decision;
	char *repo;		/* [repository] id of .gitmodel/config, or "root:<commit>" */
	char *artifact, *version, *path;
	struct mv_oid content;
	uint64_t size;
	char *commit;		/* hex */
	char *pointer;		/* hex of the pointer blob */
	char *stage, *from_stage;	/* to; from ("" none) */
	char *displaces;	/* version that holds the stage; "" none */
	char *policy;		/* "sha256:..." of policy and config */
	char *records;		/* "sha256:..." of the evidence lines */
	char *signer;		/* principal, as the signer says */
	char *reason;
	char *nonce;		/* 32 hex digits */
	char *revokes;		/* nonce that a REVOKE withdraws; "" */
	char *rules;		/* of an OVERRIDE: rules, space-separated; of a
				   RECEIPT: the verdict */
	char *tag;		/* of a RECEIPT: oid of the tag; else "" */
	int64_t issued_at, not_after;	/* s; not_after 0: never */
};
void mv_statement_release(struct mv_statement *s);
int mv_statement_print(struct mv_buf *out, const struct mv_statement *s,
		       struct mv_err *err);
/* MV_EINVALID unless printing it again gives exactly these bytes. */
int mv_statement_parse(struct mv_statement *out, const char *data, size_t len,
		       struct mv_err *err);
const char *mv_decision_name(enum mv_decision d);
/* 32 random hex digits; room for 33. */
int mv_statement_nonce(char *nonce, struct mv_err *err);

/*
 * What is signed is DSSE's pre-authentication encoding of the payload, in the
 * namespace of the decision. mv_statement_sign() prints `s` into `payload`
 * first. Else as mv_trust_verify() and mv_trust_sign().
 */
#define MV_STATEMENT_TYPE "application/vnd.git-model.approval.v1+json"
int mv_statement_verify(struct mv_signature *out, struct mv_trust *trust,
			enum mv_decision decision, const struct mv_buf *payload,
			const struct mv_buf *sig, int64_t at,
			struct mv_err *err);
int mv_statement_sign(struct mv_buf *payload, struct mv_buf *sig,
		      const struct mv_signing_key *key,
		      const struct mv_statement *s,
		      const struct mv_proc_env *env, struct mv_err *err);

/*
 * The record line of a signed statement (docs/format/records.md):
 *	{"t":..,"kind":"approval","content":"sha256:..","payload":"<base64>",
 *	 "payloadType":..,"sig":"<base64>"}	kind is "receipt" for a receipt
 */
int mv_statement_line(struct mv_buf *out, int64_t now_ms,
		      const struct mv_statement *s, const void *sig,
		      size_t sig_len, struct mv_err *err);
/* The reverse, with the exact payload bytes; base64 must be canonical.
   MV_ENOENT: a line of another kind. MV_EINVALID: malformed. */
int mv_statement_from_line(struct mv_statement *out, struct mv_buf *payload,
			   struct mv_buf *sig, const char *line, size_t len,
			   struct mv_err *err);

#endif
