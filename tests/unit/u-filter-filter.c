/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "libmv/filter/filter.h"
#include "libmv/filter/pktline.h"

#define WELCOME	"0016git-filter-client\n" "000eversion=2\n" "0000"
#define CAPS	"0015capability=clean\n" "0016capability=smudge\n" \
		"0015capability=delay\n" "0000"
#define SERVER	"0016git-filter-server\n" "000eversion=2\n" "0000"
#define OUR_CAPS "0015capability=clean\n" "0016capability=smudge\n" "0000"
#define CLEAN	"0012command=clean\n"
#define SMUDGE	"0013command=smudge\n"
#define PATH	"0011pathname=a b\n"
#define HEAD	CLEAN PATH "0000"
#define SHEAD	SMUDGE PATH "0000"
#define OK	"0013status=success\n" "0000"
#define BAD	"0011status=error\n" "0000"

/*
 * One side of a recorded conversation. A turn is what git writes before it
 * waits for `reply`: the reader gives out a turn only after everything that
 * answers the turns before it has been written, as a real git would. Pieces
 * of `step` bytes; write calls are counted.
 */
struct turn {
	const char *text;
	size_t len;		/* 0: strlen */
	const char *reply;	/* NULL: not checked */
};

struct git {
	const struct turn *turns;
	size_t count, turn, pos, step;
	size_t reads, writes;
	size_t replied;		/* bytes of `got` that were asked for so far */
	struct mv_buf got;
	int fail_write;		/* after so many calls; 0: never */
	int fail_read;
};

static void check_reply(struct git *g)
{
	const char *reply = g->turns[g->turn].reply;
	size_t len = g->got.len - g->replied;

	if (reply) {
		assert_int_equal(len, strlen(reply));
		assert_memory_equal(g->got.data + g->replied, reply, len);
	}
	g->replied = g->got.len;
}

static int git_read(void *payload, void *data, size_t len, size_t *got,
		    struct mv_err *err)
{
	struct git *g = payload;
	const struct turn *t;
	size_t n;

	g->reads++;
	*got = 0;
	if (g->fail_read && (int)g->reads >= g->fail_read)
		return mv_fail(err, MV_EIO, "cannot read");
	if (g->turn == g->count)
		return 0;
	t = &g->turns[g->turn];
	n = t->len ? t->len : strlen(t->text);
	if (g->pos == n) {
		check_reply(g);
		g->pos = 0;
		if (++g->turn == g->count)
			return 0;
		t++;
		n = t->len ? t->len : strlen(t->text);
	}
	n -= g->pos;
	if (n > g->step)
		n = g->step;
	if (n > len)
		n = len;
	memcpy(data, t->text + g->pos, n);
	g->pos += n;
	*got = n;
	return 0;
}

static int git_write(void *payload, const void *data, size_t len,
		     struct mv_err *err)
{
	struct git *g = payload;

	g->writes++;
	if (g->fail_write && (int)g->writes >= g->fail_write)
		return mv_fail(err, MV_EIO, "broken pipe");
	return mv_buf_add(&g->got, data, len) ? mv_nomem(err) : 0;
}

/* The callbacks' side: what they saw, and how they shall behave. */
struct host {
	size_t read_max;	/* stop reading after so many; SIZE_MAX: all */
	size_t chunk;		/* per read; 0: 64 KiB */
	int fail;		/* code to return */
	const char *answer;	/* NULL: echo what was read */
	size_t answer_times;
	int answer_first;	/* smudge: write before reading */

	struct mv_buf seen;	/* content of all requests */
	size_t total;		/* its bytes, also where not kept */
	int keep;
	char path[100];
	char blob[70];
	int calls;
	struct mv_err complaint;
	char complaint_path[100];
	int complaints;
	int ignore_errors;	/* of the streams, as a careless callback would */
	int kept;		/* clean leaves the answer to on_kept() */
	int kept_fail;		/* its code, after it has answered */
};

static int take(struct host *h, struct mv_reader *in, struct mv_writer *out,
		struct mv_err *err)
{
	static char mem[70000];
	size_t want = h->chunk ? h->chunk : 65536, got = 1, sum = 0;

	while (got && sum < h->read_max) {
		int rc = in->read(in->payload, mem, want, &got, err);

		if (rc)
			return h->ignore_errors ? 0 : rc;
		sum += got;
		h->total += got;
		if (h->keep)
			mv_buf_add(&h->seen, mem, got);
		if (out && got) {
			rc = out->write(out->payload, mem, got, err);
			if (rc)
				return h->ignore_errors ? 0 : rc;
		}
	}
	return 0;
}

static int give(struct host *h, struct mv_writer *out, struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < h->answer_times && !rc; i++)
		rc = out->write(out->payload, h->answer, strlen(h->answer),
				err);
	return rc;
}

