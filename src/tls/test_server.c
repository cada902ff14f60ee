/* What a server decides beside the policy: certificate, application protocol, resumption. */
#include "acme/challenges.h"
#include "base/clean.h"
#include "tls/server.h"
#include "tls/server_private.h"
#include "tls/test_support.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct world {
	struct test_pair first, ec, rsa, wild;
	struct test_signer signer;
	uint8_t ticket_keys[3][TLS_TICKET_KEY_LEN];
} world;

enum { KEY_FIRST, KEY_EC, KEY_RSA, KEY_WILD };

struct server_make {
	const char *scope, *alpn;
	bool has_no_tickets;
	bool is_opportunistic;
	bool needs_certificate;
	const struct acme_challenges *challenges;
};

static struct tls_server *server_make(struct server_make make)
{
	struct tls_certificate_spec specs[] = {
		{ "first", buf_slice(&world.first.chain_pem), KEY_FIRST },
		{ "ec", buf_slice(&world.ec.chain_pem), KEY_EC },
		{ "wild", buf_slice(&world.wild.chain_pem), KEY_WILD },
		{ "rsa", buf_slice(&world.rsa.chain_pem), KEY_RSA },
	};
	char error[128] = "";
	struct tls_server_settings set = {
		.policy = { .profile = make.is_opportunistic ? TLS_PROFILE_OPPORTUNISTIC
		                                             : TLS_PROFILE_USER,
		            .min_version = TLS_1_2,
		            .groups = "X25519:P-256",
		            .has_tickets = !make.has_no_tickets },
		.certificates = specs,
		.certificate_count = COUNT_OF(specs),
		.ticket_scope = make.scope,
		.alpn = make.alpn,
		.client_ca_pem = make.needs_certificate ? buf_slice(&world.first.chain_pem)
		                                        : (struct slice){},
		.challenges = make.challenges,
		.signer = &world.signer.tls,
	};
	struct tls_server *server = NULL;
	int r = tls_server_new(&server, &set, error, sizeof(error));
	if (r)
		fail_msg("server: %d %s", r, error);
	tls_server_set_ticket_keys(server, world.ticket_keys[0], NULL);
	return server;
}

static void server_freep(struct tls_server **server)
{
	tls_server_unref(*server);
}

static void x509_freep(X509 **certificate)
{
	X509_free(*certificate);
}

static const struct sni_case {
	const char *sni, *suites;
	const struct test_pair *pair;
} names[] = {
	{ NULL, NULL, &world.first },
	{ "nobody.test", NULL, &world.first },
	{ "first.test", NULL, &world.first },
	{ "both.test", "ECDHE-ECDSA-AES128-GCM-SHA256", &world.ec },
	{ "both.test", "ECDHE-RSA-AES128-GCM-SHA256", &world.rsa },
	{ "BOTH.test", "ECDHE-RSA-AES128-GCM-SHA256", &world.rsa },
	{ "also.test", "ECDHE-RSA-AES128-GCM-SHA256", &world.rsa },
	{ "a.wild.test", NULL, &world.wild },
	{ "wild.test", NULL, &world.first },
	{ "a.b.wild.test", NULL, &world.first },
	{ "exact.wild.test", NULL, &world.first },
};

static void test_server_sni(void **state)
{
	(void)state;
	CLEAN(server_freep) struct tls_server *server = server_make((struct server_make){});
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct test_client client = { .version = TLS1_2_VERSION,
			                      .sni = names[i].sni,
			                      .suites = names[i].suites };
		CLEAN(test_wire_deinit) struct test_wire w;
		test_wire_init(&w, server, &client);
		w.signer = &world.signer;
		test_wire_handshake(&w);
		assert_int_equal(w.server_result, 0);
		assert_int_equal(w.client_result, 0);
		CLEAN(x509_freep) X509 *certificate = SSL_get1_peer_certificate(w.client);
		if (X509_cmp(certificate, names[i].pair->certificate) != 0)
			fail_msg("%zu: %s got another certificate", i, names[i].sni);
	}
}

static const struct alpn_case {
	const char *ours, *offered;
	int result;
} protocols[] = {
	{ "imap", NULL, 0 },
	{ "imap", "imap", 0 },
	{ "imap", "http/1.1", TLS_FAILED },
	{ "imap", "ima", TLS_FAILED },
	{ NULL, NULL, 0 },
	{ NULL, "http/1.1", TLS_FAILED },
	{ "h2,http/1.1", "h2", 0 },
	{ "h2,http/1.1", "http/1.1", 0 },
	{ "h2,http/1.1", "h2,http/1.1", TLS_FAILED },
	{ "h2,http/1.1", NULL, 0 },
};

