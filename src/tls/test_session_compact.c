/*
 * Compact sessions against OpenSSL, in both roles, versions and all suites: whatever one says at
 * random the other hears. MAILSEAL_RECORDS: how many records in all (20,000 unless set);
 * MAILSEAL_SEED: begins with that number, which a failure prints.
 */
#include "base/clean.h"
#include "tls/client.h"
#include "tls/inside.h"
#include "tls/server.h"
#include "tls/session.h"
#include "tls/test_support.h"

#include <openssl/err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

enum { KEY_RSA = 7, KEY_EC = 8, RECORDS = 20000, SAID_MAX = 70000 };

static struct world {
	struct test_pair rsa, ec;
	struct test_signer signer;
	struct tls_server *server; /* ours */
	struct tls_client *client; /* ours */
	uint64_t seed;
	uint64_t random;
} world;

static const struct kind {
	const char *name;
	int version;
	const char *suite;
} kinds[] = {
	{ "TLSv1.3", TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256" },
	{ "TLSv1.3", TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384" },
	{ "TLSv1.3", TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256" },
	{ "TLSv1.2", TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256" },
	{ "TLSv1.2", TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384" },
	{ "TLSv1.2", TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305" },
	{ "TLSv1.2", TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256" },
	{ "TLSv1.2", TLS1_2_VERSION, "ECDHE-RSA-AES256-GCM-SHA384" },
	{ "TLSv1.2", TLS1_2_VERSION, "ECDHE-RSA-CHACHA20-POLY1305" },
	{ "TLSv1.2", TLS1_2_VERSION, "DHE-RSA-AES128-GCM-SHA256" },
};

/* xorshift64* */
static uint64_t random_number(uint64_t below)
{
	world.random ^= world.random >> 12;
	world.random ^= world.random << 25;
	world.random ^= world.random >> 27;
	return (world.random * 2685821657736338717ULL >> 16) % below;
}

/* An end of ours and one of OpenSSL's, byte for byte between them. */
struct wire {
	const struct kind *kind;
	SSL_CTX *context;
	SSL *ssl;
	struct tls_session *ours;
	struct buf to_ours, to_theirs;
	struct buf said_to_ours, said_to_theirs; /* and not heard yet */
	uint64_t records;
};

static void theirs_flush(struct wire *w)
{
	char *data = NULL;
	BIO *bio = SSL_get_wbio(w->ssl);
	long len = BIO_get_mem_data(bio, &data);
	if (len > 0)
		assert_int_equal(buf_add(&w->to_ours, slice_of(data, (size_t)len)), 0);
	(void)BIO_reset(bio);
}

static void ours_flush(struct wire *w)
{
	struct slice s = buf_slice(&w->to_theirs);
	if (s.len)
		assert_int_equal(BIO_write(SSL_get_rbio(w->ssl), s.data, (int)s.len), (int)s.len);
	buf_clear(&w->to_theirs);
}

static void handshake(struct wire *w)
{
	int ours = TLS_MORE, theirs = 0;
	for (int round = 0; round < 40 && (ours || theirs != 1); round++) {
		theirs = SSL_do_handshake(w->ssl);
		ERR_clear_error();
		theirs_flush(w);
		struct slice input = buf_slice(&w->to_ours);
		size_t all = input.len;
		ours = tls_session_handshake(w->ours, &input, &w->to_theirs);
		buf_consume(&w->to_ours, all - input.len);
		test_signer_answer(&world.signer);
		ours_flush(w);
	}
	if (ours || theirs != 1)
		fail_msg("%s %s: %d %d %s", w->kind->name, w->kind->suite, ours, theirs,
		         tls_session_error(w->ours));
	assert_true(tls_session_is_compact(w->ours));
	assert_string_equal(tls_session_facts(w->ours)->version, w->kind->name);
	assert_int_equal(ERR_peek_error(), 0);
}

static void wire_init(struct wire *w, const struct kind *kind, bool is_ours_server)
{
	bool is_rsa = strstr(kind->suite, "RSA-") && !strstr(kind->suite, "ECDSA");
	const struct test_pair *pair = is_rsa ? &world.rsa : &world.ec;
	*w = (struct wire){ .kind = kind };
	w->context = SSL_CTX_new(is_ours_server ? TLS_client_method() : TLS_server_method());
	SSL_CTX_set_min_proto_version(w->context, kind->version);
	SSL_CTX_set_max_proto_version(w->context, kind->version);
	if (kind->version == TLS1_3_VERSION)
		assert_true(SSL_CTX_set_ciphersuites(w->context, kind->suite));
	else
		assert_true(SSL_CTX_set_cipher_list(w->context, kind->suite));
	SSL_CTX_set_dh_auto(w->context, 1);
	if (!is_ours_server)
		assert_true(SSL_CTX_use_cert_and_key(w->context, pair->certificate, pair->key, NULL,
		                                     1));
	w->ssl = SSL_new(w->context);
	SSL_set_bio(w->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	if (is_ours_server) {
		SSL_set_connect_state(w->ssl);
		assert_int_equal(tls_session_accept(&w->ours, world.server, NULL), 0);
	} else {
		SSL_set_accept_state(w->ssl);
		assert_int_equal(tls_session_connect(&w->ours, world.client, NULL), 0);
	}
	handshake(w);
}

static void wire_deinit(struct wire *w)
{
	tls_session_free(w->ours);
	SSL_free(w->ssl);
	SSL_CTX_free(w->context);
	buf_deinit(&w->to_ours);
	buf_deinit(&w->to_theirs);
	buf_deinit(&w->said_to_ours);
	buf_deinit(&w->said_to_theirs);
	ERR_clear_error();
}

static struct slice something(void)
{
	static uint8_t text[SAID_MAX];
	static const size_t sizes[] = { 1, 100, 16384, 16385, 40000, SAID_MAX };
	size_t len = 1 + random_number(sizes[random_number(COUNT_OF(sizes))]);
	for (size_t i = 0; i < len; i += 1 + len / 16)
		text[i] = (uint8_t)random_number(256);
	return slice_of(text, len);
}

static void ours_say(struct wire *w)
{
	struct slice text = something();
	assert_int_equal(tls_session_write(w->ours, text, &w->to_theirs), 0);
	assert_int_equal(buf_add(&w->said_to_theirs, text), 0);
	w->records += text.len / 16384 + 1;
}

/* Smaller records than may be, with padding in TLS 1.3; or as large as they may be. */
static void theirs_say(struct wire *w)
{
	struct slice text = something();
	size_t most = random_number(2) ? SAID_MAX : 1 + random_number(16000);
	assert_int_equal(buf_add(&w->said_to_ours, text), 0);
	SSL_set_block_padding(w->ssl, most == SAID_MAX ? 1 : 1 + random_number(300));
	while (text.len) {
		struct slice piece = slice_head(text, most);
		assert_int_equal(SSL_write(w->ssl, piece.data, (int)piece.len), (int)piece.len);
		w->records += piece.len / 16384 + 1;
		text = slice_skip(text, piece.len);
	}
}

static void theirs_hear(struct wire *w)
{
	static uint8_t plain[20000];
	size_t len = 0;
	ours_flush(w);
	while (SSL_read_ex(w->ssl, plain, 1 + random_number(sizeof(plain)), &len)) {
		struct slice said = slice_head(buf_slice(&w->said_to_theirs), len);
		assert_true(slice_equal(slice_of(plain, len), said));
		buf_consume(&w->said_to_theirs, len);
	}
	if (SSL_get_error(w->ssl, 0) == SSL_ERROR_SSL)
		fail_msg("%s %s, seed %llu: %s", w->kind->name, w->kind->suite,
		         (unsigned long long)world.seed, ERR_reason_error_string(ERR_peek_error()));
	ERR_clear_error();
}

/* In pieces, as a socket has them. */
static void ours_hear(struct wire *w)
{
	static uint8_t plain[40000];
	theirs_flush(w);
	while (buf_len(&w->to_ours)) {
		struct slice piece = slice_head(buf_slice(&w->to_ours), 1 + random_number(30000));
		size_t fed = piece.len;
		int r = 0;
		while (!r) {
			size_t len = 0;
			r = tls_session_read(w->ours, &piece, &w->to_theirs, plain,
			                     1 + random_number(sizeof(plain)), &len);
			struct slice said = slice_head(buf_slice(&w->said_to_ours), len);
			assert_true(slice_equal(slice_of(plain, len), said));
			buf_consume(&w->said_to_ours, len);
		}
		if (r != TLS_MORE)
			fail_msg("%s %s, seed %llu: %d %s", w->kind->name, w->kind->suite,
			         (unsigned long long)world.seed, r, tls_session_error(w->ours));
		assert_int_equal(piece.len, 0);
		buf_consume(&w->to_ours, fed);
	}
}

/* The chatter between may not be more than what is allowed, so each is followed by data. */
static void theirs_update(struct wire *w)
{
	if (w->kind->version != TLS1_3_VERSION)
		return;
	assert_true(SSL_key_update(w->ssl, random_number(2) ? SSL_KEY_UPDATE_REQUESTED
	                                                    : SSL_KEY_UPDATE_NOT_REQUESTED));
	theirs_say(w);
}

static void talk(const struct kind *kind, bool is_ours_server, uint64_t records)
{
	struct wire w;
	wire_init(&w, kind, is_ours_server);
	while (w.records < records) {
		switch (random_number(6)) {
		case 0:
		case 1:
			ours_say(&w);
			break;
		case 2:
			theirs_say(&w);
			break;
		case 3:
			theirs_hear(&w);
			break;
		case 4:
			ours_hear(&w);
			break;
		case 5:
			theirs_update(&w);
			break;
		}
	}
	theirs_hear(&w);
	ours_hear(&w);
	theirs_hear(&w);
	assert_int_equal(buf_len(&w.said_to_ours), 0);
	assert_int_equal(buf_len(&w.said_to_theirs), 0);
	tls_session_close(w.ours, &w.to_theirs);
	ours_flush(&w);
	assert_int_equal(SSL_read(w.ssl, &(char){ 0 }, 1), 0);
	assert_int_equal(SSL_get_error(w.ssl, 0), SSL_ERROR_ZERO_RETURN);
	wire_deinit(&w);
}

/* Sessions of some hundred records, for the beginning is where most may go wrong. */
static void talks(bool is_ours_server)
{
	enum { A_SESSION = 200 };
	const char *wanted = getenv("MAILSEAL_RECORDS");
	uint64_t records = wanted ? strtoull(wanted, NULL, 10) : RECORDS;
	uint64_t sessions = records / 2 / A_SESSION + 1;
	for (uint64_t i = 0; i < sessions || i < COUNT_OF(kinds); i++)
		talk(&kinds[i % COUNT_OF(kinds)], is_ours_server,
		     1 + random_number((uint64_t)2 * A_SESSION));
}

static void test_compact_server_talks_with_openssl(void **state)
{
	(void)state;
	talks(true);
}

static void test_compact_client_talks_with_openssl(void **state)
{
	(void)state;
	talks(false);
}

/* What a session that does nothing costs; README's figure. */
static void test_compact_size(void **state)
{
	(void)state;
	struct wire w;
	wire_init(&w, &kinds[0], true);
	tls_session_forget_hello(w.ours);
	assert_true(tls_session_size(w.ours) <= 352);
	wire_deinit(&w);
}

/* The ends that do not compress well stay where they are. */
static void test_compact_not(void **state)
{
	(void)state;
	static const struct {
		const char *suite;
		int fragment;
	} cases[] = { { "ECDHE-RSA-AES128-SHA", 0 },
		      { "ECDHE-RSA-AES128-GCM-SHA256", TLSEXT_max_fragment_length_1024 } };
	struct tls_compact_counts before, after;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct test_client client = { .version = TLS1_2_VERSION, .suites = cases[i].suite };
		CLEAN(test_wire_deinit) struct test_wire w;
		tls_compact_counts(&before);
		test_wire_init(&w, world.server, &client);
		w.signer = &world.signer;
		if (cases[i].fragment)
			assert_true(SSL_set_tlsext_max_fragment_length(w.client,
			                                               (uint8_t)cases[i].fragment));
		test_wire_handshake(&w);
		assert_int_equal(w.server_result, 0);
		assert_false(tls_session_is_compact(w.server));
		tls_compact_counts(&after);
		assert_int_equal(after.stayed, before.stayed + 1);
		assert_int_equal(after.compact, before.compact);
		assert_int_equal(tls_session_write(w.server, slice_str("hi"), &w.out), 0);
		test_wire_to_client(&w);
		assert_int_equal(SSL_read(w.client, &(char[2]){}, 2), 2);
	}
}

/* The tickets that came before the hand-over are good, and those of others count in the record. */
static void test_compact_resumed(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i += 3) {
		struct test_client client = { .version = kinds[i].version, .sni = "mx.test" };
		SSL_SESSION *ticket = NULL;
		for (int round = 0; round < 2; round++) {
			CLEAN(test_wire_deinit) struct test_wire w;
			client.ticket = ticket;
			test_wire_init(&w, world.server, &client);
			w.signer = &world.signer;
			test_wire_handshake(&w);
			assert_true(tls_session_is_compact(w.server));
			assert_int_equal(tls_session_facts(w.server)->is_resumed, round);
			assert_string_equal(tls_session_facts(w.server)->sni, "mx.test");
			assert_int_equal(tls_session_write(w.server, slice_str("hi"), &w.out), 0);
			test_wire_to_client(&w);
			assert_int_equal(SSL_read(w.client, &(char[2]){}, 2), 2);
			SSL_SESSION_free(ticket);
			ticket = SSL_get1_session(w.client);
			SSL_set_shutdown(w.client, SSL_SENT_SHUTDOWN);
		}
		SSL_SESSION_free(ticket);
	}
}

/* The count goes down again, and nothing is left of a session. */
static void test_compact_counts(void **state)
{
	(void)state;
	struct tls_compact_counts before, with, after;
	struct wire w;
	tls_compact_counts(&before);
	wire_init(&w, &kinds[0], false);
	tls_compact_counts(&with);
	wire_deinit(&w);
	tls_compact_counts(&after);
	assert_int_equal(with.compact, before.compact + 1);
	assert_int_equal(after.compact, before.compact);
}

static int setup(void **state)
{
	(void)state;
	const char *seed = getenv("MAILSEAL_SEED");
	char error[128] = "";
	world.seed = world.random = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
	test_pair_make(&world.rsa, &(struct test_pair_settings){
					   .type = TEST_RSA, .names = "mx.test", .days = 30 });
	test_pair_make(&world.ec, &(struct test_pair_settings){
					  .type = TEST_EC, .names = "mx.test", .days = 30 });
	test_signer_init(&world.signer);
	struct tls_certificate_spec specs[] = { { "rsa", buf_slice(&world.rsa.chain_pem), KEY_RSA },
		                                { "ec", buf_slice(&world.ec.chain_pem), KEY_EC } };
	struct tls_server_settings set = {
		.policy = { .profile = TLS_PROFILE_OPPORTUNISTIC,
		            .min_version = TLS_1_2,
		            .groups = "X25519:P-256",
		            .has_tickets = true },
		.certificates = specs,
		.certificate_count = COUNT_OF(specs),
		.is_compact = true,
		.signer = &world.signer.tls,
	};
	struct tls_client_settings client = { .verify = TLS_VERIFY_NONE,
		                              .min_version = TLS_1_2,
		                              .is_compact = true };
	return keys_store_add(world.signer.store, KEY_RSA, buf_slice(&world.rsa.key_pem)) ||
	       keys_store_add(world.signer.store, KEY_EC, buf_slice(&world.ec.key_pem)) ||
	       tls_server_new(&world.server, &set, error, sizeof(error)) ||
	       tls_client_new(&world.client, &client, error, sizeof(error));
}

static int teardown(void **state)
{
	(void)state;
	tls_server_unref(world.server);
	tls_client_unref(world.client);
	test_signer_deinit(&world.signer);
	test_pair_deinit(&world.rsa);
	test_pair_deinit(&world.ec);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compact_server_talks_with_openssl),
		cmocka_unit_test(test_compact_client_talks_with_openssl),
		cmocka_unit_test(test_compact_size),
		cmocka_unit_test(test_compact_not),
		cmocka_unit_test(test_compact_resumed),
		cmocka_unit_test(test_compact_counts),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