static int on_clean(void *payload, const char *path, struct mv_reader *in,
		    struct mv_buf *out, struct mv_err *err)
{
	struct host *h = payload;
	struct mv_writer w = mv_writer_buf(out);
	int rc;

	h->calls++;
	snprintf(h->path, sizeof(h->path), "%s", path);
	rc = take(h, in, h->answer ? NULL : &w, err);
	if (!rc && h->fail)
		return mv_fail(err, h->fail, "clean says no");
	if (!rc && h->kept)
		return MV_FILTER_KEPT;
	return rc ? rc : give(h, &w, err);
}

static int on_kept(void *payload, struct mv_writer *out, struct mv_err *err)
{
	struct host *h = payload;
	int rc = give(h, out, err);

	if (!rc && h->kept_fail)
		return mv_fail(err, h->kept_fail, "kept says no");
	return rc;
}

static int on_smudge(void *payload, const char *path, const char *blob,
		     struct mv_reader *in, struct mv_writer *out,
		     struct mv_err *err)
{
	struct host *h = payload;
	int rc = 0;

	h->calls++;
	snprintf(h->path, sizeof(h->path), "%s", path);
	snprintf(h->blob, sizeof(h->blob), "%s", blob ? blob : "(none)");
	if (h->answer_first)
		rc = give(h, out, err);
	if (!rc)
		rc = take(h, in, h->answer ? NULL : out, err);
	if (!rc && !h->answer_first)
		rc = give(h, out, err);
	if (!rc && h->fail)
		return mv_fail(err, h->fail, "smudge says no");
	return rc;
}

static void on_complain(void *payload, const char *path,
			const struct mv_err *err)
{
	struct host *h = payload;

	h->complaints++;
	h->complaint = *err;
	snprintf(h->complaint_path, sizeof(h->complaint_path), "%s", path);
}

static int talk(struct git *g, struct host *h, struct mv_err *err)
{
	struct mv_reader in = { git_read, g };
	struct mv_writer out = { git_write, g };
	const struct mv_filter_ops ops = { on_clean, on_smudge, on_complain,
					   h, on_kept };

	if (!g->step)
		g->step = SIZE_MAX;
	if (!h->read_max)
		h->read_max = SIZE_MAX;
	mv_buf_init(&g->got, SIZE_MAX / 2);
	mv_buf_init(&h->seen, SIZE_MAX / 2);
	err->code = MV_OK;
	err->msg[0] = '\0';
	return mv_filter_run(&in, &out, &ops, err);
}

static void done(struct git *g, struct host *h)
{
	mv_buf_release(&g->got);
	mv_buf_release(&h->seen);
}

/* A whole conversation that must end well; returns write calls. */
static size_t play(const struct turn *turns, size_t count, struct host *h)
{
	struct git g = { .turns = turns, .count = count };
	struct mv_err err;

	assert_int_equal(talk(&g, h, &err), 0);
	assert_int_equal(g.turn, count);
	mv_buf_release(&g.got);
	return g.writes;
}

#define N(turns) (sizeof(turns) / sizeof(*(turns)))

static void test_filter_filter__handshake(void **state)
{
	static const struct turn turns[] = {
		{ WELCOME, 0, SERVER }, { CAPS, 0, OUR_CAPS },
	};
	struct host h = { .calls = 0 };

	(void)state;
	assert_int_equal(play(turns, N(turns), &h), 2);
	assert_int_equal(h.calls, 0);
	mv_buf_release(&h.seen);
}

static void test_filter_filter__handshake_variants(void **state)
{
	static const struct turn variants[][2] = {
		/* other versions beside ours; only clean; only smudge; none */
		{ { "0016git-filter-client\n" "000eversion=1\n"
		    "000eversion=2\n" "000eversion=3\n" "0000", 0, SERVER },
		  { CAPS, 0, OUR_CAPS } },
		{ { WELCOME, 0, SERVER },
		  { "0015capability=clean\n" "0000", 0,
		    "0015capability=clean\n" "0000" } },
		{ { WELCOME, 0, SERVER },
		  { "0015capability=delay\n" "0016capability=smudge\n"
		    "0014capability=rust\n" "0000", 0,
		    "0016capability=smudge\n" "0000" } },
		{ { WELCOME, 0, SERVER }, { "0000", 0, "0000" } },
		/* text without newlines */
		{ { "0015git-filter-client" "000dversion=2" "0000", 0, SERVER },
		  { "0014capability=clean" "0000", 0,
		    "0015capability=clean\n" "0000" } },
	};

	(void)state;
	for (size_t i = 0; i < N(variants); i++) {
		struct host h = { .calls = 0 };

		play(variants[i], 2, &h);
		mv_buf_release(&h.seen);
	}
}

