/* SPDX-License-Identifier: MIT */
#include "tests/unit/u-git-help.h"

#include "libmv/base/bytes.h"
#include "libmv/base/hash.h"
#include "libmv/git/index.h"
#include "libmv/git/files.h"

static struct stat odd_stat(void)
{
	struct stat st;

	memset(&st, 0, sizeof(st));
	st.st_ctim.tv_sec = 1600000001;
	st.st_ctim.tv_nsec = 2;
	st.st_mtim.tv_sec = 1600000003;
	st.st_mtim.tv_nsec = 4;
	st.st_dev = 5;
	st.st_ino = ((ino_t)1 << 32) + 6;
	st.st_uid = 7;
	st.st_gid = 8;
	st.st_size = ((off_t)5 << 32) + 9;
	return st;
}

static char *blob_of(struct repo *r, const char *path)
{
	char *hex = sh(r, "git rev-parse ':%s'", path);

	hex[strcspn(hex, "\n")] = '\0';
	return hex;
}

/* open, set, commit; what _set said. */
static int patch_one(struct repo *r, const char *path, const char *blob,
		     const struct stat *st)
{
	struct mv_git_patch *p = NULL;
	int rc;

	assert_int_equal(mv_git_patch_open(&p, r->git, 0, &r->err), 0);
	rc = mv_git_patch_set(p, path, blob, st, 1, &r->err);
	assert_int_equal(mv_git_patch_commit(p, &r->err), 0);
	mv_git_patch_close(p);
	return rc;
}

/* -- every kind of index that git can write ------------------------------- */

struct kind {
	const char *name;
	const char *init;
	const char *setup;	/* after two commits of a, b/c, b/d */
};

#define OLD_FILES "touch -d @1600000000 a b/* other/*;" \
	"git update-index --refresh;"

static const struct kind kinds[] = {
	{ "version 2", "", ":" },
	{ "version 3", "", "echo n >n; git add -N n" },
	{ "version 4", "", "git update-index --index-version 4" },
	{ "version 4 with offsets", "", "git config index.threads 4;"
	  "git update-index --index-version 4" },
	{ "SHA-256", "--object-format=sha256", ":" },
	{ "SHA-256, version 4", "--object-format=sha256",
	  "git update-index --index-version 4" },
	{ "untracked cache", "", "git update-index --untracked-cache; echo >u;"
	  "git status >/dev/null" },
	{ "fsmonitor", "", "printf '#!/bin/sh\\nprintf \"t\\\\0\"\\n' >../fsm;"
	  "chmod +x ../fsm; git config core.fsmonitor \"$ROOT/fsm\";"
	  "git status >/dev/null" },
	{ "resolve undo", "", "git checkout -q -b s HEAD~1; echo 9 >a;"
	  "git commit -qam s; git merge main >/dev/null || :; git add a" },
	{ "conflict", "", "git checkout -q -b s HEAD~1; echo 9 >a;"
	  "git commit -qam s; git merge main >/dev/null || :" },
	{ "sparse checkout", "", "git sparse-checkout set --no-cone b" },
	{ "sparse index", "", "git sparse-checkout set --cone "
	  "--sparse-index b" },
	{ "skip hash", "", "git config index.skipHash true;"
	  "git update-index --force-write-index" },
	{ "split", "", "git update-index --split-index" },
	{ "split, replaced", "",
	  "git config splitIndex.maxPercentChange 100;" OLD_FILES
	  "git update-index --split-index; echo 77 >b/c; git add b/c" },
	{ "split, version 4, deleted and added", "--object-format=sha256",
	  "git config splitIndex.maxPercentChange 100;" OLD_FILES
	  "git update-index --index-version 4 --split-index;"
	  "git rm -q --cached a; echo 77 >b/c; echo 1 >b/b;"
	  "git add b/b b/c" },
};

static void make_kind(struct repo *r, const struct kind *k)
{
	repo_new(r, k->init);
	run(r, "mkdir b other; echo 1 >a; echo 2 >b/c; echo 3 >b/d;"
	    "echo 4 >other/x; git add .; git commit -qm 1; echo 11 >a;"
	    "git commit -qam 2; %s", k->setup);
	/* Nothing is racy: there is a test for that. */
	make_old(r, ".git/index", -5);
	repo_open(r, NULL);
}

