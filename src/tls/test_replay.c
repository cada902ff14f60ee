/* The replay against real handshakes: every client, every policy, every kind of certificate. */
#include "base/clean.h"
#include "tls/context.h"
#include "tls/hello.h"
#include "tls/replay.h"
#include "tls/server_private.h"
#include "tls/signer.h"
#include "tls/test_support.h"

#include <openssl/err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum key { KEY_RSA, KEY_P256, KEY_P384, KEY_COUNT };

static struct world {
	struct test_pair pairs[KEY_COUNT];
	struct test_signer signer;
} world;

#define BIT(key) (1u << (key))

static const unsigned key_sets[] = {
	BIT(KEY_RSA),
	BIT(KEY_P256),
	BIT(KEY_P384),
	BIT(KEY_RSA) | BIT(KEY_P256),
	BIT(KEY_RSA) | BIT(KEY_P384),
};

#define USUAL "X25519MLKEM768:X25519:P-256:P-384"

static const struct plan {
	const char *name;
	struct tls_policy policy;
	const char *suites; /* instead of the policy's: IANA names, ":" between; or NULL */
} plans[] = {
	{ "user", { TLS_PROFILE_USER, TLS_1_2, USUAL, false, true }, NULL },
	{ "user 1.3", { TLS_PROFILE_USER, TLS_1_3, USUAL, false, true }, NULL },
	{ "user 1.1", { TLS_PROFILE_USER, TLS_1_1, USUAL, false, true }, NULL },
	{ "user 1.0", { TLS_PROFILE_USER, TLS_1_0, USUAL, true, true }, NULL },
	{ "25", { TLS_PROFILE_OPPORTUNISTIC, TLS_1_2, USUAL, false, true }, NULL },
	{ "25 forward secrecy", { TLS_PROFILE_OPPORTUNISTIC, TLS_1_2, USUAL, true, true }, NULL },
	{ "25 1.0", { TLS_PROFILE_OPPORTUNISTIC, TLS_1_0, USUAL, false, true }, NULL },
	{ "25 1.3", { TLS_PROFILE_OPPORTUNISTIC, TLS_1_3, USUAL, false, true }, NULL },
	{ "NIST groups", { TLS_PROFILE_USER, TLS_1_2, "P-384:secp256r1", false, true }, NULL },
	{ "one group", { TLS_PROFILE_OPPORTUNISTIC, TLS_1_2, "X25519", false, true }, NULL },
	{ "odd groups",
	  { TLS_PROFILE_OPPORTUNISTIC, TLS_1_0, "brainpoolP256r1:P-521:x448:nobody", false, true },
	  NULL },
	{ "strong suites",
	  { TLS_PROFILE_USER, TLS_1_2, USUAL, false, true },
	  "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384:"
	  "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256:TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384:"
	  "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" },
	{ "suites of 1.2 only",
	  { TLS_PROFILE_OPPORTUNISTIC, TLS_1_0, USUAL, false, true },
	  "TLS_DHE_RSA_WITH_AES_256_CBC_SHA:TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA:"
	  "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" },
	{ "suites of 1.3 only",
	  { TLS_PROFILE_USER, TLS_1_2, USUAL, false, true },
	  "TLS_AES_256_GCM_SHA384" },
};

