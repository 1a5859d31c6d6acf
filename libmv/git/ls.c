/* SPDX-License-Identifier: MIT */
#include "libmv/git/files.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"
#include "libmv/git/priv.h"

#include <stdlib.h>
#include <string.h>

/*
 * The index and the untracked files are listed by `git ls-files`: it reads
 * every index there is (split, sparse, version 4) and knows what is ignored.
 */

/* One line of the list: entries point into the list's text. */
struct row {
	struct mv_git_entry e;
	char blob[MV_GIT_HEX_MAX];
};

/* "<tag> <mode> <blob> <stage>\t<path>", or "? <path>". */
static int parse_row(struct row *r, const char *s, size_t hex_len)
{
	char *end;

	memset(r, 0, sizeof(*r));
	r->e.blob = r->blob;
	if (!*s || s[1] != ' ')
		return -1;
	if (*s == '?') {
		r->e.path = s + 2;
		return 0;
	}
	/* Small letters: assume-unchanged. */
	r->e.skip_worktree = *s == 'S' || *s == 's';
	r->e.assume_unchanged = *s >= 'a' && *s <= 'z';
	r->e.mode = (unsigned)strtoul(s + 2, &end, 8);
	if (*end++ != ' ' || strspn(end, "0123456789abcdef") != hex_len)
		return -1;
	memcpy(r->blob, end, hex_len);
	end += hex_len;
	if (end[0] != ' ' || end[1] < '0' || end[1] > '3' || end[2] != '\t')
		return -1;
	r->e.stage = end[1] - '0';
	r->e.path = end + 3;
	return 0;
}

/* The next row of `out` from *p; 0, 1 at the end, or an error. */
static int next_row(struct row *r, const char **p, const struct mv_buf *out,
		    size_t hex_len, struct mv_err *err)
{
	const char *end = out->data + out->len;

	if (*p >= end)
		return 1;
	if (end[-1] || parse_row(r, *p, hex_len))
		return mv_fail(err, MV_EIO, "cannot understand the list of "
			       "git ls-files");
	*p += strlen(*p) + 1;
	return 0;
}

static int each_row(struct mv_git *git, const struct mv_buf *out,
		    mv_git_entry_fn fn, void *payload, struct mv_err *err)
{
	const char *p = out->data;
	struct row r;
	int rc;

	while (!(rc = next_row(&r, &p, out, git->info.hex_len, err))) {
		rc = fn(payload, &r.e, err);
		if (rc)
			return rc;
	}
	return rc < 0 ? rc : 0;
}

/* -- only those with our filter ------------------------------------------- */

struct pick {
	struct mv_git *git;
	const struct mv_buf *out;
	const char *p;			/* the row to be judged next */
	mv_git_entry_fn fn;
	void *payload;
};

static int ls_judge(void *payload, size_t i, const char *filter,
		    struct mv_err *err)
{
	struct pick *pick = payload;
	struct row r;
	int rc = next_row(&r, &pick->p, pick->out, pick->git->info.hex_len,
			  err);

	(void)i;
	if (rc)
		return rc < 0 ? rc : 0;
	return *filter ? pick->fn(pick->payload, &r.e, err) : 0;
}

static int each_filtered(struct mv_git *git, const struct mv_buf *out,
			 mv_git_entry_fn fn, void *payload,
			 struct mv_err *err)
{
	struct pick pick = { git, out, out->data, fn, payload };
	const char *p = out->data;
	const char **paths;
	size_t count = 0, n = 0;
	struct row r;
	int rc;

	for (size_t i = 0; i < out->len; i++)
		count += !out->data[i];
	paths = malloc((count + 1) * sizeof(*paths));
	if (!paths)
		return mv_nomem(err);
	while (!(rc = next_row(&r, &p, out, git->info.hex_len, err)))
		if (n < count)
			paths[n++] = r.e.path;
	if (rc > 0)
		rc = mv_git_filters(git, paths, n, ls_judge, &pick, err);
	free(paths);
	return rc;
}

/*
 * Attributes as pathspec magic are quicker than a list through check-attr,
 * but cannot be added to what has magic already, and git 2.39 does not find
 * untracked files in untracked folders that way.
 */
static int magic_will_do(const struct mv_git *git, unsigned flags,
			 const char *const *specs)
{
	if (!(flags & MV_GIT_LS_FILTERED) || (flags & MV_GIT_LS_OTHERS))
		return 0;
	if (flags & MV_GIT_LS_TYPED && specs && mv_git_reads_oddly(git))
		return 0;
	for (; specs && *specs; specs++)
		if (**specs == ':')
			return 0;
	return 1;
}

static int add_specs(const char **args, struct mv_buf *text, size_t *offset,
		     const char *const *specs)
{
	static const char *const value[] = { "model", "lfs" };
	size_t n = 0;

	for (size_t i = 0; !specs ? i < 1 : specs[i] != NULL; i++) {
		for (int v = 0; v < 2; v++) {
			offset[n++] = text->len;
			if (mv_buf_addf(text, ":(%sattr:filter=%s)%s",
					specs ? "" : "top,", value[v],
					specs ? specs[i] : "") ||
			    mv_buf_add(text, "", 1))
				return MV_ENOMEM;
		}
	}
	for (size_t i = 0; i < n; i++)
		args[i] = text->data + offset[i];
	args[n] = NULL;
	return 0;
}

