/* SPDX-License-Identifier: MIT */
#ifndef MV_META_META_H
#define MV_META_META_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"
#include "libmv/base/hash.h"
#include "libmv/base/json.h"
#include "libmv/base/near.h"
#include "libmv/base/stream.h"
#include "libmv/git/git.h"

/*
 * What is known and decided about content? Records (one JSON line each, in
 * the notes on pointer blobs: docs/format/records.md), the evidence that
 * they add up to, what changed between two contents' evidence, the names and
 * metric rules of .gitmodel/config (docs/format/config.md), and versions and
 * stages in tags (docs/format/tags.md). It hides the encodings, the notes'
 * merging and GTO's grammar. It neither opens content nor decides anything:
 * what is allowed is policy's question.
 *
 * All bytes from notes, tags and files are hostile: bounded, escaped by who
 * prints them, and a line that cannot be read is kept and skipped.
 * Structs are plain; each _release() frees what is inside and leaves an
 * empty struct. Not for use by two threads at once.
 */

/* -- facts: typed values by key (facts.c) --------------------------------- */

enum mv_value_type {
	MV_VALUE_STRING,
	MV_VALUE_INT,
	MV_VALUE_REAL,		/* finite, or NaN and infinities */
	MV_VALUE_BOOL,
	MV_VALUE_NULL,
	MV_VALUE_NUMBER,	/* digits beyond int64 and double, as text */
	MV_VALUE_LIST		/* JSON text of an array */
};
struct mv_value {
	enum mv_value_type type;
	int64_t i;		/* INT, BOOL */
	double r;		/* INT, REAL, and the nearest of NUMBER */
	char *text;		/* always: as it is printed, never NULL */
};
/* Is it a number (INT, REAL, NUMBER)? */
int mv_value_is_number(const struct mv_value *v);
/* The same type and the same value; NaN equals NaN. */
int mv_value_eq(const struct mv_value *a, const struct mv_value *b);
/* Numbers by size (NaN last), then the rest by text. */
int mv_value_cmp(const struct mv_value *a, const struct mv_value *b);

struct mv_fact {
	char *key;		/* flattened: "optimizer.lr" */
	struct mv_value value;
	uint32_t from;		/* index of its record in mv_evidence.records */
};
/* Sorted by the keys' bytes, each once. */
struct mv_facts {
	struct mv_fact *v;
	size_t count, alloc;
};
#define MV_FACTS_INIT { NULL, 0, 0 }
void mv_facts_release(struct mv_facts *facts);
const struct mv_value *mv_facts_get(const struct mv_facts *facts,
				    const char *key);
/* Replaces an older value. A key is 1..512 bytes of UTF-8 (MV_EINVALID);
   control characters are allowed and escaped by who prints. */
int mv_facts_set(struct mv_facts *facts, const char *key,
		 const struct mv_value *value, uint32_t from,
		 struct mv_err *err);
/* "k=v" from a command line: int, real, bool ("true", "false"), null by how
   it looks; k="v" in double quotes is a string. */
int mv_facts_set_arg(struct mv_facts *facts, const char *arg,
		     struct mv_err *err);
/*
 * Flatten a tree with dots (below `prefix` when not ""). Lists become one
 * LIST value. With `numbers_only` set, values other than numbers, strings
 * and bools are left out and counted in *skipped (may be NULL), as DVC does
 * with metrics.
 */
int mv_facts_from_json(struct mv_facts *facts, const struct mv_json *tree,
		       const char *prefix, int numbers_only, size_t *skipped,
		       struct mv_err *err);
/* {"key":value,...}; numbers JSON cannot carry as {"number":"nan"}. The
   reverse of _from_json for flat objects, exactly. */
struct mv_json *mv_facts_to_json(const struct mv_facts *facts);
struct mv_json *mv_value_to_json(const struct mv_value *v);

/*
 * A file of params or metrics by the suffix of `name`: .json, .yaml/.yml
 * (and no suffix), .ini/.env/.cfg/.properties (k = v lines; sections become
 * prefixes). .toml is MV_ENOTSUP: says to convert it. Messages are
 * "<name>:<line>:<column>: ...".
 */