static const struct option {
	const char *name;
	int min, max;
	const char *suites, *suites13, *groups, *sigalgs;
	uint64_t options;
} options[] = {
	{ "as it comes", 0, 0, NULL, NULL, NULL, NULL, 0 },
	{ "only 1.0", TLS1_VERSION, TLS1_VERSION, NULL, NULL, NULL, NULL, 0 },
	{ "only 1.1", TLS1_1_VERSION, TLS1_1_VERSION, NULL, NULL, NULL, NULL, 0 },
	{ "only 1.2", TLS1_2_VERSION, TLS1_2_VERSION, NULL, NULL, NULL, NULL, 0 },
	{ "only 1.3", TLS1_3_VERSION, TLS1_3_VERSION, NULL, NULL, NULL, NULL, 0 },
	{ "up to 1.1", TLS1_VERSION, TLS1_1_VERSION, NULL, NULL, NULL, NULL, 0 },
	{ "up to 1.2", TLS1_VERSION, TLS1_2_VERSION, NULL, NULL, NULL, NULL, 0 },
	{ "from 1.0", TLS1_VERSION, TLS1_3_VERSION, NULL, NULL, NULL, NULL, 0 },
	{ "1.0, RSA-AES", TLS1_VERSION, TLS1_VERSION, "AES128-SHA", NULL, NULL, NULL, 0 },
	{ "1.0, ECDHE-RSA", TLS1_VERSION, TLS1_VERSION, "ECDHE-RSA-AES128-SHA", NULL, NULL, NULL,
	  0 },
	{ "1.0, ECDHE-RSA 256", TLS1_VERSION, TLS1_VERSION, "ECDHE-RSA-AES256-SHA", NULL, "P-384",
	  NULL, 0 },
	{ "1.0, ECDHE-ECDSA", TLS1_VERSION, TLS1_VERSION, "ECDHE-ECDSA-AES128-SHA", NULL, NULL,
	  NULL, 0 },
	{ "1.0, DHE", TLS1_VERSION, TLS1_VERSION, "DHE-RSA-AES128-SHA", NULL, NULL, NULL, 0 },
	{ "1.1, DHE", TLS1_1_VERSION, TLS1_1_VERSION, "DHE-RSA-AES256-SHA", NULL, NULL, NULL, 0 },
	{ "1.1, P-521", TLS1_1_VERSION, TLS1_1_VERSION, NULL, NULL, "P-521", NULL, 0 },
	{ "1.2, kRSA", TLS1_2_VERSION, TLS1_2_VERSION, "kRSA", NULL, NULL, NULL, 0 },
	{ "1.2, kRSA and DHE", TLS1_2_VERSION, TLS1_2_VERSION, "kRSA:kDHE", NULL, NULL, NULL, 0 },
	{ "1.2, DHE", TLS1_2_VERSION, TLS1_2_VERSION, "kDHE", NULL, NULL, NULL, 0 },
	{ "1.2, DHE AEAD", TLS1_2_VERSION, TLS1_2_VERSION, "DHE-RSA-AES256-GCM-SHA384", NULL, NULL,
	  NULL, 0 },
	{ "1.2, DHE ChaCha", TLS1_2_VERSION, TLS1_2_VERSION,
	  "DHE-RSA-CHACHA20-POLY1305:DHE-RSA-AES128-GCM-SHA256", NULL, NULL, NULL, 0 },
	{ "1.2, ECDHE-CBC", TLS1_2_VERSION, TLS1_2_VERSION,
	  "ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES128-SHA", NULL, NULL, NULL, 0 },
	{ "1.2, ECDHE-CBC SHA-2", TLS1_2_VERSION, TLS1_2_VERSION,
	  "ECDHE-RSA-AES256-SHA384:ECDHE-ECDSA-AES256-SHA384", NULL, NULL, NULL, 0 },
	{ "1.2, RSA certificates", TLS1_2_VERSION, TLS1_2_VERSION, "aRSA", NULL, NULL, NULL, 0 },
	{ "1.2, ECDSA certificates", TLS1_2_VERSION, TLS1_2_VERSION, "aECDSA", NULL, NULL, NULL,
	  0 },
	{ "1.2, ChaCha first", TLS1_2_VERSION, TLS1_2_VERSION, "CHACHA20:AESGCM", NULL, NULL, NULL,
	  0 },
	{ "1.2, ChaCha second", TLS1_2_VERSION, TLS1_2_VERSION,
	  "ECDHE-RSA-AES256-GCM-SHA384:CHACHA20", NULL, NULL, NULL, 0 },
	{ "1.2, ChaCha only", TLS1_2_VERSION, TLS1_2_VERSION, "CHACHA20", NULL, NULL, NULL, 0 },
	{ "1.2, CCM", TLS1_2_VERSION, TLS1_2_VERSION, "AESCCM", NULL, NULL, NULL, 0 },
	{ "1.2, AES-256 first", TLS1_2_VERSION, TLS1_2_VERSION, "AES256:AES128", NULL, NULL, NULL,
	  0 },
	{ "1.2, P-256", TLS1_2_VERSION, TLS1_2_VERSION, NULL, NULL, "P-256", NULL, 0 },
	{ "1.2, P-384", TLS1_2_VERSION, TLS1_2_VERSION, NULL, NULL, "P-384", NULL, 0 },
	{ "1.2, P-521", TLS1_2_VERSION, TLS1_2_VERSION, NULL, NULL, "P-521", NULL, 0 },
	{ "1.2, X25519", TLS1_2_VERSION, TLS1_2_VERSION, NULL, NULL, "X25519", NULL, 0 },
	{ "1.2, X448", TLS1_2_VERSION, TLS1_2_VERSION, NULL, NULL, "X448", NULL, 0 },
	{ "1.2, brainpool", TLS1_2_VERSION, TLS1_2_VERSION, NULL, NULL,
	  "brainpoolP384r1:brainpoolP256r1", NULL, 0 },
	{ "1.2, P-384 before P-256", TLS1_2_VERSION, TLS1_2_VERSION, NULL, NULL, "P-384:P-256",
	  NULL, 0 },
	{ "1.2, P-521 with ECDHE only", TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE", NULL, "P-521",
	  NULL, 0 },
	{ "1.2, SHA-1 signatures", TLS1_2_VERSION, TLS1_2_VERSION, NULL, NULL, NULL,
	  "RSA+SHA1:ECDSA+SHA1", 0 },
	{ "1.2, SHA-512 signatures", TLS1_2_VERSION, TLS1_2_VERSION, NULL, NULL, NULL,
	  "RSA+SHA512:ECDSA+SHA512", 0 },
	{ "1.2, PSS", TLS1_2_VERSION, TLS1_2_VERSION, NULL, NULL, NULL, "RSA-PSS+SHA384", 0 },
	{ "1.2, ECDSA signatures", TLS1_2_VERSION, TLS1_2_VERSION, NULL, NULL, NULL,
	  "ECDSA+SHA384:ECDSA+SHA256", 0 },
	{ "1.2, RSA signatures, all suites", TLS1_2_VERSION, TLS1_2_VERSION, NULL, NULL, NULL,
	  "RSA+SHA384:RSA+SHA256", 0 },
	{ "1.2, ECDSA signatures, RSA suites", TLS1_2_VERSION, TLS1_2_VERSION, "aRSA", NULL, NULL,
	  "ECDSA+SHA256", 0 },
	{ "1.2, Ed25519 signatures", TLS1_2_VERSION, TLS1_2_VERSION, NULL, NULL, NULL, "ed25519",
	  0 },
	{ "1.2, SHA-224 signatures", TLS1_2_VERSION, TLS1_2_VERSION, NULL, NULL, NULL,
	  "RSA+SHA224:ECDSA+SHA224", 0 },
	{ "1.2, SHA-1 and DHE", TLS1_2_VERSION, TLS1_2_VERSION, "kDHE:kRSA", NULL, NULL, "RSA+SHA1",
	  0 },
	{ "up to 1.2, kRSA", TLS1_VERSION, TLS1_2_VERSION, "kRSA", NULL, NULL, NULL, 0 },
	{ "1.3, AES-256", TLS1_3_VERSION, TLS1_3_VERSION, NULL, "TLS_AES_256_GCM_SHA384", NULL,
	  NULL, 0 },
	{ "1.3, ChaCha first", TLS1_3_VERSION, TLS1_3_VERSION, NULL,
	  "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256", NULL, NULL, 0 },
	{ "1.3, ChaCha second", TLS1_3_VERSION, TLS1_3_VERSION, NULL,
	  "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256", NULL, NULL, 0 },
	{ "1.3, CCM", TLS1_3_VERSION, TLS1_3_VERSION, NULL,
	  "TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256", NULL, NULL, 0 },
	{ "1.3, X25519", TLS1_3_VERSION, TLS1_3_VERSION, NULL, NULL, "X25519", NULL, 0 },
	{ "1.3, P-256", TLS1_3_VERSION, TLS1_3_VERSION, NULL, NULL, "P-256", NULL, 0 },
	{ "1.3, P-384", TLS1_3_VERSION, TLS1_3_VERSION, NULL, NULL, "P-384", NULL, 0 },
	{ "1.3, P-521", TLS1_3_VERSION, TLS1_3_VERSION, NULL, NULL, "P-521", NULL, 0 },
	{ "1.3, X448 then P-384", TLS1_3_VERSION, TLS1_3_VERSION, NULL, NULL, "X448:P-384", NULL,
	  0 },
	{ "1.3, P-521 then P-384 and X25519", TLS1_3_VERSION, TLS1_3_VERSION, NULL, NULL,
	  "P-521:P-384:X25519", NULL, 0 },
	{ "1.3, P-384 then X25519", TLS1_3_VERSION, TLS1_3_VERSION, NULL, NULL, "P-384:X25519",
	  NULL, 0 },
	{ "1.3, ffdhe", TLS1_3_VERSION, TLS1_3_VERSION, NULL, NULL, "ffdhe2048:ffdhe3072", NULL,
	  0 },
	{ "1.3, ffdhe then P-256", TLS1_3_VERSION, TLS1_3_VERSION, NULL, NULL, "ffdhe2048:P-256",
	  NULL, 0 },
	{ "1.3, PSS", TLS1_3_VERSION, TLS1_3_VERSION, NULL, NULL, NULL,
	  "RSA-PSS+SHA512:RSA-PSS+SHA256", 0 },
	{ "1.3, ECDSA P-256", TLS1_3_VERSION, TLS1_3_VERSION, NULL, NULL, NULL, "ECDSA+SHA256", 0 },
	{ "1.3, ECDSA P-384", TLS1_3_VERSION, TLS1_3_VERSION, NULL, NULL, NULL, "ECDSA+SHA384", 0 },
	{ "1.3, PKCS 1 only", TLS1_3_VERSION, TLS1_3_VERSION, NULL, NULL, NULL,
	  "RSA+SHA256:RSA+SHA384", 0 },
	{ "1.3, Ed25519 only", TLS1_3_VERSION, TLS1_3_VERSION, NULL, NULL, NULL, "ed25519", 0 },
	{ "1.2 and 1.3, groups of 1.2", TLS1_2_VERSION, TLS1_3_VERSION, NULL, NULL,
	  "brainpoolP256r1:P-256", NULL, 0 },
	{ "1.2 and 1.3, signatures of 1.2", TLS1_2_VERSION, TLS1_3_VERSION, NULL, NULL, NULL,
	  "RSA+SHA256:ECDSA+SHA256", 0 },
	{ "fallback to 1.2", TLS1_2_VERSION, TLS1_2_VERSION, NULL, NULL, NULL, NULL,
	  SSL_MODE_SEND_FALLBACK_SCSV },
	{ "fallback to 1.1", TLS1_VERSION, TLS1_1_VERSION, NULL, NULL, NULL, NULL,
	  SSL_MODE_SEND_FALLBACK_SCSV },
};
_Static_assert(COUNT_OF(options) >= 60);

