/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/buf.h"
#include "libmv/base/config.h"
#include "libmv/base/grow.h"
#include "libmv/base/hash.h"
#include "libmv/evidence/evidence.h"
#include "libmv/gate/priv.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"
#include "libmv/git/refs.h"
#include "libmv/meta/ledger.h"
#include "libmv/meta/registry.h"
#include "libmv/transfer/asked.h"
#include "libmv/transfer/transfer.h"

/*
 * Opening the gate: which commit is trusted, what its .gitmodel/ says, and
 * the state of tags and notes that is judged.
 */
#define FILE_MAX ((size_t)4 << 20)
#define NOTES MV_NOTES_REF
#define REMOTES "refs/remotes/"

int mv_gate_set(char **out, const char *s, struct mv_err *err)
{
	return mv_set_str(out, s ? s : "", err);
}

int mv_gate_digest(char *out, const void *data, size_t len, struct mv_err *err)
{
	char hex[MV_OID_HEX + 1];
	struct mv_oid oid;
	int rc = mv_sha256(&oid, data, len, err);

	if (!rc)
		snprintf(out, 72, "sha256:%s", mv_oid_hex(hex, &oid));
	return rc;
}

char *mv_gate_email(const char *by)
{
	const char *open = by ? strrchr(by, '<') : NULL;
	const char *close = open ? strchr(open, '>') : NULL;

	return close ? strndup(open + 1, (size_t)(close - open - 1)) : NULL;
}

/* -- the trusted commit --------------------------------------------------- */

static const char *short_name(const char *ref)
{
	static const char *const prefixes[] = { "refs/heads/", "refs/remotes/" };

	for (size_t i = 0; i < 2; i++)
		if (!strncmp(ref, prefixes[i], strlen(prefixes[i])))
			return ref + strlen(prefixes[i]);
	return ref;
}

/* No branch has a usual name: it is the one that work is done on. A HEAD
   beside all branches is what a CI system was given to judge. */
static int only_head(char **branch, struct mv_git *git, struct mv_err *err)
{
	int rc = mv_git_head_branch(branch, git, err);

	if (rc != MV_ENOENT)
		return rc;
	return mv_fail(err, MV_ENOTSUP, "there is no branch that could be "
		       "trusted, and HEAD is on none; fetch the one that "
		       "others merge into");
}

/* Of the branch "refs/remotes/origin/main". */
static int set_fetched(struct mv_gate *g, const char *branch,
		       struct mv_err *err)
{
	const size_t len = strlen(REMOTES);

	g->fetched = mv_strf("%.*s/", (int)(len + strcspn(branch + len, "/")),
			     branch);
	return g->fetched ? 0 : mv_nomem(err);
}

static int find_trusted(struct mv_gate *g, const char *rev,
			struct mv_err *err)
{
	struct mv_git *git = mv_repo_git(g->repo);
	char hex[65] = "", *branch = NULL;
	int ours = !rev;	/* chosen here: then there may be no commit */
	int rc = 0;

	if (rev && !*rev) {	/* nothing is to be trusted */
		rc = mv_gate_set(&g->trusted, "", err);
		return rc ? rc : mv_gate_set(&g->trusted_name, "", err);
	}
	if (ours) {
		rc = mv_git_default_branch(&branch, git, err);
		if (rc == MV_ENOENT)
			rc = only_head(&branch, git, err);
		rev = branch;
	}
	if (!rc)
		rc = mv_git_commit_sure(hex, git, rev, err);
	if (rc == MV_ENOENT && ours)
		rc = 0;
	if (!rc)
		rc = mv_gate_set(&g->trusted, hex, err);
	if (!rc)
		rc = mv_gate_set(&g->trusted_name, short_name(rev), err);
	if (!rc && ours && !strncmp(rev, REMOTES, strlen(REMOTES)))
		rc = set_fetched(g, rev, err);
	free(branch);
	return rc;
}

/* -- what its .gitmodel/ says --------------------------------------------- */

