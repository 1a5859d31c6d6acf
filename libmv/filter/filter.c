/* SPDX-License-Identifier: MIT */
#include "libmv/filter/filter.h"

#include <stdlib.h>
#include <string.h>

#include "libmv/filter/pktline.h"

#define PATH_MAX_LEN	MV_PKT_DATA_MAX
#define ANSWER_MAX	(1u << 20)	/* of clean: a pointer, or little else */
#define SCRATCH_SIZE	(MV_PKT_MAX + 4)

enum command { COMMAND_CLEAN, COMMAND_SMUDGE, COMMAND_UNKNOWN };

enum cap { CAP_CLEAN = 1 << 0, CAP_SMUDGE = 1 << 1 };

struct conversation {
	const struct mv_filter_ops *ops;
	struct mv_pkt_reader in;
	struct mv_pkt_writer out;
	struct mv_buf answer;		/* of clean */
	uint8_t *scratch;		/* for content that nobody wanted */
	struct mv_err broken;		/* code != 0: no way to go on */

	/* the request being served */
	enum command command;
	int has_command;
	struct mv_buf path;
	int has_path;
	char blob[65];
	int drained;			/* git has written all and listens */
	int answered;			/* status=success is in the output */
};

/* -- lists of text packets ------------------------------------------------ */

/* The next line of a list without its newline; NULL at the flush. */
static int filter_next_line(const char **line, size_t *len,
			    struct conversation *c,
			    struct mv_err *err)
{
	enum mv_pkt kind;
	int rc;

	rc = mv_pkt_next(&kind, line, len, &c->in, err);
	if (rc)
		return rc;
	if (kind == MV_PKT_END)
		return mv_fail(err, MV_EINVALID,
			       "git's filter protocol was cut short in the middle of a list");
	if (kind == MV_PKT_FLUSH)
		*line = NULL;
	else if (*len && (*line)[*len - 1] == '\n')
		--*len;
	return 0;
}

static int line_is(const char *line, size_t len, const char *text)
{
	return len == strlen(text) && !memcmp(line, text, len);
}

/* The value of "<key>=<value>", or NULL. */
static const char *filter_value_of(const char *line, size_t *len,
				   const char *key)
{
	size_t klen = strlen(key);

	if (*len <= klen || memcmp(line, key, klen) || line[klen] != '=')
		return NULL;
	*len -= klen + 1;
	return line + klen + 1;
}

/* -- handshake ------------------------------------------------------------ */

static int read_welcome(struct conversation *c, struct mv_err *err)
{
	const char *line;
	size_t len;
	int rc, version2 = 0;

	rc = filter_next_line(&line, &len, c, err);
	if (rc || !line || !line_is(line, len, "git-filter-client"))
		return mv_fail(err, rc == MV_EIO ? MV_EIO : MV_EINVALID,
			       "this is not git's filter protocol (no greeting)");
	for (;;) {
		rc = filter_next_line(&line, &len, c, err);
		if (rc)
			return rc;
		if (!line)
			break;
		version2 |= line_is(line, len, "version=2");
	}
	if (!version2)
		return mv_fail(err, MV_EINVALID,
			       "git does not offer version 2 of its filter protocol");
	return 0;
}

static int read_capabilities(unsigned *caps, struct conversation *c,
			     struct mv_err *err)
{
	const char *line;
	size_t len;
	int rc;

	*caps = 0;
	for (;;) {
		rc = filter_next_line(&line, &len, c, err);
		if (rc || !line)
			return rc;
		if (line_is(line, len, "capability=clean"))
			*caps |= CAP_CLEAN;
		else if (line_is(line, len, "capability=smudge"))
			*caps |= CAP_SMUDGE;
	}
}

static int handshake(struct conversation *c, struct mv_err *err)
{
	unsigned caps;
	int rc;

	rc = read_welcome(c, err);
	if (!rc)
		rc = mv_pkt_line(&c->out, "git-filter-server", err);
	if (!rc)
		rc = mv_pkt_line(&c->out, "version=2", err);
	if (!rc)
		rc = mv_pkt_flush(&c->out, err);
	if (!rc)
		rc = mv_pkt_send(&c->out, err);
	if (!rc)
		rc = read_capabilities(&caps, c, err);
	if (!rc && caps & CAP_CLEAN)
		rc = mv_pkt_line(&c->out, "capability=clean", err);
	if (!rc && caps & CAP_SMUDGE)
		rc = mv_pkt_line(&c->out, "capability=smudge", err);
	if (!rc)
		rc = mv_pkt_flush(&c->out, err);
	if (!rc)
		rc = mv_pkt_send(&c->out, err);
	return rc;
}

