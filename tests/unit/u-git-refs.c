/* SPDX-License-Identifier: MIT */
#include "libmv/git/git.h"
#include "libmv/git/history.h"
#include "libmv/git/objects.h"
#include "libmv/git/refs.h"
#include "tests/unit/u-git-help.h"

/* The same name as git gives it, or none at all. */
static void assert_commit(struct repo *r, const char *rev, const char *same)
{
	char hex[65] = "", line[67];
	char *s = sh(r, "git rev-parse --verify '%s^{commit}'", same);
	int rc = mv_git_commit(hex, r->git, rev, &r->err);

	if (rc)
		fail_msg("%s: %s", rev, r->err.msg);
	snprintf(line, sizeof(line), "%s\n", hex);
	assert_string_equal(line, s);
	free(s);
}

static int commit_code(struct repo *r, const char *rev)
{
	char hex[65];

	return mv_git_commit(hex, r->git, rev, &r->err);
}

static int get_code(struct repo *r, const char *ref)
{
	char hex[65];

	return mv_git_ref_get(hex, r->git, ref, &r->err);
}

static void assert_ref(struct repo *r, const char *ref)
{
	char hex[65] = "", line[67];
	char *s = sh(r, "git show-ref --verify --hash '%s'", ref);

	assert_int_equal(mv_git_ref_get(hex, r->git, ref, &r->err), 0);
	snprintf(line, sizeof(line), "%s\n", hex);
	assert_string_equal(line, s);
	free(s);
}

/* Two commits on main, the first tagged in all ways. */
static void make_refs(struct repo *r, const char *init)
{
	repo_new(r, init);
	run(r, "echo 1 >a; git add .; git commit -qm one;"
	    "git tag light; git tag -a -m note annotated;"
	    "git config advice.nestedTag false;"
	    "git tag -a -m outer nested annotated; git tag tree HEAD^{tree};"
	    "git tag blob HEAD:a; git tag -am t blobtag blob;"
	    "git branch old; echo 2 >a; git commit -qam two");
	repo_open(r, NULL);
}

static void check_commits(const char *init)
{
	static const char *const bad[] = {
		"", "nothing", "blob", "tree", "HEAD:a", "HEAD~7", "a\nb",
		"HEAD\n", "--all", "-", ":a", "0", "HEAD^{tree}",
		"0123456789012345678901234567890123456789"
	};
	struct repo r;

	make_refs(&r, init);
	assert_commit(&r, "HEAD", "HEAD");
	assert_commit(&r, "main", "main");
	assert_commit(&r, "HEAD~1", "old");
	assert_commit(&r, "refs/heads/old", "old");
	assert_commit(&r, "annotated", "old");
	assert_commit(&r, "nested", "old");
	assert_commit(&r, "light", "old");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (commit_code(&r, bad[i]) != MV_ENOENT)
			fail_msg("'%s'", bad[i]);
	}
	/* What moves is seen at once, loose or packed, and a dash is a name. */
	run(&r, "git update-ref refs/heads/-x old; git pack-refs --all;"
	    "git commit -q --allow-empty -m three; git checkout -q --detach;"
	    "git commit -q --allow-empty -m four");
	assert_commit(&r, "HEAD", "HEAD");
	assert_commit(&r, "main", "main");
	assert_commit(&r, "-x", "old");
	assert_ref(&r, "refs/heads/-x");
	run(&r, "git pack-refs --all; git update-ref -d refs/heads/old");
	assert_int_equal(commit_code(&r, "old"), MV_ENOENT);
	repo_drop(&r);
}

static void test_git_refs__commits(void **state)
{
	(void)state;
	check_commits("");
	check_commits("--object-format=sha256");
}

static void test_git_refs__empty_repository(void **state)
{
	struct repo r;
	char hex[65];
	char *name;

	(void)state;
	repo_new(&r, "");
	repo_open(&r, NULL);
	assert_int_equal(commit_code(&r, "HEAD"), MV_ENOENT);
	assert_non_null(strstr(r.err.msg, "HEAD"));
	assert_int_equal(get_code(&r, "refs/heads/main"), MV_ENOENT);
	assert_int_equal(mv_git_default_branch(&name, r.git, &r.err),
			 MV_ENOENT);
	assert_null(name);
	assert_int_equal(mv_git_merge_base(hex, r.git, "HEAD", "HEAD",
					   &r.err), MV_ENOENT);
	assert_int_equal(mv_git_is_shallow(r.git, &r.err), 0);
	repo_drop(&r);
}

