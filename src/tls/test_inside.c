/* Hosts of our own against each other: a client that shows a certificate, a server that wants one.
 */
#include "base/clean.h"
#include "tls/ca.h"
#include "tls/client.h"
#include "tls/peer.h"
#include "tls/server.h"
#include "tls/session_private.h"
#include "tls/test_support.h"
#include "tls/word.h"

#include <openssl/err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { DAY_S = 24 * 3600, GRACE_S = 7 * DAY_S };

static struct world {
	struct test_pair ca, other_ca;
	struct test_pair edge, imap, late, too_late, foreign;
	struct test_signer signer;
} world;

/* Keys have the number of their row. */
static const struct pair_row {
	struct test_pair *pair;
	struct test_pair_settings set;
} rows[] = {
	{ &world.ca, { TEST_EC, NULL, 300, NULL, true } },
	{ &world.other_ca, { TEST_EC, NULL, 300, NULL, true } },
	{ &world.edge, { TEST_EC, "edge.mailseal.internal", 30, &world.ca, false } },
	{ &world.imap, { TEST_EC, "imap.mailseal.internal", 30, &world.ca, false } },
	{ &world.late, { TEST_EC, "imap.mailseal.internal", -3, &world.ca, false } },
	{ &world.too_late, { TEST_EC, "imap.mailseal.internal", -8, &world.ca, false } },
	{ &world.foreign, { TEST_EC, "imap.mailseal.internal", 30, &world.other_ca, false } },
};

static uint32_t key_of(const struct test_pair *pair)
{
	uint32_t i = 0;
	while (rows[i].pair != pair)
		i++;
	return i;
}

static const struct inside_case {
	const char *name;
	const struct test_pair *server, *client;
	const struct test_pair *denied; /* or NULL */
	enum tls_peer_fault at_server;
	const char *at_client; /* NULL: it is content */
	bool is_late;          /* who is checked, in grace */
} cases[] = {
	{ "both good", &world.imap, &world.edge, NULL, TLS_PEER_FINE, NULL, false },
	{ "server in grace", &world.late, &world.edge, NULL, TLS_PEER_FINE, NULL, true },
	{ "server expired", &world.too_late, &world.edge, NULL, TLS_PEER_FINE,
	  "certificate has expired", false },
	{ "server of another CA", &world.foreign, &world.edge, NULL, TLS_PEER_FINE,
	  "unable to get local issuer certificate", false },
	{ "server of another name", &world.edge, &world.edge, NULL, TLS_PEER_FINE,
	  "hostname mismatch", false },
	{ "server revoked", &world.imap, &world.edge, &world.imap, TLS_PEER_FINE,
	  "certificate revoked", false },
	{ "server in grace and revoked", &world.late, &world.edge, &world.late, TLS_PEER_FINE,
	  "certificate revoked", false },
	{ "its CA revoked", &world.imap, &world.edge, &world.ca, TLS_PEER_FINE,
	  "certificate revoked", false },
	{ "client in grace", &world.imap, &world.late, NULL, TLS_PEER_FINE, NULL, true },
	{ "client expired", &world.imap, &world.too_late, NULL, TLS_PEER_EXPIRED, NULL, false },
	{ "client of another CA", &world.imap, &world.foreign, NULL, TLS_PEER_NOT_TRUSTED, NULL,
	  false },
	{ "client without one", &world.imap, NULL, NULL, TLS_PEER_NONE, NULL, false },
};

/* For the client alone, or the server alone, so that it is seen whose rules were heeded. */
static struct tls_inside *inside_make(const struct test_pair *denied)
{
	struct tls_ca_facts facts = {};
	struct tls_inside *inside = NULL;
	if (denied)
		assert_int_equal(tls_ca_facts_read(&facts, buf_slice(&denied->chain_pem)), 0);
	const char *serials[] = { "00", facts.serial };
	const struct tls_inside_settings set = { serials, denied ? 2 : 1, GRACE_S };
	assert_int_equal(tls_inside_new(&inside, &set), 0);
	tls_ca_facts_deinit(&facts);
	return inside;
}

static struct tls_server *server_make(const struct inside_case *c, enum tls_version version,
                                      bool says_word)
{
	static char *names[] = { "edge.mailseal.internal", "imap.mailseal.internal" };
	const struct tls_certificate_spec spec = { "own", buf_slice(&c->server->chain_pem),
		                                   key_of(c->server) };
	char error[128] = "";
	struct tls_server *server = NULL;
	struct tls_inside *inside = inside_make(NULL);
	const struct tls_server_settings set = {
		.policy = { .min_version = version, .groups = "X25519:P-256" },
		.certificates = &spec,
		.certificate_count = 1,
		.client_ca_pem = buf_slice(&world.ca.chain_pem),
		.client_names = names,
		.client_name_count = COUNT_OF(names),
		.inside = inside,
		.says_word = says_word,
		.signer = &world.signer.tls,
	};
	if (tls_server_new(&server, &set, error, sizeof(error)))
		fail_msg("%s: %s", c->name, error);
	tls_inside_unref(inside);
	return server;
}

