/*
 * One TLS session over memory: ciphertext in, ciphertext out, no socket. Server side (the edge)
 * and client side (towards a backend). OpenSSL stays behind this header.
 *
 * A call takes *input by pointer and moves it past what it took. While a signature is pending
 * (TLS_SIGNING) or the session is paused, input that was not taken is the caller's to keep and to
 * offer again. Ciphertext to send is appended to out.
 */
#ifndef TLS_SESSION_H
#define TLS_SESSION_H

#include "base/buf.h"
#include "base/slice.h"

struct tls_server; /* tls/server.h: one per edge */
struct tls_client; /* tls/client.h: one per backend */
struct tls_hello;  /* tls/hello.h: what the ClientHello offered */
struct tls_session;

enum tls_result {
	TLS_MORE = 1, /* needs more input; send what is in out */
	TLS_SIGNING,  /* waits for keys; tls_session_signed() follows, then call again */
	TLS_CLOSED,   /* the peer sent close_notify */
	TLS_FAILED,   /* dead; out may hold an alert to send; tls_session_error() says why */
};

/* What came out of the handshake; strings live as long as the session. */
struct tls_facts {
	const char *version; /* "TLSv1.3" */
	const char *cipher;  /* IANA name */
	const char *group;   /* "X25519", "" if none or unknown (TLS 1.2 resumption) */
	const char *sni;     /* as the client sent it, checked to be a host name; else "" */
	const char *alpn;    /* of a server: the protocol id that was agreed on (RFC 7301), or "" */
	bool is_resumed;
	bool is_legacy; /* < 1.2, DHE, no forward secrecy; of user edges also CBC */
	bool has_forward_secrecy;
};

/*
 * How a worker asks keys for a signature. request() must not answer from inside the call. The
 * token is the session's; the answer comes through tls_session_signed() of that session.
 */
struct tls_signer {
	void (*request)(struct tls_signer *s, struct tls_session *session, uint32_t key_id,
	                uint16_t scheme, struct slice digest);
	/* The session ends while its request is open: forget the token. */
	void (*cancel)(struct tls_signer *s, struct tls_session *session);
};

/* owner: what the caller wants back from tls_session_owner(). 0 or -ENOMEM. */
[[nodiscard]] int tls_session_accept(struct tls_session **ret_s, struct tls_server *server,
                                     void *owner);
[[nodiscard]] int tls_session_connect(struct tls_session **ret_s, struct tls_client *client,
                                      void *owner);
/*
 * Frees it, also in mid-signature: the paused job is resumed with a failure first (a paused job
 * that is freed leaks 32 KiB), and the signer's cancel() is called.
 */
void tls_session_free(struct tls_session *s);
void *tls_session_owner(const struct tls_session *s);

/* Before the handshake: the client of this session gets no ticket. */
void tls_session_withhold_ticket(struct tls_session *s);

/* 0: the handshake is done (input may remain: application data). Or enum tls_result, or -ENOMEM. */
[[nodiscard]] int tls_session_handshake(struct tls_session *s, struct slice *input,
                                        struct buf *out);

/* The answer of keys; sig.len == 0: it failed. Then call tls_session_handshake() again. */
void tls_session_signed(struct tls_session *s, struct slice sig);

/*
 * Decrypts into plain. 0 with *ret_len > 0, or TLS_MORE, TLS_CLOSED, TLS_FAILED. Call again while
 * it returns 0. Answers to KeyUpdate and the like are appended to out. -ENOMEM too.
 */
[[nodiscard]] int tls_session_read(struct tls_session *s, struct slice *input, struct buf *out,
                                   uint8_t *plain, size_t cap, size_t *ret_len);

/* Encrypts all of plain into out, in records that are small at first (tls/record_size.h). 0,
 * TLS_FAILED, or -ENOMEM. */
[[nodiscard]] int tls_session_write(struct tls_session *s, struct slice plain, struct buf *out);
/* Nothing was written for a while: what is next is a beginning again. */
void tls_session_rest(struct tls_session *s);

/* Appends close_notify. */
void tls_session_close(struct tls_session *s, struct buf *out);

const struct tls_facts *tls_session_facts(const struct tls_session *s);

/* Of a server session once its ClientHello came, also when it was refused; else NULL. */
/* Of a server, from the ClientHello on: the client is one of ours that looks (tls/server.h). */
bool tls_session_is_visitor(const struct tls_session *s);
const struct tls_hello *tls_session_hello(const struct tls_session *s);

/* Gives its memory back, once the record has it; tls_session_hello() is NULL from then on. */
void tls_session_forget_hello(struct tls_session *s);

/* Why it failed, in words for a log: "no shared cipher", "certificate has expired". Never NULL. */
const char *tls_session_error(const struct tls_session *s);

/* Of a client session: the backend's certificate was verified as configured. */
bool tls_session_is_verified(const struct tls_session *s);

/* Gives back what handshakes of this process left for the next ones, if none needs it now. */
void tls_sessions_tidy(void);

/*
 * Compact sessions (is_compact of a server, a client, hops). When tls_session_handshake() returns
 * 0, OpenSSL's object is gone already and tls/record.h goes on with the keys, if version and suite
 * are ones it knows. Nothing changes for the caller. What stays: owner, facts, hello until it is
 * forgotten, error, proof, names of the peer, whether it is denied; not its certificate. Between
 * calls such a session holds nothing but its state, and of a record that came in part, that part.
 */
bool tls_session_is_compact(const struct tls_session *s);

/* Bytes of heap that the session holds; of one that is not compact without those of OpenSSL. */
size_t tls_session_size(const struct tls_session *s);

/* Of this process: sessions that are compact now, and that stayed with OpenSSL though a compact
 * one was wanted (its version, suite or an extension is not known to tls/record.h). */
struct tls_compact_counts {
	uint64_t compact;
	uint64_t stayed; /* since the start */
};
void tls_compact_counts(struct tls_compact_counts *ret_counts);

#endif
