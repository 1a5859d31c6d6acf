/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "libmv/base/config.h"
#include "libmv/base/grow.h"
#include "libmv/git/config.h"
#include "libmv/git/git.h"
#include "libmv/remote/remote.h"
#include "libmv/repo/repo.h"
#include "libmv/setup/priv.h"
#include "libmv/store/store.h"
#include "libmv/transfer/transfer.h"
#include "libmv/work/work.h"

/*
 * One function per question. A question that cannot be answered is a
 * finding, never the end: the others still help.
 */
#define SPACE_LOW ((uint64_t)1 << 30)
#define SPACE_NONE ((uint64_t)64 << 20)
#define LOCK_OLD_S 600
#define LOOK_LIMIT_MS (30 * 1000)	/* for programs that say what they are */

/* -- git itself ----------------------------------------------------------- */

static int run_git(const struct checks *c, const char *const *args,
		   struct mv_buf *out)
{
	const char *argv[12] = { c->git };
	struct mv_buf errout;
	size_t n = 1;
	int status = 0, rc;

	while (*args && n < 11)
		argv[n++] = *args++;
	mv_buf_init(&errout, 4096);
	rc = mv_proc_run_for(LOOK_LIMIT_MS, &status, argv, c->dir, c->env,
			     NULL, 0, out, &errout, NULL);
	mv_buf_release(&errout);
	return rc || status ? -1 : 0;
}

static void check_git(const struct checks *c)
{
	static const char *const args[] = { "version", NULL };
	int major = 0, minor = 0;
	struct mv_buf out;

	mv_buf_init(&out, 4096);
	if (run_git(c, args, &out) ||
	    sscanf(out.data, "git version %d.%d", &major, &minor) != 2)
		say(c, MV_DOCTOR_WARN, "git", NULL,
		    "its version cannot be told");
	else if (major < 2 || (major == 2 && minor < 31))
		say(c, MV_DOCTOR_BAD, "git", "install git 2.31 or later",
		    "version %d.%d is too old", major, minor);
	else
		say(c, MV_DOCTOR_OK, "git", NULL, "version %d.%d%s", major,
		    minor, major > 2 || minor >= 43 ? "" : " (before 2.43, git"
		    " status reads files of exactly 4, 8, 12 ... GiB again "
		    "each time)");
	mv_buf_release(&out);
}

/* -- configuration -------------------------------------------------------- */

static int config_has(const struct checks *c, const char *key,
		      const char *wanted)
{
	size_t len = strlen(key), pos = 0;

	while (pos < c->config.len) {
		const char *entry = c->config.data + pos;

		if (!strncasecmp(entry, key, len) && entry[len] == '\n' &&
		    !strcmp(entry + len + 1, wanted))
			return 1;
		pos += strlen(entry) + 1;
	}
	return 0;
}

/* "'/x/git-model' filter-process", with the program there? */
static int calls_program(const char *value, const char *args)
{
	size_t len = strlen(value), n = strlen(args);
	char *path;
	int yes;

	if (len < n + 4 || strcmp(value + len - n, args) ||
	    strncmp(value + len - n - 2, "' ", 2) || *value != '\'')
		return 0;
	path = strndup(value + 1, len - n - 3);
	yes = path && *path == '/' && !strchr(path, '\'') &&
	      !access(path, X_OK);
	free(path);
	return yes;
}

static int setting_holds(const struct checks *c, const struct mv_setting *s,
			 const char *value)
{
	char *wanted;
	int yes;

	if (s->several)
		return config_has(c, s->key, s->value);
	if (!value)
		return 0;
	if (!s->calls_us)
		return !strcmp(value, s->value);
	wanted = mv_strf("%s %s", c->word, s->value);
	yes = wanted && !strcmp(value, wanted);
	free(wanted);
	return yes || calls_program(value, s->value);
}

