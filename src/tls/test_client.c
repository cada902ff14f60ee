/* Our client side against our server side: what each way of verifying lets through. */
#include "base/clean.h"
#include "tls/client.h"
#include "tls/hello.h"
#include "tls/server.h"
#include "tls/session_private.h"
#include "tls/test_support.h"

#include <openssl/err.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct world {
	struct test_pair ca, other_ca;
	struct test_pair good, expired, self, wild, nameless;
	struct test_signer signer;
	uint8_t good_pin[32], other_pin[32];
} world;

static const struct verify_case {
	const char *name;
	const struct test_pair *backend;
	enum tls_verify verify;
	const struct test_pair *ca;
	const char *host;
	const uint8_t *pin;
	const char *error; /* NULL: it is let through */
} cases[] = {
	{ "CA and name", &world.good, TLS_VERIFY_FILE, &world.ca, "imap.int.test", NULL, NULL },
	{ "the same by SYSTEM", &world.good, TLS_VERIFY_SYSTEM, &world.ca, "imap.int.test", NULL,
	  NULL },
	{ "another case", &world.good, TLS_VERIFY_FILE, &world.ca, "IMAP.int.test", NULL, NULL },
	{ "wrong name", &world.good, TLS_VERIFY_FILE, &world.ca, "pop.int.test", NULL,
	  "hostname mismatch" },
	{ "subject is no name", &world.nameless, TLS_VERIFY_FILE, &world.ca, "test-cn", NULL,
	  "hostname mismatch" },
	{ "address not in the certificate", &world.good, TLS_VERIFY_FILE, &world.ca, "10.0.0.5",
	  NULL, "IP address mismatch" },
	{ "wildcard", &world.wild, TLS_VERIFY_FILE, &world.ca, "a.int.test", NULL, NULL },
	{ "wildcard is one label", &world.wild, TLS_VERIFY_FILE, &world.ca, "a.b.int.test", NULL,
	  "hostname mismatch" },
	{ "wrong CA", &world.good, TLS_VERIFY_FILE, &world.other_ca, "imap.int.test", NULL,
	  "unable to get local issuer certificate" },
	{ "expired", &world.expired, TLS_VERIFY_FILE, &world.ca, "imap.int.test", NULL,
	  "certificate has expired" },
	{ "self-signed", &world.self, TLS_VERIFY_FILE, &world.ca, "imap.int.test", NULL,
	  "self-signed certificate" },
	{ "self-signed, named as CA", &world.self, TLS_VERIFY_FILE, &world.self, "imap.int.test",
	  NULL, NULL },
	{ "its own certificate as anchor", &world.good, TLS_VERIFY_FILE, &world.good,
	  "imap.int.test", NULL, NULL },
	{ "but not by SYSTEM", &world.good, TLS_VERIFY_SYSTEM, &world.good, "imap.int.test", NULL,
	  "unable to get local issuer certificate" },
	{ "pin", &world.good, TLS_VERIFY_PIN, NULL, "other.name.test", world.good_pin, NULL },
	{ "pin without a name", &world.good, TLS_VERIFY_PIN, NULL, NULL, world.good_pin, NULL },
	{ "wrong pin", &world.good, TLS_VERIFY_PIN, NULL, NULL, world.other_pin,
	  "application verification failure" },
	{ "none", &world.expired, TLS_VERIFY_NONE, NULL, "x.test", NULL, NULL },
};

static void server_freep(struct tls_server **server)
{
	tls_server_unref(*server);
}

static void client_freep(struct tls_client **client)
{
	tls_client_unref(*client);
}

static void session_freep(struct tls_session **session)
{
	tls_session_free(*session);
}

static struct tls_server *server_make(const struct test_pair *pair, enum tls_version min_version)
{
	struct tls_certificate_spec spec = { "backend", buf_slice(&pair->chain_pem), 1 };
	char error[128];
	struct tls_server_settings set = { .policy = { .min_version = min_version,
		                                       .has_tickets = true,
		                                       .groups = "X25519:P-256" },
		                           .certificates = &spec,
		                           .certificate_count = 1,
		                           .signer = &world.signer.tls };
	struct tls_server *server = NULL;
	assert_int_equal(keys_store_add(world.signer.store, 1, buf_slice(&pair->key_pem)), 0);
	assert_int_equal(tls_server_new(&server, &set, error, sizeof(error)), 0);
	return server;
}

