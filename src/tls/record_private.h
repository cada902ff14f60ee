/* Inside tls/ only: what the parts of tls/record.h know of each other. */
#ifndef TLS_RECORD_PRIVATE_H
#define TLS_RECORD_PRIVATE_H

#include "tls/library.h"
#include "tls/record.h"

enum {
	TLS_RECORD_HEADER_LEN = 5,
	TLS_RECORD_TAG_LEN = 16,
	TLS_RECORD_NONCE_LEN = 12,
	TLS_RECORD_EXPLICIT_LEN = 8, /* of the nonce, in a record of TLS 1.2 with GCM */
	TLS_RECORD_PLAIN_MAX = 16384,
	TLS_RECORD_SECRET_MAX = 48,
};

enum tls_record_type {
	TLS_RECORD_CHANGE_CIPHER_SPEC = 20,
	TLS_RECORD_ALERT = 21,
	TLS_RECORD_HANDSHAKE = 22,
	TLS_RECORD_DATA = 23,
};

enum tls_record_alert {
	TLS_ALERT_CLOSE_NOTIFY = 0,
	TLS_ALERT_UNEXPECTED_MESSAGE = 10,
	TLS_ALERT_BAD_RECORD_MAC = 20,
	TLS_ALERT_RECORD_OVERFLOW = 22,
	TLS_ALERT_ILLEGAL_PARAMETER = 47,
	TLS_ALERT_DECODE_ERROR = 50,
	TLS_ALERT_PROTOCOL_VERSION = 70,
	TLS_ALERT_INTERNAL_ERROR = 80,
	TLS_ALERT_NO_RENEGOTIATION = 100,
};

/* One direction. */
struct tls_record_side {
	/* TLS 1.3: the traffic secret. TLS 1.2: the key, then the nonce of record 0. */
	uint8_t secret[TLS_RECORD_SECRET_MAX];
	uint64_t sequence; /* of the next record */
};

/* Of a record, what came of it; or of one that was decrypted, what the caller had no room for. */
struct tls_record_rest {
	uint16_t len, cap;
	uint16_t start; /* of plain bytes: the first that was not given yet */
	uint8_t bytes[];
};

struct tls_records {
	struct tls_record_side read, write;
	struct tls_record_rest *part;  /* ciphertext, or NULL */
	struct tls_record_rest *plain; /* or NULL */
	const char *error;             /* NULL: none */
	uint32_t message_left;         /* bytes of a handshake message that are still to come */
	uint8_t message[4];            /* its header */
	uint8_t message_len;           /* bytes of it that came */
	uint8_t suite;                 /* enum tls_record_suite */
	uint16_t patience;             /* records and messages without data that are still taken */
	bool is_tls13;
	bool is_server;
	bool is_dead;
	bool is_closed;    /* by us: nothing is sent any more */
	bool has_ended;    /* the peer did that */
	bool has_answered; /* a KeyUpdate, and sent nothing since */
	bool owes_update;  /* before the next data */
};

_Static_assert((int)TLS_LANE_SUITES == (int)TLS_RECORD_SUITE_COUNT);

/* What a record has beside its plain bytes, header included. */
size_t tls_record_overhead(const struct tls_records *r);

/* Writes one record, plain.len and the overhead long. 0 or -ENOMEM. */
[[nodiscard]] int tls_record_encrypt(struct tls_records *r, enum tls_record_type type,
                                     struct slice plain, uint8_t *ret_record);

/*
 * record: header and all, of a length that tls_record_overhead() allows. ret_plain has room for
 * what is not overhead, and in TLS 1.3 one byte more (the type, which stays at its end).
 * 0, TLS_FAILED (what is in ret_plain is not to be looked at), or -ENOMEM.
 */
[[nodiscard]] int tls_record_decrypt(struct tls_records *r, struct slice record,
                                     uint8_t *ret_plain);

/* The secrets of both directions; sets nothing else. 0 or -ENOMEM. */
[[nodiscard]] int tls_record_keys_fill(struct tls_records *r,
                                       const struct tls_records_settings *set);

/* The next traffic secret of one direction, RFC 8446 7.2. 0 or -ENOMEM. */
[[nodiscard]] int tls_record_renew(struct tls_records *r, struct tls_record_side *side);

/* No cipher has the key of this direction any more. */
void tls_record_forget(const struct tls_record_side *side);

/* Dead from here on: fatal alert to out, words for the log. Always TLS_FAILED. */
int tls_record_fail(struct tls_records *r, struct buf *out, enum tls_record_alert alert,
                    const char *words);

/* One record of a type. 0 or -ENOMEM. */
[[nodiscard]] int tls_record_send(struct tls_records *r, enum tls_record_type type,
                                  struct slice plain, struct buf *out);

/* Our KeyUpdate (RFC 8446 4.6.3); asks for the peer's, or does not. 0 or -ENOMEM. */
[[nodiscard]] int tls_record_update(struct tls_records *r, bool asks, struct buf *out);

/* One more without data. 0, or TLS_FAILED: too many. */
[[nodiscard]] int tls_record_noise(struct tls_records *r, struct buf *out);

/* Content of an alert or a handshake record. 0: go on; TLS_FAILED or -ENOMEM. */
[[nodiscard]] int tls_record_on_alert(struct tls_records *r, struct slice content, struct buf *out);
[[nodiscard]] int tls_record_on_handshake(struct tls_records *r, struct slice content,
                                          struct buf *out);

#endif
