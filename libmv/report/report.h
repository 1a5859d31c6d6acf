/* SPDX-License-Identifier: MIT */
#ifndef MV_REPORT_REPORT_H
#define MV_REPORT_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"
#include "libmv/base/json.h"
#include "libmv/meta/meta.h"
#include "libmv/policy/policy.h"
#include "libmv/store/pointer.h"

/*
 * Show it: structs in, text out, no I/O. The first half are the views (what
 * is shown: a card, a comparison, a board, a lineage), which the parts above
 * fill; the second half prints them as text for a terminal, Markdown for a
 * pull request, JSON for programs, and self-contained HTML.
 *
 * Everything in a view may come from strangers. Text is made safe for a
 * terminal (mv_buf_add_safe), Markdown for a renderer that allows HTML, HTML
 * and the JSON inlined in it for a browser: no name, key or value can leave
 * its place. Output is the same for the same view, on every machine.
 * mv_..._release() frees what is inside.
 */

/* -- views ---------------------------------------------------------------- */

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

/* -- as text for a terminal ----------------------------------------------- */

enum mv_style_flags {
	MV_STYLE_COLOR = 1 << 0,	/* ANSI colours of our own */
	MV_STYLE_UNICODE = 1 << 1,	/* else plain ASCII */
	MV_STYLE_ALL = 1 << 2		/* long lists are not cut */
};
struct mv_style {
	unsigned flags;
	int width;		/* columns; 0: 80 */
	int64_t now;		/* ms, for "3 days ago"; 0: dates only */
};
int mv_card_text(struct mv_buf *out, const struct mv_card *card,
		 const struct mv_style *style, struct mv_err *err);
int mv_comparison_text(struct mv_buf *out, const struct mv_comparison *c,
		       const struct mv_style *style, struct mv_err *err);
/* Columns NULL: those that differ. With `log`, newest first with date and
   subject; without, a leaderboard. */
int mv_board_text(struct mv_buf *out, const struct mv_board *b,
		  const char *const *columns, int log,
		  const struct mv_style *style, struct mv_err *err);
int mv_lineage_text(struct mv_buf *out, const struct mv_lineage *l,
		    const struct mv_style *style, struct mv_err *err);
int mv_lineage_dot(struct mv_buf *out, const struct mv_lineage *l,
		   struct mv_err *err);
/* Braille (or ASCII) curves with axes and a legend, `height` lines high. */
int mv_plot_text(struct mv_buf *out, const struct mv_plot *p, int height,
		 const struct mv_style *style, struct mv_err *err);
/* At most `width` of the eight block characters; "" for no points. */
int mv_sparkline(struct mv_buf *out, const struct mv_point *points,
		 size_t count, int width);

/*
 * One line of text into lines of at most `width` columns (0: no limit), the
 * further ones behind `hang` blanks. Ends no line within a word, nor within
 * what stands in quotes or brackets as long as a line can hold that; colours
 * take no room. 0 or MV_ENOMEM.
 */
int mv_wrap(struct mv_buf *out, const char *text, size_t len, size_t width,
	    size_t hang);
/* The same of many lines, each going on behind its label ("ok   ...") or two
   columns behind where it began: tables that fit stay as they are. */
int mv_wrap_lines(struct mv_buf *out, const char *text, size_t len,
		  size_t width);

/* A number as people read it: `precision` digits after the point (-1: at
   most six significant ones), thousands not grouped. */
int mv_buf_add_number(struct mv_buf *out, const struct mv_value *value,
		      int precision);

/* -- lists: one look for versions, stages, history, ls and du ------------- */
enum mv_list_flags {
	MV_LIST_RIGHT = 1 << 0,		/* numbers */
	MV_LIST_CUT = 1 << 1,		/* may be cut at its end, */
	MV_LIST_PATH = 1 << 2,		/* or at its front */
	MV_LIST_SPARE = 1 << 3,		/* without room it goes before any is
					   cut, */
	MV_LIST_EARLY = 1 << 4,		/* as the first afterwards, */
	MV_LIST_LATE = 1 << 5		/* or last */
};
struct mv_list_column {
	const char *title;
	unsigned flags;
};
/* Cells row by row; NULL and "" are "-". Says beneath how many columns had no
   room. Nothing at all without a row. */
int mv_list_text(struct mv_buf *out, const struct mv_list_column *columns,
		 size_t column_count, const char *const *cells,
		 size_t cell_count, const struct mv_style *style,
		 struct mv_err *err);

/* -- JSON: stable, documented in docs/format/json.md ---------------------- */
struct mv_json *mv_card_json(const struct mv_card *card);
/* {"metrics":{path:{key:{old,new,diff}}},"params":...} as DVC's `metrics
   diff` and `params diff`, and "artifacts" with all the rest. */