static int ls_list(struct mv_git *git, unsigned flags, const char *const *specs,
		   int magic, struct mv_buf *out, struct mv_err *err)
{
	static const char everything[] = ":/";
	const char **args;
	size_t *offset;
	struct mv_buf text;
	size_t n = 0, at = 0;
	int rc = 0;

	while (specs && specs[n])
		n++;
	mv_buf_init(&text, MV_GIT_OUT_MAX);
	args = calloc(2 * n + 16, sizeof(*args));
	offset = calloc(2 * n + 2, sizeof(*offset));
	if (!args || !offset) {
		rc = mv_nomem(err);
		goto out;
	}
	args[at++] = "ls-files";
	args[at++] = "-z";
	args[at++] = "-v";
	args[at++] = "--full-name";
	if (flags & MV_GIT_LS_CACHED)
		args[at++] = "-s";
	if (flags & MV_GIT_LS_OTHERS) {
		args[at++] = "-o";
		args[at++] = "--exclude-standard";
	}
	args[at++] = "--";
	if (magic)
		rc = add_specs(args + at, &text, offset, specs) ?
		     mv_nomem(err) : 0;
	else if (specs)
		memcpy(args + at, specs, n * sizeof(*args));
	else
		args[at] = everything;
	mv_git_typed(git, specs && flags & MV_GIT_LS_TYPED);
	if (!rc)
		rc = mv_git_run(git, args, NULL, 0, out, err);
	mv_git_typed(git, 0);
out:
	mv_buf_release(&text);
	free(offset);
	free(args);
	return rc;
}

int mv_git_ls(struct mv_git *git, unsigned flags, const char *const *pathspecs,
	      mv_git_entry_fn fn, void *payload, struct mv_err *err)
{
	int magic = magic_will_do(git, flags, pathspecs);
	struct mv_buf out;
	int rc;

	if (!(flags & (MV_GIT_LS_CACHED | MV_GIT_LS_OTHERS)) ||
	    (pathspecs && !*pathspecs))
		return 0;
	mv_buf_init(&out, MV_GIT_OUT_MAX);
	rc = ls_list(git, flags, pathspecs, magic, &out, err);
	if (!rc && (flags & MV_GIT_LS_FILTERED) && !magic)
		rc = each_filtered(git, &out, fn, payload, err);
	else if (!rc)
		rc = each_row(git, &out, fn, payload, err);
	mv_buf_release(&out);
	return rc;
}

/* -- attributes ----------------------------------------------------------- */

/*
 * check-attr takes paths relative to where it runs, which is not the top
 * when the repository was opened from below: a "../" for each level.
 */
static int write_paths(struct mv_buf *in, const char *prefix,
		       const char *const *paths, size_t count)
{
	size_t up = 0;
	int rc = 0;

	for (; *prefix; prefix++)
		up += *prefix == '/';
	for (size_t i = 0; !rc && i < count; i++) {
		for (size_t j = 0; !rc && j < up; j++)
			rc = mv_buf_addstr(in, "../");
		if (!rc)
			rc = mv_buf_add(in, paths[i], strlen(paths[i]) + 1);
	}
	return rc;
}

/* "<path>\0filter\0<value>\0": the value, or NULL. Moves *p past it. */
static const char *parse_attr(const char **p, const char *end)
{
	const char *field[3];

	for (int i = 0; i < 3; i++) {
		field[i] = *p;
		*p += strnlen(*p, (size_t)(end - *p)) + 1;
		if (*p > end)
			return NULL;	/* cut short */
	}
	return strcmp(field[1], "filter") ? NULL : field[2];
}

int mv_git_filter_words(struct mv_git *git, int staged,
			const char *const *paths, size_t count,
			mv_git_attr_fn fn, void *payload, struct mv_err *err)
{
	const char *const args[] = {
		"check-attr", "-z", "--stdin", staged ? "--cached" : "filter",
		staged ? "filter" : NULL, NULL
	};
	struct mv_buf in, out;
	const char *p;
	int rc = 0;

	if (!count)
		return 0;
	mv_buf_init(&in, MV_GIT_OUT_MAX);
	mv_buf_init(&out, MV_GIT_OUT_MAX);
	if (write_paths(&in, git->info.prefix, paths, count))
		rc = mv_nomem(err);
	if (!rc)
		rc = mv_git_run(git, args, in.data, in.len, &out, err);
	p = out.data;
	for (size_t i = 0; !rc && i < count; i++) {
		const char *value = parse_attr(&p, out.data + out.len);

		if (!value)
			rc = mv_fail(err, MV_EIO, "cannot understand the "
				     "answer of git check-attr");
		else
			rc = fn(payload, i, value, err);
	}
	mv_buf_release(&in);
	mv_buf_release(&out);
	return rc;
}

struct ours {
	mv_git_attr_fn fn;
	void *payload;
};

static int only_ours(void *payload, size_t i, const char *word,
		     struct mv_err *err)
{
	const struct ours *o = payload;

	return o->fn(o->payload, i, !strcmp(word, "model") ||
		     !strcmp(word, "lfs") ? word : "", err);
}

int mv_git_filters(struct mv_git *git, const char *const *paths, size_t count,
		   mv_git_attr_fn fn, void *payload, struct mv_err *err)
{
	struct ours o = { fn, payload };

	return mv_git_filter_words(git, 0, paths, count, only_ours, &o, err);
}
