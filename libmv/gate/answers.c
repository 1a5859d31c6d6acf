/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/grow.h"
#include "libmv/format/format.h"
#include "libmv/gate/priv.h"
#include "libmv/git/git.h"
#include "libmv/git/history.h"
#include "libmv/git/objects.h"
#include "libmv/git/refs.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/record.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"
#include "libmv/meta/version.h"
#include "libmv/subject/subject.h"
#include "libmv/transfer/transfer.h"

/*
 * The questions of a policy, one function each. What cannot be found out is
 * answered as not known: that is no in a gate, and the finding says so. Only
 * lack of memory is an error here.
 */
#define CARD_MAX ((size_t)1 << 20)
#define DATE_LIMIT_MS (30 * 1000)

static int answers_unknown(struct mv_asked *q, const char *question,
			   struct mv_err *err)
{
	return mv_policy_answer(q->facts, question, 0, 0, NULL, err);
}

static int number(struct mv_asked *q, const char *question, int64_t n,
		  const char *text, struct mv_err *err)
{
	return mv_policy_answer(q->facts, question, 1, n, text, err);
}

/* -- other versions ------------------------------------------------------- */

static int set_other(struct mv_asked *q, const char *name, const char *version,
		     const char *commit, struct mv_err *err)
{
	struct mv_policy_facts *f = q->facts;
	struct mv_other *o = MV_GROW_ONE(f->others, f->other_count, err);
	struct mv_testimony t;
	struct mv_subject s;
	int rc;

	rc = o ? mv_gate_set(&o->name, name, err) : MV_ENOMEM;
	if (rc)
		return rc;
	if (!commit) {
		o->nobody = 1;
		return 0;
	}
	rc = version ? mv_gate_set(&o->version, version, err) : 0;
	if (rc)
		return rc;
	/* Where its content cannot be told, it is there but says nothing. */
	rc = mv_gate_subject(&s, q->gate, f->artifact, commit, NULL);
	if (rc)
		return rc == MV_ENOMEM ? mv_nomem(err) : 0;
	o->same_content = mv_oid_eq(&s.pointer.oid, &f->content);
	rc = mv_gate_testimony(&t, q->gate, s.blob, &s.pointer, f->artifact,
			       q->gate->now / 1000, NULL);
	if (!rc) {
		o->evidence = t.evidence;
		memset(&t.evidence, 0, sizeof(t.evidence));
		mv_gate_testimony_release(&t);
	}
	mv_subject_release(&s);
	return rc == MV_ENOMEM ? mv_nomem(err) : 0;
}

/* A branch's change is of no stage and no version: nothing to look at. */
static int history_of(struct mv_stage *out, struct mv_asked *q,
		      const char *stage, const char *commit,
		      struct mv_err *err)
{
	memset(out, 0, sizeof(*out));
	if (!stage || !q->facts->version)
		return MV_ENOENT;
	return mv_gate_stage(out, q->gate, q->facts->artifact, stage,
			     q->promotion ? q->promotion->tag : NULL, commit,
			     err);
}

static int other_stage(struct mv_asked *q, const char *name,
		       const char *stage, struct mv_err *err)
{
	struct mv_stage history;
	int rc = mv_gate_stage(&history, q->gate, q->facts->artifact, stage,
			       q->promotion ? q->promotion->tag : NULL, "",
			       err);

	if (rc)
		return rc;
	rc = history.last ?
		set_other(q, name, history.last->version,
			  history.last->event->commit, err) :
		set_other(q, name, NULL, NULL, err);
	mv_gate_stage_release(&history);
	return rc;
}

/* Where the branch of this commit began; for a branch's own change, what it
   was. Nothing there at that time is "nobody". */
static int other_base(struct mv_asked *q, const char *name,
		      struct mv_err *err)
{
	char hex[65];
	int rc;

	if (q->base)
		return set_other(q, name, NULL, *q->base ? q->base : NULL,
				 err);
	rc = mv_git_merge_base(hex, mv_repo_git(q->gate->repo),
			       q->gate->trusted, q->facts->commit, NULL);
	if (rc)
		return rc == MV_ENOMEM ? mv_nomem(err) : 0;
	return set_other(q, name, NULL, hex, err);
}

/* Not answered at all is not known. */
static int answer_other(struct mv_asked *q, const char *name,
			struct mv_err *err)
{
	const struct mv_event *e;

