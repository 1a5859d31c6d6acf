/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/hook/priv.h"

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
	int ret = v ? 0 : mv_nomem(err);

	for (size_t i = 0; !ret && i < push->count; i++)
		v[i] = &push->updates[i];
	if (!ret)
		qsort(v, push->count, sizeof(*v), by_ref);
	for (size_t i = 1; !ret && i < push->count; i++)
		if (!strcmp(v[i - 1]->ref, v[i]->ref))
			ret = mv_fail(err, MV_EINVALID, "'%s' is there twice",
				      v[i]->ref);
	free(v);
	return ret;
}

/* -- the state that the push leads to ----------------------------------------------------- */

static int copy(char **out, const char *s, struct mv_err *err)
{
	free(*out);
	*out = strdup(s);
	return *out ? 0 : mv_nomem(err);
}

/* Of a server: model.trustedBranch, else what its HEAD says. */
static int find_branch(struct mv_push *push, struct mv_err *err)
{
	static const char *const args[] = { "symbolic-ref", "-q", "HEAD",
					    NULL };
	struct mv_buf out;
	int ret = mv_trusted_setting(&push->branch, push->git, err);

	push->is_named = push->branch != NULL;
	if (ret || push->branch)
		return ret ? ret : mv_push_resolve(&push->branch, push, err);
	mv_buf_init(&out, 65536);
	ret = mv_git_run(push->git, args, NULL, 0, &out, err);
	/* Of nothing, or half a name, there would be no branch and no policy. */
	if (!ret && (!out.len || out.data[out.len - 1] != '\n' ||
		     strncmp(out.data, "refs/", 5)))
		ret = mv_fail(err, MV_EIO, "git symbolic-ref does not say "
			      "which branch HEAD names");
	if (!ret) {
		out.data[strcspn(out.data, "\n")] = '\0';
		ret = copy(&push->branch, out.data, err);
	}
	mv_buf_release(&out);
	return ret;
}

int mv_push_find_trusted(struct mv_push *push, struct mv_err *err)
{
	int ret = find_branch(push, err);

	if (!ret)
		ret = mv_git_ref_get(push->trusted, push->git, push->branch,
				     err);
	if (ret == MV_ENOENT) {
		*push->trusted = '\0';
		ret = 0;
	}
	return ret;
}