enum trusted_file {
	POLICY, CONFIG, SIGNERS, REVOKED, GPG, GPG_KEYS, TRUSTED_FILES
};
static const char *const trusted_files[TRUSTED_FILES] = {
	"policy", "config", "allowed_signers", "revoked_keys", "allowed_gpg",
	"gpg_keys"
};
struct trusted {
	struct mv_buf text[TRUSTED_FILES];
	int there[TRUSTED_FILES];
	const char *commit;
	char blob[TRUSTED_FILES][65];
	size_t which[TRUSTED_FILES];	/* in the order they are read */
};

static int keep_file(void *payload, size_t i, const char *hex,
		     const void *data, size_t len, struct mv_err *err)
{
	struct trusted *t = payload;
	size_t file = t->which[i];

	(void)hex;
	if (!data && len)
		return mv_fail(err, MV_EINVALID, ".gitmodel/%s of %.10s is "
			       "larger than 4 MiB", trusted_files[file],
			       t->commit);
	/* It is in the tree: that it is not here is no policy's absence. */
	if (!data)
		return mv_fail(err, MV_ECORRUPT, ".gitmodel/%s of %.10s "
			       "cannot be read", trusted_files[file],
			       t->commit);
	t->there[file] = 1;
	return mv_buf_add(&t->text[file], data, len) ? mv_nomem(err) : 0;
}

/* "<mode> <type> <oid> TAB <path>". A symlink's text is not what it leads to,
   and a folder in the place of a list is no empty list. */
static int take_entry(struct trusted *t, const char *line, struct mv_err *err)
{
	const char *tab = strchr(line, '\t');
	const char *name = tab ? tab + 1 + strlen(".gitmodel/") : "";
	size_t len = tab ? (size_t)(tab - line) : 0;

	for (size_t i = 0; i < TRUSTED_FILES; i++) {
		if (strcmp(name, trusted_files[i]))
			continue;
		if ((strncmp(line, "100644 blob ", 12) &&
		     strncmp(line, "100755 blob ", 12)) ||
		    len < 12 + 40 || len > 12 + 64)
			return mv_fail(err, MV_EINVALID, ".gitmodel/%s is no "
				       "regular file", name);
		snprintf(t->blob[i], 65, "%.*s", (int)(len - 12), line + 12);
	}
	return 0;
}

/* Of a tree that is no tree, there are no entries: then .gitmodel itself
   must not be there. */
static int list_trusted(struct trusted *t, struct mv_gate *g,
			struct mv_err *err)
{
	const char *args[] = { "ls-tree", "-z", "--full-tree", g->trusted,
			       "--", ".gitmodel", ".gitmodel/", NULL };
	struct mv_buf out;
	int rc;

	mv_buf_init(&out, FILE_MAX);
	rc = mv_git_run(mv_repo_git(g->repo), args, NULL, 0, &out, err);
	for (size_t at = 0; !rc && at < out.len;
	     at += strlen(out.data + at) + 1) {
		const char *tab = strchr(out.data + at, '\t');

		if (!tab || !strcmp(tab + 1, ".gitmodel"))
			rc = mv_fail(err, MV_EINVALID, ".gitmodel is no "
				     "folder");
		else
			rc = take_entry(t, out.data + at, err);
	}
	mv_buf_release(&out);
	return rc;
}

static int must_lack(void *payload, size_t i, const char *hex,
		     const void *data, size_t len, struct mv_err *err)
{
	const struct trusted *t = payload;

	(void)hex;
	if (!data && !len)
		return 0;
	return mv_fail(err, MV_EIO, "git ls-tree does not name .gitmodel/%s of "
		       "%.10s, which is there", trusted_files[t->which[i]],
		       t->commit);
}

/* A listing that was cut off, or never came, would be a policy that asks for
   nothing, or a list of revoked keys with none on it: so another process of
   git must say the same. */
static int check_absent(struct trusted *t, struct mv_gate *g,
			struct mv_err *err)
{
	char *spec[TRUSTED_FILES] = { NULL };
	size_t n = 0;
	int rc = 0;