static void alpn_check(const struct alpn_case *c, int version)
{
	CLEAN(server_freep)
	struct tls_server *server = server_make((struct server_make){ .alpn = c->ours });
	struct test_client client = { .version = version, .alpn = c->offered };
	CLEAN(test_wire_deinit) struct test_wire w;
	const unsigned char *chosen = NULL;
	unsigned len = 0;
	test_wire_init(&w, server, &client);
	w.signer = &world.signer;
	test_wire_handshake(&w);
	assert_int_equal(w.server_result, c->result);
	assert_int_equal(w.client_result, c->result);
	if (c->result)
		assert_string_equal(tls_session_error(w.server),
		                    "a protocol (ALPN) that is not spoken here");
	SSL_get0_alpn_selected(w.client, &chosen, &len);
	assert_int_equal(len, c->result || !c->offered ? 0 : strlen(c->offered));
	assert_string_equal(tls_session_facts(w.server)->alpn,
	                    c->result || !c->offered ? "" : c->offered);
}

static void test_server_alpn(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(protocols); i++) {
		alpn_check(&protocols[i], TLS1_2_VERSION);
		alpn_check(&protocols[i], TLS1_3_VERSION);
	}
}

/* Of two that the client takes, ours comes first. */
static void test_server_alpn_preference(void **state)
{
	static const unsigned char offered[] = "\x08http/1.1\x02h2";
	CLEAN(server_freep)
	struct tls_server *server = server_make((struct server_make){ .alpn = "h2,http/1.1" });
	struct test_client client = { .version = TLS1_3_VERSION };
	CLEAN(test_wire_deinit) struct test_wire w;
	(void)state;
	test_wire_init(&w, server, &client);
	assert_int_equal(SSL_set_alpn_protos(w.client, offered, sizeof(offered) - 1), 0);
	w.signer = &world.signer;
	test_wire_handshake(&w);
	assert_int_equal(w.server_result, 0);
	assert_string_equal(tls_session_facts(w.server)->alpn, "h2");
}

static SSL_SESSION *ticket_taken;
static int tickets_taken;

static int on_ticket(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl;
	tickets_taken++;
	SSL_SESSION_free(ticket_taken);
	ticket_taken = session;
	return 1;
}

struct visit {
	bool is_resumed;
	int tickets;
};

static bool ticket_differs(const SSL_SESSION *a, const SSL_SESSION *b)
{
	const unsigned char *one = NULL;
	const unsigned char *other = NULL;
	size_t one_len = 0, other_len = 0;
	SSL_SESSION_get0_ticket(a, &one, &one_len);
	SSL_SESSION_get0_ticket(b, &other, &other_len);
	return !slice_equal(slice_of(one, one_len), slice_of(other, other_len));
}

/* Connects with the ticket, if there is one, and leaves with a new one in ticket_taken. */
static struct visit visit(struct tls_server *server, int version, const char *sni,
                          SSL_SESSION *ticket)
{
	struct test_client client = { .version = version, .sni = sni, .ticket = ticket };
	CLEAN(test_wire_deinit) struct test_wire w;
	char byte;
	tickets_taken = 0;
	test_wire_init(&w, server, &client);
	SSL_CTX_set_session_cache_mode(w.context,
	                               SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
	SSL_CTX_sess_set_new_cb(w.context, on_ticket);
	w.signer = &world.signer;
	test_wire_handshake(&w);
	assert_int_equal(w.server_result, 0);
	assert_int_equal(w.client_result, 0);
	assert_int_equal(SSL_read(w.client, &byte, 1), -1);
	ERR_clear_error();
	const struct tls_facts *facts = tls_session_facts(w.server);
	assert_int_equal(facts->is_resumed, SSL_session_reused(w.client));
	assert_true(facts->cipher[0] != 0);
	/* So that it can be used again: OpenSSL marks a session of a connection that broke. */
	SSL_set_quiet_shutdown(w.client, 1);
	SSL_shutdown(w.client);
	/* In TLS 1.2 OpenSSL tells nobody of the renewed ticket of a resumed session. */
	bool is_renewed = ticket && ticket_differs(ticket, SSL_get0_session(w.client));
	return (struct visit){ facts->is_resumed, tickets_taken ? tickets_taken : is_renewed };
}

static void session_freep(SSL_SESSION **session)
{
	SSL_SESSION_free(*session);
}

/* A ticket from a first visit to server. */
static SSL_SESSION *ticket_from(struct tls_server *server, int version, const char *sni)
{
	SSL_SESSION_free(ticket_taken);
	ticket_taken = NULL;
	struct visit v = visit(server, version, sni, NULL);
	assert_false(v.is_resumed);
	assert_int_equal(v.tickets, 1);
	return TAKE(ticket_taken);
}

static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

static void test_server_ticket_resumes_at_another_worker(void **state)
{
	(void)state;
	CLEAN(server_freep)
	struct tls_server *one = server_make((struct server_make){ .scope = "users" });
	CLEAN(server_freep)
	struct tls_server *two = server_make((struct server_make){ .scope = "users" });
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		CLEAN(session_freep) SSL_SESSION *ticket = ticket_from(one, versions[i], "a.test");
		int requests = world.signer.requests;
		struct visit v = visit(two, versions[i], "a.test", ticket);
		assert_true(v.is_resumed);
		assert_int_equal(world.signer.requests, requests);
		/* RFC 8446 C.4: each use brings the next ticket. */
		assert_int_equal(v.tickets, versions[i] == TLS1_3_VERSION);
	}
}

