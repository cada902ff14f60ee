/* Hops against an OpenSSL server with all sorts of certificates: what each of them proves. */
#include "base/clean.h"
#include "tls/chain.h"
#include "tls/client.h"
#include "tls/hello.h"
#include "tls/proof.h"
#include "tls/test_support.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { CHAIN_MAX = 3, RECORDS_MAX = 2, DATA_MAX = 2048, DEEP = 12 };

static const char host[] = "mx.isp.test";

/* What servers send and records are made of; issuers stand before what they issue. */
static const struct pair_row {
	const char *id;
	int type;
	const char *names;
	int days;
	const char *issuer; /* an id; NULL: itself */
	bool is_ca;
} rows[] = {
	{ "ca", TEST_EC, NULL, 30, NULL, true }, /* the public one */
	{ "other_ca", TEST_EC, NULL, 30, NULL, true },
	{ "old_ca", TEST_EC, NULL, -5, NULL, true },
	{ "middle", TEST_EC, NULL, 30, "ca", true },
	{ "no_ca", TEST_EC, "no-ca.test", 30, "ca", false },
	{ "good", TEST_EC, host, 30, "ca", false },
	{ "below", TEST_RSA, host, 30, "middle", false },
	{ "expired", TEST_EC, host, -5, "ca", false },
	{ "early", TEST_EC, host, 30, "ca", false },
	{ "self", TEST_EC, host, 30, NULL, false },
	{ "nameless", TEST_EC, NULL, 30, "ca", false },
	{ "wild", TEST_EC, "*.isp.test", 30, "ca", false },
	{ "foreign", TEST_EC, host, 30, "other_ca", false },
	{ "forged", TEST_EC, host, 30, "ca", false }, /* as it says */
	{ "worn", TEST_EC, host, 30, "old_ca", false },
	{ "small", TEST_EC, host, 30, "ca", false },
	{ "small_foreign", TEST_EC, host, 30, "other_ca", false },
	{ "large", TEST_EC, host, 30, "ca", false },
	{ "sha1", TEST_EC, host, 30, "ca", false },
	{ "by_no_ca", TEST_EC, host, 30, "no_ca", false },
};

static struct world {
	struct test_pair pairs[COUNT_OF(rows)];
	struct test_pair deep[DEEP]; /* each issued by the one before, the first by ca */
	struct tls_hops *hops, *hops_without;
} world;

enum {
	HOLDS = TLS_PROOF_HOLDS,
	NOT_ASKED = TLS_PROOF_NOT_ASKED,
	NOT_TRUSTED = TLS_PROOF_NOT_TRUSTED,
	WRONG_NAME = TLS_PROOF_WRONG_NAME,
	EXPIRED = TLS_PROOF_EXPIRED,
	INVALID = TLS_PROOF_INVALID,
};

