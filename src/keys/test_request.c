/* Requests and stand-ins are for the key and the names, and a CA's view has its digest. */
#include "base/clean.h"
#include "keys/request.h"
#include "keys/selfsigned.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after those */
#include <cmocka.h>
#include <openssl/pem.h>
#include <string.h>

static const char *const names[] = { "mx.example.org", "*.example.net" };

static BIO *bio_of(const struct buf *pem)
{
	struct slice s = buf_slice(pem);
	return BIO_new_mem_buf(s.data, (int)s.len);
}

static void names_check(GENERAL_NAMES *list)
{
	assert_int_equal(sk_GENERAL_NAME_num(list), 2);
	for (int i = 0; i < 2; i++) {
		const ASN1_STRING *text = sk_GENERAL_NAME_value(list, i)->d.dNSName;
		assert_int_equal(ASN1_STRING_length(text), strlen(names[i]));
		assert_memory_equal(ASN1_STRING_get0_data(text), names[i], strlen(names[i]));
	}
	GENERAL_NAMES_free(list);
}

static void test_request_of(enum keys_kind kind)
{
	CLEAN(buf_deinit_secret) struct buf key_pem = {};
	CLEAN(buf_deinit) struct buf pem = {};
	EVP_PKEY *key = keys_key_new(kind);
	assert_int_equal(keys_key_write(&key_pem, key), 0);
	EVP_PKEY *again = keys_key_read(buf_slice(&key_pem));
	assert_int_equal(EVP_PKEY_eq(key, again), 1);
	assert_int_equal(keys_request_make(&pem, again, names, 2), 0);
	BIO *bio = bio_of(&pem);
	X509_REQ *request = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
	assert_non_null(request);
	assert_int_equal(X509_REQ_verify(request, key), 1);
	STACK_OF(X509_EXTENSION) *list = X509_REQ_get_extensions(request);
	names_check(X509V3_get_d2i(list, NID_subject_alt_name, NULL, NULL));
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	X509_REQ_free(request);
	BIO_free(bio);
	EVP_PKEY_free(key);
	EVP_PKEY_free(again);
}

static void test_request(void **state)
{
	CLEAN(buf_deinit) struct buf pem = {};
	(void)state;
	test_request_of(KEYS_P256);
	test_request_of(KEYS_RSA2048);
	EVP_PKEY *key = keys_key_new(KEYS_P256);
	assert_true(keys_request_make(&pem, key, names, 0) < 0);
	EVP_PKEY_free(key);
	assert_null(keys_key_read(slice_str("-----BEGIN PRIVATE KEY-----\nMIG\n")));
}

static void test_certificate_for_a_ca(void **state)
{
	uint8_t digest[KEYS_DIGEST_LEN];
	CLEAN(buf_deinit) struct buf pem = {};
	EVP_PKEY *key = keys_key_new(KEYS_P256);
	(void)state;
	memset(digest, 0xab, sizeof(digest));
	const struct keys_certificate what = { names, 2, digest };
	assert_int_equal(keys_certificate_make(&pem, key, &what), 0);
	BIO *bio = bio_of(&pem);
	X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	ASN1_OBJECT *id = OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1);
	int at = X509_get_ext_by_OBJ(certificate, id, -1);
	assert_true(at >= 0);
	X509_EXTENSION *extension = X509_get_ext(certificate, at);
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(extension);
	assert_true(X509_EXTENSION_get_critical(extension));
	assert_int_equal(ASN1_STRING_length(value), 2 + KEYS_DIGEST_LEN);
	assert_int_equal(ASN1_STRING_get0_data(value)[0], 4);
	assert_memory_equal(ASN1_STRING_get0_data(value) + 2, digest, sizeof(digest));
	names_check(X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL));
	assert_int_equal(X509_verify(certificate, key), 1);
	ASN1_OBJECT_free(id);
	X509_free(certificate);
	BIO_free(bio);
	EVP_PKEY_free(key);
}

static void test_certificate_needs_a_name(void **state)
{
	static const char *const bad[] = { "" };
	CLEAN(buf_deinit) struct buf pem = {};
	EVP_PKEY *key = keys_key_new(KEYS_P256);
	(void)state;
	const struct keys_certificate none = {}, empty = { bad, 1, NULL };
	assert_true(keys_certificate_make(&pem, key, &none) < 0);
	assert_true(keys_certificate_make(&pem, key, &empty) < 0);
	EVP_PKEY_free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_certificate_for_a_ca),
		cmocka_unit_test(test_certificate_needs_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