/* What an update makes of its ref. Notes and branches are commits. */
int mv_push_look_at(struct mv_push *push, size_t i, struct mv_err *err)
{
	const struct mv_ref_update *u = &push->updates[i];
	struct mv_git_ref *ref = &push->refs[i];
	char hex[65];
	int ret;

	ref->name = u->ref;
	ref->oid = ref->type = ref->commit = "";
	if (mv_push_is_zero(u->new))
		return 0;
	ref->oid = u->new;
	if (!strncmp(u->ref, TAGS, strlen(TAGS)))
		return mv_push_look_at_tag(push, i, err);
	if (strncmp(u->ref, HEADS, strlen(HEADS)) &&
	    strcmp(u->ref, MV_NOTES_REF))
		return 0;
	ret = mv_git_commit(hex, push->git, u->new, err);
	if (!ret && !strcmp(hex, u->new)) {
		ref->type = "commit";
		ref->commit = u->new;
		return 0;
	}
	if (ret && ret != MV_ENOENT)
		return ret;
	return mv_push_refuse(push, "%s: %.10s is not a commit", u->ref,
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
	int ret;

	if (!p.name)
		return 0;
	key = mv_strf("modelpusher.%s.principal", p.name);
	if (!key)
		return mv_nomem(err);
	ret = mv_git_config(&said, push->git, key, err);
	free(key);
	if (ret)
		return ret;
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
	int ret = mv_git_each_ref(push->git, prefixes, saw_ref, &others, err);

	if (!ret && others)
		mv_push_warn(push, "no policy counts here: %s is not there; on the "
		     "server, git symbolic-ref HEAD refs/heads/NAME says "
		     "which branch has it", push->branch);
	return ret;
}

/*
 * Of a branch that is named, and not there, no policy counts: nothing is taken
 * but what makes it, or begins with a new server.
 */
static int refuse_no_branch(struct mv_push *push, struct mv_err *err)
{
	const char *name = push->branch + strlen(HEADS);
	enum mv_trusted_absence absence;
	int ret = mv_trusted_absent(&absence, push->repo, err);

	if (ret || absence == MV_TRUSTED_FRESH)
		return ret;
	if (absence == MV_TRUSTED_INSTEAD)
		return mv_push_refuse(push, "model.trustedBranch is %s, which "
				      "is not there, and the branch that HEAD "
				      "names has a policy: on the server, git "
				      "config --unset-all model.trustedBranch, "
				      "or git branch %s COMMIT", name, name);
	for (size_t i = 0; i < push->count; i++)
		if (!strcmp(push->updates[i].ref, push->branch) &&
		    !mv_push_is_zero(push->updates[i].new))
			return 0;
	return mv_push_refuse(push, "model.trustedBranch is %s, which is not "
			      "there: push that first; or, on the server, git "
			      "config model.trustedBranch NAME says which "
			      "branch has the policy", name);
}

int mv_push_open_gate(struct mv_push *push, const char *trusted,
		      struct mv_err *err)
{
	struct mv_gate_options o = {
		.trusted = trusted, .refs = push->refs,
		.ref_count = push->advice ? 0 : push->count,
		.pusher = push->receive->pusher, .now = push->receive->now,
		.records_known = !push->advice
	};
	char *file = mv_path_join(push->repo->info->common_dir,
				  "model/policy");
	int ret;

	if (!file)
		return mv_nomem(err);
	o.policy_file = push->advice ? NULL : file;
	ret = mv_gate_open(&push->gate, push->repo, &o, err);
	free(file);
	push->is_open = !ret;
	if (ret)
		mv_err_prefix(err, "%s", push->branch);
	else
		ret = mv_gate_set(&push->gate.trusted_name, push->branch +
				  (strncmp(push->branch, HEADS, strlen(HEADS)) ?
				   0 : strlen(HEADS)), err);
	if (!ret && !*trusted && !push->gate.has_policy)
		ret = push->is_named ? refuse_no_branch(push, err) :
				       warn_of_no_branch(push, err);
	return ret ? ret : settle_pusher(push, err);
}

int mv_repo_receive_limit(int64_t *ms, struct mv_repo *repo,
			  struct mv_err *err)
{
	uint64_t seconds = TIMEOUT_S;
	int ret = mv_repo_config_size(&seconds, repo, "model.receivetimeout",
				      TIMEOUT_S, err);

	*ms = 1000 * (int64_t)(seconds < TIMEOUT_MAX_S ? seconds :
			       TIMEOUT_MAX_S);
	return ret;
}

int mv_push_begin(struct mv_push *push, struct mv_err *err)
{
	const struct mv_receive *r = push->receive;
	int64_t ms;
	int ret = mv_repo_receive_limit(&ms, push->repo, err);

	push->git = mv_repo_git(push->repo);
	if (ret)
		return ret;
	if (r->clock && ms)
		push->deadline = r->clock() + ms;
	if (push->count > MV_PUSH_REFS_MAX)
		return mv_fail(err, MV_EINVALID, "more than %d refs at once",
			       MV_PUSH_REFS_MAX);
	if (!push->advice)
		ret = mv_push_settle_names(push, err);
	if (!ret)
		ret = check_once(push, err);
	push->refs = calloc(push->count + 1, sizeof(*push->refs));
	return ret || push->refs ? ret : mv_nomem(err);
}

void mv_push_end(struct mv_push *push)
{
	for (size_t i = 0; push->refs && i < push->count; i++)
		if (push->refs[i].type && !strcmp(push->refs[i].type, "tag"))
			free((void *)(uintptr_t)push->refs[i].commit);
	free(push->refs);
	free(push->branch);
	if (push->is_open)
		mv_gate_close(&push->gate);
	mv_push_release_names(push);
}

/* -- branches ------------------------------------------------------------------------------- */

static int judged(void *payload, const char *subject,
		  const struct mv_policy_facts *facts,
		  const struct mv_verdict *verdict, struct mv_err *err)
{
	struct mv_push *push = payload;
	size_t before = push->refused;

	(void)facts;
	mv_push_tell_verdict(push, subject, verdict);
	/* Whatever the findings look like: the verdict is what counts. */
	if (verdict->result != MV_RESULT_YES &&
	    verdict->result != MV_RESULT_OVERRIDDEN && push->refused == before)
		mv_push_refuse(push, "%s: the policy says no", subject);
	return mv_push_in_time(push, err);
}

static int saw(void *payload, const struct mv_git_delta *d,
	       struct mv_err *err)
{
	(void)d;
	(void)err;
	*(int *)payload = 1;
	return 0;
}

int mv_push_changes_policy(int *yes, struct mv_push *push,
			   const struct mv_ref_update *u, struct mv_err *err)
{
	static const char *const pathspecs[] = { ":(top).gitmodel", NULL };

	*yes = 0;
	return mv_git_diff(push->git, mv_push_is_zero(u->old) ? "" : u->old,
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
	int changed = 0, ret;

	if (push->advice || mv_push_is_zero(u->new))
		return 0;
	ret = mv_push_changes_policy(&changed, push, u, err);
	if (ret || !changed)
		return ret;
	ret = mv_gate_open(&gate, push->repo, &o, &why);
	if (!ret)
		mv_gate_close(&gate);
	else if (ret == MV_EINVALID || ret == MV_ECORRUPT)
		return mv_push_refuse(push, "nobody could push any more: %s",
				      why.msg);
	return ret ? mv_fail(err, ret, "%s", why.msg) : 0;
}

int mv_push_check_branch(struct mv_push *push, const struct mv_ref_update *u,
			 struct mv_err *err)
{
	const char *name = u->ref + strlen(HEADS);
	const char *old = mv_push_is_zero(u->old) ? "" : u->old;
	int ret;

	if (mv_push_is_zero(u->new))
		return mv_push_refuse(push, "%s is a protected branch: it is "
				      "not deleted", name);
	ret = *old ? mv_git_is_ancestor(push->git, old, u->new, err) : 1;
	if (ret < 0)
		return ret;
	if (!ret)
		return mv_push_refuse(push, "%s is a protected branch: it only "
				      "goes forward, from %.10s", name, old);
	return mv_gate_check_branch(&push->gate, name, old, u->new, judged,
				    push, err);
}

/* -- all of it --------------------------------------------------------------------------------- */

static int check_growth(struct mv_push *push, struct mv_err *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < push->count; i++) {
		const struct mv_ref_update *u = &push->updates[i];

		if (!strcmp(u->ref, MV_NOTES_REF))
			ret = mv_push_check_notes(push, u, err);
		else if (!strncmp(u->ref, MV_NOTES_REF, strlen(MV_NOTES_REF)))
			ret = mv_push_check_notes_tree(push, u, err);
	}
	return ret ? ret : mv_push_check_tags(push, err);
}

static int check_branches(struct mv_push *push, struct mv_err *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < push->count; i++) {
		const struct mv_ref_update *u = &push->updates[i];

		if (!strcmp(u->ref, push->branch))
			ret = check_readable(push, u, err);
		if (!ret && mv_push_is_protected(push, u->ref))
			ret = mv_push_check_branch(push, u, err);
	}
	return ret;
}

