/* SPDX-License-Identifier: MIT */
#ifndef MV_REPO_EVIDENCE_H
#define MV_REPO_EVIDENCE_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/meta/meta.h"
#include "libmv/report/report.h"
#include "libmv/repo.h"

/*
 * The verbs of evidence, over mv_repo: what is known about content, brought
 * in and looked up. One file per verb (repo-record.c, repo-subject.c,
 * repo-run.c, repo-lineage.c, repo-compare.c, repo-import*.c). The library
 * asks no clock: `now` is milliseconds since 1970, from the door.
 */

/* -- what a person names (repo-subject.c) ------------------------------------- */

/*
 *	NAME		artifact of .gitmodel/config, as the index has it
 *	NAME@v1.2.0	that version; NAME@latest: the greatest
 *	NAME#stage	what holds that stage
 *	PATH		in the index; a directory: all files in it
 *	PATH@REV, NAME@REV, REV:PATH	in a commit
 *	oid		"sha256:<hex>", or 64 (or at least 7) hex digits
 *
 * Tried in that order; a spec that two of them answer is answered by the
 * first. PATHs are relative to where the command was started; that of
 * REV:PATH is from the top unless it begins with "./", as in git. In a bare
 * repository HEAD takes the place of the index.
 */
struct mv_subject {
	char *spec;		/* as it was typed */
	char *artifact;		/* its name in .gitmodel/config, or NULL */
	char *path;		/* from the top; NULL for a bare oid */
	char *commit;		/* hex; NULL: the index */
	char *version, *stage;	/* when named by one, or at that commit */
	int is_directory;
	struct mv_pointer pointer;	/* of a directory: of its manifest */
	char blob[65];		/* of the pointer's bytes: what notes hang on */
	struct mv_manifest members;	/* of a directory */
	char *beyond;	/* of a directory of which something lies elsewhere (a
			   link that leads out of it, a submodule): what, for
			   a person. Its members do not say all that it is; or
			   NULL */
};
void mv_subject_release(struct mv_subject *s);
/*
 * MV_ENOENT says what was tried and names near misses; MV_EINVALID: the path
 * is there but is not ours (git holds the bytes themselves).
 */
int mv_repo_subject(struct mv_subject *out, struct mv_repo *repo,
		    const char *spec, struct mv_err *err);
/* The same for a path (from the top) in a commit or tree; NULL: the index. */
int mv_repo_subject_at(struct mv_subject *out, struct mv_repo *repo,
		       const char *commit, const char *path,
		       struct mv_err *err);
/*
 * The content id of data at a path of a commit: as mv_repo_subject_at() has
 * it, and of a file that git holds itself the SHA-256 of its bytes. MV_EINVALID:
 * what is there is neither, or not all of it is known.
 */
int mv_repo_data_at(struct mv_oid *out, struct mv_repo *repo,
		    const char *commit, const char *path, struct mv_err *err);
/*
 * All that these pathspecs match in the index (after an add): each file of
 * ours, and for a folder that is named itself its manifest, one subject.
 */
int mv_repo_subjects(struct mv_subject **out, size_t *count,
		     struct mv_repo *repo, const char *const *pathspecs,
		     struct mv_err *err);
void mv_subjects_release(struct mv_subject *subjects, size_t count);
/*
 * .gitmodel/config of a commit (NULL: the work tree's; where there is no work
 * tree, HEAD's). No such file is an empty project. Yours to release.
 */
int mv_repo_project(struct mv_project *out, struct mv_repo *repo,
		    const char *commit, struct mv_err *err);

/* -- writing (repo-record.c) ---------------------------------------------------- */

/*
 * Fill in what every record has (t, id, by, content, artifact, path, commit,
 * dirty) for `subject`; the caller adds what it knows.
 */
int mv_repo_record_begin(struct mv_record *out, struct mv_repo *repo,
			 const struct mv_subject *subject, int64_t now,
			 struct mv_err *err);
/*
 * Append records to the ledger, in one commit. `subjects[i]` is what
 * `records[i]` speaks of. Pointer blobs of manifests and attached contents
 * are in git and in the store before that. A record that would name empty
 * content is MV_EINVALID.
 *
 * Each names as superseded what is dated later than it on its content. What a
 * person should know before is warned of: that, approvals that become void,
 * and what the record will not change (repo-supersede.c).
 */