static void test_git_refs__a_ref_is_only_itself(void **state)
{
	static const char *const bad[] = {
		"main", "heads/main", "", "refs/", "refs/heads/", "refs//x",
		"refs/heads/main^", "refs/heads/main~1", "refs/heads/main:a",
		"refs/heads/main@{0}", "refs/heads/a..b", "refs/heads/.a",
		"refs/heads/a.lock", "refs/heads/a b", "refs/heads/a\nb",
		"refs/heads/main ", "refs/heads/main.", "--all",
		"refs/heads/*"
	};
	struct repo r;

	(void)state;
	make_refs(&r, "");
	assert_ref(&r, "refs/heads/main");
	assert_ref(&r, "refs/tags/annotated");
	assert_ref(&r, "refs/tags/blob");
	assert_ref(&r, "HEAD");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (get_code(&r, bad[i]) != MV_ENOENT)
			fail_msg("'%s'", bad[i]);
	}
	/* git would find these by the name of a ref that is not there. */
	run(&r, "git update-ref refs/tags/refs/notes/model HEAD;"
	    "git update-ref refs/heads/refs/notes/other HEAD");
	assert_int_equal(get_code(&r, "refs/notes/model"), MV_ENOENT);
	assert_int_equal(get_code(&r, "refs/notes/other"), MV_ENOENT);
	run(&r, "git update-ref refs/notes/model old");
	assert_ref(&r, "refs/notes/model");
	repo_drop(&r);
}

static int add_ref(void *payload, const struct mv_git_ref *ref,
		   struct mv_err *err)
{
	(void)err;
	return mv_buf_addf(payload, "%s %.4s %s %.4s\n", ref->name, ref->oid,
			   ref->type, ref->commit);
}

static void assert_refs(struct repo *r, const char *const *prefixes,
			const char *expected)
{
	struct mv_buf out;

	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_git_each_ref(r->git, prefixes, add_ref, &out,
					 &r->err), 0);
	assert_string_equal(out.data, expected);
	mv_buf_release(&out);
}

static void test_git_refs__lists(void **state)
{
	static const char *const heads[] = { "refs/heads/", NULL };
	static const char *const tags[] = { "refs/tags/", NULL };
	static const char *const two[] = {
		"refs/tags/m@v", "refs/tags/b", "refs/tags/blob", "*", "[",
		"--count=1", "refs/tags/[a]", "refs/nothing", NULL
	};
	static const char *const none[] = { "heads", "refs/tags/*", NULL };
	static const char *const empty[] = { NULL };
	static const char *const ref[] = { "ref", NULL };
	struct mv_buf all;
	struct repo r;

	(void)state;
	make_refs(&r, "");
	assert_refs(&r, heads, "refs/heads/main 0f04 commit 0f04\n"
		    "refs/heads/old cda4 commit cda4\n");
	assert_refs(&r, tags,
		    "refs/tags/annotated d852 tag cda4\n"
		    "refs/tags/blob d004 blob \n"
		    "refs/tags/blobtag aa80 tag \n"
		    "refs/tags/light cda4 commit cda4\n"
		    "refs/tags/nested 438c tag cda4\n"
		    "refs/tags/tree 2ce1 tree \n");
	run(&r, "git update-ref refs/tags/m@v1 old;"
	    "git update-ref refs/tags/m@v2/x/y old;"
	    "git update-ref refs/tags/m@w old; git pack-refs --all");
	assert_refs(&r, two,
		    "refs/tags/blob d004 blob \n"
		    "refs/tags/blobtag aa80 tag \n"
		    "refs/tags/m@v1 cda4 commit cda4\n"
		    "refs/tags/m@v2/x/y cda4 commit cda4\n");
	assert_refs(&r, none, "");
	assert_refs(&r, empty, "");
	mv_buf_init(&all, 1 << 16);
	assert_int_equal(mv_git_each_ref(r.git, NULL, add_ref, &all, &r.err),
			 0);
	assert_non_null(strstr(all.data, "refs/tags/m@w"));
	assert_refs(&r, ref, all.data);
	mv_buf_release(&all);
	repo_drop(&r);
}

/* What git passes over when it lists is an error here, of what was asked for
   alone; and a branch that nobody has begun is none. */
