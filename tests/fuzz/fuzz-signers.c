/* SPDX-License-Identifier: MIT */
/* Lists of signers: what is accepted names plain people with one key each. */
#include <stdlib.h>
#include <string.h>

#include "libmv/trust/priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct mv_trust *t)
{
	for (size_t i = 0; i < t->ssh_count; i++) {
		const struct mv_ssh_signer *s = &t->ssh[i];

		if (!*s->principal || strpbrk(s->principal, "*?!, \t\"") ||
		    !s->namespaces || !*s->namespaces || !s->key_len)
			abort();
		for (size_t j = 0; j < i; j++)
			if (strcmp(s->principal, t->ssh[j].principal) &&
			    s->key_len == t->ssh[j].key_len &&
			    !memcmp(s->key, t->ssh[j].key, s->key_len))
				abort();
	}
	for (size_t i = 0; i < t->pgp_count; i++)
		if (!*t->pgp[i].principal ||
		    strspn(t->pgp[i].fingerprint, "0123456789ABCDEF") < 40)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *const nothing[] = { NULL };
	const struct mv_proc_env env = { "/nowhere", nothing };
	struct mv_err err;

	for (int i = 0; i < 3; i++) {
		struct mv_trust_roots roots = { 0 };
		struct mv_trust *t = NULL;

		roots.allowed_signers = i == 0 ? (const char *)data : NULL;
		roots.allowed_gpg = i == 1 ? (const char *)data : NULL;
		roots.revoked_keys = i == 2 ? (const char *)data : NULL;
		roots.allowed_signers_len = roots.allowed_gpg_len =
			roots.revoked_keys_len = size;
		if (mv_trust_open(&t, &roots, "/nowhere", &env, &err)) {
			if (err.code != MV_EINVALID)
				abort();
			continue;
		}
		check(t);
		mv_trust_close(t);
	}
	return 0;
}