int mv_facts_read(struct mv_facts *facts, const char *name, const char *data,
		  size_t len, int metrics, size_t *skipped,
		  struct mv_err *err);

/* -- curves: metrics by step (curves.c; docs/format/curves.md) ------------ */

/*
 * One series per metric: points (step, ms since 1970 or 0, value), ordered by
 * step. The file is canonical JSON Lines, so that it deduplicates as it
 * grows: {"metric":"loss","points":[[step,ms,value],...]} in runs of at most
 * 1,000 points, metrics sorted.
 */
struct mv_point {
	int64_t step, ms;
	double value;
};
struct mv_series {
	char *name;
	struct mv_point *points;
	size_t count, alloc;
};
struct mv_curves {
	struct mv_series *series;	/* sorted by name */
	size_t count, alloc;
	size_t points;		/* of all series together */
	size_t restarts;	/* how often a file went back to an earlier step */
};
void mv_curves_release(struct mv_curves *curves);
int mv_curves_add(struct mv_curves *curves, const char *name, int64_t step,
		  int64_t ms, double value, struct mv_err *err);
/* Points of one mv_curves; one more is MV_EINVALID. They are what memory
   grows with: the files that they come from are read piece by piece. */
#define MV_CURVES_POINTS_MAX ((size_t)1 << 22)
/* Stable sort by step. Call before print or use. */
void mv_curves_sort(struct mv_curves *curves);
int mv_curves_print(struct mv_buf *out, const struct mv_curves *curves,
		    struct mv_err *err);
int mv_curves_parse(struct mv_curves *out, const char *data, size_t len,
		    struct mv_err *err);
/* The same as streams, a run in memory at a time. `curves` is borrowed. */
struct mv_curves_reader {
	const struct mv_curves *curves;
	size_t series, at;	/* where the next run begins */
	struct mv_buf run;
	size_t sent;		/* of it */
};
struct mv_reader mv_curves_reader(struct mv_curves_reader *state,
				  const struct mv_curves *curves);
void mv_curves_reader_release(struct mv_curves_reader *state);
/* What is written is parsed into `out`, which is empty unless _end() (always
   to be called; `failed`: what writing gave) returns 0. */
struct mv_curves_writer {
	struct mv_curves *out;
	struct mv_buf line;	/* as far as it came */
	size_t lines;
};
struct mv_writer mv_curves_writer(struct mv_curves_writer *state,
				  struct mv_curves *out);
int mv_curves_writer_end(struct mv_curves_writer *state, int failed,
			 struct mv_err *err);
/*
 * A CSV or TSV (by suffix) with a header: RFC 4180 quoting; a column named
 * step, epoch or iteration is the step (else the row number), one named
 * timestamp or time the time; every other column with numbers is a metric,
 * named "<prefix><column>". Blanks around cells are no part of them. Where the
 * steps go back and on from there, a run was begun anew: what it had at those
 * steps is dropped; steps in no order at all are sorted. What was left out is
 * counted. MV_EINVALID with file and line.
 */
int mv_curves_read_table(struct mv_curves *curves, const char *name,
			 const char *prefix, const struct mv_source *in,
			 size_t *skipped, struct mv_err *err);
/*
 * A file of JSON Lines: an object a line, nested ones flattened with dots, its
 * members as the columns of a table. Or, of TensorBoard, an event file, of
 * which scalars are read (events.c); what the file's series have at steps from
 * their first one in it on, an earlier file's run has abandoned.
 */
int mv_curves_read_lines(struct mv_curves *curves, const char *name,
			 const char *prefix, const struct mv_source *in,
			 size_t *skipped, struct mv_err *err);
int mv_curves_read_events(struct mv_curves *curves, const char *name,
			  const char *prefix, const struct mv_source *in,
			  size_t *skipped, struct mv_err *err);
/* A run began anew at this step: what came after it before is dropped, of all
   series or of the one at [i] (was there any?). */
void mv_curves_restart(struct mv_curves *curves, int64_t step);
int mv_curves_restart_one(struct mv_curves *curves, size_t i, int64_t step);
/* Of so many rows, so many had a lower step than the one before: is that a
   run begun anew (or is there no order at all)? */