static void tell_setting(const struct checks *c, const struct mv_setting *s,
			 const char *value)
{
	const int bare = mv_setup_doctor_is_bare(c);
	char *mend = value && !s->several ? mv_setup_doctor_mend(c,
								 s->key) : NULL;

	say(c, s->several || bare ? MV_DOCTOR_WARN : MV_DOCTOR_BAD,
	    "configuration", mend ? mend : "git model install",
	    value && !s->several ? "%s is '%s'%s" : "%s is not set%.0s%s",
	    s->key, value ? value : "", bare ? " (here git archive and git "
	    "log -p want it)" : "");
	free(mend);
}

static void check_settings(const struct checks *c)
{
	int good = 1;

	for (const struct mv_setting *s = mv_settings; s->key; s++) {
		const char *value = mv_setup_doctor_config(c, s->key);

		if (s->lfs || setting_holds(c, s, value))
			continue;
		good = 0;
		tell_setting(c, s, value);
	}
	if (good)
		say(c, MV_DOCTOR_OK, "configuration", NULL,
		    "filter, diff and merge driver are set");
}

/* Each has its own command: they are causes of their own. */
static void say_value(const struct checks *c, const char *key,
		      const char *why)
{
	char mend[128];

	snprintf(mend, sizeof(mend), "git config %s VALUE", key);
	say(c, MV_DOCTOR_BAD, "configuration", mend, "%s: %s", key, why);
}

/* Values that would stop a command half way. */
static void check_values(const struct checks *c)
{
	static const char *const sizes[] = { "model.smudgeLimit",
					     "model.threads",
					     "model.warnAbove" };
	struct mv_err err;
	const char *value;
	uint64_t size;
	int64_t time;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		if ((value = mv_setup_doctor_config(c, sizes[i])) &&
		    mv_parse_size(&size, value, &err))
			say_value(c, sizes[i], err.msg);
	value = mv_setup_doctor_config(c, "model.lockTimeout");
	if (value && mv_parse_duration(&time, value, &err))
		say_value(c, "model.lockTimeout", err.msg);
}

static void check_team_file(const struct checks *c)
{
	struct mv_err err;
	uint64_t limit;

	if (mv_repo_team_limit(&limit, c->repo, &err))
		say(c, MV_DOCTOR_BAD, "configuration", "edit it", "%s",
		    err.msg);
}

/* -- the program ---------------------------------------------------------- */

static int version_of(const struct checks *c, const char *program,
		      struct mv_buf *out)
{
	const char *argv[] = { program, "version", NULL };
	int status = 0;

	return mv_proc_run_for(LOOK_LIMIT_MS, &status, argv, NULL, c->env,
			       NULL, 0, out, NULL, NULL) || status ? -1 : 0;
}

static void compare_programs(const struct checks *c, const char *found)
{
	struct mv_buf theirs, ours;

	mv_buf_init(&theirs, 4096);
	mv_buf_init(&ours, 4096);
	if (version_of(c, found, &theirs) ||
	    version_of(c, c->doctor->program, &ours))
		say(c, MV_DOCTOR_BAD, "program", "install it again",
		    "'%s' cannot be run", found);
	else if (strcmp(theirs.data, ours.data))
		say(c, MV_DOCTOR_BAD, "program", "remove one of the two",
		    "git will call '%s', which is another version than this "
		    "('%s')", found, c->doctor->program);
	else
		say(c, MV_DOCTOR_OK, "program", NULL, "'%s' is of the same "
		    "version as this one", found);
	mv_buf_release(&theirs);
	mv_buf_release(&ours);
}

static void check_program(const struct checks *c)
{
	const char *process = mv_setup_doctor_config(c, "filter.model.process");
	char *found = NULL, *real;

	if (mv_proc_find(&found, "git-model", c->env->search_path, NULL)) {
		if (process && calls_program(process, "filter-process"))
			say(c, MV_DOCTOR_OK, "program", NULL, "not on PATH; "
			    "git calls it by its path");
		else
			say(c, mv_setup_doctor_is_bare(c) ? MV_DOCTOR_WARN :
			    MV_DOCTOR_BAD, "program", "put its folder on "
			    "PATH, or run git model install by its path",
			    "git-model is not on PATH");
		return;
	}
	real = realpath(found, NULL);
	if (real && !strcmp(real, c->doctor->program))
		say(c, MV_DOCTOR_OK, "program", NULL, "'%s'", found);
	else
		compare_programs(c, found);
	free(real);
	free(found);
}

