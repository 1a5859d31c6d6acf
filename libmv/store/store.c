/* SPDX-License-Identifier: MIT */
#include "libmv/store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/grow.h"
#include "libmv/store/store.h"

#define FORMAT_TEXT "git-model store 2\n"
#define OLD_FORMAT_TEXT "git-model store 1\n"
#define OPEN_PACKS_MAX 192
#define HOLD_TIMEOUT_MS (10 * 60 * 1000)
#define ALONE_TIMEOUT_MS (60 * 1000)

/* -- opening -------------------------------------------------------------- */

int mv_owner_ok(const char *owner)
{
	return mv_is_hex(owner, MV_OWNER_HEX);
}

int mv_store_make_dirs(struct mv_store *store, struct mv_err *err)
{
	static const char *const names[] = { "packs", "index", "tmp" };
	int made = access(store->dir, F_OK) != 0;
	int rc = mv_mkdirs(store->dir, err);

	if (!rc)
		mv_store_share_dir(store, made);
	for (size_t i = 0; !rc && i < sizeof(names) / sizeof(names[0]); i++)
		rc = mv_store_mkdir(store, names[i], err);
	if (!rc)
		rc = mv_store_make_lock(store, "lock", err);
	return rc ? rc : mv_store_make_lock(store, "compact.lock", err);
}

/* "git-model store 2": whoever wrote that knows more than we do. */
static int is_other_format(const char *text)
{
	static const char words[] = "git-model store ";
	size_t n = strlen(words), digits;

	if (strncmp(text, words, n))
		return 0;
	digits = strspn(text + n, "0123456789");
	return digits && !strcmp(text + n + digits, "\n");
}

static int see_pack(void *payload, const char *name, struct mv_err *err)
{
	size_t len = strlen(name);

	(void)err;
	*(int *)payload |= len > 5 && !strcmp(name + len - 5, ".pack");
	return 0;
}

/* A store that was begun has no packs before it has a format. */
static int has_packs(int *yes, struct mv_store *store, struct mv_err *err)
{
	int rc;

	*yes = 0;
	rc = mv_each_entry(store->packs_dir, see_pack, yes, err);
	return rc == MV_ENOENT ? 0 : rc;
}

/*
 * Only what is no format at all is damage that can be mended: packs and
 * indexes say for themselves what they are, and what is old among them still
 * asks for --upgrade. Of a number that is another one nobody can say whether
 * it is a slip.
 */
static int mend_format(struct mv_store *store, const char *path,
		       struct mv_err *err)
{
	if (!(store->options.flags & MV_STORE_MEND))
		return mv_fail(err, MV_ECORRUPT, "'%s' is missing or damaged; "
			       "'git model fsck --repair' writes it again",
			       path);
	return mv_store_write_format(store, err);
}

int mv_store_write_format(struct mv_store *store, struct mv_err *err)
{
	char *path = mv_path_join(store->dir, "format");
	int rc = path ? mv_write_file(path, FORMAT_TEXT, strlen(FORMAT_TEXT),
				      0444, 0, err) :
			mv_nomem(err);

	store->old = store->old && rc;
	free(path);
	return rc;
}

static int says(const struct mv_buf *text, const char *is)
{
	return text->len == strlen(is) && !memcmp(text->data, is, text->len);
}

/* The version file is written last, so that it says "all of it is there". */
static int check_format(struct mv_store *store, struct mv_err *err)
{
	int packs = 0;
	char *path = mv_path_join(store->dir, "format");
	struct mv_buf text;
	int rc;

	if (!path)
		return mv_nomem(err);
	mv_buf_init(&text, 256);
	rc = mv_read_file(&text, path, err);
	if (!rc && mv_store_lacks_share(store))
		rc = mv_store_make_dirs(store, err);
	if (rc == MV_ENOENT && has_packs(&packs, store, err))
		rc = MV_EIO;
	if (rc == MV_ENOENT && packs) {
		rc = mend_format(store, path, err);
	} else if (rc == MV_ENOMEM) {
		rc = mend_format(store, path, err);	/* longer than any */
	} else if (rc == MV_ENOENT && (store->options.flags & MV_STORE_CREATE)) {
		rc = mv_store_make_dirs(store, err);
		if (!rc)
			rc = mv_store_write_format(store, err);
	} else if (rc == MV_ENOENT) {
		mv_fail(err, MV_ENOENT, "there is no store in '%s'",
			store->dir);
	} else if (!rc && says(&text, FORMAT_TEXT)) {
		rc = 0;
	} else if (!rc && says(&text, OLD_FORMAT_TEXT)) {
		store->old = 1;
		if (!(store->options.flags & MV_STORE_UPGRADE))
			rc = mv_fail(err, MV_ENOTSUP,
				     "store '%s' was written by an older git-model; 'git model fsck --upgrade' brings it to this version",
				     store->dir);
	} else if (!rc && text.len == strlen(text.data) &&
		   is_other_format(text.data)) {
		rc = mv_fail(err, MV_ENOTSUP,
			     "store '%s' has a format that this program does not know; a newer git-model is needed",
			     store->dir);
	} else if (!rc) {
		rc = mend_format(store, path, err);
	}
	mv_buf_release(&text);
	free(path);
	return rc;
}

