/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/grow.h"
#include "libmv/git/config.h"
#include "libmv/git/git.h"
#include "libmv/git/history.h"
#include "libmv/git/refs.h"
#include "libmv/hook/priv.h"
#include "libmv/meta/ledger.h"

/*
 * Which refs does a push really move? A name on the server may be a symbolic
 * ref: who pushes refs/heads/master moves main where the one leads to the
 * other, and who pushes main moves every name that leads there. So the push
 * is judged as if all these names had been pushed. And some refs are nobody's
 * to push.
 */
enum { STEPS_MAX = 6, DEPTH_MAX = 64 };	/* git takes 5 steps */

struct alias {
	char *name, *target;
};
struct aliases {
	struct alias *v;
	size_t count, alloc;
};

static void aliases_release(struct aliases *a)
{
	for (size_t i = 0; i < a->count; i++) {
		free(a->v[i].name);
		free(a->v[i].target);
	}
	free(a->v);
	memset(a, 0, sizeof(*a));
}

static int add_alias(struct aliases *a, const char *name, const char *target,
		     struct mv_err *err)
{
	struct alias *more;

	if (MV_GROW(a->v, a->alloc, a->count + 1, err))
		return MV_ENOMEM;
	more = &a->v[a->count++];
	more->name = strdup(name);
	more->target = strdup(target);
	return more->name && more->target ? 0 : mv_nomem(err);
}

/* "<name> <where it leads>", empty for a ref that leads nowhere else. */
static int read_aliases(struct aliases *a, struct mv_git *git,
			struct mv_err *err)
{
	static const char *const args[] = {
		"for-each-ref", "--format=%(if)%(symref)%(then)%(refname) "
		"%(symref)%(end)", NULL
	};
	struct mv_buf out;
	char *save = NULL;
	int rc;

	mv_buf_init(&out, (size_t)64 << 20);
	rc = mv_git_run(git, args, NULL, 0, &out, err);
	/* A line for each ref there is, an empty one for most. None at all is a
	   new repository, or an answer that never came: so it is asked again. */
	if (!rc && !out.len)
		rc = mv_git_run(git, args, NULL, 0, &out, err);
	if (!rc && out.len && out.data[out.len - 1] != '\n')
		rc = mv_fail(err, MV_EIO, "git for-each-ref ended in the "
			     "middle of a line");
	for (char *s = rc ? NULL : strtok_r(out.data, "\n", &save); s && !rc;
	     s = strtok_r(NULL, "\n", &save)) {
		char *blank = strchr(s, ' ');

		if (!blank)
			continue;
		*blank = '\0';
		rc = add_alias(a, s, blank + 1, err);
	}
	mv_buf_release(&out);
	return rc;
}

/*
 * What leads to a ref that is not there yet: git lists no such name, and makes
 * the ref when the name is pushed. So the files are looked at; git keeps no
 * symbolic ref packed. (Of a reftable, only those whose target is there.)
 */
static int read_link(char **out, const char *path, struct mv_err *err)
{
	char link[4096];
	struct mv_buf text;
	ssize_t n = readlink(path, link, sizeof(link) - 1);
	char *s = link;

	*out = NULL;
	if (n > 0) {
		link[n] = '\0';
		if (strncmp(link, "refs/", 5))
			return 0;
		*out = strdup(link);
		return *out ? 0 : mv_nomem(err);
	}
	mv_buf_init(&text, 4096);
	/* What cannot be read, or is larger, is of no use as a ref. */
	if (!mv_read_file(&text, path, NULL) &&
	    !strncmp(text.data, "ref:", 4)) {
		s = text.data + 4;
		s += strspn(s, " \t");
		s[strcspn(s, " \t\r\n")] = '\0';
		*out = strdup(s);
		n = *out ? 0 : -2;
	}
	mv_buf_release(&text);
	return n == -2 ? mv_nomem(err) : 0;
}

