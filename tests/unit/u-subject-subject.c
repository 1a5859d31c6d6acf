/* SPDX-License-Identifier: MIT */
#include "libmv/subject/subject.h"
#include "tests/unit/u-world.h"

/* What a person names, in the grammar of subject.h. */
static void put_pointer(struct world *w, const char *path, char digit)
{
	char text[160], oid[65];

	memset(oid, digit, 64);
	oid[64] = '\0';
	snprintf(text, sizeof(text), "git-model/1\noid sha256:%s\nsize 1000\n",
		 oid);
	put_file(&w->r, path, text, strlen(text));
}

/* Two commits: m.bin, d/a.bin and d/b.bin are ours, code is git's. */
static void begin(struct world *w)
{
	world_new(w, "");
	run(&w->r, "mkdir .gitmodel d && printf '[artifact \"fraud\"]\\npath = "
	    "m.bin\\n' >.gitmodel/config && echo x >code");
	put_pointer(w, "m.bin", '1');
	put_pointer(w, "d/a.bin", 'a');
	put_pointer(w, "d/b.bin", 'b');
	run(&w->r, "git add . && git commit -qm two && "
	    "git tag -a -m x fraud@v1.0.0");
	put_pointer(w, "m.bin", '2');
	run(&w->r, "git commit -qam three");
	world_open(w, NULL);
}

static int find(struct mv_subject *s, struct world *w, const char *spec)
{
	return mv_subject_find(s, w->repo, spec, &w->err);
}

static void assert_found(struct world *w, const char *spec, int byte,
			 const char *path, const char *artifact, int in_commit)
{
	struct mv_subject s;

	if (find(&s, w, spec))
		fprintf(stderr, "# '%s'\n", spec);
	mv_subject_release(&s);
	assert_ok(w, find(&s, w, spec));
	assert_string_equal(s.spec, spec);
	assert_int_equal(s.pointer.oid.b[0], byte);
	assert_int_equal(s.pointer.size, 1000);
	if (path)
		assert_string_equal(s.path, path);
	else
		assert_null(s.path);
	if (artifact)
		assert_string_equal(s.artifact, artifact);
	assert_int_equal(s.commit != NULL, in_commit);
	assert_int_equal(s.is_directory, 0);
	assert_true(*s.blob);
	mv_subject_release(&s);
}

static void test_subject_find__the_table_of_the_header(void **state)
{
	char spec[80];
	struct world w;

	(void)state;
	begin(&w);
	assert_found(&w, "fraud", 0x22, "m.bin", "fraud", 0);
	assert_found(&w, "m.bin", 0x22, "m.bin", NULL, 0);
	assert_found(&w, "fraud@v1.0.0", 0x11, "m.bin", "fraud", 1);
	assert_found(&w, "fraud@latest", 0x11, "m.bin", "fraud", 1);
	assert_found(&w, "m.bin@HEAD~1", 0x11, "m.bin", NULL, 1);
	assert_found(&w, "fraud@HEAD~1", 0x11, "m.bin", "fraud", 1);
	assert_found(&w, "HEAD~1:m.bin", 0x11, "m.bin", NULL, 1);
	assert_found(&w, "HEAD:./d/a.bin", 0xaa, "d/a.bin", NULL, 1);
	assert_found(&w, ":m.bin", 0x22, "m.bin", NULL, 0);
	assert_found(&w, "1111111", 0x11, NULL, NULL, 0);
	snprintf(spec, sizeof(spec), "sha256:%064d", 0);
	memset(spec + 7, 'b', 64);
	assert_found(&w, spec, 0xbb, NULL, NULL, 0);
	world_drop(&w);
}

static void test_subject_find__paths_are_those_of_where_it_was_started(void **state)
{
	struct world w;
	char dir[300];

	(void)state;
	begin(&w);
	world_open(&w, at(&w.r, dir, sizeof(dir), "d"));
	assert_found(&w, "a.bin", 0xaa, "d/a.bin", NULL, 0);
	assert_found(&w, "../m.bin", 0x22, "m.bin", NULL, 0);
	assert_found(&w, "HEAD:m.bin", 0x22, "m.bin", NULL, 1);
	assert_found(&w, "HEAD:./a.bin", 0xaa, "d/a.bin", NULL, 1);
	assert_found(&w, "fraud", 0x22, "m.bin", "fraud", 0);
	world_drop(&w);
}