/* All that git shows of an index, with the sizes of `path` left out. */
static char *describe(struct repo *r)
{
	return sh(r, "git ls-files --sparse --debug -s -t -v |"
		  "awk '/ctime|mtime|dev:|uid|size/ && hide { next }"
		  " !/^ / { hide = /\tb\\/c$/ } { print }';"
		  "git --no-optional-locks -c core.fsmonitor= status "
		  "--porcelain -uall . ':!b/c'");
}

static void test_git_index__patches_every_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		const struct stat st = odd_stat();
		char *before, *after, *blob;
		struct repo r;

		make_kind(&r, &kinds[i]);
		blob = blob_of(&r, "b/c");
		before = describe(&r);
		if (patch_one(&r, "b/c", blob, &st))
			fail_msg("%s: %s", kinds[i].name, r.err.msg);
		after = describe(&r);
		assert_string_equal(before, after);
		assert_prints(&r, "  ctime: 1600000001:2\n"
			      "  mtime: 1600000003:4\n  dev: 5\tino: 6\n"
			      "  uid: 7\tgid: 8\n", "git ls-files --debug b/c |"
			      "sed -n 2,5p");
		assert_prints(&r, "size: 9\n", "git ls-files --debug b/c |"
			      "sed -n 's/ *\\(size: [0-9]*\\).*/\\1/p'");
		run(&r, "git fsck --no-dangling 2>&1; test ! -e "
		    ".git/index.lock");
		free(blob);
		free(before);
		free(after);
		repo_drop(&r);
	}
}

/* Nothing but 36 bytes of the entry and the trailer may differ. */
static void test_git_index__touches_no_other_byte(void **state)
{
	const struct stat st = odd_stat();
	struct mv_buf before, after;
	struct repo r;
	size_t differ = 0, first = 0;
	char *blob;

	(void)state;
	make_kind(&r, &kinds[6]);
	blob = blob_of(&r, "b/d");
	get_file(&r, ".git/index", &before);
	assert_int_equal(patch_one(&r, "b/d", blob, &st), 0);
	get_file(&r, ".git/index", &after);
	assert_int_equal(before.len, after.len);
	assert_non_null(memmem(after.data, after.len, "UNTR", 4));
	for (size_t i = 0; i < after.len - 20; i++) {
		if (before.data[i] == after.data[i])
			continue;
		first = differ++ ? first : i;
		assert_true(i - first < 40);
	}
	assert_true(differ > 10);
	free(blob);
	mv_buf_release(&before);
	mv_buf_release(&after);
	repo_drop(&r);
}

/* -- in memory: damage of every kind -------------------------------------- */

/* Entries of different shapes, one extension. */
static void make_small(struct mv_buf *out, const char *init, const char *setup)
{
	struct repo r;

	repo_new(&r, init);
	run(&r, "mkdir dir; echo 1 >dir/a; echo 2 >dir/ab; echo 3 >x;"
	    "git add .; git write-tree; %s", setup);
	get_file(&r, ".git/index", out);
	repo_drop(&r);
}

/* Parse a copy of exactly that size, so that ASan sees each byte beyond. */
static int parse_copy(struct mv_git_index *ix, const struct mv_buf *from,
		      size_t len, size_t hash_len)
{
	mv_git_index_init(ix, hash_len);
	assert_int_equal(mv_buf_add(&ix->bytes, from->data, len), 0);
	return mv_git_index_parse(ix, NULL);
}

static void rehash(struct mv_buf *buf, size_t hash_len)
{
	uint8_t hash[32];

	assert_int_equal(mv_hash(hash, hash_len == 32 ? MV_HASH_SHA256 :
				 MV_HASH_SHA1, buf->data, buf->len - hash_len,
				 NULL), 0);
	memcpy(buf->data + buf->len - hash_len, hash, hash_len);
}

