#include "base/clean.h"
#include "tls/enumerate.h"
#include "tls/test_raw.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* A server that has these, and goes by its own order or by the client's. */
struct fake {
	const uint16_t *has;
	size_t count;
	bool has_order;
};

static bool is_offered(const struct tls_offer *offer, uint16_t suite)
{
	for (size_t i = 0; i < offer->suite_count; i++)
		if (offer->suites[i] == suite)
			return true;
	return false;
}

static bool has_suite(const struct fake *fake, uint16_t suite)
{
	for (size_t i = 0; i < fake->count; i++)
		if (fake->has[i] == suite)
			return true;
	return false;
}

/* -1: none. */
static int fake_choice(const struct fake *fake, const struct tls_offer *offer)
{
	for (size_t i = 0; fake->has_order && i < fake->count; i++)
		if (is_offered(offer, fake->has[i]))
			return fake->has[i];
	for (size_t i = 0; !fake->has_order && i < offer->suite_count; i++)
		if (has_suite(fake, offer->suites[i]))
			return offer->suites[i];
	return -1;
}

static void fake_answer(const struct fake *fake, const struct tls_offer *offer,
                        struct tls_answer *ret_answer)
{
	int suite = fake_choice(fake, offer);
	*ret_answer = (struct tls_answer){ .kind = TLS_ANSWER_ALERT, .alert_description = 40 };
	if (suite >= 0)
		*ret_answer = (struct tls_answer){ .kind = TLS_ANSWER_HELLO,
			                           .version = 0x0303,
			                           .suite = (uint16_t)suite };
}

static size_t chunks_of(uint16_t version)
{
	return (tls_iana_suites(version, NULL, 0) + TLS_OFFER_SUITES_MAX - 1) /
	       TLS_OFFER_SUITES_MAX;
}

static void run_fake(struct tls_enumeration *e, const struct fake *fake)
{
	struct tls_offer offer;
	tls_enumeration_init(e, TLS_ENUMERATE_SUITES, 0x0303, NULL);
	while (tls_enumeration_next(e, &offer)) {
		struct tls_answer answer;
		assert_in_range(offer.suite_count, 1, TLS_OFFER_SUITES_MAX);
		fake_answer(fake, &offer, &answer);
		tls_enumeration_take(e, &answer);
		assert_in_range(e->connection_count, 0, 400);
	}
	assert_true(e->connection_count <= e->accepted_count + chunks_of(0x0303) + 1);
}

/* As its order has them; client's: as the hello had them. The last two are far behind in it. */
static const uint16_t backwards[] = { 0x002f, 0xc013, 0xc02f, 0xc02b };
static const uint16_t forwards[] = { 0xc02b, 0xc02f, 0xc013, 0x002f };
static const uint16_t far_apart[] = { 0x002f, 0xc013, 0xc02f, 0xc02b, 0x0025, 0x0000 };

static void test_enumerate_suites_in_order(void **state)
{
	static const struct {
		struct fake fake;
		const uint16_t *found;
		enum tls_enumeration_order order;
	} cases[] = {
		{ { backwards, 4, true }, backwards, TLS_ORDER_SERVER },
		{ { forwards, 4, true }, forwards, TLS_ORDER_SERVER },
		{ { backwards, 4, false }, forwards, TLS_ORDER_CLIENT },
		{ { far_apart, 4, true }, backwards, TLS_ORDER_SERVER },
		{ { far_apart, 6, false }, forwards, TLS_ORDER_CLIENT },
		{ { far_apart, 6, true }, backwards, TLS_ORDER_SERVER },
		{ { forwards, 1, true }, forwards, TLS_ORDER_UNKNOWN },
		{ { forwards, 0, true }, forwards, TLS_ORDER_UNKNOWN },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct tls_enumeration e;
		size_t near = cases[i].fake.count < 4 ? cases[i].fake.count : 4;
		run_fake(&e, &cases[i].fake);
		assert_true(e.is_done && !e.is_odd && !e.is_version_refused);
		assert_int_equal(e.accepted_count, cases[i].fake.count);
		assert_int_equal(e.order, cases[i].order);
		for (size_t n = 0; n < near; n++)
			assert_int_equal(e.accepted[n].number, cases[i].found[n]);
	}
}

/* All there are: none is lost between chunks. */
static void test_enumerate_suites_all(void **state)
{
	uint16_t all[TLS_IANA_SUITES_MAX];
	struct fake fake = { .has = all, .count = tls_iana_suites(0x0303, all, COUNT_OF(all)) };
	struct tls_enumeration e;
	(void)state;
	run_fake(&e, &fake);
	assert_int_equal(e.accepted_count, fake.count);
	assert_int_equal(e.order, TLS_ORDER_CLIENT);
}

static void take_one(struct tls_enumeration *e, struct tls_answer answer)
{
	struct tls_offer offer;
	assert_true(tls_enumeration_next(e, &offer));
	tls_enumeration_take(e, &answer);
}