static struct tls_client *client_make(const struct inside_case *c, bool hears_word)
{
	static const char *const names[] = { "x.mailseal.internal", "imap.mailseal.internal" };
	const struct tls_certificate_spec spec = { "own",
		                                   c->client ? buf_slice(&c->client->chain_pem)
		                                             : (struct slice){},
		                                   c->client ? key_of(c->client) : 0 };
	char error[128] = "";
	struct tls_client *client = NULL;
	struct tls_inside *inside = inside_make(c->denied);
	const struct tls_client_settings set = {
		.verify = TLS_VERIFY_INTERNAL,
		.min_version = TLS_1_2,
		.ca_pem = buf_slice(&world.ca.chain_pem),
		.names = names,
		.name_count = COUNT_OF(names),
		.inside = inside,
		.certificate = c->client ? &spec : NULL,
		.signer = &world.signer.tls,
		.hears_word = hears_word,
	};
	if (tls_client_new(&client, &set, error, sizeof(error)))
		fail_msg("%s: %s", c->name, error);
	tls_inside_unref(inside);
	return client;
}

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

/* One end takes what the other sent, and signs while it wants to. */
static int turn(struct tls_session *s, struct buf *in, struct buf *out)
{
	int r;
	do {
		struct slice input = buf_slice(in);
		r = tls_session_handshake(s, &input, out);
		buf_consume(in, buf_len(in) - input.len);
		test_signer_answer(&world.signer);
	} while (r == TLS_SIGNING);
	return r;
}

static void shake(struct tls_session *client, struct tls_session *server, int *ret_client,
                  int *ret_server)
{
	CLEAN(buf_deinit) struct buf up = {};
	CLEAN(buf_deinit) struct buf down = {};
	*ret_client = *ret_server = TLS_MORE;
	for (int round = 0; round < 6; round++) {
		if (*ret_client == TLS_MORE)
			*ret_client = turn(client, &down, &up);
		if (*ret_server == TLS_MORE)
			*ret_server = turn(server, &up, &down);
	}
}

static void case_check(const struct inside_case *c, enum tls_version version)
{
	CLEAN(server_freep) struct tls_server *server = server_make(c, version, false);
	CLEAN(client_freep) struct tls_client *client = client_make(c, false);
	CLEAN(session_freep) struct tls_session *a = NULL;
	CLEAN(session_freep) struct tls_session *b = NULL;
	int at_client, at_server;
	assert_int_equal(tls_session_connect(&a, client, NULL), 0);
	assert_int_equal(tls_session_accept(&b, server, NULL), 0);
	shake(a, b, &at_client, &at_server);
	bool is_good = !c->at_client && !c->at_server;
	if ((c->at_client &&
	     (at_client != TLS_FAILED || strcmp(tls_session_error(a), c->at_client) != 0)) ||
	    (!c->at_client && tls_session_peer_fault(b) != c->at_server) ||
	    (at_server == 0) != is_good)
		fail_msg("%s (%x): client %d %s, server %d %s, fault %d", c->name, version,
		         at_client, tls_session_error(a), at_server, tls_session_error(b),
		         tls_session_peer_fault(b));
	int64_t late_s = tls_session_expired_s(a) + tls_session_expired_s(b);
	if (c->is_late ? late_s < 2 * DAY_S || late_s > 4 * DAY_S : late_s != 0)
		fail_msg("%s: %lld s late", c->name, (long long)late_s);
	assert_int_equal(ERR_peek_error(), 0);
}

static void test_inside(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		case_check(&cases[i], TLS_1_2);
		case_check(&cases[i], TLS_1_3);
	}
}

/* The client leaves while keys has not answered: nothing stays behind (DECISIONS 4). */
static void test_inside_client_leaves_in_mid_signature(void **state)
{
	(void)state;
	CLEAN(server_freep) struct tls_server *server = server_make(&cases[0], TLS_1_3, false);
	CLEAN(client_freep) struct tls_client *client = client_make(&cases[0], false);
	CLEAN(session_freep) struct tls_session *b = NULL;
	CLEAN(buf_deinit) struct buf up = {};
	CLEAN(buf_deinit) struct buf down = {};
	struct tls_session *a = NULL;
	struct slice input = {};
	int cancels = world.signer.cancels;
	assert_int_equal(tls_session_connect(&a, client, NULL), 0);
	assert_int_equal(tls_session_accept(&b, server, NULL), 0);
	int r = turn(a, &down, &up);
	/* Where their groups differ (OpenSSL 3.5), the server asks for another hello first. */
	for (int turns = 0; r == TLS_MORE && turns < 2; turns++) {
		assert_int_equal(turn(b, &up, &down), TLS_MORE);
		input = buf_slice(&down);
		r = tls_session_handshake(a, &input, &up);
		buf_consume(&down, buf_len(&down) - input.len);
	}
	assert_int_equal(r, TLS_SIGNING);
	assert_ptr_equal(world.signer.session, a);
	tls_session_free(a);
	assert_int_equal(world.signer.cancels, cancels + 1);
}

