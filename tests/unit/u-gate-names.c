/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "libmv/gate/names.h"
#include "libmv/git/refs.h"
#include "libmv/meta/registry.h"

#define HEX "1111111111111111111111111111111111111111"

static const char policy_text[] = "[stage \"prod/eu\"]\n[stage \"dev\"]\n";
static const char config_text[] = "[artifact \"a/b/c\"]\npath = x\n"
				  "[artifact \"dir:new\"]\npath = dir/y\n";

struct names {
	struct mv_registry registry;
	struct mv_policy policy;
	struct mv_tag_names names;
};

static void names_make(struct names *n)
{
	static const char *const tags[] = {
		"refs/tags/fraud@v1.0.0", "refs/tags/dir=old@v1.0.0",
		"refs/tags/fraud#prod#2", "refs/tags/other"
	};
	struct mv_git_ref refs[4];
	struct mv_err err;

	for (size_t i = 0; i < 4; i++)
		refs[i] = (struct mv_git_ref){ .name = tags[i], .oid = HEX,
					       .type = "tag", .commit = HEX };
	memset(n, 0, sizeof(*n));
	assert_int_equal(mv_registry_from_refs(&n->registry, refs, 4, NULL,
					       &err), 0);
	assert_int_equal(mv_policy_parse(&n->policy, policy_text,
					 sizeof(policy_text) - 1, config_text,
					 sizeof(config_text) - 1, &err), 0);
	assert_int_equal(mv_gate_names_read(&n->names, &n->registry,
					    &n->policy, &err), 0);
}

static void names_drop(struct names *n)
{
	mv_gate_names_release(&n->names);
	assert_null(n->names.v);
	mv_policy_release(&n->policy);
	mv_registry_release(&n->registry);
}

/* What `name` keeps from being made; NULL: nothing. */
static void blocks(const struct names *n, const char *name,
		   const char *expected)
{
	char *what = (char *)(uintptr_t)"untouched";
	struct mv_err err;

	assert_int_equal(mv_gate_tag_blocks(&what, &n->names, name, &err), 0);
	if (expected)
		assert_string_equal(what ? what : "nothing", expected);
	else
		assert_null(what);
	free(what);
}

static void test_gate_names__of_the_registry_and_of_the_config(void **state)
{
	struct names n;

	(void)state;
	names_make(&n);
	assert_true(mv_gate_names_have(&n.names, "fraud"));
	assert_true(mv_gate_names_have(&n.names, "dir=old"));
	assert_true(mv_gate_names_have(&n.names, "dir=new"));
	assert_true(mv_gate_names_have(&n.names, "a/b/c"));
	assert_false(mv_gate_names_have(&n.names, "dir:old"));
	assert_false(mv_gate_names_have(&n.names, "other"));
	assert_false(mv_gate_names_have(&n.names, "a/b"));
	assert_false(mv_gate_names_have(&n.names, ""));
	for (size_t i = 1; i < n.names.count; i++)
		assert_true(strcmp(n.names.v[i - 1], n.names.v[i]) <= 0);
	names_drop(&n);
}

static void test_gate_names__none_at_all(void **state)
{
	struct mv_registry r = MV_REGISTRY_INIT;
	struct mv_tag_names names;
	struct mv_err err;
	char *what;

	(void)state;
	assert_int_equal(mv_gate_names_read(&names, &r, NULL, &err), 0);
	assert_int_equal(names.count, 0);
	assert_false(mv_gate_names_have(&names, "fraud"));
	assert_int_equal(mv_gate_tag_blocks(&what, &names, "v1", &err), 0);
	assert_null(what);
	mv_gate_names_release(&names);
}

/* git keeps no "a" beside "a/b". */
static void test_gate_names__what_a_tag_is_in_the_way_of(void **state)
{
	struct names n;

	(void)state;
	names_make(&n);
	blocks(&n, "v1.0.0", NULL);
	blocks(&n, "fraud", NULL);
	blocks(&n, "fraud@v1.0.0", NULL);
	/* Below an event of the registry, made or not. */
	blocks(&n, "fraud@v9.0.0/x", "fraud@v9.0.0");
	blocks(&n, "fraud@v9.0.0/x/y", "fraud@v9.0.0");
	blocks(&n, "new#prod#1/x", "new#prod#1");
	/* A folder of artifacts. */
	blocks(&n, "a", "a/b/c");
	blocks(&n, "a/b", "a/b/c");
	blocks(&n, "a/b/c", NULL);
	blocks(&n, "a/b/x", NULL);
	/* A stage above another one of the policy. */
	blocks(&n, "fraud#prod", "fraud#prod/eu");
	blocks(&n, "fraud#prod#1", NULL);
	blocks(&n, "fraud#dev", NULL);
	names_drop(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_gate_names__of_the_registry_and_of_the_config),
		cmocka_unit_test(test_gate_names__none_at_all),
		cmocka_unit_test(test_gate_names__what_a_tag_is_in_the_way_of),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