	if (!strcmp(name, "merge-base") ||
	    (!strcmp(name, "current") && q->base))
		return other_base(q, name, err);
	if (!strcmp(name, "current"))
		return q->facts->stage ?
			other_stage(q, name, q->facts->stage, err) : 0;
	if (!mv_version_ok(name))
		return other_stage(q, name, name, err);
	e = mv_registry_version(&q->gate->registry, q->facts->artifact, name);
	return e ? set_other(q, name, name, e->commit, err) : 0;
}

/* -- moments -------------------------------------------------------------- */

enum { NO_RECEIPT = -1, RECEIPT_UNCHECKED = -2 };

/* When a server that has a key saw the tag; or one of those above: what could
   not be checked may be one that says another time than the tagger. */
static int64_t receipt_time(const struct mv_vote *votes, size_t count,
			    const char *tag)
{
	int64_t when = NO_RECEIPT;

	for (size_t i = 0; i < count; i++) {
		const struct mv_vote *v = &votes[i];

		if (v->malformed ||
		    v->statement.decision != MV_DECISION_RECEIPT ||
		    strcmp(v->statement.tag, tag))
			continue;
		if (v->signature.state == MV_SIGNATURE_UNCHECKED)
			return RECEIPT_UNCHECKED;
		if (v->signature.state != MV_SIGNATURE_GOOD)
			continue;
		/* Of several the last one: nothing is gained by another. */
		if (v->statement.issued_at > when)
			when = v->statement.issued_at;
	}
	return when;
}

/* Nothing to ask, or no answer: then the tagger's word is none either. */
static int unwitnessed(struct mv_stage_event *e, int rc, struct mv_err *err)
{
	if (rc == MV_ENOMEM)
		return mv_nomem(err);
	if (rc != MV_ENOENT && rc != MV_EINVALID)
		e->when = -1;
	return 0;
}

/*
 * A tagger can say any time. The receipt stands in the notes of the content
 * that the tag is about; without one, there is only what the tagger says.
 */
static int witness(struct mv_asked *q, struct mv_stage_event *e,
		   struct mv_err *err)
{
	const struct mv_policy_facts *f = q->facts;
	struct mv_testimony t;
	struct mv_subject s;
	int64_t when;
	int rc;

	if (!strcmp(e->event->commit, f->commit)) {
		when = receipt_time(f->votes, f->vote_count, e->event->oid);
	} else {
		rc = mv_gate_subject(&s, q->gate, f->artifact,
				     e->event->commit, NULL);
		if (rc)
			return unwitnessed(e, rc, err);
		rc = mv_gate_testimony(&t, q->gate, s.blob, &s.pointer,
				       f->artifact, q->gate->now / 1000, NULL);
		mv_subject_release(&s);
		if (rc)
			return unwitnessed(e, rc, err);
		when = receipt_time(t.votes, t.count, e->event->oid);
		mv_gate_testimony_release(&t);
	}
	if (when == RECEIPT_UNCHECKED)
		e->when = -1;
	if (when >= 0) {
		e->when = when;
		e->witnessed = 1;
	}
	return 0;
}

/* -- the history of stages ------------------------------------------------ */

/* A name that was taken back and given to another commit held nothing. */
static int names_version(const struct mv_stage_event *e,
			 const struct mv_policy_facts *f)
{
	return e->event->tag.kind == MV_EVENT_ASSIGN &&
	       !strcmp(e->event->commit, f->commit) &&
	       !strcmp(e->version, f->version);
}

static int answer_held(struct mv_asked *q, const char *question,
		       const char *stage, struct mv_err *err)
{
	struct mv_stage h;
	int held = 0;
	int rc = history_of(&h, q, stage, q->facts->commit, err);

	if (rc)
		return rc == MV_ENOENT ? answers_unknown(q, question, err) : rc;
	for (size_t i = 0; i < h.count; i++)
		held |= names_version(&h.v[i], q->facts);
	mv_gate_stage_release(&h);
	return number(q, question, held, NULL, err);
}

/* Seconds since an event of the history (NULL: there is none), which is
   released. */
static int since(struct mv_asked *q, const char *question, struct mv_stage *h,
		 struct mv_stage_event *event, struct mv_err *err)
{
	const int64_t now = q->gate->now / 1000;
	int rc = event ? witness(q, event, err) : 0;
	const int64_t when = event ? event->when : -1;

