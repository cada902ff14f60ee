#include "base/clean.h"
#include "tls/chain.h"
#include "tls/faulty.h"
#include "tls/mint.h"
#include "tls/test_support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct fixture {
	struct tls_mint *mint;
	struct buf key_pem, chain_pem;
	struct tls_faulty *server;
	struct test_wire wire;
};

static const char *const names[] = { "*.test.example", "mta-sts.good.test.example" };

static void pair_order(struct fixture *f, const struct tls_mint_order *order)
{
	assert_int_equal(tls_mint_new(&f->mint, "test CA"), 0);
	assert_int_equal(tls_mint_order(f->mint, order, &f->key_pem, &f->chain_pem), 0);
}

static void meet(struct fixture *f, const struct tls_faulty_settings *kind,
                 const struct test_client *client)
{
	struct tls_faulty_settings set = *kind;
	struct test_client any = client ? *client : (struct test_client){};
	set.chain_pem = buf_slice(&f->chain_pem);
	set.key_pem = buf_slice(&f->key_pem);
	assert_int_equal(tls_faulty_new(&f->server, &set), 0);
	test_wire_init(&f->wire, NULL, &any);
	assert_int_equal(tls_faulty_accept(&f->wire.server, f->server, NULL), 0);
	test_wire_handshake(&f->wire);
}

static void fixture_deinit(struct fixture *f)
{
	test_wire_deinit(&f->wire);
	tls_faulty_free(f->server);
	tls_mint_free(f->mint);
	buf_deinit(&f->chain_pem);
	buf_deinit_secret(&f->key_pem);
}

static const struct tls_mint_order rsa = {
	.names = names, .name_count = 2, .key = TLS_MINT_RSA, .from_days = -1, .until_days = 30
};

static void test_faulty_old_version_alone(void **state)
{
	(void)state;
	struct fixture f = {};
	struct tls_faulty_settings kind = { .min_version = TLS_1_0, .max_version = TLS_1_0 };
	pair_order(&f, &rsa);
	meet(&f, &kind, &(struct test_client){ .suites = "ALL@SECLEVEL=0" });
	assert_int_equal(f.wire.server_result, 0);
	assert_string_equal(tls_session_facts(f.wire.server)->version, "TLSv1.0");
	fixture_deinit(&f);
}

static void test_faulty_new_client_is_refused(void **state)
{
	(void)state;
	struct fixture f = {};
	struct tls_faulty_settings kind = { .min_version = TLS_1_0, .max_version = TLS_1_0 };
	pair_order(&f, &rsa);
	meet(&f, &kind, &(struct test_client){ .version = TLS1_3_VERSION });
	assert_int_equal(f.wire.server_result, TLS_FAILED);
	assert_non_null(tls_session_hello(f.wire.server));
	fixture_deinit(&f);
}

static void test_faulty_no_forward_secrecy(void **state)
{
	(void)state;
	struct fixture f = {};
	struct tls_faulty_settings kind = { .min_version = TLS_1_2,
		                            .max_version = TLS_1_2,
		                            .suites = TLS_FAULTY_SUITES_NO_SECRECY };
	pair_order(&f, &rsa);
	meet(&f, &kind, NULL);
	assert_int_equal(f.wire.server_result, 0);
	assert_string_equal(tls_session_facts(f.wire.server)->version, "TLSv1.2");
	assert_false(tls_session_facts(f.wire.server)->has_forward_secrecy);
	fixture_deinit(&f);
}

static void test_faulty_pair_that_does_not_fit(void **state)
{
	(void)state;
	struct fixture f = {}, other = {};
	struct tls_faulty *server = NULL;
	pair_order(&f, &rsa);
	pair_order(&other, &rsa);
	struct tls_faulty_settings set = { .chain_pem = buf_slice(&f.chain_pem),
		                           .key_pem = buf_slice(&other.key_pem),
		                           .min_version = TLS_1_2,
		                           .max_version = TLS_1_3 };
	assert_int_equal(tls_faulty_new(&server, &set), TLS_FAULTY_BAD_PAIR);
	set.key_pem = (struct slice){};
	assert_int_equal(tls_faulty_new(&server, &set), TLS_FAULTY_BAD_PAIR);
	fixture_deinit(&f);
	fixture_deinit(&other);
}

