/* SPDX-License-Identifier: MIT */
#ifndef FILTERS_ASKER_H
#define FILTERS_ASKER_H

#include <stddef.h>

#include "libmv/repo.h"

/*
 * Which git command asks the filter? The protocol does not say, the command
 * line of the git that started us does. Flags of enum mv_asker, or 0 where it
 * cannot be found out. `external_diff`: git diff would hand files to another
 * program.
 */
unsigned asker_find(int external_diff);

/* The same for a command line, `argv` of git: pure. */
unsigned asker_of(size_t argc, const char *const *argv, int external_diff);

#endif
