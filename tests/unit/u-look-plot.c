/* SPDX-License-Identifier: MIT */
#include "tests/unit/look-world.h"

static int plot(struct mv_plot *p, struct world *w, const char *a,
		const char *b, const char *metric, unsigned flags)
{
	const char *specs[] = { a, b }, *metrics[] = { metric, NULL };

	memset(&w->err, 0, sizeof(w->err));
	return mv_look_plot(p, w->repo, specs, b ? 2 : 1,
			    metric ? metrics : NULL, flags, &w->err);
}

#define assert_plot(p, w, ...) assert_ok(w, plot(p, w, __VA_ARGS__))

static void assert_nothing(struct world *w, const char *word, const char *a,
			   const char *metric, unsigned flags)
{
	struct mv_plot p;

	assert_int_equal(plot(&p, w, a, NULL, metric, flags), MV_ENOENT);
	if (!strstr(w->err.msg, word))
		fail_msg("%s", w->err.msg);
	mv_plot_release(&p);
}

/* Both versions have a curve of the loss, the newer one of auc, too. */
static void curves_world(struct world *w)
{
	struct mv_curves c;

	look_world(w);
	look_curve(&c, "loss", 4);
	look_record(w, "fraud@v1.0.0", "f1=0.1", &c);
	assert_int_equal(mv_curves_add(&c, "auc", 1, 0, 0.5, NULL), 0);
	mv_curves_sort(&c);
	look_record(w, "fraud", "f1=0.2", &c);
	mv_curves_release(&c);
}

static void test_look_plot__curves_over_each_other(void **state)
{
	struct mv_plot p;
	struct world w;

	(void)state;
	curves_world(&w);
	assert_plot(&p, &w, "fraud", NULL, NULL, 0);
	assert_int_equal(p.count, 2);
	assert_string_equal(p.v[0].metric, "auc");
	assert_string_equal(p.v[1].metric, "loss");
	assert_int_equal(p.v[1].count, 4);
	assert_int_equal(p.v[1].points[3].step, 3);
	assert_string_equal(p.title, "fraud");
	assert_string_equal(p.x_label, "step");
	assert_string_equal(p.y_label, "value");
	mv_plot_release(&p);
	assert_plot(&p, &w, "fraud@v1.0.0", "fraud", "loss", 0);
	assert_int_equal(p.count, 2);
	assert_string_equal(p.v[0].label, "fraud@v1.0.0");
	assert_string_equal(p.v[1].label, "fraud");
	assert_string_equal(p.title, "loss");
	assert_string_equal(p.y_label, "loss");
	assert_string_equal(w.warned, "");
	mv_plot_release(&p);
	world_drop(&w);
}

/* Oldest first, whatever order history has; what is no number has no point. */
static void test_look_plot__metrics_over_versions(void **state)
{
	struct mv_plot p;
	struct world w;

	(void)state;
	look_world(&w);
	look_add(&w, "m.bin", "three");
	look_commit(&w, "third");
	look_record(&w, "fraud", "auc=nan f1=0.5", NULL);
	assert_plot(&p, &w, "fraud", NULL, "auc", MV_PLOT_VERSIONS);
	assert_int_equal(p.count, 1);
	assert_int_equal(p.v[0].count, 2);
	assert_int_equal(p.v[0].points[0].step, 1);
	assert_true(p.v[0].points[0].value == 0.8);
	assert_true(p.v[0].points[1].value == 0.9);
	assert_string_equal(p.x_label, "version");
	assert_string_equal(p.title, "fraud: auc");
	mv_plot_release(&p);
	assert_plot(&p, &w, "fraud", NULL, NULL, MV_PLOT_VERSIONS);
	assert_int_equal(p.count, 2);
	mv_plot_release(&p);
	world_drop(&w);
}

