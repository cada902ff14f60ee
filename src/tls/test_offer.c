#include "base/clean.h"
#include "tls/hello.h"
#include "tls/iana.h"
#include "tls/offer.h"
#include "tls/test_raw.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const uint8_t seed[TLS_OFFER_RANDOM_LEN] = { 7 };

static void write_offer(const struct tls_offer *offer, struct buf *ret_bytes)
{
	assert_int_equal(tls_offer_write(offer, seed, ret_bytes), 0);
}

/* What is written is what the reader of an edge reads. */
static void test_offer_kinds_as_read(void **state)
{
	static const struct {
		uint16_t record, version, highest;
		size_t suites_min;
	} cases[TLS_OFFER_KIND_COUNT] = {
		[TLS_OFFER_13] = { 0x0301, 0x0303, 0x0304, 5 },
		[TLS_OFFER_12] = { 0x0301, 0x0303, 0x0303, 64 },
		[TLS_OFFER_11] = { 0x0301, 0x0302, 0x0302, 64 },
		[TLS_OFFER_10] = { 0x0301, 0x0301, 0x0301, 64 },
		[TLS_OFFER_SSL3] = { 0x0300, 0x0300, 0x0300, 64 },
		[TLS_OFFER_WEAK] = { 0x0301, 0x0303, 0x0303, 64 },
		[TLS_OFFER_POST_QUANTUM] = { 0x0301, 0x0303, 0x0304, 5 },
		[TLS_OFFER_SHA1] = { 0x0301, 0x0303, 0x0303, 20 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct buf bytes = {};
		struct tls_offer offer;
		struct tls_hello hello;
		tls_offer_init(&offer, (enum tls_offer_kind)i, "mx.example.org");
		write_offer(&offer, &bytes);
		assert_int_equal(tls_hello_parse(buf_slice(&bytes), &hello), 0);
		struct slice wire = buf_slice(&bytes);
		assert_int_equal(wire.data[1] << 8 | wire.data[2], cases[i].record);
		assert_int_equal(wire.len, 5 + (wire.data[3] << 8 | wire.data[4]));
		assert_int_equal(hello.legacy_version, cases[i].version);
		assert_int_equal(hello.max_version, cases[i].highest);
		assert_string_equal(hello.sni, i == TLS_OFFER_SSL3 ? "" : "mx.example.org");
		assert_in_range(offer.suite_count, cases[i].suites_min, TLS_OFFER_SUITES_MAX);
		assert_memory_equal(hello.suites, offer.suites, 2 * offer.suite_count);
		assert_int_equal(hello.suite_count,
		                 offer.suite_count + offer.has_renegotiation_scsv);
		assert_true(wire.len - 5 < 256 || wire.len - 5 >= 512);
		assert_non_null(tls_offer_kind_name((enum tls_offer_kind)i));
		buf_deinit(&bytes);
	}
}

static void test_offer_lists_as_read(void **state)
{
	struct buf bytes = {};
	struct tls_offer offer;
	struct tls_hello hello;
	(void)state;
	tls_offer_init(&offer, TLS_OFFER_12, NULL);
	offer.alpn[0] = "imap";
	offer.alpn[1] = "http/1.1";
	write_offer(&offer, &bytes);
	assert_int_equal(tls_hello_parse(buf_slice(&bytes), &hello), 0);
	assert_int_equal(hello.group_count, offer.group_count);
	assert_memory_equal(hello.groups, offer.groups, 2 * offer.group_count);
	assert_int_equal(hello.sigalg_count, offer.scheme_count);
	assert_memory_equal(hello.sigalgs, offer.schemes, 2 * offer.scheme_count);
	assert_string_equal(hello.alpn, "imap");
	assert_string_equal(hello.sni, "");
	buf_deinit(&bytes);
}

static void test_offer_same_seed_same_bytes(void **state)
{
	static const uint8_t other[TLS_OFFER_RANDOM_LEN] = { 8 };
	struct buf a = {};
	struct buf b = {};
	struct buf c = {};
	struct tls_offer offer;
	(void)state;
	tls_offer_init(&offer, TLS_OFFER_13, NULL);
	offer.has_grease = true;
	write_offer(&offer, &a);
	write_offer(&offer, &b);
	assert_int_equal(tls_offer_write(&offer, other, &c), 0);
	assert_true(slice_equal(buf_slice(&a), buf_slice(&b)));
	assert_int_equal(buf_len(&a), buf_len(&c));
	assert_false(slice_equal(buf_slice(&a), buf_slice(&c)));
	buf_deinit(&a);
	buf_deinit(&b);
	buf_deinit(&c);
}

static void test_offer_padded(void **state)
{
	static const size_t lengths[] = { 0, 100, 512, 4096, 100000 };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		struct buf bytes = {};
		struct tls_offer offer;
		struct tls_hello hello;
		tls_offer_init(&offer, TLS_OFFER_13, "mx.example.org");
		offer.padded_len = lengths[i];
		write_offer(&offer, &bytes);
		assert_int_equal(tls_hello_parse(buf_slice(&bytes), &hello), 0);
		size_t len = buf_len(&bytes) - 5;
		if (lengths[i] > 500)
			assert_int_equal(len, lengths[i] < 8192 ? lengths[i] : 8192);
		else
			assert_in_range(len, 200, 500);
		buf_deinit(&bytes);
	}
}