static void test_filter_filter__refuses_other_protocols(void **state)
{
	static const char *const bad[] = {
		"", "0000", "hello\n", "GET / HTTP/1.1\r\n",
		"0016git-filter-server\n" "000eversion=2\n" "0000",
		"0016git-filter-client\n",
		"0016git-filter-client\n" "0000",
		"0016git-filter-client\n" "000eversion=1\n" "0000",
		"0016git-filter-client\n" "000fversion=22\n" "0000",
		WELCOME, WELCOME "0015capability=clean\n",
		WELCOME "0003",
	};

	(void)state;
	for (size_t i = 0; i < N(bad); i++) {
		struct turn t = { bad[i], 0, NULL };
		struct git g = { .turns = &t, .count = 1 };
		struct host h = { .calls = 0 };
		struct mv_err err;

		assert_int_equal(talk(&g, &h, &err), MV_EINVALID);
		assert_int_equal(err.code, MV_EINVALID);
		assert_non_null(strstr(err.msg, "filter protocol"));
		done(&g, &h);
	}
}

static void test_filter_filter__clean(void **state)
{
	static const struct turn turns[] = {
		{ WELCOME, 0, SERVER }, { CAPS, 0, OUR_CAPS },
		{ HEAD "0009hello" "0000", 0, OK "0007ptr" "0000" "0000" },
		{ HEAD "0006wo" "0007rld" "0000", 0,
		  OK "0007ptr" "0000" "0000" },
	};
	struct host h = { .answer = "ptr", .answer_times = 1, .keep = 1 };

	(void)state;
	assert_int_equal(play(turns, N(turns), &h), 2 + 2);
	assert_int_equal(h.calls, 2);
	assert_string_equal(h.path, "a b");
	assert_string_equal(h.seen.data, "helloworld");
	assert_int_equal(h.complaints, 0);
	mv_buf_release(&h.seen);
}

/* Other programs than git send none: there is no file then. */
static void test_filter_filter__empty_path(void **state)
{
	static const struct turn turns[] = {
		{ WELCOME, 0, SERVER }, { CAPS, 0, OUR_CAPS },
		{ CLEAN "000epathname=\n" "0000" "0009hello" "0000", 0,
		  OK "0007ptr" "0000" "0000" },
		{ SMUDGE "000epathname=\n" "0000" "0009hello" "0000", 0,
		  OK "0007ptr" "0000" "0000" },
	};
	struct host h = { .answer = "ptr", .answer_times = 1 };

	(void)state;
	strcpy(h.path, "before");
	play(turns, N(turns), &h);
	assert_int_equal(h.calls, 2);
	assert_string_equal(h.path, "");
	assert_int_equal(h.complaints, 0);
	mv_buf_release(&h.seen);
}

static void test_filter_filter__clean_answers_what_was_kept(void **state)
{
	static const struct turn turns[] = {
		{ WELCOME CAPS, 0, NULL },
		{ HEAD "0009hello" "0000", 0,
		  OK "0006ab" "0000" "0000" },
	};
	struct host h = { .answer = "ab", .answer_times = 1, .kept = 1 };

	(void)state;
	play(turns, N(turns), &h);
	assert_int_equal(h.complaints, 0);
	mv_buf_release(&h.seen);
}

static void test_filter_filter__what_was_kept_may_fail(void **state)
{
	static const struct turn turns[] = {
		{ WELCOME CAPS, 0, NULL },
		{ HEAD "0009hello" "0000", 0, OK "0006ab" "0000" BAD },
	};
	struct host h = { .answer = "ab", .answer_times = 1, .kept = 1,
			  .kept_fail = MV_EIO };

	(void)state;
	play(turns, N(turns), &h);
	assert_int_equal(h.complaints, 1);
	assert_string_equal(h.complaint.msg, "kept says no");
	mv_buf_release(&h.seen);
}

static void test_filter_filter__smudge_with_metadata(void **state)
{
	static const struct turn turns[] = {
		{ WELCOME, 0, SERVER }, { CAPS, 0, OUR_CAPS },
		/* as `git checkout <branch>` asks */
		{ SMUDGE PATH
		  "0018ref=refs/heads/main\n"
		  "0035treeish=0123456789012345678901234567890123456789\n"
		  "0032blob=0123456789abcdef0123456789abcdef01234567\n"
		  "0010can-delay=1\n" "0000" "0007ptr" "0000", 0,
		  OK "0009bytes" "0000" "0000" },
	};
	struct host h = { .answer = "bytes", .answer_times = 1, .keep = 1 };

	(void)state;
	assert_int_equal(play(turns, N(turns), &h), 2 + 1);
	assert_string_equal(h.path, "a b");
	assert_string_equal(h.blob, "0123456789abcdef0123456789abcdef01234567");
	assert_string_equal(h.seen.data, "ptr");
	mv_buf_release(&h.seen);
}

