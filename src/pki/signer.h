/* Signs handshakes with a key of this process, in the next moment of its loop. */
#ifndef PKI_SIGNER_H
#define PKI_SIGNER_H

#include "io/loop.h"
#include "tls/ca.h"
#include "tls/session.h"

struct pki_signer;

/* Sessions have their stream as owner. key: borrowed. 0 or -ENOMEM. */
[[nodiscard]] int pki_signer_new(struct pki_signer **ret_signer, struct io_loop *loop,
                                 const struct tls_ca_key *key);
void pki_signer_free(struct pki_signer *signer);
struct tls_signer *pki_signer_tls(struct pki_signer *signer);

#endif