	mv_gate_stage_release(h);
	if (rc)
		return rc;
	if (when < 0 || when > now)
		return answers_unknown(q, question, err);
	return number(q, question, now - when, NULL, err);
}

/* Seconds since it got there, if it is there still or was followed by
   others: the last assignment counts. */
static int answer_soak(struct mv_asked *q, const char *question,
		       const char *stage, struct mv_err *err)
{
	struct mv_stage h;
	struct mv_stage_event *last = NULL;
	int rc = history_of(&h, q, stage, q->facts->commit, err);

	if (rc)
		return rc == MV_ENOENT ? answers_unknown(q, question, err) : rc;
	for (size_t i = 0; i < h.count; i++)
		if (names_version(&h.v[i], q->facts))
			last = &h.v[i];
	return since(q, question, &h, last, err);
}

static int answer_holder(struct mv_asked *q, const char *question,
			 const char *stage, struct mv_err *err)
{
	struct mv_stage h;
	int rc = history_of(&h, q, stage, "", err);

	if (rc)
		return rc == MV_ENOENT ? answers_unknown(q, question, err) : rc;
	rc = number(q, question, !!h.holder,
		    h.holder ? h.holder->version : NULL, err);
	mv_gate_stage_release(&h);
	return rc;
}

static int answer_last_event(struct mv_asked *q, const char *question,
			     struct mv_err *err)
{
	struct mv_stage h;
	int64_t when, now = q->gate->now / 1000;
	int rc = history_of(&h, q, q->facts->stage, "", err);

	if (rc)
		return rc == MV_ENOENT ? answers_unknown(q, question, err) : rc;
	if (h.count)
		rc = witness(q, &h.v[h.count - 1], err);
	when = h.count ? h.v[h.count - 1].when : 0;
	if (rc) {
		mv_gate_stage_release(&h);
		return rc;
	}
	if (!h.count)
		rc = number(q, question, -1, NULL, err);
	else if (when < 0 || when > now)
		rc = answers_unknown(q, question, err);
	else
		rc = number(q, question, now - when, NULL, err);
	mv_gate_stage_release(&h);
	return rc;
}

/* Seconds since it was displaced; unknown when it never held the stage, or
   holds it now. */
static int answer_previously(struct mv_asked *q, const char *question,
			     struct mv_err *err)
{
	struct mv_stage h;
	struct mv_stage_event *end = NULL;
	int rc = history_of(&h, q, q->facts->stage, q->facts->commit, err);

	if (rc)
		return rc == MV_ENOENT ? answers_unknown(q, question, err) : rc;
	for (size_t i = 0; i + 1 < h.count; i++)
		if (names_version(&h.v[i], q->facts) &&
		    !names_version(&h.v[i + 1], q->facts))
			end = &h.v[i + 1];
	return since(q, question, &h, end, err);
}

/* -- commits and files ---------------------------------------------------- */

/* What a full ref is in the state that is judged. */
static int ref_commit(char *hex, struct mv_gate *gate, const char *ref)
{
	struct mv_git *git = mv_repo_git(gate->repo);

	for (size_t i = 0; i < gate->ref_count; i++)
		if (!strcmp(gate->refs[i].name, ref))
			return *gate->refs[i].commit ?
				mv_git_commit(hex, git, gate->refs[i].commit,
					      NULL) : MV_ENOENT;
	return mv_git_commit(hex, git, ref, NULL);
}

static int answers_is_below(struct mv_gate *gate, const char *commit,
			    const char *ref)
{
	char hex[65];
	int rc = ref_commit(hex, gate, ref);

	return rc ? rc : mv_git_is_ancestor(mv_repo_git(gate->repo), commit,
					    hex, NULL);
}

/*
 * For a person a branch is what it was when it was fetched, and what it is
 * here, where one may be ahead and the other behind.
 */
static int is_reachable(struct mv_gate *gate, const char *commit,
			const char *ref)
{
	int here = answers_is_below(gate, commit, ref), there;
	char *name;

	/* What is proved is not proved by a branch that somebody makes here. */
	if ((here > 0 && !gate->today) || !gate->fetched ||
	    strncmp(ref, "refs/heads/", 11))
		return here;
	name = mv_strf("%s%s", gate->fetched, ref + 11);
	there = name ? answers_is_below(gate, commit, name) : MV_ENOMEM;
	free(name);
	return there == MV_ENOENT ? here : there;
}