/* What only a newer library has. */
static const struct option new_options[] = {
	{ "hybrid", TLS1_3_VERSION, TLS1_3_VERSION, NULL, NULL, "X25519MLKEM768", NULL, 0 },
	{ "hybrid after X25519, one share", TLS1_3_VERSION, TLS1_3_VERSION, NULL, NULL,
	  "*X25519:X25519MLKEM768", NULL, 0 },
	{ "hybrid after X25519, two shares", TLS1_3_VERSION, TLS1_3_VERSION, NULL, NULL,
	  "*X25519:*X25519MLKEM768", NULL, 0 },
	{ "two shares, the worse first", TLS1_3_VERSION, TLS1_3_VERSION, NULL, NULL,
	  "*P-256:*X25519:P-384", NULL, 0 },
	{ "a share of ours after one that is not", TLS1_3_VERSION, TLS1_3_VERSION, NULL, NULL,
	  "*P-521:*P-384:X25519", NULL, 0 },
	{ "hybrids of NIST", TLS1_3_VERSION, TLS1_3_VERSION, NULL, NULL, "SecP256r1MLKEM768:P-256",
	  NULL, 0 },
};

/* --- a server, and the same for the replay --- */

struct both {
	struct tls_server *server;
	struct tls_replay_server replay;
};

