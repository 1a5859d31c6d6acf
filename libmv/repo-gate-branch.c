/* SPDX-License-Identifier: MIT */
#include "libmv/repo-judge.h"

#include <stdlib.h>
#include <string.h>

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
	char **paths;			/* that changed and are ours */
	size_t count;
	int policy;			/* something in .gitmodel/ changed */
	mv_gate_fn fn;
	void *payload;
};

/* -- what changed ------------------------------------------------------------------ */

/* A directory artifact is judged once, as a whole. */
static int add_path(struct moving *m, const char *path, struct mv_err *err)
{
	const struct mv_artifact *a = mv_project_by_path(&m->project, path);
	char **more;

	if (a)
		path = a->path;
	for (size_t i = 0; i < m->count; i++)
		if (!strcmp(m->paths[i], path))
			return 0;
	more = realloc(m->paths, (m->count + 1) * sizeof(*more));
	if (!more)
		return mv_nomem(err);
	m->paths = more;
	more[m->count] = strdup(path);
	return more[m->count] ? (m->count++, 0) : mv_nomem(err);
}

static int is_policy(const char *path)
{
	return path && !strncmp(path, ".gitmodel/", 10);
}

static int on_delta(void *payload, const struct mv_git_delta *d,
		    struct mv_err *err)
{
	struct moving *m = payload;

	if (is_policy(d->old_path) || is_policy(d->new_path)) {
		m->policy = 1;
		return 0;
	}
	/* What is gone cannot be worse. */
	return d->new_path ? add_path(m, d->new_path, err) : 0;
}

/* -- one content -------------------------------------------------------------------- */

static int fill(struct mv_policy_facts *f, struct moving *m,
		const struct mv_subject *s, const char *action,
		struct mv_err *err)
{
	struct mv_testimony t;
	int ret;

	f->action = action;
	f->content = s->pointer.oid;
	f->size = s->pointer.size;
	ret = mv_gate_testimony(&t, m->gate, s->blob, &s->pointer, f->artifact,
				m->gate->now / 1000, err);
	if (ret)
		return ret;
	f->evidence = t.evidence;
	f->votes = t.votes;
	f->vote_count = t.count;
	memset(&t.evidence, 0, sizeof(t.evidence));
	t.votes = NULL;
	t.count = 0;
	ret = mv_gate_set(&f->records, t.records, err);
	mv_testimony_release(&t);
	if (!ret)
		ret = mv_gate_set(&f->repo, m->gate->repo_id, err);
	if (!ret)
		ret = mv_gate_set(&f->pointer, s->blob, err);
	if (!ret && m->gate->pusher)
		ret = mv_gate_set(&f->pusher, m->gate->pusher, err);
	return ret ? ret : mv_gate_set(&f->path, s->path, err);
}

static int take_commit(void *payload, size_t i,
		       const struct mv_git_object_info *info,
		       struct mv_err *err)
{
	struct mv_policy_facts *f = payload;
	int ret = 0;

	(void)i;
	if (info && info->author.email)
		ret = mv_gate_set(&f->author, info->author.email, err);
	if (!ret && info && info->committer.email)
		ret = mv_gate_set(&f->committer, info->committer.email, err);
	return ret;
}

static int judge(struct moving *m, const char *subject,
		 struct mv_policy_facts *f, struct mv_err *err)
{
	struct mv_verdict verdict;
	int ret = mv_decide(&verdict, f, &m->gate->policy,
			    m->gate->now / 1000, err);

	if (ret)
		return ret;
	if (verdict.governed)
		ret = m->fn(m->payload, subject, f, &verdict, err);
	mv_verdict_release(&verdict);
	return ret;
}

static int judge_path(struct moving *m, const char *path, struct mv_err *err)
{
	const struct mv_artifact *a = mv_project_by_path(&m->project, path);
	struct mv_policy_facts f;
	struct mv_subject s;
	struct mv_asked asked = { m->gate, NULL, &s, m->old, &f };
	int ret = mv_repo_subject_at(&s, m->gate->repo, m->new, path, err);

	if (ret == MV_EINVALID || ret == MV_ENOENT)
		return 0;	/* not ours: git holds the bytes itself */
	if (ret)
		return ret;
	memset(&f, 0, sizeof(f));
	ret = mv_gate_set(&f.artifact, a ? a->name : path, err);
	if (!ret)
		ret = mv_gate_set(&f.branch, m->branch, err);
	if (!ret)
		ret = mv_gate_set(&f.commit, m->new, err);
	if (!ret)
		ret = fill(&f, m, &s, "change", err);
	if (!ret)
		ret = mv_git_objects(mv_repo_git(m->gate->repo), &m->new, 1,
				     take_commit, &f, err);
	if (!ret)
		ret = mv_policy_each_question(&m->gate->policy, "change",
					      f.artifact, m->branch,
					      mv_gate_answer, &asked, err);
	if (!ret)
		ret = judge(m, f.artifact, &f, err);
	mv_policy_facts_release(&f);
	mv_subject_release(&s);
	return ret;
}

/* -- the policy itself ----------------------------------------------------------------- */

/* Bound to what .gitmodel/ will be, not to a commit: approvals survive a
   rebase and a merge by the forge. */
static int judge_policy(struct moving *m, struct mv_err *err)
{
	struct mv_policy_facts f;
	struct mv_subject s;
	int ret = mv_repo_subject_at(&s, m->gate->repo, m->new, ".gitmodel",
				     err);

	memset(&f, 0, sizeof(f));
	if (ret == MV_ENOENT) {
		/* All of it taken away: an empty directory has no approvals. */
		memset(&s, 0, sizeof(s));
		ret = 0;
	}
	if (ret)
		return ret;
	ret = mv_gate_set(&f.artifact, ".gitmodel", err);
	if (!ret)
		ret = mv_gate_set(&f.stage, "policy", err);
	if (!ret && s.blob[0])
		ret = fill(&f, m, &s, "policy", err);
	f.action = "policy";
	if (!ret)
		ret = mv_gate_set(&f.path, ".gitmodel", err);
	if (!ret)
		ret = judge(m, ".gitmodel", &f, err);
	mv_policy_facts_release(&f);
	mv_subject_release(&s);
	return ret;
}

int mv_gate_check_branch(struct mv_gate *gate, const char *branch,
			 const char *old, const char *new, mv_gate_fn fn,
			 void *payload, struct mv_err *err)
{
	struct moving m = { .gate = gate, .branch = branch, .old = old,
			    .new = new, .fn = fn, .payload = payload };
	int governed, ret = 0;

	if (!gate->has_policy)
		return 0;
	governed = mv_policy_governs(&gate->policy, "branch", NULL, branch);
	if (governed)
		ret = mv_repo_project(&m.project, gate->repo, new, err);
	if (!ret)
		ret = mv_git_diff(mv_repo_git(gate->repo), old, new, 0, NULL,
				  on_delta, &m, err);
	for (size_t i = 0; governed && i < m.count && !ret; i++)
		ret = judge_path(&m, m.paths[i], err);
	if (!ret && m.policy)
		ret = judge_policy(&m, err);
	for (size_t i = 0; i < m.count; i++)
		free(m.paths[i]);
	free(m.paths);
	mv_project_release(&m.project);
	return ret;
}
