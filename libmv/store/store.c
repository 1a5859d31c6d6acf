/* SPDX-License-Identifier: MIT */
#include "libmv/store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORMAT_TEXT "git-model store 1\n"
#define OPEN_PACKS_MAX 192
#define HOLD_TIMEOUT_MS (10 * 60 * 1000)

/* -- opening -- */

static int make_dirs(struct mv_store *store, struct mv_err *err)
{
	static const char *const names[] = { "packs", "index", "tmp" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *path = mv_path_join(store->dir, names[i]);
		int ret;

		if (!path)
			return mv_nomem(err);
		ret = mv_mkdirs(path, err);
		free(path);
		if (ret)
			return ret;
	}
	return 0;
}

/* The version file is written last, so that it says "all of it is there". */
static int check_format(struct mv_store *store, struct mv_err *err)
{
	char *path = mv_path_join(store->dir, "format");
	struct mv_buf text;
	int ret;

	if (!path)
		return mv_nomem(err);
	mv_buf_init(&text, 256);
	ret = mv_read_file(&text, path, err);
	if (ret == MV_ENOENT && (store->options.flags & MV_STORE_CREATE)) {
		ret = make_dirs(store, err);
		if (!ret)
			ret = mv_write_file(path, FORMAT_TEXT,
					    strlen(FORMAT_TEXT), 0444, 0, err);
	} else if (ret == MV_ENOENT) {
		mv_fail(err, MV_ENOENT, "there is no store in '%s'", store->dir);
	} else if (!ret && strcmp(text.data, FORMAT_TEXT)) {
		ret = mv_fail(err, MV_ENOTSUP,
			      "store '%s' has a format that this program does not know; a newer git-model is needed",
			      store->dir);
	}
	mv_buf_release(&text);
	free(path);
	return ret;
}

int mv_store_open(struct mv_store **out, const char *dir,
		  const struct mv_store_options *options, struct mv_err *err)
{
	struct mv_store *store = calloc(1, sizeof(*store));
	int ret;

	if (!store)
		return mv_nomem(err);
	pthread_mutex_init(&store->mutex, NULL);
	pthread_mutex_init(&store->put_mutex, NULL);
	store->hold.fd = -1;
	if (options)
		store->options = *options;
	if (!store->options.pack_size)
		store->options.pack_size = 64u * 1024 * 1024;
	store->dir = strdup(dir);
	store->packs_dir = mv_path_join(dir, "packs");
	store->index_dir = mv_path_join(dir, "index");
	store->tmp_dir = mv_path_join(dir, "tmp");
	if (!store->dir || !store->packs_dir || !store->index_dir ||
	    !store->tmp_dir) {
		ret = mv_nomem(err);
		goto fail;
	}
	ret = check_format(store, err);
	if (!ret)
		ret = mv_store_refresh(store, NULL, err);
	if (ret)
		goto fail;
	*out = store;
	return 0;
fail:
	mv_store_close(store);
	return ret;
}

static void scratch_free(struct mv_scratch *s)
{
	if (!s)
		return;
	mv_encoder_free(s->encoder);
	mv_decoder_free(s->decoder);
	mv_hasher_free(s->hasher);
	free(s->stored);
	free(s->raw);
	free(s->out);
	free(s);
}

void mv_store_close(struct mv_store *store)
{
	if (!store)
		return;
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

		scratch_free(store->scratch);
		store->scratch = next;
	}
	mv_lock_drop(&store->hold);
	pthread_mutex_destroy(&store->mutex);
	pthread_mutex_destroy(&store->put_mutex);
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

int mv_store_hold(struct mv_store *store, struct mv_err *err)
{
	char *path;
	int ret = 0;

	if (store->options.flags & MV_STORE_READ_ONLY)
		return mv_fail(err, MV_EDENIED,
			       "store '%s' is open for reading only",
			       store->dir);
	pthread_mutex_lock(&store->mutex);
	if (store->hold.fd < 0) {
		path = mv_path_join(store->dir, "lock");
		ret = path ? mv_lock_take(&store->hold, path, MV_LOCK_SHARED,
					  HOLD_TIMEOUT_MS, err)
			   : mv_nomem(err);
		free(path);
	}
	pthread_mutex_unlock(&store->mutex);
	return ret;
}