/* Whatever was accepted is used to the full, and stays what it was. */
static void use_all(struct mv_git_index *ix)
{
	const struct stat st = odd_stat();
	struct mv_git_index_look look;
	size_t count = ix->count, len = ix->bytes.len;

	for (size_t i = 0; i < count; i++) {
		size_t hit = mv_git_index_find(ix, mv_git_index_name(ix, i));

		if (hit != MV_GIT_INDEX_NONE)
			assert_string_equal(mv_git_index_name(ix, i),
					    mv_git_index_name(ix, hit));
		mv_git_index_look(&look, ix, i);
		assert_non_null(mv_git_index_blob(ix, i));
		mv_git_index_set_stat(ix, i, &st, 1);
	}
	assert_int_equal(mv_git_index_seal(ix, NULL, NULL), 0);
	assert_int_equal(ix->bytes.len, len);
}

static void check_damage(const char *init, const char *setup, size_t hash_len)
{
	struct mv_buf whole;
	struct mv_git_index ix;
	size_t accepted = 0;

	make_small(&whole, init, setup);
	assert_int_equal(parse_copy(&ix, &whole, whole.len, hash_len), 0);
	assert_int_equal(ix.count, 3);
	assert_string_equal(mv_git_index_name(&ix, 1), "dir/ab");
	assert_int_equal(mv_git_index_find(&ix, "x"), 2);
	assert_true(mv_git_index_find(&ix, "dir") == MV_GIT_INDEX_NONE);
	mv_git_index_release(&ix);
	for (size_t n = 0; n < whole.len; n++) {
		assert_int_equal(parse_copy(&ix, &whole, n, hash_len),
				 MV_ECORRUPT);
		mv_git_index_release(&ix);
	}
	for (size_t i = 0; i < whole.len * 8; i++) {
		char bit = (char)(1 << i % 8);

		whole.data[i / 8] ^= bit;
		assert_true(parse_copy(&ix, &whole, whole.len, hash_len) < 0);
		mv_git_index_release(&ix);
		/* With a good checksum over it, as an attacker would. */
		rehash(&whole, hash_len);
		if (!parse_copy(&ix, &whole, whole.len, hash_len)) {
			accepted++;
			use_all(&ix);
		}
		mv_git_index_release(&ix);
		whole.data[i / 8] ^= bit;
		rehash(&whole, hash_len);
	}
	assert_true(accepted > 3 * 36 * 8);
	mv_buf_release(&whole);
}

static void test_git_index__finds_damage(void **state)
{
	(void)state;
	check_damage("", ":", 20);
	check_damage("", "git update-index --index-version 4", 20);
	check_damage("--object-format=sha256", ":", 32);
}

static void test_git_index__refuses_extensions_git_would_need(void **state)
{
	static const char *const name[] = { "zzzz", "LIKE", "LONG" };
	static const int expected[] = { MV_ENOTSUP, 0, MV_ECORRUPT };
	struct mv_buf whole;
	struct mv_git_index ix;
	uint8_t ext[8] = { 0 };

	(void)state;
	make_small(&whole, "", ":");
	for (int i = 0; i < 3; i++) {
		mv_git_index_init(&ix, 20);
		mv_buf_add(&ix.bytes, whole.data, whole.len - 20);
		memcpy(ext, name[i], 4);
		ext[7] = i == 2;
		mv_buf_add(&ix.bytes, ext, 8);
		mv_buf_add(&ix.bytes, whole.data + whole.len - 20, 20);
		rehash(&ix.bytes, 20);
		assert_int_equal(mv_git_index_parse(&ix, NULL), expected[i]);
		mv_git_index_release(&ix);
	}
	mv_buf_release(&whole);
}

