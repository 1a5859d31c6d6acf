/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/fs.h"
#include "libmv/repo-internal.h"
#include "libmv/repo-lfs.h"
#include "libmv/repo-transfer.h"
#include "libmv/store/lfsdir.h"

/*
 * Git LFS objects, there and back. Where a git remote is a path on this
 * machine they are files in its LFS directory. LFS servers are spoken to by
 * git-lfs, which knows credentials, ssh and transfers; we say which objects.
 */

/* -- file by file ------------------------------------------------------------ */

struct pipe_state {
	struct mv_repo *repo;
	const char *from;		/* an lfs directory, or NULL: the repo */
	const struct mv_pointer *pointer;
	uint64_t pos;
};

static int pipe_read(void *payload, void *data, size_t len, size_t *got,
		     struct mv_err *err)
{
	struct pipe_state *s = payload;
	int rc;

	rc = s->from ? mv_lfsdir_read_at(s->from, &s->pointer->oid, s->pos,
					 data, len, got, err)
		     : mv_repo_read_at(s->repo, s->pointer, s->pos, data, len,
				       got, err);
	if (!rc)
		s->pos += *got;
	return rc;
}

/* put() hashes what arrives; a wrong hash leaves nothing behind the oid. */
static int copy_object(struct mv_repo *repo, const char *to, const char *from,
		       const struct mv_pointer *p, struct mv_err *err)
{
	/* What is stored, whatever an extension makes of it. */
	const struct mv_pointer stored = { .oid = p->oid, .size = p->size,
					   .dialect = p->dialect };
	struct pipe_state state = { repo, from, &stored, 0 };
	struct mv_reader in = { pipe_read, &state };
	struct mv_oid oid;
	uint64_t size;
	int rc = mv_lfsdir_put(&oid, &size, to, &in, err);

	if (!rc && !mv_oid_eq(&oid, &p->oid))
		rc = mv_fail(err, MV_ECORRUPT,
			     "a Git LFS object arrived with other bytes than its name says");
	return rc;
}

/* -- where they are ------------------------------------------------------------ */

/* Its own lfs.storage counts. One that cannot be read may name any place. */
static int dir_of(char **out, struct mv_repo *repo, const char *git_dir,
		  struct mv_err *err)
{
	static const char key[] = "lfs.storage\n";
	char *config = mv_path_join(git_dir, "config");
	const char *args[] = { "config", "--file", config, "--null", "--list",
			       NULL };
	const char *named = NULL;
	struct mv_buf list;
	int rc = config ? 0 : mv_nomem(err);

	mv_buf_init(&list, (size_t)16 << 20);
	if (!rc && !access(config, F_OK))
		rc = mv_git_run(repo->git, args, NULL, 0, &list, err);
	for (size_t at = 0; !rc && at < list.len;
	     at += strlen(list.data + at) + 1)
		if (!strncmp(list.data + at, key, sizeof(key) - 1))
			named = list.data + at + sizeof(key) - 1;
	if (!rc && named && *named)
		rc = mv_repo_expand_path(out, repo, git_dir, "lfs.storage",
					 named, err);
	else if (!rc && !(*out = mv_path_join(git_dir, "lfs")))
		rc = mv_nomem(err);
	if (rc)
		mv_err_prefix(err, "cannot tell where '%s' has its Git LFS "
			      "objects", git_dir);
	mv_buf_release(&list);
	free(config);
	return rc;
}

/* Does anybody say that an LFS server stands beside this remote? */
static int names_server(int *yes, struct mv_repo *repo, const char *remote,
			int push, struct mv_err *err)
{
	static const char *const keys[] = { "url", "pushurl" };
	int rc = 0;

	*yes = 0;
	for (int i = 0; i <= push && !rc && !*yes; i++) {
		char *key = mv_strf("lfs.%s", keys[i]);
		char *of_remote = mv_strf("remote.%s.lfs%s", remote, keys[i]);
		const char *value = NULL;

		rc = key && of_remote ? 0 : mv_nomem(err);
		if (!rc)
			rc = mv_repo_lfs_setting(&value, repo, key, err);
		if (!rc && !value)
			rc = mv_repo_lfs_setting(&value, repo, of_remote, err);
		*yes = value && *value;
		free(key);
		free(of_remote);
	}
	return rc;
}

