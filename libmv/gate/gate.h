/* SPDX-License-Identifier: MIT */
#ifndef MV_GATE_H
#define MV_GATE_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/git/refs.h"
#include "libmv/meta/registry.h"
#include "libmv/policy/policy.h"
#include "libmv/repo/repo.h"

/*
 * The gate: which state is judged, by which policy, and the facts that
 * decide() is given. The same for `git model check`, promote, the pre-push
 * and pre-receive hooks and `git model verify`; only where the state comes
 * from differs. Implementation: libmv/gate/ (docs/design/gate.md).
 *
 * Two things are kept apart everywhere:
 *	trusted	the commit whose .gitmodel/ counts: policy, config, lists of
 *		signers. On a server the protected branch as it is before the
 *		push; in CI the base; for a person the remote's default branch
 *		as last fetched (refs/remotes/origin/HEAD), else the local one.
 *	state	refs as they would be: tags, and the notes that are read.
 *
 * A person's clock is `now`; on the server, the server's.
 */
struct mv_git;
struct mv_repo;
struct mv_trust;

/* -- the branch that a server trusts -------------------------------------- */

/* What model.trustedBranch says, as a full ref that is yours to free(); NULL:
   it is not set. MV_EINVALID: it names no branch, an empty one among them. */
int mv_gate_trusted_setting(char **ref, struct mv_git *git, struct mv_err *err);

int mv_gate_trusted_absent(enum mv_trusted_absence *out, struct mv_repo *repo,
			   struct mv_err *err);

/* -- the policy as it is edited -------------------------------------------- */

/*
 * The policy for who writes it: as it stands in the work tree (that is what
 * is being edited), in a file, or in a revision; with the config, the example
 * cases and the lists of signers beside it. What counts in a decision is
 * another question, which gate.h answers.
 */
struct mv_policy_draft {
	char *name;		/* as messages call it: ".gitmodel/policy",
				   "main:.gitmodel/policy", or the file */
	struct mv_policy policy;
	char *cases;		/* of policy-tests; NULL: there are none */
	size_t cases_len;
	char *config;		/* .gitmodel/config; NULL: there is none */
	size_t config_len;
	char **stages;		/* that tags have, here; NULL-terminated */
	char **principals;	/* of the lists of signers; NULL-terminated;
				   NULL: there are no such lists */
};

void mv_gate_draft_release(struct mv_policy_draft *draft);

/*
 * `where` NULL: the work tree; a file that exists (with the work tree's
 * config beside it), else a revision. MV_ENOENT: no policy there.
 * MV_EINVALID: with file and line.
 */
int mv_gate_draft_read(struct mv_policy_draft *out, struct mv_repo *repo,
		       const char *where, struct mv_err *err);

/*
 * A policy to begin with, with `member` in its one group, in the work tree;
 * an id for the repository in .gitmodel/config when it has none; and, with a
 * public key ("ssh-ed25519 AAAA..."), the list of signers where there is none
 * yet, so that the member's commits and approvals count. MV_EEXISTS: there is
 * a policy already. MV_EINVALID: this is no member, or no public key.
 */
int mv_gate_draft_init(struct mv_repo *repo, const char *member,
		       const char *key, struct mv_err *err);

/*
 * The public half, "<type> <base64>", of a key as user.signingkey names it:
 * the key itself, or the path of either half; yours. MV_ENOENT: no such file.
 * MV_EINVALID: no key of OpenSSH is in it.
 */
int mv_gate_signer_public(char **out, struct mv_repo *repo, const char *key,
			  struct mv_err *err);

/*
 * The same of the key that git is set to sign with or, where it is set to
 * none, of the one that ssh-keygen made: then *from is its file ("~/.ssh/..."),
 * and git must still be told. Both yours. MV_ENOENT says how to make one;
 * MV_ENOTSUP: it is an OpenPGP key.
 */
int mv_gate_signer_find(char **public, char **from, struct mv_repo *repo,
			struct mv_err *err);

/* -- the state that is judged --------------------------------------------- */

struct mv_gate_options {
	const char *trusted;	/* a revision; NULL: as above; "": none */
	/* Refs as they would be, over those that there are: name, new object
	   ("" deleted). Of a hook; may be 0. */
	const struct mv_git_ref *refs;
	size_t ref_count;
	const char *artifact;	/* only its events are loaded; NULL: all */
	const char *pusher;	/* who pushes, as the server knows it; or NULL */
	const char *policy_file;	/* used when trusted has no policy; or NULL */
	int64_t now;		/* ms */
	int records_known;	/* when there are none here, there are none: a
				   server says so of itself */
};

struct mv_gate {
	struct mv_repo *repo;
	char *trusted;		/* hex; "" when there is no commit yet */
	char *trusted_name;	/* "origin/main" */
	char *fetched;		/* "refs/remotes/origin/": where branches are
				   as they were fetched; NULL: on a server */
	char *notes;		/* hex of the notes commit; "" none */
	int no_records;		/* there are none here, and may be elsewhere */
	char *repo_id;		/* [repository] id, or "root:<hex>" */
	char *pusher;
	const char *today;	/* borrowed; of a gate of the past: where its
				   branch is today; or NULL */
	int chosen;		/* `trusted` was named, and not found out */
	int has_policy;
	struct mv_policy policy;
	struct mv_registry registry;
	struct mv_trust *trust;	/* from the trusted commit's lists */
	int64_t now;		/* ms */
	const struct mv_git_ref *refs;	/* borrowed from the options */
	size_t ref_count;
};

