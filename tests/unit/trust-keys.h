/* SPDX-License-Identifier: MIT */
#ifndef MV_TESTS_TRUST_KEYS_H
#define MV_TESTS_TRUST_KEYS_H

/* Real keys and signatures, made by the programs in the test's own folder. */
#include <stdarg.h>

#include "libmv/base/fs.h"
#include "libmv/trust/priv.h"
#include "tests/unit/base-tmp.h"

extern char **environ;
static struct mv_proc_env keys_env;

__attribute__((format(printf, 1, 2)))
static inline void sh(const char *fmt, ...)
{
	char command[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	if (system(command))
		fail_msg("failed: %s", command);
}

static inline int keys_enter(void **state)
{
	if (tmp_enter(state))
		return -1;
	setenv("HOME", tmp_dir, 1);
	setenv("GNUPGHOME", tmp_dir, 1);
	unsetenv("SSH_AUTH_SOCK");
	keys_env.search_path = getenv("PATH");
	keys_env.env = environ;
	return 0;
}

/* NAME and NAME.pub */
static inline void ssh_key(const char *name, const char *type)
{
	sh("ssh-keygen -q -t %s -N '' -C %s -f %s", type, name, name);
}

/* All of a file; freed at the end of the process, as tests do. */
static inline char *slurp(const char *path, size_t *len)
{
	struct mv_buf text;

	mv_buf_init(&text, (size_t)1 << 22);
	assert_int_equal(mv_read_file(&text, path, NULL), 0);
	if (len)
		*len = text.len;
	return mv_buf_detach(&text);
}

/* "TYPE KEY" of a public key file, to be freed. */
static inline char *public_key(const char *name)
{
	char path[64], *text, *space;

	snprintf(path, sizeof(path), "%s.pub", name);
	text = slurp(path, NULL);
	space = strchr(strchr(text, ' ') + 1, ' ');
	*space = '\0';
	return text;
}

static inline struct mv_trust *open_trust(const char *signers,
					  const char *revoked,
					  size_t revoked_len)
{
	struct mv_trust_roots roots = { 0 };
	struct mv_trust *t = NULL;
	struct mv_err err;

	roots.allowed_signers = signers;
	roots.allowed_signers_len = signers ? strlen(signers) : 0;
	roots.revoked_keys = revoked;
	roots.revoked_keys_len = revoked_len;
	if (mv_trust_open(&t, &roots, tmp_dir, &keys_env, &err))
		fail_msg("%s", err.msg);
	return t;
}

#endif
