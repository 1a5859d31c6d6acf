/* SPDX-License-Identifier: MIT */
/*
 * Whatever the configuration parser accepts must mean the same when it is
 * written down plainly and read again.
 */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/buf.h"
#include "libmv/base/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct plain {
	struct mv_buf text;
	struct mv_buf head;	/* the last section written */
	int line;
	int too_long;		/* a value of several lines */
};

static int add(void *payload, const char *section, const char *subname,
	       const char *key, const char *value, int line,
	       struct mv_err *err)
{
	struct plain *p = payload;
	struct mv_buf head;

	(void)err;
	if (line <= p->line || !*section || !*key)
		abort();
	p->line = line;
	p->too_long |= strlen(key) + 1 + strlen(value) > 197;
	mv_buf_init(&head, 4096);
	if (*subname)
		mv_buf_addf(&head, "[%s \"%s\"]\n", section, subname);
	else
		mv_buf_addf(&head, "[%s]\n", section);
	if (strcmp(head.data, p->head.data)) {
		mv_buf_addstr(&p->text, head.data);
		mv_buf_clear(&p->head);
		mv_buf_addstr(&p->head, head.data);
	}
	mv_buf_release(&head);
	mv_buf_addf(&p->text, "%s=%s\n", key, value);
	return 0;
}

static int parse(struct plain *p, const char *data, size_t size)
{
	struct mv_err err = { MV_OK, "" };
	int rc;

	mv_buf_init(&p->text, 8u << 20);
	mv_buf_init(&p->head, 4096);
	p->line = p->too_long = 0;
	rc = mv_config_parse("fuzz", data, size, add, p, &err);
	mv_buf_release(&p->head);
	if (rc && (rc != MV_EINVALID || err.code != rc || !*err.msg))
		abort();
	return rc;
}

static void numbers(const char *data, size_t size)
{
	struct mv_err err;
	char text[64], out[32];
	uint64_t bytes;
	int64_t seconds;

	if (size >= sizeof(text))
		return;
	memcpy(text, data, size);
	text[size] = '\0';
	if (!mv_parse_size(&bytes, text, &err))
		mv_print_size(out, bytes);
	if (!mv_parse_duration(&seconds, text, &err) && seconds < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct plain once, twice;

	numbers((const char *)data, size);
	if (!parse(&once, (const char *)data, size) && !once.too_long) {
		if (parse(&twice, once.text.data, once.text.len) ||
		    strcmp(once.text.data, twice.text.data))
			abort();
		mv_buf_release(&twice.text);
	}
	mv_buf_release(&once.text);
	return 0;
}