int mv_steps_go_back(size_t rows, size_t back);
/*
 * How often did the steps of the series at [i], whose points are as they were
 * measured, go back? What an abandoned run measured is dropped then (not where
 * there is no order at all: 0). The caller counts it in `restarts`.
 */
size_t mv_curves_begin_anew(struct mv_curves *curves, size_t i);
/* The last value of each series into facts. */
int mv_curves_last(struct mv_facts *facts, const struct mv_curves *curves,
		   struct mv_err *err);

/* -- directories (manifest.c; docs/format/manifest.md) -------------------- */

/*
 * The content id of a directory is the SHA-256 of its manifest, which is
 * itself a content that can be stored:
 *
 *	git-model-manifest/1 LF
 *	<64 hex> SP <size> SP <path> LF	... sorted by the paths' bytes
 *
 * paths are relative to the directory, '\' and bytes below 0x20 as \ooo.
 * One with links or submodules in it is of version 2, where those lines begin
 * with "link " or "module ".
 */
enum mv_member_kind {
	MV_MEMBER_FILE,
	MV_MEMBER_LINK,		/* symbolic: oid and size are its target's text */
	MV_MEMBER_MODULE	/* of its commit's full name, in hex */
};
struct mv_member {
	char *path;
	struct mv_oid oid;
	uint64_t size;
	enum mv_member_kind kind;
	int in_git;		/* for who read it from git, and not of the text:
				   git holds the bytes themselves */
};
struct mv_manifest {
	struct mv_member *v;
	size_t count, alloc;
};
void mv_manifest_release(struct mv_manifest *m);
int mv_manifest_add(struct mv_manifest *m, const char *path,
		    const struct mv_oid *oid, uint64_t size,
		    struct mv_err *err);
int mv_manifest_add_kind(struct mv_manifest *m, enum mv_member_kind kind,
			 const char *path, const struct mv_oid *oid,
			 uint64_t size, struct mv_err *err);
/*
 * Does a link at `path` of a directory lead to something in that directory,
 * whatever else in it is a link? Only what climbs no further than to the top
 * of it, and never again after going down, does.
 */
int mv_manifest_link_stays(const char *path, const char *target);
/* Sorts; MV_EINVALID when a path occurs twice. */
int mv_manifest_print(struct mv_buf *out, struct mv_manifest *m,
		      struct mv_err *err);
int mv_manifest_parse(struct mv_manifest *out, const char *data, size_t len,
		      struct mv_err *err);
/* Do these bytes begin like one? */
int mv_manifest_is(const char *data, size_t len);
/* Members that differ; old or new NULL where there is none. */
typedef int (*mv_member_fn)(void *payload, const struct mv_member *old,
			    const struct mv_member *new, struct mv_err *err);
int mv_manifest_diff(const struct mv_manifest *old,
		     const struct mv_manifest *new, mv_member_fn fn,
		     void *payload, struct mv_err *err);

/* -- records (record.c) --------------------------------------------------- */

/* A content that a record speaks of. */
struct mv_ref {
	char *role;		/* data: "train", "eval", ""; attached: "curves",
				   "packages", "manifest", "log" */
	char *name;		/* of a dataset, or NULL */
	char *path;		/* or NULL */
	struct mv_oid oid;
	uint64_t size;		/* UINT64_MAX: not known */
	int has_oid;		/* 0: only named (a digest nobody can check) */
	char *digest;		/* such a foreign digest ("md5:..."), or NULL */
};
struct mv_refs {
	struct mv_ref *v;
	size_t count, alloc;
};
void mv_refs_release(struct mv_refs *refs);
/* Appends a copy; name, path and digest may be NULL. */
int mv_refs_add(struct mv_refs *refs, const struct mv_ref *ref,
		struct mv_err *err);

/* What `git model run` saw. */
struct mv_execution {
	char *id, *name;	/* id: 16 hex digits; name may be NULL */
	char **command;		/* NULL-terminated; NULL: no run */
	char *cwd;		/* from the work tree's top: "" or "a/b" */
	int64_t started_ms, duration_ms;
	int exit_code;		/* 128 + signal when killed */
	int64_t peak_bytes;	/* resident, of the largest process; 0: unknown */
	struct mv_refs inputs, outputs;
	struct mv_refs files;	/* params and metrics files that it changed;
				   role "params" or "metrics" */
};

