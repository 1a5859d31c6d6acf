/* SPDX-License-Identifier: MIT */
#ifndef MV_META_RECORD_H
#define MV_META_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"
#include "libmv/base/hash.h"
#include "libmv/meta/facts.h"

/*
 * record: one line of evidence, one JSON object each (docs/format/records.md).
 *
 * All bytes from notes, tags and files are hostile: bounded, escaped by who
 * prints them. Structs are plain; each _release() frees what is inside and
 * leaves an empty struct. Not for use by two threads at once.
 */
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

#endif
