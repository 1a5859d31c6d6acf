/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/grow.h"
#include "libmv/git/config.h"
#include "libmv/git/git.h"
#include "libmv/repo/clients.h"
#include "libmv/repo/priv.h"
#include "libmv/repo/repo.h"
#include "libmv/repo/state.h"
#include "libmv/store/store.h"

/*
 * A store outside of repositories is shared: whoever runs gc there must find
 * everybody that uses it (clients/), and everybody must notice when it is not
 * where it was (MV_STORE_SEEN). One line of text each: a path.
 */
#define LINE_MAX_BYTES ((size_t)64 * 1024)

/* Does this file say this path? */
static int says(int *same, const char *file, const char *path,
		struct mv_err *err)
{
	struct mv_buf text;
	size_t len = strlen(path);
	int rc;

	mv_buf_init(&text, LINE_MAX_BYTES);
	rc = mv_read_file(&text, file, err);
	*same = !rc && text.len == len + 1 && !memcmp(text.data, path, len) &&
		text.data[len] == '\n';
	mv_buf_release(&text);
	return rc == MV_ENOENT ? 0 : rc;
}

static int clients_say(const char *file, const char *path, struct mv_err *err)
{
	char *text = mv_strf("%s\n", path);
	int rc = text ? mv_write_file(file, text, strlen(text), 0644, 0, err) :
			mv_nomem(err);

	free(text);
	return rc;
}

/* -- a store that was there ----------------------------------------------- */

int mv_repo_store_was_seen(int *seen, const char *common_dir, const char *store,
			   struct mv_err *err)
{
	char *file = mv_path_join(common_dir, MV_STORE_SEEN);
	int rc = file ? says(seen, file, store, err) : mv_nomem(err);

	free(file);
	return rc;
}

int mv_repo_store_note_seen(const char *common_dir, const char *store,
			    struct mv_err *err)
{
	char *file = mv_path_join(common_dir, MV_STORE_SEEN);
	int seen = 0, rc = file ? says(&seen, file, store, err) :
				  mv_nomem(err);

	if (!rc && !seen)
		rc = clients_say(file, store, err);
	free(file);
	return rc;
}

/* What stands in MV_STORE_SEEN for the default place, wherever that is. */
#define OWN_PLACE "model"

static int has_entry(const char *store, const char *name)
{
	char *path = mv_path_join(store, name);
	int yes = path && !access(path, F_OK);

	free(path);
	return yes;
}

int mv_repo_store_is_away(int *away, const char *common_dir, const char *store,
			  struct mv_err *err)
{
	struct stat st;

	*away = 0;
	if (lstat(store, &st) || has_entry(store, "format") ||
	    has_entry(store, "packs"))
		return 0;
	return mv_repo_store_was_seen(away, common_dir, OWN_PLACE, err);
}

/* Also of a bind mount, which has the same device number as what it hides. */
static int is_apart(const char *common_dir, const char *store)
{
	struct stat st, above;
	struct statx stx;

	if (lstat(store, &st) || stat(common_dir, &above))
		return 0;
	if (S_ISLNK(st.st_mode) || st.st_dev != above.st_dev)
		return 1;
	return !statx(AT_FDCWD, store, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &stx) &&
	       stx.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

int mv_repo_store_note_apart(const char *common_dir, const char *store,
			     struct mv_err *err)
{
	return is_apart(common_dir, store) ?
		       mv_repo_store_note_seen(common_dir, OWN_PLACE, err) : 0;
}

/* -- who shares a repository ---------------------------------------------- */

/* git's grammar: a name, a boolean, 1 and 2 as of old, or a mode. */
static int parse_share(mode_t *share, const char *value, struct mv_err *err)
{
	static const struct {
		const char *name;
		mode_t share;
	} names[] = {
		{ "umask", 0 }, { "group", 0060 }, { "all", 0064 },
		{ "world", 0064 }, { "everybody", 0064 }, { "0", 0 },
		{ "1", 0060 }, { "2", 0064 },
	};
	unsigned long mode;
	char *end;
	int yes;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcasecmp(value, names[i].name)) {
			*share = names[i].share;
			return 0;
		}
	mode = strtoul(value, &end, 8);
	if (end != value && !*end && mode >= 0600 && mode <= 0777) {
		*share = (mode_t)(mode & 0066);
		return 0;
	}
	if (mv_git_parse_bool(&yes, value))
		return mv_fail(err, MV_EINVALID,
			       "core.sharedRepository is '%s'",
			       value);
	*share = yes ? 0060 : 0;
	return 0;
}

int mv_repo_share(mode_t *share, struct mv_repo *repo, struct mv_err *err)
{
	const char *value;
	int rc = mv_git_config(&value, repo->git, "core.sharedrepository",
			       err);

	*share = 0;
	return rc || !value ? rc : parse_share(share, value, err);
}

