/* SPDX-License-Identifier: MIT */
#include "libmv/repo-receive.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/fs.h"

/*
 * A push, judged as a whole (docs/design/trust.md, "The server"). What stands
 * in .gitmodel/ of the protected branch before the push decides about the
 * state that all its refs together would lead to.
 */
#define HEADS "refs/heads/"
#define TAGS "refs/tags/"
enum { UPDATES_MAX = 100000, TIMEOUT_S = 30, TIMEOUT_MAX_S = 86400 };

/* -- what git says on standard input ------------------------------------------------ */

static int is_hex(const char *s, size_t len)
{
	return (len == 40 || len == 64) && strspn(s, "0123456789abcdef") >= len;
}

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
	return is_hex(u->old, strlen(u->old)) &&
	       is_hex(u->new, strlen(u->new)) &&
	       strlen(u->old) == strlen(u->new) && is_ref(u->ref) ? 0 : -1;
}

void mv_ref_updates_release(struct mv_ref_updates *u)
{
	free(u->v);
	free(u->text);
	memset(u, 0, sizeof(*u));
}

int mv_ref_updates_parse(struct mv_ref_updates *out, const char *data,
			 size_t len, int pre_push, struct mv_err *err)
{
	size_t lines = 0;
	char *at;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < len; i++)
		lines += data[i] == '\n';
	if (memchr(data, '\0', len) || (len && data[len - 1] != '\n') ||
	    lines > UPDATES_MAX)
		return mv_fail(err, MV_EINVALID, "standard input is not what "
			       "git says to this hook, or names more than %d "
			       "refs", UPDATES_MAX);
	out->text = strndup(data, len);
	out->v = calloc(lines + 1, sizeof(*out->v));
	if (!out->text || !out->v) {
		mv_ref_updates_release(out);
		return mv_nomem(err);
	}
	for (at = out->text; *at; out->count++) {
		if (!take_update(&out->v[out->count], &at, pre_push))
			continue;
		mv_ref_updates_release(out);
		return mv_fail(err, MV_EINVALID, "line %zu of standard input "
			       "is not what git says to this hook",
			       out->count + 1);
	}
	return 0;
}

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

/* -- what all of them need ------------------------------------------------------------- */

__attribute__((format(printf, 3, 0)))
static void tell(struct mv_push *push, int warning, const char *fmt,
		 va_list ap)
{
	char text[2048];
	struct mv_buf safe;

	vsnprintf(text, sizeof(text), fmt, ap);
	mv_buf_init(&safe, 8 * sizeof(text));
	if (!mv_buf_add_safe(&safe, text, strlen(text)) && push->receive->tell)
		push->receive->tell(push->receive->payload, warning, safe.data);
	mv_buf_release(&safe);
}

int mv_push_refuse(struct mv_push *push, const char *fmt, ...)
{
	va_list ap;

	push->refused++;
	va_start(ap, fmt);
	tell(push, 0, fmt, ap);
	va_end(ap);
	return 0;
}

__attribute__((format(printf, 2, 3)))
static void warn(struct mv_push *push, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(push, 1, fmt, ap);
	va_end(ap);
}

int mv_push_in_time(const struct mv_push *push, struct mv_err *err)
{
	const struct mv_receive *r = push->receive;

	if (!push->deadline || !r->clock || r->clock() <= push->deadline)
		return 0;
	return mv_fail(err, MV_EBUSY, "judging this push took more than "
		       "model.receiveTimeout allows; push less at once");
}

int64_t mv_push_skew(const struct mv_push *push)
{
	return 1000 * (push->gate.has_policy ?
		       mv_policy_clock_skew(&push->gate.policy) :
		       MV_CLOCK_SKEW);
}

int mv_push_rule(const struct mv_push *push, const char *key)
{
	const struct mv_policy *p = &push->gate.policy;

	for (size_t i = 0; push->gate.has_policy && i < p->section_count; i++) {
		const struct mv_section *s = &p->sections[i];

		for (size_t j = 0; !*s->kind && j < s->count; j++)
			if (!strcmp(s->rules[j].key, key) &&
			    !strcmp(s->rules[j].value, "false"))
				return 0;
	}
	return 1;
}

