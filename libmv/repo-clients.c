/* SPDX-License-Identifier: MIT */
#include "libmv/repo-clients.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/fs.h"
#include "libmv/base/hash.h"
#include "libmv/repo-internal.h"

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

static int say(const char *file, const char *path, struct mv_err *err)
{
	char *text = mv_strf("%s\n", path);
	int rc = text ? mv_write_file(file, text, strlen(text), 0644, 0, err) :
			mv_nomem(err);

	free(text);
	return rc;
}

/* -- a store that was there ----------------------------------------------------- */

int mv_store_was_seen(int *seen, const char *common_dir, const char *store,
		      struct mv_err *err)
{
	char *file = mv_path_join(common_dir, MV_STORE_SEEN);
	int rc = file ? says(seen, file, store, err) : mv_nomem(err);

	free(file);
	return rc;
}

int mv_store_note_seen(const char *common_dir, const char *store,
		       struct mv_err *err)
{
	char *file = mv_path_join(common_dir, MV_STORE_SEEN);
	int seen = 0, rc = file ? says(&seen, file, store, err) :
				  mv_nomem(err);

	if (!rc && !seen)
		rc = say(file, store, err);
	free(file);
	return rc;
}

/* -- who shares a repository ------------------------------------------------------ */

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
		return mv_fail(err, MV_EINVALID, "core.sharedRepository is '%s'",
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

/* -- clients ---------------------------------------------------------------------- */

/* clients/<hash of the path>; in fresh memory. */
static char *client_file(const char *store, const char *common_dir,
			 struct mv_err *err)
{
	char hex[MV_OID_HEX + 1], *file = NULL;
	struct mv_hasher *hasher = NULL;
	struct mv_oid oid;

	if (!mv_hasher_new(&hasher, MV_HASH_SHA256, err) &&
	    !mv_hasher_once(oid.b, hasher, common_dir, strlen(common_dir),
			    err)) {
		file = mv_strf("%s/clients/%s", store, mv_oid_hex(hex, &oid));
		if (!file)
			mv_nomem(err);
	}
	mv_hasher_free(hasher);
	return file;
}

int mv_client_register(const char *store, const char *common_dir,
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
		rc = say(file, common_dir, err);
	free(dir);
	free(file);
	return rc;
}
