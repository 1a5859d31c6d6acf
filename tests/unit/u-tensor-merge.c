/* SPDX-License-Identifier: MIT */
/* tensor/merge.h: two changes of one file. */
#include "libmv/tensor/merge.h"
#include "tests/unit/format.h"

/* A file: "H" and a letter for its header, then tensors of four bytes each,
   "-" between them, "E" at the end. */
struct file {
	char text[128];
	struct mv_tensor t[8];
	uint64_t shape[8][1];
	struct mv_layout layout;
	int fails;
};

static int read_file(void *payload, uint64_t off, void *data, size_t len,
		     size_t *got, struct mv_err *err)
{
	struct file *f = payload;
	size_t all = strlen(f->text);

	if (f->fails)
		return mv_fail(err, MV_EIO, "no disk");
	*got = off < all ? all - (size_t)off : 0;
	*got = *got < len ? *got : len;
	*got = *got < 3 ? *got : 3;	/* never all at once */
	memcpy(data, f->text + off, *got);
	return 0;
}

/* "a:1234 b:5678" */
static void make(struct file *f, char header, const char *tensors)
{
	memset(f, 0, sizeof(*f));
	f->layout.format = "safetensors";
	f->layout.tensors = f->t;
	f->text[0] = 'H';
	f->text[1] = header;
	for (const char *p = tensors; *p;) {
		struct mv_tensor *t = &f->t[f->layout.count];
		const char *colon = strchr(p, ':');
		size_t len = strcspn(colon + 1, " ");

		t->name = strndup(p, (size_t)(colon - p));
		t->dtype = MV_DTYPE_BF16;
		t->dtype_name = "BF16";
		t->unit = 2;
		t->rank = 1;
		t->shape = f->shape[f->layout.count++];
		t->shape[0] = len / 2;
		t->offset = strlen(f->text);
		t->length = len;
		strncat(f->text, colon + 1, len);
		strcat(f->text, "-");
		p = colon + 1 + len;
		p += *p == ' ';
	}
	f->text[strlen(f->text) - 1] = 'E';
}

static void drop(struct file *f)
{
	for (size_t i = 0; i < f->layout.count; i++)
		free(f->t[i].name);
}

static struct mv_tensor_merge_file of(struct file *f)
{
	const struct mv_tensor_merge_file m = {
		{ &f->layout, read_file, f, NULL, NULL }, strlen(f->text)
	};

	return m;
}

static int plan(struct mv_tensor_merge *out, struct file *b, struct file *o,
		struct file *t, enum mv_tensor_rule rule)
{
	const struct mv_tensor_merge_file x = of(b), y = of(o), z = of(t);
	struct mv_err err;

	return mv_tensor_merge_plan(out, &x, &y, &z, rule, &err);
}

/* The merge of three such texts is `want`; or "?" and what is said of it. */
static void expect(const char *base, const char *ours, const char *theirs,
		   enum mv_tensor_rule rule, const char *want)
{
	struct mv_tensor_merge_reader state;
	struct mv_tensor_merge m;
	struct file b, o, t;
	struct mv_reader in;
	char said[256] = "?", text[128];
	size_t got;

	make(&b, base[0], base + 2);
	make(&o, ours[0], ours + 2);
	make(&t, theirs[0], theirs + 2);
	assert_int_equal(plan(&m, &b, &o, &t, rule), 0);
	if (m.refused)
		strcat(said, m.refused);
	for (size_t i = 0; i < m.clashes; i++) {
		strcat(said, "|");
		strcat(said, m.clash[i].name);
		strcat(said, " ");
		strcat(said, m.clash[i].why);
	}
	if (*want != '?') {
		assert_string_equal(said, "?");
		in = mv_tensor_merge_read(&state, &m);
		assert_int_equal(mv_read_full(&in, text, sizeof(text), &got,
					      NULL), 0);
		text[got] = '\0';
		assert_int_equal(got, m.size);
		assert_string_equal(text, want);
		mv_tensor_merge_reader_release(&state);
	} else {
		assert_string_equal(said, want);
	}
	mv_tensor_merge_release(&m);
	drop(&b);
	drop(&o);
	drop(&t);
}

