/* SPDX-License-Identifier: MIT */
#ifndef MV_WORK_PRIV_H
#define MV_WORK_PRIV_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "libmv/git/files.h"
#include "libmv/repo/state.h"
#include "libmv/work/filter.h"
#include "libmv/work/work.h"

/* What the files of work share. */

/* Could this be the beginning of what mv_work_diff_text() says? */
int mv_work_is_diff_text(const char *text, size_t len);

/*
 * A side of a conflict: the file that git made of it, and the pointer in it
 * where it is one. Puts them where the person can choose.
 */
struct mv_offer {
	const char *file;
	int fd;
	const struct mv_pointer *pointer;
};

void mv_work_offer(struct mv_merge_result *out, struct mv_repo *repo,
		   const char *path, const struct mv_offer *theirs,
		   const struct mv_offer *base);

/*
 * Three pointers, tensor by tensor; `favor` settles what both changed, else the
 * rule of .gitmodel/config. What cannot be done is said in *out and no error.
 */
int mv_work_merge_tensors(struct mv_merge_tensors *out, struct mv_repo *repo,
			  const char *path, const struct mv_pointer side[3],
			  enum mv_merge_favor favor, struct mv_err *err);

int mv_work_copy_fd(int from, const char *from_name, int to,
		    const char *to_name,
		    struct mv_err *err);

/*
 * Must this file be readable in git as it stands (.gitattributes and the
 * like)? It may never become a pointer.
 */
int mv_work_stays_plain(const char *path);

/* MV_EDENIED: this pattern in the .gitattributes of `folder` ("" or "a/b/")
   would catch such a file, one that is there or one that may come. */
int mv_work_check_pattern(struct mv_repo *repo, const char *folder,
			  const char *pattern, struct mv_err *err);

/*
 * Does what git streams to us equal the file that stands in the work tree?
 * A reader that hands `in` through, unchanged, and compares each byte with
 * the file.
 */
#define MV_TWIN_BLOCK (1024u * 1024)

struct mv_twin {
	struct mv_reader *in;
	int fd;			/* the file; -1: there is none to compare */
	struct stat st;		/* when it was opened */
	const char *path;	/* for messages */
	char *ours;		/* a block of the file */
	uint64_t agreed;	/* bytes that both have in common so far */
	int differs, ended;
};

int mv_work_twin_init(struct mv_twin *twin, struct mv_reader *in, int fd,
		      const struct stat *st, const char *path, struct mv_err *err);

void mv_work_twin_release(struct mv_twin *twin);	/* does not close fd */

/* Was all of `in` all of the file, and did the file stand still? */
int mv_work_twin_equal(const struct mv_twin *twin);

struct mv_reader mv_work_twin_reader(struct mv_twin *twin);

/* A mv_git_vouch_fn whose payload is the repo. */
int mv_work_vouch(void *repo, const struct mv_git_racy *e);

/* Index entries that a killed checkout did not come to. */
int mv_work_mend(struct mv_repo *repo, int lock_ms, struct mv_err *err);

/*
 * Has the index at this path, as bytes, just what `in` yields, and does git
 * only move between commits? 1: answer with mv_work_clean_kept().
 * 0: no; `in` may have been replaced by one that yields the same.
 */
int mv_work_keep_bytes(struct mv_repo *repo, const char *path,
		       struct mv_reader *in, struct mv_err *err);

/* All of `in` is the answer to clean as it is: MV_FILTER_KEPT, or an error. */
int mv_work_keep(struct mv_repo *repo, struct mv_reader *in,
		 struct mv_err *err);

void mv_work_kept_release(struct mv_repo *repo);

/* How the text that stands for a content begins, by which it is
   known again. */
#define MV_DIFF_IDENTITY "oid: sha256:"

#define MV_DIFF_BROKEN "no pointer: "

#endif