static void test_server_ticket_of_another_scope_is_not_resumed(void **state)
{
	(void)state;
	CLEAN(server_freep)
	struct tls_server *one = server_make((struct server_make){ .scope = "users" });
	CLEAN(server_freep)
	struct tls_server *other = server_make((struct server_make){ .scope = "internal" });
	CLEAN(server_freep)
	struct tls_server *wider =
		server_make((struct server_make){ .scope = "users", .is_opportunistic = true });
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		CLEAN(session_freep) SSL_SESSION *ticket = ticket_from(one, versions[i], "a.test");
		assert_false(visit(other, versions[i], "a.test", ticket).is_resumed);
		assert_false(visit(wider, versions[i], "a.test", ticket).is_resumed);
		assert_true(visit(one, versions[i], "a.test", ticket).is_resumed);
	}
}

static void test_server_ticket_of_another_name_is_not_resumed(void **state)
{
	(void)state;
	CLEAN(server_freep)
	struct tls_server *server = server_make((struct server_make){ .scope = "users" });
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		CLEAN(session_freep)
		SSL_SESSION *ticket = ticket_from(server, versions[i], "a.test");
		assert_false(visit(server, versions[i], "both.test", ticket).is_resumed);
		assert_false(visit(server, versions[i], NULL, ticket).is_resumed);
		assert_true(visit(server, versions[i], "A.test", ticket).is_resumed);
	}
}

static void test_server_ticket_keys_rotate(void **state)
{
	(void)state;
	CLEAN(server_freep)
	struct tls_server *server = server_make((struct server_make){ .scope = "users" });
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		tls_server_set_ticket_keys(server, world.ticket_keys[0], NULL);
		CLEAN(session_freep)
		SSL_SESSION *ticket = ticket_from(server, versions[i], "a.test");
		tls_server_set_ticket_keys(server, world.ticket_keys[1], world.ticket_keys[0]);
		struct visit v = visit(server, versions[i], "a.test", ticket);
		assert_true(v.is_resumed);
		assert_int_equal(v.tickets, 1); /* made anew under the current key */
		tls_server_set_ticket_keys(server, world.ticket_keys[2], world.ticket_keys[1]);
		assert_false(visit(server, versions[i], "a.test", ticket).is_resumed);
	}
}

static void test_server_without_tickets(void **state)
{
	(void)state;
	CLEAN(server_freep)
	struct tls_server *server = server_make((struct server_make){ .has_no_tickets = true });
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		SSL_SESSION_free(ticket_taken);
		ticket_taken = NULL;
		struct visit v = visit(server, versions[i], "a.test", NULL);
		assert_true(v.tickets == 0 || !SSL_SESSION_has_ticket(ticket_taken));
		if (ticket_taken)
			assert_false(visit(server, versions[i], "a.test", ticket_taken).is_resumed);
	}
}

