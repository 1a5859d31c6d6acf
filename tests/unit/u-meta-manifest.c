/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/meta/manifest.h"

#define HEAD "git-model-manifest/1\n"
#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct mv_oid oid_of(char digit)
{
	struct mv_oid oid;
	char hex[65];

	memset(hex, digit, 64);
	assert_int_equal(mv_oid_parse(&oid, hex, 64), 0);
	return oid;
}

static int add(struct mv_manifest *m, const char *path, char digit,
	       uint64_t size)
{
	struct mv_oid oid = oid_of(digit);

	return mv_manifest_add(m, path, &oid, size, NULL);
}

static void assert_print(struct mv_manifest *m, const char *expected)
{
	struct mv_buf out;

	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_manifest_print(&out, m, NULL), 0);
	assert_string_equal(out.data, expected);
	mv_buf_release(&out);
}

static int parse(struct mv_manifest *m, const char *text, struct mv_err *err)
{
	return mv_manifest_parse(m, text, strlen(text), err);
}

static void test_meta_manifest__one_text_whatever_the_order(void **state)
{
	static const char *const paths[] = { "b", "a.b", "a/c", "a\xff" };
	static const char expected[] = HEAD A64 " 1 a.b\n" A64 " 1 a/c\n"
		A64 " 1 a\xff\n" A64 " 1 b\n";

	(void)state;
	for (size_t first = 0; first < 4; first++) {
		struct mv_manifest m = { 0 };

		for (size_t i = 0; i < 4; i++)
			assert_int_equal(add(&m, paths[(first + i) % 4], 'a',
					     1), 0);
		assert_print(&m, expected);
		mv_manifest_release(&m);
	}
}

static void test_meta_manifest__comes_back_with_odd_names(void **state)
{
	static const char text[] = HEAD A64 " 0  leading and trailing \n"
		B64 " 9223372036854775807 a\\012b\\134c\\011\n"
		A64 " 12 \x7f\xc3\xa9\n";
	struct mv_manifest m = { 0 };
	struct mv_oid b = oid_of('b');
	struct mv_err err;

	(void)state;
	assert_int_equal(parse(&m, text, &err), 0);
	assert_int_equal(m.count, 3);
	assert_string_equal(m.v[0].path, " leading and trailing ");
	assert_int_equal(m.v[0].size, 0);
	assert_string_equal(m.v[1].path, "a\nb\\c\t");
	assert_true(m.v[1].size == INT64_MAX);
	assert_true(mv_oid_eq(&m.v[1].oid, &b));
	assert_string_equal(m.v[2].path, "\x7f\xc3\xa9");
	assert_print(&m, text);
	mv_manifest_release(&m);
	assert_int_equal(parse(&m, HEAD, &err), 0);
	assert_int_equal(m.count, 0);
	assert_print(&m, HEAD);
	mv_manifest_release(&m);
}

static void test_meta_manifest__refuses_what_is_not_canonical(void **state)
{
	static const char *const texts[] = {
		"", "git-model-manifest/1", "git-model-manifest/1\r\n",
		"git-model/1\n", HEAD "\n", HEAD A64 " 1 a",
		HEAD A64 " 01 a\n", HEAD A64 " +1 a\n", HEAD A64 "  1 a\n",
		HEAD A64 " 1\n", HEAD A64 " 1 \n", HEAD A64 "1 a\n",
		HEAD A64 " 9223372036854775808 a\n",
		HEAD A64 " 99999999999999999999 a\n",
		HEAD "A" A64 " 1 a\n", HEAD A64 " 1 /a\n",
		HEAD A64 " 1 a/../b\n", HEAD A64 " 1 a//b\n",
		HEAD A64 " 1 ./a\n", HEAD A64 " 1 a/\n", HEAD A64 " 1 ..\n",
		HEAD A64 " 1 a\\\n", HEAD A64 " 1 a\\12\n",
		HEAD A64 " 1 a\\101\n", HEAD A64 " 1 a\\000\n",
		HEAD A64 " 1 a\tb\n", HEAD A64 " 1 a\\400\n",
		HEAD A64 " 1 b\n" A64 " 1 a\n",
		HEAD A64 " 1 a\n" A64 " 1 a\n",
		HEAD A64 " 1 a\n" B64 " 2 a.b\n" A64 " 1 a/b/c\n",
	};
	struct mv_manifest m;
	struct mv_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		memset(&err, 0, sizeof(err));
		if (parse(&m, texts[i], &err) != MV_EINVALID &&
		    err.code != MV_ENOTSUP)
			fail_msg("taken: %s", texts[i]);
		assert_int_equal(m.count, 0);
		assert_true(*err.msg);
	}
	assert_int_equal(parse(&m, HEAD A64 " 1 a\n" A64 " 1 \x1b[2J\n",
			       &err), MV_EINVALID);
	assert_non_null(strstr(err.msg, "line 3"));
	assert_null(strchr(err.msg, '\x1b'));
}

