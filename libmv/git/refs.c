/* SPDX-License-Identifier: MIT */
#include "libmv/git/git.h"
#include "libmv/git/history.h"
#include "libmv/git/objects.h"
#include "libmv/git/priv.h"
#include "libmv/git/refs.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * Names are resolved by the kept-open `git cat-file --batch`: it looks at the
 * refs anew for each request, so what others have moved meanwhile is seen.
 */
#define LINE_MAX_BYTES (1 << 17)
#define ROOTS_MAX ((size_t)1 << 16)
#define LOCK_TRIES 8		/* of git's own 100 ms each */

/* What cat-file takes for a name when there is no such ref. */
#define NAME_RULES 6
static const char *const name_rule[NAME_RULES][2] = {
	{ "", "" }, { "refs/", "" }, { "refs/tags/", "" },
	{ "refs/heads/", "" }, { "refs/remotes/", "" },
	{ "refs/remotes/", "/HEAD" }
};

struct named {
	char hex[MV_GIT_HEX_MAX];
	size_t hits;
};

static int count_hit(void *payload, size_t i, const struct mv_git_answer *a,
		     struct mv_err *err)
{
	struct named *n = payload;

	(void)err;
	if (!i)
		memcpy(n->hex, a->hex, sizeof(n->hex));
	n->hits += !!*a->hex;
	return 0;
}

/*
 * Somebody may have pushed a tag "refs/notes/model", which git would find
 * where the ref of that name is not. So ask for every such name at once,
 * and when there is not exactly one hit, ask in the strict way: of none, too,
 * because "missing" is also said of what cannot be read.
 */
int mv_git_ref_get(char *hex, struct mv_git *git, const char *ref,
		   struct mv_err *err)
{
	const char *spec[NAME_RULES] = { NULL };
	char *made[NAME_RULES] = { NULL };
	struct named n = { .hits = 0 };
	int rc = 0;

	if (!mv_git_is_ref(ref))
		return mv_fail(err, MV_ENOENT, "'%s' is not a ref", ref);
	for (size_t i = 0; !rc && i < NAME_RULES; i++) {
		spec[i] = made[i] = mv_strf("%s%s%s", name_rule[i][0], ref,
					    name_rule[i][1]);
		if (!made[i])
			rc = mv_nomem(err);
	}
	if (!rc)
		rc = mv_git_batch_each(git, spec, NAME_RULES,
				       MV_GIT_WANT_BELIEVE, 0, count_hit, &n,
				       err);
	if (!rc && *n.hex && n.hits == 1)
		memcpy(hex, n.hex, sizeof(n.hex));
	else if (!rc)
		rc = mv_git_ref_strict(hex, git, ref, err);
	if (rc == MV_ENOENT)
		rc = mv_fail(err, rc, "there is no '%s'", ref);
	for (size_t i = 0; i < NAME_RULES; i++)
		free(made[i]);
	return rc;
}

/* -- lists of refs -------------------------------------------------------- */

enum ref_field {
	REF_NAME, REF_OID, REF_TYPE, REF_TARGET, REF_TARGET_TYPE, REF_FIELDS
};

struct refs {
	struct mv_git *git;
	const char *const *prefixes;
	mv_git_ref_fn fn;
	void *payload;
	struct mv_git_loose loose;
};

static int has_prefix(const char *const *prefixes, const char *name)
{
	if (!prefixes)
		return 1;
	for (; *prefixes; prefixes++)
		if (!strncmp(name, *prefixes, strlen(*prefixes)))
			return 1;
	return 0;
}