	for (size_t i = 0; i < TRUSTED_FILES && !rc; i++) {
		if (*t->blob[i])
			continue;
		t->which[n] = i;
		spec[n] = mv_strf("%s:.gitmodel/%s", g->trusted,
				  trusted_files[i]);
		rc = spec[n++] ? 0 : mv_nomem(err);
	}
	if (!rc && n)
		rc = mv_git_read_many(mv_repo_git(g->repo),
				      (const char *const *)spec, n, FILE_MAX,
				      must_lack, t, err);
	for (size_t i = 0; i < n; i++)
		free(spec[i]);
	return rc;
}

static int read_trusted(struct trusted *t, struct mv_gate *g,
			struct mv_err *err)
{
	const char *spec[TRUSTED_FILES] = { NULL };
	size_t n = 0;
	int rc;

	t->commit = g->trusted;
	rc = list_trusted(t, g, err);
	if (!rc)
		rc = check_absent(t, g, err);
	for (size_t i = 0; i < TRUSTED_FILES; i++) {
		if (!*t->blob[i])
			continue;
		t->which[n] = i;
		spec[n++] = t->blob[i];
	}
	if (!rc && n)
		rc = mv_git_read_many(mv_repo_git(g->repo), spec, n, FILE_MAX,
				      keep_file, t, err);
	return rc;
}

static int take_id(void *payload, const char *section, const char *subname,
		   const char *key, const char *value, int line,
		   struct mv_err *err)
{
	char **id = payload;

	(void)line;
	if (strcmp(section, "repository") || *subname || strcmp(key, "id"))
		return 0;
	return mv_gate_set(id, value, err);
}

/* Without an id of its own, its first commit stands for the repository. */
static int root_commit(struct mv_gate *g, struct mv_err *err)
{
	const char *args[] = { "rev-list", "--max-parents=0",
			       "--first-parent", g->trusted, NULL };
	struct mv_buf out;
	char *id;
	int rc;

	if (!*g->trusted)
		return mv_gate_set(&g->repo_id, "", err);
	mv_buf_init(&out, 1 << 20);
	rc = mv_git_run(mv_repo_git(g->repo), args, NULL, 0, &out, err);
	id = rc ? NULL : mv_strf("root:%.*s", (int)strcspn(out.data, "\n"),
				 out.data);
	if (!rc)
		rc = mv_gate_set(&g->repo_id, id, err);
	free(id);
	mv_buf_release(&out);
	return rc;
}

static int set_repo_id(struct mv_gate *g, const struct trusted *t,
		       struct mv_err *err)
{
	int rc = 0;

	if (t->there[CONFIG])
		rc = mv_config_parse(".gitmodel/config", t->text[CONFIG].data,
				     t->text[CONFIG].len, take_id,
				     &g->repo_id, err);
	return rc || g->repo_id ? rc : root_commit(g, err);
}

static int set_policy(struct mv_gate *g, struct trusted *t,
		      const char *policy_file, struct mv_err *err)
{
	int rc = 0;

	if (!t->there[POLICY] && policy_file) {
		mv_buf_release(&t->text[POLICY]);
		mv_buf_init(&t->text[POLICY], FILE_MAX);
		rc = mv_read_file(&t->text[POLICY], policy_file, err);
		t->there[POLICY] = !rc;
		if (rc == MV_ENOENT)
			rc = 0;
	}
	if (rc || !t->there[POLICY])
		return rc;
	rc = mv_policy_parse(&g->policy, t->text[POLICY].data,
			     t->text[POLICY].len,
			     t->there[CONFIG] ? t->text[CONFIG].data : NULL,
			     t->text[CONFIG].len, err);
	g->has_policy = !rc;
	return rc;
}

static int set_trust(struct mv_gate *g, struct trusted *t,
		     struct mv_err *err)
{
	const struct mv_trust_roots roots = {
		t->there[SIGNERS] ? t->text[SIGNERS].data : NULL,
		t->there[REVOKED] ? t->text[REVOKED].data : NULL,
		t->there[GPG] ? t->text[GPG].data : NULL,
		t->there[GPG_KEYS] ? t->text[GPG_KEYS].data : NULL,
		t->text[SIGNERS].len, t->text[REVOKED].len, t->text[GPG].len,
		t->text[GPG_KEYS].len
	};
	char *tmp = mv_strf("%s/model/tmp", g->repo->info->common_dir);
	int limit, rc = tmp ? mv_repo_program_limit(&limit, g->repo, err) :
			mv_nomem(err);