static int note_member(void *payload, const struct mv_member *old,
		       const struct mv_member *new, struct mv_err *err)
{
	(void)err;
	return mv_buf_addf(payload, "%s>%s ", old ? old->path : "",
			   new ? new->path : "");
}

#define HEAD_ODD "git-model-manifest/2\n"

static void test_meta_manifest__links_and_modules_are_members(void **state)
{
	static const char text[] = HEAD_ODD A64 " 1 a\n"
		"link " B64 " 3 b\n" "module " A64 " 40 c\n";
	static const char *const bad[] = {
		HEAD_ODD, HEAD_ODD A64 " 1 a\n", HEAD "link " A64 " 1 a\n",
		HEAD_ODD "link  " A64 " 1 a\n", HEAD_ODD "link\n",
		HEAD_ODD "link module " A64 " 1 a\n",
		HEAD_ODD "pipe " A64 " 1 a\n",
	};
	struct mv_manifest m, plain = { 0 };
	struct mv_buf out;
	struct mv_err err;

	(void)state;
	assert_int_equal(parse(&m, text, &err), 0);
	assert_int_equal(m.v[0].kind, MV_MEMBER_FILE);
	assert_int_equal(m.v[1].kind, MV_MEMBER_LINK);
	assert_int_equal(m.v[2].kind, MV_MEMBER_MODULE);
	assert_print(&m, text);
	/* A file in place of a link is a change, whatever its bytes. */
	assert_int_equal(add(&plain, "a", 'a', 1), 0);
	assert_int_equal(add(&plain, "b", 'b', 3), 0);
	assert_int_equal(add(&plain, "c", 'a', 40), 0);
	mv_buf_init(&out, 1000);
	assert_int_equal(mv_manifest_diff(&plain, &m, note_member, &out,
					  NULL), 0);
	assert_string_equal(out.data, "b>b c>c ");
	mv_buf_release(&out);
	mv_manifest_release(&plain);
	mv_manifest_release(&m);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(parse(&m, bad[i], &err), MV_EINVALID);
}

