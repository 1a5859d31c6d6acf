/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cmd/out.h"
#include "cmd/registry.h"
#include "libmv/base/json.h"
#include "libmv/base/time.h"
#include "libmv/proof/proof.h"

static const char *const usage[] = {
	"git model audit [--since <date>] [--until <date>] "
	"[--format <text|csv|json|md>] [--trusted <revision>] [--json] "
	"[<name>|<name>@<version>|<name>#<stage>]",
	NULL
};

/* Cells of one entry, in the order of the columns. */
enum { COLUMNS = 13, CELL_MAX = 1 << 24 };
static const char *const columns[COLUMNS] = {
	"when", "witnessed", "who", "action", "artifact", "version", "stage",
	"verified", "object", "evidence", "policy", "reason", "problem"
};
struct row {
	const char *cell[COLUMNS];
	char when[32];
};

static const char *const states[] = { "yes", "no", "unknown" };

/* Seconds of a stranger's tag may be anything. */
static void audit_fill(struct row *r, const struct mv_audit_entry *e)
{
	const char *const cells[COLUMNS] = {
		r->when, e->witnessed ? "yes" : "no", e->who, e->action,
		e->artifact, e->version, e->stage, states[e->state],
		e->object, e->evidence, e->policy, e->reason, e->problem
	};

	mv_time_print(r->when, e->when > INT64_MAX / 1000 ||
			       e->when < INT64_MIN / 1000 ? 0 :
			       e->when * 1000);
	memcpy(r->when + 19, "Z", 2);
	memcpy(r->cell, cells, sizeof(cells));
}

/* -- CSV: RFC 4180, and nothing that a spreadsheet would calculate -------- */

static int is_formula(const char *s)
{
	static const char *const wide[] = { "\xef\xbc\x9d", "\xef\xbc\x8b",
					    "\xef\xbc\x8d", "\xef\xbc\xa0" };

	for (size_t i = 0; i < 4; i++)
		if (!strncmp(s, wide[i], 3))
			return 1;
	return *s && strchr("=+-@\t\r\n", *s);
}

/* Control characters become \xNN: an entry is one line. */
static int csv_cell(struct mv_buf *out, const char *s)
{
	int bad = mv_buf_addch(out, '"');
	struct mv_buf safe;

	mv_buf_init(&safe, CELL_MAX);
	bad |= is_formula(s) && mv_buf_addch(out, '\'');
	bad |= mv_buf_add_safe(&safe, s, strlen(s));
	for (size_t i = 0; i < safe.len && !bad; i++)
		bad = (safe.data[i] == '"' && mv_buf_addch(out, '"')) ||
		      mv_buf_addch(out, safe.data[i]);
	mv_buf_release(&safe);
	return bad || mv_buf_addch(out, '"') ? MV_ENOMEM : 0;
}

static int csv_row(struct mv_buf *out, const char *const *cell)
{
	int bad = 0;

	for (size_t i = 0; i < COLUMNS && !bad; i++)
		bad = (i && mv_buf_addch(out, ',')) || csv_cell(out, cell[i]);
	return bad || mv_buf_addstr(out, "\r\n") ? MV_ENOMEM : 0;
}

/* -- Markdown ------------------------------------------------------------- */

static int md_cell(struct mv_buf *out, const char *s)
{
	struct mv_buf safe;
	int bad;

	mv_buf_init(&safe, CELL_MAX);
	bad = mv_buf_add_safe(&safe, s, strlen(s));
	for (size_t i = 0; i < safe.len && !bad; i++) {
		char c = safe.data[i];

		if (c == '<' || c == '>' || c == '&')
			bad = mv_buf_addf(out, "&#%d;", c);
		else
			bad = (strchr("|`*_[]\\#~!", c) &&
			       mv_buf_addch(out, '\\')) ||
			      mv_buf_addch(out, c);
	}
	mv_buf_release(&safe);
	return bad ? MV_ENOMEM : 0;
}

static int md_row(struct mv_buf *out, const char *const *cell)
{
	int bad = mv_buf_addch(out, '|');

	for (size_t i = 0; i < COLUMNS && !bad; i++)
		bad = mv_buf_addch(out, ' ') || md_cell(out, cell[i]) ||
		      mv_buf_addstr(out, " |");
	return bad || mv_buf_addch(out, '\n') ? MV_ENOMEM : 0;
}

static int md_head(struct mv_buf *out)
{
	int bad = md_row(out, columns) || mv_buf_addch(out, '|');

	for (size_t i = 0; i < COLUMNS && !bad; i++)
		bad = mv_buf_addstr(out, "---|");
	return bad || mv_buf_addch(out, '\n') ? MV_ENOMEM : 0;
}

/* -- text and JSON -------------------------------------------------------- */

