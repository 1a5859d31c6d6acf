/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libmv/base/config.h"
#include "libmv/base/grow.h"
#include "libmv/base/worktree.h"
#include "libmv/gate/gate.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"
#include "libmv/git/refs.h"
#include "libmv/meta/registry.h"
#include "libmv/repo/state.h"
#include "libmv/subject/subject.h"

#define FOLDER ".gitmodel/"
#define FILE_MAX ((size_t)4 << 20)

enum draft_file { POLICY, CONFIG, CASES, SIGNERS, GPG, GPG_KEYS, DRAFT_FILES };
static const char *const draft_files[DRAFT_FILES] = {
	FOLDER "policy", FOLDER "config", FOLDER "policy-tests",
	FOLDER "allowed_signers", FOLDER "allowed_gpg", FOLDER "gpg_keys"
};
struct texts {
	struct mv_buf text[DRAFT_FILES];
	int there[DRAFT_FILES];
};

/* -- reading -------------------------------------------------------------- */

/* Any of them may be missing. */
static int draft_read(struct texts *t, enum draft_file i, struct mv_repo *repo,
		      const char *commit, struct mv_err *err)
{
	int rc = mv_subject_team_file(&t->text[i], repo, commit,
				      draft_files[i] + strlen(FOLDER), FILE_MAX,
				      err);

	t->there[i] = !rc;
	return rc == MV_ENOENT ? 0 : rc;
}

static int draft_read_file(struct texts *t, const char *path,
			   struct mv_err *err)
{
	struct mv_buf *out = &t->text[POLICY];
	int rc = mv_read_file(out, path, err);

	t->there[POLICY] = !rc;
	return rc;
}

static int is_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode);
}

static int read_texts(struct texts *t, char **name, struct mv_repo *repo,
		      const char *where, struct mv_err *err)
{
	const char *file = where && is_file(where) ? where : NULL;
	const char *commit = NULL;
	char hex[65];
	int rc = 0;

	if (where && !file) {
		rc = mv_git_commit_sure(hex, mv_repo_git(repo), where, err);
		commit = hex;
	}
	for (int i = 0; !rc && i < DRAFT_FILES; i++) {
		if (file && i == POLICY)
			rc = draft_read_file(t, file, err);
		else
			rc = draft_read(t, i, repo, commit, err);
	}
	if (rc)
		return rc;
	if (commit)
		*name = mv_strf("%s:%s", where, draft_files[POLICY]);
	else
		*name = strdup(file ? file : draft_files[POLICY]);
	if (!*name)
		return mv_nomem(err);
	if (t->there[POLICY])
		return 0;
	return mv_fail(err, MV_ENOENT, "there is no '%s'; 'git model policy "
		       "init' writes one to begin with", *name);
}

/* -- who is on the lists -------------------------------------------------- */

struct listing {
	char **v;
	size_t count, alloc;
};

static int keep_principal(void *payload, const char *principal)
{
	struct listing *l = payload;

	if (MV_GROW(l->v, l->alloc, l->count + 2, NULL) < 0)
		return -1;
	l->v[l->count] = strdup(principal);
	l->v[l->count + 1] = NULL;
	return l->v[l->count++] ? 0 : -1;
}

static int list_principals(struct mv_policy_draft *out, struct mv_repo *repo,
			   const struct texts *t, struct mv_err *err)
{
	const struct mv_trust_roots roots = {
		.allowed_signers = t->there[SIGNERS] ? t->text[SIGNERS].data :
						       NULL,
		.allowed_gpg = t->there[GPG] ? t->text[GPG].data : NULL,
		.gpg_keys = t->there[GPG_KEYS] ? t->text[GPG_KEYS].data : NULL,
		.allowed_signers_len = t->text[SIGNERS].len,
		.allowed_gpg_len = t->text[GPG].len,
		.gpg_keys_len = t->text[GPG_KEYS].len
	};
	struct listing l = { .v = NULL };
	struct mv_trust *trust = NULL;
	char *tmp;
	int rc;

	if (!t->there[SIGNERS] && !t->there[GPG])
		return 0;
	tmp = mv_strf("%s/model/tmp", repo->info->common_dir);
	rc = tmp ? mv_trust_open(&trust, &roots, tmp, &repo->env, err) :
		   mv_nomem(err);
	l.v = calloc(1, sizeof(*l.v));
	if (!rc && (!l.v || mv_trust_each_principal(trust, keep_principal,
						    &l)))
		rc = mv_nomem(err);
	mv_trust_close(trust);
	free(tmp);
	out->principals = l.v;
	return rc;
}

