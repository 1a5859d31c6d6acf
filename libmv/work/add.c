/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/statcache.h"
#include "libmv/base/worktree.h"
#include "libmv/git/config.h"
#include "libmv/store/lfsdir.h"
#include "libmv/work/adding.h"

#define OUT_MAX ((size_t)4 << 30)
#define TEXT_MAX (64 << 10)	/* of text that is hardly content */

/* -- whose are they? ------------------------------------------------------ */

/*
 * Where core.symlinks is off, a link is a file with a name in it. git would
 * have it cleaned, and put a pointer where the link's target belongs.
 */
static int is_link(const struct mv_adding *add,
		   const struct mv_adding_item *item)
{
	return add->no_links && item->mode == 0120000;
}

static int set_owner(void *payload, size_t i, const char *filter,
		     struct mv_err *err)
{
	struct mv_adding *add = payload;

	(void)err;
	add->items[i].owner = !strcmp(filter, "model") ? MODEL :
			      !strcmp(filter, "lfs") ? LFS : PLAIN;
	return 0;
}

static int ask_filters(struct mv_adding *add, struct mv_err *err)
{
	const char **paths = calloc(add->count + 1, sizeof(*paths));
	int rc, links;

	if (!paths)
		return mv_nomem(err);
	for (size_t i = 0; i < add->count; i++)
		paths[i] = add->items[i].path;
	rc = mv_git_config_bool(&links, add->repo->git, "core.symlinks", 1,
				err);
	add->no_links = !links;
	if (!rc)
		rc = mv_git_filters(add->repo->git, paths, add->count,
				    set_owner, add, err);
	free(paths);
	return rc;
}

/* `git model add *` names .gitignore, too; nobody means that. */
static int is_gits_own(const char *path)
{
	const char *slash = strrchr(path, '/');

	return !strncmp(slash ? slash + 1 : path, ".git", 4) ||
	       mv_work_stays_plain(path);
}

static int wants_tracking(const struct mv_adding *add,
			  const struct mv_adding_item *item)
{
	struct stat st;

	return item->named && item->owner == PLAIN && !is_link(add, item) &&
	       !is_gits_own(item->path) &&
	       !fstatat(add->rootfd, item->path, &st, AT_SYMLINK_NOFOLLOW) &&
	       S_ISREG(st.st_mode);
}

/*
 * Small, and what git takes for text: code and notes are worth more in git,
 * which shows and merges their lines. Empty files say nothing about it.
 */
static int is_small_text(const struct mv_adding *add, const char *path)
{
	char block[8000];	/* as many as git looks at */
	struct stat st;
	ssize_t n;
	int fd;

	if (mv_wt_open_read(&fd, &st, add->rootfd, path, NULL))
		return 0;
	n = st.st_size && st.st_size <= TEXT_MAX ?
	    read(fd, block, sizeof(block)) : 0;
	close(fd);
	return n > 0 && !memchr(block, '\0', (size_t)n);
}

/* The first of them, and how many there are. */
static int refuse_text(const struct mv_adding *add, const char *const *paths,
		       size_t n, struct mv_err *err)
{
	const char *first = NULL;
	size_t texts = 0;

	if (add->options->flags & MV_ADD_FORCE)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (is_small_text(add, paths[i]) && !texts++)
			first = paths[i];
	if (!texts)
		return 0;
	return mv_fail(err, MV_EDENIED, "'%s' is a small text file%s that no "
		       "pattern gives to git-model, and nothing was added: "
		       "`git add` keeps it with its lines; `git model add "
		       "--force` makes a pointer of it all the same", first,
		       texts > 1 ? " (one of several)" : "");
}

/* A pattern caught what git, or we, must read in every tree. */
static int refuse_plain(const struct mv_adding *add, struct mv_err *err)
{
	for (size_t i = 0; i < add->count; i++) {
		const struct mv_adding_item *item = &add->items[i];

		if (item->owner != PLAIN && mv_work_stays_plain(item->path))
			return mv_fail(err, MV_EDENIED, "a pattern catches "
				       "'%s', which must stay readable in "
				       "git, or every clone is broken; "
				       "nothing was added: `git model track` "
				       "lists the patterns, `git model "
				       "untrack` takes one away",
				       item->path);
	}
	return 0;
}