/* What is not offered, another version, the same again: it ends, and what was found stands. */
static void test_enumerate_odd_servers(void **state)
{
	struct tls_answer fine = { .kind = TLS_ANSWER_HELLO, .version = 0x0303, .suite = 0xc02f };
	struct tls_answer lower = { .kind = TLS_ANSWER_HELLO, .version = 0x0301, .suite = 0xc013 };
	struct tls_answer refused = { .kind = TLS_ANSWER_ALERT, .alert_description = 70 };
	struct tls_enumeration e;
	(void)state;
	tls_enumeration_init(&e, TLS_ENUMERATE_SUITES, 0x0303, NULL);
	take_one(&e, fine);
	take_one(&e, fine);
	assert_true(e.is_done && e.is_odd);
	assert_int_equal(e.accepted_count, 1);
	tls_enumeration_init(&e, TLS_ENUMERATE_SUITES, 0x0303, NULL);
	take_one(&e, lower);
	assert_true(e.is_done && e.is_version_refused);
	tls_enumeration_init(&e, TLS_ENUMERATE_SUITES, 0x0303, NULL);
	take_one(&e, refused);
	assert_true(e.is_done && e.is_version_refused);
	/* Once it has spoken the version, such an alert refuses the suites. */
	tls_enumeration_init(&e, TLS_ENUMERATE_SUITES, 0x0303, NULL);
	take_one(&e, fine);
	take_one(&e, refused);
	assert_false(e.is_done || e.is_version_refused);
}

/* An offer is the same until its answer is taken: who was turned away asks again. */
static void test_enumerate_next_again(void **state)
{
	struct tls_enumeration e;
	struct tls_offer first;
	struct tls_offer again;
	(void)state;
	tls_enumeration_init(&e, TLS_ENUMERATE_SUITES, 0x0302, "mx.example.org");
	assert_true(tls_enumeration_next(&e, &first));
	assert_true(tls_enumeration_next(&e, &again));
	assert_int_equal(first.suite_count, again.suite_count);
	assert_memory_equal(first.suites, again.suites, 2 * first.suite_count);
	assert_string_equal(again.sni, "mx.example.org");
	assert_int_equal(e.connection_count, 0);
	tls_enumeration_take(&e, &(struct tls_answer){}); /* it just closed */
	assert_true(tls_enumeration_next(&e, &again));
	assert_int_not_equal(first.suites[0], again.suites[0]);
}

static void run_raw(struct tls_enumeration *e, struct test_raw *raw)
{
	struct tls_offer offer;
	while (tls_enumeration_next(e, &offer)) {
		struct tls_answer answer;
		test_raw_ask(raw, &offer, &answer);
		tls_enumeration_take(e, &answer);
		tls_answer_deinit(&answer);
		assert_in_range(e->connection_count, 0, 400);
	}
	assert_int_equal(e->connection_count, raw->asked);
}

/* What the library itself says that such a server has. */
static size_t suites_of(const struct test_raw *raw, int version)
{
	size_t count = 0;
	SSL *ssl = SSL_new(raw->context);
	SSL_set_min_proto_version(ssl, version);
	SSL_set_max_proto_version(ssl, version);
	STACK_OF(SSL_CIPHER) *list = SSL_get1_supported_ciphers(ssl);
	for (int i = 0; i < sk_SSL_CIPHER_num(list); i++) {
		const SSL_CIPHER *c = sk_SSL_CIPHER_value(list, i);
		struct tls_iana_suite s;
		uint16_t number = SSL_CIPHER_get_protocol_id(c);
		bool has_key = SSL_CIPHER_get_auth_nid(c) != NID_auth_gost12 &&
		               SSL_CIPHER_get_auth_nid(c) != NID_auth_gost01 &&
		               SSL_CIPHER_get_auth_nid(c) != NID_auth_dss;
		count += tls_iana_suite(number, &s) && has_key;
	}
	sk_SSL_CIPHER_free(list);
	SSL_free(ssl);
	return count;
}

static void test_enumerate_suites_of_openssl(void **state)
{
	static const uint16_t versions[] = { 0x0301, 0x0302, 0x0303, 0x0304 };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(versions); i++)
		for (int has_order = 0; has_order < 2; has_order++) {
			struct test_raw raw;
			struct tls_enumeration e;
			test_raw_init(&raw, &(struct test_raw_settings){ .has_rsa = true,
			                                                 .has_ec = true,
			                                                 .suites = "ALL:eNULL",
			                                                 .has_order = has_order });
			tls_enumeration_init(&e, TLS_ENUMERATE_SUITES, versions[i], NULL);
			run_raw(&e, &raw);
			assert_int_equal(e.accepted_count, suites_of(&raw, versions[i]));
			assert_int_equal(e.order, has_order ? TLS_ORDER_SERVER : TLS_ORDER_CLIENT);
			assert_true(e.connection_count <=
			            e.accepted_count + chunks_of(versions[i]) + 1);
			test_raw_deinit(&raw);
		}
}

struct listed {
	struct test_raw_settings server;
	enum tls_enumeration_kind kind;
	uint16_t version;
	enum tls_enumeration_order order;
	size_t connections;
	uint16_t found[8];
};