void mv_push_tell_verdict(struct mv_push *push, const char *subject,
			  const struct mv_verdict *verdict)
{
	for (size_t i = 0; i < verdict->count; i++) {
		const struct mv_finding *f = &verdict->v[i];
		const char *said = f->actual && *f->actual ? f->actual :
			"not known";

		if (f->result == MV_RESULT_YES)
			continue;
		if (f->mode == MV_MODE_EVALUATE)
			continue;
		if (f->mode == MV_MODE_WARN ||
		    f->result == MV_RESULT_OVERRIDDEN)
			warn(push, "%s: [%s] %s: %s%s", subject, f->section,
			     f->rule, said, f->mode == MV_MODE_WARN ?
			     " (only a warning)" : " (overridden)");
		else
			mv_push_refuse(push, "%s: [%s] %s: %s%s%s", subject,
				       f->section, f->rule, said,
				       f->advice ? "; " : "",
				       f->advice ? f->advice : "");
	}
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
	const char *said;
	struct mv_buf out;
	int ret = mv_git_config(&said, push->git, "model.trustedbranch", err);

	if (ret)
		return ret;
	if (said) {
		push->branch = !strncmp(said, HEADS, strlen(HEADS)) ?
			strdup(said) : mv_strf(HEADS "%s", said);
		return push->branch ? mv_push_resolve(&push->branch, push, err)
				    : mv_nomem(err);
	}
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

static int find_trusted(struct mv_push *push, struct mv_err *err)
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
static int look_at(struct mv_push *push, size_t i, struct mv_err *err)
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
		warn(push, "no policy counts here: %s is not there; on the "
		     "server, git symbolic-ref HEAD refs/heads/NAME says "
		     "which branch has it", push->branch);
	return ret;
}

static int open_gate(struct mv_push *push, const char *trusted,
		     struct mv_err *err)
{
	struct mv_gate_options o = {
		.trusted = trusted, .refs = push->refs,
		.ref_count = push->advice ? 0 : push->count,
		.pusher = push->receive->pusher, .now = push->receive->now
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
		ret = warn_of_no_branch(push, err);
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

static int begin(struct mv_push *push, struct mv_err *err)
{
	const struct mv_receive *r = push->receive;
	int64_t ms;
	int ret = mv_repo_receive_limit(&ms, push->repo, err);

	push->git = mv_repo_git(push->repo);
	if (ret)
		return ret;
	if (r->clock && ms)
		push->deadline = r->clock() + ms;
	if (push->count > UPDATES_MAX)
		return mv_fail(err, MV_EINVALID, "more than %d refs at once",
			       UPDATES_MAX);
	if (!push->advice)
		ret = mv_push_settle_names(push, err);
	if (!ret)
		ret = check_once(push, err);
	push->refs = calloc(push->count + 1, sizeof(*push->refs));
	return ret || push->refs ? ret : mv_nomem(err);
}

static void end(struct mv_push *push)
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

int mv_push_is_protected(const struct mv_push *push, const char *ref)
{
	if (!push->gate.has_policy || strncmp(ref, HEADS, strlen(HEADS)))
		return 0;
	return !strcmp(ref, push->branch) ||
	       mv_policy_governs(&push->gate.policy, "branch", NULL,
				 ref + strlen(HEADS));
}

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

/*
 * What could not be read would refuse every later push, the one that mends it
 * included: so it does not come in. Asked of the trusted branch whether there
 * is a policy already or not.
 */
static int check_readable(struct mv_push *push, const struct mv_ref_update *u,
			  struct mv_err *err)
{
	static const char *const pathspecs[] = { ".gitmodel", NULL };
	struct mv_gate_options o = {
		.trusted = u->new, .artifact = "none", .now = push->gate.now
	};
	const char *old = mv_push_is_zero(u->old) ? "" : u->old;
	struct mv_gate gate;
	struct mv_err why;
	int changed = 0, ret;

