/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/worktree.h"
#include "libmv/repo-internal.h"
#include "libmv/repo-lfs.h"

/*
 * Looking: what of ours is in the index, in a revision, in history. What
 * changed is asked from `git status` itself, so that our answer is git's;
 * we add what only we know, whether a pointer or the bytes lie there.
 */

/* -- what git says of each path ---------------------------------------------- */

struct change {
	const char *path;	/* into text */
	char x, y;		/* staged, in the work tree */
};

struct changes {
	struct mv_buf text;
	struct change *c;
	size_t count;
};

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct change *)a)->path,
		      ((const struct change *)b)->path);
}

static void changes_release(struct changes *ch)
{
	mv_buf_release(&ch->text);
	free(ch->c);
}

/* "XY path NUL", and for renames a second path. */
static int parse_changes(struct changes *ch, struct mv_err *err)
{
	size_t pos = 0, alloc = 0;

	while (pos + 3 < ch->text.len) {
		const char *line = ch->text.data + pos;
		size_t len = strlen(line);

		if (ch->count == alloc) {
			struct change *c;

			alloc = alloc ? 2 * alloc : 64;
			c = realloc(ch->c, alloc * sizeof(*c));
			if (!c)
				return mv_nomem(err);
			ch->c = c;
		}
		if (len < 4)
			return mv_fail(err, MV_EINVALID,
				       "cannot read the answer of git status");
		ch->c[ch->count].x = line[0];
		ch->c[ch->count].y = line[1];
		ch->c[ch->count++].path = line + 3;
		pos += len + 1;
		if (line[0] == 'R' || line[0] == 'C')
			pos += strlen(ch->text.data + pos) + 1;
	}
	if (ch->count)
		qsort(ch->c, ch->count, sizeof(*ch->c), by_path);
	return 0;
}

static int read_changes(struct changes *ch, struct mv_repo *repo,
			struct mv_err *err)
{
	const char *args[] = { "--no-optional-locks", "status",
			       "--porcelain=v1", "-z", "--untracked-files=no",
			       "--ignore-submodules=all", "--no-renames", NULL };
	int rc;

	mv_buf_init(&ch->text, SIZE_MAX / 2);
	ch->c = NULL;
	ch->count = 0;
	rc = mv_git_run(repo->git, args, NULL, 0, &ch->text, err);
	return rc ? rc : parse_changes(ch, err);
}

static const struct change *find_change(const struct changes *ch,
					const char *path)
{
	struct change key = { path, 0, 0 };

	return ch->count ? bsearch(&key, ch->c, ch->count, sizeof(*ch->c),
				   by_path) : NULL;
}

/* -- one entry ---------------------------------------------------------------- */

/* The pointer behind a blob; MV_ENOENT when the blob is no pointer. */
static int blob_pointer(struct mv_pointer *out, struct mv_repo *repo,
			const char *blob, struct mv_err *err)
{
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, MV_POINTER_MAX);
	rc = mv_git_read_blob(repo->git, blob, &text, NULL, err);
	if (rc == MV_ENOMEM)
		rc = MV_ENOENT;		/* too long for a pointer */
	else if (!rc && !text.len)
		mv_pointer_of_empty(out, MV_DIALECT_NATIVE);
	else if (!rc)
		rc = mv_pointer_parse(out, text.data, text.len, err);
	mv_buf_release(&text);
	return rc;
}

/* Does a pointer, and which one, lie in the work tree? */
static int lies_there(struct mv_pointer *out, struct mv_repo *repo,
		      const char *path, const struct stat *st)
{
	char text[MV_POINTER_MAX];
	ssize_t n = -1;
	int root, fd;
	struct stat now;

	if (st->st_size >= MV_POINTER_MAX || !st->st_size ||
	    mv_repo_root(&root, repo, NULL) ||
	    mv_wt_open_read(&fd, &now, root, path, NULL))
		return MV_ENOENT;
	n = read(fd, text, sizeof(text));
	close(fd);
	return n > 0 ? mv_pointer_parse(out, text, (size_t)n, NULL)
		     : MV_ENOENT;
}

