/*
 * What a server answers to a ClientHello, read without a library, up to where it waits for the
 * client: alert, ServerHello, HelloRetryRequest; before TLS 1.3 also the certificates, the
 * parameters of the key exchange and what else comes before ServerHelloDone; SERVER-HELLO of SSL 2.
 * Pure; fed as the bytes come.
 */
#ifndef TLS_ANSWER_H
#define TLS_ANSWER_H

#include "base/buf.h"

enum {
	TLS_ANSWER_LEN_MAX = 128 * 1024, /* of all that one server may answer */
	TLS_ANSWER_CERTIFICATES_MAX = 32,
	TLS_ANSWER_DH_BITS_MAX = 16384,
	TLS_ANSWER_SSL2_KINDS_MAX = 32,
};

/* Of tls_answer_feed(). 0: all is there that will come. */
enum tls_answer_result {
	TLS_ANSWER_MORE = 1,
	TLS_ANSWER_BAD, /* no TLS, or broken: a->problem says what, a->seen how it began */
};

enum tls_answer_kind {
	TLS_ANSWER_NONE, /* nothing that could be read came (yet) */
	TLS_ANSWER_ALERT,
	TLS_ANSWER_HELLO,
	TLS_ANSWER_RETRY, /* HelloRetryRequest; group is what it wants a share of, 0 none */
	TLS_ANSWER_SSL2,
	TLS_ANSWER_SSL2_ERROR,
	TLS_ANSWER_KIND_COUNT
};

enum tls_answer_exchange {
	TLS_EXCHANGE_NONE, /* no ServerKeyExchange was read */
	TLS_EXCHANGE_CURVE,
	TLS_EXCHANGE_EXPLICIT_CURVE, /* parameters written out: nobody should */
	TLS_EXCHANGE_DH,
	TLS_EXCHANGE_RSA, /* a key for this session, as of export suites */
	TLS_EXCHANGE_OTHER,
};

struct tls_answer {
	/* For who reads it. After BAD what was read before still stands. */
	enum tls_answer_kind kind; /* with an alert behind a hello: HELLO, and has_alert */
	bool is_done;
	bool has_alert; /* the last one; a warning does not end the answer */
	uint8_t alert_level, alert_description;
	uint16_t record_version; /* of the first record */
	uint16_t version;        /* negotiated; 0x0304 also of a HelloRetryRequest */
	uint16_t suite;
	uint8_t compression; /* 0: none, 1: DEFLATE */
	bool has_ems, has_renegotiation_info, has_ticket, has_heartbeat, has_status;
	bool has_encrypt_then_mac;
	bool has_downgrade_mark; /* RFC 8446 4.1.3: it could do a later version */
	char alpn[64];           /* printable; "": none */
	uint16_t group;          /* of key_share or ServerKeyExchange; 0: none */
	struct buf chain;        /* certificates in DER, one behind the other, as sent */
	size_t certificate_ends[TLS_ANSWER_CERTIFICATES_MAX]; /* tls_answer_certificate() */
	size_t certificate_count;
	struct buf ocsp; /* the stapled response, DER */
	enum tls_answer_exchange exchange;
	struct buf dh_prime, dh_generator; /* as sent, without leading zeros */
	unsigned dh_bits;                  /* of the prime */
	unsigned rsa_bits;                 /* of the key with TLS_EXCHANGE_RSA */
	bool is_signed;                    /* ServerKeyExchange is; anonymous ones are not */
	uint16_t scheme;                   /* of that signature; 0: before TLS 1.2 none is named */
	bool wants_certificate;
	uint32_t ssl2_kinds[TLS_ANSWER_SSL2_KINDS_MAX];
	size_t ssl2_kind_count;
	uint16_t ssl2_error;
	const char *problem; /* of BAD; else NULL */
	char seen[64];       /* the first bytes, printable: "421 4.7.0 too many connections??" */

	/* Of the reader. */
	struct buf wire;     /* bytes that are no whole record yet */
	struct buf messages; /* bytes that are no whole handshake message yet */
	size_t total;
	size_t record_count;
};

/* An answer starts as {}. */
void tls_answer_deinit(struct tls_answer *a);

/*
 * What came. Keeps no pointer to input. Bytes behind the end of the answer are not looked at.
 *
 * Returns 0, enum tls_answer_result, or -ENOMEM. After 0 and BAD it says the same again.
 */
[[nodiscard]] int tls_answer_feed(struct tls_answer *a, struct slice input);

/* The nth that was sent, borrowed from a; n is below certificate_count. */
struct slice tls_answer_certificate(const struct tls_answer *a, size_t n);

/* "handshake_failure" (RFC 8446 B.2); "unknown" if nobody gave that number a name. */
const char *tls_alert_name(uint8_t description);

#endif
