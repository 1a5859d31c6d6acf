/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/git/git.h"
#include "libmv/hook/priv.h"

/* What git says on the standard input of a hook: which refs move. */
enum { LINE_MIN = 80 };		/* two names of objects and more */

/* Git checks names itself, later; none with a blank is one. */
static int is_ref(const char *s)
{
	if (strncmp(s, "refs/", 5) || strstr(s, ".."))
		return 0;
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f)
			return 0;
	return 1;
}

/* Up to `end`, a blank or the end of the line; NUL-terminated in place. */
static char *take_word(char **at, char end)
{
	char *word = *at, *p = strchr(word, end);

	if (!p || p == word)
		return NULL;
	*p = '\0';
	*at = p + 1;
	return strchr(word, '\n') ? NULL : word;
}

/* "<local ref> " in front: whatever a person typed, "HEAD^{/fix it}" too. */
static int skip_local(char **at)
{
	char *p = *at + strcspn(*at, "\n");

	for (int blanks = 0; p > *at; p--)
		if (p[-1] == ' ' && ++blanks == 3) {
			*at = p;
			return 0;
		}
	return -1;
}

/* "<old> <new> <ref>" of pre-receive and post-receive; of pre-push, where
   the reader is the one who sends, "<local ref> <new> <ref> <old>". */
static int take_update(struct mv_ref_update *u, char **at, int pre_push)
{
	char *word[3];

	if (pre_push && skip_local(at))
		return -1;
	for (int i = 0; i < 3; i++) {
		word[i] = take_word(at, i < 2 ? ' ' : '\n');
		if (!word[i])
			return -1;
	}
	u->old = word[pre_push ? 2 : 0];
	u->new = word[pre_push ? 0 : 1];
	u->ref = word[pre_push ? 1 : 2];
	return mv_git_is_id(u->old, strlen(u->old)) &&
	       mv_git_is_id(u->new, strlen(u->new)) &&
	       strlen(u->old) == strlen(u->new) && is_ref(u->ref) ? 0 : -1;
}

void mv_hook_updates_release(struct mv_ref_updates *u)
{
	free(u->v);
	free(u->text);
	memset(u, 0, sizeof(*u));
}

int mv_hook_updates_parse(struct mv_ref_updates *out, const char *data,
			  size_t len, int pre_push, struct mv_err *err)
{
	size_t lines = 0;
	char *at;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < len; i++)
		lines += data[i] == '\n';
	if (memchr(data, '\0', len) || (len && data[len - 1] != '\n') ||
	    lines > len / LINE_MIN)
		return mv_fail(err, MV_EINVALID, "standard input is not what "
			       "git says to this hook");
	out->text = strndup(data, len);
	out->v = calloc(lines + 1, sizeof(*out->v));
	if (!out->text || !out->v) {
		mv_hook_updates_release(out);
		return mv_nomem(err);
	}
	for (at = out->text; *at; out->count++) {
		if (!take_update(&out->v[out->count], &at, pre_push))
			continue;
		mv_hook_updates_release(out);
		return mv_fail(err, MV_EINVALID, "line %zu of standard input "
			       "is not what git says to this hook",
			       out->count + 1);
	}
	return 0;
}