static void test_server_refuses_bad_settings(void **state)
{
	(void)state;
	struct tls_certificate_spec good = { "good", buf_slice(&world.ec.chain_pem), 1 };
	struct tls_certificate_spec cut = { "cut", slice_head(good.chain_pem, 200), 1 };
	struct tls_certificate_spec none = { "none", slice_str("nothing"), 1 };
	struct tls_certificate_spec two[] = { good, cut };
	struct tls_policy policy = { .min_version = TLS_1_2, .groups = "NOSUCH:P-256" };
	struct tls_policy no_group = { .min_version = TLS_1_2, .groups = "NOSUCH" };
	const struct {
		struct tls_policy *policy;
		struct tls_certificate_spec *specs;
		size_t count;
		int result;
		const char *error;
	} cases[] = {
		{ &policy, &cut, 1, TLS_SERVER_BAD_CHAIN,
		  "certificate cut: a certificate in it does not parse" },
		{ &policy, &none, 1, TLS_SERVER_BAD_CHAIN,
		  "certificate none: no certificate in it" },
		{ &policy, two, 2, TLS_SERVER_BAD_CHAIN,
		  "certificate cut: a certificate in it does not parse" },
		{ &policy, NULL, 0, TLS_SERVER_BAD_CHAIN, "no certificate" },
		{ &no_group, &good, 1, TLS_SERVER_BAD_POLICY,
		  "groups: this library has none of NOSUCH" },
		{ &policy, &good, 1, 0, "" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char error[128] = "";
		CLEAN(server_freep) struct tls_server *server = NULL;
		struct tls_server_settings set = { .policy = *cases[i].policy,
			                           .certificates = cases[i].specs,
			                           .certificate_count = cases[i].count,
			                           .signer = &world.signer.tls };
		assert_int_equal(tls_server_new(&server, &set, error, sizeof(error)),
		                 cases[i].result);
		assert_string_equal(error, cases[i].error);
		assert_int_equal(ERR_peek_error(), 0);
		if (server)
			assert_string_equal(tls_server_skipped_groups(server), "NOSUCH");
	}
}

/* keys and parent compare these two. */
static void test_server_chain_and_key_digests(void **state)
{
	(void)state;
	const struct test_pair *pairs[] = { &world.first, &world.ec, &world.rsa, &world.wild };
	uint8_t chain[32], key[32];
	for (uint32_t i = 0; i < COUNT_OF(pairs); i++) {
		assert_int_equal(tls_chain_public_digest(buf_slice(&pairs[i]->chain_pem), chain),
		                 0);
		assert_int_equal(keys_store_public_digest(world.signer.store, i, key), 0);
		assert_memory_equal(chain, key, sizeof(key));
	}
	assert_int_equal(keys_store_public_digest(world.signer.store, KEY_EC, key), 0);
	assert_memory_not_equal(chain, key, sizeof(key));
	assert_int_equal(tls_chain_public_digest(slice_str("x"), chain), TLS_SERVER_BAD_CHAIN);
}

/* More names than contexts are kept: the first of them come back when asked for again. */
static void test_server_contexts_are_bounded(void **state)
{
	(void)state;
	enum { COUNT = 1010 };
	CLEAN(freep) struct tls_certificate_spec *specs = calloc(COUNT, sizeof(*specs));
	CLEAN(freep) struct test_pair *pairs = calloc(COUNT, sizeof(*pairs));
	CLEAN(server_freep) struct tls_server *server = NULL;
	char error[128], name[32];
	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "h%d.test", i);
		test_pair_make(&pairs[i], &(struct test_pair_settings){
						  .type = TEST_EC, .names = name, .days = 30 });
		specs[i] = (struct tls_certificate_spec){ name, buf_slice(&pairs[i].chain_pem), 1 };
	}
	struct tls_server_settings set = { .policy = { .min_version = TLS_1_2, .groups = "X25519" },
		                           .certificates = specs,
		                           .certificate_count = COUNT,
		                           .signer = &world.signer.tls };
	assert_int_equal(tls_server_new(&server, &set, error, sizeof(error)), 0);
	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "h%d.test", i);
		struct tls_identity *id = tls_identities_find(&server->identities, name);
		assert_non_null(id);
		assert_non_null(tls_server_context(server, id));
		assert_true(server->identities.context_count <= 1000);
	}
	assert_null(tls_identities_find(&server->identities, "h1.test")->context);
	assert_non_null(server->identities.list[0].context);
	for (int i = 0; i < COUNT; i++)
		test_pair_deinit(&pairs[i]);
}

static int setup(void **state)
{
	static const struct {
		struct test_pair *pair;
		struct test_pair_settings set;
	} pairs[] = {
		{ &world.first, { TEST_EC, "first.test,exact.wild.test", 30, NULL, false } },
		{ &world.ec, { TEST_EC, "both.test,also.test", 30, NULL, false } },
		{ &world.rsa, { TEST_RSA, "Also.test,both.test,both.test", 30, NULL, false } },
		{ &world.wild, { TEST_EC, "*.wild.test,exact.wild.test", 30, NULL, false } },
	};
	(void)state;
	test_signer_init(&world.signer);
	for (uint32_t i = 0; i < COUNT_OF(pairs); i++) {
		test_pair_make(pairs[i].pair, &pairs[i].set);
		if (keys_store_add(world.signer.store, i, buf_slice(&pairs[i].pair->key_pem)))
			return -1;
	}
	for (size_t i = 0; i < COUNT_OF(world.ticket_keys); i++)
		memset(world.ticket_keys[i], (int)i + 1, TLS_TICKET_KEY_LEN);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	SSL_SESSION_free(TAKE(ticket_taken));
	test_signer_deinit(&world.signer);
	test_pair_deinit(&world.first);
	test_pair_deinit(&world.ec);
	test_pair_deinit(&world.rsa);
	test_pair_deinit(&world.wild);
	return 0;
}