static struct tls_client *client_make(const struct verify_case *c)
{
	uint8_t pins[2][32] = {};
	char error[128];
	if (c->pin)
		memcpy(pins[1], c->pin, 32);
	struct tls_client_settings set = {
		.verify = c->verify,
		.min_version = TLS_1_2,
		.ca_pem = c->ca ? buf_slice(&c->ca->chain_pem) : (struct slice){},
		.pins = pins,
		.pin_count = 2,
		.name = c->host,
	};
	struct tls_client *client = NULL;
	if (tls_client_new(&client, &set, error, sizeof(error)))
		fail_msg("%s: %s", c->name, error);
	return client;
}

/* Both are ours: the output of one is the input of the other. What the client has not read when
 * both are up is in down. */
static int shake_on(struct tls_session *client, struct tls_session *server, struct buf *down)
{
	CLEAN(buf_deinit) struct buf up = {};
	int r = TLS_MORE, at_server = TLS_MORE;
	for (int round = 0; round < 10; round++) {
		struct slice input = buf_slice(down);
		r = tls_session_handshake(client, &input, &up);
		buf_consume(down, buf_len(down) - input.len);
		if (at_server == 0 || at_server == TLS_FAILED)
			return r;
		do {
			input = buf_slice(&up);
			at_server = tls_session_handshake(server, &input, down);
			buf_consume(&up, buf_len(&up) - input.len);
			test_signer_answer(&world.signer);
		} while (at_server == TLS_SIGNING);
	}
	return r;
}

static int shake(struct tls_session *client, struct tls_session *server)
{
	CLEAN(buf_deinit) struct buf down = {};
	return shake_on(client, server, &down);
}

static void verify_check(const struct verify_case *c, enum tls_version version)
{
	CLEAN(server_freep) struct tls_server *backend = server_make(c->backend, version);
	CLEAN(client_freep) struct tls_client *client = client_make(c);
	CLEAN(session_freep) struct tls_session *a = NULL;
	CLEAN(session_freep) struct tls_session *b = NULL;
	assert_int_equal(tls_session_connect(&a, client, &world), 0);
	assert_int_equal(tls_session_accept(&b, backend, NULL), 0);
	assert_ptr_equal(tls_session_owner(a), &world);
	int r = shake(a, b);
	if (r != (c->error ? TLS_FAILED : 0) ||
	    (c->error && strcmp(tls_session_error(a), c->error) != 0))
		fail_msg("%s: %d %s", c->name, r, tls_session_error(a));
	assert_int_equal(tls_session_is_verified(a), !c->error && c->verify != TLS_VERIFY_NONE);
	assert_int_equal(ERR_peek_error(), 0);
	bool is_name = c->host && c->host[0] != '1';
	assert_string_equal(tls_session_hello(b)->sni, is_name ? c->host : "");
	if (!r)
		assert_string_equal(tls_session_facts(a)->version, "TLSv1.3");
}

static void test_client_verify(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		verify_check(&cases[i], TLS_1_2);
}

static void test_client_bad_settings(void **state)
{
	(void)state;
	struct tls_client *client = NULL;
	char error[128] = "";
	struct tls_client_settings set = { .verify = TLS_VERIFY_FILE,
		                           .min_version = TLS_1_2,
		                           .name = "x.test" };
	assert_int_equal(tls_client_new(&client, &set, error, sizeof(error)), TLS_CLIENT_BAD_CA);
	assert_string_equal(error, "CA certificates: no certificate in it");
	set.ca_pem = buf_slice(&world.ca.chain_pem);
	set.name = NULL;
	assert_int_equal(tls_client_new(&client, &set, error, sizeof(error)), TLS_CLIENT_BAD_NAME);
	assert_int_equal(ERR_peek_error(), 0);
}

static void test_client_data_both_ways(void **state)
{
	(void)state;
	CLEAN(server_freep) struct tls_server *backend = server_make(&world.good, TLS_1_2);
	CLEAN(client_freep) struct tls_client *client = client_make(&cases[0]);
	CLEAN(session_freep) struct tls_session *a = NULL;
	CLEAN(session_freep) struct tls_session *b = NULL;
	CLEAN(buf_deinit) struct buf wire = {};
	CLEAN(buf_deinit) struct buf answer = {};
	uint8_t plain[16];
	size_t len = 0;
	assert_int_equal(tls_session_connect(&a, client, NULL), 0);
	assert_int_equal(tls_session_accept(&b, backend, NULL), 0);
	assert_int_equal(shake(a, b), 0);
	assert_int_equal(tls_session_write(a, slice_str("PING"), &wire), 0);
	tls_session_close(a, &wire);
	struct slice input = buf_slice(&wire);
	/* The client's Finished went to b in shake()'s buffer only if b had not ended before. */
	int r = tls_session_handshake(b, &input, &answer);
	if (r == 0)
		r = tls_session_read(b, &input, &answer, plain, sizeof(plain), &len);
	assert_int_equal(r, 0);
	assert_int_equal(len, 4);
	assert_int_equal(tls_session_read(b, &input, &answer, plain, sizeof(plain), &len),
	                 TLS_CLOSED);
}

