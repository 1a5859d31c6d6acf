/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/time.h"
#include "libmv/meta/registry.h"
#include "libmv/proof/proving.h"

/* What is found out about one event, and what all who look at it ask. */
void mv_proof_release(struct mv_proof *p)
{
	for (size_t i = 0; i < p->problem_count; i++)
		free(p->problems[i]);
	free(p->problems);
	free(p->version);
	free(p->promoter);
	free(p->debt);
	free(p->unwitnessed);
	free(p->records);
	free(p->policy);
	if (p->has_verdict)
		mv_verdict_release(&p->verdict);
	memset(p, 0, sizeof(*p));
}

int mv_proof_add(struct mv_proof *p, enum mv_verify_state state,
		 const char *fmt, ...)
{
	char **more = realloc(p->problems,
			      (p->problem_count + 2) * sizeof(*more));
	char *text = NULL;
	va_list ap;

	if (!more)
		return MV_ENOMEM;
	p->problems = more;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (!text)
		return MV_ENOMEM;
	more[p->problem_count++] = text;
	more[p->problem_count] = NULL;
	if (p->state != MV_VERIFY_BAD)
		p->state = state;
	return 0;
}

const char *mv_proof_said(const struct mv_facts *trailers, const char *key)
{
	const struct mv_value *v = mv_facts_get(trailers, key);

	return v && v->text ? v->text : "";
}

/* "2026-11-21 08:15:00 UTC"; `text` has room for 32. */
const char *mv_proof_moment(char *text, int64_t s)
{
	mv_time_print(text, s > INT64_MAX / 1000 || s < INT64_MIN / 1000 ? 0 :
		      s * 1000);
	text[10] = ' ';
	memcpy(text + 19, " UTC", 5);
	return text;
}

/* By the policy that it was decided by, as the server that took it. */
int64_t mv_proof_skew(const struct proving *x)
{
	return mv_gate_clock_skew(x->then && x->then->gate.has_policy ?
				  &x->then->gate : x->gates->today);
}

/* A tag cannot be older than what it names. */
int mv_proof_check_date(struct proving *x, int64_t when, const char *what)
{
	char a[32], b[32];

	if (x->receipt || x->said >= INT64_MAX - mv_proof_skew(x) ||
	    when <= x->said + mv_proof_skew(x))
		return 0;
	return BAD(x, "it says it was made on %s, but names %s of %s: the date "
		   "was put back", mv_proof_moment(a, x->said), what,
		   mv_proof_moment(b, when));
}

/* A whole name: a short one, or a branch's, means something else later. */
int mv_proof_is_name(const char *hex)
{
	size_t n = strspn(hex, "0123456789abcdef");

	return !hex[n] && (n == 40 || n == 64);
}

int mv_proof_governed(const struct mv_gate *gate, const struct mv_event *e)
{
	return gate->has_policy &&
	       mv_policy_governs(&gate->policy, "stage", e->tag.artifact,
				 e->tag.stage);
}

int mv_proof_is_yes(const struct mv_verdict *v)
{
	return v->result == MV_RESULT_YES ||
	       v->result == MV_RESULT_OVERRIDDEN;
}
