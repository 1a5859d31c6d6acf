/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/base/hash.h"
#include "libmv/gate/priv.h"
#include "libmv/git/git.h"
#include "libmv/git/history.h"
#include "libmv/git/objects.h"
#include "libmv/meta/manifest.h"
#include "libmv/meta/project.h"
#include "libmv/subject/subject.h"

/*
 * What the move of a branch brings: each content that changed is judged by
 * the [branch] sections, and a change of .gitmodel/ by the policy that it
 * changes. What stands in .gitmodel/ is approved as a directory is: by the
 * content id of its manifest.
 */
struct moving {
	struct mv_gate *gate;
	const char *branch, *old, *new;
	struct mv_project project;	/* of `new`: names of artifacts */
	struct mv_project before;	/* of `old` */
	struct change {
		char *path, *blob;	/* blob "": gone, or a whole artifact */
		int ours;
	} *v;				/* what changed */
	size_t count, alloc;
	mv_gate_fn fn;
	void *payload;
};

/* -- what changed --------------------------------------------------------- */

/* A directory artifact is judged once, as a whole. */
static int add_path(struct moving *m, const char *path, const char *blob,
		    struct mv_err *err)
{
	const struct mv_artifact *a = mv_project_by_path(&m->project, path);
	struct change *c;

	if (!a)
		a = mv_project_by_path(&m->before, path);
	if (MV_GROW(m->v, m->alloc, m->count + 1, err) < 0)
		return MV_ENOMEM;
	c = &m->v[m->count++];
	c->path = strdup(a ? a->path : path);
	c->blob = strdup(a ? "" : blob);
	c->ours = a != NULL;
	return c->path && c->blob ? 0 : mv_nomem(err);
}

static int branch_by_path(const void *a, const void *b)
{
	return strcmp(((const struct change *)a)->path,
		      ((const struct change *)b)->path);
}

static int see_pointer(void *payload, size_t i, const char *hex,
		       const void *data, size_t len, struct mv_err *err)
{
	struct moving *m = payload;
	struct mv_pointer p;

	if (!data && !*hex && *m->v[i].blob)
		return mv_fail(err, MV_ECORRUPT, "what git has of '%s' cannot "
			       "be read; see git fsck", m->v[i].path);
	/* What looks like a pointer and is none is looked at, too. */
	m->v[i].ours |= data && mv_pointer_parse(&p, data, len, NULL) !=
			MV_ENOENT;
	return 0;
}

/* Each path once; of what is no artifact, only pointers are ours. All blobs
   are read at once: a push may bring many files of code. */
static int sort_out(struct moving *m, struct mv_err *err)
{
	const char **blobs = calloc(m->count + 1, sizeof(*blobs));
	size_t n = 0;
	int rc = 0;

	if (!blobs)
		return mv_nomem(err);
	if (m->count)
		qsort(m->v, m->count, sizeof(*m->v), branch_by_path);
	for (size_t i = 0; i < m->count; i++) {
		struct change *c = &m->v[i];

		if (n && !strcmp(m->v[n - 1].path, c->path)) {
			free(c->path);
			free(c->blob);
		} else {
			m->v[n++] = *c;
		}
	}
	m->count = n;
	for (size_t i = 0; i < n; i++)
		blobs[i] = *m->v[i].blob ? m->v[i].blob : "-";
	if (n)
		rc = mv_git_read_many(mv_repo_git(m->gate->repo), blobs, n,
				      MV_POINTER_MAX - 1, see_pointer, m,
				      err);
	free(blobs);
	return rc;
}

static int is_policy(const char *path)
{
	return !strncmp(path, ".gitmodel/", 10);
}

static int on_delta(void *payload, const struct mv_git_delta *d,
		    struct mv_err *err)
{
	struct moving *m = payload;

	if (is_policy(d->new_path ? d->new_path : d->old_path))
		return 0;
	/* Also what is gone: it may have been part of a directory, or be
	   something else now than a file. */
	if (!d->new_path)
		return add_path(m, d->old_path, "", err);
	return add_path(m, d->new_path, d->new_odd ? "" : d->new_blob, err);
}

/* -- one content ---------------------------------------------------------- */

static int branch_fill(struct mv_policy_facts *f, struct mv_gate *gate,
		       const struct mv_subject *s, const char *action,
		       struct mv_err *err)
{
	struct mv_testimony t;
	int rc;

