/*
 * What is made once for the process and then only used: OpenSSL's providers, our BIO, and the
 * algorithms that a handshake would otherwise look up by name each time.
 *
 * OpenSSL's default library context is used, with the provider "mailseal" loaded beside "default":
 * a private OSSL_LIB_CTX would need its name at every PEM, X509 and digest call to be worth
 * anything, and would cost a megabyte per owner.
 */
#ifndef TLS_LIBRARY_H
#define TLS_LIBRARY_H

#include "tls/session.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

enum tls_digest {
	TLS_DIGEST_MD5_SHA1, /* RSA before TLS 1.2 */
	TLS_DIGEST_SHA1,
	TLS_DIGEST_SHA256,
	TLS_DIGEST_SHA384,
	TLS_DIGEST_SHA512,
	TLS_DIGEST_COUNT,
};

struct tls_record_side; /* tls/record.h: one direction of a compact session */

/* A cipher that has the key of one direction of a session. */
struct tls_record_lane {
	const struct tls_record_side *side; /* NULL: nobody's */
	EVP_CIPHER_CTX *cipher;
	uint8_t suite;     /* enum tls_record_suite */
	uint8_t nonce[12]; /* of record 0 */
};

enum { TLS_LANES = 32, TLS_LANE_SUITES = 3 };

struct tls_library {
	EVP_MD *digests[TLS_DIGEST_COUNT];
	EVP_MD_CTX *hashers[TLS_DIGEST_COUNT]; /* tls/hmac.h; made at first use */
	EVP_CIPHER *ticket_cipher;
	EVP_PKEY *dh_parameters; /* ffdhe2048, RFC 7919 */
	OSSL_PROVIDER *default_provider;
	OSSL_PROVIDER *our_provider;
	BIO_METHOD *bio;
	struct tls_session *current; /* whose OpenSSL call is on the stack */
	size_t sleeping;             /* fibers of handshakes whose signature is awaited */
	size_t sleeping_most;        /* since OpenSSL's pool of fibers was last emptied */
	struct tls_compact_counts compact;
	EVP_CIPHER *record_ciphers[TLS_LANE_SUITES]; /* fetched at first use */
	struct tls_record_lane lanes[TLS_LANES];
	size_t next_lane; /* to be taken from who has it */
};

/* By a name that OpenSSL gives one of them; false: none of these. */
[[nodiscard]] bool tls_digest_find(const char *name, enum tls_digest *ret_digest);

/* 0 or -ENOTSUP (OpenSSL lacks something it cannot lack). Never freed. */
[[nodiscard]] int tls_library_open(struct tls_library **ret_library);

#endif