static STACK_OF(X509) * chain_of(const struct fixture *f)
{
	STACK_OF(X509) *chain = NULL;
	assert_int_equal(tls_chain_read_pem(&chain, buf_slice(&f->chain_pem)), 0);
	return chain;
}

static void test_mint_signs(void **state)
{
	(void)state;
	struct fixture f = {};
	struct tls_mint_order order = {
		.names = names, .name_count = 2, .from_days = -1, .until_days = 30
	};
	uint8_t digest[32], want[32];
	pair_order(&f, &order);
	CLEAN(tls_chain_list_freep) STACK_OF(X509) *chain = chain_of(&f);
	CLEAN(freep) char *list = tls_chain_names(sk_X509_value(chain, 0));
	assert_int_equal(sk_X509_num(chain), 2);
	assert_string_equal(list, "*.test.example,mta-sts.good.test.example");
	assert_int_equal(
		X509_verify(sk_X509_value(chain, 0), X509_get0_pubkey(sk_X509_value(chain, 1))), 1);
	assert_int_equal(tls_mint_digest(f.mint, digest), 0);
	assert_true(tls_chain_spki_digest(sk_X509_value(chain, 1), want));
	assert_memory_equal(digest, want, sizeof(want));
	fixture_deinit(&f);
}

static void test_mint_faults(void **state)
{
	(void)state;
	struct fixture f = {};
	struct tls_mint_order order = { .names = names,
		                        .name_count = 1,
		                        .is_self_signed = true,
		                        .from_days = -60,
		                        .until_days = -30 };
	pair_order(&f, &order);
	CLEAN(tls_chain_list_freep) STACK_OF(X509) *chain = chain_of(&f);
	X509 *leaf = sk_X509_value(chain, 0);
	assert_int_equal(sk_X509_num(chain), 1);
	assert_int_equal(X509_verify(leaf, X509_get0_pubkey(leaf)), 1);
	assert_true(X509_cmp_current_time(X509_get0_notAfter(leaf)) < 0);
	order.name_count = 0;
	assert_true(tls_mint_order(f.mint, &order, &f.key_pem, &f.chain_pem) < 0);
	fixture_deinit(&f);
}

static void test_mint_is_kept(void **state)
{
	(void)state;
	struct tls_mint *one = NULL, *again = NULL;
	CLEAN(buf_deinit_secret) struct buf pem = {};
	CLEAN(buf_deinit) struct buf certificate = {};
	uint8_t before[32], after[32];
	assert_int_equal(tls_mint_new(&one, "kept"), 0);
	assert_int_equal(tls_mint_write(one, &pem), 0);
	assert_int_equal(tls_mint_read(&again, buf_slice(&pem)), 0);
	assert_int_equal(tls_mint_digest(one, before), 0);
	assert_int_equal(tls_mint_digest(again, after), 0);
	assert_memory_equal(before, after, sizeof(after));
	tls_mint_free(again);
	again = NULL;
	assert_int_equal(tls_mint_certificate(one, &certificate), 0);
	assert_int_equal(tls_mint_read(&again, buf_slice(&certificate)), TLS_MINT_BAD_PEM);
	assert_null(again);
	tls_mint_free(one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faulty_old_version_alone),
		cmocka_unit_test(test_faulty_new_client_is_refused),
		cmocka_unit_test(test_faulty_no_forward_secrecy),
		cmocka_unit_test(test_faulty_pair_that_does_not_fit),
		cmocka_unit_test(test_mint_signs),
		cmocka_unit_test(test_mint_faults),
		cmocka_unit_test(test_mint_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