static const struct proof_case {
	const char *name;
	const char *sent;    /* ids, leaf first */
	const char *records; /* TLSA of these ids; with "!" their last byte is missing */
	const char *names;   /* for usage 2 */
	const char *host;    /* NULL: the public CAs are not asked */
	int dane, pkix;
	int usage; /* of the record that matched */
} cases[] = {
	/* DANE-EE */
	{ "3 0 0", "good", "3 0 0 good", "", NULL, HOLDS, NOT_ASKED, 3 },
	{ "3 0 1", "good", "3 0 1 good", "", NULL, HOLDS, NOT_ASKED, 3 },
	{ "3 0 2", "good", "3 0 2 good", "", NULL, HOLDS, NOT_ASKED, 3 },
	{ "3 1 0", "good", "3 1 0 good", "", NULL, HOLDS, NOT_ASKED, 3 },
	{ "3 1 1", "good", "3 1 1 good", "", NULL, HOLDS, NOT_ASKED, 3 },
	{ "3 1 2", "good", "3 1 2 good", "", NULL, HOLDS, NOT_ASKED, 3 },
	{ "another key", "good", "3 1 1 self", "", NULL, NOT_TRUSTED, NOT_ASKED, -1 },
	{ "the CA's key", "good ca", "3 1 1 ca", "", NULL, NOT_TRUSTED, NOT_ASKED, -1 },
	{ "one of two keys", "good", "3 1 1 self,3 1 1 good", "", NULL, HOLDS, NOT_ASKED, 3 },
	{ "expired", "expired", "3 1 1 expired", "", NULL, HOLDS, NOT_ASKED, 3 },
	{ "not yet valid", "early", "3 0 1 early", "", NULL, HOLDS, NOT_ASKED, 3 },
	{ "wrong name", "good", "3 1 1 good", "isp.test", NULL, HOLDS, NOT_ASKED, 3 },
	{ "self-signed", "self", "3 1 1 self", "", NULL, HOLDS, NOT_ASKED, 3 },
	{ "small key", "small", "3 1 1 small", "", NULL, HOLDS, NOT_ASKED, 3 },
	{ "large key", "large", "3 1 1 large", "", NULL, HOLDS, NOT_ASKED, 3 },
	{ "another small key", "small", "3 1 1 good", "", NULL, NOT_TRUSTED, NOT_ASKED, -1 },
	{ "signed with SHA-1", "sha1", "3 0 1 sha1", "", NULL, HOLDS, NOT_ASKED, 3 },
	{ "cut", "good", "3 1 1 good!", "", NULL, NOT_TRUSTED, NOT_ASKED, -1 },
	{ "full and cut", "good", "3 0 0 good!", "", NULL, NOT_TRUSTED, NOT_ASKED, -1 },
	{ "cut one beside", "good", "3 1 2 good!,3 1 1 good", "", NULL, HOLDS, NOT_ASKED, 3 },
	{ "unknown matching", "good", "3 1 3 good", "", NULL, NOT_TRUSTED, NOT_ASKED, -1 },
	{ "unknown selector", "good", "3 2 1 good", "", NULL, NOT_TRUSTED, NOT_ASKED, -1 },
	{ "usage 1 does not count", "good", "1 1 1 good", host, NULL, NOT_TRUSTED, NOT_ASKED, -1 },
	{ "no record", "good", "", host, NULL, NOT_ASKED, NOT_ASKED, -1 },
	/* DANE-TA */
	{ "2 0 0", "good ca", "2 0 0 ca", host, NULL, HOLDS, NOT_ASKED, 2 },
	{ "2 0 1", "good ca", "2 0 1 ca", host, NULL, HOLDS, NOT_ASKED, 2 },
	{ "2 0 2", "good ca", "2 0 2 ca", host, NULL, HOLDS, NOT_ASKED, 2 },
	{ "2 1 1", "good ca", "2 1 1 ca", host, NULL, HOLDS, NOT_ASKED, 2 },
	{ "2 1 2", "good ca", "2 1 2 ca", host, NULL, HOLDS, NOT_ASKED, 2 },
	{ "anchor in the record only", "good", "2 0 0 ca", host, NULL, HOLDS, NOT_ASKED, 2 },
	{ "bare key of the anchor", "good", "2 1 0 ca", host, NULL, HOLDS, NOT_ASKED, 2 },
	{ "anchor nowhere", "good", "2 0 1 ca", host, NULL, NOT_TRUSTED, NOT_ASKED, -1 },
	{ "middle as anchor", "below middle", "2 1 1 middle", host, NULL, HOLDS, NOT_ASKED, 2 },
	{ "root as anchor", "below middle ca", "2 1 1 ca", host, NULL, HOLDS, NOT_ASKED, 2 },
	{ "gap in the chain", "below ca", "2 1 1 ca", host, NULL, NOT_TRUSTED, NOT_ASKED, -1 },
	{ "in the chain, signed nothing", "foreign ca", "2 0 1 ca", host, NULL, NOT_TRUSTED,
	  NOT_ASKED, -1 },
	{ "forged", "forged ca", "2 0 1 ca", host, NULL, NOT_TRUSTED, NOT_ASKED, 2 },
	{ "forged, and wrong name", "forged ca", "2 0 1 ca", "isp.test", NULL, NOT_TRUSTED,
	  NOT_ASKED, 2 },
	{ "forged, bare key", "forged", "2 1 0 ca", host, NULL, NOT_TRUSTED, NOT_ASKED, -1 },
	{ "another anchor", "good ca", "2 0 1 other_ca", host, NULL, NOT_TRUSTED, NOT_ASKED, -1 },
	{ "the second name", "good ca", "2 0 1 ca", "isp.test mx.isp.test", NULL, HOLDS, NOT_ASKED,
	  2 },
	{ "wrong name", "good ca", "2 0 1 ca", "isp.test", NULL, WRONG_NAME, NOT_ASKED, 2 },
	{ "no name", "good ca", "2 0 1 ca", "", NULL, WRONG_NAME, NOT_ASKED, 2 },
	{ "subject is no name", "nameless ca", "2 0 1 ca", "test-cn", NULL, WRONG_NAME, NOT_ASKED,
	  2 },
	{ "wildcard", "wild ca", "2 0 1 ca", "a.isp.test", NULL, HOLDS, NOT_ASKED, 2 },
	{ "wildcard is one label", "wild ca", "2 0 1 ca", "a.b.isp.test", NULL, WRONG_NAME,
	  NOT_ASKED, 2 },
	{ "expired", "expired ca", "2 0 1 ca", host, NULL, EXPIRED, NOT_ASKED, 2 },
	{ "not yet valid", "early ca", "2 0 1 ca", host, NULL, EXPIRED, NOT_ASKED, 2 },
	{ "anchor expired", "worn old_ca", "2 0 1 old_ca", host, NULL, EXPIRED, NOT_ASKED, 2 },
	{ "anchor is no CA", "by_no_ca no_ca", "2 0 1 no_ca", host, NULL, NOT_TRUSTED, NOT_ASKED,
	  2 },
	{ "small key", "small ca", "2 0 1 ca", host, NULL, INVALID, NOT_ASKED, 2 },
	{ "signed with SHA-1", "sha1 ca", "2 0 1 ca", host, NULL, INVALID, NOT_ASKED, 2 },
	/* OpenSSL looks for anchors above the leaf; such a leaf is for usage 3. */
	{ "self-signed, its own anchor", "self", "2 0 1 self", host, NULL, NOT_TRUSTED, NOT_ASKED,
	  -1 },
	{ "self-signed, by its bare key", "self", "2 1 0 self", host, NULL, HOLDS, NOT_ASKED, 2 },
	{ "usage 3 beside, wrong name", "good ca", "2 0 1 ca,3 1 1 good", "isp.test", NULL, HOLDS,
	  NOT_ASKED, 3 },
	{ "usage 3 beside, old key", "good ca", "2 0 1 ca,3 1 1 self", host, NULL, HOLDS, NOT_ASKED,
	  2 },
	/* PKIX */
	{ "trusted", "good", "", "", host, NOT_ASKED, HOLDS, -1 },
	{ "another case", "good", "", "", "MX.isp.TEST", NOT_ASKED, HOLDS, -1 },
	{ "chain", "below middle", "", "", host, NOT_ASKED, HOLDS, -1 },
	{ "incomplete chain", "below", "", "", host, NOT_ASKED, NOT_TRUSTED, -1 },
	{ "unknown CA", "foreign other_ca", "", "", host, NOT_ASKED, NOT_TRUSTED, -1 },
	{ "self-signed", "self", "", "", host, NOT_ASKED, NOT_TRUSTED, -1 },
	{ "forged", "forged", "", "", host, NOT_ASKED, NOT_TRUSTED, -1 },
	{ "forged, and wrong name", "forged", "", "", "isp.test", NOT_ASKED, NOT_TRUSTED, -1 },
	{ "unknown CA, and wrong name", "foreign", "", "", "isp.test", NOT_ASKED, NOT_TRUSTED, -1 },
	{ "wrong name", "good", "", "", "isp.test", NOT_ASKED, WRONG_NAME, -1 },
	{ "empty name", "good", "", "", "", NOT_ASKED, WRONG_NAME, -1 },
	{ "all below a name", "good", "", "", ".isp.test", NOT_ASKED, WRONG_NAME, -1 },
	{ "subject is no name", "nameless", "", "", "test-cn", NOT_ASKED, WRONG_NAME, -1 },
	{ "wildcard", "wild", "", "", "a.isp.test", NOT_ASKED, HOLDS, -1 },
	{ "wildcard is one label", "wild", "", "", "a.b.isp.test", NOT_ASKED, WRONG_NAME, -1 },
	{ "wildcard is not none", "wild", "", "", "isp.test", NOT_ASKED, WRONG_NAME, -1 },
	{ "expired", "expired", "", "", host, NOT_ASKED, EXPIRED, -1 },
	{ "not yet valid", "early", "", "", host, NOT_ASKED, EXPIRED, -1 },
	{ "small key", "small", "", "", host, NOT_ASKED, INVALID, -1 },
	{ "small key, unknown CA", "small_foreign", "", "", host, NOT_ASKED, NOT_TRUSTED, -1 },
	{ "signed with SHA-1", "sha1", "", "", host, NOT_ASKED, INVALID, -1 },
	{ "issued by no CA", "by_no_ca no_ca", "", "", host, NOT_ASKED, NOT_TRUSTED, -1 },
	{ "not asked", "expired", "", "", NULL, NOT_ASKED, NOT_ASKED, -1 },
	/* Both at once */
	{ "DANE alone", "self", "3 1 1 self", "", host, HOLDS, NOT_TRUSTED, 3 },
	{ "DANE, expired", "expired", "3 1 1 expired", "", host, HOLDS, EXPIRED, 3 },
	{ "DANE, small key", "small", "3 1 1 small", "", host, HOLDS, INVALID, 3 },
	{ "PKIX alone", "good", "3 1 1 self", "", host, NOT_TRUSTED, HOLDS, -1 },
	{ "PKIX, the records being rubbish", "good", "3 1 1 good!", host, host, NOT_TRUSTED, HOLDS,
	  -1 },
	{ "PKIX, the anchor not being sent", "good", "2 0 1 ca", host, host, NOT_TRUSTED, HOLDS,
	  -1 },
	{ "names differ", "good ca", "2 0 1 ca", "isp.test", host, WRONG_NAME, HOLDS, 2 },
	{ "both", "good ca", "2 0 1 ca", host, host, HOLDS, HOLDS, 2 },
};

