/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/grow.h"
#include "libmv/base/words.h"
#include "libmv/base/worktree.h"
#include "libmv/evidence/evidence.h"
#include "libmv/git/git.h"
#include "libmv/git/refs.h"
#include "libmv/meta/compare.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/manifest.h"
#include "libmv/meta/record.h"
#include "libmv/repo/repo.h"
#include "libmv/run/job.h"
#include "libmv/subject/subject.h"
#include "libmv/transfer/transfer.h"
#include "libmv/work/work.h"

/*
 * A recorded run once more, in a work tree of its own at the recorded commit.
 * A record comes from whoever may write notes, and running it is running what
 * they wrote: the command is told before it starts. Its paths are taken for
 * hostile; files are written through the work tree's one door only.
 *
 * Whether an output was made now is seen by its stat data: what the commit
 * has there already proves nothing.
 */
#define PIECE ((size_t)256 << 10)

struct mv_repo_guest {
	struct mv_repo *repo;	/* NULL until it is open */
	char *path;
	char **env;		/* the door's, without what says where git is */
};

/* One file that the run has to make. */
struct made {
	char *path;		/* in the work tree */
	struct mv_oid oid;
	uint64_t size;
	size_t output;		/* of which output */
	struct stat before;
	int was;
};

struct work {
	struct mv_repo *repo;
	struct mv_repo_guest guest;
	const struct mv_run_hooks *hooks;
	const struct mv_record *record;
	struct mv_reproduced *out;
	struct made *made;
	size_t made_count, made_alloc;
};

void mv_run_reproduced_release(struct mv_reproduced *r)
{
	for (size_t i = 0; r->differences && i < r->expected.count; i++)
		free(r->differences[i]);
	free(r->differences);
	mv_run_result_release(&r->run);
	mv_refs_release(&r->expected);
	mv_refs_release(&r->actual);
	mv_changes_release(&r->metrics);
	free(r->doubt);
	free(r->worktree);
	memset(r, 0, sizeof(*r));
}

/* The first doubt is the one that is shown; all are told. */
__attribute__((format(printf, 2, 3)))
static void doubt(struct work *w, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	mv_vwords(text, sizeof(text), fmt, ap);
	va_end(ap);
	mv_repo_warn(w->repo, "%s", text);
	if (!w->out->doubt)
		w->out->doubt = strdup(text);
}

/* -- which run ------------------------------------------------------------ */

static int has_content(const struct mv_refs *refs, const struct mv_oid *oid)
{
	for (size_t i = 0; i < refs->count; i++)
		if (refs->v[i].has_oid && mv_oid_eq(&refs->v[i].oid, oid))
			return 1;
	return 0;
}

/* The newest that made this content, else the newest about it. */
static const struct mv_record *find_run(const struct mv_evidence *e,
					const struct mv_oid *oid)
{
	for (size_t i = e->count; i--; ) {
		const struct mv_record *r = &e->records[i];

		if (r->run.command && has_content(&r->run.outputs, oid))
			return r;
	}
	return e->run && e->run->run.command ? e->run : NULL;
}

static int check_run(struct work *w, const char *spec, struct mv_err *err)
{
	const struct mv_record *r = w->record;
	char hex[65];

	if (!r)
		return mv_fail(err, MV_ENOENT, "no run is recorded for '%s'",
			       spec);
	for (size_t i = 0; r->run.command[i]; i++)
		if (strstr(r->run.command[i], MV_MASK))
			return mv_fail(err, MV_ENOTSUP, "an argument of the "
				       "command was taken for a secret and not "
				       "recorded ('%s'), so it cannot be run "
				       "again", r->run.command[i]);
	if (!r->commit)
		return mv_fail(err, MV_ENOTSUP, "the run was recorded before "
			       "the first commit: its code is not known");
	if (mv_git_commit(hex, w->repo->git, r->commit, NULL) ||
	    strcmp(hex, r->commit))
		return mv_fail(err, MV_ENOTSUP, "commit %s, at which it was "
			       "run, is not here; fetch it", r->commit);
	if (r->run.cwd && *r->run.cwd && mv_wt_check_path(r->run.cwd, err))
		return MV_EDENIED;
	if (r->dirty)
		doubt(w, "it was run with uncommitted changes, which nobody "
		      "has kept");
	return 0;
}

