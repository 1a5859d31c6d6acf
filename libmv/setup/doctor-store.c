/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "libmv/base/config.h"
#include "libmv/git/config.h"
#include "libmv/remote/remote.h"
#include "libmv/repo/repo.h"
#include "libmv/setup/priv.h"
#include "libmv/store/store.h"
#include "libmv/transfer/transfer.h"

/* Where content is: the store here, and the stores of the remotes. */
#define SPACE_LOW ((uint64_t)1 << 30)
#define SPACE_NONE ((uint64_t)64 << 20)

/* -- the store ------------------------------------------------------------ */

static void check_space(const struct checks *c, const char *dir)
{
	struct statvfs fs;
	char text[32];
	uint64_t free_bytes;

	if (statvfs(dir, &fs)) {
		say(c, MV_DOCTOR_WARN, "store", NULL, "how much room is left "
		    "at '%s' cannot be told: %s", dir, strerror(errno));
		return;
	}
	free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (free_bytes < SPACE_LOW)
		say(c, free_bytes < SPACE_NONE ? MV_DOCTOR_BAD :
		    MV_DOCTOR_WARN, "store", "git model gc, or make room",
		    "only %s are free at '%s'",
		    mv_print_size(text, free_bytes), dir);
}

static void check_lock(const struct checks *c, const char *dir)
{
	struct mv_lock lock = MV_LOCK_INIT;
	char *path = mv_path_join(dir, "lock");
	struct mv_err err;
	int rc = path ? mv_lock_take(&lock, path, MV_LOCK_SHARED, 1000, &err) :
			MV_ENOMEM;

	if (rc == MV_EBUSY)
		say(c, MV_DOCTOR_WARN, "store", "wait for it", "somebody "
		    "cleans or repairs it just now ('%s')", path);
	else if (rc)
		say(c, MV_DOCTOR_BAD, "store", "give yourself the right to "
		    "write there", "%s", path ? err.msg : "out of memory");
	mv_lock_drop(&lock);
	free(path);
}

/* Programs that copy files only leave out folders without any. */
static void check_folders(const struct checks *c, const char *dir)
{
	static const char *const names[] = { "packs", "index", "tmp" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char *path = mv_path_join(dir, names[i]);

		if (path && access(path, F_OK) && errno == ENOENT)
			say(c, MV_DOCTOR_WARN, "store", "nothing, the next add "
			    "or push makes it", "the folder '%s' is missing",
			    path);
		free(path);
	}
}

static void say_hurt(const struct checks *c, uint64_t count, const char *what,
		     const char *packs)
{
	if (count)
		say(c, MV_DOCTOR_BAD, "store", "git model fsck --repair, then "
		    "git model fetch --all", "%llu %s of it %s %s in '%s'",
		    (unsigned long long)count, count == 1 ? "pack" : "packs",
		    count == 1 ? "is" : "are", what, packs);
}

static void check_store_files(const struct checks *c, struct mv_store *store)
{
	const char *dir = mv_store_dir(store);
	char *packs = mv_path_join(dir, "packs");
	struct mv_store_stats stats;
	struct mv_err err;
	char text[32];

	if (access(dir, W_OK) || (packs && access(packs, W_OK)))
		say(c, MV_DOCTOR_BAD, "store", "give yourself the right to "
		    "write there", "'%s' cannot be written", dir);
	if (mv_store_stats(store, &stats, &err)) {
		say(c, MV_DOCTOR_BAD, "store", "git model fsck --repair",
		    "%s", err.msg);
	} else {
		/* How many contents they are, only reading them would tell. */
		say(c, MV_DOCTOR_OK, "store", NULL, "%llu %s in %s at "
		    "'%s'", (unsigned long long)stats.chunks,
		    stats.chunks == 1 ? "chunk" : "chunks",
		    mv_print_size(text, stats.pack_bytes + stats.index_bytes),
		    dir);
		say_hurt(c, stats.gone, "missing", packs ? packs : dir);
		say_hurt(c, stats.cut, "cut short or lengthened",
			 packs ? packs : dir);
		if (stats.temporary)
			say(c, MV_DOCTOR_WARN, "store", "git model gc",
			    "%llu temporary %s left by killed processes",
			    (unsigned long long)stats.temporary,
			    stats.temporary == 1 ? "file" : "files");
	}
	check_folders(c, dir);
	free(packs);
}