static void hops_freep(struct tls_hops **hops)
{
	tls_hops_unref(*hops);
}

static void session_freep(struct tls_session **session)
{
	tls_session_free(*session);
}

static void ssl_freep(SSL **ssl)
{
	SSL_free(*ssl);
}

static void context_freep(SSL_CTX **context)
{
	SSL_CTX_free(*context);
}

static struct test_pair *pair_of(const char *id)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (strcmp(rows[i].id, id) == 0)
			return &world.pairs[i];
	fail_msg("no pair %s", id);
	return NULL;
}

/* What was expected, as the caller of a session has it: in memory that dies with the call. */
struct asked {
	struct tls_expectation expected;
	struct tls_record records[RECORDS_MAX];
	uint8_t data[RECORDS_MAX][DATA_MAX];
	char names[128];
};

static struct slice record_data(const struct tls_record *record, X509 *certificate,
                                uint8_t ret_data[DATA_MAX])
{
	uint8_t *der = NULL;
	unsigned len = 0;
	int der_len = record->selector ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der)
	                               : i2d_X509(certificate, &der);
	assert_in_range(der_len, 1, DATA_MAX);
	len = (unsigned)der_len;
	if (record->matching)
		EVP_Digest(der, (size_t)der_len, ret_data, &len,
		           record->matching == 2 ? EVP_sha512() : EVP_sha256(), NULL);
	else
		memcpy(ret_data, der, len);
	OPENSSL_free(der);
	return slice_of(ret_data, len);
}

