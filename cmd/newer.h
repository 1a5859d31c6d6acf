/* SPDX-License-Identifier: MIT */
#ifndef CMD_NEWER_H
#define CMD_NEWER_H

#include "cmd/cmd.h"

/*
 * Something was done to the content that the index (or, with `committed`,
 * HEAD) has at `path`, from the top. When the work tree or the index has
 * other bytes there, say so, and what takes them; `again` is what to do then:
 * "and record again".
 */
void newer_warn(struct cmd_env *env, const char *path, int committed,
		const char *again);

#endif