/* *dir is NULL where an LFS server has them. */
static int find_dir(char **dir, struct mv_repo *repo, const char *remote,
		    const char *url, int push, struct mv_err *err)
{
	char *git_dir = NULL;
	struct mv_err local;
	int server, rc;

	*dir = NULL;
	rc = names_server(&server, repo, remote, push, err);
	if (rc || server)
		return rc;
	rc = mv_repo_git_dir_at(&git_dir, repo, remote, url, &local);
	if (rc == MV_ENOENT)
		return 0;
	if (rc)
		return mv_fail(err, rc, "%s", local.msg);
	rc = dir_of(dir, repo, git_dir, err);
	free(git_dir);
	return rc;
}

int mv_repo_lfs_has_dir(int *yes, struct mv_repo *repo, const char *remote,
			const char *url, struct mv_err *err)
{
	char *dir = NULL, *objects = NULL;
	const char *own;
	int rc;

	*yes = 0;
	rc = mv_repo_lfs_dir(&own, repo, err);
	if (!rc && !(objects = mv_path_join(own, "objects")))
		rc = mv_nomem(err);
	if (!rc && !access(objects, F_OK))
		rc = find_dir(&dir, repo, remote, url, 1, err);
	*yes = dir != NULL;
	free(objects);
	free(dir);
	return rc;
}

/* -- git-lfs -------------------------------------------------------------------- */

static int has_program(const struct mv_repo *repo)
{
	char *path = NULL;
	int yes = !mv_proc_find(&path, "git-lfs", repo->env.search_path,
				NULL);

	free(path);
	return yes;
}

int mv_repo_lfs_lacks_program(int *lacks, struct mv_repo *repo,
			      struct mv_err *err)
{
	char *dir = NULL, *name = NULL;
	int rc = mv_repo_default_remote(&name, repo, err);

	*lacks = 0;
	if (!rc && name)
		rc = find_dir(&dir, repo, name, NULL, 1, err);
	if (!rc && name)
		*lacks = !dir && !has_program(repo);
	free(dir);
	free(name);
	return rc;
}

/* git-lfs takes objects from its own directory only. */
static int bring_home(struct mv_repo *repo, const struct mv_pointer *p,
		      struct mv_err *err)
{
	const char *own;
	int rc = mv_repo_lfs_dir(&own, repo, err);

	if (!rc)
		rc = mv_lfsdir_has(own, &p->oid, NULL, NULL);
	return rc == MV_ENOENT ? copy_object(repo, own, NULL, p, err) : rc;
}

/* What is here goes to git-lfs, by name; what is not must be at the server. */
static int choose(struct mv_buf *oids, struct mv_repo *repo,
		  const struct mv_pointer *p, size_t count,
		  struct mv_pointer *absent, size_t *absent_count,
		  struct mv_err *err)
{
	char hex[MV_OID_HEX + 1];
	int rc = 0;

	*absent_count = 0;
	for (size_t i = 0; i < count && !rc; i++) {
		rc = mv_repo_has(repo, &p[i], err);
		if (rc == MV_ENOENT) {
			absent[(*absent_count)++] = p[i];
			rc = 0;
			continue;
		}
		if (!rc)
			rc = bring_home(repo, &p[i], err);
		if (!rc && mv_buf_addf(oids, "%s\n",
				       mv_oid_hex(hex, &p[i].oid)))
			rc = mv_nomem(err);
	}
	return rc;
}

int mv_repo_lfs_may_lack(int *yes, struct mv_repo *repo, struct mv_err *err)
{
	const char *value = NULL;
	int rc = mv_git_config_bool(yes, repo->git,
				    "model.allowincompletepush", 0, err);

	if (!rc && !*yes)
		rc = mv_repo_lfs_setting(&value, repo,
					 "lfs.allowincompletepush", err);
	if (!rc && value && mv_git_parse_bool(yes, value))
		rc = mv_fail(err, MV_EINVALID, "lfs.allowincompletepush is "
			     "'%s', neither yes nor no", value);
	return rc;
}

