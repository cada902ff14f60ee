#include "tls/staple.h"

#include "base/buf.h"
#include "base/clean.h"

#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct party {
	EVP_PKEY *key;
	X509 *certificate;
};

static void extension_add(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
}

/* issuer: NULL: itself */
static struct party party_make(const char *name, const struct party *issuer, bool is_responder)
{
	static long serial = 1;
	struct party p = { .key = EVP_EC_gen("P-256"), .certificate = X509_new() };
	X509_NAME *subject = X509_get_subject_name(p.certificate);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const uint8_t *)name, -1, -1, 0);
	X509_set_version(p.certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(p.certificate), serial++);
	X509_set_issuer_name(p.certificate,
	                     issuer ? X509_get_subject_name(issuer->certificate) : subject);
	X509_gmtime_adj(X509_getm_notBefore(p.certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(p.certificate), 3600);
	X509_set_pubkey(p.certificate, p.key);
	if (!issuer)
		extension_add(p.certificate, NID_basic_constraints, "critical,CA:TRUE");
	if (is_responder)
		extension_add(p.certificate, NID_ext_key_usage, "OCSPSigning");
	X509_sign(p.certificate, issuer ? issuer->key : p.key, EVP_sha256());
	return p;
}

static void party_end(struct party *p)
{
	EVP_PKEY_free(p->key);
	X509_free(p->certificate);
}

static void certificate_add(struct buf *out, X509 *x)
{
	uint8_t *der = NULL;
	int len = i2d_X509(x, &der);
	assert_int_equal(buf_add(out, slice_of(der, (size_t)len)), 0);
	OPENSSL_free(der);
}

struct answer {
	const struct party *of, *issuer, *signer;
	int status;
	int until_s;
};

static void staple_make(struct buf *out, const struct answer *a)
{
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	OCSP_CERTID *id = OCSP_cert_to_id(NULL, a->of->certificate, a->issuer->certificate);
	ASN1_TIME *since = X509_gmtime_adj(NULL, -7200);
	ASN1_TIME *until = X509_gmtime_adj(NULL, a->until_s);
	bool is_revoked = a->status == V_OCSP_CERTSTATUS_REVOKED;
	OCSP_basic_add1_status(basic, id, a->status, 0, is_revoked ? since : NULL, since, until);
	assert_int_equal(OCSP_basic_sign(basic, a->signer->certificate, a->signer->key,
	                                 EVP_sha256(), NULL, 0),
	                 1);
	OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	uint8_t *der = NULL;
	int len = i2d_OCSP_RESPONSE(response, &der);
	assert_int_equal(buf_add(out, slice_of(der, (size_t)len)), 0);
	OPENSSL_free(der);
	OCSP_RESPONSE_free(response);
	OCSP_BASICRESP_free(basic);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(since);
	ASN1_TIME_free(until);
}

static void test_staple_is_read(void **state)
{
	(void)state;
	struct party ca = party_make("ca", NULL, false), other = party_make("other", NULL, false);
	struct party leaf = party_make("leaf", &ca, false), sibling = party_make("two", &ca, false);
	struct party responder = party_make("responder", &ca, true);
	const struct {
		const char *name;
		struct answer answer;
		enum tls_staple expected;
	} cases[] = {
		{ "good", { &leaf, &ca, &ca, V_OCSP_CERTSTATUS_GOOD, 3600 }, TLS_STAPLE_GOOD },
		{ "revoked",
		  { &leaf, &ca, &ca, V_OCSP_CERTSTATUS_REVOKED, 3600 },
		  TLS_STAPLE_REVOKED },
		{ "by a delegate",
		  { &leaf, &ca, &responder, V_OCSP_CERTSTATUS_REVOKED, 3600 },
		  TLS_STAPLE_REVOKED },
		{ "by one who may not",
		  { &leaf, &ca, &sibling, V_OCSP_CERTSTATUS_GOOD, 3600 },
		  TLS_STAPLE_BAD },
		{ "by a stranger",
		  { &leaf, &ca, &other, V_OCSP_CERTSTATUS_GOOD, 3600 },
		  TLS_STAPLE_BAD },
		{ "out of date",
		  { &leaf, &ca, &ca, V_OCSP_CERTSTATUS_GOOD, -3600 },
		  TLS_STAPLE_BAD },
		{ "of another",
		  { &sibling, &ca, &ca, V_OCSP_CERTSTATUS_GOOD, 3600 },
		  TLS_STAPLE_UNKNOWN },
		{ "unknown",
		  { &leaf, &ca, &ca, V_OCSP_CERTSTATUS_UNKNOWN, 3600 },
		  TLS_STAPLE_UNKNOWN },
	};
	struct buf chain = {};
	certificate_add(&chain, leaf.certificate);
	certificate_add(&chain, ca.certificate);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct buf staple = {};
		staple_make(&staple, &cases[i].answer);
		if (tls_staple_read(buf_slice(&chain), buf_slice(&staple)) != cases[i].expected)
			fail_msg("%s", cases[i].name);
		/* Cut anywhere it is nothing. */
		for (size_t n = 0; n < buf_len(&staple); n += 7)
			assert_int_equal(tls_staple_read(buf_slice(&chain),
			                                 slice_head(buf_slice(&staple), n)),
			                 TLS_STAPLE_BAD);
		buf_deinit(&staple);
	}
	assert_int_equal(tls_staple_read((struct slice){}, slice_str("x")), TLS_STAPLE_BAD);
	buf_deinit(&chain);
	party_end(&ca);
	party_end(&other);
	party_end(&leaf);
	party_end(&sibling);
	party_end(&responder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_staple_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