/* A file that is named is meant: give it to us by a line of its own. */
static int track_named(struct mv_adding *add, struct mv_err *err)
{
	const char **paths = calloc(add->count + 1, sizeof(*paths));
	size_t n = 0, changed = 0;
	int rc = 0;

	if (!paths)
		return mv_nomem(err);
	for (size_t i = 0; i < add->count; i++)
		if (wants_tracking(add, &add->items[i]))
			paths[n++] = add->items[i].path;
	rc = n ? refuse_text(add, paths, n, err) : 0;
	if (rc || !n)
		goto out;
	if (!(add->options->flags & MV_ADD_DRY_RUN)) {
		rc = mv_work_track_paths(add->repo, paths, n, &changed, err);
		if (!rc)
			rc = ask_filters(add, err);
		add->attributes_changed = changed > 0;
	}
	for (size_t i = 0; !rc && i < n; i++) {
		struct mv_adding_item *item = mv_work_adding_find(add,
								  paths[i]);

		if (add->options->flags & MV_ADD_DRY_RUN)
			item->owner = MODEL;
		if (item->owner == PLAIN)
			rc = mv_fail(err, MV_EINVALID, "'%s' was tracked in "
				     "the top .gitattributes, but a line in "
				     "another file overrides that", paths[i]);
		else if (add->options->tracked)
			add->options->tracked(add->options->payload, paths[i]);
	}
out:
	free(paths);
	return rc;
}

/* -- marks in the index --------------------------------------------------- */

/*
 * A path that is only intended to be added (git add -N) is listed with the
 * blob of the empty file. Where the file is empty, too, that is all there is
 * to tell them apart; diff-files knows: to it the path is a new one.
 */
static int find_intended(struct mv_adding *add, struct mv_err *err)
{
	static const char *const args[] = {
		"diff-files", "-z", "--name-only", "--diff-filter=A",
		"--no-relative", "--ignore-submodules=all", NULL
	};
	char empty[MV_OID_HEX + 1];
	struct mv_adding_item *item;
	struct mv_buf out;
	size_t n = 0;
	int rc = mv_git_blob_name(add->repo->git, empty, "", 0, err);

	for (size_t i = 0; !rc && i < add->count; i++)
		n += add->items[i].owner != PLAIN &&
		     !strcmp(add->items[i].blob, empty);
	if (rc || !n)
		return rc;
	mv_buf_init(&out, OUT_MAX);
	rc = mv_git_run(add->repo->git, args, NULL, 0, &out, err);
	for (size_t i = 0; !rc && i < out.len; i += strlen(out.data + i) + 1) {
		item = mv_work_adding_find(add, out.data + i);
		if (item)
			item->intended = 1;
	}
	mv_buf_release(&out);
	return rc;
}

/* git takes such a file for unchanged, whatever is in it. So do we. */
static void tell_assumed(struct mv_adding *add)
{
	for (size_t i = 0; i < add->count; i++)
		if (add->items[i].assumed && add->items[i].named)
			mv_repo_warn(add->repo, "'%s' is marked "
				     "assume-unchanged and stays as it is in "
				     "git; `git update-index "
				     "--no-assume-unchanged` ends that",
				     add->items[i].path);
}

/* -- what is known without reading ---------------------------------------- */

/* Pointers of git-lfs keep the text that they have. */
static int work_add_print(struct mv_buf *text,
			  const struct mv_adding_item *item,
			  struct mv_err *err)
{
	if (item->text)
		return mv_buf_addstr(text, item->text) ? mv_nomem(err) : 0;
	return mv_pointer_print(text, &item->pointer, err);
}

static int blob_is(struct mv_adding *add, const struct mv_adding_item *item)
{
	char hex[MV_OID_HEX + 1];
	struct mv_buf text;
	int same;

	if (!*item->blob)
		return 0;
	mv_buf_init(&text, MV_POINTER_MAX);
	same = !work_add_print(&text, item, NULL) &&
	       !mv_git_blob_name(add->repo->git, hex, text.data, text.len,
				 NULL) &&
	       !strcmp(hex, item->blob);
	mv_buf_release(&text);
	return same;
}

