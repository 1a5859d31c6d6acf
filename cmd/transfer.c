/* SPDX-License-Identifier: MIT */
#include "cmd/transfer.h"

#include "cmd/cmd.h"
#include "cmd/out.h"
#include "libmv/base/config.h"
#include "libmv/repo.h"

static int print_json(const char *verb, const struct mv_transfer_stats *s)
{
	struct mv_json *top = mv_json_object();

	mv_json_set(top, verb, mv_json_int((int64_t)s->contents));
	mv_json_set(top, "present", mv_json_int((int64_t)s->skipped));
	mv_json_set(top, "missing", mv_json_int((int64_t)s->missing));
	mv_json_set(top, "new_chunks", mv_json_int((int64_t)s->tx.new_chunks));
	mv_json_set(top, "bytes", mv_json_int((int64_t)s->tx.new_stored));
	return out_json(top);
}

int transfer_print(const char *verb, const struct mv_transfer_stats *s,
		   int json)
{
	char size[32];

	if (json) {
		int status = print_json(verb, s);

		return status == CMD_OK && s->missing ? CMD_NO : status;
	}
	out_line("%s %llu contents (%s in %llu new chunks), %llu were there already",
		 verb, (unsigned long long)s->contents,
		 mv_print_size(size, s->tx.new_stored),
		 (unsigned long long)s->tx.new_chunks,
		 (unsigned long long)s->skipped);
	if (!s->missing)
		return CMD_OK;
	out_warn("%llu contents are not to be had there",
		 (unsigned long long)s->missing);
	return CMD_NO;
}