static int answer_reachable(struct mv_asked *q, const char *question,
			    const char *ref, struct mv_err *err)
{
	char *full;
	int rc;

	/* A tag of that name would come first where git looks. */
	full = mv_strf("%s%s", strncmp(ref, "refs/", 5) ? "refs/heads/" : "",
		       ref);
	rc = full ? is_reachable(q->gate, q->facts->commit, full) :
		    MV_ENOMEM;
	free(full);
	if (rc < 0)
		return rc == MV_ENOMEM ? mv_nomem(err) :
			answers_unknown(q, question, err);
	return number(q, question, rc, ref, err);
}

/* The content id of a path in the trusted tree. */
static int answer_content(struct mv_asked *q, const char *question,
			  const char *path, struct mv_err *err)
{
	char text[80], hex[MV_OID_HEX + 1];
	struct mv_oid oid;
	int rc = mv_subject_data_at(&oid, q->gate->repo, q->gate->trusted, path,
				    NULL);

	if (rc)
		return rc == MV_ENOMEM ? mv_nomem(err) :
			answers_unknown(q, question, err);
	snprintf(text, sizeof(text), "sha256:%s", mv_oid_hex(hex, &oid));
	return number(q, question, 1, text, err);
}

static int read_at(void *payload, uint64_t off, void *data, size_t len,
		   size_t *got, struct mv_err *err)
{
	struct mv_asked *q = payload;

	return mv_transfer_read_at(q->gate->repo, &q->subject->pointer, off,
				   data,
				   len, got, err);
}

/* By what the bytes say, never by the name of the file. */
static const char *sniff(struct mv_asked *q)
{
	unsigned char head[8] = { 0 };
	size_t got = 0;

	if (read_at(q, 0, head, sizeof(head), &got, NULL))
		return NULL;
	if (got >= 2 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5)
		return "pickle";
	return NULL;
}

static int answer_format(struct mv_asked *q, struct mv_err *err)
{
	struct mv_layout layout;
	const char *format = NULL;
	int64_t elements = -1;
	int rc = MV_ENOENT;

	memset(&layout, 0, sizeof(layout));
	if (!q->subject->is_directory)
		rc = mv_format_parse_at(&layout, read_at, q,
					q->subject->pointer.size, NULL);
	if (rc == MV_ENOMEM)
		return mv_nomem(err);
	if (!rc) {
		format = layout.format;
		/* members may hold more of them */
		if (!layout.not_listed && !mv_layout_members(&layout))
			elements = (int64_t)mv_layout_elements(&layout);
	} else if (!q->subject->is_directory && rc == MV_ENOENT) {
		format = sniff(q);	/* a damaged zip may be anything */
	}
	/* Both at once: the header is read only once. */
	rc = format ? number(q, "format", 1, format, err) :
		      answers_unknown(q, "format", err);
	if (!rc)
		rc = elements >= 0 ? number(q, "parameters", elements, NULL,
					    err) :
			answers_unknown(q, "parameters", err);
	mv_layout_release(&layout);
	return rc;
}

static int is_answered(const struct mv_asked *q, const char *question)
{
	for (size_t i = 0; i < q->facts->answer_count; i++)
		if (!strcmp(q->facts->answers[i].question, question))
			return 1;
	return 0;
}

/* -- the model card ------------------------------------------------------- */

static int read_card(struct mv_buf *out, struct mv_asked *q, const char *file)
{
	char *spec = mv_strf("%s:%s", q->facts->commit, file);
	int rc = spec ? mv_git_read_blob(mv_repo_git(q->gate->repo), spec,
					 out, NULL, NULL) : MV_ENOMEM;

	free(spec);
	return rc;
}

static int answer_card(struct mv_asked *q, const char *question,
		       const char *file, struct mv_err *err)
{
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, CARD_MAX);
	rc = read_card(&text, q, file);
	mv_buf_release(&text);
	if (rc && rc != MV_ENOENT)
		return answers_unknown(q, question, err);
	return number(q, question, !rc, file, err);
}

