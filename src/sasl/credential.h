/*
 * Credentials that an edge takes itself (open = "auth"): mechanisms in which one message of the
 * client is all that the server needs, so that whoever has it can log in once more. Pure; nothing
 * is kept, what was decoded is wiped.
 */
#ifndef SASL_CREDENTIAL_H
#define SASL_CREDENTIAL_H

#include "base/buf.h"
#include "sasl/sasl.h"

enum { SASL_NAME_CAP = 324 }; /* a local part and a domain (RFC 5321 4.5.3.1), and a NUL */

/* PLAIN, XOAUTH2, OAUTHBEARER; and LOGIN, which is PLAIN in two messages. In any case. */
bool sasl_is_replayable(struct slice mechanism);

/*
 * What ends an exchange with a server that asks for more though it has all, in base64: of tokens it
 * says so why it does not like one (RFC 7628 3.2.3); "*" for the others, which have no such thing.
 */
const char *sasl_last_response(const char *mechanism);

/*
 * Whose mailbox a response is for, byte for byte but for the domain, which is in lower case: the
 * authorization identity where there is one, else who logs in.
 *
 * mechanism: a replayable one; LOGIN is its first response
 *
 * Returns 0, or SASL_BAD: it does not decode, has no name, or none that a name can be (longer than
 * SASL_NAME_CAP - 1, with control characters).
 */
[[nodiscard]] int sasl_name_decode(struct slice mechanism, struct slice base64,
                                   char ret_name[SASL_NAME_CAP]);

/* The same of a name as it is. "" and SASL_BAD for what is none. */
[[nodiscard]] int sasl_name_take(struct slice name, char ret_name[SASL_NAME_CAP]);

/*
 * PLAIN's message of LOGIN's two, all base64; appended to secret.
 *
 * Returns 0, SASL_BAD (it does not decode, or a NUL is in it: RFC 4616 2), or -ENOMEM.
 */
[[nodiscard]] int sasl_plain_of_login(struct buf *secret, struct slice name, struct slice password);

#endif
