/* SPDX-License-Identifier: MIT */
#ifndef MV_GATE_NAMES_H
#define MV_GATE_NAMES_H

#include "libmv/gate/gate.h"

/*
 * names: tags that stand in the way. git keeps no tag "a" beside a tag "a/b",
 * so a harmless one can keep an event of the registry from ever being made.
 */
struct mv_registry;

/* Names of artifacts as tags spell them, sorted, each at most a few times. */
struct mv_tag_names {
	char **v;
	size_t count;
	const struct mv_policy *policy;	/* of its stages; borrowed, or NULL */
};

/* Those that the registry has events of, and those that the config beside the
   policy (or NULL) knows. */
int mv_gate_names_read(struct mv_tag_names *out, const struct mv_registry *r,
		       const struct mv_policy *policy, struct mv_err *err);

void mv_gate_names_release(struct mv_tag_names *names);

int mv_gate_names_have(const struct mv_tag_names *names, const char *name);

/*
 * A tag (without refs/tags/): which one of the registry, which artifact's, or
 * which of a stage that the policy speaks of, can never be made as long as it is
 * there? Into *what, yours; NULL: none.
 */
int mv_gate_tag_blocks(char **what, const struct mv_tag_names *names,
		       const char *name, struct mv_err *err);

#endif