static void test_filter_filter__blob_is_an_object_name_or_nothing(void **state)
{
	static const struct {
		const char *line, *seen;
	} cases[] = {
		{ "", "(none)" },
		{ "000eblob=../x\n", "(none)" },
		{ "0032blob=0123456789ABCDEF0123456789abcdef01234567\n",
		  "(none)" },
		{ "0031blob=0123456789abcdef0123456789abcdef0123456\n",
		  "(none)" },
		{ "004ablob=0123456789abcdef0123456789abcdef"
		  "0123456789abcdef0123456789abcdef\n",
		  "0123456789abcdef0123456789abcdef"
		  "0123456789abcdef0123456789abcdef" },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		char text[300];
		struct turn t = { text, 0, NULL };
		struct host h = { .calls = 0 };

		snprintf(text, sizeof(text), "%s%s", WELCOME CAPS SMUDGE PATH,
			 cases[i].line);
		strcat(text, "0000" "0000");
		play(&t, 1, &h);
		assert_int_equal(h.calls, 1);
		assert_string_equal(h.blob, cases[i].seen);
		mv_buf_release(&h.seen);
	}
}

/* The name of one request must not reach the next one. */
static void test_filter_filter__requests_do_not_inherit(void **state)
{
	static const struct turn turns[] = {
		{ WELCOME CAPS, 0, NULL },
		{ SMUDGE PATH
		  "0032blob=0123456789abcdef0123456789abcdef01234567\n"
		  "0000" "0000", 0, OK "0000" "0000" },
		{ SMUDGE "000fpathname=x\n" "0000" "0000", 0,
		  OK "0000" "0000" },
	};
	struct host h = { .calls = 0 };

	(void)state;
	play(turns, N(turns), &h);
	assert_string_equal(h.path, "x");
	assert_string_equal(h.blob, "(none)");
	mv_buf_release(&h.seen);
}

static void test_filter_filter__empty_content(void **state)
{
	static const struct turn turns[] = {
		{ WELCOME CAPS, 0, NULL },
		{ HEAD "0000", 0, OK "0000" "0000" },
		{ SHEAD "0000", 0, OK "0000" "0000" },
		/* an empty packet does not end the content */
		{ HEAD "0004" "0005a" "0004" "0005b" "0000", 0,
		  OK "0006ab" "0000" "0000" },
	};
	struct host h = { .calls = 0 };

	(void)state;
	play(turns, N(turns), &h);
	assert_int_equal(h.calls, 3);
	assert_int_equal(h.complaints, 0);
	mv_buf_release(&h.seen);
}

static void test_filter_filter__odd_path_names(void **state)
{
	static const struct {
		const char *packet, *path;
	} cases[] = {
		{ "0011pathname=a\nb\n", "a\nb" },
		{ "0010pathname=a\n\n", "a\n" },
		{ "0010pathname=-x\n", "-x" },
		{ "0011pathname=\xff\xc3(\n", "\xff\xc3(" },
		{ "0010pathname==\n\n", "=\n" },
		{ "000epathname=a", "a" },
		{ "0017pathname=command=x\n", "command=x" },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		char text[300];
		struct turn turns[] = {
			{ WELCOME CAPS, 0, NULL },
			{ text, 0, OK "0005x" "0000" "0000" },
		};
		struct host h = { .calls = 0 };

		snprintf(text, sizeof(text), "%s%s%s", CLEAN, cases[i].packet,
			 "0000" "0005x" "0000");
		play(turns, N(turns), &h);
		assert_string_equal(h.path, cases[i].path);
		mv_buf_release(&h.seen);
	}
}

static void test_filter_filter__longest_path_name(void **state)
{
	struct mv_buf text;
	struct turn t = { NULL, 0, NULL };
	struct host h = { .calls = 0 };

	(void)state;
	mv_buf_init(&text, 1 << 20);
	mv_buf_addstr(&text, WELCOME CAPS CLEAN "fff0" "pathname=");
	for (size_t i = 0; i < MV_PKT_DATA_MAX - 9; i++)
		mv_buf_addch(&text, 'p');
	mv_buf_addstr(&text, "0000" "0000");
	t.text = text.data;
	play(&t, 1, &h);
	assert_int_equal(h.calls, 1);
	assert_int_equal(strspn(h.path, "p"), sizeof(h.path) - 1);
	mv_buf_release(&text);
	mv_buf_release(&h.seen);
}

