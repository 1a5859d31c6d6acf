/* SPDX-License-Identifier: MIT */
#ifndef MV_U_LOOK_WORLD_H
#define MV_U_LOOK_WORLD_H

#include "libmv/evidence/evidence.h"
#include "libmv/look/look.h"
#include "libmv/meta/curves.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/record.h"
#include "libmv/subject/subject.h"
#include "libmv/work/work.h"
#include "tests/unit/u-world.h"

/* Something to look at: contents, what is recorded of them, versions. */

#define NOTES "refs/notes/model"

/* A content of its own for each `text`, staged. */
__attribute__((unused))
static void look_add(struct world *w, const char *path, const char *text)
{
	const struct mv_add_options options = { .flags = MV_ADD_FORCE };
	const char *paths[] = { path, NULL };
	struct mv_add_stats stats;

	run(&w->r, "mkdir -p \"$(dirname '%s')\"", path);
	put_file(&w->r, path, text, strlen(text));
	assert_ok(w, mv_work_add(w->repo, paths, &options, &stats, &w->err));
}

/* All that is staged, and the configuration; the repository is opened anew. */
__attribute__((unused))
static void look_commit(struct world *w, const char *message)
{
	run(&w->r, "for f in .gitattributes .gitmodel\ndo\n"
	    "test ! -e $f || git add $f\ndone\n"
	    "git commit -q --allow-empty -m '%s'", message);
	world_open(w, NULL);
}

__attribute__((unused))
static void look_config(struct world *w, const char *text)
{
	run(&w->r, "mkdir -p .gitmodel");
	put_file(&w->r, ".gitmodel/config", text, strlen(text));
}

/* "fraud" is m.bin, of whose auc more is better. */
#define FRAUD "[artifact \"fraud\"]\n\tpath = m.bin\n\ttype = model\n" \
	      "[metric \"auc\"]\n\tdirection = up\n"

/* Record "auc=0.9"s, separated by blanks, and curves (NULL: none). */
__attribute__((unused))
static void look_record(struct world *w, const char *spec, const char *facts,
			const struct mv_curves *curves)
{
	struct mv_subject s;
	struct mv_record r;
	char arg[100];
	size_t n;

	assert_ok(w, mv_subject_find(&s, w->repo, spec, &w->err));
	assert_ok(w, mv_evidence_record_begin(&r, w->repo, &s, 1700000000000,
					      &w->err));
	for (; *facts; facts += n + (facts[n] == ' ')) {
		n = strcspn(facts, " ");
		snprintf(arg, sizeof(arg), "%.*s", (int)n, facts);
		assert_ok(w, mv_facts_set_arg(&r.metrics, arg, &w->err));
	}
	if (curves)
		assert_ok(w, mv_evidence_attach_curves(w->repo, &r, curves,
						       &w->err));
	assert_ok(w, mv_evidence_record(w->repo, &s, &r, 1, "x", &w->err));
	mv_record_release(&r);
	mv_subject_release(&s);
}

/* One curve of so many points. */
__attribute__((unused))
static void look_curve(struct mv_curves *out, const char *metric, int points)
{
	memset(out, 0, sizeof(*out));
	for (int i = 0; i < points; i++)
		assert_int_equal(mv_curves_add(out, metric, i, 0, 1.0 / (i + 1),
					       NULL), 0);
	mv_curves_sort(out);
}

/* A version of an artifact: of HEAD, as the registry makes its tags. */
__attribute__((unused))
static void look_tag(struct world *w, const char *name)
{
	run(&w->r, "git tag -a -m x '%s'", name);
}

/* The usual one: fraud with auc 0.8 in v1.0.0, and 0.9 in HEAD. */
__attribute__((unused))
static void look_world(struct world *w)
{
	world_new(w, "");
	look_config(w, FRAUD);
	look_add(w, "m.bin", "one");
	look_commit(w, "first model");
	look_record(w, "fraud", "auc=0.8", NULL);
	look_tag(w, "fraud@v1.0.0");
	look_add(w, "m.bin", "two!");
	look_commit(w, "second model");
	look_record(w, "fraud", "auc=0.9", NULL);
	world_open(w, NULL);
}

/* Takes the object away that `rev` names; git has it as a file of its own. */
__attribute__((unused))
static void look_lose(struct world *w, const char *rev)
{
	run(&w->r, "x=$(git rev-parse \"%s\") && rm -f "
	    ".git/objects/$(echo $x | sed 's,^..,&/,')", rev);
	world_open(w, NULL);
}

/* Git says no to everything from here on. */
__attribute__((unused))
static void look_mute(struct world *w)
{
	world_open(w, NULL);
	run(&w->r, "mv .git/HEAD .git/HEAD.away");
}

/* A content that is not here any more. */
__attribute__((unused))
static void look_drop_store(struct world *w)
{
	run(&w->r, "rm -rf .git/model");
	world_open(w, NULL);
}

#endif