static int check_absent(struct mv_repo *repo, const char *remote,
			struct mv_pointer *absent, size_t count,
			struct mv_transfer_stats *stats, struct mv_err *err)
{
	uint8_t *here = calloc(count + 1, 1);
	char hex[MV_OID_HEX + 1];
	size_t missing = 0, first = 0;
	int lenient = 0, rc = here ? 0 : mv_nomem(err);

	if (!rc && count)
		rc = mv_repo_fetch_lfs(repo, remote, absent, count, here, err);
	for (size_t i = 0; !rc && i < count; i++)
		if (!here[i] && !missing++)
			first = i;
	stats->missing += missing;
	if (!rc && missing)
		rc = mv_repo_lfs_may_lack(&lenient, repo, err);
	if (!rc && missing && !lenient)
		rc = mv_fail(err, MV_ENOENT, "%zu Git LFS object%s neither "
			     "here nor at the LFS server, the first is %s; "
			     "`git lfs fetch` from where %s", missing,
			     missing == 1 ? " is" : "s are",
			     mv_oid_hex(hex, &absent[first].oid),
			     missing == 1 ? "it is" : "they are");
	free(here);
	return rc;
}

static int hand_over(struct mv_repo *repo, const char *remote,
		     const struct mv_pointer *p, size_t count,
		     struct mv_transfer_stats *stats, struct mv_err *err)
{
	const char *args[] = { "lfs", "push", "--object-id", remote,
			       "--stdin", NULL };
	struct mv_pointer *absent = calloc(count + 1, sizeof(*absent));
	struct mv_buf oids, out;
	size_t absent_count;
	int rc;

	if (!absent)
		return mv_nomem(err);
	mv_buf_init(&oids, SIZE_MAX / 2);
	mv_buf_init(&out, SIZE_MAX / 2);
	rc = choose(&oids, repo, p, count, absent, &absent_count, err);
	if (!rc)
		rc = check_absent(repo, remote, absent, absent_count, stats,
				  err);
	if (!rc && oids.len) {
		rc = mv_git_run(repo->git, args, oids.data, oids.len, &out,
				err);
		if (rc)
			mv_err_prefix(err, "git-lfs could not upload");
	}
	if (!rc)
		stats->skipped += count;
	mv_buf_release(&out);
	mv_buf_release(&oids);
	free(absent);
	return rc;
}

/* To the LFS server. GIT_LFS_SKIP_PUSH is the user's own word. */
static int push_to_server(struct mv_repo *repo, const char *remote,
			  const struct mv_pointer *p, size_t count,
			  struct mv_transfer_stats *stats, struct mv_err *err)
{
	if (mv_repo_lfs_variable_on(repo, "GIT_LFS_SKIP_PUSH")) {
		mv_repo_warn(repo, "%zu Git LFS object%s not uploaded: "
			     "GIT_LFS_SKIP_PUSH is set", count,
			     count == 1 ? " was" : "s were");
		return 0;
	}
	if (!has_program(repo))
		return mv_fail(err, MV_ENOENT, "%zu Git LFS object%s to an LFS "
			       "server, and git-lfs, which speaks to it, is "
			       "not installed: install git-lfs and push again",
			       count, count == 1 ? " goes" : "s go");
	return hand_over(repo, remote, p, count, stats, err);
}

/* -- push ------------------------------------------------------------------------ */

static int push_to_dir(struct mv_repo *repo, const char *to,
		       const struct mv_pointer *p, size_t count,
		       struct mv_wanted_list *absent,
		       struct mv_transfer_stats *stats, struct mv_err *err)
{
	const char *own, *from;
	int rc = mv_repo_lfs_dir(&own, repo, err);

