/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/format/format.h"
#include "libmv/meta/project.h"
#include "libmv/repo/repo.h"
#include "libmv/store/tx.h"
#include "libmv/subject/subject.h"
#include "libmv/tensor/merge.h"
#include "libmv/transfer/part.h"
#include "libmv/transfer/transfer.h"
#include "libmv/work/priv.h"

/*
 * Two fine-tunes of one parent: which tensors each changed, chunk lists say
 * mostly without reading. A header is looked at before anything larger is
 * fetched: most files that both sides changed are no models.
 */
#define TEXT_MAX ((size_t)256 << 20)

enum { BASE, OURS, THEIRS };

struct merging {
	struct mv_repo *repo;
	struct mv_transfer_part *part[3];
	struct mv_layout layout[3];
	struct mv_tensor_merge_file file[3];
};

static int merging_names(struct mv_buf *out, void *payload, uint64_t off,
			 uint64_t len, struct mv_err *err)
{
	const struct mv_range range = { off, len };

	return mv_transfer_part_names(out, payload, &range, err);
}

/* -- the rule ------------------------------------------------------------- */

/* As the commit has it that is merged into: what is being merged is not yet
   what the team agreed on. */
static enum mv_tensor_rule configured_rule(struct mv_repo *repo,
					   const char *path)
{
	enum mv_tensor_rule rule = MV_TENSOR_RULE_NONE;
	const struct mv_artifact *a;
	struct mv_project project;
	struct mv_err why;

	if (mv_subject_project(&project, repo, "HEAD", &why)) {
		mv_repo_warn(repo, "no rule for merges is known: %s", why.msg);
		return MV_TENSOR_RULE_NONE;
	}
	a = mv_project_by_path(&project, path);
	if (a && a->merge && mv_tensor_rule_parse(&rule, a->merge))
		rule = MV_TENSOR_RULE_NONE;
	mv_project_release(&project);
	return rule;
}

static enum mv_tensor_rule merging_rule(struct mv_repo *repo, const char *path,
					enum mv_merge_favor favor)
{
	if (favor == MV_FAVOR_OURS)
		return MV_TENSOR_RULE_OURS;
	if (favor == MV_FAVOR_THEIRS)
		return MV_TENSOR_RULE_THEIRS;
	return configured_rule(repo, path);
}

/* -- the sides ------------------------------------------------------------ */

/* 1: a model that can be merged; 0: not, *refused may say why. */
static int open_side(struct merging *m, int i, const struct mv_pointer *p,
		     const char **refused, struct mv_err *err)
{
	struct mv_err why;
	int rc = mv_transfer_part_open(&m->part[i], m->repo, p, NULL,
				       MV_PART_FETCH, &why);

	m->file[i].size = p->size;
	if (!rc)
		rc = mv_format_parse_at(&m->layout[i],
					mv_transfer_part_read_at, m->part[i],
					p->size, &why);
	if (rc == MV_ENOMEM || rc == MV_ECANCELLED)
		return mv_fail(err, rc, "%s", why.msg);
	if (rc && m->part[i] && mv_transfer_part_failed(m->part[i])) {
		*refused = "its content is not here and not to be had";
		return 0;
	}
	if (!rc && !mv_tensor_merges(m->layout[i].format) &&
	    m->layout[i].count > mv_layout_members(&m->layout[i]))
		*refused = "its format is not merged by tensors";
	return !rc && mv_tensor_merges(m->layout[i].format);
}

/* All of it: the result is new bytes, from the first to the last. */
static int have_all(struct merging *m, const struct mv_pointer side[3],
		    const char **refused, struct mv_err *err)
{
	uint8_t here[3] = { 0, 0, 0 };
	int rc = mv_transfer_need(m->repo, side, 3, here, err);

	if (rc)
		return rc;
	if (!here[0] || !here[1] || !here[2]) {
		*refused = "its content is not here and not to be had";
		return 0;
	}
	for (int i = 0; !rc && i < 3; i++) {
		mv_transfer_part_close(m->part[i]);
		rc = mv_transfer_part_open(&m->part[i], m->repo, &side[i],
					   NULL, 0, err);
		m->file[i].source.layout = &m->layout[i];
		m->file[i].source.read = mv_transfer_part_read_at;
		m->file[i].source.payload = m->part[i];
		m->file[i].source.names = merging_names;
	}
	return rc ? rc : 1;
}

static void merging_end(struct merging *m)
{
	for (int i = 0; i < 3; i++) {
		mv_layout_release(&m->layout[i]);
		mv_transfer_part_close(m->part[i]);
	}
}

/* -- the result ----------------------------------------------------------- */