struct mv_json *mv_comparison_json(const struct mv_comparison *c);
struct mv_json *mv_board_json(const struct mv_board *b);
struct mv_json *mv_lineage_json(const struct mv_lineage *l);
struct mv_json *mv_plot_json(const struct mv_plot *p);

/* -- Markdown for a comment ----------------------------------------------- */
#define MV_MARKDOWN_MAX 65000
#define MV_MARKDOWN_MIN 2000	/* less is MV_EINVALID */
/*
 * Verdict first, what got worse before what got better, tables folded in
 * <details>, sparklines for curves; begins with a hidden marker
 * "<!-- git-model: <marker> -->" by which the one comment is found again.
 * Never over `max` bytes: tables are cut, with a note that says so.
 */
int mv_comparison_md(struct mv_buf *out, const struct mv_comparison *c,
		     const char *marker, size_t max, struct mv_err *err);
int mv_board_md(struct mv_buf *out, const struct mv_board *b,
		const char *const *columns, struct mv_err *err);
int mv_card_md(struct mv_buf *out, const struct mv_card *card,
	       struct mv_err *err);

/* -- findings of a comparison for CI (worse metrics, incomparable ones) --- */
int mv_comparison_junit(struct mv_buf *out, const struct mv_comparison *c,
			struct mv_err *err);
/* "::error file=...::..." lines, escaped as GitHub reads them. */
int mv_comparison_annotations(struct mv_buf *out,
			      const struct mv_comparison *c,
			      struct mv_err *err);

/* -- verdicts (verdict.c): may this go there, and why not? ---------------- */

struct mv_judged {
	const char *subject;	/* "fraud@v1.2.0 to production" */
	const struct mv_verdict *verdict;
};
/* What does not hold, the worst first; with `explain` every rule, with what
   was expected, what was found, what that rests on, and what to do. */
int mv_verdicts_text(struct mv_buf *out, const struct mv_judged *v,
		     size_t count, int explain, const struct mv_style *style,
		     struct mv_err *err);
/* An array; docs/format/json.md. Of one: the object without "subject". */
struct mv_json *mv_verdicts_json(const struct mv_judged *v, size_t count);
struct mv_json *mv_verdict_json(const struct mv_verdict *verdict);
/* For a comment, as mv_comparison_md() does it. */
int mv_verdicts_md(struct mv_buf *out, const struct mv_judged *v,
		   size_t count, const char *marker, size_t max,
		   struct mv_err *err);
int mv_verdicts_junit(struct mv_buf *out, const struct mv_judged *v,
		      size_t count, struct mv_err *err);
/* SARIF 2.1.0; the ids of rules are "git-model/<key>". */
int mv_verdicts_sarif(struct mv_buf *out, const struct mv_judged *v,
		      size_t count, struct mv_err *err);
int mv_verdicts_annotations(struct mv_buf *out, const struct mv_judged *v,
			    size_t count, struct mv_err *err);

/* -- charts as files ------------------------------------------------------ */
/*
 * The script and data for gnuplot to draw the plot as SVG (the caller runs
 * it and hands the script to its standard input). No name from the plot is
 * ever seen as a command.
 */
int mv_plot_gnuplot(struct mv_buf *out, const struct mv_plot *p, int width,
		    int height, struct mv_err *err);

/* -- HTML: self-contained pages ------------------------------------------- */
/*
 * A site is a set of files that the caller writes; `fn` gets each one's name
 * ("index.html", "artifact-<n>-<slug>.html", "compare.html"). Chart.js is inlined (it
 * is built into the program); every chart has its data in a table beside it,
 * for those who use no script or no eyes.
 */
typedef int (*mv_page_fn)(void *payload, const char *name, const char *data,
			  size_t len, struct mv_err *err);
/* Files without a name and without evidence, of one folder. */
struct mv_file_group {
	char *folder;		/* "images/", or "": the top */
	size_t files;
	uint64_t bytes;
};
struct mv_site {
	const char *title;
	int64_t now;		/* ms */
	const struct mv_board *board;		/* all versions of everything */
	const struct mv_card *cards;		/* one page each */
	size_t card_count;
	const struct mv_lineage *lineages;	/* of each card; or NULL */
	const struct mv_plot *plots;		/* of each card; or NULL */
	const struct mv_comparison *comparison;	/* or NULL */
	const struct mv_file_group *groups;	/* what has no page */
	size_t group_count;
};
int mv_site_html(const struct mv_site *site, mv_page_fn fn, void *payload,
		 struct mv_err *err);
/* One page each, the same look. */
int mv_comparison_html(struct mv_buf *out, const struct mv_comparison *c,
		       struct mv_err *err);
/* Curves overlaid, metric over versions, parallel coordinates. `board` may
   be NULL: curves only. */
int mv_plot_html(struct mv_buf *out, const struct mv_plot *p,
		 const struct mv_board *board, struct mv_err *err);
int mv_board_html(struct mv_buf *out, const struct mv_board *b,
		  struct mv_err *err);

#endif
