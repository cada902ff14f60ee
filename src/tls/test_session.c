#include "base/clean.h"
#include "tls/hello.h"
#include "tls/record_size.h"
#include "tls/server.h"
#include "tls/session.h"
#include "tls/test_support.h"

#include <malloc.h>
#include <openssl/err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { KEY_RSA = 7, KEY_EC = 8, KEY_NONE = 9 };

static struct world {
	struct test_pair rsa, ec;
	struct test_signer signer;
	bool is_compact;
} world;

static const char groups[] = "X25519MLKEM768:X25519:P-256:P-384";
static const struct tls_policy user = {
	.profile = TLS_PROFILE_USER, .min_version = TLS_1_2, .groups = groups, .has_tickets = true
};
static const struct tls_policy opportunistic = { .profile = TLS_PROFILE_OPPORTUNISTIC,
	                                         .min_version = TLS_1_2,
	                                         .groups = groups };
static const struct tls_policy old = { .profile = TLS_PROFILE_USER,
	                               .min_version = TLS_1_0,
	                               .groups = groups };

static struct tls_server *server_make(const struct tls_policy *policy, int types)
{
	struct tls_certificate_spec specs[2];
	size_t count = 0;
	char error[128] = "";
	if (types & TEST_RSA)
		specs[count++] =
			(struct tls_certificate_spec){ "rsa", buf_slice(&world.rsa.chain_pem),
			                               KEY_RSA };
	if (types & TEST_EC)
		specs[count++] =
			(struct tls_certificate_spec){ "ec", buf_slice(&world.ec.chain_pem),
			                               KEY_EC };
	struct tls_server_settings set = {
		.policy = *policy,
		.certificates = specs,
		.certificate_count = count,
		.ticket_scope = "users",
		.alpn = "imap",
		.is_compact = world.is_compact,
		.signer = &world.signer.tls,
	};
	struct tls_server *server = NULL;
	int r = tls_server_new(&server, &set, error, sizeof(error));
	if (r)
		fail_msg("server: %d %s", r, error);
	return server;
}

static void server_freep(struct tls_server **server)
{
	tls_server_unref(*server);
}

static const struct shake_case {
	const char *name;
	int version, types;
	const char *suites;
	const char *facts_version, *facts_cipher;
} shakes[] = {
	{ "1.2 RSA", TLS1_2_VERSION, TEST_RSA, NULL, "TLSv1.2",
	  "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" },
	{ "1.2 EC", TLS1_2_VERSION, TEST_EC, NULL, "TLSv1.2",
	  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" },
	{ "1.2 both, client takes RSA only", TLS1_2_VERSION, TEST_RSA | TEST_EC,
	  "ECDHE-RSA-AES256-GCM-SHA384", "TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" },
	{ "1.2 both, client takes EC only", TLS1_2_VERSION, TEST_RSA | TEST_EC,
	  "ECDHE-ECDSA-CHACHA20-POLY1305", "TLSv1.2",
	  "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256" },
	{ "1.3 RSA", TLS1_3_VERSION, TEST_RSA, NULL, "TLSv1.3", "TLS_AES_128_GCM_SHA256" },
	{ "1.3 EC", TLS1_3_VERSION, TEST_EC, NULL, "TLSv1.3", "TLS_AES_128_GCM_SHA256" },
};

static void shake(const struct shake_case *c, size_t step)
{
	CLEAN(server_freep) struct tls_server *server = server_make(&user, c->types);
	struct test_client client = { .version = c->version,
		                      .suites = c->suites,
		                      .sni = "Mx.Test",
		                      .groups = "X25519:P-256" };
	CLEAN(test_wire_deinit) struct test_wire w;
	test_wire_init(&w, server, &client);
	w.signer = &world.signer;
	w.step = step;
	test_wire_handshake(&w);
	if (w.server_result || w.client_result)
		fail_msg("%s: %d %d %s", c->name, w.server_result, w.client_result,
		         tls_session_error(w.server));
	const struct tls_facts *facts = tls_session_facts(w.server);
	assert_string_equal(facts->version, c->facts_version);
	assert_string_equal(facts->cipher, c->facts_cipher);
	assert_string_equal(facts->group, "X25519");
	assert_string_equal(facts->sni, "Mx.Test");
	assert_true(facts->has_forward_secrecy);
	assert_false(facts->is_legacy);
	assert_false(facts->is_resumed);
	assert_int_equal(tls_session_hello(w.server)->max_version, c->version);
	assert_null(SSL_get_current_compression(w.client));
}

static void test_session_handshake(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(shakes); i++)
		shake(&shakes[i], 0);
}