int mv_store_open(struct mv_store **out, const char *dir,
		  const struct mv_store_options *options, struct mv_err *err)
{
	struct mv_store *store = calloc(1, sizeof(*store));
	int rc;

	if (!store)
		return mv_nomem(err);
	pthread_mutex_init(&store->mutex, NULL);
	pthread_mutex_init(&store->put_mutex, NULL);
	pthread_mutex_init(&store->hold_mutex, NULL);
	store->hold.fd = -1;
	if (options)
		store->options = *options;
	if (store->options.owner && mv_owner_ok(store->options.owner))
		memcpy(store->owner, store->options.owner,
		       sizeof(store->owner));
	store->options.owner = NULL;
	if (!store->options.pack_size)
		store->options.pack_size = 64u * 1024 * 1024;
	if (!store->options.publish_after)
		store->options.publish_after = 256u * 1024;
	store->dir = strdup(dir);
	store->packs_dir = mv_path_join(dir, "packs");
	store->index_dir = mv_path_join(dir, "index");
	store->tmp_dir = mv_path_join(dir, "tmp");
	if (!store->dir || !store->packs_dir || !store->index_dir ||
	    !store->tmp_dir) {
		rc = mv_nomem(err);
		goto fail;
	}
	rc = check_format(store, err);
	if (!rc)
		rc = mv_store_refresh(store, err);
	if (rc)
		goto fail;
	*out = store;
	return 0;
fail:
	mv_store_close(store);
	return rc;
}

void mv_store_close(struct mv_store *store)
{
	if (!store)
		return;
	if (store->ahead)
		store->ahead_free(store->ahead);
	mv_snapshot_release(store, store->snapshot);
	for (size_t i = 0; i < store->file_count; i++) {
		if (store->files[i]->fd >= 0)
			close(store->files[i]->fd);
		free(store->files[i]->path);
		free(store->files[i]);
	}
	free(store->files);
	while (store->scratch) {
		struct mv_scratch *next = store->scratch->next;

		mv_scratch_free(store->scratch);
		store->scratch = next;
	}
	mv_lock_drop(&store->hold);
	pthread_mutex_destroy(&store->mutex);
	pthread_mutex_destroy(&store->put_mutex);
	pthread_mutex_destroy(&store->hold_mutex);
	free(store->dir);
	free(store->packs_dir);
	free(store->index_dir);
	free(store->tmp_dir);
	free(store);
}

const char *mv_store_dir(const struct mv_store *store)
{
	return store->dir;
}

static char *id_path(const char *dir, const struct mv_oid *id,
		     const char *suffix)
{
	char hex[MV_OID_HEX + 1];

	return mv_strf("%s/%s%s", dir, mv_oid_hex(hex, id), suffix);
}

char *mv_store_pack_path(struct mv_store *store, const struct mv_oid *id)
{
	return id_path(store->packs_dir, id, ".pack");
}

char *mv_store_index_path(struct mv_store *store, const struct mv_oid *id)
{
	return id_path(store->index_dir, id, ".idx");
}

static int may_write(const struct mv_store *store, struct mv_err *err)
{
	if (store->options.flags & MV_STORE_READ_ONLY)
		return mv_fail(err, MV_EDENIED,
			       "store '%s' is open for reading only",
			       store->dir);
	return 0;
}

