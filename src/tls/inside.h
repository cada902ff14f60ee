/*
 * Peers that are hosts of our own: beside a chain to our roots and a name, a certificate must not
 * be on the denial list, and one that has expired is good for a while longer, for a CA that is down
 * must not stop internal mail over a weekend. Client and server sides share one of these.
 */
#ifndef TLS_INSIDE_H
#define TLS_INSIDE_H

#include "tls/server.h"

struct tls_inside;

struct tls_inside_settings {
	const char *const *denied; /* serials, lower-case hex, sorted */
	size_t denied_count;
	uint32_t grace_s; /* after the end of a certificate; its CAs have none */
};

/* Everything is copied. 0 or -ENOMEM. */
[[nodiscard]] int tls_inside_new(struct tls_inside **ret_inside,
                                 const struct tls_inside_settings *set);
struct tls_inside *tls_inside_ref(struct tls_inside *inside);
void tls_inside_unref(struct tls_inside *inside);

/* Is one of the certificates by which the peer was believed on this list? It may be a newer list
 * than that of the handshake. After the handshake. */
bool tls_session_is_denied(const struct tls_session *s, const struct tls_inside *inside);

/* How long ago the peer's certificate had expired, if it was accepted all the same; else 0. */
int64_t tls_session_expired_s(const struct tls_session *s);

#endif