int mv_repo_share_of(mode_t *share, struct mv_repo *repo,
		     const char *common_dir, struct mv_err *err)
{
	char *config = mv_path_join(common_dir, "config");
	const char *args[] = { "config", "--file", config, "--get",
			       "core.sharedRepository", NULL };
	struct mv_buf text;
	int status = 0, rc;

	*share = 0;
	mv_buf_init(&text, 4096);
	rc = config ? mv_git_ask(&status, repo->git, args, 1, &text, err) :
		      mv_nomem(err);
	if (!rc && !status) {
		text.data[strcspn(text.data, "\n")] = '\0';
		rc = parse_share(share, text.data, err);
	}
	mv_buf_release(&text);
	free(config);
	return rc;
}

/* -- clients -------------------------------------------------------------- */

/* The hash of the path, in hex. */
static int hash_path(char *hex, const char *path, struct mv_err *err)
{
	struct mv_oid oid;
	int rc = mv_sha256(&oid, path, strlen(path), err);

	if (!rc)
		mv_oid_hex(hex, &oid);
	return rc;
}

int mv_repo_client_name(char *name, const char *common_dir, struct mv_err *err)
{
	char hex[MV_OID_HEX + 1] = "", *real = realpath(common_dir, NULL);
	int rc = hash_path(hex, real ? real : common_dir, err);

	memcpy(name, hex, MV_OWNER_HEX);
	name[MV_OWNER_HEX] = '\0';
	free(real);
	return rc;
}

/* clients/<hash of the path>; in fresh memory. */
static char *client_file(const char *store, const char *common_dir,
			 struct mv_err *err)
{
	char hex[MV_OID_HEX + 1], *file = NULL;

	if (!hash_path(hex, common_dir, err)) {
		file = mv_strf("%s/clients/%s", store, hex);
		if (!file)
			mv_nomem(err);
	}
	return file;
}

static int register_path(const char *store, const char *common_dir,
			 struct mv_err *err)
{
	char *dir = mv_path_join(store, "clients");
	char *file = client_file(store, common_dir, err);
	struct stat st;
	int same = 0, rc = dir && file ? 0 : MV_ENOMEM;

	if (!rc)
		rc = says(&same, file, common_dir, err);
	if (!rc && !same)
		rc = mv_mkdirs(dir, err);
	/* Others enter themselves, too, where the store is theirs as well. */
	if (!rc && !same && !stat(store, &st))
		(void)!chmod(dir, st.st_mode & 07777);
	if (!rc && !same)
		rc = clients_say(file, common_dir, err);
	free(dir);
	free(file);
	return rc;
}

int mv_repo_client_register(const char *store, const char *common_dir,
			    struct mv_err *err)
{
	char *real = realpath(common_dir, NULL);
	int rc = register_path(store, real ? real : common_dir, err);

	free(real);
	return rc;
}

/* -- all of them ---------------------------------------------------------- */

struct round {
	const char *store;
	mv_client_fn fn;
	void *payload;
	char **seen;		/* paths without links */
	size_t count;
	size_t looked;		/* how many of them had their folder looked at */
};

/* Once each. A path that cannot be resolved is asked as it is written. */
static int clients_ask(struct round *r, const char *path, const char *file,
		       struct mv_err *err)
{
	char *real = realpath(path, NULL), **seen;

	if (!real && !(real = strdup(path)))
		return mv_nomem(err);
	for (size_t i = 0; i < r->count; i++)
		if (!strcmp(r->seen[i], real)) {
			free(real);
			return 0;
		}
	seen = MV_GROW_ONE(r->seen, r->count, err);
	if (!seen) {
		free(real);
		return MV_ENOMEM;
	}
	*seen = real;
	return r->fn(r->payload, real, file, err);
}

static int ask_client(void *payload, const char *name, struct mv_err *err)
{
	struct round *r = payload;
	char *file = mv_strf("%s/clients/%s", r->store, name);
	struct mv_buf text;
	int rc;

	if (!file)
		return mv_nomem(err);
	mv_buf_init(&text, LINE_MAX_BYTES);
	rc = mv_read_file(&text, file, err);
	if (!rc) {
		text.data[strcspn(text.data, "\n")] = '\0';
		rc = clients_ask(r, text.data, file, err);
	}
	mv_buf_release(&text);
	free(file);
	return rc;
}

static int is_git_dir(const char *path)
{
	static const char *const parts[] = { "objects", "HEAD", "refs" };
	int yes = 1;

	for (size_t i = 0; yes && i < sizeof(parts) / sizeof(*parts); i++) {
		char *part = mv_path_join(path, parts[i]);

		yes = part && !access(part, F_OK);
		free(part);
	}
	return yes;
}