/* -- a work tree for it --------------------------------------------------- */

static void remove_tree(const char *path)
{
	char *copy = strdup(path);
	char *const roots[] = { copy, NULL };
	FTS *fts = copy ? fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL) :
		   NULL;
	FTSENT *e;

	while (fts && (e = fts_read(fts))) {
		if (e->fts_info == FTS_D)	/* it may be read-only */
			chmod(e->fts_accpath, 0700);
		else if (e->fts_info == FTS_DP)
			rmdir(e->fts_accpath);
		else
			unlink(e->fts_accpath);
	}
	if (fts)
		fts_close(fts);
	free(copy);
}

/* Where git is, the new work tree knows by itself; and an index that
   somebody names is not its. */
static char **clean_env(char *const *env)
{
	static const char *const ours[] = {
		"GIT_DIR=", "GIT_WORK_TREE=", "GIT_INDEX_FILE=", "GIT_PREFIX=",
		"GIT_COMMON_DIR=", "PWD="
	};
	size_t n = 0, kept = 0;
	char **out;

	while (env && env[n])
		n++;
	out = calloc(n + 1, sizeof(*out));
	for (size_t i = 0; out && i < n; i++) {
		size_t j = 0;

		while (j < sizeof(ours) / sizeof(ours[0]) &&
		       strncmp(env[i], ours[j], strlen(ours[j])))
			j++;
		if (j == sizeof(ours) / sizeof(ours[0]))
			out[kept++] = env[i];
	}
	return out;
}

/* In the repository itself, and nowhere near this work tree and its index. */
static int run_git(const struct mv_repo *repo, const struct mv_repo_guest *g,
		   const char *const *args, struct mv_err *err)
{
	const char *argv[40] = { "git", "--git-dir", repo->info->common_dir };
	struct mv_proc_env env = { repo->env.search_path, g->env };
	struct mv_buf said;
	int status = 0, rc;
	size_t n = 3;

	for (; *args; args++)
		argv[n++] = *args;
	mv_buf_init(&said, 400);
	rc = mv_proc_run(&status, argv, "/", &env, NULL, 0, NULL, &said, err);
	while (said.len && said.data[said.len - 1] == '\n')
		said.data[--said.len] = '\0';
	if (!rc && status)
		rc = mv_fail(err, MV_EIO, "cannot make or remove a work tree: "
			     "%s", said.data);
	mv_buf_release(&said);
	return rc;
}

static void remove_guest(struct mv_repo *repo)
{
	struct mv_repo_guest *guest = repo->guest;
	const char *const remove[] = {
		"worktree", "remove", "--force", "--force",
		guest ? guest->path : "", NULL
	};
	const char *const prune[] = { "worktree", "prune", NULL };

	if (!guest)
		return;
	if (guest->repo)
		mv_repo_interrupt(guest->repo);
	run_git(repo, guest, remove, NULL);
	if (!access(guest->path, F_OK)) {
		remove_tree(guest->path);
		run_git(repo, guest, prune, NULL);
	}
}

/* An interrupt that is at work keeps us here until the end. */
static void set_guest(struct mv_repo *repo, struct mv_repo_guest *guest)
{
	pthread_rwlock_rdlock(&repo->guard);
	mv_repo_at_interrupt(repo, remove_guest);
	repo->guest = guest;
	pthread_rwlock_unlock(&repo->guard);
}

