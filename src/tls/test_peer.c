/* A server that demands a certificate, and clients of all sorts. */
#include "base/clean.h"
#include "tls/peer.h"
#include "tls/server.h"
#include "tls/test_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { ANY_NAME = 1 };

static struct world {
	struct test_pair own, ca, other_ca, middle;
	struct test_pair mta, wild, stranger, foreign, expired, nameless, self, below;
	struct test_signer signer;
} world;

static const struct pair_row {
	struct test_pair *pair;
	struct test_pair_settings set;
} rows[] = {
	{ &world.own, { TEST_EC, "relay.test", 30, NULL, false } },
	{ &world.ca, { TEST_EC, NULL, 30, NULL, true } },
	{ &world.other_ca, { TEST_EC, NULL, 30, NULL, true } },
	{ &world.middle, { TEST_EC, NULL, 30, &world.ca, true } },
	{ &world.mta, { TEST_RSA, "b.test,mta2.test", 30, &world.ca, false } },
	{ &world.wild, { TEST_EC, "*.mta.test", 30, &world.ca, false } },
	{ &world.stranger, { TEST_EC, "mta3.test", 30, &world.ca, false } },
	{ &world.foreign, { TEST_EC, "mta2.test", 30, &world.other_ca, false } },
	{ &world.expired, { TEST_EC, "mta2.test", -5, &world.ca, false } },
	{ &world.nameless, { TEST_EC, NULL, 30, &world.ca, false } },
	{ &world.self, { TEST_EC, "mta2.test", 30, NULL, false } },
	{ &world.below, { TEST_EC, "mta2.test", 30, &world.middle, false } },
};

static const struct peer_case {
	const char *name;
	const struct test_pair *pair;
	unsigned setup;
	enum tls_peer_fault fault;
	const char *names;
} cases[] = {
	{ "one of the names", &world.mta, 0, TLS_PEER_FINE, "b.test,mta2.test" },
	{ "any name", &world.mta, ANY_NAME, TLS_PEER_FINE, "b.test,mta2.test" },
	{ "a wildcard", &world.wild, 0, TLS_PEER_FINE, "*.mta.test" },
	{ "no name where any would do", &world.nameless, ANY_NAME, TLS_PEER_FINE, "" },
	{ "none", NULL, 0, TLS_PEER_NONE, "" },
	{ "none where any would do", NULL, ANY_NAME, TLS_PEER_NONE, "" },
	{ "of another CA", &world.foreign, 0, TLS_PEER_NOT_TRUSTED, "mta2.test" },
	{ "of another CA, any name", &world.foreign, ANY_NAME, TLS_PEER_NOT_TRUSTED, "mta2.test" },
	{ "its own CA", &world.self, ANY_NAME, TLS_PEER_NOT_TRUSTED, "mta2.test" },
	{ "an intermediate is missing", &world.below, 0, TLS_PEER_NOT_TRUSTED, "mta2.test" },
	{ "expired", &world.expired, 0, TLS_PEER_EXPIRED, "mta2.test" },
	{ "no name", &world.nameless, 0, TLS_PEER_WRONG_NAME, "" },
	{ "another name", &world.stranger, 0, TLS_PEER_WRONG_NAME, "mta3.test" },
};

static struct tls_server *server_make(struct slice cas, unsigned setup)
{
	static char *names[] = { "mta1.test", "a.mta.test", "mta2.test" };
	const struct tls_certificate_spec spec = { "own", buf_slice(&world.own.chain_pem), 0 };
	char error[128] = "";
	struct tls_server *server = NULL;
	const struct tls_server_settings set = {
		.policy = { .min_version = TLS_1_2, .groups = "X25519:P-256" },
		.certificates = &spec,
		.certificate_count = 1,
		.client_ca_pem = cas,
		.client_names = names,
		.client_name_count = setup & ANY_NAME ? 0 : COUNT_OF(names),
		.signer = &world.signer.tls,
	};
	int r = tls_server_new(&server, &set, error, sizeof(error));
	if (r)
		fail_msg("server: %d %s", r, error);
	return server;
}

static void server_freep(struct tls_server **server)
{
	tls_server_unref(*server);
}

static void case_check(const struct peer_case *c, int version)
{
	CLEAN(server_freep)
	struct tls_server *server = server_make(buf_slice(&world.ca.chain_pem), c->setup);
	struct test_client client = { .version = version, .pair = c->pair };
	CLEAN(test_wire_deinit) struct test_wire w;
	test_wire_init(&w, server, &client);
	w.signer = &world.signer;
	test_wire_handshake(&w);
	int want = c->fault ? TLS_FAILED : 0;
	if (w.server_result != want || tls_session_peer_fault(w.server) != c->fault ||
	    strcmp(tls_session_peer_names(w.server), c->names) != 0)
		fail_msg("%s (%x): result %d, fault %d, names '%s', %s", c->name, version,
		         w.server_result, tls_session_peer_fault(w.server),
		         tls_session_peer_names(w.server), tls_session_error(w.server));
}

static void test_peer(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		case_check(&cases[i], TLS1_2_VERSION);
		case_check(&cases[i], TLS1_3_VERSION);
	}
}

/* What the file names is trusted as it is. */
static void test_peer_of_an_intermediate(void **state)
{
	(void)state;
	CLEAN(server_freep)
	struct tls_server *server = server_make(buf_slice(&world.middle.chain_pem), 0);
	struct test_client client = { .version = TLS1_3_VERSION, .pair = &world.below };
	CLEAN(test_wire_deinit) struct test_wire w;
	test_wire_init(&w, server, &client);
	w.signer = &world.signer;
	test_wire_handshake(&w);
	assert_int_equal(w.server_result, 0);
}

/* Where none is demanded none is looked at. */
static void test_peer_not_demanded(void **state)
{
	(void)state;
	CLEAN(server_freep) struct tls_server *server = server_make((struct slice){}, 0);
	struct test_client client = { .version = TLS1_3_VERSION, .pair = &world.foreign };
	CLEAN(test_wire_deinit) struct test_wire w;
	test_wire_init(&w, server, &client);
	w.signer = &world.signer;
	test_wire_handshake(&w);
	assert_int_equal(w.server_result, 0);
	assert_int_equal(tls_session_peer_fault(w.server), TLS_PEER_FINE);
	assert_string_equal(tls_session_peer_names(w.server), "");
}

static void test_peer_bad_cas(void **state)
{
	(void)state;
	const struct tls_certificate_spec spec = { "own", buf_slice(&world.own.chain_pem), 0 };
	const struct tls_server_settings set = {
		.policy = { .min_version = TLS_1_2, .groups = "X25519" },
		.certificates = &spec,
		.certificate_count = 1,
		.client_ca_pem = slice_str("not PEM"),
	};
	char error[128];
	struct tls_server *server = NULL;
	assert_int_equal(tls_server_new(&server, &set, error, sizeof(error)), TLS_SERVER_BAD_CA);
	assert_non_null(strstr(error, "CA certificates of clients"));
}

static int setup(void **state)
{
	(void)state;
	test_signer_init(&world.signer);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		test_pair_make(rows[i].pair, &rows[i].set);
	return keys_store_add(world.signer.store, 0, buf_slice(&world.own.key_pem)) ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	test_signer_deinit(&world.signer);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		test_pair_deinit(rows[i].pair);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_peer),
		cmocka_unit_test(test_peer_of_an_intermediate),
		cmocka_unit_test(test_peer_not_demanded),
		cmocka_unit_test(test_peer_bad_cas),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
