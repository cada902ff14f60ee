/*
 * A TLS handshake as a listener sees it: what was offered, what was chosen. The proof is the
 * server's answer (or records of an established session), never a port and never the absence of
 * text. Pure.
 */
#ifndef WATCH_TLS_LOOK_H
#define WATCH_TLS_LOOK_H

#include "tls/answer.h"
#include "tls/ja4.h"
#include "watch/certificate.h"
#include "watch/proto.h"

enum { WATCH_SNI_CAP = 64 };

/* 0: not known. */
struct watch_tls {
	uint16_t version; /* 0xfefd and the like: DTLS */
	uint16_t suite, group;
	bool has_answer; /* a ServerHello came, or records of an established session */
	bool is_refused; /* an alert came instead */
	bool is_quic;
	char sni[WATCH_SNI_CAP];
	char ja4[TLS_JA4_CAP]; /* of the ClientHello; "": none was seen */
};

/* Starts as {}. */
struct watch_tls_look {
	struct watch_tls found;
	bool is_hello_done, is_answer_done, has_certificate;
	struct tls_answer answer;
	struct watch_certificate *certificate; /* NULL: none came in clear; may be taken away */
	struct watch_ear *ear;                 /* NULL: nobody listens */
};

void watch_tls_look_deinit(struct watch_tls_look *l);

/* ClientHello from the client, or ServerHello or alert from the server (SSL 2 too). */
enum watch_fit watch_tls_fit(const struct watch_opening *o);

/* Encrypted records, one behind the other, as in the middle of a session. */
bool watch_tls_is_records(struct slice input, uint16_t *ret_version);

/* What there is of a side; *ret_used: as with parsers. 0 or -ENOMEM. */
[[nodiscard]] int watch_tls_look_feed(struct watch_tls_look *l, enum watch_side side,
                                      struct slice input, size_t *ret_used);

static inline bool watch_tls_look_is_done(const struct watch_tls_look *l)
{
	return l->is_hello_done && l->is_answer_done;
}

#endif
