/* SPDX-License-Identifier: MIT */
/*
 * Any text is an expression or refused with its column; and what it does not
 * keep is what its negation keeps.
 */
#include <stdlib.h>
#include <string.h>

#include "libmv/meta/facts.h"
#include "libmv/report/views.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROWS = 3 };

static void must(int ok)
{
	if (!ok)
		abort();
}

static void set(struct mv_facts *facts, const char *arg)
{
	must(!mv_facts_set_arg(facts, arg, NULL));
}

static void init_board(struct mv_board *b)
{
	static const char *const labels[ROWS] = { "a", "b", "v1.2.0" };

	memset(b, 0, sizeof(*b));
	b->v = calloc(ROWS, sizeof(*b->v));
	must(b->v != NULL);
	b->count = ROWS;
	for (size_t i = 0; i < ROWS; i++)
		must((b->v[i].label = strdup(labels[i])) != NULL);
	must((b->v[2].version = strdup(labels[2])) != NULL);
	must((b->v[0].stages = strdup("production, staging")) != NULL);
	set(&b->v[0].evidence.metrics, "auc=0.9");
	set(&b->v[1].evidence.metrics, "auc=nan");
	set(&b->v[2].evidence.metrics, "auc=12");
	set(&b->v[0].evidence.params, "lr=0.01");
	set(&b->v[1].evidence.params, "opt=adam");
	set(&b->v[2].evidence.tags, "big=123456789012345678901234567890");
}

/* A bit for each row that was kept, or -1. */
static int ask(const char *expression)
{
	struct mv_err err = { MV_OK, "" };
	struct mv_board b;
	int rc, kept = 0;

	init_board(&b);
	rc = mv_board_where(&b, expression, &err);
	must(rc == 0 || (rc == MV_EINVALID && b.count == ROWS &&
			 !strncmp(err.msg, "column ", 7)));
	for (size_t i = 0; i < b.count; i++)
		kept |= 1 << (b.v[i].label[0] == 'v' ? 2 :
			      b.v[i].label[0] - 'a');
	mv_board_release(&b);
	return rc ? -1 : kept;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	char *not = text ? mv_strf("!(%s)", text) : NULL;
	int kept, others;

	must(not != NULL);
	kept = ask(text);
	others = ask(not);
	/* The negation is two deeper and one longer, and may be too much; and
	   "a=1) or (b=2" makes sense only in it. */
	if (kept >= 0 && others >= 0)
		must((kept ^ others) == (1 << ROWS) - 1);
	free(not);
	free(text);
	return 0;
}