	if (push->advice || mv_push_is_zero(u->new))
		return 0;
	ret = mv_git_diff(push->git, old, u->new, 0, pathspecs, saw, &changed,
			  err);
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

static int check_branch(struct mv_push *push, const struct mv_ref_update *u,
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
			ret = check_branch(push, u, err);
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

static int answer(const struct mv_push *push, struct mv_err *err)
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
	int ret = begin(&push, err);

	if (!ret)
		ret = find_trusted(&push, err);
	for (size_t i = 0; !ret && i < push.count; i++)
		ret = look_at(&push, i, err);
	if (!ret && !push.refused)
		ret = open_gate(&push, push.trusted, err);
	if (!ret && push.is_open)
		ret = judge(&push, err);
	if (!ret)
		ret = answer(&push, err);
	end(&push);
	return ret;
}

/* -- receipts -------------------------------------------------------------------------------------- */

static int fill_receipt(struct mv_statement *s, struct mv_push *push,
			const struct mv_event *event,
			const struct mv_policy_facts *f,
			const struct mv_verdict *verdict, struct mv_err *err)
{
	const char *signer;
	char nonce[33];
	int ret = mv_git_config(&signer, push->git, "model.receiptsigner",
				err);
	const struct {
		char **to;
		const char *text;
	} texts[] = {
		{ &s->repo, f->repo }, { &s->artifact, f->artifact },
		{ &s->version, f->version }, { &s->path, f->path },
		{ &s->commit, f->commit }, { &s->pointer, f->pointer },
		{ &s->stage, f->stage }, { &s->from_stage, f->from_stage },
		{ &s->displaces, f->displaces },
		{ &s->policy, push->gate.policy.digest },
		{ &s->records, f->records },
		{ &s->signer, signer ? signer : "server" },
		{ &s->reason, f->pusher }, { &s->nonce, nonce },
		{ &s->rules, mv_result_name(verdict->result) },
		{ &s->tag, event->oid },
	};

	if (!ret)
		ret = mv_statement_nonce(nonce, err);
	memset(s, 0, sizeof(*s));
	s->decision = MV_DECISION_RECEIPT;
	s->content = f->content;
	s->size = f->size;
	s->issued_at = push->receive->now / 1000;
	for (size_t i = 0; !ret && i < sizeof(texts) / sizeof(texts[0]); i++)
		ret = mv_gate_set(texts[i].to, texts[i].text, err);
	return ret;
}

static int sign_receipt(struct mv_buf *sig, struct mv_push *push,
			const struct mv_statement *s, struct mv_err *err)
{
	struct mv_signing_key key = { "ssh", NULL, NULL, 0 };
	struct mv_buf payload, pae;
	int ret = mv_git_config(&key.key, push->git, "model.receiptkey", err);

	mv_buf_init(&payload, 1 << 16);
	mv_buf_init(&pae, 1 << 17);
	if (!ret)
		ret = mv_statement_print(&payload, s, err);
	if (!ret && mv_dsse_pae(&pae, MV_STATEMENT_TYPE, payload.data,
				payload.len))
		ret = mv_nomem(err);
	if (!ret)
		ret = mv_trust_sign(sig, &key, MV_TRUST_NS_RECEIPT, pae.data,
				    pae.len, &push->repo->env, err);
	mv_buf_release(&payload);
	mv_buf_release(&pae);
	return ret;
}

static int append_line(struct mv_push *push, const char *blob,
		       const char *line, struct mv_err *err)
{
	const struct mv_entry entry = { blob, line };
	char *lock = NULL;
	int ret = mv_repo_notes_lock(&lock, push->repo, err);

	if (!ret)
		ret = mv_ledger_append(push->git, lock, &entry, 1,
				       "git-model: receipt", 10000, err);
	free(lock);
	return ret;
}

static int write_receipt(struct mv_push *push, const struct mv_event *event,
			 const struct mv_facts *trailers,
			 const struct mv_policy_facts *facts,
			 const struct mv_verdict *verdict, struct mv_err *err)
{
	struct mv_statement s;
	struct mv_buf sig, line;
	int ret;

	(void)trailers;
	mv_buf_init(&sig, 1 << 16);
	mv_buf_init(&line, 1 << 18);
	ret = fill_receipt(&s, push, event, facts, verdict, err);
	if (!ret)
		ret = sign_receipt(&sig, push, &s, err);
	if (!ret)
		ret = mv_statement_line(&line, push->receive->now, &s, sig.data,
					sig.len, err);
	if (!ret)
		ret = append_line(push, facts->pointer, line.data, err);
	mv_statement_release(&s);
	mv_buf_release(&sig);
	mv_buf_release(&line);
	return ret;
}

/* The refs have moved: what was trusted may be among them. */
static const char *trusted_before(const struct mv_push *push)
{
	for (size_t i = 0; i < push->count; i++)
		if (!strcmp(push->updates[i].ref, push->branch))
			return mv_push_is_zero(push->updates[i].old) ? "" :
				push->updates[i].old;
	return push->trusted;
}

int mv_repo_post_receive(struct mv_repo *repo,
			 const struct mv_ref_update *updates, size_t count,
			 const struct mv_receive *receive, struct mv_err *err)
{
	struct mv_push push = { .repo = repo, .updates = updates,
				.count = count, .receive = receive };
	const char *key = NULL;
	int ret = 0, tags = 0;

	for (size_t i = 0; i < count; i++)
		tags |= !strncmp(updates[i].ref, TAGS, strlen(TAGS));
	if (tags)
		ret = mv_git_config(&key, mv_repo_git(repo),
				    "model.receiptkey", err);
	if (ret || !key)
		return ret;
	ret = begin(&push, err);
	push.deadline = 0;	/* it is done already */
	if (!ret)
		ret = find_trusted(&push, err);
	for (size_t i = 0; !ret && i < push.count; i++)
		ret = look_at(&push, i, err);
	if (!ret)
		ret = open_gate(&push, trusted_before(&push), err);
	if (!ret)
		ret = mv_push_each_stage(&push, write_receipt, err);
	end(&push);
	return ret;
}

/* -- the same for a client -------------------------------------------------------------------------- */

/* Of a client: what it last saw of the remote's own branch. */
static int find_remote_branch(struct mv_push *push, const char *remote,
			      struct mv_err *err)
{
	char *head = mv_strf("refs/remotes/%s/HEAD", remote);
	const char *args[] = { "symbolic-ref", "-q", head, NULL };
	static const char *const guesses[] = { "main", "master" };
	size_t prefix = strlen("refs/remotes/") + strlen(remote) + 1;
	struct mv_buf out;
	int status, ret = head ? 0 : mv_nomem(err);