static void test_subject_find__what_is_nowhere_or_not_ours(void **state)
{
	static const char *const none[] = {
		"frayd", "m.bim", "m.bin@nosuch", "nosuch:m.bin", "HEAD:nosuch",
		"fraud@v9.0.0", "fraud#prod", "9999999", "../../etc", "-x",
		"m.bin@--all", "@", ":", "HEAD:"
	};
	struct mv_subject s;
	struct world w;

	(void)state;
	begin(&w);
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
		const int rc = find(&s, &w, none[i]);

		if (rc != MV_ENOENT && strcmp(none[i], "HEAD:") &&
		    strcmp(none[i], ":"))
			fprintf(stderr, "# '%s': %d %s\n", none[i], rc,
				rc ? w.err.msg : "");
		if (strcmp(none[i], "HEAD:") && strcmp(none[i], ":"))
			assert_int_equal(rc, MV_ENOENT);
		assert_true(rc == 0 || *w.err.msg);
		mv_subject_release(&s);
	}
	assert_int_equal(find(&s, &w, "frayd"), MV_ENOENT);
	assert_non_null(strstr(w.err.msg, "'fraud'"));
	assert_int_equal(find(&s, &w, ""), MV_EINVALID);
	assert_int_equal(find(&s, &w, "code"), MV_EINVALID);
	assert_int_equal(find(&s, &w, "HEAD:code"), MV_EINVALID);
	/* Two contents that begin alike. */
	run(&w.r, "sed 's/b$/c/' d/b.bin >e.bin && git add e.bin");
	world_open(&w, NULL);
	assert_int_equal(find(&s, &w, "bbbbbbbb"), MV_EINVALID);
	assert_non_null(strstr(w.err.msg, "2"));
	world_drop(&w);
}

static void test_subject_find__a_folder_is_its_manifest(void **state)
{
	struct mv_subject s, in;
	struct mv_pointer p;
	struct mv_buf text;
	struct world w;

	(void)state;
	begin(&w);
	assert_ok(&w, find(&s, &w, "d"));
	assert_int_equal(s.is_directory, 1);
	assert_int_equal(s.members.count, 2);
	assert_null(s.beyond);
	mv_buf_init(&text, MV_MANIFEST_BYTES);
	assert_ok(&w, mv_subject_manifest_pointer(&p, &text, &s.members,
						  &w.err));
	assert_true(mv_oid_eq(&p.oid, &s.pointer.oid));
	assert_int_equal(p.size, text.len);
	mv_buf_release(&text);
	assert_ok(&w, find(&in, &w, "d@HEAD"));
	assert_true(mv_oid_eq(&in.pointer.oid, &s.pointer.oid));
	mv_subject_release(&in);
	mv_subject_release(&s);
	/* A link that leads out of it: not all that it is is known. */
	run(&w.r, "ln -s ../m.bin d/link && git add d");
	world_open(&w, NULL);
	assert_ok(&w, find(&s, &w, "d"));
	assert_non_null(s.beyond);
	mv_subject_release(&s);
	world_drop(&w);
}

static void test_subject_find__git_that_cannot_be_asked_is_no_no(void **state)
{
	struct mv_subject s;
	struct world w;
	int rc;

	(void)state;
	begin(&w);
	run(&w.r, "mv .git/HEAD .git/gone");
	rc = find(&s, &w, "m.bin");
	assert_true(rc && rc != MV_ENOENT && rc != MV_EINVALID);
	rc = find(&s, &w, "nosuch@main");
	assert_true(rc && rc != MV_ENOENT);
	rc = mv_subject_find_at(&s, w.repo, "HEAD", "m.bin", &w.err);
	assert_true(rc && rc != MV_ENOENT && rc != MV_EINVALID);
	world_drop(&w);
}

static void test_subject_find__in_a_bare_repository_HEAD_is_meant(void **state)
{
	struct world w;
	char dir[300];

	(void)state;
	begin(&w);
	run(&w.r, "git clone -q --bare . ../bare.git");
	world_open(&w, at(&w.r, dir, sizeof(dir), "../bare.git"));
	assert_found(&w, "fraud", 0x22, "m.bin", "fraud", 1);
	assert_found(&w, "m.bin", 0x22, "m.bin", NULL, 1);
	assert_found(&w, "fraud@v1.0.0", 0x11, "m.bin", "fraud", 1);
	world_drop(&w);
}

