/* For the tests: keys and certificates, a signer that answers when told to, an OpenSSL client. */
#ifndef TLS_TEST_SUPPORT_H
#define TLS_TEST_SUPPORT_H

#include "base/buf.h"
#include "keys/store.h"
#include "tls/server.h"
#include "tls/session.h"

#include <openssl/ssl.h>

enum { TEST_RSA = 1, TEST_EC = 2, TEST_EC_P384 = 4 };

/* A key, its certificate, and the same as PEM. */
struct test_pair {
	EVP_PKEY *key;
	X509 *certificate;
	struct buf key_pem;
	struct buf chain_pem;
};

struct test_pair_settings {
	int type;                       /* one of TEST_ */
	const char *names;              /* DNS names, "," between */
	int days;                       /* negative: expired */
	const struct test_pair *issuer; /* NULL: itself */
	bool is_ca;
};

void test_pair_make(struct test_pair *ret_pair, const struct test_pair_settings *set);
void test_pair_deinit(struct test_pair *pair);

/* Keeps the last request until test_signer_answer(). */
struct test_signer {
	struct tls_signer tls; /* first */
	struct keys_store *store;
	struct tls_session *session; /* NULL: no request open */
	uint32_t key_id;
	uint16_t scheme;
	uint8_t digest[64];
	size_t digest_len;
	int requests, cancels;
};

void test_signer_init(struct test_signer *signer);
void test_signer_deinit(struct test_signer *signer);
void test_signer_answer(struct test_signer *signer);

/* An OpenSSL client and a session of ours, byte for byte between them. */
struct test_wire {
	SSL_CTX *context;
	SSL *client;
	struct tls_session *server;
	struct test_signer *signer; /* answers at once if not NULL */
	struct buf in, out;
	size_t step; /* bytes given at a time; 0: all */
	int server_result, client_result;
};

/* Options of the client; what is NULL or 0 is OpenSSL's default. */
struct test_client {
	int version;        /* this one only */
	const char *suites; /* before TLS 1.3 */
	const char *groups;
	const char *sni;
	const char *alpn;             /* one protocol */
	const struct test_pair *pair; /* its own certificate */
	SSL_SESSION *ticket;
};

/* server: NULL if the caller makes wire->server. */
void test_wire_init(struct test_wire *ret_wire, struct tls_server *server,
                    const struct test_client *client);
void test_wire_deinit(struct test_wire *wire);

/* Until both are done, or one failed, or nothing moves (a signature is awaited). */
void test_wire_handshake(struct test_wire *wire);

/* From the client: its bytes move to wire->in. From the server: wire->out moves to the client. */
void test_wire_to_server(struct test_wire *wire);
void test_wire_to_client(struct test_wire *wire);

#endif