	f->action = action;
	f->content = s->pointer.oid;
	f->size = s->pointer.size;
	rc = mv_gate_testimony(&t, gate, s->blob, &s->pointer, f->artifact,
			       gate->now / 1000, err);
	if (rc)
		return rc;
	f->evidence = t.evidence;
	f->votes = t.votes;
	f->vote_count = t.count;
	memset(&t.evidence, 0, sizeof(t.evidence));
	t.votes = NULL;
	t.count = 0;
	rc = mv_gate_set(&f->records, t.records, err);
	mv_gate_testimony_release(&t);
	if (!rc)
		rc = mv_gate_set(&f->repo, gate->repo_id, err);
	if (!rc)
		rc = mv_gate_set(&f->pointer, s->blob, err);
	if (!rc && gate->pusher)
		rc = mv_gate_set(&f->pusher, gate->pusher, err);
	return rc ? rc : mv_gate_set(&f->path, s->path, err);
}

static int branch_take_commit(void *payload, size_t i,
			      const struct mv_git_object_info *info,
			      struct mv_err *err)
{
	struct mv_policy_facts *f = payload;
	int rc = 0;

	(void)i;
	if (info && info->author.email)
		rc = mv_gate_set(&f->author, info->author.email, err);
	if (!rc && info && info->committer.email)
		rc = mv_gate_set(&f->committer, info->committer.email, err);
	return rc;
}

static int branch_judge(struct moving *m, const char *subject,
			struct mv_policy_facts *f, struct mv_err *err)
{
	struct mv_verdict verdict;
	int rc = mv_decide(&verdict, f, &m->gate->policy,
			   m->gate->now / 1000, err);

	if (rc)
		return rc;
	if (verdict.governed)
		rc = m->fn(m->payload, subject, f, &verdict, err);
	mv_verdict_release(&verdict);
	return rc;
}

/* Is nothing at the path, nor in the place of a folder above it? */
static int is_gone(int *gone, struct moving *m, const char *path,
		   struct mv_err *err)
{
	char *at;
	int rc = mv_gate_stands(&at, mv_repo_git(m->gate->repo), m->new,
				&path, 1, err);

	*gone = !rc && !*at;
	free(at);
	return rc;
}

/*
 * What git holds itself is none of ours, unless it stands where an artifact
 * is or was: there it is content of which nothing is known.
 */
static int find_content(struct mv_subject *s, int *skip, struct moving *m,
			const char *path, struct mv_err *err)
{
	const int named = mv_project_by_path(&m->project, path) ||
			  mv_project_by_path(&m->before, path);
	struct mv_err why = { MV_OK, "" };
	int rc;

	/* What others are measured on cannot be measured on itself before it
	   is there. */
	*skip = !named && mv_policy_measures_on(&m->gate->policy, path);
	if (*skip) {
		memset(s, 0, sizeof(*s));
		return 0;
	}
	rc = mv_subject_find_at(s, m->gate->repo, m->new, path, &why);
	/* Whose bytes stand elsewhere is not known by what stands here. */
	if (!rc && s->beyond) {
		mv_subject_release(s);
		rc = MV_EINVALID;
	}
	/* What is gone cannot be worse. */
	if (rc == MV_ENOENT) {
		int failed = is_gone(skip, m, path, err);

		if (failed || *skip)
			return failed;
	}
	if (rc == MV_EINVALID || rc == MV_ENOENT) {
		*skip = !named;
		memset(s, 0, sizeof(*s));
		return *skip ? 0 : mv_gate_set(&s->path, path, err);
	}
	return rc ? mv_fail(err, rc, "%s", why.msg) : 0;
}

