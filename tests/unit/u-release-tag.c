/* SPDX-License-Identifier: MIT */
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"
#include "libmv/release/release.h"
#include "libmv/subject/release.h"
#include "tests/unit/u-world.h"

/*
 * Tags are made one after the other, also by people who do it at the same
 * time: whoever finds the name taken decides again.
 */
static void world_begin(struct world *w)
{
	world_new(w, "");
	run(&w->r, "git tag -a -m x fraud@v1.0.0");
}

static void event_new(struct mv_tag_event *event, struct world *w,
		      int64_t counter)
{
	char *head = sh(&w->r, "git rev-parse HEAD | tr -d '\\n'");

	mv_release_tag_init(event);
	event->tag.kind = MV_EVENT_ASSIGN;
	event->tag.artifact = strdup("fraud");
	event->tag.stage = strdup("prod");
	event->tag.counter = counter;
	event->commit = head;
}

/* -- compare and swap ----------------------------------------------------- */

struct decision {
	struct world *w;
	int calls;
	int rivals;		/* how often somebody else is faster */
	int give_up;		/* as soon as the stage is held */
};

static int decide(void *payload, struct mv_tag_event *event,
		  const struct mv_registry *registry, struct mv_err *err)
{
	struct decision *d = payload;
	const struct mv_event *holder;

	/* What an earlier attempt had added is gone. */
	assert_int_equal(event->trailers.len, 0);
	holder = mv_registry_holder(registry, "fraud", "prod");
	assert_true(!holder == !d->calls);
	if (holder)
		assert_int_equal(holder->tag.counter, d->calls);
	d->calls++;
	if (holder && d->give_up)
		return mv_fail(err, MV_EDENIED, "somebody was faster");
	if (d->calls <= d->rivals)
		run(&d->w->r, "git tag -a -m rival 'fraud#prod#%d'",
		    d->calls);
	return mv_release_tag_trailer(event, "Model-Version", "v1.0.0", err);
}

static void test_release_tag__who_is_second_decides_again(void **state)
{
	struct decision d = { .rivals = 3 };
	struct mv_tag_event event;
	struct world w;
	char *name;

	(void)state;
	world_begin(&w);
	d.w = &w;
	event_new(&event, &w, 0);
	assert_int_equal(mv_release_tag(&name, w.repo, &event, decide, &d,
					&w.err), 0);
	assert_string_equal(name, "fraud#prod#4");
	assert_int_equal(d.calls, 4);
	assert_prints(&w.r, "Assign stage prod of fraud\n\n"
		      "Model-Version: v1.0.0\n",
		      "git cat-file tag 'fraud#prod#4' | sed '1,/^$/d'");
	assert_prints(&w.r, "rival\n",
		      "git tag -l --format='%%(contents:subject)' "
		      "'fraud#prod#3'");
	free(name);
	mv_release_tag_clear(&event);
	world_drop(&w);
}

static void test_release_tag__a_refusal_is_final(void **state)
{
	struct decision d = { .rivals = 1, .give_up = 1 };
	struct mv_tag_event event;
	struct world w;
	char *name;

	(void)state;
	world_begin(&w);
	d.w = &w;
	event_new(&event, &w, 0);
	assert_int_equal(mv_release_tag(&name, w.repo, &event, decide, &d,
					&w.err), MV_EDENIED);
	assert_null(name);
	assert_int_equal(d.calls, 2);
	assert_string_equal(w.err.msg, "somebody was faster");
	assert_prints(&w.r, "fraud#prod#1\n", "git tag -l 'fraud#*'");
	mv_release_tag_clear(&event);
	world_drop(&w);
}

static void test_release_tag__it_does_not_go_on_for_ever(void **state)
{
	struct decision d = { .rivals = 1000 };
	struct mv_tag_event event;
	struct world w;
	char *name;

	(void)state;
	world_begin(&w);
	d.w = &w;
	event_new(&event, &w, 0);
	assert_int_equal(mv_release_tag(&name, w.repo, &event, decide, &d,
					&w.err), MV_EEXISTS);
	assert_int_equal(d.calls, 10);
	mv_release_tag_clear(&event);
	world_drop(&w);
}