	mv_buf_init(&out, 65536);
	if (!ret && !mv_repo_is_remote_name(remote)) {
		free(head);
		return MV_ENOENT;	/* of a URL nothing is kept here */
	}
	if (!ret)
		ret = mv_git_ask(&status, push->git, args, 1, &out, err);
	if (!ret && !status && out.len > prefix) {
		out.data[strcspn(out.data, "\n")] = '\0';
		push->branch = mv_strf(HEADS "%s", out.data + prefix);
		ret = mv_git_ref_get(push->trusted, push->git, out.data, err);
	} else {
		ret = ret ? ret : MV_ENOENT;
	}
	for (size_t i = 0; ret == MV_ENOENT && i < 2; i++) {
		char *ref = mv_strf("refs/remotes/%s/%s", remote, guesses[i]);

		free(push->branch);
		push->branch = mv_strf(HEADS "%s", guesses[i]);
		ret = ref ? mv_git_ref_get(push->trusted, push->git, ref,
					   err) : mv_nomem(err);
		free(ref);
	}
	mv_buf_release(&out);
	free(head);
	return ret || push->branch ? ret : mv_nomem(err);
}

/* What a move of a branch changes: is any of it ours? Asked before the gate is
   opened, which reads every tag. */
enum { LOOKED_AT_MAX = 500 };
struct glance {
	const struct mv_policy *policy;
	char *blobs[LOOKED_AT_MAX];
	size_t count;
	int yes;
};

static int look_over(void *payload, const struct mv_git_delta *d,
		     struct mv_err *err)
{
	struct glance *g = payload;
	const char *path = d->new_path ? d->new_path : d->old_path;

	if (g->yes)
		return 0;
	if (!strncmp(path, ".gitmodel/", 10) || g->count == LOOKED_AT_MAX ||
	    mv_project_by_path(&g->policy->project, path)) {
		g->yes = 1;
		return 0;
	}
	if (!d->new_blob)
		return 0;
	g->blobs[g->count] = strdup(d->new_blob);
	return g->blobs[g->count] ? (g->count++, 0) : mv_nomem(err);
}

static int look_into(void *payload, size_t i, const char *hex,
		     const void *data, size_t len, struct mv_err *err)
{
	struct mv_pointer p;

	(void)i;
	(void)hex;
	(void)err;
	if (data && mv_pointer_parse(&p, data, len, NULL) != MV_ENOENT)
		*(int *)payload = 1;
	return 0;
}

/* When that cannot be told, it is. */
static int moves_ours(struct mv_push *push, const struct mv_ref_update *u,
		      const struct mv_policy *policy)
{
	const char *old = mv_push_is_zero(u->old) ? "" : u->old;
	struct glance g = { .policy = policy };
	int ret = mv_git_diff(push->git, old, u->new, 0, NULL, look_over, &g,
			      NULL);

	if (!ret && !g.yes && g.count)
		ret = mv_git_read_many(push->git, (const char *const *)g.blobs,
				       g.count, MV_POINTER_MAX, look_into,
				       &g.yes, NULL);
	for (size_t i = 0; i < g.count; i++)
		free(g.blobs[i]);
	return ret || g.yes;
}

/* A branch that no section names is looked at only for its .gitmodel/. */
static int is_of_interest(struct mv_push *push, const struct mv_ref_update *u,
			  const struct mv_policy *policy)
{
	static const char *const pathspecs[] = { ".gitmodel", NULL };
	int governed, yes = 0;
	struct mv_tag tag;

	if (!strncmp(u->ref, TAGS, strlen(TAGS))) {
		yes = !mv_tag_parse(&tag, u->ref + strlen(TAGS), NULL);
		if (yes)
			mv_tag_release(&tag);
		return yes;
	}
	if (strncmp(u->ref, HEADS, strlen(HEADS)))
		return 0;
	governed = mv_policy_governs(policy, "branch", NULL,
				     u->ref + strlen(HEADS));
	if (!governed && strcmp(u->ref, push->branch))
		return 0;
	if (mv_push_is_zero(u->new))
		return 1;
	if (governed)
		return moves_ours(push, u, policy);
	return mv_git_diff(push->git, mv_push_is_zero(u->old) ? "" : u->old,
			   u->new, 0, pathspecs, saw, &yes, NULL) || yes;
}

struct texts {
	struct mv_buf text[2];		/* policy, config */
	int there[2];
};

static int keep_text(void *payload, size_t i, const char *hex,
		     const void *data, size_t len, struct mv_err *err)
{
	struct texts *t = payload;

	(void)hex;
	t->there[i] = data != NULL || len;
	return data && mv_buf_add(&t->text[i], data, len) ? mv_nomem(err) : 0;
}

static int read_texts(struct texts *t, struct mv_push *push,
		      struct mv_err *err)
{
	char *spec[2] = {
		mv_strf("%s:.gitmodel/policy", push->trusted),
		mv_strf("%s:.gitmodel/config", push->trusted)
	};
	int ret = spec[0] && spec[1] ?
		mv_git_read_many(push->git, (const char *const *)spec, 2,
				 (size_t)4 << 20, keep_text, t, err) :
		mv_nomem(err);