static void test_git_refs__broken_ones_are_not_passed_over(void **state)
{
	static const char *const heads[] = { "refs/heads/", NULL };
	static const char *const m[] = { "refs/tags/m@", "refs/tags/m#", NULL };
	static const char *const how[] = {
		": >", "echo junk >", "echo ref: refs/tags/no >",
		"ln -s /nonexistent ", "ln -s refs/tags/no ",
		"head -c 40 /dev/zero | tr '\\0' 0 >"
	};
	struct mv_buf out;
	struct repo r;

	(void)state;
	make_refs(&r, "");
	mv_buf_init(&out, 1 << 20);
	run(&r, "git update-ref refs/tags/m#p/q#1 old; git pack-refs --all;"
	    "mkdir -p '.git/refs/tags/m#p/q#1' .git/refs/remotes/o;"
	    "echo ref: refs/heads/no >.git/refs/heads/alias;"
	    "echo ref: refs/remotes/o/no >.git/refs/remotes/o/HEAD;"
	    ": >.git/refs/tags/x.lock; : >.git/refs/tags/.x");
	assert_refs(&r, heads, "refs/heads/main 0f04 commit 0f04\n"
		    "refs/heads/old cda4 commit cda4\n");
	assert_refs(&r, m, "refs/tags/m#p/q#1 cda4 commit cda4\n");
	assert_int_equal(mv_git_each_ref(r.git, NULL, add_ref, &out, &r.err),
			 0);
	run(&r, "rmdir '.git/refs/tags/m#p/q#1'");
	for (size_t i = 0; i < sizeof(how) / sizeof(*how); i++) {
		run(&r, "%s'.git/refs/tags/m#p/q#1'", how[i]);
		if (!mv_git_each_ref(r.git, m, add_ref, &out, &r.err))
			fail_msg("%s", how[i]);
		assert_non_null(strstr(r.err.msg, "refs/tags/m#p/q#1"));
		assert_int_equal(mv_git_each_ref(r.git, heads, add_ref, &out,
						 &r.err), 0);
		run(&r, "rm '.git/refs/tags/m#p/q#1'");
	}
	assert_refs(&r, m, "refs/tags/m#p/q#1 cda4 commit cda4\n");
	mv_buf_release(&out);
	repo_drop(&r);
}

/* -- objects -------------------------------------------------------------- */

static int add_info(void *payload, size_t i,
		    const struct mv_git_object_info *info, struct mv_err *err)
{
	struct mv_buf *out = payload;

	(void)err;
	if (!info)
		return mv_buf_addf(out, "%zu -\n", i);
	return mv_buf_addf(out, "%zu %.4s %s %zu %s<%s> %lld %d %s|%s|%s\n", i,
			   info->hex, info->name ? info->name : "",
			   info->parent_count, info->author.name,
			   info->author.email, (long long)info->author.when,
			   info->author.tz, *info->committer.name ?
			   info->committer.name : "-",
			   *info->target ? "tag" : "commit", info->message);
}

static void test_git_refs__objects(void **state)
{
	static const char *const names[] = {
		"HEAD", "nothing", "annotated", "HEAD:a", "a\nb", "HEAD~1",
		"nested", "HEAD^{tree}", "bad", ""
	};
	struct mv_buf out;
	struct repo r;

	(void)state;
	make_refs(&r, "");
	run(&r, "printf 'tree x\n\nbad' | git hash-object -w -t commit "
	    "--literally --stdin >.git/refs/tags/bad");
	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_git_objects(r.git, names, 10, add_info, &out,
					&r.err), 0);
	assert_string_equal(out.data,
		"0 0f04  1 A<a@example.org> 1700000000 0 C|commit|two\n\n"
		"1 -\n"
		"2 d852 annotated 0 C<c@example.org> 1700000000 0 -|tag|"
		"note\n\n"
		"3 -\n4 -\n"
		"5 cda4  0 A<a@example.org> 1700000000 0 C|commit|one\n\n"
		"6 438c nested 0 C<c@example.org> 1700000000 0 -|tag|"
		"outer\n\n7 -\n8 -\n9 -\n");
	mv_buf_release(&out);
	repo_drop(&r);
}

/* What our parser takes for payload and signature, in two files. */
static int dump_signed(void *payload, size_t i,
		       const struct mv_git_object_info *info,
		       struct mv_err *err)
{
	struct repo *r = payload;

	(void)i;
	(void)err;
	assert_non_null(info);
	assert_non_null(info->signature);
	put_file(r, "../our-payload", info->payload, info->payload_len);
	put_file(r, "../our-signature", info->signature,
		 strlen(info->signature));
	return 0;
}

/* git's own go into the same, by way of a gpg that only looks. */
static void assert_signed_as_git(struct repo *r, const char *verify,
				 const char *name)
{
	assert_int_equal(mv_git_objects(r->git, &name, 1, dump_signed, r,
					&r->err), 0);
	run(r, "rm -f ../payload ../signature; git -c gpg.program="
	    "\"$ROOT/gpg\" %s %s 2>/dev/null || :;"
	    "cmp ../payload ../our-payload;"
	    "cmp ../signature ../our-signature", verify, name);
}