/* -- data, lists, pathspecs ----------------------------------------------- */

static void test_subject_data__of_files_that_git_holds_their_bytes(void **state)
{
	char hex[MV_OID_HEX + 1];
	struct mv_oid oid;
	struct world w;

	(void)state;
	begin(&w);
	assert_ok(&w, mv_subject_data_at(&oid, w.repo, "HEAD", "m.bin",
					 &w.err));
	assert_int_equal(oid.b[0], 0x22);
	assert_ok(&w, mv_subject_data_at(&oid, w.repo, "HEAD", "code",
					 &w.err));
	/* sha256 of "x\n" */
	assert_string_equal(mv_oid_hex(hex, &oid),
			    "73cb3858a687a8494ca3323053016282"
			    "f3dad39d42cf62ca4e79dda2aac7d9ac");
	assert_int_equal(mv_subject_data_at(&oid, w.repo, "HEAD", "nosuch",
					    &w.err), MV_ENOENT);
	run(&w.r, "ln -s /etc d/out && ln -s m.bin link && git add . && "
	    "git commit -qm links");
	world_open(&w, NULL);
	assert_int_equal(mv_subject_data_at(&oid, w.repo, "HEAD", "link",
					    &w.err), MV_EINVALID);
	assert_int_equal(mv_subject_data_at(&oid, w.repo, "HEAD", "d",
					    &w.err), MV_EINVALID);
	world_drop(&w);
}

static void test_subject_list__a_folder_that_is_named_is_one(void **state)
{
	static const char *const named[] = { "d", "m.bin", NULL };
	static const char *const glob[] = { "*.bin", NULL };
	struct mv_subject *v;
	struct world w;
	size_t n;

	(void)state;
	begin(&w);
	assert_ok(&w, mv_subject_list(&v, &n, w.repo, named, 1, &w.err));
	assert_int_equal(n, 2);
	assert_int_equal(v[0].is_directory + v[1].is_directory, 1);
	mv_subject_list_release(v, n);
	assert_ok(&w, mv_subject_list(&v, &n, w.repo, glob, 1, &w.err));
	assert_int_equal(n, 3);
	mv_subject_list_release(v, n);
	world_drop(&w);
}

static void test_subject_named__a_path_that_matches_nothing_is_told(void **state)
{
	static const char *const one[] = { "m.bin", "nosuch", NULL };
	static const char *const gone[] = { "m.bin", NULL };
	struct world w;

	(void)state;
	begin(&w);
	assert_ok(&w, mv_subject_check_named(w.repo, NULL, 1, &w.err));
	assert_ok(&w, mv_subject_check_named(w.repo, gone, 1, &w.err));
	assert_int_equal(mv_subject_check_named(w.repo, one, 0, &w.err),
			 MV_ENOENT);
	assert_non_null(strstr(w.err.msg, "nosuch"));
	assert_int_equal(mv_subject_paths_exist(w.repo, one, &w.err),
			 MV_ENOENT);
	run(&w.r, "rm m.bin");
	assert_ok(&w, mv_subject_check_named(w.repo, gone, 0, &w.err));
	assert_int_equal(mv_subject_check_named(w.repo, gone, 1, &w.err),
			 MV_ENOENT);
	assert_ok(&w, mv_subject_paths_exist(w.repo, gone, &w.err));
	world_drop(&w);
}

static void test_subject_pointer__of_this_content_in_either_dialect(void **state)
{
	struct mv_subject s;
	struct world w;
	char *lfs;

	(void)state;
	begin(&w);
	assert_ok(&w, find(&s, &w, "m.bin"));
	assert_int_equal(mv_subject_is_pointer_to(w.repo, s.blob,
						  &s.pointer.oid, 1000), 1);
	assert_int_equal(mv_subject_is_pointer_to(w.repo, s.blob,
						  &s.pointer.oid, 999), 0);
	lfs = sh(&w.r, "printf 'version https://git-lfs.github.com/spec/v1\\n"
		 "oid sha256:%064d\\nsize 1000\\n' | tr 0-9 2222222222 | "
		 "sed 's/v2$/v1/; s/^oid sha222/oid sha256/; "
		 "s/^size 2222/size 1000/' | git hash-object --stdin | "
		 "tr -d '\\n'", 0);
	assert_int_equal(mv_subject_is_pointer_to(w.repo, lfs, &s.pointer.oid,
						  1000), 1);
	free(lfs);
	s.pointer.oid.b[31] ^= 1;
	assert_int_equal(mv_subject_is_pointer_to(w.repo, s.blob,
						  &s.pointer.oid, 1000), 0);
	mv_subject_release(&s);
	world_drop(&w);
}