static int take_lock(struct mv_lock *lock, struct mv_store *store,
		     enum mv_lock_mode mode, int timeout_ms,
		     struct mv_err *err)
{
	char *path = mv_path_join(store->dir, "lock");
	int rc = path ? mv_lock_take(lock, path, mode, timeout_ms, err)
		      : mv_nomem(err);

	free(path);
	return rc;
}

int mv_store_hold(struct mv_store *store, struct mv_err *err)
{
	int rc = may_write(store, err);

	if (rc)
		return rc;
	pthread_mutex_lock(&store->hold_mutex);
	if (store->hold.fd < 0)
		rc = take_lock(&store->hold, store, MV_LOCK_SHARED,
			       HOLD_TIMEOUT_MS, err);
	if (!rc)
		store->writers++;
	pthread_mutex_unlock(&store->hold_mutex);
	return rc;
}

void mv_store_unhold(struct mv_store *store)
{
	pthread_mutex_lock(&store->hold_mutex);
	store->writers--;	/* the lock stays: the next one comes soon */
	pthread_mutex_unlock(&store->hold_mutex);
}

int mv_store_alone(struct mv_lock *lock, struct mv_store *store,
		   struct mv_err *err)
{
	int rc = may_write(store, err);

	lock->fd = -1;
	if (rc)
		return rc;
	pthread_mutex_lock(&store->hold_mutex);
	if (store->writers)
		rc = mv_fail(err, MV_EBUSY,
			     "a transaction on store '%s' is under way",
			     store->dir);
	if (!rc) {
		mv_lock_drop(&store->hold);	/* not to wait for ourselves */
		rc = take_lock(lock, store, MV_LOCK_EXCLUSIVE,
			       ALONE_TIMEOUT_MS, err);
	}
	if (rc)
		pthread_mutex_unlock(&store->hold_mutex);
	return rc;
}

void mv_store_shared(struct mv_lock *lock, struct mv_store *store)
{
	if (lock->fd < 0)
		return;
	mv_lock_drop(lock);
	pthread_mutex_unlock(&store->hold_mutex);
}

int mv_store_try_share(struct mv_lock *lock, struct mv_store *store)
{
	return take_lock(lock, store, MV_LOCK_SHARED, 0, NULL);
}

/* -- packs ---------------------------------------------------------------- */

