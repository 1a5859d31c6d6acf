/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "libmv/base/json-read.h"
#include "libmv/base/json.h"
#include "libmv/meta/curves.h"
#include "libmv/report/json.h"
#include "libmv/report/views.h"
#include "report-views.h"

/* Frees it. */
static void print(struct mv_buf *out, struct mv_json *v, int indent)
{
	struct mv_err err = { MV_OK, "" };

	mv_buf_init(out, 1 << 20);
	if (mv_json_print(out, v, indent, &err))
		fail_msg("%s", err.msg);
	mv_json_free(v);
}

static void test_report_json__metrics_and_params_as_dvc_has_them(void **state)
{
	const struct mv_json *part;
	struct mv_comparison c;
	struct mv_json *v;
	struct mv_buf out;

	(void)state;
	init_comparison(&c, 2);
	init_pair(&c.v[0], "fraud", "metrics.json");
	add_facts(&c.v[0].old_evidence.metrics, "a.b=1", "f=0.5", "name=x",
		  "same=1", "mixed=1", NULL);
	add_facts(&c.v[0].new_evidence.metrics, "a.b=3", "f=0.75", "same=1",
		  "mixed=x", "new=true", NULL);
	add_facts(&c.v[0].old_evidence.params, "lr=0.01", NULL);
	add_facts(&c.v[0].new_evidence.params, "lr=0.02", NULL);
	compare_pair(&c, 0);
	init_pair(&c.v[1], NULL, "other.bin");
	v = mv_comparison_json(&c);
	mv_comparison_release(&c);
	mv_buf_init(&out, 1 << 20);
	part = mv_json_get(v, "metrics");
	assert_int_equal(mv_json_print(&out, part, 0, NULL), 0);
	assert_string_equal(out.data,
		"{\"metrics.json\":{\"a.b\":{\"old\":1,\"new\":3,\"diff\":2},"
		"\"f\":{\"old\":0.5,\"new\":0.75,\"diff\":0.25},"
		"\"mixed\":{\"old\":1,\"new\":\"x\"},"
		"\"name\":{\"old\":\"x\",\"new\":null},"
		"\"new\":{\"old\":null,\"new\":true}}}");
	mv_buf_clear(&out);
	part = mv_json_get(v, "params");
	assert_int_equal(mv_json_print(&out, part, 0, NULL), 0);
	assert_string_equal(out.data,
		"{\"metrics.json\":{\"lr\":{\"old\":0.01,\"new\":0.02,"
		"\"diff\":0.01}}}");
	mv_buf_release(&out);
	mv_json_free(v);
}

