/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/trust-keys.h"

/* Signatures by real keys, and every way to be taken in by one. */
#define APPROVAL MV_TRUST_NS_APPROVAL
#define DATA "what is approved"
#define NOW INT64_C(1795248000)		/* 2026-11-21 08:00 UTC */

static const char *const types[] = { "ed25519", "ecdsa", "rsa" };
static char *signers;			/* alice has ed25519, bob ecdsa, ... */
static char fingerprint[41];		/* of carol's OpenPGP key */

static int have_gpg(void)
{
	return *fingerprint;
}

static void make_gpg(void)
{
	FILE *f;

	if (system("command -v gpg >/dev/null 2>&1"))
		return;
	sh("gpg --batch --quiet --passphrase '' --quick-gen-key "
	   "'Carol <carol@example.com>' ed25519 sign never 2>/dev/null");
	sh("gpg --batch --quiet --armor --export carol@example.com >carol.asc");
	f = popen("gpg --list-keys --with-colons carol@example.com 2>/dev/null |"
		  " sed -n 's/^fpr:*\\([0-9A-F]*\\):$/\\1/p' | head -n 1", "r");
	assert_non_null(fgets(fingerprint, sizeof(fingerprint), f));
	pclose(f);
}

static int enter(void **state)
{
	char *keys[4];

	if (keys_enter(state))
		return -1;
	for (size_t i = 0; i < 3; i++) {
		ssh_key(types[i], types[i]);
		keys[i] = public_key(types[i]);
	}
	ssh_key("mallory", "ed25519");
	signers = mv_strf("alice namespaces=\"git,%s\" %s\n"
			  "bob namespaces=\"%s\" %s\n"
			  "dave namespaces=\"%s\" %s\n", APPROVAL, keys[0],
			  APPROVAL, keys[1], APPROVAL, keys[2]);
	for (size_t i = 0; i < 3; i++)
		free(keys[i]);
	make_gpg();
	return 0;
}

static int leave(void **state)
{
	if (have_gpg() && system("gpgconf --kill all 2>/dev/null"))
		fprintf(stderr, "# gpg-agent goes on\n");
	free(signers);
	return tmp_leave(state);
}

static void sign(struct mv_buf *sig, const char *key, const char *ns)
{
	struct mv_signing_key k = { "ssh", key, NULL, 0 };
	struct mv_err err;

	mv_buf_init(sig, 1 << 16);
	if (mv_trust_sign(sig, &k, ns, DATA, strlen(DATA), &keys_env, &err))
		fail_msg("%s", err.msg);
}

static enum mv_signature_state verify(struct mv_trust *t, const char *ns,
				      const char *data, const void *sig,
				      size_t len, int64_t at,
				      const char *principal)
{
	struct mv_signature s;
	enum mv_signature_state state;

	assert_int_equal(mv_trust_verify(&s, t, ns, data, strlen(data), sig,
					 len, at, NULL), 0);
	state = s.state;
	if (principal) {
		assert_non_null(s.principal);
		assert_string_equal(s.principal, principal);
		assert_non_null(s.fingerprint);
	} else {
		assert_null(s.principal);
	}
	assert_true(*s.why);
	mv_signature_release(&s);
	return state;
}

static void test_trust_verify__good_of_every_kind(void **state)
{
	static const char *const people[] = { "alice", "bob", "dave" };
	struct mv_trust *t = open_trust(signers, NULL, 0);

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct mv_buf sig, text;

		sign(&sig, types[i], APPROVAL);
		assert_int_equal(verify(t, APPROVAL, DATA, sig.data, sig.len,
					NOW, people[i]), MV_SIGNATURE_GOOD);
		mv_buf_init(&text, 1 << 16);
		mv_sshsig_armour(&text, sig.data, sig.len);
		assert_int_equal(verify(t, APPROVAL, DATA, text.data, text.len,
					NOW, people[i]), MV_SIGNATURE_GOOD);
		/* the same in armour with a word behind it */
		mv_buf_addstr(&text, "x\n");
		assert_int_equal(verify(t, APPROVAL, DATA, text.data, text.len,
					NOW, NULL), MV_SIGNATURE_BAD);
		mv_buf_release(&text);
		mv_buf_release(&sig);
	}
	mv_trust_close(t);
}