static int list_stages(struct mv_policy_draft *out, struct mv_repo *repo,
		       struct mv_err *err)
{
	struct mv_registry tags = MV_REGISTRY_INIT;
	struct listing l = { .v = calloc(1, sizeof(*l.v)) };
	int rc = l.v ? mv_registry_load(&tags, mv_repo_git(repo), NULL, err) :
		 mv_nomem(err);

	for (size_t i = 0; i < tags.count && !rc; i++)
		if (tags.v[i].tag.stage &&
		    keep_principal(&l, tags.v[i].tag.stage))
			rc = mv_nomem(err);
	mv_registry_release(&tags);
	out->stages = l.v;
	return rc;
}

int mv_gate_draft_read(struct mv_policy_draft *out, struct mv_repo *repo,
		       const char *where, struct mv_err *err)
{
	struct texts t;
	int rc;

	memset(out, 0, sizeof(*out));
	memset(&t, 0, sizeof(t));
	for (int i = 0; i < DRAFT_FILES; i++)
		mv_buf_init(&t.text[i], FILE_MAX + 2);
	rc = read_texts(&t, &out->name, repo, where, err);
	if (!rc)
		rc = mv_policy_parse(&out->policy, t.text[POLICY].data,
				     t.text[POLICY].len, t.there[CONFIG] ?
				     t.text[CONFIG].data : NULL,
				     t.text[CONFIG].len, err);
	if (!rc)
		rc = list_principals(out, repo, &t, err);
	/* Else it is taken for what stands in the work tree. */
	if (rc == MV_EINVALID && out->name && where)
		mv_err_prefix(err, "%s", where);
	if (!rc)
		rc = list_stages(out, repo, err);
	if (!rc && t.there[CASES]) {
		out->cases_len = t.text[CASES].len;
		out->cases = mv_buf_detach(&t.text[CASES]);
		rc = out->cases ? 0 : mv_nomem(err);
	}
	if (!rc && t.there[CONFIG]) {
		out->config_len = t.text[CONFIG].len;
		out->config = mv_buf_detach(&t.text[CONFIG]);
		rc = out->config ? 0 : mv_nomem(err);
	}
	for (int i = 0; i < DRAFT_FILES; i++)
		mv_buf_release(&t.text[i]);
	if (rc)
		mv_gate_draft_release(out);
	return rc;
}

void mv_gate_draft_release(struct mv_policy_draft *d)
{
	free(d->name);
	mv_policy_release(&d->policy);
	free(d->cases);
	free(d->config);
	for (size_t i = 0; d->principals && d->principals[i]; i++)
		free(d->principals[i]);
	free(d->principals);
	for (size_t i = 0; d->stages && d->stages[i]; i++)
		free(d->stages[i]);
	free(d->stages);
	memset(d, 0, sizeof(*d));
}

/* -- one to begin with ---------------------------------------------------- */

static const char starter[] =
"# Which version may go where. This counts as it stands on the default\n"
"# branch, not in your work tree. After a change:\n"
"#    git model policy lint\n"
"#    git model policy test\n"
"# All rules: git-model-policy(1)\n"
"\n"
"# Who must agree when .gitmodel/ itself changes\n"
"policy-approvals = 1 from maintainers\n"
"immutable-tags = true\n"
"append-only = true\n"
"\n"
"[group \"maintainers\"]\n"
"member = %s\n"
"\n"
"[stage \"staging\"]\n"
"format = safetensors gguf npy npz\n"
"# require-lineage = data code params\n"
"\n"
"[stage \"production\"]\n"
"require-stage = staging\n"
"approvals = 1 from maintainers\n"
"approval-max-age = 14d\n"
"veto = 1 from maintainers\n"
"# Approvals of others only, once there are several of you:\n"
"# forbid-self-approval = author promoter\n"
"# What it must reach, on data that you name, and against what is there now.\n"
"# Directions of metrics stand in .gitmodel/config: [metric \"auc\"]\n"
"# metric = auc >= 0.90\n"
"# eval-on = data/holdout.csv\n"
"# no-regression = auc margin 0.002\n"
"# freeze = Fri 16:00..Mon 08:00 Europe/Berlin\n"
"rollback = previously-held within 90d approvals 1 from maintainers\n"
"override = 1 from maintainers ttl 48h\n";