static const struct word_case {
	bool says, hears;
	enum tls_version version;
	bool is_agreed;
} word_cases[] = {
	{ true, true, TLS_1_3, true },
	{ true, false, TLS_1_3, false },
	{ false, true, TLS_1_3, false },
	{ false, false, TLS_1_3, false },
};

/* Both know of a word, or neither does; and who does not is not troubled. */
static void test_inside_word(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(word_cases); i++) {
		const struct word_case *c = &word_cases[i];
		CLEAN(server_freep)
		struct tls_server *server = server_make(&cases[0], c->version, c->says);
		CLEAN(client_freep) struct tls_client *client = client_make(&cases[0], c->hears);
		CLEAN(session_freep) struct tls_session *a = NULL;
		CLEAN(session_freep) struct tls_session *b = NULL;
		int at_client, at_server;
		assert_int_equal(tls_session_connect(&a, client, NULL), 0);
		assert_int_equal(tls_session_accept(&b, server, NULL), 0);
		assert_false(tls_session_has_word(a));
		shake(a, b, &at_client, &at_server);
		assert_true(at_client == 0 && at_server == 0);
		assert_int_equal(tls_session_has_word(a), c->is_agreed);
		assert_int_equal(tls_session_has_word(b), c->is_agreed);
	}
}

static int ended_read(struct tls_session *s, struct buf *wire)
{
	CLEAN(buf_deinit) struct buf out = {};
	uint8_t plain[64];
	size_t len;
	struct slice input = buf_slice(wire);
	return tls_session_read(s, &input, &out, plain, sizeof(plain), &len);
}

/* An end of the peer's is known from one that somebody between them makes. */
static void test_inside_who_ended_it(void **state)
{
	(void)state;
	for (int is_forged = 0; is_forged < 2; is_forged++) {
		CLEAN(server_freep)
		struct tls_server *server = server_make(&cases[0], TLS_1_3, false);
		CLEAN(client_freep) struct tls_client *client = client_make(&cases[0], false);
		CLEAN(session_freep) struct tls_session *a = NULL;
		CLEAN(session_freep) struct tls_session *b = NULL;
		CLEAN(buf_deinit) struct buf wire = {};
		int at_client, at_server;
		assert_int_equal(tls_session_connect(&a, client, NULL), 0);
		assert_int_equal(tls_session_accept(&b, server, NULL), 0);
		shake(a, b, &at_client, &at_server);
		assert_true(at_client == 0 && at_server == 0);
		tls_session_close(b, &wire);
		if (is_forged) {
			uint8_t *bytes = (uint8_t *)buf_slice(&wire).data;
			bytes[buf_len(&wire) - 1] ^= 1;
		}
		assert_int_equal(ended_read(a, &wire), is_forged ? TLS_FAILED : TLS_CLOSED);
		assert_int_equal(tls_session_is_ended_by_peer(a), !is_forged);
		ERR_clear_error();
	}
}

/* A list that came after the handshake: who is on it, or whose CA is, is known on either side. */
static void test_inside_denied_later(void **state)
{
	const struct test_pair *const lists[] = { NULL, &world.imap, &world.edge, &world.ca };
	static const struct {
		bool server, client;
	} expected[] = { { false, false }, { true, false }, { false, true }, { true, true } };
	CLEAN(server_freep) struct tls_server *server = server_make(&cases[0], TLS_1_3, false);
	CLEAN(client_freep) struct tls_client *client = client_make(&cases[0], false);
	CLEAN(session_freep) struct tls_session *a = NULL;
	CLEAN(session_freep) struct tls_session *b = NULL;
	int at_client, at_server;
	(void)state;
	assert_int_equal(tls_session_connect(&a, client, NULL), 0);
	assert_int_equal(tls_session_accept(&b, server, NULL), 0);
	shake(a, b, &at_client, &at_server);
	assert_true(at_client == 0 && at_server == 0);
	assert_int_equal(sk_X509_num(SSL_get_peer_cert_chain(a->ssl)), 0);
	assert_non_null(SSL_get0_peer_certificate(a->ssl));
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		struct tls_inside *inside = inside_make(lists[i]);
		assert_int_equal(tls_session_is_denied(a, inside), expected[i].server);
		assert_int_equal(tls_session_is_denied(b, inside), expected[i].client);
		tls_inside_unref(inside);
	}
	assert_false(tls_session_is_denied(a, NULL));
}

static int world_init(void **state)
{
	(void)state;
	test_signer_init(&world.signer);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_pair_make(rows[i].pair, &rows[i].set);
		assert_int_equal(keys_store_add(world.signer.store, (uint32_t)i,
		                                buf_slice(&rows[i].pair->key_pem)),
		                 0);
	}
	return 0;
}

static int world_deinit(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		test_pair_deinit(rows[i].pair);
	test_signer_deinit(&world.signer);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inside),
		cmocka_unit_test(test_inside_client_leaves_in_mid_signature),
		cmocka_unit_test(test_inside_word),
		cmocka_unit_test(test_inside_who_ended_it),
		cmocka_unit_test(test_inside_denied_later),
	};
	return cmocka_run_group_tests(tests, world_init, world_deinit);
}