static void test_trust_verify__every_changed_byte_is_seen(void **state)
{
	struct mv_trust *t = open_trust(signers, NULL, 0);
	struct mv_signature s;
	struct mv_buf sig;

	(void)state;
	sign(&sig, "ed25519", APPROVAL);
	assert_int_equal(verify(t, APPROVAL, DATA ".", sig.data, sig.len, NOW,
				"alice"), MV_SIGNATURE_BAD);
	assert_int_equal(verify(t, APPROVAL, "", sig.data, sig.len, NOW,
				"alice"), MV_SIGNATURE_BAD);
	for (size_t i = 0; i < sig.len; i += 5) {
		sig.data[i] ^= 1;
		assert_int_equal(mv_trust_verify(&s, t, APPROVAL, DATA,
						 strlen(DATA), sig.data,
						 sig.len, NOW, NULL), 0);
		assert_int_not_equal(s.state, MV_SIGNATURE_GOOD);
		mv_signature_release(&s);
		sig.data[i] ^= 1;
	}
	assert_int_equal(verify(t, APPROVAL, DATA, sig.data, sig.len - 1, NOW,
				NULL), MV_SIGNATURE_BAD);
	assert_int_equal(verify(t, APPROVAL, DATA, "", 0, NOW, NULL),
			 MV_SIGNATURE_NONE);
	mv_buf_release(&sig);
	mv_trust_close(t);
}

/* A commit's signature is no approval, whoever may sign both. */
static void test_trust_verify__namespaces_are_apart(void **state)
{
	struct mv_trust *t = open_trust(signers, NULL, 0);
	struct mv_buf sig;

	(void)state;
	sign(&sig, "ed25519", MV_TRUST_NS_GIT);
	assert_int_equal(verify(t, MV_TRUST_NS_GIT, DATA, sig.data, sig.len,
				NOW, "alice"), MV_SIGNATURE_GOOD);
	assert_int_equal(verify(t, APPROVAL, DATA, sig.data, sig.len, NOW,
				NULL), MV_SIGNATURE_BAD);
	mv_buf_release(&sig);
	/* bob's key is for approvals only */
	sign(&sig, "ecdsa", MV_TRUST_NS_GIT);
	assert_int_equal(verify(t, MV_TRUST_NS_GIT, DATA, sig.data, sig.len,
				NOW, "bob"), MV_SIGNATURE_NAMESPACE);
	mv_buf_release(&sig);
	sign(&sig, "ed25519", MV_TRUST_NS_RECEIPT);
	assert_int_equal(verify(t, MV_TRUST_NS_RECEIPT, DATA, sig.data,
				sig.len, NOW, "alice"),
			 MV_SIGNATURE_NAMESPACE);
	mv_buf_release(&sig);
	mv_trust_close(t);
}

