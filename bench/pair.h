/*
 * Both ends of a TLS session in one process, over memory, with a key store that signs in between:
 * for programs that measure our part. What fails ends the program.
 */
#ifndef BENCH_PAIR_H
#define BENCH_PAIR_H

#include "base/buf.h"
#include "tls/client.h"
#include "tls/server.h"
#include "tls/session.h"

#include <stdio.h>
#include <stdlib.h>

#define MUST(what)                                                                                 \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what);                 \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

struct pair {
	struct tls_session *server, *client;
	struct buf to_server, to_client;
};

/* Around each piece of the server's work, signatures not in it. */
struct pair_clock {
	void (*start)(void);
	void (*stop)(void);
};

/* A self-made P-256 certificate; what pair_server_new() makes signs by its key. */
void pair_init(void);
void pair_deinit(void);
struct tls_server *pair_server_new(bool is_compact);
struct tls_client *pair_client_new(void);

/* A whole handshake; the server's hello is forgotten, as an edge does. clock: may be NULL. */
void pair_up(struct pair *p, struct tls_server *server, struct tls_client *client,
             const struct pair_clock *clock);

/* Either end may be gone already. */
void pair_down(struct pair *p);

/* All that is in `in` is read into plain; returns how much it was. in is empty then. */
size_t pair_hear(struct tls_session *s, struct buf *in, struct buf *out, uint8_t *plain,
                 size_t cap);

#endif