static int make_folder(struct work *w, struct mv_err *err)
{
	const char *tmp = mv_repo_getenv(w->repo, "TMPDIR");
	char *dir, *path;
	int rc = 0;

	w->guest.env = clean_env(w->repo->env.env);
	if (!w->guest.env)
		return mv_nomem(err);
	dir = tmp && *tmp == '/' ? strdup(tmp) :
	      mv_path_join(w->repo->info->common_dir, "model/worktrees");
	path = dir ? mv_path_join(dir, "git-model-reproduce-XXXXXX") : NULL;
	if (!path)
		rc = mv_nomem(err);
	if (!rc)
		rc = mv_mkdirs(dir, err);
	if (!rc && !mkdtemp(path))
		rc = mv_fail(err, MV_EIO, "cannot make a folder in '%s'", dir);
	if (!rc) {
		w->guest.path = realpath(path, NULL);
		rc = w->guest.path ? 0 : mv_nomem(err);
	}
	free(path);
	free(dir);
	return rc;
}

/* The filters stay out of it: git would read each content through a pipe. */
static int add_worktree(struct work *w, struct mv_err *err)
{
	const char *const args[] = {
		"-c", "core.hooksPath=/dev/null",
		"-c", "filter.model.process=", "-c", "filter.model.smudge=",
		"-c", "filter.model.clean=", "-c", "filter.model.required=no",
		"-c", "filter.lfs.process=", "-c", "filter.lfs.smudge=",
		"-c", "filter.lfs.clean=", "-c", "filter.lfs.required=no",
		"worktree", "add", "--quiet", "--detach", w->guest.path,
		w->record->commit, NULL
	};

	mv_git_rest(w->repo->git);
	return run_git(w->repo, &w->guest, args, err);
}

/* A folder, its being known as what an interrupt removes, and git's half of
   it: who is told to stop meanwhile does so afterwards. */
static int make_guest(struct work *w, struct mv_err *err)
{
	int rc;

	if (w->hooks->running)
		w->hooks->running(w->hooks->payload, 1);
	rc = make_folder(w, err);
	if (!rc) {
		set_guest(w->repo, &w->guest);
		rc = add_worktree(w, err);
	}
	if (w->hooks->running)
		w->hooks->running(w->hooks->payload, 0);
	return rc;
}

static int open_guest(struct work *w, struct mv_err *err)
{
	struct mv_repo_options options = {
		.dir = w->guest.path, .env = w->repo->env,
		.progress = w->repo->progress, .warn = w->repo->warn,
		.warn_payload = w->repo->warn_payload,
		.threads = w->repo->threads
	};
	struct mv_checkout_stats stats = { 0 };
	int rc;

	options.env.env = w->guest.env;
	rc = mv_repo_open(&w->guest.repo, &options, err);
	if (!rc)
		rc = mv_work_checkout(w->guest.repo, NULL, 0, &stats, err);
	if (!rc && stats.missing + stats.failed)
		doubt(w, "%" PRIu64 " %s not here", stats.missing +
		      stats.failed, stats.missing + stats.failed == 1 ?
		      "content of that commit is" :
		      "contents of that commit are");
	return rc;
}

/* -- what it reads -------------------------------------------------------- */

static char *in_guest(const struct work *w, const char *path)
{
	return mv_run_full_path(w->guest.path, path);
}

static int reproduce_is_there(const struct work *w, const char *path,
			      const struct mv_oid *oid)
{
	struct mv_ref ref = { 0 };
	char *full = in_guest(w, path);
	int rc = full ? mv_run_ref_of_file(&ref, full, NULL) : MV_ENOMEM;

	free(full);
	return !rc && mv_oid_eq(&ref.oid, oid);
}

static int write_content(struct work *w, const char *path,
			 const struct mv_oid *oid, uint64_t size,
			 struct mv_err *err)
{
	struct mv_pointer p = { .oid = *oid, .size = size, .canonical = 1 };
	struct mv_wt_file file = MV_WT_FILE_INIT;
	uint8_t present = 0;
	struct stat st;
	int root, rc;

	rc = mv_transfer_need(w->repo, &p, 1, &present, err);
	if (!rc && !present && size)
		return mv_fail(err, MV_ENOENT, "its content is not here");
	if (!rc)
		rc = mv_repo_root(&root, w->guest.repo, err);
	if (!rc)
		rc = mv_wt_replace(&file, root, path, 0, 1, err);
	if (!rc)
		rc = mv_repo_write_to(w->repo, &p, file.fd, path, 1, err);
	if (!rc)
		rc = mv_wt_commit(&file, &st, err);
	mv_wt_discard(&file);
	return rc;
}

