#include "base/clean.h"
#include "tls/chain.h"
#include "tls/inspect.h"
#include "tls/test_support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <openssl/ct.h>
#include <openssl/x509v3.h>
#include <time.h>

/* A root, what it issued, what that issued, and one that stands alone. */
static struct world {
	struct test_pair root, issuing, leaf, alone;
} world;

static int world_make(void **state)
{
	(void)state;
	test_pair_make(&world.root, &(struct test_pair_settings){
					    .type = TEST_RSA, .days = 300, .is_ca = true });
	test_pair_make(&world.issuing, &(struct test_pair_settings){ .type = TEST_EC_P384,
	                                                             .days = 200,
	                                                             .issuer = &world.root,
	                                                             .is_ca = true });
	test_pair_make(&world.leaf,
	               &(struct test_pair_settings){ .type = TEST_RSA,
	                                             .names = "mx.example.org,*.Mail.example.org",
	                                             .days = 30,
	                                             .issuer = &world.issuing });
	test_pair_make(&world.alone, &(struct test_pair_settings){
					     .type = TEST_EC, .names = "a.test", .days = 30 });
	return 0;
}

static int world_end(void **state)
{
	(void)state;
	test_pair_deinit(&world.root);
	test_pair_deinit(&world.issuing);
	test_pair_deinit(&world.leaf);
	test_pair_deinit(&world.alone);
	return 0;
}

static void der_add(struct buf *der, const X509 *certificate)
{
	unsigned char *bytes = NULL;
	int len = i2d_X509(certificate, &bytes);
	assert_true(len > 0);
	assert_int_equal(buf_add(der, slice_of(bytes, (size_t)len)), 0);
	OPENSSL_free(bytes);
}

static void chain_make(struct buf *ret_der, const struct test_pair *const *pairs)
{
	for (; *pairs; pairs++)
		der_add(ret_der, (*pairs)->certificate);
}

static void inspect_one(struct tls_inspection *ret, const struct test_pair *pair)
{
	struct buf der = {};
	der_add(&der, pair->certificate);
	assert_int_equal(tls_inspect(ret, buf_slice(&der)), 0);
	buf_deinit(&der);
}

static void test_inspect_chain(void **state)
{
	const struct test_pair *const pairs[] = { &world.leaf, &world.issuing, &world.root, NULL };
	struct tls_inspection in;
	struct buf der = {};
	uint8_t spki[32];
	(void)state;
	chain_make(&der, pairs);
	assert_int_equal(tls_inspect(&in, buf_slice(&der)), 0);
	assert_int_equal(in.count, 3);
	assert_int_equal(in.sent_count, 3);
	assert_true(in.is_in_order && in.has_root && in.has_wildcard);
	assert_false(in.has_duplicate || in.has_must_staple);
	assert_int_equal(in.sct_count, 0);
	assert_string_equal(in.names, "*.mail.example.org,mx.example.org");
	assert_int_equal(in.name_count, 2);
	const struct tls_inspected *leaf = &in.certificates[0];
	assert_string_equal(leaf->subject, "CN=test-cn");
	assert_string_equal(leaf->cn, "test-cn");
	assert_string_equal(leaf->key, "RSA 2048");
	assert_string_equal(leaf->curve, "");
	assert_int_equal(leaf->key_bits, 2048);
	assert_string_equal(leaf->signature, "ecdsa-with-SHA256");
	assert_string_equal(leaf->issuer, in.certificates[1].subject);
	assert_true(leaf->is_issued_by_next);
	assert_false(leaf->is_ca || leaf->is_self_signed || leaf->has_ocsp_url);
	int64_t left = leaf->not_after_s - time(NULL) - 30 * 86400LL;
	assert_true(left > -3600 && left < 3600);
	assert_true(leaf->not_before_s && leaf->not_before_s < leaf->not_after_s);
	assert_true(tls_chain_spki_digest(world.leaf.certificate, spki));
	assert_memory_equal(leaf->spki, spki, sizeof(spki));
	assert_string_equal(in.certificates[1].curve, "P-384");
	assert_int_equal(in.certificates[1].key_bits, 384);
	assert_string_equal(in.certificates[1].signature, "sha256WithRSAEncryption");
	assert_true(in.certificates[1].is_ca && in.certificates[2].is_self_signed);
	assert_false(in.certificates[2].is_issued_by_next);
	tls_inspection_deinit(&in);
	buf_deinit(&der);
}

