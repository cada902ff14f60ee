/*
 * Which suites and signature algorithms a profile and a minimal version come to. Only a table and
 * its reading; nothing of OpenSSL but its names.
 */
#ifndef TLS_POLICY_H
#define TLS_POLICY_H

#include "tls/server.h"
#include "tls/suite.h"

enum {
	TLS_POLICY_SUITES_CAP = 2048, /* the whole table fits */
	TLS_POLICY_GROUPS_CAP = 512,
};

/* What suits TLS 1.3, in order of preference; the same for every policy. */
extern const char tls_policy_suites13[];

/* The suites before TLS 1.3 and "@SECLEVEL", for SSL_CTX_set_cipher_list(). */
void tls_policy_suites(const struct tls_policy *policy, char ret_suites[TLS_POLICY_SUITES_CAP]);

/* The policy offers the suites of this tier. */
bool tls_policy_has_tier(const struct tls_policy *policy, enum tls_suite_tier tier);

/* For SSL_CTX_set1_sigalgs_list(). */
const char *tls_policy_sigalgs(const struct tls_policy *policy);

#endif
