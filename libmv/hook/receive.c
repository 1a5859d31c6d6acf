/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/git/config.h"
#include "libmv/git/git.h"
#include "libmv/git/history.h"
#include "libmv/git/refs.h"
#include "libmv/hook/priv.h"
#include "libmv/meta/ledger.h"

/*
 * A push, judged as a whole (docs/design/trust.md, "The server"). What stands
 * in .gitmodel/ of the protected branch before the push decides about the
 * state that all its refs together would lead to.
 */
enum { TIMEOUT_S = 30, TIMEOUT_MAX_S = 86400 };

static int by_ref(const void *a, const void *b)
{
	const struct mv_ref_update *const *x = a, *const *y = b;

	return strcmp((*x)->ref, (*y)->ref);
}

/* Two words about one ref could be judged by the one and done by the other. */
static int check_once(const struct mv_push *push, struct mv_err *err)
{
	const struct mv_ref_update **v = calloc(push->count + 1, sizeof(*v));
	int rc = v ? 0 : mv_nomem(err);

	for (size_t i = 0; !rc && i < push->count; i++)
		v[i] = &push->updates[i];
	if (!rc)
		qsort(v, push->count, sizeof(*v), by_ref);
	for (size_t i = 1; !rc && i < push->count; i++)
		if (!strcmp(v[i - 1]->ref, v[i]->ref))
			rc = mv_fail(err, MV_EINVALID, "'%s' is there twice",
				     v[i]->ref);
	free(v);
	return rc;
}

/* -- the state that the push leads to ------------------------------------- */

/* Of a server: model.trustedBranch, else what its HEAD says. */
static int find_branch(struct mv_push *push, struct mv_err *err)
{
	static const char *const args[] = { "symbolic-ref", "-q", "HEAD",
					    NULL };
	struct mv_buf out;
	int rc = mv_gate_trusted_setting(&push->branch, push->git, err);

	push->is_named = push->branch != NULL;
	if (rc || push->branch)
		return rc ? rc : mv_hook_resolve(&push->branch, push, err);
	mv_buf_init(&out, 65536);
	rc = mv_git_run(push->git, args, NULL, 0, &out, err);
	/* Of nothing, or half a name, there would be no branch and no policy. */
	if (!rc && (!out.len || out.data[out.len - 1] != '\n' ||
		    strncmp(out.data, "refs/", 5)))
		rc = mv_fail(err, MV_EIO, "git symbolic-ref does not say "
			     "which branch HEAD names");
	if (!rc) {
		out.data[strcspn(out.data, "\n")] = '\0';
		rc = mv_set_str(&push->branch, out.data, err);
	}
	mv_buf_release(&out);
	return rc;
}

int mv_hook_find_trusted(struct mv_push *push, struct mv_err *err)
{
	int rc = find_branch(push, err);

	if (!rc)
		rc = mv_git_ref_get(push->trusted, push->git, push->branch,
				    err);
	if (rc == MV_ENOENT) {
		*push->trusted = '\0';
		rc = 0;
	}
	return rc;
}

/* What an update makes of its ref. Notes and branches are commits. */
int mv_hook_look_at(struct mv_push *push, size_t i, struct mv_err *err)
{
	const struct mv_ref_update *u = &push->updates[i];
	struct mv_git_ref *ref = &push->refs[i];
	char hex[65];
	int rc;

	ref->name = u->ref;
	ref->oid = ref->type = ref->commit = "";
	if (mv_hook_is_zero(u->new))
		return 0;
	ref->oid = u->new;
	if (!strncmp(u->ref, TAGS, strlen(TAGS)))
		return mv_hook_look_at_tag(push, i, err);
	if (strncmp(u->ref, HEADS, strlen(HEADS)) &&
	    strcmp(u->ref, MV_NOTES_REF))
		return 0;
	rc = mv_git_commit(hex, push->git, u->new, err);
	if (!rc && !strcmp(hex, u->new)) {
		ref->type = "commit";
		ref->commit = u->new;
		return 0;
	}
	if (rc && rc != MV_ENOENT)
		return rc;
	return mv_hook_refuse(push, "%s: %.10s is not a commit", u->ref,
			      u->new);
}