#define NONE MV_TENSOR_RULE_NONE
#define OURS MV_TENSOR_RULE_OURS
#define THEIRS MV_TENSOR_RULE_THEIRS
#define AVERAGE MV_TENSOR_RULE_AVERAGE

static void test_tensor_merge__each_from_who_changed_it(void **state)
{
	(void)state;
	expect("x a:1111 b:2222 c:3333", "x a:oooo b:2222 c:3333",
	       "x a:1111 b:tttt c:3333", NONE, "Hxoooo-tttt-3333E");
	expect("x a:1111 b:2222", "x a:same b:2222", "x a:same b:tttt", NONE,
	       "Hxsame-ttttE");
	expect("x a:1111 b:2222", "x a:1111 b:2222", "x a:tttt b:tttt", NONE,
	       "Hxtttt-ttttE");
}

static void test_tensor_merge__the_frame_is_of_who_changed_it(void **state)
{
	(void)state;
	expect("x a:1111 b:2222", "y a:1111 b:oooo", "x a:tttt b:2222", NONE,
	       "Hytttt-ooooE");
	expect("x a:1111 b:2222", "x a:1111 b:oooo", "y a:tttt b:2222", NONE,
	       "Hytttt-ooooE");
	/* Another order, one more, one less: the other's bytes find their
	   place. */
	expect("x a:1111 b:2222", "y b:2222 a:1111", "x a:tttt b:2222", NONE,
	       "Hy2222-ttttE");
	expect("x a:1111 b:2222", "y a:1111 b:2222 n:nnnn", "x a:tttt b:2222",
	       NONE, "Hytttt-2222-nnnnE");
	expect("x a:1111 b:2222", "x a:oooo b:2222", "y a:1111", NONE,
	       "HyooooE");
	expect("x a:1111 b:2222", "y a:111111 b:2222", "x a:1111 b:tttt",
	       NONE, "Hy111111-ttttE");
	/* The same on both sides. */
	expect("x a:1111", "y a:1111 n:nnnn", "y a:tttt n:nnnn", NONE,
	       "Hytttt-nnnnE");
}

static void test_tensor_merge__what_clashes(void **state)
{
	(void)state;
	expect("x a:1111 b:2222 c:3333", "x a:oooo b:oooo c:3333",
	       "x a:tttt b:2222 c:tttt", NONE, "?|a changed on both sides");
	expect("x a:1111 b:2222", "y a:1111", "x a:1111 b:tttt", NONE,
	       "?|b removed in ours, changed in theirs");
	expect("x a:1111 b:2222", "x a:1111 b:oooo", "y a:1111", NONE,
	       "?|b changed in ours, removed in theirs");
	expect("x a:1111 b:2222", "y a:1111 b:222222", "x a:1111 b:tttt",
	       NONE, "?|b reshaped on one side, changed on the other");
	expect("x a:1111", "y a:1111 n:oooo", "y a:1111 n:tttt", NONE,
	       "?|n added on both sides");
	expect("x a:1111", "y a:1111", "z a:1111", NONE,
	       "?header or metadata changed on both sides");
	expect("x a:1111", "y a:1111 n:oooo", "z a:1111 m:tttt", NONE,
	       "?header or metadata changed on both sides|m added in theirs"
	       "|n added in ours");
}

static void test_tensor_merge__a_rule_settles(void **state)
{
	(void)state;
	expect("x a:1111 b:2222 c:3333", "x a:oooo b:oooo c:3333",
	       "x a:tttt b:2222 c:tttt", OURS, "Hxoooo-oooo-ttttE");
	expect("x a:1111 b:2222 c:3333", "x a:oooo b:oooo c:3333",
	       "x a:tttt b:2222 c:tttt", THEIRS, "Hxtttt-oooo-ttttE");
	/* Metadata, too, but only where the tensors are the same ones. */
	expect("x a:1111", "y a:1111", "z a:tttt", OURS, "HyttttE");
	expect("x a:1111", "y a:oooo", "z a:tttt", THEIRS, "HzttttE");
	expect("x a:1111", "y a:1111 n:oooo", "z a:1111", OURS,
	       "?header or metadata changed on both sides|n added in ours");
	expect("x a:1111", "y a:1111", "z a:1111", AVERAGE,
	       "?header or metadata changed on both sides");
	/* What ours wants has no place in what theirs made of the header. */
	expect("x a:1111 b:2222", "x a:1111 b:oooo", "y a:1111 b:222222",
	       OURS, "?|b does not fit what the other side made of the header");
	expect("x a:1111 b:2222", "x a:1111 b:oooo", "y a:1111", OURS,
	       "?|b does not fit what the other side made of the header");
}