static void both_deinit(struct both *b)
{
	tls_server_unref(b->server);
}

static struct tls_server *server_make(const struct tls_policy *policy, unsigned keys)
{
	struct tls_certificate_spec specs[KEY_COUNT];
	char error[128] = "";
	struct tls_server_settings set = { .policy = *policy,
		                           .certificates = specs,
		                           .signer = &world.signer.tls };
	for (uint32_t key = 0; key < KEY_COUNT; key++)
		if (keys & BIT(key))
			specs[set.certificate_count++] = (struct tls_certificate_spec){
				"test", buf_slice(&world.pairs[key].chain_pem), key
			};
	struct tls_server *server = NULL;
	int r = tls_server_new(&server, &set, error, sizeof(error));
	if (r)
		fail_msg("server: %d %s", r, error);
	return server;
}

/* A text of names ":" between becomes OpenSSL's lists and ours. */
static size_t suites_take(const char *names, SSL_CTX *context, bool is_old,
                          const struct tls_suite **ret_suites)
{
	char old[TLS_POLICY_SUITES_CAP] = "", new[TLS_POLICY_SUITES_CAP] = "";
	CLEAN(freep) char *copy = strdup(names);
	char *rest = copy;
	size_t count = 0;
	for (char *name = strsep(&rest, ":"); name; name = strsep(&rest, ":")) {
		const struct tls_suite *suite = tls_suite_find(slice_str(name));
		assert_non_null(suite);
		ret_suites[count++] = suite;
		char *list = suite->tier == TLS_SUITE_13 ? new : old;
		if (*list)
			strcat(list, ":");
		strcat(list, suite->openssl);
	}
	if (!*new)
		SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
	if (!*old)
		SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
	assert_int_equal(SSL_CTX_set_ciphersuites(context, new), 1);
	if (*old) {
		strcat(old, is_old ? ":@SECLEVEL=0" : ":@SECLEVEL=2");
		assert_int_equal(SSL_CTX_set_cipher_list(context, old), 1);
	}
	return count;
}

static void both_init(struct both *ret_both, const struct plan *plan, unsigned keys)
{
	const struct tls_suite *suites[TLS_SUITE_COUNT];
	struct tls_replay_plan planned = {
		.policy = &plan->policy,
		.has_rsa = keys & BIT(KEY_RSA),
		.curve = keys & BIT(KEY_P256)   ? TLS_GROUP_P256
		         : keys & BIT(KEY_P384) ? TLS_GROUP_P384
		                                : 0,
	};
	struct both b = { .server = server_make(&plan->policy, keys) };
	SSL_CTX *context = tls_server_context(b.server, &b.server->identities.list[0]);
	if (plan->suites) {
		planned.suites = suites;
		planned.suite_count = suites_take(plan->suites, context,
		                                  plan->policy.min_version < TLS_1_2, suites);
	}
	assert_int_equal(tls_replay_server_here(&b.replay, planned), 0);
	*ret_both = b;
}

/* --- a client --- */

static void client_options(SSL *ssl, const struct option *o)
{
	SSL_set_min_proto_version(ssl, o->min);
	SSL_set_max_proto_version(ssl, o->max);
	if (o->options)
		SSL_set_mode(ssl, (long)o->options);
	SSL_set_security_level(ssl, 0);
	if ((o->suites && !SSL_set_cipher_list(ssl, o->suites)) ||
	    (o->suites13 && !SSL_set_ciphersuites(ssl, o->suites13)) ||
	    (o->groups && !SSL_set1_groups_list(ssl, o->groups)) ||
	    (o->sigalgs && !SSL_set1_sigalgs_list(ssl, o->sigalgs)))
		fail_msg("%s: the client's library does not take that", o->name);
}

static uint16_t number_at(struct slice s, size_t at)
{
	return at + 2 <= s.len ? (uint16_t)(s.data[at] << 8 | s.data[at + 1]) : 0;
}

/* The body of an extension of a ClientHello in one record; empty if it is not there. */
static struct slice extension_find(struct slice record, uint16_t type)
{
	struct slice s = slice_skip(record, 5 + 4 + 2 + 32);
	s = slice_skip(s, 1 + (s.len ? s.data[0] : 0));
	s = slice_skip(s, 2 + number_at(s, 0));
	s = slice_skip(s, 1 + (s.len ? s.data[0] : 0));
	s = slice_skip(s, 2);
	while (s.len >= 4) {
		if (number_at(s, 0) == type)
			return slice_head(slice_skip(s, 4), number_at(s, 2));
		s = slice_skip(s, 4 + number_at(s, 2));
	}
	return (struct slice){};
}

enum { SHARES_MAX = 8, EXTENSION_KEY_SHARE = 51, RECORD_HANDSHAKE = 22 };

static size_t shares_read(struct slice record, uint16_t shares[SHARES_MAX])
{
	size_t count = 0;
	struct slice s = slice_skip(extension_find(record, EXTENSION_KEY_SHARE), 2);
	for (; s.len >= 4 && count < SHARES_MAX; s = slice_skip(s, 4 + number_at(s, 2)))
		shares[count++] = number_at(s, 0);
	return count;
}

