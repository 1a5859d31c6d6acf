/* SPDX-License-Identifier: MIT */
#include "libmv/trust/priv.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/fs.h"

/*
 * Opening the lists, and what signing and checking have in common: files
 * that exist in memory only, and an environment in which programs speak
 * English.
 */
#define CHECK_LIMIT_MS (60 * 1000)

/* -- files in memory ------------------------------------------------------ */

#define ON_DISK "/tmp/git-model-"

/* Where no /proc is mounted (a bare chroot), nobody else can open a file that
   only exists in memory. */
static int on_disk(struct mv_memfile *out, struct mv_err *err)
{
	close(out->fd);
	snprintf(out->path, sizeof(out->path), ON_DISK "%s", "XXXXXX");
	out->fd = mkostemp(out->path, O_CLOEXEC);
	return out->fd < 0 ? mv_fail_errno(err, errno, "cannot make a file in "
					   "/tmp") : 0;
}

int mv_memfile(struct mv_memfile *out, const void *data, size_t len,
	       struct mv_err *err)
{
	int rc = 0;

	out->fd = memfd_create("git-model-trust", MFD_CLOEXEC);
	if (out->fd < 0)
		return mv_fail_errno(err, errno,
				     "cannot make a file in memory");
	/* Not /proc/self: it is another program that opens it. */
	snprintf(out->path, sizeof(out->path), "/proc/%ld/fd/%d",
		 (long)getpid(), out->fd);
	if (access(out->path, R_OK))
		rc = on_disk(out, err);
	if (!rc)
		rc = mv_write_full(out->fd, data, len, out->path, err);
	if (rc)
		mv_memfile_close(out);
	return rc;
}

void mv_memfile_close(struct mv_memfile *file)
{
	if (file->fd >= 0 && !strncmp(file->path, ON_DISK, strlen(ON_DISK)))
		unlink(file->path);
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

/* -- environment ---------------------------------------------------------- */

static int is_locale(const char *var)
{
	return !strncmp(var, "LC_", 3) || !strncmp(var, "LANG", 4);
}

/* The same without locales; LC_ALL=C in front. Strings are borrowed. */
int mv_plain_env(struct mv_proc_env *out, const struct mv_proc_env *env,
		 struct mv_err *err)
{
	size_t n = 0, count = 0;
	char **list;

	while (env->env && env->env[count])
		count++;
	list = calloc(count + 2, sizeof(*list));
	if (!list)
		return mv_nomem(err);
	list[n++] = (char *)(uintptr_t)"LC_ALL=C";
	for (size_t i = 0; i < count; i++)
		if (!is_locale(env->env[i]))
			list[n++] = env->env[i];
	out->search_path = env->search_path;
	out->env = list;
	return 0;
}

void mv_plain_env_release(struct mv_proc_env *env)
{
	free((void *)(uintptr_t)env->env);
	env->env = NULL;
}

/* -- opening -------------------------------------------------------------- */

static int trust_copy(char **out, size_t *out_len, const char *data, size_t len,
		      struct mv_err *err)
{
	if (!data)
		return 0;
	*out = malloc(len + 1);
	if (!*out)
		return mv_nomem(err);
	memcpy(*out, data, len);
	(*out)[len] = '\0';
	*out_len = len;
	return 0;
}

static int read_roots(struct mv_trust *t, const struct mv_trust_roots *roots,
		      struct mv_err *err)
{
	int rc = 0;

	if (roots->allowed_signers)
		rc = mv_signers_read_ssh(t, roots->allowed_signers,
					 roots->allowed_signers_len, err);
	if (!rc && roots->allowed_gpg)
		rc = mv_signers_read_gpg(t, roots->allowed_gpg,
					 roots->allowed_gpg_len, err);
	if (!rc)
		rc = trust_copy(&t->revoked, &t->revoked_len,
				roots->revoked_keys,
				roots->revoked_keys_len, err);
	if (!rc && t->revoked)
		rc = mv_signers_read_revoked(t, err);
	return rc ? rc : trust_copy(&t->gpg_keys, &t->gpg_keys_len,
				    roots->gpg_keys, roots->gpg_keys_len, err);
}

int mv_trust_open(struct mv_trust **out, const struct mv_trust_roots *roots,
		  const char *tmp_dir, const struct mv_proc_env *env,
		  struct mv_err *err)
{
	struct mv_trust *t = calloc(1, sizeof(*t));
	int rc;

	*out = NULL;
	if (!t)
		return mv_nomem(err);
	if (pthread_mutex_init(&t->lock, NULL)) {
		free(t);
		return mv_nomem(err);
	}
	t->limit_ms = CHECK_LIMIT_MS;
	rc = mv_plain_env(&t->env, env, err);
	if (!rc)
		rc = mv_set_str(&t->tmp_dir, tmp_dir, err);
	if (!rc)
		rc = read_roots(t, roots, err);
	if (rc) {
		mv_trust_close(t);
		return rc;
	}
	*out = t;
	return 0;
}

void mv_trust_limit(struct mv_trust *t, int limit_ms)
{
	t->limit_ms = limit_ms;
}

static int remove_entry(const char *path, const struct stat *st, int type,
			struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void mv_trust_remove(const char *dir)
{
	nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

void mv_trust_close(struct mv_trust *t)
{
	if (!t)
		return;
	if (t->gpg_home)
		mv_trust_remove(t->gpg_home);
	free(t->gpg_home);
	mv_signers_release(t);
	free(t->ssh_keygen);
	free(t->gpg);
	free(t->tmp_dir);
	free(t->revoked);
	free(t->gpg_keys);
	mv_plain_env_release(&t->env);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static int seen(const struct mv_trust *t, size_t ssh, size_t pgp,
		const char *principal)
{
	for (size_t i = 0; i < ssh; i++)
		if (!strcmp(t->ssh[i].principal, principal))
			return 1;
	for (size_t i = 0; i < pgp; i++)
		if (!strcmp(t->pgp[i].principal, principal))
			return 1;
	return 0;
}

int mv_trust_each_principal(const struct mv_trust *t,
			    int (*fn)(void *payload, const char *principal),
			    void *payload)
{
	int rc = 0;

	for (size_t i = 0; i < t->ssh_count && !rc; i++)
		if (!seen(t, i, 0, t->ssh[i].principal))
			rc = fn(payload, t->ssh[i].principal);
	for (size_t i = 0; i < t->pgp_count && !rc; i++)
		if (!seen(t, t->ssh_count, i, t->pgp[i].principal))
			rc = fn(payload, t->pgp[i].principal);
	return rc;
}

/* -- programs ------------------------------------------------------------- */

int mv_trust_program(const char **out, struct mv_trust *t, char **slot,
		     const char *name, struct mv_err *err)
{
	int rc = 0;

	pthread_mutex_lock(&t->lock);
	if (!*slot)
		rc = mv_proc_find(slot, name, t->env.search_path, err);
	*out = *slot;
	pthread_mutex_unlock(&t->lock);
	return rc;
}

void mv_signature_release(struct mv_signature *s)
{
	free(s->principal);
	free(s->fingerprint);
	memset(s, 0, sizeof(*s));
	s->state = MV_SIGNATURE_NONE;
}

const char *mv_signature_state_name(enum mv_signature_state state)
{
	static const char *const names[] = {
		"good", "no signature", "bad signature", "unknown signer",
		"key not allowed to sign this", "key not valid at that moment",
		"revoked key", "not checked"
	};

	return names[state];
}