/* -- files ---------------------------------------------------------------- */

struct files {
	const struct checks *c;
	char **paths;			/* of all that are ours */
	size_t count, alloc;
	uint64_t raw, pointers, missing, lfs;
	char *first_raw;
};

static int see_file(void *payload, const struct mv_file *file,
		    struct mv_err *err)
{
	struct files *f = payload;

	if (!file->mode)
		return 0;	/* on its way out */
	if (MV_GROW(f->paths, f->alloc, f->count + 1, err))
		return MV_ENOMEM;
	f->paths[f->count] = strdup(file->path);
	if (!f->paths[f->count])
		return mv_nomem(err);
	f->count++;
	if (file->state == MV_FILE_RAW && !f->raw++)
		f->first_raw = f->paths[f->count - 1];
	f->pointers += file->state == MV_FILE_POINTER;
	f->missing += file->state == MV_FILE_MISSING && !file->left_out;
	return 0;
}

static const char *files(uint64_t n)
{
	return n == 1 ? "file" : "files";
}

static void tell_files(const struct files *f)
{
	const struct checks *c = f->c;

	if (f->raw)
		say(c, MV_DOCTOR_BAD, "files", "git model add PATH, and "
		    "commit", "%llu %s in git as raw bytes, not as a pointer; "
		    "the first is '%s'", (unsigned long long)f->raw,
		    f->raw == 1 ? "file is" : "files are", f->first_raw);
	if (f->pointers)
		say(c, MV_DOCTOR_WARN, "files", "git model checkout",
		    "%llu %s in the work tree though the content is here",
		    (unsigned long long)f->pointers,
		    f->pointers == 1 ? "pointer lies" : "pointers lie");
	if (f->missing)
		say(c, MV_DOCTOR_WARN, "files", "git model fetch, then git "
		    "model checkout", "the content of %llu %s is not here",
		    (unsigned long long)f->missing, files(f->missing));
	if (!f->raw && !f->pointers && !f->missing)
		say(c, MV_DOCTOR_OK, "files", NULL, "%zu %s", f->count,
		    files(f->count));
}

/* The first of some paths, and their number. */
struct found {
	char *first;
	uint64_t n;
};

static int count_path(struct found *f, const char *path, struct mv_err *err)
{
	if (!f->n++ && !(f->first = strdup(path)))
		return mv_nomem(err);
	return 0;
}

static int see_caught(void *payload, const char *path, struct mv_err *err)
{
	return count_path(payload, path, err);
}

/* Strays by the attributes of the work tree, and those that only the index
   has: what is committed now is one for everybody else. */
struct strays {
	char **path;
	size_t count, alloc;
	struct found unstaged;
};

static int see_stray(void *payload, const struct mv_file *file,
		     struct mv_err *err)
{
	struct strays *s = payload;

	if (MV_GROW(s->path, s->alloc, s->count + 1, err) < 0)
		return MV_ENOMEM;
	s->path[s->count] = strdup(file->path);
	if (!s->path[s->count])
		return mv_nomem(err);
	s->count++;
	return 0;
}

static int see_staged_stray(void *payload, const struct mv_file *file,
			    struct mv_err *err)
{
	struct strays *s = payload;

	for (size_t i = 0; i < s->count; i++)
		if (!strcmp(s->path[i], file->path))
			return 0;
	return count_path(&s->unstaged, file->path, err);
}

static void strays_release(struct strays *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->path[i]);
	free(s->path);
	free(s->unstaged.first);
}