/* --- the comparison --- */

/* A suite that has no key or group is to OpenSSL one that is not shared. */
static bool words_fit(int result, const char *words)
{
	static const char *const other[TLS_REPLAY_RESULT_END][3] = {
		[TLS_REPLAY_FALLBACK] = { "inappropriate fallback" },
		[TLS_REPLAY_NO_GROUP] = { "no shared cipher", "no shared group" },
		[TLS_REPLAY_NO_SIGNATURE] = { "no shared cipher", "wrong signature type" },
	};
	if (!strcmp(words, tls_replay_result_words(result)))
		return true;
	for (size_t i = 0; i < 3 && other[result][i]; i++)
		if (!strcmp(words, other[result][i]))
			return true;
	return false;
}

struct outcome {
	int result;
	struct tls_replay replay;
};

static void compare(const char *name, const struct test_wire *w, const struct outcome *predicted)
{
	const struct tls_replay *p = &predicted->replay;
	const struct tls_facts *facts = tls_session_facts(w->server);
	const char *error = tls_session_error(w->server);
	if (predicted->result) {
		if (w->server_result != TLS_FAILED || !words_fit(predicted->result, error))
			fail_msg("%s: %d \"%s\" %s %s instead of \"%s\"", name, w->server_result,
			         error, facts->version, facts->cipher,
			         tls_replay_result_words(predicted->result));
		return;
	}
	if (w->server_result || w->client_result)
		fail_msg("%s: \"%s\" (%d %d) instead of %s %s", name, error, w->server_result,
		         w->client_result, tls_hello_version_name(p->version), p->suite->name);
	bool is_group = !strcmp(facts->group, tls_group_of(p->group)->name);
	if (strcmp(facts->version, tls_hello_version_name(p->version)) != 0 ||
	    strcmp(facts->cipher, p->suite->name) != 0 || (p->is_group_certain && !is_group) ||
	    world.signer.scheme != p->scheme)
		fail_msg("%s: %s %s %s %04x instead of %s %s %s %04x", name, facts->version,
		         facts->cipher, facts->group, world.signer.scheme,
		         tls_hello_version_name(p->version), p->suite->name,
		         tls_group_of(p->group)->name, p->scheme);
}

/* false: the client has nothing to say with these options. */
static bool shake(const char *name, const struct both *b, const struct option *o)
{
	CLEAN(test_wire_deinit) struct test_wire w;
	uint16_t shares[SHARES_MAX];
	struct tls_hello hello;
	test_wire_init(&w, b->server, NULL);
	client_options(w.client, o);
	w.signer = &world.signer;
	SSL_do_handshake(w.client);
	test_wire_to_server(&w);
	struct slice first = buf_slice(&w.in);
	if (!first.len || first.data[0] != RECORD_HANDSHAKE)
		return false;
	assert_int_equal(tls_hello_parse(first, &hello), 0);
	struct tls_replay_offer offer = tls_replay_offer_of(&hello);
	struct outcome guessed = {}, told = {};
	guessed.result = tls_replay(&b->replay, &offer, &guessed.replay);
	offer.shares = shares;
	offer.share_count = shares_read(first, shares);
	told.result = tls_replay(&b->replay, &offer, &told.replay);
	test_wire_handshake(&w);
	compare(name, &w, &told);
	compare(name, &w, &guessed);
	return true;
}

static void shake_all(const struct option *list, size_t count)
{
	for (size_t p = 0; p < COUNT_OF(plans); p++)
		for (size_t k = 0; k < COUNT_OF(key_sets); k++) {
			CLEAN(both_deinit) struct both both = {};
			size_t shaken = 0;
			both_init(&both, &plans[p], key_sets[k]);
			for (size_t i = 0; i < count; i++) {
				char name[160];
				snprintf(name, sizeof(name), "%s, keys %x, %s", plans[p].name,
				         key_sets[k], list[i].name);
				shaken += shake(name, &both, &list[i]);
			}
			assert_true(shaken + 6 >= count);
		}
}

static void test_replay_openssl_clients(void **state)
{
	(void)state;
	shake_all(options, COUNT_OF(options));
	char groups[TLS_POLICY_GROUPS_CAP], skipped[TLS_POLICY_GROUPS_CAP];
	assert_int_equal(tls_context_groups("X25519MLKEM768", groups, skipped), 0);
	if (*groups)
		shake_all(new_options, COUNT_OF(new_options));
}

/* --- hellos that OpenSSL's client does not write --- */

enum { LIST_MAX = 24 };

struct list {
	uint16_t at[LIST_MAX];
	size_t count;
};

struct raw {
	uint16_t version;
	struct list suites, versions, groups, sigalgs;
};

struct writer {
	uint8_t at[1024];
	size_t len;
};

static void put(struct writer *w, uint32_t value, int bytes)
{
	while (bytes--)
		w->at[w->len++] = (uint8_t)(value >> 8 * bytes);
}

static void put_list(struct writer *w, const struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		put(w, list->at[i], 2);
}

static void put_extension(struct writer *w, uint16_t type, const struct list *list, int len_bytes)
{
	uint32_t bytes = (uint32_t)list->count * 2;
	if (!bytes)
		return;
	put(w, type, 2);
	put(w, bytes + (uint32_t)len_bytes, 2);
	put(w, bytes, len_bytes);
	put_list(w, list);
}