/* Position of the id in the sorted list, or where it belongs. */
static size_t file_slot(const struct mv_store *store, const struct mv_oid *id)
{
	size_t lo = 0, hi = store->file_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (mv_oid_cmp(&store->files[mid]->id, id) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int file_get(struct mv_pack_file **out, struct mv_store *store,
		    const struct mv_oid *id, struct mv_err *err)
{
	size_t slot = file_slot(store, id);
	struct mv_pack_file *file;

	if (slot < store->file_count && mv_oid_eq(&store->files[slot]->id,
						  id)) {
		*out = store->files[slot];
		return 0;
	}
	if (MV_GROW(store->files, store->file_alloc, store->file_count + 1,
		    err) < 0)
		return MV_ENOMEM;
	file = calloc(1, sizeof(*file));
	if (!file)
		return mv_nomem(err);
	file->store = store;
	file->id = *id;
	file->number = (uint32_t)store->file_count;
	file->fd = -1;
	file->path = mv_store_pack_path(store, id);
	if (!file->path) {
		free(file);
		return mv_nomem(err);
	}
	memmove(store->files + slot + 1, store->files + slot,
		(store->file_count - slot) * sizeof(*store->files));
	store->files[slot] = file;
	store->file_count++;
	*out = file;
	return 0;
}

int mv_store_pack_file(struct mv_pack_file **out, struct mv_store *store,
		       const struct mv_oid *id, struct mv_err *err)
{
	int rc;

	pthread_mutex_lock(&store->mutex);
	rc = file_get(out, store, id, err);
	pthread_mutex_unlock(&store->mutex);
	return rc;
}

static void close_oldest(struct mv_store *store)
{
	struct mv_pack_file *oldest = NULL;

	for (size_t i = 0; i < store->file_count; i++) {
		struct mv_pack_file *f = store->files[i];

		if (f->fd >= 0 && !f->users && (!oldest || f->used < oldest->used))
			oldest = f;
	}
	if (oldest) {
		close(oldest->fd);
		oldest->fd = -1;
		store->open_files--;
	}
}

static int pack_open(struct mv_store *store, struct mv_pack_file *file,
		     struct mv_err *err)
{
	uint8_t head[MV_PACK_HEADER];
	struct stat st;
	size_t got;
	int fd, rc;

	if (store->open_files >= OPEN_PACKS_MAX)
		close_oldest(store);
	rc = mv_open_read(&fd, &st, file->path, err);
	if (rc)
		return rc;
	rc = mv_pread_full(fd, head, sizeof(head), 0, &got, file->path, err);
	if (!rc)
		rc = mv_pack_check_header(head, got, file->path, err);
	if (rc) {
		close(fd);
		return rc;
	}
	file->fd = fd;
	store->open_files++;
	return 0;
}

int mv_pack_use(int *fd, struct mv_store *store, struct mv_pack_file *file,
		struct mv_err *err)
{
	int rc = 0;

	pthread_mutex_lock(&store->mutex);
	if (file->fd < 0)
		rc = pack_open(store, file, err);
	if (!rc) {
		file->users++;
		file->used = ++store->clock;
		*fd = file->fd;
	}
	pthread_mutex_unlock(&store->mutex);
	return rc;
}

void mv_pack_done(struct mv_store *store, struct mv_pack_file *file)
{
	pthread_mutex_lock(&store->mutex);
	file->users--;
	pthread_mutex_unlock(&store->mutex);
}

void mv_pack_forget(struct mv_store *store, struct mv_pack_file *file)
{
	pthread_mutex_lock(&store->mutex);
	if (file->fd >= 0 && !file->users) {
		close(file->fd);
		file->fd = -1;
		store->open_files--;
	}
	pthread_mutex_unlock(&store->mutex);
}

/* -- the set of indexes --------------------------------------------------- */

static void index_unref(struct mv_index *x)
{
	if (!--x->refs)
		mv_index_free(x);
}

static void snapshot_unref(struct mv_snapshot *s)
{
	if (!s || --s->refs)
		return;
	for (size_t i = 0; i < s->count; i++)
		index_unref(s->index[i]);
	free(s->index);
	free(s);
}

int mv_store_snapshot(struct mv_snapshot **out, struct mv_store *store,
		      struct mv_err *err)
{
	(void)err;
	pthread_mutex_lock(&store->mutex);
	store->snapshot->refs++;
	*out = store->snapshot;
	pthread_mutex_unlock(&store->mutex);
	return 0;
}

void mv_snapshot_release(struct mv_store *store, struct mv_snapshot *snapshot)
{
	pthread_mutex_lock(&store->mutex);
	snapshot_unref(snapshot);
	pthread_mutex_unlock(&store->mutex);
}

int mv_snapshot_packs(struct mv_oid **out, size_t *count,
		      const struct mv_snapshot *s, struct mv_err *err)
{
	size_t total = 0;

	for (size_t i = 0; i < s->count; i++)
		total += s->index[i]->packs;
	*count = 0;
	*out = calloc(total ? total : 1, sizeof(**out));
	if (!*out)
		return mv_nomem(err);
	for (size_t i = 0; i < s->count; i++) {
		size_t n = s->index[i]->packs;

		if (n)
			memcpy(*out + *count, s->index[i]->pack_ids,
			       n * sizeof(**out));
		*count += n;
	}
	mv_ids_sort(*out, *count);
	return 0;
}

struct listing {
	struct mv_store *store;
	struct mv_snapshot *fresh;
	size_t alloc;
	int vanished;		/* merged away between readdir and open */
};

/* The same name and the same file: repair may have made it anew. */
static struct mv_index *known_index(struct mv_store *store, const char *path)
{
	struct mv_snapshot *s = store->snapshot;
	struct stat st;

	for (size_t i = 0; s && i < s->count; i++)
		if (!strcmp(s->index[i]->path, path))
			return !stat(path, &st) &&
			       st.st_dev == s->index[i]->dev &&
			       st.st_ino == s->index[i]->ino ?
				s->index[i] : NULL;
	return NULL;
}

/* Under the mutex. */
static int index_add_files(struct mv_store *store, struct mv_index *x,
			   struct mv_err *err)
{
	for (uint32_t i = 0; i < x->packs; i++) {
		int rc = file_get(&x->files[i], store, &x->pack_ids[i], err);

		if (rc)
			return rc;
	}
	return 0;
}

static int list_one(void *payload, const char *name, struct mv_err *err)
{
	struct listing *l = payload;
	size_t len = strlen(name);
	struct mv_index *x;
	char *path;
	int rc = 0;

	if (len < 5 || strcmp(name + len - 4, ".idx"))
		return 0;
	if (MV_GROW(l->fresh->index, l->alloc, l->fresh->count + 1, err) < 0)
		return MV_ENOMEM;
	path = mv_path_join(l->store->index_dir, name);
	if (!path)
		return mv_nomem(err);
	x = known_index(l->store, path);
	if (x) {
		x->refs++;
	} else {
		rc = mv_index_open(&x, path, err);
		if (!rc) {
			rc = index_add_files(l->store, x, err);
			if (rc)
				mv_index_free(x);
		}
	}
	/* Nothing is in it that mv_store_upgrade() does not find in packs. */
	if (rc == MV_ENOTSUP && l->store->options.flags & MV_STORE_UPGRADE &&
	    mv_index_is_old(path, NULL) == 1)
		rc = MV_ECORRUPT;
	free(path);
	if (rc == MV_ENOENT) {
		l->vanished = 1;
		return 0;
	}
	if (rc == MV_ECORRUPT)		/* the rest still works; fsck says */
		return 0;
	if (!rc)
		l->fresh->index[l->fresh->count++] = x;
	return rc;
}

/* Larger indexes first: most lookups end there. */
static int by_size(const void *a, const void *b)
{
	const struct mv_index *x = *(struct mv_index *const *)a;
	const struct mv_index *y = *(struct mv_index *const *)b;

	if (x->count[0] != y->count[0])
		return x->count[0] > y->count[0] ? -1 : 1;
	return strcmp(x->path, y->path);
}

static int list_indexes(struct listing *l, struct mv_err *err)
{
	int rc;

	l->vanished = 0;
	l->alloc = 0;
	l->fresh = calloc(1, sizeof(*l->fresh));
	if (!l->fresh)
		return mv_nomem(err);
	l->fresh->refs = 1;
	rc = mv_each_entry(l->store->index_dir, list_one, l, err);
	if (rc && rc != MV_ENOENT) {	/* fsck makes a missing one anew */
		snapshot_unref(l->fresh);
		l->fresh = NULL;
		return rc;
	}
	if (l->fresh->count)
		qsort(l->fresh->index, l->fresh->count,
		      sizeof(*l->fresh->index), by_size);
	return 0;
}

/*
 * A listing counts for as long as the folder's time stays the same, unless
 * it was made within that same second: then the folder may have changed
 * again without a new time.
 */
static int is_current(const struct mv_store *store, const struct stat *st)
{
	return store->snapshot &&
	       !memcmp(&st->st_mtim, &store->index_mtime,
		       sizeof(st->st_mtim)) &&
	       store->listed_at - st->st_mtim.tv_sec > 1;
}

static int stat_index_dir(struct stat *st, struct mv_store *store,
			  struct mv_err *err)
{
	memset(st, 0, sizeof(*st));
	if (stat(store->index_dir, st) < 0 && errno != ENOENT)
		return mv_fail_errno(err, errno, "cannot read '%s'",
				     store->index_dir);
	return 0;
}

static int same_indexes(const struct mv_snapshot *a,
			const struct mv_snapshot *b)
{
	return a && a->count == b->count &&
	       (!a->count || !memcmp(a->index, b->index,
				     a->count * sizeof(*a->index)));
}

static int refresh_locked(struct mv_store *store, struct mv_err *err)
{
	struct listing l = { store, NULL, 0, 0 };
	struct stat st, after;
	time_t now;
	int rc;

	for (int tries = 0; tries < 16; tries++) {
		snapshot_unref(l.fresh);
		l.fresh = NULL;
		now = time(NULL);
		rc = stat_index_dir(&st, store, err);
		if (rc || is_current(store, &st))
			return rc;
		rc = list_indexes(&l, err);
		if (!rc)
			rc = stat_index_dir(&after, store, err);
		if (rc) {
			snapshot_unref(l.fresh);
			return rc;
		}
		if (!l.vanished && !memcmp(&st.st_mtim, &after.st_mtim,
					   sizeof(st.st_mtim)))
			break;
	}
	if (l.vanished) {
		snapshot_unref(l.fresh);
		return mv_fail(err, MV_EBUSY,
			       "the indexes in '%s' keep changing; try again",
			       store->index_dir);
	}
	store->index_mtime = st.st_mtim;
	store->listed_at = now;
	if (same_indexes(store->snapshot, l.fresh)) {
		snapshot_unref(l.fresh);
		return 0;
	}
	snapshot_unref(store->snapshot);
	store->snapshot = l.fresh;
	return 0;
}

int mv_store_refresh(struct mv_store *store, struct mv_err *err)
{
	int rc;

	pthread_mutex_lock(&store->mutex);
	rc = refresh_locked(store, err);
	pthread_mutex_unlock(&store->mutex);
	return rc;
}

/* -- figures -------------------------------------------------------------- */

static int count_entry(void *payload, const char *name, struct mv_err *err)
{
	(void)name;
	(void)err;
	(*(uint64_t *)payload)++;
	return 0;
}

/* Entries that an index before this one has, too, are not counted again. */
static uint64_t count_new(const struct mv_snapshot *s, size_t i,
			  enum mv_index_table t)
{
	const struct mv_index *x = s->index[i];
	uint64_t count = 0;

	if (!i)
		return x->count[t];
	for (uint64_t k = 0; k < x->count[t]; k++) {
		size_t j = 0;

		while (j < i && mv_index_find(s->index[j], t,
					      &x->ids[t][k]) < 0)
			j++;
		count += j == i;
	}
	return count;
}

struct pack_count {
	const struct mv_store *store;
	struct mv_store_stats *out;
};

static int count_pack(void *payload, const char *name, struct mv_err *err)
{
	struct pack_count *c = payload;
	size_t len = strlen(name);
	struct stat st;
	char *path;

	if (len < 5 || strcmp(name + len - 5, ".pack"))
		return 0;
	path = mv_path_join(c->store->packs_dir, name);
	if (!path)
		return mv_nomem(err);
	if (!stat(path, &st)) {
		c->out->packs++;
		c->out->pack_bytes += (uint64_t)st.st_size;
	}
	free(path);
	return 0;
}

int mv_index_pack_state(const struct mv_index *x, uint32_t k)
{
	struct stat st;

	if (stat(x->files[k]->path, &st) < 0)
		return errno == ENOENT ? MV_ENOENT : MV_EIO;
	return (uint64_t)st.st_size == mv_index_pack(x, k).len ? 0 :
								  MV_ECORRUPT;
}

/* A pack can be named by two indexes: then it is gone once. */
static int count_hurt(struct mv_store_stats *out, const struct mv_snapshot *s,
		      struct mv_err *err)
{
	struct mv_oid *packs;
	uint8_t *seen;
	size_t count;
	int rc = mv_snapshot_packs(&packs, &count, s, err);

	seen = calloc(count + 1, 1);
	if (!rc && !seen)
		rc = mv_nomem(err);
	for (size_t i = 0; !rc && i < s->count; i++)
		for (uint32_t k = 0; k < s->index[i]->packs; k++) {
			int64_t at = mv_ids_find(packs, count,
						 &s->index[i]->pack_ids[k]);
			int state = mv_index_pack_state(s->index[i], k);

			while (at && mv_oid_eq(&packs[at], &packs[at - 1]))
				at--;
			out->gone += !seen[at] && state == MV_ENOENT;
			out->cut += !seen[at] && state == MV_ECORRUPT;
			seen[at] = 1;
		}
	free(packs);
	free(seen);
	return rc;
}

int mv_store_stats(struct mv_store *store, struct mv_store_stats *out,
		   struct mv_err *err)
{
	struct pack_count packs = { store, out };
	struct mv_snapshot *s;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = mv_store_refresh(store, err);
	if (rc)
		return rc;
	rc = mv_store_snapshot(&s, store, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < s->count; i++) {
		out->indexes++;
		out->index_bytes += s->index[i]->map.len;
		out->chunks += count_new(s, i, MV_INDEX_CHUNKS);
		out->contents += count_new(s, i, MV_INDEX_CONTENTS);
	}
	rc = count_hurt(out, s, err);
	mv_snapshot_release(store, s);
	if (rc)
		return rc;
	rc = mv_each_entry(store->packs_dir, count_pack, &packs, err);
	if (rc && rc != MV_ENOENT)
		return rc;
	rc = mv_each_entry(store->tmp_dir, count_entry, &out->temporary, err);
	return rc == MV_ENOENT ? 0 : rc;
}