static void challenge_list(struct acme_challenges *list)
{
	struct acme_challenge one = { .type = ACME_TLS_ALPN_01,
		                      .name = "new.example.org",
		                      .token = "token",
		                      .key_id = KEY_WILD };
	assert_int_equal(buf_add(&one.chain_pem, buf_slice(&world.wild.chain_pem)), 0);
	assert_int_equal(acme_challenges_add(list, &one), 0);
}

/* A CA that speaks acme-tls/1 first sees the certificate made for it, and nobody else does. */
static void test_challenge(void **state)
{
	static const struct {
		const char *sni, *alpn;
		int result;
		bool is_shown;
	} cases[] = {
		{ "new.example.org", "acme-tls/1", 0, true },
		{ "NEW.example.org", "acme-tls/1", 0, true },
		{ "other.example.org", "acme-tls/1", TLS_FAILED, false },
		{ NULL, "acme-tls/1", TLS_FAILED, false },
		{ "new.example.org", "imap", 0, false },
		{ "new.example.org", NULL, 0, false },
	};
	struct acme_challenges list = {};
	(void)state;
	challenge_list(&list);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(server_freep)
		struct tls_server *server =
			server_make((struct server_make){ .alpn = "imap", .challenges = &list });
		struct test_client client = { .sni = cases[i].sni, .alpn = cases[i].alpn };
		CLEAN(test_wire_deinit) struct test_wire w;
		test_wire_init(&w, server, &client);
		w.signer = &world.signer;
		test_wire_handshake(&w);
		assert_int_equal(w.server_result, cases[i].result);
		if (cases[i].result)
			continue;
		CLEAN(x509_freep) X509 *shown = SSL_get1_peer_certificate(w.client);
		assert_int_equal(!X509_cmp(shown, world.wild.certificate), cases[i].is_shown);
		assert_string_equal(tls_session_facts(w.server)->alpn,
		                    cases[i].alpn ? cases[i].alpn : "");
	}
	acme_challenges_clear(&list);
}

/* Who says acme-tls/1 in the first ClientHello and not in the second passes for no CA. */
static void test_challenge_waives_no_certificate(void **state)
{
	struct acme_challenges list = {};
	(void)state;
	challenge_list(&list);
	CLEAN(server_freep)
	struct tls_server *server =
		server_make((struct server_make){ .needs_certificate = true, .challenges = &list });
	/* The first group is none of the server's: it asks for a second one. */
	struct test_client client = { .sni = "new.example.org",
		                      .alpn = "acme-tls/1",
		                      .groups = "P-384:X25519" };
	CLEAN(test_wire_deinit) struct test_wire w;
	test_wire_init(&w, server, &client);
	w.signer = &world.signer;
	(void)!SSL_do_handshake(w.client);
	test_wire_to_server(&w);
	struct slice input = buf_slice(&w.in);
	w.server_result = tls_session_handshake(w.server, &input, &w.out);
	buf_clear(&w.in);
	test_wire_to_client(&w);
	assert_int_equal(SSL_set_alpn_protos(w.client, NULL, 0), 0);
	test_wire_handshake(&w);
	assert_int_equal(w.server_result, TLS_FAILED);
	acme_challenges_clear(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_challenge),
		cmocka_unit_test(test_challenge_waives_no_certificate),
		cmocka_unit_test(test_server_sni),
		cmocka_unit_test(test_server_alpn),
		cmocka_unit_test(test_server_alpn_preference),
		cmocka_unit_test(test_server_ticket_resumes_at_another_worker),
		cmocka_unit_test(test_server_ticket_of_another_scope_is_not_resumed),
		cmocka_unit_test(test_server_ticket_of_another_name_is_not_resumed),
		cmocka_unit_test(test_server_ticket_keys_rotate),
		cmocka_unit_test(test_server_without_tickets),
		cmocka_unit_test(test_server_refuses_bad_settings),
		cmocka_unit_test(test_server_chain_and_key_digests),
		cmocka_unit_test(test_server_contexts_are_bounded),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
