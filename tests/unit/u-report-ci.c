/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "libmv/base/utf8.h"
#include "libmv/report/ci.h"
#include "libmv/report/views.h"
#include "report-views.h"

static void test_report_ci__junit_fails_what_is_worse(void **state)
{
	struct mv_comparison c;
	struct mv_buf out;

	(void)state;
	init_full(&c);
	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_comparison_junit(&out, &c, NULL), 0);
	mv_comparison_release(&c);
	check_text(&out,
		   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		   "<testsuites name=\"git-model\" tests=\"4\" failures=\"1\" "
		   "errors=\"0\">\n"
		   "  <testsuite name=\"fraud\" tests=\"4\" failures=\"1\" "
		   "errors=\"0\" skipped=\"2\">\n"
		   "    <testcase name=\"auc\" classname=\"fraud\">\n"
		   "      <skipped message=\"not measured on the same "
		   "evaluation data: holdout (aaaaaaa) against holdout "
		   "(bbbbbbb)\"/>\n"
		   "    </testcase>\n"
		   "    <testcase name=\"latency\" classname=\"fraud\">\n"
		   "      <failure type=\"worse\" message=\"latency (ms): 12 "
		   "-&#62; 14, +2 (+16.7%), worse; not measured on the same "
		   "evaluation data: holdout (aaaaaaa) against holdout "
		   "(bbbbbbb)\"/>\n"
		   "    </testcase>\n"
		   "    <testcase name=\"note\" classname=\"fraud\">\n"
		   "      <skipped message=\"not measured on the same "
		   "evaluation data: holdout (aaaaaaa) against holdout "
		   "(bbbbbbb)\"/>\n"
		   "    </testcase>\n"
		   "    <testcase name=\"recall\" classname=\"fraud\"/>\n"
		   "  </testsuite>\n"
		   "</testsuites>\n");
}

static void test_report_ci__annotations_of_what_is_found(void **state)
{
	struct mv_comparison c;
	struct mv_buf out;

	(void)state;
	init_full(&c);
	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_comparison_annotations(&out, &c, NULL), 0);
	mv_comparison_release(&c);
	check_text(&out,
		   "::warning file=models/fraud.safetensors,title=fraud cannot "
		   "be compared::auc: 0.9120 -> 0.9310, +0.0190 (+2.1%25); not "
		   "measured on the same evaluation data: holdout (aaaaaaa) "
		   "against holdout (bbbbbbb)\n"
		   "::error file=models/fraud.safetensors,title=fraud is "
		   "worse::latency (ms): 12 -> 14, +2 (+16.7%25), worse; not "
		   "measured on the same evaluation data: holdout (aaaaaaa) "
		   "against holdout (bbbbbbb)\n"
		   "::warning file=models/fraud.safetensors,title=fraud cannot "
		   "be compared::note: ok -> better; not measured on the same "
		   "evaluation data: holdout (aaaaaaa) against holdout "
		   "(bbbbbbb)\n");
}

static void test_report_ci__nothing_found(void **state)
{
	struct mv_comparison c;
	struct mv_buf out;

	(void)state;
	init_comparison(&c, 1);
	init_pair(&c.v[0], NULL, "m.bin");
	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_comparison_annotations(&out, &c, NULL), 0);
	assert_string_equal(out.data, "");
	assert_int_equal(mv_comparison_junit(&out, &c, NULL), 0);
	mv_comparison_release(&c);
	check_text(&out,
		   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		   "<testsuites name=\"git-model\" tests=\"0\" failures=\"0\" "
		   "errors=\"0\">\n"
		   "</testsuites>\n");
}

/* A small reader of XML: characters that XML 1.0 has, attributes in quotes,
   every tag closed in its order. */
static void check_well_formed(const char *s, size_t len)
{
	const char *open[16], *end = s + len, *at = s;
	size_t depth = 0;

	while (at < end) {
		uint32_t cp = 0;
		size_t n = mv_utf8_next(&cp, at, (size_t)(end - at));

		assert_true(n);
		assert_true(cp == '\n' || (cp >= 0x20 && cp != 0xfffe &&
					   cp != 0xffff));
		at += n;
	}
	at = strstr(s, "?>");
	assert_non_null(at);
	for (at += 2; *at; ) {
		size_t name;

		if (*at != '<') {
			assert_true(*at == ' ' || *at == '\n');
			at++;
			continue;
		}
		name = strcspn(at + 1, " />");
		if (at[1] == '/') {
			assert_true(depth > 0);
			name = strcspn(at + 2, ">");
			assert_memory_equal(open[--depth], at + 2, name);
			at = strchr(at, '>') + 1;
			continue;
		}
		assert_true(depth < 16);
		open[depth++] = at + 1;
		for (at += 1 + name; *at == ' '; at++) {
			at += strcspn(at, "=");
			assert_int_equal(at[1], '"');
			at += 2;
			at += strcspn(at, "\"<>");
			assert_int_equal(*at, '"');
		}
		depth -= *at == '/';
		at += *at == '/';
		assert_int_equal(*at, '>');
		at++;
	}
	assert_int_equal(depth, 0);
}