static void record_read(const char *text, struct tls_record *ret_record, uint8_t ret_data[DATA_MAX])
{
	struct tls_record record = {};
	char id[32] = "";
	char cut = '\0';
	int count = sscanf(text, "%hhu %hhu %hhu %31[a-z0-9_]%c", &record.usage, &record.selector,
	                   &record.matching, id, &cut);
	assert_in_range(count, 4, 5);
	record.data = record_data(&record, pair_of(id)->certificate, ret_data);
	record.data.len -= cut == '!';
	*ret_record = record;
}

static void asked_fill(struct asked *ret_asked, const struct proof_case *c)
{
	CLEAN(freep) char *texts = strdup(c->records);
	char *rest = texts;
	struct tls_expectation e = { .sni = "sni.isp.test",
		                     .host = c->host,
		                     .records = ret_asked->records };
	for (char *text = strsep(&rest, ","); text && *text; text = strsep(&rest, ",")) {
		size_t i = e.record_count++;
		record_read(text, &ret_asked->records[i], ret_asked->data[i]);
	}
	snprintf(ret_asked->names, sizeof(ret_asked->names), "%s", c->names);
	rest = ret_asked->names;
	for (char *name = strsep(&rest, " "); name && *name; name = strsep(&rest, " "))
		e.names[e.name_count++] = name;
	ret_asked->expected = e;
}

/* The server */

static SSL_CTX *server_make(const struct test_pair *const *sent, size_t count, int version)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_security_level(context, 0);
	SSL_CTX_set_min_proto_version(context, version);
	SSL_CTX_set_max_proto_version(context, version);
	assert_int_equal(SSL_CTX_use_certificate(context, sent[0]->certificate), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(context, sent[0]->key), 1);
	for (size_t i = 1; i < count; i++)
		assert_int_equal(SSL_CTX_add1_chain_cert(context, sent[i]->certificate), 1);
	return context;
}

static SSL *server_start(SSL_CTX *context)
{
	SSL *ssl = SSL_new(context);
	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_accept_state(ssl);
	return ssl;
}

static void server_step(SSL *server, struct buf *up, struct buf *down)
{
	char *data = NULL;
	struct slice input = buf_slice(up);
	if (input.len)
		assert_int_equal(BIO_write(SSL_get_rbio(server), input.data, (int)input.len),
		                 input.len);
	buf_clear(up);
	SSL_do_handshake(server);
	ERR_clear_error();
	long len = BIO_get_mem_data(SSL_get_wbio(server), &data);
	if (len > 0)
		assert_int_equal(buf_add(down, slice_of(data, (size_t)len)), 0);
	(void)BIO_reset(SSL_get_wbio(server));
}