struct mv_record {
	char *t;		/* RFC 3339, ms, UTC */
	char *kind;		/* "evidence", "run"; others are kept unread */
	char *id;		/* 16 hex digits, random */
	char *by;		/* "Name <email>" */
	char *artifact, *path;	/* as it was called then; NULL: not said */
	int for_path;		/* made for what lies at `path`, which was no
				   artifact; not for the bytes wherever */
	struct mv_oid content;	/* of what it speaks */
	int has_content;	/* as it was read: does it say so? */
	uint64_t size;
	char *commit;		/* hex, or NULL */
	char *dirty;		/* "sha256:..." of the uncommitted changes, or
				   NULL: clean, or not known */
	struct mv_facts params, metrics, tags;
	struct mv_refs data;
	struct mv_facts environment;	/* os, cpu, python, image, ... flat */
	struct mv_execution run;
	struct mv_facts source;	/* of an import: tool, id, ... */
	char **supersedes;	/* ids of records that it comes after, whatever
				   their clocks said; NULL-terminated, or NULL */
	struct mv_refs attached;	/* contents that go where the record goes */
};
void mv_record_release(struct mv_record *record);
/* One more of them, copied. MV_EINVALID: no id, or more than
   MV_SUPERSEDES_MAX; one that is there already is fine. */
#define MV_SUPERSEDES_MAX 64
int mv_record_supersede(struct mv_record *record, const char *id,
			struct mv_err *err);
/*
 * One canonical line without its LF: "t" and "kind" first, the rest sorted;
 * empty members left out. At most MV_RECORD_MAX bytes (MV_ENOMEM: says what
 * to put into a file instead).
 */
#define MV_RECORD_MAX ((size_t)256 << 10)
int mv_record_print(struct mv_buf *out, const struct mv_record *record,
		    struct mv_err *err);
/*
 * MV_EINVALID: malformed (skip it, say so once). A line that is well-formed
 * but of a kind not known here is read as far as t, kind, id, by, artifact,
 * content go. Unknown members are ignored.
 */
int mv_record_parse(struct mv_record *out, const char *line, size_t len,
		    struct mv_err *err);
/* 16 random hex digits; `id` has room for 17. */
int mv_record_id(char *id, struct mv_err *err);

/* -- the ledger: records in notes (ledger.c) ------------------------------ */

#define MV_NOTES_REF "refs/notes/model"
#define MV_NOTES_REMOTES "refs/notes/model-remotes/"	/* + remote's name */
#define MV_NOTE_MAX ((size_t)1 << 20)
#define MV_NOTE_LINES 10000
/* Of that, what may be anything but what people sign: a quarter is kept for
   their votes, so that nobody can keep a veto out of a note by filling it. */
#define MV_NOTE_OTHERS (MV_NOTE_MAX / 4 * 3)
#define MV_NOTE_OTHER_LINES 7500
/* And of that, records: what is left is for a server's receipts. */
#define MV_NOTE_RECORDS (MV_NOTE_OTHERS - ((size_t)64 << 10))
#define MV_NOTE_RECORD_LINES 7000

/* The lines of one pointer blob's note, sorted by bytes, each once. */
struct mv_lines {
	const char **v;		/* into `text`, NUL-terminated */
	size_t count;
	char *text;
};
int mv_lines_have(const struct mv_lines *lines, const char *line);
void mv_lines_release(struct mv_lines *lines);
/* Of each of these pointer blobs (full hex), one element each. `ref` may be
   the hex of a commit, which must be there (MV_ENOENT). */
int mv_ledger_read(struct mv_lines *out, struct mv_git *git, const char *ref,
		   const char *const *blobs, size_t count,
		   struct mv_err *err);
/*
 * Append lines in one commit; whoever writes at the same time, nothing of
 * anybody is lost: read, unite, write, and again when the ref moved (with
 * growing pauses, up to `timeout_ms`, then MV_EBUSY). `lock_path`: a file
 * that writers on this machine wait at, so that they do not collide at all.
 * A line already there changes nothing. MV_ENOMEM: the note would pass
 * MV_NOTE_MAX or MV_NOTE_LINES, or, when one of the lines is no vote, what is
 * kept for votes. The pointer blobs must exist in git.
 */