/* Patterns that catch too much, and too little. */
static void check_reach(const struct checks *c)
{
	struct found caught = { NULL, 0 };
	struct strays strays = { NULL, 0, 0, { NULL, 0 } };
	struct mv_err err;

	if (mv_work_caught(c->repo, see_caught, &caught, &err) ||
	    mv_repo_strays(c->repo, 0, NULL, see_stray, &strays, &err) ||
	    mv_repo_strays(c->repo, 1, NULL, see_staged_stray, &strays, &err))
		say(c, MV_DOCTOR_BAD, "attributes", NULL, "%s", err.msg);
	if (caught.n)
		say(c, MV_DOCTOR_BAD, "attributes", "git model untrack the "
		    "pattern that is too wide, git add the files again, and "
		    "commit", "a pattern catches %llu %s that git must read "
		    "as %s stand%s; the first is '%s'",
		    (unsigned long long)caught.n, files(caught.n),
		    caught.n == 1 ? "it" : "they", caught.n == 1 ? "s" : "",
		    caught.first);
	if (strays.count)
		say(c, MV_DOCTOR_BAD, "files", "git model track PATH, or git "
		    "add --renormalize PATH for the bytes, and commit; a line "
		    "'PATH -filter' says that it is meant", "git holds %zu "
		    "pointer%s where no pattern gives the file to git-model; "
		    "the first is '%s'", strays.count,
		    strays.count == 1 ? "" : "s", strays.path[0]);
	if (strays.unstaged.n)
		say(c, MV_DOCTOR_WARN, "attributes", "git add .gitattributes, "
		    "and commit", "%llu pointer%s staged or committed without "
		    "the line of .gitattributes that gives the file to "
		    "git-model, which is only in the work tree: clones get "
		    "the pointer, not the content; the first is '%s'",
		    (unsigned long long)strays.unstaged.n,
		    strays.unstaged.n == 1 ? " is" : "s are",
		    strays.unstaged.first);
	free(caught.first);
	strays_release(&strays);
}

struct cursor {
	size_t field, at;
};

/* Of fields that end with NUL, going on from `c`; NULL: not so many. */
static const char *nth_field(const struct mv_buf *text, size_t n,
			     struct cursor *c)
{
	for (; c->field < n && c->at < text->len; c->field++)
		c->at += strlen(text->data + c->at) + 1;
	return c->at < text->len ? text->data + c->at : NULL;
}

/* "path\0text\0value\0" for each; git converts what is not `unset`. */
static uint64_t convertible(struct files *f, const char *first[1])
{
	static const char *const args[] = { "check-attr", "--stdin", "-z",
					    "text", NULL };
	struct cursor pos = { 0, 0 };
	struct mv_buf in, out;
	struct mv_err err;
	uint64_t n = 0;

	mv_buf_init(&in, SIZE_MAX / 2);
	mv_buf_init(&out, SIZE_MAX / 2);
	for (size_t i = 0; i < f->count; i++)
		if (mv_buf_add(&in, f->paths[i], strlen(f->paths[i]) + 1))
			goto out;
	if (mv_git_run(f->c->repo->git, args, in.data, in.len, &out, &err)) {
		say(f->c, MV_DOCTOR_BAD, "attributes", NULL,
		    "git could not be asked for them: %s", err.msg);
		goto out;
	}
	for (size_t i = 0; i < f->count; i++) {
		const char *value = nth_field(&out, 3 * i + 2, &pos);

		if (value && strcmp(value, "unset") && !n++)
			first[0] = f->paths[i];
	}
out:
	mv_buf_release(&in);
	mv_buf_release(&out);
	return n;
}

