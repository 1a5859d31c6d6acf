/* SPDX-License-Identifier: MIT */
#ifndef CMD_GATE_H
#define CMD_GATE_H

#include "cmd/cmd.h"
#include "cmd/opt.h"
#include "libmv/base/json.h"
#include "libmv/gate/gate.h"

/*
 * What the commands that decide share: opening the gate on a person's
 * repository, finding what NAME@VERSION is, and saying what was decided.
 */

/* What is to be decided; the strings of `p` point into it. */
struct gate_ask {
	struct mv_gate gate;
	struct mv_promotion p;
	char *artifact, *version, *commit, *who;
	int open;
	int new_stage;		/* set before: a stage that nobody knows is fine */
	int make;		/* set before: it is about a version being put there */
};
/*
 * Opens the gate for "NAME@VERSION" (or "NAME" alone, then without a version)
 * and a stage. `trusted`: a revision, or NULL. CMD_OK, or what to return
 * after gate_done(); the error was printed. A stage that neither the policy
 * names (where it names any) nor any tag of the artifact is refused: it would
 * be governed by nothing, for ever. All but `new_stage` and `make` is set here.
 */
int gate_ask(struct gate_ask *ask, struct cmd_env *env, const char *spec,
	     const char *stage, const char *trusted);
/* The version's commit; for "NAME@latest" also the version. As above. */
int gate_find_version(struct gate_ask *ask);
void gate_done(struct gate_ask *ask);

/* -- verdicts that are printed together ----------------------------------- */
struct gate_view {
	char *subject;
	struct mv_verdict verdict;
};
struct gate_views {
	struct gate_view *v;
	size_t count;
};
/* Takes the verdict, also when it fails. CMD_OK or CMD_FATAL. */
int gate_view_add(struct gate_views *views, const char *subject,
		  struct mv_verdict *verdict);
/* A copy of it; for use below the library. */
int gate_view_copy(struct gate_views *views, const char *subject,
		   const struct mv_verdict *verdict, struct mv_err *err);
void gate_views_release(struct gate_views *views);
int gate_format_ok(const char *format);
int gate_views_print(const struct gate_views *views, const char *format,
		     int explain);

/* What the exit code says of it. */
int gate_status(const struct mv_verdict *verdict);
/* That no policy was asked; nothing otherwise. */
void gate_note(const struct mv_gate *gate, const struct mv_verdict *verdict,
	       const char *stage);
/* What promote, demote and rollback take. */
#define OPT_PROMOTE(o, policy) \
	OPT_MESSAGE(&(o)->message), \
	OPT_BOOL('s', "sign", &(o)->sign, \
		 "sign the tag; without, when git or the policy asks"), \
	OPT_BOOL('f', "force", &(o)->force, \
		 "make the tag although the verdict is no"), \
	OPT_STRING(0, "policy", (policy), "revision", \
		   "whose policy; without, that of the default branch")
/* Promote, demote and roll back end alike: what was decided, the tag, and how
   to share it with its evidence; or JSON. */
int gate_promote(struct gate_ask *ask, struct cmd_env *env,
		 const struct mv_promote_options *options, int json);

/* Signed statements: approve, reject, revoke, override. */
struct gate_vote {
	const char *stage, *reason, *rules, *nonce;
	int64_t expires;	/* s from now; 0: never */
	int policy, json;
};
/* What can be decided on: a version for a stage, or a change of the policy. */
#define GATE_USAGE_ABOUT(command) \
	"git model " command " [<options>] <name>@<version> " \
	"<stage>|<name>#<stage>", \
	"git model " command " [<options>] --stage <stage> <name>@<version>", \
	"git model " command " [<options>] --policy [<revision>]"
#define GATE_OPT_ABOUT(vote) \
	OPT_STRING(0, "stage", &(vote)->stage, "stage", "for this stage"), \
	OPT_BOOL(0, "policy", &(vote)->policy, \
		 "what stands in .gitmodel of the revision (HEAD)")
/* Are these the arguments of such a command? Finds the stage where it is the
   second of them. 0, or CMD_USAGE after saying what is wrong. */
int gate_vote_usage(int argc, const char **argv, struct gate_vote *vote,
		    const struct opt *opts, const char *const *usage);
int gate_vote(int argc, const char **argv, struct cmd_env *env,
	      enum mv_decision decision, const struct gate_vote *vote);
/* Approve and reject: the whole command. */
int gate_yes_or_no(int argc, const char **argv, struct cmd_env *env,
		   enum mv_decision decision, const char *const *usage);

#endif