/*
 * MV_EINVALID: the policy, config or a list of signers of the trusted commit
 * cannot be read; names commit, file and line. MV_ECORRUPT: git has it in
 * the tree, and no object. No policy is fine (has_policy 0). What `refs` of
 * the options points to must live as long as the gate.
 */
int mv_gate_open(struct mv_gate *out, struct mv_repo *repo,
		 const struct mv_gate_options *options, struct mv_err *err);

void mv_gate_close(struct mv_gate *gate);

/* MV_EINVALID: the policy names stages, and this is none of them nor of any tag
   of the artifact; or no policy does, and it is nearly the name of a stage that
   a tag has. Says the nearest; and how a stage is made when whoever asks is
   about to put a version there (`make`). */
int mv_gate_check_stage(const struct mv_gate *gate, const char *artifact,
			const char *stage, int make, struct mv_err *err);

/* MV_ENOENT: no tag of the gate's names the artifact, nor does .gitmodel/config
   (here, or that of the trusted commit); says the nearest. */
int mv_gate_check_artifact(const struct mv_gate *gate, const char *artifact,
			   struct mv_err *err);

/* -- one promotion -------------------------------------------------------- */

/* What is to be decided. `tag`: the promotion's own tag, when it was made. */
struct mv_promotion {
	const char *action;	/* "promote", "demote" */
	/* What people call it ("rollback", decided as a promotion is); NULL:
	   as it is. Only messages say it. */
	const char *called;
	const char *artifact, *version, *stage;
	const char *commit;	/* hex */
	const struct mv_event *tag;	/* or NULL: hypothetical */
	const char *promoter;	/* who would sign; used when there is no tag */
	/* That is whom git's configuration names here. Then the list says whose
	   the key is that would sign, and whether it may. */
	int self;
};

/*
 * Every artifact that a move of `branch` from `old` to `new` (hex; old "":
 * new branch) changes, by the [branch] sections; and changes of .gitmodel by
 * policy-approvals of the old policy. One call each.
 */
typedef int (*mv_gate_fn)(void *payload, const char *subject,
			  const struct mv_policy_facts *facts,
			  const struct mv_verdict *verdict,
			  struct mv_err *err);

int mv_gate_check_branch(struct mv_gate *gate, const char *branch,
			 const char *old, const char *new, mv_gate_fn fn,
			 void *payload, struct mv_err *err);

/* -- deciding on stages --------------------------------------------------- */

struct mv_promote_options {
	int sign;		/* -1: as tag.gpgSign says, or when the policy asks */
	int force;		/* make the tag although the verdict is no: a
				   person may want to be overruled by a server
				   that knows more; said in the tag */
	const char *reason;
	const char *message;
};

/*
 * Check, then make the annotated tag `name#stage#N` with trailers (see
 * docs/format/tags.md): Model-Artifact, -Version, -Stage, -Content, -Size,
 * -Path, -Records (digest of the evidence lines used), -Notes (commit of the
 * notes that were read), -Policy (digest), -Policy-Commit (trusted), -From
 * (version displaced), -Verdict (yes|overridden|no|ungoverned). *tag is yours.
 * MV_EDENIED: the verdict is no; `verdict` says why.
 */
int mv_gate_promote(char **tag, struct mv_verdict *verdict,
		    struct mv_gate *gate, const struct mv_promotion *promotion,
		    const struct mv_promote_options *options,
		    struct mv_err *err);

/*
 * What holds the stage, by what its tag meant when it was made: a version that
 * was taken back since can be demoted, too. Both are yours. MV_ENOENT.
 */
int mv_gate_stage_holder(char **version, char **commit, struct mv_gate *gate,
			 const char *artifact, const char *stage,
			 struct mv_err *err);

/* The version that held the stage before the one that holds it now, of those
   that are registered still; or `to`. */
int mv_gate_rollback_target(char **version, struct mv_gate *gate,
			    const char *artifact, const char *stage,
			    const char *to, struct mv_err *err);

/* -- approvals ------------------------------------------------------------ */

struct mv_approve_options {
	enum mv_decision decision;
	const char *artifact, *version, *stage;	/* or policy: NULL */
	const char *policy_rev;		/* approve .gitmodel of this revision */
	const char *reason, *rules;
	const char *revokes;		/* nonce; NULL: the newest of one's own */
	int64_t ttl;			/* s; 0: never ends */
};

/*
 * Fill a statement from the gate's state, sign it with the person's own key,
 * append the line. `out` (yours) is what was signed; its nonce names it for a
 * later revoke. MV_EDENIED: the trusted lists of signers do not have the key,
 * or not for this; says which line to add where. MV_EINVALID: the revision
 * changes nothing of .gitmodel/. Of what is in force already, and has no yes,
 * the branch's last step is meant, by the policy and lists from before it.
 */
int mv_gate_approve(struct mv_statement *out, struct mv_gate *gate,
		    const struct mv_approve_options *options,
		    struct mv_err *err);

/* A copy into *out (of NULL: ""); what was there is freed. */
int mv_gate_set(char **out, const char *s, struct mv_err *err);

/* -- one event ------------------------------------------------------------ */

/* By which clocks may differ (s): as far as the policy lets dates of a push be
   from the server's, and never less than five minutes. */
static inline int64_t mv_gate_clock_skew(const struct mv_gate *gate)
{
	const int64_t skew = gate->has_policy ?
		mv_policy_clock_skew(&gate->policy) : MV_CLOCK_SKEW;

	return skew < 300 ? 300 : skew;
}

#endif