static int same_mode(const struct mv_adding_item *item)
{
	return (item->mode == 0100755) ==
	       !!(item->seen.st.st_mode & S_IXUSR);
}

/* The same content, staged in words that are not ours: they stay. */
static void keep_text(struct mv_adding *add, struct mv_adding_item *item)
{
	struct mv_pointer p;
	struct mv_buf text;

	if (item->owner != LFS || item->text || !*item->blob)
		return;
	mv_buf_init(&text, MV_POINTER_MAX - 1);
	if (!mv_git_read_blob(add->repo->git, item->blob, &text, NULL, NULL) &&
	    !mv_pointer_parse(&p, text.data, text.len, NULL) &&
	    p.dialect == MV_DIALECT_LFS && !p.extended &&
	    p.size == item->pointer.size &&
	    mv_oid_eq(&p.oid, &item->pointer.oid))
		item->text = mv_buf_detach(&text);
	mv_buf_release(&text);
}

static int add_is_same(struct mv_adding *add, const struct mv_adding_item *item)
{
	return blob_is(add, item) && same_mode(item) && !item->intended;
}

/* Staged already; at most its stat is news to the index. */
static enum mv_adding_action add_settle(struct mv_adding *add,
					struct mv_adding_item *item)
{
	keep_text(add, item);
	if (!add_is_same(add, item))
		return STAGE;
	return item->fresh ? STAGE : UNCHANGED;
}

static int is_stored(struct mv_adding *add, const struct mv_adding_item *item)
{
	uint64_t size = 0;
	int rc;

	if (item->owner == LFS)
		rc = mv_lfsdir_has(add->lfs_dir, &item->pointer.oid, &size,
				   NULL);
	else if (add->tx)
		rc = mv_tx_has(add->tx, &item->pointer.oid, &size, NULL);
	else	/* a dry run */
		return !mv_repo_has(add->repo, &item->pointer, NULL);
	return !rc && size == item->pointer.size;
}

static int is_unchanged(struct mv_adding *add, struct mv_adding_item *item)
{
	keep_text(add, item);
	return blob_is(add, item);
}

/*
 * Fills item->action without reading the file. The stat cache may say that a
 * file is still what the index has, no more: what is to be staged is read,
 * as git reads it.
 */
static int add_look(struct mv_adding *add, struct mv_adding_item *item,
		    struct mv_err *err)
{
	const enum mv_dialect dialect = item->owner == LFS ?
					MV_DIALECT_LFS : MV_DIALECT_NATIVE;
	struct mv_statcache *cache;
	struct mv_err own;
	int fd, rc;

	if (item->assumed) {
		item->action = UNCHANGED;
		return 0;
	}
	if (is_link(add, item)) {
		mv_repo_warn(add->repo, "'%s' is a symbolic link in git and "
			     "stays as it is", item->path);
		item->action = NOTHING;
		return 0;
	}
	rc = mv_wt_open_read(&fd, NULL, add->rootfd, item->path, &own);
	if (rc == MV_ENOENT) {
		item->action = item->mode ? REMOVE : NOTHING;
		return 0;
	}
	if (rc == MV_EDENIED) {
		item->owner = PLAIN;
		return 0;
	}
	if (rc)
		return mv_fail(err, rc, "%s", own.msg);
	rc = mv_repo_see(&item->seen, add->repo, fd, item->path, 0, err);
	close(fd);
	if (!rc)
		rc = mv_repo_cache(&cache, add->repo, err);
	if (rc)
		return rc;
	item->pointer.dialect = dialect;
	item->pointer.canonical = 1;
	item->pointer.size = (uint64_t)item->seen.st.st_size;
	if (!item->seen.st.st_size) {
		mv_pointer_of_empty(&item->pointer, dialect);
		item->action = add_settle(add, item);
	} else if (!mv_statcache_get(&item->pointer.oid, cache,
				     item->path, &item->seen.st) &&
		   is_stored(add, item) && is_unchanged(add, item)) {
		item->action = add_settle(add, item);
	} else {
		item->action = READ;
		add->total += item->pointer.size;
	}
	return 0;
}

/* -- staging -------------------------------------------------------------- */