static void test_session_byte_by_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(shakes); i++)
		shake(&shakes[i], 1);
}

static void test_session_others_proceed_while_one_waits(void **state)
{
	(void)state;
	CLEAN(server_freep) struct tls_server *server = server_make(&user, TEST_RSA | TEST_EC);
	CLEAN(test_wire_deinit) struct test_wire waiting;
	test_wire_init(&waiting, server, NULL);
	test_wire_handshake(&waiting);
	assert_int_equal(waiting.server_result, TLS_SIGNING);
	struct slice nothing = {};
	assert_int_equal(tls_session_handshake(waiting.server, &nothing, &waiting.out),
	                 TLS_SIGNING);

	struct test_signer first = world.signer;
	world.signer.session = NULL;
	for (size_t i = 0; i < COUNT_OF(shakes); i++)
		shake(&shakes[i], 0);

	world.signer.session = first.session;
	world.signer.scheme = first.scheme;
	world.signer.key_id = first.key_id;
	world.signer.digest_len = first.digest_len;
	memcpy(world.signer.digest, first.digest, sizeof(first.digest));
	test_signer_answer(&world.signer);
	waiting.signer = &world.signer;
	test_wire_handshake(&waiting);
	assert_int_equal(waiting.server_result, 0);
	assert_int_equal(waiting.client_result, 0);
}

/* OpenSSL 3.5 has the group, and a fiber's stack must be enough for it. */
static void test_session_post_quantum_group(void **state)
{
	(void)state;
	CLEAN(server_freep) struct tls_server *server = server_make(&user, TEST_RSA);
	if (tls_server_skipped_groups(server)[0]) {
		assert_string_equal(tls_server_skipped_groups(server), "X25519MLKEM768");
		return; /* not skip(), which leaves without the clean-ups */
	}
	/* Both key shares are sent, and the edge prefers. */
	struct test_client client = { .groups = "*X25519:*X25519MLKEM768" };
	CLEAN(test_wire_deinit) struct test_wire w;
	test_wire_init(&w, server, &client);
	w.signer = &world.signer;
	test_wire_handshake(&w);
	assert_int_equal(w.server_result, 0);
	assert_int_equal(w.client_result, 0);
	assert_string_equal(tls_session_facts(w.server)->group, "X25519MLKEM768");
}

static size_t memory_used(void)
{
	return mallinfo2().uordblks;
}

static void test_session_freed_while_signing(void **state)
{
	(void)state;
	CLEAN(server_freep) struct tls_server *server = server_make(&user, TEST_EC);
	size_t before = 0;
	int cancels = world.signer.cancels;
	for (int i = 0; i < 2000; i++) {
		CLEAN(test_wire_deinit) struct test_wire w;
		struct test_client client = { .version = i % 2 ? TLS1_2_VERSION : TLS1_3_VERSION };
		test_wire_init(&w, server, &client);
		test_wire_handshake(&w);
		assert_int_equal(w.server_result, TLS_SIGNING);
		if (i % 3 == 0) /* answered, but nobody called again */
			test_signer_answer(&world.signer);
		if (i == 100)
			before = memory_used();
	}
	assert_int_equal(world.signer.cancels - cancels, 2000 - 667);
	assert_null(world.signer.session);
	/* One session's worth of slack; 2000 lost fibers would be 64 MiB. */
	assert_true(memory_used() < before + 256 * 1024);
}

/* OpenSSL's pool never shrinks by itself: a burst while keys is slow would cost for ever. */
static void test_session_memory_returns_after_a_burst(void **state)
{
	(void)state;
	enum { COUNT = 300 };
	CLEAN(server_freep) struct tls_server *server = server_make(&user, TEST_EC);
	CLEAN(freep) struct test_wire *wires = calloc(COUNT, sizeof(*wires));
	size_t before = memory_used();
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < COUNT; i++) {
			test_wire_init(&wires[i], server, NULL);
			test_wire_handshake(&wires[i]);
			assert_int_equal(wires[i].server_result, TLS_SIGNING);
		}
		for (int i = 0; i < COUNT; i++)
			test_wire_deinit(&wires[i]);
	}
	world.signer.session = NULL;
	/* 300 fibers are 9.6 MiB. */
	assert_true(memory_used() < before + 1024 * 1024);
	shake(&shakes[0], 0);
}