/* One file that was read: as it was then. */
static void restore(struct work *w, const char *path,
		    const struct mv_oid *oid, uint64_t size)
{
	struct mv_err err;

	if (reproduce_is_there(w, path, oid))
		return;
	if (*path == '/' || mv_wt_check_path(path, NULL))
		doubt(w, "input '%s' is not what it was", path);
	else if (write_content(w, path, oid, size, &err))
		doubt(w, "input '%s' is not as it was: %s", path, err.msg);
}

/* Does the record say that this content is a folder's? */
static int is_folder(const struct work *w, const struct mv_oid *oid)
{
	const struct mv_refs *a = &w->record->attached;

	for (size_t i = 0; i < a->count; i++)
		if (a->v[i].has_oid && a->v[i].role &&
		    !strcmp(a->v[i].role, "manifest") &&
		    mv_oid_eq(&a->v[i].oid, oid))
			return 1;
	return 0;
}

static int read_manifest(struct mv_manifest *out, struct work *w,
			 const struct mv_ref *ref, struct mv_err *err)
{
	struct mv_pointer p = { .oid = ref->oid, .size = ref->size,
				.canonical = 1 };
	struct mv_writer to;
	struct mv_buf text;
	int rc;

	memset(out, 0, sizeof(*out));
	mv_buf_init(&text, MV_MANIFEST_BYTES);
	to = mv_writer_buf(&text);
	rc = mv_transfer_need(w->repo, &p, 1, NULL, err);
	if (!rc)
		rc = mv_transfer_read(w->repo, &p, &to, err);
	if (!rc)
		rc = mv_manifest_parse(out, text.data, text.len, err);
	mv_buf_release(&text);
	return rc;
}

static char *member_path(const struct mv_ref *ref, const struct mv_member *m)
{
	return strcmp(ref->path, ".") ? mv_path_join(ref->path, m->path) :
					strdup(m->path);
}

/* Git made it, as the commit has it: is that what it was? */
static void check_link(struct work *w, const char *path,
		       const struct mv_member *m)
{
	char *full = in_guest(w, path), target[PATH_MAX];
	struct mv_oid oid;
	ssize_t n = full && m->kind == MV_MEMBER_LINK ?
		    readlink(full, target, sizeof(target)) : -1;
	int same = n >= 0 && !mv_sha256(&oid, target, (size_t)n, NULL) &&
		   mv_oid_eq(&oid, &m->oid);

	if (!same)
		doubt(w, m->kind == MV_MEMBER_LINK ? "the link '%s' is not "
		      "what it was" : "the submodule '%s' is not brought here",
		      path);
	free(full);
}

static int restore_inputs(struct work *w, struct mv_err *err)
{
	const struct mv_refs *in = &w->record->run.inputs;
	struct mv_manifest m;
	struct mv_err local;

	for (size_t i = 0; i < in->count; i++) {
		const struct mv_ref *ref = &in->v[i];

		if (!ref->path || !ref->has_oid)
			continue;
		if (!is_folder(w, &ref->oid)) {
			restore(w, ref->path, &ref->oid, ref->size);
			continue;
		}
		if (read_manifest(&m, w, ref, &local)) {
			doubt(w, "input '%s' is not as it was: %s", ref->path,
			      local.msg);
			continue;
		}
		for (size_t j = 0; j < m.count; j++) {
			char *path = member_path(ref, &m.v[j]);

			if (!path) {
				mv_manifest_release(&m);
				return mv_nomem(err);
			}
			if (m.v[j].kind == MV_MEMBER_FILE)
				restore(w, path, &m.v[j].oid, m.v[j].size);
			else
				check_link(w, path, &m.v[j]);
			free(path);
		}
		mv_manifest_release(&m);
	}
	return 0;
}

/* -- what it makes -------------------------------------------------------- */

