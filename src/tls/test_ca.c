#include "base/clean.h"
#include "tls/ca.h"
#include "tls/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

/* A root, what it signed, and a node. */
struct family {
	struct tls_ca_key *root_key, *issuing_key, *node_key;
	struct buf root, issuing, node;
	char serial[TLS_CA_SERIAL_CAP];
};

static int64_t now_s;

static int certify(const struct tls_ca_spec *from, const struct tls_ca_key *subject,
                   struct slice issuer_pem, const struct tls_ca_key *issuer_key,
                   struct buf *ret_pem, char ret_serial[TLS_CA_SERIAL_CAP])
{
	struct tls_ca_spec spec = *from;
	const struct tls_ca_issuer issuer = { issuer_pem, issuer_key };
	spec.not_before_s = now_s - 60;
	spec.not_after_s = now_s + 86400;
	return tls_ca_certify(&spec, subject, &issuer, ret_pem, ret_serial);
}

static const char *const dns[] = { "db1.mailseal.internal", "db1.example.org" };
static const char *const addresses[] = { "192.0.2.1", "2001:db8::1" };

static const struct tls_ca_spec node_spec = { .kind = TLS_CA_NODE,
	                                      .common_name = "db1",
	                                      .dns = dns,
	                                      .dns_count = COUNT_OF(dns),
	                                      .addresses = addresses,
	                                      .address_count = COUNT_OF(addresses) };

static void family_make(struct family *f, enum tls_ca_algorithm algorithm)
{
	const struct tls_ca_spec root = { .kind = TLS_CA_ROOT, .common_name = "root" };
	const struct tls_ca_spec issuing = { .kind = TLS_CA_ISSUING, .common_name = "issuing" };
	*f = (struct family){};
	now_s = time(NULL);
	assert_int_equal(tls_ca_key_make(&f->root_key, algorithm), 0);
	assert_int_equal(tls_ca_key_make(&f->issuing_key, algorithm), 0);
	assert_int_equal(tls_ca_key_make(&f->node_key, TLS_CA_P256), 0);
	assert_int_equal(
		certify(&root, f->root_key, (struct slice){}, f->root_key, &f->root, f->serial), 0);
	assert_int_equal(certify(&issuing, f->issuing_key, buf_slice(&f->root), f->root_key,
	                         &f->issuing, f->serial),
	                 0);
	assert_int_equal(certify(&node_spec, f->node_key, buf_slice(&f->issuing), f->issuing_key,
	                         &f->node, f->serial),
	                 0);
}

static void family_deinit(struct family *f)
{
	tls_ca_key_free(f->root_key);
	tls_ca_key_free(f->issuing_key);
	tls_ca_key_free(f->node_key);
	buf_deinit(&f->root);
	buf_deinit(&f->issuing);
	buf_deinit(&f->node);
}

static X509 *certificate_of(const struct buf *pem)
{
	CLEAN(tls_chain_list_freep) STACK_OF(X509) *list = NULL;
	assert_int_equal(tls_chain_read_pem(&list, buf_slice(pem)), 0);
	return sk_X509_shift(list);
}

/* What X509_verify_cert() of a TLS peer says. */
static int verified(const struct family *f, int purpose, const char *host)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *between = sk_X509_new_null();
	X509 *root = certificate_of(&f->root);
	X509 *issuing = certificate_of(&f->issuing);
	X509 *node = certificate_of(&f->node);
	assert_true(X509_STORE_add_cert(store, root) && sk_X509_push(between, issuing) &&
	            X509_STORE_CTX_init(ctx, store, node, between));
	X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_X509_STRICT);
	X509_STORE_CTX_set_purpose(ctx, purpose);
	assert_true(X509_VERIFY_PARAM_set1_host(X509_STORE_CTX_get0_param(ctx), host, 0));
	int error = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	sk_X509_free(between);
	X509_free(root);
	X509_free(issuing);
	X509_free(node);
	return error;
}

static void test_ca_chain_verifies(void **state)
{
	(void)state;
	for (int algorithm = TLS_CA_P256; algorithm <= TLS_CA_ED25519; algorithm++) {
		CLEAN(family_deinit) struct family f;
		family_make(&f, (enum tls_ca_algorithm)algorithm);
		assert_int_equal(verified(&f, X509_PURPOSE_SSL_SERVER, dns[0]), X509_V_OK);
		assert_int_equal(verified(&f, X509_PURPOSE_SSL_CLIENT, dns[1]), X509_V_OK);
		assert_int_equal(verified(&f, X509_PURPOSE_SSL_CLIENT, "db2.mailseal.internal"),
		                 X509_V_ERR_HOSTNAME_MISMATCH);
		assert_true(tls_ca_key_fits(f.node_key, buf_slice(&f.node)));
		assert_false(tls_ca_key_fits(f.issuing_key, buf_slice(&f.node)));
	}
}