static void test_session_signature_failed(void **state)
{
	(void)state;
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	CLEAN(server_freep) struct tls_server *server = server_make(&user, TEST_RSA);
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		struct test_client client = { .version = versions[i] };
		CLEAN(test_wire_deinit) struct test_wire w;
		test_wire_init(&w, server, &client);
		test_wire_handshake(&w);
		assert_int_equal(w.server_result, TLS_SIGNING);
		buf_clear(&w.out);
		world.signer.session = NULL;
		tls_session_signed(w.server, (struct slice){});
		struct slice nothing = {};
		assert_int_equal(tls_session_handshake(w.server, &nothing, &w.out), TLS_FAILED);
		assert_string_equal(tls_session_error(w.server), "keys gave no signature");
		assert_true(buf_len(&w.out) >= 7);
		assert_int_equal(ERR_peek_error(), 0);
		assert_int_equal(tls_session_handshake(w.server, &nothing, &w.out), TLS_FAILED);
		test_wire_to_client(&w);
		assert_int_equal(SSL_do_handshake(w.client), -1);
	}
}

/* A signature by another key does not pass the client. */
static void test_session_wrong_signature(void **state)
{
	(void)state;
	CLEAN(server_freep) struct tls_server *server = server_make(&user, TEST_EC);
	CLEAN(test_wire_deinit) struct test_wire w;
	test_wire_init(&w, server, NULL);
	test_wire_handshake(&w);
	world.signer.digest[0] ^= 1;
	test_signer_answer(&world.signer);
	w.signer = &world.signer;
	test_wire_handshake(&w);
	assert_int_equal(w.server_result, TLS_FAILED);
	assert_string_equal(tls_session_error(w.server), "the peer refused: decrypt error");
}

static void test_session_too_long_signature(void **state)
{
	(void)state;
	static const uint8_t big[4096] = { 1 };
	CLEAN(server_freep) struct tls_server *server = server_make(&user, TEST_EC);
	CLEAN(test_wire_deinit) struct test_wire w;
	struct slice nothing = {};
	test_wire_init(&w, server, NULL);
	test_wire_handshake(&w);
	world.signer.session = NULL;
	tls_session_signed(w.server, slice_of(big, sizeof(big)));
	assert_int_equal(tls_session_handshake(w.server, &nothing, &w.out), TLS_FAILED);
	tls_session_signed(w.server, slice_of(big, sizeof(big))); /* not asked: ignored */
}

static const struct policy_case {
	const char *name;
	const struct tls_policy *policy;
	int version;
	const char *suites;
	int result;
	const char *words; /* error, or cipher */
	bool is_legacy;
} policies[] = {
	{ "1.1 at user", &user, TLS1_1_VERSION, NULL, TLS_FAILED, "no shared TLS version", false },
	{ "1.0 at 25", &opportunistic, TLS1_VERSION, NULL, TLS_FAILED, "no shared TLS version",
	  false },
	{ "1.0 where allowed", &old, TLS1_VERSION, "ECDHE-RSA-AES128-SHA:@SECLEVEL=0", 0,
	  "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", true },
	{ "1.0 EC where allowed", &old, TLS1_VERSION, "ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0", 0,
	  "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", true },
	{ "1.1 DHE where allowed", &old, TLS1_1_VERSION, "DHE-RSA-AES128-SHA:@SECLEVEL=0", 0,
	  "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", true },
	{ "1.2 where 1.0 is allowed", &old, TLS1_2_VERSION, NULL, 0,
	  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", false },
	{ "CBC at user", &user, TLS1_2_VERSION, "ECDHE-RSA-AES128-SHA256", TLS_FAILED,
	  "no shared cipher", false },
	{ "DHE at user", &user, TLS1_2_VERSION, "DHE-RSA-AES128-GCM-SHA256", TLS_FAILED,
	  "no shared cipher", false },
	{ "RSA kex at 25", &opportunistic, TLS1_2_VERSION, "AES128-GCM-SHA256", TLS_FAILED,
	  "no shared cipher", false },
	{ "CBC at 25", &opportunistic, TLS1_2_VERSION, "ECDHE-RSA-AES128-SHA256", 0,
	  "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", false },
	{ "CBC SHA-1 at 25", &opportunistic, TLS1_2_VERSION, "ECDHE-RSA-AES256-SHA", 0,
	  "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", false },
	{ "DHE at 25", &opportunistic, TLS1_2_VERSION, "DHE-RSA-AES256-SHA", 0,
	  "TLS_DHE_RSA_WITH_AES_256_CBC_SHA", true },
	{ "AEAD before DHE", &opportunistic, TLS1_2_VERSION,
	  "DHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256", 0,
	  "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", false },
};

static void policy_check(const struct policy_case *c)
{
	CLEAN(server_freep) struct tls_server *server = server_make(c->policy, TEST_RSA | TEST_EC);
	struct test_client client = { .version = c->version, .suites = c->suites };
	CLEAN(test_wire_deinit) struct test_wire w;
	test_wire_init(&w, server, &client);
	w.signer = &world.signer;
	test_wire_handshake(&w);
	const struct tls_facts *facts = tls_session_facts(w.server);
	const char *words = w.server_result ? tls_session_error(w.server) : facts->cipher;
	if (w.server_result != c->result || strcmp(words, c->words) != 0 ||
	    facts->is_legacy != c->is_legacy)
		fail_msg("%s: %d %s", c->name, w.server_result, words);
	/* Refused or not, what was offered is known. */
	assert_non_null(tls_session_hello(w.server));
	assert_int_equal(tls_session_hello(w.server)->max_version, c->version);
	tls_session_forget_hello(w.server);
	assert_null(tls_session_hello(w.server));
}

static void test_session_policy(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(policies); i++)
		policy_check(&policies[i]);
}

