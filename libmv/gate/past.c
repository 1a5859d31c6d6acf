/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/gate/priv.h"
#include "libmv/git/git.h"
#include "libmv/git/notes.h"
#include "libmv/git/objects.h"
#include "libmv/meta/ledger.h"

/*
 * What a clone knows of the past: the trusted branch by first parent, which
 * of its commits changed .gitmodel/, all commits of the notes, whether a note
 * ever lost a line, and the server's receipts. Each is read once.
 */
#define LIST_MAX ((size_t)1 << 30)

/* -- lists of commits ----------------------------------------------------- */

/* Parents stand behind their children, so nothing below `old` need be seen. */
int mv_gate_past_is_behind(const struct mv_past_list *l,
			   const struct mv_past_commit *old,
			   const struct mv_past_commit *new)
{
	size_t *todo, n = 0;
	char *seen;
	int found = 0;

	if (old->at <= new->at)
		return 0;
	todo = calloc(l->edges + 1, sizeof(*todo));
	seen = calloc(l->count, 1);
	if (todo && seen)
		todo[n++] = new->at;
	else
		found = -1;
	while (n && !found) {
		const struct mv_past_commit *c = &l->v[todo[--n]];

		for (size_t i = 0; i < c->parent_count && !found; i++) {
			size_t at = l->edge[c->parents + i];

			found = at == old->at;
			if (at < old->at && !seen[at]) {
				seen[at] = 1;
				todo[n++] = at;
			}
		}
	}
	free(todo);
	free(seen);
	return found;
}

/* -- which policy was in force -------------------------------------------- */

static const struct mv_past_commit *on_branch(const struct mv_past *past,
					      size_t change)
{
	return mv_gate_past_find(&past->branch, past->changes.v[change].hex);
}

const struct mv_past_commit *mv_gate_past_overtaken(const struct mv_past *past,
						    const struct mv_past_commit *p,
						    int64_t when)
{
	const struct mv_past_commit *oldest = NULL, *c;

	for (size_t i = 0; i < past->changes.count; i++) {
		c = on_branch(past, i);
		if (!c || c->at >= p->at)
			break;
		if (c->when < when)
			oldest = c;
	}
	return oldest;
}

const struct mv_past_commit *mv_gate_past_in_force(const struct mv_past *past,
						   int64_t when)
{
	for (size_t i = 0; i < past->changes.count; i++)
		if (past->changes.v[i].when <= when)
			return &past->changes.v[i];
	return NULL;
}

/* -- statements ----------------------------------------------------------- */

#define PAYLOAD_MAX ((size_t)64 << 10)

/* The object's name is its path in the tree, without the slashes. */
static void past_object_of(char *object, const char *path)
{
	size_t n = 0;

	for (; *path && n < 64; path++)
		if (*path != '/')
			object[n++] = *path;
	object[n] = '\0';
}

struct notes {
	struct mv_past_statements *out;
	int receipts;		/* only these */
	char (*object)[65];
	char **blob;
	size_t count, object_alloc, blob_alloc, statement_alloc;
};

static int add_note(void *payload, const char *object, const char *note_blob,
		    struct mv_err *err)
{
	struct notes *n = payload;

	if (MV_GROW(n->object, n->object_alloc, n->count + 1, err) < 0 ||
	    MV_GROW(n->blob, n->blob_alloc, n->count + 1, err) < 0)
		return MV_ENOMEM;
	n->blob[n->count] = strdup(note_blob);
	if (!n->blob[n->count])
		return mv_nomem(err);
	mv_gate_past_name(n->object[n->count++], object);
	return 0;
}

static void release_statement(struct mv_past_statement *s)
{
	mv_statement_release(&s->s);
	mv_buf_release(&s->payload);
	mv_buf_release(&s->sig);
}

static struct mv_past_statement *next_statement(struct notes *n)
{
	struct mv_past_statements *l = n->out;
	struct mv_past_statement *s;

	if (MV_GROW(l->v, n->statement_alloc, l->count + 1, NULL) < 0)
		return NULL;
	s = &l->v[l->count];
	memset(s, 0, sizeof(*s));
	mv_buf_init(&s->payload, PAYLOAD_MAX);
	mv_buf_init(&s->sig, PAYLOAD_MAX);
	return s;
}

