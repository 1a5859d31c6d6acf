/* SPDX-License-Identifier: MIT */
#ifndef MV_BASE_YAML_H
#define MV_BASE_YAML_H

#include <stddef.h>

#include "libmv/base/err.h"
#include "libmv/base/json.h"

/*
 * YAML: the only user of libyaml. One document into the same tree that JSON
 * gives; plain scalars get the types of the YAML 1.2 core schema (null, bool,
 * int incl. 0x and 0o, float incl. 1e-3, .nan, .inf), quoted ones and those
 * under !!str are strings. Other tags are refused by name: nothing is ever
 * constructed. Decimal numbers that do not fit are MV_JSON_NUMBER, as in
 * mv_json_parse_loose(); longer 0x and 0o ones are strings (digests).
 *
 * A plain key `<<` merges, as YAML 1.1 has it and people use it with anchors:
 * its value is a mapping or a list of mappings, whose keys are taken over
 * where the mapping has none of that name; of a list, the first has the word.
 *
 * Untrusted text. MV_EINVALID with line and column: syntax, duplicate keys,
 * keys that are no scalars, depth over 63, a second document, aliases whose
 * expansion would pass 100,000 nodes ("billion laughs") or that stand inside
 * of what they stand for, 1,000 anchors, NUL characters, bytes that are not
 * UTF-8. An empty document is null. Messages are "YAML line 2 column 3: ...".
 */
int mv_yaml_parse(struct mv_json **out, const char *data, size_t len,
		  struct mv_err *err);

#endif