	if (!rc)
		rc = mv_trust_open(&g->trust, &roots, tmp, &g->repo->env,
				   err);
	if (!rc)
		mv_trust_limit(g->trust, limit);
	free(tmp);
	return rc;
}

static int load_trusted(struct mv_gate *g, const char *policy_file,
			struct mv_err *err)
{
	struct trusted t;
	int rc = 0;

	memset(&t, 0, sizeof(t));
	for (size_t i = 0; i < TRUSTED_FILES; i++)
		mv_buf_init(&t.text[i], FILE_MAX);
	if (*g->trusted)
		rc = read_trusted(&t, g, err);
	if (!rc)
		rc = set_repo_id(g, &t, err);
	if (!rc)
		rc = set_policy(g, &t, policy_file, err);
	if (!rc)
		rc = set_trust(g, &t, err);
	if (rc == MV_EINVALID && *g->trusted &&
	    !strcmp(g->trusted_name, g->trusted))	/* named by its id */
		mv_err_prefix(err, "%.10s", g->trusted);
	else if (rc == MV_EINVALID && *g->trusted)
		mv_err_prefix(err, "%s (%.10s)", g->trusted_name, g->trusted);
	for (size_t i = 0; i < TRUSTED_FILES; i++)
		mv_buf_release(&t.text[i]);
	return rc;
}

/* -- tags and notes ------------------------------------------------------- */

struct refs {
	struct mv_git_ref *v;
	size_t count, alloc;
	const char **over;	/* names of the options' refs, sorted: a push
				   may bring as many as there are */
	size_t over_count;
};

static const struct mv_git_ref *overlaid(const struct mv_gate_options *o,
					 const char *name)
{
	for (size_t i = 0; i < o->ref_count; i++)
		if (!strcmp(o->refs[i].name, name))
			return &o->refs[i];
	return NULL;
}

static int gate_by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int sort_names(struct refs *refs, const struct mv_gate_options *o,
		      struct mv_err *err)
{
	refs->over = calloc(o->ref_count + 1, sizeof(*refs->over));
	if (!refs->over)
		return mv_nomem(err);
	for (size_t i = 0; i < o->ref_count; i++)
		refs->over[i] = o->refs[i].name;
	refs->over_count = o->ref_count;
	if (refs->over_count)
		qsort(refs->over, refs->over_count, sizeof(*refs->over),
		      gate_by_name);
	return 0;
}

static int add_ref(struct refs *refs, const struct mv_git_ref *ref,
		   struct mv_err *err)
{
	struct mv_git_ref *v;

	if (MV_GROW(refs->v, refs->alloc, refs->count + 1, err) < 0)
		return MV_ENOMEM;
	v = &refs->v[refs->count++];
	v->name = strdup(ref->name);
	v->oid = strdup(ref->oid);
	v->type = strdup(ref->type);
	v->commit = strdup(ref->commit);
	return v->name && v->oid && v->type && v->commit ? 0 : mv_nomem(err);
}

static int keep_ref(void *payload, const struct mv_git_ref *ref,
		    struct mv_err *err)
{
	struct refs *refs = payload;

	return bsearch(&ref->name, refs->over, refs->over_count,
		       sizeof(*refs->over), gate_by_name) ? 0 :
		add_ref(refs, ref, err);
}

static void release_refs(struct refs *refs)
{
	for (size_t i = 0; i < refs->count; i++) {
		free((void *)(uintptr_t)refs->v[i].name);
		free((void *)(uintptr_t)refs->v[i].oid);
		free((void *)(uintptr_t)refs->v[i].type);
		free((void *)(uintptr_t)refs->v[i].commit);
	}
	free(refs->v);
	free(refs->over);
}