static void test_look_plot__why_there_is_nothing(void **state)
{
	struct mv_curves c;
	struct world w;

	(void)state;
	look_world(&w);
	assert_nothing(&w, "--over versions", "fraud", NULL, 0);
	assert_nothing(&w, "has a recorded number of that metric", "fraud",
		       "nope", MV_PLOT_VERSIONS);
	look_curve(&c, "loss", 4);
	look_record(&w, "fraud@v1.0.0", "f1=0.1", &c);
	mv_curves_release(&c);
	assert_nothing(&w, "have some: fraud@v1.0.0", "fraud", NULL, 0);
	assert_nothing(&w, "there are curves of 'loss'", "fraud@v1.0.0", "auc",
		       0);
	assert_nothing(&w, "frau", "frau", NULL, 0);
	look_drop_store(&w);
	assert_nothing(&w, "git model fetch", "fraud@v1.0.0", NULL, 0);
	world_drop(&w);
}

/* What is not drawn beside what is, is said. */
static void test_look_plot__some_are_not_here(void **state)
{
	struct mv_plot p;
	struct world w;
	struct mv_curves c;

	(void)state;
	curves_world(&w);
	look_drop_store(&w);
	look_add(&w, "m.bin", "three");
	look_commit(&w, "third");
	look_curve(&c, "loss", 2);
	look_record(&w, "fraud", "f1=0.3", &c);
	mv_curves_release(&c);
	assert_plot(&p, &w, "fraud", "fraud@v1.0.0", NULL, 0);
	assert_int_equal(p.count, 1);
	assert_non_null(strstr(w.warned, "fraud@v1.0.0"));
	assert_non_null(strstr(w.warned, "git model fetch"));
	mv_plot_release(&p);
	/* The same of one of which there are none at all. */
	look_add(&w, "n.bin", "other");
	look_commit(&w, "fourth");
	assert_plot(&p, &w, "fraud", "n.bin", NULL, 0);
	assert_int_equal(p.count, 1);
	assert_non_null(strstr(w.warned, "no curves are recorded of 'n.bin'"));
	mv_plot_release(&p);
	world_drop(&w);
}

static void test_look_plot__malformed_curves_are_passed_over(void **state)
{
	static const char text[] = "{\"metric\":\n";
	struct mv_subject s;
	struct mv_record r;
	struct world w;

	(void)state;
	look_world(&w);
	assert_ok(&w, mv_subject_find(&s, w.repo, "fraud", &w.err));
	assert_ok(&w, mv_evidence_record_begin(&r, w.repo, &s, 1700000000000,
					       &w.err));
	assert_ok(&w, mv_facts_set_arg(&r.metrics, "f1=1", &w.err));
	assert_ok(&w, mv_evidence_attach(w.repo, &r, "curves", text,
					 sizeof(text) - 1, &w.err));
	assert_ok(&w, mv_evidence_record(w.repo, &s, &r, 1, "x", &w.err));
	mv_record_release(&r);
	mv_subject_release(&s);
	assert_nothing(&w, "no curves", "fraud", NULL, 0);
	assert_non_null(strstr(w.warned, "passed over"));
	world_drop(&w);
}

static void test_look_plot__notes_and_git(void **state)
{
	struct mv_plot p;
	struct world w;

	(void)state;
	curves_world(&w);
	look_lose(&w, NOTES "^{tree}");
	assert_int_not_equal(plot(&p, &w, "fraud", NULL, NULL, 0), 0);
	assert_int_not_equal(w.err.code, MV_ENOENT);
	assert_int_not_equal(plot(&p, &w, "fraud", NULL, NULL,
				  MV_PLOT_VERSIONS), 0);
	assert_int_not_equal(w.err.code, MV_ENOENT);
	look_mute(&w);
	assert_int_not_equal(plot(&p, &w, "fraud", NULL, NULL, 0), 0);
	assert_int_not_equal(w.err.code, MV_ENOENT);
	world_drop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_look_plot__curves_over_each_other),
		cmocka_unit_test(test_look_plot__metrics_over_versions),
		cmocka_unit_test(test_look_plot__why_there_is_nothing),
		cmocka_unit_test(test_look_plot__some_are_not_here),
		cmocka_unit_test(
			test_look_plot__malformed_curves_are_passed_over),
		cmocka_unit_test(test_look_plot__notes_and_git),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