	for (size_t i = 0; !rc && i < count; i++) {
		if (!mv_lfsdir_has(to, &p[i].oid, NULL, NULL)) {
			stats->skipped++;
			continue;
		}
		rc = mv_repo_has(repo, &p[i], err);
		if (rc == MV_ENOENT) {
			rc = absent ? mv_wanted_add(absent, &p[i], err) : 0;
			stats->missing += !absent;
			continue;
		}
		from = mv_lfsdir_has(own, &p[i].oid, NULL, NULL) ? NULL : own;
		if (!rc)
			rc = copy_object(repo, to, from, &p[i], err);
		stats->contents += !rc;
	}
	return rc;
}

int mv_repo_push_lfs(struct mv_repo *repo, const char *remote, const char *url,
		     const struct mv_wanted_list *w, size_t first,
		     const char *const *newer, struct mv_wanted_list *absent,
		     struct mv_transfer_stats *stats, struct mv_err *err)
{
	struct mv_wanted_list fresh = { NULL, 0, 0 };
	char *dir = NULL, *name = NULL;
	int rc = 0;

	if (first == w->count)
		return 0;
	if (!remote || !*remote)
		rc = mv_repo_default_remote(&name, repo, err);
	if (!rc && (!remote || !*remote))
		remote = name;
	if (!rc && !remote)
		rc = mv_fail(err, MV_ENOENT, "no remote to push Git LFS "
			     "objects to");
	if (!rc)
		rc = find_dir(&dir, repo, remote, url, 1, err);
	if (!rc && dir) {
		rc = push_to_dir(repo, dir, w->p + first, w->count - first,
				 absent, stats, err);
		goto out;
	}
	/* A server is asked for what is new, as git-lfs does. */
	if (!rc && newer) {
		rc = mv_wanted_find(&fresh, repo, newer, err);
		w = &fresh;
		first = mv_wanted_natives(w);
	}
	if (!rc && first < w->count)
		rc = push_to_server(repo, remote, w->p + first,
				    w->count - first, stats, err);
out:
	free(fresh.p);
	free(name);
	free(dir);
	return rc;
}

/* -- fetch ------------------------------------------------------------------------ */

/* git-lfs fetches what a tree names: so a tree of just these pointers. */
static int make_tree(char *hex, struct mv_repo *repo,
		     const struct mv_pointer *p, size_t count,
		     const uint8_t *present, struct mv_err *err)
{
	static const char *const args[] = { "mktree", "--missing", NULL };
	struct mv_buf list, out;
	char blob[65];
	int rc = 0;

	mv_buf_init(&list, SIZE_MAX / 2);
	mv_buf_init(&out, 128);
	for (size_t i = 0; !rc && i < count; i++) {
		struct mv_pointer plain = { .oid = p[i].oid, .size = p[i].size,
					    .dialect = MV_DIALECT_LFS,
					    .canonical = 1 };

		if (present[i] || p[i].dialect != MV_DIALECT_LFS)
			continue;
		rc = mv_repo_pointer_blob(blob, repo, &plain, 1, err);
		if (!rc && mv_buf_addf(&list, "100644 blob %s\t%010zu\n",
				       blob, i))
			rc = mv_nomem(err);
	}
	if (!rc)
		rc = mv_git_run(repo->git, args, list.data, list.len, &out,
				err);
	if (!rc)
		snprintf(hex, 65, "%.*s", (int)repo->info->hex_len, out.data);
	mv_buf_release(&out);
	mv_buf_release(&list);
	return rc;
}

/* Nothing to be fetched is never an error: what is not here is said so. */
static int fetch_from_server(struct mv_repo *repo, const char *remote,
			     const struct mv_pointer *p, size_t count,
			     uint8_t *present, struct mv_err *err)
{
	char tree[65];
	const char *args[] = { "lfs", "fetch", "--include=", "--exclude=",
			       remote, tree, NULL };
	struct mv_buf out;
	struct mv_err why;
	int rc;

	if (!has_program(repo)) {
		if (!repo->filter.lfs_told++)
			mv_repo_warn(repo, "Git LFS objects are at an LFS "
				     "server, and git-lfs, which speaks to "
				     "it, is not installed: install git-lfs, "
				     "then `git model pull`");
		return 0;
	}
	rc = make_tree(tree, repo, p, count, present, err);
	if (rc)
		return rc;
	mv_buf_init(&out, SIZE_MAX / 2);
	if (mv_git_run(repo->git, args, NULL, 0, &out, &why) &&
	    !repo->filter.lfs_told++)
		mv_repo_warn(repo, "git-lfs could not fetch: %s", why.msg);
	mv_buf_release(&out);
	for (size_t i = 0; i < count; i++)
		if (p[i].dialect == MV_DIALECT_LFS && !present[i])
			present[i] = !mv_repo_has(repo, &p[i], NULL);
	return 0;
}