static int shake(struct tls_session *hop, SSL *server)
{
	CLEAN(buf_deinit) struct buf up = {};
	CLEAN(buf_deinit) struct buf down = {};
	int r = TLS_MORE;
	for (int round = 0; round < 6 && r == TLS_MORE; round++) {
		struct slice input = buf_slice(&down);
		r = tls_session_handshake(hop, &input, &up);
		assert_int_equal(ERR_peek_error(), 0);
		buf_consume(&down, buf_len(&down) - input.len);
		server_step(server, &up, &down);
	}
	return r;
}

/* The table */

static size_t chain_find(const char *ids, const struct test_pair *ret_sent[CHAIN_MAX])
{
	CLEAN(freep) char *copy = strdup(ids);
	char *rest = copy;
	size_t count = 0;
	for (char *id = strsep(&rest, " "); id; id = strsep(&rest, " "))
		ret_sent[count++] = pair_of(id);
	return count;
}

static void proof_check(const struct proof_case *c, const struct tls_proof *proof,
                        const struct test_pair *leaf)
{
	uint8_t spki[32];
	if ((int)proof->dane != c->dane || (int)proof->pkix != c->pkix ||
	    proof->dane_usage != c->usage)
		fail_msg("%s: DANE %d (%s), usage %d; PKIX %d (%s)", c->name, proof->dane,
		         proof->dane_why, proof->dane_usage, proof->pkix, proof->pkix_why);
	if (proof->dane == TLS_PROOF_NOT_TRUSTED && proof->dane_usage < 0)
		assert_string_equal(proof->dane_why, "no matching DANE TLSA records");
	if ((proof->dane == TLS_PROOF_NOT_ASKED) != !*proof->dane_why ||
	    (proof->pkix == TLS_PROOF_NOT_ASKED) != !*proof->pkix_why)
		fail_msg("%s: \"%s\" \"%s\"", c->name, proof->dane_why, proof->pkix_why);
	assert_true(tls_chain_spki_digest(leaf->certificate, spki));
	assert_memory_equal(proof->spki, spki, sizeof(spki));
	assert_int_equal(proof->is_self_signed, leaf == pair_of("self"));
}

static void case_run(const struct proof_case *c, int version)
{
	const struct test_pair *sent[CHAIN_MAX] = {};
	size_t count = chain_find(c->sent, sent);
	CLEAN(context_freep) SSL_CTX *context = server_make(sent, count, version);
	CLEAN(ssl_freep) SSL *server = server_start(context);
	CLEAN(session_freep) struct tls_session *hop = NULL;
	struct asked asked = {};
	asked_fill(&asked, c);
	assert_int_equal(tls_session_connect_hop(&hop, world.hops, &asked.expected, &world), 0);
	explicit_bzero(&asked, sizeof(asked));
	assert_ptr_equal(tls_session_owner(hop), &world);
	assert_null(tls_session_proof(hop));
	int r = shake(hop, server);
	if (r)
		fail_msg("%s: %d %s", c->name, r, tls_session_error(hop));
	assert_string_equal(SSL_get_servername(server, TLSEXT_NAMETYPE_host_name), "sni.isp.test");
	assert_false(tls_session_is_verified(hop));
	assert_false(tls_session_facts(hop)->is_resumed);
	proof_check(c, tls_session_proof(hop), sent[0]);
}

static void test_proof_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		case_run(&cases[i], TLS1_2_VERSION);
		case_run(&cases[i], TLS1_3_VERSION);
	}
}

/* What does not fit a table */

static int chain_shake(struct tls_session **ret_hop, const struct test_pair *const *sent,
                       size_t count, const struct tls_expectation *expected)
{
	CLEAN(context_freep) SSL_CTX *context = server_make(sent, count, TLS1_3_VERSION);
	CLEAN(ssl_freep) SSL *server = server_start(context);
	assert_int_equal(tls_session_connect_hop(ret_hop, world.hops, expected, NULL), 0);
	return shake(*ret_hop, server);
}

