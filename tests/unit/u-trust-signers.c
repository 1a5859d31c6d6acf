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

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5" \
	    "C9okWi0dh2l9GKJl"
#define KEY2 "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5" \
	     "C9okWi0dh2l9GKJm"
#define NS "namespaces=\"git,git-model-approval@v1\" "
#define PRINT "0123456789012345678901234567890123456789"

static int opens(const char *signers, const char *gpg, const char *revoked,
		 struct mv_err *err)
{
	struct mv_trust_roots roots = { 0 };
	struct mv_trust *t = NULL;
	int rc;

	roots.allowed_signers = signers;
	roots.allowed_signers_len = signers ? strlen(signers) : 0;
	roots.allowed_gpg = gpg;
	roots.allowed_gpg_len = gpg ? strlen(gpg) : 0;
	roots.revoked_keys = revoked;
	roots.revoked_keys_len = revoked ? strlen(revoked) : 0;
	rc = mv_trust_open(&t, &roots, "/tmp", &keys_env, err);
	if (rc)
		assert_null(t);
	mv_trust_close(t);
	return rc;
}

static void test_trust_signers__lets_nobody_in_by_accident(void **state)
{
	static const struct {
		const char *line, *why;
	} bad[] = {
		{ "*@example.com " NS KEY, "wildcards" },
		{ "a?ice " NS KEY, "wildcards" },
		{ "alice,!bob " NS KEY, "wildcards" },
		{ "alice " KEY, "namespaces= is missing" },
		{ "alice namespaces=\"\" " KEY, "namespaces= is missing" },
		{ "alice namespaces=\"git*\" " KEY, "without wildcards" },
		{ "alice cert-authority," NS KEY, "are allowed" },
		{ "alice " NS "cert-authority " KEY, "expected PRINCIPAL" },
		{ "alice no-touch-required " KEY, "are allowed" },
		{ "alice " NS "ssh-dss AAAAB3NzaC1kc3M=", "expected PRINCIPAL" },
		{ "alice " NS "ssh-ed25519-cert-v01@openssh.com AAAA",
		  "expected PRINCIPAL" },
		{ "alice " NS "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6"
		  "UOoqKLsabgH5C9okWi0dh2l9GKJl", "no public key" },
		{ "alice " NS "ssh-ed25519 AAAA", "no public key" },
		{ "alice " NS "ssh-ed25519", "expected PRINCIPAL" },
		{ "alice", "expected PRINCIPAL" },
		{ ",alice " NS KEY, "who it is" },
		{ "\"alice\" " NS KEY, "no quotes" },
		{ "alice valid-after=\"2026\"," NS KEY, "a time is" },
		{ "alice valid-before=\"20261301\"," NS KEY, "a time is" },
		{ "alice valid-before=\"20260230\"," NS KEY, "a time is" },
		{ "alice namespaces=\"git\",namespaces=\"x\" " KEY, "twice" },
		{ "alice " NS KEY "\r\n", "control characters" },
		{ "alice " NS KEY "\nbob " NS KEY, ":2: the key of line 1" },
	};
	struct mv_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (opens(bad[i].line, NULL, NULL, &err) != MV_EINVALID)
			fail_msg("accepted: %s", bad[i].line);
		if (!strstr(err.msg, bad[i].why))
			fail_msg("%s: %s", bad[i].line, err.msg);
		assert_non_null(strstr(err.msg, ".gitmodel/allowed_signers"));
	}
}

static void test_trust_signers__reads_what_openssh_documents(void **state)
{
	static const char *const good[] = {
		"", "# nobody\n\n \t\n", "alice " NS KEY " a comment here\n",
		"alice namespaces=git " KEY "\n",
		"alice,al namespaces=\"git\",valid-after=\"20260101\","
		"valid-before=20270101120000Z " KEY,
		"\talice\t" NS "\t" KEY "\n",
		/* one person with two keys, one key in two lines of hers */
		"alice " NS KEY "\nalice " NS KEY2,
		"alice " NS KEY "\nalice valid-after=\"20260101\"," NS KEY,
	};
	struct mv_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (opens(good[i], NULL, NULL, &err))
			fail_msg("%s: %s", good[i], err.msg);
}

