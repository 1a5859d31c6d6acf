/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "libmv/run/priv.h"

/* The arguments, joined with '|', after masking. */
static void masked(const char *expected, const char *const *argv)
{
	char **out = mv_run_mask_command(argv);
	char text[2048] = "";
	size_t n = 0;

	assert_non_null(out);
	for (; out[n]; n++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%s%s", n ? "|" : "", out[n]);
	assert_string_equal(text, expected);
	for (size_t i = 0; i < n; i++)
		assert_non_null(argv[i]);
	assert_null(argv[n]);
	mv_run_strings_free(out);
}
#define CHECK(expected, ...) do { \
	const char *const argv_[] = { __VA_ARGS__, NULL }; \
	masked(expected, argv_); \
} while (0)

static void test_repo_mask__hides_values_of_options(void **state)
{
	(void)state;
	CHECK("train|--password|***|--lr|0.1", "train", "--password", "hunter2",
	      "--lr", "0.1");
	CHECK("--password=***", "--password=a b c");
	CHECK("--password|***", "--password", "a b c");
	CHECK("token=***|KEY=***", "token=x", "KEY=y");
	CHECK("--wandb-api-key|***", "--wandb-api-key", "0123");
	CHECK("--wandbApiKey=***", "--wandbApiKey=0123");
	CHECK("env|AWS_SECRET_ACCESS_KEY=***|x", "env",
	      "AWS_SECRET_ACCESS_KEY=abc/def=", "x");
	CHECK("model.db_password=***", "model.db_password=x");
	CHECK("-H|Authorization: Bearer ***", "-H",
	      "Authorization: Bearer abc.def");
	CHECK("X-Api-Key:***", "X-Api-Key:abc");
	/* The next option is none's value; a value may begin with a dash. */
	CHECK("--ask-password|--lr|0.1", "--ask-password", "--lr", "0.1");
	CHECK("--token|***|b", "--token", "-Zm9v", "b");
	CHECK("--password", "--password");
	CHECK("--password=", "--password=");
}

static void test_repo_mask__leaves_the_rest_alone(void **state)
{
	(void)state;
	CHECK("python|train.py|--max-tokens|512|--tokenizer=bert",
	      "python", "train.py", "--max-tokens", "512", "--tokenizer=bert");
	CHECK("--pad-token|<pad>|--sort-key|id", "--pad-token", "<pad>",
	      "--sort-key", "id");
	CHECK("--key-metric|auc|monkey=1|--out=a=b", "--key-metric", "auc",
	      "monkey=1", "--out=a=b");
	CHECK("|a b|'x'  \"y z\"|it's --lr 1|--|-", "", "a b",
	      "'x'  \"y z\"", "it's --lr 1", "--", "-");
	CHECK("https://host/a?b=c&d=e|s3://bucket/key/x|git@host:a/b",
	      "https://host/a?b=c&d=e", "s3://bucket/key/x", "git@host:a/b");
	CHECK("sk-learn|hf_model", "sk-learn", "hf_model");
}

static void test_repo_mask__looks_into_scripts(void **state)
{
	(void)state;
	CHECK("sh|-c|a --token *** && TOKEN=*** b", "sh", "-c",
	      "a --token abc && TOKEN=def b");
	CHECK("sh|-c|a --token *** b", "sh", "-c", "a --token 'a b c' b");
	CHECK("sh|-c|ssh h \"x --password *** y\"", "sh", "-c",
	      "ssh h \"x --password p y\"");
	CHECK("echo it's; x --password ***", "echo it's; x --password p");
	CHECK("sh|-c|echo 'a\n\tb'", "sh", "-c", "echo 'a\n\tb'");
}

static void test_repo_mask__knows_urls_and_tokens(void **state)
{
	(void)state;
	CHECK("postgres://me:***@host/db", "postgres://me:p@ss@host/db");
	CHECK("https://***@github.com/a", "https://abcdef@github.com/a");
	CHECK("ssh://git@host/a|--db=mysql://u:***@h", "ssh://git@host/a",
	      "--db=mysql://u:p@h");
	CHECK("https://h/p?x=1&X-Amz-Signature=***&y=2#f",
	      "https://h/p?x=1&X-Amz-Signature=abc&y=2#f");
	CHECK("***", "ghp_0123456789abcdef0123456789abcdef0123");
	CHECK("--x=***", "--x=hf_0123456789abcdef0123456789abcdef01");
	CHECK("***", "AKIAIOSFODNN7EXAMPLE");
}

static void test_repo_mask__text_keeps_all_but_users_of_urls(void **state)
{
	const char *text = "token==1.0\n-e git+https://t0k@github.com/a#egg=b\n"
			   "b @ https://u:p@h/b.whl\n\n";
	struct mv_buf out;

	(void)state;
	mv_buf_init(&out, 4096);
	assert_int_equal(mv_run_mask_text(&out, text, strlen(text)), 0);
	assert_string_equal(out.data, "token==1.0\n-e git+https://***@github."
			    "com/a#egg=b\nb @ https://u:***@h/b.whl\n\n");
	mv_buf_release(&out);
}

static void test_repo_mask__any_bytes_are_fine(void **state)
{
	static const char bytes[] = "=:'\" \n-&?/@\xff\x80" "a";
	uint32_t seed = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char arg[24];
		const char *argv[] = { arg, arg, NULL };
		size_t len = 0;
		char **out;

		for (; len < sizeof(arg) - 1; len++) {
			seed = seed * 1664525u + 1013904223u;
			arg[len] = bytes[(seed >> 16) % (sizeof(bytes) - 1)];
			if ((seed >> 8) % 16 == 0)
				break;
		}
		arg[len] = '\0';
		out = mv_run_mask_command(argv);
		assert_non_null(out);
		assert_non_null(out[1]);
		assert_null(out[2]);
		mv_run_strings_free(out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_repo_mask__hides_values_of_options),
		cmocka_unit_test(test_repo_mask__leaves_the_rest_alone),
		cmocka_unit_test(test_repo_mask__looks_into_scripts),
		cmocka_unit_test(test_repo_mask__knows_urls_and_tokens),
		cmocka_unit_test(test_repo_mask__text_keeps_all_but_users_of_urls),
		cmocka_unit_test(test_repo_mask__any_bytes_are_fine)
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