static void test_tensor_merge__the_mean(void **state)
{
	(void)state;
	/* bf16 0x4040, 0x4242: 3.0 and 48.5; the mean 25.75 is 0x41ce. */
	expect("x a:1111", "x a:@@@@", "x a:BBBB", AVERAGE,
	       "Hx\xce\x41\xce\x41""E");
	expect("x a:1111 b:22", "x a:1111 b:222222", "x a:1111 b:2233",
	       AVERAGE, "?header or metadata changed on both sides"
	       "|b reshaped on both sides");
}

static void test_tensor_merge__what_is_no_question_of_tensors(void **state)
{
	struct mv_tensor_merge m;
	struct file b, o, t;

	(void)state;
	make(&b, 'x', "a:1111 b:2222");
	make(&o, 'x', "a:oooo b:2222");
	make(&t, 'x', "a:1111 b:tttt");
	b.layout.format = o.layout.format = t.layout.format = "pytorch";
	assert_int_equal(plan(&m, &b, &o, &t, NONE), 0);
	assert_string_equal(m.refused, "its format is not merged by tensors");
	b.layout.format = o.layout.format = "gguf";
	t.layout.format = "safetensors";
	assert_int_equal(plan(&m, &b, &o, &t, NONE), 0);
	assert_string_equal(m.refused, "its format changed");
	t.layout.format = "gguf";
	t.t[1].offset--;		/* into the one before */
	t.t[0].length++;
	assert_int_equal(plan(&m, &b, &o, &t, NONE), 0);
	assert_string_equal(m.refused,
			    "its tensors do not lie side by side");
	t.t[1].offset++;
	t.t[0].length--;
	t.t[1].length = 999;		/* beyond the file */
	assert_int_equal(plan(&m, &b, &o, &t, NONE), 0);
	assert_non_null(m.refused);
	t.t[1].length = 4;
	t.t[1].name[0] = 'a';		/* twice */
	assert_int_equal(plan(&m, &b, &o, &t, NONE), 0);
	assert_string_equal(m.refused, "it has two tensors of one name");
	t.t[1].name[0] = 'b';
	assert_int_equal(plan(&m, &b, &o, &t, NONE), 0);
	assert_null(m.refused);
	assert_int_equal(m.clashes, 0);
	mv_tensor_merge_release(&m);
	o.fails = 1;
	assert_int_equal(plan(&m, &b, &o, &t, NONE), MV_EIO);
	drop(&b);
	drop(&o);
	drop(&t);
}

static void test_tensor_merge__words(void **state)
{
	enum mv_tensor_rule rule = NONE;

	(void)state;
	assert_true(mv_tensor_merges("safetensors"));
	assert_true(mv_tensor_merges("npy"));
	assert_false(mv_tensor_merges("zip"));
	assert_false(mv_tensor_merges(NULL));
	assert_int_equal(mv_tensor_rule_parse(&rule, "average"), 0);
	assert_int_equal(rule, AVERAGE);
	assert_string_equal(mv_tensor_rule_word(rule), "average");
	assert_int_equal(mv_tensor_rule_parse(&rule, "none"), MV_EINVALID);
	assert_int_equal(mv_tensor_rule_parse(&rule, "mean"), MV_EINVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tensor_merge__each_from_who_changed_it),
		cmocka_unit_test(test_tensor_merge__the_frame_is_of_who_changed_it),
		cmocka_unit_test(test_tensor_merge__what_clashes),
		cmocka_unit_test(test_tensor_merge__a_rule_settles),
		cmocka_unit_test(test_tensor_merge__the_mean),
		cmocka_unit_test(test_tensor_merge__what_is_no_question_of_tensors),
		cmocka_unit_test(test_tensor_merge__words),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