static int judge_path(struct moving *m, const char *path, struct mv_err *err)
{
	const struct mv_artifact *a = mv_project_by_path(&m->project, path);
	struct mv_policy_facts f;
	struct mv_subject s;
	struct mv_asked asked = { m->gate, NULL, &s, m->old, &f };
	int skip, rc = find_content(&s, &skip, m, path, err);

	if (rc || skip)
		return rc;
	memset(&f, 0, sizeof(f));
	rc = mv_gate_set(&f.artifact, a ? a->name : path, err);
	if (!rc)
		rc = mv_gate_set(&f.branch, m->branch, err);
	if (!rc)
		rc = mv_gate_set(&f.commit, m->new, err);
	if (!rc && *s.blob)
		rc = branch_fill(&f, m->gate, &s, "change", err);
	else if (!rc)
		f.size = UINT64_MAX;
	f.action = "change";
	if (!rc)
		rc = mv_git_objects(mv_repo_git(m->gate->repo), &m->new, 1,
				    branch_take_commit, &f, err);
	if (!rc)
		rc = mv_policy_each_question(&m->gate->policy, "change",
					     f.artifact, m->branch,
					     mv_gate_answer, &asked, err);
	if (!rc)
		rc = branch_judge(m, f.artifact, &f, err);
	mv_policy_facts_release(&f);
	mv_subject_release(&s);
	return rc;
}

/* -- the policy itself ---------------------------------------------------- */

#define TRUSTED_MAX ((size_t)4 << 20)

struct listing {
	struct mv_manifest members;
	char **path, **blob;
	size_t count, path_alloc, blob_alloc;
};

static void listing_release(struct listing *l)
{
	for (size_t i = 0; i < l->count; i++) {
		free(l->path[i]);
		free(l->blob[i]);
	}
	free(l->path);
	free(l->blob);
	mv_manifest_release(&l->members);
}

static int add_listed(struct listing *l, char *path, char *blob,
		      struct mv_err *err)
{
	if (!path || !blob ||
	    MV_GROW(l->path, l->path_alloc, l->count + 1, NULL) < 0 ||
	    MV_GROW(l->blob, l->blob_alloc, l->count + 1, NULL) < 0) {
		free(path);
		free(blob);
		return mv_nomem(err);
	}
	l->path[l->count] = path;
	l->blob[l->count++] = blob;
	return 0;
}

/* "<mode> blob <oid> TAB <path>": of a symlink or submodule nobody can say
   what it will be read as. */
static int branch_take_line(struct listing *l, const char *line,
			    struct mv_err *err)
{
	const char *tab = strchr(line, '\t'), *oid;

	if (!tab || strncmp(tab + 1, ".gitmodel/", 10) ||
	    (strncmp(line, "100644 blob ", 12) &&
	     strncmp(line, "100755 blob ", 12)))
		return mv_fail(err, MV_EINVALID, "'%s' is no regular file; "
			       "nothing else may stand in .gitmodel/",
			       tab ? tab + 1 : line);
	oid = line + 12;
	return add_listed(l, strdup(tab + 11),
			  strndup(oid, (size_t)(tab - oid)), err);
}

static int list_trusted(struct listing *l, struct mv_git *git,
			const char *commit, struct mv_err *err)
{
	const char *args[] = { "ls-tree", "-r", "-z", "--full-tree", commit,
			       "--", ".gitmodel", NULL };
	struct mv_buf out;
	int rc;

	mv_buf_init(&out, TRUSTED_MAX);
	rc = mv_git_run(git, args, NULL, 0, &out, err);
	for (size_t at = 0; !rc && at < out.len;
	     at += strlen(out.data + at) + 1)
		rc = branch_take_line(l, out.data + at, err);
	mv_buf_release(&out);
	return rc;
}

/* The bytes themselves: a pointer here is only its own text. */
static int take_bytes(void *payload, size_t i, const char *hex,
		      const void *data, size_t len, struct mv_err *err)
{
	struct listing *l = payload;
	struct mv_oid oid;
	int rc;

	(void)hex;
	if (!data)
		return mv_fail(err, MV_EINVALID, "'.gitmodel/%s' cannot be "
			       "read, or is larger than 4 MiB", l->path[i]);
	rc = mv_sha256(&oid, data, len, err);
	return rc ? rc : mv_manifest_add(&l->members, l->path[i], &oid, len,
					 err);
}

/* The manifest of what stands in .gitmodel/ of a commit. */
static int policy_pointer(struct mv_pointer *out, struct mv_gate *gate,
			  const char *commit, struct mv_err *err)
{
	struct mv_git *git = mv_repo_git(gate->repo);
	struct listing l;
	struct mv_buf text;
	int rc;

	memset(&l, 0, sizeof(l));
	mv_buf_init(&text, MV_MANIFEST_BYTES);
	rc = list_trusted(&l, git, commit, err);
	if (!rc && l.count)
		rc = mv_git_read_many(git, (const char *const *)l.blob,
				      l.count, TRUSTED_MAX, take_bytes, &l,
				      err);
	if (!rc)
		rc = mv_subject_manifest_pointer(out, &text, &l.members, err);
	mv_buf_release(&text);
	listing_release(&l);
	return rc;
}

