/*
 * Records of one session after its handshake, TLS 1.3 (RFC 8446) and TLS 1.2 with AEADs (RFC 5288,
 * RFC 7905), client and server: bytes in, bytes out. Of OpenSSL it uses ciphers and digests only.
 *
 * What the peer may still say is little: data, alerts, KeyUpdate and to a client tickets, which
 * are read and forgotten. Another handshake is declined (TLS 1.2), everything else ends the
 * session with the alert that the RFC names.
 *
 * Ciphers with a key in them are the process's, a few, and belong to whom they served last; a
 * session keeps its secrets alone.
 */
#ifndef TLS_RECORD_H
#define TLS_RECORD_H

#include "base/buf.h"
#include "tls/session.h"

enum tls_record_suite {
	TLS_RECORD_AES_128_GCM, /* with SHA-256 */
	TLS_RECORD_AES_256_GCM, /* with SHA-384 */
	TLS_RECORD_CHACHA20,    /* with SHA-256 */
	TLS_RECORD_SUITE_COUNT
};

struct tls_records;

struct tls_records_settings {
	enum tls_record_suite suite;
	bool is_tls13; /* else TLS 1.2 */
	bool is_server;
	/* TLS 1.3: client_application_traffic_secret_0 and the server's; of the suite's hash. */
	struct slice client_secret, server_secret;
	/* TLS 1.2 */
	struct slice master, client_random, server_random;
	uint64_t explicit_nonce; /* GCM: of the next record that is sent */
	/* Of the next record in each direction, under these keys. */
	uint64_t read_sequence, write_sequence;
};

/* Everything given is copied. 0 or -ENOMEM. */
[[nodiscard]] int tls_records_new(struct tls_records **ret_r,
                                  const struct tls_records_settings *set);
/* Wipes the keys, also where a cipher has them. */
void tls_records_free(struct tls_records *r);

/*
 * Decrypts into plain; a record that is not whole is kept. Answers (KeyUpdate, alerts) are appended
 * to out.
 *
 * Returns 0 with *ret_len > 0: call again; or TLS_MORE: all of *input was taken; TLS_CLOSED: the
 * peer sent close_notify; TLS_FAILED: dead, out has the alert if one is due; or -ENOMEM.
 */
[[nodiscard]] int tls_records_open(struct tls_records *r, struct slice *input, struct buf *out,
                                   uint8_t *plain, size_t cap, size_t *ret_len);

/* Encrypts all of plain into out, in records as large as they may be. 0, TLS_FAILED (dead, or
 * closed by us), or -ENOMEM. */
[[nodiscard]] int tls_records_seal(struct tls_records *r, struct slice plain, struct buf *out);

/* Appends close_notify, once. Without memory for it nothing. */
void tls_records_close(struct tls_records *r, struct buf *out);

/* The peer ended it, by close_notify or by a fatal alert. */
bool tls_records_is_ended_by_peer(const struct tls_records *r);

/* Why it is dead, in words for a log; "" before. */
const char *tls_records_error(const struct tls_records *r);

/* Bytes of heap. */
size_t tls_records_size(const struct tls_records *r);

#endif