static int walk_links(struct aliases *a, const char *dir, const char *name,
		      int depth, struct mv_err *err);

static int walk_link(struct aliases *a, const char *dir, const char *name,
		     const struct dirent *e, int depth, struct mv_err *err)
{
	char *path = mv_path_join(dir, e->d_name);
	char *ref = mv_path_join(name, e->d_name), *to = NULL;
	struct stat st;
	int rc = path && ref ? 0 : mv_nomem(err);

	if (!rc && !lstat(path, &st)) {
		if (S_ISDIR(st.st_mode))
			rc = walk_links(a, path, ref, depth + 1, err);
		else
			rc = read_link(&to, path, err);
	}
	if (!rc && to)
		rc = add_alias(a, ref, to, err);
	free(to);
	free(ref);
	free(path);
	return rc;
}

static int walk_links(struct aliases *a, const char *dir, const char *name,
		      int depth, struct mv_err *err)
{
	DIR *d = depth < DEPTH_MAX ? opendir(dir) : NULL;
	struct dirent *e;
	int rc = 0;

	/* Gone meanwhile is nothing; anything else we were not told. */
	if (!d)
		return errno == ENOENT && depth < DEPTH_MAX ? 0 :
			mv_fail_errno(err, errno, "cannot read '%s'", dir);
	while (!rc && (e = readdir(d)))
		if (*e->d_name != '.')
			rc = walk_link(a, dir, name, e, depth, err);
	closedir(d);
	return rc;
}

static const char *next_of(const struct aliases *a, const char *ref)
{
	for (size_t i = 0; i < a->count; i++)
		if (!strcmp(a->v[i].name, ref))
			return a->v[i].target;
	return NULL;
}

static const char *target_of(const struct aliases *a, const char *ref)
{
	const char *to = ref;

	for (int i = 0; i < STEPS_MAX && to; i++) {
		ref = to;
		to = next_of(a, ref);
	}
	return ref;
}

static int read_dangling(struct aliases *a, struct mv_push *push,
			 struct mv_err *err)
{
	char *dir = mv_path_join(push->repo->info->common_dir, "refs");
	int rc = dir ? walk_links(a, dir, "refs", 0, err) : mv_nomem(err);

	free(dir);
	return rc;
}

int mv_hook_resolve(char **ref, struct mv_push *push, struct mv_err *err)
{
	struct aliases a = { 0 };
	int rc = read_aliases(&a, push->git, err);
	const char *to;

	if (!rc)
		rc = read_dangling(&a, push, err);
	to = target_of(&a, *ref);
	if (!rc && to != *ref)
		rc = mv_set_str(ref, to, err);
	aliases_release(&a);
	return rc;
}

/* -- the push with all names that it moves -------------------------------- */

struct names {
	struct mv_ref_update *v;
	size_t count, alloc;
};

static int refs_add_name(struct names *n, const struct mv_ref_update *u,
			 const char *ref, struct mv_err *err)
{
	struct mv_ref_update *v;

	if (MV_GROW(n->v, n->alloc, n->count + 1, err))
		return MV_ENOMEM;
	v = &n->v[n->count];
	*v = *u;
	v->ref = strdup(ref);
	n->count += v->ref != NULL;
	return v->ref ? 0 : mv_nomem(err);
}

static int by_update(const void *a, const void *b)
{
	const struct mv_ref_update *x = a, *y = b;
	int d = strcmp(x->ref, y->ref);

	if (!d)
		d = strcmp(x->old, y->old);
	return d ? d : strcmp(x->new, y->new);
}

static int refs_is_same(const struct mv_ref_update *x,
			const struct mv_ref_update *y)
{
	return !by_update(x, y);
}

/* The same thing said of one ref under two names is said once; git takes it,
   too. Anything else about one ref is seen later. */
