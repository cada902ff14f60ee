/*
 * Clients that a server wants to know: it demands a certificate of CAs of its own and, if it says
 * so, one of its names (tls/server.h). Without that the handshake fails, and the session can tell
 * what was wrong.
 */
#ifndef TLS_PEER_H
#define TLS_PEER_H

#include "tls/session.h"

enum tls_peer_fault {
	TLS_PEER_FINE, /* also where nothing is demanded, or it did not come to that */
	TLS_PEER_NONE, /* it has no certificate */
	TLS_PEER_NOT_TRUSTED,
	TLS_PEER_WRONG_NAME,
	TLS_PEER_EXPIRED, /* or not valid yet */
	TLS_PEER_REVOKED, /* it is on the denial list (tls/inside.h) */
	TLS_PEER_INVALID, /* not for clients, or anything else: tls_session_error() */
	TLS_PEER_FAULT_COUNT
};
enum tls_peer_fault tls_session_peer_fault(const struct tls_session *s);

/* The DNS names of the certificate that the client showed, good or not, as it wrote them; ","
 * between; never NULL. */
const char *tls_session_peer_names(const struct tls_session *s);

/* The peer's certificate, in PEM, once the handshake is done; nothing where there was none. 0 or
 * -ENOMEM. */
[[nodiscard]] int tls_session_peer_certificate(const struct tls_session *s, struct buf *ret_pem);

#endif