static const char *const hostile[] = {
	"a\"b", "<script>", "a&b", "'", "]]>", "\x01\x02\x1f\x7f", "a\nb",
	"\r\n::error::pwned", "::error file=x::y", "%0A::error::x", "a,b:c",
	"\xff\xfe", "\xe2\x80\xae", "\xef\xbf\xbe", "\xef\xbf\xbf",
	"\xed\xa0\x80", "\xc2\x85", "-->", "<![CDATA["
};
enum { HOSTILE = sizeof(hostile) / sizeof(*hostile) };

static void init_hostile(struct mv_comparison *c, const char *bad)
{
	struct mv_pair *p;

	init_comparison(c, 1);
	p = &c->v[0];
	init_pair(p, bad, bad);
	init_evidence(&p->old_evidence, bad, 1);
	init_evidence(&p->new_evidence, bad, 2);
	add_facts(&p->old_evidence.metrics, "auc=0.5", NULL);
	add_facts(&p->new_evidence.metrics, "auc=0.4", NULL);
	offer_text(&p->old_evidence.metrics, &p->new_evidence.metrics, "text",
		   bad);
	offer_text(&p->old_evidence.metrics, &p->new_evidence.metrics, bad,
		   "text");
	free(c->project.metrics[0].unit);
	c->project.metrics[0].unit = dup(bad);
	compare_pair(c, 0);
}

static void test_report_ci__junit_is_well_formed_whatever_is_in_it(void **state)
{
	struct mv_comparison c;
	struct mv_buf out;

	(void)state;
	for (size_t i = 0; i < HOSTILE; i++) {
		init_hostile(&c, hostile[i]);
		mv_buf_init(&out, 1 << 20);
		assert_int_equal(mv_comparison_junit(&out, &c, NULL), 0);
		mv_comparison_release(&c);
		assert_non_null(strstr(out.data, "<failure type=\"worse\""));
		check_well_formed(out.data, out.len);
		mv_buf_release(&out);
	}
}

/* Each line one command of ours, with the properties that we wrote. */
static void test_report_ci__annotations_cannot_be_forged(void **state)
{
	struct mv_comparison c;
	struct mv_buf out;
	char *line, *end;

	(void)state;
	for (size_t i = 0; i < HOSTILE; i++) {
		size_t lines = 0;

		init_hostile(&c, hostile[i]);
		mv_buf_init(&out, 1 << 20);
		assert_int_equal(mv_comparison_annotations(&out, &c, NULL),
				 0);
		mv_comparison_release(&c);
		for (line = out.data; *line; line = end + 1, lines++) {
			end = strchr(line, '\n');
			assert_non_null(end);
			*end = '\0';
			assert_true(!strncmp(line, "::error file=", 13) ||
				    !strncmp(line, "::warning file=", 15));
			line = strchr(line, '=') + 1;
			line += strcspn(line, ",:");
			assert_memory_equal(line, ",title=", 7);
			line += 7;
			line += strcspn(line, ",:");
			assert_memory_equal(line, "::", 2);
			for (; *line; line++)
				assert_true((unsigned char)*line >= 0x20);
		}
		assert_true(lines >= 1);
		mv_buf_release(&out);
	}
}

static void test_report_ci__a_path_is_as_git_has_it(void **state)
{
	struct mv_comparison c;
	struct mv_buf out;

	(void)state;
	init_comparison(&c, 1);
	init_pair(&c.v[0], NULL, "a b\\c/ü,1:2%.bin");
	add_facts(&c.v[0].old_evidence.metrics, "auc=0.5", NULL);
	add_facts(&c.v[0].new_evidence.metrics, "auc=0.4", NULL);
	compare_pair(&c, 0);
	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_comparison_annotations(&out, &c, NULL), 0);
	mv_comparison_release(&c);
	assert_memory_equal(out.data, "::error file=a b\\c/ü%2C1%3A2%25.bin,t",
			    38);
	mv_buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report_ci__junit_fails_what_is_worse),
		cmocka_unit_test(test_report_ci__annotations_of_what_is_found),
		cmocka_unit_test(test_report_ci__nothing_found),
		cmocka_unit_test(test_report_ci__junit_is_well_formed_whatever_is_in_it),
		cmocka_unit_test(test_report_ci__annotations_cannot_be_forged),
		cmocka_unit_test(test_report_ci__a_path_is_as_git_has_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