static void drop_same(struct names *n)
{
	size_t left = 0;

	if (n->count)
		qsort(n->v, n->count, sizeof(*n->v), by_update);
	for (size_t i = 0; i < n->count; i++) {
		if (left && refs_is_same(&n->v[left - 1], &n->v[i]))
			free((void *)(uintptr_t)n->v[i].ref);
		else
			n->v[left++] = n->v[i];
	}
	n->count = left;
}

static int add_all_names(struct names *n, struct names *targets,
			 const struct aliases *a,
			 const struct mv_ref_update *u, struct mv_err *err)
{
	const char *target = target_of(a, u->ref);
	int rc = refs_add_name(n, u, target, err);

	if (!rc)
		rc = refs_add_name(targets, u, target, err);
	for (size_t i = 0; i < a->count && !rc; i++)
		if (!strcmp(target_of(a, a->v[i].name), target))
			rc = refs_add_name(n, u, a->v[i].name, err);
	return rc;
}

static void names_release(struct mv_ref_update *v, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free((void *)(uintptr_t)v[i].ref);
	free(v);
}

int mv_hook_settle_names(struct mv_push *push, struct mv_err *err)
{
	struct aliases a = { 0 };
	struct names n = { 0 }, t = { 0 };
	int rc = read_aliases(&a, push->git, err), new = 0;

	for (size_t i = 0; i < push->count; i++)
		new |= mv_hook_is_zero(push->updates[i].old);
	if (!rc && new)
		rc = read_dangling(&a, push, err);
	for (size_t i = 0; i < push->count && !rc && a.count; i++)
		rc = add_all_names(&n, &t, &a, &push->updates[i], err);
	if (!rc && a.count) {
		drop_same(&n);
		drop_same(&t);
		push->own = n.v;
		push->own_count = n.count;
		push->targets = t.v;
		push->target_count = t.count;
		push->updates = n.v;
		push->count = n.count;
	} else {
		names_release(n.v, n.count);
		names_release(t.v, t.count);
	}
	aliases_release(&a);
	return rc;
}

void mv_hook_release_names(struct mv_push *push)
{
	names_release(push->own, push->own_count);
	names_release(push->targets, push->target_count);
}

/* -- what nobody may push ------------------------------------------------- */

/* Is `a` a folder above `b`? */
static int is_above(const char *a, const char *b)
{
	size_t n = strlen(a);

	return !strncmp(a, b, n) && b[n] == '/';
}

/* Where "Main" and "main" are one file, a new "Main" is read for a packed
   "main". ASCII: what a file system makes of the rest, git does not know. */
static char *refs_fold(const char *name)
{
	char *copy = strdup(name);

	for (char *p = copy; p && *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return copy;
}

struct spelling {
	char *folded, *name;
	int pushed;
};
struct spellings {
	struct spelling *v;
	size_t count, alloc;
};

static int add_spelling(struct spellings *s, const char *name, int pushed,
			struct mv_err *err)
{
	struct spelling *v;

	if (MV_GROW(s->v, s->alloc, s->count + 1, err))
		return MV_ENOMEM;
	v = &s->v[s->count++];
	v->folded = refs_fold(name);
	v->name = strdup(name);
	v->pushed = pushed;
	return v->folded && v->name ? 0 : mv_nomem(err);
}

static int see_ref(void *payload, const struct mv_git_ref *ref,
		   struct mv_err *err)
{
	return add_spelling(payload, ref->name, 0, err);
}

static int by_folded(const void *a, const void *b)
{
	const struct spelling *x = a, *y = b;

	return strcmp(x->folded, y->folded);
}

static void compare_spellings(struct mv_push *push, const struct spellings *s)
{
	for (size_t i = 1; i < s->count; i++) {
		const struct spelling *x = &s->v[i - 1], *y = &s->v[i];

		if (strcmp(x->folded, y->folded) || !strcmp(x->name, y->name) ||
		    (!x->pushed && !y->pushed))
			continue;
		mv_hook_refuse(push, "%s and %s are one file on this server",
			       x->name, y->name);
	}
}

static void spellings_release(struct spellings *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->v[i].folded);
		free(s->v[i].name);
	}
	free(s->v);
}