/* RFC 8446 4.2.8.2, RFC 7748, FIPS 203 7.2: a share that is none would end the handshake. */
static void test_offer_shares_are_valid(void **state)
{
	static const struct {
		const char *name;
		uint16_t group;
	} cases[] = { { "X25519", 29 }, { "X448", 30 },  { "P-256", 23 },
		      { "P-384", 24 },  { "P-521", 25 }, { "X25519MLKEM768", 0x11ec } };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct test_raw raw;
		struct tls_answer answer;
		struct tls_offer offer;
		if (!test_raw_has_group(cases[i].name)) {
			print_message("this library has no %s\n", cases[i].name);
			continue;
		}
		test_raw_init(&raw, &(struct test_raw_settings){ .has_rsa = true,
		                                                 .groups = cases[i].name });
		tls_offer_init(&offer, TLS_OFFER_13, NULL);
		offer.shares[0] = cases[i].group;
		offer.share_count = 1;
		assert_true(tls_offer_has_share(cases[i].group));
		assert_int_equal(test_raw_ask(&raw, &offer, &answer), 0);
		assert_int_equal(answer.kind, TLS_ANSWER_HELLO);
		assert_int_equal(answer.group, cases[i].group);
		assert_false(answer.has_alert);
		tls_answer_deinit(&answer);
		test_raw_deinit(&raw);
	}
	assert_false(tls_offer_has_share(0x6399));
}

/* The coefficients are what FIPS 203 has checked, also where no library does it. */
static void test_offer_module_below_modulus(void **state)
{
	struct buf with = {};
	struct buf without = {};
	struct tls_offer offer;
	(void)state;
	tls_offer_init(&offer, TLS_OFFER_13, NULL);
	offer.padded_len = 0;
	offer.share_count = 0;
	write_offer(&offer, &without);
	offer.shares[0] = 0x11ec;
	offer.share_count = 1;
	write_offer(&offer, &with);
	assert_int_equal(buf_len(&with), buf_len(&without) + 2 + 2 + 1216);
	struct slice all = buf_slice(&with);
	static const uint8_t start[] = { 0x11, 0xec, 0x04, 0xc0 };
	const uint8_t *at = memmem(all.data, all.len, start, sizeof(start));
	assert_non_null(at);
	at += sizeof(start);
	for (size_t i = 0; i < 1152; i += 3) {
		assert_in_range(at[i] | (at[i + 1] & 0x0f) << 8, 0, 3328);
		assert_in_range(at[i + 1] >> 4 | at[i + 2] << 4, 0, 3328);
	}
	buf_deinit(&with);
	buf_deinit(&without);
}

struct asked {
	struct test_raw_settings server;
	enum tls_offer_kind kind;
	enum tls_answer_kind answer;
	uint16_t version;
	uint8_t alert;
	uint16_t group, scheme;
};