static int fetch_from_dir(struct mv_repo *repo, const char *from,
			  const struct mv_pointer *p, size_t count,
			  uint8_t *present, struct mv_err *err)
{
	const char *own;
	struct mv_err why;
	int rc = mv_repo_lfs_dir(&own, repo, err);

	for (size_t i = 0; !rc && i < count; i++) {
		if (p[i].dialect != MV_DIALECT_LFS || present[i] ||
		    mv_lfsdir_has(from, &p[i].oid, NULL, NULL))
			continue;
		if (copy_object(repo, own, from, &p[i], &why))
			mv_repo_warn(repo, "cannot fetch from '%s': %s", from,
				     why.msg);
		else
			present[i] = 1;
	}
	return rc;
}

static size_t count_missing(const struct mv_pointer *p, size_t count,
			    const uint8_t *present)
{
	size_t missing = 0;

	for (size_t i = 0; i < count; i++)
		missing += p[i].dialect == MV_DIALECT_LFS && !present[i];
	return missing;
}

static int dir_beside(char **out, struct mv_repo *repo, const char *url,
		      struct mv_err *err)
{
	char *git_dir = NULL;
	int rc = mv_repo_git_dir_at(&git_dir, repo, url, url, err);

	if (!rc)
		rc = dir_of(out, repo, git_dir, err);
	free(git_dir);
	return rc;
}

/* Servers are asked only where one of them is the default remote's. */
static int fetch_from_others(struct mv_repo *repo, const struct mv_pointer *p,
			     size_t count, uint8_t *present,
			     struct mv_err *err)
{
	struct mv_sources dirs;
	int rc = mv_repo_all_beside(&dirs, repo, dir_beside, err);

	if (rc)
		return rc;
	for (size_t i = 0; !rc && i < dirs.count &&
			   count_missing(p, count, present); i++)
		rc = fetch_from_dir(repo, dirs.url[i], p, count, present, err);
	mv_sources_release(&dirs);
	return rc;
}

/* From the remote of this name; NULL: there is none. */
static int fetch_from(struct mv_repo *repo, const char *remote,
		      const struct mv_pointer *p, size_t count,
		      uint8_t *present, struct mv_err *err)
{
	char *dir = NULL;
	int rc = remote ? find_dir(&dir, repo, remote, NULL, 0, err) : 0;

	if (!rc && remote)
		rc = dir ? fetch_from_dir(repo, dir, p, count, present, err) :
		     fetch_from_server(repo, remote, p, count, present, err);
	free(dir);
	return rc;
}

int mv_repo_fetch_lfs(struct mv_repo *repo, const char *remote,
		      const struct mv_pointer *p, size_t count,
		      uint8_t *present, struct mv_err *err)
{
	char *name = NULL;
	int rc = 0;

	if (!count_missing(p, count, present))
		return 0;
	if (remote)
		return fetch_from(repo, remote, p, count, present, err);
	rc = mv_repo_default_remote(&name, repo, err);
	if (rc == MV_ENOENT)
		rc = 0;
	if (!rc)
		rc = fetch_from(repo, name, p, count, present, err);
	free(name);
	if (!rc && count_missing(p, count, present))
		rc = fetch_from_others(repo, p, count, present, err);
	return rc;
}