static void wire_up(struct test_wire *w, struct tls_server *server, int version)
{
	struct test_client client = { .version = version };
	test_wire_init(w, server, &client);
	w->signer = &world.signer;
	test_wire_handshake(w);
	assert_int_equal(w->server_result, 0);
	assert_int_equal(w->client_result, 0);
	assert_int_equal(tls_session_is_compact(w->server), world.is_compact);
}

/* Reads until it asks for more; returns the last result, adds the bytes to ret_plain. */
static int server_read(struct test_wire *w, struct buf *ret_plain)
{
	uint8_t plain[5000];
	size_t len = 0;
	struct slice input = buf_slice(&w->in);
	size_t all = input.len;
	int r;
	while ((r = tls_session_read(w->server, &input, &w->out, plain, sizeof(plain), &len)) == 0)
		assert_int_equal(buf_add(ret_plain, slice_of(plain, len)), 0);
	buf_consume(&w->in, all - input.len);
	return r;
}

static void client_read(struct test_wire *w, struct buf *ret_plain)
{
	uint8_t plain[5000];
	size_t len = 0;
	while (SSL_read_ex(w->client, plain, sizeof(plain), &len))
		assert_int_equal(buf_add(ret_plain, slice_of(plain, len)), 0);
	ERR_clear_error();
}

