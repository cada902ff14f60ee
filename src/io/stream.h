/*
 * A connected socket, plain or with TLS on it: the only code that reads and writes for sessions.
 * It owns its descriptor and its TLS session. No memory of its own while nothing waits.
 *
 * Events come through on_event, never from inside a call of this header made by the owner.
 */
#ifndef IO_STREAM_H
#define IO_STREAM_H

#include "base/buf.h"
#include "io/loop.h"

#include <sys/socket.h>

struct tls_session;

enum io_stream_event {
	IO_STREAM_CONNECTED,
	IO_STREAM_DATA, /* io_stream_input() has bytes; those not consumed are kept */
	IO_STREAM_TLS_UP,
	IO_STREAM_TLS_FAILED, /* tls_session_error(s->tls) says why; an alert was sent */
	IO_STREAM_ROOM,       /* what waited to be sent is below the low mark again */
	IO_STREAM_EOF,        /* the peer ended; was_truncated: without close_notify */
	IO_STREAM_ERROR,      /* errno in s->error */
};

/* io_stream_input() grows to this, then the stream stops reading until some is consumed. */
enum {
	IO_STREAM_INPUT_MAX = 32 * 1024,
	IO_STREAM_READ = 64 * 1024,       /* at a time */
	IO_STREAM_READ_BULK = 256 * 1024, /* the same of a stream with is_bulk */
	IO_STREAM_OUT_HIGH = 256 * 1024,
	IO_STREAM_OUT_LOW = 64 * 1024
};

struct io_stream {
	struct io_loop *loop;
	struct io_edge ready;
	struct tls_session *tls;
	void (*on_event)(struct io_stream *s, enum io_stream_event event);
	void *owner;
	struct slice fresh;           /* plain bytes in a scratch buffer, during a DATA event */
	struct buf in;                /* plain bytes that were not consumed */
	struct buf raw;               /* ciphertext that TLS has not taken */
	struct buf out;               /* bytes for the socket */
	struct io_later pump;         /* resumes what waits, from a later turn */
	uint64_t bytes_in, bytes_out; /* plain bytes */
	int fd;
	int error;
	uint32_t sealed_ms; /* when TLS was last given plain bytes */
	bool is_connecting : 1;
	bool may_read : 1;  /* the socket may have bytes: nothing said EAGAIN since it was told */
	bool may_write : 1; /* the same the other way */
	bool is_bulk : 1; /* the owner's: reads in large pieces, and its owner takes all of each */
	bool is_prompt : 1; /* the owner's: the socket has TCP_NODELAY, from its listener */
	bool sees_end : 1;  /* the peer has ended: read until that comes */
	bool is_tls_up : 1;
	bool is_paused : 1;
	bool is_offering : 1; /* what waits is offered at the next pump */
	bool has_ended : 1;   /* the peer sent its end; told once, when the input is used up */
	bool end_is_told : 1;
	bool was_truncated : 1; /* it ended without close_notify */
	bool is_dead : 1;       /* error: nothing is read or written any more */
	bool was_full : 1;      /* ROOM is owed */
	bool ends_when_sent : 1;
	bool is_shut : 1; /* the socket was told so */
};

/* Takes fd, which must be non-blocking, if all is well. */
[[nodiscard]] int io_stream_open(struct io_stream *s, struct io_loop *loop, int fd);
struct io_way {
	const struct sockaddr *from; /* an address of this host, of the same family; NULL: any */
	const struct sockaddr *to;
	socklen_t len; /* of either */
	/* The one interface by which its packets go, whatever routes say; NULL: as they say. */
	const char *device;
};
/* Starts a connection; CONNECTED or ERROR follows. A negative: could not even start. */
[[nodiscard]] int io_stream_connect(struct io_stream *s, struct io_loop *loop,
                                    const struct io_way *way);
void io_stream_deinit(struct io_stream *s);
bool io_stream_is_open(const struct io_stream *s);

struct slice io_stream_input(const struct io_stream *s);
void io_stream_consume(struct io_stream *s, size_t len);

/* Takes tls (one that accepts has the stream as its owner); the handshake runs, TLS_UP or
 * TLS_FAILED follows. No input may be left. */
void io_stream_start_tls(struct io_stream *s, struct tls_session *tls);
/* keys answered for the session of this stream, whose owner it is: the handshake goes on. */
void io_stream_signed(struct io_stream *s, struct slice sig);
/* Bytes already read from the socket that no one consumed (plaintext behind STARTTLS). */
bool io_stream_has_input(const struct io_stream *s);

/* Sends, or keeps what the socket does not take. 0 or -ENOMEM. */
[[nodiscard]] int io_stream_write(struct io_stream *s, struct slice bytes);
/* Ciphertext that the TLS session was made to produce beside this header (tls/visit.h). 0 or
 * -ENOMEM. */
[[nodiscard]] int io_stream_write_sealed(struct io_stream *s, struct slice ciphertext);
/* Over the high mark: stop feeding it, and ask for a ROOM event. */
bool io_stream_is_full(const struct io_stream *s);
void io_stream_want_room(struct io_stream *s);

/* A paused stream reads nothing. Resuming delivers what waits from a later turn of the loop. */
void io_stream_pause(struct io_stream *s);
void io_stream_resume(struct io_stream *s);

/* close_notify, and no more writing once all is sent; reading goes on. */
void io_stream_end(struct io_stream *s);
/* The same without close_notify: TLS calls that truncated, as it is. */
void io_stream_cut(struct io_stream *s);
/* Broken off: what waits is dropped, no event follows, and freeing the stream resets the
 * connection, so that the peer does not take it for an end. */
void io_stream_reset(struct io_stream *s);
/* The same at once: what the kernel has of it and did not send yet is never sent. */
void io_stream_abort(struct io_stream *s);
/* A peer that is silent is asked by the kernel after so long whether it is still there; one that
 * is not is an ERROR. Does nothing for a unix socket. */
void io_stream_keepalive(struct io_stream *s, unsigned idle_s);
/* Bytes that the socket has not taken yet. */
size_t io_stream_queued(const struct io_stream *s);
/* These, and what the socket has taken and the peer's system has not received yet: closing the
 * descriptor is then a loss, if the peer sends one more byte. Asks the kernel. */
size_t io_stream_unreceived(const struct io_stream *s);
static inline bool io_stream_is_flushed(const struct io_stream *s)
{
	return !io_stream_queued(s);
}

#endif