static int is_new_tag(const struct mv_ref_update *u)
{
	return mv_hook_is_zero(u->old) && !mv_hook_is_zero(u->new) &&
	       !strncmp(u->ref, TAGS, strlen(TAGS));
}

/* Is the tag's name, or what stands behind one of its slashes, a branch's? */
static int check_shadow(struct mv_push *push, const struct spellings *s,
			const char *ref, struct mv_err *err)
{
	const struct spelling *hit = NULL;
	const char *name = ref + strlen(TAGS);
	int rc = 0;

	while (name && !hit && !rc) {
		char *head = mv_strf(HEADS "%s", name);
		struct spelling key = { .folded = head ? refs_fold(head) : NULL };

		if (key.folded)
			hit = bsearch(&key, s->v, s->count, sizeof(*s->v),
				      by_folded);
		else
			rc = mv_nomem(err);
		free(key.folded);
		free(head);
		name = strchr(name, '/');
		name = name ? name + 1 : NULL;
	}
	if (hit)
		mv_hook_refuse(push, "%s would be taken for %s: git looks for "
			       "a tag first; give it another name", ref,
			       hit->name);
	return rc;
}

static int check_spelling(struct mv_push *push, struct mv_err *err)
{
	struct spellings s = { 0 };
	int blind, rc = mv_git_config_bool(&blind, push->git,
					   "core.ignorecase", 0, err);

	if (rc || !blind)
		return rc;
	rc = mv_git_each_ref(push->git, NULL, see_ref, &s, err);
	if (!rc)
		rc = add_spelling(&s, push->branch, 0, err);
	if (!rc)
		rc = add_spelling(&s, MV_NOTES_REF, 0, err);
	for (size_t i = 0; i < push->count && !rc; i++)
		if (!mv_hook_is_zero(push->updates[i].new))
			rc = add_spelling(&s, push->updates[i].ref, 1, err);
	if (!rc && s.count)
		qsort(s.v, s.count, sizeof(*s.v), by_folded);
	if (!rc)
		compare_spellings(push, &s);
	spellings_release(&s);
	return rc;
}

/*
 * Of a short name git takes the tag before the branch: with a tag "main", or
 * "origin/main" for those who fetch it, somebody decides what others believe
 * to be the branch.
 */
static int check_shadows(struct mv_push *push, struct mv_err *err)
{
	static const char *const heads[] = { HEADS, NULL };
	struct spellings s = { 0 };
	int rc = 0, tags = 0;

	for (size_t i = 0; i < push->count; i++)
		tags |= is_new_tag(&push->updates[i]);
	if (!tags)
		return 0;
	rc = mv_git_each_ref(push->git, heads, see_ref, &s, err);
	if (!rc)
		rc = add_spelling(&s, push->branch, 0, err);
	if (!rc)
		qsort(s.v, s.count, sizeof(*s.v), by_folded);
	for (size_t i = 0; i < push->count && !rc; i++)
		if (is_new_tag(&push->updates[i]))
			rc = check_shadow(push, &s, push->updates[i].ref,
					  err);
	spellings_release(&s);
	return rc;
}

/* "refs/heads/refs/...": what git finds where the ref in full is not. */
static int is_nested(const char *ref)
{
	const char *slash = strncmp(ref, "refs/", 5) ? NULL :
			    strchr(ref + 5, '/');

	return slash && !strncmp(slash, "/refs/", 6);
}

/*
 * A replacement puts another commit, tree or note in the place of the one
 * that was judged, for everybody who mirrors this repository. What stands
 * where a ref of ours shall be keeps that from being made.
 */