#define SIG(x) "-----BEGIN " x "-----\n\nabc\n-----END " x "-----\n"

static void put_object(struct repo *r, const char *type, const char *tag,
		       const char *text, size_t len)
{
	put_file(r, "../object", text, len);
	run(r, "git update-ref refs/tags/%s $(git hash-object -w -t %s "
	    "--literally ../object)", tag, type);
}

static void check_signatures(const char *init, const char *own,
			     const char *other)
{
	struct mv_buf b;
	struct repo r;
	char *tree, *head;

	make_refs(&r, init);
	run(&r, "printf '#!/bin/sh\ncat >\"$ROOT/payload\"\nfor a; do :; done;"
	    "[ \"$1\" = --status-fd=2 ] && exit 1\nfor a; do case $a in "
	    "/*) cp \"$a\" \"$ROOT/signature\";; esac; done\nexit 1\n' "
	    ">\"$ROOT/gpg\"; sed -i '/status-fd=2 ]/d' \"$ROOT/gpg\";"
	    "chmod +x \"$ROOT/gpg\"");
	tree = sh(&r, "git rev-parse HEAD^{tree} | tr -d '\\n'");
	head = sh(&r, "git rev-parse HEAD | tr -d '\\n'");
	mv_buf_init(&b, 1 << 16);
	mv_buf_addf(&b, "tree %s\nparent %s\nauthor A <a> 1 +0000\n"
		    "committer C <c> 2 +0000\n%s -----BEGIN PGP SIGNATURE-----\n"
		    " \n x\n -----END PGP SIGNATURE-----\n"
		    "%s -----BEGIN PGP SIGNATURE-----\n y\n"
		    "encoding x\nmergetag a\n b\n\ngpgsig body\n b\n",
		    tree, head, own, other);
	put_object(&r, "commit", "c1", b.data, b.len);
	assert_signed_as_git(&r, "verify-commit", "c1");
	/* The same without a last newline, and a NUL in the message. */
	mv_buf_add(&b, "x\0y", 3);
	put_object(&r, "commit", "c2", b.data, b.len);
	assert_signed_as_git(&r, "verify-commit", "c2");
	mv_buf_clear(&b);
	mv_buf_addf(&b, "object %s\ntype commit\ntag t1\ntagger T <t> 3 "
		    "-0130\n%s -----BEGIN PGP SIGNATURE-----\n z\n\nmessage\n"
		    SIG("PGP SIGNATURE") "more\n" SIG("PGP SIGNATURE")
		    "behind\n", head, other);
	put_object(&r, "tag", "t1", b.data, b.len);
	assert_signed_as_git(&r, "verify-tag", "t1");
	mv_buf_clear(&b);
	mv_buf_addf(&b, "object %s\ntype commit\ntag t2\ntagger T <t> 3 "
		    "-0130\n\nmessage\n" SIG("PGP MESSAGE"), head);
	put_object(&r, "tag", "t2", b.data, b.len);
	assert_signed_as_git(&r, "verify-tag", "t2");
	mv_buf_release(&b);
	free(tree);
	free(head);
	repo_drop(&r);
}

static void test_git_refs__payloads_are_gits(void **state)
{
	(void)state;
	check_signatures("", "gpgsig", "gpgsig-sha256");
	check_signatures("--object-format=sha256", "gpgsig-sha256", "gpgsig");
}

/* -- the parser ----------------------------------------------------------- */

#define HEX "0123456789012345678901234567890123456789"

static int parse(struct mv_git_object_info *info, enum mv_git_type type,
		 const char *text, struct mv_err *err)
{
	return mv_git_object_parse(info, type, 40, text, strlen(text), err);
}

static void test_git_refs__parses_people(void **state)
{
	static const struct {
		const char *line, *name, *email;
		int64_t when;
		int tz;
	} t[] = {
		{ "A B <a@b> 12 +0130", "A B", "a@b", 12, 90 },
		{ "A <a> 12 -0800", "A", "a", 12, -480 },
		{ "A  <a> 12", "A", "a", 12, 0 },
		{ "<> 1 +0000", "", "", 1, 0 },
		{ "A", "A", "", 0, 0 },
		{ "A <a", "A", "", 0, 0 },
		{ "A <a>b> 7 +0000", "A", "a", 7, 0 },
		{ "A <a> 99999999999999999999999 +0000", "A", "a", 0, 0 },
		{ "A <a> -5 +0000", "A", "a", 0, 0 },
		{ "A <a> 5 +00x0", "A", "a", 5, 0 },
		{ "A > <a> 5 +0000", "A >", "a", 5, 0 },
	};
	struct mv_git_object_info info;
	struct mv_err err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		char *text = mv_strf("tree " HEX "\nauthor %s\ncommitter %s\n",
				     t[i].line, t[i].line);

		assert_int_equal(parse(&info, MV_GIT_COMMIT, text, &err), 0);
		assert_string_equal(info.author.name, t[i].name);
		assert_string_equal(info.author.email, t[i].email);
		assert_int_equal(info.author.when, t[i].when);
		assert_int_equal(info.author.tz, t[i].tz);
		assert_string_equal(info.committer.name, t[i].name);
		assert_string_equal(info.message, "");
		mv_git_object_release(&info);
		free(text);
	}
}

