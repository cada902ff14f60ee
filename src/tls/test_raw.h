/* For the tests: an OpenSSL server in memory, asked by hellos of tls/offer.h. */
#ifndef TLS_TEST_RAW_H
#define TLS_TEST_RAW_H

#include "tls/answer.h"
#include "tls/offer.h"
#include "tls/test_support.h"

struct test_raw {
	SSL_CTX *context;
	struct test_pair rsa, ec;
	char sni[256]; /* as the server saw it last; "" */
	size_t asked;  /* connections */
};

/* What is NULL or 0 is OpenSSL's default, at security level 0. */
struct test_raw_settings {
	int min_version, max_version;
	const char *suites; /* before TLS 1.3 */
	const char *suites_13;
	const char *groups;
	const char *schemes; /* RSA+SHA256 */
	const char *alpn;    /* the one it chooses */
	bool has_rsa, has_ec;
	bool has_order; /* of its own */
	bool has_staple;
	bool wants_certificate;
};

void test_raw_init(struct test_raw *raw, const struct test_raw_settings *set);
void test_raw_deinit(struct test_raw *raw);

/* A group the library lacks cannot be set. */
bool test_raw_has_group(const char *name);

/* One connection: what the server sends to a hello, all of it. */
void test_raw_reply(struct test_raw *raw, struct slice hello, struct buf *ret_reply);

/* The same, read byte by byte. Returns what the last byte gave. */
int test_raw_ask(struct test_raw *raw, const struct tls_offer *offer,
                 struct tls_answer *ret_answer);

#endif