/* The eight looks before servers that differ. */
static const struct asked asked[] = {
	{ { .has_rsa = true, .groups = "X25519" },
	  TLS_OFFER_13,
	  TLS_ANSWER_HELLO,
	  0x0304,
	  0,
	  29,
	  0 },
	{ { .has_rsa = true, .groups = "P-256" },
	  TLS_OFFER_13,
	  TLS_ANSWER_HELLO,
	  0x0304,
	  0,
	  23,
	  0 },
	{ { .has_rsa = true, .groups = "P-384" },
	  TLS_OFFER_13,
	  TLS_ANSWER_RETRY,
	  0x0304,
	  0,
	  24,
	  0 },
	{ { .has_rsa = true, .max_version = TLS1_2_VERSION },
	  TLS_OFFER_13,
	  TLS_ANSWER_ALERT,
	  0,
	  SSL_AD_PROTOCOL_VERSION,
	  0,
	  0 },
	{ { .has_rsa = true, .groups = "X25519", .schemes = "RSA+SHA256" },
	  TLS_OFFER_12,
	  TLS_ANSWER_HELLO,
	  0x0303,
	  0,
	  29,
	  0x0401 },
	{ { .has_ec = true, .groups = "P-256", .schemes = "ECDSA+SHA384" },
	  TLS_OFFER_12,
	  TLS_ANSWER_HELLO,
	  0x0303,
	  0,
	  23,
	  0x0503 },
	{ { .has_rsa = true, .min_version = TLS1_3_VERSION },
	  TLS_OFFER_12,
	  TLS_ANSWER_ALERT,
	  0,
	  SSL_AD_PROTOCOL_VERSION,
	  0,
	  0 },
	{ { .has_rsa = true, .groups = "P-521" },
	  TLS_OFFER_11,
	  TLS_ANSWER_HELLO,
	  0x0302,
	  0,
	  25,
	  0 },
	{ { .has_rsa = true, .groups = "P-521" },
	  TLS_OFFER_10,
	  TLS_ANSWER_HELLO,
	  0x0301,
	  0,
	  25,
	  0 },
	{ { .has_rsa = true, .min_version = TLS1_2_VERSION },
	  TLS_OFFER_10,
	  TLS_ANSWER_ALERT,
	  0,
	  SSL_AD_PROTOCOL_VERSION,
	  0,
	  0 },
	{ { .has_rsa = true, .min_version = TLS1_VERSION },
	  TLS_OFFER_SSL3,
	  TLS_ANSWER_ALERT,
	  0,
	  SSL_AD_HANDSHAKE_FAILURE,
	  0,
	  0 },
	{ { .has_rsa = true },
	  TLS_OFFER_WEAK,
	  TLS_ANSWER_ALERT,
	  0,
	  SSL_AD_HANDSHAKE_FAILURE,
	  0,
	  0 },
	{ { .has_rsa = true, .suites = "ALL:eNULL" },
	  TLS_OFFER_WEAK,
	  TLS_ANSWER_HELLO,
	  0x0303,
	  0,
	  0,
	  0 },
	{ { .has_rsa = true },
	  TLS_OFFER_POST_QUANTUM,
	  TLS_ANSWER_ALERT,
	  0,
	  SSL_AD_HANDSHAKE_FAILURE,
	  0,
	  0 },
	{ { .has_rsa = true, .groups = "X25519" },
	  TLS_OFFER_POST_QUANTUM,
	  TLS_ANSWER_ALERT,
	  0,
	  SSL_AD_HANDSHAKE_FAILURE,
	  0,
	  0 },
	{ { .has_rsa = true, .groups = "X25519", .schemes = "RSA+SHA1" },
	  TLS_OFFER_SHA1,
	  TLS_ANSWER_HELLO,
	  0x0303,
	  0,
	  29,
	  0x0201 },
	{ { .has_rsa = true, .schemes = "RSA+SHA256" },
	  TLS_OFFER_SHA1,
	  TLS_ANSWER_ALERT,
	  0,
	  SSL_AD_HANDSHAKE_FAILURE,
	  0,
	  0 },
};

static void test_offer_asked(void **state)
{
	bool has_pq = test_raw_has_group("X25519MLKEM768");
	(void)state;
	for (size_t i = 0; i < COUNT_OF(asked); i++) {
		const struct asked *c = &asked[i];
		struct test_raw raw;
		struct tls_answer answer;
		struct tls_offer offer;
		if (has_pq && c->kind == TLS_OFFER_POST_QUANTUM && !c->server.groups)
			continue; /* such a library has one by default */
		test_raw_init(&raw, &c->server);
		tls_offer_init(&offer, c->kind, "mx.example.org");
		assert_int_equal(test_raw_ask(&raw, &offer, &answer), 0);
		assert_int_equal(answer.kind, c->answer);
		assert_int_equal(answer.version, c->version);
		assert_int_equal(answer.alert_description, c->alert);
		if (c->group)
			assert_int_equal(answer.group, c->group);
		if (c->scheme)
			assert_int_equal(answer.scheme, c->scheme);
		if (c->answer != TLS_ANSWER_ALERT && c->kind != TLS_OFFER_SSL3)
			assert_string_equal(raw.sni, "mx.example.org");
		tls_answer_deinit(&answer);
		test_raw_deinit(&raw);
	}
}

