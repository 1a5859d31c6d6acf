/* SPDX-License-Identifier: MIT */
#ifndef MV_U_GATE_WORLD_H
#define MV_U_GATE_WORLD_H

#include "libmv/gate/gate.h"
#include "libmv/meta/ledger.h"
#include "libmv/trust/trust.h"
#include "tests/unit/look-world.h"

/*
 * A repository in which something is to be decided: fraud@v1.0.0 and v2.0.0,
 * a policy, and two people with keys, which are made once for all tests.
 */
#define GATE_NOW INT64_C(1700000100000)

static char gate_keys[200];	/* folder with alice, alice.pub, bob, bob.pub */

__attribute__((unused))
static int gate_keys_make(void **state)
{
	const char *tmp = getenv("TMPDIR");
	char line[700];

	(void)state;
	snprintf(gate_keys, sizeof(gate_keys), "%s/u-gate-XXXXXX",
		 tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(gate_keys))
		return -1;
	snprintf(line, sizeof(line), "cd '%s' && for p in alice bob; do "
		 "ssh-keygen -q -t ed25519 -N '' -C $p -f $p </dev/null || "
		 "exit 1; done", gate_keys);
	return system(line);
}

__attribute__((unused))
static int gate_keys_drop(void **state)
{
	char line[300];

	(void)state;
	snprintf(line, sizeof(line), "rm -rf '%s'", gate_keys);
	return system(line);
}

/* Who acts from here on. */
__attribute__((unused))
static void gate_as(struct world *w, const char *who)
{
	run(&w->r, "git config user.name %s\n"
	    "git config user.email %s@example.com\n"
	    "git config gpg.format ssh\n"
	    "git config user.signingkey '%s/%s.pub'", who, who, gate_keys, who);
	for (size_t i = 0; w->r.list[i]; i++)
		if (!strncmp(w->r.list[i], "GIT_COMMITTER_EMAIL=", 20))
			snprintf(w->r.list[i], 200,
				 "GIT_COMMITTER_EMAIL=%s@example.com", who);
	world_open(w, NULL);
}

/* Alice is on the list of signers, bob is not. */
__attribute__((unused))
static void gate_policy(struct world *w, const char *text)
{
	run(&w->r, "mkdir -p .gitmodel");
	put_file(&w->r, ".gitmodel/policy", text, strlen(text));
	run(&w->r, "printf 'alice@example.com namespaces=\"git,"
	    "git-model-approval@v1,git-model-receipt@v1\" %%s\\n' "
	    "\"$(cut -d ' ' -f 1,2 '%s/alice.pub')\" "
	    ">.gitmodel/allowed_signers", gate_keys);
	look_commit(w, "policy");
}

#define GATE_POLICY "[group \"leads\"]\nmember = alice@example.com\n" \
		    "[stage \"staging\"]\n" \
		    "[stage \"production\"]\nmetric = auc >= 0.85\n"

/* v1.0.0 has auc 0.8, v2.0.0 has 0.9; `policy` NULL: there is none. The first
   one is made, the others are copies of it. */
__attribute__((unused))
static void gate_world(struct world *w, const char *policy)
{
	static int made;

	if (made) {
		memset(w, 0, sizeof(*w));
		repo_new(&w->r, NULL);
		run(&w->r, "cp -a '%s/base/.' .", gate_keys);
	} else {
		look_world(w);
		look_tag(w, "fraud@v2.0.0");
		gate_as(w, "alice");
		run(&w->r, "cp -a . '%s/base'", gate_keys);
		made = 1;
	}
	world_open(w, NULL);
	if (policy)
		gate_policy(w, policy);
}

/* As a person opens it. */
__attribute__((unused))
static int gate_open(struct mv_gate *g, struct world *w)
{
	const struct mv_gate_options o = { .now = GATE_NOW };

	return mv_gate_open(g, w->repo, &o, &w->err);
}

__attribute__((unused))
static char *gate_commit(struct world *w, const char *rev)
{
	static char hex[80];
	char *out = sh(&w->r, "git rev-parse '%s^{commit}'", rev);

	snprintf(hex, sizeof(hex), "%.*s", (int)strcspn(out, "\n"), out);
	free(out);
	return hex;
}

/* The tag, "" where it was refused; the verdict is released. */
__attribute__((unused))
static int gate_promote(char tag[100], struct world *w, const char *version,
			const char *stage, int force)
{
	const struct mv_promote_options o = { .sign = -1, .force = force };
	struct mv_promotion p = { .action = "promote", .artifact = "fraud",
				  .version = version, .stage = stage,
				  .promoter = "alice@example.com",
				  .self = 1 };
	struct mv_verdict verdict;
	struct mv_gate g;
	char *name, rev[100];
	int rc;

	assert_ok(w, gate_open(&g, w));
	snprintf(rev, sizeof(rev), "fraud@%s", version);
	p.commit = gate_commit(w, rev);
	rc = mv_gate_promote(&name, &verdict, &g, &p, &o, &w->err);
	snprintf(tag, 100, "%s", name ? name : "");
	free(name);
	mv_verdict_release(&verdict);
	mv_gate_close(&g);
	return rc;
}

/* A receipt for the tag, by this person's key, whoever lists it. */
__attribute__((unused))
static void gate_receipt(struct world *w, const struct mv_gate *g,
			 const char *who, const char *tag, const char *stage)
{
	struct mv_statement s = { .decision = MV_DECISION_RECEIPT,
				  .issued_at = GATE_NOW / 1000 };
	struct mv_signing_key key = { .format = "ssh" };
	struct mv_entry entry = { 0 };
	struct mv_buf payload, sig, line;
	char path[300], who_at[100], *oid, *blob;

	snprintf(path, sizeof(path), "%s/%s.pub", gate_keys, who);
	snprintf(who_at, sizeof(who_at), "%s@example.com", who);
	key.key = path;
	oid = sh(&w->r, "git rev-parse '%s' | tr -d '\\n'", tag);
	blob = sh(&w->r, "git rev-parse main:m.bin | tr -d '\\n'");
	s.repo = g->repo_id;
	s.artifact = (char *)(uintptr_t)"fraud";
	s.version = (char *)(uintptr_t)"v2.0.0";
	s.stage = (char *)(uintptr_t)stage;
	s.signer = who_at;
	s.tag = oid;
	s.policy = (char *)(uintptr_t)g->policy.digest;
	mv_buf_init(&payload, 1 << 16);
	mv_buf_init(&sig, 1 << 16);
	mv_buf_init(&line, 1 << 18);
	assert_ok(w, mv_statement_sign(&payload, &sig, &key, &s, &w->r.env,
				       &w->err));
	assert_ok(w, mv_statement_line(&line, GATE_NOW, &s, sig.data, sig.len,
				       &w->err));
	entry.blob = blob;
	entry.line = line.data;
	snprintf(path, sizeof(path), "%s/lock", w->r.root);
	assert_ok(w, mv_ledger_append(mv_repo_git(w->repo), path, &entry, 1,
				      "x", 10000, &w->err));
	mv_buf_release(&payload);
	mv_buf_release(&sig);
	mv_buf_release(&line);
	free(oid);
	free(blob);
	world_open(w, NULL);
}

#define assert_said(w, words) do { \
	if (!strstr((w)->err.msg, words)) \
		fail_msg("'%s' is not in: %s", words, (w)->err.msg); \
} while (0)

#endif