struct mv_entry {
	const char *blob;	/* full hex of the pointer blob */
	const char *line;
};
int mv_ledger_append(struct mv_git *git, const char *lock_path,
		     const struct mv_entry *entries, size_t count,
		     const char *message, int timeout_ms,
		     struct mv_err *err);
/*
 * Unite another ref (a tracking ref) into MV_NOTES_REF: a set union of lines
 * per object, a merge commit with both parents, or a fast-forward. Foreign
 * lines are kept, whatever they are. *changed (may be NULL) says whether the
 * ref moved. Nothing is done when the other has nothing new.
 */
int mv_ledger_merge(struct mv_git *git, const char *lock_path,
		    const char *other, int *changed, int timeout_ms,
		    struct mv_err *err);
/* Lines of `a` that `b` has not, blank ones apart, in whatever order they are;
   the first of them points into `a`. Pure. */
struct mv_missing {
	size_t count;
	const char *first;	/* NULL: none */
	size_t first_len;
};
int mv_lines_missing(struct mv_missing *out, const char *a, size_t a_len,
		     const char *b, size_t b_len, struct mv_err *err);
/* Sorted union of two texts of lines, blank lines dropped. Pure. */
int mv_lines_unite(struct mv_buf *out, const char *a, size_t a_len,
		   const char *b, size_t b_len, struct mv_err *err);

/* -- evidence: what the records of one content add up to (evidence.c) ----- */

/*
 * For each key the newest record's word counts: the one with the greatest
 * "t" (then the line's bytes), but one that names another as superseded is
 * newer than that one, whatever the clocks said. `records` are the lines that
 * could be read, oldest first; facts say in `from` which of them they come
 * from. data, run, environment and commit are those of the newest record that
 * has any.
 */
struct mv_evidence {
	struct mv_record *records;
	size_t count;
	size_t skipped;		/* lines that could not be read */
	size_t elsewhere;	/* records about another content */
	struct mv_facts params, metrics, tags;
	const struct mv_record *data, *run, *environment;	/* or NULL */
};
void mv_evidence_release(struct mv_evidence *e);
int mv_evidence_fold(struct mv_evidence *out, const struct mv_lines *lines,
		     struct mv_err *err);
/*
 * The same, but only of records that speak of this content (NULL: all), and of
 * this artifact or of none (`artifact` NULL: all). A note is on the pointer to
 * a content, but anybody can write a line about another one into it: that is
 * nobody's evidence. Identical content shares one note. Those that were
 * made for a path that is no artifact speak of a copy of the bytes: they count
 * as older than all others.
 */
int mv_evidence_fold_for(struct mv_evidence *out, const struct mv_lines *lines,
			 const struct mv_oid *content, const char *artifact,
			 struct mv_err *err);
/* What a metric was measured on: entries of role "eval" of its record, else
   those without a role; sorted oids joined with "+" into `out`, "" when the
   record does not say. */
int mv_evidence_eval_data(struct mv_buf *out, const struct mv_evidence *e,
			  const struct mv_fact *metric);

/* -- .gitmodel/config (project.c) ----------------------------------------- */

enum mv_direction { MV_DIRECTION_NONE, MV_DIRECTION_UP, MV_DIRECTION_DOWN };
struct mv_metric_rule {
	char *name;		/* a key, or with "*" a glob over keys */
	char *artifact;		/* of which alone it holds; NULL: of all */
	enum mv_direction direction;
	char *unit;		/* or NULL */
	int precision;		/* digits; -1: not said */
	int line;
};
struct mv_artifact {
	char *name, *path;	/* path: file or directory, from the top */
	char *type;		/* "model", "dataset", ...; or NULL */
	char *description;	/* or NULL */
	char **labels;		/* NULL-terminated */
	int line;
};
/*
 *	[artifact "fraud"]	path= type= description= label= (repeated)
 *	[metric "loss"]		direction=up|down|none unit= precision=0..17
 *	[metric "fraud:loss"]	the same, of the artifact fraud alone
 *
 * Names are GTO's (docs/format/tags.md). Other sections and keys are not
 * looked at here. MV_EINVALID with file and line.
 */
