/* SPDX-License-Identifier: MIT */
#include "tests/unit/look-world.h"

static int lineage(struct mv_lineage *l, struct world *w, const char *spec)
{
	memset(&w->err, 0, sizeof(w->err));
	return mv_look_lineage(l, w->repo, spec, &w->err);
}

/* `spec` was made with these data. */
static void made_with(struct world *w, const char *spec, const char *role,
		      const char *data)
{
	struct mv_subject s;
	struct mv_record r;
	struct mv_ref ref;

	assert_ok(w, mv_subject_find(&s, w->repo, spec, &w->err));
	assert_ok(w, mv_evidence_record_begin(&r, w->repo, &s, 1700000000000,
					      &w->err));
	assert_ok(w, mv_evidence_ref(&ref, w->repo, &r, role, NULL, data,
				     &w->err));
	assert_ok(w, mv_refs_add(&r.data, &ref, &w->err));
	mv_evidence_ref_release(&ref);
	assert_ok(w, mv_evidence_record(w->repo, &s, &r, 1, "x", &w->err));
	mv_record_release(&r);
	mv_subject_release(&s);
}

/* "from>to by label;..." of contents, in the order of the edges. */
static void assert_edges(const struct mv_lineage *l, const char *expected)
{
	char text[600] = "";

	for (size_t i = 0; i < l->edge_count; i++) {
		const struct mv_edge *e = &l->edges[i];

		if (l->nodes[e->from].kind == MV_NODE_CONTENT)
			snprintf(text + strlen(text), sizeof(text) -
				 strlen(text), "%s>%s by %s;",
				 l->nodes[e->from].label,
				 l->nodes[e->to].label, e->label);
	}
	assert_string_equal(text, expected);
}

/* raw.bin -> set.bin -> fraud; set.bin -> other.bin */
static void lineage_world(struct world *w)
{
	world_new(w, "");
	look_config(w, FRAUD);
	look_add(w, "raw.bin", "raw");
	look_add(w, "set.bin", "set");
	look_add(w, "m.bin", "model");
	look_add(w, "other.bin", "other");
	look_commit(w, "all of it");
	made_with(w, "fraud", "train", "set.bin");
	made_with(w, "set.bin", "source", "raw.bin");
	made_with(w, "other.bin", "train", "set.bin");
}

static void test_look_lineage__up_and_down(void **state)
{
	struct mv_lineage l;
	struct world w;

	(void)state;
	lineage_world(&w);
	assert_ok(&w, lineage(&l, &w, "fraud"));
	assert_string_equal(l.nodes[0].label, "fraud");
	assert_string_equal(l.nodes[0].role, "model");
	assert_false(l.truncated);
	/* Not up and down again: other.bin is no relative. */
	assert_edges(&l, "set.bin>fraud by train;raw.bin>set.bin by source;");
	mv_lineage_release(&l);
	assert_ok(&w, lineage(&l, &w, "raw.bin"));
	assert_string_equal(l.nodes[0].role, "data");
	assert_edges(&l, "raw.bin>set.bin by source;set.bin>other.bin by train;"
		     "set.bin>fraud by train;");
	mv_lineage_release(&l);
	world_drop(&w);
}

/* Renames and lost contents do not matter: it goes by what is recorded. */
static void test_look_lineage__goes_by_contents(void **state)
{
	struct mv_lineage l;
	struct world w;

	(void)state;
	lineage_world(&w);
	run(&w.r, "git mv set.bin moved.bin; git rm -qf raw.bin;"
	    "rm -rf .git/model");
	look_commit(&w, "moved");
	assert_ok(&w, lineage(&l, &w, "fraud"));
	assert_edges(&l, "moved.bin>fraud by train;"
		     "raw.bin>moved.bin by source;");
	mv_lineage_release(&l);
	world_drop(&w);
}

static void test_look_lineage__a_cycle_ends(void **state)
{
	struct mv_lineage l;
	struct world w;

	(void)state;
	lineage_world(&w);
	made_with(&w, "raw.bin", "distilled", "fraud");
	assert_ok(&w, lineage(&l, &w, "fraud"));
	assert_int_equal(l.nodes[0].kind, MV_NODE_CONTENT);
	assert_edges(&l, "fraud>raw.bin by distilled;set.bin>fraud by train;"
		     "set.bin>other.bin by train;raw.bin>set.bin by source;");
	mv_lineage_release(&l);
	world_drop(&w);
}

static void test_look_lineage__of_what_nobody_recorded(void **state)
{
	struct mv_lineage l;
	struct world w;

	(void)state;
	world_new(&w, "");
	look_add(&w, "m.bin", "model");
	assert_ok(&w, lineage(&l, &w, "m.bin"));	/* not committed */
	assert_int_equal(l.node_count, 1);
	assert_int_equal(l.edge_count, 0);
	assert_string_equal(l.nodes[0].label, "m.bin");
	mv_lineage_release(&l);
	assert_int_equal(lineage(&l, &w, "nope"), MV_ENOENT);
	mv_lineage_release(&l);
	world_drop(&w);
}

static void test_look_lineage__in_a_bare_repository(void **state)
{
	struct mv_lineage l;
	struct world w;
	char dir[300];

	(void)state;
	lineage_world(&w);
	run(&w.r, "git clone -q --mirror . ../bare.git");
	snprintf(dir, sizeof(dir), "%s/bare.git", w.r.root);
	world_open(&w, dir);
	assert_ok(&w, lineage(&l, &w, "fraud"));
	assert_edges(&l, "set.bin>fraud by train;raw.bin>set.bin by source;");
	mv_lineage_release(&l);
	world_drop(&w);
}

static void test_look_lineage__notes_and_git(void **state)
{
	struct mv_lineage l;
	struct world w;

	(void)state;
	lineage_world(&w);
	look_lose(&w, NOTES "^{tree}");
	assert_int_not_equal(lineage(&l, &w, "fraud"), 0);
	assert_int_not_equal(w.err.code, MV_ENOENT);
	world_drop(&w);
	lineage_world(&w);
	/* A note that git has lost is not one that says nothing. */
	look_lose(&w, NOTES ":$(git ls-tree -r --name-only " NOTES
		  " | head -1)");
	assert_int_not_equal(lineage(&l, &w, "fraud"), 0);
	look_mute(&w);
	assert_int_not_equal(lineage(&l, &w, "fraud"), 0);
	assert_int_not_equal(w.err.code, MV_ENOENT);
	world_drop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_look_lineage__up_and_down),
		cmocka_unit_test(test_look_lineage__goes_by_contents),
		cmocka_unit_test(test_look_lineage__a_cycle_ends),
		cmocka_unit_test(test_look_lineage__of_what_nobody_recorded),
		cmocka_unit_test(test_look_lineage__in_a_bare_repository),
		cmocka_unit_test(test_look_lineage__notes_and_git),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