/* -- artifacts and the config of a commit --------------------------------- */

static void test_subject_artifact__wherever_its_file_went(void **state)
{
	struct mv_subject s;
	struct world w;

	(void)state;
	begin(&w);
	assert_ok(&w, mv_subject_artifact_newest(&s, w.repo, "fraud", &w.err));
	assert_int_equal(s.pointer.oid.b[0], 0x11);
	mv_subject_release(&s);
	assert_int_equal(mv_subject_artifact_newest(&s, w.repo, "churn",
						    &w.err), MV_ENOENT);
	/* Moved, and the config does not say so. */
	run(&w.r, "git mv m.bin n.bin");
	world_open(&w, NULL);
	assert_int_equal(mv_subject_artifact_at(&s, w.repo, "fraud", NULL,
						&w.err), MV_ENOENT);
	assert_non_null(strstr(w.err.msg, "path = n.bin"));
	/* Now it does, and old commits have the old name. */
	run(&w.r, "sed -i s/m.bin/n.bin/ .gitmodel/config && "
	    "git commit -qam moved && c=$(git rev-list -1 HEAD~3) && "
	    "git checkout -q --orphan bare HEAD~1 && git rm -q --cached "
	    ".gitmodel/config && git commit -qm 'no config' && "
	    "git tag nocfg && git checkout -qf main");
	world_open(&w, NULL);
	assert_ok(&w, find(&s, &w, "fraud@nocfg"));
	assert_string_equal(s.path, "m.bin");
	mv_subject_release(&s);
	assert_int_equal(mv_subject_artifact_at(&s, w.repo, "churn", NULL,
						&w.err), MV_ENOENT);
	assert_non_null(strstr(w.err.msg, "churn"));
	world_drop(&w);
}

static void test_subject_project__a_commit_without_is_empty_a_bad_one_is_not(void **state)
{
	const struct mv_project *at;
	struct mv_project p;
	struct world w;
	char *head;
	int rc;

	(void)state;
	begin(&w);
	assert_ok(&w, mv_subject_project(&p, w.repo, "HEAD~2", &w.err));
	assert_int_equal(p.artifact_count, 0);
	mv_project_release(&p);
	assert_ok(&w, mv_subject_project(&p, w.repo, NULL, &w.err));
	assert_int_equal(p.artifact_count, 1);
	mv_project_release(&p);
	run(&w.r, "echo '[artifact' >.gitmodel/config && git commit -qam bad");
	head = sh(&w.r, "git rev-parse HEAD | tr -d '\\n'");
	world_open(&w, NULL);
	assert_int_equal(mv_subject_project(&p, w.repo, head, &w.err),
			 MV_EINVALID);
	/* Who only looks gets the rest of that commit, and a warning. */
	assert_ok(&w, mv_subject_project_at(&at, w.repo, head, &w.err));
	assert_int_equal(at->artifact_count, 0);
	assert_true(*w.warned);
	assert_int_not_equal(mv_subject_project_at(&at, w.repo, NULL, &w.err),
			     0);
	assert_null(at);
	/* Not there is not the same as not to be read. */
	run(&w.r, "b=$(git rev-parse HEAD:.gitmodel/config) && rm -f "
	    ".git/objects/$(echo $b | cut -c1-2)/$(echo $b | cut -c3-)");
	world_open(&w, NULL);
	rc = mv_subject_project(&p, w.repo, head, &w.err);
	assert_true(rc && rc != MV_ENOENT);
	rc = mv_subject_project_at(&at, w.repo, head, &w.err);
	assert_true(rc && rc != MV_ENOENT);
	free(head);
	world_drop(&w);
}

static int name(enum mv_naming *out, struct world *w, const char *artifact,
		const char *arg, int only)
{
	return mv_subject_name_artifact(out, w->repo, artifact, arg, only,
					&w->err);
}