static void test_git_refs__parses_or_refuses(void **state)
{
	static const char *const bad_commit[] = {
		"", "\n", "tree\n", "tree " HEX "0\n", "tree 0123\n",
		"Tree " HEX "\n", "author A <a> 1 +0000\n",
		"tree " HEX "\nparent x\nauthor A <a> 1 +0000\n",
	};
	static const char *const bad_tag[] = {
		"", "object " HEX "\n", "object " HEX "\ntag x\n",
		"object " HEX "\ntype commit\ntagger x\n",
		"type commit\nobject " HEX "\ntag x\n",
	};
	static const char nul[] = "tree " HEX "\nauthor A\0 <a> 1 +0000\n\nm";
	struct mv_git_object_info info;
	struct mv_err err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad_commit) / sizeof(*bad_commit); i++)
		assert_int_equal(parse(&info, MV_GIT_COMMIT, bad_commit[i],
				       &err), MV_ECORRUPT);
	for (size_t i = 0; i < sizeof(bad_tag) / sizeof(*bad_tag); i++)
		assert_int_equal(parse(&info, MV_GIT_TAG, bad_tag[i], &err),
				 MV_ECORRUPT);
	assert_int_equal(mv_git_object_parse(&info, MV_GIT_COMMIT, 40, nul,
					     sizeof(nul) - 1, &err),
			 MV_ECORRUPT);
	assert_null(info.raw);
	/* Nobody in particular, and a message without an end. */
	assert_int_equal(parse(&info, MV_GIT_COMMIT, "tree " HEX "\nparent "
			       HEX "\nparent " HEX "\n\nm", &err), 0);
	assert_int_equal(info.parent_count, 2);
	assert_string_equal(info.parents[1], HEX);
	assert_string_equal(info.author.name, "");
	assert_string_equal(info.message, "m");
	assert_null(info.signature);
	assert_int_equal(info.payload_len, info.raw_len);
	mv_git_object_release(&info);
	assert_int_equal(parse(&info, MV_GIT_TAG, "object " HEX "\ntype commit"
			       "\ntag fraud@v1\n\nm\n\nKey: x\n"
			       SIG("SSH SIGNATURE"), &err), 0);
	assert_string_equal(info.name, "fraud@v1");
	assert_string_equal(info.target, HEX);
	assert_string_equal(info.message, "m\n\nKey: x\n");
	assert_string_equal(info.signature, SIG("SSH SIGNATURE"));
	assert_int_equal(info.payload_len + strlen(info.signature),
			 info.raw_len);
	mv_git_object_release(&info);
}

/* -- many blobs ----------------------------------------------------------- */

static int add_data(void *payload, size_t i, const char *hex, const void *data,
		    size_t len, struct mv_err *err)
{
	(void)err;
	return mv_buf_addf(payload, "%zu:%.4s:%zu:%.5s\n", i, hex, len,
			   data ? (const char *)data : "-");
}

static void test_git_refs__many_blobs(void **state)
{
	static const char *const specs[] = {
		"HEAD:a", "HEAD:none", "HEAD", "HEAD:n\nl", ":a", "HEAD:big",
		"HEAD:huge", "HEAD:empty", "-x", "HEAD:a"
	};
	struct mv_buf out;
	struct repo r;

	(void)state;
	repo_new(&r, "");
	run(&r, "echo a >a; echo n >'n\nl'; : >empty; printf %%0100d 1 >big;"
	    "head -c 3000000 /dev/zero >huge; git add .; git commit -qm 1;"
	    "echo new >a; git add a");
	repo_open(&r, NULL);
	mv_buf_init(&out, 1 << 20);
	for (int i = 0; i < 2; i++) {
		mv_buf_clear(&out);
		assert_int_equal(mv_git_read_many(r.git, specs, 10, 99,
						  add_data, &out, &r.err), 0);
		assert_string_equal(out.data, "0:7898:2:a\n\n1::0:-\n2::0:-\n"
				    "3:8ba3:2:n\n\n4:3e75:4:new\n\n"
				    "5:edc5:100:-\n6:73e7:3000000:-\n"
				    "7:e69d:0:\n8::0:-\n9:7898:2:a\n\n");
	}
	mv_buf_release(&out);
	repo_drop(&r);
}