void mv_setup_doctor_store(const struct checks *c)
{
	struct mv_store *store;
	struct mv_err err;
	int rc = mv_repo_store_if_any(&store, c->repo, &err);

	if (rc == MV_ENOENT) {
		say(c, MV_DOCTOR_OK, "store", NULL, "none yet; the first add "
		    "makes it");
		check_space(c, c->repo->info->common_dir);
		return;
	}
	if (rc) {
		say(c, MV_DOCTOR_BAD, "store", rc == MV_ENOTSUP ?
		    "git model fsck --upgrade, if it is an older one" :
		    "git model fsck --repair, if it is damaged", "%s",
		    err.msg);
		return;
	}
	check_lock(c, mv_store_dir(store));
	check_store_files(c, store);
	check_space(c, mv_store_dir(store));
}

/* -- the remote ----------------------------------------------------------- */

static void check_remote(const struct checks *c)
{
	struct mv_store_options options = { 0 };
	struct mv_remote *remote = NULL;
	struct mv_err err;
	char *url = NULL;
	int rc = mv_transfer_remote_url(&url, c->repo, NULL, &err);

	if (rc == MV_ENOENT && mv_setup_doctor_is_bare(c) &&
	    !mv_setup_doctor_has_remote(c)) {
		say(c, MV_DOCTOR_OK, "remote", NULL, "none; content is brought "
		    "by pushes");
		return;
	}
	if (rc) {
		say(c, rc == MV_ENOENT ? MV_DOCTOR_WARN : MV_DOCTOR_BAD,
		    "remote", "git model remote add NAME PATH", "content is "
		    "nowhere but here: %s", err.msg);
		return;
	}
	options.pool = mv_repo_pool(c->repo, &err);
	rc = options.pool ? mv_remote_open(&remote, url, MV_REMOTE_READ,
					   &options,
					     &err) :
			    MV_ENOMEM;
	if (!rc)
		say(c, MV_DOCTOR_OK, "remote", NULL, "'%s'", url);
	else if (rc == MV_ENOENT)
		say(c, MV_DOCTOR_OK, "remote", NULL, "'%s' (nothing there "
		    "yet)", url);
	else
		say(c, MV_DOCTOR_BAD, "remote", "git model remote", "it does "
		    "not answer: %s", err.msg);
	mv_remote_close(remote);
	free(url);
}

/* Do colleagues get what they see there? */
static int check_gaps(void *payload, const char *key, const char *value,
		      struct mv_err *err)
{
	const struct checks *c = payload;
	const char *dot = strrchr(key, '.');
	struct mv_push_gaps gaps;
	struct mv_err why;
	char *name, *mend;

	(void)value;
	if (strncmp(key, "remote.", 7) || !dot || strcmp(dot, ".url") ||
	    dot <= key + 7)
		return 0;
	name = strndup(key + 7, (size_t)(dot - key) - 7);
	mend = name ? mv_strf("git model push --all %s", name) : NULL;
	if (!mend) {
		free(name);
		return mv_nomem(err);
	}
	if (mv_transfer_push_gaps(&gaps, c->repo, name, &why)) {
		if (why.code != MV_ENOENT)
			say(c, MV_DOCTOR_WARN, "remote", NULL, "whether what "
			    "'%s' has is in its store cannot be told: %s", name,
			    why.msg);
	} else {
		if (gaps.here)
			say(c, MV_DOCTOR_BAD, "remote", mend,
			    "%zu content%s of "
			    "what '%s' has %s not in its store", gaps.here,
			    gaps.here == 1 ? "" : "s", name,
			    gaps.here == 1 ? "is" : "are");
		if (gaps.nowhere)
			say(c, MV_DOCTOR_WARN, "remote", "git model push from "
			    "where they are", "%zu content%s of what '%s' has "
			    "%s neither in its store nor here", gaps.nowhere,
			    gaps.nowhere == 1 ? "" : "s", name,
			    gaps.nowhere == 1 ? "is" : "are");
	}
	free(mend);
	free(name);
	return 0;
}

void mv_setup_doctor_remotes(struct checks *c)
{
	check_remote(c);
	/* What it cannot read, mv_setup_doctor() has said already. */
	(void)mv_git_config_each(mv_repo_git(c->repo), check_gaps, c, NULL);
}