struct people {
	const char *name;
	int found;
};

static int is_principal(void *payload, const char *principal)
{
	struct people *p = payload;

	p->found |= !strcmp(p->name, principal);
	return 0;
}

/*
 * A login is not the name that lists and commits use: taken for one, "alice"
 * would be somebody else than alice@example.com, and approve her own work.
 * So it is translated, or nobody is known to push.
 */
static int settle_pusher(struct mv_push *push, struct mv_err *err)
{
	struct people p = { push->gate.pusher, 0 };
	const char *said;
	char *key;
	int rc;

	if (!p.name)
		return 0;
	key = mv_strf("modelpusher.%s.principal", p.name);
	if (!key)
		return mv_nomem(err);
	rc = mv_git_config(&said, push->git, key, err);
	free(key);
	if (rc)
		return rc;
	if (said)
		return mv_gate_set(&push->gate.pusher, said, err);
	mv_trust_each_principal(push->gate.trust, is_principal, &p);
	if (!p.found && !strchr(p.name, '@')) {
		free(push->gate.pusher);
		push->gate.pusher = NULL;
	}
	return 0;
}

static int saw_ref(void *payload, const struct mv_git_ref *ref,
		   struct mv_err *err)
{
	(void)ref;
	(void)err;
	*(int *)payload = 1;
	return 0;
}

/* A new repository's HEAD may name master, and everybody pushes main. */
static int warn_of_no_branch(struct mv_push *push, struct mv_err *err)
{
	static const char *const prefixes[] = { HEADS, NULL };
	int others = 0;
	int rc = mv_git_each_ref(push->git, prefixes, saw_ref, &others, err);

	if (!rc && others)
		mv_hook_warn(push,
			     "no policy counts here: %s is not there; on the "
		     "server, git symbolic-ref HEAD refs/heads/NAME says "
		     "which branch has it", push->branch);
	return rc;
}

/*
 * Of a branch that is named, and not there, no policy counts: nothing is taken
 * but what makes it, or begins with a new server.
 */
static int refuse_no_branch(struct mv_push *push, struct mv_err *err)
{
	const char *name = push->branch + strlen(HEADS);
	enum mv_trusted_absence absence;
	int rc = mv_gate_trusted_absent(&absence, push->repo, err);

	if (rc || absence == MV_TRUSTED_FRESH)
		return rc;
	if (absence == MV_TRUSTED_INSTEAD)
		return mv_hook_refuse(push, "model.trustedBranch is %s, which "
				      "is not there, and the branch that HEAD "
				      "names has a policy: on the server, git "
				      "config --unset-all model.trustedBranch, "
				      "or git branch %s COMMIT", name, name);
	for (size_t i = 0; i < push->count; i++)
		if (!strcmp(push->updates[i].ref, push->branch) &&
		    !mv_hook_is_zero(push->updates[i].new))
			return 0;
	return mv_hook_refuse(push, "model.trustedBranch is %s, which is not "
			      "there: push that first; or, on the server, git "
			      "config model.trustedBranch NAME says which "
			      "branch has the policy", name);
}

int mv_hook_open_gate(struct mv_push *push, const char *trusted,
		      struct mv_err *err)
{
	struct mv_gate_options o = {
		.trusted = trusted, .refs = push->refs,
		.ref_count = push->count,
		.pusher = push->receive->pusher, .now = push->receive->now,
		.records_known = !push->advice
	};
	char *file = mv_path_join(push->repo->info->common_dir,
				  "model/policy");
	int rc;

