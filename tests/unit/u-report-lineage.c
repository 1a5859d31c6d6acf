/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "libmv/report/text.h"
#include "libmv/report/views.h"
#include "report-views.h"

static void set_node(struct mv_lineage *l, size_t i, enum mv_node_kind kind,
		     const char *id, const char *label)
{
	l->nodes[i].kind = kind;
	l->nodes[i].id = dup(id);
	l->nodes[i].label = dup(label);
}

static void set_edge(struct mv_lineage *l, size_t i, size_t from, size_t to,
		     const char *label)
{
	l->edges[i].from = from;
	l->edges[i].to = to;
	l->edges[i].label = dup(label);
}

/* data and code, a run, a model, what was made of it; and a cycle. */
static void init_lineage(struct mv_lineage *l)
{
	memset(l, 0, sizeof(*l));
	l->nodes = zeroed(6, sizeof(*l->nodes));
	l->edges = zeroed(8, sizeof(*l->edges));
	l->node_count = 6;
	l->edge_count = 8;
	set_node(l, 0, MV_NODE_CONTENT, "sha256:1111111111", "fraud");
	set_node(l, 1, MV_NODE_RUN, "00112233aabbccdd", "train-7");
	set_node(l, 2, MV_NODE_CONTENT, "sha256:2222222222", "data/train.csv");
	set_node(l, 3, MV_NODE_COMMIT, HEAD_COMMIT, "train with more data");
	set_node(l, 4, MV_NODE_CONTENT, "sha256:4444444444", "fraud-small");
	set_node(l, 5, MV_NODE_CONTENT, "sha256:5555555555", NULL);
	l->nodes[2].role = dup("data");
	set_edge(l, 0, 1, 0, "output");
	set_edge(l, 1, 2, 1, "train");
	set_edge(l, 2, 3, 1, "code");
	set_edge(l, 3, 0, 4, "");
	set_edge(l, 4, 5, 2, "");
	set_edge(l, 5, 2, 5, "");	/* a cycle */
	set_edge(l, 6, 2, 0, "train");
	set_edge(l, 7, 99, 0, "nowhere");
}

static void print(struct mv_buf *out, struct mv_lineage *l, unsigned flags)
{
	struct mv_style style = { .flags = flags };

	mv_buf_init(out, 8 << 20);
	assert_int_equal(mv_lineage_text(out, l, &style, NULL), 0);
	mv_lineage_release(l);
}

static void test_report_lineage__is_two_trees(void **state)
{
	struct mv_lineage l;
	struct mv_buf out;

	(void)state;
	init_lineage(&l);
	print(&out, &l, 0);
	check_text(&out,
		   "fraud  1111111\n"
		   "made from\n"
		   "|- output: run train-7  0011223\n"
		   "|  |- train: data/train.csv  2222222  data\n"
		   "|  |  `- 5555555\n"
		   "|  |     `- data/train.csv  2222222  data  (above)\n"
		   "|  `- code: commit train with more data  9b1c2d3\n"
		   "`- train: data/train.csv  2222222  data  (above)\n"
		   "used for\n"
		   "`- fraud-small  4444444\n");
	init_lineage(&l);
	print(&out, &l, MV_STYLE_UNICODE);
	check_text(&out,
		   "fraud  1111111\n"
		   "made from\n"
		   "├─ output: run train-7  0011223\n"
		   "│  ├─ train: data/train.csv  2222222  data\n"
		   "│  │  └─ 5555555\n"
		   "│  │     └─ data/train.csv  2222222  data  (above)\n"
		   "│  └─ code: commit train with more data  9b1c2d3\n"
		   "└─ train: data/train.csv  2222222  data  (above)\n"
		   "used for\n"
		   "└─ fraud-small  4444444\n");
}

static void test_report_lineage__nothing_is_known(void **state)
{
	struct mv_lineage l;
	struct mv_buf out;

	(void)state;
	memset(&l, 0, sizeof(l));
	l.nodes = zeroed(1, sizeof(*l.nodes));
	l.node_count = 1;
	set_node(&l, 0, MV_NODE_CONTENT, "sha256:1111111111", "x\ny");
	l.truncated = 1;
	print(&out, &l, 0);
	check_text(&out,
		   "x\\x0ay  1111111\n"
		   "no record says what it was made from or used for\n"
		   "(cut: more than 10,000 nodes, or 2,000,000 mentions of contents)\n");
	memset(&l, 0, sizeof(l));
	print(&out, &l, 0);
	check_text(&out, "");
}

static void test_report_lineage__a_long_chain_ends(void **state)
{
	struct mv_lineage l = { NULL, NULL, 10000, 9999, 0 };
	struct mv_buf out;
	char id[16];

	(void)state;
	l.nodes = zeroed(10000, sizeof(*l.nodes));
	l.edges = zeroed(9999, sizeof(*l.edges));
	for (size_t i = 0; i < 10000; i++) {
		snprintf(id, sizeof(id), "%07zx", i);
		set_node(&l, i, MV_NODE_CONTENT, id, NULL);
		if (i)
			set_edge(&l, i - 1, i, i - 1, NULL);
	}
	print(&out, &l, 0);
	assert_non_null(strstr(out.data, "0000040  (deeper: --json)\n"));
	assert_null(strstr(out.data, "0000041"));
	mv_buf_release(&out);
}

static void test_report_lineage__dot_keeps_names_in_their_quotes(void **state)
{
	struct mv_lineage l;
	struct mv_buf out;

	(void)state;
	init_lineage(&l);
	free(l.nodes[4].label);
	l.nodes[4].label = dup("a\"]; evil [label=\"\\N\n");
	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_lineage_dot(&out, &l, NULL), 0);
	mv_lineage_release(&l);
	check_text(&out,
		   "digraph lineage {\n"
		   "\trankdir=LR\n"
		   "\tnode [fontname=\"sans-serif\"]\n"
		   "\tn0 [shape=box penwidth=2 label=\"fraud\\n1111111\"]\n"
		   "\tn1 [shape=ellipse label=\"train-7\\n0011223\"]\n"
		   "\tn2 [shape=box label=\"data/train.csv\\n2222222 data\"]\n"
		   "\tn3 [shape=note label=\"train with more data\\n9b1c2d3\"]\n"
		   "\tn4 [shape=box label=\"a\\\"]; evil "
		   "[label=\\\"\\\\\\\\N\\\\x0a\\n4444444\"]\n"
		   "\tn5 [shape=box label=\"5555555\"]\n"
		   "\tn1 -> n0 [label=\"output\"]\n"
		   "\tn2 -> n1 [label=\"train\"]\n"
		   "\tn3 -> n1 [label=\"code\"]\n"
		   "\tn0 -> n4 [label=\"\"]\n"
		   "\tn5 -> n2 [label=\"\"]\n"
		   "\tn2 -> n5 [label=\"\"]\n"
		   "\tn2 -> n0 [label=\"train\"]\n"
		   "}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report_lineage__is_two_trees),
		cmocka_unit_test(test_report_lineage__nothing_is_known),
		cmocka_unit_test(test_report_lineage__a_long_chain_ends),
		cmocka_unit_test(test_report_lineage__dot_keeps_names_in_their_quotes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
