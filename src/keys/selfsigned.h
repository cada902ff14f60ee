/* The certificate of an edge that has none: good for opportunistic TLS, which needs no CA. */
#ifndef KEYS_SELFSIGNED_H
#define KEYS_SELFSIGNED_H

#include "base/buf.h"

/*
 * A P-256 key and a certificate for hostname, ten years. The caller wipes ret_key_pem
 * (buf_deinit_secret()). 0, -EINVAL (no host name), or -ENOMEM.
 */
[[nodiscard]] int keys_self_signed_make(struct buf *ret_key_pem, struct buf *ret_chain_pem,
                                        const char *hostname);

#endif
