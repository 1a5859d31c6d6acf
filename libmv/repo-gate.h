/* SPDX-License-Identifier: MIT */
#ifndef MV_REPO_GATE_H
#define MV_REPO_GATE_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/meta/meta.h"
#include "libmv/policy/policy.h"
#include "libmv/repo.h"
#include "libmv/trust/trust.h"

/*
 * The gate: which state is judged, by which policy, and the facts that
 * decide() is given. The same for `git model check`, promote, the pre-push
 * and pre-receive hooks and `git model verify`; only where the state comes
 * from differs. Implementation: repo-gate*.c (docs/design/gate.md).
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

/* -- the state that is judged (repo-gate.c) ------------------------------------ */

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

/* -- one promotion (repo-gate-facts.c) ------------------------------------------- */

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
 * Content, evidence, votes and answers for decide(). Events of the tag itself
 * and later ones do not count as history. "current" is what held the stage
 * last, even when it was unassigned since: taking a version off must not make
 * the next one a first. A fact that cannot be had is left unknown; an error
 * is returned only when nothing can be said at all.
 */
int mv_gate_facts(struct mv_policy_facts *out, struct mv_gate *gate,
		  const struct mv_promotion *promotion, struct mv_err *err);
/* Facts and decision in one; the facts are kept for who makes the tag. */
int mv_gate_check(struct mv_verdict *out, struct mv_policy_facts *facts,
		  struct mv_gate *gate, const struct mv_promotion *promotion,
		  struct mv_err *err);
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

/* -- deciding on stages (repo-promote.c) ------------------------------------------- */

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
int mv_repo_promote(char **tag, struct mv_verdict *verdict,
		    struct mv_gate *gate, const struct mv_promotion *promotion,
		    const struct mv_promote_options *options,
		    struct mv_err *err);
/*
 * What holds the stage, by what its tag meant when it was made: a version that
 * was taken back since can be demoted, too. Both are yours. MV_ENOENT.
 */
int mv_repo_stage_holder(char **version, char **commit, struct mv_gate *gate,
			 const char *artifact, const char *stage,
			 struct mv_err *err);
/* The version that held the stage before the one that holds it now, of those
   that are registered still; or `to`. */
int mv_repo_rollback_target(char **version, struct mv_gate *gate,
			    const char *artifact, const char *stage,
			    const char *to, struct mv_err *err);

/* -- approvals (repo-approve.c) ------------------------------------------------------ */

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
 * or not for this; says which line to add where.
 */
int mv_repo_approve(struct mv_statement *out, struct mv_gate *gate,
		    const struct mv_approve_options *options,
		    struct mv_err *err);
/* Votes on a content, checked; see mv_vote. Used by facts and by audit. */
int mv_gate_votes(struct mv_vote **votes, size_t *count, struct mv_gate *gate,
		  const char *blob, struct mv_err *err);

/* -- proving (repo-verify.c; docs/design/verify.md) ----------------------------------- */

enum mv_verify_state {
	MV_VERIFY_OK, MV_VERIFY_BAD,
	MV_VERIFY_UNKNOWN	/* cannot be told here: shallow, not fetched */
};
struct mv_verified {
	enum mv_verify_state state;
	/* NULL: not about one tag but about the notes as a whole, about a
	   tag that was seen once and is not there any more, or (`version` is
	   its name, and there is no artifact) about one that is none of the
	   registry's and stands in the way of those. */
	const struct mv_event *event;
	const char *artifact, *version, *stage;	/* NULL where there is none */
	const char *promoter;		/* principal, or the tagger's claim */
	int64_t when;			/* s: the receipt's, else the tagger's */
	int witnessed;			/* by a receipt whose signature is good */
	const struct mv_verdict *verdict;	/* of the replay; or NULL */
	const char *const *problems;	/* NULL-terminated, for a person */
	/* Of a promotion that holds its stage by an override which nobody made
	   good since: what is owed; else NULL. Overdue: its time is up. */
	const char *debt;
	int overdue;
	const char *evidence, *policy;	/* digests that its tag names, or NULL */
};
typedef int (*mv_verify_fn)(void *payload, const struct mv_verified *v,
			    struct mv_err *err);