/* Many names are read by libgit2, few by git: nobody can tell. */
static void test_git_refs__many_blobs_from_either_source(void **state)
{
	enum { COUNT = 260 };
	const char *specs[COUNT];
	struct mv_buf one, all;
	char *names, *p;
	struct repo r;

	(void)state;
	repo_new(&r, "");
	run(&r, "for i in $(seq 0 255); do echo $i >f$i; done; : >f10;"
	    "head -c 3000000 /dev/zero >f20; git add .; git commit -qm 1;"
	    "git gc -q");
	names = sh(&r, "(git rev-parse HEAD:f10 HEAD:f20 HEAD: HEAD;"
		   "for i in $(seq 0 255); do echo HEAD:f$i; done | "
		   "git cat-file --batch-check='%%(objectname)')");
	p = names;
	for (size_t i = 0; i < COUNT; i++) {
		specs[i] = p;
		p += 40;
		*p++ = '\0';
	}
	/* Missing, and what comes after it. */
	memset(names + 41 * 200, '1', 40);
	mv_buf_init(&one, 1 << 20);
	mv_buf_init(&all, 1 << 20);
	repo_open(&r, NULL);
	assert_int_equal(mv_git_read_many(r.git, specs, COUNT, 99, add_data,
					  &all, &r.err), 0);
	assert_non_null(r.git->libgit2);
	repo_open(&r, NULL);
	for (size_t i = 0; i < COUNT; i += 130)
		assert_int_equal(mv_git_read_many(r.git, specs + i, 130, 99,
						  add_data, &one, &r.err), 0);
	assert_null(r.git->libgit2);
	p = strstr(one.data, "\n129:");
	p = p ? strstr(p, "\n0:") : NULL;
	assert_non_null(p);
	assert_memory_equal(one.data, all.data, (size_t)(p - one.data));
	assert_non_null(strstr(all.data, "0:e69d:0:\n1:73e7:3000000:-\n"
			       "2::0:-\n3::0:-\n4:"));
	assert_non_null(strstr(all.data, "\n200::0:-\n201:"));
	assert_non_null(strstr(all.data, ":255\n\n"));
	mv_buf_release(&one);
	mv_buf_release(&all);
	free(names);
	repo_drop(&r);
}

struct nest {
	struct repo *r;
	size_t calls;
};

/* A callback that asks the repository itself, in the middle of it all. */
static int ask_again(void *payload, size_t i, const char *hex,
		     const void *data, size_t len, struct mv_err *err)
{
	struct nest *n = payload;
	char again[65], spec[32];
	struct mv_buf out;

	mv_buf_init(&out, 100);
	snprintf(spec, sizeof(spec), "HEAD:f%zu", 299 - i);
	assert_int_equal(mv_git_read_blob(n->r->git, spec, &out, again, err),
			 0);
	assert_int_equal(strtoul(out.data, NULL, 10), 299 - i);
	assert_int_equal(strtoul(data, NULL, 10), i);
	assert_int_equal(strlen(hex), 40);
	assert_true(len > 0);
	mv_buf_release(&out);
	n->calls++;
	return i == 280 ? mv_fail(err, MV_ECANCELLED, "enough") : 0;
}

static void test_git_refs__callbacks_may_ask(void **state)
{
	const char *spec[300];
	char name[300][16];
	struct repo r;
	struct nest n = { &r, 0 };

	(void)state;
	repo_new(&r, "");
	run(&r, "i=0; while [ $i -lt 300 ]; do echo $i >f$i; i=$((i + 1));"
	    "done; git add .; git commit -qm 1");
	repo_open(&r, NULL);
	for (size_t i = 0; i < 300; i++) {
		snprintf(name[i], sizeof(name[i]), "HEAD:f%zu", i);
		spec[i] = name[i];
	}
	assert_int_equal(mv_git_read_many(r.git, spec, 300, 100, ask_again,
					  &n, &r.err), MV_ECANCELLED);
	assert_int_equal(n.calls, 281);
	assert_commit(&r, "HEAD", "HEAD");
	repo_drop(&r);
}

/* -- small questions ------------------------------------------------------ */