static int add_made(struct work *w, char *path, const struct mv_oid *oid,
		    uint64_t size, size_t output, struct mv_err *err)
{
	struct made *m;
	char *full;

	if (!path)
		return mv_nomem(err);
	if (MV_GROW(w->made, w->made_alloc, w->made_count + 1, err) < 0) {
		free(path);
		return MV_ENOMEM;
	}
	m = &w->made[w->made_count++];
	memset(m, 0, sizeof(*m));
	m->path = path;
	m->oid = *oid;
	m->size = size;
	m->output = output;
	full = in_guest(w, path);
	m->was = full && !lstat(full, &m->before);
	free(full);
	return full ? 0 : mv_nomem(err);
}

static int expect_folder(struct work *w, const struct mv_ref *ref, size_t i,
			 struct mv_err *err)
{
	struct mv_manifest m;
	struct mv_err local;
	int rc = 0;

	if (read_manifest(&m, w, ref, &local)) {
		doubt(w, "what was in '%s' is not known: %s", ref->path,
		      local.msg);
		return 0;
	}
	for (size_t j = 0; !rc && j < m.count; j++) {
		if (m.v[j].kind != MV_MEMBER_FILE) {
			doubt(w, "'%s' in '%s' is no file, and not compared",
			      m.v[j].path, ref->path);
			continue;
		}
		rc = add_made(w, member_path(ref, &m.v[j]), &m.v[j].oid,
			      m.v[j].size, i, err);
	}
	mv_manifest_release(&m);
	return rc;
}

static int expect_outputs(struct work *w, struct mv_err *err)
{
	const struct mv_refs *out = &w->record->run.outputs;
	int rc = 0;

	for (size_t i = 0; !rc && i < out->count; i++) {
		const struct mv_ref *ref = &out->v[i];

		if (!ref->path || !ref->has_oid ||
		    (strcmp(ref->path, ".") &&
		     mv_wt_check_path(ref->path, NULL)))
			continue;
		rc = mv_refs_add(&w->out->expected, ref, err);
		if (!rc && is_folder(w, &ref->oid))
			rc = expect_folder(w, ref, w->out->expected.count - 1,
					   err);
		else if (!rc)
			rc = add_made(w, strdup(ref->path), &ref->oid,
				      ref->size, w->out->expected.count - 1,
				      err);
	}
	if (rc)
		return rc;
	w->out->differences = calloc(w->out->expected.count + 1,
				     sizeof(*w->out->differences));
	return w->out->differences ? 0 : mv_nomem(err);
}

/* -- the run -------------------------------------------------------------- */

static void tell_command(struct work *w)
{
	struct mv_buf line;
	int rc = 0;

	mv_buf_init(&line, MV_RECORD_MAX * 4);
	for (size_t i = 0; !rc && w->record->run.command[i]; i++) {
		rc = mv_buf_addch(&line, ' ');
		if (!rc)
			rc = mv_buf_addstr(&line, w->record->run.command[i]);
	}
	mv_tell(w->hooks->tell, w->hooks->payload,
		"running at %.12s, as %s recorded it:%s",
		w->record->commit,
		w->record->by ? w->record->by : "somebody", line.data);
	mv_buf_release(&line);
}

static int run_again(struct work *w, struct mv_err *err)
{
	const char *cwd = w->record->run.cwd ? w->record->run.cwd : "";
	struct mv_proc_env env = { w->repo->env.search_path, w->guest.env };
	char *dir = mv_path_join(w->guest.path, cwd);
	int rc = dir ? mv_mkdirs(dir, err) : mv_nomem(err);

	w->out->exit_code = w->record->run.exit_code;
	if (!rc) {
		tell_command(w);
		mv_git_rest(w->repo->git);
		mv_git_rest(w->guest.repo->git);
		rc = mv_run_start(&w->out->run.record.run,
				  (const char *const *)w->record->run.command,
				  dir, &env, w->hooks, err);
	}
	if (!rc)
		w->out->run.exit_code = w->out->run.record.run.exit_code;
	else if (rc == MV_ENOENT)
		rc = mv_fail(err, MV_ENOTSUP, "the command is not in that "
			     "commit, or not on this machine: '%s'",
			     w->record->run.command[0]);
	free(dir);
	return rc;
}