int mv_repo_record(struct mv_repo *repo, const struct mv_subject *subjects,
		   struct mv_record *records, size_t count,
		   const char *message, struct mv_err *err);
/* Store bytes as content and add a reference to `record->attached`. */
int mv_repo_attach(struct mv_repo *repo, struct mv_record *record,
		   const char *role, const void *data, size_t len,
		   struct mv_err *err);
/* The same of sorted curves, as "curves"; a run of them is in memory. */
int mv_repo_attach_curves(struct mv_repo *repo, struct mv_record *record,
			  const struct mv_curves *curves, struct mv_err *err);
/* Bytes of attached content, piece by piece; MV_ENOENT says where it was
   looked for. */
int mv_repo_attached(struct mv_writer *to, struct mv_repo *repo,
		     const struct mv_record *record, const char *role,
		     struct mv_err *err);
/*
 * What --data, --in, --out name: a PATH (file or directory, ours or not) or
 * an oid. What lies in the work tree comes first, as it is now. A file that
 * is not ours is hashed; of a directory, the manifest is attached to `record`
 * (may be NULL). "md5:<hex>" and the like become a digest that is only kept.
 */
int mv_repo_ref(struct mv_ref *out, struct mv_repo *repo,
		struct mv_record *record, const char *role, const char *name,
		const char *spec, struct mv_err *err);
void mv_repo_ref_release(struct mv_ref *ref);
/* A params or metrics file by its suffix; csv and tsv files and DVCLive
   folders (metrics only) add to curves and, with their last values, to the
   metrics. Those are read row by row; others are read whole, up to 4 MiB. `path`
   as given; messages name it. */
int mv_repo_read_facts(struct mv_record *record, struct mv_curves *curves,
		       const char *path, int metrics, size_t *skipped,
		       struct mv_err *err);

/* "nan", "-inf" and the like, as DVCLive writes them, become numbers. */
int mv_repo_number_words(struct mv_facts *metrics, struct mv_err *err);

/* The card of one subject: everything that `git model show` says. */
int mv_repo_card(struct mv_card *out, struct mv_repo *repo, const char *spec,
		 struct mv_err *err);

/* -- reading (repo-record.c) ------------------------------------------------------ */

/* One whose evidence is asked for. */
struct mv_known_as {
	const char *blob;		/* its pointer: hex, or "" */
	const struct mv_oid *content;	/* that it leads to */
	const char *artifact;		/* limits it; may be NULL */
};
/* Evidence of each of them. One round trip for all. */
int mv_repo_evidence(struct mv_evidence *out, struct mv_repo *repo,
		     const struct mv_known_as *of, size_t count,
		     struct mv_err *err);

/*
 * Notes of a remote: fetch them to their tracking ref and unite them with
 * ours; push ours (fetch, unite, push, again when somebody was faster, at
 * most 10 times). `remote`: a name or a URL; NULL: the default one. *moved
 * (may be NULL) says whether anything changed. A remote without notes, one
 * that git does not know and no remote at all are fine. Contents that records have attached go with
 * mv_repo_push().
 */
int mv_repo_notes_fetch(struct mv_repo *repo, const char *remote, int *moved,
			struct mv_err *err);
int mv_repo_notes_push(struct mv_repo *repo, const char *remote, int *moved,
		       struct mv_err *err);
/* Contents that the records here have attached (curves, manifests, lists of
   packages) and that are not here: fetched from wherever they are to be had.
   How many came, and how many did not. */
int mv_repo_fetch_attached(struct mv_repo *repo, size_t *brought,
			   size_t *missing, struct mv_err *err);
/* What to say where no records are found, because a clone brings none; NULL
   when there are some, or nowhere to get them from. */
const char *mv_repo_notes_hint(struct mv_repo *repo);
/*
 * Where no notes are here: may there be some elsewhere? Not where there is no
 * remote, nor when the default one was asked (mv_repo_notes_fetch) and had
 * none; but always when some were fetched before.
 */
int mv_repo_notes_missing(int *missing, struct mv_repo *repo,
			  struct mv_err *err);