struct mv_project {
	struct mv_artifact *artifacts;	/* as they stand in the file */
	size_t artifact_count;
	struct mv_metric_rule *metrics;
	size_t metric_count;
};
void mv_project_release(struct mv_project *p);
int mv_project_parse(struct mv_project *out, const char *name,
		     const char *data, size_t len, struct mv_err *err);
const struct mv_artifact *mv_project_by_name(const struct mv_project *p,
					     const char *name);
/* By path; for a path inside a directory artifact, that one. */
const struct mv_artifact *mv_project_by_path(const struct mv_project *p,
					     const char *path);
/*
 * Of the sections for this artifact, if it is one (NULL: none), the exact name
 * first, then the longest glob; then the same of those for all. NULL: nothing
 * is known.
 */
const struct mv_metric_rule *mv_project_metric(const struct mv_project *p,
					       const char *artifact,
					       const char *key);
/* Is it a name in GTO's grammar ("fraud", "models/nn:fraud")? */
int mv_artifact_name_ok(const char *name);

/* -- what changed (compare.c) --------------------------------------------- */

enum mv_judgement {
	MV_JUDGE_NONE,		/* no direction known, or not numbers */
	MV_JUDGE_SAME, MV_JUDGE_BETTER, MV_JUDGE_WORSE
};
struct mv_change {
	char *key;
	struct mv_value old, new;	/* text NULL on the side without one */
	int has_old, has_new;
	double diff;		/* new - old, when both are finite numbers */
	double relative;	/* diff / |old|; NaN where old is 0 */
	int has_diff;
	enum mv_judgement judgement;
	int incomparable;	/* measured on different evaluation data, or
				   on one side nobody said which */
	const struct mv_metric_rule *rule;	/* borrowed; or NULL */
};
struct mv_changes {
	struct mv_change *v;	/* sorted by key */
	size_t count;
};
void mv_changes_release(struct mv_changes *c);
/*
 * Are two finite values of a metric the same? Up to what binary fractions
 * lose (1e-12 of the greater) and, where the project says with how many
 * digits the metric is shown, to these digits: what prints the same is the
 * same. `rule` may be NULL. What is not finite is the same as nothing. Comparisons and the policy's rules ask this.
 */
int mv_metric_same(const struct mv_metric_rule *rule, double a, double b);
/* With `all`, equal ones too. `project` gives directions (of `artifact`, or
   those of all when NULL); NULL: none. */
int mv_compare_metrics(struct mv_changes *out, const struct mv_evidence *old,
		       const struct mv_evidence *new,
		       const struct mv_project *project, const char *artifact,
		       int all, struct mv_err *err);
int mv_compare_facts(struct mv_changes *out, const struct mv_facts *old,
		     const struct mv_facts *new, int all, struct mv_err *err);

/* -- versions and stages in tags (tags.c, registry.c; docs/format/tags.md) -- */

enum mv_event_kind {
	MV_EVENT_REGISTER, MV_EVENT_DEREGISTER, MV_EVENT_ASSIGN,
	MV_EVENT_UNASSIGN, MV_EVENT_DEPRECATE, MV_EVENT_CREATE
};
/* What a tag's name says; pure. Strings are copies. */
struct mv_tag {
	enum mv_event_kind kind;
	char *artifact;		/* "dir:name" for a monorepo ("=" in the tag) */
	char *version;		/* "v1.2.3" or NULL */
	char *stage;		/* or NULL */
	int64_t counter;	/* -1: none; at most MV_COUNTER_MAX */
};
#define MV_COUNTER_MAX INT64_C(999999999999999999)
#define MV_TAG_MAX 1024		/* bytes of a tag's name */
void mv_tag_release(struct mv_tag *tag);
/* `name` without "refs/tags/". MV_ENOENT: not such a tag. */
int mv_tag_parse(struct mv_tag *out, const char *name, struct mv_err *err);
/* MV_EINVALID: there is no tag that says this. */
int mv_tag_print(struct mv_buf *out, const struct mv_tag *tag,
		 struct mv_err *err);