/* What is worse stands in front, and the usual ones are there. */
static void test_offer_weak_order(void **state)
{
	static const uint16_t usual[] = { 0x0001, 0x0003, 0x0005, 0x0009, 0x000a, 0x0014,
		                          0x0016, 0x0034, 0xc011, 0xc012, 0xc018 };
	struct tls_offer offer;
	struct tls_iana_suite before = {};
	size_t found = 0;
	(void)state;
	tls_offer_init(&offer, TLS_OFFER_WEAK, NULL);
	for (size_t i = 0; i < offer.suite_count; i++) {
		struct tls_iana_suite s;
		assert_true(tls_iana_suite(offer.suites[i], &s) && tls_iana_suite_is_weak(&s));
		bool is_anonymous = s.authentication == TLS_AUTHENTICATION_ANONYMOUS;
		bool was_anonymous = i && before.authentication == TLS_AUTHENTICATION_ANONYMOUS;
		assert_true(is_anonymous >= was_anonymous);
		assert_true(is_anonymous != was_anonymous || s.bits >= before.bits);
		for (size_t n = 0; n < COUNT_OF(usual); n++)
			found += usual[n] == s.number;
		before = s;
	}
	assert_int_equal(found, COUNT_OF(usual));
}

static void test_offer_post_quantum_server(void **state)
{
	struct test_raw raw;
	struct tls_answer answer;
	struct tls_offer offer;
	(void)state;
	if (!test_raw_has_group("X25519MLKEM768")) {
		print_message("this library has no ML-KEM\n");
		skip();
	}
	test_raw_init(&raw, &(struct test_raw_settings){ .has_rsa = true,
	                                                 .groups = "X25519:X25519MLKEM768" });
	tls_offer_init(&offer, TLS_OFFER_POST_QUANTUM, NULL);
	assert_int_equal(test_raw_ask(&raw, &offer, &answer), 0);
	assert_int_equal(answer.kind, TLS_ANSWER_RETRY);
	assert_int_equal(answer.group, 0x11ec);
	tls_answer_deinit(&answer);
	test_raw_deinit(&raw);
}

/* RFC 8701: what is unknown is to be passed over, at any version. */
static void test_offer_grease_is_harmless(void **state)
{
	static const enum tls_offer_kind kinds[] = { TLS_OFFER_13, TLS_OFFER_12, TLS_OFFER_10 };
	struct test_raw raw;
	(void)state;
	test_raw_init(&raw, &(struct test_raw_settings){ .has_rsa = true, .groups = "X25519" });
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct tls_answer answer;
		struct tls_offer offer;
		tls_offer_init(&offer, kinds[i], NULL);
		offer.has_grease = true;
		offer.padded_len = 600;
		assert_int_equal(test_raw_ask(&raw, &offer, &answer), 0);
		assert_int_equal(answer.kind, TLS_ANSWER_HELLO);
		tls_answer_deinit(&answer);
	}
	test_raw_deinit(&raw);
}

/* RFC 7507 3: a server that could do better refuses. */
static void test_offer_fallback_refused(void **state)
{
	struct test_raw raw;
	struct tls_answer answer;
	struct tls_offer offer;
	(void)state;
	test_raw_init(&raw, &(struct test_raw_settings){ .has_rsa = true });
	tls_offer_init(&offer, TLS_OFFER_11, NULL);
	offer.has_fallback_scsv = true;
	assert_int_equal(test_raw_ask(&raw, &offer, &answer), 0);
	assert_int_equal(answer.kind, TLS_ANSWER_ALERT);
	assert_string_equal(tls_alert_name(answer.alert_description), "inappropriate_fallback");
	tls_answer_deinit(&answer);
	test_raw_deinit(&raw);
}

static void test_offer_ssl2(void **state)
{
	static const uint8_t start[] = {
		0x80, 9 + 39 + 16, 1, 0, 2, 0, 39, 0, 0, 0, 16, 1, 0, 0x80
	};
	struct buf bytes = {};
	(void)state;
	assert_int_equal(tls_offer_write_ssl2(seed, &bytes), 0);
	assert_int_equal(buf_len(&bytes), 2 + 9 + 39 + 16);
	assert_memory_equal(buf_slice(&bytes).data, start, sizeof(start));
	buf_deinit(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offer_kinds_as_read),
		cmocka_unit_test(test_offer_lists_as_read),
		cmocka_unit_test(test_offer_same_seed_same_bytes),
		cmocka_unit_test(test_offer_padded),
		cmocka_unit_test(test_offer_shares_are_valid),
		cmocka_unit_test(test_offer_module_below_modulus),
		cmocka_unit_test(test_offer_asked),
		cmocka_unit_test(test_offer_weak_order),
		cmocka_unit_test(test_offer_post_quantum_server),
		cmocka_unit_test(test_offer_grease_is_harmless),
		cmocka_unit_test(test_offer_fallback_refused),
		cmocka_unit_test(test_offer_ssl2),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