int mv_hook_check_refs(struct mv_push *push, struct mv_err *err)
{
	int rc;

	for (size_t i = 0; i < push->count; i++) {
		const struct mv_ref_update *u = &push->updates[i];

		if (mv_hook_is_zero(u->new))
			continue;
		if (!strncmp(u->ref, "refs/replace/", 13))
			mv_hook_refuse(push, "%s: replacements are not taken "
				       "here, because they show what nobody "
				       "judged", u->ref);
		else if (is_nested(u->ref))
			mv_hook_refuse(push, "%s would be taken for %s where "
				       "that is not", u->ref,
				       strchr(u->ref + 5, '/') + 1);
		else if (is_above(MV_NOTES_REF, u->ref))
			mv_hook_refuse(push, "%s would stand in the way of "
				       MV_NOTES_REF, u->ref);
		else if (!*push->trusted && (is_above(push->branch, u->ref) ||
					     is_above(u->ref, push->branch)))
			mv_hook_refuse(push, "%s would stand in the way of %s",
				       u->ref, push->branch);
	}
	rc = check_shadows(push, err);
	return rc ? rc : check_spelling(push, err);
}

/* -- what would have to be walked ----------------------------------------- */

enum { PATHS_MAX = 1000000 };

static int bounded(struct mv_push *push, int rc, const struct mv_err *why,
		   uint64_t max, struct mv_err *err)
{
	if (rc == MV_EINVALID)
		return mv_hook_refuse(push, "%s; model.receivePaths of the "
				      "server allows %llu", why->msg,
				      (unsigned long long)max);
	return rc ? mv_fail(err, rc, "%s", why->msg) : 0;
}

/* What a commit brings in, and the next one takes out, is in the history that
   everybody walks. */
static int check_histories(struct mv_push *push, uint64_t max,
			   struct mv_err *err)
{
	struct mv_err why;
	int rc = 0;

	for (size_t i = 0; !rc && !push->refused && i < push->count; i++) {
		const struct mv_ref_update *u = &push->updates[i];

		if (mv_hook_is_zero(u->new) || (strcmp(u->ref, push->branch) &&
		    !mv_hook_is_protected(push, u->ref)))
			continue;
		rc = mv_git_bound_history(push->git, u->new,
					  mv_hook_is_zero(u->old) ? "" :
					  u->old, push->trusted, max, &why);
		rc = bounded(push, rc, &why, max, err);
		if (!rc)
			rc = mv_hook_in_time(push, err);
	}
	return rc;
}

int mv_hook_bound_history(struct mv_push *push, const char *old,
			  const char *new, struct mv_err *err)
{
	struct mv_err why;
	uint64_t max;
	int rc = mv_repo_config_size(&max, push->repo, "model.receivepaths",
				     PATHS_MAX, err);

	return rc ? rc : bounded(push, mv_git_bound_history(push->git, new,
							    old, "", max,
							    &why),
				 &why, max, err);
}

int mv_hook_check_paths(struct mv_push *push, struct mv_err *err)
{
	const char **revs = calloc(push->count + 1, sizeof(*revs));
	struct mv_err why;
	uint64_t max;
	size_t n = 0;
	int rc = revs ? 0 : mv_nomem(err);

	if (!rc)
		rc = mv_repo_config_size(&max, push->repo,
					 "model.receivepaths", PATHS_MAX,
					 err);
	for (size_t i = 0; !rc && i < push->count; i++) {
		const struct mv_git_ref *ref = &push->refs[i];

		if (*ref->commit &&
		    (!strcmp(ref->type, "tag") || !strcmp(ref->name,
							  push->branch) ||
		     mv_hook_is_protected(push, ref->name)))
			revs[n++] = ref->commit;
	}
	if (!rc && n) {
		rc = mv_git_bound_paths(push->git, revs, n, push->trusted,
					max, &why);
		rc = bounded(push, rc, &why, max, err);
	}
	free(revs);
	return rc ? rc : check_histories(push, max, err);
}
