/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "cmd/cmd.h"
#include "cmd/out.h"
#include "cmd/transfer.h"
#include "libmv/base/config.h"
#include "libmv/base/json.h"
#include "libmv/evidence/evidence.h"
#include "libmv/release/release.h"
#include "libmv/transfer/transfer.h"

int transfer_revisions(const char *const **revs, int argc, const char **argv,
		       int all, const struct opt *opts,
		       const char *const *usage)
{
	static const char *const everything[] = { "--all", NULL };

	for (int i = 1; i < argc; i++)
		if (argv[i][0] == '-')
			return opt_usage_error(opts, usage,
					       "'%s' is not a revision",
					       argv[i]);
	if (all)
		*revs = everything;
	else if (argc > 1)
		*revs = argv + 1;
	return 0;
}

static int transfer_print_json(const char *verb,
			       const struct mv_transfer_stats *s,
			       int records)
{
	struct mv_json *top = mv_json_object();

	mv_json_set(top, verb, mv_json_int((int64_t)s->contents));
	mv_json_set(top, "present", mv_json_int((int64_t)s->skipped));
	mv_json_set(top, "missing", mv_json_int((int64_t)s->missing));
	mv_json_set(top, "new_chunks", mv_json_int((int64_t)s->tx.new_chunks));
	mv_json_set(top, "bytes", mv_json_int((int64_t)s->tx.new_stored));
	mv_json_set(top, "records", mv_json_bool(records));
	return out_json(top);
}

int transfer_print(const char *verb, const struct mv_transfer_stats *s,
		   int records, int json)
{
	char size[32];

	if (json) {
		int status = transfer_print_json(verb, s, records);

		return status == CMD_OK && s->missing ? CMD_NO : status;
	}
	out_line("%s %llu content%s (%s in %llu new chunk%s), %llu %s there "
		 "already", verb, (unsigned long long)s->contents,
		 out_s(s->contents), mv_print_size(size, s->tx.new_stored),
		 (unsigned long long)s->tx.new_chunks, out_s(s->tx.new_chunks),
		 (unsigned long long)s->skipped,
		 s->skipped == 1 ? "was" : "were");
	if (records)
		out_line("%s records, too", verb);
	if (!s->missing)
		return CMD_OK;
	out_warn("%llu content%s not to be had there",
		 (unsigned long long)s->missing,
		 s->missing == 1 ? " is" : "s are");
	return CMD_NO;
}

void transfer_say_where(struct mv_repo *repo, const char *remote)
{
	struct mv_buf places;

	mv_buf_init(&places, 4096);
	if (mv_transfer_places(&places, repo, remote, NULL) || !places.len)
		out_hint("nothing says where content is; `git model remote "
			 "add NAME PATH` does");
	else
		out_hint("looked for it at %s. Whoever has it uploads it with "
			 "`git model push`; where that goes somewhere else "
			 "(`git model remote` shows it there), `git model "
			 "remote add NAME PATH` names that place here",
			 places.data);
	mv_buf_release(&places);
}

/* Says what did not come. */
static int fetch_records(int *moved, struct mv_repo *repo, const char *remote)
{
	struct mv_registry_fetched tags;
	int status = CMD_OK;
	struct mv_err err;
	char *peer = NULL;

	*moved = 0;
	if (mv_transfer_peer(&peer, repo, remote, &err)) {
		out_error("tags of versions and stages and records were not "
			  "fetched: %s", err.msg);
		return CMD_FATAL;
	}
	free(peer);
	/* Both: a tag says which records it was decided on. */
	if (mv_release_fetch(&tags, repo, remote, out_tell, NULL, &err)) {
		out_error("tags of versions and stages were not fetched: %s",
			  err.msg);
		status = CMD_FATAL;
	}
	if (mv_evidence_notes_fetch(repo, remote, moved, &err)) {
		out_error("records were not fetched: %s", err.msg);
		status = CMD_FATAL;
	}
	if (transfer_fetch_attached(repo) != CMD_OK && status == CMD_OK)
		status = CMD_NO;
	return status;
}

int transfer_end_fetch(struct mv_repo *repo, const char *remote,
		       const struct mv_transfer_stats *stats, int json)
{
	int records, fetched = fetch_records(&records, repo, remote);
	int status = transfer_print("downloaded", stats, records, json);

	if (stats->missing)
		transfer_say_where(repo, remote);
	return fetched == CMD_OK ? status : fetched;
}

int transfer_fetch_attached(struct mv_repo *repo)
{
	size_t brought, missing = 0;
	struct mv_err err;
	int rc = mv_evidence_fetch_attached(repo, &brought, &missing, &err);

	if (rc)
		out_warn("what records have attached was not fetched: %s",
			 err.msg);
	else if (missing)
		out_warn("%zu content%s that records have attached (curves, "
			 "lists) %s not to be had", missing,
			 missing == 1 ? "" : "s", missing == 1 ? "is" : "are");
	else if (brought)
		out_note("fetched %zu content%s that records have attached",
			 brought, brought == 1 ? "" : "s");
	return rc || missing ? CMD_NO : CMD_OK;
}

int transfer_push_records(struct mv_repo *repo, const char *remote)
{
	struct mv_err err;
	int moved = 0;

	if (mv_evidence_notes_push(repo, remote, &moved, &err))
		out_warn("records were not pushed: %s", err.msg);
	return moved;
}