static int add_statement(struct notes *n, const char *object, const char *line,
			 size_t len, struct mv_err *err)
{
	struct mv_past_statement *s = next_statement(n);
	int rc;

	if (!s)
		return mv_nomem(err);
	rc = mv_statement_from_line(&s->s, &s->payload, &s->sig, line, len,
				    err);
	s->malformed = rc != 0;
	if (rc != MV_ENOMEM)
		rc = 0;
	if (!rc && (!n->receipts ||
		    (!s->malformed && s->s.decision == MV_DECISION_RECEIPT)))
		rc = mv_gate_digest(s->line, line, len, err);
	if (rc || !*s->line) {
		release_statement(s);
		return rc;
	}
	mv_gate_past_name(s->object, object);
	n->out->count++;
	return 0;
}

/* To look for the word is cheaper than to parse every record. */
static int past_is_statement(const struct notes *n, const char *s, size_t len)
{
	static const char receipt[] = "\"kind\":\"receipt\"";
	static const char approval[] = "\"kind\":\"approval\"";

	return memmem(s, len, receipt, sizeof(receipt) - 1) ||
	       (!n->receipts &&
		memmem(s, len, approval, sizeof(approval) - 1));
}

static int scan_note(void *payload, size_t i, const char *hex,
		     const void *data, size_t len, struct mv_err *err)
{
	struct notes *n = payload;
	const char *s = data, *end = s + len;
	int rc = 0;

	if (!data && !*hex)
		return mv_fail(err, MV_ECORRUPT, "a note cannot be read; see "
			       "git fsck");
	if (!data || !past_is_statement(n, data, len))
		return 0;
	while (s < end && !rc) {
		const char *lf = memchr(s, '\n', (size_t)(end - s));
		size_t size = (size_t)((lf ? lf : end) - s);

		if (past_is_statement(n, s, size))
			rc = add_statement(n, n->object[i], s, size, err);
		s += size + 1;
	}
	return rc;
}

/* The same of a blob at a path of the notes' tree. */
static int scan_blob(void *payload, const char *hex, const char *path,
		     const void *data, size_t len, struct mv_err *err)
{
	struct notes *n = payload;
	char object[1][65];

	past_object_of(object[0], path ? path : "");
	n->object = object;
	return scan_note(n, 0, hex, data, len, err);
}

/* Every blob once, which is much faster: notes of the same bytes on several
   objects are one blob, and a receipt is about a tag wherever it stands. */
static int scan_blobs(struct notes *n, struct mv_gate *gate,
		      struct mv_err *err)
{
	char *tree = mv_strf("%s^{tree}", gate->notes);
	const char *args[] = { tree, NULL };
	int rc = tree ? mv_git_each_small_blob(mv_repo_git(gate->repo), args,
					       MV_NOTE_MAX, scan_blob, n,
					       err) : mv_nomem(err);

	free(tree);
	n->object = NULL;
	return rc;
}

void mv_gate_past_statements_release(struct mv_past_statements *list)
{
	for (size_t i = 0; i < list->count; i++)
		release_statement(&list->v[i]);
	free(list->v);
	memset(list, 0, sizeof(*list));
}

int mv_gate_past_read_statements(struct mv_past_statements *out,
				 struct mv_gate *gate, int receipts,
				 struct mv_err *err)
{
	struct mv_git *git = mv_repo_git(gate->repo);
	struct notes n = { .out = out, .receipts = receipts };
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if (*gate->notes)
		rc = receipts ? scan_blobs(&n, gate, err) :
			mv_git_notes_each(git, gate->notes, add_note, &n, err);
	if (!rc && n.count)
		rc = mv_git_read_many(git, (const char *const *)n.blob,
				      n.count, MV_NOTE_MAX, scan_note, &n,
				      err);
	for (size_t i = 0; i < n.count; i++)
		free(n.blob[i]);
	free(n.blob);
	free(n.object);
	if (rc)
		mv_gate_past_statements_release(out);
	return rc;
}

static int by_tag(const void *a, const void *b)
{
	const struct mv_past_statement *x = a, *y = b;

	return strcmp(x->s.tag, y->s.tag);
}

static int read_receipts(struct mv_past *past, struct mv_gate *gate,
			 struct mv_err *err)
{
	int rc = mv_gate_past_read_statements(&past->receipts, gate, 1, err);

	if (!rc && past->receipts.count)
		qsort(past->receipts.v, past->receipts.count,
		      sizeof(*past->receipts.v), by_tag);
	return rc;
}

const struct mv_past_statement *mv_gate_past_receipts(const struct mv_past *past,
						      const char *tag,
						      size_t *count)
{
	size_t lo = 0, hi = past->receipts.count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(past->receipts.v[mid].s.tag, tag) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (*count = 0; lo + *count < past->receipts.count &&
	     !strcmp(past->receipts.v[lo + *count].s.tag, tag);)
		++*count;
	return *count ? &past->receipts.v[lo] : NULL;
}

