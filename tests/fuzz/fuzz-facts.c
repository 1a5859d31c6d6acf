/* SPDX-License-Identifier: MIT */
/*
 * A params file in every format that is read: what is accepted is sorted,
 * keys occur once, and as a record it reads back the same.
 */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/json-read.h"
#include "libmv/base/json.h"
#include "libmv/meta/facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print(struct mv_buf *out, const struct mv_facts *facts)
{
	struct mv_json *v = mv_facts_to_json(facts);

	if (mv_json_print(out, v, 0, NULL))
		abort();
	mv_json_free(v);
}

static void check(const struct mv_facts *facts)
{
	struct mv_facts again = MV_FACTS_INIT;
	struct mv_buf a, b;
	struct mv_json *v;

	for (size_t i = 1; i < facts->count; i++)
		if (strcmp(facts->v[i - 1].key, facts->v[i].key) >= 0)
			abort();
	mv_buf_init(&a, 64u << 20);
	mv_buf_init(&b, 64u << 20);
	print(&a, facts);
	if (mv_json_parse(&v, a.data, a.len, NULL) ||
	    mv_facts_from_json(&again, v, "", 0, NULL, NULL))
		abort();
	mv_json_free(v);
	print(&b, &again);
	if (strcmp(a.data, b.data) || again.count != facts->count)
		abort();
	for (size_t i = 0; i < again.count; i++)
		if (!mv_value_eq(&again.v[i].value, &facts->v[i].value))
			abort();
	mv_facts_release(&again);
	mv_buf_release(&b);
	mv_buf_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {
		"f.json", "f.yaml", "f.ini", "f.env", "f.properties"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct mv_facts facts = MV_FACTS_INIT;
		struct mv_err err = { MV_OK, "" };
		int rc = mv_facts_read(&facts, names[i], (const char *)data,
				       size, i & 1, NULL, &err);

		if (rc && (facts.count || err.code != rc ||
			   strncmp(err.msg, names[i], strlen(names[i]))))
			abort();
		check(&facts);
		mv_facts_release(&facts);
	}
	return 0;
}