/* -- packs -- */

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

	if (slot < store->file_count && mv_oid_eq(&store->files[slot]->id, id)) {
		*out = store->files[slot];
		return 0;
	}
	if (store->file_count == store->file_alloc) {
		size_t alloc = store->file_alloc ? 2 * store->file_alloc : 64;
		struct mv_pack_file **files =
			realloc(store->files, alloc * sizeof(*files));

		if (!files)
			return mv_nomem(err);
		store->files = files;
		store->file_alloc = alloc;
	}
	file = calloc(1, sizeof(*file));
	if (!file)
		return mv_nomem(err);
	file->id = *id;
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
	int fd, ret;

	if (store->open_files >= OPEN_PACKS_MAX)
		close_oldest(store);
	ret = mv_open_read(&fd, &st, file->path, err);
	if (ret)
		return ret;
	ret = mv_pread_full(fd, head, sizeof(head), 0, &got, file->path, err);
	if (!ret)
		ret = mv_pack_check_header(head, got, file->path, err);
	if (ret) {
		close(fd);
		return ret;
	}
	file->fd = fd;
	store->open_files++;
	return 0;
}

int mv_pack_use(int *fd, struct mv_store *store, struct mv_pack_file *file,
		struct mv_err *err)
{
	int ret = 0;

	pthread_mutex_lock(&store->mutex);
	if (file->fd < 0)
		ret = pack_open(store, file, err);
	if (!ret) {
		file->users++;
		file->used = ++store->clock;
		*fd = file->fd;
	}
	pthread_mutex_unlock(&store->mutex);
	return ret;
}

void mv_pack_done(struct mv_store *store, struct mv_pack_file *file)
{
	pthread_mutex_lock(&store->mutex);
	file->users--;
	pthread_mutex_unlock(&store->mutex);
}

/* -- the set of indexes -- */

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

struct listing {
	struct mv_store *store;
	struct mv_snapshot *fresh;
	size_t alloc;
	int vanished;		/* merged away between readdir and open */
};

static struct mv_index *known_index(struct mv_store *store, const char *path)
{
	struct mv_snapshot *s = store->snapshot;

	for (size_t i = 0; s && i < s->count; i++)
		if (!strcmp(s->index[i]->path, path))
			return s->index[i];
	return NULL;
}

static int index_add_files(struct mv_store *store, struct mv_index *x,
			   struct mv_err *err)
{
	for (uint32_t i = 0; i < x->packs; i++) {
		int ret = file_get(&x->files[i], store, &x->pack_ids[i], err);

		if (ret)
			return ret;
	}
	return 0;
}

static int list_one(void *payload, const char *name, struct mv_err *err)
{
	struct listing *l = payload;
	size_t len = strlen(name);
	struct mv_index *x;
	char *path;
	int ret = 0;

	if (len < 5 || strcmp(name + len - 4, ".idx"))
		return 0;
	if (l->fresh->count == l->alloc) {
		size_t alloc = l->alloc ? 2 * l->alloc : 16;
		struct mv_index **list = realloc(l->fresh->index,
						 alloc * sizeof(*list));

		if (!list)
			return mv_nomem(err);
		l->fresh->index = list;
		l->alloc = alloc;
	}
	path = mv_path_join(l->store->index_dir, name);
	if (!path)
		return mv_nomem(err);
	x = known_index(l->store, path);
	if (x) {
		x->refs++;
	} else {
		ret = mv_index_open(&x, path, err);
		if (!ret) {
			ret = index_add_files(l->store, x, err);
			if (ret)
				mv_index_free(x);
		}
	}
	free(path);
	if (ret == MV_ENOENT) {
		l->vanished = 1;
		return 0;
	}
	if (ret == MV_ECORRUPT)		/* the rest still works; fsck says */
		return 0;
	if (!ret)
		l->fresh->index[l->fresh->count++] = x;
	return ret;
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
	int ret;

	l->vanished = 0;
	l->alloc = 0;
	l->fresh = calloc(1, sizeof(*l->fresh));
	if (!l->fresh)
		return mv_nomem(err);
	l->fresh->refs = 1;
	ret = mv_each_entry(l->store->index_dir, list_one, l, err);
	if (ret) {
		snapshot_unref(l->fresh);
		return ret;
	}
	if (l->fresh->count)
		qsort(l->fresh->index, l->fresh->count,
		      sizeof(*l->fresh->index), by_size);
	return 0;
}

static int refresh_locked(struct mv_store *store, int *changed,
			  struct mv_err *err)
{
	struct listing l = { store, NULL, 0, 0 };
	struct stat st = { 0 };
	struct timespec now;
	int ret;