int mv_gate_policy_digest(char *out, struct mv_gate *gate, const char *commit,
			  struct mv_err *err)
{
	const char *args[] = { "ls-tree", "-r", "-z", "--full-tree", commit,
			       "--", ".gitmodel", NULL };
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, TRUSTED_MAX);
	rc = *commit ? mv_git_run(mv_repo_git(gate->repo), args, NULL, 0,
				  &text, err) : 0;
	if (!rc)
		rc = mv_gate_digest(out, text.data, text.len, err);
	mv_buf_release(&text);
	return rc;
}

/* The commit that made .gitmodel/ what it is now ("": none did). */
static int last_change(char **out, struct mv_gate *gate, const char *commit,
		       struct mv_err *err)
{
	const char *args[] = { "rev-list", "-1", "--first-parent", commit,
			       "--", ":(top).gitmodel", NULL };
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, 4096);
	rc = *commit ? mv_git_run(mv_repo_git(gate->repo), args, NULL, 0,
				  &text, err) : 0;
	if (!rc && text.len)
		text.data[strcspn(text.data, "\n")] = '\0';
	if (!rc)
		rc = mv_gate_set(out, text.data, err);
	mv_buf_release(&text);
	return rc;
}

/*
 * Bound to what .gitmodel/ will be and to the change that it follows on, not
 * to a commit of its own: approvals survive a rebase and a merge by the forge,
 * but not another change in between. So none can be used a second time, not
 * even for the same step: what was taken back since does not return.
 */
int mv_gate_policy_facts(struct mv_policy_facts *out, struct mv_gate *gate,
			 const char *old, const char *commit,
			 struct mv_err *err)
{
	char is[72], becomes[72];
	struct mv_subject s;
	int rc;

	memset(out, 0, sizeof(*out));
	memset(&s, 0, sizeof(s));
	out->action = "policy";
	rc = mv_gate_policy_digest(is, gate, old, err);
	if (!rc)
		rc = mv_gate_policy_digest(becomes, gate, commit, err);
	if (!rc && !strcmp(is, becomes))
		rc = mv_fail(err, MV_EINVALID, "what stands in .gitmodel/ of "
			     "%.10s is in force already", commit);
	if (!rc)
		rc = policy_pointer(&s.pointer, gate, commit, err);
	if (!rc)
		rc = mv_repo_pointer_blob(s.blob, gate->repo, &s.pointer, 0,
					  err);
	if (!rc)
		rc = last_change(&out->displaces, gate, old, err);
	if (!rc)
		rc = mv_gate_set(&out->artifact, ".gitmodel", err);
	if (!rc)
		rc = mv_gate_set(&out->stage, "policy", err);
	if (!rc)
		rc = mv_gate_set(&s.path, ".gitmodel", err);
	if (!rc)
		rc = branch_fill(out, gate, &s, "policy", err);
	if (rc)
		mv_policy_facts_release(out);
	mv_subject_release(&s);
	return rc;
}

static int judge_policy(struct moving *m, struct mv_err *err)
{
	struct mv_policy_facts f;
	char by[65];
	const char *names[] = { by };
	int rc = mv_gate_policy_facts(&f, m->gate, m->old, m->new, err);

	if (!rc)
		rc = mv_gate_policy_origin(by, m->gate, m->old, m->new, err);
	if (!rc)
		rc = mv_git_objects(mv_repo_git(m->gate->repo), names, 1,
				    branch_take_commit, &f, err);
	if (!rc)
		rc = branch_judge(m, ".gitmodel", &f, err);
	mv_policy_facts_release(&f);
	return rc;
}

int mv_gate_check_policy(struct mv_gate *gate, const char *old,
			 const char *new, mv_gate_fn fn, void *payload,
			 struct mv_err *err)
{
	struct moving m = { .gate = gate, .old = old, .new = new, .fn = fn,
			    .payload = payload };