/* The last of 32; the others are digests of other keys, a byte or two short or long, or empty. */
static void test_proof_many_records(void **state)
{
	(void)state;
	CLEAN(session_freep) struct tls_session *hop = NULL;
	const struct test_pair *sent[] = { pair_of("good") };
	struct tls_record records[32];
	uint8_t junk[40] = { 7 };
	uint8_t digest[DATA_MAX];
	for (size_t i = 0; i < COUNT_OF(records); i++)
		records[i] = (struct tls_record){ i % 2 ? 2 : 3, i % 3 ? 1 : 0, i % 5 ? 1 : 0,
			                          slice_of(junk, i % 4 ? 30 + i % 4 : 0) };
	record_read("3 1 1 good", &records[31], digest);
	struct tls_expectation expected = { .records = records, .record_count = 32 };
	assert_int_equal(chain_shake(&hop, sent, 1, &expected), 0);
	assert_int_equal(tls_session_proof(hop)->dane, TLS_PROOF_HOLDS);
	assert_int_equal(tls_session_proof(hop)->dane_usage, 3);
}

static void test_proof_without_cas(void **state)
{
	(void)state;
	CLEAN(context_freep) SSL_CTX *context = NULL;
	CLEAN(ssl_freep) SSL *server = NULL;
	CLEAN(session_freep) struct tls_session *hop = NULL;
	const struct test_pair *sent[] = { pair_of("good") };
	struct tls_expectation expected = { .host = host };
	context = server_make(sent, 1, TLS1_3_VERSION);
	server = server_start(context);
	assert_int_equal(tls_session_connect_hop(&hop, world.hops_without, &expected, NULL), 0);
	assert_int_equal(shake(hop, server), 0);
	assert_null(SSL_get_servername(server, TLSEXT_NAMETYPE_host_name));
	assert_int_equal(tls_session_proof(hop)->pkix, TLS_PROOF_NOT_TRUSTED);
}

static void test_proof_long_chain(void **state)
{
	(void)state;
	CLEAN(session_freep) struct tls_session *hop = NULL;
	const struct test_pair *sent[DEEP];
	struct tls_expectation expected = { .host = host };
	for (size_t i = 0; i < DEEP; i++)
		sent[i] = &world.deep[DEEP - 1 - i];
	assert_int_equal(chain_shake(&hop, sent, DEEP, &expected), 0);
	assert_int_equal(tls_session_proof(hop)->pkix, TLS_PROOF_NOT_TRUSTED);
	assert_string_equal(tls_session_proof(hop)->pkix_why, "certificate chain too long");
}

static void test_proof_huge_chain(void **state)
{
	(void)state;
	CLEAN(session_freep) struct tls_session *fits = NULL;
	CLEAN(session_freep) struct tls_session *hop = NULL;
	const struct test_pair *sent[400] = { pair_of("good") };
	struct tls_expectation expected = { .host = host };
	for (size_t i = 1; i < COUNT_OF(sent); i++)
		sent[i] = pair_of("other_ca");
	assert_int_equal(chain_shake(&fits, sent, 100, &expected), 0);
	assert_int_equal(tls_session_proof(fits)->pkix, TLS_PROOF_HOLDS);
	assert_int_equal(chain_shake(&hop, sent, COUNT_OF(sent), &expected), TLS_FAILED);
	assert_string_equal(tls_session_error(hop), "excessive message size");
	assert_null(tls_session_proof(hop));
}

static void hello_of(struct tls_hops *hops, struct tls_hello *ret_hello)
{
	CLEAN(session_freep) struct tls_session *hop = NULL;
	CLEAN(buf_deinit) struct buf out = {};
	struct tls_expectation expected = { .sni = host };
	struct slice nothing = {};
	assert_int_equal(tls_session_connect_hop(&hop, hops, &expected, NULL), 0);
	assert_int_equal(tls_session_handshake(hop, &nothing, &out), TLS_MORE);
	assert_int_equal(tls_hello_parse(buf_slice(&out), ret_hello), 0);
}

static struct tls_hops *hops_make(struct tls_hops_settings set)
{
	struct tls_hops *hops = NULL;
	char error[128] = "";
	int r = tls_hops_new(&hops, &set, error, sizeof(error));
	if (r)
		fail_msg("hops: %d %s", r, error);
	return hops;
}

static const struct own_ca_case {
	const char *ca, *sent, *host;
	bool trusts_all;
	enum tls_proof_result result;
} own_cas[] = {
	{ "ca", "good", host, true, TLS_PROOF_HOLDS },
	{ "middle", "below", host, true, TLS_PROOF_HOLDS },
	{ "middle", "below", host, false, TLS_PROOF_NOT_TRUSTED },
	{ "good", "good", host, true, TLS_PROOF_HOLDS },
	{ "self", "self", host, true, TLS_PROOF_HOLDS },
	{ "middle", "below", "other.test", true, TLS_PROOF_WRONG_NAME },
	{ "middle", "good", host, true, TLS_PROOF_NOT_TRUSTED },
	{ "other_ca", "good", host, true, TLS_PROOF_NOT_TRUSTED },
	{ "ca", "expired", host, true, TLS_PROOF_EXPIRED },
};

