/* What an MTA of ours says of a message's DKIM signatures (RFC 8601). Pure. */
#ifndef REPORT_AUTHRES_H
#define REPORT_AUTHRES_H

#include "base/slice.h"

/*
 * Was the message signed by the domain of its From, or by one above that (RFC 8460 3 wants it
 * signed by who reports)? The first Authentication-Results field with that name counts: an MTA
 * puts its own on top, and has to take out those that strangers wrote in its name (RFC 8601 5).
 *
 * from: in lower case
 */
bool report_authres_is_signed(struct slice message, const char *authserv_id, const char *from);

#endif