static void test_git_refs__ancestors(void **state)
{
	char hex[65];
	struct repo r;
	char *s;

	(void)state;
	make_refs(&r, "");
	run(&r, "git checkout -q -b side old; echo s >s; git add .;"
	    "git commit -qm s; git checkout -q --orphan alone;"
	    "git commit -qm alone; git checkout -q main");
	assert_int_equal(mv_git_merge_base(hex, r.git, "main", "side", &r.err),
			 0);
	s = sh(&r, "git rev-parse old | tr -d '\\n'");
	assert_string_equal(hex, s);
	free(s);
	assert_int_equal(mv_git_merge_base(hex, r.git, "main", "alone",
					   &r.err), MV_ENOENT);
	assert_int_equal(mv_git_merge_base(hex, r.git, "main", "--all",
					   &r.err), MV_ENOENT);
	assert_int_equal(mv_git_is_ancestor(r.git, "old", "side", &r.err), 1);
	assert_int_equal(mv_git_is_ancestor(r.git, "side", "old", &r.err), 0);
	assert_int_equal(mv_git_is_ancestor(r.git, "main", "main", &r.err), 1);
	assert_int_equal(mv_git_is_ancestor(r.git, "none", "main", &r.err),
			 MV_ENOENT);
	/* actions/checkout: one commit, and nothing is an ancestor of it. */
	assert_int_equal(mv_git_is_shallow(r.git, &r.err), 0);
	run(&r, "git clone -q --depth=1 --no-single-branch "
	    "\"file://$ROOT/r\" ../s");
	strcat(r.dir, "/../s");
	repo_open(&r, NULL);
	assert_int_equal(mv_git_is_shallow(r.git, &r.err), 1);
	assert_int_equal(mv_git_merge_base(hex, r.git, "main", "origin/side",
					   &r.err), MV_ENOENT);
	repo_drop(&r);
}

static void assert_default(struct repo *r, const char *expected)
{
	char *name = NULL;

	repo_open(r, NULL);
	if (mv_git_default_branch(&name, r->git, &r->err))
		fail_msg("%s", r->err.msg);
	assert_string_equal(name, expected);
	free(name);
}

static void test_git_refs__default_branch(void **state)
{
	struct repo r;
	char *name;

	(void)state;
	make_refs(&r, "");
	assert_default(&r, "refs/heads/main");
	run(&r, "git branch trunk; git branch master;"
	    "git config init.defaultBranch trunk");
	assert_default(&r, "refs/heads/trunk");
	run(&r, "git branch -D trunk; git branch -m main other");
	assert_default(&r, "refs/heads/master");
	run(&r, "git branch -D master");
	repo_open(&r, NULL);
	assert_int_equal(mv_git_default_branch(&name, r.git, &r.err),
			 MV_ENOENT);
	run(&r, "git checkout -q other; git branch main;"
	    "git config core.bare true");
	assert_default(&r, "refs/heads/other");
	run(&r, "git config core.bare false; git branch -D main");
	/* A clone knows what its origin says. */
	run(&r, "git clone -q . ../c");
	strcat(r.dir, "/../c");
	assert_default(&r, "refs/remotes/origin/other");
	run(&r, "git checkout -q --detach; git branch -D other;"
	    "git branch master; git symbolic-ref -d "
	    "refs/remotes/origin/HEAD");
	/* What is here says nothing of what others merge into. */
	repo_open(&r, NULL);
	assert_int_equal(mv_git_default_branch(&name, r.git, &r.err),
			 MV_ENOTSUP);
	assert_null(name);
	assert_non_null(strstr(r.err.msg, "git remote set-head origin --auto"));
	run(&r, "git symbolic-ref refs/remotes/origin/HEAD "
	    "refs/remotes/origin/gone");
	repo_open(&r, NULL);
	assert_int_equal(mv_git_default_branch(&name, r.git, &r.err),
			 MV_ENOTSUP);
	run(&r, "git symbolic-ref -d refs/remotes/origin/HEAD");
	run(&r, "git update-ref refs/remotes/origin/main HEAD");
	assert_default(&r, "refs/remotes/origin/main");
	/* A remote of another name, when there is no origin. */
	run(&r, "git remote rename origin up 2>/dev/null;"
	    "git remote add zz x");
	assert_default(&r, "refs/remotes/up/main");
	repo_drop(&r);
}

