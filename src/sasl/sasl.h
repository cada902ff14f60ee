/*
 * What an edge needs to know of a SASL exchange it passes on (RFC 4422): whose it is, and whether
 * a password crossed. Nothing here keeps a password; what was decoded is wiped.
 */
#ifndef SASL_SASL_H
#define SASL_SASL_H

#include "base/slice.h"

enum { SASL_BAD = 1 };
enum { SASL_MECHANISM_MAX = 20, SASL_USER_MAX = 128 };

/*
 * The user name in a base64 response ("=" is the empty one).
 *
 * mechanism: PLAIN gives authcid (authzid if that is empty), LOGIN the name of its first response;
 *            EXTERNAL, CRAM-MD5, DIGEST-MD5, SCRAM-*, XOAUTH2, OAUTHBEARER theirs; others ""
 * ret_user:  printable text ("?" for other bytes), cut to cap - 1
 * ret_has_password: PLAIN with a password, or an OAuth token
 *
 * Returns 0, or SASL_BAD if it does not decode.
 */
[[nodiscard]] int sasl_user_decode(struct slice mechanism, struct slice base64, char *ret_user,
                                   size_t cap, bool *ret_has_password);

/* Whose mailbox a decoded response of PLAIN, LOGIN, XOAUTH2 or OAUTHBEARER is for: authzid, if
 * there is one, else who logs in. Empty: nobody's, or no such response. Points into it. */
struct slice sasl_mailbox_find(struct slice mechanism, struct slice text);

/* RFC 4422 3.1: 1 to 20 of A-Z 0-9 - _ (in any case: the protocols compare without). */
bool sasl_mechanism_is_valid(struct slice name);

/* A mechanism that binds to the TLS channel (RFC 5801 10). */
bool sasl_mechanism_is_plus(struct slice name);

#endif