	free(spec[0]);
	free(spec[1]);
	return ret;
}

/* Without a policy there is nothing to say. One that cannot be read is no
   reason to look at nothing. */
static int anything(struct mv_push *push, int *yes, struct mv_err *err)
{
	struct mv_policy policy;
	struct texts t;
	int ret;

	*yes = 0;
	memset(&t, 0, sizeof(t));
	memset(&policy, 0, sizeof(policy));
	mv_buf_init(&t.text[0], (size_t)4 << 20);
	mv_buf_init(&t.text[1], (size_t)4 << 20);
	ret = read_texts(&t, push, err);
	if (!ret && t.there[0]) {
		ret = mv_policy_parse(&policy, t.text[0].data, t.text[0].len,
				      t.there[1] ? t.text[1].data : NULL,
				      t.text[1].len, err);
		for (size_t i = 0; !ret && !*yes && i < push->count; i++)
			*yes = is_of_interest(push, &push->updates[i],
					      &policy);
	}
	if (ret && ret != MV_ENOMEM) {
		*yes = 1;
		ret = 0;
	}
	mv_policy_release(&policy);
	mv_buf_release(&t.text[0]);
	mv_buf_release(&t.text[1]);
	return ret;
}

/* A move from a commit that is not here would be refused by git anyway. */
static int advise_branches(struct mv_push *push, struct mv_err *err)
{
	char hex[65];
	int ret = 0;

	for (size_t i = 0; !ret && i < push->count; i++) {
		const struct mv_ref_update *u = &push->updates[i];

		if (!mv_push_is_protected(push, u->ref) ||
		    (!mv_push_is_zero(u->old) &&
		     mv_git_commit(hex, push->git, u->old, NULL)))
			continue;
		ret = check_branch(push, u, err);
	}
	return ret;
}

static int advise(struct mv_push *push, struct mv_err *err)
{
	int yes = 0;
	int ret = anything(push, &yes, err);

	if (ret || !yes)
		return ret;
	for (size_t i = 0; !ret && i < push->count; i++)
		ret = look_at(push, i, err);
	if (!ret && !push->refused)
		ret = open_gate(push, push->trusted, err);
	if (!ret && push->is_open)
		ret = mv_push_judge_stages(push, err);
	if (!ret && push->is_open)
		ret = advise_branches(push, err);
	return ret;
}

int mv_repo_advise_push(struct mv_repo *repo, const char *remote,
			const struct mv_ref_update *updates, size_t count,
			const struct mv_receive *receive, struct mv_err *err)
{
	struct mv_push push = { .repo = repo, .updates = updates,
				.count = count, .receive = receive,
				.advice = 1 };
	int ret = begin(&push, err);

	if (!ret)
		ret = find_remote_branch(&push, remote, err);
	if (!ret)
		ret = advise(&push, err);
	else if (ret == MV_ENOENT)
		ret = 0;	/* nothing was fetched from there yet */
	if (!ret)
		ret = answer(&push, err);
	end(&push);
	return ret;
}