/* With the lists that are not empty; TLS 1.3 gets an empty list of key shares. */
static struct slice raw_write(const struct raw *raw, struct writer *record)
{
	struct writer extensions = {}, body = {};
	put_extension(&extensions, 10, &raw->groups, 2);
	put_extension(&extensions, 13, &raw->sigalgs, 2);
	put_extension(&extensions, 43, &raw->versions, 1);
	if (raw->versions.count) {
		put(&extensions, EXTENSION_KEY_SHARE, 2);
		put(&extensions, 2, 2);
		put(&extensions, 0, 2);
	}
	put(&body, raw->version, 2);
	for (int i = 0; i < 32; i++)
		put(&body, 7, 1);
	put(&body, 0, 1);
	put(&body, (uint32_t)raw->suites.count * 2, 2);
	put_list(&body, &raw->suites);
	put(&body, 0x0100, 2);
	put(&body, (uint32_t)extensions.len, 2);
	put(record, 0x160301, 3);
	put(record, (uint32_t)(4 + body.len + extensions.len), 2);
	put(record, 1, 1);
	put(record, (uint32_t)(body.len + extensions.len), 3);
	memcpy(record->at + record->len, body.at, body.len);
	memcpy(record->at + record->len + body.len, extensions.at, extensions.len);
	return slice_of(record->at, record->len + body.len + extensions.len);
}

/* What the server's first flight says; 0 where it says nothing of it. */
struct flight {
	uint16_t version, suite, group, scheme;
};

static void server_hello_read(struct slice s, struct flight *f)
{
	f->version = number_at(s, 0);
	s = slice_skip(s, 34);
	s = slice_skip(s, 1 + s.data[0]);
	f->suite = number_at(s, 0);
	s = slice_skip(s, 3 + 2);
	for (; s.len >= 4; s = slice_skip(s, 4 + number_at(s, 2))) {
		if (number_at(s, 0) == 43)
			f->version = number_at(s, 4);
		if (number_at(s, 0) == EXTENSION_KEY_SHARE)
			f->group = number_at(s, 4);
	}
}

/* RFC 8422 5.4, RFC 5246 7.4.3 */
static void key_exchange_read(struct slice s, bool is_ecdhe, struct flight *f)
{
	if (is_ecdhe) {
		f->group = number_at(s, 1);
		s = slice_skip(s, 4 + s.data[3]);
	} else {
		f->group = TLS_GROUP_FFDHE2048;
		for (int i = 0; i < 3; i++)
			s = slice_skip(s, 2 + number_at(s, 0));
	}
	f->scheme = f->version == TLS_1_2 ? number_at(s, 0) : world.signer.scheme;
}

static bool suite_is_ecdhe(uint16_t number)
{
	for (size_t i = 0; i < TLS_SUITE_COUNT; i++)
		if (tls_suites[i].number == number)
			return tls_suites[i].tier != TLS_SUITE_DHE;
	return false;
}

static void flight_read(struct slice records, struct flight *f)
{
	CLEAN(buf_deinit) struct buf all = {};
	for (struct slice s = records; s.len > 5; s = slice_skip(s, 5 + number_at(s, 3)))
		if (s.data[0] == 22)
			assert_int_equal(
				buf_add(&all, slice_head(slice_skip(s, 5), number_at(s, 3))), 0);
	struct slice s = buf_slice(&all);
	while (s.len >= 4) {
		size_t len = number_at(s, 2);
		struct slice body = slice_head(slice_skip(s, 4), len);
		if (s.data[0] == 2)
			server_hello_read(body, f);
		if (s.data[0] == 12)
			key_exchange_read(body, suite_is_ecdhe(f->suite), f);
		s = slice_skip(s, 4 + len);
	}
}

/* Feeds it all; the server's result. */
static int raw_feed(struct tls_session *session, struct slice input, struct buf *out)
{
	int r = tls_session_handshake(session, &input, out);
	while (r == TLS_SIGNING) {
		test_signer_answer(&world.signer);
		r = tls_session_handshake(session, &input, out);
	}
	return r;
}

static void session_freep(struct tls_session **session)
{
	tls_session_free(*session);
}

static void raw_compare(const char *name, const struct both *b, const struct raw *raw)
{
	CLEAN(session_freep) struct tls_session *session = NULL;
	CLEAN(buf_deinit) struct buf out = {};
	static const uint16_t no_shares[1];
	struct writer record = {};
	struct slice input = raw_write(raw, &record);
	struct tls_hello hello;
	struct flight f = {};
	struct outcome p = {};
	assert_int_equal(tls_hello_parse(input, &hello), 0);
	struct tls_replay_offer offer = tls_replay_offer_of(&hello);
	offer.shares = no_shares;
	p.result = tls_replay(&b->replay, &offer, &p.replay);
	assert_int_equal(tls_session_accept(&session, b->server, NULL), 0);
	int r = raw_feed(session, input, &out);
	flight_read(buf_slice(&out), &f);
	ERR_clear_error();
	/* The server asks for a key share before it looks at signatures. */
	if (p.result == TLS_REPLAY_NO_SIGNATURE && f.version == TLS_1_3 && raw->sigalgs.count)
		return;
	if ((r == TLS_FAILED) != (p.result != 0))
		fail_msg("%s: %d \"%s\" %04x instead of \"%s\"", name, r,
		         tls_session_error(session), f.suite, tls_replay_result_words(p.result));
	if (p.result)
		return;
	bool is_scheme = f.version == TLS_1_3 || f.scheme == p.replay.scheme;
	if (f.version != p.replay.version || f.suite != p.replay.suite->number ||
	    f.group != p.replay.group || !is_scheme)
		fail_msg("%s: %04x %04x %u %04x instead of %04x %s %u %04x", name, f.version,
		         f.suite, f.group, f.scheme, p.replay.version, p.replay.suite->name,
		         p.replay.group, p.replay.scheme);
}