/* -- what came of it ------------------------------------------------------ */

/* Where the bytes differ from the recorded ones, when those are here. */
static char *describe(struct work *w, const struct made *m, const char *full,
		      uint64_t size)
{
	struct mv_pointer p = { .oid = m->oid, .size = m->size,
				.canonical = 1 };
	uint64_t least = size < m->size ? size : m->size;
	uint64_t first = least, count = 0, at = 0;
	char *a = malloc(PIECE), *b = malloc(PIECE);
	size_t n = 1, k = 0;
	int fd = -1, rc = a && b ? mv_open_read(&fd, NULL, full, NULL) : -1;

	for (; !rc && n && at < least; at += n) {
		size_t want = least - at < PIECE ? (size_t)(least - at) : PIECE;

		rc = mv_transfer_read_at(w->repo, &p, at, a, want, &k, NULL);
		if (!rc)
			rc = mv_pread_full(fd, b, want, at, &n, full, NULL);
		n = n < k ? n : k;
		for (size_t i = 0; !rc && i < n; i++)
			if (a[i] != b[i]) {
				first = count++ ? first : at + i;
			}
	}
	if (fd >= 0)
		close(fd);
	free(a);
	free(b);
	if (rc && size == m->size)
		return mv_strf("'%s': other bytes", m->path);
	if (rc || (!count && size != m->size))
		return mv_strf("'%s': %" PRIu64 " bytes, not %" PRIu64,
			       m->path, size, m->size);
	if (size != m->size)
		return mv_strf("'%s': %" PRIu64 " bytes, not %" PRIu64
			       "; the first that differs is %" PRIu64, m->path,
			       size, m->size, first);
	return mv_strf("'%s': %" PRIu64 " of %" PRIu64 " bytes differ, the "
		       "first is %" PRIu64, m->path, count, size, first);
}

enum verdict { SAME, DIFFERENT, MISSING };

static enum verdict compare_file(struct mv_ref *actual, char **why,
				 struct work *w, const struct made *m)
{
	char *full = in_guest(w, m->path);
	enum verdict v = MISSING;
	struct stat st;

	if (!full || lstat(full, &st) || !S_ISREG(st.st_mode)) {
		*why = mv_strf("'%s' is not there", m->path);
	} else if (m->was && mv_repo_same_stat(&st, &m->before)) {
		*why = mv_strf("'%s' was not written", m->path);
	} else if (mv_run_ref_of_file(actual, full, NULL)) {
		*why = mv_strf("'%s' cannot be read", m->path);
	} else if (mv_oid_eq(&actual->oid, &m->oid)) {
		v = SAME;
	} else {
		*why = describe(w, m, full, actual->size);
		v = DIFFERENT;
	}
	free(full);
	return v;
}

/* What a folder holds now, as far as it can be said. */
static void see_folder(struct mv_ref *out, struct work *w, const char *path)
{
	struct mv_ref seen;
	char *full = in_guest(w, path);

	if (full && !mv_evidence_ref(&seen, w->guest.repo, NULL, "", NULL, full,
				     NULL)) {
		out->oid = seen.oid;
		out->size = seen.size;
		out->has_oid = seen.has_oid;
		mv_evidence_ref_release(&seen);
	}
	free(full);
}

/* All files of one output; of a folder, the first that is not as it was. */
static int compare_output(struct work *w, size_t i, struct mv_err *err)
{
	const struct mv_ref *expected = &w->out->expected.v[i];
	struct mv_ref actual = { .size = UINT64_MAX };
	enum verdict verdict = MISSING;
	size_t seen = 0;
	char *why = NULL;

	for (size_t j = 0; j < w->made_count; j++) {
		struct mv_ref one = { .size = UINT64_MAX };
		enum verdict v;

		if (w->made[j].output != i)
			continue;
		v = compare_file(&one, &why, w, &w->made[j]);
		if (!seen++ || v != SAME)
			verdict = v;
		if (!is_folder(w, &expected->oid))
			actual = one;
		else if (v == DIFFERENT)
			see_folder(&actual, w, expected->path);
		if (v != SAME)
			break;
	}
	if (verdict == SAME) {
		actual.oid = expected->oid;
		actual.size = expected->size;
		actual.has_oid = 1;
	}
	w->out->equal += verdict == SAME;
	w->out->different += verdict == DIFFERENT;
	w->out->missing += verdict == MISSING;
	w->out->differences[i] = why;
	actual.path = expected->path;
	return mv_refs_add(&w->out->actual, &actual, err);
}