/* Text of a request whose content is `len` bytes in full packets. */
static void add_content(struct mv_buf *text, size_t len)
{
	static char mem[MV_PKT_DATA_MAX];

	while (len) {
		size_t n = len < sizeof(mem) ? len : sizeof(mem);

		memset(mem, (int)(len % 251), n);
		mv_buf_addf(text, "%04zx", n + 4);
		mv_buf_add(text, mem, n);
		len -= n;
	}
	mv_buf_addstr(text, "0000");
}

/* 5 MB through a pipe of 64 KiB: all of it arrives, with few calls. */
static void test_filter_filter__long_content(void **state)
{
	const size_t len = 5000000;
	struct mv_buf text;
	struct turn turns[] = {
		{ WELCOME CAPS, 0, NULL },
		{ NULL, 0, OK "0007ptr" "0000" "0000" },
		{ HEAD "0009hello" "0000", 0, OK "0007ptr" "0000" "0000" },
	};
	struct git g = { .turns = turns, .count = N(turns), .step = 65536 };
	struct host h = { .answer = "ptr", .answer_times = 1, .keep = 1,
			  .chunk = 70000 };
	struct mv_err err;

	(void)state;
	mv_buf_init(&text, SIZE_MAX / 2);
	mv_buf_addstr(&text, HEAD);
	add_content(&text, len);
	turns[1].text = text.data;
	turns[1].len = text.len;
	assert_int_equal(talk(&g, &h, &err), 0);
	assert_int_equal(h.seen.len, len + 5);
	for (size_t i = 0; i < len; i += MV_PKT_DATA_MAX)
		assert_int_equal((uint8_t)h.seen.data[i], (len - i) % 251);
	assert_memory_equal(h.seen.data + len, "hello", 5);
	assert_true(g.reads < 2 * len / MV_PKT_DATA_MAX + 10);
	assert_true(g.writes <= 4);
	mv_buf_release(&text);
	done(&g, &h);
}

/* Whoever stops reading early: the rest is drained, the next one is served. */
static void test_filter_filter__unread_content_is_drained(void **state)
{
	static const size_t stops[] = { 1, 65516, 65517, 200000 };
	struct mv_buf text;

	(void)state;
	mv_buf_init(&text, SIZE_MAX / 2);
	mv_buf_addstr(&text, HEAD);
	add_content(&text, 300000);
	for (size_t i = 0; i < 2 * N(stops); i++) {
		int fail = i & 1 ? MV_EDENIED : 0;
		struct turn turns[] = {
			{ WELCOME CAPS, 0, NULL },
			{ text.data, text.len,
			  fail ? BAD : OK "0007ptr" "0000" "0000" },
			{ HEAD "0009hello" "0000", 0,
			  fail ? BAD : OK "0007ptr" "0000" "0000" },
		};
		struct host h = { .answer = "ptr", .answer_times = 1,
				  .read_max = stops[i / 2], .fail = fail };

		play(turns, N(turns), &h);
		assert_int_equal(h.calls, 2);
		assert_int_equal(h.complaints, fail ? 2 : 0);
		mv_buf_release(&h.seen);
	}
	mv_buf_release(&text);
}

static void test_filter_filter__failure_is_one_blobs(void **state)
{
	static const struct turn turns[] = {
		{ WELCOME CAPS, 0, NULL },
		{ HEAD "0009hello" "0000", 0, BAD },
		{ SHEAD "0009hello" "0000", 0, BAD },
		{ HEAD "0000", 0, BAD },
	};
	struct host h = { .answer = "", .fail = MV_ENOENT };

	(void)state;
	play(turns, N(turns), &h);
	assert_int_equal(h.calls, 3);
	assert_int_equal(h.complaints, 3);
	assert_string_equal(h.complaint_path, "a b");
	assert_int_equal(h.complaint.code, MV_ENOENT);
	assert_string_equal(h.complaint.msg, "clean says no");
	mv_buf_release(&h.seen);
}

/* Output of a failed smudge is taken back by the second list. */
static void test_filter_filter__failure_after_output(void **state)
{
	static const struct turn turns[] = {
		{ WELCOME CAPS, 0, NULL },
		{ SHEAD "0007ptr" "0000", 0,
		  OK "0008half" "0000" BAD },
		{ SHEAD "0007ptr" "0000", 0,
		  OK "0008half" "0000" BAD },
	};
	struct host h = { .answer = "half", .answer_times = 1,
			  .fail = MV_ECORRUPT };

	(void)state;
	play(turns, N(turns), &h);
	assert_int_equal(h.complaints, 2);
	assert_string_equal(h.complaint.msg, "smudge says no");
	mv_buf_release(&h.seen);
}

/* A clean that failed after it had put something leaves nothing behind. */
static void test_filter_filter__failed_clean_answers_nothing(void **state)
{
	static const struct turn turns[] = {
		{ WELCOME CAPS, 0, NULL },
		{ HEAD "0009hello" "0000", 0, BAD },
	};
	struct host h = { .fail = MV_EIO };	/* echoes, then fails */

	(void)state;
	play(turns, N(turns), &h);
	assert_int_equal(h.complaints, 1);
	mv_buf_release(&h.seen);
}