/* Names of version 4 can grow far beyond the file: a bound, not a crash. */
static void test_git_index__v4_cannot_fill_memory(void **state)
{
	enum { NAME = 60000, N = 400 };
	struct mv_git_index ix;
	struct mv_buf *b = &ix.bytes;
	uint8_t head[12] = "DIRC", fixed[62] = { 0 };

	(void)state;
	mv_git_index_init(&ix, 20);
	head[7] = 4;
	mv_put_be32(head + 8, N);
	mv_buf_add(b, head, 12);
	fixed[60] = 0x0f;
	fixed[61] = 0xff;
	for (int i = 0; i < N; i++) {
		mv_buf_add(b, fixed, 62);
		mv_buf_add(b, "", 1);
		for (int j = 0; j < (i ? 1 : NAME); j++)
			mv_buf_addch(b, 'n');
		mv_buf_add(b, "", 1);
	}
	mv_buf_add(b, fixed, 20);
	rehash(b, 20);
	assert_int_equal(mv_git_index_parse(&ix, NULL), MV_ECORRUPT);
	assert_true(ix.names.len <= b->len * 64);
	mv_git_index_release(&ix);
}

static void test_git_index__split_bitmaps_are_bounded(void **state)
{
	const struct kind *k = &kinds[14];
	struct mv_buf main_bytes, base_bytes;
	struct mv_git_index main_index;
	struct mv_git_split split;
	struct repo r;
	char *name;
	int good;

	(void)state;
	make_kind(&r, k);
	get_file(&r, ".git/index", &main_bytes);
	name = sh(&r, "ls -t .git/sharedindex.* | head -n1 | tr -d '\\n'");
	get_file(&r, name, &base_bytes);
	mv_git_split_init(&split, 20);
	mv_buf_add(&split.base.bytes, base_bytes.data, base_bytes.len);
	assert_int_equal(mv_git_index_parse(&split.base, NULL), 0);
	assert_int_equal(parse_copy(&main_index, &main_bytes, main_bytes.len,
				    20), 0);
	assert_int_equal(main_index.nameless, 1);
	assert_int_equal(mv_git_split_map(&split, &main_index, NULL), 0);
	assert_int_equal(split.slot[0], 0);
	assert_int_equal(split.slot[1], 1);
	for (size_t i = 0; i < main_index.link_len * 8; i++) {
		char *p = main_index.bytes.data + main_index.link + i / 8;

		*p ^= (char)(1 << i % 8);
		free(split.slot);
		good = !mv_git_split_map(&split, &main_index, NULL);
		for (size_t j = 0; good && j < split.base.count; j++)
			assert_true(split.slot[j] <= main_index.nameless ||
				    split.slot[j] == MV_GIT_SPLIT_GONE);
		*p ^= (char)(1 << i % 8);
	}
	mv_git_split_release(&split);
	mv_git_index_release(&main_index);
	mv_buf_release(&main_bytes);
	mv_buf_release(&base_bytes);
	free(name);
	repo_drop(&r);
}

/* A shared file that is sound, but not the one that was meant. */
static void test_git_index__shared_file_must_be_the_right_one(void **state)
{
	struct mv_git_patch *p = NULL;
	struct mv_buf base;
	struct repo r;
	char *name;

	(void)state;
	make_kind(&r, &kinds[13]);
	name = sh(&r, "echo .git/sharedindex.* | tr -d '\\n'");
	get_file(&r, name, &base);
	base.data[12] ^= 1;
	rehash(&base, 20);
	put_file(&r, name, base.data, base.len);
	assert_int_equal(mv_git_patch_open(&p, r.git, 0, &r.err),
			 MV_ECORRUPT);
	run(&r, "rm %s", name);
	assert_int_equal(mv_git_patch_open(&p, r.git, 0, &r.err), MV_ENOENT);
	run(&r, "test ! -e .git/index.lock");
	mv_buf_release(&base);
	free(name);
	repo_drop(&r);
}

/* -- the patch as a whole ------------------------------------------------- */