static void test_git_refs__who_commits(void **state)
{
	struct repo r;
	char *who = NULL;

	(void)state;
	repo_new(&r, "");
	repo_open(&r, NULL);
	assert_int_equal(mv_git_ident(&who, r.git, &r.err), 0);
	assert_string_equal(who, "C <c@example.org>");
	free(who);
	for (size_t i = 0; r.list[i]; i++)
		if (!strncmp(r.list[i], "GIT_COMMITTER_", 14) ||
		    !strncmp(r.list[i], "GIT_AUTHOR_", 11))
			r.list[i] = r.list[0];
	run(&r, "git config user.useConfigOnly true");
	repo_open(&r, NULL);
	assert_int_equal(mv_git_ident(&who, r.git, &r.err), MV_EINVALID);
	assert_null(who);
	assert_non_null(strstr(r.err.msg, "user.email"));
	run(&r, "git config user.name 'N N'; git config user.email n@n");
	repo_open(&r, NULL);
	assert_int_equal(mv_git_ident(&who, r.git, &r.err), 0);
	assert_string_equal(who, "N N <n@n>");
	free(who);
	repo_drop(&r);
}

static void test_git_refs__write_blob(void **state)
{
	struct mv_buf out;
	struct repo r;
	char hex[65];

	(void)state;
	repo_new(&r, "--object-format=sha256");
	repo_open(&r, NULL);
	assert_int_equal(mv_git_write_blob(hex, r.git, "a\0b\n", 4, &r.err),
			 0);
	mv_buf_init(&out, 10);
	assert_int_equal(mv_git_read_blob(r.git, hex, &out, NULL, &r.err), 0);
	assert_int_equal(out.len, 4);
	assert_memory_equal(out.data, "a\0b\n", 4);
	mv_buf_clear(&out);
	assert_int_equal(mv_git_write_blob(hex, r.git, NULL, 0, &r.err), 0);
	assert_int_equal(mv_git_read_blob(r.git, hex, &out, NULL, &r.err), 0);
	assert_int_equal(out.len, 0);
	mv_buf_release(&out);
	repo_drop(&r);
}

/* Nothing moves, whatever the answer. */
static void test_git_refs__tries_moves(void **state)
{
	static const char zero[] = "0000000000000000000000000000000000000000";
	char a[65], b[65];
	struct mv_git_move v[2];
	struct repo r;

	(void)state;
	repo_new(&r, "");
	free(sh(&r, "git commit -q --allow-empty -m a; git commit -q "
		"--allow-empty -m b; git branch old HEAD~1"));
	repo_open(&r, NULL);
	assert_int_equal(mv_git_commit(a, r.git, "HEAD~1", &r.err), 0);
	assert_int_equal(mv_git_commit(b, r.git, "HEAD", &r.err), 0);
	v[0] = (struct mv_git_move){ "refs/heads/old", a, b };
	v[1] = (struct mv_git_move){ "refs/tags/new", zero, a };
	assert_int_equal(mv_git_try_moves(r.git, v, 2, &r.err), 0);
	assert_int_equal(mv_git_try_moves(r.git, v, 2, &r.err), 0);
	v[1] = (struct mv_git_move){ "refs/heads/old/er", zero, a };
	assert_int_equal(mv_git_try_moves(r.git, v, 2, &r.err), MV_EDENIED);
	assert_int_equal(mv_git_try_moves(r.git, v, 1, &r.err), 0);
	v[0] = (struct mv_git_move){ "refs/heads/old", b, a };
	assert_int_equal(mv_git_try_moves(r.git, v, 1, &r.err), MV_EDENIED);
	assert_non_null(strstr(r.err.msg, "refs/heads/old"));
	v[0] = (struct mv_git_move){ "refs/heads/old", a, zero };
	assert_int_equal(mv_git_try_moves(r.git, v, 1, &r.err), 0);
	assert_int_equal(mv_git_commit(b, r.git, "refs/heads/old", &r.err), 0);
	assert_string_equal(a, b);
	repo_drop(&r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_git_refs__commits),
		cmocka_unit_test(test_git_refs__empty_repository),
		cmocka_unit_test(test_git_refs__a_ref_is_only_itself),
		cmocka_unit_test(test_git_refs__lists),
		cmocka_unit_test(test_git_refs__broken_ones_are_not_passed_over),
		cmocka_unit_test(test_git_refs__objects),
		cmocka_unit_test(test_git_refs__payloads_are_gits),
		cmocka_unit_test(test_git_refs__parses_people),
		cmocka_unit_test(test_git_refs__parses_or_refuses),
		cmocka_unit_test(test_git_refs__many_blobs),
		cmocka_unit_test(test_git_refs__many_blobs_from_either_source),
		cmocka_unit_test(test_git_refs__callbacks_may_ask),
		cmocka_unit_test(test_git_refs__ancestors),
		cmocka_unit_test(test_git_refs__default_branch),
		cmocka_unit_test(test_git_refs__who_commits),
		cmocka_unit_test(test_git_refs__write_blob),
		cmocka_unit_test(test_git_refs__tries_moves),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