/* -- one request ---------------------------------------------------------- */

static int set_command(struct conversation *c, const char *text, size_t len,
		       struct mv_err *err)
{
	if (c->has_command)
		return mv_fail(err, MV_EINVALID,
			       "git's filter protocol is broken: two commands in one request");
	c->has_command = 1;
	c->command = COMMAND_UNKNOWN;
	if (line_is(text, len, "clean"))
		c->command = COMMAND_CLEAN;
	else if (line_is(text, len, "smudge"))
		c->command = COMMAND_SMUDGE;
	return 0;
}

static int set_path(struct conversation *c, const char *text, size_t len,
		    struct mv_err *err)
{
	if (c->has_path || memchr(text, '\0', len))
		return mv_fail(err, MV_EINVALID,
			       "git's filter protocol is broken: a request has no single path name");
	c->has_path = 1;
	return mv_buf_add(&c->path, text, len) ? mv_nomem(err) : 0;
}

/* Only the name of an object: nothing else may reach the callbacks. */
static void set_blob(struct conversation *c, const char *text, size_t len)
{
	if (len != 40 && len != 64)
		return;
	for (size_t i = 0; i < len; i++)
		if (!memchr("0123456789abcdef", text[i], 16))
			return;
	memcpy(c->blob, text, len);
	c->blob[len] = '\0';
}

/* Other keys (ref, treeish, can-delay, those of later versions): ignored. */
static int set_field(struct conversation *c, const char *line, size_t len,
		     struct mv_err *err)
{
	size_t vlen = len;
	const char *value = filter_value_of(line, &vlen, "command");

	if (value)
		return set_command(c, value, vlen, err);
	value = filter_value_of(line, &vlen, "pathname");
	if (value)
		return set_path(c, value, vlen, err);
	value = filter_value_of(line, &vlen, "blob");
	if (value)
		set_blob(c, value, vlen);
	return 0;
}

/* *end is set when the other side closed instead of asking. */
static int read_request(int *end, struct conversation *c, struct mv_err *err)
{
	enum mv_pkt kind;
	const char *line;
	size_t len;
	int rc;

	c->has_command = c->has_path = 0;
	c->blob[0] = '\0';
	mv_buf_clear(&c->path);

	rc = mv_pkt_next(&kind, &line, &len, &c->in, err);
	if (rc)
		return rc;
	*end = kind == MV_PKT_END;
	if (*end)
		return 0;
	if (kind == MV_PKT_FLUSH)
		line = NULL;
	else if (len && line[len - 1] == '\n')
		len--;
	while (line) {
		rc = set_field(c, line, len, err);
		if (!rc)
			rc = filter_next_line(&line, &len, c, err);
		if (rc)
			return rc;
	}
	if (!c->has_command ||
	    (c->command != COMMAND_UNKNOWN && !c->has_path))
		return mv_fail(err, MV_EINVALID,
			       "git's filter protocol is broken: a request has no command or no path name");
	return 0;
}

/* The content of the request, as a stream for the callback. */
static int content_read(void *payload, void *data, size_t len, size_t *got,
			struct mv_err *err)
{
	struct conversation *c = payload;
	int rc;

	*got = 0;
	if (c->broken.code)
		return mv_fail(err, c->broken.code, "%s", c->broken.msg);
	if (c->drained || !len)
		return 0;
	rc = mv_pkt_content(&c->in, data, len, got, &c->broken);
	if (rc)
		return mv_fail(err, rc, "%s", c->broken.msg);
	c->drained = !*got;
	return 0;
}

/* Git does not listen before it has written everything. */
static int drain(struct conversation *c)
{
	size_t got;

	while (!c->drained && !c->broken.code)
		content_read(c, c->scratch, SCRATCH_SIZE, &got, NULL);
	return c->broken.code;
}

/*
 * The answer to smudge, as a stream for the callback. A callback may write
 * before it has read everything; then the answer is kept in memory, because
 * sending it could block us against a git that is still writing.
 */
static int answer_write(void *payload, const void *data, size_t len,
			struct mv_err *err)
{
	struct conversation *c = payload;
	struct mv_err e = { MV_OK, "" };
	int rc = 0;

