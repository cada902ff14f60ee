/*
 * Random bytes for OpenSSL from the kernel (getrandom(2)), many at a time. OpenSSL's own generator
 * has a lock, a getpid() and a new AES key for each of the six times that a handshake asks.
 *
 * What was handed out is wiped, and a child that is forked finds no bytes of its parent's.
 */
#ifndef TLS_RANDOM_H
#define TLS_RANDOM_H

/* For the process. What cannot be set up leaves OpenSSL's own in place. */
void tls_random_use(void);

#endif