static int put_result(struct mv_merge_tensors *out, struct merging *m,
		      const struct mv_tensor_merge *plan, struct mv_err *err)
{
	struct mv_tensor_merge_reader state;
	struct mv_reader in = mv_tensor_merge_read(&state, plan);
	struct mv_pointer *p = &out->result;
	struct mv_store *store;
	struct mv_tx *tx = NULL;
	int rc = mv_repo_store(&store, m->repo, err);

	memset(p, 0, sizeof(*p));
	p->dialect = MV_DIALECT_NATIVE;
	p->canonical = 1;
	if (!rc)
		rc = mv_tx_begin(&tx, store, err);
	if (!rc)
		rc = mv_tx_put(&p->oid, &p->size, tx, &in, plan->size, err);
	if (!rc && p->size != plan->size)
		rc = mv_fail(err, MV_EIO,
			     "it became shorter while it was read");
	if (!rc) {
		rc = mv_tx_commit(tx, NULL, err);
		tx = NULL;
	}
	mv_tx_abort(tx);
	mv_tensor_merge_reader_release(&state);
	return rc;
}

static int list_pieces(char **out, const struct mv_tensor_merge *plan,
		       struct mv_err *err)
{
	static const char *const from[] = { "same", "ours", "theirs",
					    "average" };
	struct mv_buf text;
	int bad = 0;

	mv_buf_init(&text, TEXT_MAX);
	for (size_t i = 0; !bad && i < plan->count; i++) {
		const struct mv_tensor_piece *p = &plan->piece[i];

		if (p->pick == MV_TENSOR_PICK_SAME)
			continue;
		bad |= mv_buf_addf(&text, "%s%s\t", from[p->pick],
				   p->ruled ? " (rule)" : "");
		bad |= mv_buf_add_safe(&text, p->frame->name,
				       strlen(p->frame->name));
		bad |= mv_buf_addch(&text, '\n');
	}
	*out = bad ? NULL : mv_buf_detach(&text);
	mv_buf_release(&text);
	return *out ? 0 : mv_nomem(err);
}

static int list_clashes(char **out, const struct mv_tensor_merge *plan,
			struct mv_err *err)
{
	struct mv_buf text;
	int bad = 0;

	mv_buf_init(&text, TEXT_MAX);
	for (size_t i = 0; !bad && i < plan->clashes; i++) {
		const struct mv_tensor_clash *c = &plan->clash[i];

		bad |= mv_buf_add_safe(&text, c->name, strlen(c->name));
		bad |= mv_buf_addf(&text, ": %s\n", c->why);
	}
	*out = bad ? NULL : mv_buf_detach(&text);
	mv_buf_release(&text);
	return *out ? 0 : mv_nomem(err);
}

static int take_plan(struct mv_merge_tensors *out, struct merging *m,
		     const struct mv_tensor_merge *plan,
		     enum mv_tensor_rule rule, struct mv_err *err)
{
	int rc;

	out->refused = plan->refused;
	out->clash_count = plan->clashes;
	if (plan->refused || plan->clashes)
		return list_clashes(&out->clashes, plan, err);
	out->same = plan->same;
	out->from_ours = plan->ours;
	out->from_theirs = plan->theirs;
	out->averaged = plan->averaged;
	out->ruled = plan->ruled;
	out->rule = plan->ruled ? mv_tensor_rule_word(rule) : NULL;
	rc = list_pieces(&out->list, plan, err);
	if (!rc)
		rc = put_result(out, m, plan, err);
	out->done = !rc;
	return rc;
}

static int merge_all(struct mv_merge_tensors *out, struct merging *m,
		     enum mv_tensor_rule rule, struct mv_err *err)
{
	struct mv_tensor_merge plan;
	int rc = mv_tensor_merge_plan(&plan, &m->file[BASE], &m->file[OURS],
				      &m->file[THEIRS], rule, err);

	if (rc)
		return rc;
	rc = take_plan(out, m, &plan, rule, err);
	mv_tensor_merge_release(&plan);
	return rc;
}

int mv_work_merge_tensors(struct mv_merge_tensors *out, struct mv_repo *repo,
			  const char *path, const struct mv_pointer side[3],
			  enum mv_merge_favor favor, struct mv_err *err)
{
	struct merging m = { .repo = repo };
	int rc = 1;

	out->base = side[BASE];
	out->ours = side[OURS];
	out->theirs = side[THEIRS];
	for (int i = 0; i < 3; i++)
		if (!side[i].size || side[i].dialect != MV_DIALECT_NATIVE)
			return 0;
	for (int i = 0; rc == 1 && i < 3; i++)
		rc = open_side(&m, i, &side[i], &out->refused, err);
	if (rc == 1)
		rc = have_all(&m, side, &out->refused, err);
	if (rc == 1)
		rc = merge_all(out, &m, merging_rule(repo, path, favor), err);
	merging_end(&m);
	return rc;
}
