#include "tls/shown.h"

#include "base/clean.h"
#include "tls/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tls/test_support.h"

static const char host[] = "mx.example.org";

struct pairs {
	struct test_pair ca, leaf, other, old;
	struct buf chain; /* leaf and CA */
};

static int setup(void **state)
{
	struct pairs *p = calloc(1, sizeof(*p));
	test_pair_make(&p->ca, &(struct test_pair_settings){
				       .type = TEST_EC, .names = "ca", .days = 10, .is_ca = true });
	test_pair_make(&p->leaf,
	               &(struct test_pair_settings){
			       .type = TEST_EC, .names = host, .days = 10, .issuer = &p->ca });
	test_pair_make(&p->old,
	               &(struct test_pair_settings){
			       .type = TEST_EC, .names = host, .days = -1, .issuer = &p->ca });
	test_pair_make(&p->other, &(struct test_pair_settings){
					  .type = TEST_EC, .names = "mx.example.net", .days = 10 });
	assert_int_equal(buf_add(&p->chain, buf_slice(&p->leaf.chain_pem)), 0);
	assert_int_equal(buf_add(&p->chain, buf_slice(&p->ca.chain_pem)), 0);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct pairs *p = *state;
	test_pair_deinit(&p->ca);
	test_pair_deinit(&p->leaf);
	test_pair_deinit(&p->other);
	test_pair_deinit(&p->old);
	buf_deinit(&p->chain);
	free(p);
	return 0;
}

static bool matches(const struct pairs *p, const char *name, const struct tls_record *record)
{
	const struct tls_shown shown = { buf_slice(&p->chain), name };
	bool is;
	assert_int_equal(tls_shown_matches(&shown, record, 1, &is), 0);
	return is;
}

static void test_records(void **state)
{
	const struct pairs *p = *state;
	uint8_t leaf[32], ca[32], other[32];
	assert_true(tls_chain_spki_digest(p->leaf.certificate, leaf));
	assert_true(tls_chain_spki_digest(p->ca.certificate, ca));
	assert_true(tls_chain_spki_digest(p->other.certificate, other));
	const struct {
		struct tls_record record;
		const char *name;
		bool expected;
	} cases[] = {
		{ { 3, 1, 1, slice_of(leaf, 32) }, host, true },
		{ { 3, 1, 1, slice_of(leaf, 32) }, "mx.example.com", true }, /* RFC 7671 5.1 */
		{ { 3, 1, 1, slice_of(other, 32) }, host, false },
		{ { 3, 1, 1, slice_of(leaf, 31) }, host, false },
		{ { 3, 1, 2, slice_of(leaf, 32) }, host, false },
		{ { 3, 1, 3, slice_of(leaf, 32) }, host, false },
		{ { 3, 1, 1, slice_of(ca, 32) }, host, false },
		{ { 2, 1, 1, slice_of(ca, 32) }, host, true },
		{ { 2, 1, 1, slice_of(ca, 32) }, "mx.example.com", false },
		{ { 2, 1, 1, slice_of(leaf, 32) }, host, false },
		{ { 1, 1, 1, slice_of(leaf, 32) }, host, false },
		{ { 3, 0, 1, slice_of(leaf, 32) }, host, false },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		if (matches(p, cases[i].name, &cases[i].record) != cases[i].expected)
			fail_msg("case %zu", i);
}

static void test_record_of_the_whole_certificate(void **state)
{
	const struct pairs *p = *state;
	unsigned char *der = NULL;
	int len = i2d_X509(p->leaf.certificate, &der);
	const struct tls_record record = { 3, 0, 0, slice_of(der, (size_t)len) };
	assert_true(matches(p, host, &record));
	OPENSSL_free(der);
}

static void test_what_to_publish(void **state)
{
	const struct pairs *p = *state;
	char text[TLS_SHOWN_TLSA_CAP];
	uint8_t digest[32];
	char start[16];
	assert_int_equal(tls_shown_tlsa(buf_slice(&p->chain), text), 0);
	assert_true(tls_chain_spki_digest(p->leaf.certificate, digest));
	snprintf(start, sizeof(start), "3 1 1 %02x%02x", digest[0], digest[1]);
	assert_memory_equal(text, start, strlen(start));
	assert_int_equal(strlen(text), 6 + 64);
}

static void test_pkix(void **state)
{
	const struct pairs *p = *state;
	struct slice ca = buf_slice(&p->ca.chain_pem);
	const struct {
		struct slice chain, ca;
		const char *name;
		enum tls_proof_result expected;
	} cases[] = {
		{ buf_slice(&p->chain), ca, host, TLS_PROOF_HOLDS },
		{ buf_slice(&p->leaf.chain_pem), ca, host, TLS_PROOF_HOLDS },
		{ buf_slice(&p->chain), ca, "mx.example.com", TLS_PROOF_WRONG_NAME },
		{ buf_slice(&p->chain), {}, host, TLS_PROOF_NOT_TRUSTED },
		{ buf_slice(&p->other.chain_pem), ca, "mx.example.net", TLS_PROOF_NOT_TRUSTED },
		{ buf_slice(&p->old.chain_pem), ca, host, TLS_PROOF_EXPIRED },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct tls_shown shown = { cases[i].chain, cases[i].name };
		enum tls_proof_result result;
		assert_int_equal(tls_shown_pkix(&shown, cases[i].ca, time(NULL), &result), 0);
		if (result != cases[i].expected)
			fail_msg("case %zu: %d", i, result);
	}
}

static void test_name(void **state)
{
	const struct pairs *p = *state;
	bool has;
	assert_int_equal(
		tls_shown_has_name(&(struct tls_shown){ buf_slice(&p->chain), host }, &has), 0);
	assert_true(has);
	assert_int_equal(
		tls_shown_has_name(&(struct tls_shown){ buf_slice(&p->chain), "ca" }, &has), 0);
	assert_false(has);
}

static void test_no_certificate(void **state)
{
	const struct tls_shown shown = { slice_str("nothing"), host };
	enum tls_proof_result result;
	bool is;
	(void)state;
	assert_int_equal(tls_shown_matches(&shown, NULL, 0, &is), TLS_CHAIN_EMPTY);
	assert_int_equal(tls_shown_pkix(&shown, (struct slice){}, 0, &result),
	                 TLS_CHAIN_EMPTY + TLS_SHOWN_CHAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_record_of_the_whole_certificate),
		cmocka_unit_test(test_what_to_publish),
		cmocka_unit_test(test_pkix),
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_no_certificate),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
