/* SPDX-License-Identifier: MIT */
#include "tests/unit/format.h"

#include "libmv/format/pickle.h"

#define MANY 1000u

/* Feed `len` bytes, at first `step` of them, then as many more as it takes. */
static int feed(struct mv_pickle *p, const void *data, size_t len,
		size_t step, size_t *used)
{
	size_t here = 0, done = 0;
	struct mv_err err;
	int rc = 0;

	while (!rc) {
		uint8_t *copy;
		uint64_t n;

		if (here == len)
			break;
		here = step < len - here ? here + step : len;
		if (done >= here)
			continue;
		copy = malloc(here - done);
		assert_non_null(copy);
		memcpy(copy, (const uint8_t *)data + done, here - done);
		rc = mv_pickle_feed(p, copy, here - done, &n, &err);
		free(copy);
		done += n;
	}
	if (used)
		*used = done;
	return rc;
}

static struct mv_pickle *read_pickle(const void *data, size_t len, int want)
{
	struct mv_pickle *p;
	struct mv_err err;
	size_t used;

	assert_int_equal(mv_pickle_new(&p, MANY, &err), 0);
	assert_int_equal(feed(p, data, len, len, &used), want);
	if (want == 1)
		assert_int_equal(used, len);
	return p;
}

static void refuse_pickle(const void *data, size_t len)
{
	mv_pickle_free(read_pickle(data, len, MV_EINVALID));
}
#define REFUSE(text) refuse_pickle(text, sizeof(text) - 1)
#define READ(text) read_pickle(text, sizeof(text) - 1, 1)

static const struct mv_pickle_value *root(const struct mv_pickle *p)
{
	return mv_pickle_at(p, mv_pickle_root(p));
}

/* {'a': (1, -2, None, True), 'b': [2.5, b'xy', 300]} */
static const char sample[] =
	"\x80\x04\x95\x2e\0\0\0\0\0\0\0}\x94(\x8c\x01" "a\x94(K\x01J\xfe\xff"
	"\xff\xffN\x88t\x94\x8c\x01" "b\x94]\x94(G@\x04\0\0\0\0\0\0C\x02xy"
	"\x94M,\x01" "eu.";

static void test_format_pickle__values_can_be_read(void **state)
{
	struct mv_pickle *p = READ(sample);
	uint32_t v, item;

	(void)state;
	assert_int_equal(root(p)->kind, MV_PICKLE_DICT);
	assert_int_equal(root(p)->count, 4);
	assert_true(mv_pickle_nth(&v, p, mv_pickle_root(p), 0));
	assert_string_equal(mv_pickle_at(p, v)->u.text, "a");
	assert_true(mv_pickle_nth(&v, p, mv_pickle_root(p), 1));
	assert_int_equal(mv_pickle_at(p, v)->kind, MV_PICKLE_TUPLE);
	assert_int_equal(mv_pickle_at(p, v)->count, 4);
	assert_true(mv_pickle_nth(&item, p, v, 1));
	assert_int_equal(mv_pickle_at(p, item)->u.number, -2);
	assert_true(mv_pickle_nth(&item, p, v, 2));
	assert_int_equal(mv_pickle_at(p, item)->kind, MV_PICKLE_NONE);
	assert_true(mv_pickle_nth(&item, p, v, 3));
	assert_int_equal(mv_pickle_at(p, item)->kind, MV_PICKLE_BOOL);
	assert_false(mv_pickle_nth(&item, p, v, 4));
	assert_true(mv_pickle_nth(&v, p, mv_pickle_root(p), 3));
	assert_int_equal(mv_pickle_at(p, v)->kind, MV_PICKLE_LIST);
	assert_true(mv_pickle_nth(&item, p, v, 1));
	assert_int_equal(mv_pickle_at(p, item)->kind, MV_PICKLE_BYTES);
	assert_int_equal(mv_pickle_at(p, item)->count, 2);
	assert_true(mv_pickle_nth(&item, p, v, 2));
	assert_int_equal(mv_pickle_at(p, item)->u.number, 300);
	mv_pickle_free(p);
}