/* -- did a note ever lose a line? ----------------------------------------- */

struct change {
	char commit[65], object[65], old[65], new[65];
};
struct growth {
	struct mv_past *past;
	struct mv_git *git;
	struct change *v;
	size_t count, alloc;
	struct mv_buf old;
	int has_old;
};

static int is_file(const char *mode)
{
	return !strncmp(mode, "100", 3);
}

static int add_change(struct growth *g, const char *commit,
		      const char *const *field, const char *path,
		      struct mv_err *err)
{
	struct change *c;

	if (MV_GROW(g->v, g->alloc, g->count + 1, err) < 0)
		return MV_ENOMEM;
	c = &g->v[g->count++];
	memset(c, 0, sizeof(*c));
	memcpy(c->commit, commit, sizeof(c->commit));
	mv_gate_past_name(c->old, field[2]);
	/* A file that became a folder or link is a note no more. */
	if (is_file(field[1]))
		mv_gate_past_name(c->new, field[3]);
	past_object_of(c->object, path);
	return 0;
}

/* ":<mode> <mode> <old> <new> <status>\t<path>"; only what had a note. The
   same blob as a link or submodule is no note any more, for any reader. */
static int take_change(struct growth *g, const char *commit, char *line,
		       struct mv_err *err)
{
	char *path = strchr(line, '\t'), *save = NULL;
	const char *field[5];
	size_t n = 0;

	if (!path)
		return 0;
	*path++ = '\0';
	for (char *w = strtok_r(line + 1, " ", &save); w && n < 5;
	     w = strtok_r(NULL, " ", &save))
		field[n++] = w;
	if (n < 5 || !is_file(field[0]) ||
	    (is_file(field[1]) && !strcmp(field[2], field[3])))
		return 0;
	return add_change(g, commit, field, path, err);
}

/*
 * Against the first parent. What a merge leaves out of its other parents is
 * found there, too: -m shows a merge once for each.
 */
static int list_changes(struct growth *g, const char *old, const char *new,
			size_t max, struct mv_err *err)
{
	char not[66] = "";
	const char *args[] = { "log", "--format=%H", "--raw", "--no-abbrev",
			       "--no-renames", "-m", "--no-ext-diff",
			       "-r", new,
			       *old ? not : "--", *old ? "--" : NULL, NULL };
	struct mv_buf text;
	char commit[65] = "", *save = NULL;
	int rc;

	snprintf(not, sizeof(not), "^%.64s", old);
	mv_buf_init(&text, max);
	rc = mv_git_run(g->git, args, NULL, 0, &text, err);
	/* Every commit is named, also one that only adds. */
	if (!rc && !text.len && strcmp(old, new))
		rc = mv_fail(err, MV_EIO, "git log says nothing of the notes");
	for (char *s = rc ? NULL : strtok_r(text.data, "\n", &save);
	     s && !rc; s = strtok_r(NULL, "\n", &save)) {
		if (*s == ':')
			rc = take_change(g, commit, s, err);
		else if (mv_git_is_id(s, strlen(s)))
			mv_gate_past_name(commit, s);
	}
	mv_buf_release(&text);
	return rc;
}

static int add_loss(struct growth *g, const struct change *c, size_t lines,
		    const char *line, size_t len, struct mv_err *err)
{
	struct mv_past_loss *l = MV_GROW_ONE(g->past->losses,
					     g->past->loss_count, err);

	if (!l)
		return MV_ENOMEM;
	memcpy(l->object, c->object, 65);
	memcpy(l->commit, c->commit, 65);
	l->lines = lines;
	l->line = strndup(line, len);
	return l->line ? 0 : mv_nomem(err);
}

/* Lines of the old note that the new one has not. */
static int find_losses(struct growth *g, const struct change *c,
		       const char *new, size_t len, struct mv_err *err)
{
	struct mv_missing gone;
	int rc = mv_lines_missing(&gone, g->old.data, g->old.len, new, len,
				  err);

	return !rc && gone.count ? add_loss(g, c, gone.count, gone.first,
					    gone.first_len, err) : rc;
}

static int take_moved(void *payload, size_t i, const char *hex,
		      const void *data, size_t len, struct mv_err *err)
{
	struct mv_buf *text = payload;

	(void)i;
	(void)hex;
	return data && mv_buf_add(text, data, len) ? mv_nomem(err) : 0;
}

