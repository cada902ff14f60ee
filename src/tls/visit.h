/*
 * A client that looks at a server we do not know: sessions of tls_session_connect_hop()
 * (tls/proof.h) with what only somebody who looks wants: wider or older than our policy, resumed,
 * renegotiated, and what is behind the proof.
 */
#ifndef TLS_VISIT_H
#define TLS_VISIT_H

#include "tls/session.h"

/* What a server gave to be resumed by: a ticket, or a session id before TLS 1.3. */
struct tls_ticket;
void tls_ticket_free(struct tls_ticket *ticket);
/* As it goes over the wire; empty of a session id. Lives with the ticket. */
struct slice tls_ticket_bytes(const struct tls_ticket *ticket);

/* Servers may have a certificate for each kind of key. */
enum tls_visit_key { TLS_VISIT_ANY_KEY, TLS_VISIT_RSA, TLS_VISIT_ECDSA };

struct tls_visit_settings {
	bool is_wide;  /* all suites that have a certificate, all signatures, TLS 1.0 and later */
	bool is_tls12; /* nothing later, so that there is renegotiation */
	enum tls_visit_key key; /* the server's to show, where it has one of that kind; is_wide */
	const struct tls_ticket *ticket; /* to be resumed; NULL: none */
	const char *alpn; /* the one protocol that is offered (RFC 7301); NULL: none. Borrowed */
};
/*
 * Before the handshake of such a session: asks for a stapled answer of OCSP and takes tickets too.
 * 0, or -ENOMEM.
 */
[[nodiscard]] int tls_visit_prepare(struct tls_session *s, const struct tls_visit_settings *set);

struct tls_visit_facts {
	char signature[48]; /* of the server in this handshake: "rsa_pss_rsae_sha256"; "" unknown */
	bool has_ems;
	bool has_secure_renegotiation; /* RFC 5746 */
};
/* After the handshake. */
void tls_visit_facts(const struct tls_session *s, struct tls_visit_facts *ret_facts);

/* Appends the certificates as sent, DER, leaf first. 0 or -ENOMEM. */
[[nodiscard]] int tls_visit_chain(const struct tls_session *s, struct buf *out);
/* Appends the stapled OCSP response, DER; nothing if there is none. 0 or -ENOMEM. */
[[nodiscard]] int tls_visit_staple(const struct tls_session *s, struct buf *out);

struct tls_ticket_facts {
	bool is_ticket;      /* else a session id */
	uint32_t lifetime_s; /* that the server hints at; 0: it does not */
	uint32_t early_data; /* bytes of 0-RTT that it takes */
};
/* What it gave until now; TLS 1.3 gives it after the handshake. *ret_ticket is NULL: nothing.
 * 0 or -ENOMEM. */
[[nodiscard]] int tls_visit_ticket(const struct tls_session *s, struct tls_ticket **ret_ticket,
                                   struct tls_ticket_facts *ret_facts);

/*
 * TLS 1.2, after the handshake: begins another one. Its first message is appended to out; what
 * follows goes the way of all input, and on_done is called, from inside a call of tls/session.h,
 * when it ended well. A refusal kills the session.
 *
 * Returns 0, TLS_FAILED (no such thing in this session), or -ENOMEM.
 */
typedef void tls_visit_done_fn(void *owner); /* of the session */
[[nodiscard]] int tls_visit_renegotiate(struct tls_session *s, struct buf *out,
                                        tls_visit_done_fn *on_done);

#endif