/* What a file names counts as it is, where that is wished, and nothing else does. */
static void test_proof_own_cas(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(own_cas); i++) {
		const struct own_ca_case *c = &own_cas[i];
		CLEAN(hops_freep)
		struct tls_hops *hops = hops_make(
			(struct tls_hops_settings){ .ca_pem = buf_slice(&pair_of(c->ca)->chain_pem),
		                                    .min_version = TLS_1_2,
		                                    .trusts_all = c->trusts_all });
		const struct test_pair *sent = pair_of(c->sent);
		CLEAN(context_freep) SSL_CTX *context = server_make(&sent, 1, TLS1_3_VERSION);
		CLEAN(ssl_freep) SSL *server = server_start(context);
		CLEAN(session_freep) struct tls_session *hop = NULL;
		const struct tls_expectation expected = { .host = c->host };
		assert_int_equal(tls_session_connect_hop(&hop, hops, &expected, NULL), 0);
		assert_int_equal(shake(hop, server), 0);
		if (tls_session_proof(hop)->pkix != c->result)
			fail_msg("%s by %s: %s", c->sent, c->ca, tls_session_proof(hop)->pkix_why);
	}
}

static bool has_post_quantum(const struct tls_hello *hello)
{
	for (size_t i = 0; i < hello->group_count; i++)
		if (hello->groups[i] == 0x11ec) /* X25519MLKEM768 */
			return true;
	return false;
}

/* Whether the library has the group at all. */
static bool is_post_quantum_known(void)
{
	CLEAN(context_freep) SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	bool is_known = SSL_CTX_set1_groups_list(context, "X25519MLKEM768");
	ERR_clear_error();
	return is_known;
}

static void test_proof_hello(void **state)
{
	(void)state;
	CLEAN(hops_freep)
	struct tls_hops *small = hops_make(
		(struct tls_hops_settings){ .min_version = TLS_1_2, .small_hello = true });
	CLEAN(hops_freep)
	struct tls_hops *strict = hops_make((struct tls_hops_settings){ .min_version = TLS_1_3 });
	struct tls_hello hello;
	hello_of(world.hops, &hello);
	assert_int_equal(has_post_quantum(&hello), is_post_quantum_known());
	assert_int_equal(hello.version_count, 2);
	assert_string_equal(hello.sni, host);
	hello_of(small, &hello);
	assert_false(has_post_quantum(&hello));
	assert_int_equal(hello.groups[0], 0x1d); /* X25519 */
	hello_of(strict, &hello);
	assert_int_equal(hello.version_count, 1);
}

static void test_proof_bad_ca(void **state)
{
	(void)state;
	struct tls_hops *hops = NULL;
	char error[128] = "";
	struct tls_hops_settings set = { .ca_pem = slice_str("no certificate"),
		                         .min_version = TLS_1_2 };
	assert_int_equal(tls_hops_new(&hops, &set, error, sizeof(error)), TLS_PROOF_BAD_CA);
	assert_string_equal(error, "CA certificates: no certificate in it");
	assert_null(hops);
	assert_int_equal(ERR_peek_error(), 0);
}

/* As over a reload: the last reference goes while a session lives. */
static void test_proof_outlives_hops(void **state)
{
	(void)state;
	const struct test_pair *sent[] = { pair_of("good") };
	CLEAN(context_freep) SSL_CTX *context = server_make(sent, 1, TLS1_3_VERSION);
	CLEAN(ssl_freep) SSL *server = server_start(context);
	CLEAN(session_freep) struct tls_session *hop = NULL;
	struct tls_hops *hops = hops_make((struct tls_hops_settings){
		.ca_pem = buf_slice(&pair_of("ca")->chain_pem), .min_version = TLS_1_2 });
	struct tls_expectation expected = { .host = host };
	tls_hops_unref(tls_hops_ref(hops));
	assert_int_equal(tls_session_connect_hop(&hop, hops, &expected, NULL), 0);
	tls_hops_unref(hops);
	assert_int_equal(shake(hop, server), 0);
	assert_int_equal(tls_session_proof(hop)->pkix, TLS_PROOF_HOLDS);
}

