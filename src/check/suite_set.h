/* The cipher suites below TLS 1.3 that an endpoint is known to take. */
#ifndef CHECK_SUITE_SET_H
#define CHECK_SUITE_SET_H

#include "check/endpoint.h"
#include "tls/iana.h"

enum { CHECK_SUITE_SET_MAX = TLS_IANA_SUITES_MAX + CHECK_SUITES_MAX };

struct check_suite_set {
	uint16_t numbers[CHECK_SUITE_SET_MAX]; /* each once */
	size_t count;
	bool is_whole;             /* there are no others */
	enum check_seen has_order; /* the server's own; NO: of one version at least the client's */
};

void check_suite_set_init(struct check_suite_set *set, const struct check_endpoint *e);

typedef bool check_suite_is_fn(const struct tls_iana_suite *suite);

/* Names of those that are so, ", " between, how many more there are behind "and". ret_text: cap
 * bytes. Returns how many. */
size_t check_suite_set_list(const struct check_suite_set *set, check_suite_is_fn *fn,
                            char *ret_text, size_t cap);

/* NULL, export, RC4, RC2, DES, 3DES, IDEA (blocks of 64 bits), or without a certificate. */
bool check_suite_is_weak(const struct tls_iana_suite *suite);
/* Weak for no other reason than that it has no certificate. */
bool check_suite_is_anonymous_alone(const struct tls_iana_suite *suite);
/* No forward secrecy. */
bool check_suite_is_static(const struct tls_iana_suite *suite);
bool check_suite_is_cbc(const struct tls_iana_suite *suite);
bool check_suite_is_dhe(const struct tls_iana_suite *suite); /* with a certificate, or without */

#endif
