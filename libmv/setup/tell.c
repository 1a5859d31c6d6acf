/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdlib.h>

#include "libmv/base/words.h"
#include "libmv/setup/priv.h"

#define WORD_MAX ((size_t)16 << 20)

void mv_setup_tell(const struct mv_install *install, int warning,
		   const char *fmt, ...)
{
	char message[1024];
	va_list ap;

	if (!install->tell)
		return;
	va_start(ap, fmt);
	mv_vwords(message, sizeof(message), fmt, ap);
	va_end(ap);
	install->tell(install->payload, warning, message);
}

int mv_setup_quote(char **out, const char *text, struct mv_err *err)
{
	struct mv_buf word;
	int rc;

	mv_buf_init(&word, WORD_MAX);
	rc = mv_buf_add_shell(&word, text);
	if (!rc && !(*out = mv_buf_detach(&word)))
		rc = MV_ENOMEM;
	mv_buf_release(&word);
	return rc ? mv_nomem(err) : 0;
}

int mv_setup_word(char **out, const char *program,
		  const struct mv_proc_env *env, struct mv_err *err)
{
	char *found = NULL;
	struct mv_buf word;
	int rc = mv_proc_find(&found, "git-model", env->search_path, NULL);

	free(found);
	mv_buf_init(&word, WORD_MAX);
	if (rc)
		rc = mv_buf_add_shell(&word, program);
	else
		rc = mv_buf_addstr(&word, "git-model");
	if (!rc && !(*out = mv_buf_detach(&word)))
		rc = MV_ENOMEM;
	mv_buf_release(&word);
	return rc ? mv_nomem(err) : 0;
}
