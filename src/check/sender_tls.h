/* The TLS servers of a test of a sender: certificates made now, with the fault of each case. */
#ifndef CHECK_SENDER_TLS_H
#define CHECK_SENDER_TLS_H

#include "check/sender_site.h"

struct tls_faulty;
struct tls_mint;

struct check_sender_tls {
	struct tls_faulty *by_certificate[CHECK_SENDER_CERTIFICATE_COUNT];
	struct tls_faulty *old, *no_secrecy; /* with the good certificate's names, of RSA */
};

struct check_sender_tls_settings {
	const struct check_sender_site *site;
	const struct tls_mint *mint;
	struct slice chain_pem, key_pem; /* of what counts as good; empty: the mint's */
};

enum check_sender_tls_result {
	CHECK_SENDER_TLS_BAD_PAIR = 1, /* chain_pem and key_pem */
	CHECK_SENDER_TLS_NOT_HERE,     /* this OpenSSL lacks TLS 1.0 or RSA key exchange */
};

/* 0, enum check_sender_tls_result or -ENOMEM. */
[[nodiscard]] int check_sender_tls_init(struct check_sender_tls *ret_tls,
                                        const struct check_sender_tls_settings *set);
void check_sender_tls_deinit(struct check_sender_tls *t);

struct tls_faulty *check_sender_tls_of(const struct check_sender_tls *t,
                                       const struct check_sender_case *c);

#endif