static void test_inspect_order(void **state)
{
	static const struct {
		const struct test_pair *pairs[5];
		bool is_in_order, has_root, has_duplicate;
	} cases[] = {
		{ { &world.leaf }, true, false, false },
		{ { &world.alone }, true, false, false },
		{ { &world.leaf, &world.issuing }, true, false, false },
		{ { &world.leaf, &world.root, &world.issuing }, false, true, false },
		{ { &world.leaf, &world.alone }, false, true, false },
		{ { &world.issuing, &world.leaf }, false, false, false },
		{ { &world.leaf, &world.leaf, &world.issuing }, false, false, true },
		{ { &world.leaf, &world.issuing, &world.root, &world.root }, true, true, true },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct tls_inspection in;
		struct buf der = {};
		chain_make(&der, cases[i].pairs);
		assert_int_equal(tls_inspect(&in, buf_slice(&der)), 0);
		assert_int_equal(in.is_in_order, cases[i].is_in_order);
		assert_int_equal(in.has_root, cases[i].has_root);
		assert_int_equal(in.has_duplicate, cases[i].has_duplicate);
		tls_inspection_deinit(&in);
		buf_deinit(&der);
	}
}

/* What is behind the leaf may be anything, and as much of it as goes into a message. */
static void test_inspect_bounds(void **state)
{
	struct tls_inspection in;
	struct buf der = {};
	(void)state;
	for (int i = 0; i < 20; i++)
		der_add(&der, world.alone.certificate);
	assert_int_equal(tls_inspect(&in, buf_slice(&der)), 0);
	assert_int_equal(in.count, TLS_INSPECT_CERTIFICATES_MAX);
	assert_int_equal(in.sent_count, 20);
	tls_inspection_deinit(&in);
	while (buf_len(&der) <= TLS_INSPECT_LEN_MAX)
		der_add(&der, world.alone.certificate);
	assert_int_equal(tls_inspect(&in, buf_slice(&der)), TLS_INSPECT_BAD);
	buf_clear(&der);
	der_add(&der, world.alone.certificate);
	assert_int_equal(buf_add_str(&der, "anything"), 0);
	assert_int_equal(tls_inspect(&in, buf_slice(&der)), 0);
	assert_int_equal(in.sent_count, 1);
	tls_inspection_deinit(&in);
	struct slice cut = buf_slice(&der);
	assert_int_equal(tls_inspect(&in, slice_head(cut, cut.len - 9)), TLS_INSPECT_BAD);
	assert_int_equal(tls_inspect(&in, slice_str("anything")), TLS_INSPECT_BAD);
	assert_int_equal(tls_inspect(&in, (struct slice){}), TLS_INSPECT_EMPTY);
	assert_int_equal(tls_inspect(&in, slice_str("-----BEGIN CERTIFICATE-----\nAAAA\n")),
	                 TLS_INSPECT_BAD);
	buf_deinit(&der);
}

static void test_inspect_pem(void **state)
{
	struct tls_inspection in;
	struct tls_inspection same;
	(void)state;
	inspect_one(&in, &world.alone);
	assert_int_equal(tls_inspect(&same, buf_slice(&world.alone.chain_pem)), 0);
	assert_memory_equal(in.certificates[0].sha256, same.certificates[0].sha256, 32);
	assert_string_equal(in.names, same.names);
	assert_true(same.certificates[0].is_self_signed);
	assert_string_equal(same.certificates[0].key, "EC P-256");
	tls_inspection_deinit(&in);
	tls_inspection_deinit(&same);
}

/* A certificate of its own, to be changed. */
static void changeable_make(struct test_pair *ret_pair)
{
	test_pair_make(ret_pair, &(struct test_pair_settings){
					 .type = TEST_RSA, .names = "b.test", .days = 30 });
}

static void extension_add(struct test_pair *pair, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	assert_non_null(extension);
	assert_true(X509_add_ext(pair->certificate, extension, -1));
	X509_EXTENSION_free(extension);
}