static void add_tell(struct mv_adding *add, const struct mv_adding_item *item,
		     const struct mv_pointer *pointer)
{
	if (add->options->staged)
		add->options->staged(add->options->payload, item->path,
				     pointer);
}

/* What was read may turn out to be what is staged. */
static void count_items(struct mv_adding *add)
{
	for (size_t i = 0; i < add->count; i++) {
		struct mv_adding_item *item = &add->items[i];

		if (item->owner == PLAIN)
			continue;
		if (item->action == READ)
			item->action = add_settle(add, item);
		if (item->action == UNCHANGED ||
		    (item->action == STAGE && add_is_same(add, item))) {
			add->stats->unchanged++;
		} else if (item->action == STAGE) {
			add->stats->files++;
			add_tell(add, item, &item->pointer);
		} else if (item->action == REMOVE) {
			add->stats->removed++;
			add_tell(add, item, NULL);
		}
	}
}

/* A pointer is taken as it stands, whoever wrote it. */
static void tell_claim(const struct mv_adding *add,
		       const struct mv_adding_item *item)
{
	struct mv_err err;

	if (item->claimed &&
	    mv_repo_has(add->repo, &item->pointer, &err) == MV_ENOENT)
		mv_repo_warn(add->repo, "'%s' is the text of a pointer, and "
			     "the content it names is not here; if that was "
			     "not meant, git checkout HEAD -- '%s' brings "
			     "back what was there", item->path, item->path);
}

static int fill_stage(struct mv_adding *add, struct mv_git_stage *s,
		      struct mv_buf *text, const struct mv_adding_item *item,
		      struct mv_err *err)
{
	const size_t at = text->len;
	int rc = 0;

	memset(s, 0, sizeof(*s));
	s->path = item->path;
	s->remove = item->action == REMOVE;
	if (!s->remove)
		rc = work_add_print(text, item, err);
	if (!s->remove && !rc)
		tell_claim(add, item);
	s->len = text->len - at;
	s->executable = !!(item->seen.st.st_mode & S_IXUSR);
	s->st = item->seen.st;
	/* Its flags are the user's. */
	s->same = !s->remove && add_is_same(add, item);
	s->settled = mv_is_quiet(&item->seen.st, &item->seen.clock);
	return rc;
}

static int stage(struct mv_adding *add, struct mv_err *err)
{
	struct mv_git_stage *entries;
	struct mv_buf text;
	size_t n = 0, at = 0;
	int rc = 0;

	entries = calloc(add->count + 1, sizeof(*entries));
	if (!entries)
		return mv_nomem(err);
	mv_buf_init(&text, OUT_MAX);
	for (size_t i = 0; !rc && i < add->count; i++) {
		const struct mv_adding_item *item = &add->items[i];

		if (item->owner != PLAIN &&
		    (item->action == STAGE || item->action == REMOVE))
			rc = fill_stage(add, &entries[n++], &text, item,
					err);
	}
	/* Only now does the text stand still. */
	for (size_t i = 0; i < n; i++) {
		entries[i].data = text.data + at;
		at += entries[i].len;
	}
	if (!rc && n)
		rc = mv_git_stage(add->repo->git, entries, n, err);
	mv_buf_release(&text);
	free(entries);
	return rc;
}

static void add_remember(struct mv_adding *add)
{
	struct mv_statcache *cache;

	if (mv_repo_cache(&cache, add->repo, NULL))
		return;
	for (size_t i = 0; i < add->count; i++) {
		const struct mv_adding_item *item = &add->items[i];

		if (item->fresh)
			mv_statcache_put(cache, item->path, &item->seen.st,
					 &item->pointer.oid,
					 &item->seen.clock);
	}
	mv_repo_cache_save(add->repo);
}

/* -- files that are not ours ---------------------------------------------- */