	if (!file)
		return mv_nomem(err);
	o.policy_file = push->advice ? NULL : file;
	rc = mv_gate_open(&push->gate, push->repo, &o, err);
	free(file);
	push->is_open = !rc;
	if (rc)
		mv_err_prefix(err, "%s", push->branch);
	else
		rc = mv_gate_set(&push->gate.trusted_name, push->branch +
				 (strncmp(push->branch, HEADS, strlen(HEADS)) ?
				  0 : strlen(HEADS)), err);
	if (!rc && !*trusted && !push->gate.has_policy)
		rc = push->is_named ? refuse_no_branch(push, err) :
				      warn_of_no_branch(push, err);
	return rc ? rc : settle_pusher(push, err);
}

int mv_hook_receive_limit(int64_t *ms, struct mv_repo *repo,
			  struct mv_err *err)
{
	uint64_t seconds = TIMEOUT_S;
	int rc = mv_repo_config_size(&seconds, repo, "model.receivetimeout",
				     TIMEOUT_S, err);

	*ms = 1000 * (int64_t)(seconds < TIMEOUT_MAX_S ? seconds :
			       TIMEOUT_MAX_S);
	return rc;
}

int mv_hook_begin(struct mv_push *push, struct mv_err *err)
{
	const struct mv_receive *r = push->receive;
	int64_t ms;
	int rc = mv_hook_receive_limit(&ms, push->repo, err);

	push->git = mv_repo_git(push->repo);
	if (rc)
		return rc;
	if (r->clock && ms)
		push->deadline = r->clock() + ms;
	if (push->count > MV_PUSH_REFS_MAX)
		return mv_fail(err, MV_EINVALID, "more than %d refs at once",
			       MV_PUSH_REFS_MAX);
	if (!push->advice)
		rc = mv_hook_settle_names(push, err);
	if (!rc)
		rc = check_once(push, err);
	push->refs = calloc(push->count + 1, sizeof(*push->refs));
	return rc || push->refs ? rc : mv_nomem(err);
}

void mv_hook_end(struct mv_push *push)
{
	for (size_t i = 0; push->refs && i < push->count; i++)
		if (push->refs[i].type && !strcmp(push->refs[i].type, "tag"))
			free((void *)(uintptr_t)push->refs[i].commit);
	free(push->refs);
	free(push->branch);
	if (push->is_open)
		mv_gate_close(&push->gate);
	mv_hook_release_names(push);
}

/* -- branches ------------------------------------------------------------- */

static int judged(void *payload, const char *subject,
		  const struct mv_policy_facts *facts,
		  const struct mv_verdict *verdict, struct mv_err *err)
{
	struct mv_push *push = payload;
	size_t before = push->refused;

	(void)facts;
	mv_hook_tell_verdict(push, subject, verdict);
	/* Whatever the findings look like: the verdict is what counts. */
	if (verdict->result != MV_RESULT_YES &&
	    verdict->result != MV_RESULT_OVERRIDDEN && push->refused == before)
		mv_hook_refuse(push, "%s: the policy says no", subject);
	return mv_hook_in_time(push, err);
}

static int saw(void *payload, const struct mv_git_delta *d,
	       struct mv_err *err)
{
	(void)d;
	(void)err;
	*(int *)payload = 1;
	return 0;
}

int mv_hook_changes_policy(int *yes, struct mv_push *push,
			   const struct mv_ref_update *u, struct mv_err *err)
{
	static const char *const pathspecs[] = { ":(top).gitmodel", NULL };

	*yes = 0;
	return mv_git_diff(push->git, mv_hook_is_zero(u->old) ? "" : u->old,
			   u->new, 0, pathspecs, saw, yes, err);
}

/*
 * What could not be read would refuse every later push, the one that mends it
 * included: so it does not come in. Asked of the trusted branch whether there
 * is a policy already or not.
 */
static int check_readable(struct mv_push *push, const struct mv_ref_update *u,
			  struct mv_err *err)
{
	struct mv_gate_options o = {
		.trusted = u->new, .artifact = "none", .now = push->gate.now
	};
	struct mv_gate gate;
	struct mv_err why;
	int changed = 0, rc;

