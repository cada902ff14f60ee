/*
 * Making certificates: of the internal CA itself, and those it issues. PEM in, PEM out; no file, no
 * clock. Who may have which name is decided elsewhere (pki/).
 */
#ifndef TLS_CA_H
#define TLS_CA_H

#include "base/buf.h"

enum tls_ca_result {
	TLS_CA_BAD_KEY = 1,     /* no private key in PEM */
	TLS_CA_BAD_PASSPHRASE,  /* it has one, and this is not it */
	TLS_CA_BAD_CERTIFICATE, /* none in PEM, or one that cannot be read */
	TLS_CA_BAD_REQUEST,     /* no request in PEM, or its signature is not by its own key */
	TLS_CA_BAD_NAME,        /* no host name, no address, or a common name over 64 bytes */
	TLS_CA_WEAK_KEY,        /* RSA under 2048 bits, or a kind nobody uses for TLS */
};
const char *tls_ca_result_words(int result);

enum tls_ca_algorithm { TLS_CA_P256, TLS_CA_ED25519 };

/* A private key, or the public half of one: who has it alone can not sign. */
struct tls_ca_key;

[[nodiscard]] int tls_ca_key_make(struct tls_ca_key **ret_key, enum tls_ca_algorithm algorithm);
/* passphrase: empty for none. 0, BAD_KEY, BAD_PASSPHRASE or -ENOMEM. */
[[nodiscard]] int tls_ca_key_read(struct tls_ca_key **ret_key, struct slice pem,
                                  struct slice passphrase);
/* PKCS 8, encrypted where there is a passphrase. The caller wipes (buf_deinit_secret()). */
[[nodiscard]] int tls_ca_key_write(const struct tls_ca_key *key, struct slice passphrase,
                                   struct buf *ret_pem);
/* The public half of a certificate's key. 0, BAD_CERTIFICATE or -ENOMEM. */
[[nodiscard]] int tls_ca_key_of(struct tls_ca_key **ret_key, struct slice certificate_pem);
void tls_ca_key_free(struct tls_ca_key *key);
void tls_ca_key_freep(struct tls_ca_key **key);

/*
 * What a TLS handshake signs, for commands that hold their key themselves (workers ask keys). P-256
 * alone. ret_sig is left empty where it cannot be; -ENOMEM.
 */
[[nodiscard]] int tls_ca_sign(const struct tls_ca_key *key, uint16_t scheme, struct slice digest,
                              struct buf *ret_sig);

/* SHA-256. False: no memory. */
[[nodiscard]] bool tls_ca_digest_of(struct slice text, uint8_t ret_sha256[32]);

/* Do they belong together? */
bool tls_ca_key_fits(const struct tls_ca_key *key, struct slice certificate_pem);

/* PKCS 10, RFC 2986. The name in it is for people: an issuer goes by what it knows itself. */
[[nodiscard]] int tls_ca_request_write(const struct tls_ca_key *key, const char *common_name,
                                       struct buf *ret_pem);
/* What counts of a request: the key, and that the sender has it. 0, BAD_REQUEST, WEAK_KEY. */
[[nodiscard]] int tls_ca_request_read(struct tls_ca_key **ret_public, struct slice pem);

enum tls_ca_kind {
	TLS_CA_ROOT,    /* signs issuing certificates, and roots that follow it */
	TLS_CA_ISSUING, /* signs nodes, and no further CA (pathlen 0) */
	TLS_CA_NODE,    /* server and client */
};

struct tls_ca_spec {
	enum tls_ca_kind kind;
	const char *common_name;
	const char *const *dns; /* of a node */
	size_t dns_count;
	const char *const *addresses; /* of a node: "192.0.2.1", "2001:db8::1" */
	size_t address_count;
	int64_t not_before_s, not_after_s; /* Unix time */
};

struct tls_ca_issuer {
	struct slice certificate_pem; /* empty: the certificate is self-signed */
	const struct tls_ca_key *key;
};

enum { TLS_CA_SERIAL_CAP = 41 }; /* hex of 20 bytes at most */

/* subject: its public half is certified. 0, BAD_CERTIFICATE, BAD_NAME or -ENOMEM. */
[[nodiscard]] int tls_ca_certify(const struct tls_ca_spec *spec, const struct tls_ca_key *subject,
                                 const struct tls_ca_issuer *issuer, struct buf *ret_pem,
                                 char ret_serial[TLS_CA_SERIAL_CAP]);

struct tls_ca_revoked {
	const char *serial; /* hex */
	int64_t at_s;
};
struct tls_ca_crl {
	const struct tls_ca_revoked *revoked;
	size_t count;
	int64_t number; /* never less than that of the one before */
	int64_t now_s, next_s;
};
/* A CRL of version 2, RFC 5280 5. 0, BAD_CERTIFICATE, BAD_NAME (of a serial), or -ENOMEM. */
[[nodiscard]] int tls_ca_crl_write(const struct tls_ca_crl *crl, const struct tls_ca_issuer *issuer,
                                   struct buf *ret_pem);

/* What there is to say of the first certificate of a text. */
struct tls_ca_facts {
	char serial[TLS_CA_SERIAL_CAP];
	char common_name[65]; /* printable */
	char *names;          /* DNS names, "," between; owned */
	char *addresses;      /* the same */
	uint8_t sha256[32];   /* of the certificate */
	int64_t not_before_s, not_after_s;
	bool is_ca;
};
/* 0, BAD_CERTIFICATE or -ENOMEM. */
[[nodiscard]] int tls_ca_facts_read(struct tls_ca_facts *ret_facts, struct slice certificate_pem);
void tls_ca_facts_deinit(struct tls_ca_facts *facts);

#endif