static int write_file(struct mv_repo *repo, const char *path,
		      const struct mv_buf *text, struct mv_err *err)
{
	int root, rc = mv_repo_root(&root, repo, err);

	return rc ? rc : mv_wt_write(root, path, 0, text->data, text->len,
				     err);
}

/* What .gitmodel/config says of the repository. */
struct seen {
	int id, section;
};

static int see(void *payload, const char *section, const char *subname,
	       const char *key, const char *value, int line,
	       struct mv_err *err)
{
	struct seen *seen = payload;

	(void)value;
	(void)line;
	(void)err;
	if (strcmp(section, "repository") || *subname)
		return 0;
	seen->section = 1;
	seen->id |= key && !strcmp(key, "id");
	return 0;
}

/* A random UUID (RFC 9562, version 4). */
static int add_id(struct mv_buf *text, struct mv_err *err)
{
	char hex[33];
	int rc = mv_statement_nonce(hex, err);

	if (rc)
		return rc;
	hex[12] = '4';
	hex[16] = "89ab"[hex[16] & 3];
	if (mv_buf_addf(text, "%s[repository]\nid = %.8s-%.4s-%.4s-%.4s-"
			"%.12s\n", text->len ? "\n" : "", hex, hex + 8,
			hex + 12, hex + 16, hex + 20))
		return mv_nomem(err);
	return 0;
}

static int set_id(struct mv_repo *repo, struct texts *t, struct mv_err *err)
{
	struct mv_buf *text = &t->text[CONFIG];
	struct seen seen = { 0, 0 };
	int rc = 0;

	if (t->there[CONFIG])
		rc = mv_config_parse_with(draft_files[CONFIG], text->data,
					  text->len, MV_CONFIG_HEADS |
					  MV_CONFIG_INDENT, see, &seen, err);
	if (rc || seen.id)
		return rc;
	if (seen.section)
		return mv_fail(err, MV_EINVALID, "%s has a [repository] "
			       "without 'id': write one there, or take the "
			       "section out", draft_files[CONFIG]);
	if (text->len && text->data[text->len - 1] != '\n' &&
	    mv_buf_addch(text, '\n'))
		return mv_nomem(err);
	rc = add_id(text, err);
	return rc ? rc : write_file(repo, draft_files[CONFIG], text, err);
}

/* What one person's key may sign; the server's own signs receipts. */
static int write_signers(struct mv_repo *repo, struct texts *t,
			 const char *member, const char *key,
			 struct mv_err *err)
{
	struct mv_buf *text = &t->text[SIGNERS];
	struct mv_policy_draft read = { 0 };
	int rc = draft_read(t, SIGNERS, repo, NULL, err);

	if (rc || t->there[SIGNERS])
		return rc;
	if (mv_buf_addf(text, "%s namespaces=\"%s,%s\" %s\n", member,
			MV_TRUST_NS_GIT, MV_TRUST_NS_APPROVAL, key))
		return mv_nomem(err);
	/* By a list that cannot be read nobody could decide anything. */
	t->there[SIGNERS] = 1;
	rc = list_principals(&read, repo, t, err);
	mv_gate_draft_release(&read);
	return rc ? rc : write_file(repo, draft_files[SIGNERS], text, err);
}

int mv_gate_draft_init(struct mv_repo *repo, const char *member,
		       const char *key, struct mv_err *err)
{
	struct texts t;
	int rc;

	memset(&t, 0, sizeof(t));
	for (int i = 0; i < DRAFT_FILES; i++)
		mv_buf_init(&t.text[i], FILE_MAX + 2);
	if (!*member || strpbrk(member, " \t*?,\n"))
		rc = mv_fail(err, MV_EINVALID, "'%s' is no principal, such as "
			     "alice@example.com", member);
	else
		rc = draft_read(&t, POLICY, repo, NULL, err);
	if (!rc && t.there[POLICY])
		rc = mv_fail(err, MV_EEXISTS, "there is a '%s' already",
			     draft_files[POLICY]);
	if (!rc)
		rc = draft_read(&t, CONFIG, repo, NULL, err);
	if (!rc && mv_buf_addf(&t.text[POLICY], starter, member))
		rc = mv_nomem(err);
	/* The policy last: without it the others do no harm. */
	if (!rc)
		rc = set_id(repo, &t, err);
	if (!rc && key)
		rc = write_signers(repo, &t, member, key, err);
	if (!rc)
		rc = write_file(repo, draft_files[POLICY], &t.text[POLICY],
				err);
	for (int i = 0; i < DRAFT_FILES; i++)
		mv_buf_release(&t.text[i]);
	return rc;
}