/* Folders come as notes become many: then it stands at another path. */
static int compare_moved(struct growth *g, const struct change *c,
			 struct mv_err *err)
{
	const char *object = c->object;
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, 2 * MV_NOTE_MAX);
	rc = strlen(object) == strlen(c->commit) && mv_git_is_id(object,
							    strlen(object)) ?
		/* Of then, whatever it was: it may be mended since. */
		mv_git_notes_read_loose(g->git, c->commit, 0, &object, 1,
					MV_NOTE_MAX, take_moved, &text, err) :
		0;
	if (!rc)
		rc = find_losses(g, c, text.data, text.len, err);
	mv_buf_release(&text);
	return rc;
}

/* Old and new come one after the other. */
static int past_compare(void *payload, size_t i, const char *hex,
			const void *data,
			size_t len, struct mv_err *err)
{
	struct growth *g = payload;
	const struct change *c = &g->v[i / 2];

	(void)hex;
	if (!(i % 2)) {
		mv_buf_clear(&g->old);
		g->has_old = data != NULL;
		return data && mv_buf_add(&g->old, data, len) ? mv_nomem(err) :
								0;
	}
	if (!g->has_old)
		return 0;
	return *c->new ? find_losses(g, c, data ? data : "", data ? len : 0,
				     err) : compare_moved(g, c, err);
}

int mv_gate_past_read_losses(struct mv_past *past, struct mv_git *git,
			     const char *old, const char *new, size_t max,
			     struct mv_err *err)
{
	struct growth g = { .past = past, .git = git };
	const char **specs = NULL;
	int rc = list_changes(&g, old, new, max, err);

	mv_buf_init(&g.old, MV_NOTE_MAX + 1);
	if (!rc && g.count) {
		specs = calloc(2 * g.count, sizeof(*specs));
		rc = specs ? 0 : mv_nomem(err);
	}
	for (size_t i = 0; specs && i < g.count; i++) {
		specs[2 * i] = g.v[i].old;
		specs[2 * i + 1] = *g.v[i].new ? g.v[i].new : "0";
	}
	if (!rc && g.count)
		rc = mv_git_read_many(git, specs, 2 * g.count, MV_NOTE_MAX,
				      past_compare, &g, err);
	mv_buf_release(&g.old);
	free(specs);
	free(g.v);
	return rc;
}

/* -- all of it ------------------------------------------------------------ */

static int past_read_notes(struct mv_past *past, struct mv_gate *gate,
			   struct mv_err *err)
{
	const char *notes[] = { "rev-list", "--topo-order", "--parents",
				"--timestamp", gate->notes, "--", NULL };

	int rc = *gate->notes ? mv_gate_past_list_read(&past->notes,
						       mv_repo_git(gate->repo),
						       notes, err) : 0;

	return rc || !*gate->notes || past->notes.count ? rc :
		mv_fail(err, MV_EIO, "git rev-list says nothing of the notes");
}

int mv_gate_past_read_lines(struct mv_past *out, struct mv_gate *gate,
			    const char *tip, struct mv_err *err)
{
	struct mv_git *git = mv_repo_git(gate->repo);
	int rc;

	memset(out, 0, sizeof(*out));
	rc = mv_git_is_shallow(git, err);
	out->shallow = rc > 0;
	rc = rc < 0 ? rc : mv_gate_past_read_branch(out, git, tip, err);
	if (!rc)
		rc = past_read_notes(out, gate, err);
	if (rc)
		mv_gate_past_release(out);
	return rc;
}

int mv_gate_past_read(struct mv_past *out, struct mv_gate *gate,
		      struct mv_err *err)
{
	int rc = mv_gate_past_read_lines(out, gate, gate->trusted, err);

	if (rc || !*gate->notes)
		return rc;
	rc = read_receipts(out, gate, err);
	if (!rc)
		rc = mv_gate_past_read_losses(out, mv_repo_git(gate->repo), "",
					      gate->notes, LIST_MAX, err);
	if (rc)
		mv_gate_past_release(out);
	return rc;
}

void mv_gate_past_release(struct mv_past *past)
{
	mv_gate_past_list_release(&past->branch);
	mv_gate_past_list_release(&past->changes);
	mv_gate_past_list_release(&past->notes);
	mv_gate_past_statements_release(&past->receipts);
	for (size_t i = 0; i < past->loss_count; i++)
		free(past->losses[i].line);
	free(past->losses);
	free(past->beginnings);
	memset(past, 0, sizeof(*past));
}
