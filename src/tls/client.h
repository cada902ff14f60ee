/* TLS towards a backend: how it is verified. */
#ifndef TLS_CLIENT_H
#define TLS_CLIENT_H

#include "tls/inside.h"
#include "tls/server.h"
#include "tls/session.h"

enum tls_verify {
	TLS_VERIFY_SYSTEM, /* the trust store of the system, and the name */
	TLS_VERIFY_FILE,   /* ca_pem, and the name */
	TLS_VERIFY_PIN,    /* SHA-256 of the SubjectPublicKeyInfo; name and dates do not count */
	TLS_VERIFY_NONE,
	TLS_VERIFY_ROOT, /* the chain ends at a root in it whose certificate is a pin; one of names
	                  */
	TLS_VERIFY_INTERNAL, /* ca_pem, our own CA's roots; one of names; the rules of inside */
};

struct tls_client_settings {
	enum tls_verify verify;
	enum tls_version min_version;
	struct slice ca_pem; /* FILE; for SYSTEM the bundle's bytes, read by the parent */
	const uint8_t (*pins)[32];
	size_t pin_count;
	const char *name; /* to be in the certificate, and SNI; NULL: no name check (PIN) */
	/* INTERNAL: in place of name; the first is SNI. */
	const char *const *names;
	size_t name_count;
	struct tls_inside *inside;
	/* What we show where the server asks for it; NULL: nothing. */
	const struct tls_certificate_spec *certificate;
	struct tls_signer *signer;
	bool hears_word; /* offers to (tls/word.h) */
	bool is_compact; /* sessions leave OpenSSL after the handshake (tls/session.h) */
};

enum tls_client_result {
	TLS_CLIENT_BAD_CA = 1, /* ca_pem has none, or one that does not parse; ret_error says it */
	TLS_CLIENT_BAD_NAME,   /* SYSTEM, FILE and INTERNAL need a name */
	TLS_CLIENT_BAD_CHAIN,  /* our own certificate; ret_error says it */
};

/* Everything given is copied. 0, enum tls_client_result, or -ENOMEM. */
[[nodiscard]] int tls_client_new(struct tls_client **ret_c, const struct tls_client_settings *set,
                                 char *ret_error, size_t error_cap);
struct tls_client *tls_client_ref(struct tls_client *c);
void tls_client_unref(struct tls_client *c);

#endif