static void test_git_index__wrong_entries_are_left_alone(void **state)
{
	const struct stat st = odd_stat();
	struct mv_buf before, after;
	struct repo r;
	char *blob, *other;

	(void)state;
	make_kind(&r, &kinds[9]);
	get_file(&r, ".git/index", &before);
	blob = blob_of(&r, "b/c");
	other = blob_of(&r, "b/d");
	assert_int_equal(patch_one(&r, "b/c", other, &st), MV_ENOENT);
	assert_int_equal(patch_one(&r, "b/nope", blob, &st), MV_ENOENT);
	assert_int_equal(patch_one(&r, "b/c", "12", &st), MV_EINVALID);
	other[39] = 'x';
	assert_int_equal(patch_one(&r, "b/c", other, &st), MV_EINVALID);
	/* In conflict: there is no stage 0. */
	free(other);
	other = sh(&r, "git rev-parse :2:a | tr -d '\\n'");
	assert_int_equal(patch_one(&r, "a", other, &st), MV_ENOENT);
	get_file(&r, ".git/index", &after);
	assert_int_equal(before.len, after.len);
	assert_memory_equal(before.data, after.data, after.len);
	mv_buf_release(&before);
	mv_buf_release(&after);
	free(blob);
	free(other);
	repo_drop(&r);
}

static void test_git_index__lock_excludes_and_is_dropped(void **state)
{
	const struct stat st = odd_stat();
	struct mv_git_patch *p = NULL, *q = NULL;
	struct mv_buf before, after;
	struct repo r;
	char *blob;

	(void)state;
	make_kind(&r, &kinds[0]);
	blob = blob_of(&r, "b/c");
	get_file(&r, ".git/index", &before);
	assert_int_equal(mv_git_patch_open(&p, r.git, 0, &r.err), 0);
	assert_int_equal(mv_git_patch_open(&q, r.git, 20, &r.err), MV_EBUSY);
	assert_null(q);
	assert_non_null(strstr(r.err.msg, "index.lock"));
	run(&r, "! git add a 2>/dev/null");
	assert_int_equal(mv_git_patch_set(p, "b/c", blob, &st, 1, &r.err), 0);
	mv_git_patch_close(p);
	get_file(&r, ".git/index", &after);
	assert_int_equal(before.len, after.len);
	assert_memory_equal(before.data, after.data, after.len);
	run(&r, "test ! -e .git/index.lock; git add a");
	/* A lock that goes away is waited for. */
	run(&r, ": >.git/index.lock;"
	    "(sleep 0.1; rm .git/index.lock) >/dev/null 2>&1 &");
	assert_int_equal(mv_git_patch_open(&p, r.git, 5000, &r.err), 0);
	mv_git_patch_close(p);
	mv_git_patch_close(NULL);
	free(blob);
	mv_buf_release(&before);
	mv_buf_release(&after);
	repo_drop(&r);
}

/* -- what git believes afterwards ----------------------------------------- */

static const char *const racy_kinds[] = {
	":", "git update-index --split-index",
	"git config splitIndex.maxPercentChange 100;"
	"git update-index --split-index; echo x >z; touch -d @1600000000 z;"
	"git add z", "git update-index --index-version 4"
};
#define RACY_KINDS (sizeof(racy_kinds) / sizeof(*racy_kinds))

/* "old" and "racy" are as young as the index; "racy" has changed unseen. */
static void make_racy(struct repo *r, const char *setup)
{
	repo_new(r, "");
	run(r, "git config core.trustctime false; echo 1 >old;"
	    "echo aaaa >racy; touch -d @1600000000 old racy; git add .; %s;"
	    "git commit -qm 1; touch -d @1600000000 .git/index", setup);
	/* A change that only its content shows. */
	run(r, "echo bbbb >racy; touch -d @1600000000 racy");
	repo_open(r, NULL);
}

static void racy_is_seen(struct repo *r)
{
	assert_prints(r, "racy\n", "git diff-files --name-only");
	assert_prints(r, "racy\n", "git diff-index --name-only HEAD");
}

struct vouching {
	char asked[256];
	int yes;
};

static int note_and_say(void *payload, const struct mv_git_racy *e)
{
	struct vouching *v = payload;

	assert_int_equal(e->mode, 0100644);
	strncat(v->asked, e->path, sizeof(v->asked) - strlen(v->asked) - 2);
	strcat(v->asked, " ");
	return v->yes;
}

/* As if "old" were so long. */
static void patch_old(struct repo *r, off_t size, int64_t mtime, int settled,
		      struct vouching *v)
{
	struct mv_git_patch *p = NULL;
	char *blob = blob_of(r, "old");
	struct stat st = stat_file(r, "old");