static void test_meta_manifest__which_links_stay_inside(void **state)
{
	static const struct {
		const char *path, *target;
		int stays;
	} cases[] = {
		{ "a", "b", 1 }, { "a", "./b//c", 1 }, { "a", "b/c", 1 },
		{ "a", "", 0 }, { "a", "/b", 0 }, { "a", "..", 0 },
		{ "a", "../b", 0 }, { "d/a", "../b", 1 }, { "d/a", "..", 1 },
		{ "d/a", "../../b", 0 }, { "d/e/a", ".././../b", 1 },
		{ "d/a", "b/..", 0 }, { "d/a", "b/../c", 0 },
		{ "a", "..b/c..", 1 }, { "a", ".", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (mv_manifest_link_stays(cases[i].path, cases[i].target) !=
		    cases[i].stays)
			fail_msg("%s -> %s", cases[i].path, cases[i].target);
}

static void test_meta_manifest__other_versions_are_said_to_be(void **state)
{
	struct mv_manifest m;
	struct mv_err err;

	(void)state;
	assert_int_equal(parse(&m, "git-model-manifest/3\n", &err),
			 MV_ENOTSUP);
	assert_int_equal(parse(&m, "git-model-manifest/12\n", &err),
			 MV_ENOTSUP);
	assert_int_equal(mv_manifest_is("git-model-manifest/2\n", 21), 1);
	assert_int_equal(mv_manifest_is(HEAD, 20), 1);
	assert_int_equal(mv_manifest_is(HEAD, 19), 0);
	assert_int_equal(mv_manifest_is("git-model-manifest/x", 20), 0);
	assert_int_equal(mv_manifest_is("", 0), 0);
}

static void test_meta_manifest__every_cut_is_noticed(void **state)
{
	static const char text[] = HEAD A64 " 12 a\n" B64 " 3 b/c\n";
	struct mv_manifest m;

	(void)state;
	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		char *cut = malloc(len + 1);
		int rc, whole;

		memcpy(cut, text, len);
		rc = mv_manifest_parse(&m, cut, len, NULL);
		whole = len >= sizeof(HEAD) - 1 && cut[len - 1] == '\n';
		assert_int_equal(rc == 0, whole);
		mv_manifest_release(&m);
		free(cut);
	}
}

static void test_meta_manifest__add_refuses_what_parse_would(void **state)
{
	struct mv_manifest m = { 0 };
	struct mv_buf out;
	struct mv_err err;

	(void)state;
	mv_buf_init(&out, 1 << 20);
	assert_int_equal(add(&m, "", 'a', 1), MV_EINVALID);
	assert_int_equal(add(&m, "/a", 'a', 1), MV_EINVALID);
	assert_int_equal(add(&m, "a/..", 'a', 1), MV_EINVALID);
	assert_int_equal(add(&m, "a", 'a', UINT64_MAX), MV_EINVALID);
	assert_int_equal(m.count, 0);
	assert_int_equal(add(&m, "x/y", 'a', 1), 0);
	assert_int_equal(add(&m, "x/y", 'b', 1), 0);
	assert_int_equal(mv_manifest_print(&out, &m, &err), MV_EINVALID);
	assert_non_null(strstr(err.msg, "'x/y' occurs twice"));
	mv_manifest_release(&m);
	assert_int_equal(add(&m, "x/y/z", 'a', 1), 0);
	assert_int_equal(add(&m, "x", 'b', 1), 0);
	assert_int_equal(mv_manifest_print(&out, &m, &err), MV_EINVALID);
	assert_non_null(strstr(err.msg, "'x' is a file and a folder"));
	assert_int_equal(out.len, 0);
	mv_manifest_release(&m);
	mv_buf_release(&out);
}

static void test_meta_manifest__print_stays_below_its_maximum(void **state)
{
	struct mv_manifest m = { 0 };
	struct mv_buf out;

	(void)state;
	mv_buf_init(&out, 100);
	mv_buf_addstr(&out, "x");
	assert_int_equal(add(&m, "a", 'a', 1), 0);
	assert_int_equal(add(&m, "b", 'a', 1), 0);
	assert_int_equal(mv_manifest_print(&out, &m, NULL), MV_ENOMEM);
	assert_string_equal(out.data, "x");
	mv_manifest_release(&m);
	mv_buf_release(&out);
}

/* -- differences ---------------------------------------------------------- */

static int stop(void *payload, const struct mv_member *old,
		const struct mv_member *new, struct mv_err *err)
{
	(void)old;
	(void)new;
	++*(int *)payload;
	return mv_fail(err, MV_ECANCELLED, "stop");
}

static void test_meta_manifest__differences_in_order(void **state)
{
	struct mv_manifest old, new;
	struct mv_buf out;
	int calls = 0;

	(void)state;
	mv_buf_init(&out, 1000);
	assert_int_equal(parse(&old, HEAD A64 " 1 gone\n" A64 " 1 other\n"
			       A64 " 1 same\n" A64 " 1 size\n", NULL), 0);
	assert_int_equal(parse(&new, HEAD A64 " 1 added\n" B64 " 1 other\n"
			       A64 " 1 same\n" A64 " 2 size\n"
			       A64 " 1 z\n", NULL), 0);
	assert_int_equal(mv_manifest_diff(&old, &new, note_member, &out,
					  NULL), 0);
	assert_string_equal(out.data, ">added gone> other>other size>size "
			    ">z ");
	mv_buf_clear(&out);
	assert_int_equal(mv_manifest_diff(&old, &old, note_member, &out,
					  NULL), 0);
	assert_int_equal(out.len, 0);
	assert_int_equal(mv_manifest_diff(&old, &new, stop, &calls, NULL),
			 MV_ECANCELLED);
	assert_int_equal(calls, 1);
	/* One that was only added to has no order yet. */
	assert_int_equal(add(&new, "a", 'a', 1), 0);
	assert_int_equal(mv_manifest_diff(&old, &new, note_member, &out,
					  NULL), MV_EINVALID);
	mv_manifest_release(&old);
	mv_manifest_release(&new);
	mv_buf_release(&out);
}

static void test_meta_manifest__many_files_are_no_work(void **state)
{
	struct mv_manifest m = { 0 }, back;
	struct mv_buf out;
	char path[64];

	(void)state;
	mv_buf_init(&out, 64 << 20);
	for (unsigned i = 0; i < 50000; i++) {
		snprintf(path, sizeof(path), "%02x/%02x/%u", i * 7919 % 251,
			 i % 241, i);
		assert_int_equal(add(&m, path, 'a', i), 0);
	}
	assert_int_equal(mv_manifest_print(&out, &m, NULL), 0);
	assert_int_equal(mv_manifest_parse(&back, out.data, out.len, NULL), 0);
	assert_int_equal(back.count, 50000);
	for (size_t i = 0; i < back.count; i++)
		assert_string_equal(back.v[i].path, m.v[i].path);
	mv_manifest_release(&m);
	mv_manifest_release(&back);
	mv_buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meta_manifest__one_text_whatever_the_order),
		cmocka_unit_test(test_meta_manifest__comes_back_with_odd_names),
		cmocka_unit_test(test_meta_manifest__refuses_what_is_not_canonical),
		cmocka_unit_test(test_meta_manifest__links_and_modules_are_members),
		cmocka_unit_test(test_meta_manifest__which_links_stay_inside),
		cmocka_unit_test(test_meta_manifest__other_versions_are_said_to_be),
		cmocka_unit_test(test_meta_manifest__every_cut_is_noticed),
		cmocka_unit_test(test_meta_manifest__add_refuses_what_parse_would),
		cmocka_unit_test(test_meta_manifest__print_stays_below_its_maximum),
		cmocka_unit_test(test_meta_manifest__differences_in_order),
		cmocka_unit_test(test_meta_manifest__many_files_are_no_work),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