static void test_release_tag__names_without_a_choice(void **state)
{
	struct mv_tag_event event;
	struct world w;
	char *name;

	(void)state;
	world_begin(&w);
	/* No counter, nobody to decide: taken is taken. */
	event_new(&event, &w, -1);
	assert_int_equal(mv_release_tag(&name, w.repo, &event, NULL, NULL,
					&w.err), 0);
	assert_string_equal(name, "fraud#prod");
	free(name);
	assert_int_equal(mv_release_tag(&name, w.repo, &event, NULL, NULL,
					&w.err), MV_EEXISTS);
	/* The next counter, though nobody decides. */
	event.tag.counter = 0;
	assert_int_equal(mv_release_tag(&name, w.repo, &event, NULL, NULL,
					&w.err), 0);
	assert_string_equal(name, "fraud#prod#1");
	free(name);
	/* Somebody burnt all that there are. */
	run(&w.r, "git tag -a -m x 'fraud#dev#999999999999999999'");
	assert_int_equal(mv_release_tag(&name, w.repo, &event, NULL, NULL,
					&w.err), MV_EINVALID);
	assert_non_null(strstr(w.err.msg, "no counter is left"));
	mv_release_tag_clear(&event);
	world_drop(&w);
}

static void test_release_tag__what_git_refuses_is_said(void **state)
{
	struct mv_tag_event event;
	struct world w;
	char *name;

	(void)state;
	world_begin(&w);
	event_new(&event, &w, 0);
	free(event.commit);
	event.commit = strdup("0123456789012345678901234567890123456789");
	assert_int_equal(mv_release_tag(&name, w.repo, &event, NULL, NULL,
					&w.err), MV_EIO);
	assert_non_null(strstr(w.err.msg, "cannot make tag 'fraud#prod#1'"));
	assert_prints(&w.r, "fraud@v1.0.0\n", "git tag -l");
	mv_release_tag_clear(&event);
	world_drop(&w);
}

/* -- small things --------------------------------------------------------- */

static void test_release_tag__trailers_are_one_line(void **state)
{
	static const char *const bad[] = {
		"", " ", " x", "x ", "a\nb", "a\rb", "x\n"
	};
	struct mv_tag_event event;
	struct mv_err err;

	(void)state;
	mv_release_tag_init(&event);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(mv_release_tag_trailer(&event, "Model-Path",
							bad[i], &err),
				 MV_EINVALID);
	assert_int_equal(mv_release_tag_trailer(&event, "Other", "x", &err),
			 MV_EINVALID);
	assert_int_equal(mv_release_tag_trailer(&event, "Model-Path", "a b",
						&err), 0);
	assert_string_equal(event.trailers.data, "Model-Path: a b\n");
	mv_release_tag_clear(&event);
}

static void test_release_tag__specs(void **state)
{
	static const char *const good[] = {
		"fraud@v1.2.3", "fraud@latest", "fraud@greatest",
		"fraud#prod", "a/b:nn@v1.0.0-rc.1", "a/b=nn#prod"
	};
	static const char *const bad[] = {
		"", "fraud", "@v1.0.0", "#prod", "fraud@", "fraud#",
		"fraud@HEAD", "fraud@1.0.0", "fraud@v1.0.0!", "fraud#prod#1",
		"a b#prod", "models/x.bin@{1}", "a:b:c@v1.0.0", "fraud@v1.0"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!mv_subject_version_spec_ok(good[i]))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (mv_subject_version_spec_ok(bad[i]))
			fail_msg("%s", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_release_tag__who_is_second_decides_again),
		cmocka_unit_test(test_release_tag__a_refusal_is_final),
		cmocka_unit_test(test_release_tag__it_does_not_go_on_for_ever),
		cmocka_unit_test(test_release_tag__names_without_a_choice),
		cmocka_unit_test(test_release_tag__what_git_refuses_is_said),
		cmocka_unit_test(test_release_tag__trailers_are_one_line),
		cmocka_unit_test(test_release_tag__specs),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