static void test_subject_name__is_written_once_and_refused_where_taken(void **state)
{
	enum mv_naming n;
	struct world w;

	(void)state;
	begin(&w);
	assert_ok(&w, name(&n, &w, "set", "nosuch", 1));
	assert_int_equal(n, MV_NAMING_NONE);
	assert_ok(&w, name(&n, &w, "set", "HEAD", 1));
	assert_int_equal(n, MV_NAMING_NONE);
	assert_int_equal(name(&n, &w, "set", "d/a.bin", 0), MV_EINVALID);
	assert_ok(&w, name(&n, &w, "set", "d/a.bin", 1));
	assert_int_equal(n, MV_NAMING_NEW);
	assert_prints(&w.r, "1\n", "grep -c 'path = d/a.bin' "
		      ".gitmodel/config");
	world_open(&w, NULL);
	assert_ok(&w, name(&n, &w, "set", "d/a.bin", 0));
	assert_int_equal(n, MV_NAMING_SAME);
	assert_int_equal(name(&n, &w, "set", "d/b.bin", 1), MV_EEXISTS);
	assert_int_equal(name(&n, &w, "other", "d/a.bin", 1), MV_EEXISTS);
	assert_int_equal(name(&n, &w, "SET", "d/b.bin", 1), MV_EEXISTS);
	assert_int_equal(name(&n, &w, "code", "code", 1), MV_EINVALID);
	assert_int_equal(name(&n, &w, "bad name", "d/b.bin", 1), MV_EINVALID);
	run(&w.r, "git branch d/b.bin");
	assert_int_equal(name(&n, &w, "both", "d/b.bin", 1), MV_EINVALID);
	assert_ok(&w, name(&n, &w, "both", "./d/b.bin", 1));
	assert_int_equal(n, MV_NAMING_NEW);
	world_drop(&w);
}

static void test_subject_project__a_file_of_the_team_as_it_stood(void **state)
{
	struct mv_buf text;
	struct world w;

	(void)state;
	world_new(&w, "");
	run(&w.r, "mkdir .gitmodel && printf old >.gitmodel/policy && "
	    "git add . && git commit -qm one && "
	    "printf newer >.gitmodel/policy");
	mv_buf_init(&text, 8);
	assert_ok(&w, mv_subject_team_file(&text, w.repo, "HEAD", "policy", 6,
					   &w.err));
	assert_string_equal(text.data, "old");
	mv_buf_clear(&text);
	assert_ok(&w, mv_subject_team_file(&text, w.repo, NULL, "policy", 6,
					   &w.err));
	assert_string_equal(text.data, "newer");
	mv_buf_clear(&text);
	assert_int_equal(mv_subject_team_file(&text, w.repo, "HEAD", "config",
					      6, &w.err), MV_ENOENT);
	assert_int_equal(mv_subject_team_file(&text, w.repo, NULL, "config",
					      6, &w.err), MV_ENOENT);
	assert_int_equal(mv_subject_team_file(&text, w.repo, "HEAD", "policy",
					      2, &w.err), MV_EINVALID);
	assert_int_equal(mv_subject_team_file(&text, w.repo, NULL, "policy",
					      2, &w.err), MV_EINVALID);
	assert_non_null(strstr(w.err.msg, ".gitmodel/policy"));
	mv_buf_release(&text);
	world_drop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_subject_project__a_file_of_the_team_as_it_stood),
		cmocka_unit_test(test_subject_find__the_table_of_the_header),
		cmocka_unit_test(
		   test_subject_find__paths_are_those_of_where_it_was_started),
		cmocka_unit_test(
			test_subject_find__what_is_nowhere_or_not_ours),
		cmocka_unit_test(test_subject_find__a_folder_is_its_manifest),
		cmocka_unit_test(
			test_subject_find__git_that_cannot_be_asked_is_no_no),
		cmocka_unit_test(
			test_subject_find__in_a_bare_repository_HEAD_is_meant),
		cmocka_unit_test(
		       test_subject_data__of_files_that_git_holds_their_bytes),
		cmocka_unit_test(test_subject_list__a_folder_that_is_named_is_one),
		cmocka_unit_test(
		      test_subject_named__a_path_that_matches_nothing_is_told),
		cmocka_unit_test(
		      test_subject_pointer__of_this_content_in_either_dialect),
		cmocka_unit_test(test_subject_artifact__wherever_its_file_went),
		cmocka_unit_test(
	    test_subject_project__a_commit_without_is_empty_a_bad_one_is_not),
		cmocka_unit_test(
		  test_subject_name__is_written_once_and_refused_where_taken)
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
