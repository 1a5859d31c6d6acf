/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "libmv/meta/curves.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/record.h"
#include "libmv/report/text.h"
#include "libmv/report/views.h"
#include "report-views.h"

static void print(struct mv_buf *out, struct mv_card *card, unsigned flags,
		  int64_t now)
{
	struct mv_style style = { .flags = flags, .width = 80, .now = now };

	mv_buf_init(out, 1 << 20);
	assert_int_equal(mv_card_text(out, card, &style, NULL), 0);
	mv_card_release(card);
}

static void init_run(struct mv_execution *run)
{
	struct mv_ref out = { .role = NULL, .path = dup("models/fraud.bin"),
			      .size = 100, .has_oid = 1 };

	run->id = dup("00112233aabbccdd");
	run->name = dup("train-7");
	run->command = zeroed(4, sizeof(char *));
	run->command[0] = dup("python");
	run->command[1] = dup("train.py");
	run->command[2] = dup("--lr=1e-3");
	run->started_ms = 1763632800000;
	run->duration_ms = 192000;
	run->peak_bytes = 3ll << 30;
	set_oid(&out.oid, 0xcc);
	assert_int_equal(mv_refs_add(&run->outputs, &out, NULL), 0);
	free(out.path);
}

static void init_card(struct mv_card *card)
{
	struct mv_evidence *e = &card->evidence;

	memset(card, 0, sizeof(*card));
	card->title = dup("fraud");
	card->artifact = dup("fraud");
	card->path = dup("models/fraud.bin");
	card->type = dup("model");
	card->description = dup("finds fraud in payments");
	card->commit = dup(HEAD_COMMIT);
	card->subject_line = dup("train with more data");
	card->author = dup("Ada");
	card->when = 1763632800;
	card->version = dup("v1.2.0");
	card->stages = dup("production, staging");
	set_oid(&card->oid, 0x12);
	card->logical = 12 << 20;
	card->stored = 9 << 20;
	card->format = dup("safetensors: 3,148,032 parameters in 44 tensors");
	init_project(&card->project);
	init_evidence(e, "holdout", 0xaa);
	add_facts(&e->metrics, "auc=0.9312", "latency=12.5", "note=ok", NULL);
	add_facts(&e->params, "lr=0.001", "epochs=20", "optimizer.name=adam",
		  NULL);
	add_facts(&e->records[0].environment, "os=Linux", "cpus=8", NULL);
	e->environment = &e->records[0];
	init_run(&e->records[0].run);
	e->run = &e->records[0];
	card->verified = zeroed(2, sizeof(char *));
	card->verified[0] = dup("signed by ada@example.com");
}

static void test_report_card_text__says_what_is_known(void **state)
{
	struct mv_card card;
	struct mv_buf out;

	(void)state;
	init_card(&card);
	print(&out, &card, 0, 0);
	check_text(&out,
		   "fraud  v1.2.0  production, staging  model  "
		   "models/fraud.bin\n"
		   "  finds fraud in payments\n"
		   "  safetensors: 3,148,032 parameters in 44 tensors\n"
		   "  12.0 MiB, stored in 9.0 MiB\n"
		   "  sha256:12121212121212121212121212121212121212121212121212"
		   "12121212121212\n"
		   "  commit 9b1c2d3, 2025-11-20, Ada: train with more data\n"
		   "\n"
		   "Metrics\n"
		   "  auc      0.9312\n"
		   "  latency    12.5  ms\n"
		   "  note         ok\n"
		   "\n"
		   "Params\n"
		   "  epochs          20\n"
		   "  lr              0.001\n"
		   "  optimizer.name  adam\n"
		   "\n"
		   "Data\n"
		   "  eval  holdout  aaaaaaa  2.0 KiB\n"
		   "\n"
		   "Run\n"
		   "  python train.py --lr=1e-3\n"
		   "  train-7: succeeded after 3 min 12 s, 2025-11-20, peak "
		   "memory 3.0 GiB\n"
		   "  output  models/fraud.bin  ccccccc  100 B\n"
		   "\n"
		   "Environment\n"
		   "  cpus  8\n"
		   "  os    Linux\n"
		   "\n"
		   "Verified\n"
		   "  signed by ada@example.com\n"
		   "\n"
		   "1 record, the last 2026-11-20 by Ada <ada@example.com> at "
		   "9b1c2d3\n");
}