#define LIST(...)                                                                                  \
	{                                                                                          \
		{ __VA_ARGS__ }, sizeof((uint16_t[]){ __VA_ARGS__ }) / 2                           \
	}
#define NONE                                                                                       \
	{                                                                                          \
		{ 0 }, 0                                                                           \
	}
#define ECDHE_AND_DHE LIST(0xc02f, 0xc02b, 0xc013, 0xc009, 0x9e, 0x33, 0x2f)

static const struct raw_case {
	const char *name;
	struct raw raw;
} raw_cases[] = {
	{ "1.2 without groups and signatures", { 0x303, ECDHE_AND_DHE, NONE, NONE, NONE } },
	{ "1.2 without groups", { 0x303, ECDHE_AND_DHE, NONE, NONE, LIST(0x403, 0x401) } },
	{ "1.2 without signatures", { 0x303, ECDHE_AND_DHE, NONE, LIST(23, 24), NONE } },
	{ "1.1 without groups", { 0x302, ECDHE_AND_DHE, NONE, NONE, NONE } },
	{ "1.1 with signatures", { 0x302, ECDHE_AND_DHE, NONE, LIST(23), LIST(0x603) } },
	{ "1.0", { 0x301, ECDHE_AND_DHE, NONE, LIST(23), NONE } },
	{ "SSL 3.0", { 0x300, ECDHE_AND_DHE, NONE, NONE, NONE } },
	{ "an SSL 3.0 that speaks of 1.3",
	  { 0x300, LIST(0x1301), LIST(0x304), LIST(29), LIST(0x804) } },
	{ "1.3 without the extension",
	  { 0x304, LIST(0x1301, 0xc02f), NONE, LIST(29), LIST(0x401) } },
	{ "a later version", { 0x305, LIST(0x1301, 0xc02f), NONE, LIST(29), LIST(0x401) } },
	{ "a draft of 1.3",
	  { 0x303, LIST(0x1301, 0xc02f), LIST(0x7f1c, 0x303), LIST(29), LIST(0x401) } },
	{ "1.3 without groups", { 0x303, LIST(0x1301), LIST(0x304), NONE, LIST(0x403, 0x804) } },
	{ "1.3 without signatures", { 0x303, LIST(0x1301), LIST(0x304), LIST(29), NONE } },
	{ "1.3 without its suites",
	  { 0x303, LIST(0xc02f), LIST(0x304, 0x303), LIST(29), LIST(0x401) } },
	{ "fallback", { 0x303, LIST(0xc02f, 0xc02b, 0x5600), NONE, LIST(23), LIST(0x401, 0x403) } },
	{ "ChaCha after nobody's suite",
	  { 0x303, LIST(0xcc13, 0xcca8, 0xc02f), NONE, LIST(23), LIST(0x401) } },
	{ "ChaCha after the signal",
	  { 0x303, LIST(0xff, 0xcca8, 0xc02f), NONE, LIST(23), LIST(0x401) } },
	{ "ChaCha after a GOST suite",
	  { 0x303, LIST(0xc102, 0xcca8, 0xc02f), NONE, LIST(23), LIST(0x401) } },
	{ "ChaCha of 1.3 first, in 1.2",
	  { 0x303, LIST(0x1303, 0xc02f, 0xcca8), NONE, LIST(23), LIST(0x401) } },
	{ "no signature that anybody has", { 0x303, ECDHE_AND_DHE, NONE, LIST(23), LIST(0x101) } },
	{ "groups of finite fields", { 0x303, ECDHE_AND_DHE, NONE, LIST(256, 257), LIST(0x401) } },
};

static void test_replay_odd_hellos(void **state)
{
	(void)state;
	for (size_t p = 0; p < COUNT_OF(plans); p++)
		for (size_t k = 0; k < COUNT_OF(key_sets); k++) {
			CLEAN(both_deinit) struct both both = {};
			both_init(&both, &plans[p], key_sets[k]);
			for (size_t i = 0; i < COUNT_OF(raw_cases); i++) {
				char name[160];
				snprintf(name, sizeof(name), "%s, keys %x, %s", plans[p].name,
				         key_sets[k], raw_cases[i].name);
				raw_compare(name, &both, &raw_cases[i].raw);
			}
		}
}

/* --- any hello --- */

static uint32_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

static struct list some_of(const struct list *pool, uint64_t *seed)
{
	struct list list = {};
	size_t want = next_random(seed) % 8;
	while (list.count < want)
		list.at[list.count++] = pool->at[next_random(seed) % pool->count];
	return list;
}