static void test_trust_signers__reads_times_as_utc(void **state)
{
	static const struct {
		const char *text;
		int64_t at;	/* -1: refused */
	} times[] = {
		{ "19700101", 0 }, { "20261121", 1795219200 },
		{ "202611210800", 1795248000 }, { "20261121080001Z", 1795248001 },
		{ "20000229", 951782400 }, { "20240229", 1709164800 },
		{ "20240301", 1709251200 }, { "21000228", 4107456000 },
		{ "21000229", -1 }, { "20230229", -1 }, { "19691231", -1 },
		{ "2026112", -1 }, { "2026112108", -1 }, { "20261121x", -1 },
		{ "20261121240000", -1 }, { "20261121006000", -1 },
		{ "2026-11-21", -1 }, { "", -1 }, { "Z", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		int64_t at = -1;

		if (mv_signers_time(&at, times[i].text))
			at = -1;
		if (at != times[i].at)
			fail_msg("'%s': %lld", times[i].text, (long long)at);
	}
}

static void test_trust_signers__gpg_needs_whole_fingerprints(void **state)
{
	static const char *const bad[] = {
		"alice 0123456789ABCDEF", "alice", "al*ce " PRINT,
		"alice " PRINT " valid-after=x", "alice " PRINT " trusted",
		"alice " PRINT "\nbob " PRINT,
	};
	struct mv_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (opens(NULL, bad[i], NULL, &err) != MV_EINVALID)
			fail_msg("accepted: %s", bad[i]);
		assert_non_null(strstr(err.msg, ".gitmodel/allowed_gpg:"));
	}
	assert_int_equal(opens(NULL, "alice " PRINT " valid-before=20270101\n",
			       NULL, NULL), 0);
}

/* ssh-keygen passes over what it cannot read: nothing would be revoked. */
static void test_trust_signers__a_revocation_that_cannot_be_read(void **state)
{
	static const char *const bad[] = {
		"alice " KEY, "SHA256:zcWUvD+pEGgmkTVZSlqLoBEd8qMcGGO0iEoXMw",
		"ssh-ed25519 AAAA", "ssh-ed25519", "serial: 1",
		KEY "\nnonsense",
	};
	struct mv_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (opens(NULL, NULL, bad[i], &err) != MV_EINVALID)
			fail_msg("accepted: %s", bad[i]);
		assert_non_null(strstr(err.msg, ".gitmodel/revoked_keys:"));
	}
	assert_int_equal(opens(NULL, NULL, "# none\n" KEY " old laptop\n",
			       NULL), 0);
	assert_int_equal(opens(NULL, NULL, "", NULL), 0);
}

static int collect(void *payload, const char *principal)
{
	strcat(strcat(payload, principal), ";");
	return 0;
}

static void test_trust_signers__principals_come_once(void **state)
{
	static const char text[] = "alice,al " NS KEY "\nalice " NS KEY2 "\n";
	struct mv_trust_roots roots = { 0 };
	struct mv_trust *t;
	char all[100] = "";

	(void)state;
	roots.allowed_signers = text;
	roots.allowed_signers_len = strlen(text);
	roots.allowed_gpg = "bob " PRINT "\n";
	roots.allowed_gpg_len = strlen(roots.allowed_gpg);
	assert_int_equal(mv_trust_open(&t, &roots, "/tmp", &keys_env, NULL), 0);
	assert_int_equal(mv_trust_each_principal(t, collect, all), 0);
	assert_string_equal(all, "alice;bob;");
	mv_trust_close(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trust_signers__lets_nobody_in_by_accident),
		cmocka_unit_test(
			test_trust_signers__reads_what_openssh_documents),
		cmocka_unit_test(test_trust_signers__reads_times_as_utc),
		cmocka_unit_test(
			test_trust_signers__gpg_needs_whole_fingerprints),
		cmocka_unit_test(
			test_trust_signers__a_revocation_that_cannot_be_read),
		cmocka_unit_test(test_trust_signers__principals_come_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, keys_enter, tmp_leave);
}
