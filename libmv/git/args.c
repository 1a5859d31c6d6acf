/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/git/priv.h"

/* What git is asked, by whoever asks first. */

/*
 * for-each-ref knows globs and folders; these find at least all that is
 * wanted. `text` has room for everything, so that it never moves.
 */
static int add_patterns(struct mv_buf *text, const char **argv, size_t *n,
			const char *const *prefixes)
{
	for (; *prefixes; prefixes++) {
		const char *p = *prefixes;

		if (strncmp(p, "refs/", 5)) {
			/* No ref begins with it, or all may. */
			if (strncmp("refs/", p, strlen(p)))
				continue;
			argv[(*n)++] = "refs/";
		} else if (!strpbrk(p, "*?[\\")) {
			argv[(*n)++] = text->data + text->len;
			if (mv_buf_addf(text, "%s*", p) ||
			    mv_buf_add(text, "", 1))
				return MV_ENOMEM;
			argv[(*n)++] = text->data + text->len;
			if (mv_buf_addf(text, "%s*/**", p) ||
			    mv_buf_add(text, "", 1))
				return MV_ENOMEM;
		}
	}
	return 0;
}

int mv_git_ref_args_init(struct mv_git_ref_args *out,
			 const char *const *prefixes, struct mv_err *err)
{
	static const char format[] = "--format=%(refname)%00%(objectname)"
		"%00%(objecttype)%00%(*objectname)%00%(*objecttype)";
	size_t n = 2, count = 0, bytes = 0;
	int rc = 0;

	for (; prefixes && prefixes[count]; count++)
		bytes += 2 * strlen(prefixes[count]) + 8;
	out->argv = calloc(2 * count + 3, sizeof(*out->argv));
	mv_buf_init(&out->text, bytes + 1);
	if (!out->argv || mv_buf_reserve(&out->text, bytes)) {
		rc = mv_nomem(err);
		goto out;
	}
	out->argv[0] = "for-each-ref";
	out->argv[1] = format;
	if (prefixes && add_patterns(&out->text, out->argv, &n, prefixes))
		rc = mv_nomem(err);
	out->any = n > 2 || !prefixes;
out:
	if (rc)
		mv_git_ref_args_release(out);
	return rc;
}

void mv_git_ref_args_release(struct mv_git_ref_args *args)
{
	free(args->argv);
	args->argv = NULL;
	mv_buf_release(&args->text);
}

const char *const mv_git_config_args[] = {
	"-c", MV_GIT_LAST_KEY "=1", "config", "--null", "--list", NULL
};