static void said(struct tls_session *from, struct tls_session *to)
{
	static uint8_t text[40000], plain[sizeof(text)];
	CLEAN(buf_deinit) struct buf wire = {};
	CLEAN(buf_deinit) struct buf answer = {};
	size_t have = 0, len = 0;
	assert_int_equal(tls_session_write(from, slice_of(text, sizeof(text)), &wire), 0);
	struct slice input = buf_slice(&wire);
	while (have < sizeof(text) &&
	       tls_session_read(to, &input, &answer, plain, sizeof(plain), &len) == 0)
		have += len;
	assert_int_equal(have, sizeof(text));
}

/*
 * Of OpenSSL's chains only the leaf stays, the certificates are taken out of its own lists: no
 * manual says that one may. So this shows that it can go on without them: a ticket comes, for which
 * it copies its session with the list in it, data goes both ways, and all is freed once.
 */
static void test_client_chain_is_given_back(void **state)
{
	CLEAN(server_freep) struct tls_server *backend = server_make(&world.good, TLS_1_2);
	CLEAN(client_freep) struct tls_client *client = client_make(&cases[0]);
	CLEAN(session_freep) struct tls_session *a = NULL;
	CLEAN(session_freep) struct tls_session *b = NULL;
	CLEAN(buf_deinit) struct buf down = {};
	CLEAN(buf_deinit) struct buf answer = {};
	uint8_t plain[16];
	size_t len = 0;
	(void)state;
	assert_int_equal(tls_session_connect(&a, client, NULL), 0);
	assert_int_equal(tls_session_accept(&b, backend, NULL), 0);
	assert_int_equal(shake_on(a, b, &down), 0);
	assert_int_equal(sk_X509_num(SSL_get_peer_cert_chain(a->ssl)), 0);
	assert_int_equal(sk_X509_num(SSL_get0_verified_chain(a->ssl)), 0);
	assert_non_null(SSL_get0_peer_certificate(a->ssl));
	struct slice input = buf_slice(&down);
	assert_int_equal(tls_session_read(a, &input, &answer, plain, sizeof(plain), &len),
	                 TLS_MORE);
	assert_true(SSL_SESSION_has_ticket(SSL_get0_session(a->ssl)));
	assert_int_equal(sk_X509_num(SSL_get_peer_cert_chain(a->ssl)), 0);
	said(a, b);
	said(b, a);
}

static int setup(void **state)
{
	const struct {
		struct test_pair *pair;
		struct test_pair_settings set;
	} pairs[] = {
		{ &world.ca, { TEST_EC, NULL, 30, NULL, true } },
		{ &world.other_ca, { TEST_EC, NULL, 30, NULL, true } },
		{ &world.good, { TEST_EC, "imap.int.test", 30, &world.ca, false } },
		{ &world.expired, { TEST_EC, "imap.int.test", -5, &world.ca, false } },
		{ &world.self, { TEST_RSA, "imap.int.test", 30, NULL, false } },
		{ &world.nameless, { TEST_EC, NULL, 30, &world.ca, false } },
		{ &world.wild, { TEST_RSA, "*.int.test", 30, &world.ca, false } },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(pairs); i++)
		test_pair_make(pairs[i].pair, &pairs[i].set);
	test_signer_init(&world.signer);
	return tls_chain_public_digest(buf_slice(&world.good.chain_pem), world.good_pin) ||
	       tls_chain_public_digest(buf_slice(&world.self.chain_pem), world.other_pin);
}

static int teardown(void **state)
{
	(void)state;
	struct test_pair *pairs[] = { &world.ca,   &world.other_ca, &world.good,    &world.expired,
		                      &world.self, &world.wild,     &world.nameless };
	for (size_t i = 0; i < COUNT_OF(pairs); i++)
		test_pair_deinit(pairs[i]);
	test_signer_deinit(&world.signer);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client_verify),
		cmocka_unit_test(test_client_bad_settings),
		cmocka_unit_test(test_client_data_both_ways),
		cmocka_unit_test(test_client_chain_is_given_back),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