static void test_report_json__a_comparison(void **state)
{
	struct mv_comparison c;
	struct mv_buf out;

	(void)state;
	init_full(&c);
	print(&out, mv_comparison_json(&c), 1);
	mv_comparison_release(&c);
	check_text(&out,
		   "{\n"
		   " \"base\": {\n"
		   "  \"commit\": \"3f2a91c0d1e2f30415263748596a7b8c9d0e1f20\","
		   "\n"
		   "  \"name\": \"production\",\n"
		   "  \"version\": \"v1.2.0\"\n"
		   " },\n"
		   " \"head\": {\n"
		   "  \"commit\": \"9b1c2d3e4f5061728394a5b6c7d8e9f001122334\","
		   "\n"
		   "  \"name\": \"HEAD\"\n"
		   " },\n"
		   " \"why\": \"what holds the stage production\",\n"
		   " \"metrics\": {\n"
		   "  \"models/fraud.safetensors\": {\n"
		   "   \"auc\": {\n"
		   "    \"old\": 0.912,\n"
		   "    \"new\": 0.931,\n"
		   "    \"diff\": 0.019000000000000017\n"
		   "   },\n"
		   "   \"latency\": {\n"
		   "    \"old\": 12,\n"
		   "    \"new\": 14,\n"
		   "    \"diff\": 2\n"
		   "   },\n"
		   "   \"note\": {\n"
		   "    \"old\": \"ok\",\n"
		   "    \"new\": \"better\"\n"
		   "   },\n"
		   "   \"recall\": {\n"
		   "    \"old\": null,\n"
		   "    \"new\": 0.5\n"
		   "   }\n"
		   "  }\n"
		   " },\n"
		   " \"params\": {\n"
		   "  \"models/fraud.safetensors\": {\n"
		   "   \"epochs\": {\n"
		   "    \"old\": null,\n"
		   "    \"new\": 20\n"
		   "   },\n"
		   "   \"lr\": {\n"
		   "    \"old\": 0.01,\n"
		   "    \"new\": 0.003,\n"
		   "    \"diff\": -0.007\n"
		   "   }\n"
		   "  }\n"
		   " },\n"
		   " \"artifacts\": [\n"
		   "  {\n"
		   "   \"path\": \"models/fraud.safetensors\",\n"
		   "   \"artifact\": \"fraud\",\n"
		   "   \"status\": \"changed\",\n"
		   "   \"old\": {\n"
		   "    \"oid\": \"01010101010101010101010101010101010101010101"
		   "01010101010101010101\",\n"
		   "    \"size\": 12582912\n"
		   "   },\n"
		   "   \"new\": {\n"
		   "    \"oid\": \"02020202020202020202020202020202020202020202"
		   "02020202020202020202\",\n"
		   "    \"size\": 13107200\n"
		   "   },\n"
		   "   \"metrics\": [\n"
		   "    {\n"
		   "     \"key\": \"auc\",\n"
		   "     \"old\": 0.912,\n"
		   "     \"new\": 0.931,\n"
		   "     \"diff\": 0.019000000000000017,\n"
		   "     \"relative\": 0.02083333333333335,\n"
		   "     \"judgement\": \"better\",\n"
		   "     \"direction\": \"up\",\n"
		   "     \"incomparable\": true,\n"
		   "     \"old_eval_data\": "
		   "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		   "aaaaaaa\",\n"
		   "     \"new_eval_data\": "
		   "\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
		   "bbbbbbb\"\n"
		   "    },\n"
		   "    {\n"
		   "     \"key\": \"latency\",\n"
		   "     \"old\": 12,\n"
		   "     \"new\": 14,\n"
		   "     \"diff\": 2,\n"
		   "     \"relative\": 0.16666666666666666,\n"
		   "     \"judgement\": \"worse\",\n"
		   "     \"direction\": \"down\",\n"
		   "     \"unit\": \"ms\",\n"
		   "     \"incomparable\": true,\n"
		   "     \"old_eval_data\": "
		   "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		   "aaaaaaa\",\n"
		   "     \"new_eval_data\": "
		   "\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
		   "bbbbbbb\"\n"
		   "    },\n"
		   "    {\n"
		   "     \"key\": \"note\",\n"
		   "     \"old\": \"ok\",\n"
		   "     \"new\": \"better\",\n"
		   "     \"judgement\": null,\n"
		   "     \"incomparable\": true,\n"
		   "     \"old_eval_data\": "
		   "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		   "aaaaaaa\",\n"
		   "     \"new_eval_data\": "
		   "\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
		   "bbbbbbb\"\n"
		   "    },\n"
		   "    {\n"
		   "     \"key\": \"recall\",\n"
		   "     \"old\": null,\n"
		   "     \"new\": 0.5,\n"
		   "     \"judgement\": null,\n"
		   "     \"incomparable\": false\n"
		   "    }\n"
		   "   ],\n"
		   "   \"params\": [\n"
		   "    {\n"
		   "     \"key\": \"epochs\",\n"
		   "     \"old\": null,\n"
		   "     \"new\": 20\n"
		   "    },\n"
		   "    {\n"
		   "     \"key\": \"lr\",\n"
		   "     \"old\": 0.01,\n"
		   "     \"new\": 0.003,\n"
		   "     \"diff\": -0.007\n"
		   "    }\n"
		   "   ],\n"
		   "   \"environment\": [\n"
		   "    {\n"
		   "     \"key\": \"python\",\n"
		   "     \"old\": \"3.10\",\n"
		   "     \"new\": \"3.11\"\n"
		   "    }\n"
		   "   ],\n"
		   "   \"data_changed\": true,\n"
		   "   \"old_data\": [\n"
		   "    {\n"
		   "     \"role\": \"eval\",\n"
		   "     \"name\": \"holdout\",\n"
		   "     \"oid\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		   "aaaaaaaaaaaaaaaaaaaaa\",\n"
		   "     \"size\": 2048\n"
		   "    }\n"
		   "   ],\n"
		   "   \"new_data\": [\n"
		   "    {\n"
		   "     \"role\": \"eval\",\n"
		   "     \"name\": \"holdout\",\n"
		   "     \"oid\": \"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
		   "bbbbbbbbbbbbbbbbbbbbb\",\n"
		   "     \"size\": 2048\n"
		   "    }\n"
		   "   ],\n"
		   "   \"content\": [\n"
		   "    \"+ head.bias  F32 [2]\",\n"
		   "    \"~ head.weight  F32 [2, 64] -> F32 [2, 128]\"\n"
		   "   ],\n"
		   "   \"better\": 1,\n"
		   "   \"worse\": 1,\n"
		   "   \"incomparable\": 3\n"
		   "  },\n"
		   "  {\n"
		   "   \"path\": \"models/tiny.bin\",\n"
		   "   \"status\": \"added\",\n"
		   "   \"old\": null,\n"
		   "   \"new\": {\n"
		   "    \"oid\": \"02020202020202020202020202020202020202020202"
		   "02020202020202020202\",\n"
		   "    \"size\": 900\n"
		   "   },\n"
		   "   \"metrics\": [],\n"
		   "   \"params\": [],\n"
		   "   \"environment\": [],\n"
		   "   \"data_changed\": false,\n"
		   "   \"old_data\": [],\n"
		   "   \"new_data\": [],\n"
		   "   \"content\": null,\n"
		   "   \"better\": 0,\n"
		   "   \"worse\": 0,\n"
		   "   \"incomparable\": 0\n"
		   "  }\n"
		   " ],\n"
		   " \"better\": 1,\n"
		   " \"worse\": 1,\n"
		   " \"incomparable\": 3,\n"
		   " \"skipped_lines\": 0\n"
		   "}");
}