static void test_proof_backend_has_none(void **state)
{
	(void)state;
	const struct test_pair *sent[] = { pair_of("good") };
	CLEAN(context_freep) SSL_CTX *context = server_make(sent, 1, TLS1_3_VERSION);
	CLEAN(ssl_freep) SSL *server = server_start(context);
	CLEAN(session_freep) struct tls_session *session = NULL;
	struct tls_client *client = NULL;
	char error[128];
	struct tls_client_settings set = { .verify = TLS_VERIFY_FILE,
		                           .min_version = TLS_1_2,
		                           .ca_pem = buf_slice(&pair_of("ca")->chain_pem),
		                           .name = host };
	assert_int_equal(tls_client_new(&client, &set, error, sizeof(error)), 0);
	int r = tls_session_connect(&session, client, NULL);
	tls_client_unref(client);
	assert_int_equal(r, 0);
	assert_int_equal(shake(session, server), 0);
	assert_true(tls_session_is_verified(session));
	assert_null(tls_session_proof(session));
}

static void test_proof_report_words(void **state)
{
	(void)state;
	assert_null(tls_proof_report(TLS_PROOF_HOLDS));
	assert_null(tls_proof_report(TLS_PROOF_NOT_ASKED));
	assert_string_equal(tls_proof_report(TLS_PROOF_NOT_TRUSTED), "certificate-not-trusted");
	assert_string_equal(tls_proof_report(TLS_PROOF_WRONG_NAME), "certificate-host-mismatch");
	assert_string_equal(tls_proof_report(TLS_PROOF_EXPIRED), "certificate-expired");
	assert_string_equal(tls_proof_report(TLS_PROOF_INVALID), "validation-failure");
}

/* The world */

static void sign_again(const char *id, const char *issuer, const EVP_MD *digest)
{
	assert_true(X509_sign(pair_of(id)->certificate, pair_of(issuer)->key, digest) > 0);
}

static void key_change(const char *id, const char *issuer, EVP_PKEY *key)
{
	struct test_pair *pair = pair_of(id);
	EVP_PKEY_free(pair->key);
	pair->key = key;
	X509_set_pubkey(pair->certificate, pair->key);
	sign_again(id, issuer, EVP_sha256());
}

static void pairs_make(void)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct pair_row *row = &rows[i];
		struct test_pair_settings set = { row->type, row->names, row->days,
			                          row->issuer ? pair_of(row->issuer) : NULL,
			                          row->is_ca };
		test_pair_make(&world.pairs[i], &set);
	}
	X509_gmtime_adj(X509_getm_notBefore(pair_of("early")->certificate), 24L * 3600);
	sign_again("early", "ca", EVP_sha256());
	sign_again("forged", "other_ca", EVP_sha256());
	sign_again("sha1", "ca", EVP_sha1());
	/* Else its subject is its issuer's, and it looks self-signed. */
	X509_NAME_add_entry_by_txt(X509_get_subject_name(pair_of("by_no_ca")->certificate), "OU",
	                           MBSTRING_ASC, (const unsigned char *)"below", -1, -1, 0);
	sign_again("by_no_ca", "no_ca", EVP_sha256());
	key_change("small", "ca", EVP_RSA_gen(1024));
	key_change("small_foreign", "other_ca", EVP_RSA_gen(1024));
	key_change("large", "ca", EVP_EC_gen("P-521"));
}

static void deep_make(void)
{
	for (size_t i = 0; i < DEEP; i++) {
		struct test_pair *issuer = i ? &world.deep[i - 1] : pair_of("ca");
		struct test_pair_settings set = { TEST_EC, host, 30, issuer, i + 1 < DEEP };
		test_pair_make(&world.deep[i], &set);
	}
}

static int setup(void **state)
{
	(void)state;
	pairs_make();
	deep_make();
	struct tls_hops_settings set = { .min_version = TLS_1_2 };
	world.hops_without = hops_make(set);
	set.ca_pem = buf_slice(&pair_of("ca")->chain_pem);
	world.hops = hops_make(set);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		test_pair_deinit(&world.pairs[i]);
	for (size_t i = 0; i < DEEP; i++)
		test_pair_deinit(&world.deep[i]);
	tls_hops_unref(world.hops);
	tls_hops_unref(world.hops_without);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proof_cases),
		cmocka_unit_test(test_proof_many_records),
		cmocka_unit_test(test_proof_without_cas),
		cmocka_unit_test(test_proof_long_chain),
		cmocka_unit_test(test_proof_huge_chain),
		cmocka_unit_test(test_proof_hello),
		cmocka_unit_test(test_proof_bad_ca),
		cmocka_unit_test(test_proof_own_cas),
		cmocka_unit_test(test_proof_outlives_hops),
		cmocka_unit_test(test_proof_backend_has_none),
		cmocka_unit_test(test_proof_report_words),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
