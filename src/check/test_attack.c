#include "check/attack.h"

#include "base/clean.h"
#include "check/facts.h"
#include "tls/offer.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_attack_reaction_is_read(void **state)
{
	(void)state;
	static const struct {
		uint8_t bytes[16];
		size_t len;
		enum check_reaction_kind kind;
		uint8_t alert;
		bool is_whole;
	} cases[] = {
		{ {}, 0, CHECK_REACTION_SILENCE, 0, false },
		{ { 21, 3, 3, 0 }, 4, CHECK_REACTION_SILENCE, 0, false },
		{ { 21, 3, 3, 0, 2, 2 }, 6, CHECK_REACTION_SILENCE, 0, false },
		{ { 21, 3, 3, 0, 2, 2, 10 }, 7, CHECK_REACTION_ALERT, 10, true },
		{ { 24, 3, 3, 0x40, 0 }, 5, CHECK_REACTION_HEARTBEAT, 0, true },
		{ { 22, 3, 3, 0, 4 }, 5, CHECK_REACTION_OTHER, 0, true },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct check_reaction r;
		check_reaction_read(&r, slice_of(cases[i].bytes, cases[i].len));
		assert_int_equal(r.kind, cases[i].kind);
		assert_int_equal(r.alert, cases[i].alert);
		assert_int_equal(r.is_whole, cases[i].is_whole);
	}
}

static void test_attack_bytes(void **state)
{
	(void)state;
	static const uint8_t heartbeat[] = { 24, 3, 3, 0, 3, 1, 0x40, 0 };
	static const uint8_t changes[] = { 20, 3, 3, 0, 1, 1, 20, 3, 3, 0, 1, 1 };
	struct tls_answer a = { .kind = TLS_ANSWER_HELLO, .version = 0x0303 };
	struct buf out = {};
	assert_int_equal(check_attack_write(CHECK_ATTACK_HEARTBLEED, 0, &a, &out),
	                 CHECK_ATTACK_POINTLESS);
	a.has_heartbeat = true;
	assert_int_equal(check_attack_write(CHECK_ATTACK_HEARTBLEED, 0, &a, &out), 0);
	assert_true(slice_equal(buf_slice(&out), slice_of(heartbeat, sizeof(heartbeat))));
	buf_clear(&out);
	assert_int_equal(check_attack_write(CHECK_ATTACK_CCS, 0, &a, &out), 0);
	assert_true(slice_equal(buf_slice(&out), slice_of(changes, sizeof(changes))));
	buf_clear(&out);
	/* No certificate, no key; and none of them behind a refusal. */
	assert_int_equal(check_attack_write(CHECK_ATTACK_ROBOT, 0, &a, &out),
	                 CHECK_ATTACK_POINTLESS);
	a.kind = TLS_ANSWER_ALERT;
	assert_int_equal(check_attack_write(CHECK_ATTACK_CCS, 0, &a, &out), CHECK_ATTACK_POINTLESS);
	assert_int_equal(buf_len(&out), 0);
	buf_deinit(&out);
}

static void test_attack_ticket_hello(void **state)
{
	(void)state;
	static const uint8_t random[TLS_OFFER_RANDOM_LEN] = { 1 };
	struct tls_offer offer;
	struct buf plain = {}, out = {};
	tls_offer_init(&offer, TLS_OFFER_12, "mx.test");
	offer.extensions &= ~(unsigned)TLS_OFFER_TICKET;
	assert_int_equal(tls_offer_write(&offer, random, &plain), 0);
	struct slice ticket = slice_str("a ticket of the server's");
	assert_int_equal(check_attack_hello(buf_slice(&plain), ticket, &out), 0);
	size_t more = 16 + 4 + ticket.len;
	struct slice a = buf_slice(&plain), b = buf_slice(&out);
	assert_int_equal(b.len, a.len + more);
	assert_int_equal(b.data[3] << 8 | b.data[4], b.len - 5);
	assert_int_equal(b.data[7] << 8 | b.data[8], b.len - 9);
	assert_int_equal(b.data[43], 16);
	assert_memory_equal(b.data + 60, a.data + 44, 50);
	assert_memory_equal(b.data + b.len - ticket.len, ticket.data, ticket.len);
	/* What is no hello without a session id stays as it is. */
	for (size_t n = 0; n < a.len; n++)
		assert_int_equal(check_attack_hello(slice_head(a, n), ticket, &out),
		                 CHECK_ATTACK_POINTLESS);
	assert_int_equal(check_attack_hello(b, ticket, &out), CHECK_ATTACK_POINTLESS);
	buf_deinit(&plain);
	buf_deinit(&out);
}

static void test_attack_ticket_answer(void **state)
{
	(void)state;
	uint8_t hello[100] = { 22, 3, 3, 0, 95, 2, 0, 0, 91, 3, 3 };
	struct check_reaction r;
	struct check_endpoint e = {};
	hello[43] = 32;
	check_reaction_read_hello(&r, slice_of(hello, sizeof(hello)));
	assert_int_equal(r.kind, CHECK_REACTION_OTHER); /* a session id of its own */
	memcpy(hello + 44, "mailseal check.", 16);
	hello[43] = 16;
	check_reaction_read_hello(&r, slice_of(hello, sizeof(hello)));
	assert_int_equal(r.kind, CHECK_REACTION_OTHER);
	check_facts_ticketbleed(&e, &r);
	assert_int_equal(e.attacks.ticketbleed, CHECK_NO);
	hello[43] = 32;
	check_reaction_read_hello(&r, slice_of(hello, sizeof(hello)));
	assert_int_equal(r.kind, CHECK_REACTION_BLED);
	check_facts_ticketbleed(&e, &r);
	assert_int_equal(e.attacks.ticketbleed, CHECK_YES);
	check_reaction_read_hello(&r, slice_of(hello, 50));
	assert_false(r.is_whole);
}