/* Tags as they would be. */
static int overlay_registry(struct mv_gate *g,
			    const struct mv_gate_options *o,
			    struct mv_err *err)
{
	static const char *const prefixes[] = { "refs/tags/", NULL };
	struct refs refs = { 0 };
	int rc = sort_names(&refs, o, err);

	if (!rc)
		rc = mv_git_each_ref(mv_repo_git(g->repo), prefixes, keep_ref,
				     &refs, err);

	for (size_t i = 0; i < o->ref_count && !rc; i++)
		if (*o->refs[i].oid &&
		    !strncmp(o->refs[i].name, "refs/tags/", 10))
			rc = add_ref(&refs, &o->refs[i], err);
	if (!rc)
		rc = mv_registry_from_refs(&g->registry, refs.v, refs.count,
					   o->artifact, err);
	release_refs(&refs);
	return rc;
}

static int load_state(struct mv_gate *g, const struct mv_gate_options *o,
		      struct mv_err *err)
{
	const struct mv_git_ref *notes = overlaid(o, NOTES);
	char hex[65] = "";
	const char *tip = notes ? notes->oid : hex;
	int rc;

	if (o->ref_count)
		rc = overlay_registry(g, o, err);
	else
		rc = mv_registry_load(&g->registry, mv_repo_git(g->repo),
				      o->artifact, err);
	if (!rc && !notes) {
		rc = mv_git_ref_get(hex, mv_repo_git(g->repo), NOTES, err);
		if (rc == MV_ENOENT)
			rc = 0;
	}
	if (!rc && !*tip && !o->records_known)
		rc = mv_evidence_notes_missing(&g->no_records, g->repo, err);
	return rc ? rc : mv_gate_set(&g->notes, tip, err);
}

/* What is cut off came from somewhere, though no remote is named any more. */
static int is_cut_off(int *yes, struct mv_repo *repo, struct mv_err *err)
{
	char *remote = NULL;
	int shallow = 0;
	int rc = mv_transfer_default_remote(&remote, repo, err);

	if (!rc && !remote)
		shallow = mv_git_is_shallow(repo->git, err);
	*yes = shallow > 0;
	free(remote);
	return rc || shallow >= 0 ? rc : shallow;
}

int mv_gate_no_tags(int *none, int *elsewhere, const struct mv_gate *gate,
		    struct mv_err *err)
{
	struct mv_registry all = MV_REGISTRY_INIT;
	int rc = 0;

	*elsewhere = 0;
	*none = !gate->registry.count && !gate->registry.ignored_count;
	/* That of one artifact may be empty, and others have tags. */
	if (*none)
		rc = mv_registry_load(&all, mv_repo_git(gate->repo), NULL, err);
	*none &= !rc && !all.count && !all.ignored_count;
	mv_registry_release(&all);
	if (!rc && *none)
		rc = mv_transfer_may_have(elsewhere, gate->repo, MV_ASKED_TAGS,
					  err);
	if (!rc && *none && !*elsewhere)
		rc = is_cut_off(elsewhere, gate->repo, err);
	return rc;
}

int mv_gate_open(struct mv_gate *out, struct mv_repo *repo,
		 const struct mv_gate_options *options, struct mv_err *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	out->repo = repo;
	out->now = options->now;
	out->refs = options->refs;
	out->ref_count = options->ref_count;
	out->chosen = options->trusted != NULL;
	rc = find_trusted(out, options->trusted, err);
	if (!rc)
		rc = load_trusted(out, options->policy_file, err);
	if (!rc)
		rc = load_state(out, options, err);
	if (!rc && options->pusher)
		rc = mv_gate_set(&out->pusher, options->pusher, err);
	if (rc)
		mv_gate_close(out);
	return rc;
}

void mv_gate_close(struct mv_gate *g)
{
	free(g->trusted);
	free(g->trusted_name);
	free(g->fetched);
	free(g->notes);
	free(g->repo_id);
	free(g->pusher);
	mv_policy_release(&g->policy);
	mv_registry_release(&g->registry);
	mv_trust_close(g->trust);
	memset(g, 0, sizeof(*g));
}