/* -- two revisions, side by side (repo-compare.c) ----------------------------------- */

enum mv_compare_flags {
	MV_COMPARE_ALL = 1 << 0,	/* unchanged facts and artifacts, too */
	MV_COMPARE_CONTENT = 1 << 1,	/* read headers of changed files that
					   are here */
	MV_COMPARE_FETCH = 1 << 2	/* the same, and fetch them first */
};
/*
 * `base` NULL: what holds the stage (`stage` not NULL, or the first of
 * `production`, `staging` that is held), else the merge base with the default
 * branch, else HEAD~1 when that is HEAD itself; never HEAD with itself
 * (MV_EINVALID says what to name); what holds no stage has the next of these
 * as its base. `head` NULL: HEAD, or the index when it differs from HEAD and
 * the base is HEAD or was not named. "A..B" and "A...B" as `base` alone name
 * both. A base and head named as one commit give an empty comparison whose
 * `why` says so.
 */
int mv_repo_compare(struct mv_comparison *out, struct mv_repo *repo,
		    const char *base, const char *head, const char *stage,
		    unsigned flags, struct mv_err *err);

/* -- tables over versions (repo-board.c) ---------------------------------------------- */

enum mv_board_flags {
	MV_BOARD_BRANCHES = 1 << 0,	/* tips of all branches */
	MV_BOARD_ALL = 1 << 1,		/* every commit, and every run */
	MV_BOARD_FOLLOW = 1 << 2	/* history of one path, newest first */
};
/* `spec` NULL: every artifact. Without flags: versions, and HEAD. */
int mv_repo_board(struct mv_board *out, struct mv_repo *repo,
		  const char *spec, unsigned flags, size_t limit,
		  struct mv_err *err);

/* -- curves over each other (repo-plot.c) ------------------------------------------------ */

enum mv_plot_flags {
	MV_PLOT_VERSIONS = 1 << 0	/* a metric over versions, not steps */
};
/*
 * Training curves that records of these subjects have attached, or metrics
 * over their histories. `metrics` (NULL-terminated) chooses; NULL: all. Only
 * what is here is read. MV_ENOENT: there is nothing to draw, and why.
 */
int mv_repo_plot(struct mv_plot *out, struct mv_repo *repo,
		 const char *const *specs, size_t count,
		 const char *const *metrics, unsigned flags,
		 struct mv_err *err);

/* -- where it comes from (repo-lineage.c) ---------------------------------------------- */

/* Ancestors and descendants, by the records of all notes; cycles are fine. */
int mv_repo_lineage(struct mv_lineage *out, struct mv_repo *repo,
		    const char *spec, struct mv_err *err);

/* The recorded curves of each new side, where they are here (repo-report.c). */
int mv_repo_compare_curves(struct mv_comparison *c, struct mv_repo *repo,
			   struct mv_err *err);

/* -- all of it in pages (repo-report.c) -------------------------------------------------- */

struct mv_report {
	struct mv_site site;	/* for mv_site_html(); borrows from the rest */
	char *title;		/* the repository's folder */
	struct mv_board board;
	struct mv_card *cards;
	struct mv_plot *plots;
	struct mv_lineage *lineages;
	struct mv_file_group *groups;
};
void mv_report_release(struct mv_report *r);
/*
 * Every artifact of .gitmodel/config, and the files of ours without a name
 * there of which something is recorded (at most 500) or which are few; others
 * are counted by folder. As the index has them; all versions, or where there is
 * none every commit and run; curves that are here; lineage. What cannot be
 * shown is left out with a warning. `comparison` is borrowed; or NULL.
 */
int mv_repo_report(struct mv_report *out, struct mv_repo *repo,
		   const struct mv_comparison *comparison, int64_t now,
		   struct mv_err *err);
/*
 * Its pages into a directory, which is made; each appears complete, the
 * overview last, and pages of an older report that are in it no more go.
 * MV_EEXISTS: there is something else in it, and no `force`.
 */
int mv_repo_report_write(size_t *pages, const struct mv_report *report,
			 const char *dir, int force, struct mv_err *err);

/* -- running (repo-run.c, repo-environment.c) -------------------------------------------- */