int mv_repo_lfs_elsewhere(struct mv_repo *repo, const struct mv_pointer *p,
			  size_t count, uint8_t *elsewhere,
			  struct mv_err *err)
{
	struct mv_sources others = { NULL, 0 };
	char *dir = NULL, *name = NULL;
	int rc;

	if (!count_missing(p, count, elsewhere))
		return 0;
	rc = mv_repo_default_remote(&name, repo, err);
	if (!rc && name)
		rc = find_dir(&dir, repo, name, NULL, 0, err);
	for (size_t i = 0; !rc && name && i < count; i++)
		if (p[i].dialect == MV_DIALECT_LFS && !elsewhere[i])
			elsewhere[i] = !dir || !mv_lfsdir_has(dir, &p[i].oid,
							      NULL, NULL);
	if (!rc && count_missing(p, count, elsewhere))
		rc = mv_repo_all_beside(&others, repo, dir_beside, err);
	for (size_t k = 0; k < others.count; k++)
		for (size_t i = 0; i < count; i++)
			if (p[i].dialect == MV_DIALECT_LFS && !elsewhere[i])
				elsewhere[i] = !mv_lfsdir_has(others.url[k],
							      &p[i].oid, NULL,
							      NULL);
	mv_sources_release(&others);
	free(dir);
	free(name);
	return rc;
}

/* -- locks ------------------------------------------------------------------------- */

/* "lfs.locksverify", or "lfs.<url>.locksverify". */
static int asks_for_locks(void *payload, const char *key, const char *value,
			  struct mv_err *err)
{
	static const char tail[] = ".locksverify";
	const size_t len = strlen(key);
	int *yes = payload, on = 0;

	(void)err;
	if (strncmp(key, "lfs.", 4) || len < sizeof(tail) ||
	    strcmp(key + len - (sizeof(tail) - 1), tail))
		return 0;
	if (!mv_git_parse_bool(&on, value) && on)
		*yes = 1;
	return 0;
}

static int wants_locks(int *yes, struct mv_repo *repo, struct mv_err *err)
{
	const char *value = NULL;
	int rc = mv_git_config_each(repo->git, asks_for_locks, yes, err);

	/* .lfsconfig may say it for all. */
	if (!rc && !*yes)
		rc = mv_repo_lfs_setting(&value, repo, "lfs.locksverify", err);
	if (!rc && value && mv_git_parse_bool(yes, value))
		*yes = 1;
	return rc;
}

/* git-lfs prints the files, a line each, and then why. */
static int say_locked(struct mv_buf *out, struct mv_err *err)
{
	struct mv_err why = *err;
	size_t len;

	for (char *c = out->data; out->len && *c; c++)
		if (*c == '\n')
			*c = ' ';
	while (out->len && out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
	len = out->len < 600 ? out->len : 600;
	return mv_fail(err, MV_EDENIED, "git-lfs refuses this push: %.*s%s%s",
		       (int)len, out->len ? out->data : "",
		       out->len ? "; " : "", why.msg);
}

int mv_repo_lfs_check_locks(struct mv_repo *repo, const char *remote,
			    const char *url, const char *text, size_t len,
			    struct mv_err *err)
{
	const char *args[] = { "lfs", "pre-push", remote, url, NULL };
	char *dir = NULL;
	struct mv_buf out;
	int wanted = 0;
	int rc = len ? wants_locks(&wanted, repo, err) : 0;

	if (rc || !wanted ||
	    mv_repo_lfs_variable_on(repo, "GIT_LFS_SKIP_PUSH"))
		return rc;
	rc = find_dir(&dir, repo, remote, url, 1, err);
	if (rc || dir) {
		free(dir);
		return rc;	/* a folder knows no locks */
	}
	if (!has_program(repo)) {
		mv_repo_warn(repo, "lfs.locksverify is set, and git-lfs, which "
			     "asks for the locks, is not installed: nobody "
			     "looked whether others have locked what you push");
		return 0;
	}
	mv_buf_init(&out, 64 * 1024);
	rc = mv_git_run(repo->git, args, text, len, &out, err);
	if (rc)
		rc = say_locked(&out, err);
	mv_buf_release(&out);
	return rc;
}
