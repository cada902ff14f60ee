/*
 * Signatures from keys, without waiting: a request is kept until its answer comes, and asked
 * again of a new keys process if the old one died. The session's deadline ends what takes too
 * long.
 */
#ifndef WORKER_SIGNER_H
#define WORKER_SIGNER_H

#include "io/loop.h"
#include "tls/session.h"

struct worker_signer;

[[nodiscard]] int worker_signer_new(struct worker_signer **ret_s, struct io_loop *loop);
void worker_signer_free(struct worker_signer *s);

/* What the TLS servers of this worker get. */
struct tls_signer *worker_signer_tls(struct worker_signer *s);

/* Takes fd: the channel to (a new) keys. What is open is asked again there. */
[[nodiscard]] int worker_signer_attach(struct worker_signer *s, int fd);

/* Requests without an answer. */
size_t worker_signer_pending(const struct worker_signer *s);

#endif
