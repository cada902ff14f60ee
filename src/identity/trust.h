/* From the files of a node, and names in settings, to what tls/ wants to know of our own hosts. */
#ifndef IDENTITY_TRUST_H
#define IDENTITY_TRUST_H

#include "tls/inside.h"
#include "tls/peer.h"

enum { IDENTITY_TRUST_BAD = 1 }; /* ret_error says what */

/* denied: the text of the file. 0, IDENTITY_TRUST_BAD or -ENOMEM. */
[[nodiscard]] int identity_inside_new(struct tls_inside **ret_inside, struct slice denied,
                                      uint32_t grace_s, char *ret_error, size_t error_cap);

/* The names that whom settings call so has in his certificate; identity_peers_free(). As above. */
[[nodiscard]] int identity_peers_new(char ***ret_names, char *const *peers, size_t count,
                                     char *ret_error, size_t error_cap);
void identity_peers_free(char **names, size_t count);

/* What to do about a peer that has to be one of our own and is not, for the log. Never NULL. */
const char *identity_peer_mend(enum tls_peer_fault fault);

#endif