static void test_ca_facts(void **state)
{
	(void)state;
	CLEAN(family_deinit) struct family f;
	struct tls_ca_facts facts;
	family_make(&f, TLS_CA_P256);
	assert_int_equal(tls_ca_facts_read(&facts, buf_slice(&f.node)), 0);
	assert_string_equal(facts.serial, f.serial);
	assert_int_equal(strlen(facts.serial), 32);
	assert_string_equal(facts.common_name, "db1");
	assert_string_equal(facts.names, "db1.example.org,db1.mailseal.internal");
	assert_string_equal(facts.addresses, "192.0.2.1,2001:db8::1");
	assert_int_equal(facts.not_after_s, now_s + 86400);
	assert_false(facts.is_ca);
	tls_ca_facts_deinit(&facts);
	assert_int_equal(tls_ca_facts_read(&facts, buf_slice(&f.issuing)), 0);
	assert_true(facts.is_ca);
	tls_ca_facts_deinit(&facts);
	assert_int_equal(tls_ca_facts_read(&facts, slice_str("x")), TLS_CA_BAD_CERTIFICATE);
}

static void test_ca_names_refused(void **state)
{
	(void)state;
	static const char *const bad[] = { "",    "A.example.org", "*.example.org",
		                           "a b", "a..b",          ".a",
		                           "a.",  "a/b",           "a,b",
		                           "a\nb" };
	CLEAN(family_deinit) struct family f;
	CLEAN(buf_deinit) struct buf pem = {};
	char serial[TLS_CA_SERIAL_CAP];
	family_make(&f, TLS_CA_P256);
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct tls_ca_spec spec = node_spec;
		spec.dns = &bad[i];
		spec.dns_count = 1;
		assert_int_equal(certify(&spec, f.node_key, buf_slice(&f.issuing), f.issuing_key,
		                         &pem, serial),
		                 TLS_CA_BAD_NAME);
		spec.dns_count = 0;
		spec.addresses = &bad[i];
		spec.address_count = 1;
		assert_int_equal(certify(&spec, f.node_key, buf_slice(&f.issuing), f.issuing_key,
		                         &pem, serial),
		                 TLS_CA_BAD_NAME);
	}
	assert_int_equal(buf_len(&pem), 0);
}

static void test_ca_key_passphrase(void **state)
{
	(void)state;
	CLEAN(tls_ca_key_freep) struct tls_ca_key *key = NULL;
	CLEAN(tls_ca_key_freep) struct tls_ca_key *again = NULL;
	CLEAN(buf_deinit_secret) struct buf pem = {};
	assert_int_equal(tls_ca_key_make(&key, TLS_CA_ED25519), 0);
	assert_int_equal(tls_ca_key_write(key, slice_str("sesame"), &pem), 0);
	assert_non_null(memmem(buf_slice(&pem).data, buf_len(&pem), "ENCRYPTED", 9));
	assert_int_equal(tls_ca_key_read(&again, buf_slice(&pem), slice_str("other")),
	                 TLS_CA_BAD_PASSPHRASE);
	assert_int_equal(tls_ca_key_read(&again, buf_slice(&pem), (struct slice){}),
	                 TLS_CA_BAD_PASSPHRASE);
	assert_int_equal(tls_ca_key_read(&again, slice_str("x"), (struct slice){}), TLS_CA_BAD_KEY);
	assert_int_equal(tls_ca_key_read(&again, buf_slice(&pem), slice_str("sesame")), 0);
}

static void test_ca_request(void **state)
{
	(void)state;
	CLEAN(family_deinit) struct family f;
	CLEAN(tls_ca_key_freep) struct tls_ca_key *public_key = NULL;
	CLEAN(tls_ca_key_freep) struct tls_ca_key *other = NULL;
	CLEAN(buf_deinit) struct buf request = {};
	family_make(&f, TLS_CA_P256);
	assert_int_equal(tls_ca_request_write(f.node_key, "db1", &request), 0);
	assert_int_equal(tls_ca_request_read(&public_key, buf_slice(&request)), 0);
	assert_true(tls_ca_key_fits(public_key, buf_slice(&f.node)));
	assert_int_equal(tls_ca_request_read(&other, buf_slice(&f.node)), TLS_CA_BAD_REQUEST);
	/* Another key in it: its signature is then no proof. */
	uint8_t *bytes = request.data + request.start;
	uint8_t *at = memmem(bytes, buf_len(&request), "\n", 1);
	at[90] = at[90] == 'A' ? 'B' : 'A';
	assert_int_equal(tls_ca_request_read(&other, buf_slice(&request)), TLS_CA_BAD_REQUEST);
}

static void test_ca_crl(void **state)
{
	(void)state;
	CLEAN(family_deinit) struct family f;
	CLEAN(buf_deinit) struct buf pem = {};
	family_make(&f, TLS_CA_ED25519);
	struct tls_ca_revoked revoked[] = { { f.serial, now_s }, { "00aa", now_s } };
	struct tls_ca_crl crl = { revoked, 2, 7, now_s, now_s + 86400 };
	const struct tls_ca_issuer issuer = { buf_slice(&f.issuing), f.issuing_key };
	assert_int_equal(tls_ca_crl_write(&crl, &issuer, &pem), 0);
	assert_non_null(memmem(buf_slice(&pem).data, buf_len(&pem), "BEGIN X509 CRL", 14));
	revoked[1].serial = "0x1";
	assert_int_equal(tls_ca_crl_write(&crl, &issuer, &pem), TLS_CA_BAD_NAME);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ca_chain_verifies), cmocka_unit_test(test_ca_facts),
		cmocka_unit_test(test_ca_names_refused),  cmocka_unit_test(test_ca_key_passphrase),
		cmocka_unit_test(test_ca_request),        cmocka_unit_test(test_ca_crl),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