/* A certificate in DER. */
static int certificate_make(EVP_PKEY *key, uint8_t **ret_der)
{
	X509 *x = X509_new();
	X509_set_pubkey(x, key);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_sign(x, key, EVP_sha256());
	*ret_der = NULL;
	int len = i2d_X509(x, ret_der);
	X509_free(x);
	return len;
}

/* What a server finds when it decrypts. */
static void decrypt(EVP_PKEY *key, struct slice cipher, uint8_t *block)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	size_t len = 256;
	assert_int_equal(EVP_PKEY_decrypt_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
	assert_int_equal(EVP_PKEY_decrypt(ctx, block, &len, cipher.data, cipher.len), 1);
	assert_int_equal(len, 256);
	EVP_PKEY_CTX_free(ctx);
}

static size_t zero_at(const uint8_t *block)
{
	size_t i = 2;
	while (i < 256 && block[i])
		i++;
	return i;
}

static void test_attack_premasters(void **state)
{
	(void)state;
	EVP_PKEY *key = EVP_RSA_gen(2048);
	uint8_t *der;
	int len = certificate_make(key, &der);
	static const struct {
		uint8_t start[2], version[2];
		size_t zero;
	} expected[] = {
		[TLS_PREMASTER_GOOD] = { { 0, 2 }, { 3, 3 }, 207 },
		[TLS_PREMASTER_WRONG_START] = { { 0x41, 0x17 }, { 3, 3 }, 207 },
		[TLS_PREMASTER_WRONG_ZERO] = { { 0, 2 }, { 3, 3 }, 128 },
		[TLS_PREMASTER_NO_ZERO] = { { 0, 2 }, { 3, 3 }, 256 },
		[TLS_PREMASTER_WRONG_VERSION] = { { 0, 2 }, { 2, 2 }, 207 },
	};
	for (enum tls_premaster how = 0; how < TLS_PREMASTER_COUNT; how++) {
		struct buf out = {};
		uint8_t block[256];
		assert_int_equal(tls_premaster_write(slice_of(der, (size_t)len), how, &out), 0);
		decrypt(key, buf_slice(&out), block);
		assert_memory_equal(block, expected[how].start, 2);
		assert_memory_equal(block + 208, expected[how].version, 2);
		assert_int_equal(zero_at(block), expected[how].zero);
		buf_deinit(&out);
	}
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	struct buf out = {};
	EVP_PKEY *ec = EVP_EC_gen("P-256");
	len = certificate_make(ec, &der);
	assert_int_equal(tls_premaster_write(slice_of(der, (size_t)len), 0, &out),
	                 TLS_PREMASTER_NO_KEY);
	assert_int_equal(tls_premaster_write(slice_str("no certificate"), 0, &out),
	                 TLS_PREMASTER_NO_KEY);
	OPENSSL_free(der);
	EVP_PKEY_free(ec);
	buf_deinit(&out);
}

static void test_attack_reactions_are_judged(void **state)
{
	(void)state;
	static const struct {
		struct check_reaction reaction;
		enum check_seen heartbleed, ccs;
	} cases[] = {
		{ { .kind = CHECK_REACTION_SILENCE }, CHECK_NO, CHECK_UNKNOWN },
		{ { .kind = CHECK_REACTION_CLOSED }, CHECK_NO, CHECK_NO },
		{ { .kind = CHECK_REACTION_ALERT, .alert = 10 }, CHECK_NO, CHECK_NO },
		{ { .kind = CHECK_REACTION_ALERT, .alert = 20 }, CHECK_NO, CHECK_YES },
		{ { .kind = CHECK_REACTION_ALERT, .alert = 21 }, CHECK_NO, CHECK_YES },
		{ { .kind = CHECK_REACTION_HEARTBEAT, .len = 16384 }, CHECK_YES, CHECK_NO },
		{ { .kind = CHECK_REACTION_HEARTBEAT, .len = 19 }, CHECK_NO, CHECK_NO },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct check_endpoint e = {};
		check_facts_heartbleed(&e, &cases[i].reaction);
		check_facts_ccs(&e, &cases[i].reaction);
		assert_int_equal(e.attacks.heartbleed, cases[i].heartbleed);
		assert_int_equal(e.attacks.ccs, cases[i].ccs);
	}
}

static void test_attack_robot_is_a_difference(void **state)
{
	(void)state;
	struct check_reaction reactions[TLS_PREMASTER_COUNT];
	struct check_endpoint e = {};
	for (size_t i = 0; i < TLS_PREMASTER_COUNT; i++)
		reactions[i] = (struct check_reaction){ .kind = CHECK_REACTION_ALERT, .alert = 20 };
	check_facts_robot(&e, reactions);
	assert_int_equal(e.attacks.robot, CHECK_NO);
	reactions[TLS_PREMASTER_NO_ZERO].alert = 40;
	check_facts_robot(&e, reactions);
	assert_int_equal(e.attacks.robot, CHECK_YES);
	reactions[TLS_PREMASTER_NO_ZERO] =
		(struct check_reaction){ .kind = CHECK_REACTION_SILENCE };
	check_facts_robot(&e, reactions);
	assert_int_equal(e.attacks.robot, CHECK_YES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attack_reaction_is_read),
		cmocka_unit_test(test_attack_bytes),
		cmocka_unit_test(test_attack_ticket_hello),
		cmocka_unit_test(test_attack_ticket_answer),
		cmocka_unit_test(test_attack_premasters),
		cmocka_unit_test(test_attack_reactions_are_judged),
		cmocka_unit_test(test_attack_robot_is_a_difference),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
