/* SPDX-License-Identifier: MIT */
#ifndef MV_BASE_CONFIG_H
#define MV_BASE_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/err.h"

/*
 * INI files of ours (`.gitmodel/config`, the policy and its cases): the only
 * user of inih. inih silently cuts long names and lines; so whatever it would
 * cut or take for something else is refused before, with file and line.
 * Refused, too: NUL, CR, other control characters, invalid UTF-8, a byte order
 * mark, text outside a section, a section that occurs twice, more than one
 * MiB, 100,000 lines, 197 bytes in a line, 49 in a key or between brackets,
 * 4096 in a value.
 *
 *	file    = *( blank | comment | section | pair *more )
 *	comment = ("#" | ";") text		behind blanks or not
 *	section = "[" name [ SP DQUOTE subname DQUOTE ] "]"
 *	pair    = key "=" value			key: letters, digits, "-", "_", "."
 *	more    = 1*( SP | TAB ) value		what does not read like a pair
 *
 * `subname` is "" when there is none; it holds no '"' and no ']'. Spaces
 * around "=" and at the end of a line do not count. There are no inline
 * comments (" ;" is refused). Indented lines go on with the value, each after
 * one space; comments may stand between, a blank line ends it. An indented
 * line that reads like a pair ("k = v", "k: v", "= v") is refused there, so
 * that none is hidden in another; mv_config_parse() takes "k = v" for one, as
 * git config writes them, and lets text go on with "k: v". A key may occur
 * several times.
 */
typedef int (*mv_config_fn)(void *payload, const char *section,
			    const char *subname, const char *key,
			    const char *value, int line, struct mv_err *err);

/*
 * `name` is what messages call the file: "<name>:<line>: ...", MV_EINVALID.
 * A non-zero return of fn stops and is returned. fn may have been called for
 * the lines before a bad one: use what it collected only on success.
 */
int mv_config_parse(const char *name, const char *data, size_t len,
		    mv_config_fn fn, void *payload, struct mv_err *err);
/*
 * The same; with MV_CONFIG_TOP, pairs may stand before the first section
 * (their section is ""); with MV_CONFIG_HEADS, fn is also called for each
 * section's own line, key and value NULL, so that one without pairs is seen;
 * with MV_CONFIG_INDENT, pairs may be indented. `line` of a pair is its first.
 */
enum mv_config_flags {
	MV_CONFIG_TOP = 1 << 0,
	MV_CONFIG_HEADS = 1 << 1,
	MV_CONFIG_INDENT = 1 << 2
};
int mv_config_parse_with(const char *name, const char *data, size_t len,
			 unsigned flags, mv_config_fn fn, void *payload,
			 struct mv_err *err);

/*
 * "8M", "64 KiB", "1g", "512": bytes; units are powers of 1024, case does
 * not matter, an "iB" or "B" may follow. MV_EINVALID otherwise or on
 * overflow.
 */
int mv_parse_size(uint64_t *out, const char *text, struct mv_err *err);
/* "14d", "36h", "90m", "30s", "2w", "0", "now": seconds. */
int mv_parse_duration(int64_t *out, const char *text, struct mv_err *err);
/* "1.2 GiB" of bytes; `text` has room for 32. Returns text. */
char *mv_print_size(char *text, uint64_t bytes);

#endif
