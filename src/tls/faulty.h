/*
 * TLS servers with faults on purpose, for tests of others: of versions and suites that no edge
 * would have. The private key is in this process's memory (no signer, no keys).
 */
#ifndef TLS_FAULTY_H
#define TLS_FAULTY_H

#include "tls/server.h"

enum tls_faulty_suites {
	TLS_FAULTY_SUITES_GOOD,       /* those of port 25 */
	TLS_FAULTY_SUITES_NO_SECRECY, /* RSA key exchange alone; for TLS 1.2 and an RSA key */
};

struct tls_faulty_settings {
	struct slice chain_pem, key_pem;
	enum tls_version min_version, max_version;
	enum tls_faulty_suites suites;
};

enum tls_faulty_result {
	TLS_FAULTY_BAD_PAIR = 1, /* chain or key do not parse, or do not belong together */
	TLS_FAULTY_NOT_HERE,     /* this OpenSSL does not do that at all */
};

struct tls_faulty;

/* 0, enum tls_faulty_result or -ENOMEM. */
[[nodiscard]] int tls_faulty_new(struct tls_faulty **ret_f, const struct tls_faulty_settings *set);
void tls_faulty_free(struct tls_faulty *f);

/* A session of the server side; it may outlive f. 0 or -ENOMEM. */
[[nodiscard]] int tls_faulty_accept(struct tls_session **ret_s, struct tls_faulty *f, void *owner);

#endif