static int take_ref(struct refs *r, struct mv_buf *line, struct mv_err *err)
{
	struct mv_git_ref ref = { .commit = "" };
	char hex[MV_GIT_HEX_MAX] = "";
	char *field[REF_FIELDS];
	char *p = line->data;
	int rc = 0;

	for (size_t i = 0; i < REF_FIELDS; i++) {
		char *end = memchr(p, '\0', (size_t)(line->data + line->len -
						     p) + 1);

		field[i] = p;
		if (i + 1 < REF_FIELDS && end == line->data + line->len)
			return mv_fail(err, MV_EIO, "cannot understand what "
				       "git for-each-ref says");
		p = end + 1;
	}
	ref.name = field[REF_NAME];
	ref.oid = field[REF_OID];
	ref.type = field[REF_TYPE];
	if (!has_prefix(r->prefixes, ref.name))
		return 0;
	mv_git_loose_listed(&r->loose, ref.name);
	if (!strcmp(ref.type, "commit"))
		ref.commit = ref.oid;
	else if (!strcmp(field[REF_TARGET_TYPE], "commit"))
		ref.commit = field[REF_TARGET];
	else if (!strcmp(field[REF_TARGET_TYPE], "tag")) {
		/* A tag of a tag: older gits look only one step down. */
		rc = mv_git_commit(hex, r->git, field[REF_TARGET], err);
		ref.commit = hex;
	}
	if (rc && rc != MV_ENOENT)
		return rc;
	return r->fn(r->payload, &ref, err);
}

static int stream_refs(struct refs *r, const char *const *argv,
		       struct mv_err *err)
{
	struct mv_git_child child = MV_GIT_CHILD_INIT;
	struct mv_buf line;
	int end = 0;
	int rc = mv_git_child_open(&child, r->git, argv, err);

	mv_buf_init(&line, LINE_MAX_BYTES);
	if (!rc)
		mv_git_child_eof(&child);
	while (!rc) {
		mv_buf_clear(&line);
		rc = mv_git_child_until(&child, '\n', &line, &end, err);
		if (rc || end)
			break;
		rc = take_ref(r, &line, err);
	}
	if (!rc)
		rc = mv_git_child_finish(&child, err);
	mv_git_child_abort(&child);
	mv_buf_release(&line);
	return rc;
}

/* Of an answer that is here already. */
static int each_line(struct refs *r, const struct mv_buf *text,
		     struct mv_err *err)
{
	const char *p = text->data;
	const char *end = p + text->len;
	struct mv_buf line;
	int rc = 0;

	mv_buf_init(&line, LINE_MAX_BYTES);
	while (!rc && p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));

		mv_buf_clear(&line);
		if (!nl)
			rc = mv_fail(err, MV_EIO, "git for-each-ref ended in "
				     "the middle of a line");
		else if (mv_buf_add(&line, p, (size_t)(nl - p)))
			rc = mv_nomem(err);
		else
			rc = take_ref(r, &line, err);
		p = nl ? nl + 1 : end;
	}
	mv_buf_release(&line);
	return rc;
}

static int list_refs(struct refs *r, struct mv_err *err)
{
	const struct mv_buf *ahead = mv_git_ahead_take_refs(r->git,
							    r->prefixes);
	struct mv_git_ref_args args;
	int rc;

	if (ahead)
		return each_line(r, ahead, err);
	rc = mv_git_ref_args_init(&args, r->prefixes, err);
	if (rc)
		return rc;
	if (args.any)
		rc = stream_refs(r, args.argv, err);
	mv_git_ref_args_release(&args);
	return rc;
}

int mv_git_each_ref(struct mv_git *git, const char *const *prefixes,
		    mv_git_ref_fn fn, void *payload, struct mv_err *err)
{
	struct refs r = { .git = git, .prefixes = prefixes, .fn = fn,
			  .payload = payload };
	int rc = mv_git_loose_list(&r.loose, git, prefixes, err);

	if (!rc)
		rc = list_refs(&r, err);
	if (!rc)
		rc = mv_git_loose_check(&r.loose, git, err);
	mv_git_loose_release(&r.loose);
	return rc;
}

/* -- moving a ref --------------------------------------------------------- */

static int is_at(struct mv_git *git, const char *ref, const char *old,
		 struct mv_err *err)
{
	char hex[MV_GIT_HEX_MAX];
	int rc = mv_git_ref_strict(hex, git, ref, err);

	if (rc && rc != MV_ENOENT)
		return rc;
	return !strcmp(rc ? "" : hex, old);
}