/* Line ends in a pointer are changed before smudge sees it. */
static void check_text(struct files *f)
{
	const char *autocrlf = mv_setup_doctor_config(f->c, "core.autocrlf");
	const char *eol = mv_setup_doctor_config(f->c, "core.eol");
	int now = mv_setup_doctor_is_yes(autocrlf) || (eol && !strcasecmp(eol,
									  "crlf"));
	const char *first[1] = { NULL };
	uint64_t n = f->count ? convertible(f, first) : 0;

	if (n)
		say(f->c, now ? MV_DOCTOR_BAD : MV_DOCTOR_WARN, "attributes",
		    "add -text to its line in .gitattributes",
		    "git %s line ends in %llu of our files; the first is '%s'",
		    now ? "converts" : "may convert", (unsigned long long)n,
		    first[0]);
}

static void check_files(const struct checks *c)
{
	struct files f = { .c = c };
	struct mv_err err;

	if (mv_work_status(c->repo, NULL, 0, see_file, &f, &err))
		say(c, MV_DOCTOR_BAD, "files", NULL, "%s", err.msg);
	else
		tell_files(&f);
	check_text(&f);
	for (size_t i = 0; i < f.count; i++)
		free(f.paths[i]);
	free(f.paths);
}

struct patterns {
	uint64_t model, lfs;
};

static int see_pattern(void *payload, const char *pattern, const char *filter,
		       const char *file, int line)
{
	struct patterns *p = payload;

	(void)pattern;
	(void)file;
	(void)line;
	p->model += !strcmp(filter, "model");
	p->lfs += !strcmp(filter, "lfs");
	return 0;
}

static void check_attributes(const struct checks *c)
{
	struct patterns p = { 0, 0 };
	struct mv_err err;

	if (mv_work_tracked(c->repo, see_pattern, &p, &err)) {
		say(c, MV_DOCTOR_BAD, "attributes", NULL, "%s", err.msg);
		return;
	}
	if (!p.model && !p.lfs)
		say(c, MV_DOCTOR_WARN, "attributes", "git model track PATTERN",
		    "no pattern gives files to git-model");
	else
		say(c, MV_DOCTOR_OK, "attributes", NULL, "%llu pattern%s",
		    (unsigned long long)(p.model + p.lfs),
		    p.model + p.lfs == 1 ? "" : "s");
	mv_setup_doctor_lfs(c, p.lfs != 0);
}

/* What killed processes left in the work tree. */
static void check_temporaries(const struct checks *c)
{
	static const char *const args[] = {
		"ls-files", "--others", "-z", "--full-name", "--",
		":(top,glob)**/.git-model-*.tmp", NULL
	};
	struct mv_buf out;
	struct mv_err err;
	uint64_t n = 0;

	mv_buf_init(&out, SIZE_MAX / 2);
	if (mv_git_run(c->repo->git, args, NULL, 0, &out, &err)) {
		say(c, MV_DOCTOR_BAD, "files", NULL, "files that killed "
		    "processes left cannot be looked for: %s", err.msg);
		mv_buf_clear(&out);
	}
	for (size_t i = 0; i < out.len; i++)
		n += !out.data[i];
	if (n)
		say(c, MV_DOCTOR_WARN, "files", "remove them, unless git-model "
		    "runs just now", "%llu temporary %s in the work tree; the "
		    "first is '%s'", (unsigned long long)n, files(n),
		    out.data);
	mv_buf_release(&out);
}

static void check_index_lock(const struct checks *c)
{
	char *lock = mv_strf("%s.lock", c->repo->info->index_path);
	struct stat st;

	if (lock && !stat(lock, &st) && time(NULL) - st.st_mtime > LOCK_OLD_S)
		say(c, MV_DOCTOR_WARN, "index", "remove it, if no git runs",
		    "'%s' is %lld minutes old", lock,
		    (long long)(time(NULL) - st.st_mtime) / 60);
	free(lock);
}

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
		say(c, MV_DOCTOR_OK, "store", NULL, "%llu %s in %s at "
		    "'%s'", (unsigned long long)stats.contents,
		    stats.contents == 1 ? "content" : "contents",
		    mv_print_size(text, stats.pack_bytes + stats.index_bytes),
		    dir);
		if (stats.gone)
			say(c, MV_DOCTOR_BAD, "store", "git model fsck "
			    "--repair, then git model fetch --all",
			    "%llu %s of it %s missing in '%s'",
			    (unsigned long long)stats.gone,
			    stats.gone == 1 ? "pack" : "packs",
			    stats.gone == 1 ? "is" : "are", packs ? packs : dir);
		if (stats.temporary)
			say(c, MV_DOCTOR_WARN, "store", "git model gc",
			    "%llu temporary %s left by killed processes",
			    (unsigned long long)stats.temporary,
			    files(stats.temporary));
	}
	check_folders(c, dir);
	free(packs);
}