static void sct_add(struct test_pair *pair, size_t count)
{
	STACK_OF(SCT) *list = sk_SCT_new_null();
	for (size_t i = 0; i < count; i++) {
		uint8_t bytes[CT_V1_HASHLEN] = { (uint8_t)i };
		SCT *sct = SCT_new();
		assert_true(SCT_set_version(sct, SCT_VERSION_V1));
		assert_true(SCT_set1_log_id(sct, bytes, sizeof(bytes)));
		SCT_set_timestamp(sct, 1);
		assert_true(SCT_set_signature_nid(sct, NID_ecdsa_with_SHA256));
		assert_true(SCT_set1_signature(sct, bytes, sizeof(bytes)));
		assert_true(sk_SCT_push(list, sct));
	}
	assert_int_equal(X509_add1_ext_i2d(pair->certificate, NID_ct_precert_scts, list, 0, 0), 1);
	SCT_LIST_free(list);
}

static void test_inspect_extensions(void **state)
{
	struct test_pair pair;
	struct tls_inspection in;
	(void)state;
	changeable_make(&pair);
	extension_add(&pair, NID_tlsfeature, "status_request");
	extension_add(&pair, NID_info_access, "OCSP;URI:http://ocsp.test/");
	sct_add(&pair, 3);
	int at = X509_get_ext_by_NID(pair.certificate, NID_basic_constraints, -1);
	X509_EXTENSION_free(X509_delete_ext(pair.certificate, at));
	extension_add(&pair, NID_basic_constraints, "CA:TRUE");
	assert_true(X509_sign(pair.certificate, pair.key, EVP_sha256()) > 0);
	inspect_one(&in, &pair);
	assert_true(in.has_must_staple);
	assert_true(in.certificates[0].has_ocsp_url);
	assert_true(in.certificates[0].is_ca);
	assert_int_equal(in.sct_count, 3);
	tls_inspection_deinit(&in);
	test_pair_deinit(&pair);
}

/* Twice the same extension is none (RFC 5280 4.2). */
static void test_inspect_extension_twice(void **state)
{
	struct test_pair pair;
	struct tls_inspection in;
	(void)state;
	changeable_make(&pair);
	extension_add(&pair, NID_tlsfeature, "status_request");
	extension_add(&pair, NID_tlsfeature, "status_request");
	extension_add(&pair, NID_subject_alt_name, "DNS:c.test");
	assert_true(X509_sign(pair.certificate, pair.key, EVP_sha256()) > 0);
	inspect_one(&in, &pair);
	assert_false(in.has_must_staple);
	assert_string_equal(in.names, "");
	tls_inspection_deinit(&in);
	test_pair_deinit(&pair);
}

static void sign_pss(struct test_pair *pair)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *key = NULL;
	assert_int_equal(EVP_DigestSignInit(context, &key, EVP_sha256(), NULL, pair->key), 1);
	assert_true(EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PSS_PADDING) > 0);
	assert_true(X509_sign_ctx(pair->certificate, context) > 0);
	EVP_MD_CTX_free(context);
}

static void test_inspect_signatures(void **state)
{
	static const struct {
		const EVP_MD *(*digest)(void);
		const char *words;
		bool is_sha1, is_md5;
	} cases[] = {
		{ EVP_sha512, "sha512WithRSAEncryption", false, false },
		{ EVP_sha1, "sha1WithRSAEncryption", true, false },
		{ EVP_md5, "md5WithRSAEncryption", false, true },
		{ NULL, "RSASSA-PSS sha256", false, false },
	};
	struct test_pair pair;
	(void)state;
	changeable_make(&pair);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct tls_inspection in;
		if (cases[i].digest)
			assert_true(X509_sign(pair.certificate, pair.key, cases[i].digest()) > 0);
		else
			sign_pss(&pair);
		inspect_one(&in, &pair);
		assert_string_equal(in.certificates[0].signature, cases[i].words);
		assert_int_equal(in.certificates[0].is_sha1_signed, cases[i].is_sha1);
		assert_int_equal(in.certificates[0].is_md5_signed, cases[i].is_md5);
		tls_inspection_deinit(&in);
	}
	test_pair_deinit(&pair);
}