/* Clean may only answer what a pointer could be; a flood fails this blob. */
static void test_filter_filter__clean_answer_is_bounded(void **state)
{
	struct mv_buf text;
	struct turn turns[] = {
		{ WELCOME CAPS, 0, NULL },
		{ NULL, 0, BAD },
		{ HEAD "0005x" "0000", 0, OK "0005x" "0000" "0000" },
	};
	struct host h = { .calls = 0 };

	(void)state;
	mv_buf_init(&text, SIZE_MAX / 2);
	mv_buf_addstr(&text, HEAD);
	add_content(&text, 2000000);
	turns[1].text = text.data;
	turns[1].len = text.len;
	play(turns, N(turns), &h);
	assert_int_equal(h.complaint.code, MV_ENOMEM);
	mv_buf_release(&text);
	mv_buf_release(&h.seen);
}

static void test_filter_filter__long_output_in_packets(void **state)
{
	static const struct turn turns[] = {
		{ WELCOME CAPS, 0, NULL }, { SHEAD "0007ptr" "0000", 0, NULL },
	};
	struct git g = { .turns = turns, .count = N(turns) };
	struct host h = { .answer = "0123456789abcdefghi",
			  .answer_times = 100000 };
	size_t len = 19 * 100000, packets = len / MV_PKT_DATA_MAX + 1;
	struct mv_reader in;
	struct mv_mem_reader mem;
	struct mv_pkt_reader r;
	struct mv_err err;
	char *back = malloc(len + 1);
	size_t got, have = 0;

	(void)state;
	assert_non_null(back);
	assert_int_equal(talk(&g, &h, &err), 0);
	assert_true(g.writes <= 3 + packets / 2 + 1);

	mem = (struct mv_mem_reader){ g.got.data, g.got.len,
		strlen(SERVER OUR_CAPS OK) };
	in = mv_reader_mem(&mem);
	assert_int_equal(mv_pkt_reader_init(&r, &in, NULL), 0);
	do {
		assert_int_equal(mv_pkt_content(&r, back + have, len + 1 - have,
						&got, NULL), 0);
		have += got;
	} while (got);
	assert_int_equal(have, len);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(back[i], h.answer[i % 19]);
	assert_int_equal(g.got.len, strlen(SERVER OUR_CAPS OK) + len +
			 4 * packets + 8);
	mv_pkt_reader_release(&r);
	free(back);
	done(&g, &h);
}

/*
 * A smudge that passes long content through writes while git still does:
 * whatever is sent then could block both for ever. git_read() fails this
 * test when a reply appears in the middle of a turn.
 */
static void test_filter_filter__nothing_is_sent_while_git_writes(void **state)
{
	struct mv_buf text;
	struct turn turns[] = {
		{ WELCOME, 0, SERVER }, { CAPS, 0, OUR_CAPS },
		{ NULL, 0, NULL }, { NULL, 0, NULL },
	};
	struct git g = { .turns = turns, .count = N(turns), .step = 65536 };
	struct host h = { .calls = 0 };
	struct mv_err err;
	size_t len = 3000000;

	(void)state;
	mv_buf_init(&text, SIZE_MAX / 2);
	mv_buf_addstr(&text, SHEAD);
	add_content(&text, len);
	/* The same bytes as two turns, of which the first gets no reply. */
	turns[2] = (struct turn){ text.data, text.len - 4, "" };
	turns[3] = (struct turn){ text.data + text.len - 4, 4, NULL };
	assert_int_equal(talk(&g, &h, &err), 0);
	assert_int_equal(h.total, len);
	assert_true(g.got.len > len);
	mv_buf_release(&text);
	done(&g, &h);
}

/* The answer may come before the question was read; the order stays right. */
static void test_filter_filter__answers_before_reading(void **state)
{
	static const struct turn turns[] = {
		{ WELCOME CAPS, 0, NULL },
		{ SHEAD "0007ptr", 0, "" },
		{ "0007two" "0000", 0, OK "0009early" "0000" "0000" },
		{ SHEAD "0000", 0, OK "0009early" "0000" "0000" },
	};
	struct host h = { .answer = "early", .answer_times = 1,
			  .answer_first = 1 };

	(void)state;
	play(turns, N(turns), &h);
	assert_int_equal(h.total, 6);
	mv_buf_release(&h.seen);
}