/* Metrics, as the files say that had them then. */
static int compare_metrics(struct work *w, struct mv_err *err)
{
	const struct mv_refs *files = &w->record->run.files;
	struct mv_record now = { 0 };
	struct mv_err local;
	char *live = NULL;
	int rc;

	for (size_t i = 0; i < files->count; i++) {
		const struct mv_ref *f = &files->v[i];
		char *full, *folder;

		if (!f->path || !f->role || strcmp(f->role, "metrics") ||
		    mv_wt_check_path(f->path, NULL))
			continue;
		folder = mv_run_live_folder(f->path);
		if (folder && live && !strcmp(live, folder)) {
			free(folder);
			continue;
		}
		full = in_guest(w, folder ? folder : f->path);
		if (folder) {
			free(live);
			live = folder;
		}
		if (full && mv_evidence_read_facts(&now, NULL, full, 1, NULL,
						   &local))
			mv_repo_warn(w->repo, "%s", local.msg);
		free(full);
	}
	rc = mv_compare_facts(&w->out->metrics, &w->record->metrics,
			      &now.metrics, 1, err);
	free(live);
	mv_record_release(&now);
	return rc;
}

static int reproduce_compare(struct work *w, struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < w->out->expected.count; i++)
		rc = compare_output(w, i, err);
	return rc ? rc : compare_metrics(w, err);
}

static int reproduce(struct work *w, struct mv_err *err)
{
	int rc = make_guest(w, err);

	if (!rc)
		rc = open_guest(w, err);
	if (!rc)
		rc = restore_inputs(w, err);
	if (!rc)
		rc = expect_outputs(w, err);
	if (!rc)
		rc = run_again(w, err);
	return rc ? rc : reproduce_compare(w, err);
}

static void end(struct work *w, int keep)
{
	struct mv_repo *guest = w->guest.repo;

	/* Closed first: nobody may be writing there when it goes. */
	pthread_rwlock_rdlock(&w->repo->guard);
	w->guest.repo = NULL;
	pthread_rwlock_unlock(&w->repo->guard);
	mv_repo_close(guest);
	if (w->guest.path && !keep)
		remove_guest(w->repo);
	if (w->guest.path)
		set_guest(w->repo, NULL);
	if (keep)
		w->out->worktree = w->guest.path;
	else
		free(w->guest.path);
	free(w->guest.env);
	for (size_t i = 0; i < w->made_count; i++)
		free(w->made[i].path);
	free(w->made);
}

int mv_run_reproduce(struct mv_reproduced *out, struct mv_repo *repo,
		     const char *spec, int keep,
		     const struct mv_run_hooks *hooks, struct mv_err *err)
{
	struct work w = { .repo = repo, .hooks = hooks, .out = out };
	struct mv_evidence evidence = { 0 };
	struct mv_subject subject;
	struct mv_known_as of;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = mv_subject_find(&subject, repo, spec, err);
	if (rc)
		return rc;
	of = (struct mv_known_as){ subject.blob, &subject.pointer.oid,
				   subject.artifact };
	rc = mv_evidence_of(&evidence, repo, &of, 1, err);
	if (!rc) {
		w.record = find_run(&evidence, &subject.pointer.oid);
		rc = check_run(&w, spec, err);
	}
	if (!rc) {
		rc = reproduce(&w, err);
		end(&w, keep && !rc);
	}
	mv_evidence_release(&evidence);
	mv_subject_release(&subject);
	if (rc)
		mv_run_reproduced_release(out);
	return rc;
}
