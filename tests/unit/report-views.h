/* SPDX-License-Identifier: MIT */
#ifndef REPORT_VIEWS_H
#define REPORT_VIEWS_H

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/json.h"
#include "libmv/meta/compare.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/project.h"
#include "libmv/meta/record.h"
#include "libmv/report/views.h"

/*
 * Small views, made by hand, for the tests of report. Include after cmocka.
 * What is made here is released by the view's own _release().
 */

#define BASE_COMMIT "3f2a91c0d1e2f30415263748596a7b8c9d0e1f20"
#define HEAD_COMMIT "9b1c2d3e4f5061728394a5b6c7d8e9f001122334"
#define PROJECT "[metric \"auc\"]\ndirection = up\nprecision = 4\n" \
	"[metric \"loss\"]\ndirection = down\n" \
	"[metric \"latency\"]\ndirection = down\nunit = ms\n"

static inline void *zeroed(size_t count, size_t size)
{
	void *p = calloc(count, size);

	assert_non_null(p);
	return p;
}

static inline char *dup(const char *s)
{
	char *copy = s ? strdup(s) : NULL;

	assert_true(copy || !s);
	return copy;
}

static inline void set_oid(struct mv_oid *oid, int byte)
{
	memset(oid->b, byte, sizeof(oid->b));
}

/* "auc=0.9", "lr=1e-3" ... up to NULL. */
static inline void add_facts(struct mv_facts *facts, ...)
{
	struct mv_err err = { MV_OK, "" };
	const char *arg;
	va_list ap;

	va_start(ap, facts);
	while ((arg = va_arg(ap, const char *)))
		if (mv_facts_set_arg(facts, arg, &err))
			fail_msg("%s: %s", arg, err.msg);
	va_end(ap);
}

/* A text value under any key, whatever is in them. */
static inline void add_text(struct mv_facts *facts, const char *key,
			    const char *text)
{
	struct mv_value v = { .type = MV_VALUE_STRING };
	char *copy = dup(text);

	v.text = copy;
	assert_int_equal(mv_facts_set(facts, key, &v, 0, NULL), 0);
	free(copy);
}

/* The same on both sides, where facts take such a key and text at all. */
static inline void offer_text(struct mv_facts *a, struct mv_facts *b,
			      const char *key, const char *text)
{
	struct mv_value v = { .type = MV_VALUE_STRING };
	char *copy = dup(text), other[] = "other";

	v.text = copy;
	if (!mv_facts_set(a, key, &v, 0, NULL)) {
		v.text = other;
		assert_int_equal(mv_facts_set(b, key, &v, 0, NULL), 0);
	}
	free(copy);
}

static inline void add_real(struct mv_facts *facts, const char *key, double r)
{
	char text[32];
	struct mv_value v = { .type = MV_VALUE_REAL, .r = r };

	v.text = mv_print_real(text, r);
	assert_int_equal(mv_facts_set(facts, key, &v, 0, NULL), 0);
}

/* One record, measured on a dataset (NULL: it does not say). */
static inline void init_evidence(struct mv_evidence *e, const char *dataset,
				 int oid)
{
	struct mv_ref ref = { .role = dup("eval"), .name = dup(dataset),
			      .size = 2048, .has_oid = 1 };

	memset(e, 0, sizeof(*e));
	e->records = zeroed(1, sizeof(*e->records));
	e->count = 1;
	e->records[0].t = dup("2026-11-20T10:00:00.000Z");
	e->records[0].kind = dup("evidence");
	e->records[0].id = dup("0123456789abcdef");
	e->records[0].by = dup("Ada <ada@example.com>");
	e->records[0].commit = dup(HEAD_COMMIT);
	set_oid(&ref.oid, oid);
	if (dataset) {
		assert_int_equal(mv_refs_add(&e->records[0].data, &ref, NULL),
				 0);
		e->data = &e->records[0];
	}
	free(ref.role);
	free(ref.name);
}

static inline void init_project(struct mv_project *p)
{
	struct mv_err err = { MV_OK, "" };

	if (mv_project_parse(p, "config", PROJECT, strlen(PROJECT), &err))
		fail_msg("%s", err.msg);
}

static inline void init_comparison(struct mv_comparison *c, size_t pairs)
{
	memset(c, 0, sizeof(*c));
	c->base = dup(BASE_COMMIT);
	c->head = dup(HEAD_COMMIT);
	c->base_name = dup("production");
	c->base_version = dup("v1.2.0");
	c->head_name = dup("HEAD");
	c->why = dup("what holds the stage production");
	c->v = zeroed(pairs + 1, sizeof(*c->v));
	c->count = pairs;
	init_project(&c->project);
}

static inline void init_pair(struct mv_pair *p, const char *artifact,
			     const char *path)
{
	p->artifact = dup(artifact);
	p->path = dup(path);
	p->has_old = p->has_new = 1;
	set_oid(&p->old.oid, 1);
	set_oid(&p->new.oid, 2);
	p->old.size = 12 << 20;
	p->new.size = (12 << 20) + (512 << 10);
}

/* After its evidence and params are there. */
static inline void compare_pair(struct mv_comparison *c, size_t i)
{
	struct mv_pair *p = &c->v[i];
	struct mv_err err = { MV_OK, "" };

	if (mv_compare_metrics(&p->metrics, &p->old_evidence,
			       &p->new_evidence, &c->project, NULL, 0, &err) ||
	    mv_compare_facts(&p->params, &p->old_evidence.params,
			     &p->new_evidence.params, 0, &err))
		fail_msg("%s", err.msg);
}

/* One artifact with everything in it. */
static inline void init_full(struct mv_comparison *c)
{
	struct mv_facts old = MV_FACTS_INIT, new = MV_FACTS_INIT;
	struct mv_pair *p;

	init_comparison(c, 2);
	p = &c->v[0];
	init_pair(p, "fraud", "models/fraud.safetensors");
	init_evidence(&p->old_evidence, "holdout", 0xaa);
	init_evidence(&p->new_evidence, "holdout", 0xbb);
	add_facts(&p->old_evidence.metrics, "auc=0.912", "latency=12",
		  "loss=0.25", "note=ok", NULL);
	add_facts(&p->new_evidence.metrics, "auc=0.931", "latency=14",
		  "loss=0.25", "note=better", "recall=0.5", NULL);
	add_facts(&p->old_evidence.params, "lr=0.01", "optimizer=adam", NULL);
	add_facts(&p->new_evidence.params, "lr=0.003", "epochs=20",
		  "optimizer=adam", NULL);
	p->data_changed = 1;
	p->content = dup("+ head.bias  F32 [2]\n~ head.weight  F32 [2, 64] "
			 "-> F32 [2, 128]\n");
	compare_pair(c, 0);
	add_text(&old, "python", "3.10");
	add_text(&new, "python", "3.11");
	assert_int_equal(mv_compare_facts(&p->environment, &old, &new, 0,
					  NULL), 0);
	mv_facts_release(&old);
	mv_facts_release(&new);
	init_pair(&c->v[1], NULL, "models/tiny.bin");
	c->v[1].has_old = 0;
	c->v[1].new.size = 900;
}

/* The whole of it. */
static inline void check_text(struct mv_buf *out, const char *expected)
{
	assert_string_equal(out->data, expected);
	mv_buf_release(out);
}

#endif