static void text_row(const struct row *r)
{
	const char *const *c = r->cell;
	const char *proof = "cannot be told";
	int named = *c[4] != '\0';

	if (!strcmp(c[7], "yes"))
		proof = "verified";
	else if (!strcmp(c[7], "no"))
		proof = "DOES NOT HOLD";
	out_line("%.19s%s  %-13s %s%s%s%s%s  %s  %s%s%s", r->when,
		 strcmp(c[1], "yes") ? " " : "*", c[3], c[4],
		 named && *c[5] ? "@" : "", c[5], *c[6] ? " " : "", c[6],
		 c[2], proof, *c[11] ? ": " : "", c[11]);
	if (*c[12])
		out_line("      %s", c[12]);
}

static struct mv_json *json_row(const struct row *r)
{
	struct mv_json *o = mv_json_object();

	for (size_t i = 0; i < COLUMNS; i++)
		if (i == 1)
			mv_json_set(o, columns[i],
				    mv_json_bool(!strcmp(r->cell[i], "yes")));
		else
			mv_json_set(o, columns[i], *r->cell[i] ?
				    mv_json_str(r->cell[i]) : mv_json_null());
	return o;
}

/* -- all of it ------------------------------------------------------------ */

struct answer {
	const char *format;
	struct mv_json *rows;
	struct mv_buf text;
	size_t count;
	struct registry_name name;
};

static int on_entry(void *payload, const struct mv_audit_entry *e,
		    struct mv_err *err)
{
	struct answer *a = payload;
	struct row r;
	int bad = 0;

	if (!registry_is_named(&a->name, e->version, e->stage))
		return 0;
	audit_fill(&r, e);
	a->count++;
	if (!strcmp(a->format, "json"))
		mv_json_push(a->rows, json_row(&r));
	else if (!strcmp(a->format, "csv"))
		bad = csv_row(&a->text, r.cell);
	else if (!strcmp(a->format, "md"))
		bad = md_row(&a->text, r.cell);
	else
		text_row(&r);
	return bad ? mv_nomem(err) : 0;
}

static int is_format(const char *s)
{
	return !strcmp(s, "text") || !strcmp(s, "csv") ||
	       !strcmp(s, "json") || !strcmp(s, "md");
}

static int audit(struct answer *a, struct cmd_env *env, const char *trusted,
		 const struct mv_audit_options *o, struct mv_err *err)
{
	const struct mv_gate_options open = { .trusted = trusted,
					      .artifact = o->artifact,
					      .now = mv_now_ms() };
	struct mv_gate gate;
	int rc = mv_gate_open(&gate, env->repo, &open, err);

	if (rc)
		return rc;
	if ((!strcmp(a->format, "csv") && csv_row(&a->text, columns)) ||
	    (!strcmp(a->format, "md") && md_head(&a->text)))
		rc = mv_nomem(err);
	if (!rc)
		rc = mv_proof_audit(&gate, o, on_entry, a, err);
	mv_gate_close(&gate);
	return rc;
}

static int audit_finish(struct answer *a)
{
	int status = CMD_OK;

	if (a->rows)
		status = out_json(a->rows);
	else if (a->text.len)
		out_bytes(a->text.data, a->text.len);
	else if (!a->count)
		out_note("nothing is known to have happened");
	a->rows = NULL;
	return status;
}

int cmd_audit(int argc, const char **argv, struct cmd_env *env)
{
	struct answer a = { .format = "text" };
	struct mv_audit_options o = { .since = INT64_MIN };
	const char *since = NULL, *until = NULL, *trusted = NULL;
	int json = 0, status;
	const struct opt opts[] = {
		OPT_STRING(0, "since", &since, "date",
			   "from that moment on (2026-11-21)"),
		OPT_STRING(0, "until", &until, "date", "before that moment"),
		OPT_STRING(0, "format", &a.format, "text|csv|json|md",
			   "how it is printed"),
		OPT_STRING(0, "trusted", &trusted, "revision",
			   "whose history of .gitmodel/ counts"),
		OPT_JSON(&json),
		OPT_END
	};
	struct mv_err err;
	int64_t from = 0, to = 0;

	argc = opt_parse(argc, argv, opts, usage);
	a.format = json ? "json" : a.format;
	if (!is_format(a.format))
		return opt_usage_error(opts, usage, "'%s' is no format; text, "
				       "csv, json and md are", a.format);
	if ((since && mv_time_parse(&from, since, &err)) ||
	    (until && mv_time_parse(&to, until, &err)))
		return opt_usage_error(opts, usage, "%s", err.msg);
	status = registry_named(&a.name, env, argc, argv, opts, usage);
	if (status) {
		free(a.name.artifact);
		return status;
	}
	o.artifact = a.name.artifact;
	o.since = since ? from / 1000 : o.since;
	o.until = until ? to / 1000 : 0;
	mv_buf_init(&a.text, (size_t)1 << 30);
	a.rows = strcmp(a.format, "json") ? NULL : mv_json_array();
	status = audit(&a, env, trusted, &o, &err) ? out_fatal(&err) :
						     audit_finish(&a);
	mv_json_free(a.rows);
	mv_buf_release(&a.text);
	free(a.name.artifact);
	return status;
}
