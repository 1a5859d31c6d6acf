/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/words.h"
#include "libmv/hook/priv.h"

/* What everybody who judges a push asks it, and tells it. */

__attribute__((format(printf, 3, 0)))
static void judging_tell(struct mv_push *push, int warning, const char *fmt,
			 va_list ap)
{
	char text[2048];
	struct mv_buf safe;

	mv_vwords(text, sizeof(text), fmt, ap);
	mv_buf_init(&safe, 8 * sizeof(text));
	if (!mv_buf_add_safe(&safe, text, strlen(text)) && push->receive->tell)
		push->receive->tell(push->receive->payload, warning, safe.data);
	mv_buf_release(&safe);
}

int mv_hook_refuse(struct mv_push *push, const char *fmt, ...)
{
	va_list ap;

	push->refused++;
	va_start(ap, fmt);
	judging_tell(push, 0, fmt, ap);
	va_end(ap);
	return 0;
}

__attribute__((format(printf, 2, 3)))
void mv_hook_warn(struct mv_push *push, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	judging_tell(push, 1, fmt, ap);
	va_end(ap);
}

int mv_hook_in_time(const struct mv_push *push, struct mv_err *err)
{
	const struct mv_receive *r = push->receive;

	if (!push->deadline || !r->clock || r->clock() <= push->deadline)
		return 0;
	return mv_fail(err, MV_EBUSY, "judging this push took more than "
		       "model.receiveTimeout allows; push less at once");
}

int64_t mv_hook_skew(const struct mv_push *push)
{
	return 1000 * (push->gate.has_policy ?
		       mv_policy_clock_skew(&push->gate.policy) :
		       MV_CLOCK_SKEW);
}

int mv_hook_rule(const struct mv_push *push, const char *key)
{
	const struct mv_policy *p = &push->gate.policy;

	for (size_t i = 0; push->gate.has_policy && i < p->section_count; i++) {
		const struct mv_section *s = &p->sections[i];

		for (size_t j = 0; !*s->kind && j < s->count; j++)
			if (!strcmp(s->rules[j].key, key) &&
			    !strcmp(s->rules[j].value, "false"))
				return 0;
	}
	return 1;
}

void mv_hook_tell_verdict(struct mv_push *push, const char *subject,
			  const struct mv_verdict *verdict)
{
	for (size_t i = 0; i < verdict->count; i++) {
		const struct mv_finding *f = &verdict->v[i];
		const char *said = f->actual && *f->actual ? f->actual :
			"not known";

		if (f->result == MV_RESULT_YES)
			continue;
		if (f->mode == MV_MODE_EVALUATE)
			continue;
		if (f->mode == MV_MODE_WARN ||
		    f->result == MV_RESULT_OVERRIDDEN)
			mv_hook_warn(push, "%s: [%s] %s: %s%s", subject,
				     f->section,
			     f->rule, said, f->mode == MV_MODE_WARN ?
			     " (only a warning)" : " (overridden)");
		else
			mv_hook_refuse(push, "%s: [%s] %s: %s%s%s", subject,
				       f->section, f->rule, said,
				       f->advice ? "; " : "",
				       f->advice ? f->advice : "");
	}
}

int mv_hook_is_protected(const struct mv_push *push, const char *ref)
{
	if (!push->gate.has_policy || strncmp(ref, HEADS, strlen(HEADS)))
		return 0;
	return !strcmp(ref, push->branch) ||
	       mv_policy_governs(&push->gate.policy, "branch", NULL,
				 ref + strlen(HEADS));
}