	if (c->broken.code)
		return mv_fail(err, c->broken.code, "%s", c->broken.msg);
	if (!c->answered) {
		rc = mv_pkt_line(&c->out, "status=success", &e);
		if (!rc)
			rc = mv_pkt_flush(&c->out, &e);
		c->answered = !rc;
	}
	c->out.hold = !c->drained;
	if (!rc)
		rc = mv_pkt_bytes(&c->out, data, len, &e);
	c->out.hold = 0;
	if (c->out.failed)
		c->broken = e;
	return rc ? mv_fail(err, rc, "%s", e.msg) : 0;
}

/* This one blob failed. What was answered so far is taken back by status. */
static int answer_error(struct conversation *c, const struct mv_err *why,
			struct mv_err *err)
{
	int rc = 0;

	if (why && c->ops->complain)
		c->ops->complain(c->ops->payload, c->path.data, why);
	if (c->answered)
		rc = mv_pkt_flush(&c->out, err);
	if (!rc)
		rc = mv_pkt_line(&c->out, "status=error", err);
	if (!rc)
		rc = mv_pkt_flush(&c->out, err);
	return rc;
}

/* End of content, and an empty second list: the status stays as it was. */
static int answer_end(struct conversation *c, struct mv_err *err)
{
	int rc = mv_pkt_flush(&c->out, err);

	return rc ? rc : mv_pkt_flush(&c->out, err);
}

static int do_clean(struct conversation *c, struct mv_reader *in,
		    struct mv_writer *out, struct mv_err *err)
{
	struct mv_err why = { MV_OK, "" };
	int rc;

	mv_buf_clear(&c->answer);
	rc = c->ops->clean(c->ops->payload, c->path.data, in, &c->answer,
			   &why);
	if (drain(c))
		return mv_fail(err, c->broken.code, "%s", c->broken.msg);
	if (rc == MV_FILTER_KEPT && c->ops->kept) {
		rc = c->ops->kept(c->ops->payload, out, &why);
		if (c->broken.code)
			return mv_fail(err, c->broken.code, "%s",
				       c->broken.msg);
	} else if (!rc) {
		rc = out->write(out->payload, c->answer.data, c->answer.len,
				err);
		return rc ? rc : answer_end(c, err);
	}
	return rc ? answer_error(c, &why, err) : answer_end(c, err);
}

static int do_smudge(struct conversation *c, struct mv_reader *in,
		     struct mv_writer *out, struct mv_err *err)
{
	struct mv_err why = { MV_OK, "" };
	int rc;

	rc = c->ops->smudge(c->ops->payload, c->path.data,
			     *c->blob ? c->blob : NULL, in, out, &why);
	if (drain(c))
		return mv_fail(err, c->broken.code, "%s", c->broken.msg);
	if (rc)
		return answer_error(c, &why, err);
	/* For status=success where the callback wrote nothing. */
	rc = out->write(out->payload, "", 0, err);
	return rc ? rc : answer_end(c, err);
}

static int serve(struct conversation *c, struct mv_err *err)
{
	struct mv_reader in = { content_read, c };
	struct mv_writer out = { answer_write, c };
	int rc;

	c->answered = 0;
	/* Commands about one path bring a content; others are lists only. */
	c->drained = !c->has_path;
	switch (c->command) {
	case COMMAND_CLEAN:
		rc = do_clean(c, &in, &out, err);
		break;
	case COMMAND_SMUDGE:
		rc = do_smudge(c, &in, &out, err);
		break;
	default:
		if (drain(c))
			return mv_fail(err, c->broken.code, "%s",
				       c->broken.msg);
		rc = answer_error(c, NULL, err);
	}
	if (!rc)
		rc = mv_pkt_send(&c->out, err);
	return rc;
}

int mv_filter_run(struct mv_reader *in, struct mv_writer *out,
		  const struct mv_filter_ops *ops, struct mv_err *err)
{
	struct conversation c;
	int rc, end = 0;

	memset(&c, 0, sizeof(c));
	c.ops = ops;
	mv_pkt_writer_init(&c.out, out);
	mv_buf_init(&c.answer, ANSWER_MAX);
	mv_buf_init(&c.path, PATH_MAX_LEN);
	c.scratch = malloc(SCRATCH_SIZE);
	rc = mv_pkt_reader_init(&c.in, in, err);
	if (!rc && !c.scratch)
		rc = mv_nomem(err);

	if (!rc)
		rc = handshake(&c, err);
	while (!rc) {
		rc = read_request(&end, &c, err);
		if (rc || end)
			break;
		rc = serve(&c, err);
	}
	free(c.scratch);
	mv_buf_release(&c.path);
	mv_buf_release(&c.answer);
	mv_pkt_writer_release(&c.out);
	mv_pkt_reader_release(&c.in);
	return rc;
}