static void test_trust_verify__strangers_stay_strangers(void **state)
{
	struct mv_trust *t = open_trust(signers, NULL, 0), *none;
	struct mv_buf sig;

	(void)state;
	sign(&sig, "mallory", APPROVAL);
	assert_int_equal(verify(t, APPROVAL, DATA, sig.data, sig.len, NOW,
				NULL), MV_SIGNATURE_UNKNOWN);
	none = open_trust(NULL, NULL, 0);
	assert_int_equal(verify(none, APPROVAL, DATA, sig.data, sig.len, NOW,
				NULL), MV_SIGNATURE_UNKNOWN);
	assert_int_equal(verify(none, APPROVAL, DATA, "nonsense", 8, NOW, NULL),
			 MV_SIGNATURE_UNKNOWN);
	assert_int_equal(mv_trust_lists_key(t, sig.data, sig.len), 0);
	assert_int_equal(mv_trust_lists_key(t, sig.data, 0), 0);
	assert_int_equal(mv_trust_lists_key(t, "nonsense", 8), 0);
	assert_int_equal(mv_trust_lists_key(t, "SSHSIG", 6), 0);
	mv_buf_release(&sig);
	sign(&sig, types[0], APPROVAL);
	assert_int_equal(mv_trust_lists_key(t, sig.data, sig.len), 1);
	assert_int_equal(mv_trust_lists_key(none, sig.data, sig.len), 0);
	mv_trust_close(none);
	mv_trust_close(t);
	mv_buf_release(&sig);
}

static void test_trust_verify__keys_have_their_time(void **state)
{
	char *key = public_key("ed25519"), *text;
	struct mv_trust *t;
	struct mv_buf sig;

	(void)state;
	sign(&sig, "ed25519", APPROVAL);
	text = mv_strf("alice valid-after=\"20261121080000\",valid-before="
		       "\"20261122\",namespaces=\"%s\" %s\n", APPROVAL, key);
	t = open_trust(text, NULL, 0);
	assert_int_equal(verify(t, APPROVAL, DATA, sig.data, sig.len, NOW - 1,
				"alice"), MV_SIGNATURE_EXPIRED);
	assert_int_equal(verify(t, APPROVAL, DATA, sig.data, sig.len, NOW,
				"alice"), MV_SIGNATURE_GOOD);
	assert_int_equal(verify(t, APPROVAL, DATA, sig.data, sig.len,
				NOW + 16 * 3600 - 1, "alice"),
			 MV_SIGNATURE_GOOD);
	assert_int_equal(verify(t, APPROVAL, DATA, sig.data, sig.len,
				NOW + 16 * 3600, "alice"),
			 MV_SIGNATURE_EXPIRED);
	mv_trust_close(t);
	free(text);
	/* her time as a signer of commits is not her time for approvals */
	text = mv_strf("alice namespaces=\"git\" %s\n"
		       "alice valid-before=\"20260101\",namespaces=\"%s\" %s\n",
		       key, APPROVAL, key);
	t = open_trust(text, NULL, 0);
	assert_int_equal(verify(t, APPROVAL, DATA, sig.data, sig.len, NOW,
				"alice"), MV_SIGNATURE_EXPIRED);
	mv_trust_close(t);
	free(text);
	free(key);
	mv_buf_release(&sig);
}

static void test_trust_verify__revoked_by_list_or_krl(void **state)
{
	char *list = public_key("ed25519"), *krl;
	struct mv_trust *t;
	struct mv_buf sig, bob;
	size_t len;

	(void)state;
	sign(&sig, "ed25519", APPROVAL);
	sign(&bob, "ecdsa", APPROVAL);
	t = open_trust(signers, list, strlen(list));
	assert_int_equal(verify(t, APPROVAL, DATA, sig.data, sig.len, NOW,
				"alice"), MV_SIGNATURE_REVOKED);
	assert_int_equal(verify(t, APPROVAL, DATA, bob.data, bob.len, NOW,
				"bob"), MV_SIGNATURE_GOOD);
	mv_trust_close(t);
	free(list);
	sh("ssh-keygen -q -k -f krl ed25519.pub");
	krl = slurp("krl", &len);
	t = open_trust(signers, krl, len);
	assert_int_equal(verify(t, APPROVAL, DATA, sig.data, sig.len, NOW,
				"alice"), MV_SIGNATURE_REVOKED);
	assert_int_equal(verify(t, APPROVAL, DATA, bob.data, bob.len, NOW,
				"bob"), MV_SIGNATURE_GOOD);
	mv_trust_close(t);
	/* half a KRL revokes everybody, not nobody */
	t = open_trust(signers, krl, len / 2);
	assert_int_not_equal(verify(t, APPROVAL, DATA, bob.data, bob.len, NOW,
				    "bob"), MV_SIGNATURE_GOOD);
	mv_trust_close(t);
	free(krl);
	mv_buf_release(&bob);
	mv_buf_release(&sig);
}

