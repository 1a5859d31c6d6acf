/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libmv/git/config.h"
#include "libmv/meta/ledger.h"
#include "libmv/remote/remote.h"
#include "libmv/repo/clients.h"
#include "libmv/repo/repo.h"
#include "libmv/store/pointer.h"
#include "libmv/store/store.h"
#include "libmv/store/tx.h"
#include "libmv/transfer/priv.h"

/*
 * Uploading. What a remote has is asked of its store and of nobody else: refs
 * say what git brought there, which may have been without us, to another
 * repository of that name, or before the store was lost. So each push looks at
 * all that it reaches, and brings what earlier ones left behind.
 */

/* -- one place to upload to ----------------------------------------------- */

struct upload {
	struct mv_repo *repo;
	struct mv_destination place;
	struct mv_remote *remote;
	const struct mv_wanted_list *w;
	size_t n;		/* natives, in front of the list */
	struct mv_oid *oids;	/* of all of them */
	uint8_t *has;		/* does the remote have it? */
	struct mv_oid *up;	/* to be sent */
	size_t up_count;
	size_t *gap;		/* neither here nor there: places in the list */
	size_t gap_count;
};

static void upload_release(struct upload *u)
{
	mv_remote_close(u->remote);	/* NULL is fine */
	mv_transfer_destination_release(&u->place);
	free(u->oids);
	free(u->has);
	free(u->up);
	free(u->gap);
}

/* Is it where the repository keeps what is its own? */
static int is_inside(const struct mv_destination *place)
{
	char *own = place->git_dir ? mv_path_join(place->git_dir, "model") :
				     NULL;
	int yes = own && !strcmp(own, place->store);

	free(own);
	return yes;
}

/*
 * A store is made where git's own objects arrive just now, and nowhere else: a
 * folder that is empty may be the mount point of a disk that is away.
 */
static int may_make(int *may, const struct mv_destination *place,
		    struct mv_err *err)
{
	int seen = 0, rc = 0;

	*may = is_inside(place);
	if (*may) {
		/* A mount point or a link, and its disk is away? */
		rc = mv_repo_store_is_away(&seen, place->git_dir, place->store,
					   err);
		*may = !seen;
	} else if (place->git_dir) {
		/* model.store of that repository: once, at the first push. */
		rc = mv_repo_store_was_seen(&seen, place->git_dir, place->store,
					    err);
		*may = !seen;
	}
	return rc;
}

static int not_there(const struct mv_destination *place, struct mv_err *err)
{
	if (place->git_dir)
		return mv_fail(err, MV_EDENIED, "the store '%s' of '%s' was "
			       "there before and is not now: is its disk "
			       "mounted? If it is gone for good, remove "
			       "'%s/" MV_STORE_SEEN "'", place->store,
			       place->git_dir, place->git_dir);
	return mv_fail(err, MV_EDENIED,
		       "there is no store at '%s': is its disk "
		       "mounted? `git model remote add` makes one",
		       place->store);
}

