/* An SSL_CTX as both sides of a session want it: versions, suites, groups, no luxuries. */
#ifndef TLS_CONTEXT_H
#define TLS_CONTEXT_H

#include "tls/policy.h"

#include <openssl/ssl.h>

struct tls_context_settings {
	const struct tls_policy *policy;
	const char *suites; /* of tls_policy_suites() */
	const char *groups; /* of tls_context_groups() */
};

/* NULL: no memory, or OpenSSL does not take it (its queue says why). */
SSL_CTX *tls_context_new(const SSL_METHOD *method, const struct tls_context_settings *set);
void tls_context_freep(SSL_CTX **context);

/*
 * Which of wanted (":" between) this library has; the others, "," between, are in ret_skipped.
 * Finite-field groups are skipped too: they come with their suites only. 0 or -ENOMEM.
 */
[[nodiscard]] int tls_context_groups(const char *wanted, char ret_groups[TLS_POLICY_GROUPS_CAP],
                                     char ret_skipped[TLS_POLICY_GROUPS_CAP]);

#endif