static void test_trust_verify__without_the_program_nothing_is_good(void **state)
{
	static char *const nothing[] = { NULL };
	static char *const bin[] = { (char *)"PATH=/usr/bin:/bin", NULL };
	const struct mv_proc_env empty = { "/nowhere", nothing };
	const struct mv_proc_env slow = { tmp_dir, bin };
	const struct mv_proc_env liar = { tmp_dir, nothing };
	struct mv_trust_roots roots = { 0 };
	struct mv_trust *t;
	struct mv_buf sig;

	(void)state;
	sign(&sig, "ed25519", APPROVAL);
	roots.allowed_signers = signers;
	roots.allowed_signers_len = strlen(signers);
	assert_int_equal(mv_trust_open(&t, &roots, tmp_dir, &empty, NULL), 0);
	assert_int_equal(verify(t, APPROVAL, DATA, sig.data, sig.len, NOW,
				"alice"), MV_SIGNATURE_UNCHECKED);
	mv_trust_close(t);
	/* one that is content with everything, but does not say the words */
	sh("printf '#!/bin/sh\\nexit 0\\n' >ssh-keygen; chmod +x ssh-keygen");
	assert_int_equal(mv_trust_open(&t, &roots, tmp_dir, &liar, NULL), 0);
	assert_int_equal(verify(t, APPROVAL, DATA, sig.data, sig.len, NOW,
				"alice"), MV_SIGNATURE_UNCHECKED);
	mv_trust_close(t);
	/* one that is killed */
	sh("printf '#!/bin/sh\\necho Good \\\\\"; kill -9 $$\\n' >ssh-keygen");
	assert_int_equal(mv_trust_open(&t, &roots, tmp_dir, &liar, NULL), 0);
	assert_int_equal(verify(t, APPROVAL, DATA, sig.data, sig.len, NOW,
				"alice"), MV_SIGNATURE_UNCHECKED);
	mv_trust_close(t);
	/* one that waits for something that never comes */
	sh("printf '#!/bin/sh\\nsleep 60\\n' >ssh-keygen");
	assert_int_equal(mv_trust_open(&t, &roots, tmp_dir, &slow, NULL), 0);
	mv_trust_limit(t, 100);
	assert_int_equal(verify(t, APPROVAL, DATA, sig.data, sig.len, NOW,
				"alice"), MV_SIGNATURE_UNCHECKED);
	mv_trust_close(t);
	sh("rm ssh-keygen");
	mv_buf_release(&sig);
}

