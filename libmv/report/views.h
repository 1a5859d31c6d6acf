/* SPDX-License-Identifier: MIT */
#ifndef MV_REPORT_VIEWS_H
#define MV_REPORT_VIEWS_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/err.h"
#include "libmv/meta/compare.h"
#include "libmv/meta/curves.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/project.h"
#include "libmv/policy/policy.h"
#include "libmv/store/pointer.h"
#include "libmv/tensor/diff.h"

/*
 * views: what is shown: a card, a comparison, a board, a lineage, a plot. The
 * parts above fill them, the rest of this part prints them. mv_..._release()
 * frees what is inside.
 */
/* One artifact at one place: what `git model show` says. */
struct mv_card {
	char *title;		/* name, else path, else oid */
	char *artifact, *path, *type, *description;	/* NULL: not said */
	char *commit, *subject_line, *author;	/* of the version; or NULL */
	int64_t when;		/* s; 0: not known */
	char *version, *stages;	/* "production, staging" */
	struct mv_oid oid;
	uint64_t logical, stored;	/* stored UINT64_MAX: content not here */
	int is_directory;
	size_t members;		/* of a directory */
	char *format;		/* "safetensors: 3,148,032 parameters in 44
				   tensors, F32"; or NULL */
	struct mv_evidence evidence;
	struct mv_project project;
	struct mv_series *curves;	/* for sparklines; may be none */
	size_t curve_count;
	char **verified;	/* lines about signatures, scans, drift; NULL-
				   terminated, or NULL */
};
void mv_card_release(struct mv_card *card);

/* One artifact at two revisions; either side may be absent. */
struct mv_pair {
	char *path, *old_path;	/* old_path NULL: not renamed */
	char *artifact;		/* or NULL */
	int has_old, has_new;
	const char *instead;	/* of a content of the base that is still meant
				   to be there, what head has in its place ("a
				   link or a submodule"); NULL: nothing is
				   wrong. Static. */
	struct mv_pointer old, new;
	char old_blob[65], new_blob[65];
	struct mv_evidence old_evidence, new_evidence;
	struct mv_changes metrics, params, environment;
	int data_changed;
	int incomparable;	/* some metric was measured on other data */
	size_t better, worse;
	char *content;		/* what changed inside: lines of text, from the
				   files' headers or the directory's manifest;
				   NULL: not read */
	struct mv_tensor_diff *weights;	/* of the files' tensors; NULL: not
					   looked at */
	struct mv_curves curves;	/* of the new side; may be none */
};
struct mv_comparison {
	char *base, *head;	/* hex; head NULL: the work tree's index; base
				   NULL: each has its own */
	char *base_name, *head_name;	/* as shown: "main", "production" */
	char *base_version, *head_version;	/* "v1.2.0", or NULL */
	char *why;		/* how the base was chosen, for a person */
	struct mv_pair *v;	/* by path */
	size_t count;
	struct mv_project project;	/* of head: directions, names */
	size_t better, worse, incomparable, skipped_lines;
	size_t top;		/* tensors to show of each; 0: as usual */
};
void mv_comparison_release(struct mv_comparison *c);

struct mv_row {
	char *label;		/* "v1.2.0", "main", commit's first 7, run's name */
	int head;		/* a version that HEAD is at */
	char *artifact, *path;
	char *commit, *subject_line, *author;
	int64_t when;		/* committer's, s */
	char *version, *stages;	/* "production, staging"; or NULL */
	struct mv_pointer pointer;
	char blob[65];
	char *run;		/* id, when the row is a run */
	struct mv_evidence evidence;
	int pareto;		/* on the front */
};
struct mv_board {
	struct mv_row *v;
	size_t count;
	struct mv_project project;
	size_t skipped_lines;
	int mixed;		/* no artifact was asked for: rows say which */
};
void mv_board_release(struct mv_board *b);
/* Keep only the rows for which keep[] is not 0, or the first ones. */
void mv_board_keep(struct mv_board *b, const unsigned char *keep);
void mv_board_first(struct mv_board *b, size_t count);
/* The one artifact that all rows are of; NULL: of several, or of none. */
const char *mv_board_artifact(const struct mv_board *b);

enum { MV_BOARD_KEYS_MAX = 32 };
/*
 * Is every key of "-auc,params.lr" one that some row has, that each row has
 * anyway (version, date ...) or that the project gives a direction to? A
 * board without rows knows no key and takes all. MV_ENOENT names the first
 * that is not, and the nearest there is; MV_EINVALID: malformed. Ask before
 * rows are left out: it is a slip of the pen that is looked for.
 */
int mv_board_knows(const struct mv_board *b, const char *keys,
		   struct mv_err *err);
/* The same of the keys in an expression of mv_board_where(). */
int mv_board_knows_where(const struct mv_board *b, const char *expression,
			 struct mv_err *err);
/*
 * Keep the rows for which an expression holds: comparisons of a key with a
 * number or text by < <= = == != >= > ~ (glob) !~, joined by and, or, not
 * (&&, ||, !) and parentheses; "text" or 'text' in quotes when it has blanks
 * or these signs in it. A key is "metrics.auc", "params.lr", "tags.x", or one
 * of version (by precedence), stage (any of them), artifact, path, author,
 * label, branch (the same as label), run, commit, subject, or a bare key of
 * the metrics, else params, else tags. Numbers compare as numbers; a number
 * is neither more nor less than a text. What a row does not have makes the
 * comparison false. MV_EINVALID with the column.
 */
int mv_board_where(struct mv_board *b, const char *expression,
		   struct mv_err *err);
/* "-auc,lr": by these keys (as above, and "date"), descending with "-"; rows
   without one, or with NaN, last. Stable. */
int mv_board_sort(struct mv_board *b, const char *keys, struct mv_err *err);
/* Mark the rows that no other row beats (as good in all of these metrics, by
   their directions, and better in one), and keep only those. A metric without
   a direction is MV_EINVALID; a row without one of them is not kept. */
int mv_board_pareto(struct mv_board *b, const char *keys, struct mv_err *err);

enum mv_node_kind {
	MV_NODE_CONTENT, MV_NODE_COMMIT, MV_NODE_RUN
};
struct mv_node {
	enum mv_node_kind kind;
	char *id;		/* "sha256:...", commit hex, run id */
	char *label;		/* name or path; subject line; run's name */
	char *role;		/* "data", "model", ...; or NULL */
};
struct mv_edge {
	size_t from, to;	/* from is what to was made of, or by */
	char *label;		/* "train", "eval", "code", "output" */
};
struct mv_lineage {
	struct mv_node *nodes;	/* nodes[0] is what was asked for */
	struct mv_edge *edges;
	size_t node_count, edge_count;
	int truncated;		/* more than 10,000 nodes, or 2,000,000 mentions
				   of contents in records */
};
void mv_lineage_release(struct mv_lineage *l);

/* Curves of several runs or versions, laid over each other. */
struct mv_plot_line {
	char *label;		/* "fraud v1.2.0" */
	char *metric;
	struct mv_point *points;	/* x is the step */
	size_t count;
};
struct mv_plot {
	char *title, *x_label, *y_label;
	struct mv_plot_line *v;
	size_t count;
};
void mv_plot_release(struct mv_plot *p);

struct mv_judged {
	const char *subject;	/* "fraud@v1.2.0 to production" */
	const struct mv_verdict *verdict;
};

#endif