static const struct listed listed[] = {
	{ { .has_rsa = true, .groups = "P-521:X25519:P-256", .has_order = true },
	  TLS_ENUMERATE_GROUPS,
	  0x0304,
	  TLS_ORDER_SERVER,
	  4,
	  { 25, 29, 23 } },
	{ { .has_rsa = true, .groups = "secp256k1:X448:P-224", .has_order = true },
	  TLS_ENUMERATE_GROUPS,
	  0x0303,
	  TLS_ORDER_SERVER,
	  4,
	  { 22, 30, 21 } },
	{ { .has_ec = true, .groups = "X25519:P-256:P-521:P-384" },
	  TLS_ENUMERATE_GROUPS,
	  0x0303,
	  TLS_ORDER_CLIENT,
	  7,
	  { 29, 23, 24, 25 } },
	{ { .has_ec = true, .groups = "X25519:P-256:P-384", .has_order = true },
	  TLS_ENUMERATE_GROUPS,
	  0x0303,
	  TLS_ORDER_SERVER,
	  5,
	  { 29, 23 } },
	{ { .has_rsa = true, .groups = "P-384" },
	  TLS_ENUMERATE_GROUPS,
	  0x0301,
	  TLS_ORDER_UNKNOWN,
	  2,
	  { 24 } },
	{ { .has_rsa = true, .groups = "ffdhe3072:X25519", .has_order = true },
	  TLS_ENUMERATE_GROUPS,
	  0x0304,
	  TLS_ORDER_SERVER,
	  3,
	  { 257, 29 } },
	{ { .has_rsa = true,
	    .schemes = "RSA+SHA512:rsa_pss_rsae_sha256:RSA+SHA1",
	    .has_order = true },
	  TLS_ENUMERATE_SCHEMES,
	  0x0303,
	  TLS_ORDER_SERVER,
	  4,
	  { 0x0601, 0x0804, 0x0201 } },
	{ { .has_rsa = true, .schemes = "RSA+SHA512:rsa_pss_rsae_sha256:RSA+SHA1" },
	  TLS_ENUMERATE_SCHEMES,
	  0x0303,
	  TLS_ORDER_CLIENT,
	  5,
	  { 0x0804, 0x0601, 0x0201 } },
	{ { .has_ec = true, .schemes = "ECDSA+SHA384:ECDSA+SHA256" },
	  TLS_ENUMERATE_SCHEMES,
	  0x0304,
	  TLS_ORDER_UNKNOWN,
	  0,
	  { 0x0403 } },
	{ { .has_rsa = true }, TLS_ENUMERATE_SCHEMES, 0x0302, TLS_ORDER_UNKNOWN, 0, { 0 } },
	{ { .has_rsa = true }, TLS_ENUMERATE_GROUPS, 0x0300, TLS_ORDER_UNKNOWN, 0, { 0 } },
	{ { .has_rsa = true, .max_version = TLS1_2_VERSION },
	  TLS_ENUMERATE_GROUPS,
	  0x0304,
	  TLS_ORDER_UNKNOWN,
	  1,
	  { 0 } },
};

static void test_enumerate_lists_of_openssl(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(listed); i++) {
		const struct listed *c = &listed[i];
		struct test_raw raw;
		struct tls_enumeration e;
		size_t n = 0;
		test_raw_init(&raw, &c->server);
		tls_enumeration_init(&e, c->kind, c->version, NULL);
		run_raw(&e, &raw);
		for (; n < COUNT_OF(c->found) && c->found[n]; n++)
			assert_int_equal(e.accepted[n].number, c->found[n]);
		assert_int_equal(e.accepted_count, n);
		assert_int_equal(e.order, c->order);
		if (c->connections)
			assert_int_equal(e.connection_count, c->connections);
		assert_true(e.is_done && !e.is_odd);
		test_raw_deinit(&raw);
	}
}

static void test_enumerate_post_quantum(void **state)
{
	struct test_raw raw;
	struct tls_enumeration e;
	(void)state;
	if (!test_raw_has_group("X25519MLKEM768")) {
		print_message("this library has no ML-KEM\n");
		skip();
	}
	test_raw_init(&raw, &(struct test_raw_settings){
				    .has_rsa = true,
				    .groups = "X25519MLKEM768:SecP384r1MLKEM1024:P-256",
				    .has_order = true });
	tls_enumeration_init(&e, TLS_ENUMERATE_GROUPS, 0x0304, NULL);
	run_raw(&e, &raw);
	assert_int_equal(e.accepted_count, 3);
	assert_int_equal(e.accepted[0].number, 0x11ec);
	assert_int_equal(e.accepted[1].number, 0x11ed);
	assert_int_equal(e.accepted[2].number, 23);
	test_raw_deinit(&raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_enumerate_suites_in_order),
		cmocka_unit_test(test_enumerate_suites_all),
		cmocka_unit_test(test_enumerate_odd_servers),
		cmocka_unit_test(test_enumerate_next_again),
		cmocka_unit_test(test_enumerate_suites_of_openssl),
		cmocka_unit_test(test_enumerate_lists_of_openssl),
		cmocka_unit_test(test_enumerate_post_quantum),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