static int add_plain(struct mv_adding *add, struct mv_err *err)
{
	const char *args[] = {
		"add", "--pathspec-from-file=-", "--pathspec-file-nul", NULL,
		NULL
	};
	struct mv_buf in;
	int rc = 0;

	if (add->options->flags & MV_ADD_FORCE)
		args[3] = "--force";
	mv_buf_init(&in, OUT_MAX);
	if (add->attributes_changed &&
	    mv_buf_add(&in, ":(top,literal).gitattributes", 29))
		rc = mv_nomem(err);
	for (size_t i = 0; !rc && i < add->count; i++) {
		if (add->items[i].owner != PLAIN)
			continue;
		add->stats->plain++;
		if (mv_buf_addf(&in, ":(top,literal)%s", add->items[i].path) ||
		    mv_buf_add(&in, "", 1))
			rc = mv_nomem(err);
	}
	if (!rc && in.len && !(add->options->flags & MV_ADD_DRY_RUN))
		rc = mv_git_run(add->repo->git, args, in.data, in.len, NULL,
				err);
	mv_buf_release(&in);
	return rc;
}

/* -- the verb ------------------------------------------------------------- */

static int count_owners(const struct mv_adding *add, enum mv_adding_owner owner)
{
	for (size_t i = 0; i < add->count; i++)
		if (add->items[i].owner == owner)
			return 1;
	return 0;
}

static int add_begin(struct mv_adding *add, struct mv_err *err)
{
	struct mv_store *store;
	int rc = 0;

	if (count_owners(add, LFS))
		rc = mv_repo_lfs_dir(&add->lfs_dir, add->repo, err);
	if (rc || add->options->flags & MV_ADD_DRY_RUN ||
	    !count_owners(add, MODEL))
		return rc;
	rc = mv_repo_store(&store, add->repo, err);
	return rc ? rc : mv_tx_begin(&add->tx, store, err);
}

static int commit(struct mv_adding *add, struct mv_err *err)
{
	struct mv_tx *tx = add->tx;

	add->tx = NULL;
	return tx ? mv_tx_commit(tx, &add->stats->tx, err) : 0;
}

static void dry_run(struct mv_adding *add)
{
	for (size_t i = 0; i < add->count; i++) {
		struct mv_adding_item *item = &add->items[i];

		if (item->owner == PLAIN)
			continue;
		if (item->action == UNCHANGED)
			add->stats->unchanged++;
		else if (item->action == REMOVE)
			add->stats->removed++;
		else if (item->action != NOTHING)
			add->stats->files++;
		if (item->action != UNCHANGED && item->action != NOTHING)
			add_tell(add, item, NULL);
	}
}

/* Content first, and durable; only then does git hear of it. */
static int store_and_stage(struct mv_adding *add, struct mv_err *err)
{
	int rc = mv_work_adding_read(add, err);

	if (!rc)
		rc = commit(add, err);
	if (rc)
		return rc;
	count_items(add);
	rc = stage(add, err);
	add_remember(add);
	return rc;
}

int mv_work_add(struct mv_repo *repo, const char *const *paths,
		const struct mv_add_options *options,
		struct mv_add_stats *stats, struct mv_err *err)
{
	const struct mv_add_options none = { 0 };
	struct mv_add_stats own;
	struct mv_adding add = { .repo = repo, .options = options ? options : &none,
			   .stats = stats ? stats : &own };
	int rc;

	memset(add.stats, 0, sizeof(*add.stats));
	rc = mv_repo_root(&add.rootfd, repo, err);
	if (!rc)
		rc = mv_work_adding_list(&add, paths, err);
	if (!rc)
		rc = ask_filters(&add, err);
	if (!rc)
		rc = refuse_plain(&add, err);
	if (!rc)
		rc = track_named(&add, err);
	if (!rc)
		rc = find_intended(&add, err);
	if (!rc)
		rc = add_begin(&add, err);
	if (!rc)
		tell_assumed(&add);
	for (size_t i = 0; !rc && i < add.count; i++)
		if (add.items[i].owner != PLAIN)
			rc = add_look(&add, &add.items[i], err);
	if (!rc && add.options->flags & MV_ADD_DRY_RUN)
		dry_run(&add);
	else if (!rc)
		rc = store_and_stage(&add, err);
	if (!rc)
		rc = add_plain(&add, err);
	if (!rc)
		mv_work_sweep_offers(repo);
	mv_tx_abort(add.tx);
	for (size_t i = 0; i < add.count; i++)
		free(add.items[i].path), free(add.items[i].text);
	free(add.items);
	return rc;
}