	return judge_policy(&m, err);
}

/* By git's own name of the tree, so that nothing of it escapes: a symlink in
   it is no file that a diff would name. */
static int policy_moved(int *moved, struct mv_git *git, const char *old,
			const char *new, struct mv_err *err)
{
	const char *commits[2] = { old, new };
	struct mv_buf out[2];
	int rc = 0;

	for (size_t i = 0; i < 2; i++)
		mv_buf_init(&out[i], 4096);
	for (size_t i = 0; i < 2 && !rc; i++) {
		const char *args[] = { "ls-tree", "--full-tree", commits[i],
				       "--", ".gitmodel", NULL };

		if (*commits[i])
			rc = mv_git_run(git, args, NULL, 0, &out[i], err);
	}
	*moved = out[0].len != out[1].len ||
		 memcmp(out[0].data, out[1].data, out[0].len) != 0;
	for (size_t i = 0; i < 2; i++)
		mv_buf_release(&out[i]);
	return rc;
}

/* An artifact whose path is another now is another content, too. */
static int add_renamed(struct moving *m, struct mv_err *err)
{
	int rc = *m->old ? mv_subject_project(&m->before, m->gate->repo, m->old,
					      err) : 0;

	for (size_t i = 0; i < m->project.artifact_count && !rc; i++) {
		const struct mv_artifact *a = &m->project.artifacts[i];
		const struct mv_artifact *b = mv_project_by_name(&m->before,
								 a->name);

		if (!b || strcmp(a->path, b->path))
			rc = add_path(m, a->path, "", err);
	}
	return rc;
}

/*
 * What stands at an artifact's path is not always a file that changed: a
 * folder above it may be a link or a submodule now, and so may it be itself
 * where nothing was before.
 */
static int add_standing(struct moving *m, const struct mv_project *project,
			struct mv_err *err)
{
	struct mv_git *git = mv_repo_git(m->gate->repo);
	size_t n = project->artifact_count;
	const char **paths = calloc(n + 1, sizeof(*paths));
	char **was = calloc(2 * n + 1, sizeof(*was)), **is = was + n;
	int rc = paths && was ? 0 : mv_nomem(err);

	for (size_t i = 0; i < n && !rc; i++)
		paths[i] = project->artifacts[i].path;
	if (!rc)
		rc = mv_gate_stands(was, git, m->old, paths, n, err);
	if (!rc)
		rc = mv_gate_stands(is, git, m->new, paths, n, err);
	for (size_t i = 0; i < n && !rc; i++)
		if (strcmp(was[i], is[i]))
			rc = add_path(m, paths[i], "", err);
	for (size_t i = 0; was && i < 2 * n; i++)
		free(was[i]);
	free(was);
	free(paths);
	return rc;
}

int mv_gate_check_branch(struct mv_gate *gate, const char *branch,
			 const char *old, const char *new, mv_gate_fn fn,
			 void *payload, struct mv_err *err)
{
	struct moving m = { .gate = gate, .branch = branch, .old = old,
			    .new = new, .fn = fn, .payload = payload };
	struct mv_git *git = mv_repo_git(gate->repo);
	int moved = 0, rc;

	if (!gate->has_policy)
		return 0;
	rc = policy_moved(&moved, git, old, new, err);
	if (!rc && mv_policy_governs(&gate->policy, "branch", NULL, branch)) {
		rc = mv_subject_project(&m.project, gate->repo, new, err);
		if (!rc)
			rc = add_renamed(&m, err);
		if (!rc)
			rc = add_standing(&m, &m.project, err);
		if (!rc)
			rc = add_standing(&m, &m.before, err);
		if (!rc)
			rc = mv_git_diff(git, old, new, MV_GIT_DIFF_ODD, NULL,
					 on_delta, &m, err);
		if (!rc)
			rc = sort_out(&m, err);
	}
	for (size_t i = 0; i < m.count && !rc; i++)
		rc = m.v[i].ours ? judge_path(&m, m.v[i].path, err) : 0;
	if (!rc && moved)
		rc = judge_policy(&m, err);
	for (size_t i = 0; i < m.count; i++) {
		free(m.v[i].path);
		free(m.v[i].blob);
	}
	free(m.v);
	mv_project_release(&m.project);
	mv_project_release(&m.before);
	return rc;
}