static void test_report_card_text__a_curve_stands_beside_its_metric(void **state)
{
	struct mv_card card;
	struct mv_buf out;

	(void)state;
	init_card(&card);
	card.curves = zeroed(1, sizeof(*card.curves));
	card.curve_count = 1;
	card.curves[0].name = dup("auc");
	card.curves[0].points = zeroed(9, sizeof(struct mv_point));
	card.curves[0].count = 9;
	for (int i = 0; i < 9; i++)
		card.curves[0].points[i].value = i == 4 ? NAN : i;
	print(&out, &card, MV_STYLE_UNICODE, 1763632800000 + 3 * 86400000);
	assert_non_null(strstr(out.data, "\n  auc      0.9312      "
			       "▁▂▃▄ ▅▆▇█\n"));
	assert_non_null(strstr(out.data, "3 days ago"));
	mv_buf_release(&out);
}

static void test_report_card_text__little_is_known(void **state)
{
	struct mv_card card;
	struct mv_buf out;

	(void)state;
	memset(&card, 0, sizeof(card));
	card.title = dup("data/train");
	card.path = dup("data/train");
	card.is_directory = 1;
	card.members = 1200;
	card.logical = 5000;
	card.stored = UINT64_MAX;
	card.evidence.skipped = 2;
	print(&out, &card, 0, 0);
	check_text(&out,
		   "data/train\n"
		   "  4.9 KiB in 1200 files, content is not here\n"
		   "  sha256:00000000000000000000000000000000000000000000000000"
		   "00000000000000\n"
		   "\n"
		   "nothing is recorded\n"
		   "2 lines of the notes could not be read\n");
}

static void test_report_card_text__many_facts_stand_side_by_side(void **state)
{
	struct mv_card card;
	struct mv_buf out;
	char arg[32];

	(void)state;
	memset(&card, 0, sizeof(card));
	card.title = dup("m");
	for (int i = 0; i < 40; i++) {
		snprintf(arg, sizeof(arg), "param%02d=%d", i, i * i);
		add_facts(&card.evidence.params, arg, NULL);
	}
	print(&out, &card, 0, 0);
	check_text(&out,
		   "m\n"
		   "  0 B, stored in 0 B\n"
		   "  sha256:00000000000000000000000000000000000000000000000000"
		   "00000000000000\n"
		   "\n"
		   "Params\n"
		   "  param00  0   param08  64   param16  256  param24  576\n"
		   "  param01  1   param09  81   param17  289  param25  625\n"
		   "  param02  4   param10  100  param18  324  param26  676\n"
		   "  param03  9   param11  121  param19  361  param27  729\n"
		   "  param04  16  param12  144  param20  400  param28  784\n"
		   "  param05  25  param13  169  param21  441  param29  841\n"
		   "  param06  36  param14  196  param22  484\n"
		   "  param07  49  param15  225  param23  529\n"
		   "  (10 more; --all)\n"
		   "\n"
		   "nothing is recorded\n");
}

static void test_report_card_text__strangers_stay_on_their_line(void **state)
{
	struct mv_card card;
	struct mv_buf out;

	(void)state;
	memset(&card, 0, sizeof(card));
	card.title = dup("a\nb");
	card.path = dup("\033]0;x\007");
	card.author = dup("A\r\n");
	card.commit = dup("not\nhex");
	card.description = dup("x\ny");
	card.version = dup("v\033[m");
	add_text(&card.evidence.params, "k\n", "\xe2\x80\xae");
	print(&out, &card, 0, 0);
	check_text(&out,
		   "a\\x0ab  v\\x1b[m  \\x1b]0;x\\x07\n"
		   "  x\\x0ay\n"
		   "  0 B, stored in 0 B\n"
		   "  sha256:00000000000000000000000000000000000000000000000000"
		   "00000000000000\n"
		   "  commit not\\x0ahex, A\\x0d\\x0a\n"
		   "\n"
		   "Params\n"
		   "  k\\x0a  \\u{202e}\n"
		   "\n"
		   "nothing is recorded\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report_card_text__says_what_is_known),
		cmocka_unit_test(test_report_card_text__a_curve_stands_beside_its_metric),
		cmocka_unit_test(test_report_card_text__little_is_known),
		cmocka_unit_test(test_report_card_text__many_facts_stand_side_by_side),
		cmocka_unit_test(test_report_card_text__strangers_stay_on_their_line),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