static void test_format_pickle__pieces_say_the_same_as_the_whole(void **state)
{
	(void)state;
	for (size_t step = 1; step < sizeof(sample); step++) {
		struct mv_pickle *p;
		struct mv_err err;
		size_t used;

		assert_int_equal(mv_pickle_new(&p, MANY, &err), 0);
		assert_int_equal(feed(p, sample, sizeof(sample) - 1, step,
				      &used), 1);
		assert_int_equal(used, sizeof(sample) - 1);
		assert_int_equal(mv_pickle_count(p), 12);
		mv_pickle_free(p);
	}
}

static void test_format_pickle__protocol_0_is_read(void **state)
{
	struct mv_pickle *p = READ("(dp0\nS'k'\np1\nI-7\nsV\xc3\xa9\n"
				   "L123456789012L\nsI01\nI99999999999999999999\ns.");
	uint32_t v;

	(void)state;
	assert_int_equal(root(p)->kind, MV_PICKLE_DICT);
	assert_int_equal(root(p)->count, 6);
	assert_true(mv_pickle_nth(&v, p, mv_pickle_root(p), 1));
	assert_int_equal(mv_pickle_at(p, v)->u.number, -7);
	assert_true(mv_pickle_nth(&v, p, mv_pickle_root(p), 3));
	assert_int_equal(mv_pickle_at(p, v)->u.number, 123456789012);
	assert_true(mv_pickle_nth(&v, p, mv_pickle_root(p), 5));
	assert_int_equal(mv_pickle_at(p, v)->kind, MV_PICKLE_OPAQUE);
	mv_pickle_free(p);
}

static int has_global(const struct mv_pickle *p, const char *module,
		      const char *name)
{
	for (uint32_t v = 0; v < mv_pickle_count(p); v++)
		if (mv_pickle_is_global(p, v, module, name))
			return 1;
	return 0;
}

/* Nothing is done, and nothing that was named can be hidden again. */
static void test_format_pickle__names_stay_though_dropped(void **state)
{
	static const char *const ways[] = {
		"cos\nsystem\n0N.",			/* POP */
		"(cos\nsystem\n1N.",			/* POP_MARK */
		"(S'id'\nios\nsystem\n.",		/* INST */
		"cos\nsystem\n(S'id'\ntR.",		/* REDUCE */
		"(cos\nsystem\nS'id'\no.",		/* OBJ */
		"cos\nsystem\n(S'id'\nt\x81.",		/* NEWOBJ */
		"S'os'\nS'system'\n\x93(S'id'\ntR0N.",	/* STACK_GLOBAL */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		struct mv_pickle *p = read_pickle(ways[i], strlen(ways[i]), 1);

		assert_true(has_global(p, "os", "system"));
		assert_false(has_global(p, "os", "syste"));
		mv_pickle_free(p);
	}
}

static void test_format_pickle__a_call_is_its_parts(void **state)
{
	struct mv_pickle *p = READ("cm\nC\n(K\x01tR}b.");
	uint32_t v;

	(void)state;
	assert_int_equal(root(p)->kind, MV_PICKLE_CALL);
	assert_int_equal(root(p)->count, 3);
	assert_true(mv_pickle_nth(&v, p, mv_pickle_root(p), 0));
	assert_true(mv_pickle_is_global(p, v, "m", "C"));
	assert_true(mv_pickle_nth(&v, p, mv_pickle_root(p), 2));
	assert_int_equal(mv_pickle_at(p, v)->kind, MV_PICKLE_DICT);
	mv_pickle_free(p);
	p = READ("ccollections\nOrderedDict\n)RK\x01K\x02s.");
	assert_int_equal(root(p)->kind, MV_PICKLE_DICT);
	assert_int_equal(root(p)->count, 2);
	mv_pickle_free(p);
}