static void test_replay_random_hellos(void **state)
{
	(void)state;
	static const struct list suites =
		LIST(0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xcca9, 0xcca8, 0xc023, 0xc028,
	             0xc009, 0xc013, 0xc014, 0x9e, 0xccaa, 0x67, 0x33, 0x39, 0x2f, 0xff);
	static const struct list groups = LIST(29, 23, 24, 25, 30, 26, 31, 256, 0x11ec, 22);
	static const struct list sigalgs = LIST(0x403, 0x503, 0x603, 0x804, 0x805, 0x806, 0x401,
	                                        0x501, 0x601, 0x203, 0x201, 0x807, 0x809);
	static const struct list versions = LIST(0x301, 0x302, 0x303, 0x304, 0x304, 0x303);
	uint64_t seed = 20250607;
	for (size_t p = 0; p < COUNT_OF(plans); p++)
		for (size_t k = 0; k < COUNT_OF(key_sets); k++) {
			CLEAN(both_deinit) struct both both = {};
			both_init(&both, &plans[p], key_sets[k]);
			for (int i = 0; i < 40; i++) {
				char name[160];
				struct raw raw = { .version = 0x303 };
				if (next_random(&seed) % 2)
					raw.versions = some_of(&versions, &seed);
				else
					raw.version = versions.at[next_random(&seed) % 4];
				raw.suites = some_of(&suites, &seed);
				raw.groups = some_of(&groups, &seed);
				raw.sigalgs = some_of(&sigalgs, &seed);
				raw.suites.at[raw.suites.count++] = 0x2f;
				snprintf(name, sizeof(name), "%s, keys %x, random %d",
				         plans[p].name, key_sets[k], i);
				raw_compare(name, &both, &raw);
			}
		}
}

/* --- the tables --- */

static void ssl_freep(SSL **ssl)
{
	SSL_free(*ssl);
}

static void test_replay_known_suites_are_the_library_s(void **state)
{
	(void)state;
	CLEAN(tls_context_freep) SSL_CTX *context = SSL_CTX_new(TLS_method());
	CLEAN(ssl_freep) SSL *ssl = SSL_new(context);
	for (uint32_t number = 0; number <= 0xffff; number++) {
		const uint8_t bytes[] = { (uint8_t)(number >> 8), (uint8_t)number };
		bool is_signal = number == 0xff || number == 0x5600;
		if (number == 0xc0b4 || number == 0xc0b5)
			continue; /* without encryption, RFC 9150; of OpenSSL 3.4 on */
		bool is_known = SSL_CIPHER_find(ssl, bytes) && !is_signal;
		if (is_known != tls_suite_is_known((uint16_t)number))
			fail_msg("suite %04x", number);
	}
	for (size_t i = 0; i < TLS_SUITE_COUNT; i++) {
		const struct tls_suite *s = &tls_suites[i];
		const uint8_t bytes[] = { (uint8_t)(s->number >> 8), (uint8_t)s->number };
		const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, bytes);
		assert_non_null(cipher);
		assert_string_equal(SSL_CIPHER_standard_name(cipher), s->name);
		assert_string_equal(SSL_CIPHER_get_name(cipher), s->openssl);
		assert_ptr_equal(tls_suite_find(slice_str(s->name)), s);
	}
}

static void test_replay_guess_is_marked(void **state)
{
	(void)state;
	static const uint16_t versions[] = { TLS_1_3 }, suites[] = { 0x1301 },
			      groups[] = { TLS_GROUP_P384, 29 }, sigalgs[] = { 0x804 };
	struct tls_replay_offer offer = { 0x303, versions, suites, groups, sigalgs, 1,
		                          1,     2,        1,      NULL,   0 };
	struct tls_replay_plan plan = { .policy = &plans[0].policy, .has_rsa = true };
	struct tls_replay_server server;
	struct tls_replay replay;
	tls_replay_server_init(&server, &plan);
	assert_int_equal(tls_replay(&server, &offer, &replay), 0);
	assert_int_equal(replay.group, TLS_GROUP_P384); /* its first has a share, most likely */
	assert_false(replay.is_group_certain);
	assert_false(replay.is_retried);
	offer.shares = groups;
	offer.share_count = 2;
	server.picks_best_share = true;
	assert_int_equal(tls_replay(&server, &offer, &replay), 0);
	assert_int_equal(replay.group, 29);
	assert_true(replay.is_group_certain);
	offer.share_count = 0;
	assert_int_equal(tls_replay(&server, &offer, &replay), 0);
	assert_int_equal(replay.group, 29);
	assert_true(replay.is_retried);
}

static int setup(void **state)
{
	static const struct test_pair_settings sets[KEY_COUNT] = {
		[KEY_RSA] = { .type = TEST_RSA, .names = "mx.test", .days = 30 },
		[KEY_P256] = { .type = TEST_EC, .names = "mx.test", .days = 30 },
		[KEY_P384] = { .type = TEST_EC_P384, .names = "mx.test", .days = 30 },
	};
	(void)state;
	test_signer_init(&world.signer);
	for (uint32_t key = 0; key < KEY_COUNT; key++) {
		test_pair_make(&world.pairs[key], &sets[key]);
		if (keys_store_add(world.signer.store, key, buf_slice(&world.pairs[key].key_pem)))
			return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	test_signer_deinit(&world.signer);
	for (size_t key = 0; key < KEY_COUNT; key++)
		test_pair_deinit(&world.pairs[key]);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replay_openssl_clients),
		cmocka_unit_test(test_replay_odd_hellos),
		cmocka_unit_test(test_replay_random_hellos),
		cmocka_unit_test(test_replay_known_suites_are_the_library_s),
		cmocka_unit_test(test_replay_guess_is_marked),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
