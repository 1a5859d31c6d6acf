/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/trust-keys.h"

#define END "-----END SSH SIGNATURE-----"

static char *armour;
static struct mv_buf blob;

static int enter(void **state)
{
	if (keys_enter(state))
		return -1;
	ssh_key("key", "ed25519");
	sh("printf hello | ssh-keygen -q -Y sign -n git -f key >sig 2>/dev/null");
	armour = slurp("sig", NULL);
	mv_buf_init(&blob, 1 << 16);
	return mv_sshsig_dearmour(&blob, armour, strlen(armour));
}

static int leave(void **state)
{
	free(armour);
	mv_buf_release(&blob);
	return tmp_leave(state);
}

static int dearmours(const char *text)
{
	struct mv_buf out;
	int rc;

	mv_buf_init(&out, 1 << 16);
	rc = mv_sshsig_dearmour(&out, text, strlen(text));
	if (!rc) {
		assert_int_equal(out.len, blob.len);
		assert_memory_equal(out.data, blob.data, blob.len);
	}
	mv_buf_release(&out);
	return rc;
}

static void test_trust_sshsig__reads_a_real_one(void **state)
{
	struct mv_sshsig sig;
	struct mv_buf again;
	char print[64], line[256] = "";
	FILE *f;

	(void)state;
	assert_int_equal(mv_sshsig_parse(&sig, (uint8_t *)blob.data, blob.len),
			 0);
	assert_string_equal(sig.key_type, "ssh-ed25519");
	assert_int_equal(sig.ns_len, 3);
	assert_memory_equal(sig.ns, "git", 3);
	mv_buf_init(&again, 1 << 16);
	mv_sshsig_armour(&again, blob.data, blob.len);
	assert_string_equal(again.data, armour);
	mv_buf_release(&again);
	assert_int_equal(mv_ssh_fingerprint(print, sig.key, sig.key_len, NULL),
			 0);
	f = popen("ssh-keygen -lf key.pub", "r");
	assert_non_null(fgets(line, sizeof(line), f));
	pclose(f);
	assert_non_null(strstr(line, print));
}

/* ssh-keygen takes all of these. */
static void test_trust_sshsig__armour_has_one_form(void **state)
{
	char *cut = strdup(armour), *at, *text;

	(void)state;
	assert_int_equal(dearmours(armour), 0);
	cut[strlen(cut) - 1] = '\0';
	assert_int_equal(dearmours(cut), 0);	/* as git stores it */
	text = mv_strf("%sand more\n", armour);
	assert_int_not_equal(dearmours(text), 0);
	free(text);
	text = mv_strf("%s%s", armour, armour);
	assert_int_not_equal(dearmours(text), 0);
	free(text);
	text = mv_strf("\n%s", armour);
	assert_int_not_equal(dearmours(text), 0);
	free(text);
	/* lines of another length, CR LF, blanks, a missing line */
	free(cut);
	cut = strdup(armour);
	at = cut + 90;
	at[0] = '\n';
	assert_int_not_equal(dearmours(cut), 0);
	text = mv_strf("%.*s\n%s", 90, armour, armour + 90);
	assert_int_not_equal(dearmours(text), 0);
	free(text);
	text = mv_strf("%.*s %s", 90, armour, armour + 90);
	assert_int_not_equal(dearmours(text), 0);
	free(text);
	at = strchr(armour, '\n');
	text = mv_strf("%.*s\r%s", (int)(at - armour), armour, at);
	assert_int_not_equal(dearmours(text), 0);
	free(text);
	assert_int_not_equal(dearmours(""), 0);
	assert_int_not_equal(dearmours(END), 0);
	free(cut);
}

static void test_trust_sshsig__blob_is_all_or_nothing(void **state)
{
	struct mv_sshsig sig;
	char *copy = malloc(blob.len + 1);

	(void)state;
	for (size_t i = 0; i < blob.len; i++) {
		char *exact = malloc(i + 1);	/* so that ASan sees the end */

		memcpy(exact, blob.data, i);
		assert_int_not_equal(mv_sshsig_parse(&sig, (uint8_t *)exact, i),
				     0);
		free(exact);
	}
	memcpy(copy, blob.data, blob.len);
	copy[blob.len] = 0;
	assert_int_not_equal(mv_sshsig_parse(&sig, (uint8_t *)copy,
					     blob.len + 1), 0);
	/* magic, version, and the lengths that stand before every string */
	for (size_t i = 0; i < 14; i++) {
		copy[i] ^= 0x40;
		assert_int_not_equal(mv_sshsig_parse(&sig, (uint8_t *)copy,
						     blob.len), 0);
		copy[i] ^= 0x40;
	}
	assert_int_equal(mv_sshsig_parse(&sig, (uint8_t *)copy, blob.len), 0);
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trust_sshsig__reads_a_real_one),
		cmocka_unit_test(test_trust_sshsig__armour_has_one_form),
		cmocka_unit_test(test_trust_sshsig__blob_is_all_or_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, enter, leave);
}