/* What a door does while a command runs; all but `now` may be NULL. */
struct mv_run_hooks {
	int64_t (*now)(void);			/* ms */
	/* Told before the command starts, and at the end. */
	void (*tell)(void *payload, const char *message);
	/* Just before (`on`) and after: ^C is the command's in between, and
	   other threads must block signals. */
	void (*running)(void *payload, int on);
	void *payload;
	int stdout_to_stderr;			/* of the command */
};
struct mv_run_options {
	const char *name;
	const char *const *inputs, *const *outputs;	/* NULL-terminated */
	const char *const *command;
	const char *const *eval_data;	/* that its metrics are measured on */
	const char *const *params_files, *const *metrics_files;	/* more of them */
	int no_environment;
	struct mv_run_hooks hooks;
};
struct mv_run_result {
	int exit_code;
	struct mv_record record;	/* as it was recorded */
	size_t recorded;		/* on how many contents */
};
void mv_run_result_release(struct mv_run_result *r);
/*
 * Run it with our own standard streams, then store and stage the outputs as
 * mv_repo_add() does, and record. That the command failed is no error here:
 * it is recorded, too.
 */
int mv_repo_run(struct mv_run_result *out, struct mv_repo *repo,
		const struct mv_run_options *options, struct mv_err *err);
/* os, kernel, cpu, cpus, memory, gpu, python, packages (attached), image ... */
int mv_repo_environment(struct mv_repo *repo, struct mv_record *record,
			struct mv_err *err);

struct mv_reproduced {
	struct mv_run_result run;	/* recorded 0: of this time */
	int exit_code;			/* as recorded */
	struct mv_refs expected;	/* outputs as recorded */
	struct mv_refs actual;		/* in the same order; has_oid 0: missing */
	size_t equal, different, missing;
	struct mv_changes metrics;	/* recorded against measured */
	char **differences;	/* of each output: where bytes differ, for a
				   person; or NULL */
	char *doubt;		/* why a difference says nothing: uncommitted
				   changes, missing inputs ...; or NULL */
	char *worktree;		/* where it ran, when kept; or NULL */
};
void mv_reproduced_release(struct mv_reproduced *r);
/*
 * In a temporary work tree (git worktree) at the recorded commit with the
 * recorded inputs; nothing is recorded. `keep` leaves it there. MV_ENOENT: no
 * run is recorded; MV_ENOTSUP: it can not be run again, and why.
 */
int mv_repo_reproduce(struct mv_reproduced *out, struct mv_repo *repo,
		      const char *spec, int keep,
		      const struct mv_run_hooks *hooks, struct mv_err *err);

/* -- bringing it from elsewhere (repo-import-*.c) ------------------------------------------ */

struct mv_import {
	const char *path;	/* mlruns/, mlflow.db, a folder with dvc.lock,
				   a DVCLive folder */
	const char *run;	/* only this run's id; or NULL */
	const char *experiment;	/* id or name; or NULL */
	const char *onto;	/* PATH|NAME|oid that it is about; NULL: found by
				   digest or path, else said so */
	const char *artifacts;	/* a folder in which artifacts of MLflow may be
				   looked for, beside the store; or NULL */
	int failed;		/* runs that failed or were killed, too */
	int64_t timeout_ms;	/* for a database; 0: a minute */
	int dry_run;
	int64_t now;
	/* Each run that was read, what became of it; and each thing that could
	   not be mapped. */
	void (*tell)(void *payload, int unmapped, const char *message);
	void *payload;
};
struct mv_import_stats {
	size_t runs, recorded, unmapped;
	size_t known;		/* recorded before, on the same content */
	size_t lost;		/* runs whose content is not known */
};
int mv_repo_import_mlflow(struct mv_repo *repo, const struct mv_import *import,
			  struct mv_import_stats *stats, struct mv_err *err);
int mv_repo_import_dvc(struct mv_repo *repo, const struct mv_import *import,
		       struct mv_import_stats *stats, struct mv_err *err);
int mv_repo_import_dvclive(struct mv_repo *repo,
			   const struct mv_import *import,
			   struct mv_import_stats *stats, struct mv_err *err);

#endif