static void check_store(const struct checks *c)
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

/* -- things to know ------------------------------------------------------- */

static int exists_in(const char *dir, const char *name)
{
	char *path = mv_path_join(dir, name);
	int yes = path && !access(path, F_OK);

	free(path);
	return yes;
}

static void check_kind(const struct checks *c)
{
	const struct mv_git_info *info = c->repo->info;
	const char *refs = mv_setup_doctor_config(c, "extensions.refStorage");

	if (info->sha256)
		say(c, MV_DOCTOR_OK, "repository", NULL, "SHA-256 object names;"
		    " objects are read through the git program");
	if (refs && !strcmp(refs, "reftable"))
		say(c, MV_DOCTOR_OK, "repository", NULL, "reftable; objects "
		    "are read through the git program");
	if (exists_in(info->common_dir, "shallow"))
		say(c, MV_DOCTOR_OK, "repository", NULL, "shallow: gc and du "
		    "know only the commits that are here");
	if (mv_setup_doctor_config(c, "extensions.partialClone"))
		say(c, MV_DOCTOR_OK, "repository", NULL, "partial clone: "
		    "pointers that git has not fetched are not counted");
	if (mv_setup_doctor_is_yes(mv_setup_doctor_config(c,
							  "core.splitIndex")))
		say(c, MV_DOCTOR_OK, "repository", NULL, "split index: after "
		    "a checkout git status may read a large file once");
	if (mv_setup_doctor_is_yes(mv_setup_doctor_config(c,
							  "core.sparseCheckout")))
		say(c, MV_DOCTOR_OK, "repository", NULL, "sparse checkout: "
		    "only files inside it are written");
}

static int doctor_begin(struct checks *c, struct mv_err *err)
{
	static const char *const args[] = { "config", "--null", "--list",
					    NULL };
	int rc = mv_proc_find(&c->git, "git", c->env->search_path, err);

	if (!rc)
		rc = mv_setup_word(&c->word, c->doctor->program, c->env, err);
	if (!rc && run_git(c, args, &c->config))
		rc = mv_fail(err, MV_EINVALID, "git cannot read its own "
			     "configuration; git config --list says where");
	return rc;
}

int mv_setup_doctor(struct mv_repo *repo, const struct mv_proc_env *env,
		    const struct mv_doctor *doctor, struct mv_err *err)
{
	struct checks c = {
		.doctor = doctor, .env = env, .repo = repo,
		.dir = repo ? repo->info->dir : NULL
	};
	int rc;

	mv_buf_init(&c.config, (size_t)64 << 20);
	rc = doctor_begin(&c, err);
	if (rc)
		goto out;
	check_git(&c);
	check_program(&c);
	check_settings(&c);
	check_values(&c);
	if (repo) {
		check_team_file(&c);
		mv_setup_doctor_hooks(&c);
		check_kind(&c);
		check_store(&c);
		check_remote(&c);
		/* What it cannot read, doctor_begin() has said already. */
		(void)mv_git_config_each(mv_repo_git(repo), check_gaps, &c,
					 NULL);
	}
	if (repo && repo->info->work_tree) {
		check_attributes(&c);
		check_files(&c);
		check_reach(&c);
		check_temporaries(&c);
		check_index_lock(&c);
	}
out:
	mv_buf_release(&c.config);
	free(c.git);
	free(c.word);
	return rc;
}
