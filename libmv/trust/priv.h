/* SPDX-License-Identifier: MIT */
#ifndef MV_TRUST_PRIV_H
#define MV_TRUST_PRIV_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "libmv/trust/trust.h"

/* What the files of this part share. */

/* -- SSH signatures, PROTOCOL.sshsig (sshsig.c) --------------------------- */
struct mv_sshsig {
	const uint8_t *key;	/* public key blob; into what was parsed */
	size_t key_len;
	const char *ns;		/* not NUL-terminated */
	size_t ns_len;
	char key_type[32];	/* "ssh-ed25519" */
};
/* The blob, all of it: nothing may follow. 0 or -1. */
int mv_sshsig_parse(struct mv_sshsig *out, const uint8_t *data, size_t len);
/* "-----BEGIN SSH SIGNATURE-----" text, to the blob; -1 unless armouring the
   blob again gives exactly this text (a missing last LF is fine). */
int mv_sshsig_dearmour(struct mv_buf *blob, const char *text, size_t len);
int mv_sshsig_armour(struct mv_buf *out, const void *blob, size_t len);
/* "SHA256:..." of a public key blob; `out` has room for 64. */
int mv_ssh_fingerprint(char *out, const void *key, size_t len,
		       struct mv_err *err);

/* -- the lists (signers.c) ------------------------------------------------ */
struct mv_ssh_signer {
	char *principal;	/* the first of the line */
	char **namespaces;	/* NULL-terminated */
	uint8_t *key;
	size_t key_len;
	int64_t after, before;	/* s; 0: not said */
	int line;
};
struct mv_gpg_signer {
	char *principal;
	char *fingerprint;	/* upper case hex */
	int64_t after, before;
	int line;
};
struct mv_ssh_key {
	uint8_t *blob;
	size_t len;
};
struct mv_trust {
	pthread_mutex_t lock;	/* of what is found or made at the first need */
	struct mv_proc_env env;	/* mv_plain_env */
	int limit_ms;		/* for each of the programs */
	char *ssh_keygen, *gpg;	/* absolute; NULL: not there */
	char *tmp_dir;
	char *gpg_home;		/* made at the first need */
	struct mv_ssh_signer *ssh;
	size_t ssh_count;
	struct mv_gpg_signer *pgp;
	size_t pgp_count;
	struct mv_ssh_key *bad_keys;	/* of a list; of a KRL none */
	size_t bad_count;
	char *revoked, *gpg_keys;	/* NULL: none */
	size_t revoked_len, gpg_keys_len;
};
int mv_signers_read_ssh(struct mv_trust *t, const char *data, size_t len,
			struct mv_err *err);
int mv_signers_read_gpg(struct mv_trust *t, const char *data, size_t len,
			struct mv_err *err);
/* The list in t->revoked; of a KRL nothing is read. */
int mv_signers_read_revoked(struct mv_trust *t, struct mv_err *err);
int mv_signers_is_krl(const struct mv_trust *t);
void mv_signers_release(struct mv_trust *t);
/* "20261121", "202611210815", "20261121081500", with "Z" for UTC (which is
   what it means without, too: the same on every machine). 0 or -1. */
int mv_signers_time(int64_t *out, const char *text);

/* -- what signing and checking share (trust.c) ---------------------------- */
/* A file that other programs can open by its path as long as it is open
   here; nothing is left when we are killed. */
struct mv_memfile {
	int fd;
	char path[48];
};
int mv_memfile(struct mv_memfile *out, const void *data, size_t len,
	       struct mv_err *err);
void mv_memfile_close(struct mv_memfile *file);	/* an empty one is fine */
/* `env` with LC_ALL=C and no other locale: messages are compared. */
int mv_plain_env(struct mv_proc_env *out, const struct mv_proc_env *env,
		 struct mv_err *err);
void mv_plain_env_release(struct mv_proc_env *env);
/* A folder and all that is in it, as far as it can be removed. */
void mv_trust_remove(const char *dir);
int mv_trust_program(const char **out, struct mv_trust *t, char **slot,
		     const char *name, struct mv_err *err);

/* -- what is signed for a payload (statement.c) --------------------------- */
int mv_dsse_pae(struct mv_buf *out, const char *type, const void *payload,
		size_t len);

#endif