static void test_report_json__numbers_that_json_has_not(void **state)
{
	struct mv_comparison c;
	struct mv_buf out;
	struct mv_json *v;

	(void)state;
	init_comparison(&c, 1);
	init_pair(&c.v[0], NULL, "m");
	add_real(&c.v[0].old_evidence.metrics, "n", NAN);
	add_real(&c.v[0].new_evidence.metrics, "n", -INFINITY);
	add_facts(&c.v[0].old_evidence.metrics, "i=-9223372036854775807",
		  NULL);
	add_facts(&c.v[0].new_evidence.metrics, "i=9223372036854775807",
		  NULL);
	compare_pair(&c, 0);
	v = mv_comparison_json(&c);
	mv_comparison_release(&c);
	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_json_print(&out, mv_json_get(v, "metrics"), 0,
				       NULL), 0);
	mv_json_free(v);
	check_text(&out,
		   "{\"m\":{\"i\":{\"old\":-9223372036854775807,\"new\":9223372"
		   "036854775807,\"diff\":1.8446744073709552e+19},\"n\":{\"old"
		   "\":{\"number\":\"nan\"},\"new\":{\"number\":\"-inf\"}}}}");
}

static void test_report_json__a_card(void **state)
{
	struct mv_card card;
	struct mv_buf out;

	(void)state;
	memset(&card, 0, sizeof(card));
	card.title = dup("fraud");
	card.path = dup("m\xff");
	card.when = 1763632800;
	card.stages = dup("production, staging");
	card.stored = UINT64_MAX;
	set_oid(&card.oid, 0x12);
	init_evidence(&card.evidence, "holdout", 0xaa);
	add_facts(&card.evidence.metrics, "auc=0.5", NULL);
	add_facts(&card.evidence.params, "n=1", "s=x", NULL);
	card.evidence.records[0].run.command = zeroed(2, sizeof(char *));
	card.evidence.records[0].run.command[0] = dup("train");
	card.evidence.run = &card.evidence.records[0];
	card.verified = zeroed(2, sizeof(char *));
	card.verified[0] = dup("signed");
	card.curves = zeroed(1, sizeof(*card.curves));
	card.curve_count = 1;
	card.curves[0].name = dup("loss");
	card.curves[0].points = zeroed(2, sizeof(struct mv_point));
	card.curves[0].points[1].step = 10;
	card.curves[0].count = 2;
	print(&out, mv_card_json(&card), 1);
	mv_card_release(&card);
	check_text(&out,
		   "{\n"
		   " \"title\": \"fraud\",\n"
		   " \"path\": \"m�\",\n"
		   " \"path_hex\": \"6dff\",\n"
		   " \"stages\": [\n"
		   "  \"production\",\n"
		   "  \"staging\"\n"
		   " ],\n"
		   " \"oid\": \"12121212121212121212121212121212121212121212121"
		   "21212121212121212\",\n"
		   " \"size\": 0,\n"
		   " \"here\": false,\n"
		   " \"directory\": false,\n"
		   " \"date\": \"2025-11-20T10:00:00.000Z\",\n"
		   " \"metrics\": {\n"
		   "  \"auc\": 0.5\n"
		   " },\n"
		   " \"params\": {\n"
		   "  \"n\": 1,\n"
		   "  \"s\": \"x\"\n"
		   " },\n"
		   " \"tags\": {},\n"
		   " \"data\": [\n"
		   "  {\n"
		   "   \"role\": \"eval\",\n"
		   "   \"name\": \"holdout\",\n"
		   "   \"oid\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		   "aaaaaaaaaaaaaaaaaaa\",\n"
		   "   \"size\": 2048\n"
		   "  }\n"
		   " ],\n"
		   " \"environment\": {},\n"
		   " \"run\": {\n"
		   "  \"command\": [\n"
		   "   \"train\"\n"
		   "  ],\n"
		   "  \"duration_ms\": 0,\n"
		   "  \"exit\": 0,\n"
		   "  \"inputs\": [],\n"
		   "  \"outputs\": []\n"
		   " },\n"
		   " \"curves\": {\n"
		   "  \"loss\": {\n"
		   "   \"points\": 2,\n"
		   "   \"first_step\": 0,\n"
		   "   \"last_step\": 10\n"
		   "  }\n"
		   " },\n"
		   " \"verified\": [\n"
		   "  \"signed\"\n"
		   " ],\n"
		   " \"records\": [\n"
		   "  {\n"
		   "   \"t\": \"2026-11-20T10:00:00.000Z\",\n"
		   "   \"kind\": \"evidence\",\n"
		   "   \"id\": \"0123456789abcdef\",\n"
		   "   \"by\": \"Ada <ada@example.com>\",\n"
		   "   \"commit\": \"9b1c2d3e4f5061728394a5b6c7d8e9f001122334\""
		   "\n"
		   "  }\n"
		   " ],\n"
		   " \"skipped_lines\": 0\n"
		   "}");
}