/* "Bad" is what gpg says; a gpg that said nothing has not looked. */
static void test_trust_verify__a_gpg_that_ends_says_nothing(void **state)
{
	static const char armour[] = "-----BEGIN PGP SIGNATURE-----\n";
	static const char list[] = "alice@example.com "
		"0123456789ABCDEF0123456789ABCDEF01234567\n";
	static const struct {
		const char *script;
		enum mv_signature_state is;
	} cases[] = {
		{ "kill -9 $$", MV_SIGNATURE_UNCHECKED },
		{ "exit 0", MV_SIGNATURE_UNCHECKED },
		{ "exit 2", MV_SIGNATURE_UNCHECKED },
		{ "echo [GNUPG:] NEWSIG; kill -9 $$", MV_SIGNATURE_UNCHECKED },
		{ "echo [GNUPG:] NEWSIG; exit 2", MV_SIGNATURE_UNCHECKED },
		{ "echo [GNUPG:] NEWSIG; echo [GNUPG:] BADSIG 1; exit 1",
		  MV_SIGNATURE_BAD },
		{ "echo [GNUPG:] NEWSIG; echo [GNUPG:] BADSIG 1; kill -9 $$",
		  MV_SIGNATURE_UNCHECKED },
		{ "echo [GNUPG:] NODATA 4; exit 2", MV_SIGNATURE_BAD },
		{ "echo [GNUPG:] NEWSIG; echo [GNUPG:] NO_PUBKEY 1; exit 2",
		  MV_SIGNATURE_UNKNOWN },
	};
	static char *const nothing[] = { NULL };
	const struct mv_proc_env liar = { tmp_dir, nothing };
	struct mv_trust_roots roots = { 0 };
	struct mv_signature out;
	struct mv_trust *t;

	(void)state;
	roots.allowed_gpg = list;
	roots.allowed_gpg_len = strlen(list);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *line = mv_strf("printf '#!/bin/sh\n%s\n' >gpg;"
				     "chmod +x gpg", cases[i].script);

		sh("%s", line);
		free(line);
		assert_int_equal(mv_trust_open(&t, &roots, tmp_dir, &liar,
					       NULL), 0);
		assert_int_equal(mv_trust_verify(&out, t, APPROVAL, DATA,
						 strlen(DATA), armour,
						 strlen(armour), NOW, NULL),
				 0);
		assert_int_equal(out.state, cases[i].is);
		mv_signature_release(&out);
		mv_trust_close(t);
	}
	sh("rm gpg");
}

struct many {
	struct mv_trust *trust;
	const struct mv_buf *sig;
	int good;
};

static void *verify_some(void *arg)
{
	struct many *m = arg;

	for (int i = 0; i < 4; i++) {
		struct mv_signature s;

		if (!mv_trust_verify(&s, m->trust, APPROVAL, DATA, strlen(DATA),
				     m->sig->data, m->sig->len, NOW, NULL))
			m->good += s.state == MV_SIGNATURE_GOOD;
		mv_signature_release(&s);
	}
	return NULL;
}

