/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/gate/past.h"
#include "libmv/git/objects.h"
#include "libmv/meta/registry.h"
#include "libmv/proof/priv.h"

/*
 * Gates at commits of the past. Most promotions in a row name the same one,
 * so a few are kept.
 */
#define FILE_MAX ((size_t)4 << 20)

enum list { SIGNERS, GPG, REVOKED, GPG_KEYS, REVOKED_NOW, GPG_KEYS_NOW, LISTS };
static const char *const names[LISTS] = {
	"allowed_signers", "allowed_gpg", "revoked_keys", "gpg_keys",
	"revoked_keys", "gpg_keys"
};
struct lists {
	struct mv_buf text[LISTS];
	char hex[LISTS][65];
};

static int gates_keep(void *payload, size_t i, const char *hex,
		      const void *data,
		      size_t len, struct mv_err *err)
{
	struct lists *l = payload;

	if (!data && len)
		return mv_fail(err, MV_EINVALID, ".gitmodel/%s is larger than "
			       "4 MiB", names[i]);
	mv_gate_past_name(l->hex[i], hex);
	return data && mv_buf_add(&l->text[i], data, len) ? mv_nomem(err) : 0;
}

static int read_lists(struct lists *l, struct mv_gates *gates,
		      const char *commit, struct mv_err *err)
{
	char *spec[LISTS] = { NULL };
	int rc = 0;

	for (size_t i = 0; i < LISTS && !rc; i++) {
		spec[i] = mv_strf("%s:.gitmodel/%s", i >= REVOKED_NOW ?
				  gates->today->trusted : commit, names[i]);
		rc = spec[i] ? 0 : mv_nomem(err);
	}
	if (!rc)
		rc = mv_git_read_many(mv_repo_git(gates->repo),
				      (const char *const *)spec, LISTS,
				      FILE_MAX, gates_keep, l, err);
	for (size_t i = 0; i < LISTS; i++)
		free(spec[i]);
	return rc;
}

/* What was revoked then stays so, even where a list was cut short since: a
   signature would otherwise become good by that. A KRL cannot be joined; the
   newer one counts. */
static int gates_join(struct mv_buf *now, const struct mv_buf *then,
		      const char *binary, struct mv_err *err)
{
	size_t n = binary ? strlen(binary) : 0;

	if (n && (!strncmp(now->data, binary, n) ||
		  !strncmp(then->data, binary, n)))
		return 0;
	return mv_buf_addch(now, '\n') ||
	       mv_buf_add(now, then->data, then->len) ? mv_nomem(err) : 0;
}

static int open_strict(struct mv_gate_then *g, struct mv_gates *gates,
		       struct lists *l, struct mv_err *err)
{
	struct mv_buf *revoked = &l->text[REVOKED_NOW];
	struct mv_buf *keys = &l->text[GPG_KEYS_NOW];
	struct mv_trust_roots roots = { 0 };
	char *tmp;
	int limit;
	int rc = gates_join(revoked, &l->text[REVOKED], "SSHKRL\n", err);

	if (!rc)
		rc = gates_join(keys, &l->text[GPG_KEYS], NULL, err);
	if (rc)
		return rc;
	roots.allowed_signers = l->text[SIGNERS].data;
	roots.allowed_signers_len = l->text[SIGNERS].len;
	roots.allowed_gpg = l->text[GPG].data;
	roots.allowed_gpg_len = l->text[GPG].len;
	roots.revoked_keys = revoked->data;
	roots.revoked_keys_len = revoked->len;
	roots.gpg_keys = keys->data;
	roots.gpg_keys_len = keys->len;
	tmp = mv_strf("%s/model/tmp", gates->repo->info->common_dir);
	rc = tmp ? mv_repo_program_limit(&limit, gates->repo, err) :
		   mv_nomem(err);
	if (!rc)
		rc = mv_trust_open(&g->strict, &roots, tmp, &gates->repo->env,
				   err);
	if (!rc)
		mv_trust_limit(g->strict, limit);
	free(tmp);
	return rc;
}

static int set_strict(struct mv_gate_then *g, struct mv_gates *gates,
		      struct mv_err *err)
{
	struct lists l;
	int rc;

	memset(&l, 0, sizeof(l));
	for (size_t i = 0; i < LISTS; i++)
		mv_buf_init(&l.text[i], 3 * FILE_MAX);
	rc = read_lists(&l, gates, g->commit, err);
	if (!rc && (strcmp(l.hex[REVOKED], l.hex[REVOKED_NOW]) ||
		    strcmp(l.hex[GPG_KEYS], l.hex[GPG_KEYS_NOW])))
		rc = open_strict(g, gates, &l, err);
	for (size_t i = 0; i < LISTS; i++)
		mv_buf_release(&l.text[i]);
	return rc;
}

static void close_then(struct mv_gate_then *g)
{
	if (!g->used)
		return;
	g->gate.trust = g->then;
	mv_gate_close(&g->gate);
	mv_trust_close(g->strict);
	memset(g, 0, sizeof(*g));
}

static int open_then(struct mv_gate_then *g, struct mv_gates *gates,
		     const char *commit, struct mv_err *err)
{
	/* Tags and notes come from today's gate: those that are read here are
	   as few as can be. */
	struct mv_gate_options o = { .trusted = commit, .artifact = "x",
				     .now = gates->today->now,
				     .records_known =
					!gates->today->no_records };
	int rc = mv_gate_open(&g->gate, gates->repo, &o, err);

	if (rc)
		return rc;
	g->used = ++gates->clock;
	g->then = g->gate.trust;
	g->gate.today = gates->today->trusted;
	g->gate.refs = gates->today->refs;
	g->gate.ref_count = gates->today->ref_count;
	mv_registry_release(&g->gate.registry);
	mv_gate_past_name(g->commit, commit);
	rc = mv_gate_set(&g->gate.notes, gates->today->notes, err);
	if (!rc && gates->today->fetched)
		rc = mv_gate_set(&g->gate.fetched, gates->today->fetched, err);
	if (!rc)
		rc = set_strict(g, gates, err);
	if (rc)
		close_then(g);
	return rc;
}

int mv_proof_gates_at(struct mv_gate_then **out, struct mv_gates *gates,
		      const char *commit, struct mv_err *err)
{
	struct mv_gate_then *oldest = &gates->v[0];
	int rc;

	for (size_t i = 0; i < MV_GATES; i++) {
		struct mv_gate_then *g = &gates->v[i];

		if (g->used && !strcmp(g->commit, commit)) {
			g->used = ++gates->clock;
			*out = g;
			return 0;
		}
		if (g->used < oldest->used)
			oldest = g;
	}
	close_then(oldest);
	rc = open_then(oldest, gates, commit, err);
	*out = rc ? NULL : oldest;
	return rc;
}

void mv_proof_gates_release(struct mv_gates *gates)
{
	for (size_t i = 0; i < MV_GATES; i++)
		close_then(&gates->v[i]);
}