/* "<git dir>/model": it may be another one's store, too. */
static int ask_around(struct round *r, struct mv_err *err)
{
	char *real = realpath(r->store, NULL);
	char *slash = real ? strrchr(real, '/') : NULL;
	int rc = 0;

	if (slash && slash != real && !strcmp(slash, "/model")) {
		*slash = '\0';
		if (is_git_dir(real))
			rc = clients_ask(r, real, NULL, err);
	}
	free(real);
	return rc;
}

/* Does its note name this very store? */
static int names_store(const char *common_dir, const char *store)
{
	char *file = mv_path_join(common_dir, MV_STORE_SEEN);
	struct stat a, b;
	struct mv_buf text;
	int same = 0;

	mv_buf_init(&text, LINE_MAX_BYTES);
	if (file && !mv_read_file(&text, file, NULL)) {
		text.data[strcspn(text.data, "\n")] = '\0';
		same = text.data[0] == '/' && !stat(text.data,
						    &a) && !stat(store, &b) &&
		       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
	}
	mv_buf_release(&text);
	free(file);
	return same;
}

struct folder {
	struct round *r;
	const char *path;
};

static int ask_copy(void *payload, const char *name, struct mv_err *err)
{
	static const char *const inside[] = { "/.git", "" };
	struct folder *f = payload;
	int rc = 0;

	for (size_t i = 0; !rc && i < 2; i++) {
		char *dir = mv_strf("%s/%s%s", f->path, name, inside[i]);

		if (!dir)
			return mv_nomem(err);
		if (names_store(dir, f->r->store) && is_git_dir(dir)) {
			rc = mv_repo_client_register(f->r->store, dir, err);
			if (!rc)
				rc = clients_ask(f->r, dir, NULL, err);
		}
		free(dir);
	}
	return rc;
}

/* `cp -r clone copy`: beside it, and with its note of the store. */
static int ask_copies(struct round *r, struct mv_err *err)
{
	int rc = 0;

	for (; !rc && r->looked < r->count; r->looked++) {
		char *path = strdup(r->seen[r->looked]), *slash;
		struct folder f = { r, path };

		if (!path)
			return mv_nomem(err);
		slash = strrchr(path, '/');
		if (slash && !strcmp(slash, "/.git")) {
			*slash = '\0';
			slash = strrchr(path, '/');
		}
		if (slash && slash != path) {
			*slash = '\0';
			/* One that may not be listed has none to show. */
			rc = mv_each_entry(path, ask_copy, &f, err);
			if (rc == MV_ENOENT || (rc == MV_EDENIED &&
						access(path, R_OK)))
				rc = 0;
		}
		free(path);
	}
	return rc;
}

int mv_repo_each_client(const char *store, const char *common_dir,
			mv_client_fn fn, void *payload, struct mv_err *err)
{
	struct round r = { .store = store, .fn = fn, .payload = payload };
	char *clients = mv_path_join(store, "clients");
	int rc = clients ? clients_ask(&r, common_dir, NULL,
				       err) : mv_nomem(err);

	if (!rc)
		rc = ask_around(&r, err);
	if (!rc) {
		rc = mv_each_entry(clients, ask_client, &r, err);
		if (rc == MV_ENOENT)
			rc = 0;
	}
	if (!rc)
		rc = ask_copies(&r, err);
	for (size_t i = 0; i < r.count; i++)
		free(r.seen[i]);
	free(r.seen);
	free(clients);
	return rc;
}

/* -- asking another one --------------------------------------------------- */

static int ties(const char *variable)
{
	static const char *const names[] = {
		"GIT_DIR=", "GIT_WORK_TREE=", "GIT_COMMON_DIR=",
		"GIT_INDEX_FILE=", "GIT_OBJECT_DIRECTORY=",
		"GIT_ALTERNATE_OBJECT_DIRECTORIES=", "GIT_NAMESPACE=",
		"GIT_PREFIX=", "GIT_GRAFT_FILE=", "GIT_SHALLOW_FILE=",
		"GIT_IMPLICIT_WORK_TREE=", "GIT_QUARANTINE_PATH=",
		"GIT_CONFIG=", "GIT_REPLACE_REF_BASE=",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strncmp(variable, names[i], strlen(names[i])))
			return 1;
	return 0;
}

int mv_repo_client_env(struct mv_proc_env *out, const struct mv_proc_env *env,
		       struct mv_err *err)
{
	size_t n = 0, used = 0;
	char **list;

	*out = *env;
	while (env->env && env->env[n])
		n++;
	list = calloc(n + 1, sizeof(*list));
	if (!list)
		return mv_nomem(err);
	for (size_t i = 0; i < n; i++)
		if (!ties(env->env[i]))
			list[used++] = env->env[i];
	out->env = list;
	return 0;
}