struct mv_verify_options {
	const char *artifact;	/* NULL: all, and the notes as a whole */
	/* Gets the commit from which on policies counted: the first one that
	   had one, or model.policyRoot. "": there is none, or it is not known.
	   NULL: not asked. */
	char (*root)[65];
	/* Gets 1 when no tag of the registry is here, though the policy speaks
	   of stages or somebody signed something: then nothing is proved by
	   nothing being wrong. NULL: not asked. */
	int *tagless;
};
/*
 * Replay every promotion under the policy that was in force: the trailer's
 * commit must say what the trusted branch held (docs/design/verify.md), and
 * never be older than that of an earlier event of the same stage; its digest must fit; notes
 * are read as of Model-Notes, which must be an ancestor of today's; the
 * facts' digests must equal the trailers. Registrations are checked, too:
 * content at the commit equals the trailer. Events come in the registry's
 * order. Each processor replays its share, in a repository of its own.
 */
int mv_repo_verify(struct mv_gate *gate,
		   const struct mv_verify_options *options,
		   mv_verify_fn fn, void *payload, struct mv_err *err);

/* -- who did what (repo-audit.c) -------------------------------------------------------- */

struct mv_audit_entry {
	int64_t when;		/* s */
	int witnessed;		/* `when` is a receipt's */
	const char *who;	/* principal, or the writer's claim */
	const char *action;	/* "registration", "promotion", "approval",
				   "policy change" ... */
	const char *artifact, *version, *stage;	/* "" where there is none */
	const char *object;	/* tag, commit, or digest of the line */
	const char *evidence;	/* digest of records, or "" */
	const char *policy;	/* digest, or "" */
	const char *reason;	/* as its writer gave it, or "" */
	enum mv_verify_state state;
	const char *problem;	/* "" when there is none */
};
typedef int (*mv_audit_fn)(void *payload, const struct mv_audit_entry *e,
			   struct mv_err *err);
struct mv_audit_options {
	const char *artifact;	/* NULL: all, and changes of the policy */
	int64_t since, until;	/* s; until 0: to the end */
};
/* Everything that is known to have happened, oldest first. */
int mv_repo_audit(struct mv_gate *gate,
		  const struct mv_audit_options *options, mv_audit_fn fn,
		  void *payload, struct mv_err *err);

/* -- the server (repo-receive.c) -------------------------------------------------------- */

struct mv_ref_update {
	const char *old, *new;	/* hex; all zero: none */
	const char *ref;
};
struct mv_ref_updates {
	struct mv_ref_update *v;
	size_t count;
	char *text;		/* they point into it */
};
void mv_ref_updates_release(struct mv_ref_updates *u);
/* What git says to pre-receive and post-receive, or (`pre_push`) to pre-push,
   on standard input. MV_EINVALID: anything else. */
int mv_ref_updates_parse(struct mv_ref_updates *out, const char *data,
			 size_t len, int pre_push, struct mv_err *err);
struct mv_receive {
	const char *pusher;
	int64_t now;		/* ms */
	int64_t (*clock)(void);	/* ms, for model.receiveTimeout; NULL: none */
	/* Why something is refused (or, with warning set, let through), one
	   line each. */
	void (*tell)(void *payload, int warning, const char *message);
	void *payload;
};
/* How long judging one may take: model.receiveTimeout, in ms; 0: no limit. */
int mv_repo_receive_limit(int64_t *ms, struct mv_repo *repo,
			  struct mv_err *err);
/*
 * Pushes take turns, from before one is judged until its refs have moved: the
 * file whose lock (flock) says whose turn it is, its folder made (yours), and
 * how long refs may take to move: model.receiveLanding, in ms; 0: no limit.
 */
int mv_repo_receive_turn(char **path, int64_t *ms, struct mv_repo *repo,
			 struct mv_err *err);
/*
 * Is this push allowed, as a whole? In the order of trust.md section 8:
 * notes and tags only grow, then every stage event, protected branch and
 * policy change by the policy of the protected branch as it is now, on the
 * state that the push would lead to. 0, MV_EDENIED, or any other error,
 * which the hook must take for no. Called in quarantine: nothing is written.
 */
int mv_repo_pre_receive(struct mv_repo *repo,
			const struct mv_ref_update *updates, size_t count,
			const struct mv_receive *receive, struct mv_err *err);
/* Receipts for the promotions among them, when the server has a key
   (model.receiptKey); nothing otherwise. */
int mv_repo_post_receive(struct mv_repo *repo,
			 const struct mv_ref_update *updates, size_t count,
			 const struct mv_receive *receive,
			 struct mv_err *err);
/* The same judgement for a client's push to that remote, as advice: by what
   was last seen of the remote's own branch, on the local tags and notes. */
int mv_repo_advise_push(struct mv_repo *repo, const char *remote,
			const struct mv_ref_update *updates, size_t count,
			const struct mv_receive *receive, struct mv_err *err);

#endif
