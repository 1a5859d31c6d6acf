/* SPDX-License-Identifier: MIT */
/*
 * Lines of names of tags, which become a registry whose order must not depend
 * on how the refs came; and the whole as the message of a tag. What is read
 * is printed as it was, but for zeros in front of a counter.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/git/refs.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/project.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"
#include "libmv/meta/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES = 24 };

static void check(int ok)
{
	if (!ok)
		abort();
}

static int same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static void check_version(const char *version)
{
	static const enum mv_bump bumps[] = {
		MV_BUMP_PATCH, MV_BUMP_MINOR, MV_BUMP_MAJOR
	};
	char *next, *last = NULL;

	check(mv_version_ok(version) && !mv_version_cmp(version, version));
	for (int i = 0; i < 3; i++) {
		if (mv_version_bump(&next, version, bumps[i], NULL))
			break;		/* longer than a tag can be */
		check(mv_version_ok(next) &&
		      mv_version_cmp(next, version) > 0 &&
		      mv_version_cmp(version, next) < 0);
		check(!last || mv_version_cmp(next, last) > 0);
		free(last);
		last = next;
	}
	free(last);
}

static void check_name(const char *name)
{
	struct mv_tag tag, again;
	struct mv_buf out;

	if (mv_tag_parse(&tag, name, NULL))
		return;
	mv_buf_init(&out, 2 * MV_TAG_MAX);
	check(!mv_tag_print(&out, &tag, NULL));
	check(!mv_tag_parse(&again, out.data, NULL));
	check(again.kind == tag.kind && again.counter == tag.counter &&
	      same(again.artifact, tag.artifact) &&
	      same(again.version, tag.version) &&
	      same(again.stage, tag.stage));
	if (strcmp(out.data, name))
		check(out.len < strlen(name) && strstr(name, "#0"));
	check(mv_artifact_name_ok(tag.artifact));
	if (tag.version)
		check_version(tag.version);
	mv_tag_release(&again);
	mv_tag_release(&tag);
	mv_buf_release(&out);
}

/* Versions of three lines: the order is one. */
static void check_order(const char *a, const char *b, const char *c)
{
	if (!mv_version_ok(a) || !mv_version_ok(b) || !mv_version_ok(c))
		return;
	check((mv_version_cmp(a, b) > 0) == (mv_version_cmp(b, a) < 0));
	check(!mv_version_cmp(a, b) == !strcmp(a, b));
	if (mv_version_cmp(a, b) <= 0 && mv_version_cmp(b, c) <= 0)
		check(mv_version_cmp(a, c) <= 0);
}

static void check_registry(char **lines, size_t count)
{
	static const char *const commits[] = { "a", "b" };
	struct mv_git_ref refs[LINES], back[LINES];
	char *names[LINES];
	const struct mv_event *e;
	struct mv_registry r, s;

	for (size_t i = 0; i < count; i++) {
		names[i] = mv_strf("refs/tags/%s", lines[i]);
		check(names[i] != NULL);
		refs[i].name = names[i];
		refs[i].oid = "";
		refs[i].type = strlen(lines[i]) % 7 == 6 ? "commit" : "tag";
		refs[i].commit = commits[strlen(lines[i]) % 3 / 2];
		back[count - 1 - i] = refs[i];
	}
	check(!mv_registry_from_refs(&r, refs, count, NULL, NULL));
	check(!mv_registry_from_refs(&s, back, count, NULL, NULL));
	check(r.count == s.count && r.lightweight == s.lightweight);
	for (size_t i = 0; i < r.count; i++) {
		const struct mv_tag *tag = &r.v[i].tag;

		check(!strcmp(r.v[i].ref, s.v[i].ref) && r.v[i].order == i);
		check(mv_registry_next(&r, tag->artifact) != 0);
		e = tag->version ? mv_registry_version(&r, tag->artifact,
						       tag->version) : NULL;
		check(!e || (mv_registry_greatest(&r, tag->artifact) &&
			     mv_registry_version_at(&r, tag->artifact,
						    e->commit)));
		e = tag->stage ? mv_registry_holder(&r, tag->artifact,
						    tag->stage) : NULL;
		check(!e || e->tag.kind == MV_EVENT_ASSIGN);
	}
	mv_registry_release(&r);
	mv_registry_release(&s);
	for (size_t i = 0; i < count; i++)
		free(names[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mv_facts facts = MV_FACTS_INIT;
	char *text = malloc(size + 1), *lines[LINES], *save = NULL;
	size_t count = 0;

	check(text != NULL);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	if (!mv_tag_trailers(&facts, text, NULL))
		for (size_t i = 0; i < facts.count; i++)
			check(!strncmp(facts.v[i].key, "Model-", 6) &&
			      facts.v[i].value.text[0]);
	else
		check(!facts.count);
	mv_facts_release(&facts);
	for (char *line = strtok_r(text, "\n", &save); line && count < LINES;
	     line = strtok_r(NULL, "\n", &save)) {
		check_name(line);
		lines[count++] = line;
	}
	for (size_t i = 0; i + 2 < count; i++)
		check_order(lines[i], lines[i + 1], lines[i + 2]);
	check_registry(lines, count);
	free(text);
	return 0;
}
