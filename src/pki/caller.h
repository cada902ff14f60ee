/* One request of a node to the CA, over TLS 1.3. */
#ifndef PKI_CALLER_H
#define PKI_CALLER_H

#include "pki/talk.h"
#include "tls/ca.h"

struct pki_call {
	const char *server; /* HOST:PORT */
	const struct pki_request *request;
	/* By whom it is known: the root's SHA-256 (join), or roots and a list (renewal). */
	const uint8_t (*pin)[32];
	struct slice ca_pem, denied;
	/* What we show; NULL: nothing. */
	struct slice chain_pem;
	const struct tls_ca_key *key;
};

enum { PKI_CALL_FAILED = 1 }; /* nobody answered, or not the CA: ret_error says why */

/* Waits for it, 30 s at most. 0 (what it says may be an error, too), PKI_CALL_FAILED, or a
 * negative. */
[[nodiscard]] int pki_call(const struct pki_call *call, struct pki_answer *ret_answer,
                           char *ret_error, size_t error_cap);

#endif