/* A signature that is wrong makes neither an issuer nor a root. */
static void test_inspect_forged(void **state)
{
	const struct test_pair *pairs[] = { NULL, &world.issuing, NULL };
	struct test_pair pair;
	struct tls_inspection in;
	struct buf der = {};
	(void)state;
	changeable_make(&pair);
	X509_set_issuer_name(pair.certificate, X509_get_subject_name(world.issuing.certificate));
	assert_true(X509_sign(pair.certificate, pair.key, EVP_sha256()) > 0);
	pairs[0] = &pair;
	chain_make(&der, pairs);
	assert_int_equal(tls_inspect(&in, buf_slice(&der)), 0);
	assert_false(in.certificates[0].is_issued_by_next || in.is_in_order);
	tls_inspection_deinit(&in);
	buf_deinit(&der);
	test_pair_deinit(&pair);
}

static void assert_printable(const char *text)
{
	for (; *text; text++)
		assert_in_range(*text, ' ', '~');
}

static void test_inspect_hostile_text(void **state)
{
	static const unsigned char evil[] = "\x1b[31m<b>\n\"&,\xc3\xa4\0x";
	unsigned char longest[200];
	struct test_pair pair;
	struct tls_inspection in;
	(void)state;
	memset(longest, 'a', sizeof(longest));
	changeable_make(&pair);
	X509_NAME *name = X509_get_subject_name(pair.certificate);
	for (int i = 0; i < 5; i++)
		assert_true(X509_NAME_add_entry_by_NID(name, NID_title, V_ASN1_UTF8STRING, longest,
		                                       60, -1, 0));
	assert_true(X509_NAME_add_entry_by_NID(name, NID_commonName, V_ASN1_UTF8STRING,
	                                       (unsigned char *)evil, sizeof(evil) - 1, -1, 0));
	X509_set_issuer_name(pair.certificate, name);
	assert_true(X509_sign(pair.certificate, pair.key, EVP_sha256()) > 0);
	inspect_one(&in, &pair);
	const struct tls_inspected *leaf = &in.certificates[0];
	assert_printable(leaf->subject);
	assert_printable(leaf->issuer);
	assert_string_equal(leaf->cn, "?[31m<b>?\"&,???x");
	assert_string_equal(leaf->subject, leaf->issuer);
	assert_int_equal(strlen(leaf->subject), sizeof(leaf->subject) - 1);
	tls_inspection_deinit(&in);
	test_pair_deinit(&pair);
}

static void test_inspect_names(void **state)
{
	static const struct {
		const char *name;
		enum tls_inspect_name result;
	} cases[] = {
		{ "mx.example.org", TLS_INSPECT_NAME_MATCHES },
		{ "MX.example.org.", TLS_INSPECT_NAME_MATCHES },
		{ "a.mail.example.org", TLS_INSPECT_NAME_WILDCARD },
		{ "*.mail.example.org", TLS_INSPECT_NAME_MATCHES },
		{ "a.b.mail.example.org", TLS_INSPECT_NAME_MISSING },
		{ "mail.example.org", TLS_INSPECT_NAME_MISSING },
		{ ".mail.example.org", TLS_INSPECT_NAME_MISSING },
		{ "test-cn", TLS_INSPECT_NAME_CN_ONLY },
		{ "mx.example.or", TLS_INSPECT_NAME_MISSING },
		{ "", TLS_INSPECT_NAME_MISSING },
		{ ".", TLS_INSPECT_NAME_MISSING },
	};
	struct tls_inspection in;
	(void)state;
	inspect_one(&in, &world.leaf);
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(tls_inspect_name(&in, cases[i].name), cases[i].result);
	tls_inspection_deinit(&in);
}