/* "intended-use" is "## Intended Use", and something stands below it. */
static int is_heading(const char *line, const char *name)
{
	if (*line != '#')
		return 0;
	line += strspn(line, "# ");
	for (; *name; name++, line++) {
		if (*name == '-' && (*line == ' ' || *line == '-'))
			continue;
		if (tolower((unsigned char)*name) !=
		    tolower((unsigned char)*line))
			return 0;
	}
	return !*line || *line == '\n' || *line == '\r';
}

/* Past one thing that shows nothing: a blank of any kind, a comment. 0: there
   is none, or it is a comment that never ends. */
static size_t shows_nothing(const char *s)
{
	static const char *const nothing[] = {
		"\xc2\xa0", "\xe2\x80\x8b", "\xe2\x80\x8c", "\xe2\x80\x8d",
		"\xe2\x81\xa0", "\xe3\x80\x80", "\xef\xbb\xbf", "&nbsp;"
	};
	const char *end;

	if (*s && strchr(" \t\r\n\f\v", *s))
		return 1;
	for (size_t i = 0; i < sizeof(nothing) / sizeof(*nothing); i++)
		if (!strncmp(s, nothing[i], strlen(nothing[i])))
			return strlen(nothing[i]);
	end = strncmp(s, "<!--", 4) ? NULL : strstr(s + 4, "-->");
	return end ? (size_t)(end - s) + 3 : 0;
}

/* Does anything stand here before the next heading? `s` is behind a heading's
   line. */
static int is_filled(const char *s)
{
	size_t n;

	while ((n = shows_nothing(s)))
		s += n;
	return *s && *s != '#' && strncmp(s, "<!--", 4);
}

static int has_section(const char *text, const char *name)
{
	const char *line = text, *lf;

	for (; line && *line; line = lf ? lf + 1 : NULL) {
		lf = strchr(line, '\n');
		if (lf && is_heading(line, name) && is_filled(lf + 1))
			return 1;
	}
	return 0;
}

static int answer_section(struct mv_asked *q, const char *question,
			  const char *rest, struct mv_err *err)
{
	const char *name = strrchr(rest, ' ');
	char *file = name ? strndup(rest, (size_t)(name - rest)) : NULL;
	struct mv_buf text;
	int rc;

	if (!file)
		return name ? mv_nomem(err) : answers_unknown(q, question, err);
	mv_buf_init(&text, CARD_MAX);
	rc = read_card(&text, q, file);
	rc = rc ? answers_unknown(q, question, err) :
		number(q, question, has_section(text.data, name + 1), NULL,
		       err);
	mv_buf_release(&text);
	free(file);
	return rc;
}

/* -- where it comes from -------------------------------------------------- */

static const char *code_commit(const struct mv_evidence *e)
{
	if (e->run && e->run->commit)
		return e->run->commit;
	for (size_t i = e->count; i-- > 0;)
		if (e->records[i].commit)
			return e->records[i].commit;
	return NULL;
}

static int answer_code(struct mv_asked *q, struct mv_err *err)
{
	const char *commit = code_commit(&q->facts->evidence);
	char hex[65];

	if (!commit)
		return answers_unknown(q, "lineage-code", err);
	return number(q, "lineage-code",
		      !mv_git_commit(hex, mv_repo_git(q->gate->repo), commit,
				     NULL), commit, err);
}

/* Is every piece of data a pointer in that commit? */
static int data_found(struct mv_asked *q, const char *commit, int *all)
{
	const struct mv_refs *data = &q->facts->evidence.data->data;

	*all = data->count > 0;
	for (size_t i = 0; i < data->count; i++) {
		const struct mv_ref *ref = &data->v[i];
		struct mv_oid oid;

		if (!ref->has_oid || !ref->path ||
		    mv_subject_data_at(&oid, q->gate->repo, commit, ref->path,
				       NULL) ||
		    !mv_oid_eq(&oid, &ref->oid))
			*all = 0;
	}
	return 0;
}

static int answer_data_in_repo(struct mv_asked *q, struct mv_err *err)
{
	const char *commit = code_commit(&q->facts->evidence);
	int all = 0;

	if (!commit || !q->facts->evidence.data)
		return answers_unknown(q, "data-in-repo", err);
	data_found(q, commit, &all);
	return number(q, "data-in-repo", all, NULL, err);
}