static int same_folder(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/*
 * On whose behalf is this written? On that of the git repository that is pushed
 * to, where it is on this machine; else on ours. "": it is the store's own.
 */
static int find_owner(char *owner, const struct upload *u, const char *name,
		      const char *url, struct mv_err *err)
{
	char *pushed = NULL;
	const char *whose = u->place.git_dir;
	int rc = 0;

	*owner = '\0';
	if (u->place.configured) {
		rc = mv_transfer_pushed_dir(&pushed, u->repo, name, url, err);
		whose = pushed ? pushed : u->repo->info->common_dir;
	}
	if (!rc && !(u->place.git_dir && is_inside(&u->place) &&
		     same_folder(whose, u->place.git_dir)))
		rc = mv_repo_client_name(owner, whose, err);
	free(pushed);
	return rc;
}

static int upload_open(struct upload *u, const char *name, const char *url,
		       struct mv_err *err)
{
	struct mv_store_options options = { .progress = u->repo->progress };
	char owner[MV_OWNER_HEX + 1];
	int make = 0, rc;

	rc = mv_transfer_destination(&u->place, u->repo, name, url, err);
	if (!rc)
		rc = may_make(&make, &u->place, err);
	if (!rc)
		rc = find_owner(owner, u, name, url, err);
	if (rc)
		return rc;
	options.owner = *owner ? owner : NULL;
	options.pool = mv_repo_pool(u->repo, err);
	if (!options.pool)
		return err ? (int)err->code : MV_ENOMEM;
	if (make)
		rc = mv_repo_share_of(&options.share, u->repo,
				      u->place.git_dir, err);
	if (rc)
		return rc;
	rc = mv_remote_open(&u->remote, u->place.store,
			    make ? MV_REMOTE_MAKE : MV_REMOTE_WRITE, &options,
			    err);
	if (rc == MV_ENOENT && !make)
		return not_there(&u->place, err);
	if (!rc && u->place.git_dir && !is_inside(&u->place))
		rc = mv_repo_store_note_seen(u->place.git_dir, u->place.store,
					     err);
	if (!rc && u->place.git_dir && is_inside(&u->place))
		rc = mv_repo_store_note_apart(u->place.git_dir, u->place.store,
					      err);
	/* Its pointers count from now on, for whoever cleans that store. */
	if (!rc && u->place.git_dir && !is_inside(&u->place))
		rc = mv_repo_client_register(u->place.store, u->place.git_dir,
					     err);
	return rc;
}

/* Ask the store for all of them. */
static int upload_ask(struct upload *u, const struct mv_wanted_list *w,
		      struct mv_err *err)
{
	u->w = w;
	u->n = mv_transfer_wanted_natives(w);
	u->oids = calloc(u->n + 1, sizeof(*u->oids));
	u->up = calloc(u->n + 1, sizeof(*u->up));
	u->has = calloc(u->n + 1, 1);
	u->gap = calloc(u->n + 1, sizeof(*u->gap));
	if (!u->oids || !u->up || !u->has || !u->gap)
		return mv_nomem(err);
	for (size_t i = 0; i < u->n; i++)
		u->oids[i] = w->p[i].oid;
	return u->remote ? mv_remote_has(u->remote, u->oids, u->n, u->has, err)
			 : 0;
}

/* What is there for somebody else must not go with them: so say that it is
   needed, and ask again whether it is still there. */
static int upload_claim(struct upload *u, const struct mv_wanted_list *w,
			struct mv_err *err)
{
	int rc = upload_ask(u, w, err);

	if (!rc)
		rc = mv_remote_keep(u->remote, u->oids, u->n, err);
	return rc ? rc : mv_remote_has(u->remote, u->oids, u->n, u->has, err);
}

/* What it has not: is it here? */
static int upload_choose(struct upload *u, struct mv_transfer_stats *stats,
			 struct mv_err *err)
{
	for (size_t i = 0; i < u->n; i++) {
		int rc;

		if (u->has[i]) {
			stats->skipped++;
			continue;
		}
		rc = mv_repo_has(u->repo, &u->w->p[i], err);
		if (rc && rc != MV_ENOENT && rc != MV_ECORRUPT)
			return rc;
		if (rc)
			u->gap[u->gap_count++] = i;
		else
			u->up[u->up_count++] = u->oids[i];
	}
	return 0;
}

/* Contents may come from borrowed stores: bring them into ours first. */
static int push_gather(struct mv_store **out, struct mv_repo *repo,
		       const struct mv_oid *oids, size_t count, struct mv_err *err)
{
	struct mv_tx *tx = NULL;
	int rc = mv_repo_store(out, repo, err);

	for (size_t i = 0; !rc && i < repo->alternate_count; i++) {
		rc = mv_tx_begin(&tx, *out, err);
		if (!rc)
			rc = mv_tx_copy(tx, repo->alternates[i], oids, count,
					NULL, err);
		if (rc)
			mv_tx_abort(tx);
		else
			rc = mv_tx_commit(tx, NULL, err);
	}
	return rc;
}

static int upload_send(struct upload *u, struct mv_transfer_stats *stats,
		       struct mv_err *err)
{
	struct mv_tx_stats sent = { 0 };
	struct mv_store *store;
	int rc;

	if (!u->up_count)
		return 0;
	rc = push_gather(&store, u->repo, u->up, u->up_count, err);
	if (!rc)
		rc = mv_remote_push(u->remote, store, u->up, u->up_count,
				    &sent, err);
	if (!rc) {
		stats->contents += u->up_count;
		mv_tx_stats_add(&stats->tx, &sent);
	}
	return rc;
}

/* Another remote may have it: a mirror is made of nothing else. */
static int fetch_gaps(struct upload *u, struct mv_err *err)
{
	struct mv_pointer *p = calloc(u->gap_count + 1, sizeof(*p));
	uint8_t *present = calloc(u->gap_count + 1, 1);
	size_t kept = 0;
	int rc = p && present ? 0 : mv_nomem(err);

	for (size_t i = 0; !rc && i < u->gap_count; i++)
		p[i] = u->w->p[u->gap[i]];
	if (!rc)
		rc = mv_transfer_need(u->repo, p, u->gap_count, present, err);
	for (size_t i = 0; !rc && i < u->gap_count; i++) {
		if (present[i])
			u->up[u->up_count++] = p[i].oid;
		else
			u->gap[kept++] = u->gap[i];
	}
	if (!rc)
		u->gap_count = kept;
	free(present);
	free(p);
	return rc;
}

/* -- git model push: what can be had -------------------------------------- */

/* What is nowhere does not keep the rest from its place. */
static int push_what_is_here(struct mv_repo *repo, const char *name,
			     const char *url, const struct mv_wanted_list *w,
			     struct mv_transfer_stats *stats,
			     struct mv_err *err)
{
	struct upload u = { .repo = repo };
	char hex[MV_OID_HEX + 1];
	int rc;

	if (!mv_transfer_wanted_natives(w))
		return 0;
	rc = upload_open(&u, name, url, err);
	if (!rc)
		rc = upload_claim(&u, w, err);
	if (!rc)
		rc = upload_choose(&u, stats, err);
	if (!rc && u.gap_count)
		rc = fetch_gaps(&u, err);
	if (!rc)
		rc = upload_send(&u, stats, err);
	if (!rc && u.gap_count) {
		stats->missing += u.gap_count;
		mv_repo_warn(repo, "%zu content%s neither here nor at the "
			     "remote, the first is %s; `git model fetch` from "
			     "where %s, and push again", u.gap_count,
			     u.gap_count == 1 ? " is" : "s are",
			     mv_oid_hex(hex, &w->p[u.gap[0]].oid),
			     u.gap_count == 1 ? "it is" : "they are");
	}
	upload_release(&u);
	return rc;
}

static int push_to(struct mv_repo *repo, const char *name, const char *url,
		   const char *const *revs, struct mv_transfer_stats *stats,
		   struct mv_err *err)
{
	struct mv_wanted_list w = { NULL, 0, 0 };
	int rc = mv_transfer_bring(repo, url, revs, err);

	if (!rc)
		rc = mv_transfer_wanted_find(&w, repo, revs, err);
	if (!rc)
		rc = push_what_is_here(repo, name, url, &w, stats, err);
	if (!rc)
		rc = mv_transfer_lfs_push(repo, name, url, &w,
					  mv_transfer_wanted_natives(&w), NULL, NULL,
					  stats, err);
	free(w.p);
	if (!rc)
		mv_transfer_push_attached(repo, name, url, NULL, stats);
	return rc;
}

int mv_transfer_push(struct mv_repo *repo, const char *remote,
		     const char *const *revs, struct mv_transfer_stats *stats,
		     struct mv_err *err)
{
	char *urls = NULL, *save = NULL, *url;
	int rc;

	memset(stats, 0, sizeof(*stats));
	rc = mv_transfer_push_urls(&urls, repo, remote, err);
	if (!rc && !urls)
		rc = push_to(repo, remote, NULL, revs, stats, err);
	for (url = urls ? strtok_r(urls, "\n", &save) : NULL; !rc && url;
	     url = strtok_r(NULL, "\n", &save))
		rc = push_to(repo, remote, url, revs, stats, err);
	free(urls);
	return rc;
}

/* -- a push that git makes ------------------------------------------------ */

/*
 * Is there anything of ours in this repository? A bare one has no store before
 * something was fetched; somebody has put our hook there for a reason. Objects
 * of Git LFS are ours to bring where the remote is a path. What cannot be
 * found out here is an error further on.
 */
static int push_is_ours(struct mv_repo *repo, const struct mv_push_refs *refs)
{
	struct mv_store *store;
	struct mv_err err;
	int lfs;

	return !repo->info->work_tree ||
	       mv_repo_store_if_any(&store, repo, NULL) != MV_ENOENT ||
	       mv_transfer_lfs_has_dir(&lfs, repo, refs->remote, refs->url,
				       &err) || lfs;
}

/*
 * All that the pushed refs reach. History that is damaged somewhere far back
 * is no reason to refuse: then what is new must do.
 */
static int find_reached(struct mv_wanted_list *w, struct mv_repo *repo,
			const struct mv_push_refs *refs, struct mv_err *err)
{
	struct mv_err why;

	if (!push_is_ours(repo, refs))
		return mv_transfer_wanted_find(w, repo, refs->newer, err);
	if (!mv_transfer_wanted_find(w, repo, refs->pushed, &why))
		return 0;
	mv_repo_warn(repo, "whether older contents are at the remote was not "
		     "looked at: %s", why.msg);
	w->count = 0;
	return mv_transfer_wanted_find(w, repo, refs->newer, err);
}

/* What is pushed and was never there. */
static int find_news(struct mv_wanted_list *w, struct mv_repo *repo,
		     const struct mv_push_refs *refs, struct mv_err *err)
{
	struct mv_transfer_news news;
	int rc = mv_transfer_news(&news, repo, refs, err);

	if (!rc)
		rc = mv_transfer_wanted_find(w, repo, news.args, err);
	mv_transfer_news_release(&news);
	return rc;
}

static int push_by_oid(const void *a, const void *b)
{
	return mv_oid_cmp(a, b);
}

/* Of the gaps, those that the remote's repository does not have already. */
static int drop_old_gaps(struct upload *u, const struct mv_push_refs *refs,
			 struct mv_err *err)
{
	struct mv_wanted_list w = { NULL, 0, 0 };
	struct mv_oid *news;
	size_t n, kept = 0;
	int rc = refs->known ? find_news(&w, u->repo, refs, err) : 0;

	n = mv_transfer_wanted_natives(&w);
	news = calloc(n + 1, sizeof(*news));
	if (!rc && !news)
		rc = mv_nomem(err);
	for (size_t i = 0; !rc && i < n; i++)
		news[i] = w.p[i].oid;
	for (size_t i = 0; !rc && i < u->gap_count; i++)
		if (n && bsearch(&u->oids[u->gap[i]], news, n, sizeof(*news),
				 push_by_oid))
			u->gap[kept++] = u->gap[i];
	if (!rc)
		u->gap_count = kept;
	free(news);
	free(w.p);
	return rc;
}

/* What the push brings must be there afterwards. */
static int close_gaps(struct upload *u, const struct mv_push_refs *refs,
		      struct mv_transfer_stats *stats, struct mv_err *err)
{
	char hex[MV_OID_HEX + 1];
	int allow = 0, rc;

	if (!u->gap_count)
		return 0;
	rc = mv_git_config_bool(&allow, u->repo->git,
				"model.allowincompletepush", 0, err);
	/* Who allows gaps has old ones on purpose; others have them mended. */
	if (!rc && !allow)
		rc = fetch_gaps(u, err);
	if (!rc && u->gap_count)
		rc = drop_old_gaps(u, refs, err);
	if (!rc && u->gap_count && allow)
		rc = fetch_gaps(u, err);
	if (rc || !u->gap_count)
		return rc;
	stats->missing += u->gap_count;
	if (allow)
		return 0;
	return mv_fail(err, MV_ENOENT, "%zu content%s neither here nor at the "
		       "remote, the first is %s; 'git model fetch' from where "
		       "%s, or set model.allowIncompletePush", u->gap_count,
		       u->gap_count == 1 ? " is" : "s are",
		       mv_oid_hex(hex, &u->oids[u->gap[0]]),
		       u->gap_count == 1 ? "it is" : "they are");
}

/*
 * There is no place, or it does not answer. That matters where something new
 * comes along; what is there already got there some other way.
 */
static int without_place(struct mv_repo *repo, const struct mv_push_refs *refs,
			 int why, struct mv_err *err)
{
	struct mv_wanted_list w = { NULL, 0, 0 };
	struct mv_err local;
	int rc = mv_transfer_wanted_find(&w, repo, refs->newer, &local);

	if (rc)
		*err = local;
	else if (mv_transfer_wanted_natives(&w))
		rc = why;
	else if (why != MV_ENOENT)
		mv_repo_warn(repo, "whether older contents are at the remote "
			     "could not be asked: %s", err->msg);
	free(w.p);
	return rc;
}

static int push_natives(struct mv_repo *repo, const struct mv_push_refs *refs,
			const struct mv_wanted_list *w,
			struct mv_transfer_stats *stats, struct mv_err *err)
{
	struct upload u = { .repo = repo };
	int rc;

	if (!mv_transfer_wanted_natives(w))
		return 0;
	rc = upload_open(&u, refs->remote, refs->url, err);
	if (!rc)
		rc = upload_claim(&u, w, err);
	if (rc) {
		upload_release(&u);
		return without_place(repo, refs, rc, err);
	}
	rc = upload_choose(&u, stats, err);
	if (!rc)
		rc = close_gaps(&u, refs, stats, err);
	if (!rc)
		rc = upload_send(&u, stats, err);
	upload_release(&u);
	return rc;
}

/* -- the same for Git LFS, where the remote is a path --------------------- */

static int by_pointed(const void *a, const void *b)
{
	const struct mv_pointer *x = a, *y = b;

	return mv_oid_cmp(&x->oid, &y->oid);
}

/* Of what is missing, leave what the push itself brings. */
static int keep_news(struct mv_wanted_list *absent, struct mv_repo *repo,
		     const struct mv_push_refs *refs, struct mv_err *err)
{
	struct mv_wanted_list w = { NULL, 0, 0 };
	size_t natives, kept = 0;
	int rc = refs->known ? find_news(&w, repo, refs, err) : 0;

	natives = mv_transfer_wanted_natives(&w);
	for (size_t i = 0; !rc && i < absent->count; i++)
		if (w.count > natives &&
		    bsearch(&absent->p[i], w.p + natives, w.count - natives,
			    sizeof(*w.p), by_pointed))
			absent->p[kept++] = absent->p[i];
	if (!rc)
		absent->count = kept;
	free(w.p);
	return rc;
}

static int push_found(struct mv_repo *repo, const struct mv_push_refs *refs,
		      struct mv_wanted_list *absent,
		      struct mv_transfer_stats *stats, struct mv_err *err)
{
	uint8_t *present = calloc(absent->count + 1, 1);
	struct mv_wanted_list found = { NULL, 0, 0 };
	size_t kept = 0;
	int rc = present ? 0 : mv_nomem(err);

	if (!rc)
		rc = mv_transfer_need(repo, absent->p, absent->count, present,
				      err);
	for (size_t i = 0; !rc && i < absent->count; i++) {
		if (present[i])
			rc = mv_transfer_wanted_add(&found, &absent->p[i], err);
		else
			absent->p[kept++] = absent->p[i];
	}
	if (!rc)
		absent->count = kept;
	if (!rc)
		rc = mv_transfer_lfs_push(repo, refs->remote, refs->url, &found,
					  0,
					  NULL, NULL, stats, err);
	free(found.p);
	free(present);
	return rc;
}

static int push_lfs(struct mv_repo *repo, const struct mv_push_refs *refs,
		    const struct mv_wanted_list *w,
		    struct mv_transfer_stats *stats, struct mv_err *err)
{
	struct mv_wanted_list absent = { NULL, 0, 0 };
	char hex[MV_OID_HEX + 1];
	int lenient = 0;
	int rc = mv_transfer_lfs_push(repo, refs->remote, refs->url, w,
				      mv_transfer_wanted_natives(w), refs->newer, &absent,
				      stats, err);

	if (!rc && absent.count)
		rc = keep_news(&absent, repo, refs, err);
	if (!rc && absent.count)
		rc = push_found(repo, refs, &absent, stats, err);
	stats->missing += absent.count;
	if (!rc && absent.count)
		rc = mv_transfer_lfs_may_lack(&lenient, repo, err);
	if (!rc && absent.count && !lenient)
		rc = mv_fail(err, MV_ENOENT,
			     "%zu Git LFS object%s neither here "
			     "nor at the remote, the first is %s; 'git model "
			     "fetch' from where %s, or set "
			     "model.allowIncompletePush", absent.count,
			     absent.count == 1 ? " is" : "s are",
			     mv_oid_hex(hex, &absent.p[0].oid),
			     absent.count == 1 ? "it is" : "they are");
	free(absent.p);
	return rc;
}

int mv_transfer_push_refs(struct mv_repo *repo, const struct mv_push_refs *refs,
			  struct mv_transfer_stats *stats, struct mv_err *err)
{
	struct mv_wanted_list w = { NULL, 0, 0 };
	struct mv_err local;
	int rc;

	if (!err)
		err = &local;
	rc = find_reached(&w, repo, refs, err);
	if (!rc)
		rc = push_natives(repo, refs, &w, stats, err);
	if (!rc)
		rc = push_lfs(repo, refs, &w, stats, err);
	free(w.p);
	return rc;
}

/* -- what earlier pushes have left ---------------------------------------- */

/* Only looks: a store that is not there has nothing. */
static int ask_only(struct upload *u, const char *name,
		    const struct mv_wanted_list *w, struct mv_err *err)
{
	struct mv_store_options options = { 0 };
	int rc = mv_transfer_destination(&u->place, u->repo, name, NULL, err);

	if (rc)
		return rc;
	options.pool = mv_repo_pool(u->repo, err);
	if (!options.pool)
		return err ? (int)err->code : MV_ENOMEM;
	rc = mv_remote_open(&u->remote, u->place.store, MV_REMOTE_READ,
			    &options, err);
	if (rc && rc != MV_ENOENT)
		return rc;
	return upload_ask(u, w, err);
}

int mv_transfer_push_gaps(struct mv_push_gaps *out, struct mv_repo *repo,
			  const char *name, struct mv_err *err)
{
	char *remotes = mv_strf("--remotes=%s", name);
	const char *args[] = { "--ignore-missing", remotes, NULL };
	struct mv_transfer_stats stats = { 0 };
	struct mv_wanted_list w = { NULL, 0, 0 };
	struct upload u = { .repo = repo };
	int rc = remotes ? 0 : mv_nomem(err);

	memset(out, 0, sizeof(*out));
	if (!rc && strpbrk(name, "*?[\\"))
		goto out;	/* a pattern, to git */
	if (!rc)
		rc = mv_transfer_wanted_find(&w, repo, args, err);
	if (rc || !mv_transfer_wanted_natives(&w))
		goto out;
	rc = ask_only(&u, name, &w, err);
	if (!rc)
		rc = upload_choose(&u, &stats, err);
	if (!rc) {
		out->here = u.up_count;
		out->nowhere = u.gap_count;
	}
out:
	upload_release(&u);
	free(w.p);
	free(remotes);
	return rc;
}

/* -- what records have attached ------------------------------------------- */

static int want_attached(void *payload, const char *role,
			 const struct mv_pointer *pointer, struct mv_err *err)
{
	(void)role;
	return mv_transfer_wanted_add(payload, pointer, err);
}

/*
 * Curves and lists that are missing make a record poorer, not wrong, and may
 * be somebody else's: nobody is kept from pushing for them.
 */
void mv_transfer_push_attached(struct mv_repo *repo, const char *remote,
			       const char *url, const char *since,
			       struct mv_transfer_stats *stats)
{
	struct mv_transfer_stats own = { 0 };
	struct mv_wanted_list w = { NULL, 0, 0 };
	struct upload u = { .repo = repo };
	struct mv_err why;
	int rc;

	rc = mv_repo_each_attached(repo->git, MV_NOTES_REF, since,
				   want_attached, &w, &why);
	mv_transfer_wanted_settle(&w);
	if (!rc && w.count) {
		rc = upload_open(&u, remote, url, &why);
		if (!rc)
			rc = upload_claim(&u, &w, &why);
		if (!rc)
			rc = upload_choose(&u, &own, &why);
		if (!rc && u.gap_count)
			rc = fetch_gaps(&u, &why);
		if (!rc)
			rc = upload_send(&u, &own, &why);
	}
	if (rc)
		mv_repo_warn(repo, "what records have attached was not "
			     "uploaded: %s", why.msg);
	else if (u.gap_count)
		mv_repo_warn(repo, "%zu content%s that records have attached "
			     "%s neither here nor at the remote", u.gap_count,
			     u.gap_count == 1 ? "" : "s",
			     u.gap_count == 1 ? "is" : "are");
	if (!rc) {
		stats->contents += own.contents;
		stats->skipped += own.skipped;
		stats->missing += u.gap_count;
		mv_tx_stats_add(&stats->tx, &own.tx);
	}
	upload_release(&u);
	free(w.p);
}