static void test_filter_filter__unknown_commands(void **state)
{
	static const struct turn turns[] = {
		{ WELCOME CAPS, 0, NULL },
		{ "0021command=list_available_blobs\n" "0000", 0, BAD },
		{ "0013command=polish\n" PATH "0000" "0009hello" "0000", 0,
		  BAD },
		{ HEAD "0005x" "0000", 0, OK "0005x" "0000" "0000" },
		{ "0011command=clea\n" "0000", 0, BAD },
	};
	struct host h = { .calls = 0 };
	struct git g = { .turns = turns, .count = N(turns) };
	struct mv_err err;

	(void)state;
	assert_int_equal(talk(&g, &h, &err), 0);
	assert_int_equal(h.calls, 1);
	assert_int_equal(h.complaints, 0);
	done(&g, &h);
}

static void test_filter_filter__broken_requests(void **state)
{
	static const char *const bad[] = {
		"0000",				/* asks nothing */
		PATH "0000",			/* no command */
		CLEAN "0000",			/* no path */
		SMUDGE "0000",
		CLEAN CLEAN PATH "0000",
		CLEAN PATH PATH "0000",
		CLEAN,				/* cut short */
		CLEAN PATH,
		HEAD, HEAD "0009hello", HEAD "0009hell", HEAD "0009",
		HEAD "00", SHEAD, SHEAD "0005x",
		HEAD "0009hello" "0001", HEAD "0009hello" "fff1",
		HEAD "0009hello" "zzzz", "zzzz", "0003",
	};

	(void)state;
	for (size_t i = 0; i < 2 * N(bad); i++) {
		struct turn turns[] = {
			{ WELCOME CAPS, 0, SERVER OUR_CAPS },
			{ bad[i / 2], 0, "" },
		};
		struct git g = { .turns = turns, .count = 2 };
		struct host h = { .ignore_errors = i & 1 };
		struct mv_err err;

		assert_int_equal(talk(&g, &h, &err), MV_EINVALID);
		assert_non_null(strstr(err.msg, "git's filter protocol"));
		/* nothing was answered to a request that was not heard out */
		assert_int_equal(g.got.len, strlen(SERVER OUR_CAPS));
		assert_int_equal(h.complaints, 0);
		done(&g, &h);
	}
}

static void test_filter_filter__nul_in_path(void **state)
{
	static const char nul[] = WELCOME CAPS CLEAN
		"0011pathname=a\0b\n" "0000" "0000";
	struct turn t = { nul, sizeof(nul) - 1, NULL };
	struct git g = { .turns = &t, .count = 1 };
	struct host h = { .calls = 0 };
	struct mv_err err;

	(void)state;
	assert_int_equal(talk(&g, &h, &err), MV_EINVALID);
	assert_int_equal(h.calls, 0);
	done(&g, &h);
}

/* Every prefix of a good conversation ends well only between requests. */
static void test_filter_filter__every_truncation(void **state)
{
	static const char text[] = WELCOME CAPS HEAD "0009hello" "0000"
		SMUDGE PATH "0010can-delay=1\n" "0000" "0007ptr" "0000";
	const size_t good[] = {
		strlen(WELCOME CAPS),
		strlen(WELCOME CAPS HEAD "0009hello" "0000"),
		strlen(text),
	};

	(void)state;
	for (size_t len = 1; len <= strlen(text); len++) {
		struct turn t = { text, len, NULL };
		struct git g = { .turns = &t, .count = 1, .step = 7 };
		struct host h = { .calls = 0 };
		struct mv_err err;
		int fine = 0;

		for (size_t i = 0; i < N(good); i++)
			fine |= len == good[i];
		assert_int_equal(talk(&g, &h, &err), fine ? 0 : MV_EINVALID);
		done(&g, &h);
	}
}

static void test_filter_filter__arrives_in_any_pieces(void **state)
{
	static const char text[] = WELCOME CAPS HEAD "0009hello" "0000"
		SHEAD "0007ptr" "0000";
	static const char want[] = SERVER OUR_CAPS
		OK "0009hello" "0000" "0000" OK "0007ptr" "0000" "0000";

	(void)state;
	for (size_t step = 1; step < sizeof(text); step++) {
		struct turn t = { text, 0, want };
		struct git g = { .turns = &t, .count = 1, .step = step };
		struct host h = { .chunk = 1 + step % 5 };
		struct mv_err err;

		assert_int_equal(talk(&g, &h, &err), 0);
		assert_int_equal(g.turn, 1);
		done(&g, &h);
	}
}