/* Is it a stage ("production")? The same letters as a name without dir. */
int mv_stage_ok(const char *stage);
/* GTO's words: "registration", "unassignment" ... */
const char *mv_event_word(enum mv_event_kind kind);

/*
 * Our trailers in a tag's message: lines "Model-<key>: <value>" of the last
 * paragraph, when that is not the first and has nothing but trailers. As
 * facts of type STRING, under their whole name ("Model-Version"); none is
 * fine. MV_EINVALID: one stands there twice, is empty, or goes on in a second
 * line. `out` must be empty.
 */
int mv_tag_trailers(struct mv_facts *out, const char *message,
		    struct mv_err *err);

/* Semantic Versioning 2.0 with a leading "v"; numbers of any length. Compares
   by precedence, build metadata last by bytes, so that the order is total. */
int mv_version_ok(const char *version);
int mv_version_cmp(const char *a, const char *b);
enum mv_bump { MV_BUMP_PATCH, MV_BUMP_MINOR, MV_BUMP_MAJOR };
/* The next one; `from` NULL: v0.0.1, v0.1.0, v1.0.0. *out is yours. */
int mv_version_bump(char **out, const char *from, enum mv_bump bump,
		    struct mv_err *err);

/* One event of the registry: an annotated tag in GTO's grammar. */
struct mv_event {
	struct mv_tag tag;
	char *ref;		/* full ref name */
	char *oid;		/* of the tag object */
	char *commit;		/* hex of what it leads to; "" for no commit */
	size_t order;		/* its place in mv_registry.v */
};
/*
 * Events of one artifact (NULL: all). Lightweight tags and those that lead to
 * no commit are left out and counted. The events' order never depends on the tagger's dates, which anybody can set:
 *
 * 1. What has a counter is in the order of counters; equal ones: what gives
 *    before what takes away, then by the refs' bytes.
 * 2. A registration without one is in the order of Semantic Versioning among
 *    its like, and as late as can be: just before the first event that names
 *    that version, is at its commit, or is a deprecation.
 * 3. An assignment without one is before everything that has one.
 * 4. A deregistration or unassignment without one takes back the first event
 *    that it can, as late as can be: just before the next one that gives the
 *    same, else after all. What was decided in between is not rewritten.
 * 5. A deprecation without one is the last word as long as it exists.
 *
 * Only names and targets of refs are read. Who relies on an event compares
 * mv_git_object_info.name with the ref: a signed tag object can be put under
 * another name (mv_event_is).
 */
struct mv_registry {
	struct mv_event *v;	/* artifact by artifact, each in order */
	size_t count;
	size_t lightweight;	/* of them in `ignored`; the rest have numbers
				   that are too large */
	struct mv_event *ignored;	/* named like events, and none */
	size_t ignored_count;
	struct mv_registry_index *index;
};
#define MV_REGISTRY_INIT { NULL, 0, 0, NULL, 0, NULL }
void mv_registry_release(struct mv_registry *r);
/* It will be loaded soon, by who only looks: git may begin. */
void mv_registry_ahead(struct mv_git *git, const char *artifact);
int mv_registry_load(struct mv_registry *out, struct mv_git *git,
		     const char *artifact, struct mv_err *err);
/* The same from a list of refs that somebody hands in (a hook: the state
   that a push would lead to). */
int mv_registry_from_refs(struct mv_registry *out,
			  const struct mv_git_ref *refs, size_t count,
			  const char *artifact, struct mv_err *err);
/*
 * What follows is borrowed from the registry. A version means the commit of
 * its registration until it is deregistered: registering it again before
 * that changes nothing, wherever the second tag points.
 */
/* Its registration, unless deregistered since; NULL. */
const struct mv_event *mv_registry_version(const struct mv_registry *r,
					   const char *artifact,
					   const char *version);
/* Greatest active version by Semantic Versioning; NULL. */
const struct mv_event *mv_registry_greatest(const struct mv_registry *r,
					    const char *artifact);
/* All active versions, lowest first (`artifact` NULL: artifact by artifact). */
const struct mv_event *const *mv_registry_versions(const struct mv_registry *r,
						   const char *artifact,
						   size_t *count);