static enum mv_file_state work_tree_state(struct mv_repo *repo,
					  const struct mv_file *file,
					  const struct change *change)
{
	struct mv_pointer lies;
	struct stat st;
	int root;

	if (change && change->y == 'D')
		return MV_FILE_DELETED;
	if (mv_repo_root(&root, repo, NULL) ||
	    fstatat(root, file->path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return MV_FILE_DELETED;
	if (!lies_there(&lies, repo, file->path, &st) &&
	    mv_oid_eq(&lies.oid, &file->pointer.oid))
		return file->stored ? MV_FILE_POINTER : MV_FILE_MISSING;
	return change && change->y != ' ' ? MV_FILE_MODIFIED : MV_FILE_OK;
}

struct status {
	struct mv_repo *repo;
	struct changes changes;
	mv_file_fn fn;
	void *payload;
	char *conflict;		/* the path that was told last */
};

static int status_conflict(struct status *s, struct mv_file *file,
			   struct mv_err *err)
{
	if (s->conflict && !strcmp(s->conflict, file->path))
		return 0;	/* one line for all its stages */
	free(s->conflict);
	s->conflict = strdup(file->path);
	file->state = MV_FILE_CONFLICT;
	return s->fn(s->payload, file, err);
}

static int status_entry(void *payload, const struct mv_git_entry *e,
			struct mv_err *err)
{
	struct status *s = payload;
	const struct change *change = find_change(&s->changes, e->path);
	struct mv_file file = { .path = e->path, .blob = e->blob,
				.mode = e->mode };
	int wanted = 0, rc;

	if ((e->mode & 0170000) != 0100000)
		return 0;
	file.staged = change && change->x != ' ';
	if (e->stage)
		return status_conflict(s, &file, err);
	rc = blob_pointer(&file.pointer, s->repo, e->blob, err);
	if (rc == MV_ENOENT || rc == MV_ECORRUPT) {
		file.state = MV_FILE_RAW;
		return s->fn(s->payload, &file, err);
	}
	if (rc)
		return rc;
	file.stored = !file.pointer.size ||
		      !mv_repo_has(s->repo, &file.pointer, NULL);
	file.outside = e->skip_worktree;
	file.state = e->skip_worktree ? MV_FILE_OK
		     : work_tree_state(s->repo, &file, change);
	if (file.state == MV_FILE_MISSING &&
	    file.pointer.dialect == MV_DIALECT_LFS) {
		rc = mv_repo_lfs_wants(&wanted, s->repo, e->path, err);
		file.left_out = !wanted;
	}
	return rc ? rc : s->fn(s->payload, &file, err);
}

/* -- what was removed from the index ---------------------------------------- */

struct removed {
	struct status *s;
	const char **path, **blob;	/* into the answer of git */
	size_t count;
};

/* ":<mode> <mode> <blob> <blob> D" NUL path NUL; of plain files. */
static int parse_removed(struct removed *r, struct mv_buf *text, size_t hex,
			 struct mv_err *err)
{
	char *p = text->data, *end = p + text->len;

	r->path = calloc(text->len / 2 + 1, sizeof(*r->path));
	r->blob = calloc(text->len / 2 + 1, sizeof(*r->blob));
	if (!r->path || !r->blob)
		return mv_nomem(err);
	while (p < end) {
		char *path = p + strlen(p) + 1;

		if (*p != ':' || path >= end || (size_t)(path - p) < 17 + hex)
			return mv_fail(err, MV_EIO, "cannot understand the "
				       "list of git diff-index");
		p[15 + hex] = '\0';
		if (!strncmp(p + 1, "100", 3)) {
			r->path[r->count] = path;
			r->blob[r->count++] = p + 15;
		}
		p = path + strlen(path) + 1;
	}
	return 0;
}

/* A pointer; and an empty file where it would be one of ours. */
static int tell_removed(void *payload, size_t i, const char *filter,
			struct mv_err *err)
{
	struct removed *r = payload;
	struct mv_repo *repo = r->s->repo;
	struct mv_file file = { .path = r->path[i], .blob = r->blob[i],
				.state = MV_FILE_DELETED, .staged = 1 };
	int rc = blob_pointer(&file.pointer, repo, file.blob, err);

	if (rc == MV_ENOENT || rc == MV_ECORRUPT)
		return 0;
	if (rc || (!file.pointer.size && !*filter))
		return rc;
	file.stored = !file.pointer.size ||
		      !mv_repo_has(repo, &file.pointer, NULL);
	return r->s->fn(r->s->payload, &file, err);
}

static int any_removed(const struct changes *ch)
{
	for (size_t i = 0; i < ch->count; i++)
		if (ch->c[i].x == 'D')
			return 1;
	return 0;
}

/* The index does not list what `git rm` took out of it. */
static int status_removed(struct status *s, const char *const *specs,
			  struct mv_err *err)
{
	static const char *const head[] = {
		"diff-index", "--cached", "--raw", "-z", "--no-abbrev",
		"--no-renames", "--no-relative", "--diff-filter=D",
		"--ignore-submodules=all", "HEAD", "--"
	};
	const size_t fixed = sizeof(head) / sizeof(head[0]);
	struct removed r = { .s = s };
	struct mv_buf text;
	const char **args;
	size_t n = 0;
	int rc;

	if (!any_removed(&s->changes))
		return 0;
	while (specs && specs[n])
		n++;
	args = calloc(fixed + n + 1, sizeof(*args));
	if (!args)
		return mv_nomem(err);
	memcpy(args, head, sizeof(head));
	if (n)
		memcpy(args + fixed, specs, n * sizeof(*args));
	mv_buf_init(&text, SIZE_MAX / 2);
	rc = mv_git_run(s->repo->git, args, NULL, 0, &text, err);
	if (!rc)
		rc = parse_removed(&r, &text, s->repo->info->hex_len, err);
	if (!rc)
		rc = mv_git_filters(s->repo->git, r.path, r.count,
				    tell_removed, &r, err);
	mv_buf_release(&text);
	free(args);
	free(r.path);
	free(r.blob);
	return rc;
}

int mv_repo_status(struct mv_repo *repo, const char *const *pathspecs,
		   mv_file_fn fn, void *payload, struct mv_err *err)
{
	struct status s = { .repo = repo, .fn = fn, .payload = payload };
	int rc;

	rc = read_changes(&s.changes, repo, err);
	if (!rc)
		rc = mv_git_ls(repo->git, MV_GIT_LS_CACHED | MV_GIT_LS_FILTERED,
			       pathspecs, status_entry, &s, err);
	if (!rc)
		rc = status_removed(&s, pathspecs, err);
	free(s.conflict);
	changes_release(&s.changes);
	return rc;
}

/* -- a revision ---------------------------------------------------------------- */

struct known {
	char hex[65];
	struct mv_pointer pointer;
};

struct pointers {
	struct known *k;
	size_t count, alloc;
};

static int by_hex(const void *a, const void *b)
{
	return strcmp(((const struct known *)a)->hex,
		      ((const struct known *)b)->hex);
}

static int know_blob(void *payload, const char *hex, const char *path,
		     const void *data, size_t len, struct mv_err *err)
{
	struct pointers *p = payload;
	struct mv_pointer pointer;

	(void)path;
	if (mv_pointer_parse(&pointer, data, len, NULL) || strlen(hex) > 64)
		return 0;
	if (p->count == p->alloc) {
		size_t alloc = p->alloc ? 2 * p->alloc : 64;
		struct known *k = realloc(p->k, alloc * sizeof(*k));

		if (!k)
			return mv_nomem(err);
		p->k = k;
		p->alloc = alloc;
	}
	memcpy(p->k[p->count].hex, hex, strlen(hex) + 1);
	p->k[p->count++].pointer = pointer;
	return 0;
}

/* All pointer blobs that rev-list finds with these arguments. */
static int know_pointers(struct pointers *p, struct mv_repo *repo,
			 const char *const *args, struct mv_err *err)
{
	int rc = mv_git_each_small_blob(repo->git, args, MV_POINTER_MAX - 1,
					know_blob, p, err);

	if (p->count)
		qsort(p->k, p->count, sizeof(*p->k), by_hex);
	return rc;
}

static const struct mv_pointer *find_pointer(const struct pointers *p,
					     const char *hex)
{
	struct known key;
	const struct known *k;

	if (!p->count || strlen(hex) > 64)
		return NULL;
	memcpy(key.hex, hex, strlen(hex) + 1);
	k = bsearch(&key, p->k, p->count, sizeof(*p->k), by_hex);
	return k ? &k->pointer : NULL;
}

struct listing {
	struct mv_repo *repo;
	struct pointers pointers;
	mv_file_fn fn;
	void *payload;
};

static int tell_file(struct listing *l, const struct mv_git_entry *e,
		     const struct mv_pointer *pointer, struct mv_err *err)
{
	struct mv_file file = { .path = e->path, .blob = e->blob,
				.mode = e->mode, .pointer = *pointer,
				.outside = e->skip_worktree };

	file.stored = !pointer->size || !mv_repo_has(l->repo, pointer, NULL);
	file.state = file.stored ? MV_FILE_OK : MV_FILE_MISSING;
	return l->fn(l->payload, &file, err);
}

static int tree_entry(void *payload, const struct mv_git_entry *e,
		      struct mv_err *err)
{
	struct listing *l = payload;
	const struct mv_pointer *p = find_pointer(&l->pointers, e->blob);

	return p && (e->mode & 0170000) == 0100000 ? tell_file(l, e, p, err)
						   : 0;
}

static int index_entry(void *payload, const struct mv_git_entry *e,
		       struct mv_err *err)
{
	struct listing *l = payload;
	struct mv_file file = { .path = e->path, .blob = e->blob,
				.mode = e->mode };
	struct mv_pointer p;
	int rc;

	if ((e->mode & 0170000) != 0100000)
		return 0;
	if (e->stage) {
		file.state = MV_FILE_CONFLICT;
		return l->fn(l->payload, &file, err);
	}
	rc = blob_pointer(&p, l->repo, e->blob, err);
	if (!rc)
		return tell_file(l, e, &p, err);
	if (rc != MV_ENOENT && rc != MV_ECORRUPT)
		return rc;
	file.state = MV_FILE_RAW;
	return l->fn(l->payload, &file, err);
}

/* `name` and what is behind it ("^{tree}", ""), as git resolves it. */
static int resolve(struct mv_buf *hex, int *yes, struct mv_repo *repo,
		   const char *name, const char *behind, struct mv_err *err)
{
	enum { NOT_THERE = 128 };	/* git's, with a reason; or 1, with none */
	char *spec = mv_strf("%s%s", name, behind);
	const char *const args[] = { "rev-parse", "--verify", "--quiet",
				     "--end-of-options", spec, NULL };
	int status = 0, rc;

	if (!spec)
		return mv_nomem(err);
	mv_buf_clear(hex);
	rc = mv_git_ask(&status, repo->git, args, NOT_THERE, hex, err);
	if (!rc && !status && hex->len)
		hex->data[--hex->len] = '\0';
	*yes = !rc && !status;
	free(spec);
	return rc;
}

/* Asked before anything is listed: the processes that list say what they miss
   in words of their own, beside ours. What stands behind "HEAD:" is a path, so
   such a one is resolved first. */
static int check_revision(struct mv_repo *repo, const char *rev,
			  struct mv_err *err)
{
	int yes = 1, rc = 0;
	struct mv_buf hex;

	mv_buf_init(&hex, 4096);
	if (strchr(rev, ':'))
		rc = resolve(&hex, &yes, repo, rev, "", err);
	if (!rc && yes && hex.len) {
		char *name = strdup(hex.data);

		rc = name ? resolve(&hex, &yes, repo, name, "^{tree}", err) :
			    mv_nomem(err);
		free(name);
	} else if (!rc && yes) {
		rc = resolve(&hex, &yes, repo, rev, "^{tree}", err);
	}
	if (!rc && !yes)
		rc = mv_fail(err, MV_ENOENT, "'%s' is not a revision: no "
			     "branch, tag or commit here has that name, or it "
			     "has no files", rev);
	mv_buf_release(&hex);
	return rc;
}

int mv_repo_ls(struct mv_repo *repo, const char *rev, mv_file_fn fn,
	       void *payload, struct mv_err *err)
{
	struct listing l = { .repo = repo, .fn = fn, .payload = payload };
	const char *args[] = { "--no-walk", rev, NULL };
	int rc;

	if (!rev)
		return mv_git_ls(repo->git,
				 MV_GIT_LS_CACHED | MV_GIT_LS_FILTERED, NULL,
				 index_entry, &l, err);
	if (rev[0] == '-')
		return mv_fail(err, MV_EINVALID, "'%s' is not a revision", rev);
	rc = check_revision(repo, rev, err);
	if (!rc)
		rc = know_pointers(&l.pointers, repo, args, err);
	if (!rc)
		rc = mv_git_walk_tree(repo->git, rev, tree_entry, &l, err);
	free(l.pointers.k);
	return rc;
}

/* -- pointers without a filter ---------------------------------------------------- */

struct stray {
	char *path;
	char blob[65];
	unsigned mode;
	struct mv_pointer pointer;
};

struct strays {
	struct listing l;
	struct stray *s;
	size_t count, alloc;
};

static int keep_stray(void *payload, const struct mv_git_entry *e,
		      struct mv_err *err)
{
	struct strays *st = payload;
	const struct mv_pointer *p = find_pointer(&st->l.pointers, e->blob);
	struct stray *s;

	if (!p || e->stage || (e->mode & 0170000) != 0100000)
		return 0;
	if (st->count == st->alloc) {
		size_t alloc = st->alloc ? 2 * st->alloc : 64;

		s = realloc(st->s, alloc * sizeof(*s));
		if (!s)
			return mv_nomem(err);
		st->s = s;
		st->alloc = alloc;
	}
	s = &st->s[st->count];
	s->path = strdup(e->path);
	if (!s->path)
		return mv_nomem(err);
	memcpy(s->blob, e->blob, strlen(e->blob) + 1);
	s->mode = e->mode;
	s->pointer = *p;
	st->count++;
	return 0;
}

static int tell_stray(void *payload, size_t i, const char *word,
		      struct mv_err *err)
{
	struct strays *st = payload;
	const struct stray *s = &st->s[i];
	const struct mv_git_entry e = { .path = s->path, .blob = s->blob,
					.mode = s->mode };

	return strcmp(word, "unspecified") ? 0 :
	       tell_file(&st->l, &e, &s->pointer, err);
}

static int ask_strays(struct strays *st, int staged, struct mv_err *err)
{
	const char **paths = calloc(st->count + 1, sizeof(*paths));
	int rc;

	if (!paths)
		return mv_nomem(err);
	for (size_t i = 0; i < st->count; i++)
		paths[i] = st->s[i].path;
	rc = mv_git_filter_words(st->l.repo->git, staged, paths, st->count,
				 tell_stray, st, err);
	free(paths);
	return rc;
}

int mv_repo_strays(struct mv_repo *repo, int staged,
		   const char *const *pathspecs, mv_file_fn fn, void *payload,
		   struct mv_err *err)
{
	static const char *const args[] = { "--indexed-objects", NULL };
	struct strays st = { .l = { .repo = repo, .fn = fn,
				    .payload = payload } };
	int rc = know_pointers(&st.l.pointers, repo, args, err);

	if (!rc && st.l.pointers.count)
		rc = mv_git_ls(repo->git, MV_GIT_LS_CACHED, pathspecs,
			       keep_stray, &st, err);
	if (!rc)
		rc = ask_strays(&st, staged, err);
	for (size_t i = 0; i < st.count; i++)
		free(st.s[i].path);
	free(st.s);
	free(st.l.pointers.k);
	return rc;
}

/* -- disk usage ------------------------------------------------------------------ */

/* A set of ids: open addressing, never full. */
struct id_set {
	struct mv_oid *id;
	uint8_t *used;
	size_t size, count;
};

static int set_grow(struct id_set *set, struct mv_err *err);

/* 1 when the id is new, 0 when it was there. */
static int set_add(struct id_set *set, const struct mv_oid *id,
		   struct mv_err *err)
{
	size_t i;

	if (2 * (set->count + 1) > set->size && set_grow(set, err))
		return MV_ENOMEM;
	memcpy(&i, id->b, sizeof(i));
	for (i &= set->size - 1; set->used[i]; i = (i + 1) & (set->size - 1))
		if (mv_oid_eq(&set->id[i], id))
			return 0;
	set->id[i] = *id;
	set->used[i] = 1;
	set->count++;
	return 1;
}

static int set_grow(struct id_set *set, struct mv_err *err)
{
	struct id_set big = { .size = set->size ? 2 * set->size : 1024 };

	big.id = malloc(big.size * sizeof(*big.id));
	big.used = calloc(big.size, 1);
	if (!big.id || !big.used) {
		free(big.id);
		free(big.used);
		return mv_nomem(err);
	}
	for (size_t i = 0; i < set->size; i++)
		if (set->used[i])
			(void)set_add(&big, &set->id[i], err);
	free(set->id);
	free(set->used);
	*set = big;
	return 0;
}

struct du {
	struct mv_repo *repo;
	struct mv_store *store;		/* NULL: none yet */
	struct pointers pointers;
	struct id_set contents, chunks;
	int (*fn)(void *payload, const struct mv_du_version *v,
		  struct mv_err *err);
	void *payload;
	struct mv_du_total *total;
	struct mv_du_version *version;	/* under way */
};

static int du_chunk(void *payload, const struct mv_oid *chunk, uint32_t raw,
		    uint32_t stored, struct mv_err *err)
{
	struct du *du = payload;
	int rc = set_add(&du->chunks, chunk, err);

	if (rc == 1) {
		du->version->added_raw += raw;
		du->version->added_stored += stored;
	}
	return rc < 0 ? rc : 0;
}

static int du_version(struct du *du, struct mv_du_version *v,
		      const struct mv_pointer *p, struct mv_err *err)
{
	int rc = set_add(&du->contents, &p->oid, err);

	if (rc <= 0 || !p->size)
		return rc;
	v->oid = p->oid;
	v->logical = p->size;
	du->version = v;
	if (p->dialect == MV_DIALECT_LFS && !mv_repo_has(du->repo, p, NULL)) {
		v->added_raw = v->added_stored = p->size;
		rc = 0;
	} else {
		rc = du->store ? mv_store_each_chunk(du->store, &p->oid,
						     du_chunk, du, err)
			       : MV_ENOENT;
	}
	if (rc && rc != MV_ENOENT)
		return rc;
	du->total->missing += rc == MV_ENOENT;
	du->total->versions++;
	du->total->logical += v->logical;
	du->total->unique += v->added_raw;
	du->total->stored += v->added_stored;
	return du->fn ? du->fn(du->payload, v, err) : 0;
}

static int du_change(void *payload, const char *commit, const char *subject,
		     int64_t when, const char *path, const char *blob,
		     struct mv_err *err)
{
	struct du *du = payload;
	const struct mv_pointer *p = find_pointer(&du->pointers, blob);
	struct mv_du_version v = { .commit = commit, .subject = subject,
				   .path = path, .when = when };

	return p ? du_version(du, &v, p, err) : 0;
}

static int du_staged(void *payload, const struct mv_file *file,
		     struct mv_err *err)
{
	struct mv_du_version v = { .commit = "", .subject = "(staged)",
				   .path = file->path };

	if (file->state != MV_FILE_OK && file->state != MV_FILE_MISSING)
		return 0;
	return du_version(payload, &v, &file->pointer, err);
}

static int du_disk(struct du *du, struct mv_err *err)
{
	struct mv_store_stats stats;
	int rc;

	if (!du->store)
		return 0;
	rc = mv_store_stats(du->store, &stats, err);
	if (!rc)
		du->total->disk = stats.pack_bytes + stats.index_bytes;
	return rc;
}

int mv_repo_du(struct mv_repo *repo,
	       int (*fn)(void *payload, const struct mv_du_version *v,
			 struct mv_err *err),
	       void *payload, struct mv_du_total *total, struct mv_err *err)
{
	static const char *const all[] = { "--all", NULL };
	struct du du = { .repo = repo, .fn = fn, .payload = payload,
			 .total = total };
	int rc;

	memset(total, 0, sizeof(*total));
	rc = mv_repo_store_if_any(&du.store, repo, err);
	if (rc == MV_ENOENT)
		rc = 0;
	if (!rc)
		rc = know_pointers(&du.pointers, repo, all, err);
	if (!rc)
		rc = mv_git_each_change(repo->git, all, du_change, &du, err);
	if (!rc && repo->info->work_tree)
		rc = mv_repo_ls(repo, NULL, du_staged, &du, err);
	if (!rc)
		rc = du_disk(&du, err);
	free(du.pointers.k);
	free(du.contents.id);
	free(du.contents.used);
	free(du.chunks.id);
	free(du.chunks.used);
	return rc;
}