/* A small request: at most two reads, one write. */
static void test_filter_filter__small_requests_cost_few_calls(void **state)
{
	enum { REQUESTS = 50 };
	struct turn turns[REQUESTS + 1] = { { WELCOME CAPS, 0, NULL } };
	struct git g = { .turns = turns, .count = N(turns) };
	struct host h = { .answer = "ptr", .answer_times = 1 };
	struct mv_err err;

	(void)state;
	for (size_t i = 1; i <= REQUESTS; i++)
		turns[i] = (struct turn){ HEAD "0009hello" "0000", 0,
			OK "0007ptr" "0000" "0000" };
	assert_int_equal(talk(&g, &h, &err), 0);
	assert_int_equal(h.calls, REQUESTS);
	assert_int_equal(g.reads, 1 + REQUESTS + 1);
	assert_int_equal(g.writes, 2 + REQUESTS);
	done(&g, &h);
}

static void test_filter_filter__stream_errors_end_it(void **state)
{
	static const struct turn turns[] = {
		{ WELCOME, 0, NULL }, { CAPS, 0, NULL },
		{ SHEAD, 0, NULL }, { "0007ptr", 0, NULL }, { "0000", 0, NULL },
		{ HEAD "0000", 0, NULL },
	};

	(void)state;
	for (int at = 1; at <= 6; at++) {
		struct git g = { .turns = turns, .count = N(turns),
				 .fail_read = at };
		struct host h = { .ignore_errors = at & 1 };
		struct mv_err err;

		assert_int_equal(talk(&g, &h, &err), MV_EIO);
		assert_int_equal(err.code, MV_EIO);
		assert_int_equal(h.complaints, 0);
		done(&g, &h);
	}
	for (int at = 1; at <= 4; at++) {
		struct git g = { .turns = turns, .count = N(turns),
				 .fail_write = at };
		struct host h = { .calls = 0 };
		struct mv_err err;

		assert_int_equal(talk(&g, &h, &err), MV_EIO);
		assert_string_equal(err.msg, "broken pipe");
		assert_int_equal(g.writes, at);
		assert_int_equal(h.complaints, 0);
		done(&g, &h);
	}
}

/* The pipe breaks while smudge writes, and smudge does not notice. */
static void test_filter_filter__broken_pipe_is_not_the_blobs_fault(void **state)
{
	static const struct turn turns[] = {
		{ WELCOME CAPS, 0, NULL }, { SHEAD "0000", 0, NULL },
		{ SHEAD "0000", 0, NULL },
	};
	struct git g = { .turns = turns, .count = N(turns), .fail_write = 3 };
	struct host h = { .answer = "0123456789abcdef",
			  .answer_times = 100000 };
	struct mv_err err;

	(void)state;
	assert_int_equal(talk(&g, &h, &err), MV_EIO);
	assert_string_equal(err.msg, "broken pipe");
	assert_int_equal(h.calls, 1);
	assert_int_equal(h.complaints, 0);
	assert_int_equal(g.writes, 3);
	done(&g, &h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filter_filter__handshake),
		cmocka_unit_test(test_filter_filter__handshake_variants),
		cmocka_unit_test(test_filter_filter__refuses_other_protocols),
		cmocka_unit_test(test_filter_filter__clean),
		cmocka_unit_test(test_filter_filter__empty_path),
		cmocka_unit_test(test_filter_filter__clean_answers_what_was_kept),
		cmocka_unit_test(test_filter_filter__what_was_kept_may_fail),
		cmocka_unit_test(test_filter_filter__smudge_with_metadata),
		cmocka_unit_test(test_filter_filter__blob_is_an_object_name_or_nothing),
		cmocka_unit_test(test_filter_filter__requests_do_not_inherit),
		cmocka_unit_test(test_filter_filter__empty_content),
		cmocka_unit_test(test_filter_filter__odd_path_names),
		cmocka_unit_test(test_filter_filter__longest_path_name),
		cmocka_unit_test(test_filter_filter__long_content),
		cmocka_unit_test(test_filter_filter__unread_content_is_drained),
		cmocka_unit_test(test_filter_filter__failure_is_one_blobs),
		cmocka_unit_test(test_filter_filter__failure_after_output),
		cmocka_unit_test(test_filter_filter__failed_clean_answers_nothing),
		cmocka_unit_test(test_filter_filter__clean_answer_is_bounded),
		cmocka_unit_test(test_filter_filter__long_output_in_packets),
		cmocka_unit_test(test_filter_filter__nothing_is_sent_while_git_writes),
		cmocka_unit_test(test_filter_filter__answers_before_reading),
		cmocka_unit_test(test_filter_filter__unknown_commands),
		cmocka_unit_test(test_filter_filter__broken_requests),
		cmocka_unit_test(test_filter_filter__nul_in_path),
		cmocka_unit_test(test_filter_filter__every_truncation),
		cmocka_unit_test(test_filter_filter__arrives_in_any_pieces),
		cmocka_unit_test(test_filter_filter__small_requests_cost_few_calls),
		cmocka_unit_test(test_filter_filter__stream_errors_end_it),
		cmocka_unit_test(test_filter_filter__broken_pipe_is_not_the_blobs_fault),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