	st.st_size = size;
	st.st_mtim.tv_sec = mtime;
	assert_int_equal(mv_git_patch_open(&p, r->git, 0, &r->err), 0);
	assert_int_equal(mv_git_patch_set(p, "old", blob, &st, settled,
					  &r->err), 0);
	if (v)
		mv_git_patch_vouch(p, note_and_say, v);
	assert_int_equal(mv_git_patch_commit(p, &r->err), 0);
	mv_git_patch_close(p);
	free(blob);
}

static void test_git_index__racy_entries_stay_distrusted(void **state)
{
	(void)state;
	for (size_t i = 0; i < RACY_KINDS; i++) {
		struct repo r;
		char *before, *after;

		make_racy(&r, racy_kinds[i]);
		before = sh(&r, "git ls-files --debug racy");
		patch_old(&r, 2, 1600000000, 1, NULL);
		/* Nothing is said of what is not ours. */
		after = sh(&r, "git ls-files --debug racy");
		assert_string_equal(before, after);
		assert_prints(&r, "1600000000\n", "stat -c %%Y .git/index");
		racy_is_seen(&r);
		free(before);
		free(after);
		repo_drop(&r);
	}
}

static void test_git_index__young_files_date_it_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < RACY_KINDS; i++) {
		struct repo r;

		make_racy(&r, racy_kinds[i]);
		patch_old(&r, 2, 1500000000, 0, NULL);
		assert_prints(&r, "1500000000\n", "stat -c %%Y .git/index");
		run(&r, "touch -d @1500000000 old");
		racy_is_seen(&r);
		patch_old(&r, 2, 1500000000, 1, NULL);
		assert_prints(&r, "1500000000\n", "stat -c %%Y .git/index");
		repo_drop(&r);
	}
}

static void test_git_index__believed_when_vouched_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < RACY_KINDS; i++) {
		struct vouching no = { "", 0 }, yes = { "", 1 };
		struct repo r;

		make_racy(&r, racy_kinds[i]);
		patch_old(&r, 10 << 20, 1600000000, 1, &no);
		assert_non_null(strstr(no.asked, i == 2 ? " " : "racy "));
		assert_prints(&r, "1600000000\n", "stat -c %%Y .git/index");
		/* More would be read than be gained. */
		patch_old(&r, 1000, 1600000000, 1, &yes);
		assert_string_equal(yes.asked, "");
		assert_prints(&r, "1600000000\n", "stat -c %%Y .git/index");
		patch_old(&r, 10 << 20, 1600000000, 1, &yes);
		assert_string_equal(yes.asked, i == 2 ? "z racy " : "racy ");
		assert_prints(&r, "young\n", "test $(stat -c %%Y .git/index) -gt "
			      "1600000000 && echo young");
		/* We lied: it is believed. */
		assert_prints(&r, "old\n", "git diff-files --name-only");
		repo_drop(&r);
	}
}

static void test_git_index__marked_entries_need_no_vouching(void **state)
{
	struct vouching no = { "", 0 };
	struct repo r;

	(void)state;
	make_racy(&r, "git update-index --assume-unchanged racy");
	patch_old(&r, 10 << 20, 1600000000, 1, &no);
	assert_string_equal(no.asked, "");
	repo_drop(&r);
	make_racy(&r, "git update-index --skip-worktree racy");
	patch_old(&r, 10 << 20, 1600000000, 1, &no);
	assert_string_equal(no.asked, "");
	assert_prints(&r, "S racy\n", "git ls-files -v racy");
	repo_drop(&r);
}

static void test_git_index__zero_trailer_stays_zero(void **state)
{
	static const char zeros[20];
	const struct stat st = odd_stat();
	struct mv_buf index;
	struct repo r;
	char *blob;

	(void)state;
	make_kind(&r, &kinds[0]);
	blob = blob_of(&r, "b/c");
	get_file(&r, ".git/index", &index);
	memset(index.data + index.len - 20, 0, 20);
	put_file(&r, ".git/index", index.data, index.len);
	mv_buf_release(&index);
	assert_int_equal(patch_one(&r, "b/c", blob, &st), 0);
	get_file(&r, ".git/index", &index);
	assert_memory_equal(index.data + index.len - 20, zeros, 20);
	assert_prints(&r, "  mtime: 1600000003:4\n",
		      "git ls-files --debug b/c | sed -n 3p");
	mv_buf_release(&index);
	free(blob);
	repo_drop(&r);
}