static void test_report_json__a_board(void **state)
{
	struct mv_board b;
	struct mv_buf out;

	(void)state;
	memset(&b, 0, sizeof(b));
	b.v = zeroed(1, sizeof(*b.v));
	b.count = 1;
	b.v[0].label = dup("v1.0.0");
	b.v[0].version = dup("v1.0.0");
	b.v[0].when = 1763632800;
	b.v[0].pareto = 1;
	b.v[0].pointer.size = 5;
	memset(b.v[0].blob, 'b', 40);
	add_facts(&b.v[0].evidence.metrics, "auc=1.0", NULL);
	print(&out, mv_board_json(&b), 1);
	mv_board_release(&b);
	check_text(&out,
		   "{\n"
		   " \"rows\": [\n"
		   "  {\n"
		   "   \"label\": \"v1.0.0\",\n"
		   "   \"version\": \"v1.0.0\",\n"
		   "   \"stages\": [],\n"
		   "   \"date\": \"2025-11-20T10:00:00.000Z\",\n"
		   "   \"oid\": \"000000000000000000000000000000000000000000000"
		   "0000000000000000000\",\n"
		   "   \"size\": 5,\n"
		   "   \"blob\": \"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\",\n"
		   "   \"metrics\": {\n"
		   "    \"auc\": 1.0\n"
		   "   },\n"
		   "   \"params\": {},\n"
		   "   \"tags\": {},\n"
		   "   \"pareto\": true\n"
		   "  }\n"
		   " ],\n"
		   " \"skipped_lines\": 0\n"
		   "}");
}