/* Its content is known by id; whether it is at hand is fsck's question. */
static int answer_data(struct mv_asked *q, struct mv_err *err)
{
	const struct mv_record *r = q->facts->evidence.data;
	int all = r && r->data.count;

	for (size_t i = 0; r && i < r->data.count; i++)
		all &= r->data.v[i].has_oid;
	return r ? number(q, "lineage-data", all, NULL, err) :
		   answers_unknown(q, "lineage-data", err);
}

/* -- the moment ----------------------------------------------------------- */

/* The system's `date` knows time zones; a name that it does not know would be
   UTC to it. */
static int answer_offset(struct mv_asked *q, const char *question,
			 const char *zone, struct mv_err *err)
{
	char *file = mv_strf("/usr/share/zoneinfo/%s", zone);
	char *var = mv_strf("TZ=%s", zone), when[40];
	char *env[] = { var, (char *)(uintptr_t)"LC_ALL=C", NULL };
	struct mv_proc_env proc = { q->gate->repo->env.search_path, env };
	const char *argv[] = { NULL, "-d", when, "+%z", NULL };
	char *program = NULL;
	struct mv_buf out;
	int sign, h, m, status = 1, ok = 0, rc = 0;

	mv_buf_init(&out, 4096);
	snprintf(when, sizeof(when), "@%lld",
		 (long long)(q->gate->now / 1000));
	if (!file || !var)
		rc = mv_nomem(err);
	else if (!access(file, R_OK) && !strstr(zone, "..") &&
		 !mv_proc_find(&program, "date", proc.search_path, NULL)) {
		argv[0] = program;
		ok = !mv_proc_run_for(DATE_LIMIT_MS, &status, argv, NULL, &proc,
				      NULL, 0, &out, NULL, NULL) && !status && out.len >= 5 &&
		     sscanf(out.data + 1, "%2d%2d", &h, &m) == 2;
	}
	sign = ok && *out.data == '-' ? -1 : 1;
	if (!rc)
		rc = ok ? number(q, question, sign * (h * 3600 + m * 60),
				 zone, err) : answers_unknown(q, question, err);
	free(program);
	free(file);
	free(var);
	mv_buf_release(&out);
	return rc;
}

/* -- which of them -------------------------------------------------------- */

static const struct answerer {
	const char *word;
	int (*with)(struct mv_asked *q, const char *question,
		    const char *rest, struct mv_err *err);
	int (*alone)(struct mv_asked *q, const char *question,
		     struct mv_err *err);
	int (*plain)(struct mv_asked *q, struct mv_err *err);
} answerers[] = {
	{ "held", answer_held, NULL, NULL },
	{ "soak", answer_soak, NULL, NULL },
	{ "holder", answer_holder, NULL, NULL },
	{ "since-last-event", NULL, answer_last_event, NULL },
	{ "previously-held", NULL, answer_previously, NULL },
	{ "reachable-from", answer_reachable, NULL, NULL },
	{ "content", answer_content, NULL, NULL },
	{ "format", NULL, NULL, answer_format },
	{ "parameters", NULL, NULL, answer_format },
	{ "card", answer_card, NULL, NULL },
	{ "card-section", answer_section, NULL, NULL },
	{ "lineage-code", NULL, NULL, answer_code },
	{ "lineage-data", NULL, NULL, answer_data },
	{ "data-in-repo", NULL, NULL, answer_data_in_repo },
	{ "utc-offset", answer_offset, NULL, NULL },
};

int mv_gate_answer(void *asked, const char *question, struct mv_err *err)
{
	struct mv_asked *q = asked;
	size_t n = strcspn(question, " ");
	const char *rest = question[n] ? question + n + 1 : NULL;

	if (n == 5 && !strncmp(question, "other", 5) && rest)
		return answer_other(q, rest, err);
	if (is_answered(q, question))
		return 0;
	for (size_t i = 0; i < sizeof(answerers) / sizeof(answerers[0]); i++) {
		const struct answerer *a = &answerers[i];

		if (strlen(a->word) != n || strncmp(a->word, question, n))
			continue;
		if (a->with && rest)
			return a->with(q, question, rest, err);
		if (a->alone && !rest)
			return a->alone(q, question, err);
		if (a->plain && !rest)
			return a->plain(q, err);
	}
	return answers_unknown(q, question, err);
}