	clock_gettime(CLOCK_REALTIME, &now);
	if (stat(store->index_dir, &st) < 0 && errno != ENOENT)
		return mv_fail_errno(err, errno, "cannot read '%s'",
				     store->index_dir);
	/* A folder changed in the last second may change again unseen. */
	if (store->snapshot &&
	    !memcmp(&st.st_mtim, &store->index_mtime, sizeof(st.st_mtim)) &&
	    now.tv_sec - st.st_mtim.tv_sec > 1)
		return 0;
	for (int tries = 0; tries < 16; tries++) {
		ret = list_indexes(&l, err);
		if (ret)
			return ret;
		if (!l.vanished)
			break;
		snapshot_unref(l.fresh);
		l.fresh = NULL;
	}
	if (!l.fresh)
		return mv_fail(err, MV_EBUSY,
			       "the indexes in '%s' keep changing; try again",
			       store->index_dir);
	if (changed)
		*changed = !store->snapshot ||
			   store->snapshot->count != l.fresh->count ||
			   (l.fresh->count &&
			    memcmp(store->snapshot->index, l.fresh->index,
				   l.fresh->count * sizeof(*l.fresh->index)));
	snapshot_unref(store->snapshot);
	store->snapshot = l.fresh;
	store->index_mtime = st.st_mtim;
	return 0;
}

int mv_store_refresh(struct mv_store *store, int *changed, struct mv_err *err)
{
	int ret;

	if (changed)
		*changed = 0;
	pthread_mutex_lock(&store->mutex);
	ret = refresh_locked(store, changed, err);
	pthread_mutex_unlock(&store->mutex);
	return ret;
}

/* -- scratch -- */

int mv_scratch_get(struct mv_scratch **out, struct mv_store *store,
		   struct mv_err *err)
{
	struct mv_scratch *s;

	pthread_mutex_lock(&store->mutex);
	s = store->scratch;
	if (s)
		store->scratch = s->next;
	pthread_mutex_unlock(&store->mutex);
	if (s) {
		*out = s;
		return 0;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return mv_nomem(err);
	s->stored = malloc(MV_CHUNK_MAX);
	s->raw = malloc(STORE_SEGMENT_ROOM);
	s->out = malloc(STORE_OUT_SIZE);
	if (!s->stored || !s->raw || !s->out) {
		scratch_free(s);
		return mv_nomem(err);
	}
	if (mv_hasher_new(&s->hasher, MV_HASH_SHA256, err)) {
		scratch_free(s);
		return MV_ENOMEM;
	}
	*out = s;
	return 0;
}

void mv_scratch_put(struct mv_store *store, struct mv_scratch *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&store->mutex);
	s->next = store->scratch;
	store->scratch = s;
	pthread_mutex_unlock(&store->mutex);
}

int mv_scratch_encoder(struct mv_scratch *s, struct mv_err *err)
{
	return s->encoder ? 0 : mv_encoder_new(&s->encoder, err);
}

int mv_scratch_decoder(struct mv_scratch *s, struct mv_err *err)
{
	return s->decoder ? 0 : mv_decoder_new(&s->decoder, err);
}

/* -- figures -- */

static int count_entry(void *payload, const char *name, struct mv_err *err)
{
	(void)name;
	(void)err;
	(*(uint64_t *)payload)++;
	return 0;
}

int mv_store_stats(struct mv_store *store, struct mv_store_stats *out,
		   struct mv_err *err)
{
	struct mv_snapshot *s;
	struct stat st;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = mv_store_refresh(store, NULL, err);
	if (ret)
		return ret;
	ret = mv_store_snapshot(&s, store, err);
	if (ret)
		return ret;
	for (size_t i = 0; i < s->count; i++) {
		out->indexes++;
		out->index_bytes += s->index[i]->map.len;
		out->chunks += s->index[i]->count[MV_INDEX_CHUNKS];
		out->contents += s->index[i]->count[MV_INDEX_CONTENTS];
	}
	mv_snapshot_release(store, s);
	pthread_mutex_lock(&store->mutex);
	for (size_t i = 0; i < store->file_count; i++)
		if (!stat(store->files[i]->path, &st)) {
			out->packs++;
			out->pack_bytes += (uint64_t)st.st_size;
		}
	pthread_mutex_unlock(&store->mutex);
	ret = mv_each_entry(store->tmp_dir, count_entry, &out->temporary, err);
	return ret == MV_ENOENT ? 0 : ret;
}
