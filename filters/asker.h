/* SPDX-License-Identifier: MIT */
#ifndef FILTERS_ASKER_H
#define FILTERS_ASKER_H

#include <stddef.h>

#include "libmv/work/filter.h"

/*
 * Which git command asks the filter? The protocol does not say, the command
 * line of the git that started us does. Flags of enum mv_asker, or 0 where it
 * cannot be found out. `external_diff`: git diff would hand files to another
 * program.
 */
unsigned asker_find(int external_diff);

/* The same for a command line, `argv` of git: pure. */
unsigned asker_of(size_t argc, const char *const *argv, int external_diff);

/*
 * Does git write a patch with --binary, which is there to be applied? Then the
 * text of a content has no place in it.
 */
int asker_patches_find(void);
int asker_patches_of(size_t argc, const char *const *argv);

/*
 * Which side does -X favour? Git gives merge drivers no word of it; the
 * command line has it. MV_FAVOR_NOTED: a command that may go on with what
 * was said when it began.
 */
enum mv_merge_favor asker_favor_find(void);
enum mv_merge_favor asker_favor_of(size_t argc, const char *const *argv);

#endif