static void pause_ms(int ms)
{
	const struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

/* git waits 100 ms for the lock of a ref; a busy repository needs longer. */
static int update_ref(struct mv_git *git, const char *const *args,
		      const char *ref, const char *old, struct mv_err *err)
{
	struct mv_err own = { 0 };
	struct mv_err why = { 0 };
	int rc, same;

	for (int i = 0;; i++) {
		rc = mv_git_run(git, args, NULL, 0, NULL, &own);
		if (!rc)
			return 0;
		same = is_at(git, ref, old, &why);
		if (same < 0)
			return mv_fail(err, same, "%s", why.msg);
		if (!same)
			return mv_fail(err, MV_EEXISTS, "'%s' has moved", ref);
		if (rc != MV_EIO || !strstr(own.msg, ".lock"))
			return mv_fail(err, rc, "%s", own.msg);
		if (i == LOCK_TRIES)
			return mv_fail(err, MV_EBUSY, "%s", own.msg);
		pause_ms(5 << (i < 4 ? i : 4));
	}
}

int mv_git_ref_set(struct mv_git *git, const char *ref, const char *new,
		   const char *old, const char *why, struct mv_err *err)
{
	static const char zeros[] = "00000000000000000000000000000000"
				    "00000000000000000000000000000000";
	const char *none = zeros + 64 - git->info.hex_len;
	const char *make[] = {
		"update-ref", "-m", *why ? why : "git-model", ref, new, *old ? old : none, NULL
	};
	const char *drop[] = {
		"update-ref", "-m", *why ? why : "git-model", "-d", ref, old, NULL
	};

	if (!mv_git_is_ref(ref))
		return mv_fail(err, MV_EINVALID, "'%s' is not a ref", ref);
	if ((*new && !mv_is_hex(new, git->info.hex_len)) ||
	    (*old && !mv_is_hex(old, git->info.hex_len)) ||
	    (!*new && !*old))
		return mv_fail(err, MV_EINVALID, "'%s' cannot be moved from "
			       "'%s' to '%s'", ref, old, new);
	mv_git_ahead_drop(&git->refs_ahead);
	return update_ref(git, *new ? make : drop, ref, old, err);
}

/* -- small questions ------------------------------------------------------ */

static int both_commits(char hex[2][MV_GIT_HEX_MAX], struct mv_git *git,
			const char *a, const char *b, struct mv_err *err)
{
	int rc = mv_git_commit(hex[0], git, a, err);

	return rc ? rc : mv_git_commit(hex[1], git, b, err);
}

int mv_git_merge_base(char *hex, struct mv_git *git, const char *a,
		      const char *b, struct mv_err *err)
{
	const size_t n = git->info.hex_len;
	char side[2][MV_GIT_HEX_MAX];
	const char *args[] = { "merge-base", side[0], side[1], NULL };
	struct mv_buf out, errout;
	char words[640];
	int status = 0;
	int rc = both_commits(side, git, a, b, err);

	mv_buf_init(&out, 1 << 16);
	mv_buf_init(&errout, 4096);
	if (!rc)
		rc = mv_git_spawn(&status, &errout, git, args, NULL, 0, &out,
				  err);
	if (!rc && status == 1)
		rc = mv_fail(err, MV_ENOENT, "'%s' and '%s' have no common "
			     "ancestor here", a, b);
	if (!rc && (status || out.len < n + 1)) {
		mv_git_words(words, sizeof(words), &errout);
		rc = mv_fail(err, MV_EIO, "git merge-base failed: %s", words);
	}
	if (!rc) {
		memcpy(hex, out.data, n);
		hex[n] = '\0';
	}
	mv_buf_release(&out);
	mv_buf_release(&errout);
	return rc;
}

/* In a clone that may be cut off: git's last commit that it can go back to
   has parents all the same, where it is. */
static int see_parents(void *payload, size_t i,
		       const struct mv_git_object_info *info,
		       struct mv_err *err)
{
	int *cut = payload;

	(void)i;
	(void)err;
	*cut |= !info || info->parent_count;
	return 0;
}

/* Is all that came before this commit here? MV_ENOTSUP: it is cut off. */
static int check_whole(struct mv_git *git, const char *commit,
		       struct mv_err *err)
{
	const char *args[] = {
		"rev-list", "--max-parents=0", "--end-of-options", commit,
		"--", NULL
	};
	const size_t n = git->info.hex_len + 1;
	struct mv_buf roots;
	int cut = mv_git_is_shallow(git, err);
	int rc = cut < 0 ? cut : 0;

	if (cut <= 0)
		return rc;
	cut = 0;
	mv_buf_init(&roots, ROOTS_MAX * MV_GIT_HEX_MAX);
	rc = mv_git_run(git, args, NULL, 0, &roots, err);
	for (size_t at = 0; !rc && !cut && at + n <= roots.len; at += n) {
		const char *name = roots.data + at;

		roots.data[at + n - 1] = '\0';
		rc = mv_git_objects(git, &name, 1, see_parents, &cut, err);
	}
	mv_buf_release(&roots);
	if (!rc && cut)
		rc = mv_fail(err, MV_ENOTSUP, "what came before %.10s is cut "
			     "off in this clone; git fetch --unshallow brings "
			     "it", commit);
	return rc;
}

int mv_git_is_ancestor(struct mv_git *git, const char *ancestor,
		       const char *descendant, struct mv_err *err)
{
	char side[2][MV_GIT_HEX_MAX];
	const char *args[] = { "merge-base", side[0], side[1], NULL };
	struct mv_buf base;
	int status, yes = 0;
	int rc = both_commits(side, git, ancestor, descendant, err);

	/* Not --is-ancestor, whose yes is that nothing is printed: so would a
	   git look that was cut short. */
	mv_buf_init(&base, 256);
	if (!rc)
		rc = mv_git_ask(&status, git, args, 1, &base, err);
	if (!rc && !status && base.len)
		yes = !strncmp(base.data, side[0], strlen(side[0]));
	mv_buf_release(&base);
	if (!rc && !yes)
		rc = check_whole(git, side[1], err);
	return rc ? rc : yes;
}

int mv_git_is_shallow(struct mv_git *git, struct mv_err *err)
{
	static const char *const args[] = {
		"rev-parse", "--is-shallow-repository", NULL
	};
	struct mv_buf out;
	int rc;

	mv_buf_init(&out, 64);
	rc = mv_git_run(git, args, NULL, 0, &out, err);
	if (!rc && strcmp(out.data, "true\n") && strcmp(out.data, "false\n"))
		rc = mv_fail(err, MV_EIO, "cannot understand what git "
			     "rev-parse says");
	if (!rc)
		rc = *out.data == 't';
	mv_buf_release(&out);
	return rc;
}

int mv_git_committer(struct mv_buf *out, struct mv_git *git,
		     struct mv_err *err)
{
	static const char *const args[] = {
		"var", "GIT_COMMITTER_IDENT", NULL
	};
	struct mv_buf errout;
	int status = 0;
	int rc;

	mv_buf_init(&errout, 4096);
	rc = mv_git_spawn(&status, &errout, git, args, NULL, 0, out, err);
	if (!rc && (status || !strrchr(out->data, '>')))
		rc = mv_fail(err, MV_EINVALID, "git does not know who you "
			     "are; set user.name and user.email with git "
			     "config --global");
	if (!rc)
		out->data[out->len = strcspn(out->data, "\n")] = '\0';
	mv_buf_release(&errout);
	return rc;
}

int mv_git_ident(char **out, struct mv_git *git, struct mv_err *err)
{
	struct mv_buf text;
	int rc;

	*out = NULL;
	mv_buf_init(&text, 1 << 16);
	rc = mv_git_committer(&text, git, err);
	if (!rc) {
		strrchr(text.data, '>')[1] = '\0';
		*out = mv_buf_detach(&text);
		if (!*out)
			rc = mv_nomem(err);
	}
	mv_buf_release(&text);
	return rc;
}