/* What is no proper state is not judged: its notes may have lost a no. */
static int judge(struct mv_push *push, struct mv_err *err)
{
	int ret = mv_push_check_refs(push, err);

	if (!ret && !push->refused)
		ret = mv_push_check_moves(push, err);
	if (!ret && !push->refused)
		ret = mv_push_check_paths(push, err);
	if (!ret && !push->refused)
		ret = check_growth(push, err);
	if (ret || push->refused)
		return ret;
	ret = mv_push_in_time(push, err);
	if (!ret)
		ret = mv_push_judge_stages(push, err);
	if (!ret)
		ret = check_branches(push, err);
	return ret ? ret : mv_push_in_time(push, err);
}

int mv_push_answer(const struct mv_push *push, struct mv_err *err)
{
	return push->refused ? mv_fail(err, MV_EDENIED, "%zu reason%s against "
				       "this push", push->refused,
				       push->refused == 1 ? "" : "s") : 0;
}

int mv_repo_pre_receive(struct mv_repo *repo,
			const struct mv_ref_update *updates, size_t count,
			const struct mv_receive *receive, struct mv_err *err)
{
	struct mv_push push = { .repo = repo, .updates = updates,
				.count = count, .receive = receive };
	int ret = mv_push_begin(&push, err);

	if (!ret)
		ret = mv_push_find_trusted(&push, err);
	for (size_t i = 0; !ret && i < push.count; i++)
		ret = mv_push_look_at(&push, i, err);
	if (!ret && !push.refused)
		ret = mv_push_open_gate(&push, push.trusted, err);
	if (!ret && push.is_open)
		ret = judge(&push, err);
	if (!ret)
		ret = mv_push_answer(&push, err);
	mv_push_end(&push);
	return ret;
}