	if (push->advice || mv_hook_is_zero(u->new))
		return 0;
	rc = mv_hook_changes_policy(&changed, push, u, err);
	if (rc || !changed)
		return rc;
	rc = mv_gate_open(&gate, push->repo, &o, &why);
	if (!rc)
		mv_gate_close(&gate);
	else if (rc == MV_EINVALID || rc == MV_ECORRUPT)
		return mv_hook_refuse(push, "nobody could push any more: %s",
				      why.msg);
	return rc ? mv_fail(err, rc, "%s", why.msg) : 0;
}

int mv_hook_check_branch(struct mv_push *push, const struct mv_ref_update *u,
			 struct mv_err *err)
{
	const char *name = u->ref + strlen(HEADS);
	const char *old = mv_hook_is_zero(u->old) ? "" : u->old;
	int rc;

	if (mv_hook_is_zero(u->new))
		return mv_hook_refuse(push, "%s is a protected branch: it is "
				      "not deleted", name);
	rc = *old ? mv_git_is_ancestor(push->git, old, u->new, err) : 1;
	if (rc < 0)
		return rc;
	if (!rc)
		return mv_hook_refuse(push, "%s is a protected branch: it only "
				      "goes forward, from %.10s", name, old);
	return mv_gate_check_branch(&push->gate, name, old, u->new, judged,
				    push, err);
}

/* -- all of it ------------------------------------------------------------ */

static int check_growth(struct mv_push *push, struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < push->count; i++) {
		const struct mv_ref_update *u = &push->updates[i];

		if (!strcmp(u->ref, MV_NOTES_REF))
			rc = mv_hook_check_notes(push, u, err);
		else if (!strncmp(u->ref, MV_NOTES_REF, strlen(MV_NOTES_REF)))
			rc = mv_hook_check_notes_tree(push, u, err);
	}
	return rc ? rc : mv_hook_check_tags(push, err);
}

static int check_branches(struct mv_push *push, struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < push->count; i++) {
		const struct mv_ref_update *u = &push->updates[i];

		if (!strcmp(u->ref, push->branch))
			rc = check_readable(push, u, err);
		if (!rc && mv_hook_is_protected(push, u->ref))
			rc = mv_hook_check_branch(push, u, err);
	}
	return rc;
}

/* What is no proper state is not judged: its notes may have lost a no. */
static int receive_judge(struct mv_push *push, struct mv_err *err)
{
	int rc = mv_hook_check_refs(push, err);

	if (!rc && !push->refused)
		rc = mv_hook_check_moves(push, err);
	if (!rc && !push->refused)
		rc = mv_hook_check_paths(push, err);
	if (!rc && !push->refused)
		rc = check_growth(push, err);
	if (rc || push->refused)
		return rc;
	rc = mv_hook_in_time(push, err);
	if (!rc)
		rc = mv_hook_judge_stages(push, err);
	if (!rc)
		rc = check_branches(push, err);
	return rc ? rc : mv_hook_in_time(push, err);
}

int mv_hook_answer(const struct mv_push *push, struct mv_err *err)
{
	return push->refused ? mv_fail(err, MV_EDENIED, "%zu reason%s against "
				       "this push", push->refused,
				       push->refused == 1 ? "" : "s") : 0;
}

int mv_hook_pre_receive(struct mv_repo *repo,
			const struct mv_ref_update *updates, size_t count,
			const struct mv_receive *receive, struct mv_err *err)
{
	struct mv_push push = { .repo = repo, .updates = updates,
				.count = count, .receive = receive };
	int rc = mv_hook_begin(&push, err);

	if (!rc)
		rc = mv_hook_find_trusted(&push, err);
	for (size_t i = 0; !rc && i < push.count; i++)
		rc = mv_hook_look_at(&push, i, err);
	if (!rc && !push.refused)
		rc = mv_hook_open_gate(&push, push.trusted, err);
	if (!rc && push.is_open)
		rc = receive_judge(&push, err);
	if (!rc)
		rc = mv_hook_answer(&push, err);
	mv_hook_end(&push);
	return rc;
}
