/* SPDX-License-Identifier: MIT */
#ifndef MV_WORK_FILTER_H
#define MV_WORK_FILTER_H

#include "libmv/store/pointer.h"

/*
 * What git calls through .gitattributes: clean and smudge (docs/design/
 * filter.md), the text that a diff shows, the merge of pointers.
 */
struct mv_reader;
struct mv_repo;
struct mv_writer;

/* -- the filter ----------------------------------------------------------- */

/*
 * What git is about, as far as that can be known (filters/asker.h): it decides
 * where the answer to clean goes, and whether anybody will put bytes in the
 * place of a pointer that was smudged.
 */
enum mv_asker {
	MV_ASKER_LOOKS = 1 << 0,	/* compares: nothing is recorded */
	MV_ASKER_MOVES = 1 << 1,	/* goes from one commit to another */
	MV_ASKER_EXPORTS = 1 << 2,	/* hands bytes to somebody else */
	MV_ASKER_BLAMES = 1 << 3	/* cleans what textconv said of a file */
};

void mv_work_filter_asker(struct mv_repo *repo, unsigned asker);

/*
 * clean and smudge as filter/filter.h wants them; `dialect` by driver. An
 * empty path is none: then nothing is known of a file, and smudge gives bytes.
 */
int mv_work_clean(struct mv_repo *repo, const char *path,
		  enum mv_dialect dialect, struct mv_reader *in,
		  struct mv_buf *out, struct mv_err *err);

/* The bytes, after mv_work_clean() returned MV_FILTER_KEPT. */
int mv_work_clean_kept(struct mv_repo *repo, struct mv_writer *out,
		       struct mv_err *err);

int mv_work_smudge(struct mv_repo *repo, const char *path, const char *blob,
		   struct mv_reader *in, struct mv_writer *out,
		   struct mv_err *err);

/*
 * Git has closed its end: make what was cleaned durable, then write the
 * large files that were smudged as pointers. Problems that leave pointers
 * in place are warnings, not errors.
 */
int mv_work_filter_finish(struct mv_repo *repo, struct mv_err *err);

/* -- merge and diff (work/merge.c, work/diff.c) --------------------------- */

/*
 * The three files that git hands to a merge driver hold what git has: a
 * pointer, or the bytes themselves when somebody committed those. A clear
 * result is left in `ours`. Where both changed a model, and tensors say who
 * changed what (tensor/merge.h), the result is stored, and `ours` waits for
 * mv_work_merge_keep(), so that it can be recorded before it is there. In a
 * conflict `ours` stays as it is, unless a side is favoured (-X); and where a
 * work tree is being merged the other sides are put into
 * <git dir>/model-conflict, for as long as the path is in conflict.
 */
enum mv_merge_favor {
	MV_FAVOR_NONE,
	MV_FAVOR_OURS,
	MV_FAVOR_THEIRS,
	MV_FAVOR_NOTED	/* as git noted when the rebase or pick began */
};

struct mv_merge {
	const char *base, *ours, *theirs;	/* files */
	const char *path;	/* from the top of the work tree */
	enum mv_merge_favor favor;
};

/* What tensors said. Not asked: all zeros. */
struct mv_merge_tensors {
	int done;		/* `result` is in the store */
	struct mv_pointer result, base, ours, theirs;
	const char *rule;	/* that settled what both had changed: "ours",
				   "theirs", "average"; NULL: none was needed.
				   Static */
	size_t same, from_ours, from_theirs, averaged, ruled;
	char *list;		/* of those that one side alone changed, or a
				   rule settled: "ours<TAB>name" lines */
	const char *refused;	/* why it was no question of tensors; static */
	char *clashes;		/* "name: why" lines, safe for a terminal */
	size_t clash_count;
};

struct mv_merge_result {
	int conflict;
	struct mv_merge_tensors tensors;
	char *theirs, *base;	/* where they were put, or NULL; yours */
	int theirs_missing;	/* only the pointer could be put there */
};

int mv_work_merge(struct mv_repo *repo, const struct mv_merge *merge,
		  struct mv_merge_result *out, struct mv_err *err);

/* The result of tensors.done, into the file of ours. */
int mv_work_merge_keep(const struct mv_merge *merge,
		       const struct mv_merge_result *result,
		       struct mv_err *err);

void mv_work_merge_release(struct mv_merge_result *result);

/*
 * What stands in this file, or behind the pointer in it, as stable text.
 * Nothing is fetched. `repo` may be NULL. Fails only when the file cannot
 * be read.
 */
int mv_work_diff_text(struct mv_buf *out, struct mv_repo *repo,
		      const char *file, struct mv_err *err);

/*
 * For a patch that somebody will apply: what git has of this file, which is
 * the pointer, as clean says it. Bytes that are not here yet are stored.
 */
int mv_work_diff_pointer(struct mv_buf *out, struct mv_repo *repo,
			 const char *file, struct mv_err *err);

/*
 * "big.bin" of "big.bin.theirs", ".theirs.2" or ".base": merges put such files
 * beside others once, where their own names match no pattern. Yours; NULL for
 * other names, and without memory.
 */
char *mv_work_offered_beside(const char *path);

#endif
