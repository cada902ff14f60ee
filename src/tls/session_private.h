/* Inside tls/ only: what the parts of a session know of each other. */
#ifndef TLS_SESSION_PRIVATE_H
#define TLS_SESSION_PRIVATE_H

#include "tls/peer.h"
#include "tls/proof.h"
#include "tls/record_count.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>

enum tls_signing {
	TLS_SIGNING_NONE,
	TLS_SIGNING_ASKED,
	TLS_SIGNING_ANSWERED,
};

struct tls_records; /* tls/record.h */

/* Kept while OpenSSL has the session, for the hand-over: what it never tells afterwards. */
struct tls_handover {
	struct tls_record_count read, written;
	uint8_t client_secret[48], server_secret[48]; /* of TLS 1.3 */
	uint8_t secret_len;
	bool has_client_secret, has_server_secret;
	bool is_wanted;
};

/* What a session needs while OpenSSL has it. */
struct tls_shake {
	struct slice *input; /* of the call that is on the stack, else NULL */
	struct buf *out;
	struct buf first; /* what came of a ClientHello that is not whole yet */
	struct buf signature;
	struct tls_signer *signer;            /* for a certificate of ours; NULL: we show none */
	void (*on_renegotiated)(void *owner); /* tls/visit.h */
	struct tls_handover handover;
	enum tls_signing signing;
	uint16_t patience;  /* messages without data that are still taken */
	bool is_hello_over; /* it came, or it will never */
	bool is_job_paused; /* OpenSSL's fiber sleeps in tls_session_sign() */
	bool is_wanted;     /* the server asked for our certificate */
	bool is_signed;     /* our signature of this handshake is made */
	bool is_visit;      /* tls/visit.h will ask for what the server sent */
	bool is_ending;
	bool is_out_of_memory; /* our BIO could not append */
	char error[96];
};

struct tls_session {
	SSL *ssl;                    /* NULL: the session is compact */
	struct tls_shake *shake;     /* the same */
	struct tls_records *records; /* of a compact one, else NULL */
	void *owner;
	struct tls_server *server;   /* one of the three: an edge's, a reference */
	struct tls_client *client;   /* a backend's, a reference */
	struct tls_proving *proving; /* a hop's, owned */
	struct tls_hello *hello;     /* NULL until it came */
	char *sni;
	char *peer_names; /* of the certificate that a server's client showed, or NULL */
	struct tls_inside_chain *chain; /* for tls_session_is_denied(), or NULL */
	int64_t expired_s;              /* tls_session_expired_s() */
	struct tls_facts facts;
	char alpn[16];      /* "" if none was agreed on */
	uint32_t begun;     /* tls/record_size.h */
	uint8_t peer_fault; /* enum tls_peer_fault */
	bool has_word;      /* tls_session_has_word() */
	bool is_up;
	bool is_dead;
};

/* The type of our BIO; its data is the session. NULL: no memory. */
BIO_METHOD *tls_session_bio_new(void);

/* The session of an SSL of ours. */
static inline struct tls_session *tls_session_of(const SSL *ssl)
{
	return SSL_get_app_data(ssl);
}

/* A client session that keeps the context. sni: NULL for none. 0 or -ENOMEM. */
[[nodiscard]] int tls_session_new_client(struct tls_session **ret_s, SSL_CTX *context,
                                         const char *sni, void *owner);

/* What came out of the handshake, for tls_session_facts(). */
void tls_session_facts_fill(struct tls_session *s);

/* Before the handshake of a session that is to be compact: what is needed of it will be noted. */
void tls_handover_want(struct tls_session *s);
/* A secret of TLS 1.3 that was derived for label ("c ap traffic"), RFC 8446 7.1. */
void tls_handover_note(struct tls_session *s, struct slice label, struct slice secret);
/*
 * The handshake is done: OpenSSL's object is dropped if the session is to be compact and
 * tls/record.h knows its kind. 0 or -ENOMEM.
 */
[[nodiscard]] int tls_handover(struct tls_session *s);

/* What was only for OpenSSL, itself included. */
void tls_session_shake_free(struct tls_session *s);
/* Of a compact session; does nothing for others. */
void tls_compact_free(struct tls_session *s);

/* The handshake failed, and why is still in OpenSSL's queue. */
void tls_peer_failed(struct tls_session *s);

/* What OpenSSL's X509_V_... comes to. */
enum tls_proof_result tls_proof_result_of(int error);

/* What a hop's certificate is held against, and what came of it (tls/proof.c). */
struct tls_proving;
/* The handshake is done: fills the proof. 0 or -ENOMEM. */
[[nodiscard]] int tls_proving_conclude(struct tls_proving *p, SSL *ssl);
void tls_proving_free(struct tls_proving *p);
/* Gives back what was only needed to conclude. */
void tls_proving_forget(struct tls_proving *p);

/* tls/inside.c: the certificates by which the peer was believed, for tls_session_is_denied().
 * *ret_chain is NULL where nobody will ask. 0 or -ENOMEM. */
struct tls_inside_chain;
[[nodiscard]] int tls_inside_chain_keep(struct tls_inside_chain **ret_chain,
                                        const struct tls_session *s);

/*
 * Asks keys and sleeps; on the fiber of the handshake. 0, or TLS_FAILED if keys said no or there
 * is no fiber. ret_sig lives until the next call.
 */
[[nodiscard]] int tls_session_sign(struct tls_session *s, uint32_t key_id, uint16_t scheme,
                                   struct slice digest, struct slice *ret_sig);

/* Words for what OpenSSL put into its queue, which is empty then. ssl may be NULL. */
void tls_failure_words(const SSL *ssl, char *ret_words, size_t cap);

#endif