static void test_inspect_trusted(void **state)
{
	static const struct {
		const struct test_pair *pairs[4];
		const char *name;
		int days; /* from now */
		enum tls_proof_result result;
	} cases[] = {
		{ { &world.leaf, &world.issuing }, "mx.example.org", 0, TLS_PROOF_HOLDS },
		{ { &world.leaf, &world.issuing }, NULL, 0, TLS_PROOF_HOLDS },
		{ { &world.leaf, &world.root, &world.issuing },
		  "x.mail.example.org",
		  0,
		  TLS_PROOF_HOLDS },
		{ { &world.leaf, &world.issuing }, "example.org", 0, TLS_PROOF_WRONG_NAME },
		{ { &world.leaf, &world.issuing }, "mx.example.org", 31, TLS_PROOF_EXPIRED },
		{ { &world.leaf, &world.issuing }, "mx.example.org", -25, TLS_PROOF_EXPIRED },
		{ { &world.leaf }, "mx.example.org", 0, TLS_PROOF_NOT_TRUSTED },
		{ { &world.alone }, "a.test", 0, TLS_PROOF_NOT_TRUSTED },
		{ { &world.alone, &world.root }, "a.test", 0, TLS_PROOF_NOT_TRUSTED },
	};
	struct tls_roots *roots = NULL;
	(void)state;
	assert_int_equal(tls_roots_new(&roots, buf_slice(&world.root.chain_pem)), 0);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct tls_trust trust;
		struct buf der = {};
		chain_make(&der, cases[i].pairs);
		struct tls_trust_question question = { .chain = buf_slice(&der),
			                               .name = cases[i].name,
			                               .now_s = time(NULL) +
			                                        cases[i].days * 86400LL };
		assert_int_equal(tls_inspect_trust(&trust, roots, &question), 0);
		assert_int_equal(trust.result, cases[i].result);
		assert_true(trust.why[0]);
		buf_deinit(&der);
	}
	tls_roots_free(roots);
}

static void test_inspect_trust_without_certificates(void **state)
{
	struct tls_roots *roots = NULL;
	struct tls_trust trust;
	(void)state;
	assert_int_equal(tls_roots_new(&roots, slice_str("")), TLS_CHAIN_EMPTY);
	assert_int_equal(tls_roots_new(&roots, slice_str("-----BEGIN CERTIFICATE-----\nAA")),
	                 TLS_CHAIN_BAD);
	assert_null(roots);
	assert_int_equal(tls_roots_new(&roots, buf_slice(&world.root.chain_pem)), 0);
	struct tls_trust_question question = { .chain = slice_str("x") };
	assert_int_equal(tls_inspect_trust(&trust, roots, &question), TLS_INSPECT_BAD);
	question.chain.len = 0;
	assert_int_equal(tls_inspect_trust(&trust, roots, &question), TLS_INSPECT_EMPTY);
	tls_roots_free(roots);
	tls_roots_free(NULL);
}

/* A server that is known by its address has that in its certificate. */
static void test_inspect_address(void **state)
{
	static const struct {
		const char *name;
		bool is_there;
	} rows[] = {
		{ "192.0.2.7", true },  { "2001:db8::7", true }, { "2001:db8:0::7", true },
		{ "192.0.2.8", false }, { "b.test", false },
	};
	struct test_pair pair;
	struct tls_roots *roots;
	struct buf der = {};
	changeable_make(&pair);
	int at = X509_get_ext_by_NID(pair.certificate, NID_subject_alt_name, -1);
	X509_EXTENSION_free(X509_delete_ext(pair.certificate, at));
	extension_add(&pair, NID_subject_alt_name, "IP:192.0.2.7,IP:2001:db8::7");
	assert_true(X509_sign(pair.certificate, pair.key, EVP_sha256()) > 0);
	der_add(&der, pair.certificate);
	assert_int_equal(tls_roots_new(&roots, buf_slice(&world.root.chain_pem)), 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct tls_trust trust;
		const struct tls_trust_question question = { buf_slice(&der), rows[i].name,
			                                     time(NULL) };
		assert_int_equal(tls_inspect_trust(&trust, roots, &question), 0);
		assert_int_equal(trust.has_name, rows[i].is_there);
	}
	tls_roots_free(roots);
	buf_deinit(&der);
	test_pair_deinit(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inspect_chain),
		cmocka_unit_test(test_inspect_order),
		cmocka_unit_test(test_inspect_bounds),
		cmocka_unit_test(test_inspect_pem),
		cmocka_unit_test(test_inspect_extensions),
		cmocka_unit_test(test_inspect_extension_twice),
		cmocka_unit_test(test_inspect_address),
		cmocka_unit_test(test_inspect_signatures),
		cmocka_unit_test(test_inspect_forged),
		cmocka_unit_test(test_inspect_hostile_text),
		cmocka_unit_test(test_inspect_names),
		cmocka_unit_test(test_inspect_trusted),
		cmocka_unit_test(test_inspect_trust_without_certificates),
	};
	return cmocka_run_group_tests(tests, world_make, world_end);
}