static void bulk(int version)
{
	enum { LEN = 1024 * 1024 };
	CLEAN(server_freep) struct tls_server *server = server_make(&user, TEST_EC);
	CLEAN(test_wire_deinit) struct test_wire w;
	CLEAN(freep) uint8_t *data = malloc(LEN);
	CLEAN(buf_deinit) struct buf up = {};
	CLEAN(buf_deinit) struct buf down = {};
	for (size_t i = 0; i < LEN; i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	wire_up(&w, server, version);
	assert_int_equal(SSL_write(w.client, data, LEN), LEN);
	test_wire_to_server(&w);
	assert_int_equal(server_read(&w, &up), TLS_MORE);
	assert_true(slice_equal(buf_slice(&up), slice_of(data, LEN)));
	assert_int_equal(tls_session_write(w.server, slice_of(data, LEN), &w.out), 0);
	test_wire_to_client(&w);
	client_read(&w, &down);
	assert_true(slice_equal(buf_slice(&down), slice_of(data, LEN)));
}

static void test_session_bulk(void **state)
{
	(void)state;
	bulk(TLS1_2_VERSION);
	bulk(TLS1_3_VERSION);
}

/* The largest record of what the server makes of LEN bytes; how many there are. */
static size_t records_of_stream(struct test_wire *w, size_t *ret_count)
{
	enum { HEADER_LEN = 5, LEN = 64 * 1024 };
	static const uint8_t data[LEN];
	CLEAN(buf_deinit) struct buf down = {};
	size_t most = 0;
	*ret_count = 0;
	assert_int_equal(tls_session_write(w->server, slice_of(data, LEN), &w->out), 0);
	struct slice wire = buf_slice(&w->out);
	while (wire.len) {
		size_t len = (size_t)wire.data[3] << 8 | wire.data[4];
		most = len > most ? len : most;
		wire = slice_skip(wire, HEADER_LEN + len);
		++*ret_count;
	}
	test_wire_to_client(w);
	client_read(w, &down);
	assert_int_equal(buf_len(&down), LEN);
	return most;
}

/* Both TLS versions: a header of 5 bytes, and 17 or 24 beside what is said. */
static void records_grow(int version)
{
	enum { SMALL = TLS_RECORD_SIZE_SMALL, LARGE = 16384, OVERHEAD = 24 };
	CLEAN(server_freep) struct tls_server *server = server_make(&user, TEST_EC);
	CLEAN(test_wire_deinit) struct test_wire w;
	size_t count = 0;
	wire_up(&w, server, version);
	for (int round = 0; round < 2; round++) {
		assert_in_range(records_of_stream(&w, &count), SMALL, SMALL + OVERHEAD);
		assert_int_equal(count, 48 + 1);
		assert_in_range(records_of_stream(&w, &count), LARGE, LARGE + OVERHEAD);
		assert_int_equal(count, 4);
		tls_session_rest(w.server);
	}
}

static void test_session_records_grow(void **state)
{
	(void)state;
	records_grow(TLS1_2_VERSION);
	records_grow(TLS1_3_VERSION);
}

static void close_both(int version)
{
	CLEAN(server_freep) struct tls_server *server = server_make(&user, TEST_EC);
	CLEAN(test_wire_deinit) struct test_wire w;
	CLEAN(buf_deinit) struct buf up = {};
	wire_up(&w, server, version);
	assert_int_equal(SSL_write(w.client, "bye", 3), 3);
	SSL_shutdown(w.client);
	test_wire_to_server(&w);
	assert_int_equal(server_read(&w, &up), TLS_CLOSED);
	assert_int_equal(buf_len(&up), 3);
	assert_int_equal(server_read(&w, &up), TLS_CLOSED);
	tls_session_close(w.server, &w.out);
	test_wire_to_client(&w);
	assert_int_equal(SSL_shutdown(w.client), 1);
}

static void test_session_close(void **state)
{
	(void)state;
	close_both(TLS1_2_VERSION);
	close_both(TLS1_3_VERSION);
}

static void test_session_renegotiation_refused(void **state)
{
	(void)state;
	CLEAN(server_freep) struct tls_server *server = server_make(&user, TEST_EC);
	CLEAN(test_wire_deinit) struct test_wire w;
	CLEAN(buf_deinit) struct buf up = {};
	int requests = world.signer.requests;
	wire_up(&w, server, TLS1_2_VERSION);
	assert_true(SSL_renegotiate(w.client));
	(void)SSL_do_handshake(w.client);
	test_wire_to_server(&w);
	assert_true(buf_len(&w.in) > 0);
	assert_int_equal(server_read(&w, &up), TLS_MORE); /* a warning, and life goes on */
	test_wire_to_client(&w);
	assert_int_equal(SSL_do_handshake(w.client), -1);
	assert_int_equal(world.signer.requests, requests + 1);
	ERR_clear_error();
}

static void update_keys(struct test_wire *w, int times)
{
	for (int i = 0; i < times; i++) {
		assert_true(SSL_key_update(w->client, SSL_KEY_UPDATE_NOT_REQUESTED));
		assert_int_equal(SSL_do_handshake(w->client), 1);
	}
}

/* A key update with each line is fine, a storm of them is not. */
static void test_session_key_update_storm(void **state)
{
	(void)state;
	CLEAN(server_freep) struct tls_server *server = server_make(&user, TEST_EC);
	CLEAN(test_wire_deinit) struct test_wire w;
	CLEAN(buf_deinit) struct buf up = {};
	wire_up(&w, server, TLS1_3_VERSION);
	for (int i = 0; i < 100; i++) {
		assert_true(SSL_key_update(w.client, SSL_KEY_UPDATE_NOT_REQUESTED));
		assert_int_equal(SSL_write(w.client, "x", 1), 1);
	}
	test_wire_to_server(&w);
	assert_int_equal(server_read(&w, &up), TLS_MORE);
	assert_int_equal(buf_len(&up), 100);
	/* Nor is one with each record that the client reads. */
	for (int i = 0; i < 100; i++)
		assert_int_equal(tls_session_write(w.server, slice_str("x"), &w.out), 0);
	update_keys(&w, 100);
	test_wire_to_server(&w);
	assert_int_equal(server_read(&w, &up), TLS_MORE);
	update_keys(&w, 100);
	test_wire_to_server(&w);
	assert_int_equal(server_read(&w, &up), TLS_FAILED);
	assert_string_equal(tls_session_error(w.server), "too many messages without data");
	assert_int_equal(tls_session_write(w.server, slice_str("x"), &w.out), TLS_FAILED);
}

static const struct garbage_case {
	const char *name, *bytes;
	const char *words;
} garbage[] = {
	{ "HTTP", "GET / HTTP/1.0\r\n\r\n", "not TLS but HTTP" },
	{ "SMTP", "EHLO client.example.org\r\n", "not TLS" },
};

static void test_session_garbage(void **state)
{
	(void)state;
	CLEAN(server_freep) struct tls_server *server = server_make(&user, TEST_EC);
	for (size_t i = 0; i < COUNT_OF(garbage); i++) {
		CLEAN(test_wire_deinit) struct test_wire w;
		test_wire_init(&w, server, NULL);
		struct slice input = slice_str(garbage[i].bytes);
		assert_int_equal(tls_session_handshake(w.server, &input, &w.out), TLS_FAILED);
		assert_string_equal(tls_session_error(w.server), garbage[i].words);
		assert_null(tls_session_hello(w.server));
		assert_int_equal(ERR_peek_error(), 0);
	}
}

static void test_session_truncated_record_is_more(void **state)
{
	(void)state;
	CLEAN(server_freep) struct tls_server *server = server_make(&user, TEST_EC);
	CLEAN(test_wire_deinit) struct test_wire w;
	CLEAN(buf_deinit) struct buf up = {};
	wire_up(&w, server, TLS1_3_VERSION);
	assert_int_equal(SSL_write(w.client, "hello", 5), 5);
	test_wire_to_server(&w);
	CLEAN(buf_deinit) struct buf rest = {};
	assert_int_equal(buf_add(&rest, slice_skip(buf_slice(&w.in), 9)), 0);
	w.in.end = w.in.start + 9;
	assert_int_equal(server_read(&w, &up), TLS_MORE);
	assert_int_equal(buf_len(&w.in), 0);
	rest.data[rest.start] ^= 1;
	assert_int_equal(buf_add(&w.in, buf_slice(&rest)), 0);
	assert_int_equal(server_read(&w, &up), TLS_FAILED);
	assert_int_equal(buf_len(&up), 0);
}

static int setup(void **state)
{
	(void)state;
	test_pair_make(&world.rsa, &(struct test_pair_settings){
					   .type = TEST_RSA, .names = "mx.test", .days = 30 });
	test_pair_make(&world.ec, &(struct test_pair_settings){
					  .type = TEST_EC, .names = "mx.test", .days = 30 });
	test_signer_init(&world.signer);
	return keys_store_add(world.signer.store, KEY_RSA, buf_slice(&world.rsa.key_pem)) ||
	       keys_store_add(world.signer.store, KEY_EC, buf_slice(&world.ec.key_pem));
}

static int teardown(void **state)
{
	(void)state;
	test_signer_deinit(&world.signer);
	test_pair_deinit(&world.rsa);
	test_pair_deinit(&world.ec);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session_handshake),
		cmocka_unit_test(test_session_byte_by_byte),
		cmocka_unit_test(test_session_others_proceed_while_one_waits),
		cmocka_unit_test(test_session_post_quantum_group),
		cmocka_unit_test(test_session_freed_while_signing),
		cmocka_unit_test(test_session_memory_returns_after_a_burst),
		cmocka_unit_test(test_session_signature_failed),
		cmocka_unit_test(test_session_wrong_signature),
		cmocka_unit_test(test_session_too_long_signature),
		cmocka_unit_test(test_session_policy),
		cmocka_unit_test(test_session_bulk),
		cmocka_unit_test(test_session_records_grow),
		cmocka_unit_test(test_session_close),
		cmocka_unit_test(test_session_renegotiation_refused),
		cmocka_unit_test(test_session_key_update_storm),
		cmocka_unit_test(test_session_garbage),
		cmocka_unit_test(test_session_truncated_record_is_more),
	};
	int failed = cmocka_run_group_tests_name("by OpenSSL", tests, setup, teardown);
	world.is_compact = true;
	return failed + cmocka_run_group_tests_name("compact", tests, setup, teardown);
}