static void test_format_pickle__what_cannot_be_is_refused(void **state)
{
	(void)state;
	REFUSE("\xff");			/* no opcode */
	REFUSE(".");			/* nothing to return */
	REFUSE("0.");
	REFUSE("t.");			/* no mark */
	REFUSE("(N.");			/* a mark is left */
	REFUSE("K\x01(\x85.");		/* below the mark */
	REFUSE("h\x05.");		/* memo */
	REFUSE("q\x05.");
	REFUSE("g-1\n.");
	REFUSE(")K\x01K\x02s.");	/* items for a tuple */
	REFUSE("K\x01K\x02" "a.");
	REFUSE("}(K\x01u.");		/* half a pair */
	REFUSE("(K\x01" "d.");
	REFUSE("K\x01}b.");		/* state for a number */
	REFUSE("K\x01K\x02\x93.");	/* names that are none */
	REFUSE("S'a\nb'\nN\x93.");
	REFUSE("Sno quotes\n.");
	REFUSE("\x80\x06N.");		/* protocol */
	REFUSE("\x95\x01\0\0\0\0\0\0\0K\x01.");	/* out of its frame */
	REFUSE("\x95\x03\0\0\0\0\0\0\0N.");	/* its frame goes on */
	REFUSE("\x95\x14\0\0\0\0\0\0\0\x95\x01\0\0\0\0\0\0\0N.");
	REFUSE("\x8e\xff\xff\xff\xff\xff\xff\xff\xff");
}

static void test_format_pickle__the_end_is_waited_for(void **state)
{
	struct mv_err err;

	(void)state;
	for (size_t len = 0; len + 1 < sizeof(sample); len++) {
		struct mv_pickle *p;

		assert_int_equal(mv_pickle_new(&p, MANY, &err), 0);
		assert_int_equal(feed(p, sample, len, len ? len : 1, NULL), 0);
		mv_pickle_free(p);
	}
}

/* All that the caller allows, and no more. */
static void test_format_pickle__it_has_limits(void **state)
{
	static const char ops[] = { 'N', '(', 'K' };
	char text[2 * MANY + 8];
	struct mv_pickle *p;
	struct mv_err err;
	uint64_t used;

	(void)state;
	for (size_t i = 0; i < sizeof(ops); i++) {
		memset(text, ops[i], sizeof(text));
		refuse_pickle(text, sizeof(text));
	}
	memset(text, '2', sizeof(text));	/* DUP */
	text[0] = 'N';
	refuse_pickle(text, sizeof(text));
	refuse_pickle("Nr\xff\xff\xff\xff.", 7);	/* memo at 2^32 - 1 */
	/* a line has an end */
	{
		char *line = malloc(40000);

		assert_non_null(line);
		memset(line, 'x', 40000);
		line[0] = 'V';
		refuse_pickle(line, 40000);
		free(line);
	}
	/* the rest of a long text is not looked at */
	memset(text, 'x', sizeof(text));
	memcpy(text, "\x8d\0\0\0\0\x01\0\0\0", 9);
	{
		char *big = calloc(1, 9 + MV_PICKLE_TEXT_MAX);

		assert_non_null(big);
		memcpy(big, text, 9);
		assert_int_equal(mv_pickle_new(&p, MANY, &err), 0);
		assert_int_equal(mv_pickle_feed(p, (uint8_t *)big,
						8 + MV_PICKLE_TEXT_MAX, &used,
						&err), 0);
		assert_int_equal(used, 0);
		assert_int_equal(mv_pickle_feed(p, (uint8_t *)big,
						9 + MV_PICKLE_TEXT_MAX, &used,
						&err), 0);
		assert_true(used == 9 + ((uint64_t)1 << 32));
		assert_int_equal(mv_pickle_feed(p, (const uint8_t *)".", 1,
						&used, &err), 1);
		assert_int_equal(root(p)->count, MV_PICKLE_TEXT_MAX);
		assert_true(root(p)->cut);
		mv_pickle_free(p);
		free(big);
	}
}

static void test_format_pickle__a_circle_is_one(void **state)
{
	struct mv_pickle *p = READ("]q\0h\0" "a.");
	uint32_t v;

	(void)state;
	assert_true(mv_pickle_nth(&v, p, mv_pickle_root(p), 0));
	assert_int_equal(v, mv_pickle_root(p));
	mv_pickle_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format_pickle__values_can_be_read),
		cmocka_unit_test(test_format_pickle__pieces_say_the_same_as_the_whole),
		cmocka_unit_test(test_format_pickle__protocol_0_is_read),
		cmocka_unit_test(test_format_pickle__names_stay_though_dropped),
		cmocka_unit_test(test_format_pickle__a_call_is_its_parts),
		cmocka_unit_test(test_format_pickle__what_cannot_be_is_refused),
		cmocka_unit_test(test_format_pickle__the_end_is_waited_for),
		cmocka_unit_test(test_format_pickle__it_has_limits),
		cmocka_unit_test(test_format_pickle__a_circle_is_one),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
