/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/statvfs.h>

#include "libmv/base/words.h"
#include "libmv/git/config.h"
#include "libmv/setup/priv.h"

void mv_setup_say(const struct checks *c, enum mv_doctor_level level,
		  const char *check, const char *mend, const char *fmt, ...)
{
	char message[1024];
	va_list ap;

	va_start(ap, fmt);
	mv_vwords(message, sizeof(message), fmt, ap);
	va_end(ap);
	c->doctor->fn(c->doctor->payload, level, check, message, mend);
}

const char *mv_setup_doctor_config(const struct checks *c, const char *key)
{
	size_t len = strlen(key), pos = 0;
	const char *value = NULL;

	while (pos < c->config.len) {
		const char *entry = c->config.data + pos;

		if (!strncasecmp(entry, key, len) &&
		    (entry[len] == '\n' || !entry[len]))
			value = entry[len] ? entry + len + 1 : "true";
		pos += strlen(entry) + 1;
	}
	return value;
}

int mv_setup_doctor_is_yes(const char *value)
{
	int yes = 0;

	return value && !mv_git_parse_bool(&yes, value) && yes;
}