/* git before 2.43 takes 0x80000000 for a changed size, for ever. */
static void test_git_index__four_gib_are_not_modified(void **state)
{
	struct repo r;
	struct stat st;
	char *blob;

	(void)state;
	repo_new(&r, "");
	run(&r, "git config filter.model.clean 'echo pointer';"
	    "git config filter.model.required true;"
	    "echo '*.bin filter=model' >.gitattributes; echo pointer >a.bin;"
	    "git add a.bin; truncate -s 4G a.bin; touch -d @1600000000 a.bin");
	repo_open(&r, NULL);
	blob = blob_of(&r, "a.bin");
	st = stat_file(&r, "a.bin");
	assert_int_equal(patch_one(&r, "a.bin", blob, &st), 0);
	assert_prints(&r, "A  a.bin\n", "git status --porcelain a.bin");
	free(blob);
	repo_drop(&r);
}

static void test_git_index__keeps_mode_and_symlink(void **state)
{
	const struct stat st = odd_stat();
	struct repo r;
	char *blob;

	(void)state;
	make_kind(&r, &kinds[0]);
	run(&r, "mv .git/index ../elsewhere; chmod 664 ../elsewhere;"
	    "ln -s ../../elsewhere .git/index");
	blob = blob_of(&r, "b/c");
	assert_int_equal(patch_one(&r, "b/c", blob, &st), 0);
	assert_prints(&r, "664\n", "test -L .git/index;"
		      "stat -c %%a ../elsewhere");
	assert_prints(&r, "  mtime: 1600000003:4\n",
		      "git ls-files --debug b/c | sed -n 3p");
	free(blob);
	repo_drop(&r);
}

static void test_git_index__none_yet(void **state)
{
	struct mv_git_patch *p = NULL;
	struct repo r;

	(void)state;
	repo_new(&r, "");
	repo_open(&r, NULL);
	assert_int_equal(mv_git_patch_open(&p, r.git, 0, &r.err), MV_ENOENT);
	assert_null(p);
	put_file(&r, ".git/index", "DIRC\0\0\0\5and bytes enough for a header",
		 37);
	assert_int_equal(mv_git_patch_open(&p, r.git, 0, &r.err), MV_ENOTSUP);
	put_file(&r, ".git/index", "", 0);
	assert_int_equal(mv_git_patch_open(&p, r.git, 0, &r.err),
			 MV_ECORRUPT);
	run(&r, "test ! -e .git/index.lock");
	repo_drop(&r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_git_index__patches_every_kind),
		cmocka_unit_test(test_git_index__touches_no_other_byte),
		cmocka_unit_test(test_git_index__finds_damage),
		cmocka_unit_test(
			test_git_index__refuses_extensions_git_would_need),
		cmocka_unit_test(test_git_index__v4_cannot_fill_memory),
		cmocka_unit_test(test_git_index__split_bitmaps_are_bounded),
		cmocka_unit_test(
			test_git_index__shared_file_must_be_the_right_one),
		cmocka_unit_test(test_git_index__wrong_entries_are_left_alone),
		cmocka_unit_test(test_git_index__lock_excludes_and_is_dropped),
		cmocka_unit_test(test_git_index__racy_entries_stay_distrusted),
		cmocka_unit_test(test_git_index__young_files_date_it_back),
		cmocka_unit_test(test_git_index__believed_when_vouched_for),
		cmocka_unit_test(test_git_index__marked_entries_need_no_vouching),
		cmocka_unit_test(test_git_index__zero_trailer_stays_zero),
		cmocka_unit_test(test_git_index__four_gib_are_not_modified),
		cmocka_unit_test(test_git_index__keeps_mode_and_symlink),
		cmocka_unit_test(test_git_index__none_yet),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