static void test_trust_verify__by_several_threads(void **state)
{
	struct mv_trust *t = open_trust(signers, NULL, 0);
	struct many m[4];
	pthread_t threads[4];
	struct mv_buf sig;

	(void)state;
	sign(&sig, "ed25519", APPROVAL);
	for (int i = 0; i < 4; i++) {
		m[i] = (struct many){ t, &sig, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, verify_some,
						&m[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(m[i].good, 4);
	}
	mv_buf_release(&sig);
	mv_trust_close(t);
}

static void test_trust_verify__signing_says_what_is_missing(void **state)
{
	static const struct {
		struct mv_signing_key key;
		int rc;
	} bad[] = {
		{ { "ssh", NULL, NULL, 0 }, MV_EINVALID },
		{ { "ssh", "", NULL, 0 }, MV_EINVALID },
		{ { "ssh", "-oProxyCommand=x", NULL, 0 }, MV_EINVALID },
		{ { "x509", "carol", NULL, 0 }, MV_ENOTSUP },
		{ { "ssh", "/nowhere/key", NULL, 0 }, MV_EDENIED },
		{ { "ssh", "ed25519", "no-such-program", 0 }, MV_ENOENT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct mv_buf sig;
		struct mv_err err = { MV_OK, "" };

		mv_buf_init(&sig, 1 << 16);
		assert_int_equal(mv_trust_sign(&sig, &bad[i].key, APPROVAL,
					       "x", 1, &keys_env, &err),
				 bad[i].rc);
		assert_true(*err.msg);
		assert_int_equal(sig.len, 0);
		mv_buf_release(&sig);
	}
}

/* -- OpenPGP -------------------------------------------------------------- */

static struct mv_trust *open_gpg(const char *line)
{
	struct mv_trust_roots roots = { 0 };
	struct mv_trust *t = NULL;
	struct mv_err err;
	char *keys = slurp("carol.asc", NULL);

	roots.allowed_gpg = line;
	roots.allowed_gpg_len = strlen(line);
	roots.gpg_keys = keys;
	roots.gpg_keys_len = strlen(keys);
	if (mv_trust_open(&t, &roots, tmp_dir, &keys_env, &err))
		fail_msg("%s", err.msg);
	free(keys);
	return t;
}

/* A program that waits for somebody: it is ended, and nothing is signed. */
static void test_trust_verify__signing_ends(void **state)
{
	static const char text[] = "#!/bin/sh\nexec sleep 30\n";
	char *program = mv_strf("%s/waits", tmp_dir);
	struct mv_signing_key keys[] = {
		{ "ssh", "key::ssh-ed25519 AAAA", program, 100 },
		{ NULL, "carol", program, 100 }
	};
	time_t from = time(NULL);

	(void)state;
	assert_int_equal(mv_write_file(program, text, sizeof(text) - 1, 0755,
				       0, NULL), 0);
	for (size_t i = 0; i < 2; i++) {
		struct mv_err err = { MV_OK, "" };
		struct mv_buf sig;

		mv_buf_init(&sig, 1 << 16);
		assert_int_equal(mv_trust_sign(&sig, &keys[i], APPROVAL, DATA,
					       strlen(DATA), &keys_env, &err),
				 MV_EBUSY);
		assert_int_equal(sig.len, 0);
		mv_buf_release(&sig);
	}
	assert_true(time(NULL) - from < 20);
	free(program);
}

static void test_trust_verify__openpgp(void **state)
{
	struct mv_signing_key key = { NULL, "carol@example.com", NULL, 0 };
	char *line = mv_strf("carol %s valid-before=20400101\n", fingerprint);
	int64_t at = time(NULL) + 60;
	struct mv_trust *t;
	struct mv_buf sig;

	(void)state;
	if (!have_gpg()) {
		free(line);
		skip();
	}
	mv_buf_init(&sig, 1 << 16);
	assert_int_equal(mv_trust_sign(&sig, &key, APPROVAL, DATA,
				       strlen(DATA), &keys_env, NULL), 0);
	t = open_gpg(line);
	assert_int_equal(verify(t, APPROVAL, DATA, sig.data, sig.len, at,
				"carol"), MV_SIGNATURE_GOOD);
	assert_int_equal(verify(t, APPROVAL, DATA "x", sig.data, sig.len, at,
				NULL), MV_SIGNATURE_BAD);
	/* what she signed for git, or for a receipt, is something else */
	assert_int_equal(verify(t, MV_TRUST_NS_GIT, DATA, sig.data, sig.len,
				at, NULL), MV_SIGNATURE_BAD);
	assert_int_equal(verify(t, MV_TRUST_NS_RECEIPT, DATA, sig.data,
				sig.len, at, NULL), MV_SIGNATURE_BAD);
	assert_int_equal(verify(t, APPROVAL, DATA, sig.data, sig.len,
				INT64_C(2208988800), "carol"),
			 MV_SIGNATURE_EXPIRED);
	mv_trust_close(t);
	/* in the ring, but on no list */
	t = open_gpg("eve 0123456789012345678901234567890123456789\n");
	assert_int_equal(verify(t, APPROVAL, DATA, sig.data, sig.len, at,
				NULL), MV_SIGNATURE_UNKNOWN);
	mv_trust_close(t);
	mv_buf_release(&sig);
	free(line);
}

/* A signed message brings its own bytes along; ours are what counts. */
static void test_trust_verify__openpgp_messages_are_no_signatures(void **state)
{
	static const char *const how[] = { "--sign", "--clearsign",
					   "--armor --sign", "--store" };
	char *line = mv_strf("carol %s\n", fingerprint);
	int64_t at = time(NULL) + 60;
	struct mv_trust *t;

	(void)state;
	if (!have_gpg()) {
		free(line);
		skip();
	}
	t = open_gpg(line);
	for (size_t i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
		struct mv_signature s;
		size_t len;
		char *sig;

		sh("printf '%s\\n%s' | gpg --batch --quiet %s >message "
		   "2>/dev/null", APPROVAL, "other bytes", how[i]);
		sig = slurp("message", &len);
		assert_int_equal(mv_trust_verify(&s, t, APPROVAL, DATA,
						 strlen(DATA), sig, len, at,
						 NULL), 0);
		if (s.state == MV_SIGNATURE_GOOD)
			fail_msg("gpg %s was taken for a signature", how[i]);
		mv_signature_release(&s);
		free(sig);
	}
	mv_trust_close(t);
	free(line);
}

/* A statement is signed as a whole, for what its decision is. */
static void test_trust_verify__statements(void **state)
{
	struct mv_signing_key key = { "ssh", "ed25519", NULL, 0 };
	struct mv_trust *t = open_trust(signers, NULL, 0);
	struct mv_statement st = { .decision = MV_DECISION_APPROVE };
	struct mv_buf payload, sig, pae;
	struct mv_signature s;
	struct mv_err err;

	(void)state;
	mv_buf_init(&payload, 1 << 16);
	mv_buf_init(&sig, 1 << 16);
	mv_buf_init(&pae, 1 << 16);
	if (mv_statement_sign(&payload, &sig, &key, &st, &keys_env, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(mv_statement_verify(&s, t, MV_DECISION_REJECT,
					     &payload, &sig, NOW, &err), 0);
	assert_int_equal(s.state, MV_SIGNATURE_GOOD);
	assert_string_equal(s.principal, "alice");
	mv_signature_release(&s);
	/* A receipt has a namespace of its own. */
	assert_int_equal(mv_statement_verify(&s, t, MV_DECISION_RECEIPT,
					     &payload, &sig, NOW, &err), 0);
	assert_int_not_equal(s.state, MV_SIGNATURE_GOOD);
	mv_signature_release(&s);
	/* Not the payload itself is signed, but DSSE's encoding of it. */
	assert_int_equal(verify(t, APPROVAL, payload.data, sig.data, sig.len,
				NOW, "alice"), MV_SIGNATURE_BAD);
	mv_dsse_pae(&pae, MV_STATEMENT_TYPE, payload.data, payload.len);
	assert_int_equal(verify(t, APPROVAL, pae.data, sig.data, sig.len, NOW,
				"alice"), MV_SIGNATURE_GOOD);
	payload.data[payload.len - 2] ^= 1;
	assert_int_equal(mv_statement_verify(&s, t, MV_DECISION_APPROVE,
					     &payload, &sig, NOW, &err), 0);
	assert_int_equal(s.state, MV_SIGNATURE_BAD);
	mv_signature_release(&s);
	mv_buf_release(&payload);
	mv_buf_release(&sig);
	mv_buf_release(&pae);
	mv_trust_close(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trust_verify__good_of_every_kind),
		cmocka_unit_test(test_trust_verify__every_changed_byte_is_seen),
		cmocka_unit_test(test_trust_verify__namespaces_are_apart),
		cmocka_unit_test(test_trust_verify__strangers_stay_strangers),
		cmocka_unit_test(test_trust_verify__keys_have_their_time),
		cmocka_unit_test(test_trust_verify__revoked_by_list_or_krl),
		cmocka_unit_test(
			test_trust_verify__without_the_program_nothing_is_good),
		cmocka_unit_test(
			test_trust_verify__a_gpg_that_ends_says_nothing),
		cmocka_unit_test(test_trust_verify__by_several_threads),
		cmocka_unit_test(
			test_trust_verify__signing_says_what_is_missing),
		cmocka_unit_test(test_trust_verify__signing_ends),
		cmocka_unit_test(test_trust_verify__statements),
		cmocka_unit_test(test_trust_verify__openpgp),
		cmocka_unit_test(
			test_trust_verify__openpgp_messages_are_no_signatures),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, enter, leave);
}