/*
 * The assignment that holds the stage now: the last one, unless it was
 * unassigned (at the same commit) since; NULL. What it names is
 * mv_registry_assigned(). Of a stage whose newest tag is none
 * (mv_registry_ignored) nobody is said to hold it, here and in the list: who
 * acts on the answer asks mv_registry_who().
 */
const struct mv_event *mv_registry_holder(const struct mv_registry *r,
					  const char *artifact,
					  const char *stage);
/* Of every stage that is held, by artifact and stage (`artifact` NULL: all). */
const struct mv_event *const *mv_registry_holders(const struct mv_registry *r,
						  const char *artifact,
						  size_t *count);
/* The greatest active version of the artifact at this commit; NULL. */
const struct mv_event *mv_registry_version_at(const struct mv_registry *r,
					      const char *artifact,
					      const char *commit);
/*
 * The version that an assignment (or unassignment) names: `version` when it
 * is active at the same commit, NULL when it is not. With `version` NULL (its
 * message has no trailer Model-Version): _version_at its commit.
 */
const struct mv_event *mv_registry_assigned(const struct mv_registry *r,
					    const struct mv_event *assignment,
					    const char *version);
/* Deprecated, and nothing with a greater counter registered or assigned? The
   deprecation, or NULL. */
const struct mv_event *mv_registry_deprecated(const struct mv_registry *r,
					      const char *artifact);
/* Next counter: the greatest of the artifact's plus one; -1: none is left. */
int64_t mv_registry_next(const struct mv_registry *r, const char *artifact);
/*
 * Names that `tags` bring, and that differ from one of `before` (or of another
 * tag) in the case of letters only: of an artifact, a folder of artifacts, or a
 * stage or version of one. A spelling that was there stays as it is. Each is
 * told once; what `fn` returns, if not 0, ends it.
 */
typedef int (*mv_twin_fn)(void *payload, const char *name, const char *other,
			  struct mv_err *err);
int mv_registry_twins(const struct mv_registry *before,
		      const struct mv_tag *const *tags, size_t count,
		      mv_twin_fn fn, void *payload, struct mv_err *err);
/* Has it any event at all? */
int mv_registry_knows(const struct mv_registry *r, const char *artifact);
/*
 * "; did you mean ...?" (see base/near.h) for a stage that no event of the
 * artifact (NULL: of any) names, and for a version that is not active; "" when
 * nothing is near, or the stage is only held by nobody now. Returns `out`.
 */
const char *mv_registry_near_stage(char out[MV_NEAREST_WORDS],
				   const struct mv_registry *r,
				   const char *artifact, const char *stage);
const char *mv_registry_near_version(char out[MV_NEAREST_WORDS],
				     const struct mv_registry *r,
				     const char *artifact,
				     const char *version);
/*
 * A tag that is no event, and would be the newest of this stage (`stage` NULL:
 * the greatest version, or `version` itself): what the others say is not to be
 * relied on then. NULL: there is none.
 */
const struct mv_event *mv_registry_ignored(const struct mv_registry *r,
					   const char *artifact,
					   const char *stage,
					   const char *version);
/* MV_EDENIED: why a tag of mv_registry_ignored() is none, and what brings it. */
int mv_registry_refuse_ignored(const struct mv_event *e, struct mv_err *err);
/*
 * Who holds the stage, and which event registered the version (NULL: the
 * greatest)? For every command that acts on the answer (holding.c): 0 and NULL
 * is nobody, MV_EDENIED that it cannot be told.
 */
int mv_registry_who(const struct mv_event **out, const struct mv_registry *r,
		    const char *artifact, const char *stage,
		    struct mv_err *err);
int mv_registry_which(const struct mv_event **out,
		      const struct mv_registry *r, const char *artifact,
		      const char *version, struct mv_err *err);
/* From *at (0 first) on, the next tag that keeps a stage (NULL: any) of the
   artifact (NULL: of any) from being known; NULL: there is no more. */
const struct mv_event *mv_registry_in_doubt(const struct mv_registry *r,
					    const char *artifact,
					    const char *stage, size_t *at);
/* Does the tag object say the same name as the ref that holds it? */
int mv_event_is(const struct mv_event *event,
		const struct mv_git_object_info *info);

#endif