static void test_report_json__lineage_and_plot(void **state)
{
	struct mv_lineage l;
	struct mv_plot p;
	struct mv_buf out;
	struct mv_writer to = mv_writer_buf(&out);

	(void)state;
	memset(&l, 0, sizeof(l));
	l.nodes = zeroed(2, sizeof(*l.nodes));
	l.edges = zeroed(1, sizeof(*l.edges));
	l.node_count = 2;
	l.edge_count = 1;
	l.nodes[0].id = dup("sha256:11");
	l.nodes[0].label = dup("fraud");
	l.nodes[1].kind = MV_NODE_RUN;
	l.nodes[1].id = dup("00");
	l.edges[0].from = 1;
	l.edges[0].label = dup("output");
	print(&out, mv_lineage_json(&l), 0);
	mv_lineage_release(&l);
	check_text(&out,
		   "{\"nodes\":[{\"kind\":\"content\",\"id\":\"sha256:11\",\"la"
		   "bel\":\"fraud\"},{\"kind\":\"run\",\"id\":\"00\"}],\"edges"
		   "\":[{\"from\":1,\"to\":0,\"label\":\"output\"}],\"truncated"
		   "\":false}");

	memset(&p, 0, sizeof(p));
	p.v = zeroed(1, sizeof(*p.v));
	p.count = 1;
	p.v[0].label = dup("a");
	p.v[0].metric = dup("loss");
	p.v[0].points = zeroed(2, sizeof(struct mv_point));
	p.v[0].count = 2;
	p.v[0].points[0].value = 0.5;
	p.v[0].points[1].step = 1;
	p.v[0].points[1].value = NAN;
	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_plot_json(&to, &p, NULL), 0);
	mv_plot_release(&p);
	check_text(&out,
		   "{\n  \"lines\": [\n    {\n      \"label\": \"a\",\n"
		   "      \"metric\": \"loss\",\n      \"points\": [\n"
		   "        [0,0.5],\n        [1,{\"number\":\"nan\"}]\n"
		   "      ]\n    }\n  ]\n}\n");
}

/* What is handed on in many pieces is one text that can be read. */
static void test_report_json__a_plot_of_many_points(void **state)
{
	enum { POINTS = 20000 };
	struct mv_plot p = { .count = 2 };
	struct mv_json *tree;
	struct mv_buf out;
	struct mv_writer to = mv_writer_buf(&out);
	struct mv_err err;
	const struct mv_json *lines;

	(void)state;
	p.title = dup("a \"title\"\n");
	p.v = zeroed(2, sizeof(*p.v));
	p.v[0].metric = dup("loss");
	p.v[0].points = zeroed(POINTS, sizeof(struct mv_point));
	p.v[0].count = POINTS;
	for (size_t i = 0; i < POINTS; i++)
		p.v[0].points[i].step = (int64_t)i;
	p.v[1].metric = dup("none");
	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_plot_json(&to, &p, NULL), 0);
	assert_int_equal(mv_json_parse(&tree, out.data, out.len, &err), 0);
	assert_string_equal(mv_json_get_str(mv_json_get(tree, "title"), NULL), p.title);
	lines = mv_json_get(tree, "lines");
	assert_int_equal(mv_json_size(lines), 2);
	assert_int_equal(mv_json_size(mv_json_get(mv_json_at(lines, 0),
						   "points")), POINTS);
	assert_int_equal(mv_json_size(mv_json_get(mv_json_at(lines, 1),
						   "points")), 0);
	mv_json_free(tree);
	mv_buf_release(&out);
	/* No room: refused, whatever came before. */
	mv_buf_init(&out, 100 << 10);
	assert_int_equal(mv_plot_json(&to, &p, &err), MV_ENOMEM);
	mv_buf_release(&out);
	mv_plot_release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report_json__metrics_and_params_as_dvc_has_them),
		cmocka_unit_test(test_report_json__a_comparison),
		cmocka_unit_test(test_report_json__numbers_that_json_has_not),
		cmocka_unit_test(test_report_json__a_card),
		cmocka_unit_test(test_report_json__a_board),
		cmocka_unit_test(test_report_json__lineage_and_plot),
		cmocka_unit_test(test_report_json__a_plot_of_many_points),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
